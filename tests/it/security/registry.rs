//! What a hostile registry answers, or what a name makes of a registry: no login goes astray, memory and time stay bounded,
//! and one answer is never taken for another.

use std::io::Write as _;
use std::time::Duration;

use super::{bounded, scripted};
use crate::stage::{Stage, tagship};
use crate::support::command::{Command, Home};
use crate::support::http::{Authorization, Reply, Response, Server};
use crate::support::login::Login;
use crate::support::registry::{ALWAYS, Auth, Fault, Image, Registry};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn check(image: &str) -> Command {
    tagship().args(["check", "--timeout", "3s", "--platform", "linux/amd64", image])
}

/// Half a megabyte of lines, again and again.
fn lines(line: &str) -> Vec<u8> {
    line.repeat((512 << 10) / line.len()).into_bytes()
}

#[test]
fn answers_without_an_end() {
    let body = |status: &'static str| move || format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\n\r\n");
    let head = || "HTTP/1.1 200 OK\r\n".to_owned();
    let rows: [(&dyn Fn() -> String, &str, usize); 6] = [
        (&body("200 OK"), "x", usize::MAX),
        (&body("404 Not Found"), "x", usize::MAX),
        (&head, "X-A: b\r\n", usize::MAX),
        (&head, "X-A: b\r\n", 5),
        (&|| "HTTP/1.1 200 OK\r\nX-A: ".to_owned(), "x", 10),
        (
            &|| "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"http://127.0.0.1:1/\",a=\"".to_owned(),
            "x",
            1,
        ),
    ];
    for (begin, line, times) in rows {
        let (begin, line) = (begin(), lines(line));
        let shown = begin.clone();
        let address = scripted(move |stream| {
            stream.write_all(begin.as_bytes())?;
            for _ in 0..times {
                stream.write_all(&line)?;
            }
            stream.write_all(b"\"\r\n\r\n")
        });
        let output = bounded(check(&format!("{address}/x:v1")));
        assert_ne!(output.code, Some(0), "{shown}");
        assert!(output.stderr().len() < 10_000, "{shown}: {} bytes", output.stderr().len());
    }
}

#[test]
fn a_refusal_that_drips() {
    let address = scripted(|stream| {
        stream
            .write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: 4096\r\n\r\n")?;
        let (_kept, silence) = std::sync::mpsc::channel::<()>();
        loop {
            stream.write_all(b"n")?;
            silence.recv_timeout(Duration::from_millis(300)).ok();
        }
    });
    let output = check(&format!("{address}/x:v1")).limit(Duration::from_secs(30)).run();
    assert_ne!(output.code, Some(0));
}

#[test]
fn documents_that_are_bombs() {
    let registry = Registry::start(Auth::None);
    let keys: String = (0..150_000).map(|_| "\"a\":1,").collect();
    let platform = format!("{{\"mediaType\":\"{INDEX}\",\"digest\":\"sha256:{}\",\"size\":1,", "0".repeat(64))
        + &format!("\"platform\":{{\"os\":\"linux\",\"architecture\":\"{}\"}}}}", "x".repeat(1000));
    let platforms = vec![platform.as_str(); 2000].join(",");
    for (name, body) in [
        ("deep", format!("{{\"schemaVersion\":2,\"manifests\":{}", "[".repeat(1_000_000))),
        ("keys", format!("{{{keys}\"schemaVersion\":2,\"manifests\":[]}}")),
        ("platforms", format!("{{\"schemaVersion\":2,\"mediaType\":\"{INDEX}\",\"manifests\":[{platforms}]}}")),
        ("large", format!("{{\"schemaVersion\":2,\"manifests\":[]{}}}", " ".repeat(4_700_000))),
    ] {
        registry.put_manifest(name, "v1", INDEX, body.as_bytes());
        let output = bounded(check(&format!("{}/{name}:v1", registry.address())));
        assert_ne!(output.code, Some(0), "{name}");
        assert!(output.stderr().len() < 10_000, "{name}: {} bytes", output.stderr().len());
    }
}

