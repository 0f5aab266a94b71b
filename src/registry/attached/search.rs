//! The search for what is attached to an image: one request for the list of referrers, one more if the registry has no such
//! list, and one for each of cosign's tags; then two for each thing that is read.

use std::sync::Arc;

use reqwest::Url;

use super::layers::Layer;
use super::link::next_page;
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
    /// Why there may be more of them.
    pub(in crate::registry) unread: Option<String>,
    /// Why the registry's own list may be hidden, if it is taken not to have one.
    pub(in crate::registry) hidden: Option<Verdict>,
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

    /// Returns what refers to the image and is `wanted`, by the registry's own list, else by the one under the tag for it.
    pub(in crate::registry) fn referrers(
        &mut self,
        wanted: impl Fn(&Referrer) -> bool,
    ) -> Result<ReferrerList, EarlyEnd> {
        let mut url = self.context.endpoint.referrers(self.image)?;
        let (mut listed, mut unread, mut visited, mut hidden) = (Vec::new(), None, Vec::new(), None);
        for number in 1..=MAX_PAGES {
            let page = match self.unless_missing(&url) {
                // Whatever its code, a 404 means that there is no such list.
                Err(EarlyEnd::Verdict(verdict)) if number == 1 && is_hidden(&verdict) => {
                    hidden = Some(verdict);
                    None
                }
                page => page?,
            };
            let list = page.and_then(|page| Some((Referrer::list(&page.body)?, page)));
            let Some((referrers, page)) = list else {
                if number == 1 {
                    listed = self.list_under_its_tag()?.into_iter().filter(&wanted).collect();
                } else {
                    unread = Some(format!("page {number} of the list of what is attached cannot be read"));
                }
                break;
            };
            listed.extend(referrers.into_iter().filter(&wanted));
            let next = match next_page(&page) {
                None => break,
                Some(next) => next.filter(|next| is_same_place(&self.context.endpoint.base, next)),
            };
            match next {
                None => unread = Some("the list of what is attached goes on where it is not read".to_owned()),
                Some(next) if next == url || visited.contains(&next) => {
                    unread = Some("a page of the list of what is attached leads back to one before it".to_owned());
                }
                Some(_) if number == MAX_PAGES || listed.len() > MAX_LISTED => {
                    unread = Some(format!("only the first {number} pages of the list of what is attached were read"));
                }
                Some(next) => {
                    visited.push(std::mem::replace(&mut url, next));
                    continue;
                }
            }
            break;
        }
        Ok(ReferrerList { referrers: Referrer::newest(listed), unread, hidden })
    }

    fn list_under_its_tag(&mut self) -> Result<Vec<Referrer>, EarlyEnd> {
        let url = self.context.endpoint.tagged(&self.tag_of_list())?;
        let list = self.unless_missing(&url)?;
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
        let url = self.context.endpoint.tagged(&format!("{}.{suffix}", self.image.as_str().replace(':', "-")))?;
        let manifest = self.unless_missing(&url)?;
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

/// Whether it is a 404 with the code of a login.
fn is_hidden(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::NoAccess(answer) if answer.status == 404)
}
