//! The rules on the branch, judged for entries: what they demand of the file is judged at once, and of the image by asking
//! its registry. A demand that cannot be asked for does not hold.

use std::collections::HashSet;
use std::sync::Arc;

use super::image_checks::awaited::Pace;
use super::image_checks::checks::Checks;
use super::image_checks::further_questions::{Answers, Patience};
use super::image_checks::image_to_check::ImageToCheck;
use crate::git::RepositoryPath;
use crate::guards::order::EntryOrder;
use crate::guards::rules::{
    Circumstances, Demand, Demanded, RuleJudgement, RuledEntry, RulesRefusal, RulesState, judge_demand,
};
use crate::image::Reference;
use crate::message::SourceCommit;
use crate::message::each_once;
use crate::outcome::failure::{Failure, FailureKind, Place};
use crate::outcome::{BrokenRule, Listener, RuleVerdict, Ruling};
use crate::registry::signature::TrustedSigner;
use crate::registry::{Claim, ExpectedSource, RequiredClaim, Requirement, RevisedImages, Revision, SourceNaming};
use crate::targets::EntryEdit;

/// An entry to judge, as it will be on the branch.
pub(super) struct EntryToRule<'e> {
    pub(super) path: &'e RepositoryPath,
    pub(super) entry: &'e EntryEdit,
    /// The commit that the image was built from.
    pub(super) source: Option<SourceCommit>,
    pub(super) order: Option<&'e EntryOrder>,
    /// Whether the branch has it, or had it before: that was judged when it came.
    pub(super) was_on_branch: bool,
}

/// What was judged.
pub(super) struct Rulings {
    pub(super) rulings: Vec<Ruling>,
    /// Whether the entries may be out of date: a registry was waited for, or a tag means another digest by now.
    pub(super) is_outdated: bool,
}

