//! The file that stops releases: `.tagship-hold` in a folder of the release branch holds what is in the folder and below
//! it. It is read fail-safe: what does not follow its grammar holds everything, without an end.
//!
//! Its first lines are the reason, none of which may look like a misspelling of a key that the file does not have. Then may
//! follow, each once, `names: web, api`, the entries that it is for (with commas or blanks between them), all of them without
//! it; `until: 2026-12-01T10:00Z`, when it ends; and `owner: TEXT`, the team that may lift it. Nothing else may follow.

use std::fmt;
use std::time::{Duration, SystemTime};

use jiff::civil::{DateTime, date};

/// The name of the file.
pub const FILE_NAME: &str = ".tagship-hold";

/// The largest hold, in bytes: every report tells all of it.
const MAX_HOLD_BYTES: usize = 4 << 10;

/// The most names in a hold: each of them is looked for in every file below it.
const MAX_NAMES: usize = 100;

/// A hold, as its file says it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hold {
    /// One line; empty if the file does not say it.
    pub reason: String,
    /// The names of the entries that it is for; none: all of them.
    pub names: Vec<String>,
    pub until: Option<Moment>,
    pub owner: Option<String>,
}

/// A moment, as it was written, to the minute or second, of UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    text: String,
    time: SystemTime,
}

/// Why a file is not a hold that can be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoldError {
    #[error("it is not a file")]
    NoFile,
    #[error("it is not text")]
    NoText,
    #[error("it is longer than {MAX_HOLD_BYTES} bytes")]
    TooLong,
    #[error("line {0} is none of `names:`, `until:` and `owner:`, which end the reason")]
    Line(usize),
    #[error("line {line} begins with `{word}`; write `{key}:` if that is meant, or begin the reason with another word")]
    Slip { line: usize, word: String, key: &'static str },
    #[error("`{0}:` is there twice")]
    Twice(&'static str),
    #[error("`{0}:` has no value")]
    Empty(&'static str),
    #[error("`names:` has a comma without a name beside it")]
    NoName,
    #[error("`{0}` in `names:` cannot be the name of an entry; write plain names with commas between them")]
    Name(String),
    #[error("`names:` has more than {MAX_NAMES} names; put a hold for all into their folder")]
    TooManyNames,
    #[error("`{0}` is not a moment such as `2026-12-01T10:00Z`")]
    Moment(String),
}

/// What a hold means for a release at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldState {
    /// It is for other entries.
    Unrelated,
    /// It was for this release, until a time that has passed.
    Expired,
    Active,
}

impl Hold {
    /// Reads the text of a hold.
    pub fn parse(text: &[u8]) -> Result<Self, HoldError> {
        if text.len() > MAX_HOLD_BYTES {
            return Err(HoldError::TooLong);
        }
        let text = std::str::from_utf8(text).map_err(|_no_text| HoldError::NoText)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut hold = Self::default();
        let mut reason: Vec<&str> = Vec::new();
        let mut in_reason = true;
        let has = |wanted| text.lines().filter_map(|line| setting(line.trim())).any(|(key, _)| key == wanted);
        for (number, line) in text.lines().map(str::trim).enumerate() {
            match setting(line) {
                Some((key, value)) => {
                    in_reason = false;
                    hold.set(key, value)?;
                }
                None if in_reason => match slip(line) {
                    Some((word, key)) if !has(key) => {
                        return Err(HoldError::Slip { line: number + 1, word: word.to_owned(), key });
                    }
                    _ => reason.extend(line.split_whitespace()),
                },
                None if line.is_empty() => {}
                None => return Err(HoldError::Line(number + 1)),
            }
        }
        hold.reason = reason.join(" ");
        Ok(hold)
    }

    fn set(&mut self, key: &'static str, value: &str) -> Result<(), HoldError> {
        if value.is_empty() {
            return Err(HoldError::Empty(key));
        }
        let is_first = match key {
            NAMES => std::mem::replace(&mut self.names, names(value)?).is_empty(),
            UNTIL => self.until.replace(Moment::parse(value)?).is_none(),
            _ => self.owner.replace(value.to_owned()).is_none(),
        };
        if is_first { Ok(()) } else { Err(HoldError::Twice(key)) }
    }

    /// Returns what it means for a release that changes the entries called `names`.
    pub fn state<'n>(&self, mut names: impl Iterator<Item = &'n str>, now: SystemTime) -> HoldState {
        let concerns = match self.names.as_slice() {
            [] => names.next().is_some(),
            held => names.any(|name| held.iter().any(|held| held == name)),
        };
        match concerns {
            false => HoldState::Unrelated,
            true if self.is_over(now) => HoldState::Expired,
            true => HoldState::Active,
        }
    }

    /// Returns whether it has ended, whatever it was for.
    pub fn is_over(&self, now: SystemTime) -> bool {
        self.until.as_ref().is_some_and(|until| until.time <= now)
    }
}

