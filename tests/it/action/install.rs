//! How the action comes by the program, against a server that has an archive, the right one or another; and how it starts it.

use std::fs;
use std::path::PathBuf;

use super::copy_to;
use crate::support::command::{Command, Home, Output, write_script};
use crate::support::http::{Reply, Response, Server};
use crate::support::registry::digest_of;

const VERSION: &str = "1.2.3";
const TARGET: &str = "x86_64-unknown-linux-gnu";
const SAYS: &str = "#!/bin/sh\necho released program\n";

/// A commit of the action with a table of checksums, and a server with the release.
struct Runner {
    home: Home,
    server: Server,
}

impl Runner {
    /// Starts a server whose archive has the program, and lists what the table says about it.
    fn new(table: impl Fn(&str) -> String) -> Self {
        let home = Home::new();
        copy_to(&home.path().join("action-repository"));
        write_script(&home.path().join("tagship"), SAYS);
        let (archive, sum) = archive_of(&home);
        home.write(&format!("action-repository/action/checksums/{VERSION}.sha256"), &table(&sum));
        let path = format!("/downloads/v{VERSION}/tagship-{VERSION}-{TARGET}.tar.gz");
        let server = Server::start(move |head, _| {
            let found = head.path == path;
            Ok(Reply::Send(if found { Response::new(200).body(&archive) } else { Response::text(404, "not here") }))
        });
        Self { home, server }
    }

    fn archive(&self) -> (Vec<u8>, String) {
        archive_of(&self.home)
    }

    /// Returns the script as a step on Linux x64 would run it.
    fn install(&self) -> Command {
        self.install_on("Linux", "x86_64")
    }

    fn install_on(&self, system: &str, machine: &str) -> Command {
        let uname = format!("#!/bin/sh\ncase \"$1\" in -s) echo {system} ;; -m) echo {machine} ;; esac\n");
        let programs = self.home.path().join("programs");
        fs::create_dir_all(&programs).unwrap();
        write_script(&programs.join("uname"), &uname);
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        Command::new("bash")
            .home(&self.home)
            .arg(self.home.path().join("action-repository/action/install.sh"))
            .env("PATH", path)
            .env("RUNNER_TEMP", self.home.path().join("tmp"))
            .env("RUNNER_TOOL_CACHE", self.home.path().join("tools"))
            .env("TAGSHIP_DOWNLOAD_BASE_URL", format!("http://{}/downloads/", self.server.address()))
    }

    /// Returns the script with this server in github.com's place, as far as curl can tell.
    fn install_with_github(&self) -> Command {
        let install = self.install();
        let curl = format!(
            "#!/bin/sh\nsed 's#\"https://github.com/#\"http://{}/#' | PATH=\"${{PATH#*:}}\" exec curl \"$@\"\n",
            self.server.address()
        );
        write_script(&self.home.path().join("programs/curl"), &curl);
        install
    }

    fn requests(&self) -> usize {
        self.server.requests().len()
    }

    fn cached(&self) -> PathBuf {
        let archive = format!("tagship-{VERSION}-{TARGET}.tar.gz");
        self.home.path().join("tools/tagship").join(VERSION).join("x64").join(archive)
    }
}

/// Returns an archive of the program in `home`, and its sum.
fn archive_of(home: &Home) -> (Vec<u8>, String) {
    let tar = Command::new("tar").home(home).current_dir(home.path()).args(["-czf", "-", "tagship"]);
    let archive = tar.run().success().stdout;
    let sum = digest_of(&archive).replace("sha256:", "");
    (archive, sum)
}

/// Returns a right table.
fn right(sum: &str) -> String {
    format!("{sum}  tagship-{VERSION}-{TARGET}.tar.gz\n")
}

/// Asserts that what the script printed is the program.
#[track_caller]
fn runs(output: &Output) {
    let program = output.stdout();
    Command::new(program.trim_end()).run().success().stdout_has("released program");
}

/// Asserts that the step failed with an annotation, and ran nothing.
#[track_caller]
fn fails(output: Output, with: &str) {
    assert!(matches!(output.code, Some(1 | 2 | 6)), "{:?}", output.code);
    let output = output.stderr_has("::error title=tagship::").stderr_has(with);
    assert!(output.stdout().is_empty(), "{}", output.stdout());
}

