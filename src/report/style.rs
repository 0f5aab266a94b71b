//! Colour: what a mark looks like, and whether there is any.

use std::io::IsTerminal;

use crate::cli::{ColorChoice, Environment};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Coloured,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Mark {
    Good,
    Bad,
    Removed,
    Added,
    Faint,
    Note,
}

impl Style {
    pub(super) fn paint(self, mark: Mark, text: &str) -> String {
        let code = match mark {
            Mark::Good | Mark::Added => "32",
            Mark::Bad => "1;31",
            Mark::Removed => "31",
            Mark::Faint => "2",
            Mark::Note => "33",
        };
        match self {
            Self::Plain => text.to_owned(),
            Self::Coloured => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}

/// Colour is for terminals, unless a flag or one of the usual variables says otherwise
/// (<https://no-color.org>, <https://bixense.com/clicolors>).
pub(super) fn style(choice: ColorChoice, out: &dyn IsTerminal, environment: &Environment) -> Style {
    let is_wanted = match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto if environment.get("NO_COLOR").is_some() => false,
        ColorChoice::Auto if environment.get("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
        ColorChoice::Auto if environment.get("CLICOLOR").is_some_and(|value| value == "0") => false,
        ColorChoice::Auto => out.is_terminal() && environment.get("TERM").is_none_or(|value| value != "dumb"),
    };
    if is_wanted { Style::Coloured } else { Style::Plain }
}
