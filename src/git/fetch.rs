//! Reading a branch without a clone: the tip's commit, the trees along the wanted paths and the wanted files come down,
//! by object id, and nothing else. The cost is the path's length, whatever the repository's size and history.
//!
//! The filter is `tree:0`, and only one filter at a time: it is the form that GitHub allows. An object that is asked for
//! by its id comes whatever the filter says.

use std::io::Read as _;
use std::ops::ControlFlow;

use gix::ObjectId;
use gix::bstr::{BStr, ByteSlice as _};
use gix::objs::tree::EntryKind;
use gix::protocol::fetch::{Arguments, Response};
use gix::protocol::handshake::Ref;
use gix::protocol::ls_refs::RefPrefixes;
use gix::protocol::transport::client::Capabilities;
use gix::protocol::transport::client::blocking_io::ExtendedBufRead as _;
use gix::protocol::transport::{Protocol, Service};
use gix::protocol::{Command, LsRefsCommand};

use super::error::GitError;
use super::name::{BranchName, CommitId, RepositoryPath};
use super::objects::Objects;
use super::pack;
use super::remote::Remote;
use super::transport::{AGENT, Connection};

/// The largest pack that is taken, in bytes.
const MAX_PACK: u64 = 256 << 20;

/// A conversation with the remote's `git-upload-pack`.
pub struct Reader<'r> {
    connection: Connection<'r>,
    capabilities: Capabilities,
}

/// Where the remote's branches stand, as far as a release asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tips {
    /// The branch that was asked for, else the remote's default branch; `None` where it has none.
    pub branch: Option<BranchName>,
    /// The branch's commit; `None` where it does not exist.
    pub tip: Option<CommitId>,
    /// The commit of the remote's default branch; `None` in an empty repository.
    pub default: Option<CommitId>,
}

impl<'r> Reader<'r> {
    pub fn open(remote: &'r Remote) -> Result<Self, GitError> {
        let mut connection = Connection::open(remote, Protocol::V2)?;
        let (version, capabilities) = connection.handshake(Service::UploadPack, |_| {})?;
        if version != Protocol::V2 {
            return Err(remote.unsupported("it does not speak version 2 of git's protocol"));
        }
        refuse_other_hashes(remote, &capabilities)?;
        let fetch = capabilities.capability("fetch");
        let supports = |feature| fetch.as_ref().and_then(|fetch| fetch.supports(feature)).unwrap_or_default();
        if !supports("filter") {
            return Err(remote.unsupported("it does not allow filtered fetches (`uploadpack.allowFilter`)"));
        }
        if !supports("shallow") {
            return Err(remote.unsupported("it does not allow shallow fetches"));
        }
        Ok(Self { connection, capabilities })
    }

    /// Asks where `branch`, or the default branch, stands.
    pub fn tips(&mut self, branch: Option<&BranchName>) -> Result<Tips, GitError> {
        let mut prefixes = RefPrefixes::new();
        prefixes.extend(["HEAD".into()]);
        prefixes.extend(branch.map(|branch| branch.full().into()));
        let agent = ("agent", Some(AGENT.to_owned()));
        let refs = LsRefsCommand::new(Some(prefixes), &self.capabilities, agent)
            .invoke_blocking(&mut self.connection.transport, &mut gix::progress::Discard, false)
            .map_err(|error| self.connection.failed(error))?;
        let mut default = (None, None);
        for reference in &refs {
            match reference {
                Ref::Symbolic { full_ref_name, target, object, .. } if full_ref_name == "HEAD" => {
                    default = (BranchName::from_full(target), Some(CommitId(*object)));
                }
                Ref::Unborn { full_ref_name, target } if full_ref_name == "HEAD" => {
                    default = (BranchName::from_full(target), None);
                }
                Ref::Direct { full_ref_name, object } if full_ref_name == "HEAD" => {
                    default.1 = Some(CommitId(*object));
                }
                _ => {}
            }
        }
        Ok(match branch {
            Some(branch) => {
                let tip = refs.iter().find_map(|reference| commit_of(reference, branch));
                Tips { branch: Some(branch.clone()), tip, default: default.1 }
            }
            None => Tips { tip: default.1.filter(|_| default.0.is_some()), branch: default.0, default: default.1 },
        })
    }

    /// Reads the commit `at`, whose files can then be loaded.
    pub fn snapshot(mut self, at: CommitId) -> Result<Snapshot<'r>, GitError> {
        let mut objects = Objects::default();
        self.fetch(&[at.0], History::TipAlone, &mut objects)?;
        let root = objects.commit(&at.0)?.tree();
        Ok(Snapshot { reader: self, commit: at, root, objects })
    }

    /// Returns the number of HTTP requests so far.
    pub(super) fn requests(&self) -> u32 {
        self.connection.requests()
    }

    fn fetch(&mut self, wants: &[ObjectId], history: History, objects: &mut Objects) -> Result<(), GitError> {
        let mut features = Command::Fetch.default_features(Protocol::V2, &self.capabilities);
        features.push(("agent", Some(AGENT.to_owned())));
        let mut arguments = Arguments::new(Protocol::V2, features, false);
        arguments.filter("tree:0");
        if history == History::TipAlone {
            arguments.deepen(1);
        }
        for want in wants {
            arguments.want(want);
        }
        let pack = receive(&mut self.connection, &mut arguments).map_err(|error| self.connection.failed(error))?;
        pack::read(&pack, objects)
    }
}

/// Whether the wants are a branch's tip, whose ancestors must not come along, or trees and blobs.
#[derive(PartialEq, Eq)]
enum History {
    TipAlone,
    None,
}

