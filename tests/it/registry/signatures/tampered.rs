//! A bundle of which a part is changed, exchanged or missing proves nothing.

use proptest::prelude::{ProptestConfig, any, prop, prop_assert, prop_assert_eq, proptest};
use serde_json::{Value, json};
use tagship::image::Digest;
use tagship::registry::signature::{
    Rejected, TrustedRoots, TrustedSigner, verify_attestation_layer, verify_bundle, verify_content,
    verify_simple_signing,
};

use super::{IDENTITY, ISSUER, annotations, changed, data, exact, identity, image, keyless, roots, trusted, world};

fn other() -> Value {
    serde_json::from_slice(&world("spdx.bundle.json")).unwrap()
}

fn rejected(change: impl FnOnce(&mut Value)) -> Rejected {
    verify_bundle(&changed("signed.bundle.json", change), &image(), &trusted()).unwrap_err()
}

fn not_in_log(why: &str) -> Rejected {
    Rejected::NotInLog(why.to_owned())
}

/// Removes a part of the log entry.
fn remove(bundle: &mut Value, name: &str) {
    let entry = bundle["verificationMaterial"]["tlogEntries"][0].as_object_mut().unwrap();
    entry.remove(name).unwrap();
}

fn other_entry(what: &str) -> Rejected {
    Rejected::OtherLogEntry(format!("its {what} is another one"))
}

/// Returns the strings of a document, by the pointers to them.
fn places(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                places(value, &format!("{pointer}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                places(value, &format!("{pointer}/{at}"), found);
            }
        }
        Value::String(_) => found.push(pointer.to_owned()),
        _ => {}
    }
}

/// A bundle of which a string is changed in one character is rejected, or says the same.
fn assert_no_part_counts_changed(original: &[u8], digest: &Digest, trusted: &TrustedSigner) {
    // What nothing depends on: the kind is read from the body that is signed, and a key's hint proves nothing.
    const FREE: [&str; 2] = ["/kindVersion/", "/keyid"];
    let verified = verify_bundle(original, digest, trusted).unwrap();
    let original: Value = serde_json::from_slice(original).unwrap();
    let mut all = Vec::new();
    places(&original, "", &mut all);
    assert!(all.len() > 4, "{all:?}");
    for place in all.iter().filter(|place| !FREE.iter().any(|free| place.contains(free))) {
        let text = original.pointer(place).unwrap().as_str().unwrap();
        // The name beside a signature of a checkpoint is for people.
        let name = text.find('\u{2014}').map(|start| start..start + 4 + text[start + 4..].find(' ').unwrap());
        // A digest or a key is one part. A longer text has several, such as the fields of a certificate.
        let steps = if text.len() <= 100 { 2 } else { 20 };
        let positions = (0..=steps).map(|step| text.len().saturating_sub(1) * step / steps);
        for at in positions.filter(|at| name.as_ref().is_none_or(|name| !name.contains(at))) {
            let character = if text.as_bytes()[at] == b'7' { "8" } else { "7" };
            let flipped = format!("{}{character}{}", &text[..at], &text[at + 1..]);
            let mut bundle = original.clone();
            *bundle.pointer_mut(place).unwrap() = flipped.clone().into();
            match verify_bundle(&serde_json::to_vec(&bundle).unwrap(), digest, trusted) {
                Err(_) => {}
                // Something else proves the same.
                Ok(same) if place.contains("imestamp") => assert_eq!(same, verified, "{place}"),
                Ok(_) => panic!("{place}: {flipped}"),
            }
        }
    }
}

#[test]
fn no_part_of_a_bundle_can_be_changed() {
    let image = image();
    for name in ["signed", "provenance", "hashed-v2-entry"] {
        assert_no_part_counts_changed(&world(&format!("{name}.bundle.json")), &image, &trusted());
    }
    let timestamps = keyless(exact(IDENTITY), ISSUER, &roots("trusted_root.timestamps.json"));
    assert_no_part_counts_changed(&world("timestamp-alone.bundle.json"), &image, &timestamps);
    let workflow = "https://github.com/prefix-dev/sigstore-example/.github/workflows/action.yaml@refs/heads/main";
    let public = keyless(exact(workflow), ISSUER, &TrustedRoots::built_in());
    let subject = "sha256:54303491a8418fbed24344b513546182c29b43bf282ceb433af65e2299f9271f".parse().unwrap();
    assert_no_part_counts_changed(&data("real", "conda.bundle.json"), &subject, &public);
}

