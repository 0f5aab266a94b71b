//! Reads the rules that are for a release from the tip that is written on. Rules that come later are seen as well: the push
//! that did not know of them loses the race, and the next attempt reads them. The names of the files are in the folders that
//! are loaded along the path, so a branch without rules costs no request.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::rule::ReleaseRule;
use super::rules_file::{RULES_FILE_NAME, RulesFile};
use super::typed_mapping::RulesRefusal;
use crate::git::{RepositoryPath, Snapshot, TreeEntryKind};
use crate::guards::near_names::near_names;
use crate::outcome::failure::Failure;
use crate::targets;

/// What the names of files that were meant as rules files begin with.
const NEAR_RULES_FILES: [&str; 3] = ["tagshipyaml", "tagshipyml", "tagshiprule"];

/// A rule that is for an entry of a file.
#[derive(Debug, Clone)]
pub struct ApplyingRule {
    /// The rules file.
    pub place: RepositoryPath,
    pub rule: Rc<ReleaseRule>,
}

/// The rules files along some paths, as they were read.
pub struct RulesState {
    files: BTreeMap<RepositoryPath, Result<Vec<Rc<ReleaseRule>>, RulesRefusal>>,
    /// The names of the entries of each kustomization. In a file of another kind, an image has several names.
    entries: BTreeMap<RepositoryPath, BTreeSet<String>>,
}

/// Reads the rules files in the folders of the files at `paths` and above them. `warn` is told of files that look like rules
/// files and are none by their name.
///
/// # Errors
/// If the branch cannot be read.
pub fn rules_for(
    snapshot: &mut Snapshot<'_>,
    paths: &[RepositoryPath],
    warn: &mut dyn FnMut(String),
) -> Result<RulesState, Failure> {
    let folders: BTreeSet<RepositoryPath> = paths.iter().flat_map(RepositoryPath::folders).collect();
    let mut found = Vec::new();
    let mut files = BTreeMap::new();
    for folder in &folders {
        let place = folder.join(RULES_FILE_NAME);
        match snapshot.kind(folder, RULES_FILE_NAME)? {
            TreeEntryKind::Missing => {}
            TreeEntryKind::File => found.push(place),
            TreeEntryKind::Other => {
                files.insert(place, Err(RulesRefusal { place: None, why: "it is not a file".to_owned() }));
            }
        }
    }
    for path in near_names(snapshot, &folders, RULES_FILE_NAME, &NEAR_RULES_FILES)? {
        warn(format!("`{path}` has no rules for tagship: they are read from `{RULES_FILE_NAME}`"));
    }
    snapshot.load(&found)?;
    for place in found {
        let rules = RulesFile::parse(snapshot.file(&place)?);
        files.insert(place, rules.map(|file| file.rules.into_iter().map(Rc::new).collect()));
    }
    let mut entries = BTreeMap::new();
    for path in paths {
        let (file, text) = (path.as_str(), snapshot.file(path)?);
        if targets::is_kustomization(file, text) {
            let names = targets::entries(file, text, None).unwrap_or_default().into_iter().map(|(name, _)| name);
            entries.insert(path.clone(), names.collect());
        }
    }
    Ok(RulesState { files, entries })
}

impl RulesState {
    /// Returns the rules files that are for the file at `path` and cannot be understood.
    pub fn refused(&self, path: &RepositoryPath) -> impl Iterator<Item = (&RepositoryPath, &RulesRefusal)> {
        self.along(path).filter_map(|(place, read)| Some((place, read.as_ref().err()?)))
    }

    /// Returns the rules that are for the entry `name` of the file at `path`. Where an image has several names, the caller
    /// chooses one; so a rule there is for all of them.
    pub fn applying(&self, path: &RepositoryPath, name: &str) -> Vec<ApplyingRule> {
        let mut applying = Vec::new();
        for (place, read) in self.along(path) {
            let folder = place.folder();
            let below = seen_from(&folder, path);
            let is_for = |rule: &ReleaseRule| match self.is_the_one_name(path, name) {
                true => rule.is_for(below, name),
                false => rule.is_for_file(below),
            };
            let rules = read.iter().flatten().filter(|rule| is_for(rule));
            applying.extend(rules.map(|rule| ApplyingRule { place: place.clone(), rule: rule.clone() }));
        }
        applying
    }

    /// Returns the rules that are not among those that apply: each its `FILE:LINE`, in order.
    pub fn idle(&self, applying: &[ApplyingRule]) -> Vec<String> {
        let all = self.files.iter().flat_map(|(place, read)| read.iter().flatten().map(move |rule| (place, rule)));
        let idle = all.filter(|(_, rule)| !applying.iter().any(|one| Rc::ptr_eq(&one.rule, rule)));
        idle.map(|(place, rule)| format!("`{place}:{}`", rule.line)).collect()
    }

    /// Whether the file at `path` calls an image so and not otherwise: a kustomization does, unless the name is a path or a
    /// policy of Flux. A new entry has the name that it gets.
    fn is_the_one_name(&self, path: &RepositoryPath, name: &str) -> bool {
        let is_one = |names: &BTreeSet<String>| names.contains(name) || !targets::may_be_another_name(name);
        self.entries.get(path).is_some_and(is_one)
    }

    fn along(
        &self,
        path: &RepositoryPath,
    ) -> impl Iterator<Item = (&RepositoryPath, &Result<Vec<Rc<ReleaseRule>>, RulesRefusal>)> {
        let folders = path.folders();
        self.files.iter().filter(move |(place, _)| folders.contains(&place.folder()))
    }
}

/// Returns a path from one of the folders that lead to it.
fn seen_from<'p>(folder: &RepositoryPath, path: &'p RepositoryPath) -> &'p str {
    let path = path.as_str();
    path.strip_prefix(folder.as_str()).and_then(|rest| rest.strip_prefix('/')).unwrap_or(path)
}
