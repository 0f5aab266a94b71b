//! What a registry's verdict on an image, or a check without one, means for a person.

use std::time::Duration;

use reqwest::Url;

use super::{Failure, FailureKind, NO_AUTHORITIES_HINT, Retry, again, misnamed_hint};
use crate::image::{Digest, Platform, Reference};
use crate::message::each_once;
use crate::registry::{
    Artifact, CheckError, CheckedImage, ConfigProblem, ErrorResponse, Finding, HelperProblem, ImagePlatform,
    InvalidResponse, LocationError, LoginSource, NotShown, Outage, Revision, Verdict,
};
use crate::system::network::connection::ConnectionProblem;
use crate::system::network::http::is_loopback;
use crate::system::network::untrusted_certificate::CertificateFlaw;

/// How many platforms of an image are named: an index may list any number of them.
const MAX_PLATFORMS_NAMED: usize = 20;

impl Failure {
    /// Returns what is wrong with an image that was checked, after `wait` if that is given; nothing if the image is there
    /// and meets all requirements.
    pub fn of_check(reference: &Reference, checked: &CheckedImage, wait: Option<Duration>) -> Vec<Self> {
        let registry = reference.registry();
        if let Some(failure) = of_verdict(&format!("`{reference}`"), registry, &checked.verdict, &checked.source, wait)
        {
            return vec![failure];
        }
        each_once(checked.findings.iter().filter_map(|finding| match finding {
            Finding::Met => None,
            Finding::OtherPlatforms { wanted, found } => Some(other_platforms(reference, wanted, found)),
            Finding::OtherRevision { wanted, found, image } => {
                Some(other_revision(reference, wanted, found.as_deref(), image.as_ref()))
            }
            Finding::NotClaimed { wanted, rejected } => Some(Self::unclaimed(reference, wanted, rejected, wait)),
            Finding::Blocked { part, verdict } => {
                of_verdict(&format!("{part} of `{reference}`"), registry, verdict, &checked.source, wait)
            }
        }))
    }

    /// Returns what is wrong with a tag that was checked before, and that must still mean `digest`.
    pub fn of_second_check(reference: &Reference, digest: &Digest, checked: &CheckedImage) -> Vec<Self> {
        match &checked.verdict {
            Verdict::Mismatch { found, .. } => {
                let failure = Self::new(FailureKind::Image, format!("`{reference}` was moved after it was checked"));
                vec![
                    failure.detail(format!("checked {digest}; the registry has {} now", found.digest)).hint(
                        "release again to check what the tag means now; `--pin-digest` releases what was checked",
                    ),
                ]
            }
            _ => Self::of_check(reference, checked, None),
        }
    }

    /// Returns the failure of a check that came to no verdict.
    pub fn check(reference: &Reference, error: CheckError) -> Self {
        let kind = FailureKind::of_check(&error);
        let failure = Self::new(kind, format!("cannot check `{reference}`"));
        let failure = failure.hint(hint_of(&error));
        failure.detail(format!("{:#}", anyhow::Error::from(error)))
    }
}

/// Returns what to do about a check that came to no verdict.
fn hint_of(error: &CheckError) -> String {
    let hint = match error {
        CheckError::Bare(_) => "add `:TAG` or `@DIGEST`",
        CheckError::Host(_) => "correct the host in the name of the image",
        CheckError::Helper { source: HelperProblem::Missing, .. } => {
            "install it in a folder of `PATH`, or take it out of the docker configuration"
        }
        CheckError::Helper { program, server, .. } => return format!("run `echo {server} | {program} get` to see why"),
        CheckError::Config { source, .. } => configuration_hint(source),
        CheckError::Authority { .. } | CheckError::ClientCertificate(_) => {
            "put a PEM file there that this user can read, or remove the file"
        }
        CheckError::Misnamed(misnamed) => return misnamed_hint(misnamed),
        CheckError::Scheme { .. } => {
            "let the registry ask for `Basic`, or for `Bearer` with a `realm`, as docker knows them"
        }
        CheckError::PlainRealm { .. } => {
            "set the registry's own address to https (Harbor: `external_url`; else `X-Forwarded-Proto`)"
        }
        CheckError::LoginDropped { to, .. } => {
            return format!("set the address of the token server to {to} in the registry's configuration");
        }
        CheckError::LoginInClear { host, .. } => return format!("name {host} in `NO_PROXY`, or give the registry TLS"),
        CheckError::Misdirected { source, .. } => misdirection_hint(*source),
        CheckError::InvalidResponse { source: InvalidResponse::OtherBytes, .. } => {
            "try again; if it stays so, check the registry's store and the proxy, or push the image again"
        }
        CheckError::InvalidResponse { source: InvalidResponse::Nested, .. } => "push it again as one index of images",
        CheckError::InvalidResponse { source: InvalidResponse::NoToken, .. } => {
            "check the token server in the registry's configuration"
        }
        CheckError::InvalidResponse { .. } => NO_REGISTRY_HINT,
        CheckError::Setup(_) => NO_AUTHORITIES_HINT,
    };
    hint.to_owned()
}

