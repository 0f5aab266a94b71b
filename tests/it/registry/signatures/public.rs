//! Bundles of Sigstore's public good instance, of GitHub's and of the staging one, verified with the roots that are built in or
//! with a file.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use tagship::image::Digest;
use tagship::registry::signature::{
    IdentityPattern, PublicKey, Rejected, TrustedRoots, TrustedSigner, verify_bundle, verify_content,
};

use super::{data, exact, identity, keyless};

const GITHUB_ISSUER: &str = "https://token.actions.githubusercontent.com";

fn real(name: &str) -> Vec<u8> {
    data("real", name)
}

fn built_in(identity: &str, issuer: &str) -> TrustedSigner {
    keyless(exact(identity), issuer, &TrustedRoots::built_in())
}

fn digest(text: &str) -> Digest {
    text.parse().unwrap()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn an_attestation_of_the_public_good_instance() {
    let workflow = "https://github.com/prefix-dev/sigstore-example/.github/workflows/action.yaml@refs/heads/main";
    let subject = digest("sha256:54303491a8418fbed24344b513546182c29b43bf282ceb433af65e2299f9271f");
    let verified = verify_bundle(&real("conda.bundle.json"), &subject, &built_in(workflow, GITHUB_ISSUER)).unwrap();
    assert_eq!(identity(&verified), workflow);
    assert_eq!(verified.signed, Some(time("2025-09-01T12:13:59Z")));
    let logged = verified.logged.unwrap();
    assert_eq!((logged.index, logged.time), (456_119_071, verified.signed));
    let statement = verified.statement.unwrap();
    assert_eq!(statement.predicate_type, "https://schemas.conda.org/attestations-publish-1.schema.json");
    assert_eq!(statement.subjects, [subject.as_str()]);
}

/// The newer log says no time, so a timestamp authority does.
#[test]
fn an_attestation_in_the_newer_log() {
    let subject = digest("sha256:54303491a8418fbed24344b513546182c29b43bf282ceb433af65e2299f9271f");
    let roots = Arc::new(TrustedRoots::parse(&real("staging.trusted_root.json")).unwrap());
    let signer = keyless(exact("jku@goto.fi"), "https://github.com/login/oauth", &roots);
    let verified = verify_bundle(&real("conda-rekor-v2.bundle.json"), &subject, &signer).unwrap();
    let logged = verified.logged.unwrap();
    assert_eq!(logged.time, None);
    assert!(verified.signed > Some(time("2025-09-01T00:00:00Z")));
    // The index beside the proof is signed by nothing, so the proof's counts.
    let mut bundle: Value = serde_json::from_slice(&real("conda-rekor-v2.bundle.json")).unwrap();
    bundle["verificationMaterial"]["tlogEntries"][0]["logIndex"] = "7".into();
    let verified = verify_bundle(&serde_json::to_vec(&bundle).unwrap(), &subject, &signer).unwrap();
    assert_eq!(verified.logged, Some(logged));
}

#[test]
fn provenance_of_an_npm_package_with_its_sha512() {
    let workflow = "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main";
    let subject = digest(
        "sha512:46d4e2f74c4877316640000a6fdf8a8b59f1e0847667973e9859f774dd31b8f1\
         e0937813b777fb66a2ac67d50540fe34640966eee9fc2ccca387082b4c85cd3c",
    );
    let verified =
        verify_bundle(&real("npm-provenance.bundle.json"), &subject, &built_in(workflow, GITHUB_ISSUER)).unwrap();
    assert_eq!(verified.statement.unwrap().predicate_type, "https://slsa.dev/provenance/v1");
    assert_eq!(verified.signed, Some(time("2023-08-18T16:05:35Z")));
}

/// GitHub's instance has no log: a timestamp alone proves the time. Its signer of releases is the one that has no issuer,
/// which is the last thing that is looked at.
#[test]
fn an_attestation_of_github() {
    let subject = digest("sha256:76f1fe8593bf227cca2c089e3c16dc95014a8d3e89c5dd220530469ca043c428");
    let signer = built_in("https://dotcom.releases.github.com", "https://dotcom.releases.github.com");
    let rejected = verify_bundle(&real("github.bundle.json"), &subject, &signer).unwrap_err();
    assert_eq!(rejected, without_issuer());
    let other = digest(&format!("sha256:{}", "0".repeat(64)));
    let rejected = verify_bundle(&real("github.bundle.json"), &other, &signer).unwrap_err();
    assert!(matches!(rejected, Rejected::WrongDigest { .. }), "{rejected}");
    // And not with the public good instance alone.
    let public_good = include_bytes!("../../../../src/registry/signature/roots/public_good.json");
    let roots = Arc::new(TrustedRoots::parse(public_good).unwrap());
    let signer = keyless(exact("https://dotcom.releases.github.com"), "x", &roots);
    let rejected = verify_bundle(&real("github.bundle.json"), &subject, &signer).unwrap_err();
    let issuer = "GitHub, Inc., Fulcio Intermediate l1".to_owned();
    assert_eq!(rejected, Rejected::UnknownAuthority { part: "its certificate", issuer, roots: None });
}

fn without_issuer() -> Rejected {
    Rejected::Malformed { part: "the certificate", why: "it has no issuer of its identity".to_owned() }
}

#[test]
fn a_file_signed_with_cosign() {
    let signer = built_in("w.vollprecht@gmail.com", "https://github.com/login/oauth");
    let bundle = real("cosign-blob.bundle.json");
    let verified = verify_content(&bundle, &real("cosign-blob.txt"), &signer).unwrap();
    assert_eq!(verified.statement, None);
    let rejected = verify_content(&bundle, b"another file", &signer).unwrap_err();
    assert_eq!(rejected, Rejected::OtherLogEntry("its content is another one".to_owned()));
    let rejected = verify_bundle(&bundle, &digest(&format!("sha256:{}", "0".repeat(64))), &signer).unwrap_err();
    assert_eq!(rejected, Rejected::NeedsContent);
}

#[test]
fn signatures_of_the_staging_instance_with_its_file_of_roots() {
    let roots = Arc::new(TrustedRoots::parse(&real("staging.trusted_root.json")).unwrap());
    let signer = keyless(IdentityPattern::regexp("https://github.com/.*").unwrap(), GITHUB_ISSUER, &roots);
    let subject = digest("sha256:a0cfc71271d6e278e57cd332ff957c3f7043fdda354c4cbb190a30d56efa01bf");
    verify_bundle(&real("staging-dsse-rekor-v2.bundle.json"), &subject, &signer).unwrap();
    verify_content(&real("staging-empty.bundle.json"), b"", &signer).unwrap();
    let built_in = keyless(IdentityPattern::regexp(".*").unwrap(), GITHUB_ISSUER, &TrustedRoots::built_in());
    let rejected = verify_content(&real("staging-empty.bundle.json"), b"", &built_in).unwrap_err();
    // Its authority has the name of the public one, so that the log is what is unknown.
    assert!(matches!(rejected, Rejected::UnknownLog { roots: Some(_), .. }), "{rejected}");
    assert!(rejected.to_string().contains("2026-10-23"), "{rejected}");
}

#[test]
fn a_file_signed_with_a_key() {
    let key = TrustedSigner::Key(PublicKey::from_pem(&real("key.pub")).unwrap());
    let verified = verify_content(&real("key.bundle.json"), &real("key.txt"), &key).unwrap();
    assert!(identity(&verified).starts_with("sha256:"));
    assert_eq!((verified.signed, verified.logged), (None, None));
}

#[test]
fn an_envelope_with_two_signatures_is_not_verified() {
    let signer = built_in("x", "y");
    let subject = digest(&format!("sha256:{}", "0".repeat(64)));
    let rejected = verify_bundle(&real("two-signatures.bundle.json"), &subject, &signer).unwrap_err();
    assert_eq!(rejected, Rejected::Unsupported("an envelope with 2 signatures".to_owned()));
}

#[test]
fn the_built_in_roots_know_their_age() {
    let roots = TrustedRoots::built_in();
    let days = roots.age(time("2026-11-27T00:00:00Z")).unwrap().as_hours() / 24;
    assert_eq!(days, 35);
    assert_eq!(TrustedRoots::parse(&real("staging.trusted_root.json")).unwrap().age(Timestamp::UNIX_EPOCH), None);
}

/// `gh attestation trusted-root` prints one file after the other.
#[test]
fn several_roots_are_read_from_one_file() {
    let github = include_bytes!("../../../../src/registry/signature/roots/github.json");
    let both = [&real("staging.trusted_root.json")[..], b"\n", github].concat();
    let roots = Arc::new(TrustedRoots::parse(&both).unwrap());
    let subject = digest("sha256:76f1fe8593bf227cca2c089e3c16dc95014a8d3e89c5dd220530469ca043c428");
    let github = "https://dotcom.releases.github.com";
    let rejected = verify_bundle(&real("github.bundle.json"), &subject, &keyless(exact(github), github, &roots));
    assert_eq!(rejected.unwrap_err(), without_issuer());
    assert!(TrustedRoots::parse(b"{}").is_err());
    assert!(TrustedRoots::parse(b"").is_err());
    assert!(TrustedRoots::parse(b"no").is_err());
}
