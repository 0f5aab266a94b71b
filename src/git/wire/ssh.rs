//! The command line of `ssh`: the one that git would use, with options so that it never prompts a person. `pipe` runs it.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use gix::bstr::{BStr, ByteSlice as _};
use gix::url::ArgumentSafety;

use crate::system::processes::programs::{Program, command};

/// The ssh client by the environment, with git's own names.
#[derive(Debug, Clone, Default)]
pub struct SshSettings {
    /// `GIT_SSH_COMMAND`: a command line for the shell.
    pub command: Option<OsString>,
    /// `GIT_SSH`: a program.
    pub program: Option<OsString>,
    /// `GIT_SSH_VARIANT`.
    pub variant: Option<String>,
}

/// One account on one host, and the client that connects to it.
pub(in crate::git) struct Ssh {
    client: SshClient,
    /// `None`: the name of the client tells, or else the options that it understands.
    configured: Option<Variant>,
    variant: OnceLock<Variant>,
    /// `host`, or `user@host`; it does not begin with `-`.
    destination: String,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum SshClient {
    /// Words for the shell.
    CommandLine(OsString),
    Program(OsString),
}

/// The families of clients that differ in their options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variant {
    OpenSsh,
    Plink,
    /// PuTTY's windowed client, which git supports too.
    Putty,
    /// A client that takes a host and a command, and no options.
    Simple,
}

impl Ssh {
    /// Returns the client and the host of `url`, as it is written, or why it cannot be used. `GIT_SSH_COMMAND` is used before
    /// `core.sshCommand`, and this before `GIT_SSH`.
    pub(in crate::git) fn new(
        url: &gix::Url,
        written_host: Option<&str>,
        config: &gix::config::File,
        settings: &SshSettings,
    ) -> Result<Self, &'static str> {
        let configured = |key: &str| config.string(key).map(|value| value.to_str_lossy().into_owned());
        let command_line = settings.command.clone().or_else(|| configured("core.sshCommand").map(OsString::from));
        let client = match (command_line, settings.program.clone()) {
            (Some(words), _) => SshClient::CommandLine(words),
            (None, program) => SshClient::Program(program.unwrap_or_else(|| OsString::from("ssh"))),
        };
        let variant = settings.variant.clone().or_else(|| configured("ssh.variant"));
        let destination = match (url.user_as_argument(), url.host_as_argument()) {
            (ArgumentSafety::Dangerous(_), _) => return Err("its user would be taken for an option"),
            (ArgumentSafety::Absent, ArgumentSafety::Dangerous(_)) => {
                return Err("its host would be taken for an option");
            }
            (_, ArgumentSafety::Absent) => return Err("it has no host"),
            (ArgumentSafety::Absent, ArgumentSafety::Usable(host)) => written_host.unwrap_or(host).to_owned(),
            (ArgumentSafety::Usable(user), ArgumentSafety::Usable(host) | ArgumentSafety::Dangerous(host)) => {
                format!("{user}@{}", written_host.unwrap_or(host))
            }
        };
        let configured = variant.and_then(|name| Variant::configured(&name));
        Ok(Self { client, configured, variant: OnceLock::new(), destination, port: url.port })
    }

    /// Returns the command that runs `service` on `path` at the host, or why this client cannot. An unknown client is run
    /// once to find out its options, for at most `limit`.
    pub(in crate::git) fn command(
        &self,
        service: &str,
        path: &BStr,
        version: Option<&str>,
        limit: Duration,
    ) -> Result<Command, &'static str> {
        let variant = *self.variant.get_or_init(|| self.find_variant(limit));
        let mut command = self.client.command();
        // The version that our own environment names is not meant for it.
        command.env("SSH_ASKPASS_REQUIRE", "never").env_remove("GIT_PROTOCOL");
        match variant {
            Variant::OpenSsh => {
                // If an option is given twice, the first counts: a user's own command line comes first.
                command.args(["-o", "BatchMode=yes"]);
                if let Some(version) = version {
                    command.args(["-o", "SendEnv=GIT_PROTOCOL"]).env("GIT_PROTOCOL", version);
                }
                if let Some(port) = self.port {
                    command.args(["-p".to_owned(), port.to_string()]);
                }
            }
            Variant::Plink | Variant::Putty => {
                command.args((variant == Variant::Plink).then_some("-batch"));
                if let Some(port) = self.port {
                    command.args(["-P".to_owned(), port.to_string()]);
                }
            }
            Variant::Simple if self.port.is_some() => {
                return Err("its ssh client (`simple`) knows no option for a port; if it takes those of OpenSSH, set \
                            `GIT_SSH_VARIANT=ssh`");
            }
            Variant::Simple => {}
        }
        command.arg(&self.destination);
        // One argument, which the shell on the host splits.
        command.arg(format!("{service} {}", gix::quote::single(path)));
        Ok(command)
    }

    /// Returns the variant. As for git, an unknown client that understands `-G` is taken for OpenSSH. So is one that cannot run
    /// at all: that shows when it is used, whatever its options are.
    fn find_variant(&self, limit: Duration) -> Variant {
        if let Some(variant) = self.configured.or_else(|| Variant::of_name(&self.client.name())) {
            return variant;
        }
        let mut question = self.client.command();
        question.args(["-G", &self.destination]);
        question.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let answer = Program::start(&mut question).and_then(|program| program.ended_by(Instant::now() + limit));
        match answer {
            Ok(Some(status)) if status.success() || status.code().is_some_and(is_not_run) => Variant::OpenSsh,
            Err(_) => Variant::OpenSsh,
            Ok(_) => Variant::Simple,
        }
    }
}

