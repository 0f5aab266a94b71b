//! Where a redirect leads, and what goes along.

use super::{login, serve};
use crate::stage::Stage;
use crate::support::git_server::{ALWAYS, Access, Fault};
use crate::support::http::Response;

#[test]
fn a_renamed_repository_is_followed_and_gets_the_login() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    server.redirect("/old.git", "/gitops.git");
    let output = stage.release_to(&server.url_with(&login(), "old.git")).arg(stage.argument()).run().success();
    let (old, new) = (server.url("old.git"), server.url("gitops.git"));
    output.stdout_has(&format!("`{old}` redirects to `{new}`, which answered")).says_nowhere(&login().password);
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

#[test]
fn a_read_that_another_host_answers_gets_no_login() {
    let stage = Stage::new();
    let (other, first) = (serve(&stage, Access::Open), serve(&stage, Access::Open));
    let read = "gitops.git/info/refs?service=git-upload-pack";
    first.redirect(&format!("/{read}"), &other.url(read));
    let output = stage.release_to(&first.url_with(&login(), "gitops.git")).arg(stage.argument()).run().success();
    output.stdout_has(&format!("redirects to `{}`, which answered", other.url("gitops.git")));
    assert!(first.requests().iter().all(|request| request.logged.authorization_value().is_some()));
    let at_other = other.requests();
    assert!(!at_other.is_empty(), "the redirect is followed");
    let leaked = at_other.iter().any(|request| request.logged.authorization_value().is_some());
    assert!(!leaked, "the login went to another host");
}

/// A person must give another URL, or a login.
#[test]
fn redirects_that_lead_to_no_repository() {
    for (from, to, expected) in [
        ("/gitops.git/info/refs?service=git-receive-pack", "/login?next=x", "/login`, which is no repository"),
        ("/gitops.git/info", "/gitops.git/info", "it answers with more than 5 redirects"),
    ] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Open);
        server.redirect(from, to);
        let page = Response::new(200).header("Content-Type", "text/html").body(b"Log in");
        server.inject("GET /login", ALWAYS, Fault::Answer(page));
        let output = stage.release_to(&server.url("gitops.git")).arg(stage.argument()).run().exit(3);
        output.stderr_has(expected).stderr_has("hint: give the URL where the repository is now");
    }
}
