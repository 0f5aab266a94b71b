//! REPORT: the only writer of stdout and stderr. It turns events, outcomes and failures into what a person or a program
//! reads, and decides nothing.
//!
//! What servers, files and arguments say may hold anything; it is escaped here, where it is written.

mod json;
mod log;
mod progress;
mod text;

use std::io::{self, IsTerminal as _};

use crate::cli::{ColorChoice, OutputArguments, OutputFormat};
use crate::failure::Failure;
use crate::outcome::{Event, Outcome};
use progress::Progress;

/// How one run reports.
pub(crate) struct Report {
    format: OutputFormat,
    verbosity: Verbosity,
    stdout_style: text::Style,
    stderr_style: text::Style,
    /// Where somebody looks at it.
    progress: Option<Progress>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verbosity {
    Quiet,
    Normal,
    Verbose,
}

impl Report {
    /// `terminals` tells whether stdout and stderr are terminals that want colour.
    pub(crate) fn new(arguments: &OutputArguments, terminals: (bool, bool)) -> Self {
        let style = |terminal| match arguments.color {
            ColorChoice::Always => text::Style::Coloured,
            ColorChoice::Never => text::Style::Plain,
            ColorChoice::Auto if terminal => text::Style::Coloured,
            ColorChoice::Auto => text::Style::Plain,
        };
        Self {
            format: arguments.output,
            verbosity: match (arguments.quiet, arguments.verbose) {
                (true, _) => Verbosity::Quiet,
                (_, true) => Verbosity::Verbose,
                _ => Verbosity::Normal,
            },
            stdout_style: style(terminals.0),
            stderr_style: style(terminals.1),
            progress: io::stderr().is_terminal().then(Progress::default),
        }
    }

    /// Tells of something that happened. Beside JSON, people read stderr.
    pub(crate) fn event(&self, event: &Event<'_>) {
        if self.verbosity == Verbosity::Quiet {
            return;
        }
        match (&self.progress, event) {
            (Some(progress), Event::Waiting(waiting)) => return progress.show(waiting),
            (Some(progress), _) => progress.clear(),
            (None, _) => {}
        }
        let verbose = self.verbosity == Verbosity::Verbose;
        match self.format {
            OutputFormat::Text => write(&mut io::stdout(), &text::event(event, verbose, self.stdout_style)),
            OutputFormat::Json => write(&mut io::stderr(), &text::event(event, verbose, self.stderr_style)),
        }
    }

    /// Tells how it ended.
    pub(crate) fn end(&self, command: &str, result: &Result<Outcome, Failure>) {
        if let Some(progress) = &self.progress {
            progress.clear();
        }
        if self.format == OutputFormat::Json {
            write(&mut io::stdout(), &json::document(command, result));
        }
        match result {
            Ok(outcome) if self.format == OutputFormat::Text && self.verbosity > Verbosity::Quiet => {
                write(&mut io::stdout(), &text::outcome(outcome, self.stdout_style));
            }
            Ok(_) => {}
            Err(failure) => write(&mut io::stderr(), &text::failure(failure, self.stderr_style)),
        }
    }
}

/// Tells a program of a command line that did not parse; people have been told already.
pub(crate) fn usage_in_json(failure: &Failure) {
    write(&mut io::stdout(), &json::document("", &Err(failure.clone())));
}

/// A reader that has gone away, as `head` does, is no failure of ours.
fn write(out: &mut dyn io::Write, text: &str) {
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).ok();
}
