//! The repository's side of a release: transports, logins, requests, races and refusals, against git's own servers.

use std::thread;
use std::time::{Duration, Instant};

use crate::stage::{FILE, FOLDER, SEED, Stage, tagship};
use crate::support::command::{Command, Home, write_script};
use crate::support::git_server::{Access, Fault, GitServer};
use crate::support::http::Response;
use crate::support::login::Login;
use crate::support::repository::{Checkout, File, Remote};
use crate::support::servers::{Sshd, installed};

fn login() -> Login {
    Login::new("x-access-token", "t0ken-s3cret")
}

fn serve(stage: &Stage, access: Access) -> GitServer {
    GitServer::start(stage.remote.folder(), access)
}

#[test]
fn over_http_with_a_login_in_the_url() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let url = server.url_with(&login(), "gitops.git");
    let output = stage.release_to(&url).arg("-v").arg(stage.argument()).run().success();
    output.says_nowhere(&login().password).stdout_has(&format!("{}/gitops  main", server.address()));
    assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
}

fn lines(server: &GitServer) -> Vec<String> {
    server.requests().iter().map(|request| request.logged.line()).collect()
}

/// Who is to push asks where the branch stands, then fetches the commit with its trees, then the file.
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

/// A partial clone has commit and trees; the one file that it lacks is fetched.
#[test]
fn what_a_partial_clone_lacks_is_fetched() {
    let stage = Stage::new();
    let url = stage.remote.file_url();
    let checkout = Checkout::clone_with(&url, &["--depth=1", "--filter=blob:none", "--no-checkout"]);
    let release = tagship().home(&stage.home).current_dir(checkout.path()).args(["release", "-k", FOLDER]);
    release.arg(stage.argument()).run().success();
    assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
}

#[test]
fn a_wrong_login_or_none() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let run = |url: &str| stage.release_to(url).arg(stage.argument()).run();
    run(&server.url("gitops.git")).exit(5).stderr_has("wants a login, and none was found");
    let wrong = Login::new("x-access-token", "wr0ng-s3cret");
    run(&server.url_with(&wrong, "gitops.git"))
        .exit(5)
        .stderr_has("does not accept the login")
        .says_nowhere(&wrong.password);
    stage.untouched();
}

#[test]
fn who_may_read_and_not_write() {
    let stage = Stage::new();
    let server = serve(&stage, Access::LoginToPush(login()));
    let run = |url: &str| stage.release_to(url).arg(stage.argument()).run();
    run(&server.url("gitops.git")).exit(5).stderr_has("wants a login, and none was found");
    let server = serve(&stage, Access::PushForbidden(login(), "Write access to repository not granted.".to_owned()));
    run(&server.url_with(&login(), "gitops.git"))
        .exit(5)
        .stderr_has("403 Forbidden: Write access to repository not granted.");
    stage.untouched();
}

#[test]
fn a_server_that_is_away() {
    let stage = Stage::new();
    let run = |url: &str| stage.release_to(url).arg(stage.argument()).run();
    run("http://127.0.0.1:1/gitops.git").exit(6).stderr_has("127.0.0.1:1/gitops cannot be reached");
    let server = serve(&stage, Access::Open);
    run(&server.url("absent.git")).exit(5).stderr_has("is not there, or this login may not use it");
    server.inject("GET /gitops.git", 1, Fault::Answer(Response::text(503, "down for maintenance")));
    run(&server.url("gitops.git")).exit(6).stderr_has("503 Service Unavailable: down for maintenance");
    stage.untouched();
}

/// Without protocol v2, or without filters, the whole commit comes down, and the report says so.
#[test]
fn a_server_that_cannot_serve_parts() {
    let old = Stage::new();
    let server = serve(&old, Access::Open);
    server.disable_protocol_v2();
    let url = server.url("gitops.git");
    old.release_to(&url).arg(old.argument()).run().success().stdout_has("serves no parts");
    assert_eq!(old.remote.file("main", FILE), old.released().as_bytes());
    old.release_to(&url).args(["--dry-run", "--no-check", "IMAGE_PLACEHOLDER=*:v2"]).run().success();

    let unfiltered = Stage::new();
    unfiltered.remote.configure("uploadpack.allowFilter", "false");
    unfiltered.release().arg(unfiltered.argument()).run().success().stdout_has("serves no parts");
    assert_eq!(unfiltered.remote.file("main", FILE), unfiltered.released().as_bytes());
}

