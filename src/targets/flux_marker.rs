//! The comments by which Flux's image automation finds the values that it writes: `# {"$imagepolicy": "NAMESPACE:POLICY:tag"}`.

use std::collections::BTreeMap;

/// The key of a marker.
const KEY: &str = "$imagepolicy";

/// What a marker says of the value on its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FluxMarker {
    /// `NAMESPACE:POLICY`.
    pub(super) policy: String,
    pub(super) part: MarkedPart,
}

/// Which part of the image that a policy chose a value holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkedPart {
    /// All of it, in one scalar.
    Reference,
    Name,
    Tag,
    Digest,
}

impl FluxMarker {
    /// Reads a comment with its `#`; `None` if it is no marker that Flux knows. Flux reads it as a JSON object of strings.
    pub(super) fn parse(comment: &str) -> Option<Self> {
        if !is_marker(comment) {
            return None;
        }
        let fields: BTreeMap<String, String> = serde_json::from_str(comment.trim_start_matches('#')).ok()?;
        let text = fields.get(KEY)?;
        if is_policy_name(text) {
            return Some(Self { policy: text.clone(), part: MarkedPart::Reference });
        }
        let (policy, part) = text.rsplit_once(':')?;
        let part = match part {
            "name" => MarkedPart::Name,
            "tag" => MarkedPart::Tag,
            "digest" => MarkedPart::Digest,
            _ => return None,
        };
        is_policy_name(policy).then(|| Self { policy: policy.to_owned(), part })
    }
}

/// Whether a comment is a marker, or is meant to be one. Such a comment is never changed.
pub(super) fn is_marker(comment: &str) -> bool {
    comment.contains(KEY)
}

/// Whether a name is written as markers name a policy, `NAMESPACE:POLICY`. Both are names of Kubernetes.
pub(super) fn is_policy_name(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte))
    };
    name.split_once(':').is_some_and(|(namespace, policy)| is_part(namespace) && is_part(policy))
}

#[cfg(test)]
mod tests {
    use super::{FluxMarker, MarkedPart, is_policy_name};

    #[test]
    fn a_marker_names_a_policy_and_a_part() {
        for (comment, policy, part) in [
            (r#"# {"$imagepolicy": "flux-system:web"}"#, "flux-system:web", MarkedPart::Reference),
            (r#"#{"$imagepolicy":"apps:web:tag"}"#, "apps:web", MarkedPart::Tag),
            (r#"# {"$imagepolicy": "apps:web:name"}"#, "apps:web", MarkedPart::Name),
            (r#"# {"$imagepolicy": "apps:web.v1:digest"} "#, "apps:web.v1", MarkedPart::Digest),
            (r#"# {"$imagepolicy": "apps:tag"}"#, "apps:tag", MarkedPart::Reference),
        ] {
            let marker = FluxMarker { policy: policy.to_owned(), part };
            assert_eq!(FluxMarker::parse(comment), Some(marker), "{comment}");
        }
    }

    #[test]
    fn what_flux_does_not_read_is_no_marker() {
        for comment in [
            "# the tag",
            r#"# {"$imagepolicy": "web"}"#,
            r#"# {"$imagepolicy": "apps:web:version"}"#,
            r#"# {"$imagepolicy": 1}"#,
            r#"# {"$imagepolicy": "apps:web"} pinned"#,
            r#"# see {"$imagepolicy": "apps:web"}"#,
        ] {
            assert_eq!(FluxMarker::parse(comment), None, "{comment}");
        }
    }

    #[test]
    fn names_of_policies() {
        assert!(is_policy_name("flux-system:web"));
        for name in ["web", ":web", "apps:", "apps:web:tag", "localhost:5000/web", "Apps:web", "a.b[0]"] {
            assert!(!is_policy_name(name), "{name}");
        }
    }
}
