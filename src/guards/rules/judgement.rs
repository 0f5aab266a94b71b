//! Whether a rule holds for an entry as it will be on the branch: pure judgements. What only a registry can tell is named,
//! and left to the flow.

use jiff::Timestamp;

use super::freeze::Freeze;
use super::rule::{Demanded, PublishWay, RequiredOrder, TagPattern};
use crate::git::GlobPattern;
use crate::guards::order::{OrderVerdict, Ordered};
use crate::image::Reference;
use crate::message::SourceCommit;
use crate::targets::UncertainImage;

/// An entry as it will be on the branch.
pub struct RuledEntry<'a> {
    pub name: &'a str,
    /// The name of its image; `None` if the file does not say it.
    pub image: Option<&'a str>,
    pub tag: Option<&'a str>,
    pub digest: Option<&'a str>,
    /// Why the file does not tell for certain which image is pulled: then nothing holds of it.
    pub uncertain: Option<UncertainImage>,
    /// The commit that the image was built from.
    pub source: Option<&'a SourceCommit>,
    /// How it stands to what runs; `None` if nothing ran, or if order does not count.
    pub order: Option<&'a Ordered>,
}

/// What is judged beside the entry, if it is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReleaseContext {
    pub now: Timestamp,
    pub way: PublishWay,
}

/// What was judged of a demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleJudgement {
    Holds,
    /// Why it does not hold, and what would satisfy it; both are sentences without their ends.
    Broken {
        why: String,
        remedy: String,
    },
    /// It is about a release, and nothing is released.
    NotJudged,
    /// The registry has to be asked.
    AsksRegistry,
    /// The registry has to say that the digest is the tag's: what runs is the digest.
    AsksTag,
}

impl RuleJudgement {
    fn broken(why: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Broken { why: why.into(), remedy: remedy.into() }
    }

    fn of(holds: bool, why: impl FnOnce() -> String, remedy: impl FnOnce() -> String) -> Self {
        if holds { Self::Holds } else { Self::broken(why(), remedy()) }
    }

    /// What holds for a tag or a digest says nothing of both, unless they are of one image.
    fn of_both(self, entry: &RuledEntry<'_>) -> Self {
        match self {
            Self::Holds if entry.tag.is_some() && entry.digest.is_some() => Self::AsksTag,
            judged => judged,
        }
    }
}

/// Judges one demand. Without `context` nothing is released.
pub fn judge_demand(demanded: &Demanded, entry: &RuledEntry<'_>, context: Option<&ReleaseContext>) -> RuleJudgement {
    let RuledEntry { name, tag, .. } = *entry;
    if let Some(image) = entry.uncertain.as_ref().filter(|_| demanded.is_of_image()) {
        return RuleJudgement::broken(image.why.clone(), image.remedy.clone());
    }
    match demanded {
        Demanded::Images(patterns) => judge_image(patterns, entry),
        Demanded::Tags(patterns) => {
            let remedy = || format!("release a tag that is {}", listed(patterns.iter().map(TagPattern::describe)));
            match tag {
                None => RuleJudgement::broken(format!("`{name}` has no tag"), remedy()),
                Some(tag) => RuleJudgement::of(
                    patterns.iter().any(|pattern| pattern.allows(tag)),
                    || format!("the tag `{tag}` is not allowed"),
                    remedy,
                )
                .of_both(entry),
            }
        }
        Demanded::PinDigest => RuleJudgement::of(
            entry.digest.is_some(),
            || format!("`{name}` would have no digest"),
            || "add `--pin-digest` to its release".to_owned(),
        )
        .of_both(entry),
        Demanded::Platforms(_) | Demanded::Signature(_) | Demanded::Attestations(..) => judge_reference(entry),
        Demanded::Revision | Demanded::Provenance(_) if entry.source.is_none() => RuleJudgement::broken(
            format!("the commit that `{name}` was built from is not known"),
            "name it with `--source` of `tagship release`",
        ),
        Demanded::Revision | Demanded::Provenance(_) => judge_reference(entry),
        Demanded::Publish(way) => context.map_or(RuleJudgement::NotJudged, |now| judge_way(*way, now.way)),
        Demanded::Order(required) => context.map_or(RuleJudgement::NotJudged, |_| judge_order(*required, entry)),
        Demanded::Freeze(freezes) => context.map_or(RuleJudgement::NotJudged, |now| judge_freezes(freezes, now.now)),
    }
}