/// Judges all rules of `state` that are for `entries`. What the files tell comes first: if that breaks a rule, no registry
/// is waited for.
///
/// # Errors
/// If a registry cannot be asked, and nothing else breaks a rule. What it answers is a ruling.
pub(super) fn rule(
    state: &RulesState,
    entries: &[EntryToRule<'_>],
    circumstances: Option<&Circumstances>,
    checks: &mut Checks,
    listener: &mut Listener<'_>,
) -> Result<Rulings, Failure> {
    judge(state, entries, circumstances, Patience::AsAsked, checks, listener)
}

/// Judges the same rules after images were found to be missing or wrong, and returns those that do not hold. Only of the others
/// can a registry tell more.
pub(super) fn broken_beside_images(
    state: &RulesState,
    entries: Vec<EntryToRule<'_>>,
    checks: &mut Checks,
    listener: &mut Listener<'_>,
) -> Vec<Ruling> {
    let is_found = |to_rule: &EntryToRule<'_>| reference(to_rule).is_ok_and(|image| checks.of(&image).is_some());
    let (found, others): (Vec<_>, Vec<_>) = entries.into_iter().partition(is_found);
    let mut rulings = match judge(state, &found, None, Patience::None, checks, listener) {
        Ok(judged) => judged.rulings,
        Err(_) => broken_by_files(state, &found),
    };
    rulings.extend(broken_by_files(state, &others));
    each_once(rulings.into_iter().filter(|ruling| ruling.broken().is_some()))
}

fn judge(
    state: &RulesState,
    entries: &[EntryToRule<'_>],
    circumstances: Option<&Circumstances>,
    patience: Patience,
    checks: &mut Checks,
    listener: &mut Listener<'_>,
) -> Result<Rulings, Failure> {
    let JudgedFiles { mut rulings, open } = judge_files(state, entries, circumstances);
    let mut asked: Vec<AskedImage> = Vec::new();
    for OpenRuling { ruling, to_rule, demanded, is_about_tag } in open {
        if is_about_tag && let Some(verdict) = to_rule.judge_tag(&demanded, checks)? {
            rulings[ruling].verdict = verdict;
            continue;
        }
        let demand = AskedDemand { ruling, requirements: requirements(&demanded, to_rule.source.as_ref()) };
        let written = reference(to_rule)?;
        match asked.iter_mut().find(|image| image.written == written) {
            Some(image) => image.demands.push(demand),
            None => asked.push(AskedImage { found: checks.as_found(&written), written, demands: vec![demand] }),
        }
    }
    answer(rulings, &asked, patience, checks, listener)
}

/// Judges the same rules by what the files tell alone, and returns those that do not hold.
fn broken_by_files(state: &RulesState, entries: &[EntryToRule<'_>]) -> Vec<Ruling> {
    let JudgedFiles { rulings, open } = judge_files(state, entries, None);
    let open: HashSet<usize> = open.into_iter().map(|open| open.ruling).collect();
    let closed = rulings.into_iter().enumerate().filter(|(index, _)| !open.contains(index));
    closed.map(|(_, ruling)| ruling).filter(|ruling| ruling.broken().is_some()).collect()
}

/// What the files tell of rules.
struct JudgedFiles<'e> {
    rulings: Vec<Ruling>,
    open: Vec<OpenRuling<'e>>,
}

/// A ruling that only a registry can tell. It counts as broken until one is asked.
struct OpenRuling<'e> {
    /// Its index.
    ruling: usize,
    to_rule: &'e EntryToRule<'e>,
    demanded: Demanded,
    /// Whether the digest must be that of the tag, and nothing else is open.
    is_about_tag: bool,
}

fn judge_files<'e>(
    state: &RulesState,
    entries: &'e [EntryToRule<'_>],
    circumstances: Option<&Circumstances>,
) -> JudgedFiles<'e> {
    let mut judged = JudgedFiles { rulings: Vec::new(), open: Vec::new() };
    for to_rule in entries {
        for (place, refusal) in state.refused(to_rule.path) {
            let ruling = not_understood(place, refusal, to_rule.path);
            if !judged.rulings.contains(&ruling) {
                judged.rulings.push(ruling);
            }
        }
        for applying in state.applying(to_rule.path, to_rule.entry.name.as_str()) {
            for Demand { demanded, line, column } in &applying.rule.demands {
                let judgement = judge_demand(demanded, &to_rule.ruled(), circumstances);
                let is_about_tag = judgement == RuleJudgement::AsksTag;
                let verdict = match judgement {
                    RuleJudgement::Holds => RuleVerdict::Holds,
                    RuleJudgement::NotJudged => RuleVerdict::NotJudged,
                    RuleJudgement::Broken { why, remedy } => RuleVerdict::Broken(BrokenRule { why, remedy }),
                    RuleJudgement::AsksRegistry | RuleJudgement::AsksTag => {
                        let (ruling, demanded) = (judged.rulings.len(), demanded.clone());
                        judged.open.push(OpenRuling { ruling, to_rule, demanded, is_about_tag });
                        RuleVerdict::Broken(not_asked())
                    }
                };
                judged.rulings.push(Ruling {
                    place: place_of(&applying.place, *line, *column),
                    rule: applying.rule.name.clone(),
                    demand: Some(demanded.kind()),
                    file: to_rule.path.to_string(),
                    entry: Some(to_rule.entry.name.to_string()),
                    verdict,
                });
            }
        }
    }
    judged
}

