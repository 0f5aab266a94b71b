//! Flags about the report, which every command takes.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, ValueEnum};

use super::white_space::Switch;

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArguments {
    /// The format of the report
    #[arg(long, value_enum, value_name = "FORMAT", env = "TAGSHIP_OUTPUT", default_value_t = OutputFormat::Text, global = true)]
    pub output: OutputFormat,

    /// Write the results to a file too, also on failure: as `json`, `dotenv`, `github`, `tekton`, `markdown` or `junit` (can
    /// be repeated)
    ///
    /// `json=PATH`, `dotenv=PATH` for GitLab, `github=PATH` to append as to GITHUB_OUTPUT, `tekton=FOLDER` for one file each, `markdown=PATH` for a comment on a pull request, `junit=PATH` for test reports.
    #[arg(
        long = "result-file",
        value_name = "FORMAT=PATH",
        env = "TAGSHIP_RESULT_FILE",
        value_delimiter = '\n',
        value_parser = ResultFile::parse,
        global = true
    )]
    pub result_files: Vec<Option<ResultFile>>,

    /// Send the result as JSON to this URL at the end, also on failure; not for a dry run, nor after a signal. A failed delivery does not fail the command
    #[arg(
        long,
        value_name = "URL",
        env = "TAGSHIP_NOTIFY",
        hide_env_values = true,
        global = true,
        hide_short_help = true
    )]
    pub notify: Option<String>,

    /// Print more
    // Other programs print still more for `-vv`, so that many write that.
    #[arg(
        short,
        long,
        env = "TAGSHIP_VERBOSE",
        value_parser = Switch,
        global = true,
        conflicts_with = "quiet",
        overrides_with = "verbose"
    )]
    pub verbose: bool,

    /// Print nothing on success, except the lists of `log` and `status`
    #[arg(short, long, env = "TAGSHIP_QUIET", value_parser = Switch, global = true)]
    pub quiet: bool,

    /// When to use colour
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        env = "TAGSHIP_COLOR",
        default_value_t = ColorChoice::Auto,
        global = true,
        hide_short_help = true
    )]
    pub color: ColorChoice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    Auto,
    Always,
    Never,
}

/// A file that the results are written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultFile {
    pub form: ResultForm,
    pub path: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultForm {
    /// The object that `--output json` prints.
    Json,
    /// GitLab's report of variables.
    Dotenv,
    /// GitHub's outputs, appended.
    GitHub,
    /// A folder with one file for each result.
    Tekton,
    /// A comment on a pull request.
    Markdown,
    /// A test report.
    JUnit,
}

impl OutputArguments {
    /// Fails if result files are asked for by nothing but blank lines, which come from an empty variable.
    pub(super) fn require_result_file(&self, command: &mut clap::Command) -> Result<(), clap::Error> {
        if self.result_files.is_empty() || self.result_files.iter().any(Option::is_some) {
            return Ok(());
        }
        let message = "`--result-file` is empty\n\n  tip: check the variable that it comes from\n";
        Err(command.error(ErrorKind::ValueValidation, message))
    }
}

impl ResultForm {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "json" => Self::Json,
            "dotenv" => Self::Dotenv,
            "github" => Self::GitHub,
            "tekton" => Self::Tekton,
            "markdown" => Self::Markdown,
            "junit" => Self::JUnit,
            _ => return None,
        })
    }
}

/// Returns whether a path goes on with another `FORMAT=PATH` behind a comma, by which Drone and Woodpecker join a list.
fn has_second(path: &str) -> bool {
    let is_named = |text: &str| text.split_once('=').is_some_and(|(form, _)| ResultForm::named(form.trim()).is_some());
    path.split(',').skip(1).any(is_named)
}

impl ResultFile {
    /// Parses `FORMAT=PATH`; a blank line, such as the last one of a block of text, is `None`.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, String> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let (form, path) = text.trim().split_once('=').ok_or("write `FORMAT=PATH`")?;
        let formats = "the formats are `json`, `dotenv`, `github`, `tekton`, `markdown` and `junit`";
        let form = ResultForm::named(form).ok_or(formats)?;
        match path {
            "" => Err("the path is empty".to_owned()),
            path if has_second(path) => Err("it names several files; write one `FORMAT=PATH` a line".to_owned()),
            path => Ok(Some(Self { form, path: PathBuf::from(path) })),
        }
    }
}
