//! A file of the work tree as git sees it: what is at its path without following a link, and its content between the two
//! forms that it has, with the line ends and filters that attributes and configuration ask for.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::bstr::BString;
use gix::filter::Pipeline;
use gix::filter::plumbing::driver::apply::Delay;
use gix::filter::plumbing::pipeline::convert::to_worktree::{Options, UnknownEncoding};
use gix::objs::Kind;
use gix::worktree::stack::state::attributes::Source;

use super::error::GitError;
use super::name::RepositoryPath;
use super::objects::HASH;

/// What is at the path of a file.
pub(super) enum OnDisk {
    File(PathBuf),
    Absent,
    /// A link, or something that is no file; or there is one above it.
    Other,
}

/// Looks for the file at `path` below `root`.
pub(super) fn look(root: &Path, path: &RepositoryPath) -> io::Result<OnDisk> {
    let mut at = root.to_owned();
    let mut rest = path.parts().iter().peekable();
    while let Some(part) = rest.next() {
        at.push(part);
        let kind = match fs::symlink_metadata(&at) {
            Ok(metadata) => metadata.file_type(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(OnDisk::Absent),
            Err(error) => return Err(error),
        };
        let fits = if rest.peek().is_some() { kind.is_dir() } else { kind.is_file() };
        if !fits {
            return Ok(OnDisk::Other);
        }
    }
    Ok(OnDisk::File(at))
}

/// The filters of a checkout. Attributes come from its work tree, as for git, and from the index where it has none.
pub(super) struct Filters<'r>(Pipeline<'r>);

impl<'r> Filters<'r> {
    pub(super) fn new(repository: &'r gix::Repository, index: &gix::index::State) -> Result<Self, GitError> {
        let attributes = repository.attributes_only(index, Source::WorktreeThenIdMapping);
        let pipeline = attributes.and_then(|attributes| Pipeline::new(repository, attributes.detach()));
        pipeline.map(Self).map_err(|error| GitError::unexpected("the filters of git cannot be used", error))
    }

    /// Returns the id of the blob that git would make of `bytes` in the file at `path`.
    pub(super) fn blob_of(
        &mut self,
        path: &RepositoryPath,
        bytes: &[u8],
        index: &gix::index::State,
    ) -> Result<ObjectId, GitError> {
        let failed = |error: anyhow::Error| GitError::unexpected(format!("`{path}` cannot be read"), error);
        let converted = self.0.convert_to_git(bytes, Path::new(&path.to_string()), index);
        let mut blob = Vec::new();
        let mut converted = converted.map_err(|error| failed(error.into()))?;
        converted.read_to_end(&mut blob).map_err(|error| failed(error.into()))?;
        gix::objs::compute_hash(HASH, Kind::Blob, &blob).map_err(|error| failed(error.into()))
    }

    /// Returns what a checkout writes into the file at `path` for a blob.
    pub(super) fn content_of(&mut self, path: &RepositoryPath, blob: &[u8]) -> Result<Vec<u8>, GitError> {
        let failed = |error: anyhow::Error| GitError::unexpected(format!("`{path}` cannot be checked out"), error);
        let options = Options { can_delay: Delay::Forbid, unknown_encoding: UnknownEncoding::Fail };
        let name = BString::from(path.to_string());
        let converted = self.0.convert_to_worktree(blob, name.as_ref(), options);
        let mut content = Vec::new();
        let mut converted = converted.map_err(|error| failed(error.into()))?;
        converted.read_to_end(&mut content).map_err(|error| failed(error.into()))?;
        Ok(content)
    }
}
