//! The event that began a run of GitHub Actions, as its file tells: the tip of the branch before a push, the run that another
//! workflow waited for, and what a pull request became. The file is as large as what was pushed, and is read as a stream; what
//! cannot be read tells nothing.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::ci_run::{Began, Ci, Unmerged, is_commit, is_nothing};
use super::shown;

/// GitHub sends no event of more than 25 MB.
const LARGEST: u64 = 32 << 20;

/// The variable with the name of the event.
pub(super) const NAME: &str = "GITHUB_EVENT_NAME";

/// What is read of any event.
#[derive(Deserialize)]
pub(super) struct EventFile {
    /// The tips of the branch around a push.
    before: Option<String>,
    after: Option<String>,
    workflow_run: Option<WorkflowRun>,
    pull_request: Option<RequestOfEvent>,
    schedule: Option<IgnoredAny>,
}

/// The run of the other workflow: it built what this one releases.
#[derive(Deserialize)]
struct WorkflowRun {
    head_sha: String,
    head_branch: Option<String>,
    /// What began that run.
    event: String,
    head_repository: Option<HeadRepository>,
}

#[derive(Deserialize)]
struct HeadRepository {
    full_name: String,
}

/// A pull request, as it was when the event began the run.
#[derive(Deserialize)]
struct RequestOfEvent {
    #[serde(default)]
    merged: bool,
    merge_commit_sha: Option<String>,
    /// How many commits it has; Gitea and Forgejo do not tell.
    commits: Option<usize>,
    head: Option<Head>,
    base: Option<Base>,
}

#[derive(Deserialize)]
struct Head {
    sha: String,
}

#[derive(Deserialize)]
struct Base {
    #[serde(rename = "ref")]
    name: String,
}

/// Returns the name of the event that began the run; `None` if nothing tells it. In a reusable workflow, Gitea tells the call
/// alone, beside the event that began the run.
pub(super) fn name(event: Option<&EventFile>, variable: &impl Fn(&str) -> Option<String>) -> Option<String> {
    let name = variable(NAME)?;
    let began = match event {
        _ if name != "workflow_call" => return Some(name),
        None => return None,
        Some(EventFile { workflow_run: Some(_), .. }) => "workflow_run",
        Some(EventFile { pull_request: Some(_), .. }) => "pull_request",
        // A schedule has the push that wrote it, too.
        Some(EventFile { schedule: None, before: Some(_), after: Some(_), .. }) => "push",
        Some(_) => return Some(name),
    };
    Some(began.to_owned())
}

/// Returns what is told of a run with its event. Of some events, the variables, which `ci` is made of, tell another commit than
/// the one that counts.
pub(super) fn with_event(ci: Ci, event: Option<EventFile>, variable: &impl Fn(&str) -> Option<String>) -> Ci {
    let name = variable(NAME).unwrap_or_default();
    match (name.as_str(), event) {
        ("workflow_run", Some(EventFile { workflow_run: Some(run), .. })) => after_workflow(ci, run),
        ("workflow_run", _) => Ci { commit: None, ..ci },
        (name, Some(EventFile { pull_request: Some(request), .. })) if name.starts_with("pull_request") => {
            let is_test_merge = variable("GITHUB_REF").is_some_and(|name| name.starts_with("refs/pull/"));
            of_request(ci, request, is_test_merge)
        }
        (name, _) if name.starts_with("pull_request") => of_open_request(ci),
        (_, Some(EventFile { before: Some(before), after: Some(after), .. })) => of_push(ci, before, after),
        _ => ci,
    }
}

/// Adds the tip of the branch before the push.
fn of_push(ci: Ci, before: String, after: String) -> Ci {
    if ci.commit != Some(after) {
        return ci;
    }
    let began = if is_nothing(&before) { ci.began.on_new_branch() } else { ci.began };
    Ci { began, before: Some(before).filter(|id| is_commit(id)), ..ci }
}

