//! COMMIT and PUSH: a repository over its transport, in-process on gix, without a `git` program and without a clone.
//!
//! It hands out a [`Snapshot`] of a branch's tip, makes a [`CommitOnTip`] of changed bytes, and pushes that with the tip
//! as the lease. A [`Checkout`] names the remote and the branch, and can be fast-forwarded afterwards. The room knows no
//! images and no kustomizations. The caller decides what to change, whether to retry, and what to tell the user.
//!
//! `wire` moves bytes, `objects` is what a commit is made of, `checkout` is a repository on disk. The files beside them are
//! what a release does with these.

mod advertised_refs;
mod ancestry;
mod answered_pack;
mod both_services;
mod changes;
mod checkout;
mod configuration;
mod error;
mod glob_pattern;
mod history;
mod lineage;
mod made_object;
mod matching_files;
mod objects;
mod push;
mod push_request;
mod reader;
mod refusal;
mod remote;
mod remote_url;
mod replaceable;
mod server_api;
mod snapshot;
mod take_back;
mod tips;
mod unmet_include;
mod url_logins;
mod wire;

pub use advertised_refs::{AdvertisedRefs, RefsKept};
pub use ancestry::{lineage_at, lineage_in};
pub use both_services::{open_both, open_both_at_default};
pub use changes::{PathChange, RemovedFile};
pub use checkout::fast_forward::{FastForward, FastForwardError, FileOnDisk, RemoteBranch, Staged};
pub use checkout::tracking_branch::NotTracked;
pub use checkout::{Checkout, RepositoryVariables, TrustedOwner};
pub use error::GitError;
pub use glob_pattern::{GlobError, GlobPattern};
pub use history::{History, HistoryWindow};
pub use lineage::Lineage;
pub use objects::commit::{Authorship, Change, CommitOnTip, Lease, NewCommit};
pub use objects::commit_message::{Message, Trailer, TrailerError};
pub use objects::commit_tag::TagContent;
pub use objects::identity::{Identity, IdentityError, IdentityParts, UnusableIdentity};
pub use objects::made_elsewhere::{CommitParts, FilePart};
pub use objects::name::{BranchName, CommitId, RepositoryPath, TagName};
pub use objects::record::CommitRecord;
pub use objects::sign::{Signed, Signing, remove_temporary_files};
pub use push::{OnHead, PushOutcome, Pusher, after_a_lost_answer, after_a_refusal};
pub use reader::Reader;
pub use refusal::{PushRefusal, Rule};
pub use remote::{Remote, RemoteOptions, url_without_login};
pub use replaceable::{NotReplaceable, Replaceable};
pub use server_api::ServerApi;
pub use snapshot::{Loaded, ObjectSource, Snapshot, TreeEntry, TreeEntryKind};
pub use take_back::take_back;
pub use tips::Tips;
pub use url_logins::{has_login, without_logins};
pub use wire::allowance::OutOfTime;
pub use wire::credential_helper::Askpass;
pub use wire::http_config::{RemoteUse, TlsVariables};
pub use wire::known_login::{HostLogin, InsecureGit, LoginOrigin, Withheld};
pub use wire::restrictions::ProtocolVariables;
pub use wire::ssh::SshSettings;
pub use wire::traffic::Traffic;

pub use crate::system::notices::Notices;
pub use crate::system::proxy::Proxies;
pub use crate::system::tls::SystemAuthorities;

/// What the fuzz targets call of readers that are private otherwise.
#[cfg(fuzzing)]
pub mod fuzzing {
    pub use super::objects::delta::fuzz as delta;
    pub use super::objects::pack::fuzz as pack;
    pub use super::objects::record::fuzz as commit;
    pub use super::tips::fuzz as advertisement;
    pub use super::wire::netrc::fuzz as netrc;
    pub use super::wire::push_report::fuzz as push_report;
    pub use super::wire::small_packets::fuzz as small_packets;
}
