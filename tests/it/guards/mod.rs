//! What stops a release: a newer one, a hold, or that the run was started by a release.

mod guard;
mod hold;
mod lines;
mod merged;
mod moved;
mod order;
