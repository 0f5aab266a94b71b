//! Which CI system runs this, and what it tells about the run. It only supplies defaults and never changes what is done;
//! `-v` prints what was found. All that is particular to a system is a row of one table, `systems`. Tekton is not in it: it
//! sets no variable of its own.

mod ci_run;
pub(super) mod event;
mod forges;
mod logins;
mod shown;
mod system;
mod systems;
mod variables;

use std::path::Path;

use systems::running;
use variables::value;

pub use ci_run::{Began, Ci, MERGE_QUEUE, Unmerged};
pub use forges::CiForge;
pub(super) use forges::forge;
pub use logins::{GitLogin, RegistryLogin};
pub(super) use logins::{git_logins, registry_logins};
pub(super) use shown::url as shown_url;
pub use system::{CiSystem, LogCommand, USUAL_SKIP_MARKER};
pub(super) use system::{Inputs, Lists};
pub use systems::{log_commands, skip_marker_of, skip_presets};
pub(super) use variables::says_no;

/// Returns what the CI system tells, if a known one runs this. `variable` looks a variable up that is text, and not empty.
pub(super) fn detect(variable: &impl Fn(&str) -> Option<String>) -> Option<Ci> {
    let system = running(variable).next()?;
    let event = value(variable, system.event).and_then(|path| event::read(Path::new(&path)));
    let event_name = event::name(event.as_ref(), variable);
    let variable = |name: &str| if name == event::NAME { event_name.clone() } else { variable(name) };
    let ci = Ci::by_variables(system, &variable);
    Some(if system.event.is_empty() { ci } else { event::with_event(ci, event, &variable) })
}

/// Returns how the systems that run this hand over the inputs of a step.
pub(super) fn inputs(variable: &impl Fn(&str) -> Option<String>) -> Vec<Inputs> {
    running(variable).filter_map(|system| system.inputs).collect()
}