/// Asks the registries, and fills in what they tell: all demands at once, and each by itself of an image that does not meet
/// them all.
fn answer(
    mut rulings: Vec<Ruling>,
    asked: &[AskedImage],
    patience: Patience,
    checks: &mut Checks,
    listener: &mut Listener<'_>,
) -> Result<Rulings, Failure> {
    if asked.is_empty() || !checks.asks() {
        return Ok(Rulings { rulings, is_outdated: false });
    }
    let open: HashSet<usize> = asked.iter().flat_map(|one| &one.demands).map(|demand| demand.ruling).collect();
    let is_broken = |(index, ruling): (usize, &Ruling)| ruling.broken().is_some() && !open.contains(&index);
    let patience = match rulings.iter().enumerate().any(is_broken) {
        true => Patience::None,
        false => patience,
    };
    let together = asked.iter().map(|image| {
        let all = image.demands.iter().flat_map(|demand| demand.requirements.clone());
        checks.question(&image.found, all)
    });
    let questions: Vec<_> = together.collect();
    let Answers { answers, pace } = checks.ask_more(&questions, patience, listener);
    let (mut alone, mut questions) = (Vec::new(), Vec::new());
    for (image, answer) in asked.iter().zip(answers) {
        for demand in &image.demands {
            match answer {
                Ok(()) => rulings[demand.ruling].verdict = RuleVerdict::Holds,
                Err(_) => {
                    alone.push(demand);
                    questions.push(checks.question(&image.found, demand.requirements.clone()));
                }
            }
        }
    }
    let is_moved = |image: &AskedImage| checks.of(&image.written).is_none();
    let is_outdated = pace == Pace::AfterWaiting || asked.iter().any(is_moved);
    let mut unanswered = Vec::new();
    if !questions.is_empty() {
        let Answers { answers, .. } = checks.ask_more(&questions, Patience::None, listener);
        for (AskedDemand { ruling, .. }, answer) in alone.into_iter().zip(answers) {
            match answer {
                Ok(()) => rulings[*ruling].verdict = RuleVerdict::Holds,
                Err(failure) if failure.kind == FailureKind::Image => {
                    rulings[*ruling].verdict = broken_by(failure, "release an image that meets it");
                }
                Err(failure) => unanswered.push((*ruling, failure)),
            }
        }
    }
    let is_unanswered = |index: usize| unanswered.iter().any(|(ruling, _)| *ruling == index);
    let is_broken =
        rulings.iter().enumerate().any(|(index, ruling)| ruling.broken().is_some() && !is_unanswered(index));
    if !is_broken {
        Failure::of_all(unanswered.into_iter().map(|(_, failure)| failure).collect())?;
        return Ok(Rulings { rulings, is_outdated });
    }
    for (ruling, failure) in unanswered {
        rulings[ruling].verdict = broken_by(failure, "run the same command again");
    }
    Ok(Rulings { rulings, is_outdated })
}

impl EntryToRule<'_> {
    fn ruled(&self) -> RuledEntry<'_> {
        RuledEntry {
            name: self.entry.name.as_str(),
            // As the file says it: what an argument says beside it is not written, and decides nothing of what runs.
            image: self.entry.after.image_name(self.entry.name.as_str()).or(self.entry.shared_name.as_deref()),
            tag: self.entry.after.new_tag.as_deref(),
            digest: self.entry.after.digest.as_deref(),
            source: self.source.as_ref(),
            order: self.order.map(|order| &order.ordered),
        }
    }

    /// Judges whether the digest is the tag's, as the check of this run has found it. A rollback must be possible while the
    /// registry is down. A tag may be moved or deleted after its release, which is what a digest is for; but what another
    /// branch says of both proves nothing.
    /// `None`: the registry has to be asked.
    fn judge_tag(&self, demanded: &Demanded, checks: &Checks) -> Result<Option<RuleVerdict>, Failure> {
        if self.was_on_branch {
            return Ok(Some(RuleVerdict::Holds));
        }
        if !checks.asks() {
            return Ok(Some(RuleVerdict::Broken(not_asked())));
        }
        let Some(found) = checks.of(&reference(self)?) else { return Ok(None) };
        if !found.tag_strayed || !matches!(demanded, Demanded::Tags(_)) {
            return Ok(Some(RuleVerdict::Holds));
        }
        Ok(Some(RuleVerdict::Broken(BrokenRule {
            why: format!(
                "the digest of `{}` is not that of the tag `{}` in the registry",
                self.entry.name,
                self.entry.after.new_tag.as_deref().unwrap_or_default()
            ),
            remedy: "release a tag with the digest that it has there".to_owned(),
        })))
    }
}

/// What a registry is asked of one image.
struct AskedImage {
    /// As the entry names it.
    written: Reference,
    /// As this run has found it: by its tag alone, if the digest of the entry is what the tag meant.
    found: Reference,
    demands: Vec<AskedDemand>,
}

/// What a registry is asked for one demand.
struct AskedDemand {
    /// The index of its ruling.
    ruling: usize,
    requirements: Vec<Requirement>,
}

