//! A text's line ends in the work tree and in its blob, as `core.autocrlf`, `core.eol` and the attributes `text`, `eol` and
//! `crlf` ask for. The conversions are gix's; what the attributes mean is read here.
//!
//! Other conversions are not made: filters are programs of the user's, which may hang or fail, and the tables of all
//! encodings are half a megabyte. A file that goes through one is told as such.

use gix::attrs::StateRef;
use gix::attrs::search::Outcome;
use gix::filter::plumbing::eol::{
    AttributesDigest, AutoCrlf, Configuration, Mode, convert_to_git, convert_to_worktree,
};
use gix::worktree::stack::state::attributes::Source;

use crate::git::error::GitError;
use crate::git::objects::name::RepositoryPath;

/// How the line ends of one file are converted.
pub(super) struct LineEnds {
    digest: AttributesDigest,
    config: Configuration,
}

/// The attributes that change a content between work tree and blob.
const ATTRIBUTES: [&str; 6] = ["text", "crlf", "eol", "filter", "ident", "working-tree-encoding"];

impl LineEnds {
    /// Returns how the file at `path` is converted; `None` where it is not only by its line ends. Attributes come from the
    /// work tree, as for git, and from the index where it has none.
    pub(in crate::git) fn at(
        repository: &gix::Repository,
        index: &gix::index::State,
        path: &RepositoryPath,
    ) -> Result<Option<Self>, GitError> {
        let failed = |error: gix::Error| GitError::unexpected("the attributes of git cannot be read", error);
        let mut attributes = repository.attributes_only(index, Source::WorktreeThenIdMapping).map_err(failed)?;
        let mut found = Outcome::default();
        found.initialize_with_selection(&gix::attrs::search::MetadataCollection::default(), ATTRIBUTES);
        attributes.at_path(path.to_string(), None).map_err(failed)?.matching_attributes(&mut found);
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

    /// Returns whether git would make the blob that is staged of `content`.
    pub(super) fn is_unchanged(&self, content: &[u8], staged: &[u8]) -> Result<bool, GitError> {
        // What has CRLF in the repository already keeps it, unless it is told to be text.
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

    /// Returns what a checkout writes for `blob`.
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
    let is = |key: &str, value: &str| config.string(key).is_some_and(|set| set == value);
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

/// A filter that is not configured is none.
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
