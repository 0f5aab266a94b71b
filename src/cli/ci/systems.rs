//! The variables of each CI system, as its documentation has them. Each value is the first of some templates of which
//! everything is known; `{NAME#PREFIX}` is what follows a prefix of the variable, which must be there.

/// Templates for one value, the first that is known counts; none: the system does not tell.
pub(super) type Values = &'static [&'static str];

/// What a system's variables are called.
pub(super) struct System {
    pub(super) name: &'static str,
    /// Known where this system runs us, and nowhere else.
    pub(super) sign: Values,
    /// The repository's name with its owner. Where no variable has it, it is read from the URL.
    pub(super) repository: Values,
    pub(super) repository_url: Values,
    pub(super) commit: Values,
    pub(super) before: Values,
    /// The file with the event, which has `before` too.
    pub(super) event: Values,
    pub(super) branch: Values,
    /// Known where a tag is built.
    pub(super) tag: Values,
    /// Known where a pull or merge request is built.
    pub(super) pull_request: Values,
    /// The variable with what began the run, and its words for a push, or for a run that a push began.
    pub(super) trigger: Option<(&'static str, &'static [&'static str])>,
    pub(super) run: Values,
    pub(super) actor: Values,
    pub(super) bot: Option<&'static str>,
}

/// [GitHub Actions](https://docs.github.com/en/actions/reference/workflows-and-actions/variables).
const GITHUB: System = System {
    name: "GitHub Actions",
    sign: &["{GITHUB_ACTIONS}"],
    repository: &["{GITHUB_REPOSITORY}"],
    repository_url: &["{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}.git"],
    commit: &["{GITHUB_SHA}"],
    before: &[],
    event: &["{GITHUB_EVENT_PATH}"],
    branch: &["{GITHUB_REF#refs/heads/}"],
    tag: &[],
    // Under `pull_request_target`, the ref is the branch to merge into.
    pull_request: &["{GITHUB_BASE_REF}"],
    trigger: Some(("GITHUB_EVENT_NAME", &["push", "workflow_run"])),
    run: &["{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}"],
    actor: &["{GITHUB_ACTOR}"],
    bot: Some("github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>"),
};

/// Every known system. Those that set the variables of another one come before it; Jenkins, whose variable outlives it on
/// machines that it began, comes last.
pub(super) const SYSTEMS: &[System] = &[
    System {
        name: "Forgejo Actions",
        sign: &["{FORGEJO_ACTIONS}"],
        // Its pages count the runs of a repository, where GitHub's have an id.
        run: &["{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_NUMBER}"],
        bot: Some("forgejo-actions <noreply@forgejo.org>"),
        ..GITHUB
    },
    System {
        name: "Gitea Actions",
        sign: &["{GITEA_ACTIONS}"],
        bot: Some("gitea-actions <teabot@gitea.io>"),
        ..GITHUB
    },
    GITHUB,
    // https://docs.gitlab.com/ci/variables/predefined_variables/
    System {
        name: "GitLab CI",
        sign: &["{GITLAB_CI}"],
        repository: &["{CI_PROJECT_PATH}"],
        // Not `CI_REPOSITORY_URL`, which has the job's token in it.
        repository_url: &["{CI_PROJECT_URL}.git"],
        commit: &["{CI_COMMIT_SHA}"],
        before: &["{CI_COMMIT_BEFORE_SHA}"],
        event: &[],
        branch: &["{CI_COMMIT_BRANCH}"],
        tag: &["{CI_COMMIT_TAG}"],
        pull_request: &["{CI_MERGE_REQUEST_IID}", "{CI_EXTERNAL_PULL_REQUEST_IID}"],
        trigger: Some(("CI_PIPELINE_SOURCE", &["push", "parent_pipeline"])),
        run: &["{CI_JOB_URL}"],
        actor: &["{GITLAB_USER_LOGIN}"],
        bot: None,
    },
    // https://woodpecker-ci.org/docs/usage/environment
    System {
        name: "Woodpecker",
        sign: &["{CI#woodpecker}"],
        repository: &["{CI_REPO}"],
        repository_url: &["{CI_REPO_CLONE_URL}"],
        commit: &["{CI_COMMIT_SHA}"],
        before: &["{CI_PREV_COMMIT_SHA}"],
        event: &[],
        branch: &["{CI_COMMIT_BRANCH}"],
        tag: &["{CI_COMMIT_TAG}"],
        pull_request: &["{CI_PIPELINE_EVENT#pull_request}"],
        trigger: Some(("CI_PIPELINE_EVENT", &["push"])),
        run: &["{CI_PIPELINE_URL}"],
        actor: &["{CI_COMMIT_AUTHOR}"],
        bot: None,
    },
    // https://docs.drone.io/pipeline/environment/reference/
    System {
        name: "Drone",
        sign: &["{DRONE}"],
        repository: &["{DRONE_REPO}"],
        repository_url: &["{DRONE_GIT_HTTP_URL}", "{DRONE_REMOTE_URL}"],
        commit: &["{DRONE_COMMIT_SHA}"],
        before: &["{DRONE_COMMIT_BEFORE}"],
        event: &[],
        branch: &["{DRONE_BRANCH}"],
        tag: &["{DRONE_TAG}"],
        pull_request: &["{DRONE_BUILD_EVENT#pull_request}"],
        trigger: Some(("DRONE_BUILD_EVENT", &["push"])),
        run: &["{DRONE_BUILD_LINK}"],
        actor: &["{DRONE_COMMIT_AUTHOR}"],
        bot: None,
    },
    // https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
    System {
        name: "Bitbucket Pipelines",
        sign: &["{BITBUCKET_BUILD_NUMBER}"],
        repository: &["{BITBUCKET_REPO_FULL_NAME}"],
        repository_url: &["{BITBUCKET_GIT_HTTP_ORIGIN}"],
        commit: &["{BITBUCKET_COMMIT}"],
        before: &[],
        event: &[],
        branch: &["{BITBUCKET_BRANCH}"],
        tag: &["{BITBUCKET_TAG}"],
        pull_request: &["{BITBUCKET_PR_ID}"],
        trigger: None,
        run: &["https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}/pipelines/results/{BITBUCKET_BUILD_NUMBER}"],
        actor: &["{BITBUCKET_STEP_TRIGGERER_UUID}"],
        bot: Some("bitbucket-pipelines <commits-noreply@bitbucket.org>"),
    },
    // https://learn.microsoft.com/en-us/azure/devops/pipelines/build/variables
    System {
        name: "Azure Pipelines",
        sign: &["{TF_BUILD}"],
        repository: &["{BUILD_REPOSITORY_NAME}"],
        repository_url: &["{BUILD_REPOSITORY_URI}"],
        commit: &["{BUILD_SOURCEVERSION}"],
        before: &[],
        event: &[],
        branch: &["{BUILD_SOURCEBRANCH#refs/heads/}"],
        tag: &[],
        pull_request: &["{BUILD_REASON#PullRequest}"],
        trigger: Some(("BUILD_REASON", &["IndividualCI", "BatchedCI"])),
        // By the project's id, because its name may have spaces.
        run: &["{SYSTEM_COLLECTIONURI}{SYSTEM_TEAMPROJECTID}/_build/results?buildId={BUILD_BUILDID}"],
        actor: &["{BUILD_REQUESTEDFOR}"],
        bot: None,
    },
    // https://circleci.com/docs/variables/
    System {
        name: "CircleCI",
        sign: &["{CIRCLECI}"],
        repository: &["{CIRCLE_PROJECT_USERNAME}/{CIRCLE_PROJECT_REPONAME}"],
        repository_url: &["{CIRCLE_REPOSITORY_URL}"],
        commit: &["{CIRCLE_SHA1}"],
        before: &[],
        event: &[],
        branch: &["{CIRCLE_BRANCH}"],
        tag: &["{CIRCLE_TAG}"],
        // Only of forks. `CIRCLE_PULL_REQUEST` is also there where a branch is built that has a request open.
        pull_request: &["{CIRCLE_PR_NUMBER}"],
        trigger: None,
        run: &["{CIRCLE_BUILD_URL}"],
        actor: &["{CIRCLE_USERNAME}"],
        bot: None,
    },
    // https://buildkite.com/docs/pipelines/configure/environment-variables
    System {
        name: "Buildkite",
        sign: &["{BUILDKITE}"],
        repository: &[],
        repository_url: &["{BUILDKITE_REPO}"],
        commit: &["{BUILDKITE_COMMIT}"],
        before: &[],
        event: &[],
        branch: &["{BUILDKITE_BRANCH}"],
        tag: &["{BUILDKITE_TAG}"],
        // `BUILDKITE_PULL_REQUEST` is `false` where there is none.
        pull_request: &["{BUILDKITE_PULL_REQUEST_BASE_BRANCH}"],
        trigger: Some(("BUILDKITE_SOURCE", &["webhook"])),
        run: &["{BUILDKITE_BUILD_URL}"],
        actor: &["{BUILDKITE_BUILD_CREATOR}"],
        bot: None,
    },
    // https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables, and the plugins git and branch-api
    System {
        name: "Jenkins",
        sign: &["{JENKINS_URL}"],
        repository: &[],
        repository_url: &["{GIT_URL}"],
        commit: &["{GIT_COMMIT}"],
        before: &["{GIT_PREVIOUS_COMMIT}"],
        event: &[],
        branch: &["{BRANCH_NAME}", "{GIT_LOCAL_BRANCH}", "{GIT_BRANCH#origin/}", "{GIT_BRANCH}"],
        tag: &["{TAG_NAME}"],
        pull_request: &["{CHANGE_ID}"],
        trigger: None,
        run: &["{BUILD_URL}"],
        actor: &[],
        bot: None,
    },
];
