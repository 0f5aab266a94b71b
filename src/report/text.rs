//! The report for people: one line per event, which begins with the word that a hurried reader looks for. Colour only marks
//! what the words already say.

use std::fmt::Write as _;
use std::time::Duration;

use super::escape::{visible, visible_line, visible_lines};
use super::log;
use super::status;
use super::style::{Mark, Style};
use crate::cli::CommandName;
use crate::git::Traffic;
use crate::image::{Digest, Tag};
use crate::message::{Release, VerifiedClaim, VerifiedStatement, each_once};
use crate::outcome::failure::Failure;
use crate::outcome::{
    Checked, Ending, Event, FileEdit, Outcome, Proposed, RuleDemand, RuleVerdict, Ruling, StopKind, Stopped, Waiting,
};
use crate::targets::{EntryEdit, Fields};

/// An index may list any number of platforms, and a line of a log may not.
pub(super) const PLATFORMS_SHOWN: usize = 20;

pub(super) fn event(event: &Event<'_>, verbose: bool, style: Style) -> String {
    match event {
        Event::Checked(checked) => self::checked(checked, verbose, style) + &claims(checked, style),
        Event::Learned(checked) => claims(checked, style),
        Event::Waiting(waiting) => waits(waiting, style),
        Event::Edited(file) => edited(file, style),
        Event::Compared(comparison) => {
            let text = format!("{}  {}", comparison.range(), visible(&comparison.url));
            line(style, "source", Mark::Good, &text)
        }
        Event::Judged(ruling) => judged(ruling, style),
        Event::Detected(what) if verbose => line(style, "ci", Mark::Faint, &visible(what)),
        Event::Aside(note) if verbose => line(style, "note", Mark::Faint, &visible(note)),
        Event::Detected(_) | Event::Aside(_) | Event::Began(_) => String::new(),
        Event::Warned(warning) => line(style, "warn", Mark::Note, &visible(warning)),
        Event::Noted(note) => line(style, "note", Mark::Note, &visible(note)),
        Event::TakenBack { id, title } => {
            line(style, "back", Mark::Removed, &format!("{}  {}", id.short(), visible(title)))
        }
        Event::Committed { id, title } => {
            line(style, "commit", Mark::Good, &format!("{}  {}", id.short(), visible(title)))
        }
        Event::Pushed { remote, branch, parent, id, tag, traffic, elapsed } => {
            let range = match parent {
                Some(parent) => format!("{}..{}", parent.short(), id.short()),
                None => format!("{} (new branch)", id.short()),
            };
            let cost = if verbose { cost(*traffic, *elapsed) } else { String::new() };
            let pushed = format!("{}  {}  {range}{cost}", visible(remote), visible(branch));
            let tagged = tag.map(|tag| line(style, "tag", Mark::Good, &format!("{}  {}", id.short(), visible(tag))));
            line(style, "push", Mark::Good, &pushed) + &tagged.unwrap_or_default()
        }
        Event::Proposed { base, request } => {
            let text = format!("{}  to {}  {}", visible(&request.name()), visible(base), visible(&request.url));
            line(style, request.word(), Mark::Good, &text)
        }
        Event::Raced { branch, has_moved, attempt, attempts } => {
            let how = if *has_moved { "moved" } else { "did not move, but another push is at work on it" };
            let text = format!("{} {how}; attempt {attempt} of {attempts} was too late", visible(branch));
            line(style, "raced", Mark::Note, &text)
        }
    }
}

fn line(style: Style, word: &str, mark: Mark, text: &str) -> String {
    format!(" {}  {text}\n", style.paint(mark, &format!("{word:<6}")))
}

/// Returns the cost of a whole release, and the time of its push.
fn cost(Traffic { requests, sent, received }: Traffic, elapsed: Duration) -> String {
    format!("  ({}, {sent} bytes up, {received} bytes down, {} ms)", counted(requests), elapsed.as_millis())
}

fn counted(requests: u32) -> String {
    format!("{requests} request{}", if requests == 1 { "" } else { "s" })
}

fn checked(checked: &Checked, verbose: bool, style: Style) -> String {
    let reference = &checked.reference;
    let tag = reference.tag().map(|tag| format!(":{}", short(tag.as_str()))).unwrap_or_default();
    let mut text = format!("{}{tag}  {}", visible(reference.name()), short(checked.descriptor.digest.as_str()));
    if !checked.platforms.is_empty() {
        let mut platforms: Vec<_> = checked.platforms.iter().take(PLATFORMS_SHOWN).map(ToString::to_string).collect();
        let rest = checked.platforms.len() - platforms.len();
        if rest > 0 {
            platforms.push(format!("and {rest} more"));
        }
        // Writing to a String cannot fail.
        write!(text, "  {}", visible(&platforms.join(", "))).ok();
    }
    if verbose {
        let Checked { source, requests, elapsed, .. } = checked;
        let login = visible(&source.to_string());
        // Writing to a String cannot fail.
        write!(text, "  login: {login}  ({}, {} ms)", counted(*requests), elapsed.as_millis()).ok();
    }
    line(style, "check", Mark::Good, &text)
}

