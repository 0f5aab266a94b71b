//! The pipelines of `examples/`: that each command in them means something, that what they use exists, and, of those for
//! GitHub, that they do what they say: act runs them, against a registry and a repository on loopback.

mod pull_requests;
mod release_steps;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use tagship::cli::{Arguments, Environment};
use tagship::request::Request;
use yaml_rust2::{Yaml, YamlLoader};

use crate::action;
use crate::stage::tagship;
use crate::support::act::{Act, Run};
use crate::support::command::Home;
use crate::support::git_server::{Access, GitServer};
use crate::support::login::Login;
use crate::support::registry::{Auth, Image, Registry};
use crate::support::repository::{Checkout, File, Remote};

/// The tag that the action's users follow: that of the major version.
const ACTION: &str = concat!("OWNER/tagship@v", env!("CARGO_PKG_VERSION_MAJOR"));

/// Returns the files of these folders, by their path.
fn files(folders: &[&str]) -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let paths = folders.iter().flat_map(|folder| fs::read_dir(root.join(folder)).unwrap());
    let files = paths.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files
        .map(|path| (path.strip_prefix(root).unwrap().display().to_string(), fs::read_to_string(path).unwrap()))
        .collect()
}

/// Returns the pipelines, but not the quickstart and its package.
fn pipelines() -> BTreeMap<String, String> {
    let mut files = files(&["examples", "examples/github"]);
    files.retain(|path, _| ![".rs", ".toml", ".md"].iter().any(|end| path.ends_with(end)));
    files
}

