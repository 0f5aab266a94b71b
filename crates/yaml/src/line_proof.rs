//! The quick proof of an edit of a text whose lines stand for themselves (`line_reader`): both parsers read the entries around
//! each change by themselves, before and after it, and must read what the line reader read there. The bytes of all other
//! entries are equal, and no line of such a text changes what another one means, but by its indentation: so a run of entries
//! of one collection, from the start of a line on, means the same in its file and by itself.

use std::ops::Range;

use super::first_reader::parse;
use super::line_reader;
use super::parsed::{ParsedYaml, ReadYaml};
use super::source::SourceText;
use super::splice::Splice;

/// A run of entries, in whole lines, that an edit changes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ChangedEntries {
    old: Range<usize>,
    new: Range<usize>,
}

/// Reads `new`, which is the text of `old` with the ordered `splices` applied. `None` if its lines do not stand for themselves,
/// or if one of the parsers reads something else in the entries that changed.
pub(crate) fn reread_by_lines<'n>(
    old: &ParsedYaml<'n>,
    new: &'n SourceText<'n>,
    splices: &[Splice],
    second_reader: ReadYaml,
) -> Option<ParsedYaml<'n>> {
    if !old.is_by_lines {
        return None;
    }
    let new = ParsedYaml::by_lines(new, line_reader::read(new)?);
    let is_read_alike = |ChangedEntries { old: before, new: after }: ChangedEntries| {
        is_read_by_both(old, &before, second_reader) && is_read_by_both(&new, &after, second_reader)
    };
    changed_entries(old.source, new.source, splices)?.into_iter().all(is_read_alike).then_some(new)
}

/// Whether both parsers read in a run of entries what was read there.
fn is_read_by_both(yaml: &ParsedYaml<'_>, entries: &Range<usize>, second_reader: ReadYaml) -> bool {
    let Ok(source) = SourceText::read(yaml.source.slice(entries.clone()).as_bytes()) else { return false };
    let (Ok(first), Ok(second)) = (parse(&source), second_reader(&source)) else { return false };
    second.tree.reads_as(&first.tree) && yaml.tree.has_entries_of(&first.tree, entries)
}

/// Returns the runs of entries that the splices change, in order and apart from each other; `None` if one of them is none.
fn changed_entries(old: &SourceText<'_>, new: &SourceText<'_>, splices: &[Splice]) -> Option<Vec<ChangedEntries>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for splice in splices {
        let mut run = entries_around(old, old.line_start(splice.range.start)..old.next_line(splice.range.end));
        while let Some(before) = runs.pop_if(|before| run.start <= before.end) {
            run = run.start.min(before.start)..run.end.max(before.end);
        }
        runs.push(run);
    }
    let mut moved = Moved { splices, by: 0 };
    let in_both = |run: Range<usize>| {
        let after = moved.place(run.start)?..moved.place(run.end)?;
        (is_run(old, &run) && is_run(new, &after)).then_some(ChangedEntries { old: run, new: after })
    };
    runs.into_iter().map(in_both).collect()
}

/// Tells where places of the old text are in the new one, in order.
struct Moved<'s> {
    splices: &'s [Splice],
    by: isize,
}

impl Moved<'_> {
    /// Returns the new place of one that is not within a splice.
    fn place(&mut self, at: usize) -> Option<usize> {
        while let Some((splice, rest)) = self.splices.split_first().filter(|(splice, _)| splice.range.start < at) {
            self.by += splice.text.len().cast_signed() - splice.range.len().cast_signed();
            self.splices = rest;
        }
        at.checked_add_signed(self.by)
    }
}

/// Returns the lines of the entry around some lines: from the line above that is indented less, if there is one, or from an item
/// on, to where its entries end.
fn entries_around(source: &SourceText<'_>, lines: Range<usize>) -> Range<usize> {
    let inside = entry_lines(source, lines.clone());
    let mut first = inside.clone().next();
    let least = inside.map(|line| line.indent).min().unwrap_or(usize::MAX);
    if !first.is_some_and(|first| first.is_item && first.indent == least) {
        first = lines_above(source, lines.start).find(|line| line.indent < least).or(first);
    }
    let Some(EntryLine { start, indent, .. }) = first else { return lines };
    let behind = entry_lines(source, lines.end..source.text.len()).find(|line| line.indent <= indent);
    start.min(lines.start)..behind.map_or(source.text.len(), |line| line.start)
}

