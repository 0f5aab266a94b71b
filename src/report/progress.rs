//! The one moving line of a wait, for people at a terminal. It changes no mode of the terminal and hides no cursor, so
//! that there is nothing to restore where the program is interrupted.

use std::cell::RefCell;
use std::fmt::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use super::text::visible;
use crate::outcome::Waiting;

/// How often the line moves.
const TICK: Duration = Duration::from_millis(120);

/// The line, where there is one at the moment.
#[derive(Default)]
pub(super) struct Progress(RefCell<Option<ProgressBar>>);

impl Progress {
    /// Draws the line, or changes what it says; the time goes on by itself.
    pub(super) fn show(&self, waiting: &Waiting<'_>) {
        let message = match waiting.images.as_slice() {
            [image] => format!("waiting for {}  {}", visible(&image.reference.to_string()), visible(&image.state)),
            images => format!("waiting for {} images", images.len()),
        };
        let mut bar = self.0.borrow_mut();
        let bar = bar.get_or_insert_with(|| {
            let limit = waiting.limit;
            let time = move |state: &ProgressState, line: &mut dyn Write| {
                // Where it cannot be drawn, nobody is there to see it.
                write!(line, "{}", clock(state.elapsed(), limit)).ok();
            };
            let style = ProgressStyle::with_template("{spinner} {msg}  {clock}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner())
                .tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ")
                .with_key("clock", time);
            let bar = ProgressBar::new_spinner().with_style(style).with_elapsed(waiting.elapsed);
            bar.enable_steady_tick(TICK);
            bar
        });
        bar.set_message(message);
    }

    /// Takes the line away, before anything else is written.
    pub(super) fn clear(&self) {
        if let Some(bar) = self.0.take() {
            bar.finish_and_clear();
        }
    }
}

/// Returns how much of a time is over, as `0:42 of 5:00`.
pub(super) fn clock(elapsed: Duration, limit: Duration) -> String {
    let show = |time: Duration| format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60);
    format!("{} of {}", show(elapsed.min(limit)), show(limit))
}

#[cfg(test)]
mod tests {
    use super::clock;
    use std::time::Duration;

    #[test]
    fn clocks() {
        for (elapsed, limit, expected) in
            [(0, 5, "0:00 of 0:05"), (42, 300, "0:42 of 5:00"), (3661, 7200, "61:01 of 120:00"), (9, 5, "0:05 of 0:05")]
        {
            assert_eq!(clock(Duration::from_secs(elapsed), Duration::from_secs(limit)), expected);
        }
    }
}
