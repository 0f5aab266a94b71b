//! Which login a registry is shown, and where it came from. The order within docker's configuration is: a credential
//! helper for this registry, `auths`, the credential helper for all; then there is none. Logins are looked up when a
//! registry asks for one, never before.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::docker_config::{DockerConfig, server};
use super::error::{CheckError, ConfigProblem};
use super::helper;
use super::secret::Secret;

/// The user name that says that the password is an identity token.
pub(super) const TOKEN_USER: &str = "<token>";

/// Where the environment says that logins are kept.
#[derive(Debug, Clone, Default)]
pub struct ConfigPaths {
    /// The folder in `DOCKER_CONFIG`, which then is the only one.
    pub docker_config: Option<PathBuf>,
    /// The home directory, for `.docker/config.json` in it.
    pub home: Option<PathBuf>,
    /// The search path, for credential helpers.
    pub search_path: Option<OsString>,
}

/// Looks logins up.
#[derive(Debug, Default)]
pub struct Credentials {
    docker_config: Option<PathBuf>,
    search_path: OsString,
    /// What credential helpers answered, by program and server: many images of one registry ask once.
    from_helpers: Mutex<HashMap<(String, String), Option<Login>>>,
}

impl From<ConfigPaths> for Credentials {
    fn from(paths: ConfigPaths) -> Self {
        let folder = paths.docker_config.or_else(|| paths.home.map(|home| home.join(".docker")));
        Self {
            docker_config: folder.map(|folder| folder.join("config.json")),
            search_path: paths.search_path.unwrap_or_default(),
            from_helpers: Mutex::default(),
        }
    }
}

/// A login, in one of the forms that docker keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Login {
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
pub enum Source {
    /// The registry did not ask for one.
    NotAsked,
    /// The registry wanted one, and none was found.
    Anonymous,
    /// A key of `auths` in docker's configuration.
    File { path: PathBuf, key: String },
    /// The named program, for a server.
    Helper { program: String, server: String },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAsked => f.write_str("not asked for"),
            Self::Anonymous => f.write_str("none found"),
            Self::File { path, key } => write!(f, "`{key}` in `{}`", path.display()),
            Self::Helper { program, server } => write!(f, "`{program}` for `{server}`"),
        }
    }
}

impl Credentials {
    /// Returns the login for a repository and its source; programs that are asked get at most `limit`.
    pub(super) fn find(
        &self,
        registry: &str,
        repository: &str,
        limit: Duration,
    ) -> Result<(Option<Login>, Source), CheckError> {
        let Some(path) = &self.docker_config else {
            return Ok((None, Source::Anonymous));
        };
        let wrong = |source| CheckError::Config { path: path.clone(), source };
        let config = read(path).map_err(wrong)?;
        if let Some(found) = self.ask(config.helper(registry), registry, limit)? {
            return Ok(found);
        }
        if let Some((key, login)) = config.login(registry, repository).map_err(wrong)? {
            return Ok((Some(login), Source::File { path: path.clone(), key: key.to_owned() }));
        }
        let found = self.ask(config.store(), registry, limit)?;
        Ok(found.unwrap_or((None, Source::Anonymous)))
    }

    /// Forgets what credential helpers said of a registry, so that they are asked again.
    pub(super) fn forget(&self, registry: &str) {
        let mut known = self.from_helpers.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(_, server), _| server != self::server(registry));
    }

    /// Asks a credential helper, once for each server; it may have no login.
    fn ask(
        &self,
        name: Option<&str>,
        registry: &str,
        limit: Duration,
    ) -> Result<Option<(Option<Login>, Source)>, CheckError> {
        let Some(name) = name else {
            return Ok(None);
        };
        if name.contains(['/', '\\']) {
            let path = self.docker_config.clone().unwrap_or_default();
            return Err(CheckError::Config { path, source: ConfigProblem::HelperName(name.to_owned()) });
        }
        let (program, server) = (format!("docker-credential-{name}"), server(registry).to_owned());
        let key = (program.clone(), server.clone());
        let mut known = self.from_helpers.lock().unwrap_or_else(PoisonError::into_inner);
        let login = match known.get(&key) {
            Some(login) => login.clone(),
            None => {
                let asked = helper::ask(&program, &server, &self.search_path, limit).map_err(|source| {
                    CheckError::Helper { program: program.clone(), server: server.clone(), source }
                })?;
                known.entry(key).insert_entry(asked).get().clone()
            }
        };
        Ok(login.map(|login| (Some(login), Source::Helper { program, server })))
    }
}

/// Reads docker's configuration; where there is none, it is empty.
fn read(path: &Path) -> Result<DockerConfig, ConfigProblem> {
    match std::fs::read(path) {
        Ok(bytes) => DockerConfig::parse(&bytes),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(DockerConfig::default())
        }
        Err(error) => Err(ConfigProblem::Unreadable(error)),
    }
}
