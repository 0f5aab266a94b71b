//! Digests beside tags: an entry that has one keeps having one.

use std::time::Duration;

use crate::pipeline::{PRODUCTION, Pipeline, STAGING, kustomization};
use crate::stage::{COMMIT, FILE, SEED, Stage};
use crate::support::command::Command;
use crate::support::registry::{ALWAYS, Fault, Image};
use crate::support::repository::File;

const OLD_TAG: &str = "b15411f387bb2a2286676b92a87fd85aa9b682a5";

/// Returns a branch whose entry is pinned.
fn pinned() -> (Stage, String) {
    let stage = Stage::new();
    let old = format!("sha256:{}", "ab".repeat(32));
    let seed = SEED.replace("jakousa/", &format!("{}/jakousa/", stage.registry.address()));
    let seed = seed.replace(OLD_TAG, &format!("{OLD_TAG}\n  digest: {old}"));
    stage.remote.commit("main", "Pin it", &[File::new(FILE, &*seed)]);
    let released = seed.replace(OLD_TAG, COMMIT).replace(&old, &stage.digest);
    (stage, released)
}

fn text(stage: &Stage) -> String {
    String::from_utf8(stage.remote.file("main", FILE)).unwrap()
}

#[test]
fn an_entry_that_is_pinned_stays_pinned() {
    for flags in [&[][..], &["--pin-digest=keep"], &["--pin-digest"], &["--pin-digest=always"]] {
        let (stage, released) = pinned();
        let output = stage.release().args(flags.iter().copied()).arg(stage.argument()).run().success();
        assert_eq!(text(&stage), released, "{flags:?}");
        assert!(!output.stdout().contains("dropped"), "{}", output.stdout());
        assert_eq!(stage.registry.request_lines().len(), 2, "the tag, and the digest that is written");
        stage.release().args(flags.iter().copied()).arg(stage.argument()).run().success().stdout_has("unchanged");
    }
}

#[test]
fn an_entry_without_a_digest_gets_none() {
    let stage = Stage::new();
    stage.release().arg(stage.argument()).run().success();
    assert_eq!(text(&stage), stage.released());
}

#[test]
fn a_digest_that_is_kept_beside_a_new_tag() {
    let (stage, _) = pinned();
    let release = |flags: &[&str]| stage.release().args(flags.iter().copied()).arg("IMAGE_PLACEHOLDER=*:v2@*").run();
    let refused = release(&["--no-check", "--pin-digest=never"]).exit(2);
    refused.stderr_has("`--pin-digest=never` cannot be used with `@*`, which keeps the digest of `IMAGE_PLACEHOLDER`");
    release(&["--no-check"]).success().stdout_has("was kept and decides what is pulled, whatever the tag");
    assert!(text(&stage).contains("newTag: v2\n  digest: sha256:abab"), "{}", text(&stage));
}

#[test]
fn a_digest_that_is_not_wanted_is_dropped_with_a_note() {
    for flags in [&["--pin-digest=never"][..], &["--pin-digest=false"], &["--no-check"]] {
        let (stage, _) = pinned();
        let output = stage.release().args(flags.iter().copied()).arg(stage.argument()).run().success();
        output.stdout_has("was dropped");
        assert!(!text(&stage).contains("digest:"), "{flags:?}");
    }
    let (stage, released) = pinned();
    stage.release().env("TAGSHIP_PIN_DIGEST", "true").arg(stage.argument()).run().success();
    assert_eq!(text(&stage), released);
    stage.release().args(["--pin-digest=perhaps", "a:v1"]).run().exit(2).stderr_has("always, keep, never");
}

/// Two files of one release, of which one is pinned.
#[test]
fn each_file_keeps_its_own_way() {
    let (stage, released) = pinned();
    let other = "images:\n- name: IMAGE_PLACEHOLDER\n  newTag: v1\n";
    stage.remote.commit("main", "Add another", &[File::new("other/kustomization.yaml", other)]);
    stage.release().args(["-k", "other", &stage.argument()]).run().success();
    assert_eq!(text(&stage), released);
    let other = String::from_utf8(stage.remote.file("main", "other/kustomization.yaml")).unwrap();
    assert!(other.contains(COMMIT) && !other.contains("digest"), "{other}");
}

#[test]
fn a_rollback_keeps_the_pin() {
    let (stage, _) = pinned();
    let first = stage.registry.put_image("jakousa/dwk-4-gitops-app", "v1", &Image::new());
    let release = |tag: &str| stage.release().arg(format!("IMAGE_PLACEHOLDER=*:{tag}"));
    release("v1").arg("--pin-digest=never").run().success();
    release(COMMIT).arg("--pin-digest").run().success();
    let url = stage.remote.file_url();
    let rollback = stage.tagship().args(["rollback", "--repo", &url, "-k", crate::stage::FOLDER, "IMAGE_PLACEHOLDER"]);
    rollback.run().success();
    assert!(text(&stage).contains(&format!("newTag: v1\n  digest: {first}\n")), "{}", text(&stage));
}