/// Returns the workspaces of the systems that run this.
pub(super) fn workspaces(variable: &impl Fn(&str) -> Option<String>) -> Vec<String> {
    running(variable).filter_map(|system| value(variable, system.workspace)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Began, Ci, CiSystem, Unmerged};

    const COMMIT: &str = "fdafd7008d04c2a2286676b92a87fd85aa9b682a";
    const BEFORE: &str = "b15411f387bb2a2286676b92a87fd85aa9b682a5";
    const MERGE: &str = "0c11d463c749db5838e2c0e489bf869d531e5403";
    const NONE: &str = "0000000000000000000000000000000000000000";

    /// Returns what is told by an environment that is written one variable a line, with `COMMIT`, `BEFORE` and `NONE` for
    /// ids.
    fn ci(variables: &str) -> Option<Ci> {
        let variables = variables.replace("=COMMIT", &format!("={COMMIT}")).replace("=BEFORE", &format!("={BEFORE}"));
        let variables = variables.replace("=NONE", &format!("={NONE}"));
        let pairs: Vec<_> = variables.lines().filter_map(|line| line.trim().split_once('=')).collect();
        detect(&pairs)
    }

    fn detect(pairs: &[(&str, &str)]) -> Option<Ci> {
        super::detect(&|name| {
            let (_, value) = pairs.iter().find(|(variable, value)| *variable == name && !value.is_empty())?;
            Some((*value).to_owned())
        })
    }

    /// Returns a push to `main` of `org/app`, as every system should tell it.
    fn push_to_main(system: CiSystem) -> Ci {
        Ci {
            system,
            repository: Some("org/app".to_owned()),
            commit: Some(COMMIT.to_owned()),
            before: Some(BEFORE.to_owned()),
            branch: Some("main".to_owned()),
            unmerged: None,
            began: Began::Push,
            test_merge: None,
            repository_url: Some("https://git.example/org/app.git".to_owned()),
            run: Some("https://ci.example/runs/42".to_owned()),
            actor: Some("octocat".to_owned()),
            bot: None,
        }
    }

    const GITHUB: &str =
        "CI=true\nGITHUB_ACTIONS=true\nGITHUB_SERVER_URL=https://git.example\nGITHUB_REPOSITORY=org/app
        GITHUB_SHA=COMMIT\nGITHUB_RUN_ID=4711\nGITHUB_RUN_NUMBER=42\nGITHUB_ACTOR=octocat\nGITHUB_EVENT_NAME=push
        GITHUB_REF=refs/heads/main\nGITHUB_BASE_REF=\nGITHUB_HEAD_REF=";

    #[test]
    fn github_gitea_and_forgejo() {
        let expected = Ci {
            before: None,
            run: Some("https://git.example/org/app/actions/runs/4711".to_owned()),
            bot: Some("github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>"),
            ..push_to_main(CiSystem::GitHubActions)
        };
        assert_eq!(ci(GITHUB), Some(expected.clone()));
        let gitea =
            Ci { system: CiSystem::GiteaActions, bot: Some("gitea-actions <teabot@gitea.io>"), ..expected.clone() };
        assert_eq!(ci(&format!("GITEA_ACTIONS=true\n{GITHUB}")), Some(gitea));
        let forgejo = Ci {
            system: CiSystem::ForgejoActions,
            run: Some("https://git.example/org/app/actions/runs/42".to_owned()),
            bot: Some("forgejo-actions <noreply@forgejo.org>"),
            ..expected
        };
        assert_eq!(ci(&format!("GITEA_ACTIONS=true\nFORGEJO_ACTIONS=true\n{GITHUB}")), Some(forgejo));
    }

    #[test]
    fn gitlab() {
        let variables = "CI=true\nGITLAB_CI=true\nCI_PROJECT_PATH=org/app\nCI_PROJECT_URL=https://git.example/org/app
            CI_REPOSITORY_URL=https://gitlab-ci-token:s3cret@git.example/org/app.git\nCI_COMMIT_SHA=COMMIT
            CI_COMMIT_BEFORE_SHA=BEFORE\nCI_COMMIT_BRANCH=main\nCI_JOB_URL=https://ci.example/runs/42
            GITLAB_USER_LOGIN=octocat\nCI_PIPELINE_SOURCE=push";
        assert_eq!(ci(variables), Some(push_to_main(CiSystem::GitLabCi)));
    }

    #[test]
    fn woodpecker_and_drone() {
        let variables = "CI=woodpecker\nCI_REPO=org/app\nCI_REPO_CLONE_URL=https://git.example/org/app.git
            CI_COMMIT_SHA=COMMIT\nCI_PREV_COMMIT_SHA=BEFORE\nCI_COMMIT_BRANCH=main\nCI_PIPELINE_EVENT=push
            CI_PIPELINE_URL=https://ci.example/runs/42\nCI_COMMIT_AUTHOR=octocat";
        assert_eq!(ci(variables), Some(push_to_main(CiSystem::Woodpecker)));
        let variables = "CI=true\nDRONE=true\nDRONE_REPO=org/app\nDRONE_GIT_HTTP_URL=https://git.example/org/app.git
            DRONE_COMMIT_SHA=COMMIT\nDRONE_COMMIT_BEFORE=BEFORE\nDRONE_BRANCH=main\nDRONE_BUILD_EVENT=push
            DRONE_BUILD_LINK=https://ci.example/runs/42\nDRONE_COMMIT_AUTHOR=octocat";
        assert_eq!(ci(variables), Some(push_to_main(CiSystem::Drone)));
    }

    #[test]
    fn bitbucket_and_azure() {
        let variables = "CI=true\nBITBUCKET_BUILD_NUMBER=42\nBITBUCKET_REPO_FULL_NAME=org/app\nBITBUCKET_COMMIT=COMMIT
            BITBUCKET_BRANCH=main\nBITBUCKET_GIT_HTTP_ORIGIN=http://bitbucket.org/org/app
            BITBUCKET_STEP_TRIGGERER_UUID={a-b}";
        let expected = Ci {
            before: None,
            began: Began::Unknown,
            repository_url: Some("http://bitbucket.org/org/app".to_owned()),
            run: Some("https://bitbucket.org/org/app/pipelines/results/42".to_owned()),
            actor: Some("{a-b}".to_owned()),
            bot: Some("bitbucket-pipelines <commits-noreply@bitbucket.org>"),
            ..push_to_main(CiSystem::BitbucketPipelines)
        };
        assert_eq!(ci(variables), Some(expected));
        let variables = "TF_BUILD=True\nBUILD_REPOSITORY_NAME=app\nBUILD_SOURCEVERSION=COMMIT
            BUILD_SOURCEBRANCH=refs/heads/main\nBUILD_REPOSITORY_URI=https://me@git.example/org/app.git
            BUILD_REQUESTEDFOR=octocat\nBUILD_REASON=IndividualCI\nSYSTEM_COLLECTIONURI=https://dev.azure.com/org/
            SYSTEM_TEAMPROJECTID=1-2\nBUILD_BUILDID=42";
        let run = Some("https://dev.azure.com/org/1-2/_build/results?buildId=42".to_owned());
        assert_eq!(ci(variables), Some(Ci { before: None, run, ..push_to_main(CiSystem::AzurePipelines) }));
        // Of a repository of its own, the system's name for it has no owner.
        let own = variables.replace("git.example/org/app.git", "dev.azure.com/org/My%20Project/_git/app");
        let source = format!("org/My%20Project/_git/app@{COMMIT}");
        assert_eq!(ci(&own).unwrap().source().as_deref(), Some(&*source));
    }

    #[test]
    fn circleci_buildkite_and_jenkins() {
        let variables = "CI=true\nCIRCLECI=true\nCIRCLE_PROJECT_USERNAME=org\nCIRCLE_PROJECT_REPONAME=app
            CIRCLE_SHA1=COMMIT\nCIRCLE_BRANCH=main\nCIRCLE_BUILD_URL=https://ci.example/runs/42\nCIRCLE_USERNAME=octocat
            CIRCLE_REPOSITORY_URL=https://git.example/org/app.git";
        assert_eq!(ci(variables), Some(Ci { before: None, began: Began::Unknown, ..push_to_main(CiSystem::CircleCi) }));
        let variables = "CI=true\nBUILDKITE=true\nBUILDKITE_REPO=git@git.example:org/app.git\nBUILDKITE_COMMIT=COMMIT
            BUILDKITE_BRANCH=main\nBUILDKITE_PULL_REQUEST=false\nBUILDKITE_PULL_REQUEST_BASE_BRANCH=
            BUILDKITE_BUILD_URL=https://ci.example/runs/42\nBUILDKITE_BUILD_CREATOR=octocat
            BUILDKITE_SOURCE=webhook";
        let repository_url = Some("git@git.example:org/app.git".to_owned());
        assert_eq!(ci(variables), Some(Ci { before: None, repository_url, ..push_to_main(CiSystem::Buildkite) }));
        let variables = "CI=true\nJENKINS_URL=https://ci.example/\nGIT_URL=https://git.example/org/app.git
            GIT_COMMIT=COMMIT\nGIT_PREVIOUS_COMMIT=BEFORE\nGIT_BRANCH=origin/main\nBUILD_URL=https://ci.example/runs/42";
        assert_eq!(ci(variables), Some(Ci { actor: None, began: Began::Unknown, ..push_to_main(CiSystem::Jenkins) }));
        let multibranch = ci(&format!("{variables}\nBRANCH_NAME=origin/x")).unwrap();
        assert_eq!(multibranch.branch.as_deref(), Some("origin/x"));
    }

    /// The git plugin writes the remote before the branch, and `detached` if the job names a commit.
    #[test]
    fn a_branch_of_jenkins_is_one_of_origin() {
        for (name, branch) in [
            ("origin/main", Some("main")),
            ("origin/feature/x", Some("feature/x")),
            ("refs/heads/main", Some("main")),
            ("upstream/main", None),
            ("detached", None),
            ("refs/tags/v1", None),
        ] {
            let ci = ci(&format!("JENKINS_URL=x\nGIT_BRANCH={name}")).unwrap();
            assert_eq!(ci.branch.as_deref(), branch, "{name}");
        }
    }

    /// What is built then is a merge that no branch has, and the merge of the next push is not built on top of it.
    #[test]
    fn the_head_of_a_request_that_is_built_as_a_merge() {
        for variables in [
            "TF_BUILD=True\nBUILD_SOURCEVERSION=MERGE\nBUILD_REASON=PullRequest\nBUILD_REPOSITORY_URI=https://h/org/app
                SYSTEM_PULLREQUEST_SOURCECOMMITID=COMMIT",
            "GITLAB_CI=true\nCI_COMMIT_SHA=MERGE\nCI_MERGE_REQUEST_IID=7\nCI_PROJECT_PATH=org/app
                CI_MERGE_REQUEST_SOURCE_BRANCH_SHA=COMMIT",
        ] {
            let ci = ci(&variables.replace("=MERGE", &format!("={MERGE}"))).unwrap();
            assert_eq!((ci.commit.as_deref(), ci.test_merge.as_deref()), (Some(COMMIT), Some(MERGE)), "{variables}");
            assert_eq!((ci.source(), ci.began), (Some(format!("org/app@{COMMIT}")), Began::Commit), "{variables}");
        }
        // A merge request pipeline of GitLab that builds the branch itself.
        let head = ci("GITLAB_CI=true\nCI_COMMIT_SHA=COMMIT\nCI_MERGE_REQUEST_IID=7").unwrap();
        assert_eq!((head.commit.as_deref(), head.test_merge), (Some(COMMIT), None));
    }

    /// Neither a tag nor a pull request is a branch to release to.
    #[test]
    fn tags_and_pull_requests() {
        for (variables, pull_request) in [
            ("GITHUB_ACTIONS=true\nGITHUB_REF=refs/tags/v1", false),
            ("GITHUB_ACTIONS=true\nGITHUB_REF=refs/pull/1/merge\nGITHUB_BASE_REF=main", true),
            ("GITHUB_ACTIONS=true\nGITHUB_REF=refs/heads/main\nGITHUB_BASE_REF=main", true),
            ("GITHUB_ACTIONS=true\nGITHUB_EVENT_NAME=pull_request_review\nGITHUB_REF=refs/pull/1/merge", true),
            (
                "GITEA_ACTIONS=true\nGITHUB_ACTIONS=true\nGITHUB_EVENT_NAME=pull_request\nGITHUB_REF=refs/pull/1/head",
                true,
            ),
            ("GITLAB_CI=true\nCI_COMMIT_TAG=v1", false),
            ("GITLAB_CI=true\nCI_MERGE_REQUEST_IID=7", true),
            ("CI=woodpecker\nCI_PIPELINE_EVENT=tag\nCI_COMMIT_BRANCH=main\nCI_COMMIT_TAG=v1", false),
            ("CI=woodpecker\nCI_PIPELINE_EVENT=pull_request_closed\nCI_COMMIT_BRANCH=main", true),
            ("DRONE=true\nDRONE_BUILD_EVENT=tag\nDRONE_BRANCH=main\nDRONE_TAG=v1", false),
            ("DRONE=true\nDRONE_BUILD_EVENT=pull_request\nDRONE_BRANCH=main", true),
            ("BITBUCKET_BUILD_NUMBER=1\nBITBUCKET_TAG=v1", false),
            ("BITBUCKET_BUILD_NUMBER=1\nBITBUCKET_BRANCH=x\nBITBUCKET_PR_ID=7", true),
            ("TF_BUILD=True\nBUILD_SOURCEBRANCH=refs/tags/v1", false),
            ("TF_BUILD=True\nBUILD_SOURCEBRANCH=refs/pull/1/merge\nBUILD_REASON=PullRequest", true),
            ("CIRCLECI=true\nCIRCLE_TAG=v1", false),
            ("CIRCLECI=true\nCIRCLE_BRANCH=pull/7\nCIRCLE_PR_NUMBER=7", true),
            ("BUILDKITE=true\nBUILDKITE_BRANCH=v1\nBUILDKITE_TAG=v1", false),
            ("BUILDKITE=true\nBUILDKITE_BRANCH=x\nBUILDKITE_PULL_REQUEST_BASE_BRANCH=main", true),
            ("JENKINS_URL=x\nBRANCH_NAME=v1\nTAG_NAME=v1", false),
            ("JENKINS_URL=x\nBRANCH_NAME=PR-7\nCHANGE_ID=7", true),
        ] {
            let ci = ci(variables).unwrap();
            assert_eq!((ci.branch, ci.unmerged.is_some()), (None, pull_request), "{variables}");
        }
    }

    /// What a merge queue builds is not merged yet, whatever the system calls its branch.
    #[test]
    fn merge_queues() {
        let queue = "gh-readonly-queue/main/pr-7-b15411f387bb2a2286676b92a87fd85aa9b682a5";
        for variables in [
            "GITHUB_ACTIONS=true\nGITHUB_EVENT_NAME=merge_group\nGITHUB_REF=refs/heads/NAMED\nGITHUB_BASE_REF=",
            "BUILDKITE=true\nBUILDKITE_BRANCH=x\nBUILDKITE_MERGE_QUEUE_BASE_BRANCH=main",
            "BUILDKITE=true\nBUILDKITE_BRANCH=NAMED\nBUILDKITE_SOURCE=webhook",
            "GITLAB_CI=true\nCI_COMMIT_BRANCH=NAMED\nCI_PIPELINE_SOURCE=push",
            "CIRCLECI=true\nCIRCLE_BRANCH=NAMED",
            "TF_BUILD=True\nBUILD_SOURCEBRANCH=refs/heads/NAMED\nBUILD_REASON=IndividualCI",
            "JENKINS_URL=x\nGIT_BRANCH=origin/NAMED",
            "JENKINS_URL=x\nBRANCH_NAME=NAMED",
            "DRONE=true\nDRONE_BRANCH=NAMED\nDRONE_BUILD_EVENT=push",
            "CI=woodpecker\nCI_COMMIT_BRANCH=NAMED\nCI_PIPELINE_EVENT=push",
            "BITBUCKET_BUILD_NUMBER=1\nBITBUCKET_BRANCH=NAMED",
        ] {
            let ci = ci(&variables.replace("NAMED", queue)).unwrap();
            assert_eq!(
                (ci.branch, ci.unmerged, ci.began),
                (None, Some(Unmerged::MergeQueue), Began::Commit),
                "{variables}"
            );
        }
    }

    #[test]
    fn what_began_the_run() {
        for (variables, began) in [
            ("GITHUB_ACTIONS=true\nGITHUB_EVENT_NAME=push", Began::Push),
            ("GITHUB_ACTIONS=true\nGITHUB_EVENT_NAME=workflow_run", Began::Other),
            ("GITHUB_ACTIONS=true\nGITHUB_EVENT_NAME=repository_dispatch", Began::Other),
            ("GITHUB_ACTIONS=true\nGITHUB_EVENT_NAME=pull_request\nGITHUB_BASE_REF=main", Began::Commit),
            ("GITHUB_ACTIONS=true\nGITHUB_EVENT_NAME=release\nGITHUB_REF=refs/tags/v1", Began::Commit),
            ("GITHUB_ACTIONS=true", Began::Unknown),
            ("GITLAB_CI=true\nCI_PIPELINE_SOURCE=trigger", Began::Other),
            ("GITLAB_CI=true\nCI_PIPELINE_SOURCE=parent_pipeline\nCI_COMMIT_BEFORE_SHA=BEFORE", Began::Push),
            ("GITLAB_CI=true\nCI_PIPELINE_SOURCE=parent_pipeline\nCI_COMMIT_BEFORE_SHA=NONE", Began::Other),
            ("GITLAB_CI=true\nCI_PIPELINE_SOURCE=parent_pipeline\nCI_COMMIT_TAG=v1", Began::CommitOrOther),
            ("GITLAB_CI=true\nCI_PIPELINE_SOURCE=parent_pipeline\nCI_MERGE_REQUEST_IID=7", Began::Commit),
            ("GITLAB_CI=true\nCI_PIPELINE_SOURCE=push\nCI_COMMIT_BEFORE_SHA=NONE", Began::Commit),
            ("GITLAB_CI=true\nCI_PIPELINE_SOURCE=schedule\nCI_COMMIT_BEFORE_SHA=NONE", Began::Other),
            ("CI=woodpecker\nCI_PIPELINE_EVENT=tag\nCI_COMMIT_TAG=v1", Began::Commit),
            ("CI=woodpecker\nCI_PIPELINE_EVENT=cron", Began::Other),
            ("DRONE=true\nDRONE_BUILD_EVENT=promote", Began::Other),
            ("TF_BUILD=True\nBUILD_REASON=BatchedCI", Began::Push),
            ("TF_BUILD=True\nBUILD_REASON=Manual", Began::Other),
            ("BUILDKITE=true\nBUILDKITE_SOURCE=ui", Began::Other),
            ("JENKINS_URL=x", Began::Unknown),
        ] {
            assert_eq!(ci(variables).unwrap().began, began, "{variables}");
        }
    }

    /// A run at a tag is the tag's own only if its push began the run, or what the system makes of it.
    #[test]
    fn what_began_the_run_of_a_tag() {
        for (variables, own, others) in [
            (
                "GITHUB_ACTIONS=true\nGITHUB_REF=refs/tags/v1\nGITHUB_EVENT_NAME",
                &["push", "create", "release"][..],
                &["workflow_dispatch", "repository_dispatch", "schedule", "deployment"][..],
            ),
            (
                "GITLAB_CI=true\nCI_COMMIT_TAG=v1\nCI_COMMIT_BEFORE_SHA=NONE\nCI_PIPELINE_SOURCE",
                &["push"],
                &["web", "schedule", "pipeline", "trigger", "api", "ondemand"],
            ),
            (
                "CI=woodpecker\nCI_COMMIT_TAG=v1\nCI_PIPELINE_EVENT",
                &["tag", "release"],
                &["deployment", "manual", "cron"],
            ),
            ("DRONE=true\nDRONE_TAG=v1\nDRONE_BUILD_EVENT", &["tag"], &["promote", "rollback", "custom", "cron"]),
            (
                "BUILDKITE=true\nBUILDKITE_TAG=v1\nBUILDKITE_SOURCE",
                &["webhook"],
                &["ui", "api", "schedule", "trigger_job"],
            ),
        ] {
            for (words, began) in [(own, Began::Commit), (others, Began::Other)] {
                for word in words {
                    assert_eq!(ci(&format!("{variables}={word}")).unwrap().began, began, "{variables}={word}");
                }
            }
        }
        for untold in
            ["JENKINS_URL=x\nTAG_NAME=v1", "CIRCLECI=true\nCIRCLE_TAG=v1", "BITBUCKET_BUILD_NUMBER=1\nBITBUCKET_TAG=v1"]
        {
            assert_eq!(ci(untold).unwrap().began, Began::CommitOrOther, "{untold}");
        }
    }

    /// A merged request is a push to its base. Before that, its head counts, and not the merge that tests it.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "tests lay out their files")]
    fn pull_requests_by_their_event() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("event.json");
        let read = |event: &str, reference: &str, request: &str| {
            std::fs::write(&path, format!(r#"{{"before":"{BEFORE}","after":"{MERGE}","pull_request":{request}}}"#))
                .unwrap();
            let variables = GITHUB.replace("=push", &format!("={event}")).replace("=refs/heads/main", reference);
            ci(&format!("{variables}\nGITHUB_EVENT_PATH={}", path.display())).unwrap()
        };
        for (event, reference) in [("pull_request", "=refs/pull/7/merge"), ("pull_request_target", "=refs/heads/main")]
        {
            let request =
                r#"{"merged":true,"merge_commit_sha":"MERGE","commits":1,"head":{"sha":"x"},"base":{"ref":"next"}}"#;
            let ci = read(event, reference, &request.replace("MERGE", MERGE));
            assert_eq!((ci.commit.as_deref(), ci.branch.as_deref(), ci.before), (Some(MERGE), Some("next"), None));
            assert_eq!((ci.began, ci.unmerged, ci.test_merge), (Began::Merge { commits: Some(1) }, None, None));
        }
        let open = format!(r#"{{"merged":false,"merge_commit_sha":"{MERGE}","head":{{"sha":"{MERGE}"}}}}"#);
        let ci = read("pull_request", "=refs/pull/7/merge", &open);
        assert_eq!((ci.source(), ci.test_merge.as_deref()), (Some(format!("org/app@{MERGE}")), Some(COMMIT)));
        assert_eq!((ci.branch, ci.before, ci.began), (None, None, Began::Commit));
        for request in [r#"{"merge_commit_sha":"MERGE"}"#, r#"{"merged":true,"merge_commit_sha":null}"#] {
            let ci = read("pull_request", "=refs/pull/7/merge", &request.replace("MERGE", MERGE));
            assert_eq!((ci.commit.as_deref(), ci.branch, ci.began), (Some(COMMIT), None, Began::Commit), "{request}");
        }
        // Only some events of a request have a base in the variables.
        for event in ["pull_request_review", "pull_request_review_comment"] {
            let ci = read(event, "=refs/pull/7/merge", &open);
            assert_eq!((ci.commit.as_deref(), ci.test_merge.as_deref()), (Some(MERGE), Some(COMMIT)), "{event}");
            assert_eq!(
                (ci.branch, ci.unmerged, ci.began),
                (None, Some(Unmerged::PullRequest), Began::Commit),
                "{event}"
            );
        }
        // Such a run checks the base out, and builds what it likes.
        let ci = read("pull_request_target", "=refs/heads/main", &open);
        assert_eq!((ci.commit.as_deref(), ci.test_merge, ci.branch), (Some(COMMIT), None, None));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "tests lay out their files")]
    fn pushes_by_their_event() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("event.json");
        for (event, before, after, expected) in [
            ("push", BEFORE, COMMIT, (Some(BEFORE), Began::Push)),
            ("push", NONE, COMMIT, (None, Began::Commit)),
            ("push", BEFORE, MERGE, (None, Began::Push)),
            ("schedule", NONE, COMMIT, (None, Began::Other)),
        ] {
            std::fs::write(&path, format!(r#"{{"before":"{before}","after":"{after}"}}"#)).unwrap();
            let variables = GITHUB.replace("=push", &format!("={event}"));
            let ci = ci(&format!("{variables}\nGITHUB_EVENT_PATH={}", path.display())).unwrap();
            assert_eq!((ci.before.as_deref(), ci.began), expected, "{event} {before} {after}");
        }
    }

    /// Gitea tells of each run of a reusable workflow that another workflow called it. The event is the one that began the run.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "tests lay out their files")]
    fn a_reusable_workflow_of_gitea() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("event.json");
        let push = format!(r#""before":"{BEFORE}","after":"{COMMIT}""#);
        let new = format!(r#""before":"{NONE}","after":"{COMMIT}""#);
        let request = format!(r#""pull_request":{{"merged":false,"head":{{"sha":"{COMMIT}"}}}}"#);
        for (event, reference, expected) in [
            (&*push, "refs/heads/main", (Some("main"), Some(BEFORE), Began::Push)),
            (&new, "refs/heads/main", (Some("main"), None, Began::Commit)),
            (&new, "refs/tags/v1", (None, None, Began::Commit)),
            (&format!(r#"{push},"schedule":"@daily""#), "refs/heads/main", (Some("main"), Some(BEFORE), Began::Other)),
            (r#""inputs":{}"#, "refs/heads/main", (Some("main"), None, Began::Other)),
            (r#""inputs":{}"#, "refs/tags/v1", (None, None, Began::Other)),
            (&request, "refs/pull/7/head", (None, None, Began::Commit)),
            ("?", "refs/heads/main", (Some("main"), None, Began::Unknown)),
        ] {
            std::fs::write(&path, format!("{{{event}}}")).unwrap();
            let variables = GITHUB.replace("=push", "=workflow_call").replace("refs/heads/main", reference);
            let ci = ci(&format!("GITEA_ACTIONS=true\n{variables}\nGITHUB_EVENT_PATH={}", path.display())).unwrap();
            assert_eq!((ci.branch.as_deref(), ci.before.as_deref(), ci.began), expected, "{event} {reference}");
            assert_eq!((ci.commit.as_deref(), ci.unmerged.is_some()), (Some(COMMIT), event == request), "{event}");
        }
    }

    /// What another workflow built for a pull request is no push to a branch, whatever the branch of the fork is called.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "tests lay out their files")]
    fn after_another_workflow() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("event.json");
        for (event, repository, branch, pull_request) in [
            ("push", "org/app", Some("main"), false),
            ("workflow_dispatch", "Org/App", Some("main"), false),
            ("push", "mallory/app", None, false),
            ("pull_request", "org/app", None, true),
            ("pull_request", "mallory/app", None, true),
            ("pull_request_target", "mallory/app", None, true),
            ("pull_request_review", "org/app", None, true),
            ("merge_group", "org/app", None, true),
        ] {
            let run = format!(
                r#"{{"workflow_run":{{"head_sha":"{COMMIT}","head_branch":"main","event":"{event}","head_repository":{{"full_name":"{repository}"}}}}}}"#
            );
            std::fs::write(&path, run).unwrap();
            let ci = ci(&format!("{GITHUB}\nGITHUB_EVENT_PATH={}", path.display()).replace("=push", "=workflow_run"));
            let ci = ci.unwrap();
            assert_eq!(
                (ci.branch.as_deref(), ci.unmerged.is_some()),
                (branch, pull_request),
                "{event} of {repository}"
            );
            assert_eq!(ci.source(), Some(format!("{repository}@{COMMIT}")));
        }
    }

    #[test]
    fn what_is_no_commit_is_none() {
        for (variables, commit) in [
            ("GITLAB_CI=true\nCI_COMMIT_SHA=COMMIT\nCI_COMMIT_BEFORE_SHA=NONE", Some(COMMIT)),
            ("BUILDKITE=true\nBUILDKITE_COMMIT=HEAD", None),
            ("GITHUB_ACTIONS=true\nGITHUB_SHA=fdafd7\u{1b}[2J", None),
        ] {
            let ci = ci(variables).unwrap();
            assert_eq!((ci.commit.as_deref(), ci.before), (commit, None), "{variables}");
        }
        let split = [("GITHUB_ACTIONS", "true"), ("GITHUB_REF", "refs/heads/a\nb")];
        assert_eq!(detect(&split).unwrap().branch, None, "a branch is one line");
        assert_eq!(ci("CI=true"), None);
        assert_eq!(ci("GITHUB_ACTIONS="), None, "empty is not set");
    }

    /// A variable that says no, for another program, is no sign of a system.
    #[test]
    fn a_sign_that_says_no() {
        for sign in ["GITHUB_ACTIONS=false", "CIRCLECI=0", "TF_BUILD=False", "DRONE=no", "BUILDKITE=off"] {
            assert_eq!(ci(sign), None, "{sign}");
            let gitlab = ci(&format!("{sign}\nGITLAB_CI=true\nCI_COMMIT_BRANCH=main")).unwrap();
            assert_eq!((gitlab.system, gitlab.branch.as_deref()), (CiSystem::GitLabCi, Some("main")), "{sign}");
        }
    }

    #[test]
    fn everything_found_is_shown() {
        let shown = Ci { unmerged: Some(Unmerged::PullRequest), ..push_to_main(CiSystem::GitLabCi) }.to_string();
        let expected = format!(
            "GitLab CI, a pull request, source org/app@{COMMIT}, before {BEFORE}, branch main, actor octocat, \
             repository https://git.example/org/app.git, run https://ci.example/runs/42"
        );
        assert_eq!(shown, expected);
    }
}
