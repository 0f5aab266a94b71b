//! Bytes that are not those of the digest they were asked for by, as a cache or a store that is broken sends them. What a digest
//! names does not change, so they say nothing of the image.

use tagship::image::Reference;
use tagship::outcome::failure::{Failure, FailureKind};
use tagship::registry::{CheckError, Detail, Finding, InvalidResponse, Requirement, RevisedImages, Revision, Verdict};

use super::requirements::{platform, put_index};
use super::{anonymous, reference};
use crate::support::registry::{Auth, Fault, Image, Registry, media_type};

const COMMIT: &str = "fdafd7008d04c2a2286676b92a87fd85aa9b682a";

/// White space more is another digest, and the same manifest.
const OTHER_BYTES: Fault = Fault::Pad(5000);

#[track_caller]
fn assert_damaged(reference: &Reference, requirements: &[Requirement], what: &str) {
    let error = anonymous().check(reference, requirements, Detail::Full).expect_err(what);
    let CheckError::InvalidResponse { source, .. } = &error else { panic!("{what}: {error:?}") };
    assert_eq!(*source, InvalidResponse::OtherBytes, "{what}");
    let failure = Failure::check(reference, error);
    assert_eq!(failure.kind, FailureKind::Unavailable, "{what}");
    assert!(failure.hint.unwrap().starts_with("try again"), "{what}");
}

/// Returns a registry with an index in an index, and the digests of what is in it: the inner index, an image and its
/// configuration.
fn nested() -> (Registry, [String; 3]) {
    let registry = Registry::start(Auth::None);
    let both = Image::new().platforms(&["linux/amd64", "linux/arm64"]).revision(COMMIT);
    let inner = registry.put_image("app", "inner", &both);
    put_index(&registry, "v1", &[(&inner, media_type::OCI_INDEX)]);
    let named = |digest: &str, pointer: &str| {
        let (_, manifest) = registry.manifest("app", digest).unwrap();
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
        manifest.pointer(pointer).unwrap().as_str().unwrap().to_owned()
    };
    let image = named(&inner, "/manifests/0/digest");
    let configuration = named(&image, "/config/digest");
    (registry, [inner, image, configuration])
}

#[test]
fn a_part_of_an_image() {
    let (registry, [index, image, configuration]) = nested();
    let build = [Requirement::Revision(Revision::new(COMMIT).unwrap(), RevisedImages::All)];
    for (part, requirements) in [
        (format!("manifests/{index}"), &[platform("linux/amd64")][..]),
        (format!("manifests/{image}"), &build),
        (format!("blobs/{configuration}"), &build),
    ] {
        registry.inject(&format!("GET /v2/app/{part}"), 2, OTHER_BYTES);
        assert_damaged(&reference(&registry.address(), "app:v1"), requirements, &part);
    }
    // The image of a platform is read only if HEAD does not tell.
    for head in [Fault::OmitDigest, Fault::WrongDigest] {
        registry.inject(&format!("HEAD /v2/app/manifests/{image}"), 2, head);
        registry.inject(&format!("GET /v2/app/manifests/{image}"), 2, OTHER_BYTES);
        assert_damaged(&reference(&registry.address(), "app:v1"), &[platform("linux/amd64")], "the image");
    }
}

#[test]
fn an_image_by_its_digest() {
    let (registry, [index, ..]) = nested();
    let name = reference(&registry.address(), &format!("app@{index}"));
    let path = format!("/v2/app/manifests/{index}");
    for head in [Fault::OmitDigest, Fault::WrongDigest, Fault::status(405)] {
        registry.inject(&format!("HEAD {path}"), 2, head);
        registry.inject(&format!("GET {path}"), 2, OTHER_BYTES);
        assert_damaged(&name, &[], "alone");
    }
    registry.inject(&format!("GET {path}"), 2, OTHER_BYTES);
    assert_damaged(&name, &[platform("linux/amd64")], "for a platform");
    // Beside a tag it is the tag that may have moved.
    registry.inject("GET /v2/app/manifests/inner", 1, OTHER_BYTES);
    let beside_a_tag = reference(&registry.address(), &format!("app:inner@{index}"));
    let checked = anonymous().check(&beside_a_tag, &[platform("linux/amd64")], Detail::Full).expect("a verdict");
    assert!(matches!(checked.verdict, Verdict::Mismatch { .. }), "{checked:?}");
}

/// The next request may reach another node of a cache.
#[test]
fn other_bytes_once_are_asked_for_again() {
    let (registry, [index, image, configuration]) = nested();
    let build = [Requirement::Revision(Revision::new(COMMIT).unwrap(), RevisedImages::All)];
    for (name, part) in [
        ("app:v1".to_owned(), format!("manifests/{index}")),
        ("app:v1".to_owned(), format!("manifests/{image}")),
        ("app:v1".to_owned(), format!("blobs/{configuration}")),
        (format!("app@{index}"), format!("manifests/{index}")),
    ] {
        registry.inject(&format!("GET /v2/app/{part}"), 1, OTHER_BYTES);
        let checked = anonymous().check(&reference(&registry.address(), &name), &build, Detail::Full).expect(&part);
        assert!(matches!(checked.verdict, Verdict::Present(_)), "{part}: {checked:?}");
        assert_eq!(checked.findings, [Finding::Met], "{part}");
    }
}