const NO_REGISTRY_HINT: &str = "check that the host is a registry, and that no proxy answers in its place";

/// Returns what to do about a docker configuration that cannot be used.
fn configuration_hint(problem: &ConfigProblem) -> &'static str {
    match problem {
        ConfigProblem::Unreadable(_) => "let this user read the file, or name another folder with `DOCKER_CONFIG`",
        ConfigProblem::NamedFile { .. } => "let this user read that file, or name another one",
        ConfigProblem::Malformed { .. } | ConfigProblem::Auth { .. } => "correct it, or delete it and log in again",
        ConfigProblem::HelperName(_) => "name the helper without its prefix `docker-credential-`",
    }
}

impl FailureKind {
    /// Returns what kind of failure it is that a check came to no verdict.
    pub fn of_check(error: &CheckError) -> Self {
        match error {
            error if error.passes() => Self::Unavailable,
            CheckError::Bare(_)
            | CheckError::Host(_)
            | CheckError::Config { .. }
            | CheckError::Authority { .. }
            | CheckError::ClientCertificate(_)
            | CheckError::Misnamed(_) => Self::Usage,
            CheckError::Helper { .. }
            | CheckError::Scheme { .. }
            | CheckError::PlainRealm { .. }
            | CheckError::LoginDropped { .. }
            | CheckError::LoginInClear { .. }
            | CheckError::Misdirected { .. } => Self::Unauthorized,
            CheckError::InvalidResponse { .. } => Self::Image,
            CheckError::Setup(_) => Self::Unexpected,
        }
    }
}

/// Returns what to do if a registry leads to where a check does not go.
fn misdirection_hint(refusal: LocationError) -> &'static str {
    match refusal {
        LocationError::Local => {
            "check the addresses in the registry's configuration: it may lead to a private address only if its own is private, \
             and to this machine only if it runs here"
        }
        LocationError::Downgrade => "set the registry's own address to https in its configuration",
        LocationError::Scheme | LocationError::Login | LocationError::Malformed => {
            "check the address in the registry's configuration"
        }
        LocationError::Circle | LocationError::Endless => WRONG_ADDRESS_HINT,
        LocationError::OtherServer => {
            "log in with `docker login`, or set `TAGSHIP_REGISTRY_HOST`, if this token server is the right one"
        }
    }
}

