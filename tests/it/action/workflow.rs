//! The action in workflows, run by act: from a checkout to the release branch, against a registry on loopback.

use std::fs;

use super::copy_to;
use crate::stage::{FILE, SEED, Stage};
use crate::support::act::{Act, Run};
use crate::support::git_server::{Access, GitServer};
use crate::support::login::Login;
use crate::support::registry::Image;
use crate::support::repository::{Checkout, File, Remote};

const TOKEN: &str = "the-tokens-secret";

/// A forge with a repository, a job's token that may push to it, and a checkout with the action in it, whose commit was built.
struct Workspace {
    stage: Stage,
    server: GitServer,
    checkout: Checkout,
}

impl Workspace {
    fn new() -> Self {
        let mut stage = Stage::new();
        stage.remote = Remote::create("org/app");
        stage.remote.commit("main", "Add the application", &[File::new(FILE, SEED)]);
        let server = GitServer::start(stage.remote.folder(), Access::LoginToPush(Login::new("x-access-token", TOKEN)));
        let checkout = Checkout::shallow(&server.url("org/app"));
        stage.registry.put_image("jakousa/dwk-4-gitops-app", &checkout.head(), &Image::new());
        copy_to(checkout.path());
        Self { stage, server, checkout }
    }

    /// Prepares to run a workflow whose job has these steps after its checkout.
    fn workflow(&self, steps: &str) -> Option<Act> {
        let folder = self.checkout.path().join(".github/workflows");
        fs::create_dir_all(&folder).unwrap();
        let indented: String = steps.lines().map(|line| format!("      {line}\n")).collect();
        let workflow = format!(
            "on: push\njobs:\n  release:\n    runs-on: ubuntu-latest\n    env:\n      IMAGE: {}\n    steps:\n      \
             - uses: actions/checkout@v7\n{indented}",
            self.stage.image()
        );
        fs::write(folder.join("release.yml"), workflow).unwrap();
        let act = Act::new(self.checkout.path(), "push", ".github/workflows/release.yml")?;
        let server = self.server.url("");
        Some(act.env("TAGSHIP_BIN", env!("CARGO_BIN_EXE_tagship")).of(server.trim_end_matches('/'), "org/app", TOKEN))
    }

    fn run(&self, steps: &str) -> Option<Run> {
        self.workflow(steps).map(Act::run)
    }
}

const RELEASE: &str = "\
- id: release
  uses: ./
  with:
    kustomization: 4-gitops/manifests
    images: IMAGE_PLACEHOLDER=${{ env.IMAGE }}:${{ github.sha }}
";

#[test]
fn a_release_from_a_workflow() {
    let workspace = Workspace::new();
    let steps = format!("{RELEASE}- run: echo \"committed ${{{{ steps.release.outputs.commit }}}}\"\n");
    let Some(run) = workspace.run(&steps) else { return };
    let run = run.success();
    let (stage, built) = (&workspace.stage, workspace.checkout.head());
    let commit = &stage.remote.log("main")[0];
    assert_eq!(commit.parents.concat(), built);
    assert_eq!(commit.author, "github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>");
    assert!(commit.subject.ends_with(" [skip ci]"), "{}", commit.subject);
    assert_eq!(commit.trailer("Tagship-Source"), [format!("org/app@{built}")]);
    let output =
        |name: &str| run.output("release", name).unwrap_or_else(|| panic!("no output `{name}`\n{}", run.text()));
    for (name, value) in [
        ("outcome", "released"),
        ("changed", "true"),
        ("pushed", "true"),
        ("commit", commit.id.as_str()),
        ("parent", built.as_str()),
        ("branch", "main"),
        ("image", stage.image().as_str()),
        ("tag", built.as_str()),
        ("digest", stage.digest.as_str()),
        ("files", FILE),
        ("attempts", "1"),
        ("reason", ""),
    ] {
        assert_eq!(output(name), value, "{name}");
    }
    let result: serde_json::Value = serde_json::from_str(output("result")).unwrap();
    assert_eq!(result["commit"], commit.id.as_str());
    assert!(run.log().contains(&format!("committed {}", commit.id)), "{}", run.log());
    assert!(run.summary().contains(&commit.id[..7]), "{}", run.summary());
    // What ran was a tag that a person wrote, of another image.
    let told: Vec<_> = run.annotations().into_iter().map(|annotation| (annotation.level, annotation.message)).collect();
    assert!(
        matches!(&told[..], [(level, why)] if level == "warning" && why.contains("tags of two images")),
        "{told:?}"
    );
    assert!(!run.text().contains(TOKEN));
}

