//! A forge on loopback: git and the API of one kind of forge at one address, over a real bare repository.
//!
//! What a branch is, git knows: requests are judged by the tips of real branches, and merges are made by git. Only the list
//! of requests is kept in memory ([`store`]). A dialect turns the API of a kind into calls of the store, in the words and
//! the statuses of that forge. A test adds faults, and reads which calls were made:
//!
//! ```ignore
//! let forge = Forge::start(Kind::GitLab, &Remote::create("gitops"));
//! forge.inject("POST /api/v4/", 1, Fault::LoseAnswer);
//! ```

mod azure;
mod bitbucket;
mod call;
mod fault;
mod gitea;
mod github;
mod gitlab;
mod store;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;

use super::git_server::run_backend;
use super::http::{Body, Head, Reply, Response, Script, Server, lock};
use super::login::Login;
use super::repository::Remote;

pub use super::http::ALWAYS;
pub use call::Call;
pub use fault::Fault;
pub use github::FORMER_OWNER;
pub use store::{Armed, Merging, Request, RequestState, Store};

/// Which forge it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Enterprise Server.
    GitHub,
    GitLab,
    /// Also Forgejo, whose API is the same.
    Gitea,
    Bitbucket,
    Azure,
}

/// What the token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// Push, and everything about requests.
    All,
    /// Push, but the API refuses what is more than reading.
    ReadApi,
    /// Push, but the API refuses everything.
    NoApi,
}

/// A running forge; clones are handles to the same one, and it ends with the last of them.
#[derive(Clone)]
pub struct Forge {
    settings: Arc<Settings>,
    server: Arc<Server>,
}

struct Settings {
    kind: Kind,
    remote: Remote,
    rights: Mutex<Rights>,
    script: Script<Fault>,
    store: Mutex<Store>,
    calls: Mutex<Vec<Call>>,
    /// What git was asked for, without the repository's path.
    git_lines: Mutex<Vec<String>>,
}

/// The one token that the forge accepts.
pub const TOKEN: &str = "f0rge-t0ken";

/// The owner of the repository: a group, an organisation or a workspace.
pub const OWNER: &str = "org";

impl Forge {
    /// Serves a repository, such as `gitops`, as `org/gitops`. Reading with git is open; all else needs [`TOKEN`].
    pub fn start(kind: Kind, remote: &Remote) -> Self {
        let settings = Arc::new(Settings {
            kind,
            remote: remote.clone(),
            rights: Mutex::new(Rights::All),
            script: Script::default(),
            store: Mutex::new(Store::new(remote)),
            calls: Mutex::default(),
            git_lines: Mutex::default(),
        });
        let handler = Arc::clone(&settings);
        let server = Server::start(move |head, body| handler.answer(head, body));
        Self { settings, server: Arc::new(server) }
    }

    pub fn kind(&self) -> Kind {
        self.settings.kind
    }

    /// Returns `http://127.0.0.1:port`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Returns the URL of the repository, as the forge writes it.
    pub fn url(&self) -> String {
        format!("{}{}", self.origin(), self.settings.git_path())
    }

    /// Returns the URL of the repository with a login in it, whose password is a token.
    pub fn url_with_token(&self, token: &str) -> String {
        self.url().replace("http://", &format!("http://token:{token}@"))
    }

    /// Returns the URL under which the API is.
    pub fn api_url(&self) -> String {
        let prefix = match self.settings.kind {
            Kind::GitHub => github::PREFIX,
            Kind::GitLab => gitlab::PREFIX,
            Kind::Gitea => gitea::PREFIX,
            Kind::Bitbucket => bitbucket::PREFIX,
            Kind::Azure => "",
        };
        format!("{}{prefix}", self.origin())
    }

    pub fn set_rights(&self, rights: Rights) {
        *lock(&self.settings.rights) = rights;
    }

    /// Adds a fault for the next `times` requests that begin with `pattern`, such as `POST /api/v4/`.
    pub fn inject(&self, pattern: &str, times: usize, fault: Fault) {
        self.settings.script.add(pattern, times, fault);
    }

