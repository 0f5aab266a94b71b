//! The order of everything that a release changes: each entry on its own, against what runs and against what was taken back.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use super::build::source_in_tag;
use super::candidate::{CandidateBuild, EntryComparison};
use super::earlier::read_standing;
use super::entry_at_tip::EntryAtTip;
use super::entry_order::{EntryOrder, EntryOrders, OrderVerdict};
use super::found_claim::last_repository;
use super::labels::{by_labels, with_labels};
use super::last_release::LastRelease;
use super::order_context::{OrderContext, Unreachable};
use super::past::MAX_COMMITS_SEARCHED;
use super::running::{HistoryDepth, RunningEntry};
use super::sentences::{told, unreachable};
use super::source_repository::SourceRepositories;
use super::{Build, Judgement, Numbers};
use crate::git::{CommitId, Snapshot};
use crate::guards::history::claims::BranchClaims;
use crate::guards::history::file_entries::FileVersions;
use crate::message::trailers::MAX_TAKEN_BACK;
use crate::message::{SourceCommit, each_once};
use crate::outcome::FileEdit;
use crate::outcome::failure::Failure;
use crate::request::{OnUnknownOrder, OrderBy};
use crate::targets::{self, EntryEdit, Fields, ReadFile, TargetError};

/// Orders every entry that the edit of `files` changes. `note` is told what a person should know beside that.
///
/// # Errors
/// If history cannot be read, or if the order of an entry is not known because a repository or a registry cannot be reached
/// now.
pub fn order_of(
    context: &OrderContext<'_>,
    snapshot: &mut Snapshot<'_>,
    files: &[FileEdit],
    note: &mut dyn FnMut(String),
) -> Result<EntryOrders, Failure> {
    let mut repositories = SourceRepositories::new(context.request, context.remote);
    let mut claims = BranchClaims::default();
    let mut orders = Vec::new();
    for file in files {
        let mut places: HashMap<&str, Vec<&EntryEdit>> = HashMap::new();
        file.edit.entries.iter().for_each(|entry| places.entry(entry.name.as_str()).or_default().push(entry));
        let mut own_names: HashMap<&str, Vec<Option<String>>> = HashMap::new();
        // Places of one past that become the same from the same are judged once: there may be thousands.
        let mut judged = HashSet::new();
        let changed = || file.edit.entries.iter().filter(|entry| entry.changed());
        let versions = FileVersions::of_entries(changed().map(|entry| entry.name.as_str()));
        // An entry that is added may have been there before.
        for entry in changed() {
            let places = &places[entry.name.as_str()];
            let own_names = match own_names.entry(entry.name.as_str()) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => unknown.insert(own_names_of(file, places, snapshot, &mut claims)?),
            };
            let named = places.iter().zip(own_names.iter()).find(|(place, _)| std::ptr::eq(**place, entry));
            let own_name = named.and_then(|(_, name)| name.clone());
            if !judged.insert((&entry.name, own_name.clone(), &entry.before, &entry.after)) {
                continue;
            }
            let own_name = own_name.as_deref().unwrap_or(entry.name.as_str());
            let at_tip = EntryAtTip {
                is_of_one_version: places.len() == 1 && !entry.appended,
                numbers: Numbers::by(context.by),
                ..EntryAtTip::new(&file.path, own_name, &entry.before, &versions)
            };
            let candidate = CandidateBuild::of(context, &file.path, entry);
            orders.push(candidate.order(&at_tip, snapshot, &mut claims, &mut repositories, note)?);
        }
    }
    Ok(EntryOrders::new(orders))
}

/// The most places of one name for which the whole file is searched for a name of each. With more, only a place that a release
/// named alone gets a name of its own.
const MAX_OWN_PASTS: usize = 20;

/// Returns the name that means each of the `places` of one name alone, if each has a past of its own: they say different things
/// before the edit, or a release named one of them alone. A place that a name does not lead to has none.
fn own_names_of(
    file: &FileEdit,
    places: &[&EntryEdit],
    snapshot: &mut Snapshot<'_>,
    claims: &mut BranchClaims,
) -> Result<Vec<Option<String>>, Failure> {
    let name = places[0].name.as_str();
    let says = |said: Result<Vec<(String, Fields)>, TargetError>, place: &EntryEdit| {
        said.is_ok_and(|said| said.iter().any(|(_, fields)| *fields == place.before))
    };
    // The editor has read the same text, so this never comes; without names, all places would have one past.
    let unread = |error: TargetError| Failure::edit(&file.path, &error);
    if places.len() > MAX_OWN_PASTS {
        claims.search(snapshot, MAX_COMMITS_SEARCHED)?;
        let spellings = claims.spellings(name, &file.path, &file.old);
        let name_alone = |read: &ReadFile<'_, '_>| {
            let mut names = vec![None; places.len()];
            for (at, own) in read.named_alone(name, &spellings) {
                if places.get(at).is_some_and(|place| says(read.entries(Some(&own)), place)) {
                    names[at] = Some(own);
                }
            }
            Ok(names)
        };
        return targets::read(&file.path, &file.old, name_alone).map_err(unread);
    }
    if places.len() < 2 {
        return Ok(Vec::new());
    }
    let said = |file: &ReadFile<'_, '_>| {
        let said = |name: String| (file.entries(Some(&name)), name);
        Ok(file.own_names(name).into_iter().map(said).collect())
    };
    let named: Vec<_> = targets::read(&file.path, &file.old, said).map_err(unread)?;
    let are_alike = places.iter().all(|other| other.before == places[0].before);
    let mut names = named.iter().map(|(_, name)| name.as_str());
    if are_alike && !is_one_named_alone(file, &mut names, snapshot, claims)? {
        return Ok(Vec::new());
    }
    let named = named.into_iter().zip(places);
    Ok(named.map(|((said, name), place)| says(said, place).then_some(name)).collect())
}