#[test]
fn other_object_names_are_refused() {
    let home = Home::new();
    let path = home.path().join("gitops.git");
    Command::git().args(["init", "--quiet", "--bare", "--object-format=sha256"]).arg(&path).run().success();
    let release = tagship().home(&home).args(["release", "--no-check", "--branch", "main", "--repo"]).arg(&path);
    release.args(["a:v1"]).run().exit(3).stderr_has("its objects are not named by SHA-1");
}

#[test]
fn a_renamed_repository_is_followed_and_gets_the_login() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    server.redirect("/old.git", "/gitops.git");
    stage.release_to(&server.url_with(&login(), "old.git")).arg(stage.argument()).run().success();
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

#[test]
fn a_redirect_to_another_host_gets_no_login() {
    let stage = Stage::new();
    let (other, first) = (serve(&stage, Access::Open), serve(&stage, Access::Open));
    first.redirect("/", &other.url(""));
    stage.release_to(&first.url_with(&login(), "gitops.git")).arg(stage.argument()).run().success();
    assert!(first.requests().iter().all(|request| request.logged.authorization_value().is_some()));
    let at_other = other.requests();
    assert!(!at_other.is_empty(), "the redirect is followed");
    let leaked = at_other.iter().any(|request| request.logged.authorization_value().is_some());
    assert!(!leaked, "the login went to another host");
}

#[test]
fn a_hook_that_declines_is_quoted() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    stage.remote.hook("pre-receive", "echo 'only on Tuesdays' >&2; exit 1");
    let run = |url: &str| stage.release_to(url).arg(stage.argument()).run();
    for url in [server.url("gitops.git"), stage.remote.file_url()] {
        run(&url).exit(8).stderr_has("pre-receive hook declined").stderr_has("remote: only on Tuesdays");
        stage.untouched();
    }
}

#[test]
fn a_protected_branch_is_quoted() {
    let stage = Stage::new();
    stage.remote.protect("main");
    let output = stage.release().arg(stage.argument()).run().exit(8);
    output.stderr_has("main refused the push: hook declined").stderr_has("remote: error: GH006");
    stage.untouched();
}

/// The hook makes the other release in the very moment of ours, after the server has told us its tip.
#[test]
fn a_lost_race_is_tried_again_on_the_new_tip() {
    let stage = Stage::new();
    let other = stage.remote.path().join("other");
    let path = stage.remote.path().display().to_string();
    stage.remote.hook(
        "pre-receive",
        &format!(
            "[ -e {other} ] && exit 0; touch {other}\n\
             unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n\
             tree=$(git --git-dir={path} rev-parse main^{{tree}})\n\
             commit=$(git --git-dir={path} -c user.name=o -c user.email=o@x commit-tree -p main -m other $tree)\n\
             git --git-dir={path} update-ref refs/heads/main $commit",
            other = other.display()
        ),
    );
    let output = stage.release().args(["--output", "json"]).arg(stage.argument()).run().success();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["attempts"], 2);
    let subjects: Vec<String> = stage.remote.log("main").into_iter().map(|commit| commit.subject).collect();
    assert_eq!(subjects.len(), 3, "{subjects:?}");
    assert_eq!(subjects[1], "other");
    stage.remote.fsck();
}

#[test]
fn a_race_that_is_always_lost_ends() {
    let stage = Stage::new();
    let path = stage.remote.path().display().to_string();
    stage.remote.hook(
        "pre-receive",
        &format!(
            "unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n\
             tree=$(git --git-dir={path} rev-parse main^{{tree}})\n\
             commit=$(git --git-dir={path} -c user.name=o -c user.email=o@x commit-tree -p main -m other $tree)\n\
             git --git-dir={path} update-ref refs/heads/main $commit"
        ),
    );
    let output = stage.release().args(["--attempts", "2"]).arg(stage.argument()).run().exit(7);
    output.stderr_has("lost the race for");
    assert!(stage.remote.log("main").iter().all(|commit| !commit.subject.starts_with("Release")));
}

