//! A clean end on SIGINT, SIGTERM and SIGHUP. The work runs in its own thread, and the main thread waits for its end or for a
//! signal: a server that hangs blocks the work, and not the reaction to the signal. Each effect outside of the process goes
//! through a [`Gate`], which tells after a signal how far it had come.

use std::io;
use std::panic;
use std::sync::{Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
#[cfg(unix)]
use std::time::Duration;

use crate::system::backoff::Backoff;
#[cfg(unix)]
use crate::system::lock::lock;

/// The stack of the working thread in bytes. It is that of a main thread; the default for other threads is less.
const STACK: usize = 8 << 20;

/// How long after a signal another one counts as the same. `timeout` sends its signal twice, to the program and to its
/// process group; a launcher may pass on a signal that the terminal sent to all.
#[cfg(unix)]
const REPEAT_WINDOW: Duration = Duration::from_millis(500);

/// How often a wait looks at what the work is at.
#[cfg(unix)]
const TICK: Duration = Duration::from_millis(250);

/// How far the one effect of a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stage {
    #[default]
    Before,
    /// The push has begun; only the server knows whether it takes effect.
    Pushing,
    /// A head branch has the commit, and the forge is asked about its pull request.
    Proposing,
    /// A head branch got the commit, and then the release lost a race: another attempt comes.
    Overtaken,
    Done,
}

/// Guards the effects of a run: once it is closed, none begins.
#[derive(Debug, Default)]
pub struct Gate(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    stage: Stage,
    /// The stage at the beginning of the last push.
    before_push: Stage,
    is_closed: bool,
}

/// The gate was closed by a signal before the effect began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

impl Gate {
    /// Runs an effect that must not stop half way: [`close`](Self::close) waits for its end.
    pub fn whole<T, E>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<Result<T, E>, Interrupted> {
        let mut state = self.open()?;
        let result = work();
        if result.is_ok() {
            state.stage = Stage::Done;
        }
        Ok(result)
    }

    /// Marks the beginning of a push. Its effect is uncertain until [`end_push`](Self::end_push).
    pub fn begin_push(&self) -> Result<(), Interrupted> {
        let mut state = self.open()?;
        state.before_push = state.stage;
        state.stage = Stage::Pushing;
        Ok(())
    }

    /// Marks the end of a push, or of what follows it.
    pub fn end_push(&self, stage: Stage) {
        self.state().stage = stage;
    }

    /// Marks the end of a push without an effect. An earlier push of this run may have had one.
    pub fn end_vain_push(&self) {
        let mut state = self.state();
        state.stage = state.before_push;
    }

    /// Allows no more effects to begin, and returns how far the run has come.
    pub fn close(&self) -> Stage {
        let mut state = self.state();
        state.is_closed = true;
        state.stage
    }

    fn open(&self) -> Result<MutexGuard<'_, State>, Interrupted> {
        let state = self.state();
        if state.is_closed { Err(Interrupted) } else { Ok(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }
}

/// Stops ignoring SIGCHLD if the program that started us ignored it. While it is ignored, neither we nor the programs that we
/// start can wait for their children.
#[cfg(target_os = "linux")]
pub fn heed_children() {
    use signal_hook::consts::SIGCHLD;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    // A bit for each signal from 1 on.
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    if ignored & (1 << (SIGCHLD - 1)) != 0 {
        // A signal that is caught is not ignored, and has its default in a program that is started.
        signal_hook::flag::register(SIGCHLD, std::sync::Arc::default()).ok();
    }
}

#[cfg(not(target_os = "linux"))]
pub fn heed_children() {}

/// How the wait for some work ended.
pub enum Waited<T> {
    Done(T),
    /// A signal came first. A later one will kill the process.
    Interrupted(Work<T>),
}

/// Work that goes on.
pub struct Work<T>(JoinHandle<T>);

impl<T> Work<T> {
    /// Waits for the end.
    pub fn finish(self) -> T {
        self.0.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked))
    }
}

