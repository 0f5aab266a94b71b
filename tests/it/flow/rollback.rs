//! The way back, also through a history that is not straight, and what stays away after it.

use serde_json::Value;

use crate::pipeline::{PRODUCTION, Pipeline, STAGING, document, ends, kustomization, tag_in, tags};
use crate::support::command::{Command, Output};
use crate::support::registry::Image;
use crate::support::repository::{File, Mode};

const PATH: &str = "overlays/production/kustomization.yaml";

/// Returns environments in which `web` was released as `v1.0.0`, `v1.1.0` and so on, from source commits 1, 2 and so on.
fn released(count: u32) -> Pipeline {
    let environments = Pipeline::with_environments();
    for number in 0..count {
        environments.release(PRODUCTION, "web", &format!("v1.{number}.0"), number + 1).success();
    }
    environments
}

fn rollback(environments: &Pipeline, arguments: &[&str]) -> Command {
    environments.run("rollback", &["-k", PRODUCTION, "--output", "json"]).args(arguments.iter().copied())
}

/// Returns the command that hints name.
fn log_command(environments: &Pipeline) -> String {
    let url = environments.stage.remote.file_url();
    format!("tagship log -k {PRODUCTION} --repo {url} --branch main web")
}

/// A build that was rolled back is meant all the same, and what it replaces was not bad before: that is told.
#[test]
fn a_way_back_to_what_was_rolled_back_keeps_nothing_away() {
    let environments = released(3);
    rollback(&environments, &["web"]).run().success();
    let again = rollback(&environments, &["--to", "v1.2.0", "web"]).run().success();
    ends(&again, "released");
    again.stderr_has("`v1.2.0` was rolled back itself, so this rollback blocks no later release");
    let other = rollback(&environments, &["--to", "v1.0.0", "web"]).run().success();
    ends(&other, "released");
    assert!(!other.stderr().contains("blocks no later release"), "{}", other.stderr());
}

#[test]
fn one_release_back() {
    let environments = Pipeline::with_environments();
    environments.release(PRODUCTION, "web", "v1.0.0", 1).success();
    let good = environments.file(PRODUCTION);
    environments.release(PRODUCTION, "web", "v1.1.0", 2).success();
    let bad = environments.tip();

    let dry = environments.run("rollback", &["-k", PRODUCTION, "--dry-run", "web"]).run().success().stdout();
    assert!(dry.contains(&format!(" back    {}  Release ", &bad[..7])), "{dry}");
    assert_eq!(environments.tip(), bad, "a dry run changes nothing");

    let output = rollback(&environments, &["web"]).run().success();
    assert_eq!(document(&output)["outcome"], "released");
    assert_eq!(document(&output)["rollback_of"], serde_json::json!([bad]));
    assert_eq!(environments.file(PRODUCTION), good, "to the byte");
    let commit = &environments.stage.remote.log("main")[0];
    assert_eq!(commit.trailer("Tagship-Rollback-Of"), [&bad]);
    assert_eq!(commit.trailer("Tagship-Source"), [format!("org/app@{:040x}", 1)]);
    assert!(commit.subject.starts_with("Roll back to ") && commit.subject.ends_with(":v1.0.0 [skip ci]"));
    environments.stage.remote.fsck();

    let releases = environments.log(&["-k", PRODUCTION, "web"]);
    assert_eq!(tags(&releases), ["v1.0.0", "v1.1.0", "v1.0.0", "v0.9.0"]);
    assert_eq!(releases[1]["rolled_back_by"], releases[0]["commit"]);
    assert_eq!(releases[0]["rollback_of"], serde_json::json!([bad]));
    assert_eq!(releases[1]["rollback_of"], serde_json::json!([]));
}

/// A pipeline that runs again does not bring back what was rolled back; the next build does go out.
#[test]
fn what_is_rolled_back_stays_away() {
    let environments = Pipeline::with_environments();
    for (tag, source) in [("v1.0.0", 1), ("v1.1.0", 2), ("v1.2.0", 3)] {
        environments.release(PRODUCTION, "web", tag, source).success();
    }
    rollback(&environments, &["web"]).run().success();
    assert_eq!(document(&environments.release(PRODUCTION, "web", "v1.2.0", 3).success())["outcome"], "superseded");
    // Twice back: both stay away.
    rollback(&environments, &["web"]).run().success();
    assert!(environments.file(PRODUCTION).contains("v1.0.0"));
    for (tag, source) in [("v1.2.0", 3), ("v1.1.0", 2)] {
        let output = environments.release(PRODUCTION, "web", tag, source).success();
        assert_eq!(document(&output)["outcome"], "superseded", "{tag}");
        assert!(document(&output)["reason"].as_str().unwrap().contains("rolled back"), "{tag}");
    }
    // Another environment knows nothing of it.
    assert_eq!(document(&environments.release(STAGING, "web", "v1.2.0", 3).success())["outcome"], "released");
    assert_eq!(document(&environments.release(PRODUCTION, "web", "v1.3.0", 4).success())["outcome"], "released");
    rollback(&environments, &["web"]).run().success();
    assert!(environments.file(PRODUCTION).contains("v1.0.0"), "what was taken back is not gone back to");
}

