//! Adds and removes pairs of a mapping in block style: each has lines of its own.

use super::error::YamlError;
use super::source::is_blank;
use super::tree::Pair;
use super::writer::{Pairs, Writer};

impl Writer<'_, '_> {
    /// Writes a line behind a pair. The last line of a file without a last line end stays as it is unless it changes
    /// anyway, and the new line comes before it.
    pub fn insert_line(&mut self, pairs: &Pairs, sibling: Pair, line: &str) -> Result<(), YamlError> {
        let (yaml, source) = (self.yaml, self.yaml.source);
        let indent = " ".repeat(source.column(yaml.pair_start(pairs.all[0].key)));
        let after = yaml.after_pair(sibling);
        let eol = source.eol_at(after);
        let start = yaml.pair_start(sibling.key);
        if pairs.kept().next() != Some(sibling) && after == source.text.len() && !self.touches(&(start..after)) {
            self.insert(source.line_start(start), format!("{indent}{line}{eol}"));
        } else {
            self.insert(yaml.room_after_pair(sibling)?, format!("{eol}{indent}{line}"));
        }
        Ok(())
    }

    /// Writes lines behind the one that ends at `at`, each with its line end before it. If that one is deleted together
    /// with its line end, as with `ParsedYaml::whole_lines`, the new lines end themselves.
    pub fn insert_lines(&mut self, at: usize, lines: String) {
        let source = self.yaml.source;
        let next = source.next_line(at);
        let rotated = lines.strip_prefix(source.eol_at(at)).filter(|_| at < next && self.removes(&(at..next)));
        match rotated {
            Some(lines) => self.insert(next, format!("{lines}{}", source.eol_at(at))),
            None => self.insert(at, lines),
        }
    }

    /// Removes the lines of the deleted pairs. A first pair that shares its line with a dash leaves the dash to the next.
    pub fn delete_lines(&mut self, pairs: &Pairs) -> Result<(), YamlError> {
        if !pairs.has_deleted() {
            return Ok(());
        }
        let (yaml, source, all) = (self.yaml, self.yaml.source, &pairs.all);
        let start = |pair: &Pair| yaml.pair_start(pair.key);
        let kept = pairs.first_kept(yaml)?;
        let mut lines_from = 0;
        let first = start(&all[0]);
        if kept > 0 && !is_blank(source.before(first)) {
            let follows = |pair: &[Pair]| is_blank(source.slice(yaml.after_pair(pair[0])..start(&pair[1])));
            if all[..=kept].windows(2).all(follows) {
                self.delete(first..start(&all[kept]));
                lines_from = kept;
            } else {
                let dash = first - (source.before(first).len() - source.before(first).trim_end().len());
                self.delete(dash..yaml.after_pair(all[0]));
                lines_from = 1;
            }
        }
        for (pair, _) in all.iter().zip(&pairs.deleted).skip(lines_from).filter(|(_, deleted)| **deleted) {
            self.delete(yaml.whole_lines(start(pair)..yaml.after_pair(*pair)));
        }
        Ok(())
    }
}
