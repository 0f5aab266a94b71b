//! The logins that this process has sent to servers. Some servers quote the request that they refuse, and an error is read
//! by people who must not see the login. So the words of any server are shown without each login that was sent to any
//! server: they go through [`hidden`] where they are read, before they are cut to a length.

use std::borrow::Cow;
use std::sync::Mutex;

use reqwest::Url;
use reqwest::header::HeaderValue;

use super::authorization_header;
use crate::system::lock::lock;

/// What stands for a login.
const HIDDEN: &str = "***";

/// A text that is shorter is part of many others.
const SHORTEST: usize = 4;

/// The texts to hide, the longest ones first, because one may be a part of another. Whatever is sent, is sent by this
/// process, so there is one list.
static SENT: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Takes note that the value of a header, such as `Authorization`, goes to a server as a login.
pub(crate) fn note_header(value: &HeaderValue) {
    for secret in value.to_str().map(of_header).unwrap_or_default() {
        note(&secret);
    }
}

/// Takes note that the login in a URL goes to a server, as that of a proxy does.
pub(crate) fn note_url(url: &Url) {
    if let Some(password) = url.password() {
        let (user, password) = (decoded(url.username()), decoded(password));
        note(&password);
        note(&authorization_header::basic_credentials(&user, &password));
    }
}

/// Takes note that a secret goes to a server.
pub(crate) fn note(secret: &str) {
    let mut sent = lock(&SENT);
    for form in forms(secret) {
        if form.len() >= SHORTEST && !sent.contains(&form) {
            let place = sent.partition_point(|other| other.len() >= form.len());
            sent.insert(place, form);
        }
    }
}

/// Returns a text of a server without the logins that were sent.
pub(crate) fn hidden(text: &str) -> Cow<'_, str> {
    without(&lock(&SENT), text)
}

fn without<'t>(secrets: &[String], text: &'t str) -> Cow<'t, str> {
    let mut shown = Cow::Borrowed(text);
    for secret in secrets {
        if shown.contains(secret.as_str()) {
            shown = Cow::Owned(shown.replace(secret.as_str(), HIDDEN));
        }
    }
    shown
}

/// Returns the credentials of a header, and the secret in them.
fn of_header(value: &str) -> Vec<String> {
    let credentials = authorization_header::parts(value).map_or(value.trim(), |(_, credentials)| credentials);
    let secret = authorization_header::basic_login(credentials).map(|(_, secret)| secret);
    [credentials.to_owned()].into_iter().chain(secret).collect()
}

/// Returns a part of a URL without its percent signs.
fn decoded(part: &str) -> String {
    let Ok(mut url) = Url::parse("part:") else { return part.to_owned() };
    url.set_query(Some(&part.replace('+', "%2B").replace('&', "%26").replace('=', "%3D")));
    url.query_pairs().next().map(|(text, _)| text.into_owned()).unwrap_or_default()
}

/// Returns a secret as it is, and as it is written in a URL, in a form and in a string of JSON.
fn forms(secret: &str) -> [String; 4] {
    let mut url = Url::parse("form:").ok();
    let form = url.as_mut().map(|url| {
        url.query_pairs_mut().append_key_only(secret);
        url.query().unwrap_or_default().to_owned()
    });
    let form = form.unwrap_or_default();
    let json = serde_json::Value::from(secret).to_string();
    let json = json.trim_start_matches('"').strip_suffix('"').unwrap_or_default().to_owned();
    [secret.to_owned(), form.replace('+', "%20"), form, json]
}

#[cfg(test)]
mod tests {
    use super::{Url, forms, hidden, note, note_header, note_url, of_header, without};
    use reqwest::header::HeaderValue;

    #[test]
    fn what_is_secret_in_a_header() {
        for (header, expected) in [
            ("Basic bWU6czNjcmV0cHc=", &["bWU6czNjcmV0cHc=", "s3cretpw"][..]),
            ("Basic dDBrZW46", &["dDBrZW46", "t0ken"]),
            ("Basic dDBrZW46eC1vYXV0aC1iYXNpYw==", &["dDBrZW46eC1vYXV0aC1iYXNpYw==", "t0ken"]),
            ("Bearer T0KEN.abc_def", &["T0KEN.abc_def"]),
            ("T0KEN", &["T0KEN"]),
        ] {
            assert_eq!(of_header(header), expected, "{header}");
        }
    }

    #[test]
    fn how_a_secret_may_be_written() {
        assert_eq!(forms("a+ b\"c"), ["a+ b\"c", "a%2B%20b%22c", "a%2B+b%22c", "a+ b\\\"c"]);
    }

    #[test]
    fn the_longest_secret_is_hidden_first() {
        let secrets = ["s3cret-long".to_owned(), "s3cret".to_owned()];
        assert_eq!(without(&secrets, "s3cret s3cret-long s3cre"), "*** *** s3cre");
    }

    #[test]
    fn only_what_was_sent_and_is_long_enough_is_hidden() {
        note("sent-l0gin");
        note("xyz");
        note_header(&HeaderValue::from_static("Bearer sent-t0ken"));
        note_url(&Url::parse("http://me:pr%2F0xy+%26@proxy:3128").unwrap());
        assert_eq!(hidden("pr/0xy+&, bWU6cHIvMHh5KyY="), "***, ***");
        assert_eq!(hidden("xyz, sent-l0gin, sent-t0ken, unsent-l0gins"), "xyz, ***, ***, un***s");
    }
}