impl Variant {
    /// Parses `ssh.variant`; `None` for `auto`. As for git, unknown names mean OpenSSH.
    fn configured(name: &str) -> Option<Self> {
        match name {
            "auto" => None,
            "plink" | "tortoiseplink" => Some(Self::Plink),
            "putty" => Some(Self::Putty),
            "simple" => Some(Self::Simple),
            _ => Some(Self::OpenSsh),
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().trim_end_matches(".exe") {
            "ssh" => Some(Self::OpenSsh),
            "plink" | "tortoiseplink" => Some(Self::Plink),
            "putty" => Some(Self::Putty),
            _ => None,
        }
    }
}

impl SshClient {
    /// Returns the command that starts the client. As git does, it uses a shell only if a character needs one.
    fn command(&self) -> Command {
        match self {
            Self::CommandLine(words) if words.to_string_lossy().contains(|c: char| SHELL.contains(c)) => {
                let mut script = words.clone();
                script.push(r#" "$@""#);
                let mut shell = command("sh");
                shell.arg("-c").arg(script).arg(words);
                shell
            }
            Self::CommandLine(program) | Self::Program(program) => command(program),
        }
    }

    /// Returns the name of the program, without its folder.
    fn name(&self) -> String {
        let (Self::CommandLine(text) | Self::Program(text)) = self;
        let text = text.to_string_lossy();
        let text = text.trim_start();
        let word = match (self, text.chars().next()) {
            (Self::CommandLine(_), Some(quote @ ('\'' | '"'))) => text[1..].split(quote).next(),
            (Self::CommandLine(_), _) => text.split_whitespace().next(),
            (Self::Program(_), _) => Some(text),
        };
        let name = Path::new(word.unwrap_or_default()).file_name().unwrap_or(OsStr::new(""));
        name.to_string_lossy().into_owned()
    }
}

/// Returns whether a shell exits with this code because it cannot run a program.
pub(super) fn is_not_run(code: i32) -> bool {
    matches!(code, 126 | 127)
}

/// The characters that a shell interprets, by git's `run-command.c`.
const SHELL: &str = "|&;<>()$`\\\"' \t\n*?[#~=%";

#[cfg(test)]
mod tests {
    use super::{Ssh, SshSettings};
    use crate::git::remotes::remote_url::written_host;
    use gix::bstr::ByteSlice as _;
    use std::time::Duration;

    fn ssh(url: &str, settings: &SshSettings, config: &str) -> Result<Ssh, &'static str> {
        let config = gix::config::File::try_from(config).unwrap();
        let parsed = gix::url::parse(url).unwrap();
        Ssh::new(&parsed, written_host(url, &parsed), &config, settings)
    }

