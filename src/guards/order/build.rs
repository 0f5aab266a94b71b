//! One build of an image, as far as its order asks.

use std::fmt;

use super::tags::{self, Numbers};
use super::{Judgement, by_tags};
use crate::git::CommitId;
use crate::image::{Digest, Reference, short_tag};
use crate::message::SourceCommit;
use crate::targets::Fields;

/// What an entry runs, or shall run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The name of the image, without tag and digest; `None` if the file does not say it.
    pub image: Option<String>,
    /// The name by which registries are asked. Of `image`, other texts in the file may make another one.
    pub asked_as: Option<String>,
    pub tag: Option<String>,
    /// As far as it is known.
    pub digest: Option<String>,
    /// The commit that it was built from, as far as that is known.
    pub source: Option<SourceCommit>,
}

impl Build {
    /// Returns the build that an entry named `name` says. `source` was named or released with it, so it is believed before a
    /// tag that has a commit id, or what looks like one.
    pub fn of_entry(name: &str, fields: &Fields, source: Option<&SourceCommit>) -> Self {
        let Fields { new_tag, digest, .. } = fields;
        let image = fields.made_name().or_else(|| fields.image_name(name)).map(str::to_owned);
        let source = source.cloned().or_else(|| source_in_tag(new_tag.as_deref()?));
        let asked_as = fields.known_name(name).map(str::to_owned);
        Self { image, asked_as, tag: new_tag.clone(), digest: digest.clone(), source }
    }

    /// Returns the reference by which a registry knows it; `None` if it says too little, or what no registry takes.
    pub fn reference(&self) -> Option<Reference> {
        let tag = self.tag.as_deref().map(str::parse).transpose().ok()?;
        let digest = self.digest.as_deref().map(str::parse).transpose().ok()?;
        if tag.is_none() && digest.is_none() {
            return None;
        }
        Reference::new(self.asked_as.as_deref()?, tag, digest).ok()
    }

    /// Returns whether both are the same thing, as far as both say what they are: of one digest, whatever commits are named for
    /// it; else of one commit. A tag with a whole commit id is of one build, whether `source` is that commit or was named.
    pub fn is(&self, other: &Self) -> bool {
        let commit = |build: &Self| build.source.as_ref().map(|source| source.commit);
        let is_same = match (&self.digest, &other.digest, commit(self), commit(other)) {
            (Some(digest), Some(other), ..) => digest == other,
            (_, _, Some(commit), Some(other)) => {
                commit == other || self.tag.as_deref().is_some_and(|tag| source_in_tag(tag).is_some())
            }
            _ => true,
        };
        is_same && self.has_tag_of(other)
    }

    /// Returns whether both are images of one name and tag, whatever the tag meant for each.
    pub fn has_tag_of(&self, other: &Self) -> bool {
        self.image == other.image && self.tag == other.tag
    }

    /// Returns whether both are images of one name, built from one commit that is known, whatever else their tags are.
    pub fn has_source_of(&self, other: &Self) -> bool {
        self.image == other.image && self.has_commit_of(other)
    }

    /// Returns whether both were built from one commit that is known. If that of one is not known, the beginning of its id in
    /// the tag tells it.
    pub fn has_commit_of(&self, other: &Self) -> bool {
        let agrees =
            |tag: &Option<String>, source| tag.as_ref().is_some_and(|tag| agreement(tag, source) == Agreement::Agrees);
        match (&self.source, &other.source) {
            (Some(one), Some(other)) => one.commit == other.commit,
            (Some(source), None) => agrees(&other.tag, source),
            (None, Some(source)) => agrees(&self.tag, source),
            (None, None) => {
                self.tag.as_ref().zip(other.tag.as_ref()).is_some_and(|(one, other)| tags::have_same_commit(one, other))
            }
        }
    }

    /// Returns whether anything tells the commit that it was built from, be it the beginning of an id.
    pub fn names_source(&self) -> bool {
        self.source.is_some() || self.tag.as_ref().is_some_and(|tag| tags::commit_ids(tag).next().is_some())
    }

    /// Returns whether the tag of this one is what the pipeline of the other one writes if it runs again: the same tag, or one
    /// that differs in a date or a time.
    pub fn may_be_rerun_of(&self, other: &Self) -> bool {
        let tags = || self.tag.as_ref().zip(other.tag.as_ref());
        let are_in_order =
            || tags().is_some_and(|(one, other)| tags::compare(one, other, Numbers::InVersions).is_some());
        self.has_tag_of(other) || (are_in_order() && !self.is_higher_version_than(other))
    }