/// Returns whether one of the newest commits claims to have released one of the places that have these own names, and not all.
fn is_one_named_alone(
    file: &FileEdit,
    own_names: &mut dyn Iterator<Item = &str>,
    snapshot: &mut Snapshot<'_>,
    claims: &mut BranchClaims,
) -> Result<bool, Failure> {
    claims.search(snapshot, MAX_COMMITS_SEARCHED)?;
    let mut claimed = own_names.map(|name| {
        let mut names = claims.spellings(name, &file.path, &file.old);
        names.extend(claims.of_name(name).any(|said| said.names_file(&file.path)).then(|| name.to_owned()));
        names
    });
    let first = claimed.next();
    Ok(claimed.any(|names| Some(&names) != first.as_ref()))
}

/// Returns the repository that the newest release of an entry names, as far as the nearest history has one that does. What
/// runs may have come by hand.
fn earlier_repository(
    snapshot: &Snapshot<'_>,
    claims: &mut BranchClaims,
    EntryAtTip { path, name, .. }: &EntryAtTip<'_>,
) -> Result<Option<String>, Failure> {
    let file = path.as_str();
    let spellings = claims.spellings(name, file, snapshot.file(path)?);
    Ok(last_repository(claims, file, name, &spellings))
}

impl CandidateBuild<'_> {
    /// Orders the build against what the entry runs.
    fn order(
        mut self,
        entry: &EntryAtTip<'_>,
        snapshot: &mut Snapshot<'_>,
        claims: &mut BranchClaims,
        repositories: &mut SourceRepositories<'_>,
        note: &mut dyn FnMut(String),
    ) -> Result<EntryOrder, Failure> {
        let name = self.name.as_str();
        let mut read = |snapshot: &mut Snapshot<'_>, claims: &mut BranchClaims, depth| {
            RunningEntry::read(snapshot, claims, entry, depth, note)
        };
        let mut running = read(snapshot, claims, HistoryDepth::Loaded)?;
        repositories.begin_entry(earlier_repository(snapshot, claims, entry)?);
        let mut comparison = self.against(&running, snapshot, repositories)?;
        if running.last_release == LastRelease::Claimed
            && !matches!(comparison.ordered.verdict, OrderVerdict::Newer | OrderVerdict::Allowed)
        {
            running = read(snapshot, claims, HistoryDepth::Full)?;
            comparison = self.against(&running, snapshot, repositories)?;
        }
        // What tells its commit beside what runs tells it beside what ran before as well.
        self.new.source =
            self.new.source.filter(|_| !comparison.is_source_doubted).or_else(|| comparison.label.clone());
        let ran_before = self.by_the_past(&comparison, &running, entry, snapshot, claims, repositories)?;
        let mut ordered = ran_before.unwrap_or(comparison.ordered);
        let taken_back_at_source = self.releases_taken_back_at_source(&running, entry, snapshot)?;
        let mut still_taken_back = each_once(taken_back_at_source.into_iter().chain(comparison.still_taken_back));
        if still_taken_back.len() > MAX_TAKEN_BACK {
            note(format!(
                "{} builds of `{name}` stay rolled back; the next release knows the newest {MAX_TAKEN_BACK} of them alone",
                still_taken_back.len()
            ));
            still_taken_back.truncate(MAX_TAKEN_BACK);
        }
        let of_label = comparison.unreachable.as_ref().map(|Unreachable(why)| why.as_str());
        if self.context.on_unknown != Some(OnUnknownOrder::Release)
            && let OrderVerdict::Unknown | OrderVerdict::Contradicted | OrderVerdict::Diverged = ordered.verdict
            && let Some(why) = repositories.unreachable().or(of_label)
        {
            return Err(unreachable(name, why));
        }
        if let (OrderVerdict::Diverged, Some(why)) = (ordered.verdict, repositories.unasked()) {
            ordered.reason += &format!("; its default branch is not known: {why}");
        }
        let located = |source: Option<SourceCommit>| source.map(|source| repositories.located(source));
        let source = located(self.new.source);
        let sources = located(running.build.and_then(|runs| runs.source)).zip(source.clone());
        let in_tag = self.new.tag.as_deref().and_then(source_in_tag);
        let source = source.filter(|source| in_tag.as_ref() != Some(source));
        let (file, name) = (self.file.to_owned(), self.name.clone());
        Ok(EntryOrder {
            file,
            name,
            before: entry.now.clone(),
            ordered,
            source,
            is_source_doubted: comparison.is_source_doubted,
            sources,
            still_taken_back,
        })
    }

    /// Compares the build with what was taken back, and with what runs.
    fn against(
        &self,
        running: &RunningEntry,
        snapshot: &mut Snapshot<'_>,
        repositories: &mut SourceRepositories<'_>,
    ) -> Result<EntryComparison, Failure> {
        let new = &self.new;
        let was_taken_back = self.was_taken_back(running, &running.taken_back)?;
        let (taken_back, others): (Vec<_>, Vec<_>) = running.taken_back.iter().partition(|other| was_taken_back(other));
        if let (Some(taken), false) = (taken_back.first(), self.context.by == OrderBy::Nothing) {
            return Ok(self.stays_away(taken).into());
        }
        let comparison = self.against_running(running, snapshot, repositories)?;
        let source = new.source.clone().filter(|_| !comparison.is_source_doubted);
        let new = &Build { source: source.or_else(|| comparison.label.clone()), ..new.clone() };
        let mut still_taken_back = Vec::new();
        for other in others {
            let judgement = self.judge(new, &other.build, snapshot, repositories)?;
            if !matches!(judgement, Judgement::Newer(_) | Judgement::HigherTag | Judgement::Replaces(_)) {
                still_taken_back.push(other.release);
            }
        }
        Ok(EntryComparison { still_taken_back, ..comparison })
    }

    /// Compares the build with what runs.
    fn against_running(
        &self,
        running: &RunningEntry,
        snapshot: &mut Snapshot<'_>,
        repositories: &mut SourceRepositories<'_>,
    ) -> Result<EntryComparison, Failure> {
        let Self { context, new, .. } = self;
        let Some(runs) = &running.build else {
            return Ok(OrderVerdict::Allowed.because("nothing was released before").into());
        };
        if self.was_taken_back_at_source(runs) {
            let reason = format!("{runs} was taken back in the environment that is promoted");
            return Ok(OrderVerdict::Allowed.because(reason).into());
        }
        let mut judgement = self.judge(new, runs, snapshot, repositories)?;
        let mut without_source = None;
        if let Some(doubted) = self.doubted(&judgement, runs) {
            judgement = doubted;
            without_source = Some(Build { source: None, ..new.clone() });
        }
        let (is_source_doubted, new) = (without_source.is_some(), without_source.as_ref().unwrap_or(new));
        let (labels, unreachable) = match judgement {
            Judgement::Unknown(_) | Judgement::Contradicted(_) => match with_labels(context, running, new, runs) {
                Ok(labels) => (labels, None),
                Err(unreachable) => (None, Some(unreachable)),
            },
            _ => (None, None),
        };
        let Some((new, runs)) = labels else {
            let is_by_tag_alone = judgement == Judgement::HigherTag;
            let ordered = told(context, running, new, runs, judgement);
            return Ok(EntryComparison { unreachable, is_by_tag_alone, is_source_doubted, ..ordered.into() });
        };
        let judgement = self.judge(&new, &runs, snapshot, repositories)?;
        let ordered = by_labels(told(context, running, &new, &runs, judgement));
        Ok(EntryComparison { label: new.source, is_source_doubted, ..ordered.into() })
    }

    /// Returns the releases that a promotion takes back, that of what runs with them: their builds were taken back where it comes
    /// from.
    fn releases_taken_back_at_source(
        &self,
        running: &RunningEntry,
        entry: &EntryAtTip<'_>,
        snapshot: &mut Snapshot<'_>,
    ) -> Result<Vec<CommitId>, Failure> {
        if !running.build.as_ref().is_some_and(|runs| self.was_taken_back_at_source(runs)) {
            return Ok(Vec::new());
        }
        let is_enough = |standing: &[(CommitId, Build)]| {
            standing.len() > MAX_TAKEN_BACK || standing.iter().any(|(_, build)| build.is(&self.new))
        };
        let standing = read_standing(snapshot, entry, is_enough)?.into_iter();
        Ok(standing.filter(|(_, build)| self.was_taken_back_at_source(build)).map(|(release, _)| release).collect())
    }

    fn was_taken_back_at_source(&self, runs: &Build) -> bool {
        self.context.taken_back_at_source.iter().any(|(entry, build)| entry == self.name && build.is(runs))
    }
}
