//! A conversation with the remote's `git-upload-pack`: the tips of branches, and objects by their ids.
//!
//! A server that supports partial fetches (protocol v2 with filters) is asked for the commit with all its trees; if these
//! are too many, the rest of the answer is left, and the trees along the path are fetched one by one. A request has one
//! filter, because GitHub allows no combination. An object that is asked for by its id comes whatever the filter says, so a
//! server that refuses one filter is asked by the other. One that refuses both, or has no partial fetches, is asked for the
//! whole of the one commit.

use gix::ObjectId;
use gix::bstr::ByteSlice as _;
use gix::protocol::Command;
use gix::protocol::fetch::Arguments;
use gix::protocol::transport::client::Capabilities;
use gix::protocol::transport::{Protocol, Service};

use super::answered_pack::{
    Negotiated, Negotiation, WantedOfPack, is_refusal, is_refusal_of, negotiate, receive, receive_by,
};
use super::lineage::{Lineage, told_by};
use super::tips::{Tips, list_refs, tips};
use crate::git::error::GitError;
use crate::git::objects::name::{BranchName, CommitId};
use crate::git::objects::pack::{Bases, NoCommit, Taken};
use crate::git::objects::store::{OTHER_OBJECTS, Objects};
use crate::git::remotes::remote::Remote;
use crate::git::wire::error_packet::ErrorPacket;
use crate::git::wire::service_connection::{AGENT, Connection, excess};
use gix::protocol::handshake::Ref;

/// The most objects that are read of the first fetch, which are the newest commits and the tip's trees. Of ten well-known
/// GitOps repositories, the largest has 1,766 trees, which are 200 kB. With more trees, those along one path are fewer bytes.
const MAX_OBJECTS_IN_FIRST_FETCH: usize = 2_000;

/// How much is read of what has changed, in bytes.
const MAX_CHANGED: u64 = 256 << 10;

/// How many generations of commits the first fetch asks for: their messages tell what was released last.
pub(in crate::git) const HISTORY_DEPTH: usize = 50;

/// The filter that leaves out the files.
const NO_FILES: &str = "blob:none";

/// The filter that leaves out the trees too, so that commits are left.
const NO_TREES: &str = "tree:0";

/// A conversation with the remote's `git-upload-pack`.
pub struct Reader<'r> {
    connection: Connection<'r>,
    protocol: Protocol,
    capabilities: Capabilities,
    /// The filters that the server may accept; none if it does not support partial fetches.
    filters: Vec<&'static str>,
    /// The tips that a server of protocol v0 advertises in its first answer.
    advertised: Tips,
}

/// How much of a commit came with its first fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fetched {
    /// At least the commit; more objects can be fetched by id.
    Partial,
    /// All of it: the server does not support partial fetches.
    Whole,
}

impl<'r> Reader<'r> {
    /// Begins a conversation about `branch`, or about the default branch.
    pub fn open(remote: &'r Remote, branch: Option<&BranchName>) -> Result<Self, GitError> {
        let mut connection = Connection::open(remote, Service::UploadPack)?;
        let full = branch.map(BranchName::full);
        let mut advertised = Tips { branch: branch.cloned(), ..Tips::default() };
        let (protocol, capabilities) = connection.handshake(&mut |line| {
            if let Some((id, name)) = line.trim_end().split_once_str(" ") {
                let id = ObjectId::from_hex(id).ok().map(CommitId);
                match full.as_deref().map(str::as_bytes) {
                    _ if name == b"HEAD" => advertised.default = id,
                    Some(full) if full == name => advertised.tip = id,
                    _ => {}
                }
            }
        })?;
        refuse_other_hashes(remote, &capabilities)?;
        if branch.is_none() {
            let head = capabilities.iter().filter_map(|capability| capability.value()?.strip_prefix(b"HEAD:"));
            advertised.branch = head.filter_map(BranchName::from_full).next();
            advertised.tip = advertised.default.filter(|_| advertised.branch.is_some());
        }
        let mut reader = Self { connection, protocol, capabilities, filters: Vec::new(), advertised };
        let arguments = reader.ask();
        if protocol == Protocol::V2 && arguments.can_use_filter() && arguments.can_use_deepen() {
            reader.filters = vec![NO_FILES, NO_TREES];
        }
        Ok(reader)
    }

