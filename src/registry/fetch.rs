//! Requests for the parts of an image: each is authorized as the registry asks, and a refusal becomes a verdict.

use std::sync::Arc;

use reqwest::{Method, StatusCode, Url};

use super::artifact::Artifact;
use super::auth::authenticator::Authenticator;
use super::auth::login::LoginSource;
use super::auth::login_check::FirstUse;
use super::auth::scheme::words_of;
use super::context::CheckContext;
use super::descriptor::{ACCEPT, Descriptor, DigestEvidence, MediaType, digest_of, from_body, from_headers};
use super::early_end::EarlyEnd;
use super::endpoint::Store;
use super::error::{CheckError, InvalidResponse};
use super::http::address::{is_same_place, shown_host};
use super::http::error_response::ErrorResponse;
use super::http::requests::{HttpRequest, HttpResponse, MAX_ATTEMPTS};
use super::http::sender::Sender;
use super::limits::MAX_MANIFEST_SIZE;
use super::manifest::Manifest;
use super::read_parts::ReadParts;
use super::requirement::Finding;
use super::signer_claim::ProvedClaim;
use super::verdict::{Outage, Verdict};
use crate::image::{Digest, Platform};

/// How much is to be learned of an image that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The registry's own words for it, which cost one request more; and a `HEAD` is not believed alone.
    Full,
    /// That it is not there, or not the wanted one: enough if that was so a moment ago.
    Brief,
    /// The same, but `HEAD` is not believed alone that it is not there.
    Confirmed,
}

/// An image that is there, as far as it was read.
pub(super) struct FoundImage {
    pub(super) verdict: Verdict,
    pub(super) findings: Vec<Finding>,
    pub(super) platforms: Vec<Platform>,
    /// The required claims that trusted signers make of it.
    pub(super) claims: Vec<ProvedClaim>,
}

impl From<Verdict> for FoundImage {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, findings: Vec::new(), platforms: Vec::new(), claims: Vec::new() }
    }
}

