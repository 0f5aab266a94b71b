//! The logins that CI systems give a run, for their own git server and their own registry. A token counts for the server
//! that its system names, and for no other.

use super::system::RegistryToken;
use super::systems::{SYSTEMS, running};
use super::variables::{says_no, value};

/// A login for repositories. It holds a secret, so it has no `Debug`.
#[derive(Clone)]
pub struct GitLogin {
    /// The variable that has the password.
    pub variable: &'static str,
    /// The URL of the only server that the login is for; `None`: the server of the release branch.
    pub server: Option<String>,
    pub user: String,
    pub password: String,
}

/// A login for a registry. It holds a secret, so it has no `Debug`.
pub struct RegistryLogin {
    /// The variable that has the password.
    pub variable: &'static str,
    pub registry: String,
    pub username: String,
    pub password: String,
    /// The system's own host or URL, whose token server may see the login as well as the registry's.
    pub server: Option<String>,
}

/// Returns the CI systems' own logins for git, in the order in which they count.
pub(in crate::cli) fn git_logins(variable: &impl Fn(&str) -> Option<String>) -> Vec<GitLogin> {
    let tokens = SYSTEMS.iter().filter_map(|system| system.git_token.as_ref());
    let logins = tokens.filter_map(|token| {
        variable(token.sign).filter(|sign| !says_no(sign))?;
        let (server, password) = variable(token.server).zip(variable(token.token))?;
        // White space around it comes from a file or a form, and is no part of a token.
        let password = Some(password.trim().to_owned()).filter(|password| !password.is_empty())?;
        Some(GitLogin { variable: token.token, server: Some(server), user: token.user.to_owned(), password })
    });
    logins.collect()
}

/// Returns the CI systems' own logins for registries.
pub(in crate::cli) fn registry_logins(variable: &impl Fn(&str) -> Option<String>) -> Vec<RegistryLogin> {
    let is_of_another_server =
        |(server, url): (&str, &str)| variable(server).is_some_and(|server| server.trim_end_matches('/') != url);
    let login = |token: &RegistryToken| {
        if token.home.is_some_and(is_of_another_server) {
            return None;
        }
        Some(RegistryLogin {
            variable: token.password,
            registry: value(variable, token.registry)?,
            username: value(variable, token.username)?,
            password: variable(token.password)?,
            server: value(variable, token.server),
        })
    };
    let imitated = running(variable).next().and_then(|system| system.imitates);
    let systems = SYSTEMS.iter().filter(|system| Some(system.id) != imitated);
    systems.filter_map(|system| system.registry_logins.iter().find_map(login)).collect()
}
