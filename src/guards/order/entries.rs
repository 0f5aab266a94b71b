//! The order of everything that a release changes: each entry on its own, against what runs and against what was taken back.

use super::build::source_in_tag;
use super::running::{RunningEntry, Scrutiny, TakenBack, builds_before};
use super::source_repository::SourceRepositories;
use super::{Ancestry, Build, Judgement, commits_to_compare, judge};
use crate::git::{CommitId, Lineage, Remote, Snapshot};
use crate::guards::claims::BranchClaims;
use crate::image::ImageName;
use crate::message::trailers::MAX_TAKEN_BACK;
use crate::message::{EntrySources, SourceCommit};
use crate::outcome::FileEdit;
use crate::outcome::failure::{Failure, FailureKind};
use crate::request::{OnUnknownOrder, OrderBy, TargetRequest};

/// What is to be ordered, and how.
pub struct Setting<'a> {
    pub request: &'a TargetRequest,
    /// The repository that is released to; `None` if nothing leaves the checkout.
    pub remote: Option<&'a Remote>,
    /// The branch, as messages name it.
    pub branch: &'a str,
    pub by: OrderBy,
    /// What the user wants if no order is known; `None` if that was not said.
    pub on_unknown: Option<OnUnknownOrder>,
    /// The commits that the new images were built from.
    pub sources: &'a EntrySources,
    /// Returns the commit that an image says that it was built from. It may cost requests.
    pub label_of: &'a dyn Fn(&Build) -> Option<SourceCommit>,
    /// Returns the digest that the tag of a build means now. It may cost a request.
    pub digest_of: &'a dyn Fn(&Build) -> Option<String>,
    /// Builds that were taken back where the new ones come from, by entry: to leave them is no step back.
    pub explained: &'a [(ImageName, Build)],
}

/// How one entry's new build stands to what runs.
pub struct EntryOrder {
    pub file: String,
    pub name: ImageName,
    pub ordered: Ordered,
    /// The commit that the new image was built from, if something tells more of it than its tag does.
    pub source: Option<SourceCommit>,
    /// The commits that what runs and the new image were built from, if both are known.
    pub sources: Option<(SourceCommit, SourceCommit)>,
    /// The releases of this entry that stay taken back if this one goes out, for the next release to know.
    pub still_taken_back: Vec<CommitId>,
}

/// What follows for an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is newer, or the same.
    Goes,
    /// It goes out although the lines went apart; a person should know why.
    Replaces,
    /// It is provably older, or was taken back.
    Superseded,
    Diverged,
    /// It goes out, and nothing is known of its order.
    Unknown,
}

/// What follows for an entry, with the reason as a sentence.
pub struct Ordered {
    pub standing: Standing,
    pub reason: String,
}

impl Standing {
    fn because(self, reason: impl Into<String>) -> Ordered {
        Ordered { standing: self, reason: reason.into() }
    }
}

/// Orders every entry that the edit of `files` changes. `note` is told what a person should know beside that.
///
/// # Errors
/// If history cannot be read, or if the order of an entry is not known because a repository cannot be reached now.
pub fn order_of(
    setting: &Setting<'_>,
    snapshot: &mut Snapshot<'_>,
    files: &[FileEdit],
    note: &mut dyn FnMut(String),
) -> Result<Vec<EntryOrder>, Failure> {
    let mut repositories = SourceRepositories::new(setting.request, setting.remote);
    let mut claims = BranchClaims::default();
    let mut orders = Vec::new();
    for file in files {
        for entry in file.edit.entries.iter().filter(|entry| !entry.appended && entry.changed()) {
            let name = entry.name.as_str();
            let new = Build::of_entry(name, &entry.after, setting.sources.of(name));
            let mut read = |snapshot: &mut Snapshot<'_>, claims: &mut BranchClaims, scrutiny| {
                RunningEntry::read(snapshot, claims, &file.path, name, &entry.before, scrutiny, note)
            };
            let mut running = read(snapshot, &mut claims, Scrutiny::AtHand)?;
            repositories.may_be_in(earlier_repository(&claims, &file.path, name));
            let mut order = order(setting, snapshot, &mut repositories, name, &new, &running)?;
            if running.is_claimed && order.ordered.standing != Standing::Goes {
                running = read(snapshot, &mut claims, Scrutiny::Whole)?;
                order = self::order(setting, snapshot, &mut repositories, name, &new, &running)?;
            }
            if order.ordered.standing == Standing::Replaces
                && let Some(ordered) = ran_before(setting, snapshot, &mut repositories, &file.path, name, &new)?
            {
                order.ordered = ordered;
            }
            let EntryStanding { ordered, mut still_taken_back, label } = order;
            if still_taken_back.len() > MAX_TAKEN_BACK {
                note(format!(
                    "{} builds of `{name}` stay rolled back; the next release knows the newest {MAX_TAKEN_BACK} of them alone",
                    still_taken_back.len()
                ));
                still_taken_back.truncate(MAX_TAKEN_BACK);
            }
            if setting.on_unknown != Some(OnUnknownOrder::Release)
                && let (Standing::Unknown | Standing::Diverged, Some(why)) =
                    (ordered.standing, repositories.unreachable())
            {
                return Err(unreachable(name, why));
            }
            let (file, name) = (file.path.clone(), entry.name.clone());
            let located = |source: Option<SourceCommit>| source.map(|source| repositories.located(source));
            let source = located(new.source.or(label));
            let sources = located(running.build.and_then(|runs| runs.source)).zip(source.clone());
            let in_tag = new.tag.as_deref().and_then(source_in_tag);
            let source = source.filter(|source| in_tag.as_ref() != Some(source));
            orders.push(EntryOrder { file, name, ordered, source, sources, still_taken_back });
        }
    }
    Ok(orders)
}

