//! What stands in a slot, as far as it is a text that an edit may replace: what is decided elsewhere is refused.

use super::node_path::refuse_alias;
use super::slot::Slot;
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::yaml::{NodeId, NodeKind, NodeType, ParsedYaml, is_string_tag};

impl Slot {
    /// Returns the scalar's text; nothing for null and for an empty string.
    ///
    /// # Errors
    ///
    /// It is no string that can be replaced, or decided elsewhere.
    pub(in crate::targets::scalars) fn text<'y>(
        self,
        yaml: &'y ParsedYaml<'_>,
    ) -> Result<Option<&'y str>, FileRefusal> {
        let tree = &yaml.tree;
        refuse_alias(yaml, self.value)?;
        if let (Some(tag), false) = (tree.tag(self.value), is_collection(yaml, self.value))
            && !is_string_tag(tag)
        {
            let tag = tag.replace("tag:yaml.org,2002:", "!!");
            let message = format!("this is tagged `{tag}`, and an image is a string");
            return Err(FileRefusal::at(yaml, self.value, message, format!("remove the tag `{tag}`")));
        }
        if tree.is_null(self.value) || matches!(tree.kind(self.value), NodeKind::Null) {
            return Ok(None);
        }
        let Some(text) = tree.text(self.value) else {
            return Err(self.collection(yaml));
        };
        let decided = |what: String, hint: &str| Err(FileRefusal::at(yaml, self.value, what, hint));
        if text.contains("{{") {
            return decided(
                "the value is decided elsewhere: it is a template".to_owned(),
                "release the file that the template is filled from",
            );
        }
        if let Some(at) = text.find("${").or_else(|| text.find("$(")) {
            let variable: String = text[at + 2..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            return decided(
                format!("the value is decided elsewhere: by the variable `{variable}`"),
                "release the file that sets the variable, or write the value out here",
            );
        }
        if is_placeholder(text) {
            return decided(
                format!("the value is decided elsewhere: `{text}` is a placeholder"),
                "release the file that it is filled from, or write the value out here",
            );
        }
        if text.contains(['\n', '\r']) {
            return decided("this text has several lines".to_owned(), "write the image on one line");
        }
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// Refuses the scalar if `wrong` says what is wrong with its text.
    pub(in crate::targets::scalars) fn refuse_text(
        self,
        yaml: &ParsedYaml<'_>,
        hint: &str,
        wrong: impl FnOnce(&str) -> Option<String>,
    ) -> Result<(), FileRefusal> {
        match self.text(yaml)?.and_then(wrong) {
            Some(message) => Err(FileRefusal::at(yaml, self.value, message, hint)),
            None => Ok(()),
        }
    }

    fn collection(self, yaml: &ParsedYaml<'_>) -> FileRefusal {
        match yaml.type_of(self.value) {
            NodeType::Template => FileRefusal::at(
                yaml,
                self.value,
                "the value is decided elsewhere: it looks like a template",
                "release the file that the template is filled from",
            ),
            found => FileRefusal::at(
                yaml,
                self.value,
                format!("an image is written into a scalar, and this is {found}"),
                "name the scalar by its path",
            ),
        }
    }
}

/// Whether a text is decided elsewhere: it is a template, or has a variable.
pub(in crate::targets::scalars) fn is_decided_elsewhere(text: &str) -> bool {
    ["{{", "${", "$("].iter().any(|begin| text.contains(begin)) || is_placeholder(text)
}

/// Whether a text is the name of a variable as tools write it that replace texts in files: `$TAG`, `#{TAG}#`, `%TAG%`, `@TAG@`.
fn is_placeholder(text: &str) -> bool {
    let is_name =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-'));
    let within = |start: &str, end: &str| text.strip_prefix(start).and_then(|text| text.strip_suffix(end));
    [("$", ""), ("#{", "}#"), ("%", "%"), ("@", "@")]
        .into_iter()
        .any(|(start, end)| within(start, end).is_some_and(is_name))
}

fn is_collection(yaml: &ParsedYaml<'_>, node: NodeId) -> bool {
    matches!(yaml.tree.kind(node), NodeKind::Mapping(_) | NodeKind::Sequence(_))
}
