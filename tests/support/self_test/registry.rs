use std::time::{Duration, Instant};

use super::connection::Connection;
use crate::support::http::{Response, http_date};
use crate::support::login::Login;
use crate::support::registry::{ALWAYS, Auth, Fault, Format, Image, Registry, TokenSettings, digest_of, media_type};

const ALL: (&str, &str) = (
    "Accept",
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json;q=0.9, \
     application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json",
);

fn login() -> Login {
    Login::new("ci", "s3cret")
}

/// A registry with one image, and a connection to it.
fn with_image() -> (Registry, Connection, String) {
    let registry = Registry::start(Auth::None);
    let digest = registry.put_image("team/app", "v1", &Image::new());
    let connection = Connection::open(&registry.address());
    (registry, connection, digest)
}

#[test]
fn a_manifest_by_tag_and_digest() {
    let (registry, mut connection, digest) = with_image();
    let head = connection.ask("HEAD /v2/team/app/manifests/v1", &[ALL], b"");
    assert_eq!((head.status, head.header("docker-content-digest")), (200, Some(digest.as_str())));
    let get = connection.ask(&format!("GET /v2/team/app/manifests/{digest}"), &[ALL], b"");
    assert_eq!(digest_of(&get.body), digest);
    assert_eq!(head.header("content-length"), Some(get.body.len().to_string().as_str()));
    assert_eq!(get.header("content-type"), Some(media_type::OCI_MANIFEST));
    let expected =
        ["HEAD /v2/team/app/manifests/v1 200".to_owned(), format!("GET /v2/team/app/manifests/{digest} 200")];
    assert_eq!(registry.request_lines(), expected);
}

#[test]
fn absent_is_told_apart() {
    let (registry, mut connection, _) = with_image();
    for (target, headers, code) in [
        ("/v2/team/app/manifests/v2", &[ALL][..], "MANIFEST_UNKNOWN"),
        ("/v2/team/other/manifests/v1", &[ALL], "NAME_UNKNOWN"),
        ("/v2/team/other/tags/list", &[], "NAME_UNKNOWN"),
        ("/v2/team/app/manifests/v1", &[], "MANIFEST_UNKNOWN"),
        ("/v2/team/app/manifests/v1", &[("Accept", "*/*")], "MANIFEST_UNKNOWN"),
        ("/v2/team/app/manifests/v1", &[("Accept", media_type::OCI_INDEX)], "MANIFEST_UNKNOWN"),
    ] {
        let answer = connection.ask(&format!("GET {target}"), headers, b"");
        assert_eq!((answer.status, answer.code().as_str()), (404, code), "{target} {headers:?}");
    }
    assert_eq!(registry.requests().len(), 6);
}

#[test]
fn an_index_leads_to_its_platforms_and_their_labels() {
    let registry = Registry::start(Auth::None);
    let image = Image::new().platforms(&["linux/amd64", "linux/arm64/v8"]).revision("0123abc").with_attestation();
    registry.put_image("team/app", "v1", &image.clone().annotation("note", "on the index"));
    registry.put_image("team/app", "docker", &image.format(Format::Docker));
    let mut connection = Connection::open(&registry.address());
    let index = connection.ask("GET /v2/team/app/manifests/v1", &[ALL], b"").json();
    assert_eq!(index["annotations"]["note"], "on the index");
    let entries = index["manifests"].as_array().unwrap();
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[1]["platform"], serde_json::json!({ "os": "linux", "architecture": "arm64", "variant": "v8" }));
    assert_eq!(entries[2]["annotations"]["vnd.docker.reference.digest"], entries[0]["digest"]);
    let child = entries[1]["digest"].as_str().unwrap();
    let manifest = connection.ask(&format!("GET /v2/team/app/manifests/{child}"), &[ALL], b"").json();
    let config = manifest["config"]["digest"].as_str().unwrap();
    let config = connection.ask(&format!("GET /v2/team/app/blobs/{config}"), &[], b"").json();
    assert_eq!(config["config"]["Labels"]["org.opencontainers.image.revision"], "0123abc");
    let docker = connection.ask("HEAD /v2/team/app/manifests/docker", &[ALL], b"");
    assert_eq!(docker.header("content-type"), Some(media_type::DOCKER_LIST));
    registry.remove_manifest("team/app", child);
    assert_eq!(connection.ask(&format!("HEAD /v2/team/app/manifests/{child}"), &[ALL], b"").status, 404);
}

