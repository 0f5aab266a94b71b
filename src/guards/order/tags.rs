//! Which of two tags of one image is the newer one, as far as the tags themselves say it. A tag is split into texts and
//! numbers; two tags are comparable if their texts are equal and what differs is a version, a date or a time. A single small
//! number (`build-7`, `pr-12`) counts only if the user says so: it may count builds, requests or branches.

use std::cmp::Ordering;

use crate::request::OrderBy;

/// How two tags are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// Only in versions, dates and times.
    InVersions,
    /// Wherever they are, as with `--order number`.
    Anywhere,
}

impl Numbers {
    /// Returns how tags are compared by this order.
    pub fn by(by: OrderBy) -> Self {
        if by == OrderBy::Number { Self::Anywhere } else { Self::InVersions }
    }
}

/// Words that make what follows a version a pre-release of it ([SemVer](https://semver.org/#spec-item-9)). The rank tells
/// which of two words comes first; words of one rank that differ are in no order.
const PRE_RELEASES: [(&str, u8); 12] = [
    ("dev", 0),
    ("snapshot", 0),
    ("nightly", 0),
    ("canary", 0),
    ("pre", 0),
    ("preview", 0),
    ("a", 1),
    ("alpha", 1),
    ("b", 2),
    ("beta", 2),
    ("rc", 3),
    ("cr", 3),
];

/// The least and the most digits of a shortened or whole commit id.
const COMMIT_DIGITS: std::ops::RangeInclusive<usize> = 7..=40;

/// A piece of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece<'t> {
    Text(&'t str),
    /// One number, or several with dots between them.
    Number {
        parts: Vec<&'t str>,
        kind: Kind,
    },
    /// A commit id: it tells which build this is, and nothing of its order.
    Commit(&'t str),
}

/// What a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `1.10`, `2.4.1`.
    Version,
    /// `2024.10.1`, `2024.01.02`: a version whose first part is a year.
    CalendarVersion,
    /// `2024-01-02`, `20240102`, `20240102150405`.
    Date,
    /// Seconds or milliseconds since 1970.
    UnixTime,
    Single,
}

/// Compares two tags of one image; `None` if they say nothing of their order.
pub(super) fn compare(one: &str, other: &str, numbers: Numbers) -> Option<Ordering> {
    let (one, other) = (pieces(without_v(one)), pieces(without_v(other)));
    if one.len() == other.len() && one.iter().zip(&other).all(|(one, other)| one.fits(other)) {
        return compare_numbers(&one, &other, numbers);
    }
    compare_releases(&one, &other)
}

/// Returns whether both tags begin with a version, and that of `one` is the higher one. Dates do not count, nor what follows a
/// version: a pipeline that runs again makes a new one of these.
pub(super) fn is_higher_version(one: &str, other: &str) -> bool {
    let version = |tag| match pieces(without_v(tag)).into_iter().next() {
        Some(Piece::Number { parts, kind: Kind::Version }) => Some(parts),
        _ => None,
    };
    let versions = version(one).zip(version(other));
    versions.and_then(|(one, other)| compare_parts(&one, &other)) == Some(Ordering::Greater)
}

/// A `v` before a number says only that a version follows.
fn without_v(tag: &str) -> &str {
    tag.strip_prefix(['v', 'V']).filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(tag)
}

impl Piece<'_> {
    /// Returns whether two pieces of one place can belong to comparable tags.
    fn fits(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => one.eq_ignore_ascii_case(other),
            (Self::Number { kind: one, .. }, Self::Number { kind: other, .. }) => one == other,
            (Self::Commit(_), Self::Commit(_)) => true,
            _ => false,
        }
    }
}

/// Compares the numbers of tags whose texts are equal. The first numbers that differ decide, if they are a version, a date or
/// a time, or a small number behind one of these.
fn compare_numbers(one: &[Piece<'_>], other: &[Piece<'_>], numbers: Numbers) -> Option<Ordering> {
    let same_commit = one.iter().zip(other).all(|pair| match pair {
        (Piece::Commit(one), Piece::Commit(other)) => one.eq_ignore_ascii_case(other),
        _ => true,
    });
    let mut is_ordered = false;
    for pair in one.iter().zip(other) {
        let (Piece::Number { parts, kind }, Piece::Number { parts: others, .. }) = pair else { continue };
        is_ordered |= *kind != Kind::Single || numbers == Numbers::Anywhere;
        if matches!(kind, Kind::Date | Kind::UnixTime) && !have_one_form(parts, others) {
            return None;
        }
        let decided = compare_parts(parts, others)?;
        if decided.is_ne() {
            // The count of `git describe` is a distance on one line of commits, and no order between two lines.
            let counts = *kind != Kind::Single || same_commit || numbers == Numbers::Anywhere;
            return (is_ordered && counts).then_some(decided);
        }
    }
    (is_ordered && same_commit).then_some(Ordering::Equal)
}

