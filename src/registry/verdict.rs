//! What a registry says about an image: the verdict of a check.

use std::fmt;

use super::artifact::Artifact;
use super::descriptor::Descriptor;
use super::http::error_response::ErrorResponse;
use crate::image::Digest;
use crate::system::network::connection::ConnectionError;

/// What a registry says about an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Present(Descriptor),
    /// It is there, but it is not what the digest of the reference says.
    Mismatch {
        wanted: Digest,
        found: Descriptor,
    },
    /// Something else than a container image is there.
    NotAnImage(Artifact),
    Absent(ErrorResponse),
    /// It does not exist, or this login may not see it: most registries do not tell the two apart. Without a login
    /// (`LoginSource::Anonymous`) it is often one that is missing.
    NoAccess(ErrorResponse),
    /// The registry leads to another host, which wants a login. Ours are not for that host, so none was shown.
    LoginElsewhere(ErrorResponse),
    /// The login itself is wrong or has expired. Asking again cannot help, and may lock the account.
    LoginRejected(ErrorResponse),
    /// It is there, and a policy of the registry does not allow the pull: it is not scanned or signed yet.
    Withheld(ErrorResponse),
    RateLimited(ErrorResponse),
    /// The registry or its token server does not take the request, and will not take it later.
    Refused(ErrorResponse),
    /// The registry could not tell, after all retries.
    Unavailable(Outage),
}

impl Verdict {
    /// Returns why the registry could not tell now; `None` if it told.
    pub fn outage(self) -> Option<Outage> {
        match self {
            Self::Unavailable(outage) => Some(outage),
            Self::RateLimited(answer) => Some(Outage::Answered(answer)),
            _ => None,
        }
    }
}

/// Why the registry could not tell whether an image is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outage {
    /// The registry answers, but with a failure of its own.
    Answered(ErrorResponse),
    /// A page for people came in place of a registry's answer, as proxies and portals send it.
    Page(ErrorResponse),
    /// No answer came: DNS, TLS, a refused or broken connection, or no time left.
    NoAnswer { host: String, cause: ConnectionError },
    /// The other end has no valid certificate for the host.
    Untrusted { host: String, cause: ConnectionError },
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(answer) | Self::Page(answer) => write!(f, "{answer}"),
            Self::NoAnswer { host, cause } => write!(f, "{host} did not answer: {cause}"),
            Self::Untrusted { host, cause } => write!(f, "{host} is not trusted: {cause}"),
        }
    }
}
