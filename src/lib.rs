//! `tagship` is the release step of a GitOps pipeline: it checks that an image is in its registry, writes its tag into
//! a kustomization or another file without touching another byte, and commits and pushes that to the release branch.
//!
//! The rooms in the order of the flow:
//!
//! - [`cli`] reads the command line and the environment, [`request`] makes values of them.
//! - [`flow`] has the commands: [`registry`] checks, [`git`] reads the tip, [`targets`] edit its bytes, [`guards`] may stop
//!   the release, and [`git`] commits and pushes with the text of [`message`]; [`forge`] has what a push cannot do.
//! - [`outcome`] is how it ended, as data, and `report` prints it.
//! - [`image`], [`yaml`] and [`system`] are below them all: the vocabulary, the reader of files, and the machine.
//!
//! ARCHITECTURE.md has the map, the invariants and the reasons. This is the program's own library: it is public for its
//! tests, and its interface may change with any version.

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

pub mod cli;
pub mod flow;
pub mod forge;
pub mod git;
pub mod guards;
pub mod image;
pub mod message;
pub mod outcome;
pub mod registry;
mod report;
pub mod request;
pub mod system;
pub mod targets;

pub use tagship_yaml as yaml;

#[cfg(test)]
#[expect(unreachable_pub, reason = "other tests have it in a module of theirs")]
#[path = "../tests/support/growth.rs"]
mod growth;

use cli::{Arguments, CommandName, Environment};
use outcome::failure::{AGAIN, Failure, FailureKind};
use outcome::{Event, Outcome};
use report::Report;
use request::Request;
use system::network::http::shown_host;
use system::network::webhook::Webhook;
use system::processes::signals::{Gate, Interrupted, Stage, Waited, Work};

/// Runs a command line, its first item the program's name. Prints what happened and returns the exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    system::processes::memory::protect();
    system::processes::accounts::from_file();
    system::processes::signals::heed_children();
    system::processes::thread_limit::tell(report::complain);
    let mut environment = Environment::capture();
    let unknown = cli::unknown_variables(&environment);
    let mut typed: Vec<OsString> = arguments.into_iter().collect();
    let exposed = report::exposed_login(&typed);
    match cli::or_inputs(&typed, &mut environment) {
        Ok(words) => typed = words,
        Err(refused) => return code_of(refuse(&refused.error, &refused.words, &environment)),
    }
    if cli::asks_for_long_version(&typed) {
        return code_of(report::print(long_version().as_bytes()).map(|()| ExitCode::SUCCESS));
    }
    let exit_codes = exit_codes();
    if let Some(text) = Arguments::manual(&typed, &environment, &exit_codes) {
        return code_of(report::print(&text).map(|()| ExitCode::SUCCESS));
    }
    system::processes::programs::search_in(environment.get("PATH"));
    code_of(match Arguments::parse_from(&typed, &environment, &exit_codes) {
        Ok(arguments) => obey(arguments, environment, unknown, exposed),
        Err(error) => refuse(&error, &typed, &environment),
    })
}

/// Returns the version, and how old the trusted roots are that are built in: keys of Sigstore that are newer are unknown.
fn long_version() -> String {
    let roots = registry::signature::TrustedRoots::built_in();
    let now = jiff::Timestamp::try_from(SystemTime::now()).unwrap_or_default();
    let days = roots.age(now).map(|age| age.as_hours() / 24).unwrap_or_default();
    let date = roots.date().map(|date| date.to_string()).unwrap_or_default();
    format!("tagship {}\ntrusted roots of Sigstore and GitHub: of {date}, {days} days old\n", cli::version())
}

/// Reports what is wrong with a command line, or prints the help that it asks for.
fn refuse(error: &clap::Error, typed: &[OsString], environment: &Environment) -> Result<ExitCode, Failure> {
    let report = Report::new(&Arguments::output_of(typed, environment), environment);
    let command = Arguments::command_of(typed).unwrap_or_default();
    let by_variables = cli::given_by_variables(error, typed, environment);
    report.unparsed(&command, error, by_variables).map(|()| ExitCode::SUCCESS)
}

fn code_of(ended: Result<ExitCode, Failure>) -> ExitCode {
    match ended {
        Ok(code) => code,
        Err(failure) => ExitCode::from(failure.kind.exit_code()),
    }
}

