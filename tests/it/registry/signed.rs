//! Claims of trusted signers: where they are found, in how many requests, and what is wrong with those that do not count.

use std::sync::Arc;

use serde_json::json;
use tagship::outcome::failure::{Failure, FailureKind};
use tagship::registry::signature::{IdentityPattern, PublicKey, TrustedRoots, TrustedSigner};
use tagship::registry::{
    AttestationType, CheckedImage, Claim, ExpectedSource, Finding, ProvedKind, RequiredClaim, Requirement, Revision,
    SourceNaming, Verdict,
};

use super::requirements::{platform, put_index};
use super::{anonymous, check_for, ci, logged_in, reference, short};
use crate::support::http::{Authorization, Response};
use crate::support::registry::{ALWAYS, Attachment, Auth, Fault, Image, Place, Registry, digest_of, media_type};
use crate::support::servers::DockerRegistry;
use crate::support::sigstore::{COMMIT, IDENTITY, ISSUER, attestation_layer, bundle, put_image, read, simple_signing};

fn workflow() -> Arc<TrustedSigner> {
    signer(IDENTITY)
}

fn signer(identity: &str) -> Arc<TrustedSigner> {
    Arc::new(TrustedSigner::Keyless {
        identity: IdentityPattern::Exact(identity.to_owned()),
        issuer: ISSUER.to_owned(),
        roots: Arc::new(TrustedRoots::parse(&read("trusted_root.json")).unwrap()),
    })
}

fn required(claims: impl IntoIterator<Item = Claim>, by: &Arc<TrustedSigner>) -> Vec<Requirement> {
    claims.into_iter().map(|claim| Requirement::Claim(RequiredClaim { claim, by: Arc::clone(by) })).collect()
}

fn provenance(repository: Option<&str>, commit: &str) -> Claim {
    let revision = Revision::new(commit).unwrap();
    Claim::Provenance(Some(ExpectedSource {
        repository: repository.map(str::to_owned),
        revision,
        named_by: SourceNaming::Release,
    }))
}

fn spdx() -> Claim {
    Claim::Attestation(AttestationType::new("spdx").unwrap())
}

/// Shows what was found: `met` for each claim, or the first reason against it.
fn shown(checked: &CheckedImage) -> String {
    let shown = checked.findings.iter().map(|finding| match finding {
        Finding::Met => "met".to_owned(),
        Finding::NotClaimed { rejected, .. } => {
            rejected.first().map_or_else(|| "nothing".to_owned(), ToString::to_string)
        }
        other => format!("{other:?}"),
    });
    shown.collect::<Vec<_>>().join("; ")
}

