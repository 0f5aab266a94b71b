//! Times in which nothing may be released: between two dates or moments, on days of the week, in hours of the day, or all
//! of it together. A time of the day needs a time zone; the zones' rules are those that the program was built with, so that
//! two machines never judge one moment differently.

use std::fmt;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan as _};

/// A time in which releases stop.
#[derive(Debug, Clone, PartialEq)]
pub struct Freeze {
    from: Option<Timestamp>,
    /// The first moment behind the freeze.
    until: Option<Timestamp>,
    /// From Monday; `None`: every day.
    days: Option<[bool; 7]>,
    hours: Option<Hours>,
    zone: TimeZone,
    /// As the file says it.
    text: String,
    pub reason: Option<String>,
}

/// From the first time to the second one, which may be on the next day.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Hours {
    /// In minutes from midnight.
    from: i32,
    /// In minutes from midnight, at most 24 hours.
    to: i32,
}

/// The texts of a freeze, as the file has them.
#[derive(Debug, Clone, Copy, Default)]
pub struct FreezeTexts<'t> {
    pub from: Option<&'t str>,
    pub until: Option<&'t str>,
    pub days: &'t [&'t str],
    pub hours: Option<&'t str>,
    pub zone: Option<&'t str>,
    pub reason: Option<&'t str>,
}

/// Why texts are not a freeze.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FreezeError {
    #[error("a freeze needs `from`, `until`, `days` or `hours`")]
    Empty,
    #[error("`{0}` needs `zone`, such as `zone: Europe/Helsinki` or `zone: UTC`")]
    NoZone(String),
    #[error("`{0}` is not a time zone: write a name such as `Europe/Helsinki`, `UTC`, or an offset such as `+02:00`")]
    Zone(String),
    #[error(
        "`{0}` is not a date or moment: write `2026-12-20`, `2026-12-20T16:00`, `2026-12-20T16:00Z` or `2026-12-20T16:00+02:00`"
    )]
    Moment(String),
    #[error("the freeze ends before it begins")]
    Backwards,
    #[error(
        "`{0}` is not a day of the week: write `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`, or two of them as `fri-sun`"
    )]
    Day(String),
    #[error("`{0}` are not hours: write them as `16:00-24:00`, or over midnight as `22:00-06:00`")]
    Hours(String),
}

/// Which end of a freeze a date is: a whole day belongs to it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    From,
    Until,
}

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

impl Freeze {
    /// Reads the texts of a freeze.
    pub fn parse(texts: &FreezeTexts<'_>) -> Result<Self, FreezeError> {
        let FreezeTexts { from, until, days, hours, zone, reason } = *texts;
        if from.is_none() && until.is_none() && days.is_empty() && hours.is_none() {
            return Err(FreezeError::Empty);
        }
        let named = zone.map(time_zone).transpose()?;
        if let (None, Some(text)) = (&named, days.first().copied().or(hours)) {
            return Err(FreezeError::NoZone(text.to_owned()));
        }
        let hours = hours.map(Hours::parse).transpose()?;
        let day_begins = hours.map_or(0, Hours::day_begins);
        let end = |text: Option<&str>, end| text.map(|text| moment(text, named.as_ref(), day_begins, end)).transpose();
        let (first, last) = (end(from, End::From)?, end(until, End::Until)?);
        if let (Some(first), Some(last)) = (first, last)
            && last <= first
        {
            return Err(FreezeError::Backwards);
        }
        let week = if days.is_empty() { None } else { Some(week(days)?) };
        Ok(Self {
            from: first,
            until: last,
            days: week,
            hours,
            zone: named.unwrap_or(TimeZone::UTC),
            text: as_written(texts),
            reason: reason.map(|reason| reason.split_whitespace().collect::<Vec<_>>().join(" ")),
        })
    }

