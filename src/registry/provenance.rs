//! What SLSA provenance says: from which commit of which repository an image was built, and by which builder. Bytes of a
//! statement that was verified before go in, so its words are those of the signer; its form may still be anything.

use serde_json::Value;

use super::revision::Revision;

/// The predicate types of SLSA provenance that are read
/// ([v0.2](https://slsa.dev/spec/v0.2/provenance), [v1](https://slsa.dev/spec/v1.0/provenance)).
const VERSION_0_2: &str = "https://slsa.dev/provenance/v0.2";
const VERSION_1: &str = "https://slsa.dev/provenance/v1";

/// How many sources of one provenance are read.
const MAX_SOURCES: usize = 1_000;

/// Provenance, as far as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The URI of the builder, as the provenance names it.
    pub builder: Option<String>,
    /// The commits that went into the build, that of the build's own definition first.
    pub sources: Vec<BuildSource>,
}

/// A commit that went into a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildSource {
    /// The path of the repository on its host, such as `org/app`.
    pub repository: String,
    pub commit: String,
}

/// The commit that provenance must name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedSource {
    /// As `owner/repo`; `None` if only the commit is known.
    pub repository: Option<String>,
    pub revision: Revision,
}

impl Provenance {
    pub(super) fn is_type(predicate_type: &str) -> bool {
        [VERSION_0_2, VERSION_1].contains(&predicate_type)
    }

    /// Reads the predicate of a statement; `None` if it is no provenance.
    pub(super) fn read(predicate_type: &str, predicate: &Value) -> Option<Self> {
        let (builder, sources) = match predicate_type {
            VERSION_0_2 => {
                let definition = std::iter::once(&predicate["invocation"]["configSource"]);
                (&predicate["builder"]["id"], definition.chain(items(&predicate["materials"])).collect())
            }
            VERSION_1 => {
                let definition = &predicate["buildDefinition"];
                let dependencies = items(&definition["resolvedDependencies"]);
                let definition_source = std::iter::once(&definition["externalParameters"]["configSource"]);
                (&predicate["runDetails"]["builder"]["id"], definition_source.chain(dependencies).collect::<Vec<_>>())
            }
            _ => return None,
        };
        let mut read: Vec<BuildSource> = Vec::new();
        for source in sources.into_iter().take(MAX_SOURCES).filter_map(BuildSource::read) {
            if !read.contains(&source) {
                read.push(source);
            }
        }
        Some(Self { builder: builder.as_str().map(str::to_owned), sources: read })
    }

    /// Whether one of the commits is the expected one.
    pub(super) fn is_of(&self, expected: &ExpectedSource) -> bool {
        self.sources.iter().any(|source| {
            let is_repository =
                expected.repository.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(&source.repository));
            is_repository && expected.revision.is(&source.commit)
        })
    }
}

impl BuildSource {
    /// Reads a source or a material: its URI, and the digest of a commit.
    fn read(value: &Value) -> Option<Self> {
        let digest = &value["digest"];
        let commit = [&digest["gitCommit"], &digest["sha1"]].into_iter().find_map(Value::as_str)?;
        Some(Self { repository: repository_in(value["uri"].as_str()?)?, commit: commit.to_owned() })
    }
}

impl std::fmt::Display for BuildSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.repository, self.commit)
    }
}

impl std::fmt::Display for ExpectedSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.repository {
            Some(repository) => write!(f, "{repository}@{}", self.revision),
            None => self.revision.fmt(f),
        }
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

/// Returns the path of the repository in a URI such as `git+https://github.com/org/app@refs/heads/main`: behind it may stand
/// what was checked out.
fn repository_in(uri: &str) -> Option<String> {
    let (_, rest) = uri.split_once("://")?;
    let (_, path) = rest.split_once('/')?;
    let path = path.split(['@', '#', '?']).next().unwrap_or_default().trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    (!path.is_empty()).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ExpectedSource, Provenance, VERSION_0_2, VERSION_1, repository_in};
    use crate::registry::revision::Revision;

    const COMMIT: &str = "fdafd7008d04c2a2286676b92a87fd85aa9b682a";
    const OTHER: &str = "b15411f387bb2a2286676b92a87fd85aa9b682a5";

    #[test]
    fn repositories_in_uris() {
        for (uri, expected) in [
            ("git+https://github.com/org/app@refs/heads/main", Some("org/app")),
            ("git+https://github.com/org/app.git@refs/tags/v1", Some("org/app")),
            ("https://github.com/org/app.git#refs/heads/main", Some("org/app")),
            ("https://gitlab.com/group/sub/app", Some("group/sub/app")),
            ("git+ssh://git@github.com/org/app", Some("org/app")),
            ("pkg:docker/alpine@3.20", None),
            ("https://github.com", None),
            ("https://github.com/@main", None),
        ] {
            assert_eq!(repository_in(uri).as_deref(), expected, "{uri}");
        }
    }

    #[test]
    fn both_versions_name_the_source() {
        let uri = "git+https://github.com/org/app@refs/heads/main";
        let of_generator = json!({
            "builder": { "id": "https://example.org/builder" },
            "invocation": { "configSource": { "uri": uri, "digest": { "sha1": COMMIT } } },
            "materials": [
                { "uri": "pkg:docker/alpine@3.20", "digest": { "sha256": "ab" } },
                { "uri": uri, "digest": { "sha1": COMMIT } },
                { "uri": "git+https://github.com/org/lib", "digest": { "sha1": OTHER } },
            ],
        });
        let of_github = json!({
            "buildDefinition": {
                "externalParameters": { "workflow": { "repository": "https://github.com/org/app" } },
                "resolvedDependencies": [
                    { "uri": uri, "digest": { "gitCommit": COMMIT } },
                    { "uri": "git+https://github.com/org/lib", "digest": { "gitCommit": OTHER } },
                ],
            },
            "runDetails": { "builder": { "id": "https://example.org/builder" } },
        });
        for (kind, predicate) in [(VERSION_0_2, of_generator), (VERSION_1, of_github)] {
            let provenance = Provenance::read(kind, &predicate).unwrap();
            assert_eq!(provenance.builder.as_deref(), Some("https://example.org/builder"));
            let sources: Vec<_> = provenance.sources.iter().map(ToString::to_string).collect();
            assert_eq!(sources, [format!("org/app@{COMMIT}"), format!("org/lib@{OTHER}")], "{kind}");
            for (repository, revision, expected) in [
                (Some("org/app"), COMMIT, true),
                (Some("ORG/App"), COMMIT, true),
                (None, &COMMIT[..7], true),
                (Some("org/lib"), COMMIT, false),
                (Some("org/app"), OTHER, false),
                (Some("app"), COMMIT, false),
            ] {
                let expected_source = ExpectedSource {
                    repository: repository.map(str::to_owned),
                    revision: Revision::new(revision).unwrap(),
                };
                assert_eq!(provenance.is_of(&expected_source), expected, "{kind} {expected_source}");
            }
        }
    }

    #[test]
    fn any_form_is_read() {
        for predicate in [json!(null), json!([]), json!({ "buildDefinition": { "resolvedDependencies": 1 } })] {
            let provenance = Provenance::read(VERSION_1, &predicate).unwrap();
            assert_eq!(provenance, Provenance { builder: None, sources: Vec::new() }, "{predicate}");
        }
        assert_eq!(Provenance::read("https://slsa.dev/provenance/v2", &json!({})), None);
    }
}
