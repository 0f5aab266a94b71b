//! The one moving line of a wait, for people at a terminal. It changes no mode of the terminal and hides no cursor, so
//! that there is nothing to restore if the program is interrupted.

use std::fmt::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use super::escape::visible;
use super::text::clock;
use crate::outcome::Waiting;

/// How often the line moves.
const TICK: Duration = Duration::from_millis(120);

/// The line, if one is shown at the moment.
#[derive(Default)]
pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    /// Draws the line, or changes what it says; the time goes on by itself.
    pub(super) fn show(&mut self, waiting: &Waiting<'_>) {
        let message = match waiting.images.as_slice() {
            [image] => format!("waiting for {}  {}", visible(&image.reference.to_string()), visible(&image.state)),
            images => format!("waiting for {} images", images.len()),
        };
        let bar = self.0.get_or_insert_with(|| {
            let limit = waiting.limit;
            let time = move |state: &ProgressState, line: &mut dyn Write| {
                // If it cannot be drawn, there is no reader to miss it.
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

    /// Clears the line, before anything else is written.
    pub(super) fn clear(&mut self) {
        if let Some(bar) = self.0.take() {
            bar.finish_and_clear();
        }
    }
}
