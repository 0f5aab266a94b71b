//! What CI systems hear: outputs, summary and annotations on GitHub, and the files with results.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use tagship::cli;

use serde_json::Value;

use crate::pipeline::document;
use crate::stage::{COMMIT, FILE, FOLDER, SEED, Stage, tagship};
use crate::support::command::{Command, Home, Output};
use crate::support::git_server::{Access, GitServer};
use crate::support::registry::Image;
use crate::support::repository::File;

/// The files of a step, as GitHub's runner makes them, and the variables that name them.
struct Step {
    outputs: PathBuf,
    summary: PathBuf,
    workspace: PathBuf,
}

impl Step {
    fn new(home: &Home) -> Self {
        let workspace = home.path().join("workspace");
        fs::create_dir_all(&workspace).unwrap();
        Self { outputs: home.write("outputs", ""), summary: home.write("summary", "of a step before"), workspace }
    }

    fn on(&self, command: Command) -> Command {
        command
            .env("CI", "true")
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_SERVER_URL", "https://github.example")
            .env("GITHUB_REPOSITORY", "org/app")
            .env("GITHUB_SHA", COMMIT)
            .env("GITHUB_RUN_ID", "42")
            .env("GITHUB_OUTPUT", &self.outputs)
            .env("GITHUB_STEP_SUMMARY", &self.summary)
            .env("GITHUB_WORKSPACE", &self.workspace)
            // The server is not there to be asked.
            .env("TAGSHIP_ON_SUPERSEDED", "allow")
    }

    fn outputs(&self) -> BTreeMap<String, String> {
        read_outputs(&fs::read_to_string(&self.outputs).unwrap())
    }

    fn summary(&self) -> String {
        fs::read_to_string(&self.summary).unwrap()
    }
}

/// Reads `GITHUB_OUTPUT` by the rules of GitHub's runner: what comes first of `=` and `<<` decides, a value ends before a
/// line that is its delimiter, and anything else is an error.
#[track_caller]
pub(crate) fn read_outputs(text: &str) -> BTreeMap<String, String> {
    let mut outputs = BTreeMap::new();
    let mut lines = text.split_inclusive('\n');
    while let Some(line) = lines.next() {
        let line = line.strip_suffix('\n').expect("every line has its end");
        let (name, value) = match (line.find('='), line.find("<<")) {
            (equals, Some(heredoc)) if equals.is_none_or(|equals| heredoc < equals) => {
                let (name, delimiter) = line.split_once("<<").unwrap();
                assert!(!name.is_empty() && !delimiter.is_empty(), "{line}");
                let mut value = String::new();
                loop {
                    let line = lines.next().unwrap_or_else(|| panic!("no end of {name}"));
                    if line.trim_end_matches('\n') == delimiter {
                        break;
                    }
                    value.push_str(line);
                }
                (name, value.strip_suffix('\n').unwrap_or_default().to_owned())
            }
            (Some(_), _) => line.split_once('=').map(|(name, value)| (name, value.to_owned())).unwrap(),
            _ => panic!("neither `=` nor `<<`: {line:?}"),
        };
        assert_eq!(outputs.insert(name.to_owned(), value), None, "{name} is there twice");
    }
    outputs
}

/// Returns the lines that GitHub's runner takes for commands: `::` after spaces, or `##[` anywhere.
fn commands(output: &Output) -> Vec<String> {
    let said = output.stdout() + &output.stderr();
    let is_command = |line: &&str| {
        line.trim_start_matches(|c: char| !c.is_ascii_graphic()).starts_with("::") || line.contains("##[")
    };
    said.lines().filter(is_command).map(str::to_owned).collect()
}

/// Returns a summary without its fenced blocks, whose number is checked. The end of a fence is a line of at least as many
/// backticks as it began with.
#[track_caller]
fn without_fences(summary: &str, expected: usize) -> String {
    let mut rest = String::new();
    let mut fences = 0;
    let mut lines = summary.lines();
    while let Some(line) = lines.next() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        if ticks < 3 {
            rest += &format!("{line}\n");
            continue;
        }
        fences += 1;
        let is_end = |line: &str| line.len() >= ticks && line.bytes().all(|b| b == b'`');
        assert!(lines.any(is_end), "a fence has no end:\n{summary}");
    }
    assert_eq!(fences, expected, "{summary}");
    rest
}