/// Each release has an entry of its own in one file; every one must land, and none may take another's away.
#[test]
fn releases_at_once_all_land() {
    const RELEASES: usize = 24;
    let remote = Remote::create("gitops");
    let entries: String = (0..RELEASES).map(|i| format!("- name: app{i}\n  newTag: v1\n")).collect();
    remote.commit("main", "Begin", &[File::new("kustomization.yaml", format!("images:\n{entries}"))]);
    let server = GitServer::start(remote.folder(), Access::Open);
    thread::scope(|scope| {
        for i in 0..RELEASES {
            let url = server.url("gitops.git");
            scope.spawn(move || {
                let release = tagship().args(["release", "--no-check", "--attempts", "50", "--repo", &url]);
                release.arg(format!("app{i}:v2")).run().success();
            });
        }
    });
    assert_eq!(remote.number_of_commits("main"), RELEASES + 1);
    let pushes = server
        .requests()
        .iter()
        .filter(|request| request.logged.line().contains("POST /gitops.git/git-receive"))
        .count();
    assert!(pushes < 4 * RELEASES, "{pushes} pushes");
    let file = String::from_utf8(remote.file("main", "kustomization.yaml")).unwrap();
    assert_eq!(file, format!("images:\n{}", entries.replace("v1", "v2")));
    remote.fsck();
}

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

/// Equal overlays are one object to git, and a server that checks objects refuses a pack that has one twice.
#[test]
fn equal_files_go_into_one_commit() {
    for limit in ["1", "100"] {
        let stage = Stage::new();
        stage.remote.configure("receive.unpackLimit", limit);
        let files = ["dev", "staging"].map(|name| File::new(&format!("{name}/kustomization.yaml"), SEED));
        stage.remote.commit("main", "Add overlays", &files);
        let url = stage.remote.file_url();
        let release = stage.tagship().args(["release", "--repo", &url, "-k", "dev", "-k", "staging"]);
        release.arg(stage.argument()).run().success();
        stage.remote.fsck();
        for name in ["dev", "staging"] {
            let file = stage.remote.file("main", &format!("{name}/kustomization.yaml"));
            assert_eq!(file, stage.released().as_bytes());
        }
    }
}

/// A container sees a workspace that belongs to the runner's user. That can be tried only by who may give files away.
#[cfg(unix)]
#[test]
fn a_checkout_of_another_user() {
    let stage = Stage::new();
    let checkout = Checkout::shallow(&stage.remote.file_url());
    let owner = Command::new("chown").args(["-R", "12345"]).arg(checkout.path()).run();
    if owner.code != Some(0) {
        println!("skipped: files cannot be given away");
        return;
    }
    let release = release_in(&checkout, &stage.home, &stage);
    release.run().exit(3).stderr_has("belongs to another user").stderr_has("where `CI` is set");
    stage.untouched();
    release.env("CI", "true").run().success();
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

#[test]
fn a_user_in_the_url_asks_the_helpers() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let checkout = checkout_without_login(&stage, &server);
    let url = server.url("gitops.git").replace("http://", &format!("http://{}@", login().user));
    checkout.git(["remote", "set-url", "origin", &url]).run().success();
    checkout.git(["config", "credential.helper", &helper(&stage, &login().password)]).run().success();
    release_in(&checkout, &stage.home, &stage).run().success();
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

#[test]
fn no_part_of_a_url_that_may_be_secret_is_shown() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let login = Login::new("u", "s3cret");
    server.redirect("/old.git", "http://u:s3cret@127.0.0.1:1/other?token=s3cret");
    for url in [
        server.url_with(&login, "old.git"),
        "https://h:99999/x?private_token=s3cret".to_owned(),
        "x-access-token:s3cret@github.example/o/r.git".to_owned(),
        "file://u:s3cret@h/tmp".to_owned(),
        "https://127.0.0.1:1/x?token=s3cret#s3cret".to_owned(),
    ] {
        let output = stage.release_to(&url).arg(stage.argument()).run().says_nowhere("s3cret");
        assert_ne!(output.code, Some(0), "{url}");
    }
}

