//! The flags that say who must vouch for an image.

use std::path::PathBuf;

use clap::Args;

use super::white_space::Switch;

const ATTESTATION_HELP: &str = "\
Require an attestation of this type, by the signer that the `--verify-` flags name (can be repeated):

    spdx, cyclonedx    what the image is made of
    vuln               what a scan found
    openvex            which flaws concern the image
    vsa                that the image was verified
    test-result        how the tests ended
    release            what it was released as
    link, scai         a step of in-toto, and how it was made
    URI                any other predicate type, such as https://example.org/review/v1

What an attestation says is not judged, only that the signer made it for this image. For provenance, use `--require-provenance`.";

#[derive(Debug, Args)]
#[command(next_help_heading = "Trust")]
pub struct VerificationArguments {
    /// Require a signature by this public key: a PEM file, or its text
    #[arg(
        long,
        value_name = "FILE|PEM",
        env = "TAGSHIP_VERIFY_KEY",
        // The text begins with hyphens.
        allow_hyphen_values = true,
        conflicts_with_all = ["verify_identity", "verify_identity_regexp", "verify_issuer", "trusted_root"]
    )]
    pub verify_key: Option<String>,

    /// Require a keyless signature by this identity: the workflow's URL or the address in the certificate; needs
    /// `--verify-issuer`
    #[arg(
        long,
        value_name = "IDENTITY",
        env = "TAGSHIP_VERIFY_IDENTITY",
        requires = "verify_issuer",
        conflicts_with = "verify_identity_regexp"
    )]
    pub verify_identity: Option<String>,

    /// Require a keyless signature by an identity that this regular expression matches as a whole; needs `--verify-issuer`
    #[arg(
        long,
        value_name = "REGEXP",
        env = "TAGSHIP_VERIFY_IDENTITY_REGEXP",
        requires = "verify_issuer",
        hide_short_help = true
    )]
    pub verify_identity_regexp: Option<String>,

    /// The issuer that vouches for the identity, such as `https://token.actions.githubusercontent.com`
    #[arg(long, value_name = "URL", env = "TAGSHIP_VERIFY_ISSUER")]
    pub verify_issuer: Option<String>,

    /// Trust this Sigstore instance (`trusted_root.json`) [default: Sigstore's public one and GitHub's, built in]
    #[arg(long, value_name = "FILE", env = "TAGSHIP_TRUSTED_ROOT", requires = "verify_issuer", hide_short_help = true)]
    pub trusted_root: Option<PathBuf>,

    /// Fail if no `--verify-` flag names a signer, for example because its variable is empty
    #[arg(long, env = "TAGSHIP_REQUIRE_SIGNATURE", value_parser = Switch, hide_short_help = true)]
    pub require_signature: bool,

    /// Require SLSA provenance by that signer, and that it names the commit that the image is released as
    #[arg(long, env = "TAGSHIP_REQUIRE_PROVENANCE", value_parser = Switch)]
    pub require_provenance: bool,

    /// Require an attestation of this type by that signer, such as `spdx` (can be repeated)
    #[arg(
        long = "require-attestation",
        value_name = "TYPE",
        env = "TAGSHIP_REQUIRE_ATTESTATION",
        value_delimiter = '\n',
        long_help = ATTESTATION_HELP,
        hide_short_help = true
    )]
    pub require_attestations: Vec<String>,
}
