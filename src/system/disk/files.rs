//! Files on disk, read whole, and replaced all or none: for `set`, and where a checkout follows a commit. What is released
//! is never read here. Only regular files are taken, and no link that leads out of where a file has to be.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::bounded_file::read_open;
use super::file_access;
use super::folder::Folder;

/// The largest file that is read, in MiB.
const LARGEST: u64 = 4;

/// Where a file is: its folder, held open, and its name there.
pub struct FileLocation {
    folder: Rc<Folder>,
    name: OsString,
    /// Where new contents are written before they take the file's place.
    workshop: Rc<Folder>,
    /// The path of the workshop, for messages alone.
    workshop_shown: PathBuf,
    /// For messages alone.
    shown: PathBuf,
}

impl FileLocation {
    /// Returns the place of the file at `path`, with links followed that stay below the folder `root`.
    pub fn below(root: &Path, path: &Path, shown: PathBuf) -> io::Result<Self> {
        let (root, inside) = (root.canonicalize()?, inside(root, path)?);
        let mut folder = Folder::open(&root)?;
        for part in inside.parent().into_iter().flat_map(Path::components) {
            folder = folder.folder(part.as_os_str())?;
        }
        let name = inside.file_name().ok_or(io::ErrorKind::IsADirectory)?.to_owned();
        let folder = Rc::new(folder);
        let workshop_shown = root.join(&inside).parent().map(Path::to_owned).unwrap_or(root);
        Ok(Self { workshop: folder.clone(), workshop_shown, folder, name, shown })
    }

    /// Has new contents written in another folder first, where a run that is killed may leave them; if they can be moved
    /// from there.
    #[must_use]
    pub fn prepared_in(mut self, path: &Path) -> Self {
        if let Ok(folder) = Folder::open(path)
            && folder.is_beside(&self.folder)
        {
            self.workshop = Rc::new(folder);
            self.workshop_shown = path.to_owned();
        }
        self
    }

    /// Returns the place of a file whose folder is believed.
    pub fn at(path: &Path) -> io::Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Self::below(folder, path, path.to_owned())
    }

    /// Returns the content of the file.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        read(&self.folder.read(&self.name)?)
    }
}

/// Returns `path` as it is below the folder `root`, with all links followed; an error if it is not there.
pub fn inside(root: &Path, path: &Path) -> io::Result<PathBuf> {
    let (root, target) = (root.canonicalize()?, path.canonicalize()?);
    target.strip_prefix(&root).map(Path::to_owned).map_err(|_elsewhere| {
        io::Error::new(io::ErrorKind::PermissionDenied, format!("a link leads out of `{}`", root.display()))
    })
}

/// Reads a regular file. Pipes and devices are refused, because they may have no end.
fn read(file: &File) -> io::Result<Vec<u8>> {
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    read_open(file, LARGEST)
}

/// How the names of temporary files begin; six letters and digits follow.
pub const TEMPORARY: &str = ".tagship-";

/// A file of a name of its own that is to take the place of another one; removed when dropped, unless it is kept.
struct TemporaryFile {
    folder: Rc<Folder>,
    name: OsString,
    /// The folder of that file.
    target: Rc<Folder>,
    /// For messages alone.
    shown: PathBuf,
    is_kept: bool,
}

impl TemporaryFile {
    /// Writes `bytes` to a new file with the access of `like`, and returns the file too.
    fn new(place: &FileLocation, like: &File, bytes: &[u8]) -> io::Result<(Self, File)> {
        let create = |path: &Path| place.workshop.create(path.file_name().unwrap_or_default());
        let (mut file, path) = tempfile::Builder::new().prefix(TEMPORARY).make_in("", create)?.into_parts();
        let path = path.keep()?;
        let name = path.file_name().unwrap_or_default().to_owned();
        let (folder, target, shown) = (place.workshop.clone(), place.folder.clone(), place.workshop_shown.join(&name));
        let beside = Self { folder, name, target, shown, is_kept: false };
        file.write_all(bytes)?;
        file_access::keep(like, &file)?;
        Ok((beside, file))
    }

