//! TLS to a repository whose authority the system does not know: git's own settings say whom to believe.

use std::path::Path;

use super::{login, release_in};
use crate::stage::{FILE, Stage};
use crate::support::certificate::{Certificate, LOOPBACK};
use crate::support::command::Command;
use crate::support::git_server::{Access, Fault, GitServer};
use crate::support::http::nginx_400;
use crate::support::repository::Checkout;

/// A stage, a server for it that speaks TLS, and the server's certificate.
fn over_tls(names: &str) -> Option<(Stage, GitServer, Certificate)> {
    let certificate = Certificate::issue(names)?;
    let stage = Stage::new();
    let server = GitServer::start_tls(stage.remote.folder(), Access::Login(login()), &certificate);
    Some((stage, server, certificate))
}

/// Returns a release without a checkout, with this file as the user's configuration of git.
fn release_with(stage: &Stage, server: &GitServer, config: &str) -> Command {
    let config = stage.home.write("gitconfig", config);
    let release = stage.release_to(&server.url_with(&login(), "gitops.git"));
    release.env("GIT_CONFIG_GLOBAL", config).args(["--no-check", "--dry-run", "IMAGE_PLACEHOLDER=*:v2"])
}

fn refused_for(command: &Command, why: &str) {
    let output = command.run().exit(6).stderr_has("is not trusted").stderr_has(why).stderr_has("hint: ");
    output.says_nowhere(&login().password);
}

#[test]
fn an_authority_in_a_checkouts_configuration() {
    let Some((stage, server, certificate)) = over_tls(LOOPBACK) else { return };
    let checkout = Checkout::shallow(&stage.remote.file_url());
    checkout.git(["remote", "set-url", "origin", &server.url_with(&login(), "gitops.git")]).run().success();
    let release = release_in(&checkout, &stage.home, &stage);
    refused_for(&release, "its certificate is signed by `authority`, which is not trusted here");
    stage.untouched();
    let path = certificate.authority().display().to_string();
    checkout.git(["config", &format!("http.{}.sslCAInfo", server.url("")), &path]).run().success();
    release.run().success().stdout_has(&format!("{}/gitops  main", server.address()));
    assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
}

#[test]
fn an_authority_in_the_users_configuration() {
    let Some((stage, server, certificate)) = over_tls(LOOPBACK) else { return };
    let authority = std::fs::read_to_string(certificate.authority()).unwrap();
    let in_home = stage.home.write("certificates/ca.pem", &authority);
    let url = server.url("");
    let elsewhere = url.replace("127.0.0.1", "localhost");
    for (config, is_trusted) in [
        (format!("[http]\nsslCAInfo = {}", in_home.display()), true),
        ("[http]\nsslCAInfo = ~/certificates/ca.pem".to_owned(), true),
        (format!("[http \"{url}\"]\nsslCAInfo = ~/certificates/ca.pem"), true),
        (format!("[http \"{elsewhere}\"]\nsslCAInfo = ~/certificates/ca.pem"), false),
        (format!("[http \"{url}\"]\nsslVerify = false"), true),
        (format!("[http \"{elsewhere}\"]\nsslVerify = false"), false),
        (format!("[http]\nsslVerify = false\n[http \"{url}\"]\nsslVerify = true"), false),
        (String::new(), false),
    ] {
        let release = release_with(&stage, &server, &config);
        if is_trusted {
            drop(release.run().success());
        } else {
            refused_for(&release, "its certificate is signed by `authority`, which is not trusted here");
        }
    }
    let release = release_with(&stage, &server, "");
    release.env("SSL_CERT_FILE", certificate.authority()).run().success();
}

#[test]
fn a_certificate_for_another_name() {
    let Some((stage, server, certificate)) = over_tls("DNS:git.example") else { return };
    let authority = format!("[http]\nsslCAInfo = {}", certificate.authority().display());
    refused_for(
        &release_with(&stage, &server, &authority),
        "its certificate is made for `git.example`, not for `127.0.0.1`",
    );
    let unverified = format!("[http \"{}\"]\nsslVerify = false", server.url(""));
    release_with(&stage, &server, &unverified).run().success();
}

#[test]
fn an_authority_that_is_none() {
    let Some((stage, server, _)) = over_tls(LOOPBACK) else { return };
    let empty = stage.home.write("empty.pem", "nothing\n");
    for (path, why) in [(Path::new("/nowhere/ca.pem"), "cannot read `/nowhere/ca.pem`"), (&empty, "has no certificate")]
    {
        let config = format!("[http]\nsslCAInfo = {}", path.display());
        release_with(&stage, &server, &config).run().exit(2).stderr_has(why).stderr_has("http.sslCAInfo");
    }
}

