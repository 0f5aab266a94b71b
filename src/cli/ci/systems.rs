//! What a CI system is, in one table: a row has all that is particular to a system, from its variables to the lines of a
//! log that it obeys. Most values are templates, the first of which counts whose variables are all set; `{NAME#PREFIX}` is
//! what follows a prefix of the variable, which must be there.

use super::system::{
    CiSystem, ForgeVariables, GitToken, Inputs, Lists, LogCommand, RegistryToken, Skip, System, Trigger,
    USUAL_SKIP_MARKER,
};
use super::variables::{says_no, value};
use crate::cli::surface::Surface;

/// Returns the trigger of a system that has one word for the pushes of branches and of tags.
const fn trigger(variable: &'static str, pushes: &'static [&'static str]) -> Option<Trigger> {
    Some(Trigger { variable, pushes, of_tags: &[], child: None })
}

const fn usual(preset: &'static str) -> Option<Skip> {
    Some(Skip { preset, marker: USUAL_SKIP_MARKER })
}

/// [GitHub Actions](https://docs.github.com/en/actions/reference/workflows-and-actions/variables).
const GITHUB: System = System {
    id: CiSystem::GitHubActions,
    name: "GitHub Actions",
    sign: &["{GITHUB_ACTIONS}"],
    imitates: None,
    repository: &["{GITHUB_REPOSITORY}"],
    repository_url: &["{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}.git"],
    workspace: &["{GITHUB_WORKSPACE}"],
    commit: &["{GITHUB_SHA}"],
    // The event tells it.
    request_head: &[],
    before: &[],
    event: &["{GITHUB_EVENT_PATH}"],
    branch: &["{GITHUB_REF#refs/heads/}"],
    tag: &["{GITHUB_REF#refs/tags/}"],
    // Under `pull_request_target`, the ref is the branch to merge into. Under `pull_request_review`, no base is told.
    pull_request: &["{GITHUB_BASE_REF}", "{GITHUB_REF#refs/pull/}"],
    merge_queue: &[],
    trigger: Some(Trigger {
        variable: "GITHUB_EVENT_NAME",
        pushes: &["push"],
        of_tags: &["create", "release"],
        child: None,
    }),
    run: &["{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}"],
    actor: &["{GITHUB_ACTOR}"],
    bot: Some("github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>"),
    skip: usual("github"),
    git_token: Some(GitToken {
        sign: "GITHUB_SERVER_URL",
        server: "GITHUB_SERVER_URL",
        token: "GITHUB_TOKEN",
        user: "x-access-token",
    }),
    registry_logins: &[RegistryToken {
        home: Some(("GITHUB_SERVER_URL", "https://github.com")),
        registry: &["ghcr.io"],
        // The user's name can be any.
        username: &["{GITHUB_ACTOR}", "x-access-token"],
        password: "GITHUB_TOKEN",
        server: &[],
    }],
    forge: Some(ForgeVariables {
        kind: "github",
        web: "GITHUB_SERVER_URL",
        api: Some("GITHUB_API_URL"),
        graphql: Some("GITHUB_GRAPHQL_URL"),
    }),
    inputs: Some(Inputs {
        prefix: "INPUT_",
        lists: Lists::Lines,
        surface: Surface::Action,
        // What `with` sets of the container itself.
        of_the_system: &["ARGS", "ENTRYPOINT"],
    }),
    log_commands: &[LogCommand::LineStart("::"), LogCommand::Anywhere("##[")],
};

/// The forge of Gitea Actions and Forgejo Actions.
const GITEA: ForgeVariables =
    ForgeVariables { kind: "gitea", web: "GITHUB_SERVER_URL", api: Some("GITHUB_API_URL"), graphql: None };

/// The settings of a plugin, of Drone and Woodpecker.
const PLUGIN: Inputs = Inputs {
    prefix: "PLUGIN_",
    lists: Lists::LinesOrCommas,
    surface: Surface::Plugin,
    // Where a plugin may write what it made.
    of_the_system: &["ARTIFACT_FILE"],
};

/// Returns a system that can be named, but not detected.
const fn named(id: CiSystem, name: &'static str) -> System {
    System {
        id,
        name,
        sign: &[],
        imitates: None,
        repository: &[],
        repository_url: &[],
        workspace: &[],
        commit: &[],
        request_head: &[],
        before: &[],
        event: &[],
        branch: &[],
        tag: &[],
        pull_request: &[],
        merge_queue: &[],
        trigger: None,
        run: &[],
        actor: &[],
        bot: None,
        skip: None,
        git_token: None,
        registry_logins: &[],
        forge: None,
        inputs: None,
        log_commands: &[],
    }
}

/// Every known system. Systems that set the variables of another one come before it. Jenkins is the last that can be
/// detected, because its variable outlives it on machines that it began.
pub(super) const SYSTEMS: &[System] = &[
    System {
        id: CiSystem::ForgejoActions,
        name: "Forgejo Actions",
        sign: &["{FORGEJO_ACTIONS}"],
        imitates: Some(CiSystem::GitHubActions),
        // Its pages count the runs of a repository, and GitHub's have an id.
        run: &["{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_NUMBER}"],
        bot: Some("forgejo-actions <noreply@forgejo.org>"),
        skip: usual("forgejo"),
        // It sets GITHUB_SERVER_URL too, and on GitHub a token of this name is for another server.
        git_token: Some(GitToken {
            sign: "FORGEJO_ACTIONS",
            server: "GITHUB_SERVER_URL",
            token: "FORGEJO_TOKEN",
            user: "x-access-token",
        }),
        registry_logins: &[],
        forge: Some(GITEA),
        ..GITHUB
    },
    System {
        id: CiSystem::GiteaActions,
        name: "Gitea Actions",
        sign: &["{GITEA_ACTIONS}"],
        imitates: Some(CiSystem::GitHubActions),
        bot: Some("gitea-actions <teabot@gitea.io>"),
        skip: usual("gitea"),
        // It sets GITHUB_SERVER_URL too, and on GitHub a token of this name is for another server.
        git_token: Some(GitToken {
            sign: "GITEA_ACTIONS",
            server: "GITHUB_SERVER_URL",
            token: "GITEA_TOKEN",
            user: "x-access-token",
        }),
        registry_logins: &[],
        forge: Some(GITEA),
        ..GITHUB
    },
    GITHUB,
    // https://docs.gitlab.com/ci/variables/predefined_variables/
    System {
        sign: &["{GITLAB_CI}"],
        repository: &["{CI_PROJECT_PATH}"],
        // Not `CI_REPOSITORY_URL`, which has the job's token in it.
        repository_url: &["{CI_PROJECT_URL}.git"],
        workspace: &["{CI_PROJECT_DIR}"],
        commit: &["{CI_COMMIT_SHA}"],
        // Only if the result of the merge is built.
        request_head: &["{CI_MERGE_REQUEST_SOURCE_BRANCH_SHA}"],
        before: &["{CI_COMMIT_BEFORE_SHA}"],
        branch: &["{CI_COMMIT_BRANCH}"],
        tag: &["{CI_COMMIT_TAG}"],
        pull_request: &["{CI_MERGE_REQUEST_IID}", "{CI_EXTERNAL_PULL_REQUEST_IID}"],
        trigger: Some(Trigger {
            variable: "CI_PIPELINE_SOURCE",
            pushes: &["push"],
            of_tags: &[],
            child: Some("parent_pipeline"),
        }),
        run: &["{CI_JOB_URL}"],
        actor: &["{GITLAB_USER_LOGIN}"],
        skip: usual("gitlab"),
        git_token: Some(GitToken {
            sign: "CI_SERVER_URL",
            server: "CI_SERVER_URL",
            token: "CI_JOB_TOKEN",
            user: "gitlab-ci-token",
        }),
        // https://docs.gitlab.com/user/packages/container_registry/authenticate_with_container_registry/
        registry_logins: &[
            RegistryToken {
                home: None,
                registry: &["{CI_REGISTRY}"],
                username: &["{CI_REGISTRY_USER}"],
                password: "CI_REGISTRY_PASSWORD",
                server: &["{CI_SERVER_URL}"],
            },
            RegistryToken {
                home: None,
                registry: &["{CI_REGISTRY}"],
                username: &["gitlab-ci-token"],
                password: "CI_JOB_TOKEN",
                server: &["{CI_SERVER_URL}"],
            },
        ],
        forge: Some(ForgeVariables { kind: "gitlab", web: "CI_SERVER_URL", api: Some("CI_API_V4_URL"), graphql: None }),
        ..named(CiSystem::GitLabCi, "GitLab CI")
    },
    // https://woodpecker-ci.org/docs/usage/environment
    System {
        sign: &["{CI#woodpecker}"],
        repository: &["{CI_REPO}"],
        repository_url: &["{CI_REPO_CLONE_URL}"],
        workspace: &["{CI_WORKSPACE}"],
        commit: &["{CI_COMMIT_SHA}"],
        before: &["{CI_PREV_COMMIT_SHA}"],
        branch: &["{CI_COMMIT_BRANCH}"],
        tag: &["{CI_COMMIT_TAG}"],
        pull_request: &["{CI_PIPELINE_EVENT#pull_request}"],
        trigger: Some(Trigger {
            variable: "CI_PIPELINE_EVENT",
            pushes: &["push"],
            of_tags: &["tag", "release"],
            child: None,
        }),
        run: &["{CI_PIPELINE_URL}"],
        actor: &["{CI_COMMIT_AUTHOR}"],
        skip: usual("woodpecker"),
        inputs: Some(PLUGIN),
        ..named(CiSystem::Woodpecker, "Woodpecker")
    },
    // https://docs.drone.io/pipeline/environment/reference/
    System {
        sign: &["{DRONE}"],
        repository: &["{DRONE_REPO}"],
        repository_url: &["{DRONE_GIT_HTTP_URL}", "{DRONE_REMOTE_URL}"],
        workspace: &["{DRONE_WORKSPACE}"],
        commit: &["{DRONE_COMMIT_SHA}"],
        before: &["{DRONE_COMMIT_BEFORE}"],
        branch: &["{DRONE_BRANCH}"],
        tag: &["{DRONE_TAG}"],
        pull_request: &["{DRONE_BUILD_EVENT#pull_request}"],
        trigger: Some(Trigger { variable: "DRONE_BUILD_EVENT", pushes: &["push"], of_tags: &["tag"], child: None }),
        run: &["{DRONE_BUILD_LINK}"],
        actor: &["{DRONE_COMMIT_AUTHOR}"],
        skip: usual("drone"),
        inputs: Some(PLUGIN),
        ..named(CiSystem::Drone, "Drone")
    },
    // https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
    System {
        sign: &["{BITBUCKET_BUILD_NUMBER}"],
        repository: &["{BITBUCKET_REPO_FULL_NAME}"],
        repository_url: &["{BITBUCKET_GIT_HTTP_ORIGIN}"],
        workspace: &["{BITBUCKET_CLONE_DIR}"],
        commit: &["{BITBUCKET_COMMIT}"],
        branch: &["{BITBUCKET_BRANCH}"],
        tag: &["{BITBUCKET_TAG}"],
        pull_request: &["{BITBUCKET_PR_ID}"],
        run: &["https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}/pipelines/results/{BITBUCKET_BUILD_NUMBER}"],
        actor: &["{BITBUCKET_STEP_TRIGGERER_UUID}"],
        bot: Some("bitbucket-pipelines <commits-noreply@bitbucket.org>"),
        skip: usual("bitbucket"),
        // A proxy that its configuration of git names adds the login.
        ..named(CiSystem::BitbucketPipelines, "Bitbucket Pipelines")
    },
    // https://learn.microsoft.com/en-us/azure/devops/pipelines/build/variables
    System {
        sign: &["{TF_BUILD}"],
        // Of Azure Repos, `BUILD_REPOSITORY_NAME` has no owner.
        repository_url: &["{BUILD_REPOSITORY_URI}"],
        workspace: &["{BUILD_SOURCESDIRECTORY}"],
        commit: &["{BUILD_SOURCEVERSION}"],
        request_head: &["{SYSTEM_PULLREQUEST_SOURCECOMMITID}"],
        branch: &["{BUILD_SOURCEBRANCH#refs/heads/}"],
        pull_request: &["{BUILD_REASON#PullRequest}"],
        trigger: trigger("BUILD_REASON", &["IndividualCI", "BatchedCI"]),
        // By the project's id, because its name may have spaces.
        run: &["{SYSTEM_COLLECTIONURI}{SYSTEM_TEAMPROJECTID}/_build/results?buildId={BUILD_BUILDID}"],
        actor: &["{BUILD_REQUESTEDFOR}"],
        skip: usual("azure"),
        // Azure Repos takes any user.
        git_token: Some(GitToken {
            sign: "TF_BUILD",
            server: "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI",
            token: "SYSTEM_ACCESSTOKEN",
            user: "x-access-token",
        }),
        forge: Some(ForgeVariables { kind: "azure", web: "SYSTEM_COLLECTIONURI", api: None, graphql: None }),
        log_commands: &[LogCommand::Anywhere("##vso["), LogCommand::Anywhere("##[")],
        ..named(CiSystem::AzurePipelines, "Azure Pipelines")
    },
    // https://circleci.com/docs/variables/
    System {
        sign: &["{CIRCLECI}"],
        repository: &["{CIRCLE_PROJECT_USERNAME}/{CIRCLE_PROJECT_REPONAME}"],
        repository_url: &["{CIRCLE_REPOSITORY_URL}"],
        workspace: &["{CIRCLE_WORKING_DIRECTORY}"],
        commit: &["{CIRCLE_SHA1}"],
        branch: &["{CIRCLE_BRANCH}"],
        tag: &["{CIRCLE_TAG}"],
        // Only of forks. `CIRCLE_PULL_REQUEST` is also set if a branch is built that has a request open.
        pull_request: &["{CIRCLE_PR_NUMBER}"],
        run: &["{CIRCLE_BUILD_URL}"],
        actor: &["{CIRCLE_USERNAME}"],
        skip: usual("circleci"),
        ..named(CiSystem::CircleCi, "CircleCI")
    },
    // https://buildkite.com/docs/pipelines/configure/environment-variables
    System {
        sign: &["{BUILDKITE}"],
        repository_url: &["{BUILDKITE_REPO}"],
        workspace: &["{BUILDKITE_BUILD_CHECKOUT_PATH}"],
        commit: &["{BUILDKITE_COMMIT}"],
        branch: &["{BUILDKITE_BRANCH}"],
        tag: &["{BUILDKITE_TAG}"],
        // `BUILDKITE_PULL_REQUEST` is `false` if there is none.
        pull_request: &["{BUILDKITE_PULL_REQUEST_BASE_BRANCH}"],
        merge_queue: &["{BUILDKITE_MERGE_QUEUE_BASE_BRANCH}"],
        trigger: trigger("BUILDKITE_SOURCE", &["webhook"]),
        run: &["{BUILDKITE_BUILD_URL}"],
        actor: &["{BUILDKITE_BUILD_CREATOR}"],
        skip: usual("buildkite"),
        ..named(CiSystem::Buildkite, "Buildkite")
    },
    // https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables, and the plugins git and branch-api
    System {
        sign: &["{JENKINS_URL}"],
        repository_url: &["{GIT_URL}"],
        workspace: &["{WORKSPACE}"],
        commit: &["{GIT_COMMIT}"],
        before: &["{GIT_PREVIOUS_COMMIT}"],
        branch: &["{BRANCH_NAME}", "{GIT_LOCAL_BRANCH}", "{GIT_BRANCH#origin/}", "{GIT_BRANCH#refs/heads/}"],
        tag: &["{TAG_NAME}"],
        pull_request: &["{CHANGE_ID}"],
        run: &["{BUILD_URL}"],
        // The default of its SCM Skip plugin, and the only spelling that the plugin takes.
        skip: Some(Skip { preset: "jenkins", marker: "[ci skip]" }),
        ..named(CiSystem::Jenkins, "Jenkins")
    },
    System { skip: usual("travis"), ..named(CiSystem::Travis, "Travis CI") },
    System { skip: usual("appveyor"), ..named(CiSystem::AppVeyor, "AppVeyor") },
    System { skip: usual("semaphore"), ..named(CiSystem::Semaphore, "Semaphore") },
    // The GitLab plugin knows another marker, and cannot be told from Jenkins' variables.
    System {
        skip: Some(Skip { preset: "jenkins-gitlab", marker: "[ci-skip]" }),
        ..named(CiSystem::JenkinsWithGitLab, "Jenkins with its GitLab plugin")
    },
    System { log_commands: &[LogCommand::Anywhere("##teamcity[")], ..named(CiSystem::TeamCity, "TeamCity") },
];

/// Returns the systems that run this: one, or one and those that it imitates.
pub(super) fn running(variable: &impl Fn(&str) -> Option<String>) -> impl Iterator<Item = &'static System> {
    SYSTEMS.iter().filter(|system| value(variable, system.sign).is_some_and(|sign| !says_no(&sign)))
}

