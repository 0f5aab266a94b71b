//! GitLab, by its API v4, or by push options if the login does not open the API.

mod auto_merge;
mod merge_requests;
mod push_options;

pub(super) use merge_requests::GitLabApi;
pub use push_options::{MergeRequestByPush, ToldByPush};
