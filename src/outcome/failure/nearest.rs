//! Finds the name that was probably meant by one that does not exist.

/// Returns the one of `names` that is nearest to `wanted`: a few letters apart, or the same without its registry or its tag.
pub(super) fn nearest<'a>(wanted: &str, names: &'a [String]) -> Option<&'a str> {
    let limit = (wanted.chars().count() / 3).max(1);
    let distances = names
        .iter()
        .map(|name| (if is_same_part(wanted, name) { 1 } else { strsim::osa_distance(wanted, name) }, name.as_str()));
    distances.filter(|(distance, _)| *distance <= limit).min().map(|(_, name)| name)
}

/// Whether two names are the same without registry and path, and without the tag or the digest that one of them has. Of two
/// policies of Flux, `NAMESPACE:POLICY`, the namespace says nothing.
fn is_same_part(one: &str, other: &str) -> bool {
    let [one, other] = [one, other].map(|name| name.rsplit('/').next().unwrap_or(name));
    let is_without_version = |name: &str, full: &str| full.split([':', '@']).next() == Some(name);
    one == other || is_without_version(one, other) || is_without_version(other, one)
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
        let policies = ["ns:web", "ns:api", "nginx:1.25"].map(str::to_owned);
        for (wanted, expected) in
            [("ns:webb", Some("ns:web")), ("ns:gateway", None), ("nginx:1.26", Some("nginx:1.25"))]
        {
            assert_eq!(nearest(wanted, &policies), expected, "{wanted}");
        }
        let names = ["nginx:1.25", "quay.io/argoproj/argocd@sha256:abc", "localhost:5000/web"].map(str::to_owned);
        for (wanted, index) in [("nginx", 0), ("argoproj/argocd", 1), ("localhost:5000/web:v1", 2)] {
            assert_eq!(nearest(wanted, &names), Some(names[index].as_str()), "{wanted}");
        }
    }
}
