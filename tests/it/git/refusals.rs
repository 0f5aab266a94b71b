//! Servers that say no, and how that is told: whole, in a form that cannot harm, and with what to do about it.

use std::sync::Arc;
use std::thread;

use serde_json::json;

use super::{incompressible, login, serve};
use crate::pipeline::document;
use crate::stage::Stage;
use crate::support::command::{Command, Output, is_root};
use crate::support::forge::{Forge, Kind, TOKEN};
use crate::support::git_server::packs::{packet, upload_pack_result};
use crate::support::git_server::{ALWAYS, Access, Fault, GitServer};
use crate::support::http::Response;
use crate::support::repository::File;

fn release(stage: &Stage, url: &str) -> Command {
    stage.release_to(url).args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"])
}

#[test]
fn a_hook_that_declines_is_quoted() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    stage.remote.hook("pre-receive", "echo 'only on Tuesdays' >&2; exit 1");
    for url in [server.url("gitops.git"), stage.remote.file_url()] {
        let output = release(&stage, &url).run().exit(8);
        output
            .stderr_has("pre-receive hook declined")
            .stderr_has("remote: only on Tuesdays")
            .stderr_has("hint: allow this identity in the server's hook");
        stage.untouched();
    }
}

/// git runs this hook last, and receive-pack ends with it, without a report.
#[test]
fn a_reference_transaction_that_a_hook_ends() {
    let stage = Stage::new();
    stage.remote.hook("reference-transaction", "[ \"$1\" = prepared ] || exit 0; echo 'only on Tuesdays' >&2; exit 1");
    for tag in [&[][..], &["--git-tag", "t1"]] {
        let output = release(&stage, &stage.remote.file_url()).args(tag).run().exit(8);
        output
            .stderr_has("the server refused the push to `main`: ref updates aborted by hook")
            .stderr_has("remote: only on Tuesdays")
            .stderr_has("hint: allow this identity in the server's hook");
    }
    stage.untouched();
}

/// Of what is wrong there is no more known than the server says, so no hint blames the identity or the branch.
#[test]
fn a_refusal_that_no_hook_made() {
    let stage = Stage::new();
    std::fs::write(stage.remote.path().join("refs/heads/bad"), format!("{}\n", "1".repeat(40))).unwrap();
    let output = release(&stage, &stage.remote.file_url()).args(["--branch", "main"]).run().exit(8);
    output.stderr_has("missing necessary objects").stderr_has("hint: read the server's words above");
    let server = serve(&stage, Access::Open);
    let teapot = Response::new(418).body(b"words without a type");
    server.inject("POST /gitops.git/git-receive-pack", ALWAYS, Fault::Answer(teapot));
    std::fs::remove_file(stage.remote.path().join("refs/heads/bad")).unwrap();
    let output = release(&stage, &server.url("gitops.git")).run().exit(8);
    output.stderr_has("it answered 418").stderr_has("hint: ask the administrator of the server");
}

/// Each in the words of its host; `refusal.rs` has more of them.
#[test]
fn the_rule_that_refuses_is_named_with_a_hint() {
    let stage = Stage::new();
    stage.remote.protect("main");
    let output = release(&stage, &stage.remote.file_url()).run().exit(8);
    output
        .stderr_has("the server refused the push to `main`: hook declined")
        .stderr_has("remote: error: GH006")
        .stderr_has("hint: propose the release with `--pull-request`, or let this identity bypass the rule");
    for (said, hint) in [
        ("GitLab: You are not allowed to push code to protected branches on this project.", "bypass the rule"),
        ("error: GH013: Repository rule violations found\n- Commits must have verified signatures.", "`--sign`"),
        ("error: GH007: Your push would publish a private email address.", "`--author`"),
    ] {
        stage.remote.hook("update", &format!("cat >&2 <<'END'\n{said}\nEND\nexit 1"));
        let output = release(&stage, &stage.remote.file_url()).run().exit(8).stderr_has(hint);
        said.lines().fold(output, |output, line| output.stderr_has(&format!("remote: {line}")));
    }
    stage.untouched();
}

