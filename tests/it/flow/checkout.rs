//! What becomes of the checkout that a release runs in: it follows if it can, and is left alone if it cannot. Every
//! layout is made, and read back, by git itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::git;
use crate::stage::{COMMIT, FILE, FOLDER, SEED, Stage, tagship};
use crate::support::command::{Command, Output, write_script};
use crate::support::repository::{Checkout, File, Mode};

const OTHER: &str = "4-gitops/manifests/deployment.yaml";

/// A checkout, how it comes to be, and how it is afterwards.
struct Layout {
    name: &'static str,
    /// What is on the release branch beside the seed.
    files: fn() -> Vec<File>,
    make: fn(&Stage) -> Checkout,
    /// What `git status` lists before and after.
    status: &'static str,
}

const PLAIN: Layout = Layout { name: "plain", files: Vec::new, make: shallow, status: "" };

const LAYOUTS: [Layout; 35] = [
    PLAIN,
    Layout { name: "whole history", make: |stage| Checkout::clone_with(&stage.remote.file_url(), &[]), ..PLAIN },
    Layout { name: "detached", make: |stage| changed(stage, Checkout::detach), ..PLAIN },
    Layout { name: "linked worktree", make: |stage| shallow(stage).worktree("linked"), ..PLAIN },
    Layout { name: "packed refs", make: |stage| after(stage, &["pack-refs", "--all"]), ..PLAIN },
    Layout {
        name: "no branch for the remote's",
        make: |stage| {
            changed(stage, |checkout| {
                git(checkout, &["config", "--unset-all", "remote.origin.fetch"]);
                git(checkout, &["remote", "set-head", "origin", "--delete"]);
                git(checkout, &["update-ref", "-d", "refs/remotes/origin/main"]);
            })
        },
        ..PLAIN
    },
    Layout {
        name: "sparse, with the file",
        make: |stage| after(stage, &["sparse-checkout", "set", "--no-sparse-index", FOLDER]),
        ..PLAIN
    },
    Layout {
        name: "sparse, without the file",
        make: |stage| after(stage, &["sparse-checkout", "set", "--no-sparse-index", "elsewhere"]),
        files: || vec![File::new("elsewhere/file", "")],
        ..PLAIN
    },
    Layout { name: "autocrlf", make: |stage| clone(stage, &["-c", "core.autocrlf=true"]), ..PLAIN },
    Layout {
        name: "autocrlf, and CRLF in the repository",
        files: || vec![File::new(FILE, SEED.replace('\n', "\r\n"))],
        make: |stage| clone(stage, &["-c", "core.autocrlf=true"]),
        ..PLAIN
    },
    Layout {
        name: "autocrlf, and no text",
        files: || attributes("*.yaml -text"),
        make: |stage| clone(stage, &["-c", "core.autocrlf=true"]),
        ..PLAIN
    },
    Layout {
        name: "autocrlf of input, and CRLF on disk",
        make: |stage| {
            changed(stage, |checkout| {
                git(checkout, &["config", "core.autocrlf", "input"]);
                checkout.write(FILE, SEED.replace('\n', "\r\n").as_bytes());
                git(checkout, &["add", FILE]);
            })
        },
        ..PLAIN
    },
    // git ignores the case of these words.
    Layout {
        name: "autocrlf of Input",
        make: |stage| {
            changed(stage, |checkout| {
                git(checkout, &["config", "core.autocrlf", "Input"]);
                checkout.write(FILE, SEED.replace('\n', "\r\n").as_bytes());
                git(checkout, &["add", FILE]);
            })
        },
        ..PLAIN
    },
    Layout {
        name: "CRLF as the configuration's end of lines",
        files: || attributes("*.yaml text"),
        make: |stage| clone(stage, &["-c", "core.eol=CRLF"]),
        ..PLAIN
    },
    Layout {
        name: "LF as the configuration's end of lines",
        files: || attributes("*.yaml text"),
        make: |stage| clone(stage, &["-c", "core.eol=Lf"]),
        ..PLAIN
    },
    Layout { name: "eol", files: || attributes("*.yaml text eol=crlf"), ..PLAIN },
    Layout { name: "eol by its older name", files: || attributes("*.yaml crlf=auto eol=crlf"), ..PLAIN },
    Layout {
        name: "eol of the configuration",
        files: || attributes("*.yaml text"),
        make: |stage| clone(stage, &["-c", "core.eol=crlf"]),
        ..PLAIN
    },
    Layout {
        name: "eol that is told otherwise",
        files: || attributes("*.yaml text=auto eol=lf"),
        make: |stage| clone(stage, &["-c", "core.autocrlf=true"]),
        ..PLAIN
    },
    Layout { name: "filter that is not configured", files: || attributes("*.yaml filter=none"), ..PLAIN },
    Layout { name: "executable", files: || vec![File::new(FILE, SEED).mode(Mode::Executable)], ..PLAIN },
    Layout {
        name: "modes do not count",
        make: |stage| {
            changed(stage, |checkout| {
                git(checkout, &["config", "core.fileMode", "false"]);
                set_mode(&checkout.path().join(FILE), 0o755);
            })
        },
        ..PLAIN
    },
    Layout { name: "split index", make: |stage| after(stage, &["update-index", "--split-index"]), ..PLAIN },
    Layout {
        name: "index of version 4 with an untracked cache and without a checksum",
        make: |stage| {
            changed(stage, |checkout| {
                git(checkout, &["config", "index.skipHash", "true"]);
                git(checkout, &["update-index", "--index-version", "4", "--force-untracked-cache"]);
            })
        },
        ..PLAIN
    },
    Layout {
        name: "index of version 4",
        make: |stage| after(stage, &["update-index", "--index-version", "4"]),
        ..PLAIN
    },
    Layout {
        name: "index of version 3, with a file that is to be added",
        make: |stage| changed(stage, intend_to_add),
        status: " A later\n",
        ..PLAIN
    },
    Layout {
        name: "index of version 4, with a file that is to be added",
        make: |stage| {
            changed(stage, |checkout| {
                git(checkout, &["update-index", "--index-version", "4"]);
                intend_to_add(checkout);
            })
        },
        status: " A later\n",
        ..PLAIN
    },
    Layout {
        name: "index with blocks for threads, and names of all lengths",
        files: long_names,
        make: |stage| after(stage, &["-c", "index.threads=2", "update-index", "--force-write-index"]),
        ..PLAIN
    },
    Layout {
        name: "index of version 4 with blocks for threads",
        files: long_names,
        make: |stage| after(stage, &["-c", "index.threads=3", "update-index", "--index-version", "4"]),
        ..PLAIN
    },
    Layout {
        name: "a path that is too long for this machine",
        files: || vec![File::new(&format!("{}end", "a-folder-in-a-folder/".repeat(300)), "")],
        make: |stage| {
            let checkout = clone(stage, &["--sparse"]);
            git(&checkout, &["sparse-checkout", "set", "--no-sparse-index", FOLDER]);
            checkout
        },
        ..PLAIN
    },
    Layout {
        name: "file system monitor",
        make: |stage| {
            changed(stage, |checkout| {
                let hook = checkout.path().join(".git/monitor");
                write_script(&hook, "#!/bin/sh\nprintf 'token\\0/\\0'\n");
                git(checkout, &["config", "core.fsmonitor", hook.to_str().unwrap()]);
                git(checkout, &["update-index", "--fsmonitor"]);
                checkout.status();
            })
        },
        ..PLAIN
    },
    Layout {
        name: "assumed unchanged",
        make: |stage| after(stage, &["update-index", "--assume-unchanged", FILE]),
        ..PLAIN
    },
    Layout { name: "without blobs", make: |stage| clone(stage, &["--filter=blob:none"]), ..PLAIN },
    Layout { name: "without trees", make: |stage| clone(stage, &["--filter=tree:0"]), ..PLAIN },
    Layout {
        name: "changes elsewhere",
        make: |stage| {
            changed(stage, |checkout| {
                checkout.write(OTHER, b"changed\n");
                checkout.write("new", b"");
                checkout.write("staged", b"");
                git(checkout, &["add", "staged"]);
            })
        },
        status: " M 4-gitops/manifests/deployment.yaml\nA  staged\n?? new\n",
        ..PLAIN
    },
];

