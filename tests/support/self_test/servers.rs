use super::connection::Connection;
use crate::support::command::{Command, Home, Output};
use crate::support::login::Login;
use crate::support::registry::{Auth, Format, Image, Registry, media_type};
use crate::support::repository::{File, Remote};
use crate::support::servers::{DockerRegistry, Sshd, are_required, installed};

fn login() -> Login {
    Login::new("ci", "s3cret")
}

fn skopeo(arguments: &[&str], login: Option<(&str, &Login)>) -> Output {
    let home = Home::new();
    let auth = login.map(|(address, login)| serde_json::json!({ address: { "auth": login.encoded() } }));
    let auth_file = home.write("auth.json", &serde_json::json!({ "auths": auth.unwrap_or_default() }).to_string());
    let skopeo = Command::new("skopeo").arg("--insecure-policy").args(arguments).home(&home);
    skopeo.env("REGISTRY_AUTH_FILE", auth_file).run()
}

#[test]
fn skopeo_pushes_into_the_fixture_and_reads_it_back() {
    if installed("skopeo").is_none() {
        return;
    }
    let source = Registry::start(Auth::None);
    source.put_image("team/single", "v1", &Image::new().revision("0123abc"));
    let platforms = Image::new().platforms(&["linux/amd64", "linux/arm64"]);
    source.put_image("team/multi", "v1", &platforms.clone().with_attestation());
    source.put_image("team/docker", "v1", &platforms.format(Format::Docker));
    for auth in [Auth::None, Auth::Basic(login()), Auth::Bearer(login())] {
        let target = Registry::start(auth);
        let (address, login) = (target.address(), login());
        for repository in ["team/single", "team/multi", "team/docker"] {
            let from = format!("docker://{}/{repository}:v1", source.address());
            let to = format!("docker://{address}/{repository}:v1");
            let insecure = ["--src-tls-verify=false", "--dest-tls-verify=false"];
            let copy = ["copy", "--quiet", "--all", "--preserve-digests", insecure[0], insecure[1], &from, &to];
            skopeo(&copy, Some((&address, &login))).success();
            assert!(target.manifest(repository, "v1") == source.manifest(repository, "v1"), "{repository}");
        }
        let inspected = format!("docker://{address}/team/single:v1");
        let output = skopeo(&["inspect", "--tls-verify=false", &inspected], Some((&address, &login))).success();
        let inspected: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(inspected["Labels"]["org.opencontainers.image.revision"], "0123abc");
        assert_eq!(inspected["RepoTags"], serde_json::json!(["v1"]));
    }
}

/// Asks with all media types, without login.
fn head(address: &str, path: &str) -> (u16, Option<String>) {
    let accept = [media_type::OCI_MANIFEST, media_type::OCI_INDEX].join(", ");
    let answer = Connection::open(address).ask(&format!("HEAD {path}"), &[("Accept", &accept)], b"");
    let header = if answer.status == 401 { "www-authenticate" } else { "docker-content-digest" };
    (answer.status, answer.header(header).map(str::to_owned))
}

#[test]
fn docker_registry_has_every_kind_of_login() {
    let source = Registry::start(Auth::None);
    let digest = source.put_image("team/app", "v1", &Image::new().platforms(&["linux/amd64", "linux/arm64"]));
    for (auth, challenge) in [
        (Auth::None, None),
        (Auth::Basic(login()), Some("Basic realm=")),
        (Auth::Bearer(login()), Some("Bearer realm=\"http://127.0.0.1:")),
    ] {
        let Some(mut registry) = DockerRegistry::start(&auth) else { return };
        registry.copy_from(&source, "team/app", "v1");
        let (status, header) = head(&registry.address(), "/v2/team/app/manifests/v1");
        match challenge {
            None => assert_eq!((status, header.as_deref()), (200, Some(digest.as_str()))),
            Some(challenge) => assert!(status == 401 && header.unwrap().starts_with(challenge)),
        }
        assert_eq!(registry.request_lines(1), [format!("HEAD /v2/team/app/manifests/v1 {status}")]);
        let (address, image) = (registry.address(), format!("docker://{}/team/app:v1", registry.address()));
        let inspect = ["inspect", "--tls-verify=false", "--raw", &image];
        let read = skopeo(&inspect, Some((&address, &login()))).success();
        assert_eq!(Some(read.stdout), source.manifest("team/app", "v1").map(|(_, bytes)| bytes));
        if challenge.is_some() {
            skopeo(&inspect, Some((&address, &Login::new("ci", "wrong")))).exit(1);
        }
    }
}

