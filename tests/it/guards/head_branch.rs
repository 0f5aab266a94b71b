//! What may not be replaced on the head branch of a pull request, and why.

use crate::stage::{FILE, SEED, Stage};
use crate::support::forge::{Forge, Kind, TOKEN};
use crate::support::repository::File;

const ENTRY: &str = "IMAGE_PLACEHOLDER";

/// The branch of an environment has as many releases as were made there, each of them ours.
#[test]
fn a_head_branch_with_more_commits_than_are_judged() {
    let stage = Stage::new();
    let forge = Forge::start(Kind::GitHub, &stage.remote);
    let remote = &stage.remote;
    let release = |branch: &str, tag: &str, flags: &[&str]| {
        let release = stage.release_to(&forge.url_with_token(TOKEN)).args(["--branch", branch]).args(flags.to_vec());
        release.args(["--forge", "github", "--no-check", &format!("{ENTRY}=*:{tag}")]).run()
    };
    let propose = || release("main", "v3000", &["--pull-request", "--head", "qa"]);
    remote.git(["branch", "qa", "main"]).run().success();
    release("qa", "v1001", &[]).success();
    let message = remote.log("qa")[0].message.clone();
    let made = |tag: &str| {
        let text = SEED.replace("b15411f387bb2a2286676b92a87fd85aa9b682a5", tag);
        remote.commit("qa", &message.replace("v1001", tag), &[File::new(FILE, text)])
    };
    for number in 1002..=1050 {
        made(&format!("v{number}"));
    }
    propose().exit(9).stderr_has("`qa` has 50 releases that `main` lacks, which would be lost");
    let tip = made("v1051");
    let refused = propose().exit(9);
    let refused = refused
        .stderr_has("`qa` has more than 50 commits that the release branch lacks, so not all of them were judged")
        .stderr_has("hint: merge it, or close its pull request and delete the branch, or name another branch");
    refused.says_nowhere("is not a release of tagship");
    // Whether it is a person's work is not known, so it is not passed over if what is proposed there must stop.
    remote.commit("main", "Hold", &[File::new(".tagship-hold", "")]);
    let held =
        propose().exit(9).stdout_has("cannot tell whether the forge will merge what is proposed on `qa` by itself");
    held.stderr_has("`.tagship-hold` stops this");
    assert_eq!(remote.tip("qa"), Some(tip));
}
