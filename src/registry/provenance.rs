//! What SLSA provenance says: from which commit of which repository an image was built, and by which builder. Bytes of a
//! statement that was verified before go in, so its words are those of the signer; its form may still be anything.

use serde_json::Value;

use super::revision::{Revision, is_whole};

/// The predicate types of SLSA provenance that are read
/// ([v0.2](https://slsa.dev/spec/v0.2/provenance), [v1](https://slsa.dev/spec/v1.0/provenance)).
const VERSION_0_2: &str = "https://slsa.dev/provenance/v0.2";
const VERSION_1: &str = "https://slsa.dev/provenance/v1";

/// How many dependencies of one build are searched for its source.
const MAX_DEPENDENCIES: usize = 1_000;

/// Provenance, as far as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The URI of the builder, as the provenance names it.
    pub builder: Option<String>,
    /// The commit that the build's own definition names. What the build fetched beside it is not read: the text of a Dockerfile
    /// chooses that.
    pub source: Option<BuildSource>,
}

/// The commit that was built.
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
    pub named_by: SourceNaming,
}

/// What names the commit that provenance must name, which tells how to name another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceNaming {
    /// `--expect-revision`
    Revision,
    /// The release: `--source`, the CI run, or what was released before.
    Release,
    /// The image's tag, which has a whole commit id.
    Tag,
}

impl Provenance {
    pub(super) fn is_type(predicate_type: &str) -> bool {
        [VERSION_0_2, VERSION_1].contains(&predicate_type)
    }

    /// Reads the predicate of a statement; `None` if it is no provenance.
    pub(super) fn read(predicate_type: &str, predicate: &Value) -> Option<Self> {
        let (builder, source) = match predicate_type {
            VERSION_0_2 => (&predicate["builder"]["id"], BuildSource::read(&predicate["invocation"]["configSource"])),
            VERSION_1 => {
                (&predicate["runDetails"]["builder"]["id"], BuildSource::of_definition(&predicate["buildDefinition"]))
            }
            _ => return None,
        };
        Some(Self { builder: builder.as_str().map(str::to_owned), source })
    }
}

impl ExpectedSource {
    /// Whether a source is this one.
    pub(super) fn allows(&self, source: &BuildSource) -> bool {
        let is_repository = |wanted: &String| wanted.eq_ignore_ascii_case(&source.repository);
        self.repository.as_ref().is_none_or(is_repository) && self.revision.is_commit(&source.commit)
    }
}

impl BuildSource {
    /// Whether a run of this repository and commit built it; what is `None` is not told, and contradicts nothing.
    pub(super) fn is_of_run(&self, repository: Option<&str>, commit: Option<&str>) -> bool {
        let is_commit = |commit: &str| is_whole(commit) && commit.eq_ignore_ascii_case(&self.commit);
        repository.is_none_or(|repository| repository.eq_ignore_ascii_case(&self.repository))
            && commit.is_none_or(is_commit)
    }

