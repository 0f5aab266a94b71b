//! What a person is told when something failed: what happened, what to do, and, by the kind, who must act. Here the errors
//! of all rooms become that; those of a check do in `checked_image`, those of a repository in `repository`, and those of a
//! forge in `forge`.

mod checked_image;
mod forge;
mod kind;
mod nearest;
mod on_disk;
mod repository;
mod unclaimed;

use std::iter;
use std::sync::Arc;
use std::time::Duration;

use super::Ruling;
use crate::message::each_once;
use crate::system::network::tls::MisnamedAuthorities;
use crate::system::processes::signals::Interrupted;
use crate::targets::TargetError;
use crate::targets::kustomization::LocateError;

pub use super::place_in_file::Place;
pub use kind::FailureKind;
use nearest::nearest;

/// The most names that a detail lists.
const MAX_NAMES_LISTED: usize = 50;

/// Returns names as a list, cut if there are many.
fn listed(names: &[String]) -> String {
    let list = names[..names.len().min(MAX_NAMES_LISTED)].join(", ");
    match names.len().saturating_sub(MAX_NAMES_LISTED) {
        0 => list,
        rest => format!("{list} and {rest} more"),
    }
}

/// Returns names of which one is looked for.
fn alternatives(names: &[&str]) -> String {
    format!("`{}`", names.join("` or `"))
}

fn quoted(names: &[String]) -> String {
    format!("`{}`", names.join("`, `"))
}

/// A failure as it is shown. Its texts may quote servers and files; `report` escapes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub kind: FailureKind,
    pub message: String,
    /// The lines between the message and the hint, such as a server's own words, or the names that there are.
    pub details: Vec<String>,
    pub hint: Option<String>,
    /// The place to edit, if it is one.
    pub place: Option<Box<Place>>,
    pub retry: Retry,
    /// The problems that this failure sums up; empty if it is one by itself.
    pub problems: Vec<Self>,
    /// The rules on the branch that do not hold, if these are among the problems.
    pub rulings: Arc<Vec<Ruling>>,
}

/// What another try could mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    None,
    /// Nothing was pushed, and another attempt of this run at the branch's tip may succeed at once.
    AtTheTip,
    /// A build may still push the image: a run that waits would see it.
    AfterThePush,
    /// The registry did not answer.
    AfterAnOutage,
    /// The push of this run may or may not have taken effect: the same command tells, unless it counts from what runs.
    AfterAnUncertainPush,
}

