//! Who must vouch for an image, as meant: the signer that the flags name, and what this signer must claim.

use std::path::Path;
use std::sync::Arc;

use crate::cli::VerificationArguments;
use crate::message::each_once;
use crate::outcome::failure::Failure;
use crate::registry::signature::{IdentityPattern, PublicKey, TrustedRoots, TrustedSigner};
use crate::registry::{AttestationType, Claim, ExpectedSource, NoAttestationType, RequiredClaim, Requirement};
use crate::request::values::{filled, listed};
use crate::system::disk::bounded_file;
use crate::system::disk::shown_path::shown_path;

/// Returns the claims that are required. `source` is the commit that provenance must name, if it is known already.
pub(super) fn required_claims(
    arguments: &VerificationArguments,
    source: Option<ExpectedSource>,
) -> Result<Vec<Requirement>, Failure> {
    let types = listed("--require-attestation", &arguments.require_attestations)?;
    let Some(signer) = signer(arguments)? else {
        let required = [
            (arguments.require_provenance, "--require-provenance"),
            (!types.is_empty(), "--require-attestation"),
            (arguments.require_signature, "--require-signature"),
        ];
        let Some((_, flag)) = required.into_iter().find(|(is_given, _)| *is_given) else { return Ok(Vec::new()) };
        return Err(Failure::usage(format!("`{flag}` does not say by which signer")).hint(
            "name the signer with `--verify-identity` and `--verify-issuer`, or with `--verify-key`; an empty variable names \
             none",
        ));
    };
    let types = types.iter().map(|text| attestation_type(text.trim())).collect::<Result<Vec<_>, _>>()?;
    let mut claims = vec![Claim::signature_beside(types.clone())];
    if arguments.require_provenance {
        claims.push(Claim::Provenance(source));
    }
    claims.extend(each_once(types).into_iter().map(Claim::Attestation));
    let by = Arc::new(signer);
    Ok(claims.into_iter().map(|claim| Requirement::Claim(RequiredClaim { claim, by: Arc::clone(&by) })).collect())
}

fn attestation_type(text: &str) -> Result<AttestationType, Failure> {
    AttestationType::new(text).map_err(|why| match why {
        NoAttestationType::Unknown => {
            let names: Vec<_> = AttestationType::names().collect();
            let failure = Failure::usage(format!("`{text}` is not a type of attestations"));
            failure.hint(format!("write {}, or the URI of the predicate type", names.join(", ")))
        }
        NoAttestationType::Provenance => {
            Failure::usage(format!("`{text}` is provenance, which `--require-attestation` does not require"))
                .hint("use `--require-provenance`, which compares its commit too")
        }
        NoAttestationType::Signature => {
            Failure::usage(format!("`{text}` is a signature, which `--require-attestation` does not require"))
                .hint("leave it out: if a signer is named, its signature is required")
        }
    })
}

/// Returns the signer that is trusted, if one is named.
fn signer(arguments: &VerificationArguments) -> Result<Option<TrustedSigner>, Failure> {
    if let Some(key) = &arguments.verify_key {
        return Ok(Some(TrustedSigner::Key(public_key(key)?)));
    }
    let identity = match (&arguments.verify_identity, &arguments.verify_identity_regexp) {
        (Some(identity), _) => IdentityPattern::Exact(filled("--verify-identity", identity)?.to_owned()),
        (None, Some(text)) => {
            let text = filled("--verify-identity-regexp", text)?;
            IdentityPattern::regexp(text)
                .map_err(|error| Failure::usage(format!("`{text}` cannot be used as an identity: {error}")))?
        }
        (None, None) if arguments.verify_issuer.is_some() => {
            return Err(Failure::usage("`--verify-issuer` does not say which of its identities")
                .hint("name the identity with `--verify-identity`, or with `--verify-identity-regexp`"));
        }
        (None, None) => return Ok(None),
    };
    let issuer = filled("--verify-issuer", arguments.verify_issuer.as_deref().unwrap_or_default())?;
    let roots = match &arguments.trusted_root {
        Some(path) => {
            let unusable = |error: &dyn std::fmt::Display| {
                Failure::usage(format!("cannot use the trusted root `{}`: {error}", path.display()))
            };
            let json = bounded_file::read(path).map_err(|error| unusable(&error))?;
            Arc::new(TrustedRoots::parse(&json).map_err(|error| unusable(&error))?)
        }
        None => TrustedRoots::built_in(),
    };
    Ok(Some(TrustedSigner::Keyless { identity, issuer: issuer.to_owned(), roots }))
}

/// Reads the key that `--verify-key` has or names. It may be a private one by mistake, so only what is a path is shown.
fn public_key(text: &str) -> Result<PublicKey, Failure> {
    if text.contains("-----BEGIN") {
        return PublicKey::from_pem(text.as_bytes())
            .map_err(|error| Failure::usage(format!("the text of `--verify-key` cannot be used: {error}")));
    }
    let path = Path::new(filled("--verify-key", text)?);
    let unusable = |error: &dyn std::fmt::Display| {
        let shown = shown_path(path).map_or("that `--verify-key` names".to_owned(), |path| format!("`{path}`"));
        Failure::usage(format!("cannot use the key {shown}: {error}"))
            .hint("name a file with a public key in the PEM form, such as `cosign.pub`")
    };
    let pem = bounded_file::read(path).map_err(|error| unusable(&error))?;
    PublicKey::from_pem(&pem).map_err(|error| unusable(&error))
}