fn receive(connection: &mut Connection<'_>, arguments: &mut Arguments) -> anyhow::Result<Vec<u8>> {
    let mut reader = arguments.send(&mut connection.transport, true)?;
    let response = Response::from_line_reader(Protocol::V2, &mut reader, true, false)?;
    anyhow::ensure!(response.has_pack(), "the server sent no pack");
    // A handler is what makes the reader take the side bands apart.
    reader.set_progress_handler(Some(Box::new(|_, _| ControlFlow::Continue(()))));
    let mut pack = Vec::new();
    reader.by_ref().take(MAX_PACK).read_to_end(&mut pack)?;
    Ok(pack)
}

fn commit_of(reference: &Ref, branch: &BranchName) -> Option<CommitId> {
    let (name, object, _) = reference.unpack();
    (name == branch.full().as_str()).then_some(object?).map(|id| CommitId(id.to_owned()))
}

/// Nothing here has been tried with another hash function than SHA-1.
pub(super) fn refuse_other_hashes(remote: &Remote, capabilities: &Capabilities) -> Result<(), GitError> {
    match capabilities.capability("object-format").and_then(|format| format.value()) {
        Some(format) if format != "sha1" => Err(remote.unsupported("its objects are not named by SHA-1")),
        _ => Ok(()),
    }
}

/// One commit of the remote and what has been loaded of it.
pub struct Snapshot<'r> {
    reader: Reader<'r>,
    pub(super) commit: CommitId,
    pub(super) root: ObjectId,
    pub(super) objects: Objects,
}

/// What is at a path.
#[derive(Debug, PartialEq, Eq)]
pub enum Entry<'s> {
    Missing,
    /// A folder, and the names in it. Names that are not UTF-8 are left out.
    Directory(Vec<&'s str>),
    File(&'s [u8]),
}

impl Snapshot<'_> {
    /// Returns the commit that this is a snapshot of.
    pub fn commit_id(&self) -> CommitId {
        self.commit
    }

    /// Returns the number of HTTP requests so far.
    pub fn requests(&self) -> u32 {
        self.reader.requests()
    }

    /// Loads what is at `paths`, all of one depth in one trip.
    pub fn load(&mut self, paths: &[RepositoryPath]) -> Result<(), GitError> {
        loop {
            let mut wants = Vec::new();
            for path in paths {
                if let Step::Unloaded(id) = self.walk(path)?
                    && !wants.contains(&id)
                {
                    wants.push(id);
                }
            }
            if wants.is_empty() {
                return Ok(());
            }
            self.reader.fetch(&wants, History::None, &mut self.objects)?;
            if let Some(missing) = wants.iter().find(|id| !self.objects.contains(id)) {
                return Err(GitError::unexpected(
                    format!("the object {missing} cannot be read"),
                    anyhow::anyhow!("the server did not send it"),
                ));
            }
        }
    }

    /// Returns what is at `path`, which must have been loaded.
    pub fn entry(&self, path: &RepositoryPath) -> Result<Entry<'_>, GitError> {
        match self.walk(path)? {
            Step::Missing => Ok(Entry::Missing),
            Step::Unloaded(id) => Err(GitError::unexpected(
                format!("`{path}` cannot be read"),
                anyhow::anyhow!("the object {id} was not loaded"),
            )),
            Step::Tree(id) => {
                let entries = self.objects.tree(&id)?.entries;
                Ok(Entry::Directory(entries.iter().filter_map(|entry| entry.filename.to_str().ok()).collect()))
            }
            Step::File { id, .. } => Ok(Entry::File(self.objects.blob(&id)?)),
        }
    }

    /// Returns the content of the file at `path`, which must have been loaded.
    pub fn file(&self, path: &RepositoryPath) -> Result<&[u8], GitError> {
        match self.entry(path)? {
            Entry::File(bytes) => Ok(bytes),
            Entry::Missing | Entry::Directory(_) => {
                Err(GitError::NotFollowed { path: path.to_string(), what: "folder that should be a file" })
            }
        }
    }

    /// Follows `path` from the root as far as objects are loaded.
    pub(super) fn walk(&self, path: &RepositoryPath) -> Result<Step, GitError> {
        let not_followed = |what| GitError::NotFollowed { path: path.to_string(), what };
        let mut at = Step::Tree(self.root);
        for part in path.parts() {
            let Step::Tree(id) = at else {
                return Ok(Step::Missing);
            };
            if !self.objects.contains(&id) {
                return Ok(Step::Unloaded(id));
            }
            let tree = self.objects.tree(&id)?;
            let Some(entry) = tree.entries.iter().find(|entry| entry.filename == BStr::new(part)) else {
                return Ok(Step::Missing);
            };
            at = match entry.mode.kind() {
                EntryKind::Tree => Step::Tree(entry.oid.to_owned()),
                EntryKind::Link => return Err(not_followed("symbolic link")),
                EntryKind::Commit => return Err(not_followed("submodule")),
                kind @ (EntryKind::Blob | EntryKind::BlobExecutable) => Step::File { id: entry.oid.to_owned(), kind },
            };
        }
        match at {
            Step::Tree(id) | Step::File { id, .. } if !self.objects.contains(&id) => Ok(Step::Unloaded(id)),
            at => Ok(at),
        }
    }
}

/// Where following a path ended.
pub(super) enum Step {
    Missing,
    Unloaded(ObjectId),
    Tree(ObjectId),
    File { id: ObjectId, kind: EntryKind },
}
