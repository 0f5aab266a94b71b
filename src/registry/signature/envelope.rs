//! A DSSE envelope: a payload, its type, and one signature over both
//! (<https://github.com/secure-systems-lab/dsse/blob/master/envelope.md>).

use serde::Deserialize;

use super::base64_bytes::Base64;
use super::rejected::Rejected;

/// An envelope with exactly one signature: of several, the log's entry could be about another one than is verified.
#[derive(Debug, Clone)]
pub(super) struct Envelope {
    pub(super) payload_type: String,
    pub(super) payload: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireEnvelope {
    payload: Base64,
    payload_type: String,
    #[serde(default)]
    signatures: Vec<WireSignature>,
}

#[derive(Deserialize)]
struct WireSignature {
    sig: Base64,
}

impl Envelope {
    /// Returns the bytes that are signed.
    pub(super) fn signed_bytes(&self) -> Vec<u8> {
        let Self { payload_type, payload, .. } = self;
        let header = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
        [header.as_bytes(), payload].concat()
    }
}

impl TryFrom<WireEnvelope> for Envelope {
    type Error = Rejected;

    fn try_from(wire: WireEnvelope) -> Result<Self, Rejected> {
        let WireEnvelope { payload: Base64(payload), payload_type, mut signatures } = wire;
        match (signatures.pop(), signatures.len()) {
            (Some(WireSignature { sig: Base64(signature) }), 0) => Ok(Self { payload_type, payload, signature }),
            (None, _) => Err(Rejected::malformed("the envelope", "it has no signature")),
            (Some(_), more) => Err(Rejected::Unsupported(format!("an envelope with {} signatures", more + 1))),
        }
    }
}
