//! Asks how the source commits of two builds stand to each other. A repository that has both commits tells it, whatever it
//! is called: names only say where to ask. A checkout is asked first; what it cannot tell costs one conversation.

use std::cell::OnceCell;
use std::collections::HashMap;

use super::{Ancestry, DefaultBranch};
use crate::git::{
    Checkout, CommitId, GitError, Lineage, Reader, Remote, RepositoryVariables, Snapshot, Tips, lineage_at, lineage_in,
};
use crate::message::SourceCommit;
use crate::outcome::failure::Failure;
use crate::request::{RepositoryRequest, Run};

/// The repositories that may know how commits follow each other.
pub(super) struct SourceRepositories<'a> {
    request: &'a RepositoryRequest,
    /// The repository that is released to; `None` if nothing leaves the checkout.
    released_to: Option<&'a Remote>,
    /// The checkout in the current folder, if it is not the release branch's.
    checkout: OnceCell<Option<Checkout>>,
    /// What was told already: the entries of a release are often built from one commit.
    told: HashMap<AncestryQuestion, AncestryAnswer>,
    /// A repository that may have commits of which nothing says where they are, as `owner/repo`.
    hint: Option<String>,
    /// The repositories that have commits, as `owner/repo`.
    found: HashMap<CommitId, String>,
    /// Why a repository could not be asked for the entry at hand, which may know more.
    unasked: Option<Unasked>,
}

/// Why a repository could not be asked.
#[derive(Debug, Clone)]
struct Unasked {
    why: String,
    /// Whether asking it again may succeed.
    passes: bool,
}

impl From<GitError> for Unasked {
    fn from(error: GitError) -> Self {
        // What answers in a server's place, such as a page or a way to sign in, says nothing of the commits.
        let passes = error.passes() || matches!(error, GitError::NoServer { .. } | GitError::Redirected { .. });
        Self { passes, why: format!("{:#}", anyhow::Error::from(error)) }
    }
}

/// Two commits, and the names of the repositories that are asked beside the one that CI builds. What these do not tell,
/// others may.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct AncestryQuestion {
    commits: (CommitId, CommitId),
    names: Vec<String>,
}

#[derive(Debug, Clone)]
struct AncestryAnswer {
    ancestry: Ancestry,
    unasked: Option<Unasked>,
}

impl AncestryAnswer {
    /// Returns whether no other repository would tell more.
    fn is_final(&self) -> bool {
        self.unasked.is_none() && !matches!(self.ancestry, Ancestry::Unknown(_) | Ancestry::Apart)
    }
}

impl<'a> SourceRepositories<'a> {
    pub(super) fn new(request: &'a RepositoryRequest, released_to: Option<&'a Remote>) -> Self {
        Self {
            request,
            released_to,
            checkout: OnceCell::new(),
            told: HashMap::new(),
            hint: None,
            found: HashMap::new(),
            unasked: None,
        }
    }

    /// Begins with another entry. A commit of which nothing says where it is may be in `repository`, which is asked last.
    pub(super) fn begin_entry(&mut self, repository: Option<String>) {
        self.hint = repository.or(self.hint.take());
        self.unasked = None;
    }

    /// Returns how the commit `new` stands to `other`.
    pub(super) fn ancestry(
        &mut self,
        snapshot: &mut Snapshot<'_>,
        new: &SourceCommit,
        other: &SourceCommit,
    ) -> Result<Ancestry, Failure> {
        let commits = (new.commit, other.commit);
        let named = new.repository.as_ref().or(other.repository.as_ref());
        let hint = self.hint.as_ref().filter(|_| named.is_none());
        let names = [new.repository.as_ref(), other.repository.as_ref(), hint].into_iter().flatten().cloned().collect();
        let question = AncestryQuestion { commits, names };
        let earlier = self.told.get(&question).or_else(|| {
            let mut others = self.told.iter().filter(|(other, answer)| other.commits == commits && answer.is_final());
            others.next().map(|(_, answer)| answer)
        });
        let answer = match earlier {
            Some(answer) => answer.clone(),
            None => self.answer(snapshot, question, named)?,
        };
        self.unasked = answer.unasked.or(self.unasked.take());
        Ok(answer.ancestry)
    }

