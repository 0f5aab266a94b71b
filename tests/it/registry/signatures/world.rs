//! Every form in which an image is signed is accepted, and each part that is wrong is named.

use std::sync::Arc;

use serde_json::{Value, json};
use tagship::registry::signature::{
    IdentityPattern, PatternError, Rejected, SignedBy, TrustedRoots, Verified, verify_attestation_layer, verify_bundle,
    verify_content, verify_simple_signing,
};

use super::{COMMIT, IDENTITY, ISSUER, annotations, data, exact, identity, image, keyless, roots, trusted, world};

const NOON: &str = "2026-06-01T12:00:00Z";

fn verify(name: &str) -> Result<Verified, Rejected> {
    verify_bundle(&world(name), &image(), &trusted())
}

#[test]
fn bundles_are_accepted() {
    for (name, predicate, is_logged) in [
        ("signed", "https://sigstore.dev/cosign/sign/v1", true),
        ("provenance", "https://slsa.dev/provenance/v1", true),
        ("provenance-v0.2", "https://slsa.dev/provenance/v0.2", true),
        ("spdx", "https://spdx.dev/Document", true),
        ("intoto-entry", "https://sigstore.dev/cosign/sign/v1", true),
        ("dsse-v2-entry", "https://sigstore.dev/cosign/sign/v1", true),
        ("hashed-v2-entry", "https://sigstore.dev/cosign/sign/v1", true),
    ] {
        let verified = verify(&format!("{name}.bundle.json")).unwrap_or_else(|rejected| panic!("{name}: {rejected}"));
        assert_eq!(verified.statement.unwrap().predicate_type, predicate, "{name}");
        assert_eq!(verified.signed, Some(NOON.parse().unwrap()), "{name}");
        assert_eq!(verified.logged.is_some(), is_logged, "{name}");
        let SignedBy::Certificate(certified) = verified.by else { panic!("{name}") };
        assert_eq!((certified.identity.as_str(), certified.issuer.as_str()), (IDENTITY, ISSUER));
        assert_eq!(certified.source_repository.as_deref(), Some("https://github.com/org/app"));
        assert_eq!(certified.source_commit.as_deref(), Some(COMMIT));
    }
}

#[test]
fn a_timestamp_is_enough_if_the_roots_have_no_log() {
    let signer = keyless(exact(IDENTITY), ISSUER, &roots("trusted_root.timestamps.json"));
    let verified = verify_bundle(&world("timestamp-alone.bundle.json"), &image(), &signer).unwrap();
    assert_eq!((verified.signed, verified.logged), (Some(NOON.parse().unwrap()), None));
    assert_eq!(verify("timestamp-alone.bundle.json"), Err(Rejected::NotInLog("it has no entry".to_owned())));
}

/// A log whose key cannot be read is no missing log, which would ask for less.
#[test]
fn roots_whose_logs_are_all_unknown_are_refused() {
    let staging: Value = serde_json::from_slice(&data("real", "staging.trusted_root.json")).unwrap();
    let rsa = &staging["ctlogs"][0];
    assert_eq!(rsa["publicKey"]["keyDetails"], "PKCS1_RSA_PKCS1V5");
    for list in ["tlogs", "ctlogs"] {
        let mut root: Value = serde_json::from_slice(&world("trusted_root.json")).unwrap();
        root[list] = json!([rsa]);
        let error = TrustedRoots::parse(&serde_json::to_vec(&root).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), format!("it has no key in its `{list}` that can be read"));
        // Beside one that is known, it is left out.
        let mut root: Value = serde_json::from_slice(&world("trusted_root.json")).unwrap();
        root[list].as_array_mut().unwrap().push(rsa.clone());
        let roots = TrustedRoots::parse(&serde_json::to_vec(&root).unwrap()).unwrap();
        let signer = keyless(exact(IDENTITY), ISSUER, &Arc::new(roots));
        assert!(verify_bundle(&world("signed.bundle.json"), &image(), &signer).is_ok());
    }
}