    /// Returns whether `now` is within the freeze.
    pub fn is_on(&self, now: Timestamp) -> bool {
        let is_between = self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until);
        is_between && self.is_in_week(now.to_zoned(self.zone.clone()).datetime())
    }

    /// Hours that go over midnight belong to the day on which they begin.
    fn is_in_week(&self, now: DateTime) -> bool {
        let is_day = |day: Weekday| {
            self.days.is_none_or(|days| usize::try_from(day.to_monday_zero_offset()).is_ok_and(|day| days[day]))
        };
        let today = is_day(now.weekday());
        let Some(Hours { from, to }) = self.hours else { return today };
        let minute = i32::from(now.hour()) * 60 + i32::from(now.minute());
        match from < to {
            true => today && (from..to).contains(&minute),
            false => (today && minute >= from) || (is_day(now.weekday().previous()) && minute < to),
        }
    }

    /// Returns the moment in the freeze's time zone, for a message.
    pub fn local(&self, now: Timestamp) -> String {
        now.to_zoned(self.zone.clone()).strftime("%a %Y-%m-%d %H:%M %:z").to_string()
    }
}

impl fmt::Display for Freeze {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn as_written(texts: &FreezeTexts<'_>) -> String {
    let days = (!texts.days.is_empty()).then(|| texts.days.join(", "));
    let words = [
        texts.from.map(|from| format!("from {from}")),
        texts.until.map(|until| format!("until {until}")),
        days,
        texts.hours.map(str::to_owned),
        texts.zone.map(str::to_owned),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn time_zone(text: &str) -> Result<TimeZone, FreezeError> {
    let refused = || FreezeError::Zone(text.to_owned());
    if text == "UTC" || text == "Z" {
        return Ok(TimeZone::UTC);
    }
    if text.starts_with(['+', '-']) {
        return offset(text).map(TimeZone::fixed).ok_or_else(refused);
    }
    TimeZoneDatabase::bundled().get(text).map_err(|_unknown| refused())
}

/// Reads `+02:00`.
fn offset(text: &str) -> Option<Offset> {
    let (sign, text) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let minutes = minutes(text).filter(|minutes| *minutes <= 14 * 60)?;
    Offset::from_seconds(sign * minutes * 60).ok()
}

/// Reads `16:00` as minutes from midnight, up to `24:00`.
fn minutes(text: &str) -> Option<i32> {
    let (hour, minute) = text.split_once(':')?;
    let number =
        |text: &str| (text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?;
    let (hour, minute): (i32, i32) = (number(hour)?, number(minute)?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= 24 * 60).then_some(total)
}

/// Reads a date or a moment. A date begins a freeze with its first moment, and ends it with its last one; `day_begins` so many
/// minutes after midnight.
fn moment(text: &str, zone: Option<&TimeZone>, day_begins: i32, end: End) -> Result<Timestamp, FreezeError> {
    let refused = || FreezeError::Moment(text.to_owned());
    let needs_zone = || zone.cloned().ok_or_else(|| FreezeError::NoZone(text.to_owned()));
    let (day, time) = text.split_once('T').map_or((text, None), |(day, time)| (day, Some(time)));
    let day = date(day).ok_or_else(refused)?;
    let (local, zone) = match time {
        None => {
            let days = if end == End::Until { 1.day() } else { 0.days() };
            let first = day.checked_add(days).map_err(|_last| refused())?.at(0, 0, 0, 0);
            (first.checked_add(day_begins.minutes()).map_err(|_last| refused())?, needs_zone()?)
        }
        Some(time) => {
            let (clock, zone) = match time.find(['Z', '+', '-']) {
                Some(at) if &time[at..] == "Z" => (&time[..at], TimeZone::UTC),
                Some(at) => (&time[..at], TimeZone::fixed(offset(&time[at..]).ok_or_else(refused)?)),
                None => (time, needs_zone()?),
            };
            let minutes = minutes(clock).filter(|minutes| *minutes < 24 * 60).ok_or_else(refused)?;
            let of_day = |value: i32| i8::try_from(value).map_err(|_large| refused());
            let time = Time::new(of_day(minutes / 60)?, of_day(minutes % 60)?, 0, 0).map_err(|_odd| refused())?;
            (day.to_datetime(time), zone)
        }
    };
    zone.to_timestamp(local).map_err(|_outside| refused())
}

/// Reads `2026-12-20`.
fn date(text: &str) -> Option<Date> {
    let is_shaped = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if is_shaped { text.parse().ok() } else { None }
}

fn week(texts: &[&str]) -> Result<[bool; 7], FreezeError> {
    let mut days = [false; 7];
    for text in texts {
        let refused = || FreezeError::Day((*text).to_owned());
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last) = (day(first).ok_or_else(refused)?, day(last).ok_or_else(refused)?);
        let count = (last + 7 - first) % 7 + 1;
        (first..first + count).for_each(|day| days[day % 7] = true);
    }
    Ok(days)
}

/// Returns the number of a day, from Monday; its name may be cut after three letters.
fn day(text: &str) -> Option<usize> {
    let text = text.trim().to_ascii_lowercase();
    DAYS.iter().position(|day| *day == text || day[..3] == text)
}

impl Hours {
    /// Returns when days begin, in minutes from midnight: hours that go over midnight belong to the day on which they begin.
    fn day_begins(self) -> i32 {
        if self.from < self.to { 0 } else { self.to }
    }

    fn parse(text: &str) -> Result<Self, FreezeError> {
        let refused = || FreezeError::Hours(text.to_owned());
        let (from, to) = text.split_once('-').ok_or_else(refused)?;
        let (from, to) = (minutes(from.trim()).ok_or_else(refused)?, minutes(to.trim()).ok_or_else(refused)?);
        if from == to || from == 24 * 60 { Err(refused()) } else { Ok(Self { from, to }) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Freeze, FreezeTexts};
    use jiff::Timestamp;

    fn freeze<'t>(
        from: &'t str,
        until: &'t str,
        days: &'t [&'t str],
        hours: &'t str,
        zone: &'t str,
    ) -> FreezeTexts<'t> {
        fn given(text: &str) -> Option<&str> {
            (!text.is_empty()).then_some(text)
        }
        let (from, until, hours, zone) = (given(from), given(until), given(hours), given(zone));
        FreezeTexts { from, until, days, hours, zone, reason: None }
    }

    #[test]
    fn when_a_freeze_is_on() {
        let christmas = freeze("2026-12-20", "2027-01-03", &[], "", "Europe/Helsinki");
        let weekend = freeze("", "", &["fri"], "16:00-24:00", "Europe/Helsinki");
        let nights = freeze("", "", &["fri-sun"], "22:00-06:00", "UTC");
        let moments = freeze("2026-12-20T16:00Z", "2026-12-20T18:00+01:00", &[], "", "");
        let half_hours = freeze("", "", &[], "16:30-17:45", "Z");
        let days_in_may = freeze("2026-05-01", "2026-05-31", &["sat", "sunday"], "", "-05:00");
        let nights_in_june = freeze("2026-06-10", "2026-06-11", &[], "22:00-06:00", "UTC");
        let to_a_moment = freeze("2026-06-10T23:00", "2026-06-11T03:00", &[], "22:00-06:00", "UTC");
        for (texts, now, expected) in [
            (nights_in_june, "2026-06-10T05:00:00Z", false),
            (nights_in_june, "2026-06-10T22:00:00Z", true),
            (nights_in_june, "2026-06-11T22:00:00Z", true),
            (nights_in_june, "2026-06-12T05:59:59Z", true),
            (nights_in_june, "2026-06-12T22:00:00Z", false),
            (to_a_moment, "2026-06-10T22:30:00Z", false),
            (to_a_moment, "2026-06-11T02:59:59Z", true),
            (to_a_moment, "2026-06-11T03:00:00Z", false),
            (christmas, "2026-12-19T21:59:59Z", false),
            (christmas, "2026-12-19T22:00:00Z", true),
            (christmas, "2027-01-03T21:59:59Z", true),
            (christmas, "2027-01-03T22:00:00Z", false),
            // Helsinki is two hours ahead of UTC in winter, and three in summer.
            (weekend, "2026-11-27T13:59:59Z", false),
            (weekend, "2026-11-27T14:00:00Z", true),
            (weekend, "2026-11-27T21:59:59Z", true),
            (weekend, "2026-11-27T22:00:00Z", false),
            (weekend, "2026-07-03T13:00:00Z", true),
            (weekend, "2026-07-03T12:59:59Z", false),
            (nights, "2026-11-27T22:00:00Z", true),
            (nights, "2026-11-28T05:59:59Z", true),
            (nights, "2026-11-28T06:00:00Z", false),
            (nights, "2026-11-30T05:00:00Z", true),
            (nights, "2026-11-30T22:00:00Z", false),
            (nights, "2026-11-27T05:00:00Z", false),
            (half_hours, "2026-11-27T16:29:59Z", false),
            (half_hours, "2026-11-27T16:30:00Z", true),
            (half_hours, "2026-11-27T17:44:59Z", true),
            (half_hours, "2026-11-27T17:45:00Z", false),
            (moments, "2026-12-20T15:59:59Z", false),
            (moments, "2026-12-20T16:59:59Z", true),
            (moments, "2026-12-20T17:00:00Z", false),
            (days_in_may, "2026-05-03T04:59:59Z", true),
            (days_in_may, "2026-05-04T04:59:59Z", true),
            (days_in_may, "2026-05-04T05:00:00Z", false),
            (days_in_may, "2026-06-06T12:00:00Z", false),
        ] {
            let freeze = Freeze::parse(&texts).unwrap();
            assert_eq!(freeze.is_on(now.parse::<Timestamp>().unwrap()), expected, "{freeze} at {now}");
        }
    }

    #[test]
    fn what_is_no_freeze() {
        for (texts, expected) in [
            (freeze("", "", &[], "", "UTC"), "a freeze needs"),
            (freeze("", "", &["fri"], "", ""), "`fri` needs `zone`"),
            (freeze("2026-12-20", "", &[], "", ""), "`2026-12-20` needs `zone`"),
            (freeze("2026-12-20T16:00", "", &[], "", ""), "needs `zone`"),
            (freeze("2026-02-30", "", &[], "", "UTC"), "not a date or moment"),
            (freeze("2026/12/20", "", &[], "", "UTC"), "not a date or moment"),
            (freeze("tomorrow", "", &[], "", "UTC"), "not a date or moment"),
            (freeze("2026-12-20T24:00", "", &[], "", "UTC"), "not a date or moment"),
            (freeze("2026-12-20T1:00Z", "", &[], "", ""), "not a date or moment"),
            (freeze("9999-12-31", "9999-12-31", &[], "", "UTC"), "not a date or moment"),
            (freeze("2026-12-20", "2026-12-19", &[], "", "UTC"), "ends before"),
            (freeze("", "", &["fryday"], "", "UTC"), "not a day"),
            (freeze("", "", &["fri-"], "", "UTC"), "not a day"),
            (freeze("", "", &[], "16-24", "UTC"), "not hours"),
            (freeze("", "", &[], "16:00-16:00", "UTC"), "not hours"),
            (freeze("", "", &[], "16:00-24:01", "UTC"), "not hours"),
            (freeze("", "", &[], "24:00-06:00", "UTC"), "not hours"),
            (freeze("", "", &[], "16:60-18:00", "UTC"), "not hours"),
            (freeze("", "", &["fri"], "", "Helsinki"), "not a time zone"),
            (freeze("", "", &["fri"], "", "+25:00"), "not a time zone"),
        ] {
            let error = Freeze::parse(&texts).unwrap_err().to_string();
            assert!(error.contains(expected), "{texts:?}: {error}");
        }
    }
    #[test]
    fn the_time_in_the_zone_of_a_freeze() {
        let nights = freeze("", "", &[], "22:00-06:00", "Europe/Helsinki");
        let now = "2026-07-03T22:30:00Z".parse::<Timestamp>().unwrap();
        assert_eq!(Freeze::parse(&nights).unwrap().local(now), "Sat 2026-07-04 01:30 +03:00");
    }
}
