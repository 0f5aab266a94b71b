//! The way back where history is not straight, and what stays away after it.

use serde_json::Value;

use crate::history::{Environments, PRODUCTION, document, kustomization, rollback, tags};
use crate::support::command::Output;
use crate::support::repository::{File, Mode};

const PATH: &str = "overlays/production/kustomization.yaml";

/// Returns environments in which `web` was released as `v1.0.0`, `v1.1.0` and so on, from source commits 1, 2 and so on.
fn released(count: u32) -> Environments {
    let environments = Environments::new();
    for number in 0..count {
        environments.release(PRODUCTION, "web", &format!("v1.{number}.0"), number + 1).success();
    }
    environments
}

#[track_caller]
fn ends(output: &Output, expected: &str) {
    assert_eq!(document(output)["outcome"], expected, "{}{}", output.stdout(), output.stderr());
}

fn noise(environments: &Environments, commits: u32) {
    for number in 0..commits {
        let file = File::new("noise", number.to_string());
        environments.stage.remote.commit("main", "Something else", &[file]);
    }
}

/// How many commits others have made since is nothing to it.
#[test]
fn what_was_rolled_back_long_after_stays_away() {
    let environments = released(2);
    noise(&environments, 60);
    rollback(&environments, &["web"]).run().success();
    ends(&environments.release(PRODUCTION, "web", "v1.1.0", 2), "superseded");
    noise(&environments, 60);
    ends(&environments.release(PRODUCTION, "web", "v1.1.0", 2), "superseded");
    ends(&environments.release(PRODUCTION, "web", "v1.2.0", 3), "released");
}

/// What others wrote into the file is taken back as well as our own releases.
#[test]
fn what_was_written_by_hand_and_rolled_back_stays_away() {
    let environments = released(1);
    let by_hand = environments.file(PRODUCTION).replace("v1.0.0", "v1.1.0");
    environments.stage.remote.commit("main", "By hand", &[File::new(PATH, by_hand)]);
    rollback(&environments, &["web"]).run().success();
    ends(&environments.release(PRODUCTION, "web", "v1.1.0", 2), "superseded");
    ends(&environments.release(PRODUCTION, "web", "v1.2.0", 3), "released");
}

/// Where one tag is moved, or there is none, the digest tells what was taken back.
#[test]
fn a_digest_that_was_rolled_back_stays_away() {
    for tag in ["", ":latest"] {
        let environments = Environments::new();
        let release = |digit: u32| {
            let image = format!("web{tag}@sha256:{digit:064x}");
            environments.run("release", &["-k", PRODUCTION, "--no-check", "--output", "json", &image]).run()
        };
        for digit in [1, 2] {
            ends(&release(digit), "released");
        }
        rollback(&environments, &["--no-check", "web"]).run().success();
        ends(&release(2), "superseded");
        ends(&release(3), "released");
    }
}

/// To go back to what was rolled back once takes back all that has come since.
#[test]
fn back_to_what_was_rolled_back_before() {
    let environments = released(2);
    let rolled_back = environments.tip();
    rollback(&environments, &["web"]).run().success();
    let first_rollback = environments.tip();
    environments.release(PRODUCTION, "web", "v1.2.0", 3).success();
    let image = format!("web={}/org/web:v1.2.0", environments.stage.registry.address());
    for to in [rolled_back, first_rollback] {
        // Whoever insists may have it all the same.
        environments.run("release", &["-k", PRODUCTION, "--on-superseded", "allow", &image]).run().success();
        let output = rollback(&environments, &["--to", &to, "web"]).run().success();
        ends(&output, "released");
        output.stderr_has(" back    ");
        ends(&environments.release(PRODUCTION, "web", "v1.2.0", 3), "superseded");
    }
}

