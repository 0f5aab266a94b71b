//! Which files a folder has, as names and paths alone. No link to a folder is followed, and git's own folder is left out.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Returns the names in a folder; those that are not UTF-8 are left out.
pub fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir()
            && let Ok(name) = entry.file_name().into_string()
        {
            names.push(name);
        }
    }
    Ok(names)
}

/// Returns the files below the folder `root` that have one of `names`, from at most `max_folders` folders, the nearest first.
/// No link is followed, git's own folder is left out, and so is what cannot be read.
pub fn named_below(root: &Path, names: &[&str], max_folders: usize) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    let mut next = 0;
    while let Some(folder) = folders.get(next).filter(|_| next < max_folders).cloned() {
        next += 1;
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && name != ".git" => folders.push(entry.path()),
                Ok(kind) if kind.is_file() && names.iter().any(|wanted| name == *wanted) => found.push(entry.path()),
                _ => {}
            }
        }
    }
    found
}

/// Returns the paths of the files below the folder `root`, seen from there. A folder is looked into if `leads_into` says so of
/// its path. No link to a folder is followed, git's own folder is left out, and so are names that are not UTF-8. An empty
/// `root` is the current folder.
///
/// # Errors
///
/// A folder cannot be read, or there are more than `max_folders` of them.
pub fn below(root: &Path, leads_into: impl Fn(&str) -> bool, max_folders: usize) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![String::new()];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        read += 1;
        if read > max_folders {
            return Err(io::Error::other(format!("it leads into more than {max_folders} folders")));
        }
        let on_disk = root.join(&folder);
        for entry in fs::read_dir(if on_disk.as_os_str().is_empty() { Path::new(".") } else { &on_disk })? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            match entry.file_type()?.is_dir() {
                false => found.push(path),
                true if name != ".git" && leads_into(&path) => folders.push(path),
                true => {}
            }
        }
    }
    Ok(found)
}
