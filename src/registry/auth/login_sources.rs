//! Looks up the login for a registry. The order is: a login that was given for this registry, the configurations of docker
//! and podman, the nearest to the caller first, and the login that the CI system has for its own registry. The order within
//! a configuration is: a credential helper for this registry, `auths`, the credential helper for all registries. A login is
//! looked up when a registry asks for one, never before.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;

use super::docker_config::{DockerConfig, is_for, normal, server};
use super::helper;
use super::login::{LoginSource, StoredLogin};
use super::secret::Secret;
use crate::image::is_registry;
use crate::registry::error::{CheckError, ConfigProblem};
use crate::system::disk::bounded_file::{self, in_home};
use crate::system::lock::lock;

/// The variable that holds a whole configuration.
const DOCKER_AUTH_CONFIG: &str = "DOCKER_AUTH_CONFIG";

/// The places that the environment names for logins.
#[derive(Debug, Clone, Default)]
pub struct LoginSources {
    /// What comes before all configurations.
    pub given: Vec<GivenLogin>,
    /// A variable that names a registry, and this registry, if there is no login beside it.
    pub named_alone: Option<(&'static str, String)>,
    /// A configuration in a variable, `DOCKER_AUTH_CONFIG`.
    pub docker_auth_config: Option<Secret>,
    /// podman's file of choice, `REGISTRY_AUTH_FILE`.
    pub auth_file: Option<PathBuf>,
    /// The folder in `DOCKER_CONFIG`, which then is docker's only one.
    pub docker_config: Option<PathBuf>,
    /// The home directory, for `.docker/config.json` in it.
    pub home: Option<PathBuf>,
    /// Where podman keeps logins for this session, and for longer.
    pub runtime_folder: Option<PathBuf>,
    pub config_folder: Option<PathBuf>,
    /// The search path, for credential helpers.
    pub search_path: Option<OsString>,
    /// What comes after all configurations.
    pub of_ci: Vec<GivenLogin>,
}

/// A login for one registry, out of variables.
#[derive(Debug, Clone)]
pub struct GivenLogin {
    /// The variable that holds the password.
    pub variable: &'static str,
    /// The registry's `host[:port]`, in any form that docker knows.
    pub registry: String,
    pub username: String,
    pub password: Secret,
    /// The hosts whose token servers may see it; `None`: the one that the registry names.
    pub token_servers: Option<Vec<String>>,
}

impl GivenLogin {
    /// Returns the login; `None` if `registry` is no host. A line break at the end is not part of the user or the password.
    pub fn new(variable: &'static str, registry: &str, username: &str, password: &str) -> Option<Self> {
        let registry = registry.trim();
        let host = normal(registry);
        is_registry(host).then(|| Self {
            variable,
            registry: registry.to_owned(),
            username: username.trim_end_matches(['\r', '\n']).to_owned(),
            password: Secret::of_line(password),
            token_servers: None,
        })
    }

    /// Limits the login to token servers of these hosts, and of the registry's own.
    #[must_use]
    pub fn limited_to(self, hosts: Vec<String>) -> Self {
        let hosts = hosts.iter().chain([&self.registry]).map(|host| normal(host).to_owned()).collect();
        Self { token_servers: Some(hosts), ..self }
    }
}

/// A file that may hold logins.
struct ConfigFile {
    path: PathBuf,
    /// The variable that leads to it, and the place that it names.
    named: Option<(&'static str, PathBuf)>,
}

/// Looks logins up.
#[derive(Debug, Default)]
pub struct Credentials {
    sources: LoginSources,
    /// What credential helpers answered, by program and server: many images of one registry ask once, and wait for one answer.
    from_helpers: Mutex<HashMap<(String, String), HelperAnswer>>,
}

/// What a helper answered of one server; `None` until it has. It is locked while the helper is asked.
type HelperAnswer = Arc<Mutex<Option<Option<StoredLogin>>>>;

impl From<LoginSources> for Credentials {
    fn from(sources: LoginSources) -> Self {
        Self { sources, from_helpers: Mutex::default() }
    }
}

impl LoginSources {
    /// Returns the files that may hold logins, in their order.
    fn files(&self) -> Vec<ConfigFile> {
        let docker = match &self.docker_config {
            Some(named) => Some(self.named_by("DOCKER_CONFIG", named)).map(|file| match file.path.is_file() {
                true => file,
                false => ConfigFile { path: file.path.join("config.json"), ..file },
            }),
            None => self.home.as_ref().map(|home| ConfigFile::of(home.join(".docker/config.json"))),
        };
        let config = self.config_folder.clone().or_else(|| Some(self.home.as_ref()?.join(".config")));
        let podman = |folder: PathBuf| ConfigFile::of(folder.join("containers/auth.json"));
        let files = [
            self.auth_file.as_ref().map(|named| self.named_by("REGISTRY_AUTH_FILE", named)),
            docker,
            self.runtime_folder.clone().map(podman),
            config.map(podman),
        ];
        files.into_iter().flatten().collect()
    }

