//! `http.<url>.*` as git looks it up: of all sections whose URL matches the remote's, the most specific wins (git's
//! `urlmatch.c`). gix 0.90 reads plain `http.*` only, and so would not see what actions/checkout writes.

use std::path::PathBuf;

use gix::bstr::ByteSlice as _;
use gix::config::Boolean;
use gix::config::file::SectionRef;

/// How well a section fits: plain `http.*` is the least, then host, path and user decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Specificity {
    host: usize,
    path: usize,
    user: bool,
}

/// Returns how well `pattern` fits `url`; `None` if it does not.
fn specificity(pattern: &gix::Url, url: &gix::Url) -> Option<Specificity> {
    if pattern.scheme != url.scheme || pattern.port_or_default() != url.port_or_default() {
        return None;
    }
    let (host, wanted) = (pattern.host()?, url.host()?);
    let labels = |host: &str| host.split('.').map(str::to_ascii_lowercase).collect::<Vec<_>>();
    let (pattern_labels, labels) = (labels(host), labels(wanted));
    let hosts_match = pattern_labels.len() == labels.len()
        && pattern_labels.iter().zip(&labels).all(|(pattern, label)| pattern == "*" || pattern == label);
    let users_match = pattern.user().is_none() || pattern.user() == url.user();
    let prefix = pattern.path.trim_end_with(|c| c == '/');
    let path = url.path.trim_end_with(|c| c == '/');
    let rest = path.strip_prefix(prefix)?;
    let paths_match = rest.is_empty() || rest.starts_with(b"/");
    (hosts_match && users_match && paths_match).then_some(Specificity {
        // A literal host beats one with wildcards, and any host beats the plain section.
        host: 1 + host.len() - host.matches('*').count(),
        path: prefix.len(),
        user: pattern.user().is_some(),
    })
}

/// Reads the URL of a section. As for git, the case of its scheme does not matter, and a blank is the same as `%20`.
fn parsed(pattern: &str) -> Option<gix::Url> {
    let (scheme, rest) = pattern.split_once("://")?;
    let pattern = format!("{}://{}", scheme.to_ascii_lowercase(), rest.replace(' ', "%20"));
    gix::url::parse(pattern.as_bytes().as_bstr()).ok()
}

/// Returns the values of `http.KEY` for `url` in the order of the file, without those that a more specific section before
/// them overrides. A key without a value has an empty one.
fn values(config: &gix::config::File, key: &str, url: &gix::Url) -> Vec<String> {
    of_sections(config, url, |section| {
        section.values(key).iter().map(|value| value.to_str_lossy().into_owned()).collect()
    })
}

/// Returns whether `http.KEY` for `url` is true; `None` if it is not set, or neither true nor false.
fn is_true(config: &gix::config::File, key: &str, url: &gix::Url) -> Option<bool> {
    let last = of_sections(config, url, |section| section.value_implicit(key).into_iter().collect()).pop()?;
    match last {
        // A key without a value is true, one with an empty value is not.
        None => Some(true),
        Some(text) => Boolean::try_from(text.as_bstr()).ok().map(|Boolean(value)| value),
    }
}

/// Returns what `read` finds in the sections `http` for `url` in the order of the file, without what a more specific section
/// before them overrides.
fn of_sections<T>(config: &gix::config::File, url: &gix::Url, read: impl Fn(&SectionRef<'_>) -> Vec<T>) -> Vec<T> {
    let mut found = Vec::new();
    for section in config.sections_by_name("http").into_iter().flatten() {
        let specificity = match section.header().subsection_name() {
            None => Some(Specificity::default()),
            Some(pattern) => parsed(&pattern.to_str_lossy()).and_then(|pattern| specificity(&pattern, url)),
        };
        if let Some(specificity) = specificity {
            found.extend(read(&section).into_iter().map(|value| (specificity, value)));
        }
    }
    let mut best = Specificity::default();
    found.retain(|(specificity, _)| {
        let kept = *specificity >= best;
        best = best.max(*specificity);
        kept
    });
    found.into_iter().map(|(_, value)| value).collect()
}

/// The settings of git's configuration for HTTP to one remote.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::git) struct HttpSettings {
    /// Header lines (`http.extraHeader`).
    pub(in crate::git) extra_headers: Vec<String>,
    /// The proxy's URL (`http.proxy`); empty: no proxy, even if the environment names one.
    pub(in crate::git) proxy: Option<String>,
    /// A file of CA certificates that replace the system's (`http.sslCAInfo`).
    pub(in crate::git) ca_file: Option<PathBuf>,
    /// The file of the certificate to show to a server that requires one (`http.sslCert`).
    pub(in crate::git) client_certificate: Option<NamedFile>,
    /// The file of its key, if it is another one (`http.sslKey`).
    pub(in crate::git) client_key: Option<NamedFile>,
    /// The setting that turns the check of certificates off; `None` if they are checked.
    pub(in crate::git) unverified_by: Option<&'static str>,
    /// Whether the server must have a certain key (`http.pinnedPubkey`).
    pub(in crate::git) is_pinned: bool,
    /// Whether git would send cookies (`http.cookieFile`), of which one may be a login.
    pub(in crate::git) has_cookies: bool,
    /// Whether redirects are forbidden (`http.followRedirects`).
    pub(in crate::git) follows_no_redirect: bool,
}

