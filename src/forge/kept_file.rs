//! A file that a forge keeps outside of its API, at a URL that is its own permission. So no header of ours goes there, and the
//! URL is not shown.

use std::io::Read as _;
use std::time::{Duration, Instant, SystemTime};

use reqwest::blocking::Client;
use reqwest::header::{ACCEPT_ENCODING, LOCATION, RETRY_AFTER};
use reqwest::{StatusCode, Url};

use super::error::ForgeError;
use super::json_client::{JsonClient, pause};
use super::server_words::ServerWords;
use crate::system::backoff::Backoff;
use crate::system::network::address_scope::AddressScope;
use crate::system::network::connection::ConnectionError;
use crate::system::network::http::{is_passing, literal, shown_host};
use crate::system::network::proxy_route::ProxyRoute;

const MAX_ATTEMPTS: u32 = 3;
const FIRST_RETRY_DELAY: Duration = Duration::from_secs(1);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(10);

const MAX_REDIRECTS: usize = 3;

/// The longest file, compressed or not.
const MAX_FILE: u64 = 4 << 20;

/// Reads files that an API names.
pub(super) struct KeptFiles<'c> {
    /// It follows no redirects by itself.
    client: &'c Client,
    proxy: Option<&'c ProxyRoute>,
    /// The API that names the files.
    home: Url,
    place: AddressScope,
    deadline: Instant,
}

/// What came of one attempt.
enum Read {
    Whole(Vec<u8>),
    MayPass(ForgeError, Duration),
}

impl<'c> KeptFiles<'c> {
    /// Returns what reads files that the API at `api` names, all within the time of one call.
    pub(super) fn of(api: &'c JsonClient, url: &Url) -> Self {
        Self {
            client: &api.client,
            proxy: api.proxy.as_ref(),
            home: url.clone(),
            place: AddressScope::of(literal(url)),
            deadline: Instant::now() + api.timeout,
        }
    }

    /// Reads the file at a URL, whose bytes may be compressed by snappy.
    pub(super) fn read(&self, url: &str) -> Result<Vec<u8>, ForgeError> {
        let url = Url::parse(url).ok().filter(Url::has_host).ok_or_else(|| ForgeError::InvalidAnswer {
            host: "the forge".to_owned(),
            why: "the URL of a file in it is not an HTTP URL".to_owned(),
        })?;
        let mut backoff = Backoff::new(MAX_ATTEMPTS, FIRST_RETRY_DELAY, MAX_RETRY_DELAY).until(self.deadline);
        loop {
            match self.follow(&url)? {
                Read::Whole(bytes) => return plain(&url, bytes),
                Read::MayPass(error, pause) if !backoff.wait(pause) => return Err(error),
                Read::MayPass(..) => {}
            }
        }
    }

    fn follow(&self, url: &Url) -> Result<Read, ForgeError> {
        let mut url = url.clone();
        for _ in 0..=MAX_REDIRECTS {
            // As the API itself is reached.
            let is_safe = url.scheme() == "https" || (url.scheme() == "http" && self.home.scheme() == "http");
            if !is_safe {
                return Err(invalid(&url, "it would be read without TLS"));
            }
            if !self.place.may_lead(&self.home, &url) {
                return Err(invalid(&url, "the address is one of this machine or of its network"));
            }
            let time_left = self.deadline.saturating_duration_since(Instant::now());
            if time_left.is_zero() {
                return Err(self.silent(&url, ConnectionError::out_of_time()));
            }
            let request = self.client.get(url.clone()).timeout(time_left).header(ACCEPT_ENCODING, "identity");
            let response = match request.send() {
                Ok(response) => response,
                Err(error) => return Ok(self.unread(&url, ConnectionError::of(&error.without_url()))),
            };
            let status = response.status();
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            match (status.as_u16(), location) {
                (301 | 302 | 303 | 307 | 308, Some(location)) => {
                    let next = url.join(location).map_err(|_unparsed| invalid(&url, "its redirect leads nowhere"))?;
                    url = next;
                    continue;
                }
                _ if status == StatusCode::OK => {}
                _ if is_passing(status) || response.headers().contains_key(RETRY_AFTER) => {
                    let words = ServerWords::of(&shown_host(&url), status.as_u16(), None, b"");
                    let pause = pause(response.headers(), SystemTime::now()).unwrap_or_default();
                    return Ok(Read::MayPass(ForgeError::Busy(words), pause));
                }
                _ => return Err(invalid(&url, format!("it is {status}, not the file that was asked for"))),
            }
            let mut bytes = Vec::new();
            return match response.take(MAX_FILE + 1).read_to_end(&mut bytes) {
                Ok(_) if bytes.len() as u64 > MAX_FILE => Err(too_long(&url)),
                Ok(_) => Ok(Read::Whole(bytes)),
                Err(error) => Ok(self.unread(&url, ConnectionError::of(&error))),
            };
        }
        Err(invalid(&url, format!("it redirects more than {MAX_REDIRECTS} times")))
    }

    fn unread(&self, url: &Url, cause: ConnectionError) -> Read {
        Read::MayPass(self.silent(url, cause), Duration::ZERO)
    }

    fn silent(&self, url: &Url, cause: ConnectionError) -> ForgeError {
        ForgeError::NoAnswer { host: shown_host(url), cause: cause.through(self.proxy, self.deadline) }
    }
}

fn invalid(url: &Url, why: impl Into<String>) -> ForgeError {
    ForgeError::InvalidAnswer { host: shown_host(url), why: why.into() }
}

fn too_long(url: &Url) -> ForgeError {
    ForgeError::TooLong { host: shown_host(url) }
}

/// Returns the JSON of a file, which is the file itself or one block of snappy.
fn plain(url: &Url, bytes: Vec<u8>) -> Result<Vec<u8>, ForgeError> {
    if serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok() {
        return Ok(bytes);
    }
    let broken = || invalid(url, "it is neither JSON nor compressed by snappy");
    match snap::raw::decompress_len(&bytes) {
        Ok(length) if length as u64 > MAX_FILE => Err(too_long(url)),
        Ok(_) => snap::raw::Decoder::new().decompress_vec(&bytes).map_err(|_broken| broken()),
        Err(_) => Err(broken()),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::Url;

    use super::{ForgeError, MAX_FILE, invalid, plain};

    #[test]
    fn files_are_json_or_snappy() {
        let url = Url::parse("https://forge.example/file").unwrap();
        let plain = |bytes| plain(&url, bytes);
        let json = br#"{"mediaType": "a", "again": "a a a a a a a a a a a a a"}"#.to_vec();
        let compressed = snap::raw::Encoder::new().compress_vec(&json).unwrap();
        assert_eq!(plain(json.clone()).as_ref(), Ok(&json));
        assert_eq!(plain(compressed.clone()).as_ref(), Ok(&json));
        let zeros = vec![0; usize::try_from(MAX_FILE).unwrap() + 1];
        let bomb = snap::raw::Encoder::new().compress_vec(&zeros).unwrap();
        assert!(bomb.len() < 400_000);
        assert_eq!(plain(bomb), Err(ForgeError::TooLong { host: "forge.example".to_owned() }));
        for broken in [&b""[..], b"<html>", &compressed[..9], &[255; 20]] {
            let invalid = invalid(&url, "it is neither JSON nor compressed by snappy");
            assert_eq!(plain(broken.to_vec()), Err(invalid), "{broken:?}");
        }
    }
}