/// A string of a bundle that is replaced by that of another bundle of the same signer is noticed.
#[test]
fn no_part_of_a_bundle_can_be_exchanged() {
    let original: Value = serde_json::from_slice(&world("signed.bundle.json")).unwrap();
    let mut all = Vec::new();
    places(&original, "", &mut all);
    let theirs = other();
    let differs = |place: &&String| theirs.pointer(place) != original.pointer(place);
    let exchanged: Vec<_> = all.iter().filter(differs).collect();
    assert!(exchanged.len() >= 7, "{exchanged:?}");
    for place in exchanged {
        let theirs = theirs.pointer(place).unwrap().clone();
        rejected(|bundle| *bundle.pointer_mut(place).unwrap() = theirs);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// Whatever the bytes are, there is a verdict; a bundle with any other byte is of no other signer.
    #[test]
    fn random_changes_end_in_a_verdict(at in any::<prop::sample::Index>(), byte in any::<u8>(), file in 0..4_usize) {
        let name = ["signed", "provenance", "timestamp-alone", "content"][file];
        let mut bundle = world(&format!("{name}.bundle.json"));
        let at = at.index(bundle.len());
        bundle[at] = byte;
        if let Ok(verified) = verify_bundle(&bundle, &image(), &trusted()) {
            prop_assert_eq!(identity(&verified), IDENTITY);
        }
        let annotations = annotations("simple-signing.annotations.json");
        prop_assert!(verify_attestation_layer(&bundle, &annotations, &image(), &trusted()).is_err());
    }
}

#[test]
fn the_part_that_was_exchanged_is_named() {
    let material = |part: &'static str| {
        move |bundle: &mut Value| bundle["verificationMaterial"][part] = other()["verificationMaterial"][part].clone()
    };
    assert_eq!(rejected(material("tlogEntries")), other_entry("content"));
    assert_eq!(rejected(material("certificate")), other_entry("certificate"));
    assert_eq!(rejected(|bundle| bundle["dsseEnvelope"] = other()["dsseEnvelope"].clone()), other_entry("content"));
    let signature =
        |bundle: &mut Value| bundle["dsseEnvelope"]["signatures"] = other()["dsseEnvelope"]["signatures"].clone();
    assert_eq!(rejected(signature), other_entry("signature"));
    // The payload's type is not in this entry, and is in what the signature covers.
    assert_eq!(
        rejected(|bundle| bundle["dsseEnvelope"]["payloadType"] = "text/plain".into()),
        Rejected::WrongSignature
    );
}

#[test]
fn an_entry_needs_its_proof() {
    let entry = |change: fn(&mut Value)| {
        move |bundle: &mut Value| change(&mut bundle["verificationMaterial"]["tlogEntries"][0])
    };
    let remove = |name: &'static str| move |bundle: &mut Value| remove(bundle, name);
    assert_eq!(rejected(remove("inclusionProof")), not_in_log("the proof of inclusion is missing"));
    let unsigned = entry(|entry| entry["inclusionProof"]["checkpoint"] = json!({ "envelope": "" }));
    assert_eq!(rejected(unsigned), not_in_log("the proof of inclusion is missing"));
    let grown = entry(|entry| entry["inclusionProof"]["treeSize"] = "2".into());
    assert_eq!(rejected(grown), not_in_log("the proof is of another tree than the log signed"));
    let longer = entry(|entry| entry["inclusionProof"]["hashes"] = json!(["AAAA"]));
    assert_eq!(rejected(longer), not_in_log("the proof has not the form of its tree"));
    let resigned = entry(|entry| {
        let checkpoint = other()["verificationMaterial"]["tlogEntries"][0]["inclusionProof"].clone();
        entry["inclusionProof"] = checkpoint;
    });
    assert_eq!(rejected(resigned), not_in_log("the proof does not lead to the root that the log signed"));
    let earlier = entry(|entry| entry["integratedTime"] = "1780315201".into());
    assert_eq!(rejected(earlier), not_in_log("the promise is not signed by the log"));
    // Without the promise no time is proved.
    let expected = Rejected::NoTime("it has neither a time of the log nor a timestamp".to_owned());
    assert_eq!(rejected(remove("inclusionPromise")), expected);
}