impl Failure {
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            details: Vec::new(),
            hint: None,
            place: None,
            retry: Retry::None,
            problems: Vec::new(),
            rulings: Arc::default(),
        }
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Usage, message)
    }

    pub fn target(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Target, message)
    }

    /// Returns the failure for an unexpected error: its message, then its causes.
    pub fn unexpected(error: impl Into<anyhow::Error>) -> Self {
        Self::new(FailureKind::Unexpected, format!("{:#}", error.into()))
    }

    /// Adds a detail, which is reported as one line whatever is in it.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Returns the message with its hint, for a warning or a note.
    pub fn on_one_line(&self) -> String {
        let hint = self.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
        format!("{}{hint}", self.message)
    }

    /// Returns the failure of an edit of the file at `path`.
    pub fn edit(path: &str, error: &TargetError) -> Self {
        let place = error.place().map(|place| Place { file: path.to_owned(), line: place.line, column: place.column });
        let failure = Self { place: place.map(Box::new), ..Self::target(error.in_file(path)) };
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }

    /// Returns the failure of the search for a kustomization in `folder`.
    pub fn locate(folder: &str, error: &LocateError) -> Self {
        match error {
            LocateError::Missing => Self::target(format!("there is no kustomization in `{folder}`"))
                .hint("name the file or its folder with `-k`"),
            LocateError::Ambiguous(_) => Self::target(format!("in `{folder}`, {error}"))
                .hint("name one file with `-k`, or remove the others: kustomize refuses such a folder"),
        }
    }

    /// Returns the failure for names of which no entry has one. `names` are those that there are, `places` the files that were
    /// searched, and `remedy` what to do if a name is right.
    pub fn no_entry(wanted: &[&str], names: &[String], places: &[String], remedy: Option<&str>) -> Self {
        let message = format!("no `images` entry is named {} in {}", alternatives(wanted), quoted(places));
        let failure = Self::target(message).detail(match names {
            [] => "there are no entries".to_owned(),
            names => format!("entries: {}", listed(names)),
        });
        let failure = failure.did_you_mean(wanted, names);
        remedy.into_iter().fold(failure, |failure, remedy| failure.or_else_hint(remedy))
    }

    /// Returns the failure for names of which no image has one in files of other kinds than kustomizations.
    pub fn no_image(wanted: &[&str], names: &[String], places: &[String], remedy: &str) -> Self {
        let message = format!("no image is called {} in {}", alternatives(wanted), quoted(places));
        let failure = Self::target(message).detail(match names {
            [] => "no key there looks like that of an image".to_owned(),
            names => format!("images: {}", listed(names)),
        });
        let failure = failure.did_you_mean(wanted, names);
        if failure.hint.is_some() { failure } else { failure.hint(remedy) }
    }

    /// Returns the failure for an entry whose image the file does not name, or only in part.
    pub fn unknown_image(entry: &str, hint: impl Into<String>) -> Self {
        Self::target(format!("the file does not say which image `{entry}` is")).hint(hint)
    }

    /// Returns the one of `names` that is nearest to `wanted`, if one is near.
    pub fn nearest<'a>(wanted: &str, names: &'a [String]) -> Option<&'a str> {
        nearest(wanted, names)
    }

    /// Asks for the nearest of `names`, if one of those that are `wanted` is near to one.
    fn did_you_mean(self, wanted: &[&str], names: &[String]) -> Self {
        match wanted.iter().find_map(|name| nearest(name, names)) {
            Some(near) => self.hint(format!("did you mean `{near}`?")),
            None => self,
        }
    }

    /// Adds another thing to do to the hint.
    #[must_use]
    pub fn or_else_hint(mut self, other: &str) -> Self {
        let hint = self.hint.take().map(|hint| if hint.ends_with('?') { hint + " " } else { hint + "; " });
        self.hint(hint.unwrap_or_default() + other)
    }

    /// Fails with all `problems`, if there are any.
    pub fn of_all(problems: Vec<Self>) -> Result<(), Self> {
        let mut problems = problems.into_iter();
        match problems.next() {
            Some(first) => Err(first.and(problems.collect())),
            None => Ok(()),
        }
    }

    /// Returns what all `results` have, or fails with all that failed.
    pub fn unless_any<T>(results: impl Iterator<Item = Result<T, Self>>) -> Result<Vec<T>, Self> {
        let mut problems = Vec::new();
        let done = results.filter_map(|result| result.map_err(|problem| problems.push(problem)).ok()).collect();
        Self::of_all(problems).map(|()| done)
    }

    /// Returns this failure and `others` as one: each problem once, with its details and its hint, and the kind of the gravest.
    #[must_use]
    pub fn and(self, others: Vec<Self>) -> Self {
        let kind = others.iter().fold(self.kind, |kind, other| kind.graver(other.kind));
        let problems = each_once(iter::once(self).chain(others).flat_map(Self::into_problems));
        if let [only] = &problems[..] {
            return only.clone();
        }
        let (details, summed) = (Self::sum(&problems), Self::new(kind, format!("{} problems", problems.len())));
        Self { details, problems, ..summed }
    }

    /// Returns the lines that tell problems together.
    pub fn sum(problems: &[Self]) -> Vec<String> {
        let lines = problems.iter().flat_map(|Self { message, details, hint, .. }| {
            let hint = hint.iter().map(|hint| format!("  hint: {hint}"));
            iter::once(message.clone()).chain(details.iter().map(|detail| format!("  {detail}"))).chain(hint)
        });
        lines.collect()
    }

    /// Returns the failure of another branch than that of the release, with the flags that name it and its repository in each
    /// hint.
    #[must_use]
    pub fn of_repository(self, repository_flag: &str, branch_flag: &str) -> Self {
        let flags = [("`--repo", repository_flag), ("`--branch", branch_flag)];
        let named = |hint: String| flags.iter().fold(hint, |hint, (of, flag)| hint.replace(of, &format!("`{flag}")));
        self.with_each(|problem| Self { hint: problem.hint.map(named), ..problem })
    }

    /// Returns this failure with each problem that it sums up changed, or itself changed if it is one.
    #[must_use]
    pub fn with_each(self, change: impl Fn(Self) -> Self) -> Self {
        match self.problems.split_first() {
            None => change(self),
            Some((first, others)) => change(first.clone()).and(others.iter().cloned().map(change).collect()),
        }
    }

    /// Returns the problems that this failure sums up, or the one that it is.
    fn into_problems(self) -> Vec<Self> {
        if self.problems.is_empty() { vec![self] } else { self.problems }
    }
}

