//! What the program makes of the registry's answers: all problems at once, platforms, revisions, pinned digests, and the
//! wait for an image.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::pipeline::{PRODUCTION, Pipeline, STAGING, document};
use crate::stage::{COMMIT, FILE, SEED, Stage};
use crate::support::command::{Command, Output};
use crate::support::git_server::{Access, GitServer};
use crate::support::http::Response;
use crate::support::login::Login;
use crate::support::registry::{ALWAYS, Auth, Fault, HeldAnswer, Image};
use crate::support::repository::File;

const REPOSITORY: &str = "jakousa/dwk-4-gitops-app";

fn docker_config(stage: &Stage, login: &Login) -> String {
    format!(r#"{{"auths":{{"{}":{{"auth":"{}"}}}}}}"#, stage.registry.address(), login.encoded())
}

#[test]
fn all_problems_are_told_and_the_gravest_decides() {
    let stage = Stage::new();
    let image = stage.image();
    let other = format!("{}/team/other", stage.registry.address());
    let (good, absent) = (format!("{image}:{COMMIT}"), format!("{image}:v9"));
    let denied = format!("{other}:denied");
    let broken = format!("{other}:broken");
    stage.registry.inject("/v2/team/other/manifests/denied", ALWAYS, Fault::status(403));
    stage.registry.inject("/v2/team/other/manifests/broken", ALWAYS, Fault::status(501));
    let check = |references: &[&str]| stage.tagship().arg("check").args(references.iter().copied()).run();
    let output = check(&[&good, &absent, &broken]).exit(4);
    assert!(output.stdout().contains(" check "), "what is there is told: {}", output.stdout());
    let expected = format!(
        "error: 2 problems\n  `{absent}` is not in the registry\n    127.0.0.1:{port} answered 404 MANIFEST_UNKNOWN: \
         manifest unknown\n    hint: if the build is still pushing, `--wait 5m` waits for it\n  cannot check \
         `{broken}`: the registry is unavailable\n",
        port = stage.registry.address().split_once(':').unwrap().1
    );
    assert!(output.stderr().starts_with(&expected), "{}", output.stderr());
    check(&[&absent, &denied, &broken]).exit(5).stderr_has("error: 3 problems");
    check(&[&broken, &good])
        .exit(6)
        .stderr_has("error: cannot check `")
        .stderr_has("hint: try again, or let `--wait 5m` ask again\n");
    check(&[&absent, &absent]).exit(4).stderr_has("error: `");
}

#[test]
fn a_missing_branch_is_told_beside_a_missing_image() {
    let stage = Stage::new();
    let absent = format!("IMAGE_PLACEHOLDER={}:v9", stage.image());
    let output = stage.release().args(["--branch", "nope", &absent]).run().exit(3);
    output.stderr_has("error: 2 problems").stderr_has("there is no branch `nope`").stderr_has("is not in the registry");
    stage.untouched();
}

#[test]
fn a_missing_entry_is_told_beside_a_missing_image() {
    let stage = Stage::new();
    let output = stage.release().args(["--wait", "10m"]).arg(format!("web={}:v9", stage.image())).run().exit(3);
    output.stderr_has("error: 2 problems").stderr_has("named `web`").stderr_has("is not in the registry");
    stage.untouched();
}

#[test]
fn one_password_is_shown_once_for_many_images() {
    let stage = Stage::with_auth(Auth::Basic(Login::new("ci", "s3cret")));
    stage.home.write(".docker/config.json", &docker_config(&stage, &Login::new("ci", "wr0ng")));
    let references = (0..20).map(|number| format!("{}/team/app{number}:v1", stage.registry.address()));
    let output = stage.tagship().arg("check").args(references).run().exit(5);
    assert!(output.stderr().starts_with("error: 127.0.0.1:"), "one problem: {}", output.stderr());
    let requests = stage.registry.requests();
    assert_eq!(requests.iter().filter(|request| request.authorization_value().is_some()).count(), 1);
}

#[test]
fn platforms() {
    let stage = Stage::new();
    stage.registry.put_image(REPOSITORY, "v2", &Image::new().platforms(&["linux/amd64", "linux/arm64"]));
    let reference = format!("{}:v2", stage.image());
    let check = |platforms: &str| stage.tagship().args(["check", "--platform", platforms, &reference]).run();
    let output = check("linux/arm64/v8").success().stdout_has("  linux/amd64, linux/arm64\n");
    assert!(!output.stdout().contains("v8"), "{}", output.stdout());
    let output = check("linux/amd64,linux/s390x").exit(4).stderr_has("` is not for linux/s390x\n");
    output.stderr_has("  it is for linux/amd64, linux/arm64\n");
    check("linux").exit(2).stderr_has("`linux` is not a platform");
    let release = stage.release().args(["--platform", "linux/arm64", "--output", "json"]);
    let output = release.arg(format!("IMAGE_PLACEHOLDER={reference}")).run().success();
    let document = document(&output);
    assert_eq!(document["images"][0]["platforms"], serde_json::json!(["linux/amd64", "linux/arm64"]));
}

#[test]
fn hints_about_platforms_fit() {
    let stage = Stage::new();
    let reference = format!("{}:{COMMIT}", stage.image());
    let output = stage.tagship().args(["check", "--platform", "linux/arm64", &reference]).run().exit(4);
    output.stderr_has("hint: build it for linux/arm64 too, and push both under this one tag");
    let digest = stage.digest.clone();
    let chart = serde_json::json!({
        "schemaVersion": 2,
        "config": { "digest": digest, "mediaType": "application/vnd.cncf.helm.config.v1+json" },
    });
    let kind = crate::support::registry::media_type::OCI_MANIFEST;
    stage.registry.put_manifest(REPOSITORY, "chart", kind, chart.to_string().as_bytes());
    let chart = format!("{}:chart", stage.image());
    let output = stage.tagship().args(["check", "--platform", "linux/arm64", &chart]).run().exit(4);
    output.stderr_has(&format!("error: `{chart}` is a Helm chart, not a container image\n"));
}

/// An index may name any number of platforms, in a report as in a log.
#[test]
fn no_more_than_twenty_platforms_are_listed() {
    let stage = Stage::new();
    let entries: Vec<_> = (0..25)
        .map(|number| {
            let platform = serde_json::json!({ "os": "linux", "architecture": format!("a{number}") });
            serde_json::json!({ "digest": stage.digest, "platform": platform })
        })
        .collect();
    let index = serde_json::json!({ "schemaVersion": 2, "manifests": entries });
    let kind = crate::support::registry::media_type::OCI_INDEX;
    stage.registry.put_manifest(REPOSITORY, "many", kind, index.to_string().as_bytes());
    let reference = format!("{}:many", stage.image());
    let check =
        |platform: &str| stage.tagship().args(["check", "--output", "json", "--platform", platform, &reference]);
    let present = document(&check("linux/a1").run().success());
    assert_eq!(present["images"][0]["platforms"].as_array().unwrap().len(), 20);
    let failed = document(&check("linux/b").run().exit(4));
    assert!(failed["error"]["details"][0].as_str().unwrap().ends_with(", linux/a19, and 5 more"), "{failed}");
}

#[test]
fn a_login_of_another_host_is_not_shown() {
    let stage = Stage::new();
    let inner = crate::support::registry::Registry::start(Auth::Basic(Login::new("ci", "s3cret")));
    let path = format!("/v2/{REPOSITORY}/manifests/{COMMIT}");
    stage.registry.inject(&path, ALWAYS, Fault::redirect(&format!("http://{}{path}", inner.address())));
    let output = stage.tagship().args(["check", &format!("{}:{COMMIT}", stage.image())]).run().exit(5);
    let (outer, inner) = (stage.registry.address(), inner.address());
    let output = output.stderr_has(&format!("error: {outer} redirects to {inner}, which requires a login\n"));
    output.stderr_has(&format!("hint: name {inner} in the image, if that is its registry"));
}

#[test]
fn a_limit_is_told_with_its_end() {
    for (pause, told) in [("40", "in 40 s"), ("600", "in 10 min"), ("7200", "in 2 h"), ("0", "later")] {
        let stage = Stage::new();
        let limit = Fault::error(429).header("Retry-After", pause);
        stage.registry.inject("/v2/", ALWAYS, Fault::Answer(limit));
        let reference = format!("{}:{COMMIT}", stage.image());
        let output = stage.tagship().args(["check", "--timeout", "2s", &reference]).run().exit(6);
        output.stderr_has(&format!("hint: try again {told}; a login often raises the limit"));
    }
}

#[test]
fn hints_say_what_was_done_about_a_login() {
    let login = Login::new("ci", "s3cret");
    let stage = Stage::new();
    let address = stage.registry.address();
    let reference = format!("{}:v9", stage.image());
    let check = || stage.tagship().args(["check", &reference]).run();
    stage.registry.inject(&format!("/v2/{REPOSITORY}"), 2, Fault::status(403));
    check().exit(5).stderr_has(&format!("{address} did not ask for a login, and none was found"));
    stage.home.write(".docker/config.json", &docker_config(&stage, &login));
    stage.registry.inject(&format!("/v2/{REPOSITORY}"), 2, Fault::status(403));
    check().exit(5).stderr_has(&format!("was not shown, because {address} asks for none"));
    check().exit(4).stderr_has("  login: not asked for; not shown: `");
    let stage = Stage::with_auth(Auth::Basic(login.clone()));
    let reference = format!("{}:v9", stage.image());
    let check = || stage.tagship().args(["check", &reference]).run();
    check().exit(5).stderr_has("log in with `docker login`; no login for");
    let token = format!(r#"{{"auths":{{"{}":{{"identitytoken":"abc"}}}}}}"#, stage.registry.address());
    stage.home.write(".docker/config.json", &token);
    check().exit(5).stderr_has("is a token, which was not shown");
    stage.home.write(".docker/config.json", &docker_config(&stage, &login));
    stage.registry.inject(&format!("/v2/{REPOSITORY}"), 2, Fault::AnswerAfterLogin(Fault::error(403)));
    stage.registry.put_image(REPOSITORY, "v9", &Image::new());
    check().exit(5).stderr_has("hint: check what the login from `");
    let words = serde_json::json!({"errors": [{"code": "DENIED", "message": "Your token has expired"}]});
    let expired = Fault::AnswerAfterLogin(Response::json(403, &words));
    stage.registry.inject(&format!("/v2/{REPOSITORY}"), 2, expired);
    check().exit(5).stderr_has("hint: log in again: the login from `").stderr_has("` has expired");
}

/// Some registries quote the request that they refuse.
#[test]
fn a_login_that_a_registry_quotes_is_not_printed() {
    let login = Login::new("ci", "s3cret-pw");
    let basic = "Y2k6czNjcmV0LXB3";
    for quoted in [format!("Authorization: Basic {basic}"), "ci:s3cret-pw".to_owned(), "s3cret-pw".to_owned()] {
        let stage = Stage::with_auth(Auth::Basic(login.clone()));
        stage.home.write(".docker/config.json", &docker_config(&stage, &login));
        let words = serde_json::json!({"errors": [{"code": "DENIED", "message": format!("refused: {quoted}")}]});
        let refused = Fault::AnswerAfterLogin(Response::json(403, &words));
        stage.registry.inject(&format!("/v2/{REPOSITORY}"), 100, refused);
        for format in ["text", "json"] {
            let check = stage.tagship().args(["check", "--output", format, &format!("{}:{COMMIT}", stage.image())]);
            check.run().exit(5).says_nowhere(basic).says_nowhere("s3cret-pw").stderr_has("answered 403");
        }
    }
}

#[test]
fn a_release_of_another_build_is_refused() {
    let stage = Stage::new();
    stage.registry.put_image(REPOSITORY, "v2", &Image::new().revision("b15411f387bb2a2286676b92a87fd85aa9b682a5"));
    let release = |tag: &str| {
        let argument = format!("IMAGE_PLACEHOLDER={}:{tag}", stage.image());
        stage.release().args(["--expect-revision", COMMIT, &argument]).run()
    };
    let output = release("v2").exit(4).stderr_has(&format!("` is not the build of {COMMIT}\n"));
    output.stderr_has("its revision is `b15411f387bb2a2286676b92a87fd85aa9b682a5`");
    release(COMMIT).exit(4).stderr_has("does not name the commit that it was built from");
    stage.untouched();
    stage.registry.put_image(REPOSITORY, "v3", &Image::new().revision(COMMIT));
    release("v3").success();
}

#[test]
fn hostile_labels_stay_text() {
    let stage = Stage::new();
    stage.registry.put_image(REPOSITORY, "v2", &Image::new().revision("x\u{1b}[2J\n::error::y"));
    let reference = format!("{}:v2", stage.image());
    let output = stage.tagship().args(["check", "--expect-revision", COMMIT, &reference]).run().exit(4);
    assert!(!output.stderr().contains('\u{1b}'), "{}", output.stderr());
    assert!(!output.stderr().lines().any(|line| line.trim_start().starts_with("::")), "{}", output.stderr());
}

#[test]
fn hostile_words_of_a_registry_are_escaped_on_the_terminal_and_raw_in_json() {
    let stage = Stage::new();
    let words = serde_json::json!({"errors": [{"code": "A\u{1b}[2J", "message": "it's \"é\"\n::error::x\u{202e}"}]});
    stage.registry.inject("/v2/", ALWAYS, Fault::Answer(Response::json(403, &words)));
    let reference = format!("{}:v1", stage.image());
    let check = || stage.tagship().args(["check", &reference]);
    let output = check().run().exit(5);
    let address = stage.registry.address();
    let escaped = r#"answered 403 A\u{1b}[2J: it's "é"\u{a}::error::x\u{202e}"#;
    output.stderr_has(&format!("  {address} {escaped}\n"));
    let output = check().args(["--output", "json"]).run().exit(5);
    let document = document(&output);
    let raw = "answered 403 A\u{1b}[2J: it's \"é\"\n::error::x\u{202e}";
    assert_eq!(document["error"]["details"], serde_json::json!([format!("{address} {raw}")]));
}

#[test]
fn a_registry_and_a_repository_tell_alike_why_they_gave_no_answer() {
    let stage = Stage::new();
    // No label of a name may be so long, so that it is not looked up outside of this machine.
    let unknown = format!("{}.invalid", "x".repeat(64));
    for (host, why, hint) in [
        ("127.0.0.1:1", "Connection refused", "check the host and its port"),
        (unknown.as_str(), "the name of the host cannot be resolved", "check the name of the host"),
    ] {
        let check = stage.tagship().args(["check", "--plain-http", host, &format!("{host}/app:v1")]);
        let release = stage.release_to(&format!("http://{host}/gitops.git")).args(["--no-check", &stage.argument()]);
        for command in [check, release] {
            command.run().exit(6).stderr_has(why).stderr_has(&format!("hint: {hint}"));
        }
    }
}

#[test]
fn a_release_pins_the_digest_of_the_index() {
    let stage = Stage::new();
    let image = Image::new().platforms(&["linux/amd64", "linux/arm64"]);
    let digest = stage.registry.put_image(REPOSITORY, "v2", &image);
    let argument = format!("IMAGE_PLACEHOLDER={}:v2", stage.image());
    stage.release().args(["--pin-digest", &argument]).run().success();
    let name = format!("  newName: {}\n", stage.image());
    let expected = SEED.replace("  newName: jakousa/dwk-4-gitops-app\n", &name).replace(
        "  newTag: b15411f387bb2a2286676b92a87fd85aa9b682a5\n",
        &format!("  newTag: v2\n  digest: {digest}\n"),
    );
    assert_eq!(String::from_utf8(stage.remote.file("main", FILE)).unwrap(), expected);
    let by = |reference: &str| format!("HEAD /v2/{REPOSITORY}/manifests/{reference} 200");
    let heads: Vec<_> = stage.registry.request_lines().into_iter().filter(|line| line.starts_with("HEAD")).collect();
    assert_eq!(heads, [by("v2"), by(&digest)], "a digest is written if the registry has it");
    stage.release().args(["--pin-digest", &argument]).run().success().stdout_has("unchanged");
    assert!(stage.remote.log("main")[0].trailer("Tagship-Image")[0].ends_with(&format!(":v2@{digest}")));
    // The tag moves, and the pin with it.
    let moved = stage.registry.put_image(REPOSITORY, "v2", &Image::new());
    stage.release().args(["--pin-digest", "IMAGE_PLACEHOLDER=*:v2"]).run().success();
    assert_eq!(String::from_utf8(stage.remote.file("main", FILE)).unwrap(), expected.replace(&digest, &moved));
}

/// A release may have been checked by a header alone, and its record says what that named.
#[test]
fn a_digest_that_only_a_header_named_once_is_not_written_by_a_rollback() {
    let stage = Stage::new();
    let path = format!("/v2/{REPOSITORY}/manifests/{COMMIT}");
    stage.registry.inject(&format!("HEAD {path}"), ALWAYS, Fault::WrongDigest);
    stage.registry.put_image(REPOSITORY, "v2", &Image::new());
    stage.release().arg(stage.argument()).run().success();
    stage.release().arg("IMAGE_PLACEHOLDER=*:v2").run().success();
    let url = stage.remote.file_url();
    let rollback = stage.tagship().args(["rollback", "--repo", &url, "-k", crate::stage::FOLDER, "IMAGE_PLACEHOLDER"]);
    rollback.arg("--pin-digest=always").run().exit(4).stderr_has("has another digest in the registry");
    let text = String::from_utf8(stage.remote.file("main", FILE)).unwrap();
    assert!(text.contains("v2") && !text.contains("sha256:"), "{text}");
}

/// A promotion takes the digest from the record of the other environment.
#[test]
fn a_digest_that_only_a_header_named_once_is_not_promoted() {
    let environments = Pipeline::with_environments();
    let image = format!("web={}", environments.build("web", "v1"));
    let path = "HEAD /v2/org/web/manifests/v1";
    environments.stage.registry.inject(path, ALWAYS, Fault::WrongDigest);
    environments.run("release", &["-k", STAGING, &image]).run().success();
    let promote = environments.run("promote", &["--from", STAGING, "--to", PRODUCTION, "web", "--pin-digest"]);
    promote.run().exit(4).stderr_has("has another digest in the registry");
    assert!(!environments.file(PRODUCTION).contains("sha256:"), "{}", environments.file(PRODUCTION));
}

#[test]
fn a_digest_that_only_a_header_names_is_not_pinned() {
    let stage = Stage::new();
    let path = format!("/v2/{REPOSITORY}/manifests/{COMMIT}");
    stage.registry.inject(&format!("HEAD {path}"), ALWAYS, Fault::WrongDigest);
    stage.release().args(["--pin-digest", &stage.argument()]).run().success();
    let text = String::from_utf8(stage.remote.file("main", FILE)).unwrap();
    assert!(text.contains(&format!("digest: {}\n", stage.digest)), "{text}");
    assert!(stage.remote.log("main")[0].trailer("Tagship-Image")[0].ends_with(&stage.digest));
    let wrong = format!("sha256:{}", "0".repeat(64));
    let expected = [
        format!("HEAD {path} 200"),
        format!("HEAD /v2/{REPOSITORY}/manifests/{wrong} 404"),
        format!("GET /v2/{REPOSITORY}/manifests/{wrong} 404"),
        format!("GET {path} 200"),
    ];
    assert_eq!(stage.registry.request_lines(), expected);
}

#[test]
fn a_digest_that_was_computed_is_not_asked_for() {
    let stage = Stage::new();
    let release = stage.release().args(["--pin-digest", "--platform", "linux/amd64", &stage.argument()]);
    release.run().success();
    let lines = stage.registry.request_lines();
    assert!(lines.iter().all(|line| line.starts_with("GET ")), "{lines:?}");
    // And what the entry has already is not written.
    stage.release().args(["--pin-digest", &stage.argument()]).run().success().stdout_has("unchanged");
    assert_eq!(stage.registry.request_lines().len(), 1);
}

#[test]
fn entries_of_one_name_and_two_images_have_no_one_digest() {
    let stage = Stage::new();
    let registry = stage.registry.address();
    stage.registry.put_image("team/a", "v1", &Image::new());
    stage.registry.put_image("team/b", "v1", &Image::new().label("b", "b"));
    let entries =
        format!("images:\n- name: app\n  newName: {registry}/team/a\n- name: app\n  newName: {registry}/team/b\n");
    stage.remote.commit("main", "Two", &[File::new("two/kustomization.yaml", entries.as_str())]);
    let url = stage.remote.file_url();
    let release = || stage.tagship().args(["release", "--repo", &url, "-k", "two", "app=*:v1"]);
    release().arg("--pin-digest").run().exit(3).stderr_has("the entries of `app` name different images");
    release().run().success();
}

#[test]
fn set_asks_the_registry_only_to_pin() {
    let stage = Stage::new();
    stage.home.write("kustomization.yaml", SEED);
    let set = || stage.tagship().current_dir(stage.home.path()).arg("set");
    set().arg(stage.argument()).run().success();
    assert!(stage.registry.requests().is_empty());
    set().args(["--pin-digest", &stage.argument()]).run().success().stdout_has(" check ");
    let content = std::fs::read_to_string(stage.home.path().join("kustomization.yaml")).unwrap();
    assert!(content.contains(&format!("newTag: {COMMIT}\n  digest: {}\n", stage.digest)), "{content}");
    let absent = format!("IMAGE_PLACEHOLDER={}:v9", stage.image());
    set().args(["--pin-digest", &absent]).run().exit(4).stderr_has("is not in the registry");
    assert_eq!(std::fs::read_to_string(stage.home.path().join("kustomization.yaml")).unwrap(), content);
}

/// While a registry is asked, a person or another step may write the same file.
#[test]
fn set_loses_no_edit_that_was_made_in_the_meantime() {
    let stage = Stage::new();
    let file = stage.home.write("kustomization.yaml", SEED);
    let answer = HeldAnswer::new();
    stage.registry.inject("/v2/", 1, Fault::Hold(answer.clone()));
    let set = stage.tagship().current_dir(stage.home.path()).args(["set", "--pin-digest", &stage.argument()]);
    let running = set.start();
    answer.wait_for_request();
    let edited = format!("{SEED}# by hand\n");
    std::fs::write(&file, &edited).unwrap();
    answer.let_go();
    let output =
        running.finish().exit(7).stderr_has("cannot write `kustomization.yaml`: it was changed in the meantime");
    output.stderr_has("hint: run the same command again");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), edited);
    set.run().success();
    assert!(std::fs::read_to_string(&file).unwrap().ends_with("# by hand\n"));
}

