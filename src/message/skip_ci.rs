//! The markers in a commit's message that keep CI systems from building it, and how unwanted ones are broken. A tag, a name
//! or a subject may say `[skip ci]` by chance or by malice, and would silence pipelines that should run; so what is filled
//! into a message never makes a marker, and only what a person typed as the message's own text may.

use std::ops::Range;

/// How a commit asks CI systems to leave it alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkipCi {
    /// It does not.
    Nothing,
    /// By a text in its title, the marker of a CI system.
    Title(String),
    /// By GitHub's trailer `skip-checks: true`.
    Trailer,
    /// By GitLab's push option `ci.skip`, which leaves no trace in the history.
    PushOption,
}

/// Where a piece of a message comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceOrigin {
    /// A person typed it as the message's own text.
    Typed,
    /// It was filled in, from a tag or a name, say.
    Filled,
}

/// Returns whether `text` has a marker of any known system.
pub fn is_in(text: &str) -> bool {
    !markers(&text.chars().collect::<Vec<_>>()).is_empty()
}

/// Returns `text`, which was filled in, with every marker broken.
pub fn broken(text: &str) -> String {
    joined([(text, PieceOrigin::Filled)])
}

/// Returns `pieces` as one text, in which every marker is broken that was not typed as a whole: `[skip ci]` becomes
/// `(skip ci)`, `***NO_CI***` becomes `***NO-CI***`, and `skip-checks: true` becomes `skip-checks= true`.
pub fn joined<'p>(pieces: impl IntoIterator<Item = (&'p str, PieceOrigin)>) -> String {
    let mut text: Vec<char> = Vec::new();
    let mut typed: Vec<Range<usize>> = Vec::new();
    for (piece, origin) in pieces {
        let start = text.len();
        text.extend(piece.chars());
        if origin == PieceOrigin::Typed {
            typed.push(start..text.len());
        }
    }
    for marker in markers(&text) {
        if !typed.iter().any(|typed| typed.start <= marker.start && marker.end <= typed.end) {
            for c in &mut text[marker] {
                *c = match *c {
                    '[' => '(',
                    ']' => ')',
                    '_' => '-',
                    ':' => '=',
                    c => c,
                };
            }
        }
    }
    text.into_iter().collect()
}

/// Returns where in `text` there are markers. It finds more than any one system takes, because their rules are not exactly
/// known.
fn markers(text: &[char]) -> Vec<Range<usize>> {
    let folded: Vec<char> = text.iter().map(|c| fold(*c)).collect();
    let mut found = in_brackets(&folded);
    found.extend(occurrences(&folded, "***no_ci***"));
    for name in occurrences(&folded, "skip-checks") {
        let rest = &folded[name.end..];
        let colon = blanks(rest);
        let value = colon + 1 + rest.get(colon + 1..).map_or(0, blanks);
        if rest.get(colon) == Some(&':') && rest[value.min(rest.len())..].starts_with(&['t', 'r', 'u', 'e']) {
            found.push(name.start..name.end + value + "true".len());
        }
    }
    found
}

/// Returns `c` as a search that ignores case sees it: two letters beyond ASCII count as ones within.
fn fold(c: char) -> char {
    match c {
        'ſ' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    }
}

/// The systems that a bracket can tell to `skip`.
const SKIPPED: [&str; 8] = ["ci", "actions", "azurepipelines", "azpipelines", "azp", "travis", "travisci", "appveyor"];

/// Returns the innermost brackets that say `skip` and a system, in either order, however their words are joined.
fn in_brackets(folded: &[char]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open = None;
    for (at, c) in folded.iter().enumerate() {
        match (c, open) {
            ('[', _) => open = Some(at),
            (']', Some(start)) => {
                if skips(&folded[start + 1..at]) {
                    found.push(start..at + 1);
                }
                open = None;
            }
            _ => {}
        }
    }
    found
}

fn skips(content: &[char]) -> bool {
    let mut word = String::new();
    for c in content {
        match c {
            'a'..='z' => word.push(*c),
            // A line break becomes a space.
            ' ' | '-' | '_' => {}
            c if c.is_control() => {}
            _ => return false,
        }
    }
    let system = word.strip_prefix("skip").or_else(|| word.strip_suffix("skip"));
    word == "noci" || system.is_some_and(|system| SKIPPED.contains(&system))
}

fn occurrences(folded: &[char], word: &str) -> Vec<Range<usize>> {
    let word: Vec<char> = word.chars().collect();
    let windows = folded.windows(word.len()).enumerate();
    windows.filter(|(_, window)| *window == word).map(|(at, _)| at..at + word.len()).collect()
}

fn blanks(text: &[char]) -> usize {
    text.iter().take_while(|c| c.is_whitespace() || c.is_control()).count()
}

#[cfg(test)]
mod tests {
    use super::{PieceOrigin, broken, is_in, joined};

    #[test]
    fn what_is_a_marker() {
        for (text, expected) in [
            ("[skip ci]", "(skip ci)"),
            ("x[Ci Skip]y", "x(Ci Skip)y"),
            ("[no ci][skip actions] [ACTIONS SKIP]", "(no ci)(skip actions) (ACTIONS SKIP)"),
            ("[ci_skip] [skip-ci] [skipci] [skip   ci]", "(ci-skip) (skip-ci) (skipci) (skip   ci)"),
            ("[skip azurepipelines] [azp skip]", "(skip azurepipelines) (azp skip)"),
            ("[skip travis-ci] [travis skip] [skip appveyor]", "(skip travis-ci) (travis skip) (skip appveyor)"),
            ("***NO_CI******no_ci***", "***NO-CI******no-ci***"),
            ("skip-checks:true", "skip-checks=true"),
            ("a\nSkip-Checks : True", "a\nSkip-Checks = True"),
            ("[[skip ci]]", "[(skip ci)]"),
            ("[skip\nci]", "(skip\nci)"),
            ("[\u{17f}\u{212a}ip ci]", "(\u{17f}\u{212a}ip ci)"),
        ] {
            assert!(is_in(text), "{text:?}");
            assert_eq!(broken(text), expected);
            assert!(!is_in(expected), "{expected:?}");
        }
        for text in ["", "[", "]", "[]", "[skip]", "skip ci", "[skip ci", "[ci]", "a[0]", "skip-checks", "skip-checks:"]
        {
            assert_eq!(broken(text), text);
        }
    }

    #[test]
    fn only_what_was_typed_as_a_whole_stays() {
        use PieceOrigin::{Filled, Typed};
        for (pieces, expected) in [
            (&[("New [skip ci] ", Typed), ("v1", Filled)][..], "New [skip ci] v1"),
            (&[("New [skip ci] ", Typed), ("[skip ci]", Filled)], "New [skip ci] (skip ci)"),
            (&[("[", Typed), ("skip-ci", Filled), ("]", Typed)], "(skip-ci)"),
            (&[("skip-checks:", Typed), (" true", Filled)], "skip-checks= true"),
        ] {
            assert_eq!(joined(pieces.iter().copied()), expected);
        }
    }
}
