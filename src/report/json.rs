//! The report for programs: one object, also on failure. Its keys are a contract; its texts are raw and whole. The other forms
//! for machines are made from it.

use std::sync::LazyLock;

use serde::Serialize;

use super::redact::redacted_json;
use super::status::{StatusEntry, compared};
use super::text::PLATFORMS_SHOWN;
use crate::image::{Digest, Platform, Tag};
use crate::message::{LoggedRelease, Release, SourceComparison, VerifiedClaim, VerifiedStatement};
use crate::outcome::failure::{Failure, Place};
use crate::outcome::{Checked, Ending, LeftOut, Outcome, Proposed, RuleDemand, RuleVerdict, Ruling};

/// The object, in the order of its keys. What does not apply is null or empty, never missing.
#[derive(Clone, Default, Serialize)]
pub(super) struct Document<'a> {
    pub(super) command: &'a str,
    pub(super) outcome: &'a str,
    pub(super) reason: Option<&'a str>,
    pub(super) changed: bool,
    pub(super) branch: Option<&'a str>,
    pub(super) branch_created: bool,
    pub(super) commit: Option<String>,
    pub(super) parent: Option<String>,
    /// The tag on the commit.
    pub(super) git_tag: Option<&'a str>,
    pub(super) pushed: bool,
    pub(super) pull_request: Option<ProposedRequest<'a>>,
    pub(super) attempts: u32,
    pub(super) images: Vec<Image<'a>>,
    pub(super) files: &'a [String],
    pub(super) message: Option<&'a str>,
    pub(super) diff: &'a str,
    /// The commits whose release a rollback takes back.
    pub(super) rollback_of: Vec<String>,
    pub(super) releases: Vec<Logged<'a>>,
    /// What the files say of each entry, for `status`.
    pub(super) entries: Vec<StatusEntry<'a>>,
    /// The entries that a guard left out, if others were released.
    pub(super) left_out: Vec<LeftOutEntry<'a>>,
    /// The rules on the branch that were judged.
    pub(super) rules: Vec<JudgedRule<'a>>,
    /// What was told beside the outcome.
    pub(super) notes: &'a [Remark],
    pub(super) error: Option<Error<'a>>,
}

/// The pull request of a release.
#[derive(Clone, Serialize)]
pub(super) struct ProposedRequest<'a> {
    pub(super) number: Option<u64>,
    pub(super) url: &'a str,
    pub(super) head: &'a str,
    pub(super) operation: &'static str,
    /// `armed` or `merged`; null if a person merges it.
    pub(super) auto_merge: Option<&'static str>,
}

/// An entry that was left out.
#[derive(Clone, Serialize)]
pub(super) struct LeftOutEntry<'a> {
    pub(super) file: &'a str,
    pub(super) name: &'a str,
    pub(super) reason: &'a str,
}

/// A demand of a rule, judged for an entry.
#[derive(Clone, Serialize)]
pub(super) struct JudgedRule<'a> {
    place: Spot<'a>,
    pub(super) rule: Option<&'a str>,
    /// What must hold; null if the rules file cannot be understood.
    pub(super) demand: Option<&'a str>,
    file: &'a str,
    pub(super) entry: Option<&'a str>,
    /// Null if it is not judged.
    pub(super) holds: Option<bool>,
    pub(super) reason: Option<&'a str>,
    /// What would satisfy the rule.
    pub(super) remedy: Option<&'a str>,
}

impl JudgedRule<'_> {
    /// Returns the place of the rule: `.tagship.yaml:3`.
    pub(super) fn source(&self) -> String {
        format!("{}:{}", self.place.file, self.place.line)
    }
}

/// Something that was told beside the outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Remark {
    pub(super) level: Level,
    pub(super) text: String,
}

/// How urgent a remark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    Note,
    Warning,
}

/// An entry of the log.
#[derive(Clone, Serialize)]
pub(super) struct Logged<'a> {
    file: &'a str,
    name: &'a str,
    image: Option<&'a str>,
    tag: Option<&'a str>,
    /// The digest that was released, whether the entry has it or not.
    digest: Option<&'a str>,
    /// Whether the entry has the digest.
    pinned: bool,
    time: String,
    by: &'a str,
    commit: String,
    title: &'a str,
    source: Option<String>,
    /// The signers that were verified for it.
    verified: &'a [String],
    run: Option<&'a str>,
    by_hand: bool,
    /// The commits whose release it takes back.
    rollback_of: Vec<String>,
    rolled_back_by: Option<String>,
}

