//! The release branch: in which repository it is, and which files of it are meant. A checkout says all this; it is the
//! repository itself only if nothing is pushed.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use crate::flow::target_files::files_never_edited::NeverEdited;
use crate::flow::target_files::kustomization_only::{is_folder, require_kustomization};
use crate::flow::target_files::named_files::{named_by, named_files};
use crate::git::{
    BranchName, Checkout, CommitId, CommitRecord, Identity, IdentityParts, Lineage, Remote, RepositoryPath, Signed,
    Signing, Snapshot, TreeEntry, lineage_in,
};
use crate::outcome::failure::Failure;
use crate::outcome::{Event, Listener};
use crate::request::{Began, MERGE_QUEUE, Repository, RepositoryRequest, Run, TargetFile, TargetKind, Unmerged};
use crate::targets::kustomization;

/// A branch that is released to, in its repository.
pub(in crate::flow) struct ReleaseBranch {
    pub(super) place: Location,
    /// `None`: the repository's default branch, or a detached HEAD.
    pub(super) branch: Option<BranchName>,
    pub(super) named_by: NamedBy,
    /// The repository's default branch, once it was read because no branch is named.
    pub(super) default: OnceLock<BranchName>,
    /// The folder inside the repository that paths are seen from.
    pub(in crate::flow) base: RepositoryPath,
}

/// What names the release branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::flow) enum NamedBy {
    /// A flag, or the repository's default.
    Intent,
    /// What is checked out, which may be a branch that is nowhere else.
    Checkout,
    /// The CI system, for which a tag may look like a branch.
    Run,
}

pub(in crate::flow) const UNREADABLE: &str =
    "the references of the checkout are in a format that is not supported, such as reftable";

pub(super) const NAME_IT: &str = "`--branch` names the release branch";

pub(in crate::flow) enum Location {
    Url(Remote),
    /// A checkout's remote, and what it is called there.
    Remote {
        remote: Remote,
        name: String,
        checkout: Box<Checkout>,
    },
    /// Nothing but the checkout is read and written.
    Checkout(Box<Checkout>),
}

/// The files of a call on the branch.
pub(in crate::flow) struct LocatedFiles {
    pub(in crate::flow) paths: Vec<RepositoryPath>,
    /// Further files that a pattern matches.
    pub(in crate::flow) never_edited: NeverEdited,
}

/// What is loaded along with the files that are located: it costs no request of its own then.
#[derive(Clone, Copy)]
pub(in crate::flow) struct LoadedAlong<'a> {
    /// What is there in these commits.
    pub(in crate::flow) earlier: &'a [CommitRecord],
    /// A commit before these. In a large repository, what has changed since then is loaded in one request.
    pub(in crate::flow) changed_since: Option<CommitId>,
    /// Returns further files beside those at some paths, as far as folders were read.
    pub(in crate::flow) beside: fn(&Snapshot<'_>, &[RepositoryPath]) -> Vec<RepositoryPath>,
}

impl LoadedAlong<'_> {
    pub(in crate::flow) const NOTHING: Self = Self { earlier: &[], changed_since: None, beside: |_, _| Vec::new() };

    fn load(self, snapshot: &mut Snapshot<'_>, paths: &[RepositoryPath]) -> Result<(), Failure> {
        Ok(snapshot.load_with_history(paths, self.earlier, |snapshot| (self.beside)(snapshot, paths))?)
    }
}

impl ReleaseBranch {
    pub(in crate::flow) fn open(request: &RepositoryRequest) -> Result<Self, Failure> {
        let options = &request.remote_options;
        let (folder, name) = match &request.repository {
            Repository::Url(url) => {
                let place = Location::Url(Remote::at(url, options)?);
                return Ok(Self::new(place, request.branch.clone(), NamedBy::Intent, RepositoryPath::root()));
            }
            Repository::Remote { folder, name } => (folder, name),
            Repository::Checkout { folder } => return Self::here(folder, request),
        };
        let checkout = Checkout::discover(folder, &request.repository_variables, &request.trusted_owner)?;
        let remote = checkout.remote(name, options)?;
        let (branch, named_by) = match request.branch.clone() {
            Some(branch) => (branch, NamedBy::Intent),
            None => match checkout.branch()? {
                Some(branch) => (branch, NamedBy::Checkout),
                None => (branch_of_the_run(request, &checkout, &remote, name)?, NamedBy::Run),
            },
        };
        let base = checkout.path_of(folder)?;
        let place = Location::Remote { remote, name: name.clone(), checkout: checkout.into() };
        Ok(Self::new(place, Some(branch), named_by, base))
    }

    fn new(place: Location, branch: Option<BranchName>, named_by: NamedBy, base: RepositoryPath) -> Self {
        Self { place, branch, named_by, default: OnceLock::new(), base }
    }

