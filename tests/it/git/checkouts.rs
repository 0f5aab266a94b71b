//! Checkouts as people and CI systems have them: they name the remote and the branch, and nothing else is read.

use std::path::Path;

use super::{checkout_without_login, release_in, serve};
use crate::stage::{FILE, FOLDER, Stage, tagship};
use crate::support::command::{Command, Home};
use crate::support::git_server::Access;
use crate::support::repository::{Checkout, File};

#[test]
fn a_checkout_says_where_to_and_is_not_read() {
    let stage = Stage::new();
    let checkout = Checkout::shallow(&stage.remote.file_url());
    checkout.write(FILE, b"not even YAML: [\n");
    release_in(&checkout, &stage.home, &stage).run().success();
    assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
    assert_eq!(checkout.read(FILE), b"not even YAML: [\n");
}

/// A partial clone has commit and trees; the one file that it lacks is fetched.
#[test]
fn what_a_partial_clone_lacks_is_fetched() {
    let stage = Stage::new();
    let url = stage.remote.file_url();
    let checkout = Checkout::clone_with(&url, &["--depth=1", "--filter=blob:none", "--no-checkout"]);
    let release = tagship().home(&stage.home).current_dir(checkout.path()).args(["release", "-k", FOLDER]);
    release.arg(stage.argument()).run().success();
    assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
}

/// The file is missing because its alternates are, or a disk lost it; not every server can be asked for it alone.
#[test]
fn what_a_checkout_lacks_is_fetched_from_any_server() {
    for serves_parts in ["true", "false"] {
        let stage = Stage::new();
        stage.remote.configure("uploadpack.allowFilter", serves_parts);
        let checkout = Checkout::shallow(&stage.remote.file_url());
        let objects = checkout.path().join(".git/objects");
        let id = checkout.git(["rev-parse", &format!("HEAD:{FILE}")]).run().success().stdout();
        let pack = "for pack in pack/*.pack; do mv $pack p && rm -f pack/* && git unpack-objects -q <p; done";
        Command::new("sh").current_dir(&objects).args(["-c", pack]).run().success();
        std::fs::remove_file(objects.join(&id[..2]).join(id[2..].trim())).unwrap();
        let output = release_in(&checkout, &stage.home, &stage).run().success();
        let is_whole = output.stdout().contains("does not support partial fetches");
        assert_eq!(is_whole, serves_parts == "false", "{}", output.stdout());
        assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
    }
}

/// `git replace` shows other objects in the place of real ones, which are released all the same.
#[test]
fn replaced_objects_are_not_released() {
    for serves_parts in ["true", "false"] {
        for (real, other) in [(format!("HEAD:{FILE}"), "HEAD:other"), (format!("HEAD:{FOLDER}"), "HEAD^{tree}")] {
            let stage = Stage::new();
            stage.remote.configure("uploadpack.allowFilter", serves_parts);
            stage.remote.commit("main", "Another file", &[File::new("other", "x\n")]);
            let checkout = Checkout::shallow(&stage.remote.file_url());
            let id = |name: &str| checkout.git(["rev-parse", name]).run().success().stdout().trim().to_owned();
            checkout.git(["replace", &id(&real), &id(other)]).run().success();
            let output = release_in(&checkout, &stage.home, &stage).run().success();
            // Without partial fetches, the commits before it are downloaded whole, for the order of releases.
            let is_downloaded = output.stdout().contains("downloaded");
            assert_eq!(is_downloaded, serves_parts == "false", "the checkout has the real ones: {}", output.stdout());
            assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
            assert_eq!(stage.remote.changed_paths("main~1", "main"), [FILE]);
        }
    }
}

