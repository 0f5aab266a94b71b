//! What keeps a release from starting the pipeline again, and that nothing else in a commit's message does.

use std::fmt::Write as _;

use proptest::prelude::{Just, ProptestConfig, Strategy, prop, prop_assert_eq, prop_oneof, proptest};
use tagship::image::ImageArgument;
use tagship::message::Release;
use tagship::message::SourceCommit;
use tagship::message::compose::{Options, Purpose, message};
use tagship::message::skip_ci::SkipCi;
use tagship::message::template::MessageTemplate;
use tagship::targets::{EntryEdit, FieldEdit, FieldName, Fields};

use crate::pipeline::document;
use crate::stage::{COMMIT, FILE, Stage};

/// Text from which markers can be put together, and some that has nothing to do with them.
fn texts() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        prop::sample::select(vec![
            "[skip ci]",
            "[Ci Skip]",
            "[no ci]",
            "[skip-ci]",
            "***NO_CI***",
            "skip-checks: true",
            "[",
            "]",
            "skip",
            "SKIP",
            "no",
            "ci",
            "actions",
            "azp",
            "travis",
            "appveyor",
            " ",
            "  ",
            "-",
            "_",
            ":",
            "\n",
            "\t",
            "***",
            "NO_CI",
            "skip-checks",
            "true",
            "(",
            "{tag}",
            "ſkip",
        ])
        .prop_map(str::to_owned),
        // Parsed once: as a text alone, it would be parsed for each piece.
        prop::string::string_regex("[a-z0-9./]{1,8}").unwrap(),
    ];
    prop::collection::vec(pieces, 0..6).prop_map(|pieces| pieces.concat())
}

/// Returns what the systems themselves would find, by the rules that they document or have in their source.
fn found(message: &str) -> Vec<String> {
    let lower = message.to_lowercase().replace('ſ', "s");
    let mut markers: Vec<String> =
        ["***no_ci***", "skip-checks:true", "skip-checks: true", "[no ci]"].map(str::to_owned).to_vec();
    for system in [
        "ci",
        "actions",
        "azurepipelines",
        "azpipelines",
        "azp",
        "travis",
        "travis ci",
        "travis-ci",
        "travisci",
        "appveyor",
    ] {
        markers.extend([format!("[skip {system}]"), format!("[{system} skip]")]);
    }
    for join in ["", "  ", "   ", "-", "_"] {
        markers.extend([format!("[skip{join}ci]"), format!("[ci{join}skip]")]);
    }
    let mut found: Vec<String> = Vec::new();
    for marker in markers {
        found.extend(std::iter::repeat_n(marker.clone(), lower.matches(&marker).count()));
    }
    found
}

fn request(text: Option<&str>, skip_ci: SkipCi) -> Options {
    Options { text: text.map(|text| MessageTemplate::parse(text).unwrap()), trailers: Vec::new(), skip_ci }
}

fn entry(name: &str, tag: &str, old: &str) -> EntryEdit {
    // A name has no blanks.
    let name: String = name.split_whitespace().collect();
    let argument: ImageArgument = format!("{name}=a:v1").parse().unwrap_or_else(|_| "app=a:v1".parse().unwrap());
    let (from, to) = (Some(old.to_owned()), Some(tag.to_owned()));
    EntryEdit {
        name: argument.name,
        line: 1,
        appended: false,
        before: Fields { new_tag: from.clone(), ..Fields::default() },
        after: Fields { new_tag: to.clone(), new_name: Some(name), ..Fields::default() },
        fields: vec![FieldEdit { field: FieldName::NewTag, key: "newTag".to_owned(), line: 1, from, to }],
        checked_as: None,
        other_registry: None,
    }
}

