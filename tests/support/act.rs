//! Running a GitHub workflow on this machine, by [act](https://github.com/nektos/act) in host mode: without docker, without
//! a network. It reads workflows, actions, expressions, outputs and workflow commands by itself, so it is an independent
//! judge of what an action does. What it leaves out: skip markers, path filters, and the rules of tokens.
//!
//! A workflow has to begin with actions/checkout, in whose place act copies the folder that it runs in, with its
//! repository and its remotes.

use std::path::Path;

use serde_json::Value;

use super::command::Command;
use super::servers::installed;

/// A workflow to be run.
pub struct Act(Command);

impl Act {
    /// Prepares to run a workflow file for an event, such as `push`. `None` if act is not installed.
    #[track_caller]
    pub fn new(checkout: &Path, event: &str, workflow: &str) -> Option<Self> {
        let command = Command::new(installed("act")?)
            .current_dir(checkout)
            .args([event, "--platform", "ubuntu-latest=-self-hosted", "--json", "--workflows", workflow])
            .args(["--action-offline-mode", "--no-cache-server"]);
        // Its shell waits for act if a step fails.
        let shell = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/act");
        let path = std::env::var("PATH").unwrap_or_default();
        Some(Self(command.env("PATH", format!("{shell}:{path}"))))
    }

    /// Takes an action, `OWNER/NAME@REF`, from a folder.
    #[must_use]
    pub fn action(self, uses: &str, folder: &Path) -> Self {
        let mapping = format!("{uses}={}", folder.display());
        Self(self.0.args(["--local-repository", &mapping]))
    }

    /// Gives a run by hand one of its inputs.
    #[must_use]
    pub fn input(self, name: &str, value: &str) -> Self {
        Self(self.0.args(["--input", &format!("{name}={value}")]))
    }

    /// Says what the event is about, in the object that GitHub describes it by.
    #[must_use]
    pub fn event(self, file: &Path) -> Self {
        Self(self.0.arg("--eventpath").arg(file))
    }

    /// Sets a variable for every step, as a runner's own environment does.
    #[must_use]
    pub fn env(self, name: &str, value: &str) -> Self {
        Self(self.0.args(["--env", &format!("{name}={value}")]))
    }

    /// Says of which server and repository the run is, and gives its jobs their token.
    #[must_use]
    pub fn of(self, server: &str, repository: &str, token: &str) -> Self {
        let act = self.env("GITHUB_SERVER_URL", server).env("GITHUB_REPOSITORY", repository);
        Self(act.0.args(["--secret", &format!("GITHUB_TOKEN={token}")]))
    }

    /// Runs the workflow to its end, whether it succeeds or not.
    #[track_caller]
    pub fn run(self) -> Run {
        let output = self.0.run();
        let events: Vec<Value> = output.stdout().lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let messages = events.iter().filter_map(|event| event["msg"].as_str()).map(str::trim_end);
        let text = messages.chain([output.stderr().as_str()]).collect::<Vec<_>>().join("\n");
        Run { code: output.code, events, text }
    }
}

/// What became of a workflow.
pub struct Run {
    code: Option<i32>,
    /// What act told, an object each.
    events: Vec<Value>,
    text: String,
}

/// A workflow command, such as `::error file=app.js,line=1::message`, as act understood it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    pub level: String,
    pub title: Option<String>,
    pub file: Option<String>,
    pub line: Option<String>,
    pub message: String,
}

impl Run {
    #[track_caller]
    pub fn success(self) -> Self {
        assert!(self.code == Some(0), "the workflow failed\n{}", self.text);
        self
    }

    #[track_caller]
    pub fn failure(self) -> Self {
        assert!(self.code == Some(1), "the workflow did not fail, but ended with {:?}\n{}", self.code, self.text);
        // act ends so too if it fails itself, before any step runs.
        let has_failed = self.events.iter().any(|event| event["stepResult"] == "failure");
        assert!(has_failed, "no step has failed\n{}", self.text);
        self
    }

    /// Returns how a step ended: `success` or `failure`; `None` if it was not run.
    pub fn outcome(&self, step: &str) -> Option<&str> {
        self.of(step).filter(|event| event["stage"] == "Main").find_map(|event| event["stepResult"].as_str())
    }

    /// Returns an output of a step; `None` if it has none of that name.
    pub fn output(&self, step: &str, name: &str) -> Option<&str> {
        let is_output = |event: &&Value| event["command"] == "set-output" && event["name"] == name;
        self.of(step).filter(|event| event["stepID"].as_array().is_some_and(|path| path.len() == 1)).rfind(is_output)?
            ["arg"]
            .as_str()
    }

    /// Returns what all steps printed, without what was understood as a command.
    pub fn log(&self) -> String {
        let lines = self.events.iter().filter(|event| event["raw_output"] == true);
        lines.filter_map(|event| event["msg"].as_str()).collect()
    }

    /// Returns all that act told, for people.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the commands `error`, `warning` and `notice`, in their order.
    pub fn annotations(&self) -> Vec<Annotation> {
        let levels = ["error", "warning", "notice"];
        let commands = self.events.iter().filter(|event| levels.iter().any(|level| event["command"] == *level));
        commands.map(annotation).collect()
    }

    /// Returns the summary of the job, which act prints as a whole.
    pub fn summary(&self) -> String {
        let mut messages = self.events.iter().filter_map(|event| event["msg"].as_str());
        messages
            .find_map(|message| message.split_once("Summary - "))
            .map_or_else(String::new, |(_, text)| text.to_owned())
    }

    fn of(&self, step: &str) -> impl DoubleEndedIterator<Item = &Value> {
        self.events.iter().filter(move |event| event["stepID"][0] == step)
    }
}

fn annotation(event: &Value) -> Annotation {
    let property = |name: &str| event["kvPairs"][name].as_str().map(str::to_owned);
    Annotation {
        level: event["command"].as_str().unwrap_or_default().to_owned(),
        title: property("title"),
        file: property("file"),
        line: property("line"),
        message: event["arg"].as_str().unwrap_or_default().to_owned(),
    }
}
