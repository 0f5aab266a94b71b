//! The programs that lead to a repository, and the signals that end us: what `ssh` says, how long it may be silent, and
//! what is left behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::pipeline::document;
use crate::stage::{COMMIT, FILE, FOLDER, SEED, Stage, tagship};
use crate::support::command::{Command, Home, Output, Running, write_script};
use crate::support::forge::{Fault as ForgeFault, Forge, Kind, RequestState, TOKEN};
use crate::support::git_server::{Access, Fault, GitRequest, GitServer};
use crate::support::login::Login;
use crate::support::registry::{ALWAYS, Auth, Fault as RegistryFault};
use crate::support::repository::Checkout;
use crate::support::servers::{Sshd, installed};

/// Long enough for a busy machine.
const SOON: Duration = Duration::from_secs(60);

/// Returns an `ssh` of this script, called by its name so that it is taken for OpenSSH's.
fn fake_ssh(home: &Home, script: &str) -> PathBuf {
    let path = home.path().join("bin/ssh");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    write_script(&path, &format!("#!/bin/sh\n{script}\n"));
    path
}

/// Returns a release over ssh to a host that only the script knows.
fn release_over(stage: &Stage, script: &str) -> Command {
    let ssh = fake_ssh(&stage.home, script);
    let release = stage.release_to("ssh://git@host.example:2222/org/repo.git").arg(stage.argument());
    release.env("GIT_SSH_COMMAND", ssh)
}

