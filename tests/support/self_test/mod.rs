//! The servers' own tests: what the other tests rely on is seen here, through clients that are not ours: plain sockets,
//! git, and skopeo if it is installed.

mod command;
mod connection;
mod forge;
mod git_server;
mod growth;
mod http;
mod registry;
mod relay;
mod repository;
mod servers;
