//! What the tests and the quickstart run against: real protocols on loopback, and real repositories on disk.
//!
//! [`registry`] is an OCI registry and [`git_server`] lets git answer over HTTP; both sit on the small server in [`http`],
//! misbehave on request and keep a log of what they were asked, so that a test can count. [`forge`] is a forge with its API.
//! [`proxy`] and [`relay`] stand between client and server; the latter can cut the connection at any byte, and [`long_line`]
//! counts what leaves the server of an answer; [`failing_network`] lets messages meet faults, as a seed says. [`repository`]
//! makes bare repositories and checkouts with the git program, [`command`] runs a program in a scrubbed environment, [`act`]
//! a GitHub workflow, [`growth`] tells whether work grows as its input does, [`json_schema`] holds what the program prints to its schema, and [`servers`] starts the real
//! docker-registry and sshd if they are installed. Nothing here knows tagship's code: what is tested meets its servers over
//! sockets, files and processes only.
#![allow(dead_code, unused_imports, unreachable_pub, reason = "each user takes a part, and a test exports nothing")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests write files, spawn programs and wait; the product's rules are src's"
)]

pub mod act;
pub mod certificate;
pub mod command;
pub mod failing_network;
pub mod forge;
pub mod git_server;
pub mod growth;
pub mod http;
pub mod json_schema;
pub mod login;
pub mod long_line;
pub mod proxy;
pub mod registry;
pub mod relay;
pub mod repository;
pub mod servers;
pub mod sigstore;
pub mod socks;
pub mod temporary_folder;
