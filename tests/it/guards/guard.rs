//! The guard against loops, on real histories: a run that releases started ends at once, and every other one goes on.

use crate::pipeline::document;
use crate::stage::{COMMIT, FILE, FOLDER, SEED, Stage};
use crate::support::command::{Command, Home};
use crate::support::git_server::{Access, GitServer};
use crate::support::login::Login;
use crate::support::registry::Image;
use crate::support::repository::{Checkout, Contents, File, Mode, Remote};

/// A stage whose release branch has a release on it.
struct Released {
    stage: Stage,
    server: GitServer,
    seed: String,
    release: String,
    /// The release's message, byte by byte.
    message: String,
    /// The repository as it was then.
    contents: Contents,
}

impl Released {
    fn new() -> Self {
        let stage = Stage::new();
        let server = GitServer::start(stage.remote.folder(), Access::Open);
        let seed = stage.remote.tip("main").unwrap();
        stage.release().arg(stage.argument()).run().success();
        let release = stage.remote.tip("main").unwrap();
        let message = stage.remote.log("main")[0].message.clone();
        let contents = stage.remote.contents();
        Self { stage, server, seed, release, message, contents }
    }

    /// Returns a copy of the repository as it was after the release, beside the same registry.
    fn again(&self) -> Self {
        let remote = Remote::copy(&self.contents, "gitops");
        let server = GitServer::start(remote.folder(), Access::Open);
        let registry = self.stage.registry.clone();
        let stage = Stage { home: Home::new(), registry, remote, digest: self.stage.digest.clone() };
        let (seed, release, message) = (self.seed.clone(), self.release.clone(), self.message.clone());
        Self { stage, server, seed, release, message, contents: self.contents.clone() }
    }

    /// Adds a commit to `main`, or to another branch.
    fn commit(&self, branch: &str, message: &str, files: &[File]) -> String {
        self.stage.remote.commit(branch, message, files)
    }

    /// Puts `main` at a commit, as a file: a process of git for it would be the tenth part of a history. Returns the commit.
    fn put_main(&self, commit: &str) -> String {
        std::fs::write(self.stage.remote.path().join("refs/heads/main"), format!("{commit}\n")).unwrap();
        commit.to_owned()
    }

    /// Makes a commit of a tree with any parents, and puts `main` there.
    fn commit_of(&self, tree: &str, parents: &[&str], message: &str) -> String {
        let tree = format!("{tree}^{{tree}}");
        let parents = parents.iter().flat_map(|parent| ["-p", parent]);
        let arguments = ["commit-tree", &tree].into_iter().chain(parents);
        let id = self.stage.remote.git(arguments).stdin(message).run().success().stdout();
        self.put_main(id.trim())
    }

    /// Returns a command as GitLab runs it for a push to `main`.
    fn in_ci(&self, command: Command, push: &Push) -> Command {
        Self::in_ci_of(&self.server.url("gitops"), command, push)
    }

    /// Does so for the project at a URL.
    fn in_ci_of(project: &str, command: Command, push: &Push) -> Command {
        let command = command
            .env("GITLAB_CI", "true")
            .env("CI_PROJECT_PATH", "gitops")
            .env("CI_PROJECT_URL", project)
            .env("CI_COMMIT_SHA", &push.commit)
            .env("CI_COMMIT_BEFORE_SHA", push.before.as_deref().unwrap_or(NONE));
        push.variables.iter().fold(command, |command, (name, value)| command.env(*name, *value))
    }

    fn guard(&self) -> Command {
        self.stage.tagship().args(["guard", "--output", "json"]).current_dir(self.stage.home.path())
    }

    /// Returns a checkout of `main` whose remote is the server.
    fn checkout(&self, options: &[&str]) -> Checkout {
        let checkout = Checkout::clone_with(&self.stage.remote.file_url(), options);
        checkout.git(["remote", "set-url", "origin", &self.server.url("gitops.git")]).run().success();
        checkout
    }

    fn lines(&self) -> Vec<String> {
        self.server.requests().iter().map(|request| request.logged.line()).collect()
    }
}

/// The head branch of a request to main.
const HEAD: &str = "tagship/main/4-gitops-manifests-web";

const PROPOSED: [&str; 5] = ["--branch", HEAD, "--create-branch", "--base", "main"];

impl Released {
    /// Releases to a head branch, and lets the base go on. Returns the stage as it is then.
    fn proposed(&self) -> Self {
        let on = self.again();
        let release = on.stage.release().args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"]);
        release.args(PROPOSED).run().success();
        on.with_a_page_upon();
        Self { contents: on.stage.remote.contents(), ..on }
    }

    /// Returns the tips of base and head.
    fn tips(&self) -> (String, String) {
        (self.stage.remote.tip("main").unwrap(), self.stage.remote.tip(HEAD).unwrap())
    }

    fn with_a_page_upon(&self) -> (String, String) {
        self.commit("main", "Add a page", &[page()]);
        self.tips()
    }

    /// Merges another branch into the head branch, as a forge brings a request up to date. Returns the tips.
    fn updated(&self, with: &str) -> (String, String) {
        let tree = self.merged(HEAD, with);
        let merge = ["commit-tree", &tree, "-p", HEAD, "-p", with, "-m", "Merge branch 'main' into web"];
        let merge = self.stage.remote.git(merge).run().success().stdout();
        self.stage.remote.git(["update-ref", &format!("refs/heads/{HEAD}"), merge.trim()]).run().success();
        self.tips()
    }

    fn title_of(&self, commit: &str) -> String {
        self.stage.remote.git(["log", "-1", "--format=%s", commit]).run().success().stdout().trim().to_owned()
    }

    fn message_of(&self, commit: &str) -> String {
        self.stage.remote.git(["log", "-1", "--format=%B", commit]).run().success().stdout()
    }

    /// Returns the tree of a merge.
    fn merged(&self, base: &str, head: &str) -> String {
        self.stage.remote.git(["merge-tree", "--write-tree", base, head]).run().success().stdout().trim().to_owned()
    }

    /// Makes a commit of a tree on `base`, as a forge does it for a person.
    fn committed_by_a_forge(&self, tree: &str, base: &str, message: &str) -> String {
        let tree = format!("{tree}^{{tree}}");
        let commit = self.stage.remote.git(["commit-tree", &tree, "-p", base]).env("GIT_COMMITTER_NAME", "Forge");
        self.put_main(commit.stdin(message).run().success().stdout().trim())
    }

