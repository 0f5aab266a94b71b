//! The endpoints of the distribution specification, as far as pushing and pulling need them.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::image::media_type;
use super::storage::{Manifest, Storage, digest_of};
use super::{State, error};
use crate::support::http::{Head, Response, lock};

/// Returns the repository in a path: all between `/v2/` and the last part that is an endpoint's name.
pub(super) fn repository(path: &str) -> &str {
    split(path).map_or("", |(repository, _)| repository)
}

/// Splits a path below `/v2/` into repository and endpoint.
fn split(path: &str) -> Option<(&str, &str)> {
    let path = path.strip_prefix("/v2/")?;
    let endpoints = ["/manifests/", "/blobs/", "/tags/", "/referrers/"];
    let end = endpoints.iter().filter_map(|endpoint| path.rfind(endpoint)).max();
    Some(end.map_or(("", path), |end| (&path[..end], &path[end + 1..])))
}

impl State {
    /// Answers a request as the registry it is, without faults.
    pub(super) fn route(&self, head: &Head, body: &[u8]) -> Response {
        if head.path == "/token" {
            return self.give_token(head, body);
        }
        let Some((repository, endpoint)) = split(&head.path) else {
            return Response::text(404, "404 page not found");
        };
        let reads = matches!(head.method.as_str(), "GET" | "HEAD");
        let actions: &[&str] = if reads { &["pull"] } else { &["pull", "push"] };
        let response = match self.refusal(head, repository, actions) {
            Some(refusal) => refusal,
            None => self.serve(head, body, repository, endpoint),
        };
        response.header("Docker-Distribution-Api-Version", "registry/2.0")
    }

    fn serve(&self, head: &Head, body: &[u8], repository: &str, endpoint: &str) -> Response {
        let storage = &mut *lock(&self.storage);
        let parts: Vec<&str> = endpoint.split('/').collect();
        match (head.method.as_str(), parts.as_slice()) {
            ("GET", [""]) => Response::json(200, &json!({})),
            ("GET" | "HEAD", ["manifests", reference]) => get_manifest(storage, head, repository, reference),
            ("PUT", ["manifests", reference]) => put_manifest(storage, head, body, repository, reference),
            ("GET", ["tags", "list"]) => list_tags(storage, head, repository),
            ("GET", ["referrers", digest]) if self.lists_referrers.load(Ordering::SeqCst) => {
                list_referrers(storage, repository, digest)
            }
            // As a registry of before 1.1 of the specification has it.
            ("GET", ["referrers", _]) => Response::text(404, "404 page not found"),
            ("GET" | "HEAD", ["blobs", digest]) => get_blob(storage, repository, digest),
            ("POST", ["blobs", "uploads", ""]) => {
                let source = head.query_values("from").pop();
                let may_mount = source.is_some_and(|source| self.refusal(head, &source, &["pull"]).is_none());
                begin_upload(storage, head, body, repository, may_mount)
            }
            ("PATCH", ["blobs", "uploads", upload]) => append(storage, head, body, upload),
            ("PUT", ["blobs", "uploads", upload]) => end_upload(storage, head, body, repository, upload),
            _ => error(405, "UNSUPPORTED", "The operation is unsupported."),
        }
    }
}

fn get_manifest(storage: &Storage, head: &Head, repository: &str, reference: &str) -> Response {
    if !storage.has_repository(repository) {
        return name_unknown();
    }
    let Some((digest, manifest)) = storage.manifest(repository, reference) else {
        return error(404, "MANIFEST_UNKNOWN", "manifest unknown");
    };
    // docker-registry 2.8.2 counts neither `*/*` nor a missing header as consent to an OCI document.
    if !accepts(head, &manifest.media_type) {
        let message = format!("{} found, but accept header does not support it", manifest.media_type);
        return error(404, "MANIFEST_UNKNOWN", &message);
    }
    Response::new(200)
        .header("Content-Type", &manifest.media_type)
        .header("Docker-Content-Digest", digest)
        .header("Etag", &format!("\"{digest}\""))
        .body(&manifest.bytes)
}

fn accepts(head: &Head, media_type: &str) -> bool {
    let accepted = head.headers("accept").flat_map(|value| value.split(','));
    accepted.map(|range| range.split(';').next().unwrap_or_default().trim()).any(|range| range == media_type)
}

