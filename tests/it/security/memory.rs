//! The memory of the program, which has tokens in it.

use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

/// The files of a process in /proc are its user's, and root's if its memory may not be looked at.
#[test]
fn no_core_dump_and_no_look_into_memory() {
    let registry = TcpListener::bind("127.0.0.1:0").unwrap();
    let reference = format!("{}/web:v1", registry.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("tagship");
    // Another program copies it: a child that another test forks would have a file open that this one writes.
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_tagship")).arg(&program).status().unwrap();
    assert!(copied.success());
    let mut command = Command::new(program);
    command
        .args(["check", "--timeout", "60s", &reference])
        .current_dir("/")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        command.uid(65534);
    }
    let mut child = command.spawn().unwrap();
    // It waits for an answer once it has asked.
    let (mut connection, _) = registry.accept().unwrap();
    connection.read_exact(&mut [0]).unwrap();
    let limits = fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    let owner = fs::metadata(format!("/proc/{}/environ", child.id())).unwrap().uid();
    child.kill().unwrap();
    child.wait().unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    assert_eq!(owner, 0);
}