/// What is misspelt or left out would be asked for no more.
#[test]
fn roots_that_say_too_little_are_refused() {
    let renamed = |from: &str, to: &str| {
        let text = String::from_utf8(world("trusted_root.json")).unwrap();
        assert!(text.contains(&format!("\"{from}\"")));
        text.replace(&format!("\"{from}\""), &format!("\"{to}\""))
    };
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut root: Value = serde_json::from_slice(&world("trusted_root.json")).unwrap();
        change(&mut root);
        root.to_string()
    };
    let removed = |list: &str| changed(&|root| drop(root.as_object_mut().unwrap().remove(list)));
    let emptied = |list: &str| changed(&|root| root[list] = json!([]));
    for (root, expected) in [
        (renamed("ctlogs", "ctLogs"), "unknown field `ctLogs`, expected one of "),
        (renamed("tlogs", "tLogs"), "unknown field `tLogs`, expected one of "),
        (renamed("timestampAuthorities", "timestampauthorities"), "unknown field `timestampauthorities`"),
        (renamed("validFor", "validfor"), "unknown field `validfor`"),
        (renamed("start", "from"), "unknown field `from`, expected `start` or `end`"),
        (removed("ctlogs"), "it has `tlogs` and no `ctlogs`"),
        (emptied("ctlogs"), "it has `tlogs` and no `ctlogs`"),
        (removed("tlogs"), "it has `ctlogs` and no `tlogs`"),
        (emptied("tlogs"), "it has `ctlogs` and no `tlogs`"),
        (
            changed(&|root| drop(root["tlogs"][0].as_object_mut().unwrap().remove("publicKey"))),
            "missing field `publicKey`",
        ),
    ] {
        let error = TrustedRoots::parse(root.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}: {expected}");
    }
}

#[test]
fn content_is_accepted() {
    let manifest = world("manifest.json");
    let verified = verify_content(&world("content.bundle.json"), &manifest, &trusted()).unwrap();
    assert_eq!(identity(&verified), IDENTITY);
    let verified = verify_content(&world("signed.bundle.json"), &manifest, &trusted()).unwrap();
    assert!(verified.statement.is_some());
}

#[test]
fn layers_of_cosign_are_accepted() {
    let payload = world("simple-signing.payload.json");
    let signed = annotations("simple-signing.annotations.json");
    let verified = verify_simple_signing(&payload, &signed, &image(), &trusted()).unwrap();
    assert_eq!(identity(&verified), IDENTITY);
    assert!(verified.logged.is_some());
    for name in ["attestation", "attestation-intoto"] {
        let layer = world(&format!("{name}.layer.json"));
        let attested = annotations(&format!("{name}.annotations.json"));
        let verified = verify_attestation_layer(&layer, &attested, &image(), &trusted()).unwrap();
        assert_eq!(verified.statement.unwrap().predicate_type, "https://slsa.dev/provenance/v1", "{name}");
    }
    // The oldest kind of entry has a hash of the layer, to the byte.
    let layer = [&world("attestation-intoto.layer.json")[..], b"\n"].concat();
    let attested = annotations("attestation-intoto.annotations.json");
    let rejected = verify_attestation_layer(&layer, &attested, &image(), &trusted()).unwrap_err();
    assert_eq!(rejected, Rejected::OtherLogEntry("its content is another one".to_owned()));
}