/// A file, and the setting or the variable that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::git) struct NamedFile {
    pub(in crate::git) path: PathBuf,
    pub(in crate::git) named_by: &'static str,
}

/// What git's variables say of TLS. Each counts before its setting.
#[derive(Debug, Clone, Default)]
pub struct TlsVariables {
    /// `GIT_SSL_CAINFO`
    pub ca_file: Option<PathBuf>,
    /// `GIT_SSL_CERT`
    pub client_certificate: Option<PathBuf>,
    /// `GIT_SSL_KEY`
    pub client_key: Option<PathBuf>,
    /// `GIT_SSL_NO_VERIFY`
    pub unverified: bool,
}

impl HttpSettings {
    pub(in crate::git) fn read(config: &gix::config::File, url: &gix::Url, variables: &TlsVariables) -> Self {
        let last = |key| values(config, key, url).pop();
        let set = |key| last(key).filter(|path| !path.is_empty()).map(PathBuf::from);
        let file = |variable: &Option<PathBuf>, name, key, setting| {
            let named = |path, named_by| NamedFile { path, named_by };
            variable.clone().map(|path| named(path, name)).or_else(|| Some(named(set(key)?, setting)))
        };
        Self {
            extra_headers: extra_headers(config, url),
            proxy: last("proxy"),
            is_pinned: set("pinnedPubkey").is_some(),
            has_cookies: set("cookieFile").is_some(),
            // It may be `initial` as well.
            follows_no_redirect: is_true(config, "followRedirects", url) == Some(false),
            ca_file: variables.ca_file.clone().or_else(|| set("sslCAInfo")),
            client_certificate: file(&variables.client_certificate, "GIT_SSL_CERT", "sslCert", "http.sslCert"),
            client_key: file(&variables.client_key, "GIT_SSL_KEY", "sslKey", "http.sslKey"),
            unverified_by: match variables.unverified {
                true => Some("GIT_SSL_NO_VERIFY"),
                false => is_true(config, "sslVerify", url).filter(|verify| !verify).map(|_| "http.sslVerify"),
            },
        }
    }
}

/// What a remote is for. git may have another address to push to than to fetch from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RemoteUse {
    #[default]
    Read,
    /// A push, and what is read before it: the branch that is written is read where it is written.
    Push,
}

/// Returns `url` with its beginning replaced as `url.<base>.insteadOf` says. For a push, `pushInsteadOf` counts before that. The
/// longest match counts.
pub(in crate::git) fn rewritten(config: &gix::config::File, url: &str, remote_use: RemoteUse) -> String {
    let keys = match remote_use {
        RemoteUse::Read => &["insteadOf"][..],
        RemoteUse::Push => &["pushInsteadOf", "insteadOf"],
    };
    let by_key = |key: &&str| {
        let sections = config.sections_by_name("url").into_iter().flatten();
        let fitting = sections.flat_map(|section| {
            let base = section.header().subsection_name();
            let fitting = section.values(key).into_iter().filter_map(|beginning| {
                let rest = url.strip_prefix(&*beginning.to_str_lossy())?;
                Some((rest.len(), format!("{}{rest}", base?)))
            });
            fitting.collect::<Vec<_>>()
        });
        fitting.min_by_key(|(rest, _)| *rest).map(|(_, rewritten)| rewritten)
    };
    keys.iter().find_map(by_key).unwrap_or_else(|| url.to_owned())
}

/// Returns the header lines of `http.extraHeader` for `url`. As for git, an empty one clears those before it.
fn extra_headers(config: &gix::config::File, url: &gix::Url) -> Vec<String> {
    let values = values(config, "extraHeader", url);
    let start = values.iter().rposition(String::is_empty).map_or(0, |reset| reset + 1);
    values[start..].to_vec()
}

#[cfg(test)]
mod tests {
    use super::{HttpSettings, RemoteUse, TlsVariables, extra_headers, rewritten};

    fn headers(config: &str, url: &str) -> Vec<String> {
        let file = gix::config::File::try_from(config).unwrap();
        extra_headers(&file, &gix::url::parse(url).unwrap())
    }