/// Fetches from registries. All checks share its connections, logins and tokens, and what was read.
#[derive(Debug)]
pub(super) struct Fetcher {
    pub(super) sender: Sender,
    pub(super) authenticator: Authenticator,
    pub(super) read_parts: ReadParts,
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
        self.offering_login(context, |context| self.find_as_asked(url, wanted, detail, context))
    }

    fn find_as_asked(
        &self,
        url: &Url,
        wanted: Option<&Digest>,
        detail: Detail,
        context: &mut CheckContext,
    ) -> Result<FoundImage, EarlyEnd> {
        let mut answer = match self.request(Method::HEAD, url, ACCEPT, context) {
            // A challenge may be missing from the answers to `HEAD` alone.
            Err(EarlyEnd::Verdict(Verdict::NoAccess(_))) if context.source == LoginSource::NotAsked => None,
            answered => Some(answered?),
        };
        if let Some(head) = answer.take_if(|answer| answer.method == Method::HEAD)
            && let Some(found) = self.told_by_head(&head, url, wanted, detail, context)?
        {
            return Ok(found);
        }
        let response = Arc::new(match answer {
            Some(got) => success(got)?,
            None => self.get_as_asked(url, ACCEPT, context)?,
        });
        if let Some(digest) = digest_of(&response.body, None) {
            self.read_parts.keep(context.endpoint.part(Store::Manifests, &digest)?, &response);
        }
        self.found_at(url, &response, wanted, context)
    }

    /// Returns what was read at `url`, and whether it is the wanted one. A tag may mean another one; what a digest names does
    /// not change, so other bytes are no answer. That a body has a digest of another kind than SHA-256, by which registries
    /// keep manifests, does not tell that it can be pulled by it: the registry is asked for that.
    pub(super) fn found_at(
        &self,
        url: &Url,
        response: &HttpResponse,
        wanted: Option<&Digest>,
        context: &mut CheckContext,
    ) -> Result<FoundImage, EarlyEnd> {
        let found = found_in(response, wanted.cloned())?;
        let Some(wanted) = wanted else { return Ok(found) };
        let is_by_digest = *url == context.endpoint.part(Store::Manifests, wanted)?;
        if is_by_digest && matches!(found.verdict, Verdict::Mismatch { .. }) {
            return Err(invalid(response, InvalidResponse::OtherBytes));
        }
        let is_proved = is_by_digest || wanted.as_str().starts_with("sha256:");
        if is_proved || !matches!(found.verdict, Verdict::Present(_)) {
            return Ok(found);
        }
        match (self.find_by_digest(wanted, context), from_body(response, None)) {
            (Ok(Verdict::Present(_)), _) => Ok(found),
            (Ok(Verdict::Absent(_)) | Err(EarlyEnd::Verdict(Verdict::Absent(_))), Some(named)) => {
                Ok(Verdict::Mismatch { wanted: wanted.clone(), found: named }.into())
            }
            (answer, _) => Ok(answer?.into()),
        }
    }

    /// Returns what `HEAD` tells, if that is enough.
    fn told_by_head(
        &self,
        head: &HttpResponse,
        url: &Url,
        wanted: Option<&Digest>,
        detail: Detail,
        context: &mut CheckContext,
    ) -> Result<Option<FoundImage>, EarlyEnd> {
        if head.is_page() {
            return Ok(None);
        }
        if head.status == StatusCode::NOT_FOUND && detail == Detail::Brief {
            return Ok(Some(meaning(ErrorResponse::of(head)).into()));
        }
        let Some(found) = from_headers(head).filter(|_| head.status == StatusCode::OK) else {
            return Ok(None);
        };
        let part = context.endpoint.part(Store::Manifests, &found.digest)?;
        if wanted.is_none_or(|wanted| *wanted == found.digest) {
            let is_by_digest = *url == part;
            let evidence = if is_by_digest { DigestEvidence::Manifest } else { found.evidence };
            let is_schema_one = found.media_type.as_ref().is_some_and(MediaType::is_schema_one);
            return Ok(Some(match is_schema_one {
                true => Verdict::NotAnImage(Artifact::SchemaOne).into(),
                false => Verdict::Present(Descriptor { evidence, ..found }).into(),
            }));
        }
        match self.read_parts.get(&part) {
            Some(read) if detail != Detail::Full => Ok(Some(self.found_at(url, &read, wanted, context)?)),
            _ => Ok(None),
        }
    }

    /// Asks whether the manifest of this digest is there.
    pub(super) fn find_by_digest(&self, digest: &Digest, context: &mut CheckContext) -> Result<Verdict, EarlyEnd> {
        let url = context.endpoint.part(Store::Manifests, digest)?;
        Ok(self.find_manifest(&url, Some(digest), Detail::Full, context)?.verdict)
    }

    /// Reads the manifest of an image, unless `HEAD` tells that it is one that was read before.
    pub(super) fn read_manifest(&self, url: &Url, context: &mut CheckContext) -> Result<Arc<HttpResponse>, EarlyEnd> {
        let mut answer = None;
        if self.read_parts.is_told_by_head(url) {
            answer = Some(self.request(Method::HEAD, url, ACCEPT, context)?);
        }
        let head = answer.take_if(|answer| answer.method == Method::HEAD);
        let found = head.as_ref().filter(|head| head.status == StatusCode::OK).and_then(from_headers);
        let named = found.map(|found| found.digest);
        if let Some(digest) = &named
            && let Some(read) = self.read_parts.get(&context.endpoint.part(Store::Manifests, digest)?)
        {
            return Ok(read);
        }
        let response = Arc::new(match answer {
            Some(got) => success(got)?,
            None => self.get(url, ACCEPT, context)?,
        });
        let digest = digest_of(&response.body, named.as_ref());
        if head.is_some() && named != digest {
            self.read_parts.note_wrong_head(url);
        }
        if let Some(digest) = digest {
            self.read_parts.keep(context.endpoint.part(Store::Manifests, &digest)?, &response);
            self.read_parts.note_tag(url);
        }
        Ok(response)
    }

    /// Reads a part of an image, which must be what its digest says.
    pub(super) fn read_part(
        &self,
        store: Store,
        digest: &Digest,
        context: &mut CheckContext,
    ) -> Result<Arc<HttpResponse>, EarlyEnd> {
        let url = context.endpoint.part(store, digest)?;
        if let Some(read) = self.read_parts.get(&url) {
            return Ok(read);
        }
        let accept = match store {
            Store::Manifests => ACCEPT,
            Store::Blobs => "*/*",
        };
        let response = Arc::new(self.get(&url, accept, context)?);
        if digest_of(&response.body, Some(digest)).as_ref() != Some(digest) {
            return Err(invalid(&response, InvalidResponse::OtherBytes));
        }
        self.read_parts.keep(url, &response);
        Ok(response)
    }

    /// Gets a body, or the verdict that a refusal means.
    pub(super) fn get(
        &self,
        url: &Url,
        accept: &'static str,
        context: &mut CheckContext,
    ) -> Result<HttpResponse, EarlyEnd> {
        self.offering_login(context, |context| self.get_as_asked(url, accept, context))
    }

    /// Gets a body, without the offer of a login that was not asked for.
    pub(super) fn get_as_asked(
        &self,
        url: &Url,
        accept: &'static str,
        context: &mut CheckContext,
    ) -> Result<HttpResponse, EarlyEnd> {
        success(self.request(Method::GET, url, accept, context)?)
    }

    /// Makes an attempt, and makes it again with a login if it ends in a "no" to a request without one: some registries hide
    /// from a request without a login what is there, and do not ask for one.
    fn offering_login<T>(
        &self,
        context: &mut CheckContext,
        attempt: impl Fn(&mut CheckContext) -> Result<T, EarlyEnd>,
    ) -> Result<T, EarlyEnd> {
        let ended = attempt(context);
        let attempts = match &ended {
            Err(EarlyEnd::Verdict(Verdict::Absent(_) | Verdict::NoAccess(_) | Verdict::Refused(_))) => MAX_ATTEMPTS,
            Err(EarlyEnd::Verdict(Verdict::RateLimited(_))) => 1,
            _ => return ended,
        };
        if self.authenticator.offer(attempts, &self.sender, context)? { attempt(context) } else { ended }
    }

    /// Makes a request, authorized as the registry asks. No other server gets the login.
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
            let is_ours = is_same_place(&context.endpoint.base, url);
            let authorization = context.authorization.clone().filter(|_| is_ours);
            let login_check = authorization.as_ref().and_then(|authorization| authorization.login_check.as_ref());
            let first_use = login_check.map(|check| check.begin()).transpose()?.flatten();
            let request = HttpRequest {
                method: method.clone(),
                url,
                accept,
                authorization: authorization.as_ref().map(|authorization| &authorization.header),
                form: None,
                limit: MAX_MANIFEST_SIZE,
                attempts: MAX_ATTEMPTS,
            };
            let response = self.sender.send(&request, context)?;
            if let (Some(first_use), Some(authorization)) = (first_use, &authorization)
                && !authorization.is_not_asked_for(&response)
            {
                settle(first_use, &response, context);
            }
            if response.status != StatusCode::UNAUTHORIZED {
                if let (Some(_), Some(shown)) = (&authorization, &mut context.authorization) {
                    shown.note_taken();
                }
                return Ok(response);
            }
            context.authorization = Some(self.authenticator.answer(&response, &self.sender, context)?);
        }
    }
}

