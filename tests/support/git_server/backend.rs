//! One request to git. An ordinary one is answered by the service itself, which Gitea runs in this way too; any other one by
//! `git http-backend`, by the rules of CGI (RFC 3875), which starts the service as a second program.

use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::support::command::{Command, StreamedOutput};
use crate::support::http::{Head, Response, read_line};

/// Where git keeps its programs: each that is started through `git` would be one more.
static PROGRAMS: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Command::git().arg("--exec-path").run().success().stdout();
    PathBuf::from(folder.trim())
});

/// Lets git answer a request.
pub fn run(root: &Path, head: &Head, protocol: Option<&str>, body: Vec<u8>) -> io::Result<Response> {
    if let Some(call) = Call::of(root, head) {
        return Ok(call.run(protocol, body));
    }
    let (mut response, mut rest) = through_http_backend(root, head, protocol, body)?;
    rest.read_to_end(&mut response.body)?;
    Ok(response)
}

/// A request that the service can answer itself: the body is as it was written, and the repository is there.
struct Call {
    repository: PathBuf,
    service: &'static str,
    asks_for_refs: bool,
}

impl Call {
    fn of(root: &Path, head: &Head) -> Option<Self> {
        let (repository, service, asks_for_refs) = match head.method.as_str() {
            "GET" => (head.path.strip_suffix("/info/refs")?, head.query.strip_prefix("service=")?, true),
            "POST" if head.header("content-encoding").is_none() => {
                let (repository, service) = head.path.rsplit_once('/')?;
                (repository, service, false)
            }
            _ => return None,
        };
        let service = ["git-upload-pack", "git-receive-pack"].into_iter().find(|name| *name == service)?;
        let expected = format!("application/x-{service}-request");
        if !asks_for_refs && head.header("content-type") != Some(&expected) || repository.contains("..") {
            return None;
        }
        let repository = root.join(repository.trim_start_matches('/'));
        let is_there = ["HEAD", "objects", "refs"].iter().all(|name| repository.join(name).exists());
        is_there.then_some(Self { repository, service, asks_for_refs })
    }

    fn run(&self, protocol: Option<&str>, body: Vec<u8>) -> Response {
        let mut service = Command::homeless(PROGRAMS.join(self.service))
            .arg(if self.asks_for_refs { "--http-backend-info-refs" } else { "--stateless-rpc" })
            .env("GIT_COMMITTER_NAME", "anonymous")
            .env("GIT_COMMITTER_EMAIL", "anonymous@http.127.0.0.1");
        if let Some(protocol) = protocol {
            service = service.env("GIT_PROTOCOL", protocol);
        }
        let answer = service.arg(&self.repository).stdin(body).run().stdout;
        let kind = if self.asks_for_refs { "advertisement" } else { "result" };
        let response = Response::new(200)
            .header("Expires", "Fri, 01 Jan 1980 00:00:00 GMT")
            .header("Pragma", "no-cache")
            .header("Cache-Control", "no-cache, max-age=0, must-revalidate")
            .header("Content-Type", &format!("application/x-{}-{kind}", self.service));
        if self.asks_for_refs && protocol != Some("version=2") {
            let title = format!("# service={}\n", self.service);
            let title = format!("{:04x}{title}0000", title.len() + 4);
            return response.body(&[title.as_bytes(), &answer].concat());
        }
        response.body(&answer)
    }
}

/// Lets git's own server answer a request: returns the head of its answer, and the body as it comes.
pub fn through_http_backend(
    root: &Path,
    head: &Head,
    protocol: Option<&str>,
    body: Vec<u8>,
) -> io::Result<(Response, BufReader<StreamedOutput>)> {
    let mut backend = Command::homeless(PROGRAMS.join("git-http-backend"))
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", &head.method)
        .env("PATH_INFO", &head.path)
        .env("QUERY_STRING", &head.query)
        .env("CONTENT_TYPE", head.header("content-type").unwrap_or_default())
        // In place of the chunks, which have been put together.
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", head.header("content-encoding").unwrap_or_default())
        .env("REMOTE_ADDR", "127.0.0.1");
    if let Some(protocol) = protocol {
        backend = backend.env("GIT_PROTOCOL", protocol);
    }
    let mut output = BufReader::new(backend.stdin(body).stream());
    let mut response = Response::new(200);
    loop {
        let line = read_line(&mut output)?;
        match line.split_once(": ") {
            Some(("Status", status)) => {
                let code = status.split(' ').next().unwrap_or_default();
                response.status = code.parse().expect("a status of three digits");
            }
            Some((name, value)) => response = response.header(name, value),
            None => return Ok((response, output)),
        }
    }
}
