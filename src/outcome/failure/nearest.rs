//! Finds the name that was probably meant by one that does not exist.

/// Returns the one of `names` that is nearest to `wanted`: a few letters apart, or the same without its registry or its tag.
pub(super) fn nearest<'a>(wanted: &str, names: &'a [String]) -> Option<&'a str> {
    let limit = (wanted.chars().count() / 3).max(1);
    let wanted_part = last_part(wanted);
    let distances = names.iter().map(|name| {
        let same_part = last_part(name) == wanted_part;
        (if same_part { 1 } else { strsim::osa_distance(wanted, name) }, name.as_str())
    });
    distances.filter(|(distance, _)| *distance <= limit).min().map(|(_, name)| name)
}

/// Returns a name without its registry and path, its tag and its digest.
fn last_part(name: &str) -> &str {
    let last = name.rsplit('/').next().unwrap_or(name);
    last.split([':', '@']).next().unwrap_or(last)
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
        for (wanted, expected) in [("ns:webb", Some("ns:web")), ("ns:job", None), ("nginx:1.26", Some("nginx:1.25"))] {
            assert_eq!(nearest(wanted, &policies), expected, "{wanted}");
        }
        let names = ["nginx:1.25", "quay.io/argoproj/argocd@sha256:abc", "localhost:5000/web"].map(str::to_owned);
        for (wanted, index) in [("nginx", 0), ("argoproj/argocd", 1), ("localhost:5000/web:v1", 2)] {
            assert_eq!(nearest(wanted, &names), Some(names[index].as_str()), "{wanted}");
        }
    }
}