    /// As `git config --type=bool --get-urlmatch` says.
    #[test]
    fn certificates_are_checked_unless_a_setting_says_no() {
        for (config, expected) in [
            ("", true),
            ("[http]\nsslVerify", true),
            ("[http]\nsslVerify = false", false),
            ("[http]\nsslVerify = false\nsslVerify", true),
            ("[http]\nsslVerify = false\n[http \"https://h\"]\nsslVerify", true),
            ("[http]\nsslVerify\n[http \"https://h\"]\nsslVerify = no", false),
            ("[http]\nsslVerify =", false),
            ("[http]\nsslVerify = 1", true),
        ] {
            let file = gix::config::File::try_from(config).unwrap();
            let url = gix::url::parse("https://h/x").unwrap();
            let settings = HttpSettings::read(&file, &url, &TlsVariables::default());
            assert_eq!(settings.unverified_by.is_none(), expected, "{config}");
        }
    }

    /// Each expectation is what `git config --get-urlmatch` prints, or for several values what git sends.
    #[test]
    fn the_most_specific_section_wins() {
        let url = "https://github.com/org/repo.git";
        for (config, expected) in [
            ("[http \"https://github.com/\"]\nextraheader = A: 1", &["A: 1"][..]),
            ("[http]\nextraheader = A: 1", &["A: 1"]),
            ("[http]\nextraheader = A: 1\n[http \"https://github.com/\"]\nextraheader = B: 2", &["A: 1", "B: 2"]),
            ("[http \"https://github.com/\"]\nextraheader = B: 2\n[http]\nextraheader = A: 1", &["B: 2"]),
            ("[http \"https://github.com/org\"]\nextraheader = A: 1", &["A: 1"]),
            ("[http \"https://github.com/org/re\"]\nextraheader = A: 1", &[]),
            ("[http \"https://github.com:443/\"]\nextraheader = A: 1", &["A: 1"]),
            ("[http \"http://github.com/\"]\nextraheader = A: 1", &[]),
            ("[http \"https://*.com/\"]\nextraheader = A: 1", &["A: 1"]),
            ("[http \"https://GitHub.com/\"]\nextraheader = A: 1", &["A: 1"]),
            ("[http \"HTTPS://github.com/\"]\nextraheader = A: 1", &["A: 1"]),
            ("[http \"https://github.com.evil.org/\"]\nextraheader = A: 1", &[]),
            ("[http \"https://someone@github.com/\"]\nextraheader = A: 1", &[]),
            ("[http]\nextraheader = A: 1\nextraheader =\nextraheader = B: 2", &["B: 2"]),
            ("[http]\nextraheader = A: 1\nextraheader =", &[]),
        ] {
            assert_eq!(headers(config, url), expected, "{config}");
        }
        let config = "[http \"https://github.com/a b/\"]\nextraheader = A: 1";
        assert_eq!(headers(config, "https://github.com/a%20b/c"), ["A: 1"]);
    }

    #[test]
    fn proxies_and_certificates() {
        let read = |config: &str| {
            let file = gix::config::File::try_from(config).unwrap();
            let url = gix::url::parse("https://git.example/org/repo").unwrap();
            HttpSettings::read(&file, &url, &TlsVariables::default())
        };
        assert_eq!(read(""), HttpSettings::default());
        let settings = read(
            "[http]\nproxy = http://one\nsslVerify = true\n\
             [http \"https://git.example\"]\nproxy = http://two\nsslCAInfo = /ca.pem\nsslVerify = false",
        );
        assert_eq!(settings.proxy.as_deref(), Some("http://two"));
        assert_eq!(settings.ca_file.unwrap().to_str(), Some("/ca.pem"));
        assert_eq!(settings.unverified_by, Some("http.sslVerify"));
        assert_eq!(read("[http]\nproxy = http://one\n[http]\nproxy =").proxy.as_deref(), Some(""));
    }

    #[test]
    fn other_beginnings() {
        let config = "[url \"ssh://git@host/\"]\ninsteadOf = https://host/\n\
                      [url \"file:///srv/\"]\ninsteadOf = https://host/deep/\n\
                      [url \"ssh://push@host/\"]\npushInsteadOf = https://other/\ninsteadOf = https://other/deeper/";
        let file = gix::config::File::try_from(config).unwrap();
        for (url, expected) in [
            ("https://host/a", "ssh://git@host/a"),
            ("https://host/deep/a", "file:///srv/a"),
            ("https://other/deeper/a", "ssh://push@host/deeper/a"),
            ("https://third/a", "https://third/a"),
        ] {
            assert_eq!(rewritten(&file, url, RemoteUse::Push), expected, "{url}");
        }
        for (url, expected) in [
            ("https://host/deep/a", "file:///srv/a"),
            ("https://other/deeper/a", "ssh://push@host/a"),
            ("https://other/a", "https://other/a"),
        ] {
            assert_eq!(rewritten(&file, url, RemoteUse::Read), expected, "{url}");
        }
    }
}
