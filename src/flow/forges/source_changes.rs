//! The page that compares the commits that an entry's old and new image were built from, at the forge of their repository. It
//! is found without a request.

use crate::forge::{ForgeAddress, ForgeHints, comparison_page};
use crate::git::{Remote, url_without_login};
use crate::guards::order::{EntryOrders, repository_beside};
use crate::message::{Release, SourceCommit, SourceComparison};
use crate::request::RepositoryRequest;

/// Adds to each release what changed in its source, as far as the orders know both commits. `released_to` is the remote of
/// the release branch.
pub(in crate::flow) fn compare(
    releases: &mut [Release],
    orders: &EntryOrders,
    request: &RepositoryRequest,
    released_to: Option<&Remote>,
) {
    // The entries of a release are often built from one commit.
    let mut found: Vec<(&(SourceCommit, SourceCommit), Option<SourceComparison>)> = Vec::new();
    for release in releases {
        let order = orders.of(&release.file, &release.entry);
        let Some(sources) = order.and_then(|order| order.sources.as_ref()) else { continue };
        let known = found.iter().find(|(other, _)| *other == sources);
        release.comparison = match known {
            Some((_, comparison)) => comparison.clone(),
            None => {
                let comparison = comparison(sources, request, released_to);
                found.push((sources, comparison.clone()));
                comparison
            }
        };
    }
}

/// Returns how the forge compares two commits; `None` if they are one, if they are not known to be of one repository, or if
/// its forge is not known.
fn comparison(
    (old, new): &(SourceCommit, SourceCommit),
    request: &RepositoryRequest,
    released_to: Option<&Remote>,
) -> Option<SourceComparison> {
    let repository = new.repository.as_deref()?;
    if old.repository.as_deref() != Some(repository) || old.commit == new.commit {
        return None;
    }
    let run = &request.run;
    let is_built = run.source.as_ref().and_then(|source| source.repository.as_deref()) == Some(repository);
    let url = match run.repository_url.as_deref().filter(|_| is_built) {
        Some(url) => url.to_owned(),
        None => repository_beside(run, released_to, repository)?,
    };
    let url = url_without_login(&url)?;
    // The user tells of the forge that is released to.
    let hints = match released_to.and_then(Remote::url).is_some_and(|here| here.host() == url.host()) {
        true => request.forge.clone(),
        false => ForgeHints { ci: request.forge.ci.clone(), ..ForgeHints::default() },
    };
    let address = ForgeAddress::of(&url, &hints).ok()?;
    let url = comparison_page(&address, &old.commit.to_string(), &new.commit.to_string())?;
    Some(SourceComparison { old: old.commit, new: new.commit, url })
}
