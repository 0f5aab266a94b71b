//! Releases by a pull request, on GitHub: what is pushed, what is opened, and what an earlier proposal becomes.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::pipeline::{document, tag_in};
use crate::stage::{FILE, FOLDER, SEED, Stage, tagship};
use crate::support::command::{Command, Output};
use crate::support::forge::{Armed, Fault, Forge, Kind, Merging, RequestState, Rights, Store, TOKEN};
use crate::support::http::Response;
use crate::support::registry::Image;
use crate::support::repository::{Checkout, File};

const ENTRY: &str = "IMAGE_PLACEHOLDER";

/// A release branch at a GitHub.
struct Proposals {
    stage: Stage,
    forge: Forge,
}

impl Proposals {
    fn new() -> Self {
        let stage = Stage::new();
        let forge = Forge::start(Kind::GitHub, &stage.remote);
        Self { stage, forge }
    }

    /// Returns a release of a tag, to be proposed.
    fn propose(&self, tag: &str) -> Command {
        self.release(tag).arg("--pull-request")
    }

    fn release(&self, tag: &str) -> Command {
        let release = self.stage.release_to(&self.forge.url_with_token(TOKEN));
        let flags = ["--branch", "main", "--forge", "github", "--no-check"];
        release.env("TAGSHIP_OUTPUT", "json").args(flags).arg(format!("{ENTRY}=*:{tag}"))
    }

    /// Returns the tag that the entry has at a revision.
    fn tag_at(&self, revision: &str) -> String {
        tag_in(self.stage.remote.file(revision, FILE))
    }
}

/// Returns the head branch of a document.
fn head(document: &Value) -> String {
    document["pull_request"]["head"].as_str().unwrap().to_owned()
}

/// Asserts that a request's body has a table with links, and the trailers at its end.
#[track_caller]
fn assert_body(body: &str) {
    let row = "| [`jakousa/dwk-4-gitops-app`](https://hub.docker.com/r/jakousa/dwk-4-gitops-app) |";
    let trailer = "\n\nTagship-Image: IMAGE_PLACEHOLDER=jakousa/dwk-4-gitops-app:v1.0.0\n";
    assert!(body.contains(row) && body.contains(trailer), "{body}");
    assert!(body.lines().last().unwrap().starts_with("Tagship-Version: "), "{body}");
}

#[test]
fn a_release_is_proposed_kept_up_to_date_and_merged() {
    let at = Proposals::new();
    let remote = &at.stage.remote;
    let base = remote.tip("main").unwrap();
    let first = document(&at.propose("v1.0.0").run().success());
    let head = head(&first);
    assert_eq!(
        (&first["outcome"], &first["changed"], &first["pushed"]),
        (&"proposed".into(), &true.into(), &true.into())
    );
    assert_eq!((&first["branch"], &first["commit"]), (&"main".into(), &remote.tip(&head).unwrap().into()));
    assert_eq!((&first["pull_request"]["number"], &first["pull_request"]["operation"]), (&1.into(), &"opened".into()));
    assert_eq!(first["pull_request"]["url"], "https://github.example/org/gitops/pull/1");
    assert!(head.starts_with("tagship/main/4_gitops/manifests-IMAGE_PLACEHOLDER-"), "{head}");
    assert_eq!(at.forge.short_call_lines(), ["POST /pulls 201"], "a new branch has no request");
    let git = [
        "GET /info/refs",
        "GET /info/refs",
        "POST /git-upload-pack",
        "POST /git-upload-pack",
        "POST /git-receive-pack",
    ];
    assert_eq!(at.forge.git_lines(), git);
    at.stage.untouched();
    assert_eq!(remote.log(&head)[0].parents, std::slice::from_ref(&base));
    let request = at.forge.store().only().clone();
    assert_eq!(request.title, "Release jakousa/dwk-4-gitops-app:v1.0.0", "no marker: checks must run");
    assert_body(&request.body);

    let again = document(&at.propose("v1.0.0").run().success());
    assert_eq!((&again["outcome"], &again["pushed"]), (&"proposed".into(), &false.into()));
    assert_eq!((&again["pull_request"]["operation"], &again["commit"]), (&"unchanged".into(), &first["commit"]));
    assert_eq!(at.forge.short_call_lines(), ["GET /pulls 200"]);
    assert_eq!(at.forge.git_lines(), git[..4], "nothing is pushed");

    let newer = document(&at.propose("v1.1.0").run().success());
    assert_eq!((&newer["pull_request"]["number"], &newer["pull_request"]["operation"]), (&1.into(), &"updated".into()));
    assert_eq!(at.forge.short_call_lines(), ["GET /pulls 200", "PATCH /pulls/1 200"]);
    assert_eq!(at.forge.git_lines(), git);
    assert_eq!(remote.log(&head)[0].parents, [base], "it takes the place of the first one");
    assert_eq!(at.tag_at(&head), "v1.1.0");
    assert!(at.forge.store().only().title.ends_with(":v1.1.0"));

    let older = document(&at.propose("v1.0.5").run().success());
    assert_eq!(older["outcome"], "superseded");
    assert!(older["reason"].as_str().unwrap().contains("pull request #1"), "{older}");
    assert_eq!(at.tag_at(&head), "v1.1.0");
    at.forge.short_call_lines();

    let message = remote.log(&head)[0].message.clone();
    at.forge.store().merge(1, &Armed { merging: Merging::Squash, message }).unwrap();
    assert_eq!(document(&at.propose("v1.1.0").run().success())["outcome"], "unchanged");
    assert_eq!(at.forge.short_call_lines(), ["GET /pulls 200"], "the head branch is still there, and may be armed");
    // It is no proposal any more.
    let next = document(&at.propose("v1.2.0").run().success());
    assert_eq!((&next["pull_request"]["number"], &next["pull_request"]["operation"]), (&2.into(), &"opened".into()));
    assert_eq!(at.forge.short_call_lines(), ["GET /pulls 200", "GET /pulls 200", "POST /pulls 201"]);
    assert_eq!(remote.log(&head)[0].parents, [remote.tip("main").unwrap()]);
    assert!(at.forge.store().requests.iter().all(|request| request.state != RequestState::Closed));
    remote.fsck();
}

/// The base moves on; what is proposed is made again on its tip, so that it can be merged.
#[test]
fn a_proposal_is_rebuilt_on_the_moved_branch() {
    let at = Proposals::new();
    let head = head(&document(&at.propose("v1.0.0").run().success()));
    let readme = File::new("README.md", "Hello\n");
    let base = at.stage.remote.commit("main", "Describe it", &[readme]);
    let again = document(&at.propose("v1.0.0").run().success());
    assert_eq!((&again["pull_request"]["operation"], &again["pushed"]), (&"updated".into(), &true.into()));
    assert_eq!(at.stage.remote.log(&head)[0].parents, [base]);
    at.forge.store().only();
}

