//! Flags about pull requests that do not fit together: they end with exit code 2, before anything is read.

use crate::stage::Stage;
use crate::support::command::Command;
use crate::support::forge::{Forge, Kind, TOKEN};

#[test]
fn flags_that_do_not_fit() {
    let stage = Stage::new();
    for (flags, expected) in [
        (&["--auto-merge"][..], "`--auto-merge` is about a pull request, and none is asked for"),
        (&["--head", "bump"], "`--head` is about a pull request, and none is asked for"),
        (&["--pull-request", "--create-branch"], "a pull request needs a branch to go to"),
        (&["--pull-request", "--git-tag", "v1"], "`--git-tag` cannot go with a pull request"),
        (&["--on-refused", "pull-request", "--git-tag", "v1"], "`--git-tag` cannot go with a pull request"),
        (&["--pull-request", "--no-push"], "`--no-push` pushes nothing"),
        (&["--on-refused", "pull-request", "--no-push"], "`--no-push` pushes nothing"),
        (&["--pull-request", "--head", "a..b"], "`a..b` is not the name of a branch"),
        (&["--forge-url", "git.example"], "`--forge-url`"),
        (&["--pull-request", "--forge", "sourceforge"], "sourceforge"),
    ] {
        stage.release().args(flags.iter().copied()).arg(stage.argument()).run().exit(2).stderr_has(expected);
    }
    stage.untouched();
}

/// Returns a release to a server that is told to be Bitbucket, which has one address.
fn at_bitbucket(stage: &Stage, server: &Forge) -> Command {
    let release = stage.release_to(&server.url_with_token(TOKEN)).args(["--branch", "main", "--forge", "bitbucket"]);
    release.args(["--forge-url", "https://bitbucket.org"]).arg(stage.argument())
}

/// Whatever the repository and the registry say, such a release cannot work.
#[test]
fn what_the_forge_cannot_do() {
    let stage = Stage::new();
    let server = Forge::start(Kind::Bitbucket, &stage.remote);
    let local = stage.release().arg(stage.argument());
    let unknown = stage.release_to(&server.url_with_token(TOKEN)).arg(stage.argument());
    for (release, flags, expected) in [
        (at_bitbucket(&stage, &server), &["--pull-request", "--auto-merge"][..], "leave `--auto-merge` out"),
        (local, &["--pull-request"], "the repository is not on a server, so it has no forge"),
        (unknown, &["--pull-request"], "cannot tell which forge"),
    ] {
        let release = release.args(flags.iter().copied());
        for release in [release.clone().arg("--dry-run"), release] {
            release.run().exit(2).stderr_has(expected);
        }
    }
    stage.untouched();
    assert_eq!((server.git_requests(), stage.registry.requests().len()), (0, 0));
}

/// The push may work, and then there is nothing to propose.
#[test]
fn what_the_forge_cannot_do_after_a_refused_push() {
    let stage = Stage::new();
    let server = Forge::start(Kind::Bitbucket, &stage.remote);
    let release = at_bitbucket(&stage, &server).args(["--on-refused", "pull-request", "--auto-merge"]);
    let warned = "no pull request can follow a push that is refused: Bitbucket cannot merge";
    release.clone().arg("--dry-run").run().success().stdout_has(warned);
    stage.remote.protect("main");
    let output = release.clone().run().exit(8).stderr_has("the server refused the push to `main`");
    output.stderr_has(warned).stderr_has("leave `--auto-merge` out");
    stage.untouched();
    assert_eq!(stage.remote.git(["for-each-ref", "--format=%(refname:short)"]).run().success().stdout(), "main\n");
}

/// A workflow hands over switches as `true` and `false`, whatever it means by them.
#[test]
fn switches_that_are_off() {
    let stage = Stage::new();
    let off = [
        ("TAGSHIP_PULL_REQUEST", "false"),
        ("TAGSHIP_AUTO_MERGE", "false"),
        ("TAGSHIP_ON_REFUSED", "fail"),
        ("TAGSHIP_HEAD", ""),
    ];
    let release = off.iter().fold(stage.release(), |release, (name, value)| release.env(name, value));
    release.arg(stage.argument()).run().success().stdout_has("released");
}
