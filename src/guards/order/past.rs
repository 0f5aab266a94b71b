//! Whether a build that looks newer than what runs is older all the same, because a hotfix or a change by hand has replaced it,
//! or a newer one, by what runs now.

use super::build::source_in_tag;
use super::candidate::{CandidateBuild, EntryComparison};
use super::commits_count;
use super::earlier::EarlierBuild;
use super::entry_at_tip::EntryAtTip;
use super::entry_order::{OrderVerdict, Ordered};
use super::found_claim::{claims_of_name, is_of_gone_file};
use super::running::RunningEntry;
use super::sentences::{source, unreachable};
use super::source_repository::SourceRepositories;
use super::{Ancestry, Build};
use crate::git::Snapshot;
use crate::guards::history::claims::BranchClaims;
use crate::message::trailers::ReleaseTrailers;
use crate::outcome::failure::Failure;
use crate::request::{OnDiverged, OnUnknownOrder};

/// How many of the newest commits are searched for a build of the same commit, or for a release of one place of a name. Those
/// beyond the first 50 cost one request.
pub(super) const MAX_COMMITS_SEARCHED: usize = 1_000;

/// How many builds that stood before are compared by their commits.
const MAX_BUILDS_COMPARED: usize = 10;

/// What is asked of the builds that ran before.
#[derive(Debug, Clone, Copy)]
struct PastQuestion {
    rebuild: Rebuild,
    /// Whether the repositories of the sources are asked how the commits stand to each other. Skipped if the repositories do not
    /// know the commit of what runs.
    asks_repositories: bool,
}

/// What another build of a commit that ran before is.
#[derive(Debug, Clone, Copy)]
enum Rebuild {
    /// Wanted, if its tag is another one: the pipeline of the commit did not just run again.
    MayFollow,
    /// Old, unless it is of a higher version.
    IsOld,
}

