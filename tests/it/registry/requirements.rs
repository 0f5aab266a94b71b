//! What is behind a tag: platforms, their manifests, and the commit that an image was built from.

use serde_json::json;
use tagship::outcome::failure::Failure;
use tagship::registry::{
    CheckError, CheckedImage, Detail, Finding, InvalidResponse, Requirement, RevisedImages, Revision, Verdict,
};

use super::{anonymous, assert_check, check, check_for, ci, client_with, logged_in, reference, short, show_verdict};
use crate::support::http::Authorization;
use crate::support::registry::{ALWAYS, Auth, Fault, Format, Image, Registry, media_type};

const COMMIT: &str = "fdafd7008d04c2a2286676b92a87fd85aa9b682a";
const OTHER: &str = "b15411f387bb2a2286676b92a87fd85aa9b682a5";

pub(super) fn platform(text: &str) -> Requirement {
    Requirement::Platform(text.parse().unwrap())
}

fn revision(text: &str) -> Requirement {
    Requirement::Revision(Revision::new(text).unwrap(), RevisedImages::All)
}

/// Returns what `--platform` and `--expect-revision` require.
fn build_for(platforms: &[&str]) -> Vec<Requirement> {
    let images = RevisedImages::For(platforms.iter().map(|text| text.parse().unwrap()).collect());
    let mut requirements: Vec<_> = platforms.iter().map(|text| platform(text)).collect();
    requirements.push(Requirement::Revision(Revision::new(COMMIT).unwrap(), images));
    requirements
}

/// Shows findings in a few words, joined by `; `.
fn findings(checked: &CheckedImage) -> String {
    let shown = checked.findings.iter().map(|finding| match finding {
        Finding::Met => "met".to_owned(),
        Finding::OtherPlatforms { wanted, found } => {
            let found: Vec<_> = found.iter().map(ToString::to_string).collect();
            format!("not {wanted} but {}", found.join(" "))
        }
        Finding::OtherRevision { wanted, found, .. } => {
            format!("not {wanted:.7} but {:.7}", found.as_deref().unwrap_or("nothing"))
        }
        Finding::NotClaimed { wanted, rejected } => format!("no {}: {rejected:?}", wanted.claim),
        Finding::Blocked { part, verdict } => format!("{part}: {}", show_verdict(verdict)),
    });
    shown.collect::<Vec<_>>().join("; ")
}

