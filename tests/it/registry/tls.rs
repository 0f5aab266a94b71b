//! TLS, with an authority that the system does not know: the real docker-registry, if it is installed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tagship::registry::{AuthorityProblem, CheckError, Client, ClientOptions, Credentials, Detail, Proxies, Trust};

use super::{check_at, reference, show};
use crate::stage::tagship;
use crate::support::certificate::{Certificate, LOOPBACK};
use crate::support::command::Home;
use crate::support::registry::{Auth, Image, Registry};
use crate::support::servers::DockerRegistry;

fn client(trust: Trust, plain_http: &[&str]) -> Client {
    let plain_http = plain_http.iter().map(|host| (*host).to_owned()).collect();
    Client::new(ClientOptions {
        plain_http,
        trust,
        proxies: Proxies::default(),
        timeout: Duration::from_secs(20),
        credentials: Credentials::default(),
    })
}

fn with_file(path: &Path) -> Trust {
    Trust { ca_file: Some(path.to_owned()), ..Trust::default() }
}

/// Returns a registry with `app:v1` in it that speaks TLS, its authority's certificate, and the image's digest.
fn registry() -> Option<(DockerRegistry, PathBuf, String)> {
    let source = Registry::start(Auth::None);
    let digest = source.put_image("app", "v1", &Image::new());
    let (mut registry, authority) = DockerRegistry::start_tls()?;
    registry.copy_from(&source, "app", "v1");
    Some((registry, authority, digest))
}

#[test]
fn an_authority_of_its_own() {
    let Some((registry, authority, digest)) = registry() else { return };
    let address = registry.address();
    let checked = check_at(&client(with_file(&authority), &[]), &address, &format!("app:v1@{digest}"));
    assert_eq!((show(&checked).as_str(), checked.requests), ("present", 1));

    let home = Home::new();
    let certificate = std::fs::read_to_string(&authority).unwrap();
    home.write(&format!("certs.d/{address}/ca.crt"), &certificate);
    home.write("certs.d/other:5000/ca.crt", "nonsense");
    let folders = vec![home.path().join("nowhere"), home.path().join("certs.d")];
    let trust = Trust { folders, ..Trust::default() };
    let checked = check_at(&client(trust.clone(), &[]), &address, "app:v1");
    assert_eq!((show(&checked).as_str(), checked.requests), ("present", 1));

    let name = address.replace("127.0.0.1", "localhost");
    let checked = check_at(&client(with_file(&authority), &[]), &name, "app:v1");
    assert_eq!(show(&checked), "present", "the certificate is for both names");
    let checked = check_at(&client(trust, &[]), &name, "app:v1");
    assert_eq!(show(&checked), "silent", "of another name nothing was said: it is spoken to in plain HTTP");
}

/// The folder is named as the image names the registry, which is in no need of lower case.
#[test]
fn an_authority_in_a_folder_of_the_written_name() {
    let Some(certificate) = Certificate::issue(LOOPBACK) else { return };
    let registry = Registry::start_tls(Auth::None, &certificate);
    registry.put_image("app", "v1", &Image::new());
    let authority = std::fs::read_to_string(certificate.authority()).unwrap();
    let lower = registry.address().replace("127.0.0.1", "localhost");
    let upper = lower.to_uppercase();
    for (folder, name) in [(&upper, &upper), (&lower, &upper), (&lower, &lower)] {
        let home = Home::new();
        home.write(&format!("certs.d/{folder}/ca.crt"), &authority);
        let trust = Trust { folders: vec![home.path().join("certs.d")], ..Trust::default() };
        assert_eq!(show(&check_at(&client(trust, &[]), name, "app:v1")), "present", "{folder} {name}");
    }
}

#[test]
fn another_authority_is_not_believed() {
    let Some((registry, ..)) = registry() else { return };
    let Some((_other, authority)) = DockerRegistry::start_tls() else { return };
    let checked = check_at(&client(with_file(&authority), &[]), &registry.address(), "app:v1");
    assert_eq!((show(&checked).as_str(), checked.requests), ("untrusted", 1), "it is not tried again");
}

#[test]
fn a_server_without_tls() {
    let registry = Registry::start(Auth::None);
    registry.put_image("app", "v1", &Image::new());
    let Some((_other, authority)) = DockerRegistry::start_tls() else { return };
    let checked = check_at(&client(with_file(&authority), &[]), &registry.address(), "app:v1");
    assert_eq!(show(&checked), "silent", "it makes nothing of TLS");
    let checked = check_at(&client(with_file(&authority), &["127.0.0.1"]), &registry.address(), "app:v1");
    assert_eq!(show(&checked), "present", "what is named to be plain is plain");
}

#[test]
fn files_that_hold_no_certificate() {
    let home = Home::new();
    for (content, path) in [(Some("nonsense"), "ca.pem"), (Some(""), "empty.pem"), (None, "missing.pem")] {
        let path = content.map_or_else(|| home.path().join(path), |content| home.write(path, content));
        let reference = reference("registry.example.org", "app:v1");
        let error = client(with_file(&path), &[]).check(&reference, &[], Detail::Full).expect_err("no verdict");
        let CheckError::Authority { path: named, source } = error else { panic!("{error:?}") };
        assert_eq!(named, path);
        assert_eq!(matches!(source, AuthorityProblem::NoCertificate), content.is_some());
    }
}

#[test]
fn the_flag_and_the_folders_of_the_program() {
    let Some((registry, authority, _)) = registry() else { return };
    let name = format!("{}/app:v1", registry.address());
    let check = |home: &Home| tagship().home(home).args(["check", &name]);
    let home = Home::new();
    check(&home).arg("--ca-file").arg(&authority).run().success();
    let output = check(&home).run().exit(2).stderr_has("it speaks TLS, and was asked in plain HTTP");
    output.stderr_has("with `--ca-file`");
    check(&home)
        .arg("--ca-file")
        .arg(home.path().join("no"))
        .run()
        .exit(2)
        .stderr_has("cannot use the certificates in");
    let certificate = std::fs::read_to_string(&authority).unwrap();
    home.write(&format!("config/docker/certs.d/{}/ca.crt", registry.address()), &certificate);
    check(&home).run().success();
    let Some((_other, unknown)) = DockerRegistry::start_tls() else { return };
    let unknown = || check(&home).arg("--ca-file").arg(&unknown);
    let other = Home::new();
    unknown()
        .home(&other)
        .run()
        .exit(6)
        .stderr_has("is not trusted: ")
        .stderr_has("name your own CA certificate with `--ca-file`");
    unknown().home(&other).env("SSL_CERT_FILE", &authority).run().success();
}

#[test]
fn a_machine_without_certificates() {
    for (variable, value, why) in [
        ("SSL_CERT_FILE", "/nowhere", "`/nowhere`, which cannot be read: No such file"),
        ("SSL_CERT_FILE", "/dev/null", "`/dev/null`, which has no certificate in it"),
        ("SSL_CERT_FILE", "/dev/zero", "`/dev/zero`, which cannot be read: it is larger than 16 MiB"),
        ("SSL_CERT_DIR", "/nowhere", "`/nowhere`, which cannot be read: No such file"),
    ] {
        let check = tagship().args(["check", "registry.invalid/app:v1"]).env(variable, value);
        let output = check.run().exit(2).stderr_has(&format!("`{variable}` names {why}"));
        output.stderr_has(&format!("hint: correct `{variable}`"));
    }
}
