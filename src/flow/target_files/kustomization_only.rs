//! `-k` names kustomizations: a file of another kind is refused by what it is, since an edit would write what nothing reads.

use crate::outcome::failure::Failure;
use crate::targets::kustomization;
use crate::targets::{Absent, TargetError, is_kustomization};

/// Returns the failure of `-f` with a folder.
pub(in crate::flow) fn is_folder(path: &str) -> Failure {
    Failure::target(format!("`{path}` is a folder"))
        .hint("`-f` names a file; a folder with a kustomization is named with `-k`")
}

/// A file that is not called as kustomize wants it must say what it is: the values of a chart do neither.
pub(in crate::flow) fn require_kustomization(path: &str, text: &[u8]) -> Result<(), Failure> {
    if is_kustomization(path, text) {
        return Ok(());
    }
    // The editor tells what it is, if the file says so.
    if let Err(error) = kustomization::edit(text, &[], Absent::Report) {
        return Err(Failure::edit(path, &TargetError::from(error)));
    }
    let names = kustomization::FILE_NAMES.join("`, `");
    Err(Failure::target(format!(
        "`{path}` is not a kustomization: it has neither that kind nor one of the names `{names}`"
    ))
    .hint("name the kustomization or its folder with `-k`, and any other kind of file with `-f`"))
}