fn release(file: &str, entry: EntryEdit) -> Release {
    Release {
        verified: Vec::new(),
        file: file.to_owned(),
        entry,
        reference: None,
        digest: None,
        source: None,
        order: None,
        comparison: None,
        still_taken_back: Vec::new(),
        platforms: Vec::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

    /// Whatever names, tags, paths and sources say, a commit has the marker that is wanted, and no other.
    #[test]
    fn only_the_wanted_marker_is_written(
        (name, tag, old, path) in (texts(), texts(), texts(), texts()),
        (source, run) in (texts(), texts()),
        template in prop_oneof![
            Just(None), Just(Some("New {tag} of {source}")), Just(Some("[{tag}]\n\n{source}{tag} [{source} ci] {images}")),
            Just(Some("skip-checks:{tag}\n\n***{tag}***"))
        ],
        (skip_ci, wanted) in prop_oneof![
            Just((SkipCi::Nothing, None)),
            Just((SkipCi::PushOption, None)),
            Just((SkipCi::Title("[skip ci]".to_owned()), Some("[skip ci]"))),
            Just((SkipCi::Title("[ci-skip]".to_owned()), Some("[ci-skip]"))),
            Just((SkipCi::Trailer, Some("skip-checks: true"))),
        ],
    ) {
        let entry = entry(&name, &tag, &old);
        let source = SourceCommit::parse(&format!("{source}@{:040x}", 1));
        let releases = [Release { source, ..release(&path, entry) }];
        // What no trailer can tell is not released.
        let options = request(template, skip_ci.clone());
        let Ok(message) = message(&options, &releases, Some(&run), &Purpose::Release) else { return Ok(()) };
        let text = message.to_string();
        let wanted: Vec<String> = wanted.map(str::to_owned).into_iter().collect();
        prop_assert_eq!(found(&text), wanted.clone(), "{}", text);
        match skip_ci {
            SkipCi::Title(marker) => prop_assert_eq!(message.title.matches(&marker).count(), 1, "{}", text),
            SkipCi::Trailer => prop_assert_eq!(text.ends_with("\nskip-checks: true\n"), true, "{}", text),
            SkipCi::Nothing | SkipCi::PushOption => {}
        }
    }
}

#[test]
fn a_long_title_ends_after_its_marker_is_seen() {
    let entry = entry(&"n".repeat(240), "v1", "v0");
    let releases = [release("x", entry)];
    let options = request(None, SkipCi::Title("[skip ci]".to_owned()));
    let title = message(&options, &releases, None, &Purpose::Release).unwrap().title;
    assert!(title.starts_with("[skip ci] Release nnn"), "{title}");
}

/// Each way to ask for a marker: the arguments, the end of the title, the end of the message.
#[test]
fn ways_to_ask() {
    let version = format!("Tagship-Version: {}\n", env!("CARGO_PKG_VERSION"));
    let skip_checks = format!("{version}skip-checks: true\n");
    for (arguments, title, end) in [
        (&[][..], "fdafd7008d04 [skip ci]", &version),
        (&["--skip-ci", "never"], "fdafd7008d04", &version),
        (&["--skip-ci", "push-option"], "fdafd7008d04", &version),
        (&["--skip-ci", "jenkins"], "fdafd7008d04 [ci skip]", &version),
        (&["--skip-ci", "skip-checks"], "fdafd7008d04", &skip_checks),
        (&["--skip-ci", "NOBUILD"], "fdafd7008d04 NOBUILD", &version),
        (&["--message", "Mine [skip ci] {tag}"], COMMIT, &version),
        (&["--trailer", "Subject=Add [skip ci] to a page"], "fdafd7008d04 [skip ci]", &version),
    ] {
        let stage = Stage::new();
        stage.release().args(arguments.iter().copied()).arg(stage.argument()).run().success();
        let commit = &stage.remote.log("main")[0];
        assert!(commit.subject.ends_with(title), "{arguments:?}: {}", commit.subject);
        assert!(commit.message.ends_with(end.as_str()), "{arguments:?}: {}", commit.message);
        assert_eq!(commit.trailer("Tagship-Image").len(), 1, "git finds the trailers: {}", commit.message);
        assert!(commit.message.matches("[skip ci]").count() <= 1, "{}", commit.message);
    }
}

#[test]
fn under_jenkins_the_marker_is_its_own() {
    let stage = Stage::new();
    stage.release().env("JENKINS_URL", "https://ci.example/").arg(stage.argument()).run().success();
    assert!(stage.remote.log("main")[0].subject.ends_with("fdafd7008d04 [ci skip]"));
}

/// GitHub looks for its trailer after two empty lines.
#[test]
fn skip_checks_stands_where_github_looks() {
    let stage = Stage::new();
    stage.release().args(["--skip-ci", "skip-checks"]).arg(stage.argument()).run().success();
    let commit = stage.remote.git(["cat-file", "commit", "main"]).run().success().stdout();
    let block = commit.rsplit_once("\n\n\n").expect("two empty lines").1;
    assert!(block.lines().all(|line| line.contains(": ")), "{block}");
    assert_eq!(block.lines().last(), Some("skip-checks: true"));
}

#[test]
fn push_options_reach_the_server() {
    let stage = Stage::new();
    let log = stage.home.path().join("options");
    let script = format!("echo \"$GIT_PUSH_OPTION_COUNT $GIT_PUSH_OPTION_0\" >{}", log.display());
    stage.remote.hook("pre-receive", &script);
    stage.release().args(["--skip-ci", "push-option"]).arg(stage.argument()).run().success();
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "1 ci.skip\n");
}

