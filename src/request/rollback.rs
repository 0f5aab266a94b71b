//! `rollback` as meant.

use super::release_options::delivery::{Delivery, OrderRequest};
use super::repository::target_file::TargetFile;
use super::values::effect;
use crate::cli::{Environment, RollbackArguments};
use crate::image::ImageName;
use crate::outcome::failure::Failure;

pub struct RollbackRequest {
    pub name: ImageName,
    pub to: Earlier,
    pub delivery: Delivery,
}

/// What an entry is to become again.
pub enum Earlier {
    /// What it was so many releases ago.
    Steps(usize),
    /// What it was in the release of this tag, this digest, this commit, or this source commit, maybe shortened.
    Named(String),
}

impl RollbackRequest {
    pub(super) fn new(arguments: &RollbackArguments, environment: &Environment) -> Result<Self, Failure> {
        let file = TargetFile::one(arguments.one.kustomization.as_deref(), arguments.one.file.as_deref())?;
        let effect = effect(arguments.dry_run);
        let delivery = Delivery::new(&arguments.delivery, OrderRequest::ANY, effect, environment)?;
        Ok(Self {
            name: name(arguments.name.trim())?,
            to: match &arguments.to {
                Some(text) => Earlier::Named(text.clone()),
                None => Earlier::Steps(arguments.steps as usize),
            },
            delivery: Delivery { files: vec![file], ..delivery },
        })
    }
}

/// Returns the one entry that is named. A step's input has one on each line.
fn name(text: &str) -> Result<ImageName, Failure> {
    if let Some((entry, _)) = text.split_once('=') {
        return Err(Failure::usage(format!("`{text}` is not the name of an entry"))
            .hint(format!("write `{entry}`, and name the release to go back to with `--to`")));
    }
    let is_several = text.contains('\n');
    super::image_options::images::name(text).map_err(|failure| match is_several {
        true => failure.hint("`rollback` takes one entry: run it once for each"),
        false => failure,
    })
}
