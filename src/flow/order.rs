//! Whether a release would step back: each entry that changes is compared with what the branch's history says about it,
//! its last release and those that were rolled back since. The rules are `order`'s; here history is read for them.

use crate::failure::Failure;
use crate::git::{CommitId, Snapshot};
use crate::kustomization::EntryEdit;
use crate::order::{Comparison, Mark, Order, Version, compare, marks, of_lineage};
use crate::outcome::FileEdit;
use crate::plan::short_tag;
use crate::provenance::{Provenance, SourceCommit};
use crate::request::TargetRequest;
use crate::source::SourceRepository;
use crate::target::Target;

/// How many commits are looked through, first and where these say nothing of an entry.
const DEPTHS: [usize; 2] = [50, 1_000];

/// Returns why a release is superseded; `None` where it is not, as far as anybody can tell.
pub(super) fn superseded(
    request: &TargetRequest,
    target: &Target,
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
    let releases = releases(snapshot, &changed)?;
    let branch = target.branch_name();
    let mut repository = None;
    for (path, entry) in changed {
        let new = Version::new(entry.after.new_tag.as_deref(), source.cloned());
        for standard in standards(&releases, path, entry) {
            let order = match compare(&new, &standard.version) {
                Comparison::Known(order) => order,
                Comparison::Lineage(commit, other) => {
                    let repository = repository.get_or_insert_with(|| SourceRepository::find(request, target));
                    of_lineage(repository.lineage(snapshot, commit, other)?)
                }
            };
            match standard.judge(order, &new, &branch) {
                Judgement::Proceeds => {}
                Judgement::Superseded(reason) => return Ok(Some(reason)),
                Judgement::Unknown(unknown) => note(unknown),
            }
        }
    }
    Ok(None)
}

/// Reads the releases of the branch's history, further back where the newest say nothing of an entry.
fn releases(snapshot: &mut Snapshot<'_>, changed: &[(&str, &EntryEdit)]) -> Result<Vec<Provenance>, Failure> {
    let mut releases = Vec::new();
    for depth in DEPTHS {
        let history = snapshot.history(depth)?;
        releases = history.commits.iter().filter_map(Provenance::of).collect();
        let all_known = changed.iter().all(|(path, entry)| marks(&releases, path, entry.name.as_str()).is_some());
        if history.complete || all_known {
            break;
        }
    }
    Ok(releases)
}

/// What a new release has to be newer than.
struct Standard {
    version: Version,
    /// The rollback that took it back.
    taken_back_by: Option<CommitId>,
}

enum Judgement {
    Proceeds,
    Superseded(String),
    Unknown(String),
}

/// Returns what history says of an entry, where its last release still stands; else what the entry itself says.
fn standards(releases: &[Provenance], path: &str, entry: &EntryEdit) -> Vec<Standard> {
    let name = entry.name.as_str();
    let marks = marks(releases, path, name).unwrap_or_default();
    let stands = |mark: &Mark<'_>| {
        let image = mark.release.image(path, name);
        image.is_some_and(|image| {
            let same_name = entry.before.new_name.as_deref().unwrap_or(name) == image.name;
            let same_digest = entry.before.digest.is_none() || entry.before.digest == image.digest;
            same_name && same_digest && entry.before.new_tag == image.tag
        })
    };
    if marks.first().is_some_and(stands) {
        let standard = |mark: &Mark<'_>| {
            let tag = mark.release.image(path, name).and_then(|image| image.tag.as_deref());
            Standard { version: Version::new(tag, mark.release.source.clone()), taken_back_by: mark.taken_back_by }
        };
        return marks.iter().map(standard).collect();
    }
    match &entry.before.new_tag {
        Some(tag) => vec![Standard { version: Version::new(Some(tag), None), taken_back_by: None }],
        None => Vec::new(),
    }
}

impl Standard {
    fn judge(&self, order: Order, new: &Version, branch: &str) -> Judgement {
        let (new, there) = (shown(new), shown(&self.version));
        match (order, self.taken_back_by) {
            (Order::Newer, _) | (Order::Same, None) => Judgement::Proceeds,
            (Order::Older, None) => {
                Judgement::Superseded(format!("{branch} already releases {there}, which is newer than {new}"))
            }
            (Order::Older | Order::Same, Some(rollback)) => Judgement::Superseded(format!(
                "{there} was rolled back by {}, and {new} is not newer",
                rollback.short()
            )),
            (Order::Apart, _) => {
                Judgement::Superseded(format!("{new} is not built on top of {there}, which {branch} releases"))
            }
            (Order::Unknown, _) => Judgement::Unknown(format!("no order is known between {there} and {new}")),
        }
    }
}

/// Returns how people call a release: its tag, else the commit that it was built from.
fn shown(version: &Version) -> String {
    match (&version.tag, &version.source) {
        (Some(tag), _) => format!("`{}`", short_tag(tag)),
        (None, Some(source)) => format!("the build of {}", source.commit.short()),
        (None, None) => "a digest".to_owned(),
    }
}