#[test]
fn the_fixture_answers_as_docker_registry_does() {
    let fixture = Registry::start(Auth::None);
    fixture.put_image("team/app", "v1", &Image::new());
    let Some(mut real) = DockerRegistry::start(&Auth::None) else { return };
    real.copy_from(&fixture, "team/app", "v1");
    let accept = ("Accept", media_type::OCI_MANIFEST);
    let manifest = format!("{{\"schemaVersion\":2,\"mediaType\":\"{}\",\"layers\":[],", media_type::OCI_MANIFEST);
    let missing = format!("{{\"digest\":\"sha256:{}\",\"size\":1,\"mediaType\":\"a/b\"}}", "0".repeat(64));
    let manifest = format!("{manifest}\"config\":{missing}}}");
    for (line, headers, body) in [
        ("GET /v2/", vec![], ""),
        ("GET /v2/team/app/manifests/v1", vec![accept], ""),
        ("GET /v2/team/app/manifests/v1", vec![], ""),
        ("GET /v2/team/app/manifests/v1", vec![("Accept", "*/*")], ""),
        ("GET /v2/team/app/manifests/v2", vec![accept], ""),
        ("GET /v2/team/app/tags/list", vec![], ""),
        ("GET /v2/team/other/tags/list", vec![], ""),
        ("GET /v2/team/app/blobs/sha256:0000000000000000000000000000000000000000000000000000000000000000", vec![], ""),
        ("POST /v2/team/app/blobs/uploads/", vec![], ""),
        ("PUT /v2/team/app/manifests/v3", vec![("Content-Type", media_type::OCI_MANIFEST)], &manifest),
        ("PUT /v2/team/app/manifests/v3", vec![("Content-Type", media_type::OCI_MANIFEST)], "no JSON"),
    ] {
        let [mine, theirs] = [fixture.address(), real.address()].map(|address| {
            let answer = Connection::open(&address).ask(line, &headers, body.as_bytes());
            let header =
                |name| answer.header(name).unwrap_or_default().split(';').next().unwrap_or_default().to_owned();
            let code = if answer.status >= 400 { answer.code() } else { String::new() };
            let headers = (header("docker-content-digest"), header("docker-distribution-api-version"));
            (answer.status, code, headers, answer.status == 200 && answer.body.is_empty())
        });
        assert_eq!(mine, theirs, "{line} {headers:?}");
    }
}

#[test]
fn a_missing_server_is_a_skip_or_a_failure() {
    match std::panic::catch_unwind(|| installed("no-such-server")) {
        Ok(found) => assert!(!are_required() && found.is_none()),
        Err(_) => assert!(are_required()),
    }
    assert!(installed("git").is_some());
}

#[test]
fn git_comes_through_ssh() {
    let Some(sshd) = Sshd::start() else { return };
    let remote = Remote::create("config");
    remote.commit("main", "Begin", &[File::new("k.yaml", "a: 1\n")]);
    let list = Command::git().args(["ls-remote", &sshd.url(remote.path())]).env("GIT_TRACE_PACKET", "1");
    let output = list.clone().env("GIT_SSH_COMMAND", sshd.client_command()).run().success();
    output.stdout_has(&remote.tip("main").unwrap()).stderr_has("version 2");
    let refused = list.env("GIT_SSH_COMMAND", sshd.client_command_without_key()).run();
    refused.exit(128).stderr_has("Permission denied");
}
