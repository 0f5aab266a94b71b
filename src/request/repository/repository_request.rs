//! The repository and branch to release to, and how to reach them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::forge_hints::forge_hints;
use super::typed_again::{quoted_push, repository_flags, repository_of_git};
use crate::cli::{Environment, GitLogin, RepositoryArguments};
use crate::forge::ForgeHints;
use crate::git::{
    Askpass, BranchName, HostLogin, InsecureGit, Notices, ProtocolVariables, Remote, RemoteOptions, RemoteUse,
    RepositoryVariables, SshSettings, TlsVariables, TrustedOwner,
};
use crate::outcome::failure::Failure;
use crate::request::image_options::logins;
use crate::request::run::Run;
use crate::request::values::{branch, duration, filled};

#[derive(Clone)]
pub struct RepositoryRequest {
    pub repository: Repository,
    /// The flags that name it and the branch, as they were given.
    pub flags: Vec<String>,
    /// The repository as git takes it.
    pub(in crate::request) repository_of_git: String,
    /// The current folder.
    pub here: PathBuf,
    pub repository_variables: RepositoryVariables,
    pub branch: Option<BranchName>,
    /// The flag that names the repository.
    pub repository_flag: &'static str,
    /// The flag that names the branch.
    pub branch_flag: &'static str,
    /// How its server is reached.
    pub remote_options: RemoteOptions,
    /// What tells the forge of the repository, beside its address.
    pub forge: ForgeHints,
    pub run: Run,
    /// A CI system, a known one or not, may check the repository out as another user, in its workspace.
    pub trusted_owner: TrustedOwner,
}

/// The repository with the release branch.
#[derive(Clone)]
pub enum Repository {
    /// The remote of the checkout at or above this folder.
    Remote {
        folder: PathBuf,
        name: String,
    },
    /// The checkout at or above this folder itself; no remote is asked.
    Checkout {
        folder: PathBuf,
    },
    Url(String),
}

impl RepositoryRequest {
    /// Returns the command by which git pushes `what`, such as `COMMIT:REF`, as a hint names it.
    pub fn typed_push(&self, what: &str) -> String {
        quoted_push(&self.repository_of_git, what)
    }

    pub(in crate::request) fn new(
        arguments: &RepositoryArguments,
        timeout: &str,
        environment: &Environment,
    ) -> Result<Self, Failure> {
        let here = here(environment);
        let repository = match &arguments.repo {
            Some(repo) => repository(filled("--repo", repo)?, &here, &arguments.remote, environment)?,
            None => Repository::Remote { folder: here.clone(), name: arguments.remote.clone() },
        };
        Ok(Self {
            repository,
            flags: repository_flags(arguments),
            repository_of_git: repository_of_git(arguments),
            here,
            // They are of the repository around the current directory.
            repository_variables: match arguments.repo {
                None => RepositoryVariables::OfThis { git_dir: environment.path("GIT_DIR") },
                Some(_) => RepositoryVariables::OfAnother,
            },
            branch: arguments.branch.as_deref().map(|name| branch("--branch", name)).transpose()?,
            repository_flag: "--repo",
            branch_flag: "--branch",
            remote_options: remote_options(arguments, timeout, environment)?,
            forge: forge_hints(None, None, environment)?,
            trusted_owner: match environment.in_ci() {
                true => TrustedOwner::AnyBelow(environment.workspaces()),
                false => TrustedOwner::CurrentUser,
            },
            run: Run::new(environment),
        })
    }

    /// Returns how to read the repository, wherever it is pushed to.
    #[must_use]
    pub fn to_read(&self) -> Self {
        let mut request = self.clone();
        request.remote_options.remote_use = RemoteUse::Read;
        request
    }

    /// Returns how to read another remote than the one that is released to: a login that was given for that one counts for
    /// its server only, and may not be allowed the other remote.
    #[must_use]
    pub fn beside(&self, released_to: &Remote) -> Self {
        let mut request = self.to_read();
        request.remote_options.for_another = true;
        let logins = &mut request.remote_options.logins;
        let server = released_to.server();
        logins.retain(|login| login.server.is_some() || server.is_some());
        for login in logins {
            login.server = login.server.take().or_else(|| server.clone());
        }
        request
    }

