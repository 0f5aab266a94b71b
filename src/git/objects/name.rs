//! Names within a repository, validated once: branches, tags, commits and paths.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use gix::ObjectId;
use gix::bstr::ByteSlice as _;

use crate::git::error::GitError;

/// The short name of a branch, without `refs/heads/`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BranchName(String);

impl BranchName {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the full name of the branch's ref.
    pub fn full(&self) -> String {
        format!("refs/heads/{}", self.0)
    }

    pub(in crate::git) fn from_full(name: &[u8]) -> Option<Self> {
        Self::named(name.strip_prefix(b"refs/heads/")?.to_str().ok()?)
    }

    /// Returns the branch with this short name, if that is one that a release branch may have.
    fn named(short: &str) -> Option<Self> {
        let full = format!("refs/heads/{short}");
        let is_reserved = short == "HEAD" || short == "@" || short.starts_with("refs/") || short.starts_with('-');
        let is_valid = !is_reserved && gix::validate::reference::name(full.as_bytes().as_bstr()).is_ok();
        is_valid.then(|| Self(short.to_owned()))
    }
}

impl FromStr for BranchName {
    type Err = GitError;

    fn from_str(text: &str) -> Result<Self, GitError> {
        let short = text.strip_prefix("refs/heads/").unwrap_or(text);
        Self::named(short).ok_or_else(|| GitError::BranchName(text.to_owned()))
    }
}

impl fmt::Display for BranchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The short name of a tag, without `refs/tags/`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TagName(String);

impl TagName {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the full name of the tag's ref.
    pub(in crate::git) fn full(&self) -> String {
        format!("refs/tags/{}", self.0)
    }
}

impl FromStr for TagName {
    type Err = GitError;

    /// Reads a name that `git tag` takes too.
    fn from_str(text: &str) -> Result<Self, GitError> {
        let short = text.strip_prefix("refs/tags/").unwrap_or(text);
        let full = format!("refs/tags/{short}");
        let reserved = short == "HEAD" || short.starts_with("refs/");
        let valid =
            !reserved && !short.starts_with('-') && gix::validate::reference::name(full.as_bytes().as_bstr()).is_ok();
        if valid { Ok(Self(short.to_owned())) } else { Err(GitError::TagName(text.to_owned())) }
    }
}

impl fmt::Display for TagName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CommitId(pub(in crate::git) ObjectId);

/// The id of what a file says: equal ids are equal bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentId(pub(in crate::git) ObjectId);

impl ContentId {
    /// Returns an id that no file has.
    #[cfg(test)]
    pub(crate) fn of_number(number: u8) -> Self {
        Self(ObjectId::from_bytes_or_panic(&[number; 20]))
    }
}

impl CommitId {
    /// Returns the id with this number as its last digits.
    #[cfg(test)]
    pub(crate) fn of_number(number: impl fmt::LowerHex) -> Self {
        Self(ObjectId::from_hex(format!("{number:040x}").as_bytes()).unwrap())
    }

    /// Reads a whole id of 40 digits; a shortened one does not name a commit for certain.
    pub fn parse(text: &str) -> Option<Self> {
        ObjectId::from_hex(text.as_bytes()).ok().map(Self)
    }

    /// Returns the first seven digits, as git shows them.
    pub fn short(&self) -> String {
        self.0.to_hex_with_len(7).to_string()
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A path inside a repository, from its root: parts joined by `/`. It is empty for the root, which is shown as `.`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RepositoryPath(String);

impl RepositoryPath {
    /// Resolves `written` against the folder `base` inside the repository: no part of the result is `.`, `..` or `.git`.
    pub fn resolve(base: &Self, written: &str) -> Result<Self, GitError> {
        let refused = |why| GitError::Path { path: written.to_owned(), why };
        if written.is_empty() {
            return Err(refused("it is empty"));
        }
        if written.starts_with('/') || written.contains('\\') {
            return Err(refused("write it relative, with `/` between its parts"));
        }
        let mut path = base.clone();
        for part in written.split('/') {
            match part {
                "" | "." => {}
                ".." if path == Self::root() => return Err(refused("it leads out of the repository")),
                ".." => path = path.folder(),
                part if part.chars().any(char::is_control) => return Err(refused("it has a control character")),
                part if is_refused_by_git(part) => return Err(refused("it leads into `.git`")),
                part => path = path.join(part),
            }
        }
        Ok(path)
    }

    /// Returns the path that is shown as `text`. It came out of a repository, where a name may be one that cannot be typed,
    /// such as one with a `\`.
    pub fn shown_as(text: &str) -> Self {
        text.split('/').filter(|name| !matches!(*name, "" | ".")).fold(Self::root(), |path, name| path.join(name))
    }

    /// Returns the repository's root.
    pub fn root() -> Self {
        Self(String::new())
    }

    /// Returns the path as it is shown.
    pub fn as_str(&self) -> &str {
        if self.0.is_empty() { "." } else { &self.0 }
    }

    /// Returns the path as git writes it: empty for the root.
    pub(in crate::git) fn in_git(&self) -> &str {
        &self.0
    }

    /// Returns the folders that lead to this path, the root first, without itself.
    pub fn folders(&self) -> Vec<Self> {
        let ends = self.0.match_indices('/').map(|(end, _)| Self(self.0[..end].to_owned()));
        (!self.0.is_empty()).then(Self::root).into_iter().chain(ends).collect()
    }

    /// Returns the folder that this is in; the root is in itself.
    #[must_use]
    pub fn folder(&self) -> Self {
        Self(self.0.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned())
    }

    /// Returns the path of `name` in this folder.
    #[must_use]
    pub fn join(&self, name: &str) -> Self {
        if self.0.is_empty() { Self(name.to_owned()) } else { Self(format!("{}/{name}", self.0)) }
    }

    /// Returns the names that lead to this path; none for the root.
    pub(in crate::git) fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|_| !self.0.is_empty())
    }
}

