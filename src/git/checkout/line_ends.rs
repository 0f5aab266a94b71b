//! Line ends of a text in the work tree and in its blob, by `core.autocrlf`, `core.eol` and the attributes `text`, `eol` and
//! `crlf`. gix converts them; this file reads what the attributes mean.
//!
//! Other conversions are not supported: filters are programs of the user, which may hang or fail, and the tables of all
//! encodings are half a megabyte. A file with one is not converted, and the caller is told so.

use gix::attrs::StateRef;
use gix::attrs::search::Outcome;
use gix::filter::plumbing::eol::{
    AttributesDigest, AutoCrlf, Configuration, Mode, convert_to_git, convert_to_worktree,
};
use gix::worktree::stack::state::attributes::Source;

use crate::git::error::GitError;
use crate::git::objects::name::RepositoryPath;

/// The conversion of one file's line ends.
pub(super) struct LineEnds {
    digest: AttributesDigest,
    config: Configuration,
}

/// The attributes that change a content between work tree and blob.
const ATTRIBUTES: [&str; 6] = ["text", "crlf", "eol", "filter", "ident", "working-tree-encoding"];

impl LineEnds {
    /// Returns the conversion of the file at `path`; `None` if more than its line ends are converted. As for git, attributes
    /// come from the work tree, and from the index if it has none.
    pub(in crate::git) fn at(
        repository: &gix::Repository,
        index: &gix::index::State,
        path: &RepositoryPath,
    ) -> Result<Option<Self>, GitError> {
        let failed = |error: gix::Error| GitError::unexpected("the attributes of git cannot be read", error);
        let mut attributes = repository.attributes_only(index, Source::WorktreeThenIdMapping).map_err(failed)?;
        let mut found = Outcome::default();
        found.initialize_with_selection(&gix::attrs::search::MetadataCollection::default(), ATTRIBUTES);
        attributes.at_path(path.as_str(), None).map_err(failed)?.matching_attributes(&mut found);
        let states: Vec<_> = found.iter_selected().map(|found| found.assignment.state).collect();
        let &[text, crlf, eol, filter, ident, encoding] = states.as_slice() else {
            return Ok(None);
        };
        if is_filter(repository, filter) || ident == StateRef::Set || is_encoding(encoding) {
            return Ok(None);
        }
        let config = configuration(repository);
        Ok(Some(Self { digest: digest(text, crlf, eol, config), config }))
    }

    /// Returns whether git would convert `content` to the blob `staged`.
    pub(super) fn is_unchanged(&self, content: &[u8], staged: &[u8]) -> Result<bool, GitError> {
        // A file with CRLF in the repository keeps it, unless its attributes say that it is text.
        let read_staged = &mut |buffer: &mut Vec<u8>| {
            buffer.clear();
            buffer.extend_from_slice(staged);
            Ok(Some(()))
        };
        let options = convert_to_git::Options { round_trip_check: None, config: self.config };
        let mut converted = Vec::new();
        let is_other = convert_to_git(content, self.digest, &mut converted, read_staged, options).map_err(failed)?;
        let blob = if is_other { &converted } else { content };
        Ok(blob == staged)
    }

    /// Returns the content that git writes to the work tree for `blob`.
    pub(super) fn content_of(&self, blob: &[u8]) -> Result<Vec<u8>, GitError> {
        let mut converted = Vec::new();
        let is_other = convert_to_worktree(blob, self.digest, &mut converted, self.config).map_err(failed)?;
        Ok(if is_other { converted } else { blob.to_vec() })
    }
}

fn failed(error: gix::Error) -> GitError {
    GitError::unexpected("line ends cannot be converted", error)
}

fn configuration(repository: &gix::Repository) -> Configuration {
    let config = repository.config_snapshot();
    // As for git, their case does not matter.
    let is = |key: &str, value: &str| config.string(key).is_some_and(|set| set.eq_ignore_ascii_case(value.as_bytes()));
    let auto_crlf = match config.boolean("core.autocrlf") {
        _ if is("core.autocrlf", "input") => AutoCrlf::Input,
        Some(true) => AutoCrlf::Enabled,
        Some(false) | None => AutoCrlf::Disabled,
    };
    let eol = match () {
        () if is("core.eol", "crlf") => Some(Mode::CrLf),
        () if is("core.eol", "lf") => Some(Mode::Lf),
        () => None,
    };
    Configuration { auto_crlf, eol }
}

/// Returns whether a filter is configured for this attribute. git ignores one that is not.
fn is_filter(repository: &gix::Repository, filter: StateRef<'_>) -> bool {
    let StateRef::Value(name) = filter else { return false };
    let config = repository.config_snapshot();
    let mut sections = config.plumbing().sections_by_name("filter").into_iter().flatten();
    sections.any(|section| section.header().subsection_name() == Some(name.as_bstr()))
}

fn is_encoding(encoding: StateRef<'_>) -> bool {
    match encoding {
        StateRef::Value(name) => !name.as_bstr().eq_ignore_ascii_case(b"UTF-8"),
        StateRef::Set | StateRef::Unset | StateRef::Unspecified => false,
    }
}

/// Returns what attributes and configuration say together, as gitattributes(5) has it.
fn digest(text: StateRef<'_>, crlf: StateRef<'_>, eol: StateRef<'_>, config: Configuration) -> AttributesDigest {
    let eol = match eol {
        StateRef::Value(value) if value.as_bstr() == "lf" => Some(Mode::Lf),
        StateRef::Value(value) if value.as_bstr() == "crlf" => Some(Mode::CrLf),
        _ => None,
    };
    match (text_of(text).or_else(|| text_of(crlf)), eol) {
        (Some(AttributesDigest::Binary), _) => AttributesDigest::Binary,
        (Some(AttributesDigest::TextAuto), Some(Mode::Lf)) => AttributesDigest::TextAutoInput,
        (Some(AttributesDigest::TextAuto), Some(Mode::CrLf)) => AttributesDigest::TextAutoCrlf,
        (_, Some(eol)) => eol.into(),
        (Some(AttributesDigest::Text), None) => config.to_eol().into(),
        (Some(text), None) => text,
        (None, None) => config.auto_crlf.into(),
    }
}

/// Reads the attribute `text`, or its older name `crlf`.
fn text_of(state: StateRef<'_>) -> Option<AttributesDigest> {
    match state {
        StateRef::Set => Some(AttributesDigest::Text),
        StateRef::Unset => Some(AttributesDigest::Binary),
        StateRef::Value(value) if value.as_bstr() == "input" => Some(AttributesDigest::TextInput),
        StateRef::Value(value) if value.as_bstr() == "auto" => Some(AttributesDigest::TextAuto),
        StateRef::Value(_) | StateRef::Unspecified => None,
    }
}