/// A container sees a workspace that belongs to the runner's user. Only a user that may give files away can test that.
#[cfg(unix)]
#[test]
fn a_checkout_of_another_user() {
    let stage = Stage::new();
    let checkout = Checkout::shallow(&stage.remote.file_url());
    let owner = Command::new("chown").args(["-R", "12345"]).arg(checkout.path()).run();
    if owner.code != Some(0) {
        println!("skipped: files cannot be given away");
        return;
    }
    let release = || tagship().home(&stage.home).args(["release", "--dry-run"]).arg(stage.argument());
    let above = || release().current_dir(checkout.path()).args(["-k", FOLDER]);
    let below = || release().current_dir(checkout.path().join(FOLDER));
    let refused = |release: Command| {
        release.run().exit(3).stderr_has("belongs to another user").stderr_has("in CI, set the variable `CI`");
    };
    for variables in [&[][..], &[("CI", "false")], &[("GITHUB_WORKSPACE", "/")]] {
        refused(variables.iter().fold(above(), |release, (name, value)| release.env(name, value)));
    }
    // Without a known workspace, the folder that was asked for alone.
    above().env("CI", "true").run().success();
    refused(below().env("CI", "true"));
    let workspace = |release: Command, folder: &Path| release.env("GITLAB_CI", "true").env("CI_PROJECT_DIR", folder);
    workspace(below(), checkout.path()).run().success();
    workspace(below(), checkout.path().parent().unwrap()).run().success();
    refused(workspace(below(), &checkout.path().join(FOLDER)));
    refused(workspace(above(), stage.home.path()));
    // A workspace that is not there, such as the host's in a container, is not known.
    workspace(above(), Path::new("/nowhere")).run().success();
    let safe = |value: &str| {
        let count = below().env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "safe.directory");
        count.env("GIT_CONFIG_VALUE_0", value)
    };
    let path = checkout.path().to_str().unwrap();
    for value in ["*", path, &format!("{}/*", checkout.path().parent().unwrap().display())] {
        safe(value).run().success();
    }
    for value in ["", "/elsewhere", &format!("{path}/{FOLDER}")] {
        refused(safe(value));
    }
    stage.untouched();
}

/// Another user may put a `.git` above a folder in which others work, and lead it to a repository of theirs.
#[cfg(unix)]
#[test]
fn a_work_tree_of_another_user() {
    let stage = Stage::new();
    let checkout = Checkout::shallow(&stage.remote.file_url());
    let linked = checkout.worktree("linked");
    let given_away = |path: &Path| {
        let owner = Command::new("chown").args(["--no-dereference", "12345"]).arg(path).run();
        owner.code == Some(0)
    };
    let dot_git = linked.path().join(".git");
    if !given_away(&dot_git) {
        println!("skipped: files cannot be given away");
        return;
    }
    let release =
        |checkout: &Checkout| release_in(checkout, &stage.home, &stage).args(["--dry-run", "--branch", "main"]);
    let refused = |release: Command| {
        release.run().exit(3).stderr_has("belongs to another user");
    };
    refused(release(&linked));
    let workspace = |folder: &Path| release(&linked).env("GITLAB_CI", "true").env("CI_PROJECT_DIR", folder);
    // The repository is there, and the `.git` that leads to it is not.
    refused(workspace(checkout.path()));
    workspace(checkout.path().parent().unwrap()).run().success();
    let trusting = release(&linked).env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "safe.directory");
    trusting.env("GIT_CONFIG_VALUE_0", linked.path()).run().success();

    let folder = checkout.below("folder");
    std::fs::create_dir_all(folder.path().join(FOLDER)).unwrap();
    std::os::unix::fs::symlink(checkout.path().join(".git"), folder.path().join(".git")).unwrap();
    release(&folder).run().success();
    assert!(given_away(&folder.path().join(".git")));
    refused(release(&folder));

    release(&checkout).run().success();
    assert!(given_away(checkout.path()));
    refused(release(&checkout));
    stage.untouched();
}