/// Returns whether two dates or times are written in one form: the digits of `20240102150405` and `20240103` tell no order.
fn have_one_form(one: &[&str], other: &[&str]) -> bool {
    one.iter().map(|part| part.len()).eq(other.iter().map(|part| part.len()))
}

/// Compares `1.10` and `1.9`. Of `1.26` and `1.26.1` neither is the newer one: the shorter tag moves.
fn compare_parts(one: &[&str], other: &[&str]) -> Option<Ordering> {
    let first = one.iter().zip(other).map(|(one, other)| compare_digits(one, other)).find(|order| order.is_ne());
    match first {
        Some(order) => Some(order),
        None => (one.len() == other.len()).then_some(Ordering::Equal),
    }
}

fn compare_digits(one: &str, other: &str) -> Ordering {
    let (one, other) = (one.trim_start_matches('0'), other.trim_start_matches('0'));
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

/// A version and, behind it, nothing or the words and numbers of a pre-release.
struct ReleaseNumber<'p> {
    version: &'p [&'p str],
    kind: Kind,
    /// The rank of its word, the word, and its numbers; `None` for the release itself.
    pre: Option<(u8, &'p str, Vec<&'p str>)>,
}

/// Compares tags whose texts differ: a release and pre-releases, by [SemVer](https://semver.org/#spec-item-11), but that
/// the numbers within an identifier count as numbers.
fn compare_releases(one: &[Piece<'_>], other: &[Piece<'_>]) -> Option<Ordering> {
    let (one, other) = (release(one)?, release(other)?);
    if one.kind != other.kind {
        return None;
    }
    match compare_parts(one.version, other.version)? {
        Ordering::Equal => {}
        decided => return Some(decided),
    }
    match (&one.pre, &other.pre) {
        (None, None) => Some(Ordering::Equal),
        (None, Some(_)) => Some(Ordering::Greater),
        (Some(_), None) => Some(Ordering::Less),
        (Some((rank, word, numbers)), Some((other_rank, other_word, other_numbers))) => match rank.cmp(other_rank) {
            Ordering::Equal if word == other_word => {
                let first = numbers.iter().zip(other_numbers).map(|(one, other)| compare_digits(one, other));
                let decided = first.into_iter().find(|order| order.is_ne());
                Some(decided.unwrap_or_else(|| numbers.len().cmp(&other_numbers.len())))
            }
            Ordering::Equal => None,
            decided => Some(decided),
        },
    }
}

/// Reads a version with nothing before it; `None` if something other than a pre-release follows.
fn release<'p>(pieces: &'p [Piece<'p>]) -> Option<ReleaseNumber<'p>> {
    let [Piece::Number { parts, kind: kind @ (Kind::Version | Kind::CalendarVersion) }, rest @ ..] = pieces else {
        return None;
    };
    let (Some(Piece::Text(text)), numbers) = (rest.first(), rest.get(1..).unwrap_or_default()) else {
        return rest.is_empty().then_some(ReleaseNumber { version: parts, kind: *kind, pre: None });
    };
    let word = text.strip_prefix('-')?.trim_end_matches(['.', '-', '_']);
    let (word, rank) = PRE_RELEASES.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(word))?;
    let numbers = match numbers {
        [] => Vec::new(),
        [Piece::Number { parts, .. }] => parts.clone(),
        _ => return None,
    };
    Some(ReleaseNumber { version: parts, kind: *kind, pre: Some((rank, word, numbers)) })
}

/// Returns the commit ids in a tag, without the `g` of `git describe`. Digits alone are not taken for one here.
pub(super) fn commit_ids(tag: &str) -> impl Iterator<Item = &str> {
    pieces(tag).into_iter().filter_map(|piece| match piece {
        Piece::Commit(id) => {
            Some(id.strip_prefix('g').unwrap_or(id)).filter(|id| !id.bytes().all(|b| b.is_ascii_digit()))
        }
        Piece::Text(_) | Piece::Number { .. } => None,
    })
}