#[test]
fn whose_login_pushes() {
    // What actions/checkout leaves is used before the job's own token, and what was given before both.
    let left = Login::new("x-access-token", "left-by-the-checkout");
    let given = Login::new("x-access-token", "given");
    for (login, leave, input) in
        [(&left, true, ""), (&given, true, "    token: given\n"), (&given, false, "    token: given\n")]
    {
        let mut workspace = Workspace::new();
        workspace.server = GitServer::start(workspace.stage.remote.folder(), Access::LoginToPush(login.clone()));
        let origin = workspace.server.url("org/app");
        workspace.checkout.git(["remote", "set-url", "origin", &origin]).run().success();
        if leave {
            workspace.checkout.credentials_in_config(&workspace.server.url(""), &left);
        }
        let Some(run) = workspace.run(&format!("{RELEASE}{input}")) else { return };
        run.success();
        assert_eq!(workspace.stage.remote.number_of_commits("main"), 2);
    }
}

#[test]
fn without_a_login_that_may_push() {
    let mut workspace = Workspace::new();
    let forbidden = Access::PushForbidden(Login::new("x-access-token", TOKEN), "Write access not granted.".to_owned());
    workspace.server = GitServer::start(workspace.stage.remote.folder(), forbidden);
    let origin = workspace.server.url("org/app");
    workspace.checkout.git(["remote", "set-url", "origin", &origin]).run().success();
    let Some(run) = workspace.run(RELEASE) else { return };
    let run = run.failure();
    assert!(run.annotations()[0].message.contains("Write access not granted"), "{:?}", run.annotations());
}

#[test]
fn without_a_checkout() {
    let workspace = Workspace::new();
    let steps = format!("- run: rm -rf .git\n{RELEASE}    repository: ${{{{ github.repository }}}}\n");
    let Some(run) = workspace.run(&steps) else { return };
    run.success();
    assert_eq!(workspace.stage.remote.number_of_commits("main"), 2);
}

#[test]
fn the_second_run_changes_nothing() {
    let workspace = Workspace::new();
    let Some(run) = workspace.run(RELEASE) else { return };
    run.success();
    let run = workspace.run(RELEASE).unwrap().success();
    assert_eq!(run.output("release", "outcome"), Some("unchanged"));
    assert_eq!(run.output("release", "changed"), Some("false"));
    assert_eq!(run.output("release", "pushed"), Some("false"));
    assert_eq!(workspace.stage.remote.number_of_commits("main"), 2);
}

#[test]
fn a_failure_is_told_and_can_be_gone_on_from() {
    let workspace = Workspace::new();
    let steps =
        RELEASE.replace("${{ github.sha }}", "never-built").replace("uses: ./", "uses: ./\n  continue-on-error: true")
            + "- run: echo \"it was a ${{ steps.release.outcome }}, ${{ steps.release.outputs.outcome }}\"\n";
    let Some(run) = workspace.run(&steps) else { return };
    let run = run.success();
    assert_eq!(run.outcome("release"), Some("failure"));
    assert!(run.log().contains("it was a failure, failed"), "{}", run.log());
    let annotations = run.annotations();
    assert_eq!(annotations.len(), 1, "{annotations:?}");
    assert_eq!(annotations[0].level, "error");
    assert!(annotations[0].message.contains("is not in the registry"), "{annotations:?}");
    assert!(run.summary().contains("is not in the registry"), "{}", run.summary());
    workspace.stage.untouched();
}

#[test]
fn a_failure_fails_the_job() {
    let workspace = Workspace::new();
    let steps = RELEASE.replace("IMAGE_PLACEHOLDER", "IMAGE_PLACEHOLDR") + "- run: echo not reached\n";
    let Some(run) = workspace.run(&steps) else { return };
    let run = run.failure();
    assert!(!run.log().contains("not reached"));
    let annotations = run.annotations();
    assert!(annotations[0].message.contains("IMAGE_PLACEHOLDR"), "{annotations:?}");
    workspace.stage.untouched();
}

