//! Whether an entry is in a transparency log: by the log's signed promise, or by a proof of inclusion in a tree whose root
//! the log signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::digest::{Context, SHA256};

use super::logged_entry::{EntryProof, InclusionProof, LoggedEntry};
use super::rejected::Rejected;
use super::trusted_roots::LogKey;
use super::verified::LogEntry;
use crate::system::hexadecimal::hexadecimal;

/// A hash of a log's tree.
type Hash = Vec<u8>;

/// Returns the entry if its log proves that it is there. Its body is not read.
pub(super) fn prove(entry: &LoggedEntry, wanted: EntryProof, log: &LogKey) -> Result<LogEntry, Rejected> {
    let promised = match &entry.promise {
        Some(promise) => Some(promised_at(entry, promise, log)?),
        None if wanted == EntryProof::Promise => return Err(not_in_log("the log's promise is missing")),
        None => None,
    };
    let proof = entry.proof.as_ref().filter(|proof| !proof.checkpoint.is_empty());
    if let Some(proof) = proof {
        prove_inclusion(entry, proof, log)?;
    } else if wanted == EntryProof::Inclusion {
        return Err(not_in_log("the proof of inclusion is missing"));
    }
    // The promise covers the index among all trees of the log, the proof the one in its own tree.
    let index = match (promised, proof) {
        (None, Some(proof)) => proof.index,
        _ => entry.index,
    };
    Ok(LogEntry { index, time: promised })
}

fn not_in_log(why: &str) -> Rejected {
    Rejected::NotInLog(why.to_owned())
}

/// Returns when the log promised to include the entry. A proof of inclusion does not cover the time.
fn promised_at(entry: &LoggedEntry, promise: &[u8], log: &LogKey) -> Result<Timestamp, Rejected> {
    // Canonical JSON (RFC 8785); no text in it needs an escape.
    let body = STANDARD.encode(&entry.body);
    let (time, index, id) = (entry.time, entry.index, hexadecimal(&entry.log));
    let signed = format!(r#"{{"body":"{body}","integratedTime":{time},"logID":"{id}","logIndex":{index}}}"#);
    if !log.key.verifies(signed.as_bytes(), promise) {
        return Err(not_in_log("the promise is not signed by the log"));
    }
    let time = i64::try_from(time).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.ok_or_else(|| not_in_log("its time is out of range"))
}

fn prove_inclusion(entry: &LoggedEntry, proof: &InclusionProof, log: &LogKey) -> Result<(), Rejected> {
    let signed = Checkpoint::open(&proof.checkpoint, log)?;
    if signed.tree_size != proof.tree_size || signed.root != proof.root {
        return Err(not_in_log("the proof is of another tree than the log signed"));
    }
    let root = root(&entry.body, proof).ok_or_else(|| not_in_log("the proof has not the form of its tree"))?;
    if root != signed.root {
        return Err(not_in_log("the proof does not lead to the root that the log signed"));
    }
    Ok(())
}

/// Returns the root that the proof leads to (RFC 9162 section 2.1.3.2).
fn root(body: &[u8], proof: &InclusionProof) -> Option<Hash> {
    let (mut node, mut last) = (proof.index, proof.tree_size.checked_sub(1)?);
    if node > last {
        return None;
    }
    let mut hash = sha256(&[&[0], body]);
    for sibling in &proof.hashes {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            hash = sha256(&[&[1], sibling, &hash]);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = sha256(&[&[1], &hash, sibling]);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    (last == 0).then_some(hash)
}

fn sha256(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    context.finish().as_ref().to_vec()
}

/// A size and a root that a log signed (<https://c2sp.org/tlog-checkpoint>).
struct Checkpoint {
    tree_size: u64,
    root: Hash,
}

impl Checkpoint {
    /// Reads a signed note (<https://c2sp.org/signed-note>), of which one signature must be the log's.
    fn open(note: &str, log: &LogKey) -> Result<Self, Rejected> {
        let (text, signatures) = note.rsplit_once("\n\n").ok_or_else(|| not_in_log("the checkpoint is not signed"))?;
        let text = &note[..=text.len()];
        let by_log = |line: &str| {
            let encoded = line.strip_prefix("\u{2014} ")?.split_once(' ')?.1;
            let bytes = STANDARD.decode(encoded).ok()?;
            let (key, signature) = bytes.split_at_checked(4)?;
            Some(log.id.starts_with(key) && log.key.verifies(text.as_bytes(), signature))
        };
        if !signatures.lines().take(MOST_SIGNATURES).any(|line| by_log(line) == Some(true)) {
            return Err(not_in_log("the checkpoint is not signed by the log"));
        }
        let mut lines = text.lines().skip(1);
        let tree_size = lines.next().and_then(|size| size.parse().ok());
        let root = lines.next().and_then(|root| STANDARD.decode(root).ok());
        match (tree_size, root) {
            (Some(tree_size), Some(root)) => Ok(Self { tree_size, root }),
            _ => Err(not_in_log("the checkpoint has no size or no root")),
        }
    }
}

/// Of a checkpoint: the log's and those of its witnesses.
const MOST_SIGNATURES: usize = 16;
