//! The search for what is attached to an image: one request for the list of referrers, one more if the registry has no such
//! list, and one for each of cosign's tags; then two for each thing that is read.

use std::sync::Arc;

use reqwest::Url;

use super::layers::Layer;
use super::link::next_page;
use super::referrers::Referrer;
use crate::image::Digest;
use crate::registry::context::CheckContext;
use crate::registry::descriptor::{ACCEPT, from_body};
use crate::registry::early_end::EarlyEnd;
use crate::registry::endpoint::Store;
use crate::registry::error::InvalidResponse;
use crate::registry::fetch::{Fetcher, invalid};
use crate::registry::http::address::is_same_place;
use crate::registry::http::requests::HttpResponse;
use crate::registry::signer_claim::RejectedClaim;
use crate::registry::verdict::{Outage, Verdict};

/// How many pages of a list are read.
const MAX_PAGES: usize = 20;

/// How many things of a list are kept, so that no list fills the memory.
const MAX_LISTED: usize = 20_000;

/// A tag of the earlier form of cosign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::registry) enum CosignTag {
    Signatures,
    Attestations,
}

/// What refers to an image, the newest first.
pub(in crate::registry) struct ReferrerList {
    pub(in crate::registry) referrers: Vec<Referrer>,
    /// Why the registry's own list may be hidden, if it is taken not to have one.
    pub(in crate::registry) hidden: Option<Verdict>,
}

/// A search under way, for one image.
pub(in crate::registry) struct AttachedSearch<'a> {
    fetcher: &'a Fetcher,
    context: &'a mut CheckContext,
    image: &'a Digest,
    /// Why there may be more than was found.
    pub(in crate::registry) unread: Vec<RejectedClaim>,
}

impl<'a> AttachedSearch<'a> {
    pub(in crate::registry) fn new(fetcher: &'a Fetcher, context: &'a mut CheckContext, image: &'a Digest) -> Self {
        Self { fetcher, context, image, unread: Vec::new() }
    }

    /// Returns what refers to the image and is `wanted`, by the registry's own list, else by the one under the tag for it.
    pub(in crate::registry) fn referrers(
        &mut self,
        wanted: impl Fn(&Referrer) -> bool,
    ) -> Result<ReferrerList, EarlyEnd> {
        let mut url = self.context.endpoint.referrers(self.image)?;
        let (mut listed, mut unread, mut visited, mut hidden) = (Vec::new(), None, Vec::new(), None);
        for number in 1..=MAX_PAGES {
            let page = match self.page(&url) {
                Ok(page) => Ok(page),
                Err(EarlyEnd::Verdict(verdict)) if number == 1 && is_no_list(&verdict) => {
                    hidden = Some(verdict).filter(is_hidden);
                    listed = self.list_under_its_tag()?.into_iter().filter(&wanted).collect();
                    break;
                }
                Err(end) => Err(RejectedClaim::at(&format!("page {number} of the list of what is attached"), end)?),
            };
            let (referrers, page) = match page {
                Ok(page) => page,
                Err(why) => {
                    unread = Some(why);
                    if number == 1 {
                        listed = self.list_under_its_tag()?.into_iter().filter(&wanted).collect();
                    }
                    break;
                }
            };
            listed.extend(referrers.into_iter().filter(&wanted));
            let next = match next_page(&page) {
                None => break,
                Some(next) => next.filter(|next| is_same_place(&self.context.endpoint.base, next)),
            };
            unread = Some(match next {
                None => {
                    RejectedClaim::Unanswered("the list of what is attached goes on where it is not read".to_owned())
                }
                Some(next) if next == url || visited.contains(&next) => RejectedClaim::Unanswered(
                    "a page of the list of what is attached leads back to one before it".to_owned(),
                ),
                Some(_) if number == MAX_PAGES || listed.len() > MAX_LISTED => RejectedClaim::Unread(format!(
                    "only the first {number} pages of the list of what is attached were read"
                )),
                Some(next) => {
                    visited.push(std::mem::replace(&mut url, next));
                    continue;
                }
            });
            break;
        }
        self.unread.extend(unread);
        Ok(ReferrerList { referrers: Referrer::newest(listed), hidden })
    }

