//! Patterns of paths, and of names that have parts as paths do: `*` for any text within one part, `**` for any number of
//! parts, `?` for one character. `/` separates the parts. The rules on a branch and the files of a command line share them.
//! Matching takes time that grows with the product of both lengths, whatever the pattern is.

use std::fmt;

/// A pattern that was read, such as `overlays/*/web` or `ghcr.io/org/**`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobPattern {
    text: String,
    parts: Vec<PartPattern>,
}

/// The pattern of one part.
#[derive(Debug, Clone, PartialEq, Eq)]
enum PartPattern {
    /// `**`
    AnyParts,
    Characters(Vec<char>),
}

/// Why a text is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GlobError {
    #[error("a pattern is empty")]
    Empty,
    #[error("`{pattern}` has `{character}`, which has no meaning in a pattern; `*`, `**` and `?` have one")]
    Character { pattern: String, character: char },
    #[error("`{0}` has an empty part")]
    EmptyPart(String),
    #[error("`{0}` has a part with `.` or `..` alone")]
    Dots(String),
    #[error("`{0}` has `**` beside other characters; `**` is a part of its own, as in `overlays/**`")]
    DoubleStar(String),
}

impl GlobPattern {
    /// Reads a pattern. A `/` at its end is allowed, because people end the names of folders so.
    pub fn parse(text: &str) -> Result<Self, GlobError> {
        if text.is_empty() {
            return Err(GlobError::Empty);
        }
        let is_other = |c: &char| "[]{}!\\^|".contains(*c) || c.is_control();
        if let Some(character) = text.chars().find(is_other) {
            return Err(GlobError::Character { pattern: text.to_owned(), character });
        }
        let parts = text.strip_suffix('/').unwrap_or(text).split('/').map(|part| match part {
            "" => Err(GlobError::EmptyPart(text.to_owned())),
            "." | ".." => Err(GlobError::Dots(text.to_owned())),
            "**" => Ok(PartPattern::AnyParts),
            part if part.contains("**") => Err(GlobError::DoubleStar(text.to_owned())),
            part => Ok(PartPattern::Characters(part.chars().collect())),
        });
        Ok(Self { text: text.to_owned(), parts: parts.collect::<Result<_, _>>()? })
    }

    /// Returns whether the whole of `text` fits.
    pub fn matches(&self, text: &str) -> bool {
        self.matches_parts(&text.split('/').collect::<Vec<_>>())
    }

    /// Returns whether the path of a file, or of a folder above it, fits.
    pub fn matches_at_or_above(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').collect();
        (1..=parts.len()).any(|count| self.matches_parts(&parts[..count]))
    }

    /// Returns whether a folder fits, or can have something below it that fits.
    pub fn leads_into(&self, folder: &str) -> bool {
        let folder: Vec<&str> = folder.split('/').collect();
        // The last part is about what is in the folder, unless it stands for any number of parts.
        let above = (0..self.parts.len()).map(|count| match self.parts[count] {
            PartPattern::AnyParts => &self.parts[..=count],
            PartPattern::Characters(_) => &self.parts[..count],
        });
        self.matches_parts(&folder) || above.into_iter().any(|pattern| matches_all(pattern, &folder))
    }

    /// Returns whether all of `parts` fit.
    pub(in crate::git) fn matches_parts(&self, parts: &[&str]) -> bool {
        matches_all(&self.parts, parts)
    }
}

/// Returns whether all of `parts` fit `pattern`.
fn matches_all(pattern: &[PartPattern], parts: &[&str]) -> bool {
    let is_any = |pattern: &PartPattern| matches!(pattern, PartPattern::AnyParts);
    let fits = |pattern: &PartPattern, part: &&str| match pattern {
        PartPattern::AnyParts => true,
        PartPattern::Characters(characters) => {
            let part: Vec<char> = part.chars().collect();
            wildcard(characters, &part, |c| *c == '*', |wanted, found| *wanted == '?' || wanted == found)
        }
    };
    wildcard(pattern, parts, is_any, fits)
}

