//! How the order of releases is told, and what follows from it.

use crate::cli::order as typed;

/// How "newer" is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderBy {
    /// By the commits that the images were built from, else by their tags.
    Auto,
    /// By tags alone.
    Version,
    /// By commits alone.
    Source,
    /// As `Auto`, but a single small number in a tag counts too.
    Number,
    /// Not at all.
    Nothing,
}

/// What follows if the new build and what runs were built on lines that went apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDiverged {
    Fail,
    Release,
    Skip,
}

/// What follows if nothing is known of the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnUnknownOrder {
    Release,
    Fail,
}

impl From<typed::OrderBy> for OrderBy {
    fn from(typed: typed::OrderBy) -> Self {
        match typed {
            typed::OrderBy::Auto => Self::Auto,
            typed::OrderBy::Version => Self::Version,
            typed::OrderBy::Source => Self::Source,
            typed::OrderBy::Number => Self::Number,
            typed::OrderBy::None => Self::Nothing,
        }
    }
}

impl From<typed::OnDiverged> for OnDiverged {
    fn from(typed: typed::OnDiverged) -> Self {
        match typed {
            typed::OnDiverged::Fail => Self::Fail,
            typed::OnDiverged::Release => Self::Release,
            typed::OnDiverged::Skip => Self::Skip,
        }
    }
}

impl From<typed::OnUnknownOrder> for OnUnknownOrder {
    fn from(typed: typed::OnUnknownOrder) -> Self {
        match typed {
            typed::OnUnknownOrder::Release => Self::Release,
            typed::OnUnknownOrder::Fail => Self::Fail,
        }
    }
}
