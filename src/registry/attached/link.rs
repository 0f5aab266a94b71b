//! Reads `Link`: where a list goes on ([RFC 8288](https://www.rfc-editor.org/rfc/rfc8288.html#section-3)). An answer can have
//! several headers, a header several links, and a link several relations.

use reqwest::Url;
use reqwest::header::LINK;

use crate::registry::http::requests::HttpResponse;

/// Returns the URL of the next page of a list, if there is one; `Some(None)` if there may be one that cannot be read.
pub(super) fn next_page(page: &HttpResponse) -> Option<Option<Url>> {
    let mut is_read = true;
    for value in page.headers.get_all(LINK) {
        let mut rest = value.to_str().unwrap_or("?");
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            let Some((link, behind)) = Link::read(rest) else { break };
            if link.is_next() {
                return Some(page.url.join(link.target).ok());
            }
            rest = behind;
        }
        is_read &= rest.is_empty();
    }
    (!is_read).then_some(None)
}

struct Link<'a> {
    target: &'a str,
    parameters: &'a str,
}

impl<'a> Link<'a> {
    /// Reads the first link of a header. Returns what is behind it, too.
    fn read(header: &'a str) -> Option<(Self, &'a str)> {
        let (target, rest) = header.strip_prefix('<')?.split_once('>')?;
        let (parameters, behind) = split(rest, ',');
        Some((Self { target, parameters }, behind))
    }

    fn is_next(&self) -> bool {
        let mut rest = self.parameters;
        while !rest.is_empty() {
            let (parameter, behind) = split(rest, ';');
            rest = behind;
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            if name.trim().eq_ignore_ascii_case("rel") {
                let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
                // Of several, only the first counts.
                return relations.any(|relation| relation.eq_ignore_ascii_case("next"));
            }
        }
        false
    }
}

/// Splits a text at the first separator that is not in a quoted string.
fn split(text: &str, separator: char) -> (&str, &str) {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let end = text.find(|c| {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            c => return c == separator,
        }
        false
    });
    end.map_or((text, ""), |end| (&text[..end], &text[end + separator.len_utf8()..]))
}
