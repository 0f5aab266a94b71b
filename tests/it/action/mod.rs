//! The GitHub Action: that it has an input for each flag, how it comes by the program, and what it does in a workflow.

mod contract;
mod failures;
mod install;
mod release_workflow;
mod workflow;

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) use crate::tidy::root;

/// Copies what of this repository is the action into a folder, as a checkout of it would be.
pub(crate) fn copy_to(folder: &Path) -> PathBuf {
    fs::create_dir_all(folder.join("action/checksums")).unwrap();
    fs::copy(root().join("action.yml"), folder.join("action.yml")).unwrap();
    for entry in fs::read_dir(root().join("action")).unwrap() {
        let script = entry.unwrap().path();
        if script.extension().is_some_and(|extension| extension == "sh") {
            fs::copy(&script, folder.join("action").join(script.file_name().unwrap())).unwrap();
        }
    }
    folder.to_owned()
}
