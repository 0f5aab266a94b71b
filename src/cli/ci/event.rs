//! The event that began a run of GitHub Actions, as its file tells: the tip of the branch before a push, the run that
//! another workflow waited for, and what a pull request became. The file is as large as what was pushed, and is read as a stream; what cannot be read tells
//! nothing.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// GitHub sends no event of more than 25 MB.
const LARGEST: u64 = 32 << 20;

#[derive(Deserialize)]
struct PushEvent {
    before: String,
    after: String,
}

/// The event of a workflow that runs after another one.
#[derive(Deserialize)]
struct AfterWorkflow {
    workflow_run: WorkflowRun,
}

/// The run of the other workflow: it built what this one releases.
#[derive(Deserialize, Debug, PartialEq, Eq)]
pub(super) struct WorkflowRun {
    pub(super) head_sha: String,
    pub(super) head_branch: Option<String>,
    /// What began that run.
    pub(super) event: String,
    pub(super) head_repository: Option<HeadRepository>,
}

#[derive(Deserialize, Debug, PartialEq, Eq)]
pub(super) struct HeadRepository {
    pub(super) full_name: String,
}

/// The event of a pull request.
#[derive(Deserialize)]
struct EventOfRequest {
    pull_request: RequestOfEvent,
}

/// A pull request, as it was when the event began the run.
#[derive(Deserialize, Debug, PartialEq, Eq)]
pub(super) struct RequestOfEvent {
    #[serde(default)]
    merged: bool,
    merge_commit_sha: Option<String>,
    /// How many commits it has; Gitea and Forgejo do not tell.
    commits: Option<usize>,
    head: Option<Head>,
    base: Option<Base>,
}

#[derive(Deserialize, Debug, PartialEq, Eq)]
struct Head {
    sha: String,
}

#[derive(Deserialize, Debug, PartialEq, Eq)]
struct Base {
    #[serde(rename = "ref")]
    name: String,
}

/// What a merged pull request became: a push to its base.
pub(super) struct Merge {
    pub(super) commit: String,
    pub(super) branch: Option<String>,
    pub(super) commits: Option<usize>,
}

impl RequestOfEvent {
    /// Returns what the request became; `None` if it is not merged. The variables tell a merge that was made for tests, which
    /// no branch has.
    pub(super) fn merge(&self) -> Option<Merge> {
        let commit = self.merge_commit_sha.clone().filter(|_| self.merged)?;
        Some(Merge { commit, branch: self.base.as_ref().map(|base| base.name.clone()), commits: self.commits })
    }

    /// Returns the last commit of the request.
    pub(super) fn head(&self) -> Option<&str> {
        Some(&self.head.as_ref()?.sha)
    }
}

/// Returns the tip of the branch before the push of `commit`; `None` if the event in the file is not such a push.
pub(super) fn before(path: &Path, commit: &str) -> Option<String> {
    let push: PushEvent = read(path)?;
    (push.after == commit).then_some(push.before)
}

/// Returns the run that this workflow waited for; `None` if the event in the file is not of one.
pub(super) fn workflow_run(path: &Path) -> Option<WorkflowRun> {
    Some(read::<AfterWorkflow>(path)?.workflow_run)
}

/// Returns the pull request; `None` if the event in the file is not of one.
pub(super) fn pull_request(path: &Path) -> Option<RequestOfEvent> {
    Some(read::<EventOfRequest>(path)?.pull_request)
}

fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    // Opening a pipe would wait for its writer.
    if !path.metadata().ok()?.is_file() {
        return None;
    }
    let file = File::open(path).ok()?.take(LARGEST);
    parse(BufReader::new(file))
}

fn parse<T: DeserializeOwned>(event: impl Read) -> Option<T> {
    serde_json::from_reader(event).ok()
}

/// Reads any bytes as each of the events.
#[cfg(fuzzing)]
pub fn fuzz(event: &[u8]) {
    drop(parse::<PushEvent>(event));
    drop(parse::<AfterWorkflow>(event));
    drop(parse::<EventOfRequest>(event));
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests lay out their files")]
mod tests {
    use super::{before, pull_request};

    #[test]
    fn events() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("event.json");
        let large = format!(r#"{{"commits":["{}"],"before":"b1","after":"a1"}}"#, "x".repeat(1 << 20));
        let deep = format!(r#"{{"x":{}{},"before":"b1","after":"a1"}}"#, "[".repeat(100_000), "]".repeat(100_000));
        for (text, expected) in [
            (r#"{"ref":"refs/heads/main","before":"b1","after":"a1","commits":[]}"#, Some("b1")),
            (r#"{"before":"b1","after":"a2"}"#, None),
            (r#"{"action":"synchronize","pull_request":{}}"#, None),
            (r#"{"before":null,"after":"a1"}"#, None),
            (r#"{"before":"b1","after":"a1""#, None),
            ("[]", None),
            ("", None),
            (&large, Some("b1")),
            (&deep, Some("b1")),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(before(&path, "a1").as_deref(), expected, "{}", &text[..text.len().min(80)]);
        }
        assert_eq!(before(folder.path(), "a1"), None, "a folder");
        assert_eq!(before(&folder.path().join("missing"), "a1"), None);
    }

    #[test]
    fn merged_pull_requests() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("event.json");
        for (text, expected) in [
            (r#"{"action":"closed","pull_request":{"merged":true,"merge_commit_sha":"a1"}}"#, Some("a1")),
            (r#"{"action":"closed","pull_request":{"merged":false,"merge_commit_sha":"a1"}}"#, None),
            (r#"{"action":"opened","pull_request":{"merge_commit_sha":"a1"}}"#, None),
            (r#"{"action":"closed","pull_request":{"merged":true,"merge_commit_sha":null}}"#, None),
            (r#"{"before":"b1","after":"a1"}"#, None),
        ] {
            std::fs::write(&path, text).unwrap();
            let merge = pull_request(&path).and_then(|request| request.merge());
            assert_eq!(merge.map(|merge| merge.commit).as_deref(), expected, "{text}");
        }
    }
}
