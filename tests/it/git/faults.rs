//! Connections that end at the wrong moment, and what the branch is afterwards.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::{lines, serve};
use crate::pipeline::document;
use crate::stage::{COMMIT, FOLDER, Stage, tagship};
use crate::support::command::write_script;
use crate::support::git_server::{ALWAYS, Access, Fault, GitServer};
use crate::support::http::Response;
use crate::support::relay::{Cut, Relay, Turn};
use crate::support::repository::{File, Remote};

/// However a push is cut off: either it happened, once, or it did not, and the exit code says which. A connection that had
/// been closed takes nothing, and the push is sent again: its lease lets it happen once.
#[test]
fn a_push_that_is_cut_off() {
    let push = "POST /gitops.git/git-receive-pack";
    for (fault, happened) in [
        (Fault::CutRequest(0), true),
        (Fault::CutRequest(10), true),
        (Fault::CutRequest(300), true),
        (Fault::Answer(Response::text(502, "bad gateway")), false),
        (Fault::CutBeforeResponse, true),
        (Fault::CutResponse(0), true),
        (Fault::CutResponse(20), true),
    ] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Open);
        server.inject(push, 1, fault);
        let output = stage.release_to(&server.url("gitops.git")).arg(stage.argument()).run();
        if happened {
            output.success().stdout_has("released");
            assert_eq!(stage.remote.number_of_commits("main"), 2);
        } else {
            output.exit(6);
            stage.untouched();
        }
    }
}

/// The services are asked at once, so that two connections are kept, and a server closes both after a while.
#[test]
fn both_connections_that_are_kept_may_have_been_closed() {
    for service in ["git-upload-pack", "git-receive-pack"] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Open);
        server.inject(&format!("POST /gitops.git/{service}"), 2, Fault::CutRequest(0));
        let release = stage.release_to(&server.url("gitops.git")).args(["--branch", "main"]).arg(stage.argument());
        let output = release.run().success();
        assert!(!output.stdout().contains("trying again"), "in one attempt: {}", output.stdout());
        assert_eq!(stage.remote.number_of_commits("main"), 2);
    }
}

/// The push is at the server, which has not answered in time: only the server knows what becomes of it, and the same command
/// again finds out.
#[test]
fn a_push_that_is_still_at_work_is_uncertain() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    stage.remote.hook("pre-receive", "sleep 4");
    let url = server.url("gitops.git");
    let release = |timeout: &str| stage.release_to(&url).args(["--timeout", timeout]).arg(stage.argument());
    release("1s").run().exit(6).stderr_has("which may still take effect");
    let deadline = Instant::now() + Duration::from_secs(20);
    while stage.remote.number_of_commits("main") == 1 {
        assert!(Instant::now() < deadline, "the push never took effect");
        thread::sleep(Duration::from_millis(100));
    }
    release("20s").run().success().stdout_has("unchanged");
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

/// The first of two pushes took effect, so that the second one is refused, and nothing can be read after it: that is no refusal
/// which a person must look at.
#[test]
fn a_second_push_that_is_refused_is_uncertain() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    server.inject("POST /gitops.git/git-receive-pack", 1, Fault::CutBeforeResponse);
    let refs = "GET /gitops.git/info/refs?service=git-receive-pack";
    server.inject(refs, 1, Fault::Pass);
    server.inject(refs, ALWAYS, Fault::CutRequest(0));
    let output = stage.release_to(&server.url("gitops.git")).arg(stage.argument()).run().exit(6);
    output.stderr_has("which may still take effect").stderr_has("it was sent again, and refused");
    stage.release_to(&stage.remote.file_url()).arg(stage.argument()).run().success().stdout_has("unchanged");
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

