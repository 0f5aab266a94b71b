//! Which images an entry is for, as kustomize tells it: the name is a regular expression, and a tag and a digest may follow.
//! Most names are plain text, in which a dot stands for any character. They are looked up, and not tried one by one.

use std::collections::{BTreeSet, HashMap};

use regex_lite::{Regex, RegexBuilder};

/// What is special in a regular expression. Not `.`: nearly every name has one, and it matches itself.
pub(super) const SPECIAL: [char; 13] = ['*', '+', '?', '(', ')', '[', ']', '{', '}', '|', '^', '$', '\\'];

/// The most memory of an expression, in bytes: a few characters can stand for many.
const MAX_EXPRESSION_BYTES: usize = 64 << 10;

/// What may follow the name in an image.
const VERSION: &str = r"(:[a-zA-Z0-9_.{}-]*)?(@[a-zA-Z0-9]+([.+_-][a-zA-Z0-9]+)*:[a-zA-Z0-9_.{}-]*)?$";

/// The names of a list of entries, each at its place.
pub(in crate::targets) struct EntryNames<'e> {
    plain: HashMap<&'e str, Vec<usize>>,
    /// Where the plain names have dots.
    dots: BTreeSet<Vec<usize>>,
    expressions: Vec<(usize, Regex)>,
    /// The names that cannot be read as expressions.
    pub(super) unread: Vec<usize>,
    version: Option<Regex>,
}

impl<'e> EntryNames<'e> {
    pub(in crate::targets) fn of(names: impl Iterator<Item = &'e str>) -> Self {
        let version = Regex::new(&format!("^{VERSION}")).ok();
        let (plain, dots) = (HashMap::new(), BTreeSet::new());
        let mut all = Self { plain, dots, expressions: Vec::new(), unread: Vec::new(), version };
        for (at, name) in names.enumerate() {
            if is_plain(name) {
                all.plain.entry(name).or_default().push(at);
                all.dots.insert(name.match_indices('.').map(|(dot, _)| dot).collect());
            } else {
                match expression(name) {
                    Some(expression) => all.expressions.push((at, expression)),
                    None => all.unread.push(at),
                }
            }
        }
        all
    }

    /// Returns the first place of a plain name that several entries have.
    pub(super) fn first_of_several(&self, name: &str) -> Option<usize> {
        self.plain.get(name).filter(|places| places.len() > 1).map(|places| places[0])
    }

    /// Returns the first place from `from` on whose entry is for an image, of those that count.
    pub(in crate::targets) fn next(&self, from: usize, image: &str, counts: &dyn Fn(usize) -> bool) -> Option<usize> {
        let is_next = |place: &usize| *place >= from && counts(*place);
        let plain = self.names_of(image).filter_map(|name| self.plain.get(name.as_str())).filter_map(|places| {
            let later = &places[places.partition_point(|place| *place < from)..];
            later.iter().copied().find(is_next)
        });
        let matching = self.expressions.iter().find(|(place, expression)| is_next(place) && expression.is_match(image));
        plain.chain(matching.map(|(place, _)| *place)).min()
    }

    /// Returns the plain names that are for an image: it ends where a version begins, and may have a dot wherever one has.
    fn names_of<'a>(&'a self, image: &'a str) -> impl Iterator<Item = String> + 'a {
        let is_version = |text: &str| self.version.as_ref().is_some_and(|version| version.is_match(text));
        let marks = image.match_indices([':', '@']).map(|(mark, _)| mark).chain([image.len()]);
        let names = marks.filter(move |mark| is_version(&image[*mark..])).map(|mark| &image[..mark]);
        names.flat_map(|name| self.dots.iter().filter_map(move |dots| with_dots(name, dots)))
    }
}

/// Returns whether a name is no expression but for its dots.
pub(super) fn is_plain(name: &str) -> bool {
    !name.contains(SPECIAL)
}

/// Returns whether a name can be read.
pub(super) fn is_read(name: &str) -> bool {
    is_plain(name) || expression(name).is_some()
}

