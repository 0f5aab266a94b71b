//! Releases of signed images alone: what the flags require, what is told of it, and that nothing else goes out.

use serde_json::{Value, json};

use crate::pipeline::{document, kustomization};
use crate::stage::{FILE, FOLDER, SEED, Stage};
use crate::support::command::Command;
use crate::support::forge::{Fault as ForgeFault, Forge, Kind, Rights, TOKEN};
use crate::support::http::Response;
use crate::support::registry::{Attachment, Auth, Fault, Place, Registry};
use crate::support::repository::{File, Remote};
use crate::support::sigstore::{COMMIT, IDENTITY, ISSUER, bundle, path, put_image, read};

/// Returns a stage whose registry has the signed image, with this attached to it.
fn stage(attached: &[Attachment]) -> Stage {
    let stage = Stage::new();
    stage.registry.list_referrers();
    let digest = put_image(&stage.registry, "org/app", "v1");
    for attachment in attached {
        stage.registry.attach("org/app", &digest, attachment);
    }
    stage
}

fn of(name: &str) -> Attachment {
    bundle(Place::Referrers, name)
}

fn image(stage: &Stage) -> String {
    format!("{}/org/app:v1", stage.registry.address())
}

/// Adds the flags that require the workflow's signature.
fn by_workflow(command: Command) -> Command {
    let root = path("trusted_root.json");
    command.args(["--verify-identity", IDENTITY, "--verify-issuer", ISSUER]).arg("--trusted-root").arg(root)
}

fn release(stage: &Stage) -> Command {
    by_workflow(stage.release().arg(format!("IMAGE_PLACEHOLDER={}", image(stage))))
}

fn check(stage: &Stage) -> Command {
    stage.tagship().args(["check", &image(stage)])
}

#[test]
fn what_was_verified_is_told_everywhere() {
    let stage = stage(&[of("signed"), of("provenance"), of("spdx")]);
    let summary = stage.home.path().join("summary.md");
    let source = format!("org/app@{COMMIT}");
    let release = release(&stage).args(["--require-provenance", "--require-attestation", "spdx", "--source", &source]);
    let output = release.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", &summary).run().success();
    let output =
        output.stdout_has(&format!(" verify  provenance of {source} by {IDENTITY} ({ISSUER}), 2026-06-01T12:00"));
    output.stdout_has(" verify  attestation https://spdx.dev/Document by ").stdout_has(", log entry ");
    let summary = std::fs::read_to_string(summary).unwrap();
    assert_eq!(summary.matches("✓ verified: ").count(), 1, "{summary}");
    let commit = &stage.remote.log("main")[0];
    assert_eq!(commit.trailer("Tagship-Verified"), [IDENTITY]);
    let url = stage.remote.file_url();
    let log = |arguments: &[&str]| {
        stage.tagship().args(["log", "--repo", &url, "-k", FOLDER]).args(arguments.iter().copied()).run().success()
    };
    log(&[]).stdout_has("   verified\n");
    let log = document(&log(&["--output", "json"]));
    assert_eq!(log["releases"][0]["verified"], json!([IDENTITY]));
    let checked = by_workflow(check(&stage)).args(["--require-provenance", "--output", "json"]).run().success();
    let checked = document(&checked);
    let verified = &checked["images"][0]["verified"][0];
    for (key, expected) in [
        ("statement", "provenance"),
        ("signer", IDENTITY),
        ("issuer", ISSUER),
        ("source", &source),
        ("builder", IDENTITY),
    ] {
        assert_eq!(verified[key], expected, "{verified}");
    }
    assert!(verified["log_index"].is_u64() && verified["logged"].is_string(), "{verified}");
}

