//! A machine that fails, programs that we start, signals that end us, files on disk, and a POST at the end.

mod machine;
mod programs;
mod webhook;
