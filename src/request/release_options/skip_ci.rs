//! What a value of `--skip-ci` means.

use crate::cli::{CiSystem, USUAL_SKIP_MARKER, skip_marker_of, skip_presets};
use crate::message::skip_ci::SkipCi;
use crate::outcome::failure::Failure;
use crate::request::values::keyword;

/// The values that are neither the name of a CI system nor a text.
const WAYS: [&str; 5] = ["auto", "always", "never", "skip-checks", "push-option"];

/// What the commits of a release say to CI systems.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Markers {
    pub(super) pushed: SkipCi,
    /// What a commit on the head branch of a pull request says.
    pub(super) proposed: SkipCi,
}

/// Reads a value of `--skip-ci`; `ci` is the system that runs this.
pub(super) fn markers(text: &str, ci: Option<CiSystem>) -> Result<Markers, Failure> {
    let text = text.trim();
    if text.is_empty() || text.contains(char::is_control) {
        return Err(Failure::usage("the marker of `--skip-ci` is empty or more than one line")
            .hint("`--skip-ci never` writes none"));
    }
    let title = |marker: &str| SkipCi::Title(marker.to_owned());
    let known: Vec<_> = WAYS.into_iter().chain(skip_presets()).collect();
    let keyword = keyword("--skip-ci", text, &known)?;
    let pushed = match keyword {
        // On by default, because every release is a direct push.
        Some("auto") => title(ci.map_or(USUAL_SKIP_MARKER, CiSystem::skip_marker)),
        Some("always") => title(USUAL_SKIP_MARKER),
        Some("never") => SkipCi::Nothing,
        Some("skip-checks") => SkipCi::Trailer,
        Some("push-option") => SkipCi::PushOption,
        Some(system) => title(skip_marker_of(system).unwrap_or(USUAL_SKIP_MARKER)),
        None => title(text),
    };
    let proposed = if keyword == Some("auto") { SkipCi::Nothing } else { pushed.clone() };
    Ok(Markers { pushed, proposed })
}

#[cfg(test)]
mod tests {
    use super::markers;
    use crate::cli::{CiSystem, skip_presets};
    use crate::message::skip_ci::{SkipCi, is_in};

    #[test]
    fn values_of_the_flag() {
        let title = |marker: &str| Some(SkipCi::Title(marker.to_owned()));
        let pushed = |text: &str, ci| markers(text, ci).ok().map(|markers| markers.pushed);
        let jenkins = Some(CiSystem::Jenkins);
        for (text, ci, expected) in [
            ("auto", None, title("[skip ci]")),
            ("auto", Some(CiSystem::GitLabCi), title("[skip ci]")),
            ("auto", jenkins, title("[ci skip]")),
            ("always", jenkins, title("[skip ci]")),
            ("never", jenkins, Some(SkipCi::Nothing)),
            ("jenkins", None, title("[ci skip]")),
            ("jenkins-gitlab", None, title("[ci-skip]")),
            ("skip-checks", None, Some(SkipCi::Trailer)),
            ("push-option", None, Some(SkipCi::PushOption)),
            ("[no ci]", None, title("[no ci]")),
            (" NOBUILD ", None, title("NOBUILD")),
            ("a\nb", None, None),
            (" ", None, None),
        ] {
            assert_eq!(pushed(text, ci), expected, "{text:?} under {ci:?}");
        }
        for (text, proposed) in [("AUTO", SkipCi::Nothing), ("always", SkipCi::Title("[skip ci]".to_owned()))] {
            assert_eq!(markers(text, jenkins).unwrap().proposed, proposed);
        }
    }

    #[test]
    fn every_marker_that_is_written_is_one() {
        for preset in skip_presets() {
            match markers(preset, None).unwrap().pushed {
                SkipCi::Title(marker) => assert!(is_in(&marker), "{preset}: {marker}"),
                other => panic!("{preset}: {other:?}"),
            }
        }
    }
}