    /// Asks a question, and remembers the answer. Commits of builds that name a repository are in `named`, unless another
    /// one tells.
    fn answer(
        &mut self,
        snapshot: &mut Snapshot<'_>,
        question: AncestryQuestion,
        named: Option<&String>,
    ) -> Result<AncestryAnswer, Failure> {
        let names: Vec<&str> = question.names.iter().map(String::as_str).collect();
        let before = self.unasked.take();
        let asked = self.ask(snapshot, question.commits, &names);
        let unasked = std::mem::replace(&mut self.unasked, before);
        let (ancestry, place) = asked?;
        if !matches!(ancestry, Ancestry::Unknown(_))
            && let Some(repository) = place.or_else(|| named.cloned())
        {
            self.found.insert(question.commits.0, repository.clone());
            self.found.insert(question.commits.1, repository);
        }
        let answer = AncestryAnswer { ancestry, unasked };
        self.told.insert(question, answer.clone());
        Ok(answer)
    }

    /// Returns a source commit with its repository: the one that it names, else the one that was found to have it.
    pub(super) fn located(&self, source: SourceCommit) -> SourceCommit {
        let SourceCommit { repository, commit } = source;
        SourceCommit { repository: repository.or_else(|| self.found.get(&commit).cloned()), commit }
    }

    /// Returns why a repository could not be asked that may tell more later; `None` if all of them were.
    pub(super) fn unreachable(&self) -> Option<&str> {
        self.unasked.as_ref().filter(|unasked| unasked.passes).map(|unasked| unasked.why.as_str())
    }

    /// Returns why a repository could not be asked that may tell that one of two lines counts.
    pub(super) fn unasked(&self) -> Option<&str> {
        self.unasked.as_ref().map(|unasked| unasked.why.as_str())
    }

    /// Returns how two commits stand to each other, and the name of the repository that told it.
    fn ask(
        &mut self,
        snapshot: &mut Snapshot<'_>,
        (new, other): (CommitId, CommitId),
        names: &[&str],
    ) -> Result<(Ancestry, Option<String>), Failure> {
        let mut here = told_by(snapshot.known_lineage(new, other));
        if let (None, Some(checkout)) = (&here, self.checkout()) {
            here = told_by(lineage_in(checkout, new, other));
        }
        let mut is_apart = match here {
            None => false,
            Some(Ancestry::Apart) => true,
            Some(told) => return Ok((told, None)),
        };
        let mut problems = Vec::new();
        let mut apart_at = None;
        for (name, place) in self.places(names) {
            let asked = match &place {
                _ if is_apart => Ok(Lineage::Apart),
                // Its conversation has begun already.
                SourceRepository::ReleasedTo(_) => snapshot.lineage(new, other),
                SourceRepository::Other(remote) => lineage_at(remote, new, other),
            };
            let remote = place.remote();
            match asked.map(told_by) {
                Ok(None) => {
                    problems.push(format!("{remote} lacks one of the commits, or does not tell which is older"));
                }
                Ok(Some(Ancestry::Apart)) => {
                    if !is_apart {
                        (is_apart, apart_at) = (true, name.clone());
                    }
                    match default_branch_with(remote, new, other) {
                        Ok(Some(branch)) => return Ok((Ancestry::OnDefaultBranch(branch), name)),
                        Ok(None) => {}
                        Err(error) => self.unasked = Some(error.into()),
                    }
                }
                Ok(Some(told)) => return Ok((told, name)),
                Err(error) => {
                    let unasked = Unasked::from(error);
                    problems.push(unasked.why.clone());
                    self.unasked = Some(unasked).filter(|unasked| unasked.passes).or(self.unasked.take());
                }
            }
        }
        let ancestry = match problems.as_slice() {
            _ if is_apart => Ancestry::Apart,
            [] => Ancestry::Unknown("their source repository is not known".to_owned()),
            problems => Ancestry::Unknown(problems.join("; ")),
        };
        Ok((ancestry, apart_at))
    }

    fn checkout(&self) -> Option<&Checkout> {
        let variables = RepositoryVariables::OfThis { git_dir: None };
        let here = || Checkout::discover(&self.request.here, &variables, &self.request.trusted_owner).ok();
        self.checkout.get_or_init(here).as_ref()
    }

