//! INPUTS as typed: the only reader of the command line and of the environment. What they mean is `request`'s business.

mod args;
mod env;

pub use args::{
    Arguments, CheckArguments, ColorChoice, Command, KustomizationArguments, OutputArguments, OutputFormat,
    RegistryArguments, ReleaseArguments, RequirementArguments, SetArguments,
};
pub use env::{Ci, Environment, GitLogin};
