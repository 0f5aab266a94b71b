//! Git's protocol over the pipes of a program: `ssh`, or git's own server for a local path. gix's transport would pass the
//! program's stderr on to ours, or drop it, and wait without a limit. Here stderr is kept for the error if the program
//! fails, and every wait has a limit.

use std::io::{self, Cursor, Read, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use gix::bstr::{BStr, ByteSlice as _};
use gix::protocol::transport::client::git::{ConnectMode, blocking_io};
use gix::protocol::transport::{Protocol, Service};

use super::allowance::{Allowance, OutOfTime};
use super::ssh::{Ssh, is_not_run};
use crate::git::error::GitError;
use crate::git::remotes::remote::{Remote, Server};
use crate::system::lock::lock;
use crate::system::processes::program_run::{Stream, StreamPart, lines};
use crate::system::processes::programs::{Program, command};

/// How many bytes of a program's stderr are kept: the last ones, because the reason comes last.
const STDERR_TAIL: usize = 16 << 10;

/// The most bytes of an answer that are read at a time, and how many such pieces may wait to be used.
const READ_SIZE: usize = 8 << 10;
const MAX_UNREAD_PIECES: usize = 4;

/// How many characters of what is not git's protocol are quoted.
const CHATTER_SHOWN: usize = 60;

/// The variable that asks a server for a version of the protocol.
const PROTOCOL_VARIABLE: &str = "GIT_PROTOCOL";

/// How long a program may take to exit once its conversation is over.
const EXIT_TIMEOUT: Duration = Duration::from_secs(2);

/// The variables of one repository (`git rev-parse --local-env-vars`). As git does, they are removed from the environment of
/// a program that works on another one.
const REPOSITORY_VARIABLES: [&str; 15] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR",
];

/// The transport of gix over the two pipes.
pub(super) type PipeTransport = blocking_io::Connection<ProgramOutput, ProgramInput>;

/// A conversation with a program. The transport holds the ends at which it is read and written.
pub(super) struct Pipe {
    program: Program,
    /// The name that messages use.
    name: &'static str,
    /// Whether it is an ssh client, which may fail before it reaches the repository.
    is_ssh: bool,
    stdin: Mutex<Option<Sender<Vec<u8>>>>,
    stdout: Mutex<Option<Receiver<io::Result<Vec<u8>>>>>,
    stderr: Option<Stream>,
    /// Whether anything came on stdout: then the login was accepted, and the repository exists.
    was_heard: AtomicBool,
    /// Why reading was given up; `None` if it was not.
    late: Mutex<Option<OutOfTime>>,
    /// Whether the host closed the connection before it looked at the login, as sshd does if many begin at once.
    was_turned_away: AtomicBool,
    /// What the program wrote that is not git's protocol; `None` if it wrote nothing of the kind.
    chatter: Mutex<Option<String>>,
    pub(super) allowance: Arc<Allowance>,
}

impl Pipe {
    /// Starts the program that connects to `service` of a repository.
    pub(in crate::git) fn open(
        remote: &Remote,
        server: &Server,
        service: Service,
        protocol: Protocol,
    ) -> Result<(Arc<Self>, PipeTransport), GitError> {
        let version = (protocol == Protocol::V2).then_some("version=2");
        let (name, program) = match server {
            Server::Ssh { ssh, path } => ("ssh", reach(remote, ssh, path.as_bstr(), service, version)?),
            Server::Local { path } => (service.as_str(), serve(path, service, version)?),
        };
        let pipe = Arc::new(Self {
            stdin: Mutex::new(program.stdin().map(written)),
            stdout: Mutex::new(program.stdout().map(read)),
            stderr: program.stderr().map(|stderr| Stream::read(stderr, StreamPart::End(STDERR_TAIL))),
            program,
            name,
            is_ssh: matches!(server, Server::Ssh { .. }),
            was_heard: AtomicBool::default(),
            was_turned_away: AtomicBool::default(),
            late: Mutex::default(),
            chatter: Mutex::default(),
            allowance: Arc::new(Allowance::new(remote.timeout)),
        });
        let (output, input) =
            (ProgramOutput { pipe: pipe.clone(), piece: Cursor::default() }, ProgramInput(pipe.clone()));
        let no_host = None::<(String, Option<u16>)>;
        let transport = blocking_io::Connection::new(output, input, protocol, "", no_host, ConnectMode::Process, false);
        Ok((pipe, transport))
    }

    /// Returns whether the host closed the connection before it looked at the login; known once the conversation has failed.
    pub(super) fn was_turned_away(&self) -> bool {
        self.was_turned_away.load(Ordering::Relaxed)
    }

