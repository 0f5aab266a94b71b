//! Whether a release would step back: each entry that changes is compared with what the branch's history says about it,
//! its last release and those that were rolled back since. The rules are `order`'s; here history is read for them.

use crate::git::{CommitId, History, Remote, RepositoryPath, Snapshot};
use crate::guards::order::{Comparison, Order, TakenBack, Version, compare, marks, of_lineage};
use crate::guards::source_repository::SourceRepository;
use crate::message::compose::short_tag;
use crate::message::trailers::{Provenance, ReleasedImage, SourceCommit};
use crate::outcome::FileEdit;
use crate::outcome::failure::Failure;
use crate::request::TargetRequest;
use crate::targets::kustomization::{self, EntryEdit};

/// How many commits are looked through, first and where these say nothing of an entry.
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
        if let Some(reason) = past.comes_again(&new, path, entry) {
            return Ok(Some(reason));
        }
        for standard in past.standards(snapshot, path, entry)? {
            let order = match compare(&new, &standard.version) {
                Comparison::Known(order) => order,
                Comparison::Lineage(commit, other) => {
                    let repository = repository.get_or_insert_with(|| SourceRepository::find(request, remote));
                    of_lineage(repository.lineage(snapshot, commit, other)?)
                }
            };
            match standard.judge(order, &new, branch) {
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
    releases: Vec<Provenance>,
}

/// What a new release has to be newer than.
struct Standard {
    version: Version,
    /// The rollback that took it back.
    taken_back_by: Option<CommitId>,
}

impl Past {
    /// Reads history, and further back where its newest commits do not say all of an entry.
    fn read(snapshot: &mut Snapshot<'_>, changed: &[(&str, &EntryEdit)]) -> Result<Self, Failure> {
        let mut past = Self { history: History::default(), releases: Vec::new() };
        for depth in DEPTHS {
            let history = snapshot.history(depth)?;
            let releases = history.commits.iter().filter_map(Provenance::of).collect();
            past = Self { history, releases };
            if past.history.complete || changed.iter().all(|(path, entry)| past.tells(path, entry.name.as_str())) {
                break;
            }
        }
        Ok(past)
    }

    /// Returns whether everything is known that counts for an entry.
    fn tells(&self, path: &str, name: &str) -> bool {
        marks(&self.releases, path, name).is_some_and(|marks| {
            let is_known = |taken_back: &TakenBack| self.history.get(taken_back.commit).is_some();
            !marks.is_open && marks.taken_back.iter().all(is_known)
        })
    }

    /// Returns why `new` is none: it was taken back some time ago.
    fn comes_again(&self, new: &Version, path: &str, entry: &EntryEdit) -> Option<String> {
        let name = entry.name.as_str();
        let called = entry.after.new_name.as_deref().unwrap_or(name);
        let again = |TakenBack { commit, by }: &TakenBack| {
            let release =
                self.releases.iter().find(|release| release.commit == *commit && release.is_of(path, name))?;
            released(release, name, called).filter(|version| new.is_again(version)).map(|_| came_again(new, *by))
        };
        marks(&self.releases, path, name)?.gone.iter().find_map(again)
    }

    /// Returns what history says of an entry, where its last release still stands; else what the entry itself says.
    fn standards(&self, snapshot: &mut Snapshot<'_>, path: &str, entry: &EntryEdit) -> Result<Vec<Standard>, Failure> {
        let (name, before) = (entry.name.as_str(), &entry.before);
        let called = before.new_name.as_deref().unwrap_or(name);
        let stands = |image: &ReleasedImage| image.stands(called, before.new_tag.as_deref(), before.digest.as_deref());
        let there = |version| Standard { version, taken_back_by: None };
        let last = marks(&self.releases, path, name);
        let Some(marks) = last.filter(|marks| marks.last.image(name, called).is_some_and(stands)) else {
            let of_entry = Version::new(before.new_tag.as_deref(), before.digest.as_deref(), None);
            return Ok(before.new_tag.iter().map(|_| there(of_entry.clone())).collect());
        };
        let mut standards: Vec<_> = released(marks.last, name, called).map(there).into_iter().collect();
        for TakenBack { commit, by } in marks.taken_back {
            let release = self.releases.iter().find(|release| release.commit == commit && release.is_of(path, name));
            let version = match release {
                Some(release) => released(release, name, called),
                None => self.written(snapshot, commit, path, name)?,
            };
            standards.extend(version.map(|version| Standard { version, taken_back_by: Some(by) }));
        }
        Ok(standards)
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
fn released(release: &Provenance, name: &str, called: &str) -> Option<Version> {
    let image = release.image(name, called)?;
    Some(Version::new(image.tag.as_deref(), image.digest.as_deref(), release.source.clone()))
}

fn came_again(version: &Version, rollback: CommitId) -> String {
    format!("{} was rolled back by {}; only a newer build may follow", shown(version), rollback.short())
}

enum Judgement {
    Proceeds,
    Superseded(String),
    Unknown(String),
}

impl Standard {
    fn judge(&self, order: Order, new: &Version, branch: &str) -> Judgement {
        let (new, there) = (shown(new), shown(&self.version));
        match (order, self.taken_back_by) {
            (Order::Newer, _) | (Order::Same, None) => Judgement::Proceeds,
            (Order::Older, None) => {
                Judgement::Superseded(format!("{branch} already releases {there}, which is newer than {new}"))
            }
            (Order::Same, Some(rollback)) => Judgement::Superseded(came_again(&self.version, rollback)),
            (Order::Older, Some(rollback)) => Judgement::Superseded(format!(
                "{there} was rolled back by {}, and {new} is not newer",
                rollback.short()
            )),
            (Order::Apart, _) => {
                Judgement::Superseded(format!("{new} is not built on top of {there}, which {branch} releases"))
            }
            (Order::Unknown, _) if new == there => {
                Judgement::Unknown(format!("no order is known between two images of {new}"))
            }
            (Order::Unknown, _) => Judgement::Unknown(format!("no order is known between {there} and {new}")),
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