/// The push had its effect, and the request still says what was proposed before, which would become the message of its merge.
#[test]
fn a_request_that_was_not_changed_is_changed_by_the_same_command() {
    let at = Proposals::new();
    at.propose("v1.0.0").run().success();
    at.forge.inject("PATCH /api/v3/repos/org/gitops/pulls/1", 1, Fault::Answer(Response::json(403, &Value::Null)));
    let error = document(&at.propose("v1.1.0").run().exit(5))["error"].clone();
    let details = error["details"].to_string();
    assert!(details.contains("pull request #1 has the text of an earlier release"), "{details}");
    assert!(details.contains("https://github.example/org/gitops/pull/1"), "{details}");
    assert!(!details.contains("was opened"), "{details}");
    assert!(at.forge.store().only().title.ends_with(":v1.0.0"));
    let again = document(&at.propose("v1.1.0").run().success());
    assert_eq!((&again["pull_request"]["operation"], &again["pushed"]), (&"updated".into(), &false.into()));
    assert!(at.forge.store().only().title.ends_with(":v1.1.0"));
    let last = document(&at.propose("v1.1.0").run().success());
    assert_eq!(last["pull_request"]["operation"], "unchanged");
}

/// A merge that was asked for before takes effect after the branch was read: what it brought is not proposed again.
#[test]
fn a_merge_that_comes_late_is_not_made_twice() {
    let at = Proposals::new();
    let first = document(&at.propose("v1.0.0").run().success());
    let message = at.stage.remote.log(&head(&first))[0].message.clone();
    let late = move |store: &mut Store| {
        store.merge(1, &Armed { merging: Merging::Squash, message: message.clone() }).unwrap();
    };
    at.forge.inject("GET /api/v3/repos/org/gitops/pulls", 1, Fault::meanwhile(late));
    let again = document(&at.propose("v1.0.0").run().success());
    assert_eq!((&again["outcome"], &again["attempts"]), (&"unchanged".into(), &2.into()));
    at.forge.store().only();
    assert_eq!(at.stage.remote.number_of_commits("main"), 2);
}

#[test]
fn a_commit_by_a_person_stays() {
    let at = Proposals::new();
    let head = head(&document(&at.propose("v1.0.0").run().success()));
    let edit = File::new(FILE, SEED.replace("b15411f387bb2a2286676b92a87fd85aa9b682a5", "v9"));
    let tip = at.stage.remote.commit(&head, "Take v9 instead", &[edit]);
    let output = at.propose("v1.1.0").run().exit(8);
    let error = &document(&output)["error"];
    assert_eq!(error["kind"], "refused");
    assert!(error["message"].as_str().unwrap().contains("has a commit that is not a release of tagship"), "{error}");
    assert!(error["details"][0].as_str().unwrap().starts_with("Take v9 instead, by "), "{error}");
    assert_eq!(at.stage.remote.tip(&head), Some(tip));
    // Another head branch has room for it.
    let other = document(&at.propose("v1.1.0").args(["--head", "bump/web"]).run().success());
    assert_eq!((&other["pull_request"]["head"], &other["pull_request"]["number"]), (&"bump/web".into(), &2.into()));
}

/// GitHub's button "Update branch" merges the base into the head branch: that is no person's work, unless it is more.
#[test]
fn a_head_branch_that_was_brought_up_to_date() {
    let at = Proposals::new();
    let remote = &at.stage.remote;
    let head = head(&document(&at.propose("v1.0.0").run().success()));
    let merged = |file: &str| {
        let base = remote.commit("main", "Write", &[File::new("README.md", file)]);
        let ours = remote.tip(&head).unwrap();
        let tree = remote.git(["merge-tree", "--write-tree", &base, &ours]).run().success().stdout();
        (tree.trim().to_owned(), ours, base)
    };
    let push = |tree: &str, ours: &str, base: &str| {
        let commit = ["commit-tree", tree, "-p", ours, "-p", base, "-m", "Merge branch 'main'"];
        let commit = remote.git(commit).run().success().stdout();
        remote.git(["update-ref", &format!("refs/heads/{head}"), commit.trim()]).run().success();
    };
    for file in ["one\n", "two\n"] {
        let (tree, ours, base) = merged(file);
        push(&tree, &ours, &base);
    }
    let newer = document(&at.propose("v1.1.0").run().success());
    assert_eq!((&newer["pull_request"]["operation"], &newer["pull_request"]["number"]), (&"updated".into(), &1.into()));
    assert_eq!(remote.log(&head)[0].parents, [remote.tip("main").unwrap()]);
    // This one brings something else too.
    let (_, ours, base) = merged("three\n");
    push(&format!("{base}^{{tree}}"), &ours, &base);
    at.propose("v1.2.0").run().exit(8).stdout_has("is not a release of tagship");
}

/// An update brings what is on the branch, and leaves what is proposed as it was, in the same file.
#[test]
fn an_update_that_changes_other_files() {
    let (page, copy) = ("index.html", "copy/kustomization.yaml");
    for moves in [false, true] {
        let at = Proposals::new();
        let remote = &at.stage.remote;
        remote.commit("main", "Copy", &[File::new(copy, SEED)]);
        let head = head(&document(&at.propose("v1.0.0").run().success()));
        let ours = remote.tip(&head).unwrap();
        let base = remote.commit("main", "Add a page", &[File::new(page, "<p>")]);
        let more = match moves {
            true => vec![File::new(copy, remote.file(&head, FILE)), File::new(FILE, SEED)],
            false => vec![File::new("new.html", "<p>")],
        };
        let files: Vec<File> = more.into_iter().chain([File::new(page, "<p>")]).collect();
        let tree = format!("{}^{{tree}}", remote.commit(&head, "Tree", &files));
        let merge = ["commit-tree", &tree, "-p", &ours, "-p", &base, "-m", "Merge branch 'main'"];
        let merge = remote.git(merge).run().success().stdout();
        remote.git(["update-ref", &format!("refs/heads/{head}"), merge.trim()]).run().success();
        at.propose("v1.1.0").run().exit(8).stdout_has("is not a release of tagship");
    }
}

/// A message can be copied; what the commit changes tells.
#[test]
fn a_commit_with_the_message_of_a_release_stays() {
    let at = Proposals::new();
    let head = head(&document(&at.propose("v1.0.0").run().success()));
    let message = at.stage.remote.log(&head)[0].message.clone();
    at.stage.remote.commit(&head, &message, &[File::new("index.html", "<p>")]);
    at.propose("v1.1.0").run().exit(8).stdout_has("is not a release of tagship");
}

/// The message stays if a person amends the commit, and so do its times if the author is set anew.
#[test]
fn a_release_that_a_person_amended_stays() {
    let at = Proposals::new();
    let remote = &at.stage.remote;
    let with_api = |text: &str, tag: &str| File::new(FILE, format!("{text}- name: api\n  newTag: {tag}\n"));
    remote.commit("main", "Add api", &[with_api(SEED, "v1")]);
    let head = head(&document(&at.propose("v1.0.0").run().success()));
    let (ours, message) = (remote.tip(&head).unwrap(), remote.log(&head)[0].message.clone());
    let web = SEED.replace("b15411f387bb2a2286676b92a87fd85aa9b682a5", "v1.0.0");
    let changed = remote.commit(&head, &message, &[with_api(&web, "v7.7.7")]);
    let amend = ["commit-tree", &format!("{changed}^{{tree}}"), "-p", "main", "-F", "-"];
    let amended = remote.git(amend).stdin(message).run().success().stdout();
    for tip in [&changed, amended.trim()] {
        remote.git(["update-ref", &format!("refs/heads/{head}"), tip]).run().success();
        at.propose("v1.1.0").run().exit(8).stdout_has("is not a release of tagship");
        assert_eq!(remote.tip(&head).as_deref(), Some(tip));
    }
    remote.git(["update-ref", &format!("refs/heads/{head}"), &ours]).run().success();
    at.propose("v1.1.0").run().success();
}

