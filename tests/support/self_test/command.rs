use std::time::{Duration, Instant};

use crate::support::command::{Command, Home, write_script};

#[test]
fn a_program_sees_nothing_of_the_machine() {
    let names = Command::new("env").run().success().stdout();
    let mut names: Vec<_> = names.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    names.sort_unstable();
    let expected = [
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_TERMINAL_PROMPT",
        "HOME",
        "LC_ALL",
        "PATH",
        "TMPDIR",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        "XDG_RUNTIME_DIR",
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_program_that_hangs_is_ended_with_all_it_started() {
    let home = Home::new();
    let began = Instant::now();
    let hanging = Command::new("sh")
        .args(["-c", "sleep 60 & echo $! >\"$HOME/child\"; wait"])
        .home(&home)
        .limit(Duration::from_secs(2));
    let failure = std::panic::catch_unwind(|| hanging.run()).err().expect("a failed test");
    let message = failure.downcast_ref::<String>().expect("a message");
    assert!(message.contains("did not end within"), "{message}");
    let child = std::fs::read_to_string(home.path().join("child")).unwrap();
    let runs = || {
        let state = std::fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
        !state.is_empty() && !state.contains(") Z ")
    };
    // It was killed, but its parent has not waited for it: on a busy machine it takes a moment to go.
    while runs() {
        assert!(began.elapsed() < Duration::from_secs(30), "the grandchild still runs");
        std::thread::yield_now();
    }
}

#[test]
fn output_input_and_exit_code_are_kept_whole() {
    let megabyte = vec![b'x'; 1 << 20];
    let output = Command::new("sh").args(["-c", "cat; echo said >&2; exit 3"]).stdin(megabyte.clone()).run();
    let output = output.exit(3).stderr_has("said").says_nowhere("secret");
    assert_eq!(output.stdout, megabyte);
}

#[test]
fn a_signal_reaches_the_program() {
    let home = Home::new();
    let script = home.path().join("script");
    write_script(
        &script,
        "#!/bin/sh\ntrap 'echo ended; exit 143' TERM\necho ready >\"$HOME/ready\"\nwhile :; do sleep 0.01; done\n",
    );
    let running = Command::new(&script).home(&home).start();
    while !home.path().join("ready").exists() {
        std::thread::yield_now();
    }
    running.signal("TERM");
    running.finish().exit(143).stdout_has("ended");
}
