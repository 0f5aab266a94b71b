//! A connection to one service of one remote, over http(s), ssh or a local path, and what its failures mean.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gix::protocol::transport::client::blocking_io::{Transport, http};
use gix::protocol::transport::client::{Capabilities, blocking_io::SetServiceResponse};
use gix::protocol::transport::{Protocol, Service};
use reqwest::StatusCode;

use super::allowance::{Allowance, Excess};
use super::conversation::{Conversation, Redirects};
use super::error_packet::{ErrorPacket, error_packet};
use super::exchange::Journal;
use super::exchange_failure::{ExchangeFailure, Refusal};
use super::pipe::Pipe;
use super::retries::RequestEffect;
use crate::git::error::{GitError, io_cause};
use crate::git::remotes::remote::{Address, Remote};
use crate::system::backoff::Backoff;
use crate::system::network::connection::{ConnectionError, ConnectionProblem, causes};
use crate::system::network::sent_logins::hidden;

/// The user agent. Some hosts treat agents that do not begin with `git/` as browsers.
pub(in crate::git) const AGENT: &str = concat!("git/tagship-", env!("CARGO_PKG_VERSION"));

/// How often a conversation is begun in all with a host of ssh that turns it away, and the pauses between. sshd takes 10 logins
/// at a time (`MaxStartups`), and each release begins two.
const MAX_BEGINNINGS: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// A connection, with what an error needs to know about it.
pub(in crate::git) struct Connection<'r> {
    pub(in crate::git) transport: Box<dyn Transport + Send>,
    remote: &'r Remote,
    service: Service,
    link: Link,
}

/// The part of a connection that knows why it failed.
enum Link {
    Http(Arc<Journal>),
    Program(Arc<Pipe>),
}

impl<'r> Connection<'r> {
    /// Opens a connection to a service of the remote. A fetch uses protocol v2; git has no v2 for a push.
    pub(in crate::git) fn open(remote: &'r Remote, service: Service) -> Result<Self, GitError> {
        let version = match service {
            Service::UploadPack => Protocol::V2,
            Service::ReceivePack => Protocol::V1,
        };
        let (transport, link): (Box<dyn Transport + Send>, Link) = match &remote.address {
            Address::Http { url, client, access } => {
                let (post, redirects) = match service {
                    Service::UploadPack => (RequestEffect::None, Redirects::AnyHost),
                    Service::ReceivePack => (RequestEffect::Push, Redirects::SameHost),
                };
                let journal = Arc::new(Journal::new(remote.counters.clone(), remote.timeout, post));
                let conversation =
                    Conversation::new(client.clone(), url.clone(), access.clone(), journal.clone(), redirects);
                let address = gix::url::parse(url.as_str())
                    .map_err(|error| GitError::unexpected("a URL that was valid is not", error))?;
                let transport = http::Transport::new_http(conversation, address, version, false);
                (Box::new(transport), Link::Http(journal))
            }
            Address::Program(server) => {
                let (pipe, transport) = Pipe::open(remote, server, service, version)?;
                (Box::new(transport), Link::Program(pipe))
            }
        };
        Ok(Self { transport, remote, service, link })
    }

    /// Begins the conversation, and again if the host turned it away. `read_ref` gets each line of the advertisement, if the
    /// server sends one.
    pub(in crate::git) fn handshake(
        &mut self,
        read_ref: &mut dyn FnMut(&[u8]),
    ) -> Result<(Protocol, Capabilities), GitError> {
        let deadline = Instant::now() + self.remote.timeout;
        let mut backoff = Backoff::new(MAX_BEGINNINGS, FIRST_PAUSE, LONGEST_PAUSE).until(deadline);
        loop {
            let failed = match self.begin(read_ref) {
                Ok(begun) => return Ok(begun),
                Err(error) => self.failed(error),
            };
            let was_turned_away = matches!(&self.link, Link::Program(pipe) if pipe.was_turned_away());
            if !was_turned_away || !backoff.wait(Duration::ZERO) {
                return Err(failed);
            }
            *self = Self::open(self.remote, self.service)?;
        }
    }