/// Notes what the first answer to a login says of it. It may say nothing: another host answered, or the registry refused a
/// `HEAD`, whose answer has no words.
fn settle(first_use: FirstUse<'_>, response: &HttpResponse, context: &CheckContext) {
    let is_ours = is_same_place(&response.url, &context.endpoint.base);
    let words = words_of(response);
    match response.status {
        StatusCode::UNAUTHORIZED if is_ours => first_use.rejected(words),
        StatusCode::UNAUTHORIZED => {}
        _ if words.refuses_login() => first_use.rejected(words),
        StatusCode::FORBIDDEN if response.method == Method::HEAD => {}
        _ => first_use.accepted(),
    }
}

/// Returns a success, or the verdict that another answer means.
fn success(response: HttpResponse) -> Result<HttpResponse, EarlyEnd> {
    let answer = || ErrorResponse::of(&response);
    match response.status {
        _ if response.is_page() => Err(Verdict::Unavailable(Outage::Page(answer())).into()),
        StatusCode::OK => Ok(response),
        _ => Err(meaning(answer()).into()),
    }
}

/// Returns what the body of a manifest is, and whether it is the wanted one.
pub(super) fn found_in(response: &HttpResponse, wanted: Option<Digest>) -> Result<FoundImage, EarlyEnd> {
    let Some(found) = from_body(response, wanted.as_ref()) else {
        return Err(invalid(response, InvalidResponse::NotAManifest));
    };
    let manifest = Manifest::parse(&response.body);
    let platforms = manifest.as_ref().map(Manifest::platforms).unwrap_or_default();
    let verdict = match (wanted, manifest) {
        (Some(wanted), _) if wanted != found.digest => Verdict::Mismatch { wanted, found },
        (_, Some(Manifest::Other(artifact))) => Verdict::NotAnImage(artifact),
        (_, None) => Verdict::NotAnImage(Artifact::Unreadable),
        _ => Verdict::Present(found),
    };
    Ok(FoundImage { platforms, ..FoundImage::from(verdict) })
}

pub(super) fn invalid(response: &HttpResponse, source: InvalidResponse) -> EarlyEnd {
    EarlyEnd::Error(CheckError::InvalidResponse { host: shown_host(&response.url), source })
}

/// Returns what a failure means: its status decides, and its code if the status leaves it open, because bodies may
/// have any form. A 404 beside the code of a login or of a limit does not say that the image is absent.
fn meaning(answer: ErrorResponse) -> Verdict {
    let is_hidden = answer.says(&["DENIED", "UNAUTHORIZED", "TOOMANYREQUESTS"]);
    match answer.status {
        404 | 410 if !is_hidden => Verdict::Absent(answer),
        401..=403 if answer.refuses_login() => Verdict::LoginRejected(answer),
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
            (404, Some("MANIFEST_UNKNOWN"), "absent"),
            (404, Some("DENIED"), "no access"),
            (404, Some("UNAUTHORIZED"), "no access"),
            (404, Some("TOOMANYREQUESTS"), "rate limited"),
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
