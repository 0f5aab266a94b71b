//! Finds the login of a request in the words of the server that refused it. Such words are left out: an error is read by people
//! who must not see the login.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use reqwest::header::HeaderValue;

use super::requests::HttpRequest;
use crate::registry::auth::secret::Secret;

/// A text that is shorter is part of many others.
const SHORTEST: usize = 4;

/// Returns whether `body` has in it what a request sent as a login, in any of the forms in which it was.
pub(super) fn is_quoted(body: &[u8], request: &HttpRequest<'_>, authorization: Option<&HeaderValue>) -> bool {
    let text = String::from_utf8_lossy(body);
    let header = authorization.and_then(|value| value.to_str().ok()).map(of_header).unwrap_or_default();
    let form = request.form.map(of_form).unwrap_or_default();
    header.iter().chain(&form).any(|secret| secret.len() >= SHORTEST && text.contains(secret.as_str()))
}

/// Returns the credentials of a header, and the password in them.
fn of_header(value: &str) -> Vec<String> {
    let credentials = value.split_once(' ').map_or(value, |(_, credentials)| credentials);
    let decoded = STANDARD.decode(credentials).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let password = decoded.as_deref().and_then(|login| Some(login.split_once(':')?.1.to_owned()));
    [credentials.to_owned()].into_iter().chain(password).collect()
}

/// Returns the values of a form that are secret, as they are and as they are written there.
fn of_form(form: &Secret) -> Vec<String> {
    let Ok(mut url) = Url::parse("form:") else { return Vec::new() };
    url.set_query(Some(form.expose()));
    let is_secret = |key: &str| ["password", "refresh_token", "assertion", "client_secret"].contains(&key);
    let plain = url.query_pairs().filter(|(key, _)| is_secret(key)).map(|(_, value)| value.into_owned());
    let written = form.expose().split('&').filter_map(|pair| pair.split_once('='));
    plain.chain(written.filter(|(key, _)| is_secret(key)).map(|(_, value)| value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::{of_form, of_header};
    use crate::registry::auth::secret::Secret;

    #[test]
    fn what_is_secret() {
        assert_eq!(of_header("Basic bWU6czNjcmV0cHc="), ["bWU6czNjcmV0cHc=", "s3cretpw"]);
        assert_eq!(of_header("Bearer T0KEN.abc_def"), ["T0KEN.abc_def"]);
        let form = Secret::new("grant_type=refresh_token&refresh_token=a%2Bb+c&service=x".to_owned());
        assert_eq!(of_form(&form), ["a+b c", "a%2Bb+c"]);
    }
}