#[test]
fn what_is_not_proved_is_not_released() {
    let other = format!("org/app@{}", COMMIT.replace('0', "1"));
    for (attached, flags, message, hint) in [
        (&[][..], &[][..], "` is not signed\n", "`--wait 5m` waits for it"),
        (
            &[of("bad.no-proof")],
            &[],
            "  it is not in the transparency log: it has no entry\n",
            "sign the image again with the transparency log",
        ),
        (&[of("signed")], &["--require-provenance"], "` has no provenance\n", "attestation of GitHub"),
        (
            &[of("provenance")],
            &["--require-provenance", "--source", &other],
            "  its provenance is of org/app@0123",
            "check whether another build pushed the tag; `--source` of `tagship release` names another commit",
        ),
        (&[of("signed")], &["--require-attestation", "spdx"], "` has no attestation `spdx`\n", "sign the image"),
    ] {
        let stage = stage(attached);
        let output = release(&stage).args(flags.iter().copied()).run().exit(4);
        output.stderr_has(message).stderr_has(hint);
        stage.untouched();
    }
}

/// An attestation that is required by its type is signed, so no other signature is asked for. One of another type is none.
#[test]
fn an_attestation_that_is_required_is_a_signature() {
    let stage = stage(&[of("spdx")]);
    let check = |kind: &str| by_workflow(check(&stage)).args(["--require-attestation", kind]).run();
    let output = check("spdx").success().stdout_has(" verify  attestation https://spdx.dev/Document by ");
    assert_eq!(output.stdout().matches(" verify ").count(), 1, "{}", output.stdout());
    check("https://spdx.dev/Document").success();
    let output = check("cyclonedx").exit(4).stderr_has("` is not signed\n");
    output.stderr_has("` has no attestation `cyclonedx`\n");
    by_workflow(self::check(&stage)).run().exit(4).stderr_has("` is not signed\n");
}

#[test]
fn another_signer_is_told_with_the_wanted_one() {
    let stage = stage(&[of("signed")]);
    let prefix = IDENTITY.strip_suffix("main").unwrap();
    let root = path("trusted_root.json");
    let check = |flag: &str, identity: &str, issuer: &str| {
        let check = check(&stage).args([flag, identity, "--verify-issuer", issuer, "--trusted-root"]).arg(&root);
        check.run()
    };
    let output = check("--verify-identity", prefix, ISSUER).exit(4);
    let output = output.stderr_has(&format!("` is not signed by `{prefix}` ({ISSUER})\n"));
    output.stderr_has(&format!("  it is signed by `{IDENTITY}`, not by `{prefix}`\n"));
    check("--verify-identity", IDENTITY, "https://example.org").exit(4).stderr_has("not from `https://example.org`");
    check("--verify-identity-regexp", "https://github.com/org/app/.*", ISSUER).success();
    check("--verify-identity-regexp", "https://github.com/org/app/", ISSUER).exit(4).stderr_has("is not signed by");
    check("--verify-identity-regexp", "(", ISSUER).exit(2).stderr_has("`(` cannot be used as an identity");
}

#[test]
fn keys_verify_by_file_and_by_text() {
    let stage = stage(&[of("key.p256")]);
    let pem = String::from_utf8(read("key.p256.pub")).unwrap();
    let key = path("key.p256.pub").display().to_string();
    for key in [&key, &pem] {
        check(&stage).args(["--verify-key", key]).run().success().stdout_has(" verify  signature by sha256:");
        check(&stage).env("TAGSHIP_VERIFY_KEY", key).run().success().stdout_has(" verify  signature by sha256:");
    }
    let other = path("key.p384.pub");
    check(&stage).arg("--verify-key").arg(&other).run().exit(4).stderr_has("did not make it");
    check(&stage).args(["--verify-key", "nowhere.pub"]).run().exit(2).stderr_has("cannot use the key `nowhere.pub`");
    check(&stage).arg("--verify-key").arg(path("manifest.json")).run().exit(2).stderr_has("it is no public key in PEM");
}

