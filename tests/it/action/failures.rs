//! A step that fails before the program runs ends as any other failure: with outputs and result files, and not with silence.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::copy_to;
use crate::report::read_outputs;
use crate::stage::tagship;
use crate::support::command::{Command, Home, Output, write_script};

/// A step that uses the action, from a commit that knows this version and cannot download it.
struct Step {
    home: Home,
    outputs: PathBuf,
}

impl Step {
    fn new() -> Self {
        let home = Home::new();
        copy_to(&home.path().join("action-repository"));
        let sums = ["x86_64", "aarch64"]
            .map(|machine| format!("{}  tagship-1.2.3-{machine}-unknown-linux-gnu.tar.gz\n", "0".repeat(64)));
        home.write("action-repository/action/checksums/1.2.3.sha256", &sums.concat());
        let outputs = home.write("outputs", "");
        Self { home, outputs }
    }

    fn run(&self, variables: &[(&str, &str)]) -> Output {
        fs::write(&self.outputs, "").unwrap();
        let script = self.home.path().join("action-repository/action/run.sh");
        let step = Command::new("bash").home(&self.home).current_dir(self.home.path()).arg(script);
        let step = step
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_OUTPUT", &self.outputs)
            .env("RUNNER_TEMP", self.home.path().join("tmp"))
            .env("TAGSHIP_DOWNLOAD_BASE_URL", "http://127.0.0.1:1/");
        variables.iter().fold(step, |step, (name, value)| step.env(*name, *value)).run()
    }

    fn outputs(&self) -> BTreeMap<String, String> {
        read_outputs(&fs::read_to_string(&self.outputs).unwrap())
    }
}

/// Returns a program for no machine.
fn foreign_program(home: &Home) -> String {
    let program = home.path().join("foreign");
    write_script(&program, "\u{7f}ELF\u{0}\u{0}\u{0}");
    program.to_str().unwrap().to_owned()
}

#[test]
fn a_failed_install_has_outputs() {
    let step = Step::new();
    let foreign = foreign_program(&step.home);
    for (variables, code, reason) in [
        (&[("TAGSHIP_BIN", "/nowhere/tagship")][..], 2, "`/nowhere/tagship`, which `binary-path`"),
        (&[("TAGSHIP_BIN", "a\"b\\c\td\r\ne%0A::x")], 2, "`a\"b\\c"),
        (&[("TAGSHIP_BIN", &foreign)], 1, "cannot be run"),
        (&[("TAGSHIP_VERSION", "1.2.4")], 2, "version 1.2.4 is not known"),
        (&[("TAGSHIP_VERSION", "newest")], 2, "`newest` is not a version"),
        (&[], 6, "cannot download `http://127.0.0.1:1/v1.2.3/"),
        (&[("TAGSHIP_DOWNLOAD_BASE_URL", "")], 2, "an action from the workspace has no releases"),
        (&[("TAGSHIP_BIN", "/bin/true"), ("TAGSHIP_REPO", "org/config")], 2, "GITHUB_SERVER_URL"),
    ] {
        let output = step.run(variables).exit(code).stderr_has("::error title=tagship::");
        assert_eq!(output.stdout(), "", "{variables:?}");
        let outputs = step.outputs();
        let kind = match code {
            1 => "unexpected",
            2 => "usage",
            _ => "unavailable",
        };
        assert_eq!((outputs["outcome"].as_str(), outputs["error"].as_str()), ("failed", kind), "{variables:?}");
        assert!(outputs["reason"].contains(reason), "{outputs:?}");
        let result: Value = serde_json::from_str(&outputs["result"]).unwrap();
        assert_eq!(result["error"]["message"], outputs["reason"].as_str());
        assert_eq!((&result["error"]["kind"], &result["error"]["exit_code"]), (&kind.into(), &code.into()));
    }
    // An input of several lines is no further output.
    step.run(&[("TAGSHIP_COMMAND", "set\ncommit=abc\n\"x")]).exit(6);
    let outputs = step.outputs();
    let result: Value = serde_json::from_str(&outputs["result"]).unwrap();
    assert_eq!((&result["command"], outputs["commit"].as_str()), (&"setcommitabcx".into(), ""));
    fs::remove_dir_all(step.home.path().join("action-repository/action/checksums")).unwrap();
    step.run(&[]).exit(1).stderr_has("no release of tagship belongs to this commit");
    assert_eq!(step.outputs()["outcome"], "failed");
}

