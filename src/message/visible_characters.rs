//! Characters that are not what they look like: they act on a terminal, or look like a space or like nothing.

/// Returns whether a terminal acts on `c`, or text beside it turns its direction.
pub fn acts(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns whether `c` looks like a space or like nothing, and is not a space.
pub fn looks_blank(c: char) -> bool {
    (c.is_whitespace() && c != ' ') || matches!(c, '\u{ad}' | '\u{61c}' | '\u{2060}'..='\u{2065}' | '\u{feff}')
}
