//! The requests of a forge over a real repository: opened, closed, armed and merged by the tips of its branches.

use std::collections::HashMap;

use crate::support::command::Command;
use crate::support::repository::Remote;

/// A request to merge `head` into `base`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub number: u64,
    pub head: String,
    pub base: String,
    pub title: String,
    pub body: String,
    pub state: RequestState,
    /// The commit that it brought, or would have brought, since it is not open any more.
    pub last_head: Option<String>,
    /// Set while the forge will merge it by itself.
    pub armed: Option<Armed>,
    /// How many times title or body were changed.
    pub changes: usize,
    /// Whether its head is a branch of that name in a fork.
    pub is_from_fork: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestState {
    Open,
    Closed,
    Merged,
}

/// How a request is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merging {
    Merge,
    Squash,
    Rebase,
}

/// A merge that comes once nothing is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Armed {
    pub merging: Merging,
    pub message: String,
}

/// Why a request is not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotOpened {
    /// This one is open already.
    Exists(u64),
    NoSuchBranch,
    NothingToMerge,
}

/// The requests and the rules of one repository.
pub struct Store {
    pub remote: Remote,
    pub requests: Vec<Request>,
    /// Whether a merge has to wait for checks or for an approval.
    pub waits: bool,
    /// Whether requests may be armed.
    pub may_arm: bool,
    /// The only way in which the settings of the repository allow to merge, if there is one.
    pub merging: Option<Merging>,
    /// How many more times the forge answers that it does not know yet whether a request can be merged.
    pub unsettled: usize,
    /// Whether the forge signs the commits that it makes.
    pub signs: bool,
    /// Whether the forge tells what it signed.
    pub tells_payload: bool,
    /// Whether the forge forgets the executable bit of files in trees that it makes.
    pub drops_executable: bool,
    /// The attestations that the forge keeps: the digest of what each is about, and its bundle, or the URL of it.
    pub attestations: Vec<(String, serde_json::Value)>,
    /// Whether one commit is an ancestor of another, as git has told once: ids never change what they mean.
    ancestors: HashMap<[String; 2], bool>,
}

impl Store {
    pub(super) fn new(remote: &Remote) -> Self {
        Self {
            remote: remote.clone(),
            requests: Vec::new(),
            attestations: Vec::new(),
            ancestors: HashMap::new(),
            waits: false,
            may_arm: true,
            merging: None,
            unsettled: 0,
            signs: true,
            tells_payload: true,
            drops_executable: false,
        }
    }

    /// Returns the one request that there is.
    #[track_caller]
    pub fn only(&self) -> &Request {
        let [only] = &self.requests[..] else { panic!("{} requests", self.requests.len()) };
        only
    }

    /// Returns the requests that are open.
    pub fn open_requests(&self) -> Vec<&Request> {
        self.requests.iter().filter(|request| request.state == RequestState::Open).collect()
    }

    /// Opens a request as another job or a person would.
    #[track_caller]
    pub fn add(&mut self, head: &str, base: &str, title: &str) -> u64 {
        self.open(head, base, title, "").expect("a request can be opened").number
    }

    /// Opens a request from a branch of the same name in a fork.
    pub fn add_from_fork(&mut self, head: &str, base: &str) -> u64 {
        let number = self.add(head, base, "Let us in");
        self.get_mut(number).expect("the new request").is_from_fork = true;
        number
    }

    /// Closes a request as a person would.
    pub fn close(&mut self, number: u64) {
        self.end(number, RequestState::Closed);
    }

    /// Ends a request. From then on, it stays at the commit that it had.
    fn end(&mut self, number: u64, state: RequestState) {
        let tip = self.get(number).and_then(|request| self.remote.tip(&request.head));
        let request = self.get_mut(number).expect("a request of this number");
        (request.state, request.last_head) = (state, tip);
    }

    /// Ends what merges wait for. What is armed is merged.
    pub fn pass_checks(&mut self) {
        self.waits = false;
        for request in self.requests.clone() {
            if let (RequestState::Open, Some(armed)) = (request.state, &request.armed) {
                self.merge(request.number, armed).expect("an armed request can be merged");
            }
        }
    }

