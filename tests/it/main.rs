//! The integration tests, in one binary: the program against real servers and real repositories.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests lay out files, and end where they go wrong")]
#![allow(unreachable_pub, reason = "nobody uses a test from outside")]

#[path = "../support/mod.rs"]
mod support;
#[path = "../support/self_test/mod.rs"]
mod support_self_test;

mod action;
mod checkout;
mod checks;
mod cli;
mod edit;
mod examples;
mod git;
mod guard;
mod history;
mod hold;
mod marker;
mod no_push;
mod order;
mod program;
mod registry;
mod release;
mod report;
mod rollback;
mod set;
mod stage;
mod tidy;
