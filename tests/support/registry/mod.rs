//! An OCI registry: the distribution specification's pull and push over a real socket, kept in memory.
//!
//! It behaves as docker-registry 2.8.2 does if the specification leaves a choice, has no authentication, Basic or
//! Bearer (with its token server on the same port), misbehaves as a test tells it to, and logs every request. Start it
//! and fill it:
//!
//! ```ignore
//! let registry = Registry::start(Auth::None);
//! let digest = registry.put_image("team/app", "v1", &Image::new());
//! ```

mod attachment;
mod fault;
mod held_answer;
mod image;
mod routes;
mod storage;
mod tokens;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::certificate::Certificate;
use super::http::{Body, Head, LoggedRequest, Reply, Response, Script, Server, lock};
use super::login::Login;
use storage::{Manifest, Storage};
use tokens::Tokens;

pub use super::http::ALWAYS;
pub use attachment::{Attachment, Place};
pub use fault::Fault;
pub use held_answer::HeldAnswer;
pub use image::{Format, Image, media_type};
pub use storage::{Contents, digest_of};
pub use tokens::{Grant, TokenSettings, grant};

/// Whom the registry serves.
#[derive(Clone)]
pub enum Auth {
    /// Everybody.
    None,
    /// Who sends this login with every request.
    Basic(Login),
    /// Who has a token for the repository. The token server gives this login every token it asks for, and everybody one
    /// to pull `public/*`.
    Bearer(Login),
}

/// A running registry; clones are handles to the same one, and it ends with the last of them.
#[derive(Clone)]
pub struct Registry {
    state: Arc<State>,
    server: Arc<Server>,
}

struct State {
    auth: Auth,
    storage: Mutex<Storage>,
    tokens: Mutex<Tokens>,
    script: Script<Fault>,
    lists_referrers: AtomicBool,
}

impl Registry {
    /// Starts an empty registry on a free port of 127.0.0.1.
    pub fn start(auth: Auth) -> Self {
        let state = Arc::new(State {
            auth,
            storage: Mutex::default(),
            tokens: Mutex::default(),
            script: Script::default(),
            lists_referrers: AtomicBool::default(),
        });
        let handler = Arc::clone(&state);
        let server = Server::start(move |head, body| handler.answer(head, body));
        Self { state, server: Arc::new(server) }
    }

    /// Does so over TLS.
    pub fn start_tls(auth: Auth, certificate: &Certificate) -> Self {
        let state = Arc::new(State {
            auth,
            storage: Mutex::default(),
            tokens: Mutex::default(),
            script: Script::default(),
            lists_referrers: AtomicBool::default(),
        });
        let handler = Arc::clone(&state);
        let server = Server::start_tls(certificate, move |head, body| handler.answer(head, body));
        Self { state, server: Arc::new(server) }
    }

    /// Returns `127.0.0.1:port`, which begins the name of every image in this registry.
    pub fn address(&self) -> String {
        self.server.address().to_string()
    }

    /// Puts a small real image under a tag. Returns the digest that the tag then means.
    pub fn put_image(&self, repository: &str, tag: &str, image: &Image) -> String {
        let parts = image.build();
        let mut storage = lock(&self.state.storage);
        for blob in parts.blobs {
            storage.put_blob(repository, blob);
        }
        for manifest in parts.children {
            storage.put_manifest(repository, None, manifest);
        }
        storage.put_manifest(repository, Some(tag), parts.top)
    }

    /// Puts any document as a manifest under a tag, whether what it names is there or not. Returns its digest.
    pub fn put_manifest(&self, repository: &str, tag: &str, media_type: &str, bytes: &[u8]) -> String {
        let manifest = Manifest { media_type: media_type.to_owned(), bytes: bytes.to_vec() };
        lock(&self.state.storage).put_manifest(repository, Some(tag), manifest)
    }

    /// Makes it a registry of version 1.1 of the specification, which lists what refers to a manifest.
    pub fn list_referrers(&self) {
        self.state.lists_referrers.store(true, Ordering::SeqCst);
    }

    /// Attaches a signed thing to the image of a digest, in one of the places for it.
    pub fn attach(&self, repository: &str, image: &str, attachment: &Attachment) {
        attachment.put(&mut lock(&self.state.storage), repository, image);
    }

    /// Puts bytes that manifests name.
    pub fn put_blob(&self, repository: &str, bytes: &[u8]) {
        lock(&self.state.storage).put_blob(repository, bytes.to_vec());
    }

    /// Returns all that a repository has.
    pub fn contents(&self, repository: &str) -> Contents {
        lock(&self.state.storage).contents(repository)
    }

    /// Returns media type and bytes of what a tag or digest means.
    pub fn manifest(&self, repository: &str, reference: &str) -> Option<(String, Vec<u8>)> {
        let storage = lock(&self.state.storage);
        let (_, manifest) = storage.manifest(repository, reference)?;
        Some((manifest.media_type.clone(), manifest.bytes.clone()))
    }

    /// Takes away what a tag or digest means. What refers to it stays.
    pub fn remove_manifest(&self, repository: &str, reference: &str) {
        lock(&self.state.storage).remove_manifest(repository, reference);
    }

    /// Adds a fault for the next `times` requests that begin with `pattern`: `HEAD /v2/team/app/manifests/v1`, or
    /// `/v2/team/app/manifests/v1` for every method.
    pub fn inject(&self, pattern: &str, times: usize, fault: Fault) {
        self.state.script.add(pattern, times, fault);
    }

    /// Lets a tag appear after so many requests for it that found a registry without it.
    pub fn appear_after(&self, requests: usize, repository: &str, tag: &str) {
        self.inject(&format!("/v2/{repository}/manifests/{tag}"), requests, Fault::Absent);
    }

    /// Decides on the tokens that are granted from now on.
    pub fn set_token_settings(&self, settings: TokenSettings) {
        lock(&self.state.tokens).settings = settings;
    }

    /// Returns the identity token that the token server takes in place of the login.
    pub fn identity_token(&self) -> String {
        tokens::IDENTITY_TOKEN.to_owned()
    }

    /// Returns the requests since the last call.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.server.requests()
    }

    /// Returns the requests since the last call as `METHOD /path status`.
    pub fn request_lines(&self) -> Vec<String> {
        self.requests().iter().map(LoggedRequest::line).collect()
    }
}

impl State {
    fn answer(&self, head: &Head, body: &mut Body<'_>) -> io::Result<Reply> {
        match self.script.take(head, |fault| matches!(fault, Fault::Delay(_) | Fault::Hold(_))) {
            Some(Fault::Delay(delay)) => thread::sleep(delay),
            Some(Fault::Hold(answer)) => answer.hold(),
            _ => {}
        }
        match self.script.take(head, Fault::replaces_everything) {
            Some(Fault::Answer(response)) => return Ok(Reply::Send(response)),
            Some(Fault::Drop) => return Ok(Reply::Drop),
            Some(_) => return Ok(Reply::Hang),
            None => {}
        }
        let response = self.route(head, &body.read_all()?);
        if response.status == 401 {
            let fault = self.script.take(head, Fault::replaces_challenge);
            return Ok(Reply::Send(fault::alter_challenge(response, fault)));
        }
        if !response.is_success() {
            return Ok(Reply::Send(response));
        }
        Ok(match self.script.take(head, Fault::alters_success) {
            Some(fault) => fault.alter(head, response),
            None => Reply::Send(response),
        })
    }
}

/// Returns an error in the form that the distribution specification gives it.
fn error(status: u16, code: &str, message: &str) -> Response {
    Response::json(status, &serde_json::json!({ "errors": [{ "code": code, "message": message }] }))
}
