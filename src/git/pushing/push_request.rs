//! The request of a push, as bytes: what the server is asked to do with each ref, push options, and a pack.

use gix::protocol::transport::client::Capabilities;
use gix::protocol::transport::packetline::blocking_io::encode::{data_to_write, flush_to_write};

use crate::git::error::GitError;
use crate::git::objects::commit::{CommitOnTip, NewCommit, NewTag, ObjectsAt};
use crate::git::objects::pack::{self, Thin};
use crate::git::objects::store::HASH;
use crate::git::wire::service_connection::AGENT;

/// Returns what a request asks of the server beside its commands.
pub(super) fn wanted(capabilities: &Capabilities) -> String {
    let report = if capabilities.contains("report-status-v2") { "report-status-v2" } else { "report-status" };
    let mut wanted = format!(" {report}");
    // Without it, the report comes plain, and hooks cannot say anything.
    if capabilities.contains("side-band-64k") {
        wanted += " side-band-64k";
    }
    if capabilities.contains("object-format") {
        wanted += " object-format=sha1";
    }
    if capabilities.contains("agent") {
        wanted = format!("{wanted} agent={AGENT}");
    }
    if capabilities.contains("quiet") {
        wanted += " quiet";
    }
    wanted
}

/// Returns the body of the request: a command for each ref, the push options and the pack.
pub(super) fn request_body(
    capabilities: &Capabilities,
    commit: &CommitOnTip,
    options: &[String],
) -> Result<Vec<u8>, GitError> {
    let mut wanted = wanted(capabilities);
    if !options.is_empty() {
        wanted += " push-options";
    }
    let NewCommit { id, objects, objects_at, tag, .. } = &commit.new;
    if tag.is_some() {
        wanted += " atomic";
    }
    let old = commit.lease.tip.map_or(HASH.null(), |tip| tip.0);
    let mut commands = vec![format!("{old} {id} {}\0{wanted}", commit.lease.branch.full())];
    commands.extend(tag.as_ref().map(|NewTag { name, id, .. }| format!("{} {id} {}", HASH.null(), name.full())));
    let mut body = packet_lines(&commands)?;
    if !options.is_empty() {
        body.extend(packet_lines(options)?);
    }
    let thin = if capabilities.contains("no-thin") { Thin::No } else { Thin::Yes };
    let objects = match objects_at {
        ObjectsAt::Here => objects.as_slice(),
        ObjectsAt::Server => &[],
    };
    let of_tag = tag.as_ref().and_then(|tag| tag.object.as_ref());
    body.extend(pack::write(objects.iter().chain(of_tag), thin)?);
    Ok(body)
}

/// Returns a packet line for each of `lines`, and the flush packet that ends them. A line of more than 65,516 bytes is an
/// error.
pub(super) fn packet_lines(lines: &[String]) -> Result<Vec<u8>, GitError> {
    let mut packets = Vec::new();
    let written = lines.iter().try_for_each(|line| data_to_write(line.as_bytes(), &mut packets).map(drop));
    written
        .and_then(|()| flush_to_write(&mut packets))
        .map_err(|error| GitError::unexpected("the push cannot be written", error))?;
    Ok(packets)
}
