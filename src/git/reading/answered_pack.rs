//! One request for objects: sends it, and reads what is wanted of the pack that answers it.

use std::io;

use gix::ObjectId;
use gix::bstr::BString;
use gix::protocol::Command;
use gix::protocol::command::Feature;
use gix::protocol::fetch::response::Acknowledgement;
use gix::protocol::fetch::{Arguments, Response};
use gix::protocol::transport::Protocol;
use gix::protocol::transport::client::blocking_io::{ExtendedBufRead, TransportV2Ext as _};

use crate::git::objects::pack::{Bases, Incoming, Taken};
use crate::git::objects::store::Objects;
use crate::git::wire::allowance::Allowance;
use crate::git::wire::error_packet::{ErrorPacket, FatalError, refused};
use crate::git::wire::service_connection::Connection;

/// What is wanted of a pack.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum WantedOfPack {
    All,
    /// Everything of a pack of at most so many objects, else its commits.
    AllOf(usize, Bases),
    /// The commits, as far as a history is read.
    Commits,
    /// Its beginning, up to so many bytes.
    Beginning(u64),
}

/// Sends a fetch and reads what is wanted of its pack.
pub(super) fn receive(
    connection: &mut Connection<'_>,
    protocol: Protocol,
    arguments: &mut Arguments,
    wanted: WantedOfPack,
    objects: &mut Objects,
) -> anyhow::Result<Taken> {
    let allowance = connection.allowance();
    let reader = arguments.send(&mut connection.transport, true)?;
    read_answer(reader, &allowance, protocol, wanted, objects)
}

/// Sends a fetch of protocol v2 with these arguments alone, and reads what is wanted of its pack.
pub(super) fn receive_by(
    connection: &mut Connection<'_>,
    arguments: &[&str],
    features: Vec<Feature>,
    wanted: WantedOfPack,
    objects: &mut Objects,
) -> anyhow::Result<Taken> {
    let allowance = connection.allowance();
    let features = features.into_iter().filter(|(_, value)| value.is_some());
    let arguments = arguments.iter().copied().map(BString::from);
    let reader = connection.transport.invoke(Command::Fetch.as_str(), features, Some(arguments), false)?;
    read_answer(reader, &allowance, Protocol::V2, wanted, objects)
}

/// Reads what is wanted of the pack in an answer.
fn read_answer<'r>(
    mut reader: impl ExtendedBufRead<'r> + Unpin,
    allowance: &Allowance,
    protocol: Protocol,
    wanted: WantedOfPack,
    objects: &mut Objects,
) -> anyhow::Result<Taken> {
    refused(protocol, &mut reader)?;
    let response = Response::from_line_reader(protocol, &mut reader, true, false)?;
    anyhow::ensure!(response.has_pack(), "the server sent no pack");
    if protocol != Protocol::V2 {
        refused(protocol, &mut reader)?;
    }
    take(&mut reader, allowance, wanted, objects)
}

/// Reads what is wanted of the pack that comes next.
fn take<'r>(
    reader: &mut impl ExtendedBufRead<'r>,
    allowance: &Allowance,
    wanted: WantedOfPack,
    objects: &mut Objects,
) -> anyhow::Result<Taken> {
    allowance.pause();
    let fatal = FatalError::of(reader);
    let taken = from_pack(&mut *reader, allowance, wanted, objects).map_err(|error| fatal.or(error))?;
    if taken == Taken::All {
        // An answer must be read to its end; what is left are messages.
        io::copy(reader, &mut io::sink())?;
    }
    Ok(taken)
}

fn from_pack(
    reader: impl io::BufRead,
    allowance: &Allowance,
    wanted: WantedOfPack,
    objects: &mut Objects,
) -> anyhow::Result<Taken> {
    let pack = Incoming::open(reader, allowance)?;
    let whole = match wanted {
        WantedOfPack::All => Some(Bases::AtHand),
        WantedOfPack::AllOf(most, bases) => (pack.count() <= most).then_some(bases),
        WantedOfPack::Commits => (pack.count() == 0).then_some(Bases::AtHand),
        WantedOfPack::Beginning(most) => return pack.beginning(most, objects),
    };
    match whole {
        Some(bases) => pack.all(bases, objects).map(|()| Taken::All),
        None => pack.commits(objects),
    }
}

/// Whether more `have` lines may follow those of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Negotiation {
    Open,
    Done,
}

/// What a server answers to our `have` line.
pub(super) enum Negotiated {
    /// The pack of what we lack, or its beginning.
    Pack(Taken),
    /// It has that commit too, and waits for more lines.
    Common,
    /// It does not have that commit.
    NotCommon,
}

/// Tells the server what we have and want, and takes the pack if one comes.
pub(super) fn negotiate(
    connection: &mut Connection<'_>,
    protocol: Protocol,
    arguments: &mut Arguments,
    negotiation: Negotiation,
    objects: &mut Objects,
) -> anyhow::Result<Negotiated> {
    let done = negotiation == Negotiation::Done;
    let allowance = connection.allowance();
    let mut reader = arguments.send(&mut connection.transport, done)?;
    refused(protocol, &mut reader)?;
    let response = Response::from_line_reader(protocol, &mut reader, done, true)?;
    if !response.has_pack() {
        let common = response.acknowledgements().iter().any(|said| matches!(said, Acknowledgement::Common(_)));
        return Ok(if common { Negotiated::Common } else { Negotiated::NotCommon });
    }
    take(&mut reader, &allowance, WantedOfPack::Commits, objects).map(Negotiated::Pack)
}

/// Returns whether a server has refused.
pub(super) fn is_refusal(error: &anyhow::Error) -> bool {
    error.is::<ErrorPacket>()
}

/// Returns whether a server has refused because of one of these objects, which its words then name. Other words may be those of
/// a failure that passes.
pub(super) fn is_refusal_of(ids: &[ObjectId], error: &anyhow::Error) -> bool {
    let names_one = |ErrorPacket(said): &ErrorPacket| ids.iter().any(|id| said.contains(&id.to_string()));
    error.downcast_ref().is_some_and(names_one)
}
