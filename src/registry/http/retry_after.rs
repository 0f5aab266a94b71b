//! `Retry-After`, in both forms that HTTP has: a number of seconds, or a date
//! ([RFC 9110](https://www.rfc-editor.org/rfc/rfc9110.html#section-10.2.3)). Of the dates only the one form that may be
//! sent today is read; an obsolete one counts as no wish.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Returns how long after `now` the server wants us to come again.
pub(in crate::registry) fn parse(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than fit mean "never", as far as any deadline of ours is concerned.
        return Some(Duration::from_secs(value.parse().unwrap_or(u32::MAX.into())));
    }
    let at = UNIX_EPOCH + Duration::from_secs(seconds_of(value)?);
    Some(at.duration_since(now).unwrap_or_default())
}

/// Reads `Sun, 06 Nov 1994 08:49:37 GMT`.
fn seconds_of(date: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_weekday, rest) = date.split_once(", ")?;
    let [day, month, year, time, "GMT"] = rest.split(' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    let [hour, minute, second] = time.split(':').map(|part| part.parse().ok()).collect::<Option<Vec<u64>>>()?[..]
    else {
        return None;
    };
    let month = MONTHS.iter().position(|name| *name == month)? as u64 + 1;
    let (day, year) = (day.parse().ok()?, year.parse().ok()?);
    let plausible =
        (1..=31).contains(&day) && (1970..=9999).contains(&year) && hour < 24 && minute < 60 && second <= 60;
    plausible.then(|| ((days_since_epoch(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

/// Counts the days of the Gregorian calendar from 1970-01-01, with years that begin in March so that the leap day is
/// their last ([days_from_civil](https://howardhinnant.github.io/date_algorithms.html#days_from_civil)).
fn days_since_epoch(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::{parse, seconds_of};
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn dates() {
        for (text, expected) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
            ("Tue, 29 Feb 2000 23:59:59 GMT", Some(951_868_799)),
            ("Mon, 23 Nov 2026 03:12:55 GMT", Some(1_795_403_575)),
            ("Sun, 06 Nov 1994 08:49:37 CET", None),
            ("Sunday, 06-Nov-94 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 25:49:37 GMT", None),
            ("Sun, 00 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 99999999999999999999 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 08:49 GMT", None),
            ("", None),
        ] {
            assert_eq!(seconds_of(text), expected, "{text}");
        }
    }

    #[test]
    fn both_forms() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_770);
        for (text, expected) in [
            ("7", Some(7)),
            (" 7 ", Some(7)),
            ("0", Some(0)),
            ("99999999999999999999999", Some(u32::MAX.into())),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(7)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", Some(0)),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(parse(text, now), expected.map(Duration::from_secs), "{text}");
        }
    }
}