    /// Reads the source of a definition of version 1, where each kind of build has fields of its own.
    fn of_definition(definition: &Value) -> Option<Self> {
        let parameters = &definition["externalParameters"];
        // Of buildkit. Without a URI the files came from the machine that built, and no commit is known.
        if let Some(source) = parameters.get("configSource") {
            return Self::read(source);
        }
        // Of the container-based builder of slsa-github-generator.
        if parameters["source"].is_object() {
            return Self::read(&parameters["source"]);
        }
        // Of GitHub's workflows and of GitLab's jobs: the repository, whose commit is among what was resolved.
        let named = [&parameters["workflow"]["repository"], &parameters["source"]].into_iter().find_map(Value::as_str);
        let dependencies = definition["resolvedDependencies"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut commits = dependencies.iter().take(MAX_DEPENDENCIES).filter_map(Self::read);
        match named {
            Some(named) => {
                let repository = repository_in(named)?;
                commits.find(|commit| commit.repository.eq_ignore_ascii_case(&repository))
            }
            None => commits.next(),
        }
    }

    /// Reads a source or a dependency: its URI, and the digest of a commit.
    fn read(value: &Value) -> Option<Self> {
        let digest = |name: &str| value["digest"][name].as_str();
        // GitLab names commits so, whose ids have the length of SHA-1.
        let of_gitlab = || digest("sha256").filter(|id| id.len() == 40);
        // Two names of one commit; if they differ, it names none.
        let (commit, sha1) = (digest("gitCommit"), digest("sha1"));
        if commit.zip(sha1).is_some_and(|(commit, sha1)| commit != sha1) {
            return None;
        }
        let commit = commit.or(sha1).or_else(of_gitlab)?;
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

/// Returns the path of the repository in a URI such as `git+https://github.com/org/app@refs/heads/main`: behind it may stand
/// what was checked out.
pub(super) fn repository_in(uri: &str) -> Option<String> {
    let (_, rest) = uri.split_once("://")?;
    let (_, path) = rest.split_once('/')?;
    let path = path.split(['@', '#', '?']).next().unwrap_or_default().trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    (!path.is_empty()).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{BuildSource, ExpectedSource, Provenance, SourceNaming, VERSION_0_2, VERSION_1, repository_in};
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

    /// Of another repository, as a Dockerfile may fetch it.
    fn fetched(digest: &str) -> Value {
        json!({ "uri": "git+https://github.com/org/other", "digest": { digest: OTHER } })
    }

    #[test]
    fn the_definition_of_the_build_names_the_source() {
        let uri = "git+https://github.com/org/app@refs/heads/main";
        let image = json!({ "uri": "pkg:docker/alpine@3.20", "digest": { "sha256": "ab" } });
        let own = json!({ "uri": uri, "digest": { "gitCommit": COMMIT } });
        let v02 = |source: Value| {
            let materials = json!([image, fetched("sha1"), { "uri": uri, "digest": { "sha1": COMMIT } }]);
            json!({ "invocation": { "configSource": source }, "materials": materials })
        };
        let v1 = |parameters: Value, dependencies: Value| json!({ "buildDefinition": { "externalParameters": parameters, "resolvedDependencies": dependencies } });
        let gitlab = json!({ "uri": "https://gitlab.com/org/app", "digest": { "sha256": COMMIT } });
        let buildkit = json!({ "uri": "https://github.com/org/app.git#refs/heads/main", "digest": { "sha1": COMMIT }, "path": "Dockerfile" });
        for (builder, kind, predicate, is_named) in [
            ("generator", VERSION_0_2, v02(json!({ "uri": uri, "digest": { "sha1": COMMIT } })), true),
            ("buildkit", VERSION_0_2, v02(buildkit.clone()), true),
            ("gitlab", VERSION_0_2, v02(gitlab.clone()), true),
            ("buildkit, of files", VERSION_0_2, v02(json!({ "entryPoint": "Dockerfile" })), false),
            ("no definition", VERSION_0_2, v02(json!({})), false),
            (
                "two commits",
                VERSION_0_2,
                v02(json!({ "uri": uri, "digest": { "gitCommit": COMMIT, "sha1": OTHER } })),
                false,
            ),
            (
                "github",
                VERSION_1,
                v1(
                    json!({ "workflow": { "repository": "https://github.com/org/app" } }),
                    json!([fetched("gitCommit"), own]),
                ),
                true,
            ),
            (
                "github, of another commit",
                VERSION_1,
                v1(json!({ "workflow": { "repository": "https://github.com/org/third" } }), json!([own])),
                false,
            ),
            ("gitlab", VERSION_1, v1(json!({ "source": "https://gitlab.com/org/app" }), json!([image, gitlab])), true),
            ("container", VERSION_1, v1(json!({ "source": own }), json!([fetched("gitCommit")])), true),
            ("buildkit", VERSION_1, v1(json!({ "configSource": buildkit }), json!([fetched("sha1"), own])), true),
            (
                "buildkit, of files",
                VERSION_1,
                v1(json!({ "configSource": { "path": "Dockerfile" } }), json!([own])),
                false,
            ),
            ("other", VERSION_1, v1(json!({ "runSpec": {} }), json!([image, own, fetched("gitCommit")])), true),
        ] {
            let provenance = Provenance::read(kind, &predicate).unwrap();
            let expected = is_named.then(|| format!("org/app@{COMMIT}"));
            assert_eq!(provenance.source.map(|source| source.to_string()), expected, "{builder} {kind}");
        }
    }

    #[test]
    fn the_builder_is_read() {
        let id = "https://example.org/builder";
        for (kind, predicate) in [
            (VERSION_0_2, json!({ "builder": { "id": id } })),
            (VERSION_1, json!({ "runDetails": { "builder": { "id": id } } })),
        ] {
            assert_eq!(Provenance::read(kind, &predicate).unwrap().builder.as_deref(), Some(id), "{kind}");
        }
    }

    #[test]
    fn which_sources_are_the_expected_one() {
        let with = |repository: Option<&str>, revision: &str| ExpectedSource {
            repository: repository.map(str::to_owned),
            revision: Revision::new(revision).unwrap(),
            named_by: SourceNaming::Release,
        };
        let source = BuildSource { repository: "org/app".to_owned(), commit: COMMIT.to_owned() };
        for (expected, is_allowed) in [
            (with(Some("org/app"), COMMIT), true),
            (with(Some("ORG/App"), COMMIT), true),
            (with(None, &COMMIT[..7]), true),
            (with(Some("org/lib"), COMMIT), false),
            (with(Some("org/app"), OTHER), false),
            (with(Some("app"), COMMIT), false),
        ] {
            assert_eq!(expected.allows(&source), is_allowed, "{expected}");
        }
    }

    #[test]
    fn any_form_is_read() {
        for predicate in [json!(null), json!([]), json!({ "buildDefinition": { "resolvedDependencies": 1 } })] {
            let provenance = Provenance::read(VERSION_1, &predicate).unwrap();
            assert_eq!(provenance, Provenance { builder: None, source: None }, "{predicate}");
        }
        assert_eq!(Provenance::read("https://slsa.dev/provenance/v2", &json!({})), None);
    }
}
