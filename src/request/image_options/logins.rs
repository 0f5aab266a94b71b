//! Where logins for registries are, as the environment tells: variables for one named registry, the configurations of
//! docker and podman, and what a CI system has for its own registry. A login goes to a registry that was named for it, and
//! never to the one that an image happens to name. Beside them lie the CA certificates of docker and podman, and the proxies.

use std::path::PathBuf;

use crate::cli::{Environment, RegistryLogin};
use crate::outcome::failure::Failure;
use crate::registry::{GivenLogin, LoginSources, Proxies, Secret, SystemAuthorities, Trust};

const HOST: &str = "TAGSHIP_REGISTRY_HOST";
const USERNAME: &str = "TAGSHIP_REGISTRY_USERNAME";
const PASSWORD: &str = "TAGSHIP_REGISTRY_PASSWORD";

/// Returns the sources of logins.
pub(crate) fn sources(environment: &Environment) -> Result<LoginSources, Failure> {
    let given = given(environment)?;
    let named_alone = environment.text(HOST).filter(|_| given.is_none());
    Ok(LoginSources {
        given: given.into_iter().collect(),
        named_alone: named_alone.map(|registry| (HOST, registry)),
        docker_auth_config: environment.text("DOCKER_AUTH_CONFIG").map(Secret::new),
        auth_file: environment.path("REGISTRY_AUTH_FILE"),
        docker_config: environment.path("DOCKER_CONFIG"),
        home: environment.path("HOME"),
        runtime_folder: environment.path("XDG_RUNTIME_DIR").or_else(runtime_folder_of_user),
        config_folder: environment.path("XDG_CONFIG_HOME"),
        search_path: environment.path("PATH").map(PathBuf::into_os_string),
        of_ci: environment.registry_logins().into_iter().filter_map(of_ci).collect(),
    })
}

/// Returns the CA certificates to trust: those of `ca_file`, and those that docker and podman keep, for the machine and for
/// the user.
pub(crate) fn trust(environment: &Environment, ca_file: Option<PathBuf>) -> Trust {
    let config = environment.path("XDG_CONFIG_HOME").or_else(|| Some(environment.path("HOME")?.join(".config")));
    let bases = [Some(PathBuf::from("/etc")), config].into_iter().flatten();
    let folders = bases.flat_map(|base| [base.join("docker/certs.d"), base.join("containers/certs.d")]);
    Trust { ca_file, folders: folders.collect(), system: system_authorities(environment) }
}

/// Returns what the environment names in place of the system's CA certificates.
pub(crate) fn system_authorities(environment: &Environment) -> SystemAuthorities {
    SystemAuthorities { file: environment.path("SSL_CERT_FILE"), folder: environment.path("SSL_CERT_DIR") }
}

/// Returns the forward proxies.
pub(crate) fn proxies(environment: &Environment) -> Result<Proxies, Failure> {
    Proxies::of_environment(|name| environment.text(name)).map_err(|unusable| {
        Failure::usage(unusable.to_string()).hint("write it as `http://HOST:PORT`, or unset it to go without a proxy")
    })
}

/// Returns the login in our own variables.
fn given(environment: &Environment) -> Result<Option<GivenLogin>, Failure> {
    let (username, password) = match (environment.text(USERNAME), environment.text(PASSWORD)) {
        (None, None) => return Ok(None),
        (Some(username), Some(password)) => (username, password),
        (Some(_), None) => return Err(alone(USERNAME, PASSWORD)),
        (None, Some(_)) => return Err(alone(PASSWORD, USERNAME)),
    };
    let hint = format!("name the registry in `{HOST}`, as `host` or `host:port`");
    let Some(registry) = environment.text(HOST) else {
        return Err(Failure::usage(format!("`{PASSWORD}` does not say for which registry it is")).hint(hint));
    };
    match GivenLogin::new(PASSWORD, &registry, &username, &password) {
        Some(login) => Ok(Some(login)),
        None => Err(Failure::usage(format!("`{HOST}` is `{registry}`, which is not a host")).hint(hint)),
    }
}

fn alone(set: &str, unset: &str) -> Failure {
    Failure::usage(format!("`{set}` is set, and `{unset}` is not")).hint("set both of them, or none")
}

fn of_ci(login: RegistryLogin) -> Option<GivenLogin> {
    let RegistryLogin { variable, registry, username, password, server } = login;
    let login = GivenLogin::new(variable, &registry, &username, &password)?;
    Some(login.limited_to(server.into_iter().collect()))
}

