//! Keys of every kind verify what they signed, and nothing else.

use tagship::registry::signature::{
    PublicKey, PublicKeyError, Rejected, SignedBy, TrustedSigner, verify_bundle, verify_simple_signing,
};

use super::{annotations, changed, image, world};

const KINDS: [&str; 6] = ["p256", "p384", "p384-sha256", "ed25519", "rsa-pkcs1", "rsa-pss"];

fn key(kind: &str) -> PublicKey {
    PublicKey::from_pem(&world(&format!("key.{kind}.pub"))).unwrap()
}

#[test]
fn each_key_verifies_what_it_signed() {
    let payload = world("simple-signing.payload.json");
    for kind in KINDS {
        let trusted = TrustedSigner::Key(key(kind));
        let by = SignedBy::Key { fingerprint: key(kind).fingerprint() };
        let verified = verify_bundle(&world(&format!("key.{kind}.bundle.json")), &image(), &trusted).unwrap();
        assert_eq!((&verified.by, verified.logged, verified.signed), (&by, None, None), "{kind}");
        let annotations = annotations(&format!("key.{kind}.annotations.json"));
        let verified = verify_simple_signing(&payload, &annotations, &image(), &trusted).unwrap();
        assert_eq!((verified.by, verified.statement), (by, None), "{kind}");
    }
}

/// As long as keys are rotated, a file may hold two, of which the first alone would count.
#[test]
fn a_text_with_several_keys_is_refused() {
    let both = [world("key.p256.pub"), world("key.ed25519.pub")].concat();
    let error = PublicKey::from_pem(&both).unwrap_err();
    assert_eq!(error.to_string(), "it has 2 public keys; give the one to verify with");
}

#[test]
fn no_key_verifies_what_another_signed() {
    let payload = world("simple-signing.payload.json");
    for kind in KINDS {
        let rejected = Rejected::WrongKey { wanted: key(kind).fingerprint() };
        let trusted = TrustedSigner::Key(key(kind));
        for other in KINDS.iter().filter(|other| **other != kind) {
            let bundle = world(&format!("key.{other}.bundle.json"));
            assert_eq!(verify_bundle(&bundle, &image(), &trusted), Err(rejected.clone()), "{kind} {other}");
            let annotations = annotations(&format!("key.{other}.annotations.json"));
            assert_eq!(verify_simple_signing(&payload, &annotations, &image(), &trusted), Err(rejected.clone()));
        }
        let keyless = world("signed.bundle.json");
        assert_eq!(verify_bundle(&keyless, &image(), &trusted), Err(rejected.clone()), "{kind}");
    }
}

#[test]
fn a_changed_payload_or_type_is_not_what_was_signed() {
    let trusted = TrustedSigner::Key(key("ed25519"));
    let rejected = Err(Rejected::WrongKey { wanted: key("ed25519").fingerprint() });
    for (field, value) in [("payload", "e30="), ("payloadType", "text/plain")] {
        let bundle = changed("key.ed25519.bundle.json", |bundle| bundle["dsseEnvelope"][field] = value.into());
        assert_eq!(verify_bundle(&bundle, &image(), &trusted), rejected, "{field}");
    }
    let payload = String::from_utf8(world("simple-signing.payload.json")).unwrap().replace("org/app", "org/other");
    let annotations = annotations("key.ed25519.annotations.json");
    assert_eq!(verify_simple_signing(payload.as_bytes(), &annotations, &image(), &trusted), rejected);
}

const SMALL_RSA: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCxUHPwykg9p2w5tSdnoPy2wGUC
dklZ34iCw50xU6Z/sYOh2mUz9PyyEfJR+dsooU4upkXdAiGVxsVKLiXVp+dSA/cl
WmFaKxlZ8dC9juSzRQhp51ja5R0Dp+Lc4828NH0cpnQCGDsKsg1gSn/G+RjPxdbL
Q2DJYM3cTcypbIF2GQIDAQAB
-----END PUBLIC KEY-----
";

#[test]
fn what_is_no_public_key_is_told() {
    let private = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n";
    let encrypted =
        "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nMC4=\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n";
    let unknown = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VuAyEA\n-----END PUBLIC KEY-----\n";
    for (text, expected) in [
        ("", PublicKeyError::NotPem),
        ("ssh-ed25519 AAAA", PublicKeyError::NotPem),
        (private, PublicKeyError::Private),
        (encrypted, PublicKeyError::Private),
        (unknown, PublicKeyError::Unsupported),
        (SMALL_RSA, PublicKeyError::RsaSize(1024)),
    ] {
        assert_eq!(PublicKey::from_pem(text.as_bytes()).unwrap_err(), expected, "{text}");
    }
}
