//! Whether what was logged is this signature: the same signer, the same signature, the same content. Otherwise an entry of
//! any other signature would do (<https://github.com/sigstore/rekor/blob/main/types.md>).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, SHA384, SHA512, digest};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::Value;

use super::envelope::Envelope;
use super::rejected::Rejected;
use crate::system::bounded_json;
use crate::system::hexadecimal::hexadecimal;

/// What an entry must be about.
#[derive(Debug, Clone, Copy)]
pub(super) struct LoggedContent<'a> {
    /// The bytes that are signed.
    pub(super) message: &'a [u8],
    pub(super) signature: &'a [u8],
    pub(super) certificate: &'a [u8],
    /// If an envelope is signed.
    pub(super) envelope: Option<&'a Envelope>,
    /// The JSON of the envelope, if it is a file by itself.
    pub(super) envelope_json: Option<&'a [u8]>,
}

impl LoggedContent<'_> {
    /// Rejects the body of an entry that is about anything else.
    pub(super) fn require(&self, body: &[u8]) -> Result<(), Rejected> {
        let body: Value =
            bounded_json::from_slice(body).map_err(|error| Rejected::malformed("the log entry", error))?;
        let body = BodyPart(&body);
        match (body.text("/kind")?, body.text("/apiVersion")?) {
            ("hashedrekord", "0.0.1") => self.require_hashed(body),
            ("hashedrekord", "0.0.2") => self.require_hashed_v2(body),
            ("dsse", "0.0.1") => self.require_dsse(body),
            ("dsse", "0.0.2") => self.require_dsse_v2(body),
            ("intoto", "0.0.1") => self.require_intoto_v1(body),
            ("intoto", "0.0.2") => self.require_intoto(body),
            (kind, version) => Err(Rejected::Unsupported(format!("a log entry of the kind `{kind}` {version}"))),
        }
    }

    fn require_hashed(&self, body: BodyPart<'_>) -> Result<(), Rejected> {
        let (algorithm, value) = (body.text("/spec/data/hash/algorithm")?, body.text("/spec/data/hash/value")?);
        same("its content", hash(algorithm, self.message)? == value)?;
        self.require_signature(&body.bytes("/spec/signature/content")?)?;
        self.require_certificate(&body.certificate("/spec/signature/publicKey/content")?)
    }

    fn require_hashed_v2(&self, body: BodyPart<'_>) -> Result<(), Rejected> {
        let body = body.at("/spec/hashedRekordV002")?;
        let value = hexadecimal(&body.bytes("/data/digest")?);
        same("its content", hash(body.text("/data/algorithm")?, self.message)? == value)?;
        self.require_signature(&body.bytes("/signature/content")?)?;
        self.require_certificate(&body.bytes("/signature/verifier/x509Certificate/rawBytes")?)
    }

    fn require_dsse(&self, body: BodyPart<'_>) -> Result<(), Rejected> {
        let payload = &self.envelope()?.payload;
        let (algorithm, value) = (body.text("/spec/payloadHash/algorithm")?, body.text("/spec/payloadHash/value")?);
        same("its content", hash(algorithm, payload)? == value)?;
        let signature = body.only("/spec/signatures")?;
        self.require_signature(&signature.bytes("/signature")?)?;
        self.require_certificate(&signature.certificate("/verifier")?)
    }

    fn require_dsse_v2(&self, body: BodyPart<'_>) -> Result<(), Rejected> {
        let body = body.at("/spec/dsseV002")?;
        let value = hexadecimal(&body.bytes("/payloadHash/digest")?);
        let payload = &self.envelope()?.payload;
        same("its content", hash(body.text("/payloadHash/algorithm")?, payload)? == value)?;
        let signature = body.only("/signatures")?;
        self.require_signature(&signature.bytes("/content")?)?;
        self.require_certificate(&signature.bytes("/verifier/x509Certificate/rawBytes")?)
    }

    /// The oldest form: it has the hash of the whole envelope in place of the signature.
    fn require_intoto_v1(&self, body: BodyPart<'_>) -> Result<(), Rejected> {
        let json = self.envelope_json.ok_or_else(|| Rejected::Unsupported("a log entry `intoto` 0.0.1".to_owned()))?;
        let (algorithm, value) = (body.text("/spec/content/hash/algorithm")?, body.text("/spec/content/hash/value")?);
        same("its content", hash(algorithm, json)? == value)?;
        self.require_certificate(&body.certificate("/spec/publicKey")?)
    }

    fn require_intoto(&self, body: BodyPart<'_>) -> Result<(), Rejected> {
        let body = body.at("/spec/content")?;
        let envelope = self.envelope()?;
        let (algorithm, value) = (body.text("/payloadHash/algorithm")?, body.text("/payloadHash/value")?);
        same("its content", hash(algorithm, &envelope.payload)? == value)?;
        same("its payload type", body.text("/envelope/payloadType")? == envelope.payload_type)?;
        let signature = body.only("/envelope/signatures")?;
        // The log encodes once more what is base64 already.
        let encoded = signature.bytes("/sig")?;
        self.require_signature(&STANDARD.decode(encoded).map_err(malformed)?)?;
        self.require_certificate(&signature.certificate("/publicKey")?)
    }

    fn envelope(&self) -> Result<&Envelope, Rejected> {
        self.envelope.ok_or_else(|| Rejected::OtherLogEntry("it is about an envelope".to_owned()))
    }

    fn require_signature(&self, logged: &[u8]) -> Result<(), Rejected> {
        same("its signature", logged == self.signature)
    }

    fn require_certificate(&self, logged: &[u8]) -> Result<(), Rejected> {
        same("its certificate", logged == self.certificate)
    }
}

