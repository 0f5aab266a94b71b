//! A login for a registry, and its source.

use std::fmt;
use std::path::PathBuf;

use super::secret::Secret;

/// The user name that says that the password is an identity token.
pub(super) const TOKEN_USER: &str = "<token>";

/// A login, in one of the forms that docker keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StoredLogin {
    Password {
        username: String,
        password: Secret,
    },
    /// A refresh token for the registry's token server.
    IdentityToken {
        username: Option<String>,
        token: Secret,
    },
    /// A token to be shown to the registry as it is.
    RegistryToken(Secret),
}

/// Where the login of a check came from; its text completes "login:" and "the login from".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginSource {
    /// The registry did not ask for one.
    NotAsked,
    /// The registry wanted one, and none was found.
    Anonymous,
    /// A variable of the environment, which has it for this registry.
    Variable(&'static str),
    /// A key of `auths` in a configuration, or in the variable that holds one.
    File { path: PathBuf, key: String },
    /// The named program, for a server.
    Helper { program: String, server: String },
}

impl fmt::Display for LoginSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAsked => f.write_str("not asked for"),
            Self::Anonymous => f.write_str("none found"),
            Self::Variable(name) => write!(f, "`{name}`"),
            Self::File { path, key } => write!(f, "`{key}` in `{}`", path.display()),
            Self::Helper { program, server } => write!(f, "`{program}` for `{server}`"),
        }
    }
}
