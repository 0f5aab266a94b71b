//! What a registry's verdict on an image, or a check without one, means for a person.

use std::time::Duration;

use super::{Failure, FailureKind};
use crate::image::Reference;
use crate::registry::{CheckError, CheckedImage, Finding, LoginSource, Outage, Verdict};

impl Failure {
    /// Returns what is wrong with an image that was checked, after `wait` if that is given; nothing if the image is there
    /// and meets all requirements.
    pub fn of_check(reference: &Reference, checked: &CheckedImage, wait: Option<Duration>) -> Vec<Self> {
        let registry = reference.registry();
        if let Some(failure) = of_verdict(&format!("`{reference}`"), registry, &checked.verdict, &checked.source, wait)
        {
            return vec![failure];
        }
        let mut failures = Vec::new();
        for finding in &checked.findings {
            let failure = match finding {
                Finding::Met => continue,
                Finding::OtherPlatforms { wanted, found } => {
                    let failure = Self::new(FailureKind::Image, format!("`{reference}` is not for {wanted}"));
                    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
                    failure
                        .detail(match found.as_slice() {
                            [] => "it names no platform".to_owned(),
                            found => format!("it is for {}", found.join(", ")),
                        })
                        .hint("check that the build pushes all platforms under this one tag")
                }
                Finding::OtherRevision { wanted, found: Some(found) } => {
                    Self::new(FailureKind::Image, format!("`{reference}` is not the build of {wanted}"))
                        .detail(format!("its revision is `{found}`"))
                        .hint("check whether another build pushed the tag")
                }
                Finding::OtherRevision { wanted, found: None } => Self::new(
                    FailureKind::Image,
                    format!("`{reference}` does not name the commit that it was built from, which must be {wanted}"),
                )
                .hint("set the label `org.opencontainers.image.revision` in the build, as docker/metadata-action does"),
                Finding::Blocked { part, verdict } => {
                    match of_verdict(&format!("{part} of `{reference}`"), registry, verdict, &checked.source, wait) {
                        Some(failure) => failure,
                        None => continue,
                    }
                }
            };
            if !failures.contains(&failure) {
                failures.push(failure);
            }
        }
        failures
    }

    /// Returns the failure of a check that came to no verdict.
    pub fn check(reference: &Reference, error: CheckError) -> Self {
        let kind = match &error {
            CheckError::Bare(_) | CheckError::Host(_) | CheckError::Config { .. } | CheckError::Authority { .. } => {
                FailureKind::Usage
            }
            CheckError::Helper { .. } | CheckError::Scheme { .. } => FailureKind::Unauthorized,
            CheckError::InvalidResponse { .. } => FailureKind::Unavailable,
            CheckError::Misdirected { .. } | CheckError::Setup(_) => FailureKind::Unexpected,
        };
        let failure = Self::new(kind, format!("cannot check `{reference}`"));
        let failure = match &error {
            CheckError::Setup(_) => {
                failure.hint("install the system's CA certificates (`ca-certificates`), or set `SSL_CERT_FILE`")
            }
            _ => failure,
        };
        failure.detail(format!("{:#}", anyhow::Error::from(error)))
    }
}

/// Returns the failure that a verdict on `what` means; `None` if it is there.
fn of_verdict(
    what: &str,
    registry: &str,
    verdict: &Verdict,
    source: &LoginSource,
    wait: Option<Duration>,
) -> Option<Failure> {
    Some(match verdict {
        Verdict::Present(_) => return None,
        Verdict::Mismatch { found, .. } => {
            Failure::new(FailureKind::Image, format!("{what} has another digest in the registry"))
                .detail(format!("the registry has {}", found.digest))
                .hint("was the tag pushed again? release the digest that the tag has now, or the tag alone")
        }
        Verdict::Absent(answer) => Failure::new(FailureKind::Image, format!("{what} is not in the registry"))
            .detail(answer.to_string())
            .hint(match wait {
                Some(_) => "`--wait` ended without it; does the build push exactly this name and tag?",
                None => "if the build is still pushing, `--wait 5m` waits for it",
            }),
        Verdict::NoAccess(answer) => {
            let message = format!("{what} is not there, or this login may not see it");
            let failure = Failure::new(FailureKind::Unauthorized, message).detail(answer.to_string());
            match source {
                LoginSource::NotAsked | LoginSource::Anonymous => {
                    failure.hint(format!("log in with `docker login`; no login for {registry} was found"))
                }
                source => failure.hint(format!("check what the login from {source} may read")),
            }
        }
        Verdict::LoginRejected(answer) => {
            Failure::new(FailureKind::Unauthorized, format!("{registry} does not accept the login"))
                .detail(answer.to_string())
                .hint(format!("check the login from {source}; is it expired?"))
        }
        Verdict::Withheld(answer) => {
            Failure::new(FailureKind::Image, format!("{what} is in the registry, which does not allow the pull"))
                .detail(answer.to_string())
                .hint(match wait {
                    Some(_) => "`--wait` ended before the registry allowed the pull; check its policy for this project",
                    None => "if it is still being scanned or signed, `--wait 5m` waits for it",
                })
        }
        Verdict::Refused(answer) => {
            Failure::new(FailureKind::Unexpected, format!("cannot check {what}: the request was refused"))
                .detail(answer.to_string())
                .hint(format!("check that `{registry}` is a registry, and whether it speaks TLS"))
        }
        Verdict::RateLimited(answer) => {
            Failure::new(FailureKind::Unavailable, format!("{registry} limits the rate of requests"))
                .detail(answer.to_string())
                .hint("try again later; a login often raises the limit")
        }
        Verdict::Unavailable(outage) => {
            Failure::new(FailureKind::Unavailable, format!("cannot check {what}: the registry is unavailable"))
                .detail(outage.to_string())
                .hint(match outage {
                    Outage::Untrusted { .. } => {
                        "name your own CA certificate with `--ca-file`, or a registry without TLS with `--plain-http`"
                    }
                    Outage::NoAnswer { cause, .. } => cause.hint(),
                    Outage::Answered(_) => "try again, or allow for more tries with `--timeout`",
                })
        }
    })
}