/// Whether lines are a run of entries: no line of them is indented less than the first one, nor is the line behind them deeper.
fn is_run(source: &SourceText<'_>, lines: &Range<usize>) -> bool {
    let mut inside = entry_lines(source, lines.clone()).map(|line| line.indent);
    let Some(first) = inside.next() else { return false };
    let mut behind = entry_lines(source, lines.end..source.text.len());
    inside.all(|indent| indent >= first) && behind.next().is_none_or(|line| line.indent <= first)
}

/// A line that is neither blank nor a comment.
#[derive(Debug, Clone, Copy)]
struct EntryLine {
    start: usize,
    indent: usize,
    is_item: bool,
}

impl EntryLine {
    fn read(source: &SourceText<'_>, start: usize) -> Option<Self> {
        let line = source.rest(start);
        let entry = line.trim_start_matches(' ');
        let is_one = !entry.is_empty() && !entry.starts_with('#');
        is_one.then(|| Self { start, indent: line.len() - entry.len(), is_item: entry.starts_with('-') })
    }
}

/// Returns the lines of entries that begin in a range, which begins with a line.
fn entry_lines(source: &SourceText<'_>, range: Range<usize>) -> impl Iterator<Item = EntryLine> + Clone {
    let next = move |start: &usize| Some(source.next_line(*start)).filter(|next| next > start);
    let starts = std::iter::successors(Some(range.start), next).take_while(move |start| *start < range.end);
    starts.filter_map(move |start| EntryLine::read(source, start))
}

