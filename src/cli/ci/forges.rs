//! The forge that a CI system belongs to, and where its API is, as the system's variables tell. A system that builds for
//! several forges tells nothing of them.

use super::systems::running;

/// What a CI system tells of its own forge. The addresses are as the variables have them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CiForge {
    /// A word of `--forge`.
    pub kind: &'static str,
    /// The forge's address for people.
    pub web: String,
    pub api: Option<String>,
    pub graphql: Option<String>,
}

/// Returns what the system that runs this tells of its own forge.
pub(in crate::cli) fn forge(variable: &impl Fn(&str) -> Option<String>) -> Option<CiForge> {
    let names = running(variable).next()?.forge.as_ref()?;
    Some(CiForge {
        kind: names.kind,
        web: variable(names.web)?,
        api: names.api.and_then(variable),
        graphql: names.graphql.and_then(variable),
    })
}
