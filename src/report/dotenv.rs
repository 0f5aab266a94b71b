//! The results as GitLab reads them from `artifacts:reports:dotenv`: a variable a line, without quotes, blank lines and
//! comments, and less than 5 kB in all. They are called `TAGSHIP_RESULT_…`, because jobs that come later get them too: a
//! `TAGSHIP_BRANCH` would be a flag there, and send the next release to the branch of this one.
//!
//! GitLab expands variables in variables, so a value that names one, or has any character that is special to a shell, is left
//! out, as prose is. The JSON has all values.

use super::json::Document;
use super::results::{self, Value};

/// GitLab takes 5 kB.
const LARGEST: usize = 5000;

pub(super) fn render(document: &Document<'_>) -> String {
    let mut text = String::new();
    for result in results::named(document) {
        let value = result.value.joined(",");
        let line = format!("TAGSHIP_RESULT_{}={value}\n", result.name.to_ascii_uppercase().replace('-', "_"));
        let is_told = !matches!(result.value, Value::Prose(_)) && value.chars().all(is_plain);
        if is_told && text.len() + line.len() < LARGEST {
            text.push_str(&line);
        }
    }
    text
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_./:@,=+%".contains(c)
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, render};
    use crate::report::json::Document;

    #[test]
    fn only_what_it_can_carry() {
        let files: Vec<String> = ["a/kustomization.yaml".to_owned(), "b.yml".to_owned()].into();
        let document = Document {
            outcome: "released",
            branch: Some("feature/$CI_JOB_TOKEN"),
            commit: Some("3e1f0a9".to_owned()),
            reason: Some("a\nTAGSHIP_RESULT_OUTCOME=x"),
            files: &files,
            ..Document::default()
        };
        let expected = "TAGSHIP_RESULT_OUTCOME=released\nTAGSHIP_RESULT_CHANGED=false\nTAGSHIP_RESULT_PUSHED=false\n\
            TAGSHIP_RESULT_COMMIT=3e1f0a9\nTAGSHIP_RESULT_PARENT=\nTAGSHIP_RESULT_GIT_TAG=\nTAGSHIP_RESULT_PULL_REQUEST=\n\
            TAGSHIP_RESULT_PULL_REQUEST_URL=\nTAGSHIP_RESULT_PULL_REQUEST_OPERATION=\nTAGSHIP_RESULT_IMAGE=\nTAGSHIP_RESULT_TAG=\n\
            TAGSHIP_RESULT_DIGEST=\nTAGSHIP_RESULT_FILES=a/kustomization.yaml,b.yml\nTAGSHIP_RESULT_ATTEMPTS=0\n\
            TAGSHIP_RESULT_ERROR=\n";
        assert_eq!(render(&document), expected);
        let files = vec!["f".repeat(LARGEST)];
        let text = render(&Document { files: &files, ..document });
        assert!(text.len() < LARGEST && !text.contains("FILES") && text.contains("ATTEMPTS"), "{text}");
    }
}