#[test]
fn what_no_check_contradicts() {
    let stage = Stage::new();
    for flag in [
        &["--pin-digest"][..],
        &["--platform", "linux/amd64"],
        &["--expect-revision", "fdafd70"],
        &["--wait", "5s"],
        &["--verify-identity", "x"],
        &["--verify-identity-regexp", "x"],
        &["--trusted-root", "x"],
    ] {
        let release = stage.release().arg("--no-check").args(flag.iter().copied()).arg(stage.argument());
        release.run().exit(2).stderr_has("cannot be used with");
    }
    stage.untouched();
}

#[test]
fn a_wait_ends_when_the_image_comes() {
    let stage = Stage::with_auth(Auth::Bearer(Login::new("ci", "s3cret")));
    stage.home.write(".docker/config.json", &docker_config(&stage, &Login::new("ci", "s3cret")));
    stage.registry.appear_after(3, REPOSITORY, COMMIT);
    let release = stage.release().args(["--wait", "1m", "--author", "A <a@b>"]).arg(stage.argument());
    let output = release.run().success();
    let stdout = output.stdout();
    let words: Vec<_> = stdout.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(words, ["wait", "check", "warn", "edit", "edit", "commit", "push", "released"], "{stdout}");
    let wait = format!(" wait    {}:{COMMIT}  not there yet  0:00 of 1:00", stage.image());
    assert_eq!(stdout.lines().next().unwrap(), wait);
    let lines: Vec<_> = stage.registry.request_lines().iter().map(|line| line.replace("/v2/", "")).collect();
    let tag = format!("{REPOSITORY}/manifests/{COMMIT}");
    let expected = [
        format!("HEAD {tag} 401"),
        "GET /token 200".to_owned(),
        format!("HEAD {tag} 404"),
        format!("GET {tag} 404"),
        format!("HEAD {tag} 404"),
        format!("HEAD {tag} 200"),
    ];
    assert_eq!(lines, expected, "the reason is asked for at the first look alone");
}

