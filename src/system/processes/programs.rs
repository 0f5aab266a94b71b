//! The programs that we start: `ssh`, git's own servers for local paths, credential helpers, signers. Each gets its own
//! process group, so that its children end with it, and Ctrl-C at a terminal goes to us alone. All are kept in one list, so
//! that none outlives us.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use crate::system::backoff::Backoff;
use crate::system::lock::lock;

/// How long a program may take to exit after SIGTERM. git removes its locks in that time.
const EXIT_TIMEOUT: Duration = Duration::from_secs(2);

/// The programs that run; `None` if no more may be started. A process has one set of children, so there is one list.
static RUNNING: Mutex<Option<Vec<Arc<Mutex<Child>>>>> = Mutex::new(Some(Vec::new()));

/// What the variables of our settings begin with: our own, and those of a step of a CI system.
const PREFIXES: [&str; 3] = ["TAGSHIP_", "PLUGIN_", "INPUT_"];

/// The settings that are logins, and those with a URL, which may have one. A credential helper, `ssh` and a hook have logins
/// of their own.
const SETTINGS: [&str; 11] = [
    "GIT_TOKEN",
    "TOKEN",
    "REGISTRY_PASSWORD",
    "NOTIFY",
    "NOTIFY_SECRET",
    "REPO",
    "REPOSITORY",
    "FROM_REPO",
    "FROM_REPOSITORY",
    "FORGE_URL",
    "DOWNLOAD_BASE_URL",
];

/// The variables of CI systems with logins that we use ourselves.
const LOGINS: [&str; 8] = [
    "GITHUB_TOKEN",
    "GITEA_TOKEN",
    "FORGEJO_TOKEN",
    "CI_JOB_TOKEN",
    "CI_REGISTRY_PASSWORD",
    // GitLab's job token is in this URL too.
    "CI_REPOSITORY_URL",
    "SYSTEM_ACCESSTOKEN",
    "DOCKER_AUTH_CONFIG",
];

/// Where programs are searched if the path names no place.
const SYSTEM_PROGRAMS: &str = "/usr/local/bin:/usr/bin:/bin";

/// The path in which programs are searched, if it is not that of our environment.
static SEARCH_PATH: OnceLock<OsString> = OnceLock::new();

/// Returns the variables that no program gets.
pub(crate) fn logins() -> impl Iterator<Item = String> {
    let settings = PREFIXES.iter().flat_map(|prefix| SETTINGS.map(|setting| format!("{prefix}{setting}")));
    // GitHub's runner keeps the hyphens of an input's name.
    let inputs = SETTINGS.map(|setting| format!("INPUT_{}", setting.replace('_', "-")));
    LOGINS.map(str::to_owned).into_iter().chain(settings).chain(inputs)
}

/// Returns the command that starts a program, without arguments.
#[expect(clippy::disallowed_methods, reason = "the one place that starts programs")]
pub fn command(program: impl AsRef<OsStr>) -> Command {
    Command::new(program)
}

/// Has programs searched in [`absolute_parts`] of this path, which is that of our environment, and passes it on to them.
pub fn search_in(path: Option<&OsStr>) {
    let path = path.unwrap_or_default();
    let absolute = absolute_parts(path);
    if absolute != path {
        // There is one environment.
        SEARCH_PATH.set(absolute).ok();
    }
}

/// Returns a search path without the parts that are empty or relative. Those mean the current folder, in which a branch may have
/// put a program of any name. What is left is never empty, because an empty path means that folder too.
pub fn absolute_parts(path: &OsStr) -> OsString {
    let absolute = env::split_paths(path).filter(|folder| folder.is_absolute());
    // It fails for a folder with a separator in its name, and no part of a path has one.
    let absolute = env::join_paths(absolute).unwrap_or_default();
    if absolute.is_empty() { OsString::from(SYSTEM_PROGRAMS) } else { absolute }
}

/// A program that was started. Dropping it ends the program.
pub struct Program(Arc<Mutex<Child>>);

impl Program {
    /// Starts a program, which gets our environment without our logins, and with the path of [`search_in`]. Fails if the system
    /// refuses it, or after [`end_all`].
    pub fn start(command: &mut Command) -> io::Result<Self> {
        for variable in logins() {
            command.env_remove(variable);
        }
        if let Some(path) = SEARCH_PATH.get() {
            command.env("PATH", path);
        }
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let mut running = lock(&RUNNING);
        let running = running.as_mut().ok_or_else(|| io::Error::other("interrupted"))?;
        let child = Arc::new(Mutex::new(command.spawn().map_err(not_started)?));
        running.push(child.clone());
        Ok(Self(child))
    }

