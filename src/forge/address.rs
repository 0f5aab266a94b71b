//! Which forge a remote is at, and where its API is. Known hosts tell, then the CI system about its own server, then the user.
//! A name is no sign: a token would go to any host that is called after a forge.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;

use crate::system::network::http::shown_host;
use crate::system::network::web_host::web_host;

/// A forge whose API is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForgeKind {
    /// Enterprise too.
    GitHub,
    GitLab,
    /// Forgejo too.
    Gitea,
    Azure,
    /// Bitbucket Cloud.
    Bitbucket,
}

impl ForgeKind {
    const ALL: [Self; 5] = [Self::GitHub, Self::GitLab, Self::Gitea, Self::Azure, Self::Bitbucket];

    /// Returns the kind's name on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Gitea => "gitea",
            Self::Azure => "azure",
            Self::Bitbucket => "bitbucket",
        }
    }
}

/// The forge's own name.
impl fmt::Display for ForgeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GitHub => "GitHub",
            Self::GitLab => "GitLab",
            Self::Gitea => "Gitea",
            Self::Azure => "Azure DevOps",
            Self::Bitbucket => "Bitbucket",
        })
    }
}

impl FromStr for ForgeKind {
    type Err = UnknownForge;

    fn from_str(text: &str) -> Result<Self, UnknownForge> {
        let word = if text.eq_ignore_ascii_case("forgejo") { "gitea" } else { text };
        let kind = Self::ALL.into_iter().find(|kind| kind.word().eq_ignore_ascii_case(word));
        kind.ok_or_else(|| UnknownForge::Kind(text.to_owned()))
    }
}

/// The server that runs the CI job, as the CI system tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CiServer {
    pub kind: ForgeKind,
    /// Its address for people, which may have a path.
    pub web: Url,
    pub api: Option<Url>,
    /// GitHub's second API.
    pub graphql: Option<Url>,
}

/// What tells a forge beside the remote's own address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ForgeHints {
    /// `--forge`
    pub kind: Option<ForgeKind>,
    /// `--forge-url`: the forge's address for people.
    pub web: Option<Url>,
    pub ci: Option<CiServer>,
}

/// Why it is not known at which forge a remote is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownForge {
    #[error("unknown forge `{0}`")]
    Kind(String),
    /// The remote has no server.
    #[error("the repository is not on a server, so it has no forge")]
    Local,
    #[error("cannot tell which forge `{0}` is")]
    Host(String),
    #[error("`{path}` is not the path of a repository at {kind}")]
    Path { kind: ForgeKind, path: String },
    #[error("{kind} at `{host}` is not supported")]
    Unsupported { kind: ForgeKind, host: String },
}

/// A repository at a forge, and where the forge's API is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForgeAddress {
    pub kind: ForgeKind,
    /// The forge for people, without a slash at its end.
    pub web: String,
    /// The API, without a slash at its end.
    pub api: String,
    /// GitHub's second API, at the same origin.
    pub graphql: String,
    /// The repository's path at the forge, without `.git`.
    pub project: String,
}

impl ForgeAddress {
    /// Returns the host of the API, as messages name it.
    pub fn api_host(&self) -> String {
        Url::parse(&self.api).map(|api| shown_host(&api)).unwrap_or_default()
    }

    /// Returns the forge of the remote at `remote`: http, https or ssh, without a login.
    pub fn of(remote: &Url, hints: &ForgeHints) -> Result<Self, UnknownForge> {
        let host = web_host(remote).ok_or(UnknownForge::Local)?;
        let ci_server = hints.ci.as_ref().filter(|ci| is_server(remote, &host, &ci.web));
        let web = match (&hints.web, ci_server) {
            (Some(named), _) => without_slash(named),
            (None, Some(ci)) if known(&host).is_none() => without_slash(&ci.web),
            (None, _) => match remote.scheme() {
                "http" | "https" => origin(remote),
                _ => format!("https://{host}"),
            },
        };
        // What the CI system tells counts for its own server alone.
        let told = hints.ci.as_ref().filter(|ci| without_slash(&ci.web) == web);
        let of_host = || known(&web_host(&Url::parse(&web).ok()?)?);
        let kind = hints.kind.or_else(of_host).or_else(|| told.map(|ci| ci.kind));
        let kind = kind.ok_or(UnknownForge::Host(host))?;
        let told = told.filter(|ci| ci.kind == kind);
        let api = match told.and_then(|ci| ci.api.as_ref()) {
            Some(api) => without_slash(api),
            None => api(kind, &web)?,
        };
        let graphql = told.and_then(|ci| ci.graphql.as_ref()).map(|url| url.as_str().to_owned());
        let graphql = graphql.filter(|url| is_same_origin(url, &api)).unwrap_or_else(|| graphql_beside(&api));
        let project = project(kind, remote, &web)?;
        Ok(Self { kind, web, api, graphql, project })
    }
}

