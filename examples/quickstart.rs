//! Releases from beginning to end, on this machine alone: `cargo quickstart`. With `-- --keep`, the repository is
//! still there afterwards.
//!
//! It starts a registry and a bare repository in a temporary folder, puts tiny images into the registry, and then runs the
//! program as pipelines would. Nothing is mocked: the registry speaks the OCI protocol over HTTP, and git's own programs receive
//! each push.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "it tells a story, and sets its own stage")]

/// The parts of `tests/support` that the story needs: all of them would take longer to build.
#[allow(dead_code, unused_imports, unreachable_pub, reason = "the story takes a part")]
#[path = "../tests/support"]
mod support {
    pub mod certificate;
    pub mod command;
    pub mod http;
    pub mod json_schema;
    pub mod login;
    pub mod registry;
    pub mod repository;
    pub mod servers;
    pub mod temporary_folder;
}

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use support::command::{Command, Home, Output};
use support::registry::{Auth, Image, Registry};
use support::repository::{File, Remote};

const FOLDER: &str = "deploy/production";
const SERVICES: [&str; 4] = ["web", "api", "mail", "search"];

fn main() -> ExitCode {
    // The story runs this very program as `tagship`, so that it needs nothing that `cargo run --example` does not build.
    let mut arguments = std::env::args_os().skip(1);
    let first = arguments.next();
    if first.as_ref().is_some_and(|argument| argument == "as-tagship") {
        return tagship::run(std::iter::once("tagship".into()).chain(arguments));
    }
    let keep = first.is_some_and(|argument| argument == "--keep");
    match Story::begin().and_then(|story| story.tell(keep)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("the story ended early: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A shop of four services, and the repository from which all of them are deployed.
struct Story {
    registry: Registry,
    remote: Remote,
    home: Home,
}

impl Story {
    fn begin() -> Result<Self, Box<dyn Error>> {
        let story =
            Self { registry: Registry::start(Auth::None), remote: Remote::create("shop-config"), home: Home::new() };
        story.home.write(".gitconfig", "[user]\n\tname = CI\n\temail = ci@shop.example\n");
        let entry = |name: &&str| {
            format!("- name: {name}\n  newName: {}\n  newTag: \"v1.0.0\" # set by CI\n", story.image(name))
        };
        let entries: String = SERVICES.iter().map(entry).collect();
        let text = format!("# What runs in production.\nresources: [../base]\n\nimages:\n{entries}");
        story.remote.commit("main", "Add production", &[File::new(&story.file(), text)]);
        Ok(story)
    }

    fn tell(&self, keep: bool) -> Result<(), Box<dyn Error>> {
        let seed = self.text()?;
        chapter("Flux or Argo CD deploys from this file, on the branch main");
        println!("{seed}");

        chapter("A pipeline releases an image that was never pushed: exit code 4, and nothing changes");
        self.release("web", "v1.1.0", &[], 4)?;

        chapter("The build pushes it, and a dry run shows what would change");
        self.push("web", "v1.1.0");
        self.release("web", "v1.1.0", &["--dry-run"], 0)?;

        chapter("The release: checked, edited, committed and pushed, without a clone");
        self.release("web", "v1.1.0", &[], 0)?;
        println!("{}", self.remote.log("main")[0].message);
        let expected = seed.replacen("v1.0.0", "v1.1.0", 1);
        ensure(self.text()? == expected, "one value changed, and no other byte")?;

        chapter("The same pipeline again: there is nothing to do, and that is fine");
        self.release("web", "v1.1.0", &[], 0)?;

        chapter("Four pipelines release at the same moment: each lands on top of the others, and none is lost");
        self.race()?;

        chapter("An old pipeline ends late: a newer release is never overwritten");
        self.release("web", "v1.1.0", &[], 0)?;

        chapter("v1.2.0 of web is bad. Back to what ran before, in one commit");
        self.runs("rollback", &["web"], 0)?;
        ensure(self.text()?.contains("v1.1.0"), "v1.1.0 runs again")?;

        chapter("What was taken back stays away, also if its pipeline is started again");
        self.release("web", "v1.2.0", &[], 0)?;

        chapter("The history of web, and of the branch");
        self.runs("log", &["web"], 0)?;
        println!("$ git log --oneline");
        println!("{}", self.git(&["log", "--oneline", "main"]));
        if keep {
            let kept = self.keep()?;
            chapter("The repository is kept");
            println!("git -C {} log -p main", kept.display());
        }
        Ok(())
    }

    /// Releases the next version of all services at once, each from a process of its own.
    fn race(&self) -> Result<(), Box<dyn Error>> {
        let before = self.remote.number_of_commits("main");
        for service in SERVICES {
            self.push(service, "v1.2.0");
        }
        let running: Vec<_> = SERVICES
            .iter()
            .map(|service| self.command("release", &[&format!("{service}={}:v1.2.0", self.image(service))]).start())
            .collect();
        for (service, pipeline) in SERVICES.iter().zip(running) {
            println!("$ tagship release -k {FOLDER} {service}={}:v1.2.0 &", self.image(service));
            let output = pipeline.finish();
            show(&output);
            ensure(output.code == Some(0), &format!("{service} is released"))?;
        }
        ensure(self.remote.number_of_commits("main") == before + SERVICES.len(), "there is a commit for each")?;
        ensure(self.text()?.matches("v1.2.0").count() == SERVICES.len(), "all of them run")
    }

    fn image(&self, service: &str) -> String {
        format!("{}/shop/{service}", self.registry.address())
    }

    fn file(&self) -> String {
        format!("{FOLDER}/kustomization.yaml")
    }

    fn text(&self) -> Result<String, Box<dyn Error>> {
        Ok(String::from_utf8(self.remote.file("main", &self.file()))?)
    }

    fn release(&self, service: &str, tag: &str, flags: &[&str], code: i32) -> Result<(), Box<dyn Error>> {
        let image = format!("{service}={}:{tag}", self.image(service));
        self.runs("release", &[flags, &[&image]].concat(), code)
    }

    /// Runs a command, shows it, and insists on how it ends.
    fn runs(&self, command: &str, arguments: &[&str], code: i32) -> Result<(), Box<dyn Error>> {
        println!("$ tagship {command} -k {FOLDER} {}", arguments.join(" "));
        let output = self.command(command, arguments).run();
        show(&output);
        ensure(output.code == Some(code), &format!("it exits with {code}"))
    }

    fn command(&self, command: &str, arguments: &[&str]) -> Command {
        let repository = self.remote.path().display().to_string();
        Command::tagship(std::env::current_exe().unwrap_or_default())
            .home(&self.home)
            .args(["as-tagship", command, "--repo", &repository, "-k", FOLDER])
            .args(arguments.iter().copied())
            .env("GIT_CONFIG_GLOBAL", self.home.path().join(".gitconfig"))
    }

    fn git(&self, arguments: &[&str]) -> String {
        self.remote.git(arguments.iter().copied()).run().success().stdout()
    }

    /// Copies the repository to where it stays.
    fn keep(&self) -> Result<PathBuf, Box<dyn Error>> {
        let folder = tempfile::Builder::new().prefix("tagship-quickstart-").tempdir()?.keep();
        let path = folder.join("shop-config.git");
        Command::git().args(["clone", "--quiet", "--mirror"]).arg(self.remote.path()).arg(&path).run().success();
        Ok(path)
    }

    /// Puts an image of one small layer into the registry, as a build does.
    fn push(&self, service: &str, tag: &str) {
        let image = Image::new().label("org.opencontainers.image.title", service);
        let image = image.label("org.opencontainers.image.version", tag);
        let digest = self.registry.put_image(&format!("shop/{service}"), tag, &image);
        println!("pushed {}:{tag}@{digest}\n", self.image(service));
    }
}

fn chapter(title: &str) {
    println!("━━ {title}\n");
}

fn show(output: &Output) {
    print!("{}{}", output.stdout(), output.stderr());
    println!("(exit {})\n", output.code.unwrap_or(-1));
}

fn ensure(holds: bool, what: &str) -> Result<(), Box<dyn Error>> {
    if holds { Ok(()) } else { Err(format!("it should be that {what}").into()) }
}
