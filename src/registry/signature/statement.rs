//! An in-toto statement: what is said about which digests
//! (<https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>).

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::envelope::Envelope;
use super::rejected::Rejected;
use crate::system::bounded_json;

/// The payload type of an envelope that has a statement.
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

const TYPES: [&str; 2] = ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"];

/// What is said about an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The URI of the kind of statement, such as `https://slsa.dev/provenance/v1`.
    pub predicate_type: String,
    /// The digests that it is about, `ALGORITHM:HEX`, as they are written.
    pub subjects: Vec<String>,
    /// `Null` if it has more values than are kept, as the packages of an image do; provenance has few.
    pub predicate: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireStatement {
    #[serde(rename = "_type")]
    kind: String,
    predicate_type: String,
    #[serde(default)]
    subject: Vec<Subject>,
}

#[derive(Deserialize, Default)]
struct WirePredicate {
    #[serde(default)]
    predicate: Value,
}

#[derive(Deserialize)]
struct Subject {
    #[serde(default, deserialize_with = "each_once")]
    digest: BTreeMap<String, String>,
}

/// Reads digests. Of two by one name, another reader may take the other one.
fn each_once<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    struct Digests;

    impl<'de> Visitor<'de> for Digests {
        type Value = BTreeMap<String, String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("digests by the names of their algorithms")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut digests = BTreeMap::new();
            while let Some((name, digest)) = map.next_entry()? {
                if digests.insert(name, digest).is_some() {
                    return Err(A::Error::custom("a subject has two digests of one algorithm"));
                }
            }
            Ok(digests)
        }
    }

    deserializer.deserialize_map(Digests)
}

impl Statement {
    /// Reads the statement of an envelope.
    pub(super) fn read(envelope: &Envelope) -> Result<Self, Rejected> {
        if envelope.payload_type != PAYLOAD_TYPE {
            return Err(Rejected::Unsupported(format!("the payload type `{}`", envelope.payload_type)));
        }
        let wire: WireStatement =
            serde_json::from_slice(&envelope.payload).map_err(|error| Rejected::malformed("the statement", error))?;
        if !TYPES.contains(&wire.kind.as_str()) {
            return Err(Rejected::Unsupported(format!("the statement type `{}`", wire.kind)));
        }
        let WirePredicate { predicate } = bounded_json::from_slice(&envelope.payload).unwrap_or_default();
        let digests = wire.subject.into_iter().flat_map(|subject| subject.digest);
        let subjects = digests.map(|(algorithm, hex)| format!("{algorithm}:{hex}")).collect();
        Ok(Self { predicate_type: wire.predicate_type, subjects, predicate })
    }

    /// Rejects a statement of which no subject has the digest.
    pub(super) fn require(&self, digest: &str) -> Result<(), Rejected> {
        if self.subjects.iter().any(|subject| subject == digest) {
            return Ok(());
        }
        Err(Rejected::WrongDigest { wanted: digest.to_owned(), signed: self.subjects.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::Statement;
    use crate::registry::signature::envelope::Envelope;

    #[test]
    fn a_subject_has_one_digest_of_each_algorithm() {
        let read = |digests: &str| {
            let payload = format!(
                r#"{{"_type":"https://in-toto.io/Statement/v1","predicateType":"p","subject":[{{"digest":{{{digests}}}}}]}}"#
            );
            let payload_type = "application/vnd.in-toto+json".to_owned();
            Statement::read(&Envelope { payload_type, payload: payload.into_bytes(), signature: Vec::new() })
        };
        assert_eq!(read(r#""sha256":"a","sha512":"b""#).unwrap().subjects, ["sha256:a", "sha512:b"]);
        let rejected = read(r#""sha256":"a","sha256":"b""#).unwrap_err().to_string();
        assert!(rejected.starts_with("the statement cannot be read: a subject has two digests"), "{rejected}");
    }
}
