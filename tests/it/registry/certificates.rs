//! Certificates that openssl makes by default, which sign themselves, and what is said of those that are not accepted.

use crate::stage::tagship;
use crate::support::certificate::{Certificate, LOOPBACK};
use crate::support::command::{Command, Home};
use crate::support::http::Response;
use crate::support::registry::{ALWAYS, Auth, Fault, Image, Registry};

/// Returns a registry with `app:v1` in it that has this certificate.
fn registry(certificate: &Certificate) -> Registry {
    let registry = Registry::start_tls(Auth::None, certificate);
    registry.put_image("app", "v1", &Image::new());
    registry
}

fn check(home: &Home, registry: &Registry) -> Command {
    tagship().home(home).args(["check", &format!("{}/app:v1", registry.address())])
}

#[test]
fn a_certificate_that_was_given_itself() {
    let Some(certificate) = Certificate::self_signed(LOOPBACK) else { return };
    let registry = registry(&certificate);
    let home = Home::new();
    check(&home, &registry).arg("--ca-file").arg(certificate.certificate()).run().success();
    assert_eq!(registry.requests().len(), 1);
    let pem = std::fs::read_to_string(certificate.certificate()).unwrap();
    home.write(&format!("config/containers/certs.d/{}/ca.crt", registry.address()), &pem);
    check(&home, &registry).run().success();
}

#[test]
fn another_one_for_the_same_name_is_not_accepted() {
    let Some(certificate) = Certificate::self_signed(LOOPBACK) else { return };
    let Some(other) = Certificate::self_signed(LOOPBACK) else { return };
    let registry = registry(&certificate);
    let output = check(&Home::new(), &registry).arg("--ca-file").arg(other.certificate()).run().exit(6);
    output
        .stderr_has("its certificate is signed by itself, and is not one that was given")
        .stderr_has("name your own CA certificate with `--ca-file`");
    assert!(registry.requests().is_empty());
}

#[test]
fn a_given_certificate_must_fit_the_name() {
    let Some(certificate) = Certificate::self_signed("DNS:reg.corp,DNS:*.apps.corp") else { return };
    let registry = registry(&certificate);
    let output = check(&Home::new(), &registry).arg("--ca-file").arg(certificate.certificate()).run().exit(6);
    output
        .stderr_has("its certificate is made for `reg.corp`, `*.apps.corp`, not for `127.0.0.1`")
        .stderr_has("hint: use a name that the certificate is made for");
}

#[test]
fn a_given_certificate_must_be_valid_today() {
    for (start, end, text, hint) in [
        (
            "20200101000000Z",
            "20210203000000Z",
            "its certificate expired on 2021-02-03; today is 20",
            "hint: renew the certificate of the server",
        ),
        (
            "20900405000000Z",
            "20910101000000Z",
            "its certificate is valid from 2090-04-05; today is 20",
            "hint: check the clock of this machine",
        ),
    ] {
        let Some(certificate) = Certificate::self_signed_between(LOOPBACK, start, end) else { return };
        let registry = registry(&certificate);
        let output = check(&Home::new(), &registry).arg("--ca-file").arg(certificate.certificate()).run().exit(6);
        let output = output.stderr_has(text).stderr_has(hint);
        assert!(!output.stderr().contains("--ca-file"), "{}", output.stderr());
    }
}

#[test]
fn an_unknown_authority_is_named() {
    let Some(certificate) = Certificate::issue(LOOPBACK) else { return };
    let Some(other) = Certificate::issue(LOOPBACK) else { return };
    let registry = registry(&certificate);
    let output = check(&Home::new(), &registry).arg("--ca-file").arg(other.certificate()).run().exit(6);
    output.stderr_has("its certificate is signed by `authority`, which is not trusted here").stderr_has("`--ca-file`");
    let output = check(&Home::new(), &registry).arg("--ca-file").arg(other.authority()).run().exit(6);
    output.stderr_has("its certificate is signed by another `authority` than the one that is trusted here");
}

/// As openssl makes one without a file of extensions.
#[test]
fn a_certificate_of_version_one() {
    let Some(certificate) = Certificate::of_version_one() else { return };
    let registry = registry(&certificate);
    let output = check(&Home::new(), &registry).arg("--ca-file").arg(certificate.authority()).run().exit(6);
    output
        .stderr_has(
            "its certificate is of version 1 of X.509, in which no host can be named as a subject alternative name",
        )
        .stderr_has(
            "hint: issue it again as version 3 with a subject alternative name, as `openssl x509 -extfile` does",
        );
}

/// A registry with TLS on loopback is spoken to in plain HTTP unless a certificate was given, and says so.
#[test]
fn a_registry_that_speaks_tls_on_loopback() {
    let registry = Registry::start(Auth::None);
    let words = "Client sent an HTTP request to an HTTPS server.\n";
    registry.inject("/", ALWAYS, Fault::Answer(Response::new(400).body(words.as_bytes())));
    let output = check(&Home::new(), &registry).run().exit(2);
    output
        .stderr_has("it speaks TLS, and was asked in plain HTTP")
        .stderr_has("hint: name its CA certificate with `--ca-file`");
}

/// Other servers with TLS end such a connection without a word.
#[test]
fn a_registry_that_closes_on_loopback() {
    let registry = Registry::start(Auth::None);
    registry.inject("/", ALWAYS, Fault::Drop);
    let output = check(&Home::new(), &registry).run().exit(6);
    output.stderr_has("hint: try again; if the registry speaks TLS, name its CA certificate with `--ca-file`");
}