#[test]
fn an_image_is_pushed_in_every_way() {
    let registry = Registry::start(Auth::None);
    let mut connection = Connection::open(&registry.address());
    let (whole, parts) = (b"in one request".as_slice(), b"in two parts".as_slice());
    let put = connection.ask(&format!("POST /v2/a/blobs/uploads/?digest={}", digest_of(whole)), &[], whole);
    assert_eq!(put.status, 201);
    let begun = connection.ask("POST /v2/a/blobs/uploads/", &[], b"");
    assert_eq!((begun.status, begun.header("range")), (202, Some("0-0")));
    let location = begun.header("location").unwrap();
    let patched = connection.ask(&format!("PATCH {location}"), &[], &parts[..7]);
    assert_eq!((patched.status, patched.header("range")), (202, Some("0-6")));
    let digest = digest_of(parts).replace(':', "%3A");
    assert_eq!(connection.ask(&format!("PUT {location}?digest={digest}"), &[], &parts[7..]).status, 201);
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "config": { "digest": digest_of(whole) },
        "layers": [{ "digest": digest_of(parts) }],
    });
    let (manifest, content_type) = (manifest.to_string(), [("Content-Type", media_type::OCI_MANIFEST)]);
    let missing = connection.ask("PUT /v2/b/manifests/v1", &content_type, manifest.as_bytes());
    assert_eq!((missing.status, missing.code().as_str()), (400, "MANIFEST_BLOB_UNKNOWN"));
    for blob in [whole, parts] {
        let mount = format!("POST /v2/b/blobs/uploads/?mount={}&from=a", digest_of(blob));
        assert_eq!(connection.ask(&mount, &[], b"").status, 201);
    }
    assert_eq!(connection.ask("PUT /v2/b/manifests/v1", &content_type, manifest.as_bytes()).status, 201);
    assert_eq!(registry.manifest("b", "v1").unwrap().1, manifest.as_bytes());
    let wrong = connection.ask(&format!("POST /v2/a/blobs/uploads/?digest={}", digest_of(whole)), &[], parts);
    assert_eq!((wrong.status, wrong.code().as_str()), (400, "DIGEST_INVALID"));
    let unknown = connection.ask(&format!("PUT {location}?digest={digest}"), &[], b"");
    assert_eq!((unknown.status, unknown.code().as_str()), (404, "BLOB_UPLOAD_UNKNOWN"));
}

#[test]
fn tags_come_in_pages() {
    let registry = Registry::start(Auth::None);
    for tag in ["v3", "v1", "v2"] {
        registry.put_image("app", tag, &Image::new());
    }
    let mut connection = Connection::open(&registry.address());
    let page = connection.ask("GET /v2/app/tags/list?n=2", &[], b"");
    assert_eq!(page.json()["tags"], serde_json::json!(["v1", "v2"]));
    assert_eq!(page.header("link"), Some("</v2/app/tags/list?last=v2&n=2>; rel=\"next\""));
    let rest = connection.ask("GET /v2/app/tags/list?last=v2&n=2", &[], b"");
    assert_eq!((rest.json()["tags"].clone(), rest.header("link")), (serde_json::json!(["v3"]), None));
}

#[test]
fn basic_wants_the_login_with_every_request() {
    let registry = Registry::start(Auth::Basic(login()));
    registry.put_image("app", "v1", &Image::new());
    let mut connection = Connection::open(&registry.address());
    let mut head = |login: Option<&Login>| {
        let value = login.map(|login| format!("Basic {}", login.encoded()));
        let headers = value.as_deref().map(|value| ("Authorization", value));
        connection.ask("HEAD /v2/app/manifests/v1", &headers.into_iter().chain([ALL]).collect::<Vec<_>>(), b"")
    };
    let refused = head(None);
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, Some("Basic realm=\"fixture registry\"")));
    assert_eq!(head(Some(&Login::new("ci", "wrong"))).status, 401);
    assert_eq!(head(Some(&login())).status, 200);
}

/// Asks the token server, and returns the token.
fn token(connection: &mut Connection, scope: &str, login: Option<&Login>) -> String {
    let value = login.map(|login| format!("Basic {}", login.encoded()));
    let headers: Vec<_> = value.as_deref().map(|value| ("Authorization", value)).into_iter().collect();
    let answer = connection.ask(&format!("GET /token?service=fixture-registry&scope={scope}"), &headers, b"");
    assert_eq!(answer.status, 200);
    answer.json()["token"].as_str().expect("a token").to_owned()
}