#[test]
fn to_a_release_by_any_of_its_names() {
    let environments = Pipeline::with_environments();
    let mut commits = Vec::new();
    for (tag, source) in [("v1.0.0", 0xabc_def0), ("v1.1.0", 2), ("v1.2.0", 3)] {
        environments.release(PRODUCTION, "web", tag, source).success();
        commits.push(environments.tip());
    }
    let source = format!("{:040x}", 0xabc_def0);
    for (arguments, expected, taken_back) in [
        (vec!["--to", "v1.1.0", "web"], "v1.1.0", 1),
        (vec!["--to", &commits[1][..9], "web"], "v1.1.0", 1),
        (vec!["--to", &source, "web"], "v1.0.0", 2),
        (vec!["--steps", "2", "web"], "v1.0.0", 2),
        (vec!["--steps", "3", "web"], "v0.9.0", 3),
    ] {
        let output = rollback(&environments, &arguments).arg("--dry-run").arg("--no-check").run().success();
        let document = document(&output);
        assert_eq!(document["images"][0]["tag"], expected, "{arguments:?}");
        let back = output.stderr().matches(" back    ").count();
        assert_eq!(back, taken_back, "{arguments:?}");
    }
}

/// The log shows tags, digests and commits shortened.
#[test]
fn to_a_release_as_the_log_shows_it() {
    let environments = Pipeline::with_environments();
    for (digit, source) in [("a", "1"), ("b", "2"), ("c", "3")] {
        let tag = digit.repeat(40);
        environments.stage.registry.put_image("org/web", &tag, &Image::new().label("build", digit));
        let image = format!("web={}/org/web:{tag}", environments.stage.registry.address());
        let source = format!("org/app@{}", source.repeat(40));
        environments.run("release", &["-k", PRODUCTION, "--source", &source, &image]).run().success();
    }
    let table = environments.run("log", &["-k", PRODUCTION, "web"]).run().success().stdout();
    let shown: Vec<&str> = table.lines().nth(2).unwrap().split_whitespace().collect();
    let releases = environments.log(&["-k", PRODUCTION, "web"]);
    let machines = ["tag", "digest", "source", "commit"].map(|key| releases[1][key].as_str().unwrap());
    let people = [shown[2], shown[3], shown[4], shown[6]];
    assert_eq!(people[0], "bbbbbbbbbbbb", "{table}");
    for to in people.into_iter().chain(machines) {
        let output = rollback(&environments, &["--to", to, "--dry-run", "web"]).run().success();
        assert_eq!(document(&output)["images"][0]["tag"], "b".repeat(40), "{to}");
    }
}

/// A beginning that several releases have is none of them, unless they are the same image.
#[test]
fn to_one_of_several_releases() {
    let environments = Pipeline::with_environments();
    let beginning = "0123456789ab";
    let [one, other] = ["c", "d"].map(|digit| format!("{beginning}{}", digit.repeat(28)));
    for (tag, source) in [(one.as_str(), 1), (other.as_str(), 2), ("v1.0.0", 0xabc_def0), ("v1.1.0", 3)] {
        environments.release(PRODUCTION, "web", tag, source).success();
    }
    let refused = rollback(&environments, &["--to", beginning, "web"]).run().exit(3);
    refused.stderr_has(&format!("`{beginning}` begins 2 names of releases of `web`: `{other}`, `{one}`"));
    let tip = environments.tip();
    for (to, tag) in [(one.as_str(), one.as_str()), (&other[..13], &other), (&other, &other), ("00000000000", "")] {
        let output = rollback(&environments, &["--to", to, "--no-check", "--dry-run", "web"]).run();
        match tag {
            "" => drop(output.exit(3).stderr_has("begins 2 names of releases of `web`")),
            tag => assert_eq!(document(&output.success())["images"][0]["tag"], tag, "{to}"),
        }
    }
    assert_eq!(environments.tip(), tip);
}