/// Returns what another workflow built: the variables tell the newest commit of the default branch.
fn after_workflow(ci: Ci, run: WorkflowRun) -> Ci {
    let unmerged = match run.event.as_str() {
        "merge_group" => Some(Unmerged::MergeQueue),
        event if event.starts_with("pull_request") => Some(Unmerged::PullRequest),
        _ => ci.unmerged,
    };
    let built = run.head_repository.map(|repository| repository.full_name);
    let is_own = built.as_ref().zip(ci.repository.as_ref()).is_some_and(|(built, own)| built.eq_ignore_ascii_case(own));
    Ci {
        repository: built.map_or(ci.repository, |name| shown::name(&name)),
        commit: Some(run.head_sha).filter(|id| is_commit(id)),
        // A fork calls its branch what it likes.
        branch: run.head_branch.filter(|_| is_own && unmerged.is_none()),
        unmerged,
        began: match run.event.as_str() {
            _ if unmerged.is_some() => Began::Commit,
            // Nothing tells what began the run before that one.
            "workflow_run" => Began::CommitOrOther,
            "push" => Began::Push,
            _ => Began::Other,
        },
        ..ci
    }
}

/// Returns what a pull request became: a push to its base, if it is merged; else its head, of which the variables may tell a
/// merge that was made to test it.
fn of_request(ci: Ci, request: RequestOfEvent, is_test_merge: bool) -> Ci {
    let merge = request.merge_commit_sha.filter(|id| request.merged && is_commit(id));
    let head = request.head.map(|head| head.sha).filter(|id| is_test_merge && is_commit(id));
    match (merge, head) {
        (Some(merge), _) => Ci {
            commit: Some(merge),
            branch: request.base.map(|base| base.name),
            unmerged: None,
            began: Began::Merge { commits: request.commits },
            ..ci
        },
        // One merge that tests a request is not built on top of another.
        (None, Some(head)) => of_open_request(Ci { commit: Some(head), test_merge: ci.commit, ..ci }),
        (None, None) => of_open_request(ci),
    }
}

fn of_open_request(ci: Ci) -> Ci {
    Ci { branch: None, unmerged: Some(Unmerged::PullRequest), began: Began::Commit, ..ci }
}

/// Returns the event in the file at `path`.
pub(super) fn read(path: &Path) -> Option<EventFile> {
    // Opening a pipe would wait for its writer.
    if !path.metadata().ok()?.is_file() {
        return None;
    }
    let file = File::open(path).ok()?.take(LARGEST);
    parse(BufReader::new(file))
}

fn parse(event: impl Read) -> Option<EventFile> {
    serde_json::from_reader(event).ok()
}

/// Reads any bytes as an event.
#[cfg(fuzzing)]
pub fn fuzz(event: &[u8]) {
    drop(parse(event));
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests lay out their files")]
mod tests {
    use super::read;

    #[test]
    fn events() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("event.json");
        let before = |path: &std::path::Path| read(path).and_then(|event| event.before);
        let large = format!(r#"{{"commits":["{}"],"before":"b1","after":"a1"}}"#, "x".repeat(1 << 20));
        let deep = format!(r#"{{"x":{}{},"before":"b1","after":"a1"}}"#, "[".repeat(100_000), "]".repeat(100_000));
        for (text, expected) in [
            (r#"{"ref":"refs/heads/main","before":"b1","after":"a1","commits":[]}"#, Some("b1")),
            (r#"{"action":"synchronize","pull_request":{}}"#, None),
            (r#"{"before":null,"after":"a1"}"#, None),
            (r#"{"before":"b1","after":"a1""#, None),
            ("[]", None),
            ("", None),
            (&large, Some("b1")),
            (&deep, Some("b1")),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(before(&path).as_deref(), expected, "{}", &text[..text.len().min(80)]);
        }
        assert_eq!(before(folder.path()), None, "a folder");
        assert_eq!(before(&folder.path().join("missing")), None);
    }
}