/// Returns whether all of `items` fit `pattern`, in which a star stands for any number of them. After a mismatch only the
/// last star takes one more item: what an earlier star could take in addition, the last one can take as well.
fn wildcard<P, T>(pattern: &[P], items: &[T], is_star: impl Fn(&P) -> bool, fits: impl Fn(&P, &T) -> bool) -> bool {
    let (mut at, mut item) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while item < items.len() {
        match pattern.get(at) {
            Some(star) if is_star(star) => {
                retry = Some((at, item));
                at += 1;
            }
            Some(wanted) if fits(wanted, &items[item]) => {
                at += 1;
                item += 1;
            }
            _ => {
                let Some((star, taken)) = retry else { return false };
                retry = Some((star, taken + 1));
                (at, item) = (star + 1, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(is_star)
}

impl fmt::Display for GlobPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::GlobPattern;

    #[test]
    fn what_fits() {
        for (pattern, text, expected) in [
            ("web", "web", true),
            ("web", "web2", false),
            ("web*", "web", true),
            ("*web", "aweb", true),
            ("w*b*", "web-blue", true),
            ("w?b", "web", true),
            ("w?b", "wb", false),
            ("?", "é", true),
            ("*", "a/b", false),
            ("ghcr.io/org/*", "ghcr.io/org/web", true),
            ("ghcr.io/org/*", "ghcr.io/org/team/web", false),
            ("ghcr.io/org/*", "ghcr.io/organisation/web", false),
            ("ghcr.io/org/**", "ghcr.io/org/team/web", true),
            ("ghcr.io/org/**", "ghcr.io/org", true),
            ("ghcr.io/org/**", "ghcr.io/org2/web", false),
            ("**/web", "web", true),
            ("**/web", "a/b/web", true),
            ("a/**/b", "a/b", true),
            ("a/**/b", "a/x/y/b", true),
            ("a/**/b", "a/x/y/c", false),
            ("a/**/b/**/c", "a/b/b/x/c", true),
            ("**", "a/b", true),
            ("a/", "a", true),
            ("aab*ab", "aabaab", true),
        ] {
            assert_eq!(GlobPattern::parse(pattern).unwrap().matches(text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_folder_stands_for_what_is_below_it() {
        for (pattern, path, expected) in [
            ("overlays/prod", "overlays/prod/kustomization.yaml", true),
            ("overlays/prod/", "overlays/prod/web/kustomization.yaml", true),
            ("overlays/*", "overlays/prod/web/kustomization.yaml", true),
            ("overlays/prod", "overlays/production/kustomization.yaml", false),
            ("prod", "overlays/prod/kustomization.yaml", false),
            ("**/prod", "overlays/prod/kustomization.yaml", true),
            ("*.yaml", "values.yaml", true),
            ("*.yaml", "a/values.yaml", false),
        ] {
            let fits = GlobPattern::parse(pattern).unwrap().matches_at_or_above(path);
            assert_eq!(fits, expected, "{pattern} {path}");
        }
    }

    #[test]
    fn which_folders_a_pattern_leads_into() {
        for (pattern, folder, expected) in [
            ("apps/*", "apps", true),
            ("apps/*", "apps/web", true),
            ("apps/*", "base", false),
            ("apps/*", "apps/web/overlays", false),
            ("apps/**/prod", "apps/web/overlays", true),
            ("apps/**/prod", "clusters", false),
            ("apps/**", "apps/web/overlays/prod", true),
            ("**", "apps/web", true),
        ] {
            let leads = GlobPattern::parse(pattern).unwrap().leads_into(folder);
            assert_eq!(leads, expected, "{pattern} {folder}");
        }
    }

    #[test]
    fn what_is_no_pattern() {
        for text in ["", "/a", "a//b", "./a", "a/..", "a**", "[ab]", "{a,b}", "!a", "a\\b", "a\nb", "/"] {
            assert!(GlobPattern::parse(text).is_err(), "{text:?}");
        }
    }

    /// With one more try for each star, this would not end.
    #[test]
    fn no_pattern_takes_long() {
        let pattern = GlobPattern::parse(&format!("{}b", "a*".repeat(300))).unwrap();
        assert!(!pattern.matches(&"a".repeat(1000)));
        let pattern = GlobPattern::parse(&format!("{}b", "**/a/".repeat(300))).unwrap();
        assert!(!pattern.matches(&"a/".repeat(500)));
    }
}
