//! What is left of a pull request in the message of the commit that merged it: its number, and its title below or behind that of
//! the forge.

use crate::git::CommitRecord;

/// What Azure DevOps writes before a request's number and title.
const AZURE: &str = "Merged PR ";
/// What GitLab writes before the project and the number.
const GITLAB: &str = "See merge request ";

/// Returns the number of the request that a message names, as GitHub (`(#7)`), GitLab (`(!7)`, `See merge request org/app!7`),
/// Azure DevOps (`Merged PR 7: `) and Bitbucket (`(pull request #7)`) write it.
pub fn number_of_request(record: &CommitRecord) -> Option<u32> {
    let title = record.title();
    let behind =
        || title.strip_suffix(')')?.rsplit_once('(')?.1.trim_start_matches("pull request ").strip_prefix(['#', '!']);
    let named = || record.message.lines().find_map(|line| line.strip_prefix(GITLAB))?.trim_end().rsplit_once('!');
    let number = |text: &str| text.parse().ok();
    azure(title).and_then(|(written, _)| number(written)).or_else(|| number(behind()?)).or_else(|| number(named()?.1))
}

/// Returns what may have been the title of a request: that of the commit, without what Azure DevOps writes before it, and
/// the first line below one of Bitbucket's.
pub fn titles(record: &CommitRecord) -> impl Iterator<Item = &str> {
    let title = record.title();
    let below = || {
        let lines = record.message.trim_start().lines().map(str::trim_end);
        lines.skip_while(|line| !line.is_empty()).find(|line| !line.is_empty())
    };
    let is_of_bitbucket = title.starts_with("Merged in ") && title.contains("(pull request #");
    let title = azure(title).map_or(title, |(_, title)| title);
    [title].into_iter().chain(is_of_bitbucket.then(below).flatten())
}

fn azure(title: &str) -> Option<(&str, &str)> {
    title.strip_prefix(AZURE)?.split_once(": ")
}

#[cfg(test)]
mod tests {
    use super::{number_of_request, titles};
    use crate::git::{CommitId, CommitRecord};

    fn record(message: &str) -> CommitRecord {
        CommitRecord::of(CommitId::of_number(1), Vec::new(), message)
    }

    #[test]
    fn numbers_of_requests() {
        for (message, expected) in [
            ("Release web:v2 (#12)", Some(12)),
            ("Release web:v2 (!7)", Some(7)),
            ("Merged PR 3: Release web:v2", Some(3)),
            ("Merged in tagship/main/web (pull request #4)\n\nRelease web:v2\n", Some(4)),
            ("Release web:v2\n\nSee merge request org/app!5\n", Some(5)),
            ("Release web:v2", None),
            ("Release web:v2 (12)", None),
            ("Merged PR: Release web:v2", None),
            ("(#x)", None),
            ("#12)", None),
        ] {
            assert_eq!(number_of_request(&record(message)), expected, "{message}");
        }
    }

    #[test]
    fn titles_of_requests() {
        for (message, expected) in [
            ("Release web:v2 (#12)\n\nMore\n", &["Release web:v2 (#12)"][..]),
            ("Merged PR 3: Release web:v2\n\nMore\n", &["Release web:v2"]),
            (
                "Merged in web (pull request #4)\r\n\r\nRelease web:v2\r\n\r\nMore\r\n",
                &["Merged in web (pull request #4)", "Release web:v2"],
            ),
            ("Merged in web (pull request #4)", &["Merged in web (pull request #4)"]),
        ] {
            assert_eq!(titles(&record(message)).collect::<Vec<_>>(), expected, "{message}");
        }
    }
}
