//! Files of a repository that look like a repository of their own: they name no remote, send no login and run no program.

use std::fs;

use crate::stage::{FILE, FOLDER, Stage, tagship};
use crate::support::command::Command;
use crate::support::git_server::{Access, GitServer};
use crate::support::repository::{Checkout, Remote};

/// Returns a checkout whose folder of kustomizations holds what a bare repository has, with this configuration. A tree
/// cannot have `.git` in it, but it can have these four files.
fn with_buried_repository(stage: &Stage, configuration: &str) -> Checkout {
    let checkout = Checkout::shallow(&stage.remote.file_url());
    let core = "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n";
    for (name, text) in [
        ("HEAD", "ref: refs/heads/main\n"),
        ("config", &format!("{core}{configuration}")),
        ("objects/.keep", ""),
        ("refs/.keep", ""),
    ] {
        let path = checkout.path().join(FOLDER).join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    checkout
}

fn release(stage: &Stage, checkout: &Checkout) -> Command {
    let release = tagship().home(&stage.home).current_dir(checkout.path().join(FOLDER));
    release.args(["release", "--branch", "main"]).arg(stage.argument()).env("TAGSHIP_GIT_TOKEN", "t0ken-s3cret")
}

#[test]
fn a_buried_repository_names_no_remote() {
    let stage = Stage::new();
    let attacker = GitServer::start(stage.remote.folder(), Access::Open);
    let url = attacker.url("gitops.git");
    let checkout = with_buried_repository(&stage, &format!("[remote \"origin\"]\n\turl = {url}\n"));
    let released = release(&stage, &checkout).run().success();
    assert!(attacker.requests().is_empty(), "the buried repository's remote was asked: {}", released.stderr());
    assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
}

#[test]
fn a_buried_repository_runs_no_program() {
    let stage = Stage::new();
    let trace = stage.home.path().join("trace");
    let configuration = format!(
        "[core]\n\tsshCommand = \"touch '{}'; false\"\n[remote \"origin\"]\n\turl = ssh://git@git.example/r.git\n",
        trace.display()
    );
    let checkout = with_buried_repository(&stage, &configuration);
    let released = release(&stage, &checkout).run();
    assert!(!fs::exists(&trace).unwrap(), "the buried repository's program ran: {}", released.stderr());
    released.success();
}

/// A commit may make a folder a submodule, and so choose where a release from that folder would go. In CI, the commit that a
/// job builds may be of a pull request, so the repository of a submodule is named.
#[test]
fn a_submodule_names_no_remote_in_ci() {
    let stage = Stage::new();
    let above = Remote::create("above");
    above.commit("main", "Begin", &[]);
    let workspace = Checkout::shallow(&above.file_url());
    for checkout in [workspace.worktree("linked"), workspace] {
        let chosen = GitServer::start(stage.remote.folder(), Access::Open);
        let submodule = checkout.submodule("config", &stage.remote.file_url());
        submodule.git(["remote", "set-url", "origin", &chosen.url("gitops.git")]).run().success();
        let release = || release(&stage, &submodule);
        let in_ci = || release().env("CI", "true");
        let name_it = "hint: release to the submodule's own repository: name it with `--repo`";
        in_ci().run().exit(3).stderr_has("is in a submodule, whose repository a commit chose").stderr_has(name_it);
        in_ci().args(["--no-push"]).run().exit(3).stderr_has("is in a submodule, whose repository a commit chose");
        let guard = tagship().home(&stage.home).current_dir(submodule.path()).args(["guard", "--branch", "main"]);
        guard.env("CI", "true").env("TAGSHIP_GIT_TOKEN", "t0ken-s3cret").run();
        assert!(chosen.requests().is_empty(), "the remote of the submodule was asked");
        in_ci().args(["--dry-run", "--repo"]).arg(submodule.path()).args(["-k", FOLDER]).run().success();
        release().arg("--dry-run").run().success();
    }
    stage.untouched();
}

/// Above a ceiling no repository is looked for, as for git.
#[test]
fn a_ceiling_ends_the_search() {
    let stage = Stage::new();
    let checkout = Checkout::shallow(&stage.remote.file_url());
    let release = release(&stage, &checkout);
    let limited = release.env("GIT_CEILING_DIRECTORIES", checkout.path());
    limited.run().exit(3).stderr_has("there is no git repository");
    stage.untouched();
    limited.env("GIT_CEILING_DIRECTORIES", "/elsewhere").run().success();
}