    /// Returns the repositories that may have the commits: the one that CI builds, and those that `names` name on the same
    /// server; each with its name, as far as that is known. Only the login for its own server goes to each.
    fn places(&self, names: &[&str]) -> Vec<(Option<String>, SourceRepository<'a>)> {
        let Some(released_to) = self.released_to else { return Vec::new() };
        let options = self.request.beside(released_to).remote_options;
        let run = &self.request.run;
        let built = run.repository_url.as_deref().map(|url| {
            let name = run.source.as_ref().and_then(|source| source.repository.as_deref());
            (name.filter(|name| base_of(url, name).is_some()).map(str::to_owned), url.to_owned())
        });
        let siblings = names
            .iter()
            .filter_map(|name| Some((Some((*name).to_owned()), repository_beside(run, Some(released_to), name)?)));
        let mut places: Vec<(Option<String>, SourceRepository<'a>)> = Vec::new();
        for (name, url) in built.into_iter().chain(siblings) {
            // A repository that cannot be addressed cannot be asked.
            let Ok(remote) = Remote::at(&url, &options) else { continue };
            if !places.iter().any(|(_, place)| place.remote().is(&remote)) {
                let place = if remote.is(released_to) {
                    SourceRepository::ReleasedTo(released_to)
                } else {
                    SourceRepository::Other(self.with_login(remote))
                };
                places.push((name, place));
            }
        }
        places
    }

    /// Returns the remote with the login that its checkout's configuration has, if there is one.
    fn with_login(&self, remote: Remote) -> Remote {
        let origin = || {
            let options = self.request.beside(self.released_to?).remote_options;
            self.checkout()?.remote("origin", &options).ok()
        };
        origin().filter(|origin| origin.is(&remote)).unwrap_or(remote)
    }
}

/// Returns what a repository tells of two commits; `None` if it does not have both.
fn told_by(lineage: Lineage) -> Option<Ancestry> {
    match lineage {
        Lineage::After => Some(Ancestry::After),
        Lineage::Before => Some(Ancestry::Before),
        Lineage::Same => Some(Ancestry::Same),
        Lineage::Apart => Some(Ancestry::Apart),
        Lineage::Unknown => None,
    }
}

/// A repository that may have the commits.
enum SourceRepository<'a> {
    /// The one that is released to.
    ReleasedTo(&'a Remote),
    Other(Remote),
}

impl SourceRepository<'_> {
    fn remote(&self) -> &Remote {
        match self {
            Self::ReleasedTo(remote) => remote,
            Self::Other(remote) => remote,
        }
    }
}

/// Returns the URL of a repository on the server of the one that CI builds, else on that of `released_to`.
pub(crate) fn repository_beside(run: &Run, released_to: Option<&Remote>, name: &str) -> Option<String> {
    let built = run.source.as_ref().and_then(|source| source.repository.as_deref());
    let base = run.repository_url.as_deref().zip(built).and_then(|(url, name)| base_of(url, name));
    let beside_released_to = || Some(format!("{}/", released_to?.server()?.trim_end_matches('/')));
    sibling(&base.or_else(beside_released_to)?, name)
}

/// Returns what comes before `owner/repo` in the URL of that repository.
fn base_of(url: &str, name: &str) -> Option<String> {
    let url = url.strip_suffix(".git").unwrap_or(url);
    url.strip_suffix(name).filter(|base| base.ends_with(['/', ':'])).map(str::to_owned)
}

/// Returns the URL of a repository on the same server. A name that could lead elsewhere has none.
fn sibling(base: &str, name: &str) -> Option<String> {
    let is_plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    name.split('/').all(is_plain).then(|| format!("{base}{name}.git"))
}

/// Returns the default branch of a repository, if `new` is on it and `other` is not.
fn default_branch_with(remote: &Remote, new: CommitId, other: CommitId) -> Result<Option<DefaultBranch>, GitError> {
    let Tips { default: Some(tip), default_branch, .. } = Reader::open(remote, None)?.tips()? else { return Ok(None) };
    let is_on_it =
        |commit| Ok::<_, GitError>(matches!(lineage_at(remote, tip, commit)?, Lineage::Same | Lineage::After));
    Ok((is_on_it(new)? && !is_on_it(other)?).then_some(DefaultBranch(default_branch)))
}

#[cfg(test)]
mod tests {
    use super::{base_of, sibling};

    #[test]
    fn where_to_ask() {
        for (url, of, name, expected) in [
            ("https://git.example/org/app.git", "org/app", "org/web", Some("https://git.example/org/web.git")),
            ("git@git.example:org/app.git", "org/app", "org/web", Some("git@git.example:org/web.git")),
            ("https://git.example/scm/org/app", "org/app", "org/web", Some("https://git.example/scm/org/web.git")),
            (
                "https://git.example/org/app.git",
                "org/app",
                "group/sub/web",
                Some("https://git.example/group/sub/web.git"),
            ),
            ("https://git.example/org/app.git", "org/app", "../web", None),
            ("https://git.example/org/app.git", "org/app", "evil@host/web", None),
            ("https://git.example/renamed.git", "org/app", "org/web", None),
        ] {
            let found = base_of(url, of).and_then(|base| sibling(&base, name));
            assert_eq!(found.as_deref(), expected, "{url} {name}");
        }
    }
}
