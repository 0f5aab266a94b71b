//! Why a text is no YAML, if its characters show it better than a reader's words: what was copied from a web page, what a
//! merge left behind, what is still to be rendered.

use super::error::SyntaxCause;
use super::source::SourceText;

/// What begins a place to fill in, in the templates that people deploy with.
const TEMPLATES: [&str; 6] = ["{{", "{%", "{#", "%{", "<%", "#{"];

/// Returns what most likely causes an error at `at`.
pub(crate) fn syntax_cause(source: &SourceText<'_>, at: usize) -> Option<SyntaxCause> {
    if let Some((marker, _)) = source.text.match_indices("<<<<<<< ").find(|(at, _)| source.line_start(*at) == *at) {
        return Some(SyntaxCause::Conflict(source.place(marker)));
    }
    let line = &source.text[source.line_start(at)..source.line_end(at)];
    if TEMPLATES.iter().any(|begin| line.contains(begin)) || source.rest(at).starts_with(['%', '@', '`']) {
        return Some(SyntaxCause::Template);
    }
    // A reader may notice on the line below, or on the one above, if that one goes on.
    let above = source.line_start(source.line_start(at).saturating_sub(1));
    let mut seen = source.text[above..source.line_end(source.next_line(at))].char_indices();
    let (blank, character) =
        seen.find(|(at, character)| is_misleading(*character) && !is_legal(source.before(above + at), *character))?;
    let place = source.place(above + blank);
    Some(if character == '\t' { SyntaxCause::Tab(place) } else { SyntaxCause::Blank(place, character) })
}

/// A tab is wrong only where it indents.
fn is_legal(before: &str, character: char) -> bool {
    character == '\t' && !before.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'-' | b'?' | b':'))
}

fn is_misleading(character: char) -> bool {
    let has_no_shape = matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}');
    has_no_shape || (character.is_whitespace() && !matches!(character, ' ' | '\r' | '\n'))
}
