//! Reads `Link`: where a list goes on ([RFC 8288](https://www.rfc-editor.org/rfc/rfc8288.html#section-3)). An answer can have
//! several headers, a header several links, and a link several relations.

use reqwest::Url;
use reqwest::header::LINK;

use crate::registry::http::requests::HttpResponse;

/// Returns the URL of the next page of a list, if there is one; `Some(None)` if it has none that can be read.
pub(super) fn next_page(page: &HttpResponse) -> Option<Option<Url>> {
    let headers = page.headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    headers.flat_map(links).find(|link| link.is_next()).map(|link| page.url.join(link.target).ok())
}

struct Link<'a> {
    target: &'a str,
    parameters: &'a str,
}

impl Link<'_> {
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

/// Returns the links of a header, up to what is none.
fn links(mut header: &str) -> impl Iterator<Item = Link<'_>> {
    std::iter::from_fn(move || {
        let text = header.trim_start_matches([' ', '\t', ',']).strip_prefix('<')?;
        let (target, rest) = text.split_once('>')?;
        let (parameters, behind) = split(rest, ',');
        header = behind;
        Some(Link { target, parameters })
    })
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
