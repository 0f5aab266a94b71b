//! The host of a forge by which a repository is known: a few forges have other names for ssh, so that it passes a firewall.

use reqwest::Url;

/// Returns the host that serves the pages of a remote's forge.
pub(crate) fn web_host(remote: &Url) -> Option<String> {
    let host = remote.host_str()?.trim_end_matches('.').to_ascii_lowercase();
    Some(match (remote.scheme(), host.as_str()) {
        ("ssh", "ssh.github.com") => "github.com".to_owned(),
        ("ssh", "altssh.gitlab.com") => "gitlab.com".to_owned(),
        ("ssh", "altssh.bitbucket.org") => "bitbucket.org".to_owned(),
        ("ssh", "ssh.dev.azure.com" | "vs-ssh.visualstudio.com") => "dev.azure.com".to_owned(),
        _ => host,
    })
}
