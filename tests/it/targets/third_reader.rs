//! A third reader of every case, of another family than the two that prove an edit. What an edit says of each entry is what it
//! reads in the new text, and what it could read before, it can read afterwards.

use std::collections::BTreeMap;

use yaml_rust2::parser::{Event, Parser};

use super::Case;

/// The scalars of a text in reading order, aliases resolved; nothing if it cannot be read.
fn scalars(text: &[u8]) -> Option<Vec<String>> {
    let mut parser = Parser::new_from_str(std::str::from_utf8(text).ok()?);
    let mut anchors: BTreeMap<usize, String> = BTreeMap::new();
    let mut scalars = Vec::new();
    loop {
        match parser.next_token().ok()?.0 {
            Event::StreamEnd => return Some(scalars),
            Event::Scalar(value, _, anchor, _) => {
                anchors.insert(anchor, value.clone());
                scalars.push(value);
            }
            Event::Alias(anchor) => scalars.extend(anchors.get(&anchor).cloned()),
            _ => {}
        }
    }
}

#[test]
fn it_reads_what_an_edit_says() {
    let mut read = 0;
    for case in Case::all() {
        let Some(edit) = case.edit().ok().filter(|edit| edit.absent.is_empty()) else {
            continue;
        };
        // It refuses some tabs that the others take.
        let Some(before) = scalars(&case.source).filter(|_| !edit.text.contains(&b'\t')) else {
            continue;
        };
        let after = scalars(&edit.text).unwrap_or_else(|| panic!("{}: it cannot be read any more", case.name));
        // Placeholders are no YAML, and a file of them is not read at all.
        for entry in edit.entries.iter().flat_map(|entry| &entry.fields) {
            let count = |scalars: &[String], value: &Option<String>| {
                value.as_ref().map_or(0, |value| scalars.iter().filter(|scalar| *scalar == value).count())
            };
            assert!(entry.to.is_none() || count(&after, &entry.to) > 0, "{}: {:?}", case.name, entry.to);
            let goes = entry.from != entry.to && entry.from.as_ref().is_some_and(|from| !from.ends_with('\n'));
            let fewer = count(&after, &entry.from) < count(&before, &entry.from);
            assert!(!goes || fewer || is_shared(&case), "{}: {:?} is still there", case.name, entry.from);
        }
        read += 1;
    }
    assert!(read >= 200, "only {read} cases were read");
}

/// Whether a value may be there again: in another entry, or by a merge key or an alias.
fn is_shared(case: &Case) -> bool {
    let text = String::from_utf8_lossy(&case.source);
    text.contains("<<") || text.contains('*') || case.arguments.len() > 1
}
