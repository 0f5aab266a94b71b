//! One text is one value: a tag that comes from outside cannot become a second image, a flag or a trailer.

use crate::stage::{COMMIT, FILE, FOLDER, SEED, Stage, tagship};
use crate::support::command::Home;
use crate::support::repository::File;

/// A second application in the same kustomization, which no pipeline of the first one should reach.
const VICTIM: &str = "- name: api\n  newName: registry.example/org/api\n  newTag: v7\n";

fn stage() -> Stage {
    let stage = Stage::new();
    stage.remote.commit("main", "Add the api", &[File::new(FILE, format!("{SEED}{VICTIM}"))]);
    stage
}

#[track_caller]
fn untouched(stage: &Stage) {
    assert_eq!(stage.remote.number_of_commits("main"), 2, "the release branch has moved");
}

#[test]
fn a_line_end_in_an_argument_is_refused() {
    let stage = stage();
    for argument in ["IMAGE_PLACEHOLDER=r/web:v2\napi=evil/x:latest", "IMAGE_PLACEHOLDER=r/web:v2\rapi=evil/x:v1"] {
        let output = stage.release().args(["--no-check", argument]).run().exit(2);
        output.stderr_has("an argument is one value, and has no line end in it");
    }
    for (flag, value) in [
        ("--trailer", "A=b\nC=d"),
        ("--push-option", "a\nb"),
        ("--platform", "linux/amd64\nlinux/arm64"),
        ("--plain-http", "a\nb"),
        ("--kustomization", "a\nb"),
        ("--branch", "a\nb"),
    ] {
        let typed = [flag.to_owned(), value.to_owned()].to_vec();
        for words in [typed, vec![format!("{flag}={value}")]] {
            let output = stage.release().arg(stage.argument()).args(words).run().exit(2);
            output.stderr_has("an argument is one value");
        }
    }
    let behind = stage.release().args(["--no-check", "--", "--message", "a:v1\nb:v1"]).run().exit(2);
    behind.stderr_has("an argument is one value");
    untouched(&stage);
    // A message is the one text of several lines.
    stage.release().args(["--message", "Title\n\nBody", "--dry-run"]).arg(stage.argument()).run().success();
}

#[test]
fn a_tag_from_outside_is_one_value() {
    let stage = stage();
    let web = format!("IMAGE_PLACEHOLDER={}", stage.image());
    for (tag, expected) in [
        ("v2\napi=evil.example/x", "an argument is one value"),
        ("v2,api=evil.example/x", "a tag cannot contain `,`"),
        ("v2@sha256:00", "a tag cannot contain `@`"),
        ("*", "a tag cannot contain `*`"),
        ("", "the tag is empty"),
    ] {
        let output = stage.release().args(["--no-check", &format!("--tag={tag}"), &web]).run().exit(2);
        output.stderr_has(expected);
        if !tag.is_empty() {
            stage.release().env("TAGSHIP_TAG", tag).args(["--no-check", &web]).run().exit(2);
        }
    }
    untouched(&stage);
    let output = stage.release().args(["--tag", COMMIT, &stage.argument()]).run().exit(2);
    output.stderr_has("has a tag of its own").stderr_has("hint:");
    untouched(&stage);
    stage.release().args(["--tag", COMMIT, &web]).run().success();
    assert_eq!(stage.remote.file("main", FILE), format!("{}{VICTIM}", stage.released()).as_bytes());
}

#[test]
fn a_tag_and_a_digest_of_all_images() {
    let home = Home::new();
    let seed = "images:\n- name: a\n  newName: r/a\n  newTag: v1\n- name: b\n  newTag: v1\n";
    let file = home.write("kustomization.yaml", seed);
    let set = || tagship().home(&home).current_dir(home.path()).arg("set");
    set().args(["--tag", "v2", "a=*", "b=*"]).run().success();
    let read = || std::fs::read_to_string(&file).unwrap();
    assert_eq!(read(), seed.replace("v1", "v2"));
    let digest = format!("sha256:{}", "ab".repeat(32));
    // A variable often has the line end of the file or of the output that it comes from.
    let with_line_end = format!(" {digest}\n");
    set().env("TAGSHIP_TAG", "v3\r\n").env("TAGSHIP_DIGEST", with_line_end).arg("a=*").run().success();
    assert!(read().contains(&format!("newName: r/a\n  newTag: v3\n  digest: {digest}\n")), "{}", read());
    set().args(["--digest", "sha256:00", "a=*"]).run().exit(2).stderr_has("--digest");
    set().args(["--digest", &digest, &format!("a=*@{digest}")]).run().exit(2).stderr_has("has a digest of its own");
}

