pub mod backoff;
pub mod git;
pub mod http;
pub mod image;
