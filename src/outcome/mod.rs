//! What a flow did, as data: events while it goes on, an outcome at its end. Reports are made of nothing else.

mod activity;
mod comparison;
pub mod diff;
pub mod failure;
mod proposed;
pub mod proved;
mod ruling;

use std::time::{Duration, Instant};

use self::failure::FailureKind;
use crate::git::{CommitId, Traffic};
use crate::image::{Platform, Reference};
use crate::message::{LoggedRelease, Release, SourceComparison, VerifiedClaim};
use crate::registry::{Descriptor, LoginSource};
use crate::targets::Edit;

pub use activity::{Activity, BranchInRemote};
pub use comparison::{ComparedEntry, Comparison, EntryState};
pub use proposed::Proposed;
pub use ruling::{BrokenRule, RuleDemand, RuleVerdict, Ruling};

/// Gets each event as it happens.
pub type Listener<'a> = dyn FnMut(&Event<'_>) + 'a;

/// Something that happened.
pub enum Event<'a> {
    /// Something begins that may take long.
    Began(Activity<'a>),
    Checked(&'a Checked),
    /// What a later question told of an image that was checked.
    Learned(&'a Checked),
    /// The wait for images begins, or goes on.
    Waiting(&'a Waiting<'a>),
    Edited(&'a FileEdit),
    /// What was edited is built from a newer source, or from another one.
    Compared(&'a SourceComparison),
    /// A rule on the branch was judged, for `check`.
    Judged(&'a Ruling),
    /// What the CI system tells about this run; it only supplies defaults.
    Detected(String),
    /// Something that a person should know and that stops nothing.
    Noted(String),
    /// Something that was a guess, or that did not happen, and that a person must see.
    Warned(String),
    /// A detail, which is shown with `-v`.
    Aside(String),
    /// A rollback takes this release back.
    TakenBack {
        id: CommitId,
        title: &'a str,
    },
    Committed {
        id: CommitId,
        title: &'a str,
    },
    Pushed {
        remote: &'a str,
        branch: &'a str,
        parent: Option<CommitId>,
        id: CommitId,
        /// The tag on the commit that was pushed along with it.
        tag: Option<&'a str>,
        /// Of the whole release.
        traffic: Traffic,
        elapsed: Duration,
    },
    /// A pull request has the commit.
    Proposed {
        /// The branch that it goes to.
        base: &'a str,
        request: &'a Proposed,
    },
    /// Another release was faster; the next attempt begins.
    Raced {
        branch: &'a str,
        /// If not, another push holds the lock of the branch.
        has_moved: bool,
        attempt: u32,
        attempts: u32,
    },
}

/// An image that is in its registry.
#[derive(Clone)]
pub struct Checked {
    pub reference: Reference,
    pub descriptor: Descriptor,
    /// What it runs on, as far as that was learned on the way.
    pub platforms: Vec<Platform>,
    /// What trusted signers say of it, if that is required.
    pub verified: Vec<VerifiedClaim>,
    pub requests: u32,
    pub elapsed: Duration,
    /// Where the login came from; never the login.
    pub source: LoginSource,
    /// When its check began: what the reference means was told after that.
    pub at: Instant,
    /// Whether the tag means something else, or is not there: the digest was asked for alone.
    pub tag_strayed: bool,
}

impl Checked {
    /// Returns the reference with the digest that it was found to mean.
    pub fn pinned(&self) -> Reference {
        self.reference.with_digest(self.descriptor.digest.clone())
    }

    /// Adds what an earlier check of the same image has proved.
    pub fn also_proved(&mut self, earlier: Self) {
        if earlier.descriptor.digest != self.descriptor.digest {
            return;
        }
        let news = earlier.verified.into_iter().filter(|claim| !self.verified.contains(claim));
        let news: Vec<VerifiedClaim> = news.collect();
        self.verified.extend(news);
        if self.platforms.is_empty() {
            self.platforms = earlier.platforms;
        }
    }
}

/// A wait for images: what it is for, and how much of it is over.
pub struct Waiting<'a> {
    pub images: Vec<Awaited<'a>>,
    pub elapsed: Duration,
    pub limit: Duration,
}

/// An image that is waited for.
pub struct Awaited<'a> {
    pub reference: &'a Reference,
    /// What is missing.
    pub state: String,
    /// Whether that has not been told before.
    pub is_news: bool,
}

/// One file, before and after.
#[derive(Clone)]
pub struct FileEdit {
    /// As a person names it: from the repository's root, or as it was typed for a file on disk.
    pub path: String,
    pub old: Vec<u8>,
    pub edit: Edit,
}

/// How a flow ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Released,
    /// A pull request has the release, or was merged with it.
    Proposed,
    /// Files on disk were edited.
    Edited,
    /// All images are in their registries.
    Present,
    /// Everything was as wanted already.
    Unchanged,
    DryRun,
    /// No release started the run, so that the pipeline may go on.
    Proceed,
    /// The run was started by a commit of our own, or a person has closed the pull request that proposed the same.
    Skipped,
    /// The branch carries a newer release already, or the release was taken back before.
    Superseded,
    /// What runs was built on another line, and the user said to leave it then.
    Diverged,
    /// A hold stops releases.
    Held,
    /// A rule on the branch does not hold.
    Ruled,
    /// What is on the branch, or was, was told, and nothing done.
    Listed,
}

impl Ending {
    /// Returns whether the release was stopped, so that nothing of it came about.
    pub fn is_stopped(self) -> bool {
        matches!(self, Self::Skipped | Self::Superseded | Self::Diverged | Self::Held | Self::Ruled)
    }

    /// Returns the word for it, which scripts may read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::Proposed => "proposed",
            Self::Edited => "edited",
            Self::Present => "present",
            Self::Unchanged => "unchanged",
            Self::DryRun => "dry-run",
            Self::Proceed => "proceed",
            Self::Skipped => "skipped",
            Self::Superseded => "superseded",
            Self::Diverged => "diverged",
            Self::Held => "held",
            Self::Ruled => "ruled",
            Self::Listed => "listed",
        }
    }

    /// Returns the exit code of the process. A release that a hold or a rule stops did not happen, although nothing failed.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Held | Self::Ruled => FailureKind::Guarded.exit_code(),
            Self::Released
            | Self::Proposed
            | Self::Edited
            | Self::Present
            | Self::Unchanged
            | Self::DryRun
            | Self::Proceed
            | Self::Skipped
            | Self::Superseded
            | Self::Diverged
            | Self::Listed => 0,
        }
    }

    /// Returns what a person can do if a guard stopped the release.
    pub fn hint(self) -> Option<&'static str> {
        match self {
            Self::Superseded => Some("`--on-superseded allow` releases it all the same"),
            Self::Diverged => Some("`--on-diverged release` releases it all the same"),
            Self::Held => Some("remove the file to end the hold; `--override-hold` releases all the same"),
            Self::Ruled => Some(
                "the rules are on the branch, and no flag overrides one; `tagship check -k PATH` tells which there are",
            ),
            _ => None,
        }
    }
}

