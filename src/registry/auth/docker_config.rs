//! docker's `config.json`, as far as it tells a login: `auths`, `credHelpers` and `credsStore`, with the key forms that
//! docker, podman and their kin write. Keys count in any case, as for Go's programs. Bytes in, logins out: reading the file
//! and asking the programs is done elsewhere.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::login::StoredLogin;
use super::secret::Secret;
use crate::registry::error::ConfigProblem;

/// The names under which a login for Docker Hub is kept.
const DOCKER_HUB_KEYS: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];

/// The server that docker names to a credential helper for Docker Hub.
const DOCKER_HUB_SERVER: &str = "https://index.docker.io/v1/";

type Auths = BTreeMap<String, Option<AuthEntry>>;

#[derive(Debug, Default)]
pub(super) struct DockerConfig {
    auths: Option<Auths>,
    cred_helpers: Option<BTreeMap<String, String>>,
    creds_store: Option<String>,
}

/// A value of `auths`. One without any field only says that a credential helper has the login.
#[derive(Debug, Default)]
struct AuthEntry {
    auth: Option<Secret>,
    username: Option<String>,
    password: Option<Secret>,
    identitytoken: Option<Secret>,
    registrytoken: Option<Secret>,
}

/// An object whose keys count in any case.
trait AnyCase: Default {
    /// Reads the value of the key that is `name` in lower case.
    fn take<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error>;
}

impl AnyCase for DockerConfig {
    fn take<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            // Go adds the second of two spellings to the first.
            "auths" => {
                let auths: Option<Auths> = map.next_value()?;
                self.auths.get_or_insert_default().extend(auths.unwrap_or_default());
            }
            "credhelpers" => self.cred_helpers = map.next_value()?,
            "credsstore" => self.creds_store = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl AnyCase for AuthEntry {
    fn take<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "auth" => self.auth = map.next_value()?,
            "username" => self.username = map.next_value()?,
            "password" => self.password = map.next_value()?,
            "identitytoken" => self.identitytoken = map.next_value()?,
            "registrytoken" => self.registrytoken = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

struct AnyCaseVisitor<T>(PhantomData<T>);

impl<'de, T: AnyCase> Visitor<'de> for AnyCaseVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut object = T::default();
        while let Some(key) = map.next_key::<String>()? {
            object.take(&key.to_ascii_lowercase(), &mut map)?;
        }
        Ok(object)
    }
}

impl<'de> Deserialize<'de> for DockerConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AnyCaseVisitor(PhantomData))
    }
}

impl<'de> Deserialize<'de> for AuthEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AnyCaseVisitor(PhantomData))
    }
}

impl DockerConfig {
    /// Reads a configuration; an empty file is one without logins, as it is for docker.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ConfigProblem> {
        if bytes.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_slice(bytes)
            .map_err(|error| ConfigProblem::Malformed { line: error.line(), column: error.column().max(1) })
    }

    /// Returns the credential helper that is meant for this registry alone.
    pub(super) fn helper(&self, registry: &str) -> Option<&str> {
        let helpers = self.cred_helpers.as_ref()?;
        let helper = helpers.iter().find(|(key, _)| is_for(key, registry));
        helper.map(|(_, name)| name.as_str()).filter(|name| !name.is_empty())
    }

    /// Returns the credential helper for all registries.
    pub(super) fn store(&self) -> Option<&str> {
        self.creds_store.as_deref().filter(|name| !name.is_empty())
    }

    /// Returns the login that `auths` holds for a repository, and its key. The longest matching key wins: `host/a/b`
    /// before `host/a`, and that before `host`; of two alike, the one that needs no normalising.
    pub(super) fn login(&self, registry: &str, repository: &str) -> Result<Option<(&str, StoredLogin)>, ConfigProblem> {
        let Some(auths) = &self.auths else {
            return Ok(None);
        };
        for scope in scopes(repository) {
            for host in hosts(registry) {
                let wanted = if scope.is_empty() { host.to_owned() } else { format!("{host}/{scope}") };
                let matching = auths.iter().filter(|(key, _)| normal(key).eq_ignore_ascii_case(&wanted));
                let exact_first = matching.clone().filter(|(key, _)| **key == wanted).chain(matching);
                for (key, entry) in exact_first {
                    if let Some(login) = entry.as_ref().map_or(Ok(None), |entry| entry.login(key))? {
                        return Ok(Some((key, login)));
                    }
                }
            }
        }
        Ok(None)
    }
}