    fn named_by(&self, variable: &'static str, named: &Path) -> ConfigFile {
        let path = in_home(named, self.home.as_deref());
        ConfigFile { named: Some((variable, path.clone())), path }
    }

    /// Returns the configuration of a variable that should hold one. GitLab has variables that hold the path of a file, and
    /// some CI systems want secrets in base64.
    fn of_variable(&self, text: &Secret) -> Result<DockerConfig, CheckError> {
        let text = text.expose().trim();
        let path = in_home(Path::new(text), self.home.as_deref());
        if path.is_absolute() {
            let bytes = bounded_file::read(&path).map_err(|source| {
                let problem = ConfigProblem::NamedFile { path: path.clone(), source };
                wrong(Path::new(DOCKER_AUTH_CONFIG), problem)
            })?;
            return DockerConfig::parse(&bytes).map_err(|source| wrong(&path, source));
        }
        let decoded = STANDARD.decode(text.replace(['\r', '\n'], "")).ok();
        let decoded = decoded.filter(|bytes| bytes.trim_ascii_start().starts_with(b"{"));
        let bytes = decoded.map_or(Cow::Borrowed(text.as_bytes()), Cow::Owned);
        DockerConfig::parse(&bytes).map_err(|source| wrong(Path::new(DOCKER_AUTH_CONFIG), source))
    }
}

impl ConfigFile {
    fn of(path: PathBuf) -> Self {
        Self { path, named: None }
    }
}

impl Credentials {
    /// Returns the login for a repository and its source; programs that are asked get at most `limit`.
    pub(super) fn find(&self, registry: &str, repository: &str, limit: Duration) -> Result<FoundLogin, CheckError> {
        if let Some(found) = given(&self.sources.given, registry) {
            return Ok(found);
        }
        if let Some(text) = &self.sources.docker_auth_config {
            let path = Path::new(DOCKER_AUTH_CONFIG);
            let config = self.sources.of_variable(text)?;
            if let Some(found) = self.find_in(&config, path, registry, repository, limit)? {
                return Ok(found);
            }
        }
        let mut none = self.none_given(registry);
        for ConfigFile { path, named } in self.sources.files() {
            let config = read(&path).map_err(|source| wrong(&path, source))?;
            if let Some(found) = self.find_in(&config, &path, registry, repository, limit)? {
                return Ok(found);
            }
            if let Some((variable, path)) = named.filter(|(_, named)| !named.exists()) {
                none = LoginSource::Missing { variable, path };
            }
        }
        Ok(given(&self.sources.of_ci, registry).unwrap_or(FoundLogin::None(none)))
    }

    /// Returns what is told of the variables if they have no login for a registry.
    fn none_given(&self, registry: &str) -> LoginSource {
        match (self.sources.given.first(), &self.sources.named_alone) {
            (Some(given), _) => LoginSource::OfAnother { variable: given.variable, registry: given.registry.clone() },
            (None, Some((variable, named))) if is_for(named, registry) => LoginSource::NamedAlone { variable },
            (None, _) => LoginSource::Anonymous,
        }
    }

