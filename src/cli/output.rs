//! Flags about the report, which every command takes.

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArguments {
    /// How to report
    #[arg(long, value_enum, value_name = "FORMAT", env = "TAGSHIP_OUTPUT", default_value_t = OutputFormat::Text, global = true)]
    pub output: OutputFormat,

    /// Say more
    #[arg(short, long, env = "TAGSHIP_VERBOSE", value_parser = BoolishValueParser::new(), global = true, conflicts_with = "quiet")]
    pub verbose: bool,

    /// Say nothing where all went well
    #[arg(short, long, env = "TAGSHIP_QUIET", value_parser = BoolishValueParser::new(), global = true)]
    pub quiet: bool,

    /// Whether to use colour
    #[arg(long, value_enum, value_name = "WHEN", env = "TAGSHIP_COLOR", default_value_t = ColorChoice::Auto, global = true)]
    pub color: ColorChoice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    Auto,
    Always,
    Never,
}