/// Returns whether two tags have the same commit ids, at least one, each of which may be shortened.
pub(super) fn have_same_commit(one: &str, other: &str) -> bool {
    let ids = |tag| commit_ids(tag).map(str::to_ascii_lowercase).collect::<Vec<_>>();
    let (one, other) = (ids(one), ids(other));
    let is_same = |(one, other): (&String, &String)| one.starts_with(other.as_str()) || other.starts_with(one.as_str());
    !one.is_empty() && one.len() == other.len() && one.iter().zip(&other).all(is_same)
}

/// Returns whether a word of a tag is the beginning of the id `commit`. Here digits alone count: what they are is known.
pub(super) fn names(tag: &str, commit: &str) -> bool {
    let mut words = words(tag).filter(|word| COMMIT_DIGITS.contains(&word.len()));
    words.any(|word| commit.starts_with(&word.to_ascii_lowercase()))
}

/// Returns the words of a tag, without the `g` of `git describe`.
pub(super) fn words(tag: &str) -> impl Iterator<Item = &str> {
    tag.split(|c: char| !c.is_ascii_alphanumeric()).map(|word| word.strip_prefix('g').unwrap_or(word))
}

/// Splits a tag into its pieces.
fn pieces(tag: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = tag;
    let mut is_start_of_word = true;
    while let Some(first) = rest.chars().next() {
        let (piece, length) = match first {
            _ if is_start_of_word && commit_length(rest).is_some() => {
                let length = commit_length(rest).unwrap_or_default();
                (Piece::Commit(&rest[..length]), length)
            }
            '0'..='9' => number(rest, is_start_of_word),
            _ => {
                let end = text_length(rest);
                (Piece::Text(&rest[..end]), end)
            }
        };
        is_start_of_word = !rest[..length].ends_with(|c: char| c.is_ascii_alphanumeric());
        rest = &rest[length..];
        pieces.push(piece);
    }
    pieces
}

/// Returns how long the text at the start of `rest` is: up to a digit, or to a word that is a commit id.
fn text_length(rest: &str) -> usize {
    let mut is_start_of_word = false;
    for (at, c) in rest.char_indices() {
        if c.is_ascii_digit() || (is_start_of_word && commit_length(&rest[at..]).is_some()) {
            return at;
        }
        is_start_of_word = !c.is_ascii_alphanumeric();
    }
    rest.len()
}

/// Returns the length of the commit id that a word is, with the `g` of `git describe`.
fn commit_length(word: &str) -> Option<usize> {
    let end = word.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(word.len());
    let word = &word[..end];
    let digits = word.strip_prefix('g').unwrap_or(word);
    let is_hex = COMMIT_DIGITS.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
    let has_letter = word.bytes().any(|b| b.is_ascii_alphabetic());
    // Digits alone can be a shortened commit id as well, if they are neither a date nor a time.
    (is_hex && (has_letter || (date_length(word).is_none() && !is_unix_time(word)))).then_some(end)
}

/// Reads the number at the start of `rest`, and returns its length in bytes.
fn number(rest: &str, is_start_of_word: bool) -> (Piece<'_>, usize) {
    if is_start_of_word && let Some((parts, length)) = date_length(rest) {
        return (Piece::Number { parts, kind: Kind::Date }, length);
    }
    let mut parts = Vec::new();
    let mut length = 0;
    loop {
        let digits = digits_at(&rest[length..]);
        parts.push(&rest[length..length + digits]);
        length += digits;
        let follows = rest[length..].strip_prefix('.').is_some_and(|after| digits_at(after) > 0);
        if !follows {
            break;
        }
        length += 1;
    }
    let kind = match parts.as_slice() {
        [one] if is_unix_time(one) => Kind::UnixTime,
        [_] => Kind::Single,
        [year, ..] if is_year(year) => Kind::CalendarVersion,
        _ => Kind::Version,
    };
    (Piece::Number { parts, kind }, length)
}

