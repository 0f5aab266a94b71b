//! The marks in a commit's message that keep CI systems from building it: which one to write for which system, and how
//! those are broken that nobody meant. A tag, a name or a subject may say `[skip ci]` by chance or by malice, and would
//! silence pipelines that should run; so what is filled into a message never makes a marker, and only what a person typed
//! as the message's own text may.

use std::ops::Range;

/// How a commit asks CI systems to leave it alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkipCi {
    /// It does not.
    Nothing,
    /// By a text in its title.
    Title(String),
    /// By GitHub's trailer `skip-checks: true`.
    Trailer,
    /// By GitLab's push option `ci.skip`, which leaves no trace in the history.
    PushOption,
}

/// A CI system: its name as a value of `--skip-ci`, its name as it is detected, and its marker.
struct System {
    preset: &'static str,
    detected: &'static str,
    marker: &'static str,
}

/// In the title and in lower case, this is the one spelling that nearly every system knows.
const USUAL: &str = "[skip ci]";

const SYSTEMS: [System; 15] = [
    system("github", "GitHub Actions", USUAL),
    system("gitlab", "GitLab CI", USUAL),
    system("gitea", "Gitea Actions", USUAL),
    system("forgejo", "Forgejo Actions", USUAL),
    system("bitbucket", "Bitbucket Pipelines", USUAL),
    system("azure", "Azure Pipelines", USUAL),
    system("circleci", "CircleCI", USUAL),
    system("buildkite", "Buildkite", USUAL),
    system("drone", "Drone", USUAL),
    system("woodpecker", "Woodpecker", USUAL),
    system("travis", "Travis CI", USUAL),
    system("appveyor", "AppVeyor", USUAL),
    system("semaphore", "Semaphore", USUAL),
    // The default of its SCM Skip plugin, and the only spelling that it takes.
    system("jenkins", "Jenkins", "[ci skip]"),
    // Its GitLab plugin knows another one, and cannot be told from outside.
    system("jenkins-gitlab", "", "[ci-skip]"),
];

const fn system(preset: &'static str, detected: &'static str, marker: &'static str) -> System {
    System { preset, detected, marker }
}

impl SkipCi {
    /// Reads a value of `--skip-ci`; `ci` is the name of the system that this runs under. `None`: it is no marker.
    pub fn parse(text: &str, ci: Option<&str>) -> Option<Self> {
        let of = |found: Option<&System>| Self::Title(found.map_or(USUAL, |system| system.marker).to_owned());
        Some(match text {
            // On, because every release is a direct push.
            "auto" => of(SYSTEMS.iter().find(|system| Some(system.detected) == ci)),
            "always" => of(None),
            "never" => Self::Nothing,
            "skip-checks" => Self::Trailer,
            "push-option" => Self::PushOption,
            text => match SYSTEMS.iter().find(|system| system.preset == text) {
                Some(system) => of(Some(system)),
                None if text.trim().is_empty() || text.contains(char::is_control) => return None,
                None => Self::Title(text.trim().to_owned()),
            },
        })
    }
}

/// Who wrote a piece of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A person, as the message's own text.
    Typed,
    /// It was filled in.
    Filled,
}

/// Returns whether `text` has a marker of any known system.
pub fn is_in(text: &str) -> bool {
    !markers(&text.chars().collect::<Vec<_>>()).is_empty()
}

/// Returns `text`, which was filled in, with every marker broken.
pub fn broken(text: &str) -> String {
    joined([(text, Origin::Filled)])
}

/// Returns `pieces` as one text, in which every marker is broken that was not typed as a whole: `[skip ci]` becomes
/// `(skip ci)`, `***NO_CI***` becomes `***NO-CI***`, and `skip-checks: true` becomes `skip-checks= true`.
pub fn joined<'p>(pieces: impl IntoIterator<Item = (&'p str, Origin)>) -> String {
    let mut text: Vec<char> = Vec::new();
    let mut typed: Vec<Range<usize>> = Vec::new();
    for (piece, origin) in pieces {
        let start = text.len();
        text.extend(piece.chars());
        if origin == Origin::Typed {
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

/// Returns where in `text` there are markers. More than any one system takes, so that nobody has to know them exactly.
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
            // Where a line breaks, a space will stand.
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
    use super::{Origin, SYSTEMS, SkipCi, broken, is_in, joined};

    #[test]
    fn values_of_the_flag() {
        let title = |marker: &str| Some(SkipCi::Title(marker.to_owned()));
        for (text, ci, expected) in [
            ("auto", None, title("[skip ci]")),
            ("auto", Some("GitLab CI"), title("[skip ci]")),
            ("auto", Some("A system that nobody knows"), title("[skip ci]")),
            ("auto", Some("Jenkins"), title("[ci skip]")),
            ("always", Some("Jenkins"), title("[skip ci]")),
            ("never", Some("Jenkins"), Some(SkipCi::Nothing)),
            ("jenkins", None, title("[ci skip]")),
            ("jenkins-gitlab", None, title("[ci-skip]")),
            ("azure", None, title("[skip ci]")),
            ("skip-checks", None, Some(SkipCi::Trailer)),
            ("push-option", None, Some(SkipCi::PushOption)),
            ("[no ci]", None, title("[no ci]")),
            (" NOBUILD ", None, title("NOBUILD")),
            ("a\nb", None, None),
            (" ", None, None),
        ] {
            assert_eq!(SkipCi::parse(text, ci), expected, "{text:?} under {ci:?}");
        }
    }

    #[test]
    fn every_marker_that_is_written_is_one() {
        for system in SYSTEMS {
            assert!(is_in(system.marker), "{}", system.preset);
        }
    }

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
        use Origin::{Filled, Typed};
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