#[test]
fn a_release_tells_github() {
    let stage = Stage::new();
    let step = Step::new(&stage.home);
    let output = step.on(stage.release()).args(["--git-tag", "v2"]).arg(stage.argument()).run().success();
    assert_eq!(commands(&output), [""; 0], "a release needs no annotation");
    let outputs = step.outputs();
    let tip = stage.remote.tip("main").unwrap();
    let parent = stage.remote.log("main")[1].id.clone();
    for (name, value) in [
        ("outcome", "released"),
        ("changed", "true"),
        ("pushed", "true"),
        ("commit", &tip),
        ("parent", &parent),
        ("branch", "main"),
        ("git-tag", "v2"),
        ("pull-request", ""),
        ("pull-request-url", ""),
        ("pull-request-operation", ""),
        ("image", &stage.image()),
        ("tag", COMMIT),
        ("digest", &stage.digest),
        ("files", FILE),
        ("attempts", "1"),
        ("error", ""),
        ("reason", ""),
    ] {
        assert_eq!(outputs[name], value, "{name}");
    }
    assert_eq!(outputs.len(), 18, "{:?}", outputs.keys());
    let result: Value = serde_json::from_str(&outputs["result"]).unwrap();
    assert_eq!(result["images"][0]["previous"]["newTag"], "b15411f387bb2a2286676b92a87fd85aa9b682a5");

    let summary = without_fences(&step.summary(), 1);
    assert!(
        summary.starts_with("of a step before\n### ✅ Released `IMAGE_PLACEHOLDER` at `fdafd7008d04`\n"),
        "{summary}"
    );
    let row = summary.lines().find(|line| line.starts_with("| `")).unwrap();
    assert_eq!(row.matches('|').count(), 6, "platforms were not asked for: {row}");
    let digest = format!("`sha256:{}`", &stage.digest["sha256:".len()..][..12]);
    assert!(row.ends_with(&format!("| `b15411f387bb` | `fdafd7008d04` | {digest} |")), "{row}");
    let source = format!("[`org/app@{}`](https://github.example/org/app/commit/{COMMIT})", &COMMIT[..7]);
    assert!(summary.contains(&source), "{summary}");
    assert!(summary.contains(" · tag `v2` · "), "{summary}");
    assert!(summary.contains("[run](https://github.example/org/app/actions/runs/42)"), "{summary}");
    assert!(step.summary().contains(&format!("+  newTag: {COMMIT}\n")), "{}", step.summary());
}

/// What was not released is not shown as if it had been.
#[test]
fn the_summary_says_what_stays() {
    let stage = Stage::new();
    for tag in ["v1.0.0", "v1.1.0"] {
        stage.registry.put_image("jakousa/dwk-4-gitops-app", tag, &Image::new());
    }
    let argument = |tag: &str| format!("IMAGE_PLACEHOLDER={}:{tag}", stage.image());
    stage.release().arg(argument("v1.1.0")).run().success();
    let step = Step::new(&stage.home);
    let older =
        step.on(stage.release()).args(["--on-superseded", "skip", "--order", "version"]).arg(argument("v1.0.0"));
    older.run().success().stdout_has("superseded");
    let heading = "\n### ⏭ Superseded: `IMAGE_PLACEHOLDER` stays at `v1.1.0`\n\n";
    let reason = "`IMAGE_PLACEHOLDER`: main already releases `v1.1.0`, and `v1.0.0` is older: by its tag\n\n";
    assert!(step.summary().contains(&format!("{heading}{reason}")), "{}", step.summary());
    assert!(step.summary().contains("| image | entry | stays | not released | digest |\n"), "{}", step.summary());
    let step = Step::new(&stage.home);
    step.on(stage.release()).arg(argument("v1.1.0")).run().success().stdout_has("unchanged");
    let heading = "\n### ✅ Unchanged: `IMAGE_PLACEHOLDER` is at `v1.1.0` already\n";
    assert!(step.summary().contains(heading), "{}", step.summary());
    assert!(step.summary().contains("| image | entry | to | digest |\n"), "{}", step.summary());
    let step = Step::new(&stage.home);
    let image = format!("{}:v1.1.0", stage.image());
    step.on(stage.tagship()).args(["check", &image]).run().success();
    assert!(step.summary().contains("| image | tag | digest |\n"), "{}", step.summary());
}

