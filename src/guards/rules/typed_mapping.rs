//! Reads YAML into values of known types, each with its place: a mapping whose keys are taken one after the other, and in
//! which no key may be left. What is not exactly as expected is refused. There are no aliases, so that no text stands for
//! more values than it has, and no tags.

use std::collections::HashSet;
use std::fmt;

use crate::yaml::{NodeId, NodeKind, Pair, ParsedYaml, Position, ScalarStyle, YamlError};

/// A place, and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesRefusal {
    /// `None`: all of the file.
    pub place: Option<Position>,
    /// A sentence without its end.
    pub why: String,
}

impl fmt::Display for RulesRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some(Position { line, column }) => write!(f, "line {line}, column {column}: {}", self.why),
            None => f.write_str(&self.why),
        }
    }
}

impl From<YamlError> for RulesRefusal {
    fn from(error: YamlError) -> Self {
        let place = error.place();
        let text = error.to_string();
        let why = place.and_then(|place| text.strip_prefix(&format!("{place}: ")).map(str::to_owned)).unwrap_or(text);
        Self { place, why }
    }
}

/// A value, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed<T> {
    pub(super) place: Position,
    pub(super) value: T,
}

impl<T> Placed<T> {
    /// Returns what `read` makes of the value, or the refusal of the value at its place.
    pub(super) fn parse<P, E: fmt::Display>(self, read: impl FnOnce(T) -> Result<P, E>) -> Result<P, RulesRefusal> {
        read(self.value).map_err(|error| RulesRefusal { place: Some(self.place), why: error.to_string() })
    }
}

/// One value of a text.
#[derive(Clone, Copy)]
pub(super) struct YamlValue<'y> {
    yaml: &'y ParsedYaml<'y>,
    node: NodeId,
}

impl<'y> YamlValue<'y> {
    /// Returns the only document of a text.
    pub(super) fn document(yaml: &'y ParsedYaml<'y>) -> Result<Self, RulesRefusal> {
        let mut documents = yaml.tree.documents.iter().map(|node| Self { yaml, node: *node });
        let first =
            documents.next().ok_or_else(|| RulesRefusal { place: None, why: "the file is empty".to_owned() })?;
        match documents.next() {
            Some(second) => Err(second.refuse("the file has a second document")),
            None => Ok(first),
        }
    }

    pub(super) fn place(self) -> Position {
        self.yaml.place(self.node)
    }

    pub(super) fn refuse(self, why: impl Into<String>) -> RulesRefusal {
        RulesRefusal { place: Some(self.place()), why: why.into() }
    }

    fn found(self) -> String {
        self.yaml.type_of(self.node).to_string()
    }

    /// Refuses an alias, and a tag such as `!!str`.
    fn plain(self) -> Result<Self, RulesRefusal> {
        if matches!(self.yaml.tree.kind(self.node), NodeKind::Alias(_)) {
            return Err(self.refuse("aliases are not read; write the value out"));
        }
        match self.yaml.tree.tag(self.node) {
            Some(tag) => Err(self.refuse(format!("tags such as `{tag}` are not read"))),
            None => Ok(self),
        }
    }