#[test]
fn a_token_opens_what_it_was_granted_for() {
    let registry = Registry::start(Auth::Bearer(login()));
    for repository in ["team/app", "team/other", "public/app"] {
        registry.put_image(repository, "v1", &Image::new());
    }
    let mut connection = Connection::open(&registry.address());
    let challenge = connection.ask("HEAD /v2/team/app/manifests/v1", &[ALL], b"");
    let realm = format!("Bearer realm=\"http://{}/token\",service=\"fixture-registry\"", registry.address());
    let expected = format!("{realm},scope=\"repository:team/app:pull\"");
    assert_eq!((challenge.status, challenge.header("www-authenticate")), (401, Some(expected.as_str())));
    let login = login();
    let mut open = |repository: &str, token: &str| {
        let authorization = format!("Bearer {token}");
        let headers = [ALL, ("Authorization", authorization.as_str())];
        let answer = connection.ask(&format!("HEAD /v2/{repository}/manifests/v1"), &headers, b"");
        let challenge = answer.header("www-authenticate").unwrap_or_default();
        (answer.status, challenge.rsplit(',').next().unwrap_or_default().to_owned())
    };
    let mut other_connection = Connection::open(&registry.address());
    let mine = token(&mut other_connection, "repository:team/app:pull,push", Some(&login));
    let anybodys = token(&mut other_connection, "repository:public/app:pull,push", None);
    let nobodys = token(&mut other_connection, "repository:team/app:pull", None);
    assert_eq!(open("team/app", &mine), (200, String::new()));
    assert_eq!(open("team/other", &mine), (401, "error=\"insufficient_scope\"".to_owned()));
    assert_eq!(open("public/app", &anybodys), (200, String::new()));
    assert_eq!(open("team/app", &nobodys), (401, "error=\"insufficient_scope\"".to_owned()));
    assert_eq!(open("team/app", "invented"), (401, "error=\"invalid_token\"".to_owned()));
    registry.set_token_settings(TokenSettings { lifetime: Duration::ZERO, ..TokenSettings::default() });
    let expired = token(&mut other_connection, "repository:team/app:pull", Some(&login));
    assert_eq!(open("team/app", &expired), (401, "error=\"invalid_token\"".to_owned()));
}

#[test]
fn the_token_server_takes_identity_tokens_and_refuses_wrong_logins() {
    let registry = Registry::start(Auth::Bearer(login()));
    registry.set_token_settings(TokenSettings {
        says_lifetime: false,
        fields: &["access_token"],
        ..Default::default()
    });
    let mut connection = Connection::open(&registry.address());
    let common = "service=fixture-registry&client_id=test&scope=repository%3Aapp%3Apull";
    for (form, status) in [
        (format!("{common}&grant_type=refresh_token&refresh_token={}", registry.identity_token()), 200),
        (format!("{common}&grant_type=refresh_token&refresh_token=wrong"), 401),
        (format!("{common}&grant_type=password&username=ci&password=s3cret"), 200),
        (format!("{common}&grant_type=password&username=ci&password=wrong"), 401),
        (common.replace("client_id=test&", ""), 400),
    ] {
        let answer = connection.ask("POST /token", &[], form.as_bytes());
        assert_eq!(answer.status, status, "{form}");
        let keys: Vec<_> = answer.json().as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, [if status == 200 { "access_token" } else { "error" }], "{form}");
    }
    let wrong = format!("Basic {}", Login::new("ci", "wrong").encoded());
    let answer = connection.ask("GET /token?service=fixture-registry", &[("Authorization", &wrong)], b"");
    assert_eq!((answer.status, answer.code().as_str()), (401, "UNAUTHORIZED"));
}

#[test]
fn faults_that_answer_in_the_registrys_place() {
    let (registry, mut connection, _) = with_image();
    let (head, target) = ("HEAD /v2/team/app/manifests/v1", "GET /v2/team/app/manifests/v1");
    registry.inject(head, 2, Fault::status(405));
    let late = Fault::error(429).header("Retry-After", &http_date(Duration::from_secs(2)));
    registry.inject(target, 1, Fault::Answer(late));
    assert_eq!(connection.ask(head, &[ALL], b"").status, 405);
    let limited = connection.ask(target, &[ALL], b"");
    assert_eq!((limited.status, limited.code().as_str()), (429, "TOOMANYREQUESTS"));
    assert!(limited.header("retry-after").unwrap().ends_with(" GMT"));
    assert_eq!(connection.ask(target, &[ALL], b"").status, 200, "the 429 came once");
    assert_eq!(connection.ask(head, &[ALL], b"").status, 405, "the 405 comes twice");
    assert_eq!(connection.ask(head, &[ALL], b"").status, 200);
    registry.inject("/v2/team/app/", 1, Fault::redirect("http://localhost:1/elsewhere"));
    let moved = connection.ask(head, &[ALL], b"");
    assert_eq!((moved.status, moved.header("location")), (307, Some("http://localhost:1/elsewhere")));
    registry.inject(head, 1, Fault::status(401));
    assert_eq!(connection.ask(head, &[ALL], b"").header("www-authenticate"), None);
}

