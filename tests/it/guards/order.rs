//! An older build does not replace a newer one, whatever shape their histories have.

use serde_json::Value;

use crate::stage::{FOLDER, Stage, tagship};
use crate::support::command::{Command, Output};
use crate::support::git_server::{Access, GitServer};
use crate::support::registry::Image;
use crate::support::repository::{Checkout, File, Remote};

/// A repository with a history of its own kind, in which `main` is what is released to.
struct History {
    stage: Stage,
    server: GitServer,
    /// Where the sources are: beside the release branch, or elsewhere.
    sources: Remote,
}

impl History {
    fn new(sources: Option<&str>) -> Self {
        let stage = Stage::new();
        let server = GitServer::start(stage.remote.folder(), Access::Open);
        let sources = sources.map_or_else(|| stage.remote.clone(), |name| stage.remote.sibling(name));
        Self { stage, server, sources }
    }

    /// Makes a commit of the sources, which exists but is on no branch but its own.
    fn source(&self, name: &str, parents: &[&str]) -> String {
        let tree = self.sources.git(["mktree"]).run().success().stdout();
        let mut arguments = vec!["commit-tree", tree.trim(), "-m", name];
        arguments.extend(parents.iter().flat_map(|parent| ["-p", parent]));
        let id = self.sources.git(arguments).run().success().stdout().trim().to_owned();
        self.sources.git(["update-ref", &format!("refs/heads/source-{name}"), &id]).run().success();
        id
    }

    /// Returns the release of `tag`, built from `source` by a CI system, without a checkout.
    fn release(&self, tag: &str, source: &str) -> Command {
        self.stage.registry.put_image("org/web", tag, &Image::new());
        let name = self.sources.path().file_stem().unwrap().to_str().unwrap().to_owned();
        tagship()
            .home(&self.stage.home)
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_SERVER_URL", format!("http://{}", self.server.address()))
            .env("GITHUB_REPOSITORY", name)
            .env("GITHUB_SHA", source)
            .args(["release", "--output", "json", "--branch", "main", "-k", FOLDER])
            .args(["--repo", &self.server.url("gitops.git")])
            .arg(format!("IMAGE_PLACEHOLDER={}/org/web:{tag}", self.stage.registry.address()))
    }

    /// Releases whatever was there before, so that what follows has something to follow.
    fn there(&self, tag: &str, source: &str) {
        self.release(tag, source).args(["--on-superseded", "allow"]).run().success();
    }

    fn commits(&self) -> usize {
        self.stage.remote.number_of_commits("main")
    }
}

fn document(output: &Output) -> Value {
    serde_json::from_str(&output.stdout()).unwrap()
}

#[track_caller]
fn outcome(command: Command) -> String {
    let output = command.run().success();
    document(&output)["outcome"].as_str().unwrap().to_owned()
}

/// How two source commits may stand to each other, and what becomes of a release of the second after one of the first.
/// Where the sources are must not matter, nor whether the tag says the commit.
#[test]
fn what_may_follow_what() {
    for sources in [None, Some("app")] {
        let history = History::new(sources);
        let root = history.source("root", &[]);
        let one = history.source("one", &[&root]);
        let two = history.source("two", &[&one]);
        let three = history.source("three", &[&two]);
        let side = history.source("side", &[&one]);
        let merge = history.source("merge", &[&two, &side]);
        let rebased = history.source("rebased", &[&three]);
        let squashed = history.source("squashed", &[&two]);
        let unrelated = history.source("unrelated", &[]);
        for (what, there, new, expected) in [
            ("the next commit", &one, &two, "released"),
            ("some commits on", &root, &three, "released"),
            ("the commit before", &two, &one, "superseded"),
            ("some commits back", &three, &root, "superseded"),
            ("a branch that was not merged", &two, &side, "superseded"),
            ("the merge of both", &side, &merge, "released"),
            ("one side of a merge", &merge, &side, "superseded"),
            ("a rebased branch", &side, &rebased, "superseded"),
            ("a squashed branch", &two, &squashed, "released"),
            ("no common history", &two, &unrelated, "superseded"),
        ] {
            for tags in [(there.as_str(), new.as_str()), ("build-1", "build-2")] {
                // Whatever was there before is replaced without a question, so that rows do not touch each other.
                history.release(tags.0, there).args(["--on-superseded", "allow"]).run().success();
                assert_eq!(outcome(history.release(tags.1, new)), expected, "{what}, {sources:?}, {tags:?}");
            }
        }
        history.stage.remote.fsck();
    }
}

