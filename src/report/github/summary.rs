//! The job's summary, in GitHub's Markdown: what was released, from what to what, and the diff; a list; or the failure.
//! Foreign text stands in code spans, or in a fence that is longer than any in the text, so that it cannot break out.

use std::fmt::Write as _;

use super::heading::heading;
use super::image_row::{Versions, code, linked, row, sentence, short_commit, stays};
use super::links::Links;
use super::listing::listing;
use super::markdown_table;
use crate::message::markdown::{clipped, longest_backticks, target};
use crate::report::command_end::CommandEnd;
use crate::report::escape::visible_lines;
use crate::report::json::{Document, Image, JudgedRule, Level, ProposedRequest};
use crate::report::style::Style;
use crate::report::text;

/// In bytes. GitHub takes 1 MiB of a step, which is more than a person reads.
const LARGEST: usize = 60 << 10;
const LARGEST_TABLE: usize = 30 << 10;
const LARGEST_RULES: usize = 15 << 10;
/// In characters; what is longer is cut.
const LONGEST_LINE: usize = 1000;
const MOST_SIGNERS: usize = 10;

/// Returns the lines to append; none if there is nothing to sum up.
pub(super) fn render(end: &CommandEnd<'_>, links: &Links) -> String {
    let CommandEnd { result, document, hint, .. } = end;
    let listed = result.ok().and_then(|outcome| listing(&outcome.ending, links, LARGEST_TABLE));
    let has_text = document.reason.is_some() || document.error.is_some() || listed.is_some();
    if !has_text && document.images.is_empty() {
        return String::new();
    }
    // What an earlier step has written may not end in a line end.
    let mut summary = format!("\n### {}\n\n", heading(end));
    if let Some(reason) = document.reason {
        summary += &format!("{}\n\n", sentence(reason));
    }
    if let Some(hint) = hint {
        summary += &format!("hint: {}\n\n", sentence(hint));
    }
    if let (Ok(_), Some(unwritten)) = (result, &document.error) {
        summary += &format!("❌ {}\n\n", sentence(unwritten.message));
    }
    if let Some(request) = &document.pull_request {
        summary += &format!("{}\n\n", proposed(request, document.branch));
    }
    for note in document.notes.iter().filter(|note| note.level == Level::Warning) {
        summary += &format!("⚠ {}\n\n", sentence(&note.text));
    }
    match result {
        Err(failure) => {
            summary += &fenced("text", &text::failure(failure, Style::Plain), LARGEST);
            let page = links.troubleshooting(failure.kind);
            summary += &page.map(|page| format!("[What to do]({})\n\n", target(&page))).unwrap_or_default();
        }
        Ok(_) if document.images.is_empty() => summary += &listed.unwrap_or_default(),
        Ok(_) => summary += &(table(&document.images) + &verified(&document.images)),
    }
    if !document.rules.is_empty() {
        summary += &rules(&document.rules);
    }
    if !document.diff.is_empty() {
        summary += &fenced("diff", document.diff, LARGEST.saturating_sub(summary.len()));
    }
    let line = origin(document, links);
    if !line.is_empty() {
        summary += &format!("{line}\n\n");
    }
    summary
}

/// Returns what became of the pull request, and what it waits for.
fn proposed(request: &ProposedRequest<'_>, base: Option<&str>) -> String {
    let page = target(request.url);
    let name = match request.number {
        Some(number) => format!("pull request [{}]({page})", code(&format!("#{number}"))),
        None => format!("[merge request]({page})"),
    };
    let to = base.map(|base| format!(" to {}", code(base))).unwrap_or_default();
    let done = match request.operation {
        "unchanged" => format!("The {name}{to} has this release already."),
        "merged" => return format!("Merged the {name}{to}."),
        operation => format!("{} the {name}{to}.", if operation == "opened" { "Opened" } else { "Updated" }),
    };
    let rest =
        if request.auto_merge.is_some() { "It is merged when its rules allow." } else { "It waits to be merged." };
    format!("{done} {rest}")
}

