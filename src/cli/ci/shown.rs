//! URLs and names of repositories as they may be shown: they come from variables of CI systems, where a login may have been
//! put into them, and go into commits. What is not understood is not shown at all.

/// Returns a URL without its login, parameters, query and fragment, or the `USER@HOST:PATH` of ssh; `None` if it is neither, or if its path
/// looks as if a part of a login were in it. The user of an ssh URL stays, because it belongs to the address.
pub(in crate::cli) fn url(text: &str) -> Option<String> {
    let Some((scheme, rest)) = text.split_once("://") else { return ssh_address(text) };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c));
    let scheme = scheme.to_ascii_lowercase();
    let rest = rest.split(['?', '#', ';']).next().unwrap_or_default();
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (login, host) = authority.rsplit_once('@').map_or((None, authority), |(login, host)| (Some(login), host));
    let user = login.filter(|_| scheme.ends_with("ssh")).and_then(|login| login.split(':').next());
    let is_place = is_host(host) || (scheme == "file" && host.is_empty());
    if !is_scheme || !is_place || !is_path(path) || !user.is_none_or(is_user) {
        return None;
    }
    Some(match user {
        Some(user) => format!("{scheme}://{user}@{host}{path}"),
        None => format!("{scheme}://{host}{path}"),
    })
}

/// Returns a name of a repository, such as `owner/repo`, or another word that a URL is made of.
pub(super) fn name(text: &str) -> Option<String> {
    let has_login = text.contains(['@', '?', '#', ':', '\\']) || text.contains(char::is_control);
    (!text.is_empty() && !has_login).then(|| text.to_owned())
}

/// Returns `USER@HOST:PATH`, as ssh takes it, or `HOST:PATH`.
fn ssh_address(text: &str) -> Option<String> {
    let (place, path) = text.split_once(':')?;
    let (user, host) = place.split_once('@').map_or((None, place), |(user, host)| (Some(user), host));
    let is_address = user.is_none_or(is_user) && is_host(host) && !path.is_empty() && is_path(path);
    is_address.then(|| text.to_owned())
}

fn is_user(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

fn is_host(text: &str) -> bool {
    // A password may look like a port.
    let is_port = |port: &str| port.ends_with(']') || port.chars().all(|c| c.is_ascii_digit());
    let has_port = text.rsplit_once(':').is_none_or(|(_, port)| is_port(port));
    !text.is_empty() && has_port && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_:[]".contains(c))
}

fn is_path(text: &str) -> bool {
    !text.contains(['@', '?', '#']) && !text.contains(char::is_control) && !text.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::{name, url};

    #[test]
    fn urls_without_logins() {
        for (text, expected) in [
            ("https://h/a/b", Some("https://h/a/b")),
            ("https://user:pass@h:8443/a/b", Some("https://h:8443/a/b")),
            ("HTTPS://u:p@h/a", Some("https://h/a")),
            ("http://token@h", Some("http://h")),
            ("ssh://git@h/a", Some("ssh://git@h/a")),
            ("ssh://git:p@h/a", Some("ssh://git@h/a")),
            ("git@h:a/b.git", Some("git@h:a/b.git")),
            ("file:///srv/a", Some("file:///srv/a")),
            ("h:a/b.git", Some("h:a/b.git")),
            ("https://h/a?token=p#p", Some("https://h/a")),
            ("https://h/a;jsessionid=p", Some("https://h/a")),
            ("https://[::1]:80/a", Some("https://[::1]:80/a")),
            ("https://u:p#q@h/a", None),
            ("https://h/a@b", None),
            ("https://u:p/q@h/a", None),
            ("u:p@h:a/b.git", None),
            ("u:p@h/a/b.git", None),
            ("https://", None),
            ("nonsense", None),
        ] {
            assert_eq!(url(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn names_of_repositories() {
        for text in ["group/sub/app", "My Project"] {
            assert_eq!(name(text).as_deref(), Some(text));
        }
        for text in ["", "u:p@h/o/r", "o/r?token=p", "o/r#p", "a:b"] {
            assert_eq!(name(text), None, "{text}");
        }
    }
}