#[test]
fn a_new_branch_with_nothing_to_commit() {
    let stage = Stage::new();
    let release = stage.release().args(["--no-check", "--branch", "prod", "--create-branch"]);
    let release = release.arg("IMAGE_PLACEHOLDER=*:b15411f387bb2a2286676b92a87fd85aa9b682a5");
    release.run().exit(3).stderr_has("there is nothing to commit on it");
    assert_eq!(stage.remote.tip("prod"), None);
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

/// Runs a release from a checkout's folder.
fn release_in(checkout: &Checkout, home: &Home, stage: &Stage) -> Command {
    tagship().home(home).current_dir(checkout.path().join(FOLDER)).args(["release"]).arg(stage.argument())
}

#[test]
fn a_checkout_says_where_to_and_is_not_read() {
    let stage = Stage::new();
    let checkout = Checkout::shallow(&stage.remote.file_url());
    checkout.write(FILE, b"not even YAML: [\n");
    release_in(&checkout, &stage.home, &stage).run().success();
    assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
    assert_eq!(checkout.read(FILE), b"not even YAML: [\n");
}

#[test]
fn a_detached_checkout_needs_a_branch() {
    let stage = Stage::new();
    let checkout = Checkout::shallow(&stage.remote.file_url());
    checkout.detach();
    release_in(&checkout, &stage.home, &stage).run().exit(3).stderr_has("no branch is checked out");
    release_in(&checkout, &stage.home, &stage).args(["--branch", "main"]).run().success();
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

#[test]
fn the_cis_branch_stands_in_for_a_detached_head() {
    let stage = Stage::new();
    let checkout = Checkout::shallow(&stage.remote.file_url());
    checkout.detach();
    let release = release_in(&checkout, &stage.home, &stage);
    release.env("GITHUB_ACTIONS", "true").env("GITHUB_REF", "refs/heads/main").run().success();
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

/// Up to version 5, actions/checkout writes its login into `.git/config`; since then, into a file that is included.
#[test]
fn both_layouts_of_actions_checkout() {
    for included in [false, true] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Login(login()));
        let checkout = Checkout::shallow(&stage.remote.file_url());
        let url = server.url("gitops.git");
        checkout.git(["remote", "set-url", "origin", &url]).run().success();
        release_in(&checkout, &stage.home, &stage).run().exit(5);
        if included {
            checkout.credentials_included(&server.url(""), &login());
        } else {
            checkout.credentials_in_config(&server.url(""), &login());
        }
        release_in(&checkout, &stage.home, &stage).run().success().says_nowhere(&login().encoded());
        assert_eq!(stage.remote.number_of_commits("main"), 2, "included: {included}");
    }
}

#[test]
fn no_repository_no_remote() {
    let stage = Stage::new();
    let home = Home::new();
    let release = |folder: &std::path::Path| {
        stage.tagship().current_dir(folder).args(["release", "-k", "."]).arg(stage.argument())
    };
    release(home.path()).run().exit(3).stderr_has("there is no git repository at");
    let checkout = Checkout::shallow(&stage.remote.file_url());
    release(&checkout.path().join(FOLDER))
        .args(["--remote", "upstream"])
        .run()
        .exit(3)
        .stderr_has("no remote `upstream`");
    stage.release_to("/nowhere/at/all").arg(stage.argument()).run().exit(3).stderr_has("there is no git repository at");
    stage.release_to("ftp://user:s3cret@host/x").arg(stage.argument()).run().exit(2).says_nowhere("s3cret");
}

#[test]
fn push_options_reach_the_server() {
    let stage = Stage::new();
    stage.remote.hook("post-receive", "echo \"$GIT_PUSH_OPTION_COUNT $GIT_PUSH_OPTION_0\" > options");
    stage.release().args(["--push-option", "ci.skip"]).arg(stage.argument()).run().success();
    assert_eq!(std::fs::read_to_string(stage.remote.path().join("options")).unwrap(), "1 ci.skip\n");
    stage.remote.configure("receive.advertisePushOptions", "false");
    let release = stage.release().args(["--push-option", "x", "--no-check", "IMAGE_PLACEHOLDER=*:v2"]);
    release.run().success().stdout_has("takes no push options, so they were left out");
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
    assert_eq!(requests.len(), 5 + 6);
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

#[test]
fn over_ssh() {
    let Some(sshd) = Sshd::start() else { return };
    let stage = Stage::new();
    let url = sshd.url(stage.remote.path());
    let release = |command: String| stage.release_to(&url).env("GIT_SSH_COMMAND", command).arg(stage.argument()).run();
    release(sshd.client_command_without_key()).exit(5).stderr_has("Permission denied");
    stage.untouched();
    release(sshd.client_command()).success();
    assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
    let absent = sshd.url(std::path::Path::new("/nowhere.git"));
    let release = stage.release_to(&absent).env("GIT_SSH_COMMAND", sshd.client_command()).arg(stage.argument());
    release.run().exit(6).stderr_has("does not appear to be a git repository");
}

#[test]
fn over_ssh_with_the_checkouts_own_command() {
    let Some(sshd) = Sshd::start() else { return };
    let stage = Stage::new();
    let checkout = Checkout::shallow(&stage.remote.file_url());
    checkout.git(["remote", "set-url", "origin", &sshd.url(stage.remote.path())]).run().success();
    checkout.git(["config", "core.sshCommand", &sshd.client_command()]).run().success();
    release_in(&checkout, &stage.home, &stage).run().success();
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

/// Returns a checkout whose remote is behind a server that wants the login, and git's configuration without one.
fn checkout_without_login(stage: &Stage, server: &GitServer) -> Checkout {
    let checkout = Checkout::shallow(&stage.remote.file_url());
    checkout.git(["remote", "set-url", "origin", &server.url("gitops.git")]).run().success();
    checkout
}

/// The helper writes down what it is asked and told; it knows this password.
fn helper(stage: &Stage, password: &str) -> String {
    let path = stage.home.path().join("helper");
    let log = stage.home.path().join("helper.log");
    write_script(
        &path,
        &format!(
            "#!/bin/sh\necho \"$1\" >>'{log}'\n[ \"$1\" = get ] || exec cat >>'{log}'\n\
             cat >/dev/null\necho username={user}\necho password={password}\n",
            log = log.display(),
            user = login().user
        ),
    );
    path.display().to_string()
}

fn helper_log(stage: &Stage) -> String {
    std::fs::read_to_string(stage.home.path().join("helper.log")).unwrap_or_default()
}

#[test]
fn a_credential_helper_is_asked_and_told() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let checkout = checkout_without_login(&stage, &server);
    checkout.git(["config", "credential.helper", &helper(&stage, &login().password)]).run().success();
    release_in(&checkout, &stage.home, &stage).run().success().says_nowhere(&login().password);
    assert_eq!(stage.remote.number_of_commits("main"), 2);
    let log = helper_log(&stage);
    assert!(log.starts_with("get\nstore\n") && log.contains("username=x-access-token"), "{log}");
    let anonymous = server.requests().iter().filter(|request| request.logged.status == Some(401)).count();
    assert_eq!(anonymous, 1, "the login is kept for the whole release");
}

#[test]
fn a_helper_with_a_wrong_login_forgets_it() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let checkout = checkout_without_login(&stage, &server);
    checkout.git(["config", "credential.helper", &helper(&stage, "wr0ng")]).run().success();
    let output = release_in(&checkout, &stage.home, &stage).run().exit(5);
    output.stderr_has("does not accept the login").says_nowhere("wr0ng");
    assert!(helper_log(&stage).starts_with("get\nerase\n"), "{}", helper_log(&stage));
    stage.untouched();
}

/// The users' own configuration counts without a checkout too.
#[test]
fn the_users_configuration_counts_without_a_checkout() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let helper = helper(&stage, &login().password);
    let config = format!("[credential]\n\thelper = {helper}\n[url \"{}\"]\n\tinsteadOf = config:\n", server.url(""));
    let config = stage.home.write("gitconfig", &config);
    stage.release_to("config:gitops.git").env("GIT_CONFIG_GLOBAL", config).arg(stage.argument()).run().success();
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

#[test]
fn logins_from_the_environment() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let url = server.url("gitops.git");
    let release = || stage.release_to(&url).args(["--no-check", "--dry-run", "IMAGE_PLACEHOLDER=*:v2"]);
    let token = login().password;
    release().env("TAGSHIP_GIT_TOKEN", &token).run().success();
    release().env("TAGSHIP_GIT_TOKEN", "wr0ng").run().exit(5);
    release().env("TAGSHIP_GIT_USERNAME", "x").env("TAGSHIP_GIT_TOKEN", &token).run().exit(5);
    let own = server.url("");
    release().env("GITHUB_SERVER_URL", &own).env("GITHUB_TOKEN", &token).run().success();
    let netrc = format!("machine 127.0.0.1 login {} password {token}\n", login().user);
    stage.home.write(".netrc", &netrc);
    release().run().success();
}

