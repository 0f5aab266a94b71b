//! What a commit says to CI systems.

mod skip_ci;
