//! What the user may know an image by: the entries of files that name it, or an argument that may have meant another one. A
//! problem with an image is told with it.

use super::image_to_check::ImageToCheck;
use crate::image::{Field, ImageArgument, Reference};
use crate::outcome::FileEdit;
use crate::outcome::failure::{Failure, Retry};
use crate::targets::EntryEdit;

/// How many lines are told of one image; all applications may share it.
const MAX_LINES_TOLD: usize = 10;

/// What to do about an image that was released and is gone.
const TAKE_BACK: &str = "push it again, or take it back with `tagship rollback`";

/// What to do about an image without a tag in the file. `latest` was asked for, and is not there.
const SAY_TAG: &str = "write the tag into the file; if a Kustomization of Flux sets it, name its file too, with `-f`";

/// Images, with where each comes from.
#[derive(Debug, Default)]
pub(in crate::flow) struct ImageOrigins(Vec<ImageOrigin>);

#[derive(Debug)]
struct ImageOrigin {
    image: Reference,
    line: String,
    /// What to do if it is not there; `None`: a build may still push it.
    if_gone: Option<&'static str>,
}

impl ImageOrigins {
    /// Returns the entries of files as origins of their images.
    pub(in crate::flow) fn of_files(files: &[FileEdit]) -> Self {
        let known = FileEdit::entries(files).filter_map(|(file, entry)| {
            let image = ImageToCheck::of_entry(entry).ok()?.known()?.clone();
            let (untold, hint) =
                if entry.after.says_what_runs() { ("", TAKE_BACK) } else { (", without a tag", SAY_TAG) };
            let line = made_line(file, entry);
            let line = line.unwrap_or_else(|| format!("named by `{}` in {}{untold}", entry.name, file.path));
            Some(ImageOrigin { image, line, if_gone: Some(hint) })
        });
        Self(known.collect())
    }

    /// Adds the entries of edited files for which others make another image than they say.
    pub(super) fn add_made(&mut self, files: &[FileEdit]) {
        for (file, entry) in FileEdit::entries(files) {
            let (Some(line), Ok(image)) = (made_line(file, entry), ImageToCheck::of_entry(entry)) else { continue };
            if let Some(image) = image.known()
                && !self.of(image).any(|origin| origin.line == line)
            {
                self.0.push(ImageOrigin { image: image.clone(), line, if_gone: None });
            }
        }
    }

    /// Returns the arguments that name an entry and a tag alone, such as `web:v2`. As in kustomize, that is an image of that
    /// very name; the user may have meant the image that the entry has.
    pub(in crate::flow) fn of_arguments(arguments: &[ImageArgument]) -> Self {
        let is_alone = |argument: &&ImageArgument| {
            argument.change.new_name == Field::Remove && !argument.name.as_str().contains('/')
        };
        let known = arguments.iter().filter(is_alone).filter_map(|argument| {
            let image = ImageToCheck::of_argument(argument).ok()?.known()?.clone();
            let line = format!("to keep the image that the entry has, write `{}`", argument.keeping_name());
            Some(ImageOrigin { image, line, if_gone: None })
        });
        Self(known.collect())
    }

    /// Returns what is wrong with an image, with the lines about it as details.
    pub(super) fn told(&self, image: &Reference, failures: Vec<Failure>) -> Vec<Failure> {
        let lines: Vec<_> = self.lines(image).collect();
        let if_gone = self.of(image).find_map(|origin| origin.if_gone);
        let with_lines = |failure: Failure| {
            let failure = match (failure.retry, if_gone) {
                (Retry::AfterThePush, Some(hint)) => failure.hint(hint),
                _ => failure,
            };
            lines.iter().fold(failure, |failure, line| failure.detail(line))
        };
        failures.into_iter().map(with_lines).collect()
    }

    fn of(&self, image: &Reference) -> impl Iterator<Item = &ImageOrigin> {
        self.0.iter().filter(move |origin| origin.image.is_same(image))
    }

    fn lines(&self, reference: &Reference) -> impl Iterator<Item = String> {
        let all: Vec<_> = self.of(reference).map(|origin| origin.line.clone()).collect();
        let rest = all.len().saturating_sub(MAX_LINES_TOLD);
        all.into_iter().take(MAX_LINES_TOLD).chain((rest > 0).then(|| format!("and by {rest} more")))
    }
}

/// Returns the line about an entry whose image others make something else of.
fn made_line(file: &FileEdit, entry: &EntryEdit) -> Option<String> {
    let made = entry.made()?;
    Some(format!("pulled for `{}` in {}, because of {}", entry.name, file.path, made.by))
}
