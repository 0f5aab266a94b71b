//! Rules on the branch: what does not meet them is not released, whatever its flags say.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::pipeline::{PRODUCTION, Pipeline, STAGING, document, kustomization};
use crate::stage::{COMMIT, FILE, FOLDER, SEED, Stage};
use crate::support::command::{Command, Output};
use crate::support::forge::{Forge, Kind, TOKEN};
use crate::support::git_server::{Access, Fault as GitFault, GitServer};
use crate::support::registry::{ALWAYS, Fault, Image, Place, media_type};
use crate::support::repository::{Checkout, File, Mode};
use crate::support::sigstore::{self, IDENTITY, ISSUER};

const RULES: &str = ".tagship.yaml";
const REPOSITORY: &str = "jakousa/dwk-4-gitops-app";

fn write(stage: &Stage, path: &str, text: &str) {
    stage.remote.commit("main", "Rules", &[File::new(path, text)]);
}

/// Returns a rule for everything that demands one thing.
fn demanding(demand: &str) -> String {
    format!("rules:\n- paths: ['**']\n  {demand}\n")
}

#[track_caller]
fn assert_ruled(stage: &Stage, output: Output, said: &str) {
    let output = output.exit(9).stderr_has("ruled: ").stderr_has(said).stderr_has("no flag overrides one");
    assert!(!output.stderr().contains('\u{1b}'), "{}", output.stderr());
    assert_eq!(stage.remote.file("main", FILE), SEED.as_bytes(), "nothing was released");
}

/// A rule whose patterns are misspelt stops nothing, and a check is where that can be seen. A release does not tell it: most
/// rules are for other files.
#[test]
fn a_rule_that_is_for_nothing_is_told_by_a_check() {
    let stage = Stage::new();
    stage.release().arg(stage.argument()).run().success();
    let rules = "rules:\n- paths: [4-gitop]\n  tags: v*\n- paths: ['**']\n  entries: IMAGE_PLACEHOLDR\n  tags: v*\n\
                 - paths: ['**']\n  entries: IMAGE_*\n  tags: '*'\n";
    write(&stage, RULES, rules);
    let check = || stage.tagship().args(["check", "--repo", &stage.remote.file_url(), "-k", FOLDER]);
    let told =
        "note    the rules `.tagship.yaml:2`, `.tagship.yaml:4` match no entry here; if one of them should, check its";
    check().run().success().stdout_has(told);
    stage.release().arg(stage.argument()).run().success().says_nowhere("match no entry");
}

/// Each demand, and what is told of a release that does not meet it; nothing: it does.
#[test]
fn what_a_rule_demands() {
    let stage = Stage::new();
    let image = stage.image();
    let allowed = format!("images: ['{}/jakousa/*']", stage.registry.address());
    let other_image =
        format!("the image `{image}` is not allowed; release an image from `ghcr.io/org/*` or `quay.io/**`\n");
    let other_tag = format!("the tag `{COMMIT}` is not allowed; release a tag that is a semantic version, such as");
    for (demand, told) in [
        (allowed.as_str(), None),
        ("images: ['ghcr.io/org/*', 'quay.io/**']", Some(other_image.as_str())),
        ("tags: [semver, 'fdafd7*']", None),
        ("tags: semver", Some(&other_tag)),
        ("platforms: linux/amd64", None),
        ("platforms: [linux/amd64, windows/amd64]", Some("is not for windows/amd64: it is for linux/amd64; build it")),
        ("pin-digest: true", Some("`IMAGE_PLACEHOLDER` would have no digest; add `--pin-digest` to its release\n")),
        ("revision: true", Some("set the label `org.opencontainers.image.revision` in the build")),
        ("signature: {identity: a, issuer: b}", Some("is not signed")),
        ("signature: {identity: a, issuer: b}\n  attestations: spdx", Some("has no attestation `spdx`")),
        ("publish: push", None),
        ("publish: pull-request", Some("releases come to this branch by a pull request; ")),
        ("order: not-older", None),
        ("freeze: {until: 2001-01-01, zone: UTC}", None),
        (
            "freeze: {until: 2999-01-01, zone: UTC, reason: The audit}",
            Some("releases are frozen until 2999-01-01 UTC (The audit), and it is "),
        ),
    ] {
        write(&stage, RULES, &demanding(demand));
        let release = stage.release().arg("--dry-run").arg(stage.argument()).run();
        let key = demand.split(':').next().unwrap();
        match told {
            None => drop(release.success().stdout_has("dry run")),
            Some(told) => {
                let release = release.stderr_has(&format!("the rule `.tagship.yaml:3` stops this by `{key}`: "));
                assert_ruled(&stage, release, told);
            }
        }
    }
}

/// Rules about the file, the day and the way are judged although the image is missing, and end a wait for it. Rules about the
/// image, its digest or its order are not judged then.
#[test]
fn what_a_rule_demands_beside_a_missing_image() {
    let stage = Stage::new();
    let argument = format!("IMAGE_PLACEHOLDER={}:missing", stage.image());
    for (demand, told) in [
        ("tags: semver", Some("the tag `missing` is not allowed")),
        ("freeze: {until: 2999-01-01, zone: UTC}", Some("releases are frozen until 2999-01-01 UTC")),
        ("publish: pull-request", Some("releases come to this branch by a pull request")),
        ("order: newer", None),
        ("pin-digest: true", None),
        ("signature: {identity: a, issuer: b}", None),
    ] {
        write(&stage, RULES, &demanding(demand));
        let release = || stage.release().args(["--pin-digest=always", &argument]);
        match told {
            None => {
                let stderr = release().run().exit(4).stderr_has("is not in the registry").stderr();
                assert!(!stderr.contains("the rule `"), "{stderr}");
            }
            Some(told) => {
                assert_ruled(&stage, release().run(), told);
                assert_ruled(&stage, release().args(["--wait", "10m"]).run(), told);
            }
        }
    }
}