#[test]
fn a_release_is_downloaded_once() {
    let runner = Runner::new(right);
    runs(&runner.install().run().success());
    assert_eq!(runner.requests(), 1);
    assert!(runner.cached().is_file());
    runs(&runner.install().run().success());
    runs(&runner.install().env("TAGSHIP_VERSION", "v1.2.3").run().success());
    assert_eq!(runner.requests(), 0, "the tool cache has it");
}

#[test]
fn what_is_in_the_cache_is_held_to_its_checksum_too() {
    let runner = Runner::new(right);
    runs(&runner.install().run().success());
    fs::write(runner.cached(), "another program").unwrap();
    runs(&runner.install().run().success());
    assert_eq!(runner.requests(), 2);
}

#[test]
fn another_archive_is_not_unpacked() {
    let runner = Runner::new(|sum| right(&sum.chars().rev().collect::<String>()));
    fails(runner.install().run(), "is not what was released: its sha256 is");
    let unpacked = fs::read_dir(runner.home.path().join("tmp")).unwrap();
    let programs = unpacked.filter(|folder| folder.as_ref().unwrap().path().join("tagship").exists());
    assert_eq!(programs.count(), 0);
    assert!(!runner.cached().exists());
}

#[test]
fn what_has_no_checksum_is_not_asked_for() {
    for (table, with) in [
        (String::new(), "has no release for x86_64-unknown-linux-gnu"),
        (right("").replace("x86_64", "aarch64"), "has no release for x86_64-unknown-linux-gnu"),
        (right("not-a-sum"), "has no release for x86_64-unknown-linux-gnu"),
    ] {
        let runner = Runner::new(|_| table.clone());
        fails(runner.install().run(), with);
        assert_eq!(runner.requests(), 0);
    }
    let runner = Runner::new(right);
    fails(runner.install().env("TAGSHIP_VERSION", "1.2.4").run(), "version 1.2.4 is not known to this commit");
    fails(runner.install().env("TAGSHIP_VERSION", "../1.2.3").run(), "is not a version");
    fails(runner.install().env("TAGSHIP_VERSION", "1.2.3%0A::warning::x").run(), "`1.2.3%250A::warning::x` is not");
    assert_eq!(runner.requests(), 0);
}

/// The commit of a pre-release has its own checksums alone.
#[test]
fn a_pre_release_is_taken_where_there_is_no_release() {
    let runner = Runner::new(|_| String::new());
    fs::remove_file(runner.home.path().join(format!("action-repository/action/checksums/{VERSION}.sha256"))).unwrap();
    for version in ["1.2.3-rc.9", "1.2.3-rc.10"] {
        runner.home.write(&format!("action-repository/action/checksums/{version}.sha256"), "");
    }
    fails(runner.install().run(), "version 1.2.3-rc.10 has no release for");
}

#[test]
fn the_newest_release_is_the_default() {
    let runner = Runner::new(right);
    for version in ["0.9.0", "1.2.1", "1.3.0-rc.1"] {
        runner.home.write(&format!("action-repository/action/checksums/{version}.sha256"), "");
    }
    runs(&runner.install().run().success());
    runner.home.write("action-repository/action/checksums/1.10.0.sha256", "");
    fails(runner.install().run(), "version 1.10.0 has no release for");
    fs::remove_dir_all(runner.home.path().join("action-repository/action/checksums")).unwrap();
    fails(runner.install().run(), "no release of tagship belongs to this commit");
}

