//! A CI system that releases one build after the other to a repository, and what became of each: what the order of releases,
//! the log, the way back and the way on are tested with.
//!
//! The repository is on disk, where a conversation is one process of git's service; over HTTP each of its requests is one.

use serde_json::Value;

use crate::stage::Stage;
use crate::support::command::{Command, Output};
use crate::support::git_server::{Access, GitServer};
use crate::support::registry::Image;
use crate::support::repository::{Contents, File, Remote};

pub const STAGING: &str = "overlays/staging";
pub const PRODUCTION: &str = "overlays/production";

pub struct Pipeline {
    pub stage: Stage,
    /// Serves the repository that is released to, and the sources.
    pub server: GitServer,
    /// Where releases and sources are looked for: `file://`, or the server.
    origin: String,
    /// Where the sources are: beside the release branch, or elsewhere.
    pub sources: Remote,
}

impl Pipeline {
    /// Has the sources and the release branch in one repository.
    pub fn new() -> Self {
        let stage = Stage::new();
        let server = GitServer::start(stage.remote.folder(), Access::Open);
        Self::of(stage, server)
    }

    /// Begins with what another one has released.
    pub fn copy(contents: &Contents) -> Self {
        let stage = Stage { remote: Remote::copy(contents, "gitops"), ..Stage::new() };
        let server = GitServer::start(stage.remote.folder(), Access::Open);
        Self::of(stage, server)
    }

    fn of(stage: Stage, server: GitServer) -> Self {
        let (origin, sources) = (format!("file://{}", stage.remote.folder().display()), stage.remote.clone());
        Self { stage, server, origin, sources }
    }

    /// Asks the server for all that is on disk, for tests that count its requests or let it fail.
    #[must_use]
    pub fn over_http(self) -> Self {
        Self { origin: format!("http://{}", self.server.address()), ..self }
    }

    /// Has the sources in a repository of their own.
    pub fn with_sources(name: &str) -> Self {
        let pipeline = Self::new();
        let sources = pipeline.stage.remote.sibling(name);
        Self { sources, ..pipeline }
    }

    /// Adds two environments with the entries `web` and `api`.
    pub fn with_environments() -> Self {
        let pipeline = Self::new();
        let text = kustomization(&[("web", "newTag: v0.9.0 # by hand"), ("api", "newTag: v0.1.0")]);
        let files = [STAGING, PRODUCTION].map(|folder| File::new(&format!("{folder}/kustomization.yaml"), &text));
        pipeline.stage.remote.commit("main", "Environments", &files);
        pipeline
    }

    /// Returns a command that works on the release branch, without a checkout.
    pub fn run(&self, command: &str, arguments: &[&str]) -> Command {
        let url = format!("{}/gitops.git", self.origin);
        let common = [command, "--repo", &url, "--branch", "main"];
        self.stage.tagship().args(common).args(arguments.iter().copied())
    }

    /// Puts the image of a build into the registry. Returns its reference.
    pub fn build(&self, name: &str, tag: &str) -> String {
        self.stage.registry.put_image(&format!("org/{name}"), tag, &Image::new());
        format!("{}/org/{name}:{tag}", self.stage.registry.address())
    }

    /// Releases a build of source commit number `source` as the entry `name` of an environment.
    pub fn release(&self, folder: &str, name: &str, tag: &str, source: u32) -> Output {
        let image = format!("{name}={}", self.build(name, tag));
        let release = self.run("release", &["-k", folder, &image, "--output", "json"]);
        // No server is named, so none can be asked for the order of source commits.
        let release = release.env("GITHUB_ACTIONS", "true").env("GITHUB_REPOSITORY", "org/app");
        release.env("GITHUB_SHA", format!("{source:040x}")).env("GITHUB_ACTOR", "octocat").run()
    }

    /// Lets a command run as a CI system does for a commit of the sources.
    pub fn in_ci(&self, command: Command, commit: &str) -> Command {
        let path = self.sources.path().with_extension("");
        let name = path.strip_prefix(self.sources.folder()).unwrap().to_str().unwrap();
        command
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_EVENT_NAME", "push")
            .env("GITHUB_SERVER_URL", &self.origin)
            .env("GITHUB_REPOSITORY", name)
            .env("GITHUB_SHA", commit)
    }

    /// Makes a commit of the sources, which exists but is on no branch but its own.
    pub fn source(&self, name: &str, parents: &[&str]) -> String {
        let tree = self.sources.git(["mktree"]).run().success().stdout();
        let mut arguments = vec!["commit-tree", tree.trim(), "-m", name];
        arguments.extend(parents.iter().flat_map(|parent| ["-p", parent]));
        let id = self.sources.git(arguments).run().success().stdout().trim().to_owned();
        self.sources.git(["update-ref", &format!("refs/heads/source-{name}"), &id]).run().success();
        id
    }

    /// Returns the kustomization of a folder, as it is on the release branch.
    pub fn file(&self, folder: &str) -> String {
        String::from_utf8(self.stage.remote.file("main", &format!("{folder}/kustomization.yaml"))).unwrap()
    }

    pub fn tip(&self) -> String {
        self.stage.remote.tip("main").unwrap()
    }

    pub fn log(&self, arguments: &[&str]) -> Vec<Value> {
        let output = self.run("log", arguments).args(["--output", "json"]).run().success();
        document(&output)["releases"].as_array().unwrap().clone()
    }
}

/// Returns a kustomization with entries of these names and fields.
pub fn kustomization(entries: &[(&str, &str)]) -> String {
    let mut text = "# the environment\nimages:\n".to_owned();
    for (name, fields) in entries {
        text += &format!("- name: {name}\n  {fields}\n");
    }
    text
}

/// Returns the tag of the first entry in a kustomization.
pub fn tag_in(text: impl Into<Vec<u8>>) -> String {
    let text = String::from_utf8(text.into()).unwrap();
    text.split("newTag: ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap().to_owned()
}

/// Returns the result that a program printed as JSON.
#[track_caller]
pub fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", output.stderr()))
}

/// Asserts the outcome that a program told.
#[track_caller]
pub fn ends(output: &Output, expected: &str) {
    assert_eq!(document(output)["outcome"], expected, "{}\n{}", output.stdout(), output.stderr());
}

/// Asserts that a program succeeded, and returns the outcome that it told.
#[track_caller]
pub fn outcome(output: Output) -> String {
    document(&output.success())["outcome"].as_str().unwrap().to_owned()
}

/// Returns the tags of releases, as `tagship log` told them.
pub fn tags(releases: &[Value]) -> Vec<&str> {
    releases.iter().map(|release| release["tag"].as_str().unwrap_or("-")).collect()
}
