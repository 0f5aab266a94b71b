//! The release branch: where it is, and how its tip is read and read again.

pub(super) mod announcements;
pub(super) mod branch;
pub(super) mod branch_tip;
pub(super) mod head_name;
pub(super) mod read_branch;
pub(super) mod rereads;