#[test]
fn semantic_versions_need_no_history() {
    let history = History::new(None);
    let (one, two) = (history.source("one", &[]), history.source("two", &[]));
    for (there, new, expected) in [
        ("v1.2.3", "v1.2.4", "released"),
        ("v1.10.0", "v1.9.0", "superseded"),
        ("v2.0.0", "v2.0.0-rc.1", "superseded"),
        ("1.0.0", "v1.0.1", "released"),
    ] {
        history.release(there, &one).args(["--on-superseded", "allow"]).run().success();
        history.server.requests();
        assert_eq!(outcome(history.release(new, &two)), expected, "{new} after {there}");
        let requests = history.server.requests().len();
        assert!(requests <= 5, "{requests} requests");
    }
}

#[test]
fn what_is_told_and_what_else_can_be_asked_for() {
    let history = History::new(None);
    let one = history.source("one", &[]);
    let two = history.source("two", &[&one]);
    history.release("build-2", &two).args(["--on-superseded", "allow"]).run().success();
    let commits = history.commits();
    let skipped = document(&history.release("build-1", &one).run().success());
    assert_eq!(skipped["reason"], "main already releases `build-2`, which is newer than `build-1`");
    assert_eq!((&skipped["changed"], &skipped["pushed"]), (&Value::Bool(false), &Value::Bool(false)));
    assert_eq!(skipped["files"], Value::Array(Vec::new()));
    let failed = history.release("build-1", &one).args(["--on-superseded", "fail"]).run().exit(9);
    assert_eq!(document(&failed)["error"]["kind"], "guarded");
    failed.stderr_has("hint: `--on-superseded allow` releases it all the same");
    assert_eq!(outcome(history.release("build-1", &one).arg("--dry-run")), "superseded", "a dry run tells it too");
    assert_eq!(history.commits(), commits);
    assert_eq!(outcome(history.release("build-1", &one).args(["--on-superseded", "allow"])), "released");
}

/// The same source may be built and released again, under another tag or digest.
#[test]
fn the_same_source_again() {
    let history = History::new(None);
    let one = history.source("one", &[]);
    history.release("build-1", &one).args(["--on-superseded", "allow"]).run().success();
    assert_eq!(outcome(history.release("build-1", &one)), "unchanged");
    assert_eq!(outcome(history.release("build-2", &one)), "released");
}

/// A force push may have taken the commit away that was released.
#[test]
fn what_is_gone_has_no_order() {
    let history = History::new(Some("app"));
    let one = history.source("one", &[]);
    let gone = "fdafd7008d04c2a2286676b92a87fd85aa9b682a";
    history.release("build-1", gone).args(["--on-superseded", "allow"]).run().success();
    let output = history.release("build-2", &one).run().success();
    assert_eq!(document(&output)["outcome"], "released");
    output.stderr_has("cannot tell whether `build-2` is newer than `build-1`");
    let other_way = history.release("build-3", gone).run().success();
    assert_eq!(document(&other_way)["outcome"], "released", "a commit that the server does not have");
}

/// Whoever changed an entry by hand has decided: then only what the entry says counts.
#[test]
fn a_change_by_hand_counts() {
    let history = History::new(None);
    let one = history.source("one", &[]);
    let two = history.source("two", &[&one]);
    history.release("build-2", &two).args(["--on-superseded", "allow"]).run().success();
    let by_hand = format!(
        "images:\n- name: IMAGE_PLACEHOLDER\n  newName: {}/org/web\n  newTag: by-hand\n",
        history.stage.registry.address()
    );
    history.stage.remote.commit("main", "By hand", &[File::new(crate::stage::FILE, by_hand)]);
    let output = history.release("build-1", &one).run().success();
    assert_eq!(document(&output)["outcome"], "released");
    output.stderr_has("cannot tell whether `build-1` is newer than `by-hand`");
}

