//! Which plain values kustomize refuses: it reads with go-yaml v2, and a number or a truth value in place of a string is
//! an error to it.

use crate::yaml::{NodeId, NodeKind, ScalarStyle, Tree, is_decimal};

/// Whether kustomize takes a value for a number or a truth value.
pub(super) fn is_refused(tree: &Tree<'_>, value: NodeId) -> bool {
    let value = tree.resolve(value);
    match (tree.kind(value), tree.tag(value)) {
        (NodeKind::Scalar(text, ScalarStyle::Plain), None) => is_refused_plain(text),
        _ => false,
    }
}

/// Dates and `12:30` stay text for go-yaml, and a `null` is read as empty.
fn is_refused_plain(text: &str) -> bool {
    const WORDS: [&str; 30] = [
        "y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE", "n", "N", "no", "No", "NO", "off",
        "Off", "OFF", "false", "False", "FALSE", ".inf", ".Inf", ".INF", "+.inf", "-.inf", ".nan", ".NaN", ".NAN",
    ];
    if WORDS.contains(&text) {
        return true;
    }
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) {
        return false;
    }
    let digits = text.replace('_', "");
    let (negative, unsigned) = match digits.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, digits.strip_prefix('+').unwrap_or(&digits)),
    };
    let limit = if negative { 1 << 63 } else { u64::MAX };
    let integer = |radix, prefix| {
        let digits = unsigned.strip_prefix(prefix)?;
        let sign = digits.starts_with(['+', '-']);
        u64::from_str_radix(digits, radix).ok().filter(|value| !sign && *value <= limit)
    };
    let based = [(16, "0x"), (16, "0X"), (8, "0o"), (8, "0O"), (2, "0b"), (2, "0B")];
    based.into_iter().any(|(radix, prefix)| integer(radix, prefix).is_some())
        || (is_decimal(unsigned.as_bytes()) && digits.parse::<f64>().is_ok_and(f64::is_finite))
}

#[cfg(test)]
mod tests {
    use super::is_refused_plain;

    /// Measured on kustomize 5.8.1: refused when it reads them plain.
    const REFUSED: &str = "1 1.0 1.10 0 00 007 0574186 12345678 1e5 1e10 1234e56 0e1 1E5 0x1F 0o17 0b101 1_000 1_0.5 1_ \
        .5 5. .inf .Inf .nan -1 -.5 true True TRUE false yes Yes no on off y n Y N 20240102 6.0 \
        9999999999999999999999 0_ 08 1__0 +1 1.e5 1.5e+3";

    /// Measured on kustomize 5.8.1: read as text, or as empty.
    const ACCEPTED: &str = "v1 1.2.3 3194dee 12e 0xfg 0b12 _1 . .. -a --- tRue 2024-01-02 2024-1-2 2024-01-02T03-04-05Z \
        12:30 1:2 190:20:30 = << latest main-abc 1.2.3-rc.1 sha-1234567 1e400 infinity nan NaN inf Infinity 0x +a a:b \
        0.0.0 v null ~";

    #[test]
    fn what_kustomize_refuses() {
        for value in REFUSED.split_whitespace() {
            assert!(is_refused_plain(value), "{value}");
        }
        for value in ACCEPTED.split_whitespace() {
            assert!(!is_refused_plain(value), "{value}");
        }
    }
}