fn digits_at(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn is_unix_time(digits: &str) -> bool {
    // From 2001 to 2286, in seconds or milliseconds.
    matches!(digits.len(), 10 | 13) && digits_at(digits) == digits.len() && digits.starts_with(|c| c != '0')
}

fn is_year(digits: &str) -> bool {
    digits.len() == 4 && (digits.starts_with("19") || digits.starts_with("20"))
}

/// Reads `2024-01-02`, `2024_01_02`, `20240102` or `20240102150405`, and returns the length in bytes.
fn date_length(text: &str) -> Option<(Vec<&str>, usize)> {
    let in_range = |digits: &str, least: u8, most: u8| {
        digits.len() == 2 && digits.parse().is_ok_and(|number: u8| (least..=most).contains(&number))
    };
    let digits = digits_at(text);
    if matches!(digits, 8 | 12 | 14) {
        let is_date = is_year(&text[..4]) && in_range(&text[4..6], 1, 12) && in_range(&text[6..8], 1, 31);
        return is_date.then(|| (vec![&text[..digits]], digits));
    }
    let separator = text.get(4..5).filter(|separator| ["-", "_"].contains(separator))?;
    let is_date = digits == 4
        && is_year(&text[..4])
        && text.get(5..7).is_some_and(|month| in_range(month, 1, 12))
        && text.get(7..8) == Some(separator)
        && text.get(8..10).is_some_and(|day| in_range(day, 1, 31))
        && digits_at(&text[8..]) == 2;
    is_date.then(|| (vec![&text[..4], &text[5..7], &text[8..10]], 10))
}

#[cfg(test)]
mod tests {
    use super::{Numbers, compare, have_same_commit};
    use std::cmp::Ordering;

    #[test]
    fn the_first_is_older() {
        for (older, newer) in [
            ("v1.2.3", "v1.2.4"),
            ("1.2.3", "v1.10.0"),
            ("v1.2.3-rc.9", "v1.2.3-rc.10"),
            ("v1.2.3-rc9", "v1.2.3-rc10"),
            ("v1.2.3-rc1", "v1.2.3"),
            ("v1.2.3-beta.9", "v1.2.3-rc.1"),
            ("v1.2.3-alpha", "v1.2.3-alpha.1"),
            ("1.4.0-beta9", "1.4.0-beta10"),
            ("1.4.0-SNAPSHOT", "1.4.0"),
            ("1.3.9", "1.4.0-alpha.5"),
            ("v1.2.3-build9", "v1.2.3-build10"),
            ("1.3.0-main.12", "1.3.0-main.13"),
            ("17.0.1-debian-12-r5", "17.0.1-debian-12-r10"),
            ("1.2.3-alpine", "1.2.4-alpine"),
            ("1.26-alpine", "1.27-alpine"),
            ("1.9-alpine3.19", "1.9-alpine3.20"),
            ("1.9", "1.10"),
            ("v1.2", "v1.10"),
            ("1.2.3.9", "1.2.3.10"),
            ("web-v1.9.0", "web-v1.10.0"),
            ("release-1.9", "release-1.10"),
            ("2024.01.02", "2024.01.10"),
            ("2024.1.2", "2024.1.10"),
            ("2026.11.9", "2026.11.10"),
            ("v2026.11.9", "v2026.11.10"),
            ("web-2026.11.9", "web-2026.11.10"),
            ("2026.11.31", "2026.11.32"),
            ("2026.12.31", "2027.1.1"),
            ("2026.11.10-rc1", "2026.11.10"),
            ("2024.9", "2024.10"),
            ("20240102", "20240103"),
            ("20240102-abcdef1", "20240103-0123456"),
            ("2024-01-02T1500", "2024-01-02T1600"),
            ("2021-01-28.133158", "2021-01-28.133159"),
            ("20240102150405", "20240102150406"),
            ("1700000000", "1700000100"),
            ("main-1a2b3c4-1700000000", "main-0f0f0f0-1700000100"),
            ("main-1234567-1700000000", "main-0f0f0f0-1700000100"),
            ("v1.2.3-20260101", "v1.2.3-20260102"),
            ("v1.2.3-20260102150405", "v1.2.4-20260101"),
            ("2024-01-02", "2024_01_03"),
            ("1.2.3-abc1234", "1.2.4-dec0de5"),
            ("v1.2.3-4-gabc1234", "v1.3.0-1-gdef5678"),
        ] {
            assert_eq!(compare(older, newer, Numbers::InVersions), Some(Ordering::Less), "{older} and {newer}");
            assert_eq!(compare(newer, older, Numbers::InVersions), Some(Ordering::Greater), "{newer} and {older}");
        }
    }

    #[test]
    fn both_are_of_one_version() {
        for (one, other) in [("1.2.3", "v1.2.3"), ("v1.2.3-rc.1", "v1.2.3-rc1"), ("2024.01.02", "2024.01.02")] {
            assert_eq!(compare(one, other, Numbers::InVersions), Some(Ordering::Equal), "{one} and {other}");
        }
    }

    #[test]
    fn no_order() {
        for (one, other) in [
            ("1.25.3", "1.25.3-alpine"),
            ("1.2.4-alpine", "1.2.3"),
            ("v1.2.3", "v1.2.3-hotfix1"),
            ("v1.2.3", "v1.2.3-r1"),
            ("v1.2.3", "v1.2.3-1234567"),
            ("v1.2.3-1234567", "v1.2.3-7654321"),
            ("1.3.0-main.12", "1.3.0-hotfix.1"),
            ("v1.2.3-dev.1", "v1.2.3-nightly.1"),
            ("2024.10.1", "1.0.0"),
            ("20240102", "1.0.0"),
            ("1.26", "1.26.1"),
            ("web-v1.9.0", "api-v1.10.0"),
            ("build-9", "build-10"),
            ("build-9.x", "build-10.x"),
            ("41", "42"),
            ("v7", "v8"),
            ("pr-9", "pr-12"),
            ("pr-12-1.2.3", "pr-13-1.2.3"),
            ("main-7", "main-6"),
            ("sha-abc1234", "sha-dec0de5"),
            ("abc1234", "dec0de5"),
            ("v1.2.3-4-gabc1234", "v1.2.3"),
            ("v1.2.3-10-gdef5678", "v1.2.3-9-gabc1234"),
            ("v1.2.3-abc1234", "v1.2.3-dec0de5"),
            ("20241301", "20241302"),
            ("30240101", "30240102"),
            ("3024-01-01", "3024-01-02"),
            ("20ab-01-01", "20ab-01-02"),
            ("2024-13-01", "2024-13-02"),
            ("20240102150405", "20240103"),
            ("202401021504", "20240103"),
            ("20240102", "2024-01-03"),
            ("2024-01-02", "2024.01.03"),
            ("1700000000", "1600000000000"),
            ("main-1700000000", "main-1600000000000"),
            ("main", "stable"),
            ("latest", "v1.2.3"),
        ] {
            assert_eq!(compare(one, other, Numbers::InVersions), None, "{one} and {other}");
            assert_eq!(compare(other, one, Numbers::InVersions), None, "{other} and {one}");
        }
    }

    #[test]
    fn tags_of_one_commit() {
        for (one, other, expected) in [
            ("main-1a2b3c4-1700000000", "main-1a2b3c4-1700000100", true),
            ("sha-1A2B3C4", "1a2b3c4d5e6f", true),
            ("v1.2.0-3-g1a2b3c4", "1a2b3c4", true),
            ("1a2b3c4-abcdef1", "1a2b3c4-abcdef1-2", true),
            ("1a2b3c4-abcdef1", "1a2b3c5-abcdef1", false),
            ("1a2b3c4-abcdef1", "1a2b3c4", false),
            ("main-1a2b3c4", "main-1a2b3c5", false),
            ("1234567", "1234567", false),
            ("v1.2.3", "v1.2.3", false),
        ] {
            assert_eq!(have_same_commit(one, other), expected, "{one} {other}");
            assert_eq!(have_same_commit(other, one), expected, "{other} {one}");
        }
    }

    #[test]
    fn a_number_counts_if_the_user_says_so() {
        for (one, other, expected) in [
            ("build-9", "build-10", Some(Ordering::Less)),
            ("42", "41", Some(Ordering::Greater)),
            ("pr-12-abc1234", "pr-9-dec0de5", Some(Ordering::Greater)),
            ("build-9", "job-10", None),
            ("sha-abc1234", "sha-dec0de5", None),
            ("build-9", "build-09", Some(Ordering::Equal)),
            ("latest", "latest", None),
        ] {
            assert_eq!(compare(one, other, Numbers::Anywhere), expected, "{one} and {other}");
        }
    }
}
