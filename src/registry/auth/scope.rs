//! Limits what a challenge makes us ask a token server for: a token that leaks, or that the registry keeps, must open no more
//! than the check needs.

/// Returns the scopes to ask for: those of a challenge, as far as they name this repository or nothing at all, such as the
/// `aws` of ECR's public gallery. Of the actions only `pull` is left. `None` if no scope is left.
pub(super) fn pull_only(scopes: &str, repository: &str) -> Option<String> {
    let mut allowed = Vec::new();
    for scope in scopes.split_whitespace() {
        let scope = if scope.contains(':') {
            let Some((name, _actions)) = scope.strip_prefix("repository:").and_then(|rest| rest.rsplit_once(':'))
            else {
                continue;
            };
            if name != repository {
                continue;
            }
            pull(repository)
        } else {
            scope.to_owned()
        };
        if !allowed.contains(&scope) {
            allowed.push(scope);
        }
    }
    (!allowed.is_empty()).then(|| allowed.join(" "))
}

/// Returns the scope that a check needs.
pub(super) fn pull(repository: &str) -> String {
    format!("repository:{repository}:pull")
}

#[cfg(test)]
mod tests {
    use super::pull_only;

    #[test]
    fn no_other_repository_and_no_other_action() {
        for (scopes, expected) in [
            ("repository:org/app:pull", Some("repository:org/app:pull")),
            ("repository:org/app:pull,push", Some("repository:org/app:pull")),
            ("repository:org/app:*", Some("repository:org/app:pull")),
            ("repository:org/app:pull repository:org/app:push", Some("repository:org/app:pull")),
            ("repository:org/app", None),
            ("repository:app:pull", None),
            ("registry:catalog:*", None),
            ("aws", Some("aws")),
            ("aws repository:other:pull", Some("aws")),
            ("  ", None),
        ] {
            assert_eq!(pull_only(scopes, "org/app").as_deref(), expected, "{scopes}");
        }
    }
}
