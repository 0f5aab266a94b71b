//! The GitHub Action: that it has an input for each flag, how it comes by the program, and what it does in a workflow.

mod contract;
mod install;
mod workflow;

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Copies what of this repository is the action into a folder, as a checkout of it would be.
pub(crate) fn copy_to(folder: &Path) -> PathBuf {
    fs::create_dir_all(folder.join("action/checksums")).unwrap();
    for file in ["action.yml", "action/run.sh", "action/install.sh"] {
        fs::copy(root().join(file), folder.join(file)).unwrap();
    }
    folder.to_owned()
}