/// Returns a line for each thing that a signer says of an image.
fn claims(checked: &Checked, style: Style) -> String {
    checked.verified.iter().map(|claim| line(style, "verify", Mark::Good, &verified(claim))).collect()
}

/// Returns what a signer says, and how that is known.
pub(super) fn verified(claim: &VerifiedClaim) -> String {
    let statement = match &claim.statement {
        VerifiedStatement::Signature => "signature".to_owned(),
        VerifiedStatement::Provenance { source: Some(source), .. } => format!("provenance of {source}"),
        VerifiedStatement::Provenance { source: None, .. } => "provenance".to_owned(),
        VerifiedStatement::Attestation(kind) => format!("attestation {kind}"),
    };
    let issuer = claim.issuer.as_ref().map(|issuer| format!(" ({issuer})")).unwrap_or_default();
    let mut text = format!("{statement} by {}{issuer}", claim.signer);
    let logged = claim.log_index.map(|index| format!("log entry {index}"));
    for part in claim.signed.clone().into_iter().chain(logged) {
        // Writing to a String cannot fail.
        write!(text, ", {part}").ok();
    }
    visible(&text)
}

/// Returns a line for each image whose state has changed.
fn waits(waiting: &Waiting<'_>, style: Style) -> String {
    let news = waiting.images.iter().filter(|image| image.is_news);
    let lines = news.map(|image| {
        let reference = visible(&image.reference.to_string());
        let time = clock(waiting.elapsed, waiting.limit);
        line(style, "wait", Mark::Note, &format!("{reference}  {}  {time}", visible(&image.state)))
    });
    lines.collect()
}

/// Returns a digest, or a tag that is a commit id, by its first digits; any other text whole.
fn short(text: &str) -> String {
    if let Ok(digest) = text.parse::<Digest>() {
        return format!("{}…", digest.short());
    }
    match text.parse::<Tag>() {
        Ok(tag) if tag.short().len() < text.len() => format!("{}…", tag.short()),
        _ => visible(text),
    }
}

fn edited(file: &FileEdit, style: Style) -> String {
    let mut text = String::new();
    for entry in &file.edit.entries {
        text += &edited_entry(&file.path, entry, style);
    }
    for note in file.edit.notes.iter().filter(|note| !note.kind.is_warning()) {
        text += &line(style, "note", Mark::Note, &visible(&format!("{}:{}  {note}", file.path, note.place.line)));
    }
    text
}

fn edited_entry(path: &str, entry: &EntryEdit, style: Style) -> String {
    let path = visible(path);
    if entry.appended {
        let name = visible(entry.name.as_str());
        return line(style, "edit", Mark::Good, &format!("{path}:{}  new entry `{name}`", entry.line));
    }
    let mut text = String::new();
    for field in &entry.fields {
        let value = |value: &Option<String>| value.as_deref().map_or_else(|| "none".to_owned(), short);
        let change =
            format!("{path}:{}  {}  {} → {}", field.line, visible(&field.key), value(&field.from), value(&field.to));
        text += &line(style, "edit", Mark::Good, &change);
    }
    text
}

/// Returns the end of `command` in lines, those of a table of at most `limit` characters. `hint` says what would release all
/// the same, if a guard stopped the release.
pub(super) fn outcome(
    command: Option<CommandName>,
    outcome: &Outcome,
    hint: Option<&str>,
    style: Style,
    limit: Option<usize>,
) -> String {
    let good = |text: &str| format!("{}\n", style.paint(Mark::Good, text));
    match &outcome.ending {
        Ending::Released { pushed: true, .. } => good("released"),
        Ending::Released { pushed: false, .. } => good("committed; nothing was pushed"),
        Ending::Proposed { request, .. } if request.is_merged() => good("proposed, and merged"),
        Ending::Proposed { request: Proposed { auto_merge: Some(_), .. }, .. } => {
            good("proposed; it is merged when its rules allow")
        }
        Ending::Proposed { .. } => good("proposed"),
        Ending::Edited => good("edited"),
        Ending::Present => good("present"),
        Ending::Unchanged => unchanged(outcome),
        Ending::Proceed => good("proceed"),
        Ending::DryRun => {
            let rest = if command == Some(CommandName::Set) { "nothing was written" } else { "nothing was pushed" };
            format!("dry run: {rest}\n")
        }
        Ending::Stopped(Stopped { kind: StopKind::Ruled, .. }) => {
            stopped(StopKind::Ruled, &Ruling::sentences(&outcome.rulings), hint, style)
        }
        Ending::Stopped(Stopped { kind, reason }) => stopped(*kind, std::slice::from_ref(reason), hint, style),
        Ending::Logged(history) => log::table(history, style, limit),
        Ending::Compared(comparison) => status::table(comparison, style, limit),
    }
}

