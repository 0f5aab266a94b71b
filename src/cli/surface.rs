//! Where the settings of a run are written.

/// Where a user writes what is to be done, which decides how messages call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Surface {
    /// Flags.
    #[default]
    CommandLine,
    /// Inputs of a step in a workflow.
    Action,
    /// Settings of a plugin.
    Plugin,
}
