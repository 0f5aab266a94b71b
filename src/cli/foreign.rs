//! Words that a command does not have, and what was probably meant: users know other programs, the flags and inputs of another
//! command, or spell one wrong. A hint that leads astray costs more than none, so clap's own suggestions are not taken: it finds
//! `--message` for `--image`.

use clap::Command;

use super::settings::{built, commands, nearest, nearest_within};

/// A flag that a command does not have, or an input.
struct Foreign {
    words: &'static [&'static str],
    /// Where it is answered so; none: wherever there are the flags that the hint names.
    commands: &'static [&'static str],
    hint: &'static str,
}

const fn foreign(words: &'static [&'static str], commands: &'static [&'static str], hint: &'static str) -> Foreign {
    Foreign { words, commands, hint }
}

const ENTRY: &[&str] = &["--image", "--images", "--name", "--names", "--entry"];
const FILES: &[&str] =
    &["--path", "--folder", "--dir", "--directory", "--kustomization", "--file", "--files", "-k", "-f"];
const FOLDER: &[&str] = &["--path", "--folder", "--dir", "--directory", "--overlay", "--kustomize"];
const COMMIT: &[&str] = &["--commit", "--sha", "--revision"];

const FLAGS: [Foreign; 18] = [
    foreign(ENTRY, &["release", "set"], "give the image as `<IMAGE>`, such as `NAME=*:TAG`"),
    foreign(ENTRY, &["check"], "give the image as `<REFERENCE>`, such as `NAME:TAG`"),
    foreign(ENTRY, &["rollback", "promote", "log"], "give the name of the entry as `<NAME>`"),
    foreign(FOLDER, &[], "name a kustomization or its folder with `-k`, and another file with `-f`"),
    foreign(FILES, &["promote"], "name the files with `--from` and `--to`"),
    foreign(&["--values", "--manifest"], &[], "name the file with `-f`"),
    foreign(&["--commit-message", "-m"], &[], "use `--message`"),
    foreign(&["--push"], &[], "it pushes unless `--no-push` is given"),
    foreign(&["--json", "--format", "-o"], &[], "`--output json` prints JSON"),
    foreign(&["--pr", "--mr"], &[], "use `--pull-request`"),
    foreign(&["--debug"], &[], "use `--verbose`"),
    foreign(&["--count", "--max-count", "-n"], &[], "use `--limit`"),
    foreign(&["--tag"], &["rollback"], "name the release to go back to with `--to`"),
    foreign(COMMIT, &["rollback"], "name the release to go back to with `--to`"),
    foreign(COMMIT, &[], "name the commit that the images were built from with `--source`"),
    foreign(&["--revision"], &["check"], "use `--expect-revision`"),
    foreign(&["--force"], &["release", "promote", "rollback"], "each guard has a flag of its own: see `--help`"),
    foreign(&["--token", "--git-token"], &[], "set `TAGSHIP_GIT_TOKEN`: a token is no flag"),
];

const COMMANDS: [(&[&str], &str); 6] = [
    (&["deploy", "publish", "update", "bump"], "the command is `release`"),
    (&["undo", "revert"], "the command is `rollback`"),
    (&["history", "list"], "the command is `log`"),
    (&["verify", "validate", "lint"], "the command is `check`"),
    (&["edit"], "the command is `set`"),
    (&["version"], "`tagship --version` prints the version"),
];

/// What is wrong if a command gets one more argument than it takes.
const TOO_MANY: [(&str, &str); 3] = [
    ("rollback", "one entry at a time; name the release to go back to with `--to`"),
    ("log", "name one entry, or none for all of them"),
    ("status", "name the files with `-k` or `-f`"),
];

/// Returns what to do about a word that is no command.
pub fn instead_of_command(word: &str) -> Option<String> {
    let foreign = COMMANDS.iter().find(|(words, _)| words.contains(&word)).map(|(_, hint)| (*hint).to_owned());
    // There are few commands, so that more letters may be wrong.
    foreign.or_else(|| Some(did_you_mean(&nearest_within(word, &commands().into_iter().collect(), word.len() / 3)?)))
}

