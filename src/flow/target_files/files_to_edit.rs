//! Which files on disk `set` edits, each once, and the folder that none of them may lead out of.

use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use super::kustomization_only::is_folder;
use super::patterns_on_disk::without_patterns;
use crate::flow::file_edits::edit_file::SMALLER;
use crate::outcome::failure::Failure;
use crate::request::{TargetFile, TargetKind};
use crate::system::disk::files::{self, FileLocation};
use crate::system::disk::found_files;
use crate::targets::kustomization;

/// A file to edit.
pub(in crate::flow) struct FileToEdit<'t> {
    pub(in crate::flow) path: PathBuf,
    pub(in crate::flow) location: FileLocation,
    /// What names it by itself, and not as one match among others.
    pub(in crate::flow) named: Option<&'t TargetFile>,
    /// Whether it was named as a kustomization, by a pattern or not.
    pub(in crate::flow) is_named_kustomization: bool,
    real_path: PathBuf,
}

impl FileToEdit<'_> {
    /// # Errors
    /// The file cannot be read.
    pub(in crate::flow) fn read(&self) -> Result<Vec<u8>, Failure> {
        self.location.read().map_err(|error| unreadable(&self.path, &error))
    }

    /// Whether the file is at this path, which leads over no link.
    pub(super) fn is_at(&self, real_path: &Path) -> bool {
        self.real_path == real_path
    }

    /// Returns the folder of a file that is no kustomization.
    pub(super) fn folder_of_manifest(&self) -> Option<&Path> {
        self.path.parent().filter(|_| !kustomization::is_kustomization_name(&self.path.to_string_lossy()))
    }
}

/// A kustomization on disk.
pub(super) struct KustomizationOnDisk {
    /// Its path as it is shown.
    pub(super) shown: String,
    pub(super) location: FileLocation,
    /// Its path without links.
    pub(super) real_path: PathBuf,
}

impl KustomizationOnDisk {
    /// Returns that of a folder, if it can be read.
    pub(super) fn in_folder(folder: &Path) -> Option<Self> {
        let here = if folder == Path::new("") { Path::new(".") } else { folder };
        let name = kustomization::locate(found_files::names(here).ok()?.iter().map(String::as_str)).ok()?;
        let root = here.canonicalize().ok()?;
        let real_path = root.join(name).canonicalize().ok()?;
        let location = FileLocation::below(&root, &root.join(name), folder.join(name)).ok()?;
        Some(Self { shown: folder.join(name).display().to_string(), location, real_path })
    }
}

/// Returns the files that were typed, or matched by a pattern. One that is named twice, by another path or by a link, is one.
///
/// # Errors
/// A file is not there, or leads out of the folder that it must be in, or a pattern matches nothing.
pub(in crate::flow) fn files_to_edit<'t>(
    typed: &'t [TargetFile],
    workspace: Option<&Path>,
) -> Result<Vec<FileToEdit<'t>>, Failure> {
    let mut files: Vec<FileToEdit<'t>> = Vec::new();
    for target in &without_patterns(typed)? {
        let named = typed.iter().find(|typed| *typed == target && !typed.is_pattern());
        let is_named_kustomization = target.kind == TargetKind::Kustomization;
        let (path, location) = locate_on_disk(target, workspace)?;
        let real_path = path.canonicalize().unwrap_or_else(|_| path.clone());
        match files.iter_mut().find(|file| file.real_path == real_path) {
            Some(known) => {
                known.named = known.named.or(named);
                known.is_named_kustomization |= is_named_kustomization;
            }
            None => files.push(FileToEdit { path, location, named, is_named_kustomization, real_path }),
        }
    }
    Ok(files)
}

/// Returns the kustomization in a folder, or the file itself.
fn locate_on_disk(typed: &TargetFile, workspace: Option<&Path>) -> Result<(PathBuf, FileLocation), Failure> {
    let path = Path::new(&typed.path);
    let shown = path.display();
    let failed = |error: std::io::Error| match typed.kind {
        TargetKind::File => unreadable(path, &error).hint("`-f` names a file, by its path from the current folder"),
        TargetKind::Kustomization | TargetKind::Either => {
            unreadable(path, &error).hint("`-k` names a kustomization or its folder")
        }
    };
    let here = Path::new(".").canonicalize().map_err(failed)?;
    let named = without_dots(&here.join(path));
    let is_folder = std::fs::metadata(&named).map_err(failed)?.is_dir();
    if is_folder && typed.kind == TargetKind::File {
        return Err(self::is_folder(&typed.path));
    }
    let root = boundary(&named, is_folder, &here, workspace);
    files::inside(&root, &named).map_err(|error| unreadable(path, &error))?;
    let (named, found) = if is_folder {
        let names = found_files::names(&named).map_err(|error| unreadable(path, &error))?;
        let name = kustomization::locate(names.iter().map(String::as_str))
            .map_err(|error| Failure::locate(&shown.to_string(), &error))?;
        (named.join(name), if path == Path::new(".") { PathBuf::from(name) } else { path.join(name) })
    } else {
        (named, path.to_owned())
    };
    let place = FileLocation::below(&root, &named, found.clone()).map_err(|error| unreadable(&found, &error))?;
    Ok((found, place))
}

/// Returns the folder that no link may lead out of: the workspace of the CI system, the checkout around, or the current
/// folder, if what was named is in it; else the folder that was named, because the command line is believed.
pub(in crate::flow) fn boundary(named: &Path, is_folder: bool, here: &Path, workspace: Option<&Path>) -> PathBuf {
    let workspace = workspace.and_then(|folder| folder.canonicalize().ok());
    let checkout = here.ancestors().find(|folder| folder.join(".git").exists());
    let own = if is_folder { named } else { named.parent().unwrap_or(named) };
    let known = [workspace.as_deref(), checkout, Some(here)];
    known.into_iter().flatten().find(|folder| named.starts_with(folder)).unwrap_or(own).to_owned()
}

/// Returns an absolute path with each `..` taken for the folder above, as it is written: behind a link, the system would
/// go elsewhere.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let failure = Failure::target(format!("cannot read `{}`: {error}", path.display()));
    if error.kind() == ErrorKind::FileTooLarge { failure.hint(SMALLER) } else { failure }
}
