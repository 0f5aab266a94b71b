//! The integration tests, in one binary.
//!
//! A folder or file here is named as the room of `src` that it tests, and its files as their subjects. Beside the rooms
//! stand `action`, `docs` and `examples`, which are no Rust; `faults`, what a network may do; `security`, what an attacker
//! may try; `tidy`, which reads the source; and two fixtures: `stage`, a repository, a registry and the program, and
//! `pipeline`, which releases one build after the other. Servers and repositories are in `support`.
//!
//! There are two levels. A test of the **library** calls `tagship::…`: the registry client and the editor, which are
//! asked more than a command line can say. A test of the **program** runs the binary and looks at exit code, output,
//! repository and requests only: it begins with `stage::tagship` or a `Stage`. A file has one level, which its imports
//! tell (`tidy` holds it to that).
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests lay out files, and end where they go wrong")]
#![allow(unreachable_pub, reason = "no other crate uses a test")]

#[path = "../support/mod.rs"]
mod support;
#[path = "../support/self_test/mod.rs"]
mod support_self_test;

mod action;
mod cli;
mod docs;
mod examples;
mod faults;
mod flow;
mod forge;
mod git;
mod guards;
mod message;
mod pipeline;
mod registry;
mod report;
mod security;
mod stage;
mod system;
mod targets;
mod tidy;
