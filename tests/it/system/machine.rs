//! A machine that fails: no memory, a full disk, a clock that is wrong, and a home and temporary folder that cannot be written. A
//! release is made or it is not, what is on disk stays whole, and the same command again ends well.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::pipeline::document;
use crate::stage::{FILE, FOLDER, Stage, tagship};
use crate::support::command::{Command, Home, is_root};
use crate::support::git_server::{Access, GitServer};
use crate::support::repository::Checkout;

/// Runs a command within a limit that the shell sets, such as `-f 0`: no file gets any content. What is written beyond it is an
/// error, as if the disk were full, and no signal.
fn limited(command: Command, limit: &str) -> Command {
    command.behind(&["sh", "-c", &format!(r#"trap "" XFSZ; ulimit {limit}; exec "$@""#), "sh"])
}

/// A container allows few processes, and each thread counts as one.
#[cfg(target_os = "linux")]
#[test]
fn too_few_threads_are_told_in_plain_words() {
    if !is_root() {
        return;
    }
    let stage = Stage::new();
    let server = GitServer::start(stage.remote.folder(), Access::Open);
    let mut refused = 0;
    for limit in 1..8 {
        // A user of its own: the limit counts all that run under its name.
        let as_other =
            ["setpriv", "--reuid=61234", "--regid=61234", "--clear-groups", "prlimit", &format!("--nproc={limit}")];
        let release =
            tagship().args(["release", "--no-check", "--dry-run", "-k", FOLDER, "--branch", "main", "--repo"]);
        let release = release.arg(server.url("gitops.git")).arg("IMAGE_PLACEHOLDER=*:v2").current_dir("/");
        let output = release.behind(&as_other).run();
        if output.code != Some(0) {
            refused += 1;
            output.exit(1).stderr_has("error: ").stderr_has("hint: raise the limit of processes");
        }
    }
    assert!(refused > 2, "the limit does not count here");
}

#[test]
fn too_little_memory_loses_nothing() {
    let mut ended_early = 0;
    // In kB of addresses: from less than the program's own file to enough.
    for limit in [60_000, 110_000, 120_000, 130_000, 150_000, 200_000, 4_000_000] {
        let stage = Stage::new();
        let release = || stage.release().arg(stage.argument());
        let output = limited(release(), &format!("-v {limit}")).run();
        if output.code == Some(0) {
            assert_eq!(stage.remote.number_of_commits("main"), 2, "{limit} kB: it told a release that is not there");
        } else {
            ended_early += 1;
            assert!(!output.stderr().is_empty(), "{limit} kB: it does not say why it ended");
        }
        println!("{limit} kB: {:?} {}", output.code, output.stderr());
        release().run().success();
        assert_eq!(stage.remote.number_of_commits("main"), 2, "{limit} kB");
        assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes(), "{limit} kB");
        stage.remote.fsck();
    }
    assert!((1..7).contains(&ended_early), "{ended_early} of 7 limits ended the release");
}

#[test]
fn a_full_disk_leaves_a_file_as_it_was() {
    let home = Home::new();
    let text = "images:\n- name: a\n  newTag: v1\n";
    let file = home.write("kustomization.yaml", text);
    let set = || tagship().home(&home).current_dir(home.path()).args(["set", "a:v2"]);
    let before = fs::read_dir(home.path()).unwrap().count();
    limited(set(), "-f 0").run().exit(1).stderr_has("cannot write `kustomization.yaml`");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), before, "something is left behind");
    set().run().success();
    assert_eq!(fs::read_to_string(&file).unwrap(), text.replace("v1", "v2"));
}

/// The release stands, and is told where it can be.
#[test]
fn a_full_disk_does_not_hide_a_release() {
    let stage = Stage::new();
    // A server of its own, on which the limit is not.
    let server = GitServer::start(stage.remote.folder(), Access::Open);
    let result = stage.home.path().join("result.json");
    let release = || {
        let release = stage.release_to(&server.url("gitops.git")).args(["--output", "json"]);
        let release = release.args(["--result-file", &format!("json={}", result.display())]);
        release.arg(stage.argument())
    };
    let output = limited(release(), "-f 0").run().exit(1).stderr_has("result.json");
    let document = document(&output);
    assert_eq!((&document["outcome"], &document["pushed"]), (&"released".into(), &true.into()));
    assert_eq!(stage.remote.number_of_commits("main"), 2);
    release().run().success().stdout_has("\"unchanged\"");
    assert!(fs::read_to_string(&result).unwrap().contains("\"unchanged\""));
}

/// Another machine's clock is a day ahead, or ours is a day behind: the branch's order counts, and no date.
#[test]
fn a_tip_of_tomorrow_changes_no_order() {
    let stage = Stage::new();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let commit = ["commit-tree", "-p", "main", "-m", "Ahead", "main^{tree}"];
    let ahead = stage.remote.git(commit).env("GIT_COMMITTER_DATE", format!("{} +0000", now + 86_400)).run().success();
    stage.remote.git(["update-ref", "refs/heads/main", ahead.stdout().trim()]).run().success();
    let run = |words: &[&str]| {
        let command = stage.tagship().args([words[0], "--repo", &stage.remote.file_url(), "-k", FOLDER]);
        let output = command.args(["--output", "json"]).args(words[1..].iter().copied()).run().success();
        document(&output)
    };
    for (tag, outcome) in
        [("v1.0.0", "released"), ("v1.1.0", "released"), ("v1.1.0", "unchanged"), ("v1.0.0", "superseded")]
    {
        let image = format!("IMAGE_PLACEHOLDER=*:{tag}");
        assert_eq!(run(&["release", "--no-check", &image])["outcome"], outcome, "{tag}");
    }
    assert_eq!(run(&["rollback", "--no-check", "IMAGE_PLACEHOLDER"])["outcome"], "released");
    let log = run(&["log"]);
    let tags: Vec<_> = log["releases"].as_array().unwrap().iter().map(|release| release["tag"].clone()).collect();
    assert_eq!(tags[..3], ["v1.0.0", "v1.1.0", "v1.0.0"]);
    stage.remote.fsck();
}

#[test]
fn a_home_and_a_temporary_folder_that_cannot_be_written() {
    for home in ["", "/proc/none", "/proc"] {
        let stage = Stage::new();
        let checkout = Checkout::shallow(&stage.remote.file_url());
        let mut release = stage.tagship().current_dir(checkout.path()).args(["release", "-k", FOLDER]);
        for name in ["HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"] {
            release = release.env(name, home);
        }
        release.arg(stage.argument()).run().success().stdout_has("released");
        assert_eq!(checkout.read(FILE), stage.released().as_bytes(), "{home:?}: the checkout follows");
        assert_eq!(checkout.status(), "", "{home:?}");
    }
}