/// Returns all texts of a document: keys are none of them.
fn texts(document: &Yaml) -> Vec<String> {
    match document {
        Yaml::String(text) => vec![text.clone()],
        Yaml::Array(items) => items.iter().flat_map(texts).collect(),
        Yaml::Hash(entries) => entries.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// Returns the command lines of a pipeline that run the program, by itself or in its image.
fn commands(path: &str, text: &str) -> Vec<String> {
    let texts = if path.ends_with("Jenkinsfile") {
        vec![text.to_owned()]
    } else {
        YamlLoader::load_from_str(text)
            .unwrap_or_else(|error| panic!("{path}: {error}"))
            .iter()
            .flat_map(texts)
            .collect()
    };
    let lines = texts.iter().flat_map(|text| text.lines()).map(str::trim);
    let own = lines.clone().filter(|line| line.starts_with("tagship ")).map(str::to_owned);
    let in_image = lines
        .filter(|line| line.starts_with("docker run "))
        .filter_map(|line| Some(format!("tagship {}", line.split_once("/tagship:")?.1.split_once(' ')?.1)));
    own.chain(in_image).collect()
}

/// Returns the words of a line as a shell would, with a CI system's variables filled in.
fn words(line: &str) -> Vec<OsString> {
    let mut filled = line.replace('"', "");
    for (variable, value) in [
        ("$CI_PROJECT_URL", "https://gitlab.example/org/app"),
        ("$CI_MERGE_REQUEST_SOURCE_PROJECT_URL", "https://gitlab.example/fork/app"),
        ("$CI_REGISTRY_IMAGE", "registry.example/org/app"),
        ("$CI_DEFAULT_BRANCH", "main"),
        ("$CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "tagship/main/web"),
    ] {
        filled = filled.replace(variable, value);
    }
    for commit in
        ["CI_COMMIT_SHA", "BITBUCKET_COMMIT", "BUILD_SOURCEVERSION", "CIRCLE_SHA1", "GIT_COMMIT", "DRONE_COMMIT_SHA"]
    {
        filled = filled.replace(&format!("${commit}"), "fdafd70");
    }
    assert!(!filled.contains('$'), "{line}");
    filled.split_whitespace().map(OsString::from).collect()
}

#[test]
fn every_command_means_something() {
    let environment = Environment::capture();
    let mut systems = 0;
    for (path, text) in pipelines() {
        let commands = commands(&path, &text);
        for line in &commands {
            let arguments =
                Arguments::parse_from(&words(line), &environment, "").unwrap_or_else(|error| panic!("{path}: {error}"));
            Request::new(&arguments.command, &environment).unwrap_or_else(|failure| panic!("{path}: {failure:?}"));
        }
        systems += usize::from(!commands.is_empty());
    }
    assert_eq!(systems, 6, "GitLab (twice), Bitbucket, Azure, CircleCI and Jenkins run the program");
}

/// Returns the settings of the steps that are our plugin.
fn plugins(text: &str) -> Vec<Yaml> {
    let document = YamlLoader::load_from_str(text).unwrap().remove(0);
    let steps = document["steps"].as_vec().into_iter().flatten();
    let ours = steps.filter(|step| step["image"].as_str().is_some_and(|image| image.contains("/tagship:")));
    ours.map(|step| step["settings"].clone()).collect()
}

/// If no registry answers, a command line that means something goes as far as asking it.
#[test]
fn every_plugin_means_something() {
    for path in ["examples/woodpecker.yml", "examples/drone.yml"] {
        let text =
            pipelines()[path].replace("registry.example.com", "127.0.0.1:1").replace("git.example.com", "127.0.0.1:1");
        let [settings] = &plugins(&text)[..] else { panic!("{path}: one step is ours") };
        let mut plugin = tagship().env("CI", "woodpecker").env("TAGSHIP_TIMEOUT", "1s");
        for (name, value) in settings.as_hash().unwrap() {
            // What is no text is a secret.
            let name = format!("PLUGIN_{}", name.as_str().unwrap().to_uppercase());
            let value = value.as_str().unwrap_or("s3cret");
            let commits = ["${CI_COMMIT_SHA}", "${DRONE_COMMIT_SHA}"];
            plugin =
                plugin.env(name, commits.iter().fold(value.to_owned(), |value, name| value.replace(name, "fdafd70")));
        }
        plugin.run().exit(6).stderr_has("127.0.0.1:1/org/web:").says_nowhere("s3cret");
    }
}

/// Returns the steps of a workflow that use the action.
fn steps_with_the_action(text: &str) -> Vec<Yaml> {
    let mut steps = Vec::new();
    for document in YamlLoader::load_from_str(text).unwrap() {
        let Some(jobs) = document["jobs"].as_hash() else { continue };
        let all = jobs.values().flat_map(|job| job["steps"].as_vec().cloned().unwrap_or_default());
        steps.extend(all.filter(|step| step["uses"].as_str().is_some_and(|uses| uses.contains("/tagship@"))));
    }
    steps
}

#[test]
fn what_they_use_is_there() {
    let action =
        YamlLoader::load_from_str(&fs::read_to_string(action::root().join("action.yml")).unwrap()).unwrap().remove(0);
    for (path, text) in pipelines() {
        // A Jenkinsfile is no YAML.
        let steps = if path.ends_with("Jenkinsfile") { Vec::new() } else { steps_with_the_action(&text) };
        for step in &steps {
            let uses = step["uses"].as_str().unwrap();
            assert!(uses == ACTION || uses == format!("https://github.com/{ACTION}"), "{path}: {uses}");
            for input in step["with"].as_hash().unwrap().keys().map(|key| key.as_str().unwrap()) {
                assert!(!action["inputs"][input].is_badvalue(), "{path}: there is no input `{input}`");
            }
        }
        let ids: Vec<&str> = steps.iter().filter_map(|step| step["id"].as_str()).collect();
        for (id, rest) in text.split("steps.").skip(1).filter_map(|rest| rest.split_once(".outputs.")) {
            let output = rest.split(|c: char| !c.is_alphanumeric() && c != '-').next().unwrap();
            assert!(!ids.contains(&id) || !action["outputs"][output].is_badvalue(), "{path}: no output `{output}`");
        }
        for image in text.split("ghcr.io/OWNER/tagship:").skip(1) {
            assert!(image.starts_with(env!("CARGO_PKG_VERSION_MAJOR")), "{path}: the image of another version");
        }
    }
}

/// A commit, with the version that it is; a tag can be moved to something else.
#[test]
fn other_peoples_actions_are_pinned() {
    let mut pins: BTreeMap<String, String> = BTreeMap::new();
    let gitea = pipelines().into_iter().filter(|(path, _)| path.starts_with("examples/gitea"));
    for (path, text) in files(&[".github/workflows", "examples/github"]).into_iter().chain(gitea) {
        for line in text.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("uses: ")) {
            let line = line.trim_start_matches("https://github.com/");
            if line.starts_with(ACTION) || line == "./" {
                continue;
            }
            let (name, pin) = line.split_once('@').unwrap_or_else(|| panic!("{path}: {line}"));
            let (commit, version) = pin.split_once(" # v").unwrap_or_else(|| panic!("{path}: {line}"));
            assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{path}: {line}");
            assert!(version.split('.').count() == 3, "{path}: {line}");
            let pinned = pins.entry(name.to_owned()).or_insert_with(|| pin.to_owned());
            assert_eq!(pinned, pin, "{path}: two versions of {name}");
        }
    }
}

#[test]
fn the_index_has_them_all() {
    let index = fs::read_to_string(action::root().join("examples/README.md")).unwrap();
    for path in pipelines().keys() {
        let link = path.strip_prefix("examples/").unwrap();
        assert!(index.contains(&format!("]({link})")), "{path} is not in examples/README.md");
    }
}

const TOKEN: &str = "the-jobs-token";

/// A registry, a forge with a repository of kustomizations that the job's token may read and write, and a checkout of it whose
/// commit was built.
struct Pipeline {
    registry: Registry,
    server: GitServer,
    remote: Remote,
    checkout: Checkout,
    /// The commit, which is the tag of the images.
    built: String,
    /// The commit before, which was released.
    older: String,
    digest: String,
    folder: Home,
}

impl Pipeline {
    /// Prepares a repository with one kustomization a folder, each with the entries of these names, which an older build was
    /// released to.
    fn new(kustomizations: &[(&str, &[&str])], images: &[&str], image: &Image) -> Self {
        let remote = Remote::create("org/app");
        let older = remote.commit("main", "Begin", &[File::new("README.md", "Applications\n")]);
        let files = kustomizations.iter().map(|(folder, names)| {
            let entries: String = names.iter().map(|name| format!("- name: {name}\n  newTag: {older}\n")).collect();
            File::new(&format!("{folder}/kustomization.yaml"), format!("images:\n{entries}"))
        });
        remote.commit("main", "Add the applications", &files.collect::<Vec<_>>());
        let checkout = Checkout::shallow(&remote.file_url());
        let (registry, built) = (Registry::start(Auth::None), checkout.head());
        let mut digest = String::new();
        for name in images {
            digest = registry.put_image(name, &built, image);
        }
        let server = GitServer::start(remote.folder(), Access::Login(Login::new("x-access-token", TOKEN)));
        Self { registry, server, remote, checkout, built, older, digest, folder: Home::new() }
    }

    /// Runs an example for a push, with what is the reader's own replaced by what is here.
    fn run(&self, example: &str, replaced: &[(&str, &str)]) -> Option<Run> {
        self.prepare("push", example, replaced).map(Act::run)
    }

    /// Prepares to run an example. What others' actions do has been done.
    fn prepare(&self, event: &str, example: &str, replaced: &[(&str, &str)]) -> Option<Act> {
        let path = format!("examples/github/{example}");
        let mut text = fs::read_to_string(action::root().join(path)).unwrap();
        let image = format!("IMAGE: {}/", self.registry.address());
        for (from, to) in replaced.iter().chain(&[("IMAGE: ghcr.io/", image.as_str())]) {
            text = text.replace(from, to);
        }
        let workflows = self.checkout.path().join(".github/workflows");
        fs::create_dir_all(&workflows).unwrap();
        fs::write(workflows.join(example), &text).unwrap();
        let mut act = Act::new(self.checkout.path(), event, &format!(".github/workflows/{example}"))?
            .action(ACTION, &action::copy_to(&self.folder.path().join("tagship")))
            .env("TAGSHIP_BIN", env!("CARGO_BIN_EXE_tagship"))
            .of(self.server.url("").trim_end_matches('/'), "org/app", TOKEN);
        for (uses, outputs) in [
            ("docker/login-action@", String::new()),
            ("docker/build-push-action@", format!("digest={}", self.digest)),
            ("actions/create-github-app-token@", "token=the-apps-token".to_owned()),
        ] {
            if let Some(commit) = text.split(uses).nth(1).map(|rest| &rest[..40]) {
                act = act.action(&format!("{uses}{commit}"), &self.stand_in(uses, &outputs));
            }
        }
        Some(act)
    }

    /// Makes an action that has these outputs, in place of one that would leave this machine.
    fn stand_in(&self, name: &str, outputs: &str) -> PathBuf {
        let folder = name.trim_end_matches('@').replace('/', "-");
        let output = outputs.split_once('=').map_or("none", |(output, _)| output);
        let action = format!(
            "name: {folder}\ndescription: none\noutputs:\n  {output}:\n    description: none\n    \
             value: ${{{{ steps.do.outputs.{output} }}}}\nruns:\n  using: composite\n  steps:\n    - id: do\n      shell: bash\n      \
             run: echo '{outputs}' | grep = >>\"$GITHUB_OUTPUT\" || true\n"
        );
        self.folder.write(&format!("{folder}/action.yml"), &action).parent().unwrap().to_owned()
    }

    /// Returns the kustomization of a folder on the release branch.
    fn kustomization(&self, folder: &str) -> String {
        String::from_utf8(self.remote.file("main", &format!("{folder}/kustomization.yaml"))).unwrap()
    }

    fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.registry.address())
    }
}

