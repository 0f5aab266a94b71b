//! The comment that a release writes behind the value that it changes, as the user gives it.

use super::template::{Template, TemplateError};

/// The text of a comment with places to fill in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentTemplate(Template<CommentPlace>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CommentPlace {
    Entry,
    Tag,
    Digest,
    Source,
}

/// What goes into a comment. What there is none of is empty.
pub struct CommentValues<'a> {
    pub entry: &'a str,
    pub tag: &'a str,
    pub digest: &'a str,
    pub source: &'a str,
}

impl CommentTemplate {
    /// Reads a template; `{entry}`, `{tag}`, `{digest}` and `{source}` are its places.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let places = [
            ("entry", CommentPlace::Entry),
            ("tag", CommentPlace::Tag),
            ("digest", CommentPlace::Digest),
            ("source", CommentPlace::Source),
        ];
        Template::parse(text, "comment", &places).map(Self)
    }

    /// Returns whether the commit that an image was built from is to be filled in.
    pub fn names_source(&self) -> bool {
        self.0.has(CommentPlace::Source)
    }

    /// Returns the comment with its `#`, on one line; nothing if it names the source and there is none. What would be left, such
    /// as `# commit`, says nothing.
    pub fn fill(&self, values: &CommentValues<'_>) -> String {
        if self.names_source() && values.source.is_empty() {
            return String::new();
        }
        let pieces = self.0.fill(|place| match place {
            CommentPlace::Entry => values.entry,
            CommentPlace::Tag => values.tag,
            CommentPlace::Digest => values.digest,
            CommentPlace::Source => values.source,
        });
        let text: String = pieces.map(|(text, _)| text).collect();
        // Line ends are not only those of ASCII for each reader of YAML.
        let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
        let text = text.replace(breaks, " ");
        let text = text.trim();
        if text.starts_with('#') { text.to_owned() } else { format!("# {text}") }
    }
}

#[cfg(test)]
mod tests {
    use super::{CommentTemplate, CommentValues};

    #[test]
    fn comments() {
        let values =
            CommentValues { entry: "web", tag: "v1", digest: "sha256:0", source: "org/app@1\n- name: x\u{85}" };
        for (text, expected) in [
            ("# commit {source}", "# commit org/app@1 - name: x"),
            ("{entry} {tag} {digest}", "# web v1 sha256:0"),
            ("#{tag}", "#v1"),
            (" kept by hand ", "# kept by hand"),
        ] {
            assert_eq!(CommentTemplate::parse(text).unwrap().fill(&values), expected);
        }
        let without_source = CommentValues { source: "", ..values };
        assert_eq!(CommentTemplate::parse("# {tag} of {source}").unwrap().fill(&without_source), "");
        for text in ["{images}", "# {", " "] {
            assert!(CommentTemplate::parse(text).is_err(), "{text:?}");
        }
    }
}
