//! Links the program that the tests start 3,000 times so that it starts in half the time: at a fixed address, which saves the
//! loader its relocations. Release builds keep what the compiler chooses, so that their addresses are random.
#![allow(clippy::disallowed_methods, reason = "cargo tells a build script in its environment what is built")]

use std::env::var;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |variable: &str, value: &str| var(variable).is_ok_and(|it| it == value);
    // A static program needs other start files at a fixed address, which the compiler would not choose.
    let is_static =
        var("CARGO_CFG_TARGET_FEATURE").is_ok_and(|features| features.split(',').any(|it| it == "crt-static"));
    if !is_static && is("PROFILE", "debug") && is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