/// A flag and a rule may name one key.
#[test]
fn what_is_required_twice_is_told_once() {
    let stage = stage(&[of("key.p256")]);
    let pem = String::from_utf8(read("key.p256.pub")).unwrap().replace('\n', "\n      ");
    let rules = format!("rules:\n- paths: ['**']\n  signature:\n    key: |\n      {pem}\n");
    stage.remote.commit("main", "Begin", &[File::new(FILE, SEED), File::new(".tagship.yaml", rules)]);
    let release = || {
        let release = stage.release().arg(format!("IMAGE_PLACEHOLDER={}", image(&stage)));
        release.arg("--verify-key").arg(path("key.p256.pub")).arg("--dry-run")
    };
    let output = release().run().success();
    assert_eq!(output.stdout().matches(" verify ").count(), 1, "{}", output.stdout());
    let told = document(&release().args(["--output", "json"]).run().success());
    assert_eq!(told["images"][0]["verified"].as_array().unwrap().len(), 1, "{told}");
}

/// A private key that is given by mistake is told by what it is, in whatever form a CI system keeps it.
#[test]
fn the_text_of_a_key_is_not_printed() {
    let stage = stage(&[of("key.p256")]);
    let public = String::from_utf8(read("key.p256.pub")).unwrap();
    let with_attributes = format!("Bag Attributes\n    friendlyName: release\n{public}");
    check(&stage).args(["--verify-key", &with_attributes]).run().success();
    let private = "-----BEGIN PRIVATE KEY-----\nS3CR3TS3CR3TS3CR3T\n-----END PRIVATE KEY-----\n";
    let encoded =
        "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tClMzQ1IzVFMzQ1IzVFMzQ1IzVAotLS0tLUVORCBQUklWQVRFIEtFWS0tLS0tCg==";
    let raw = "MHcCAQEEIS3CR3TS3CR3TS3CR3TS3CR3TS3CR3TS3CR3TS3CR3TS3CR3T";
    for (text, told) in [
        (private.to_owned(), "it is a private key"),
        (format!("Bag Attributes\n{private}"), "it is a private key"),
        (encoded.to_owned(), "cannot use the key that `--verify-key` names"),
        (raw.to_owned(), "cannot use the key that `--verify-key` names"),
    ] {
        for json in [&[][..], &["--output", "json"]] {
            let output = check(&stage).args(json.iter().copied()).env("TAGSHIP_VERIFY_KEY", &text).run().exit(2);
            output.stderr_has(told).says_nowhere("S3CR3T").says_nowhere("S0tLS1CRUdJT");
        }
    }
}

#[test]
fn flags_that_say_too_little() {
    let stage = stage(&[]);
    let of_type = |kind| ["--verify-issuer", "x", "--verify-identity", "y", "--require-attestation", kind];
    for (flags, message) in [
        (&["--require-provenance"][..], "`--require-provenance` does not say by which signer"),
        (&["--require-signature"], "`--require-signature` does not say by which signer"),
        (&["--require-attestation", "spdx"], "`--require-attestation` does not say by which signer"),
        (&["--verify-identity", "x"], "--verify-issuer <URL>"),
        (&["--verify-issuer", "x"], "`--verify-issuer` does not say which of its identities"),
        (&["--verify-issuer", "x", "--verify-identity", " "], "`--verify-identity` is empty"),
        (&["--verify-key", "x", "--verify-issuer", "y"], "cannot be used with"),
        (
            &["--verify-issuer", "x", "--verify-identity", "y", "--trusted-root", "nowhere"],
            "the trusted root `nowhere`",
        ),
        (&["--verify-issuer", "x", "--verify-identity", "y", "--require-attestation", "z"], "`z` is not a type of"),
        (&of_type("https://slsa.dev/provenance/v1"), "hint: use `--require-provenance`"),
        (&of_type("https://slsa.dev/provenance/v0.2"), "hint: use `--require-provenance`"),
        (&of_type("https://sigstore.dev/cosign/sign/v1"), "hint: leave it out: if a signer is named, its signature is"),
    ] {
        check(&stage).args(flags.iter().copied()).run().exit(2).stderr_has(message);
    }
    // As `${{ vars.KEY }}` is, if the variable is misspelt.
    check(&stage).env("TAGSHIP_VERIFY_KEY", "").run().success();
    let required = check(&stage).env("TAGSHIP_VERIFY_KEY", "").env("TAGSHIP_REQUIRE_SIGNATURE", "true").run();
    required.exit(2).stderr_has("an empty variable names none");
    let release = release(&stage).arg("--no-check").run();
    release.exit(2).stderr_has("cannot be used with");
}