    /// Returns the requests of the forge and its rules, to be read or changed.
    pub fn store(&self) -> MutexGuard<'_, Store> {
        let mut store = lock(&self.settings.store);
        store.settle();
        store
    }

    /// Returns the calls of the API since the last time, in the order in which they were answered.
    pub fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut *lock(&self.settings.calls))
    }

    /// Returns what git was asked for since the last time, as `METHOD /service`.
    pub fn git_lines(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.settings.git_lines))
    }

    /// Returns how many requests git made since the last time.
    pub fn git_requests(&self) -> usize {
        let path = self.settings.git_path();
        self.server.requests().iter().filter(|request| request.head.path.starts_with(&path)).count()
    }

    /// Returns whether a request whose first line has this in it came since the last time, answered or not.
    pub fn was_asked(&self, line: &str) -> bool {
        self.server.requests().iter().any(|request| request.line().contains(line))
    }

    /// Returns how many requests that begin with `pattern`, as for [`inject`](Self::inject), came since the last time, answered
    /// or not.
    pub fn times_asked(&self, pattern: &str) -> usize {
        let requests = self.server.requests();
        let lines = requests.iter().map(|request| format!("{} {}", request.head.method, request.head.target()));
        lines.filter(|line| line.starts_with(pattern)).count()
    }

    /// Returns these calls as `METHOD /path status`.
    pub fn call_lines(&self) -> Vec<String> {
        self.calls().iter().map(Call::line).collect()
    }

    /// Returns these lines without the path of the repository, as it is at a GitHub.
    pub fn short_call_lines(&self) -> Vec<String> {
        let short = |line: &String| line.replace("/api/v3/repos/org/gitops", "").replace("/api/", "/");
        self.call_lines().iter().map(short).collect()
    }
}

impl Settings {
    /// Returns the path of the repository for git.
    fn git_path(&self) -> String {
        let name = self.name();
        match self.kind {
            Kind::Azure => format!("/{OWNER}/project/_git/{name}"),
            Kind::GitHub | Kind::GitLab | Kind::Gitea | Kind::Bitbucket => format!("/{OWNER}/{name}.git"),
        }
    }