/// A file that was broken, or gone, for a while is neither a release nor in the way.
#[test]
fn over_a_time_without_the_file() {
    let broken = File::new(PATH, "<<<<<<< HEAD\nimages: [\n");
    let gone = File::new(PATH, "").mode(Mode::Deleted);
    for (what, away) in [("broken", broken), ("gone", gone)] {
        let environments = released(2);
        let good = environments.file(PRODUCTION);
        let remote = &environments.stage.remote;
        remote.commit("main", "Oh no", &[away]);
        remote.commit("main", "Mend it", &[File::new(PATH, good)]);
        let releases = environments.log(&["-k", PRODUCTION, "web"]);
        if what == "broken" {
            assert_eq!(tags(&releases), ["v1.1.0", "v1.0.0", "v0.9.0"], "{what}");
        }
        rollback(&environments, &["web"]).run().success();
        assert!(environments.file(PRODUCTION).contains("v1.0.0"), "{what}");
        ends(&environments.release(PRODUCTION, "web", "v1.1.0", 2), "superseded");
    }
}

/// What a person wants to go back from is what they have seen: a release that comes in between is not taken back unseen.
#[test]
fn a_release_in_between_is_not_taken_back() {
    let environments = released(2);
    let (seen, remote) = (environments.tip(), &environments.stage.remote);
    let text = environments.file(PRODUCTION);
    let mended = remote.commit("main", "Mended", &[File::new(PATH, text.replace("v1.1.0", "v1.2.0"))]);
    remote.git(["update-ref", "refs/heads/main", &seen]).run().success();
    let race = |commit: &str| {
        // The hook runs before the ref is moved: the server then finds that somebody was faster.
        let script = format!(
            "[ -e raced-{commit} ] && exit 0\ntouch raced-{commit}\n\
             env -u GIT_QUARANTINE_PATH git update-ref refs/heads/main {commit}\n"
        );
        remote.hook("pre-receive", &script);
    };
    race(&mended);
    let output = rollback(&environments, &["web"]).run().exit(9);
    assert_eq!(document(&output)["error"]["kind"], "guarded");
    output.stderr_has("`web` was changed in the meantime").stderr_has("`tagship log`");
    assert_eq!(environments.tip(), mended);
    // What else was committed is in nobody's way.
    let tip = remote.commit("main", "Something else", &[File::new("noise", "1")]);
    remote.git(["update-ref", "refs/heads/main", &mended]).run().success();
    race(&tip);
    let output = rollback(&environments, &["web"]).run().success();
    assert_eq!(document(&output)["attempts"], Value::from(2));
    assert!(environments.file(PRODUCTION).contains("v1.1.0"));
    assert_eq!(kustomization(&[]).lines().next(), environments.file(PRODUCTION).lines().next());
}

/// A fix for what was gone back to may be let through; what was rolled back before it is still no newer build.
#[test]
fn what_was_rolled_back_stays_away_after_a_fix() {
    let environments = released(3);
    rollback(&environments, &["web"]).run().success();
    ends(&environments.release(PRODUCTION, "web", "v1.1.1", 9), "superseded");
    let image = format!("web={}/org/web:v1.1.1", environments.stage.registry.address());
    let allowed = ["-k", PRODUCTION, "--on-superseded", "allow", "--output", "json", &image];
    ends(&environments.run("release", &allowed).run().success(), "released");
    ends(&environments.release(PRODUCTION, "web", "v1.2.0", 3), "superseded");
    ends(&environments.release(PRODUCTION, "web", "v1.2.1", 10), "released");
}

/// How far back is looked is not judged by what was taken back already.
#[test]
fn the_way_back_over_many_commits_of_others() {
    let environments = released(1);
    noise(&environments, 110);
    for (tag, source) in [("v1.1.0", 2), ("v1.2.0", 3), ("v1.3.0", 4)] {
        environments.release(PRODUCTION, "web", tag, source).success();
    }
    rollback(&environments, &["--to", "v1.1.0", "web"]).run().success();
    rollback(&environments, &["web"]).run().success();
    assert!(environments.file(PRODUCTION).contains("v1.0.0"), "{}", environments.file(PRODUCTION));
}
