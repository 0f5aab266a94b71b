pub mod backoff;
pub mod http;
pub mod image;