/// Shows what the claims are that meet the requirements.
fn proved(checked: &CheckedImage) -> String {
    let shown = checked.claims.iter().map(|claim| match &claim.kind {
        ProvedKind::Signature => "signature".to_owned(),
        ProvedKind::Provenance(provenance) => {
            format!("provenance of {:.15}", provenance.source.as_ref().unwrap().to_string())
        }
        ProvedKind::Attestation(kind) => kind.clone(),
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// Returns the requests, in which `D` stands for the digest of the image and `X` for any other.
fn lines(lines: &[String], digest: &str) -> Vec<String> {
    let hex = digest.split_once(':').unwrap().1;
    let line = |line: &String| {
        let line = short(line).replace(digest, "D").replace(&format!("sha256-{hex}"), "tag-D");
        match line.find("sha256:") {
            Some(start) => format!("{}X{}", &line[..start], &line[start + 71..]),
            None => line,
        }
    };
    lines.iter().map(line).collect()
}

/// Returns a registry with the image and what is attached to it, and the image's digest.
fn with(place: Place, attached: &[Attachment]) -> (Registry, String) {
    let registry = Registry::start(Auth::None);
    let digest = put_image(&registry, "app", "v1");
    if place == Place::Referrers {
        registry.list_referrers();
    }
    for attachment in attached {
        registry.attach("app", &digest, attachment);
    }
    (registry, digest)
}

fn check(registry: &Registry, requirements: &[Requirement]) -> CheckedImage {
    check_for(&anonymous(), &registry.address(), "app:v1", requirements)
}

const LISTED: [&str; 1] = ["GET app/referrers/D 200"];
const TAGGED: [&str; 2] = ["GET app/referrers/D 404", "GET app/tag-D 200"];
const NOWHERE: [&str; 2] = ["GET app/referrers/D 404", "GET app/tag-D 404"];
const ARTIFACT: [&str; 2] = ["GET app/X 200", "GET app/blobs/X 200"];
const SIG: [&str; 2] = ["GET app/tag-D.sig 200", "GET app/blobs/X 200"];
const ATT: [&str; 2] = ["GET app/tag-D.att 200", "GET app/blobs/X 200"];

fn signature() -> Vec<Requirement> {
    required([Claim::Signature], &workflow())
}

fn signature_and_provenance() -> Vec<Requirement> {
    required([Claim::Signature, provenance(Some("org/app"), COMMIT)], &workflow())
}

/// Checks the image with this attached to it, and compares what is found with what was asked for: at most 5 requests more than
/// the check of the image itself.
#[track_caller]
fn cost(
    (place, attached): (Place, &[Attachment]),
    requirements: &[Requirement],
    (found, claims): (&str, &str),
    requests: &[&[&str]],
) {
    let (registry, digest) = with(place, attached);
    let checked = check(&registry, requirements);
    let lines = lines(&registry.request_lines(), &digest);
    assert_eq!((shown(&checked).as_str(), proved(&checked).as_str()), (found, claims), "{lines:?}");
    assert_eq!(lines, [&["GET app/v1 200"][..], &requests.concat()].concat());
    assert!(lines.len() <= 6 && checked.requests as usize == lines.len());
}

#[test]
fn bundles_are_found_in_few_requests() {
    let (signed, built) = (|place| bundle(place, "signed"), |place| bundle(place, "provenance"));
    for (place, list) in [(Place::Referrers, &LISTED[..]), (Place::Tag, &TAGGED)] {
        let requests = [list, &ARTIFACT];
        cost((place, &[signed(place)]), &signature(), ("met", "signature"), &requests);
        for attached in [[signed(place), built(place)], [built(place), signed(place)]] {
            let found = ("met; met", "provenance of org/app@0123456");
            cost((place, &attached), &signature_and_provenance(), found, &requests);
        }
    }
}

#[test]
fn the_tags_of_cosign_are_found_in_few_requests() {
    for (place, list) in [(Place::Referrers, &LISTED[..]), (Place::Tag, &NOWHERE)] {
        cost((place, &[simple_signing()]), &signature(), ("met", "signature"), &[list, &SIG]);
        let attached = [simple_signing(), attestation_layer()];
        let found = ("met; met", "provenance of org/app@0123456");
        cost((place, &attached), &signature_and_provenance(), found, &[list, &ATT]);
        // Provenance is a signature too.
        let no_signature = ["GET app/tag-D.sig 404"];
        let found = ("met", "provenance of org/app@0123456");
        cost((place, &[attestation_layer()]), &signature(), found, &[list, &no_signature, &ATT]);
        let absent = ["GET app/tag-D.sig 404", "GET app/tag-D.att 404"];
        cost((place, &[]), &signature(), ("nothing", ""), &[list, &absent]);
        let absent = ["GET app/tag-D.att 404", "GET app/tag-D.sig 404"];
        cost((place, &[]), &signature_and_provenance(), ("nothing; nothing", ""), &[list, &absent]);
    }
}

#[test]
fn what_a_list_does_not_tell_is_read() {
    let bare = |name: &str| Attachment::bundle(Place::Referrers, &read(&format!("{name}.bundle.json")));
    let (registry, _) = with(Place::Referrers, &[bare("provenance-v0.2"), bare("signed"), bare("spdx")]);
    let claims = [Claim::Signature, provenance(Some("org/app"), COMMIT), spdx()];
    let checked = check(&registry, &required(claims, &workflow()));
    assert_eq!(shown(&checked), "met; met; met");
    assert_eq!(proved(&checked), "https://spdx.dev/Document, signature, provenance of org/app@0123456");
    assert_eq!(registry.requests().len(), 1 + 1 + 2 * 3);
}

#[test]
fn a_signature_over_the_manifest_itself_counts() {
    let (registry, _) = with(Place::Referrers, &[bundle(Place::Referrers, "content")]);
    let checked = check(&registry, &required([Claim::Signature], &workflow()));
    assert_eq!((shown(&checked), checked.claims[0].logged.is_some()), ("met".to_owned(), true));
}

#[test]
fn what_does_not_count() {
    let other_key = Arc::new(TrustedSigner::Key(PublicKey::from_pem(&read("key.p256.pub")).unwrap()));
    let other_root = Arc::new(TrustedSigner::Keyless {
        identity: IdentityPattern::Exact(IDENTITY.to_owned()),
        issuer: ISSUER.to_owned(),
        roots: TrustedRoots::built_in(),
    });
    let of = |name: &str| bundle(Place::Referrers, name);
    let signature = || Claim::Signature;
    for (attached, claim, by, expected) in [
        (of("signed"), signature(), signer(&IDENTITY[..IDENTITY.len() - 1]), "it is signed by `"),
        (of("bad.newline"), signature(), workflow(), "the certificate cannot be read: a control character"),
        (of("signed"), signature(), other_key, "the key sha256:"),
        (of("signed"), signature(), other_root, "the authority of its certificate is unknown"),
        (of("bad.no-proof"), signature(), workflow(), "it is not in the transparency log: it has no entry"),
        (of("bad.other-log"), signature(), workflow(), "the transparency log with the key "),
        (of("bad.logged-late"), signature(), workflow(), "its certificate was not valid when it was signed"),
        (of("signed"), provenance(None, COMMIT), workflow(), "nothing"),
        (of("spdx"), signature(), workflow(), "nothing"),
        (of("provenance"), provenance(Some("org/other"), COMMIT), workflow(), "its provenance is of org/app@0123456"),
        (of("provenance"), provenance(None, &COMMIT.replace('0', "1")), workflow(), "its provenance is of org/app@"),
    ] {
        let (registry, _) = with(Place::Referrers, &[attached]);
        let checked = check(&registry, &required([claim], &by));
        assert!(shown(&checked).starts_with(expected), "{} does not begin with {expected}", shown(&checked));
        assert!(checked.claims.is_empty());
    }
}

/// It is signed, so a signature is told; of its commit, nothing was verified.
#[test]
fn provenance_that_does_not_count_is_told_as_a_signature() {
    let other = COMMIT.replace('0', "1");
    for place in [Place::Referrers, Place::Tag] {
        let (registry, _) = with(place, &[bundle(place, "provenance")]);
        let checked = check(&registry, &required([Claim::Signature, provenance(None, &other)], &workflow()));
        let found = format!("met; its provenance is of org/app@{COMMIT}, not of {other}");
        assert_eq!((shown(&checked), proved(&checked)), (found, "signature".to_owned()));
        // Of two commits that are required, it is the one.
        let both = required([Claim::Signature, provenance(None, &other), provenance(None, COMMIT)], &workflow());
        assert_eq!(proved(&check(&registry, &both)), "provenance of org/app@0123456");
    }
    // As it is offered by a forge.
    let (registry, _) = with(Place::Referrers, &[]);
    let mut checked = check(&registry, &required([Claim::Signature, provenance(None, &other)], &workflow()));
    checked.offer_bundle(&read("provenance.bundle.json"));
    assert_eq!(proved(&checked), "signature");
}

#[test]
fn a_signature_of_another_image_does_not_count() {
    let (registry, _) = with(Place::Referrers, &[]);
    let other = registry.put_image("app", "v2", &Image::new());
    let signed = required([Claim::Signature], &workflow());
    for (attached, reason) in [
        (simple_signing(), "it is about sha256:"),
        (bundle(Place::Referrers, "signed"), "it is about sha256:"),
        (bundle(Place::Referrers, "content"), "its entry in the transparency log is of another signature"),
    ] {
        registry.attach("app", &other, &attached);
        let checked = check_for(&anonymous(), &registry.address(), "app:v2", &signed);
        assert!(shown(&checked).starts_with(reason), "{}", shown(&checked));
    }
}

/// What runs is what the index names, so that a signature of one of its images says nothing about the others.
#[test]
fn of_an_index_the_index_is_signed() {
    let (registry, digest) = with(Place::Referrers, &[bundle(Place::Referrers, "signed")]);
    let platform = serde_json::json!({ "os": "linux", "architecture": "amd64" });
    let entry =
        serde_json::json!({ "mediaType": media_type::OCI_MANIFEST, "digest": digest, "size": 1, "platform": platform });
    let index = serde_json::json!({ "schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": [entry] });
    registry.put_manifest("app", "v2", media_type::OCI_INDEX, index.to_string().as_bytes());
    let signed = required([Claim::Signature], &workflow());
    assert_eq!(shown(&check_for(&anonymous(), &registry.address(), "app:v2", &signed)), "nothing");
    assert_eq!(shown(&check_for(&anonymous(), &registry.address(), "app:v1", &signed)), "met");
}

#[test]
fn ten_thousand_referrers_hide_no_new_signature() {
    let (registry, digest) = with(Place::Referrers, &[]);
    let other = Attachment::bundle(Place::Referrers, b"{}");
    for number in 0..10_000 {
        let kind =
            if number % 2 == 0 { "application/spdx+json" } else { "application/vnd.dev.sigstore.bundle.v0.3+json" };
        registry.attach("app", &digest, &other.clone().artifact_type(kind).annotation("number", &number.to_string()));
    }
    registry.attach("app", &digest, &bundle(Place::Referrers, "signed"));
    let signed = required([Claim::Signature], &workflow());
    let checked = check(&registry, &signed);
    assert_eq!((shown(&checked).as_str(), checked.requests), ("met", 4));
    for number in 10_000..10_060 {
        registry.attach("app", &digest, &other.clone().annotation("number", &number.to_string()));
    }
    let checked = check(&registry, &signed);
    assert!(checked.claims.is_empty() && checked.requests <= 1 + 1 + 2 * 50 + 1, "{}", checked.requests);
    assert!(is_cut(&checked, "only the newest 50 of what may be it were looked at"), "{:?}", checked.findings);
}

/// Returns whether one of the reasons is that not all was looked at.
fn is_cut(checked: &CheckedImage, why: &str) -> bool {
    let reasons = |finding: &Finding| match finding {
        Finding::NotClaimed { rejected, .. } => rejected.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    };
    checked.findings.iter().flat_map(reasons).any(|reason| reason == why)
}

/// What the list says that it is, and is not required, takes no place of what is.
#[test]
fn sixty_newer_attestations_hide_no_signature() {
    let (registry, digest) = with(Place::Referrers, &[bundle(Place::Referrers, "signed")]);
    for number in 0..60 {
        let other = Attachment::bundle(Place::Referrers, b"{}").annotation("number", &number.to_string());
        let other = other.annotation("dev.sigstore.bundle.predicateType", "https://spdx.dev/Document");
        registry.attach("app", &digest, &other);
    }
    let checked = check(&registry, &required([Claim::Signature], &workflow()));
    assert_eq!((shown(&checked).as_str(), checked.requests), ("met", 4));
}

/// Lets the list of referrers have so many pages, the last of which is the registry's own list.
fn in_pages(registry: &Registry, digest: &str, pages: usize) {
    let path = format!("/v2/app/referrers/{digest}");
    let empty = |next: usize| {
        let list = serde_json::json!({ "schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": [] });
        let link = format!("<{path}?page={next}.>; rel=\"next\"");
        Fault::AnswerAfterLogin(Response::json(200, &list).header("Link", &link))
    };
    for page in 1..pages - 1 {
        registry.inject(&format!("GET {path}?page={page}."), ALWAYS, empty(page + 1));
    }
    registry.inject(&format!("GET {path}"), 1, empty(1));
}

#[test]
fn a_list_of_many_pages_is_read_as_far_as_it_may_be() {
    let signed = required([Claim::Signature], &workflow());
    let (registry, digest) = with(Place::Referrers, &[bundle(Place::Referrers, "signed")]);
    in_pages(&registry, &digest, 20);
    let checked = check(&registry, &signed);
    assert_eq!((shown(&checked).as_str(), checked.requests), ("met", 1 + 20 + 2));
    let (registry, digest) = with(Place::Referrers, &[bundle(Place::Referrers, "signed")]);
    in_pages(&registry, &digest, 21);
    let checked = check(&registry, &signed);
    assert_eq!(shown(&checked), "only the first 20 pages of the list of what is attached were read");
}

/// RFC 8288 lets a header have several links, and an answer several headers.
#[test]
fn the_next_page_is_found_among_other_links() {
    let empty = serde_json::json!({ "schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": [] });
    for links in [
        &["</v2/app/referrers/none>; rel=\"first\", <PATH>; rel=\"next\""][..],
        &["</v2/app/referrers/none>; rel=\"prev\"", "<PATH>; rel=\"next\""],
        &["</v2/app/referrers/none>; title=\"a, <b>; rel=next\"; rel=first,<PATH>;Rel=next"],
        &["<PATH>; rel=\"last next\""],
    ] {
        let (registry, digest) = with(Place::Referrers, &[bundle(Place::Referrers, "signed")]);
        let path = format!("/v2/app/referrers/{digest}");
        let page = links.iter().fold(Response::json(200, &empty), |page, link| {
            page.header("Link", &link.replace("PATH", &format!("{path}?page=1.")))
        });
        registry.inject(&format!("GET {path}"), 1, Fault::AnswerAfterLogin(page));
        let checked = check(&registry, &signature());
        assert_eq!((shown(&checked).as_str(), checked.requests), ("met", 5), "{links:?}");
    }
}

#[test]
fn pages_in_a_circle_are_read_once() {
    let (registry, digest) = with(Place::Referrers, &[]);
    let path = format!("/v2/app/referrers/{digest}");
    let list = serde_json::json!({ "schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": [] });
    let page = Response::json(200, &list).header("Link", &format!("<{path}>; rel=\"next\""));
    registry.inject(&format!("GET {path}"), ALWAYS, Fault::AnswerAfterLogin(page));
    let checked = check(&registry, &signature());
    assert_eq!(shown(&checked), "a page of the list of what is attached leads back to one before it");
    let lists = registry.request_lines().iter().filter(|line| line.contains("/referrers/")).count();
    assert_eq!(lists, 1);
}

/// Returns the only failure of a check of a signature: whose it is to mend it, what it says first, and what to do.
#[track_caller]
fn failure(registry: &Registry, requirements: &[Requirement]) -> (FailureKind, String, String) {
    let checked = check(registry, requirements);
    let mut failures = Failure::of_check(&reference(&registry.address(), "app:v1"), &checked, None);
    assert_eq!(failures.len(), 1, "{failures:?}");
    let failure = failures.remove(0);
    assert!(failure.message.starts_with("cannot check the signature of "), "{failure:?}");
    (failure.kind, failure.details[0].replace(&registry.address(), "REG"), failure.hint.unwrap())
}

const EMPTY_LIST: &str = r#"{"schemaVersion":2,"manifests":[]}"#;

fn page() -> Response {
    Response::new(200).header("Content-Type", "text/html").body(b"<html>maintenance</html>")
}

/// A further page that cannot be had is no end of the list, and nothing that the owner of the image can mend.
#[test]
fn a_page_that_is_missing_is_told() {
    let list = |link: &str| Response::text(200, EMPTY_LIST).header("Link", link);
    for (answer, expected) in [
        (Fault::error(404), "page 2 of the list of what is attached cannot be read: REG answered 404"),
        (Response::new(400), "page 2 of the list of what is attached cannot be read: REG answered 400"),
        (page(), "page 2 of the list of what is attached cannot be read: REG answered 200: an HTML page"),
        (Response::text(200, "{}"), "page 2 of the list of what is attached cannot be read: it is not a manifest"),
        (list("<http://example.org/>; rel=next"), "the list of what is attached goes on where it is not read"),
        (list("next: /v2/"), "the list of what is attached goes on where it is not read"),
        (list("</v2/app/referrers/none>; rel=prev, next"), "the list of what is attached goes on where it is not read"),
    ] {
        let (registry, digest) = with(Place::Referrers, &[]);
        in_pages(&registry, &digest, 2);
        registry.inject(&format!("GET /v2/app/referrers/{digest}?page=1."), ALWAYS, Fault::AnswerAfterLogin(answer));
        let (kind, detail, hint) = failure(&registry, &signature());
        assert!(kind == FailureKind::Unavailable && detail.starts_with(expected), "{expected}: {kind:?}, {detail}");
        assert!(hint.starts_with("try again"), "{hint}");
    }
}

/// The image was found there, so an answer that no registry gives says nothing of what is attached to it.
#[test]
fn an_answer_that_is_none_is_no_missing_signature() {
    let signed = signature();
    for (answer, is_list) in [
        (page(), false),
        (Response::new(200), false),
        (Response::text(200, "{}"), false),
        (Response::new(400), true),
        (Response::new(405), true),
        (Response::new(404).header("Content-Type", "text/html").body(b"<html>No</html>"), true),
    ] {
        let inject = |registry: &Registry, path: &str, times: usize| {
            registry.inject(&format!("GET /v2/app/{path}"), times, Fault::Answer(answer.clone()));
        };
        let status = answer.status;
        let told = |registry: &Registry, part: &str| {
            let (kind, detail, hint) = failure(registry, &signed);
            let is_told = detail.starts_with(&format!("{part} cannot be read: "));
            assert!(kind == FailureKind::Unavailable && is_told, "{status} {part}: {kind:?}, {detail}");
            assert!(hint.starts_with("try again"), "{hint}");
        };
        // The list: a registry without it may answer so, and its tags are looked at in any case.
        let (registry, digest) = with(Place::Tag, &[]);
        let tag = digest.replace(':', "-");
        inject(&registry, "referrers/", ALWAYS);
        if is_list {
            assert_eq!(shown(&check(&registry, &signed)), "nothing", "{status}");
        } else {
            told(&registry, "page 1 of the list of what is attached");
        }
        registry.attach("app", &digest, &simple_signing());
        assert_eq!(shown(&check(&registry, &signed)), "met", "{status}");
        // The tags.
        for suffix in ["", ".sig", ".att"] {
            let (registry, digest) = with(Place::Tag, &[]);
            inject(&registry, &format!("manifests/{tag}{suffix}"), if suffix.is_empty() { 1 } else { ALWAYS });
            told(&registry, &format!("the tag `{tag}{suffix}`"));
            registry.attach("app", &digest, &bundle(Place::Tag, "signed"));
            if !suffix.is_empty() {
                assert_eq!(shown(&check(&registry, &signed)), "met", "{status} {suffix}");
            }
        }
    }
}

/// Whoever may push can attach something that cannot be read. Another one is enough; if none is, nothing is known.
#[test]
fn one_attachment_that_cannot_be_had_hides_no_other() {
    let foreign = Attachment::bundle(Place::Referrers, b"foreign");
    let part = format!("the attachment {}", digest_of(b"foreign"));
    for (answer, kind, expected) in [
        (Response::new(400), FailureKind::Unavailable, "cannot be read: REG answered 400"),
        (page(), FailureKind::Unavailable, "cannot be read: REG answered 200: an HTML page"),
        (Response::new(500), FailureKind::Unavailable, "cannot be read: REG answered 500"),
        (Response::new(403), FailureKind::Unauthorized, "may not be read: REG answered 403"),
        (Response::new(451), FailureKind::Unauthorized, "may not be read: REG answered 451"),
    ] {
        for is_alone in [true, false] {
            let signed = bundle(Place::Referrers, "signed");
            let attached = if is_alone { vec![foreign.clone()] } else { vec![signed, foreign.clone()] };
            let (registry, _) = with(Place::Referrers, &attached);
            let blob = format!("GET /v2/app/blobs/{}", digest_of(b"foreign"));
            registry.inject(&blob, ALWAYS, Fault::AnswerAfterLogin(answer.clone()));
            if is_alone {
                let (found, detail, _) = failure(&registry, &signature());
                assert_eq!((found, detail), (kind, format!("{part} {expected}")));
            } else {
                assert_eq!(shown(&check(&registry, &signature())), "met", "{expected}");
            }
        }
    }
}

#[test]
fn what_cannot_be_read_hides_no_signature() {
    let large = Attachment::bundle(Place::Referrers, &vec![b' '; 10 << 20]);
    let (registry, digest) = with(Place::Referrers, &[bundle(Place::Referrers, "signed"), large.clone()]);
    let signed = required([Claim::Signature], &workflow());
    assert_eq!(shown(&check(&registry, &signed)), "met");
    let (alone, _) = with(Place::Referrers, &[large]);
    assert_eq!(shown(&check(&alone, &signed)), "it is too large to be read (10485760 bytes)");
    // One that claims to be small, and one that is listed and gone.
    let (padded, _) = with(Place::Referrers, &[bundle(Place::Referrers, "signed")]);
    padded.inject("GET /v2/app/blobs/", 1, Fault::Pad(10 << 20));
    assert_eq!(shown(&check(&padded, &signed)), "it is too large to be read");
    padded.inject("GET /v2/app/blobs/", 1, Fault::AnswerAfterLogin(Fault::error(404)));
    assert_eq!(shown(&check(&padded, &signed)), "it is listed, and not in the registry");
    registry.inject(&format!("GET /v2/app/referrers/{digest}"), 8, Fault::AnswerAfterLogin(Fault::error(503)));
    let blocked = check(&registry, &signed);
    assert!(matches!(&blocked.findings[..], [Finding::Blocked { .. }]), "{}", shown(&blocked));
}

/// Other bytes than those of the digest say nothing of a signature, so none is told to be missing. Another one counts.
#[test]
fn bytes_that_are_not_those_of_their_digest() {
    let signed = required([Claim::Signature], &workflow());
    for part in ["manifests/sha256:", "blobs/"] {
        let (alone, _) = with(Place::Referrers, &[bundle(Place::Referrers, "signed")]);
        let part = format!("GET /v2/app/{part}");
        alone.inject(&part, 1, Fault::Pad(100_000));
        let failures = Failure::of_check(&reference(&alone.address(), "app:v1"), &check(&alone, &signed), None);
        let [failure] = &failures[..] else { panic!("{failures:?}") };
        assert_eq!(
            (failure.kind, failure.message.contains("cannot check the signature")),
            (FailureKind::Unavailable, true)
        );
        let (both, _) =
            with(Place::Referrers, &[bundle(Place::Referrers, "signed"), bundle(Place::Referrers, "provenance")]);
        both.inject(&part, 1, Fault::Pad(100_000));
        assert_eq!(shown(&check(&both, &signed)), "met");
    }
}

/// Some registries without the list say with their 404 that nothing may be seen there. The tags tell; if they do not, nothing says
/// that the image is not signed.
#[test]
fn a_list_that_is_said_to_be_hidden() {
    let signed = required([Claim::Signature], &workflow());
    let hidden = Response::json(404, &json!({ "errors": [{ "code": "DENIED", "message": "no" }] }));
    for (attached, found) in
        [(vec![bundle(Place::Tag, "signed")], "met"), (vec![simple_signing()], "met"), (vec![], "the list is hidden")]
    {
        let (registry, digest) = with(Place::Tag, &attached);
        let list = format!("GET /v2/app/referrers/{digest}");
        registry.inject(&list, ALWAYS, Fault::Answer(hidden.clone()));
        let checked = check(&registry, &signed);
        let is_hidden = matches!(&checked.findings[..], [Finding::Blocked { verdict: Verdict::NoAccess(_), .. }]);
        assert_eq!(if is_hidden { "the list is hidden".to_owned() } else { shown(&checked) }, found);
    }
}

/// A list that is elsewhere does not lead the login there.
#[test]
fn a_further_page_of_a_list_elsewhere_gets_no_login() {
    let (registry, elsewhere) = (Registry::start(Auth::Basic(ci())), Registry::start(Auth::None));
    let digest = put_image(&registry, "app", "v1");
    registry.list_referrers();
    let url = format!("http://{}/list", elsewhere.address());
    registry.inject(&format!("GET /v2/app/referrers/{digest}"), ALWAYS, Fault::redirect_after_login(&url));
    let index = serde_json::json!({ "schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": [] });
    let page = Response::json(200, &index).header("Link", "</next>; rel=\"next\"");
    elsewhere.inject("GET /", ALWAYS, Fault::Answer(page));
    let (client, _home) = logged_in(&registry, &ci());
    let checked = check_for(&client, &registry.address(), "app:v1", &signature());
    assert_eq!(shown(&checked), "the list of what is attached goes on where it is not read");
    let requests = elsewhere.requests();
    assert!(requests.iter().all(|request| request.authorization() == Authorization::None), "{requests:?}");
    assert_eq!(requests.len(), 1, "{requests:?}");
}

/// What cannot be read of an index is no finding on a claim, which is judged by what is attached to the index.
#[test]
fn each_requirement_has_one_finding() {
    let registry = Registry::start(Auth::None);
    put_index(&registry, "v1", &[(&format!("sha256:{}", "0".repeat(64)), media_type::OCI_INDEX)]);
    let mut wanted = vec![platform("linux/amd64"), platform("linux/arm64")];
    wanted.extend(signature());
    let found = check(&registry, &wanted).findings;
    assert!(matches!(&found[..2], [Finding::Blocked { .. }, Finding::Blocked { .. }]), "{found:?}");
    assert!(matches!(&found[2..], [Finding::NotClaimed { .. }]), "{found:?}");
}

/// Debian's docker-registry has no list of referrers.
#[test]
fn a_registry_of_before_the_list() {
    let Some(mut real) = DockerRegistry::start(&Auth::None) else { return };
    let both = required([Claim::Signature, provenance(Some("org/app"), COMMIT)], &workflow());
    for (repository, attached) in [
        ("team/bundles", vec![bundle(Place::Tag, "signed"), bundle(Place::Tag, "provenance")]),
        ("team/tags", vec![simple_signing(), attestation_layer()]),
    ] {
        let source = Registry::start(Auth::None);
        let digest = put_image(&source, repository, "v1");
        for attachment in &attached {
            source.attach(repository, &digest, attachment);
        }
        real.push_from(&source, repository);
        let name = format!("{repository}:v1");
        let checked = check_for(&anonymous(), &real.address(), &name, &both);
        let lines = real.request_lines(checked.requests as usize);
        assert_eq!((shown(&checked).as_str(), lines.len()), ("met; met", 5), "{lines:?}");
    }
}