const WRONG_ADDRESS_HINT: &str = "check the address in the registry's configuration, and the proxy in front of it";

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
        Verdict::NotAnImage(artifact) => {
            Failure::new(FailureKind::Image, format!("{what} is {artifact}")).hint(match artifact {
                Artifact::SchemaOne => "push it again with a current tool, which writes schema 2 or OCI",
                _ => "check the name and the tag, and what the build pushes under them",
            })
        }
        Verdict::Absent(answer) => absent(what, answer, source, wait),
        Verdict::NoAccess(answer) => no_access(what, registry, answer, source, wait),
        Verdict::LoginElsewhere(answer) => login_elsewhere(registry, answer),
        Verdict::LoginRejected(answer) => {
            let failure = Failure::new(FailureKind::Unauthorized, format!("{registry} does not accept the login"));
            failure.detail(answer.to_string()).hint(match answer.says_expired() {
                true => format!("log in again: the login from {source} has expired"),
                false => format!("check the login from {source}, which was shown and refused; is it expired?"),
            })
        }
        Verdict::Withheld(answer) => {
            Failure::new(FailureKind::Image, format!("{what} is in the registry, which does not allow the pull"))
                .detail(answer.to_string())
                .hint(match wait {
                    Some(_) => "`--wait` ended before the registry allowed the pull; check its policy for this project",
                    None => "if it is still being scanned or signed, `--wait 5m` waits for it",
                })
        }
        Verdict::Refused(answer) => refused(what, registry, answer),
        Verdict::RateLimited(answer) => {
            Failure::new(FailureKind::Unavailable, format!("{registry} limits the rate of requests"))
                .detail(answer.to_string())
                .hint(rate_limited(answer, source))
        }
        Verdict::Unavailable(outage) => unavailable(what, outage, wait),
    })
}

/// Returns the failure of a check without an answer to go by: what no retry helps has kinds of its own.
fn unavailable(what: &str, outage: &Outage, wait: Option<Duration>) -> Failure {
    let kind = match outage {
        Outage::NoAnswer { cause, .. } if cause.problem.is_login() => FailureKind::Unauthorized,
        Outage::NoAnswer { cause, .. } if cause.problem == ConnectionProblem::SpeaksTls => FailureKind::Usage,
        _ => FailureKind::Unavailable,
    };
    let failure = Failure::new(kind, format!("cannot check {what}: the registry is unavailable"));
    Failure { retry: Retry::AfterAnOutage, ..failure }.detail(outage.to_string()).hint(match outage {
        Outage::Untrusted { cause, .. }
            if cause.problem != ConnectionProblem::Untrusted(CertificateFlaw::UnknownIssuer) =>
        {
            cause.hint()
        }
        Outage::Untrusted { .. } => {
            "name your own CA certificate with `--ca-file`, or a registry without TLS with `--plain-http`"
        }
        // It was asked in plain HTTP, unless a CA certificate was given.
        Outage::NoAnswer { host, cause } if cause.problem == ConnectionProblem::Closed && is_on_loopback(host) => {
            "try again; if the registry speaks TLS, name its CA certificate with `--ca-file`, and do not name it with `--plain-http`"
        }
        Outage::NoAnswer { cause, .. } => cause.hint(),
        Outage::Page(_) => NO_REGISTRY_HINT,
        Outage::Answered(answer) if answer.status < 400 => WRONG_ADDRESS_HINT,
        Outage::Answered(_) if wait.is_some() => "try again later; `--wait` ended before the registry was available",
        Outage::Answered(_) => "try again, or let `--wait 5m` ask again",
    })
}

fn other_platforms(reference: &Reference, wanted: &Platform, found: &[Platform]) -> Failure {
    let failure = Failure::new(FailureKind::Image, format!("`{reference}` is not for {wanted}"));
    let rest = found.len().saturating_sub(MAX_PLATFORMS_NAMED);
    let named = found.iter().take(MAX_PLATFORMS_NAMED).map(ToString::to_string);
    let named: Vec<_> = named.chain((rest > 0).then(|| format!("and {rest} more"))).collect();
    match named.as_slice() {
        [] => failure
            .detail("it names no platform")
            .hint("build it with a tool that writes its platform, such as docker or buildah"),
        [only] => failure
            .detail(format!("it is for {only}"))
            .hint(format!("build it for {wanted} too, and push both under this one tag")),
        named => failure
            .detail(format!("it is for {}", named.join(", ")))
            .hint("check that the build pushes all platforms under this one tag"),
    }
}

fn other_revision(
    reference: &Reference,
    wanted: &Revision,
    found: Option<&str>,
    image: Option<&ImagePlatform>,
) -> Failure {
    if let Some(found) = found {
        let of_image = image.map(|platform| format!("the revision of its image for {platform}"));
        let whose = of_image.unwrap_or_else(|| "its revision".to_owned());
        return Failure::new(FailureKind::Image, format!("`{reference}` is not the build of {wanted}"))
            .detail(format!("{whose} is `{found}`"))
            .hint("check whether another build pushed the tag");
    }
    let message = format!("`{reference}` does not name the commit that it was built from, which must be {wanted}");
    let failure = Failure::new(FailureKind::Image, message);
    match image {
        Some(platform) => failure.detail(format!("its image for {platform} has no such label")),
        None => failure,
    }
    .hint("set the label `org.opencontainers.image.revision` in the build, as docker/metadata-action does")
}

