//! How the order of an entry is told: as sentences that name both builds.

use super::last_release::LastRelease;
use super::order_context::OrderContext;
use super::running::RunningEntry;
use super::{Build, Judgement, OrderVerdict, Ordered};
use crate::image::Digest;
use crate::message::SourceCommit;
use crate::outcome::failure::{Failure, FailureKind};

/// A guess would let an older build replace a newer one, only because a server failed for a moment.
pub(super) fn unreachable(name: &str, why: &str) -> Failure {
    let hint = "run the same command again; `--on-unknown-order release` releases it all the same, with a warning";
    Failure::new(FailureKind::Unavailable, format!("cannot tell whether `{name}` would go back: {why}")).hint(hint)
}

/// Only its digest tells whether a tag that moves means what was rolled back.
pub(super) fn unreachable_digest(new: &Build, why: &str) -> Failure {
    let hint = "run the same command again";
    Failure::new(FailureKind::Unavailable, format!("cannot tell whether {new} is what was rolled back: {why}"))
        .hint(hint)
}

/// Tells a judgement of `new` against what `runs`, which is what the entry that is `running` says.
pub(super) fn told(
    context: &OrderContext<'_>,
    running: &RunningEntry,
    new: &Build,
    runs: &Build,
    judgement: Judgement,
) -> Ordered {
    let branch = context.branch;
    // What a person wrote is no release.
    let has = if running.last_release.is_of_what_runs() { "releases" } else { "has" };
    match judgement {
        Judgement::Newer(how) => OrderVerdict::Newer.because(format!("newer than {runs}: {how}")),
        Judgement::HigherTag => OrderVerdict::Newer.because(format!("newer than {runs}: by its tag")),
        Judgement::Same(how) => OrderVerdict::Allowed.because(format!("as new as {runs}: {how}")),
        Judgement::NotAsked => OrderVerdict::Allowed.because("order does not count"),
        Judgement::Replaces(how) => OrderVerdict::Replaces
            .because(format!("{new} and {runs} are on lines of commits that have diverged: {how}")),
        Judgement::Older(how) => {
            let [new, runs] = told_apart(context, new, runs);
            OrderVerdict::Superseded.because(format!("{branch} already {has} {runs}, and {new} is older: {how}"))
        }
        Judgement::LowerTag if running.last_release != LastRelease::Unknown => {
            OrderVerdict::Superseded.because(format!("{branch} already {has} {runs}, and {new} is older: by its tag"))
        }
        // What a template or a person wrote may never have run.
        Judgement::LowerTag => OrderVerdict::Superseded.because(format!(
            "{branch} has {runs}, which was written by hand, and {new} is older by its tag; no release tells whether \
             {runs} ever ran"
        )),
        Judgement::Diverged => OrderVerdict::Diverged.because(format!(
            "{new} ({}) is not built on top of {runs} ({}), which {branch} {has}",
            source(new),
            source(runs)
        )),
        Judgement::Unknown(why) => OrderVerdict::Unknown.because(untold(context, new, runs, &why)),
        Judgement::Contradicted(why) => OrderVerdict::Contradicted.because(untold(context, new, runs, &why)),
    }
}

fn untold(context: &OrderContext<'_>, new: &Build, runs: &Build, why: &str) -> String {
    let [new, runs] = told_apart(context, new, runs);
    format!("cannot tell whether {new} is newer than {runs}: {why}")
}

/// Names two builds. Those of one tag are told apart by their digests, as far as these are known.
fn told_apart(context: &OrderContext<'_>, new: &Build, runs: &Build) -> [String; 2] {
    let names = [new, runs].map(Build::to_string);
    if names[0] != names[1] {
        return names;
    }
    let of_new = new.digest.clone().or_else(|| (context.digest_of)(new).ok().flatten());
    let digests = [of_new, runs.digest.clone()];
    let [of_new, of_runs] = digests.map(|digest| digest.and_then(|digest| digest.parse::<Digest>().ok()));
    let with = |name: String, digest: Option<Digest>| match digest {
        Some(digest) => format!("{name} (`{}`)", digest.short()),
        None => name,
    };
    let [new, runs] = names;
    [with(new, of_new), with(runs, of_runs)]
}

/// Names the commit that a build was built from.
pub(super) fn source(build: &Build) -> String {
    match &build.source {
        Some(SourceCommit { repository: Some(repository), commit }) => format!("{repository}@{}", commit.short()),
        Some(SourceCommit { repository: None, commit }) => commit.short(),
        None => "source unknown".to_owned(),
    }
}