#[test]
fn what_fails_is_named() {
    let at_one = "2026-06-01T13:00:00Z".parse().unwrap();
    let unknown = |part, issuer: &str| Rejected::UnknownAuthority { part, issuer: issuer.to_owned(), roots: None };
    let certificate = |why: &str| Rejected::CertificateNotInLog(why.to_owned());
    for (name, expected) in [
        ("logged-late", Rejected::Expired { part: "its certificate", at: at_one }),
        (
            "newline",
            Rejected::Malformed { part: "the certificate", why: "a control character is in its identity".to_owned() },
        ),
        ("no-proof", Rejected::NotInLog("it has no entry".to_owned())),
        ("other-authority", unknown("its certificate", "sigstore, sigstore.mock")),
        ("no-certificate-log", certificate("it has no timestamp of a log")),
        ("other-certificate-log", certificate("the log is not among the trusted roots")),
    ] {
        assert_eq!(verify(&format!("bad.{name}.bundle.json")).unwrap_err(), expected, "{name}");
    }
    let rejected = verify("bad.other-log.bundle.json").unwrap_err();
    assert!(matches!(rejected, Rejected::UnknownLog { roots: None, .. }), "{rejected}");
    let signer = keyless(exact(IDENTITY), ISSUER, &roots("trusted_root.timestamps.json"));
    for (name, expected) in [
        ("timestamped-late", Rejected::Expired { part: "its certificate", at: at_one }),
        ("other-timestamps", unknown("its timestamp", "tsa, sigstore.mock")),
        ("no-proof", Rejected::NoTime("it has neither a time of the log nor a timestamp".to_owned())),
    ] {
        let rejected = verify_bundle(&world(&format!("bad.{name}.bundle.json")), &image(), &signer).unwrap_err();
        assert_eq!(rejected, expected, "{name}");
    }
}

/// JSON of protocol buffers has base64 with or without padding, in either alphabet.
#[test]
fn base64_may_have_the_alphabet_of_urls() {
    let mut bundle: Value = serde_json::from_slice(&world("signed.bundle.json")).unwrap();
    let signature = &mut bundle["dsseEnvelope"]["signatures"][0]["sig"];
    let text = signature.as_str().unwrap().replace('+', "-").replace('/', "_");
    *signature = text.trim_end_matches('=').into();
    assert!(verify_bundle(&serde_json::to_vec(&bundle).unwrap(), &image(), &trusted()).is_ok());
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = "a?b=".into();
    let rejected = verify_bundle(&serde_json::to_vec(&bundle).unwrap(), &image(), &trusted()).unwrap_err();
    assert!(rejected.to_string().starts_with("the bundle cannot be read: a value is not base64"), "{rejected}");
}

#[test]
fn another_image_is_named() {
    let other = format!("sha256:{}", "a".repeat(64));
    let (wanted, signed) = (other.clone(), vec![image().to_string()]);
    let expected = Rejected::WrongDigest { wanted, signed };
    let other = other.parse().unwrap();
    let rejected = verify_bundle(&world("signed.bundle.json"), &other, &trusted()).unwrap_err();
    assert_eq!(rejected, expected);
    let payload = world("simple-signing.payload.json");
    let signed = annotations("simple-signing.annotations.json");
    assert_eq!(verify_simple_signing(&payload, &signed, &other, &trusted()).unwrap_err(), expected);
    let layer = world("attestation.layer.json");
    let attested = annotations("attestation.annotations.json");
    assert_eq!(verify_attestation_layer(&layer, &attested, &other, &trusted()).unwrap_err(), expected);
}

#[test]
fn both_identities_are_named() {
    let roots = roots("trusted_root.json");
    let by = |identity: IdentityPattern| {
        verify_bundle(&world("signed.bundle.json"), &image(), &keyless(identity, ISSUER, &roots))
    };
    let regexp = |text: &str| IdentityPattern::regexp(text).unwrap();
    let prefix = "https://github.com/org/app";
    let suffixed = format!("{IDENTITY}\n");
    for wrong in [
        exact(prefix),
        regexp(prefix),
        exact(""),
        regexp(""),
        exact(&suffixed),
        regexp("(?i)HTTPS://github.com/ORG"),
        regexp("a|https://github.com/org/app/|b"),
        regexp("(?x) https://github.com/org/app/ # the one"),
    ] {
        let (wanted, found) = (wrong.to_string(), IDENTITY.to_owned());
        assert_eq!(by(wrong).unwrap_err(), Rejected::WrongIdentity { wanted, found });
    }
    for right in [
        regexp("https://github.com/org/app/.*"),
        regexp("x|https://.*"),
        regexp("(?x) https://github.com/org/app/ .* # the one"),
        regexp("(?i)HTTPS://GITHUB.com/.*@refs/heads/(main|master)"),
    ] {
        assert_eq!(identity(&by(right).unwrap()), IDENTITY);
    }
    let rejected =
        verify_bundle(&world("signed.bundle.json"), &image(), &keyless(exact(IDENTITY), "https://gitlab.com", &roots));
    let (wanted, found) = ("https://gitlab.com".to_owned(), ISSUER.to_owned());
    assert_eq!(rejected.unwrap_err(), Rejected::WrongIssuer { identity: IDENTITY.to_owned(), wanted, found });
}

