//! The release step of each example, run with the variables that its system sets in that place and no others: a variable that
//! is set in another stage, or in the system's documentation alone, is not there.

use std::fs;

use yaml_rust2::{Yaml, YamlLoader};

use crate::action;
use crate::stage::tagship;
use crate::support::command::{Command, Home, Output, write_script};
use crate::support::forge::{self, Forge, Kind, RequestState};
use crate::support::git_server::{Access, GitServer};
use crate::support::http::{Reply, Response, Server};
use crate::support::login::Login;
use crate::support::registry::{Auth, Image, Registry, digest_of};
use crate::support::repository::{Checkout, File, Remote};

const ENTRY: &str = "images:\n- name: web\n  newTag: v1\n";
const TOKEN: &str = "t0ken";

const GITLAB: &[(&str, &str)] = &[
    ("CI", "true"),
    ("GITLAB_CI", "true"),
    ("CI_SERVER_URL", "{server}"),
    ("CI_PROJECT_URL", "{server}/org/app"),
    ("CI_PROJECT_PATH", "org/app"),
    ("CI_PROJECT_DIR", "{workspace}"),
    ("CI_REGISTRY", "{registry}"),
    ("CI_REGISTRY_IMAGE", "{registry}/org/web"),
    ("CI_REGISTRY_USER", "ci"),
    ("CI_REGISTRY_PASSWORD", "registry-s3cret"),
    ("CI_COMMIT_SHA", "{commit}"),
    ("CI_COMMIT_BEFORE_SHA", "0000000000000000000000000000000000000000"),
    ("CI_COMMIT_BRANCH", "main"),
    ("CI_DEFAULT_BRANCH", "main"),
    ("CI_PIPELINE_SOURCE", "push"),
    ("CI_JOB_TOKEN", TOKEN),
    ("CI_JOB_URL", "{server}/org/app/-/jobs/1"),
];

const GITEA: &[(&str, &str)] = &[
    ("CI", "true"),
    ("GITHUB_ACTIONS", "true"),
    ("GITEA_ACTIONS", "true"),
    ("GITHUB_SERVER_URL", "{server}"),
    ("GITHUB_REPOSITORY", "org/app"),
    ("GITHUB_REF", "refs/heads/main"),
    ("GITHUB_SHA", "{commit}"),
    ("GITHUB_ACTOR", "ci"),
    ("GITHUB_EVENT_NAME", "push"),
    ("GITHUB_RUN_ID", "1"),
    ("GITHUB_WORKSPACE", "{workspace}"),
    ("GITHUB_OUTPUT", "{home}/outputs"),
    ("RUNNER_TEMP", "{home}/tmp"),
];

