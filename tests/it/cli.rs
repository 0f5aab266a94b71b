//! The command line: help, flags, environment variables, and what reaches which stream.

use crate::pipeline::document;
use crate::stage::{FOLDER, Stage, tagship};
use crate::support::command::{Command, Home};
use crate::support::servers::installed;

#[test]
fn help_and_version() {
    tagship().arg("--help").run().success().stdout_has("Exit codes:").stdout_has("release");
    tagship().arg("--version").run().success().stdout_has(concat!("tagship ", env!("CARGO_PKG_VERSION")));
    for command in ["release", "guard", "check", "set"] {
        tagship().args([command, "--help"]).run().success().stdout_has("Examples:");
    }
}

/// A screen or two for a person who looks a flag up; `--help`, the manual page and the documentation have all flags.
#[test]
fn the_short_help_leaves_out_what_is_rare() {
    let short = tagship().args(["release", "-h"]).run().success().stdout_has("see more with '--help'").stdout();
    assert!(short.ends_with("\n`--help` prints all flags, and the exit codes.\n"), "{short}");
    assert!(short.lines().count() <= 107, "{} lines:\n{short}", short.lines().count());
    let long = tagship().args(["release", "--help"]).run().success().stdout();
    for rare in ["--ca-file", "--push-option", "--trailer", "--attempts", "--trusted-root", "--forge-url"] {
        assert!(!short.contains(rare) && long.contains(rare), "{rare}");
    }
}

/// Roots that are old do not know the newest keys.
#[test]
fn the_long_version_tells_the_age_of_the_trusted_roots() {
    for words in [&["--version", "-v"][..], &["-v", "--version"], &["-V", "--verbose"], &["-Vv"]] {
        let output = tagship().args(words.iter().copied()).run().success();
        let output = output.stdout_has(concat!("tagship ", env!("CARGO_PKG_VERSION")));
        output.stdout_has("\ntrusted roots of Sigstore and GitHub: of 20").stdout_has(" days old\n");
    }
}

/// A report of a mistake can tell a release from a build of main.
#[test]
fn a_release_knows_its_commit_and_target() {
    let workflow = include_str!("../../.github/workflows/release.yml");
    let program = include_str!("../../src/cli/args.rs");
    for name in ["TAGSHIP_BUILD_COMMIT", "TAGSHIP_BUILD_TARGET"] {
        assert!(workflow.contains(&format!("          {name}: ${{{{ ")), "release.yml does not set {name}");
        assert!(program.contains(&format!("option_env!(\"{name}\")")), "nothing reads {name}");
    }
}

/// Scripts go by the exit codes, so each help has all of them.
#[test]
fn help_has_the_table_of_exit_codes() {
    for command in ["", "release", "guard", "check", "set", "log", "status", "rollback", "promote"] {
        let words = [command, "--help"].into_iter().filter(|word| !word.is_empty());
        let help = tagship().args(words).run().success().stdout();
        let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
        let codes =
            ["0 done", "1 unexpected", "2 usage", "3 target", "4 image", "5 unauthorized", "6 unavailable", "7 raced"];
        for code in codes.iter().chain(&["8 refused", "9 guarded", "130 interrupted"]) {
            assert!(words.contains(&format!(" {code}")), "{code} is not in {help}");
        }
    }
}

#[test]
fn usage_errors_look_like_all_others() {
    let output = tagship().args(["release", "--no-chekc", "a:v1"]).run().exit(2);
    let expected = "error: unexpected argument '--no-chekc' found\n  hint: did you mean `--no-check`?\n";
    assert_eq!(output.stderr(), expected);
    let output = tagship().args(["rollback", "--tag", "v1", "web"]).run().exit(2);
    let expected = "error: unexpected argument '--tag' found\n  hint: name the release to go back to with `--to`\n";
    assert_eq!(output.stderr(), expected);
    // Each has a flag that is spelt a little like it.
    for (command, flag, commands) in [
        ("rollback", "--order", "release`, `promote"),
        ("rollback", "--order=version", "release`, `promote"),
        ("release", "--to", "rollback`, `promote"),
        ("rollback", "--on-superseded", "release`, `promote"),
        ("set", "--no-check", "release`, `rollback`, `promote"),
    ] {
        let output = tagship().args([command, flag]).run().exit(2);
        output.stderr_has(&format!("\n  hint: it is a flag of `{commands}`; run `tagship {command} --help`"));
    }
    let output = tagship().args(["release", "--token", "x", "a:v1"]).run().exit(2);
    output.stderr_has("\n  hint: set `TAGSHIP_GIT_TOKEN`: a token is no flag\n");
    let output = tagship().args(["set", "a=b:v1", "--no-chck"]).run().exit(2);
    output.stderr_has("\n  hint: run `tagship set --help` for the flags\n").says_nowhere("as a value");
    let output = tagship().arg("check").run().exit(2);
    output.stderr_has("<REFERENCE>").stderr_has("\n  hint: name an image, or `-k PATH` for the images on the branch\n");
    for flag in ["--verify-identity", "--verify-identity-regexp", "--trusted-root"] {
        let output = tagship().args(["check", flag, "x", "h.example/a:v1"]).run().exit(2);
        output.stderr_has("--verify-issuer <URL>\n  hint: run `tagship check --help` for the flags\n");
    }
    let output = tagship().args(["release", "--wait"]).run().exit(2);
    assert!(output.stderr().ends_with("\n  hint: run `tagship release --help` for the flags\n"), "{}", output.stderr());
}

