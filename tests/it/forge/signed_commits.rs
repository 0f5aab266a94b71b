//! Releases whose commit GitHub makes and signs: nothing moves before the commit is known to be ours and verified.

use std::thread;

use serde_json::json;

use crate::pipeline::document;
use crate::stage::{FILE, FOLDER, SEED, Stage, tagship};
use crate::support::command::Command;
use crate::support::forge::{ALWAYS, Fault, Forge, Kind, Rights, Store, TOKEN};
use crate::support::http::Response;
use crate::support::login::Login;
use crate::support::repository::{Checkout, File, Mode, Remote};

const TREES: &str = "POST /api/v3/repos/org/gitops/git/trees";
const COMMITS: &str = "POST /api/v3/repos/org/gitops/git/commits";
const GRAPHQL: &str = "POST /api/graphql";
const REFS: &str = "GET /org/gitops.git/info/refs?service=git-receive-pack";
const PUSH: &str = "POST /org/gitops.git/git-receive-pack";

fn github() -> (Stage, Forge) {
    let stage = Stage::new();
    let github = Forge::start(Kind::GitHub, &stage.remote);
    (stage, github)
}

fn release(stage: &Stage, github: &Forge) -> Command {
    let url = github.url_with_token(TOKEN);
    stage.release_to(&url).args(["--branch=main", "--sign=forge", "--forge=github"]).arg(stage.argument())
}

/// Returns the newest commit of `main`, byte by byte.
fn raw(remote: &Remote) -> String {
    remote.git(["cat-file", "commit", "main"]).run().success().stdout()
}

#[track_caller]
fn is_signed(remote: &Remote) {
    let commit = raw(remote);
    assert!(commit.contains("\ngpgsig -----BEGIN PGP SIGNATURE-----\n"), "{commit}");
    assert!(commit.contains("\nauthor github-actions[bot] <"), "{commit}");
    remote.fsck();
}

