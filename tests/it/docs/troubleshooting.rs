//! The page of messages: it has a section for each kind of failure, and quotes messages as the program says them.

use tagship::outcome::failure::FailureKind;

use super::links::anchors;
use super::{code, read};

const PAGE: &str = "docs/src/troubleshooting.md";

#[test]
fn every_kind_of_failure_has_a_section() {
    let page = read(PAGE);
    let anchors = anchors(&page);
    for kind in FailureKind::ALL {
        assert!(anchors.contains(kind.name()), "{PAGE} has no section `{}`", kind.name());
        let line = format!("## {}\n\nExit code {}: {}.", kind.name(), kind.exit_code(), kind.meaning());
        assert!(page.contains(&line), "{PAGE} lacks {line}");
    }
}

/// Returns the parts of a quoted message that are the same each time.
fn fixed_parts(heading: &str) -> impl Iterator<Item = &str> {
    let quoted = heading.trim_start_matches("### ").trim_matches('`');
    quoted.split(['…', '`']).map(|part| part.trim_matches([' ', ':', ';', ',', '.'])).filter(|part| !part.is_empty())
}

/// A message that was reworded would not be found by its reader.
#[test]
fn every_quoted_message_is_in_the_code() {
    let code = code();
    let page = read(PAGE);
    let headings: Vec<_> = page.lines().filter(|line| line.starts_with("### ")).collect();
    for heading in &headings {
        let parts: Vec<_> = fixed_parts(heading).collect();
        let said = code.values().any(|text| parts.iter().all(|part| text.contains(part)));
        assert!(said, "no file says `{heading}`: {parts:?}");
    }
    assert!(headings.len() > 30, "{} messages", headings.len());
}
