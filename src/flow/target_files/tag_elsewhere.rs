//! What may give an image of a manifest another tag: a kustomization in the folder of the manifest or above it, because kustomize
//! reads no file from outside of its own folder, or a Kustomization of Flux anywhere. Without a tag, it is not `latest` then.

use super::other_kustomizations::files_at_hand;
use crate::git::{GitError, RepositoryPath, Snapshot, TreeEntry};
use crate::targets::kustomization::is_kustomization_name;
use crate::targets::{self, FluxImages};

/// How many files are looked through for those of Flux.
const MAX_READ: usize = 2000;

/// What the Kustomizations of Flux in a repository set, as far as its files are at hand. They are read once.
#[derive(Default)]
pub(in crate::flow) struct TagsElsewhere {
    flux: Option<Vec<FluxImages>>,
}

impl TagsElsewhere {
    /// Returns whether the image called `image` in the manifest at `path` may be given a tag. The files at `read` were read.
    pub(in crate::flow) fn may_set(
        &mut self,
        snapshot: &mut Snapshot<'_>,
        read: &[RepositoryPath],
        path: &RepositoryPath,
        image: &str,
    ) -> Result<bool, GitError> {
        for folder in path.folders() {
            if let TreeEntry::Directory(names) = snapshot.entry(&folder)?
                && names.iter().any(|name| is_kustomization_name(name))
            {
                return Ok(true);
            }
        }
        let flux = self.flux.get_or_insert_with(|| {
            let is_yaml = |name: &str| name.ends_with(".yaml") || name.ends_with(".yml");
            let files = [files_at_hand(snapshot, is_yaml, MAX_READ), read.to_vec()].concat();
            let texts = files.iter().filter_map(|file| Some((file.as_str(), snapshot.file(file).ok()?)));
            texts.flat_map(|(file, text)| targets::flux_images(file, text)).collect()
        });
        Ok(flux.iter().any(|flux| flux.sets(path.as_str(), image)))
    }
}
