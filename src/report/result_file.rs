//! The files that `--result-file` asks for, each in its form.

use std::io;

use super::command_end::CommandEnd;
use super::github::{self, Links};
use super::{dotenv, file, junit, tekton};
use crate::cli::{ResultFile, ResultForm};
use crate::outcome::failure::Failure;

/// Writes a result file. Fails if it cannot be written.
pub(super) fn write(file: &ResultFile, end: &CommandEnd<'_>, links: &Links) -> Result<(), Failure> {
    write_form(file, end, links).map_err(|error| {
        let failure = Failure::unexpected(error);
        let message = format!("cannot write `{}`: {}", file.path.display(), failure.message);
        end.only_the_report(Failure { message, ..failure }.hint("write to another path"))
    })
}

fn write_form(file: &ResultFile, end: &CommandEnd<'_>, links: &Links) -> io::Result<()> {
    let (path, document) = (&file.path, &end.document);
    match file.form {
        ResultForm::Json => file::replace(path, &(document.to_json() + "\n")),
        ResultForm::Dotenv => file::replace(path, &dotenv::render(document)),
        ResultForm::GitHub => github::append_outputs(path, document),
        ResultForm::Tekton => {
            tekton::render(document).into_iter().try_for_each(|(name, value)| file::replace(&path.join(name), &value))
        }
        ResultForm::Markdown => file::replace(path, &github::comment(end, links)),
        ResultForm::JUnit => file::replace(path, &junit::render(end)),
    }
}
