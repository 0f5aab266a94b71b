//! The commands, one file each, and what follows a release.

mod checkout;
mod checks;
mod hints;
mod kinds;
mod log;
mod no_push;
mod other_files;
mod pins;
mod promote;
mod release;
mod rollback;
mod set;
mod signed_images;
mod slips;
