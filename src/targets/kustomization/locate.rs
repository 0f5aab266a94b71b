//! Which file of a folder is its kustomization. kustomize knows three names and refuses a folder with two of them.

/// The names that kustomize knows, in its order.
pub const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Why a folder has no one kustomization.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocateError {
    #[error("there is no kustomization")]
    Missing,
    #[error("there is more than one kustomization: `{}`", .0.join("`, `"))]
    Ambiguous(Vec<&'static str>),
}

/// Returns whether the last part of a path is one of the [names](FILE_NAMES) that kustomize knows.
pub fn is_kustomization_name(path: &str) -> bool {
    FILE_NAMES.iter().any(|name| path.strip_suffix(name).is_some_and(is_folder))
}

/// Returns the folder of a kustomization, and the whole path of another file: a folder may have several of these.
pub fn folder_or_file(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some((folder, name)) if FILE_NAMES.contains(&name) => folder,
        None if FILE_NAMES.contains(&path) => ".",
        _ => path,
    }
}

/// Whether what stands before a name is a folder, or nothing.
fn is_folder(before: &str) -> bool {
    before.is_empty() || before.ends_with(['/', std::path::MAIN_SEPARATOR])
}

/// Returns which of `names`, the names in one folder, is the kustomization.
pub fn locate<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<&'static str, LocateError> {
    let mut present = [false; FILE_NAMES.len()];
    for name in names {
        if let Some(index) = FILE_NAMES.iter().position(|known| *known == name) {
            present[index] = true;
        }
    }
    let mut found: Vec<&'static str> =
        FILE_NAMES.into_iter().zip(present).filter_map(|(name, present)| present.then_some(name)).collect();
    match (found.pop(), found.is_empty()) {
        (None, _) => Err(LocateError::Missing),
        (Some(name), true) => Ok(name),
        (Some(name), false) => {
            found.push(name);
            Err(LocateError::Ambiguous(found))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LocateError, locate};

    #[test]
    fn one_name_and_no_other() {
        assert_eq!(locate(["a.yaml", "kustomization.yml", "kustomization.yaml.bak"]), Ok("kustomization.yml"));
        assert_eq!(locate(["Kustomization"]), Ok("Kustomization"));
        assert_eq!(locate(["KUSTOMIZATION.yaml", "kustomization"]), Err(LocateError::Missing));
        assert_eq!(
            locate(["Kustomization", "kustomization.yaml"]),
            Err(LocateError::Ambiguous(vec!["kustomization.yaml", "Kustomization"]))
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(locate([]), Err(LocateError::Missing));
        assert!(locate(["Kustomization", "kustomization.yml"]).unwrap_err().to_string().ends_with("`Kustomization`"));
    }
}
