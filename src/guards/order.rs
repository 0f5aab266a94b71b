//! ORDER: which of two releases is the newer one. Semantic versions count where both tags are such; else the commits that
//! were built, by their ancestry. Nothing is looked up here.

use std::cmp::Ordering;

use semver::Version as SemanticVersion;

use crate::git::{CommitId, Lineage};
use crate::message::trailers::{ReleaseTrailers, SourceCommit};

/// A release as its order sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Version {
    pub tag: Option<String>,
    /// As far as it is known.
    pub digest: Option<String>,
    pub source: Option<SourceCommit>,
}

impl Version {
    /// A tag that is a commit id names what was built better than anything else does.
    pub fn new(tag: Option<&str>, digest: Option<&str>, source: Option<SourceCommit>) -> Self {
        let repository = source.as_ref().and_then(|source| source.repository.clone());
        let of_tag = tag.and_then(SourceCommit::of_tag).map(|of_tag| SourceCommit { repository, ..of_tag });
        Self { tag: tag.map(str::to_owned), digest: digest.map(str::to_owned), source: of_tag.or(source) }
    }

    /// Returns whether both are the same release, as far as both say what they are.
    pub fn is_same_release(&self, other: &Self) -> bool {
        let agree = |one: Option<&str>, other: Option<&str>| one.zip(other).is_none_or(|(one, other)| one == other);
        let commit = |version: &Self| version.source.as_ref().map(|source| source.commit.to_string());
        self.tag == other.tag
            && agree(self.digest.as_deref(), other.digest.as_deref())
            && agree(commit(self).as_deref(), commit(other).as_deref())
    }
}

/// How a release stands to one that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Newer,
    /// It is of the same version, or of the same commit.
    Same,
    Older,
    /// Its commit and the other's are on lines that went apart, or of different repositories.
    Apart,
    /// There is nothing to compare.
    Unknown,
}

/// What has to be known to order two releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Known(Order),
    /// How these two commits stand to each other.
    Lineage(CommitId, CommitId),
}

/// Begins to compare a release with one that is there.
pub fn compare(new: &Version, there: &Version) -> Comparison {
    let precedence = semantic(new).zip(semantic(there)).map(|(new, there)| new.cmp_precedence(&there));
    match precedence {
        Some(Ordering::Greater) => return Comparison::Known(Order::Newer),
        Some(Ordering::Less) => return Comparison::Known(Order::Older),
        Some(Ordering::Equal) | None => {}
    }
    let (Some(new_source), Some(source)) = (&new.source, &there.source) else {
        let is_same = match (&new.digest, &there.digest) {
            (Some(new), Some(there)) => new == there,
            _ => precedence.is_some() || (new.tag.is_some() && new.tag == there.tag),
        };
        return Comparison::Known(if is_same { Order::Same } else { Order::Unknown });
    };
    match (&new_source.repository, &source.repository) {
        (Some(new), Some(there)) if !new.eq_ignore_ascii_case(there) => Comparison::Known(Order::Apart),
        _ => Comparison::Lineage(new_source.commit, source.commit),
    }
}

/// Returns the order that a lineage means.
pub fn of_lineage(lineage: Lineage) -> Order {
    match lineage {
        Lineage::Same => Order::Same,
        Lineage::After => Order::Newer,
        Lineage::Before => Order::Older,
        Lineage::Apart => Order::Apart,
        Lineage::Unknown => Order::Unknown,
    }
}

/// Reads `1.2.3` or `v1.2.3`, with what may follow. Where that names a commit, as `v1.2.3-4-g5d20f3e` of `git describe`,
/// it is no version: its build comes after v1.2.3 and not before, and hashes are in no order.
fn semantic(version: &Version) -> Option<SemanticVersion> {
    let tag = version.tag.as_deref()?;
    let version = SemanticVersion::parse(tag.strip_prefix(['v', 'V']).unwrap_or(tag)).ok()?;
    let names_a_commit = version.pre.split(['.', '-']).any(is_commit);
    (!names_a_commit).then_some(version)
}

/// Returns whether a part of a version is a shortened commit id. Digits alone are rather a number or a date.
fn is_commit(part: &str) -> bool {
    let id = part.strip_prefix('g').unwrap_or(part);
    id.len() >= 7 && id.bytes().all(|b| b.is_ascii_hexdigit()) && part.bytes().any(|b| b.is_ascii_alphabetic())
}

/// What a new release of an entry has to be newer than.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryHistory<'h> {
    /// The last release.
    pub last: &'h ReleaseTrailers,
    /// What rollbacks have taken back since the release before it.
    pub rolled_back: Vec<RolledBack>,
    /// What was rolled back earlier. It is not released again; other releases need not be newer than it.
    pub rolled_back_before: Vec<RolledBack>,
    /// True if older commits, which were not read, may add to `rolled_back`.
    pub is_truncated: bool,
}

/// A commit that a rollback took back. Not even the same release may follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RolledBack {
    pub commit: CommitId,
    pub by: CommitId,
}

