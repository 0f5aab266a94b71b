//! What a signer can say about an image: that it is signed, how it was built, or anything else that an attestation says. And
//! what of that is required.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::attestation_type::{AttestationType, COSIGN_SIGNATURE};
use super::early_end::EarlyEnd;
use super::error::CheckError;
use super::provenance::{ExpectedSource, Provenance, repository_in};
use super::signature::{CertifiedIdentity, LogEntry, Rejected, SignedBy, Statement, TrustedSigner, Verified};
use super::verdict::{Outage, Verdict};

/// What a signer must say about an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nothing but that it is signed; provenance says that too.
    Signature,
    /// The same, and attestations of these types say it too, because they are required beside it.
    SignatureBeside(Vec<AttestationType>),
    /// How it was built: from this commit, if one is expected.
    Provenance(Option<ExpectedSource>),
    Attestation(AttestationType),
}

/// A claim that must be made by a trusted signer.
#[derive(Debug, Clone)]
pub struct RequiredClaim {
    pub claim: Claim,
    pub by: Arc<TrustedSigner>,
}

/// A signer is the same if it was named once.
impl PartialEq for RequiredClaim {
    fn eq(&self, other: &Self) -> bool {
        self.claim == other.claim && Arc::ptr_eq(&self.by, &other.by)
    }
}

impl Eq for RequiredClaim {}

/// A claim that a trusted signer makes, as it was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvedClaim {
    pub kind: ProvedKind,
    pub by: SignedBy,
    /// When it was signed, as a timestamp authority or the log says.
    pub signed: Option<Timestamp>,
    pub logged: Option<LogEntry>,
}

/// What a verified claim says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProvedKind {
    Signature,
    Provenance(Provenance),
    /// An attestation, by its predicate type: text of the signer.
    Attestation(String),
}

/// Why something that is attached to an image is not the claim that is required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RejectedClaim {
    /// It is not signed as it must be.
    Signature(Rejected),
    /// It is signed as it must be, and its provenance names another commit, or none: text of the signer.
    OtherSource { wanted: ExpectedSource, found: Option<String> },
    /// It is signed as it must be, in a run of another commit than its provenance names: text of the authority of the
    /// certificate, and of the signer.
    OtherRun { provenance: String, found: String },
    /// It cannot be read.
    Unreadable(String),
    /// The registry did not answer as registries do, or sent other bytes than the digest says, so that nothing is known.
    Unanswered(String),
    /// The registry does not give it to this login, so that nothing is known.
    Forbidden(String),
    /// Not all that is attached was looked at, so that it may be among the rest.
    Unread(String),
    /// The forge that may keep it did not give it.
    Unoffered(Unoffered, String),
}

/// Why something that may be kept elsewhere was not offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unoffered {
    /// There is no login for it.
    NotAsked,
    /// It has more bytes than are read.
    TooLong,
    /// The login lacks the permission.
    Forbidden,
    LoginRefused,
    /// The place cannot be asked now, so that nothing is known.
    Unavailable,
    /// What it answers cannot be used.
    Unusable,
}

impl Claim {
    /// Returns the claim that the image is signed, if attestations of `types` are required of the same signer.
    pub fn signature_beside(types: Vec<AttestationType>) -> Self {
        if types.is_empty() { Self::Signature } else { Self::SignatureBeside(types) }
    }

    /// Whether nothing but a signature is claimed.
    pub fn is_signature(&self) -> bool {
        matches!(self, Self::Signature | Self::SignatureBeside(_))
    }

    /// Whether a statement of this predicate type can be the claim.
    pub(super) fn may_be(&self, predicate_type: &str) -> bool {
        match self {
            Self::Signature => predicate_type == COSIGN_SIGNATURE || Provenance::is_type(predicate_type),
            Self::SignatureBeside(types) => {
                Self::Signature.may_be(predicate_type) || types.iter().any(|kind| kind.is(predicate_type))
            }
            Self::Provenance(_) => Provenance::is_type(predicate_type),
            Self::Attestation(kind) => kind.is(predicate_type),
        }
    }

