//! The proof of an edit: the bytes outside the splices are equal, and two readers see what was asked for. The first
//! reader located the splices, so it alone would be a witness for itself; the second one knows nothing of them, and what
//! it does not see is not written.

use super::compare::{Difference, differs};
use super::error::YamlError;
use super::parsed::ParsedYaml;
use super::source::SourceText;
use super::splice::{Splice, is_outside_equal};

/// Reads a text as YAML.
pub(crate) type ReadYaml = for<'d> fn(&'d SourceText<'d>) -> Result<ParsedYaml<'d>, YamlError>;

/// Proves that `new` is `old` with the asked changes, which `judge` looks for in the view of each reader. Returns why the
/// second reader cannot read the new text, if it could not read the old one either.
pub(crate) fn prove(
    old: &ParsedYaml<'_>,
    new: &ParsedYaml<'_>,
    splices: &[Splice],
    second_reader: ReadYaml,
    judge: impl Fn(&ParsedYaml<'_>, &ParsedYaml<'_>) -> Result<(), Difference>,
) -> Result<Option<YamlError>, Difference> {
    if !is_outside_equal(old.source.text, new.source.text, splices) {
        return differs("bytes changed that were not to change");
    }
    judge(old, new)?;
    let second_new = second_reader(new.source);
    if second_new.as_ref().is_ok_and(|second| second.tree.reads_as(&new.tree)) {
        return Ok(None);
    }
    // The readers differ. If they did so before, the second one judges by its own reading of both texts; if it could not
    // read the old one, it is no judge.
    let Ok(second_old) = second_reader(old.source) else {
        return Ok(second_new.err());
    };
    match second_new {
        Ok(second_new) => {
            judge(&second_old, &second_new).map(|()| None).map_err(|Difference { text, node }| Difference {
                text: format!("the second reader: {text}"),
                // The nodes of another reading have other numbers.
                node: node.filter(|_| second_old.tree.reads_as(&old.tree)),
            })
        }
        Err(error) => differs(format!("the second reader cannot read the new text: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{ReadYaml, prove};
    use crate::yaml::compare::{Difference, differs};
    use crate::yaml::error::YamlError;
    use crate::yaml::parsed::ParsedYaml;
    use crate::yaml::source::SourceText;
    use crate::yaml::splice::Splice;
    use crate::yaml::{first_reader, second_reader};

    const OLD: &str = "tag: v1\nother: x\n";
    const NEW: &str = "tag: v2\nother: x\n";

    /// Proves that `tag` became `v2`, and nothing else changed.
    fn prove_tag(second: ReadYaml) -> Result<Option<YamlError>, Difference> {
        let (old, new) = (SourceText::read(OLD.as_bytes()).unwrap(), SourceText::read(NEW.as_bytes()).unwrap());
        let (old, new) = (first_reader::read(&old).unwrap(), first_reader::read(&new).unwrap());
        prove(&old, &new, &[Splice::replace(5..7, "v2")], second, |old, new| {
            let value = |yaml: &ParsedYaml<'_>, key: &str| {
                let pair = yaml.tree.own(yaml.tree.documents[0], &|text| text == key);
                pair.and_then(|pair| yaml.tree.text(pair.value).map(str::to_owned))
            };
            let is_so = value(new, "tag").as_deref() == Some("v2") && value(old, "other") == value(new, "other");
            if is_so { Ok(()) } else { differs("not what was asked for") }
        })
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
            NEW => read_another(source, "tag: v2\nother: y\n"),
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
            NEW => read_another(source, "tag: v2\nother: 'x'\n"),
            _ => read_another(source, "tag: v1\nother: 'x'\n"),
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
        let (old, new) = (first_reader::read(&old).unwrap(), first_reader::read(&new).unwrap());
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
        let prove = |from, to, splice| prove(from, to, &[splice], second_reader::read, |_, _| Ok(()));
        assert!(prove(&old, &new, Splice::replace(5..6, "")).is_err());
        assert!(prove(&new, &old, Splice::replace(5..5, " ")).is_ok());
        assert!(prove(&new, &new, Splice::replace(5..5, "")).is_ok(), "it was so before");
    }
}
