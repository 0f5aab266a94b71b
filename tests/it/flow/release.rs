//! The whole job, from the command line to the release branch.

use std::io::{BufRead as _, BufReader};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::pipeline::document;
use crate::stage::{COMMIT, FILE, FOLDER, SEED, Stage};
use crate::support::command::Command;
use crate::support::git_server::{self, Access, GitServer};
use crate::support::login::Login;
use crate::support::registry::{ALWAYS, Auth, Fault};
use crate::support::repository::{File, Mode};

#[test]
fn a_release_changes_the_tag_and_nothing_else() {
    let stage = Stage::new();
    let output = stage.release().arg(stage.argument()).run().success();
    assert!(output.stdout().ends_with("released\n"), "{}", output.stdout());
    assert_eq!(String::from_utf8(stage.remote.file("main", FILE)).unwrap(), stage.released());
    let [release, seed] = &stage.remote.log("main")[..] else {
        panic!("there should be two commits");
    };
    assert_eq!(release.parents, std::slice::from_ref(&seed.id));
    assert_eq!(stage.remote.changed_paths(&seed.id, &release.id), [FILE]);
    stage.remote.fsck();
}

#[test]
fn the_commit_says_what_it_is() {
    let stage = Stage::new();
    let image = stage.image();
    stage
        .release()
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_SERVER_URL", "https://github.example")
        .env("GITHUB_REPOSITORY", "kubernetes-hy/material-example")
        .env("GITHUB_RUN_ID", "42")
        .env("GITHUB_SHA", COMMIT)
        .args(["--on-superseded", "allow", "--trailer", "Reviewed-by=A <a@example.org>"])
        .arg(stage.argument())
        .run()
        .success();
    let release = &stage.remote.log("main")[0];
    assert_eq!(release.subject, format!("Release {image}:fdafd7008d04 [skip ci]"));
    assert_eq!(release.author, "github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>");
    let digest = &stage.digest;
    let expected = [
        ("Tagship-Image", format!("IMAGE_PLACEHOLDER={image}:{COMMIT}@{digest}")),
        ("Tagship-File", FILE.to_owned()),
        ("Tagship-Source", format!("kubernetes-hy/material-example@{COMMIT}")),
        ("Tagship-Run", "https://github.example/kubernetes-hy/material-example/actions/runs/42".to_owned()),
        ("Reviewed-by", "A <a@example.org>".to_owned()),
        ("Tagship-Version", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    assert_eq!(release.trailers, expected.map(|(token, value)| (token.to_owned(), value)));
    assert!(release.body.starts_with(&format!("{FILE}: IMAGE_PLACEHOLDER newName jakousa/")), "{}", release.body);
}

#[test]
fn what_was_detected_is_told_on_request() {
    let stage = Stage::new();
    let event = format!(r#"{{"before":"{}","after":"{COMMIT}","commits":[]}}"#, "b1".repeat(20));
    let event = stage.home.write("event.json", &event);
    let github = |tagship: Command| tagship.env("GITHUB_ACTIONS", "true").env("GITHUB_REF", "refs/heads/main");
    let release = stage.release().args(["-v", "--dry-run"]).arg(stage.argument());
    let output = github(release).env("GITHUB_SHA", COMMIT).env("GITHUB_EVENT_PATH", event).run().success();
    let expected = format!(" ci      GitHub Actions, before {}, branch main\n", "b1".repeat(20));
    assert!(output.stdout().starts_with(&expected), "{}", output.stdout());
    let check = stage.tagship().args(["check", "-vv", "127.0.0.1:1/app:v1", "--timeout", "1s"]);
    github(check).run().exit(6).stdout_has(" ci      GitHub Actions, branch main\n");
}

#[test]
fn message_author_and_marker_are_the_users() {
    let stage = Stage::new();
    stage
        .release()
        .args(["--message", "New version release for gitops-app {tag}\n\nBy hand.", "--skip-ci", "never"])
        .args(["--author", "Ada <ada@example.org>"])
        .arg(stage.argument())
        .run()
        .success();
    let release = &stage.remote.log("main")[0];
    assert_eq!(release.subject, format!("New version release for gitops-app {COMMIT}"));
    assert!(release.body.starts_with("By hand.\n"), "{}", release.body);
    assert_eq!(
        (release.author.as_str(), release.committer.as_str()),
        ("Ada <ada@example.org>", "Ada <ada@example.org>")
    );
}

#[test]
fn the_same_release_twice_is_one_commit() {
    let stage = Stage::new();
    stage.release().arg(stage.argument()).run().success();
    stage.release().arg(stage.argument()).run().success().stdout_has("unchanged: `IMAGE_PLACEHOLDER` already is");
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

#[test]
fn a_dry_run_shows_the_diff_and_pushes_nothing() {
    let stage = Stage::new();
    let tag = format!("+  newTag: {COMMIT}");
    let output = stage.release().arg("--dry-run").arg(stage.argument()).run().success().stdout_has(&tag);
    assert!(output.stdout().ends_with("dry run: nothing was pushed\n"), "{}", output.stdout());
    stage.untouched();
}

#[test]
fn the_entrys_own_name_is_checked_where_the_argument_keeps_it() {
    let stage = Stage::new();
    stage.release().arg(stage.argument()).run().success();
    let next = stage.registry.put_image("jakousa/dwk-4-gitops-app", "v2", &crate::support::registry::Image::new());
    stage.registry.requests();
    // The order of the two is nothing that is asked for.
    stage.release().args(["--order", "none", "IMAGE_PLACEHOLDER=*:v2"]).run().success();
    assert_eq!(stage.registry.request_lines(), ["HEAD /v2/jakousa/dwk-4-gitops-app/manifests/v2 200"]);
    assert!(stage.remote.log("main")[0].trailer("Tagship-Image")[0].ends_with(&next));
    stage
        .release()
        .arg("IMAGE_PLACEHOLDER=*:v3")
        .run()
        .exit(4)
        .stderr_has("jakousa/dwk-4-gitops-app:v3` is not in the registry");
    assert_eq!(stage.remote.number_of_commits("main"), 3);
}

#[test]
fn several_images_and_files_are_one_commit() {
    let stage = Stage::new();
    let file = "apps/web/kustomization.yml";
    let two = "images:\n- name: web # the site\n  newTag: v1\n- name: IMAGE_PLACEHOLDER\n  newTag: v1\n";
    stage.remote.commit("main", "Add web", &[File::new(file, two).mode(Mode::Executable)]);
    stage.release().args(["-k", "apps/web", "--no-check", "web:v2", "IMAGE_PLACEHOLDER:v3"]).run().success();
    let log = stage.remote.log("main");
    assert_eq!(log.len(), 3);
    assert_eq!(log[0].subject, "Release 2 images [skip ci]");
    assert_eq!(stage.remote.changed_paths(&log[1].id, &log[0].id), [FILE, file]);
    let expected = "images:\n- name: web # the site\n  newTag: v2\n- name: IMAGE_PLACEHOLDER\n  newTag: v3\n";
    assert_eq!(stage.remote.file("main", file), expected.as_bytes());
    assert_eq!(stage.remote.mode("main", file), "100755", "the mode stays");
}

#[test]
fn json_tells_the_whole_story() {
    let stage = Stage::new();
    let output = stage.release().args(["--output", "json"]).arg(stage.argument()).run().success();
    let document = document(&output);
    let tip = stage.remote.tip("main").unwrap();
    let parent = &stage.remote.log("main")[1].id;
    assert_eq!(document["outcome"], "released");
    assert_eq!(document["changed"], true);
    assert_eq!(document["branch"], "main");
    assert_eq!(document["commit"], tip.as_str());
    assert_eq!(document["parent"], parent.as_str());
    assert_eq!(document["attempts"], 1);
    assert_eq!(document["files"], serde_json::json!([FILE]));
    assert_eq!(document["error"], Value::Null);
    let image = &document["images"][0];
    assert_eq!(image["name"], "IMAGE_PLACEHOLDER");
    assert_eq!(image["image"], stage.image());
    assert_eq!(image["tag"], COMMIT);
    assert_eq!(image["digest"], stage.digest);
    assert_eq!(image["previous"]["newTag"], "b15411f387bb2a2286676b92a87fd85aa9b682a5");
    assert!(output.stderr().contains(" push "), "people read stderr: {}", output.stderr());
}

#[test]
fn json_is_printed_on_failure_too() {
    let stage = Stage::new();
    let argument = format!("IMAGE_PLACEHOLDER={}:v9", stage.image());
    let output = stage.release().args(["--output", "json"]).arg(argument).run().exit(4);
    let document = document(&output);
    assert_eq!(document["command"], "release");
    assert_eq!(document["outcome"], "failed");
    assert_eq!(document["error"]["kind"], "image");
    assert_eq!(document["error"]["exit_code"], 4);
    stage.untouched();
}

#[test]
fn quiet_says_nothing() {
    let stage = Stage::new();
    let output = stage.release().arg("-q").arg(stage.argument()).run().success();
    assert_eq!((output.stdout(), output.stderr()), (String::new(), String::new()));
}

/// Each bad input: what is done, the exit code, and what is said. Nothing may change.
#[test]
fn bad_input_changes_nothing() {
    let stage = Stage::new();
    let image = stage.image();
    let absent_tag = format!("IMAGE_PLACEHOLDER={image}:v9");
    let absent_repository = format!("IMAGE_PLACEHOLDER={}/jakousa/other:v1", stage.registry.address());
    let typo = format!("IMAGE_PLACEHOLDR={image}:{COMMIT}");
    let good = stage.argument();
    for (arguments, code, said) in [
        (&[absent_tag.as_str()][..], 4, "is not in the registry"),
        (&[&absent_repository], 4, "is not in the registry"),
        (&[&typo], 3, "did you mean `IMAGE_PLACEHOLDER`?"),
        (&["IMAGE_PLACEHOLDER="], 2, "nothing follows the `=`"),
        (&["IMAGE_PLACEHOLDER=a:b:c"], 2, "a tag cannot contain `:`"),
        (&["IMAGE_PLACEHOLDER=a@sha256:1"], 2, "64 lower-case hexadecimal digits"),
        (&["IMAGE_PLACEHOLDER"], 2, "neither `=`, nor a tag, nor a digest"),
        (&["IMAGE_PLACEHOLDER:v1"], 2, "`IMAGE_PLACEHOLDER` cannot be looked up in a registry"),
        (
            &["--branch", "nope", &good],
            3,
            "hint: check the name; `--create-branch` creates it from the default branch, or from `--base`",
        ),
        (&["--branch", "a..b", &good], 2, "is not the name of a branch"),
        (&["-k", "4-gitops", &good], 3, "`4-gitops`"),
        (&["-k", "nowhere", &good], 3, "there is no `nowhere` on"),
        (&["-k", "../x", &good], 2, "it leads out of the repository"),
        (&["-k", "/etc", &good], 2, "write it relative"),
        (&["--message", "{x}", &good], 2, "the message has no placeholder `{x}`"),
        (&["--author", "me", &good], 2, "NAME <EMAIL>"),
        (&["--trailer", "x y=z", &good], 2, "is not a trailer"),
        (&["--trailer", "foo", &good], 2, "one line and not empty\n  hint: write it as `TOKEN=VALUE`\n"),
        (
            &["--trailer", "tagship-rollback-of=1111", &good],
            2,
            "`tagship-rollback-of` is one of tagship's own trailers",
        ),
        (&["--timeout", "0s", &good], 2, "is not a duration"),
        (&["--attempts", "0", &good], 2, "--attempts"),
        (&["--push-option", "", &good], 2, "`--push-option` is empty"),
        (&["--result-file", "", &good], 2, "`--result-file` is empty\n  hint: check the variable that it comes from"),
        (&["--tag", "", "IMAGE_PLACEHOLDER=*"], 2, "the tag is empty\n  hint: check the variable that it comes from"),
        (&["--wait", "", &good], 2, "`--wait` is empty\n  hint: check the variable that it comes from"),
        (&["--timeout", "", &good], 2, "`--timeout` is empty"),
        (&["--expect-revision", " ", &good], 2, "`--expect-revision` is empty"),
        (&["--expect-revision", "main", &good], 2, "`main` is not the id of a commit"),
        (&["--expect-revision=-1", &good], 2, "`-1` is not the id of a commit"),
        (&["--expect-revision", "fdafd7", &good], 2, "`fdafd7` is not the id of a commit"),
        (&["--expect-revision", "org/app@fdafd70", &good], 2, "hint: give at least 7 of its hexadecimal digits"),
        (&["--verify-key", "", &good], 2, "`--verify-key` is empty"),
        (&["--author", "", &good], 2, "`--author` is empty"),
        (&["--source", "", &good], 2, "`--source` is empty"),
        (&["--branch", "", &good], 2, "`--branch` is empty"),
        (&["--branch", "new", "--create-branch", "--base", "", &good], 2, "`--base` is empty"),
        (&["--message", " ", &good], 2, "the message is empty\n  hint: check the variable that it comes from"),
        (&["--git-tag", "", &good], 2, "the name of the tag is empty\n  hint: check the variable that it comes from"),
        (&[""], 2, "`IMAGE` is empty"),
    ] {
        stage.release().args(arguments.iter().copied()).run().exit(code).stderr_has(said);
        stage.untouched();
    }
}

#[test]
fn broken_targets() {
    let stage = Stage::new();
    let broken = "images:\n- name: IMAGE_PLACEHOLDER\n  newTag: v1\n bad\n";
    stage.remote.commit(
        "main",
        "Break things",
        &[
            File::new("broken/kustomization.yaml", broken),
            File::new("two/kustomization.yaml", SEED),
            File::new("two/Kustomization", SEED),
            File::new("link", "4-gitops").mode(Mode::Symlink),
            File::new("linked/kustomization.yaml", "../two/kustomization.yaml").mode(Mode::Symlink),
            File::new("module", "b15411f387bb2a2286676b92a87fd85aa9b682a5").mode(Mode::Submodule),
        ],
    );
    let tip = stage.remote.tip("main");
    for (folder, said) in [
        ("broken", "broken/kustomization.yaml:4:"),
        ("two", "Kustomization"),
        ("link/manifests", "symbolic link"),
        ("link", "symbolic link"),
        ("linked", "symbolic link"),
        ("linked/kustomization.yaml", "symbolic link"),
        ("module", "submodule"),
        ("module/manifests", "submodule"),
        ("4-gitops/manifests/kustomization.yaml/below", "there is no"),
        ("4-gitops/manifests/deployment.yaml", "this is a `Deployment`, not a kustomization"),
    ] {
        let url = stage.remote.file_url();
        let release = stage.tagship().args(["release", "--repo", &url, "-k", folder]);
        release.arg(stage.argument()).run().exit(3).stderr_has(said);
    }
    for (folder, hint) in [
        ("linked", "name the file that it leads to"),
        ("module/manifests", "release to the submodule's own repository: name it with `--repo`"),
    ] {
        let release = stage.tagship().args(["release", "--repo", &stage.remote.file_url(), "-k", folder]);
        release.arg(stage.argument()).run().exit(3).stderr_has(hint);
    }
    assert_eq!(stage.remote.tip("main"), tip);
}

#[test]
fn a_registry_that_is_down_or_says_no() {
    let login = Login::new("ci", "s3cret");
    let stage = Stage::with_auth(Auth::Bearer(login));
    stage.release().arg(stage.argument()).run().exit(5).stderr_has("log in with `docker login`");
    let config = format!(
        r#"{{"auths":{{"{}":{{"auth":"{}"}}}}}}"#,
        stage.registry.address(),
        Login::new("ci", "wr0ng").encoded()
    );
    stage.home.write(".docker/config.json", &config);
    stage.release().arg(stage.argument()).run().exit(5).stderr_has("does not accept the login").says_nowhere("wr0ng");
    stage.registry.inject("HEAD /v2/", ALWAYS, Fault::status(503));
    stage.registry.inject("GET /v2/", ALWAYS, Fault::status(503));
    stage.release().args(["--timeout", "3s"]).arg(stage.argument()).run().exit(6).stderr_has("answered 503");
    stage.release().arg("IMAGE_PLACEHOLDER=127.0.0.1:1/app:v1").run().exit(6).stderr_has("Connection refused");
    stage.untouched();
}

#[test]
fn a_new_branch_begins_at_the_default_branch() {
    let stage = Stage::new();
    stage.release().args(["--branch", "prod", "--create-branch"]).arg(stage.argument()).run().success();
    let log = stage.remote.log("prod");
    assert_eq!(log.len(), 2);
    assert_eq!(stage.remote.file("prod", FILE), stage.released().as_bytes());
    stage.untouched();
    stage.release().args(["--branch", "prod", "--create-branch"]).arg(stage.argument()).run().success();
    assert_eq!(stage.remote.number_of_commits("prod"), 2, "it exists now, and has the release");
}

#[test]
fn hostile_text_stays_text() {
    let stage = Stage::new();
    stage.remote.hook("pre-receive", "printf 'no\\033[2J\\n::error::x' >&2; exit 1");
    let output = stage.release().arg(stage.argument()).run().exit(8).stderr_has("\\u{1b}[2J");
    assert!(!output.stderr().contains('\u{1b}'));
    assert!(!output.stderr().lines().any(|line| line.starts_with("::")), "no line is a command to a CI system");
    stage.untouched();
}

#[test]
fn an_empty_title_is_not_written() {
    let stage = Stage::new();
    stage.release().args(["--message", "{source}", "--skip-ci", "never"]).arg(stage.argument()).run().success();
    assert!(stage.remote.log("main")[0].subject.starts_with("Release "), "{}", stage.remote.log("main")[0].subject);
}

/// Without a checkout, the user's own configuration of git still says who commits.
#[test]
fn the_source_is_written_beside_the_tag() {
    let stage = Stage::new();
    let source = format!("org/app@{COMMIT}");
    let release = |argument: &str| stage.release().args(["--no-check", "--source", &source, argument]);
    release("IMAGE_PLACEHOLDER=*:v2").args(["--comment", "# commit {source}"]).run().success();
    let text = |tag: &str| SEED.replace("b15411f387bb2a2286676b92a87fd85aa9b682a5", tag).into_bytes();
    assert_eq!(stage.remote.file("main", FILE), text(&format!("v2 # commit {source}")));
    release("IMAGE_PLACEHOLDER=*:v3").env("TAGSHIP_COMMENT", "of {entry}").run().success();
    assert_eq!(stage.remote.file("main", FILE), text("v3 # of IMAGE_PLACEHOLDER"));
    let plugin =
        stage.tagship().env("CI", "woodpecker").env("PLUGIN_COMMAND", "rollback").env("PLUGIN_NO_CHECK", "true");
    let plugin = plugin.env("PLUGIN_REPOSITORY", stage.remote.file_url()).env("PLUGIN_KUSTOMIZATION", FOLDER);
    plugin.env("PLUGIN_NAME", "IMAGE_PLACEHOLDER").env("PLUGIN_COMMENT", "drop").run().success();
    assert_eq!(stage.remote.file("main", FILE), text("v2"));
}

#[test]
fn who_commits_without_a_checkout() {
    let stage = Stage::new();
    let config = stage.home.write("gitconfig", "[user]\n\tname = Ada\n\temail = ada@example.org\n");
    let release = stage.release().env("GIT_CONFIG_GLOBAL", config).arg(stage.argument());
    release.env("GIT_COMMITTER_NAME", "Bot").env("GIT_COMMITTER_EMAIL", "bot@example.org").run().success();
    let release = &stage.remote.log("main")[0];
    assert_eq!(release.author, "Ada <ada@example.org>");
    assert_eq!(release.committer, "Bot <bot@example.org>");
}

/// The server takes the push once the line has been seen. Without the line, it would wait for ever.
#[test]
fn a_push_that_takes_long_is_told_in_a_log() {
    let stage = Stage::new();
    let server = GitServer::start(stage.remote.folder(), Access::Open);
    let (see, seen) = channel();
    let seen = Mutex::new(seen);
    let hold = move || seen.lock().unwrap().recv().unwrap();
    server.inject("POST /gitops.git/git-receive-pack", 1, git_server::Fault::After(Arc::new(hold)));
    let release = stage.release_to(&server.url("gitops.git")).args(["--branch", "main", "--no-check"]);
    let mut child = release.arg(stage.argument()).scrubbed().spawn().unwrap();
    let mut told = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if line.contains("pushing to") {
            see.send(()).unwrap();
            told.push(line);
        }
    }
    assert!(child.wait().unwrap().success());
    assert_eq!(told, [format!(" wait    pushing to main of {}/gitops", server.address())]);
}

/// kustomize applies a later entry to what an earlier one makes of its image. A version that it replaces would not be deployed.
#[test]
fn a_version_that_another_entry_replaces() {
    let stage = Stage::new();
    let chain = |later: &str| {
        let text =
            format!("images:\n- name: web\n  newName: r.example/web\n  newTag: v1\n- name: r.example/web\n  {later}\n");
        stage.remote.commit("main", "By hand", &[File::new(FILE, text)])
    };
    let release = |arguments: &[&str]| {
        stage.release().args(["--branch", "main", "--no-check"]).args(arguments.iter().copied()).run()
    };
    let tip = chain("newTag: v1");
    let refused = release(&["web=*:v2"]).exit(3);
    refused
        .stderr_has("`web`: kustomize applies the entry `r.example/web` on line 5 to it too, whose version is deployed in its place")
        .stderr_has("hint: name `r.example/web` in its place, or leave the version to one of the two entries");
    assert_eq!(stage.remote.tip("main").as_deref(), Some(&*tip), "nothing was released");
    release(&["web=*:v2", "r.example/web=*:v2"]).success();
    release(&["r.example/web=*:v3"]).success();
    chain("newName: mirror.example/web");
    release(&["web=*:v4"]).success().stdout_has("makes `mirror.example/web` of its image, and that is pulled");
    stage.remote.commit(
        "main",
        "By hand",
        &[File::new(FILE, "images:\n- name: web\n  newName: r.example/web\n  newTag: v1\n")],
    );
    let refused = release(&["--add", "r.example/web=*:v5"]).exit(3);
    refused
        .stderr_has(":2:3: kustomize would apply the new entry `r.example/web` to the image of `web` too")
        .stderr_has("hint: write `web=*:v5`");
}

/// kustomize writes the tag behind what is there, and no node can pull `web:v1:v2`.
#[test]
fn a_new_name_with_a_version_gets_no_second_one() {
    let stage = Stage::new();
    for version in [":v1".to_owned(), format!("@sha256:{}", "1".repeat(64))] {
        let entry = format!("images:\n- name: web\n  newName: r.example/org/web{version}\n");
        stage.remote.commit("main", "By hand", &[File::new(FILE, &entry)]);
        let tip = stage.remote.tip("main");
        let output = stage.release().args(["--no-check", "web=*:v2"]).run().exit(3);
        let output = output
            .stderr_has(&format!("{FILE}:3:12: `web`: newName `r.example/org/web{version}` has a tag or a digest"));
        output.stderr_has(": write `web=r.example/org/web:v2`\n");
        assert_eq!(stage.remote.tip("main"), tip);
        stage.release().args(["--no-check", "web=r.example/org/web:v2"]).run().success();
    }
}

/// They are judged once. One by one, each would have the file read again: minutes, and more than the limit of a command here.
#[test]
fn thousands_of_places_of_one_image() {
    const PLACES: usize = 4_000;
    let stage = Stage::new();
    let text = format!("images:\n{}", "- name: web\n  newName: r.example/web\n  newTag: v1\n".repeat(PLACES));
    stage.remote.commit("main", "Many", &[File::new("many/kustomization.yaml", &text)]);
    let release = stage.tagship().args(["release", "--repo", &stage.remote.file_url(), "-k", "many", "--no-check"]);
    release.arg("web=*:v2").run().success().stdout_has("released");
    assert_eq!(stage.remote.file("main", "many/kustomization.yaml"), text.replace("v1", "v2").as_bytes());
}

/// A version of a file is read once for all entries. Once for each, eight times as many entries would take 64 times as long.
#[test]
fn hundreds_of_entries() {
    let entry = |version: &str, n: usize| format!("- name: app{n}\n  newName: r.example/app{n}\n  newTag: {version}\n");
    let [few, many] = [100, 800].map(|entries| {
        let stage = Stage::new();
        let text = |version: &str| format!("images:\n{}", (0..entries).map(|n| entry(version, n)).collect::<String>());
        let files = ["one/kustomization.yaml", "two/kustomization.yaml"];
        stage.remote.commit("main", "Many", &files.map(|file| File::new(file, text("v1"))));
        let url = stage.remote.file_url();
        let run = |command: &str| stage.tagship().args([command, "--repo", &url, "--no-check"]);
        let arguments: Vec<String> = (0..entries).map(|n| format!("app{n}=*:v2")).collect();
        let release = run("release").args(["-k", "one"]).args(arguments.iter().map(String::as_str));
        let promote = run("promote").args(["--from", "one", "--to", "two"]);
        let times = [release, promote].map(|command| {
            let (output, time) = command.run_with_processor_time();
            output.success();
            time
        });
        for file in files {
            assert_eq!(stage.remote.file("main", file), text("v2").as_bytes(), "{file}");
        }
        times
    });
    for (few, many) in few.into_iter().zip(many) {
        assert!(many < 24 * few, "800 entries took {many:?}, and 100 {few:?}");
    }
}
