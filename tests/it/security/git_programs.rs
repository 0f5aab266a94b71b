//! Keys of git's configuration that name programs. A checkout that is believed may have them all; a release over a path runs
//! none of them.

use std::fs;

use crate::stage::{FILE, Stage};
use crate::support::command::write_script;
use crate::support::repository::Checkout;

/// Keys whose value is a program, or a folder of them.
const KEYS: &[&str] = &[
    "core.alternateRefsCommand",
    "core.askPass",
    "core.editor",
    "core.fsmonitor",
    "core.gitProxy",
    "core.pager",
    "core.sshCommand",
    "credential.helper",
    "diff.external",
    "diff.x.command",
    "diff.x.textconv",
    "filter.x.clean",
    "filter.x.process",
    "filter.x.smudge",
    "gpg.program",
    "gpg.ssh.program",
    "interactive.diffFilter",
    "merge.x.driver",
    "pager.log",
    "remote.origin.receivepack",
    "remote.origin.uploadpack",
    "remote.origin.vcs",
    "sequence.editor",
    "trailer.x.cmd",
    "trailer.x.command",
    "uploadpack.packObjectsHook",
];

const HOOKS: &[&str] = &[
    "applypatch-msg",
    "commit-msg",
    "fsmonitor-watchman",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "pre-commit",
    "pre-push",
    "prepare-commit-msg",
    "reference-transaction",
];

#[test]
fn no_program_of_a_checkout_runs() {
    for flags in [&[][..], &["--no-push"]] {
        let stage = Stage::new();
        let checkout = Checkout::shallow(&stage.remote.file_url());
        let traces = stage.home.path().join("traces");
        let hooks = stage.home.path().join("hooks");
        for folder in [&traces, &hooks] {
            fs::create_dir(folder).unwrap();
        }
        for hook in HOOKS {
            write_script(&hooks.join(hook), &format!("#!/bin/sh\ntouch '{}/{hook}'\n", traces.display()));
        }
        // Written last, because git itself would run them.
        let attributes = checkout.path().join(".git/info/attributes");
        fs::create_dir_all(attributes.parent().unwrap()).unwrap();
        fs::write(attributes, "* filter=x diff=x merge=x\n").unwrap();
        let mut config = fs::read_to_string(checkout.path().join(".git/config")).unwrap();
        for key in KEYS {
            let (section, name) = key.rsplit_once('.').unwrap();
            let section = match section.split_once('.') {
                Some((section, part)) => format!("{section} \"{part}\""),
                None => section.to_owned(),
            };
            config += &format!("[{section}]\n\t{name} = \"touch '{}/{key}'; false\"\n", traces.display());
        }
        config += &format!("[core]\n\thooksPath = {}\n", hooks.display());
        fs::write(checkout.path().join(".git/config"), config).unwrap();
        let release = stage.tagship().current_dir(checkout.path()).args(["release", "-k", "4-gitops/manifests"]);
        let output = release.args(flags.iter().copied()).arg(stage.argument()).run();
        let ran: Vec<_> = fs::read_dir(&traces).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(ran.is_empty(), "{ran:?}: {}", output.stderr());
        if flags.is_empty() {
            output.success();
            assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
        }
    }
}
