//! The tip of the release branch as one attempt finds it, with what is begun at the remote to read and to push.

use super::announcements::tell_reading;
use super::branch::{Location, NAME_IT, NamedBy, ReleaseBranch, UNREADABLE};
use super::head_name::head_name;
use crate::flow::forges::remote_forge::Opener;
use crate::flow::publish::{Direct, Proposer, Publisher};
use crate::git::{
    AdvertisedRefs, BranchName, Checkout, CommitId, Loaded, ObjectSource, Pusher, Reader, RefsKept, Remote,
    RepositoryPath, Snapshot, Tips, open_both, open_both_at_default,
};
use crate::image::ImageName;
use crate::outcome::Listener;
use crate::outcome::failure::{Failure, FailureKind};
use crate::request::{Effect, NewBranch, ProposalRequest, RepositoryRequest, TargetFile};

/// The branch as one attempt finds it.
pub(in crate::flow) struct OpenBranch<'t> {
    /// The tip; that of its base, if the branch does not exist yet.
    pub(in crate::flow) snapshot: Snapshot<'t>,
    /// Whether the branch does not exist yet.
    pub(in crate::flow) is_new: bool,
    /// `None`: nothing is to be changed.
    pub(in crate::flow) publisher: Option<Publisher<'t>>,
}

/// What is to get the commit, and what else of the remote counts for it. `H` is what is known of the head branch.
#[derive(Clone, Copy)]
pub(in crate::flow) enum Aim<H> {
    /// The branch itself.
    Branch,
    /// The branch itself. The tags count too, because the commit gets one.
    BranchAndTag,
    /// The branch itself, and if the server refuses the push, the head branch of a pull request to it.
    BranchElseHead(H),
    /// The head branch of a pull request to it.
    Head(H),
}

/// A head branch, which the user names, or which is named after what is released.
#[derive(Clone, Copy)]
pub(in crate::flow) struct HeadBranch<'a> {
    pub(in crate::flow) repository: &'a RepositoryRequest,
    pub(in crate::flow) request: &'a ProposalRequest,
    pub(in crate::flow) files: &'a [TargetFile],
    pub(in crate::flow) entries: &'a [ImageName],
}

/// A head branch to a branch whose name is known, so that its own name is.
struct NamedHead<'a> {
    name: BranchName,
    branch: HeadBranch<'a>,
}

impl Aim<NamedHead<'_>> {
    /// Returns what is kept of the refs that the server names when a push begins.
    fn kept(&self) -> RefsKept<'_> {
        match self {
            Self::Branch => RefsKept::Branch,
            Self::BranchAndTag => RefsKept::BranchAndTags,
            Self::BranchElseHead(head) | Self::Head(head) => RefsKept::BranchAndHead(&head.name),
        }
    }
}

/// What an attempt has begun at the remote.
struct Begun<'r, 'a> {
    branch: BranchName,
    aim: Aim<NamedHead<'a>>,
    /// `None`: nothing will be pushed.
    pusher: Option<Pusher<'r>>,
    reader: Option<Reader<'r>>,
    /// `None`: the branch does not exist.
    tip: Option<CommitId>,
}

/// What the remote tells of the branch if nothing is pushed, and the conversation in which it did.
struct Looked<'r> {
    branch: BranchName,
    reader: Reader<'r>,
    tips: Tips,
}

