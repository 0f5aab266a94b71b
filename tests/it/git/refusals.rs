//! Servers that say no, and how that is told.

use super::serve;
use crate::stage::Stage;
use crate::support::git_server::Access;

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