/// A list of 200 workflows is one that people have.
#[test]
fn how_long_a_pattern_may_be() {
    let list = |length: usize| {
        let names = (0..length)
            .map(|number| format!("https://github.com/org/service-{number}/.github/workflows/release.yml@.*"));
        names.collect::<Vec<_>>().join("|")
    };
    assert!(IdentityPattern::regexp(&list(200)).is_ok());
    let error = IdentityPattern::regexp(&list(2000)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "it is too large: a regular expression may take 512 KiB of memory; name fewer identities"
    );
    assert!(IdentityPattern::regexp("(").unwrap_err().to_string().starts_with("it is no regular expression: "));
}

#[test]
fn a_pattern_cannot_leave_its_parentheses() {
    for text in ["a)|(?:b", "(", "[", "(?x) a # b\n)|(?:b"] {
        let error: Result<_, PatternError> = IdentityPattern::regexp(text);
        assert!(error.is_err(), "{text}");
    }
}

#[test]
fn other_roots_do_not_know_the_signer() {
    let signer = |roots: &Arc<TrustedRoots>| keyless(exact(IDENTITY), ISSUER, roots);
    let rejected = verify_bundle(&world("signed.bundle.json"), &image(), &signer(&roots("trusted_root.other.json")));
    assert!(matches!(rejected.unwrap_err(), Rejected::UnknownLog { roots: None, .. }));
    let rejected =
        verify_bundle(&world("signed.bundle.json"), &image(), &signer(&TrustedRoots::built_in())).unwrap_err();
    assert!(matches!(&rejected, Rejected::UnknownAuthority { roots: Some(_), .. }), "{rejected}");
    assert!(rejected.to_string().ends_with("; the built-in trusted roots are of 2026-10-23"), "{rejected}");
}

#[test]
fn a_signature_of_a_key_has_no_identity() {
    let rejected = verify_bundle(&world("key.p256.bundle.json"), &image(), &trusted()).unwrap_err();
    assert_eq!(rejected, Rejected::NoCertificate);
}

/// Keys and authorities are trusted for a time, which the time of signing must be in.
#[test]
fn roots_are_valid_for_a_time() {
    let ended = |list: &str, key: &str| {
        let mut root: Value = serde_json::from_slice(&world("trusted_root.json")).unwrap();
        let period = root[list][0].pointer_mut(key).unwrap();
        *period = json!({ "start": "2026-01-01T00:00:00Z", "end": "2026-06-01T11:59:59Z" });
        let roots = TrustedRoots::parse(&serde_json::to_vec(&root).unwrap()).unwrap();
        let signer = keyless(exact(IDENTITY), ISSUER, &Arc::new(roots));
        verify_bundle(&world("signed.bundle.json"), &image(), &signer).unwrap_err()
    };
    let at = NOON.parse().unwrap();
    let authority = ended("certificateAuthorities", "/validFor");
    assert_eq!(authority, Rejected::Expired { part: "the authority of its certificate", at });
    assert_eq!(ended("tlogs", "/publicKey/validFor"), Rejected::Expired { part: "the key of its log", at });
    let certificate_log = ended("ctlogs", "/publicKey/validFor");
    let Rejected::Expired { part, .. } = certificate_log else { panic!("{certificate_log}") };
    assert_eq!(part, "the key of the log of its certificate");
}
