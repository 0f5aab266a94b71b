//! ORDER: reads what a release has to be newer than. Each entry that changes is compared with what the history of the
//! branch says about it: its last release, and those that were rolled back since. `order` has the rules.

use crate::git::{CommitId, History, Remote, RepositoryPath, Snapshot};
use crate::guards::order::{Comparison, Order, RolledBack, Version, compare, history_of, of_lineage};
use crate::guards::source_repository::SourceRepository;
use crate::message::short_tag;
use crate::message::trailers::{ReleaseTrailers, ReleasedImage, SourceCommit};
use crate::outcome::FileEdit;
use crate::outcome::failure::Failure;
use crate::request::TargetRequest;
use crate::targets::kustomization::{self, EntryEdit};

/// How many commits are read: first, and if these say nothing of an entry.
const DEPTHS: [usize; 2] = [50, 1_000];

/// How much of a digest stands for it: `sha256:` and twelve digits.
const SHORT_DIGEST: usize = 19;

/// Returns why a release is superseded; `None` where it is not, as far as anybody can tell.
pub(crate) fn superseded(
    request: &TargetRequest,
    remote: Option<&Remote>,
    branch: &str,
    snapshot: &mut Snapshot<'_>,
    files: &[FileEdit],
    source: Option<&SourceCommit>,
    note: &mut dyn FnMut(String),
) -> Result<Option<String>, Failure> {
    let entries =
        || files.iter().flat_map(|file| file.edit.entries.iter().map(move |entry| (file.path.as_str(), entry)));
    let changed: Vec<_> = entries().filter(|(_, entry)| !entry.appended && entry.changed()).collect();
    if changed.is_empty() {
        return Ok(None);
    }
    let past = Past::read(snapshot, &changed)?;
    let mut repository = None;
    let mut unknown = Vec::new();
    for (path, entry) in changed {
        let new = Version::new(entry.after.new_tag.as_deref(), entry.after.digest.as_deref(), source.cloned());
        if let Some(reason) = past.rolled_back_earlier(&new, path, entry) {
            return Ok(Some(reason));
        }
        for predecessor in past.predecessors(snapshot, path, entry)? {
            let order = match compare(&new, &predecessor.version) {
                Comparison::Known(order) => order,
                Comparison::Lineage(commit, other) => {
                    let repository = repository.get_or_insert_with(|| SourceRepository::find(request, remote));
                    of_lineage(repository.lineage(snapshot, commit, other)?)
                }
            };
            match predecessor.judge(order, &new, branch) {
                Judgement::Proceeds => {}
                Judgement::Superseded(reason) => return Ok(Some(reason)),
                Judgement::Unknown(told) if unknown.contains(&told) => {}
                Judgement::Unknown(told) => unknown.push(told),
            }
        }
    }
    unknown.into_iter().for_each(note);
    Ok(None)
}

/// The branch's history, as far as it has to be known.
struct Past {
    history: History,
    /// The newest first.
    releases: Vec<ReleaseTrailers>,
}

/// What a new release has to be newer than.
struct Predecessor {
    version: Version,
    /// The rollback that took it back.
    rolled_back_by: Option<CommitId>,
}

impl Past {
    /// Reads history, and further back where its newest commits do not say all of an entry.
    fn read(snapshot: &mut Snapshot<'_>, changed: &[(&str, &EntryEdit)]) -> Result<Self, Failure> {
        let mut past = Self { history: History::default(), releases: Vec::new() };
        for depth in DEPTHS {
            let history = snapshot.history(depth)?;
            let releases = history.commits.iter().filter_map(ReleaseTrailers::read).collect();
            past = Self { history, releases };
            if past.history.complete || changed.iter().all(|(path, entry)| past.tells(path, entry.name.as_str())) {
                break;
            }
        }
        Ok(past)
    }

    /// Returns whether everything is known that counts for an entry.
    fn tells(&self, path: &str, name: &str) -> bool {
        history_of(&self.releases, path, name).is_some_and(|history| {
            let is_known = |rolled_back: &RolledBack| self.history.get(rolled_back.commit).is_some();
            !history.is_truncated && history.rolled_back.iter().all(is_known)
        })
    }

    /// Returns why `new` is none: it was taken back some time ago.
    fn rolled_back_earlier(&self, new: &Version, path: &str, entry: &EntryEdit) -> Option<String> {
        let name = entry.name.as_str();
        let image_name = entry.after.new_name.as_deref().unwrap_or(name);
        let same_release = |RolledBack { commit, by }: &RolledBack| {
            let release =
                self.releases.iter().find(|release| release.commit == *commit && release.is_of(path, name))?;
            released(release, name, image_name)
                .filter(|version| new.is_same_release(version))
                .map(|_| says_rolled_back(new, *by))
        };
        history_of(&self.releases, path, name)?.rolled_back_before.iter().find_map(same_release)
    }