/// A hook's messages are reported even if the branch cannot be read again after it.
#[test]
fn a_refusal_is_told_whatever_comes_after() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let head = stage.remote.path().join("HEAD").display().to_string();
    stage.remote.hook("pre-receive", &format!("echo 'only on Tuesdays' >&2; mv {head} {head}.away; exit 1"));
    let output = release(&stage, &server.url("gitops.git")).run().exit(8);
    output.stderr_has("remote: only on Tuesdays").stderr_has("the branch could not be read again");
}

/// If the branch cannot be read now, a refusal may be that of a lost race, which a person cannot mend and the same command can.
#[test]
fn a_refusal_beside_an_outage_may_be_a_lost_race() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let remote = stage.remote.clone();
    let other = move || drop(remote.commit("main", "Other", &[File::new("other", "1\n")]));
    server.inject("POST /gitops.git/git-receive-pack", 1, Fault::After(Arc::new(other)));
    let refs = "GET /gitops.git/info/refs?service=git-receive-pack";
    server.inject(refs, 1, Fault::Pass);
    server.inject(refs, ALWAYS, Fault::CutRequest(0));
    let output = release(&stage, &server.url("gitops.git")).run().exit(6);
    output.stderr_has("it refused the push").stderr_has("the branch could not be read again");
    assert_eq!(stage.remote.number_of_commits("main"), 2);
    release(&stage, &stage.remote.file_url()).run().success().stdout_has("released");
    assert_eq!(stage.remote.number_of_commits("main"), 3);
}

/// Our push is a fast-forward of well-formed objects, so the strictest settings let it pass.
#[test]
fn strict_settings_are_no_hindrance() {
    let stage = Stage::new();
    for key in ["receive.denyNonFastForwards", "receive.denyDeletes", "receive.fsckObjects", "transfer.fsckObjects"] {
        stage.remote.configure(key, "true");
    }
    release(&stage, &stage.remote.file_url()).run().success();
    assert_eq!(stage.remote.number_of_commits("main"), 2);
    stage.remote.fsck();
}