/// What to do about the name of an image that is not in a file of another kind than kustomizations.
pub const NAME_OR_PATH: &str = "write the name of the image in the file, or its path, such as `backend.image`";

/// What to do if a push may or may not have taken effect.
pub const AGAIN: &str = "run the same command again: what is already released is not released twice";

/// The longest pause that is told, in seconds: thirty days.
const MAX_TOLD_PAUSE: u64 = 30 * 24 * 3600;

/// Returns when to try again after a limit of requests, as far as the server told it.
fn again(pause: Option<Duration>) -> String {
    match pause.map(|pause| pause.as_secs()) {
        None | Some(0) => "try again later".to_owned(),
        Some(seconds @ 1..=119) => format!("try again in {seconds} s"),
        Some(seconds @ 120..=7199) => format!("try again in {} min", seconds.div_ceil(60)),
        Some(seconds @ 7200..=MAX_TOLD_PAUSE) => format!("try again in {} h", seconds.div_ceil(3600)),
        Some(_) => "try again later".to_owned(),
    }
}

const NO_AUTHORITIES_HINT: &str = "install the system's CA certificates (`ca-certificates`), or set `SSL_CERT_FILE`";

/// Returns what to do about a variable that names no certificate.
fn misnamed_hint(misnamed: &MisnamedAuthorities) -> String {
    format!("correct `{}`, or unset it to trust the system's CA certificates", misnamed.variable)
}

impl From<Interrupted> for Failure {
    fn from(_: Interrupted) -> Self {
        Self::new(FailureKind::Interrupted, "interrupted")
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, again};
    use std::time::Duration;

    #[test]
    fn hints_name_the_flags_of_another_repository() {
        let hinted = |message: &str| Failure::target(message).hint("use `--repo URL`, and its branch with `--branch`");
        let told = "use `--from-repo URL`, and its branch with `--from-branch`";
        let of_another = |failure: Failure| failure.of_repository("--from-repo", "--from-branch");
        assert_eq!(of_another(hinted("a")).hint.as_deref(), Some(told));
        let both = of_another(hinted("a").and(vec![hinted("b")]));
        assert_eq!(both.details, ["a", &format!("  hint: {told}"), "b", &format!("  hint: {told}")]);
        assert!(both.problems.iter().all(|problem| problem.hint.as_deref() == Some(told)), "{both:?}");
    }

    #[test]
    fn when_to_try_again() {
        for (seconds, expected) in [
            (0, "try again later"),
            (1, "try again in 1 s"),
            (121, "try again in 3 min"),
            (7201, "try again in 3 h"),
            (86_400 * 7, "try again in 168 h"),
            (u64::from(u32::MAX), "try again later"),
        ] {
            assert_eq!(again(Some(Duration::from_secs(seconds))), expected, "{seconds}");
        }
    }
}