#[test]
fn a_signature_is_waited_for() {
    let stage = stage(&[]);
    let running = release(&stage).args(["--wait", "1m"]).start();
    while !stage.registry.request_lines().iter().any(|line| line.contains(".sig ")) {
        std::thread::yield_now();
    }
    let digest = put_image(&stage.registry, "org/app", "v1");
    stage.registry.attach("org/app", &digest, &of("signed"));
    running.finish().success().stdout_has("  not signed yet  ").stdout_has(" verify  signature by ");
}

/// What was never signed does not come back by a rollback, and does not go on by a promotion.
#[test]
fn rollback_and_promote_require_it_too() {
    let stage = stage(&[of("signed")]);
    let name = format!("{}/org/app", stage.registry.address());
    let seed = SEED.replace("jakousa/dwk-4-gitops-app", &name);
    stage.registry.put_image("org/app", "v0", &crate::support::registry::Image::new());
    let at = |tag: &str| seed.replace("b15411f387bb2a2286676b92a87fd85aa9b682a5", tag);
    let next = "next/kustomization.yaml";
    stage.remote.commit("main", "v0", &[File::new(FILE, &*at("v0")), File::new(next, &*at("v1"))]);
    stage.remote.commit("main", "v1", &[File::new(FILE, &*at("v1")), File::new(next, &*at("v0"))]);
    let url = stage.remote.file_url();
    let command =
        |words: &[&str]| by_workflow(stage.tagship().args(words.iter().copied()).args(["--repo", &url])).run();
    command(&["rollback", "IMAGE_PLACEHOLDER", "-k", FOLDER]).exit(4).stderr_has("v0` is not signed\n");
    command(&["promote", "--from", "next", "--to", FOLDER]).exit(4).stderr_has("v0` is not signed\n");
    command(&["promote", "--from", FOLDER, "--to", "next"]).success();
    assert_eq!(stage.remote.log("main")[0].trailer("Tagship-Verified"), [IDENTITY]);
}

#[test]
fn provenance_without_a_commit_to_compare_is_told() {
    let stage = stage(&[of("provenance")]);
    let check = || by_workflow(check(&stage)).arg("--require-provenance");
    let warning = "was not compared: which commit is released is not known; name it with `--expect-revision`, \
                   or with `--source` of `tagship release`";
    check().run().success().stdout_has(" warn ").stdout_has(warning);
    let output = check().args(["--expect-revision", COMMIT]).run().success();
    assert!(!output.stdout().contains(" warn "), "{}", output.stdout());
    let other = COMMIT.replace('0', "1");
    check()
        .args(["--expect-revision", &other])
        .run()
        .exit(4)
        .stderr_has("  its provenance is of org/app@0123")
        .stderr_has("check whether another build pushed the tag; `--expect-revision` names another commit");
}

