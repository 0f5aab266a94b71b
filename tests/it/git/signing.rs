//! Signed commits: by git's configuration or by `--sign`, with a checkout and without, and what happens if signing fails.

use std::path::PathBuf;
use std::time::Duration;

use super::{release_in, serve};
use crate::stage::Stage;
use crate::support::command::{Command, write_script};
use crate::support::forge::{Forge, Kind, TOKEN};
use crate::support::git_server::Access;
use crate::support::repository::Checkout;
use crate::support::servers::installed;

const SIGNER: &str = "releaser@example.org";

/// Makes a key of ssh in the stage's home. `None` if ssh-keygen is not installed.
fn ssh_key(stage: &Stage, passphrase: &str) -> Option<PathBuf> {
    let keygen = installed("ssh-keygen")?;
    let key = stage.home.path().join("key");
    Command::new(keygen).args(["-q", "-t", "ed25519", "-N", passphrase, "-f"]).arg(&key).run().success();
    Some(key)
}

/// Returns a configuration of git that signs commits with a key of ssh.
fn with_ssh(key: &str) -> String {
    format!("[gpg]\nformat = ssh\n[user]\nsigningKey = {key}\nname = Releaser\nemail = {SIGNER}\n")
}

/// Asserts that git finds the commit on `main` signed with the key of the stage's home.
#[track_caller]
fn is_signed(stage: &Stage) {
    let public = std::fs::read_to_string(stage.home.path().join("key.pub")).unwrap();
    let allowed = stage.home.write("allowed_signers", &format!("{SIGNER} {public}"));
    let allowed = format!("gpg.ssh.allowedSignersFile={}", allowed.display());
    let verified = stage.remote.git(["-c", &allowed, "verify-commit", "main"]).run().success();
    verified.stderr_has(&format!("Good \"git\" signature for {SIGNER}"));
    stage.remote.fsck();
}

#[test]
fn commits_are_signed_where_a_checkout_says_so() {
    let stage = Stage::new();
    let Some(key) = ssh_key(&stage, "") else { return };
    let checkout = Checkout::shallow(&stage.remote.file_url());
    for (name, value) in [
        ("commit.gpgSign", "true"),
        ("gpg.format", "ssh"),
        ("user.signingKey", &key.display().to_string()),
        ("user.name", "Releaser"),
        ("user.email", SIGNER),
    ] {
        checkout.git(["config", name, value]).run().success();
    }
    release_in(&checkout, &stage.home, &stage).run().success();
    is_signed(&stage);
}

/// The user's own configuration counts without a checkout too, and `--sign` wants what it does not.
#[test]
fn commits_are_signed_without_a_checkout() {
    for (enabled, flag) in [("[commit]\ngpgSign = true\n", &[][..]), ("", &["--sign"])] {
        let stage = Stage::new();
        let Some(key) = ssh_key(&stage, "") else { return };
        let config = stage.home.write("gitconfig", &(with_ssh(&key.display().to_string()) + enabled));
        let release = stage.release().env("GIT_CONFIG_GLOBAL", &config).arg(stage.argument());
        release.clone().args(flag.iter().copied()).run().success();
        is_signed(&stage);
        let commit = stage.remote.git(["cat-file", "commit", "main"]).run().success();
        commit.stdout_has("gpgsig -----BEGIN SSH SIGNATURE-----");
    }
}

#[test]
fn nothing_is_signed_where_nobody_says_so() {
    let stage = Stage::new();
    let Some(key) = ssh_key(&stage, "") else { return };
    let config = stage.home.write("gitconfig", &with_ssh(&key.display().to_string()));
    stage.release().env("GIT_CONFIG_GLOBAL", config).arg(stage.argument()).run().success();
    let commit = stage.remote.git(["cat-file", "commit", "main"]).run().success().stdout();
    assert!(!commit.contains("gpgsig"), "{commit}");
}

/// git refuses to commit with such a setting. A commit without a signature would be what the user meant to forbid.
#[test]
fn a_setting_of_signing_that_is_no_boolean() {
    let stage = Stage::new();
    let config = stage.home.write("gitconfig", "[commit]\ngpgSign = tru\n");
    let checkout = Checkout::shallow(&stage.remote.file_url());
    checkout.git(["config", "commit.gpgSign", "tru"]).run().success();
    let without_checkout = stage.release().env("GIT_CONFIG_GLOBAL", &config).arg(stage.argument());
    for release in [without_checkout, release_in(&checkout, &stage.home, &stage)] {
        release.clone().run().exit(2).stderr_has("git's `commit.gpgSign` cannot be used");
        stage.untouched();
    }
}