/// Returns whether git checks out no file or folder of this name, because it would lead out of the work tree or into git's own
/// folder.
pub(in crate::git) fn is_refused_by_git(name: &str) -> bool {
    matches!(name, "." | "..") || name.eq_ignore_ascii_case(".git")
}

/// Name by name, so that `prod/web` is before `prod-eu/web`.
impl Ord for RepositoryPath {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts().cmp(other.parts())
    }
}

impl PartialOrd for RepositoryPath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for RepositoryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{BranchName, RepositoryPath, TagName};

    #[test]
    fn branches() {
        for (text, expected) in [
            ("main", Some("main")),
            ("refs/heads/release/1.0", Some("release/1.0")),
            ("", None),
            ("-x", None),
            ("a..b", None),
            ("a b", None),
            ("a\nb", None),
            ("x.lock", None),
            ("@{u}", None),
            ("HEAD", None),
            ("@", None),
            ("refs/tags/v1", None),
            ("refs/heads/refs/x", None),
        ] {
            assert_eq!(text.parse::<BranchName>().ok().as_ref().map(BranchName::as_str), expected, "{text:?}");
        }
    }

    /// What a repository names is a full name already.
    #[test]
    fn full_names() {
        for (name, expected) in [
            ("refs/heads/main", Some("main")),
            ("refs/heads/a/b", Some("a/b")),
            ("refs/heads/refs/heads/main", None),
            ("refs/heads/HEAD", None),
            ("refs/tags/v1", None),
            ("main", None),
        ] {
            assert_eq!(BranchName::from_full(name.as_bytes()).as_ref().map(BranchName::as_str), expected, "{name}");
        }
    }

    /// The expectations are those of `git check-ref-format refs/tags/NAME` and of `git tag`.
    #[test]
    fn tags() {
        for (text, expected) in [
            ("v1.2.3", Some("v1.2.3")),
            ("refs/tags/prod/v1", Some("prod/v1")),
            ("prod-web+2", Some("prod-web+2")),
            ("org/app@fdafd70", Some("org/app@fdafd70")),
            ("@", Some("@")),
            ("", None),
            ("-x", None),
            ("HEAD", None),
            ("web:v1", None),
            ("a b", None),
            ("a..b", None),
            ("a\nb", None),
            ("/a", None),
            ("a/", None),
            ("a//b", None),
            (".a", None),
            ("a/.b", None),
            ("a.", None),
            ("x.lock", None),
            ("@{u}", None),
            ("a~b", None),
            ("a^", None),
            ("a?", None),
            ("a*", None),
            ("[a]", None),
            ("a\\b", None),
            ("refs/heads/main", None),
        ] {
            assert_eq!(text.parse::<TagName>().ok().as_ref().map(TagName::as_str), expected, "{text:?}");
        }
    }

    #[test]
    fn paths_stay_inside() {
        let base = RepositoryPath::resolve(&RepositoryPath::root(), "apps/web").unwrap();
        for (written, expected) in [
            (".", Some("apps/web")),
            ("./prod//x", Some("apps/web/prod/x")),
            ("../api", Some("apps/api")),
            ("../..", Some(".")),
            ("../../..", None),
            ("/etc", None),
            ("", None),
            ("a\\b", None),
            (".git/config", None),
            ("a/.GIT", None),
            ("a\nb", None),
        ] {
            let path = RepositoryPath::resolve(&base, written).ok().map(|path| path.to_string());
            assert_eq!(path.as_deref(), expected, "{written:?}");
        }
    }

    #[test]
    fn a_path_is_shown_as_it_is() {
        let root = RepositoryPath::root();
        for path in [root.clone(), root.join("apps"), root.join("a\\b\tc").join(".GIT").join("..")] {
            assert_eq!(RepositoryPath::shown_as(path.as_str()), path);
        }
    }
}
