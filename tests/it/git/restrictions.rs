//! Settings of git that forbid something: what git does not do because of them is not done here.

use super::{checkout_without_login, release_in, serve};
use crate::stage::Stage;
use crate::support::certificate::{Certificate, LOOPBACK};
use crate::support::command::Command;
use crate::support::git_server::{Access, GitServer};

/// Returns a release to a URL, with this configuration of the user.
fn release_with(stage: &Stage, url: &str, config: &str) -> Command {
    let config = stage.home.write("gitconfig", config);
    let release = stage.release_to(url).env("GIT_CONFIG_GLOBAL", config);
    release.args(["--no-check", "--on-superseded", "allow", "IMAGE_PLACEHOLDER=*:v2"])
}

#[test]
fn protocols_that_are_forbidden() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let (http, file) = (server.url("gitops.git"), stage.remote.file_url());
    for (url, config, variables, setting) in [
        (&http, "[protocol]\nallow = never", &[][..], "protocol.allow"),
        (&http, "[protocol \"http\"]\nallow = NEVER", &[], "protocol.http.allow"),
        (&http, "[protocol]\nallow = always\n[protocol \"http\"]\nallow = never", &[], "protocol.http.allow"),
        (&file, "[protocol \"file\"]\nallow = never", &[], "protocol.file.allow"),
        (&file, "", &[("GIT_PROTOCOL_FROM_USER", "0")], "protocol.file.allow"),
        (&http, "[protocol]\nallow = user", &[("GIT_PROTOCOL_FROM_USER", "0")], "protocol.allow"),
        (&http, "[protocol \"http\"]\nallow = always", &[("GIT_ALLOW_PROTOCOL", "https:ssh")], "GIT_ALLOW_PROTOCOL"),
        (&http, "", &[("GIT_ALLOW_PROTOCOL", "")], "GIT_ALLOW_PROTOCOL"),
        (&file, "", &[("GIT_PROTOCOL_FROM_USER", "")], "protocol.file.allow"),
        (&"ssh://git@127.0.0.1:1/x".to_owned(), "[protocol \"ssh\"]\nallow = never", &[], "protocol.ssh.allow"),
    ] {
        let release = release_with(&stage, url, config);
        let release = variables.iter().fold(release, |release, (name, value)| release.env(*name, *value));
        let protocol = url.split(':').next().unwrap();
        let output = release.run().exit(2).stderr_has(&format!("git's `{setting}` forbids `{protocol}`"));
        output.stderr_has("hint: ");
    }
    assert!(server.requests().is_empty());
    release_with(&stage, &http, "[protocol]\nallow = sometimes")
        .run()
        .exit(2)
        .stderr_has("git's `protocol.allow` cannot be used");
    stage.untouched();
    for (url, config, variables) in [
        (&http, "[protocol]\nallow = never\n[protocol \"http\"]\nallow = always", &[][..]),
        (&http, "[protocol]\nallow = user", &[]),
        (&http, "[protocol]\nallow = never", &[("GIT_ALLOW_PROTOCOL", "https:http")]),
        (&http, "", &[("GIT_PROTOCOL_FROM_USER", "0")]),
        (&file, "[protocol \"http\"]\nallow = never", &[]),
    ] {
        let release = release_with(&stage, url, config);
        variables.iter().fold(release, |release, (name, value)| release.env(*name, *value)).run().success();
    }
}

#[test]
fn a_protocol_that_a_checkout_forbids() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let checkout = checkout_without_login(&stage, &server);
    checkout.git(["config", "protocol.http.allow", "never"]).run().success();
    let output = release_in(&checkout, &stage.home, &stage).run().exit(2);
    output.stderr_has("git's `protocol.http.allow` forbids `http`");
    assert!(server.requests().is_empty());
}

#[test]
fn redirects_that_are_forbidden() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    server.redirect("/old.git", "/gitops.git");
    let url = server.url("old.git");
    let output = release_with(&stage, &url, "[http]\nfollowRedirects = false").run().exit(3);
    output.stderr_has("which git's `http.followRedirects` forbids to follow");
    stage.untouched();
    for config in ["[http]\nfollowRedirects = true", "[http]\nfollowRedirects", "[http]\nfollowRedirects = initial"] {
        release_with(&stage, &url, config).run().success();
    }
}

#[test]
fn a_key_that_the_server_must_have() {
    let Some(certificate) = Certificate::issue(LOOPBACK) else { return };
    let stage = Stage::new();
    let server = GitServer::start_tls(stage.remote.folder(), Access::Open, &certificate);
    let authority = format!("[http]\nsslCAInfo = {}\n", certificate.authority().display());
    let pinned = format!("{authority}pinnedPubkey = sha256//AAAA\n");
    let output = release_with(&stage, &server.url("gitops.git"), &pinned).run().exit(2);
    output.stderr_has("git's `http.pinnedPubkey` cannot be used").stderr_has("not supported");
    assert!(server.requests().is_empty());
    release_with(&stage, &server.url("gitops.git"), &authority).run().success();
}

#[test]
fn a_password_in_a_url_that_is_forbidden() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(super::login()));
    let url = server.url_with(&super::login(), "gitops.git");
    let output = release_with(&stage, &url, "[transfer]\ncredentialsInUrl = die").run().exit(2);
    output.stderr_has("git's `transfer.credentialsInUrl` forbids").says_nowhere(&super::login().password);
    assert!(server.requests().is_empty());
    for config in ["[transfer]\ncredentialsInUrl = warn", "[transfer]\ncredentialsInUrl = allow", ""] {
        release_with(&stage, &url, config).run().success();
    }
}

#[test]
fn a_push_that_must_be_signed() {
    let stage = Stage::new();
    let url = stage.remote.file_url();
    for value in ["true", "yes", "1"] {
        let output = release_with(&stage, &url, &format!("[push]\ngpgSign = {value}")).run().exit(2);
        output.stderr_has("git's `push.gpgSign` cannot be used").stderr_has("not supported");
        stage.untouched();
    }
    release_with(&stage, &url, "[push]\ngpgSign").run().exit(2);
    for value in ["if-asked", "false", ""] {
        release_with(&stage, &url, &format!("[push]\ngpgSign = {value}")).run().success();
    }
}
