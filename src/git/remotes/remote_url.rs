//! The text of a remote's URL, as git reads it. gix refuses some of what git takes.

use gix::bstr::ByteSlice as _;

/// Parses a URL, a local path, or `HOST:PATH` of ssh; `None` if it is none. gix quotes the URL in its message, its password
/// included, so that is not kept.
pub(in crate::git) fn parsed(text: &str) -> Option<gix::Url> {
    let parse = |text: &str| gix::url::parse(text.as_bytes().as_bstr()).ok();
    if text.contains("://") {
        return parse(&escaped(text));
    }
    let Some((text, port)) = without_brackets(text) else { return parse(text) };
    let mut url = parse(&text)?;
    url.port = port;
    Some(url)
}

/// Returns a URL with escapes for a blank, and for a `%` that begins none: git takes both as they are.
fn escaped(text: &str) -> String {
    let mut parts = text.split('%');
    let mut escaped = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_escape = part.as_bytes().get(..2).is_some_and(|code| code.iter().all(u8::is_ascii_hexdigit));
        escaped.push_str(if is_escape { "%" } else { "%25" });
        escaped.push_str(part);
    }
    escaped.replace(' ', "%20")
}

/// Returns the host of `url`, which `text` was parsed to, as it is written there. gix makes its letters small, and those of a
/// host in ssh's own configuration count.
pub(in crate::git) fn written_host<'t>(text: &'t str, url: &gix::Url) -> Option<&'t str> {
    let host = url.host()?;
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let starts = std::iter::once(0).chain(rest.match_indices('@').map(|(at, _)| at + 1));
    starts.map(|start| rest[start..].trim_start_matches('[')).find_map(|rest| {
        let (written, after) = rest.split_at_checked(host.len())?;
        let is_all = after.is_empty() || after.starts_with([':', '/', ']']);
        (is_all && written.eq_ignore_ascii_case(host)).then_some(written)
    })
}

/// Returns `[USER@HOST:PORT]:PATH` or `USER@[HOST:PORT]:PATH` without its brackets and the port, and the port. `None` if it has
/// another form: an IPv6 address keeps its brackets.
fn without_brackets(text: &str) -> Option<(String, Option<u16>)> {
    let (user, rest) = match text.strip_prefix('[') {
        Some(rest) => ("", rest),
        None => text.split_once("@[")?,
    };
    let (inside, path) = rest.split_once(']').filter(|(_, path)| path.starts_with(':'))?;
    let (host, port) = match inside.split_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (inside, None),
    };
    let at = if user.is_empty() { "" } else { "@" };
    (!host.is_empty() && !user.contains(['/', ':'])).then(|| (format!("{user}{at}{host}{path}"), port))
}

#[cfg(test)]
mod tests {
    use super::{parsed, written_host};

    #[test]
    fn the_host_as_it_is_written() {
        for (text, host) in [
            ("ssh://Work/x", "Work"),
            ("ssh://work@Work:22/x", "Work"),
            ("Work:Work/x", "Work"),
            ("git@Work:x@work", "Work"),
            ("[u@Work:22]:x", "Work"),
            ("u@[Work:22]:x", "Work"),
            ("[::1]:x", "::1"),
            ("/work/x", ""),
        ] {
            assert_eq!(written_host(text, &parsed(text).unwrap()).unwrap_or_default(), host, "{text}");
        }
    }

    #[test]
    fn what_is_no_escape() {
        for (text, path) in [
            ("http://h/100%.git", "/100%.git"),
            ("http://h/100%25.git", "/100%.git"),
            ("http://h/a b%2", "/a b%2"),
            ("ssh://h/100%.git", "/100%.git"),
            ("ssh://h/100%25.git", "/100%.git"),
            ("file:///d%zz.git", "/d%25zz.git"),
        ] {
            assert_eq!(parsed(text).unwrap_or_else(|| panic!("{text} does not parse")).path, path, "{text}");
        }
        assert_eq!(parsed("http://h/100%.git").unwrap().to_bstring(), "http://h/100%25.git");
    }

    /// Each row is what `GIT_SSH_COMMAND` of git is called with.
    #[test]
    fn a_port_in_brackets() {
        for (text, user, host, port, path) in [
            ("[h:2222]:x.git", None, "h", Some(2222), "x.git"),
            ("[u@h:2222]:x.git", Some("u"), "h", Some(2222), "x.git"),
            ("u@[h:2222]:x.git", Some("u"), "h", Some(2222), "x.git"),
            ("[h:2222]:/srv/x.git", None, "h", Some(2222), "/srv/x.git"),
            ("[h]:x.git", None, "h", None, "x.git"),
            ("u@h:x.git", Some("u"), "h", None, "x.git"),
            ("u@h:[x:1]:y", Some("u"), "h", None, "[x:1]:y"),
            ("[::1]:x.git", None, "::1", None, "x.git"),
        ] {
            let url = parsed(text).unwrap_or_else(|| panic!("{text} does not parse"));
            assert_eq!((url.user(), url.host(), url.port), (user, Some(host), port), "{text}");
            assert_eq!(url.path, path, "{text}");
        }
    }
}
