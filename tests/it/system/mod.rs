//! Programs that we start, signals that end us, and files on disk.

mod programs;
