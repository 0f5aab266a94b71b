//! Files that a user or a system names beside those that are released: keys, certificates, logins, configurations. Pipes are
//! taken, as in `--verify-key <(…)`, and so a limit is needed: a device has no end.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// The largest file that is read, in bytes. A bundle of all public certificate authorities has 0.3 MB.
const MAX_BYTES: u64 = 16 << 20;

/// Reads a file whole.
///
/// # Errors
///
/// It cannot be read, or is larger than 16 MiB.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 16 MiB"));
    }
    Ok(bytes)
}