    /// Returns whether the conversation is about `branch`.
    pub fn is_about(&self, branch: &BranchName) -> bool {
        self.advertised.branch.as_ref() == Some(branch)
    }

    /// Asks for the tip of the branch.
    pub fn tips(&mut self) -> Result<Tips, GitError> {
        if self.protocol != Protocol::V2 {
            return Ok(self.advertised.clone());
        }
        let branch = self.advertised.branch.clone();
        let refs = self.refs(["HEAD".to_owned()].into_iter().chain(branch.as_ref().map(BranchName::full)))?;
        Ok(tips(&refs, branch.as_ref()))
    }

    /// Asks for the tip of `branch` alone, which may have moved. A server of an old protocol would tell what it told before, so
    /// it is not asked.
    pub(super) fn tips_of(&mut self, branch: &BranchName) -> Result<Option<Tips>, GitError> {
        if self.protocol != Protocol::V2 {
            return Ok(None);
        }
        let refs = self.refs([branch.full()].into_iter())?;
        Ok(Some(tips(&refs, Some(branch))))
    }

    /// Asks for the references whose full names begin so. A server may list more; one of an old protocol is not asked.
    pub(super) fn refs(&mut self, beginning_with: impl Iterator<Item = String>) -> Result<Vec<Ref>, GitError> {
        if self.protocol != Protocol::V2 {
            return Ok(Vec::new());
        }
        list_refs(&mut self.connection.transport, &self.capabilities, beginning_with)
            .map_err(|error| self.connection.failed(error))
    }

    /// Fetches the tips of branches, with [`HISTORY_DEPTH`] generations of history if the server supports partial fetches. Then
    /// it is told which commit we have read before, and sends only what has changed since.
    pub(super) fn fetch_tips(
        &mut self,
        tips: &[ObjectId],
        before: Option<CommitId>,
        objects: &mut Objects,
    ) -> Result<Fetched, GitError> {
        let bases = if before.is_some() { Bases::MayBeUnread } else { Bases::AtHand };
        let wanted = WantedOfPack::AllOf(MAX_OBJECTS_IN_FIRST_FETCH, bases);
        let with_history = |arguments: &mut Arguments| {
            arguments.deepen(HISTORY_DEPTH);
            for tip in tips {
                arguments.want(tip);
            }
            if let Some(before) = before {
                arguments.have(before.0);
            }
        };
        if self.receive_part(NO_FILES, with_history, wanted, objects)? {
            return Ok(Fetched::Partial);
        }
        self.fetch_whole(tips, 1, objects)
    }

    /// Fetches the trees and small files that changed from `before`, an ancestor, to `tip`, up to [`MAX_CHANGED`]. A server that
    /// refuses a limit for files is asked for the trees alone. What does not come can be asked for by its id, so a failure here
    /// does not fail the release.
    ///
    /// gix always lets a server send deltas to what we have (`thin-pack`). Nothing of `before` is here, so this request does not.
    pub(super) fn fetch_changes(
        &mut self,
        tip: CommitId,
        before: CommitId,
        objects: &mut Objects,
    ) -> Result<(), GitError> {
        let (want, have) = (format!("want {}", tip.0), format!("have {}", before.0));
        for filter in ["filter blob:limit=64k", "filter blob:none"] {
            let arguments = ["ofs-delta", "no-progress", filter, &want, &have, "done"];
            let (features, wanted) = (self.features(), WantedOfPack::Beginning(MAX_CHANGED));
            match receive_by(&mut self.connection, &arguments, features, wanted, objects) {
                Ok(Taken::All) => break,
                Ok(Taken::Beginning) => return self.connection.abandon_answer(),
                Err(refused) if is_refusal(&refused) => self.connection.begin_again()?,
                Err(_) => return self.connection.begin_again(),
            }
        }
        Ok(())
    }

    /// Returns whether the server supports partial fetches, as far as is known.
    pub(super) fn serves_parts(&self) -> bool {
        !self.filters.is_empty()
    }

    /// Fetches commits, and up to `depth - 1` generations before them, with all that they have: all of it, or nothing that is
    /// kept.
    pub(super) fn fetch_whole(
        &mut self,
        tips: &[ObjectId],
        depth: usize,
        objects: &mut Objects,
    ) -> Result<Fetched, GitError> {
        let mut arguments = self.ask();
        if !arguments.can_use_deepen() {
            return Err(self.connection.remote().unsupported("it supports neither partial nor shallow fetches"));
        }
        arguments.deepen(depth);
        for tip in tips {
            arguments.want(tip);
        }
        let mut fetched = Objects::default();
        let taken = receive(&mut self.connection, self.protocol, &mut arguments, WantedOfPack::All, &mut fetched);
        self.received(taken)?;
        objects.absorb(fetched);
        Ok(Fetched::Whole)
    }

