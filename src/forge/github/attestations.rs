//! The attestations that GitHub keeps for a repository: bundles of Sigstore, found by the digest of what they are about. The
//! list names where each bundle is; servers of an enterprise may have it in the list.

use serde_json::Value;

use super::api::GitHubApi;
use crate::forge::error::ForgeError;
use crate::forge::kept_file::KeptFiles;
use crate::forge::rest_api::ApiAction;

const LIST: ApiAction = ApiAction { what: "list attestations", needs: "`attestations: read`" };

/// How many are listed, the newest first.
const LISTED: &str = "50";

/// Bundles, each as it is reached.
pub(in crate::forge) type Bundles<'a> = Box<dyn Iterator<Item = KeptBundle> + 'a>;

/// A bundle that a forge keeps.
pub struct KeptBundle {
    /// Its JSON, or why it cannot be had.
    pub json: Result<Vec<u8>, ForgeError>,
    /// Whether it took a request: it is not in the list.
    pub is_apart: bool,
}

impl GitHubApi {
    /// Returns the bundles about `digest`, the newest first. What is not in the list is read when the iterator reaches it.
    pub(in crate::forge) fn attestations(&self, digest: &str) -> Result<Bundles<'_>, ForgeError> {
        let mut url = self.rest.url(&["attestations", digest]);
        url.query_pairs_mut().append_pair("per_page", LISTED);
        let mut answer = self.rest.get(url)?;
        match answer.status {
            // There is none.
            404 => Ok(Box::new(std::iter::empty())),
            _ if answer.is_success() => {
                let Value::Array(listed) = answer.body["attestations"].take() else {
                    return Err(self.rest.invalid("it is no list of attestations"));
                };
                let files = self.rest.kept_files();
                Ok(Box::new(listed.into_iter().map(move |attestation| self.bundle(&attestation, &files))))
            }
            _ => Err(self.rest.refused(&answer, LIST)),
        }
    }

    fn bundle(&self, attestation: &Value, files: &KeptFiles<'_>) -> KeptBundle {
        let listed = |json| KeptBundle { json, is_apart: false };
        match (&attestation["bundle"], &attestation["bundle_url"]) {
            (bundle @ Value::Object(_), _) => listed(Ok(bundle.to_string().into_bytes())),
            (_, Value::String(url)) => KeptBundle { json: files.read(url), is_apart: true },
            _ => listed(Err(self.rest.invalid("it lists an attestation without its bundle"))),
        }
    }
}