/// What a proposal changed beside the entry that it names is ours, too.
#[test]
fn a_proposal_of_a_shared_value_and_one_with_a_comment_are_replaced() {
    let at = Proposals::new();
    let values =
        "web:\n  image: {repository: org/web, tag: &tag v1}\njob:\n  image: {repository: org/job, tag: *tag}\n";
    at.stage.remote.commit("main", "Add values", &[File::new("values.yaml", values)]);
    let common = ["--branch", "main", "--forge", "github", "--no-check", "--pull-request", "--output", "json"];
    let url = at.forge.url_with_token(TOKEN);
    for (file, entry) in [("values.yaml", "web.image"), (FILE, ENTRY)] {
        for (tag, comment) in [("v2", "{tag} of {entry}"), ("v3", "drop"), ("v4", "keep")] {
            let release = tagship().home(&at.stage.home).args(["release", "--repo", &url, "-f", file]).args(common);
            let output = release.args(["--comment", comment, &format!("{entry}=*:{tag}")]).run().success();
            let operation = if tag == "v2" { "opened" } else { "updated" };
            assert_eq!(document(&output)["pull_request"]["operation"], operation, "{file} {tag}");
        }
    }
}

/// The push to the head branch is lost, and another release takes its place there: then the lease keeps ours away for good.
#[test]
fn a_lost_push_and_another_release_on_the_head_branch() {
    let at = Proposals::new();
    let head = head(&document(&at.propose("v1.0.0").run().success()));
    at.forge.inject("POST /org/gitops.git/git-receive-pack", 1, Fault::Answer(Response::text(502, "bad gateway")));
    let (branch, asked) = (head.clone(), AtomicUsize::new(0));
    let other = move |store: &mut Store| {
        if asked.fetch_add(1, Ordering::Relaxed) == 1 {
            let again = ["commit-tree", &format!("{branch}^{{tree}}"), "-p", "main", "-F", "-"];
            let message = format!("Again, {}", store.remote.log(&branch)[0].message);
            let commit = store.remote.git(again).stdin(message).run().success().stdout();
            store.remote.git(["update-ref", &format!("refs/heads/{branch}"), commit.trim()]).run().success();
        }
    };
    at.forge.inject("GET /org/gitops.git/info/refs?service=git-receive-pack", 2, Fault::meanwhile(other));
    let newer = document(&at.propose("v1.1.0").run().success());
    assert_eq!((&newer["outcome"], &newer["attempts"]), (&"proposed".into(), &2.into()));
    assert_eq!(at.tag_at(&head), "v1.1.0");
}

#[test]
fn a_request_that_was_closed_by_hand() {
    let at = Proposals::new();
    at.propose("v1.0.0").run().success();
    at.forge.store().close(1);
    let same = document(&at.propose("v1.0.0").run().success());
    assert_eq!((&same["outcome"], &same["images"][0]["changed"]), (&"skipped".into(), &false.into()));
    assert!(same["reason"].as_str().unwrap().starts_with("#1 proposed the same and was closed by hand"), "{same}");
    assert!(!same["notes"].to_string().contains("closed by hand"), "the reason says it: {same}");
    // Another release may be proposed after that, also an older one.
    let newer = document(&at.propose("v0.9.0").run().success());
    assert_eq!((&newer["pull_request"]["number"], &newer["pull_request"]["operation"]), (&2.into(), &"opened".into()));
}

/// Returns a release branch that has `api` at `v1.1.0`, beside the entry of the others.
fn with_api() -> Proposals {
    let at = Proposals::new();
    at.stage.remote.commit("main", "Add api", &[File::new(FILE, format!("{SEED}- name: api\n"))]);
    let release = at.stage.release_to(&at.forge.url_with_token(TOKEN));
    release.args(["--branch", "main", "--no-check", "api=*:v1.1.0"]).run().success();
    at
}

/// An entry that is older than what runs is not proposed, so it says nothing of the proposal of the others.
#[test]
fn what_is_left_out_is_not_judged_on_the_head_branch() {
    let at = with_api();
    at.forge.store().waits = true;
    let propose = |web: &str| at.propose(web).arg("api=*:v1.0.0");
    for (web, flags, operation, auto_merge) in [
        ("v1.0.0", &[][..], "opened", Value::Null),
        ("v1.0.0", &[], "unchanged", Value::Null),
        ("v1.0.0", &["--auto-merge"], "unchanged", "armed".into()),
        ("v1.2.0", &[], "updated", Value::Null),
    ] {
        let output = document(&propose(web).args(flags.iter().copied()).run().success());
        assert_eq!(output["outcome"], "proposed", "{web} {flags:?}: {output}");
        let request = &output["pull_request"];
        assert_eq!((&request["operation"], &request["auto_merge"]), (&operation.into(), &auto_merge), "{web}");
        assert_eq!(output["left_out"][0]["name"], "api", "{web}");
    }
    at.forge.store().close(1);
    assert_eq!(document(&propose("v1.2.0").run().success())["outcome"], "skipped");
}

/// What is proposed of an entry would be lost, although the entry is left out for what runs.
#[test]
fn what_is_left_out_and_proposed_already_is_judged_there() {
    let at = with_api();
    let first = document(&at.propose("v1.0.0").arg("api=*:v1.2.0").run().success());
    let older = at.propose("v1.1.0").arg("api=*:v1.0.0").run().exit(9);
    older.stdout_has("a part of this release is older than what is proposed already");
    assert!(String::from_utf8(at.stage.remote.file(&head(&first), FILE)).unwrap().contains("v1.2.0"));
}

/// Places of one image that say the same are judged once, and all of them stay.
#[test]
fn an_older_release_of_two_equal_places_is_superseded() {
    let at = Proposals::new();
    let pod = |name: &str| {
        let container = "spec:\n  containers:\n  - name: web\n    image: org/web:v0.9.0\n";
        format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\n{container}")
    };
    at.stage.remote.commit("main", "Pods", &[File::new("pods.yaml", format!("{}---\n{}", pod("a"), pod("b")))]);
    let propose = |tag: &str| {
        let release = tagship().home(&at.stage.home).args(["release", "--repo", &at.forge.url_with_token(TOKEN)]);
        let release = release.args(["-f", "pods.yaml", "--branch", "main", "--forge", "github", "--no-check"]);
        release.args(["--pull-request", "--output", "json", &format!("web=*:{tag}")]).run()
    };
    assert_eq!(document(&propose("v1.1.0").success())["outcome"], "proposed");
    let older = document(&propose("v1.0.0").success());
    assert_eq!(older["outcome"], "superseded", "{older}");
}

/// A tag that moves is proposed again each time that it has moved, whatever it meant before.
#[test]
fn a_tag_that_moves_is_proposed_with_its_digest() {
    let at = Proposals::new();
    let registry = &at.stage.registry;
    let push = |number: &str| registry.put_image("org/web", "main", &Image::new().label("number", number));
    let entry = |digest: &str| {
        format!("images:\n- name: web\n  newName: {}/org/web\n  newTag: main\n  digest: {digest}\n", registry.address())
    };
    at.stage.remote.commit("main", "Pin it", &[File::new(FILE, entry(&push("1")))]);
    let release = |flags: &[&str]| {
        let release =
            at.stage.release_to(&at.forge.url_with_token(TOKEN)).args(["--branch", "main", "--forge", "github"]);
        let release = release.args(["--pull-request", "--output", "json", "web=*:main"]).args(flags.iter().copied());
        document(&release.run().success())
    };
    assert_eq!(release(&[])["outcome"], "unchanged");
    for (number, operation) in [("2", "opened"), ("3", "updated")] {
        let digest = push(number);
        for operation in [operation, "unchanged"] {
            let proposed = release(&["--on-unknown-order", "fail"]);
            assert_eq!(proposed["pull_request"]["operation"], operation, "{number}");
            assert_eq!(at.stage.remote.file(&head(&proposed), FILE), entry(&digest).as_bytes());
        }
    }
}