/// A digest that comes from the branch is one that the entry would have, as one that the registry tells.
#[test]
fn a_digest_that_is_not_wanted_comes_from_no_other_place() {
    let environments = Pipeline::with_environments();
    let release = |tag: &str, flag: &str| {
        let image = format!("web={}", environments.build("web", tag));
        environments.run("release", &["-k", STAGING, flag, &image]).run().success();
    };
    release("v1.0.0", "--pin-digest");
    let never = "--pin-digest=never";
    environments.run("promote", &["--from", STAGING, "--to", PRODUCTION, never, "web"]).run().success();
    assert!(environments.file(PRODUCTION).contains("v1.0.0") && !environments.file(PRODUCTION).contains("digest"));
    release("v2.0.0", never);
    let rollback = |flags: &[&str]| environments.run("rollback", &["-k", STAGING, "web"]).args(flags.iter().copied());
    rollback(&["--dry-run"]).run().success().stdout_has("digest");
    rollback(&[never]).run().success();
    assert!(environments.file(STAGING).contains("v1.0.0") && !environments.file(STAGING).contains("digest"));
}

/// The values have no place for a digest any more, which the hint to the refusal leads past.
#[test]
fn a_rollback_past_a_digest_in_a_tag() {
    let stage = Stage::new();
    let digest = stage.registry.put_image("jakousa/dwk-4-gitops-app", "v1", &Image::new());
    let values = format!("image:\n  repository: {}\n  tag: v1@{digest}\n", stage.image());
    stage.remote.commit("main", "Add values", &[File::new("values.yaml", values)]);
    let url = stage.remote.file_url();
    let run = |command: &str, rest: &[&str]| {
        let target = [command, "--repo", &url, "--branch", "main", "-f", "values.yaml"];
        stage.tagship().args(target).args(rest.iter().copied()).run()
    };
    run("release", &["--pin-digest=never", &format!("image=*:{COMMIT}")]).success();
    run("rollback", &["image"]).exit(3).stderr_has("has no place for a digest").stderr_has("--pin-digest=never");
    run("rollback", &["--pin-digest=never", "image"]).success();
    let text = String::from_utf8(stage.remote.file("main", "values.yaml")).unwrap();
    assert!(text.ends_with("  tag: v1\n"), "{text}");
}

/// The argument names no digest, so only the edit that pins it can tell.
#[test]
fn a_digest_that_is_pinned_where_none_is_used_is_told() {
    let stage = Stage::new();
    let values = format!("image:\n  repository: {}\n  tag: v1\n  digest: ''\n  useDigest: false\n", stage.image());
    stage.remote.commit("main", "Add values", &[File::new("values.yaml", values)]);
    let url = stage.remote.file_url();
    let target = ["release", "--repo", &url, "--branch", "main", "-f", "values.yaml", "--pin-digest=always"];
    let release = stage.tagship().args(target).arg(format!("image=*:{COMMIT}")).run();
    release.success().stdout_has("`useDigest: false` is beside the digest, so the tag decides what is pulled");
}

/// A digest that the branch has is what a cluster pulls. Where its tag leads by now decides nothing.
#[test]
fn a_digest_on_the_branch_counts_if_its_tag_moved() {
    let environments = Pipeline::new();
    const THIRD: &str = "overlays/third";
    let by_hand_in = |folder: &str| {
        let file = File::new(&format!("{folder}/kustomization.yaml"), kustomization(&[("web", "newTag: v1")]));
        environments.stage.remote.commit("main", "By hand", &[file]);
    };
    [STAGING, PRODUCTION, THIRD].into_iter().for_each(by_hand_in);
    let registry = &environments.stage.registry;
    let image = format!("web={}/org/web:main", registry.address());
    let push = |number: &str| registry.put_image("org/web", "main", &Image::new().label("number", number));
    let release = |folder: &str| environments.run("release", &["-k", folder, "--pin-digest", &image]).run().success();
    let good = push("1");
    release(STAGING);
    release(PRODUCTION);
    let bad = push("2");
    let moved = format!("the tag `main` of `{}/org/web` is {bad} in the registry; ", registry.address());
    environments.run("check", &["-k", STAGING]).run().success().stdout_has(&moved);
    release(PRODUCTION);
    let counts = format!("the recorded digest counts: {good}\n");
    let rollback =
        |flags: &[&str]| environments.run("rollback", &["-k", PRODUCTION, "web"]).args(flags.iter().copied()).run();
    rollback(&["--dry-run", "--platform", "linux/amd64"]).success().stdout_has(&moved);
    rollback(&[]).success().stdout_has(&moved).stdout_has(&counts);
    assert!(environments.file(PRODUCTION).contains(&good));
    registry.remove_manifest("org/web", "main");
    let gone = format!("the tag `main` of `{}/org/web` is not in the registry; ", registry.address());
    let promote = |flags: &[&str]| {
        environments.run("promote", &["--from", STAGING, "--to", THIRD, "web"]).args(flags.iter().copied()).run()
    };
    by_hand_in(THIRD);
    promote(&[]).success().stdout_has(&gone).stdout_has(&counts);
    assert!(environments.file(THIRD).contains(&good));
    // What a person types must be what its tag means.
    let typed = format!("web={}/org/web:main@{good}", registry.address());
    by_hand_in(THIRD);
    environments.run("release", &["-k", THIRD, &typed]).run().exit(4);
    registry.remove_manifest("org/web", &good);
    promote(&["--on-superseded", "allow"]).exit(4).stderr_has("is not in the registry");
}