#[derive(Clone, Default, Serialize)]
pub(super) struct Image<'a> {
    pub(super) file: Option<&'a str>,
    pub(super) name: Option<&'a str>,
    pub(super) image: &'a str,
    pub(super) tag: Option<&'a str>,
    pub(super) digest: Option<&'a str>,
    pub(super) platforms: Vec<String>,
    pub(super) previous: Option<Previous<'a>>,
    pub(super) changed: bool,
    /// How it was told that this is not older than what ran.
    pub(super) order: Option<&'a str>,
    /// What changed in its source since what ran.
    pub(super) comparison: Option<ComparedSource<'a>>,
    /// What trusted signers say of it.
    pub(super) verified: Vec<VerifiedObject<'a>>,
}

/// Two commits of a source.
#[derive(Clone, Serialize)]
pub(super) struct ComparedSource<'a> {
    pub(super) from: String,
    pub(super) to: String,
    /// The page that compares them.
    pub(super) url: &'a str,
}

#[derive(Clone, Serialize)]
pub(super) struct VerifiedObject<'a> {
    /// `signature`, `provenance` or `attestation`.
    statement: &'static str,
    /// The predicate type of an attestation.
    r#type: Option<&'a str>,
    pub(super) signer: &'a str,
    issuer: Option<&'a str>,
    signed: Option<&'a str>,
    logged: Option<&'a str>,
    log_index: Option<u64>,
    source: Option<&'a str>,
    builder: Option<&'a str>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Previous<'a> {
    pub(super) new_name: Option<&'a str>,
    pub(super) new_tag: Option<&'a str>,
    pub(super) digest: Option<&'a str>,
}

#[derive(Clone, Serialize)]
pub(super) struct Error<'a> {
    pub(super) kind: &'a str,
    pub(super) message: &'a str,
    details: &'a [String],
    pub(super) hint: Option<&'a str>,
    place: Option<Spot<'a>>,
    exit_code: u8,
}

#[derive(Clone, Serialize)]
struct Spot<'a> {
    file: &'a str,
    line: usize,
    column: usize,
}

/// Tells that an object is not whole.
static SHORTENED: LazyLock<[Remark; 1]> = LazyLock::new(|| {
    let text = "this result is shortened; `--result-file json=PATH` writes all of it".to_owned();
    [Remark { level: Level::Note, text }]
});

impl<'a> Document<'a> {
    pub(super) fn new(command: &'a str, result: Result<&'a Outcome, &'a Failure>, notes: &'a [Remark]) -> Self {
        match result {
            Ok(outcome) => Self { command, notes, ..success(outcome) },
            Err(failure) => {
                let (rules, error) = (failure.rulings.iter().map(judged_rule).collect(), Some(error(failure)));
                Self { command, outcome: "failed", rules, error, notes, ..Self::default() }
            }
        }
    }

    /// Returns the object on one line, without its end.
    pub(super) fn to_json(&self) -> String {
        // Strings, numbers and lists of them always have a JSON form.
        redacted_json(&serde_json::to_string(self).unwrap_or_default())
    }

    /// Drops what has no limit in size: the message, the diff, the log, and a server's own words. A note says so.
    pub(super) fn shortened(self) -> Self {
        let error = self.error.map(|error| Error { details: &[], ..error });
        Self {
            message: None,
            diff: "",
            releases: Vec::new(),
            entries: Vec::new(),
            rules: Vec::new(),
            notes: &*SHORTENED,
            error,
            ..self
        }
    }
}

fn success(outcome: &Outcome) -> Document<'_> {
    let ending = &outcome.ending;
    let images = outcome.releases.iter().map(|release| image_of(release, ending.stop().is_some()));
    let mut document = Document {
        outcome: ending.word(),
        changed: matches!(ending, Ending::Released { .. } | Ending::Proposed { .. } | Ending::Edited),
        branch: outcome.branch.as_deref(),
        branch_created: outcome.branch_created,
        parent: outcome.parent.map(|id| id.to_string()),
        git_tag: outcome.git_tag.as_deref(),
        attempts: outcome.attempts,
        images: images.chain(outcome.present.iter().map(image_found)).collect(),
        files: &outcome.changes.files,
        message: outcome.message.as_deref(),
        diff: &outcome.changes.diff,
        rollback_of: outcome.rollback_of.iter().map(ToString::to_string).collect(),
        left_out: outcome.left_out.iter().map(left_out).collect(),
        rules: outcome.rulings.iter().map(judged_rule).collect(),
        ..Document::default()
    };
    if let Ending::Released { commit, pushed } | Ending::Proposed { commit, pushed, .. } = ending {
        (document.commit, document.pushed) = (Some(commit.to_string()), *pushed);
    }
    match ending {
        Ending::Proposed { request, refused, .. } => {
            (document.pull_request, document.reason) = (Some(self::request(request)), refused.as_deref());
        }
        Ending::Stopped(stopped) => document.reason = Some(&stopped.reason),
        Ending::Logged(history) => document.releases = history.iter().map(logged).collect(),
        Ending::Compared(comparison) => document.entries = compared(comparison).collect(),
        _ => {}
    }
    document
}