/// Nothing lets us read what became of a push that was refused: before the server looked at it, as after the login has expired, or
/// by a gateway, which may have let it through.
#[test]
fn a_push_that_is_refused_by_its_status() {
    for (status, exit, told) in [
        (401, 5, "requires a login"),
        (413, 8, "it answered 413 Payload Too Large: no"),
        (400, 6, "which may still take effect"),
        (403, 6, "which may still take effect"),
        (404, 6, "which may still take effect"),
        (451, 6, "which may still take effect"),
        (408, 6, "which may still take effect"),
        (429, 6, "which may still take effect"),
        (500, 6, "which may still take effect"),
    ] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Open);
        let refused = Fault::Answer(Response::text(status, "no"));
        server.inject("POST /gitops.git/git-receive-pack", ALWAYS, refused.clone());
        let refs = "GET /gitops.git/info/refs?service=git-receive-pack";
        server.inject(refs, 1, Fault::Pass);
        server.inject(refs, ALWAYS, refused);
        let release = stage.release_to(&server.url("gitops.git")).args(["--timeout", "2s"]);
        let output = release.arg(stage.argument()).run().exit(exit).stderr_has(told);
        if exit != 6 {
            output.says_nowhere("may still take effect");
        }
        stage.untouched();
    }
}

/// What is between us and the server has let the push through, and not its answer: the branch tells, if it can be read.
#[test]
fn a_push_whose_answer_is_held_back() {
    for (status, is_read) in [(400, true), (403, true), (451, true), (400, false), (403, false), (404, false)] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Open);
        let held_back = |words: &str| Response::text(status, words);
        server.inject("POST /gitops.git/git-receive-pack", 1, Fault::AnswerFor(held_back("blocked")));
        let refs = "GET /gitops.git/info/refs?service=git-receive-pack";
        server.inject(refs, 1, Fault::Pass);
        if !is_read {
            server.inject(refs, ALWAYS, Fault::Answer(held_back("blocked again")));
        }
        let output = stage.release_to(&server.url("gitops.git")).arg(stage.argument()).run();
        match is_read {
            true => output.success().stdout_has("released"),
            false => output
                .exit(6)
                .stderr_has("which may still take effect; the branch cannot be read again (")
                .stderr_has(": blocked again")
                .stderr_has("run the same command again"),
        };
        assert_eq!(stage.remote.number_of_commits("main"), 2);
    }
}

/// A gateway answers a push that the server may be at work on.
#[test]
fn an_answer_that_says_nothing_of_the_push_is_uncertain() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let answer = Fault::Answer(Response::text(504, "gateway timeout"));
    server.inject("POST /gitops.git/git-receive-pack", ALWAYS, answer.clone());
    let refs = "GET /gitops.git/info/refs?service=git-receive-pack";
    server.inject(refs, 1, Fault::Pass);
    server.inject(refs, ALWAYS, answer);
    let output = stage.release_to(&server.url("gitops.git")).arg(stage.argument()).run().exit(6);
    output.stderr_has("which may still take effect");
}

/// A rollback that is typed again goes back one more release, so its hint names where it goes.
#[test]
fn a_rollback_whose_push_is_uncertain_is_not_made_twice() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let url = server.url("gitops.git");
    for tag in ["v1", "v2", "v3"] {
        stage.release_to(&url).args(["--no-check", &format!("IMAGE_PLACEHOLDER=*:{tag}")]).run().success();
    }
    let to = stage.remote.log("main")[1].id[..7].to_owned();
    let rollback = |url: &str, flags: &[&str]| {
        let command = stage.tagship().args(["rollback", "--no-check", "--repo", url, "--branch", "main", "-k", FOLDER]);
        command.args(flags.iter().copied()).arg("IMAGE_PLACEHOLDER").run()
    };
    server.inject("POST /gitops.git/git-receive-pack", 1, Fault::CutBeforeResponse);
    let refs = "GET /gitops.git/info/refs?service=git-receive-pack";
    server.inject(refs, 1, Fault::Pass);
    server.inject(refs, ALWAYS, Fault::CutRequest(0));
    let output = rollback(&url, &[]).exit(6).stderr_has("which may still take effect");
    let (flag, why) = (format!("--to {to}"), "without it, it goes back one more release if the push took effect");
    output.stderr_has(&format!("hint: run the same command again with `{flag}`: {why}\n"));
    assert_eq!(stage.remote.number_of_commits("main"), 5);
    let pasted: Vec<&str> = flag.split(' ').collect();
    rollback(&stage.remote.file_url(), &pasted).success().stdout_has("unchanged");
    // More steps are another flag, and a rollback to what is named is the same one again.
    for (tag, flags, hint) in [
        ("v4", &["--steps", "2"][..], " with `--to abcdefg` in place of `--steps 2`, which goes back 2 more if"),
        ("v5", &["--to", "v1"], ": what is already released is not released twice"),
    ] {
        stage.release().args(["--no-check", &format!("IMAGE_PLACEHOLDER=*:{tag}")]).run().success();
        let server = serve(&stage, Access::Open);
        server.inject("POST /gitops.git/git-receive-pack", 1, Fault::CutBeforeResponse);
        server.inject(refs, 1, Fault::Pass);
        server.inject(refs, ALWAYS, Fault::CutRequest(0));
        let output = rollback(&server.url("gitops.git"), flags).exit(6);
        let commit = stage
            .remote
            .log("main")
            .iter()
            .find(|commit| commit.subject.starts_with("Release ") && commit.subject.contains(":v1"))
            .unwrap()
            .id
            .clone();
        output.stderr_has(&format!("hint: run the same command again{}", hint.replace("abcdefg", &commit[..7])));
    }
}

