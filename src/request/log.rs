//! `log` as meant.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::repository::repository_request::RepositoryRequest;
use super::repository::target_file::TargetFile;
use crate::cli::{Environment, LogArguments};
use crate::outcome::failure::Failure;

pub struct LogRequest {
    pub repository: RepositoryRequest,
    pub files: Vec<TargetFile>,
    /// `None`: every entry.
    pub name: Option<String>,
    pub limit: usize,
    /// The time before which nothing is listed.
    pub since: Option<Timestamp>,
}

impl LogRequest {
    pub(super) fn new(arguments: &LogArguments, environment: &Environment) -> Result<Self, Failure> {
        let since = arguments.since.as_deref().map(|text| since(text, Timestamp::now())).transpose()?;
        Ok(Self {
            repository: RepositoryRequest::new(&arguments.reading.repository, &arguments.reading.timeout, environment)?,
            files: TargetFile::all(&arguments.branch.kustomizations, &arguments.branch.files)?,
            // An input of several lines may end with a line end.
            name: arguments.name.as_deref().map(|name| name.trim().to_owned()),
            limit: arguments.limit as usize,
            since,
        })
    }
}

/// Reads a time: a timestamp of RFC 3339, a day, which begins at midnight in UTC, or how long before `now`.
fn since(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let ago = || {
        let (end, unit) = text.char_indices().next_back()?;
        let hours = match unit {
            'h' => 1,
            'd' => 24,
            'w' => 7 * 24,
            _ => return None,
        };
        let hours =
            text[..end].parse::<u32>().ok().filter(|number| *number > 0).map(|number| i64::from(number) * hours)?;
        now.checked_sub(SignedDuration::from_hours(hours)).ok()
    };
    let day = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp());
    // A date is a prefix of a timestamp, and the parser of dates takes timestamps too.
    let read = text.parse().ok().or_else(day).or_else(ago);
    read.ok_or_else(|| {
        Failure::usage(format!("`{text}` is neither a date nor a duration"))
            .hint("write it as `2026-11-01`, `12h`, `7d` or `2w`")
    })
}

#[cfg(test)]
mod tests {
    use super::since;
    use jiff::Timestamp;

    #[test]
    fn times() {
        let now: Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("2026-11-01", "2026-11-01T00:00:00Z"),
            ("2026-11-01T10:00:00+02:00", "2026-11-01T08:00:00Z"),
            ("12h", "2026-11-28T00:00:00Z"),
            ("7d", "2026-11-21T12:00:00Z"),
            ("2w", "2026-11-14T12:00:00Z"),
        ] {
            assert_eq!(since(text, now).unwrap().to_string(), expected, "{text}");
        }
        for text in ["", "d", "0d", "-1d", "7", "7 d", "yesterday", "2026-13-01", "4294967295w", "1µ"] {
            assert!(since(text, now).is_err(), "{text}");
        }
    }
}