/// What a system sets in the place of the release step; `{…}` stands for what differs from run to run.
const VARIABLES: &[(&str, &[(&str, &str)])] = &[
    ("gitlab-ci.yml", GITLAB),
    ("gitlab-merge-request.yml", GITLAB),
    (
        "bitbucket-pipelines.yml",
        &[
            ("CI", "true"),
            ("BITBUCKET_BUILD_NUMBER", "1"),
            ("BITBUCKET_BRANCH", "main"),
            ("BITBUCKET_CLONE_DIR", "{workspace}"),
            ("BITBUCKET_COMMIT", "{commit}"),
            ("BITBUCKET_GIT_HTTP_ORIGIN", "{server}/org/app"),
            ("BITBUCKET_REPO_FULL_NAME", "org/app"),
            ("DOCKER_USERNAME", "ci"),
            ("DOCKER_PASSWORD", "registry-s3cret"),
        ],
    ),
    (
        "azure-pipelines.yml",
        &[
            ("TF_BUILD", "True"),
            ("BUILD_BUILDID", "1"),
            ("BUILD_REASON", "IndividualCI"),
            ("BUILD_REPOSITORY_URI", "{server}/org/app"),
            ("BUILD_SOURCEBRANCH", "refs/heads/main"),
            ("BUILD_SOURCESDIRECTORY", "{workspace}"),
            ("BUILD_SOURCEVERSION", "{commit}"),
            ("SYSTEM_COLLECTIONURI", "{server}/"),
            ("SYSTEM_TEAMPROJECTID", "6ce954b1"),
            // Set by the task Docker@2, as its command `login` documents.
            ("DOCKER_CONFIG", "{home}/docker"),
        ],
    ),
    (
        "circleci.yml",
        &[
            ("CI", "true"),
            ("CIRCLECI", "true"),
            ("CIRCLE_BRANCH", "main"),
            ("CIRCLE_BUILD_URL", "https://circleci.com/gh/org/app/1"),
            ("CIRCLE_PROJECT_REPONAME", "app"),
            ("CIRCLE_PROJECT_USERNAME", "org"),
            ("CIRCLE_REPOSITORY_URL", "{server}/org/app"),
            ("CIRCLE_SHA1", "{commit}"),
            ("CIRCLE_WORKING_DIRECTORY", "{workspace}"),
            // The contexts `registry` and `release`.
            ("TAGSHIP_REGISTRY_HOST", "{registry}"),
            ("TAGSHIP_REGISTRY_USERNAME", "ci"),
            ("TAGSHIP_REGISTRY_PASSWORD", "registry-s3cret"),
            ("TAGSHIP_GIT_TOKEN", TOKEN),
        ],
    ),
    // With `agent none` above, what git told is set in the stage alone that has checked out.
    (
        "Jenkinsfile",
        &[
            ("CI", "true"),
            ("JENKINS_URL", "https://ci.example.com/"),
            ("BUILD_URL", "https://ci.example.com/job/app/1/"),
            ("BUILD_NUMBER", "1"),
            ("JOB_NAME", "app/main"),
            ("BRANCH_NAME", "main"),
            ("WORKSPACE", "{workspace}"),
        ],
    ),
    (
        "woodpecker.yml",
        &[
            ("CI", "woodpecker"),
            ("CI_REPO", "org/app"),
            ("CI_REPO_CLONE_URL", "{server}/org/app"),
            ("CI_WORKSPACE", "{workspace}"),
            ("CI_COMMIT_SHA", "{commit}"),
            ("CI_COMMIT_BRANCH", "main"),
            ("CI_PIPELINE_EVENT", "push"),
            ("CI_PIPELINE_URL", "https://ci.example.com/repos/1/pipeline/1"),
        ],
    ),
    (
        "drone.yml",
        &[
            ("CI", "true"),
            ("DRONE", "true"),
            ("DRONE_REPO", "org/app"),
            ("DRONE_GIT_HTTP_URL", "{server}/org/app"),
            ("DRONE_WORKSPACE", "{workspace}"),
            ("DRONE_COMMIT_SHA", "{commit}"),
            ("DRONE_COMMIT_BEFORE", "0000000000000000000000000000000000000000"),
            ("DRONE_BRANCH", "main"),
            ("DRONE_BUILD_EVENT", "push"),
            ("DRONE_BUILD_LINK", "https://drone.example.com/org/app/1"),
        ],
    ),
    ("tekton.yaml", &[]),
    ("gitea.yml", GITEA),
    ("gitea-pull-request.yml", GITEA),
];

/// A registry with the image that was built, a forge with the application and the configuration, and an agent.
struct Place {
    home: Home,
    registry: Registry,
    server: GitServer,
    app: Remote,
    config: Remote,
    /// The commit that was built.
    commit: String,
    variables: Vec<(String, String)>,
}

impl Place {
    /// Prepares the place in which the system of `example` runs the step; the forge wants this user.
    fn new(example: &str, user: &str) -> Self {
        let registry = Registry::start(Auth::Basic(Login::new("ci", "registry-s3cret")));
        let app = Remote::create("org/app");
        let kustomization = File::new("deploy/production/kustomization.yaml", ENTRY);
        let commit = app.commit("main", "Add the application", &[kustomization]);
        let config = app.sibling("org/config");
        config.commit("main", "Begin", &[File::new("apps/web/production/kustomization.yaml", ENTRY)]);
        registry.put_image("org/web", &commit, &Image::new());
        let server = GitServer::start(app.folder(), Access::Login(Login::new(user, TOKEN)));
        let home = Home::new();
        home.write("outputs", "");
        home.write("workspace/README.md", "");
        let programs = home.path().join("programs");
        fs::create_dir(&programs).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_tagship"), programs.join("tagship")).unwrap();
        let mut place = Self { home, registry, server, app, config, commit, variables: Vec::new() };
        let (_, variables) = VARIABLES.iter().find(|(file, _)| *file == example).unwrap();
        place.variables = variables.iter().map(|(name, value)| ((*name).to_owned(), place.filled(value))).collect();
        place
    }

