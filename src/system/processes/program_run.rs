//! A program that is run to its end: it gets its input, and what it writes is kept, all within a limit. What we listen to
//! are pipes of our own, so that a program that hangs, or leaves a child behind, keeps nothing of ours open.

use std::io::{self, Read, Write as _};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::programs::Program;
use crate::system::lock::lock;

/// The most bytes that are kept of each stream.
const MAX_OUTPUT: usize = 1 << 20;

/// How long a stream may stay open once the program has exited: a child of it may hold it for ever.
const LAST_OUTPUT: Duration = Duration::from_secs(1);

/// A program that has exited, with the beginning of what it wrote.
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Finished {
    /// Returns the lines on stderr that are not empty.
    pub fn error_lines(&self) -> Vec<String> {
        lines(&self.stderr)
    }
}

/// Returns the lines of what a program wrote that are not empty.
pub fn lines(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    text.lines().map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()).collect()
}

/// Runs a program with this input. Returns `None` if it has not exited by `deadline`; then it and its children are ended.
pub fn run(command: &mut Command, input: Vec<u8>, deadline: Instant) -> io::Result<Option<Finished>> {
    let program = Program::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()))?;
    if let Some(mut stdin) = program.stdin() {
        // A program that does not read its input may have exited already; its status tells.
        thread::spawn(move || stdin.write_all(&input).ok());
    }
    let stdout = program.stdout().map(|stdout| Stream::read(stdout, StreamPart::Beginning(MAX_OUTPUT)));
    let stderr = program.stderr().map(|stderr| Stream::read(stderr, StreamPart::Beginning(MAX_OUTPUT)));
    let Some(status) = program.ended_by(deadline)? else {
        return Ok(None);
    };
    let end = Instant::now() + LAST_OUTPUT;
    let bytes = |stream: Option<Stream>| stream.map(|stream| stream.take(end)).unwrap_or_default();
    Ok(Some(Finished { status, stdout: bytes(stdout), stderr: bytes(stderr) }))
}

/// Which part of a stream is kept, up to so many bytes.
#[derive(Clone, Copy)]
pub enum StreamPart {
    /// If there is more, the stream is closed.
    Beginning(usize),
    End(usize),
}

/// What a program writes to one stream, read in a thread of its own.
pub struct Stream {
    bytes: Arc<Mutex<Vec<u8>>>,
    ended: Mutex<Receiver<()>>,
}

impl Stream {
    pub fn read(mut stream: impl Read + Send + 'static, part: StreamPart) -> Self {
        let bytes = Arc::<Mutex<Vec<u8>>>::default();
        let (sender, ended) = mpsc::channel::<()>();
        let sink = bytes.clone();
        thread::spawn(move || {
            // Dropping the sender is the signal that the stream has ended.
            let _sender = sender;
            let mut piece = [0; 4 << 10];
            while let Ok(length @ 1..) = stream.read(&mut piece) {
                let mut bytes = lock(&sink);
                bytes.extend_from_slice(&piece[..length]);
                match part {
                    // The pipe closes, which ends a program that writes without an end.
                    StreamPart::Beginning(most) if bytes.len() > most => break,
                    StreamPart::Beginning(_) => {}
                    StreamPart::End(most) => {
                        let excess = bytes.len().saturating_sub(most);
                        bytes.drain(..excess);
                    }
                }
            }
        });
        Self { bytes, ended: Mutex::new(ended) }
    }

    /// Takes out what has come by `end`, or by the end of the stream. A program that has exited may have left it open to a child
    /// that runs on.
    pub fn take(&self, end: Instant) -> Vec<u8> {
        lock(&self.ended).recv_timeout(end.saturating_duration_since(Instant::now())).ok();
        std::mem::take(&mut *lock(&self.bytes))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::{Finished, run};
    use crate::system::processes::programs::command;
    use std::time::{Duration, Instant};

    fn shell(script: &str, limit: Duration) -> Option<Finished> {
        run(command("sh").args(["-c", script]), b"in\n".to_vec(), Instant::now() + limit).expect("a shell")
    }

    #[test]
    fn what_a_program_reads_and_writes() {
        let finished = shell("cat; echo err >&2; exit 3", Duration::from_secs(20)).unwrap();
        assert_eq!(finished.status.code(), Some(3));
        assert_eq!(finished.stdout, b"in\n");
        assert_eq!(finished.error_lines(), ["err"]);
    }

    #[test]
    fn a_program_has_a_limit_and_so_has_its_child() {
        let begun = Instant::now();
        assert!(shell("sleep 100", Duration::from_millis(100)).is_none());
        let finished = shell("sleep 100 & echo out", Duration::from_secs(20)).unwrap();
        assert_eq!(finished.stdout, b"out\n");
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    }

    #[test]
    fn a_program_that_writes_without_an_end() {
        let finished = shell("yes", Duration::from_secs(20)).unwrap();
        assert!(!finished.status.success());
    }
}