fn shallow(stage: &Stage) -> Checkout {
    clone(stage, &[])
}

fn clone(stage: &Stage, options: &[&str]) -> Checkout {
    Checkout::clone_with(&stage.remote.file_url(), &[&["--depth=1"], options].concat())
}

fn changed(stage: &Stage, change: impl Fn(&Checkout)) -> Checkout {
    let checkout = shallow(stage);
    change(&checkout);
    checkout
}

fn after(stage: &Stage, arguments: &[&str]) -> Checkout {
    changed(stage, |checkout| drop(git(checkout, arguments)))
}

fn attributes(line: &str) -> Vec<File> {
    vec![File::new(".gitattributes", format!("{line}\n"))]
}

/// Returns files whose entries in an index need paddings of all lengths.
fn long_names() -> Vec<File> {
    let name = |length: usize| File::new(&format!("names/{}", "n".repeat(length)), "");
    (1..=16).map(name).chain([File::new("empty", "")]).collect()
}

fn intend_to_add(checkout: &Checkout) {
    checkout.write("later", b"later\n");
    git(checkout, &["add", "--intent-to-add", "later"]);
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Returns a release that is run at the root of a checkout.
fn release(stage: &Stage, checkout: &Checkout) -> Command {
    let release = tagship().home(&stage.home).current_dir(checkout.path()).args(["release", "-k", FOLDER]);
    release.args(["--branch", "main"]).arg(stage.argument())
}

#[test]
fn a_checkout_at_the_parent_follows() {
    for layout in LAYOUTS {
        println!("{}", layout.name);
        let stage = Stage::new();
        let files = (layout.files)();
        if !files.is_empty() {
            stage.remote.commit("main", "Change the layout", &files);
        }
        let parent = stage.remote.tip("main").unwrap();
        let checkout = (layout.make)(&stage);
        assert_eq!(checkout.status(), layout.status);
        let tracked = ["for-each-ref", "--format=%(objectname)", "refs/remotes/origin/main"];
        let tracks = !git(&checkout, &tracked).is_empty();
        let mode = fs::symlink_metadata(checkout.path().join(FILE)).ok().map(|metadata| metadata.permissions());
        let output = release(&stage, &checkout).arg("--no-check").run().success();
        assert!(!output.stdout().contains("checkout"), "{}", output.stdout());

        let tip = stage.remote.tip("main").unwrap();
        let head = git(&checkout, &["log", "-1", "--format=%H %s"]);
        let title = head.strip_prefix(&format!("{tip} ")).unwrap_or_else(|| panic!("{head} is not {tip}"));
        if layout.status.is_empty() {
            // These look at the index as it is; `git status` would first bring it up to date.
            git(&checkout, &["diff-files", "--quiet"]);
            git(&checkout, &["diff-index", "--quiet", "HEAD"]);
        }
        assert_eq!(checkout.status(), layout.status);
        let on_disk = fs::symlink_metadata(checkout.path().join(FILE)).ok();
        if on_disk.is_some() {
            let expected = checkout.git(["cat-file", "--filters", &format!("HEAD:{FILE}")]).run().success().stdout;
            assert_eq!(checkout.read(FILE), expected);
        }
        assert_eq!(on_disk.map(|metadata| metadata.permissions()), mode);
        git(&checkout, &FSCK);
        let reflog = git(&checkout, &["reflog", "--format=%H %gs", "-2"]);
        assert!(reflog.starts_with(&format!("{tip} tagship: {title}{parent} ")), "{reflog}");
        if tracks {
            assert_eq!(git(&checkout, &tracked).trim(), tip);
        }
        next_commit(&stage, &checkout);
    }
}

/// Looks at every object. Git would start a program each for the indexes of packs and of commits, of which there are none.
const FSCK: [&str; 7] =
    ["-c", "core.multiPackIndex=false", "-c", "core.commitGraph=false", "fsck", "--strict", "--no-dangling"];

/// The next commit is on top of the release, has its own change alone, and can be pushed: the server looks at its objects.
fn next_commit(stage: &Stage, checkout: &Checkout) {
    let release = stage.remote.tip("main").unwrap();
    checkout.write("next", b"next\n");
    git(checkout, &["add", "--sparse", "next"]);
    git(checkout, &["-c", "maintenance.auto=false", "commit", "--quiet", "-m", "Next"]);
    git(checkout, &["push", "--quiet", "origin", "HEAD:main"]);
    let log = stage.remote.git(["log", "-1", "--format=%P", "--name-only", "main"]).run().success().stdout();
    let (parents, changed) = log.split_once("\n\n").unwrap();
    assert_eq!(parents, release);
    assert!(changed == "next\n" || changed == "next\nstaged\n", "{changed:?}");
}

/// A conflict elsewhere has several entries for one path, and no file of git's tells of it.
#[test]
fn a_conflict_elsewhere_stays() {
    for version in ["2", "4"] {
        let stage = Stage::new();
        let checkout = shallow(&stage);
        let blob = git(&checkout, &["rev-parse", &format!("HEAD:{OTHER}")]);
        let entries = |path: &str| {
            let removed = format!("0 {} 0\t{path}\n", "0".repeat(40));
            (1..=3).fold(removed, |lines, stage| lines + &format!("100644 {} {stage}\t{path}\n", blob.trim()))
        };
        git(&checkout, &["update-index", "--index-version", version]);
        checkout.git(["update-index", "--index-info"]).stdin(entries(OTHER)).run().success();
        assert_eq!(checkout.status(), format!("UU {OTHER}\n"));
        release(&stage, &checkout).run().success();
        assert_eq!(checkout.head(), stage.remote.tip("main").unwrap());
        assert_eq!(checkout.status(), format!("UU {OTHER}\n"));
        let listed = git(&checkout, &["ls-files", "--stage", OTHER]);
        assert_eq!(listed.lines().count(), 3, "{listed}");

        checkout.git(["update-index", "--index-info"]).stdin(entries(FILE)).run().success();
        let again = release(&stage, &checkout).args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"]).run().success();
        again.stdout_has(CHANGES);
    }
}

/// What cannot follow, and what is told.
struct Obstacle {
    name: &'static str,
    make: fn(&Stage) -> Checkout,
    told: &'static str,
}

const OBSTACLES: [Obstacle; 28] = [
    Obstacle { name: "changed", make: |stage| changed(stage, |at| at.write(FILE, b"mine\n")), told: CHANGES },
    Obstacle {
        name: "staged",
        make: |stage| {
            changed(stage, |checkout| {
                checkout.write(FILE, b"mine\n");
                git(checkout, &["add", FILE]);
                checkout.write(FILE, SEED.as_bytes());
            })
        },
        told: CHANGES,
    },
    Obstacle {
        name: "large",
        make: |stage| changed(stage, |at| at.write(FILE, &vec![b'\n'; (4 << 20) + 1])),
        told: "`4-gitops/manifests/kustomization.yaml` cannot be read: it is larger than 4 MiB",
    },
    Obstacle { name: "gone", make: |stage| changed(stage, |at| remove(at, FILE)), told: CHANGES },
    Obstacle { name: "removed", make: |stage| after(stage, &["rm", "--quiet", FILE]), told: CHANGES },
    Obstacle { name: "never there", make: |stage| clone(stage, &["--no-checkout"]), told: "it has no index" },
    Obstacle {
        name: "a link",
        make: |stage| {
            changed(stage, |checkout| {
                fs::rename(checkout.path().join(FILE), checkout.path().join("real")).unwrap();
                std::os::unix::fs::symlink("../../real", checkout.path().join(FILE)).unwrap();
            })
        },
        told: CHANGES,
    },
    Obstacle {
        name: "a link above it",
        make: |stage| {
            changed(stage, |checkout| {
                fs::rename(checkout.path().join("4-gitops"), checkout.path().join("real")).unwrap();
                std::os::unix::fs::symlink("real", checkout.path().join("4-gitops")).unwrap();
            })
        },
        told: CHANGES,
    },
    Obstacle { name: "mode", make: |stage| changed(stage, |at| set_mode(&at.path().join(FILE), 0o755)), told: CHANGES },
    Obstacle {
        name: "behind",
        make: |stage| {
            let checkout = shallow(stage);
            stage.remote.commit("main", "Another", &[File::new("another", "")]);
            checkout
        },
        told: "`main` is not at",
    },
    Obstacle {
        name: "ahead",
        make: |stage| {
            after(stage, &["-c", "user.name=n", "-c", "user.email=n@x.org", "commit", "-qm", "Mine", "--allow-empty"])
        },
        told: "`main` is not at",
    },
    Obstacle {
        name: "a merge",
        make: |stage| {
            changed(stage, |checkout| {
                fs::write(checkout.path().join(".git/MERGE_HEAD"), checkout.head() + "\n").unwrap();
            })
        },
        told: "is not finished there",
    },
    Obstacle {
        name: "another git",
        make: |stage| changed(stage, |checkout| checkout.write(".git/index.lock", b"")),
        told: "the index cannot be locked",
    },
    Obstacle {
        name: "an index that is damaged",
        make: |stage| changed(stage, |checkout| edit_index(checkout, |index| index[100] ^= 1)),
        told: "the index cannot be read",
    },
    Obstacle {
        name: "an index that is cut off",
        make: |stage| changed(stage, |checkout| edit_index(checkout, |index| index.truncate(100))),
        told: "the index cannot be read: it is cut off",
    },
    Obstacle {
        name: "an index of tomorrow",
        make: |stage| {
            changed(stage, |checkout| {
                edit_index(checkout, |index| {
                    let body = index.len() - 20;
                    index.truncate(body);
                    index.extend(b"next\0\0\0\0");
                    index.extend([0; 20]);
                });
            })
        },
        told: "the index cannot be read",
    },
    Obstacle {
        name: "to be added",
        make: |stage| {
            changed(stage, |checkout| {
                git(checkout, &["rm", "--quiet", "--cached", FILE]);
                git(checkout, &["add", "--intent-to-add", FILE]);
            })
        },
        told: CHANGES,
    },
    Obstacle {
        name: "another git at the branch",
        make: |stage| changed(stage, |checkout| checkout.write(".git/refs/heads/main.lock", b"")),
        told: "HEAD cannot be moved",
    },
    Obstacle {
        name: "a log of HEAD that cannot be written",
        make: |stage| changed(stage, |checkout| lead_nowhere(checkout, ".git/logs/HEAD")),
        told: ".git/logs/HEAD` cannot be written: ",
    },
    Obstacle {
        name: "a log of the branch that cannot be written",
        make: |stage| changed(stage, |checkout| lead_nowhere(checkout, ".git/logs/refs/heads/main")),
        told: ".git/logs/refs/heads/main` cannot be written: ",
    },
    Obstacle {
        name: "a log of another branch in the place of the branch's",
        make: |stage| {
            changed(stage, |checkout| {
                remove(checkout, ".git/logs/refs/heads/main");
                fs::create_dir(checkout.path().join(".git/logs/refs/heads/main")).unwrap();
                checkout.write(".git/logs/refs/heads/main/web", b"");
            })
        },
        told: ".git/logs/refs/heads/main` cannot be written: Is a directory",
    },
    Obstacle {
        name: "sparse index",
        make: |stage| after(stage, &["sparse-checkout", "set", "--sparse-index", FOLDER]),
        told: "its index is sparse",
    },
    Obstacle {
        name: "filter",
        make: |stage| {
            stage.remote.commit("main", "Filter", &attributes("*.yaml filter=turn"));
            clone(stage, &["-c", "filter.turn.smudge=tr a-z b-za", "-c", "filter.turn.clean=tr b-za a-z"])
        },
        told: FILTER,
    },
    Obstacle {
        name: "keywords",
        make: |stage| {
            stage.remote.commit("main", "Expand", &attributes("*.yaml ident"));
            shallow(stage)
        },
        told: FILTER,
    },
    Obstacle {
        name: "line ends that are changed",
        make: |stage| changed(stage, |at| at.write(FILE, SEED.replace('\n', "\r\n").as_bytes())),
        told: CHANGES,
    },
    Obstacle {
        name: "no room for objects",
        make: |stage| changed(stage, block_objects),
        told: "the commit cannot be written",
    },
    Obstacle {
        name: "encoding",
        make: |stage| {
            stage.remote.commit("main", "Encode", &attributes("*.yaml text working-tree-encoding=UTF-16LE"));
            shallow(stage)
        },
        told: FILTER,
    },
    Obstacle { name: "trees that are away", make: without_trees, told: "it lacks parts of" },
];

const FILTER: &str = "`4-gitops/manifests/kustomization.yaml` goes through a filter of git";

const CHANGES: &str = "`4-gitops/manifests/kustomization.yaml` has uncommitted changes";

/// Makes a link of HEAD, as `core.preferSymlinkRefs` does.
fn link_head(checkout: &Checkout) {
    git(checkout, &["-c", "core.preferSymlinkRefs=true", "symbolic-ref", "HEAD", "refs/heads/main"]);
    assert!(checkout.path().join(".git/HEAD").is_symlink());
}

/// The branch that it names is checked out, so that it is the one to release to.
#[test]
fn a_head_that_is_a_link_names_a_branch() {
    let stage = Stage::new();
    stage.remote.git(["branch", "other", "main"]).run().success();
    stage.remote.git(["symbolic-ref", "HEAD", "refs/heads/other"]).run().success();
    let checkout = clone(&stage, &["--branch=main"]);
    link_head(&checkout);
    let release = tagship().home(&stage.home).current_dir(checkout.path()).args(["release", "-k", FOLDER]);
    release.arg(stage.argument()).run().success();
    assert_eq!(stage.remote.number_of_commits("main"), 2);
    assert!(checkout.path().join(".git/HEAD").is_symlink());
    assert_eq!(checkout.head(), stage.remote.tip("main").unwrap());
    let here = tagship().home(&stage.home).current_dir(checkout.path()).args(["release", "--no-push", "-k", FOLDER]);
    here.args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"]).run().success();
    assert!(checkout.path().join(".git/HEAD").is_symlink());
    assert_eq!(git(&checkout, &["rev-list", "--count", "origin/main..main"]), "1\n");
    assert_eq!(checkout.status(), "");
}

fn remove(checkout: &Checkout, path: &str) {
    fs::remove_file(checkout.path().join(path)).unwrap();
}

fn edit_index(checkout: &Checkout, edit: impl Fn(&mut Vec<u8>)) {
    let mut index = checkout.read(".git/index");
    edit(&mut index);
    checkout.write(".git/index", &index);
}

/// Makes a link of a file that leads to itself, so that no user can write it.
fn lead_nowhere(checkout: &Checkout, path: &str) {
    remove(checkout, path);
    std::os::unix::fs::symlink(checkout.path().join(path), checkout.path().join(path)).unwrap();
}

/// Takes the room in which git keeps new objects. That stops root too.
fn block_objects(checkout: &Checkout) {
    for prefix in 0..=u8::MAX {
        let folder = checkout.path().join(format!(".git/objects/{prefix:02x}"));
        if !folder.exists() {
            fs::write(folder, "").unwrap();
        }
    }
}

/// Returns a partial clone that has nothing but its commit any more, beside index and files.
fn without_trees(stage: &Stage) -> Checkout {
    let checkout = clone(stage, &["--filter=tree:0"]);
    let drop_others = r#"for index in .git/objects/pack/*.idx; do
        git show-index <"$index" | grep -q "$1" || rm -f "${index%.idx}".*
    done"#;
    let script = Command::new("sh").current_dir(checkout.path()).args(["-c", drop_others, "sh"]).arg(checkout.head());
    script.run().success();
    checkout
}

/// Everything in a checkout that a release could have changed.
fn state(checkout: &Checkout) -> [Vec<u8>; 3] {
    let refs = git(checkout, &["show-ref", "--head"]);
    let read = |path| fs::read(checkout.path().join(path)).unwrap_or_default();
    [refs.into_bytes(), read(".git/index"), read(FILE)]
}

/// Git writes to the logs that it keeps, and makes those that are missing.
#[test]
fn a_log_that_is_not_kept_is_not_in_the_way() {
    for make in [
        |checkout: &Checkout| {
            git(checkout, &["config", "core.logAllRefUpdates", "false"]);
            lead_nowhere(checkout, ".git/logs/HEAD");
        },
        |checkout: &Checkout| fs::remove_dir_all(checkout.path().join(".git/logs")).unwrap(),
        // A branch `main/web` was there before.
        |checkout: &Checkout| {
            remove(checkout, ".git/logs/refs/heads/main");
            fs::create_dir(checkout.path().join(".git/logs/refs/heads/main")).unwrap();
        },
    ] {
        let stage = Stage::new();
        let checkout = changed(&stage, make);
        release(&stage, &checkout).run().success();
        assert_eq!(checkout.head(), stage.remote.tip("main").unwrap());
        assert_eq!(checkout.status(), "");
    }
}

#[test]
fn what_is_in_the_way_is_left_alone() {
    for obstacle in OBSTACLES {
        println!("{}", obstacle.name);
        let stage = Stage::new();
        let checkout = (obstacle.make)(&stage);
        let before = state(&checkout);
        let output = release(&stage, &checkout).arg("--no-check").run().success();
        output
            .stdout_has("note    the checkout was left as it is: ")
            .stdout_has(obstacle.told)
            .stdout_has("\nreleased\n");
        assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
        assert_eq!(state(&checkout), before);
        assert_eq!(left_behind(&checkout), [""; 0]);
    }
}

/// Returns the temporary files of ours that are still in the checkout.
fn left_behind(checkout: &Checkout) -> Vec<String> {
    let found = Command::new("find").arg(checkout.path()).args(["-name", ".tagship-*"]).run().success();
    found.stdout().lines().map(str::to_owned).collect()
}

/// What a run left that was killed is removed by a later one, if no run that is still at work can have it.
#[test]
fn temporary_files_of_a_run_that_was_killed() {
    let stage = Stage::new();
    let checkout = shallow(&stage);
    let git_dir = checkout.path().join(".git");
    for (name, hours) in
        [(".tagship-Ab3dEf", 25), (".tagship-Gh1jKl", 0), (".tagship-notes", 0), (".tagship-archive", 25)]
    {
        let file = fs::File::create(git_dir.join(name)).unwrap();
        let then = std::time::SystemTime::now() - Duration::from_secs(hours * 3600);
        file.set_modified(then).unwrap();
    }
    release(&stage, &checkout).run().success();
    let mut left = left_behind(&checkout);
    left.sort();
    let left: Vec<_> = left.iter().map(|path| path.rsplit('/').next().unwrap()).collect();
    assert_eq!(left, [".tagship-Gh1jKl", ".tagship-archive", ".tagship-notes"]);
}

/// A remote-tracking branch that cannot be written is told with its path once.
#[test]
fn a_tracking_branch_that_cannot_be_written_is_told_once() {
    let stage = Stage::new();
    let checkout = shallow(&stage);
    let folder = checkout.path().join(".git/refs/remotes/origin");
    fs::remove_dir_all(&folder).ok();
    fs::write(&folder, "no folder").unwrap();
    let stdout = release(&stage, &checkout).run().success().stdout();
    let note = stdout.lines().find(|line| line.contains("was not moved")).unwrap_or_else(|| panic!("{stdout}"));
    assert!(note.matches("remotes/origin").count() <= 2, "{note}");
    assert!(!note.contains("Could not prepare"), "{note}");
}

/// What is in the way is named once.
#[test]
fn a_lock_is_named_once() {
    for lock in ["index.lock", "HEAD.lock"] {
        let stage = Stage::new();
        let checkout = shallow(&stage);
        let path = checkout.path().join(".git").join(lock);
        fs::write(&path, "").unwrap();
        let output = release(&stage, &checkout).run().success();
        let stdout = output.stdout();
        let note = stdout.lines().find(|line| line.contains("the checkout was left as it is")).unwrap();
        assert_eq!(note.matches(lock).count(), 1, "{note}");
        assert!(note.contains("is there already; delete it if no other git is at work"), "{note}");
    }
}

/// A checkout that has nothing to do with the branch is mentioned with `-v` only.
#[test]
fn what_is_elsewhere_is_left_alone_silently() {
    for make in [
        |stage: &Stage| after(stage, &["switch", "--quiet", "--create", "feature"]),
        |stage: &Stage| {
            changed(stage, |checkout| {
                checkout.detach();
                let who = ["-c", "user.name=n", "-c", "user.email=n@x.org"];
                git(checkout, &[&who[..], &["commit", "-qm", "Mine", "--allow-empty"]].concat());
            })
        },
    ] {
        let stage = Stage::new();
        let checkout = make(&stage);
        let before = state(&checkout);
        let output = release(&stage, &checkout).run().success();
        assert!(!output.stdout().contains("checkout"), "{}", output.stdout());
        let verbose = release(&stage, &checkout).args(["-v", "--no-check", "IMAGE_PLACEHOLDER=*:v2"]);
        verbose.run().success().stdout_has("the checkout was left as it is: HEAD is elsewhere");
        assert_eq!(state(&checkout), before);
    }
}

/// Git sees by a file's times that it was not changed, unless the index is no younger: an index that is written again
/// must not make it blind for what was changed in the second in which the old one was written.
#[test]
fn a_change_as_old_as_the_index_is_still_seen() {
    let stage = Stage::new();
    let checkout = shallow(&stage);
    let (index, other) = (checkout.path().join(".git/index"), checkout.path().join(OTHER));
    let then = fs::metadata(&index).unwrap().modified().unwrap() - Duration::from_secs(60);
    let set_time = |path: &Path| fs::File::options().append(true).open(path).unwrap().set_modified(then).unwrap();
    git(&checkout, &["config", "core.trustctime", "false"]);
    set_time(&other);
    git(&checkout, &["update-index", "--refresh"]);
    let changed = String::from_utf8(checkout.read(OTHER)).unwrap().replace("kind", "KIND");
    checkout.write(OTHER, changed.as_bytes());
    set_time(&other);
    set_time(&index);
    release(&stage, &checkout).run().success();
    assert_eq!(checkout.head(), stage.remote.tip("main").unwrap());
    assert_eq!(checkout.status(), format!(" M {OTHER}\n"));
}

/// The index is not in memory as a whole, which would be 20 MB more; its cached trees, of 3 MB, are there once.
#[test]
fn memory_does_not_grow_with_the_index() {
    let peaks = [10, 100_000].map(|files| {
        let stage = Stage::new();
        let checkout = shallow(&stage);
        let blob = git(&checkout, &["rev-parse", &format!("HEAD:{OTHER}")]);
        let entry = |number| format!("100644 {}\tmany/{number:05}/file.yaml\n", blob.trim());
        let entries: String = (0..files).map(entry).collect();
        checkout.git(["update-index", "--index-info"]).stdin(entries).run().success();
        git(&checkout, &["write-tree"]);
        let (output, peak) = release(&stage, &checkout).arg("--no-push").start().finish_with_peak();
        output.success();
        let committed = git(&checkout, &["rev-parse", &format!("HEAD:{FILE}")]);
        assert_eq!(git(&checkout, &["rev-parse", &format!(":{FILE}")]), committed);
        assert_eq!(git(&checkout, &["ls-files", "many"]).lines().count(), files);
        peak
    });
    assert!(peaks[0] > 0 && peaks[1] < peaks[0] + 5_000_000, "{peaks:?} bytes");
}

/// The index is written after the files: if that fails, they are put back.
#[test]
fn a_disk_that_is_full_changes_nothing() {
    let stage = Stage::new();
    let many: Vec<_> = (0..200).map(|i| File::new(&format!("many/{i:03}"), "")).collect();
    stage.remote.commit("main", "Make the index large", &many);
    let checkout = shallow(&stage);
    let before = state(&checkout);
    let limited = r#"trap "" XFSZ; ulimit -f 16; exec "$@""#;
    let command = Command::new("sh").home(&stage.home).current_dir(checkout.path()).args(["-c", limited, "sh"]);
    let command = command.arg(env!("CARGO_BIN_EXE_tagship")).args(["release", "-k", FOLDER]).arg(stage.argument());
    command.run().success().stdout_has("left as it is: the index cannot be written").stdout_has("released");
    assert_eq!(state(&checkout), before);
    assert_eq!(checkout.status(), "");
    assert_eq!(left_behind(&checkout), [""; 0]);
    assert!(!checkout.path().join(".git/index.lock").exists());
    stage.remote.fsck();
}

/// If HEAD cannot move at the very end, as on a disk that is full, the release is staged, and the next commit does not take it back.
#[test]
fn a_head_that_does_not_move_leaves_the_release_staged() {
    let stage = Stage::new();
    let checkout = shallow(&stage);
    let log = checkout.path().join(".git/logs/HEAD");
    fs::remove_file(&log).unwrap();
    std::os::unix::fs::symlink("/dev/full", &log).unwrap();
    let output = release(&stage, &checkout).run().success();
    output.stdout_has("note    the commit is staged in the checkout, and HEAD did not move");
    assert_eq!(checkout.status(), format!("M  {FILE}\n"));
    assert_eq!(checkout.read(FILE), stage.released().as_bytes());
    git(&checkout, &["restore", "--staged", "--worktree", "."]);
    let output = release(&stage, &checkout).arg("--no-push").run().exit(1);
    output
        .stderr_has("error: the commit is staged in the checkout, and HEAD did not move")
        .stderr_has("hint: `git commit` commits it; `git restore --staged --worktree PATH` takes it back");
}

type Change<'a> = &'a dyn Fn(&Checkout);

/// The branch of the remote's, in places where it cannot be moved. git pushes, says so, and goes on.
#[test]
fn a_remote_tracking_branch_in_the_way_does_not_keep_head_back() {
    let set = |checkout: &Checkout, name: &str| drop(git(checkout, &["update-ref", name, "HEAD"]));
    let only_deeper = |checkout: &Checkout| {
        git(checkout, &["remote", "set-head", "origin", "--delete"]);
        git(checkout, &["update-ref", "-d", "refs/remotes/origin/main"]);
        set(checkout, "refs/remotes/origin/main/1");
    };
    let packed = |checkout: &Checkout| {
        only_deeper(checkout);
        git(checkout, &["pack-refs", "--all"]);
    };
    let above = |checkout: &Checkout| {
        git(checkout, &["remote", "set-head", "origin", "--delete"]);
        git(checkout, &["update-ref", "-d", "refs/remotes/origin/main"]);
        set(checkout, "refs/remotes/origin");
    };
    let locked = |checkout: &Checkout| checkout.write(".git/refs/remotes/origin/main.lock", b"");
    let logs = |checkout: &Checkout| {
        fs::remove_file(checkout.path().join(".git/logs/refs/remotes/origin/main")).ok();
        fs::create_dir_all(checkout.path().join(".git/logs/refs/remotes/origin/main")).unwrap();
        checkout.write(".git/logs/refs/remotes/origin/main/1", b"");
    };
    let cases: [(&str, Change<'_>, &str); 5] = [
        ("loose", &only_deeper, "`refs/remotes/origin/main/1`"),
        ("packed", &packed, "`refs/remotes/origin/main/1`"),
        ("above", &above, "`refs/remotes/origin`"),
        ("locked", &locked, "main.lock"),
        ("logs", &logs, ""),
    ];
    for (name, change, told) in cases {
        println!("{name}");
        let stage = Stage::new();
        let checkout = changed(&stage, change);
        let references = git(&checkout, &["for-each-ref", "--format=%(refname) %(objectname)", "refs/remotes"]);
        let output = release(&stage, &checkout).run().success();
        output.stdout_has("note    `refs/remotes/origin/main` was not moved").stdout_has(told);
        assert_eq!(checkout.head(), stage.remote.tip("main").unwrap());
        assert_eq!(checkout.status(), "");
        let now = git(&checkout, &["for-each-ref", "--format=%(refname) %(objectname)", "refs/remotes"]);
        assert_eq!(now, references);
        git(&checkout, &["pack-refs", "--all"]);
    }
}

/// Refspecs and references of other shapes, as git has them after a push.
#[test]
fn a_remote_tracking_branch_of_another_shape_is_moved_as_by_git() {
    let mirror =
        |checkout: &Checkout| drop(git(checkout, &["config", "remote.origin.fetch", "+refs/heads/*:refs/heads/*"]));
    let symbolic = |checkout: &Checkout| {
        git(checkout, &["update-ref", "refs/remotes/origin/real", "HEAD"]);
        git(checkout, &["symbolic-ref", "refs/remotes/origin/main", "refs/remotes/origin/real"]);
    };
    let of_head =
        |checkout: &Checkout| drop(git(checkout, &["symbolic-ref", "refs/remotes/origin/main", "refs/heads/main"]));
    let cases: [(&str, Change<'_>, &[&str]); 3] = [
        ("mirror", &mirror, &["refs/heads/main"]),
        ("symbolic", &symbolic, &["refs/remotes/origin/main", "refs/remotes/origin/real"]),
        ("head's own", &of_head, &["refs/remotes/origin/main", "refs/heads/main"]),
    ];
    for (name, change, moved) in cases {
        println!("{name}");
        let stage = Stage::new();
        let checkout = changed(&stage, change);
        let kinds = ["for-each-ref", "--format=%(refname) %(symref)"];
        let before = git(&checkout, &kinds);
        let output = release(&stage, &checkout).run().success();
        assert!(!output.stdout().contains("was not moved"), "{}", output.stdout());
        let tip = stage.remote.tip("main").unwrap();
        assert_eq!(checkout.head(), tip);
        assert_eq!(checkout.status(), "");
        assert_eq!(git(&checkout, &kinds), before);
        for reference in moved {
            assert_eq!(git(&checkout, &["rev-parse", reference]).trim(), tip, "{reference}");
        }
    }
}

/// As with git, other names of the same file keep the old content.
#[test]
fn a_hard_link_is_cut() {
    let stage = Stage::new();
    let checkout = shallow(&stage);
    let link: PathBuf = stage.home.path().join("link");
    fs::hard_link(checkout.path().join(FILE), &link).unwrap();
    release(&stage, &checkout).run().success();
    assert_eq!(fs::read_to_string(link).unwrap(), SEED);
    assert_eq!(checkout.read(FILE), stage.released().as_bytes());
    assert_eq!(checkout.status(), "");
}

/// A container sees a workspace that belongs to the runner's user, who must be able to go on in it.
#[test]
fn the_checkout_of_another_user_stays_theirs() {
    let stage = Stage::new();
    stage.remote.git(["branch", "release/prod", "main"]).run().success();
    let checkout = clone(&stage, &["--branch=release/prod"]);
    if Command::new("chown").args(["-R", "12345:12345"]).arg(checkout.path()).run().code != Some(0) {
        println!("skipped: files cannot be given away");
        return;
    }
    let command = tagship().home(&stage.home).current_dir(checkout.path()).args(["release", "-k", FOLDER]);
    let output = command.arg(stage.argument()).env("CI", "true").run().success();
    assert!(!output.stdout().contains("checkout"), "{}", output.stdout());
    let foreign = Command::new("find").arg(checkout.path()).args(["!", "-user", "12345"]).run().success();
    assert_eq!(foreign.stdout(), "");
    let trusted = format!("safe.directory={}", checkout.path().display());
    let status = checkout.git(["-c", &trusted, "status", "--porcelain", "--branch"]);
    // Git takes that setting from the user's own configuration alone.
    let status = status.env("GIT_CONFIG_GLOBAL", stage.home.write("gitconfig", "[safe]\n\tdirectory = *\n"));
    assert_eq!(status.run().success().stdout(), "## release/prod...origin/release/prod\n");
}

/// The files of a repository that a group or everyone shares (`core.sharedRepository`) are as git leaves them, whatever the
/// umask is.
#[cfg(target_os = "linux")]
#[test]
fn a_shared_repository_stays_shared() {
    use std::os::unix::fs::PermissionsExt as _;
    for (shared, folder, file, object) in [
        ("group", 0o2770, 0o660, 0o440),
        ("true", 0o2770, 0o660, 0o440),
        ("all", 0o2775, 0o664, 0o444),
        ("0640", 0o2750, 0o640, 0o440),
        ("umask", 0o700, 0o600, 0o400),
        ("", 0o700, 0o600, 0o400),
    ] {
        let stage = Stage::new();
        let checkout = shallow(&stage);
        if !shared.is_empty() {
            git(&checkout, &["config", "core.sharedRepository", shared]);
        }
        let git_dir = checkout.path().join(".git");
        // Made anew by what follows.
        for folder in ["logs", "refs/remotes"] {
            fs::remove_dir_all(git_dir.join(folder)).unwrap();
        }
        let before = folders(&git_dir.join("objects"));
        let release = release(&stage, &checkout).arg("--no-check");
        release.behind(&["sh", "-c", "umask 077; exec \"$@\"", "sh"]).run().success();
        assert_eq!(checkout.head(), stage.remote.tip("main").unwrap());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        for (path, expected) in [
            ("index", file),
            ("logs", folder),
            ("logs/HEAD", file),
            ("logs/refs/heads", folder),
            ("logs/refs/heads/main", file),
            ("refs/heads/main", file),
            ("refs/remotes/origin", folder),
            ("refs/remotes/origin/main", file),
        ] {
            let mode = mode(&git_dir.join(path));
            assert_eq!(mode, expected, "{shared}: {path} is {mode:o}");
        }
        let new: Vec<_> = folders(&git_dir.join("objects")).into_iter().filter(|path| !before.contains(path)).collect();
        assert!(!new.is_empty());
        for path in new {
            let written = fs::read_dir(&path).unwrap().next().unwrap().unwrap().path();
            let [of_folder, of_object] = [mode(&path), mode(&written)];
            assert_eq!([of_folder, of_object], [folder, object], "{shared}: {of_folder:o} {of_object:o}");
        }
    }
}

#[cfg(target_os = "linux")]
fn folders(path: &Path) -> Vec<PathBuf> {
    fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// Two files, one of them in the way: neither follows.
#[test]
fn all_files_follow_or_none() {
    let stage = Stage::new();
    let files = ["dev", "prod"].map(|name| File::new(&format!("{name}/kustomization.yaml"), SEED));
    stage.remote.commit("main", "Add overlays", &files);
    let checkout = shallow(&stage);
    let release = |argument: &str| -> Output {
        let command = tagship().home(&stage.home).current_dir(checkout.path()).args(["release", "--no-check"]);
        command.args(["-k", "dev", "-k", "prod"]).arg(argument).run().success()
    };
    release(&format!("IMAGE_PLACEHOLDER=*:{COMMIT}"));
    assert_eq!(checkout.status(), "");
    assert_eq!(checkout.head(), stage.remote.tip("main").unwrap());
    checkout.write("prod/kustomization.yaml", b"mine\n");
    release("IMAGE_PLACEHOLDER=*:v2").stdout_has("`prod/kustomization.yaml` has uncommitted changes");
    assert_eq!(checkout.status(), " M prod/kustomization.yaml\n");
}

/// Nothing is brought forward before the push has succeeded.
#[test]
fn a_push_that_is_refused_changes_nothing() {
    let stage = Stage::new();
    let checkout = shallow(&stage);
    stage.remote.protect("main");
    let before = state(&checkout);
    release(&stage, &checkout).run().exit(8);
    assert_eq!(state(&checkout), before);
    assert_eq!(checkout.git(["count-objects"]).run().stdout(), git(&shallow(&stage), &["count-objects"]));
}