    fn filled(&self, text: &str) -> String {
        let home = self.home.path().display().to_string();
        text.replace("{server}", self.server.url("").trim_end_matches('/'))
            .replace("{registry}", &self.registry.address())
            .replace("{commit}", &self.commit)
            .replace("{workspace}", &format!("{home}/workspace"))
            .replace("{home}", &home)
    }

    /// Returns an example whose servers are the ones here.
    fn example(&self, name: &str) -> String {
        let text = fs::read_to_string(action::root().join("examples").join(name)).unwrap();
        text.replace("https://git.example.com/", &self.server.url(""))
            .replace("git.example.com", &self.registry.address())
            .replace("https://github.com/org/config", &self.server.url("org/config"))
            .replace("registry.example.com", &self.registry.address())
            .replace("docker.io/org/web", &format!("{}/org/web", self.registry.address()))
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(other, _)| other != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Returns a program with the variables of the step.
    fn with_variables(&self, command: Command) -> Command {
        let command = command.home(&self.home).current_dir(self.home.path().join("workspace"));
        self.variables.iter().fold(command, |command, (name, value)| command.env(name, value))
    }

    /// Runs the lines of a step as its shell does.
    fn run_script(&self, script: &str) -> Output {
        let path = format!("{}:{}", self.home.path().join("programs").display(), std::env::var("PATH").unwrap());
        self.with_variables(Command::new("sh").args(["-e", "-c", script])).env("PATH", path).run()
    }

    /// Runs the program without arguments, as a system runs a plugin with these settings.
    fn run_plugin(&mut self, settings: &Yaml) -> Output {
        for (name, value) in settings.as_hash().unwrap() {
            let value = match value["from_secret"].as_str() {
                Some("config_token") => TOKEN.to_owned(),
                Some("registry_username") => "ci".to_owned(),
                Some("registry_password") => "registry-s3cret".to_owned(),
                Some(other) => panic!("the secret `{other}`"),
                None => self.substituted(value.as_str().unwrap()),
            };
            self.set(&format!("PLUGIN_{}", name.as_str().unwrap().to_uppercase()), &value);
        }
        self.with_variables(tagship()).run()
    }

    /// Returns a text in which `${NAME}` is the variable, and nothing if there is none.
    fn substituted(&self, text: &str) -> String {
        let mut parts = text.split("${");
        let mut filled = parts.next().unwrap().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').unwrap();
            filled += self.variable(name).unwrap_or_default();
            filled += rest;
        }
        filled
    }

    /// Asserts that the step released the build, and that its commit tells where it comes from.
    #[track_caller]
    fn released(&self, output: Output, remote: &Remote, path: &str) {
        output.success().says_nowhere(TOKEN).says_nowhere("registry-s3cret");
        let text = String::from_utf8(remote.file("main", path)).unwrap();
        let expected = format!(
            "images:\n- name: web\n  newName: {}/org/web\n  newTag: {}\n",
            self.registry.address(),
            self.commit
        );
        assert_eq!(text, expected);
        assert_eq!(remote.number_of_commits("main"), 2);
    }

    /// Asserts that the release commit names the run, and the commit that was built.
    #[track_caller]
    fn names_its_origin(&self, remote: &Remote) {
        let commit = &remote.log("main")[0];
        let source = commit.trailer("Tagship-Source");
        assert!(source.len() == 1 && source[0].ends_with(&format!("app@{}", self.commit)), "{commit:?}");
        assert_eq!(commit.trailer("Tagship-Run").len(), 1, "{commit:?}");
    }
}

