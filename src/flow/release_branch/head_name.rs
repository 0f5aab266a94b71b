//! The head branch that a pull request comes from, if the user names none: `tagship/BRANCH/FOLDER-ENTRIES`. A release of the
//! same entries in the same files has the same head branch, so that a newer one takes the place of an older one, and no other
//! release has it.

use ring::digest::{Context, SHA256};

use crate::git::{BranchName, RepositoryPath};
use crate::guards::own_commits::generated_heads::folder_of_heads;
use crate::image::ImageName;
use crate::outcome::failure::Failure;
use crate::system::hexadecimal::hexadecimal;
use crate::targets::kustomization::folder_or_file;

/// The most characters of what is released in a name.
const LONGEST: usize = 80;

/// How many digits of the hash are in a name that does not say all.
const DIGITS: usize = 10;

/// Returns the head branch for releases of `entries` in `files` to `base`. No entries stand for all of them.
pub(in crate::flow) fn head_name(
    base: &BranchName,
    files: &[RepositoryPath],
    entries: &[ImageName],
) -> Result<BranchName, Failure> {
    let mut files: Vec<&str> = files.iter().map(|file| folder_or_file(file.as_str())).collect();
    let mut entries: Vec<&str> = entries.iter().map(ImageName::as_str).collect();
    files.sort_unstable();
    files.dedup();
    entries.sort_unstable();
    entries.dedup();
    let (folders, last) = match files.first().map(|file| file.rsplit_once('/')) {
        Some(Some((folders, last))) => (Some(folders), last),
        _ => (None, files.first().copied().unwrap_or(".")),
    };
    let last = if last == "." { "root" } else { last };
    let named = if entries.is_empty() { vec!["all"] } else { entries.clone() };
    let folders = folders.iter().flat_map(|folders| folders.split('/')).map(|folder| plain(folder, "_"));
    let leaf = [last].into_iter().chain(named).map(|part| plain(part, "-")).collect::<Vec<_>>().join("-");
    let readable: String = folders.chain([leaf]).collect::<Vec<_>>().join("/");
    // What is plain and has no dash of its own can be read back, so no other release has this name.
    let says_all = files.len() == 1
        && files[0] != "root"
        && !entries.is_empty()
        && files[0].split('/').chain(entries.iter().copied()).all(|part| part == "." || is_plain(part))
        && readable.len() <= LONGEST;
    let name = match says_all {
        true => readable,
        false => {
            let beginning = readable.get(..LONGEST).unwrap_or(&readable).trim_end_matches(['/', '.', '-']);
            format!("{beginning}-{}", hash(&files, &entries))
        }
    };
    Ok(format!("{}{name}", folder_of_heads(base.as_str())).parse()?)
}

/// Returns whether a part of a name stands for itself, and for nothing else.
fn is_plain(part: &str) -> bool {
    plain(part, "_") == part && !part.contains('-')
}

/// Returns `part` as it may be in the name of a branch. A dash becomes `dash`: folders have none, so that a branch is never
/// called as the folder of another one.
fn plain(part: &str, dash: &str) -> String {
    let kept = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '.' => c.to_string(),
        '-' => dash.to_owned(),
        _ => "_".to_owned(),
    };
    let part: String = part.chars().map(kept).collect();
    let part = part.replace("..", "__");
    match part.trim_matches('.').trim_end_matches(".lock") {
        "" => "_".to_owned(),
        part => part.to_owned(),
    }
}

/// Returns what tells a release from all others of the same branch.
fn hash(files: &[&str], entries: &[&str]) -> String {
    let mut hash = Context::new(&SHA256);
    for part in files.iter().copied().chain(["\0"]).chain(entries.iter().copied()) {
        hash.update(part.as_bytes());
        hash.update(b"\0");
    }
    hexadecimal(hash.finish().as_ref())[..DIGITS].to_owned()
}

#[cfg(test)]
mod tests {
    use super::head_name;
    use crate::git::{BranchName, RepositoryPath};
    use crate::image::ImageName;

    fn name(files: &[&str], entries: &[&str]) -> String {
        let base: BranchName = "main".parse().unwrap();
        let files: Vec<_> =
            files.iter().map(|file| RepositoryPath::resolve(&RepositoryPath::root(), file).unwrap()).collect();
        let entries: Vec<ImageName> = entries.iter().map(|entry| entry.parse().unwrap()).collect();
        head_name(&base, &files, &entries).unwrap().to_string()
    }

    #[test]
    fn names_that_say_all() {
        for (files, entries, expected) in [
            (&["overlays/prod"][..], &["web"][..], "tagship/main/overlays/prod-web"),
            (&["overlays/prod/kustomization.yaml"], &["web"], "tagship/main/overlays/prod-web"),
            (&["overlays/prod"], &["web", "api", "web"], "tagship/main/overlays/prod-api-web"),
            (&["."], &["web"], "tagship/main/root-web"),
            (&["Kustomization"], &["web"], "tagship/main/root-web"),
            (&["apps/values.yaml"], &["image"], "tagship/main/apps/values.yaml-image"),
        ] {
            assert_eq!(name(files, entries), expected);
        }
    }

    /// What would be read as another release gets a hash.
    #[test]
    fn no_two_releases_have_one_name() {
        let all: &[(&[&str], &[&str], &str)] = &[
            (&["prod"], &["eu", "web"], "tagship/main/prod-eu-web"),
            (&["prod-eu"], &["web"], "tagship/main/prod-eu-web-"),
            (&["prod"], &["eu-web"], "tagship/main/prod-eu-web-"),
            (&["root"], &["web"], "tagship/main/root-web-"),
            (&["."], &["web"], "tagship/main/root-web"),
            (&["prod"], &["all"], "tagship/main/prod-all"),
            (&["prod"], &[], "tagship/main/prod-all-"),
            (&["prod", "test"], &["web"], "tagship/main/prod-web-"),
            (&["prod-web/x"], &["y"], "tagship/main/prod_web/x-y-"),
            (&["prod_web/x"], &["y"], "tagship/main/prod_web/x-y"),
            (&["prod"], &["ghcr.io/org/web"], "tagship/main/prod-ghcr.io_org_web-"),
            (&["prod"], &["ghcr.io_org_web"], "tagship/main/prod-ghcr.io_org_web"),
            (&["a..b"], &["web"], "tagship/main/a__b-web-"),
            (&[".github"], &["web"], "tagship/main/github-web-"),
            (&["x.lock"], &["web"], "tagship/main/x-web-"),
        ];
        let mut names: Vec<String> = Vec::new();
        for (files, entries, expected) in all {
            let name = name(files, entries);
            assert!(name.starts_with(expected), "{name}");
            assert!(!expected.ends_with('-') || name.len() > expected.len(), "{name}");
            assert!(!names.contains(&name), "{name}");
            names.push(name);
        }
    }

    #[test]
    fn a_long_name_is_cut() {
        let folder = "deep/".repeat(40);
        let (one, other) = (name(&[&folder], &["web"]), name(&[&folder], &["api"]));
        assert_ne!(one, other);
        assert!(one.len() < 120 && one.starts_with("tagship/main/deep/deep/"), "{one}");
    }
}
