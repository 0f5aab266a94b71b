//! The order of everything that a release changes: each entry on its own, against what runs and against what was taken back.

use super::running::{Evidence, RunningEntry, Scrutiny, TakenBack};
use super::source_repository::SourceRepositories;
use super::{Build, Judgement, commits_to_compare, judge};
use crate::git::{CommitId, Remote, Snapshot};
use crate::image::ImageName;
use crate::message::trailers::SourceCommit;
use crate::outcome::FileEdit;
use crate::outcome::failure::Failure;
use crate::request::{OrderBy, TargetRequest};

/// What is to be ordered, and how.
pub struct Setting<'a> {
    pub request: &'a TargetRequest,
    /// The repository that is released to; `None` if nothing leaves the checkout.
    pub remote: Option<&'a Remote>,
    /// The branch, as messages name it.
    pub branch: &'a str,
    pub by: OrderBy,
    /// The commit that the new images were built from.
    pub source: Option<&'a SourceCommit>,
    /// Builds that were taken back where the new ones come from, by entry: to leave them is no step back.
    pub explained: &'a [(ImageName, Build)],
}

/// How one entry's new build stands to what runs.
pub struct EntryOrder {
    pub file: String,
    pub name: ImageName,
    pub ordered: Ordered,
    /// The releases of this entry that stay taken back if this one goes out, for the next release to know.
    pub still_taken_back: Vec<CommitId>,
}

/// What follows for an entry, with the reason as a sentence.
pub enum Ordered {
    /// It is newer, or the same. Says how that was told.
    Goes(String),
    /// It goes out although the lines went apart; a person should know why.
    Replaces(String),
    /// It is provably older, or was taken back.
    Superseded(String),
    Diverged(String),
    /// It goes out, and nothing is known of its order.
    Unknown(String),
}

impl Ordered {
    /// Returns how it was told.
    pub fn reason(&self) -> &str {
        match self {
            Self::Goes(reason)
            | Self::Replaces(reason)
            | Self::Superseded(reason)
            | Self::Diverged(reason)
            | Self::Unknown(reason) => reason,
        }
    }
}

/// Orders every entry that the edit of `files` changes. `note` is told what a person should know beside that.
///
/// # Errors
/// If history cannot be read.
pub fn order_of(
    setting: &Setting<'_>,
    snapshot: &mut Snapshot<'_>,
    files: &[FileEdit],
    note: &mut dyn FnMut(String),
) -> Result<Vec<EntryOrder>, Failure> {
    let mut repositories = SourceRepositories::new(setting.request, setting.remote);
    let mut orders = Vec::new();
    for file in files {
        for entry in file.edit.entries.iter().filter(|entry| !entry.appended && entry.changed()) {
            let name = entry.name.as_str();
            let new = Build::of_entry(name, &entry.after, setting.source);
            let mut read = |snapshot: &mut Snapshot<'_>, scrutiny| {
                RunningEntry::read(snapshot, &file.path, name, &entry.before, scrutiny, note)
            };
            let mut running = read(snapshot, Scrutiny::AtHand)?;
            let mut order = order(setting, snapshot, &mut repositories, name, &new, &running)?;
            if running.evidence == Evidence::Claim && !matches!(order.0, Ordered::Goes(_)) {
                running = read(snapshot, Scrutiny::Whole)?;
                order = self::order(setting, snapshot, &mut repositories, name, &new, &running)?;
            }
            let (ordered, still_taken_back) = order;
            orders.push(EntryOrder { file: file.path.clone(), name: entry.name.clone(), ordered, still_taken_back });
        }
    }
    Ok(orders)
}

fn order(
    setting: &Setting<'_>,
    snapshot: &mut Snapshot<'_>,
    repositories: &mut SourceRepositories<'_>,
    name: &str,
    new: &Build,
    running: &RunningEntry,
) -> Result<(Ordered, Vec<CommitId>), Failure> {
    let mut stand = |new: &Build, other: &Build| -> Result<Judgement, Failure> {
        let ancestry = match commits_to_compare(new, other, setting.by) {
            Some(_) => Some(repositories.ancestry(snapshot, new, other)?),
            None => None,
        };
        Ok(judge(new, other, setting.by, ancestry.as_ref()))
    };
    let is_new = |taken_back: &&TakenBack| new.is(&taken_back.build);
    if let (Some(TakenBack { build, by, .. }), false) =
        (running.taken_back.iter().find(is_new), setting.by == OrderBy::Nothing)
    {
        let reason = format!("{build} was rolled back by {}; only a newer build may follow", by.short());
        return Ok((Ordered::Superseded(reason), Vec::new()));
    }
    let is_explained =
        |runs: &Build| setting.explained.iter().any(|(entry, build)| entry.as_str() == name && build.is(runs));
    let ordered = match &running.build {
        None => Ordered::Goes("nothing was released before".to_owned()),
        Some(runs) if is_explained(runs) => {
            Ordered::Goes(format!("{runs} was taken back in the environment that is promoted"))
        }
        Some(runs) => match stand(new, runs)? {
            Judgement::Unknown(_) if running.evidence == Evidence::Entry => {
                Ordered::Goes("this is the first release of the entry".to_owned())
            }
            judgement => told(setting.branch, new, runs, judgement),
        },
    };
    let mut still_taken_back = Vec::new();
    for taken_back in running.taken_back.iter().filter(|taken_back| !is_new(taken_back)) {
        if !matches!(stand(new, &taken_back.build)?, Judgement::Newer(_) | Judgement::Replaces(_)) {
            still_taken_back.push(taken_back.release);
        }
    }
    Ok((ordered, still_taken_back))
}

/// Tells a judgement of `new` against what `runs`.
fn told(branch: &str, new: &Build, runs: &Build, judgement: Judgement) -> Ordered {
    match judgement {
        Judgement::Newer(how) => Ordered::Goes(format!("newer than {runs}: {how}")),
        Judgement::Same(how) => Ordered::Goes(format!("as new as {runs}: {how}")),
        Judgement::NotAsked => Ordered::Goes("order does not count".to_owned()),
        Judgement::Replaces(how) => Ordered::Replaces(format!("{new} and {runs} are on lines that went apart: {how}")),
        Judgement::Older(how) => {
            Ordered::Superseded(format!("{branch} already releases {runs}, and {new} is older: {how}"))
        }
        Judgement::Diverged => Ordered::Diverged(format!(
            "{new} ({}) is not built on top of {runs} ({}), which {branch} releases",
            source(new),
            source(runs)
        )),
        Judgement::Unknown(why) => Ordered::Unknown(format!("cannot tell whether {new} is newer than {runs}: {why}")),
    }
}

fn source(build: &Build) -> String {
    build.source.as_ref().map_or_else(|| "source unknown".to_owned(), ToString::to_string)
}