/// A repository with a work tree refuses a push to the branch that is checked out, unless it is told to follow.
#[test]
fn a_repository_with_a_work_tree() {
    let stage = Stage::new();
    stage.remote.configure("core.bare", "false");
    let output = release(&stage, &stage.remote.file_url()).run().exit(8);
    output.stderr_has("branch is currently checked out").stderr_has("hint: push to a bare repository");
    stage.untouched();
    stage.remote.configure("receive.denyCurrentBranch", "ignore");
    release(&stage, &stage.remote.file_url()).run().success();
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

/// What is left of the pack is more than a pipe holds (64 kB), so that it cannot be written: the server's answer counts.
#[test]
fn a_server_that_does_not_read_all_of_a_push() {
    let stage = Stage::new();
    stage.remote.configure("receive.maxInputSize", "1k");
    let release = release(&stage, &stage.remote.file_url()).env("TAGSHIP_MESSAGE", incompressible(120_000));
    release
        .run()
        .exit(8)
        .stderr_has("the server refused the push to `main`: unpack failed: ")
        .stderr_has("remote: fatal: pack exceeds maximum allowed size")
        .stderr_has("hint: make room at the server, or raise its limit");
    stage.untouched();
}

/// A lock that a dead process left: no other push moved the branch in any attempt, so that a person must look.
#[test]
fn a_branch_that_stays_locked() {
    let stage = Stage::new();
    std::fs::write(stage.remote.path().join("refs/heads/main.lock"), "").unwrap();
    let output = release(&stage, &stage.remote.file_url()).args(["--attempts", "2"]).run().exit(8);
    output.stderr_has("failed to update ref").stderr_has("main.lock").stderr_has("hint: remove the lock");
    stage.untouched();
}

/// Another push holds the lock, and has not moved the branch yet: the next attempt finds it free. That is no rule for which a
/// pull request would be needed.
#[test]
fn a_branch_that_another_push_has_locked() {
    for flags in [&[][..], &["--on-refused", "pull-request"]] {
        let stage = Stage::new();
        let forge = Forge::start(Kind::GitHub, &stage.remote);
        let lock = stage.remote.path().join("refs/heads/main.lock");
        std::fs::write(&lock, "").unwrap();
        let (lock, first) = (lock.display(), stage.remote.path().join("first").display().to_string());
        stage
            .remote
            .hook("pre-receive", &format!("if [ -e '{first}' ]; then rm -f '{lock}'; else touch '{first}'; fi"));
        let release = release(&stage, &forge.url_with_token(TOKEN)).args(["--forge", "github", "--output", "json"]);
        let document = document(&release.args(flags.iter().copied()).run().success());
        assert_eq!((&document["outcome"], &document["attempts"]), (&json!("released"), &json!(2)), "{flags:?}");
        assert!(forge.calls().is_empty(), "{flags:?}");
    }
}

/// Folders that the server's user may not write to. A user that may write everywhere runs the release as another user.
#[test]
fn a_repository_that_cannot_be_written() {
    let stage = Stage::new();
    let run = |program: &str, arguments: &[&str]| Command::new(program).args(arguments.iter().copied()).run().success();
    let path = stage.remote.path().display().to_string();
    let folder = stage.remote.folder().display().to_string();
    run("chmod", &["-R", "a+rX,a-w", &path]);
    run("chmod", &["a+rx", &folder]);
    let config = stage.remote.folder().join("gitconfig");
    std::fs::write(&config, "[safe]\ndirectory = *\n").unwrap();
    let release = release(&stage, &stage.remote.file_url()).env("GIT_CONFIG_GLOBAL", config);
    let wrapper: &[&str] =
        if is_root() { &["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] } else { &[] };
    let output = release.behind(wrapper).run().exit(8);
    output.stderr_has("unpack failed").stderr_has("hint: check the permissions");
    run("chmod", &["-R", "u+w", &path]);
    stage.untouched();
}

/// What answers in git's place: a limit is a refusal, a missing right is one of the login, and both are quoted.
#[test]
fn answers_of_http() {
    let push = "POST /gitops.git/git-receive-pack";
    for (status, text, exit, expected) in [
        (413, "repository over quota", 8, "it answered 413 Payload Too Large: repository over quota"),
        (403, "This repository was archived so it is read-only.", 5, "403 Forbidden: This repository was archived"),
        (422, "", 8, "it answered 422 Unprocessable Entity"),
        (429, "slow down", 6, "429 Too Many Requests: slow down"),
        (503, "maintenance", 6, "503 Service Unavailable: maintenance"),
    ] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Login(login()));
        server.inject(push, ALWAYS, Fault::Answer(Response::text(status, text)));
        let output = release(&stage, &server.url_with(&login(), "gitops.git")).run().exit(exit);
        output.stderr_has(expected).says_nowhere(&login().password);
        stage.untouched();
    }
}

/// Returns the stderr of a release whose push a hook refuses with the output of this shell script.
fn declined_with(print: &str) -> Output {
    let stage = Stage::new();
    stage.remote.hook("pre-receive", &format!("{print} >&2\nexit 1"));
    let output = release(&stage, &stage.remote.file_url()).run().exit(8);
    stage.untouched();
    output
}

/// What a hook says is written to terminals and logs: nothing of it may move the cursor, hide, or be taken for ours.
#[test]
fn what_a_hook_says_cannot_harm() {
    for (print, expected) in [
        (r"printf '\033[1;31merror:\033[0m \033[38;5;9mno\033[m\n'", "remote: error: no\n"),
        (r"printf '\033[2J\033]0;title\007x\n'", "remote: \\u{1b}[2J\\u{1b}]0;title\\u{7}x\n"),
        (r"printf 'checking:  10%%\rchecking: 100%%\rchecked\n'", "remote: checked\n"),
        (r"printf 'first\r\nsecond\r\n'", "remote: first\n  remote: second\n"),
        (r"printf '\377\376 latin\n'", "remote: \u{fffd}\u{fffd} latin\n"),
        (r"printf 'without an end'", "remote: without an end\n"),
        (r"printf 'hint: run this\nreleased\n'", "remote: hint: run this\n  remote: released\n"),
    ] {
        let output = declined_with(print);
        assert!(!output.stderr.contains(&0x1b) && !output.stderr.contains(&b'\r'), "{print}");
        output.stderr_has(expected);
    }
}

/// A hook may print more than is useful. The beginning is reported, and that there was more.
#[test]
fn what_a_hook_says_has_an_end() {
    let output = declined_with("yes 'This line is one of many.' | head -c 1048576");
    assert!(output.stderr.len() < 100 << 10, "{} bytes", output.stderr.len());
    output.stderr_has("remote: This line is one of many.").stderr_has("(and more, which is left out)");
}

/// The report of a failure says the same to programs.
#[test]
fn a_refusal_in_json() {
    let stage = Stage::new();
    stage.remote.hook("pre-receive", "printf '\\033[31mno\\033[m\\n' >&2; exit 1");
    let output = release(&stage, &stage.remote.file_url()).args(["--output", "json"]).run().exit(8);
    let document = document(&output);
    assert_eq!(document["error"]["kind"], "refused");
    let message = document["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("the server refused the push to `main`: pre-receive hook declined"), "{message}");
    stage.untouched();
}

const PUSH: &str = "POST /gitops.git/git-receive-pack";
const FETCH: &str = "POST /gitops.git/git-upload-pack";

/// Returns packet lines and the flush packet that ends them.
fn packets(lines: &[&str]) -> Vec<u8> {
    lines.iter().map(|line| packet(line.as_bytes())).chain([b"0000".to_vec()]).flatten().collect()
}

fn receive_pack(kind: &str, body: &[u8]) -> Response {
    Response::new(200).header("Content-Type", &format!("application/x-git-receive-pack-{kind}")).body(body)
}

/// A server may take a push and put it elsewhere, as one does that makes a request of every push: the branch has not moved.
#[test]
fn a_push_that_the_server_puts_elsewhere() {
    let stage = Stage::new();
    stage.remote.configure("receive.procReceiveRefs", "refs/heads/main");
    stage.remote.hook("proc-receive", PROC_RECEIVE);
    let server = serve(&stage, Access::Open);
    for url in [server.url("gitops.git"), stage.remote.file_url()] {
        let output = release(&stage, &url).run().exit(8);
        output.stderr_has("the server put the commit on `refs/pull/1/head`").says_nowhere("released");
        stage.untouched();
    }
}

/// Takes each push by the protocol of git's hook of this name, and says that another ref has it.
const PROC_RECEIVE: &str = r#"
exec python3 -c '
import sys
source, sink = sys.stdin.buffer, sys.stdout.buffer
def line():
    length = int(source.read(4), 16)
    return source.read(length - 4) if length else None
def write(text):
    sink.write(b"%04x%s" % (len(text) + 4, text))
def section():
    lines = []
    while (read := line()) is not None:
        lines.append(read)
    return lines
options = b"push-options" in b"".join(section())
write(b"version=1\n"); sink.write(b"0000"); sink.flush()
commands = section()
for command in commands:
    write(b"ok %s\n" % command.split()[2]); write(b"option refname refs/pull/1/head\n")
sink.write(b"0000"); sink.flush()
'
"#;

/// Azure Repos gives its reason behind `ng`, though `unpack` failed. Plain reports are those of servers without side bands.
#[test]
fn every_reason_of_a_report_is_told() {
    let protected = "ng refs/heads/main TF402455: you must use a pull request\n";
    for (lines, expected) in [
        (&["unpack failed\n", protected][..], "unpack failed: failed; TF402455: you must use a pull request"),
        (&["unpack ok\n", "ng refs/heads/main\n"], "the server refused the push to `main`: the server gave no reason"),
        (
            &["unpack ok\n", "ng refs/heads/main hook declined\n"],
            "the server refused the push to `main`: hook declined",
        ),
    ] {
        let (plain, banded) = (packets(lines), packet(&[&[1], packets(lines).as_slice()].concat()));
        for body in [plain, [banded, b"0000".to_vec()].concat()] {
            let stage = Stage::new();
            let server = serve(&stage, Access::Open);
            server.inject(PUSH, 1, Fault::Answer(receive_pack("result", &body)));
            release(&stage, &server.url("gitops.git")).run().exit(8).stderr_has(expected);
            stage.untouched();
        }
    }
}

/// A server may tell its own outage as a refusal. That is a matter of time, and no rule for which a pull request is needed.
#[test]
fn an_outage_in_the_form_of_a_refusal() {
    for (reason, hook) in [
        ("Internal Server Error", ""),
        ("pre-receive hook declined", "GitLab: Internal API unreachable"),
        ("pre-receive hook declined", "error executing git hook: transaction vote: context deadline exceeded"),
    ] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Open);
        let report = packets(&["unpack ok\n", &format!("ng refs/heads/main {reason}\n")]);
        let said = packet(&[&[2], hook.as_bytes(), b"\n"].concat());
        let body = [said, packet(&[&[1], report.as_slice()].concat()), b"0000".to_vec()].concat();
        server.inject(PUSH, 1, Fault::Answer(receive_pack("result", &body)));
        let run =
            release(&stage, &server.url("gitops.git")).args(["--on-refused", "pull-request", "--forge", "github"]);
        run.run().exit(6).stderr_has(reason).stderr_has(hook);
        stage.untouched();
    }
}

