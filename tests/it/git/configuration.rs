//! git's configuration: who commits by it, and mistakes in it, whose place is told and whose values are not.

use super::{checkout_without_login, release_in, serve};
use crate::stage::Stage;
use crate::support::command::{Command, is_root};
use crate::support::git_server::Access;

/// Returns a release without a checkout, with this configuration of the user.
fn release_with(stage: &Stage, config: &str) -> Command {
    let config = stage.home.write("gitconfig", config);
    let release = stage.release().env("GIT_CONFIG_GLOBAL", config);
    release.args(["--no-check", "--on-superseded", "allow", "IMAGE_PLACEHOLDER=*:v2"])
}

/// What the notes about a stand-in for the author or the committer say.
const STAND_INS: [&str; 2] = ["so the author is", "so the committer is"];

/// What git writes for the same configuration and environment is what we write.
#[test]
fn identities_are_those_of_git() {
    for (config, variables) in [
        ("name = Release <Bot>\nemail = bot@example.org", &[][..]),
        ("name = ' Bot, '\nemail = <bot@example.org>", &[]),
        ("name = Jr.\nemail = a@b.c.", &[("GIT_AUTHOR_NAME", "A <x>"), ("GIT_AUTHOR_EMAIL", "<a@b>")]),
        ("name = n\nemail = e@x", &[("GIT_AUTHOR_NAME", "Other")]),
        ("name = n\nemail = e@x\n[author]\nname = \"a;\"\n[committer]\nemail = c@x", &[]),
        ("name = n", &[("EMAIL", "from@variable")]),
    ] {
        for in_checkout in [false, true] {
            let stage = Stage::new();
            let config = stage.home.write("gitconfig", &format!("[user]\n{config}\n"));
            let server = serve(&stage, Access::Open);
            let checkout = checkout_without_login(&stage, &server);
            let release = if in_checkout { release_in(&checkout, &stage.home, &stage) } else { stage.release() };
            let release = if in_checkout { release } else { release.arg(stage.argument()) };
            let with = |command: Command| {
                let command = command.env("GIT_CONFIG_GLOBAL", &config);
                variables.iter().fold(command, |command, (name, value)| command.env(*name, *value))
            };
            let output = with(release).run().success();
            assert!(!STAND_INS.iter().any(|told| output.stdout().contains(told)), "{}", output.stdout());
            let commit = &stage.remote.log("main")[0];
            let git = |variable: &str| {
                let git = Command::new("git").arg("-C").arg(checkout.path()).args(["var", variable]);
                let told = with(git).run().success().stdout();
                told.rsplit_once('>').unwrap().0.to_owned() + ">"
            };
            assert_eq!(commit.author, git("GIT_AUTHOR_IDENT"), "{variables:?}");
            assert_eq!(commit.committer, git("GIT_COMMITTER_IDENT"), "{variables:?}");
        }
    }
}

#[test]
fn an_identity_that_cannot_be_used_is_told() {
    const STAND_IN: &str = "so the author is `tagship <tagship@localhost>`";
    for (config, variables, told) in [
        ("", &[][..], "no author is configured, "),
        ("[user]\nemail = e@x\n", &[], "the author in git's configuration has no name that can be used, "),
        ("[user]\nname = n\n", &[], "the author in git's configuration has no e-mail address that can be used, "),
        ("[user]\nname = <>\nemail = e@x\n", &[], "the author in git's configuration has no name that can be used, "),
        ("", &[("GIT_AUTHOR_NAME", ";")], "the author in git's configuration has no name that can be used, "),
    ] {
        let stage = Stage::new();
        let release = release_with(&stage, config);
        let release = variables.iter().fold(release, |release, (name, value)| release.env(*name, *value));
        let output = release.run().success().stdout_has(&format!("{told}{STAND_IN}"));
        let told = STAND_INS.map(|told| output.stdout().matches(told).count());
        assert_eq!(told, [1, 0], "{}", output.stdout());
        assert_eq!(stage.remote.log("main")[0].author, "tagship <tagship@localhost>");
    }
    let stage = Stage::new();
    let release = release_with(&stage, "").args(["--author", "A <a@b>"]);
    let output = release.run().success();
    assert!(!STAND_INS.iter().any(|told| output.stdout().contains(told)), "{}", output.stdout());
}

