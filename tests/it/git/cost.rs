//! What a release costs: requests and bytes, as the server counts them.

use std::sync::{Arc, Barrier};

use super::{incompressible, lines, login, release_in, serve};
use crate::stage::{FILE, Stage, tagship};
use crate::support::git_server::{Access, Fault, GitServer};
use crate::support::http::Response;
use crate::support::repository::{Checkout, File, Remote};

/// Asks both services, one of which tells the tip of the branch, fetches the commit with its trees, then the file, and pushes.
#[test]
fn an_ordinary_repository_costs_five_requests() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let release = stage.release_to(&server.url("gitops.git")).args(["--branch", "main"]).arg(stage.argument());
    release.run().success();
    let expected = [
        "GET /gitops.git/info/refs 200",
        "GET /gitops.git/info/refs 200",
        "POST /gitops.git/git-upload-pack 200",
        "POST /gitops.git/git-upload-pack 200",
        "POST /gitops.git/git-receive-pack 200",
    ];
    assert_eq!(lines(&server), expected);
    release.run().success().stdout_has("unchanged");
    assert_eq!(lines(&server), expected[..4], "nothing is pushed");
}

/// The server answers neither service before it was asked for both.
#[test]
fn both_services_are_asked_at_once() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    server.inject("GET /gitops.git/info/refs", 2, Fault::Meet(Arc::new(Barrier::new(2))));
    let release = stage.release_to(&server.url_with(&login(), "gitops.git")).args(["--branch", "main"]);
    release.args(["--timeout", "10s"]).arg(stage.argument()).run().success();
    assert_eq!(lines(&server).len(), 5);
}

/// If no branch is named, the push is opened while the other service tells which branch is the default one.
#[test]
fn the_default_branch_is_asked_for_while_the_push_is_opened() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let together = Fault::Meet(Arc::new(Barrier::new(2)));
    server.inject("GET /gitops.git/info/refs?service=git-receive-pack", 1, together.clone());
    server.inject("POST /gitops.git/git-upload-pack", 1, together);
    let release = stage.release_to(&server.url("gitops.git")).args(["--timeout", "10s"]).arg(stage.argument());
    release.run().success();
    assert_eq!(lines(&server).len(), 6);
    assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
}

/// The answer that names the default branch has its tip, too.
#[test]
fn a_dry_run_on_the_default_branch_asks_for_the_tip_once() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    stage.release_to(&server.url("gitops.git")).arg("--dry-run").arg(stage.argument()).run().success();
    let expected = [
        "GET /gitops.git/info/refs 200",
        "POST /gitops.git/git-upload-pack 200",
        "POST /gitops.git/git-upload-pack 200",
        "POST /gitops.git/git-upload-pack 200",
    ];
    assert_eq!(lines(&server), expected);
}

/// The file is read while the registry is asked: an image that is not there ends the release after that.
#[test]
fn the_file_is_read_while_the_registry_is_asked() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let image = format!("IMAGE_PLACEHOLDER={}:absent", stage.image());
    let release = stage.release_to(&server.url("gitops.git")).args(["--branch", "main"]).arg(image);
    release.run().exit(4);
    assert_eq!(server.fetches(), 2, "the commit with its trees, and the file");
    stage.untouched();
}

/// What is wrong with both is told once.
#[test]
fn two_answers_with_one_reason_are_one_failure() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    server.inject("GET /gitops.git/info/refs", 2, Fault::Meet(Arc::new(Barrier::new(2))));
    let release = stage.release_to(&server.url("gitops.git")).args(["--branch", "main", "--timeout", "10s"]);
    let output = release.arg(stage.argument()).run().exit(5);
    assert_eq!(output.stderr().matches("requires a login").count(), 1);
}

#[test]
fn a_checkout_at_the_tip_costs_two_requests() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let checkout = Checkout::shallow(&stage.remote.file_url());
    checkout.git(["remote", "set-url", "origin", &server.url("gitops.git")]).run().success();
    release_in(&checkout, &stage.home, &stage).run().success();
    assert_eq!(lines(&server), ["GET /gitops.git/info/refs 200", "POST /gitops.git/git-receive-pack 200"]);
    assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
}