/// git shows it to any server that asks for one, and has the key in the same file if none is named.
#[test]
fn a_server_that_requires_a_client_certificate() {
    let Some(certificate) = Certificate::issue(LOOPBACK) else { return };
    let certificate = certificate.requiring_client();
    let stage = Stage::new();
    let server = GitServer::start_tls(stage.remote.folder(), Access::Login(login()), &certificate);
    let (client, key) = (certificate.client(), certificate.client_key());
    let text = |path: &Path| std::fs::read_to_string(path).unwrap();
    let both = stage.home.write("certificates/both.pem", &format!("{}{}", text(&client), text(&key)));
    let authority = format!("[http]\nsslCAInfo = {}\n", certificate.authority().display());
    let (url, client, key) = (server.url(""), client.display().to_string(), key.display().to_string());
    let elsewhere = url.replace("127.0.0.1", "localhost");
    for (config, is_shown) in [
        (format!("[http \"{url}\"]\nsslCert = {client}\nsslKey = {key}"), true),
        ("[http]\nsslCert = ~/certificates/both.pem".to_owned(), true),
        (format!("[http \"{elsewhere}\"]\nsslCert = ~/certificates/both.pem"), false),
        ("[http]\nsslCert =".to_owned(), false),
    ] {
        let release = release_with(&stage, &server, &format!("{authority}{config}"));
        if is_shown {
            drop(release.run().success());
        } else {
            let output = release.run().exit(5).stderr_has("it requires a client certificate");
            output.stderr_has("for git `http.sslCert` and `http.sslKey`");
        }
    }
    let release = release_with(&stage, &server, &format!("{authority}sslCert = {client}\nsslKey = /nowhere"));
    release.run().exit(2).stderr_has("http.sslKey").stderr_has("cannot use `/nowhere` as the key of a client");
    let release = release_with(&stage, &server, &format!("{authority}sslCert = /nowhere"));
    release.env("GIT_SSL_CERT", &client).env("GIT_SSL_KEY", &key).run().success();
    release_with(&stage, &server, &authority).env("GIT_SSL_CERT", both).run().success();
    let unverified = release_with(&stage, &server, "[http]\nsslVerify = false\n").env("GIT_SSL_CERT", &client);
    let output = unverified.run().exit(5);
    output.stdout_has("the certificate that `GIT_SSL_CERT` names is shown to no server whose own one is not checked");
    // A variable of a CI system that has the text in place of the file's name.
    let secret = text(&certificate.client_key());
    for (key, flags) in [(secret.clone(), &[][..]), (secret.replace('\n', ""), &["--output", "json"])] {
        let release = release_with(&stage, &server, &authority).env("GIT_SSL_CERT", &client).env("GIT_SSL_KEY", key);
        let output = release.args(flags.iter().copied()).run().exit(2).stderr_has("GIT_SSL_KEY");
        output.stderr_has("a text in place of the name of a file").says_nowhere(secret.lines().nth(1).unwrap());
    }
}

/// git has settings for the form, which the bytes tell as well.
#[test]
fn a_client_certificate_in_the_der_form() {
    let Some(certificate) = Certificate::issue(LOOPBACK) else { return };
    let certificate = certificate.requiring_client();
    let stage = Stage::new();
    let server = GitServer::start_tls(stage.remote.folder(), Access::Login(login()), &certificate);
    let [client, key] = certificate.client_in_der();
    let (authority, pem) = (certificate.authority(), certificate.client_key());
    let config = format!("[http]\nsslCAInfo = {}\nsslCert = {}\n", authority.display(), client.display());
    let form = "sslCertType = DER\nsslKeyType = DER\n";
    release_with(&stage, &server, &format!("{config}{form}sslKey = {}", key.display())).run().success();
    release_with(&stage, &server, &format!("{config}sslKey = {}", pem.display())).run().success();
    for (certificate, key, why) in [
        (&key, &key, "it holds no certificate, in the PEM or the DER form"),
        (&client, &client, "it holds no private key, in the PEM or the DER form"),
    ] {
        let config = format!("{config}sslCert = {}\nsslKey = {}", certificate.display(), key.display());
        release_with(&stage, &server, &config).run().exit(2).stderr_has(why);
    }
}

