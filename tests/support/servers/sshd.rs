//! OpenSSH's server for the user who runs the tests, with keys of its own, on a port of its own.

use std::path::Path;

use super::{Daemon, installed};
use crate::support::command::{Command, Home};

/// A running sshd. It ends with its handle.
pub struct Sshd {
    daemon: Daemon,
    user: String,
}

impl Sshd {
    /// Starts one. `None` if it is not installed.
    #[track_caller]
    pub fn start() -> Option<Self> {
        let (program, _, _) = (installed("sshd")?, installed("ssh")?, installed("ssh-keygen")?);
        let home = Home::new();
        for name in ["host_key", "user_key"] {
            let keygen = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]);
            keygen.arg(home.path().join(name)).run().success();
        }
        // If root starts it, sshd wants this folder, which the service's own start would have made.
        drop(std::fs::create_dir("/run/sshd"));
        let daemon = Daemon::start(&home, |port| {
            let file = home.write("sshd_config", &configuration(port, home.path()));
            Command::new(&program).args(["-D", "-e", "-f"]).arg(file)
        });
        let host_key = std::fs::read_to_string(home.path().join("host_key.pub")).expect("the host's public key");
        home.write("known_hosts", &format!("[127.0.0.1]:{} {host_key}", daemon.port));
        let user = Command::new("id").arg("-un").run().success().stdout().trim().to_owned();
        Some(Self { daemon, user })
    }

    /// Returns the address of a repository on disk.
    pub fn url(&self, repository: &Path) -> String {
        format!("ssh://{}@127.0.0.1:{}{}", self.user, self.daemon.port, repository.display())
    }

    /// Returns the value of `GIT_SSH_COMMAND` with which a client is let in.
    pub fn client_command(&self) -> String {
        let home = self.daemon.home.path().display();
        format!(
            "ssh -F /dev/null -i {home}/user_key -o IdentitiesOnly=yes -o BatchMode=yes \
             -o StrictHostKeyChecking=yes -o UserKnownHostsFile={home}/known_hosts"
        )
    }

    /// Returns such a value as actions/checkout writes it: with quotes, and the program by its path.
    pub fn quoted_client_command(&self) -> String {
        let home = self.daemon.home.path().display();
        format!(
            "\"/usr/bin/ssh\" -F /dev/null -i \"{home}/user_key\" -o StrictHostKeyChecking=yes -o CheckHostIP=no \
             -o \"UserKnownHostsFile={home}/known_hosts\""
        )
    }

    /// Returns the value with which a client is refused, as it brings no key.
    pub fn client_command_without_key(&self) -> String {
        let home = self.daemon.home.path().display();
        format!(
            "ssh -F /dev/null -i {home}/host_key -o IdentitiesOnly=yes -o BatchMode=yes \
             -o StrictHostKeyChecking=yes -o UserKnownHostsFile={home}/known_hosts"
        )
    }
}

fn configuration(port: u16, home: &Path) -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    let home = home.display();
    format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {home}/host_key\nPidFile none\n\
         AuthorizedKeysFile {home}/user_key.pub\nStrictModes no\nPermitRootLogin prohibit-password\n\
         PasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM no\nPrintMotd no\n\
         AcceptEnv GIT_PROTOCOL\nMaxStartups 100\n\
         SetEnv PATH={path} GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null\n"
    )
}
