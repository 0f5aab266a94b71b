//! Paths as messages show them. In place of a file's name, a flag or a variable may have the file's text by mistake, which can
//! be a key or a login.

use std::path::Path;

/// Returns a path for a message; `None` if it is rather the text of a file, of which nothing may be shown.
pub fn shown_path(path: &Path) -> Option<String> {
    let text = path.to_string_lossy();
    let is_text = text.contains(['\n', '\r', '{']) || text.contains("-----BEGIN") || may_be_encoded(&text);
    (!is_text).then(|| text.into_owned())
}

/// Whether a text may be a key in base64, with its PEM form around it or without: a path is shorter, or has other characters.
fn may_be_encoded(text: &str) -> bool {
    let is_of_base64 = |c: char| c.is_ascii_alphanumeric() || c.is_whitespace() || "+/=-_".contains(c);
    text.len() >= 40 && text.chars().all(is_of_base64)
}

#[cfg(test)]
mod tests {
    use super::{Path, shown_path};

    #[test]
    fn what_may_be_a_key_or_a_login_is_not_shown() {
        for (text, is_shown) in [
            ("cosign.pub", true),
            ("/etc/ssl/private/client.key", true),
            ("/a/long/path/without/any/dot/in/it", true),
            ("-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----", false),
            ("MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg", false),
            ("{\"auths\": {\"r.example\": {\"auth\": \"dTpw\"}}}", false),
            ("user\npassword", false),
        ] {
            assert_eq!(shown_path(Path::new(text)).is_some(), is_shown, "{text}");
        }
    }
}
