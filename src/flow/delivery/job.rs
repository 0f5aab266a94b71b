//! What a command gives to a delivery: what it is, what it needs before the branch is read, and the function that decides what
//! to write on a tip.

use crate::flow::image_checks::image_to_check::ImageToCheck;
use crate::flow::release_branch::read_branch::Tip;
use crate::guards::order::Build;
use crate::image::{Field, ImageArgument, ImageName};
use crate::message::EntrySources;
use crate::message::compose::Purpose;
use crate::outcome::Listener;
use crate::outcome::failure::Failure;
use crate::request::{Delivery, Images, TargetFile, TargetKind};
use crate::system::processes::signals::Gate;

/// One run of a command that commits.
pub(in crate::flow) struct Job<'a> {
    pub(in crate::flow) delivery: &'a Delivery,
    /// Stops new effects after a signal.
    pub(in crate::flow) gate: &'a Gate,
    /// The entries whose order is judged, as far as they are known before the branch is read.
    pub(in crate::flow) ordered: Vec<ImageName>,
    /// The entries that a head branch is named after; none stands for all.
    pub(in crate::flow) named_in_head: Vec<ImageName>,
    /// The arguments that the user wrote; empty if the command makes them by itself.
    pub(in crate::flow) arguments: Vec<ImageArgument>,
    /// The commits that their images were built from, as far as they are known before the branch is read.
    pub(in crate::flow) sources: EntrySources,
}

impl<'a> Job<'a> {
    /// Returns the job of a command that learns from the branch what it writes.
    pub(in crate::flow) fn of_branch(delivery: &'a Delivery, gate: &'a Gate, names: Vec<ImageName>) -> Self {
        let sources = EntrySources::default();
        Self { delivery, gate, ordered: Vec::new(), named_in_head: names, arguments: Vec::new(), sources }
    }

    /// Returns the images that are to be checked before the branch is read. Without a name of its own, an argument means the
    /// image that its entry is called, or the path of one in a file of another kind.
    ///
    /// # Errors
    /// An argument names no image that a registry can have.
    pub(super) fn known_images(&self) -> Result<Vec<ImageToCheck>, Failure> {
        let is_kustomization = |file: &TargetFile| file.kind == TargetKind::Kustomization;
        let are_entries = self.delivery.files.iter().all(is_kustomization);
        let is_known = |argument: &&ImageArgument| are_entries || argument.change.new_name != Field::Remove;
        match self.delivery.registry {
            Some(_) => self.arguments.iter().filter(is_known).map(ImageToCheck::of_argument).collect(),
            None => Ok(Vec::new()),
        }
    }
}

/// What to write on one tip.
#[derive(Clone)]
pub(in crate::flow) struct Writing {
    pub(in crate::flow) images: Images,
    pub(in crate::flow) purpose: Purpose,
    /// The commits that the images were built from.
    pub(in crate::flow) sources: EntrySources,
    /// Builds that were taken back where the images come from, by entry.
    pub(in crate::flow) taken_back_at_source: Vec<(ImageName, Build)>,
    /// Why the entries that the images come from are held; empty if they are not.
    pub(in crate::flow) held_at_source: Vec<String>,
}

impl Writing {
    /// Returns what a command writes that takes nothing from another place.
    pub(in crate::flow) fn new(images: Images, purpose: Purpose, sources: EntrySources) -> Self {
        Self { images, purpose, sources, taken_back_at_source: Vec::new(), held_at_source: Vec::new() }
    }
}

/// Decides what to write on a tip.
pub(in crate::flow) type Decide<'d> = dyn FnMut(Tip<'_, '_>, &mut Listener<'_>) -> Result<Writing, Failure> + 'd;