#[test]
fn set_drops_a_digest_as_kustomize_does() {
    let (stage, _) = pinned();
    let digest = format!("sha256:{}", "ab".repeat(32));
    let name = format!("{}/jakousa/dwk-4-gitops-app", stage.registry.address());
    let seed = format!("images:\n- name: web\n  newName: {name}\n  newTag: v1\n  digest: {digest}\n- name: api\n");
    let file = stage.home.write("kustomization.yaml", &seed);
    let set = |flag: &[&str]| {
        std::fs::write(&file, &seed).unwrap();
        let set = stage.tagship().current_dir(stage.home.path()).arg("set").args(flag.iter().copied());
        let output = set.args([&format!("web=*:{COMMIT}"), "api=nowhere.invalid/x:v1"]).run().success();
        (output, std::fs::read_to_string(&file).unwrap())
    };
    let (output, text) = set(&[]);
    output.stdout_has("was dropped");
    assert!(!text.contains("digest"), "{text}");
    // Only the entry that is pinned is asked for.
    let (_, text) = set(&["--pin-digest=keep"]);
    assert!(text.contains(&format!("digest: {}", stage.digest)), "{text}");
}

/// The image is checked a second and more before the push, because another one is waited for; and by its tag it is decided
/// what runs.
fn late(stage: &Stage, image: &str) -> Command {
    stage.registry.put_image("side", "v1", &Image::new());
    stage.registry.appear_after(2, "side", "v1");
    let side = format!("side={}/side:v1", stage.registry.address());
    stage.release().args(["--add", "--wait", "1m", "--timeout", "1s", image, &side])
}

const HEAD: &str = "HEAD /v2/jakousa/dwk-4-gitops-app/manifests/";

#[test]
fn a_tag_that_moves_before_a_late_push_is_not_released() {
    let stage = Stage::new();
    let release = late(&stage, &stage.argument()).start();
    while !stage.registry.request_lines().iter().any(|line| line.starts_with(HEAD)) {
        std::thread::yield_now();
    }
    let moved = stage.registry.put_image("jakousa/dwk-4-gitops-app", COMMIT, &Image::new().label("a", "b"));
    let output = release.finish().exit(4);
    let output = output.stderr_has(&format!("error: `{}:{COMMIT}` was moved after it was checked\n", stage.image()));
    output.stderr_has(&format!("  checked {}; the registry has {moved} now\n", stage.digest));
    stage.untouched();
}

/// Some registries have an image for `GET` alone, and no later look follows the one before the push.
#[test]
fn a_head_alone_does_not_end_a_late_push() {
    let stage = Stage::new();
    stage.registry.inject(HEAD, ALWAYS, Fault::status(404));
    late(&stage, &stage.argument()).run().success();
}

/// The registry answers at once, and the branch is read for longer than `--timeout`.
#[test]
fn a_tag_is_asked_for_once_more_after_a_slow_read() {
    let pipeline = Pipeline::with_environments().over_http();
    let image = pipeline.build("web", "v1.0.0");
    pipeline.server.set_latency(Duration::from_millis(600));
    pipeline.run("release", &["-k", STAGING, "--timeout", "1s", &format!("web={image}")]).run().success();
    let lines = pipeline.stage.registry.request_lines();
    assert_eq!(lines.iter().filter(|line| line.starts_with("HEAD /v2/org/web/manifests/")).count(), 2, "{lines:?}");
}

#[test]
fn a_tag_is_asked_for_once_more_before_a_late_push_and_a_digest_is_not() {
    let stage = Stage::new();
    for (image, requests) in
        [(stage.argument(), 2), (format!("IMAGE_PLACEHOLDER={}:{COMMIT}@{}", stage.image(), stage.digest), 1)]
    {
        late(&stage, &image).run().success();
        let lines = stage.registry.request_lines();
        assert_eq!(lines.iter().filter(|line| line.starts_with(HEAD)).count(), requests, "{image}: {lines:?}");
    }
}