    /// Forgets what a program at the other end knows of earlier fetches: it cuts histories where it has cut them before.
    pub(super) fn begin_again(&mut self) -> Result<(), GitError> {
        self.connection.begin_again()
    }

    /// Returns what it means that a fetch of what this host has just announced fails. If it refuses, the part of it that
    /// answers does not have it yet.
    fn lacking(&self, error: anyhow::Error) -> GitError {
        match error.downcast::<ErrorPacket>() {
            Ok(refused) => self.connection.remote().lacking(refused),
            Err(error) => self.connection.failed(error),
        }
    }

    /// Fetches `tip` and up to `depth - 1` generations of commits before it, without their trees. Returns whether the server
    /// supports that.
    pub(in crate::git) fn fetch_history(
        &mut self,
        tip: ObjectId,
        depth: usize,
        objects: &mut Objects,
    ) -> Result<bool, GitError> {
        let with_history = |arguments: &mut Arguments| {
            arguments.deepen(depth);
            arguments.want(tip);
        };
        self.receive_part(NO_TREES, with_history, WantedOfPack::Commits, objects)
    }

    /// Fetches commits, without their trees if the server supports that. One that does not have one of them, does not serve it,
    /// or would send more than the limits allow, sends nothing that is kept.
    pub(super) fn fetch_commits(&mut self, ids: &[ObjectId], objects: &mut Objects) -> Result<(), GitError> {
        let mut arguments = match self.arguments(NO_TREES) {
            Some(arguments) => arguments,
            None => {
                // A program of an old protocol answers one request.
                self.begin_again()?;
                self.ask()
            }
        };
        if !arguments.can_use_deepen() {
            return Ok(());
        }
        arguments.deepen(1);
        for id in ids {
            arguments.want(*id);
        }
        let mut fetched = Objects::default();
        match receive(&mut self.connection, self.protocol, &mut arguments, WantedOfPack::All, &mut fetched) {
            Ok(_) => {
                objects.absorb(fetched);
                Ok(())
            }
            Err(error) if self.gives_up_filter(NO_TREES, &error) => {
                self.begin_again()?;
                self.fetch_commits(ids, objects)
            }
            Err(error) if is_refusal(&error) => self.begin_again(),
            Err(error) if excess(&error).is_some() => self.connection.abandon_answer(),
            Err(error) => Err(self.connection.failed(error)),
        }
    }

    /// Returns how `commit` stands to `other`. The server is told that we have `other`, and sends the commits that we lack. One
    /// that does not support partial fetches sends files too, which are left: that tells if one is before the other.
    pub(super) fn lineage(&mut self, commit: CommitId, other: CommitId) -> Result<Lineage, GitError> {
        let mut between = Objects::default();
        // The server says whether it has `other` only while the negotiation is open. It then sends the pack at once if the
        // two histories meet, and otherwise waits for more `have` lines.
        for negotiation in [Negotiation::Open, Negotiation::Done] {
            let whole = || (self.protocol == Protocol::V2).then(|| self.ask());
            let Some(mut arguments) = self.arguments(NO_TREES).or_else(whole) else { return Ok(Lineage::Unknown) };
            arguments.want(commit.0);
            arguments.have(other.0);
            match negotiate(&mut self.connection, self.protocol, &mut arguments, negotiation, &mut between) {
                Ok(Negotiated::Pack(Taken::All)) => return Ok(told_by(&between, commit, other)),
                Ok(Negotiated::Pack(Taken::Beginning)) => {
                    self.connection.abandon_answer()?;
                    // More commits may lie between.
                    return Ok(match told_by(&between, commit, other) {
                        Lineage::After => Lineage::After,
                        _ => Lineage::Unknown,
                    });
                }
                Ok(Negotiated::Common) => {}
                Ok(Negotiated::NotCommon) => break,
                Err(error) if self.gives_up_filter(NO_TREES, &error) => {
                    self.begin_again()?;
                    return self.lineage(commit, other);
                }
                Err(error) if is_refusal_of(&[commit.0, other.0], &error) || error.is::<NoCommit>() => {
                    self.connection.abandon_answer()?;
                    break;
                }
                Err(error) => return Err(self.connection.failed(error)),
            }
        }
        Ok(Lineage::Unknown)
    }

