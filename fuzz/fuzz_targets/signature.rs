//! A signature of any bytes ends in a verdict, never in a panic, and is never one of the trusted signer: the fuzzer has no key.
//! What is about one image is never about another one.
//!
//! The input is a bundle. `cargo fuzz run signature fuzz/corpus/signature fuzz/seeds/signature` starts from some; they are
//! those of `tests/sigstore/world`, so that a proof is met at all.

#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use tagship::image::Digest;
use tagship::registry::signature::{
    IdentityPattern, LayerAnnotations, SignedBy, TrustedRoots, TrustedSigner, verify_attestation_layer, verify_bundle,
    verify_content, verify_simple_signing,
};

const IDENTITY: &str = "https://github.com/org/app/.github/workflows/release.yml@refs/heads/main";

static TRUSTED: LazyLock<TrustedSigner> = LazyLock::new(|| {
    let roots = include_bytes!("../../tests/sigstore/world/trusted_root.json");
    TrustedSigner::Keyless {
        identity: IdentityPattern::regexp("https://github.com/org/.*").expect("a pattern"),
        issuer: "https://token.actions.githubusercontent.com".to_owned(),
        roots: Arc::new(TrustedRoots::parse(roots).expect("trusted roots")),
    }
});

fuzz_target!(|data: &[u8]| {
    let other: Digest = format!("sha256:{}", "0".repeat(64)).parse().expect("a digest");
    assert!(verify_bundle(data, &other, &TRUSTED).is_err());
    if let Ok(verified) = verify_content(data, include_bytes!("../../tests/sigstore/world/manifest.json"), &TRUSTED) {
        let SignedBy::Certificate(certified) = verified.by else { panic!("no key is trusted") };
        assert_eq!(certified.identity, IDENTITY);
        assert!(verified.logged.is_some() && verified.signed.is_some());
    }
    if let Ok(annotations) = serde_json::from_slice::<LayerAnnotations>(data) {
        assert!(verify_simple_signing(b"{}", &annotations, &other, &TRUSTED).is_err());
        assert!(verify_attestation_layer(data, &annotations, &other, &TRUSTED).is_err());
    }
    TrustedRoots::parse(data).map_or_else(|error| assert!(!error.to_string().is_empty()), drop);
});
