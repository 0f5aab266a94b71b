//! The proof of an edit: the bytes outside the splices are equal, and two readers see what was asked for. The first
//! reader located the splices, so it alone would be a witness for itself; the second one knows nothing of them, and what
//! it does not see is not written. If every line of both texts stands for itself, both parsers read the entries that changed,
//! and the bytes prove the others (`line_proof`). Else the second one reads the whole new text; the first one reads the lines
//! that changed, if the second one reads in the whole text what follows from them (`reread`), or all of it too.

use super::compare::{Difference, differs};
use super::error::YamlError;
use super::first_reader::parse;
use super::line_proof::reread_by_lines;
use super::parsed::{ParsedYaml, ReadYaml};
use super::reread::reread;
use super::source::SourceText;
use super::splice::{Splice, is_outside_equal};

/// An edited text that was proved.
#[derive(Debug)]
pub struct Proved<'n> {
    pub new: ParsedYaml<'n>,
    /// Why the second reader cannot read the new text, if it could not read the old one either.
    pub unread: Option<YamlError>,
}

/// Proves that `new` is `old` with the asked changes, which `judge` looks for in the view of each reader.
pub fn prove<'n>(
    old: &ParsedYaml<'n>,
    new: &'n SourceText<'n>,
    splices: &[Splice],
    second_reader: ReadYaml,
    judge: impl Fn(&ParsedYaml<'_>, &ParsedYaml<'_>) -> Result<(), Difference>,
) -> Result<Proved<'n>, Difference> {
    if !is_outside_equal(old.source.text, new.text, splices) {
        return differs("bytes changed that were not to change");
    }
    if let Some(new) = reread_by_lines(old, new, splices, second_reader) {
        judge(old, &new)?;
        return Ok(Proved { new, unread: None });
    }
    // Lines depend on others, so the second reader reads the whole text.
    let second_new = second_reader(new);
    let agrees = |new: &ParsedYaml<'_>| second_new.as_ref().is_ok_and(|second| second.tree.reads_as(&new.tree));
    let quick = reread(old, new, splices).filter(|new| agrees(new));
    let is_agreed = quick.is_some();
    let new = match quick {
        Some(new) => new,
        None => parse(new).or_else(|error| differs(format!("the new text cannot be read: {error}")))?,
    };
    judge(old, &new)?;
    if is_agreed || agrees(&new) {
        return Ok(Proved { new, unread: None });
    }
    // The readers differ. If they did so before, the second one judges by its own reading of both texts; if it could not
    // read the old one, it is no judge.
    let Ok(second_old) = second_reader(old.source) else {
        return Ok(Proved { new, unread: second_new.err() });
    };
    match second_new {
        Ok(second_new) => {
            judge(&second_old, &second_new).map_err(|Difference { text, node }| Difference {
                text: format!("the second reader: {text}"),
                // The nodes of another reading have other numbers.
                node: node.filter(|_| second_old.tree.reads_as(&old.tree)),
            })?;
            Ok(Proved { new, unread: None })
        }
        Err(error) => differs(format!("the second reader cannot read the new text: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::prove;
    use crate::compare::{Difference, differs};
    use crate::error::YamlError;
    use crate::parsed::{ParsedYaml, ReadYaml};
    use crate::source::SourceText;
    use crate::splice::Splice;
    use crate::{first_reader, second_reader};

    /// With an anchor, so that the second reader reads the whole of the new text.
    const OLD: &str = "tag: v1\nother: x\nlast: &a y\n";
    const NEW: &str = "tag: v2\nother: x\nlast: &a y\n";

    /// Proves that `tag` became `v2`, and nothing else changed.
    fn prove_tag(second: ReadYaml) -> Result<Option<YamlError>, Difference> {
        let (old, new) = (SourceText::read(OLD.as_bytes()).unwrap(), SourceText::read(NEW.as_bytes()).unwrap());
        let old = first_reader::read(&old).unwrap();
        let proved = prove(&old, &new, &[Splice::replace(5..7, "v2")], second, |old, new| {
            let value = |yaml: &ParsedYaml<'_>, key: &str| {
                let pair = yaml.tree.own(yaml.tree.documents[0], &|text| text == key);
                pair.and_then(|pair| yaml.tree.text(pair.value).map(str::to_owned))
            };
            let is_so = value(new, "tag").as_deref() == Some("v2") && value(old, "other") == value(new, "other");
            if is_so { Ok(()) } else { differs("not what was asked for") }
        });
        proved.map(|proved| proved.unread)
    }

    /// Reads a text that is not the given one.
    fn read_another<'d>(source: &'d SourceText<'d>, text: &'static str) -> Result<ParsedYaml<'d>, YamlError> {
        let other: &'static SourceText<'static> = Box::leak(Box::new(SourceText::read(text.as_bytes())?));
        Ok(ParsedYaml::new(source, first_reader::read(other)?.tree))
    }

    #[test]
    fn two_readers_that_agree_prove_an_edit() {
        assert!(prove_tag(second_reader::read).is_ok());
    }

    #[test]
    fn a_second_reader_that_sees_another_change_forbids_the_edit() {
        let veto = prove_tag(|source| match source.text {
            NEW => read_another(source, "tag: v2\nother: y\nlast: &a y\n"),
            _ => second_reader::read(source),
        });
        assert_eq!(veto.unwrap_err().text, "the second reader: not what was asked for");
    }

    #[test]
    fn a_second_reader_that_cannot_read_the_new_text_forbids_the_edit() {
        let veto = prove_tag(|source| match source.text {
            NEW => Err(YamlError::Utf16),
            _ => second_reader::read(source),
        });
        assert!(veto.unwrap_err().text.starts_with("the second reader cannot read the new text"));
    }

    /// It differs from the first reader on both texts, and sees the asked change all the same.
    #[test]
    fn a_second_reader_that_always_read_otherwise_judges_by_its_own_reading() {
        let verdict = prove_tag(|source| match source.text {
            NEW => read_another(source, "tag: v2\nother: 'x'\nlast: &a y\n"),
            _ => read_another(source, "tag: v1\nother: 'x'\nlast: &a y\n"),
        });
        assert!(verdict.is_ok());
    }

    #[test]
    fn a_second_reader_that_could_not_read_the_old_text_is_no_judge() {
        assert_eq!(prove_tag(|_| Err(YamlError::Utf16)).unwrap(), Some(YamlError::Utf16));
    }

    #[test]
    fn the_first_reader_must_be_convinced_and_the_bytes_outside_be_equal() {
        let (old, new) = (SourceText::read(OLD.as_bytes()).unwrap(), SourceText::read(NEW.as_bytes()).unwrap());
        let old = first_reader::read(&old).unwrap();
        let splices = [Splice::replace(5..7, "v2")];
        assert!(prove(&old, &new, &splices, second_reader::read, |_, _| differs("no")).is_err());
        assert!(prove(&old, &new, &[], second_reader::read, |_, _| Ok(())).is_err());
    }

    /// To go-yaml the second text has a key `tag:`, and to libyaml an error; the first reader sees the same in the two texts.
    #[test]
    fn a_key_that_takes_its_colon_in_libyaml_forbids_the_edit() {
        let texts =
            ["{tag: , other: x}\n", "{tag:, other: x}\n"].map(|text| SourceText::read(text.as_bytes()).unwrap());
        let [old, new] = texts.each_ref().map(|source| first_reader::read(source).unwrap());
        let prove = |from, to: &ParsedYaml<'_>, splice| {
            let text = to.source.text.to_owned();
            let source = SourceText::read(text.as_bytes()).unwrap();
            prove(from, &source, &[splice], second_reader::read, |_, _| Ok(())).is_ok()
        };
        assert!(!prove(&old, &new, Splice::replace(5..6, "")));
        assert!(prove(&new, &old, Splice::replace(5..5, " ")));
        assert!(prove(&new, &new, Splice::replace(5..5, "")), "it was so before");
    }
}