/// The first of two pushes is still at work and has the branch's lock, so that the second one is refused, and the branch is where
/// it was: that is no refusal either.
#[test]
fn a_second_push_that_meets_the_first_one_is_uncertain() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    server.inject("POST /gitops.git/git-receive-pack", 1, Fault::CutRequest(0));
    std::fs::write(stage.remote.path().join("refs/heads/main.lock"), "").unwrap();
    let output = stage.release_to(&server.url("gitops.git")).arg(stage.argument()).run().exit(6);
    output.stderr_has("which may still take effect").stderr_has("it was sent again, and refused");
    stage.untouched();
}

/// Our push took effect, its answer was lost, and another release came on top of it: ours is not made again.
#[test]
fn a_lost_answer_and_a_release_on_top() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    server.inject("POST /gitops.git/git-receive-pack", 1, Fault::CutBeforeResponse);
    let path = stage.remote.path().display().to_string();
    stage.remote.hook(
        "post-receive",
        &format!(
            "[ -e {path}/other ] && exit 0; touch {path}/other\n\
             tree=$(git --git-dir={path} rev-parse main^{{tree}})\n\
             commit=$(git --git-dir={path} -c user.name=o -c user.email=o@x commit-tree -p main -m other $tree)\n\
             git --git-dir={path} update-ref refs/heads/main $commit"
        ),
    );
    stage.release_to(&server.url("gitops.git")).arg(stage.argument()).run().success().stdout_has("released");
    let subjects: Vec<String> = stage.remote.log("main").into_iter().map(|commit| commit.subject).collect();
    assert_eq!(subjects.len(), 3, "{subjects:?}");
    assert_eq!(subjects[0], "other");
}

/// The branch tells that the push took effect: one request.
#[test]
fn what_a_lost_answer_costs() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    server.inject("POST /gitops.git/git-receive-pack", 1, Fault::CutResponse(20));
    stage.release_to(&server.url("gitops.git")).args(["--branch", "main"]).arg(stage.argument()).run().success();
    assert_eq!(lines(&server).len(), 6, "{:?}", lines(&server));
}

/// Our push never took effect, and another release came in the meantime. If that is on the tip that was the lease, ours can take
/// effect no more, and is made again; if it began anew, nothing tells.
#[test]
fn a_lost_push_and_a_release_in_its_place() {
    for (parent, code, attempts) in [("-p main", 0, Some(2)), ("", 6, None)] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Open);
        server.inject("POST /gitops.git/git-receive-pack", 1, Fault::Answer(Response::text(502, "bad gateway")));
        let refs = "GET /gitops.git/info/refs?service=git-receive-pack";
        server.inject(refs, 1, Fault::Pass);
        let remote = stage.remote.clone();
        let other = move || {
            let tree = remote.git(["rev-parse", "main^{tree}"]).run().success().stdout();
            let commit = ["commit-tree", tree.trim(), "-m", "other"].into_iter().chain(parent.split_whitespace());
            let commit = remote.git(commit).run().success().stdout();
            remote.git(["update-ref", "refs/heads/main", commit.trim()]).run().success();
        };
        server.inject(refs, 1, Fault::After(Arc::new(other)));
        let release = stage.release_to(&server.url("gitops.git")).args(["--output", "json"]).arg(stage.argument());
        let document = document(&release.run().exit(code));
        match attempts {
            Some(attempts) => assert_eq!(document["attempts"], attempts),
            None => assert_eq!(document["error"]["kind"], "unavailable"),
        }
        assert_eq!(stage.remote.log("main")[attempts.map_or(0, |_| 1)].subject, "other");
    }
}