/// Without a release for the platform, a real cargo builds the checkout of the action, once.
#[test]
fn what_has_no_release_is_built_from_the_checkout() {
    let runner = Runner::new(|_| String::new());
    let source = |name: &str, text: &str| runner.home.write(&format!("action-repository/{name}"), text);
    source("Cargo.toml", "[package]\nname = \"tagship\"\nversion = \"1.2.3\"\nedition = \"2021\"\n");
    source("Cargo.lock", "version = 4\n\n[[package]]\nname = \"tagship\"\nversion = \"1.2.3\"\n");
    source("src/main.rs", "fn main() { println!(\"released program\") }\n");
    // What is built runs code of its own, and has no business with the step's secrets.
    let names = "[\"TAGSHIP_GIT_TOKEN\", \"GITHUB_TOKEN\", \"ACTIONS_RUNTIME_TOKEN\", \"REGISTRY_PWD\"]";
    source(
        "build.rs",
        &format!("fn main() {{ for name in {names} {{ assert!(std::env::var(name).is_err(), \"{{name}}\"); }} }}\n"),
    );
    // The settings of the workspace are not the action's.
    let workspace = runner.home.write("workspace/.cargo/config.toml", "[build]\nrustc = \"/nowhere/rustc\"\n");
    let workspace = workspace.parent().unwrap().parent().unwrap();
    let home = std::env::var("HOME").unwrap();
    let tools = |name: &str, folder: &str| std::env::var(name).unwrap_or_else(|_| format!("{home}/{folder}"));
    let install = || {
        let install = runner.install().current_dir(workspace).env("CARGO_HOME", tools("CARGO_HOME", ".cargo"));
        let install = install.env("RUSTUP_HOME", tools("RUSTUP_HOME", ".rustup"));
        let secrets = ["TAGSHIP_GIT_TOKEN", "GITHUB_TOKEN", "ACTIONS_RUNTIME_TOKEN", "REGISTRY_PWD"];
        secrets.into_iter().fold(install, |install, name| install.env(name, "s3cret"))
    };
    let output = install().run().success();
    runs(&output);
    output
        .stderr_has("version 1.2.3 has no release for")
        .stderr_has("building it from the action's checkout with cargo");
    let output = install().run().success();
    runs(&output);
    assert!(!output.stderr().contains("building"), "the tool cache has it: {}", output.stderr());
    runs(&install().env("RUNNER_TOOL_CACHE", "/dev/null").run().success());
    fails(install().env("TAGSHIP_VERSION", VERSION).run(), "version 1.2.3 has no release for");
    fs::remove_dir_all(runner.home.path().join("action-repository/action/checksums")).unwrap();
    source("src/main.rs", "fn main() { println!(\"released program, changed\") }\n");
    let output = install().run().success();
    runs(&output);
    output.stderr_has("no release of tagship belongs to this commit").stderr_has("building");
    source("src/main.rs", "fn main() {");
    fails(install().run(), "the build of the action's checkout failed; its log is above");
    write_script(&runner.home.path().join("programs/cargo"), "#!/bin/sh\nexit 1\n");
    fails(install().run(), "cargo does not run");
    assert_eq!(runner.requests(), 0);
}

#[test]
fn platforms() {
    let runner = Runner::new(right);
    for (system, machine, says) in [
        ("Linux", "aarch64", "for aarch64-unknown-linux-gnu"),
        ("Darwin", "x86_64", "for x86_64-apple-darwin"),
        ("Darwin", "arm64", "for aarch64-apple-darwin"),
        ("MINGW64_NT-10.0-20348", "x86_64", "for x86_64-pc-windows-msvc"),
        ("FreeBSD", "amd64", "there is no release for FreeBSD on amd64"),
        ("Linux", "riscv64", "there is no release for Linux on riscv64"),
    ] {
        fails(runner.install_on(system, machine).run(), says);
    }
    assert_eq!(runner.requests(), 0);
}

#[test]
fn a_download_that_fails() {
    let runner = Runner::new(right);
    let address = runner.server.address();
    let elsewhere = runner.install().env("TAGSHIP_DOWNLOAD_BASE_URL", format!("http://{address}/elsewhere"));
    fails(elsewhere.run(), "cannot download `http://127.0.0.1:");
    let from_the_workspace = runner.install().env("TAGSHIP_DOWNLOAD_BASE_URL", "");
    fails(from_the_workspace.run(), "an action from the workspace has no releases");
    let of_a_repository = runner
        .install_with_github()
        .env("TAGSHIP_DOWNLOAD_BASE_URL", "")
        .env("GITHUB_SERVER_URL", format!("http://{address}"))
        .env("TAGSHIP_ACTION_REPOSITORY", "someone/tagship");
    let path = format!("someone/tagship/releases/download/v{VERSION}/tagship-{VERSION}-{TARGET}.tar.gz");
    fails(of_a_repository.run(), &path);
}

