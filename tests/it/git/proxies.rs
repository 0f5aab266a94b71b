//! Forward proxies, as git and the environment name them.

use super::{checkout_without_login, release_in, serve};
use crate::stage::Stage;
use crate::support::git_server::Access;

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
