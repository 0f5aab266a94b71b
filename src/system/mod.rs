//! The machine: time, HTTP and TLS, other programs, signals and files on disk. It knows nothing of images, git or commands,
//! and each of its files is the only place that does its kind of thing: `network` connects, `disk` has files, `processes` has
//! programs and signals. What is loose is used by several of these.

pub mod backoff;
pub mod bounded_json;
pub mod disk;
pub(crate) mod hexadecimal;
pub(crate) mod lock;
pub mod network;
pub mod processes;
