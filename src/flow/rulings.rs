//! The rules on the branch, judged for entries: what they demand of the file is judged at once, and of the image by asking
//! its registry. A demand that cannot be asked for does not hold.

use std::sync::Arc;

use super::awaited::Pace;
use super::checks::{Checks, Patience};
use super::image_to_check::ImageToCheck;
use crate::git::RepositoryPath;
use crate::guards::order::EntryOrder;
use crate::guards::rules::{
    ApplyingRule, Circumstances, Demand, Demanded, RuleJudgement, RuledEntry, RulesRefusal, RulesState, judge_demand,
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

/// Judges all rules of `state` that are for `entries`.
///
/// # Errors
/// If a registry cannot be asked. What it answers is a ruling.
pub(super) fn rule(
    state: &RulesState,
    entries: &[EntryToRule<'_>],
    circumstances: Option<&Circumstances>,
    checks: &mut Checks,
    listener: &mut Listener<'_>,
) -> Result<Rulings, Failure> {
    let mut rulings: Vec<Ruling> = Vec::new();
    let mut pace = Pace::AtOnce;
    for to_rule in entries {
        for (place, refusal) in state.refused(to_rule.path) {
            let ruling = not_understood(place, refusal, to_rule.path);
            if !rulings.contains(&ruling) {
                rulings.push(ruling);
            }
        }
        let applying = state.applying(to_rule.path, to_rule.entry.name.as_str());
        let asked = questions(&applying, to_rule, circumstances)?;
        let answers = match &asked {
            None => Vec::new(),
            Some(questions) => {
                let (answers, waited) = ask(questions, checks, listener)?;
                if waited == Pace::AfterWaiting {
                    pace = waited;
                }
                answers
            }
        };
        let mut answers = answers.into_iter();
        for (applying, demand) in demands(&applying) {
            let broken = match judge_demand(&demand.demanded, &to_rule.ruled(), circumstances) {
                RuleJudgement::Holds => None,
                RuleJudgement::Broken { why, remedy } => Some(BrokenRule { why, remedy }),
                RuleJudgement::AsksRegistry => answers.next().flatten(),
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

fn demands(applying: &[ApplyingRule]) -> impl Iterator<Item = (&ApplyingRule, &Demand)> {
    applying.iter().flat_map(|applying| applying.rule.demands.iter().map(move |demand| (applying, demand)))
}

/// What a registry is asked of an image: for each demand that only it can tell, what the image must be.
struct Questions {
    reference: Reference,
    demands: Vec<Vec<Requirement>>,
}

/// Returns what the registry is asked for each demand that only it can tell, in their order; `None` if there is none.
fn questions(
    applying: &[ApplyingRule],
    to_rule: &EntryToRule<'_>,
    circumstances: Option<&Circumstances>,
) -> Result<Option<Questions>, Failure> {
    let asks = |demand: &Demand| {
        judge_demand(&demand.demanded, &to_rule.ruled(), circumstances) == RuleJudgement::AsksRegistry
    };
    let demands: Vec<Vec<Requirement>> = demands(applying)
        .filter(|(_, demand)| asks(demand))
        .map(|(_, demand)| requirements(&demand.demanded, to_rule.source.as_ref()))
        .collect();
    if demands.is_empty() {
        return Ok(None);
    }
    match ImageToCheck::of_entry(to_rule.entry)? {
        ImageToCheck::Known(reference) => Ok(Some(Questions { reference, demands })),
        ImageToCheck::DependsOnEntry | ImageToCheck::Unpinned => {
            Err(Failure::target(format!("`{}` has neither tag nor digest", to_rule.entry.name)))
        }
    }
}

/// Asks a registry for all at once, and for each by itself if not all are met. Returns for each why it is not.
fn ask(
    Questions { reference, demands }: &Questions,
    checks: &mut Checks,
    listener: &mut Listener<'_>,
) -> Result<(Vec<Option<BrokenRule>>, Pace), Failure> {
    if !checks.asks() {
        let broken =
            BrokenRule { why: "the registry is not asked".to_owned(), remedy: "leave out `--no-check`".to_owned() };
        return Ok((vec![Some(broken); demands.len()], Pace::AtOnce));
    }
    match checks.require_also(reference, &demands.concat(), Patience::AsAsked, listener) {
        Ok(pace) => return Ok((vec![None; demands.len()], pace)),
        Err(failure) if failure.kind != FailureKind::Image => return Err(failure),
        Err(_) => {}
    }
    let mut answers = Vec::new();
    for question in demands {
        answers.push(match checks.require_also(reference, question, Patience::None, listener) {
            Ok(_) => None,
            Err(failure) if failure.kind == FailureKind::Image => Some(BrokenRule {
                why: std::iter::once(failure.message).chain(failure.details).collect::<Vec<_>>().join(": "),
                remedy: failure.hint.unwrap_or_else(|| "release an image that meets it".to_owned()),
            }),
            Err(failure) => return Err(failure),
        });
    }
    Ok((answers, Pace::AtOnce))
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
