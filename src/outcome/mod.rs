//! What a flow did, as data: events while it goes on, an outcome at its end. Reports are made of nothing else.

mod activity;
mod comparison;
pub mod diff;
pub mod failure;
mod place_in_file;
mod proposed;
pub mod proved;
mod ruling;

use std::time::{Duration, Instant};

use self::failure::FailureKind;
use crate::git::{CommitId, Traffic};
use crate::image::{Platform, Reference};
use crate::message::{LoggedRelease, Release, SourceComparison, VerifiedClaim};
use crate::registry::{Descriptor, LoginSource};
use crate::targets::{Edit, EntryEdit};

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
    pub tag_moved: bool,
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

impl FileEdit {
    /// Returns the entries of all files, each with its file.
    pub fn entries(files: &[Self]) -> impl Iterator<Item = (&Self, &EntryEdit)> {
        files.iter().flat_map(|file| file.edit.entries.iter().map(move |entry| (file, entry)))
    }
}

/// How a flow ended well.
#[derive(Clone, Default)]
pub enum Ending {
    /// The release branch is at this commit.
    Released {
        commit: CommitId,
        /// Whether it is on the branch of the remote.
        pushed: bool,
    },
    /// A pull request has the release, or was merged with it.
    Proposed {
        commit: CommitId,
        /// Whether the head branch got it by this run.
        pushed: bool,
        request: Proposed,
        /// Why it is not pushed to the branch, if that was tried.
        refused: Option<String>,
    },
    /// Files on disk were edited.
    Edited,
    /// All images are in their registries.
    Present,
    /// Everything was as wanted already.
    Unchanged,
    DryRun,
    /// No release started the run, so that the pipeline may go on.
    #[default]
    Proceed,
    Stopped(Stopped),
    /// What was released; the newest first.
    Logged(Vec<LoggedRelease>),
    /// What the files say.
    Compared(Comparison),
}

/// Why nothing of a release comes about, although nothing failed.
#[derive(Clone)]
pub struct Stopped {
    pub kind: StopKind,
    pub reason: String,
}

/// What stops a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopKind {
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
}

impl Ending {
    /// Returns what stopped the release; `None` if nothing did.
    pub fn stop(&self) -> Option<StopKind> {
        match self {
            Self::Stopped(stopped) => Some(stopped.kind),
            _ => None,
        }
    }

    /// Returns whether what is on the branch, or was, is told, and nothing done.
    pub fn is_list(&self) -> bool {
        matches!(self, Self::Logged(_) | Self::Compared(_))
    }

    /// Returns the word for it, which scripts may read.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Released { .. } => "released",
            Self::Proposed { .. } => "proposed",
            Self::Edited => "edited",
            Self::Present => "present",
            Self::Unchanged => "unchanged",
            Self::DryRun => "dry-run",
            Self::Proceed => "proceed",
            Self::Stopped(stopped) => stopped.kind.word(),
            Self::Logged(_) | Self::Compared(_) => "listed",
        }
    }

    /// Returns the exit code of the process. A release that a hold or a rule stops did not happen, although nothing failed.
    pub fn exit_code(&self) -> u8 {
        match self.stop() {
            Some(StopKind::Held | StopKind::Ruled) => FailureKind::Guarded.exit_code(),
            Some(StopKind::Skipped | StopKind::Superseded | StopKind::Diverged) | None => 0,
        }
    }
}

impl Stopped {
    /// Returns why nothing is released if all entries are `left_out`; `None` if none is. A line that has diverged is told rather
    /// than an older build: it asks for a decision.
    pub fn by_order(left_out: &[LeftOut]) -> Option<Self> {
        let kind = left_out.iter().map(|left| left.kind).find(|kind| *kind == StopKind::Diverged);
        let reasons: Vec<_> = left_out.iter().map(|left| left.reason.as_str()).collect();
        Some(Self { kind: kind.or(left_out.first().map(|left| left.kind))?, reason: reasons.join("; ") })
    }
}

impl StopKind {
    /// Returns the word for it, which scripts may read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Superseded => "superseded",
            Self::Diverged => "diverged",
            Self::Held => "held",
            Self::Ruled => "ruled",
        }
    }

    /// Returns what a person can do to release all the same.
    pub fn hint(self) -> Option<&'static str> {
        match self {
            Self::Skipped => None,
            Self::Superseded => Some("`--on-superseded allow` releases it all the same"),
            Self::Diverged => Some("`--on-diverged release` releases it all the same"),
            Self::Held => Some("remove the file to end the hold; `--override-hold` releases all the same"),
            Self::Ruled => Some(
                "the rules are on the branch, and no flag overrides one; `tagship check -k PATH` tells which there are",
            ),
        }
    }
}

/// An entry that was not released although others were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    pub file: String,
    pub name: String,
    pub kind: StopKind,
    /// A sentence: what stays, and why.
    pub reason: String,
}

/// The end of a flow that did not fail.
#[derive(Clone, Default)]
pub struct Outcome {
    pub ending: Ending,
    pub branch: Option<String>,
    /// Whether this run created the branch.
    pub branch_created: bool,
    /// The tip that was judged and written on.
    pub parent: Option<CommitId>,
    pub attempts: u32,
    /// What the named entries became, changed or not.
    pub releases: Vec<Release>,
    /// The entries that a guard left out, if others were released.
    pub left_out: Vec<LeftOut>,
    /// The rules on the branch that are for the entries, as far as they were judged.
    pub rulings: Vec<Ruling>,
    /// The images that are in their registries, for `check`.
    pub present: Vec<Checked>,
    pub changes: Changes,
    pub message: Option<String>,
    /// The tag on the commit, or the one that it would get.
    pub git_tag: Option<String>,
    /// The commits whose release was taken back, for `rollback`.
    pub rollback_of: Vec<CommitId>,
}

impl Outcome {
    pub fn new(ending: Ending) -> Self {
        Self { ending, ..Self::default() }
    }
}

/// What changed in files, or would.
#[derive(Clone, Default)]
pub struct Changes {
    pub files: Vec<String>,
    pub diff: String,
}

impl Changes {
    pub fn of(files: &[FileEdit]) -> Self {
        let changed = || files.iter().filter(|file| file.edit.changed());
        let diff = |file: &FileEdit| diff::unified(&file.path, &file.old, &file.edit.text);
        Self { files: changed().map(|file| file.path.clone()).collect(), diff: changed().map(diff).collect() }
    }
}