/// As it is, and with the values of the exercise in the documentation.
#[test]
fn quickstart() {
    for (folder, name) in [("deploy/production", "web"), ("manifests", "IMAGE_PLACEHOLDER")] {
        let pipeline = Pipeline::new(&[(folder, &[name])], &["org/web"], &Image::new());
        let image = format!("IMAGE: {}/", pipeline.registry.address());
        let (folder_line, name_line) = (format!("OVERLAY: {folder}"), format!("NAME: {name}"));
        let replaced = [
            ("IMAGE: docker.io/", image.as_str()),
            ("OVERLAY: deploy/production", &folder_line),
            ("NAME: web", &name_line),
        ];
        let Some(run) = pipeline.run("quickstart.yml", &replaced) else { return };
        run.success();
        let (image, Pipeline { built, digest, .. }) = (pipeline.image("org/web"), &pipeline);
        let released = format!("images:\n- name: {name}\n  newName: {image}\n  newTag: {built}\n  digest: {digest}\n");
        assert_eq!(pipeline.kustomization(folder), released);
    }
}

#[test]
fn after() {
    let pipeline = Pipeline::new(&[("deploy/production", &["web"])], &["org/web"], &Image::new());
    let image = format!("web={}", pipeline.image("org"));
    let Some(run) = pipeline.run("after.yml", &[("web=docker.io/org", &image)]) else { return };
    run.success();
    assert!(pipeline.kustomization("deploy/production").ends_with(&format!("newTag: {}\n", pipeline.built)));
}