    /// Makes the commit `head` again on `base`, as a forge rebases it: with its message, and with the time of its author.
    fn made_again(&self, tree: &str, base: &str, head: &str) -> String {
        let message = self.message_of(head);
        let tree = format!("{tree}^{{tree}}");
        let commit = self.stage.remote.git(["commit-tree", &tree, "-p", base]);
        let id = commit.env("GIT_AUTHOR_DATE", "@1700000000 +0000").stdin(message).run().success().stdout();
        self.put_main(id.trim())
    }
}

/// What GitLab writes if there is no commit.
const NONE: &str = "0000000000000000000000000000000000000000";

const ON_MAIN: &[(&str, &str)] = &[("CI_COMMIT_BRANCH", "main"), ("CI_PIPELINE_SOURCE", "push")];

/// A push as a CI system tells of it.
struct Push {
    commit: String,
    before: Option<String>,
    variables: &'static [(&'static str, &'static str)],
}

fn push(commit: impl Into<String>, before: Option<&str>) -> Push {
    Push { commit: commit.into(), before: before.map(str::to_owned), variables: ON_MAIN }
}

fn page() -> File {
    File::new("index.html", "<p>")
}

/// Returns the file as a release of another tag makes it.
fn edited(on: &Released) -> File {
    File::new(FILE, on.stage.released().replace(COMMIT, "v2"))
}

/// Returns the message of that release.
fn told(on: &Released) -> String {
    on.message.replace(COMMIT, "v2")
}

