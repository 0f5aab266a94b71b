//! The commands `completions` and `man`, which describe the program to shells and to `man`. Like `--help`, they are made from
//! the command line's description, and need no flow.

use std::ffi::OsString;

use clap::{Arg, value_parser};
use clap_complete::Shell;
use clap_mangen::Man;

const COMPLETIONS: &str = "completions";
const MAN: &str = "man";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
    source <(tagship completions bash)
    tagship completions zsh > ~/.zfunc/_tagship
    tagship completions fish > ~/.config/fish/completions/tagship.fish";

const MAN_EXAMPLES: &str = "\
Examples:
    tagship man | man -l -
    tagship man release > tagship-release.1";

/// Adds the two commands to `command`.
pub(super) fn with_manual(command: clap::Command) -> clap::Command {
    let names = command.get_subcommands().map(|command| command.get_name().to_owned());
    let names: Vec<String> = names.chain([COMPLETIONS, MAN].map(str::to_owned)).collect();
    let shell = Arg::new("shell").required(true).value_name("SHELL").value_parser(value_parser!(Shell));
    let known = move |name: &str| match names.iter().any(|other| other == name) {
        true => Ok(name.to_owned()),
        false => Err(format!("the commands are {}", names.join(", "))),
    };
    let page = Arg::new("page").value_name("COMMAND").value_parser(known);
    command
        .subcommand(
            clap::Command::new(COMPLETIONS)
                .about("Print the completions for a shell")
                .arg(shell.help("The shell"))
                .after_help(COMPLETIONS_EXAMPLES),
        )
        .subcommand(
            clap::Command::new(MAN)
                .about("Print the manual page, as `man` reads it")
                .arg(page.help("The command [default: the program itself]"))
                .after_help(MAN_EXAMPLES),
        )
}

/// Returns the text that a command line asks for, if it asks for one and is valid. `command` parses the command line, and
/// `whole` is what the text describes; both have been through [`with_manual`].
pub(super) fn text(
    command: impl FnOnce() -> clap::Command,
    whole: impl FnOnce() -> clap::Command,
    arguments: &[OsString],
) -> Option<Vec<u8>> {
    // Most command lines ask for something else, and need not be parsed twice.
    if !arguments.iter().any(|argument| argument == COMPLETIONS || argument == MAN) {
        return None;
    }
    let mut text = Vec::new();
    match command().try_get_matches_from(arguments).ok()?.subcommand()? {
        (COMPLETIONS, asked) => {
            let shell: Shell = *asked.get_one("shell")?;
            clap_complete::generate(shell, &mut whole(), "tagship", &mut text);
        }
        (MAN, asked) => page(whole(), asked.get_one("page")).render(&mut text).ok()?,
        _ => return None,
    }
    Some(text)
}

fn page(command: clap::Command, name: Option<&String>) -> Man {
    // clap_mangen leaves out a text that is short and of a flag that the short help has not.
    let with_texts = |command: clap::Command| command.mut_args(|argument| argument.hide_short_help(false));
    // `help` has no page.
    let mut command = with_texts(command).mut_subcommands(with_texts).disable_help_subcommand(true);
    // So that the page of a command has the flags of all commands, and is called after the program too.
    command.build();
    let asked = name.and_then(|name| command.find_subcommand(name)).cloned();
    let mut asked = asked.unwrap_or(command);
    // As `--help` has it: clap_mangen lists all flags, without their order, and no dots behind what may be several.
    let usage = asked.render_usage().to_string();
    let asked = asked.override_usage(usage.trim_start_matches("Usage: ").to_owned());
    Man::new(asked).source(concat!("tagship ", env!("CARGO_PKG_VERSION")))
}