#[test]
fn separate_repository() {
    let pipeline = Pipeline::new(&[], &["org/web"], &Image::new());
    let config = Remote::create("org/config");
    let entry = "images:\n- name: web\n  newTag: v1\n";
    config.commit("main", "Add the application", &[File::new("apps/web/production/kustomization.yaml", entry)]);
    let login = Login::new("x-access-token", "the-apps-token");
    let server = GitServer::start(config.folder(), Access::Login(login));
    let repository = format!("repository: {}", server.url("org/config"));
    let Some(run) = pipeline.run("separate-repository.yml", &[("repository: org/config", &repository)]) else { return };
    assert!(!run.success().log().contains("the-apps-token"));
    let (image, Pipeline { built, digest, .. }) = (pipeline.image("org/web"), &pipeline);
    let released = format!("images:\n- name: web\n  newName: {image}\n  newTag: {built}\n  digest: {digest}\n");
    assert_eq!(config.file("main", "apps/web/production/kustomization.yaml"), released.as_bytes());
}

#[test]
fn helm_release() {
    let pipeline = Pipeline::new(&[], &["org/web"], &Image::new());
    let config = Remote::create("org/config");
    let (path, image) = ("apps/web/production/release.yaml", pipeline.image("org/web"));
    let release = |tag: &str| {
        format!(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: web}}\nspec:\n  values:\n    web:\n      \
             image: # of the chart\n        repository: {image}\n        tag: {tag}\n"
        )
    };
    config.commit("main", "Add the application", &[File::new(path, release("v1"))]);
    let server = GitServer::start(config.folder(), Access::Login(Login::new("x-access-token", "the-apps-token")));
    let repository = format!("repository: {}", server.url("org/config"));
    let Some(run) = pipeline.run("helm-release.yml", &[("repository: org/config", &repository)]) else { return };
    run.success();
    assert_eq!(config.file("main", path), release(&pipeline.built).as_bytes());
}

#[test]
fn argocd_application() {
    let pipeline = Pipeline::new(&[], &["org/web"], &Image::new());
    let image = pipeline.image("org/web");
    let application = |tag: &str| {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: web}}\nspec:\n  source:\n    helm:\n      \
             values: |\n        image:\n          repository: {image}\n          tag: {tag}\n"
        )
    };
    pipeline.remote.commit("main", "Add the application", &[File::new("argocd/web.yaml", application("v1"))]);
    let Some(run) = pipeline.run("argocd-application.yml", &[]) else { return };
    run.success();
    assert_eq!(pipeline.remote.file("main", "argocd/web.yaml"), application(&pipeline.built).as_bytes());
}

