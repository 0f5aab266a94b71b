//! Requests for the parts of an image: each is authorized as the registry asks, and a refusal becomes a verdict.

use reqwest::{Method, StatusCode, Url};

use super::auth::authenticator::{Authenticator, words_of};
use super::context::CheckContext;
use super::descriptor::{ACCEPT, Descriptor, digest_of, from_body, from_headers};
use super::early_end::EarlyEnd;
use super::endpoint::Store;
use super::error::{CheckError, InvalidResponse};
use super::http::address::{is_same_place, shown_host};
use super::http::error_response::ErrorResponse;
use super::http::requests::{HttpRequest, HttpResponse};
use super::http::sender::Sender;
use super::limits::MAX_MANIFEST_SIZE;
use super::manifest::Manifest;
use super::requirement::Finding;
use super::verdict::{Outage, Verdict};
use crate::image::{Digest, Platform};

/// How much is to be learned of an image that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The registry's own words for it, which cost one request more; and a `HEAD` is not believed alone.
    Full,
    /// That it is not there: enough for one that was absent a moment ago.
    Brief,
}

/// An image that is there, as far as it was read.
pub(super) struct FoundImage {
    pub(super) verdict: Verdict,
    pub(super) findings: Vec<Finding>,
    pub(super) platforms: Vec<Platform>,
}

impl From<Verdict> for FoundImage {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, findings: Vec::new(), platforms: Vec::new() }
    }
}

/// Fetches from registries. All checks share its connections, logins and tokens.
#[derive(Debug)]
pub(super) struct Fetcher {
    pub(super) sender: Sender,
    pub(super) authenticator: Authenticator,
}

impl Fetcher {
    /// Asks for a manifest. `HEAD` is enough if it names a digest, and the wanted one if there is one. Everything else needs
    /// the body: for the code of an absent tag, and to compute a digest that is missing or not the wanted one, because
    /// headers are known to be wrong.
    pub(super) fn find_manifest(
        &self,
        url: &Url,
        wanted: Option<&Digest>,
        detail: Detail,
        context: &mut CheckContext,
    ) -> Result<FoundImage, EarlyEnd> {
        let head = self.request(Method::HEAD, url, ACCEPT, context)?;
        if head.status == StatusCode::OK
            && let Some(found) = from_headers(&head)
            && wanted.is_none_or(|wanted| *wanted == found.digest)
        {
            return Ok(Verdict::Present(found).into());
        }
        if head.status == StatusCode::NOT_FOUND && detail == Detail::Brief {
            return Ok(meaning(ErrorResponse::of(&head)).into());
        }
        let response = self.get(url, ACCEPT, context)?;
        found_in(&response, wanted.cloned())
    }

    /// Asks whether the manifest of this digest is there.
    pub(super) fn find_by_digest(&self, digest: &Digest, context: &mut CheckContext) -> Result<Verdict, EarlyEnd> {
        let url = context.endpoint.part(Store::Manifests, digest)?;
        Ok(self.find_manifest(&url, Some(digest), Detail::Full, context)?.verdict)
    }

    /// Reads a part of an image, which must be what its digest says.
    pub(super) fn read_part(
        &self,
        store: Store,
        digest: &Digest,
        context: &mut CheckContext,
    ) -> Result<Vec<u8>, EarlyEnd> {
        let url = context.endpoint.part(store, digest)?;
        let accept = match store {
            Store::Manifests => ACCEPT,
            Store::Blobs => "*/*",
        };
        let response = self.get(&url, accept, context)?;
        match digest_of(&response.body, Some(digest)) {
            Some(found) if found == *digest => Ok(response.body),
            Some(found) => {
                let found = Descriptor { digest: found, media_type: None, size: None };
                Err(EarlyEnd::Verdict(Verdict::Mismatch { wanted: digest.clone(), found }))
            }
            None => Err(invalid(&response, InvalidResponse::NotAnImage)),
        }
    }

    /// Gets a body, or the verdict that a refusal means.
    pub(super) fn get(
        &self,
        url: &Url,
        accept: &'static str,
        context: &mut CheckContext,
    ) -> Result<HttpResponse, EarlyEnd> {
        let response = self.request(Method::GET, url, accept, context)?;
        if response.status == StatusCode::OK {
            Ok(response)
        } else {
            Err(EarlyEnd::Verdict(meaning(ErrorResponse::of(&response))))
        }
    }

