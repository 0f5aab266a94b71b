//! The forge that a CI system belongs to, and where its API is, as the system's variables tell. A system that builds for
//! several forges tells nothing of them.

use super::system::CiSystem;

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

/// The variables of a system.
struct ForgeVariables {
    system: CiSystem,
    kind: &'static str,
    web: &'static str,
    api: Option<&'static str>,
    graphql: Option<&'static str>,
}

const FORGES: [ForgeVariables; 5] = [
    ForgeVariables {
        system: CiSystem::GitHubActions,
        kind: "github",
        web: "GITHUB_SERVER_URL",
        api: Some("GITHUB_API_URL"),
        graphql: Some("GITHUB_GRAPHQL_URL"),
    },
    ForgeVariables {
        system: CiSystem::GiteaActions,
        kind: "gitea",
        web: "GITHUB_SERVER_URL",
        api: Some("GITHUB_API_URL"),
        graphql: None,
    },
    ForgeVariables {
        system: CiSystem::ForgejoActions,
        kind: "gitea",
        web: "GITHUB_SERVER_URL",
        api: Some("GITHUB_API_URL"),
        graphql: None,
    },
    ForgeVariables {
        system: CiSystem::GitLabCi,
        kind: "gitlab",
        web: "CI_SERVER_URL",
        api: Some("CI_API_V4_URL"),
        graphql: None,
    },
    ForgeVariables {
        system: CiSystem::AzurePipelines,
        kind: "azure",
        web: "SYSTEM_COLLECTIONURI",
        api: None,
        graphql: None,
    },
];

/// Returns what a system tells of its own forge.
pub(in crate::cli) fn forge_of(system: CiSystem, variable: &impl Fn(&str) -> Option<String>) -> Option<CiForge> {
    let row = FORGES.iter().find(|row| row.system == system)?;
    Some(CiForge {
        kind: row.kind,
        web: variable(row.web)?,
        api: row.api.and_then(variable),
        graphql: row.graphql.and_then(variable),
    })
}