/// What is cut off while reading is read again, on another connection.
#[test]
fn a_reading_that_is_cut_off() {
    let (push, info) = ("GET /gitops.git/info/refs?service=git-receive-pack", "GET /gitops.git/info/refs");
    let fetch = "POST /gitops.git/git-upload-pack";
    for (request, fault) in [
        (info, Fault::CutRequest(0)),
        (push, Fault::CutResponse(100)),
        ("GET /gitops.git/info/refs?service=git-upload-pack", Fault::CutResponse(30)),
        (fetch, Fault::CutRequest(0)),
        (fetch, Fault::CutRequest(20)),
        (fetch, Fault::CutBeforeResponse),
        (fetch, Fault::CutResponse(0)),
        (fetch, Fault::CutResponse(60)),
        (fetch, Fault::CutResponse(250)),
    ] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Open);
        server.inject(request, 1, fault);
        let release = stage.release_to(&server.url("gitops.git")).args(["--branch", "main"]).arg(stage.argument());
        release.run().success();
        assert_eq!(stage.remote.number_of_commits("main"), 2);
    }
}

/// A command that pushes nothing reads again as well.
#[test]
fn a_log_and_a_promotion_that_are_cut_off() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let url = server.url("gitops.git");
    let log = || stage.tagship().args(["log", "--repo", &url, "--branch", "main", "-k", FOLDER]);
    let promote = || {
        let promote = stage.tagship().args(["promote", "--repo", &stage.remote.file_url(), "--to", FOLDER]);
        promote.args(["--from-repo", &url, "--from", FOLDER])
    };
    for (request, fault) in [
        ("GET /gitops.git/info/refs", Fault::CutResponse(30)),
        ("POST /gitops.git/git-upload-pack", Fault::CutResponse(20)),
    ] {
        server.inject(request, 1, fault.clone());
        log().run().success().stdout_has("trying again");
        server.inject(request, 1, fault);
        promote().run().success().stdout_has("unchanged");
    }
}

/// What the server says in place of its branches is told.
#[test]
fn a_server_that_refuses_to_list_its_branches() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let answer = Response::new(200).header("Content-Type", "application/x-git-upload-pack-result");
    server.inject("POST /gitops.git/git-upload-pack", 1, Fault::Answer(answer.body(b"0014ERR too many now")));
    let output = stage.release_to(&server.url("gitops.git")).arg(stage.argument()).run().exit(6);
    output.stderr_has("it says: too many now");
    stage.untouched();
}

/// If it is cut off each time, that is told, and nothing has changed.
#[test]
fn a_reading_that_is_always_cut_off() {
    let fetch = "POST /gitops.git/git-upload-pack";
    for (fault, expected) in [
        (Fault::CutRequest(0), "connection closed before message completed"),
        (Fault::CutResponse(60), "cannot be reached"),
        (Fault::Answer(Response::text(200, "<html>")), "cannot be reached"),
        (Fault::Answer(Response::text(502, "bad gateway")), "502 Bad Gateway: bad gateway"),
    ] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Open);
        server.inject(fetch, ALWAYS, fault);
        let release = stage.release_to(&server.url("gitops.git")).args(["--branch", "main", "--timeout", "2s"]);
        release.arg(stage.argument()).run().exit(6).stderr_has(expected);
        stage.untouched();
    }
}