/// Each demand, and the flags that meet it.
#[test]
fn what_meets_a_demand() {
    let stage = Stage::new();
    stage.registry.put_image("jakousa/dwk-4-gitops-app", COMMIT, &Image::new().revision(COMMIT));
    write(
        &stage,
        RULES,
        "rules:\n- paths: [4-gitops]\n  pin-digest: true\n  revision: true\n  platforms: linux/amd64\n",
    );
    stage.release().arg("--pin-digest").arg(stage.argument()).run().success().stdout_has("released");
    stage.remote.fsck();
}

/// What the rules ask of an image that was found is no second check.
#[test]
fn an_image_is_told_once() {
    let stage = Stage::new();
    write(&stage, RULES, &demanding("platforms: linux/amd64"));
    let check = stage.tagship().args(["check", "--repo", &stage.remote.file_url(), "-k", FOLDER]);
    for command in [stage.release().arg(stage.argument()), check] {
        let output = command.run().success();
        assert_eq!(output.stdout().matches(" check   ").count(), 1, "{}", output.stdout());
    }
}

/// Returns a rule that demands a signature by a key.
fn signed_by(key: &str) -> String {
    let key = String::from_utf8(sigstore::read(key)).unwrap().trim().replace('\n', "\n      ");
    demanding(&format!("signature:\n    key: |\n      {key}"))
}

/// A rule names the signer and its roots, and no flag names others in their place.
#[test]
fn a_rule_names_the_signer() {
    let stage = Stage::new();
    stage.registry.list_referrers();
    let digest = sigstore::put_image(&stage.registry, "org/app", "v1");
    for name in ["key.p256", "signed"] {
        stage.registry.attach("org/app", &digest, &sigstore::bundle(Place::Referrers, name));
    }
    let release = || stage.release().arg(format!("IMAGE_PLACEHOLDER={}/org/app:v1", stage.registry.address()));
    write(&stage, RULES, &signed_by("key.p384.pub"));
    assert_ruled(&stage, release().run().stderr_has("or `key` of a rule, names it"), "did not make it");
    assert_ruled(&stage, release().arg("--verify-key").arg(sigstore::path("key.p256.pub")).run(), "did not make it");
    write(&stage, RULES, &demanding(&format!("signature: {{identity: '{IDENTITY}', issuer: '{ISSUER}'}}")));
    let flags = ["--verify-identity", IDENTITY, "--verify-issuer", ISSUER, "--trusted-root"];
    let trusting = release().args(flags).arg(sigstore::path("trusted_root.json")).run();
    assert_ruled(&stage, trusting, "is unknown");
    write(&stage, RULES, &signed_by("key.p256.pub"));
    release().run().success().stdout_has(" verify  signature by sha256:").stdout_has("released");
    assert_eq!(stage.remote.log("main")[0].trailer("Tagship-Verified").len(), 1);
}

/// Two entries of one image may have different rules. What one of them proved is told, whatever the other one asked for later.
#[test]
fn what_a_rule_proved_is_told() {
    for (first, second) in [("web", "worker"), ("worker", "web")] {
        let stage = Stage::new();
        stage.registry.list_referrers();
        let digest = sigstore::put_image(&stage.registry, "org/app", "v1");
        stage.registry.attach("org/app", &digest, &sigstore::bundle(Place::Referrers, "key.p256"));
        let image = format!("{}/org/app", stage.registry.address());
        let entries = format!("images:\n- name: web\n  newName: {image}\n- name: worker\n  newName: {image}\n");
        stage.remote.commit("main", "Entries", &[File::new(FILE, entries.as_str())]);
        let signed = signed_by("key.p256.pub");
        let signed = signed.strip_prefix("rules:\n- paths: ['**']\n").unwrap();
        let rule = |entry: &str, demand: &str| format!("- paths: ['**']\n  entries: {entry}\n{demand}\n");
        let rules = format!("rules:\n{}{}", rule(first, signed), rule(second, "  platforms: linux/amd64"));
        write(&stage, RULES, &rules);
        stage.release().args(["web=*:v1", "worker=*:v1"]).run().success();
        assert_eq!(stage.remote.log("main")[0].trailer("Tagship-Verified").len(), 1, "{first}");
    }
}

/// A branch on which releases are proposed alone: a push is refused before the server sees it.
#[test]
fn a_rule_asks_for_a_pull_request() {
    let stage = Stage::new();
    let forge = Forge::start(Kind::GitHub, &stage.remote);
    let release = || {
        let release = stage.release_to(&forge.url_with_token(TOKEN)).args(["--branch", "main", "--forge", "github"]);
        release.args(["--no-check", "IMAGE_PLACEHOLDER=*:v1"])
    };
    write(&stage, RULES, &demanding("publish: pull-request"));
    assert_ruled(&stage, release().run(), "releases come to this branch by a pull request; add `--pull-request`");
    release().arg("--pull-request").run().success().stdout_has("proposed");
    write(&stage, RULES, &demanding("publish: push"));
    let proposal = release().args(["--pull-request", "--head", "other"]).run();
    assert_ruled(&stage, proposal, "releases are pushed to this branch; leave out `--pull-request`");
    // The way may come of another flag, or be kept away by one.
    stage.remote.protect("main");
    let refused = release().args(["--on-refused", "pull-request", "--head", "third"]).run();
    assert_ruled(&stage, refused, "releases are pushed to this branch; leave out `--pull-request` and `--on-refused`");
    write(&stage, RULES, &demanding("publish: pull-request"));
    let checkout = Checkout::shallow(&stage.remote.file_url());
    let release =
        stage.tagship().current_dir(checkout.path()).args(["release", "--no-push", "--no-check", "-k", FOLDER]);
    let told = "releases come to this branch by a pull request; put `--pull-request` in place of `--no-push`";
    assert_ruled(&stage, release.arg("IMAGE_PLACEHOLDER=*:v1").run(), told);
}