/// A head branch that the user names is for one release at a time; what it proposes already would be lost without a word.
#[test]
fn another_release_on_a_head_branch_that_is_named() {
    let at = Proposals::new();
    let other = "other/kustomization.yaml";
    at.stage.remote.commit("main", "Another", &[File::new(other, "images:\n- name: api\n  newTag: v1\n")]);
    let bump = ["--pull-request", "--head", "bump"];
    at.release("v1.0.0").args(bump).run().success();
    let api = || {
        let release = tagship().home(&at.stage.home).args(["release", "--repo", &at.forge.url_with_token(TOKEN)]);
        let release = release.args(["-k", "other", "--branch", "main", "--forge", "github", "--no-check"]);
        release.args(bump).args(["--output", "json", "api=*:v2"])
    };
    let refused = api().run().exit(9);
    let refused = refused.stdout_has("`bump` proposes other images").stdout_has(ENTRY);
    refused.stdout_has("leave out `--head`");
    assert_eq!(at.tag_at("bump"), "v1.0.0");
    at.release("v1.1.0").args(bump).run().success();
    assert_eq!(at.tag_at("bump"), "v1.1.0");
    at.forge.store().close(1);
    let opened = document(&api().run().success());
    assert_eq!(opened["pull_request"]["number"], 2);
    assert_eq!(at.tag_at("bump"), at.tag_at("main"));
}

/// It has releases of its own, which nothing else keeps. A head branch has one, whatever it is called.
#[test]
fn the_branch_of_an_environment_is_no_head_branch() {
    let at = Proposals::new();
    let remote = &at.stage.remote;
    let text = format!("{SEED}- name: api\n  newTag: v1\n");
    remote.commit("main", "Add api", &[File::new(FILE, &text)]);
    let url = at.forge.url_with_token(TOKEN);
    let on = |branch: &str, flags: &[&str], images: &[&str]| {
        let release =
            tagship().home(&at.stage.home).args(["release", "--repo", &url, "-k", FOLDER, "--branch", branch]);
        release.args(["--forge", "github", "--no-check", "--output", "json"]).args(flags).args(images).run()
    };
    let web = |tag: &str| format!("{ENTRY}=*:{tag}");
    remote.git(["branch", "staging", "main"]).run().success();
    on("staging", &[], &["api=*:v9"]).success();
    on("staging", &[], &[&web("v2")]).success();
    let tip = remote.tip("staging").unwrap();
    let over = |head: &str, images: &[&str]| on("main", &["--pull-request", "--head", head], images);
    for images in [&[&*web("v3")][..], &[&*web("v3"), "api=*:v9"]] {
        over("staging", images).exit(9).stdout_has("`staging` has 2 releases that `main` lacks, which would be lost");
    }
    // A request that was merged from there says nothing of what came after it.
    remote.git(["branch", "qa", "main"]).run().success();
    over("qa", &["api=*:v9"]).success();
    let message = remote.log("qa")[0].message.clone();
    at.forge.store().merge(1, &Armed { merging: Merging::Merge, message }).unwrap();
    on("qa", &[], &["api=*:v10"]).success();
    let later = remote.tip("qa");
    over("qa", &[&web("v3")]).exit(9).stdout_has("`qa` proposes other images, which would be lost: `api`");
    assert_eq!((remote.tip("staging"), remote.tip("qa")), (Some(tip), later));
}

/// What an earlier release brought counts too, if a later one is upon it.
#[test]
fn two_releases_on_a_branch_of_our_name() {
    let at = Proposals::new();
    let remote = &at.stage.remote;
    remote.commit("main", "Add api", &[File::new(FILE, format!("{SEED}- name: api\n  newTag: v1\n"))]);
    remote.git(["branch", "tagship/main/both", "main"]).run().success();
    for image in ["api=*:v9".to_owned(), format!("{ENTRY}=*:v2")] {
        let release = at.stage.release_to(&at.forge.url_with_token(TOKEN)).args(["--branch", "tagship/main/both"]);
        release.args(["--no-check", &image]).run().success();
    }
    // It is where no branch of ours is, and may be that of an environment.
    remote.git(["branch", "tagship/both", "tagship/main/both"]).run().success();
    let other = at.release("v3").args(["--pull-request", "--head", "tagship/both", "api=*:v10"]).run().exit(9);
    other.stdout_has("`tagship/both` has 2 releases that `main` lacks, which would be lost");
    let both = ["--pull-request", "--head", "tagship/main/both"];
    at.release("v3")
        .args(both)
        .run()
        .exit(9)
        .stdout_has("`tagship/main/both` proposes other images")
        .stdout_has("`api`");
    let output = at.release("v3").args(both).arg("api=*:v10").run().success();
    assert_eq!(document(&output)["outcome"], "proposed");
}

/// The summary leads to the request first: it is what a person looks at next.
#[test]
fn the_summary_leads_to_the_request() {
    let at = Proposals::new();
    let summary = |tag: &str| {
        let path = at.stage.home.write("summary", "");
        at.propose(tag).env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", &path).run().success();
        std::fs::read_to_string(path).unwrap()
    };
    for (tag, begin, end) in [
        ("v1.0.0", "Opened the pull request", ". It waits to be merged."),
        ("v1.0.0", "The pull request", " has this release already. It waits to be merged."),
        ("v1.1.0", "Updated the pull request", ". It waits to be merged."),
    ] {
        let heading = format!("\n### ✅ Proposed `{ENTRY}` at `{tag}`\n\n{begin} [`#1`](http");
        let text = summary(tag);
        assert!(text.starts_with(&heading) && text.contains(&format!(") to `main`{end}\n\n")), "{text}");
        assert!(text.contains(" · head branch `tagship/"), "{text}");
    }
}

#[test]
fn auto_merge() {
    let at = Proposals::new();
    at.forge.store().waits = true;
    let armed = document(&at.propose("v1.0.0").arg("--auto-merge").run().success());
    assert_eq!((&armed["outcome"], &armed["pull_request"]["auto_merge"]), (&"proposed".into(), &"armed".into()));
    assert_eq!(at.forge.short_call_lines(), ["POST /pulls 201", "POST /graphql 200"]);
    let message = at.stage.remote.log(&head(&armed))[0].message.clone();
    let request = at.forge.store().only().clone();
    assert_eq!(request.armed.unwrap(), Armed { merging: Merging::Squash, message: message.clone() });
    at.forge.store().pass_checks();
    assert_eq!(at.tag_at("main"), "v1.0.0");
    assert_eq!(at.stage.remote.log("main")[0].message, message);
    // Nothing is waited for any more.
    let merged = document(&at.propose("v1.1.0").arg("--auto-merge=merge").run().success());
    assert_eq!(merged["pull_request"]["operation"], "merged");
    assert_eq!((&merged["outcome"], &merged["pull_request"]["auto_merge"]), (&"proposed".into(), &"merged".into()));
    assert_eq!(at.tag_at("main"), "v1.1.0");
    assert_eq!(at.stage.remote.log("main")[0].parents.len(), 2);
}

