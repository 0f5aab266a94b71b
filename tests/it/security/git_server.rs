//! What a hostile git server sends, or sends elsewhere: memory and time stay bounded.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::mpsc::channel;
use std::time::Duration;

use crate::stage::{FILE, SEED, Stage, tagship};
use crate::support::command::Command;
use crate::support::git_server::{Access, GitServer};
use crate::support::repository::File;

fn scripted(script: fn(&mut TcpStream) -> std::io::Result<()>) -> String {
    format!("http://{}/gitops.git", super::scripted(script))
}

fn release(stage: &Stage, url: &str) -> Command {
    let release = tagship().home(&stage.home).args(["release", "--no-check", "-k", ".", "--repo", url]);
    release.args(["--branch", "main"]).arg(stage.argument())
}

const ADVERTISEMENT: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n\
                               Connection: close\r\n\r\n001e# service=git-upload-pack\n0000000eversion 2\n";

#[test]
fn endless_capabilities() {
    let stage = Stage::new();
    let url = scripted(|stream| {
        stream.write_all(ADVERTISEMENT)?;
        let line = [format!("{:04x}", 60_000).as_bytes(), &[b'a'; 59_995], b"\n"].concat();
        loop {
            stream.write_all(&line)?;
        }
    });
    let output = release(&stage, &url).args(["--dry-run", "--timeout", "5s"]).run().exit(3);
    output.stderr_has("it sends more than 16 MiB beside objects");
}

/// Each byte comes within the limit, and all of them do not.
#[test]
fn a_refusal_that_drips() {
    let stage = Stage::new();
    let url = scripted(|stream| {
        stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 4096\r\n\r\n")?;
        let (_kept, silence) = channel::<()>();
        loop {
            stream.write_all(b"n")?;
            silence.recv_timeout(Duration::from_millis(300)).ok();
        }
    });
    let release = release(&stage, &url).args(["--timeout", "1s"]).limit(Duration::from_secs(20));
    release.run().exit(5).stderr_has("it answered 403 Forbidden: nn");
}

#[test]
fn a_push_is_not_redirected_to_another_host() {
    let stage = Stage::new();
    let serve = || GitServer::start(stage.remote.folder(), Access::Open);
    let (other, first) = (serve(), serve());
    first.redirect(
        "/gitops.git/info/refs?service=git-receive-pack",
        &other.url("gitops.git/info/refs?service=git-receive-pack"),
    );
    let output = stage.release_to(&first.url("gitops.git")).arg(stage.argument()).run().exit(3);
    let place = other.url("gitops.git");
    let output = output.stderr_has(&format!("it redirects the push to another host, `{place}`, which is not followed"));
    output.stderr_has("hint: give the URL where the repository is now");
    assert!(other.requests().is_empty(), "the push went to another host");
    stage.untouched();
}

/// A kustomization of any size may be on the branch, and no parser needs to see it.
#[test]
fn a_kustomization_that_is_too_large() {
    let stage = Stage::new();
    let large = format!("{SEED}# {}\n", "x".repeat(5 << 20));
    stage.remote.commit("main", "Grow", &[File::new(FILE, large)]);
    let release = stage.release().args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"]);
    super::bounded(release).exit(3).stderr_has("is larger than 4 MiB\n  hint: split the file, or name a smaller one");
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}