/// Neither a flag nor another rule leaves images of an index out of what a rule demands of each.
#[test]
fn a_revision_is_demanded_of_each_image() {
    let stage = Stage::new();
    let other = "b".repeat(40);
    let entries = [("amd64", COMMIT), ("arm64", &other)].map(|(architecture, commit)| {
        let digest = stage.registry.put_image("org/app", architecture, &Image::new().revision(commit));
        json!({ "digest": digest, "size": 1, "platform": { "os": "linux", "architecture": architecture } })
    });
    let index = json!({ "schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": entries });
    stage.registry.put_manifest("org/app", "v2", media_type::OCI_INDEX, index.to_string().as_bytes());
    let image = format!("IMAGE_PLACEHOLDER={}/org/app:v2", stage.registry.address());
    let release = || stage.release().args(["--source", &format!("org/app@{COMMIT}"), &image]);
    let amd64 = ["--platform", "linux/amd64"];
    let told = "` is not the build of";
    let revision = "rules:\n- paths: ['**']\n  revision: true\n";
    for platforms in ["", "- paths: ['**']\n  platforms: linux/amd64\n", "  platforms: linux/amd64\n"] {
        write(&stage, RULES, &format!("{revision}{platforms}"));
        assert_ruled(&stage, release().run(), told);
        assert_ruled(&stage, release().args(amd64).run(), told);
    }
    write(&stage, RULES, &revision.replace("**", "elsewhere"));
    let flags = [amd64[0], amd64[1], "--expect-revision", COMMIT];
    release().args(flags).run().success();
    write(&stage, RULES, revision);
    let url = stage.remote.file_url();
    let check = stage.tagship().args(["check", "--repo", &url, "-k", FOLDER]).args(amd64);
    check.run().exit(9).stderr_has(told);
}

/// Rules only add: each flag that would leave out what a rule demands ends in a refusal.
#[test]
fn no_flag_weakens_a_rule() {
    let stage = Stage::new();
    let freeze = "freeze: {from: 2001-01-01T00:00Z}";
    for (demand, flag, told) in [
        ("platforms: linux/amd64", "--no-check", "the registry is not asked; leave out `--no-check`"),
        ("revision: true", "--no-check", "the registry is not asked; leave out `--no-check`"),
        ("pin-digest: true", "--pin-digest=never", "would have no digest"),
        (freeze, "--override-hold", "releases are frozen"),
        (freeze, "--dry-run", "releases are frozen"),
        ("signature: {identity: a, issuer: b}", "--no-check", "by `signature`: the registry is not asked"),
    ] {
        write(&stage, RULES, &demanding(demand));
        assert_ruled(&stage, stage.release().arg(flag).arg(stage.argument()).run(), told);
    }
}

#[test]
fn order_counts_whatever_the_flags_say() {
    let environments = Pipeline::with_environments();
    let release = |tag: &str, flags: &[&str]| {
        let image = format!("web={}", environments.build("web", tag));
        environments.run("release", &["-k", PRODUCTION, "--output", "json", &image]).args(flags.iter().copied()).run()
    };
    release("v2.0.0", &[]).success();
    write(&environments.stage, RULES, &demanding("order: not-older"));
    assert_eq!(
        document(&release("v1.0.0", &[]).success())["outcome"],
        "superseded",
        "the flags' own judgement is first"
    );
    for flags in [&["--on-superseded", "allow"][..], &["--order", "none"]] {
        release("v1.0.0", flags).exit(9).stderr_has("`order`: `web` would go back: main already releases");
    }
    // Nothing tells the order of these.
    release("build-x", &[]).success();
    write(&environments.stage, RULES, &demanding("order: newer"));
    release("build-y", &[]).exit(9).stderr_has("nothing tells that `web` is newer");
    release("build-y", &["--order", "none"]).exit(9).stderr_has("nothing tells that `web` is newer");
    // A rollback goes back on purpose.
    environments.run("rollback", &["-k", PRODUCTION, "web"]).run().success();
    assert!(environments.file(PRODUCTION).contains("v2.0.0"));
    // A person may have written something newer by hand.
    write(
        &environments.stage,
        &format!("{PRODUCTION}/kustomization.yaml"),
        &kustomization(&[("api", "newTag: first")]),
    );
    let release = |flags: &[&str]| {
        environments.run("release", &["--no-check", "-k", PRODUCTION]).args(flags.iter().copied()).run()
    };
    let stopped = release(&["api=*:second"]).exit(9);
    stopped
        .stderr_has("nothing tells that `api` is newer")
        .stderr_has("or remove its tag by hand if it was never released");
    write(
        &environments.stage,
        &format!("{PRODUCTION}/kustomization.yaml"),
        &kustomization(&[("api", "newName: org/api")]),
    );
    release(&["api=*:second"]).success();
    release(&["--add", "job=*:first"]).success();
}