#[test]
fn auto_merge_that_is_not_allowed_is_a_failure() {
    let at = Proposals::new();
    (at.forge.store().waits, at.forge.store().may_arm) = (true, false);
    let error = document(&at.propose("v1.0.0").arg("--auto-merge").run().exit(8))["error"].clone();
    assert!(error["hint"].as_str().unwrap().contains("\"Allow auto-merge\""), "{error}");
    let details = error["details"].to_string();
    assert!(details.contains("pull request #1 to main: https://github.example/org/gitops/pull/1"), "{details}");
    assert_eq!(at.forge.store().open_requests().len(), 1);
}

/// What was pushed is named, and the next run goes on from there.
#[test]
fn a_token_that_may_push_and_not_open_requests() {
    let at = Proposals::new();
    at.forge.set_rights(Rights::ReadApi);
    let error = document(&at.propose("v1.0.0").run().exit(5))["error"].clone();
    let details = error["details"].to_string();
    assert!(details.contains("the release is pushed to `tagship/main/"), "{details}");
    assert!(details.contains("/org/gitops/compare/main...tagship/main/4_gitops/manifests-"), "{details}");
    assert!(error["hint"].as_str().unwrap().contains("`pull_requests: write`"), "{error}");
    at.forge.set_rights(Rights::All);
    let opened = document(&at.propose("v1.0.0").run().success());
    assert_eq!((&opened["pull_request"]["operation"], &opened["pushed"]), (&"opened".into(), &false.into()));
}

#[test]
fn a_push_that_is_refused_goes_on_as_a_request() {
    let at = Proposals::new();
    at.stage.remote.protect("main");
    at.release("v1.0.0").run().exit(8);
    let output = at.release("v1.0.0").args(["--on-refused", "pull-request"]).run().success();
    let document = document(&output);
    assert_eq!((&document["outcome"], &document["attempts"]), (&"proposed".into(), &2.into()));
    let reason = document["reason"].as_str().unwrap();
    assert!(reason.starts_with("the server refused the push to `main`: "), "{reason}");
    let notes = document["notes"].to_string();
    let told = format!("the release goes on by a pull request, because {reason}");
    assert!(notes.contains(&told) && told.contains("GH006"), "{notes}");
    let title = at.forge.store().only().title.clone();
    assert_eq!(title, "Release jakousa/dwk-4-gitops-app:v1.0.0");
    at.stage.untouched();
}

/// A request needs a branch to go to.
#[test]
fn a_branch_that_the_server_does_not_create_gets_no_request() {
    let at = Proposals::new();
    at.stage.remote.protect("prod");
    let release = |flags: &[&str]| {
        let release = at.stage.release_to(&at.forge.url_with_token(TOKEN));
        release.args(["--branch", "prod", "--create-branch", "--forge", "github", "--no-check"]).args(flags.to_vec())
    };
    for image in [format!("{ENTRY}=*:v1.0.0"), format!("{ENTRY}=*:b15411f387bb2a2286676b92a87fd85aa9b682a5")] {
        release(&[&image])
            .run()
            .exit(8)
            .stderr_has("the server refused the push to `prod`")
            .says_nowhere("no pull request");
        let output = release(&["--on-refused", "pull-request", &image]).run().exit(8);
        output.stderr_has("the server refused the push to `prod`").stderr_has("no pull request can follow");
    }
    assert!(at.forge.short_call_lines().is_empty());
}

/// The second attempt is at the same tip, and knows of the history that came with it as the first one did.
#[test]
fn a_refused_push_forgets_no_release_that_was_taken_back() {
    let at = Proposals::new();
    for tag in ["v1.0.0", "v1.1.0"] {
        at.release(tag).run().success();
    }
    let taken_back = at.stage.remote.tip("main").unwrap();
    let rollback =
        at.stage.tagship().args(["rollback", ENTRY, "--no-check", "--branch", "main", "-k", FOLDER, "--repo"]);
    rollback.arg(at.forge.url_with_token(TOKEN)).run().success();
    at.stage.remote.protect("main");
    let release = at.release("v1.0.5").args(["--on-superseded", "allow", "--on-refused", "pull-request"]);
    let head = head(&document(&release.run().success()));
    let message = &at.stage.remote.log(&head)[0].message;
    assert!(message.contains(&format!("Tagship-Still-Taken-Back: {ENTRY}={taken_back}")), "{message}");
}

/// The refused push was no race: each of the `--attempts` is left to the pull request.
#[test]
fn attempts_after_a_refused_push() {
    for (races, code) in [(1, 0), (2, 7)] {
        let at = Proposals::new();
        at.stage.remote.protect("main");
        // The first push is the one that is refused; before each of the next ones, the head branch comes or goes.
        let pushes = AtomicUsize::new(0);
        let moves = Fault::meanwhile(move |store| {
            let flags: &[&str] = match pushes.fetch_add(1, Ordering::Relaxed) {
                0 => return,
                1 => &["bump", "main"],
                _ => &["-D", "bump"],
            };
            store.remote.git(["branch"].iter().chain(flags).copied()).run().success();
        });
        at.forge.inject("POST /org/gitops.git/git-receive-pack", 1 + races, moves);
        let release = at.release("v1.0.0").args(["--on-refused", "pull-request", "--head", "bump", "--attempts", "2"]);
        let output = release.run().exit(code).stderr_has("attempt 1 of 2 was too late");
        match code {
            0 => assert_eq!(document(&output)["attempts"], 3),
            _ => {
                output.stderr_has("lost the race for the head branch of a pull request to main 2 times");
            }
        }
    }
}

/// The request is looked at for the first time after a push that was refused.
#[test]
fn a_merge_that_comes_after_a_refused_push_is_not_made_twice() {
    let at = Proposals::new();
    let first = document(&at.propose("v1.0.0").run().success());
    at.stage.remote.protect("main");
    let message = at.stage.remote.log(&head(&first))[0].message.clone();
    let late = move |store: &mut Store| {
        store.merge(1, &Armed { merging: Merging::Squash, message: message.clone() }).unwrap();
    };
    at.forge.inject("GET /api/v3/repos/org/gitops/pulls", 1, Fault::meanwhile(late));
    let again = document(&at.release("v1.0.0").args(["--on-refused", "pull-request"]).run().success());
    assert_eq!((&again["outcome"], &again["attempts"]), (&"unchanged".into(), &3.into()));
    at.forge.store().only();
    assert_eq!(at.stage.remote.number_of_commits("main"), 2);
}

/// A rule that is not about the branch refuses the head branch too.
#[test]
fn a_refusal_of_everything() {
    let at = Proposals::new();
    at.stage.remote.hook("pre-receive", "echo no >&2; exit 1");
    let output = at.release("v1.0.0").args(["--on-refused", "pull-request"]).run().exit(8);
    let error = &document(&output)["error"];
    assert!(error["message"].as_str().unwrap().starts_with("the server refused the push to `tagship/main/"), "{error}");
    assert!(at.forge.store().requests.is_empty());
}