    /// Gets a page of the registry's own list.
    fn page(&mut self, url: &Url) -> Result<(Vec<Referrer>, HttpResponse), EarlyEnd> {
        let page = self.fetcher.get_as_asked(url, ACCEPT, self.context)?;
        match Referrer::list(&page.body) {
            Some(referrers) => Ok((referrers, page)),
            None => Err(invalid(&page, InvalidResponse::NotAManifest)),
        }
    }

    fn list_under_its_tag(&mut self) -> Result<Vec<Referrer>, EarlyEnd> {
        let list = self.tagged(&self.tag_of_list())?;
        Ok(list.and_then(|list| Referrer::list(&list.body)).unwrap_or_default())
    }

    /// Returns the layers of a referrer.
    pub(in crate::registry) fn layers_of(&mut self, referrer: &Referrer) -> Result<Vec<Layer>, EarlyEnd> {
        let manifest = self.fetcher.read_part(Store::Manifests, &referrer.digest, self.context)?;
        Ok(Layer::of_manifest(&manifest.body))
    }

    /// Returns the layers under one of cosign's tags; none if there is no such tag.
    pub(in crate::registry) fn layers_under(&mut self, tag: CosignTag) -> Result<Vec<Layer>, EarlyEnd> {
        let suffix = match tag {
            CosignTag::Signatures => "sig",
            CosignTag::Attestations => "att",
        };
        let manifest = self.tagged(&format!("{}.{suffix}", self.image.as_str().replace(':', "-")))?;
        Ok(manifest.map(|manifest| Layer::of_manifest(&manifest.body)).unwrap_or_default())
    }

    /// Reads a layer, which must be what its digest says.
    pub(in crate::registry) fn read(&mut self, layer: &Layer) -> Result<Arc<HttpResponse>, EarlyEnd> {
        self.fetcher.read_part(Store::Blobs, &layer.digest, self.context)
    }

    /// Returns the tag that stands for the list of referrers: a tag has at most 128 characters, so of a digest the first 64
    /// digits count
    /// ([distribution-spec](https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema)).
    fn tag_of_list(&self) -> String {
        let (algorithm, value) = self.image.as_str().split_once(':').unwrap_or_default();
        format!("{algorithm}-{value:.64}")
    }

    /// Gets the manifest under a tag; `None` if there is none, or if the answer is none: the image itself was found there, so
    /// nothing is known of the tag then.
    fn tagged(&mut self, tag: &str) -> Result<Option<HttpResponse>, EarlyEnd> {
        let url = self.context.endpoint.tagged(tag)?;
        let end = match self.fetcher.get_as_asked(&url, ACCEPT, self.context) {
            Ok(response) if from_body(&response, None).is_some() => return Ok(Some(response)),
            Ok(response) => invalid(&response, InvalidResponse::NotAManifest),
            Err(EarlyEnd::Verdict(Verdict::Absent(_))) => return Ok(None),
            Err(end) => end,
        };
        self.unread.push(RejectedClaim::at(&format!("the tag `{tag}`"), end)?);
        Ok(None)
    }
}

/// Whether a registry has no list of referrers: it does not know the request. Whatever its code, a 404 says so.
fn is_no_list(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Absent(_) | Verdict::Refused(_) => true,
        Verdict::Unavailable(Outage::Answered(answer) | Outage::Page(answer)) => {
            [400, 404, 405, 501].contains(&answer.status)
        }
        verdict => is_hidden(verdict),
    }
}

/// Whether it is a 404 with the code of a login.
fn is_hidden(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::NoAccess(answer) if answer.status == 404)
}
