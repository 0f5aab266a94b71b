//! Reads an edited text without reading all of it again: the first reader reads the lines that changed by themselves, and what
//! it read of the others before is taken over. It stands only if the second reader, which reads the whole text, reads the same.

use std::borrow::Cow;
use std::ops::Range;

use super::first_reader::parse;
use super::parsed::ParsedYaml;
use super::source::SourceText;
use super::splice::Splice;
use super::tree::{NodeId, NodeKind, ScalarStyle};

/// Of so many lines, at most one may have changed: to read many by themselves takes longer than to read them all at once.
const LINES_TO_A_CHANGE: usize = 8;

/// A line that changed, without its line end.
struct ChangedLine {
    old: Range<usize>,
    new: Range<usize>,
}

/// A scalar of the old text with what the new one has in its place.
type Exchanged<'n> = (NodeId, NodeKind<'n>, Range<usize>);

/// Reads `new`, which is the text of `old` with the ordered `splices` applied, if they only exchange scalars within lines.
pub(crate) fn reread<'n>(old: &ParsedYaml<'n>, new: &'n SourceText<'n>, splices: &[Splice]) -> Option<ParsedYaml<'n>> {
    let is_hidden = |source: &SourceText<'_>| matches!(source.readable, Cow::Owned(_));
    if is_hidden(old.source) || is_hidden(new) {
        return None;
    }
    let lines = changed_lines(old.source, splices)?;
    if lines.len() * LINES_TO_A_CHANGE > old.source.line_number(old.source.text.len()) {
        return None;
    }
    let mut exchanged = Vec::new();
    for line in &lines {
        exchanged.extend(exchanged_in(old, new, line)?);
    }
    let ends = ends(splices);
    let moved = |at: usize| match ends.partition_point(|(end, _)| *end <= at).checked_sub(1) {
        Some(last) => at.saturating_add_signed(ends[last].1),
        None => at,
    };
    Some(ParsedYaml::new(new, old.tree.exchanged(moved, exchanged)))
}

/// Returns from where on the text is moved by how much, for each splice. What is inserted moves only what is behind its place.
fn ends(splices: &[Splice]) -> Vec<(usize, isize)> {
    let mut moved = 0;
    let end = |Splice { range, text }: &Splice| {
        moved += text.len().cast_signed() - range.len().cast_signed();
        (range.end + usize::from(range.is_empty()), moved)
    };
    splices.iter().map(end).collect()
}

/// Returns the lines that the splices change; `None` if one is not within a line.
fn changed_lines(old: &SourceText<'_>, splices: &[Splice]) -> Option<Vec<ChangedLine>> {
    let mut lines: Vec<ChangedLine> = Vec::new();
    let mut moved = 0;
    for Splice { range, text } in splices {
        let line = old.line_start(range.start)..old.line_end(range.end);
        if text.contains(['\n', '\r']) || !old.same_line(range.start, range.end) || range.end > line.end {
            return None;
        }
        let start = line.start.checked_add_signed(moved)?;
        moved += text.len().cast_signed() - range.len().cast_signed();
        let end = line.end.checked_add_signed(moved)?;
        match lines.last_mut() {
            Some(last) if last.old.start == line.start => last.new.end = end,
            _ => lines.push(ChangedLine { old: line, new: start..end }),
        }
    }
    Some(lines)
}

