//! Flags in groups, as the commands share them.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::commit_flags::CommitArguments;
use super::proposal_flags::ProposalArguments;
use super::verify_flags::VerificationArguments;
use super::white_space::Switch;

const IMAGE_HELP: &str = "\
What to write into the entry called NAME, in kustomize's grammar:

    NAME=NEWNAME:TAG          NAME:TAG
    NAME=NEWNAME:TAG@DIGEST   NAME:TAG@DIGEST
    NAME=NEWNAME@DIGEST       NAME@DIGEST
    NAME=NEWNAME              (with `set`, or with `--tag`)

`*` in place of NEWNAME, TAG or DIGEST keeps the value of the entry. A field that is not given is removed, as kustomize does, and a note says so; `release` keeps a digest up to date, as `--pin-digest` says. Several images are written together: all of them, or none.";

const FILE_HELP: &str = "\
A file of another kind than a kustomization, or a pattern (can be repeated). Its kind shows in its content, and NAME is what the image is called in it:

    manifests              the container: `web`, or KIND/NAME/CONTAINER, as in `CronJob/report/app`
    compose                the service
    Helm values, JSON      the path: `backend.image`, `extra[0].image`, or `extra.NAME.image`
    HelmRelease            the path below `spec.values`
    Argo CD Application    the image of `kustomize.images`, or the path in `valuesObject` or `helm.parameters`
    OCIRepository          `OCIRepository/NAME`
    markers of Flux        the policy: `flux-system:web` means all values that are marked with it
    any                    with a dot before it, the path from the root: `.appVersion`

A path leads to a mapping with `repository`, `tag` and the like, to a whole reference, or to a tag alone. The tag there is replaced, and nothing else is touched. If the file has no place for the name of the image, the name is checked and not written. If it has no place for a digest, a digest is refused.";

const COMMENT_HELP: &str = "\
What becomes of the comment behind a changed value, on its line:

    keep  it stays; if it may be about the old value, a note says so
    drop  it goes
    TEXT  takes its place, as in `# commit {source}`; `{entry}`, `{tag}`, `{digest}` and `{source}` are filled in

If no changed line of an entry has a comment, TEXT is written behind the tag, or else the digest, unless the entry is in flow style. A marker of Flux (`$imagepolicy`) always stays.";

#[derive(Debug, Args)]
pub struct ImageArguments {
    /// The images to write, and into which entries
    #[arg(required = true, value_name = "IMAGE", env = "TAGSHIP_IMAGE", value_delimiter = '\n', long_help = IMAGE_HELP)]
    pub images: Vec<String>,

    #[command(flatten)]
    pub version: VersionArguments,
}

/// The way to hand over a tag that comes from outside: it stays one value, whatever is in it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Image")]
pub struct VersionArguments {
    /// Use this tag for all named images, and write these without a tag. It stays one value: use it for text that comes from
    /// outside
    #[arg(long, value_name = "TAG", env = "TAGSHIP_TAG")]
    pub tag: Option<String>,

    /// Use this digest for all named images, and write these without a digest
    #[arg(long, value_name = "DIGEST", env = "TAGSHIP_DIGEST")]
    pub digest: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Files")]
pub struct KustomizationArguments {
    /// A kustomization, or its folder, or a pattern such as 'apps/*' (can be repeated) [default: `.`, if no `--file` is given]
    ///
    /// A pattern stands for every kustomization that it matches, or whose folder it matches, and each of them that has the entry is edited: `*` is any text within one name, `**` any number of folders, `?` one character. Quote it, so that the shell does not read it. If it matches nothing, the command fails.
    #[arg(short, long = "kustomization", value_name = "PATH", env = "TAGSHIP_KUSTOMIZATION", value_delimiter = '\n')]
    pub kustomizations: Vec<String>,

    /// A file of another kind: Helm values, manifests, a compose file and the like, or a pattern (can be repeated)
    #[arg(short, long = "file", value_name = "PATH", env = "TAGSHIP_FILE", value_delimiter = '\n', long_help = FILE_HELP)]
    pub files: Vec<String>,