fn put_manifest(storage: &mut Storage, head: &Head, body: &[u8], repository: &str, reference: &str) -> Response {
    let Ok(document) = serde_json::from_slice::<Value>(body) else {
        return error(400, "MANIFEST_INVALID", "manifest invalid");
    };
    if let Some(missing) = first_missing(storage, repository, &document) {
        let detail =
            json!([{ "code": "MANIFEST_BLOB_UNKNOWN", "message": "blob unknown to registry", "detail": missing }]);
        return Response::json(400, &json!({ "errors": detail }));
    }
    let media_type = head.header("content-type").unwrap_or_default().to_owned();
    let is_digest = reference.contains(':');
    if is_digest && reference != digest_of(body) {
        return error(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
    }
    let tag = (!is_digest).then_some(reference);
    let digest = storage.put_manifest(repository, tag, Manifest { media_type, bytes: body.to_vec() });
    created(&format!("/v2/{repository}/manifests/{digest}"), &digest)
}

/// Returns the first digest that a manifest names and its repository has not.
fn first_missing<'a>(storage: &Storage, repository: &str, document: &'a Value) -> Option<&'a str> {
    let digests = |field: &str| {
        let entries = document[field].as_array().map(Vec::as_slice).unwrap_or_default();
        entries.iter().filter_map(|entry| entry["digest"].as_str())
    };
    let mut blobs = digests("layers").chain(document["config"]["digest"].as_str());
    let mut manifests = digests("manifests");
    blobs
        .find(|digest| storage.blob(repository, digest).is_none())
        .or_else(|| manifests.find(|digest| storage.manifest(repository, digest).is_none()))
}

fn list_tags(storage: &Storage, head: &Head, repository: &str) -> Response {
    let Some(tags) = storage.tags(repository) else {
        return name_unknown();
    };
    let last = head.query_values("last").pop().unwrap_or_default();
    let limit = head.query_values("n").pop().and_then(|n| n.parse().ok()).unwrap_or(usize::MAX);
    let mut rest = tags.filter(|tag| *tag > last.as_str());
    let page: Vec<&str> = rest.by_ref().take(limit).collect();
    let response = Response::json(200, &json!({ "name": repository, "tags": page }));
    match (page.last(), rest.next()) {
        (Some(last), Some(_)) => {
            let next = format!("</v2/{repository}/tags/list?last={last}&n={limit}>; rel=\"next\"");
            response.header("Link", &next)
        }
        _ => response,
    }
}

fn list_referrers(storage: &Storage, repository: &str, digest: &str) -> Response {
    let list = json!({
        "schemaVersion": 2,
        "mediaType": media_type::OCI_INDEX,
        "manifests": storage.referrers(repository, digest),
    });
    Response::new(200).header("Content-Type", media_type::OCI_INDEX).body(list.to_string().as_bytes())
}

fn get_blob(storage: &Storage, repository: &str, digest: &str) -> Response {
    match storage.blob(repository, digest) {
        Some(blob) => Response::new(200)
            .header("Content-Type", "application/octet-stream")
            .header("Docker-Content-Digest", digest)
            .body(blob),
        None => error(404, "BLOB_UNKNOWN", "blob unknown to registry"),
    }
}

/// Begins an upload, or ends it at once if the blob comes with the request or can be had from another repository.
fn begin_upload(storage: &mut Storage, head: &Head, body: &[u8], repository: &str, may_mount: bool) -> Response {
    let value = |key| head.query_values(key).pop().unwrap_or_default();
    if may_mount && let Some(blob) = storage.blob(&value("from"), &value("mount")) {
        let blob = blob.to_vec();
        return put_blob(storage, repository, blob, &value("mount"));
    }
    let digest = value("digest");
    if !digest.is_empty() {
        return put_blob(storage, repository, body.to_vec(), &digest);
    }
    let upload = storage.begin_upload();
    accepted(&format!("/v2/{repository}/blobs/uploads/{upload}"), upload, 0)
}

fn append(storage: &mut Storage, head: &Head, body: &[u8], upload: &str) -> Response {
    let number = upload.parse().unwrap_or(0);
    match storage.append(number, body) {
        Some(length) => accepted(&head.path, number, length),
        None => upload_unknown(),
    }
}

fn end_upload(storage: &mut Storage, head: &Head, body: &[u8], repository: &str, upload: &str) -> Response {
    let Some(mut blob) = storage.end_upload(upload.parse().unwrap_or(0)) else {
        return upload_unknown();
    };
    blob.extend(body);
    put_blob(storage, repository, blob, &head.query_values("digest").pop().unwrap_or_default())
}

fn put_blob(storage: &mut Storage, repository: &str, blob: Vec<u8>, digest: &str) -> Response {
    if digest_of(&blob) != digest {
        return error(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
    }
    storage.put_blob(repository, blob);
    created(&format!("/v2/{repository}/blobs/{digest}"), digest)
}

fn created(location: &str, digest: &str) -> Response {
    Response::new(201).header("Location", location).header("Docker-Content-Digest", digest)
}

fn accepted(location: &str, upload: usize, length: usize) -> Response {
    Response::new(202)
        .header("Location", location)
        .header("Docker-Upload-Uuid", &upload.to_string())
        .header("Range", &format!("0-{}", length.saturating_sub(1)))
}

fn name_unknown() -> Response {
    error(404, "NAME_UNKNOWN", "repository name not known to registry")
}

fn upload_unknown() -> Response {
    error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
}
