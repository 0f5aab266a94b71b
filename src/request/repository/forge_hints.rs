//! What tells the forge of a remote beside its address: the flags, and the CI system about its own server.

use reqwest::Url;

use crate::cli::{CiForge, Environment};
use crate::forge::{CiServer, ForgeHints};
use crate::outcome::failure::Failure;

/// Returns the hints. `kind` and `url` are those of `--forge` and `--forge-url`.
pub(in crate::request) fn forge_hints(
    kind: Option<&str>,
    url: Option<&str>,
    environment: &Environment,
) -> Result<ForgeHints, Failure> {
    let web = url.map(|text| {
        // A login in it would be shown with it.
        let is_plain = |url: &Url| url.has_host() && url.username().is_empty() && url.password().is_none();
        let parsed = Url::parse(text).ok().filter(|url| ["http", "https"].contains(&url.scheme()) && is_plain(url));
        parsed.ok_or_else(|| {
            Failure::usage("`--forge-url` is no URL of a forge").hint("write it as `https://HOST`, without a login")
        })
    });
    Ok(ForgeHints {
        kind: kind.map(str::parse).transpose()?,
        web: web.transpose()?,
        ci: environment.ci_forge().and_then(ci_server),
    })
}

/// Returns what a CI system tells; nothing if its variables are no URLs.
fn ci_server(CiForge { kind, web, api, graphql }: CiForge) -> Option<CiServer> {
    let url = |text: String| Url::parse(&text).ok().filter(Url::has_host);
    Some(CiServer { kind: kind.parse().ok()?, web: url(web)?, api: api.and_then(url), graphql: graphql.and_then(url) })
}

#[cfg(test)]
mod tests {
    use super::{Environment, forge_hints};

    fn shown(kind: Option<&str>, url: Option<&str>, variables: &[(&str, &str)]) -> Option<String> {
        let hints = forge_hints(kind, url, &Environment::of(variables)).ok()?;
        let of_ci = hints.ci.map(|ci| format!("{} {} {}", ci.kind, ci.web, ci.api.is_some()));
        let kind = hints.kind.map(|kind| kind.to_string());
        Some(format!("{kind:?} {:?} {of_ci:?}", hints.web.map(String::from)))
    }

    #[test]
    fn flags_and_variables() {
        let github = [("GITHUB_ACTIONS", "true"), ("GITHUB_SERVER_URL", "https://git.example")];
        let gitea = [github[0], github[1], ("GITEA_ACTIONS", "true"), ("GITHUB_API_URL", "https://git.example/api/v1")];
        let gitlab = [("GITLAB_CI", "true"), ("CI_SERVER_URL", "https://git.example:8443/lab")];
        for (kind, url, variables, expected) in [
            (None, None, &[][..], Some("None None None")),
            (Some("Forgejo"), None, &[], Some("Some(\"Gitea\") None None")),
            (None, Some("https://git.example/lab"), &[], Some("None Some(\"https://git.example/lab\") None")),
            (None, None, &github, Some("None None Some(\"GitHub https://git.example/ false\")")),
            (None, None, &gitea, Some("None None Some(\"Gitea https://git.example/ true\")")),
            (None, None, &gitlab, Some("None None Some(\"GitLab https://git.example:8443/lab false\")")),
            // Without its own sign, a variable may be left over from elsewhere.
            (None, None, &github[1..], Some("None None None")),
            (Some("sourcehut"), None, &[], None),
            (None, Some("git.example"), &[], None),
            (None, Some("https://me:s3cret@git.example"), &[], None),
            (None, Some("file:///srv/git"), &[], None),
        ] {
            assert_eq!(shown(kind, url, variables).as_deref(), expected, "{kind:?} {url:?} {variables:?}");
        }
    }
}
