//! What is told if the machine allows no more threads. The standard library, tokio and others panic if they cannot start one: a
//! hook for panics is the one place that sees all of them.

use std::panic;

/// What such a panic says: that of the standard library, and that of tokio.
const WORDS: [&str; 2] = ["failed to spawn thread", "OS can't spawn"];

/// What to do about the limit.
pub const HINT: &str =
    "raise the limit of processes, or that of memory: `ulimit -u`, `ulimit -v`, or those of the container";

/// From now on, a thread that cannot be started ends the program with one message in place of a panic, which
/// `complain` prints.
#[expect(clippy::exit, reason = "a panic would end the program too, as a bug")]
pub fn tell(complain: fn(&str)) {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let payload = panic.payload();
        let text = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref().copied());
        if text.is_some_and(|text| WORDS.iter().any(|words| text.contains(words))) {
            complain(&format!("error: cannot start a thread\n  hint: {HINT}\n"));
            std::process::exit(1);
        }
        usual(panic);
    }));
}