#[test]
fn faults_that_alter_a_success_leave_the_challenge_alone() {
    let registry = Registry::start(Auth::Basic(login()));
    let digest = registry.put_image("app", "v1", &Image::new());
    let mut connection = Connection::open(&registry.address());
    let authorization = format!("Basic {}", login().encoded());
    let headers = [ALL, ("Authorization", authorization.as_str())];
    let mut ask = |fault: Fault| {
        registry.inject("/v2/app/manifests/v1", 1, fault);
        assert_eq!(connection.ask("GET /v2/app/manifests/v1", &[ALL], b"").status, 401);
        let answer = connection.ask("GET /v2/app/manifests/v1", &headers, b"");
        assert_eq!(connection.ask("HEAD /v2/app/manifests/v1", &headers, b"").status, 200, "only once");
        answer
    };
    assert_eq!(ask(Fault::Absent).code(), "MANIFEST_UNKNOWN");
    assert_eq!(ask(Fault::AnswerAfterLogin(Fault::error(403))).code(), "DENIED");
    assert_eq!(ask(Fault::redirect_after_login("http://localhost:1/")).status, 307);
    assert_eq!(ask(Fault::OmitDigest).header("docker-content-digest"), None);
    let wrong = ask(Fault::WrongDigest);
    assert_ne!(wrong.header("docker-content-digest").unwrap(), digest);
    assert_eq!(digest_of(&wrong.body), digest, "the body is the right one");
    assert_eq!(ask(Fault::Pad(5 << 20)).body.len(), 5 << 20);
    let scope = ask(Fault::InsufficientScope);
    assert!(scope.header("www-authenticate").unwrap().ends_with("error=\"insufficient_scope\""));
}

#[test]
fn faults_of_the_connection() {
    let (registry, _, _) = with_image();
    let get = "GET /v2/team/app/manifests/v1";
    for fault in [Fault::Cut(10), Fault::Drop] {
        registry.inject(get, 1, fault);
        assert!(Connection::open(&registry.address()).try_ask(get, &[ALL], b"").is_err());
    }
    registry.inject(get, 1, Fault::Hang);
    let mut waiting = Connection::open(&registry.address());
    waiting.set_patience(Duration::from_millis(100));
    assert_eq!(waiting.try_ask(get, &[ALL], b"").unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    for fault in [Fault::Delay(Duration::from_millis(50)), Fault::Stall(Duration::from_millis(50))] {
        registry.inject(get, 1, fault);
        let began = Instant::now();
        assert_eq!(Connection::open(&registry.address()).ask(get, &[ALL], b"").status, 200);
        assert!(began.elapsed() >= Duration::from_millis(50));
    }
    let statuses: Vec<_> = registry.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [Some(200), None, None, Some(200), Some(200)]);
}

#[test]
fn a_tag_appears_late() {
    let (registry, mut connection, _) = with_image();
    registry.appear_after(2, "team/app", "v1");
    let statuses: Vec<_> =
        (0..3).map(|_| connection.ask("HEAD /v2/team/app/manifests/v1", &[ALL], b"").status).collect();
    assert_eq!(statuses, [404, 404, 200]);
}

#[test]
fn challenges_can_be_many() {
    let registry = Registry::start(Auth::Bearer(login()));
    let others = vec!["Negotiate".to_owned(), "Basic realm=\"a, b\", Digest realm=\"c\"".to_owned()];
    registry.inject("/v2/", ALWAYS, Fault::Challenges(others));
    let answer = Connection::open(&registry.address()).ask("GET /v2/", &[], b"");
    let schemes: Vec<_> =
        answer.headers("www-authenticate").iter().map(|value| value.split(' ').next().unwrap()).collect();
    assert_eq!(schemes, ["Negotiate", "Basic", "Bearer"]);
}

#[test]
fn a_document_of_any_kind_is_served_as_it_was_put() {
    let (registry, mut connection, _) = with_image();
    registry.put_manifest("team/app", "odd", "application/vnd.example+json", b"{ }");
    let answer = connection.ask("GET /v2/team/app/manifests/odd", &[("Accept", "application/vnd.example+json")], b"");
    assert_eq!(answer.body, b"{ }");
    registry.inject("/", 1, Fault::Answer(Response::text(502, "<html>")));
    assert_eq!(connection.ask("GET /v2/", &[], b"").body, b"<html>");
}