impl AuthEntry {
    fn login(&self, key: &str) -> Result<Option<StoredLogin>, ConfigProblem> {
        if let Some(token) = said(self.registrytoken.as_ref()) {
            return Ok(Some(StoredLogin::RegistryToken(token.clone())));
        }
        let basic = match (said(self.auth.as_ref()), self.username.as_deref(), said(self.password.as_ref())) {
            (Some(auth), ..) => Some(decode(auth).ok_or_else(|| ConfigProblem::Auth { key: key.to_owned() })?),
            (None, Some(username), Some(password)) if !username.is_empty() => {
                Some((username.to_owned(), password.clone()))
            }
            _ => None,
        };
        Ok(match (said(self.identitytoken.as_ref()), basic) {
            (Some(token), basic) => {
                Some(StoredLogin::IdentityToken { username: basic.map(|(username, _)| username), token: token.clone() })
            }
            (None, Some((username, password))) => Some(StoredLogin::Password { username, password }),
            (None, None) => None,
        })
    }
}

/// Returns what a credential helper is asked for.
pub(super) fn server(registry: &str) -> &str {
    if registry == DOCKER_HUB_KEYS[0] { DOCKER_HUB_SERVER } else { registry }
}

/// Returns the host names under which the login for a registry may be kept.
fn hosts(registry: &str) -> Vec<&str> {
    if registry == DOCKER_HUB_KEYS[0] { DOCKER_HUB_KEYS.to_vec() } else { vec![registry] }
}

/// Whether a key, a host in any form that docker writes, means this registry.
pub(super) fn is_for(key: &str, registry: &str) -> bool {
    hosts(registry).iter().any(|host| host.eq_ignore_ascii_case(normal(key)))
}

/// Returns a repository and the folders above it, down to nothing: `a/b`, `a`, and the empty one.
fn scopes(repository: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(repository), |scope| {
        (!scope.is_empty()).then(|| scope.rsplit_once('/').map_or("", |(parent, _)| parent))
    })
}

/// Brings a key into the form `host[:port][/path]`. docker once wrote URLs, of which only the host counts, and hosts with the
/// version of the API behind them, which may also be the name of a repository.
pub(super) fn normal(key: &str) -> &str {
    if let Some(rest) = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")) {
        return rest.split('/').next().unwrap_or_default();
    }
    let key = key.trim_end_matches('/');
    let host = key.strip_suffix("/v1").or_else(|| key.strip_suffix("/v2"));
    host.filter(|host| !host.contains('/')).unwrap_or(key)
}

fn said(secret: Option<&Secret>) -> Option<&Secret> {
    secret.filter(|secret| !secret.is_empty())
}

/// Takes `base64(user:password)` apart. docker pads the password with NUL for some stores, and trims it when reading; Go's
/// base64 passes over line breaks, which the program `base64` makes.
fn decode(auth: &Secret) -> Option<(String, Secret)> {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let encoded = auth.expose().trim().replace(['\r', '\n'], "");
    let bytes = GeneralPurpose::new(&STANDARD, LENIENT).decode(encoded).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (username, password) = text.split_once(':')?;
    let password = Secret::of_line(password.trim_matches('\0'));
    (!username.is_empty()).then(|| (username.to_owned(), password))
}

