//! Values of a chart that are text in an Application of Argo CD, as below `values: |`: where they are, what they say, and how
//! their new text is written into the lines of the file.

use crate::targets::edit::{Edit, Fields, Note, NoteKind};
use crate::targets::scalars::document::nodes::{is_mapping, value_of};
use crate::targets::scalars::document::object::Object;
use crate::targets::scalars::document::parameters::Parameters;
use crate::targets::scalars::document::slot::Slot;
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::targets::scalars::kinds::argo::{IgnoredSource, sources, values_object};
use crate::targets::scalars::rewrite;
use crate::targets::scalars::search::lookup::{FileImages, TextOrigin};
use crate::yaml::{self, NodeId, NodeKind, ParsedYaml, ScalarStyle, SourceText, Splice};

/// What the text inside is called: values are edited by paths.
pub(super) const INSIDE: &str = "values.yaml";

/// The values of one source that are text.
pub(super) struct ValuesText<'y, 'd> {
    yaml: &'y ParsedYaml<'d>,
    pub(super) slot: Slot,
    pub(super) text: &'y str,
    pub(super) source: NodeId,
    parameters: Parameters<'y>,
    pub(super) object: &'y Object,
    /// Whether Argo CD ignores them, because of a `valuesObject` beside them: then they are no values.
    is_ignored: bool,
}

impl<'y, 'd> ValuesText<'y, 'd> {
    /// Returns the values of a file that are text.
    pub(super) fn all(yaml: &'y ParsedYaml<'d>, objects: &'y [Object]) -> Vec<Self> {
        Self::found(yaml, objects, sources).filter(|values| !values.is_ignored).collect()
    }

    /// Returns the values of a file that are text and that Argo CD ignores.
    pub(super) fn ignored(yaml: &'y ParsedYaml<'d>, objects: &'y [Object]) -> Vec<Self> {
        Self::found(yaml, objects, sources).filter(|values| values.is_ignored).collect()
    }

