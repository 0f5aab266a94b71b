//! The release branch: in which repository it is, where its tip is, and which files of it are meant. A checkout says all
//! this; it is the repository itself only if nothing is pushed.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use super::announcements::tell_reading;
use super::head_name::head_name;
use super::kustomization_only::{is_folder, require_kustomization};
use super::named_files::named_files;
use super::publish::{Direct, Proposer, Publisher};
use super::remote_forge::Opener;
use crate::git::{
    BranchName, Checkout, CommitId, CommitRecord, Identity, IdentityParts, Loaded, ObjectSource, Pusher, Reader,
    RefsKept, Remote, RepositoryPath, Signed, Signing, Snapshot, Tips, TreeEntry, open_both,
};
use crate::image::ImageName;
use crate::outcome::Listener;
use crate::outcome::failure::Failure;
use crate::request::{Effect, NewBranch, ProposalRequest, Repository, TargetFile, TargetRequest};
use crate::targets::kustomization;

/// A branch that is released to, in its repository.
pub(super) struct ReleaseBranch {
    place: Location,
    /// `None`: the repository's default branch, or a detached HEAD.
    branch: Option<BranchName>,
    named_by: NamedBy,
    /// The repository's default branch, once it was read because no branch is named.
    default: OnceLock<BranchName>,
    /// The folder inside the repository that paths are seen from.
    base: RepositoryPath,
}

/// What names the release branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NamedBy {
    /// A flag, the CI system, or the repository's default.
    Intent,
    /// What is checked out, which may be a branch that is nowhere else.
    Checkout,
}

const UNREADABLE: &str = "the references of the checkout are in a format that is not supported, such as reftable";

enum Location {
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

/// The branch as one attempt finds it.
pub(super) struct OpenBranch<'t> {
    pub(super) snapshot: Snapshot<'t>,
    pub(super) destination: Destination,
    /// `None`: nothing is to be changed.
    pub(super) publisher: Option<Publisher<'t>>,
}

/// What is to get the commit.
#[derive(Clone, Copy)]
pub(super) enum Aim<'a> {
    /// The branch itself.
    Branch(RefsKept<'a>),
    /// The head branch of a pull request to it, which the user names, or which is named after what is released.
    Head { target: &'a TargetRequest, request: &'a ProposalRequest, files: &'a [TargetFile], entries: &'a [ImageName] },
}

/// What a commit is made on.
pub(super) enum Destination {
    /// The branch whose tip the snapshot is.
    Tip(BranchName),
    /// A branch that does not exist yet.
    New(BranchName),
    /// HEAD of the checkout, and the branch that is checked out there, if any.
    Head(Option<BranchName>),
}

impl Destination {
    pub(super) fn branch(&self) -> Option<&BranchName> {
        match self {
            Self::Tip(branch) | Self::New(branch) => Some(branch),
            Self::Head(branch) => branch.as_ref(),
        }
    }
}

impl ReleaseBranch {
    pub(super) fn open(request: &TargetRequest) -> Result<Self, Failure> {
        let options = request.remote_options();
        let (folder, name) = match &request.repository {
            Repository::Url(url) => {
                let place = Location::Url(Remote::at(url, &options)?);
                return Ok(Self::new(place, request.branch.clone(), NamedBy::Intent, RepositoryPath::root()));
            }
            Repository::Remote { folder, name } => (folder, name),
            Repository::Checkout { folder } => return Self::here(folder, request),
        };
        let checkout = Checkout::discover(folder, request.git_dir.as_deref(), &request.trusted_owner)?;
        let named_by = match (&request.branch, checkout.branch()) {
            (None, Some(_)) => NamedBy::Checkout,
            _ => NamedBy::Intent,
        };
        let branch = request.branch.clone().or_else(|| checkout.branch());
        let branch = branch.or_else(|| request.run.branch().cloned()).ok_or_else(|| {
            let why = if checkout.reads_references() { "no branch is checked out" } else { UNREADABLE };
            Failure::target(why).hint("`--branch` names the release branch")
        })?;
        let base = checkout.path_of(folder)?;
        let place =
            Location::Remote { remote: checkout.remote(name, options)?, name: name.clone(), checkout: checkout.into() };
        Ok(Self::new(place, Some(branch), named_by, base))
    }