#[test]
fn a_wait_goes_on_over_an_outage_and_a_rate_limit_and_tells_each_change_once() {
    let limit = serde_json::json!({"errors": [{"code": "TOOMANYREQUESTS", "message": "too many requests"}]});
    for (answer, state) in [
        (Fault::error(501), "the registry is not available"),
        (Response::json(400, &limit), "the registry limits our requests"),
    ] {
        let stage = Stage::new();
        stage.registry.appear_after(2, REPOSITORY, COMMIT);
        let path = format!("/v2/{REPOSITORY}/manifests/{COMMIT}");
        stage.registry.inject(&format!("HEAD {path}"), 1, Fault::AnswerAfterLogin(Fault::error(403)));
        stage.registry.inject(&format!("GET {path}"), 1, Fault::AnswerAfterLogin(answer));
        let reference = format!("{}:{COMMIT}", stage.image());
        let output = stage.tagship().args(["check", "--wait", "30s", &reference]).run().success();
        let states: Vec<_> =
            output.stdout().lines().map(|line| line.split("  ").nth(3).unwrap_or_default().to_owned()).collect();
        assert_eq!(states[..2], ["not there yet", state], "{}", output.stdout());
        assert_eq!(states.len(), 4, "and then it is there: {}", output.stdout());
    }
}