fn same(what: &str, is_same: bool) -> Result<(), Rejected> {
    if is_same { Ok(()) } else { Err(Rejected::OtherLogEntry(format!("{what} is another one"))) }
}

/// Returns the hash in hexadecimal digits, by an algorithm in either of the two ways that it is written.
fn hash(algorithm: &str, bytes: &[u8]) -> Result<String, Rejected> {
    let algorithm = match algorithm {
        "sha256" | "SHA2_256" => &SHA256,
        "sha384" | "SHA2_384" => &SHA384,
        "sha512" | "SHA2_512" => &SHA512,
        other => return Err(Rejected::Unsupported(format!("the hash `{other}` of a log entry"))),
    };
    Ok(hexadecimal(digest(algorithm, bytes).as_ref()))
}

fn malformed(why: impl ToString) -> Rejected {
    Rejected::malformed("the log entry", why)
}

/// A part of an entry, whose fields are named by JSON pointers.
#[derive(Clone, Copy)]
struct BodyPart<'a>(&'a Value);

impl<'a> BodyPart<'a> {
    fn at(self, pointer: &str) -> Result<Self, Rejected> {
        self.0.pointer(pointer).map(BodyPart).ok_or_else(|| malformed(format!("it has no `{pointer}`")))
    }

    fn text(self, pointer: &str) -> Result<&'a str, Rejected> {
        self.at(pointer)?.0.as_str().ok_or_else(|| malformed(format!("`{pointer}` is no text")))
    }

    fn bytes(self, pointer: &str) -> Result<Vec<u8>, Rejected> {
        STANDARD.decode(self.text(pointer)?).map_err(malformed)
    }

    /// Returns a certificate in PEM, in base64.
    fn certificate(self, pointer: &str) -> Result<Vec<u8>, Rejected> {
        let pem = self.bytes(pointer)?;
        let certificate = CertificateDer::from_pem_slice(&pem).ok();
        Ok(certificate.ok_or_else(|| malformed("its signer is no certificate"))?.to_vec())
    }

    /// Returns the only element of a list.
    fn only(self, pointer: &str) -> Result<Self, Rejected> {
        match self.at(pointer)?.0.as_array().map(Vec::as_slice) {
            Some([only]) => Ok(BodyPart(only)),
            _ => Err(malformed(format!("`{pointer}` has not one element"))),
        }
    }
}
