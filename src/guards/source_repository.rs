//! The repository that images are built from, which knows how their commits follow each other. It is the release branch's
//! own, or the one that the CI system builds; its checkout answers where its history goes far enough.

use std::collections::HashMap;
use std::path::Path;

use crate::git::{Checkout, CommitId, GitError, Lineage, Remote, Snapshot, lineage_at, lineage_in};
use crate::outcome::failure::Failure;
use crate::request::{Repository, TargetRequest};

pub(crate) struct SourceRepository {
    /// Whether it is the one that is released to.
    is_target: bool,
    /// Its checkout, where that is not the release branch's.
    checkout: Option<Checkout>,
    remote: Option<Remote>,
    /// What was told already: all entries of a release are built from one commit.
    told: HashMap<(CommitId, CommitId), Lineage>,
}

impl SourceRepository {
    pub(crate) fn find(request: &TargetRequest, target: Option<&Remote>) -> Self {
        let Some(target) = target else {
            return Self { is_target: false, checkout: None, remote: None, told: HashMap::new() };
        };
        let url = request.run.repository_url();
        // Who has no such remote cannot be asked, and then no order is known.
        let options = || request.beside(target).remote_options();
        let of_url = || Remote::at(url?, &options()).ok();
        let built = of_url();
        if built.as_ref().is_some_and(|built| built.is(target)) {
            return Self { is_target: true, checkout: None, remote: None, told: HashMap::new() };
        }
        let here = match request.repository {
            Repository::Url(_) => Checkout::discover(Path::new("."), None, request.in_ci).ok(),
            Repository::Remote { .. } | Repository::Checkout { .. } => None,
        };
        // The checkout's configuration has the login for its own remote.
        let of_checkout = here.as_ref().and_then(|here| here.remote("origin", options()).ok());
        let is_built = |remote: &Remote| built.as_ref().is_some_and(|built| built.is(remote));
        let remote = of_checkout.filter(is_built).or_else(of_url);
        Self { is_target: false, checkout: here, remote, told: HashMap::new() }
    }

    /// Returns how `commit` stands to `other`; unknown where this repository may not be read. Where it only is away for
    /// now, that is an error: the next try may tell.
    pub(crate) fn lineage(
        &mut self,
        snapshot: &mut Snapshot<'_>,
        commit: CommitId,
        other: CommitId,
    ) -> Result<Lineage, Failure> {
        if let Some(lineage) = self.told.get(&(commit, other)) {
            return Ok(*lineage);
        }
        let lineage = self.ask(snapshot, commit, other)?;
        self.told.insert((commit, other), lineage);
        Ok(lineage)
    }

    fn ask(&self, snapshot: &mut Snapshot<'_>, commit: CommitId, other: CommitId) -> Result<Lineage, Failure> {
        let mut known = snapshot.lineage(commit, other, self.is_target)?;
        if let (Lineage::Unknown, Some(checkout)) = (known, &self.checkout) {
            known = lineage_in(checkout, commit, other);
        }
        match (known, &self.remote) {
            (Lineage::Unknown, Some(remote)) => match lineage_at(remote, commit, other) {
                Err(error @ GitError::Unavailable { .. }) => Err(Failure::from(error)
                    .hint("it tells whether a newer build is released already; `--on-superseded allow` does not ask")),
                told => Ok(told.unwrap_or(Lineage::Unknown)),
            },
            _ => Ok(known),
        }
    }
}
