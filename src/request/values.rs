//! Single values that several commands share.

use std::time::Duration;

use crate::git::BranchName;
use crate::outcome::failure::Failure;

/// What to do about a value that is empty.
pub(super) const EMPTY: &str = "check the variable that it comes from";

/// Whether anything is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    DryRun,
    Full,
}

pub(super) fn effect(dry_run: bool) -> Effect {
    if dry_run { Effect::DryRun } else { Effect::Full }
}

/// Parses `90s`, `2m`, `1h` or a number of seconds, which `flag` is; at least one second, at most a day.
pub(super) fn duration(flag: &str, text: &str) -> Result<Duration, Failure> {
    filled(flag, text)?;
    let (number, unit) = text.split_at(text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).len());
    let seconds = match unit {
        "s" | "" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        _ => 0,
    };
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(seconds)) {
        Some(seconds @ 1..=86_400) => Ok(Duration::from_secs(seconds)),
        _ => Err(Failure::usage(format!("`{text}` is not a duration between 1s and 24h"))
            .hint("write it as `90s`, `2m`, `1h` or a number of seconds")),
    }
}

/// Returns the values of a list without blank lines, such as the last one of a CI system's block of text. A list of blank lines
/// only is an error, because it comes from an empty variable.
pub(super) fn listed(flag: &str, values: &[String]) -> Result<Vec<String>, Failure> {
    let listed: Vec<_> = values.iter().filter(|value| !value.trim().is_empty()).cloned().collect();
    if listed.is_empty() && !values.is_empty() {
        return Err(empty(flag));
    }
    Ok(listed)
}

/// Returns a value without the white space around it, of which there is more than that.
pub(super) fn filled<'t>(flag: &str, text: &'t str) -> Result<&'t str, Failure> {
    match text.trim() {
        "" => Err(empty(flag)),
        text => Ok(text),
    }
}

/// Returns the one of `keywords` that a value of `flag` is, in whatever case; `None`: it is a text of the user's own. What is
/// spelt almost as a keyword, or answers yes or no, is not meant as a text.
pub(super) fn keyword<'k>(flag: &str, text: &str, keywords: &[&'k str]) -> Result<Option<&'k str>, Failure> {
    let folded = text.to_lowercase();
    let is_near = |keyword: &&&str| strsim::osa_distance(&folded, keyword) <= (keyword.len() / 6).max(1);
    if let Some(keyword) = keywords.iter().find(|keyword| **keyword == folded) {
        return Ok(Some(keyword));
    }
    let refused = || Failure::usage(format!("`{text}` is not a value of `{flag}`"));
    if let Some(near) = keywords.iter().find(is_near) {
        return Err(refused().hint(format!("did you mean `{near}`?")));
    }
    match ["true", "false", "yes", "no", "on", "off"].contains(&folded.as_str()) {
        true => Err(refused().hint(format!("write {}", alternatives(keywords)))),
        false => Ok(None),
    }
}

/// Returns the first of `keywords` as a list.
fn alternatives(keywords: &[&str]) -> String {
    let quoted: Vec<_> = keywords.iter().take(3).map(|keyword| format!("`{keyword}`")).collect();
    quoted.split_last().map_or_else(String::new, |(last, others)| format!("{} or {last}", others.join(", ")))
}

/// Parses the name of a branch, which `flag` is.
pub(super) fn branch(flag: &str, name: &str) -> Result<BranchName, Failure> {
    Ok(filled(flag, name)?.parse()?)
}

fn empty(flag: &str) -> Failure {
    Failure::usage(format!("`{flag}` is empty")).hint(EMPTY)
}

#[cfg(test)]
mod tests {
    use super::duration;
    use std::time::Duration;

    #[test]
    fn durations() {
        for (text, expected) in [("30s", Some(30)), ("90", Some(90)), ("2m", Some(120)), ("1h", Some(3600))] {
            assert_eq!(duration("--wait", text).ok().map(|duration: Duration| duration.as_secs()), expected, "{text}");
        }
        for text in ["", "0s", "-1s", "1d", "25h", "s", "1.5m", "99999999999999999999s", "5 m"] {
            assert!(duration("--wait", text).is_err(), "{text:?}");
        }
    }
}
