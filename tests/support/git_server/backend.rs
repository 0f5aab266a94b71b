//! One request through `git http-backend`, by the rules of CGI (RFC 3875).

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::support::command::{Command, Output};
use crate::support::http::{Head, Response};

/// The backend itself: through `git http-backend`, each request would start one program more.
static BACKEND: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Command::git().arg("--exec-path").run().success().stdout();
    Path::new(folder.trim()).join("git-http-backend")
});

/// Runs the backend for a request and returns what it answers.
pub fn run(root: &Path, head: &Head, protocol: Option<&str>, body: Vec<u8>) -> Response {
    let mut backend = Command::homeless(&*BACKEND)
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
    parse(backend.stdin(body).run())
}

fn parse(output: Output) -> Response {
    let Some(end) = output.stdout.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Response::text(500, &output.stderr());
    };
    let mut response = Response::new(200);
    for line in String::from_utf8_lossy(&output.stdout[..end]).lines() {
        match line.split_once(": ") {
            Some(("Status", status)) => {
                let code = status.split(' ').next().unwrap_or_default();
                response.status = code.parse().expect("a status of three digits");
            }
            Some((name, value)) => response = response.header(name, value),
            None => {}
        }
    }
    response.body(&output.stdout[end + 4..])
}
