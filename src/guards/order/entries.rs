//! The order of everything that a release changes: each entry on its own, against what runs and against what was taken back.

use super::build::source_in_tag;
use super::earlier::{EarlierBuilds, TakenBack};
use super::entry_at_tip::EntryAtTip;
use super::entry_order::{EntryOrder, EntryOrders, Ordered, Standing};
use super::found_claim::{FoundClaim, claims_of_entry};
use super::labels::{by_labels, with_labels};
use super::running::{RunningEntry, Scrutiny};
use super::sentences::{source, told, unreachable, unreachable_digest};
use super::setting::{Setting, Unreachable};
use super::source_repository::SourceRepositories;
use super::{Ancestry, Build, Judgement, commits_to_compare, judge};
use crate::git::{CommitId, Lineage, RepositoryPath, Snapshot};
use crate::guards::claims::BranchClaims;
use crate::guards::spellings::claimed_spellings;
use crate::image::ImageName;
use crate::message::SourceCommit;
use crate::message::trailers::MAX_TAKEN_BACK;
use crate::outcome::FileEdit;
use crate::outcome::failure::Failure;
use crate::request::{OnUnknownOrder, OrderBy};
use crate::targets::Fields;

/// How many of the newest commits are searched for a release of the same commit, if nothing tells the order of commits. Those
/// beyond the first 50 cost one request.
const MAX_CLAIMS_BEFORE: usize = 1_000;

/// Orders every entry that the edit of `files` changes. `note` is told what a person should know beside that.
///
/// # Errors
/// If history cannot be read, or if the order of an entry is not known because a repository or a registry cannot be reached
/// now.
pub fn order_of(
    setting: &Setting<'_>,
    snapshot: &mut Snapshot<'_>,
    files: &[FileEdit],
    note: &mut dyn FnMut(String),
) -> Result<EntryOrders, Failure> {
    let mut repositories = SourceRepositories::new(setting.request, setting.remote);
    let mut claims = BranchClaims::default();
    let mut orders = Vec::new();
    for file in files {
        // An entry that is added may have been there before.
        for entry in file.edit.entries.iter().filter(|entry| entry.changed()) {
            let name = entry.name.as_str();
            let new = Build::of_entry(name, &entry.after, setting.sources.of(name));
            let candidate = Candidate { setting, file: &file.path, name: &entry.name, new };
            orders.push(candidate.order(&entry.before, snapshot, &mut claims, &mut repositories, note)?);
        }
    }
    Ok(EntryOrders::new(orders))
}

/// Returns the repository that the newest release of an entry names, as far as the nearest history has one that does. What
/// runs may have come by hand.
fn earlier_repository(
    snapshot: &Snapshot<'_>,
    claims: &BranchClaims,
    EntryAtTip { path, name, .. }: &EntryAtTip<'_>,
) -> Result<Option<String>, Failure> {
    let file = path.to_string();
    let spellings = claimed_spellings(claims, name, &file, snapshot.file(path)?);
    let mut releases = claims_of_entry(claims, &file, name, &spellings);
    Ok(releases.find_map(|claim| claim.trailers.source_of(name)?.repository.clone()))
}

/// What became of one comparison.
struct EntryStanding {
    ordered: Ordered,
    still_taken_back: Vec<CommitId>,
    /// The commit that the label of the new image names, if that told the order.
    label: Option<SourceCommit>,
    /// Why no label could tell the order now.
    unreachable: Option<Unreachable>,
}

impl From<Ordered> for EntryStanding {
    fn from(ordered: Ordered) -> Self {
        Self { ordered, still_taken_back: Vec::new(), label: None, unreachable: None }
    }
}

/// A build that is to replace what an entry runs.
struct Candidate<'c> {
    setting: &'c Setting<'c>,
    file: &'c str,
    name: &'c ImageName,
    new: Build,
}