/// A list is in the summary as a table, and nothing in it breaks out of its cell.
#[test]
fn the_summary_has_lists() {
    let stage = Stage::new();
    stage.release().args(["--no-check", "IMAGE_PLACEHOLDER=*:v1.1.0"]).run().success();
    let step = Step::new(&stage.home);
    let run = |command: &str| {
        let list = step.on(stage.tagship()).args([command, "-k", FOLDER, "--repo"]).arg(stage.remote.path());
        list.run().success();
    };
    run("log");
    let summary = step.summary();
    assert!(summary.contains("\n### Releases\n\n| when | file | name | tag | by | commit |  |\n"), "{summary}");
    let id = &stage.remote.tip("main").unwrap()[..7];
    let row = summary.lines().find(|line| line.contains(&format!("| `{id}` |"))).expect("a row of the release");
    assert!(row.contains("| `IMAGE_PLACEHOLDER` | `v1.1.0` |"), "{row}");
    run("status");
    let rows = "| name | `4-gitops/manifests` |\n|---|---|\n| `IMAGE_PLACEHOLDER` | `v1.1.0` |\n";
    assert!(step.summary().contains(&format!("\n### What runs where\n\n{rows}")), "{}", step.summary());
}

/// What was read from the server that runs us has its commits there.
#[test]
fn a_list_leads_to_the_commits() {
    let stage = Stage::new();
    let server = GitServer::start(stage.remote.folder(), Access::Open);
    stage.release().args(["--no-check", "IMAGE_PLACEHOLDER=*:v1.1.0"]).run().success();
    let step = Step::new(&stage.home);
    let host = format!("http://{}", server.address());
    let log = step.on(stage.tagship()).env("GITHUB_SERVER_URL", &host).args(["log", "-k", FOLDER, "--repo"]);
    log.arg(server.url("gitops.git")).run().success();
    let tip = stage.remote.tip("main").unwrap();
    let link = format!("| [`{}`]({host}/gitops/commit/{tip}) |", &tip[..7]);
    assert!(step.summary().contains(&link), "{link}\n{}", step.summary());
}

/// The changes of the source, from what ran to what was released, have a page at the forge of the source.
#[test]
fn the_summary_leads_to_the_changes_of_the_source() {
    let stage = Stage::new();
    let old = "1".repeat(40);
    let release = |step: &Step, commit: &str, tag: &str| {
        let release = step.on(stage.release()).env("GITHUB_SHA", commit);
        release.args(["--no-check", &format!("IMAGE_PLACEHOLDER=*:{tag}")])
    };
    let first = Step::new(&stage.home);
    release(&first, &old, "v1.0.0").run().success();
    assert!(!first.summary().contains("/compare/"), "{}", first.summary());
    let page = format!("https://github.example/org/app/compare/{old}...{COMMIT}");
    let dry =
        release(&Step::new(&stage.home), COMMIT, "v1.1.0").args(["--dry-run", "--output", "json"]).run().success();
    let document = document(&dry);
    let expected = serde_json::json!({"from": old, "to": COMMIT, "url": page});
    assert_eq!(document["images"][0]["comparison"], expected);
    let step = Step::new(&stage.home);
    let released = release(&step, COMMIT, "v1.1.0").run().success();
    released.stdout_has(&format!(" source  1111111...{}  {page}\n", &COMMIT[..7]));
    let link = format!(" | [`1111111...{}`]({page}) |\n", &COMMIT[..7]);
    assert!(step.summary().contains(&link), "{}", step.summary());
}

/// A commit has a page where it was pushed to the server that runs us.
#[test]
fn the_summary_leads_to_the_commit() {
    let stage = Stage::new();
    let server = GitServer::start(stage.remote.folder(), Access::Open);
    let step = Step::new(&stage.home);
    let host = format!("http://{}", server.address());
    let release = step.on(stage.release_to(&server.url("gitops.git"))).env("GITHUB_SERVER_URL", &host);
    release.arg(stage.argument()).run().success();
    let commit = format!("]({host}/gitops/commit/{})", stage.remote.tip("main").unwrap());
    assert!(step.summary().contains(&commit), "{commit}\n{}", step.summary());
}

#[test]
fn a_failure_tells_github() {
    let stage = Stage::new();
    let step = Step::new(&stage.home);
    let absent = format!("IMAGE_PLACEHOLDER={}:v9", stage.image());
    let output = step.on(stage.release()).arg(&absent).run().exit(4);
    let message = format!("`{}:v9` is not in the registry", stage.image());
    let outputs = step.outputs();
    for (name, value) in [("outcome", "failed"), ("error", "image"), ("reason", message.as_str()), ("commit", "")] {
        assert_eq!(outputs[name], value, "{name}");
    }
    let commands = commands(&output);
    assert_eq!(commands.len(), 1, "{commands:?}");
    assert!(commands[0].starts_with(&format!("::error title=tagship release::{message}%0A")), "{commands:?}");
    let summary = without_fences(&step.summary(), 1);
    assert!(summary.contains("### ❌ tagship release failed\n"), "{summary}");
    assert!(step.summary().contains("hint: if the build is still pushing"), "{}", step.summary());
}

