//! The rules on the branch, judged for entries: what they demand of the file is judged at once, and of the image by asking
//! its registry. A demand that cannot be asked for does not hold.

use std::collections::HashSet;
use std::sync::Arc;

use super::image_checks::awaited::Pace;
use super::image_checks::checks::{Checks, Patience};
use super::image_checks::image_to_check::ImageToCheck;
use crate::git::RepositoryPath;
use crate::guards::order::EntryOrder;
use crate::guards::rules::{
    Circumstances, Demanded, RuleJudgement, RuledEntry, RulesRefusal, RulesState, judge_demand,
};
use crate::image::Reference;
use crate::message::SourceCommit;
use crate::outcome::failure::{Failure, FailureKind, Place};
use crate::outcome::{BrokenRule, Listener, Ruling};
use crate::registry::signature::TrustedSigner;
use crate::registry::{Claim, ExpectedSource, RequiredClaim, Requirement, RevisedImages, Revision, SourceNaming};
use crate::targets::kustomization::EntryEdit;

/// An entry to judge, as it will be on the branch.
pub(super) struct EntryToRule<'e> {
    pub(super) path: &'e RepositoryPath,
    pub(super) entry: &'e EntryEdit,
    /// The commit that the image was built from.
    pub(super) source: Option<SourceCommit>,
    pub(super) order: Option<&'e EntryOrder>,
}

/// What was judged, and whether a registry had to be waited for.
pub(super) struct Rulings {
    pub(super) rulings: Vec<Ruling>,
    pub(super) pace: Pace,
}

/// Judges all rules of `state` that are for `entries`. What the files tell comes first: if that breaks a rule, no registry is waited
/// for.
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
    let mut rulings: Vec<Ruling> = Vec::new();
    let mut asked: Vec<Questions> = Vec::new();
    for to_rule in entries {
        for (place, refusal) in state.refused(to_rule.path) {
            let ruling = not_understood(place, refusal, to_rule.path);
            if !rulings.contains(&ruling) {
                rulings.push(ruling);
            }
        }
        let mut demands: Vec<Question> = Vec::new();
        let applying = state.applying(to_rule.path, to_rule.entry.name.as_str());
        for (applying, demand) in applying.iter().flat_map(|one| one.rule.demands.iter().map(move |it| (one, it))) {
            let broken = match judge_demand(&demand.demanded, &to_rule.ruled(), circumstances) {
                RuleJudgement::Holds => None,
                RuleJudgement::Broken { why, remedy } => Some(BrokenRule { why, remedy }),
                RuleJudgement::AsksRegistry => {
                    let requirements = requirements(&demand.demanded, to_rule.source.as_ref());
                    demands.push(Question { ruling: rulings.len(), requirements });
                    Some(not_asked())
                }
            };
            rulings.push(Ruling {
                place: place_of(&applying.place, demand.line, demand.column),
                rule: applying.rule.name.clone(),
                demand: Some(demand.demanded.key()),
                file: to_rule.path.to_string(),
                entry: Some(to_rule.entry.name.to_string()),
                broken,
            });
        }
        if !demands.is_empty() {
            asked.push(Questions { reference: reference(to_rule)?, demands });
        }
    }
    answer(rulings, &asked, checks, listener)
}

/// Asks the registries, and fills in what they tell.
fn answer(
    mut rulings: Vec<Ruling>,
    asked: &[Questions],
    checks: &mut Checks,
    listener: &mut Listener<'_>,
) -> Result<Rulings, Failure> {
    let open: HashSet<usize> = asked.iter().flat_map(|one| &one.demands).map(|question| question.ruling).collect();
    let is_broken = |(index, ruling): (usize, &Ruling)| ruling.broken.is_some() && !open.contains(&index);
    let patience = match rulings.iter().enumerate().any(is_broken) {
        true => Patience::None,
        false => Patience::AsAsked,
    };
    let mut pace = Pace::AtOnce;
    let mut unanswered: Vec<(usize, Failure)> = Vec::new();
    for questions in asked {
        let Answers { answers, pace: of_these } = ask(questions, patience, checks, listener);
        if of_these == Pace::AfterWaiting {
            pace = of_these;
        }
        for (question, answer) in questions.demands.iter().zip(answers) {
            match answer {
                Ok(broken) => rulings[question.ruling].broken = broken,
                Err(failure) => unanswered.push((question.ruling, failure)),
            }
        }
    }
    let is_unanswered = |index: usize| unanswered.iter().any(|(ruling, _)| *ruling == index);
    let is_broken = rulings.iter().enumerate().any(|(index, ruling)| ruling.broken.is_some() && !is_unanswered(index));
    if !is_broken {
        Failure::of_all(unanswered.into_iter().map(|(_, failure)| failure).collect())?;
        return Ok(Rulings { rulings, pace });
    }
    for (ruling, failure) in unanswered {
        rulings[ruling].broken = Some(broken_by(failure, "run the same command again"));
    }
    Ok(Rulings { rulings, pace })
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
}

/// What a registry is asked of one image.
struct Questions {
    reference: Reference,
    demands: Vec<Question>,
}

/// What a registry is asked for one demand.
struct Question {
    /// The index of its ruling.
    ruling: usize,
    requirements: Vec<Requirement>,
}

/// What a registry told of each question, in their order: why the demand does not hold, or why nothing was told.
struct Answers {
    answers: Vec<Result<Option<BrokenRule>, Failure>>,
    pace: Pace,
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

/// Asks a registry for all at once, and for each by itself if not all are met.
fn ask(
    Questions { reference, demands }: &Questions,
    patience: Patience,
    checks: &mut Checks,
    listener: &mut Listener<'_>,
) -> Answers {
    if !checks.asks() {
        let answers = demands.iter().map(|_| Ok(Some(not_asked()))).collect();
        return Answers { answers, pace: Pace::AtOnce };
    }
    let all: Vec<Requirement> = demands.iter().flat_map(|question| question.requirements.clone()).collect();
    if let Ok(pace) = checks.require_also(reference, &all, patience, listener) {
        return Answers { answers: demands.iter().map(|_| Ok(None)).collect(), pace };
    }
    let mut answer =
        |question: &Question| match checks.require_also(reference, &question.requirements, Patience::None, listener) {
            Ok(_) => Ok(None),
            Err(failure) if failure.kind == FailureKind::Image => {
                Ok(Some(broken_by(failure, "release an image that meets it")))
            }
            Err(failure) => Err(failure),
        };
    Answers { answers: demands.iter().map(&mut answer).collect(), pace: Pace::AtOnce }
}

fn not_asked() -> BrokenRule {
    BrokenRule { why: "the registry is not asked".to_owned(), remedy: "leave out `--no-check`".to_owned() }
}

fn broken_by(failure: Failure, remedy: &str) -> BrokenRule {
    BrokenRule {
        why: std::iter::once(failure.message).chain(failure.details).collect::<Vec<_>>().join(": "),
        remedy: failure.hint.unwrap_or_else(|| remedy.to_owned()),
    }
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
        broken: Some(BrokenRule {
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