#[test]
fn a_large_repository_costs_no_more() {
    let remote = Remote::create("gitops");
    remote.fill(10_000, 3);
    let server = GitServer::start(remote.folder(), Access::Open);
    let folder = "clusters/42/apps/0042";
    let path = format!("{folder}/kustomization.yaml");
    let seed = String::from_utf8(remote.file("main", &path)).unwrap();
    let release = tagship().args(["release", "--no-check", "--repo", &server.url("gitops.git"), "-k", folder]);
    release.arg("app=*:v9").run().success();
    let requests = server.requests();
    // No branch is named, and the path has five parts.
    assert_eq!(requests.len(), 1 + 4 + 5);
    let up: usize = requests.iter().map(|request| request.logged.received).sum();
    // The answer to the first fetch begins with the number of objects, and is left at that.
    let mut down: Vec<usize> = requests.iter().map(|request| request.logged.sent).collect();
    down.sort_unstable();
    let left = down.pop().unwrap();
    let down: usize = down.iter().sum();
    assert!(left > 500_000 && up < 64 << 10 && down < 64 << 10, "{up} bytes up, {down} bytes down, {left} left");
    let line = seed.lines().find(|line| line.contains("newTag")).unwrap();
    assert_eq!(remote.file("main", &path), seed.replace(line, "  newTag: v9").as_bytes());
}

/// Releases an entry of one of the folders that a repository is filled with.
fn release_app(url: &str, folder: &str, tag: &str) {
    let release = tagship().args(["release", "--no-check", "--branch", "main", "--repo", url, "-k", folder]);
    release.arg(format!("app=*:{tag}")).run().success().stdout_has("released");
}

/// What an entry was before its last release is read with the file, also if another file's entry of that name was released since.
#[test]
fn entries_of_one_name_in_several_files_cost_no_more() {
    let remote = Remote::create("gitops");
    remote.fill(100, 3);
    let server = GitServer::start(remote.folder(), Access::Open);
    let release = |cluster: &str, tag: &str| {
        release_app(&server.url("gitops.git"), &format!("clusters/{cluster}/apps/0000"), tag);
        server.requests().len()
    };
    release("42", "v10");
    release("43", "v10");
    assert_eq!(release("42", "v11"), 5);
}

/// An entry that was never released may be in a file that was moved. The files that releases of its image wrote are looked for at
/// once, and without their content.
#[test]
fn releases_of_other_files_cost_no_requests_each() {
    let remote = Remote::create("gitops");
    remote.fill(10_000, 3);
    let server = GitServer::start(remote.folder(), Access::Open);
    let release = |folder: &str, tag: &str| {
        release_app(&server.url("gitops.git"), folder, tag);
        server.requests().len()
    };
    // The path has five parts.
    let first = 4 + 5;
    assert_eq!(release("clusters/42/apps/0042", "v10"), first);
    for app in ["0043", "0044", "0045", "0046", "0047"] {
        assert_eq!(release(&format!("clusters/42/apps/{app}"), "v10"), first, "another image");
    }
    let same = remote.file("main", "clusters/42/apps/0042/kustomization.yaml");
    remote.commit("main", "Run it elsewhere", &[File::new("clusters/43/apps/0042/kustomization.yaml", same)]);
    // The folders along the path of the release of the same image are read, one level a request.
    let requests = release("clusters/43/apps/0042", "v11");
    assert!(requests <= first + 3, "{requests} requests in another cluster");
}

/// Returns a repository of which a release is not sent all folders, with two releases of its file `DEEP`, and its server.
fn large_repository() -> (Remote, GitServer) {
    let remote = Remote::create("gitops");
    remote.fill(10_000, 3);
    let server = GitServer::start(remote.folder(), Access::Open);
    for tag in ["v10", "v11"] {
        release_app(&remote.file_url(), DEEP, tag);
    }
    (remote, server)
}