const IN_APP: &str = "deploy/production/kustomization.yaml";
const IN_CONFIG: &str = "apps/web/production/kustomization.yaml";

fn yaml(text: &str) -> Yaml {
    YamlLoader::load_from_str(text).unwrap().remove(0)
}

fn script_of(step: &Yaml) -> String {
    match step.as_vec() {
        Some(lines) => lines.iter().map(|line| line.as_str().unwrap()).collect::<Vec<_>>().join("\n"),
        None => step.as_str().unwrap().to_owned(),
    }
}

#[test]
fn every_example_has_a_row() {
    let mut rows: Vec<String> = VARIABLES.iter().map(|(file, _)| format!("examples/{file}")).collect();
    rows.sort_unstable();
    let examples: Vec<String> =
        super::pipelines().into_keys().filter(|path| !path.starts_with("examples/github/")).collect();
    assert_eq!(examples, rows);
}

#[test]
fn gitlab() {
    let place = Place::new("gitlab-ci.yml", "gitlab-ci-token");
    let job = &yaml(&place.example("gitlab-ci.yml"))["release"];
    assert_eq!(job["variables"]["GIT_STRATEGY"].as_str(), Some("none"), "the workspace is empty");
    let output = place.run_script(&script_of(&job["script"]));
    place.released(output, &place.app, IN_APP);
    place.names_its_origin(&place.app);
    let report = fs::read_to_string(place.home.path().join("workspace/release.env")).unwrap();
    assert!(report.contains(&format!("TAGSHIP_RESULT_COMMIT={}\n", place.app.tip("main").unwrap())), "{report}");
}

/// The forge speaks its API here, beside git.
#[test]
fn gitlab_by_a_merge_request() {
    let mut place = Place::new("gitlab-merge-request.yml", "gitlab-ci-token");
    let forge = Forge::start(Kind::GitLab, &place.app);
    forge.store().waits = true;
    place.is_at(&forge);
    place.set("TAGSHIP_GIT_TOKEN", forge::TOKEN);
    let job = &yaml(&place.example("gitlab-merge-request.yml"))["propose"];
    let output = place.run_script(&script_of(&job["script"]));
    place.checked_in_a_merge_request(&forge);
    place.proposed(output, &forge);
    let report = fs::read_to_string(place.home.path().join("workspace/release.env")).unwrap();
    assert!(report.contains("TAGSHIP_RESULT_PULL_REQUEST=1\n"), "{report}");
}

#[test]
fn bitbucket() {
    let mut place = Place::new("bitbucket-pipelines.yml", "x-access-token");
    // Its checkout pushes through a proxy that knows the pipeline.
    let checkout = Checkout::shallow(&place.app.file_url());
    place.set("BITBUCKET_CLONE_DIR", checkout.path().to_str().unwrap());
    // As the example's comment says for a private image.
    for (name, value) in
        [("HOST", place.registry.address()), ("USERNAME", "ci".to_owned()), ("PASSWORD", "registry-s3cret".to_owned())]
    {
        place.set(&format!("TAGSHIP_REGISTRY_{name}"), &value);
    }
    let text = place.example("bitbucket-pipelines.yml");
    let steps = yaml(&text)["pipelines"]["branches"]["main"].clone();
    let step =
        steps.as_vec().unwrap().iter().map(|step| &step["step"]).find(|step| step["name"].as_str() == Some("Release"));
    let script = format!("cd {}\n{}", checkout.path().display(), script_of(&step.unwrap()["script"]));
    place.released(place.run_script(&script), &place.app, IN_APP);
    place.names_its_origin(&place.app);
}

