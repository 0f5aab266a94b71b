//! What actions/checkout leaves behind, in each of its layouts: with a token, with a key, or with nothing.

use super::{checkout_without_login, login, release_in, serve};
use crate::stage::{FILE, FOLDER, Stage, tagship};
use crate::support::command::{Command, Home};
use crate::support::git_server::{Access, GitServer};
use crate::support::repository::{Checkout, Remote};
use crate::support::servers::Sshd;

/// A server that wants a login, and a checkout of it without one.
fn checked_out() -> (Stage, GitServer, Checkout) {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let checkout = checkout_without_login(&stage, &server);
    (stage, server, checkout)
}

/// Releases from a checkout with the login that it has, which no message shows.
#[track_caller]
fn releases(stage: &Stage, checkout: &Checkout) {
    let output = release_in(checkout, &stage.home, stage).args(["-v", "--branch", "main"]).run().success();
    output.says_nowhere(&login().encoded()).says_nowhere(&login().password);
    assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

/// Up to version 5: the login is in `.git/config`.
#[test]
fn a_token_in_the_configuration() {
    let (stage, server, checkout) = checked_out();
    checkout.credentials_in_config(&server.url(""), &login());
    checkout.detach();
    releases(&stage, &checkout);
}

/// Since version 6: the login is in a file elsewhere, and included by the path of the checkout.
#[test]
fn a_token_that_is_included() {
    let (stage, server, checkout) = checked_out();
    checkout.credentials_included(&server.url(""), &login());
    releases(&stage, &checkout);
}

/// Runners have their work folder behind a symbolic link, and write the condition with it. git matches both spellings.
#[cfg(unix)]
#[test]
fn a_token_that_is_included_by_a_symbolic_link() {
    let (stage, server, checkout) = checked_out();
    let link = stage.home.path().join("link");
    std::os::unix::fs::symlink(checkout.path(), &link).unwrap();
    let credentials =
        format!("[http \"{}\"]\n\textraheader = AUTHORIZATION: basic {}\n", server.url(""), login().encoded());
    let credentials = stage.home.write("credentials", &credentials).display().to_string();
    checkout.git(["config", &format!("includeIf.gitdir:{}/.git.path", link.display()), &credentials]).run().success();
    let release = || {
        tagship().home(&stage.home).args(["release", "--no-check", "--dry-run", "-k", FOLDER, "IMAGE_PLACEHOLDER=*:v2"])
    };
    release().current_dir(&link).run().exit(5);
    Command::git().current_dir(&link).env("PWD", &link).arg("ls-remote").run().success();
    release().current_dir(&link).env("PWD", &link).run().success();
    release().current_dir(stage.home.path()).args(["--repo", "link", "-k", FOLDER]).run().success();
    // A variable that is left over from another folder counts for nothing.
    release().current_dir(&link).env("PWD", "/").run().exit(5);
}

#[test]
fn a_token_that_is_included_in_a_linked_worktree() {
    let (stage, server, checkout) = checked_out();
    checkout.credentials_included(&server.url(""), &login());
    releases(&stage, &checkout.worktree("linked"));
}

#[test]
fn a_token_that_is_included_inside_a_container() {
    let (stage, server, checkout) = checked_out();
    checkout.credentials_included(&server.url(""), &login());
    releases(&stage, &checkout.inside_a_container());
}

/// A copy has another place, so nothing is included: as for git, there is no login, and the message says why.
#[test]
fn a_token_that_is_not_included_elsewhere() {
    let (stage, server, checkout) = checked_out();
    checkout.credentials_included(&server.url(""), &login());
    let home = Home::new();
    let copy = home.path().join("copy");
    Command::new("cp").arg("-r").args([checkout.path(), &copy]).run().success();
    let release = tagship().home(&stage.home).current_dir(copy.join(FOLDER)).arg("release").arg(stage.argument());
    let output = release.run().exit(5).stderr_has("requires a login, and none was found for this folder");
    let git_dir = |folder: &std::path::Path| folder.canonicalize().unwrap().join(".git").display().to_string();
    let (wanted, here) = (git_dir(checkout.path()), git_dir(&copy));
    output
        .stderr_has(&format!(
            "  git's configuration has more for the repository `{wanted}`, and this one is `{here}`\n"
        ))
        .stderr_has("hint: set `TAGSHIP_GIT_TOKEN`, or release from the folder that actions/checkout made");
    stage.untouched();
}

/// `persist-credentials: false`.
#[test]
fn nothing_is_left() {
    let (stage, _server, checkout) = checked_out();
    let release = release_in(&checkout, &stage.home, &stage);
    release.run().exit(5).stderr_has("requires a login, and none was found");
    stage.untouched();
    release.env("TAGSHIP_GIT_TOKEN", login().password).run().success();
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

/// With `ssh-key`: a command with the key and the known hosts of this job, and the address over ssh.
#[test]
fn a_key() {
    let Some(sshd) = Sshd::start() else { return };
    let stage = Stage::new();
    let url = sshd.url(stage.remote.path());
    let checkout = Checkout::shallow(&stage.remote.file_url());
    checkout.git(["config", "core.sshCommand", &sshd.quoted_client_command()]).run().success();
    let base = url.strip_suffix("gitops.git").unwrap();
    checkout.git(["config", &format!("url.{base}.insteadOf"), "https://git.example/org/"]).run().success();
    checkout.git(["remote", "set-url", "origin", "https://git.example/org/gitops.git"]).run().success();
    releases(&stage, &checkout);
}

/// `submodules: true`: the credentials are in the submodule's own configuration, and the release goes to its remote.
#[test]
fn a_submodule() {
    let (stage, server, _) = checked_out();
    let above = Remote::create("above");
    above.commit("main", "Begin", &[]);
    let workspace = Checkout::shallow(&above.file_url());
    let submodule = workspace.submodule("config", &stage.remote.file_url());
    submodule.git(["remote", "set-url", "origin", &server.url("gitops.git")]).run().success();
    let release = release_in(&submodule, &stage.home, &stage);
    release.run().exit(3).stderr_has("no branch is checked out").stderr_has("hint: `--branch`");
    submodule.credentials_in_config(&server.url(""), &login());
    releases(&stage, &submodule);
    assert_eq!(above.number_of_commits("main"), 1);
}

/// `path:`: the checkout is a folder of another one, and the nearest counts.
#[test]
fn a_checkout_below_another_one() {
    let (stage, server, checkout) = checked_out();
    let above = Remote::create("above");
    above.commit("main", "Begin", &[]);
    let workspace = Checkout::shallow(&above.file_url());
    std::fs::rename(checkout.path(), workspace.path().join("config")).unwrap();
    let checkout = workspace.below("config");
    checkout.credentials_in_config(&server.url(""), &login());
    releases(&stage, &checkout);
    assert_eq!(above.number_of_commits("main"), 1);
}

/// A run for a tag has no branch, and the release branch is never guessed.
#[test]
fn a_run_for_a_tag() {
    let (stage, server, checkout) = checked_out();
    checkout.credentials_in_config(&server.url(""), &login());
    checkout.detach();
    let release = release_in(&checkout, &stage.home, &stage);
    let release = release.env("GITHUB_ACTIONS", "true").env("GITHUB_REF", "refs/tags/v1");
    release.run().exit(3).stderr_has("no branch is checked out").stderr_has("hint: `--branch`");
    stage.untouched();
    release.args(["--branch", "main"]).run().success();
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

/// `fetch-depth: 0` and `1`.
#[test]
fn the_depth_costs_nothing() {
    for depth in [&[][..], &["--depth=1"]] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Login(login()));
        let checkout = Checkout::clone_with(&stage.remote.file_url(), depth);
        checkout.git(["remote", "set-url", "origin", &server.url("gitops.git")]).run().success();
        checkout.credentials_included(&server.url(""), &login());
        release_in(&checkout, &stage.home, &stage).run().success();
        assert_eq!(server.requests().len(), 2, "{depth:?}");
    }
}

/// The repository was renamed: the header of the checkout goes along at the same server, and to no other.
#[test]
fn a_renamed_repository() {
    let (stage, server, checkout) = checked_out();
    server.redirect("/old.git", "/gitops.git");
    checkout.git(["remote", "set-url", "origin", &server.url("old.git")]).run().success();
    checkout.credentials_in_config(&server.url(""), &login());
    releases(&stage, &checkout);

    let elsewhere = serve(&stage, Access::Open);
    server.redirect("/moved.git", &elsewhere.url("gitops.git"));
    checkout.git(["remote", "set-url", "origin", &server.url("moved.git")]).run().success();
    let release = release_in(&checkout, &stage.home, &stage).args(["--no-check", "IMAGE_PLACEHOLDER=*:v3"]);
    release.run().exit(3).stderr_has("it redirects the push to another host");
    release.arg("--dry-run").run().success();
    let requests = elsewhere.requests();
    assert!(!requests.is_empty(), "the redirect of a read is followed");
    assert!(requests.iter().all(|request| request.logged.authorization_value().is_none()), "the login went along");
}
