//! What a server was asked. Counts of requests are assertions, so every request is in it, also one that was cut off.

use std::fmt;

use super::{Head, Reply};

/// One request and what became of it.
#[derive(Clone)]
pub struct LoggedRequest {
    pub head: Head,
    /// The status of the answer; `None` if none was sent.
    pub status: Option<u16>,
    /// Bytes of the request's body that were read.
    pub received: usize,
    /// Bytes of the response's body that were sent, or would have been for a GET.
    pub sent: usize,
}

/// Which kind of credentials a request brought; the value is [`LoggedRequest::authorization_value`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authorization {
    None,
    Basic,
    Bearer,
    Other,
}

impl LoggedRequest {
    pub(super) fn new(head: Head, received: usize, reply: &Reply) -> Self {
        let (status, sent) = match reply {
            Reply::Send(response) | Reply::Stall(response, _) | Reply::Drip(response, _) => {
                (Some(response.status), response.body.len())
            }
            Reply::Cut(response, after) => (Some(response.status), response.body.len().min(*after)),
            Reply::Stream(response, _) => (Some(response.status), 0),
            Reply::Tunnel(_) => (Some(200), 0),
            Reply::Hang | Reply::Drop => (None, 0),
        };
        Self { head, status, received, sent }
    }

    /// Returns `METHOD /path status`, with `-` for a status that was never sent.
    pub fn line(&self) -> String {
        let status = self.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
        format!("{} {} {status}", self.head.method, self.head.path)
    }

    pub fn authorization(&self) -> Authorization {
        let scheme = self.authorization_value().map(|value| value.split(' ').next().unwrap_or_default());
        match scheme.map(str::to_ascii_lowercase).as_deref() {
            None => Authorization::None,
            Some("basic") => Authorization::Basic,
            Some("bearer") => Authorization::Bearer,
            Some(_) => Authorization::Other,
        }
    }

    /// Returns the `Authorization` header as it came, secrets and all.
    pub fn authorization_value(&self) -> Option<&str> {
        self.head.header("authorization")
    }
}

/// Leaves out every header, so that a failed assertion prints no secret.
impl fmt::Debug for LoggedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (authorization: {:?})", self.line(), self.authorization())
    }
}