/// What git takes for a time and we do not is refused: an older commit would be made now.
#[test]
fn the_time_of_a_commit() {
    for (date, seconds) in [
        ("@1700000000", Some("1700000000")),
        ("@0 +0000", Some("0")),
        ("1700000000 +0200", Some("1700000000")),
        ("2023-11-14T22:13:20Z", Some("1700000000")),
        ("2023-11-15T00:13:20+02:00", Some("1700000000")),
        ("2023-11-15 00:13:20 +0200", Some("1700000000")),
        (" 1700000000 +0000", Some("1700000000")),
        // As git's `%cd` and `%cD` write it.
        ("Tue Nov 14 22:13:20 2023 +0000", Some("1700000000")),
        ("Tue, 14 Nov 2023 23:13:20 +0100", Some("1700000000")),
        ("Thu Jan 1 01:00:00 1970 +0100", Some("0")),
        ("Tue, 14 Nov 2023 22:13:20 CET", None),
        ("Tue Nov 14 22:13:20 2023", None),
        ("Tue Nov 14 25:13:20 2023 +0000", None),
        ("yesterday", None),
        ("20231114", None),
        ("@-1", None),
        ("@99999999999999", None),
        ("2023-11-14 22:13:20", None),
    ] {
        let stage = Stage::new();
        let release = release_with(&stage, "").env("GIT_COMMITTER_DATE", date).run();
        match seconds {
            Some(seconds) => {
                release.success();
                let told = stage.remote.git(["log", "-1", "--format=%ct %at", "main"]).run().success().stdout();
                assert_eq!(told.trim(), format!("{seconds} {seconds}"), "{date}");
            }
            None => {
                let refused = release.exit(2).stderr_has(&format!("`GIT_COMMITTER_DATE` is not a time: `{date}`"));
                refused.stderr_has("hint: write it as `@SECONDS` since 1970, or as `2026-12-31T12:00:00Z`");
            }
        }
    }
}

