//! Where a release goes: the remote, the branch, and the kustomizations on it. A checkout is asked for all this, and for
//! nothing else.

use crate::cli::{Ci, GitLogin};
use crate::failure::Failure;
use crate::git::{
    BranchName, Checkout, CommitId, Destination, Entry, HostLogin, Identity, Pusher, Reader, Remote, RemoteOptions,
    RepositoryPath, Signing, Snapshot, Source, Tips,
};
use crate::kustomization;
use crate::request::{Effect, Repository, TargetRequest};

/// The repository and branch of a release.
pub(crate) struct Target {
    pub(crate) remote: Remote,
    /// `None`: the repository's default branch.
    branch: Option<BranchName>,
    /// The folder inside the repository that paths are seen from.
    base: RepositoryPath,
    /// And what the remote is called there.
    checkout: Option<(Checkout, String)>,
}

/// Returns what belongs to a remote beside its URL.
pub(crate) fn remote_options(request: &TargetRequest) -> RemoteOptions {
    RemoteOptions {
        timeout: request.timeout,
        ssh_command: request.ssh_command.clone(),
        logins: request.git_logins.iter().cloned().map(host_login).collect(),
        home: request.home.clone(),
    }
}

fn host_login(GitLogin { host, user, password }: GitLogin) -> HostLogin {
    HostLogin { host, user, password }
}

/// Where one attempt begins.
pub(crate) struct Start<'t> {
    pub(crate) snapshot: Snapshot<'t>,
    /// Ready to push, unless nothing is to be pushed.
    pub(crate) pusher: Option<Pusher<'t>>,
    pub(crate) destination: Destination,
}

impl Target {
    pub(crate) fn open(request: &TargetRequest) -> Result<Self, Failure> {
        let options = remote_options(request);
        let (folder, remote) = match &request.repository {
            Repository::Url(url) => {
                let remote = Remote::at(url, &options)?;
                return Ok(Self {
                    remote,
                    branch: request.branch.clone(),
                    base: RepositoryPath::root(),
                    checkout: None,
                });
            }
            Repository::Checkout { folder, remote } => (folder, remote),
        };
        let checkout = Checkout::discover(folder, request.in_ci)?;
        let of_ci = |ci: &Ci| ci.branch.as_deref().and_then(|branch| branch.parse().ok());
        let branch = request.branch.clone().or_else(|| checkout.branch());
        let branch = branch
            .or_else(|| request.ci.as_ref().and_then(of_ci))
            .ok_or_else(|| Failure::target("no branch is checked out").hint("`--branch` names the release branch"))?;
        Ok(Self {
            remote: checkout.remote(remote, options)?,
            branch: Some(branch),
            base: checkout.path_of(folder)?,
            checkout: Some((checkout, remote.clone())),
        })
    }

    /// Returns the branch's name for a message.
    pub(crate) fn branch_name(&self) -> String {
        self.branch.as_ref().map_or_else(|| "the default branch".to_owned(), BranchName::to_string)
    }

    /// Returns the checkout, where there is one, and what the remote is called there.
    pub(crate) fn checkout(&self) -> Option<(&Checkout, &str)> {
        self.checkout.as_ref().map(|(checkout, remote)| (checkout, remote.as_str()))
    }

    /// Returns author and committer, as far as git's configuration knows them.
    pub(crate) fn identities(&self) -> Result<(Option<Identity>, Option<Identity>), Failure> {
        match &self.checkout {
            Some((checkout, _)) => Ok(checkout.identities()),
            None => Identity::of_user().map(|user| (user.clone(), user)).map_err(Failure::from),
        }
    }

    /// Returns how commits are signed, where git's configuration says that they are.
    pub(crate) fn signing(&self) -> Result<Option<Signing>, Failure> {
        let signing = self.checkout().map(|(checkout, _)| checkout.signing()).transpose()?;
        Ok(signing.flatten())
    }

    /// Reads where the branch stands now. Who is to push begins with that: the server then tells the tip unasked, and
    /// whether we may push at all.
    pub(crate) fn start(&self, effect: Effect, create_branch: bool) -> Result<Start<'_>, Failure> {
        let mut reader = None;
        let branch = match &self.branch {
            Some(branch) => branch.clone(),
            None => self.tips(&mut reader)?.branch.ok_or_else(|| {
                Failure::target(format!("{} has no default branch", self.remote))
                    .hint("`--branch` names the release branch")
            })?,
        };
        let pusher = match effect {
            Effect::Full => Some(Pusher::open(&self.remote, &branch)?),
            Effect::DryRun => None,
        };
        let tip = match &pusher {
            Some(pusher) => pusher.tip(),
            None => self.tips(&mut reader)?.tip,
        };
        let (commit, destination) = match tip {
            Some(tip) => (tip, Destination::Tip(branch)),
            None => (self.beginning(&mut reader, &branch, create_branch)?, Destination::New(branch)),
        };
        let snapshot =
            Source::new(&self.remote, self.checkout().map(|(checkout, _)| checkout), reader).snapshot(commit)?;
        Ok(Start { snapshot, pusher, destination })
    }

    /// Asks where the remote's branches stand, and keeps the conversation for what is to be read.
    fn tips<'t>(&'t self, reader: &mut Option<Reader<'t>>) -> Result<Tips, Failure> {
        let mut begun = match reader.take() {
            Some(reader) => reader,
            None => Reader::open(&self.remote, self.branch.as_ref())?,
        };
        let tips = begun.tips()?;
        *reader = Some(begun);
        Ok(tips)
    }

    /// Returns where a branch that does not exist may begin.
    fn beginning<'t>(
        &'t self,
        reader: &mut Option<Reader<'t>>,
        branch: &BranchName,
        create_branch: bool,
    ) -> Result<CommitId, Failure> {
        match self.tips(reader)?.default {
            Some(default) if create_branch => Ok(default),
            Some(_) => Err(Failure::target(format!("there is no branch `{branch}` at {}", self.remote))
                .hint("`--create-branch` begins it at the default branch")),
            None => Err(Failure::target(format!("{} has no commits", self.remote))),
        }
    }

    /// Finds and loads the kustomizations, given as files or folders; each once.
    pub(crate) fn locate(
        &self,
        snapshot: &mut Snapshot<'_>,
        written: &[String],
    ) -> Result<Vec<RepositoryPath>, Failure> {
        let resolved: Vec<_> =
            written.iter().map(|path| RepositoryPath::resolve(&self.base, path)).collect::<Result<_, _>>()?;
        snapshot.load(&resolved)?;
        let mut found: Vec<RepositoryPath> = Vec::new();
        for path in resolved {
            let file = match snapshot.entry(&path)? {
                Entry::File(_) => path,
                Entry::Directory(names) => {
                    let name =
                        kustomization::locate(names).map_err(|error| Failure::locate(&path.to_string(), &error))?;
                    path.join(name)
                }
                Entry::Missing => {
                    return Err(Failure::target(format!("there is no `{path}` on {}", self.branch_name())).hint(
                        "`-k` names a kustomization or its folder, and the release branch is read, not the checkout",
                    ));
                }
            };
            if !found.contains(&file) {
                found.push(file);
            }
        }
        snapshot.load(&found)?;
        Ok(found)
    }
}
