//! Texts of servers, files and arguments may hold anything. Here they become texts that act neither on a terminal nor on a CI
//! system that reads commands from its log. No other place escapes, so that JSON has the texts as they are.

use super::redact::redacted;
use crate::cli::{LogCommand, log_commands};
use crate::image::visible_characters::{acts, has_no_shape};

/// Has the character before it drawn as an emoji; behind any other character it is not seen.
const EMOJI_STYLE: char = '\u{fe0f}';

/// Returns `text` with everything escaped that a terminal would act on, marks that turn its direction included, and what
/// looks like a space or like nothing; without the logins of its URLs.
pub(super) fn visible(text: &str) -> String {
    escaped(text, |c| acts(c) || has_no_shape(c))
}

/// Returns `line` as one line, made [`visible`] but for its tabs.
pub(super) fn visible_line(line: &str) -> String {
    escaped(line.trim_end_matches('\r'), |c| c != '\t' && (acts(c) || has_no_shape(c)))
}

/// Returns `text` with its lines kept, and in each escaped what a terminal would act on. A diff stays one that can be applied.
pub(super) fn visible_lines(text: &str) -> impl Iterator<Item = String> {
    text.lines().map(|line| escaped(line.trim_end_matches('\r'), |c| c != '\t' && acts(c)))
}

fn escaped(text: &str, escape: impl Fn(char) -> bool) -> String {
    let text = &*redacted(text);
    if !text.contains(&escape) {
        return text.to_owned();
    }
    let (mut escaped, mut before) = (String::with_capacity(text.len()), ' ');
    for c in text.chars() {
        if escape(c) && !(c == EMOJI_STYLE && may_be_emoji(before)) {
            escaped.extend(c.escape_unicode());
        } else {
            escaped.push(c);
        }
        before = c;
    }
    escaped
}

/// Returns whether `c` is of the blocks whose characters are drawn as text or as emoji, such as the signs of titles of commits.
fn may_be_emoji(c: char) -> bool {
    matches!(c, '\u{203c}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

/// What stands for a character that would begin a command.
#[derive(Debug, Clone, Copy)]
pub(super) enum Substitute {
    /// `\u{3a}`, as [`visible`] writes what it escapes.
    Visible,
    /// `\u0023`, which is the same character within a string of JSON.
    Json,
}

impl Substitute {
    fn of(self, c: char) -> String {
        match self {
            Self::Visible => c.escape_unicode().to_string(),
            Self::Json => format!("\\u{:04x}", u32::from(c)),
        }
    }
}

/// Returns `text` with no command in it to a CI system that reads its log, as the table of systems has them. Some systems
/// compare as people do, and pass over characters without a shape, so everything but ASCII is passed over here too.
pub(super) fn defused(text: &str, substitute: Substitute) -> String {
    text.split_inclusive('\n').map(|line| defused_line(line, substitute)).collect()
}

fn defused_line(line: &str, substitute: Substitute) -> String {
    let mut defused = String::with_capacity(line.len());
    let mut at_start = true;
    for (index, c) in line.char_indices() {
        if c.is_ascii_graphic() && is_command(&line[index..], at_start) {
            defused.push_str(&substitute.of(c));
        } else {
            defused.push(c);
        }
        at_start &= !c.is_ascii_graphic();
    }
    defused
}

/// Returns whether `text`, which begins with a graphic character, begins with a command. It may be the start of a line but for
/// space.
fn is_command(text: &str, at_start: bool) -> bool {
    let begins = |command: &str| {
        // Nearly all text begins otherwise, and this is asked at each of its characters.
        if command.as_bytes().first() != text.as_bytes().first() {
            return false;
        }
        let mut seen = text.chars().filter(char::is_ascii_graphic);
        command.chars().all(|c| seen.next() == Some(c))
    };
    log_commands().any(|command| match command {
        LogCommand::LineStart(command) => at_start && begins(command),
        LogCommand::Anywhere(command) => begins(command),
    })
}

#[cfg(test)]
mod tests {
    use super::{Substitute, defused, visible, visible_line, visible_lines};

    #[test]
    fn nothing_acts_on_a_terminal() {
        assert_eq!(visible("a\u{1b}[2J\rb\u{202e}c\u{7}"), "a\\u{1b}[2J\\u{d}b\\u{202e}c\\u{7}");
        assert_eq!(visible("é 日本語 `x`"), "é 日本語 `x`");
        assert_eq!(visible("a\tb\nc"), "a\\u{9}b\\u{a}c");
        assert_eq!(visible("web\u{a0}\u{feff}\u{3000}"), "web\\u{a0}\\u{feff}\\u{3000}");
        // One of each kind that Unicode has: ignorable, of a format, blank, private, and none.
        for c in "\u{34f}\u{115f}\u{17b4}\u{180e}\u{2064}\u{206a}\u{2800}\u{3164}\u{fe0f}\u{ffa0}\u{fffb}\u{13430}\u{1bca0}\u{1d173}\
            \u{e000}\u{fdd0}\u{ffff}\u{1ffff}\u{e0041}\u{e01ef}\u{10fffd}"
            .chars()
        {
            assert_eq!(visible(&format!("we{c}b")), format!("we{}b", c.escape_unicode()));
        }
        assert_eq!(visible("♻\u{fe0f}\u{fe0f}a\u{fe0f}"), "♻\u{fe0f}\\u{fe0f}a\\u{fe0f}");
        for text in ["\u{301}e", "ع", "한", "ก็", "👍🏽", "→…–", "⚡\u{fe0f}"] {
            assert_eq!(visible(text), text);
        }
        assert_eq!(visible_line("web\u{a0}\t\r"), "web\\u{a0}\t");
        assert_eq!(visible_lines("web\u{a0}\r").next().unwrap(), "web\u{a0}");
        let lines: Vec<_> = visible_lines("a\tb\\u{9}\r\nc\rd").collect();
        assert_eq!(lines, ["a\tb\\u{9}", "c\\u{d}d"]);
    }

    #[test]
    fn nothing_commands_a_ci_system() {
        for (text, expected) in [
            ("::error::x", "\\u{3a}:error::x"),
            (" ok\n \t::set-env name=A::x\nb ::c", " ok\n \t\\u{3a}:set-env name=A::x\nb ::c"),
            ("\u{feff}\u{a0}::error::x", "\u{feff}\u{a0}\\u{3a}:error::x"),
            (":\u{ad}:error::x", "\\u{3a}\u{ad}:error::x"),
            ("+ ::error::x", "+ ::error::x"),
            (" check   a:b  #x ## y", " check   a:b  #x ## y"),
            ("a ##[set-env name=A;]x", "a \\u{23}#[set-env name=A;]x"),
            ("##vso[task.complete]x ###[a]", "\\u{23}#vso[task.complete]x #\\u{23}#[a]"),
            ("#\u{ad}#[a]", "\\u{23}\u{ad}#[a]"),
            ("##teamcity[x]", "\\u{23}#teamcity[x]"),
        ] {
            assert_eq!(defused(text, Substitute::Visible), expected);
        }
        let json = defused(r###"{"a":"##[x]"}"###, Substitute::Json);
        assert_eq!(json, r##"{"a":"\u0023#[x]"}"##);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["a"], "##[x]");
    }
}