/// A name may have several places that say different things: each of them must not go back.
#[test]
fn order_counts_for_each_place_of_a_name() {
    let pod = |name: &str, tag: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  containers:\n  - name: web\n    \
             image: org/web:{tag}\n"
        )
    };
    let (low, high) = (pod("a", "v1.0.0"), pod("b", "v3.0.0"));
    for pods in [format!("{low}---\n{high}"), format!("{high}---\n{low}")] {
        let pipeline = Pipeline::new();
        write(&pipeline.stage, "pods.yaml", &pods);
        write(&pipeline.stage, RULES, &demanding("order: not-older"));
        let release = |tag: &str, flags: &[&str]| {
            let image = format!("web=*:{tag}");
            let arguments = ["--no-check", "--output", "json", "-f", "pods.yaml", &image];
            pipeline.run("release", &arguments).args(flags.iter().copied()).run()
        };
        for flags in [&["--on-superseded", "allow"][..], &["--order", "none"]] {
            release("v2.0.0", flags).exit(9).stderr_has("`order`: `web` would go back: main has `v3.0.0`");
        }
        let released = document(&release("v4.0.0", &["--dry-run"]).success());
        let orders = released["images"].as_array().unwrap().iter().map(|image| image["order"].as_str().unwrap());
        let mut orders: Vec<&str> = orders.collect();
        orders.sort_unstable();
        assert_eq!(orders, ["newer than `v1.0.0`: by its tag", "newer than `v3.0.0`: by its tag"]);
    }
}

#[test]
fn rollback_and_promote_meet_rules_too() {
    let environments = Pipeline::with_environments();
    environments.release(STAGING, "web", "v1.0.0", 1).success();
    environments.release(STAGING, "web", "main-2", 2).success();
    write(&environments.stage, "overlays/.tagship.yaml", "rules:\n- paths: [production]\n  tags: semver\n");
    let promote = || environments.run("promote", &["--from", STAGING, "--to", PRODUCTION, "web"]).run();
    promote().exit(9).stderr_has("the rule `overlays/.tagship.yaml:3` stops this by `tags`: the tag `main-2`");
    environments.run("rollback", &["-k", STAGING, "web"]).run().success();
    promote().success();
    write(&environments.stage, "overlays/.tagship.yaml", &demanding("tags: 'main-*'"));
    environments
        .run("rollback", &["-k", STAGING, "--to", "v0.9.0", "--no-check", "web"])
        .run()
        .exit(9)
        .stderr_has("the tag `v0.9.0`");
}

/// What runs is the digest, so a rule about the tag beside it wants the registry's word that both are one image.
#[test]
fn a_digest_must_be_that_of_the_tag_beside_it() {
    let stage = Stage::new();
    let other = stage.registry.put_image(REPOSITORY, "latest", &Image::new().label("number", "2"));
    let release = |image: &str, flags: &[&str]| {
        stage.release().args(["--dry-run", &format!("IMAGE_PLACEHOLDER={image}")]).args(flags.iter().copied()).run()
    };
    let with = |digest: &str| format!("{}:{COMMIT}@{digest}", stage.image());
    for demand in ["tags: '*'", "pin-digest: true"] {
        write(&stage, RULES, &demanding(demand));
        for digest in [&other, &stage.digest] {
            let unasked = release(&with(digest), &["--no-check"]);
            assert_ruled(&stage, unasked, "the registry is not asked; leave out `--no-check`");
        }
        release(&with(&other), &[]).exit(4).stderr_has("has another digest");
        release(&with(&stage.digest), &[]).success();
    }
    // One of them alone says all that runs.
    release(&format!("{}@{other}", stage.image()), &["--no-check"]).success();
    write(&stage, RULES, &demanding("tags: '*'"));
    release(&format!("{}:v1", stage.image()), &["--no-check"]).success();
    // The file has no place for the name: the one that was checked counts.
    let values = "image:\n  tag: v1\n  digest: ''\n";
    stage.remote.commit("main", "Values", &[File::new("values.yaml", values)]);
    let image = format!("image={}", with(&stage.digest));
    let target = ["release", "--repo", &stage.remote.file_url(), "--branch", "main", "-f", "values.yaml", &image];
    stage.tagship().args(target).arg("--no-check").run().exit(9).stderr_has("the registry is not asked");
    stage.tagship().args(target).run().success();
}

/// A digest is there so that its tag may be moved. A rollback brings nothing that the branch did not have, and must be possible
/// while the registry is down.
#[test]
fn a_tag_that_moved_from_its_digest() {
    let environments = Pipeline::new();
    let by_hand_in = |folder: &str| {
        let file = File::new(&format!("{folder}/kustomization.yaml"), kustomization(&[("web", "newTag: v0.1.0")]));
        environments.stage.remote.commit("main", "By hand", &[file]);
    };
    [STAGING, PRODUCTION].into_iter().for_each(by_hand_in);
    let registry = &environments.stage.registry;
    let push = |tag: &str, number: &str| registry.put_image("org/web", tag, &Image::new().label("number", number));
    let release = |tag: &str| {
        let image = format!("web={}/org/web:{tag}", registry.address());
        environments.run("release", &["-k", STAGING, "--pin-digest", &image]).run().success();
    };
    write(&environments.stage, RULES, &demanding("tags: semver\n  pin-digest: true"));
    let good = push("v1.0.0", "1");
    push("v1.1.0", "2");
    release("v1.0.0");
    check(&environments, &["-k", STAGING]).run().success();
    release("v1.1.0");
    let moved = push("v1.0.0", "3");
    let rollback = |flags: &[&str]| {
        environments.run("rollback", &["-k", STAGING, "web"]).args(flags.iter().copied()).run().success()
    };
    rollback(&["--no-check", "--dry-run"]);
    rollback(&[])
        .stdout_has(&format!("the tag `v1.0.0` of `{}/org/web` is {moved} in the registry; ", registry.address()));
    assert!(environments.file(STAGING).contains(&good));
    let told = |what: &str| {
        check(&environments, &["-k", STAGING])
            .run()
            .success()
            .stdout_has(what)
            .stdout_has("  tags  `web` in overlays/staging/kustomization.yaml  holds\n");
    };
    told(&format!(" is {moved} in the registry; the recorded digest counts: "));
    let promote = |flags: &[&str]| {
        environments.run("promote", &["--from", STAGING, "--to", PRODUCTION, "web"]).args(flags.iter().copied()).run()
    };
    let moved = "by `tags`: the digest of `web` is not that of the tag `v1.0.0` in the registry; ";
    promote(&[]).exit(9).stderr_has(moved).says_nowhere("by `pin-digest`");
    registry.remove_manifest("org/web", "v1.0.0");
    told(" is not in the registry; the recorded digest counts: ");
    promote(&[]).exit(9).stderr_has(moved);
    write(&environments.stage, RULES, &demanding("pin-digest: true"));
    promote(&["--no-check"]).exit(9).stderr_has("by `pin-digest`: the registry is not asked; leave out `--no-check`");
    promote(&[]).success();
    assert!(environments.file(PRODUCTION).contains(&good));
}

