//! Flags about pull requests that do not fit together: they end with exit code 2, before anything is read.

use crate::stage::Stage;

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