#[test]
fn no_way_back() {
    let environments = Pipeline::with_environments();
    environments.release(PRODUCTION, "web", "v1.0.0", 1).success();
    let before = environments.tip();
    for (arguments, code, says) in [
        (&["--steps", "7", "web"][..], 3, "there are no 7 earlier releases of `web` in the history"),
        (&["--to", "v9.9.9", "web"], 3, "there is no release `v9.9.9` of `web` in the history"),
        (&["wep"], 3, "did you mean `web`?"),
        (&["--steps", "1", "--to", "v1.0.0", "web"], 2, "cannot be used with"),
        (&["api"], 3, "no earlier release of `api` in the history"),
        // The first image was never in this registry.
        (&["web"], 4, "is not in the registry"),
    ] {
        let mut rollback = rollback(&environments, arguments);
        if code == 4 {
            let host = environments.stage.registry.address();
            let text = environments.file(PRODUCTION).replace("v1.0.0", "v1.1.0");
            let gone = text.replace("v1.1.0", "v1.0.5");
            let path = format!("{PRODUCTION}/kustomization.yaml");
            environments.stage.remote.commit("main", "Gone", &[File::new(&path, gone)]);
            environments.stage.remote.commit("main", "Back", &[File::new(&path, text)]);
            rollback = rollback.env("NO_PROXY", host);
        }
        let output = rollback.run().exit(code).stderr_has(says);
        // A build of the past is not still pushing.
        let log = log_command(&environments);
        let hint = format!("  hint: name another release with `--to`, as `{log}` lists them");
        assert_eq!(output.stderr().contains(&hint), code == 4, "{}", output.stderr());
    }
    assert_eq!(environments.stage.remote.log("main").iter().position(|commit| commit.id == before), Some(2));
}