/// Each rules file that cannot be understood, and what is told.
#[test]
fn what_cannot_be_understood_stops_everything_below() {
    let stage = Stage::new();
    let large = format!("#{}\n", "x".repeat(64 << 10));
    let deep = format!("rules: {}", "[".repeat(60_000));
    for (text, told) in [
        (
            "",
            "cannot be understood, so nothing below it is released: the file is empty; correct the file on the branch\n",
        ),
        ("rules:\n- paths: [elsewhere]\n  tag: x\n", "line 3, column 3: unknown key `tag`; did you mean `tags`?"),
        ("rules:\n- paths: [elsewhere]\n  tags: \x1b[2J\n", "line 3"),
        (&large, "has 65538 bytes, and at most 65536 are read"),
        (&deep, "cannot be understood"),
    ] {
        write(&stage, "4-gitops/.tagship.yaml", text);
        let release = stage.release().args(["--override-hold"]).arg(stage.argument()).run();
        assert_ruled(&stage, release.stderr_has("the rules in `4-gitops/.tagship.yaml:"), told);
    }
    stage.remote.commit("main", "Link", &[File::new("4-gitops/.tagship.yaml", "elsewhere").mode(Mode::Symlink)]);
    assert_ruled(&stage, stage.release().arg(stage.argument()).run(), "it is not a file");
}

/// Only what changes is judged, and only by the rules that are for it.
#[test]
fn which_rules_are_for_a_release() {
    let environments = Pipeline::with_environments();
    let release = |folder: &str, image: &str| environments.run("release", &["-k", folder, "--no-check", image]).run();
    let text = "rules:\n- {paths: [production], entries: [web, 'w?b'], tags: semver}\n- {paths: ['**'], entries: api, tags: 'v*'}\n";
    write(&environments.stage, "overlays/.tagship.yaml", text);
    write(&environments.stage, "base/.tagship.yaml", "not understood");
    release(STAGING, "web=*:x").success();
    release(PRODUCTION, "web=*:x").exit(9);
    release(PRODUCTION, "api=*:x").exit(9).stderr_has("`overlays/.tagship.yaml:3`");
    release(PRODUCTION, "api=*:vx").success();
    // What stands is not judged by a rule that came later.
    write(&environments.stage, "overlays/.tagship.yaml", &demanding("tags: semver"));
    release(PRODUCTION, "api=*:vx").success().stdout_has("unchanged");
}

/// An image has several names in a file that is no kustomization, so no name gets around a rule.
#[test]
fn another_name_is_no_way_around() {
    let environments = Pipeline::with_environments();
    let values = "image:\n  repository: ghcr.io/org/web\n  tag: v1.0.0\n";
    environments.stage.remote.commit("main", "Values", &[File::new("apps/values.yaml", values)]);
    write(&environments.stage, RULES, "rules:\n- {paths: [apps], entries: [image], tags: semver}\n");
    for name in ["image", ".image"] {
        let argument = format!("{name}=*:latest");
        let release = environments.run("release", &["-f", "apps/values.yaml", "--no-check", &argument]).run();
        release.exit(9).stderr_has("the tag `latest`");
    }
}

/// The name of an argument is not written where the file has no place for it, and then says nothing of what runs.
#[test]
fn an_argument_s_name_is_not_judged_in_the_file_s_place() {
    let stage = Stage::new();
    stage.registry.list_referrers();
    stage.registry.put_image("org/api", "v1", &Image::new());
    let digest = sigstore::put_image(&stage.registry, "org/good", "v1");
    stage.registry.attach("org/good", &digest, &sigstore::bundle(Place::Referrers, "key.p256"));
    let registry = stage.registry.address();
    let values = format!(
        "backend:\n  path: {registry}/org/api\n  version: v0\nimage:\n  repository: {registry}/org/good\n  tag: v0\n"
    );
    for (rule, said) in [
        (demanding(&format!("images: ['{registry}/org/*']")), "the file does not say which image `backend.version` is"),
        (signed_by("key.p256.pub"), "no registry can be asked for the image of `backend.version`"),
    ] {
        let files = [File::new("values.yaml", &*values), File::new(RULES, rule)];
        stage.remote.commit("main", "Rules", &files);
        let release = |argument: String| {
            stage.tagship().args(["release", "--repo", &stage.remote.file_url(), "-f", "values.yaml", &argument]).run()
        };
        assert_ruled(&stage, release(format!("backend.version={registry}/org/good:v1")), said);
        release(format!("image={registry}/org/good:v1")).success();
    }
}

/// A path or a policy of Flux is another name for an entry of a kustomization.
#[test]
fn a_path_into_a_kustomization_is_no_way_around() {
    let environments = Pipeline::with_environments();
    let entry = "newTag: v1.0.0 # {\"$imagepolicy\": \"flux-system:web:tag\"}";
    let files = [
        File::new("apps/kustomization.yaml", kustomization(&[("web", entry), ("nginx:1.25", "newTag: v1")])),
        File::new(RULES, "rules:\n- {paths: [apps], entries: [web], tags: semver}\n"),
    ];
    environments.stage.remote.commit("main", "Apps", &files);
    let release =
        |argument: &str| environments.run("release", &["-f", "apps/kustomization.yaml", "--no-check", argument]).run();
    for argument in
        ["web=*:latest", ".images[0].newTag=web:latest", ".images.web.newTag=web:latest", "flux-system:web=web:latest"]
    {
        release(argument).exit(9).stderr_has("the tag `latest`");
    }
    release("nginx:1.25=*:latest").success();
}