/// A tag that is a whole commit id says of which commit the image is, unless another one is named.
#[test]
fn provenance_is_compared_with_a_tag_that_is_a_commit() {
    let other = COMMIT.replace('0', "1");
    let stage = stage(&[of("provenance")]);
    put_image(&stage.registry, "org/app", COMMIT);
    put_image(&stage.registry, "org/app", &other);
    let tagged = |tag: &str| format!("{}/org/app:{tag}", stage.registry.address());
    let check = |tag: &str| by_workflow(stage.tagship().args(["check", &tagged(tag), "--require-provenance"]));
    let output = check(COMMIT).run().success();
    assert!(!output.stdout().contains(" warn "), "{}", output.stdout());
    let refused = format!("  its provenance is of org/app@{COMMIT}, not of {other}\n");
    check(&other).run().exit(4).stderr_has(&refused).stderr_has("hint: check whether another build pushed the tag");
    check(&other).args(["--expect-revision", COMMIT]).run().success();
    // Each image is of the commit that its own tag is.
    let both = check(COMMIT).arg(tagged(&other)).run().exit(4);
    both.stdout_has(&format!("check   {}", tagged(&COMMIT[..12]))).stderr_has(&refused);
    let release = |tag: &str| {
        let argument = format!("IMAGE_PLACEHOLDER={}", tagged(tag));
        by_workflow(stage.release().args(["--require-provenance", &argument]))
    };
    let output = release(&other).run().exit(4);
    output.stderr_has(&refused).stderr_has("`--source` of `tagship release`, names another commit");
    stage.untouched();
    // The commit of the CI run is another one, so the tag counts.
    let run = [("GITHUB_ACTIONS", "true"), ("GITHUB_REPOSITORY", "org/app"), ("GITHUB_SHA", COMMIT)];
    let in_ci = run.iter().fold(release(&other), |release, (name, value)| release.env(name, value));
    in_ci.env("GITHUB_EVENT_NAME", "push").run().exit(4).stderr_has(&refused);
    release(COMMIT).run().success();
    release(&other).args(["--source", &format!("org/app@{COMMIT}")]).run().success();
}

/// Two entries have one image and name different commits: its provenance must be of each.
#[test]
fn provenance_is_compared_with_the_commit_of_each_entry() {
    let other = COMMIT.replace('0', "1");
    let stage = stage(&[of("provenance")]);
    let environment = |tag: &str| {
        let name = format!("newName: {}/org/app\n  newTag: {tag}", stage.registry.address());
        kustomization(&[("web", &name), ("worker", &name)])
    };
    for (first, second) in [(COMMIT, &*other), (&other, COMMIT)] {
        stage.remote.commit(
            "main",
            "Begin",
            &[
                File::new("staging/kustomization.yaml", environment("v0")),
                File::new("production/kustomization.yaml", environment("v0")),
            ],
        );
        let url = stage.remote.file_url();
        let run = |command: &str| stage.tagship().args([command, "--repo", &url]);
        for (entry, commit) in [("web", first), ("worker", second)] {
            let source = format!("org/app@{commit}");
            let argument = format!("{entry}=*:v1");
            run("release").args(["-k", "staging", "--source", &source, &argument]).run().success();
        }
        let promote = || {
            let promote = run("promote").args(["--from", "staging", "--to", "production", "--require-provenance"]);
            by_workflow(promote)
        };
        let refused = format!("  its provenance is of org/app@{COMMIT}, not of org/app@{other}\n");
        promote().run().exit(4).stderr_has(&refused);
        let (fits, not) = if first == COMMIT { ("web", "worker") } else { ("worker", "web") };
        promote().arg(not).run().exit(4).stderr_has(&refused);
        promote().arg(fits).run().success();
    }
}

/// An image, and the repository of its source at GitHub, which may keep attestations of it.
struct AtGitHub {
    stage: Stage,
    digest: String,
    app: Remote,
    github: Forge,
    source: String,
}

impl AtGitHub {
    fn new() -> Self {
        let stage = stage(&[]);
        let digest = put_image(&stage.registry, "org/app", "v1");
        let app = Remote::create("app");
        app.commit("main", "Begin", &[File::new(FILE, SEED)]);
        let github = Forge::start(Kind::GitHub, &app);
        Self { stage, digest, app, github, source: format!("org/app@{COMMIT}") }
    }

    fn release(&self) -> Command {
        let Self { stage, github, source, .. } = self;
        let release = stage.release_to(&github.url_with_token(TOKEN)).args(["--forge", "github", "--source", source]);
        by_workflow(release.arg("--require-provenance").arg(format!("IMAGE_PLACEHOLDER={}", image(stage))))
    }
}

