//! A connection to one service of one remote, over http(s), ssh or a local path, and what its failures mean.

use std::io;
use std::rc::Rc;

use gix::protocol::transport::client::blocking_io::{Transport, connect, http};
use gix::protocol::transport::client::{Capabilities, blocking_io::SetServiceResponse};
use gix::protocol::transport::{Protocol, Service};
use reqwest::StatusCode;

use super::error::GitError;
use super::exchange::{Failure, Journal};
use super::http::Conversation;
use super::remote::{Address, Remote};

/// What we call ourselves to a git server; some hosts treat agents that do not begin with `git/` as browsers.
pub(super) const AGENT: &str = concat!("git/tagship-", env!("CARGO_PKG_VERSION"));

/// A connection and what a report or an error wants to know about it.
pub(super) struct Connection<'r> {
    pub(super) transport: Box<dyn Transport>,
    remote: &'r Remote,
    journal: Rc<Journal>,
}

impl<'r> Connection<'r> {
    pub(super) fn open(remote: &'r Remote, version: Protocol) -> Result<Self, GitError> {
        let journal = Rc::new(Journal::new(remote.counters.clone(), remote.timeout));
        let transport: Box<dyn Transport> = match &remote.address {
            Address::Http { url, client, access } => {
                let conversation = Conversation::new(client.clone(), url.clone(), access.clone(), journal.clone());
                let address = gix::url::parse(url.as_str())
                    .map_err(|error| GitError::unexpected("a URL that was valid is not", error))?;
                Box::new(http::Transport::new_http(conversation, address, version, false))
            }
            Address::Program { url, ssh } => {
                let options = connect::Options { version, ssh: ssh.clone(), trace: false };
                connect::connect(url.clone(), options).map_err(|error| remote.unavailable(error))?
            }
        };
        Ok(Self { transport, remote, journal })
    }

    /// Begins the conversation. `read_refs` gets each line of the advertisement, where the server sends one unasked.
    pub(super) fn handshake(
        &mut self,
        service: Service,
        mut read_refs: impl FnMut(&[u8]),
    ) -> Result<(Protocol, Capabilities), GitError> {
        let mut begin = || -> anyhow::Result<_> {
            let SetServiceResponse { actual_protocol, capabilities, refs } = self.transport.handshake(service, &[])?;
            if let Some(mut refs) = refs {
                while let Some(line) = refs.readline() {
                    if let Some(text) = line??.as_text() {
                        read_refs(text.0);
                    }
                }
            }
            Ok((actual_protocol, capabilities))
        };
        begin().map_err(|error| self.failed(error))
    }

    pub(super) fn remote(&self) -> &'r Remote {
        self.remote
    }

    /// Leaves the rest of an answer unread. Over HTTP the conversation goes on; a program at the other end of a pipe
    /// would have to be listened to, so another one is started.
    pub(super) fn abandon_answer(&mut self) -> Result<(), GitError> {
        if let Address::Http { .. } = self.remote.address {
            self.journal.abandon_answer();
            return Ok(());
        }
        let mut again = Self::open(self.remote, Protocol::V2)?;
        again.handshake(Service::UploadPack, |_| {})?;
        *self = again;
        Ok(())
    }

    /// Returns what `error`, which ended a step on this connection, means.
    pub(super) fn failed(&self, error: impl Into<anyhow::Error>) -> GitError {
        let remote = self.remote.to_string();
        match self.journal.take_failure() {
            Some(Failure::Answered(status, text)) => self.refused(status, text),
            Some(Failure::Silent(text)) => {
                GitError::Unavailable { remote, answered: false, source: anyhow::Error::msg(text) }
            }
            Some(Failure::Untrusted(cause)) => GitError::Untrusted { remote, cause },
            None => self.program_failed(error.into()),
        }
    }

    /// `ssh` and local programs tell no status; gix recognises the one line that means a refused login.
    fn program_failed(&self, error: anyhow::Error) -> GitError {
        let denied = error.chain().find(|cause| {
            cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
        });
        match denied {
            Some(cause) => GitError::Unauthorized {
                remote: self.remote.to_string(),
                credentials_sent: true,
                answer: cause.to_string(),
            },
            None => self.remote.unavailable(error),
        }
    }

    fn refused(&self, status: StatusCode, text: String) -> GitError {
        let remote = self.remote.to_string();
        let answer = match text.as_str() {
            "" => status.to_string(),
            text => format!("{status}: {text}"),
        };
        match status {
            StatusCode::UNAUTHORIZED => {
                GitError::Unauthorized { remote, credentials_sent: self.remote.has_credentials(), answer }
            }
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => GitError::NoAccess { remote, answer },
            // Too slow, too early and too often mend by themselves, and 407 is a proxy's word.
            _ if status.is_client_error() && ![407, 408, 425, 429].contains(&status.as_u16()) => {
                GitError::Declined { remote, answer }
            }
            _ => {
                let source = anyhow::Error::msg(format!("it answered {answer}"));
                GitError::Unavailable { remote, answered: status.is_client_error(), source }
            }
        }
    }
}
