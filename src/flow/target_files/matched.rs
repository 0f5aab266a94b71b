//! Which files and folders a pattern means, of the files that it may mean: one judgement for those on the branch and those
//! on disk.

use std::collections::HashSet;

use crate::git::{GlobPattern, RepositoryPath};
use crate::request::TargetKind;
use crate::targets::kustomization::is_kustomization_name;

/// Returns what `pattern` means as a `kind` of file, of the paths `files`, which begin where the pattern does. A pattern for
/// kustomizations means the folders that have one, so that two of them in one folder are refused, and those that it names by
/// their own names; it is no way to anything else. An empty path is the folder in which the pattern begins.
pub(super) fn matched<'f>(
    kind: TargetKind,
    pattern: &GlobPattern,
    files: impl IntoIterator<Item = &'f str>,
) -> Vec<&'f str> {
    let mut files: Vec<&str> = files.into_iter().collect();
    files.sort_unstable_by(|one, other| one.split('/').cmp(other.split('/')));
    let mut places: Vec<&str> = files.into_iter().filter_map(|file| place(kind, pattern, file)).collect();
    // Two kustomizations in one folder come next to each other, or around those below it.
    let mut seen = HashSet::new();
    places.retain(|place| seen.insert(*place));
    places
}

fn place<'f>(kind: TargetKind, pattern: &GlobPattern, file: &'f str) -> Option<&'f str> {
    let own = || pattern.matches(file).then_some(file);
    match kind {
        TargetKind::File => own(),
        TargetKind::Kustomization | TargetKind::Either if is_kustomization_name(file) => {
            let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
            if is_folder_matched(pattern, folder) { Some(folder) } else { own() }
        }
        TargetKind::Kustomization | TargetKind::Either => None,
    }
}

fn is_folder_matched(pattern: &GlobPattern, folder: &str) -> bool {
    match folder {
        // It has no name that `*` could stand for.
        "" => pattern.matches_path(&RepositoryPath::root()),
        folder => pattern.matches(folder),
    }
}

#[cfg(test)]
mod tests {
    use super::matched;
    use crate::git::GlobPattern;
    use crate::request::TargetKind;

    #[test]
    fn what_a_pattern_means() {
        let files = [
            "a/web/kustomization.yaml",
            "a/kustomization.yaml",
            "a-b/kustomization.yml",
            "kustomization.yaml",
            "a/values.yaml",
            "a/Kustomization",
            "my-kustomization.yaml",
        ];
        for (pattern, expected) in [
            ("**", &["a", "a/web", "a-b", ""][..]),
            ("*", &["a", "a-b", "kustomization.yaml"]),
            ("a/**", &["a", "a/web"]),
            ("a/*", &["a/Kustomization", "a/kustomization.yaml", "a/web"]),
            ("a", &["a"]),
            ("a*/", &["a", "a-b"]),
            ("a/?*.yaml", &["a/kustomization.yaml"]),
            ("**/web", &["a/web"]),
            ("**/*.yaml", &["a/kustomization.yaml", "a/web/kustomization.yaml", "kustomization.yaml"]),
            ("**/values.yaml", &[]),
            ("?", &["a"]),
            ("b*", &[]),
        ] {
            let pattern = GlobPattern::parse(pattern).unwrap();
            for kind in [TargetKind::Kustomization, TargetKind::Either] {
                assert_eq!(matched(kind, &pattern, files), expected, "{pattern}");
            }
        }
        for (pattern, expected) in [
            ("*", &["kustomization.yaml", "my-kustomization.yaml"][..]),
            ("a/**/*.yaml", &["a/kustomization.yaml", "a/values.yaml", "a/web/kustomization.yaml"]),
            ("a*", &[]),
        ] {
            let matched = matched(TargetKind::File, &GlobPattern::parse(pattern).unwrap(), files);
            assert_eq!(matched, expected, "{pattern}");
        }
    }
}