/// GitHub keeps what its workflows attest, and only `push-to-registry` puts it into the registry as well.
#[test]
fn attestations_at_github_need_not_be_in_the_registry() {
    let at_github = AtGitHub::new();
    let release = || at_github.release().run().says_nowhere(TOKEN);
    let AtGitHub { app, github, source, .. } = &at_github;
    let digest = at_github.digest.clone();
    let call = format!("GET /api/v3/repos/org/app/attestations/{digest}");
    release().exit(4).stderr_has("` has no provenance\n");
    assert_eq!(github.call_lines(), [format!("{call} 404")]);
    github.set_rights(Rights::NoApi);
    let refused = release().exit(5).stderr_has("GitHub does not allow this login to list attestations");
    refused.stderr_has("allow the token to read attestations (`attestations: read`)");
    github.set_rights(Rights::All);
    let bundle = |name: &str| serde_json::from_slice(&read(&format!("{name}.bundle.json"))).unwrap();
    github.store().attestations =
        vec![(digest.clone(), bundle("bad.other-log")), (digest.clone(), Value::Null), (digest, bundle("provenance"))];
    github.call_lines();
    release().success().stdout_has(&format!(" verify  provenance of {source} by {IDENTITY}"));
    assert_eq!(github.call_lines(), [format!("{call} 200")]);
    assert_eq!(app.log("main")[0].trailer("Tagship-Verified"), [IDENTITY]);
}

/// Checks the image in a job of GitHub, which is not given a token.
fn check_in_a_job(stage: &Stage, github: &Forge) -> Command {
    let (origin, api) = (github.origin(), github.api_url());
    let job = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_SERVER_URL", &origin),
        ("GITHUB_API_URL", &api),
        ("GITHUB_REPOSITORY", "org/app"),
        ("GITHUB_SHA", COMMIT),
        ("GITHUB_EVENT_NAME", "push"),
    ];
    let check = by_workflow(check(stage)).arg("--require-provenance");
    job.iter().fold(check, |check, (name, value)| check.env(name, value))
}

/// Writes a configuration of git whose credential helper tells a login.
fn with_helper(stage: &Stage, command: Command) -> Command {
    let helper = format!("[credential]\nhelper = \"!f() {{ echo username=token; echo password={TOKEN}; }}; f\"\n");
    command.env("GIT_CONFIG_GLOBAL", stage.home.write("gitconfig", &helper))
}

/// What the user made at GitHub may be there: it was not asked.
#[test]
fn without_a_token_it_is_told_that_github_was_not_asked() {
    let AtGitHub { stage, github, .. } = AtGitHub::new();
    let output = check_in_a_job(&stage, &github).run().exit(4).stderr_has("has no provenance by ");
    let output = output.stderr_has("  the forge was not asked for attestations: no token for the API of `127.0.0.1");
    output.stderr_has("set `TAGSHIP_GIT_TOKEN`").stderr_has("push them to the registry");
    assert!(github.call_lines().is_empty());
}

/// Git's helpers are asked for a login while the branch is read. An image that is known before that is checked at the same time.
#[test]
fn a_login_of_a_credential_helper_opens_the_store_of_attestations() {
    let AtGitHub { stage, digest, app, github, source } = AtGitHub::new();
    let name = format!("newName: {}/org/app\n  newTag: v0", stage.registry.address());
    app.commit("main", "Web", &[File::new(FILE, kustomization(&[("web", &name)]))]);
    let provenance = serde_json::from_slice(&read("provenance.bundle.json")).unwrap();
    github.store().attestations = vec![(digest, provenance)];
    let verified = format!(" verify  provenance of {source} by {IDENTITY}");
    for argument in ["web=*:v1", &format!("web={}", image(&stage))] {
        let release = stage.release_to(&github.url()).args(["--forge", "github", "--source", &source, "--dry-run"]);
        let release = by_workflow(release.args(["--require-provenance", argument, "--order", "none"]));
        with_helper(&stage, release).run().success().stdout_has(&verified).says_nowhere(TOKEN);
    }
    // Without a branch, no request of git brings the login.
    with_helper(&stage, check_in_a_job(&stage, &github)).run().success().stdout_has(&verified).says_nowhere(TOKEN);
}