#[test]
fn a_detached_checkout_needs_a_branch() {
    let stage = Stage::new();
    let checkout = Checkout::shallow(&stage.remote.file_url());
    checkout.detach();
    release_in(&checkout, &stage.home, &stage).run().exit(3).stderr_has("no branch is checked out");
    release_in(&checkout, &stage.home, &stage).args(["--branch", "main"]).run().success();
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

#[test]
fn the_cis_branch_stands_in_for_a_detached_head() {
    let stage = Stage::new();
    let checkout = Checkout::shallow(&stage.remote.file_url());
    checkout.detach();
    let release = release_in(&checkout, &stage.home, &stage);
    release.env("GITHUB_ACTIONS", "true").env("GITHUB_REF", "refs/heads/main").run().success();
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

#[test]
fn no_repository_no_remote() {
    let stage = Stage::new();
    let home = Home::new();
    let release =
        |folder: &Path| stage.tagship().current_dir(folder).args(["release", "-k", "."]).arg(stage.argument());
    release(home.path()).run().exit(3).stderr_has("there is no git repository at");
    let checkout = Checkout::shallow(&stage.remote.file_url());
    release(&checkout.path().join(FOLDER))
        .args(["--remote", "upstream"])
        .run()
        .exit(3)
        .stderr_has("no remote `upstream`");
    stage.release_to("/nowhere/at/all").arg(stage.argument()).run().exit(3).stderr_has("there is no git repository at");
    stage.release_to("ftp://user:s3cret@host/x").arg(stage.argument()).run().exit(2).says_nowhere("s3cret");
}

/// git can fetch from one URL and push to another. A release reads the branch that it pushes to, so it uses the second one for
/// both.
#[test]
fn the_place_to_push_to() {
    let elsewhere = "http://127.0.0.1:1/gitops.git";
    for settings in [
        &[("remote.origin.url", elsewhere), ("remote.origin.pushurl", "HERE")][..],
        &[("remote.origin.url", "https://git.example/gitops.git"), ("url.BASE.pushInsteadOf", "https://git.example/")],
        &[("remote.origin.url", "https://git.example/gitops.git"), ("url.BASE.insteadOf", "https://git.example/")],
        &[
            ("remote.origin.url", "https://git.example/gitops.git"),
            ("url.BASE.pushInsteadOf", "https://git.example/"),
            ("url.http://127.0.0.1:1/.insteadOf", "https://git.example/"),
        ],
        // If there is a URL to push to, `pushInsteadOf` does not apply.
        &[("remote.origin.pushurl", "HERE"), ("url.http://127.0.0.1:1/.pushInsteadOf", "http://127.0.0.1")],
        &[("remote.origin.url", "HERE"), ("remote.pushDefault", "nowhere")],
    ] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Open);
        let checkout = Checkout::shallow(&stage.remote.file_url());
        for (key, value) in settings {
            let (key, value) = (key.replace("BASE", &server.url("")), value.replace("HERE", &server.url("gitops.git")));
            checkout.git(["config", &key, &value]).run().success();
        }
        release_in(&checkout, &stage.home, &stage).run().success();
        assert_eq!(stage.remote.number_of_commits("main"), 2, "{settings:?}");
        assert_eq!(server.requests().len(), 2, "{settings:?}");
    }
}

/// What is not pushed is read from where git fetches. An address to push to may be one that this login cannot read, or none.
#[test]
fn what_is_only_read_is_read_from_the_place_to_fetch_from() {
    for settings in [
        &[("remote.origin.pushurl", "DISABLED")][..],
        &[
            ("remote.origin.pushurl", "http://127.0.0.1:1/one.git"),
            ("remote.origin.pushurl", "http://127.0.0.1:1/two.git"),
        ],
        &[("remote.origin.url", "/srv/second.git")],
        &[("url.http://127.0.0.1:1/.pushInsteadOf", "BASE")],
    ] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Open);
        let checkout = checkout_without_login(&stage, &server);
        for (key, value) in settings {
            checkout.git(["config", "--add", key, &value.replace("BASE", &server.url(""))]).run().success();
        }
        let config = checkout.path().join(".git/config");
        let in_checkout = |command: &str| stage.tagship().current_dir(checkout.path()).arg(command);
        let by_url = |command: &str| in_checkout(command).env("GIT_CONFIG_GLOBAL", &config);
        let by_url = |command: &str| by_url(command).args(["--repo", &server.url("gitops.git")]);
        let dry_run = ["-k", FOLDER, "--no-check", "--dry-run", "IMAGE_PLACEHOLDER=*:v2"];
        for place in [&in_checkout as &dyn Fn(&str) -> Command, &by_url] {
            place("log").args(["-k", FOLDER]).run().success();
            place("status").args(["-k", FOLDER]).run().success();
            place("release").args(dry_run).run().success().stdout_has("v2");
        }
        let output = in_checkout("release").args(["-k", FOLDER, "--no-check", "IMAGE_PLACEHOLDER=*:v2"]).run();
        assert_ne!(output.code, Some(0), "{settings:?}");
        stage.untouched();
    }
}

/// git pushes to all of them, one after the other; one of two that fails would leave the branch in two states.
#[test]
fn several_places_to_push_to() {
    for key in ["pushurl", "url"] {
        let stage = Stage::new();
        let checkout = Checkout::shallow(&stage.remote.file_url());
        for path in ["/srv/one.git", "/srv/two.git"] {
            checkout.git(["config", "--add", &format!("remote.origin.{key}"), path]).run().success();
        }
        let output = release_in(&checkout, &stage.home, &stage).run().exit(3);
        output.stderr_has("`origin` has several URLs to push to").stderr_has("hint: name one URL with `--repo`");
        stage.untouched();
    }
}

