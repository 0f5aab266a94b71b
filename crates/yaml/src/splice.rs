//! The one way a text changes: some bytes go, others come in their place, and everything between is copied.

use std::ops::Range;

/// Text that takes the place of a range of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    pub range: Range<usize>,
    pub(crate) text: String,
}

impl Splice {
    /// Puts a text in the place of a range of bytes.
    pub fn replace(range: Range<usize>, text: impl Into<String>) -> Self {
        Self { range, text: text.into() }
    }
}

/// Sorts splices into the order of the text; what is inserted at one place stays in the order it was asked for.
/// Deletions that overlap become one.
///
/// # Errors
///
/// Any others that overlap: returns the place of the second one.
pub fn ordered(mut splices: Vec<Splice>) -> Result<Vec<Splice>, usize> {
    splices.sort_by_key(|splice| (splice.range.start, splice.range.end));
    let mut ordered: Vec<Splice> = Vec::with_capacity(splices.len());
    for splice in splices {
        match ordered.last_mut() {
            Some(last) if splice.range.start < last.range.end => {
                if !last.text.is_empty() || !splice.text.is_empty() {
                    return Err(splice.range.start);
                }
                last.range.end = last.range.end.max(splice.range.end);
            }
            _ => ordered.push(splice),
        }
    }
    Ok(ordered)
}

/// Copies `source` with the ordered `splices` applied. Returns nothing if one does not lie on characters.
pub fn apply(source: &str, splices: &[Splice]) -> Option<String> {
    let added: usize = splices.iter().map(|splice| splice.text.len()).sum();
    let mut text = String::with_capacity(source.len() + added);
    let mut copied = 0;
    for Splice { range, text: new } in splices {
        text.push_str(source.get(copied..range.start)?);
        text.push_str(new);
        source.get(range.clone())?;
        copied = range.end;
    }
    text.push_str(source.get(copied..)?);
    Some(text)
}

/// Whether `edited` is `source` with nothing changed outside the splices: walks both from the start, which
/// [`apply`] is not asked to vouch for.
pub(crate) fn is_outside_equal(source: &str, edited: &str, splices: &[Splice]) -> bool {
    let (mut source, mut edited, mut at) = (source.as_bytes(), edited.as_bytes(), 0);
    for Splice { range, text } in splices {
        let kept = range.start - at;
        if source.get(..kept) != edited.get(..kept) || source.len() < kept {
            return false;
        }
        let rest = edited[kept..].strip_prefix(text.as_bytes());
        let (Some(after), Some(rest)) = (source.get(range.end - at..), rest) else {
            return false;
        };
        (source, edited, at) = (after, rest, range.end);
    }
    source == edited
}

#[cfg(test)]
mod tests {
    use super::{Splice, apply, is_outside_equal, ordered};

    #[test]
    fn order_is_the_text_s() {
        let splices = vec![
            Splice::replace(4..5, "E"),
            Splice::replace(2..2, "x"),
            Splice::replace(2..2, "y"),
            Splice::replace(2..4, ""),
            Splice::replace(3..4, ""),
        ];
        let splices = ordered(splices).unwrap();
        let text = apply("abcdef", &splices).unwrap();
        assert_eq!(text, "abxyEf");
        assert!(is_outside_equal("abcdef", &text, &splices));
        assert!(!is_outside_equal("abcdef", "abxyEg", &splices));
        assert!(!is_outside_equal("abcdef", "abxyE", &splices));
        assert!(!is_outside_equal("abcdef", "", &splices));
    }

    #[test]
    fn a_splice_may_be_at_the_end_and_not_behind_it() {
        assert!(is_outside_equal("ab", "abc", &[Splice::replace(2..2, "c")]));
        assert!(!is_outside_equal("ab", "ab", &[Splice::replace(3..3, "")]));
    }

    #[test]
    fn what_cannot_be_applied() {
        assert_eq!(ordered(vec![Splice::replace(0..2, "x"), Splice::replace(1..3, "")]), Err(1));
        assert_eq!(apply("é", &[Splice::replace(1..1, "x")]), None);
        assert_eq!(apply("a", &[Splice::replace(0..2, "")]), None);
    }
}