/// Returns the forge at a host that is known by its name.
fn known(host: &str) -> Option<ForgeKind> {
    Some(match host {
        "github.com" => ForgeKind::GitHub,
        "gitlab.com" => ForgeKind::GitLab,
        "codeberg.org" | "gitea.com" => ForgeKind::Gitea,
        "dev.azure.com" => ForgeKind::Azure,
        "bitbucket.org" => ForgeKind::Bitbucket,
        // A part of its own is before these.
        host if host.ends_with(".ghe.com") => ForgeKind::GitHub,
        host if host.ends_with(".visualstudio.com") => ForgeKind::Azure,
        _ => return None,
    })
}

/// Returns whether a remote is at this server: the same origin, or over ssh the same host.
fn is_server(remote: &Url, host: &str, server: &Url) -> bool {
    match remote.scheme() {
        "http" | "https" => remote.origin() == server.origin(),
        _ => server.host_str().is_some_and(|name| name.eq_ignore_ascii_case(host)),
    }
}

fn without_slash(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn is_same_origin(one: &str, other: &str) -> bool {
    let origin = |text: &str| Url::parse(text).ok().map(|url| url.origin());
    origin(one).is_some() && origin(one) == origin(other)
}

/// Returns where the API of a forge is.
fn api(kind: ForgeKind, web: &str) -> Result<String, UnknownForge> {
    let host = web.split_once("://").map_or(web, |(_, host)| host);
    Ok(match kind {
        ForgeKind::GitHub if host == "github.com" || host.ends_with(".ghe.com") => format!("https://api.{host}"),
        ForgeKind::GitHub => format!("{web}/api/v3"),
        ForgeKind::GitLab => format!("{web}/api/v4"),
        ForgeKind::Gitea => format!("{web}/api/v1"),
        ForgeKind::Azure => web.to_owned(),
        ForgeKind::Bitbucket if host == "bitbucket.org" => "https://api.bitbucket.org/2.0".to_owned(),
        // Its Data Center has another API.
        ForgeKind::Bitbucket => return Err(UnknownForge::Unsupported { kind, host: host.to_owned() }),
    })
}

/// Returns where GitHub's GraphQL API is: on its own servers below the API, on Enterprise beside it.
fn graphql_beside(api: &str) -> String {
    match api.strip_suffix("/api/v3") {
        Some(server) => format!("{server}/api/graphql"),
        None => format!("{api}/graphql"),
    }
}

/// Returns the path of the repository at the forge, without what the forge's own address has before it.
fn project(kind: ForgeKind, remote: &Url, web: &str) -> Result<String, UnknownForge> {
    let path = remote.path();
    let before = Url::parse(web).map(|web| web.path().trim_end_matches('/').to_owned()).unwrap_or_default();
    let below = path.strip_prefix(before.as_str()).filter(|rest| rest.starts_with('/')).unwrap_or(path);
    let project = below.trim_matches('/').trim_end_matches(".git").to_owned();
    let parts = project.split('/').filter(|part| !part.is_empty()).count();
    let fits = match kind {
        ForgeKind::GitHub | ForgeKind::Gitea | ForgeKind::Bitbucket => parts == 2,
        ForgeKind::GitLab => parts >= 2,
        ForgeKind::Azure => project.split('/').any(|part| part == "_git") || project.starts_with("v3/"),
    };
    if fits { Ok(project) } else { Err(UnknownForge::Path { kind, path: project }) }
}

#[cfg(test)]
mod tests {
    use super::{CiServer, ForgeAddress, ForgeHints, ForgeKind, UnknownForge};
    use reqwest::Url;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    /// Returns `KIND API PROJECT`.
    fn shown(remote: &str, hints: &ForgeHints) -> Result<String, UnknownForge> {
        let found = ForgeAddress::of(&url(remote), hints)?;
        Ok(format!("{} {} {}", found.kind.word(), found.api, found.project))
    }

    #[test]
    fn known_hosts() {
        for (remote, expected) in [
            ("https://github.com/org/app.git", "github https://api.github.com org/app"),
            ("https://GitHub.com/org/app/", "github https://api.github.com org/app"),
            ("ssh://github.com/org/app.git", "github https://api.github.com org/app"),
            ("ssh://ssh.github.com:443/org/app.git", "github https://api.github.com org/app"),
            ("https://acme.ghe.com/org/app", "github https://api.acme.ghe.com org/app"),
            ("https://gitlab.com/group/sub/app.git", "gitlab https://gitlab.com/api/v4 group/sub/app"),
            ("https://codeberg.org/org/app.git", "gitea https://codeberg.org/api/v1 org/app"),
            ("https://bitbucket.org/org/app.git", "bitbucket https://api.bitbucket.org/2.0 org/app"),
            ("https://dev.azure.com/org/project/_git/app", "azure https://dev.azure.com org/project/_git/app"),
            ("https://org.visualstudio.com/project/_git/app", "azure https://org.visualstudio.com project/_git/app"),
        ] {
            assert_eq!(shown(remote, &ForgeHints::default()).as_deref(), Ok(expected), "{remote}");
        }
    }

    /// A token must not go to a host because of what it is called.
    #[test]
    fn a_name_is_no_sign() {
        for remote in [
            "https://github.com.evil.example/org/app",
            "https://github.example/org/app",
            "https://gitlab.example/org/app",
            "https://ghe.com/org/app",
            "https://evilghe.com/org/app",
            "https://api.github.com/org/app",
            "ssh://gitlab/org/app",
        ] {
            let found = shown(remote, &ForgeHints::default());
            assert!(matches!(found, Err(UnknownForge::Host(_))), "{remote}: {found:?}");
        }
    }

    #[test]
    fn the_ci_system_tells_about_its_own_server_alone() {
        let github = |web: &str, api: Option<&str>| ForgeHints {
            ci: Some(CiServer { kind: ForgeKind::GitHub, web: url(web), api: api.map(url), graphql: None }),
            ..ForgeHints::default()
        };
        let own = github("https://git.example:8443", Some("https://git.example:8443/api/v3"));
        for (remote, hints, expected) in [
            ("https://git.example:8443/org/app.git", &own, Some("github https://git.example:8443/api/v3 org/app")),
            ("ssh://git.example:22/org/app.git", &own, Some("github https://git.example:8443/api/v3 org/app")),
            ("https://git.example/org/app.git", &own, None),
            ("http://git.example:8443/org/app.git", &own, None),
            ("https://other.example:8443/org/app.git", &own, None),
            // The job of another server says nothing about a host that is known.
            ("https://gitlab.com/org/app.git", &own, Some("gitlab https://gitlab.com/api/v4 org/app")),
        ] {
            assert_eq!(shown(remote, hints).ok().as_deref(), expected, "{remote}");
        }
        let prefixed = ForgeHints {
            ci: Some(CiServer {
                kind: ForgeKind::GitLab,
                web: url("https://git.example/gitlab"),
                api: Some(url("https://git.example/gitlab/api/v4")),
                graphql: None,
            }),
            ..ForgeHints::default()
        };
        let found = shown("https://git.example/gitlab/group/app.git", &prefixed);
        assert_eq!(found.as_deref(), Ok("gitlab https://git.example/gitlab/api/v4 group/app"));
    }

    #[test]
    fn the_user_tells_about_any_host() {
        let of_kind = |kind| ForgeHints { kind: Some(kind), ..ForgeHints::default() };
        let at = |kind, web: &str| ForgeHints { web: Some(url(web)), ..of_kind(kind) };
        for (remote, hints, expected) in [
            ("https://git.example/org/app", of_kind(ForgeKind::GitHub), "github https://git.example/api/v3 org/app"),
            ("http://127.0.0.1:80/org/app", of_kind(ForgeKind::Gitea), "gitea http://127.0.0.1/api/v1 org/app"),
            ("ssh://git.example:2222/org/app", of_kind(ForgeKind::Gitea), "gitea https://git.example/api/v1 org/app"),
            (
                "ssh://ssh.example/org/app",
                at(ForgeKind::GitLab, "https://git.example/lab/"),
                "gitlab https://git.example/lab/api/v4 org/app",
            ),
        ] {
            assert_eq!(shown(remote, &hints).as_deref(), Ok(expected), "{remote}");
        }
        let data_center = shown("https://git.example/org/app", &of_kind(ForgeKind::Bitbucket));
        assert!(matches!(data_center, Err(UnknownForge::Unsupported { .. })), "{data_center:?}");
        let deep = shown("https://github.com/org/app/more", &ForgeHints::default());
        assert!(matches!(deep, Err(UnknownForge::Path { .. })), "{deep:?}");
    }

    #[test]
    fn both_apis_of_github_are_at_one_origin() {
        for (web, graphql, expected) in [
            ("https://git.example", None, "https://git.example/api/graphql"),
            ("https://git.example", Some("https://git.example/other"), "https://git.example/other"),
            ("https://git.example", Some("https://evil.example/api/graphql"), "https://git.example/api/graphql"),
        ] {
            let ci = CiServer { kind: ForgeKind::GitHub, web: url(web), api: None, graphql: graphql.map(url) };
            let hints = ForgeHints { ci: Some(ci), ..ForgeHints::default() };
            let found = ForgeAddress::of(&url("https://git.example/org/app"), &hints).unwrap();
            assert_eq!(found.graphql, expected);
        }
        let known = ForgeAddress::of(&url("https://github.com/org/app"), &ForgeHints::default()).unwrap();
        assert_eq!(
            (known.graphql.as_str(), known.web.as_str()),
            ("https://api.github.com/graphql", "https://github.com")
        );
    }
}