#[test]
fn azure() {
    let mut place = Place::new("azure-pipelines.yml", "x-access-token");
    let checkout = Checkout::shallow(&place.app.file_url());
    place.set("BUILD_SOURCESDIRECTORY", checkout.path().to_str().unwrap());
    let login = Login::new("ci", "registry-s3cret").encoded();
    let auths = format!(r#"{{"auths": {{"{}": {{"auth": "{login}"}}}}}}"#, place.registry.address());
    place.home.write("docker/config.json", &auths);
    let steps = yaml(&place.example("azure-pipelines.yml"))["steps"].clone();
    let step =
        steps.as_vec().unwrap().iter().find(|step| step["displayName"].as_str() == Some("Release")).unwrap().clone();
    // A program in docker's place gives the step what a container would have: the variables that are passed on, and those of
    // the image.
    write_script(&place.home.path().join("programs/docker"), DOCKER);
    place.released(place.run_script(&script_of(&step["script"])), &place.app, IN_APP);
    place.names_its_origin(&place.app);
}

const DOCKER: &str = r#"#!/bin/sh
set -eu
[ "$1" = run ]
shift
variables= volumes=
outside() { for volume in $volumes; do [ "${volume#*:}" != "$1" ] || { echo "${volume%%:*}"; return; }; done; echo "$1"; }
while :; do
  case "$1" in
    --rm) shift; continue ;;
    --volume) volumes="$volumes ${2%:ro}" ;;
    --workdir) folder="$(outside "$2")" ;;
    --env) case "$2" in
        *=*) variables="$variables ${2%%=*}=$(outside "${2#*=}")" ;;
        *) eval "variables=\"\$variables $2=\${$2:-}\"" ;;
      esac ;;
    *) break ;;
  esac
  shift 2
done
case "$1" in ghcr.io/OWNER/tagship:*) shift ;; *) exit 1 ;; esac
cd "$folder"
exec env -i PATH="$PATH" HOME=/nonexistent CI=true $variables tagship "$@"
"#;

#[test]
fn circleci() {
    let place = Place::new("circleci.yml", "x-access-token");
    let steps = yaml(&place.example("circleci.yml"))["jobs"]["release"]["steps"].clone();
    let script: Vec<_> = steps.as_vec().unwrap().iter().map(|step| step["run"].as_str().unwrap()).collect();
    place.released(place.run_script(&script.join("\n")), &place.config, IN_CONFIG);
    place.names_its_origin(&place.config);
}

/// What a stage of a declarative pipeline does to the environment, as far as the example goes: `env.NAME = env.OTHER` in a
/// script is there from then on, and `environment` has secrets and texts in double quotes.
#[test]
fn jenkins() {
    let mut place = Place::new("Jenkinsfile", "x-access-token");
    let text = place.example("Jenkinsfile");
    let (_, build) = text.split_once("stage('Build')").unwrap();
    let (build, release) = build.split_once("stage('Release')").unwrap();
    assert!(text.contains("agent none") && release.contains("skipDefaultCheckout()"), "only the build checks out");
    let url = place.server.url("org/app");
    for line in build.lines().map(str::trim) {
        if let Some((name, value)) = line.strip_prefix("env.").and_then(|line| line.split_once(" = env.")) {
            let value = match value {
                "GIT_COMMIT" => place.commit.clone(),
                "GIT_URL" => url.clone(),
                other => panic!("`{other}` is not set by a checkout"),
            };
            place.set(name, &value);
        }
    }
    let (_, environment) = release.split_once("environment {").unwrap();
    let (environment, rest) = environment.split_once("\n            }").unwrap();
    for line in environment.lines().map(str::trim) {
        let Some((name, value)) = line.split_once(" = ") else { continue };
        match value {
            "credentials('config-token')" => place.set(name, TOKEN),
            "credentials('registry')" => {
                place.set(name, "ci:registry-s3cret");
                place.set(&format!("{name}_USR"), "ci");
                place.set(&format!("{name}_PSW"), "registry-s3cret");
            }
            text => {
                let other = text.strip_prefix("\"${env.").and_then(|text| text.strip_suffix("}\"")).unwrap();
                // Groovy writes what is not there as a word.
                let value = place.variable(other).unwrap_or("null").to_owned();
                place.set(name, &value);
            }
        }
    }
    let script = rest.split("'''").nth(1).unwrap();
    place.released(place.run_script(script), &place.config, IN_CONFIG);
    place.names_its_origin(&place.config);
}