#[test]
fn a_file_with_nearly_the_name_is_told_of() {
    let stage = Stage::new();
    write(&stage, ".tagship.yml", "rules: []");
    let output = stage.release().arg(stage.argument()).run().success();
    output
        .stdout_has("`.tagship.yml` has no rules for tagship: they are read from `.tagship.yaml`")
        .stdout_has("released");
    write(&stage, RULES, &demanding("publish: push"));
    let output = stage.release().args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"]).run().success().stdout();
    assert_eq!(output.matches("has no rules").count(), 1, "of the other name alone: {output}");
    let near = [
        "tagship.yaml",
        ".Tagship.yaml",
        ".tag-ship.yaml",
        ".tagship.yaml.txt",
        ".tagship-rules.yaml",
        "tagship_rule.yml",
    ];
    let far = ["tagship", "tagship.md", ".tagship.json", "my-tagship.yaml", ".tagship-hold.txt"];
    let files: Vec<File> = near.iter().chain(&far).map(|name| File::new(name, "rules: []")).collect();
    stage.remote.commit("main", "Names", &files);
    let output = stage.release().args(["--no-check", "IMAGE_PLACEHOLDER=*:v3"]).run().success().stdout();
    for name in near {
        assert!(output.contains(&format!(" warn    `{name}` has no rules for tagship: ")), "{name}: {output}");
    }
    assert_eq!(output.matches("has no rules").count(), near.len() + 1, "{output}");
}

#[test]
fn what_is_told() {
    let stage = Stage::new();
    write(&stage, RULES, "rules:\n- name: production\n  paths: ['**']\n  tags: semver\n  publish: push\n");
    let summary = stage.home.path().join("summary.md");
    let output_file = stage.home.path().join("output");
    let release = stage.release().args(["--output", "json"]).arg(stage.argument());
    let release = release.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", &summary);
    let output = release.env("GITHUB_OUTPUT", &output_file).run().exit(9);
    let document = document(&output);
    assert_eq!(document["outcome"], "ruled");
    let place = |line: u32| json!({"file": ".tagship.yaml", "line": line, "column": 3});
    let why = format!("the tag `{COMMIT}` is not allowed");
    let remedy = "release a tag that is a semantic version, such as `v1.2.3`";
    let common = |line, demand, holds, why: Value, remedy: Value| {
        json!({"place": place(line), "rule": "production", "demand": demand, "file": FILE, "entry": "IMAGE_PLACEHOLDER",
            "holds": holds, "reason": why, "remedy": remedy})
    };
    let expected = [
        common(4, "tags", false, why.clone().into(), remedy.into()),
        common(5, "publish", true, Value::Null, Value::Null),
    ];
    assert_eq!(document["rules"], json!(expected));
    let reason = format!("the rule `.tagship.yaml:4 (production)` stops this by `tags`: {why}; {remedy}");
    assert_eq!(document["reason"], reason);
    assert_eq!((&document["changed"], &document["files"]), (&json!(false), &json!([])));
    let output = output.stderr_has(&format!("ruled: {reason}\n"));
    output.stderr_has("::error title=tagship release::ruled: the rule");
    let summary = std::fs::read_to_string(summary).unwrap();
    assert!(summary.contains("### ⛔ Ruled: "), "{summary}");
    assert!(summary.contains("| rule | demands | of | holds |"), "{summary}");
    let outputs = std::fs::read_to_string(output_file).unwrap();
    assert!(outputs.contains("outcome=ruled") || outputs.contains("\nruled\n"), "{outputs}");
}

/// The hook pushes rules in the very moment of our release, after the server has told us its tip.
#[test]
fn rules_that_come_in_between() {
    let stage = Stage::new();
    write(&stage, RULES, &demanding("tags: semver"));
    let rules = stage.remote.tip("main").unwrap();
    let seed = &stage.remote.log("main")[1].id;
    stage.remote.git(["update-ref", "refs/heads/main", seed]).run().success();
    let script = format!("unset GIT_QUARANTINE_PATH; git update-ref refs/heads/main {rules} {seed} || true");
    stage.remote.hook("pre-receive", &script);
    let output = stage.release().arg(stage.argument()).run().exit(9);
    output.stdout_has(" raced ").stderr_has("ruled: the rule `.tagship.yaml:3` stops this by `tags`");
    assert_eq!(stage.remote.tip("main"), Some(rules));
}

/// A branch without rules costs nothing more, and one with rules in two folders one reading of both.
#[test]
fn what_it_costs() {
    let stage = Stage::new();
    let server = GitServer::start(stage.remote.folder(), Access::Open);
    let release = || stage.release_to(&server.url("gitops.git")).args(["--branch", "main"]).arg(stage.argument());
    release().arg("--dry-run").run().success();
    let ordinary = server.fetches();
    write(&stage, RULES, &demanding("publish: push"));
    write(&stage, "4-gitops/.tagship.yaml", &demanding("images: ['**']"));
    release().arg("--dry-run").run().success();
    assert_eq!(server.fetches(), ordinary + 1);
}

