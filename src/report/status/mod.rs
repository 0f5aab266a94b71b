//! What runs where: as a table for people, and as a list for programs.

mod comparison_table;
mod status_entry;

pub(super) use comparison_table::{row, table};
pub(super) use status_entry::{StatusEntry, compared};