/// Nothing is inflated, because nothing compressed is asked for.
#[test]
fn a_compressed_answer() {
    let registry = Registry::start(Auth::None);
    registry.put_image("app", "v1", &Image::new());
    // A gzip member that says it goes on; whatever follows is a document of no kind.
    let packed = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[0; 4096]].concat();
    let answer = Response::new(200).header("Content-Type", INDEX).header("Content-Encoding", "gzip").body(&packed);
    registry.inject("/v2/app", ALWAYS, Fault::Answer(answer));
    let output = bounded(check(&format!("{}/app:v1", registry.address())));
    assert_ne!(output.code, Some(0));
    for request in registry.requests() {
        let asked = request.head.header("accept-encoding");
        assert!(asked.is_none_or(|asked| asked == "identity"), "{request:?}: {asked:?}");
    }
}

/// An answer ends where HTTP says, and what follows it on the connection is none.
#[test]
fn a_second_answer_behind_the_first() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let second = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {INDEX}\r\nDocker-Content-Digest: {digest}\r\nContent-Length: 0\r\n\r\n"
    );
    for first in [
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 500\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n",
    ] {
        let both = format!("{first}{second}");
        let address = scripted(move |stream| stream.write_all(both.as_bytes()));
        let output = bounded(tagship().args(["check", "--timeout", "3s", &format!("{address}/x:v1")]));
        assert_ne!(output.code, Some(0), "{first}");
    }
}