/// What other entries do is nothing to this one; and where the newest commits say nothing of it, older ones are read.
#[test]
fn many_other_commits_since() {
    let history = History::new(None);
    let one = history.source("one", &[]);
    let two = history.source("two", &[&one]);
    history.release("build-2", &two).args(["--on-superseded", "allow"]).run().success();
    for number in 0..120 {
        history.stage.remote.commit("main", "Something else", &[File::new("notes", number.to_string())]);
    }
    assert_eq!(outcome(history.release("build-1", &one)), "superseded");
}

/// The checkout of an ordinary job: of depth 1, or whole.
#[test]
fn from_a_checkout() {
    let history = History::new(None);
    let one = history.stage.remote.commit("main", "One", &[File::new("app", "1")]);
    let two = history.stage.remote.commit("main", "Two", &[File::new("app", "2")]);
    history.release("build-2", &two).args(["--on-superseded", "allow"]).run().success();
    for options in [&["--depth=1"][..], &[]] {
        let checkout = Checkout::clone_with(&history.server.url("gitops.git"), options);
        let release = |tag: &str, source: &str| {
            history.stage.registry.put_image("org/web", tag, &Image::new());
            let image = format!("IMAGE_PLACEHOLDER={}/org/web:{tag}", history.stage.registry.address());
            tagship()
                .home(&history.stage.home)
                .current_dir(checkout.path())
                .env("GITHUB_ACTIONS", "true")
                .env("GITHUB_SERVER_URL", format!("http://{}", history.server.address()))
                .env("GITHUB_REPOSITORY", "gitops")
                .env("GITHUB_SHA", source)
                .args(["release", "--output", "json", "-k", FOLDER, &image])
        };
        history.server.requests();
        assert_eq!(outcome(release("build-1", &one)), "superseded", "{options:?}");
        let asked = history.server.requests().len();
        assert_eq!(asked, if options.is_empty() { 1 } else { 3 }, "{options:?}");
        let tag = format!("build-2.{}", options.len());
        assert_eq!(outcome(release(&tag, &two)), "released", "{options:?}");
    }
}

/// Two releases race; the older one loses the race and then finds out that it is the older one.
#[test]
fn order_is_asked_again_after_a_lost_race() {
    let history = History::new(None);
    let one = history.source("one", &[]);
    let two = history.source("two", &[&one]);
    history.release("build-0", &one).args(["--on-superseded", "allow"]).run().success();
    let script = format!(
        "[ -e raced ] && exit 0\ntouch raced\n\
         tree=$(git rev-parse main^{{tree}})\n\
         blob=$(git show main:{file} | sed 's/build-0/build-2/' | git hash-object -w --stdin)\n\
         export GIT_INDEX_FILE=race-index\ngit read-tree $tree\n\
         git update-index --cacheinfo 100644,$blob,{file}\n\
         message=$(git log -1 --format=%B main | sed 's/build-0/build-2/; s/{one}/{two}/')\n\
         unset GIT_QUARANTINE_PATH\n\
         commit=$(git -c user.name=r -c user.email=r@x commit-tree $(git write-tree) -p main -m \"$message\")\n\
         git update-ref refs/heads/main $commit\n",
        file = crate::stage::FILE,
    );
    // The hook runs before the ref is moved: the server then finds that another release was faster.
    history.stage.remote.hook(
        "pre-receive",
        &format!(
            "env -u GIT_OBJECT_DIRECTORY -u GIT_ALTERNATE_OBJECT_DIRECTORIES sh -c '{}'",
            script.replace('\'', "'\\''")
        ),
    );
    let output = history.release("build-1", &one).run().success();
    let document = document(&output);
    assert_eq!(document["outcome"], "superseded", "{document}");
    assert_eq!(document["attempts"], 2);
}