/// The merge of what was open moves the branch, right before the push of what is newer.
#[test]
fn a_request_that_is_merged_in_the_meantime() {
    let at = Proposals::new();
    let head = head(&document(&at.propose("v1.0.0").run().success()));
    let merge = Fault::meanwhile(|store| {
        if store.requests.len() == 1 && store.only().state == RequestState::Open {
            let message = store.remote.log(&store.only().head)[0].message.clone();
            store.merge(1, &Armed { merging: Merging::Squash, message }).unwrap();
        }
    });
    at.forge.inject("POST /org/gitops.git/git-receive-pack", 1, merge);
    let newer = document(&at.propose("v1.1.0").run().success());
    assert_eq!((&newer["pull_request"]["number"], &newer["attempts"]), (&2.into(), &2.into()));
    assert_eq!((at.tag_at("main"), at.tag_at(&head)), ("v1.0.0".to_owned(), "v1.1.0".to_owned()));
    assert_eq!(at.stage.remote.log(&head)[0].parents, [at.stage.remote.tip("main").unwrap()]);
    assert_eq!(at.forge.store().open_requests().len(), 1);
}

/// The forge tells of the first race, and the server refuses the only push by a rule.
#[test]
fn a_race_without_a_push_hides_no_refusal() {
    let at = Proposals::new();
    at.forge.store().waits = true;
    let head = head(&document(&at.propose("v1.0.0").run().success()));
    let by_hand = Fault::meanwhile(|store| {
        let text = String::from_utf8(store.remote.file("main", FILE)).unwrap();
        let changed = text
            .lines()
            .map(|line| if line.contains("newTag") { "  newTag: v0.9.0\n".into() } else { format!("{line}\n") });
        store.remote.commit("main", "By hand", &[File::new(FILE, changed.collect::<String>())]);
    });
    at.forge.inject("POST /api/graphql", 1, by_hand);
    let replaced = Fault::meanwhile(move |store| {
        store.remote.git(["branch", "--force", &head, "main"]).run().success();
    });
    at.forge.inject("POST /org/gitops.git/git-receive-pack", 1, replaced);
    at.stage.remote.hook("pre-receive", "echo 'only on Tuesdays' >&2; exit 1");
    let output = at.propose("v1.0.0").args(["--auto-merge", "--attempts", "2"]).run().exit(8);
    let error = document(&output)["error"].clone();
    assert!(error["message"].as_str().unwrap().starts_with("the server refused the push to `tagship/main/"), "{error}");
    assert!(error["details"].to_string().contains("only on Tuesdays"), "{error}");
}

#[test]
fn answers_that_are_lost() {
    let at = Proposals::new();
    at.forge.inject("POST /org/gitops.git/git-receive-pack", 1, Fault::LoseAnswer);
    at.forge.inject("POST /api/v3/repos/org/gitops/pulls", 1, Fault::LoseAnswer);
    let first = document(&at.propose("v1.0.0").run().success());
    assert_eq!(first["pull_request"]["operation"], "opened");
    assert_eq!(at.stage.remote.number_of_commits(&head(&first)), 2);
    at.forge.store().only();
    at.forge.inject("POST /org/gitops.git/git-receive-pack", 1, Fault::LoseAnswer);
    at.forge.inject("PATCH /api/v3/repos/org/gitops/pulls/1", 1, Fault::LoseAnswer);
    let newer = document(&at.propose("v1.1.0").run().success());
    assert_eq!((&newer["pull_request"]["operation"], &newer["pull_request"]["number"]), (&"updated".into(), &1.into()));
    assert_eq!(at.stage.remote.number_of_commits(&head(&newer)), 2);
}

/// A checkout names the repository, and stays as it is: what is proposed is not on its branch.
#[test]
fn from_a_checkout() {
    let at = Proposals::new();
    let checkout = Checkout::shallow(&at.forge.url());
    let before = checkout.head();
    let propose = |tag: &str| {
        let release = at.stage.tagship().current_dir(checkout.path()).env("TAGSHIP_GIT_TOKEN", TOKEN);
        let flags = ["release", "-k", FOLDER, "--forge", "github", "--no-check", "--pull-request"];
        document(&release.env("TAGSHIP_OUTPUT", "json").args(flags).arg(format!("{ENTRY}=*:{tag}")).run().success())
    };
    let first = propose("v1.0.0");
    assert_eq!(first["pull_request"]["operation"], "opened");
    assert_eq!(propose("v1.1.0")["pull_request"]["operation"], "updated");
    assert_eq!(propose("v1.0.5")["outcome"], "superseded");
    assert_eq!(at.tag_at(&head(&first)), "v1.1.0");
    assert_eq!((checkout.head(), checkout.status()), (before, String::new()));
}

/// What is proposed can be merged, also if the branch moves after it was read.
#[test]
fn the_commit_is_made_again_if_the_branch_has_moved() {
    let at = Proposals::new();
    let remote = &at.stage.remote;
    let on_main = |tag: &str| {
        let (head, main) = (head(&document(&at.propose(tag).arg("--auto-merge").run().success())), remote.tip("main"));
        assert_eq!(remote.log(&head)[0].parents, [main.unwrap()], "{tag}");
        assert_eq!(at.tag_at(&head), tag);
    };
    at.forge.store().waits = true;
    // By a merge of what was proposed before.
    at.propose("v1.0.0").run().success();
    let squash = Armed { merging: Merging::Squash, message: "Release web".to_owned() };
    at.forge.inject("GET /api/v3/", 1, Fault::meanwhile(move |store| drop(store.merge(1, &squash))));
    on_main("v1.1.0");
    // By a person, who changes the same line.
    let by_hand = File::new(FILE, SEED.replace("b15411f387bb2a2286676b92a87fd85aa9b682a5", "v1.1.5"));
    at.forge.inject(
        "PATCH /api/v3/",
        1,
        Fault::meanwhile(move |store| drop(store.remote.commit("main", "Fix", std::slice::from_ref(&by_hand)))),
    );
    on_main("v1.2.0");
}

/// What does not come about leaves nothing behind.
#[test]
fn nothing_is_pushed() {
    let at = Proposals::new();
    let branches = || at.stage.remote.git(["for-each-ref", "--format=%(refname:short)"]).run().success().stdout();
    let dry = document(&at.propose("v1.0.0").arg("--dry-run").run().success());
    assert_eq!(dry["outcome"], "dry-run");
    assert!(!dry["message"].as_str().unwrap().contains("[skip ci]"), "{dry}");
    let url = at.forge.url_with_token(TOKEN);
    let local = at.stage.remote.file_url();
    for (repository, flags, code, expected) in [
        (&url, &["--forge", "github", "--head", "main"][..], 2, "`main` is the release branch itself"),
        (&url, &["--forge", "github", "--branch", "nowhere"], 3, "there is no branch `nowhere`"),
        (&url, &[], 2, "cannot tell which forge"),
        (&local, &["--forge", "github"], 2, "the repository is not on a server, so it has no forge"),
    ] {
        let release = at.stage.release_to(repository).args(["--no-check", "--pull-request"]);
        let release = if flags.contains(&"--branch") { release } else { release.args(["--branch", "main"]) };
        let release = release.args(flags.iter().copied()).arg(format!("{ENTRY}=*:v1.0.0"));
        for release in [release.clone().arg("--dry-run"), release] {
            release.run().exit(code).stderr_has(expected);
        }
    }
    let hold = File::new(".tagship-hold", "Freeze\n");
    at.stage.remote.commit("main", "Hold", &[hold]);
    assert_eq!(document(&at.propose("v1.0.0").run().exit(9))["outcome"], "held");
    assert_eq!(branches(), "main\n");
    assert!(at.forge.short_call_lines().is_empty());
}