    fn begin(&mut self, read_ref: &mut dyn FnMut(&[u8])) -> anyhow::Result<(Protocol, Capabilities)> {
        let allowance = self.allowance();
        let SetServiceResponse { actual_protocol, capabilities, refs } = self.transport.handshake(self.service, &[])?;
        if let Some(mut lines) = refs {
            allowance.pause();
            while let Some(line) = lines.readline() {
                if let Some(text) = line??.as_text() {
                    read_ref(text.0);
                }
            }
        }
        Ok((actual_protocol, capabilities))
    }

    /// Returns what the server may send beside objects.
    pub(in crate::git) fn allowance(&self) -> Arc<Allowance> {
        match &self.link {
            Link::Http(journal) => journal.allowance.clone(),
            Link::Program(pipe) => pipe.allowance.clone(),
        }
    }

    pub(in crate::git) fn remote(&self) -> &'r Remote {
        self.remote
    }

    /// Returns whether a push was sent again, because its connection had been closed.
    pub(in crate::git) fn was_pushed_again(&self) -> bool {
        matches!(&self.link, Link::Http(journal) if journal.was_pushed_again())
    }

    /// Returns whether the last request was refused by its status before the server read its body, and was made once. A gateway
    /// may give any other status to what the server has done.
    pub(in crate::git) fn was_refused_unread(&self) -> bool {
        let Link::Http(journal) = &self.link else { return false };
        let is_unread = |status| matches!(status, StatusCode::UNAUTHORIZED | StatusCode::PAYLOAD_TOO_LARGE);
        !journal.was_pushed_again() && journal.refusal().is_some_and(|refusal| is_unread(refusal.status))
    }

    /// Leaves the rest of an answer unread. Over HTTP the conversation goes on. The answer of a program would have to be
    /// read to its end, so another program is started.
    pub(in crate::git) fn abandon_answer(&mut self) -> Result<(), GitError> {
        if let Link::Http(journal) = &self.link {
            journal.abandon_answer();
            return Ok(());
        }
        self.begin_again()
    }

    /// Makes the connection usable after a refused request. A program ends with a refusal, so another one is started.
    pub(in crate::git) fn begin_again(&mut self) -> Result<(), GitError> {
        if let Link::Http(_) = &self.link {
            return Ok(());
        }
        let mut again = Self::open(self.remote, self.service)?;
        again.handshake(&mut |_| {})?;
        *self = again;
        Ok(())
    }

    /// Returns what `error` on this connection means. The connection cannot be used any more.
    pub(in crate::git) fn failed(&self, error: impl Into<anyhow::Error>) -> GitError {
        let error = error.into();
        if let Some(Excess(what)) = excess(&error) {
            return self.remote.excessive(what);
        }
        let journal = match &self.link {
            Link::Http(journal) => journal,
            Link::Program(pipe) => return pipe.failed(self.remote, error),
        };
        match journal.take_failure() {
            Some(ExchangeFailure::Answered(refusal)) => self.refused(&refusal, journal.deadline()),
            Some(ExchangeFailure::Connection(error)) => {
                let cause = error.through(self.remote.proxy(), journal.deadline());
                match cause.problem {
                    ConnectionProblem::Untrusted(_) => GitError::Untrusted { remote: self.remote.to_string(), cause },
                    _ => self.remote.unavailable(cause),
                }
            }
            Some(ExchangeFailure::CutOff(error)) => self.remote.unsettled(error),
            Some(ExchangeFailure::Excessive(Excess(what))) => self.remote.excessive(what),
            Some(ExchangeFailure::OutOfTime(late)) => self.remote.unavailable(late),
            Some(ExchangeFailure::Redirected(why)) => GitError::Redirected { remote: self.remote.to_string(), why },
            Some(ExchangeFailure::NotGit(what)) => GitError::NoServer { remote: self.remote.to_string(), what },
            Some(ExchangeFailure::ElsewhereAnswered(what)) => self.remote.unavailable(anyhow::Error::msg(what)),
            None => self.none_of_git(error),
        }
    }

    /// Returns what it means that an answer came, and cannot be read: the server refuses in it, or gix does not understand it.
    fn none_of_git(&self, error: anyhow::Error) -> GitError {
        if let Some(said) = error_packet(error.as_ref()) {
            return self.remote.unavailable(ErrorPacket(said));
        }
        match io_cause(error.as_ref()).map(io::Error::kind) {
            Some(io::ErrorKind::UnexpectedEof) => {
                self.remote.unsettled(anyhow::Error::msg("its answer ends too early"))
            }
            None if !causes(error.as_ref()).any(|cause| cause.is::<gix::Error>()) => {
                self.remote.unavailable(without_logins(error))
            }
            Some(_) | None => self.remote.unavailable(anyhow::Error::msg("its answer is none of git's protocol")),
        }
    }

    fn refused(&self, refusal: &Refusal, deadline: Instant) -> GitError {
        let (remote, status) = (self.remote.to_string(), refusal.status);
        let pause = refusal
            .pause
            .filter(|pause| !pause.is_zero())
            .map(|pause| format!(", and takes the next request in {} s", pause.as_secs()));
        let pause = pause.unwrap_or_default();
        let answer = match refusal.text.as_str() {
            "" => format!("it answered {status}{pause}"),
            text => format!("it answered {status}{pause}: {text}"),
        };
        if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return self.remote.unavailable(ConnectionError::proxy_login().through(self.remote.proxy(), deadline));
        }
        let schemes = refusal.unsupported_schemes();
        if status == StatusCode::UNAUTHORIZED && !schemes.is_empty() {
            let schemes = schemes.iter().map(|scheme| format!("`{scheme}`")).collect::<Vec<_>>().join(" and ");
            return GitError::LoginSchemes { remote, schemes, details: vec![answer] };
        }
        let login = self.remote.login_origin();
        match (status, login, self.remote.withheld()) {
            (
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::GONE,
                None,
                Some(withheld),
            ) => GitError::Unprotected { remote, withheld: withheld.clone(), details: vec![answer] },
            (StatusCode::UNAUTHORIZED, ..) => {
                let mut details = vec![answer];
                details.extend(self.remote.login_problems());
                match self.remote.unmet_include.as_ref().filter(|_| login.is_none()) {
                    Some(unmet) => {
                        details.push(unmet.to_string());
                        GitError::Unincluded { remote, details }
                    }
                    None => GitError::Unauthorized { remote, login, details },
                }
            }
            (StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::GONE, ..) => {
                if status == StatusCode::FORBIDDEN && self.service == Service::ReceivePack {
                    return GitError::NoPush { remote, login, details: vec![answer] };
                }
                let none = login.is_none().then(|| "no login was sent".to_owned());
                GitError::NoAccess { remote, login, details: [answer].into_iter().chain(none).collect() }
            }
            // 408, 421, 425 and 429 are a matter of time.
            _ if status.is_client_error() && ![408, 421, 425, 429].contains(&status.as_u16()) => {
                GitError::Declined { remote, details: vec![answer], has_words: !refusal.text.is_empty() }
            }
            _ => {
                let answered = status.is_client_error();
                GitError::Unavailable { remote, answered, source: anyhow::Error::msg(answer), details: Vec::new() }
            }
        }
    }
}

/// Returns an error that may quote what the server sent, without logins.
fn without_logins(error: anyhow::Error) -> anyhow::Error {
    let told = format!("{error:#}");
    let hidden = hidden(&told);
    if *hidden == told { error } else { anyhow::Error::msg(hidden.into_owned()) }
}

/// Returns the limit that the server exceeds, if that is why there is an error.
pub(in crate::git) fn excess(error: &anyhow::Error) -> Option<Excess> {
    causes(error.as_ref()).find_map(|cause| cause.downcast_ref::<Excess>().copied())
}
