//! What packages ship, and that each way to install names what a release has.

use std::fs;

use crate::stage::tagship;
use crate::support::command::{Command, Home};

use super::root;

/// The script that the release workflow, the packages and the formulas run.
#[test]
fn the_program_describes_itself() {
    let home = Home::new();
    let folder = home.path().join("described");
    let describe = Command::new("bash").arg(root().join("packaging/describe.sh"));
    describe.arg(env!("CARGO_BIN_EXE_tagship")).arg(&folder).run().success();
    let help = tagship().arg("--help").run().success().stdout();
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<_> = commands
        .filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' '))?.split(' ').next())
        .collect();
    assert!(commands.contains(&"release"), "{help}");
    for command in commands.iter().filter(|command| **command != "help") {
        let page = fs::read_to_string(folder.join(format!("man/tagship-{command}.1"))).unwrap();
        assert!(page.contains(".TH"), "{command}: {page}");
    }
    for shell in ["tagship.bash", "_tagship", "tagship.fish", "tagship.ps1"] {
        assert!(fs::read_to_string(folder.join("completions").join(shell)).unwrap().contains("rollback"), "{shell}");
    }
}

#[test]
fn what_is_installed_is_what_a_release_has() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let (workflow, manifest, formula) =
        (read(".github/workflows/release.yml"), read("Cargo.toml"), read("packaging/homebrew/tagship.rb"));
    assert!(workflow.contains("dist/tagship-$VERSION-$TARGET.tar.gz"));
    assert!(manifest.contains("/releases/download/v{ version }/{ name }-{ version }-{ target }.tar.gz"));
    for target in workflow.lines().filter_map(|line| line.trim().strip_prefix("- target: ")) {
        let archive = format!("/releases/download/v#{{version}}/tagship-#{{version}}-{target}.tar.gz");
        assert!(target.contains("windows") || formula.contains(&archive), "the formula lacks {archive}");
    }
    let version = format!("version \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(formula.contains(&version), "the formula is of another version");
}
