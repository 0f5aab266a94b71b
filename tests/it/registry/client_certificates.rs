//! Registries that require a certificate of their clients: those of this test and, if it is installed, docker-registry.

use std::fs;
use std::path::Path;

use crate::stage::tagship;
use crate::support::certificate::{Certificate, LOOPBACK};
use crate::support::command::{Command, Home};
use crate::support::http::nginx_400;
use crate::support::registry::{ALWAYS, Auth, Fault, Image, Registry};
use crate::support::servers::DockerRegistry;

/// Returns a certificate of a server that requires one of its clients, and such a server with `app:v1` in it.
fn registry() -> Option<(Certificate, Registry)> {
    let certificate = Certificate::issue(LOOPBACK)?.requiring_client();
    let registry = Registry::start_tls(Auth::None, &certificate);
    registry.put_image("app", "v1", &Image::new());
    Some((certificate, registry))
}

/// Writes a file into a folder of the registry at `address`, where docker keeps certificates.
fn keep(home: &Home, address: &str, name: &str, content: &str) {
    home.write(&format!("config/docker/certs.d/{address}/{name}"), content);
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// Keeps all that a check of the registry needs.
fn keep_all(home: &Home, address: &str, certificate: &Certificate) {
    keep(home, address, "ca.crt", &text(&certificate.authority()));
    keep(home, address, "client.cert", &text(&certificate.client()));
    keep(home, address, "client.key", &text(&certificate.client_key()));
}

fn check(home: &Home, address: &str) -> Command {
    tagship().home(home).args(["check", &format!("{address}/app:v1")])
}

#[test]
fn a_certificate_beside_the_authority() {
    let Some((certificate, registry)) = registry() else { return };
    let address = registry.address();
    let home = Home::new();
    keep(&home, &address, "ca.crt", &text(&certificate.authority()));
    let output = check(&home, &address).run().exit(5).stderr_has("it requires a client certificate");
    output.stderr_has("`client.cert` and `client.key` in `~/.config/docker/certs.d/HOST`");
    keep_all(&home, &address, &certificate);
    check(&home, &address).run().success();
    assert_eq!(registry.requests().len(), 1);
}

/// The authority can be given by the flag, and is needed by no folder then.
#[test]
fn a_certificate_alone_in_the_folder() {
    let Some((certificate, registry)) = registry() else { return };
    let address = registry.address();
    let home = Home::new();
    keep(&home, &address, "client.cert", &text(&certificate.client()));
    keep(&home, &address, "client.key", &text(&certificate.client_key()));
    check(&home, &address).arg("--ca-file").arg(certificate.authority()).run().success();
    // It is for no other host.
    let other = address.replace("127.0.0.1", "localhost");
    let output = check(&home, &other).arg("--ca-file").arg(certificate.authority()).run();
    output.exit(5).stderr_has("it requires a client certificate");
}

#[test]
fn what_cannot_be_used() {
    let Some((certificate, registry)) = registry() else { return };
    let address = registry.address();
    let (client, key) = (text(&certificate.client()), text(&certificate.client_key()));
    let other_key = text(&certificate.key());
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
    for (name, content, why) in [
        ("client.cert", Some("nonsense"), "it holds no certificate, in the PEM or the DER form"),
        ("client.key", None, "cannot read it"),
        ("client.key", Some("nonsense"), "it holds no private key, in the PEM or the DER form"),
        ("client.key", Some(encrypted), "it is encrypted; give a key without a passphrase"),
        ("client.key", Some(other_key.as_str()), "it is not the key of the certificate"),
        ("other.cert", Some(client.as_str()), "there is another one beside it"),
    ] {
        let home = Home::new();
        keep_all(&home, &address, &certificate);
        match content {
            Some(content) => keep(&home, &address, name, content),
            None => fs::remove_file(home.path().join(format!("config/docker/certs.d/{address}/{name}"))).unwrap(),
        }
        let output = check(&home, &address).run().exit(2).stderr_has("of a client").stderr_has(why);
        output.says_nowhere(key.lines().nth(1).unwrap()).says_nowhere(other_key.lines().nth(1).unwrap());
    }
    assert!(registry.requests().is_empty());
}

/// A machine that has docker and podman may have the same certificate for both.
#[test]
fn a_certificate_in_two_folders() {
    let Some((certificate, registry)) = registry() else { return };
    let (address, home) = (registry.address(), Home::new());
    keep_all(&home, &address, &certificate);
    home.write(&format!("config/containers/certs.d/{address}/client.cert"), &text(&certificate.client()));
    home.write(&format!("config/containers/certs.d/{address}/client.key"), &text(&certificate.client_key()));
    check(&home, &address).run().success();
}

/// Whatever a server says of a certificate that it does not accept, a person must act.
#[test]
fn a_certificate_of_another_authority() {
    let Some((certificate, registry)) = registry() else { return };
    let Some(other) = Certificate::issue(LOOPBACK) else { return };
    let (address, other, home) = (registry.address(), other.requiring_client(), Home::new());
    keep_all(&home, &address, &other);
    keep(&home, &address, "ca.crt", &text(&certificate.authority()));
    check(&home, &address).run().exit(5).stderr_has("it does not accept the client certificate");
}

/// nginx ends the handshake, and answers each request so. To a HEAD it says nothing, so it is asked by GET.
#[test]
fn nginx_in_front_of_the_registry() {
    let Some(certificate) = Certificate::issue(LOOPBACK) else { return };
    for (words, expected) in [
        ("No required SSL certificate was sent", "it requires a client certificate"),
        ("The SSL certificate error", "it does not accept the client certificate, or requires one: "),
    ] {
        let registry = Registry::start_tls(Auth::None, &certificate);
        let (address, home) = (registry.address(), Home::new());
        keep(&home, &address, "ca.crt", &text(&certificate.authority()));
        registry.inject("/", ALWAYS, Fault::Answer(nginx_400(words)));
        for flags in [&[][..], &["--wait", "20s"], &["--platform", "linux/amd64"]] {
            let output = check(&home, &address).args(flags.iter().copied()).run().exit(5).stderr_has(expected);
            output.stderr_has("hint: give it a certificate that it accepts");
        }
        assert!(registry.requests().len() <= 5, "no request is made again");
    }
}

/// In plain HTTP the same words are nothing but a page.
#[test]
fn a_page_that_speaks_of_certificates() {
    let registry = Registry::start(Auth::None);
    registry.inject("/", ALWAYS, Fault::Answer(nginx_400("No required SSL certificate was sent")));
    check(&Home::new(), &registry.address()).run().exit(6).stderr_has("an HTML page");
}

/// The server decides on it, as it does for git and docker.
#[test]
fn a_certificate_of_version_one() {
    let Some((certificate, registry)) = registry() else { return };
    let (certificate, address, home) = (certificate.with_client_of_version_one(), registry.address(), Home::new());
    keep_all(&home, &address, &certificate);
    check(&home, &address).run().exit(5).stderr_has("it does not accept the client certificate");
}

#[test]
fn the_real_registry() {
    let Some(certificate) = Certificate::issue(LOOPBACK) else { return };
    let certificate = certificate.requiring_client();
    let Some(registry) = DockerRegistry::start_tls_with(&certificate) else { return };
    let (address, home) = (registry.address(), Home::new());
    keep(&home, &address, "ca.crt", &text(&certificate.authority()));
    check(&home, &address).run().exit(5).stderr_has("client certificate");
    keep_all(&home, &address, &certificate);
    check(&home, &address).run().exit(4);
}