fn judged_rule(ruling: &Ruling) -> JudgedRule<'_> {
    let broken = ruling.broken();
    JudgedRule {
        place: spot(&ruling.place),
        rule: ruling.rule.as_deref(),
        demand: ruling.demand.map(RuleDemand::word),
        file: &ruling.file,
        entry: ruling.entry.as_deref(),
        holds: (ruling.verdict != RuleVerdict::NotJudged).then_some(broken.is_none()),
        reason: broken.map(|broken| broken.why.as_str()),
        remedy: broken.map(|broken| broken.remedy.as_str()),
    }
}

fn request(proposed: &Proposed) -> ProposedRequest<'_> {
    ProposedRequest {
        number: proposed.number,
        url: &proposed.url,
        head: &proposed.head,
        operation: proposed.word(),
        auto_merge: proposed.merge_word(),
    }
}

fn left_out(left: &LeftOut) -> LeftOutEntry<'_> {
    LeftOutEntry { file: &left.file, name: &left.name, reason: &left.reason }
}

fn logged(release: &LoggedRelease) -> Logged<'_> {
    let LoggedRelease { file, name, fields, record, trailers, rolled_back_by, .. } = release;
    let pinned = fields.as_ref().is_some_and(|fields| fields.digest.is_some());
    Logged {
        pinned,
        file,
        name,
        image: fields.as_ref().and_then(|fields| fields.image_name(name).or(release.said_name())),
        tag: release.tag(),
        digest: release.digest(),
        time: record.time(),
        by: &record.author,
        commit: record.id.to_string(),
        title: record.title(),
        source: release.source().map(ToString::to_string),
        verified: trailers.as_ref().map(|said| said.verified.as_slice()).unwrap_or_default(),
        run: trailers.as_ref().and_then(|said| said.run.as_deref()),
        by_hand: trailers.is_none(),
        rollback_of: trailers.iter().flat_map(|said| &said.rollback_of).map(ToString::to_string).collect(),
        rolled_back_by: rolled_back_by.map(|id| id.to_string()),
    }
}

fn image_of(release: &Release, is_stopped: bool) -> Image<'_> {
    let entry = &release.entry;
    let before = (!entry.appended).then_some(&entry.before);
    Image {
        file: Some(&release.file),
        name: Some(entry.name.as_str()),
        image: entry.image_name().unwrap_or(entry.name.as_str()),
        tag: entry.after.new_tag.as_deref(),
        digest: release.digest.as_ref().map(Digest::as_str),
        platforms: shown(&release.platforms),
        previous: before.map(|before| Previous {
            new_name: before.new_name.as_deref(),
            new_tag: before.new_tag.as_deref(),
            digest: before.digest.as_deref(),
        }),
        changed: entry.changed() && !is_stopped,
        order: release.order.as_deref(),
        comparison: release.comparison.as_ref().map(compared_source),
        verified: release.verified.iter().map(verified).collect(),
    }
}

fn compared_source(SourceComparison { old, new, url }: &SourceComparison) -> ComparedSource<'_> {
    ComparedSource { from: old.to_string(), to: new.to_string(), url }
}

fn image_found(checked: &Checked) -> Image<'_> {
    Image {
        image: checked.reference.name(),
        tag: checked.reference.tag().map(Tag::as_str),
        digest: Some(checked.descriptor.digest.as_str()),
        platforms: shown(&checked.platforms),
        verified: checked.verified.iter().map(verified).collect(),
        ..Image::default()
    }
}

fn verified(claim: &VerifiedClaim) -> VerifiedObject<'_> {
    let (statement, r#type, source, builder) = match &claim.statement {
        VerifiedStatement::Signature => ("signature", None, None, None),
        VerifiedStatement::Provenance { source, builder } => {
            ("provenance", None, source.as_deref(), builder.as_deref())
        }
        VerifiedStatement::Attestation(kind) => ("attestation", Some(kind.as_str()), None, None),
    };
    VerifiedObject {
        statement,
        r#type,
        signer: &claim.signer,
        issuer: claim.issuer.as_deref(),
        signed: claim.signed.as_deref(),
        logged: claim.logged.as_deref(),
        log_index: claim.log_index,
        source,
        builder,
    }
}

fn shown(platforms: &[Platform]) -> Vec<String> {
    platforms.iter().take(PLATFORMS_SHOWN).map(ToString::to_string).collect()
}

fn spot(Place { file, line, column }: &Place) -> Spot<'_> {
    Spot { file, line: *line, column: *column }
}

pub(super) fn error(failure: &Failure) -> Error<'_> {
    Error {
        kind: failure.kind.name(),
        message: &failure.message,
        details: &failure.details,
        hint: failure.hint.as_deref(),
        place: failure.place.as_deref().map(spot),
        exit_code: failure.kind.exit_code(),
    }
}