/// Returns the repository that the newest release of an entry names, as far as the nearest history has one that does. What runs may
/// have come by hand.
fn earlier_repository(claims: &BranchClaims, file: &str, name: &str) -> Option<String> {
    let mut releases = claims.iter().flat_map(|(_, said)| said).filter(|said| said.is_of(file, name));
    releases.find_map(|said| said.source_of(name)?.repository.clone())
}

/// A guess would let an older build replace a newer one, only because a server failed for a moment.
fn unreachable(name: &str, why: &str) -> Failure {
    let hint = "run the same command again; `--on-unknown-order release` releases it all the same, with a warning";
    Failure::new(FailureKind::Unavailable, format!("cannot tell whether `{name}` would go back: {why}")).hint(hint)
}

/// What became of one comparison.
struct EntryStanding {
    ordered: Ordered,
    still_taken_back: Vec<CommitId>,
    label: Option<SourceCommit>,
}

fn order(
    setting: &Setting<'_>,
    snapshot: &mut Snapshot<'_>,
    repositories: &mut SourceRepositories<'_>,
    name: &str,
    new: &Build,
    running: &RunningEntry,
) -> Result<EntryStanding, Failure> {
    let mut stand = |new: &Build, other: &Build| -> Result<Judgement, Failure> {
        let ancestry = match commits_to_compare(new, other, setting.by) {
            Some(_) => Some(repositories.ancestry(snapshot, new, other)?),
            None => None,
        };
        Ok(judge(new, other, setting.by, ancestry.as_ref()))
    };
    let is_by_tag = |taken_back: &TakenBack| new.is(&taken_back.build) && taken_back.build.digest.is_some();
    // Only its digest tells what a tag that moves means.
    let digest = match new.digest.is_none() && running.taken_back.iter().any(is_by_tag) {
        true => (setting.digest_of)(new),
        false => new.digest.clone(),
    };
    let as_checked = Build { digest, ..new.clone() };
    // A commit of which a build runs is not what was bad of another build of it.
    let runs_of_commit = running.build.as_ref().is_some_and(|runs| new.has_source_of(runs));
    let is_rebuild = |of: &Build| new.has_source_of(of) && !runs_of_commit && !new.is_higher_version_than(of);
    let is_new = |taken_back: &&TakenBack| as_checked.is(&taken_back.build) || is_rebuild(&taken_back.build);
    if let (Some(TakenBack { build, by, .. }), false) =
        (running.taken_back.iter().find(is_new), setting.by == OrderBy::Nothing)
    {
        let from =
            if new.is(build) { String::new() } else { format!("{new} is built from the same commit as {build}: ") };
        let reason = format!("{from}{build} was rolled back by {}; only a newer build may follow", by.short());
        let ordered = Standing::Superseded.because(reason);
        return Ok(EntryStanding { ordered, still_taken_back: Vec::new(), label: None });
    }
    let is_explained =
        |runs: &Build| setting.explained.iter().any(|(entry, build)| entry.as_str() == name && build.is(runs));
    let mut label = None;
    let ordered = match &running.build {
        None => Standing::Goes.because("nothing was released before"),
        Some(runs) if is_explained(runs) => {
            Standing::Goes.because(format!("{runs} was taken back in the environment that is promoted"))
        }
        Some(runs) => match stand(new, runs)? {
            Judgement::Unknown(why) => match with_labels(setting, new, runs) {
                Some((labelled, runs)) => {
                    label.clone_from(&labelled.source);
                    by_labels(told(setting.branch, &labelled, &runs, stand(&labelled, &runs)?))
                }
                None => told(setting.branch, new, runs, Judgement::Unknown(why)),
            },
            judgement => told(setting.branch, new, runs, judgement),
        },
    };
    let new = &Build { source: new.source.clone().or_else(|| label.clone()), ..new.clone() };
    let explained = running.release.filter(|_| running.build.as_ref().is_some_and(is_explained));
    let mut still_taken_back: Vec<CommitId> = explained.into_iter().collect();
    for taken_back in running.taken_back.iter().filter(|taken_back| !is_new(taken_back)) {
        if !matches!(stand(new, &taken_back.build)?, Judgement::Newer(_) | Judgement::Replaces(_)) {
            still_taken_back.push(taken_back.release);
        }
    }
    Ok(EntryStanding { ordered, still_taken_back, label })
}