fn is_on_loopback(host: &str) -> bool {
    Url::parse(&format!("http://{host}")).is_ok_and(|url| is_loopback(&url))
}

fn absent(what: &str, answer: &ErrorResponse, source: &LoginSource, wait: Option<Duration>) -> Failure {
    let failure = Failure::new(FailureKind::Image, format!("{what} is not in the registry"));
    let failure = failure.detail(answer.to_string());
    let failure = match source {
        LoginSource::NotShown { .. }
        | LoginSource::Missing { .. }
        | LoginSource::OfAnother { .. }
        | LoginSource::NamedAlone { .. } => failure.detail(format!("login: {source}")),
        _ => failure,
    };
    match wait {
        Some(_) => failure.hint("`--wait` ended without it; does the build push exactly this name and tag?"),
        None => Failure { retry: Retry::AfterThePush, ..failure }
            .hint("if the build is still pushing, `--wait 5m` waits for it"),
    }
}

fn no_access(
    what: &str,
    registry: &str,
    answer: &ErrorResponse,
    source: &LoginSource,
    wait: Option<Duration>,
) -> Failure {
    let message = format!("{what} is not there, or this login may not see it");
    let hint = login_hint(registry, source);
    Failure::new(FailureKind::Unauthorized, message).detail(answer.to_string()).hint(match wait {
        Some(_) if source.is_shown() => format!("{hint}; `--wait` ended without it"),
        Some(_) => {
            format!("{hint}; there was no wait: without a login, a missing image and a hidden one look the same")
        }
        None => hint,
    })
}

fn login_elsewhere(registry: &str, answer: &ErrorResponse) -> Failure {
    let host = &answer.host;
    if host.eq_ignore_ascii_case(registry) {
        // A login is not sent to another scheme either.
        let message =
            format!("{registry} was asked over plain HTTP, and redirects to HTTPS, where it requires a login");
        return Failure::new(FailureKind::Unauthorized, message).detail(answer.to_string()).hint(match is_on_loopback(
            host,
        ) {
            true => "name its CA certificate with `--ca-file`, so that it is asked over HTTPS",
            false => "leave `--plain-http` out for it, so that it is asked over HTTPS",
        });
    }
    Failure::new(FailureKind::Unauthorized, format!("{registry} redirects to {host}, which requires a login"))
        .detail(answer.to_string())
        .detail(format!("no login was sent there: a login for {registry} is not sent to another host"))
        .hint(format!("name {host} in the image, if that is its registry"))
}

fn refused(what: &str, registry: &str, answer: &ErrorResponse) -> Failure {
    Failure::new(FailureKind::Unexpected, format!("cannot check {what}: the request was refused"))
        .detail(answer.to_string())
        .hint(format!("check that `{registry}` is a registry"))
}

/// Returns what to do about a login that opens nothing, by what was done with it.
fn login_hint(registry: &str, source: &LoginSource) -> String {
    match source {
        LoginSource::NotAsked => {
            format!(
                "log in with `docker login` if it needs one; {registry} did not ask for a login, and none was found"
            )
        }
        LoginSource::Anonymous => format!("log in with `docker login`; no login for {registry} was found"),
        LoginSource::Missing { variable, path } => format!(
            "check `{variable}`: it names `{}`, which does not exist; no login for {registry} was found",
            path.display()
        ),
        LoginSource::OfAnother { variable, registry: other } => {
            format!("log in with `docker login`; no login for {registry} was found: `{variable}` is for `{other}`")
        }
        LoginSource::NamedAlone { variable } => format!(
            "set `TAGSHIP_REGISTRY_USERNAME` and `TAGSHIP_REGISTRY_PASSWORD`; no login for {registry} was found: \
             `{variable}` names the registry alone"
        ),
        LoginSource::NotShown { source, reason: NotShown::NotAsked } => {
            format!("check the name; the login from {source} was not shown, because {registry} asks for none")
        }
        LoginSource::NotShown { source, reason: NotShown::Token } => format!(
            "log in with a user and a password: {registry} wants them, and the login from {source} is a token, which was \
             not shown"
        ),
        LoginSource::Variable(_) | LoginSource::File { .. } | LoginSource::Helper { .. } => {
            format!("check what the login from {source} may read")
        }
    }
}

