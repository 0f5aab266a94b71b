//! Marks in titles. GitLab and Gitea know a draft by how its title begins. A person marks a request so to hold its merge, and a
//! release that comes later must not take that back by the way.

use std::borrow::Cow;

/// The marks of GitLab and of Gitea, as their settings have them before they are changed.
const MARKS: [&str; 5] = ["draft:", "[draft]", "(draft)", "wip:", "[wip]"];

/// Returns the mark that a title begins with, with the blanks behind it; nothing if it has none.
pub(super) fn draft_mark(title: &str) -> &str {
    let begins = |mark: &&&str| title.get(..mark.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(mark));
    let Some(mark) = MARKS.iter().find(begins) else { return "" };
    let rest = title[mark.len()..].trim_start();
    &title[..title.len() - rest.len()]
}

/// Returns a new title with the mark of the one that a request has.
pub(super) fn with_mark_of<'t>(old: &str, new: &'t str) -> Cow<'t, str> {
    match (draft_mark(old), draft_mark(new)) {
        (mark, "") if !mark.is_empty() => Cow::Owned(format!("{mark}{new}")),
        _ => Cow::Borrowed(new),
    }
}