/// Returns a line for each reason.
fn stopped(kind: StopKind, reasons: &[String], hint: Option<&str>, style: Style) -> String {
    let word = style.paint(Mark::Note, kind.word());
    let lines: String = reasons.iter().map(|reason| format!("{word}: {}\n", visible(reason))).collect();
    let hint = hint.map(|hint| format!("  {} {hint}\n", style.paint(Mark::Note, "hint:"))).unwrap_or_default();
    lines + &hint
}

fn judged(ruling: &Ruling, style: Style) -> String {
    let entry = ruling.entry.as_ref().map(|entry| format!("`{entry}` in ")).unwrap_or_default();
    let (mark, end) = match &ruling.verdict {
        RuleVerdict::Holds => (Mark::Good, "holds".to_owned()),
        RuleVerdict::NotJudged => (Mark::Note, "not judged: nothing is released".to_owned()),
        RuleVerdict::Broken(broken) => (Mark::Bad, format!("does not hold: {}", broken.why)),
    };
    let demand = ruling.demand.map_or("rules", RuleDemand::word);
    let text = format!("{}  {demand}  {entry}{}  {end}", ruling.source(), ruling.file);
    line(style, "rule", mark, &visible(&text))
}

/// Returns a line for each name, however many places it has.
fn unchanged(outcome: &Outcome) -> String {
    let lines = outcome.releases.iter().map(|Release { entry, .. }| {
        let Fields { new_tag, digest, .. } = &entry.after;
        let tag = new_tag.as_deref().map(|tag| format!(":{}", short(tag))).unwrap_or_default();
        let digest = digest.as_deref().map(|digest| format!("@{}", short(digest))).unwrap_or_default();
        let (name, image) = (visible(entry.name.as_str()), visible(entry.image_name().unwrap_or(entry.name.as_str())));
        format!("unchanged: `{name}` already is `{image}{tag}{digest}`\n")
    });
    each_once(lines).concat()
}

pub(super) fn diff(diff: &str, style: Style) -> String {
    let mut text = String::new();
    for line in visible_lines(diff) {
        let line = match line.as_bytes().first() {
            Some(b'+') => style.paint(Mark::Added, &line),
            Some(b'-') => style.paint(Mark::Removed, &line),
            Some(b'@') => style.paint(Mark::Faint, &line),
            _ => line,
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

pub(super) fn failure(failure: &Failure, style: Style) -> String {
    let mut text = format!("{} {}\n", style.paint(Mark::Bad, "error:"), visible(&failure.message));
    for detail in &failure.details {
        // Writing to a String cannot fail.
        writeln!(text, "  {}", visible_line(detail)).ok();
    }
    if let Some(hint) = &failure.hint {
        writeln!(text, "  {} {}", style.paint(Mark::Note, "hint:"), visible(hint)).ok();
    }
    text
}

/// Returns the elapsed part of a time limit, as `0:42 of 5:00`.
pub(super) fn clock(elapsed: Duration, limit: Duration) -> String {
    format!("{} of {}", minutes(elapsed.min(limit)), minutes(limit))
}

/// Returns a time in minutes and seconds, as `0:42`.
pub(super) fn minutes(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

/// Returns the line of something that goes on for long.
pub(super) fn goes_on(what: &str, style: Style) -> String {
    line(style, "wait", Mark::Note, what)
}

#[cfg(test)]
mod tests {
    use super::{clock, failure, short};
    use crate::outcome::failure::Failure;
    use crate::report::style::Style;
    use std::time::Duration;

    #[test]
    fn nothing_reaches_the_terminal_unescaped() {
        let shown = failure(&Failure::target("x\ny").detail("remote: a\u{1b}]0;b\nc\td").hint("z"), Style::Plain);
        assert_eq!(shown, "error: x\\u{a}y\n  remote: a\\u{1b}]0;b\\u{a}c\td\n  hint: z\n");
    }

    #[test]
    fn long_names_are_shortened() {
        assert_eq!(short("v1.2.3"), "v1.2.3");
        assert_eq!(short("127.0.0.1:5000/a/very/long/name-é"), "127.0.0.1:5000/a/very/long/name-é");
        assert_eq!(short("b15411f387bb2a2286676b92a87fd85aa9b682a5"), "b15411f387bb…");
        assert_eq!(short(&format!("sha256:{}", "9f".repeat(32))), "sha256:9f9f9f9f9f9f…");
    }

    #[test]
    fn clocks() {
        for (elapsed, limit, expected) in
            [(0, 5, "0:00 of 0:05"), (42, 300, "0:42 of 5:00"), (3661, 7200, "61:01 of 120:00"), (9, 5, "0:05 of 0:05")]
        {
            assert_eq!(clock(Duration::from_secs(elapsed), Duration::from_secs(limit)), expected);
        }
    }
}
