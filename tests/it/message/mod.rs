//! What a commit says to CI systems.

mod paths;
mod skip_ci;