/// Runs the work, and waits for its end or for a signal. Calls `tick` a few times a second in the meantime. Fails if no thread
/// can be started or no signal handler installed.
#[cfg(unix)]
pub fn wait_for<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
    mut tick: impl FnMut(),
) -> io::Result<Waited<T>> {
    use signal_hook::consts::signal::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
    use signal_hook::flag;
    use signal_hook::iterator::Signals;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc::{RecvTimeoutError, channel};

    // A file that grows beyond the limit of the process would kill it. So its write fails, as on a full disk.
    flag::register(SIGXFSZ, Arc::default())?;
    let kills = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        flag::register_conditional_default(signal, kills.clone())?;
    }
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let (sender, came) = channel();
    let at_end = AtEnd(sender.clone());
    thread::Builder::new().spawn(move || {
        if signals.forever().next().is_some() {
            // The send fails if the work has ended already.
            sender.send(Wakeup::Signal).ok();
            Backoff::new(2, REPEAT_WINDOW, REPEAT_WINDOW).wait(REPEAT_WINDOW);
            kills.store(true, Ordering::Relaxed);
        }
    })?;
    let work = begin(move || {
        let _at_end = at_end;
        work()
    })?;
    loop {
        match came.recv_timeout(TICK) {
            Ok(Wakeup::Signal) => return Ok(Waited::Interrupted(work)),
            Ok(Wakeup::End) | Err(RecvTimeoutError::Disconnected) => return Ok(Waited::Done(work.finish())),
            Err(RecvTimeoutError::Timeout) => tick(),
        }
    }
}

#[cfg(not(unix))]
pub fn wait_for<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
    _: impl FnMut(),
) -> io::Result<Waited<T>> {
    begin(work).map(|work| Waited::Done(work.finish()))
}

fn begin<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<Work<T>> {
    thread::Builder::new().stack_size(STACK).spawn(work).map(Work)
}

/// What ended a wait.
#[cfg(unix)]
enum Wakeup {
    End,
    Signal,
}

/// Sends [`Wakeup::End`] when it is dropped, also by a panic of the work.
#[cfg(unix)]
struct AtEnd(std::sync::mpsc::Sender<Wakeup>);

#[cfg(unix)]
impl Drop for AtEnd {
    fn drop(&mut self) {
        self.0.send(Wakeup::End).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::{Gate, Interrupted, Stage, Waited, wait_for};
    use std::sync::mpsc::channel;
    use std::thread;

    #[test]
    fn no_effect_begins_once_the_gate_is_closed() {
        let gate = Gate::default();
        assert_eq!(gate.whole(|| Err::<(), _>("full")), Ok(Err("full")));
        assert_eq!(gate.begin_push(), Ok(()));
        gate.end_vain_push();
        assert_eq!(gate.close(), Stage::Before);
        assert_eq!(gate.begin_push(), Err(Interrupted));
        assert_eq!(gate.whole(|| Ok::<_, ()>(())), Err(Interrupted));
    }

    #[test]
    fn a_push_is_uncertain_until_its_end() {
        let gate = Gate::default();
        gate.begin_push().unwrap();
        assert_eq!(gate.close(), Stage::Pushing);
        gate.end_push(Stage::Done);
        assert_eq!(gate.close(), Stage::Done);
    }

    #[test]
    fn a_vain_push_does_not_hide_an_earlier_one() {
        let gate = Gate::default();
        gate.begin_push().unwrap();
        gate.end_push(Stage::Overtaken);
        gate.begin_push().unwrap();
        gate.end_vain_push();
        assert_eq!(gate.close(), Stage::Overtaken);
    }

    /// `close` gets the lock only after the effect has ended.
    #[test]
    fn close_waits_for_an_effect_that_must_not_stop() {
        let gate = Gate::default();
        let (begun, is_begun) = channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                gate.whole(|| {
                    begun.send(()).unwrap();
                    thread::yield_now();
                    Ok::<_, ()>(())
                })
            });
            is_begun.recv().unwrap();
            assert_eq!(gate.close(), Stage::Done);
        });
    }

    #[test]
    fn work_that_ends_is_waited_for() {
        let Waited::Done(result) = wait_for(|| 3, || {}).unwrap() else { panic!("interrupted") };
        assert_eq!(result, 3);
    }

    /// The work ends when it is looked at.
    #[test]
    fn work_that_takes_long_is_looked_at() {
        let (looked, is_looked_at) = channel();
        let ended = wait_for(move || is_looked_at.recv(), || looked.send(4).unwrap_or_default()).unwrap();
        let Waited::Done(result) = ended else { panic!("interrupted") };
        assert_eq!(result, Ok(4));
    }
}
