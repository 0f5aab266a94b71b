//! THE FLOWS, one a command; nothing else sequences.

mod awaited;
mod branch;
mod check;
mod checks;
mod compared_source;
mod delivery;
mod edits;
mod elsewhere;
mod forge_attestations;
mod guard;
mod head_name;
mod image_origins;
mod image_to_check;
mod kustomization_only;
mod log;
mod named_files;
mod patterns_on_disk;
mod pinned_digests;
mod promote;
mod publish;
mod release;
mod remote_forge;
mod rereads;
mod rollback;
mod rulings;
mod set;
mod source_attestations;
mod status;

pub use check::check;
pub use guard::guard;
pub use log::log;
pub use promote::promote;
pub use release::release;
pub use rollback::rollback;
pub use set::set;
pub use status::status;
