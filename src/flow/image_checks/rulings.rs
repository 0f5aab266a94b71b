//! The rules on the branch, judged for entries: what they demand of the file is judged at once, and of the image by asking
//! its registry. A demand that cannot be asked for does not hold.

use std::sync::Arc;

use crate::flow::image_checks::awaited::WaitedForImages;
use crate::flow::image_checks::checks::Checks;
use crate::flow::image_checks::further_questions::{Answers, WaitPolicy};
use crate::flow::image_checks::image_to_check::ImageToCheck;
use crate::git::RepositoryPath;
use crate::guards::order::EntryOrder;
use crate::guards::rules::{
    Demand, Demanded, ReleaseContext, RuleJudgement, RuledEntry, RulesRefusal, RulesState, judge_demand,
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
pub(in crate::flow) struct EntryToRule<'e> {
    pub(in crate::flow) path: &'e RepositoryPath,
    pub(in crate::flow) entry: &'e EntryEdit,
    /// The commit that the image was built from.
    pub(in crate::flow) source: Option<SourceCommit>,
    pub(in crate::flow) order: Option<&'e EntryOrder>,
    /// Whether the branch has it, or had it before: that was judged when it came.
    pub(in crate::flow) was_on_branch: bool,
}

/// What was judged.
pub(in crate::flow) struct Rulings {
    pub(in crate::flow) rulings: Vec<Ruling>,
    /// Whether the entries may be out of date: a registry was waited for, or a tag means another digest by now.
    pub(in crate::flow) is_outdated: bool,
}

/// Judges all rules of `state` that are for `entries`. What the files tell comes first: if that breaks a rule, no registry
/// is waited for.
///
/// # Errors
/// If a registry cannot be asked, and nothing else breaks a rule. What it answers is a ruling.
pub(in crate::flow) fn rule(
    state: &RulesState,
    entries: &[EntryToRule<'_>],
    context: Option<&ReleaseContext>,
    checks: &mut Checks,
    listener: &mut Listener<'_>,
) -> Result<Rulings, Failure> {
    judge(state, entries, context, WaitPolicy::AsRequested, checks, listener)
}

/// Judges the same rules after images were found to be missing or wrong, and returns those that do not hold, and why
/// a registry did not tell more. Only of the images that were found can one tell anything.
pub(in crate::flow) fn broken_beside_images(
    state: &RulesState,
    entries: Vec<EntryToRule<'_>>,
    context: Option<&ReleaseContext>,
    checks: &mut Checks,
    listener: &mut Listener<'_>,
) -> (Vec<Ruling>, Option<Failure>) {
    let is_found = |to_rule: &EntryToRule<'_>| reference(to_rule).is_ok_and(|image| checks.of(&image).is_some());
    let (found, others): (Vec<_>, Vec<_>) = entries.into_iter().partition(is_found);
    let by_files = |entries: &[EntryToRule<'_>], checks: &Checks| {
        let judged = judge_files(state, entries, context, checks).into_iter();
        judged.filter(JudgedDemand::is_broken).map(|one| one.ruling).collect()
    };
    let (mut rulings, unanswered) = match judge(state, &found, context, WaitPolicy::Never, checks, listener) {
        Ok(judged) => (judged.rulings, None),
        // A registry that does not answer leaves what the files tell.
        Err(unanswered) => (by_files(&found, checks), Some(unanswered)),
    };
    rulings.extend::<Vec<_>>(by_files(&others, checks));
    (each_once(rulings.into_iter().filter(|ruling| ruling.broken().is_some())), unanswered)
}

fn judge(
    state: &RulesState,
    entries: &[EntryToRule<'_>],
    context: Option<&ReleaseContext>,
    wait: WaitPolicy,
    checks: &mut Checks,
    listener: &mut Listener<'_>,
) -> Result<Rulings, Failure> {
    let mut judged = judge_files(state, entries, context, checks);
    let (is_outdated, unanswered) = answer(&mut judged, wait, checks, listener)?;
    if !judged.iter().any(JudgedDemand::is_broken) {
        Failure::of_all(unanswered)?;
    }
    Ok(Rulings { rulings: judged.into_iter().map(|one| one.ruling).collect(), is_outdated })
}

/// A demand of a rule, as far as it was judged.
struct JudgedDemand<'e> {
    ruling: Ruling,
    /// What only a registry can tell of the image of an entry. Until then, the ruling says why it was not told.
    open: Option<(&'e EntryToRule<'e>, Vec<Requirement>)>,
}

impl JudgedDemand<'_> {
    fn requirements(&self) -> Vec<Requirement> {
        self.open.as_ref().map(|(_, requirements)| requirements.clone()).unwrap_or_default()
    }

    fn settle(&mut self, verdict: RuleVerdict) {
        (self.ruling.verdict, self.open) = (verdict, None);
    }

    fn is_broken(&self) -> bool {
        self.open.is_none() && self.ruling.broken().is_some()
    }
}