/// Other users of a machine can read the arguments of its programs.
#[test]
fn a_login_of_a_mirror_is_in_no_argument() {
    let runner = Runner::new(right);
    let install = runner.install();
    let arguments = runner.home.path().join("arguments");
    let curl = format!("#!/bin/sh\necho \"$@\" >'{}'\nPATH=\"${{PATH#*:}}\" exec curl \"$@\"\n", arguments.display());
    write_script(&runner.home.path().join("programs/curl"), &curl);
    let mirror = format!("http://me:S3CR\\3T%22@{}/downloads", runner.server.address());
    runs(&install.env("TAGSHIP_DOWNLOAD_BASE_URL", &mirror).run().success());
    let arguments = fs::read_to_string(arguments).unwrap();
    assert!(arguments.contains("--output") && !arguments.contains("S3CR"), "{arguments}");
    let lines = runner.install().env("TAGSHIP_DOWNLOAD_BASE_URL", format!("{mirror}\noutput = elsewhere"));
    fs::remove_dir_all(runner.home.path().join("tools")).unwrap();
    fails(lines.run(), "one URL, without a line end");
}

/// A server that runs an action of github.com need not have its releases.
#[test]
fn a_release_that_the_server_lacks() {
    let runner = Runner::new(|_| String::new());
    let forge = Server::start(|_, _| Ok(Reply::Send(Response::text(404, "no releases here"))));
    let (archive, sum) = runner.archive();
    runner.home.write(&format!("action-repository/action/checksums/{VERSION}.sha256"), &right(&sum));
    let path = format!("/OWNER/tagship/releases/download/v{VERSION}/tagship-{VERSION}-{TARGET}.tar.gz");
    let github = Server::start(move |head, _| {
        let found = head.path == path;
        Ok(Reply::Send(if found { Response::new(200).body(&archive) } else { Response::text(404, "not here") }))
    });
    let runner = Runner { server: github, ..runner };
    let install = runner.install_with_github().env("TAGSHIP_DOWNLOAD_BASE_URL", "");
    let install = install.env("TAGSHIP_ACTION_REPOSITORY", "OWNER/tagship");
    runs(&install.env("GITHUB_SERVER_URL", format!("http://{}", forge.address())).run().success());
    assert_eq!((forge.requests().len(), runner.requests()), (1, 1));
}

#[test]
fn a_program_that_is_there_already() {
    let runner = Runner::new(right);
    let program = runner.home.path().join("tagship");
    let output = runner.install_on("Plan9", "mips").env("TAGSHIP_BIN", &program).run().success();
    assert_eq!(output.stdout().trim_end(), program.display().to_string());
    fails(runner.install().env("TAGSHIP_BIN", "/nowhere/tagship").run(), "`/nowhere/tagship`, which `binary-path`");
    assert_eq!(runner.requests(), 0);
}

#[test]
fn a_program_by_a_bare_name_is_that_of_the_workspace() {
    let runner = Runner::new(right);
    let workspace = runner.home.path();
    fails(
        runner.install().current_dir(workspace).env("TAGSHIP_BIN", "programs").run(),
        "`programs`, which `binary-path`",
    );
    // A program of the same name that a search would find first.
    write_script(&workspace.join("programs/tagship"), "#!/bin/sh\necho another program\n");
    let run = || Command::new("bash").current_dir(workspace).arg(workspace.join("action-repository/action/run.sh"));
    let path = format!("{}:{}", workspace.join("programs").display(), std::env::var("PATH").unwrap());
    run().env("PATH", path).env("TAGSHIP_BIN", "tagship").run().success().stdout_has("released program");
}