/// Returns where podman keeps logins without `XDG_RUNTIME_DIR`, below a folder named after the user's number.
#[cfg(target_os = "linux")]
fn runtime_folder_of_user() -> Option<PathBuf> {
    use std::os::unix::fs::MetadataExt as _;
    let user = std::fs::metadata("/proc/self").ok()?.uid();
    Some(PathBuf::from(format!("/run/containers/{user}")))
}

#[cfg(not(target_os = "linux"))]
fn runtime_folder_of_user() -> Option<PathBuf> {
    None
}

#[cfg(test)]
mod tests {
    use super::{Environment, sources};
    use crate::outcome::failure::FailureKind;

    /// Shows the given logins and those of the CI system as `variable user registry`.
    fn show(variables: &[(&str, &str)]) -> Result<String, FailureKind> {
        let sources = sources(&Environment::of(variables)).map_err(|failure| failure.kind)?;
        assert!(!format!("{sources:?}").contains("s3cret"));
        let logins = sources.given.iter().chain(&sources.of_ci);
        let shown = logins.map(|login| format!("{} {} {}", login.variable, login.username, login.registry));
        Ok(shown.collect::<Vec<_>>().join(", "))
    }

    #[test]
    fn a_login_names_its_registry() {
        const LOGIN: [(&str, &str); 2] = [("TAGSHIP_REGISTRY_USERNAME", "ci"), ("TAGSHIP_REGISTRY_PASSWORD", "s3cret")];
        let named = [LOGIN[0], LOGIN[1], ("TAGSHIP_REGISTRY_HOST", "quay.io")];
        assert_eq!(show(&named).unwrap(), "TAGSHIP_REGISTRY_PASSWORD ci quay.io");
        assert_eq!(show(&LOGIN), Err(FailureKind::Usage));
        for (host, expected) in [
            ("https://index.docker.io/v1/", Some("https://index.docker.io/v1/")),
            ("quay.io/", Some("quay.io/")),
            ("quay.io/org", None),
            ("", None),
            ("/", None),
        ] {
            let shown = show(&[LOGIN[0], LOGIN[1], ("TAGSHIP_REGISTRY_HOST", host)]);
            let expected = expected.map(|host| format!("TAGSHIP_REGISTRY_PASSWORD ci {host}"));
            assert_eq!(shown, expected.ok_or(FailureKind::Usage), "{host}");
        }
        assert_eq!(show(&LOGIN[..1]), Err(FailureKind::Usage));
        assert_eq!(show(&LOGIN[1..]), Err(FailureKind::Usage));
    }

    #[test]
    fn logins_of_ci_systems() {
        for (variables, expected) in [
            (&[("GITHUB_TOKEN", "s3cret")][..], "GITHUB_TOKEN x-access-token ghcr.io"),
            (&[("GITHUB_TOKEN", "s3cret"), ("GITHUB_ACTOR", "octocat")], "GITHUB_TOKEN octocat ghcr.io"),
            // Gitea, Forgejo and a server of a company's own call their token so, too.
            (
                &[("GITHUB_TOKEN", "s3cret"), ("GITHUB_SERVER_URL", "https://github.com")],
                "GITHUB_TOKEN x-access-token ghcr.io",
            ),
            (&[("GITHUB_TOKEN", "s3cret"), ("GITHUB_SERVER_URL", "https://gitea.example")], ""),
            (&[("GITHUB_TOKEN", "s3cret"), ("GITHUB_SERVER_URL", "https://github.com.example")], ""),
            (&[("GITHUB_TOKEN", "s3cret"), ("GITEA_ACTIONS", "true")], ""),
            (
                &[("GITHUB_TOKEN", "s3cret"), ("FORGEJO_ACTIONS", "true"), ("GITHUB_SERVER_URL", "https://github.com")],
                "",
            ),
            (
                &[("CI_REGISTRY", "r.example:5050"), ("CI_JOB_TOKEN", "s3cret")],
                "CI_JOB_TOKEN gitlab-ci-token r.example:5050",
            ),
            (
                &[
                    ("CI_REGISTRY", "r.example"),
                    ("CI_REGISTRY_USER", "u"),
                    ("CI_REGISTRY_PASSWORD", "s3cret"),
                    ("CI_JOB_TOKEN", "s3cret"),
                ],
                "CI_REGISTRY_PASSWORD u r.example",
            ),
            (&[("CI_JOB_TOKEN", "s3cret")], ""),
            (&[("GITHUB_ACTOR", "octocat"), ("CI_REGISTRY", "r.example")], ""),
        ] {
            assert_eq!(show(variables).unwrap(), expected);
        }
    }
}
