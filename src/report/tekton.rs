//! The results as a Tekton task hands them on: one file for each, without a line end, in the folder of the task's results. All
//! files are written, because a declared result that is missing fails the task; but Tekton takes at most 4 kB of a pod, its own
//! additions included, so a value that does not fit is empty.

use super::json::Document;
use super::results;

/// Limit of all values together, in bytes: Tekton writes some 50 bytes around each.
const ROOM: usize = 3000;

/// Returns the files by their names.
pub(super) fn render(document: &Document<'_>) -> Vec<(&'static str, String)> {
    let mut room = ROOM;
    let fitting = results::named(document).into_iter().map(|result| {
        let value = result.value.joined(",");
        let value = if value.len() <= room { value } else { String::new() };
        room -= value.len();
        (result.name, value)
    });
    fitting.collect()
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::report::json::Document;

    #[test]
    fn all_fit_into_a_message_of_4096_bytes() {
        let reason = "x".repeat(10_000);
        let document = Document { outcome: "failed", reason: Some(&reason), ..Document::default() };
        let files = render(&document);
        let entry = |(name, value): &(&str, String)| format!(r#"{{"key":"{name}","value":"{value}","type":1}}"#).len();
        assert!(files.iter().map(entry).sum::<usize>() < 4096);
        assert!(files.contains(&("outcome", "failed".to_owned())));
        assert!(files.contains(&("reason", String::new())), "there is no room for it, and it is there");
    }
}