/// The program that names the key may ask a person: once a run is enough. No agent has this key, so that the release ends later.
#[test]
fn the_program_that_names_the_key_runs_once() {
    let stage = Stage::new();
    let Some(key) = ssh_key(&stage, "") else { return };
    let (program, calls) = (stage.home.path().join("names-key"), stage.home.path().join("calls"));
    let script = format!("#!/bin/sh\necho called >>'{}'\ncat '{}.pub'\n", calls.display(), key.display());
    write_script(&program, &script);
    let config = with_ssh("").replace("signingKey = \n", "");
    let config = format!("{config}[gpg \"ssh\"]\ndefaultKeyCommand = {}\n", program.display());
    let config = stage.home.write("gitconfig", &config);
    let release = stage.release().env("GIT_CONFIG_GLOBAL", config).args(["--sign", &stage.argument()]);
    release.run().exit(1).stderr_has("the commit cannot be signed");
    assert_eq!(std::fs::read_to_string(&calls).unwrap(), "called\n");
    stage.untouched();
}

/// Without a key there is no release, and the program that would tell it gets no login of ours.
#[test]
fn a_program_that_names_no_key() {
    let stage = Stage::new();
    let program = stage.home.path().join("names-key");
    for (script, expected) in [
        ("sleep 1000", "names-key` (git's `gpg.ssh.defaultKeyCommand`) did not end within 1s"),
        (
            "echo 'no agent' >&2; exit 3",
            "names-key` (git's `gpg.ssh.defaultKeyCommand`) failed (exit status: 3)\n  no agent",
        ),
        ("echo key", "names-key` (git's `gpg.ssh.defaultKeyCommand`) wrote no key"),
        (
            "test -z \"$TAGSHIP_TOKEN\" || echo ssh-ed25519",
            "names-key` (git's `gpg.ssh.defaultKeyCommand`) wrote no key",
        ),
    ] {
        write_script(&program, &format!("#!/bin/sh\n{script}\n"));
        let config = format!("[gpg]\nformat = ssh\n[gpg \"ssh\"]\ndefaultKeyCommand = {}\n", program.display());
        let config = stage.home.write("gitconfig", &config);
        let release = stage.release().env("GIT_CONFIG_GLOBAL", config).env("TAGSHIP_TOKEN", "hunter22");
        let release = release.args(["--sign", "--timeout", "1s", &stage.argument()]).limit(Duration::from_secs(15));
        release.run().exit(1).stderr_has("the commit cannot be signed").stderr_has(expected);
        assert!(stage.registry.requests().is_empty(), "{expected}");
        stage.untouched();
    }
}

/// If no key is named, gpg takes the committer's.
#[test]
fn gpg_signs_as_the_committer() {
    let Some(gpg) = installed("gpg") else { return };
    let stage = Stage::new();
    let folder = stage.home.path().join("gnupg");
    std::fs::create_dir(&folder).unwrap();
    Command::new("chmod").arg("700").arg(&folder).run().success();
    let gpg = |arguments: &[&str]| {
        let gpg = Command::new(&gpg).env("GNUPGHOME", &folder).args(["--batch", "--quiet", "--pinentry-mode=loopback"]);
        gpg.args(arguments.iter().copied()).run().success()
    };
    gpg(&["--passphrase", "", "--quick-generate-key", &format!("Releaser <{SIGNER}>"), "ed25519", "sign", "never"]);
    let release = stage.release().env("GNUPGHOME", &folder).arg("--sign").arg(stage.argument());
    let output = release.clone().args(["--author", "Nobody <nobody@example.org>"]).run().exit(1);
    output.stderr_has("the commit cannot be signed").stderr_has("hint: check git's `gpg.format`, `user.signingKey`");
    stage.untouched();
    release.args(["--author", &format!("Releaser <{SIGNER}>")]).run().success();
    let verify = stage.remote.git(["verify-commit", "main"]).env("GNUPGHOME", &folder);
    verify.run().success().stderr_has("Good signature from");
    // gpg has started an agent for this folder.
    Command::new("gpgconf").env("GNUPGHOME", &folder).args(["--kill", "gpg-agent"]).run().success();
}