/// Compares the name in each way to write it. What no registry takes for a name fits no pattern.
fn judge_image(patterns: &[GlobPattern], entry: &RuledEntry<'_>) -> RuleJudgement {
    let name = entry.name;
    let remedy = || format!("release an image from {}", listed(patterns.iter().map(|pattern| format!("`{pattern}`"))));
    let Some(image) = entry.image else {
        return RuleJudgement::broken(format!("the file does not say which image `{name}` is"), remedy());
    };
    let fits = Reference::new(image, None, None).is_ok_and(|reference| {
        // A pattern may have a port or a name of Docker Hub in part, as the image is written.
        let spellings = [reference.spellings(), vec![image.to_owned()]].concat();
        patterns.iter().any(|pattern| spellings.iter().any(|spelling| pattern.matches(spelling)))
    });
    RuleJudgement::of(fits, || format!("the image `{image}` is not allowed"), remedy)
}

/// Leaves to the registry what it can be asked.
fn judge_reference(entry: &RuledEntry<'_>) -> RuleJudgement {
    match entry.image.is_some() && (entry.tag.is_some() || entry.digest.is_some()) {
        true => RuleJudgement::AsksRegistry,
        false => RuleJudgement::broken(
            format!("no registry can be asked for the image of `{}`", entry.name),
            "name its image, with a tag or a digest",
        ),
    }
}

fn judge_way(demanded: PublishWay, way: PublishWay) -> RuleJudgement {
    match (demanded, way) {
        (PublishWay::Push, PublishWay::Push | PublishWay::CommitOnly) => RuleJudgement::Holds,
        (PublishWay::Push, PublishWay::PullRequest) => {
            RuleJudgement::broken("releases are pushed to this branch", "leave out `--pull-request` and `--on-refused`")
        }
        (_, PublishWay::PullRequest) => RuleJudgement::Holds,
        (_, way) => RuleJudgement::broken(
            "releases come to this branch by a pull request",
            match way {
                PublishWay::CommitOnly => "put `--pull-request` in place of `--no-push`",
                _ => "add `--pull-request`",
            },
        ),
    }
}

fn judge_order(required: RequiredOrder, entry: &RuledEntry<'_>) -> RuleJudgement {
    let Some(Ordered { verdict, reason }) = entry.order else { return RuleJudgement::Holds };
    let name = entry.name;
    match (verdict, required) {
        (OrderVerdict::Newer | OrderVerdict::Allowed, _)
        | (OrderVerdict::Replaces | OrderVerdict::Unknown | OrderVerdict::Contradicted, RequiredOrder::NotOlder) => {
            RuleJudgement::Holds
        }
        (OrderVerdict::Superseded, _) => RuleJudgement::broken(
            format!("`{name}` would go back: {reason}"),
            "release a newer build, or take the newer one back with `tagship rollback`",
        ),
        (OrderVerdict::Diverged, _) => RuleJudgement::broken(
            format!("`{name}` would change to another line of commits: {reason}"),
            "merge the lines and release the merge",
        ),
        (OrderVerdict::Replaces, RequiredOrder::Newer) => RuleJudgement::broken(
            format!("nothing tells that `{name}` is newer: {reason}"),
            "merge the lines and release the merge, or take back what runs with `tagship rollback`",
        ),
        (OrderVerdict::Unknown | OrderVerdict::Contradicted, RequiredOrder::Newer) => RuleJudgement::broken(
            format!("nothing tells that `{name}` is newer: {reason}"),
            "name the commit that the image was built from with `--source` of `tagship release`; if that of what runs is not \
             known, take what runs back with `tagship rollback`, or remove its tag by hand if it was never released",
        ),
    }
}

fn judge_freezes(freezes: &[Freeze], now: Timestamp) -> RuleJudgement {
    match freezes.iter().find(|freeze| freeze.is_on(now)) {
        None => RuleJudgement::Holds,
        Some(freeze) => {
            let reason = freeze.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
            let why = format!("releases are frozen {freeze}{reason}, and it is {}", freeze.local(now));
            RuleJudgement::broken(why, "release when the freeze is over")
        }
    }
}

