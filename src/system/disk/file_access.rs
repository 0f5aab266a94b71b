//! The access to a file that takes the place of another one: the same as before, and no more. A mode alone does not tell
//! that: with an access control list, its bits of the group are the most that an entry of the list may allow.

use std::fs::File;
use std::io;

/// Gives `copy`, a new file, the owner, the mode, the access control list and the user's attributes of `original`. What cannot be
/// kept is left out.
#[cfg(unix)]
pub(super) fn keep(original: &File, copy: &File) -> io::Result<()> {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};

    let like = original.metadata()?;
    // A container that runs as root would keep the file for itself. Another user may at least leave it to the group.
    if fchown(copy, Some(like.uid()), Some(like.gid())).is_err() {
        fchown(copy, None, Some(like.gid())).ok();
    }
    let keeps_group = copy.metadata()?.gid() == like.gid();
    attributes::copy(original, copy);
    let list = access_list::read(original);
    let mut mode = like.permissions().mode();
    let keeps_list = list.as_ref().is_some_and(|list| keeps_group && access_list::write(copy, list));
    if !keeps_list {
        // Its folder may give each new file a list.
        access_list::remove(copy)?;
        let others = mode & 0o7;
        let group = match list {
            _ if !keeps_group => others,
            Some(list) => access_list::of_group(&list),
            None => mode >> 3 & 0o7,
        };
        mode = mode & !0o070 | group << 3;
    }
    copy.set_permissions(Permissions::from_mode(mode))
}

#[cfg(not(unix))]
pub(super) fn keep(original: &File, copy: &File) -> io::Result<()> {
    copy.set_permissions(original.metadata()?.permissions())
}

/// The access control list of a file, as Linux keeps it: a version, and entries of a tag, permissions and an id.
#[cfg(target_os = "linux")]
mod access_list {
    use std::fs::File;
    use std::io;

    use rustix::fs::{XattrFlags, fremovexattr, fsetxattr};

    const NAME: &str = "system.posix_acl_access";
    const HEADER: usize = 4;
    const ENTRY: usize = 8;
    const OWNING_GROUP: u16 = 0x04;
    const MASK: u16 = 0x10;

    pub(super) fn read(file: &File) -> Option<Vec<u8>> {
        super::attributes::read(file, NAME)
    }

    /// Returns whether the file has the list now.
    pub(super) fn write(file: &File, list: &[u8]) -> bool {
        fsetxattr(file, NAME, list, XattrFlags::empty()).is_ok()
    }

    /// Leaves the file without a list.
    pub(super) fn remove(file: &File) -> io::Result<()> {
        match read(file) {
            Some(_) => Ok(fremovexattr(file, NAME)?),
            None => Ok(()),
        }
    }

    /// Returns what the owning group may do, as three bits of a mode.
    pub(super) fn of_group(list: &[u8]) -> u32 {
        let entries = list.get(HEADER..).unwrap_or_default().chunks_exact(ENTRY);
        let wanted = entries.filter_map(|entry| match entry {
            [tag, high, permissions, ..] => {
                let tag = u16::from_le_bytes([*tag, *high]);
                (tag == OWNING_GROUP || tag == MASK).then_some(u32::from(*permissions))
            }
            _ => None,
        });
        wanted.reduce(|one, other| one & other).unwrap_or_default()
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
mod access_list {
    use std::fs::File;
    use std::io;

    pub(super) fn read(_file: &File) -> Option<Vec<u8>> {
        None
    }

    pub(super) fn write(_file: &File, _list: &[u8]) -> bool {
        false
    }

    pub(super) fn remove(_file: &File) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn of_group(_list: &[u8]) -> u32 {
        0
    }
}

/// The attributes that users and their programs give a file.
#[cfg(target_os = "linux")]
mod attributes {
    use std::fs::File;

    use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fsetxattr};

    /// The most that Linux has of one value, and of all names of a file.
    const MAX_BYTES: usize = 64 << 10;

    pub(super) fn copy(original: &File, copy: &File) {
        let mut names = vec![0; MAX_BYTES];
        let Ok(size) = flistxattr(original, &mut names) else { return };
        let names = names[..size].split(|byte| *byte == 0).filter_map(|name| std::str::from_utf8(name).ok());
        for name in names.filter(|name| name.starts_with("user.")) {
            if let Some(value) = read(original, name) {
                fsetxattr(copy, name, &value, XattrFlags::empty()).ok();
            }
        }
    }

    pub(super) fn read(file: &File, name: &str) -> Option<Vec<u8>> {
        let mut value = vec![0; MAX_BYTES];
        let size = fgetxattr(file, name, &mut value).ok()?;
        value.truncate(size);
        Some(value)
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
mod attributes {
    use std::fs::File;

    pub(super) fn copy(_original: &File, _copy: &File) {}
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::access_list::of_group;

    #[test]
    fn the_mask_limits_the_owning_group() {
        let list = |entries: &[(u8, u8)]| {
            let entries = entries.iter().flat_map(|(tag, permissions)| [*tag, 0, *permissions, 0, 255, 255, 255, 255]);
            [2, 0, 0, 0].into_iter().chain(entries).collect::<Vec<_>>()
        };
        assert_eq!(of_group(&list(&[(1, 6), (2, 6), (4, 4), (16, 6), (32, 0)])), 0o4);
        assert_eq!(of_group(&list(&[(1, 6), (2, 6), (4, 6), (16, 4), (32, 0)])), 0o4);
        assert_eq!(of_group(&list(&[(1, 6), (4, 6), (32, 0)])), 0o6);
        assert_eq!(of_group(&[2]), 0);
    }
}