#[test]
fn a_mistake_is_told_by_its_place() {
    let wrong = "[http]\n\textraHeader = A: S3CR3Tx\\q\n";
    let stage = Stage::new();
    let place = format!("`{}`, line 2", stage.home.path().join("gitconfig").display());
    let output = release_with(&stage, wrong).run().exit(2).says_nowhere("S3CR3T");
    output.stderr_has(&format!("git's configuration has a mistake in {place}"));
    let included = stage.home.write("included", wrong);
    let output = release_with(&stage, &format!("[include]\npath = {}\n", included.display())).run().exit(2);
    output.says_nowhere("S3CR3T").stderr_has(&format!("`{}`, line 2", included.display()));
    for variables in [
        &[("GIT_CONFIG_COUNT", "S3CR3T")][..],
        &[("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "S3CR3T"), ("GIT_CONFIG_VALUE_0", "S3CR3T")],
        &[("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "http.extraHeader")],
    ] {
        let set =
            |release: Command| variables.iter().fold(release, |release, (name, value)| release.env(*name, *value));
        let last = variables.iter().rfind(|(name, _)| *name != "GIT_CONFIG_VALUE_0").unwrap().0;
        let last = if last.contains("KEY") && variables.len() == 2 { "GIT_CONFIG_VALUE_0" } else { last };
        let server = serve(&stage, Access::Open);
        let checkout = checkout_without_login(&stage, &server);
        for release in [release_with(&stage, ""), release_in(&checkout, &stage.home, &stage)] {
            let output = set(release).run().exit(2).says_nowhere("S3CR3T");
            output.stderr_has(&format!("a mistake in the variable `{last}`"));
        }
    }
}

#[test]
fn a_mistake_in_a_checkouts_configuration() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let checkout = checkout_without_login(&stage, &server);
    let release = || release_in(&checkout, &stage.home, &stage);
    let path = checkout.path().join(".git/config");
    let config = std::fs::read_to_string(&path).unwrap();
    let wrong = "[http]\n\textraHeader = A: S3CR3Tx\\q\n";
    let global = stage.home.write("gitconfig", wrong);
    let output = release().env("GIT_CONFIG_GLOBAL", &global).run().exit(2).says_nowhere("S3CR3T");
    output.stderr_has(&format!("`{}`, line 2", global.display()));
    std::fs::write(&path, format!("{config}{wrong}")).unwrap();
    let line = config.lines().count() + 2;
    let output = release().run().exit(2).says_nowhere("S3CR3T");
    output.stderr_has(&format!("{}`, line {line}", path.canonicalize().unwrap().display()));
}

/// A container may run as a user that may not read the file. git passes over it.
#[cfg(target_os = "linux")]
#[test]
fn a_configuration_that_may_not_be_read_counts_as_none() {
    use std::os::unix::fs::PermissionsExt as _;
    if !is_root() {
        return;
    }
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let config = stage.home.write(".gitconfig", "[user]\nname = n\nemail = e@x\n");
    let set_mode =
        |path: &std::path::Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    set_mode(&config, 0o600);
    set_mode(stage.home.path(), 0o755);
    let release =
        stage.release_to(&server.url("gitops.git")).args(["--no-check", "--dry-run", "IMAGE_PLACEHOLDER=*:v2"]);
    let as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    release.behind(&as_nobody).run().success();
}

/// A static program would load the modules of the system's C library for an account that is in no file, and could crash there.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn accounts_are_those_of_the_file() {
    let own = ["unshare", "--mount"];
    if Command::new("true").behind(&own).run().code != Some(0) {
        println!("skipped: no file can be mounted over another one");
        return;
    }
    let stage = Stage::new();
    let home = stage.home.path().to_str().unwrap();
    stage.home.write(".gitconfig", "[include]\npath = ~releaser/identity\n");
    stage.home.write("releaser/identity", "[user]\nname = Of the file\nemail = e@x\n");
    let accounts = format!("root:x:0:0::{home}:/bin/sh\nreleaser:x:4321:4321::{home}/releaser:/bin/sh\n");
    let (accounts, modules) = (stage.home.write("passwd", &accounts), stage.home.write("modules", "passwd: none\n"));
    let script = r#"mount --bind "$1" /etc/passwd && mount --bind "$2" /etc/nsswitch.conf && shift 2 &&
        unset HOME XDG_CONFIG_HOME GIT_CONFIG_GLOBAL && exec "$@""#;
    let mounted = [accounts.to_str().unwrap(), modules.to_str().unwrap()];
    let wrapper = [&own[..], &["sh", "-c", script, "sh"], &mounted].concat();
    let release = stage.release().args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"]);
    release.behind(&wrapper).run().success();
    assert_eq!(stage.remote.git(["log", "-1", "--format=%an", "main"]).run().success().stdout(), "Of the file\n");
}

/// What a commit brought to the current folder would be the configuration of the user, with the programs that it names.
#[test]
fn an_empty_home_is_no_folder() {
    for file in [".gitconfig", "git/config", ".config/git/config"] {
        for in_checkout in [false, true] {
            let stage = Stage::new();
            let server = serve(&stage, Access::Open);
            let checkout = checkout_without_login(&stage, &server);
            let folder = checkout.path().join("4-gitops/manifests");
            let path = folder.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "[user]\nname = Mallory\nemail = e@x\n").unwrap();
            let release = if in_checkout { release_in(&checkout, &stage.home, &stage) } else { stage.release() };
            let release = if in_checkout { release } else { release.arg(stage.argument()).current_dir(folder) };
            let release = release.env("HOME", "").env("XDG_CONFIG_HOME", "");
            release.behind(&["env", "-u", "GIT_CONFIG_GLOBAL"]).run().success();
            let author = stage.remote.git(["log", "-1", "--format=%an", "main"]).run().success().stdout();
            assert_ne!(author, "Mallory\n", "{file}, in a checkout: {in_checkout}");
        }
    }
}