#[test]
fn a_check_takes_a_tag_too() {
    let stage = Stage::new();
    stage.tagship().args(["check", "--tag", COMMIT, &stage.image()]).run().success();
    let whole = format!("{}:{COMMIT}", stage.image());
    stage.tagship().args(["check", "--tag", COMMIT, &whole]).run().exit(2).stderr_has("has a tag of its own");
    stage.tagship().args(["check", "--digest", &stage.digest, &stage.image()]).run().success();
}

/// Drone and Woodpecker put the variables of a build into settings, and join a list with commas.
#[test]
fn a_setting_is_not_split_behind_an_equals_sign() {
    let stage = stage();
    let plugin = |images: &str| {
        let plugin = stage.tagship().env("CI", "woodpecker").env("PLUGIN_REPOSITORY", stage.remote.file_url());
        plugin.env("PLUGIN_KUSTOMIZATION", FOLDER).env("PLUGIN_NO_CHECK", "true").env("PLUGIN_IMAGES", images)
    };
    for images in [
        "IMAGE_PLACEHOLDER=r/web:v2,api=evil.example/x",
        "IMAGE_PLACEHOLDER=r/web:v2,api:v9",
        "IMAGE_PLACEHOLDER:v2,api:v9",
        r#"["IMAGE_PLACEHOLDER=r/web:v2\napi=evil.example/x:v1"]"#,
    ] {
        plugin(images).run().exit(2);
    }
    for images in ["IMAGE_PLACEHOLDER=r/web:v2,api=*:v9", "IMAGE_PLACEHOLDER=r/web:v2 api=*:v9"] {
        plugin(images).run().exit(2).stderr_has("in a list, write one image a line");
    }
    let files = plugin("IMAGE_PLACEHOLDER=*:v2").env("PLUGIN_RESULT_FILE", "json=a.json,dotenv=b.env").run().exit(2);
    files.stderr_has("it names several files; write one `FORMAT=PATH` a line");
    untouched(&stage);
    let trailers = plugin("IMAGE_PLACEHOLDER=*:v2").env("PLUGIN_TRAILERS", "Note=a,Reviewed-by=b");
    trailers.run().success();
    assert_eq!(stage.remote.log("main")[0].trailer("Note"), ["a,Reviewed-by=b"]);
    plugin(r#"["IMAGE_PLACEHOLDER=*:v3", "api=*:v8"]"#).run().success();
    plugin("IMAGE_PLACEHOLDER=*:v4\napi=*:v9").run().success();
    assert_eq!(stage.remote.number_of_commits("main"), 5);
}

/// What a terminal acts on, and what no registry has, is no name.
#[test]
fn names_that_deceive() {
    let home = Home::new();
    home.write("kustomization.yaml", "images:\n- name: web\n  newTag: v1\n");
    let set = |image: &str| tagship().home(&home).current_dir(home.path()).args(["set", "--add", "--", image]);
    for image in [
        "we\u{202e}b:v1",
        "web\u{200b}:v1",
        "web=r/\u{202e}x:v1",
        "web=u:p@h/e:v1",
        "web=-oX/e:v1",
        "web=r/../e:v1",
        "a=b=c:1",
        "web=https://ghcr.io/org/web:v1",
    ] {
        let output = set(image).run().exit(2);
        assert!(!output.stderr().contains(['\u{202e}', '\u{200b}']), "{}", output.stderr());
    }
}

/// An image may look like a flag: behind `--` it is an image, and before it no flag of another command.
#[test]
fn an_image_that_looks_like_a_flag() {
    let home = Home::new();
    let file = home.path().join("file");
    for image in ["-x", "--add", "--no-push", "--dry-run=false", "-k", "--repo=https://evil.example/r", "--", "-"] {
        for words in [&["check", "--"][..], &["check"], &["release", "--no-check", "--"]] {
            let output = tagship().home(&home).current_dir(home.path()).args(words.iter().copied()).arg(image).run();
            assert_eq!(output.code, Some(2), "{words:?} {image}: {}", output.stderr());
        }
    }
    let image = format!("--result-file=json={}", file.display());
    tagship().home(&home).args(["check", "--", &image]).run().exit(2);
    assert!(!file.exists(), "an image named a file");
}

/// All who read the repository can read its commits.
#[test]
fn a_login_in_the_message_is_refused() {
    let stage = stage();
    for message in ["See https://u:s3cret@h/x", "See https://u:p/s3cret@h/x", "{images} ssh://u:s3cret@h"] {
        let release = stage.release().args(["--no-check", "--message", message, "IMAGE_PLACEHOLDER=*:v2"]);
        release.run().exit(2).stderr_has("a URL in the message has a login in it").says_nowhere("s3cret");
    }
    untouched(&stage);
    let release =
        stage.release().args(["--no-check", "--message", "For @ops, see https://h:80/@me", "IMAGE_PLACEHOLDER=*:v2"]);
    release.run().success();
}