fn listed(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(" or ")
}

impl TagPattern {
    fn allows(&self, tag: &str) -> bool {
        match self {
            Self::SemanticVersion => semver::Version::parse(tag.strip_prefix('v').unwrap_or(tag)).is_ok(),
            Self::Pattern(pattern) => pattern.matches(tag),
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::SemanticVersion => "a semantic version, such as `v1.2.3`".to_owned(),
            Self::Pattern(pattern) => format!("`{pattern}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Demanded, RuleJudgement, RuledEntry, judge_demand};
    use crate::guards::rules::RulesFile;

    fn judged(demanded: &Demanded, image: Option<&str>, tag: Option<&str>, digest: Option<&str>) -> RuleJudgement {
        let entry = RuledEntry { name: "web", image, tag, digest, uncertain: None, source: None, order: None };
        judge_demand(demanded, &entry, None)
    }

    #[test]
    fn an_image_is_allowed_as_it_is_written_and_in_full() {
        for (pattern, image, expected) in [
            ("nginx", "nginx", true),
            ("docker.io/library/nginx", "nginx", true),
            ("docker.io/library/*", "org/nginx", false),
            ("nginx", "docker.io/library/nginx", true),
            ("nginx", "index.docker.io/nginx", true),
            ("nginx", "docker.io/org/nginx", false),
            ("org/*", "docker.io/org/web", true),
            ("org/*", "ghcr.io/org/web", false),
            ("ghcr.io/**", "ghcr.io/org/web", true),
            ("ghcr.io/**", "GHCR.IO/org/web", true),
            ("GHCR.io/org/*", "GHCR.io/org/web", true),
            ("ghcr.io/org/*", "ghcr.io:443/org/web", true),
            ("ghcr.io/org/*", "ghcr.io:444/org/web", false),
            ("ghcr.io/org/*", "ghcr.io.example/org/web", false),
            ("GHCR.io/org/*", "ghcr.io/org/web", true),
            ("ghcr.io:443/org/*", "ghcr.io/org/web", true),
            ("ghcr.io:4*/org/*", "ghcr.io:443/org/web", true),
            ("*.docker.io/**", "index.docker.io/org/web", true),
            ("ghcr.io:444/org/*", "ghcr.io/org/web", false),
            ("*.Example.com/org/*", "r.example.com/org/web", true),
            ("index.docker.io/org/*", "org/web", true),
            ("registry-1.docker.io/nginx", "nginx", true),
            ("docker.io/nginx", "docker.io/nginx", true),
            ("Org/*", "org/web", false),
            ("*/web", "org/web", true),
            ("**", "not an image", false),
        ] {
            let rules = format!("rules:\n- {{paths: ['**'], images: '{pattern}'}}\n");
            let rules = RulesFile::parse(rules.as_bytes()).unwrap().rules;
            let demanded = rules[0].demands[0].demanded.clone();
            let holds = judged(&demanded, Some(image), Some("v1"), None) == RuleJudgement::Holds;
            assert_eq!(holds, expected, "{image} by {pattern}");
        }
    }

    #[test]
    fn what_a_registry_is_asked_for() {
        let demanded = Demanded::Platforms(Vec::new());
        for (image, tag, digest, expected) in [
            (Some("org/web"), Some("v1"), None, true),
            (Some("org/web"), None, Some("sha256:0"), true),
            (Some("org/web"), None, None, false),
            (None, Some("v1"), None, false),
        ] {
            let asks = judged(&demanded, image, tag, digest) == RuleJudgement::AsksRegistry;
            assert_eq!(asks, expected, "{image:?} {tag:?} {digest:?}");
        }
        let revision = judged(&Demanded::Revision, Some("org/web"), Some("v1"), None);
        let RuleJudgement::Broken { why, remedy } = revision else { panic!("{revision:?}") };
        assert_eq!(why, "the commit that `web` was built from is not known");
        assert_eq!(remedy, "name it with `--source` of `tagship release`");
    }
}