    /// Whether a verified claim is this one; `None` if it is about something else.
    pub(super) fn judge(&self, proved: &ProvedClaim) -> Option<Result<(), RejectedClaim>> {
        match (self, &proved.kind) {
            (Self::Signature | Self::SignatureBeside(_), ProvedKind::Signature | ProvedKind::Provenance(_)) => {
                Some(Ok(()))
            }
            (Self::SignatureBeside(types), ProvedKind::Attestation(found))
                if types.iter().any(|kind| kind.is(found)) =>
            {
                Some(Ok(()))
            }
            (Self::Provenance(wanted), ProvedKind::Provenance(provenance)) => {
                Some(require_source(wanted.as_ref(), provenance, &proved.by))
            }
            (Self::Attestation(kind), ProvedKind::Attestation(found)) if kind.is(found) => Some(Ok(())),
            _ => None,
        }
    }
}

/// Rejects provenance of another commit than the wanted one. A workflow that several repositories call can be made to say what
/// its caller wants, so what the authority says of the run must agree with the provenance, whatever is wanted.
fn require_source(
    wanted: Option<&ExpectedSource>,
    provenance: &Provenance,
    by: &SignedBy,
) -> Result<(), RejectedClaim> {
    let source = provenance.source.as_ref();
    if let Some(wanted) = wanted.filter(|wanted| !source.is_some_and(|source| wanted.allows(source))) {
        let found = source.map(ToString::to_string);
        return Err(RejectedClaim::OtherSource { wanted: wanted.clone(), found });
    }
    let (Some(source), SignedBy::Certificate(CertifiedIdentity { source_repository, source_commit, .. })) =
        (source, by)
    else {
        return Ok(());
    };
    let repository = source_repository.as_ref().map(|url| repository_in(url).unwrap_or_else(|| url.clone()));
    if source.is_of_run(repository.as_deref(), source_commit.as_deref()) {
        return Ok(());
    }
    let found = [repository.as_deref(), source_commit.as_deref()].into_iter().flatten().collect::<Vec<_>>().join("@");
    Err(RejectedClaim::OtherRun { provenance: source.to_string(), found })
}

impl RejectedClaim {
    /// Whether nothing is known because of it, so that what is missing may be there.
    pub fn is_unsettled(&self) -> bool {
        match self {
            Self::Unanswered(_) | Self::Forbidden(_) => true,
            Self::Unoffered(unoffered, _) => !matches!(unoffered, Unoffered::NotAsked | Unoffered::TooLong),
            _ => false,
        }
    }

    /// Returns what an end at one part of what is attached means, if others can still be asked for. That it is not there is no
    /// answer either: it was listed.
    pub(super) fn at(part: &str, end: EarlyEnd) -> Result<Self, EarlyEnd> {
        match end {
            EarlyEnd::Verdict(
                Verdict::Absent(answer) | Verdict::Refused(answer) | Verdict::Unavailable(Outage::Page(answer)),
            ) => Ok(Self::Unanswered(format!("{part} cannot be read: {answer}"))),
            EarlyEnd::Error(CheckError::InvalidResponse { source, .. }) => {
                Ok(Self::Unanswered(format!("{part} cannot be read: {source}")))
            }
            end => Err(end),
        }
    }
}

/// Completes "is not" and "has no".
impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature | Self::SignatureBeside(_) => f.write_str("signature"),
            Self::Provenance(_) => f.write_str("provenance"),
            Self::Attestation(kind) => write!(f, "attestation `{kind}`"),
        }
    }
}

impl ProvedClaim {
    pub(super) fn of(verified: Verified) -> Self {
        let Verified { by, signed, logged, statement } = verified;
        let kind = match statement {
            Some(Statement { predicate_type, predicate, .. }) => match Provenance::read(&predicate_type, &predicate) {
                Some(provenance) => ProvedKind::Provenance(provenance),
                None if predicate_type == COSIGN_SIGNATURE => ProvedKind::Signature,
                None => ProvedKind::Attestation(predicate_type),
            },
            None => ProvedKind::Signature,
        };
        Self { kind, by, signed, logged }
    }
}

