//! A clean end on SIGINT, SIGTERM and SIGHUP. The work is done in a thread of its own while the main thread waits for its
//! end or for a signal: a server that hangs can then block the work, and not the answer to the signal. What has an effect
//! on the world passes through a [`Gate`], so that it is known how far it came. What to say is the caller's business.

use std::io;
use std::panic;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
#[cfg(unix)]
use std::time::Duration;

#[cfg(unix)]
use crate::system::backoff::Backoff;

/// The stack of the working thread in bytes, which is that of a main thread: the default for others is less.
const STACK: usize = 8 << 20;

/// How long another signal is taken for the first one again. `timeout` sends its own twice, to the program and to the group
/// that it is in; so come those that a terminal sends and a launcher hands on.
#[cfg(unix)]
const REPEAT_WINDOW: Duration = Duration::from_millis(500);

/// How far the one effect of a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stage {
    #[default]
    Before,
    /// It is at the server, which alone knows what becomes of it.
    Pushing,
    Done,
}

/// What the effects of a run pass through. Once it is closed, none begins.
#[derive(Debug, Default)]
pub struct Gate(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    stage: Stage,
    is_closed: bool,
}

/// A signal came before the effect began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

impl Gate {
    /// Does what must not be left half done: who closes the gate waits for its end.
    pub fn whole<T, E>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<Result<T, E>, Interrupted> {
        let mut state = self.open()?;
        let result = work();
        if result.is_ok() {
            state.stage = Stage::Done;
        }
        Ok(result)
    }

    /// A push begins. Its end is uncertain up to [`end_push`](Self::end_push).
    pub fn begin_push(&self) -> Result<(), Interrupted> {
        self.open()?.stage = Stage::Pushing;
        Ok(())
    }

    /// The push that was begun has an end: [`Stage::Done`], or [`Stage::Before`] where it had no effect.
    pub fn end_push(&self, stage: Stage) {
        self.state().stage = stage;
    }

    /// Lets no effect begin any more, and returns how far it came.
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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

/// Does the work, and waits for its end or for a signal. Fails where threads or signals are not to be had.
#[cfg(unix)]
pub fn wait_for<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<Waited<T>> {
    use signal_hook::consts::signal::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::flag;
    use signal_hook::iterator::Signals;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc::channel;

    let kills = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        flag::register_conditional_default(signal, kills.clone())?;
    }
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let (sender, came) = channel();
    let at_end = AtEnd(sender.clone());
    thread::Builder::new().spawn(move || {
        if signals.forever().next().is_some() {
            // Nobody may be waiting any more.
            sender.send(Came::Signal).ok();
            Backoff::new(2, REPEAT_WINDOW, REPEAT_WINDOW).wait(REPEAT_WINDOW);
            kills.store(true, Ordering::Relaxed);
        }
    })?;
    let work = begin(move || {
        let _at_end = at_end;
        work()
    })?;
    Ok(match came.recv() {
        Ok(Came::Signal) => Waited::Interrupted(work),
        Ok(Came::End) | Err(_) => Waited::Done(work.finish()),
    })
}

#[cfg(not(unix))]
pub fn wait_for<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<Waited<T>> {
    begin(work).map(|work| Waited::Done(work.finish()))
}

fn begin<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<Work<T>> {
    thread::Builder::new().stack_size(STACK).spawn(work).map(Work)
}

/// What a wait was ended by.
#[cfg(unix)]
enum Came {
    End,
    Signal,
}

/// Tells where the work ends, be it by a panic.
#[cfg(unix)]
struct AtEnd(std::sync::mpsc::Sender<Came>);

#[cfg(unix)]
impl Drop for AtEnd {
    fn drop(&mut self) {
        self.0.send(Came::End).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::{Gate, Interrupted, Stage, Waited, wait_for};
    use std::sync::mpsc::channel;
    use std::thread;

    #[test]
    fn nothing_begins_once_the_gate_is_closed() {
        let gate = Gate::default();
        assert_eq!(gate.whole(|| Err::<(), _>("full")), Ok(Err("full")));
        assert_eq!(gate.begin_push(), Ok(()));
        gate.end_push(Stage::Before);
        assert_eq!(gate.close(), Stage::Before);
        assert_eq!(gate.begin_push(), Err(Interrupted));
        assert_eq!(gate.whole(|| Ok::<_, ()>(())), Err(Interrupted));
    }

    #[test]
    fn a_push_is_uncertain_up_to_its_end() {
        let gate = Gate::default();
        gate.begin_push().unwrap();
        assert_eq!(gate.close(), Stage::Pushing);
        gate.end_push(Stage::Done);
        assert_eq!(gate.close(), Stage::Done);
    }

    /// The one who closes gets the lock only after what is done as a whole.
    #[test]
    fn what_is_done_as_a_whole_is_waited_for() {
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
        let Waited::Done(result) = wait_for(|| 3).unwrap() else { panic!("interrupted") };
        assert_eq!(result, 3);
    }
}
