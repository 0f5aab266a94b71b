//! A merge request that the push itself opens: GitLab takes it as push options, for a login that may push and does not open the
//! API, such as a job's token or a key of ssh. A later push to the same branch updates the request. GitLab tells its number in
//! prose only. Options go with a push that changes the branch: a push that changes nothing opens nothing.
//! See <https://docs.gitlab.com/topics/git/commit/#push-options>.

use crate::forge::address::{ForgeAddress, ForgeKind};
use crate::forge::api_token::ApiToken;
use crate::forge::proposal::{MergeMethod, Proposal, PullRequest, RequestState};
use crate::forge::pull_request_api::shortened;

/// The user of the login that GitLab gives to a job.
const JOB: &str = "gitlab-ci-token";

/// The longest value of an option, in characters. A packet line has 64 kB for it.
const MAX_VALUE: usize = 2_000;

/// Opens merge requests at a GitLab by what is pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeRequestByPush {
    /// What the URLs of the project's requests begin with.
    pages: String,
}

impl MergeRequestByPush {
    /// Returns the way by push options if that is the only one: at GitLab, with a login that does not open the API.
    pub fn instead_of_api(address: &ForgeAddress, token: Option<&ApiToken>) -> Option<Self> {
        let opens_api = token.is_some_and(|token| token.user() != JOB);
        let pages = format!("{}/{}/-/merge_requests/", address.web, address.project);
        (address.kind == ForgeKind::GitLab && !opens_api).then_some(Self { pages })
    }

    /// Returns the push options that open the request, and have it merged once its pipeline succeeds. An option is one line, so
    /// of the text only the first paragraph goes along; the commit has all of it. GitLab chooses the message of the merge.
    pub fn options(&self, proposal: &Proposal<'_>, auto_merge: Option<MergeMethod>) -> Vec<String> {
        let paragraph = proposal.body.lines().take_while(|line| !line.trim().is_empty() && !line.starts_with('|'));
        let description = paragraph.map(str::trim).collect::<Vec<_>>().join(" ");
        let description = description.trim_start_matches('/');
        let mut options = vec![
            "merge_request.create".to_owned(),
            format!("merge_request.target={}", proposal.base),
            format!("merge_request.title={}", one_line(proposal.title)),
        ];
        if !description.is_empty() {
            options.push(format!("merge_request.description={}", one_line(description)));
        }
        if auto_merge.is_some() {
            options.push("merge_request.auto_merge".to_owned());
            // Its name before GitLab 17.11, which leaves out the options that it does not know.
            options.push("merge_request.merge_when_pipeline_succeeds".to_owned());
        }
        if auto_merge == Some(MergeMethod::Squash) {
            options.push("merge_request.squash".to_owned());
        }
        options
    }

    /// Returns the page that lists the requests of the head branch, from which a person finds the one that is open.
    pub fn page_of(&self, proposal: &Proposal<'_>) -> String {
        let page = self.pages.trim_end_matches('/');
        match reqwest::Url::parse_with_params(page, [("state", "opened"), ("source_branch", proposal.head)]) {
            Ok(url) => url.to_string(),
            Err(_) => page.to_owned(),
        }
    }

    /// Returns the request that GitLab's answer to the push names.
    pub fn request(&self, messages: &[String], proposal: &Proposal<'_>) -> Option<PullRequest> {
        let number = |line: &String| {
            let digits = line.trim().strip_prefix(&self.pages)?;
            digits.parse::<u64>().ok()
        };
        let number = messages.iter().find_map(number)?;
        Some(PullRequest {
            number,
            url: format!("{}{number}", self.pages),
            state: RequestState::Open,
            head_id: String::new(),
            title: proposal.title.to_owned(),
            body: String::new(),
            id: String::new(),
        })
    }
}

fn one_line(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    shortened(&line, MAX_VALUE).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{MergeMethod, MergeRequestByPush};
    use crate::forge::proposal::{Known, Proposal};

    fn by_push() -> MergeRequestByPush {
        MergeRequestByPush { pages: "https://gitlab.com/group/app/-/merge_requests/".to_owned() }
    }

    fn proposal<'a>(title: &'a str, body: &'a str) -> Proposal<'a> {
        Proposal { base: "main", head: "tagship/main/app", title, body, known: Known::Nothing }
    }

    #[test]
    fn options_are_lines() {
        let options = by_push().options(&proposal("Release\nweb", "Two\nlines.\n\n| a |\n"), Some(MergeMethod::Squash));
        let expected = [
            "merge_request.create",
            "merge_request.target=main",
            "merge_request.title=Release web",
            "merge_request.description=Two lines.",
            "merge_request.auto_merge",
            "merge_request.merge_when_pipeline_succeeds",
            "merge_request.squash",
        ];
        assert_eq!(options, expected);
        let long = "ä".repeat(100_000);
        let options = by_push().options(&proposal("Release", &long), None);
        assert!(options.len() == 4 && options.iter().all(|option| option.len() < 65_516), "fits a packet line");
    }

    /// GitLab would take it for a command.
    #[test]
    fn a_description_is_no_command() {
        let options = by_push().options(&proposal("Release", "/merge now"), None);
        assert_eq!(options.last().unwrap(), "merge_request.description=merge now");
    }

    #[test]
    fn the_number_is_in_the_answer() {
        for (said, expected) in [
            (
                &[
                    "",
                    "View merge request for tagship/main/app:",
                    "  https://gitlab.com/group/app/-/merge_requests/38",
                    "",
                ][..],
                Some(38),
            ),
            (
                &[
                    "To create a merge request, visit:",
                    "https://gitlab.com/group/app/-/merge_requests/new?merge_request",
                ],
                None,
            ),
            (&["https://evil.example/group/app/-/merge_requests/38"], None),
            (&[], None),
        ] {
            let said: Vec<_> = said.iter().map(|line| (*line).to_owned()).collect();
            assert_eq!(by_push().request(&said, &proposal("", "")).map(|request| request.number), expected);
        }
    }
}
