//! REPORT: the only writer of stdout and stderr, and of files with results. It turns events, outcomes and failures into
//! what a person, a program or a CI system reads, and decides nothing.
//!
//! A form is a file. Those for machines are made of one document, `json`, so that what is new is a row there and a row in
//! `text`. What servers, files and arguments say may hold anything; it is raw up to here, and `escape` makes it harmless
//! when it is printed. Only JSON has it raw.

mod command_end;
mod dotenv;
mod escape;
mod file;
mod github;
mod json;
mod junit;
mod log;
mod progress;
mod redact;
mod result_file;
mod results;
mod status;
mod style;
mod tekton;
mod text;
mod usage;
mod wording;

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use clap::error::ErrorKind;

use crate::cli::{CommandName, Environment, OutputArguments, OutputFormat, ResultFile, Surface, in_words_of};
use crate::outcome::failure::Failure;
use crate::outcome::{Activity, BranchInRemote, Ending, Event, Outcome};
use command_end::CommandEnd;
use escape::{Substitute, defused};
use github::{GitHub, Links};
use json::{Document, Level, Remark};
use progress::Progress;
use style::{Style, style};

pub(crate) use redact::exposed_login;

/// How one run reports.
pub(crate) struct Report {
    format: OutputFormat,
    verbosity: Verbosity,
    stdout_style: Style,
    stderr_style: Style,
    files: Vec<ResultFile>,
    surface: Surface,
    /// How many characters a line of stdout has room for, if that is known.
    line_limit: Option<usize>,
    /// The runner of GitHub, or one like it, if there is one.
    github: Option<GitHub>,
    /// The pages that texts in Markdown link to.
    links: Links,
    /// What could not be written to stdout, if anything.
    unwritten: OnceLock<String>,
    /// Taken to write: the working thread reports events, and after a signal the main thread reports the end.
    turn: Mutex<Turn>,
}

struct Turn {
    /// What goes on, which is told if it takes long.
    progress: Progress,
    /// The repository that was read or pushed to last, as it is shown.
    repository: Option<String>,
    /// What was told beside the outcome, in order, each once.
    notes: Vec<Remark>,
    /// Whether the end was reported, after which nothing else is.
    has_ended: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verbosity {
    Quiet,
    Normal,
    Verbose,
}

impl Report {
    pub(crate) fn new(arguments: &OutputArguments, environment: &Environment) -> Self {
        let progress = Progress::new(progress::is_drawn());
        Self {
            format: arguments.output,
            verbosity: match (arguments.quiet, arguments.verbose) {
                (true, _) => Verbosity::Quiet,
                (_, true) => Verbosity::Verbose,
                _ => Verbosity::Normal,
            },
            stdout_style: style(arguments.color, &io::stdout(), environment),
            stderr_style: style(arguments.color, &io::stderr(), environment),
            files: arguments.result_files.iter().flatten().cloned().collect(),
            surface: environment.surface(),
            line_limit: line_limit(environment),
            github: GitHub::detect(environment),
            links: Links::of(environment),
            unwritten: OnceLock::new(),
            turn: Mutex::new(Turn { progress, repository: None, notes: Vec::new(), has_ended: false }),
        }
    }

    /// Warns that something that was asked for is not done, also if the run is to be silent.
    pub(crate) fn insist(&self, warning: String) {
        let event = Event::Warned(warning);
        if self.verbosity == Verbosity::Quiet {
            complain(&text::event(&event, false, self.stderr_style));
        }
        self.event(&event);
    }

    /// Reports an event, but no remark twice. With JSON on stdout, text for people goes to stderr.
    pub(crate) fn event(&self, event: &Event<'_>) {
        let translated = |text: &String| in_words_of(self.surface, text);
        let told = match event {
            Event::Noted(text) => Some(Event::Noted(translated(text))),
            Event::Warned(text) => Some(Event::Warned(translated(text))),
            _ => None,
        };
        let event = told.as_ref().unwrap_or(event);
        let mut turn = self.turn();
        if let Event::Pushed { remote, .. }
        | Event::Began(Activity::Looking { branch: Some(BranchInRemote { remote, .. }), .. }) = event
        {
            turn.repository = Some((*remote).to_owned());
        }
        if turn.has_ended {
            return;
        }
        let remark = match event {
            Event::Noted(text) => Some(Remark { level: Level::Note, text: text.clone() }),
            Event::Warned(text) => Some(Remark { level: Level::Warning, text: text.clone() }),
            _ => None,
        };
        // Each attempt at the branch's tip comes to the same remarks.
        if remark.as_ref().is_some_and(|remark| turn.notes.contains(remark)) {
            return;
        }
        turn.notes.extend(remark);
        if self.verbosity == Verbosity::Quiet || turn.progress.takes(event, Instant::now()) {
            return;
        }
        let verbose = self.verbosity == Verbosity::Verbose;
        self.tell(|style| text::event(event, verbose, style));
    }

