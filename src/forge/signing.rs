//! A commit that a forge makes and signs: what it is made of, and what comes back.

/// What a forge makes a commit of. All ids are in hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsignedCommit<'a> {
    pub parent: &'a str,
    /// The tree of the parent.
    pub base_tree: &'a str,
    /// The tree that the commit must have.
    pub tree: &'a str,
    pub files: Vec<FileToCommit<'a>>,
    pub message: &'a str,
}

/// A file that a commit changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileToCommit<'a> {
    pub path: &'a str,
    /// As git writes it, such as `100644`.
    pub mode: &'a str,
    pub bytes: &'a [u8],
}

/// A commit that a forge has made, of the tree, the parent and the message that it was asked for, and verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCommit {
    pub id: String,
    /// The commit's object without its signature.
    pub payload: String,
    pub signature: String,
}

/// A ref that is to move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefMove<'a> {
    /// The full name, such as `refs/heads/main`.
    pub name: &'a str,
    /// The object that it must name; zeros if it must not exist.
    pub from: &'a str,
    pub to: &'a str,
}