/// An empty URL takes back those before it, and of one that is left there is no doubt.
#[test]
fn an_empty_url_takes_back_those_before_it() {
    for key in ["pushurl", "url"] {
        let stage = Stage::new();
        let checkout = Checkout::shallow(&stage.remote.file_url());
        let add = |url: &str| {
            checkout.git(["config", "--add", &format!("remote.origin.{key}"), url]).run().success();
        };
        add("/srv/one.git");
        add("");
        add(&stage.remote.file_url());
        release_in(&checkout, &stage.home, &stage).run().success();
        assert_eq!(stage.remote.number_of_commits("main"), 2, "{key}");
        add("/srv/two.git");
        release_in(&checkout, &stage.home, &stage).run().exit(3).stderr_has("has several URLs to push to");
    }
    // Without one that is left, the URL to fetch from counts.
    let stage = Stage::new();
    let checkout = Checkout::shallow(&stage.remote.file_url());
    for url in ["/srv/one.git", ""] {
        checkout.git(["config", "--add", "remote.origin.pushurl", url]).run().success();
    }
    release_in(&checkout, &stage.home, &stage).run().success();
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

/// As for git, a value of `tagOpt` that it does not know says nothing.
#[test]
fn a_way_to_fetch_tags_that_is_not_known() {
    for value in ["x", ""] {
        let stage = Stage::new();
        let checkout = Checkout::shallow(&stage.remote.file_url());
        checkout.git(["config", "remote.origin.tagOpt", value]).run().success();
        release_in(&checkout, &stage.home, &stage).run().success();
        assert_eq!(stage.remote.number_of_commits("main"), 2);
        assert_eq!(checkout.head(), stage.remote.tip("main").unwrap());
        let tracked = checkout.git(["rev-parse", "refs/remotes/origin/main"]).run().success().stdout();
        assert_eq!(tracked.trim(), checkout.head());
    }
}

/// An extension of the repository's format that is not known may change what any file of it means. git refuses it.
#[test]
fn an_unknown_extension_of_the_format() {
    for (version, key, value) in [
        ("1", "extensions.future", "true"),
        ("1", "extensions.Future", "false"),
        ("1", "extensions.noop", "x"),
        ("1", "extensions.noop-v1", "x"),
        ("1", "extensions.preciousObjects", "true"),
        ("1", "extensions.partialClone", "origin"),
        ("1", "extensions.worktreeConfig", "true"),
        ("1", "extensions.compatObjectFormat", "sha256"),
        ("0", "extensions.future", "true"),
        ("0", "extensions.noop-v1", "x"),
        ("1", "extensions.sub.future", "true"),
        ("2", "extensions.noop", "x"),
        ("0", "user.name", "n"),
    ] {
        let stage = Stage::new();
        let checkout = Checkout::shallow(&stage.remote.file_url());
        let configuration = checkout.path().join(".git/config");
        let set = |key: &str, value: &str| {
            let config = Command::new("git").args(["config", "--file"]).arg(&configuration).args([key, value]);
            config.run().success();
        };
        set(key, value);
        set("core.repositoryFormatVersion", version);
        let is_known_to_git = checkout.git(["rev-parse", "HEAD"]).run().code == Some(0);
        let before = std::fs::read(checkout.path().join(FILE)).unwrap();
        let output = release_in(&checkout, &stage.home, &stage).run();
        println!("{version} {key}: git {is_known_to_git}, {:?}", output.code);
        if is_known_to_git {
            output.success();
            assert_eq!(stage.remote.number_of_commits("main"), 2, "{key}");
        } else {
            output.exit(3).stderr_has("cannot be used");
            assert_eq!(std::fs::read(checkout.path().join(FILE)).unwrap(), before);
            stage.untouched();
        }
    }
}

/// git 2.48 names linked work trees by relative paths if it is told to, and says so in the format. An older git refuses that.
#[test]
fn a_linked_work_tree_by_relative_paths() {
    let stage = Stage::new();
    let checkout = Checkout::shallow(&stage.remote.file_url());
    let linked = checkout.worktree("linked");
    let git_dir = checkout.path().join(".git");
    std::fs::write(linked.path().join(".git"), "gitdir: ../work/.git/worktrees/linked\n").unwrap();
    std::fs::write(git_dir.join("worktrees/linked/gitdir"), "../../../../linked/.git\n").unwrap();
    let before = std::fs::read_to_string(git_dir.join("config")).unwrap();
    let format = "[core]\nrepositoryFormatVersion = 1\n[extensions]\nrelativeWorktrees = true\n";
    std::fs::write(git_dir.join("config"), format!("{before}{format}")).unwrap();
    release_in(&linked, &stage.home, &stage).args(["--branch", "main"]).run().success();
    std::fs::write(git_dir.join("config"), before).unwrap();
    assert_eq!(linked.head(), stage.remote.tip("main").unwrap());
    assert_eq!(linked.status(), "");
    assert_eq!(checkout.status(), "");
}