    /// Append an entry if NAME has none, in kustomizations and Kustomizations of Flux
    #[arg(long, env = "TAGSHIP_ADD", value_parser = Switch)]
    pub add: bool,

    /// Show the diff and change nothing
    #[arg(long, env = "TAGSHIP_DRY_RUN", value_parser = Switch)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Files")]
pub struct CommentArguments {
    /// What becomes of the comment behind a changed value; in TEXT, `{entry}`, `{tag}`, `{digest}` and `{source}` are filled in
    #[arg(
        long,
        value_name = "keep|drop|TEXT",
        env = "TAGSHIP_COMMENT",
        default_value = "keep",
        long_help = COMMENT_HELP,
        hide_short_help = true
    )]
    pub comment: String,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Image")]
pub struct RequirementArguments {
    /// Require this platform; its manifest must exist too (can be repeated)
    #[arg(long = "platform", value_name = "OS/ARCH", env = "TAGSHIP_PLATFORM", value_delimiter = '\n')]
    pub platforms: Vec<String>,

    /// Require that the image was built from this commit, by its label `org.opencontainers.image.revision`
    #[arg(long, value_name = "SHA", env = "TAGSHIP_EXPECT_REVISION")]
    pub expect_revision: Option<String>,

    /// Wait up to this long (`5m`, `24h` at most, or seconds) for an image that is missing or does not meet the requirements
    /// yet
    #[arg(long, value_name = "DURATION", env = "TAGSHIP_WAIT")]
    pub wait: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Image")]
pub struct RegistryArguments {
    /// Use plain HTTP for this registry; the default for loopback names without a CA certificate (can be repeated)
    #[arg(long, value_name = "HOST", env = "TAGSHIP_PLAIN_HTTP", value_delimiter = '\n', hide_short_help = true)]
    pub plain_http: Vec<String>,

    /// Trust this CA certificate (PEM) for registries too, beside those of the system and of docker's `certs.d`
    #[arg(long, value_name = "PATH", env = "TAGSHIP_CA_FILE", hide_short_help = true)]
    pub ca_file: Option<PathBuf>,

    /// Time limit of one check of an image, and of one wait for the git server (`30s`, `2m` or seconds; 1s to 24h). All answers
    /// in one conversation with that server may take 20 times as long
    #[arg(long, value_name = "DURATION", env = "TAGSHIP_TIMEOUT", default_value = "30s", hide_short_help = true)]
    pub timeout: String,
}

/// When to write the digest that the registry has beside the tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PinDigest {
    /// Always
    #[value(aliases = ["true", "yes", "on", "1"])]
    Always,
    /// If the entry has a digest already
    Keep,
    /// Never; a digest that the entry has is removed
    #[value(aliases = ["false", "no", "off", "0"])]
    Never,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Image")]
pub struct PinArguments {
    /// Write the digest from the registry beside the tag; for a multi-platform image, the digest of its index. Without a
    /// value: always [default: keep; for `set`: never]
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        env = "TAGSHIP_PIN_DIGEST",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "always",
        ignore_case = true
    )]
    pub pin_digest: Option<PinDigest>,
}

/// What to check before a release.
#[derive(Debug, Args)]
pub struct CheckingArguments {
    #[command(flatten)]
    pub requirements: RequirementArguments,

    #[command(flatten)]
    pub verification: VerificationArguments,

    /// Do not ask the registry; with `--pin-digest`, only in `rollback`
    #[arg(
        long,
        env = "TAGSHIP_NO_CHECK",
        value_parser = Switch,
        conflicts_with_all = [
            "platforms", "expect_revision", "wait", "verify_key", "verify_identity", "verify_identity_regexp",
            "verify_issuer", "trusted_root", "require_signature", "require_provenance", "require_attestations"
        ],
        help_heading = "Image"
    )]
    pub no_check: bool,

    #[command(flatten)]
    pub pin: PinArguments,

    #[command(flatten)]
    pub registry: RegistryArguments,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Git")]
