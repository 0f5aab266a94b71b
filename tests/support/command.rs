//! Running a program so that nothing of the machine leaks in: no environment but `PATH`, a home of its own, no git
//! configuration, fixed dates, no terminal to ask, and a time limit after which the test fails instead of hanging.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::json_schema::problems_of_output;
use super::temporary_folder::{self, temporary_folder};

/// Long enough for a busy machine; a program that needs longer hangs.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// 2026-01-01, for every commit that the git program makes.
pub const COMMIT_DATE: &str = "1767225600 +0000";

/// A home directory that is deleted after its last user.
#[derive(Clone)]
pub struct Home(Arc<TempDir>);

impl Home {
    pub fn new() -> Self {
        let folder = temporary_folder("home-");
        for name in ["runtime", "tmp"] {
            std::fs::create_dir(folder.path().join(name)).expect("a folder in a new home");
        }
        Self(Arc::new(folder))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file below the home, with the folders above it.
    pub fn write(&self, path: &str, content: &str) -> PathBuf {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a path below the home")).expect("the folders of a file");
        std::fs::write(&path, content).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
        path
    }
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

/// A program, its arguments and its surroundings.
#[derive(Clone)]
pub struct Command {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    directory: Option<PathBuf>,
    home: Option<Home>,
    stdin: Option<Vec<u8>>,
    limit: Duration,
}

impl Command {
    /// Returns a program with a new home of its own.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { home: Some(Home::new()), ..Self::homeless(program) }
    }

    /// Returns a program that keeps nothing at home, so that no folders are made and deleted for each run of it.
    pub fn homeless(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            directory: None,
            home: None,
            stdin: None,
            limit: TIME_LIMIT,
        }
    }

    /// Returns the tagship binary, which lies at `path`, as a user without any settings would run it.
    pub fn tagship(path: impl Into<PathBuf>) -> Self {
        Self::new(path)
    }

    /// Returns the git program with an identity, so that it can commit.
    pub fn git() -> Self {
        let mut git = Self::homeless("git");
        for role in ["AUTHOR", "COMMITTER"] {
            git = git
                .env(format!("GIT_{role}_NAME"), "Test")
                .env(format!("GIT_{role}_EMAIL"), "test@example.com")
                .env(format!("GIT_{role}_DATE"), COMMIT_DATE);
        }
        git
    }

    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    #[must_use]
    pub fn current_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Uses a home that was made before, such as one with a docker config in it.
    #[must_use]
    pub fn home(mut self, home: &Home) -> Self {
        self.home = Some(home.clone());
        self
    }

    /// Gives the program something to read; without it, it reads the end at once.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// Lets another program run this one, such as `["setpriv", "--reuid=1"]`; none leaves it as it is.
    #[must_use]
    pub fn behind(mut self, wrapper: &[&str]) -> Self {
        if let [program, arguments @ ..] = wrapper {
            let own = std::mem::replace(&mut self.program, program.into());
            let before = arguments.iter().map(OsString::from).chain([own.into()]);
            self.arguments.splice(0..0, before);
        }
        self
    }

    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs the program to its end.
    #[track_caller]
    pub fn run(&self) -> Output {
        self.start().finish()
    }