/// The page that says what to do is in the repository that the action comes from.
#[test]
fn a_failure_of_the_action_leads_to_its_page() {
    let stage = Stage::new();
    let absent = format!("IMAGE_PLACEHOLDER={}:v9", stage.image());
    let page = "https://github.example/OWNER/tagship/blob/HEAD/docs/src/troubleshooting.md#image";
    let step = Step::new(&stage.home);
    let action = step.on(stage.release()).env("TAGSHIP_ACTION_REPOSITORY", "OWNER/tagship");
    action.arg(&absent).run().exit(4).stderr_has(&format!("\n  see: {page}\n"));
    let link = format!("[What to do](<{page}>)").replace(['<', '>'], "").replace('#', "&#35;");
    assert!(step.summary().contains(&link), "{link}\n{}", step.summary());
    // Without a repository, and on another kind of server, nothing says where the page is.
    for (name, value) in
        [("TAGSHIP_ACTION_REPOSITORY", ""), ("TAGSHIP_ACTION_REPOSITORY", "a b"), ("GITEA_ACTIONS", "true")]
    {
        let step = Step::new(&stage.home);
        let action = step.on(stage.release()).env("TAGSHIP_ACTION_REPOSITORY", "OWNER/tagship").env(name, value);
        let output = action.arg(&absent).run().exit(4);
        assert!(!(output.stderr() + &step.summary()).contains("troubleshooting"), "{name}={value}");
    }
}

#[test]
fn usage_errors_tell_github() {
    let home = Home::new();
    let step = Step::new(&home);
    let output = step.on(tagship()).args(["--output", "json", "release", "a\n::error::b", "--nonsense"]).run().exit(2);
    assert_eq!(step.outputs()["error"], "usage");
    let document = document(&output);
    assert_eq!(document["command"], "release");
    let commands = commands(&output);
    let expected = "::error title=tagship release::unexpected argument '--nonsense' found%0A\
                    hint: run `tagship release --help` for the flags";
    assert_eq!(commands, [expected], "{}", output.stderr());
    let output = step.on(tagship()).args(["check", "--timeout", "\n::error::\u{1b}[2J"]).run().exit(2);
    assert!(!output.stderr().contains('\u{1b}'), "{}", output.stderr());
    let output = step.on(tagship()).args(["check", "--nonsense\n::error::x"]).run().exit(2);
    assert_eq!(self::commands(&output).len(), 1, "{}", output.stderr());
}

/// What a hook says, a megabyte of it, is text wherever it comes.
#[test]
fn hostile_hooks_stay_text() {
    let stage = Stage::new();
    let said = "\n::set-output name=a::b\n  ::error::c\nEOF\nghadelimiter_0\noutcome=released\n##[error]d ##vso[task.complete]\n\
        %0A::error::e\n````\n</details><script>x</script>\n| a | b |\n]]>\n\u{1b}[2J\n";
    let text = stage.home.write("said", &said.repeat(1_000_000 / said.len()));
    stage.remote.hook("pre-receive", &format!("cat '{}' >&2; exit 1", text.display()));
    let step = Step::new(&stage.home);
    let result = stage.home.path().join("result.json");
    let file = format!("json={}", result.display());
    let output = step.on(stage.release()).args(["--result-file", &file]).arg(stage.argument()).run().exit(8);
    let commands = commands(&output);
    assert_eq!(commands.len(), 1, "{:?}", &commands[..commands.len().min(9)]);
    assert!(
        commands[0].starts_with("::error title=tagship release::the server refused the push to `main`"),
        "{}",
        commands[0]
    );
    assert!(commands[0].len() < 10_000);
    let outputs = step.outputs();
    assert_eq!((outputs["outcome"].as_str(), outputs.len()), ("failed", 18));
    serde_json::from_str::<Value>(&outputs["result"]).unwrap();
    let summary = without_fences(&step.summary(), 1);
    assert!(!summary.contains("script"), "{summary}");
    assert!(step.summary().len() <= 64 << 10);
    assert!(!(output.stdout() + &output.stderr() + &step.summary()).contains('\u{1b}'));
    let document: Value = serde_json::from_str(&fs::read_to_string(result).unwrap()).unwrap();
    let details = document["error"]["details"].as_array().unwrap();
    assert!(details.iter().any(|line| line == "remote: ##[error]d ##vso[task.complete]"), "whole, for a program");
    stage.untouched();
}

