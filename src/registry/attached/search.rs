//! The search for what is attached to an image: one request for the list of referrers, one more if the registry has no such
//! list, and one for each of cosign's tags; then two for each thing that is read.

use std::sync::Arc;

use reqwest::Url;
use reqwest::header::LINK;

use super::layers::Layer;
use super::referrers::Referrer;
use crate::image::Digest;
use crate::registry::context::CheckContext;
use crate::registry::descriptor::ACCEPT;
use crate::registry::early_end::EarlyEnd;
use crate::registry::endpoint::Store;
use crate::registry::fetch::Fetcher;
use crate::registry::http::address::is_same_place;
use crate::registry::http::requests::HttpResponse;
use crate::registry::verdict::{Outage, Verdict};

/// How many pages of a list are read.
const MAX_PAGES: usize = 4;

/// A tag of the earlier form of cosign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::registry) enum CosignTag {
    Signatures,
    Attestations,
}

/// A search under way, for one image.
pub(in crate::registry) struct AttachedSearch<'a> {
    fetcher: &'a Fetcher,
    context: &'a mut CheckContext,
    image: &'a Digest,
}

impl<'a> AttachedSearch<'a> {
    pub(in crate::registry) fn new(fetcher: &'a Fetcher, context: &'a mut CheckContext, image: &'a Digest) -> Self {
        Self { fetcher, context, image }
    }

    /// Returns what refers to the image, the newest first, by the registry's own list, else by the one under the tag for it.
    pub(in crate::registry) fn referrers(&mut self) -> Result<Vec<Referrer>, EarlyEnd> {
        let mut url = self.context.endpoint.referrers(self.image)?;
        let mut listed: Option<Vec<Referrer>> = None;
        for _ in 0..MAX_PAGES {
            let Some(page) = self.unless_missing(&url)? else { break };
            let Some(referrers) = Referrer::list(&page.body) else { break };
            listed.get_or_insert_default().extend(referrers);
            match next_page(&page, &self.context.endpoint.base) {
                Some(next) => url = next,
                None => break,
            }
        }
        if listed.is_none() {
            let url = self.context.endpoint.tagged(&self.tag_of_list())?;
            let list = self.unless_missing(&url)?;
            listed = list.and_then(|list| Referrer::list(&list.body));
        }
        Ok(Referrer::newest(listed.unwrap_or_default()))
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
        let url = self.context.endpoint.tagged(&format!("{}.{suffix}", self.image.as_str().replace(':', "-")))?;
        let manifest = self.unless_missing(&url)?;
        Ok(manifest.map(|manifest| Layer::of_manifest(&manifest.body)).unwrap_or_default())
    }

    /// Reads a layer, which must be what its digest says.
    pub(in crate::registry) fn read(&mut self, layer: &Layer) -> Result<Arc<HttpResponse>, EarlyEnd> {
        self.fetcher.read_part(Store::Blobs, &layer.digest, self.context)
    }

    /// Returns the tag that stands for the list of referrers: a tag has at most 128 characters, so of a digest the first 64
    /// digits count ([distribution-spec](https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema)).
    fn tag_of_list(&self) -> String {
        let (algorithm, value) = self.image.as_str().split_once(':').unwrap_or_default();
        format!("{algorithm}-{value:.64}")
    }

    /// Gets a list or a tag; `None` if the registry has none, or knows no such request: the image itself was found there.
    fn unless_missing(&mut self, url: &Url) -> Result<Option<HttpResponse>, EarlyEnd> {
        match self.fetcher.get_as_asked(url, ACCEPT, self.context) {
            Ok(response) => Ok(Some(response)),
            Err(EarlyEnd::Verdict(
                Verdict::Absent(_) | Verdict::Refused(_) | Verdict::Unavailable(Outage::Page(_)),
            )) => Ok(None),
            Err(EarlyEnd::Verdict(Verdict::Unavailable(Outage::Answered(answer)))) if answer.status == 501 => Ok(None),
            Err(end) => Err(end),
        }
    }
}

/// Returns the URL of the next page of a list, if it is at the registry, wherever this one was.
fn next_page(page: &HttpResponse, registry: &Url) -> Option<Url> {
    let link = page.header(LINK)?;
    let (target, relation) = link.trim().strip_prefix('<')?.split_once('>')?;
    let next = page.url.join(target).ok()?;
    (relation.contains("next") && is_same_place(registry, &next)).then_some(next)
}