#[test]
fn what_the_file_says_makes_no_marker() {
    let stage = Stage::new();
    let old = "images:\n- name: IMAGE_PLACEHOLDER\n  newName: '[skip ci]'\n  newTag: '***NO_CI***'\n";
    stage.remote.commit("main", "Add markers", &[crate::support::repository::File::new(FILE, old)]);
    stage
        .release()
        .args(["--skip-ci", "never", "--message", "Build {source}"])
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_REPOSITORY", "[skip ci]")
        .env("GITHUB_SHA", COMMIT)
        .arg(stage.argument())
        .run()
        .success();
    let message = &stage.remote.log("main")[0].message;
    assert!(message.starts_with(&format!("Build (skip ci)@{COMMIT}\n")), "{message}");
    assert!(message.contains("newName (skip ci) -> "), "{message}");
    assert!(message.contains("newTag ***NO-CI*** -> "), "{message}");
    assert_eq!(found(message), Vec::<String>::new());
}

#[test]
fn contradictions_are_refused() {
    let stage = Stage::new();
    for (arguments, said) in [
        (&["--skip-ci", "never", "--message", "Mine [ci skip]"][..], "the message has a skip marker"),
        (&["--trailer", "Skip-Checks=true"], "`--skip-ci skip-checks` writes it"),
        (&["--skip-ci", " "], "is empty or more than one line"),
        (&["--skip-ci", "a\nb"], "an argument is one value"),
    ] {
        stage.release().args(arguments.iter().copied()).arg(stage.argument()).run().exit(2).stderr_has(said);
    }
    stage.untouched();
}

/// A marker that is none would be written, and the push would start the pipeline that it was to leave alone.
#[test]
fn a_misspelt_value_is_no_text() {
    let stage = Stage::new();
    let release = |flag: &str, value: &str| stage.release().args([flag, value]).arg(stage.argument());
    let values = "write `auto`, `always` or `never`";
    for (flag, value, hint) in [
        ("--skip-ci", "true", values),
        ("--skip-ci", "No", values),
        ("--skip-ci", "nevr", "did you mean `never`?"),
        ("--skip-ci", "gitlabb", "did you mean `gitlab`?"),
        ("--skip-ci", "skip-check", "did you mean `skip-checks`?"),
        ("--comment", "dorp", "did you mean `drop`? write `# dorp` if that is the comment"),
        ("--comment", "false", "write `keep` or `drop`; write `# false` if that is the comment"),
    ] {
        let output = release(flag, value).run().exit(2);
        output.stderr_has(&format!("error: `{value}` is not a value of `{flag}`\n  hint: {hint}\n"));
    }
    stage.untouched();
    for (value, title) in [("Never", "fdafd7008d04"), (" AUTO ", "fdafd7008d04 [skip ci]")] {
        let json = release("--skip-ci", value).args(["--comment", "Keep", "--dry-run", "--output", "json"]).run();
        let document = document(&json.success());
        let message = document["message"].as_str().unwrap();
        assert!(message.lines().next().unwrap().ends_with(title), "{value}: {message}");
    }
}

/// The help names each value that is not a text of its own.
#[test]
fn the_help_has_the_values() {
    let help = crate::stage::tagship().args(["release", "--help"]).run().success().stdout();
    let mut missing = String::new();
    for value in ["auto", "always", "never", "skip-checks", "push-option", "jenkins-gitlab"] {
        if !help.contains(value) {
            write!(missing, "{value} ").unwrap();
        }
    }
    assert!(missing.is_empty(), "{missing}");
}