/// Whether a flush follows or not, over each version of the protocol. Each is asked again after pauses, so all wait at once.
#[test]
fn error_packets_are_quoted() {
    let error = packet(b"ERR over quota, ask bob\n");
    let bodies = [error.clone(), [error.as_slice(), b"0000"].concat()];
    thread::scope(|scope| {
        for body in &bodies {
            let answer = || Fault::Answer(upload_pack_result(body));
            scope.spawn(move || {
                let stage = Stage::new();
                let server = serve(&stage, Access::Open);
                server.inject(PUSH, 1, Fault::Answer(receive_pack("result", body)));
                release(&stage, &server.url("gitops.git")).run().exit(8).stderr_has("remote: over quota, ask bob\n");
                stage.untouched();
            });
            scope.spawn(move || is_said_by(|server| server.inject(FETCH, ALWAYS, answer())));
            scope.spawn(move || {
                is_said_by(|server| {
                    server.disable_protocol_v2();
                    server.inject(FETCH, ALWAYS, answer());
                });
            });
            scope.spawn(move || {
                let advertisement = [packet(b"# service=git-receive-pack\n"), b"0000".to_vec(), body.clone()].concat();
                let refs = "GET /gitops.git/info/refs?service=git-receive-pack";
                let answer = Fault::Answer(receive_pack("advertisement", &advertisement));
                is_said_by(|server| server.inject(refs, 1, answer));
            });
        }
    });
}