/// Reads the names of entries. Quotes, brackets and comments are no part of a name, and what they would mean is a guess.
fn names(value: &str) -> Result<Vec<String>, HoldError> {
    if value.split(',').any(|item| item.trim().is_empty()) {
        return Err(HoldError::NoName);
    }
    let names = value.split(|c: char| c == ',' || c.is_whitespace()).filter(|name| !name.is_empty());
    let names =
        names.map(|name| if is_name(name) { Ok(name.to_owned()) } else { Err(HoldError::Name(name.to_owned())) });
    let names: Vec<String> = names.collect::<Result<_, _>>()?;
    if names.len() > MAX_NAMES { Err(HoldError::TooManyNames) } else { Ok(names) }
}

/// Returns whether an entry can be called so: by the name of an image, or by a placeholder of letters.
fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_./:@${}".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '$' || c == '_');
    begins && text.chars().all(allowed) && !text.ends_with(':')
}

const NAMES: &str = "names";
const UNTIL: &str = "until";
const OWNER: &str = "owner";

const KEYS: [&str; 3] = [NAMES, UNTIL, OWNER];

fn setting(line: &str) -> Option<(&'static str, &str)> {
    let (key, value) = line.split_once(':')?;
    let key = KEYS.into_iter().find(|known| *known == key)?;
    Some((key, value.trim()))
}

/// Other words for `until`, if a moment alone follows.
const ENDS: [&str; 5] = ["end", "ends", "expires", "til", "till"];

