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
    /// The registry did not ask for one, and there is none.
    NotAsked,
    /// The registry wanted one, and none was found.
    Anonymous,
    /// The same, and a variable names a place for logins that does not exist.
    Missing { variable: &'static str, path: PathBuf },
    /// The same, and a variable holds one for another registry.
    OfAnother { variable: &'static str, registry: String },
    /// The same, and a variable names this registry, for a login that is not in the variables beside it.
    NamedAlone { variable: &'static str },
    /// There is one, and the registry has not seen it.
    NotShown { source: Box<Self>, reason: NotShown },
    /// A variable of the environment, which has it for this registry.
    Variable(&'static str),
    /// A key of `auths` in a configuration, or in the variable that holds one.
    File { path: PathBuf, key: String },
    /// The named program, for a server.
    Helper { program: String, server: String },
}

/// Why a login was not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotShown {
    /// The registry asks for a login nowhere.
    NotAsked,
    /// The registry wants a user and a password, and the login is a token.
    Token,
}

impl LoginSource {
    /// Whether the registry, or its token server, has seen a login.
    pub fn is_shown(&self) -> bool {
        matches!(self, Self::Variable(_) | Self::File { .. } | Self::Helper { .. })
    }
}

impl fmt::Display for LoginSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAsked => f.write_str("not asked for"),
            Self::Anonymous => f.write_str("none found"),
            Self::Missing { variable, path } => {
                write!(f, "none found; `{variable}` names `{}`, which does not exist", path.display())
            }
            Self::OfAnother { variable, registry } => write!(f, "none found; `{variable}` is for `{registry}`"),
            Self::NamedAlone { variable } => write!(f, "none found; `{variable}` names the registry alone"),
            Self::NotShown { source, reason: NotShown::NotAsked } => write!(f, "not asked for; not shown: {source}"),
            Self::NotShown { source, reason: NotShown::Token } => write!(f, "a token, not shown: {source}"),
            Self::Variable(name) => write!(f, "`{name}`"),
            Self::File { path, key } => write!(f, "`{key}` in `{}`", path.display()),
            Self::Helper { program, server } => write!(f, "`{program}` for `{server}`"),
        }
    }
}