    /// Warns if the run of what is not merged releases to the default branch of another repository, as for a preview.
    ///
    /// # Errors
    /// It is the default branch of the repository that the run builds, or the branch of a merge queue is checked out.
    pub(in crate::flow) fn require_named_if_unmerged(
        &self,
        request: &RepositoryRequest,
        listener: &mut Listener<'_>,
    ) -> Result<(), Failure> {
        let run = &request.run;
        if let (NamedBy::Checkout, Location::Remote { .. }, Some(queue)) = (self.named_by, &self.place, &self.branch)
            && queue.as_str().starts_with(MERGE_QUEUE)
        {
            let why =
                format!("`{queue}`, the branch of a merge queue, is checked out, and what it builds is not merged");
            return Err(Failure::target(why).hint(NAME_IT));
        }
        let (Location::Url(remote), None, Some(what)) = (&self.place, &self.branch, run.unmerged) else {
            return Ok(());
        };
        if run.builds(remote, None, &request.remote_options) == Some(true) {
            return Err(Failure::target(without_branch(what)).hint(NAME_IT));
        }
        listener(&Event::Warned(format!(
            "{what} started this run, and its release goes to the default branch of {remote}; name the branch with \
             `--branch` if that is meant"
        )));
        Ok(())
    }

    /// Returns the checkout around `folder`, with what is checked out there for a branch.
    fn here(folder: &Path, request: &RepositoryRequest) -> Result<Self, Failure> {
        let checkout = Checkout::discover(folder, &request.repository_variables, &request.trusted_owner)?;
        let branch = checkout.branch()?;
        if let Some(asked) = &request.branch
            && branch.as_ref() != Some(asked)
        {
            return Err(Failure::usage(format!("`{asked}` is not checked out")).hint(
                "`--no-push` commits on what is checked out; switch to the branch first, or leave `--branch` out",
            ));
        }
        let base = checkout.path_of(folder)?;
        Ok(Self::new(Location::Checkout(checkout.into()), branch, NamedBy::Checkout, base))
    }

    /// Returns the branch; `None` if it is the default one and was not read yet, or if HEAD is detached.
    pub(in crate::flow) fn known(&self) -> Option<&BranchName> {
        self.branch.as_ref().or(self.default.get())
    }

    /// Returns the branch's name for a message.
    pub(in crate::flow) fn name(&self) -> String {
        match (self.known(), &self.place) {
            (Some(branch), _) => branch.to_string(),
            (None, Location::Checkout(_)) => "HEAD".to_owned(),
            (None, _) => "the default branch".to_owned(),
        }
    }

    /// Returns the repository that is read and pushed to; `None` if nothing leaves the checkout.
    pub(in crate::flow) fn remote(&self) -> Option<&Remote> {
        match &self.place {
            Location::Url(remote) | Location::Remote { remote, .. } => Some(remote),
            Location::Checkout(_) => None,
        }
    }

    /// Returns the checkout that may follow what is pushed, and what the remote is called there.
    pub(in crate::flow) fn follower(&self) -> Option<(&Checkout, &str)> {
        match &self.place {
            Location::Remote { checkout, name, .. } => Some((checkout, name)),
            Location::Url(_) | Location::Checkout(_) => None,
        }
    }

    pub(in crate::flow) fn checkout(&self) -> Option<&Checkout> {
        match &self.place {
            Location::Remote { checkout, .. } | Location::Checkout(checkout) => Some(checkout),
            Location::Url(_) => None,
        }
    }

    /// Returns author and committer, as far as git's configuration knows them.
    pub(in crate::flow) fn identities(&self) -> Result<(IdentityParts, IdentityParts), Failure> {
        match self.checkout() {
            Some(checkout) => Ok(checkout.identities()),
            None => IdentityParts::of_user().map_err(Failure::from),
        }
    }

    /// Returns how `committer` signs; `None` if commits are not signed.
    pub(in crate::flow) fn signing(
        &self,
        signed: Signed,
        committer: &Identity,
        limit: Duration,
    ) -> Result<Option<Signing>, Failure> {
        Signing::read(self.checkout(), signed, committer, limit).map_err(Failure::from)
    }

    /// Returns whether the file at `path` may be one of those that are named, by itself or by a pattern.
    pub(in crate::flow) fn may_be_named(&self, path: &str, written: &[TargetFile]) -> bool {
        let path = RepositoryPath::shown_as(path);
        written.iter().any(TargetFile::is_pattern) || named_by(&self.base, written, &path).is_some()
    }

    /// Finds and loads the files to write, or those in the folders that are named; each once. What only a pattern matches and is
    /// never edited is left out.
    pub(in crate::flow) fn locate(
        &self,
        snapshot: &mut Snapshot<'_>,
        written: &[TargetFile],
        along: LoadedAlong<'_>,
    ) -> Result<LocatedFiles, Failure> {
        let named = named_files(snapshot, &self.base, written, &self.name())?;
        let paths: Vec<RepositoryPath> = named.iter().map(|(path, _)| path.clone()).collect();
        if let Some(before) = along.changed_since {
            snapshot.load_changes(&paths, before)?;
        }
        along.load(snapshot, &paths)?;
        let mut found: Vec<RepositoryPath> = Vec::new();
        let mut kustomizations: Vec<RepositoryPath> = Vec::new();
        let mut named_alone: Vec<RepositoryPath> = Vec::new();
        for (path, typed) in named {
            let file = self.file_at(snapshot, &path, typed)?;
            if typed.kind == TargetKind::Kustomization {
                kustomizations.push(file.clone());
            }
            if !typed.is_pattern() {
                named_alone.push(file.clone());
            }
            if !found.contains(&file) {
                found.push(file);
            }
        }
        along.load(snapshot, &found)?;
        for path in kustomizations {
            require_kustomization(path.as_str(), snapshot.file(&path)?)?;
        }
        let (mut paths, mut never_edited) = (Vec::new(), NeverEdited::default());
        for path in found {
            if named_alone.contains(&path) || !never_edited.takes(path.as_str(), snapshot.file(&path)?) {
                paths.push(path);
            }
        }
        never_edited.require_others(paths.len())?;
        Ok(LocatedFiles { paths, never_edited })
    }