    pub(super) fn open(&mut self, head: &str, base: &str, title: &str, body: &str) -> Result<&Request, NotOpened> {
        if let Some(request) = self.find(head, base) {
            return Err(NotOpened::Exists(request.number));
        }
        if self.remote.tip(head).is_none() || self.remote.tip(base).is_none() {
            return Err(NotOpened::NoSuchBranch);
        }
        if self.has_nothing_to_merge(head, base) {
            return Err(NotOpened::NothingToMerge);
        }
        let number = self.requests.len() as u64 + 1;
        self.requests.push(Request {
            number,
            head: head.to_owned(),
            base: base.to_owned(),
            title: title.to_owned(),
            body: body.to_owned(),
            state: RequestState::Open,
            last_head: None,
            armed: None,
            changes: 0,
            is_from_fork: false,
        });
        Ok(&self.requests[self.requests.len() - 1])
    }

    /// Returns the open request for two branches.
    pub(super) fn find(&self, head: &str, base: &str) -> Option<&Request> {
        let is_it = |request: &&Request| {
            let is_of_these = request.head == head && request.base == base && !request.is_from_fork;
            request.state == RequestState::Open && is_of_these
        };
        self.requests.iter().find(is_it)
    }

    pub(super) fn get(&self, number: u64) -> Option<&Request> {
        self.requests.iter().find(|request| request.number == number)
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut Request> {
        self.requests.iter_mut().find(|request| request.number == number)
    }

    /// Changes title and body.
    pub(super) fn change(&mut self, number: u64, title: Option<&str>, body: Option<&str>) {
        let Some(request) = self.get_mut(number) else { return };
        request.changes += 1;
        request.title = title.unwrap_or(&request.title).to_owned();
        request.body = body.unwrap_or(&request.body).to_owned();
    }

    /// Closes, for good, what has nothing to merge: a head that is gone, or that is its base or an ancestor of it.
    pub(super) fn settle(&mut self) {
        for request in self.requests.clone() {
            if request.state == RequestState::Open && self.has_nothing_to_merge(&request.head, &request.base) {
                self.close(request.number);
            }
        }
    }

    fn has_nothing_to_merge(&mut self, head: &str, base: &str) -> bool {
        let (Some(head), Some(base)) = (self.remote.tip(head), self.remote.tip(base)) else { return true };
        let remote = &self.remote;
        let asked =
            |[head, base]: &[String; 2]| remote.git(["merge-base", "--is-ancestor", head, base]).run().code == Some(0);
        *self.ancestors.entry([head, base]).or_insert_with_key(asked)
    }

    /// Returns whether git cannot merge a request by itself.
    pub(super) fn conflicts(&self, request: &Request) -> bool {
        let (head, base) = (self.head_id(request), self.remote.tip(&request.base).unwrap_or_default());
        self.remote.git(["merge-tree", "--write-tree", &base, &head]).run().code != Some(0)
    }

    /// Returns the commit that a request would bring.
    pub(super) fn head_id(&self, request: &Request) -> String {
        request.last_head.clone().or_else(|| self.remote.tip(&request.head)).unwrap_or_default()
    }

    /// Returns whether the settings of the repository allow this.
    pub(super) fn allows(&self, merging: Merging) -> bool {
        self.merging.is_none_or(|only| only == merging)
    }

    /// Merges a request with git. Fails if there is a conflict, or if the base moves in the meantime.
    pub fn merge(&mut self, number: u64, how: &Armed) -> Result<String, &'static str> {
        let request = self.get(number).ok_or("no such request")?.clone();
        let (head, base) = (self.head_id(&request), self.remote.tip(&request.base).ok_or("no base")?);
        let merged = self.remote.git(["merge-tree", "--write-tree", &base, &head]).run();
        if merged.code != Some(0) {
            return Err("conflict");
        }
        let tree = merged.stdout().lines().next().unwrap_or_default().to_owned();
        let is_on_base = self.remote.git(["merge-base", &base, &head]).run().stdout().trim() == base;
        let commit = |parents: &[&str], message: &str| {
            let parents = parents.iter().flat_map(|parent| ["-p", parent]);
            let arguments = ["commit-tree", &tree].into_iter().chain(parents);
            self.remote.git(arguments).stdin(message).run().success().stdout().trim().to_owned()
        };
        let new = match how.merging {
            Merging::Merge => commit(&[&base, &head], &how.message),
            Merging::Squash => commit(&[&base], &how.message),
            Merging::Rebase if is_on_base => head,
            Merging::Rebase => commit(&[&base], &self.remote.log(&head)[0].message),
        };
        let branch = format!("refs/heads/{}", request.base);
        if self.remote.git(["update-ref", &branch, &new, &base]).run().code != Some(0) {
            return Err("the base moved");
        }
        self.end(number, RequestState::Merged);
        Ok(new)
    }
}