/// Something else answers in the middle of a conversation, or the answer is none of git's: that is told in our words.
#[test]
fn an_answer_in_the_middle_that_is_not_gits() {
    let (fetch, push) = ("POST /gitops.git/git-upload-pack", "POST /gitops.git/git-receive-pack");
    let page = || Response::new(200).header("Content-Type", "text/html").body(b"<h1>Sign in</h1>");
    let of_git = |service: &str, body: &str| {
        Response::new(200).header("Content-Type", &format!("application/x-{service}-result")).body(body.as_bytes())
    };
    let fetched = |body: &str| of_git("git-upload-pack", body);
    let pushed = |body: &str| of_git("git-receive-pack", body);
    for (request, answer, told) in [
        (fetch, page(), "cannot be reached: a web page answered, and no git server\n"),
        (push, page(), "cannot be reached: a web page answered, and no git server\n"),
        (fetch, Response::text(200, "no pack"), "cannot be reached: its answer is none of git's protocol"),
        (push, Response::text(200, "ok"), "cannot be reached: the server that answered is no git server\n"),
        (push, Response::new(200), "cannot be reached: the server that answered is no git server\n"),
        (fetch, fetched(""), "cannot be reached: its answer ends too early\n"),
        (fetch, fetched("00"), "cannot be reached: its answer ends too early\n"),
        (fetch, fetched("0040pack"), "cannot be reached: its answer ends too early\n"),
        (fetch, fetched("<h1>Sign in</h1>"), "cannot be reached: its answer is none of git's protocol"),
        (push, pushed("00"), "cannot be reached: its answer ends too early\n"),
        (push, pushed("0040pack"), "cannot be reached: its answer ends too early\n"),
        (push, pushed("<h1>Sign in</h1>"), "cannot be reached: its answer is none of git's protocol"),
    ] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Open);
        server.inject(request, ALWAYS, Fault::Answer(answer));
        let release = stage.release_to(&server.url("gitops.git")).args(["--branch", "main", "--timeout", "2s"]);
        release.arg(stage.argument()).run().exit(6).stderr_has(told);
        stage.untouched();
    }
    for kind in ["application/octet-stream", "text/plain", "Application/X-Git-Upload-Pack-Result", ""] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Open);
        server.inject(fetch, ALWAYS, Fault::Retyped(kind));
        stage.release_to(&server.url("gitops.git")).arg(stage.argument()).run().success().stdout_has("released");
    }
    // Of a push that took effect, the branch tells.
    for answer in [page(), Response::new(200), pushed(""), pushed("00")] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Open);
        server.inject(push, 1, Fault::AnswerFor(answer));
        stage.release_to(&server.url("gitops.git")).arg(stage.argument()).run().success();
        assert_eq!(stage.remote.number_of_commits("main"), 2);
    }
}

/// A server that is busy for a while is asked again within the limit, and not sooner than it says.
#[test]
fn a_server_that_is_busy() {
    let (info, fetch, push) =
        ("GET /gitops.git/info/refs", "POST /gitops.git/git-upload-pack", "POST /gitops.git/git-receive-pack");
    let answer = |status| Response::text(status, "busy");
    for (request, answer, pause) in [
        (info, answer(502), 0),
        (info, answer(503).header("Retry-After", "1"), 1),
        (fetch, answer(504), 0),
        (fetch, answer(429).header("Retry-After", "2"), 2),
        (info, answer(408), 0),
        (info, answer(500), 0),
        (fetch, answer(500), 0),
        (fetch, answer(522), 0),
        (push, answer(408), 0),
        (push, answer(429).header("Retry-After", "1"), 1),
    ] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Open);
        server.inject(request, 1, Fault::Answer(answer));
        let begun = Instant::now();
        stage.release_to(&server.url("gitops.git")).arg(stage.argument()).run().success();
        assert!(begun.elapsed() >= Duration::from_secs(pause), "{:?}", begun.elapsed());
        assert_eq!(stage.remote.number_of_commits("main"), 2);
    }
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    server.inject(info, 1, Fault::Answer(answer(503).header("Retry-After", "3600")));
    let release = stage.release_to(&server.url("gitops.git")).arg(stage.argument()).limit(Duration::from_secs(20));
    let output = release.run().exit(6);
    output.stderr_has("it answered 503 Service Unavailable, and takes the next request in 3600 s: busy\n");
    stage.untouched();
}

/// The time for another reading counts from the first one that fails, and not from the beginning of a run that waited.
#[test]
fn a_reading_that_is_cut_off_after_a_long_wait() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    stage.registry.appear_after(5, "jakousa/dwk-4-gitops-app", COMMIT);
    let release = stage.release_to(&server.url("gitops.git")).args(["--timeout", "3s", "--wait", "1m"]);
    let running = release.arg(stage.argument()).start();
    // With the third request, the wait has begun, and so the first reading has ended.
    let mut asked = 0;
    while asked < 3 {
        asked += stage.registry.request_lines().len();
        thread::yield_now();
    }
    server.inject("GET /gitops.git/info/refs", 1, Fault::CutResponse(30));
    running.finish().success().stdout_has("trying again").stdout_has("released");
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