/// A hint that leads astray costs more than none.
#[test]
fn words_of_other_programs() {
    let no_hint = "run `tagship release --help` for the flags";
    let image = "give the image as `<IMAGE>`, such as `NAME=*:TAG`";
    let name = "give the name of the entry as `<NAME>`";
    let files = "name the files with `--from` and `--to`";
    let json = "`--output json` prints JSON";
    for (words, hint) in [
        ("release --image web", image),
        ("set --images web", image),
        ("check --image web", "give the image as `<REFERENCE>`, such as `NAME:TAG`"),
        ("rollback --name web", name),
        ("promote --image web", name),
        ("release --commit-message x", "use `--message`"),
        ("rollback -m x", "use `--message`"),
        ("release --path x", "name a kustomization or its folder with `-k`, and another file with `-f`"),
        ("promote --folder x", files),
        ("promote --file x", files),
        ("promote -k k", files),
        ("release -x", no_hint),
        ("rollback --steps -1", "run `tagship rollback --help` for the flags"),
        (
            "guard -k k",
            "it is a flag of `release`, `check`, `set`, `log`, `status`, `rollback`; run `tagship guard --help` for the flags",
        ),
        ("release --push=false", "it pushes unless `--no-push` is given"),
        ("release --json", json),
        ("log -o json", json),
        ("log --count 3", "use `--limit`"),
        ("release --sha x", "name the commit that the images were built from with `--source`"),
        ("rollback --revision x", "name the release to go back to with `--to`"),
        ("release --token x", "set `TAGSHIP_GIT_TOKEN`: a token is no flag"),
        ("release --forse", "did you mean `--forge`?"),
        // These are spelt a little like `--comment`, `--trailer`, `--plain-http`, `--verbose` and `set`.
        ("release --force", "each guard has a flag of its own: see `--help`"),
        ("release --commmit x", no_hint),
        ("release --title x", no_hint),
        ("release --pin", no_hint),
        ("release --version v1", no_hint),
        ("upgrade", "run `tagship --help` for the commands"),
        ("relase", "did you mean `release`?"),
        ("realese", "did you mean `release`?"),
        ("porject", "run `tagship --help` for the commands"),
        ("undo", "the command is `rollback`"),
        ("history", "the command is `log`"),
        ("--dry-run release web=*:v1", "write `--dry-run` behind `release`"),
        ("-k x release web=*:v1", "write `-k` behind `release`"),
        ("--dry-run", "it is a flag of `release`, `set`, `rollback`, `promote`; run `tagship --help` for the commands"),
        ("rollback web v1.0.0", "one entry at a time; name the release to go back to with `--to`"),
        ("rollback web=v1.0.0", "write `web`, and name the release to go back to with `--to`"),
        ("log web api", "name one entry, or none for all of them"),
        ("status web", "name the files with `-k` or `-f`"),
        ("set image web=*:v1", "leave `image` out; or if an entry is called so, write `image=*:TAG`"),
        ("release --dry-run=true web=*:v1", "write the flag alone, or leave it out"),
        ("release [web=*:v1]", "write each image alone, one a line, without dashes, brackets and quotes"),
        ("set 'web=*:v1'", "write each image alone, one a line, without dashes, brackets and quotes"),
    ] {
        let output = tagship().args(words.split(' ')).run().exit(2);
        assert!(output.stderr().ends_with(&format!("\n  hint: {hint}\n")), "{words}: {}", output.stderr());
    }
}

/// Completions propose these values, and an image or an entry may have such a name.
#[test]
fn values_behind_a_blank() {
    for (words, message, hint) in [
        (
            "release --pin-digest always web=*:v1",
            "`--pin-digest` takes its value behind `=`",
            "write `--pin-digest=always`",
        ),
        (
            "release --pin-digest TRUE web=*:v1",
            "`--pin-digest` takes its value behind `=`",
            "write `--pin-digest=TRUE`",
        ),
        ("rollback web --sign git", "`--sign` takes its value behind `=`", "write `--sign=git`"),
        (
            "promote --auto-merge squash --from a --to b",
            "`--auto-merge` takes its value",
            "write `--auto-merge=squash`",
        ),
        ("set --dry-run false web=*:v1", "`--dry-run` takes no value", "write the flag alone, or leave it out"),
    ] {
        let output = tagship().args(words.split(' ')).run().exit(2);
        output.stderr_has(&format!("error: {message}")).stderr_has(&format!("  hint: {hint}"));
    }
    let home = Home::new();
    home.write("kustomization.yaml", "images:\n- name: always\n  newTag: v1\n");
    let set = || tagship().home(&home).current_dir(home.path()).arg("set");
    set().args(["--pin-digest=never", "--tag", "v2", "always=*"]).run().success();
    set().args(["--dry-run", "--", "always:v3"]).run().success();
}

/// Nobody typed the other flag, or the value.
#[test]
fn usage_errors_name_the_variable() {
    for (name, value, arguments, expected) in [
        ("TAGSHIP_VERBOSE", "true", &["log", "-q"][..], "`--verbose` is given by the variable `TAGSHIP_VERBOSE`"),
        (
            "TAGSHIP_STEPS",
            "2",
            &["rollback", "--to", "v1", "web"],
            "`--steps` is given by the variable `TAGSHIP_STEPS`",
        ),
        ("TAGSHIP_NO_CHECK", "true", &["release", "--wait", "5s", "a=*:v1"], "the variable `TAGSHIP_NO_CHECK`"),
        ("TAGSHIP_DRY_RUN", "ja", &["set", "a=*:v1"], "`--dry-run` is given by the variable `TAGSHIP_DRY_RUN`"),
    ] {
        tagship().env(name, value).args(arguments).run().exit(2).stderr_has(expected);
    }
    let typed = tagship().env("TAGSHIP_VERBOSE", "true").args(["log", "-q", "-v"]).run().exit(2);
    typed.says_nowhere("is given by the variable");
}