    /// Returns the next piece of the program's output; an empty one at its end.
    fn next_piece(&self) -> io::Result<Vec<u8>> {
        self.allowance.check_time().map_err(|late| self.gave_up(late))?;
        let stdout = lock(&self.stdout);
        let Some(stdout) = stdout.as_ref() else {
            return Ok(Vec::new());
        };
        match stdout.recv_timeout(self.allowance.timeout) {
            Ok(Ok(piece)) if !self.was_heard.load(Ordering::Relaxed) && is_chatter(&piece) => {
                let begin: String = String::from_utf8_lossy(&piece).chars().take(CHATTER_SHOWN).collect();
                let begin = begin.lines().next().unwrap_or_default();
                let why = format!(
                    "`{}` wrote `{begin}` in place of git's protocol; a start-up file of the account may print that",
                    self.name
                );
                *lock(&self.chatter) = Some(why.clone());
                Err(io::Error::other(why))
            }
            Ok(Ok(piece)) => {
                self.was_heard.fetch_or(!piece.is_empty(), Ordering::Relaxed);
                self.allowance.draw(piece.len()).map_err(io::Error::other)?;
                Ok(piece)
            }
            Ok(Err(error)) => Err(error),
            Err(RecvTimeoutError::Disconnected) => Ok(Vec::new()),
            Err(RecvTimeoutError::Timeout) => Err(self.gave_up(OutOfTime::Silent(self.allowance.timeout))),
        }
    }

    fn gave_up(&self, late: OutOfTime) -> io::Error {
        *lock(&self.late) = Some(late);
        io::Error::new(io::ErrorKind::TimedOut, late)
    }

    /// Closes both pipes.
    fn close(&self) {
        lock(&self.stdin).take();
        lock(&self.stdout).take();
    }

    /// Returns what it means that the conversation failed with `error`.
    pub(in crate::git) fn failed(&self, remote: &Remote, error: anyhow::Error) -> GitError {
        self.close();
        let late = lock(&self.late).take().or_else(|| error.downcast_ref().copied());
        let late = late.map(|late| anyhow::Error::from(late).context(format!("`{}` takes too long", self.name)));
        let given_up = lock(&self.chatter).take().map(anyhow::Error::msg).or(late);
        let status = match &given_up {
            Some(_) => None,
            None => self.program.ended_by(Instant::now() + EXIT_TIMEOUT).ok().flatten(),
        };
        self.program.end();
        let stderr = self.stderr.as_ref().map(|stderr| stderr.take(Instant::now() + EXIT_TIMEOUT));
        let lines = lines(&stderr.unwrap_or_default());
        let details = lines.iter().map(|line| self.quoted(line)).collect();
        let remote = remote.to_string();
        if let (false, Some(code)) = (self.was_heard.load(Ordering::Relaxed), status.and_then(|status| status.code())) {
            match self.meaning(code, &lines) {
                ExitMeaning::Key => return GitError::KeyRefused { remote, details },
                ExitMeaning::HostKey => return GitError::HostKey { remote, details },
                ExitMeaning::NoProgram => return GitError::ProgramMissing { remote, details },
                ExitMeaning::NoAccess => return GitError::NoAccess { remote, login: None, details },
                ExitMeaning::TurnedAway => self.was_turned_away.store(true, Ordering::Relaxed),
                ExitMeaning::Other => {}
            }
        }
        let ended = |status: ExitStatus| anyhow::Error::msg(format!("`{}` ended with {status}", self.name));
        let source = match (given_up, status) {
            (Some(why), _) => why,
            (None, Some(status)) if !status.success() => ended(status),
            (None, Some(_)) if !self.was_heard.load(Ordering::Relaxed) => {
                anyhow::Error::msg(format!("`{}` ended without an answer", self.name))
            }
            (None, _) => error,
        };
        GitError::Unavailable { remote, answered: false, source, details }
    }

    /// Returns what the exit code of a program that wrote nothing to stdout means. An ssh client exits with 255 if it failed
    /// itself, and then only its stderr tells why; any other code is that of the program on the host.
    fn meaning(&self, code: i32, lines: &[String]) -> ExitMeaning {
        let says = |words: &[&str]| lines.iter().any(|line| words.iter().any(|words| line.contains(words)));
        let failed_by_itself = self.is_ssh && (code == 255 || says(&["FATAL ERROR"]));
        match code {
            0 => ExitMeaning::Other,
            _ if failed_by_itself && says(&HOST_KEY_WORDS) => ExitMeaning::HostKey,
            _ if failed_by_itself && says(&KEY_WORDS) => ExitMeaning::Key,
            _ if failed_by_itself && says(&TURNED_AWAY_WORDS) => ExitMeaning::TurnedAway,
            _ if failed_by_itself => ExitMeaning::Other,
            code if is_not_run(code) => ExitMeaning::NoProgram,
            _ => ExitMeaning::NoAccess,
        }
    }

    /// Returns a line of stderr with the program's name before it, once.
    fn quoted(&self, line: &str) -> String {
        let prefix = format!("{}: ", self.name);
        if line.starts_with(&prefix) { line.to_owned() } else { prefix + line }
    }
}