/// Returns the answer of a part of a host that does not have the tip of the branch yet.
fn lagging(stage: &Stage) -> Fault {
    let said = format!("ERR upload-pack: not our ref {}", stage.remote.log("main")[0].id);
    let packet = format!("{:04x}{said}", said.len() + 4);
    let answer = Response::new(200).header("Content-Type", "application/x-git-upload-pack-result");
    Fault::Answer(answer.body(packet.as_bytes()))
}

/// The part of a host that is read from may lag behind the one that is pushed to.
#[test]
fn a_replica_that_does_not_have_the_tip_yet() {
    for times in [1, 2] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Open);
        server.inject("POST /gitops.git/git-upload-pack", times, lagging(&stage));
        let release = stage.release_to(&server.url("gitops.git")).args(["--branch", "main"]).arg(stage.argument());
        let stdout = release.run().success().stdout_has("not our ref").stdout();
        let retries: Vec<_> = (1..=times).map(|retry| format!("; trying again (retry {retry})")).collect();
        assert_eq!(stdout.matches("; trying again").count(), times, "{stdout}");
        assert!(retries.iter().all(|retry| stdout.contains(retry)), "{stdout}");
        assert_eq!(stage.remote.number_of_commits("main"), 2);
    }
}

/// Each of the two mends itself, and so do both at once.
#[test]
fn a_replica_that_lags_while_the_image_is_still_pushed() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    server.inject("POST /gitops.git/git-upload-pack", 1, lagging(&stage));
    stage.registry.appear_after(6, "jakousa/dwk-4-gitops-app", COMMIT);
    let release = stage.release_to(&server.url("gitops.git")).args(["--branch", "main", "--wait", "1m"]);
    let output = release.arg(stage.argument()).run().success();
    output.stdout_has("trying again").stdout_has("not there yet").stdout_has("released");
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

/// No other reading of the branch brings an image that is not waited for.
#[test]
fn a_replica_that_lags_beside_an_image_that_is_missing() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    server.inject("POST /gitops.git/git-upload-pack", 1, lagging(&stage));
    let absent = format!("IMAGE_PLACEHOLDER={}:v9", stage.image());
    let release = stage.release_to(&server.url("gitops.git")).args(["--branch", "main", &absent]);
    let output = release.run().exit(4);
    output.stderr_has("error: 2 problems").stderr_has("not our ref").stderr_has("is not in the registry");
    stage.untouched();
}

/// A byte comes every now and then, so that no single read is too slow; the whole answer is, after 20 times the limit.
#[test]
fn an_answer_without_an_end_is_cut_off() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let line = format!("fff0{}", "x".repeat(4_000));
    let endless =
        Response::new(200).header("Content-Type", "application/x-git-receive-pack-advertisement").body(line.as_bytes());
    server.inject("GET /gitops.git/info/refs", 1, Fault::Drip(endless, Duration::from_millis(50)));
    let release = stage.release_to(&server.url("gitops.git")).args(["--no-check", "--timeout", "1s"]);
    let output = release.arg(stage.argument()).run().exit(6);
    output.stderr_has("its answers took more than 20s, 20 times `--timeout`");
    stage.untouched();
}

/// The same over ssh, in which branch after branch is named.
#[test]
fn an_ssh_that_never_ends() {
    let stage = Stage::new();
    let line = |length: &str, end: &str| format!("printf '{length}{COMMIT} refs/heads/x{end}\\n'");
    let endless = format!("{}; while sleep 0.3; do {}; done", line("003c", "\\0a"), line("003a", ""));
    let ssh = stage.home.path().join("ssh");
    write_script(&ssh, &format!("#!/bin/sh\n{endless}\n"));
    let release = stage.release_to("ssh://git@host.example:2222/org/repo.git").env("GIT_SSH_COMMAND", ssh);
    let output = release.args(["--no-check", "--timeout", "1s"]).arg(stage.argument()).run().exit(6);
    output.stderr_has("host.example:2222/org/repo cannot be reached: `ssh` takes too long");
    stage.untouched();
}

