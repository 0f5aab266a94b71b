//! The images that a run requires. They are looked for as early as they are known, while something else is done, and required
//! when the plan comes to them: so what is wrong with the branch or with an entry is told with what is wrong with an image.

use std::mem;
use std::time::Instant;

use super::awaited::WaitedForImages;
use super::checks::{Checks, Look};
use super::image_to_check::ImageToCheck;
use super::problem::Problem;
use crate::image::Reference;
use crate::outcome::failure::Failure;
use crate::outcome::{Activity, Event, FileEdit, Listener};
use crate::targets::{EntryEdit, UncertainImage};

impl Checks {
    /// Makes sure that all images are in their registries, or fails with all that is wrong. After a wait, what was read
    /// elsewhere may be out of date.
    pub(crate) fn require(
        &mut self,
        images: &[ImageToCheck],
        listener: &mut Listener<'_>,
    ) -> Result<WaitedForImages, Failure> {
        let begun = Instant::now();
        self.find(images, listener);
        let questions: Vec<_> = self.not_found(images).into_iter().map(|image| self.question(image, [])).collect();
        let problems = mem::take(&mut self.problems).into_iter().filter_map(|(image, trouble)| {
            let question = questions.iter().find(|question| question.reference.is_same(&image))?;
            Some(Problem { question, trouble })
        });
        let (problems, waited) = self.await_all(problems.collect(), begun, listener);
        let told = |problem: Problem<'_>| self.origins.told(problem.question.reference, problem.trouble.failures);
        Failure::of_all(problems.into_iter().flat_map(told).collect())?;
        Ok(waited)
    }

    /// Requires that the files tell for certain which images the `wanted` entries pull, if anything is required of these. An
    /// image without a version is not checked at all.
    pub(in crate::flow) fn require_certain(
        &self,
        files: &[FileEdit],
        wanted: impl Fn(&EntryEdit) -> bool,
    ) -> Result<(), Failure> {
        let mut problems = Vec::new();
        for file in files.iter().filter(|_| !self.requirements.is_empty()) {
            let is_checked = |entry: &EntryEdit| !matches!(ImageToCheck::of_entry(entry), Ok(ImageToCheck::Unpinned));
            let entries = file.edit.entries.iter().filter(|entry| wanted(entry) && is_checked(entry));
            let uncertain = entries.filter_map(EntryEdit::uncertain_image);
            let failure =
                |image: UncertainImage| Failure::target(format!("{}: {}", file.path, image.why)).hint(image.remedy);
            problems.extend(uncertain.map(failure));
        }
        Failure::of_all(problems)
    }

    /// Looks for the images, as far as that was not done. Returns whether they are there as they must be. What is
    /// wrong is kept until they are required.
    pub(in crate::flow) fn find(&mut self, images: &[ImageToCheck], listener: &mut Listener<'_>) -> bool {
        let images_to_find = self.not_looked_for(images);
        if !images_to_find.is_empty() {
            listener(&Event::Began(Activity::Looking { images: images_to_find, branch: None }));
        }
        self.find_while(images, listener, || ());
        self.not_found(images).is_empty()
    }

    /// Does so while something else is done here.
    pub(in crate::flow) fn find_while<T>(
        &mut self,
        images: &[ImageToCheck],
        listener: &mut Listener<'_>,
        meanwhile: impl FnOnce() -> T,
    ) -> T {
        let questions: Vec<_> = self.not_looked_for(images).into_iter().map(|image| self.question(image, [])).collect();
        let (problems, done) = self.look(&questions.iter().collect::<Vec<_>>(), Look::first(), listener, meanwhile);
        self.problems
            .extend(problems.into_iter().map(|Problem { question, trouble }| (question.reference.clone(), trouble)));
        done
    }

    /// Returns whether something was found to be wrong with an image that is not required yet.
    pub(in crate::flow) fn have_problems(&self) -> bool {
        !self.problems.is_empty()
    }

    /// Returns whether such an image is that of an entry.
    pub(in crate::flow) fn have_problem_with(&self, entry: &EntryEdit) -> bool {
        let image = ImageToCheck::of_entry(entry).ok();
        let image = image.as_ref().and_then(ImageToCheck::known);
        image.is_some_and(|image| self.problems.iter().any(|(with_problem, _)| with_problem.is_same(image)))
    }

    /// Returns whether an image that is not required yet is wrong, and is not waited for.
    pub(in crate::flow) fn have_final_problem(&self) -> bool {
        self.have_problems()
            && (self.wait.is_none() || self.problems.iter().any(|(_, trouble)| trouble.awaited.is_none()))
    }

    /// Adds what is wrong with images to the failure of something else.
    pub(in crate::flow) fn beside(&mut self, failure: Failure) -> Failure {
        let problems = mem::take(&mut self.problems).into_iter();
        failure.and(problems.flat_map(|(image, trouble)| self.origins.told(&image, trouble.failures)).collect())
    }

    fn not_looked_for<'s>(&self, images: &'s [ImageToCheck]) -> Vec<&'s Reference> {
        let mut not_found = self.not_found(images);
        not_found.retain(|image| !self.problems.iter().any(|(with_problem, _)| with_problem.is_same(image)));
        not_found
    }
}
