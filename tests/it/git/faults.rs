//! Connections that end at the wrong moment, and what the branch is afterwards.

use std::thread;
use std::time::{Duration, Instant};

use super::serve;
use crate::stage::Stage;
use crate::support::git_server::{Access, Fault};
use crate::support::http::Response;

/// However a push is cut off: either it happened, once, or it did not, and the exit code says which.
#[test]
fn a_push_that_is_cut_off() {
    let push = "POST /gitops.git/git-receive-pack";
    for (fault, happened) in [
        (Fault::CutRequest(0), false),
        (Fault::CutRequest(10), false),
        (Fault::CutRequest(300), false),
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

/// The push is at the server, which has not answered in time: nobody can say what becomes of it, and the same command
/// again finds out.
#[test]
fn a_push_that_is_still_at_work_is_uncertain() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    stage.remote.hook("pre-receive", "sleep 4");
    let url = server.url("gitops.git");
    let release = |timeout: &str| stage.release_to(&url).args(["--timeout", timeout]).arg(stage.argument());
    release("1s").run().exit(6).stderr_has("whether it takes effect cannot be told yet");
    let deadline = Instant::now() + Duration::from_secs(20);
    while stage.remote.number_of_commits("main") == 1 {
        assert!(Instant::now() < deadline, "the push never took effect");
        thread::sleep(Duration::from_millis(100));
    }
    release("20s").run().success().stdout_has("unchanged");
    assert_eq!(stage.remote.number_of_commits("main"), 2);
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

/// What is cut off while reading changes nothing.
#[test]
fn a_reading_that_is_cut_off() {
    for (request, fault) in [
        ("GET /gitops.git/info/refs?service=git-receive-pack", Fault::CutResponse(100)),
        ("GET /gitops.git/info/refs?service=git-upload-pack", Fault::CutResponse(30)),
        ("POST /gitops.git/git-upload-pack", Fault::CutResponse(0)),
        ("POST /gitops.git/git-upload-pack", Fault::CutResponse(60)),
        ("POST /gitops.git/git-upload-pack", Fault::CutResponse(250)),
        ("POST /gitops.git/git-upload-pack", Fault::Answer(Response::text(200, "<html>"))),
    ] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Open);
        server.inject(request, 1, fault);
        let release = stage.release_to(&server.url("gitops.git")).args(["--branch", "main"]).arg(stage.argument());
        release.run().exit(6);
        stage.untouched();
    }
}
