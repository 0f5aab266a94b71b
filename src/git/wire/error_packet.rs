//! How a server of any version of the protocol says why there is no answer: an `ERR` packet, or the side band of fatal errors
//! in the middle of a pack.

use std::cell::RefCell;
use std::error::Error;
use std::ops::ControlFlow;
use std::rc::Rc;

use gix::bstr::ByteSlice as _;
use gix::protocol::transport::Protocol;
use gix::protocol::transport::client::blocking_io::ExtendedBufRead;
use gix::protocol::transport::packetline::read;

use crate::system::network::connection::causes;
use crate::system::network::sent_logins::hidden;

/// The most bytes that are kept of a fatal error.
const MAX_FATAL: usize = 4 << 10;

/// What an `ERR` packet says: untrusted text, without logins.
#[derive(Debug, thiserror::Error)]
#[error("it says: {0}")]
pub(in crate::git) struct ErrorPacket(pub(in crate::git) String);

/// Returns what the packet says that gix has made this error of.
pub(in crate::git) fn error_packet(error: &(dyn Error + 'static)) -> Option<String> {
    let packet = causes(error).find_map(|cause| cause.downcast_ref::<read::Error>())?;
    Some(hidden(packet.message.to_string().trim_end()).into_owned())
}

/// Fails if a server answers with an `ERR` line, which gix would take for an unknown section or a side band.
pub(in crate::git) fn refused<'r>(protocol: Protocol, reader: &mut impl ExtendedBufRead<'r>) -> anyhow::Result<()> {
    if protocol == Protocol::V2 {
        reader.reset(Protocol::V2);
    }
    let said = match reader.peek_data_line() {
        Some(Ok(Ok(line))) => {
            line.strip_prefix(b"ERR ").map(|said| hidden(said.to_str_lossy().trim_end()).into_owned())
        }
        // Over a pipe, gix has parsed the line already.
        Some(Err(error)) => error_packet(&error),
        _ => None,
    };
    let Some(said) = said else { return Ok(()) };
    // A line that was looked at and not read would be the first one of the next answer.
    reader.readline();
    Err(ErrorPacket(said).into())
}

/// What a server says on the side band of fatal errors.
pub(in crate::git) struct FatalError(Rc<RefCell<Vec<u8>>>);

impl FatalError {
    /// Lets `reader` take the side bands apart, and keeps what comes on this one.
    pub(in crate::git) fn of<'r>(reader: &mut impl ExtendedBufRead<'r>) -> Self {
        let said = Rc::<RefCell<Vec<u8>>>::default();
        let kept = said.clone();
        reader.set_progress_handler(Some(Box::new(move |is_error, text| {
            let mut kept = kept.borrow_mut();
            if is_error && kept.len() < MAX_FATAL {
                kept.extend_from_slice(&text[..text.len().min(MAX_FATAL)]);
            }
            ControlFlow::Continue(())
        })));
        Self(said)
    }

    /// Returns why a pack could not be read: what the server said, else `error`.
    pub(in crate::git) fn or(&self, error: anyhow::Error) -> anyhow::Error {
        let said = hidden(self.0.borrow().to_str_lossy().trim_end()).into_owned();
        if said.is_empty() { error } else { ErrorPacket(said).into() }
    }
}