/// How many commits others have made since is nothing to it.
#[test]
fn what_was_rolled_back_long_after_stays_away() {
    let environments = released(2);
    environments.stage.remote.commits("main", 60);
    rollback(&environments, &["web"]).run().success();
    ends(&environments.release(PRODUCTION, "web", "v1.1.0", 2), "superseded");
    environments.stage.remote.commits("main", 60);
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

/// If one tag is moved, or there is none, the digest tells what was taken back.
#[test]
fn a_digest_that_was_rolled_back_stays_away() {
    for tag in ["", ":latest"] {
        let environments = Pipeline::with_environments();
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

/// The tag is another image by now, so to go back by it is not to go back to what ran. The flags that the warning names do.
#[test]
fn a_tag_that_was_pushed_again_is_told_with_the_way_to_what_ran() {
    let environments = released(1);
    let ran = environments.log(&["-k", PRODUCTION])[0]["digest"].as_str().unwrap().to_owned();
    let release = environments.tip();
    environments.release(PRODUCTION, "web", "v1.1.0", 2).success();
    let again = Image::new().label("pushed", "again");
    let now = environments.stage.registry.put_image("org/web", "v1.0.0", &again);
    let short = |digest: &str| digest[.."sha256:".len() + 12].to_owned();
    let flags = format!("`--to {} --pin-digest`", &release[..7]);
    let told = format!(
        "the tag `v1.0.0` of `web` is {} now, and was {} when {} released it: to go back to what ran, run this again with {flags}\n",
        short(&now),
        short(&ran),
        &release[..7]
    );
    let rollback = |flags: &[&str]| {
        environments.run("rollback", &["-k", PRODUCTION, "web"]).args(flags.iter().copied()).run().success()
    };
    rollback(&["--dry-run"]).stdout_has(&told);
    rollback(&["--dry-run", "--no-check"]).says_nowhere("when ");
    let pinned = rollback(&["--dry-run", "--pin-digest"]).says_nowhere("when ");
    pinned.stdout_has(&ran).stdout_has(&format!("is {now} in the registry; the recorded digest counts: {ran}\n"));
    rollback(&[]).stdout_has(&told);
    let pasted: Vec<&str> = flags.trim_matches('`').split(' ').collect();
    rollback(&pasted).says_nowhere("when ");
    assert!(environments.file(PRODUCTION).contains(&format!("newTag: v1.0.0 # by hand\n  digest: {ran}\n")));
    ends(&environments.release(PRODUCTION, "web", "v1.1.0", 2), "superseded");
}

/// A hold stops it, so nothing was taken back. No flag of a rollback adds an entry.
#[test]
fn what_did_not_go_back() {
    let environments = released(2);
    let remote = &environments.stage.remote;
    let first = remote.git(["rev-parse", "main~1"]).run().success().stdout();
    remote.commit("main", "Hold", &[File::new(&format!("{PRODUCTION}/.tagship-hold"), "no\n")]);
    let held = rollback(&environments, &["web"]).run().exit(9);
    ends(&held, "held");
    assert_eq!(document(&held)["rollback_of"], serde_json::json!([]));
    held.says_nowhere(" back    ");
    let pinned = || rollback(&environments, &["--override-hold", "--pin-digest", "--to", first.trim(), "web"]).run();
    pinned().success().stderr_has(" back    ");
    let again = pinned().success();
    ends(&again, "unchanged");
    again.says_nowhere(" back    ");
    remote.commit("main", "Gone", &[File::new(PATH, kustomization(&[("api", "newTag: v0.1.0")]))]);
    for to in [&["web"][..], &["--to", "v1.0.0", "web"]] {
        let gone = rollback(&environments, to).run().exit(3).says_nowhere("--add");
        gone.stderr_has("has no `web` any more: ").stderr_has("hint: write it there once by hand");
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
        // The flag allows it all the same.
        environments.run("release", &["-k", PRODUCTION, "--on-superseded", "allow", &image]).run().success();
        let output = rollback(&environments, &["--to", &to, "web"]).run().success();
        ends(&output, "released");
        output.stderr_has(" back    ");
        ends(&environments.release(PRODUCTION, "web", "v1.2.0", 3), "superseded");
    }
}

/// If the entry says already what it is to say, nothing is taken back.
#[test]
fn back_to_what_runs() {
    let environments = Pipeline::with_environments();
    for tag in ["build-1", "build-2", "build-1"] {
        let image = format!("web={}", environments.build("web", tag));
        environments.run("release", &["-k", PRODUCTION, &image]).run().success();
    }
    let output = environments.run("rollback", &["-k", PRODUCTION, "--steps", "2", "web"]).run().success();
    let output = output.stdout_has("unchanged");
    assert!(!output.stdout().contains(" back "), "{}", output.stdout());
}

/// A release names as many as it can; if there are more, it says so.
#[test]
fn more_than_a_release_remembers() {
    let environments = Pipeline::with_environments();
    for number in 0..22 {
        let file = File::new(PATH, kustomization(&[("web", &format!("newTag: v1.0.{number}"))]));
        environments.stage.remote.commit("main", "By hand", &[file]);
    }
    rollback(&environments, &["--no-check", "--to", "v1.0.0", "web"]).run().success();
    let release = |image: &str| {
        environments.run("release", &["-k", PRODUCTION, "--no-check", "--output", "json", image]).run().success()
    };
    let output = release("web=*:build-1");
    ends(&output, "released");
    output.stderr_has("21 builds of `web` stay rolled back; the next release knows the newest 20 of them alone");
    assert_eq!(environments.stage.remote.log("main")[0].trailer("Tagship-Still-Taken-Back").len(), 20);
    ends(&release("web=*:v1.0.2"), "superseded");
    ends(&release("web=*:v1.0.1"), "released");
}

/// A rollback that git reverts makes run again what was rolled back, which then is no longer kept away.
#[test]
fn what_runs_again_is_not_kept_away() {
    let environments = Pipeline::with_environments();
    let release = |image: &str| {
        environments.run("release", &["-k", PRODUCTION, "--no-check", "--output", "json", image]).run().success()
    };
    for image in ["web=*:v1.1.0", "web=*:v1.2.0"] {
        ends(&release(image), "released");
    }
    let bad = environments.file(PRODUCTION);
    rollback(&environments, &["--no-check", "web"]).run().success();
    environments.stage.remote.commit("main", "Revert \"Roll back\"", &[File::new(PATH, bad)]);
    ends(&release(&format!("web=*:v1.2.0@sha256:{:064x}", 1)), "released");
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
        // The hook runs before the ref is moved: the server then finds that another commit was faster.
        let script = format!(
            "[ -e raced-{commit} ] && exit 0\ntouch raced-{commit}\n\
             env -u GIT_QUARANTINE_PATH git update-ref refs/heads/main {commit}\n"
        );
        remote.hook("pre-receive", &script);
    };
    race(&mended);
    let output = rollback(&environments, &["web"]).run().exit(9);
    assert_eq!(document(&output)["error"]["kind"], "guarded");
    let output = output.stderr_has("`web` was changed in the meantime");
    output.stderr_has(&format!("hint: `{}` shows what it is now", log_command(&environments)));
    assert_eq!(environments.tip(), mended);
    // The other one may have gone back to where no release was before.
    remote.git(["update-ref", "refs/heads/main", &seen]).run().success();
    race(&remote.commit("main", "First", &[File::new(PATH, text.replace("v1.1.0", "v0.9.0"))]));
    remote.git(["update-ref", "refs/heads/main", &seen]).run().success();
    rollback(&environments, &["web"]).run().exit(9).stderr_has("`web` was changed in the meantime");
    remote.git(["update-ref", "refs/heads/main", &mended]).run().success();
    // A commit of other files changes nothing.
    let tip = remote.commit("main", "Something else", &[File::new("noise", "1")]);
    remote.git(["update-ref", "refs/heads/main", &mended]).run().success();
    race(&tip);
    let output = rollback(&environments, &["web"]).run().success();
    assert_eq!(document(&output)["attempts"], Value::from(2));
    assert!(environments.file(PRODUCTION).contains("v1.1.0"));
    assert_eq!(kustomization(&[]).lines().next(), environments.file(PRODUCTION).lines().next());
}

/// A fix of what was gone back to is released; what was rolled back before it stays away until something newer follows.
#[test]
fn what_was_rolled_back_stays_away_after_a_fix() {
    let environments = released(3);
    rollback(&environments, &["web"]).run().success();
    ends(&environments.release(PRODUCTION, "web", "v1.1.1", 9), "released");
    ends(&environments.release(PRODUCTION, "web", "v1.2.0", 3), "superseded");
    ends(&environments.release(PRODUCTION, "web", "v1.2.1", 10), "released");
}

/// How far back is looked is not judged by what was taken back already.
#[test]
fn the_way_back_over_many_commits_of_others() {
    let environments = released(1);
    environments.stage.remote.commits("main", 110);
    for (tag, source) in [("v1.1.0", 2), ("v1.2.0", 3), ("v1.3.0", 4)] {
        environments.release(PRODUCTION, "web", tag, source).success();
    }
    rollback(&environments, &["--to", "v1.1.0", "web"]).run().success();
    rollback(&environments, &["web"]).run().success();
    assert!(environments.file(PRODUCTION).contains("v1.0.0"), "{}", environments.file(PRODUCTION));
}

/// Too far back, and one forward again: what was bad stays away.
#[test]
fn back_to_what_was_taken_back_itself() {
    let environments = released(3);
    rollback(&environments, &["--to", "v1.0.0", "web"]).run().success();
    rollback(&environments, &["--to", "v1.1.0", "web"]).run().success();
    assert!(environments.file(PRODUCTION).contains("v1.1.0"));
    let again = environments.release(PRODUCTION, "web", "v1.2.0", 3).success();
    ends(&again, "superseded");
    let newer = environments.release(PRODUCTION, "web", "v1.3.0", 4).success();
    ends(&newer, "released");
    ends(&environments.release(PRODUCTION, "web", "v1.2.0", 3).success(), "superseded");
}

/// A server without partial fetches, as a bare repository is by itself: the newest commits come whole.
#[test]
fn at_a_server_without_partial_fetches() {
    let environments = released(3);
    environments.stage.remote.configure("uploadpack.allowFilter", "false");
    assert_eq!(tags(&environments.log(&["-k", PRODUCTION, "web"])), ["v1.2.0", "v1.1.0", "v1.0.0", "v0.9.0"]);
    let output = rollback(&environments, &["web"]).run().success();
    ends(&output, "released");
    assert!(environments.file(PRODUCTION).contains("v1.1.0"));
    // What lies before the newest 100 commits is not claimed to be nothing.
    environments.stage.remote.commits("main", 120);
    let log = environments.run("log", &["-k", PRODUCTION, "web"]).run().success();
    log.stdout_has("does not support partial fetches").stdout_has("searched the newest 100 commits only");
    let output = rollback(&environments, &["web"]).run().exit(3);
    output.stderr_has("searched the newest 100 commits only");
}

/// The fix of a bad build may be bad too: all that was taken back since the release that runs stays away.
#[test]
fn several_bad_builds_stay_away() {
    for way in ["rollback", "revert"] {
        let environments = released(2);
        let number = |tag: &str| tag[1..].replace('.', "").parse().unwrap();
        let release = |tag: &str| environments.release(PRODUCTION, "web", tag, number(tag)).success();
        let good = |tag: &str| ends(&release(tag), "released");
        let bad = |tag: &str| {
            let before = environments.file(PRODUCTION);
            good(tag);
            if way == "rollback" {
                rollback(&environments, &["web"]).run().success();
            } else {
                environments.stage.remote.commit("main", "Revert \"Release\"", &[File::new(PATH, before.clone())]);
            }
            assert_eq!(environments.file(PRODUCTION), before, "{way} {tag}");
        };
        let stay_away = |tags: &[&str]| {
            for tag in tags {
                let again = release(tag);
                assert_eq!(document(&again)["outcome"], "superseded", "{way} {tag}: {}", again.stderr());
                assert!(again.stderr().contains("was rolled back"), "{way} {tag}: {}", again.stderr());
            }
        };
        bad("v1.2.0");
        bad("v1.2.1");
        bad("v1.2.2");
        stay_away(&["v1.2.0", "v1.2.1", "v1.2.2"]);
        good("v1.1.1");
        stay_away(&["v1.2.0", "v1.2.1", "v1.2.2"]);
        bad("v1.3.0");
        stay_away(&["v1.2.0", "v1.2.2", "v1.3.0"]);
        // What the last release names is not forgotten if that one is taken back itself.
        let rollback = rollback(&environments, &["web"]).run().success();
        ends(&rollback, "released");
        assert!(environments.file(PRODUCTION).contains("v1.1.0"), "{way}");
        stay_away(&["v1.1.1", "v1.2.0", "v1.2.2", "v1.3.0"]);
        good("v1.3.1");
    }
}

/// The file of each region has a history of its own, and one release may be of several.
#[test]
fn several_bad_builds_of_several_files() {
    let environments = Pipeline::with_environments();
    let release = |tag: &str, folders: &[&str]| {
        let folders = folders.iter().flat_map(|folder| ["-k", folder]);
        let run = environments.run("release", &["--no-check", "--output", "json"]).args(folders);
        run.arg(format!("web=*:{tag}")).run().success()
    };
    let back = |folder: &str| environments.run("rollback", &["--no-check", "-k", folder, "web"]).run().success();
    for tag in ["v1.0.0", "v1.1.0"] {
        ends(&release(tag, &[STAGING, PRODUCTION]), "released");
    }
    back(PRODUCTION);
    back(STAGING);
    ends(&release("v1.2.0", &[STAGING, PRODUCTION]), "released");
    back(PRODUCTION);
    ends(&release("v1.1.0", &[PRODUCTION]), "superseded");
    ends(&release("v1.1.0", &[STAGING, PRODUCTION]), "superseded");
    back(STAGING);
    ends(&release("v1.1.0", &[STAGING]), "superseded");
    ends(&release("v1.3.0", &[STAGING, PRODUCTION]), "released");
}

/// A rule may want a digest while the registry is down: the commit of the release has it.
#[test]
fn the_history_has_the_digest_if_the_registry_is_not_asked() {
    let environments = released(2);
    let digest = environments.log(&["-k", PRODUCTION])[1]["digest"].as_str().unwrap().to_owned();
    let rules = "rules:\n- paths: ['**']\n  pin-digest: true\n";
    environments.stage.remote.commit("main", "Rules", &[File::new(".tagship.yaml", rules)]);
    let unasked = ["web", "--no-check", "--pin-digest"];
    ends(&rollback(&environments, &unasked[..2]).run().exit(9), "ruled");
    ends(&rollback(&environments, &unasked).run().success(), "released");
    let text = environments.file(PRODUCTION);
    assert!(text.contains("newTag: v1.0.0") && text.contains(&digest), "{text}");
    // A release that was not checked tells none.
    environments.stage.remote.commit(
        "main",
        "Another rule",
        &[File::new(".tagship.yaml", rules.replace("pin-digest: true", "tags: '*'"))],
    );
    for tag in ["v2.0.0", "v2.1.0"] {
        let arguments = ["-k", PRODUCTION, "--no-check", &format!("web=*:{tag}")];
        environments.run("release", &arguments).run().success();
    }
    let refused = rollback(&environments, &unasked).run().exit(3);
    refused.stderr_has("the history does not tell the digest of `web` in ").stderr_has("leave out `--no-check`");
}

/// Returns the tag of the first entry, `web`.
fn tag(environments: &Pipeline) -> String {
    tag_in(environments.file(PRODUCTION))
}

/// Releases `web` by its tag, without asking the registry.
fn by_tag(environments: &Pipeline, tag: &str) -> Output {
    let image = format!("web=*:{tag}");
    environments.run("release", &["-k", PRODUCTION, "--no-check", "--output", "json", &image]).run()
}

/// Makes one step of a history of `web`: `back`, `to:TAG`, `revert` and `hand:TAG`, or the release of a tag.
#[track_caller]
fn walk(environments: &Pipeline, step: &str) {
    let back = |arguments: &[&str]| {
        let output = rollback(environments, arguments).args(["--no-check", "web"]).run();
        let commit = &environments.stage.remote.log("main")[0];
        assert_eq!(document(&output)["rollback_of"], serde_json::json!(commit.trailer("Tagship-Rollback-Of")));
        output
    };
    let hand = |text: String| environments.stage.remote.commit("main", "By hand", &[File::new(PATH, text)]);
    match step.split_once(':') {
        Some(("to", to)) => ends(&back(&["--to", to]), "released"),
        Some((_, to)) => drop(hand(environments.file(PRODUCTION).replace(&tag(environments), to))),
        None if step == "back" => ends(&back(&[]), "released"),
        None if step == "revert" => {
            let before = environments.stage.remote.file("main~", PATH);
            hand(String::from_utf8(before).unwrap());
        }
        None => ends(&by_tag(environments, step), "released"),
    }
}

/// After two rollbacks, a third one goes forward again, to one of the releases that were rolled back. The other one stays away.
/// That is so too if the release to go to was rolled back itself.
#[test]
fn what_is_away_stays_away_on_the_way_forward() {
    for (history, away) in [
        ("v1 v2 v3 back back to:v2", "v3"),
        ("v1 v2 v3 revert back to:v2", "v3"),
        ("v1 v2 v3 hand:v2 back to:v2", "v3"),
        ("v1 v2 v3 back to:v1 to:v2", "v3"),
        ("v1 v2 v3 back back to:v2 v2.1", "v3"),
        ("v1 v2 v3 back back to:v2 back", "v3 v2"),
        ("v1 v2 v3 back back to:v2 back to:v2", "v3"),
        ("v1 v3 back v1.1 back to:v1.1", "v3"),
        ("v1 v3 revert v1.1 back to:v1.1", "v3"),
        ("v1 v3 back v1.1 revert to:v1.1", "v3"),
        ("v1 v3 back v1.1 back to:v1.1 v1.2", "v3"),
        ("v1 v4 back v3 back v1.1 back to:v1.1 back to:v1.1", "v3 v4"),
    ] {
        let environments = Pipeline::with_environments();
        for step in history.split(' ') {
            walk(&environments, step);
        }
        for tag in away.split(' ') {
            let again = by_tag(&environments, tag);
            assert_eq!(document(&again)["outcome"], "superseded", "{history}, {tag}: {}", again.stderr());
            again.stderr_has("was rolled back");
        }
        ends(&by_tag(&environments, "v5"), "released");
    }
}

/// A rewritten history has other commits than those that its trailers name. What they were is found by its place, or told.
#[test]
fn what_was_rolled_back_before_the_history_was_rewritten() {
    let cannot_tell = "cannot tell which build of `web` ";
    for (history, away, is_squashed, expected) in [
        ("v1 v2 v3 back", "v3", false, "superseded"),
        ("v1 v2 back v3 to:v2", "v3", false, "superseded"),
        ("v1 v2 v3 to:v1 to:v2", "v3", false, "superseded"),
        ("v1 v2 v3 v4 to:v2 to:v3", "v4", false, "superseded"),
        ("v1 v2 back v3 to:v2", "v3", true, "released"),
        ("v1 v2 v3 back", "v3", true, "released"),
        ("v1 v2 v3 to:v1 to:v2", "v3", true, "released"),
    ] {
        let environments = Pipeline::with_environments();
        for step in history.split(' ') {
            walk(&environments, step);
        }
        match is_squashed {
            true => environments.stage.remote.squash_past("main"),
            false => environments.stage.remote.rewrite("main"),
        }
        let again = by_tag(&environments, away);
        assert_eq!(document(&again)["outcome"], expected, "{history}, {away}: {}", again.stderr());
        assert_eq!(again.stderr().contains(cannot_tell), expected == "released", "{history}: {}", again.stderr());
    }
}

/// Digests were pinned from some release on. The same tag without one is no step back.
#[test]
fn the_way_back_after_a_digest_was_pinned() {
    for (first, flags, expected) in [
        ("release", &[][..], "v1.2.0 v1.1.0 v1.0.0"),
        ("release", &["--pin-digest=never"], "v1.2.0 v1.1.0 v1.0.0"),
        ("two releases", &["--pin-digest=never"], "v1.3.0 v1.2.0"),
        ("two releases", &["--no-check"], "v1.3.0 v1.2.0"),
        ("rollback", &["--pin-digest"], "v1.1.0 v1.0.0"),
        ("rollback", &[], "v1.1.0 v1.0.0"),
        ("rollback --to", &[], "v1.0.0"),
    ] {
        let environments = released(3);
        match first {
            "release" | "two releases" => {
                let of_all = &["v1.3.0", "v1.4.0"][..if first == "release" { 1 } else { 2 }];
                for image in of_all.iter().map(|tag| format!("web={}", environments.build("web", tag))) {
                    environments.run("release", &["-k", PRODUCTION, "--pin-digest", &image]).run().success();
                }
            }
            "rollback" => {
                environments.release(PRODUCTION, "web", "v1.3.0", 4).success();
                rollback(&environments, &["--pin-digest", "web"]).run().success();
            }
            _ => {
                rollback(&environments, &["web"]).run().success();
                rollback(&environments, &["--pin-digest", "--to", "v1.1.0", "web"]).run().success();
            }
        }
        let mut ways = Vec::new();
        for _ in expected.split(' ') {
            rollback(&environments, flags).arg("web").run().success();
            ways.push(tag(&environments));
        }
        assert_eq!(ways.join(" "), expected, "{first} {flags:?}");
    }
}

/// Each way back is one from what runs to what stood before it, by whatever way the entry came there.
#[test]
fn the_way_back_over_all_kinds_of_histories() {
    for (history, expected) in [
        ("v1 v2 v3", "v2 v1 v0.9.0"),
        ("v1 v2 v3 back v4", "v2 v1 v0.9.0"),
        ("v1 v2 v3 back v4 to:v3", "v2 v1 v0.9.0"),
        ("v1 v2 v3 back v4 to:v3 v5", "v3 v2 v1 v0.9.0"),
        ("v1 v2 back v3 to:v2", "v1 v0.9.0"),
        ("v1 v2 back v3 to:v2 v4", "v2 v1 v0.9.0"),
        ("v1 v2 back v3 to:v2 v4 back", "v1 v0.9.0"),
        ("v1 v2 back v3 to:v2 v4 to:v3", "v1 v0.9.0"),
        ("v1 v2 back v3 to:v2 v4 to:v2 v5", "v2 v1 v0.9.0"),
        ("v1 v2 back to:v2", "v1 v0.9.0"),
        ("v1 v2 back to:v2 back v3", "v1 v0.9.0"),
        ("v1 v2 v3 to:v1 to:v2", "v1 v0.9.0"),
        ("v1 v2 v3 to:v1 to:v2 to:v3 v4", "v3 v1 v0.9.0"),
        ("v1 v2 back v3 to:v2 revert", "v2 v1 v0.9.0"),
        ("v1 v2 back revert", "v1 v0.9.0"),
        ("v1 v2 revert revert", "v1 v0.9.0"),
        ("v1 v2 back hand:v2", "v1 v0.9.0"),
        ("v1 v2 hand:v1 v3 to:v2", "v1 v0.9.0"),
        ("v1 v2 hand:v0.9.0 to:v2 v3", "v2 v0.9.0"),
    ] {
        let environments = Pipeline::with_environments();
        for step in history.split(' ') {
            walk(&environments, step);
        }
        let mut ways = Vec::new();
        while let output = rollback(&environments, &["--no-check", "web"]).run()
            && output.code != Some(3)
        {
            ends(&output, "released");
            ways.push(tag(&environments));
        }
        assert_eq!(ways.join(" "), expected, "{history}");
    }
}

/// A build that was rolled back runs again by a rollback. To leave it then is to roll that one back, and nothing else.
#[test]
fn what_a_rollback_brought_back_is_what_the_next_one_leaves() {
    let environments = released(3);
    rollback(&environments, &["web"]).run().success();
    environments.release(PRODUCTION, "web", "v1.3.0", 4).success();
    rollback(&environments, &["--to", "v1.2.0", "web"]).run().success();
    let again = environments.tip();
    rollback(&environments, &["web"]).run().success().stderr_has(&format!(" back    {}  Roll back to ", &again[..7]));
    assert!(environments.file(PRODUCTION).contains("v1.1.0"), "{}", environments.file(PRODUCTION));
    let releases = environments.log(&["-k", PRODUCTION, "web"]);
    let marked: Vec<_> = releases.iter().map(|release| !release["rolled_back_by"].is_null()).collect();
    assert_eq!(tags(&releases), ["v1.1.0", "v1.2.0", "v1.3.0", "v1.1.0", "v1.2.0", "v1.1.0", "v1.0.0", "v0.9.0"]);
    assert_eq!(marked, [false, true, true, false, true, false, false, false]);
    for (tag, source) in [("v1.2.0", 3), ("v1.3.0", 4)] {
        ends(&environments.release(PRODUCTION, "web", tag, source), "superseded");
    }
    ends(&environments.release(PRODUCTION, "web", "v1.4.0", 5), "released");
    for (tag, source) in [("v1.2.0", 3), ("v1.3.0", 4)] {
        ends(&environments.release(PRODUCTION, "web", tag, source), "superseded");
    }
}