    /// Returns the values of an ignored source that are text.
    pub(super) fn in_ignored(yaml: &'y ParsedYaml<'d>, object: &'y Object) -> Option<Self> {
        let ignored = |yaml: &ParsedYaml<'_>, object: &Object| {
            IgnoredSource::of(yaml, object).map(|ignored| ignored.source).into_iter().collect()
        };
        Self::found(yaml, std::slice::from_ref(object), ignored).next()
    }

    fn found(
        yaml: &'y ParsedYaml<'d>,
        objects: &'y [Object],
        sources: impl Fn(&ParsedYaml<'_>, &Object) -> Vec<NodeId>,
    ) -> impl Iterator<Item = Self> {
        let of_source = move |(object, source): (&'y Object, NodeId)| {
            let helm = value_of(yaml, source, "helm").filter(|helm| is_mapping(yaml, *helm))?;
            let pair = yaml.tree.own(helm, &|key| key == "values")?;
            let NodeKind::Scalar(..) = yaml.tree.kind(pair.value) else { return None };
            let instead =
                values_object(yaml, source).or_else(|| yaml.tree.inherited(helm, &|key| key == "valuesObject"));
            let is_ignored = instead.is_some_and(|values| !yaml.tree.is_null(values));
            let text = yaml.tree.text(pair.value)?;
            let (slot, parameters) = (Slot::of(helm, pair), Parameters::of(yaml, source));
            Some(Self { yaml, slot, text, source, parameters, object, is_ignored })
        };
        let of_object = move |object| sources(yaml, object).into_iter().map(move |source| (object, source));
        objects.iter().flat_map(of_object).filter_map(of_source)
    }

    /// Reads the values, and calls `then` with them.
    pub(super) fn read<R>(
        &self,
        then: impl FnOnce(&ParsedYaml<'_>) -> Result<R, FileRefusal>,
    ) -> Result<R, FileRefusal> {
        let source = SourceText::read(self.text.as_bytes())?;
        then(&yaml::read(&source)?)
    }

    /// Returns what the values are called, and what is laid over them.
    pub(super) fn origin(&self) -> TextOrigin<'_> {
        TextOrigin { path: INSIDE, parameters: Some(&self.parameters) }
    }

    /// Returns what [`rewrite::entries`] returns of the values; nothing if they cannot be read.
    ///
    /// # Errors
    ///
    /// The image `wanted` is there, and cannot be told.
    pub(super) fn entries(&self, wanted: Option<&str>) -> Result<Vec<(String, Fields)>, FileRefusal> {
        let inside = wanted.map(|name| self.object.without_label(name));
        let mut entries = match self.read(|yaml| Ok(rewrite::entries(&FileImages::new(self.origin(), yaml), inside))) {
            Ok(Err(refusal)) if wanted.is_some() && !refusal.is_no_image() => return Err(self.told(refusal)),
            read => read.unwrap_or_else(Err).unwrap_or_default(),
        };
        for (name, _) in &mut entries {
            if let Some(wanted) = wanted {
                wanted.clone_into(name);
            }
        }
        Ok(entries)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.entries(Some(name)).map_or(true, |entries| !entries.is_empty())
    }

    /// Notes the aliases of the text, and of the mapping that it is in: what was edited is there too.
    pub(super) fn notes_of_aliases(&self, name: &str) -> Vec<Note> {
        let Self { yaml, slot, .. } = *self;
        let place = yaml.place(slot.value);
        let anchored = [("values", slot.value), ("the mapping around values", slot.parent)];
        let kinds = anchored.into_iter().filter_map(|(key, node)| NoteKind::aliases_follow(yaml, key, &[node]));
        kinds.map(|kind| Note { name: name.to_owned(), place, kind }).collect()
    }

    /// Returns a refusal with the place of the values in the file.
    pub(super) fn refusal(&self, message: impl Into<String>, hint: impl Into<String>) -> FileRefusal {
        FileRefusal::at(self.yaml, self.slot.value, message, hint)
    }

    /// Returns a refusal in the values as one of the file around them.
    pub(super) fn told(&self, refusal: FileRefusal) -> FileRefusal {
        let message = format!("in the values that are text here, {refusal}");
        FileRefusal { place: Some(self.yaml.place(self.slot.value)), message, ..refusal }
    }

    /// Returns the line of the file, from 1, on which the lines of the block begin.
    pub(super) fn first_line(&self) -> usize {
        let colon = self.slot.key.and_then(|key| self.yaml.colon(key));
        let header = self.yaml.tree.properties_end(self.slot.value).or(colon);
        header.map_or(0, |header| self.yaml.source.line_number(header) + 1)
    }

    /// Tells what may make another image of one in the values by the lines of the file.
    pub(super) fn told_by_line(&self, fields: &mut Fields) {
        let first_line = self.first_line();
        for doubt in fields.pulled.iter_mut().flat_map(|pulled| &mut pulled.doubts) {
            doubt.place.line = doubt.place.line + first_line - 1;
        }
    }

    /// Returns the changes of the lines of the block: each changed line stands in the file behind its indentation.
    ///
    /// # Errors
    ///
    /// The text is not a block of lines.
    pub(super) fn splices(&self, edit: &Edit) -> Result<Vec<Splice>, FileRefusal> {
        if !edit.changed() {
            return Ok(Vec::new());
        }
        let Self { yaml, slot, text, .. } = *self;
        let new = String::from_utf8_lossy(&edit.text);
        let refuse = || {
            let message = "these values are text that is not written as a block of lines";
            self.refusal(message, "write them below `values: |`, or as `valuesObject:`")
        };
        let is_block = matches!(yaml.tree.kind(slot.value), NodeKind::Scalar(_, ScalarStyle::Literal));
        if !is_block || slot.key.is_none() || text.split('\n').count() != new.split('\n').count() {
            return Err(refuse());
        }
        let first_line = self.first_line();
        let mut splices = Vec::new();
        for (index, (old_line, new_line)) in text.split('\n').zip(new.split('\n')).enumerate() {
            if old_line == new_line {
                continue;
            }
            let start = yaml.source.offset(first_line + index, 0);
            let line = yaml.source.slice(start..yaml.source.line_end(start)).trim_end_matches('\r');
            let indent = line.strip_suffix(old_line).filter(|indent| indent.bytes().all(|byte| byte == b' '));
            let at = start + indent.ok_or_else(refuse)?.len();
            splices.push(Splice::replace(at..at + old_line.len(), new_line));
        }
        Ok(splices)
    }
}