/// nginx ends the handshake, and answers each request so.
#[test]
fn nginx_in_front_of_the_repository() {
    let Some((stage, server, certificate)) = over_tls(LOOPBACK) else { return };
    let config = format!("[http]\nsslCAInfo = {}", certificate.authority().display());
    for (words, expected) in [
        ("No required SSL certificate was sent", "it requires a client certificate"),
        ("The SSL certificate error", "it does not accept the client certificate, or requires one: "),
    ] {
        server.inject("/", 1, Fault::Answer(nginx_400(words)));
        let output = release_with(&stage, &server, &config).run().exit(5).stderr_has(expected);
        output.stderr_has("hint: give it a certificate that it accepts");
    }
}

/// What speaks no TLS is told apart from what is not trusted.
#[test]
fn a_server_without_tls() {
    let stage = Stage::new();
    let server = GitServer::start(stage.remote.folder(), Access::Open);
    let url = server.url("gitops.git").replace("http://", "https://");
    let output = stage.release_to(&url).arg(stage.argument()).run().exit(6);
    output.stderr_has("cannot be reached").stderr_has("tls handshake eof");
}

/// A login that goes to a plain address is sent in the clear; following a redirect from there would hide that.
#[test]
fn a_redirect_to_tls_is_not_followed() {
    let Some((stage, server, _)) = over_tls(LOOPBACK) else { return };
    let plain = GitServer::start(stage.remote.folder(), Access::Open);
    plain.redirect("/", &server.url(""));
    let output = stage.release_to(&plain.url("gitops.git")).arg(stage.argument()).run();
    output
        .exit(3)
        .stderr_has(&format!("its redirect leads to `{}`: use that URL", server.url("").trim_end_matches('/')));
}

/// What git's own environment says beats its configuration.
#[test]
fn certificates_as_the_environment_has_them() {
    let Some((stage, server, certificate)) = over_tls(LOOPBACK) else { return };
    let release = || release_with(&stage, &server, "[http]\nsslCAInfo = /nowhere/ca.pem");
    release().env("GIT_SSL_CAINFO", certificate.authority()).run().success();
    let release = || release_with(&stage, &server, "");
    refused_for(&release(), "its certificate is signed by `authority`, which is not trusted here");
    release().env("GIT_SSL_NO_VERIFY", "1").run().success();
    refused_for(
        &release().env("GIT_SSL_NO_VERIFY", "false"),
        "its certificate is signed by `authority`, which is not trusted here",
    );
    release().env("GIT_SSL_CAINFO", "/nowhere/ca.pem").run().exit(2).stderr_has("cannot read `/nowhere/ca.pem`");
}

/// As for git, a certificate that signs itself is believed if it was given and is the one that the server presents.
#[test]
fn a_certificate_that_was_given_itself() {
    let Some(certificate) = Certificate::self_signed(LOOPBACK) else { return };
    let Some(other) = Certificate::self_signed(LOOPBACK) else { return };
    let stage = Stage::new();
    let server = GitServer::start_tls(stage.remote.folder(), Access::Login(login()), &certificate);
    let given = |certificate: &Certificate| format!("[http]\nsslCAInfo = {}", certificate.certificate().display());
    release_with(&stage, &server, &given(&certificate)).run().success();
    release_with(&stage, &server, "").env("GIT_SSL_CAINFO", certificate.certificate()).run().success();
    refused_for(&release_with(&stage, &server, &given(&other)), "its certificate is signed by itself");
    refused_for(&release_with(&stage, &server, ""), "its certificate is signed by itself");
}

#[test]
fn a_variable_that_names_no_certificate() {
    let stage = Stage::new();
    for (variable, value) in
        [("SSL_CERT_FILE", "/nowhere"), ("SSL_CERT_FILE", "/dev/null"), ("SSL_CERT_DIR", "/nowhere")]
    {
        let release = stage.release_to("https://localhost:1/gitops.git").env(variable, value).arg(stage.argument());
        let output =
            release.run().exit(2).stderr_has(&format!("no CA certificate was found: `{variable}` names `{value}`"));
        output.stderr_has(&format!("hint: correct `{variable}`"));
    }
}

/// As openssl and Go have it, and as `openssl req -x509` makes one.
#[test]
fn a_certificate_that_signs_itself_in_place_of_the_systems() {
    let Some(certificate) = Certificate::self_signed(LOOPBACK) else { return };
    let Some(other) = Certificate::self_signed(LOOPBACK) else { return };
    let stage = Stage::new();
    let server = GitServer::start_tls(stage.remote.folder(), Access::Login(login()), &certificate);
    let release = || release_with(&stage, &server, "");
    release().env("SSL_CERT_FILE", certificate.certificate()).run().success();
    refused_for(&release().env("SSL_CERT_FILE", other.certificate()), "its certificate is signed by itself");
}
