//! Makes a commit object that GitHub signs: `git/trees`, then `git/commits` without an author, so that the commit is of the
//! owner of the token. No ref names it yet, so that it can be looked at before anything moves.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::api::GitHubApi;
use crate::forge::address::ForgeKind;
use crate::forge::error::ForgeError;
use crate::forge::json_client::Repeat;
use crate::forge::rest_api::ApiAction;
use crate::forge::signing::{FileToCommit, RefMove, SignedCommit, UnsignedCommit};
use crate::system::backoff::Backoff;

const MAKE: ApiAction = ApiAction { what: "make a commit", needs: "`contents: write`" };

const MOVE: ApiAction = ApiAction { what: "move the branch", needs: "`contents: write`" };

/// How often an object is tried to be made that is refused.
const MAX_ATTEMPTS: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

const REPOSITORY: &str = "query($owner:String!,$name:String!){repository(owner:$owner,name:$name){id}}";

const MOVE_REFS: &str = "mutation($input:UpdateRefsInput!){updateRefs(input:$input){clientMutationId}}";

impl GitHubApi {
    pub(in crate::forge) fn sign_commit(&self, commit: &UnsignedCommit<'_>) -> Result<SignedCommit, ForgeError> {
        let entries: Vec<_> = commit.files.iter().map(entry).collect();
        let tree = self.make("trees", json!({ "base_tree": commit.base_tree, "tree": entries }))?;
        if tree["sha"].as_str() != Some(commit.tree) {
            return Err(other_commit("a file has another content or mode"));
        }
        let document = json!({ "message": commit.message, "tree": commit.tree, "parents": [commit.parent] });
        let made = self.make("commits", document)?;
        let parents: Vec<_> = made["parents"].as_array().into_iter().flatten().map(|parent| &parent["sha"]).collect();
        let message = made["message"].as_str().unwrap_or_default();
        if made["tree"]["sha"].as_str() != Some(commit.tree) {
            return Err(other_commit("it has another tree"));
        }
        if parents != [commit.parent] {
            return Err(other_commit("it has another parent"));
        }
        if message.trim_end() != commit.message.trim_end() {
            return Err(other_commit("it has another message"));
        }
        let verification = &made["verification"];
        if verification["verified"].as_bool() != Some(true) {
            let reason = verification["reason"].as_str().unwrap_or("no reason is given").to_owned();
            return Err(ForgeError::Unverified { kind: ForgeKind::GitHub, reason });
        }
        let text = |key: &str| verification[key].as_str().unwrap_or_default().to_owned();
        let id = made["sha"].as_str().ok_or_else(|| self.rest.invalid("it is no commit"))?.to_owned();
        Ok(SignedCommit { id, payload: text("payload"), signature: text("signature") })
    }

    /// Makes an object. Twice is the same as once: an object that nothing names does no harm. It is tried again if it is
    /// refused, because a replica of the API may lack for a moment what the branch has just got.
    fn make(&self, kind: &str, document: Value) -> Result<Value, ForgeError> {
        let mut backoff = Backoff::new(MAX_ATTEMPTS, FIRST_PAUSE, LONGEST_PAUSE).until(self.rest.deadline());
        loop {
            match self.rest.sent(Method::POST, &["git", kind], document.clone(), Repeat::Safe, MAKE) {
                Err(ForgeError::NotFound { .. } | ForgeError::Rejected { .. }) if backoff.wait(Duration::ZERO) => {}
                ended => return ended,
            }
        }
    }

    /// Moves a ref, if it is where it must be: a real compare-and-swap, unlike `PATCH git/refs`.
    pub(in crate::forge) fn move_ref(&self, moved: &RefMove<'_>) -> Result<(), ForgeError> {
        let variables = json!({ "owner": self.owner, "name": self.name });
        let repository = self.graphql(REPOSITORY, variables, Repeat::Safe, MOVE)?;
        let update = json!({ "name": moved.name, "beforeOid": moved.from, "afterOid": moved.to });
        let input = json!({ "repositoryId": repository["repository"]["id"], "refUpdates": [update] });
        let moved = self.graphql(MOVE_REFS, json!({ "input": input }), Repeat::IfNotTaken, MOVE)?;
        match moved["updateRefs"].is_object() {
            true => Ok(()),
            false => Err(self.rest.invalid("it does not say that the branch was moved")),
        }
    }
}

/// Returns a file as `git/trees` takes it. The API takes text alone; if the file has other bytes, the tree tells.
fn entry(file: &FileToCommit<'_>) -> Value {
    let content = String::from_utf8_lossy(file.bytes);
    json!({ "path": file.path, "mode": file.mode, "type": "blob", "content": content })
}

fn other_commit(difference: &'static str) -> ForgeError {
    ForgeError::OtherCommit { kind: ForgeKind::GitHub, difference }
}