fn rate_limited(answer: &ErrorResponse, source: &LoginSource) -> String {
    let when = again(answer.retry_after);
    match source.is_shown() {
        true => format!("{when}; the limit is that of the login from {source}"),
        false => format!("{when}; a login often raises the limit"),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        CheckError, ErrorResponse, Failure, HelperProblem, InvalidResponse, LocationError, Outage, Reference,
        login_elsewhere, unavailable,
    };
    use crate::registry::AuthorityProblem;
    use crate::system::network::client_certificate::ClientCertificateError;

    /// As nginx redirects from port 80 to 443.
    #[test]
    fn a_registry_that_leads_to_itself_is_asked_over_https() {
        for (host, hint) in [
            ("h.test", "leave `--plain-http` out for it, so that it is asked over HTTPS"),
            ("localhost", "name its CA certificate with `--ca-file`, so that it is asked over HTTPS"),
        ] {
            let (code, message, retry_after) = (None, None, None);
            let answer = ErrorResponse { host: host.to_owned(), status: 401, code, message, retry_after };
            let failure = login_elsewhere(host, &answer);
            assert_eq!(failure.hint.as_deref(), Some(hint));
            assert!(failure.message.contains("over plain HTTP"), "{failure:?}");
            assert!(login_elsewhere("other.test", &answer).message.contains("redirects to"));
        }
    }

    /// A person must know what to do, whatever goes wrong.
    #[test]
    fn every_check_without_a_verdict_has_a_hint() {
        let (host, path) = (|| "host".to_owned(), || "file".into());
        let helper = |source| CheckError::Helper { program: "docker-credential-x".to_owned(), server: host(), source };
        let invalid = |source| CheckError::InvalidResponse { host: host(), source };
        let unreadable = || std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        let mut errors = vec![
            CheckError::Bare("a/b".to_owned()),
            CheckError::Host(host()),
            CheckError::Authority { path: path(), source: AuthorityProblem::NoCertificate },
            CheckError::Authority { path: path(), source: AuthorityProblem::Unreadable(unreadable()) },
            CheckError::ClientCertificate(ClientCertificateError::second(path(), path())),
            CheckError::Scheme { host: host(), schemes: "`digest`".to_owned() },
            helper(HelperProblem::Missing),
            helper(HelperProblem::Start(unreadable())),
            helper(HelperProblem::TimedOut),
            helper(HelperProblem::Output),
        ];
        let invalids = [
            InvalidResponse::TooLong { limit: 1 },
            InvalidResponse::NotAManifest,
            InvalidResponse::OtherBytes,
            InvalidResponse::Nested,
            InvalidResponse::NoToken,
            InvalidResponse::Encoded,
        ];
        errors.extend(invalids.map(invalid));
        let misdirected = |source| CheckError::Misdirected { from: host(), to: host(), source };
        errors.extend([LocationError::Endless, LocationError::OtherServer].map(misdirected));
        let reference: Reference = "host.example/a/b:v1".parse().unwrap();
        for error in errors {
            let told = format!("{error:?}");
            assert!(Failure::check(&reference, error).hint.is_some(), "{told}");
        }
    }

    /// Nothing comes of asking again.
    #[test]
    fn a_redirect_that_leads_nowhere_is_the_configurations_fault() {
        let (code, message, retry_after) = (None, None, None);
        let answer = ErrorResponse { host: "h.test".to_owned(), status: 302, code, message, retry_after };
        let failure = unavailable("`a`", &Outage::Answered(answer), None);
        let hint = "check the address in the registry's configuration, and the proxy in front of it";
        assert_eq!(failure.hint.as_deref(), Some(hint));
    }
}
