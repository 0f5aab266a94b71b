//! What can stop a release: the run was started by our own commit, a newer release is there already, or a hold is on the
//! branch. Each guard is a pure judgement (`own_commit`, `order`, `hold_file`) and a reader that finds out what it has to
//! know (`own_push`, `superseded` with `source_repository`, `hold`).

pub mod hold;
pub mod hold_file;
pub mod order;
pub mod own_commit;
pub mod own_push;
pub mod source_repository;
pub mod superseded;
pub mod tag_order;
