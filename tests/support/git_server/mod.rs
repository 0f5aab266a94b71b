//! A git server over HTTP for a folder of bare repositories, behind logins, faults and a request log. Everything that speaks git
//! is git.

mod backend;
pub mod packs;

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use super::certificate::Certificate;
use super::http::{Body, Head, LoggedRequest, Reply, Response, Script, Server, lock};
use super::login::Login;

pub use super::http::ALWAYS;
pub use backend::run as run_backend;

/// Who may do what.
pub enum Access {
    /// Everybody everything.
    Open,
    /// Nothing without this login.
    Login(Login),
    /// Everybody may read; a push needs this login.
    LoginToPush(Login),
    /// Everybody may read; who pushes must log in, and then is told 403 and this text.
    PushForbidden(Login, String),
}

/// What goes wrong with a request. The pattern it was added with says with which.
#[derive(Clone)]
pub enum Fault {
    /// Nothing: the request only counts, so that the next fault hits a later one.
    Pass,
    /// git answers when as many requests as the barrier is for are there.
    Meet(Arc<Barrier>),
    /// This is done first, as by another client.
    After(Arc<dyn Fn() + Send + Sync>),
    /// Something else answers, such as a gateway.
    Answer(Response),
    /// Something else answers, one byte after each pause.
    Drip(Response, Duration),
    /// The connection ends after so many bytes of the request's body; git sees nothing of it.
    CutRequest(usize),
    /// Nothing happens until the client gives up.
    Hang,
    /// git does its work, and something else answers, such as a gateway that does not let git's answer through.
    AnswerFor(Response),
    /// git does its work, and a gateway gives its answer this content type.
    Retyped(&'static str),
    /// git does its work, then the connection ends without an answer. A request without login does not count.
    CutBeforeResponse,
    /// git does its work, and the connection ends after so many bytes of the answer's body.
    CutResponse(usize),
}

impl Fault {
    /// Returns whether git hears nothing of the request.
    fn is_early(&self) -> bool {
        matches!(
            self,
            Self::Pass
                | Self::Meet(_)
                | Self::After(_)
                | Self::Answer(_)
                | Self::Drip(..)
                | Self::CutRequest(_)
                | Self::Hang
        )
    }
}

/// A request, with what only a git server knows about it.
#[derive(Debug, Clone)]
pub struct GitRequest {
    pub logged: LoggedRequest,
    /// `git-upload-pack` or `git-receive-pack`.
    pub service: Option<String>,
    /// What the `Git-Protocol` header asked for, such as `version=2`.
    pub protocol: Option<String>,
}

/// A running server; clones are handles to the same one, and it ends with the last of them.
#[derive(Clone)]
pub struct GitServer {
    settings: Arc<Settings>,
    scheme: &'static str,
    server: Arc<Server>,
}

struct Settings {
    root: PathBuf,
    access: Access,
    script: Script<Fault>,
    /// Path prefixes that have moved, and to where.
    moved: Mutex<Vec<(String, String)>>,
    latency: Mutex<Duration>,
    speaks_v2: AtomicBool,
    through_http_backend: AtomicBool,
}

impl GitServer {
    /// Serves the repositories of a folder, such as [`super::repository::Remote::folder`].
    pub fn start(folder: &Path, access: Access) -> Self {
        let settings = Arc::new(Settings::new(folder, access));
        let handler = Arc::clone(&settings);
        let server = Server::start(move |head, body| handler.answer(head, body));
        Self { settings, scheme: "http", server: Arc::new(server) }
    }

    /// Does so over TLS.
    pub fn start_tls(folder: &Path, access: Access, certificate: &Certificate) -> Self {
        let settings = Arc::new(Settings::new(folder, access));
        let handler = Arc::clone(&settings);
        let server = Server::start_tls(certificate, move |head, body| handler.answer(head, body));
        Self { settings, scheme: "https", server: Arc::new(server) }
    }

    /// Returns `127.0.0.1:port`.
    pub fn address(&self) -> String {
        self.server.address().to_string()
    }

    /// Returns the address of a repository, such as `gitops.git`; `""` gives the server's own.
    pub fn url(&self, repository: &str) -> String {
        format!("{}://{}/{repository}", self.scheme, self.server.address())
    }

    /// Returns the address of a repository with a login in it.
    pub fn url_with(&self, login: &Login, repository: &str) -> String {
        format!("{}://{}:{}@{}/{repository}", self.scheme, login.user, login.password, self.server.address())
    }

    /// Adds a fault for the next `times` requests that begin with `pattern`, such as
    /// `POST /gitops.git/git-receive-pack`.
    pub fn inject(&self, pattern: &str, times: usize, fault: Fault) {
        self.settings.script.add(pattern, times, fault);
    }

    /// Redirects all paths that begin with `from`, as a host does for a renamed repository (301).
    pub fn redirect(&self, from: &str, to: &str) {
        lock(&self.settings.moved).push((from.to_owned(), to.to_owned()));
    }