/// Returns whether an entry is for an image, if its name can be read.
pub(in crate::targets) fn is_for(name: &str, image: &str) -> bool {
    EntryNames::of(std::iter::once(name)).next(0, image, &|_| true).is_some()
}

fn with_dots(name: &str, dots: &[usize]) -> Option<String> {
    let mut bytes = name.as_bytes().to_vec();
    for dot in dots {
        *bytes.get_mut(*dot)? = b'.';
    }
    String::from_utf8(bytes).ok()
}

/// Returns the expression that kustomize makes of a name, if both read it alike.
fn expression(name: &str) -> Option<Regex> {
    let text = format!("^{}{VERSION}", as_in_go(name)?);
    RegexBuilder::new(&text).size_limit(MAX_EXPRESSION_BYTES).build().ok()
}

/// Returns an expression of Go as one of ours. A brace that begins no count is a character there, and a repetition of a
/// repetition is an error.
fn as_in_go(name: &str) -> Option<String> {
    let mut text = String::with_capacity(name.len());
    let mut rest = name;
    let mut is_repeated = false;
    while let Some(character) = rest.chars().next() {
        let escaped = rest.strip_prefix('\\').and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        let count = count(rest);
        let mut length = count.map_or(character.len_utf8() + escaped, str::len);
        let repeats = count.is_some() || matches!(character, '*' | '+' | '?');
        if repeats && is_repeated {
            return None;
        }
        if character == '{' && count.is_none() {
            text.push('\\');
        }
        // A question mark behind a repetition makes it a short one.
        if repeats && rest[length..].starts_with('?') {
            length += 1;
        }
        text.push_str(&rest[..length]);
        rest = &rest[length..];
        is_repeated = repeats;
    }
    Some(text)
}

/// Returns the count that a text begins with, such as `{2}`, `{2,}` or `{2,3}`.
fn count(text: &str) -> Option<&str> {
    let inner = &text[1..text.strip_prefix('{')?.find('}')? + 1];
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (least, most) = inner.split_once(',').unwrap_or((inner, ""));
    (is_number(least) && (most.is_empty() || is_number(most))).then(|| &text[..inner.len() + 2])
}

#[cfg(test)]
mod tests {
    use super::{expression, is_for, is_plain};

    const DIGEST: &str = "@sha256:1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c";

    #[test]
    fn a_name_is_for_what_kustomize_applies_it_to() {
        for (name, image) in [
            ("web", "web:v1"),
            ("web", "web:"),
            ("web:v1", "web:v1"),
            ("web:v1", &format!("web:v1{DIGEST}")),
            ("web", &format!("web{DIGEST}")),
            (&format!("web{DIGEST}"), &format!("web{DIGEST}")),
            ("localhost:5000/web", "localhost:5000/web:v1"),
            ("gcr.io/app", "gcrXio/app"),
            ("w.b:v.", "web:v2"),
            (".*", "a/b:v1"),
            ("we|api", "web:v1"),
            ("we|api", "my/api"),
            ("team-[ab]/app", "team-b/app:v1"),
            ("*web", "my/web"),
            ("we{1}b", "web"),
            ("w{e}b", "w{e}b"),
            (r"w\.b", "w.b"),
        ] {
            assert!(is_for(name, image), "{name} {image}");
        }
        for (name, image) in [
            ("web", "web2"),
            ("web", "a/web"),
            ("web", "web:v1+2"),
            ("web:v1", "web:v10"),
            ("web:v1", "web"),
            ("localhost", "localhost:5000/web"),
            ("Web", "web"),
            (r"w\.b", "web"),
            ("${NAME}", "web"),
            ("acme/(web", "acme/web"),
        ] {
            assert!(!is_for(name, image), "{name} {image}");
        }
    }

    #[test]
    fn what_go_does_not_read_is_not_read() {
        for name in ["acme/(web", "acme/c++", "a**", "a+??", "a{2}*", "a[", "[a", "a)", r"a\"] {
            assert!(expression(name).is_none_or(|_| is_plain(name)), "{name}");
        }
        for name in ["a+?", "a{2}?", "{{ .Name }}", "${NAME}", "a{,2}", "é.*"] {
            assert!(expression(name).is_some(), "{name}");
        }
    }
}