    /// Returns what follows the path of the repository, which may be without its `.git`; `None` if that is none of git's.
    fn git_service<'h>(&self, path: &'h str) -> Option<&'h str> {
        let own = self.git_path();
        let rest = path.strip_prefix(own.trim_end_matches(".git"))?;
        let rest = rest.strip_prefix(".git").unwrap_or(rest);
        let is_gits = rest.starts_with("/git-") || rest == "/info/refs";
        is_gits.then_some(rest)
    }

    /// Returns the name of the repository: `gitops` of `/tmp/…/gitops.git`.
    fn name(&self) -> String {
        self.remote.path().file_stem().expect("a folder with a name").to_string_lossy().into_owned()
    }

    fn answer(&self, head: &Head, body: &mut Body<'_>) -> io::Result<Reply> {
        match self.script.take(head, Fault::is_early) {
            Some(Fault::Answer(response)) => {
                let body = body.read_all()?;
                if self.git_service(&head.path).is_none() {
                    self.record(head, &body, &response);
                }
                return Ok(Reply::Send(response));
            }
            Some(Fault::Meanwhile(act)) => act(&mut lock(&self.store)),
            Some(Fault::Drop) => return Ok(Reply::Drop),
            Some(Fault::Hang) => return Ok(Reply::Hang),
            Some(Fault::LoseAnswer) | None => {}
        }
        let body = body.read_all()?;
        let response = match self.git_service(&head.path) {
            Some(service) => {
                lock(&self.git_lines).push(format!("{} {service}", head.method));
                self.git(head, service, body)?
            }
            None => {
                let response = self.api(head, &body);
                self.record(head, &body, &response);
                response
            }
        };
        Ok(match self.script.take(head, |fault| matches!(fault, Fault::LoseAnswer)) {
            Some(_) => Reply::Drop,
            None => Reply::Send(response),
        })
    }

    /// Lets git answer. After a push, the forge looks at its requests, as a real one does.
    fn git(&self, head: &Head, service: &str, body: Vec<u8>) -> io::Result<Response> {
        let pushes = service == "/git-receive-pack" || head.query == "service=git-receive-pack";
        if pushes && password(head).as_deref() != Some(TOKEN) {
            let response = Response::text(401, "Authentication required");
            return Ok(response.header("WWW-Authenticate", "Basic realm=\"git\""));
        }
        let (folder, path) = (self.remote.folder(), self.remote.path());
        let path = path.strip_prefix(folder).expect("a repository in its folder");
        let inner = head.at(&format!("/{}{service}", path.display()));
        let response = run_backend(folder, &inner, head.header("git-protocol"), body)?;
        if pushes {
            lock(&self.store).settle();
        }
        Ok(response)
    }

    fn api(&self, head: &Head, body: &[u8]) -> Response {
        let call = ApiCall {
            head,
            body: serde_json::from_slice(body).unwrap_or(Value::Null),
            name: self.name(),
            rights: *lock(&self.rights),
            origin: format!("http://{}", head.header("host").unwrap_or_default()),
        };
        let mut store = lock(&self.store);
        store.settle();
        match self.kind {
            Kind::GitHub => github::answer(&call, &mut store),
            Kind::GitLab => gitlab::answer(&call, &mut store),
            Kind::Gitea => gitea::answer(&call, &mut store),
            Kind::Bitbucket => bitbucket::answer(&call, &mut store),
            Kind::Azure => azure::answer(&call, &mut store),
        }
    }

    fn record(&self, head: &Head, body: &[u8], response: &Response) {
        let call = Call::new(head, body, response);
        call.note_for_contract(self.kind);
        lock(&self.calls).push(call);
    }
}

/// A call of the API, as a dialect reads it.
struct ApiCall<'a> {
    head: &'a Head,
    body: Value,
    /// The name of the repository.
    name: String,
    rights: Rights,
    /// Where the forge is, for the URLs in its answers.
    origin: String,
}

impl ApiCall<'_> {
    /// Returns method and the parts of the path below a prefix, still encoded.
    fn route(&self, prefix: &str) -> (&str, Vec<&str>) {
        let path = self.head.path.strip_prefix(prefix).unwrap_or_default();
        (self.head.method.as_str(), path.trim_matches('/').split('/').collect())
    }

    fn is_read(&self) -> bool {
        self.head.method == "GET"
    }

    /// Returns a text of the body; an empty one if it is not there.
    fn text(&self, key: &str) -> &str {
        self.body[key].as_str().unwrap_or_default()
    }

    fn query(&self, key: &str) -> String {
        self.head.query_values(key).pop().unwrap_or_default()
    }

    /// Returns the part of a list that is asked for by its page, as long as `size` says.
    fn page(&self, listed: Vec<Value>, size: &str) -> Vec<Value> {
        let number = |key: &str| self.query(key).parse::<usize>().ok();
        let (size, page) = (number(size).unwrap_or(20), number("page").unwrap_or(1));
        listed.into_iter().skip(size * (page - 1)).take(size).collect()
    }

    /// Returns whether the token comes in a header: `scheme` stands before it, such as `Bearer `.
    fn has_token(&self, header: &str, scheme: &str) -> bool {
        self.head.header(header).and_then(|value| value.strip_prefix(scheme)) == Some(TOKEN)
    }

    /// Returns whether the token is the password of HTTP's Basic scheme.
    fn has_basic_token(&self) -> bool {
        password(self.head).as_deref() == Some(TOKEN)
    }
}

/// Returns the password of HTTP's Basic scheme.
fn password(head: &Head) -> Option<String> {
    Login::of(head).map(|login| login.password)
}
