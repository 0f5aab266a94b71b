//! What signatures prove: those of a whole Sigstore that `tests/sigstore/make.mjs` made, and those of public instances.

mod keys;
mod public;
mod tampered;
mod world;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tagship::image::Digest;
use tagship::registry::signature::{
    IdentityPattern, LayerAnnotations, SignedBy, TrustedRoots, TrustedSigner, Verified,
};

const IDENTITY: &str = "https://github.com/org/app/.github/workflows/release.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn data(folder: &str, name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/sigstore").join(folder).join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns a file of the made Sigstore: of a new one if `.ci/run` has made one, else of the one that is kept.
fn world(name: &str) -> Vec<u8> {
    match std::env::var_os("TAGSHIP_SIGSTORE_WORLD") {
        Some(folder) => fs::read(PathBuf::from(folder).join(name)).unwrap(),
        None => data("world", name),
    }
}

/// Returns the digest of the image that the made Sigstore signed.
fn image() -> Digest {
    sha256(&world("manifest.json"))
}

fn sha256(bytes: &[u8]) -> Digest {
    format!("sha256:{:x}", Sha256::digest(bytes)).parse().unwrap()
}

fn annotations(name: &str) -> LayerAnnotations {
    serde_json::from_slice(&world(name)).unwrap()
}

fn roots(name: &str) -> Arc<TrustedRoots> {
    Arc::new(TrustedRoots::parse(&world(name)).unwrap())
}

fn keyless(identity: IdentityPattern, issuer: &str, roots: &Arc<TrustedRoots>) -> TrustedSigner {
    TrustedSigner::Keyless { identity, issuer: issuer.to_owned(), roots: Arc::clone(roots) }
}

fn exact(identity: &str) -> IdentityPattern {
    IdentityPattern::Exact(identity.to_owned())
}

/// Returns the signer of the made Sigstore.
fn trusted() -> TrustedSigner {
    keyless(exact(IDENTITY), ISSUER, &roots("trusted_root.json"))
}

fn identity(verified: &Verified) -> &str {
    match &verified.by {
        SignedBy::Certificate(certified) => &certified.identity,
        SignedBy::Key { fingerprint } => fingerprint,
    }
}

/// Returns a bundle of the made Sigstore, changed.
fn changed(name: &str, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut bundle: Value = serde_json::from_slice(&world(name)).unwrap();
    change(&mut bundle);
    serde_json::to_vec(&bundle).unwrap()
}
