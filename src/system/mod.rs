//! The machine: time, HTTP and TLS, other programs, signals and files on disk. It knows nothing of images, git or commands,
//! and each of its files is the only place that does its kind of thing.

pub mod appendable_file;
pub(crate) mod authorization_header;
pub mod backoff;
pub mod bounded_file;
pub mod bounded_json;
mod certificate;
pub mod client_certificate;
pub mod connection;
mod file_access;
pub mod files;
mod folder;
pub mod found_files;
pub(crate) mod hexadecimal;
pub mod http;
pub(crate) mod lock;
pub mod memory;
pub mod neighbourhood;
pub mod notices;
pub mod program_run;
pub mod programs;
pub mod proxy;
pub mod proxy_route;
pub mod retry_after;
pub(crate) mod sent_logins;
pub mod shown_path;
pub mod signals;
pub mod thread_limit;
pub mod tls;
pub mod untrusted_certificate;
pub mod webhook;
