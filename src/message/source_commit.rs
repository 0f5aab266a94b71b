//! A commit that images are built from, as `--source`, trailers and the labels of images name it.

use std::fmt;

use crate::git::CommitId;

/// A commit of the repository that images are built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceCommit {
    /// As `owner/repo`; `None` if only the commit is known.
    pub repository: Option<String>,
    pub commit: CommitId,
}

impl SourceCommit {
    /// Reads `owner/repo@sha`.
    pub fn parse(text: &str) -> Option<Self> {
        let (repository, commit) = text.rsplit_once('@')?;
        Some(Self { repository: Some(repository.to_owned()), commit: CommitId::parse(commit)? })
    }

    /// Reads what the labels of an image say: the whole id of a commit, and the URL of its repository. Of the URL, the path
    /// counts: it is what `owner/repo` stands for.
    pub fn of_labels(revision: &str, source: Option<&str>) -> Option<Self> {
        Some(Self { repository: source.and_then(path_of), commit: CommitId::parse(revision.trim())? })
    }
}

/// Returns the path of a repository's URL, if it has no more than such paths have.
fn path_of(url: &str) -> Option<String> {
    let rest = url.trim().split_once("://")?.1;
    let path = rest.split_once('/')?.1.trim_matches('/').trim_end_matches(".git");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    ((1..=200).contains(&path.len()) && path.chars().all(is_plain)).then(|| path.to_owned())
}

impl fmt::Display for SourceCommit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.repository {
            Some(repository) => write!(f, "{repository}@{}", self.commit),
            None => self.commit.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SourceCommit;

    #[test]
    fn source_commits() {
        let id = "fdafd7008d04c2a2286676b92a87fd85aa9b682a";
        let source = SourceCommit::parse(&format!("org/app@{id}")).unwrap();
        assert_eq!((source.repository.as_deref(), source.commit.to_string().as_str()), (Some("org/app"), id));
        assert_eq!(SourceCommit::parse("org/app@fdafd70"), None, "a shortened id");
        for (url, repository) in [
            (Some("https://github.com/org/app.git"), Some("org/app")),
            (Some("https://user:s3cret@host/group/sub/app/"), Some("group/sub/app")),
            (Some("https://host/org/app?token=s3cret"), None),
            (Some("https://host"), None),
            (Some("app"), None),
            (None, None),
        ] {
            let source = SourceCommit::of_labels(id, url).unwrap();
            assert_eq!(source.repository.as_deref(), repository, "{url:?}");
        }
        assert_eq!(SourceCommit::of_labels("fdafd70", None), None, "a shortened id");
    }
}