/// Reads any configuration, and looks for logins in it.
#[cfg(fuzzing)]
pub fn fuzz(bytes: &[u8]) {
    let config = match DockerConfig::parse(bytes) {
        Ok(config) => config,
        Err(problem) => return assert!(!problem.to_string().is_empty()),
    };
    assert!(config.store().is_none_or(|name| !name.is_empty()));
    for (registry, repository) in [("ghcr.io", "org/app"), ("docker.io", "library/app"), ("localhost:5000", "a")] {
        assert!(config.helper(registry).is_none_or(|name| !name.is_empty()));
        match config.login(registry, repository) {
            Ok(Some((key, _))) => assert!(!key.is_empty()),
            Ok(None) => {}
            Err(problem) => assert!(!problem.to_string().is_empty()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DockerConfig, StoredLogin, server};

    /// Shows the login for `name` as `key: login`.
    fn show(config: &str, name: &str) -> String {
        let config = DockerConfig::parse(config.as_bytes()).unwrap();
        let (registry, repository) = name.split_once('/').unwrap();
        match config.login(registry, repository) {
            Ok(None) => "none".to_owned(),
            Ok(Some((key, StoredLogin::Password { username, password }))) => {
                format!("{key}: {username}:{}", password.expose())
            }
            Ok(Some((key, StoredLogin::IdentityToken { username, token }))) => {
                format!("{key}: identity {}:{}", username.unwrap_or_default(), token.expose())
            }
            Ok(Some((key, StoredLogin::RegistryToken(token)))) => format!("{key}: registry {}", token.expose()),
            Err(problem) => problem.to_string(),
        }
    }

    #[test]
    fn key_forms() {
        // `YTpi` is `a:b`, `YzpkOmU=` is `c:d:e`, `ZjpnAAA=` is `f:g` and two NULs.
        for (auths, name, expected) in [
            (r#"{"ghcr.io":{"auth":"YTpi"}}"#, "ghcr.io/org/app", "ghcr.io: a:b"),
            (r#"{"ghcr.io":{"auth":"YTpi"}}"#, "gcr.io/org/app", "none"),
            (r#"{"ghcr.io":{"auth":"YzpkOmU"}}"#, "ghcr.io/app", "ghcr.io: c:d:e"),
            (r#"{"ghcr.io":{"auth":"ZjpnAAA="}}"#, "ghcr.io/app", "ghcr.io: f:g"),
            (r#"{"https://ghcr.io":{"auth":"YTpi"}}"#, "ghcr.io/app", "https://ghcr.io: a:b"),
            (r#"{"http://h:5000/v2/":{"auth":"YTpi"}}"#, "h:5000/app", "http://h:5000/v2/: a:b"),
            (r#"{"ghcr.io/v1/":{"auth":"YTpi"}}"#, "ghcr.io/app", "ghcr.io/v1/: a:b"),
            (r#"{"https://ghcr.io":{"auth":"YTpi"},"ghcr.io":{"auth":"YzpkOmU="}}"#, "ghcr.io/app", "ghcr.io: c:d:e"),
            (r#"{"GHCR.io":{"auth":"YTpi"}}"#, "ghcr.io/org/app", "GHCR.io: a:b"),
            (r#"{"ghcr.io":{"auth":"YTpi"}},"Auths":{"quay.io":{}}"#, "ghcr.io/org/app", "ghcr.io: a:b"),
            (r#"{"ghcr.io/org":{"auth":"YTpi"}}"#, "GHCR.io/org/app", "ghcr.io/org: a:b"),
            (
                r#"{"ghcr.io":{"auth":"YTpi"},"ghcr.io/org":{"auth":"YzpkOmU="}}"#,
                "ghcr.io/org/app",
                "ghcr.io/org: c:d:e",
            ),
            (
                r#"{"ghcr.io/org":{"auth":"YTpi"},"ghcr.io/org/app":{"auth":"YzpkOmU="}}"#,
                "ghcr.io/org/app",
                "ghcr.io/org/app: c:d:e",
            ),
            (r#"{"h/org/v2":{"auth":"YTpi"},"h":{"auth":"YzpkOmU="}}"#, "h/org/app", "h: c:d:e"),
            (r#"{"h/org/v2":{"auth":"YTpi"},"h":{"auth":"YzpkOmU="}}"#, "h/org/v2", "h/org/v2: a:b"),
            (r#"{"h/v2":{"auth":"YTpi"}}"#, "h/org/app", "h/v2: a:b"),
            (r#"{"ghcr.io/or":{"auth":"YTpi"}}"#, "ghcr.io/org/app", "none"),
            (r#"{"ghcr.io/org":{},"ghcr.io":{"auth":"YTpi"}}"#, "ghcr.io/org/app", "ghcr.io: a:b"),
            (
                r#"{"https://index.docker.io/v1/":{"auth":"YTpi"}}"#,
                "docker.io/library/nginx",
                "https://index.docker.io/v1/: a:b",
            ),
            (r#"{"docker.io":{"auth":"YTpi"}}"#, "docker.io/library/nginx", "docker.io: a:b"),
            (r#"{"registry-1.docker.io":{"auth":"YTpi"}}"#, "docker.io/org/app", "registry-1.docker.io: a:b"),
            (r#"{"docker.io/org":{"auth":"YTpi"}}"#, "docker.io/org/app", "docker.io/org: a:b"),
            (r#"{"index.docker.io":{"auth":"YTpi"}}"#, "index.example.org/org/app", "none"),
        ] {
            assert_eq!(show(&format!(r#"{{"auths":{auths}}}"#), name), expected, "{auths}");
        }
    }

    #[test]
    fn login_forms() {
        for (entry, expected) in [
            (r#"{"username":"u","password":"p"}"#, "h: u:p"),
            (r#"{"username":"u","password":"p","auth":"YTpi","email":"e"}"#, "h: a:b"),
            (r#"{"username":"u"}"#, "none"),
            (r#"{"username":"","password":"p"}"#, "none"),
            (r#"{"Auth":"YTpi"}"#, "h: a:b"),
            (r#"{"auth":"YT\npi\r\n"}"#, "h: a:b"),
            (r#"{"auth":"YTpiCg=="}"#, "h: a:b"),
            (r#"{"auth":"","identitytoken":"t"}"#, "h: identity :t"),
            (r#"{"auth":"YTo=","identitytoken":"t"}"#, "h: identity a:t"),
            (r#"{"registrytoken":"t","auth":"YTpi"}"#, "h: registry t"),
            (r#"{"auth":""}"#, "none"),
            (r#"{"auth":null}"#, "none"),
            ("{}", "none"),
            ("null", "none"),
            (r#"{"auth":"YTpi!"}"#, "the `auth` of `h` is not the base64 of `user:password` in UTF-8"),
            (r#"{"auth":"YWI="}"#, "the `auth` of `h` is not the base64 of `user:password` in UTF-8"),
            // `YTpi/A==` is `a:b` and an umlaut in Latin-1.
            (r#"{"auth":"YTpi/A=="}"#, "the `auth` of `h` is not the base64 of `user:password` in UTF-8"),
            (r#"{"auth":"OmI="}"#, "the `auth` of `h` is not the base64 of `user:password` in UTF-8"),
        ] {
            assert_eq!(show(&format!(r#"{{"auths":{{"h":{entry}}}}}"#), "h/app"), expected, "{entry}");
        }
    }

    #[test]
    fn helpers() {
        let config = DockerConfig::parse(
            br#"{"credHelpers":{"https://index.docker.io/v1/":"hub","ghcr.io":"gh","quay.io":""},"credsStore":"desktop"}"#,
        )
        .unwrap();
        for (registry, expected) in
            [("docker.io", Some("hub")), ("ghcr.io", Some("gh")), ("quay.io", None), ("gcr.io", None)]
        {
            assert_eq!(config.helper(registry), expected, "{registry}");
        }
        assert_eq!(config.store(), Some("desktop"));
        assert_eq!((server("docker.io"), server("ghcr.io")), ("https://index.docker.io/v1/", "ghcr.io"));
    }

    #[test]
    fn whole_files() {
        for empty in ["", " \n", "{}", r#"{"auths":null,"credHelpers":null,"credsStore":null,"other":1}"#] {
            let config = DockerConfig::parse(empty.as_bytes()).unwrap();
            assert!(config.login("h", "a").unwrap().is_none() && config.store().is_none(), "{empty}");
        }
        for (broken, expected) in [
            ("{\n  \"auths\": s3cret", "line 2, column 12: not JSON, or not of docker's form"),
            (
                "{\"auths\": {\n\"h\": {\"auth\": [\"s3cret\"]}}}",
                "line 2, column 14: not JSON, or not of docker's form",
            ),
            (r#"{"auths": "s3cret"}"#, "line 1, column 18: not JSON, or not of docker's form"),
            ("[", "line 1, column 1: not JSON, or not of docker's form"),
        ] {
            assert_eq!(DockerConfig::parse(broken.as_bytes()).unwrap_err().to_string(), expected, "{broken}");
        }
    }
}