    /// Runs the program to its end, and returns the processor time that it took. The shell tells that, at the end of stderr.
    #[track_caller]
    pub fn run_with_processor_time(self) -> (Output, Duration) {
        let output = self.behind(&["sh", "-c", r#""$@"; code=$?; times >&2; exit "$code""#, "sh"]).run();
        let seconds = |word: &str| {
            let (minutes, seconds) = word.strip_suffix('s')?.split_once('m')?;
            Some(60.0 * minutes.parse::<f64>().ok()? + seconds.parse::<f64>().ok()?)
        };
        let told = output.stderr();
        let words = told.lines().last().unwrap_or_default().split(' ');
        let time = words.map(seconds).sum::<Option<f64>>().unwrap_or_else(|| panic!("no times: {told}"));
        (output, Duration::from_secs_f64(time))
    }

    /// Starts the program, to do something else while it runs.
    #[track_caller]
    pub fn start(&self) -> Running {
        let mut child = self.spawn(&mut self.scrubbed());
        let stdout = collect(child.stdout.take().expect("stdout is piped"));
        let stderr = collect(child.stderr.take().expect("stderr is piped"));
        Running { child, stdout, stderr, deadline: Instant::now() + self.limit, command: self.clone() }
    }

    /// Starts the program, for a reader of what it prints as it prints it. What it says on stderr is not kept.
    #[track_caller]
    pub fn stream(&self) -> StreamedOutput {
        let mut child = self.spawn(self.scrubbed().stderr(Stdio::null()));
        StreamedOutput { pipe: child.stdout.take(), child }
    }

    #[track_caller]
    fn spawn(&self, command: &mut std::process::Command) -> Child {
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot run {}: {error}", self.show()));
        if let (Some(mut pipe), Some(bytes)) = (child.stdin.take(), self.stdin.clone()) {
            // A program may end without having read it all.
            thread::spawn(move || drop(pipe.write_all(&bytes)));
        }
        child
    }

    /// Returns the program in its scrubbed environment, for callers that hold the child themselves.
    pub fn scrubbed(&self) -> std::process::Command {
        let home = self.home.as_ref().map_or(Path::new("/nonexistent"), Home::path);
        let mut command = std::process::Command::new(find(&self.program));
        command.args(&self.arguments).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", home).env("LC_ALL", "C");
        command.env("XDG_CONFIG_HOME", home.join("config")).env("XDG_CACHE_HOME", home.join("cache"));
        command.env("XDG_DATA_HOME", home.join("data")).env("XDG_RUNTIME_DIR", home.join("runtime"));
        let own_folder = self.home.as_ref().map(|home| home.path().join("tmp"));
        command.env("TMPDIR", own_folder.unwrap_or_else(|| temporary_folder::parent().to_owned()));
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_TERMINAL_PROMPT", "0");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        // A group of its own, so that what the program started can be ended with it.
        command.process_group(0);
        command.stdin(if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn show(&self) -> String {
        let words = std::iter::once(self.program.as_os_str()).chain(self.arguments.iter().map(OsString::as_os_str));
        words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
    }
}

/// Returns where a program lies. By its name alone, the standard library would fork to find it in `PATH`, and so copy the
/// page tables of a large process each time.
fn find(program: &Path) -> PathBuf {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let is_name = program.components().count() == 1;
    let mut places = std::env::split_paths(&folders).map(|folder| folder.join(program)).filter(|_| is_name);
    places.find(|place| place.is_file()).unwrap_or_else(|| program.to_owned())
}

/// Reads a pipe to its end beside everything else, so that a full pipe stops neither side.
fn collect(mut pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        drop(pipe.read_to_end(&mut bytes));
        drop(sender.send(bytes));
    });
    receiver
}

/// A program that was started. It is ended when the test drops it.
pub struct Running {
    child: Child,
    stdout: Receiver<Vec<u8>>,
    stderr: Receiver<Vec<u8>>,
    deadline: Instant,
    command: Command,
}

impl Running {
    /// Sends a signal, such as `TERM`. A program that sets no handler of its own may ignore `INT`: it inherits that from
    /// tests which a shell runs in the background.
    pub fn signal(&self, name: &str) {
        assert!(signal(name, &self.child.id().to_string()), "cannot send SIG{name} to {}", self.command.show());
    }

    /// Waits for the end, and returns the most memory that the program has had, in bytes, as Linux tells it.
    #[track_caller]
    pub fn finish_with_peak(self) -> (Output, u64) {
        let (end, ended) = channel::<()>();
        let status = format!("/proc/{}/status", self.child.id());
        let name = self.command.program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let watch = thread::spawn(move || {
            let mut peak = 0;
            while ended.try_recv() == Err(TryRecvError::Empty) {
                peak = peak.max(peak_memory(&std::fs::read_to_string(&status).unwrap_or_default(), &name));
                thread::sleep(Duration::from_millis(1));
            }
            peak
        });
        let output = self.finish();
        drop(end);
        (output, watch.join().expect("a peak"))
    }

    /// Waits for the end, and fails the test if it does not come in time.
    #[track_caller]
    pub fn finish(mut self) -> Output {
        let time_left = |deadline: Instant| deadline.saturating_duration_since(Instant::now());
        let stdout = self.stdout.recv_timeout(time_left(self.deadline));
        let stderr = self.stderr.recv_timeout(time_left(self.deadline));
        let (Ok(stdout), Ok(stderr)) = (stdout, stderr) else {
            panic!("{} did not end within {:?}", self.command.show(), self.command.limit);
        };
        let status = loop {
            match self.child.try_wait().expect("the state of a child") {
                Some(status) => break status,
                None if time_left(self.deadline).is_zero() => {
                    panic!("{} closed its output and did not end", self.command.show());
                }
                None => thread::sleep(Duration::from_millis(1)),
            }
        };
        let problems = problems_of_output(&stdout);
        let schema = "docs/src/reference/output.schema.json";
        assert!(problems.is_empty(), "{} prints what {schema} does not say: {problems:#?}", self.command.show());
        Output { code: status.code(), stdout, stderr, command: self.command.show() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            if !signal("KILL", &format!("-{}", self.child.id())) {
                drop(self.child.kill());
            }
            drop(self.child.wait());
        }
    }
}

/// The output of a program that is running. If the rest is not read, the program ends at its next write, which is waited for.
pub struct StreamedOutput {
    pipe: Option<ChildStdout>,
    child: Child,
}

impl Read for StreamedOutput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.pipe.as_mut().map_or(Ok(0), |pipe| pipe.read(buffer))
    }
}