fn policy() -> Response {
    let error = serde_json::json!({"code": "PROJECTPOLICYVIOLATION", "message": "the image is not signed"});
    Response::json(412, &serde_json::json!({"errors": [error]}))
}

#[test]
fn an_image_that_a_policy_withholds_is_not_an_outage() {
    let stage = Stage::new();
    let reference = format!("{}:{COMMIT}", stage.image());
    let path = format!("/v2/{REPOSITORY}/manifests/{COMMIT}");
    stage.registry.inject(&path, ALWAYS, Fault::Answer(policy()));
    let output = stage.tagship().args(["check", &reference]).run().exit(4);
    output.stderr_has("does not allow the pull").stderr_has("the image is not signed");
}

#[test]
fn an_image_that_a_policy_withholds_is_waited_for() {
    let stage = Stage::new();
    let reference = format!("{}:{COMMIT}", stage.image());
    let path = format!("/v2/{REPOSITORY}/manifests/{COMMIT}");
    stage.registry.inject(&path, 2, Fault::Answer(policy()));
    let output = stage.tagship().args(["check", "--wait", "30s", &reference]).run().success();
    output.stdout_has("the registry does not allow the pull yet");
}

#[test]
fn a_request_that_is_refused_is_not_an_outage() {
    for status in [400, 406, 409, 415, 431] {
        let stage = Stage::new();
        let reference = format!("{}:{COMMIT}", stage.image());
        let path = format!("/v2/{REPOSITORY}/manifests/{COMMIT}");
        stage.registry.inject(&path, ALWAYS, Fault::Answer(Fault::error(status)));
        let output = stage.tagship().args(["check", &reference]).run().exit(1);
        assert!(!output.stderr().contains("try again"), "{}", output.stderr());
    }
}