impl ReleaseBranch {
    /// Reads the tip of the branch, to which nothing is written.
    pub(in crate::flow) fn look_at_tip(&self, listener: &mut Listener<'_>) -> Result<Snapshot<'_>, Failure> {
        tell_reading(self.remote(), &self.name(), Vec::new(), listener);
        let remote = match &self.place {
            Location::Url(remote) | Location::Remote { remote, .. } => remote,
            Location::Checkout(checkout) => return self.read_checkout(checkout),
        };
        let Looked { branch, reader, tips } = self.look(remote)?;
        let Some(tip) = tips.tip else {
            return Err(match tips.default {
                Some(_) => self.absent(&branch, remote, "name the release branch with `--branch`"),
                None => self.nothing_there(&branch, remote),
            });
        };
        let snapshot = ObjectSource::new(remote, self.checkout(), Some(reader)).snapshot(tip, None, None)?;
        Ok(snapshot.of_branch(Some(branch)))
    }

    /// Reads the tip of the branch, for a release to it. If the commit will be pushed, the push is opened before anything is
    /// read: the server then tells the tip unasked, and whether this login may push at all. Without a checkout, the other service
    /// is asked at the same time. What an earlier attempt has `loaded` is not read again.
    pub(in crate::flow) fn read_tip(
        &self,
        effect: Effect,
        new_branch: &NewBranch,
        aim: Aim<HeadBranch<'_>>,
        loaded: Option<Loaded>,
    ) -> Result<OpenBranch<'_>, Failure> {
        let remote = match &self.place {
            Location::Url(remote) | Location::Remote { remote, .. } => remote,
            Location::Checkout(checkout) => {
                let publisher = match effect {
                    Effect::Full => Some(Publisher::Direct(Direct::CommitHere(checkout))),
                    Effect::DryRun => None,
                };
                return Ok(OpenBranch { snapshot: self.read_checkout(checkout)?, is_new: false, publisher });
            }
        };
        let Begun { branch, aim, pusher, mut reader, tip } = self.begin(remote, effect, new_branch, aim)?;
        let commit = match tip {
            Some(tip) => tip,
            None if matches!(aim, Aim::Head(_)) => {
                return Err(
                    absent(&branch, remote).hint("name the branch that the pull request goes to with `--branch`")
                );
            }
            None => self.beginning(remote, &mut reader, &branch, new_branch)?,
        };
        let head_tip = match aim {
            Aim::Head(_) => pusher.as_ref().and_then(Pusher::head_tip),
            Aim::Branch | Aim::BranchAndTag | Aim::BranchElseHead(_) => None,
        };
        let snapshot = ObjectSource::new(remote, self.checkout(), reader).snapshot(commit, head_tip, loaded)?;
        let snapshot = snapshot.of_branch(Some(branch.clone()));
        let publisher = match (pusher, aim) {
            (None, _) => None,
            (Some(pusher), Aim::Branch | Aim::BranchAndTag | Aim::BranchElseHead(_)) => {
                Some(Publisher::Direct(Direct::Push(Box::new(pusher))))
            }
            (Some(pusher), Aim::Head(NamedHead { name: head, branch: HeadBranch { repository, request, .. } })) => {
                let opener = Opener::of(remote, repository)?;
                let auto_merge = request.auto_merge.map(|asked| opener.merge_method(asked));
                Some(Publisher::Propose(Box::new(Proposer { pusher, base: branch, head, opener, auto_merge })))
            }
        };
        Ok(OpenBranch { snapshot, is_new: tip.is_none(), publisher })
    }

    /// Begins what the attempt needs at the remote.
    fn begin<'r, 'a>(
        &self,
        remote: &'r Remote,
        effect: Effect,
        new_branch: &NewBranch,
        aim: Aim<HeadBranch<'a>>,
    ) -> Result<Begun<'r, 'a>, Failure> {
        if let Some(branch) = &self.branch {
            // What is wrong with a name is told before anything is asked.
            self.named_aim(branch, aim)?;
        }
        let (branch, tip, pusher, reader) = match effect {
            Effect::Full => {
                let (pusher, reader) = self.open_push(remote, new_branch, aim)?;
                (pusher.branch().clone(), pusher.tip(), Some(pusher), reader)
            }
            Effect::DryRun => {
                let Looked { branch, reader, tips } = self.look(remote)?;
                (branch, tips.tip, None, Some(reader))
            }
        };
        Ok(Begun { aim: self.named_aim(&branch, aim)?, branch, pusher, reader, tip })
    }