/// Returns the image that an entry names.
fn reference(to_rule: &EntryToRule<'_>) -> Result<Reference, Failure> {
    match ImageToCheck::of_entry(to_rule.entry)? {
        ImageToCheck::Known(reference) => Ok(reference),
        ImageToCheck::DependsOnEntry | ImageToCheck::Unpinned => {
            Err(Failure::target(format!("`{}` has neither tag nor digest", to_rule.entry.name)))
        }
    }
}

fn not_asked() -> BrokenRule {
    BrokenRule { why: "the registry is not asked".to_owned(), remedy: "leave out `--no-check`".to_owned() }
}

fn broken_by(failure: Failure, remedy: &str) -> RuleVerdict {
    RuleVerdict::Broken(BrokenRule {
        why: std::iter::once(failure.message).chain(failure.details).collect::<Vec<_>>().join(": "),
        remedy: failure.hint.unwrap_or_else(|| remedy.to_owned()),
    })
}

/// Returns what an image must be to meet a demand that only the registry can tell.
fn requirements(demanded: &Demanded, source: Option<&SourceCommit>) -> Vec<Requirement> {
    let revision = source.and_then(|source| Revision::new(&source.commit.to_string()));
    let by = |signer: &Arc<TrustedSigner>, claim| Requirement::Claim(RequiredClaim { claim, by: Arc::clone(signer) });
    match demanded {
        Demanded::Platforms(platforms) => platforms.iter().cloned().map(Requirement::Platform).collect(),
        Demanded::Revision => revision.into_iter().map(|it| Requirement::Revision(it, RevisedImages::All)).collect(),
        Demanded::Signature(signer) => vec![by(signer, Claim::Signature)],
        Demanded::Provenance(signer) => {
            let repository = source.and_then(|source| source.repository.clone());
            // `--expect-revision` names none for a rule, and `--source` counts for more than a tag.
            let named_by = SourceNaming::Release;
            let expected = revision.map(|revision| ExpectedSource { repository, revision, named_by });
            vec![by(signer, Claim::Provenance(expected))]
        }
        Demanded::Attestations(signer, types) => {
            types.iter().map(|kind| by(signer, Claim::Attestation(kind.clone()))).collect()
        }
        Demanded::Images(_)
        | Demanded::Tags(_)
        | Demanded::PinDigest
        | Demanded::Publish(_)
        | Demanded::Order(_)
        | Demanded::Freeze(_) => Vec::new(),
    }
}

fn not_understood(place: &RepositoryPath, refusal: &RulesRefusal, path: &RepositoryPath) -> Ruling {
    let (line, column) = refusal.place.map_or((1, 1), |place| (place.line, place.column));
    Ruling {
        place: place_of(place, line, column),
        rule: None,
        demand: None,
        file: path.to_string(),
        entry: None,
        verdict: RuleVerdict::Broken(BrokenRule {
            why: format!("the file cannot be understood, so nothing below it is released: {refusal}"),
            remedy: "correct the file on the branch".to_owned(),
        }),
    }
}

fn place_of(file: &RepositoryPath, line: usize, column: usize) -> Place {
    Place { file: file.to_string(), line, column }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guards::order::source_in_tag;
    use crate::registry::signature::{IdentityPattern, TrustedRoots};

    /// `--expect-revision` does not change what a rule compares, so no hint may name it.
    #[test]
    fn a_rule_compares_with_what_is_released() {
        let (identity, issuer) = (IdentityPattern::Exact("a".to_owned()), "b".to_owned());
        let signer = Arc::new(TrustedSigner::Keyless { identity, issuer, roots: TrustedRoots::built_in() });
        let tag = source_in_tag("0123456789abcdef0123456789abcdef01234567");
        let required = requirements(&Demanded::Provenance(signer), tag.as_ref());
        let [Requirement::Claim(RequiredClaim { claim: Claim::Provenance(Some(expected)), .. })] = &*required else {
            panic!("{required:?}");
        };
        assert_eq!(expected.named_by, SourceNaming::Release);
    }
}