#[test]
fn a_wait_begins_with_a_registry_that_is_busy() {
    for (status, state) in [(429, "the registry limits our requests"), (503, "the registry is not available")] {
        let stage = Stage::new();
        let reference = format!("{}:{COMMIT}", stage.image());
        let busy = Fault::error(status).header("Retry-After", "2");
        stage.registry.inject(&format!("HEAD /v2/{REPOSITORY}/manifests/{COMMIT}"), 1, Fault::Answer(busy));
        let arguments = ["check", "--timeout", "1s", "--wait", "30s", &reference];
        stage.tagship().args(arguments).run().success().stdout_has(state);
    }
}

#[test]
fn a_repository_that_is_not_there_yet_is_waited_for() {
    let login = Login::new("ci", "s3cret");
    let path = format!("/v2/{REPOSITORY}/manifests/{COMMIT}");
    for fault in [Fault::InsufficientScope, Fault::AnswerAfterLogin(Fault::error(403))] {
        let stage = Stage::with_auth(Auth::Bearer(login.clone()));
        stage.home.write(".docker/config.json", &docker_config(&stage, &login));
        stage.registry.inject(&path, 2, fault);
        let reference = format!("{}:{COMMIT}", stage.image());
        let output = stage.tagship().args(["check", "--wait", "30s", &reference]).run().success();
        output.stdout_has("not there yet, or hidden from this login");
    }
    let stage = Stage::with_auth(Auth::Bearer(login.clone()));
    let reference = format!("{}:{COMMIT}", stage.image());
    let output = stage.tagship().args(["check", "--wait", "30s", &reference]).run().exit(5);
    output.stderr_has("there was no wait: without a login, a missing image and a hidden one look the same");
    stage.home.write(".docker/config.json", &docker_config(&stage, &login));
    stage.registry.inject(&path, ALWAYS, Fault::InsufficientScope);
    let output = stage.tagship().args(["check", "--wait", "2s", &reference]).run().exit(5);
    output.stderr_has("hint: check what the login from").stderr_has("; `--wait` ended without it");
}

