//! The commands, one file each, and what follows a release.

mod argocd_sources;
mod armed_requests;
mod branch_checks;
mod checkout;
mod checks;
mod hints;
mod kept_names;
mod kinds;
mod kustomization_beside;
mod log;
mod mixed_values;
mod no_push;
mod other_files;
mod patterns;
mod pins;
mod promote;
mod proposal_flags;
mod pull_request;
mod pull_requests_at_once;
mod pulled;
mod release;
mod rollback;
mod set;
mod signed_images;
mod slips;
mod status;
mod two_names;
mod untagged;

use crate::support::repository::Checkout;

/// Runs git in a checkout, and returns what it printed.
#[track_caller]
fn git(checkout: &Checkout, arguments: &[&str]) -> String {
    checkout.git(arguments.iter().copied()).run().success().stdout()
}
