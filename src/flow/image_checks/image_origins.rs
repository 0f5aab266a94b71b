//! What the user may know an image by: the entries of files that name it, or an argument that may have meant another one. A
//! problem with an image is told with it.

use super::image_to_check::ImageToCheck;
use super::problem::Problem;
use crate::image::{Field, ImageArgument, Reference};
use crate::outcome::FileEdit;
use crate::outcome::failure::{Failure, Retry};

/// How many lines are told of one image; all applications may share it.
const MAX_LINES_TOLD: usize = 10;

/// What to do about an image that was released and is gone.
const TAKE_BACK: &str = "push it again, or take it back with `tagship rollback`";

/// Images, with a line about where each comes from.
#[derive(Debug, Default)]
pub(in crate::flow) struct ImageOrigins {
    lines: Vec<(Reference, String)>,
    /// What to do about one that is not there; `None`: a build may still push it.
    if_gone: Option<&'static str>,
}

impl ImageOrigins {
    /// Returns the entries of files as origins of their images.
    pub(in crate::flow) fn of_files(files: &[FileEdit]) -> Self {
        let entries = files.iter().flat_map(|file| file.edit.entries.iter().map(move |entry| (file, entry)));
        let known = entries.filter_map(|(file, entry)| match ImageToCheck::of_entry(entry) {
            Ok(ImageToCheck::Known(reference)) => {
                let untold = if entry.after.says_what_runs() { "" } else { ", without a tag" };
                Some((reference, format!("named by `{}` in {}{untold}", entry.name, file.path)))
            }
            _ => None,
        });
        Self { lines: known.collect(), if_gone: Some(TAKE_BACK) }
    }

    /// Returns the arguments that name an entry and a tag alone, such as `web:v2`. As in kustomize, that is an image of that
    /// very name; the user may have meant the image that the entry has.
    pub(in crate::flow) fn of_arguments(arguments: &[ImageArgument]) -> Self {
        let alone = arguments.iter().filter(|argument| argument.change.new_name == Field::Remove);
        let known = alone.filter_map(|argument| match ImageToCheck::of_argument(argument) {
            Ok(ImageToCheck::Known(reference)) if !argument.name.as_str().contains('/') => {
                Some((reference, format!("to keep the image that the entry has, write `{}`", argument.keeping_name())))
            }
            _ => None,
        });
        Self { lines: known.collect(), if_gone: None }
    }

    /// Returns what is wrong with images, each with the lines about it as details.
    pub(super) fn failures(&self, problems: Vec<Problem<'_>>) -> Vec<Failure> {
        let with_lines = |Problem { question, failures, .. }: Problem<'_>| {
            let lines: Vec<_> = self.lines(question.reference).collect();
            let if_gone = self.if_gone.filter(|_| !lines.is_empty());
            failures.into_iter().map(move |failure| {
                let failure = match (failure.retry, if_gone) {
                    (Retry::AfterThePush, Some(hint)) => failure.hint(hint),
                    _ => failure,
                };
                lines.iter().fold(failure, |failure, line| failure.detail(line))
            })
        };
        problems.into_iter().flat_map(with_lines).collect()
    }

    fn lines(&self, reference: &Reference) -> impl Iterator<Item = String> {
        let all: Vec<_> =
            self.lines.iter().filter(|(image, _)| image == reference).map(|(_, line)| line.clone()).collect();
        let rest = all.len().saturating_sub(MAX_LINES_TOLD);
        all.into_iter().take(MAX_LINES_TOLD).chain((rest > 0).then(|| format!("and by {rest} more")))
    }
}