    /// Takes the place of the file `name`.
    fn replace(&self, name: &OsStr) -> io::Result<()> {
        self.folder.rename(&self.name, &self.target, name)
    }

    /// Leaves the file where it is, and returns its path.
    fn keep(mut self) -> PathBuf {
        self.is_kept = true;
        std::mem::take(&mut self.shown)
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        // Gone already if it took the place of another file.
        if !self.is_kept {
            self.folder.remove(&self.name).ok();
        }
    }
}

/// A new content for a file, complete on disk beside it, and the old one.
struct StagedFile<'a> {
    replacement: &'a Replacement<'a>,
    new: TemporaryFile,
    old: TemporaryFile,
}

/// Files that were replaced. Dropped, they stay so.
#[derive(Default)]
pub struct Replaced {
    /// The name of each file and the path for messages, with its old content beside it.
    old: Vec<(OsString, PathBuf, TemporaryFile)>,
}

impl Replaced {
    /// Puts the old contents back. What cannot be put back stays where it is, and the error says where.
    pub fn undo(self) -> io::Result<()> {
        let mut errors = Vec::new();
        for (name, shown, old) in self.old {
            if let Err(error) = old.replace(&name) {
                let error = at(&shown, error);
                let left = format!("{error}; its old content is in `{}`", old.keep().display());
                errors.push(io::Error::new(error.kind(), left));
            }
        }
        let Some(kind) = errors.first().map(io::Error::kind) else { return Ok(()) };
        let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Err(io::Error::new(kind, told.join("; ")))
    }
}

/// A new content for a file, and the one that it was made from.
pub struct Replacement<'a> {
    pub place: FileLocation,
    pub old: &'a [u8],
    pub new: &'a [u8],
}

impl Replacement<'_> {
    /// Fails if the file has another content `now` than the old one.
    fn require_old(&self, now: &[u8]) -> io::Result<()> {
        let changed = || io::Error::new(CHANGED, "it was changed in the meantime");
        (now == self.old).then_some(()).ok_or_else(changed)
    }
}

/// The kind of the error if a file has another content than the old one. The system has no error of this kind.
pub const CHANGED: io::ErrorKind = io::ErrorKind::InvalidData;