const DEEP: &str = "clusters/42/apps/0042";

/// Releases of an entry come one after the other. What changed since the last but one comes in one request, so that a long path
/// costs no more than a short one.
#[test]
fn the_next_release_into_a_large_repository_reads_what_has_changed() {
    let (remote, server) = large_repository();
    for (tag, allowed, others, fetches) in [
        ("v12", true, [].as_slice(), 2),
        // A large file is left out.
        ("v13", true, &[1 << 20], 2),
        ("v14", true, &[9; 12], 2),
        // The server refuses a limit for files: what has changed is asked for without them.
        ("v15", false, &[], 4),
        // Too much may have changed.
        ("v16", true, &[9; 16], 7),
    ] {
        remote.configure("uploadpackfilter.blob:limit.allow", &allowed.to_string());
        for bytes in others {
            remote.commit("main", "Something else", &[File::new("other", incompressible(*bytes))]);
        }
        release_app(&server.url("gitops.git"), DEEP, tag);
        let requests = server.requests();
        let fetched = requests.iter().filter(|request| request.logged.line().ends_with("git-upload-pack 200"));
        let sent: Vec<_> = fetched.map(|request| request.logged.sent).collect();
        assert_eq!((sent.len(), requests.len()), (fetches, fetches + 3), "{tag}: {sent:?}");
        // Most of the first answer is left.
        assert!(sent[1..].iter().sum::<usize>() < 16 << 10, "{tag}: {sent:?}");
    }
    release_app(&remote.file_url(), DEEP, "v17");
    remote.fsck();
}

/// What has changed is only asked for to save requests: without an answer, the trees are asked for one after the other.
#[test]
fn what_has_changed_may_not_come() {
    let (remote, server) = large_repository();
    let fetch = "POST /gitops.git/git-upload-pack";
    let no_pack = Response::new(200).header("Content-Type", "application/x-git-upload-pack-result").body(b"no pack");
    server.inject(fetch, 1, Fault::Pass);
    server.inject(fetch, 1, Fault::Answer(no_pack));
    release_app(&server.url("gitops.git"), DEEP, "v12");
    assert_eq!(server.fetches(), 8, "the tip, nothing, and each level of folders");
    remote.fsck();
}

/// The tags that a server names are kept if one is to be made.
#[cfg(target_os = "linux")]
#[test]
fn many_tags_take_little_memory() {
    const TAGS: usize = 400_000;
    const MOST: u64 = 48 << 20;
    let stage = Stage::new();
    stage.remote.tag_often(&stage.remote.tip("main").unwrap(), TAGS);
    let release = stage.release().args(["--no-check", "--branch", "main", "--git-tag", "{tag}"]);
    let (output, peak) = release.arg("IMAGE_PLACEHOLDER=*:v2").start().finish_with_peak();
    output.success().stdout_has("released");
    assert!(peak < MOST, "{peak} bytes");
}

/// receive-pack names every ref before a push, which no option prevents; a fetch has no such list.
#[test]
fn many_refs_cost_no_requests() {
    const REFS: usize = 100_000;
    let stage = Stage::new();
    let tip = stage.remote.tip("main").unwrap();
    stage.remote.tag_often(&tip, REFS);
    let server = serve(&stage, Access::Open);
    let release = stage.release_to(&server.url("gitops.git")).args(["--no-check", "--branch", "main"]);
    release.arg("IMAGE_PLACEHOLDER=*:v2").run().success().stdout_has("released");
    let requests = server.requests();
    assert_eq!(requests.len(), 5);
    let mut sent: Vec<_> = requests.iter().map(|request| request.logged.sent).collect();
    sent.sort_unstable();
    let (refs, others) = sent.split_last().unwrap();
    assert!(*refs > REFS * 60 && others.iter().sum::<usize>() < 64 << 10, "{sent:?}");
}