/// Returns what to do about an argument that `command` does not take; `help` says where to read on. The command is empty if
/// none was named.
pub fn instead_of_argument(command: &str, word: &str, help: &str) -> Option<String> {
    if !word.starts_with('-') {
        return TOO_MANY.iter().find(|(name, _)| *name == command).map(|(_, hint)| (*hint).to_owned());
    }
    let described = built();
    let named = described.find_subcommand(command);
    if let Some(hint) = named.and_then(|command| instead_of_flag(command, word)) {
        return Some(hint.to_owned());
    }
    if named.is_some_and(|command| has_flag(command, word)) {
        return Some(format!("write `{word}` behind `{command}`"));
    }
    let others: Vec<_> =
        described.get_subcommands().filter(|other| has_flag(other, word)).map(Command::get_name).collect();
    if !others.is_empty() {
        return Some(format!("it is a flag of `{}`; {help}", others.join("`, `")));
    }
    // A short flag for another is no slip.
    let is_slip = word.starts_with("--") && !FLAGS.iter().any(|foreign| foreign.words.contains(&word));
    let long = flags_of(named.filter(|_| is_slip)?).filter(|flag| flag.starts_with("--"));
    Some(did_you_mean(&nearest(word, &long.collect())?))
}

fn did_you_mean(near: &str) -> String {
    format!("did you mean `{near}`?")
}

/// Returns what to do about a flag, or an input that is called so, which `command` does not have.
pub(super) fn instead_of_flag(command: &Command, word: &str) -> Option<&'static str> {
    let is_of_command = |foreign: &&Foreign| match foreign.commands {
        [] => flags_in(foreign.hint).all(|flag| has_flag(command, flag)),
        commands => commands.contains(&command.get_name()),
    };
    FLAGS.iter().filter(|foreign| foreign.words.contains(&word)).find(is_of_command).map(|foreign| foreign.hint)
}

/// Returns the flags that a hint quotes, without their values.
fn flags_in(hint: &str) -> impl Iterator<Item = &str> {
    let quoted = hint.split('`').skip(1).step_by(2);
    quoted.filter(|text| text.starts_with('-')).filter_map(|text| text.split([' ', '=']).next())
}

fn has_flag(command: &Command, word: &str) -> bool {
    flags_of(command).any(|flag| flag == word)
}

/// Returns the flags of a command with their dashes.
fn flags_of(command: &Command) -> impl Iterator<Item = String> {
    let of = |argument: &clap::Arg| {
        let long = argument.get_long().map(|long| format!("--{long}"));
        [long, argument.get_short().map(|short| format!("-{short}"))]
    };
    command.get_arguments().flat_map(of).flatten()
}

#[cfg(test)]
mod tests {
    use super::{COMMANDS, FLAGS, TOO_MANY, built, flags_in, has_flag, instead_of_flag};

    #[test]
    fn each_word_is_foreign_and_each_hint_can_be_followed() {
        let described = built();
        for foreign in &FLAGS {
            let mut answered = 0;
            for command in described.get_subcommands() {
                for word in foreign.words {
                    if instead_of_flag(command, word) == Some(foreign.hint) {
                        answered += 1;
                        assert!(!has_flag(command, word), "{} has `{word}`", command.get_name());
                        assert!(flags_in(foreign.hint).all(|flag| has_flag(command, flag)), "{}", foreign.hint);
                    }
                }
            }
            assert!(answered >= foreign.words.len().max(foreign.commands.len()), "{}", foreign.hint);
        }
        for (words, _) in COMMANDS {
            assert!(words.iter().all(|word| described.find_subcommand(word).is_none()), "{words:?}");
        }
        for (name, hint) in TOO_MANY {
            let command = described.find_subcommand(name).unwrap();
            assert!(flags_in(hint).all(|flag| has_flag(command, flag)), "{hint}");
        }
    }
}
