//! The repository's side of a release: transports, logins, requests, races and refusals, against git's own servers.

mod actions_checkout;
mod branches;
mod broken_checkouts;
mod checkouts;
mod commits;
mod configuration;
mod cost;
mod faults;
mod helpers;
mod hooks;
mod large_histories;
mod logins;
mod proxies;
mod races;
mod redirects;
mod refusals;
mod restrictions;
mod signing;
mod tags;
mod tls;
mod transports;

use crate::stage::{FOLDER, Stage, tagship};
use crate::support::command::{Command, Home};
use crate::support::git_server::{Access, GitServer};
use crate::support::login::Login;
use crate::support::repository::Checkout;

fn login() -> Login {
    Login::new("x-access-token", "t0ken-s3cret")
}

fn serve(stage: &Stage, access: Access) -> GitServer {
    GitServer::start(stage.remote.folder(), access)
}

fn lines(server: &GitServer) -> Vec<String> {
    server.requests().iter().map(|request| request.logged.line()).collect()
}

/// Runs a release from a checkout's folder.
fn release_in(checkout: &Checkout, home: &Home, stage: &Stage) -> Command {
    tagship().home(home).current_dir(checkout.path().join(FOLDER)).args(["release"]).arg(stage.argument())
}

/// Returns a checkout whose remote is behind a server that wants the login, and git's configuration without one.
fn checkout_without_login(stage: &Stage, server: &GitServer) -> Checkout {
    let checkout = Checkout::shallow(&stage.remote.file_url());
    checkout.git(["remote", "set-url", "origin", &server.url("gitops.git")]).run().success();
    checkout
}

/// Returns a text of which three quarters are left when it is compressed.
fn incompressible(length: usize) -> String {
    let mut state = 1_u64;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'0' + (state >> 58) as u8)
    };
    (0..length).map(next).collect()
}