#[test]
fn woodpecker_and_drone() {
    for example in ["woodpecker.yml", "drone.yml"] {
        let mut place = Place::new(example, "x-access-token");
        let settings = super::plugins(&place.example(example)).remove(0);
        let output = place.run_plugin(&settings);
        place.released(output, &place.config, IN_CONFIG);
        place.names_its_origin(&place.config);
    }
}

#[test]
fn tekton() {
    let mut place = Place::new("tekton.yaml", "x-access-token");
    let task = yaml(&place.example("tekton.yaml"));
    let step = &task["spec"]["steps"][0];
    let results = place.home.path().join("results");
    fs::create_dir(&results).unwrap();
    let login = Login::new("ci", "registry-s3cret").encoded();
    let auths = format!(r#"{{"auths": {{"{}": {{"auth": "{login}"}}}}}}"#, place.registry.address());
    place.home.write("registry/config.json", &auths);
    let image = format!("web={}/org/web:{}", place.registry.address(), place.commit);
    let (home, repository) = (place.home.path().display().to_string(), place.server.url("org/config"));
    for variable in step["env"].as_vec().unwrap() {
        let value = match variable["value"].as_str() {
            Some("$(params.repository)") => repository.clone(),
            Some("$(params.branch)") => task["spec"]["params"][1]["default"].as_str().unwrap().to_owned(),
            Some("$(params.kustomization)") => "apps/web/production".to_owned(),
            Some("$(params.image)") => image.clone(),
            Some(folder) => format!("{home}{folder}"),
            None => TOKEN.to_owned(),
        };
        place.set(variable["name"].as_str().unwrap(), &value);
    }
    // The minimal image sets it.
    place.set("CI", "true");
    let words = step["args"]
        .as_vec()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap().replace("/tekton/results", &format!("{home}/results")));
    let output = place.with_variables(tagship().args(words)).run();
    place.released(output, &place.config, IN_CONFIG);
    for result in task["spec"]["results"].as_vec().unwrap() {
        let value = fs::read_to_string(results.join(result["name"].as_str().unwrap())).unwrap();
        assert!(!value.is_empty(), "{result:?}");
    }
}

/// The forge of Gitea has no releases of ours: the program comes from where the action does.
#[test]
fn gitea() {
    let mut place = Place::new("gitea.yml", "x-access-token");
    let output = place.run_on_gitea("gitea.yml");
    place.released(output, &place.app, IN_APP);
    place.names_its_origin(&place.app);
}

#[test]
fn gitea_by_a_pull_request() {
    let mut place = Place::new("gitea-pull-request.yml", "x-access-token");
    let forge = Forge::start(Kind::Gitea, &place.app);
    forge.store().waits = true;
    place.is_at(&forge);
    let output = place.run_on_gitea("gitea-pull-request.yml");
    place.proposed(output, &forge);
}

impl Place {
    /// Runs the step of an example as Gitea's runner does.
    fn run_on_gitea(&mut self, example: &str) -> Output {
        let github = github_with_a_release(&self.home);
        let text = self.example(example).replace("https://github.com/", &format!("http://{}/", github.address()));
        let document = yaml(&text);
        let step = super::steps_with_the_action(&text).remove(0);
        let action = yaml(&fs::read_to_string(action::root().join("action.yml")).unwrap());
        let given: Vec<_> = step["with"].as_hash().unwrap().keys().map(|name| name.as_str().unwrap()).collect();
        for (name, value) in action["runs"]["steps"][0]["env"].as_hash().unwrap() {
            if name.as_str() == Some("TAGSHIP_ACTION_INPUTS") {
                let of_commands = |name: &&&str| value.as_str().unwrap().contains(&format!("'{name}'"));
                let given: Vec<_> = given.iter().filter(of_commands).copied().collect();
                self.set("TAGSHIP_ACTION_INPUTS", &given.join(" "));
                continue;
            }
            let input = value.as_str().unwrap().split("inputs.").nth(1);
            let input = input.and_then(|rest| rest.split([' ', '}']).next());
            let given = input.map(|input| &step["with"][input]);
            let flag = given.and_then(Yaml::as_bool).map(|flag| flag.to_string());
            let given = flag.unwrap_or_else(|| given.and_then(Yaml::as_str).unwrap_or_default().to_owned());
            let given = given
                .replace("${{ env.IMAGE }}", document["env"]["IMAGE"].as_str().unwrap())
                .replace("${{ github.repository }}", "org/app")
                .replace("${{ github.sha }}", &self.commit)
                .replace("${{ github.actor }}", "ci")
                .replace("${{ secrets.RELEASE_TOKEN }}", forge::TOKEN)
                .replace("${{ secrets.REGISTRY_TOKEN }}", "registry-s3cret");
            assert!(!given.contains("${{"), "{given}");
            self.set(name.as_str().unwrap(), &given);
        }
        // What the runner knows: whose action it is, and the token of the job.
        self.set("GITHUB_TOKEN", TOKEN);
        self.set("TAGSHIP_ACTION_REPOSITORY", "OWNER/tagship");
        self.run_script(&format!("bash {}/action-repository/action/run.sh", self.home.path().display()))
    }

