//! The program: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    tagship::run(std::env::args_os())
}