/// A program that writes the cache while a job reads it gets nothing run: what is compared is what is unpacked.
#[test]
fn what_is_compared_is_what_is_unpacked() {
    let runner = Runner::new(right);
    runs(&runner.install().run().success());
    let evil = runner.home.path().join("evil");
    fs::create_dir(&evil).unwrap();
    write_script(&evil.join("tagship"), "#!/bin/sh\necho another program\n");
    Command::new("tar").current_dir(&evil).args(["-czf", "archive", "tagship"]).run().success();
    // Stands in for a faster program: the cache changes as soon as a checksum has been taken.
    let programs = runner.home.path().join("programs");
    let swap = format!(
        "#!/bin/sh\nPATH=${{PATH#*:}} sha256sum\ncp {} {}\n",
        evil.join("archive").display(),
        runner.cached().display()
    );
    let install = runner.install();
    write_script(&programs.join("sha256sum"), &swap);
    runs(&install.run().success());
    assert_eq!(fs::read(runner.cached()).unwrap(), fs::read(evil.join("archive")).unwrap(), "the swap took place");
}

#[test]
fn a_cache_that_cannot_be_written_is_passed_by() {
    let runner = Runner::new(right);
    let file = runner.home.write("tools-that-are-a-file", "");
    runs(&runner.install().env("RUNNER_TOOL_CACHE", file).run().success());
    assert!(!runner.cached().exists());
}

#[test]
fn a_repository_by_its_name() {
    let runner = Runner::new(right);
    let program = runner.home.path().join("shows-its-arguments");
    write_script(&program, "#!/bin/sh\necho \"$@ $TAGSHIP_REPO $TAGSHIP_FROM_REPO\"\n");
    for (given, meant) in [
        ("org/config", "https://git.example/org/config"),
        ("my-org/config.repo_1", "https://git.example/my-org/config.repo_1"),
        ("https://github.com/org/config", "https://github.com/org/config"),
        ("ssh://git@github.com/org/config", "ssh://git@github.com/org/config"),
        ("git@github.com:org/config", "git@github.com:org/config"),
        ("./config", "./config"),
        ("../config", "../config"),
        ("/srv/config", "/srv/config"),
        ("", ""),
    ] {
        let run = Command::new("bash").arg(runner.home.path().join("action-repository/action/run.sh"));
        let run = run.env("TAGSHIP_BIN", &program).env("GITHUB_SERVER_URL", "https://git.example");
        let output = run.env("TAGSHIP_REPO", given).env("TAGSHIP_FROM_REPO", given).run().success();
        assert_eq!(output.stdout().trim_end(), format!("release {meant} {meant}").trim_end());
    }
}

/// What stands in the cache's place may be a link or have no end; a configuration of curl may write elsewhere.
#[test]
fn what_is_in_the_cache_is_a_file() {
    let runner = Runner::new(right);
    let secret = runner.home.write("secret", "not an archive");
    fs::create_dir_all(runner.cached().parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&secret, runner.cached()).unwrap();
    runs(&runner.install().run().success());
    assert_eq!(fs::read_to_string(&secret).unwrap(), "not an archive");
    fs::remove_file(runner.cached()).unwrap();
    Command::new("mkfifo").arg(runner.cached()).run().success();
    runs(&runner.install().run().success());
}

/// A runner's configuration of curl may name a proxy. Whatever it says, only the program with the right sum runs.
#[test]
fn a_configuration_of_curl() {
    let runner = Runner::new(right);
    for line in ["proxy = http://127.0.0.1:1", "output = elsewhere", "url = http://127.0.0.1:1/other", "include"] {
        runner.home.write(".curlrc", &format!("{line}\n"));
        let output = runner.install().current_dir(runner.home.path()).run();
        match output.code {
            Some(0) => runs(&output),
            _ => fails(output, "::error"),
        }
        fs::remove_dir_all(runner.home.path().join("tools")).ok();
    }
}

#[test]
fn nothing_in_a_variable_is_run() {
    let runner = Runner::new(right);
    let trace = runner.home.path().join("trace");
    for text in [
        format!("$(touch {})", trace.display()),
        format!("`touch {}`", trace.display()),
        format!("1.2.3\n; touch {}", trace.display()),
        "a[$(touch trace)]".to_owned(),
    ] {
        for variable in ["TAGSHIP_VERSION", "TAGSHIP_BIN"] {
            fails(runner.install().current_dir(runner.home.path()).env(variable, &text).run(), "::error");
        }
        assert!(!trace.exists(), "{text}");
    }
    let output = runner.install().run().success();
    let program = PathBuf::from(output.stdout().trim_end());
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(program.parent().unwrap()).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o700, "the folder of the program is this user's");
}
