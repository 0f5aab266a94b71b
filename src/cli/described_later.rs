//! The arguments of a command whose flags are described later, by `described`, if the command is the one that was named.

use std::ops::Deref;

use clap::{ArgMatches, Args, Command, FromArgMatches};

/// The arguments `T` of a command.
#[derive(Debug)]
pub struct DescribedLater<T>(Box<T>);

impl<T> Deref for DescribedLater<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: FromArgMatches> FromArgMatches for DescribedLater<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        T::from_arg_matches(matches).map(|arguments| Self(Box::new(arguments)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}

impl<T: Args> Args for DescribedLater<T> {
    fn augment_args(command: Command) -> Command {
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        command
    }
}