impl CiSystem {
    fn row(self) -> Option<&'static System> {
        SYSTEMS.iter().find(|system| system.id == self)
    }

    pub fn name(self) -> &'static str {
        self.row().map_or("unknown CI system", |system| system.name)
    }

    /// Returns the text that, in a commit's title, keeps this system from building the commit.
    pub fn skip_marker(self) -> &'static str {
        self.row().and_then(|system| system.skip.as_ref()).map_or(USUAL_SKIP_MARKER, |skip| skip.marker)
    }
}

/// Returns the marker of the system that a value of `--skip-ci` names, such as `gitlab`.
pub fn skip_marker_of(preset: &str) -> Option<&'static str> {
    SYSTEMS.iter().filter_map(|system| system.skip.as_ref()).find(|skip| skip.preset == preset).map(|skip| skip.marker)
}

/// Returns the names of systems that `--skip-ci` takes.
pub fn skip_presets() -> impl Iterator<Item = &'static str> {
    SYSTEMS.iter().filter_map(|system| system.skip.as_ref()).map(|skip| skip.preset)
}

/// Returns what CI systems take for commands in their logs.
pub fn log_commands() -> impl Iterator<Item = LogCommand> {
    SYSTEMS.iter().flat_map(|system| system.log_commands).copied()
}