#[test]
fn a_page_does_not_end_a_wait() {
    let page = Response::new(200).header("Content-Type", "text/html").body(b"<html>Maintenance</html>");
    let stage = Stage::new();
    let path = format!("/v2/{REPOSITORY}/manifests/{COMMIT}");
    stage.registry.inject(&path, 2, Fault::Absent);
    stage.registry.inject(&path, 2, Fault::AnswerAfterLogin(page.clone()));
    let reference = format!("{}:{COMMIT}", stage.image());
    let check = || stage.tagship().args(["check", "--wait", "30s", &reference]).run();
    check().success().stdout_has("the registry is not available");
    // At the first look it is rather another host.
    stage.registry.inject("/v2/", ALWAYS, Fault::Answer(page));
    let output = check().exit(6).stderr_has("answered 200: an HTML page");
    output.stderr_has("check that the host is a registry, and that no proxy answers in its place");
}

#[test]
fn an_answer_that_cannot_be_used_does_not_end_a_wait() {
    let path = format!("/v2/{REPOSITORY}/manifests/{COMMIT}");
    let maintenance = Response::new(200).header("Content-Type", "text/plain").body(b"Maintenance");
    for (answer, why) in [
        (maintenance.clone(), "it is not a manifest"),
        (Response::json(200, &json!({ "message": "try later" })), "it is not a manifest"),
        (maintenance.header("Content-Encoding", "gzip"), "it is compressed"),
    ] {
        let stage = Stage::new();
        let reference = format!("{}:{COMMIT}", stage.image());
        let check = |wait: &str| stage.tagship().args(["check", "--wait", wait, &reference]).run();
        stage.registry.inject(&path, 2, Fault::Absent);
        stage.registry.inject(&path, 2, Fault::AnswerAfterLogin(answer.clone()));
        check("30s").success().stdout_has("the registry is not available");
        // The last look tells why.
        stage.registry.inject(&path, 2, Fault::Absent);
        stage.registry.inject(&path, ALWAYS, Fault::AnswerAfterLogin(answer));
        check("3s").exit(6).stdout_has("the registry is not available").stderr_has(why);
        // At the first look it is rather another host.
        let output = check("30s").exit(6).stderr_has(why);
        assert!(!output.stdout().contains("the registry is not available"), "{}", output.stdout());
    }
}

/// Who serves the image is a registry: other bytes than a digest says come from a cache or a store that is broken.
#[test]
fn other_bytes_than_a_digest_says_do_not_end_a_wait() {
    let stage = Stage::new();
    stage.registry.put_image(REPOSITORY, "latest", &Image::new().revision(COMMIT));
    let reference = format!("{}:latest", stage.image());
    let check =
        |wait: &str| stage.tagship().args(["check", "--wait", wait, "--expect-revision", COMMIT, &reference]).run();
    let configuration = format!("GET /v2/{REPOSITORY}/blobs/");
    stage.registry.inject(&configuration, 3, Fault::Pad(5000));
    check("30s").success().stdout_has("the registry is not available");
    stage.registry.inject(&configuration, ALWAYS, Fault::Pad(5000));
    check("3s").exit(6).stdout_has("the registry is not available").stderr_has("other bytes than the digest says");
}

#[test]
fn a_wait_does_not_believe_head_for_ever() {
    let stage = Stage::new();
    let path = format!("/v2/{REPOSITORY}/manifests/{COMMIT}");
    stage.registry.inject(&format!("HEAD {path}"), ALWAYS, Fault::status(404));
    stage.registry.inject(&format!("GET {path}"), 1, Fault::status(404));
    let reference = format!("{}:{COMMIT}", stage.image());
    stage.tagship().args(["check", "--wait", "1m", &reference]).run().success();
    let lines = stage.registry.request_lines();
    let methods: Vec<_> = lines.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(methods, ["HEAD", "GET", "HEAD", "HEAD", "HEAD", "GET"], "{lines:?}");
}