/// An input of another command is refused; a variable of the job may be meant for another step.
#[test]
fn inputs_of_another_command() {
    let workspace = Workspace::new();
    let rollback = |more: &str| {
        format!(
            "- uses: ./\n  with:\n    command: rollback\n    names: IMAGE_PLACEHOLDER\n    kustomization: 4-gitops/manifests\n{more}"
        )
    };
    let Some(run) = workspace.run(&rollback("    tag: v1\n  env: {TAGSHIP_PULL_REQUEST: 'true'}\n")) else { return };
    let run = run.failure();
    assert!(run.log().contains("`rollback` has no input `tag`"), "{}", run.log());
    let Some(run) = workspace.run(&rollback("  env: {TAGSHIP_TAG: v1}\n")) else { return };
    let run = run.failure();
    assert!(run.log().contains("there is no earlier release of `IMAGE_PLACEHOLDER`"), "{}", run.log());
    workspace.stage.untouched();
}

#[test]
fn inputs_beat_the_jobs_environment() {
    let workspace = Workspace::new();
    let steps = format!("{RELEASE}    skip-ci: never\n    trailers: |\n      Team: web\n      Ticket: 42\n")
        .replace("uses: ./", "uses: ./\n  env: {TAGSHIP_SKIP_CI: always, TAGSHIP_AUTHOR: 'CD <cd@example.com>'}");
    let Some(run) = workspace.run(&steps.replace("Team: web", "Team=web").replace("Ticket: 42", "Ticket=42")) else {
        return;
    };
    run.success();
    let commit = &workspace.stage.remote.log("main")[0];
    assert!(!commit.subject.contains("[skip ci]"), "{}", commit.subject);
    assert_eq!(commit.author, "CD <cd@example.com>");
    assert_eq!((commit.trailer("Team"), commit.trailer("Ticket")), (vec!["web"], vec!["42"]));
}

#[test]
fn a_run_that_a_release_started() {
    let workspace = Workspace::new();
    let steps = format!("- id: guard\n  uses: ./\n  with:\n    command: guard\n{RELEASE}");
    let Some(run) = workspace.run(&steps) else { return };
    let run = run.success();
    assert_eq!(run.output("guard", "outcome"), Some("proceed"));
    assert_eq!(run.output("release", "outcome"), Some("released"));
    // What a CI system without skip markers would do with the push.
    for arguments in [&["fetch", "--quiet", "origin", "main"][..], &["reset", "--quiet", "--hard", "FETCH_HEAD"]] {
        workspace.checkout.git(arguments.iter().copied()).run().success();
    }
    let run = workspace.run(&steps).unwrap().success();
    assert_eq!(run.output("guard", "outcome"), Some("skipped"));
    assert_eq!(run.output("release", "outcome"), Some("skipped"));
    assert_eq!(workspace.stage.remote.number_of_commits("main"), 2);
}

#[test]
fn other_commands() {
    let workspace = Workspace::new();
    let steps = "\
- id: check
  uses: ./
  with:
    command: check
    images: |
      ${{ env.IMAGE }}:${{ github.sha }}
- id: status
  uses: ./
  with:
    command: status
    kustomization: 4-gitops/*
- id: set
  uses: ./
  with:
    command: set
    kustomization: 4-gitops/manifests
    images: IMAGE_PLACEHOLDER=*:${{ github.sha }}
- run: git diff --stat && cat 4-gitops/manifests/kustomization.yaml
- id: status
  uses: ./
  with:
    command: status
    kustomization: 4-gitops/manifests
- id: log
  uses: ./
  with:
    command: log
    kustomization: 4-gitops/manifests
- id: nonsense
  continue-on-error: true
  uses: ./
  with:
    command: $(echo nonsense)
";
    let Some(run) = workspace.run(steps) else { return };
    let run = run.success();
    assert_eq!(run.output("check", "outcome"), Some("present"));
    assert_eq!(run.output("status", "outcome"), Some("listed"));
    assert_eq!(run.output("set", "changed"), Some("true"));
    assert!(run.log().contains(&format!("newTag: {}", workspace.checkout.head())), "{}", run.log());
    assert_eq!((run.output("status", "outcome"), run.output("log", "outcome")), (Some("listed"), Some("listed")));
    assert_eq!(run.outcome("nonsense"), Some("failure"));
    workspace.stage.untouched();
    assert_eq!(workspace.checkout.read(FILE), SEED.as_bytes(), "the workflow ran in a copy");
}
