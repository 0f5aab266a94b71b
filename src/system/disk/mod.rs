//! Files and folders on disk: read within a limit, replaced all or none, and named in messages.
//!
//! Read `files` first, then `folder` and `file_access`, by which it replaces a file.

pub mod appendable_file;
pub mod bounded_file;
mod file_access;
pub mod files;
mod folder;
pub mod found_files;
pub mod shown_path;
