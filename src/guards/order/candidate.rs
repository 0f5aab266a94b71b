//! A build that is to replace what an entry runs, and how it stands to one other build: one that runs or ran, or one that was
//! taken back.

use super::earlier::TakenBack;
use super::entry_order::{OrderVerdict, Ordered};
use super::order_context::{OrderContext, Unreachable};
use super::running::RunningEntry;
use super::sentences::unreachable_digest;
use super::source_repository::SourceRepositories;
use super::{Agreement, Build, Judgement, Numbers, agreement, commits_count, judge};
use crate::git::{CommitId, Snapshot};
use crate::image::ImageName;
use crate::message::SourceCommit;
use crate::outcome::failure::Failure;
use crate::request::OrderBy;
use crate::targets::EntryEdit;

/// A build that is to replace what an entry runs.
pub(super) struct CandidateBuild<'c> {
    pub(super) context: &'c OrderContext<'c>,
    pub(super) file: &'c str,
    pub(super) name: &'c ImageName,
    pub(super) new: Build,
    /// Whether its commit is that of a run which may have built another one, and the tag names none.
    pub(super) is_source_assumed: bool,
    /// Whether it has the image's name that the entry has now. What ran before may have had another one.
    pub(super) keeps_image: bool,
}

/// What became of one comparison.
pub(super) struct EntryComparison {
    pub(super) ordered: Ordered,
    /// Whether nothing but its higher tag tells that it is newer.
    pub(super) is_by_tag_alone: bool,
    pub(super) still_taken_back: Vec<CommitId>,
    /// Whether its commit is assumed, and the tags tell the opposite of what the commits tell.
    pub(super) is_source_doubted: bool,
    /// The commit that the label of the new image names, if that told the order.
    pub(super) label: Option<SourceCommit>,
    /// Why no label could tell the order now.
    pub(super) unreachable: Option<Unreachable>,
}

impl From<Ordered> for EntryComparison {
    fn from(ordered: Ordered) -> Self {
        Self {
            ordered,
            is_by_tag_alone: false,
            still_taken_back: Vec::new(),
            is_source_doubted: false,
            label: None,
            unreachable: None,
        }
    }
}

impl<'c> CandidateBuild<'c> {
    /// Returns what `entry` of `file` becomes.
    pub(super) fn of(context: &'c OrderContext<'c>, file: &'c str, entry: &'c EntryEdit) -> Self {
        let name = entry.name.as_str();
        let source = context.sources.of(name);
        let new = Build::of_entry(name, &entry.after, source);
        let asked_as = entry.image_name().filter(|_| new.image.is_some()).map(str::to_owned);
        let keeps_image = entry.before.image_name(name) == entry.after.image_name(name);
        let is_named = |source| new.tag.as_ref().is_some_and(|tag| agreement(tag, source) == Agreement::Agrees);
        let is_source_assumed = context.sources.are_assumed && source.is_some_and(|source| !is_named(source));
        Self { context, file, name: &entry.name, new: Build { asked_as, ..new }, is_source_assumed, keeps_image }
    }

    /// Returns whether it was built from the commit of a build that the entry ran before.
    pub(super) fn is_of_commit_of(&self, earlier: &Build) -> bool {
        self.new.has_source_of(earlier) || (self.keeps_image && self.new.has_commit_of(earlier))
    }

    /// Judges `new` against `other`, with what the repositories tell of their commits if these count.
    pub(super) fn judge(
        &self,
        new: &Build,
        other: &Build,
        snapshot: &mut Snapshot<'_>,
        repositories: &mut SourceRepositories<'_>,
    ) -> Result<Judgement, Failure> {
        let by = self.context.by;
        let ancestry = match (&new.source, &other.source) {
            (Some(new), Some(other)) if commits_count(by) => Some(repositories.ancestry(snapshot, new, other)?),
            _ => None,
        };
        Ok(judge(new, other, by, ancestry.as_ref()))
    }

    /// Returns what is left of a judgement against `runs` that does not count: it is by the commit of the run, which is assumed
    /// to be the image's, and the tags tell the opposite.
    pub(super) fn doubted(&self, judgement: &Judgement, runs: &Build) -> Option<Judgement> {
        if !self.is_source_assumed || self.context.by == OrderBy::Source {
            return None;
        }
        let but = "the commit of this run may not be that of the image (name that with `--source`)";
        match judgement {
            Judgement::Newer(_) | Judgement::Replaces(_)
                if self.new.is_older_by_tag_than(runs, Numbers::by(self.context.by)) =>
            {
                Some(Judgement::Unknown(format!("it is older by its tag, and {but}")))
            }
            Judgement::Older(how) if self.new.image == runs.image && self.new.is_higher_version_than(runs) => {
                Some(Judgement::Contradicted(format!("it is newer by its tag, but {how}, and {but}")))
            }
            _ => None,
        }
    }

    /// Returns why the build is superseded by what was taken back.
    pub(super) fn stays_away(&self, TakenBack { build, by, is_remembered, .. }: &TakenBack) -> Ordered {
        let new = &self.new;
        let from = match new.tag == build.tag {
            true => String::new(),
            false => format!("{new} is built from the same commit as {build}: "),
        };
        let by = match is_remembered {
            true => format!(", as {} says", by.short()),
            false => format!(" by {}", by.short()),
        };
        OrderVerdict::Superseded.because(format!("{from}{build} was rolled back{by}; only a newer build may follow"))
    }

    /// Returns whether the build is one of those that were taken back, or another build of the commit of one.
    pub(super) fn was_taken_back(
        &self,
        running: &RunningEntry,
        taken_back: &[TakenBack],
    ) -> Result<impl Fn(&TakenBack) -> bool, Failure> {
        let new = &self.new;
        let is_by_tag = |taken: &TakenBack| new.has_tag_of(&taken.build) && taken.build.digest.is_some();
        // Only its digest tells what a tag that moves means.
        let digest = match new.digest.is_none() && taken_back.iter().any(is_by_tag) {
            true => match (self.context.digest_of)(new) {
                Err(Unreachable(why)) if self.context.by != OrderBy::Nothing => {
                    return Err(unreachable_digest(new, &why));
                }
                digest => digest.ok().flatten(),
            },
            false => new.digest.clone(),
        };
        let as_checked = Build { digest, ..new.clone() };
        // If a build of this commit runs, the commit is not what was rolled back.
        let runs_of_commit = running.build.as_ref().is_some_and(|runs| new.has_source_of(runs));
        let is_rebuild =
            move |of: &Build| self.is_of_commit_of(of) && !runs_of_commit && !new.is_higher_version_than(of);
        Ok(move |taken_back: &TakenBack| as_checked.is(&taken_back.build) || is_rebuild(&taken_back.build))
    }
}
