//! A merge request that the push itself opens: GitLab takes it as push options, for a login that may push and does not open the
//! API, such as a job's token or a key of ssh. A later push to the same branch updates the request. GitLab tells its number in
//! prose only. Options go with a push that changes the branch: a push that changes nothing opens nothing.
//! See <https://docs.gitlab.com/topics/git/commit/#push-options>.

use crate::forge::address::{ForgeAddress, ForgeKind};
use crate::forge::api_token::ApiToken;
use crate::forge::proposal::{MergeMethod, Proposal};
use crate::forge::pull_request_api::{shortened, title};

/// The user of the login that GitLab gives to a job.
const JOB: &str = "gitlab-ci-token";

/// The longest value of an option, in characters. A packet line has 64 kB for it.
const MAX_VALUE: usize = 2_000;
/// The longest reason of a refusal that is told, in characters.
const MAX_REASON: usize = 1_000;

/// What GitLab's messages begin with if it does not do what the options of a push ask for. The push is done all the same.
const REFUSED: &str = "Error encountered with push options ";

/// What GitLab's answer to a push with options tells of the merge request of its branch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToldByPush {
    /// The number and the page of the request, which is open.
    pub open: Option<(u64, String)>,
    /// Why GitLab did not do what the options ask for.
    pub refusal: Option<String>,
}

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
    /// of the text only the first paragraph goes along; the commit has all of it. GitLab chooses the message.
    pub fn options(&self, proposal: &Proposal<'_>, auto_merge: Option<MergeMethod>) -> Vec<String> {
        let paragraph = proposal.body.lines().take_while(|line| !line.trim().is_empty() && !line.starts_with('|'));
        let description = paragraph.map(str::trim).collect::<Vec<_>>().join(" ");
        let description = description.trim_start_matches('/');
        let mut options = vec![
            "merge_request.create".to_owned(),
            format!("merge_request.target={}", proposal.base),
            format!("merge_request.title={}", title(&one_line(proposal.title))),
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
    pub fn page_of(&self, head: &str) -> String {
        let page = self.pages.trim_end_matches('/');
        match reqwest::Url::parse_with_params(page, [("state", "opened"), ("source_branch", head)]) {
            Ok(url) => url.to_string(),
            Err(_) => page.to_owned(),
        }
    }

    /// Returns what GitLab's answer to the push tells. It names the request that is open, or the page that opens one; nothing
    /// if the project turns these links off.
    pub fn told(&self, messages: &[String]) -> ToldByPush {
        let lines = || messages.iter().map(|line| line.trim());
        let pages = || lines().filter_map(|line| line.strip_prefix(self.pages.as_str()));
        let number = pages().find_map(|rest| rest.parse::<u64>().ok());
        let refusal = refusal(lines()).or_else(|| {
            let is_to_open_one = number.is_none() && pages().any(|rest| rest.starts_with("new"));
            is_to_open_one.then(|| "it names the page that opens a merge request, so none is open".to_owned())
        });
        ToldByPush { open: number.map(|number| (number, format!("{}{number}", self.pages))), refusal }
    }

    /// Returns the page from which a person can open the request.
    pub fn page_to_open(&self, proposal: &Proposal<'_>) -> String {
        let branches =
            [("merge_request[source_branch]", proposal.head), ("merge_request[target_branch]", proposal.base)];
        let page = format!("{}new", self.pages);
        reqwest::Url::parse_with_params(&page, branches).map_or(page, |url| url.to_string())
    }
}

/// Returns why GitLab did not do what the options ask for. It wraps its message at 80 columns, between two lines of `=`, and
/// repeats the options before the reason.
fn refusal<'l>(lines: impl Iterator<Item = &'l str>) -> Option<String> {
    let text = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    let (_, told) = text.split_once(REFUSED)?;
    let told = told.split_once("=====").map_or(told, |(told, _)| told);
    let reason = told.rsplit_once("': ").or_else(|| told.rsplit_once("' : ")).map_or(told, |(_, reason)| reason);
    let reason = if reason.trim().is_empty() { told } else { reason };
    Some(shortened(reason.trim(), MAX_REASON).into_owned())
}

fn one_line(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    shortened(&line, MAX_VALUE).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{MergeMethod, MergeRequestByPush};
    use crate::forge::proposal::{Heads, Known, Proposal};

    fn by_push() -> MergeRequestByPush {
        MergeRequestByPush { pages: "https://gitlab.com/group/app/-/merge_requests/".to_owned() }
    }

    fn proposal<'a>(title: &'a str, body: &'a str) -> Proposal<'a> {
        let heads = Heads::default();
        Proposal { base: "main", head: "tagship/main/app", title, body, known: Known::Nothing, heads }
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
    fn what_the_answer_tells() {
        let page = "https://gitlab.com/group/app/-/merge_requests/38";
        let refused = [
            "========================================================================",
            "",
            "  WARNINGS: Error encountered with push options 'merge_request.create'",
            "       'merge_request.title=Release it': merge requests are disabled for this",
            "                                project",
            "",
            "========================================================================",
            "",
        ];
        let disabled = Some("merge requests are disabled for this project");
        for (said, open, refusal) in [
            (
                &["", "View merge request for tagship/main/app:", "  https://gitlab.com/group/app/-/merge_requests/38"]
                    [..],
                true,
                None,
            ),
            (
                &["To create a merge request for x, visit:", "  https://gitlab.com/group/app/-/merge_requests/new?a=b"],
                false,
                Some("it names the page that opens a merge request, so none is open"),
            ),
            (&refused, false, disabled),
            (&[&refused[..], &[page]].concat(), true, disabled),
            (&["WARNINGS:", "Error encountered with push options 'merge_request.create'", ": no"], false, Some("no")),
            (&["https://evil.example/group/app/-/merge_requests/38"], false, None),
            (&[], false, None),
        ] {
            let said: Vec<_> = said.iter().map(|line| (*line).to_owned()).collect();
            let told = by_push().told(&said);
            assert_eq!(told.open, open.then(|| (38, page.to_owned())), "{said:?}");
            assert_eq!(told.refusal.as_deref(), refusal, "{said:?}");
        }
    }

    /// GitLab takes no title that is longer than 255 characters.
    #[test]
    fn a_title_is_cut_as_by_the_api() {
        let options = by_push().options(&proposal(&"T".repeat(300), ""), None);
        let title = options[2].strip_prefix("merge_request.title=").unwrap();
        assert_eq!((title.chars().count(), title.ends_with('…')), (250, true));
    }
}