/// Runs what the server is asked for on this machine, on our repository.
fn serving(stage: &Stage) -> String {
    format!(r#"for last; do :; done; set -- $last; exec "$1" '{}'"#, stage.remote.path().display())
}

fn json(output: &Output) -> Value {
    assert_eq!(output.stdout().lines().count(), 1, "{}", output.stdout());
    document(output)
}

/// Waits until something is there; the test's own time limit is the last resort.
fn until(what: &str, is_there: impl Fn() -> bool) {
    let deadline = Instant::now() + SOON;
    while !is_there() {
        assert!(Instant::now() < deadline, "{what} did not come");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Returns whether a process is there and does not only wait for its parent to take note of its end.
fn lives(pid_file: &Path) -> bool {
    let pid = fs::read_to_string(pid_file).unwrap();
    let state = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    state.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
}

#[test]
fn ssh_is_called_as_git_calls_it() {
    let stage = Stage::new();
    let log = stage.home.path().join("calls");
    let script =
        format!("echo \"$GIT_PROTOCOL|$SSH_ASKPASS_REQUIRE|$GIT_DIR|$*\" >>'{}'\n{}", log.display(), serving(&stage));
    release_over(&stage, &script).env("GIT_DIR", "/elsewhere").run().success();
    assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
    let calls = fs::read_to_string(log).unwrap();
    let (fetch, push) = ("-o SendEnv=GIT_PROTOCOL ", "");
    for (service, version, option) in [("receive", "", push), ("upload", "version=2", fetch)] {
        let call = format!(
            "{version}|never||-o BatchMode=yes {option}-p 2222 git@host.example git-{service}-pack '/org/repo.git'\n"
        );
        assert!(calls.contains(&call), "{call}{calls}");
    }
    let banner = format!("echo 'Warning: nobody needs to read this' >&2\n{}", serving(&stage));
    let output = release_over(&stage, &banner).run().success().stdout_has("unchanged");
    assert_eq!(output.stderr(), "", "what ssh says is told where it fails");
}

/// What an ssh client says, how it ends, and what we make of it.
#[test]
fn failures_of_ssh() {
    let stage = Stage::new();
    for (said, status, exit, expected) in [
        (
            "git@host.example: Permission denied (publickey).",
            255,
            5,
            "host.example:2222/org/repo does not accept the key",
        ),
        ("Received disconnect: Too many authentication failures", 255, 5, "does not accept the key"),
        (
            "Host key verification failed.",
            255,
            5,
            "the host key of host.example:2222/org/repo is unknown, or it has changed",
        ),
        ("ssh: connect to host host.example port 2222: Connection refused", 255, 6, "cannot be reached"),
        ("ssh: Could not resolve hostname host.example: Name or service not known", 255, 6, "cannot be reached"),
        ("ssh: connect to host host.example port 2222: Connection timed out", 255, 6, "cannot be reached"),
        ("kex_exchange_identification: Connection closed by remote host", 255, 6, "`ssh` ended with exit status: 255"),
        ("ERROR: Repository not found.", 1, 5, "is not there, or this login may not use it"),
        ("remote: ERROR: Permission denied to this project.", 1, 5, "is not there, or this login may not use it"),
        ("fatal: '/org/repo.git' does not appear to be a git repository", 128, 5, "is not there, or this login"),
        ("sh: 1: git-receive-pack: not found", 127, 1, "a program on the way to host.example:2222/org/repo is missing"),
    ] {
        let release = release_over(&stage, &format!("printf '%s\\n' \"{said}\" >&2; exit {status}"));
        let output = release.run().exit(exit).stderr_has(expected).stderr_has("  ssh: ");
        let shown = format!("  ssh: {}\n", said.trim_start_matches("ssh: "));
        assert!(output.stderr().contains(&shown), "{shown}{}", output.stderr());
        assert!(!output.stderr().contains("failed to fill whole buffer"), "{}", output.stderr());
    }
    stage.untouched();
}

/// A wrapper that does nothing is such a program.
#[test]
fn an_ssh_that_ends_without_an_answer() {
    let stage = Stage::new();
    let output = release_over(&stage, "exit 0").run().exit(6);
    output.stderr_has("host.example:2222/org/repo cannot be reached: `ssh` ended without an answer\n");
}

/// A start-up file of the account that prints something breaks git's protocol. The message shows the cause.
#[test]
fn an_account_that_prints_a_banner() {
    let stage = Stage::new();
    let release = release_over(&stage, &format!("echo 'Welcome to the host'; {}", serving(&stage)));
    let output = release.run().exit(6).stderr_has("`ssh` wrote `Welcome to the host` in place of git's protocol");
    assert!(!output.stderr().contains("141"), "{}", output.stderr());
    stage.untouched();
}

#[test]
fn a_blank_in_the_path_of_an_ssh_url() {
    let stage = Stage::new();
    let log = stage.home.path().join("calls");
    let ssh = fake_ssh(&stage.home, &format!("echo \"$*\" >>'{}'\n{}", log.display(), serving(&stage)));
    for url in ["ssh://git@host.example/a b.git", "ssh://git@host.example/a%20b.git", "git@host.example:/a b.git"] {
        let release = stage.release_to(url).args(["--dry-run", "--no-check", "IMAGE_PLACEHOLDER=*:v2"]);
        release.env("GIT_SSH_COMMAND", &ssh).run().success();
        let ours = fs::read_to_string(&log).unwrap();
        assert!(ours.contains("git-upload-pack '/a b.git'"), "{url}: {ours}");
        fs::remove_file(&log).unwrap();
        let checkout = Checkout::shallow(&stage.remote.file_url());
        for key in ["remote.origin.url", "remote.origin.pushurl"] {
            checkout.git(["config", key, url]).run().success();
            let release = stage.tagship().current_dir(checkout.path()).args(["release", "-k", FOLDER, "--dry-run"]);
            release.args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"]).env("GIT_SSH_COMMAND", &ssh).run().success();
            let ours = fs::read_to_string(&log).unwrap();
            assert!(ours.contains("git-upload-pack '/a b.git'"), "{key} {url}: {ours}");
            fs::remove_file(&log).unwrap();
        }
    }
}

#[test]
fn what_ssh_says_is_escaped_and_whole_in_json() {
    let stage = Stage::new();
    let script = r"printf 'first\n\033]0;title\007 \033[2Jsecond\n::error::third\n' >&2; exit 255";
    let output = release_over(&stage, script).run().exit(6);
    output.stderr_has("\n  ssh: first\n  ssh: \\u{1b}]0;title\\u{7} \\u{1b}[2Jsecond\n  ssh: ::error::third\n");
    let output = release_over(&stage, script).args(["--output", "json"]).run().exit(6);
    let details = &json(&output)["error"]["details"];
    let whole = ["ssh: first", "ssh: \u{1b}]0;title\u{7} \u{1b}[2Jsecond", "ssh: ::error::third"];
    assert_eq!(*details, serde_json::json!(whole));
    let talkative = release_over(&stage, "yes 'one of many lines' | head -n 50000 >&2; echo last >&2; exit 255");
    let output = talkative.run().exit(6).stderr_has("  ssh: last\n");
    assert!(output.stderr().len() < 100_000, "{} bytes", output.stderr().len());
}

/// However ssh is silent: before it says anything, in the middle of an answer, or while it does not listen.
#[test]
fn an_ssh_that_is_silent() {
    let stage = Stage::new();
    let child = stage.home.path().join("child");
    let hang = format!("sleep 1000 & echo $! >'{}'; wait", child.display());
    for script in [hang.clone(), format!("printf '0012'; echo 'is it slow today?' >&2; {hang}")] {
        let release = release_over(&stage, &script).args(["--no-check", "--timeout", "1s"]);
        let output = release
            .limit(SOON)
            .run()
            .exit(6)
            .stderr_has("cannot be reached: `ssh` takes too long: no answer within 1s, the limit of `--timeout`");
        assert_eq!(output.stderr().contains("  ssh: is it slow today?\n"), script != hang);
        until("the end of what it started", || !lives(&child));
    }
    stage.untouched();
}

#[test]
fn no_ssh_no_git() {
    let stage = Stage::new();
    let release = stage.release_to("git@host.example:org/repo.git").args(["--no-check"]).arg(stage.argument());
    let output = release.clone().env("PATH", "/nowhere").run().exit(1);
    output.stderr_has("error: cannot start `ssh`: ").stderr_has("hint: install OpenSSH's client");
    release.clone().env("GIT_SSH", "/nowhere/ssh").run().exit(1).stderr_has("cannot start `/nowhere/ssh`");
    let output = release.env("GIT_SSH_COMMAND", "/nowhere/ssh -i key").run().exit(1);
    output.stderr_has("a program on the way to host.example:org/repo is missing").stderr_has("  ssh: ");
    let local = stage.release().args(["--no-check"]).arg(stage.argument());
    let output = local.env("PATH", "/nowhere").run().exit(1);
    output.stderr_has("error: cannot start `git-receive-pack`: ").stderr_has("hint: install git, ");
}

/// Only `git` itself is on the search path, as on Windows.
#[test]
fn a_git_without_its_subcommands_on_the_path() {
    let stage = Stage::new();
    let (git, folder) = (installed("git").unwrap(), stage.home.path().join("only-git"));
    fs::create_dir(&folder).unwrap();
    write_script(&folder.join("git"), &format!("#!/bin/sh\nexec '{}' \"$@\"", git.display()));
    stage.release().arg(stage.argument()).env("PATH", &folder).run().success();
    assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
}

#[test]
fn nothing_is_taken_for_an_option() {
    let stage = Stage::new();
    let folder = stage.home.path().join("-x.git");
    fs::create_dir(&folder).unwrap();
    let proof = stage.home.path().join("proof");
    let option = format!("-oProxyCommand=touch${{IFS}}{}", proof.display());
    for url in [
        format!("ssh://{option}/repo"),
        format!("{option}:repo"),
        format!("ssh://{option}@host.example/repo"),
        "git@host.example:-repo".to_owned(),
        "-x.git".to_owned(),
    ] {
        let release = stage.tagship().current_dir(stage.home.path()).args(["release", "--no-check"]);
        release.arg(format!("--repo={url}")).arg("a:v1").run().exit(2).stderr_has("would be taken for an option");
    }
    assert!(!proof.exists());
}

/// The real client, with keys that the host or we do not know.
#[test]
fn hosts_and_keys_that_are_unknown() {
    let Some(sshd) = Sshd::start() else { return };
    let stage = Stage::new();
    let release = stage.release_to(&sshd.url(stage.remote.path())).arg(stage.argument());
    let command = sshd.client_command();
    let stranger = command.replace("known_hosts", "nobody");
    let output = release.clone().env("GIT_SSH_COMMAND", stranger).run().exit(5);
    output.stderr_has("the host key of 127.0.0.1").stderr_has("ssh: Host key verification failed.");
    let output = release.clone().env("GIT_SSH_COMMAND", sshd.client_command_without_key()).run().exit(5);
    output.stderr_has("does not accept the key").stderr_has("Permission denied (publickey)");
    release.clone().env("GIT_SSH_COMMAND", command.replace("ssh -F", "ssh -p 1 -F")).run().exit(6);
    stage.untouched();
    release.env("GIT_SSH_COMMAND", command).run().success();
}

#[test]
fn what_a_local_server_says() {
    let stage = Stage::new();
    let release = stage.release().arg(stage.argument());
    fs::write(stage.remote.path().join("config"), "[core]\nrepositoryformatversion = 99\n").unwrap();
    let output = release.run().exit(5).stderr_has("is not there, or this login may not use it");
    output.stderr_has("\n  git-receive-pack: fatal: ");
}

/// A refused push is followed by a conversation that only reads the branch. A server that waits for a command takes a closed
/// pipe for a failure of ours.
#[test]
fn a_conversation_without_a_push_is_no_failure_of_the_server() {
    let stage = Stage::new();
    stage.remote.hook("pre-receive", "exit 1");
    let (programs, statuses) = (stage.home.path().join("programs"), stage.home.path().join("statuses"));
    fs::create_dir(&programs).unwrap();
    let server = format!("#!/bin/sh\ngit receive-pack \"$@\"\necho $? >>'{}'\n", statuses.display());
    write_script(&programs.join("git-receive-pack"), &server);
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let release = |argument: &str| stage.release().arg(argument).env("PATH", &path).run();
    release(&stage.argument()).exit(8).stderr_has("pre-receive hook declined");
    assert_eq!(fs::read_to_string(&statuses).unwrap(), "0\n0\n");
    // So does a release that ends before the push that it has begun.
    fs::remove_file(&statuses).unwrap();
    release(&format!("IMAGE_PLACEHOLDER={}:missing", stage.image())).exit(4);
    assert_eq!(fs::read_to_string(&statuses).unwrap(), "0\n");
}

/// A hook that takes longer than we wait leaves the push uncertain, as over HTTP, and no lock behind.
#[test]
fn a_hook_that_takes_too_long_on_a_local_path() {
    let stage = Stage::new();
    stage.remote.hook("pre-receive", "sleep 1000");
    stage.remote.configure("receive.keepAlive", "0");
    let release = || stage.release().args(["--timeout", "2s"]).arg(stage.argument());
    let output = release().run().exit(6).stderr_has("which may still take effect");
    output.stderr_has("`git-receive-pack` takes too long: no answer within 2s");
    stage.remote.hook("pre-receive", "exit 0");
    release().run().success();
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

/// Starts a command, sends it a signal once it is where it should be, and returns how it ended.
fn interrupted(command: &Command, signal: &str, is_there: impl Fn() -> bool) -> Output {
    let running: Running = command.start();
    until("the moment for the signal", is_there);
    running.signal(signal);
    running.finish()
}

#[test]
fn a_signal_while_an_image_is_awaited() {
    for signal in ["INT", "TERM", "HUP"] {
        let stage = Stage::new();
        let absent = format!("IMAGE_PLACEHOLDER={}:v9", stage.image());
        let release = stage.release().args(["--wait", "10m", "--output", "json", &absent]);
        let output = interrupted(&release, signal, || !stage.registry.request_lines().is_empty()).exit(130);
        let document = json(&output);
        assert_eq!(document["outcome"], "failed");
        let expected = serde_json::json!({
            "kind": "interrupted", "message": "interrupted", "details": ["nothing was pushed"], "hint": null,
            "place": null, "exit_code": 130,
        });
        assert_eq!(document["error"], expected);
        assert!(output.stderr().ends_with("error: interrupted\n  nothing was pushed\n"), "{}", output.stderr());
        stage.untouched();
    }
}

#[test]
fn a_signal_while_a_registry_hangs() {
    let stage = Stage::new();
    stage.registry.inject("/v2/", ALWAYS, RegistryFault::Hang);
    let check = stage.tagship().args(["check", "--timeout", "10m", &format!("{}:{COMMIT}", stage.image())]);
    let output = interrupted(&check, "TERM", || !stage.registry.request_lines().is_empty()).exit(130);
    assert_eq!(output.stderr(), "error: interrupted\n");
    assert_eq!(output.stdout(), "");
}

#[test]
fn a_signal_while_a_git_server_hangs() {
    let stage = Stage::new();
    let server = GitServer::start(stage.remote.folder(), Access::Open);
    server.inject("POST /gitops.git/git-upload-pack", 1, Fault::Hang);
    let log = std::cell::RefCell::new(Vec::new());
    let release = stage.release_to(&server.url("gitops.git")).args(["--timeout", "10m"]).arg(stage.argument());
    let output = interrupted(&release, "TERM", || {
        log.borrow_mut().extend(server.requests().iter().map(|request| request.logged.line()));
        log.borrow().iter().any(|line: &String| line.contains("POST"))
    });
    output.exit(130).stderr_has("nothing was pushed");
    stage.untouched();
}

/// A command that only reads pushes nothing, whatever ends it.
#[test]
fn a_signal_to_a_command_that_only_reads() {
    let stage = Stage::new();
    let server = GitServer::start(stage.remote.folder(), Access::Open);
    server.inject("/gitops.git/info/refs", ALWAYS, Fault::Hang);
    for command in ["log", "status"] {
        let command = stage.tagship().args([command, "--repo", &server.url("gitops.git"), "--timeout", "10m"]);
        let command = command.args(["-k", FOLDER]);
        let output = interrupted(&command, "TERM", || !server.requests().is_empty()).exit(130);
        assert!(output.stderr().ends_with("error: interrupted\n"), "{}", output.stderr());
        assert!(!output.stderr().contains("nothing was pushed"), "{}", output.stderr());
    }
}

/// A CI system kills what it has sent a signal to a few seconds later.
#[test]
fn a_signal_while_a_forge_hangs() {
    let stage = Stage::new();
    let forge = Forge::start(Kind::GitHub, &stage.remote);
    forge.inject("POST /api/", 1, ForgeFault::Hang);
    let flags = ["--timeout", "10m", "--forge", "github", "--pull-request", "--head", "proposed"];
    let release = stage.release_to(&forge.url_with_token(TOKEN)).args(flags).arg(stage.argument());
    let output = interrupted(&release, "TERM", || forge.was_asked("POST /api/")).exit(130);
    let output = output.stderr_has("the release is pushed to its head branch").stderr_has("run the same command again");
    assert!(!output.stderr().contains("nothing was pushed"), "{}", output.stderr());
    release.run().success();
    assert_eq!(forge.store().only().head, "proposed");
}

/// The server has the push: only it can tell what becomes of it.
#[test]
fn a_signal_during_a_push() {
    let stage = Stage::new();
    let (begun, go) = (stage.home.path().join("begun"), stage.home.path().join("go"));
    let hook = format!("touch '{}'; while [ ! -e '{}' ]; do sleep 0.05; done", begun.display(), go.display());
    stage.remote.hook("pre-receive", &hook);
    let server = GitServer::start(stage.remote.folder(), Access::Open);
    let release = stage.release_to(&server.url("gitops.git")).args(["--output", "json"]).arg(stage.argument());
    let output = interrupted(&release, "TERM", || begun.exists()).exit(130);
    let error = json(&output)["error"].clone();
    assert_eq!(error["details"][0], "the push had begun, and may or may not take effect");
    assert!(error["hint"].as_str().unwrap().starts_with("run the same command again"), "{error}");
    stage.untouched();
    fs::write(&go, "").unwrap();
    until("the push", || stage.remote.number_of_commits("main") == 2);
    release.run().success().stdout_has(r#""outcome":"unchanged""#);
}

/// The push that lost the race had no effect, and the next one has not begun.
#[test]
fn a_signal_after_a_lost_race() {
    let stage = Stage::new();
    let (begun, go) = (stage.home.path().join("begun"), stage.home.path().join("go"));
    let path = stage.remote.path().display().to_string();
    let hook = format!(
        "touch '{}'; while [ ! -e '{}' ]; do sleep 0.05; done\n\
         unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n\
         tree=$(git --git-dir={path} rev-parse main^{{tree}})\n\
         commit=$(git --git-dir={path} -c user.name=o -c user.email=o@x commit-tree -p main -m other $tree)\n\
         git --git-dir={path} update-ref refs/heads/main $commit",
        begun.display(),
        go.display()
    );
    stage.remote.hook("pre-receive", &hook);
    let server = GitServer::start(stage.remote.folder(), Access::Open);
    let fetch = "POST /gitops.git/git-upload-pack";
    let release = stage.release_to(&server.url("gitops.git")).args(["--timeout", "10m"]).arg(stage.argument());
    let running = release.start();
    until("the push", || begun.exists());
    server.inject(fetch, ALWAYS, Fault::Hang);
    server.requests();
    fs::write(&go, "").unwrap();
    let fetches = |request: &GitRequest| request.logged.line().starts_with(fetch);
    until("the second attempt", || server.requests().iter().any(fetches));
    running.signal("TERM");
    let output = running.finish().exit(130).stderr_has("nothing was pushed");
    assert!(!output.stderr().contains("the push had begun"), "{}", output.stderr());
    assert_eq!(stage.remote.log("main")[0].subject, "other");
}

/// A proposal on a head branch, and the same command again, which loses a race at the forge and then hangs.
struct LostProposal {
    forge: Forge,
    stage: Stage,
}

impl LostProposal {
    fn new() -> Self {
        let stage = Stage::new();
        let forge = Forge::start(Kind::GitHub, &stage.remote);
        let at = Self { forge, stage };
        at.propose("v1.0.0").run().success();
        at
    }

    fn propose(&self, tag: &str) -> Command {
        let release =
            self.stage.release_to(&self.forge.url_with_token(TOKEN)).args(["--forge", "github", "--no-check"]);
        release
            .args(["--pull-request", "--head", "proposed", "--timeout", "20s"])
            .arg(format!("IMAGE_PLACEHOLDER=*:{tag}"))
    }

    /// Proposes `tag`, and sends a signal while the second attempt waits for the server.
    fn interrupted_at_the_second_attempt(&self, tag: &str) -> Output {
        let push = "GET /org/gitops.git/info/refs?service=git-receive-pack";
        self.forge.inject(push, 1, ForgeFault::meanwhile(|_| {}));
        self.forge.inject(push, ALWAYS, ForgeFault::Hang);
        self.forge.times_asked(push);
        let pushes = std::cell::Cell::new(0);
        let output = interrupted(&self.propose(tag), "TERM", || {
            pushes.set(pushes.get() + self.forge.times_asked(push));
            pushes.get() == 2
        });
        output.exit(130).stdout_has("attempt 1 of 10 was too late")
    }
}

/// The head branch has the release of an earlier run: this one has pushed nothing.
#[test]
fn a_signal_after_a_proposal_that_was_there_was_merged() {
    let at = LostProposal::new();
    // The forge tells of the merge before git does.
    let merged = ForgeFault::meanwhile(|store| {
        let tip = store.remote.tip("proposed");
        (store.requests[0].state, store.requests[0].last_head) = (RequestState::Merged, tip);
    });
    at.forge.inject("GET /api/v3/repos/org/gitops/pulls", ALWAYS, merged);
    at.interrupted_at_the_second_attempt("v1.0.0").stderr_has("nothing was pushed");
}

/// This run has pushed to the head branch, whatever became of that.
#[test]
fn a_signal_after_a_race_that_was_lost_behind_the_push() {
    let at = LostProposal::new();
    at.forge.inject("PATCH /api/v3/repos/org/gitops/pulls/1", 1, ForgeFault::meanwhile(|store| store.close(1)));
    let output = at.interrupted_at_the_second_attempt("v1.1.0");
    let output = output.stderr_has("the release was pushed to its head branch, and then it lost a race");
    output.stderr_has("run the same command again");
}

/// A local server is a program of ours: it ends with us, and leaves no lock.
#[test]
fn a_signal_during_a_push_to_a_local_path() {
    let stage = Stage::new();
    let child = stage.home.path().join("child");
    stage.remote.hook("pre-receive", &format!("echo $$ >'{0}.new'; mv '{0}.new' '{0}'; sleep 1000", child.display()));
    let release = stage.release().arg(stage.argument());
    interrupted(&release, "INT", || child.exists()).exit(130).stderr_has("the push had begun");
    until("the end of the hook", || !lives(&child));
    stage.untouched();
    stage.remote.hook("pre-receive", "exit 0");
    release.run().success();
}

#[test]
fn a_signal_ends_ssh() {
    let stage = Stage::new();
    let child = stage.home.path().join("child");
    let script = format!("sleep 1000 & echo $! >'{0}.new'; mv '{0}.new' '{0}'; wait", child.display());
    let release = release_over(&stage, &script).args(["--timeout", "10m"]);
    interrupted(&release, "TERM", || child.exists()).exit(130).stderr_has("nothing was pushed");
    until("the end of ssh", || !lives(&child));
}

#[test]
fn a_signal_ends_credential_helpers() {
    let stage = Stage::with_auth(Auth::Basic(Login::new("ci", "s3cret")));
    let (child, folder) = (stage.home.path().join("child"), stage.home.path().join("helpers"));
    fs::create_dir(&folder).unwrap();
    let script = format!("#!/bin/sh\necho $$ >'{0}.new'; mv '{0}.new' '{0}'; sleep 1000", child.display());
    write_script(&folder.join("docker-credential-slow"), &script);
    stage.home.write(".docker/config.json", r#"{"credsStore":"slow"}"#);
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let check = stage.tagship().args(["check", "--timeout", "10m", &format!("{}:{COMMIT}", stage.image())]);
    interrupted(&check.env("PATH", path), "TERM", || child.exists()).exit(130);
    assert!(!lives(&child), "the helper goes on");
}

/// As `timeout` sends it, to the program and to its group: the end is clean all the same.
#[test]
fn a_signal_that_is_sent_twice_is_one() {
    let stage = Stage::new();
    let absent = format!("IMAGE_PLACEHOLDER={}:v9", stage.image());
    let running = stage.release().args(["--wait", "10m", "--output", "json", &absent]).start();
    until("the first look", || !stage.registry.request_lines().is_empty());
    for _ in 0..20 {
        running.signal("TERM");
    }
    assert_eq!(json(&running.finish().exit(130))["error"]["kind"], "interrupted");
    stage.untouched();
}

#[test]
fn a_later_signal_kills() {
    let stage = Stage::new();
    let child = stage.home.path().join("child");
    // The program asks it to end, and it does not listen.
    let script =
        format!("trap '' TERM; echo $$ >'{0}.new'; mv '{0}.new' '{0}'; while :; do sleep 1; done", child.display());
    let running = release_over(&stage, &script).args(["--timeout", "10m"]).start();
    until("ssh", || child.exists());
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(1500) {
        running.signal("TERM");
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(running.finish().code, None);
    let pid = fs::read_to_string(&child).unwrap();
    Command::new("sh").args(["-c", &format!("kill -s KILL {}; true", pid.trim())]).run().success();
}

/// Whenever the signal comes, either all files are written or none, and nothing is left beside them.
#[test]
fn files_are_written_all_or_none() {
    const FILES: usize = 20;
    const ROUNDS: u32 = 30;
    let seed = "images:\n- name: a\n  newTag: v1\n";
    let home = Home::new();
    let folder = |number: usize| home.path().join(format!("files/app{number}"));
    let begin = || {
        for number in 0..FILES {
            home.write(&format!("files/app{number}/kustomization.yaml"), seed);
        }
        let set = tagship().home(&home).current_dir(home.path().join("files")).args(["set", "a:v2"]);
        (0..FILES).fold(set, |set, number| set.args(["-k", &format!("app{number}")])).start()
    };
    let begun = Instant::now();
    begin().finish().success();
    let whole = begun.elapsed();
    for round in 0..ROUNDS {
        let running = begin();
        // Not to win a race: wherever in the run it comes, the same must hold.
        thread::sleep(whole * round / ROUNDS);
        running.signal("TERM");
        let output = running.finish();
        let is_new = |number: &usize| {
            assert_eq!(fs::read_dir(folder(*number)).unwrap().count(), 1, "something is left in app{number}");
            fs::read_to_string(folder(*number).join("kustomization.yaml")).unwrap() != seed
        };
        let new = (0..FILES).filter(is_new).count();
        match output.code {
            Some(0) => assert_eq!(new, FILES, "{}", output.stderr()),
            Some(130) => {
                assert_eq!(new, 0, "{}", output.stderr());
                output.stderr_has("nothing was written");
            }
            // The signal came before it was listened to.
            None => assert_eq!(new, 0),
            other => panic!("{other:?}"),
        }
    }
}

/// `GIT_DIR` and `GIT_WORK_TREE` name a checkout, as they do for git; a flag beats them.
#[test]
fn a_checkout_that_the_environment_names() {
    let stage = Stage::new();
    let checkout = Checkout::shallow(&stage.remote.file_url());
    let elsewhere = Home::new();
    let git_dir = checkout.path().join(".git");
    let release = |folder: &Path| tagship().home(&stage.home).current_dir(folder).args(["release", "--dry-run"]);
    let release = |folder: &Path| release(folder).arg(stage.argument());
    release(elsewhere.path()).args(["-k", FOLDER]).run().exit(3).stderr_has("there is no git repository at");
    release(elsewhere.path()).args(["-k", FOLDER]).env("GIT_DIR", &git_dir).run().success();
    let named = release(&checkout.path().join(FOLDER)).env("GIT_DIR", &git_dir);
    named.clone().env("GIT_WORK_TREE", checkout.path()).run().success();
    // Without a work tree, git takes the current directory for its root.
    named.args(["-k", FOLDER]).run().success();
    release(checkout.path()).args(["-k", FOLDER]).env("GIT_DIR", "/nowhere").run().exit(3).stderr_has("`/nowhere`");
    let flag = release(elsewhere.path()).args(["-k", FOLDER, "--repo"]).arg(checkout.path());
    flag.env("GIT_DIR", "/nowhere").run().success();
    assert_eq!(stage.remote.file("main", FILE), SEED.as_bytes());
}

/// A launcher may ignore the ends of its programs, and what it starts inherits that: git's server then cannot wait for its own,
/// and refuses the push.
#[cfg(target_os = "linux")]
#[test]
fn the_ends_of_programs_are_seen() {
    let stage = Stage::new();
    stage.remote.configure("receive.unpackLimit", "1000");
    let release = stage.release().arg(stage.argument());
    release.behind(&["env", "--ignore-signal=CHLD"]).run().success();
    assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
}
