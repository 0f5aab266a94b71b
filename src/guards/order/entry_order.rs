//! How the entries of a release stand to what runs: what `entries` found, for those who decide and tell.

use std::collections::HashMap;

use crate::git::CommitId;
use crate::image::ImageName;
use crate::message::SourceCommit;
use crate::targets::{EntryEdit, Fields};

/// The orders of the entries that change. A name may have several places: each has one, and those that are alike share it.
#[derive(Default)]
pub struct EntryOrders {
    orders: Vec<EntryOrder>,
    /// The indices of the orders of each name in a file.
    places: HashMap<String, HashMap<String, Vec<usize>>>,
}

impl EntryOrders {
    pub(super) fn new(orders: Vec<EntryOrder>) -> Self {
        let mut places: HashMap<String, HashMap<String, Vec<usize>>> = HashMap::new();
        for (place, order) in orders.iter().enumerate() {
            places.entry(order.file.clone()).or_default().entry(order.name.to_string()).or_default().push(place);
        }
        Self { orders, places }
    }

    pub fn iter(&self) -> impl Iterator<Item = &EntryOrder> {
        self.orders.iter()
    }

    /// Returns the order of an entry of the file at `file`: the worst one, if several places say the same, and have a past each.
    /// `None` if it does not change, or if order was not read.
    pub fn of(&self, file: &str, entry: &EntryEdit) -> Option<&EntryOrder> {
        let of_place = self.of_name(file, entry).filter(|order| order.before == entry.before);
        of_place.max_by_key(|order| order.ordered.verdict)
    }

    /// Returns the orders of all places that have the name of an entry.
    pub fn of_name(&self, file: &str, entry: &EntryEdit) -> impl Iterator<Item = &EntryOrder> {
        let places = self.places.get(file).and_then(|names| names.get(entry.name.as_str()));
        places.into_iter().flatten().map(|place| &self.orders[*place])
    }

    pub fn are_of_one_file(&self) -> bool {
        self.orders.iter().all(|order| order.file == self.orders[0].file)
    }
}

/// How one entry's new build stands to what runs.
pub struct EntryOrder {
    pub file: String,
    pub name: ImageName,
    /// What the place said.
    pub before: Fields,
    pub ordered: Ordered,
    /// The commit that the new image was built from, if something tells more of it than its tag does.
    pub source: Option<SourceCommit>,
    /// Whether the commit of the run is not believed to be that of the image.
    pub is_source_doubted: bool,
    /// The commits that what runs and the new image were built from, if both are known.
    pub sources: Option<(SourceCommit, SourceCommit)>,
    /// The releases of this entry that stay taken back if this one goes out, for the next release to know.
    pub still_taken_back: Vec<CommitId>,
}

/// What follows for an entry, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrderVerdict {
    /// It is newer than what runs.
    Newer,
    /// It goes out without being newer: it is the same, nothing was released before, what runs was taken back where it comes
    /// from, or order does not count.
    Allowed,
    /// It goes out although the lines have diverged; a person should know why.
    Replaces,
    /// It goes out, and nothing is known of its order.
    Unknown,
    /// Its commit is older and its tag newer, and the commit may not be that of the image. A person must tell.
    Contradicted,
    Diverged,
    /// It is provably older, or was taken back.
    Superseded,
}

/// What follows for an entry, with the reason as a sentence.
pub struct Ordered {
    pub verdict: OrderVerdict,
    pub reason: String,
}

impl OrderVerdict {
    pub(super) fn because(self, reason: impl Into<String>) -> Ordered {
        Ordered { verdict: self, reason: reason.into() }
    }
}
