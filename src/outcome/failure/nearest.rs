//! Finds the name that was probably meant by one that does not exist.

/// Returns the one of `names` that is nearest to `wanted`: a few letters apart, or the same without its registry.
pub(super) fn nearest<'a>(wanted: &str, names: &'a [String]) -> Option<&'a str> {
    let limit = (wanted.chars().count() / 3).max(1);
    let last_part = |name: &'a str| name.rsplit('/').next().unwrap_or(name);
    let wanted_part = wanted.rsplit('/').next().unwrap_or(wanted);
    let distances = names.iter().map(|name| {
        let same_part = last_part(name) == wanted_part;
        (if same_part { 1 } else { strsim::osa_distance(wanted, name) }, name.as_str())
    });
    distances.filter(|(distance, _)| *distance <= limit).min().map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips() {
        let names = ["IMAGE_PLACEHOLDER", "ghcr.io/stefanprodan/podinfo", "web", "redis"].map(str::to_owned);
        for (wanted, expected) in [
            ("IMAGE_PLACEHOLDR", Some("IMAGE_PLACEHOLDER")),
            ("IMAGE_PALCEHOLDER", Some("IMAGE_PLACEHOLDER")),
            ("podinfo", Some("ghcr.io/stefanprodan/podinfo")),
            ("wep", Some("web")),
            ("Redis", Some("redis")),
            ("postgres", None),
            ("x", None),
        ] {
            assert_eq!(nearest(wanted, &names), expected, "{wanted}");
        }
        assert_eq!(nearest("web", &[]), None);
    }
}
