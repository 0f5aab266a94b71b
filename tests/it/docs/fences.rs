//! The code blocks of a page.

/// A code block.
pub(super) struct Fence {
    pub(super) language: String,
    pub(super) text: String,
}

/// Returns the code blocks of a page, and the page without them.
pub(super) fn apart(page: &str) -> (Vec<Fence>, String) {
    let mut fences = Vec::new();
    let mut prose = String::new();
    let mut open: Option<Fence> = None;
    for line in page.lines() {
        match (line.trim_start().strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some(Fence { language: language.to_owned(), text: String::new() }),
            (Some(_), Some(_)) => fences.extend(open.take()),
            (None, Some(fence)) => fence.text.push_str(&format!("{line}\n")),
            (None, None) => prose.push_str(&format!("{line}\n")),
        }
    }
    assert!(open.is_none(), "a code block has no end");
    (fences, prose)
}