/// Returns the first word of a line of the reason, and the key that is meant, if it looks like one: it is almost that key, and
/// what may be its value follows. As a part of the reason, it would let the hold last for ever, or hold everything. A line that
/// is almost an `owner:` is told as the reason is.
fn slip(line: &str) -> Option<(&str, &'static str)> {
    let (word, rest) = line.split_at(line.find(|c: char| c.is_whitespace() || c == ':' || c == '=')?);
    let value = rest.trim_start_matches([':', '=', ' ', '\t']);
    let is_key = rest.trim_start().starts_with([':', '=']);
    let plain = word.to_lowercase();
    let is_near = |key: &str| strsim::osa_distance(&plain, key) <= 1;
    let is_date = || is_key && value.starts_with(|c: char| c.is_ascii_digit());
    let ends = || seconds(value).is_some() && (is_near(UNTIL) || ENDS.contains(&plain.as_str()));
    match is_key && is_near(NAMES) {
        true => Some((word, NAMES)),
        false => (ends() || (is_near(UNTIL) && is_date())).then_some((word, UNTIL)),
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.reason.is_empty() { "no reason is given" } else { &self.reason })?;
        let until = self.until.as_ref().map(|until| format!("until {until}"));
        let names = (!self.names.is_empty()).then(|| format!("for {}", self.names.join(", ")));
        let owner = self.owner.as_ref().map(|owner| format!("{owner} may lift it"));
        let more: Vec<String> = [names, until, owner].into_iter().flatten().collect();
        if more.is_empty() { Ok(()) } else { write!(f, " ({})", more.join("; ")) }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Moment {
    /// Reads `2026-12-01T10:00Z` or `2026-12-01T10:00:00Z`. A day alone could mean its beginning or its end.
    fn parse(text: &str) -> Result<Self, HoldError> {
        let refused = || HoldError::Moment(text.to_owned());
        let seconds = seconds(text).ok_or_else(refused)?;
        Ok(Self { text: text.to_owned(), time: SystemTime::UNIX_EPOCH + Duration::from_secs(seconds) })
    }
}

/// Returns the seconds since 1970 of a moment; `None` if it is written in another way, or does not exist.
fn seconds(text: &str) -> Option<u64> {
    let has_shape = |shape: &str| {
        let fits = |(byte, shape): (u8, u8)| byte == shape || (shape == b'0' && byte.is_ascii_digit());
        text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(fits)
    };
    let is_moment = ["0000-00-00T00:00Z", "0000-00-00T00:00:00Z"].into_iter().any(has_shape);
    let moment: DateTime = text.strip_suffix('Z')?.parse().ok().filter(|_| is_moment)?;
    u64::try_from(moment.duration_since(date(1970, 1, 1).at(0, 0, 0, 0)).as_secs()).ok()
}

#[cfg(test)]
mod tests {
    use super::{Hold, HoldError, HoldState, MAX_HOLD_BYTES, seconds};
    use std::time::{Duration, SystemTime};

    #[test]
    fn what_a_hold_says() {
        for (text, expected) in [
            ("", "no reason is given"),
            ("Payments migrate.\n", "Payments migrate."),
            ("Payments migrate.\r\n  See #42.\r\n\r\n", "Payments migrate. See #42."),
            ("\u{feff}Wait\n\nnames: web , api\n", "Wait (for web, api)"),
            (
                "names: web api\tghcr.io/org/x, IMAGE_PLACEHOLDER",
                "no reason is given (for web, api, ghcr.io/org/x, IMAGE_PLACEHOLDER)",
            ),
            ("names: $IMAGE, _web", "no reason is given (for $IMAGE, _web)"),
            ("until: 2026-12-01T10:00Z", "no reason is given (until 2026-12-01T10:00Z)"),
            (
                "Wait\nowner: @ops, on call\nuntil: 2026-12-01T10:00:30Z\nnames: web\n",
                "Wait (for web; until 2026-12-01T10:00:30Z; @ops, on call may lift it)",
            ),
            ("note: this is prose\nNo release until: see #7", "note: this is prose No release until: see #7"),
            ("Orders: 2 of 3\nunits are lost\nowner: @ops", "Orders: 2 of 3 units are lost (@ops may lift it)"),
            ("Until Monday\nDeadline 2026-12-01", "Until Monday Deadline 2026-12-01"),
            (
                "Incident 4711\nStarted: 2026-11-30T08:00Z\n- 2026-12-01T10:00Z\nFreeze 2026-12-01T10:00Z",
                "Incident 4711 Started: 2026-11-30T08:00Z - 2026-12-01T10:00Z Freeze 2026-12-01T10:00Z",
            ),
            ("Name: Black Friday\nnames: web", "Name: Black Friday (for web)"),
            ("Owner: team a\nnames: web", "Owner: team a (for web)"),
            ("Until: see #7\nnames: web", "Until: see #7 (for web)"),
            ("until tomorrow\nnames: web", "until tomorrow (for web)"),
            (
                "Until: see #7\nend: 2026-12-01T10:00Z\nuntil: 2026-12-02T10:00Z",
                "Until: see #7 end: 2026-12-01T10:00Z (until 2026-12-02T10:00Z)",
            ),
        ] {
            assert_eq!(Hold::parse(text.as_bytes()).map(|hold| hold.to_string()), Ok(expected.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_hold() {
        let moment = |text: &str| HoldError::Moment(text.to_owned());
        let slip = |line, word: &str, key| HoldError::Slip { line, word: word.to_owned(), key };
        for (text, expected) in [
            (&b"\xff\xfe"[..], HoldError::NoText),
            (&[b'x'; MAX_HOLD_BYTES + 1], HoldError::TooLong),
            (b"names:", HoldError::Empty("names")),
            (b"names: a,,b", HoldError::NoName),
            (b"names: a,", HoldError::NoName),
            (b"names: ,", HoldError::NoName),
            (b"names: web until: 2026-12-01T10:00Z", HoldError::Name("until:".to_owned())),
            (b"names: [web, api]", HoldError::Name("[web".to_owned())),
            (b"names: \"web\"", HoldError::Name("\"web\"".to_owned())),
            (b"names: -web", HoldError::Name("-web".to_owned())),
            (b"names: *", HoldError::Name("*".to_owned())),
            (b"names: web # only web", HoldError::Name("#".to_owned())),
            (b"owner: ", HoldError::Empty("owner")),
            (b"until:", HoldError::Empty("until")),
            (b"until: tomorrow", moment("tomorrow")),
            (b"until: 2026-12-01", moment("2026-12-01")),
            (b"Wait\nnames: a\n\nnames: b", HoldError::Twice("names")),
            (format!("names: {}", "web ".repeat(101)).as_bytes(), HoldError::TooManyNames),
            (b"Wait\nnames: a\nuntli: 2026-12-01T10:00Z", HoldError::Line(3)),
            (b"Wait\nuntli: 2026-12-01T10:00Z", slip(2, "untli", "until")),
            (b"Until: 2026-12-01T10:00Z", slip(1, "Until", "until")),
            (b"UNTIL = 2026-12-01", slip(1, "UNTIL", "until")),
            (b"until : 1 December\nnames: web", slip(1, "until", "until")),
            (b"unitl 2026-12-01T10:00Z\nnames: web", slip(1, "unitl", "until")),
            (b"until 2026-12-01T10:00Z", slip(1, "until", "until")),
            (b"Wait\n\nend: 2026-12-01T10:00Z\nnames: web", slip(3, "end", "until")),
            (b"untlil 2026-12-01T10:00Z", slip(1, "untlil", "until")),
            (b"Till 2026-12-01T10:00Z\nnames: web\nowner: @ops", slip(1, "Till", "until")),
            (b"name: web", slip(1, "name", "names")),
            (b"Name: web\nuntil: 2026-12-01T10:00Z", slip(1, "Name", "names")),
            (b"nmaes: web", slip(1, "nmaes", "names")),
        ] {
            assert_eq!(Hold::parse(text), Err(expected), "{}", text.escape_ascii());
        }
        assert!(Hold::parse(&[b'x'; MAX_HOLD_BYTES]).is_ok(), "as long as a hold may be");
    }

    #[test]
    fn moments() {
        for (text, expected) in [
            ("1970-01-01T00:00Z", Some(0)),
            ("2000-02-29T12:00:01Z", Some(951_825_601)),
            ("2000-03-01T00:00Z", Some(951_868_800)),
            ("2026-12-01T10:00Z", Some(1_796_119_200)),
            ("2100-03-01T00:00Z", Some(4_107_542_400)),
            ("9999-12-31T23:59:59Z", Some(253_402_300_799)),
            ("2100-02-29T00:00Z", None),
            ("2026-13-01T00:00Z", None),
            ("2026-00-01T00:00Z", None),
            ("2026-01-00T00:00Z", None),
            ("2026-04-31T00:00Z", None),
            ("2026-01-01T24:00Z", None),
            ("2026-01-01T00:60Z", None),
            ("2026-01-01T00:00", None),
            ("2026-01-01T00:00+01:00", None),
            ("2026-1-1T00:00Z", None),
            ("+026-01-01T00:00Z", None),
            ("1969-12-31T00:00Z", None),
            ("2026-01-01 00:00Z", None),
            ("2026-01-01T00:00:00:00Z", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }

    #[test]
    fn whom_it_holds() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let all = Hold::parse(b"Wait").unwrap();
        let web = Hold::parse(b"names: web, api\nuntil: 1970-01-01T00:01Z").unwrap();
        for (hold, names, now, expected) in [
            (&all, &["x"][..], 0, HoldState::Active),
            (&all, &[], 0, HoldState::Unrelated),
            (&web, &["x", "api"], 59, HoldState::Active),
            (&web, &["web"], 60, HoldState::Expired),
            (&web, &["x", "we"], 0, HoldState::Unrelated),
            (&web, &["x"], 60, HoldState::Unrelated),
        ] {
            assert_eq!(hold.state(names.iter().copied(), at(now)), expected, "{names:?} at {now}");
        }
    }
}