/// The CI system's token is for its own server, whatever repository is released to.
#[test]
fn the_cis_token_goes_to_no_other_server() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let release = stage.release_to(&server.url("gitops.git")).arg(stage.argument());
    let release = release.env("GITHUB_SERVER_URL", "https://github.example").env("GITHUB_TOKEN", "s3cret");
    release.env("CI_SERVER_URL", "http://127.0.0.1:1").env("CI_JOB_TOKEN", "s3cret").run().success();
    assert!(server.requests().iter().all(|request| request.logged.authorization_value().is_none()));
}

#[test]
fn proxies_as_git_configures_them() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let checkout = checkout_without_login(&stage, &server);
    let dead = "http://127.0.0.1:1";
    checkout.git(["config", &format!("http.{}.proxy", server.url("")), dead]).run().success();
    release_in(&checkout, &stage.home, &stage).run().exit(6).stderr_has("cannot be reached");
    checkout.git(["config", &format!("http.{}.proxy", server.url("")), ""]).run().success();
    release_in(&checkout, &stage.home, &stage).env("http_proxy", dead).args(["--no-check"]).run().success();
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

#[test]
fn commits_are_signed_where_git_is_told_to() {
    let Some(keygen) = installed("ssh-keygen") else { return };
    let stage = Stage::new();
    let checkout = Checkout::shallow(&stage.remote.file_url());
    let key = stage.home.path().join("key");
    Command::new(keygen).args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).run().success();
    let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
    let allowed = stage.home.write("allowed_signers", &format!("releaser@example.org {public}"));
    for (name, value) in [
        ("commit.gpgSign", "true"),
        ("gpg.format", "ssh"),
        ("user.signingKey", &key.display().to_string()),
        ("user.name", "Releaser"),
        ("user.email", "releaser@example.org"),
    ] {
        checkout.git(["config", name, value]).run().success();
    }
    release_in(&checkout, &stage.home, &stage).run().success();
    let allowed = format!("gpg.ssh.allowedSignersFile={}", allowed.display());
    let verified = stage.remote.git(["-c", &allowed, "verify-commit", "main"]).run().success();
    verified.stderr_has("Good \"git\" signature for releaser@example.org");
    stage.remote.fsck();

    checkout.git(["config", "user.signingKey", "/nowhere"]).run().success();
    let release = release_in(&checkout, &stage.home, &stage).args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"]);
    release.run().exit(1).stderr_has("the commit cannot be signed");
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

/// What a hook said is told even where the branch cannot be read again after it.
#[test]
fn a_refusal_is_told_whatever_comes_after() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let head = stage.remote.path().join("HEAD").display().to_string();
    stage.remote.hook("pre-receive", &format!("echo 'only on Tuesdays' >&2; mv {head} {head}.away; exit 1"));
    let output = stage.release_to(&server.url("gitops.git")).arg(stage.argument()).run().exit(8);
    output.stderr_has("remote: only on Tuesdays").stderr_has("the branch could not be read again");
}
