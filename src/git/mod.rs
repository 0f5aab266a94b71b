//! COMMIT and PUSH: a repository over its transport, in-process on gix, without a `git` program and without a clone.
//!
//! It hands out a [`Snapshot`] of a branch's tip, makes a [`CommitOnTip`] of changed bytes, and pushes that with the tip
//! as the lease. A [`Checkout`] names the remote and the branch, and can be fast-forwarded afterwards. The room knows no
//! images and no kustomizations. The caller decides what to change, whether to retry, and what to tell the user.
//!
//! `wire` moves bytes, `objects` is what a commit is made of, `checkout` is a repository on disk. With these a release finds
//! its repository (`remotes`), reads its tip (`reading`), and pushes (`pushing`).

mod checkout;
mod configuration;
mod error;
mod objects;
mod pushing;
mod reading;
mod remotes;
mod wire;

pub use checkout::fast_forward::{FastForward, FastForwardError, FileOnDisk, RemoteBranch, Staged};
pub use checkout::tracking_branch::NotTracked;
pub use checkout::{Checkout, RepositoryVariables, TrustedOwner};
pub use error::GitError;
pub use objects::commit::{Authorship, Change, CommitOnTip, Lease, NewCommit};
pub use objects::commit_message::{Message, Trailer, TrailerError};
pub use objects::commit_tag::TagContent;
pub use objects::identity::{Identity, IdentityError, IdentityParts, UnusableIdentity};
pub use objects::made_elsewhere::{CommitParts, FilePart};
pub use objects::name::{BranchName, CommitId, ContentId, RepositoryPath, TagName};
pub use objects::record::CommitRecord;
pub use objects::sign::{Signed, Signing, remove_temporary_files};
pub use pushing::advertised_refs::{AdvertisedRefs, RefsKept};
pub use pushing::both_services::{open_both, open_both_at_default};
pub use pushing::push::{OnHead, PushOutcome, Pusher, after_a_lost_answer, after_a_refusal};
pub use pushing::refusal::{PushRefusal, Rule};
pub use pushing::replaceable::{NotReplaceable, Replaceable};
pub use pushing::undo_push::undo_push;
pub use reading::ancestry::{lineage_at, lineage_in};
pub use reading::changes::{PathChange, RemovedFile};
pub use reading::glob_pattern::{GlobError, GlobPattern};
pub use reading::history::{History, HistoryWindow};
pub use reading::lineage::Lineage;
pub use reading::matching_files::TreeEntryKind;
pub use reading::reader::Reader;
pub use reading::snapshot::{Loaded, ObjectSource, Snapshot, TreeEntry};
pub use reading::tips::Tips;
pub use remotes::remote::{Remote, RemoteOptions, url_without_login};
pub use remotes::server_api::ServerApi;
pub use remotes::url_logins::{has_login, without_logins};
pub use wire::allowance::OutOfTime;
pub use wire::credential_helper::Askpass;
pub use wire::http_config::{RemoteUse, TlsVariables};
pub use wire::known_login::{HostLogin, InsecureGit, LoginOrigin, Withheld};
pub use wire::restrictions::ProtocolVariables;
pub use wire::ssh::SshSettings;
pub use wire::traffic::Traffic;

pub use crate::system::network::notices::Notices;
pub use crate::system::network::proxy::Proxies;
pub use crate::system::network::tls::SystemAuthorities;

/// What the fuzz targets call of readers that are private otherwise.
#[cfg(fuzzing)]
pub mod fuzzing {
    pub use super::objects::delta::fuzz as delta;
    pub use super::objects::pack::fuzz as pack;
    pub use super::objects::record::fuzz as commit;
    pub use super::reading::tips::fuzz as advertisement;
    pub use super::wire::netrc::fuzz as netrc;
    pub use super::wire::push_report::fuzz as push_report;
    pub use super::wire::small_packets::fuzz as small_packets;
}
