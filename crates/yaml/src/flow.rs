//! Adds and removes pairs of a mapping in flow style, JSON among it: `{name: app, newTag: v1}` on one line, or with a
//! pair per line. Commas are the difficulty: each one belongs to a neighbour.

use std::ops::Range;

use super::error::YamlError;
use super::parsed::ParsedYaml;
use super::scalar::Quote;
use super::source::is_blank;
use super::tree::{Layout, NodeId, NodeKind, Pair};
use super::writer::{Pairs, Writer};

impl ParsedYaml<'_> {
    /// Returns how a plain value is to be quoted in flow style: JSON has double quotes alone, and is known by its keys.
    pub fn least_quote(&self, pairs: &[Pair]) -> Quote {
        let is_json = pairs.first().is_some_and(|pair| self.quote_of(pair.key) == Quote::Double);
        if is_json { Quote::Double } else { Quote::Plain }
    }

    /// Returns whether the text may be JSON: its first document is in flow style, and its keys have double quotes.
    pub fn is_json(&self) -> bool {
        self.tree.documents.first().is_some_and(|root| match self.tree.kind(*root) {
            NodeKind::Mapping(Layout::Flow) => {
                self.least_quote(&self.tree.pairs(*root).collect::<Vec<_>>()) == Quote::Double
            }
            NodeKind::Sequence(layout) => *layout == Layout::Flow,
            _ => false,
        })
    }

    /// Returns a pair as text, written as `like` is written.
    pub fn pair_text(&self, key: &str, value: &str, like: Pair) -> String {
        let key_quote = self.quote_of(like.key);
        let value_quote = if key_quote == Quote::Double {
            Quote::Double
        } else {
            self.quote_to_follow(like.value).unwrap_or(Quote::Plain)
        };
        let colon = self.colon_text(like);
        let space = if key_quote == Quote::Plain && colon == ":" { ": " } else { colon };
        let (key, value) = (self.render(key, key_quote, like.key), self.render(value, value_quote, like.value));
        format!("{key}{space}{value}")
    }

    /// Returns `:` if a value stands right behind the colon, as in compact JSON.
    fn colon_text(&self, pair: Pair) -> &'static str {
        let next = self.colon(pair.key).and_then(|at| self.source.text.as_bytes().get(at));
        match next {
            Some(b' ' | b'\t' | b'\r' | b'\n' | b',' | b'}') | None => ": ",
            Some(_) => ":",
        }
    }

    /// Returns the pair of a mapping that has no braces: one pair alone in a list in flow style.
    pub fn pair_without_braces(&self, mapping: NodeId) -> Option<Pair> {
        let only = self.tree.pairs(mapping).next()?;
        let before = self.source.text[..self.pair_start(only.key)].trim_end();
        (self.tree.pairs(mapping).count() == 1 && before.ends_with(['[', ','])).then_some(only)
    }

    /// Returns what separates the pairs.
    fn gap(&self, pairs: &[Pair]) -> &'static str {
        let is_tight = match pairs {
            [first, second, ..] => self.source.slice(self.pair_end(*first)..self.pair_start(second.key)) == ",",
            [only] => self.colon_text(*only) == ":",
            [] => false,
        };
        if is_tight { "," } else { ", " }
    }

    fn pair_end(&self, pair: Pair) -> usize {
        match self.tree.kind(pair.value) {
            NodeKind::Null => {
                let key_end = self.tree.span(pair.key).end;
                let properties = self.tree.properties_end(pair.value);
                let colon = self.colon(pair.key);
                // One blank behind the colon is the pair's: without it, `newTag:,` is a name to libyaml's readers.
                let is_blank = |at: &usize| matches!(self.source.text.as_bytes().get(*at), Some(b' ' | b'\t'));
                let behind_colon = colon.map(|at| at + usize::from(is_blank(&at)));
                properties.or(behind_colon).unwrap_or(key_end).max(key_end)
            }
            _ => self.tree.span(pair.value).end,
        }
    }
}

