//! A file to read or write, and what is expected of it: `-k` names a kustomization, `-f` any other kind of file.

use crate::outcome::failure::Failure;
use crate::request::values::listed;

/// A file as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetFile {
    pub kind: TargetKind,
    pub path: String,
}

/// What is expected at the path of a [`TargetFile`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// A kustomization, or the folder that has one.
    Kustomization,
    /// A file of any kind, and no folder.
    File,
    /// A folder that has a kustomization, or a file of any kind.
    Either,
}

impl TargetFile {
    pub(in crate::request) fn new(kind: TargetKind, path: impl Into<String>) -> Self {
        Self { kind, path: path.into() }
    }

    /// Returns the flag that names the file.
    pub fn flag(&self) -> &'static str {
        match self.kind {
            TargetKind::Kustomization => "-k",
            TargetKind::File | TargetKind::Either => "-f",
        }
    }

    /// Returns whether the path is a pattern. A file whose name has a wildcard in it is matched by `?` in its place.
    pub fn is_pattern(&self) -> bool {
        self.path.contains(['*', '?'])
    }

    /// Returns the file, unless it is a pattern, which may match several.
    pub(in crate::request) fn without_pattern(self) -> Result<Self, Failure> {
        match self.is_pattern() {
            true => Err(Failure::usage(format!("`{}` is a pattern, and one file is expected", self.path))
                .hint("name the file; `release`, `set`, `check`, `status` and `log` take patterns")),
            false => Ok(self),
        }
    }

    /// Fails if a file is a pattern: what it matches without the entry is left alone, so it is no place to add one.
    pub(in crate::request) fn require_places(files: &[Self]) -> Result<(), Failure> {
        match files.iter().find(|file| file.is_pattern()) {
            Some(file) => Err(Failure::usage(format!("`--add` with a pattern, `{}`", file.path))
                .hint("name the files that the entries are added to, or leave `--add` out")),
            None => Ok(()),
        }
    }

    /// Returns all files that were named; the kustomization of the current folder if none was.
    pub(in crate::request) fn all(kustomizations: &[String], files: &[String]) -> Result<Vec<Self>, Failure> {
        let kustomizations = listed("--kustomization", kustomizations)?;
        let files = listed("--file", files)?;
        let kustomizations = kustomizations.into_iter().map(|path| Self::new(TargetKind::Kustomization, path));
        let files = files.into_iter().map(|path| Self::new(TargetKind::File, path));
        let all: Vec<Self> = kustomizations.chain(files).collect();
        Ok(if all.is_empty() { vec![Self::new(TargetKind::Kustomization, ".")] } else { all })
    }

    /// Returns the one file that was named.
    pub(in crate::request) fn one(kustomization: Option<&str>, file: Option<&str>) -> Result<Self, Failure> {
        let list = |path: Option<&str>| path.map(str::to_owned).into_iter().collect::<Vec<_>>();
        match Self::all(&list(kustomization), &list(file))?.as_slice() {
            [one] => one.clone().without_pattern(),
            _ => Err(Failure::usage("both a kustomization and another file are named")
                .hint("name one file, with `-k` or with `-f`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{TargetFile, TargetKind};

    #[test]
    fn the_current_folder_counts_if_no_file_is_named() {
        let here = TargetFile::new(TargetKind::Kustomization, ".");
        let values = TargetFile::new(TargetKind::File, "values.yaml");
        assert_eq!(TargetFile::all(&[], &[]).unwrap(), std::slice::from_ref(&here));
        assert_eq!(TargetFile::all(&[], &["values.yaml".to_owned()]).unwrap(), std::slice::from_ref(&values));
        assert_eq!(TargetFile::all(&[".".to_owned()], &["values.yaml".to_owned()]).unwrap(), [here, values]);
        assert!(TargetFile::all(&[], &[" ".to_owned()]).is_err());
        assert!(TargetFile::one(Some("a"), Some("b")).is_err());
        assert!(TargetFile::one(Some("apps/*"), None).is_err());
    }
}