    /// Tells what goes on if that takes long; it is called again and again. An event that is being told goes first.
    pub(crate) fn tick(&self) {
        let Ok(mut turn) = self.turn.try_lock() else { return };
        if self.verbosity == Verbosity::Quiet || turn.has_ended {
            return;
        }
        if let Some(what) = turn.progress.tick(Instant::now()) {
            self.tell(|style| text::goes_on(&what, style));
        }
    }

    fn tell(&self, text: impl Fn(Style) -> String) {
        match self.format {
            OutputFormat::Text => self.say(&text(self.stdout_style)),
            OutputFormat::Json => complain(&text(self.stderr_style)),
        }
    }

    /// Returns the object of a result that `--output json` prints.
    pub(crate) fn json(&self, command: CommandName, result: &Result<Outcome, Failure>) -> String {
        let told = self.told(result);
        Document::new(command.as_str(), told.as_ref(), &self.turn().notes).to_json()
    }

    /// Returns a result in the words of the place where the run is set up.
    fn told(&self, result: &Result<Outcome, Failure>) -> Result<Outcome, Failure> {
        let told = result.as_ref().map(|outcome| wording::outcome(self.surface, outcome));
        told.map_err(|failure| wording::failure(self.surface, failure))
    }

    /// Reports the end. Fails if stdout or a result file could not be written; the outcome stays what it is. Result files come
    /// first, so that all else tells of one that could not be written.
    pub(crate) fn end(&self, command: CommandName, result: &Result<Outcome, Failure>) -> Result<(), Failure> {
        let mut turn = self.turn();
        turn.has_ended = true;
        turn.progress.clear();
        let (told, notes) = (self.told(result), std::mem::take(&mut turn.notes));
        let links = self.links.clone().with_repository(turn.repository.clone());
        let mut end = CommandEnd::new(command, told.as_ref(), &notes, self.surface);
        let files = self.write_files(&end, &links).err();
        if let Some(failure) = &files {
            end.document.error.get_or_insert_with(|| json::error(failure));
        }
        self.print(&end);
        self.tell_github(&end, &links);
        let stdout = self.unwritten.get().map(|error| end.only_the_report(not_written(error)));
        let written = Failure::of_all(files.iter().cloned().chain(stdout).collect());
        if let Err(failure) = &written {
            self.tell_unwritten(&end, failure);
        }
        written
    }