impl Writer<'_, '_> {
    /// Writes pairs behind the only one of a mapping without braces, as in `[name: app]`, and gives it braces.
    pub fn insert_with_braces(&mut self, only: Pair, texts: &[String]) {
        let (yaml, source) = (self.yaml, self.yaml.source);
        let end = yaml.pair_end(only);
        let apart = if source.text[..end].ends_with(':') { " " } else { "" };
        self.insert(yaml.pair_start(only.key), "{");
        self.insert(end, format!("{apart}{}}}", prefixed(yaml.gap(&[only]), texts)));
    }

    /// Writes pairs behind `sibling`: on lines of their own if that one has its own.
    pub fn insert_members(&mut self, pairs: &Pairs, sibling: Pair, texts: &[String]) {
        let (yaml, source) = (self.yaml, self.yaml.source);
        let Range { start, end } = yaml.pair_start(sibling.key)..yaml.pair_end(sibling);
        let indent = source.before(start);
        let line_end = source.line_end(end);
        let rest = source.rest(end).trim_start_matches([' ', '\t']);
        let behind_comma = rest.strip_prefix(',').map(|rest| rest.trim_start_matches([' ', '\t']));
        let ends_line = |rest: &str| rest.is_empty() || rest.starts_with('#');
        let eol = source.eol_at(end);
        let line = |separator: &str| format!("{separator}{eol}{indent}");
        // A comma right behind a colon belongs to the key for libyaml's readers.
        let apart = if source.text[..end].ends_with(':') { " " } else { "" };
        if !is_blank(indent) {
            self.insert(end, prefixed(&format!("{apart}{}", yaml.gap(&pairs.all)), texts));
        } else if behind_comma.is_some_and(ends_line) {
            let lines: String = texts.iter().map(|text| format!("{}{text},", line(""))).collect();
            self.insert(line_end, lines);
        } else if rest.starts_with('#') {
            self.insert(end, format!("{apart},"));
            self.insert(line_end, format!("{}{}", line(""), texts.join(&line(","))));
        } else if rest.is_empty() {
            self.insert(end, format!("{apart}{}", prefixed(&line(","), texts)));
        } else {
            self.insert(end, prefixed(yaml.gap(&pairs.all), texts));
        }
    }

    /// Removes the deleted pairs with their commas. A pair with lines of its own goes with them, and with the comment
    /// behind it.
    pub fn delete_members(&mut self, pairs: &Pairs) -> Result<(), YamlError> {
        if !pairs.has_deleted() {
            return Ok(());
        }
        let (yaml, source, all) = (self.yaml, self.yaml.source, &pairs.all);
        let start = |index: usize| yaml.pair_start(all[index].key);
        let end = |index: usize| yaml.pair_end(all[index]);
        let first_kept = pairs.first_kept(yaml)?;
        for (index, _) in pairs.deleted.iter().enumerate().filter(|(_, deleted)| **deleted) {
            let rest = source.rest(end(index)).trim_start_matches([' ', '\t']);
            let behind_comma = rest.strip_prefix(',').unwrap_or(rest).trim_start_matches([' ', '\t']);
            let has_lines = is_blank(source.before(start(index)))
                && (behind_comma.is_empty() || behind_comma.starts_with('#'))
                && end(index) < source.text.len();
            let range = if has_lines {
                source.line_start(start(index))..source.next_line(end(index))
            } else if index < first_kept {
                start(index)..start(index + 1)
            } else {
                end(index - 1)..end(index)
            };
            // What follows must not come right behind a colon either.
            let apart = if !has_lines && source.text[..range.start].ends_with(':') { " " } else { "" };
            self.replace(range, apart);
            if has_lines && index + 1 == all.len() && !rest.starts_with(',') {
                self.delete_last_comma(pairs);
            }
        }
        Ok(())
    }

    /// If the last pair goes with its line, the comma behind the last one that stays goes too.
    fn delete_last_comma(&mut self, pairs: &Pairs) {
        if let Some(pair) = pairs.kept().next_back() {
            let comma = self.yaml.source.skip_blank(self.yaml.pair_end(pair));
            if self.yaml.source.text.as_bytes().get(comma) == Some(&b',') {
                self.delete(comma..comma + 1);
            }
        }
    }
}

fn prefixed(prefix: &str, texts: &[String]) -> String {
    texts.iter().flat_map(|text| [prefix, text.as_str()]).collect()
}