    /// Lets the variables name this forge as the system's own.
    fn is_at(&mut self, forge: &Forge) {
        let server = self.server.url("").trim_end_matches('/').to_owned();
        for (_, value) in &mut self.variables {
            *value = value.replace(&server, &forge.origin());
        }
    }

    /// Asserts that GitLab has a pipeline of the merge request to wait for, and that it succeeds.
    #[track_caller]
    fn checked_in_a_merge_request(&mut self, forge: &Forge) {
        let job = &yaml(&self.example("gitlab-merge-request.yml"))["check"];
        assert_eq!(job["rules"][0]["if"].as_str(), Some("$CI_PIPELINE_SOURCE == 'merge_request_event'"));
        let of_the_push = self.variables.clone();
        self.variables.retain(|(name, _)| !["CI_COMMIT_BRANCH", "CI_COMMIT_BEFORE_SHA"].contains(&name.as_str()));
        self.set("CI_PIPELINE_SOURCE", "merge_request_event");
        self.set("CI_MERGE_REQUEST_IID", "1");
        self.set("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", &forge.store().only().head);
        // The branch may be one of a fork, of whose project the pipeline need not be.
        let project = self.variables.iter().find(|(name, _)| name == "CI_PROJECT_URL").unwrap().1.clone();
        self.set("CI_MERGE_REQUEST_SOURCE_PROJECT_URL", &project);
        self.run_script(&script_of(&job["script"])).success().stdout_has("present");
        self.variables = of_the_push;
    }

    /// Asserts that the step proposed the build by a request that is merged with our message once it may be.
    #[track_caller]
    fn proposed(&self, output: Output, forge: &Forge) {
        output.success().says_nowhere(forge::TOKEN).says_nowhere("registry-s3cret");
        assert_eq!(self.app.number_of_commits("main"), 1, "a person or a check decides");
        forge.store().pass_checks();
        assert_eq!(forge.store().only().state, RequestState::Merged);
        let text = String::from_utf8(self.app.file("main", IN_APP)).unwrap();
        assert!(text.contains(&format!("newTag: {}\n", self.commit)), "{text}");
        self.names_its_origin(&self.app);
    }
}

/// Returns a server that has a release of the action in `home`, as GitHub has it.
fn github_with_a_release(home: &Home) -> Server {
    action::copy_to(&home.path().join("action-repository"));
    let program = format!("#!/bin/sh\nexec {} \"$@\"\n", env!("CARGO_BIN_EXE_tagship"));
    write_script(&home.path().join("tagship"), &program);
    let pack = Command::new("tar").current_dir(home.path()).args(["-czf", "-", "tagship"]).run().success();
    let archive = pack.stdout;
    let sum = digest_of(&archive).replace("sha256:", "");
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let table = format!("{sum}  tagship-1.2.3-{target}.tar.gz\n");
    home.write("action-repository/action/checksums/1.2.3.sha256", &table);
    let path = format!("/OWNER/tagship/releases/download/v1.2.3/tagship-1.2.3-{target}.tar.gz");
    Server::start(move |head, _| {
        let found = head.path == path;
        Ok(Reply::Send(if found { Response::new(200).body(&archive) } else { Response::text(404, "not here") }))
    })
}