    /// Returns the file that `typed` names at `path`: the one there, or the kustomization in the folder there.
    fn file_at(
        &self,
        snapshot: &Snapshot<'_>,
        path: &RepositoryPath,
        typed: &TargetFile,
    ) -> Result<RepositoryPath, Failure> {
        match snapshot.entry(path)? {
            TreeEntry::File(_) => Ok(path.clone()),
            TreeEntry::Directory(_) if typed.kind == TargetKind::File => Err(is_folder(&typed.path)),
            TreeEntry::Directory(names) => {
                let name = kustomization::locate(names).map_err(|error| Failure::locate(path.as_str(), &error))?;
                Ok(path.join(name))
            }
            TreeEntry::Missing => {
                let failure = self.not_there(path, typed);
                Err(match near_path(snapshot, path) {
                    Some(near) => failure.hint(format!("did you mean `{near}`?")),
                    None => failure,
                })
            }
        }
    }

    fn not_there(&self, path: &RepositoryPath, typed: &TargetFile) -> Failure {
        let names = match typed.kind {
            TargetKind::File => "",
            TargetKind::Either => "a path names a file, or the folder of a kustomization, and ",
            TargetKind::Kustomization => "`-k` names a kustomization or its folder, and ",
        };
        let from_here = match self.base == RepositoryPath::root() {
            true => "",
            false => "; a path is relative to the current folder",
        };
        let hint = format!("{names}the branch is read, not the files of a checkout{from_here}");
        Failure::target(format!("there is no `{path}` on {}", self.name())).hint(hint)
    }
}

/// Returns the path in the same folder whose name is nearly that of `path`.
fn near_path(snapshot: &Snapshot<'_>, path: &RepositoryPath) -> Option<RepositoryPath> {
    let (folder, shown) = (path.folder(), path.to_string());
    let name = shown.rsplit('/').next()?;
    Failure::nearest(name, &snapshot.names(&folder)).map(|near| folder.join(near))
}

/// Returns the branch that the CI run builds, of which `checkout` has a commit alone: most systems check a commit out, and no
/// branch. A run of another repository says nothing of this one's branches.
fn branch_of_the_run(
    request: &RepositoryRequest,
    checkout: &Checkout,
    remote: &Remote,
    name: &str,
) -> Result<BranchName, Failure> {
    let run = &request.run;
    let builds = run.builds(remote, Some(checkout), &request.remote_options);
    let is_here = builds.unwrap_or_else(|| run.is_in_the_workspace(checkout));
    if let Some(branch) = run.branch.as_ref().filter(|_| is_here) {
        return match checked_out_elsewhere(run, branch, checkout, name) {
            Some(why) => Err(Failure::target(format!("{why}, and the CI run builds `{branch}`")).hint(NAME_IT)),
            None => Ok(branch.clone()),
        };
    }
    let why = match &run.branch {
        _ if !checkout.reads_references() => UNREADABLE.to_owned(),
        Some(branch) => {
            format!(
                "no branch is checked out, and nothing shows that the `{branch}` of the CI run is a branch of {remote}"
            )
        }
        None => run.unmerged.map_or_else(|| "no branch is checked out".to_owned(), without_branch),
    };
    Err(Failure::target(why).hint(NAME_IT))
}

fn without_branch(what: Unmerged) -> String {
    format!("the run of {what} has no release branch")
}

/// Returns what is checked out if the checkout shows that it is not of the `branch` that `run` builds.
fn checked_out_elsewhere(run: &Run, branch: &BranchName, checkout: &Checkout, name: &str) -> Option<String> {
    // A HEAD that cannot be read was refused before.
    let head = checkout.head().ok().flatten().filter(|head| run.commit != Some(*head))?;
    let tip = checkout.tracked(name, branch);
    if tip == Some(head) {
        return None;
    }
    if let Some(other) = checkout.tracked_at(name, head).first() {
        return Some(format!("the commit of `{other}` is checked out"));
    }
    // In a run that a merge begins, it may be the merge that was made to test the request, which no branch has.
    let is_test_merge = matches!(run.began, Began::Merge { .. });
    let is_apart = !is_test_merge && lineage_in(checkout, head, tip?) == Lineage::Apart;
    is_apart.then(|| format!("the commit {} that is checked out is not on `{branch}`", head.short()))
}