#[test]
fn monorepo() {
    let folders: [(&str, &[&str]); 2] = [("deploy/web", &["web"]), ("deploy/backend", &["api", "worker"])];
    let pipeline = Pipeline::new(&folders, &["org/web", "org/api", "org/worker"], &Image::new());
    let registry = format!("REGISTRY: {}/org", pipeline.registry.address());
    let Some(run) = pipeline.run("monorepo.yml", &[("REGISTRY: ghcr.io/org", &registry)]) else { return };
    run.success();
    assert_eq!(pipeline.remote.number_of_commits("main"), 3, "one commit has them all");
    let tags =
        ["deploy/web", "deploy/backend"].map(|folder| pipeline.kustomization(folder).matches(&pipeline.built).count());
    assert_eq!(tags, [1, 2]);
}

#[test]
fn multi_platform() {
    let platforms = ["linux/amd64", "linux/arm64"];
    let revision = |commit: &str| Image::new().platforms(&platforms).revision(commit);
    let pipeline = Pipeline::new(&[("deploy/production", &["web"])], &[], &Image::new());
    let digest = pipeline.registry.put_image("org/web", &pipeline.built, &revision(&pipeline.built));
    // The build is not ready yet.
    pipeline.registry.appear_after(2, "org/web", &pipeline.built);
    let Some(run) = pipeline.run("multi-platform.yml", &[]) else { return };
    let run = run.success();
    assert!(pipeline.kustomization("deploy/production").ends_with(&format!("digest: {digest}\n")));
    assert!(run.log().contains(&format!("has {digest}")), "{}", run.log());
    // One that was built from another commit is never right.
    let other = Pipeline::new(&[("deploy/production", &["web"])], &[], &Image::new());
    other.registry.put_image("org/web", &other.built, &revision(&"0".repeat(40)));
    other.run("multi-platform.yml", &[("wait: 20m", "wait: 1s")]).unwrap().failure();
    assert_eq!(other.remote.number_of_commits("main"), 2);
}

#[test]
fn promotion() {
    let folders: [(&str, &[&str]); 2] = [("overlays/staging", &["web"]), ("overlays/production", &["web"])];
    let pipeline = Pipeline::new(&folders, &[], &Image::new());
    // act pushes a branch, and its name is the tag.
    let digest = pipeline.registry.put_image("org/web", "main", &Image::new());
    let Some(run) = pipeline.run("promotion.yml", &[("tags: ['v*']", "branches: [main]")]) else { return };
    run.success();
    assert_eq!(pipeline.remote.number_of_commits("main"), 4);
    for folder in ["overlays/staging", "overlays/production"] {
        assert!(pipeline.kustomization(folder).ends_with(&format!("digest: {digest}\n")), "{folder}");
    }
}

/// A superseded release has no digest, and the reviewers of production have nothing to approve.
#[test]
fn promotion_of_nothing() {
    let folders: [(&str, &[&str]); 2] = [("overlays/staging", &["web"]), ("overlays/production", &["web"])];
    let pipeline = Pipeline::new(&folders, &[], &Image::new());
    pipeline.registry.put_image("org/web", "v1.8.1", &Image::new());
    let newer = format!("images:\n- name: web\n  newName: {}\n  newTag: v1.9.0\n", pipeline.image("org/web"));
    pipeline.remote.commit("main", "Release", &[File::new("overlays/staging/kustomization.yaml", newer)]);
    let replaced = [("tags: ['v*']", "branches: [main]"), ("github.ref_name", "'v1.8.1'")];
    let Some(run) = pipeline.run("promotion.yml", &replaced) else { return };
    let run = run.success();
    assert_eq!(run.output("release", "outcome"), Some("superseded"));
    assert_eq!(pipeline.remote.number_of_commits("main"), 3);
}

#[test]
fn by_hand() {
    let pipeline = Pipeline::new(&[], &["org/web"], &Image::new());
    pipeline.registry.put_image("org/web", &pipeline.older, &Image::new());
    let kustomization = |tag: &str| {
        let image = pipeline.image("org/web");
        format!("images:\n- name: web\n  newName: {image}\n  newTag: {tag}\n- name: api\n  newTag: v1\n")
    };
    let (older, newer) = (kustomization(&pipeline.older), kustomization(&pipeline.built));
    let production = File::new("overlays/production/kustomization.yaml", &older);
    let staging = File::new("overlays/staging/kustomization.yaml", newer.replace("v1", "v2"));
    pipeline.remote.commit("main", "Stage", &[production, staging]);
    let by_hand = |command: &str| {
        let act = pipeline.prepare("workflow_dispatch", "by-hand.yml", &[])?;
        Some(act.input("command", command).input("name", "web").run())
    };
    let Some(run) = by_hand("promote") else { return };
    run.success();
    assert_eq!(pipeline.kustomization("overlays/production"), newer);
    by_hand("rollback").unwrap().success();
    assert_eq!(pipeline.kustomization("overlays/production"), older);
}
