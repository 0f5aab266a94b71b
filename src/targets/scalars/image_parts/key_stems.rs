//! What two keys say of each other: which version is of which name. They are compared without the ends that only say what is
//! there, in any case and spelling. `texts_by_stem` finds those of a mapping.

use super::name_parts::NAME_PARTS;

/// What the key of a name ends in, and of a version.
pub(in crate::targets::scalars) const NAMES: [&str; 5] = ["repository", "repo", "name", "image", "reference"];
pub(in crate::targets::scalars) const VERSIONS: [&str; 2] = ["tag", "version"];

/// The keys of a version whose name is in the same mapping. Other keys of versions and digests end so.
pub(in crate::targets::scalars) const PARTS_BESIDE: [&str; 3] = ["tag", "version", "digest"];

/// Whether the version under a key is of the name under another one: `webTag` of `webImage`, `imageTag` of `repository`. Keys of
/// versions end in one of `ends`.
pub(in crate::targets::scalars) fn is_of_name(version: &str, ends: &[&str], name: &str) -> bool {
    let (version, name) = (plain(version), plain(name));
    let is_named = NAMES.iter().any(|end| name.ends_with(end));
    let names = stems(&name, &NAMES);
    let is_of = |stem: &str| stems(stem, &NAMES).iter().any(|stem| names.contains(stem));
    let mut ends = ends.iter().filter(|end| is_named || **end != "version");
    ends.any(|end| version.strip_suffix(end).is_some_and(is_of))
}

/// Whether a key is that of a part of the name whose version is under `version`.
pub(in crate::targets::scalars) fn is_part_of_name(version: &str, key: &str) -> bool {
    match PARTS_BESIDE.contains(&version) {
        true => NAME_PARTS.contains(&key),
        false => key != "name" && is_of_name(version, &VERSIONS, key),
    }
}

/// Returns a key as it is compared: `WEB_TAG` is `webTag`.
pub(in crate::targets::scalars) fn plain(key: &str) -> String {
    key.chars().filter(|c| !matches!(c, '_' | '-')).map(|c| c.to_ascii_lowercase()).collect()
}

/// Returns a key, and what is left of it without the ends that only say what it holds: of `webImageName`, `webImage` and `web`.
pub(in crate::targets::scalars) fn stems(key: &str, ends: &[&str]) -> Vec<String> {
    let mut stems = vec![key.to_owned()];
    let mut rest = key;
    while let Some(stem) = ends.iter().find_map(|end| rest.strip_suffix(end)) {
        stems.push(stem.to_owned());
        rest = stem;
    }
    stems
}

#[cfg(test)]
mod tests {
    use super::{VERSIONS, is_of_name};

    #[test]
    fn a_version_is_of_the_name_with_the_same_stem() {
        for (version, name) in [
            ("imageTag", "image"),
            ("imageTag", "imageRepository"),
            ("imageTag", "repository"),
            ("webTag", "webImage"),
            ("webImageTag", "webRepository"),
            ("WEB_VERSION", "WEB_REPO"),
            ("tag", "repository"),
            ("webTag", "web"),
        ] {
            assert!(is_of_name(version, &VERSIONS, name), "{version} {name}");
        }
        for (version, name) in [
            ("webTag", "apiImage"),
            ("webTag", "repository"),
            ("webTag", "image"),
            ("appVersion", "image"),
            ("webVersion", "web"),
            ("tagline", "image"),
        ] {
            assert!(!is_of_name(version, &VERSIONS, name), "{version} {name}");
        }
    }
}
