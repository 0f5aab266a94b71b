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
    output.stderr_has("no order is known between `build-1` and `build-2`");
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
    output.stderr_has("no order is known between `by-hand` and `build-1`");
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