/// What was deployed by another tool before says nothing of its source, and its tag may be what `git describe` says.
#[test]
fn a_described_commit_is_not_a_version_before_its_tag() {
    let history = History::new(None);
    let (one, two) = (history.source("one", &[]), history.source("two", &[]));
    for (there, new) in [("v1.2.3-9-gabc1234", "v1.2.3-10-gdef5678"), ("v1.2.3", "v1.2.3-1-gdef5678")] {
        let by_hand = crate::stage::SEED.replace("b15411f387bb2a2286676b92a87fd85aa9b682a5", there);
        history.stage.remote.commit("main", "By hand", &[File::new(crate::stage::FILE, by_hand)]);
        assert_eq!(outcome(history.release(new, &one)), "released", "{new} after {there}");
    }
    let three = history.source("three", &[&two]);
    history.there("v1.0.0-f00d123", &two);
    assert_eq!(outcome(history.release("v1.0.0-abc1234", &three)), "released", "the newer commit");
    assert_eq!(outcome(history.release("v1.0.0-fffffff", &two)), "superseded", "the older commit");
}

/// Two environments may pull one image from registries of their own.
#[test]
fn one_name_and_another_image_in_each_file() {
    let history = History::new(None);
    let one = history.source("one", &[]);
    let two = history.source("two", &[&one]);
    let file = |environment: &str| {
        let name = format!("{}/{environment}/web", history.stage.registry.address());
        history.stage.registry.put_image(&format!("{environment}/web"), "build-1", &Image::new());
        history.stage.registry.put_image(&format!("{environment}/web"), "build-2", &Image::new());
        let text = format!("images:\n- name: web\n  newName: {name}\n  newTag: build-0\n");
        File::new(&format!("{environment}/kustomization.yaml"), text)
    };
    history.stage.remote.commit("main", "Environments", &[file("staging"), file("production")]);
    let release = |tag: &str, source: &str, folders: &[&str]| {
        let folders = folders.iter().flat_map(|folder| ["-k", folder]);
        let command = tagship()
            .home(&history.stage.home)
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_SERVER_URL", format!("http://{}", history.server.address()))
            .env("GITHUB_REPOSITORY", "gitops")
            .env("GITHUB_SHA", source)
            .args(["release", "--output", "json", "--branch", "main", "--repo", &history.server.url("gitops.git")]);
        outcome(command.args(folders).arg(format!("web=*:{tag}")))
    };
    assert_eq!(release("build-2", &two, &["staging", "production"]), "released");
    for folder in ["staging", "production"] {
        assert_eq!(release("build-1", &one, &[folder]), "superseded", "{folder}");
    }
}

/// A commit may be dated after those that were made on top of it.
#[test]
fn clocks_that_go_wrong() {
    let history = History::new(None);
    let remote = &history.stage.remote;
    let commit = |date: &str| {
        let arguments = ["commit-tree", "main^{tree}", "-p", "main", "-m", "Sources"];
        let id = remote.git(arguments).env("GIT_COMMITTER_DATE", date).run().success().stdout().trim().to_owned();
        remote.git(["update-ref", "refs/heads/main", &id]).run().success();
        id
    };
    let one = commit("2040-01-01T00:00:00Z");
    let two = commit("2026-01-01T00:00:00Z");
    let three = commit("1980-01-01T00:00:00Z");
    for (there, new, expected) in
        [(&one, &two, "released"), (&two, &one, "superseded"), (&two, &three, "released"), (&three, &one, "superseded")]
    {
        history.there("build-1", there);
        let document = document(&history.release("build-2", new).run().success());
        assert_eq!(document["outcome"], expected, "{document}");
        let is_apart = document["reason"].as_str().is_some_and(|reason| reason.contains("not built on top"));
        assert!(!is_apart, "{document}");
    }
}