/// A digest never changes what it is, so the attempt after a lost race asks for nothing of it again.
#[test]
fn a_lost_race_asks_no_registry_again() {
    let stage = Stage::new();
    stage.registry.put_image(REPOSITORY, COMMIT, &Image::new().revision(COMMIT));
    write(&stage, RULES, &demanding("platforms: linux/amd64\n  revision: true"));
    let server = GitServer::start(stage.remote.folder(), Access::Open);
    let release = || stage.release_to(&server.url("gitops.git")).args(["--branch", "main"]).arg(stage.argument());
    release().arg("--dry-run").run().success();
    let once = stage.registry.requests().len();
    let remote = stage.remote.clone();
    let other = move || drop(remote.commit("main", "Other", &[File::new("other", "1\n")]));
    server.inject("POST /gitops.git/git-receive-pack", 1, GitFault::After(Arc::new(other)));
    let output = release().args(["--output", "json"]).run().success();
    assert_eq!(document(&output)["attempts"], 2);
    assert_eq!(stage.registry.requests().len(), once);
}

/// An image is waited for until it meets the rules, as it is for what the flags demand.
#[test]
fn a_wait_is_for_rules_too() {
    let stage = Stage::new();
    write(&stage, RULES, &demanding("platforms: linux/arm64"));
    let release = || stage.release().args(["--wait", "2s"]).arg(stage.argument());
    assert_ruled(&stage, release().run().stdout_has("not for linux/arm64 yet"), "is not for linux/arm64");
    let both = Image::new().platforms(&["linux/amd64", "linux/arm64"]);
    stage.registry.put_image("jakousa/dwk-4-gitops-app", COMMIT, &both);
    release().run().success().stdout_has("released");
}

/// The time that was waited for the image is gone when the rules are judged.
#[test]
fn a_wait_is_for_the_image_and_its_rules_together() {
    let stage = Stage::new();
    write(&stage, RULES, &demanding("platforms: linux/arm64"));
    stage.registry.appear_after(2, REPOSITORY, COMMIT);
    let output = stage.release().args(["--wait", "4s"]).arg(stage.argument()).run();
    let stdout = output.stdout();
    assert_ruled(&stage, output.stdout_has("not there yet  0:00 of 0:04"), "is not for linux/arm64");
    let wait = stdout.lines().find(|line| line.contains("not for linux/arm64 yet")).unwrap();
    assert!(!wait.ends_with("0:00 of 0:04"), "{wait}");
}

/// A digest that this run has pinned is what the tag meant before: the tag is waited for, and the digest is written that meets
/// the rule.
#[test]
fn a_wait_for_a_rule_pins_what_came() {
    let stage = Stage::new();
    write(&stage, RULES, &demanding("platforms: linux/arm64"));
    let running = stage.release().args(["--wait", "1m", "--pin-digest"]).arg(stage.argument()).start();
    // The platforms are in the manifest and its parts.
    while !stage.registry.request_lines().iter().any(|line| line.contains("/blobs/")) {
        std::thread::yield_now();
    }
    let both = Image::new().platforms(&["linux/amd64", "linux/arm64"]);
    let digest = stage.registry.put_image(REPOSITORY, COMMIT, &both);
    running.finish().success().stdout_has("not for linux/arm64 yet");
    let text = String::from_utf8(stage.remote.file("main", FILE)).unwrap();
    assert!(text.contains(&digest), "{text}");
}

/// The branch does not move during the wait, so nothing of it is read again.
#[test]
fn a_wait_for_a_rule_reads_the_branch_once() {
    let fetches = |waits: bool| {
        let stage = Stage::new();
        write(&stage, RULES, &demanding("platforms: linux/arm64"));
        let server = GitServer::start(stage.remote.folder(), Access::Open);
        let put_both = || {
            let both = Image::new().platforms(&["linux/amd64", "linux/arm64"]);
            stage.registry.put_image(REPOSITORY, COMMIT, &both);
        };
        if !waits {
            put_both();
        }
        let release = stage.release_to(&server.url("gitops.git")).args(["--branch", "main", "--wait", "1m"]);
        let running = release.arg(stage.argument()).start();
        if waits {
            while !stage.registry.request_lines().iter().any(|line| line.contains("/blobs/")) {
                std::thread::yield_now();
            }
            put_both();
        }
        running.finish().success();
        server.fetches()
    };
    assert_eq!(fetches(true), fetches(false));
}

/// All that lack something are waited for together.
#[test]
fn the_rules_of_several_images_are_asked_for_at_once() {
    let environments = Pipeline::with_environments();
    let images = ["web", "api"].map(|name| format!("{name}={}", environments.build(name, "v2.0.0")));
    write(&environments.stage, RULES, "rules:\n- paths: ['overlays/*']\n  platforms: linux/arm64\n");
    let output = environments.run("release", &["-k", STAGING, "--wait", "2s"]).args(images).run().exit(9);
    let stdout = output.stdout();
    let waits = stdout.lines().filter(|line| line.starts_with(" wait ") && line.ends_with("0:00 of 0:02")).count();
    assert_eq!(waits, 2, "{stdout}");
}

/// What a person must solve is told at once, whatever a registry does not tell.
#[test]
fn a_registry_that_fails_hides_no_broken_rule() {
    let (freeze, signature) = ("freeze: {from: 2001-01-01T00:00Z}", "signature: {identity: a, issuer: b}");
    for (demands, fault, told) in [
        (&[freeze, "revision: true"][..], "/blobs/", "releases are frozen"),
        (&["publish: pull-request", "revision: true"], "/blobs/", "releases come to this branch by a pull request"),
        (&["platforms: windows/amd64", signature], "/referrers/", "is not for windows/amd64"),
    ] {
        let stage = Stage::new();
        stage.registry.inject(&format!("GET /v2/{REPOSITORY}{fault}"), ALWAYS, Fault::status(503));
        write(&stage, RULES, &demanding(&demands.join("\n  ")));
        assert_ruled(&stage, stage.release().arg(stage.argument()).run(), told);
        write(&stage, RULES, &demanding(demands[1]));
        stage.release().arg(stage.argument()).run().exit(6).stderr_has("503");
    }
}

