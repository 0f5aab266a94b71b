//! `Retry-After`, in both forms that HTTP has: a number of seconds, or a date
//! ([RFC 9110](https://www.rfc-editor.org/rfc/rfc9110.html#section-10.2.3)). Of the dates only the form that may be sent
//! today is read, which is one of RFC 2822's.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// Returns how long after `now` the server wants the next request; `None` if the value is in neither form.
pub fn parse(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than fit mean "never", as far as any deadline of ours is concerned. Behind u32, a clock could overflow.
        return Some(Duration::from_secs(value.parse().unwrap_or(u32::MAX).into()));
    }
    // The dates of HTTP are in GMT; the parser would take a zone that it does not know for it.
    let date = Some(value).filter(|value| value.ends_with(" GMT"))?;
    let at = DateTimeParser::new().parse_timestamp(date).ok()?;
    let pause = at.duration_since(Timestamp::try_from(now).ok()?);
    // A date in the past makes a negative duration.
    Some(Duration::try_from(pause).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::parse;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn both_forms() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_770);
        for (text, expected) in [
            ("7", Some(7)),
            (" 7 ", Some(7)),
            ("0", Some(0)),
            ("9999999999999999999", Some(u32::MAX.into())),
            ("99999999999999999999999", Some(u32::MAX.into())),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(7)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", Some(0)),
            ("Mon, 23 Nov 2026 03:12:55 GMT", Some(1_795_403_575 - 784_111_770)),
            ("Sun, 06 Nov 1994 08:49:37 CET", None),
            ("Sunday, 06-Nov-94 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 25:49:37 GMT", None),
            ("Sun, 00 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 99999999999999999999 08:49:37 GMT", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(parse(text, now), expected.map(Duration::from_secs), "{text}");
        }
    }
}