impl fmt::Display for RejectedClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature(rejected) => rejected.fmt(f),
            Self::OtherSource { wanted, found: None } => {
                write!(f, "its provenance names no commit that was built, and not {wanted}")
            }
            Self::OtherSource { wanted, found: Some(found) } => {
                write!(f, "its provenance is of {found}, not of {wanted}")
            }
            Self::OtherRun { provenance, found } => {
                write!(f, "it was signed by a run of {found}, not of {provenance}, as its certificate says")
            }
            Self::Unreadable(why)
            | Self::Unanswered(why)
            | Self::Forbidden(why)
            | Self::Unread(why)
            | Self::Unoffered(_, why) => f.write_str(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Claim, ProvedClaim, ProvedKind};
    use crate::registry::provenance::{BuildSource, ExpectedSource, Provenance, SourceNaming};
    use crate::registry::revision::Revision;
    use crate::registry::signature::{CertifiedIdentity, SignedBy};

    const COMMIT: &str = "fdafd7008d04c2a2286676b92a87fd85aa9b682a";

    /// Whatever is known of the commit that is released: a fork has the same commits.
    #[test]
    fn the_run_that_signed_must_be_of_the_commit_in_the_provenance() {
        let of = |repository: Option<&str>, commit: &str| {
            Claim::Provenance(Some(ExpectedSource {
                repository: repository.map(str::to_owned),
                revision: Revision::new(commit).unwrap(),
                named_by: SourceNaming::Release,
            }))
        };
        let claims = [of(Some("org/app"), COMMIT), of(None, COMMIT), of(None, &COMMIT[..7]), Claim::Provenance(None)];
        let app = Some("https://github.com/org/app");
        for (url, commit, found) in [
            (None, None, None),
            (app, None, None),
            (Some("https://github.com/ORG/App"), Some(COMMIT), None),
            (Some("https://github.com/org/evil"), Some(COMMIT), Some(format!("org/evil@{COMMIT}"))),
            (Some("https://github.com/org/evil"), None, Some("org/evil".to_owned())),
            (Some("org"), None, Some("org".to_owned())),
            (app, Some("eeeeeee"), Some("org/app@eeeeeee".to_owned())),
            (None, Some("eeeeeee"), Some("eeeeeee".to_owned())),
            (app, Some(&COMMIT[..7]), Some(format!("org/app@{}", &COMMIT[..7]))),
            (app, Some(""), Some("org/app@".to_owned())),
        ] {
            let source = Some(BuildSource { repository: "org/app".to_owned(), commit: COMMIT.to_owned() });
            let by = SignedBy::Certificate(CertifiedIdentity {
                identity: "https://github.com/org/ci/.github/workflows/build.yml@refs/heads/main".to_owned(),
                issuer: "https://token.actions.githubusercontent.com".to_owned(),
                source_repository: url.map(str::to_owned),
                source_commit: commit.map(str::to_owned),
            });
            let kind = ProvedKind::Provenance(Provenance { builder: None, source });
            let proved = ProvedClaim { kind, by, signed: None, logged: None };
            let expected = found.map(|found| {
                format!("it was signed by a run of {found}, not of org/app@{COMMIT}, as its certificate says")
            });
            for claim in &claims {
                let judged = claim.judge(&proved).unwrap();
                assert_eq!(judged.err().map(|rejected| rejected.to_string()), expected, "{url:?} {commit:?}");
            }
        }
    }

    /// What is wanted may be shortened; what a signer names must be whole, or many commits would be it.
    #[test]
    fn only_whole_commits_agree() {
        let of_64 = format!("{COMMIT}{}", &COMMIT[..24]);
        for (wanted, found, agrees) in [
            (COMMIT, COMMIT, true),
            (COMMIT, &*COMMIT.to_ascii_uppercase(), true),
            (&COMMIT[..7], COMMIT, true),
            (&*of_64, &*of_64, true),
            (&of_64[..50], &*of_64, true),
            (COMMIT, "", false),
            (COMMIT, &COMMIT[..7], false),
            (&COMMIT[..7], &COMMIT[..7], false),
            (COMMIT, &of_64[..39], false),
            (COMMIT, &of_64[..41], false),
            (COMMIT, &*of_64, false),
            (&*of_64, COMMIT, false),
            (COMMIT, &*format!("{of_64}{}", &COMMIT[..16]), false),
            (COMMIT, &*format!(" {COMMIT}"), false),
        ] {
            let expected = ExpectedSource {
                repository: None,
                revision: Revision::new(wanted).unwrap(),
                named_by: SourceNaming::Release,
            };
            let source = Some(BuildSource { repository: "org/app".to_owned(), commit: found.to_owned() });
            let kind = ProvedKind::Provenance(Provenance { builder: None, source });
            let by = SignedBy::Key { fingerprint: String::new() };
            let proved = ProvedClaim { kind, by, signed: None, logged: None };
            let judged = Claim::Provenance(Some(expected)).judge(&proved).unwrap();
            assert_eq!(judged.is_ok(), agrees, "{wanted} {found:?}");
        }
    }
}
