//! The values of `--sign`.

use clap::ValueEnum;

/// What signs the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SignWith {
    /// The key of git's configuration, if `commit.gpgSign` is set
    #[value(aliases = ["false", "no", "off", "0"])]
    Auto,
    /// The key of git's configuration
    #[value(aliases = ["true", "yes", "on", "1"])]
    Git,
    /// GitHub, which makes the commit: its author is the owner of the token
    Forge,
}
