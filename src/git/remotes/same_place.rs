//! Whether two URLs name the same repository, over any transport and by any of the host names that its forge has.

use reqwest::Url;

use crate::system::network::web_host::web_host;

/// Returns whether two URLs, http, https or ssh, name the same repository. Hosts ignore the case of names, and have a port for
/// each transport.
pub(super) fn is_same(one: &Url, other: &Url) -> bool {
    let has_other_port = one.scheme() == other.scheme() && is_same_host(one, other) && one.port() != other.port();
    place(one) == place(other) && !has_other_port
}

fn is_same_host(one: &Url, other: &Url) -> bool {
    let host = |url: &Url| url.host_str().unwrap_or_default().to_ascii_lowercase();
    host(one) == host(other)
}

/// Returns the host and the path of a repository.
fn place(url: &Url) -> String {
    let host = web_host(url).unwrap_or_default();
    let path = url.path().trim_matches('/').trim_end_matches(".git").to_ascii_lowercase();
    azure_place(&host, &path).unwrap_or_else(|| format!("{host}/{path}"))
}

/// Returns the place of a repository at Azure DevOps. The path differs there over ssh and at each host, and a project that has
/// the repository's name is left out of it.
fn azure_place(host: &str, path: &str) -> Option<String> {
    let (organization, path) = match host.strip_suffix(".visualstudio.com") {
        Some(organization) => (organization, path.trim_start_matches("defaultcollection/")),
        None if host == "dev.azure.com" => path.trim_start_matches("v3/").split_once('/')?,
        None => return None,
    };
    let parts: Vec<_> = path.split('/').filter(|part| *part != "_git").collect();
    match parts[..] {
        [repository] => Some(format!("dev.azure.com/{organization}/{repository}/{repository}")),
        [project, repository] => Some(format!("dev.azure.com/{organization}/{project}/{repository}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use reqwest::Url;

    use super::is_same;
    use crate::git::url_without_login;

    fn url(text: &str) -> Url {
        url_without_login(text).unwrap_or_else(|| panic!("{text} is none"))
    }

    #[test]
    fn the_names_of_a_forge() {
        for same in [
            &["https://github.com/org/app", "git@github.com:org/app.git", "ssh://git@ssh.github.com:443/org/app.git"][..],
            &["http://bitbucket.org/org/app", "ssh://git@altssh.bitbucket.org:443/org/app.git"],
            &["https://gitlab.com/org/app", "ssh://git@altssh.gitlab.com:443/org/app.git"],
            &[
                "https://org@dev.azure.com/org/P%20x/_git/app",
                "https://dev.azure.com/org/P x/_git/app",
                "git@ssh.dev.azure.com:v3/org/P%20x/app",
                "org@vs-ssh.visualstudio.com:v3/org/P%20x/app",
                "https://org.visualstudio.com/P%20x/_git/app",
                "https://org.visualstudio.com/DefaultCollection/P%20x/_git/app",
            ],
            &["https://dev.azure.com/org/app/_git/app", "https://dev.azure.com/org/_git/app"],
        ] {
            for (one, other) in same.iter().flat_map(|one| same.iter().map(move |other| (one, other))) {
                assert!(is_same(&url(one), &url(other)), "{one} {other}");
            }
        }
        for (one, other) in [
            ("https://github.com/org/app", "https://ssh.github.com/org/app"),
            ("git@github.com:org/app", "ssh://git@github.com:2222/org/app"),
            ("https://dev.azure.com/org/app/_git/app", "https://dev.azure.com/org/other/_git/app"),
            ("https://dev.azure.com/org/_git/app", "https://dev.azure.com/org/app/_git/other"),
            ("https://dev.azure.com/org/P/_git/app", "https://other.visualstudio.com/P/_git/app"),
        ] {
            assert!(!is_same(&url(one), &url(other)), "{one} {other}");
        }
    }
}