/// The lines around an edit come from the repository, and GitHub's runner passes over the space before them.
#[test]
fn hostile_files_stay_text() {
    let stage = Stage::new();
    let file = format!("{SEED}# ##[error]a\n# b\n::error::c: d\n");
    stage.remote.commit("main", "Add more", &[File::new(FILE, &*file)]);
    let dry_run = || stage.release().arg("--dry-run").arg(stage.argument());
    // Not every system that reads its log for commands says that it is there.
    for variables in [&[][..], &[("TEAMCITY_VERSION", "2026.1")], &[("CI", "false")]] {
        let dry_run = variables.iter().fold(dry_run(), |dry_run, (name, value)| dry_run.env(name, value));
        let plain = dry_run.run().success().stdout();
        assert!(!plain.contains("##[") && !plain.contains("\n ::error"), "{variables:?}: {plain}");
    }
    let step = Step::new(&stage.home);
    let output = step.on(dry_run()).run().success();
    assert_eq!(commands(&output), ["::group::diff", "::endgroup::"], "{}", output.stdout());
    assert_eq!(step.outputs()["outcome"], "dry-run");
    without_fences(&step.summary(), 1);
    let output = dry_run().env("TF_BUILD", "True").args(["--output", "json"]).run().success();
    assert!(!output.stdout().contains("##["), "{}", output.stdout());
    let document = document(&output);
    assert!(document["diff"].as_str().unwrap().contains("# ##[error]a"), "the same text to a program");
}

#[test]
fn annotations_lead_to_files() {
    let home = Home::new();
    let step = Step::new(&home);
    let folder = step.workspace.join("a,b");
    home.write("workspace/a,b/kustomization.yaml", "images:\n- name: a\n- *b\n");
    let set = |folder: &Path| step.on(tagship().home(&home).current_dir(folder).args(["set", "a:v1"]));
    let output = set(&folder).run().exit(3);
    let expected = "::error title=tagship set,file=a%2Cb/kustomization.yaml,line=3,col=3::";
    assert!(commands(&output)[0].starts_with(expected), "{:?}", commands(&output));
    let document = set(&folder).args(["--output", "json"]).run().exit(3).stdout();
    let document: Value = serde_json::from_str(&document).unwrap();
    let place = serde_json::json!({"file": "kustomization.yaml", "line": 3, "column": 3});
    assert_eq!(document["error"]["place"], place);
    home.write("elsewhere/kustomization.yaml", "images: x\n");
    let output = set(&home.path().join("elsewhere")).run().exit(3);
    assert!(commands(&output)[0].starts_with("::error title=tagship set::"), "not in the workspace");
}

#[test]
fn github_is_told_in_silence_too() {
    let stage = Stage::new();
    let step = Step::new(&stage.home);
    let output = step.on(stage.release()).arg("-q").arg(stage.argument()).run().success();
    assert_eq!((output.stdout(), output.stderr()), (String::new(), String::new()));
    assert_eq!(step.outputs()["outcome"], "released");
}

/// A container may have the variables of the runner and not its files.
#[test]
fn files_of_the_runner_may_be_missing() {
    let stage = Stage::new();
    let step = Step::new(&stage.home);
    let release = step.on(stage.release()).env("GITHUB_OUTPUT", "/no/such/folder/outputs");
    let output = release.arg(stage.argument()).run().success();
    let commands = commands(&output);
    assert_eq!(commands.len(), 1, "{commands:?}");
    assert!(commands[0].starts_with("::warning title=tagship::cannot write the outputs to"), "{commands:?}");
    assert!(step.summary().contains("Released"));
}

#[test]
fn a_debugged_run_says_more() {
    let home = Home::new();
    home.write("kustomization.yaml", "images:\n- name: a\n  newTag: v1\n");
    let step = Step::new(&home);
    let set = || step.on(tagship().home(&home).current_dir(home.path()).args(["set", "--dry-run", "a:v2"]));
    set().env("RUNNER_DEBUG", "1").run().success().stdout_has(" ci      GitHub Actions");
    assert!(!set().run().success().stdout().contains("GitHub Actions"));
    assert_eq!(set().env("RUNNER_DEBUG", "1").arg("-q").run().success().stdout(), "");
}