/// An entry that was not released although others were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    pub file: String,
    pub name: String,
    /// A sentence: what stays, and why.
    pub reason: String,
}

/// The end of a flow that did not fail.
#[derive(Clone)]
pub struct Outcome {
    pub command: &'static str,
    pub ending: Ending,
    /// Why nothing was done, if a guard stopped it.
    pub reason: Option<String>,
    pub branch: Option<String>,
    pub commit: Option<CommitId>,
    pub parent: Option<CommitId>,
    /// The tag on the commit, or the one that it would get.
    pub git_tag: Option<String>,
    /// Whether the commit is on a branch of the remote: the release branch, or the head branch of the pull request.
    pub pushed: bool,
    /// The pull request of the release.
    pub proposed: Option<Proposed>,
    pub attempts: u32,
    /// What the named entries became, changed or not.
    pub releases: Vec<Release>,
    /// The entries that a guard left out, if others were released.
    pub left_out: Vec<LeftOut>,
    /// The rules on the branch that are for the entries, as far as they were judged.
    pub rulings: Vec<Ruling>,
    /// The images that are in their registries, for `check`.
    pub present: Vec<Checked>,
    /// The files that changed, or would.
    pub files: Vec<String>,
    pub message: Option<String>,
    pub diff: String,
    /// The commits whose release was taken back, for `rollback`.
    pub rollback_of: Vec<CommitId>,
    /// What was released, for `log`; the newest first.
    pub history: Vec<LoggedRelease>,
    /// What the files say, for `status`.
    pub comparison: Option<Comparison>,
}

impl Outcome {
    pub fn new(command: &'static str, ending: Ending) -> Self {
        Self {
            command,
            ending,
            reason: None,
            branch: None,
            commit: None,
            parent: None,
            git_tag: None,
            pushed: false,
            proposed: None,
            attempts: 0,
            releases: Vec::new(),
            left_out: Vec::new(),
            rulings: Vec::new(),
            present: Vec::new(),
            files: Vec::new(),
            message: None,
            diff: String::new(),
            rollback_of: Vec::new(),
            history: Vec::new(),
            comparison: None,
        }
    }
}