/// What it is, how it comes about, and whether the run of its push is a release's own.
type History = (&'static str, fn(&Released) -> Push, bool);

const HISTORIES: &[History] = &[
    ("a release", |on| push(&on.release, Some(&on.seed)), true),
    ("a release, and no word of where the branch stood", |on| push(&on.release, None), false),
    (
        "two releases in one push",
        |on| {
            on.stage.registry.put_image("jakousa/dwk-4-gitops-app", "v2", &Image::new());
            on.stage.release().arg("IMAGE_PLACEHOLDER=*:v2").run().success();
            push(on.stage.remote.tip("main").unwrap(), Some(&on.seed))
        },
        true,
    ),
    ("a person's commit", |on| push(on.commit("main", "Add a page", &[page()]), Some(&on.release)), false),
    (
        "a release upon a person's commit, in one push",
        |on| {
            on.commit("main", "Add a page", &[page()]);
            push(on.commit("main", &told(on), &[edited(on)]), Some(&on.release))
        },
        false,
    ),
    (
        "a release upon a person's commit, which was pushed before",
        |on| {
            let page = on.commit("main", "Add a page", &[page()]);
            push(on.commit("main", &told(on), &[edited(on)]), Some(&page))
        },
        true,
    ),
    (
        "a release that was rebased",
        |on| {
            on.commit_of(&on.seed, &[&on.seed], "Begin again");
            let base = on.stage.remote.tip("main").unwrap();
            push(on.commit("main", &told(on), &[edited(on)]), Some(&base))
        },
        true,
    ),
    (
        "line ends of Windows",
        |on| push(on.commit("main", &told(on).replace('\n', "\r\n"), &[edited(on)]), Some(&on.release)),
        true,
    ),
    (
        "amended, with its trailers",
        |on| push(on.commit_of(&on.release, &[&on.seed], &on.message.replace("Release", "Reword")), Some(&on.seed)),
        true,
    ),
    (
        "amended, without its trailers",
        |on| push(on.commit_of(&on.release, &[&on.seed], "Reword"), Some(&on.seed)),
        false,
    ),
    ("reverted", |on| push(on.commit_of(&on.seed, &[&on.release], "Revert \"Release\""), Some(&on.release)), false),
    (
        "squashed with a person's work",
        |on| push(on.commit("main", &told(on), &[edited(on), page()]), Some(&on.release)),
        false,
    ),
    (
        "squashed with a commit that left nothing, whose message goes on",
        |on| push(on.commit("main", &format!("{}\n* Fix it\n", told(on)), &[edited(on)]), Some(&on.release)),
        true,
    ),
    (
        "a copied message, and another entry",
        |on| {
            let entries = |tag: &str| on.stage.released() + &format!("- name: api\n  newTag: {tag}\n");
            let before = on.commit("main", "Add api", &[File::new(FILE, entries("v1"))]);
            push(on.commit("main", &on.message, &[File::new(FILE, entries("v2"))]), Some(&before))
        },
        false,
    ),
    (
        "amended, and one more line of the file",
        |on| {
            let text = on.stage.released() + "namePrefix: x-\n";
            on.put_main(&on.seed);
            push(on.commit("main", &on.message, &[File::new(FILE, text)]), Some(&on.seed))
        },
        false,
    ),
    (
        "a release that writes a comment",
        |on| {
            let text = "images:\n- name: web\n  newTag: v1 # now\n";
            let before = on.commit("main", "Begin again", &[File::new(FILE, text)]);
            let release = on.stage.release().args(["--no-check", "--branch", "main", "--comment", "{tag}", "web=*:v2"]);
            release.run().success();
            push(on.stage.remote.tip("main").unwrap(), Some(&before))
        },
        true,
    ),
    ("a copied message", |on| push(on.commit("main", &on.message, &[page()]), Some(&on.release)), false),
    (
        "a copied message that names another file",
        |on| {
            let before = on.commit("main", "Add a page", &[page(), File::new("service.json", "{\"port\": 1}")]);
            let named = on.message.trim_end().to_owned() + "\nTagship-File: index.html\nTagship-File: service.json\n";
            let files = [File::new("index.html", "<p>more"), File::new("service.json", "{\"port\": 2}")];
            push(on.commit("main", &named, &files), Some(&before))
        },
        false,
    ),
    (
        "a release of files of other kinds",
        |on| {
            let values = "image:\n  repository: org/web\n  tag: &tag v1\njob:\n  image:\n    repository: org/job\n    tag: *tag\n";
            let pods = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - {name: web, image: org/web:v1}\n";
            let marked = "image: org/web:v1 # {\"$imagepolicy\": \"flux-system:web\"}\n";
            let texts = [
                ("values.yaml", values),
                ("pods.yaml", pods),
                ("marked.yaml", marked),
                ("Chart.yaml", "appVersion: v1\n"),
            ];
            let before = on.commit("main", "Add files", &texts.map(|(path, text)| File::new(path, text)));
            for (file, argument) in [
                ("values.yaml", "image=*:v2"),
                ("values.yaml", ".image=*:v3"),
                ("values.yaml", "image.tag=org/web:v4"),
                ("pods.yaml", "Pod/a/web=*:v2"),
                ("pods.yaml", ".spec.containers[0].image=*:v3"),
                ("marked.yaml", "flux-system:web=*:v2"),
                ("Chart.yaml", ".appVersion=org/web:v2"),
            ] {
                let release = on.stage.tagship().args(["release", "--no-check", "--branch", "main", "--repo"]);
                release.arg(on.stage.remote.file_url()).args(["-f", file, argument]).run().success();
            }
            push(on.stage.remote.tip("main").unwrap(), Some(&before))
        },
        true,
    ),
    (
        "a mode that changed too",
        |on| push(on.commit("main", &told(on), &[edited(on).mode(Mode::Executable)]), Some(&on.release)),
        false,
    ),
    (
        "a kustomization that is new",
        |on| push(on.commit("main", &on.message, &[File::new("new/kustomization.yaml", SEED)]), Some(&on.release)),
        false,
    ),
    (
        "a folder that came, and is called so",
        |on| push(on.commit("main", &on.message, &[File::new("kustomization.yaml/x", SEED)]), Some(&on.release)),
        false,
    ),
    ("nothing changed", |on| push(on.commit_of(&on.release, &[&on.release], &on.message), Some(&on.release)), false),
    ("a merge", |on| push(on.commit_of(&on.release, &[&on.seed, &on.release], &on.message), Some(&on.seed)), true),
    (
        "a merge of a promotion",
        |on| {
            on.commit("main", "Add production", &[File::new("prod/kustomization.yaml", SEED)]);
            let url = on.stage.remote.file_url();
            let promote = on.stage.tagship().args(["promote", "--repo", &url, "--from", FOLDER, "--to", "prod"]);
            promote.args(["--no-check"]).args(PROPOSED).run().success();
            let (base, head) = on.with_a_page_upon();
            push(on.commit_of(&on.merged(&base, &head), &[&base, &head], "Merge"), Some(&base))
        },
        true,
    ),
    (
        "a merge of a person's commit, and a release upon it",
        |on| {
            on.stage.remote.git(["branch", HEAD, "main"]).run().success();
            on.commit(HEAD, "Tune it", &[File::new("README.md", "more")]);
            on.stage.release().args(["--no-check", "--branch", HEAD, "IMAGE_PLACEHOLDER=*:v2"]).run().success();
            let (base, head) = on.with_a_page_upon();
            push(on.commit_of(&on.merged(&base, &head), &[&base, &head], "Merge"), Some(&base))
        },
        false,
    ),
    ("the first commit", |on| push(on.commit_of(&on.release, &[], &on.message), None), false),
    (
        "a history that has diverged",
        |on| {
            let elsewhere = on.commit("elsewhere", "Begin elsewhere", &[page()]);
            push(&on.release, Some(&elsewhere))
        },
        false,
    ),
    ("a branch that was put back", |on| push(&on.seed, Some(&on.release)), false),
    ("a run that was started again by hand", |on| push(&on.release, Some(&on.release)), false),
    (
        "a schedule",
        |on| Push {
            variables: &[("CI_COMMIT_BRANCH", "main"), ("CI_PIPELINE_SOURCE", "schedule")],
            ..push(&on.release, None)
        },
        false,
    ),
    ("a tag", |on| Push { variables: &[("CI_COMMIT_TAG", "v1")], ..push(&on.release, None) }, false),
    ("a merge request", |on| Push { variables: &[("CI_MERGE_REQUEST_IID", "7")], ..push(&on.release, None) }, false),
];

/// Histories that begin with a release on a branch of its own, which is proposed for `main`.
const OF_PROPOSALS: &[History] = &[
    (
        "a merge of a release",
        |on| {
            let (base, head) = on.tips();
            push(on.commit_of(&on.merged(&base, &head), &[&base, &head], "Merge pull request #1"), Some(&base))
        },
        true,
    ),
    (
        "a merge that changes another file too",
        |on| {
            let (base, head) = on.tips();
            on.commit_of(&on.merged(&base, &head), &[&base], "Merge");
            let more = on.commit("main", "More", &[File::new("README.md", "more")]);
            push(on.commit_of(&more, &[&base, &head], "Merge"), Some(&base))
        },
        false,
    ),
    (
        "a merge of a release and a person's commit upon it",
        |on| {
            let (base, _) = on.tips();
            let head = on.commit(HEAD, "Tune it", &[File::new("README.md", "more")]);
            push(on.commit_of(&on.merged(&base, &head), &[&base, &head], "Merge"), Some(&base))
        },
        false,
    ),
    (
        "a merge of a squash with the title alone, and nothing is left of its head branch",
        |on| {
            let (base, head) = on.tips();
            let squash = on.commit_of(&head, &[&on.release], &on.title_of(&head));
            on.stage.remote.git(["branch", "-D", HEAD]).run().success();
            push(
                on.commit_of(&on.merged(&base, &squash), &[&base, &squash], "Merge branch 'web' into 'main'"),
                Some(&base),
            )
        },
        true,
    ),
    (
        "a merge of a squash with the title alone, and one more line of the file",
        |on| {
            let (base, head) = on.tips();
            let file = String::from_utf8(on.stage.remote.file(HEAD, FILE)).unwrap() + "namePrefix: x-\n";
            let squash = on.commit("main", &on.title_of(&head), &[File::new(FILE, file)]);
            push(on.commit_of(&squash, &[&base, &squash], "Merge branch 'web' into 'main'"), Some(&base))
        },
        false,
    ),
    (
        "a merge of a person's commit and a squash with the title alone",
        |on| {
            let (base, head) = on.tips();
            let page = on.commit("main", "Add a file", &[File::new("README.md", "more")]);
            let squash = on.commit_of(&on.merged(&page, &head), &[&page], &on.title_of(&head));
            push(on.commit_of(&squash, &[&base, &squash], "Merge branch 'web' into 'main'"), Some(&base))
        },
        false,
    ),
    (
        "a merge of a head branch that was brought up to date",
        |on| {
            let (base, head) = on.updated("main");
            push(on.commit_of(&head, &[&base, &head], "Merge pull request #1"), Some(&base))
        },
        true,
    ),
    (
        "a merge of a head branch that was brought up to date twice, and is behind again",
        |on| {
            on.updated("main");
            on.commit("main", "Another page", &[File::new("other.html", "<p>")]);
            on.updated("main");
            let base = on.commit("main", "A third page", &[File::new("third.html", "<p>")]);
            let (_, head) = on.tips();
            push(on.commit_of(&on.merged(&base, &head), &[&base, &head], "Merge pull request #1"), Some(&base))
        },
        true,
    ),
    (
        "a merge of a head branch into which other work was merged",
        |on| {
            let work = on.commit("main", "Work", &[File::new("README.md", "more")]);
            on.stage.remote.git(["branch", "topic", &work]).run().success();
            let (base, head) = on.updated("topic");
            let before = on.stage.remote.git(["rev-parse", "main~1"]).run().success().stdout().trim().to_owned();
            assert_eq!(base, work);
            on.put_main(&before);
            push(on.commit_of(&head, &[&before, &head], "Merge pull request #1"), Some(&before))
        },
        false,
    ),
    (
        "a merge of a head branch that was brought up to date with an edit by hand",
        |on| {
            let (base, head) = on.updated("main");
            let file = String::from_utf8(on.stage.remote.file(HEAD, FILE)).unwrap() + "namePrefix: x-\n";
            on.put_main(&head);
            let edited = on.commit("main", "Tree", &[File::new(FILE, file)]);
            let parents = [on.stage.remote.git(["rev-parse", &format!("{head}^1")]).run().success().stdout()];
            let head = on.commit_of(&edited, &[parents[0].trim(), &base], "Merge branch 'main' into web");
            push(on.commit_of(&head, &[&base, &head], "Merge pull request #1"), Some(&base))
        },
        false,
    ),
    (
        "a squash with a title of its own of a head branch that was brought up to date",
        |on| {
            let (base, head) = on.updated("main");
            push(on.commit_of(&head, &[&base], "A title of its own (#1)"), Some(&base))
        },
        true,
    ),
    (
        "a rebase",
        |on| {
            let (base, head) = on.tips();
            push(on.made_again(&on.merged(&base, &head), &base, &head), Some(&base))
        },
        true,
    ),
    (
        "a rebase that sets the entry to something else",
        |on| {
            let (base, head) = on.tips();
            let other = on.commit("main", "Other", &[File::new(FILE, SEED.replace("b15411f3", "c15411f3"))]);
            push(on.made_again(&other, &base, &head), Some(&base))
        },
        false,
    ),
    (
        "a squash whose message goes on, and nothing is left of its head branch",
        |on| {
            let (base, head) = on.tips();
            let message = format!("Merged PR 1: {}\n\nRelated work items: #12\n", on.message_of(&head).trim_end());
            on.stage.remote.git(["branch", "-D", HEAD]).run().success();
            push(on.commit_of(&on.merged(&base, &head), &[&base], &message), Some(&base))
        },
        true,
    ),
    (
        "a squash with a person's edit of the file, whose message goes on",
        |on| {
            let (base, head) = on.tips();
            let message = format!("{}\n\n* Add a prefix\n", on.message_of(&head).trim_end());
            let file = String::from_utf8(on.stage.remote.file(HEAD, FILE)).unwrap() + "namePrefix: x-\n";
            push(on.commit("main", &message, &[File::new(FILE, file)]), Some(&base))
        },
        false,
    ),
    (
        "a squash with the title alone",
        |on| {
            let (base, head) = on.tips();
            push(on.commit_of(&on.merged(&base, &head), &[&base], "Release web:v2 (#1)"), Some(&base))
        },
        true,
    ),
    (
        "a squash with the title alone, whose head branch was deleted and is kept as a request",
        |on| {
            let (base, head) = on.tips();
            on.stage.remote.git(["update-ref", "refs/pull/1/head", &head]).run().success();
            on.stage.remote.git(["branch", "-D", HEAD]).run().success();
            push(on.commit_of(&on.merged(&base, &head), &[&base], "A title of its own (#1)"), Some(&base))
        },
        true,
    ),
    (
        "a squash with the title alone, and nothing is left of its head branch",
        |on| {
            let (base, head) = on.tips();
            on.stage.remote.git(["branch", "-D", HEAD]).run().success();
            push(on.commit_of(&on.merged(&base, &head), &[&base], &format!("{} (#1)", on.title_of(&head))), Some(&base))
        },
        true,
    ),
    (
        "a squash with the title of Azure DevOps",
        |on| {
            let (base, head) = on.tips();
            push(on.commit_of(&on.merged(&base, &head), &[&base], "Merged PR 1: Deploy web"), Some(&base))
        },
        true,
    ),
    (
        "a squash with the title of Bitbucket",
        |on| {
            let (base, head) = on.tips();
            let title = format!("Merged in {HEAD} (pull request #1)\n\nDeploy web\n\nApproved-by: Bob\n");
            push(on.commit_of(&on.merged(&base, &head), &[&base], &title), Some(&base))
        },
        true,
    ),
    (
        "a squash that names its request of GitLab, which is all that is left of the head branch",
        |on| {
            let (base, head) = on.tips();
            on.stage.remote.git(["update-ref", "refs/merge-requests/7/head", &head]).run().success();
            on.stage.remote.git(["branch", "-D", HEAD]).run().success();
            let message = "Deploy web\n\nSee merge request org/config!7\n";
            push(on.commit_of(&on.merged(&base, &head), &[&base], message), Some(&base))
        },
        true,
    ),
    (
        "a squash with the title of Azure DevOps, and nothing is left of its head branch",
        |on| {
            let (base, head) = on.tips();
            on.stage.remote.git(["branch", "-D", HEAD]).run().success();
            let title = format!("Merged PR 1: {}", on.title_of(&head));
            push(on.commit_of(&on.merged(&base, &head), &[&base], &title), Some(&base))
        },
        true,
    ),
    (
        "a squash with the title of Bitbucket, and nothing is left of its head branch",
        |on| {
            let (base, head) = on.tips();
            on.stage.remote.git(["branch", "-D", HEAD]).run().success();
            let title = format!("Merged in web (pull request #1)\n\n{}\n\nApproved-by: Bob\n", on.title_of(&head));
            push(on.commit_of(&on.merged(&base, &head), &[&base], &title), Some(&base))
        },
        true,
    ),
    (
        "a squash with a title of its own, which a forge committed for its author",
        |on| {
            let (base, head) = on.tips();
            push(on.committed_by_a_forge(&on.merged(&base, &head), &base, "Deploy web"), Some(&base))
        },
        true,
    ),
    (
        "a commit of a person to a file that a head branch proposes, which a forge committed",
        |on| {
            let (base, _) = on.tips();
            let edited = on.commit("main", "Tree", &[File::new(FILE, SEED.replace("b15411f3", "c15411f3"))]);
            push(on.committed_by_a_forge(&edited, &base, "Deploy web"), Some(&base))
        },
        false,
    ),
    (
        "a squash with another title, and nothing is left of its head branch",
        |on| {
            let (base, head) = on.tips();
            on.stage.remote.git(["branch", "-D", HEAD]).run().success();
            push(on.commit_of(&on.merged(&base, &head), &[&base], "Release web:v9 (#1)"), Some(&base))
        },
        false,
    ),
    (
        "a squash with the title alone, and one more line of the file",
        |on| {
            let (base, _) = on.tips();
            let file = String::from_utf8(on.stage.remote.file(HEAD, FILE)).unwrap() + "namePrefix: x-\n";
            push(on.commit("main", "Release web:v2 (#1)", &[File::new(FILE, file)]), Some(&base))
        },
        false,
    ),
];

/// Whole, shallow, or not there at all: the checkout changes nothing but the cost. All is on disk: what a request over HTTP
/// changes is for the tests below.
#[test]
fn only_releases_are_guarded_against() {
    let first = Released::new();
    let proposed = first.proposed();
    let histories = HISTORIES.iter().map(|history| (&first, history));
    for (begin, (what, history, is_own)) in histories.chain(OF_PROPOSALS.iter().map(|history| (&proposed, history))) {
        let released = begin.again();
        let push = history(&released);
        let project = format!("file://{}/gitops", released.stage.remote.folder().display());
        let expected = if *is_own { "\"outcome\":\"skipped\"" } else { "\"outcome\":\"proceed\"" };
        let guard = |place: &str, command: Command| {
            let output = Released::in_ci_of(&project, command, &push).run().success();
            assert!(output.stdout().contains(expected), "{what}, {place}: {}{}", output.stdout(), output.stderr());
        };
        guard("without a checkout", released.guard());
        // A whole one is made of a path, which copies the objects without packing them.
        let (path, url) = (released.stage.remote.path().display().to_string(), released.stage.remote.file_url());
        for (place, url, options) in [("whole", &path, &[][..]), ("shallow", &url, &["--depth", "1"])] {
            let checkout = Checkout::clone_with(url, options);
            guard(place, released.guard().current_dir(checkout.path()));
        }
    }
}

/// As many commits of a request are looked at as of a push: 50.
#[test]
fn a_merge_of_more_releases_than_are_looked_at() {
    let first = Released::new();
    for (releases, expected) in [(50, "\"outcome\":\"skipped\""), (51, "\"outcome\":\"proceed\"")] {
        let on = first.again();
        on.stage.remote.git(["branch", HEAD, "main"]).run().success();
        // One message is true of each of them.
        let said = |image: &str| format!("Tagship-Image: IMAGE_PLACEHOLDER={image}:{COMMIT}\n");
        let message =
            format!("Release\n\n{}{}Tagship-File: {FILE}\nTagship-Version: 0.1.0\n", said("org/even"), said("org/odd"));
        let name = |number| if number % 2 == 0 { "org/even" } else { "org/odd" };
        let edit = |number| File::new(FILE, on.stage.released().replace(&on.stage.image(), name(number)));
        on.stage.remote.commit_each(HEAD, &message, (0..releases).map(edit));
        let (base, head) = on.with_a_page_upon();
        let push = push(on.commit_of(&on.merged(&base, &head), &[&base, &head], "Merge"), Some(&base));
        let checkout = Checkout::clone_with(&on.stage.remote.path().display().to_string(), &[]);
        let guard = on.in_ci(on.guard().current_dir(checkout.path()), &push);
        guard.run().success().stdout_has(expected);
    }
}

/// A host can be late: the commit is asked for again and again before the run goes on.
#[test]
fn a_commit_that_is_not_there_is_waited_for() {
    let released = Released::new();
    let push = push("1".repeat(40), Some(&released.seed));
    released.lines();
    let output = released.in_ci(released.guard(), &push).run().success().stdout_has("\"outcome\":\"proceed\"");
    assert!(!output.stderr().contains("cannot be reached"), "it answers: {}", output.stderr());
    output.stderr_has("does not send what was asked for: it says: ").stderr_has("not our ref");
    assert!(released.lines().len() > 2, "it was asked for once");
}

/// If nothing names the repository that is built, a commit that the release's does not have is of another one.
#[test]
fn a_commit_of_a_repository_that_is_not_named() {
    let released = Released::new();
    released.lines();
    let run = released.guard().args(["--repo", &released.server.url("gitops.git")]);
    let run = run.env("JENKINS_URL", "http://ci.example/").env("GIT_BRANCH", "origin/main");
    let run = run.env("GIT_PREVIOUS_COMMIT", &released.seed);
    let output = run.clone().env("GIT_COMMIT", "1".repeat(40)).run().success();
    assert_eq!(output.stdout_has("\"outcome\":\"proceed\"").stderr(), "");
    assert_eq!(released.lines().len(), 2, "it was asked for again");
    // One that it has is judged.
    run.env("GIT_COMMIT", &released.release).run().success().stdout_has("\"outcome\":\"skipped\"");
}

/// What may be a release, and is not proved to be one, goes on and is told.
#[test]
fn a_squash_that_nothing_tells() {
    let released = Released::new();
    let base = released.release.clone();
    let push = |title: &str, file: File| push(released.commit("main", title, &[file]), Some(&base));
    let note = "nothing tells whether that was a release";
    let output = released.in_ci(released.guard(), &push("Bump web (#1)", edited(&released))).run().success();
    let output = output.stdout_has(r#""level":"warning""#);
    assert!(output.stdout().contains("proceed") && output.stdout().contains(note), "{}", output.stdout());
    let output = released.in_ci(released.guard(), &push("Add a page (#2)", page())).run().success();
    assert!(output.stdout().contains("proceed") && !output.stdout().contains(note), "{}", output.stdout());
}

/// git allows names that cannot be typed as a path, and a release writes what is there if a pattern finds it.
#[test]
fn a_squash_in_a_folder_whose_name_cannot_be_typed() {
    let released = Released::new();
    let file = |tag: &str| {
        let text = format!("images:\n- name: web\n  newName: org/web\n  newTag: {tag}\n");
        File::new("apps/a\\b/kustomization.yaml", text)
    };
    let base = released.commit("main", "An application", &[file("v1")]);
    let squash = push(released.commit("main", "Release org/web:v2 (#1)", &[file("v2")]), Some(&base));
    let output = released.in_ci(released.guard(), &squash).run().success();
    output.stdout_has(r#""outcome":"skipped""#);
}

/// The commit and its parent come whole, as a release's do on such a server. A shallow checkout has the commit alone.
#[test]
fn a_server_without_partial_fetches() {
    for kind in ["old", "without filters", "refusing"] {
        let released = Released::new();
        match kind {
            "old" => released.server.disable_protocol_v2(),
            "without filters" => released.stage.remote.configure("uploadpack.allowFilter", "false"),
            _ => released.stage.remote.refuse_filters(&["blob:none", "tree"]),
        }
        let own = push(&released.release, Some(&released.seed));
        let shallow = released.checkout(&["--depth", "1"]);
        let skipped = format!("skipped: this run was started by tagship's own commit {}\n", &released.release[..7]);
        for guard in [released.guard(), released.guard().current_dir(shallow.path())] {
            assert_eq!(released.in_ci(guard, &own).run().success().stdout_has("skipped").stderr(), skipped);
        }
        let copy = push(released.commit("main", &released.message, &[page()]), Some(&released.release));
        assert_eq!(released.in_ci(released.guard(), &copy).run().success().stdout_has("proceed").stderr(), "");
    }
}

/// A squash is told by its head branch, whose commits come whole too.
#[test]
fn squashes_at_a_server_without_partial_fetches() {
    let on = Released::new().proposed();
    on.stage.remote.configure("uploadpack.allowFilter", "false");
    let (base, head) = on.tips();
    let squash = |title: &str| push(on.commit_of(&on.merged(&base, &head), &[&base], title), Some(&base));
    let expect = |push: &Push, outcome: &str| {
        let shallow = on.checkout(&["--depth", "1"]);
        let on_disk = format!("file://{}/gitops", on.stage.remote.folder().display());
        for guard in [
            on.in_ci(on.guard(), push),
            on.in_ci(on.guard().current_dir(shallow.path()), push),
            Released::in_ci_of(&on_disk, on.guard(), push),
        ] {
            guard.run().success().stdout_has(&format!(r#""outcome":"{outcome}""#));
        }
    };
    expect(&squash("A title of its own (#1)"), "skipped");
    let file = String::from_utf8(on.stage.remote.file(HEAD, FILE)).unwrap() + "namePrefix: x-\n";
    let edited = push(on.commit("main", "A title of its own (#1)", &[File::new(FILE, file)]), Some(&base));
    expect(&edited, "proceed");
}

/// The pipeline of a push starts another one with what was pushed; one that a person started tells no push.
#[test]
fn a_child_pipeline_is_of_the_push_of_its_parent() {
    let released = Released::new();
    for (before, expected) in [(Some(released.seed.as_str()), "skipped"), (None, "proceed")] {
        let push = push(&released.release, before);
        let guard = released.in_ci(released.guard(), &push).env("CI_PIPELINE_SOURCE", "parent_pipeline");
        guard.run().success().stdout_has(expected);
    }
}

/// Without a word of where the branch stood, the commit that was built ends the push, and is not one of the releases.
#[test]
fn releases_alone_are_counted() {
    let stage = Stage::new();
    let seed = stage.remote.tip("main").unwrap();
    stage.release().args([&stage.argument(), "--source", &format!("org/gitops@{seed}")]).run().success();
    let release = stage.remote.tip("main").unwrap();
    let guard = stage.tagship().arg("guard").current_dir(stage.home.path()).env("CIRCLECI", "true");
    let guard = guard.env("CIRCLE_SHA1", &release).env("CIRCLE_BRANCH", "main");
    let output = guard.env("CIRCLE_REPOSITORY_URL", stage.remote.file_url()).run().success();
    output.stdout_has(&format!("tagship's own commit {}", &release[..7]));
}

#[test]
fn a_checkout_without_trees() {
    let released = Released::new();
    let guard = |push: &Push| {
        let checkout = released.checkout(&["--no-checkout", "--filter", "tree:0"]);
        released.in_ci(released.guard().current_dir(checkout.path()), push).run().success()
    };
    guard(&push(&released.release, Some(&released.seed))).stdout_has("skipped");
    let copy = push(released.commit("main", &released.message, &[page()]), Some(&released.release));
    guard(&copy).stdout_has("proceed");
}

/// An ordinary commit that is checked out costs nothing, and a release what its proof needs.
#[test]
fn what_it_costs() {
    let released = Released::new();
    let own = push(&released.release, Some(&released.seed));
    let (info, fetch) = ("GET /gitops.git/info/refs 200", "POST /gitops.git/git-upload-pack 200");
    let shallow = released.checkout(&["--depth", "1"]);
    let whole = released.checkout(&[]);
    let requests = |command: Command, push: &Push| {
        released.lines();
        released.in_ci(command, push).run().success();
        released.lines()
    };
    assert_eq!(requests(released.guard().current_dir(whole.path()), &own), Vec::<String>::new());
    // The parent, then its trees along the path, and both files.
    let expected = [info, fetch, fetch, fetch, fetch, fetch];
    assert_eq!(requests(released.guard().current_dir(shallow.path()), &own), expected);
    assert_eq!(requests(released.guard(), &own), expected);
    let ordinary = push(released.commit("main", "Add a page", &[page()]), Some(&released.release));
    let shallow = released.checkout(&["--depth", "1"]);
    assert_eq!(requests(released.guard().current_dir(shallow.path()), &ordinary), Vec::<String>::new());
    assert_eq!(requests(released.guard(), &ordinary), [info, fetch]);
    // An edit of a file that a request may propose: which head branches there are.
    let edit = push(released.commit("main", "Edit", &[edited(&released)]), Some(&ordinary.commit));
    let whole = released.checkout(&[]);
    assert_eq!(requests(released.guard().current_dir(whole.path()), &edit), [info, fetch]);
    let of_forge = released.committed_by_a_forge(&edit.commit, &ordinary.commit, "Edit");
    let of_forge = push(of_forge, Some(&ordinary.commit));
    let shallow_edit = released.checkout(&["--depth", "1"]);
    assert_eq!(requests(released.guard().current_dir(shallow_edit.path()), &of_forge), [info, fetch]);
    released.put_main(&ordinary.commit);
    let to = |name: &str| released.guard().args(["--repo", &released.server.url(name)]);
    released.stage.remote.sibling("config");
    for push in [&ordinary, &own] {
        assert_eq!(requests(to("config.git"), push), Vec::<String>::new(), "a release elsewhere starts no run here");
    }
    assert_eq!(requests(to("gitops.git"), &own), expected, "the repository that is built, by its name");
    let here = to("gitops.git").current_dir(shallow.path());
    assert_eq!(requests(here, &ordinary), Vec::<String>::new(), "the commit is in the checkout of the run");
}

/// Under GitHub Actions the push is told by a file.
#[test]
fn a_release_ends_before_anything_is_asked() {
    let released = Released::new();
    let event = format!(r#"{{"before":"{}","after":"{}"}}"#, released.seed, released.release);
    let event = released.stage.home.write("event.json", &event);
    let checkout = released.checkout(&["--depth", "1"]);
    let release = || {
        released
            .stage
            .tagship()
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_REPOSITORY", "gitops")
            .env("GITHUB_SHA", &released.release)
            .env("GITHUB_REF", "refs/heads/main")
            .env("GITHUB_EVENT_PATH", &event)
            .current_dir(checkout.path())
            .args(["release", "-k", FOLDER, "IMAGE_PLACEHOLDER=*:v9"])
    };
    released.stage.registry.requests();
    let short = &released.release[..7];
    let pushed = || release().env("GITHUB_EVENT_NAME", "push");
    let said = format!("skipped: this run was started by tagship's own commit {short}\n");
    assert_eq!(pushed().run().success().stdout(), said);
    // Gitea calls the job of a reusable workflow so, whatever began the run.
    let called = release().env("GITEA_ACTIONS", "true").env("GITHUB_EVENT_NAME", "workflow_call");
    assert_eq!(called.run().success().stdout(), said);
    let output = pushed().args(["--output", "json"]).run().success();
    let document = document(&output);
    assert_eq!(document["outcome"], "skipped");
    assert_eq!(document["reason"], format!("this run was started by tagship's own commit {short}"));
    assert_eq!(document["changed"], false);
    let output = pushed().args(["--on-own-commit", "fail", "--output", "json"]).run().exit(9);
    output.stdout_has(r#""kind":"guarded""#).stderr_has("`--on-own-commit ignore` goes on");
    assert_eq!(released.stage.registry.request_lines(), Vec::<String>::new());
    // What goes on asks the registry, which has no such image.
    pushed().env("TAGSHIP_ON_OWN_COMMIT", "ignore").run().exit(4);
    for event in ["workflow_dispatch", "schedule", "repository_dispatch"] {
        release().env("GITHUB_EVENT_NAME", event).run().exit(4);
    }
    // Without its event, the run of another workflow says nothing of a push.
    release().env("GITHUB_EVENT_NAME", "workflow_run").run().exit(4);
    // Releases go to another branch than the one that was pushed, which does not exist yet.
    pushed().args(["--branch", "deploy"]).run().exit(3);
}

/// GitHub's `pull_request: closed`: a merged request is a push to its base, of which the event does not tell the tip before.
#[test]
fn the_merge_of_a_request_starts_a_run() {
    let on = Released::new().proposed();
    let guard = |merge: &str, commits: &str, event: &str, base: &str| {
        let request = format!(r#""merged":true,"merge_commit_sha":"{merge}",{commits}"base":{{"ref":"{base}"}}"#);
        let event_path = on.stage.home.write("event.json", &format!(r#"{{"pull_request":{{{request}}}}}"#));
        let guard = on.guard().args(["--repo", &on.server.url("gitops.git"), "--branch", "main"]);
        let guard = guard.env("GITHUB_ACTIONS", "true").env("GITHUB_EVENT_NAME", event).env("GITHUB_BASE_REF", base);
        let guard = guard.env("GITHUB_SERVER_URL", on.server.url("").trim_end_matches('/'));
        let guard = guard.env("GITHUB_REPOSITORY", "gitops").env("GITHUB_SHA", NONE.replace('0', "a"));
        guard.env("GITHUB_REF", "refs/pull/1/merge").env("GITHUB_EVENT_PATH", event_path).run().success()
    };
    let (base, head) = on.tips();
    let tree = on.merged(&base, &head);
    let one = r#""commits":1,"#;
    let squash = on.made_again(&tree, &base, &head);
    for event in ["pull_request", "pull_request_target"] {
        guard(&squash, one, event, "main").stdout_has(r#""outcome":"skipped""#);
    }
    guard(&squash, one, "pull_request", "next").stdout_has(r#""outcome":"proceed""#);
    // A rebase of several commits, the first of which may be of people.
    for commits in ["", r#""commits":2,"#] {
        guard(&squash, commits, "pull_request", "main").stdout_has(r#""outcome":"proceed""#);
    }
    let merge = on.commit_of(&tree, &[&base, &head], "Merge pull request #1 from org/x\n");
    guard(&merge, r#""commits":2,"#, "pull_request", "main").stdout_has(r#""outcome":"skipped""#);
    let page = on.commit("main", "Add another page (#2)", &[File::new("other.md", "page\n")]);
    guard(&page, one, "pull_request", "main").stdout_has(r#""outcome":"proceed""#);
}

/// A release to another repository starts no run of this one, wherever the command runs.
#[test]
fn a_release_to_another_repository_goes_on() {
    let released = Released::new();
    let other = Remote::copy(&released.contents, "config");
    let own = push(&released.release, Some(&released.seed));
    let checkout = released.checkout(&["--depth", "1"]);
    let guard = |repository: &str| {
        let guard = released.in_ci(released.guard(), &own).args(["--repo", repository]);
        guard.current_dir(checkout.path()).run().success()
    };
    guard(&other.file_url()).stdout_has(r#""outcome":"proceed""#);
    guard(&released.server.url("gitops.git")).stdout_has(r#""outcome":"skipped""#);
    // By the name that the CI system has for it, whatever the checkout calls it.
    checkout.git(["remote", "set-url", "origin", &released.stage.remote.file_url()]).run().success();
    guard(&released.server.url("gitops")).stdout_has(r#""outcome":"skipped""#);
}

#[test]
fn what_cannot_be_told_is_a_warning() {
    let released = Released::new();
    let own = push(&released.release, Some(&released.seed));
    let guard = released.in_ci(released.guard(), &own).env("CI_PROJECT_URL", "http://127.0.0.1:1/gitops");
    // A run that goes on by a guess must be seen: it may be one of a loop.
    for flags in [&[][..], &["--on-own-commit", "fail"]] {
        let output = guard.clone().args(flags.iter().copied()).run().success().stdout_has("proceed");
        let output = output.stderr_has("cannot be reached");
        let output = output.stderr_has("cannot tell whether a release started this run, so it goes on: ");
        output.stdout_has(r#""level":"warning""#);
    }
    // An ordinary commit needs no repository to be told by.
    let ordinary = push(released.commit("main", "Add a page", &[page()]), Some(&released.release));
    let checkout = released.checkout(&[]);
    checkout.git(["remote", "remove", "origin"]).run().success();
    let guard = released.in_ci(released.guard().current_dir(checkout.path()), &ordinary).run().success();
    assert_eq!(guard.stdout_has("proceed").stderr(), "");
}

/// The token of the release goes to the repository of the release alone, and without a checkout nothing names that.
#[test]
fn a_token_that_is_kept_back_is_told() {
    let released = Released::new();
    let login = Login::new("ci", "s3cret");
    let server = GitServer::start(released.stage.remote.folder(), Access::Login(login));
    let own = push(&released.release, Some(&released.seed));
    let url = server.url("gitops.git");
    let guard = Released::in_ci_of(&url, released.guard(), &own).env("TAGSHIP_GIT_USERNAME", "ci");
    let token = |guard: Command| guard.env("TAGSHIP_GIT_TOKEN", "s3cret");
    let why = "; `TAGSHIP_GIT_TOKEN` was not sent: it is for the repository of the release, which `--repo` names";
    token(guard.clone()).run().success().stdout_has("proceed").stderr_has(why);
    let action = token(guard.clone()).env("TAGSHIP_ACTION_REPOSITORY", "OWNER/tagship").run().success();
    action.stderr_has("; `token` was not sent: it is for the repository of the release, which `repository` names");
    guard.clone().run().success().stdout_has("proceed").says_nowhere("was not sent");
    token(guard).args(["--repo", &url]).run().success().stdout_has(r#""outcome":"skipped""#);
}

#[test]
fn without_a_ci_system_nothing_is_asked() {
    let released = Released::new();
    let checkout = released.checkout(&[]);
    let guard = released.stage.tagship().arg("guard").current_dir(checkout.path());
    assert_eq!(guard.run().success().stdout(), "proceed\n");
}

/// The guard only reads, also before a release that would push.
#[test]
fn a_place_to_push_to_that_cannot_be_read() {
    let released = Released::new();
    let own = push(&released.release, Some(&released.seed));
    for url in ["DISABLED", "http://127.0.0.1:1/elsewhere.git"] {
        let checkout = released.checkout(&["--depth", "1"]);
        checkout.git(["remote", "set-url", "--push", "origin", url]).run().success();
        let release = released.stage.tagship().args(["release", "--output", "json", "-k", FOLDER]);
        for command in [released.guard(), release.args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"])] {
            let command = released.in_ci(command.current_dir(checkout.path()), &own);
            command.run().success().stdout_has(r#""outcome":"skipped""#);
        }
    }
}

/// A person squashed a request in a clone, with a title that tells nothing. A whole checkout shows which files that edits.
#[test]
fn a_squash_by_a_person() {
    let first = Released::new().proposed();
    let deployment = "kind: Deployment\nmetadata: {name: a}\n";
    for (what, edit, expected) in [
        ("what is proposed", None, "skipped"),
        ("another tag", Some((FILE, SEED.replace("b15411f3", "c15411f3"))), "proceed"),
        ("another file", Some(("4-gitops/manifests/deployment.yaml", deployment.to_owned())), "proceed"),
    ] {
        let on = first.again();
        let (base, head) = on.tips();
        let squash = match edit {
            None => on.commit_of(&on.merged(&base, &head), &[&base], "Deploy web"),
            Some((path, text)) => on.commit("main", "Deploy web", &[File::new(path, text)]),
        };
        let checkout = on.checkout(&[]);
        let guard = on.guard().current_dir(checkout.path());
        let output = on.in_ci(guard, &push(squash, Some(&base))).run().success();
        assert!(output.stdout().contains(expected), "{what}: {}{}", output.stdout(), output.stderr());
        assert!(!output.stdout().contains("nothing tells"), "{what}: {}", output.stdout());
    }
}

/// However many requests are open, their head branches come by one request.
#[test]
fn an_edit_beside_many_requests() {
    let on = Released::new();
    let edit = push(on.commit("main", "Edit", &[edited(&on)]), Some(&on.release));
    let checkout = on.checkout(&[]);
    let elsewhere = on.message.replace(FILE, "prod/kustomization.yaml");
    for number in 0..5 {
        let head = format!("tagship/main/{number}");
        on.stage.remote.git(["branch", &head, &on.release]).run().success();
        on.commit(&head, &elsewhere, &[File::new("prod/kustomization.yaml", format!("{number}"))]);
    }
    on.lines();
    on.in_ci(on.guard().current_dir(checkout.path()), &edit).run().success().stdout_has("proceed");
    let (info, fetch) = ("GET /gitops.git/info/refs 200", "POST /gitops.git/git-upload-pack 200");
    assert_eq!(on.lines(), [info, fetch, fetch]);
}
