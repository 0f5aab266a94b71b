//! What a value of `--skip-ci` means.

use crate::cli::{CiSystem, USUAL_SKIP_MARKER, skip_marker_of};
use crate::message::skip_ci::SkipCi;

/// Reads a value of `--skip-ci`; `ci` is the system that runs this. `None`: it is not a marker.
pub(super) fn skip_ci(text: &str, ci: Option<CiSystem>) -> Option<SkipCi> {
    let title = |marker: &str| SkipCi::Title(marker.to_owned());
    Some(match text {
        // On by default, because every release is a direct push.
        "auto" => title(ci.map_or(USUAL_SKIP_MARKER, CiSystem::skip_marker)),
        "always" => title(USUAL_SKIP_MARKER),
        "never" => SkipCi::Nothing,
        "skip-checks" => SkipCi::Trailer,
        "push-option" => SkipCi::PushOption,
        text => match skip_marker_of(text) {
            Some(marker) => title(marker),
            None if text.trim().is_empty() || text.contains(char::is_control) => return None,
            None => title(text.trim()),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::skip_ci;
    use crate::cli::CiSystem;
    use crate::message::skip_ci::{SkipCi, is_in};

    #[test]
    fn values_of_the_flag() {
        let title = |marker: &str| Some(SkipCi::Title(marker.to_owned()));
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
            assert_eq!(skip_ci(text, ci), expected, "{text:?} under {ci:?}");
        }
    }

    #[test]
    fn every_marker_that_is_written_is_one() {
        for preset in [
            "github",
            "gitlab",
            "gitea",
            "forgejo",
            "bitbucket",
            "azure",
            "circleci",
            "buildkite",
            "drone",
            "woodpecker",
            "travis",
            "appveyor",
            "semaphore",
            "jenkins",
            "jenkins-gitlab",
        ] {
            match skip_ci(preset, None) {
                Some(SkipCi::Title(marker)) => assert!(is_in(&marker), "{preset}: {marker}"),
                other => panic!("{preset}: {other:?}"),
            }
        }
    }
}