#[test]
fn the_forge_makes_the_commit_and_a_push_moves_the_branch() {
    let (stage, github) = github();
    release(&stage, &github).run().success().says_nowhere(TOKEN);
    assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
    is_signed(&stage.remote);
    let newest = &stage.remote.log("main")[0];
    assert_eq!(newest.trailer("Tagship-Image").len(), 1, "{newest:?}");
    assert_eq!(github.call_lines(), [format!("{TREES} 201"), format!("{COMMITS} 201")]);
    assert_eq!(github.git_requests(), 5, "as without a signature");
    // The same release again has nothing to do.
    release(&stage, &github).run().success();
    assert!(github.calls().is_empty());
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

#[test]
fn a_release_that_was_faster_is_kept() {
    let (stage, github) = github();
    let other = |store: &mut Store| drop(store.remote.commit("main", "Other", &[File::new("other", "1\n")]));
    github.inject(COMMITS, 1, Fault::meanwhile(other));
    let output = release(&stage, &github).args(["--output", "json"]).run().success();
    let document = document(&output);
    assert_eq!(document["attempts"], 2);
    let subjects: Vec<_> = stage.remote.log("main").into_iter().map(|commit| commit.subject).collect();
    assert_eq!((subjects.len(), subjects[1].as_str()), (3, "Other"));
    assert_eq!(stage.remote.file("main", "other"), b"1\n");
    is_signed(&stage.remote);
}

#[test]
fn a_commit_that_is_not_verified_moves_nothing() {
    let (stage, github) = github();
    github.store().signs = false;
    let output = release(&stage, &github).run().exit(8);
    output.stderr_has("GitHub did not sign the commit (unsigned)").stderr_has("--sign=git");
    stage.untouched();
}

/// GitHub's other API forgets modes; if this one did, the tree would tell.
#[test]
fn a_commit_of_another_tree_moves_nothing() {
    let (stage, github) = github();
    stage.remote.commit("main", "Mode", &[File::new(FILE, SEED).mode(Mode::Executable)]);
    github.store().drops_executable = true;
    release(&stage, &github).run().exit(1).stderr_has("a file has another content or mode");
    assert_eq!(stage.remote.number_of_commits("main"), 2);
    github.store().drops_executable = false;
    release(&stage, &github).run().success();
    assert_eq!(stage.remote.mode("main", FILE), "100755");
    is_signed(&stage.remote);
}

#[test]
fn other_answers_of_the_api_move_nothing() {
    let answered = |status, document: serde_json::Value| Fault::Answer(Response::json(status, &document));
    let refused = |status, words: &str| answered(status, json!({ "message": words }));
    let verified = json!({ "verified": true, "reason": "valid", "payload": "", "signature": "" });
    let other = json!({ "sha": "0".repeat(40), "verification": verified });
    for (pattern, answer, tries, code, words) in [
        (COMMITS, answered(201, other), 1, 1, "it has another tree"),
        (COMMITS, refused(422, "Tree SHA is not a tree"), 3, 8, "is not a tree"),
        (TREES, refused(403, "Resource not accessible"), 1, 5, "contents: write"),
        (TREES, refused(409, "Git Repository is empty."), 3, 8, "is empty"),
        (TREES, Fault::Answer(Response::text(201, "<html>")), 1, 1, "another content"),
    ] {
        let (stage, github) = github();
        github.inject(pattern, ALWAYS, answer);
        release(&stage, &github).run().exit(code).stderr_has(words);
        stage.untouched();
        let asked = github.call_lines().iter().filter(|line| line.starts_with(pattern)).count();
        assert_eq!(asked, tries, "{words}");
    }
}

/// A replica of the API may lack for a moment what the branch has just got.
#[test]
fn what_the_api_does_not_know_yet_is_tried_again() {
    let (stage, github) = github();
    for (pattern, status) in [(TREES, 404), (COMMITS, 422)] {
        let unknown = Response::json(status, &json!({ "message": "Not Found" }));
        github.inject(pattern, 1, Fault::Answer(unknown));
    }
    release(&stage, &github).run().success();
    assert_eq!(stage.remote.number_of_commits("main"), 2);
    is_signed(&stage.remote);
}

#[test]
fn lost_answers_are_no_second_commit() {
    for pattern in [TREES, COMMITS, PUSH] {
        let (stage, github) = github();
        github.inject(pattern, 1, Fault::LoseAnswer);
        release(&stage, &github).run().success();
        assert_eq!(stage.remote.number_of_commits("main"), 2, "{pattern}");
        is_signed(&stage.remote);
    }
}

#[test]
fn a_server_that_takes_no_push_without_objects_is_asked_by_its_api() {
    let (stage, github) = github();
    stage.remote.hook("update", "echo 'no objects' >&2; exit 1");
    release(&stage, &github).run().success();
    assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
    is_signed(&stage.remote);
    let lines = github.call_lines();
    assert_eq!(lines[2..], [format!("{GRAPHQL} 200"), format!("{GRAPHQL} 200")]);
}

#[test]
fn a_rule_that_refuses_both_ways_is_told_in_both_words() {
    let (stage, github) = github();
    stage.remote.protect("main");
    let refused = json!({ "data": { "updateRefs": null }, "errors": [
        { "type": "UNPROCESSABLE", "message": "Repository rule violations found" },
    ]});
    let id = json!({ "data": { "repository": { "id": "R_1" } } });
    for answer in [id, refused] {
        github.inject(GRAPHQL, 1, Fault::Answer(Response::json(200, &answer)));
    }
    let output = release(&stage, &github).run().exit(8);
    output.stderr_has("Changes must be made through a pull request").stderr_has("Repository rule violations found");
    stage.untouched();
}

/// An answer without an error that has no move either moved nothing.
#[test]
fn an_empty_answer_moves_no_branch() {
    let (stage, github) = github();
    stage.remote.hook("update", "exit 1");
    let id = json!({ "data": { "repository": { "id": "R_1" } } });
    for answer in [id, json!({ "data": { "updateRefs": null } })] {
        github.inject("POST /api/graphql", 1, Fault::Answer(Response::json(200, &answer)));
    }
    release(&stage, &github).run().exit(8).stderr_has("the server refused the push to `main`");
    stage.untouched();
}

/// The API's move is a compare-and-swap too.
#[test]
fn the_api_moves_the_branch_from_where_it_was_read_alone() {
    let (stage, github) = github();
    let other = |store: &mut Store| {
        store.remote.git(["config", "receive.denyNonFastForwards", "true"]).run().success();
        store.remote.commit("main", "Other", &[File::new("other", "1\n")]);
    };
    stage.remote.hook("update", "exit 1");
    github.inject(GRAPHQL, 1, Fault::meanwhile(other));
    release(&stage, &github).run().success();
    let subjects: Vec<_> = stage.remote.log("main").into_iter().map(|commit| commit.subject).collect();
    assert_eq!((subjects.len(), subjects[1].as_str()), (3, "Other"));
}

/// Lets the server refuse the push without objects, so that the API moves the branch: its first call asks for the id of the
/// repository. `act` is done right before the next one.
fn before_the_api_moves(stage: &Stage, github: &Forge, act: impl Fn(&Forge) + Send + Sync + 'static) {
    stage.remote.hook("update", "exit 1");
    let forge = github.clone();
    github.inject(GRAPHQL, 1, Fault::meanwhile(|_| {}));
    github.inject(GRAPHQL, 1, Fault::meanwhile(move |_| act(&forge)));
}

/// The API may have moved the branch, so the release must not begin again as if nothing was done.
#[test]
fn a_move_without_an_answer_is_uncertain_if_the_branch_cannot_be_read() {
    let (stage, github) = github();
    before_the_api_moves(&stage, &github, |github| {
        github.inject(GRAPHQL, 1, Fault::LoseAnswer);
        github.inject(REFS, ALWAYS, Fault::Drop);
    });
    let output = release(&stage, &github).run().exit(6);
    output.stderr_has("no answer confirms the push").stderr_has("which may still take effect");
    assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
}

#[test]
fn a_refusal_of_the_api_is_told_if_the_branch_cannot_be_read() {
    let (stage, github) = github();
    let words = "Repository rule violations found";
    let refused = json!({ "data": { "updateRefs": null }, "errors": [{ "type": "UNPROCESSABLE", "message": words }] });
    stage.remote.hook("update", "echo 'no objects' >&2; exit 1");
    let forge = github.clone();
    github.inject(GRAPHQL, 1, Fault::meanwhile(move |_| forge.inject(REFS, ALWAYS, Fault::Drop)));
    github.inject(GRAPHQL, 1, Fault::Answer(Response::json(200, &refused)));
    let output = release(&stage, &github).run().exit(6);
    output.stderr_has("it refused the push").stderr_has("no objects").stderr_has(words);
    stage.untouched();
}

/// Its answer is lost, and another release came on top of it: it is not made again.
#[test]
fn a_move_without_an_answer_is_found_below_another_release() {
    let (stage, github) = github();
    before_the_api_moves(&stage, &github, |github| {
        github.inject(GRAPHQL, 1, Fault::LoseAnswer);
        let other = |store: &mut Store| drop(store.remote.commit("main", "Other", &[File::new("other", "1\n")]));
        github.inject(REFS, 1, Fault::meanwhile(other));
    });
    let output = release(&stage, &github).args(["--output", "json"]).run().success();
    let document = document(&output);
    assert_eq!(
        (document["outcome"].as_str(), document["attempts"].as_u64()),
        (Some("released"), Some(1)),
        "{document}"
    );
    let subjects: Vec<_> = stage.remote.log("main").into_iter().map(|commit| commit.subject).collect();
    assert_eq!((subjects.len(), subjects[0].as_str()), (3, "Other"));
}

/// Its object is made of what the API tells, and fetched if that is not enough.
#[test]
fn a_checkout_follows_the_commit_of_the_forge() {
    for tells_payload in [true, false] {
        follows_the_commit_of_the_forge(tells_payload);
    }
}

#[track_caller]
fn follows_the_commit_of_the_forge(tells_payload: bool) {
    let (stage, github) = github();
    github.store().tells_payload = tells_payload;
    let checkout = Checkout::shallow(&stage.remote.file_url());
    checkout.git(["remote", "set-url", "origin", &github.url()]).run().success();
    checkout.credentials_in_config(&format!("{}/", github.origin()), &Login::new("x-access-token", TOKEN));
    let command = tagship().home(&stage.home).current_dir(checkout.path().join(FOLDER));
    command.args(["release", "--sign=forge", "--forge=github"]).arg(stage.argument()).run().success();
    assert_eq!(checkout.head(), stage.remote.tip("main").unwrap());
    assert_eq!(checkout.status(), "");
    let commit = checkout.git(["cat-file", "commit", "HEAD"]).run().success().stdout();
    assert_eq!(commit, raw(&stage.remote));
}

#[test]
fn the_job_of_a_forge_knows_it_without_flags() {
    let (stage, github) = github();
    let release = stage.release_to(&github.url()).arg(stage.argument());
    let release = release
        .env("TAGSHIP_SIGN", "Forge")
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_SERVER_URL", github.origin())
        .env("GITHUB_API_URL", github.api_url())
        .env("GITHUB_GRAPHQL_URL", format!("{}/api/graphql", github.origin()))
        .env("GITHUB_TOKEN", TOKEN);
    release.run().success();
    is_signed(&stage.remote);
}

#[test]
fn a_tag_is_on_the_commit_of_the_forge() {
    let (stage, github) = github();
    release(&stage, &github).args(["--git-tag", "r1", "--git-tag-message", "One"]).run().success();
    let tagged = stage.remote.git(["rev-parse", "r1^{commit}"]).run().success().stdout();
    assert_eq!(tagged.trim(), stage.remote.tip("main").unwrap());
    is_signed(&stage.remote);
}

#[test]
fn what_does_not_go_together_is_told_before_anything_is_read() {
    let (stage, github) = github();
    let author = ["--author", "Me <me@example.org>"];
    release(&stage, &github).args(author).run().exit(2).stderr_has("the owner of the token");
    release(&stage, &github).arg("--no-push").run().exit(2).stderr_has("`--no-push`");
    stage.untouched();
    assert!(github.calls().is_empty());
}

/// The kind of a forge is known before anything is asked, so a dry run knows it too.
#[test]
fn forges_that_do_not_sign_say_so() {
    for kind in [Kind::GitLab, Kind::Gitea, Kind::Azure] {
        let stage = Stage::new();
        let forge = Forge::start(kind, &stage.remote);
        let url = forge.url_with_token(TOKEN);
        let word = format!("--forge={kind:?}").to_lowercase();
        let release = stage.release_to(&url).args(["--sign=forge", &word]).arg(stage.argument());
        for release in [release.clone().arg("--dry-run"), release] {
            release.run().exit(2).stderr_has("cannot sign the commit").stderr_has("--sign=git");
        }
        stage.untouched();
        assert_eq!((forge.git_requests(), stage.registry.requests().len()), (0, 0), "{kind:?}");
    }
}

/// A dry run needs no token that may write, so it does not ask whether this one may.
#[test]
fn a_dry_run_makes_no_commit_at_the_forge() {
    let (stage, github) = github();
    github.set_rights(Rights::ReadApi);
    release(&stage, &github).arg("--dry-run").run().success();
    assert!(github.calls().is_empty());
    let local = stage.release().arg("--sign=forge").arg(stage.argument());
    for release in [local.clone().arg("--dry-run"), local] {
        release.run().exit(2).stderr_has("no forge");
    }
}

#[test]
fn a_token_without_the_api_is_told_what_it_lacks() {
    let (stage, github) = github();
    github.set_rights(Rights::ReadApi);
    let output = release(&stage, &github).run().exit(5);
    output.stderr_has("does not allow this login to make a commit").stderr_has("`contents: write`").says_nowhere(TOKEN);
    stage.untouched();
}

/// A login of another host, as of ssh, is of no use to the API, which is known before an image is there.
#[test]
fn a_login_without_the_api_is_told_before_an_image_is_waited_for() {
    let (stage, github) = github();
    let url = github.url_with_token(TOKEN);
    let flags = ["--branch=main", "--sign=forge", "--forge=github", "--forge-url=https://github.com", "--wait=1m"];
    let release = stage.release_to(&url).args(flags).arg(format!("IMAGE_PLACEHOLDER={}:later", stage.image()));
    let output = release.run().exit(5).stderr_has("no token for the API of `api.github.com`");
    assert!(!output.stdout().contains(" of 1:00"), "{}", output.stdout());
    let lines = stage.registry.request_lines();
    assert!(lines.len() <= 2, "the image is looked for once at most: {lines:?}");
    stage.untouched();
}

#[test]
fn releases_at_once_all_land() {
    const RELEASES: usize = 8;
    let remote = Remote::create("gitops");
    let entries: String = (0..RELEASES).map(|i| format!("- name: app{i}\n  newTag: v1\n")).collect();
    remote.commit("main", "Begin", &[File::new("kustomization.yaml", format!("images:\n{entries}"))]);
    let github = Forge::start(Kind::GitHub, &remote);
    let url = github.url_with_token(TOKEN);
    thread::scope(|scope| {
        for i in 0..RELEASES {
            let release = tagship().args(["release", "--no-check", "--sign=forge", "--forge=github", "--repo", &url]);
            let release = release.args(["--attempts", "50"]).arg(format!("app{i}:v2"));
            scope.spawn(move || release.run().success());
        }
    });
    assert_eq!(remote.number_of_commits("main"), RELEASES + 1);
    let file = String::from_utf8(remote.file("main", "kustomization.yaml")).unwrap();
    assert_eq!(file, format!("images:\n{}", entries.replace("v1", "v2")));
    is_signed(&remote);
}