/// Replaces the content of all `files`, or of none. Symbolic links stay, and so does the access to each file.
pub fn replace(files: &[Replacement<'_>]) -> io::Result<Replaced> {
    let staged = files.iter().map(|file| stage(file).map_err(|error| at(&file.place.shown, error)));
    put_in_place(staged.collect::<Result<_, _>>()?)
}

fn put_in_place(staged: Vec<StagedFile<'_>>) -> io::Result<Replaced> {
    let mut replaced = Replaced::default();
    for StagedFile { replacement, new, old } in staged {
        let place = &replacement.place;
        // Again, because an editor may have saved the file while the new content went to disk.
        let unchanged = place.read().and_then(|now| replacement.require_old(&now));
        match unchanged.and_then(|()| new.replace(&place.name)) {
            Ok(()) => replaced.old.push((place.name.clone(), place.shown.clone(), old)),
            Err(error) => {
                let failure = at(&place.shown, error);
                return Err(match replaced.undo() {
                    Ok(()) => failure,
                    Err(worse) => io::Error::new(failure.kind(), format!("{failure}; and {worse}")),
                });
            }
        }
    }
    Ok(replaced)
}

fn stage<'a>(replacement: &'a Replacement<'_>) -> io::Result<StagedFile<'a>> {
    let Replacement { place, old, new } = replacement;
    // A rename would replace even a file that must not be written; opening it asks.
    let file = place.folder.write(&place.name)?;
    replacement.require_old(&read(&file)?)?;
    let (new, written) = TemporaryFile::new(place, &file, new)?;
    written.sync_all()?;
    // It is for a run that fails. If the machine does, the file is as it was or as it is to be.
    let (old, _file) = TemporaryFile::new(place, &file, old)?;
    Ok(StagedFile { replacement, new, old })
}

fn at(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot write `{}`: {error}", path.display()))
}

#[cfg(all(test, unix))]
#[expect(clippy::disallowed_methods, reason = "tests lay out their files")]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::{FileLocation, Replacement, put_in_place, replace, stage};
    use crate::system::disk::found_files::names;

    fn new(place: FileLocation) -> Replacement<'static> {
        Replacement { place, old: b"old", new: b"new" }
    }

    /// A run that is killed leaves its file where that does no harm.
    #[test]
    fn new_contents_are_prepared_elsewhere() {
        let (folder, workshop) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let file = folder.path().join("file");
        fs::write(&file, "old").unwrap();
        let place = FileLocation::at(&file).unwrap().prepared_in(workshop.path());
        let replaced = replace(&[new(place)]).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(names(folder.path()).unwrap(), ["file"]);
        assert_eq!(names(workshop.path()).unwrap().len(), 1, "the old content");
        replaced.undo().unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
        assert!(names(workshop.path()).unwrap().is_empty());
    }

    #[test]
    fn mode_and_link_stay() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o754)).unwrap();
        symlink("file", &link).unwrap();
        let place = FileLocation::at(&link).unwrap();
        drop(replace(&[new(place)]).unwrap());
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert!(link.is_symlink());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o754);
        assert_eq!(names(folder.path()).unwrap().len(), 2, "nothing is left behind");
    }

    /// An access control list as Linux has it: of the owner, a user, the owning group, the mask and all others.
    #[cfg(target_os = "linux")]
    fn access_list(of_group: u16) -> Vec<u8> {
        const NOBODY: u32 = u32::MAX;
        let entries = [(1, 6, NOBODY), (2, 6, 1005), (4, of_group, NOBODY), (16, 6, NOBODY), (32, 0, NOBODY)];
        let mut list = 2u32.to_le_bytes().to_vec();
        for (tag, permissions, id) in entries {
            list.extend([u16::to_le_bytes(tag), u16::to_le_bytes(permissions)].concat());
            list.extend(u32::to_le_bytes(id));
        }
        list
    }

    /// Neither is one lost, nor does a folder's own list give one to a file that had none, nor does the mask become what the
    /// owning group may do.
    #[cfg(target_os = "linux")]
    #[test]
    fn access_lists_and_attributes_stay() {
        use rustix::fs::{XattrFlags, getxattr, setxattr};
        const LIST: &str = "system.posix_acl_access";
        let get = |path: &std::path::Path, name: &str| {
            let mut value = [0; 256];
            getxattr(path, name, &mut value).ok().map(|size| value[..size].to_vec())
        };
        for (has_list, of_folder) in [(true, false), (true, true), (false, true)] {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("file");
            fs::write(&file, "old").unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o660)).unwrap();
            let set =
                |path: &std::path::Path, name: &str, value: &[u8]| setxattr(path, name, value, XattrFlags::empty());
            if has_list && set(&file, LIST, &access_list(4)).is_err() || set(&file, "user.note", b"note").is_err() {
                println!("skipped: there are no access control lists or no attributes here");
                return;
            }
            if of_folder {
                set(folder.path(), "system.posix_acl_default", &access_list(6)).unwrap();
            }
            let before = [get(&file, LIST), get(&file, "user.note")];
            let replaced = replace(&[new(FileLocation::at(&file).unwrap())]).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), "new");
            assert_eq!([get(&file, LIST), get(&file, "user.note")], before, "{has_list} {of_folder}");
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o660);
            replaced.undo().unwrap();
            assert_eq!([get(&file, LIST), get(&file, "user.note")], before, "{has_list} {of_folder}");
        }
    }

    #[test]
    fn what_was_changed_since_it_was_read_stays() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
        fs::write(&one, "old").unwrap();
        fs::write(&two, "edited by hand").unwrap();
        let files = [&one, &two].map(|file| new(FileLocation::at(file).unwrap()));
        let error = replace(&files).map(drop).unwrap_err();
        assert!(error.to_string().contains("two`: it was changed in the meantime"), "{error}");
        assert_eq!(fs::read_to_string(&one).unwrap(), "old");
        assert_eq!(fs::read_to_string(&two).unwrap(), "edited by hand");
        assert_eq!(names(folder.path()).unwrap().len(), 2, "nothing is left behind");
    }

    #[test]
    fn what_was_changed_while_the_new_content_was_written_stays() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
        let files = [&one, &two].map(|file| {
            fs::write(file, "old").unwrap();
            new(FileLocation::at(file).unwrap())
        });
        let staged = files.iter().map(|file| stage(file).unwrap()).collect();
        // As many editors write.
        fs::write(folder.path().join("swap"), "edited by hand").unwrap();
        fs::rename(folder.path().join("swap"), &two).unwrap();
        let error = put_in_place(staged).map(drop).unwrap_err();
        assert!(error.to_string().contains("two`: it was changed in the meantime"), "{error}");
        assert_eq!(error.kind(), super::CHANGED);
        assert_eq!(fs::read_to_string(&one).unwrap(), "old");
        assert_eq!(fs::read_to_string(&two).unwrap(), "edited by hand");
        assert_eq!(names(folder.path()).unwrap().len(), 2, "nothing is left behind");
    }

    #[test]
    fn undone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "old").unwrap();
        let replaced = replace(&[new(FileLocation::at(&file).unwrap())]).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        replaced.undo().unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
        assert_eq!(names(folder.path()).unwrap(), ["file"], "nothing is left behind");
    }

    /// What cannot be put back is not lost, and keeps nothing else from being put back.
    #[test]
    fn an_undo_that_fails_keeps_the_old_content() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
        let places = [&one, &two].map(|file| {
            fs::write(file, "old").unwrap();
            new(FileLocation::at(file).unwrap())
        });
        let replaced = replace(&places).unwrap();
        fs::remove_file(&one).unwrap();
        fs::create_dir(&one).unwrap();
        let error = replaced.undo().unwrap_err().to_string();
        assert_eq!(fs::read_to_string(&two).unwrap(), "old");
        let told = error.split('`').find(|part| part.contains(".tagship-")).unwrap_or_else(|| panic!("{error}"));
        assert_eq!(fs::read_to_string(told).unwrap(), "old", "{error}");
        assert!(error.contains("cannot write `"), "{error}");
        assert_eq!(names(folder.path()).unwrap().len(), 2, "the file `two` and the old content of `one`");
    }

    #[test]
    fn all_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let (file, missing) = (folder.path().join("file"), folder.path().join("missing"));
        fs::write(&file, "old").unwrap();
        fs::write(&missing, "old").unwrap();
        let places = [&file, &missing].map(|path| new(FileLocation::at(path).unwrap()));
        fs::remove_file(&missing).unwrap();
        let error = replace(&places).map(drop).unwrap_err();
        assert!(error.to_string().contains("missing"), "{error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
        assert_eq!(names(folder.path()).unwrap(), ["file"]);
    }

    #[test]
    fn a_link_put_in_after_the_look() {
        let folder = tempfile::tempdir().unwrap();
        let (root, victim) = (folder.path().join("root"), folder.path().join("victim"));
        fs::create_dir_all(root.join("k")).unwrap();
        fs::create_dir(&victim).unwrap();
        for file in [root.join("k/file"), victim.join("file")] {
            fs::write(file, "old").unwrap();
        }
        let place = || FileLocation::below(&root, &root.join("k/file"), "k/file".into()).unwrap();
        // Another folder: what was looked at is written, wherever it is by now.
        let looked = place();
        fs::rename(root.join("k"), root.join("moved")).unwrap();
        symlink(&victim, root.join("k")).unwrap();
        drop(replace(&[new(looked)]).unwrap());
        assert_eq!(fs::read_to_string(root.join("moved/file")).unwrap(), "new");
        // Another file: refused.
        fs::remove_file(root.join("k")).unwrap();
        fs::rename(root.join("moved"), root.join("k")).unwrap();
        let looked = place();
        fs::remove_file(root.join("k/file")).unwrap();
        symlink(victim.join("file"), root.join("k/file")).unwrap();
        replace(&[new(looked)]).map(drop).unwrap_err();
        assert_eq!(fs::read_to_string(victim.join("file")).unwrap(), "old");
    }
}