/// Returns why a build that is on the default branch is superseded all the same: what runs is not on that branch, and took the
/// place of this build, or of a newer one.
fn ran_before(
    setting: &Setting<'_>,
    snapshot: &mut Snapshot<'_>,
    repositories: &mut SourceRepositories<'_>,
    file: &str,
    name: &str,
    new: &Build,
) -> Result<Option<Ordered>, Failure> {
    for earlier in builds_before(snapshot, file, name)? {
        match repositories.ancestry(snapshot, new, &earlier)? {
            Ancestry::Known(Lineage::Before | Lineage::Same) => {
                let (branch, source) = (setting.branch, source(&earlier));
                return Ok(Some(Standing::Superseded.because(format!(
                    "{branch} released {earlier} ({source}) before what it releases now, and {new} is not newer"
                ))));
            }
            Ancestry::Known(Lineage::After) => break,
            _ => {}
        }
    }
    Ok(None)
}

/// Returns both builds with the commits that the images say that they were built from, if that tells what was not known.
fn with_labels(setting: &Setting<'_>, new: &Build, runs: &Build) -> Option<(Build, Build)> {
    let commits_count = matches!(setting.by, OrderBy::Auto | OrderBy::Source | OrderBy::Number);
    if !commits_count || (new.source.is_some() && runs.source.is_some()) {
        return None;
    }
    let labelled = |build: &Build| {
        let source = build.source.clone().or_else(|| (setting.label_of)(build))?;
        Some(Build { source: Some(source), ..build.clone() })
    };
    Some((labelled(new)?, labelled(runs)?))
}

/// Says that labels told it: a label is what the build of the image wrote into it.
fn by_labels(mut ordered: Ordered) -> Ordered {
    if ordered.standing != Standing::Unknown {
        ordered.reason += ", as the labels of the images say";
    }
    ordered
}

/// Tells a judgement of `new` against what `runs`.
fn told(branch: &str, new: &Build, runs: &Build, judgement: Judgement) -> Ordered {
    match judgement {
        Judgement::Newer(how) => Standing::Goes.because(format!("newer than {runs}: {how}")),
        Judgement::Same(how) => Standing::Goes.because(format!("as new as {runs}: {how}")),
        Judgement::NotAsked => Standing::Goes.because("order does not count"),
        Judgement::Replaces(how) => {
            Standing::Replaces.because(format!("{new} and {runs} are on lines that went apart: {how}"))
        }
        Judgement::Older(how) => {
            Standing::Superseded.because(format!("{branch} already releases {runs}, and {new} is older: {how}"))
        }
        Judgement::Diverged => Standing::Diverged.because(format!(
            "{new} ({}) is not built on top of {runs} ({}), which {branch} releases",
            source(new),
            source(runs)
        )),
        Judgement::Unknown(why) => {
            Standing::Unknown.because(format!("cannot tell whether {new} is newer than {runs}: {why}"))
        }
    }
}

fn source(build: &Build) -> String {
    match &build.source {
        Some(SourceCommit { repository: Some(repository), commit }) => format!("{repository}@{}", commit.short()),
        Some(SourceCommit { repository: None, commit }) => commit.short(),
        None => "source unknown".to_owned(),
    }
}