#[test]
fn a_wait_for_a_build_reads_its_images_once() {
    let stage = Stage::new();
    let both = ["linux/amd64", "linux/arm64"];
    stage.registry.put_image(REPOSITORY, "latest", &Image::new().platforms(&both).revision("0000000000"));
    let reference = format!("{}:latest", stage.image());
    let check = || stage.tagship().args(["check", "--expect-revision", COMMIT, "--platform", both[0], &reference]);
    let read = |lines: &[String]| lines.iter().filter(|line| line.starts_with("GET ")).count();
    check().run().exit(4);
    let one_look = read(&stage.registry.request_lines());
    check().args(["--wait", "5s"]).run().exit(4).stderr_has("is not the build of");
    let lines = stage.registry.request_lines();
    assert_eq!(read(&lines), one_look, "{lines:?}");
    assert!(lines.len() > one_look + 1, "it was looked at again: {lines:?}");
}

#[test]
fn a_tag_that_has_another_digest_is_read_once_in_a_wait() {
    let stage = Stage::new();
    stage.registry.put_image(REPOSITORY, "latest", &Image::new());
    let reference = format!("{}:latest@sha256:{}", stage.image(), "0".repeat(64));
    stage.tagship().args(["check", "--wait", "5s", &reference]).run().exit(4);
    let lines = stage.registry.request_lines();
    let read = lines.iter().filter(|line| line.starts_with("GET ")).count();
    assert!(read == 2 && lines.len() >= 5, "at the first look and at the last: {lines:?}");
}

#[test]
fn a_tag_can_be_waited_for_until_it_has_the_digest() {
    let stage = Stage::new();
    let build = Image::new().label("build", "2");
    let digest = stage.registry.put_image(REPOSITORY, "next", &build);
    stage.registry.put_image(REPOSITORY, "latest", &Image::new());
    let reference = format!("{}:latest@{digest}", stage.image());
    let running = stage.tagship().args(["check", "--wait", "1m", &reference]).start();
    // The first look is over with the body that the other digest is computed from.
    while !stage.registry.request_lines().iter().any(|line| line.starts_with("GET ")) {
        std::thread::yield_now();
    }
    stage.registry.put_image(REPOSITORY, "latest", &build);
    running.finish().success().stdout_has("still another digest");
}

#[test]
fn a_wait_that_another_image_ends() {
    let stage = Stage::new();
    let refused = stage.registry.address();
    stage.registry.inject("/v2/org/locked/manifests/v1", ALWAYS, Fault::status(403));
    let images = [format!("{}:v9", stage.image()), format!("{refused}/org/locked:v1")];
    let output = stage.tagship().args(["check", "--wait", "30s"]).args(&images).run().exit(5);
    output
        .stderr_has("is not in the registry")
        .stderr_has("hint: solve the other problem first: `--wait` ended because of it");
}

#[test]
fn a_wait_ends_at_its_deadline() {
    let stage = Stage::new();
    let argument = format!("IMAGE_PLACEHOLDER={}:v9", stage.image());
    let started = Instant::now();
    let output = stage.release().args(["--wait", "3s", &argument]).run().exit(4);
    let elapsed = started.elapsed();
    assert!(elapsed >= Duration::from_secs(3), "it is asked for to the end: {elapsed:?}");
    let output = output.stderr_has("is not in the registry").stderr_has("404 MANIFEST_UNKNOWN");
    output.stderr_has("hint: `--wait` ended without it;");
    let lines = stage.registry.request_lines();
    let (last, others) = lines.split_last().unwrap();
    assert!(last.starts_with("GET "), "the reason is asked for at the end: {lines:?}");
    assert_eq!(others.iter().filter(|line| line.starts_with("GET ")).count(), 1, "{lines:?}");
    stage.untouched();
}

/// Nothing of the file is shown: it has logins.
#[test]
fn a_docker_configuration_that_cannot_be_used_has_a_hint() {
    let stage = Stage::with_auth(Auth::Basic(Login::new("ci", "s3cret")));
    let configuration = stage.home.path().join(".docker/config.json");
    let reference = format!("{}:{COMMIT}", stage.image());
    let check = || stage.tagship().args(["check", &reference]).run().exit(2);
    stage.home.write(".docker/config.json", "{\"auths\": t0ken");
    check().stderr_has("hint: correct it, or delete it and log in again").says_nowhere("t0ken");
    std::fs::remove_file(&configuration).unwrap();
    std::fs::create_dir(&configuration).unwrap();
    check().stderr_has("hint: let this user read the file, or name another folder with `DOCKER_CONFIG`");
}

#[test]
fn a_wait_renews_tokens() {
    let stage = Stage::with_auth(Auth::Bearer(Login::new("ci", "s3cret")));
    stage.home.write(".docker/config.json", &docker_config(&stage, &Login::new("ci", "s3cret")));
    let lifetime = Duration::from_secs(1);
    stage.registry.set_token_settings(crate::support::registry::TokenSettings {
        lifetime,
        ..crate::support::registry::TokenSettings::default()
    });
    stage.registry.appear_after(4, REPOSITORY, COMMIT);
    let reference = format!("{}:{COMMIT}", stage.image());
    let output = stage.tagship().args(["check", "-v", "--wait", "1m", &reference]).run().success();
    let lines = stage.registry.request_lines();
    output.stdout_has(&format!("({} requests, ", lines.len()));
    let tokens = lines.iter().filter(|line| line.starts_with("GET /token 200")).count();
    assert!(tokens >= 3, "{tokens}");
}

