//! Whether work grows as its input does. It is measured in processor time of one thread, and compared within one run, so a slow or
//! busy machine changes nothing.

use std::time::Duration;

use rustix::time::{ClockId, Timespec, clock_gettime};

/// How many times as large the larger input is.
const FACTOR: usize = 8;

/// Panics if work on an input of `size` takes much more than eight times as long as on an eighth of it. A search in all of it for
/// each of its parts takes 64 times as long.
pub fn assert_grows_with_its_size(size: usize, work: impl Fn(usize)) {
    let time = |size| {
        let begun = processor_time();
        work(size);
        processor_time() - begun
    };
    let least_of_three = |size| (0..3).map(|_| time(size)).min().unwrap_or_default();
    let (small, large) = (least_of_three(size / FACTOR), least_of_three(size));
    assert!(large < 3 * FACTOR as u32 * small, "{size} took {large:?}, and an eighth of that {small:?}");
}

fn processor_time() -> Duration {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::ThreadCPUTime);
    Duration::from_secs(tv_sec.unsigned_abs()) + Duration::from_nanos(tv_nsec.unsigned_abs())
}
