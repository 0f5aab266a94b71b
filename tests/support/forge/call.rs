//! One call of a forge's API, kept so that tests can count calls and read what was sent, and written to a file from which
//! CI holds them to the descriptions that forges publish.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::Kind;
use crate::support::http::{Head, Response};

/// The variable that names the folder for calls: a file for each kind of forge, a line of JSON for each call.
const FOLDER: &str = "TAGSHIP_TEST_FORGE_CALLS";

/// A call of the API and its answer.
#[derive(Clone)]
pub struct Call {
    pub head: Head,
    /// `null` if there was none.
    pub body: Value,
    pub status: u16,
    /// `null` if it is no JSON.
    pub answer: Value,
}

impl Call {
    pub(super) fn new(head: &Head, body: &[u8], response: &Response) -> Self {
        let parsed = |bytes: &[u8]| serde_json::from_slice(bytes).unwrap_or(Value::Null);
        Self { head: head.clone(), body: parsed(body), status: response.status, answer: parsed(&response.body) }
    }

    /// Returns `METHOD /path status`.
    pub fn line(&self) -> String {
        format!("{} {} {}", self.head.method, self.head.path, self.status)
    }

    /// Appends the call to the file of its forge, if CI asks for it.
    pub(super) fn note_for_contract(&self, kind: Kind) {
        let Some(folder) = std::env::var_os(FOLDER) else { return };
        let path = Path::new(&folder).join(format!("{kind:?}.jsonl").to_lowercase());
        let line = json!({
            "method": self.head.method, "path": self.head.path, "query": self.head.query,
            "body": self.body, "status": self.status, "answer": self.answer,
        });
        let file = OpenOptions::new().create(true).append(true).open(&path);
        // One write for a line, so that those of other tests come before or after it.
        file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}