#[test]
fn a_token_with_line_ends() {
    let home = Home::new();
    let server = Server::start(|head, _| {
        let host = head.header("host").unwrap_or_default();
        Ok(Reply::Send(match head.path.as_str() {
            "/token" => Response::text(200, r#"{"token": "a\r\nX-Evil: 1\r\n\r\nGET /v2/evil HTTP/1.1"}"#),
            _ => Response::new(401).header("WWW-Authenticate", &format!("Bearer realm=\"http://{host}/token\"")),
        }))
    });
    let output = bounded(check(&format!("{}/x:v1", server.address())).home(&home));
    assert_ne!(output.code, Some(0));
    for request in server.requests() {
        assert!(request.head.header("x-evil").is_none() && !request.head.path.contains("evil"), "{request:?}");
    }
}

/// A token server that sends the client on gets no login there, and none afterwards.
#[test]
fn a_token_server_that_redirects() {
    let login = Login::new("ci", "S3CR3T");
    let (registry, other) = (Registry::start(Auth::Bearer(login)), Registry::start(Auth::None));
    registry.put_image("app", "v1", &Image::new());
    registry.inject("GET /token", ALWAYS, Fault::redirect(&format!("http://{}/token", other.address())));
    let check = check(&format!("{}/app:v1", registry.address())).env("TAGSHIP_REGISTRY_HOST", registry.address());
    let check = check.env("TAGSHIP_REGISTRY_USERNAME", "ci").env("TAGSHIP_REGISTRY_PASSWORD", "S3CR3T");
    let output = check.run().says_nowhere("S3CR3T");
    assert_ne!(output.code, Some(0));
    assert!(other.requests().iter().all(|request| request.authorization() == Authorization::None));
}

/// A registry elsewhere sends the client to this machine, by all the names that it has. A proxy sees where requests go.
#[test]
fn a_redirect_to_this_machine_by_another_name() {
    let victim = Registry::start(Auth::None);
    victim.put_image("app", "v1", &Image::new());
    let port = victim.address().rsplit_once(':').unwrap().1.to_owned();
    for host in [
        "0x7f000001",
        "0177.0.0.1",
        "2130706433",
        "127.1",
        "0",
        "localhost.",
        "[::]",
        "[::1]",
        "127.0.0.1",
        "[::ffff:127.0.0.1]",
        "[::ffff:169.254.169.254]",
        "ip6-localhost",
        "metadata.google.internal",
    ] {
        let to = format!("http://{host}:{port}/v2/app/manifests/v1");
        let proxy = Server::start(move |_, _| Ok(Reply::Send(Response::redirect(&to))));
        let check = check("registry.example.test/app:v1").args(["--plain-http", "registry.example.test"]);
        let output = check.env("http_proxy", format!("http://{}", proxy.address())).run();
        assert_ne!(output.code, Some(0), "{host}");
        output.stderr_has("registry.example.test");
        let requests = proxy.requests();
        assert!(!requests.is_empty(), "{host}");
        let asked = requests.iter().all(|request| request.head.path.starts_with("http://registry.example.test/"));
        assert!(asked, "{host}: {requests:?}");
        assert!(victim.requests().is_empty(), "{host}: {:?}", victim.requests());
    }
}

#[test]
fn names_that_lead_elsewhere() {
    let registry = Registry::start(Auth::None);
    let address = registry.address();
    for image in [
        format!("{address}/../x:v1"),
        format!("{address}/a/../b:v1"),
        format!("{address}/a%2fb:v1"),
        format!("{address}/a%2e%2e/b:v1"),
        format!("{address}/a?b:v1"),
        format!("{address}/a#b:v1"),
        format!("{address}/a\\b:v1"),
        format!("{address}/a.:v1"),
        format!("{address}//a:v1"),
        format!("u:p@{address}/a:v1"),
        format!("{address}:2/a:v1"),
        format!("evil@{address}/a:v1"),
    ] {
        let output = check(&image).run();
        assert_eq!(output.code, Some(2), "{image}: {}", output.stderr());
    }
    assert!(registry.requests().is_empty(), "{:?}", registry.requests());
}

/// The job's own token is for the registry of its server, and no name that only looks like it gets it.
#[test]
fn the_jobs_token_stays_at_its_registry() {
    let registry = Registry::start(Auth::Basic(Login::new("ci", "S3CR3T")));
    let address = registry.address();
    for name in ["ghcr.io/org/app", "quay.io/app", "ghcr.io.evil/app"] {
        for server in ["https://github.com", "https://github.com@evil", "https://github.com#@evil"] {
            let check = check(&format!("{address}/{name}:v1")).env("GITHUB_ACTIONS", "true");
            let check = check.env("GITHUB_SERVER_URL", server).env("GITHUB_TOKEN", "S3CR3T").env("GITHUB_ACTOR", "ci");
            check.run().exit(5).says_nowhere("S3CR3T");
        }
    }
    for (variable, value) in [("CI_REGISTRY", "registry.example"), ("CI_REGISTRY", &format!("{address}@evil"))] {
        let check = check(&format!("{address}/app:v1")).env("GITLAB_CI", "true").env(variable, value);
        let check = check.env("CI_REGISTRY_USER", "ci").env("CI_REGISTRY_PASSWORD", "S3CR3T");
        check.run().exit(5).says_nowhere("S3CR3T");
    }
    assert!(registry.requests().iter().all(|request| request.authorization() == Authorization::None));
}

/// A release asks one registry, and an image whose name comes from outside names no other one with our login.
#[test]
fn a_login_without_a_host_goes_nowhere() {
    let stage = Stage::with_auth(Auth::Basic(Login::new("ci", "S3CR3T")));
    let release = stage.release().env("TAGSHIP_REGISTRY_USERNAME", "ci").env("TAGSHIP_REGISTRY_PASSWORD", "S3CR3T");
    let output = release.arg(stage.argument()).run().says_nowhere("S3CR3T");
    assert_ne!(output.code, Some(0));
    assert!(stage.registry.requests().iter().all(|request| request.authorization() == Authorization::None));
    stage.untouched();
}

/// A device has no end, and a file can be anything: what is named beside an image is read up to a limit.
#[cfg(target_os = "linux")]
#[test]
fn files_without_an_end() {
    let image = "127.0.0.1:1/app:v1";
    for flag in ["--verify-key", "--trusted-root"] {
        let check = check(image).args([flag, "/dev/zero"]);
        let check = if flag == "--trusted-root" {
            check.args(["--verify-identity", "x", "--verify-issuer", "https://issuer.example"])
        } else {
            check
        };
        check.run().exit(2).stderr_has("`/dev/zero`: it is larger than 16 MiB");
    }
    let registry = Registry::start(Auth::Basic(Login::new("ci", "S3CR3T")));
    let check = check(&format!("{}/app:v1", registry.address())).env("DOCKER_AUTH_CONFIG", "/dev/zero");
    check.run().exit(2).stderr_has("it is larger than 16 MiB");
}