#[test]
fn what_cannot_come_is_not_waited_for() {
    let stage = Stage::with_auth(Auth::Basic(Login::new("ci", "s3cret")));
    let ends_at_once = |output: Output, requests: usize| {
        assert!(!output.stdout().contains(" of 5:00"), "{}", output.stdout());
        let lines = stage.registry.request_lines();
        assert_eq!(lines.len(), requests, "{lines:?}");
        output
    };
    let check = |reference: &str| stage.tagship().args(["check", "--wait", "5m", reference]).run();
    ends_at_once(check(&format!("{}:v1", stage.image())).exit(5), 1);
    ends_at_once(check("127.0.0.1:1/app:v1").exit(6), 0);
    stage.home.write(".docker/config.json", &docker_config(&stage, &Login::new("ci", "s3cret")));
    let release = stage.release().args(["--wait", "5m", "--branch", "nope"]);
    let release = release.arg(format!("IMAGE_PLACEHOLDER={}:v9", stage.image())).run().exit(3);
    ends_at_once(release, 3).stderr_has("error: 2 problems");
}

#[test]
fn a_tag_can_be_waited_for_until_it_is_the_build() {
    let stage = Stage::new();
    let reference = format!("{}:latest", stage.image());
    stage.registry.put_image(REPOSITORY, "latest", &Image::new().revision("0000000000"));
    let check = stage.tagship().args(["check", "--wait", "1m", "--expect-revision", COMMIT, &reference]);
    let running = check.start();
    while stage.registry.request_lines().is_empty() {
        std::thread::yield_now();
    }
    stage.registry.put_image(REPOSITORY, "latest", &Image::new().revision(COMMIT));
    running.finish().success().stdout_has(&format!("not the build of {COMMIT} yet"));
}

#[test]
fn a_release_that_waited_begins_at_the_new_tip() {
    let stage = Stage::new();
    stage.registry.appear_after(2, REPOSITORY, COMMIT);
    let running = stage.release().args(["--wait", "1m"]).arg(stage.argument()).start();
    while stage.registry.request_lines().is_empty() {
        std::thread::yield_now();
    }
    stage.remote.commit("main", "Meanwhile", &[File::new("other", "x\n")]);
    let output = running.finish().success();
    assert!(!output.stdout().contains("raced"), "{}", output.stdout());
    assert_eq!(stage.remote.number_of_commits("main"), 3);
}

/// The branch does not move during the wait, so nothing of it is read again.
#[test]
fn a_release_that_waited_reads_the_branch_once() {
    let fetches = |waits: bool| {
        let stage = Stage::new();
        if waits {
            stage.registry.appear_after(2, REPOSITORY, COMMIT);
        }
        let server = GitServer::start(stage.remote.folder(), Access::Open);
        let release = stage.release_to(&server.url("gitops.git")).args(["--branch", "main", "--wait", "1m"]);
        release.arg(stage.argument()).run().success();
        server.fetches()
    };
    assert_eq!(fetches(true), fetches(false));
}

/// Runs the program on a terminal of a kind, which `script` lends it.
fn on_a_terminal(stage: &Stage, kind: &str, command: &str) -> Output {
    let line = format!("{} {command}", env!("CARGO_BIN_EXE_tagship"));
    let script = Command::new("script").home(&stage.home).env("TERM", kind);
    script.args(["--quiet", "--return", "--command", &line, "/dev/null"]).run()
}

/// Asserts that the moving line was taken away before each line of the result. It may come back between two of them.
fn assert_the_result_stands_alone(shown: &str) {
    let results: Vec<&str> = shown
        .split("\u{1b}[2K")
        .skip(1)
        .filter_map(|written| written.split_once("\r\n"))
        .map(|(result, _)| result)
        .collect();
    assert!(results.iter().all(|result| !result.contains("0:0")), "{shown:?}");
    assert!(results.iter().any(|result| result.contains("check ")), "{shown:?}");
    assert!(shown.trim_end().ends_with("present\u{1b}[0m"), "{shown:?}");
}

#[test]
fn a_terminal_gets_one_moving_line() {
    if crate::support::servers::installed("script").is_none() {
        return;
    }
    let stage = Stage::new();
    stage.registry.appear_after(3, REPOSITORY, COMMIT);
    let output = on_a_terminal(&stage, "xterm", &format!("check --wait 1m {}:{COMMIT}", stage.image())).success();
    let shown = output.stdout();
    assert!(
        shown.contains(&format!("waiting for {}:{COMMIT}  not there yet  0:00 of 1:00", stage.image())),
        "{shown:?}"
    );
    assert!(!shown.contains(" wait "), "{shown:?}");
    assert!(!shown.contains("\u{1b}[?25l"), "the cursor is never hidden, so that an interrupt leaves nothing behind");
    assert_the_result_stands_alone(&shown);
}

/// No line can move there, as in an editor's shell.
#[test]
fn a_dumb_terminal_gets_a_line_for_each_change() {
    if crate::support::servers::installed("script").is_none() {
        return;
    }
    let stage = Stage::new();
    stage.registry.appear_after(3, REPOSITORY, COMMIT);
    let output = on_a_terminal(&stage, "dumb", &format!("check --wait 1m {}:{COMMIT}", stage.image())).success();
    output.stdout_has(" wait ").stdout_has("not there yet");
}

/// The registry takes longer than what is waited for silently.
#[test]
fn a_terminal_is_told_what_takes_long() {
    if crate::support::servers::installed("script").is_none() {
        return;
    }
    let stage = Stage::new();
    stage.registry.put_image(REPOSITORY, COMMIT, &Image::new());
    stage.registry.inject("/", 1, Fault::Delay(Duration::from_secs(3)));
    let output = on_a_terminal(&stage, "xterm", &format!("check {}:{COMMIT}", stage.image())).success();
    let shown = output.stdout();
    assert!(shown.contains(&format!("asking for {}:{COMMIT}  0:0", stage.image())), "{shown:?}");
    assert_the_result_stands_alone(&shown);
}