#[cfg(test)]
mod tests {
    use super::{CiSystem, SYSTEMS};
    use crate::cli::settings::{built, names_of_input};
    use crate::system::processes::programs::logins;

    /// A container has the variables alone that `docker run` hands over. Without what began the run, for one, a run that a
    /// person began on a release is taken for one that our push began.
    #[test]
    fn the_container_of_an_example_gets_what_is_read() {
        let system = CiSystem::AzurePipelines.row().unwrap();
        let templates = [
            system.sign,
            system.repository,
            system.repository_url,
            system.commit,
            system.request_head,
            system.before,
            system.branch,
            system.tag,
            system.pull_request,
            system.run,
            system.actor,
        ];
        let templates = templates.into_iter().flatten().flat_map(|template| template.split('{').skip(1));
        let names = templates.map(|rest| rest.split(['}', '#']).next().unwrap());
        let example = include_str!("../../../examples/azure-pipelines.yml");
        for name in names.chain(system.trigger.as_ref().map(|trigger| trigger.variable)) {
            assert!(
                example.contains(&format!(" --env {name}\n")) || example.contains(&format!(" --env {name} ")),
                "{name}"
            );
        }
    }

    #[test]
    fn no_program_gets_the_logins_of_a_system() {
        let of_git = SYSTEMS.iter().filter_map(|system| system.git_token.as_ref()).map(|login| login.token);
        let of_registries = SYSTEMS.iter().flat_map(|system| system.registry_logins).map(|login| login.password);
        let mut names: Vec<_> = of_git.chain(of_registries).map(str::to_owned).collect();
        // A value that the help hides may have a login.
        let command = built();
        let arguments = command.get_subcommands().flat_map(clap::Command::get_arguments);
        let settings: Vec<_> =
            arguments.filter(|argument| argument.is_hide_env_values_set()).flat_map(names_of_input).collect();
        assert!(settings.len() > 8, "{settings:?}");
        let settings =
            settings.iter().map(|name| name.trim_start_matches("TAGSHIP_")).chain(["GIT_TOKEN", "REGISTRY_PASSWORD"]);
        for prefix in
            SYSTEMS.iter().filter_map(|system| system.inputs.as_ref()).map(|inputs| inputs.prefix).chain(["TAGSHIP_"])
        {
            names.extend(settings.clone().map(|setting| format!("{prefix}{setting}")));
        }
        names.push("INPUT_REGISTRY-PASSWORD".to_owned());
        for name in names {
            assert!(
                logins().any(|login| login == name),
                "{name} stays in the environment of the programs that we start"
            );
        }
    }
}
