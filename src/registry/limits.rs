//! How much of an answer is read, in bytes, so that no server can fill the memory; and for how long.

use std::time::Duration;

/// The longest that one request may take with its answer.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Of a manifest or a configuration: the least that the distribution specification asks registries to take.
pub(super) const MAX_MANIFEST_SIZE: u64 = 4 << 20;

/// Of a token server's answer.
pub(super) const MAX_TOKEN_SIZE: u64 = 64 << 10;

/// Of the answer at `/v2/`, of which only the headers count.
pub(super) const MAX_PING_SIZE: u64 = 64 << 10;

/// Of an answer that is no success: enough for any code and message.
pub(super) const MAX_ERROR_SIZE: u64 = 64 << 10;

/// Of all parts together that are kept for the next look at them.
pub(super) const MAX_KEPT_SIZE: usize = 8 << 20;