    /// Lets every request take longer, as a distant server would.
    pub fn set_latency(&self, latency: Duration) {
        *lock(&self.settings.latency) = latency;
    }

    /// Makes the server one that has never heard of protocol version 2.
    pub fn disable_protocol_v2(&self) {
        self.settings.speaks_v2.store(false, Ordering::SeqCst);
    }

    /// Lets `git http-backend` answer every request, and passes its answers on as they come, as a web server does.
    pub fn use_http_backend(&self) {
        self.settings.through_http_backend.store(true, Ordering::SeqCst);
    }

    /// Waits until git is not at work any more for a client that has gone away.
    #[track_caller]
    pub fn wait_until_idle(&self) {
        self.server.wait_until_idle();
    }

    /// Returns the requests since the last call.
    pub fn requests(&self) -> Vec<GitRequest> {
        self.server.requests().into_iter().map(GitRequest::from).collect()
    }

    /// Returns how many of these requests ask for tips of branches or for objects.
    pub fn fetches(&self) -> usize {
        self.requests().iter().filter(|request| request.is_fetch()).count()
    }
}

impl GitRequest {
    /// Returns whether it asks for tips of branches or for objects.
    pub fn is_fetch(&self) -> bool {
        self.logged.head.method == "POST" && self.service.as_deref() == Some("git-upload-pack")
    }
}

impl From<LoggedRequest> for GitRequest {
    fn from(logged: LoggedRequest) -> Self {
        let service = service(&logged.head);
        let protocol = logged.head.header("git-protocol").map(str::to_owned);
        Self { logged, service, protocol }
    }
}

/// Returns the service that a request is for: in the query of the first request, in the path of those after it.
fn service(head: &Head) -> Option<String> {
    let last = head.path.rsplit('/').next().unwrap_or_default();
    let posted = last.starts_with("git-").then(|| last.to_owned());
    posted.or_else(|| head.query_values("service").pop())
}

impl Settings {
    fn new(folder: &Path, access: Access) -> Self {
        Self {
            root: folder.to_owned(),
            access,
            script: Script::default(),
            moved: Mutex::default(),
            latency: Mutex::default(),
            speaks_v2: AtomicBool::new(true),
            through_http_backend: AtomicBool::new(false),
        }
    }

    fn answer(&self, head: &Head, body: &mut Body<'_>) -> io::Result<Reply> {
        let latency = *lock(&self.latency);
        thread::sleep(latency);
        match self.script.take(head, Fault::is_early) {
            Some(Fault::Answer(response)) => return Ok(Reply::Send(response)),
            Some(Fault::Drip(response, pause)) => return Ok(Reply::Drip(response, pause)),
            Some(Fault::CutRequest(after)) => {
                io::copy(&mut body.take(after as u64), &mut io::sink())?;
                return Ok(Reply::Drop);
            }
            Some(Fault::Meet(barrier)) => drop(barrier.wait()),
            Some(Fault::After(done)) => done(),
            Some(Fault::Pass) | None => {}
            Some(_) => return Ok(Reply::Hang),
        }
        if let Some(response) = self.redirected(head).or_else(|| self.refused(head)) {
            return Ok(Reply::Send(response));
        }
        let protocol = head.header("git-protocol").filter(|_| self.speaks_v2.load(Ordering::SeqCst));
        let body = body.read_all()?;
        let fault = self.script.take(head, |fault| !fault.is_early());
        if fault.is_none() && self.through_http_backend.load(Ordering::SeqCst) {
            let (response, rest) = backend::through_http_backend(&self.root, head, protocol, body)?;
            return Ok(Reply::Stream(response, Box::new(rest)));
        }
        let response = backend::run(&self.root, head, protocol, body)?;
        Ok(match fault {
            Some(Fault::CutResponse(after)) => Reply::Cut(response, after),
            Some(Fault::AnswerFor(other)) => Reply::Send(other),
            Some(Fault::Retyped(kind)) => Reply::Send(response.retyped(kind)),
            Some(_) => Reply::Drop,
            None => Reply::Send(response),
        })
    }

    fn redirected(&self, head: &Head) -> Option<Response> {
        let target = head.target();
        let moved = lock(&self.moved);
        let (rest, to) = moved.iter().find_map(|(from, to)| Some((target.strip_prefix(from)?, to)))?;
        Some(Response::new(301).header("Location", &format!("{to}{rest}")))
    }

    fn refused(&self, head: &Head) -> Option<Response> {
        let pushes = service(head).is_some_and(|service| service == "git-receive-pack");
        let login_needed =
            || Response::text(401, "Authentication required").header("WWW-Authenticate", "Basic realm=\"git\"");
        match &self.access {
            Access::Login(login) if !login.is_in(head) => Some(login_needed()),
            Access::LoginToPush(login) | Access::PushForbidden(login, _) if pushes && !login.is_in(head) => {
                Some(login_needed())
            }
            Access::PushForbidden(_, text) if pushes => Some(Response::text(403, text)),
            Access::Open | Access::Login(_) | Access::LoginToPush(_) | Access::PushForbidden(..) => None,
        }
    }
}