    /// Opens the push, and a conversation to read the branch if that is not at hand.
    fn open_push<'r>(
        &self,
        remote: &'r Remote,
        new_branch: &NewBranch,
        aim: Aim<HeadBranch<'_>>,
    ) -> Result<(Pusher<'r>, Option<Reader<'r>>), Failure> {
        let Some(branch) = &self.branch else {
            return open_both_at_default(remote, |tips| {
                let branch = self.default_branch(remote, &tips)?;
                Ok(AdvertisedRefs::of(&branch, self.named_aim(&branch, aim)?.kept()))
            });
        };
        let aim = self.named_aim(branch, aim)?;
        // A checkout that has the tip needs nothing from the other service.
        if self.checkout().is_some() {
            return Ok((Pusher::open(remote, branch, aim.kept())?, None));
        }
        // What a branch begins at is read if it does not exist yet.
        let read = if let NewBranch::At(base) = new_branch { base } else { branch };
        Ok(open_both(remote, branch, aim.kept(), read)?)
    }

    /// Asks where the branch is, to read it.
    fn look<'r>(&self, remote: &'r Remote) -> Result<Looked<'r>, Failure> {
        let mut reader = Reader::open(remote, self.branch.as_ref())?;
        let tips = reader.tips()?;
        let branch = match &self.branch {
            Some(branch) => branch.clone(),
            None => self.default_branch(remote, &tips)?,
        };
        Ok(Looked { branch, reader, tips })
    }

    /// Returns the branch that the remote names as its default. It is one for the whole run, which has told and judged it.
    fn default_branch(&self, remote: &Remote, tips: &Tips) -> Result<BranchName, Failure> {
        let none = || Failure::target(format!("{remote} has no default branch")).hint("add `--branch NAME`");
        let branch = tips.branch.clone().ok_or_else(none)?;
        let first = self.default.get_or_init(|| branch.clone());
        if *first == branch {
            return Ok(branch);
        }
        let changed =
            format!("the default branch of {remote} was `{first}` when this run began, and is `{branch}` now");
        Err(Failure::new(FailureKind::Raced, changed)
            .hint("run the same command again if it should release to that one, or name the branch with `--branch`"))
    }

    /// Returns the aim at `branch` with the name of the head branch that a release to it is proposed on, or would be.
    fn named_aim<'a>(&self, branch: &BranchName, aim: Aim<HeadBranch<'a>>) -> Result<Aim<NamedHead<'a>>, Failure> {
        Ok(match aim {
            Aim::Branch => Aim::Branch,
            Aim::BranchAndTag => Aim::BranchAndTag,
            // What is wrong with the name is told once the push is refused.
            Aim::BranchElseHead(head) => self.named_head(branch, head).map_or(Aim::Branch, Aim::BranchElseHead),
            Aim::Head(head) => Aim::Head(self.named_head(branch, head)?),
        })
    }

    fn named_head<'a>(&self, base: &BranchName, branch: HeadBranch<'a>) -> Result<NamedHead<'a>, Failure> {
        let HeadBranch { request, files, entries, .. } = branch;
        let name = match &request.head {
            Some(head) => head.clone(),
            None => {
                let paths = files.iter().map(|file| RepositoryPath::resolve(&self.base, &file.path));
                head_name(base, &paths.collect::<Result<Vec<_>, _>>()?, entries)?
            }
        };
        match name == *base {
            true => Err(Failure::usage(format!("`{name}` is the release branch itself"))
                .hint("name another branch with `--head`, or leave it out")),
            false => Ok(NamedHead { name, branch }),
        }
    }

    fn read_checkout<'t>(&'t self, checkout: &'t Checkout) -> Result<Snapshot<'t>, Failure> {
        let no_commits = || match checkout.reads_references() {
            true => Failure::target(format!("{} has no commits in the checkout", self.name()))
                .hint("commit the files there first, or leave out `--no-push`"),
            false => Failure::target(UNREADABLE).hint("release without `--no-push`, with `--branch` or `--repo`"),
        };
        // It may be another attempt.
        if checkout.branch()? != self.branch {
            return Err(Failure::new(FailureKind::Raced, format!("{} is no longer checked out", self.name()))
                .hint("run the same command again if it should release to what is checked out now"));
        }
        let snapshot = ObjectSource::here(checkout).snapshot(checkout.head()?.ok_or_else(no_commits)?, None, None)?;
        Ok(snapshot.of_branch(self.branch.clone()))
    }

    /// Asks where the remote's branches stand, and keeps the conversation for what is to be read.
    fn tips<'t>(&self, remote: &'t Remote, reader: &mut Option<Reader<'t>>) -> Result<Tips, Failure> {
        let begun = match reader.take() {
            Some(reader) => reader,
            None => Reader::open(remote, self.branch.as_ref())?,
        };
        Ok(reader.insert(begun).tips()?)
    }

    /// Returns where a branch that does not exist may begin.
    fn beginning<'t>(
        &self,
        remote: &'t Remote,
        reader: &mut Option<Reader<'t>>,
        branch: &BranchName,
        new_branch: &NewBranch,
    ) -> Result<CommitId, Failure> {
        match new_branch {
            NewBranch::At(base) => {
                let begun = match reader.take().filter(|reader| reader.is_about(base)) {
                    Some(reader) => reader,
                    None => Reader::open(remote, Some(base))?,
                };
                let tip = reader.insert(begun).tips()?.tip;
                let hint = || format!("`--base` names the branch to start `{branch}` from");
                tip.ok_or_else(|| absent(base, remote).hint(hint()))
            }
            NewBranch::AtDefault => self.tips(remote, reader)?.default.ok_or_else(|| match self.branch {
                None => self.nothing_there(branch, remote),
                Some(_) => Failure::target(format!("{remote} has no default branch to start `{branch}` from"))
                    .hint("`--base` names the branch to begin at; in an empty repository, push a kustomization first"),
            }),
            NewBranch::Refused => Err(match (self.tips(remote, reader)?.default, self.named_by) {
                (None, _) => self.nothing_there(branch, remote),
                (Some(_), NamedBy::Checkout) => {
                    Failure::target(format!("`{branch}` is checked out, and there is no branch `{branch}` at {remote}"))
                        .hint("name the release branch with `--branch`, or create this one with `--create-branch`")
                }
                (Some(_), NamedBy::Run) => Failure::target(format!(
                    "the CI system tells that `{branch}` is built, and there is no branch `{branch}` at {remote}"
                ))
                .hint("name the release branch with `--branch`"),
                (Some(_), NamedBy::Intent) => self.absent(
                    branch,
                    remote,
                    "check the name; `--create-branch` creates it from the default branch, or from `--base`",
                ),
            }),
        }
    }

    /// Returns the failure for a branch that does not exist, with what to do, unless it is called as in a clone.
    fn absent(&self, branch: &BranchName, remote: &Remote, hint: &str) -> Failure {
        let remote_name = self.follower().map_or("origin", |(_, name)| name);
        let name = branch.as_str().strip_prefix(remote_name).and_then(|rest| rest.strip_prefix('/'));
        let failure = absent(branch, remote);
        match name {
            Some(name) => {
                failure.hint(format!("a repository calls its branch `{name}`, without the name of the remote"))
            }
            None => failure.hint(hint),
        }
    }

    /// Returns the failure for a branch that does not exist at a remote whose default branch does not exist either.
    fn nothing_there(&self, branch: &BranchName, remote: &Remote) -> Failure {
        match self.branch {
            Some(_) => absent(branch, remote).hint("is the repository empty? push a kustomization first"),
            None => Failure::target(format!("the default branch `{branch}` of {remote} does not exist"))
                .hint(format!("{NAME_IT}; in an empty repository, push a kustomization first")),
        }
    }
}

fn absent(branch: &BranchName, remote: &Remote) -> Failure {
    Failure::target(format!("there is no branch `{branch}` at {remote}"))
}