    /// Tells what could not be written of the report.
    fn tell_unwritten(&self, end: &CommandEnd<'_>, failure: &Failure) {
        complain(&text::failure(failure, self.stderr_style));
        if self.github.is_some() {
            write_to_stderr(&github::failure(&end.title(), failure, None));
        }
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn print(&self, end: &CommandEnd<'_>) {
        let talks = self.format == OutputFormat::Text && self.verbosity > Verbosity::Quiet;
        if self.format == OutputFormat::Json {
            self.print_json(&end.document);
        }
        let hint = end.hint.as_deref();
        // A program takes the object, and a person who reads its log must see that nothing was released.
        let tells_stop = self.format == OutputFormat::Json && self.verbosity > Verbosity::Quiet;
        match end.result {
            Ok(outcome) if outcome.ending.exit_code() != 0 || (outcome.ending.stop().is_some() && tells_stop) => {
                complain(&text::outcome(end.command, outcome, hint, self.stderr_style, None));
            }
            // A log is all that is asked for.
            Ok(outcome) if talks || (outcome.ending.is_list() && self.format == OutputFormat::Text) => {
                if matches!(outcome.ending, Ending::DryRun) {
                    self.print_diff(&outcome.changes.diff);
                }
                self.say(&text::outcome(end.command, outcome, hint, self.stdout_style, self.line_limit));
            }
            Ok(_) => {}
            Err(failure) => self.complain_of(failure),
        }
    }

    /// Tells a failure, and where the documentation says what to do about it.
    fn complain_of(&self, failure: &Failure) {
        complain(&text::failure(failure, self.stderr_style));
        if let Some(page) = self.links.troubleshooting(failure.kind) {
            complain(&format!("  see: {page}\n"));
        }
    }

    fn print_json(&self, document: &Document<'_>) {
        self.write(&defused(&(document.to_json() + "\n"), Substitute::Json));
    }

    fn print_diff(&self, diff: &str) {
        let diff = text::diff(diff, self.stdout_style);
        match &self.github {
            Some(_) => self.write(&github::group("diff", &defused(&diff, Substitute::Visible))),
            None => self.say(&diff),
        }
    }

    /// Writes outputs, summary and annotations for GitHub's runner. Annotations go to stderr, which the runner reads as well,
    /// so that stdout has the result only.
    fn tell_github(&self, end: &CommandEnd<'_>, links: &Links) {
        let Some(github) = &self.github else { return };
        for problem in github.write(end, links) {
            write_to_stderr(&github::warning(&problem));
        }
        let is_silent = self.verbosity == Verbosity::Quiet && end.result.is_ok();
        for warning in end.document.notes.iter().filter(|note| note.level == Level::Warning && !is_silent) {
            write_to_stderr(&github::warning(&warning.text));
        }
        if let Some(annotation) = github.annotation(end).filter(|_| !is_silent) {
            write_to_stderr(&annotation);
        }
    }

    /// Writes the result files. Fails if one could not be written.
    fn write_files(&self, end: &CommandEnd<'_>, links: &Links) -> Result<(), Failure> {
        Failure::of_all(self.files.iter().filter_map(|file| result_file::write(file, end, links).err()).collect())
    }

    /// Writes text for people to stdout. No line of it is a command to a system that may collect the log: not all of them say
    /// that they are there.
    fn say(&self, text: &str) {
        self.write(&defused(text, Substitute::Visible));
    }

    fn write(&self, text: &str) {
        if let Err(error) = write_to_stdout(text.as_bytes()) {
            // The first error says it.
            self.unwritten.set(error.to_string()).ok();
        }
    }

    /// Reports what is wrong with a command line, or prints the help or the version that it asks for.
    pub(crate) fn unparsed(
        &self,
        command: &str,
        error: &clap::Error,
        by_variables: Vec<String>,
    ) -> Result<(), Failure> {
        if !error.use_stderr() {
            return print_help(error, self.stdout_style);
        }
        let failure = usage::failure(command, error, self.surface);
        let failure = wording::failure(self.surface, &by_variables.into_iter().fold(failure, Failure::detail));
        match error.kind() {
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                complain(&error.render().to_string());
            }
            _ => self.complain_of(&failure),
        }
        let end = CommandEnd::unparsed(command, &failure);
        if self.format == OutputFormat::Json {
            self.print_json(&end.document);
        }
        self.tell_github(&end, &self.links);
        if let Err(unwritten) = self.write_files(&end, &self.links) {
            self.tell_unwritten(&end, &unwritten);
        }
        Err(failure)
    }
}

/// Prints a text as it is.
pub(crate) fn print(text: &[u8]) -> Result<(), Failure> {
    tell_if_not(write_to_stdout(text))
}

fn print_help(error: &clap::Error, style: Style) -> Result<(), Failure> {
    let text = match style {
        Style::Plain => error.render().to_string(),
        Style::Coloured => error.render().ansi().to_string(),
    };
    print(text.as_bytes())
}

fn tell_if_not(written: io::Result<()>) -> Result<(), Failure> {
    written.map_err(|error| {
        let failure = not_written(&error.to_string());
        complain(&text::failure(&failure, Style::Plain));
        failure
    })
}

fn not_written(error: &str) -> Failure {
    Failure::unexpected(anyhow::anyhow!("cannot write to stdout: {error}")).hint("is the disk full?")
}

/// Writes text for people to stderr. If that fails, there is nothing left to report it to.
pub(crate) fn complain(text: &str) {
    write_to_stderr(&defused(text, Substitute::Visible));
}

fn write_to_stderr(text: &str) {
    io::stderr().write_all(text.as_bytes()).ok();
}

fn write_to_stdout(text: &[u8]) -> io::Result<()> {
    unless_closed(io::stdout().write_all(text).and_then(|()| io::stdout().flush()))
}

/// A closed pipe, as `head` leaves one, is not a failure.
fn unless_closed(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Returns the width of the terminal, else what `COLUMNS` says.
fn line_limit(environment: &Environment) -> Option<usize> {
    let stdout = io::stdout();
    let terminal = stdout.is_terminal().then(|| terminal_size::terminal_size_of(stdout)).flatten();
    let terminal = terminal.map(|(width, _)| usize::from(width.0));
    terminal.or_else(|| environment.text("COLUMNS")?.parse().ok())
}