/// Returns the exit codes as the help lists them, one a line.
fn exit_codes() -> String {
    let row = |code: u8, name: &str, meaning: &str| format!("{code:>5}  {name}: {meaning}\n");
    let kinds = FailureKind::ALL.iter().map(|kind| row(kind.exit_code(), kind.name(), kind.meaning()));
    std::iter::once("    0  done, or nothing to do\n".to_owned()).chain(kinds).collect()
}

/// Runs the command up to its end or to a signal, and reports how it ended.
fn obey(
    arguments: Arguments,
    environment: Environment,
    unknown: Vec<String>,
    exposed: Option<String>,
) -> Result<ExitCode, Failure> {
    let command = arguments.command.name();
    let report = Arc::new(Report::new(&arguments.output, &environment));
    let gate = Arc::new(Gate::default());
    let work = {
        let (report, gate) = (report.clone(), gate.clone());
        move || {
            for warning in unknown {
                report.insist(warning);
            }
            if let Some(note) = exposed {
                report.event(&Event::Noted(note));
            }
            let webhook = request::webhook(&arguments, &environment)?;
            if let Some(ci) = environment.ci() {
                report.event(&Event::Detected(ci.to_string()));
            }
            let result = match Request::new(&arguments.command, &environment) {
                // It is told where it was typed, and to no other system.
                Err(failure) if failure.kind == FailureKind::Usage => return Err(failure),
                request => request.and_then(|request| perform(request, &gate, &report)),
            };
            if let Some(webhook) = webhook {
                notify(&webhook, command, &result, &report);
            }
            result
        }
    };
    let result = match system::processes::signals::wait_for(work, || report.tick()) {
        Ok(Waited::Done(result)) => result,
        Ok(Waited::Interrupted(work)) => interrupted(command, &gate, work),
        Err(error) => {
            let is_limit = matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::OutOfMemory);
            let failure = Failure::unexpected(anyhow::Error::from(error).context("cannot begin the work"));
            Err(if is_limit { failure.hint(system::processes::thread_limit::HINT) } else { failure })
        }
    };
    let reported = report.end(command, &result);
    result.and_then(|outcome| reported.map(|()| ExitCode::from(outcome.ending.exit_code())))
}

/// Sends the result as it is at its end. If that fails, the result stays what it is.
fn notify(webhook: &Webhook, command: CommandName, result: &Result<Outcome, Failure>, report: &Report) {
    let host = shown_host(&webhook.url);
    match webhook.deliver(&report.json(command, result)) {
        Ok(()) => report.event(&Event::Aside(format!("sent the result to `{host}`"))),
        Err(error) => report.event(&Event::Warned(format!("the result was not sent to `{host}`: {error}"))),
    }
}

/// Ends a command after a signal: a command that is done reports its result, and any other leaves nothing behind.
fn interrupted(command: CommandName, gate: &Gate, work: Work<Result<Outcome, Failure>>) -> Result<Outcome, Failure> {
    let pushed = match gate.close() {
        Stage::Done => return work.finish(),
        Stage::Before => None,
        Stage::Pushing => Some("the push had begun, and may or may not take effect"),
        Stage::Proposing => {
            Some("the release is pushed to its head branch, and its pull request may not be opened or changed yet")
        }
        Stage::Overtaken => Some("the release was pushed to its head branch, and then it lost a race"),
    };
    system::processes::programs::end_all();
    git::remove_temporary_files();
    let failure = Failure::from(Interrupted);
    Err(match (pushed, command) {
        (Some(state), CommandName::Rollback) => failure.detail(state).hint(
            "look with `tagship log` first: without `--to`, the same command goes back one more release if the push took effect",
        ),
        (Some(state), _) => failure.detail(state).hint(AGAIN),
        (None, CommandName::Release | CommandName::Rollback | CommandName::Promote) => failure.detail("nothing was pushed"),
        (None, CommandName::Set) => failure.detail("nothing was written"),
        // A command that only reads has no more to say.
        (None, _) => failure,
    })
}

fn perform(request: Request, gate: &Gate, report: &Report) -> Result<Outcome, Failure> {
    let listener = &mut |event: &Event<'_>| report.event(event);
    match request {
        Request::Release(request) => flow::release(&request, gate, listener),
        Request::Guard(request) => flow::guard(&request, listener),
        Request::Check(request) => flow::check(&request, listener),
        Request::Set(request) => flow::set(&request, gate, listener),
        Request::Log(request) => flow::log(&request, listener),
        Request::Status(request) => flow::status(&request, listener),
        Request::Rollback(request) => flow::rollback(&request, gate, listener),
        Request::Promote(request) => flow::promote(&request, gate, listener),
    }
}