#[test]
fn results_in_files() {
    let stage = Stage::new();
    let path = |name: &str| stage.home.path().join(name);
    fs::create_dir(path("results")).unwrap();
    stage.home.write("github", "before=1\n");
    stage.home.write("result.json", "something longer than nothing");
    let block: String = [("json", "result.json"), ("dotenv", "dotenv"), ("tekton", "results"), ("github", "github")]
        .map(|(form, name)| format!("{form}={}\n", path(name).display()))
        .concat();
    let read = |name: &str| fs::read_to_string(path(name)).unwrap();
    let release = || stage.release().env("TAGSHIP_RESULT_FILE", format!("{block}\n"));
    release().arg(stage.argument()).run().success();
    let tip = stage.remote.tip("main").unwrap();
    let document: Value = serde_json::from_str(&read("result.json")).unwrap();
    assert_eq!((&document["outcome"], &document["commit"]), (&"released".into(), &tip.as_str().into()));
    let dotenv = read("dotenv");
    for line in [&format!("TAGSHIP_RESULT_COMMIT={tip}"), "TAGSHIP_RESULT_OUTCOME=released"] {
        assert!(dotenv.lines().any(|other| other == line), "{line}: {dotenv}");
    }
    assert_eq!((read("results/outcome"), read("results/digest")), ("released".to_owned(), stage.digest.clone()));
    let outputs = read_outputs(&read("github"));
    assert_eq!((outputs["before"].as_str(), &outputs["commit"]), ("1", &tip));

    release().arg("IMAGE_PLACEHOLDER=").run().exit(2);
    assert_eq!(read("results/outcome"), "failed");
    assert_eq!(read("results/commit"), "", "nothing of the run before is left");
    assert!(read("dotenv").contains("TAGSHIP_RESULT_ERROR=usage\n"));
    let document: Value = serde_json::from_str(&read("result.json")).unwrap();
    assert_eq!(document["error"]["kind"], "usage");
}

/// The comment that a bot posts on a pull request, from a dry run.
#[test]
fn a_comment_of_a_dry_run() {
    let stage = Stage::new();
    let path = stage.home.path().join("comment.md");
    let file = format!("markdown={}", path.display());
    let run = |argument: &str| {
        let release = stage.release().args(["--dry-run", "--result-file", &file, "-q"]).arg(argument);
        (release.run(), fs::read_to_string(&path).unwrap())
    };
    let (output, comment) = run(&stage.argument());
    output.success();
    assert!(comment.starts_with("<!-- tagship release -->\n### 🔍 Dry run: would set "), "{comment}");
    assert!(without_fences(&comment, 1).contains("PLACEHOLDER"), "{comment}");
    assert!(comment.contains(&format!("\n+  newTag: {COMMIT}\n")), "{comment}");
    // The next run replaces it, and a bot still knows it by its first line.
    let (output, comment) = run("IMAGE_PLACEHOLDER=@x\n```\n@me");
    output.exit(2);
    assert!(comment.starts_with("<!-- tagship release -->\n### ❌ tagship release failed\n\n````text\n"), "{comment}");
    assert!(!without_fences(&comment, 1).contains("@me"), "{comment}");
    stage.untouched();
}

/// A report of tests is read by an XML parser that is not ours.
#[test]
fn a_report_of_tests() {
    let stage = Stage::new();
    let path = stage.home.path().join("report.xml");
    let file = format!("junit={}", path.display());
    let cases = |command: Command, code: i32| {
        command.args(["--result-file", &file]).run().exit(code);
        let text = fs::read_to_string(&path).unwrap();
        let document = roxmltree::Document::parse(&text).unwrap();
        let suite = document.root_element().first_element_child().unwrap();
        let cases: Vec<_> = suite.children().filter(|node| node.has_tag_name("testcase")).collect();
        let count = |tag: &str| {
            cases.iter().filter(|case| case.first_element_child().is_some_and(|child| child.has_tag_name(tag))).count()
        };
        assert_eq!(suite.attribute("tests"), Some(cases.len().to_string().as_str()));
        assert_eq!(suite.attribute("failures"), Some(count("failure").to_string().as_str()));
        assert_eq!(suite.attribute("skipped"), Some(count("skipped").to_string().as_str()));
        let told = |case: &roxmltree::Node<'_, '_>| {
            let verdict = case.first_element_child();
            let message = verdict.and_then(|verdict| verdict.attribute("message")).unwrap_or_default();
            let verdict = verdict.map_or("passed", |verdict| verdict.tag_name().name()).to_owned();
            (case.attribute("name").unwrap().to_owned(), verdict, message.to_owned())
        };
        cases.iter().map(told).collect::<Vec<_>>()
    };
    let released = cases(stage.release().arg(stage.argument()), 0);
    assert_eq!(released, [(format!("IMAGE_PLACEHOLDER in {FILE}"), "passed".to_owned(), String::new())]);
    let image = format!("{}:{COMMIT}", stage.image());
    let found = cases(stage.tagship().args(["check", &image]), 0);
    assert_eq!(found, [(image.clone(), "passed".to_owned(), String::new())]);
    let missing = format!("{}:missing", stage.image());
    let failed = cases(stage.tagship().args(["check", &image, &missing, &format!("{missing}2")]), 4);
    assert_eq!(failed.iter().map(|(_, verdict, _)| verdict.as_str()).collect::<Vec<_>>(), ["failure", "failure"]);
    assert!(failed[0].2.contains(&missing), "{failed:?}");
    let refused = cases(stage.tagship().args(["release", "--nonsense<\u{200b}>"]), 2);
    assert!(refused[0].0.contains("--nonsense<\\u{200b}>"), "{refused:?}");
    stage.remote.commit("main", "Hold", &[File::new("4-gitops/.tagship-hold", "incident\n")]);
    let held = cases(stage.release().arg("IMAGE_PLACEHOLDER=*:v2").arg("--no-check"), 9);
    assert_eq!(held[0].1, "skipped", "{held:?}");
}