    /// Returns this request for the checkout itself, in place of its remote.
    pub(in crate::request) fn without_remote(self) -> Result<Self, Failure> {
        let repository = match self.repository {
            Repository::Remote { folder, .. } | Repository::Checkout { folder } => Repository::Checkout { folder },
            Repository::Url(_) => {
                return Err(Failure::usage("`--no-push` needs a checkout, and `--repo` names none")
                    .hint("run it in a checkout, or give the path of one"));
            }
        };
        Ok(Self { repository, ..self })
    }
}

fn remote_options(
    arguments: &RepositoryArguments,
    timeout: &str,
    environment: &Environment,
) -> Result<RemoteOptions, Failure> {
    Ok(RemoteOptions {
        remote_use: RemoteUse::Read,
        timeout: duration("--timeout", timeout)?,
        ssh: SshSettings {
            command: environment.get("GIT_SSH_COMMAND").map(OsString::from),
            program: environment.get("GIT_SSH").map(OsString::from),
            variant: environment.text("GIT_SSH_VARIANT"),
        },
        tls: TlsVariables {
            ca_file: environment.path("GIT_SSL_CAINFO"),
            client_certificate: environment.path("GIT_SSL_CERT"),
            client_key: environment.path("GIT_SSL_KEY"),
            unverified: environment.git_unverified(),
        },
        protocols: ProtocolVariables {
            allowed: environment.even_empty("GIT_ALLOW_PROTOCOL").map(|list| list.to_string_lossy().into_owned()),
            not_from_user: environment.url_is_not_from_user(),
        },
        system: logins::system_authorities(environment),
        proxies: logins::proxies(environment)?,
        logins: environment.git_logins().into_iter().map(host_login).collect(),
        for_another: false,
        insecure: if arguments.insecure_git { InsecureGit::Allowed } else { InsecureGit::Refused },
        askpass: match environment.in_ci() {
            true => Askpass::InCi(environment.get("GIT_ASKPASS").map(OsString::from)),
            false => Askpass::Never,
        },
        home: environment.path("HOME"),
        notices: Notices::default(),
    })
}

fn host_login(GitLogin { variable, server, user, password }: GitLogin) -> HostLogin {
    HostLogin { variable, server, user, password }
}

/// Returns the current folder as the shell spells it, which may be by a symbolic link. For git, `includeIf` matches by either
/// spelling.
fn here(environment: &Environment) -> PathBuf {
    let here = PathBuf::from(".");
    let is_here = |spelled: &PathBuf| {
        let real = |path: &PathBuf| path.canonicalize().ok();
        spelled.is_absolute() && real(spelled).is_some() && real(spelled) == real(&here)
    };
    environment.path("PWD").filter(is_here).unwrap_or(here)
}

/// A folder with a checkout in it stands for its remote; any other path, and any URL, is the repository itself.
fn repository(repo: &str, here: &Path, remote: &str, environment: &Environment) -> Result<Repository, Failure> {
    let folder = if here == Path::new(".") { PathBuf::from(repo) } else { here.join(repo) };
    if folder.join(".git").exists() {
        return Ok(Repository::Remote { folder, name: remote.to_owned() });
    }
    if is_owner_and_name(repo) && !folder.exists() {
        let server = ["GITHUB_SERVER_URL", "CI_SERVER_URL"].iter().find_map(|name| environment.shown_url(name));
        let server = server.unwrap_or_else(|| "https://github.com".to_owned());
        return Err(Failure::target(format!("there is no folder `{repo}`"))
            .hint(format!("did you mean `{}/{repo}`?", server.trim_end_matches('/'))));
    }
    if is_url_without_scheme(repo) && !folder.exists() {
        return Err(
            Failure::target(format!("there is no folder `{repo}`")).hint(format!("did you mean `https://{repo}`?"))
        );
    }
    Ok(Repository::Url(repo.to_owned()))
}

/// Returns whether a text is `HOST/OWNER/NAME`, whose host has a dot in it.
fn is_url_without_scheme(text: &str) -> bool {
    text.split_once('/').is_some_and(|(host, path)| {
        // No `:` or `@`: what is before one may be a login.
        let is_name = host.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
        is_name && host.contains('.') && !host.starts_with('.') && is_owner_and_name(path)
    })
}

/// Returns whether a text is `OWNER/NAME`, as the action takes it.
fn is_owner_and_name(text: &str) -> bool {
    let is_name = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
    };
    text.split_once('/').is_some_and(|(owner, name)| is_name(owner) && is_name(name))
}
