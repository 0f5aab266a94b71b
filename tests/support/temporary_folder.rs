//! Where the fixtures lie: in memory, if the machine has a file system there.
//!
//! The tests make and delete many files and folders. ext4 gives out no inode that was deleted in the last minutes, and looks
//! at each of these before it finds another one: that alone was a tenth of the processor's time in a run of all tests.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use rustix::fs::StatVfsMountFlags;
use tempfile::TempDir;

/// What must be free: several times as much as the largest fixtures that are there at once.
const SPACE: u64 = 2 << 30;

static PARENT: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = Path::new("/dev/shm");
    let chosen = std::env::var_os("TMPDIR").is_some();
    if !chosen && can_hold_fixtures(memory) { memory.to_owned() } else { std::env::temp_dir() }
});

/// Returns a new folder, which is deleted with its handle.
pub fn temporary_folder(prefix: &str) -> TempDir {
    tempfile::Builder::new().prefix(prefix).tempdir_in(&*PARENT).expect("a temporary folder")
}

/// Returns the folder of the temporary folders.
pub fn parent() -> &'static Path {
    &PARENT
}

/// Returns whether there is room in a folder, and its hooks can be run: neither holds in most containers.
fn can_hold_fixtures(folder: &Path) -> bool {
    rustix::fs::statvfs(folder).is_ok_and(|system| {
        let runs = !system.f_flag.intersects(StatVfsMountFlags::NOEXEC | StatVfsMountFlags::RDONLY);
        runs && system.f_bavail.saturating_mul(system.f_frsize) >= SPACE
    })
}