/// The release stands, and the exit code says that not all is well.
#[test]
fn a_file_that_cannot_be_written() {
    let stage = Stage::new();
    let link = stage.home.path().join("link");
    std::os::unix::fs::symlink("/dev/null", &link).unwrap();
    let files = [format!("json={}", link.display()), "dotenv=/no/such/folder/x".to_owned()];
    let release = stage.release().args(["--result-file", &files[0], "--result-file", &files[1], "--output", "json"]);
    let output = release.arg(stage.argument()).run().exit(1).stderr_has("2 problems").stderr_has("symbolic link");
    let document = document(&output);
    assert_eq!(document["outcome"], "released");
    assert_eq!(stage.remote.number_of_commits("main"), 2);
    let release = |argument: &str| stage.release().args(["--result-file", &files[0]]).arg(argument);
    release("IMAGE_PLACEHOLDER=").run().exit(2).stderr_has("symbolic link");
    for bad in ["json", "yaml=x", "json="] {
        stage.release().args(["--result-file", bad]).arg(stage.argument()).run().exit(2).stderr_has("--result-file");
    }
}

/// A red step says why, where people look for it, and where programs do.
#[test]
fn a_file_that_cannot_be_written_makes_a_step_red() {
    let stage = Stage::new();
    let step = Step::new(&stage.home);
    let release = |argument: &str| {
        let release = stage.release().args(["--output", "json", "--result-file", "json=/no/such/folder/x"]);
        step.on(release.arg(argument)).run()
    };
    let why = "cannot write `/no/such/folder/x`: No such file or directory (os error 2)";
    let output = release(&stage.argument()).exit(1).says_nowhere(".tagship-");
    let output = output.stderr_has("; the command itself is done, only its report is missing\n");
    assert!(commands(&output).iter().any(|line| line.starts_with(&format!("::error title=tagship release::{why}"))));
    let document = document(&output);
    assert_eq!((&document["outcome"], &document["error"]["message"]), (&"released".into(), &why.into()));
    let outputs = step.outputs();
    assert_eq!((outputs["outcome"].as_str(), outputs["error"].as_str()), ("released", "unexpected"));
    assert_eq!(outputs["reason"], why);
    assert!(step.summary().contains("\n❌ cannot write `/no/such/folder/x`: "), "{}", step.summary());
    // Nothing is done if the command failed itself.
    fs::write(&step.outputs, "").unwrap();
    let output = release("IMAGE_PLACEHOLDER=").exit(2).says_nowhere("is done");
    assert_eq!(commands(&output).iter().filter(|line| line.starts_with("::error ")).count(), 2);
    assert_eq!(step.outputs()["error"], "usage");
}

/// What to do stands where the reason stands.
#[test]
fn what_a_guard_stopped_has_its_hint_everywhere() {
    let stage = Stage::new();
    stage.remote.commit("main", "Hold", &[File::new(".tagship-hold", "Freeze\n")]);
    let step = Step::new(&stage.home);
    let release = stage.release().env("TAGSHIP_ACTION_REPOSITORY", "OWNER/tagship").arg(stage.argument());
    let output = step.on(release).run().exit(9);
    let hint = "hint: remove the file to end the hold; `override-hold: true` releases all the same";
    assert!(commands(&output).iter().any(|line| line.ends_with(&format!("%0A{hint}"))), "{}", output.stderr());
    assert!(step.summary().contains(&format!("\n{hint}\n")), "{}", step.summary());
}