#[test]
fn usage_errors_in_json() {
    let unknown = document(&tagship().args(["release", "--nonsense", "--output", "json"]).run().exit(2));
    assert_eq!(unknown["outcome"], "failed");
    assert_eq!(unknown["error"]["message"], "unexpected argument '--nonsense' found");
    tagship().args(["set", "--output=json"]).run().exit(2).stdout_has(r#""kind":"usage""#);
    let missing = document(&tagship().args(["set", "--output=json"]).run().exit(2));
    assert_eq!(missing["error"]["details"], serde_json::json!(["<IMAGE>..."]), "what is missing is told too");
}

/// It would be passed over: an image that is given is asked for in its registry.
#[test]
fn a_repository_without_a_file_to_check() {
    for flag in ["--repo", "--remote", "--branch"] {
        let check = tagship().args(["check", "registry.invalid/app:v1", flag, "x"]);
        let output = check.run().exit(2).stderr_has(&format!("`{flag}` says where files are, and no file is named"));
        output.stderr_has("hint: name the files to check with `-k` or `-f`");
    }
    let stage = Stage::new();
    let image = stage.argument();
    let image = image.trim_start_matches("IMAGE_PLACEHOLDER=");
    let check = stage.tagship().args(["check", image]).env("TAGSHIP_REPO", "/nowhere");
    check.run().success();
}

/// It would be passed over: an image of a file is checked by the tag or digest that it has there.
#[test]
fn a_tag_without_an_image_to_check() {
    let stage = Stage::new();
    for (flag, value) in [("tag", "v9"), ("digest", "sha256:1")] {
        let says = |written: &str| format!("`{written}` is for images that are named, and none is named");
        for file in ["-k", "-f"] {
            let check = tagship().args(["check", file, "x", &format!("--{flag}"), value]);
            let output = check.run().exit(2).stderr_has(&says(&format!("--{flag}")));
            output.stderr_has("hint: leave it out, because what is in a file is checked by its own tag and digest\n");
        }
        // An input of the action is meant for its step.
        let variable = format!("TAGSHIP_{}", flag.to_uppercase());
        let step = || {
            let step = stage.tagship().env("GITHUB_ACTIONS", "true").env("TAGSHIP_ACTION_REPOSITORY", "OWNER/tagship");
            step.env("TAGSHIP_KUSTOMIZATION", FOLDER).env(&variable, value).arg("check")
        };
        step().env("TAGSHIP_ACTION_INPUTS", format!("kustomization {flag}")).run().exit(2).stderr_has(&says(flag));
        let other = step().env("TAGSHIP_ACTION_INPUTS", "kustomization").env("TAGSHIP_REPO", stage.remote.file_url());
        other.run().says_nowhere("none is named");
    }
}

#[test]
fn a_login_in_the_place_of_an_image_is_not_told() {
    for image in ["bob:s3cret@host.example/web:v1", "web=bob:s3cret@host.example:5000/web:v1"] {
        for command in [&["set", "-k", "."][..], &["check"], &["release", "-k", ".", "--no-push"]] {
            tagship().args(command.iter().copied()).arg(image).run().says_nowhere("s3cret");
        }
    }
}

#[test]
fn usage_errors() {
    for arguments in [&[][..], &["nonsense"], &["release"], &["release", "--nonsense", "a:v1"], &["check"]] {
        let output = tagship().args(arguments.iter().copied()).run().exit(2);
        assert!(output.stdout().is_empty(), "{arguments:?}: {}", output.stdout());
        assert!(!output.stderr().is_empty(), "{arguments:?}");
    }
}

#[test]
fn flags_beat_the_environment() {
    let home = Home::new();
    let file = home.write("kustomization.yaml", "images:\n- name: a\n  newTag: v1\n- name: b\n  newTag: v1\n");
    let set = || tagship().home(&home).current_dir(home.path()).arg("set");
    let read = || std::fs::read_to_string(&file).unwrap();
    set().env("TAGSHIP_IMAGE", "a:v2\nb:v3\n").env("TAGSHIP_DRY_RUN", "true").run().success().stdout_has("dry run");
    set().env("TAGSHIP_IMAGE", "a:v2\nb:v3\n").env("TAGSHIP_DRY_RUN", "false").run().success();
    assert_eq!(read(), "images:\n- name: a\n  newTag: v2\n- name: b\n  newTag: v3\n");
    set().env("TAGSHIP_IMAGE", "a:v9").env("TAGSHIP_KUSTOMIZATION", "").arg("a:v4").run().success();
    assert!(read().contains("newTag: v4"), "{}", read());
    set().env("TAGSHIP_OUTPUT", "json").arg("a:v4").run().success().stdout_has(r#""outcome":"unchanged""#);
}

#[test]
fn colour_is_for_terminals() {
    let home = Home::new();
    home.write("kustomization.yaml", "images:\n- name: a\n  newTag: v1\n");
    let set = || tagship().home(&home).current_dir(home.path()).args(["set", "--dry-run", "a:v2"]);
    assert!(!set().run().success().stdout().contains('\u{1b}'));
    assert!(set().args(["--color", "always"]).run().success().stdout().contains('\u{1b}'));
}

#[test]
fn checks_report_what_they_found() {
    let stage = Stage::new();
    let reference = stage.argument().split_once('=').unwrap().1.to_owned();
    let output = stage.tagship().args(["check", &reference]).run().success();
    assert!(output.stdout().starts_with(" check   127.0.0.1:"), "{}", output.stdout());
    stage.tagship().args(["check", "-v", &reference]).run().success().stdout_has("  (1 request, ");
    let output = stage.tagship().args(["check", "--output", "json", &reference]).run().success();
    let document = document(&output);
    assert_eq!(document["outcome"], "present");
    assert_eq!(document["images"][0]["digest"], stage.digest);
    stage.tagship().args(["check", &stage.image()]).run().exit(2).stderr_has("has neither tag nor digest");
    stage.tagship().args(["check", "A:v1"]).run().exit(2).stderr_has("is not a reference");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let home = Home::new();
    home.write("kustomization.yaml", "images:\n- name: a\n  newTag: v1\n");
    let binary = env!("CARGO_BIN_EXE_tagship");
    let script = format!("{binary} set --dry-run a:v2 | head -c 1 >/dev/null; {binary} set -q a:v3");
    Command::new("sh").current_dir(home.path()).args(["-c", &script]).run().success();
}

#[test]
fn bash_completes() {
    let home = Home::new();
    let completions = tagship().args(["completions", "bash"]).run().success().stdout();
    let script = home.write("tagship.bash", &completions);
    let bash = |arguments: &[&str]| Command::new("bash").args(["--norc"]).args(arguments.iter().copied()).arg(&script);
    bash(&["-n"]).run().success();
    // What bash does if the tabulator key is pressed behind these words.
    let complete = r#"source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        _tagship tagship "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"; printf '%s\n' "${COMPREPLY[@]}""#;
    for (words, expected) in [
        (&["tagship", "rel"][..], &["release"][..]),
        (&["tagship", "release", "--pus"], &["--push-option"]),
        (&["tagship", "check", "--output", ""], &["text", "json"]),
        (&["tagship", "completions", "z"], &["zsh"]),
    ] {
        let output = bash(&["-c", complete, "bash"]).args(words.iter().copied()).run().success();
        assert_eq!(output.stdout().lines().collect::<Vec<_>>(), expected, "{words:?}");
    }
}

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        tagship().args(["completions", shell]).run().success().stdout_has("push-option");
    }
    tagship().args(["completions", "tcsh"]).run().exit(2).stderr_has("possible values: bash");
    tagship().arg("completions").run().exit(2);
}