    /// Makes a request, authorized as the registry asks.
    fn request(
        &self,
        method: Method,
        url: &Url,
        accept: &'static str,
        context: &mut CheckContext,
    ) -> Result<HttpResponse, EarlyEnd> {
        if context.authorization.is_none() {
            context.authorization = self.authenticator.recall(&self.sender, context)?;
        }
        loop {
            let authorization = context.authorization.clone();
            let login_check = authorization.as_ref().and_then(|authorization| authorization.login_check.as_ref());
            let first_use = login_check.map(|check| check.begin()).transpose()?.flatten();
            let request = HttpRequest {
                method: method.clone(),
                url,
                accept,
                authorization: authorization.as_ref().map(|authorization| &authorization.header),
                form: None,
                limit: MAX_MANIFEST_SIZE,
            };
            let response = self.sender.send(&request, context)?;
            if response.status != StatusCode::UNAUTHORIZED {
                if let Some(first_use) = first_use {
                    first_use.accepted();
                }
                return Ok(response);
            }
            if let Some(first_use) = first_use
                && is_same_place(&response.url, &context.endpoint.base)
            {
                first_use.rejected(words_of(&response));
            }
            context.authorization = Some(self.authenticator.answer(&response, &self.sender, context)?);
        }
    }
}

/// Returns what the body of a manifest is, and whether it is the wanted one.
pub(super) fn found_in(response: &HttpResponse, wanted: Option<Digest>) -> Result<FoundImage, EarlyEnd> {
    let Some(found) = from_body(response, wanted.as_ref()) else {
        return Err(invalid(response, InvalidResponse::NotAManifest));
    };
    let platforms = Manifest::parse(&response.body).map(|manifest| manifest.platforms()).unwrap_or_default();
    let verdict = match wanted {
        Some(wanted) if wanted != found.digest => Verdict::Mismatch { wanted, found },
        _ => Verdict::Present(found),
    };
    Ok(FoundImage { platforms, ..FoundImage::from(verdict) })
}

pub(super) fn invalid(response: &HttpResponse, source: InvalidResponse) -> EarlyEnd {
    EarlyEnd::Error(CheckError::InvalidResponse { host: shown_host(&response.url), source })
}

/// Returns what a failure means: its status decides, and its code if the status leaves it open, because bodies may
/// have any form.
fn meaning(answer: ErrorResponse) -> Verdict {
    match answer.status {
        404 | 410 => Verdict::Absent(answer),
        401 | 402 | 403 | 451 => Verdict::NoAccess(answer),
        412 => Verdict::Withheld(answer),
        _ if answer.says(&["MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NAME_INVALID", "TAG_INVALID"]) => {
            Verdict::Absent(answer)
        }
        _ if answer.says(&["DENIED", "UNAUTHORIZED"]) => Verdict::NoAccess(answer),
        _ if answer.says(&["TOOMANYREQUESTS"]) => Verdict::RateLimited(answer),
        400..=499 => Verdict::Refused(answer),
        _ => Verdict::Unavailable(Outage::Answered(answer)),
    }
}

#[cfg(test)]
mod tests {
    use super::{ErrorResponse, Outage, Verdict, meaning};

    #[test]
    fn the_status_decides_and_then_the_code() {
        for (status, code, expected) in [
            (404, None, "absent"),
            (404, Some("DENIED"), "absent"),
            (410, None, "absent"),
            (403, Some("MANIFEST_UNKNOWN"), "no access"),
            (451, None, "no access"),
            (400, Some("NAME_INVALID"), "absent"),
            (400, Some("denied"), "no access"),
            (400, Some("TOOMANYREQUESTS"), "rate limited"),
            (412, None, "withheld"),
            (400, None, "refused"),
            (415, None, "refused"),
            (302, None, "unavailable"),
            (501, None, "unavailable"),
        ] {
            let code = code.map(str::to_owned);
            let answer = ErrorResponse { host: "h".to_owned(), status, code, message: None, retry_after: None };
            let shown = match meaning(answer.clone()) {
                Verdict::Absent(_) => "absent",
                Verdict::Withheld(_) => "withheld",
                Verdict::Refused(_) => "refused",
                Verdict::NoAccess(_) => "no access",
                Verdict::RateLimited(_) => "rate limited",
                Verdict::Unavailable(Outage::Answered(_)) => "unavailable",
                other => panic!("{other:?}"),
            };
            assert_eq!(shown, expected, "{answer}");
        }
    }
}
