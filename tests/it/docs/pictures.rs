//! The pictures of the documentation show what the program says today: each is drawn from a run of it, against a registry and a
//! server of git, and compared with the file.

use std::fs;

use super::{summary_picture, terminal_picture};
use crate::stage::tagship;
use crate::support::command::{Command, Home, Output};
use crate::support::git_server::{Access, GitServer};
use crate::support::registry::{Auth, Image, Registry};
use crate::support::repository::{Checkout, File, Remote};

/// Writes the pictures in place of comparing them.
const WRITE: &str = "TAGSHIP_WRITE_DOCS";

const FOLDER: &str = "deploy/production";
const FILE: &str = "deploy/production/kustomization.yaml";
const SOURCE: &str = "91ab3c0d5e2f4a6b8c1d7e9f0a2b4c6d8e0f1a3b";

/// What stands for the ids of the commits, of which the program's own differs in each run: the newest first.
const IDS: [&str; 2] = ["3e1f0a9c5b7d2e4f6a8b0c1d3e5f7a9b0c2d4e6f", "c6b68f7a1d3e5f7092b4c6d8e0f1a3b5c7d9e0f2"];

/// A repository from which an image runs in version v1.1.0, and a registry that has v1.2.0 too.
struct World {
    home: Home,
    registry: Registry,
    remote: Remote,
    server: GitServer,
    checkout: Checkout,
}

impl World {
    fn new() -> Self {
        let registry = Registry::start(Auth::None);
        for tag in ["v1.1.0", "v1.2.0"] {
            registry.put_image("org/web", tag, &Image::new().label("version", tag));
        }
        let remote = Remote::create("shop");
        let text = format!(
            "# What runs in production.\nresources: [../base]\n\nimages:\n- name: web\n  newName: {}/org/web\n  \
             newTag: v1.1.0 # set by CI\n",
            registry.address()
        );
        remote.commit("main", "Add production", &[File::new(FILE, text)]);
        let server = GitServer::start(remote.folder(), Access::Open);
        let checkout = Checkout::shallow(&server.url("shop.git"));
        let home = Home::new();
        home.write(".gitconfig", "[user]\n\tname = CI\n\temail = ci@org.example\n");
        Self { home, registry, remote, server, checkout }
    }

    fn release(&self, tag: &str) -> Command {
        let image = format!("web={}/org/web:{tag}", self.registry.address());
        let release = tagship().home(&self.home).current_dir(self.checkout.path());
        let release = release.env("GIT_CONFIG_GLOBAL", self.home.path().join(".gitconfig"));
        release.args(["release", "-k", FOLDER]).arg(image)
    }

    /// Returns a text with the names of a public registry and server, and with ids that are the same in each run.
    fn scrubbed(&self, text: &str) -> String {
        let mut text = text
            .replace(&self.registry.address(), "docker.io")
            .replace(&format!("http://{}", self.server.address()), "https://github.com")
            .replace(&self.server.address(), "github.com")
            .replace("github.com/shop", "github.com/org/shop");
        for (commit, id) in self.remote.log("main").iter().zip(IDS) {
            text = text.replace(&commit.id, id).replace(&commit.id[..7], &id[..7]);
        }
        text
    }
}

fn said(output: &Output) -> String {
    output.stdout() + &output.stderr()
}

/// Compares a picture with its file, or writes it.
#[track_caller]
fn assert_drawn(name: &str, picture: &str) {
    let path = super::root().join("docs/src/pictures").join(name);
    if std::env::var_os(WRITE).is_some() {
        fs::write(&path, picture).unwrap();
    }
    let drawn = fs::read_to_string(&path).unwrap_or_default();
    let how = format!("run `{WRITE}=1 cargo test --test it docs::pictures`, and commit what it writes");
    assert!(drawn == picture, "the program says something else than {}: {how}\n{picture}", path.display());
}

#[test]
fn the_terminal_is_as_the_program_writes_it() {
    let world = World::new();
    let mut screen = String::new();
    for (tag, code) in [("v1.3.0", 4), ("v1.2.0", 0), ("v1.1.0", 0)] {
        let output = world.release(tag).env("CLICOLOR_FORCE", "1").run().exit(code);
        screen += &format!("$ tagship release -k {FOLDER} web=docker.io/org/web:{tag}\n{}\n", said(&output));
    }
    let title = "Three releases with tagship in a terminal: of a missing image, of a new one, and of an old one";
    assert_drawn("terminal.svg", &terminal_picture::draw(title, world.scrubbed(&screen).trim_end()));
}

#[test]
fn the_summary_is_as_the_program_writes_it() {
    let world = World::new();
    let summary = world.home.write("summary", "");
    let on_github = world
        .release("v1.2.0")
        .env("CI", "true")
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_SERVER_URL", format!("http://{}", world.server.address()))
        .env("GITHUB_REPOSITORY", "org/web")
        .env("GITHUB_SHA", SOURCE)
        .env("GITHUB_RUN_ID", "42")
        .env("GITHUB_STEP_SUMMARY", &summary)
        // No repository of the source is there to be asked.
        .env("TAGSHIP_ON_SUPERSEDED", "allow");
    on_github.run().success();
    let title = "The summary that tagship writes for a job of GitHub Actions";
    let summary = world.scrubbed(&fs::read_to_string(summary).unwrap());
    assert_drawn("summary.svg", &summary_picture::draw(title, summary.trim()));
}
