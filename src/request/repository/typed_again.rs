//! A command of ours that a hint names. It is pasted into a shell, in the folder of the run, and is of the same repository,
//! branch and files.

use super::target_file::TargetFile;
use crate::cli::RepositoryArguments;
use crate::git::{has_login, url_without_login};

/// The remote that the command line takes if none is named.
const USUAL_REMOTE: &str = "origin";

/// Returns the flags that give `arguments` again. A login in a URL is left out.
pub(super) fn repository_flags(arguments: &RepositoryArguments) -> Vec<String> {
    let remote = Some(arguments.remote.clone()).filter(|remote| remote != USUAL_REMOTE);
    let given =
        [("--repo", public_repository(arguments)), ("--remote", remote), ("--branch", arguments.branch.clone())];
    let words = given.into_iter().filter_map(|(flag, value)| Some([flag.to_owned(), value?])).flatten();
    words.chain(arguments.insecure_git.then(|| "--insecure-git".to_owned())).collect()
}

/// Returns the repository as git takes it, in the folder of the run: the one that is named, else the remote of the checkout.
pub(super) fn repository_of_git(arguments: &RepositoryArguments) -> String {
    public_repository(arguments).unwrap_or_else(|| arguments.remote.clone())
}

/// Returns the repository that is named, without a login.
fn public_repository(arguments: &RepositoryArguments) -> Option<String> {
    let repo = arguments.repo.as_ref()?;
    if has_login(repo) { url_without_login(repo).map(String::from) } else { Some(repo.clone()) }
}

/// Returns the command in backticks by which git pushes `what`.
pub(super) fn quoted_push(repository: &str, what: &str) -> String {
    format!("`git push {} {}`", shell_word(repository), shell_word(what))
}

/// Returns the command in backticks. `repository` has the flags of the repository.
pub(in crate::request) fn quoted_command(
    command: &str,
    files: &[TargetFile],
    repository: &[String],
    names: &[&str],
) -> String {
    let files = files.iter().filter(|file| file.path != ".").flat_map(|file| [file.flag(), &file.path]);
    let words = ["tagship", command].into_iter().chain(files);
    let words = words.chain(repository.iter().map(String::as_str)).chain(names.iter().copied());
    format!("`{}`", words.map(shell_word).collect::<Vec<_>>().join(" "))
}

/// Returns a word as a shell takes it for this one.
fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=+,%".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::{RepositoryArguments, quoted_command, repository_flags};

    #[test]
    fn a_login_is_left_out() {
        for (repo, expected) in [
            ("https://bob:s3cret@host/a/b.git", "`tagship log --repo https://host/a/b.git --branch stage web`"),
            ("ssh://git@host/a/b.git", "`tagship log --repo ssh://git@host/a/b.git --branch stage web`"),
            ("odd://bob:s3cret@host/b", "`tagship log --branch stage web`"),
        ] {
            let flags = repository_flags(&RepositoryArguments {
                repo: Some(repo.to_owned()),
                remote: "origin".to_owned(),
                branch: Some("stage".to_owned()),
                insecure_git: false,
            });
            assert_eq!(quoted_command("log", &[], &flags, &["web"]), expected);
        }
    }
}