    /// Returns whether its tag alone tells that it is older than another build.
    pub fn is_older_by_tag_than(&self, other: &Self, numbers: Numbers) -> bool {
        by_tags(self, other, numbers) == Ok(Judgement::LowerTag)
    }

    /// Returns whether the tag of this one is a higher version than that of the other.
    pub fn is_higher_version_than(&self, other: &Self) -> bool {
        self.tag.as_ref().zip(other.tag.as_ref()).is_some_and(|(one, other)| tags::is_higher_version(one, other))
    }
}

/// What a tag says of a source commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// It names the commit.
    Agrees,
    /// It names no commit.
    Silent,
    /// It names another commit.
    Disagrees,
}

/// Returns what `tag` says of the commit that an image may have been built from.
pub fn agreement(tag: &str, source: &SourceCommit) -> Agreement {
    let commit = source.commit.to_string();
    let is_another = |id: &str| !commit.starts_with(&id.to_ascii_lowercase());
    if tags::commit_ids(tag).any(is_another) {
        Agreement::Disagrees
    } else if tags::names(tag, &commit) {
        Agreement::Agrees
    } else {
        Agreement::Silent
    }
}

/// Returns the commit whose whole id a tag has, alone or among other words, if it names no other commit. The tag does not say of
/// which repository.
pub fn source_in_tag(tag: &str) -> Option<SourceCommit> {
    let source = SourceCommit { repository: None, commit: tags::words(tag).find_map(CommitId::parse)? };
    (agreement(tag, &source) == Agreement::Agrees).then_some(source)
}

/// Shown as people say it: by the tag, else by the commit that it was built from, else by the digest.
impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.tag, &self.source, &self.digest) {
            (Some(tag), ..) => write!(f, "`{}`", short_tag(tag)),
            (None, Some(source), _) => write!(f, "the build of {}", source.commit.short()),
            (None, None, Some(digest)) => match digest.parse::<Digest>() {
                Ok(digest) => write!(f, "`{}`", digest.short()),
                Err(_) => write!(f, "`{digest}`"),
            },
            (None, None, None) => f.write_str("an image without a tag"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Agreement, agreement, source_in_tag};
    use crate::message::SourceCommit;

    #[test]
    fn the_whole_commit_id_in_a_tag() {
        let (one, other) = ("fdafd7008d04c2a2286676b92a87fd85aa9b682a", "b15411f387bb2a2286676b92a87fd85aa9b682a5");
        for (tag, is_known) in [
            (one.to_owned(), true),
            (one.to_uppercase(), true),
            (format!("sha-{one}"), true),
            (format!("main_{one}"), true),
            (format!("main-{one}-1700000000"), true),
            (format!("v1.2.0-3-g{one}"), true),
            (format!("{}-{one}", &one[..7]), true),
            (format!("{one}-{other}"), false),
            (format!("{one}-{}", &other[..7]), false),
            (format!("x{one}"), false),
            (format!("sha256-{one}{}", &other[..24]), false),
            (one[..39].to_owned(), false),
            ("v1.2.3".to_owned(), false),
        ] {
            let commit = source_in_tag(&tag).map(|source| source.commit.to_string());
            assert_eq!(commit.as_deref(), is_known.then_some(one), "{tag}");
        }
    }

    #[test]
    fn what_a_tag_says_of_a_commit() {
        let digits = SourceCommit::parse("org/app@12345670a2286676b92a87fd85aa9b682aabcdef").unwrap();
        let date = SourceCommit::parse("org/app@20261129a2286676b92a87fd85aa9b682aabcdef").unwrap();
        for (tag, source, expected) in [
            ("sha-1234567", &digits, Agreement::Agrees),
            ("1234567", &digits, Agreement::Agrees),
            ("main-12345670a2-1700000100", &digits, Agreement::Agrees),
            ("v1.2.0-3-g1234567", &digits, Agreement::Agrees),
            ("sha-20261129", &date, Agreement::Agrees),
            ("sha-7654321", &digits, Agreement::Silent),
            ("build-123456", &digits, Agreement::Silent),
            ("v1.2.0", &digits, Agreement::Silent),
            ("sha-abcdef1", &digits, Agreement::Disagrees),
            ("1234567-abcdef1", &digits, Agreement::Disagrees),
        ] {
            assert_eq!(agreement(tag, source), expected, "{tag}");
        }
    }
}
