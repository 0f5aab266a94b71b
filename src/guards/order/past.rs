//! Whether a build that does not look older than what runs is older all the same: what runs may have taken its place, or that of
//! a newer one.

use super::Ancestry;
use super::Build;
use super::build::source_in_tag;
use super::candidate::{CandidateBuild, EntryStanding};
use super::commits_count;
use super::earlier::EarlierBuilds;
use super::entry_order::{Ordered, Standing};
use super::found_claim::{FoundClaim, claims_of_entry};
use super::running::RunningEntry;
use super::sentences::{source, unreachable};
use super::source_repository::SourceRepositories;
use crate::git::{RepositoryPath, Snapshot};
use crate::guards::claims::BranchClaims;
use crate::outcome::failure::Failure;
use crate::request::OnUnknownOrder;

/// How many of the newest commits are searched for a release of the same commit, if nothing tells the order of commits. Those
/// beyond the first 50 cost one request.
const MAX_CLAIMS_BEFORE: usize = 1_000;

/// What another build of a commit that ran before is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rebuild {
    /// Wanted, if its tag is another one: the pipeline of the commit did not just run again.
    MayFollow,
    IsOld,
}

impl CandidateBuild<'_> {
    /// Returns why the build is superseded, although it is not older than what runs: what runs may have taken the place of it.
    pub(super) fn by_the_past(
        &self,
        EntryStanding { ordered, is_by_tag_alone, .. }: &EntryStanding,
        running: &RunningEntry,
        snapshot: &mut Snapshot<'_>,
        claims: &mut BranchClaims,
        repositories: &mut SourceRepositories<'_>,
    ) -> Result<Option<Ordered>, Failure> {
        // If its commit is not known, the same tag may be wanted again.
        let is_by_commit = self.new.source.is_some() && commits_count(self.setting.by);
        let has_commit = running.build.as_ref().is_some_and(|runs| runs.source.is_some());
        // A person, or a release without a commit, may have gone back to what never ran here.
        let may_be_back = running.has_past() && (!has_commit || running.release.is_none());
        match ordered.standing {
            // Another build of what runs is no step back.
            _ if running.build.as_ref().is_some_and(|runs| self.new.has_source_of(runs)) => Ok(None),
            Standing::Replaces => self.ran_before(running, Rebuild::IsOld, snapshot, repositories),
            // Where the repositories do not know the commit of what runs, to ask them of others leads to nothing.
            Standing::Unknown if is_by_commit && has_commit => self.runs_again(running, snapshot, claims),
            Standing::Newer | Standing::Unknown if is_by_commit && may_be_back => {
                self.ran_before(running, Rebuild::MayFollow, snapshot, repositories)
            }
            Standing::Newer if *is_by_tag_alone && self.has_later_time(running) => {
                self.runs_again(running, snapshot, claims)
            }
            _ => Ok(None),
        }
    }

    /// Returns whether a date or a time alone may make its tag higher than that of what runs, and its commit may be older: a
    /// pipeline that runs again writes a later one.
    fn has_later_time(&self, running: &RunningEntry) -> bool {
        let is_later = |runs: &Build| !self.new.is_higher_version_than(runs);
        commits_count(self.setting.by) && self.new.names_source() && running.build.as_ref().is_some_and(is_later)
    }

    /// Returns why a build is superseded that may take the place of what runs, or of whose order nothing is known: what runs
    /// took its place, or that of a newer one.
    fn ran_before(
        &self,
        running: &RunningEntry,
        rebuild: Rebuild,
        snapshot: &mut Snapshot<'_>,
        repositories: &mut SourceRepositories<'_>,
    ) -> Result<Option<Ordered>, Failure> {
        let has_source = |build: &Build| build.source.is_some();
        let earlier = EarlierBuilds::read_to(snapshot, self.file, self.name.as_str(), has_source)?;
        let mut untold = None;
        for stood in &earlier.stood {
            // A repository that cannot be reached is not asked again for each of them.
            let is_rebuild = self.new.has_source_of(stood);
            let is_asked = repositories.unreachable().is_none() || is_rebuild;
            let ancestry = match (&self.new.source, &stood.source) {
                (Some(new), Some(other)) if is_asked => Some(repositories.ancestry(snapshot, new, other)?),
                _ => None,
            };
            match ancestry {
                _ if is_rebuild && rebuild == Rebuild::MayFollow && !self.new.may_be_rerun_of(stood) => break,
                _ if is_rebuild => return Ok(Some(self.not_newer_than(stood))),
                // An image of another name was built from the commit.
                Some(Ancestry::Same) if rebuild == Rebuild::MayFollow => break,
                Some(Ancestry::Before | Ancestry::Same) => return Ok(Some(self.not_newer_than(stood))),
                Some(Ancestry::After) => break,
                Some(Ancestry::Apart | Ancestry::OnDefaultBranch(_)) => {}
                Some(Ancestry::Unknown(_)) | None => {
                    if let (Some(why), Some(_)) = (repositories.unreachable(), &stood.source) {
                        if self.new.is_higher_version_than(stood) {
                            break;
                        }
                        untold.get_or_insert_with(|| why.to_owned());
                    }
                }
            }
        }
        let was_taken_back = self.was_taken_back(running, &earlier.taken_back)?;
        let taken_back = earlier.taken_back.iter().find(|taken| was_taken_back(taken));
        match (taken_back, untold) {
            (None, Some(why)) if self.setting.on_unknown != Some(OnUnknownOrder::Release) => {
                Err(unreachable(self.name.as_str(), &why))
            }
            (taken_back, _) => Ok(taken_back.map(|taken| self.stays_away(taken))),
        }
    }

    /// Returns why the build is superseded if nothing tells the order of commits: another build of its commit ran before. The
    /// history is read only if a release claims to be of that commit.
    fn runs_again(
        &self,
        running: &RunningEntry,
        snapshot: &mut Snapshot<'_>,
        claims: &mut BranchClaims,
    ) -> Result<Option<Ordered>, Failure> {
        let is_of_commit =
            |earlier: &Build| self.new.has_source_of(earlier) && !self.new.is_higher_version_than(earlier);
        let not_newer =
            |builds: &[Build]| builds.iter().find(|build| is_of_commit(build)).map(|build| self.not_newer_than(build));
        if let Some(ordered) = not_newer(&running.before) {
            return Ok(Some(ordered));
        }
        if !self.has_claim_of_its_commit(snapshot, claims)? {
            return Ok(None);
        }
        Ok(not_newer(&EarlierBuilds::read_to(snapshot, self.file, self.name.as_str(), is_of_commit)?.stood))
    }

    /// Returns whether one of the newest commits claims to have released a build of the same commit.
    fn has_claim_of_its_commit(&self, snapshot: &mut Snapshot<'_>, claims: &mut BranchClaims) -> Result<bool, Failure> {
        let (name, path) = (self.name.as_str(), RepositoryPath::shown_as(self.file));
        claims.search(snapshot, MAX_CLAIMS_BEFORE)?;
        let spellings = claims.spellings(name, self.file, snapshot.file(&path)?);
        let is_of_commit = |FoundClaim { trailers, .. }: FoundClaim<'_>| {
            let image = trailers.image(name, self.new.image.as_deref().unwrap_or(name));
            let tag = image.and_then(|image| image.tag.clone());
            let source = trailers.source_of(name).cloned().or_else(|| source_in_tag(tag.as_deref()?));
            self.new.has_source_of(&Build { image: self.new.image.clone(), tag, digest: None, source })
        };
        Ok(claims_of_entry(claims, self.file, name, &spellings).any(is_of_commit))
    }

    fn is_again(&self, earlier: &Build) -> bool {
        self.new.is(earlier) && self.new.has_source_of(earlier)
    }

    fn not_newer_than(&self, earlier: &Build) -> Ordered {
        let (branch, new) = (self.setting.branch, &self.new);
        let source = earlier.source.as_ref().map(|_| format!(" ({})", source(earlier))).unwrap_or_default();
        let why = match self.is_again(earlier) {
            true => "; only a newer build may follow".to_owned(),
            false => format!(", and {new} is not newer"),
        };
        Standing::Superseded.because(format!("{branch} released {earlier}{source} before what it has now{why}"))
    }
}
