//! What a commit says, and how it is read back: its text and trailers, the user's template, and the markers that keep CI
//! systems from building it. It looks nothing up.

mod acted_on;
pub mod compose;
mod each_once;
mod entry_sources;
pub mod git_tag;
pub mod line_comment;
mod logged_release;
pub mod markdown;
pub mod merged_title;
mod release;
pub mod request_text;
pub mod skip_ci;
mod source_commit;
mod source_comparison;
pub mod template;
mod trailer_path;
pub mod trailers;
mod verified_claim;

pub use each_once::each_once;
pub use entry_sources::EntrySources;
pub use logged_release::LoggedRelease;
pub use release::{Release, short_image, source_comparisons};
pub use source_commit::SourceCommit;
pub use source_comparison::SourceComparison;
pub use verified_claim::{VerifiedClaim, VerifiedStatement};
