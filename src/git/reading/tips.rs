//! The references of a remote: the `ls-refs` command of protocol v2. It is sent here, and not by gix, which would take an `ERR`
//! packet for a reference.

use gix::protocol::Command;
use gix::protocol::handshake::Ref;
use gix::protocol::handshake::refs::from_v2_refs;
use gix::protocol::transport::Protocol;
use gix::protocol::transport::client::Capabilities;
use gix::protocol::transport::client::blocking_io::{Transport, TransportV2Ext as _};

use crate::git::objects::name::{BranchName, CommitId};
use crate::git::wire::error_packet::refused;
use crate::git::wire::service_connection::AGENT;

/// The tips of the remote's branches that a release needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tips {
    /// The branch that was asked for, else the remote's default branch; `None` if it has none.
    pub branch: Option<BranchName>,
    /// The branch's commit; `None` if the branch does not exist.
    pub tip: Option<CommitId>,
    /// The commit of the remote's default branch; `None` in an empty repository.
    pub default: Option<CommitId>,
    /// The name of the remote's default branch, as far as the remote tells it.
    pub default_branch: Option<BranchName>,
}

/// Asks for the references whose full names begin with one of `prefixes`. A server may list more.
pub(super) fn list_refs(
    mut transport: impl Transport,
    capabilities: &Capabilities,
    prefixes: impl Iterator<Item = String>,
) -> anyhow::Result<Vec<Ref>> {
    let mut features = Command::LsRefs.default_features(Protocol::V2, capabilities);
    features.push(("agent", Some(AGENT.to_owned())));
    let mut arguments = Command::LsRefs.initial_v2_arguments(&features);
    let ls_refs = capabilities.capability("ls-refs");
    if ls_refs.and_then(|capability| capability.supports("unborn")).unwrap_or_default() {
        arguments.push("unborn".into());
    }
    arguments.extend(prefixes.map(|prefix| format!("ref-prefix {prefix}").into()));
    let arguments = Some(arguments.into_iter());
    let mut reader = transport.invoke(Command::LsRefs.as_str(), features.into_iter(), arguments, false)?;
    refused(Protocol::V2, &mut reader)?;
    Ok(from_v2_refs(&mut reader)?)
}

/// Returns the tips of `branch`, or of the default branch if there is none, and of the default branch.
pub(super) fn tips(refs: &[Ref], branch: Option<&BranchName>) -> Tips {
    let mut tips = Tips { branch: branch.cloned(), ..Tips::default() };
    for reference in refs {
        let (name, object, _) = reference.unpack();
        let object = object.map(|id| CommitId(id.to_owned()));
        if name == "HEAD" {
            tips.default = object;
            if let Ref::Symbolic { target, .. } | Ref::Unborn { target, .. } = reference {
                tips.default_branch = BranchName::from_full(target);
                if branch.is_none() {
                    tips.branch.clone_from(&tips.default_branch);
                    tips.tip = object;
                }
            }
        } else if branch.is_some_and(|branch| name == branch.full().as_str()) {
            tips.tip = object;
        }
    }
    tips
}

/// Reads any advertisement of either service, and what follows it as a list of references: a tip is one that was listed.
#[cfg(fuzzing)]
pub fn fuzz(answer: &[u8]) {
    use gix::protocol::transport::Service;
    use gix::protocol::transport::client::blocking_io::SetServiceResponse;
    use gix::protocol::transport::client::git::{ConnectMode, blocking_io::Connection};

    for (service, version) in [(Service::UploadPack, Protocol::V2), (Service::ReceivePack, Protocol::V1)] {
        let (no_host, program) = (None::<(String, Option<u16>)>, ConnectMode::Process);
        let mut transport = Connection::new(answer, std::io::sink(), version, "", no_host, program, false);
        let Ok(SetServiceResponse { capabilities, mut refs, .. }) = transport.handshake(service, &[]) else { continue };
        while let Some(Ok(Ok(_))) = refs.as_mut().and_then(|refs| refs.readline()) {}
        drop(refs);
        let Ok(refs) = list_refs(&mut transport, &capabilities, std::iter::empty()) else { continue };
        let listed = |tip: Option<CommitId>| {
            tip.is_none_or(|tip| refs.iter().any(|reference| reference.unpack().1.is_some_and(|id| id == tip.0)))
        };
        let main = BranchName::from_full(b"refs/heads/main");
        for found in [tips(&refs, None), tips(&refs, main.as_ref())] {
            assert!(listed(found.tip) && listed(found.default));
        }
    }
}