/// Every stage of a release over HTTP, found by one that goes well: each request and each answer is cut off once in each of
/// [`stages_of`]. Wherever the connection ends, the branch has our commit once or not at all, the exit code says so, and the same
/// command again ends with the commit there once.
#[test]
fn a_connection_that_ends_at_any_stage() {
    let remote = Remote::create("gitops");
    let seed = remote.commit("main", "Begin", &[File::new("app/kustomization.yaml", KUSTOMIZATION)]);
    let server = GitServer::start(remote.folder(), Access::Open);
    let relay = Relay::start(server.address().parse().unwrap());
    let url = format!("http://{}/gitops.git", relay.address());
    let release = |tag: &str| {
        let release = tagship().args(["release", "--no-check", "-k", "app", "--repo", &url, "--branch", "main"]);
        release.arg(format!("web=*:{tag}"))
    };
    release("v1").run().success();
    let (turns, _) = relay.take();
    assert_eq!(turns.len(), 10, "five requests and their answers");
    // Each tip that a release has left, and the exit code of that release: what comes after it depends on nothing else.
    let (mut tips, mut ends) = (Vec::new(), Vec::new());
    for cut in turns.iter().enumerate().flat_map(|(turn, Turn { bytes, .. })| cuts_of(turn, bytes)) {
        std::fs::write(remote.path().join("refs/heads/main"), format!("{seed}\n")).unwrap();
        relay.cut(cut);
        let output = release("v2").run();
        let (_, is_cut) = relay.take();
        assert!(is_cut, "{cut:?} never came");
        let tip = || remote.tip("main").unwrap();
        assert!(matches!(output.code, Some(0 | 6)), "{cut:?}: {:?}\n{}", output.code, output.stderr());
        assert!(output.code == Some(6) || tip() != seed, "{cut:?}: released, but\n{}", output.stdout());
        // After a success the branch says all; after a failure the server may still be at work.
        if output.code == Some(6) || !ends.contains(&output.code) {
            let again = release("v2").run().success().stdout();
            assert!(again.ends_with("released\n") || again.contains("unchanged"), "{cut:?}: {again}");
        }
        // A push that was cut off may be at work without its client; it must not meet the branch of the next cut.
        server.wait_until_idle();
        ends.push(output.code);
        tips.push(tip());
    }
    assert!(ends.len() > 50, "{} cuts", ends.len());
    let arguments = ["log", "--no-walk=unsorted", "--format=%P %T", "--stdin"];
    let commits = remote.git(arguments).stdin(tips.join("\n")).run().success().stdout();
    let tree = remote.git(["rev-parse", &format!("{}^{{tree}}", tips[0])]).run().success().stdout();
    // Commits of one second are one and the same.
    assert!(commits.lines().count() > 1, "{commits}");
    assert!(commits.lines().all(|commit| commit == format!("{seed} {}", tree.trim())), "{commits}");
    assert_eq!(remote.file(&tips[0], "app/kustomization.yaml"), KUSTOMIZATION.replace("v0", "v2").as_bytes());
    remote.fsck();
}

const KUSTOMIZATION: &str = "images:\n- name: web\n  newTag: v0\n";

/// Returns where to cut one request or answer.
fn cuts_of(turn: usize, bytes: &[u8]) -> impl Iterator<Item = Cut> + use<> {
    stages_of(bytes).into_iter().map(move |after| Cut { turn, after })
}

/// Returns the stages of a request or an answer, as the number of bytes that pass in each. One without a body has fewer.
fn stages_of(bytes: &[u8]) -> Vec<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("the end of a head") + 4;
    let mut stages = vec![
        // The connection is closed in place of it.
        0,
        // It ends inside of the head.
        head / 2,
        // The head is whole, and nothing of the body has come.
        head,
        // It ends inside of the body.
        (head + bytes.len()) / 2,
        // All has come but what says that this is all: the last byte of the head, of a length, of the last chunk.
        bytes.len() - 1,
        // All has come, and nothing can come back.
        bytes.len(),
    ];
    stages.sort_unstable();
    stages.dedup();
    stages
}
