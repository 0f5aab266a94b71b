//! Values of a chart that are text in another file. The text is a file of its own, which is read and edited as any other one, and
//! the file around it changes in this one scalar.
//!
//! Read `values_text` first, then `nested_entries` to read, `nested` to edit.

pub(super) mod nested;
pub(super) mod nested_entries;
mod values_text;
