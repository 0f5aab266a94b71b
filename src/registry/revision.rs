//! The revision that an image, or its provenance, says that it was built from.

use std::fmt;

/// The id of a commit, or its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision(String);

impl Revision {
    /// The fewest digits that stand for a commit.
    const MIN_DIGITS: usize = 7;

    /// The digits of a whole id of SHA-256.
    const MAX_DIGITS: usize = 64;

    /// Returns the revision of a text; `None` if it is no id of a commit.
    pub fn new(text: &str) -> Option<Self> {
        let is_id = (Self::MIN_DIGITS..=Self::MAX_DIGITS).contains(&text.len()) && is_hexadecimal(text);
        is_id.then(|| Self(text.to_owned()))
    }

    /// Whether a label means this revision. Either may have been shortened, but a whole id is not the beginning of another one.
    pub(super) fn is(&self, label: &str) -> bool {
        let Some(Self(label)) = Self::new(label.trim()) else { return false };
        let (shorter, longer) = if label.len() < self.0.len() { (&label, &self.0) } else { (&self.0, &label) };
        longer[..shorter.len()].eq_ignore_ascii_case(shorter) && (shorter.len() == longer.len() || !is_whole(shorter))
    }

    /// Whether a commit that a signer names is this revision. It must be whole: many commits begin with the same digits.
    pub(super) fn is_commit(&self, commit: &str) -> bool {
        is_whole(commit) && self.is(commit)
    }
}

/// Whether it is the id of a commit with all digits of SHA-1 or SHA-256.
pub(super) fn is_whole(id: &str) -> bool {
    [40, 64].contains(&id.len()) && is_hexadecimal(id)
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Revision;

    #[test]
    fn when_a_label_means_a_revision() {
        const COMMIT: &str = "fdafd7008d04c2a2286676b92a87fd85aa9b682a";
        for (wanted, label, expected) in [
            (COMMIT, COMMIT, true),
            (COMMIT, "FDAFD7008D04C2A2286676B92A87FD85AA9B682A", true),
            (COMMIT, " fdafd7008d04c2a2286676b92a87fd85aa9b682a\n", true),
            (COMMIT, "fdafd70", true),
            ("fdafd70", COMMIT, true),
            (COMMIT, "fdafd7", false),
            (COMMIT, "", false),
            (COMMIT, "fdafd7008d04c2a2286676b92a87fd85aa9b682a-dirty", false),
            (COMMIT, "fdafd7008d04c2a2286676b92a87fd85aa9b682b", false),
            ("FDAFD70", COMMIT, true),
            (COMMIT, &COMMIT.repeat(2)[..41], false),
            (COMMIT, &COMMIT.repeat(2)[..64], false),
            (COMMIT, &COMMIT.repeat(2), false),
            (&COMMIT.repeat(2)[..64], COMMIT, false),
            (&COMMIT.repeat(2)[..64], &COMMIT.repeat(2)[..41], true),
            (&COMMIT[..7], &COMMIT.repeat(2), false),
            (COMMIT, "v1.2.3", false),
        ] {
            assert_eq!(Revision::new(wanted).unwrap().is(label), expected, "{wanted} {label:?}");
        }
    }

    #[test]
    fn what_is_no_revision() {
        let too_long = "a".repeat(65);
        for text in ["", "fdafd7", "main", "-1", "fdafd70 ", "v1234567", "org/app@fdafd70", "fdafd7é", &too_long] {
            assert_eq!(Revision::new(text), None, "{text:?}");
        }
    }
}
