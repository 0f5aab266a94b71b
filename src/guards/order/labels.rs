//! What only registries tell of builds that are ordered: the commits that the labels of images name. A registry that cannot be
//! reached now is not one that knows nothing: it may tell later that the build is older.

use super::order_context::{OrderContext, Unreachable};
use super::running::RunningEntry;
use super::{Build, OrderVerdict, Ordered, commits_count};

/// Returns both builds with the commits that the images say that they were built from, if that of the new one is known then. The
/// release tells it to later ones, also if nothing tells that of what runs.
///
/// # Errors
/// If a registry that counts could not be reached.
pub(super) fn with_labels(
    context: &OrderContext<'_>,
    running: &RunningEntry,
    new: &Build,
    runs: &Build,
) -> Result<Option<(Build, Build)>, Unreachable> {
    if !commits_count(context.by) || (new.source.is_some() && runs.source.is_some()) {
        return Ok(None);
    }
    let new = labelled(context, new)?;
    if new.source.is_none() {
        return Ok(None);
    }
    let asked_as = if new.image == runs.image { &new.asked_as } else { &runs.asked_as };
    let runs = &Build { asked_as: asked_as.clone(), ..runs.clone() };
    match labelled(context, runs) {
        Ok(runs) => Ok(Some((new, runs))),
        // A template, or a person, may name an image of a registry that is never reached from here.
        Err(_) if !running.last_release.is_of_what_runs() && registry_of(&new) != registry_of(runs) => {
            Ok(Some((new, runs.clone())))
        }
        Err(unreachable) => Err(unreachable),
    }
}

fn labelled(context: &OrderContext<'_>, build: &Build) -> Result<Build, Unreachable> {
    let source = match &build.source {
        Some(source) => Some(source.clone()),
        None => (context.label_of)(build)?,
    };
    Ok(Build { source, ..build.clone() })
}

fn registry_of(build: &Build) -> Option<String> {
    build.reference().map(|reference| reference.registry().to_owned())
}

/// Says that labels told it: a label is what the build of the image wrote into it.
pub(super) fn by_labels(mut ordered: Ordered) -> Ordered {
    if ordered.verdict != OrderVerdict::Unknown {
        ordered.reason += ", as the labels of the images say";
    }
    ordered
}
