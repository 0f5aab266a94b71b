//! What to ask registries, and how.

use std::time::Duration;

use super::required_claims::required_claims;
use crate::cli::{Environment, RegistryArguments, RequirementArguments, VerificationArguments};
use crate::image::{Platform, is_registry};
use crate::message::each_once;
use crate::outcome::failure::Failure;
use crate::registry::{
    ExpectedSource, LoginSources, Proxies, Requirement, RevisedImages, Revision, SourceNaming, Trust,
};
use crate::request::image_options::logins;
use crate::request::values::{duration, filled, listed};

/// What to ask registries, and how.
pub struct RegistryRequest {
    pub requirements: Vec<Requirement>,
    /// How long to wait for an image.
    pub wait: Option<Duration>,
    pub plain_http: Vec<String>,
    pub trust: Trust,
    pub proxies: Proxies,
    pub timeout: Duration,
    pub logins: LoginSources,
}

impl RegistryRequest {
    pub(in crate::request) fn new(
        arguments: &RegistryArguments,
        required: Option<(&RequirementArguments, &VerificationArguments)>,
        environment: &Environment,
    ) -> Result<Self, Failure> {
        let wait = required.and_then(|(required, _)| required.wait.as_deref()).map(|text| duration("--wait", text));
        Ok(Self {
            requirements: required.map(requirements).transpose()?.unwrap_or_default(),
            wait: wait.transpose()?,
            plain_http: plain_http(&arguments.plain_http)?,
            trust: logins::trust(environment, arguments.ca_file.clone()),
            proxies: logins::proxies(environment)?,
            timeout: duration("--timeout", &arguments.timeout)?,
            logins: logins::sources(environment)?,
        })
    }
}

/// Reads the registries without TLS: `host` or `host:port`, also as the beginning of a URL.
fn plain_http(values: &[String]) -> Result<Vec<String>, Failure> {
    listed("--plain-http", values)?.iter().map(|text| plain_http_host(text)).collect()
}

fn plain_http_host(text: &str) -> Result<String, Failure> {
    let refused = |why: &str| {
        let failure = Failure::usage(format!("`{text}` is not a registry without TLS: {why}"));
        failure.hint("name it with `--plain-http` as `host` or `host:port`")
    };
    let lowercase = text.to_ascii_lowercase();
    let host = match lowercase.split_once("://") {
        Some(("http", rest)) => rest,
        Some(("https", _)) => return Err(refused("`https` is TLS")),
        Some(_) => return Err(refused("it is a URL of another kind")),
        None => &lowercase,
    };
    let host = host.strip_suffix('/').unwrap_or(host);
    if host.contains('*') {
        return Err(refused("`*` stands for no host; name each one"));
    }
    if !is_registry(host) {
        return Err(refused("it is not a host"));
    }
    Ok(host.to_owned())
}

const COMMIT_HINT: &str = "give at least 7 of its hexadecimal digits, as `git rev-parse HEAD` prints them";

fn requirements(
    (arguments, verification): (&RequirementArguments, &VerificationArguments),
) -> Result<Vec<Requirement>, Failure> {
    let platform = |text: &str| {
        let parsed = text.trim().parse();
        parsed.map_err(|error| Failure::usage(format!("`{text}` is not a platform: {error}")))
    };
    let listed = listed("--platform", &arguments.platforms)?;
    let platforms: Vec<Platform> =
        listed.iter().flat_map(|text| text.split(',')).map(platform).collect::<Result<_, _>>()?;
    let platforms = each_once(platforms);
    let mut requirements: Vec<_> = platforms.iter().cloned().map(Requirement::Platform).collect();
    let mut source = None;
    if let Some(text) = &arguments.expect_revision {
        let revision = Revision::new(filled("--expect-revision", text)?)
            .ok_or_else(|| Failure::usage(format!("`{text}` is not the id of a commit")).hint(COMMIT_HINT))?;
        let images = if platforms.is_empty() { RevisedImages::All } else { RevisedImages::For(platforms) };
        requirements.push(Requirement::Revision(revision.clone(), images));
        source = Some(ExpectedSource { repository: None, revision, named_by: SourceNaming::Revision });
    }
    requirements.extend(required_claims(verification, source)?);
    Ok(requirements)
}

#[cfg(test)]
mod tests {
    use super::plain_http_host;

    #[test]
    fn registries_without_tls() {
        for (text, expected) in [
            ("lan", Some("lan")),
            ("lan:5000", Some("lan:5000")),
            ("LAN", Some("lan")),
            ("http://lan", Some("lan")),
            ("HTTP://lan:5000/", Some("lan:5000")),
            ("lan/", Some("lan")),
            ("10.0.0.5:5000", Some("10.0.0.5:5000")),
            ("[fd00::1]", Some("[fd00::1]")),
            ("[fd00::1]:5000", Some("[fd00::1]:5000")),
            ("https://lan", None),
            ("ftp://lan", None),
            ("*.lan", None),
            (".lan", None),
            ("*", None),
            ("lan/org", None),
            ("http://lan/v2/", None),
            ("lan:", None),
            ("lan:99999", None),
            ("me@lan", None),
            ("http://", None),
            ("[fd00::1", None),
            ("lan//", None),
        ] {
            assert_eq!(plain_http_host(text).ok().as_deref(), expected, "{text}");
        }
    }
}
