//! Files that a user or a system names beside those that are released: keys, certificates, logins, configurations. Pipes are
//! taken, as in `--verify-key <(…)`, and so a limit is needed: a device has no end.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// The largest file that is read, in MiB. A bundle of all public certificate authorities has 0.3 MB.
const LARGEST: u64 = 16;

/// Reads a file whole.
///
/// # Errors
///
/// It cannot be read, or is larger than 16 MiB.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    read_open(&File::open(path)?, LARGEST)
}

/// Returns a path with `~` replaced by the home folder, which no shell has done in a variable or a configuration.
pub fn in_home(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

/// Reads a file whole that is open, and not larger than `largest` MiB.
pub(super) fn read_open(file: &File, largest: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take((largest << 20) + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > largest << 20 {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {largest} MiB")));
    }
    Ok(bytes)
}
