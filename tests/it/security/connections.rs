//! Connections that do not protect a login: certificates that are not checked, and plain HTTP. Each is told, and no token of
//! the environment goes there.

use crate::stage::Stage;
use crate::support::certificate::Certificate;
use crate::support::command::Command;
use crate::support::git_server::{Access, GitServer};
use crate::support::login::Login;
use crate::support::proxy::Proxy;

const TOKEN: &str = "t0ken-s3cret";

fn login() -> Login {
    Login::new("x-access-token", TOKEN)
}

/// Returns a release to `git.example.test`, all of whose names lead to the proxy's address.
fn release_through(stage: &Stage, proxy: &Proxy, scheme: &str, config: &str) -> Command {
    let config = stage.home.write("gitconfig", config);
    let release = stage.release_to(&format!("{scheme}://git.example.test/gitops.git"));
    let release = release.env("GIT_CONFIG_GLOBAL", config).args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"]);
    release.env("http_proxy", proxy.url()).env("https_proxy", proxy.url())
}

fn with_ci_token(release: Command, scheme: &str) -> Command {
    release.env("GITHUB_SERVER_URL", format!("{scheme}://git.example.test")).env("GITHUB_TOKEN", TOKEN)
}

fn assert_no_login(server: &GitServer) {
    let requests = server.requests();
    assert!(!requests.is_empty(), "nothing was asked");
    assert!(requests.iter().all(|request| request.logged.authorization_value().is_none()), "the login was sent");
}

#[test]
fn no_token_goes_over_plain_http() {
    let stage = Stage::new();
    let server = GitServer::start(stage.remote.folder(), Access::Login(login()));
    let proxy = Proxy::answering_at(&server.address());
    let release = || release_through(&stage, &proxy, "http", "");
    const NOTE: &str = "`git.example.test` is reached over plain HTTP";
    let output = release().env("TAGSHIP_GIT_TOKEN", TOKEN).run().exit(5).stderr_has(NOTE);
    output.stderr_has("`TAGSHIP_GIT_TOKEN` was not sent").stderr_has("`--insecure-git`").says_nowhere(TOKEN);
    assert_no_login(&server);
    let output = with_ci_token(release(), "http").run().exit(5).stderr_has(NOTE);
    output.stderr_has("`GITHUB_TOKEN` was not sent").says_nowhere(TOKEN);
    assert_no_login(&server);
    stage.untouched();
    release().env("TAGSHIP_GIT_TOKEN", TOKEN).arg("--insecure-git").run().success().stdout_has(NOTE);
    let again = with_ci_token(release(), "http").env("TAGSHIP_INSECURE_GIT", "true");
    again.run().success().stdout_has(NOTE);
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

#[test]
fn no_token_goes_to_an_unverified_server() {
    let Some(certificate) = Certificate::issue("DNS:other.example") else { return };
    for (config, variable) in [("[http]\nsslVerify = false", None), ("", Some("GIT_SSL_NO_VERIFY"))] {
        let stage = Stage::new();
        let server = GitServer::start_tls(stage.remote.folder(), Access::Login(login()), &certificate);
        let proxy = Proxy::answering_at(&server.address());
        let release = || {
            let release = release_through(&stage, &proxy, "https", config);
            variable.map_or(release.clone(), |variable| release.env(variable, "1"))
        };
        let note = "the certificate of `git.example.test` is not checked";
        let output = release().env("TAGSHIP_GIT_TOKEN", TOKEN).run().exit(5).stderr_has(note);
        output.stderr_has("`TAGSHIP_GIT_TOKEN` was not sent").stderr_has("`--insecure-git`").says_nowhere(TOKEN);
        with_ci_token(release(), "https").run().exit(5).stderr_has(note);
        assert_no_login(&server);
        stage.untouched();
        release().env("TAGSHIP_GIT_TOKEN", TOKEN).arg("--insecure-git").run().success().stdout_has(note);
        assert_eq!(stage.remote.number_of_commits("main"), 2);
    }
}

/// A proxy reads what goes through it without TLS, and where it runs is not known.
#[test]
fn a_proxy_gets_no_token_for_loopback() {
    let stage = Stage::new();
    let server = GitServer::start(stage.remote.folder(), Access::Login(login()));
    let proxy = Proxy::start(None);
    let release = || {
        let release = stage.release_to(&server.url("gitops.git")).env("TAGSHIP_GIT_TOKEN", TOKEN);
        release.env("http_proxy", proxy.url()).args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"])
    };
    const NOTE: &str = "`127.0.0.1` is reached over plain HTTP through a proxy";
    let output = release().run().exit(5).stderr_has(NOTE);
    output.stderr_has("`TAGSHIP_GIT_TOKEN` was not sent").says_nowhere(TOKEN);
    assert_no_login(&server);
    release().env("no_proxy", "127.0.0.1").arg("--dry-run").run().success();
    release().arg("--insecure-git").run().success().stdout_has(NOTE);
}

/// Nothing leaves the machine; a certificate that is not checked is told all the same.
#[test]
fn loopback_gets_the_token() {
    let stage = Stage::new();
    let server = GitServer::start(stage.remote.folder(), Access::Login(login()));
    let output = stage.release_to(&server.url("gitops.git")).env("TAGSHIP_GIT_TOKEN", TOKEN).arg(stage.argument());
    let output = output.run().success();
    assert!(!output.stdout().contains("plain HTTP"), "{}", output.stdout());
    let Some(certificate) = Certificate::issue("DNS:other.example") else { return };
    let server = GitServer::start_tls(stage.remote.folder(), Access::Login(login()), &certificate);
    let release = stage.release_to(&server.url("gitops.git")).env("TAGSHIP_GIT_TOKEN", TOKEN).arg(stage.argument());
    let output = release.env("GIT_SSL_NO_VERIFY", "1").run().success();
    output.stdout_has("the certificate of `127.0.0.1` is not checked (`GIT_SSL_NO_VERIFY`)");
}

/// A login that belongs to the remote itself is its user's affair; what is true of the connection is told.
#[test]
fn a_login_in_the_configuration_goes_along() {
    let stage = Stage::new();
    let server = GitServer::start(stage.remote.folder(), Access::Login(login()));
    let proxy = Proxy::answering_at(&server.address());
    stage.home.write(".netrc", &format!("machine git.example.test login {} password {TOKEN}\n", login().user));
    let release = release_through(&stage, &proxy, "http", "").env("TAGSHIP_GIT_TOKEN", "an0ther");
    release.run().success().stdout_has("is reached over plain HTTP");
}
