//! The pull request that a release was proposed by, as the report tells it.

use crate::forge::{AutoMerge, Operation, PullRequest};

/// A release that waits in a pull request, or was merged by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed {
    /// The branch that it comes from.
    pub head: String,
    /// `None`: the forge opened it by a push, and does not tell.
    pub number: Option<u64>,
    /// Its page; else the page from which it can be found.
    pub url: String,
    pub operation: Operation,
    /// `None`: a person merges it.
    pub auto_merge: Option<AutoMerge>,
}

impl Proposed {
    pub fn new(head: String, request: &PullRequest, operation: Operation) -> Self {
        Self { head, number: Some(request.number), url: request.url.clone(), operation, auto_merge: None }
    }

    pub fn is_merged(&self) -> bool {
        self.auto_merge == Some(AutoMerge::Merged)
    }

    /// Returns what was done, as one word for programs.
    pub fn word(&self) -> &'static str {
        match self.operation {
            _ if self.is_merged() => "merged",
            Operation::Opened => "opened",
            Operation::Updated => "updated",
            Operation::Unchanged => "unchanged",
        }
    }

    /// Returns what becomes of it without a person, as one word for programs; `None` if a person merges it.
    pub fn merge_word(&self) -> Option<&'static str> {
        self.auto_merge.map(|state| match state {
            AutoMerge::Armed => "armed",
            AutoMerge::Merged => "merged",
        })
    }

    /// Returns the request's name for people, such as `pull request #7`.
    pub fn name(&self) -> String {
        self.number.map_or_else(|| "the merge request".to_owned(), |number| format!("pull request #{number}"))
    }
}
