//! What a commit of the branch claims to have released: by its own trailers, or, if it is a merge without any, by those of the
//! commits that it brought. Claims are untrusted; whether a claim is true is told by what the files became.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::branch_line::BranchLine;
use crate::git::{CommitId, CommitRecord, GitError, History, Snapshot};
use crate::message::trailers::ReleaseTrailers;
use crate::targets::kustomization::is_kustomization_name;
use crate::targets::{self, may_be_another_name};

/// What the newest commits of a branch claim. Each of them is read once, for however many entries.
#[derive(Default)]
pub struct BranchClaims {
    line: BranchLine,
    /// How many commits were asked for.
    depth: usize,
    by_commit: HashMap<CommitId, OnceCell<Vec<ReleaseTrailers>>>,
    /// Which claims name an entry: of which commit, and the place among those of it. The newest come first.
    by_name: OnceCell<BTreeMap<String, Vec<(CommitId, usize)>>>,
    has_other_names: OnceCell<bool>,
    /// By which names they call an entry, of its file and name.
    spellings: HashMap<(String, String), BTreeSet<String>>,
}

impl BranchClaims {
    /// Searches the newest `depth` commits of the branch of `snapshot`, or more if more were asked for before. Returns those that
    /// were searched.
    pub(in crate::guards) fn search(
        &mut self,
        snapshot: &mut Snapshot<'_>,
        depth: usize,
    ) -> Result<&History, GitError> {
        if self.depth < depth {
            self.line = BranchLine::of(snapshot.history(depth)?);
            self.depth = depth;
            self.by_commit = self.line.tips().map(|tip| (tip.id, OnceCell::new())).collect();
            self.by_name = OnceCell::new();
            self.has_other_names = OnceCell::new();
            self.spellings.clear();
        }
        Ok(self.line.history())
    }

    /// The line of the commits that were searched.
    pub(in crate::guards) fn line(&self) -> &BranchLine {
        &self.line
    }

    /// Returns all names by which releases of the file at `path` call the image `name` of it. `bytes` is that file now.
    pub(in crate::guards) fn spellings(&mut self, name: &str, path: &str, bytes: &[u8]) -> BTreeSet<String> {
        let key = (path.to_owned(), name.to_owned());
        if let Some(known) = self.spellings.get(&key) {
            return known.clone();
        }
        // The entries of a kustomization have one name each, unless commits use names of another kind.
        if is_kustomization_name(path) && !may_be_another_name(name) && !self.has_other_names() {
            return BTreeSet::new();
        }
        let is_of_file = |name: &&str| self.of_name(name).any(|said| said.names_file(path));
        let names = self.names().into_iter().filter(is_of_file).collect();
        let spellings = targets::spellings(path, bytes, name, &names);
        self.spellings.entry(key).or_insert(spellings).clone()
    }

    /// Returns whether a commit names an entry by what may be another name for it.
    fn has_other_names(&self) -> bool {
        *self.has_other_names.get_or_init(|| self.by_name().keys().any(|name| may_be_another_name(name)))
    }

    /// Returns the names of all entries that are claimed to have been released, whatever the file.
    pub(in crate::guards) fn names(&self) -> BTreeSet<&str> {
        self.by_name().keys().map(String::as_str).collect()
    }

    /// Returns the claims that name an entry by exactly `name`, whatever the file, the newest first.
    pub(in crate::guards) fn of_name<'c>(&'c self, name: &str) -> impl Iterator<Item = &'c ReleaseTrailers> + use<'c> {
        let places = self.by_name().get(name).into_iter().flatten();
        places.filter_map(|(commit, place)| self.by_commit.get(commit)?.get()?.get(*place))
    }

    fn by_name(&self) -> &BTreeMap<String, Vec<(CommitId, usize)>> {
        self.by_name.get_or_init(|| {
            let mut by_name: BTreeMap<_, Vec<_>> = BTreeMap::new();
            let claims = self.iter().flat_map(|(tip, claims)| claims.iter().enumerate().map(|claim| (tip.id, claim)));
            for (commit, (place, said)) in claims {
                // Entries of one name may have another image in each file.
                for name in said.entries().collect::<BTreeSet<_>>() {
                    by_name.entry(name.to_owned()).or_default().push((commit, place));
                }
            }
            by_name
        })
    }

    /// Returns what each commit that the branch has been at claims, the newest first.
    pub(in crate::guards) fn iter(&self) -> impl Iterator<Item = (&CommitRecord, &[ReleaseTrailers])> {
        self.line.tips().filter_map(|tip| {
            let claims = self.by_commit.get(&tip.id)?;
            Some((tip, claims.get_or_init(|| claims_of(tip, &self.line)).as_slice()))
        })
    }
}

/// Returns the claims of `tip`, the newest first, each as one of this commit: it is the one that changed the branch.
pub(super) fn claims_of(tip: &CommitRecord, line: &BranchLine) -> Vec<ReleaseTrailers> {
    let own: Vec<_> = ReleaseTrailers::read_all(tip).collect();
    if !own.is_empty() {
        return own;
    }
    let of_the_merge = |mut said: ReleaseTrailers| {
        said.commit = tip.id;
        said
    };
    line.brought(tip).flat_map(ReleaseTrailers::read_all).map(of_the_merge).collect()
}
