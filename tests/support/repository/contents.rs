//! Repositories that many tests begin with: git makes one, and each test gets a copy of its files, without a process of its own.

use std::fs;
use std::path::{Path, PathBuf};

/// The files and folders of a bare repository, in memory. None of them says where the repository lies.
#[derive(Clone)]
pub struct Contents {
    /// The first is the repository itself, and those above come before those below.
    folders: Vec<PathBuf>,
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl Contents {
    pub(super) fn read(repository: &Path) -> Self {
        let mut contents = Self { folders: vec![PathBuf::new()], files: Vec::new() };
        let mut read = 0;
        while let Some(folder) = contents.folders.get(read).cloned() {
            for entry in fs::read_dir(repository.join(&folder)).expect("a folder of a repository") {
                let entry = entry.expect("an entry of a repository");
                let path = folder.join(entry.file_name());
                if entry.path().is_dir() {
                    contents.folders.push(path);
                } else {
                    let bytes = fs::read(entry.path()).expect("a file of a repository");
                    contents.files.push((path, bytes));
                }
            }
            read += 1;
        }
        contents
    }

    pub(super) fn write(&self, repository: &Path) {
        for folder in &self.folders {
            fs::create_dir_all(repository.join(folder)).expect("a folder of a repository");
        }
        for (path, bytes) in &self.files {
            fs::write(repository.join(path), bytes).expect("a file of a repository");
        }
    }
}
