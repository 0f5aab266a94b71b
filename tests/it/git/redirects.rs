//! Where a redirect leads, and what goes along.

use super::{login, serve};
use crate::stage::Stage;
use crate::support::git_server::Access;

#[test]
fn a_renamed_repository_is_followed_and_gets_the_login() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    server.redirect("/old.git", "/gitops.git");
    stage.release_to(&server.url_with(&login(), "old.git")).arg(stage.argument()).run().success();
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

#[test]
fn a_read_that_another_host_answers_gets_no_login() {
    let stage = Stage::new();
    let (other, first) = (serve(&stage, Access::Open), serve(&stage, Access::Open));
    let read = "gitops.git/info/refs?service=git-upload-pack";
    first.redirect(&format!("/{read}"), &other.url(read));
    stage.release_to(&first.url_with(&login(), "gitops.git")).arg(stage.argument()).run().success();
    assert!(first.requests().iter().all(|request| request.logged.authorization_value().is_some()));
    let at_other = other.requests();
    assert!(!at_other.is_empty(), "the redirect is followed");
    let leaked = at_other.iter().any(|request| request.logged.authorization_value().is_some());
    assert!(!leaked, "the login went to another host");
}