/// Returns the images as a table.
fn table(images: &[Image<'_>]) -> String {
    let versions = match images {
        _ if images.iter().any(stays) => Versions::Stay,
        _ if images.iter().all(|image| image.name.is_none()) => Versions::Found,
        _ => Versions::Change,
    };
    let (old, new) = versions.headings();
    let rows: Vec<_> = images.iter().map(|image| row(image, versions).to_vec()).collect();
    let headings = ["image", "entry", old, new, "digest", "platforms", "changes"];
    markdown_table::table(&headings.map(str::to_owned), &rows, LARGEST_TABLE)
}

/// Returns a table of the rules that were judged: those that do not hold first.
fn rules(judged: &[JudgedRule<'_>]) -> String {
    let (broken, others): (Vec<_>, Vec<_>) = judged.iter().partition(|rule| rule.holds == Some(false));
    let rows = broken.into_iter().chain(others).map(|rule| {
        let optional = |text: Option<&str>| text.map(code).unwrap_or_default();
        let holds = match (rule.holds, rule.reason) {
            (None, _) => "not judged: nothing is released".to_owned(),
            (_, Some(reason)) => format!("no: {}", sentence(reason)),
            (_, None) => "yes".to_owned(),
        };
        let source = format!("{} {}", code(&rule.source()), optional(rule.rule)).trim_end().to_owned();
        let remedy = rule.remedy.map(sentence).unwrap_or_default();
        vec![source, optional(rule.demand), optional(rule.entry), holds, remedy]
    });
    let headings = ["rule", "demands", "of", "holds", "what would satisfy it"];
    markdown_table::table(&headings.map(str::to_owned), &rows.collect::<Vec<_>>(), LARGEST_RULES)
}

/// Returns the signers that were verified for the images, each once.
fn verified(images: &[Image<'_>]) -> String {
    let mut signers: Vec<&str> = images.iter().flat_map(|image| &image.verified).map(|claim| claim.signer).collect();
    signers.sort_unstable();
    signers.dedup();
    signers.truncate(MOST_SIGNERS);
    signers.iter().map(|signer| format!("✓ verified: {}\n\n", code(signer))).collect()
}

/// Returns the commit and the branch of the release, and the source and the run that it comes from.
fn origin(document: &Document<'_>, links: &Links) -> String {
    let mut parts = Vec::new();
    if let Some(commit) = &document.commit {
        parts.push(format!("commit {}", linked(&commit[..commit.len().min(7)], links.commit(commit).as_deref())));
    }
    match (&document.pull_request, document.branch) {
        (Some(request), _) => parts.push(format!("head branch {}", code(request.head))),
        (None, Some(branch)) => parts.push(format!("branch {}", code(branch))),
        (None, None) => {}
    }
    if let Some(tag) = document.git_tag {
        parts.push(format!("tag {}", code(tag)));
    }
    if let Some(source) = &links.source {
        parts.push(format!("source {}", linked(&short_source(source), links.source_page().as_deref())));
    }
    if let Some(run) = &links.run {
        parts.push(format!("[run]({})", target(run)));
    }
    parts.join(" · ")
}

/// Returns a source commit with the first digits of its id.
fn short_source(source: &str) -> String {
    match source.rsplit_once('@') {
        Some((repository, commit)) => format!("{repository}@{}", short_commit(commit)),
        None => source.to_owned(),
    }
}

/// Returns `content` in a fence, all together in at most `room` bytes; what is cut is told.
fn fenced(language: &str, content: &str, room: usize) -> String {
    const AROUND: usize = 200;
    let lines: Vec<String> = visible_lines(content).map(|line| clipped(&line, LONGEST_LINE)).collect();
    let mut left = room.saturating_sub(AROUND);
    let mut shown = String::new();
    let mut longest_fence = 2;
    let mut number = 0;
    for line in &lines {
        let fence = longest_backticks(line);
        // The fence is written twice.
        let cost = line.len() + 1 + 2 * fence.saturating_sub(longest_fence);
        if cost > left {
            break;
        }
        left -= cost;
        longest_fence = longest_fence.max(fence);
        shown.push_str(line);
        shown.push('\n');
        number += 1;
    }
    let fence = "`".repeat(longest_fence + 1);
    let mut block = format!("{fence}{language}\n{shown}{fence}\n\n");
    if number < lines.len() {
        // Writing to a String cannot fail.
        write!(block, "{} more lines are not shown; the log has them.\n\n", lines.len() - number).ok();
    }
    block
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, fenced, render};
    use crate::cli::CommandName;
    use crate::outcome::failure::Failure;
    use crate::outcome::{Ending, Outcome};
    use crate::report::command_end::CommandEnd;
    use crate::report::github::Links;
    use crate::report::json::{Document, Image};

    #[test]
    fn nothing_closes_a_fence() {
        assert_eq!(fenced("diff", "+a\n", 1000), "```diff\n+a\n```\n\n");
        assert_eq!(fenced("text", "```\n~~~\n`````\nx", 1000), "``````text\n```\n~~~\n`````\nx\n``````\n\n");
        let cut = fenced("diff", &"+ab\n".repeat(100), 240);
        assert_eq!(cut.matches("+ab").count(), 10);
        assert!(cut.ends_with("```\n\n90 more lines are not shown; the log has them.\n\n"), "{cut}");
    }

    #[test]
    fn a_summary_has_bounds() {
        let links = Links::default();
        let name = "|".repeat(3000);
        let image = || Image {
            file: Some(&name),
            name: Some(&name),
            image: &name,
            tag: None,
            digest: None,
            platforms: Vec::new(),
            previous: None,
            changed: true,
            order: None,
            comparison: None,
            verified: Vec::new(),
        };
        let diff = "`".repeat(LARGEST) + "\n" + &"+x\n".repeat(LARGEST);
        let images = (0..100).map(|_| image()).collect();
        let document = Document { command: "release", reason: Some(&name), images, diff: &diff, ..Document::default() };
        let outcome = Outcome::new(Ending::Unchanged);
        let failure = Failure::target("x".repeat(LARGEST)).detail("remote: x\n".repeat(LARGEST));
        for (result, expected) in [
            (Ok(&outcome), "\n95 more are not shown.\n"),
            (Err(&failure), "more lines are not shown; the log has them.\n"),
        ] {
            let command = Some(CommandName::Release);
            let summary = render(&CommandEnd { command, result, document: document.clone(), hint: None }, &links);
            assert!(summary.len() <= 64 << 10, "{} bytes", summary.len());
            assert!(summary.contains(expected), "{summary}");
        }
    }
}