/// Jobs that come later get the variables of a report, and must not take them for flags.
#[test]
fn results_are_no_flags() {
    let home = Home::new();
    let dotenv = home.path().join("dotenv");
    let file = format!("dotenv={}", dotenv.display());
    tagship().home(&home).args(["check", "--result-file", &file, "127.0.0.1:1/a"]).run().exit(2);
    let text = fs::read_to_string(dotenv).unwrap();
    let names: BTreeSet<_> = text.lines().map(|line| line.split_once('=').unwrap().0.to_owned()).collect();
    assert!(names.len() >= 12, "{names:?}");
    let mut command = cli::whole();
    command.build();
    for command in command.get_subcommands() {
        let variables = command.get_arguments().filter_map(|argument| argument.get_env());
        let clash = variables.map(|name| name.to_str().unwrap()).find(|name| names.contains(*name));
        assert_eq!(clash, None, "{}", command.get_name());
    }
}

#[test]
fn who_wants_colour() {
    let home = Home::new();
    home.write("kustomization.yaml", "images:\n- name: a\n  newTag: v1\n");
    let set = |variables: &[(&str, &str)]| {
        let set = tagship().home(&home).current_dir(home.path()).args(["set", "--dry-run", "a:v2"]);
        let set = variables.iter().fold(set, |set, (name, value)| set.env(name, value));
        set.run().success().stdout().contains('\u{1b}')
    };
    for (variables, expected) in [
        (&[][..], false),
        (&[("CLICOLOR_FORCE", "1")], true),
        (&[("CLICOLOR_FORCE", "0")], false),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
        (&[("CLICOLOR_FORCE", "1"), ("TERM", "dumb")], true),
        (&[("TAGSHIP_COLOR", "always"), ("NO_COLOR", "1")], true),
        (&[("CLICOLOR_FORCE", "1"), ("TAGSHIP_COLOR", "never")], false),
    ] {
        assert_eq!(set(variables), expected, "{variables:?}");
    }
}

#[test]
fn a_refused_command_line_has_results() {
    let home = Home::new();
    let path = home.path().join("result.json");
    let file = format!("json={}", path.display());
    let refused = |run: Command| {
        fs::write(&path, "{}").unwrap();
        run.run().exit(2);
        let document: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!((&document["outcome"], &document["error"]["kind"]), (&"failed".into(), &"usage".into()));
    };
    let tagship = || tagship().home(&home);
    refused(tagship().args(["release", "--nonsense", "--result-file", &file, "a:v1"]));
    refused(tagship().args(["release", &format!("--result-file={file}")]));
    refused(tagship().env("TAGSHIP_RESULT_FILE", &file).args(["release", "--wait"]));
    for (name, value) in [
        ("PLUGIN_RESULT_FILE", file.clone()),
        ("PLUGIN_RESULT_FILES", format!("{file}\n")),
        ("PLUGIN_RESULT_FILES", format!(r#"["{file}"]"#)),
    ] {
        refused(tagship().env("CI", "woodpecker").env(name, &value).env("PLUGIN_DRYRUN", "true"));
        refused(tagship().env("CI", "woodpecker").env(name, &value).env("PLUGIN_COMMAND", "relase"));
    }
}

/// What follows `--` is an image, and may come from outside: it names no file to write, and no form.
#[test]
fn behind_the_end_of_the_flags_no_file_is_named() {
    let home = Home::new();
    let file = home.path().join("file");
    let image = format!("--result-file=json={}\n", file.display());
    for words in [vec![image.clone()], vec!["--result-file".to_owned(), format!("json={}\n", file.display())]] {
        let words = words.into_iter().chain(["--output=json".to_owned(), "--color=always".to_owned()]);
        let output = tagship().home(&home).args(["check", "--"]).args(words).run().exit(2);
        assert!(!file.exists(), "an image named a file");
        assert_eq!(output.stdout(), "");
        assert!(!output.stderr().contains('\u{1b}'), "{}", output.stderr());
    }
}

#[test]
fn a_full_disk_is_told() {
    let home = Home::new();
    home.write("kustomization.yaml", "images:\n- name: a\n  newTag: v1\n");
    let binary = env!("CARGO_BIN_EXE_tagship");
    let run = |words: &str, to: &str| {
        Command::new("sh").current_dir(home.path()).args(["-c", &format!("{binary} {words} >{to}")]).run()
    };
    for words in
        ["set --dry-run --output json a:v2", "set --dry-run a:v2", "--help", "man", "completions bash", "--version"]
    {
        run(words, "/dev/full").exit(1).stderr_has("cannot write to stdout");
        run(words, "/dev/null").success();
        let closed = format!("{binary} {words} | true; exit ${{PIPESTATUS[0]}}");
        Command::new("bash").current_dir(home.path()).args(["-c", &closed]).run().success();
    }
}
