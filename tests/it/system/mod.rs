//! Programs that we start, signals that end us, files on disk, and a POST at the end.

mod programs;
mod webhook;
