//! COMMIT and PUSH: a repository over its transport, in-process on gix, without a `git` program and without a clone.
//!
//! It hands out a [`Snapshot`] of a branch's tip, makes a [`CommitOnTip`] of changed bytes, and pushes that with the tip
//! as the lease. A [`Checkout`] says where to, and can follow. It knows no images and no kustomizations, and decides
//! nothing: what to change, whether to try again and what to tell the user are its caller's.

mod ancestry;
mod changes;
mod checkout;
mod commit;
mod credentials;
mod delta;
mod error;
mod exchange;
mod forward;
mod history;
mod http;
mod http_client;
mod http_config;
mod identity;
mod index;
mod line_ends;
mod lineage;
mod message;
mod name;
mod objects;
mod ownership;
mod pack;
mod pipe;
mod push;
mod push_report;
mod reader;
mod record;
mod refusal;
mod remote;
mod sign;
mod small_packets;
mod snapshot;
mod ssh;
mod traffic;
mod transport;
mod worktree_file;

pub use ancestry::{lineage_at, lineage_in};
pub use changes::PathChange;
pub use checkout::Checkout;
pub use commit::{Authorship, Change, CommitOnTip, Lease, NewCommit};
pub use credentials::HostLogin;
pub use error::GitError;
pub use forward::{Forward, Published, Staged, Standing, Stay};
pub use history::History;
pub use identity::{Identity, IdentityError};
pub use lineage::Lineage;
pub use message::{Message, Trailer, TrailerError};
pub use name::{BranchName, CommitId, RepositoryPath};
pub use push::{PushOutcome, Pushed, Pusher};
pub use reader::{Reader, Tips};
pub use record::CommitRecord;
pub use refusal::{Refusal, Rule};
pub use remote::{Remote, RemoteOptions};
pub use sign::{Signed, Signing, remove_temporary_files};
pub use snapshot::{Entry, Kind, Snapshot, Source};
pub use ssh::SshSettings;
pub use traffic::Traffic;