impl CandidateBuild<'_> {
    /// Returns why the build is superseded, although it is not older than what runs: it ran before, or what is newer did.
    pub(super) fn by_the_past(
        &self,
        comparison: &EntryComparison,
        running: &RunningEntry,
        entry: &EntryAtTip<'_>,
        snapshot: &mut Snapshot<'_>,
        claims: &mut BranchClaims,
        repositories: &mut SourceRepositories<'_>,
    ) -> Result<Option<Ordered>, Failure> {
        let Some(question) = self.question(comparison, running) else { return Ok(None) };
        if !question.asks_repositories && self.is_of_one_of(&running.past) {
            return self.against_past(&running.past, question, snapshot, repositories);
        }
        let is_claimed = self.has_claim_of_its_commit(entry, snapshot, claims)?;
        if !question.asks_repositories && !is_claimed {
            return Ok(None);
        }
        let is_enough = |past: &[EarlierBuild], commits_read: usize| {
            let is_found = !is_claimed || self.is_of_one_of(past) || commits_read >= MAX_COMMITS_SEARCHED;
            is_found && (!question.asks_repositories || is_enough_to_compare(past))
        };
        let past = EarlierBuild::read(snapshot, entry, is_enough)?;
        self.against_past(&past, question, snapshot, repositories)
    }

    /// Returns what has to be asked of the past; `None` if what runs tells all.
    fn question(
        &self,
        EntryComparison { ordered, is_by_tag_alone, .. }: &EntryComparison,
        running: &RunningEntry,
    ) -> Option<PastQuestion> {
        // If its commit is not known, the same tag may be wanted again.
        let is_by_commit = self.new.source.is_some() && commits_count(self.context.by);
        let has_commit = running.build.as_ref().is_some_and(|runs| runs.source.is_some());
        // A person, or a release without a commit, may have gone back to what never ran here.
        let may_be_back = running.has_past() && (!has_commit || !running.last_release.is_of_what_runs());
        let (rebuild, asks_repositories) = match ordered.verdict {
            // Another build of what runs is no step back.
            _ if running.build.as_ref().is_some_and(|runs| self.new.has_source_of(runs)) => return None,
            OrderVerdict::Replaces => (Rebuild::IsOld, true),
            // A person decides about the others.
            OrderVerdict::Diverged if self.context.on_diverged == OnDiverged::Release => (Rebuild::MayFollow, true),
            OrderVerdict::Unknown if is_by_commit && has_commit => (Rebuild::IsOld, false),
            OrderVerdict::Newer | OrderVerdict::Unknown if is_by_commit && may_be_back => (Rebuild::MayFollow, true),
            OrderVerdict::Newer if *is_by_tag_alone && self.has_later_time(running) => (Rebuild::IsOld, false),
            _ => return None,
        };
        Some(PastQuestion { rebuild, asks_repositories })
    }

    /// Returns whether a date or a time alone may make its tag higher than that of what runs, and its commit may be older: a
    /// pipeline that runs again writes a later one.
    fn has_later_time(&self, running: &RunningEntry) -> bool {
        let is_later = |runs: &Build| !self.new.is_higher_version_than(runs);
        commits_count(self.context.by) && self.new.names_source() && running.build.as_ref().is_some_and(is_later)
    }

    /// Returns whether one of the newest commits claims to have released a build of the same commit, in the file of the entry or
    /// in one that may have been it.
    fn has_claim_of_its_commit(
        &self,
        entry: &EntryAtTip<'_>,
        snapshot: &mut Snapshot<'_>,
        claims: &mut BranchClaims,
    ) -> Result<bool, Failure> {
        claims.search(snapshot, MAX_COMMITS_SEARCHED)?;
        let image_name = self.new.image.as_deref().unwrap_or(entry.name);
        let is_of_commit = |name: &str, said: &ReleaseTrailers| {
            let tag = said.image(name, image_name).and_then(|image| image.tag.clone());
            let source = said.source_of(name).cloned().or_else(|| source_in_tag(tag.as_deref()?));
            self.new.has_commit_of(&Build { image: None, asked_as: None, tag, digest: None, source })
        };
        let of_name = claims_of_name(snapshot, claims, entry)?;
        let said: Vec<_> = of_name.filter(|(name, said)| is_of_commit(name, said)).map(|(_, said)| said).collect();
        let file = entry.path.as_str();
        Ok(said.iter().any(|said| said.names_file(file)) || is_of_gone_file(snapshot, claims, &said)?)
    }

    fn is_of_one_of(&self, past: &[EarlierBuild]) -> bool {
        past.iter().any(|earlier| self.is_of_commit_of(earlier.build()))
    }

    /// Compares the build with those that ran before, the newest first.
    fn against_past(
        &self,
        past: &[EarlierBuild],
        PastQuestion { rebuild, asks_repositories }: PastQuestion,
        snapshot: &mut Snapshot<'_>,
        repositories: &mut SourceRepositories<'_>,
    ) -> Result<Option<Ordered>, Failure> {
        let new = &self.new;
        let (mut compares, mut compared, mut untold) = (asks_repositories, 0, None);
        for earlier in past {
            let is_rebuild = self.is_of_commit_of(earlier.build());
            let stood = match earlier {
                EarlierBuild::TakenBack(taken) if is_rebuild && !new.is_higher_version_than(&taken.build) => {
                    return Ok(Some(self.stays_away(taken)));
                }
                EarlierBuild::TakenBack(_) => continue,
                EarlierBuild::Stood(stood) => stood,
            };
            if is_rebuild {
                let may_follow = match rebuild {
                    Rebuild::MayFollow => !new.may_be_rerun_of(stood),
                    Rebuild::IsOld => new.is_higher_version_than(stood),
                };
                return Ok((!may_follow).then(|| self.not_newer_than(stood)));
            }
            if !compares || compared == MAX_BUILDS_COMPARED {
                continue;
            }
            compared += 1;
            match self.ancestry_to(stood, snapshot, repositories)? {
                // An image of another name was built from the commit.
                Some(Ancestry::Same) if matches!(rebuild, Rebuild::MayFollow) => compares = false,
                Some(Ancestry::Before | Ancestry::Same) => return Ok(Some(self.not_newer_than(stood))),
                Some(Ancestry::After) => compares = false,
                Some(Ancestry::Apart | Ancestry::OnDefaultBranch(_)) => {}
                Some(Ancestry::Unknown(_)) | None => {
                    if let (Some(why), Some(_)) = (repositories.unreachable(), &stood.source) {
                        match new.is_higher_version_than(stood) {
                            true => compares = false,
                            false => drop(untold.get_or_insert_with(|| why.to_owned())),
                        }
                    }
                }
            }
        }
        match untold {
            Some(why) if self.context.on_unknown != Some(OnUnknownOrder::Release) => {
                Err(unreachable(self.name.as_str(), &why))
            }
            _ => Ok(None),
        }
    }

    /// Returns how its commit stands to that of a build, as the repositories tell; `None` if that is not asked. One that cannot
    /// be reached is not asked again for each build.
    fn ancestry_to(
        &self,
        stood: &Build,
        snapshot: &mut Snapshot<'_>,
        repositories: &mut SourceRepositories<'_>,
    ) -> Result<Option<Ancestry>, Failure> {
        match (&self.new.source, &stood.source) {
            (Some(new), Some(other)) if repositories.unreachable().is_none() => {
                repositories.ancestry(snapshot, new, other).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn is_again(&self, earlier: &Build) -> bool {
        self.new.is(earlier) && self.new.has_source_of(earlier)
    }

    fn not_newer_than(&self, earlier: &Build) -> Ordered {
        let (branch, new) = (self.context.branch, &self.new);
        let source = earlier.source.as_ref().map(|_| format!(" ({})", source(earlier))).unwrap_or_default();
        let why = match self.is_again(earlier) {
            true => "; only a newer build may follow".to_owned(),
            false => format!(", and {new} is not newer"),
        };
        OrderVerdict::Superseded.because(format!("{branch} released {earlier}{source} before what it has now{why}"))
    }
}

/// Returns whether enough of the past was read to compare commits: up to one that is known.
fn is_enough_to_compare(past: &[EarlierBuild]) -> bool {
    let stood = || past.iter().filter(|earlier| matches!(earlier, EarlierBuild::Stood(_)));
    stood().any(|earlier| earlier.build().source.is_some()) || stood().count() >= MAX_BUILDS_COMPARED
}