    /// Returns what history says of an entry, where its last release still stands; else what the entry itself says.
    fn predecessors(
        &self,
        snapshot: &mut Snapshot<'_>,
        path: &str,
        entry: &EntryEdit,
    ) -> Result<Vec<Predecessor>, Failure> {
        let (name, before) = (entry.name.as_str(), &entry.before);
        let image_name = before.new_name.as_deref().unwrap_or(name);
        let matches = |image: &ReleasedImage| {
            image.matches_entry(image_name, before.new_tag.as_deref(), before.digest.as_deref())
        };
        let there = |version| Predecessor { version, rolled_back_by: None };
        let last = history_of(&self.releases, path, name);
        let Some(history) = last.filter(|history| history.last.image(name, image_name).is_some_and(matches)) else {
            let of_entry = Version::new(before.new_tag.as_deref(), before.digest.as_deref(), None);
            return Ok(before.new_tag.iter().map(|_| there(of_entry.clone())).collect());
        };
        let mut predecessors: Vec<_> = released(history.last, name, image_name).map(there).into_iter().collect();
        for RolledBack { commit, by } in history.rolled_back {
            let release = self.releases.iter().find(|release| release.commit == commit && release.is_of(path, name));
            let version = match release {
                Some(release) => released(release, name, image_name),
                None => self.written(snapshot, commit, path, name)?,
            };
            predecessors.extend(version.map(|version| Predecessor { version, rolled_back_by: Some(by) }));
        }
        Ok(predecessors)
    }

    /// Returns what an entry said in a commit that was made by hand.
    fn written(
        &self,
        snapshot: &mut Snapshot<'_>,
        commit: CommitId,
        path: &str,
        name: &str,
    ) -> Result<Option<Version>, Failure> {
        let Some(record) = self.history.get(commit) else {
            return Ok(None);
        };
        let path = RepositoryPath::resolve(&RepositoryPath::root(), path)?;
        snapshot.load_history(&[record], &path)?;
        let bytes = snapshot.file_at(record, &path)?.unwrap_or_default();
        let entries = kustomization::entries(bytes).unwrap_or_default();
        let fields = entries.into_iter().find(|(other, _)| other == name).map(|(_, fields)| fields);
        Ok(fields.map(|fields| Version::new(fields.new_tag.as_deref(), fields.digest.as_deref(), None)))
    }
}

/// Returns what an entry became in a release.
fn released(release: &ReleaseTrailers, name: &str, image_name: &str) -> Option<Version> {
    let image = release.image(name, image_name)?;
    Some(Version::new(image.tag.as_deref(), image.digest.as_deref(), release.source.clone()))
}

fn says_rolled_back(version: &Version, rollback: CommitId) -> String {
    format!("{} was rolled back by {}; only a newer build may follow", shown(version), rollback.short())
}

enum Judgement {
    Proceeds,
    Superseded(String),
    Unknown(String),
}

impl Predecessor {
    fn judge(&self, order: Order, new: &Version, branch: &str) -> Judgement {
        let (new, there) = (shown(new), shown(&self.version));
        match (order, self.rolled_back_by) {
            (Order::Newer, _) | (Order::Same, None) => Judgement::Proceeds,
            (Order::Older, None) => {
                Judgement::Superseded(format!("{branch} already releases {there}, which is newer than {new}"))
            }
            (Order::Same, Some(rollback)) => Judgement::Superseded(says_rolled_back(&self.version, rollback)),
            (Order::Older, Some(rollback)) => Judgement::Superseded(format!(
                "{there} was rolled back by {}, and {new} is not newer",
                rollback.short()
            )),
            (Order::Apart, _) => {
                Judgement::Superseded(format!("{new} is not built on top of {there}, which {branch} releases"))
            }
            (Order::Unknown, _) if new == there => {
                Judgement::Unknown(format!("cannot tell which of two images of {new} is newer"))
            }
            (Order::Unknown, _) => Judgement::Unknown(format!("cannot tell whether {new} is newer than {there}")),
        }
    }
}

/// Returns how people call a release: its tag, else the commit that it was built from, else its digest.
fn shown(version: &Version) -> String {
    match (&version.tag, &version.source, &version.digest) {
        (Some(tag), ..) => format!("`{}`", short_tag(tag)),
        (None, Some(source), _) => format!("the build of {}", source.commit.short()),
        (None, None, Some(digest)) => format!("`{}`", digest.chars().take(SHORT_DIGEST).collect::<String>()),
        (None, None, None) => "an image without a tag".to_owned(),
    }
}