#[test]
fn manual_pages() {
    let page = tagship().arg("man").run().success().stdout_has(".TH tagship 1").stdout_has("Exit codes:").stdout();
    assert!(page.contains("tagship\\-release"), "it leads to the pages of the commands: {page}");
    let release = tagship().args(["man", "release"]).run().success().stdout_has(".TH tagship-release 1").stdout();
    assert!(release.contains("TAGSHIP_PUSH_OPTION") && release.contains("result\\-file"), "{release}");
    assert!(
        release.contains("\n\\fBtagship release\\fR [OPTIONS] <IMAGE>...\n"),
        "as `--help` has the usage: {release}"
    );
    assert!(page.contains("\n\\fBtagship\\fR [OPTIONS] <COMMAND>\n"), "{page}");
    tagship().args(["man", "nonsense"]).run().exit(2).stderr_has("the commands are release, ");
    if installed("man").is_none() {
        return;
    }
    for page in [page, release] {
        let output = Command::new("man").args(["--warnings", "-l", "-"]).stdin(page).run().success();
        assert_eq!(output.stderr(), "");
    }
}

/// `.TP` begins an item: a line with its name, and below that what it is.
#[test]
fn manual_pages_say_what_each_item_is() {
    let page = |arguments: &[&str]| tagship().arg("man").args(arguments.iter().copied()).run().success().stdout();
    let program = page(&[]);
    let named: Vec<_> =
        program.lines().filter_map(|line| line.strip_prefix("tagship\\-")?.strip_suffix("(1)")).collect();
    assert!(named.contains(&"release") && named.contains(&"completions"), "{named:?}");
    let pages = named.iter().map(|name| page(&[name]));
    for page in pages.chain([program.clone()]) {
        let lines: Vec<_> = page.lines().collect();
        for item in lines.windows(3).filter(|lines| lines[0] == ".TP") {
            assert!(item[2].starts_with(char::is_alphanumeric) || item[2].starts_with('`'), "{item:?} of\n{page}");
        }
    }
}