    /// Returns a scalar's text; numbers and booleans are texts as well. An empty one is refused.
    pub(super) fn text(self, what: &str) -> Result<Placed<&'y str>, RulesRefusal> {
        match self.plain()?.yaml.tree.kind(self.node) {
            NodeKind::Scalar(text, _) if !self.yaml.tree.is_null(self.node) && !text.trim().is_empty() => {
                Ok(Placed { place: self.place(), value: text.as_ref() })
            }
            NodeKind::Scalar(..) | NodeKind::Null => Err(self.refuse(format!("{what} has no value"))),
            _ => Err(self.refuse(format!("{what} is a text, and this is {}", self.found()))),
        }
    }

    /// Returns the items of a list; one value alone is a list of it. An empty list is refused.
    pub(super) fn list(self, what: &str) -> Result<Vec<Self>, RulesRefusal> {
        match self.plain()?.yaml.tree.kind(self.node) {
            NodeKind::Sequence(_) => {
                let items: Vec<Self> = self.yaml.tree.children(self.node).map(|node| Self { node, ..self }).collect();
                if items.is_empty() { Err(self.refuse(format!("{what} is an empty list"))) } else { Ok(items) }
            }
            _ => Ok(vec![self]),
        }
    }

    /// Returns the texts of a list, or of one text alone.
    pub(super) fn texts(self, what: &str) -> Result<Vec<Placed<&'y str>>, RulesRefusal> {
        self.list(what)?.into_iter().map(|item| item.text(what)).collect()
    }

    pub(super) fn is_mapping(self) -> bool {
        matches!(self.yaml.tree.kind(self.node), NodeKind::Mapping(_))
    }

    pub(super) fn mapping(self, what: &str) -> Result<TypedMapping<'y>, RulesRefusal> {
        if !self.plain()?.is_mapping() {
            return Err(self.refuse(format!("{what} is a mapping, and this is {}", self.found())));
        }
        let mut known = HashSet::new();
        let mut pairs = Vec::new();
        for pair in self.yaml.tree.pairs(self.node) {
            let key = Self { node: pair.key, ..self };
            let text = key.text("a key")?.value;
            if !known.insert(text) {
                return Err(key.refuse(format!("`{text}` is there twice")));
            }
            pairs.push((text, pair));
        }
        Ok(TypedMapping { value: self, pairs })
    }

    /// Reads `true`, the only value of a switch: nothing is weakened by `false`.
    pub(super) fn is_set(self, what: &str) -> Result<(), RulesRefusal> {
        match self.plain()?.yaml.tree.kind(self.node) {
            NodeKind::Scalar(text, ScalarStyle::Plain) if text == "true" => Ok(()),
            _ => Err(self.refuse(format!("{what} is `true`, or is left out"))),
        }
    }
}

/// A mapping, from which keys are taken.
pub(super) struct TypedMapping<'y> {
    value: YamlValue<'y>,
    /// What was not taken yet.
    pairs: Vec<(&'y str, Pair)>,
}

/// A key's place, and its value.
pub(super) struct KeyedValue<'y> {
    pub(super) key: Position,
    pub(super) value: YamlValue<'y>,
}

impl<'y> TypedMapping<'y> {
    /// Takes the value under `key`.
    pub(super) fn take(&mut self, key: &str) -> Option<KeyedValue<'y>> {
        let index = self.pairs.iter().position(|(other, _)| *other == key)?;
        let (_, pair) = self.pairs.remove(index);
        let key = YamlValue { node: pair.key, ..self.value }.place();
        Some(KeyedValue { key, value: YamlValue { node: pair.value, ..self.value } })
    }

    pub(super) fn require(&mut self, key: &str, what: &str) -> Result<KeyedValue<'y>, RulesRefusal> {
        let found = self.take(key);
        let near = || self.pairs.iter().find(|(other, _)| is_near(strsim::osa_distance(key, other)));
        found.ok_or_else(|| match near() {
            Some((other, pair)) => self.misspelt(other, *pair, key),
            None => self.value.refuse(format!("{what} needs `{key}`")),
        })
    }

    fn misspelt(&self, key: &str, pair: Pair, near: &str) -> RulesRefusal {
        let key = format!("unknown key `{key}`; did you mean `{near}`?");
        YamlValue { node: pair.key, ..self.value }.refuse(key)
    }

    /// Refuses the first key that was not taken. `known` are the keys that there are.
    pub(super) fn finish(self, known: &[&str]) -> Result<(), RulesRefusal> {
        let Some((key, pair)) = self.pairs.first() else { return Ok(()) };
        let near = known.iter().map(|known| (strsim::osa_distance(key, known), known)).min();
        Err(match near {
            Some((distance, near)) if is_near(distance) => self.misspelt(key, *pair, near),
            _ => {
                let why = format!("unknown key `{key}`; the keys here are `{}`", known.join("`, `"));
                YamlValue { node: pair.key, ..self.value }.refuse(why)
            }
        })
    }
}

/// Returns whether keys so many letters apart are one key, misspelt.
fn is_near(distance: usize) -> bool {
    distance <= 2
}