    fn new(place: Location, branch: Option<BranchName>, named_by: NamedBy, base: RepositoryPath) -> Self {
        Self { place, branch, named_by, default: OnceLock::new(), base }
    }

    /// Returns the checkout around `folder`, with what is checked out there for a branch.
    fn here(folder: &Path, request: &TargetRequest) -> Result<Self, Failure> {
        let checkout = Checkout::discover(folder, request.git_dir.as_deref(), &request.trusted_owner)?;
        let branch = checkout.branch();
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

    /// Returns the branch's name for a message.
    pub(super) fn name(&self) -> String {
        match (self.branch.as_ref().or(self.default.get()), &self.place) {
            (Some(branch), _) => branch.to_string(),
            (None, Location::Checkout(_)) => "HEAD".to_owned(),
            (None, _) => "the default branch".to_owned(),
        }
    }

    /// Returns the repository that is read and pushed to; `None` if nothing leaves the checkout.
    pub(super) fn remote(&self) -> Option<&Remote> {
        match &self.place {
            Location::Url(remote) | Location::Remote { remote, .. } => Some(remote),
            Location::Checkout(_) => None,
        }
    }

    /// Returns the checkout that may follow what is pushed, and what the remote is called there.
    pub(super) fn follower(&self) -> Option<(&Checkout, &str)> {
        match &self.place {
            Location::Remote { checkout, name, .. } => Some((checkout, name)),
            Location::Url(_) | Location::Checkout(_) => None,
        }
    }

    fn checkout(&self) -> Option<&Checkout> {
        match &self.place {
            Location::Remote { checkout, .. } | Location::Checkout(checkout) => Some(checkout),
            Location::Url(_) => None,
        }
    }

    /// Returns author and committer, as far as git's configuration knows them.
    pub(super) fn identities(&self) -> Result<(IdentityParts, IdentityParts), Failure> {
        match self.checkout() {
            Some(checkout) => Ok(checkout.identities()),
            None => IdentityParts::of_user().map_err(Failure::from),
        }
    }

    /// Returns how `committer` signs; `None` if commits are not signed.
    pub(super) fn signing(
        &self,
        signed: Signed,
        committer: &Identity,
        limit: Duration,
    ) -> Result<Option<Signing>, Failure> {
        Signing::read(self.checkout(), signed, committer, limit).map_err(Failure::from)
    }

    /// Reads the tip of the branch, to which nothing is written.
    pub(super) fn look_at_tip(&self, listener: &mut Listener<'_>) -> Result<OpenBranch<'_>, Failure> {
        tell_reading(self.remote(), &self.name(), Vec::new(), listener);
        self.read_tip(Effect::DryRun, &NewBranch::NotWanted, Aim::Branch(RefsKept::Branch), None)
    }

    /// Reads the tip of the branch. If the commit will be pushed, the push is opened first: the server then tells the tip
    /// unasked, and whether this login may push at all. Without a checkout, the other service is asked at the same time. What an
    /// earlier attempt has `loaded` is not read again.
    pub(super) fn read_tip(
        &self,
        effect: Effect,
        new_branch: &NewBranch,
        aim: Aim<'_>,
        loaded: Option<Loaded>,
    ) -> Result<OpenBranch<'_>, Failure> {
        let remote = match &self.place {
            Location::Url(remote) | Location::Remote { remote, .. } => remote,
            Location::Checkout(checkout) => return self.read_head(checkout, effect),
        };
        let mut reader = None;
        let branch = match &self.branch {
            Some(branch) => branch.clone(),
            None => {
                let none = || Failure::target(format!("{remote} has no default branch")).hint("add `--branch NAME`");
                let default = self.tips(remote, &mut reader)?.branch.ok_or_else(none)?;
                self.default.set(default.clone()).ok();
                default
            }
        };
        let head = self.head(&branch, aim)?;
        let kept = match (&head, aim) {
            (Some(head), _) => RefsKept::BranchAndHead(head),
            (None, Aim::Branch(kept)) => kept,
            (None, Aim::Head { .. }) => RefsKept::Branch,
        };
        // What a branch begins at is read if it does not exist yet.
        let read = if let NewBranch::At(base) = new_branch { base } else { &branch };
        let pusher = match effect {
            // A checkout that has the tip needs nothing from the other service.
            Effect::Full if self.checkout().is_some() || reader.is_some() => Some(Pusher::open(remote, &branch, kept)?),
            Effect::Full => {
                let (pusher, begun) = open_both(remote, &branch, kept, read)?;
                reader = begun;
                Some(pusher)
            }
            Effect::DryRun => None,
        };
        let tip = match &pusher {
            Some(pusher) => pusher.tip(),
            None => self.tips(remote, &mut reader)?.tip,
        };
        let (commit, destination) = match tip {
            Some(tip) => (tip, Destination::Tip(branch.clone())),
            None if head.is_some() => {
                return Err(Failure::target(format!("there is no branch `{branch}` at {remote}"))
                    .hint("name the branch that the pull request goes to with `--branch`"));
            }
            None => (self.beginning(remote, &mut reader, &branch, new_branch)?, Destination::New(branch.clone())),
        };
        let snapshot = ObjectSource::new(remote, self.checkout(), reader).snapshot(
            commit,
            pusher.as_ref().and_then(Pusher::head_tip),
            loaded,
        )?;
        let publisher = match (pusher, head, aim) {
            (Some(pusher), Some(head), Aim::Head { target, request, .. }) => {
                Some(Publisher::Propose(Box::new(Proposer {
                    opener: Opener::of(remote, target)?,
                    pusher,
                    base: branch,
                    head,
                    auto_merge: request.auto_merge,
                })))
            }
            (pusher, ..) => pusher.map(|pusher| Publisher::Direct(Direct::Push(Box::new(pusher)))),
        };
        Ok(OpenBranch { snapshot, destination, publisher })
    }

    /// Returns the head branch that a release to `branch` is proposed on; `None` if it is pushed to the branch itself.
    fn head(&self, branch: &BranchName, aim: Aim<'_>) -> Result<Option<BranchName>, Failure> {
        let Aim::Head { request, files, entries, .. } = aim else { return Ok(None) };
        let head = match &request.head {
            Some(head) => head.clone(),
            None => {
                let paths = files.iter().map(|file| RepositoryPath::resolve(&self.base, file.path()));
                head_name(branch, &paths.collect::<Result<Vec<_>, _>>()?, entries)?
            }
        };
        match head == *branch {
            true => Err(Failure::usage(format!("`{head}` is the release branch itself"))
                .hint("name another branch with `--head`, or leave it out")),
            false => Ok(Some(head)),
        }
    }

    fn read_head<'t>(&'t self, checkout: &'t Checkout, effect: Effect) -> Result<OpenBranch<'t>, Failure> {
        let no_commits = || match checkout.reads_references() {
            true => Failure::target(format!("{} has no commits in the checkout", self.name())),
            false => Failure::target(UNREADABLE).hint("release without `--no-push`, with `--branch` or `--repo`"),
        };
        let snapshot = ObjectSource::here(checkout).snapshot(checkout.head().ok_or_else(no_commits)?, None, None)?;
        let publisher = match effect {
            Effect::Full => Some(Publisher::Direct(Direct::CommitHere(checkout))),
            Effect::DryRun => None,
        };
        Ok(OpenBranch { snapshot, destination: Destination::Head(self.branch.clone()), publisher })
    }

    /// Asks where the remote's branches stand, and keeps the conversation for what is to be read.
    fn tips<'t>(&self, remote: &'t Remote, reader: &mut Option<Reader<'t>>) -> Result<Tips, Failure> {
        let mut begun = match reader.take() {
            Some(reader) => reader,
            None => Reader::open(remote, self.branch.as_ref())?,
        };
        let tips = begun.tips()?;
        *reader = Some(begun);
        Ok(tips)
    }