/// A rule on the branch may ask for the one way or for the other.
#[test]
fn a_rule_about_the_way() {
    let at = Proposals::new();
    for (way, pushed, proposed) in [("pull-request", 9, 0), ("push", 0, 9)] {
        let rules = File::new(".tagship.yaml", format!("rules:\n- paths: ['**']\n  publish: {way}\n"));
        at.stage.remote.commit("main", "Rules", &[rules]);
        at.propose("v1.0.0").run().exit(proposed);
        at.release("v1.0.0").run().exit(pushed);
    }
}

#[test]
fn promotions_and_rollbacks_are_proposed_too() {
    let at = Proposals::new();
    for tag in ["v1.0.0", "v1.1.0"] {
        at.release(tag).run().success();
    }
    let url = at.forge.url_with_token(TOKEN);
    let shared =
        ["--repo", &url, "--branch", "main", "--forge", "github", "--no-check", "--pull-request", "--output", "json"];
    let command = |words: &[&str]| {
        let command = tagship().home(&at.stage.home).args(words.iter().copied()).args(shared);
        document(&command.run().success())
    };
    let back = command(&["rollback", "-k", FOLDER, ENTRY]);
    assert_eq!(back["pull_request"]["operation"], "opened");
    assert_eq!(at.tag_at(&head(&back)), "v1.0.0");
    assert!(at.forge.store().only().title.starts_with("Roll back to "));
    let other = File::new("prod/kustomization.yaml", SEED);
    at.stage.remote.commit("main", "Add production", &[other]);
    let promoted = command(&["promote", "--from", FOLDER, "--to", "prod"]);
    assert_eq!(promoted["pull_request"]["number"], 2);
    assert!(head(&promoted).starts_with("tagship/main/prod-all-"), "{promoted}");
    assert!(at.forge.store().requests[1].title.starts_with("Promote "));
}

/// Who waits for a rollback to be merged must not get a release in its place without a word, nor the other way round.
#[test]
fn a_proposal_of_another_kind_is_named() {
    let at = Proposals::new();
    for tag in ["v1.0.0", "v1.1.0"] {
        at.release(tag).run().success();
    }
    let url = at.forge.url_with_token(TOKEN);
    let roll_back = || {
        let rollback = at.stage.tagship().args(["rollback", "-k", FOLDER, ENTRY, "--repo", &url, "--branch", "main"]);
        rollback.args(["--forge", "github", "--no-check", "--pull-request", "--output", "json"]).run().success()
    };
    let release = |tag: &str| at.propose(tag).run().success();
    let told = |output: Output, title: &str| {
        // The push comes later, and may be refused.
        let warning = format!("pull request #1 proposed `{title}");
        let notes = document(&output)["notes"].to_string();
        assert_eq!(
            notes.contains(&warning) && notes.contains("which this release is to replace"),
            !title.is_empty(),
            "{notes}"
        );
    };
    told(roll_back(), "");
    told(roll_back(), "");
    told(release("v1.2.0"), "Roll back to ");
    told(release("v1.3.0"), "");
    told(roll_back(), "Release ");
}