/// Returns whether the beginning of an output is not that of git's protocol, which begins with a length in hexadecimal.
fn is_chatter(piece: &[u8]) -> bool {
    piece.len() >= 4 && !piece[..4].iter().all(u8::is_ascii_hexdigit)
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.close();
        // The program gets time to exit by itself; its status does not matter any more.
        self.program.ended_by(Instant::now() + EXIT_TIMEOUT).ok();
    }
}

/// Why a program exited before it wrote anything to stdout.
enum ExitMeaning {
    /// The host accepts none of our keys.
    Key,
    /// The host's key is unknown, or has changed.
    HostKey,
    /// A shell did not find the program.
    NoProgram,
    /// The repository does not exist, or the login may not use it.
    NoAccess,
    /// The host closed the connection before it looked at the login.
    TurnedAway,
    Other,
}

/// What OpenSSH and plink say if they do not know the host's key, or if it has changed.
const HOST_KEY_WORDS: [&str; 4] = [
    "Host key verification failed",
    "host key is known for",
    "host key is not cached",
    "HOST IDENTIFICATION HAS CHANGED",
];

/// What they say if the host accepts none of our keys.
const KEY_WORDS: [&str; 3] =
    ["Permission denied", "Too many authentication failures", "No supported authentication methods"];

/// What OpenSSH says if the host closes the connection before it looked at the login.
const TURNED_AWAY_WORDS: [&str; 2] = ["kex_exchange_identification", "ssh_exchange_identification"];

/// Starts the ssh client.
fn reach(
    remote: &Remote,
    ssh: &Ssh,
    path: &BStr,
    service: Service,
    version: Option<&str>,
) -> Result<Program, GitError> {
    let command = ssh.command(service.as_str(), path, version, remote.timeout);
    let mut command = command.map_err(|what| remote.unsupported(what))?;
    let program = command.get_program().to_string_lossy().into_owned();
    start(&mut command).map_err(|source| GitError::NoProgram { program, source })
}

/// Starts git's own server for a path on this machine.
fn serve(path: &Path, service: Service, version: Option<&str>) -> Result<Program, GitError> {
    let with_path = |mut server: Command| {
        // The variable of our own environment is not meant for it.
        server.env_remove(PROTOCOL_VARIABLE).envs(version.map(|version| (PROTOCOL_VARIABLE, version)));
        start(server.arg(path))
    };
    let started = with_path(command(service.as_str())).or_else(|error| match error.kind() {
        // If git's subcommands are not on the search path, `git` itself finds them.
        io::ErrorKind::NotFound => {
            let mut git = command("git");
            git.arg(service.as_git_subcommand());
            with_path(git)
        }
        _ => Err(error),
    });
    started.map_err(|source| GitError::NoProgram { program: service.as_str().to_owned(), source })
}

fn start(command: &mut Command) -> io::Result<Program> {
    for name in REPOSITORY_VARIABLES {
        command.env_remove(name);
    }
    // Its stderr is searched for words, which must not be translated.
    command.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0");
    Program::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()))
}

/// The end of the pipe at which a program is read.
pub(super) struct ProgramOutput {
    pipe: Arc<Pipe>,
    piece: Cursor<Vec<u8>>,
}

impl Read for ProgramOutput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.piece.position() == self.piece.get_ref().len() as u64 {
            self.piece = Cursor::new(self.pipe.next_piece()?);
        }
        self.piece.read(buffer)
    }
}

/// The end of the pipe at which a program is written to.
pub(in crate::git) struct ProgramInput(Arc<Pipe>);

impl Write for ProgramInput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.allowance.ask();
        let stdin = lock(&self.0.stdin);
        let sent = stdin.as_ref().is_some_and(|stdin| stdin.send(bytes.to_vec()).is_ok());
        if sent { Ok(bytes.len()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes in a thread of its own, so that a program that does not read runs into the limit for its answer. One that refuses ends
/// without reading the rest: then its answer tells why, and what is still to be written is left.
fn written(mut stdin: impl Write + Send + 'static) -> Sender<Vec<u8>> {
    let (sender, receiver) = mpsc::channel::<Vec<u8>>();
    thread::spawn(move || {
        let mut reads = true;
        for piece in receiver {
            reads = reads && stdin.write_all(&piece).is_ok();
        }
    });
    sender
}

/// Reads in a thread of its own, so that the wait for a program that writes nothing has a limit.
fn read(stdout: impl Read + Send + 'static) -> Receiver<io::Result<Vec<u8>>> {
    fn pieces(mut stdout: impl Read, sender: &SyncSender<io::Result<Vec<u8>>>) {
        loop {
            let mut piece = vec![0; READ_SIZE];
            let read = stdout.read(&mut piece).map(|length| {
                piece.truncate(length);
                piece
            });
            let is_last = !read.as_ref().is_ok_and(|piece| !piece.is_empty());
            if sender.send(read).is_err() || is_last {
                return;
            }
        }
    }
    let (sender, receiver) = mpsc::sync_channel(MAX_UNREAD_PIECES);
    thread::spawn(move || pieces(stdout, &sender));
    receiver
}