#[test]
fn an_entry_beside_the_right_one_must_be_right_too() {
    let foreign = other()["verificationMaterial"]["tlogEntries"][0].clone();
    let add = |count: usize| {
        let foreign = foreign.clone();
        rejected(move |bundle| {
            let entries = bundle["verificationMaterial"]["tlogEntries"].as_array_mut().unwrap();
            entries.extend(std::iter::repeat_n(foreign, count));
        })
    };
    assert_eq!(add(1), other_entry("content"));
    let why = "it has too many log entries or timestamps".to_owned();
    assert_eq!(add(8), Rejected::Malformed { part: "the bundle", why });
}

/// Version 0.1 needs the log's promise, 0.2 a proof; 0.3 has no chain of certificates.
#[test]
fn each_version_needs_its_own() {
    let content = |change: &dyn Fn(&mut Value)| {
        let bundle = changed("content.bundle.json", |bundle| change(bundle));
        verify_content(&bundle, &world("manifest.json"), &trusted())
    };
    let version = |number: &str| format!("application/vnd.dev.sigstore.bundle+json;version={number}");
    content(&|bundle| bundle["mediaType"] = version("0.1").into()).unwrap();
    content(&|bundle| {
        bundle["mediaType"] = version("0.1").into();
        remove(bundle, "inclusionProof");
    })
    .unwrap();
    let rejected = content(&|bundle| {
        bundle["mediaType"] = version("0.1").into();
        remove(bundle, "inclusionPromise");
    });
    assert_eq!(rejected.unwrap_err(), not_in_log("the log's promise is missing"));
    let rejected = content(&|bundle| remove(bundle, "inclusionProof"));
    assert_eq!(rejected.unwrap_err(), not_in_log("the proof of inclusion is missing"));
    let rejected = content(&|bundle| bundle["mediaType"] = version("0.3").into());
    let why = "it must have one certificate or one key".to_owned();
    assert_eq!(rejected.unwrap_err(), Rejected::Malformed { part: "the bundle", why });
    let rejected = content(&|bundle| bundle["mediaType"] = version("0.4").into());
    assert_eq!(rejected.unwrap_err(), Rejected::Unsupported(format!("the bundle type `{}`", version("0.4"))));
}

#[test]
fn the_annotations_of_a_layer_cannot_be_changed() {
    let payload = world("simple-signing.payload.json");
    let verify = |name: &str, value: &str| {
        let mut annotations = annotations("simple-signing.annotations.json");
        annotations.insert(name.to_owned(), value.to_owned());
        verify_simple_signing(&payload, &annotations, &image(), &trusted()).unwrap_err()
    };
    let attested = annotations("attestation.annotations.json");
    let (certificate, bundle) = ("dev.sigstore.cosign/certificate", "dev.sigstore.cosign/bundle");
    assert_eq!(verify(certificate, &attested[certificate]), other_entry("certificate"));
    assert_eq!(verify(bundle, &attested[bundle]), Rejected::OtherLogEntry("it is about an envelope".to_owned()));
    assert_eq!(verify(certificate, ""), Rejected::NoCertificate);
    assert_eq!(verify(bundle, ""), not_in_log("it has no entry"));
    let signature = &annotations("key.p256.annotations.json")["dev.cosignproject.cosign/signature"];
    assert_eq!(verify("dev.cosignproject.cosign/signature", signature), other_entry("signature"));
    for name in [certificate, bundle, "dev.sigstore.cosign/rfc3161timestamp", "dev.cosignproject.cosign/signature"] {
        assert!(matches!(verify(name, "{"), Rejected::Malformed { .. }), "{name}");
    }
}

#[test]
fn what_is_too_large_or_too_deep_is_refused() {
    let large = changed("signed.bundle.json", |bundle| bundle["more"] = "x".repeat(10 << 20).into());
    assert_eq!(verify_bundle(&large, &image(), &trusted()), Err(Rejected::TooLarge { limit: 8 }));
    let large = vec![b' '; 10 << 20];
    let signed = annotations("simple-signing.annotations.json");
    assert_eq!(verify_simple_signing(&large, &signed, &image(), &trusted()), Err(Rejected::TooLarge { limit: 8 }));
    let deep = |open: &str| [r#"{"more":"#, &open.repeat(100_000)].concat();
    for bundle in [deep("["), deep(r#"{"a":"#), String::new(), "{}".to_owned(), "[]".to_owned(), "null".to_owned()] {
        let rejected = verify_bundle(bundle.as_bytes(), &image(), &trusted()).unwrap_err();
        assert!(matches!(rejected, Rejected::Malformed { part: "the bundle", .. }), "{rejected}");
    }
}