    /// Returns where a branch that does not exist may begin.
    fn beginning<'t>(
        &self,
        remote: &'t Remote,
        reader: &mut Option<Reader<'t>>,
        branch: &BranchName,
        new_branch: &NewBranch,
    ) -> Result<CommitId, Failure> {
        let absent = |branch| Failure::target(format!("there is no branch `{branch}` at {remote}"));
        if let NewBranch::At(base) = new_branch {
            let mut begun = match reader.take().filter(|reader| reader.is_about(base)) {
                Some(reader) => reader,
                None => Reader::open(remote, Some(base))?,
            };
            let tip = begun.tips()?.tip;
            *reader = Some(begun);
            return tip.ok_or_else(|| absent(base).hint(format!("`--base` names where `{branch}` is to begin")));
        }
        match (self.tips(remote, reader)?.default, new_branch) {
            (Some(_), NewBranch::NotWanted) => Err(absent(branch).hint("name the release branch with `--branch`")),
            (Some(_), NewBranch::Refused) if self.named_by == NamedBy::Checkout => {
                let message = format!("`{branch}` is checked out, and there is no branch `{branch}` at {remote}");
                Err(Failure::target(message)
                    .hint("name the release branch with `--branch`, or create this one with `--create-branch`"))
            }
            (Some(_), NewBranch::Refused) => {
                Err(absent(branch).hint("`--create-branch` begins it, at the default branch or at `--base`"))
            }
            (Some(default), _) => Ok(default),
            (None, _) if self.branch.is_none() => {
                Err(Failure::target(format!("the default branch `{branch}` of {remote} does not exist"))
                    .hint("`--branch` names the release branch; in an empty repository, push a kustomization first"))
            }
            (None, NewBranch::Refused) => {
                Err(absent(branch).hint("is the repository empty? push a kustomization first"))
            }
            (None, _) => {
                Err(Failure::target(format!("{remote} has no default branch, at which `{branch}` could begin"))
                    .hint("`--base` names where it is to begin; in an empty repository, push a kustomization first"))
            }
        }
    }

    /// Finds and loads the files to write, or those in the folders that are named; each once. What was there in the commits `earlier` is
    /// loaded along with them.
    pub(super) fn locate(
        &self,
        snapshot: &mut Snapshot<'_>,
        written: &[TargetFile],
        earlier: &[CommitRecord],
    ) -> Result<Vec<RepositoryPath>, Failure> {
        let named = named_files(snapshot, &self.base, written, &self.name())?;
        let paths: Vec<RepositoryPath> = named.iter().map(|(path, _)| path.clone()).collect();
        snapshot.load_with_history(&paths, earlier)?;
        let mut found: Vec<RepositoryPath> = Vec::new();
        let mut kustomizations: Vec<RepositoryPath> = Vec::new();
        for (path, typed) in named {
            let file = match snapshot.entry(&path)? {
                TreeEntry::Directory(_) if matches!(typed, TargetFile::File(_)) => return Err(is_folder(typed.path())),
                TreeEntry::File(_) => path,
                TreeEntry::Directory(names) => {
                    let name =
                        kustomization::locate(names).map_err(|error| Failure::locate(&path.to_string(), &error))?;
                    path.join(name)
                }
                TreeEntry::Missing => {
                    let hint = match typed {
                        TargetFile::File(_) => "the branch is read, not the files of a checkout",
                        TargetFile::Kustomization(_) | TargetFile::Either(_) => {
                            "`-k` names a kustomization or its folder, and the branch is read, not the files of a checkout"
                        }
                    };
                    return Err(Failure::target(format!("there is no `{path}` on {}", self.name())).hint(hint));
                }
            };
            if matches!(typed, TargetFile::Kustomization(_)) {
                kustomizations.push(file.clone());
            }
            if !found.contains(&file) {
                found.push(file);
            }
        }
        snapshot.load_with_history(&found, earlier)?;
        for path in kustomizations {
            require_kustomization(&path.to_string(), snapshot.file(&path)?)?;
        }
        Ok(found)
    }
}