    /// Whether a token server may see the login that was found for a registry.
    pub(super) fn may_show(&self, registry: &str, source: &LoginSource, realm: &Url) -> bool {
        let LoginSource::Variable(variable) = source else { return true };
        let is_it = |given: &&GivenLogin| given.variable == *variable && is_for(&given.registry, registry);
        let Some(hosts) = self.sources.of_ci.iter().find(is_it).and_then(|given| given.token_servers.as_ref()) else {
            return true;
        };
        let host_of = |host: &String| Url::parse(&format!("https://{host}")).ok()?.host_str().map(str::to_owned);
        hosts.iter().filter_map(host_of).any(|host| realm.host_str() == Some(host.as_str()))
    }

    /// Returns the login that one configuration leads to.
    fn find_in(
        &self,
        config: &DockerConfig,
        path: &Path,
        registry: &str,
        repository: &str,
        limit: Duration,
    ) -> Result<Option<FoundLogin>, CheckError> {
        if let Some(found) = self.ask(config.helper(registry), path, registry, limit)? {
            return Ok(Some(found));
        }
        if let Some((key, login)) = config.login(registry, repository).map_err(|source| wrong(path, source))? {
            let source = LoginSource::File { path: path.to_owned(), key: key.to_owned() };
            return Ok(Some(FoundLogin::Login(login, source)));
        }
        self.ask(config.store(), path, registry, limit)
    }

    /// Forgets what credential helpers said of a registry, so that they are asked again.
    pub(super) fn forget(&self, registry: &str) {
        lock(&self.from_helpers).retain(|(_, asked), _| asked != server(registry));
    }

    /// Asks a credential helper, once for each server; it may have no login.
    fn ask(
        &self,
        name: Option<&str>,
        path: &Path,
        registry: &str,
        limit: Duration,
    ) -> Result<Option<FoundLogin>, CheckError> {
        let Some(name) = name else {
            return Ok(None);
        };
        if name.contains(['/', '\\']) {
            return Err(wrong(path, ConfigProblem::HelperName(name.to_owned())));
        }
        let (program, server) = (format!("docker-credential-{name}"), server(registry).to_owned());
        let key = (program.clone(), server.clone());
        let search_path = self.sources.search_path.clone().unwrap_or_default();
        // One helper that hangs keeps no other registry waiting.
        let answer = Arc::clone(lock(&self.from_helpers).entry(key).or_default());
        let mut answer = lock(&answer);
        let login = match &*answer {
            Some(login) => login.clone(),
            None => {
                let asked = helper::ask(&program, &server, &search_path, limit).map_err(|source| {
                    CheckError::Helper { program: program.clone(), server: server.clone(), source }
                })?;
                answer.insert(asked).clone()
            }
        };
        Ok(login.map(|login| FoundLogin::Login(login, LoginSource::Helper { program, server })))
    }
}

/// What was found for a registry.
pub(super) enum FoundLogin {
    Login(StoredLogin, LoginSource),
    /// There is none, for this reason.
    None(LoginSource),
}

impl FoundLogin {
    pub(super) fn login(&self) -> Option<&StoredLogin> {
        match self {
            Self::Login(login, _) => Some(login),
            Self::None(_) => None,
        }
    }

    pub(super) fn source(&self) -> &LoginSource {
        match self {
            Self::Login(_, source) | Self::None(source) => source,
        }
    }
}

/// Returns the first login that was given for a registry.
fn given(logins: &[GivenLogin], registry: &str) -> Option<FoundLogin> {
    let given = logins.iter().find(|given| is_for(&given.registry, registry))?;
    let login = StoredLogin::Password { username: given.username.clone(), password: given.password.clone() };
    Some(FoundLogin::Login(login, LoginSource::Variable(given.variable)))
}

fn wrong(path: &Path, source: ConfigProblem) -> CheckError {
    CheckError::Config { path: path.to_owned(), source }
}

/// Reads a configuration; it is empty if there is no file.
fn read(path: &Path) -> Result<DockerConfig, ConfigProblem> {
    match bounded_file::read(path) {
        Ok(bytes) => DockerConfig::parse(&bytes),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(DockerConfig::default())
        }
        Err(error) => Err(ConfigProblem::Unreadable(error)),
    }
}