pub struct RepositoryArguments {
    /// The configuration repository; a URL needs no checkout [default: the one around the current directory]
    #[arg(long, value_name = "URL|PATH", env = "TAGSHIP_REPO", alias = "repository", hide_env_values = true)]
    pub repo: Option<String>,

    /// The checkout's remote
    #[arg(long, value_name = "NAME", env = "TAGSHIP_REMOTE", default_value = "origin", hide_short_help = true)]
    pub remote: String,

    /// The release branch [default: the checked-out branch, else the branch of the CI run (a run of a tag or of a pull request
    /// has none); with a URL, the default branch]
    #[arg(long, value_name = "NAME", env = "TAGSHIP_BRANCH")]
    pub branch: Option<String>,

    /// Send `TAGSHIP_GIT_TOKEN` and the CI system's token over plain HTTP too, or if the certificate is not checked
    #[arg(long, env = "TAGSHIP_INSECURE_GIT", value_parser = Switch, hide_short_help = true)]
    pub insecure_git: bool,
}

/// What to do if a release started this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnOwnCommit {
    /// Do nothing, and succeed
    Skip,
    /// Do nothing, and fail
    Fail,
    /// Go on all the same
    Ignore,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Guards")]
pub struct OwnCommitArguments {
    /// What to do if only a release started this run: a further release would start it again, in a loop
    #[arg(
        long,
        value_enum,
        value_name = "WHAT",
        env = "TAGSHIP_ON_OWN_COMMIT",
        default_value_t = OnOwnCommit::Skip
    )]
    pub on_own_commit: OnOwnCommit,
}

/// What to do if the branch carries a newer release already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnSuperseded {
    /// Change nothing, and succeed
    Skip,
    /// Change nothing, and fail
    Fail,
    /// Release all the same: the builds are not compared
    Allow,
}

#[derive(Debug, Args)]
pub struct SupersededArguments {
    /// What to do if the branch has a newer release of the entry already
    #[arg(
        long,
        value_enum,
        value_name = "WHAT",
        env = "TAGSHIP_ON_SUPERSEDED",
        default_value_t = OnSuperseded::Skip,
        help_heading = "Guards"
    )]
    pub on_superseded: OnSuperseded,
}

/// The flags of all commands that commit to the release branch.
#[derive(Debug, Args)]
pub struct DeliveryArguments {
    #[command(flatten)]
    pub checking: CheckingArguments,

    #[command(flatten)]
    pub comment: CommentArguments,

    #[command(flatten)]
    pub repository: RepositoryArguments,

    #[command(flatten)]
    pub commit: CommitArguments,

    #[command(flatten)]
    pub proposal: ProposalArguments,
}

/// The flags of commands that only read a repository.
#[derive(Debug, Args)]
pub struct ReadingArguments {
    #[command(flatten)]
    pub repository: RepositoryArguments,

    /// Time limit of one wait for the git server (`30s`, `2m` or seconds; 1s to 24h). All answers in one conversation with that
    /// server may take 20 times as long
    #[arg(
        long,
        value_name = "DURATION",
        env = "TAGSHIP_TIMEOUT",
        default_value = "30s",
        help_heading = "Git",
        hide_short_help = true
    )]
    pub timeout: String,
}

#[derive(Debug, Args)]
pub struct OneKustomizationArguments {
    /// A kustomization, or its folder [default: `.`, if no `--file` is given]
    #[arg(short, long, value_name = "PATH", env = "TAGSHIP_KUSTOMIZATION", help_heading = "Files")]
    pub kustomization: Option<String>,

    /// A file of another kind, as for `release`: Helm values, manifests, a compose file and the like
    #[arg(short, long, value_name = "PATH", env = "TAGSHIP_FILE", help_heading = "Files")]
    pub file: Option<String>,
}