#[test]
fn a_limit_of_requests_is_waited_for() {
    let at = Proposals::new();
    let limited = Response::text(403, r#"{"message":"API rate limit exceeded"}"#).header("Retry-After", "0");
    at.forge.inject("POST /api/v3/repos/org/gitops/pulls", 1, Fault::Answer(limited));
    assert_eq!(document(&at.propose("v1.0.0").run().success())["pull_request"]["operation"], "opened");
    let limited = Response::text(403, r#"{"message":"API rate limit exceeded"}"#).header("Retry-After", "7200");
    at.forge.inject("/api/v3/repos/org/gitops/pulls", 1, Fault::Answer(limited));
    at.propose("v1.1.0").run().exit(6).stdout_has("try again in 2 h");
}

#[test]
fn what_a_person_reads() {
    let at = Proposals::new();
    let text = at.propose("v1.0.0").args(["--output", "text"]).run().success().stdout();
    assert!(text.contains(" opened  pull request #1  to main  https://github.example/org/gitops/pull/1\n"), "{text}");
    assert!(text.ends_with("\nproposed\n"), "{text}");
    let results = at.stage.home.path().join("release.env");
    let file = format!("dotenv={}", results.display());
    at.propose("v1.1.0").args(["--result-file", &file]).run().success();
    let results = std::fs::read_to_string(results).unwrap();
    for line in [
        "TAGSHIP_RESULT_OUTCOME=proposed\n",
        "TAGSHIP_RESULT_PULL_REQUEST=1\n",
        "TAGSHIP_RESULT_PULL_REQUEST_URL=https://github.example/org/gitops/pull/1\n",
        "TAGSHIP_RESULT_PULL_REQUEST_OPERATION=updated\n",
    ] {
        assert!(results.contains(line), "{results}");
    }
}

/// The token of a job may push and does not open GitLab's API: the push opens the request.
#[test]
fn a_job_of_gitlab_opens_its_request_by_a_push() {
    let stage = Stage::new();
    let forge = Forge::start(Kind::GitLab, &stage.remote);
    let url = forge.url().replace("http://", &format!("http://gitlab-ci-token:{TOKEN}@"));
    let propose = |tag: &str| {
        let flags = ["--branch", "main", "--forge", "gitlab", "--no-check", "--pull-request", "--auto-merge"];
        let release = stage.release_to(&url).env("TAGSHIP_OUTPUT", "json").args(flags);
        release.arg(format!("{ENTRY}=*:{tag}"))
    };
    stage.remote.configure("receive.advertisePushOptions", "false");
    let error = document(&propose("v1.0.0").run().exit(5))["error"].clone();
    assert!(error["message"].as_str().unwrap().contains("does not accept push options"), "{error}");
    assert_eq!(stage.remote.git(["branch", "--format=%(refname:short)"]).run().stdout(), "main\n", "nothing is pushed");
    stage.remote.configure("receive.advertisePushOptions", "true");
    let options = stage.remote.path().join("options");
    let page = format!("{}/org/gitops/-/merge_requests/1", forge.origin());
    let script = format!(
        "env | grep ^GIT_PUSH_OPTION_[0-9] | sort >{}; echo 'View merge request:'; echo '  {page}'",
        options.display()
    );
    stage.remote.hook("post-receive", &script);
    let opened = document(&propose("v1.0.0").run().success());
    assert_eq!((&opened["outcome"], &opened["pull_request"]["operation"]), (&"proposed".into(), &"opened".into()));
    assert_eq!((&opened["pull_request"]["number"], &opened["pull_request"]["url"]), (&1.into(), &page.into()));
    assert_eq!(opened["pull_request"]["auto_merge"], "armed");
    let is_sent = |option: &str| {
        let sent = std::fs::read_to_string(&options).unwrap();
        sent.lines().any(|line| line.ends_with(&format!("={option}")))
    };
    for option in ["merge_request.create", "merge_request.target=main", "merge_request.auto_merge"] {
        assert!(is_sent(option), "{option}");
    }
    assert!(!is_sent("merge_request.squash"), "GitLab would make it with the title alone");
    let again = document(&propose("v1.0.0").run().success());
    assert_eq!((&again["pull_request"]["operation"], &again["pushed"]), (&"unchanged".into(), &false.into()));
    let newer = document(&propose("v1.1.0").run().success());
    assert_eq!(newer["pull_request"]["operation"], "updated");
    assert_eq!(document(&propose("v1.0.5").run().success())["outcome"], "superseded");
    let flags = ["--branch", "main", "--forge", "gitlab", "--no-check", "--pull-request", "--auto-merge=squash"];
    stage.release_to(&url).args(flags).arg(format!("{ENTRY}=*:v1.3.0")).run().success();
    assert!(is_sent("merge_request.squash"), "the user names it");
    assert!(forge.calls().is_empty());
}

/// GitLab takes a push whose options it refuses: what it says then is the only sign.
#[test]
fn a_request_that_gitlab_does_not_open_by_a_push() {
    let stage = Stage::new();
    let forge = Forge::start(Kind::GitLab, &stage.remote);
    let url = forge.url().replace("http://", &format!("http://gitlab-ci-token:{TOKEN}@"));
    stage.remote.configure("receive.advertisePushOptions", "true");
    let propose = |tag: &str| {
        let flags = ["--branch", "main", "--forge", "gitlab", "--no-check", "--pull-request", "--auto-merge"];
        let release = stage.release_to(&url).env("TAGSHIP_OUTPUT", "json").args(flags);
        release.arg(format!("{ENTRY}=*:{tag}"))
    };
    let says = |text: &str| stage.remote.hook("post-receive", &format!("cat >/dev/null; echo \"{text}\""));
    says("WARNINGS:\nError encountered with push options 'merge_request.create': requests are disabled");
    let error = document(&propose("v1.0.0").run().exit(8))["error"].clone();
    assert_eq!(error["message"], "GitLab did not open the merge request: requests are disabled");
    let details = error["details"].to_string();
    assert!(details.contains("the push to `tagship/main/") && details.contains("was undone"), "{details}");
    let heads = |format: &str| stage.remote.git(["branch", "--list", "tagship/*", "--format", format]).run().stdout();
    assert_eq!(heads("%(objectname)"), "", "nothing is left behind");
    // So the same command asks for the request again.
    document(&propose("v1.0.0").run().exit(8));
    let page = format!("{}/org/gitops/-/merge_requests", forge.origin());
    says(&format!("  {page}/1"));
    assert_eq!(document(&propose("v1.0.0").run().success())["pull_request"]["number"], 1);
    let first = heads("%(objectname)");
    says("Error encountered with push options 'merge_request.create': requests are disabled");
    document(&propose("v1.0.1").run().exit(8));
    assert_eq!(heads("%(objectname)"), first, "the earlier release is there again");
    // Nothing is pushed, and nothing else tells whether a request is open.
    let again = document(&propose("v1.0.0").run().success());
    let warnings = again["notes"].to_string();
    assert!(
        warnings.contains("nothing was pushed, so GitLab did not tell whether the merge request is open"),
        "{again}"
    );
    assert_eq!(again["pull_request"]["auto_merge"], Value::Null);
    // A server may not let branches be deleted.
    stage.remote.git(["branch", "-D", heads("%(refname:short)").trim()]).run().success();
    stage.remote.configure("receive.denyDeletes", "true");
    let error = document(&propose("v1.0.0").run().exit(8))["error"].clone();
    let details = error["details"].to_string();
    assert!(details.contains("the release is pushed to `tagship/main/"), "{details}");
    assert!(details.contains("/org/gitops/-/merge_requests/new?merge_request"), "{details}");
    assert!(error["hint"].as_str().unwrap().contains("delete the branch"), "{error}");
    // A project may turn the links off.
    says("");
    let silent = document(&propose("v1.1.0").run().success());
    assert!(
        silent["notes"].to_string().contains("answer to the push does not tell whether the merge request is open"),
        "{silent}"
    );
    assert_eq!(silent["pull_request"]["auto_merge"], Value::Null);
    says(&format!("To create a merge request for x, visit:\n  {page}/new?x"));
    let error = document(&propose("v1.2.0").run().exit(8))["error"].clone();
    assert!(error["message"].as_str().unwrap().ends_with("so none is open"), "{error}");
    says(&format!("Error encountered with push options 'x': cannot be merged\n=====\n  {page}/3"));
    let error = document(&propose("v1.3.0").run().exit(8))["error"].clone();
    assert_eq!(error["message"], "GitLab did not do all that the push asked for: cannot be merged");
    assert!(error["details"].to_string().contains(&format!("{page}/3")), "{error}");
    // The server may go away before the push is undone.
    let refused = "Error encountered with push options 'merge_request.create': requests are disabled";
    stage.remote.hook("post-receive", &format!("cat >/dev/null; echo \"{refused}\"; mv HEAD HEAD-is-away"));
    let error = document(&propose("v1.4.0").run().exit(8))["error"].clone();
    let details = error["details"].to_string();
    assert!(details.contains("the release is pushed to `tagship/main/"), "{details}");
    assert!(details.contains("it could not be undone: "), "{details}");
}

/// The server takes the push back, and ends before it says so: the branch tells.
#[test]
fn a_push_that_is_taken_back_without_an_answer() {
    let stage = Stage::new();
    let forge = Forge::start(Kind::GitLab, &stage.remote);
    let url = forge.url().replace("http://", &format!("http://gitlab-ci-token:{TOKEN}@"));
    stage.remote.configure("receive.advertisePushOptions", "true");
    let refused = "Error encountered with push options 'merge_request.create': requests are disabled";
    stage.remote.hook("post-receive", &format!("cat >/dev/null; echo \"{refused}\""));
    let deleted = "*\" 0000000000000000000000000000000000000000 refs/heads/tagship/\"*";
    stage.remote.hook(
        "reference-transaction",
        &format!("refs=$(cat); case \"$1 $refs\" in \"committed \"{deleted}) kill -9 $PPID;; esac"),
    );
    let flags = ["--branch", "main", "--forge", "gitlab", "--no-check", "--pull-request", "--auto-merge"];
    let release = stage.release_to(&url).env("TAGSHIP_OUTPUT", "json").args(flags).arg(format!("{ENTRY}=*:v1.0.0"));
    let error = document(&release.run().exit(8))["error"].clone();
    let details = error["details"].to_string();
    assert!(details.contains("the push to `tagship/main/") && details.contains("was undone"), "{details}");
    assert_eq!(stage.remote.git(["branch", "--list", "tagship/*"]).run().stdout(), "");
}

/// Forges read a text as commands: `Closes #12` closes an issue, and a name behind `@` calls a person.
#[test]
fn what_the_branch_says_closes_no_issue_and_calls_no_person() {
    let at = Proposals::new();
    let folder = "Closes #12, (@octocat)";
    let file = File::new(&format!("{folder}/kustomization.yaml"), "images:\n- name: web\n  newTag: 'Closes #13'\n");
    at.stage.remote.commit("main", "Add a folder", &[file]);
    let release =
        at.stage.tagship().args(["release", "--no-check", "--pull-request", "--forge", "github", "-k", folder]);
    let release = release.args(["--repo", &at.forge.url_with_token(TOKEN), "--branch", "main"]);
    release.args(["--trailer", "Refs=#14", "--head", "next", "web=*:v2"]).run().success();
    let (body, message) = (at.forge.store().only().body.clone(), at.stage.remote.log("next")[0].message.clone());
    for text in [body, message] {
        assert!(!["#12", "#13 ->", "@octocat"].iter().any(|acts| text.contains(acts)), "{text}");
        assert!(text.contains("\nRefs: #14\n"), "what a person typed stays: {text}");
    }
}
