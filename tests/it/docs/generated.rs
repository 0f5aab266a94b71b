//! The parts of pages that repeat the code: they stand between two comments, and are what the code gives.

use std::fs;

use super::{pages, read, root, tables};

const BEGIN: &str = "<!-- made from the code: ";
const END: &str = "<!-- end of what is made from the code -->";

/// Writes the pages in place of comparing them.
const WRITE: &str = "TAGSHIP_WRITE_DOCS";

/// Returns what a part of this name says.
fn part(name: &str) -> String {
    match name.split_once(' ').unwrap_or((name, "")) {
        ("commands", "") => tables::commands(),
        ("flags", "") => tables::flags(),
        ("variables", "") => tables::variables(),
        ("exit codes", "") | ("exit", "codes") => tables::exit_codes(),
        ("inputs", "") => tables::of_action("inputs", "input"),
        ("outputs", "") => tables::of_action("outputs", "output"),
        ("trailers", "") => tables::trailers(),
        ("file", path) => file(path),
        _ => panic!("nothing makes `{name}`"),
    }
}

/// Returns a file as a code block.
fn file(path: &str) -> String {
    let language = match path.rsplit_once('.') {
        Some((_, "yml" | "yaml")) => "yaml",
        Some((_, "json")) => "json",
        _ => "groovy",
    };
    format!("```{language}\n{}\n```", read(path).trim_end())
}

/// Returns the page with its made parts as the code gives them.
fn renewed(path: &str, text: &str) -> String {
    let mut page = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        let (name, after) = after.split_once(" -->\n").unwrap_or_else(|| panic!("{path}: a line end behind {BEGIN}"));
        let (_, after) = after.split_once(END).unwrap_or_else(|| panic!("{path}: `{name}` has no end"));
        page.push_str(&format!("{before}{BEGIN}{name} -->\n\n{}\n\n{END}", part(name)));
        rest = after;
    }
    page + rest
}

#[test]
fn what_repeats_the_code_is_made_from_it() {
    let mut stale = Vec::new();
    for (path, text) in pages() {
        let made = renewed(&path, &text);
        if made == text {
            continue;
        }
        if std::env::var_os(WRITE).is_some() {
            // Other tests read it at the same time.
            let new = root().join(format!("{path}.new"));
            fs::write(&new, made).unwrap();
            fs::rename(new, root().join(&path)).unwrap();
        } else {
            stale.push(path);
        }
    }
    let how = format!("run `{WRITE}=1 cargo test --test it docs::generated`, and commit what it writes");
    assert!(stale.is_empty(), "the code says something else than {stale:?}: {how}");
}

/// A part that nothing shows would be missed by its readers.
#[test]
fn every_table_is_in_the_book() {
    let book: String = super::book().into_values().collect();
    for name in ["commands", "flags", "variables", "exit codes", "inputs", "outputs", "trailers"] {
        assert!(book.contains(&format!("{BEGIN}{name} -->")), "no page has the {name}");
    }
}