/// A helper may ask a person.
#[test]
fn no_credential_helper_is_asked_for_attestations_that_the_registry_has() {
    let stage = stage(&[of("provenance")]);
    let github = Forge::start(Kind::GitHub, &Remote::create("app"));
    let asked = stage.home.path().join("asked");
    let helper = format!("[credential]\nhelper = \"!f() {{ : >'{}'; }}; f\"\n", asked.display());
    let check = check_in_a_job(&stage, &github).env("GIT_CONFIG_GLOBAL", stage.home.write("gitconfig", &helper));
    check.run().success().stdout_has(" verify  provenance of ");
    assert!(!asked.exists());
}

/// GitLab keeps none, so that it makes no difference whether there is a token.
#[test]
fn without_a_token_nothing_is_told_of_another_forge() {
    let stage = stage(&[]);
    put_image(&stage.registry, "org/app", "v1");
    let job = [
        ("GITLAB_CI", "true"),
        ("CI_SERVER_URL", "https://git.example"),
        ("CI_PROJECT_PATH", "org/app"),
        ("CI_COMMIT_SHA", COMMIT),
    ];
    let check = job.iter().fold(by_workflow(check(&stage)), |check, (name, value)| check.env(name, value));
    check.run().exit(4).stderr_has("` is not signed\n").says_nowhere("was not asked");
}

/// What is older is not listed, and may be the wanted one.
#[test]
fn fifty_attestations_at_github_are_not_said_to_be_all() {
    let at_github = AtGitHub::new();
    let AtGitHub { digest, github, .. } = &at_github;
    let spdx: Value = serde_json::from_slice(&read("spdx.bundle.json")).unwrap();
    let cut = "  only the newest 50 attestations of the forge were looked at\n";
    for (number, is_cut) in [(49, false), (50, true)] {
        github.store().attestations = vec![(digest.clone(), spdx.clone()); number];
        let output = at_github.release().run().exit(4).stderr_has("has no provenance");
        assert_eq!(output.stderr().contains(cut), is_cut, "{number}: {}", output.stderr());
    }
}