    /// Fetches single objects by their ids: all of them, or none that is kept.
    pub(super) fn fetch(&mut self, wants: &[ObjectId], objects: &mut Objects) -> Result<(), GitError> {
        let mut fetched = Objects::default();
        let these = |arguments: &mut Arguments| {
            for want in wants {
                arguments.want(want);
            }
        };
        self.receive_part(NO_TREES, these, WantedOfPack::All, &mut fetched)?;
        objects.absorb(fetched);
        Ok(())
    }

    /// Sends a partial fetch, which `complete` completes, and reads what is wanted of its pack. Returns whether the server
    /// supports one.
    fn receive_part(
        &mut self,
        filter: &str,
        complete: impl Fn(&mut Arguments),
        wanted: WantedOfPack,
        objects: &mut Objects,
    ) -> Result<bool, GitError> {
        while let Some(mut arguments) = self.arguments(filter) {
            complete(&mut arguments);
            match receive(&mut self.connection, self.protocol, &mut arguments, wanted, objects) {
                Err(error) if self.gives_up_filter(filter, &error) => self.begin_again()?,
                taken => return self.received(taken).map(|()| true),
            }
        }
        Ok(false)
    }

    /// Leaves what is not wanted of a pack, or returns why none came.
    fn received(&mut self, taken: anyhow::Result<Taken>) -> Result<(), GitError> {
        match taken {
            Ok(Taken::All) => Ok(()),
            Ok(Taken::Beginning) => self.connection.abandon_answer(),
            Err(error) => {
                if excess(&error).is_some() {
                    // Less may be asked for then.
                    self.connection.abandon_answer()?;
                }
                Err(self.lacking(error))
            }
        }
    }

    /// Returns the arguments of a partial fetch; `None` if the server does not support it.
    fn arguments(&self, filter: &str) -> Option<Arguments> {
        let filter = self.filter_for(filter)?;
        let mut arguments = self.ask();
        arguments.filter(filter);
        Some(arguments)
    }

    /// Returns this filter, or the other one if the server refuses it.
    fn filter_for(&self, wanted: &str) -> Option<&'static str> {
        self.filters.iter().find(|filter| **filter == wanted).or(self.filters.first()).copied()
    }

    /// Returns whether a request failed because the server refuses the filter that stood for `wanted`, which is then not used
    /// again. git names the filter in quotes, without its depth. The words around it are in the server's language.
    fn gives_up_filter(&mut self, wanted: &str, error: &anyhow::Error) -> bool {
        let Some((used, ErrorPacket(said))) = self.filter_for(wanted).zip(error.downcast_ref()) else { return false };
        let is_refused = said.contains("filter") || said.contains(&format!("'{}'", used.trim_end_matches(":0")));
        self.filters.retain(|filter| !is_refused || *filter != used);
        is_refused
    }

    /// Returns the arguments of any fetch. Progress messages are turned off: they are several kilobytes of an answer.
    fn ask(&self) -> Arguments {
        let mut arguments = Arguments::new(self.protocol, self.features(), false);
        if self.protocol == Protocol::V2 || self.capabilities.contains("no-progress") {
            arguments.add_feature("no-progress");
        }
        arguments
    }

    /// Returns what the server has and gix can use. That is not `sideband-all`: gix asks for it, and cannot read the answer.
    fn features(&self) -> Vec<gix::protocol::command::Feature> {
        let features = Command::Fetch.default_features(self.protocol, &self.capabilities).into_iter();
        features.filter(|(name, _)| *name != "sideband-all").chain([("agent", Some(AGENT.to_owned()))]).collect()
    }
}

/// Refuses a repository of another hash function than SHA-1: nothing here has been tested with one.
pub(in crate::git) fn refuse_other_hashes(remote: &Remote, capabilities: &Capabilities) -> Result<(), GitError> {
    match capabilities.capability("object-format").and_then(|format| format.value()) {
        Some(format) if format != "sha1" => Err(remote.unsupported(OTHER_OBJECTS)),
        _ => Ok(()),
    }
}