/// Returns the lines of entries before a line, upwards.
fn lines_above(source: &SourceText<'_>, line: usize) -> impl Iterator<Item = EntryLine> {
    let starts = std::iter::successors(Some(line), |start| Some(source.line_start(start.checked_sub(1)?)));
    starts.skip(1).filter_map(move |start| EntryLine::read(source, start))
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use proptest::prelude::{ProptestConfig, any, prop, proptest};

    use super::{is_run, reread_by_lines};
    use crate::error::YamlError;
    use crate::parsed::{ParsedYaml, ReadYaml};
    use crate::source::SourceText;
    use crate::splice::{Splice, apply};
    use crate::{first_reader, line_reader, second_reader};

    /// Returns all that a tree says.
    fn shown(yaml: &ParsedYaml<'_>) -> String {
        let nodes = yaml.tree.documents.iter().flat_map(|root| yaml.tree.subtree(*root));
        let node = |node| (yaml.tree.kind(node).clone(), yaml.tree.span(node), yaml.tree.subtree(node).len());
        format!("{:?}", nodes.map(node).collect::<Vec<_>>())
    }

    /// Returns whether the line reader reads a text.
    ///
    /// # Panics
    ///
    /// It does, and a parser reads something else.
    fn is_read_by_lines(text: &str) -> bool {
        let Ok(source) = SourceText::read(text.as_bytes()) else { return false };
        let Some(tree) = line_reader::read(&source) else { return false };
        let lines = ParsedYaml::by_lines(&source, tree);
        assert_is_whole(&lines);
        true
    }

    fn assert_is_whole(lines: &ParsedYaml<'_>) {
        let text = lines.source.text;
        let first = first_reader::parse(lines.source).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(shown(lines), shown(&first), "{text:?}");
        let second = second_reader::read(lines.source).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert!(second.tree.reads_as(&first.tree), "{text:?}");
    }

    /// Returns whether the quick proof takes a text in which some text takes the place of another.
    ///
    /// # Panics
    ///
    /// It does, and the whole proof would see another text.
    fn is_quick(old: &str, splices: &[Splice]) -> bool {
        let Some(new) = apply(old, splices) else { return false };
        let (Ok(old), Ok(new)) = (SourceText::read(old.as_bytes()), SourceText::read(new.as_bytes())) else {
            return false;
        };
        let Ok(old) = first_reader::read(&old) else { return false };
        let Some(quick) = reread_by_lines(&old, &new, splices, second_reader::read) else { return false };
        assert_is_whole(&quick);
        true
    }

    fn is_quick_at(old: &str, range: Range<usize>, to: &str) -> bool {
        is_quick(old, &[Splice::replace(range, to)])
    }

    #[test]
    fn values_of_ordinary_files_are_proved_quickly() {
        for text in [
            "a: v1\n",
            "a: v1",
            "# a\nimages:\n- name: web\n  newTag: v1 # b\n- name: api\n  newTag: v1\nx: y\n",
            "images:\n  - newTag: v1\n\n  # c\n  - newTag: v1\n    name: web\n",
            "a:\r\n  b:\r\n    c: v1\r\n    d: v1\r\n  e: f\r\ng: v1\r\n",
            "- v1\n- - v1\n  - v1\n",
        ] {
            for to in ["v2", "longer than v1"] {
                let splices: Vec<_> =
                    text.match_indices("v1").map(|(at, v1)| Splice::replace(at..at + v1.len(), to)).collect();
                assert!(is_quick(text, &splices), "{text:?}: {to}");
                assert!(splices.into_iter().all(|splice| is_quick(text, &[splice])), "{text:?}: {to}");
            }
        }
    }

    /// The second reader of a text that is not the one that was asked for.
    fn read_another<'d>(_source: &'d SourceText<'d>) -> Result<ParsedYaml<'d>, YamlError> {
        second_reader::read(Box::leak(Box::new(SourceText::read(b"x: y\n")?)))
    }

    fn read_the_old<'d>(source: &'d SourceText<'d>) -> Result<ParsedYaml<'d>, YamlError> {
        if source.text.contains("v1") { second_reader::read(source) } else { read_another(source) }
    }

    fn read_the_new<'d>(source: &'d SourceText<'d>) -> Result<ParsedYaml<'d>, YamlError> {
        if source.text.contains("v2") { second_reader::read(source) } else { read_another(source) }
    }

    #[test]
    fn both_parsers_must_read_the_old_and_the_new_entries() {
        let (old, new) = (SourceText::read(b"a: v1\nb: c\n").unwrap(), SourceText::read(b"a: v2\nb: c\n").unwrap());
        let old = first_reader::read(&old).unwrap();
        let is_quick = |reader: ReadYaml| reread_by_lines(&old, &new, &[Splice::replace(3..5, "v2")], reader).is_some();
        assert!(is_quick(second_reader::read));
        for reader in [read_another as ReadYaml, read_the_old, read_the_new] {
            assert!(!is_quick(reader));
        }
    }

    /// `entries_around` finds a run in the old text; the lines at its place in the new text may be no run.
    #[test]
    fn runs_of_entries() {
        for (before, lines, after, expected) in [
            ("", "a: b\n", "", true),
            ("", "a: b\n", "c: d\n", true),
            ("a:\n", "  b: c\n", "d: e\n", true),
            ("a:\n", "  b: c\n\n# d\n  e: f\n", "", true),
            ("", "a:\n  b: c\n", "# d\n\ne: f\n", true),
            ("a:\n", "  b:\n    c: d\n  e: f\n", "  g: h\n", true),
            ("a: b\n", "", "c: d\n", false),
            ("a: b\n", "\n# c\n", "d: e\n", false),
            ("", "a:\n", "  b: c\n", false),
            ("", "a:\n", "# b\n\n  c: d\n", false),
            ("a:\n", "  b: c\nd: e\n", "", false),
            ("a:\n", "  b: c\nd: e\n", "f: g\n", false),
            ("a:\n", "  b: c\nd:\n", "    e: f\n", false),
        ] {
            let text = [before, lines, after].concat();
            let source = SourceText::read(text.as_bytes()).unwrap();
            assert_eq!(is_run(&source, &(before.len()..before.len() + lines.len())), expected, "{text:?}");
        }
    }

    #[test]
    fn lines_that_stand_for_themselves_are_read() {
        for text in [
            "a: b\n",
            "a: b",
            "a:\n",
            "a:",
            "- a\n- b",
            "a:\n- b\n- c: d\n  e:\nf: g\n",
            "a:\n  - b\n  -   c: d\n      e: f\n\ng:\n  h:\n    i: 'j'  # k\n",
            "- - a\n  - b\n-   - c\n",
            "  a: b # c\n  d: e\n # f\n",
            "a: {b: c, d: [e, 'f', {}], g: []}\nh: [ i , j ]\n",
            "a: b c: d\n".replace("c: d", "c d, e").as_str(),
            "a: --flag=x\n- ".replace("\n- ", "").as_str(),
            "a: http://b:80/c#d # e\n",
            "# a\nb: c\r\nd:\r\n  e: \"f\"\r\n",
            "a: é # ü\nb: \"日本\"\n",
            "a:\n  # b\n  c: d\n",
            "a: # b\n  c: d\n",
        ] {
            assert!(is_read_by_lines(text), "{text:?}");
        }
    }

    #[test]
    fn what_depends_on_other_lines_is_for_the_parsers() {
        for text in [
            "",
            "# a\n",
            "a: b\n  c\n",
            "a: \"b\n  c\"\n",
            "a: |\n  b\n",
            "a: &b c\n",
            "a: !b c\n",
            "a: *b\n",
            "---\na: b\n",
            "a: b\n...\n",
            "%YAML 1.2\n",
            "a: b\n---\n",
            "a: {b: c,\n  d: e}\n",
            "a: b: c\n",
            "a:\tb\n",
            "a: 'b' c\n",
            "a: {b:, c: d}\n",
            "a:\n  b: c\n d: e\n",
            "a: b\n- c\n",
            "- a\nb: c\n",
            "? a\n: b\n",
            "\u{feff}a: b\n",
            "<<: a\n",
            "a\n",
            "-\n- a\n",
            "- # b\n  c: d\n",
        ] {
            assert!(!is_read_by_lines(text), "{text:?}");
        }
    }

    const LINES: [&str; 34] = [
        "a: v1",
        "  tag: v1 # c",
        "- name: v1",
        "  - name: v1",
        "- v1",
        "  'q': \"v1\"",
        "  k.l/m: 'v1'",
        "b: {c: v1, d: [v1, x]}",
        "k: |",
        "    text: v1",
        "      - v1",
        "",
        "   ",
        "# c",
        "   # v1",
        "e: &x v1",
        "f: *x",
        "g:",
        "  g:",
        "-",
        "  -",
        "---",
        "h: v1 more",
        "  more",
        "? v1",
        "j: \"v1",
        "é: v1",
        "{a: v1,",
        "...",
        "v1:",
        "  - - v1",
        "-   v1: x",
        "    c: v1",
        "  v1: [ ]",
    ];
    const NEW: [&str; 24] = [
        "v2",
        "",
        "\"v 2\"",
        "'x'",
        "a: b",
        "v1 # c",
        "[x]",
        "{x: y}",
        "&y v2",
        "*x",
        "|",
        "- x",
        "x,y",
        "?",
        "\"",
        "é",
        "v2\t",
        "v2\nnew: x",
        "v2\n  new: x",
        "v2\n- x",
        "v2\n    new: 'x'",
        "v2:",
        "\n",
        " #",
    ];

    proptest! {
        // What is found becomes a row above, not a seed that says nothing to its reader.
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_quick_proof_is_as_strong_as_the_whole(
            lines in prop::collection::vec(prop::sample::select(&LINES[..]), 1..10),
            new in prop::sample::select(&NEW[..]),
            other in prop::sample::select(&NEW[..]),
            crlf in any::<bool>(),
        ) {
            let end = if crlf { "\r\n" } else { "\n" };
            let text = lines.join(end) + end;
            is_read_by_lines(&text);
            is_read_by_lines(text.trim_end());
            let places: Vec<Range<usize>> = text.match_indices("v1").map(|(at, v1)| at..at + v1.len()).collect();
            for (index, range) in places.iter().enumerate() {
                is_quick_at(&text, range.clone(), new);
                is_quick_at(&text, range.start..range.start, new);
                for later in &places[index + 1..] {
                    let one = Splice::replace(range.clone(), new);
                    is_quick(&text, &[one.clone(), Splice::replace(later.clone(), other)]);
                    is_quick_at(&text, range.end..later.start, new);
                }
            }
        }

        #[test]
        fn any_text_of_one_line_is_read_as_by_both_parsers(text in "[a:\\-{}\\[\\], '\"#&*!|>%@`?~.\\\\<=é0]{1,14}", before in 0_usize..5) {
            let before = ["", "a: ", "- ", "a: b\nc:\n  d: ", "- {a: "][before];
            is_read_by_lines(&format!("{before}{text}"));
            is_read_by_lines(&format!("{before}{text}}}\n"));
            is_read_by_lines(&format!("{before}{text}]\nb: c\n"));
        }
    }
}
