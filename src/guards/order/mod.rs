//! ORDER: whether a new build is newer than what runs. Commits decide, if both are known; then tags, if they are comparable;
//! and if neither is, nothing is known and that is told. Here are the pure judgements; `running` reads what runs, `earlier`
//! what ran before, and `source_repository` asks how two commits stand to each other. `entries` puts it together for a release:
//! a `candidate` is compared with what runs, and with the `past`.

mod build;
mod candidate;
mod earlier;
mod entries;
mod entry_at_tip;
mod entry_order;
mod found_claim;
mod history_to_read;
mod labels;
mod last_release;
mod order_context;
mod past;
mod running;
mod sentences;
mod source_repository;
mod tags;

use std::cmp::Ordering;

pub use build::{Agreement, Build, agreement, source_in_tag};
pub use earlier::TakenBack;
pub use entries::order_of;
pub use entry_at_tip::EntryAtTip;
pub use entry_order::{EntryOrder, EntryOrders, OrderVerdict, Ordered};
pub use history_to_read::{HistoryToRead, history_to_read};
pub use last_release::LastRelease;
pub use order_context::{OrderContext, Unreachable};
pub use running::{HistoryDepth, RunningEntry};
pub(crate) use source_repository::repository_beside;
pub use tags::Numbers;

use crate::git::BranchName;
use crate::request::OrderBy;

/// How the new build's commit stands to that of what runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ancestry {
    After,
    Before,
    Same,
    /// The lines have diverged.
    Apart,
    /// The lines have diverged. The new build's commit is on the default branch of its repository, and the other one is not:
    /// it was squashed, cherry-picked or replaced by force.
    OnDefaultBranch(DefaultBranch),
    /// Why no repository could tell.
    Unknown(String),
}

/// The default branch of a repository, by its name as far as that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultBranch(pub Option<BranchName>);

/// How a new build stands to what runs. Each says how that was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    Newer(String),
    /// Neither is newer.
    Same(String),
    Older(String),
    /// Its tag is lower in the order of tags. Nothing else is known.
    LowerTag,
    /// Its tag is higher in the order of tags. Nothing else is known.
    HigherTag,
    /// The two were built on lines that have diverged.
    Diverged,
    /// Released although the lines have diverged, because the new one is on the default branch.
    Replaces(String),
    /// Why nothing is known.
    Unknown(String),
    /// Why the commits, which tell that it is older, may not count.
    Contradicted(String),
    /// Order does not count.
    NotAsked,
}

/// Returns whether the commits that builds are from tell their order.
fn commits_count(by: OrderBy) -> bool {
    matches!(by, OrderBy::Auto | OrderBy::Source | OrderBy::Number)
}

/// Judges a new build. `ancestry` is what is known of the commits of both; `None` if one of them has none, or if they do not
/// count.
pub fn judge(new: &Build, running: &Build, by: OrderBy, ancestry: Option<&Ancestry>) -> Judgement {
    if by == OrderBy::Nothing {
        return Judgement::NotAsked;
    }
    let numbers = Numbers::by(by);
    let source = running.source.as_ref().map(|source| source.commit.short()).unwrap_or_default();
    let no_ancestry = match ancestry {
        Some(Ancestry::After) => return Judgement::Newer(format!("descends from {source}")),
        Some(Ancestry::Before) => return Judgement::Older(format!("its commit is an ancestor of {source}")),
        Some(Ancestry::Same) => return same_commit(new, running, &source, numbers),
        Some(Ancestry::Apart) => return Judgement::Diverged,
        Some(Ancestry::OnDefaultBranch(DefaultBranch(name))) => {
            let name = name.as_ref().map(|name| format!("{name}, ")).unwrap_or_default();
            let source = new.source.as_ref().map(|source| source.commit.short()).unwrap_or_default();
            return Judgement::Replaces(format!("only {source} is on {name}the default branch of its source"));
        }
        Some(Ancestry::Unknown(why)) => why.clone(),
        None => match (&new.source, &running.source) {
            (None, None) => "their source commits are not known".to_owned(),
            (None, Some(_)) => "its source commit is not known".to_owned(),
            (Some(_), _) => "the source commit of what runs is not known".to_owned(),
        },
    };
    if by == OrderBy::Source {
        return Judgement::Unknown(no_ancestry);
    }
    match by_tags(new, running, numbers) {
        Ok(judgement) => judgement,
        Err(no_order) if by == OrderBy::Version => Judgement::Unknown(no_order.to_owned()),
        Err(no_order) => Judgement::Unknown(format!("{no_order}, and {no_ancestry}")),
    }
}

/// Two builds of one commit are told apart by their versions only: a rebuild may follow.
fn same_commit(new: &Build, running: &Build, source: &str, numbers: Numbers) -> Judgement {
    match by_tags(new, running, numbers) {
        Ok(Judgement::LowerTag) => Judgement::Older("by its tag".to_owned()),
        _ => Judgement::Same(format!("both are builds of {source}")),
    }
}