/// A step of Woodpecker has settings and no arguments.
#[test]
fn a_plugin_releases() {
    let stage = Stage::new();
    let plugin = || {
        let plugin = stage.tagship().env("CI", "woodpecker").env("PLUGIN_REPOSITORY", stage.remote.file_url());
        let plugin = plugin.env("PLUGIN_KUSTOMIZATION", FOLDER).env("PLUGIN_PIN_DIGEST", "true");
        plugin.env("PLUGIN_TRAILERS", r#"["Reviewed-by=A, B","Note=c"]"#)
    };
    plugin().env("PLUGIN_IMAGES", stage.argument()).env("PLUGIN_DRY_RUN", "true").run().success().stdout_has("dry run");
    stage.untouched();
    plugin().env("PLUGIN_IMAGES", stage.argument()).run().success();
    let release = &stage.remote.log("main")[0];
    assert_eq!((release.trailer("Reviewed-by"), release.trailer("Note")), (vec!["A, B"], vec!["c"]));
    plugin().env("PLUGIN_IMAGES", "").run().exit(2).stderr_has("the setting `images` is missing");
    plugin().env("PLUGIN_COMMAND", "nonsense").run().exit(2).stderr_has("`nonsense` is not a command");
    plugin().env("CI", "true").run().exit(2).stderr_has("Usage: tagship");
}

/// A container action of GitHub has inputs and no arguments; a foreign action's inputs are none of ours.
#[test]
fn a_container_action_checks() {
    let stage = Stage::new();
    let reference = stage.argument().split_once('=').unwrap().1.to_owned();
    let action = stage.tagship().env("GITHUB_ACTIONS", "true").env("INPUT_REFERENCE", &reference);
    let action = action.env("INPUT_COMMAND", "check").env("INPUT_OUTPUT", "json").env("INPUT_EXPECT-REVISION", "");
    action.run().success().stdout_has(r#""outcome":"present""#);
    let retried = stage.tagship().env("GITHUB_ACTIONS", "true").env("INPUT_COMMAND", "tagship check").arg("check");
    retried.env("INPUT_PLATFORM", "plan9/mips").arg(&reference).run().success();
    // The action and hints call them so for each command.
    let images = stage.tagship().env("GITHUB_ACTIONS", "true").env("INPUT_COMMAND", "check");
    images.env("INPUT_IMAGES", &reference).run().success();
}

/// A block of text ends in a line end, and so may an output of another step.
#[test]
fn white_space_around_a_value() {
    let stage = Stage::new();
    let url = stage.remote.file_url();
    let settings = [
        ("COMMAND", "release"),
        ("KUSTOMIZATION", FOLDER),
        ("REPOSITORY", &url),
        ("IMAGES", "IMAGE_PLACEHOLDER=*"),
        ("TAG", "v5"),
        ("BRANCH", "main"),
        ("TIMEOUT", "30s"),
        ("ORDER", "auto"),
        ("ON-SUPERSEDED", "skip"),
        ("ATTEMPTS", "3"),
        ("AUTHOR", "A B <a@b.example>"),
        ("SKIP-CI", "never"),
        ("GIT-TAG", "r1"),
        ("NO-CHECK", "true"),
        ("DRY-RUN", "true"),
    ];
    for end in ["\n", " ", "\r\n"] {
        let plugin = stage.tagship().env("CI", "woodpecker");
        let container = stage.tagship().env("GITHUB_ACTIONS", "true");
        let variables =
            stage.tagship().arg("release").env("TAGSHIP_IMAGE", "IMAGE_PLACEHOLDER=*").env("TAGSHIP_REPO", &url);
        let [plugin, container, variables] = settings.into_iter().fold(
            [plugin, container, variables],
            |[plugin, container, variables], (name, value)| {
                let (underscores, value) = (name.replace('-', "_"), format!("{value}{end}"));
                let is_variable = !["IMAGES", "REPOSITORY"].contains(&name);
                let ours = if is_variable { format!("TAGSHIP_{underscores}") } else { "TAGSHIP_RESULT_X".to_owned() };
                [
                    plugin.env(format!("PLUGIN_{underscores}"), &value),
                    container.env(format!("INPUT_{name}"), &value),
                    variables.env(ours, &value),
                ]
            },
        );
        for step in [plugin, container, variables] {
            step.run().success().stdout_has("v5");
        }
        // A flag beats its variable.
        let typed = stage.tagship().args(["release", "--tag", "v6", "-k", FOLDER, "--repo", &url, "--branch=main"]);
        let typed =
            typed.args(["--no-check", "--dry-run", "IMAGE_PLACEHOLDER=*"]).env("TAGSHIP_TAG", format!(" v5{end}"));
        typed.run().success().stdout_has("v6");
    }
}

/// As in the action, a name is one on the server of the CI system; a path begins with `.` or `/`.
#[test]
fn a_repository_by_its_name() {
    let stage = Stage::new();
    let folder = stage.remote.folder().display().to_string();
    std::fs::create_dir(stage.remote.folder().join("org")).unwrap();
    std::fs::rename(stage.remote.path(), stage.remote.folder().join("org/config")).unwrap();
    let plugin = stage.tagship().env("CI", "woodpecker").env("CI_REPO", "org/app");
    let plugin = plugin.env("CI_REPO_CLONE_URL", format!("file://{folder}/org/app.git"));
    let container = stage.tagship().env("GITHUB_ACTIONS", "true").env("GITHUB_REPOSITORY", "org/app");
    let container = container.env("GITHUB_SERVER_URL", format!("file://{folder}"));
    for (step, prefix) in [(plugin, "PLUGIN"), (container, "INPUT")] {
        let step = step
            .env(format!("{prefix}_KUSTOMIZATION"), FOLDER)
            .env(format!("{prefix}_IMAGES"), "IMAGE_PLACEHOLDER=*:v2");
        let step = step.env(format!("{prefix}_NO_CHECK"), "true").env(format!("{prefix}_DRY_RUN"), "true");
        let step =
            |name: &str| step.clone().env(format!("{prefix}_REPOSITORY"), name).env(format!("{prefix}_BRANCH"), "main");
        step("org/config").run().success().stdout_has("v2");
        step("org/config\n").run().success();
        step("./org/config").run().exit(3).stderr_has("there is no git repository at `./org/config`");
    }
}

/// A misspelt setting would be left out, and `dryrun: true` release for real.
#[test]
fn settings_that_do_not_exist() {
    let stage = Stage::new();
    let plugin = || {
        let plugin = stage.tagship().env("CI", "woodpecker").env("PLUGIN_REPOSITORY", stage.remote.file_url());
        plugin.env("PLUGIN_KUSTOMIZATION", FOLDER).env("PLUGIN_IMAGES", stage.argument())
    };
    let output = plugin().env("PLUGIN_DRYRUN", "true").run().exit(2);
    output.stderr_has("error: there is no setting `dryrun`\n  hint: did you mean `dry_run`?\n");
    let output = plugin().env("PLUGIN_COMMIT_MESSAGE", "x").run().exit(2);
    output.stderr_has("error: there is no setting `commit_message`\n  hint: use `message`\n");
    let output = plugin().env("PLUGIN_GIT_TOKN", "s3cret").run().exit(2);
    output.says_nowhere("s3cret").stderr_has("there is no setting `git_tokn`");
    plugin().env("PLUGIN_KOMMAND", "check").env("PLUGIN_XYZZY", "1").run().exit(2).stderr_has("`kommand`");
    let action = stage.tagship().env("GITHUB_ACTIONS", "true").env("INPUT_IMAGES", stage.argument());
    let output = action.clone().env("INPUT_DRYRUN", "true").run().exit(2);
    output.stderr_has("error: there is no input `dryrun`\n  hint: did you mean `dry-run`?\n");
    stage.untouched();
    // The systems set some themselves.
    let action = action.env("INPUT_ENTRYPOINT", "/tagship").env("INPUT_REPO", stage.remote.file_url());
    action.env("INPUT_KUSTOMIZATION", FOLDER).env("INPUT_DRY-RUN", "true").run().success().stdout_has("dry run");
    plugin().env("PLUGIN_ARTIFACT_FILE", "/tmp/x").env("PLUGIN_DRY_RUN", "true").run().success();
}

/// An input that the command has no argument for would be left out, and `tag: v1` go back to another release than v1.
#[test]
fn inputs_of_another_command() {
    let stage = Stage::new();
    for tag in ["v1", "v2", "v3"] {
        stage.release().args(["--no-check", &format!("IMAGE_PLACEHOLDER=*:{tag}")]).run().success();
    }
    let commits = stage.remote.number_of_commits("main");
    let rollback = [("NAMES", "IMAGE_PLACEHOLDER"), ("TAG", "v1")];
    let tag = "error: `rollback` has no {word} `tag`\n  hint: name the release to go back to with `to`\n";
    let names = "has no {word} `images`\n  hint: give the name of the entry as `names`\n";
    let files = "has no {word} `kustomization`\n  hint: name the files with `from` and `to`\n";
    let images = "has no {word} `names`\n  hint: give the image as `images`, such as";
    for (command, inputs, (code, says)) in [
        ("rollback", &rollback[..], (2, tag)),
        ("rollback", &[("IMAGES", "a")], (2, names)),
        ("promote", &[("IMAGES", "a:1")], (2, names)),
        ("promote", &[("KUSTOMIZATION", "a")], (2, files)),
        ("release", &[("NAMES", "a")], (2, images)),
        ("set", &[("PULL_REQUEST", "true")], (2, "`set` has no {word} `pull{-}request`\n  hint: leave it out\n")),
        ("guard", &[("DRY_RUN", "true")], (2, "error: `guard` has no {word} `dry{-}run`\n  hint: leave it out\n")),
        ("log", &[("NAMES", "IMAGE_PLACEHOLDER"), ("LIMIT", "1")], (0, "")),
    ] {
        let told = |word: &str, separator: &str| says.replace("{word}", word).replace("{-}", separator);
        let plugin = stage.tagship().env("CI", "woodpecker").env("PLUGIN_COMMAND", command);
        let plugin = plugin.env("PLUGIN_REPOSITORY", stage.remote.file_url());
        let plugin = inputs.iter().fold(plugin, |plugin, (name, value)| plugin.env(format!("PLUGIN_{name}"), value));
        let plugin = if code == 0 { plugin.env("PLUGIN_KUSTOMIZATION", FOLDER) } else { plugin };
        plugin.run().exit(code).stderr_has(&told("setting", "_"));
        let hyphens = |name: &str| name.replace('_', "-");
        let container = stage.tagship().env("GITHUB_ACTIONS", "true").env("INPUT_COMMAND", command);
        let container = container.env("INPUT_REPOSITORY", stage.remote.file_url());
        let container = if code == 0 { container.env("INPUT_KUSTOMIZATION", FOLDER) } else { container };
        let container =
            inputs.iter().fold(container, |step, (name, value)| step.env(format!("INPUT_{}", hyphens(name)), value));
        container.run().exit(code).stderr_has(&told("input", "-"));
        // The action hands over variables, and tells which of them are inputs of the step.
        let names: String = inputs.iter().map(|(name, _)| hyphens(name).to_lowercase() + "  ").collect();
        let action = stage.tagship().env("GITHUB_ACTIONS", "true").env("TAGSHIP_ACTION_REPOSITORY", "OWNER/tagship");
        let action = action.env("TAGSHIP_ACTION_INPUTS", names).env("TAGSHIP_REPO", stage.remote.file_url());
        let action =
            action.env("TAGSHIP_NAME", "IMAGE_PLACEHOLDER\n").env("TAGSHIP_KUSTOMIZATION", FOLDER).arg(command);
        action.run().exit(code).stderr_has(&told("input", "-"));
    }
    assert_eq!(stage.remote.number_of_commits("main"), commits);
    // What the job sets may be meant for another step.
    let action = stage.tagship().env("GITHUB_ACTIONS", "true").env("TAGSHIP_ACTION_REPOSITORY", "OWNER/tagship");
    let action = action.env("TAGSHIP_ACTION_INPUTS", "names repository").env("TAGSHIP_TAG", "v1").arg("rollback");
    let action = action.env("TAGSHIP_NAME", "IMAGE_PLACEHOLDER").env("TAGSHIP_REPO", stage.remote.file_url());
    action.env("TAGSHIP_KUSTOMIZATION", FOLDER).env("TAGSHIP_NO_CHECK", "true").run().success();
}

/// One of them would be left out.
#[test]
fn one_setting_under_two_names() {
    let plugin = || tagship().env("CI", "woodpecker").env("PLUGIN_COMMAND", "promote").env("PLUGIN_NO_CHECK", "true");
    let output = plugin().env("PLUGIN_NAME", "web").env("PLUGIN_NAMES", "api").run().exit(2);
    output.stderr_has("error: the settings `name` and `names` are the same\n  hint: leave one of them out\n");
    let container = tagship().env("GITHUB_ACTIONS", "true").env("INPUT_MERGE-REQUEST", "true");
    let output = container.env("INPUT_PULL-REQUEST", "false").env("INPUT_IMAGES", "a:1").run().exit(2);
    output.stderr_has("error: the inputs `merge-request` and `pull-request` are the same\n");
}

/// Its entry is a variable, as that of the other commands.
#[test]
fn the_log_of_the_entry_in_a_variable() {
    let stage = Stage::new();
    let log = stage.tagship().args(["log", "-k", FOLDER, "--repo", &stage.remote.file_url()]);
    log.env("TAGSHIP_NAME", "web").run().exit(3).stderr_has("is named `web`");
}

/// A block of text in a CI system's file has indented lines, and on Windows another line end.
#[test]
fn white_space_around_what_variables_say() {
    let stage = Stage::new();
    let url = stage.remote.file_url();
    let with = |variables: &[(&str, &str)]| {
        let release = tagship().home(&stage.home).args(["release", "--repo", &url, "--branch", "main", "--no-check"]);
        let release = release.args(["--dry-run", "--output", "json"]);
        let release = variables.iter().fold(release, |release, (name, value)| release.env(name, value));
        let document = document(&release.run().success());
        document["images"][0]["tag"].clone()
    };
    let image = "IMAGE_PLACEHOLDER=*:v2";
    for (images, folder) in [
        (format!("{image} "), FOLDER.to_owned()),
        (format!("\n  {image}\n"), format!("  {FOLDER}\n\n")),
        (format!("{image}\r\n"), format!("{FOLDER} \r\n")),
        (format!("IMAGE_PLACEHOLDER=*:v1\r\n\t{image}\r\n"), format!("{FOLDER}\r\n {FOLDER}")),
    ] {
        let said = with(&[("TAGSHIP_IMAGE", &images), ("TAGSHIP_KUSTOMIZATION", &folder)]);
        assert_eq!(said, "v2", "{images:?} {folder:?}");
    }
    let log = stage.tagship().args(["log", "-k", FOLDER, "--repo", &url]);
    log.env("TAGSHIP_NAME", " IMAGE_PLACEHOLDER\r\n").run().success();
    for (value, dry_run) in [(" true\n", true), ("false ", false)] {
        let release = tagship().home(&stage.home).args(["release", "--repo", &url, "--branch", "main", "--no-check"]);
        release.args(["-k", FOLDER, image]).env("TAGSHIP_DRY_RUN", value).run().success();
        assert_eq!(stage.remote.number_of_commits("main") == 1, dry_run, "{value:?}");
    }
}

/// A step without outputs would be green, although nothing was released.
#[test]
fn a_step_runs_commands_alone() {
    for word in ["--help", "-h", "--version", "-V", "help", "man", "completions", "version", "-q", "release --dry-run"]
    {
        let action = tagship().env("GITHUB_ACTIONS", "true").env("TAGSHIP_ACTION_REPOSITORY", "OWNER/tagship");
        let output = action.arg(word).run().exit(2).stderr_has(&format!("error: `{word}` is not a command\n"));
        output.stderr_has("hint: set the input `command` to `release`, `guard`");
        let plugin = tagship().env("CI", "woodpecker").env("PLUGIN_COMMAND", word).env("PLUGIN_NO_CHECK", "true");
        plugin.run().exit(2).stderr_has(&format!("error: `{word}` is not a command\n"));
        let container = tagship().env("GITHUB_ACTIONS", "true").env("INPUT_COMMAND", word);
        container.run().exit(2).stderr_has(&format!("error: `{word}` is not a command\n"));
    }
}

/// What only the scripts of the action read does nothing in a container.
#[test]
fn settings_of_the_actions_scripts() {
    for name in ["VERSION", "BIN", "DOWNLOAD_BASE_URL"] {
        let plugin = tagship().env("CI", "woodpecker").env("PLUGIN_IMAGES", "a:1").env(format!("PLUGIN_{name}"), "x");
        plugin.run().exit(2).stderr_has(&format!("there is no setting `{}`", name.to_lowercase()));
    }
}

#[test]
fn variables_that_do_not_exist() {
    let home = Home::new();
    home.write("kustomization.yaml", "images:\n- name: a\n  newTag: v1\n");
    let set = || tagship().home(&home).current_dir(home.path()).args(["set", "--dry-run", "a:v2"]);
    let output = set().env("TAGSHIP_DRYRUN", "true").run().success();
    output.stdout_has(" warn    there is no setting `TAGSHIP_DRYRUN`; did you mean `TAGSHIP_DRY_RUN`?");
    let output = set().env("TAGSHIP_IMAGES", "a:v2").run().success();
    output.stdout_has("did you mean `TAGSHIP_IMAGE`?");
    for (name, meant) in [
        ("REGISTRY_USER", "REGISTRY_USERNAME"),
        ("REGISTRY_PASS", "REGISTRY_PASSWORD"),
        ("REGISTRY", "REGISTRY_HOST"),
        ("GIT_USER", "GIT_USERNAME"),
        ("TOKEN", "GIT_TOKEN"),
        ("REPOSITORY", "REPO"),
        ("FROM_REPOSITORY", "FROM_REPO"),
        ("PULL", "PULL_REQUEST"),
    ] {
        let output = set().env(format!("TAGSHIP_{name}"), "x").run().success();
        output.stdout_has(&format!("there is no setting `TAGSHIP_{name}`; did you mean `TAGSHIP_{meant}`?\n"));
    }
    // What was to be a dry run is none, which must be seen.
    let output = set().args(["-q"]).env("TAGSHIP_DRYRUN", "true").run().success();
    assert_eq!(output.stdout(), "");
    output.stderr_has(" warn    there is no setting `TAGSHIP_DRYRUN`; did you mean `TAGSHIP_DRY_RUN`?\n");
    let known = set().env("TAGSHIP_RESULT_TAG", "v1").env("TAGSHIP_GIT_TOKEN", "x").env("TAGSHIP_BIN", "/x");
    let output =
        known.env("TAGSHIP_VERSION", "1").env("TAGSHIP_STEPS", "1").env("TAGSHIP_COMMAND", "set").run().success();
    assert!(!output.stdout().contains("warn"), "{}", output.stdout());
}

/// The action sets a variable for each input, and may be newer than its program: an input such as `dry-run` must not be left out.
#[test]
fn an_input_that_the_program_does_not_know_yet() {
    let stage = Stage::new();
    let action = || {
        let action = stage.tagship().env("GITHUB_ACTIONS", "true").env("TAGSHIP_ACTION_REPOSITORY", "OWNER/tagship");
        action.env("TAGSHIP_REPO", stage.remote.file_url()).args(["release", "-k", FOLDER, &stage.argument()])
    };
    let given = action().env("TAGSHIP_ONLY_LOOK", "true").env("TAGSHIP_ACTION_INPUTS", "repository only-look");
    let output = given.run().exit(2).stderr_has("has no input `only-look`");
    output.stderr_has("hint: leave out `version` and `binary-path`");
    stage.untouched();
    // A variable of the job is not an input of the step.
    let output = action().env("TAGSHIP_DRYRUN", "true").env("TAGSHIP_DRY_RUN", "true").run().success();
    output.stdout_has("there is no setting `TAGSHIP_DRYRUN`; did you mean `TAGSHIP_DRY_RUN`?");
    // What the action tells its own scripts asks nothing of the program.
    let empty = action().env("TAGSHIP_ONLY_LOOK", "").env("TAGSHIP_ACTION_NEWS", "x");
    empty.env("TAGSHIP_DRY_RUN", "true").run().success();
}

/// Of several values, an empty one comes from a variable that is not set, and what it should have named would be left out. A
/// block of text in a variable may have blank lines.
#[test]
fn an_empty_argument_among_several() {
    let stage = Stage::new();
    let (url, image) = (stage.remote.file_url(), stage.argument());
    let reference = image.split_once('=').unwrap().1;
    let release = ["release", "--repo", &url, "-k", FOLDER];
    for (words, place) in [
        ([&release[..], &[&image, ""]].concat(), "IMAGE"),
        ([&release[..], &["", &image]].concat(), "IMAGE"),
        ([&release[..], &[&image, " \t"]].concat(), "IMAGE"),
        ([&release[..], &["-k", "", &image]].concat(), "--kustomization"),
        ([&release[..], &["--trailer", "A: b", "--trailer=", &image]].concat(), "--trailer"),
        ([&release[..], &["--result-file", "json=x", "--result-file", "", &image]].concat(), "--result-file"),
        (vec!["check", reference, ""], "REFERENCE"),
        (vec!["check", "--platform", "linux/amd64", "--platform", "", reference], "--platform"),
        (
            vec!["check", "--require-attestation", "sbom", "--require-attestation", "", reference],
            "--require-attestation",
        ),
        (vec!["log", "--repo", &url, "-k", FOLDER, "-k", ""], "--kustomization"),
        (vec!["status", "--repo", &url, "-k", FOLDER, "-f", ""], "--file"),
        (vec!["set", "a:v1", ""], "IMAGE"),
        (vec!["promote", "--repo", &url, "--from", FOLDER, "--to", "x", "web", ""], "NAME"),
    ] {
        let output = stage.tagship().current_dir(stage.home.path()).args(&words).run().exit(2);
        let expected = format!("error: `{place}` is empty\n  hint: check the variable that it comes from\n");
        assert_eq!(output.stderr(), expected, "{words:?}");
    }
    stage.untouched();
    let platforms = stage.tagship().args(["check", reference]).env("TAGSHIP_PLATFORM", "linux/amd64\n\n");
    platforms.run().success();
}