impl Candidate<'_> {
    /// Orders the build against what the entry runs, which is `now` in the file.
    fn order(
        mut self,
        now: &Fields,
        snapshot: &mut Snapshot<'_>,
        claims: &mut BranchClaims,
        repositories: &mut SourceRepositories<'_>,
        note: &mut dyn FnMut(String),
    ) -> Result<EntryOrder, Failure> {
        let name = self.name.as_str();
        let entry = EntryAtTip::new(self.file, name, now);
        let mut read = |snapshot: &mut Snapshot<'_>, claims: &mut BranchClaims, scrutiny| {
            RunningEntry::read(snapshot, claims, &entry, scrutiny, note)
        };
        let mut running = read(snapshot, claims, Scrutiny::AtHand)?;
        repositories.begin_entry(earlier_repository(snapshot, claims, &entry)?);
        let mut standing = self.against(&running, snapshot, repositories)?;
        if running.is_claimed && !matches!(standing.ordered.standing, Standing::Newer | Standing::Goes) {
            running = read(snapshot, claims, Scrutiny::Whole)?;
            standing = self.against(&running, snapshot, repositories)?;
        }
        // What tells its commit beside what runs tells it beside what ran before as well.
        self.new.source = self.new.source.or(standing.label);
        let ran_before = self.by_the_past(standing.ordered.standing, &running, snapshot, claims, repositories)?;
        let ordered = ran_before.unwrap_or(standing.ordered);
        let mut still_taken_back = standing.still_taken_back;
        if still_taken_back.len() > MAX_TAKEN_BACK {
            note(format!(
                "{} builds of `{name}` stay rolled back; the next release knows the newest {MAX_TAKEN_BACK} of them alone",
                still_taken_back.len()
            ));
            still_taken_back.truncate(MAX_TAKEN_BACK);
        }
        let of_label = standing.unreachable.as_ref().map(|Unreachable(why)| why.as_str());
        if self.setting.on_unknown != Some(OnUnknownOrder::Release)
            && let Standing::Unknown | Standing::Diverged = ordered.standing
            && let Some(why) = repositories.unreachable().or(of_label)
        {
            return Err(unreachable(name, why));
        }
        let located = |source: Option<SourceCommit>| source.map(|source| repositories.located(source));
        let source = located(self.new.source);
        let sources = located(running.build.and_then(|runs| runs.source)).zip(source.clone());
        let in_tag = self.new.tag.as_deref().and_then(source_in_tag);
        let source = source.filter(|source| in_tag.as_ref() != Some(source));
        let (file, name) = (self.file.to_owned(), self.name.clone());
        Ok(EntryOrder { file, name, ordered, source, sources, still_taken_back })
    }

    /// Compares the build with what was taken back, and with what runs.
    fn against(
        &self,
        running: &RunningEntry,
        snapshot: &mut Snapshot<'_>,
        repositories: &mut SourceRepositories<'_>,
    ) -> Result<EntryStanding, Failure> {
        let new = &self.new;
        let was_taken_back = self.was_taken_back(running, &running.taken_back)?;
        let (taken_back, others): (Vec<_>, Vec<_>) = running.taken_back.iter().partition(|other| was_taken_back(other));
        if let (Some(taken), false) = (taken_back.first(), self.setting.by == OrderBy::Nothing) {
            return Ok(self.stays_away(taken).into());
        }
        let standing = self.against_running(running, snapshot, repositories)?;
        let new = &Build { source: new.source.clone().or_else(|| standing.label.clone()), ..new.clone() };
        let is_explained = running.build.as_ref().is_some_and(|runs| self.is_explained(runs));
        let mut still_taken_back: Vec<CommitId> = running.release.filter(|_| is_explained).into_iter().collect();
        for other in others {
            let judgement = self.judge(new, &other.build, snapshot, repositories)?;
            if !matches!(judgement, Judgement::Newer(_) | Judgement::Replaces(_)) {
                still_taken_back.push(other.release);
            }
        }
        Ok(EntryStanding { still_taken_back, ..standing })
    }

    fn stays_away(&self, TakenBack { build, by, is_remembered, .. }: &TakenBack) -> Ordered {
        let new = &self.new;
        let from = match new.has_tag_of(build) {
            true => String::new(),
            false => format!("{new} is built from the same commit as {build}: "),
        };
        let by = match is_remembered {
            true => format!(", as {} says", by.short()),
            false => format!(" by {}", by.short()),
        };
        Standing::Superseded.because(format!("{from}{build} was rolled back{by}; only a newer build may follow"))
    }

    /// Returns whether the build is one of those that were taken back, or another build of the commit of one.
    fn was_taken_back(
        &self,
        running: &RunningEntry,
        taken_back: &[TakenBack],
    ) -> Result<impl Fn(&TakenBack) -> bool, Failure> {
        let new = &self.new;
        let is_by_tag = |taken: &TakenBack| new.has_tag_of(&taken.build) && taken.build.digest.is_some();
        // Only its digest tells what a tag that moves means.
        let digest = match new.digest.is_none() && taken_back.iter().any(is_by_tag) {
            true => match (self.setting.digest_of)(new) {
                Err(Unreachable(why)) if self.setting.by != OrderBy::Nothing => {
                    return Err(unreachable_digest(new, &why));
                }
                digest => digest.ok().flatten(),
            },
            false => new.digest.clone(),
        };
        let as_checked = Build { digest, ..new.clone() };
        // A commit of which a build runs is not what was bad of another build of it.
        let runs_of_commit = running.build.as_ref().is_some_and(|runs| new.has_source_of(runs));
        let is_rebuild = move |of: &Build| new.has_source_of(of) && !runs_of_commit && !new.is_higher_version_than(of);
        Ok(move |taken_back: &TakenBack| as_checked.is(&taken_back.build) || is_rebuild(&taken_back.build))
    }

    /// Compares the build with what runs.
    fn against_running(
        &self,
        running: &RunningEntry,
        snapshot: &mut Snapshot<'_>,
        repositories: &mut SourceRepositories<'_>,
    ) -> Result<EntryStanding, Failure> {
        let Self { setting, new, .. } = self;
        let Some(runs) = &running.build else {
            return Ok(Standing::Goes.because("nothing was released before").into());
        };
        if self.is_explained(runs) {
            let reason = format!("{runs} was taken back in the environment that is promoted");
            return Ok(Standing::Goes.because(reason).into());
        }
        let judgement = self.judge(new, runs, snapshot, repositories)?;
        let (labels, unreachable) = match judgement {
            Judgement::Unknown(_) => match with_labels(setting, running, new, runs) {
                Ok(labels) => (labels, None),
                Err(unreachable) => (None, Some(unreachable)),
            },
            _ => (None, None),
        };
        let Some((new, runs)) = labels else {
            return Ok(EntryStanding { unreachable, ..told(setting, running, new, runs, judgement).into() });
        };
        let judgement = self.judge(&new, &runs, snapshot, repositories)?;
        let ordered = by_labels(told(setting, running, &new, &runs, judgement));
        Ok(EntryStanding { label: new.source, ..ordered.into() })
    }

    fn is_explained(&self, runs: &Build) -> bool {
        self.setting.explained.iter().any(|(entry, build)| entry == self.name && build.is(runs))
    }

    /// Judges `new` against `other`, with what the repositories tell of their commits if these count.
    fn judge(
        &self,
        new: &Build,
        other: &Build,
        snapshot: &mut Snapshot<'_>,
        repositories: &mut SourceRepositories<'_>,
    ) -> Result<Judgement, Failure> {
        let by = self.setting.by;
        let ancestry = match commits_to_compare(new, other, by) {
            Some(_) => Some(repositories.ancestry(snapshot, new, other)?),
            None => None,
        };
        Ok(judge(new, other, by, ancestry.as_ref()))
    }

    /// Returns why the build is superseded, although it is not older than what runs: what runs may have taken the place of it.
    fn by_the_past(
        &self,
        standing: Standing,
        running: &RunningEntry,
        snapshot: &mut Snapshot<'_>,
        claims: &mut BranchClaims,
        repositories: &mut SourceRepositories<'_>,
    ) -> Result<Option<Ordered>, Failure> {
        // If its commit is not known, the same tag may be wanted again.
        let is_by_commit = commits_to_compare(&self.new, &self.new, self.setting.by).is_some();
        let has_commit = running.build.as_ref().is_some_and(|runs| runs.source.is_some());
        // A person, or a release without a commit, may have gone back to what never ran here.
        let may_be_back = running.has_past() && (!has_commit || running.release.is_none());
        match standing {
            Standing::Replaces => self.ran_before(running, false, snapshot, repositories),
            // Where the repositories do not know the commit of what runs, to ask them of others leads to nothing.
            Standing::Unknown if is_by_commit && has_commit => self.runs_again(running, snapshot, claims),
            Standing::Newer | Standing::Unknown if is_by_commit && may_be_back => {
                self.ran_before(running, true, snapshot, repositories)
            }
            _ => Ok(None),
        }
    }

    /// Returns why a build is superseded that may take the place of what runs, or of whose order nothing is known: what runs
    /// took its place, or that of a newer one. `is_rebuild_new`: another build of a commit that ran may follow.
    fn ran_before(
        &self,
        running: &RunningEntry,
        is_rebuild_new: bool,
        snapshot: &mut Snapshot<'_>,
        repositories: &mut SourceRepositories<'_>,
    ) -> Result<Option<Ordered>, Failure> {
        let has_source = |build: &Build| build.source.is_some();
        let earlier = EarlierBuilds::read_to(snapshot, self.file, self.name.as_str(), has_source)?;
        let mut untold = None;
        for stood in &earlier.stood {
            // A repository that cannot be reached is not asked again for each of them.
            let is_asked = repositories.unreachable().is_none() || self.new.has_source_of(stood);
            let ancestry = match is_asked {
                true => repositories.ancestry(snapshot, &self.new, stood)?,
                false => Ancestry::Known(Lineage::Unknown),
            };
            match ancestry {
                Ancestry::Known(Lineage::Same) if is_rebuild_new && !self.new.is(stood) => break,
                Ancestry::Known(Lineage::Before | Lineage::Same) => return Ok(Some(self.not_newer_than(stood))),
                Ancestry::Known(Lineage::After) => break,
                Ancestry::Known(Lineage::Apart) | Ancestry::OnDefaultBranch(_) => {}
                Ancestry::Known(Lineage::Unknown) | Ancestry::Unknown(_) => {
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
        let spellings = claimed_spellings(claims, name, self.file, snapshot.file(&path)?);
        let commit = self.new.source.as_ref().map(|source| source.commit);
        let is_of_commit = |claim: FoundClaim<'_>| {
            let image = claim.trailers.image(name, self.new.image.as_deref().unwrap_or(name));
            let in_tag = || source_in_tag(image?.tag.as_deref()?);
            let source = claim.trailers.source_of(name).cloned().or_else(in_tag);
            source.is_some_and(|source| Some(source.commit) == commit)
        };
        Ok(claims_of_entry(claims, self.file, name, &spellings).any(is_of_commit))
    }

    fn is_again(&self, earlier: &Build) -> bool {
        self.new.is(earlier) && self.new.has_source_of(earlier)
    }

    fn not_newer_than(&self, earlier: &Build) -> Ordered {
        let (branch, source, new) = (self.setting.branch, source(earlier), &self.new);
        let why = match self.is_again(earlier) {
            true => "; only a newer build may follow".to_owned(),
            false => format!(", and {new} is not newer"),
        };
        Standing::Superseded.because(format!("{branch} released {earlier} ({source}) before what it has now{why}"))
    }
}