/// Since July 2026, GitHub's list has no bundle, but its URL, which is its own permission.
#[test]
fn bundles_at_github_are_read_where_they_are() {
    let at_github = AtGitHub::new();
    let AtGitHub { digest, github, source, .. } = &at_github;
    let files = Registry::start(Auth::None);
    let release = || {
        let release = at_github.release().args(["--dry-run", "--timeout", "10s"]);
        release.run().says_nowhere(TOKEN).says_nowhere("signed=secret")
    };
    let url = |name: &str| Value::String(format!("http://{}/{name}.json.sn?signed=secret", files.address()));
    let keep = |name: &str, times: usize, response: Response| {
        files.inject(&format!("GET /{name}.json.sn"), times, Fault::Answer(response));
    };
    let file = |bytes: &[u8]| Response::new(200).header("Content-Type", "application/x-snappy").body(bytes);
    let compressed = |name: &str| {
        let bundle = read(&format!("{name}.bundle.json"));
        file(&snap::raw::Encoder::new().compress_vec(&bundle).unwrap())
    };
    let list = |bundles: &[Value]| {
        github.store().attestations = bundles.iter().map(|bundle| (digest.clone(), bundle.clone())).collect();
    };
    list(&[url("bad"), url("provenance"), url("unread")]);
    keep("bad", 1, compressed("bad.other-log"));
    keep("provenance", 1, compressed("provenance"));
    release().success().stdout_has(&format!(" verify  provenance of {source} by {IDENTITY}"));
    let requests = files.requests();
    assert_eq!(requests.len(), 2, "the next one is read only if the claim is still missing");
    assert!(requests.iter().all(|request| request.head.header("authorization").is_none()));

    for (number, (response, message)) in [
        (file(b"<html>"), "it is neither JSON nor compressed by snappy"),
        (Response::new(403), "it is 403 Forbidden, not the file that was asked for"),
        (Response::redirect("ftp://127.0.0.1/x"), "it would be read without TLS"),
        (Response::redirect("http://10.0.0.1/x"), "the address is one of this machine or of its network"),
        (Response::new(503), "the forge that may keep it is not available\n"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("broken-{number}");
        list(&[url(&name)]);
        keep(&name, 3, response);
        release().exit(6).stderr_has("cannot check the provenance of").stderr_has(message);
    }
    list(&[url("long")]);
    keep("long", 1, file(&vec![b' '; (4 << 20) + 1]));
    release().exit(4).stderr_has("has no provenance").stderr_has("it is too long");
    for address in ["169.254.169.254", "192.168.0.1", "[fe80::1]", "metadata.google.internal"] {
        list(&[Value::String(format!("http://{address}/latest"))]);
        release().exit(6).stderr_has("the address is one of this machine or of its network");
    }
    list(&[Value::String("file:///etc/passwd".to_owned())]);
    release()
        .exit(6)
        .stderr_has("the answer of `the forge` cannot be used: the URL of a file in it is not an HTTP URL");
    list(&[Value::Null]);
    release().exit(6).stderr_has("it lists an attestation without its bundle");
}

/// What cannot be looked at now is not missing.
#[test]
fn an_outage_of_github_is_no_missing_signature() {
    let stage = stage(&[]);
    put_image(&stage.registry, "org/app", "v1");
    let app = Remote::create("app");
    app.commit("main", "Begin", &[File::new(FILE, SEED)]);
    let source = format!("org/app@{COMMIT}");
    let release = |github: &Forge| {
        let release = stage.release_to(&github.url_with_token(TOKEN)).args(["--forge", "github", "--source", &source]);
        let release = release.args(["--dry-run", "--timeout", "5s"]);
        by_workflow(release.arg(format!("IMAGE_PLACEHOLDER={}", image(&stage))))
    };
    let words = |status: u16| Response::text(status, "no").header("Retry-After", "0");
    let unusable = "an answer of the forge that may keep it cannot be used\n";
    for (answer, code, message) in [
        (words(503), 6, "the forge that may keep it is not available\n"),
        (words(429), 6, "the forge that may keep it is not available\n"),
        (words(401), 5, "the forge that may keep it refused the login\n"),
        (
            Response::text(403, "Resource not accessible by integration"),
            5,
            "the forge that may keep it does not let this login read it\n",
        ),
        (words(400), 6, unusable),
        (words(410), 6, unusable),
        (words(422), 6, unusable),
        (Response::text(200, "<html>maintenance</html>"), 6, unusable),
        (Response::new(200), 6, unusable),
        (Response::json(200, &json!({})), 6, unusable),
        (Response::json(200, &json!({ "attestations": null })), 6, unusable),
    ] {
        let status = answer.status;
        let github = Forge::start(Kind::GitHub, &app);
        github.inject("GET /api/v3/repos/org/app/attestations", 3, ForgeFault::Answer(answer));
        let output = release(&github).run().exit(code).stderr_has("cannot check the signature of").stderr_has(message);
        assert!(!output.stderr().contains("is not signed"), "{status}: {}", output.stderr());
    }
}

/// A rule on the branch leads there too. It trusts the roots that are built in alone, so that the test's bundle is no proof.
#[test]
fn a_rule_asks_github_for_attestations() {
    let stage = stage(&[]);
    let digest = put_image(&stage.registry, "org/app", "v1");
    let app = Remote::create("app");
    let rules =
        format!("rules:\n- paths: ['**']\n  signature: {{identity: '{IDENTITY}', issuer: a}}\n  provenance: true\n");
    let tip = app.commit("main", "Begin", &[File::new(FILE, SEED), File::new(".tagship.yaml", rules)]);
    let github = Forge::start(Kind::GitHub, &app);
    let release = stage.release_to(&github.url_with_token(TOKEN)).args(["--forge", "github"]);
    let release = release.args(["--source", &format!("org/app@{tip}")]);
    release.arg(format!("IMAGE_PLACEHOLDER={}", image(&stage))).run().exit(9).stderr_has("has no provenance");
    let call = format!("GET /api/v3/repos/org/app/attestations/{digest} 404");
    assert!(github.call_lines().contains(&call));
}