/// Asserts that a release from a server that is made so tells its error packet.
fn is_said_by(make: impl FnOnce(&GitServer)) {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    make(&server);
    let output = release(&stage, &server.url("gitops.git")).args(["--branch", "main"]).run().exit(6);
    output.stderr_has(": it says: over quota, ask bob\n");
    stage.untouched();
}

/// The third side band ends an answer too.
#[test]
fn a_fatal_error_beside_a_pack_is_quoted() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let body = [packet(b"packfile\n"), packet(b"\x03the disk is broken\n"), b"0000".to_vec()].concat();
    server.inject(FETCH, ALWAYS, Fault::Answer(upload_pack_result(&body)));
    let output = release(&stage, &server.url("gitops.git")).args(["--branch", "main"]).run().exit(6);
    output.stderr_has("it says: the disk is broken\n");
}

/// The same in the answer to a push, which ends there without a flush: a report on the branch may have come before it, or not.
#[test]
fn a_fatal_error_in_place_of_a_report_is_quoted() {
    let said = packet(b"\x03the disk is broken\n");
    let begun = packet(&[&[1], packet(b"unpack ok\n").as_slice()].concat());
    for body in [said.clone(), [said.as_slice(), b"0000"].concat(), [begun, said].concat()] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Open);
        server.inject(PUSH, 1, Fault::Answer(receive_pack("result", &body)));
        release(&stage, &server.url("gitops.git")).run().exit(8).stderr_has("remote: the disk is broken\n");
        stage.untouched();
    }
}