/// Returns the scalars that a line exchanges; `None` if what the line means depends on others, or has another shape now.
fn exchanged_in<'n>(old: &ParsedYaml<'n>, new: &SourceText<'_>, line: &ChangedLine) -> Option<Vec<Exchanged<'n>>> {
    let old_text = SourceText::read(old.source.slice(line.old.clone()).as_bytes()).ok()?;
    let new_text = SourceText::read(new.slice(line.new.clone()).as_bytes()).ok()?;
    let (old_line, new_line) = (parse(&old_text).ok()?, parse(&new_text).ok()?);
    let has_properties = old_line.tree.has_properties() || new_line.tree.has_properties();
    if has_properties || !old_line.tree.is_shaped_as(&new_line.tree) {
        return None;
    }
    let in_file = old.tree.scalars_in(&line.old);
    let old_scalars = old_line.tree.scalars_in(&(0..line.old.len()));
    let new_scalars = new_line.tree.scalars_in(&(0..line.new.len()));
    if in_file.len() != old_scalars.len() || in_file.len() != new_scalars.len() {
        return None;
    }
    let behind = |span: Range<usize>, start: usize| span.start + start..span.end + start;
    let mut exchanged = Vec::new();
    for (node, (old_node, new_node)) in in_file.into_iter().zip(old_scalars.into_iter().zip(new_scalars)) {
        let old_kind = old_line.tree.kind(old_node);
        if old.tree.kind(node) != old_kind
            || old.tree.span(node) != behind(old_line.tree.span(old_node), line.old.start)
        {
            return None;
        }
        let NodeKind::Scalar(text, style) = new_line.tree.kind(new_node) else { return None };
        // The lines of a block are those below.
        if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            return None;
        }
        let kind = NodeKind::Scalar(Cow::Owned(text.to_string()), *style);
        exchanged.push((node, kind, behind(new_line.tree.span(new_node), line.new.start)));
    }
    Some(exchanged)
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use proptest::prelude::{ProptestConfig, any, prop, proptest};

    use super::reread;
    use crate::parsed::ParsedYaml;
    use crate::source::SourceText;
    use crate::splice::{Splice, apply};
    use crate::{first_reader, second_reader};

    /// Reads `old` with one text replaced in both ways. Returns whether the quick one found its conditions.
    fn is_quick(old: &str, from: &str, to: &str) -> bool {
        let at = old.find(from).unwrap();
        is_quick_at(old, at..at + from.len(), to)
    }

    fn is_quick_at(old: &str, range: Range<usize>, to: &str) -> bool {
        is_quick_with(old, &[Splice::replace(range, to)])
    }

    /// The same for several places.
    ///
    /// # Panics
    ///
    /// The quick one found its conditions, the second reader reads the same, and the first one reads something else of the
    /// whole text.
    fn is_quick_with(old: &str, splices: &[Splice]) -> bool {
        let new = apply(old, splices).unwrap();
        let (old, new) = (SourceText::read(old.as_bytes()).unwrap(), SourceText::read(new.as_bytes()).unwrap());
        let Ok(old) = first_reader::parse(&old) else { return false };
        let Some(quick) = reread(&old, &new, splices) else { return false };
        let second = second_reader::read(&new);
        if !second.is_ok_and(|second| second.tree.reads_as(&quick.tree)) {
            return false;
        }
        let whole = first_reader::parse(&new).unwrap();
        let shown = |yaml: &ParsedYaml<'_>| {
            let nodes = yaml.tree.documents.iter().flat_map(|root| yaml.tree.subtree(*root));
            let node = |node| (yaml.tree.kind(node).clone(), yaml.tree.span(node), yaml.tree.properties_end(node));
            format!("{:?}", nodes.map(node).collect::<Vec<_>>())
        };
        assert_eq!(shown(&quick), shown(&whole), "{:?} became {:?}", old.source.text, new.text);
        true
    }

    const REST: &str = "\nmore: 1\nand:\n- more\n- more\n- {a: b}\n# end\nlast: |\n  x\n\nnull:\n";

    #[test]
    fn a_scalar_of_one_line_is_exchanged() {
        for (line, from, to) in [
            ("tag: v1", "v1", "v2"),
            ("tag: v1", "v1", "\"1.10\""),
            ("tag: v1 # é", "v1 # é", "v22 # ë"),
            ("  tag: 'v1'   # c", "v1", "a longer one"),
            ("- image: a/b:v1", "a/b:v1", "c/d:v2@sha256:00"),
            ("- v1", "v1", "''"),
            ("image: {repository: a, tag: v1}", "v1", "v2"),
            ("tag: v1", "v1", "v1 # c"),
        ] {
            let inner = if line.starts_with("  ") { "outer:\n" } else { "" };
            assert!(
                is_quick(
                    &format!(
                        "{inner}{line}{}",
                        if line.starts_with('-') { "\n- x\n- y\n- z\n- x\n- y\n- z\n- z" } else { REST }
                    ),
                    from,
                    to
                ),
                "{line}"
            );
            let crlf =
                format!("{inner}{line}\n{}", if line.starts_with('-') { "- x\n".repeat(9) } else { REST.to_owned() });
            assert!(is_quick(&crlf.replace('\n', "\r\n"), from, to), "{line}");
        }
    }

    #[test]
    fn several_scalars_are_exchanged() {
        for text in ["a: {b: v1, c: v1}", "a: v1\nb: v1", "a: {b: v1, c: v1}\nd: v1 # v1\ne: [v1]"] {
            let text = format!("# c\n{text}\n{}", "# c\n".repeat(40));
            for to in ["v2", "a longer one", "x"] {
                let splices: Vec<_> =
                    text.match_indices("v1").map(|(at, v1)| Splice::replace(at..at + v1.len(), to)).collect();
                assert!(is_quick_with(&text, &splices), "{text}: {to}");
            }
        }
        // What is inserted moves nothing before it.
        for at in [5, 6, 8, 10] {
            assert!(is_quick_at(&format!("a: [[x],v1]{REST}"), at..at, "y"), "{at}");
        }
    }

    #[test]
    fn what_depends_on_other_lines_is_read_as_a_whole() {
        for (text, from, to) in [
            ("tag: &a v1", "v1", "v2"),
            ("tag: !x v1", "v1", "v2"),
            ("tag: &a v1", "&a v1", "v2"),
            ("tag: v1", "v1", "&a v2"),
            ("tag: v1", "v1", "!x v2"),
            ("tag: v1\n  more", "v1", "v2"),
            ("tag: |\n  x: v1", "v1", "v2"),
            ("tag: \"a\n  b: v1\"", "v1", "v2"),
            ("{tag: v1,\nb: v1}", "v1", "v2"),
            ("tag: v1", "v1", "a: b"),
            ("tag: v1", "v1", "v2\nb: c"),
            ("tag: v1", "v1", "*a"),
            ("tag: v1", "v1", ""),
            ("tag: v1", "v1", "|"),
            ("tag:", "tag:", "tag: v1"),
            ("tag: v1", "tag: v1\n", ""),
        ] {
            let text =
                if text.starts_with('{') { format!("{text}\n{}", "# c\n".repeat(9)) } else { format!("{text}{REST}") };
            assert!(!is_quick(&text, from, to), "{text}");
        }
    }

    const LINES: [&str; 30] = [
        "a: v1",
        "  tag: v1 # c",
        "- name: v1",
        "- v1",
        "  'q': \"v1\"",
        "b: {c: v1, d: [v1, x]}",
        "k: |",
        "k: >-",
        "    text: v1",
        "",
        "# c",
        "e: &x v1",
        "f: *x",
        "g:",
        "---",
        "h: v1 more",
        "  more",
        "? v1",
        ": v1",
        "i: !t v1",
        "j: \"v1",
        "l\"",
        "m: 'v1",
        "n'",
        "é: v1",
        "{a: v1,",
        "b: v1}",
        "...",
        "v1:",
        "  - - v1",
    ];
    const NEW: [&str; 17] = [
        "v2", "", "\"v 2\"", "'x'", "a: b", "v1 # c", "[x]", "{x: y}", "&y v2", "*x", "|", "- x", "x,y", "?", "\"",
        "é", "v2\t",
    ];

    proptest! {
        // What is found becomes a row above, not a seed that says nothing to its reader.
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_quick_reading_is_that_of_the_whole(
            lines in prop::collection::vec(prop::sample::select(&LINES[..]), 1..12),
            new in prop::sample::select(&NEW[..]),
            crlf in any::<bool>(),
        ) {
            let end = if crlf { "\r\n" } else { "\n" };
            let text = lines.join(end) + end + &format!("# the end{end}").repeat(12);
            for (at, old) in text.match_indices("v1") {
                is_quick_at(&text, at..at + old.len(), new);
            }
        }
    }

    #[test]
    fn many_changed_lines_are_read_as_a_whole() {
        assert!(!is_quick("tag: v1\nb: c\n", "v1", "v2"));
    }
}