fn by_tags(new: &Build, running: &Build, numbers: Numbers) -> Result<Judgement, &'static str> {
    if new.image != running.image {
        return Err("they are tags of two images");
    }
    if new.digest.is_some() && new.digest == running.digest {
        return Ok(Judgement::Same("both have one digest".to_owned()));
    }
    let (Some(tag), Some(other)) = (&new.tag, &running.tag) else {
        return Err("a tag is missing");
    };
    match tags::compare(tag, other, numbers) {
        Some(Ordering::Greater) => Ok(Judgement::HigherTag),
        Some(Ordering::Less) => Ok(Judgement::LowerTag),
        Some(Ordering::Equal) => Ok(Judgement::Same("both have one version".to_owned())),
        None if tag == other && (new.digest.is_none() || running.digest.is_none()) => {
            Ok(Judgement::Same("both have one tag".to_owned()))
        }
        None => Err("their tags are in no order"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Ancestry, Build, DefaultBranch, Judgement, OrderBy, judge};
    use crate::message::SourceCommit;

    const COMMIT: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    fn build(tag: &str) -> Build {
        let source = SourceCommit::parse(&format!("o/r@{COMMIT}"));
        Build {
            image: Some("r/web".to_owned()),
            asked_as: Some("r/web".to_owned()),
            tag: Some(tag.to_owned()),
            digest: None,
            source,
        }
    }

    #[test]
    fn commits_decide_before_tags() {
        let unknown = || Ancestry::Unknown("no repository has them".to_owned());
        for (ancestry, new, running, expected) in [
            (Ancestry::After, "v1.0.0", "v1.2.0", "newer"),
            (Ancestry::Before, "v1.2.0", "v1.0.0", "older"),
            (Ancestry::Same, "v1.2.0", "v1.0.0", "same"),
            (Ancestry::Same, "v1.0.0", "v1.2.0", "older"),
            (Ancestry::Same, "build-1", "build-2", "same"),
            (Ancestry::Apart, "v1.2.0", "v1.0.0", "diverged"),
            (unknown(), "v1.2.0", "v1.0.0", "higher tag"),
            (unknown(), "build-2", "build-1", "unknown"),
        ] {
            let judgement = judge(&build(new), &build(running), OrderBy::Auto, Some(&ancestry));
            assert_eq!(named(&judgement), expected, "{new} {ancestry:?} {running}");
        }
    }

    #[test]
    fn what_counts() {
        let apart = Ancestry::Apart;
        let unknown = Ancestry::Unknown("the repository cannot be read".to_owned());
        for (by, ancestry, new, running, expected) in [
            (OrderBy::Version, None, "v1.0.0", "v1.2.0", "lower tag"),
            (OrderBy::Source, Some(&unknown), "v1.0.0", "v1.2.0", "unknown"),
            (OrderBy::Number, Some(&unknown), "build-1", "build-2", "lower tag"),
            (OrderBy::Number, Some(&apart), "build-1", "build-2", "diverged"),
            (OrderBy::Nothing, Some(&apart), "v1.0.0", "v1.2.0", "not asked"),
            (OrderBy::Auto, Some(&Ancestry::OnDefaultBranch(DefaultBranch(None))), "v1.0.0", "v1.2.0", "replaces"),
        ] {
            assert_eq!(named(&judge(&build(new), &build(running), by, ancestry)), expected, "{by:?}: {new}, {running}");
        }
        let other = Build { image: Some("r/other".to_owned()), ..build("v1.0.0") };
        assert_eq!(named(&judge(&other, &build("v1.2.0"), OrderBy::Auto, None)), "unknown", "two images");
    }

    #[test]
    fn what_tags_and_digests_tell() {
        for (new, running, expected) in [
            (("v1.0.0", Some("a")), ("v1.2.0", Some("a")), "same"),
            (("v1.0.0", Some("a")), ("v1.2.0", Some("b")), "lower tag"),
            (("main", Some("a")), ("main", Some("b")), "unknown"),
            (("main", Some("a")), ("main", None), "same"),
            (("main", None), ("main", Some("b")), "same"),
            (("main", None), ("main", None), "same"),
            (("main", None), ("next", None), "unknown"),
        ] {
            let of = |(tag, digest): (&str, Option<&str>)| Build { digest: digest.map(str::to_owned), ..build(tag) };
            let judgement = judge(&of(new), &of(running), OrderBy::Auto, None);
            assert_eq!(named(&judgement), expected, "{new:?}, {running:?}");
        }
    }

    /// If commits are not asked for, nothing is said of them.
    #[test]
    fn why_nothing_tells_the_order() {
        for (by, expected) in [
            (OrderBy::Version, "their tags are in no order"),
            (OrderBy::Source, "cannot be read"),
            (OrderBy::Auto, "their tags are in no order, and cannot be read"),
        ] {
            let unread = Ancestry::Unknown("cannot be read".to_owned());
            let Judgement::Unknown(why) = judge(&build("main"), &build("next"), by, Some(&unread)) else { panic!() };
            assert_eq!(why, expected, "{by:?}");
        }
    }

    fn named(judgement: &Judgement) -> &'static str {
        match judgement {
            Judgement::Newer(_) => "newer",
            Judgement::Same(_) => "same",
            Judgement::Older(_) => "older",
            Judgement::LowerTag => "lower tag",
            Judgement::HigherTag => "higher tag",
            Judgement::Diverged => "diverged",
            Judgement::Replaces(_) => "replaces",
            Judgement::Unknown(_) => "unknown",
            Judgement::Contradicted(_) => "contradicted",
            Judgement::NotAsked => "not asked",
        }
    }
}