/// A script that moves the branch while a push is under way.
fn move_the_branch(stage: &Stage) -> String {
    let path = stage.remote.path().display();
    format!(
        "unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n\
         tree=$(git --git-dir={path} rev-parse main^{{tree}})\n\
         commit=$(git --git-dir={path} -c user.name=o -c user.email=o@x commit-tree -p main -m other $tree)\n\
         git --git-dir={path} update-ref refs/heads/main $commit"
    )
}

#[test]
fn what_the_server_says_in_a_lost_race() {
    let stage = Stage::new();
    stage.remote.hook("pre-receive", &format!("echo 'be quick' >&2\n{}", move_the_branch(&stage)));
    let lose = || release(&stage, &stage.remote.file_url()).args(["--attempts", "2"]);
    let output = lose().run().exit(7);
    output.stderr_has("the server's reason: ").stderr_has("remote: be quick\n");
    let output = lose().arg("-v").run().exit(7).stdout();
    assert_eq!(output.matches("remote: be quick").count(), 2, "{output}");
}

/// The branch moves at each attempt, and the hook would refuse on a quiet branch too: a retry cannot succeed.
#[test]
fn a_refusal_at_each_attempt_is_no_race() {
    let stage = Stage::new();
    stage.remote.hook("pre-receive", &format!("{}\necho 'only on Tuesdays' >&2\nexit 1", move_the_branch(&stage)));
    for (attempts, moved) in [("2", "the branch also moved in each of 2 attempts\n"), ("1", "the branch also moved\n")]
    {
        let release = release(&stage, &stage.remote.file_url()).args(["--branch", "main", "--attempts", attempts]);
        let output = release.run().exit(8);
        output
            .stderr_has("the server refused the push to `main`: pre-receive hook declined")
            .stderr_has("remote: only on Tuesdays")
            .stderr_has(moved);
    }
}

#[test]
fn what_the_server_says_beside_an_accepted_push() {
    let stage = Stage::new();
    stage.remote.hook("post-receive", "echo 'This repository moved. Please use the new location.' >&2");
    let said = "remote: This repository moved. Please use the new location.";
    release(&stage, &stage.remote.file_url()).arg("-v").run().success().stdout_has(said);
}

/// Servers on go-git offer no side bands. git pushes there.
#[test]
fn a_server_without_side_bands() {
    for (capabilities, exit) in [("report-status delete-refs ofs-delta", 0), ("delete-refs ofs-delta", 3)] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Open);
        let line = format!("{} refs/heads/main\0{capabilities}\n", stage.remote.tip("main").unwrap());
        let service = packets(&["# service=git-receive-pack\n"]);
        let body = [service, packets(&[&line])].concat();
        let advertisement = || Fault::Answer(receive_pack("advertisement", &body));
        server.inject("GET /gitops.git/info/refs?service=git-receive-pack", 1, advertisement());
        let output = release(&stage, &server.url("gitops.git")).args(["--branch", "main"]).run().exit(exit);
        match exit {
            0 => assert_eq!(stage.remote.number_of_commits("main"), 2),
            _ => {
                output.stderr_has("it does not report what became of a push");
                assert_eq!(server.requests().len(), 2, "told at the advertisement");
            }
        }
    }
}

#[test]
fn bodies_of_a_403_that_are_no_plain_text() {
    for (kind, body, expected) in [
        (
            "application/json; charset=utf-8",
            r#"{"message":"Blocked by policy 7","x":1}"#,
            "403 Forbidden: Blocked by policy 7\n",
        ),
        ("application/json", r#"{"error":"nope"}"#, "403 Forbidden: nope\n"),
        ("application/json", "{", "it answered 403 Forbidden\n"),
        ("text/html", "<html><head><title>Log in first</title></head></html>", "403 Forbidden: Log in first\n"),
        ("text/html", "<p>x", "it answered 403 Forbidden\n"),
    ] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Open);
        let answer = Response::new(403).header("Content-Type", kind).body(body.as_bytes());
        server.inject(PUSH, 1, Fault::Answer(answer));
        release(&stage, &server.url("gitops.git")).run().exit(5).stderr_has(expected);
    }
}