/// What old tools have left in a history is nobody's fault now.
#[test]
fn a_commit_that_cannot_be_read_stops_nothing() {
    let history = History::new(None);
    let (one, remote) = (history.source("one", &[]), &history.stage.remote);
    let tree = remote.git(["rev-parse", "main^{tree}"]).run().success().stdout();
    let parent = remote.tip("main").unwrap();
    let begin = format!("tree {}\nparent {parent}\n", tree.trim());
    for (number, rest) in [
        "author A a@example.com 1 +0000\ncommitter A a@example.com 1 +0000\n\nNo brackets\n",
        "author A <a@example.com> then\ncommitter A <a@example.com> now\n\nNo dates\n",
        "author A <a@example.com> 1 +0000\ncommitter A <a@example.com> 1 +0000\n",
        "committer A <a@example.com> 1 +0000\nauthor A <a@example.com> 1 +0000\n\nThe other way around\n",
    ]
    .iter()
    .enumerate()
    {
        let arguments = ["hash-object", "-t", "commit", "--literally", "-w", "--stdin"];
        let id = remote.git(arguments).stdin(format!("{begin}{rest}")).run().success().stdout();
        remote.git(["update-ref", "refs/heads/main", id.trim()]).run().success();
        remote.commit("main", "Something else", &[File::new("notes", number.to_string())]);
        assert_eq!(outcome(history.release(&format!("build-{number}"), &one)), "released", "{rest}");
        let log = ["log", "--branch", "main", "-k", FOLDER, "--repo", &remote.file_url()].map(str::to_owned);
        tagship().home(&history.stage.home).args(log).run().success().stdout_has(&format!("build-{number}"));
    }
}

/// All entries of a release are built from one commit, so one question is enough; and a program at the other end of a pipe
/// that has refused an answer is gone.
#[test]
fn several_entries_and_a_commit_that_is_gone() {
    let history = History::new(None);
    let entries = "images:\n- name: web\n  newTag: a\n- name: api\n  newTag: a\n- name: job\n  newTag: a\n";
    history.stage.remote.commit("main", "Entries", &[File::new("apps/kustomization.yaml", entries)]);
    let folder = format!("file://{}", history.stage.remote.folder().display());
    let server = format!("http://{}", history.server.address());
    for url in [&folder, &server] {
        let release = |tag: &str, source: &str| {
            let images = ["web", "api", "job"].map(|name| format!("{name}=*:{tag}"));
            tagship()
                .home(&history.stage.home)
                .env("GITHUB_ACTIONS", "true")
                .env("GITHUB_SERVER_URL", url)
                .env("GITHUB_REPOSITORY", "gitops")
                .env("GITHUB_SHA", source)
                .args(["release", "--no-check", "--branch", "main", "-k", "apps", "--repo"])
                .arg(format!("{url}/gitops.git"))
                .args(images)
        };
        release("build-1", &"1".repeat(40)).args(["--on-superseded", "allow"]).run().success();
        history.server.requests();
        let output = release("build-2", &"2".repeat(40)).run().success();
        let notes = format!("{}{}", output.stdout(), output.stderr());
        assert_eq!(notes.matches("cannot tell whether `build-2` is newer than `build-1`").count(), 1, "{url}: {notes}");
        let requests = history.server.requests().len();
        assert!(requests <= 6, "{url}: {requests} requests");
    }
}

/// Who builds from ssh may have no key here, and who wrote the URL another case: that is no reason not to release.
#[test]
fn the_source_repository_by_another_url() {
    let history = History::new(None);
    let one = history.source("one", &[]);
    let two = history.source("two", &[&one]);
    let release = |tag: &str, source: &str, url: &str| {
        history.stage.registry.put_image("org/web", tag, &Image::new());
        let command = tagship().home(&history.stage.home).env("JENKINS_URL", "http://127.0.0.1:1/").env("GIT_URL", url);
        command
            .env("GIT_COMMIT", source)
            .env("GIT_SSH_COMMAND", "false")
            .args(["release", "--output", "json", "--branch", "main", "-k", FOLDER])
            .args(["--repo", &history.server.url("gitops.git")])
            .arg(format!("IMAGE_PLACEHOLDER={}/org/web:{tag}", history.stage.registry.address()))
    };
    let ssh = "git@127.0.0.1:org/app.git";
    release("build-2", &two, ssh).args(["--on-superseded", "allow"]).run().success();
    let output = release("build-1", &one, ssh).run().success();
    output.stderr_has("cannot tell whether `build-1` is newer than `build-2`");
    let shouted = history.server.url("GitOps.git");
    release("build-2", &two, &shouted).args(["--on-superseded", "allow"]).run().success();
    assert_eq!(outcome(release("build-1", &one, &shouted)), "superseded");
}
