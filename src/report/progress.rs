//! What a run tells while it waits. At a terminal it is one moving line, which changes no mode of the terminal and hides no
//! cursor, so that there is nothing to restore if the program is interrupted. In a log it is one line a change.
//!
//! What takes long is told once it has taken [`UNTOLD`]; a wait that the user asked for is told from its beginning.

use std::fmt::Write;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::escape::visible;
use super::text::{clock, minutes};
use crate::outcome::{Activity, BranchInRemote, Event, Waiting};

/// How long something may take before it is told.
const UNTOLD: Duration = Duration::from_secs(2);

/// How often the line moves.
const TICK: Duration = Duration::from_millis(120);

/// What goes on, and the line that tells it.
pub(super) struct Progress {
    /// Whether a line can move on stderr.
    moves: bool,
    line: Option<ProgressBar>,
    ongoing: Option<Ongoing>,
}

struct Ongoing {
    text: String,
    begun: Instant,
    is_told: bool,
}

/// Returns whether a moving line is drawn on stderr: in a log, and at a terminal that cannot, it would tell nothing.
pub(super) fn is_drawn() -> bool {
    !ProgressDrawTarget::stderr().is_hidden()
}

impl Progress {
    pub(super) fn new(moves: bool) -> Self {
        Self { moves, line: None, ongoing: None }
    }

    /// Takes note of an event. Returns whether there is nothing else to print of it; else the moving line is cleared.
    pub(super) fn takes(&mut self, event: &Event<'_>, now: Instant) -> bool {
        match event {
            Event::Began(activity) => {
                self.clear();
                self.ongoing = Some(Ongoing { text: text(activity), begun: now, is_told: false });
                true
            }
            Event::Waiting(waiting) => {
                self.ongoing = None;
                if self.moves {
                    self.show(waiting);
                }
                self.moves
            }
            _ => {
                self.clear();
                if matches!(event, Event::Pushed { .. } | Event::Proposed { .. } | Event::Raced { .. }) {
                    self.ongoing = None;
                }
                false
            }
        }
    }

    /// Tells what goes on if it has taken long enough. Returns the line for a log, once; a terminal gets the moving one.
    pub(super) fn tick(&mut self, now: Instant) -> Option<String> {
        let ongoing = self.ongoing.as_mut().filter(|ongoing| now.duration_since(ongoing.begun) >= UNTOLD)?;
        if self.moves {
            let begun = ongoing.begun;
            let time = move |_: &ProgressState| minutes(begun.elapsed());
            let line = self.line.get_or_insert_with(|| moving(Duration::ZERO, time));
            line.set_message(ongoing.text.clone());
            return None;
        }
        (!std::mem::replace(&mut ongoing.is_told, true)).then(|| ongoing.text.clone())
    }

    /// Clears the moving line, before anything else is written.
    pub(super) fn clear(&mut self) {
        if let Some(line) = self.line.take() {
            line.finish_and_clear();
        }
    }

    /// Draws the line of a wait, or changes what it says; the time goes on by itself.
    fn show(&mut self, waiting: &Waiting<'_>) {
        let message = match waiting.images.as_slice() {
            [image] => format!("waiting for {}  {}", visible(&image.reference.to_string()), visible(&image.state)),
            images => format!("waiting for {} images", images.len()),
        };
        let limit = waiting.limit;
        let time = move |state: &ProgressState| clock(state.elapsed(), limit);
        self.line.get_or_insert_with(|| moving(waiting.elapsed, time)).set_message(message);
    }
}

/// Returns a line that moves, with the time behind its message.
fn moving(elapsed: Duration, time: impl Fn(&ProgressState) -> String + Clone + Send + Sync + 'static) -> ProgressBar {
    let clock = move |state: &ProgressState, line: &mut dyn Write| {
        // If it cannot be drawn, there is no reader to miss it.
        write!(line, "{}", time(state)).ok();
    };
    let style = ProgressStyle::with_template("{spinner} {msg}  {clock}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
        .tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ")
        .with_key("clock", clock);
    let line = ProgressBar::new_spinner().with_style(style).with_elapsed(elapsed);
    line.enable_steady_tick(TICK);
    line
}

/// Returns what goes on, in words.
fn text(activity: &Activity<'_>) -> String {
    match activity {
        Activity::Looking { images, branch } => {
            let images = match images.as_slice() {
                [] => None,
                [image] => Some(format!("asking for {}", visible(&image.to_string()))),
                images => Some(format!("asking for {} images", images.len())),
            };
            let branch = branch.as_ref().map(|branch| format!("reading {}", place(branch)));
            images.into_iter().chain(branch).collect::<Vec<_>>().join(" and ")
        }
        Activity::Signing => "signing the commit".to_owned(),
        Activity::Pushing(branch) => format!("pushing to {}", place(branch)),
        Activity::Pausing { next, attempts } => format!("pausing before attempt {next} of {attempts}"),
        Activity::Asking { forge, to } => format!("asking {forge} to {to}"),
    }
}

fn place(BranchInRemote { remote, branch }: &BranchInRemote<'_>) -> String {
    format!("{} of {}", visible(branch), visible(remote))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Activity, BranchInRemote, Event, Progress};

    #[test]
    fn what_takes_long_is_told_once_in_a_log() {
        let begun = Instant::now();
        let at = |milliseconds| begun + Duration::from_millis(milliseconds);
        let push = || Event::Began(Activity::Pushing(BranchInRemote { remote: "host/config", branch: "main" }));
        let mut progress = Progress::new(false);
        assert!(progress.takes(&push(), begun));
        for (time, told) in
            [(0, None), (1_999, None), (2_000, Some("pushing to main of host/config")), (2_250, None), (60_000, None)]
        {
            assert_eq!(progress.tick(at(time)).as_deref(), told, "after {time} ms");
        }
        let pause = Event::Began(Activity::Pausing { next: 2, attempts: 10 });
        assert!(progress.takes(&pause, at(60_000)));
        assert_eq!(progress.tick(at(61_000)), None, "each has its own two seconds");
        assert_eq!(progress.tick(at(62_000)).as_deref(), Some("pausing before attempt 2 of 10"));
    }

    #[test]
    fn a_note_does_not_end_what_goes_on_and_a_result_does() {
        let begun = Instant::now();
        let later = begun + Duration::from_secs(3);
        let ends = |event: &Event<'_>| {
            let mut progress = Progress::new(false);
            progress.takes(&Event::Began(Activity::Signing), begun);
            assert!(!progress.takes(event, begun));
            progress.tick(later).is_none()
        };
        assert!(!ends(&Event::Noted("a note".to_owned())));
        assert!(ends(&Event::Raced { branch: "main", has_moved: true, attempt: 1, attempts: 2 }));
    }
}