/// The names of results are a contract, whatever has written them.
#[test]
fn they_are_those_of_the_program() {
    let step = Step::new();
    let result_files = |prefix: &str| {
        let names = [
            ("json", "json"),
            ("dotenv", "env"),
            ("github", "github"),
            ("tekton", "tekton"),
            ("markdown", "md"),
            ("junit", "xml"),
        ];
        names.map(|(form, suffix)| format!("{form}={prefix}.{suffix}")).join("\n")
    };
    for folder in ["program.tekton", "action.tekton"] {
        fs::create_dir(step.home.path().join(folder)).unwrap();
    }
    let program = tagship().home(&step.home).current_dir(step.home.path()).env("GITHUB_ACTIONS", "true");
    let program = program.env("GITHUB_OUTPUT", &step.outputs).env("TAGSHIP_RESULT_FILE", result_files("program"));
    program.args(["release", "--no-check", "--repo", "http://127.0.0.1:1/r", "a:v1"]).run().exit(6);
    let expected = step.outputs();
    step.run(&[("TAGSHIP_RESULT_FILE", &result_files("action"))]).exit(6);
    let outputs = step.outputs();
    let without_texts = |mut outputs: BTreeMap<String, String>| {
        outputs.remove("reason").unwrap();
        outputs.remove("result").unwrap();
        outputs
    };
    let (reason, json) = (outputs["reason"].clone(), outputs["result"].clone());
    let (expected_json, read) =
        (expected["result"].clone(), |name: &str| fs::read_to_string(step.home.path().join(name)).unwrap());
    assert_eq!(without_texts(outputs), without_texts(expected));
    let parsed = |json: &str| {
        let mut result: Value = serde_json::from_str(json).unwrap();
        for text in ["message", "details", "hint"] {
            result["error"][text].take();
        }
        result
    };
    assert_eq!(parsed(&json), parsed(&expected_json));
    assert_eq!(read("action.json"), format!("{json}\n"));
    let lines = |name: &str| read(name).lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(lines("action.env"), lines("program.env"));
    assert_eq!(read_outputs(&read("action.github"))["reason"], reason);
    assert_eq!(read("action.tekton/reason"), reason);
    let frame = |name: &str| {
        read(name).lines().filter(|line| !line.contains("error: ")).map(str::to_owned).take(3).collect::<Vec<_>>()
    };
    assert_eq!(frame("action.md"), frame("program.md"));
    assert_eq!(frame("action.xml"), frame("program.xml"));
    let report = read("action.xml");
    let report = roxmltree::Document::parse(&report).unwrap();
    let failed = report.descendants().find(|node| node.has_tag_name("failure")).unwrap();
    assert_eq!(failed.attribute("message"), Some(reason.as_str()));
    for entry in fs::read_dir(step.home.path().join("program.tekton")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(step.home.path().join("action.tekton").join(&name).is_file(), "{name}");
    }
}

/// The program trims the lines of a list, too.
#[test]
fn the_lines_of_result_files_are_trimmed() {
    let step = Step::new();
    step.run(&[("TAGSHIP_RESULT_FILE", "json=a.json\n  dotenv=d.env\t\r\n   \n\tmarkdown=it is.md ")]).exit(6);
    for name in ["a.json", "d.env", "it is.md"] {
        assert!(step.home.path().join(name).is_file(), "{name}");
    }
}

/// A path that a link stands at may lead to a file that no step should write.
#[cfg(unix)]
#[test]
fn no_result_is_written_through_a_link() {
    let step = Step::new();
    let victim = step.home.write("victim", "old");
    std::os::unix::fs::symlink(&victim, step.home.path().join("link")).unwrap();
    for file in ["json=link", "dotenv=link"] {
        step.run(&[("TAGSHIP_RESULT_FILE", file)]).exit(6).stderr_has("cannot write `link`");
        assert_eq!(fs::read_to_string(&victim).unwrap(), "old");
    }
    let elsewhere = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), step.home.path().join("out")).unwrap();
    step.run(&[("TAGSHIP_RESULT_FILE", "json=out/r.json")]).exit(6).stderr_has("cannot write `out/r.json`");
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    fs::create_dir(step.home.path().join("inside")).unwrap();
    step.run(&[("TAGSHIP_RESULT_FILE", "json=inside/r.json")]).exit(6).says_nowhere("cannot write");
}

/// A mirror's URL may have a login in it.
#[test]
fn a_login_of_a_mirror_is_not_told() {
    let step = Step::new();
    let results = step.home.path().join("result.json");
    for login in ["me:S3CR3T", "me:it's@S3CR3T", "me:p/S3CR3T"] {
        let output = step.run(&[
            ("TAGSHIP_DOWNLOAD_BASE_URL", &format!("http://{login}@127.0.0.1:1/mirror")),
            ("TAGSHIP_RESULT_FILE", &format!("json={}", results.display())),
        ]);
        output.stderr_has("//***@127.0.0.1:1/mirror").says_nowhere("S3CR3T");
        assert!(step.outputs()["reason"].contains("//***@127.0.0.1:1/mirror"));
        for file in [&step.outputs, &results] {
            assert!(!fs::read_to_string(file).unwrap().contains("S3CR3T"), "{}", file.display());
        }
    }
    // curl takes these too.
    for (url, told) in [
        ("me:S3CR3T@127.0.0.1:1/mirror", "`***@127.0.0.1:1/mirror/"),
        ("http:/me:S3CR3T@127.0.0.1:1/mirror", "`***@127.0.0.1:1/mirror/"),
        ("HTTP://S3CR3T@127.0.0.1:1/mirror", "`***@127.0.0.1:1/mirror/"),
        ("http://127.0.0.1:1/mirror?token=S3CR3T", "`http://127.0.0.1:1/mirror`"),
        ("http://me:S3C?R3T@127.0.0.1:1/mirror", "`***`"),
    ] {
        step.run(&[("TAGSHIP_DOWNLOAD_BASE_URL", url)])
            .exit(6)
            .stderr_has(told)
            .says_nowhere("S3C")
            .says_nowhere("R3T");
        assert!(step.outputs()["reason"].contains(told), "{url}");
    }
    step.run(&[("TAGSHIP_DOWNLOAD_BASE_URL", "http://127.0.0.1:1/@me")]).stderr_has("`http://127.0.0.1:1/@me/");
}