    /// Returns the words of the command for a fetch.
    fn words(url: &str, settings: &SshSettings, config: &str) -> Vec<String> {
        let ssh = ssh(url, settings, config).unwrap();
        let path = b"/a b'c".as_bstr();
        let command = ssh.command("git-upload-pack", path, Some("version=2"), Duration::from_secs(20)).unwrap();
        std::iter::once(command.get_program())
            .chain(command.get_args())
            .map(|word| word.to_string_lossy().into_owned())
            .collect()
    }

    fn command_line(words: &str) -> SshSettings {
        SshSettings { command: Some(words.into()), ..SshSettings::default() }
    }

    #[test]
    fn command_lines_as_git_makes_them() {
        let remote = r"git-upload-pack '/a b'\''c'";
        let variant = |name: &str| SshSettings { variant: Some(name.to_owned()), ..SshSettings::default() };
        let open = ["-o", "BatchMode=yes", "-o", "SendEnv=GIT_PROTOCOL"];
        for (url, settings, config, expected) in [
            ("ssh://me@host:2222/x", SshSettings::default(), "", &["ssh", "OPEN", "-p", "2222", "me@host", remote][..]),
            // A host of ssh's configuration, whose letters count.
            ("ssh://me@Work/x", SshSettings::default(), "", &["ssh", "OPEN", "me@Work", remote]),
            ("Work:x", SshSettings::default(), "", &["ssh", "OPEN", "Work", remote]),
            ("host:x", SshSettings::default(), "", &["ssh", "OPEN", "host", remote]),
            ("me@-host:x", SshSettings::default(), "", &["ssh", "OPEN", "me@-host", remote]),
            ("host:x", SshSettings::default(), "[ssh]\nvariant = simple", &["ssh", "host", remote]),
            ("ssh://host:1/x", variant("plink"), "", &["ssh", "-batch", "-P", "1", "host", remote]),
            ("ssh://host:1/x", variant("putty"), "", &["ssh", "-P", "1", "host", remote]),
            ("host:x", command_line("/b/ssh"), "[core]\nsshCommand = other", &["/b/ssh", "OPEN", "host", remote]),
            (
                "host:x",
                SshSettings::default(),
                "[core]\nsshCommand = /c/plink",
                &["/c/plink", "-batch", "host", remote],
            ),
            (
                "host:x",
                command_line("'/b c/ssh' -i k"),
                "",
                &["sh", "-c", "'/b c/ssh' -i k \"$@\"", "'/b c/ssh' -i k", "OPEN", "host", remote],
            ),
            (
                "host:x",
                SshSettings { program: Some("/b c/ssh".into()), ..SshSettings::default() },
                "",
                &["/b c/ssh", "OPEN", "host", remote],
            ),
            // None of them understands `-G`; one accepts it, and one cannot run.
            ("host:x", command_line("/nowhere/tunnel"), "", &["/nowhere/tunnel", "OPEN", "host", remote]),
            ("host:x", command_line("false"), "", &["false", "host", remote]),
            ("host:x", command_line("true"), "", &["true", "OPEN", "host", remote]),
        ] {
            let expected: Vec<_> = expected
                .iter()
                .flat_map(|word| if *word == "OPEN" { &open[..] } else { std::slice::from_ref(word) })
                .collect();
            assert_eq!(words(url, &settings, config).iter().collect::<Vec<_>>(), expected, "{url}");
        }
    }

    #[test]
    fn nothing_is_taken_for_an_option() {
        for url in ["ssh://-oProxyCommand=x/y", "ssh://-oProxyCommand=x@host/y", "-oProxyCommand=x:y"] {
            assert!(ssh(url, &SshSettings::default(), "").is_err(), "{url}");
        }
        let simple = SshSettings { variant: Some("simple".to_owned()), ..SshSettings::default() };
        let ssh = ssh("ssh://host:1/x", &simple, "").unwrap();
        assert!(ssh.command("git-upload-pack", b"/x".as_bstr(), None, Duration::ZERO).is_err());
    }
}
