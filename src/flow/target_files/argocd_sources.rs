//! Files beside a kustomization by which Argo CD replaces its images, whatever it says. argocd-image-updater leaves them behind,
//! and then a release changes the kustomization and nothing in the cluster. They only add a warning, so what cannot be read is
//! left out.

use crate::git::{RepositoryPath, Snapshot, TreeEntry, TreeEntryKind};
use crate::image::short_tag;
use crate::outcome::{Event, FileEdit, Listener};
use crate::targets;
use crate::targets::kustomization::is_kustomization_name;
use crate::targets::{EntryEdit, Fields};

/// Returns the files of Argo CD in the folders of kustomizations, as far as these were read: `.argocd-source.yaml` for all
/// applications, and one named after each.
pub(in crate::flow) fn sources_beside(snapshot: &Snapshot<'_>, paths: &[RepositoryPath]) -> Vec<RepositoryPath> {
    let mut sources = Vec::new();
    let kustomizations = paths.iter().filter(|path| is_kustomization_name(path.as_str()));
    for folder in kustomizations.map(RepositoryPath::folder) {
        let Ok(TreeEntry::Directory(names)) = snapshot.entry(&folder) else { continue };
        let is_source = |name: &&str| {
            (*name == ".argocd-source.yaml" || name.starts_with(".argocd-source-") && name.ends_with(".yaml"))
                && matches!(snapshot.kind(&folder, name), Ok(TreeEntryKind::File))
        };
        sources.extend(names.into_iter().filter(is_source).map(|name| folder.join(name)));
    }
    sources
}

/// Warns of each entry of a kustomization that changes, and for which a file of Argo CD beside it has another version.
pub(in crate::flow) fn warn_of_replaced(
    snapshot: &Snapshot<'_>,
    paths: &[RepositoryPath],
    files: &[FileEdit],
    listener: &mut Listener<'_>,
) {
    for (path, file) in paths.iter().zip(files).filter(|(_, file)| file.edit.is_kustomization) {
        // One that is edited too says what it is asked for.
        let others =
            sources_beside(snapshot, std::slice::from_ref(path)).into_iter().filter(|one| !paths.contains(one));
        for source in others {
            let Ok(text) = snapshot.file(&source) else { continue };
            let images = targets::entries(&source.to_string(), text, None).unwrap_or_default();
            for entry in file.edit.entries.iter().filter(|entry| entry.changed()) {
                let Some((_, fields)) = images.iter().find(|image| replaces(image, entry)) else { continue };
                let version = fields.new_tag.as_deref().map(short_tag).or(fields.digest.as_deref()).unwrap_or_default();
                listener(&Event::Warned(format!(
                    "`{source}` has `{version}` for `{}`, and Argo CD deploys that one: release to that file with `-f`, or remove \
                     the image from it",
                    entry.name
                )));
            }
        }
    }
}

/// Whether an image of Argo CD's is for an entry, by the entry's name or by that of its image, and is another version of it.
fn replaces((name, fields): &(String, Fields), entry: &EntryEdit) -> bool {
    let is_of_entry = entry.name.as_str() == name || entry.image_name() == Some(name);
    let is_same = fields.new_tag == entry.after.new_tag
        && fields.digest.as_ref().is_none_or(|digest| entry.after.digest.as_ref() == Some(digest));
    is_of_entry && fields.says_what_runs() && !is_same
}