#[test]
fn what_cannot_be_signed_is_not_pushed() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let Some(key) = ssh_key(&stage, "correct horse battery staple") else { return };
    let key = key.display().to_string();
    let without_key = "[gpg]\nformat = ssh\n".to_owned();
    for (config, path, exit, expected) in [
        (with_ssh(&key), None, 1, "passphrase"),
        (with_ssh("/nowhere/key"), None, 1, "/nowhere/key"),
        (with_ssh(&key), Some("/nowhere"), 1, "ssh-keygen"),
        (without_key, None, 2, "user.signingKey"),
        ("[gpg]\nformat = wax\n".to_owned(), None, 2, "gpg.format"),
    ] {
        let config = stage.home.write("gitconfig", &config);
        let release = stage.release_to(&server.url("gitops.git")).env("GIT_CONFIG_GLOBAL", config);
        let release = release.args(["--sign", "--no-check", "IMAGE_PLACEHOLDER=*:v2"]);
        let release = path.into_iter().fold(release, |release, path| release.env("PATH", path));
        release.run().exit(exit).stderr_has(expected);
        stage.untouched();
    }
}

/// Such a configuration can sign nothing, whatever is released. A key is a secret, so a dry run needs none.
#[test]
fn a_configuration_that_cannot_sign_is_told_first() {
    let stage = Stage::new();
    let without_key = "[gpg]\nformat = ssh\n".to_owned();
    for (config, expected) in [(without_key, "user.signingKey"), ("[gpg]\nformat = wax\n".to_owned(), "gpg.format")] {
        let config = stage.home.write("gitconfig", &config);
        let release = || stage.release().env("GIT_CONFIG_GLOBAL", config.clone()).arg("--sign").arg(stage.argument());
        let output = release().run().exit(2).stderr_has(expected);
        output
            .stderr_has("cannot sign as git's configuration says: ")
            .stderr_has("hint: set `gpg.format` and `user.signingKey`");
        assert!(stage.registry.requests().is_empty(), "{expected}");
        release().arg("--dry-run").run().success();
        stage.registry.requests();
    }
    stage.untouched();
}

/// A signer that hangs is ended, with its children, and nothing is pushed.
#[test]
fn a_signer_that_hangs() {
    let stage = Stage::new();
    let signer = stage.home.path().join("signer");
    write_script(&signer, "#!/bin/sh\nsleep 1000\n");
    for format in ["openpgp", "ssh"] {
        let program = if format == "ssh" { "gpg.ssh.program" } else { "gpg.program" };
        let (section, key) = program.rsplit_once('.').unwrap();
        let section = section.replacen("gpg.ssh", "gpg \"ssh\"", 1);
        let config =
            format!("[gpg]\nformat = {format}\n[{section}]\n{key} = {}\n[user]\nsigningKey = x\n", signer.display());
        let config = stage.home.write("gitconfig", &config);
        let release =
            stage.release().env("GIT_CONFIG_GLOBAL", config).args(["--sign", "--timeout", "1s", "--no-check"]);
        let release = release.arg("IMAGE_PLACEHOLDER=*:v2").limit(Duration::from_secs(15));
        release.run().exit(1).stderr_has("signer` did not end within 1s");
        stage.untouched();
    }
}

/// A key may wait for a touch, of which a person must know.
#[test]
fn a_slow_signer_is_told() {
    let stage = Stage::new();
    let forge = Forge::start(Kind::GitHub, &stage.remote);
    let signer = stage.home.path().join("signer");
    write_script(&signer, "#!/bin/sh\ncat >/dev/null\nsleep 3\necho '[GNUPG:] SIG_CREATED D' >&2\necho signature\n");
    let config = format!("[gpg]\nprogram = {}\n[user]\nsigningKey = x\n", signer.display());
    let config = stage.home.write("gitconfig", &config);
    for way in [&["--pull-request"][..], &[]] {
        let release = stage.release_to(&forge.url_with_token(TOKEN)).env("GIT_CONFIG_GLOBAL", &config).args(way);
        let release = release.args(["--sign", "--forge", "github", "--no-check", "IMAGE_PLACEHOLDER=*:v2"]);
        release.run().success().stdout_has("signing the commit");
    }
}
