//! Asks a docker credential helper for a login: the program gets the verb as its argument and the server on its
//! standard input, and writes JSON. What the program writes is never shown, as it holds the secret, and the time it may take
//! is limited, as it may ask a person or a network that is not there.

use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::login::{StoredLogin, TOKEN_USER};
use super::secret::Secret;
use crate::registry::error::HelperProblem;
use crate::system::processes::program_run::{Finished, run};
use crate::system::processes::programs::{absolute_parts, command};

/// What every helper says if it has no login for a server; docker looks for the same words.
const NOT_FOUND: &[u8] = b"credentials not found";

/// Asks `program` for the login at `server`; `None` if it has none. It is stopped after `limit`.
pub(super) fn ask(
    program: &str,
    server: &str,
    search_path: &OsStr,
    limit: Duration,
) -> Result<Option<StoredLogin>, HelperProblem> {
    let path = find(program, search_path).ok_or(HelperProblem::Missing)?;
    let finished =
        run(command(path).arg("get"), server.into(), Instant::now() + limit).map_err(HelperProblem::Start)?;
    let Finished { status, stdout, .. } = finished.ok_or(HelperProblem::TimedOut)?;
    match (status.success(), contains(&stdout, NOT_FOUND)) {
        (true, _) => login(&stdout),
        (false, true) => Ok(None),
        (false, false) => Err(HelperProblem::Failed(status)),
    }
}

/// Returns the first executable file of this name in the search path.
fn find(program: &str, search_path: &OsStr) -> Option<PathBuf> {
    let name = format!("{program}{}", env::consts::EXE_SUFFIX);
    let search_path = absolute_parts(search_path);
    env::split_paths(&search_path).map(|folder| folder.join(&name)).find(|path| is_executable(path))
}

#[cfg(unix)]
fn is_executable(path: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &std::path::Path) -> bool {
    path.is_file()
}

fn login(output: &[u8]) -> Result<Option<StoredLogin>, HelperProblem> {
    #[derive(Deserialize)]
    struct Output {
        #[serde(rename = "Username")]
        username: String,
        #[serde(rename = "Secret")]
        secret: Secret,
    }
    let Ok(Output { username, secret }) = serde_json::from_slice(output) else {
        return Err(HelperProblem::Output);
    };
    Ok(match username.as_str() {
        _ if secret.is_empty() => None,
        "" => None,
        TOKEN_USER => Some(StoredLogin::IdentityToken { username: None, token: secret }),
        _ => Some(StoredLogin::Password { username, password: secret }),
    })
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