fn judge_files<'e>(
    state: &RulesState,
    entries: &'e [EntryToRule<'_>],
    context: Option<&ReleaseContext>,
    checks: &Checks,
) -> Vec<JudgedDemand<'e>> {
    let mut judged: Vec<JudgedDemand<'_>> = Vec::new();
    for to_rule in entries {
        for (place, refusal) in state.refused(to_rule.path) {
            let ruling = not_understood(place, refusal, to_rule.path);
            if judged.iter().all(|one| one.ruling != ruling) {
                judged.push(JudgedDemand { ruling, open: None });
            }
        }
        for applying in state.applying(to_rule.path, to_rule.entry.name.as_str()) {
            for Demand { demanded, line, column } in &applying.rule.demands {
                let judgement = judge_demand(demanded, &to_rule.ruled(), context);
                let told = match judgement {
                    RuleJudgement::Holds => Some(RuleVerdict::Holds),
                    RuleJudgement::NotJudged => Some(RuleVerdict::NotJudged),
                    RuleJudgement::Broken { why, remedy } => Some(RuleVerdict::Broken(BrokenRule { why, remedy })),
                    RuleJudgement::AsksTag => to_rule.judge_tag(demanded, checks),
                    RuleJudgement::AsksRegistry => None,
                };
                let open = || (to_rule, requirements(demanded, &applying.rule.demands, to_rule.source.as_ref()));
                let open = told.is_none().then(open);
                let ruling = Ruling {
                    place: place_of(&applying.place, *line, *column),
                    rule: applying.rule.name.clone(),
                    demand: Some(demanded.kind()),
                    file: to_rule.path.to_string(),
                    entry: Some(to_rule.entry.name.to_string()),
                    verdict: told.unwrap_or_else(|| RuleVerdict::Broken(not_asked())),
                };
                judged.push(JudgedDemand { ruling, open });
            }
        }
    }
    judged
}

/// Asks the registries for what is open, and settles it: all demands at once, and each by itself of an image that does not meet
/// them all. Returns whether the entries may be out of date, and why a registry did not tell what stays open.
fn answer(
    judged: &mut [JudgedDemand<'_>],
    wait: WaitPolicy,
    checks: &mut Checks,
    listener: &mut Listener<'_>,
) -> Result<(bool, Vec<Failure>), Failure> {
    let wait = if judged.iter().any(JudgedDemand::is_broken) { WaitPolicy::Never } else { wait };
    let mut asked = asked_images(judged, checks)?;
    if asked.is_empty() || !checks.asks() {
        return Ok((false, Vec::new()));
    }
    let together = asked
        .iter()
        .map(|image| checks.question(&image.found, image.demands.iter().flat_map(|demand| demand.requirements())));
    let questions: Vec<_> = together.collect();
    let Answers { answers, waited } = checks.ask_more(&questions, wait, listener);
    let is_outdated = waited == WaitedForImages::Yes || asked.iter().any(|image| checks.of(&image.written).is_none());
    let (mut alone, mut questions) = (Vec::new(), Vec::new());
    for (AskedImage { found, demands, .. }, answer) in asked.iter_mut().zip(answers) {
        for demand in demands {
            match answer {
                Ok(()) => demand.settle(RuleVerdict::Holds),
                Err(_) => {
                    questions.push(checks.question(found, demand.requirements()));
                    alone.push(demand);
                }
            }
        }
    }
    let Answers { answers, .. } = checks.ask_more(&questions, WaitPolicy::Never, listener);
    let mut unanswered = Vec::new();
    for (demand, answer) in alone.into_iter().zip(answers) {
        match answer {
            Ok(()) => demand.settle(RuleVerdict::Holds),
            Err(failure) if failure.kind == FailureKind::Image => {
                demand.settle(broken_by(failure, "release an image that meets it"));
            }
            Err(failure) => {
                demand.ruling.verdict = broken_by(failure.clone(), "run the same command again");
                unanswered.push(failure);
            }
        }
    }
    Ok((is_outdated, unanswered))
}

/// Returns what registries are asked for all that is open.
fn asked_images<'j, 'e>(
    judged: &'j mut [JudgedDemand<'e>],
    checks: &Checks,
) -> Result<Vec<AskedImage<'j, 'e>>, Failure> {
    let mut asked: Vec<AskedImage<'_, '_>> = Vec::new();
    for one in judged {
        let Some((to_rule, _)) = &one.open else { continue };
        let written = reference(to_rule)?;
        match asked.iter_mut().find(|image| image.written == written) {
            Some(image) => image.demands.push(one),
            None => asked.push(AskedImage { found: checks.as_found(&written), written, demands: vec![one] }),
        }
    }
    Ok(asked)
}