    /// Returns the pipe to the program's stdin, once; `None` if that is no pipe.
    pub fn stdin(&self) -> Option<ChildStdin> {
        lock(&self.0).stdin.take()
    }

    /// Returns the pipe from the program's stdout, once; `None` if that is no pipe.
    pub fn stdout(&self) -> Option<ChildStdout> {
        lock(&self.0).stdout.take()
    }

    /// Returns the pipe from the program's stderr, once; `None` if that is no pipe.
    pub fn stderr(&self) -> Option<ChildStderr> {
        lock(&self.0).stderr.take()
    }

    /// Waits for the program to exit, up to `deadline`; `None` if it has not exited by then.
    pub fn ended_by(&self, deadline: Instant) -> io::Result<Option<ExitStatus>> {
        ended_by(&self.0, deadline)
    }

    /// Ends the program and its children: with SIGTERM first, because a killed git leaves its locks behind.
    pub fn end(&self) {
        end(std::slice::from_ref(&self.0));
    }
}

/// Returns why a program was not started, with what a person may miss in the path.
fn not_started(error: io::Error) -> io::Error {
    match SEARCH_PATH.get() {
        Some(_) if error.kind() == io::ErrorKind::NotFound => {
            let what = format!("{error}; parts of `PATH` that are empty or relative are passed over");
            io::Error::new(io::ErrorKind::NotFound, what)
        }
        _ => error,
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
        if let Some(running) = lock(&RUNNING).as_mut() {
            running.retain(|child| !Arc::ptr_eq(child, &self.0));
        }
    }
}

/// Ends all programs, and allows no more to start.
pub fn end_all() {
    let running = lock(&RUNNING).take();
    end(&running.unwrap_or_default());
}

fn end(children: &[Arc<Mutex<Child>>]) {
    for child in children {
        stop(child, StopSignal::Terminate);
    }
    let deadline = Instant::now() + EXIT_TIMEOUT;
    for child in children {
        if !matches!(ended_by(child, deadline), Ok(Some(_))) {
            stop(child, StopSignal::Kill);
            // This fails only if the exit status has been read already.
            lock(child).wait().ok();
        }
    }
}

fn ended_by(child: &Mutex<Child>, deadline: Instant) -> io::Result<Option<ExitStatus>> {
    let mut backoff = Backoff::new(u32::MAX, Duration::from_millis(1), Duration::from_millis(20)).until(deadline);
    loop {
        if let Some(status) = lock(child).try_wait()? {
            return Ok(Some(status));
        }
        if !backoff.wait(Duration::ZERO) {
            return Ok(None);
        }
    }
}

/// How a program is ended.
#[derive(Clone, Copy)]
enum StopSignal {
    Terminate,
    Kill,
}

/// Sends a signal to the program's group, if the program still runs: the id of one that has exited may belong to another.
fn stop(child: &Mutex<Child>, stop_signal: StopSignal) {
    let mut child = lock(child);
    if !matches!(child.try_wait(), Ok(None)) {
        return;
    }
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process_group};
        let signal = match stop_signal {
            StopSignal::Terminate => Signal::TERM,
            StopSignal::Kill => Signal::KILL,
        };
        // This fails if the program exits in this moment.
        kill_process_group(Pid::from_child(&child), signal).ok();
    }
    #[cfg(not(unix))]
    if let StopSignal::Terminate | StopSignal::Kill = stop_signal {
        child.kill().ok();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::{Program, command};
    use std::io::Read as _;
    use std::process::Stdio;
    use std::time::{Duration, Instant};

    fn shell(script: &str) -> Program {
        Program::start(command("sh").args(["-c", script]).stdin(Stdio::null()).stdout(Stdio::piped())).expect("a shell")
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    #[test]
    fn an_exit_is_waited_for() {
        assert_eq!(shell("exit 3").ended_by(soon()).unwrap().unwrap().code(), Some(3));
        assert!(shell("sleep 100").ended_by(Instant::now()).unwrap().is_none());
    }

    /// The pipe is open as long as any of them lives.
    #[test]
    fn the_children_of_a_program_end_with_it() {
        let program = shell("(sleep 100; echo late) & echo begun; sleep 100");
        let mut output = program.stdout().unwrap();
        output.read_exact(&mut [0; 6]).unwrap();
        program.end();
        assert_eq!(std::io::read_to_string(output).unwrap(), "");
    }

    #[test]
    fn a_program_that_ignores_sigterm_is_killed() {
        let program = shell("trap '' TERM; echo begun; while :; do sleep 1; done");
        program.stdout().unwrap().read_exact(&mut [0; 6]).unwrap();
        program.end();
        assert!(program.ended_by(Instant::now()).unwrap().is_some());
    }
}