/// Returns what the newest of `releases`, which are in the order of history, the newest first, say about the entry
/// `name` of the file at `path`: the last release, and what rollbacks have taken back since the one before, and earlier.
/// `None` where history says nothing about the entry.
pub fn history_of<'h>(releases: &'h [ReleaseTrailers], path: &str, name: &str) -> Option<EntryHistory<'h>> {
    let mut of_entry = releases.iter().filter(|release| release.is_of(path, name)).peekable();
    let last = *of_entry.peek()?;
    let mut history =
        EntryHistory { last, rolled_back: Vec::new(), rolled_back_before: Vec::new(), is_truncated: true };
    for release in of_entry {
        history.is_truncated &= !release.rollback_of.is_empty();
        let rolled_back = release.rollback_of.iter().map(|commit| RolledBack { commit: *commit, by: release.commit });
        if history.is_truncated { &mut history.rolled_back } else { &mut history.rolled_back_before }
            .extend(rolled_back);
    }
    Some(history)
}

#[cfg(test)]
mod tests {
    use super::{Comparison, Order, Version, compare};
    use crate::message::trailers::SourceCommit;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn version(tag: &str, source: &str) -> Version {
        Version::new((!tag.is_empty()).then_some(tag), None, SourceCommit::parse(source))
    }

    #[test]
    fn what_can_be_told_without_history() {
        use Order::{Apart, Newer, Older, Same, Unknown};
        for (new, there, expected) in [
            (version("v1.2.4", ""), version("v1.2.3", ""), Newer),
            (version("1.10.0", ""), version("v1.9.9", ""), Newer),
            (version("v1.2.3-rc.1", ""), version("v1.2.3", ""), Older),
            (version("v1.2.3-rc.10", ""), version("v1.2.3-rc.9", ""), Newer),
            (version("v1.2.3", &format!("o/r@{A}")), version("v2.0.0", &format!("o/r@{B}")), Older),
            (version("v1.2.3", ""), version("v1.2.3", ""), Same),
            (version("1.2.3", ""), version("v1.2.3", ""), Same),
            (version("v1.2.3-4-gabc1234", ""), version("v1.2.3", ""), Unknown),
            (version("v1.2.3-10-gdef5678", ""), version("v1.2.3-9-gabc1234", ""), Unknown),
            (version("v1.2.3-abc1234", ""), version("v1.2.3-dec0de5", ""), Unknown),
            (version("v1.2.3-20260101.1.abc1234", ""), version("v1.2.3", ""), Unknown),
            (version("v1.2.3-20260102", ""), version("v1.2.3-20260101", ""), Newer),
            (version("v1.2.3-feature", ""), version("v1.2.3-bugfix", ""), Newer),
            (version("v1.2.4-alpine", ""), version("v1.2.3", ""), Newer),
            (version("2026.01.02", ""), version("2026.01.01", ""), Unknown),
            (version("main-7", ""), version("main-6", ""), Unknown),
            (version("v1.2", ""), version("v1.1", ""), Unknown),
            (version("", ""), version("v1.1.0", ""), Unknown),
            (version("x", &format!("o/r@{A}")), version("y", ""), Unknown),
            (version("x", &format!("o/r@{A}")), version("y", &format!("o/other@{B}")), Apart),
        ] {
            assert_eq!(compare(&new, &there), Comparison::Known(expected), "{new:?} and {there:?}");
        }
    }

    #[test]
    fn what_digests_tell() {
        let version = |tag: Option<&str>, digest: &str| Version::new(tag, (!digest.is_empty()).then_some(digest), None);
        for (new, there, expected) in [
            (version(None, "sha256:a"), version(None, "sha256:a"), Order::Same),
            (version(None, "sha256:a"), version(None, "sha256:b"), Order::Unknown),
            (version(Some("latest"), "sha256:a"), version(Some("latest"), "sha256:b"), Order::Unknown),
            (version(Some("latest"), "sha256:a"), version(Some("stable"), "sha256:a"), Order::Same),
            (version(Some("latest"), "sha256:a"), version(Some("latest"), ""), Order::Same),
            (version(None, ""), version(None, ""), Order::Unknown),
        ] {
            assert_eq!(compare(&new, &there), Comparison::Known(expected), "{new:?} and {there:?}");
        }
    }

    #[test]
    fn what_ancestry_has_to_tell() {
        let a = SourceCommit::of_tag(A).unwrap().commit;
        let b = SourceCommit::of_tag(B).unwrap().commit;
        for (new, there) in [
            (version("x", &format!("o/r@{A}")), version("y", &format!("O/R@{B}"))),
            (version(A, ""), version(B, "")),
            (version(A, &format!("o/r@{B}")), version("y", &format!("o/r@{B}"))),
            (version("v1.0.0", &format!("o/r@{A}")), version("v1.0.0", &format!("o/r@{B}"))),
        ] {
            assert_eq!(compare(&new, &there), Comparison::Lineage(a, b), "{new:?} and {there:?}");
        }
    }
}