impl Drop for StreamedOutput {
    fn drop(&mut self) {
        drop(self.pipe.take());
        drop(self.child.wait());
    }
}

/// Returns the peak that a process's status in /proc tells, in bytes; 0 without one. Until it has become the program of this
/// name, it has the memory of the tests.
fn peak_memory(status: &str, name: &str) -> u64 {
    if status.lines().next() != Some(&format!("Name:\t{name}")) {
        return 0;
    }
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    kilobytes.and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or_default() << 10
}

/// Sends a signal by the shell's `kill`: the standard library can only kill, and only the child itself.
fn signal(name: &str, process: &str) -> bool {
    let script = r#"kill -s "$1" -- "$2""#;
    let status = std::process::Command::new("sh").args(["-c", script, "sh", name, process]).status();
    status.is_ok_and(|status| status.success())
}

/// How a program ended. The assertions print all it said if they fail.
pub struct Output {
    /// The exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    command: String,
}

impl Output {
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    #[track_caller]
    pub fn success(self) -> Self {
        self.exit(0)
    }

    #[track_caller]
    pub fn exit(self, code: i32) -> Self {
        assert!(self.code == Some(code), "exit code {:?} instead of {code}\n{}", self.code, self.show());
        self
    }

    #[track_caller]
    pub fn stdout_has(self, text: &str) -> Self {
        assert!(self.stdout().contains(text), "stdout lacks {text:?}\n{}", self.show());
        self
    }

    #[track_caller]
    pub fn stderr_has(self, text: &str) -> Self {
        assert!(self.stderr().contains(text), "stderr lacks {text:?}\n{}", self.show());
        self
    }

    /// Asserts that neither stream has the text, such as a password, which is not printed on failure either.
    #[track_caller]
    pub fn says_nowhere(self, secret: &str) -> Self {
        let said = format!("{}{}", self.stdout(), self.stderr()).contains(secret);
        assert!(!said, "the output has what it must not have\n{}", self.show().replace(secret, "(that)"));
        self
    }

    fn show(&self) -> String {
        format!("$ {}\n--- stdout\n{}\n--- stderr\n{}", self.command, self.stdout(), self.stderr())
    }
}

/// Returns whether this user may give files away and take other names.
pub fn is_root() -> bool {
    Command::homeless("id").arg("-u").run().success().stdout().trim() == "0"
}

/// Writes a program that can be run at once: a shell script, a hook.
///
/// Another program copies it there: a child that another thread forks while this process writes a file would inherit the open
/// file, and running the script then fails with "text file busy".
pub fn write_script(path: &Path, script: &str) {
    let folder = temporary_folder("script-");
    let written = folder.path().join("script");
    std::fs::write(&written, script).expect("a script");
    Command::homeless("install").args(["-m", "755"]).arg(&written).arg(path).run().success();
}