impl EntryToRule<'_> {
    fn ruled(&self) -> RuledEntry<'_> {
        RuledEntry {
            name: self.entry.name.as_str(),
            image: self.entry.pulled_name(),
            tag: self.entry.pulled().tag.filter(|_| !self.entry.after.is_latest()),
            digest: self.entry.pulled().digest,
            uncertain: self.entry.uncertain_image(),
            source: self.source.as_ref(),
            order: self.order.map(|order| &order.ordered),
        }
    }

    /// Judges whether the digest is the tag's, as the check of this run has found it. A rollback must be possible while the
    /// registry is down. A tag may be moved or deleted after its release, which is what a digest is for; but what another
    /// branch says of both proves nothing.
    /// `None`: the registry has to be asked.
    fn judge_tag(&self, demanded: &Demanded, checks: &Checks) -> Option<RuleVerdict> {
        if self.was_on_branch {
            return Some(RuleVerdict::Holds);
        }
        if !checks.asks() {
            return Some(RuleVerdict::Broken(not_asked()));
        }
        let found = checks.of(&reference(self).ok()?)?;
        if !found.tag_moved || !matches!(demanded, Demanded::Tags(_)) {
            return Some(RuleVerdict::Holds);
        }
        Some(RuleVerdict::Broken(BrokenRule {
            why: format!(
                "the digest of `{}` is not that of the tag `{}` in the registry",
                self.entry.name,
                self.entry.pulled().tag.unwrap_or_default()
            ),
            remedy: "release a tag with the digest that it has there".to_owned(),
        }))
    }
}

/// What a registry is asked of one image.
struct AskedImage<'j, 'e> {
    /// As the entry names it.
    written: Reference,
    /// As this run has found it: by its tag alone, if the digest of the entry is what the tag meant.
    found: Reference,
    demands: Vec<&'j mut JudgedDemand<'e>>,
}

/// Returns the image that an entry names.
fn reference(to_rule: &EntryToRule<'_>) -> Result<Reference, Failure> {
    let unpinned = || Failure::target(format!("`{}` has neither tag nor digest", to_rule.entry.name));
    ImageToCheck::of_entry(to_rule.entry)?.known().cloned().ok_or_else(unpinned)
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

/// Returns what an image must be to meet a demand that only the registry can tell, `beside` the others of its rule.
fn requirements(demanded: &Demanded, beside: &[Demand], source: Option<&SourceCommit>) -> Vec<Requirement> {
    let revision = source.and_then(|source| Revision::new(&source.commit.to_string()));
    let by = |signer: &Arc<TrustedSigner>, claim| Requirement::Claim(RequiredClaim { claim, by: Arc::clone(signer) });
    match demanded {
        Demanded::Platforms(platforms) => platforms.iter().cloned().map(Requirement::Platform).collect(),
        Demanded::Revision => revision.into_iter().map(|it| Requirement::Revision(it, RevisedImages::All)).collect(),
        Demanded::Signature(signer) => {
            let types = beside.iter().filter_map(|demand| match &demand.demanded {
                Demanded::Attestations(_, types) => Some(types.clone()),
                _ => None,
            });
            vec![by(signer, Claim::signature_beside(types.flatten().collect()))]
        }
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
        let required = requirements(&Demanded::Provenance(signer), &[], tag.as_ref());
        let [Requirement::Claim(RequiredClaim { claim: Claim::Provenance(Some(expected)), .. })] = &*required else {
            panic!("{required:?}");
        };
        assert_eq!(expected.named_by, SourceNaming::Release);
    }
}