fn platforms(checked: &CheckedImage) -> String {
    checked.platforms.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// Returns the path of each request, digests replaced by what they are in the order of their first request.
fn requests(registry: &Registry) -> Vec<String> {
    let mut digests: Vec<String> = Vec::new();
    let line = |line: &String| match line.find("sha256:") {
        Some(start) => {
            let digest = &line[start..start + 71];
            let known = digests.iter().position(|known| known == digest);
            let index = known.unwrap_or_else(|| {
                digests.push(digest.to_owned());
                digests.len() - 1
            });
            short(&line.replace(digest, &format!("@{}", index + 1)))
        }
        None => short(line),
    };
    registry.request_lines().iter().map(line).collect()
}

/// Checks `app:v1` for requirements, and compares what is found, which platforms are known, and every request.
#[track_caller]
fn judge(registry: &Registry, requirements: &[Requirement], found: &str, known: &str, expected: &[&str]) {
    let checked = check_for(&anonymous(), &registry.address(), "app:v1", requirements);
    let requests = requests(registry);
    assert_eq!(checked.requests as usize, requests.len());
    assert_eq!((findings(&checked).as_str(), platforms(&checked).as_str()), (found, known));
    assert_eq!(requests, expected);
    assert!(matches!(checked.verdict, Verdict::Present(_)), "{checked:?}");
}

fn with(image: &Image) -> Registry {
    let registry = Registry::start(Auth::None);
    registry.put_image("app", "v1", image);
    registry
}

#[test]
fn every_wanted_platform_answers() {
    for format in [Format::Oci, Format::Docker] {
        let image = Image::new().format(format).platforms(&["linux/amd64", "linux/arm64/v8", "linux/arm/v6"]);
        let registry = with(&image);
        let known = "linux/amd64 linux/arm64 linux/arm/v6";
        let wanted = ["linux/arm64", "linux/arm/v6"].map(platform);
        judge(&registry, &wanted, "met; met", known, &["GET app/v1 200", "HEAD app/@1 200", "HEAD app/@2 200"]);
        let wanted = ["linux/amd64", "linux/arm/v5", "windows/amd64"].map(platform);
        let found = format!("met; not linux/arm/v5 but {known}");
        let found = format!("{found}; not windows/amd64 but {known}");
        judge(&registry, &wanted, &found, known, &["GET app/v1 200", "HEAD app/@1 200"]);
    }
}

#[test]
fn an_attestation_is_no_platform() {
    let registry = with(&Image::new().with_attestation());
    judge(&registry, &[platform("linux/amd64")], "met", "linux/amd64", &["GET app/v1 200", "HEAD app/@1 200"]);
    let found = "not unknown/unknown but linux/amd64";
    judge(&registry, &[platform("unknown/unknown")], found, "linux/amd64", &["GET app/v1 200"]);
}

#[test]
fn a_single_image_says_its_platform_itself() {
    let registry = with(&Image::new().platforms(&["linux/arm64/v8"]));
    let requests = ["GET app/v1 200", "GET app/blobs/@1 200"];
    judge(&registry, &[platform("linux/arm64")], "met", "linux/arm64", &requests);
    judge(&registry, &[platform("linux/amd64")], "not linux/amd64 but linux/arm64", "linux/arm64", &requests);
}

#[test]
fn platforms_cost_nothing_where_they_are_seen_anyway() {
    let registry = with(&Image::new().platforms(&["linux/amd64", "linux/arm64"]));
    let checked = check(&anonymous(), &registry, "app:v1");
    assert_eq!(platforms(&checked), "");
    assert_check(&checked, &registry, "present", &["HEAD app/v1 200"]);
    registry.inject("HEAD /v2/app", 1, Fault::OmitDigest);
    let checked = check(&anonymous(), &registry, "app:v1");
    assert_eq!(platforms(&checked), "linux/amd64 linux/arm64");
    assert_check(&checked, &registry, "present", &["HEAD app/v1 200", "GET app/v1 200"]);
}

#[test]
fn what_the_index_names_must_be_there() {
    let registry = with(&Image::new().platforms(&["linux/amd64", "linux/arm64"]));
    let (_, index) = registry.manifest("app", "v1").unwrap();
    let index: serde_json::Value = serde_json::from_slice(&index).unwrap();
    registry.remove_manifest("app", index["manifests"][1]["digest"].as_str().unwrap());
    let wanted = ["linux/amd64", "linux/arm64"].map(platform);
    let found = "met; the manifest for linux/arm64: absent 404 MANIFEST_UNKNOWN";
    let requests = ["GET app/v1 200", "HEAD app/@1 200", "HEAD app/@2 404", "GET app/@2 404"];
    judge(&registry, &wanted, found, "linux/amd64 linux/arm64", &requests);
    let requests = ["GET app/v1 200", "GET app/@1 200", "GET app/blobs/@2 200", "GET app/@3 404"];
    let found = "met; the manifest for linux/arm64: absent 404 MANIFEST_UNKNOWN; not fdafd70 but nothing";
    let wanted = build_for(&["linux/amd64", "linux/arm64"]);
    let checked = check_for(&anonymous(), &registry.address(), "app:v1", &wanted);
    assert_eq!(findings(&checked), found);
    assert_eq!(self::requests(&registry)[..3], [requests[0], requests[1], requests[3].replace("@3", "@2").as_str()]);
}

/// Puts images for one platform, each with a version of the operating system, under `app:v1`. Returns their digests.
fn put_versions(registry: &Registry, platform: &str, versions: &[&str]) -> Vec<String> {
    let (os, architecture) = platform.split_once('/').unwrap();
    let mut entries = Vec::new();
    for version in versions {
        let image = Image::new().platforms(&[platform]).revision(COMMIT).label("version", version);
        let digest = registry.put_image("app", "part", &image);
        let platform = json!({ "os": os, "architecture": architecture, "os.version": version });
        entries.push(json!({ "digest": digest, "mediaType": media_type::OCI_MANIFEST, "platform": platform }));
    }
    let index = json!({ "schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": entries });
    registry.put_manifest("app", "v1", media_type::OCI_INDEX, index.to_string().as_bytes());
    entries.iter().map(|entry| entry["digest"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_image_of_a_platform_must_be_there() {
    let registry = Registry::start(Auth::None);
    let windows = [platform("windows/amd64")];
    let digests = put_versions(&registry, "windows/amd64", &["10.0.17763", "10.0.26100"]);
    let requests = ["GET app/v1 200", "HEAD app/@1 200", "HEAD app/@2 200"];
    judge(&registry, &windows, "met", "windows/amd64", &requests);
    registry.remove_manifest("app", &digests[1]);
    let found = "the manifest for windows/amd64 (10.0.26100): absent 404 MANIFEST_UNKNOWN";
    let requests = ["GET app/v1 200", "HEAD app/@1 200", "HEAD app/@2 404", "GET app/@2 404"];
    judge(&registry, &windows, found, "windows/amd64", &requests);
}

#[test]
fn every_image_of_a_platform_is_the_build() {
    let registry = Registry::start(Auth::None);
    let both = Image::new().revision(OTHER);
    put_versions(&registry, "linux/amd64", &["1"]);
    let (_, index) = registry.manifest("app", "v1").unwrap();
    let mut index: serde_json::Value = serde_json::from_slice(&index).unwrap();
    let mut second = index["manifests"][0].clone();
    second["digest"] = registry.put_image("app", "other", &both).into();
    let entries = index["manifests"].as_array_mut().unwrap();
    entries.push(entries[0].clone());
    entries.push(second);
    registry.put_manifest("app", "v1", media_type::OCI_INDEX, index.to_string().as_bytes());
    let wanted = build_for(&["linux/amd64"]);
    let checked = check_for(&anonymous(), &registry.address(), "app:v1", &wanted);
    assert_eq!(findings(&checked), "met; not fdafd70 but b15411f");
    assert_eq!(registry.requests().len(), 5, "an entry that is there twice is read once");
}

#[test]
fn a_machine_runs_what_was_built_for_an_older_variant() {
    let registry = with(&Image::new().platforms(&["linux/amd64", "linux/arm/v5", "linux/arm/v6"]));
    let known = "linux/amd64 linux/arm/v5 linux/arm/v6";
    judge(&registry, &[platform("linux/arm/v7")], "met", known, &["GET app/v1 200", "HEAD app/@1 200"]);
    judge(&registry, &[platform("linux/amd64/v3")], "met", known, &["GET app/v1 200", "HEAD app/@1 200"]);
    let found = format!("not linux/arm64 but {known}");
    judge(&registry, &[platform("linux/arm64")], &found, known, &["GET app/v1 200"]);
    let (_, index) = registry.manifest("app", "v1").unwrap();
    let index: serde_json::Value = serde_json::from_slice(&index).unwrap();
    registry.remove_manifest("app", index["manifests"][2]["digest"].as_str().unwrap());
    let found = "the manifest for linux/arm/v6: absent 404 MANIFEST_UNKNOWN";
    let requests = ["GET app/v1 200", "HEAD app/@1 404", "GET app/@1 404"];
    judge(&registry, &[platform("linux/arm/v7")], found, known, &requests);
    let registry = with(&Image::new().platforms(&["linux/arm/v7", "linux/arm/v6"]));
    let found = "not linux/arm/v5 but linux/arm/v7 linux/arm/v6";
    judge(&registry, &[platform("linux/arm/v5")], found, "linux/arm/v7 linux/arm/v6", &["GET app/v1 200"]);
}

#[test]
fn what_is_no_image_is_called_what_it_is() {
    const HELM: &str = "application/vnd.cncf.helm.config.v1+json";
    const SIGNED: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    let digest = format!("sha256:{}", "0".repeat(64));
    let unknown = json!({ "os": "unknown", "architecture": "unknown" });
    for (manifest, expected) in [
        (json!({ "schemaVersion": 1, "fsLayers": [] }), "a schema 1 image, which containerd no longer pulls"),
        (json!({ "schemaVersion": 2, "manifests": [] }), "an index without images"),
        (
            json!({ "schemaVersion": 2, "manifests": [{ "digest": digest, "platform": unknown }] }),
            "an index of attestations, without images",
        ),
        (
            json!({ "schemaVersion": 2, "config": { "digest": digest, "mediaType": HELM } }),
            "a Helm chart, not a container image",
        ),
        (
            json!({ "schemaVersion": 2, "config": { "digest": digest, "mediaType": "a/b" } }),
            "an artifact of the type `a/b`, not a container image",
        ),
    ] {
        let registry = Registry::start(Auth::None);
        registry.put_manifest("app", "v1", media_type::OCI_MANIFEST, manifest.to_string().as_bytes());
        for requirement in [platform("linux/amd64"), revision(COMMIT)] {
            let checked = check_for(&anonymous(), &registry.address(), "app:v1", &[requirement]);
            assert_check(&checked, &registry, expected, &["GET app/v1 200"]);
        }
        registry.inject("HEAD /v2/", 1, Fault::status(405));
        assert_eq!(super::show(&check(&anonymous(), &registry, "app:v1")), expected, "the body is read anyway");
    }
    let registry = with(&Image::new());
    let (_, bytes) = registry.manifest("app", "v1").unwrap();
    let signed = crate::support::http::Response::new(200).header("Content-Type", SIGNED);
    let signed = signed.header("Docker-Content-Digest", &crate::support::registry::digest_of(&bytes));
    registry.inject("HEAD /v2/", 1, Fault::Answer(signed));
    let checked = check(&anonymous(), &registry, "app:v1");
    assert_check(&checked, &registry, "a schema 1 image, which containerd no longer pulls", &["HEAD app/v1 200"]);
}

#[test]
fn odd_labels_hide_no_others() {
    let registry = with(&Image::new());
    let config = json!({
        "os": "linux",
        "architecture": "amd64",
        "config": { "Labels": { "a": null, "b": 7, "org.opencontainers.image.revision": COMMIT } },
    });
    let config = config.to_string();
    let digest = crate::support::registry::digest_of(config.as_bytes());
    let manifest = json!({
        "schemaVersion": 2,
        "config": { "digest": digest },
        "annotations": { "a": null, "b": 7 },
    });
    registry.put_manifest("app", "v1", media_type::OCI_MANIFEST, manifest.to_string().as_bytes());
    let blob = crate::support::http::Response::new(200).body(config.as_bytes());
    registry.inject("GET /v2/app/blobs/", ALWAYS, Fault::Answer(blob));
    let wanted = build_for(&["linux/amd64"]);
    judge(&registry, &wanted, "met; met", "linux/amd64", &["GET app/v1 200", "GET app/blobs/@1 200"]);
}

#[test]
fn a_second_look_reads_only_what_has_changed() {
    let registry = with(&Image::new().platforms(&["linux/amd64", "linux/arm64"]).revision(OTHER));
    let client = anonymous();
    let wanted = build_for(&["linux/amd64", "linux/s390x"]);
    let look = || {
        let checked = client.check(&reference(&registry.address(), "app:v1"), &wanted, Detail::Brief).unwrap();
        (findings(&checked), requests(&registry))
    };
    let found = "met; not linux/s390x but linux/amd64 linux/arm64; not fdafd70 but b15411f";
    let (first, all) = look();
    assert_eq!((first.as_str(), all.len()), (found, 3), "{all:?}");
    for _ in 0..3 {
        assert_eq!(look(), (found.to_owned(), vec!["HEAD app/v1 200".to_owned()]));
    }
    registry.put_image("app", "v1", &Image::new().platforms(&["linux/amd64", "linux/s390x"]).revision(COMMIT));
    let (second, lines) = look();
    assert_eq!(
        (second.as_str(), lines[..2].to_vec()),
        ("met; met; met", vec!["HEAD app/v1 200", "GET app/v1 200"].into_iter().map(str::to_owned).collect())
    );
}

#[test]
fn a_part_that_was_missing_is_looked_for_again() {
    let registry = with(&Image::new().platforms(&["linux/amd64", "linux/arm64"]));
    let (media_type, index) = registry.manifest("app", "v1").unwrap();
    let index: serde_json::Value = serde_json::from_slice(&index).unwrap();
    let missing = index["manifests"][1]["digest"].as_str().unwrap();
    let (_, part) = registry.manifest("app", missing).unwrap();
    registry.remove_manifest("app", missing);
    let client = anonymous();
    let look = || {
        let wanted = [platform("linux/arm64")];
        let checked = client.check(&reference(&registry.address(), "app:v1"), &wanted, Detail::Brief).unwrap();
        (findings(&checked), requests(&registry))
    };
    assert_eq!(look().0, "the manifest for linux/arm64: absent 404 MANIFEST_UNKNOWN");
    registry.put_manifest("app", "part", &media_type, &part);
    assert_eq!(look(), ("met".to_owned(), vec!["HEAD app/v1 200".to_owned(), "HEAD app/@1 200".to_owned()]));
}

#[test]
fn a_head_that_names_another_digest_than_the_body_has_is_not_asked_again() {
    let registry = with(&Image::new().revision(OTHER));
    registry.inject("HEAD /v2/app/manifests/v1", ALWAYS, Fault::WrongDigest);
    let client = anonymous();
    let look = || {
        let wanted = [revision(COMMIT)];
        let checked = client.check(&reference(&registry.address(), "app:v1"), &wanted, Detail::Brief).unwrap();
        (findings(&checked), requests(&registry))
    };
    look();
    assert_eq!(look().1, ["HEAD app/v1 200", "GET app/v1 200"]);
    assert_eq!(look().1, ["GET app/v1 200"]);
    registry.put_image("app", "v1", &Image::new().revision(COMMIT));
    assert_eq!(look().0, "met");
}

#[test]
fn the_commit_that_an_image_was_built_from() {
    const KEY: &str = "org.opencontainers.image.revision";
    let both = ["linux/amd64", "linux/arm64"];
    for (image, found) in [
        (Image::new().revision(COMMIT), "met"),
        (Image::new().revision(COMMIT).format(Format::Docker), "met"),
        (Image::new().revision(OTHER), "not fdafd70 but b15411f"),
        (Image::new().revision(OTHER).annotation(KEY, COMMIT), "not fdafd70 but b15411f"),
        (Image::new().annotation(KEY, COMMIT), "met"),
        (Image::new().annotation(KEY, OTHER), "not fdafd70 but b15411f"),
        (Image::new(), "not fdafd70 but nothing"),
        (Image::new().revision(""), "not fdafd70 but nothing"),
        (Image::new().revision(&COMMIT[..7]), "met"),
    ] {
        let registry = with(&image);
        judge(&registry, &[revision(COMMIT)], found, "linux/amd64", &["GET app/v1 200", "GET app/blobs/@1 200"]);
        let registry = with(&image.platforms(&both).with_attestation());
        let requests =
            ["GET app/v1 200", "GET app/@1 200", "GET app/blobs/@2 200", "GET app/@3 200", "GET app/blobs/@4 200"];
        let until_one_differs = if found == "met" { &requests[..] } else { &requests[..3] };
        judge(&registry, &[revision(COMMIT)], found, "linux/amd64 linux/arm64", until_one_differs);
    }
}

/// Returns a registry whose `app:v1` is an index of the image for amd64, and of this other one.
fn mixed(other: &Image, platform: Option<&str>) -> Registry {
    let registry = Registry::start(Auth::None);
    let mut entries = Vec::new();
    for (tag, image, platform) in [("one", &Image::new().revision(COMMIT), Some("amd64")), ("other", other, platform)] {
        let mut entry = json!({ "digest": registry.put_image("app", tag, image), "size": 1 });
        if let Some(architecture) = platform {
            entry["platform"] = json!({ "os": "linux", "architecture": architecture });
        }
        entries.insert(0, entry);
    }
    let index = json!({ "schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": entries });
    registry.put_manifest("app", "v1", media_type::OCI_INDEX, index.to_string().as_bytes());
    registry
}

/// Without a wanted platform, any of the images may be the one that runs.
#[test]
fn each_image_of_an_index_is_the_build() {
    let other = Image::new().revision(OTHER);
    for (image, platform, found) in [
        (&other, Some("arm64"), "not fdafd70 but b15411f"),
        (&other, None, "not fdafd70 but b15411f"),
        (&Image::new(), Some("arm64"), "not fdafd70 but nothing"),
        (&Image::new().revision(COMMIT), None, "met"),
    ] {
        let registry = mixed(image, platform);
        let checked = check_for(&anonymous(), &registry.address(), "app:v1", &[revision(COMMIT)]);
        assert_eq!(findings(&checked), found, "{platform:?}");
    }
}

/// A person looks at the image for their own machine first, which may be the right one.
#[test]
fn the_platform_that_is_another_build_is_named() {
    let details = |registry: &Registry| {
        let checked = check_for(&anonymous(), &registry.address(), "app:v1", &[revision(COMMIT)]);
        let [failure] = &Failure::of_check(&reference(&registry.address(), "app:v1"), &checked, None)[..] else {
            panic!("{checked:?}")
        };
        failure.details.join("; ")
    };
    let other = mixed(&Image::new().revision(OTHER), Some("arm64"));
    assert_eq!(details(&other), format!("the revision of its image for linux/arm64 is `{OTHER}`"));
    let unnamed = mixed(&Image::new(), Some("arm64"));
    assert_eq!(details(&unnamed), "its image for linux/arm64 has no such label");
    let single = with(&Image::new().revision(OTHER));
    assert_eq!(details(&single), format!("its revision is `{OTHER}`"));
}

#[test]
fn each_wanted_platform_is_the_build() {
    let registry = with(&Image::new().platforms(&["linux/amd64", "linux/arm64", "linux/s390x"]).revision(COMMIT));
    let requests =
        ["GET app/v1 200", "GET app/@1 200", "GET app/@2 200", "GET app/blobs/@3 200", "GET app/blobs/@4 200"];
    let wanted = build_for(&["linux/arm64", "linux/amd64"]);
    judge(&registry, &wanted, "met; met; met", "linux/amd64 linux/arm64 linux/s390x", &requests);
}

/// Puts an index of `inner`, each a digest and a media type, under a tag. Returns its digest.
pub(super) fn put_index(registry: &Registry, tag: &str, inner: &[(&str, &str)]) -> String {
    let entries: Vec<_> =
        inner.iter().map(|(digest, kind)| json!({ "digest": digest, "mediaType": kind, "size": 1 })).collect();
    let index = json!({ "schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": entries });
    registry.put_manifest("app", tag, media_type::OCI_INDEX, index.to_string().as_bytes())
}

#[test]
fn an_index_in_an_index() {
    let registry = Registry::start(Auth::None);
    let both = Image::new().platforms(&["linux/amd64", "linux/arm64"]).revision(COMMIT);
    let inner = registry.put_image("app", "inner", &both);
    let single = registry.put_image("app", "single", &Image::new().platforms(&["linux/s390x"]));
    put_index(&registry, "v1", &[(&inner, media_type::OCI_INDEX), (&single, media_type::OCI_MANIFEST)]);
    let requests = ["GET app/v1 200", "GET app/@1 200", "HEAD app/@2 200"];
    judge(&registry, &[platform("linux/arm64")], "met", "linux/amd64 linux/arm64", &requests);
    let requests = ["GET app/v1 200", "GET app/@1 200", "GET app/@2 200", "GET app/blobs/@3 200"];
    judge(&registry, &[platform("linux/s390x")], "met", "linux/amd64 linux/arm64 linux/s390x", &requests);
}

/// What has a platform is an image; an entry without one need not be.
#[test]
fn an_entry_that_is_no_image_has_no_revision() {
    let registry = Registry::start(Auth::None);
    let digest = registry.put_image("app", "image", &Image::new().revision(COMMIT));
    let chart = json!({ "schemaVersion": 2, "config": { "mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": digest, "size": 2 }, "layers": [] });
    let chart = registry.put_manifest("app", "chart", media_type::OCI_MANIFEST, chart.to_string().as_bytes());
    let entries = json!([{ "digest": chart, "size": 1 }, { "digest": digest, "size": 1, "platform": { "os": "linux", "architecture": "amd64" } }]);
    let index = json!({ "schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": entries });
    registry.put_manifest("app", "v1", media_type::OCI_INDEX, index.to_string().as_bytes());
    let checked = check_for(&anonymous(), &registry.address(), "app:v1", &[revision(COMMIT)]);
    assert_eq!(findings(&checked), "met");
    let image = reference(&registry.address(), "app:v1");
    let built_from = anonymous().built_from(&image).unwrap().map(|built_from| built_from.revision);
    assert_eq!(built_from.as_deref(), Some(COMMIT));
}

#[test]
fn an_inner_index_that_is_missing() {
    let registry = Registry::start(Auth::None);
    let digest = format!("sha256:{}", "0".repeat(64));
    put_index(&registry, "v1", &[(&digest, media_type::DOCKER_LIST)]);
    let found = "the inner index: absent 404 MANIFEST_UNKNOWN; the inner index: absent 404 MANIFEST_UNKNOWN";
    let wanted = build_for(&["linux/amd64"]);
    judge(&registry, &wanted, found, "", &["GET app/v1 200", "GET app/@1 404"]);
}

#[test]
fn indexes_without_end_are_not_followed() {
    let registry = Registry::start(Auth::None);
    let mut digest = registry.put_image("app", "inmost", &Image::new().with_attestation());
    for _ in 0..4 {
        digest = put_index(&registry, "v1", &[(&digest, media_type::OCI_INDEX)]);
    }
    let error = |registry: &Registry| {
        let reference = reference(&registry.address(), "app:v1");
        let error = anonymous().check(&reference, &[platform("linux/amd64")], Detail::Full).expect_err("no verdict");
        let CheckError::InvalidResponse { source, .. } = error else { panic!("{error:?}") };
        (source, registry.requests().len())
    };
    assert_eq!(error(&registry), (InvalidResponse::Nested, 4));
    let inner = registry.put_image("app", "inner", &Image::new().with_attestation());
    put_index(&registry, "v1", &vec![(inner.as_str(), media_type::OCI_INDEX); 1000]);
    assert_eq!(error(&registry), (InvalidResponse::Nested, 2), "the same one is read once");
}

#[test]
fn what_is_neither_image_nor_index() {
    let registry = Registry::start(Auth::None);
    let digest = format!("sha256:{}", "0".repeat(64));
    for manifest in [
        json!({ "schemaVersion": 2 }),
        json!({ "schemaVersion": 2, "manifests": [], "config": { "digest": digest }, "layers": [] }),
        json!({ "schemaVersion": 2, "config": { "digest": "../../token" } }),
    ] {
        registry.put_manifest("app", "v1", media_type::OCI_MANIFEST, manifest.to_string().as_bytes());
        // With a requirement its body is read, and so it is where `HEAD` is refused.
        let checked = check_for(&anonymous(), &registry.address(), "app:v1", &[revision(COMMIT)]);
        assert_eq!(show_verdict(&checked.verdict), "neither an image nor an index of images that can be read");
    }
    registry.inject("HEAD /v2/", ALWAYS, Fault::status(405));
    let checked = check_for(&anonymous(), &registry.address(), "app:v1", &[]);
    assert_eq!(show_verdict(&checked.verdict), "neither an image nor an index of images that can be read");
}

/// An entry whose media type does not say what it is.
#[test]
fn an_entry_that_is_misnamed() {
    let registry = Registry::start(Auth::None);
    let inner = registry.put_image("app", "inner", &Image::new().platforms(&["linux/amd64", "linux/arm64"]));
    let image = registry.put_image("app", "image", &Image::new());
    for (digest, kind, found) in [
        (&inner, media_type::OCI_MANIFEST, "the manifest: an index, which the index above it calls an image"),
        (&image, media_type::OCI_INDEX, "the inner index: an image, which the index above it calls an index"),
    ] {
        put_index(&registry, "v1", &[(digest, kind)]);
        let checked = check_for(&anonymous(), &registry.address(), "app:v1", &[platform("linux/amd64")]);
        assert_eq!(findings(&checked), found);
    }
}

#[test]
fn an_absent_image_has_no_findings() {
    let registry = with(&Image::new());
    let checked = check_for(&anonymous(), &registry.address(), "app:v9", &[platform("linux/amd64")]);
    assert_check(&checked, &registry, "absent 404 MANIFEST_UNKNOWN", &["GET app/v9 404"]);
    assert!(checked.findings.is_empty());
}

#[test]
fn a_digest_is_compared_before_anything_else() {
    let registry = with(&Image::new().platforms(&["linux/amd64", "linux/arm64"]));
    let other = registry.put_image("app", "v2", &Image::new());
    let checked = check_for(&anonymous(), &registry.address(), &format!("app:v1@{other}"), &[platform("linux/amd64")]);
    assert_check(&checked, &registry, "mismatch", &["GET app/v1 200"]);
}

#[test]
fn the_way_in_with_a_login() {
    for (auth, expected) in [(Auth::Basic(ci()), 6), (Auth::Bearer(ci()), 7)] {
        let registry = Registry::start(auth);
        registry.put_image("app", "v1", &Image::new().platforms(&["linux/amd64", "linux/arm64"]).revision(COMMIT));
        let (client, _home) = logged_in(&registry, &ci());
        let checked = check_for(&client, &registry.address(), "app:v1", &[revision(COMMIT)]);
        assert_eq!((findings(&checked).as_str(), checked.requests), ("met", expected));
    }
}

#[test]
fn no_login_goes_with_a_configuration_that_lies_elsewhere() {
    let storage = Registry::start(Auth::None);
    let image = Image::new().revision(COMMIT);
    storage.put_image("app", "v1", &image);
    let registry = Registry::start(Auth::Basic(ci()));
    registry.put_image("app", "v1", &image);
    let (_, manifest) = registry.manifest("app", "v1").unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let blob = format!("/v2/app/blobs/{}", manifest["config"]["digest"].as_str().unwrap());
    let elsewhere = format!("http://{}{blob}", storage.address());
    registry.inject(&blob, ALWAYS, Fault::redirect_after_login(&elsewhere));
    let (client, _home) = client_with(&super::docker_config("HOST", &ci()), &registry);
    let checked = check_for(&client, &registry.address(), "app:v1", &[revision(COMMIT)]);
    assert_eq!((findings(&checked).as_str(), checked.requests), ("met", 4));
    let [request] = &storage.requests()[..] else { panic!("one request") };
    assert_eq!(request.authorization(), Authorization::None);
}
