//! The attestations that GitHub keeps for a repository: bundles of Sigstore, found by the digest of what they are about.

use super::api::GitHubApi;
use crate::forge::error::ForgeError;
use crate::forge::rest_api::ApiAction;

const LIST: ApiAction = ApiAction { what: "list attestations", needs: "`attestations: read`" };

/// How many are listed, the newest first.
const LISTED: &str = "50";

impl GitHubApi {
    /// Returns the JSON of each bundle about `digest`, the newest first. What GitHub keeps outside of the list is left out.
    pub(in crate::forge) fn attestations(&self, digest: &str) -> Result<Vec<Vec<u8>>, ForgeError> {
        let mut url = self.rest.url(&["attestations", digest]);
        url.query_pairs_mut().append_pair("per_page", LISTED);
        let answer = self.rest.get(url)?;
        match answer.status {
            // There is none.
            404 => Ok(Vec::new()),
            _ if answer.is_success() => {
                let listed = answer.body["attestations"].as_array();
                let listed = listed.ok_or_else(|| self.rest.invalid("it is no list of attestations"))?;
                let bundles = listed.iter().map(|attestation| &attestation["bundle"]);
                Ok(bundles.filter(|bundle| bundle.is_object()).map(|bundle| bundle.to_string().into_bytes()).collect())
            }
            _ => Err(self.rest.refused(&answer, LIST)),
        }
    }
}