#[test]
fn nothing_is_waited_for_beside_a_broken_rule() {
    let stage = Stage::new();
    write(&stage, RULES, &demanding("tags: semver\n  platforms: linux/arm64"));
    let output = stage.release().args(["--wait", "10m"]).arg(stage.argument()).run();
    assert_ruled(&stage, output, "is not for linux/arm64");
}

fn check(environments: &Pipeline, arguments: &[&str]) -> Command {
    environments.run("check", arguments)
}

#[test]
fn check_tells_which_rules_there_are_and_whether_they_hold() {
    let environments = Pipeline::with_environments();
    let tip = |environments: &Pipeline| environments.tip();
    let fields = |tag: &str| format!("newName: {}/org/web\n  newTag: {tag}", environments.stage.registry.address());
    let files = [("v1.0.0", STAGING), ("latest", PRODUCTION)].map(|(tag, folder)| {
        environments.build("web", tag);
        File::new(&format!("{folder}/kustomization.yaml"), kustomization(&[("web", &fields(tag))]))
    });
    environments.stage.remote.commit("main", "Images", &files);
    let output = check(&environments, &["-k", STAGING, "-k", PRODUCTION]).run().success();
    assert!(output.stdout().contains("present") && !output.stdout().contains(" rule "), "{}", output.stdout());
    write(
        &environments.stage,
        RULES,
        "rules:\n- name: all\n  paths: ['overlays/*']\n  tags: semver\n  platforms: linux/amd64\n",
    );
    let before = tip(&environments);
    let output = check(&environments, &["-k", STAGING]).run().success().stdout_has("present");
    let holds = " rule    .tagship.yaml:4 (all)  tags  `web` in overlays/staging/kustomization.yaml  holds\n";
    output.stdout_has(holds).stdout_has(".tagship.yaml:5 (all)  platforms  ");
    let output = check(&environments, &["-k", STAGING, "-k", PRODUCTION, "--output", "json"]).run().exit(9);
    let ruled = document(&output);
    assert_eq!(ruled["outcome"], "ruled");
    let judged: Vec<_> = ruled["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| (&rule["file"], &rule["demand"], &rule["holds"]))
        .collect();
    let (staging, production) =
        (json!(format!("{STAGING}/kustomization.yaml")), json!(format!("{PRODUCTION}/kustomization.yaml")));
    let (tags, platforms, yes, no) = (json!("tags"), json!("platforms"), json!(true), json!(false));
    let expected = [
        (&staging, &tags, &yes),
        (&staging, &platforms, &yes),
        (&production, &tags, &no),
        (&production, &platforms, &yes),
    ];
    assert_eq!(judged, expected);
    assert_eq!(ruled["images"][0]["name"], "web");
    assert_eq!(environments.tip(), before);
    // Nothing is released, so that these neither stop it nor hold.
    let of_releases = demanding("publish: pull-request\n  order: newer\n  freeze: {from: 2001-01-01T00:00Z}");
    write(&environments.stage, RULES, &of_releases);
    let mut output = check(&environments, &["-k", STAGING]).run().success().stdout_has("present");
    for demand in ["publish", "order", "freeze"] {
        let line = format!("{demand}  `web` in {STAGING}/kustomization.yaml  not judged: nothing is released\n");
        output = output.stdout_has(&line);
    }
    let judged = document(&check(&environments, &["-k", STAGING, "--output", "json"]).run());
    assert!(judged["rules"].as_array().unwrap().iter().all(|rule| rule["holds"].is_null()), "{judged}");
    // No flag of a check pins anything.
    write(&environments.stage, RULES, &demanding("pin-digest: true"));
    check(&environments, &["-k", STAGING]).run().exit(9).stderr_has("add `--pin-digest` to its release\n");
    // What is broken in the file is told early as well.
    write(&environments.stage, RULES, "rules: 1");
    check(&environments, &["-k", STAGING]).run().exit(9).stderr_has("cannot be understood");
    // An image that is not there hides no rule.
    environments.stage.registry.remove_manifest("org/web", "v1.0.0");
    check(&environments, &["-k", STAGING])
        .run()
        .exit(9)
        .stderr_has("cannot be understood")
        .stderr_has("is not in the registry");
    write(&environments.stage, RULES, &demanding("tags: semver"));
    check(&environments, &["-k", STAGING]).run().exit(4);
}

#[test]
fn check_reads_the_branch_only_if_it_is_asked_to() {
    let stage = Stage::new();
    let reference = format!("{}:{COMMIT}", stage.image());
    stage.tagship().args(["check", &reference]).run().success().stdout_has("present");
    stage.tagship().arg("check").run().exit(2).stderr_has("<REFERENCE>");
    let url = stage.remote.file_url();
    stage.release().arg(stage.argument()).run().success();
    stage.tagship().args(["check", "--repo", &url, "-k", FOLDER, &reference]).run().success().stdout_has("present");
}

/// A rules file of 64 kB may have a thousand patterns, of which some characters stand for megabytes.
#[test]
fn patterns_take_little_memory() {
    let stage = Stage::new();
    for (pattern, told) in
        [("(?:(?:a?){50}){600}", Some("`identity-regexp` cannot be used: it is too large")), (".{5000}", None)]
    {
        let rule = format!("- paths: elsewhere\n  signature: {{issuer: i, identity-regexp: '{pattern}'}}\n");
        write(&stage, RULES, &format!("rules:\n{}", rule.repeat(64_000 / rule.len())));
        let release = stage.release().args(["--dry-run", "--no-check"]).arg(stage.argument());
        let (output, peak) = release.start().finish_with_peak();
        match told {
            None => drop(output.success()),
            Some(told) => assert_ruled(&stage, output, told),
        }
        assert!(peak < 50_000_000, "{pattern}: {peak} bytes");
    }
}
