//! INPUTS as meant: everything that was typed, made into values that cannot be wrong by themselves. Nothing is looked up
//! yet; what is wrong here is wrong whatever the world looks like, and is a usage error.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::cli::{
    CheckArguments, Ci, Command, Environment, GitLogin, KustomizationArguments, RegistryArguments, ReleaseArguments,
    RequirementArguments, SetArguments,
};
use crate::failure::Failure;
use crate::git::{BranchName, Identity, Trailer};
use crate::image::{Field, ImageArgument, Platform, Reference};
use crate::logins;
use crate::message_template::MessageTemplate;
use crate::registry::{LoginSources, Requirement, Revision, Trust};

/// What to do.
pub enum Request {
    Release(Box<ReleaseRequest>),
    Check(CheckRequest),
    Set(SetRequest),
}

pub struct ReleaseRequest {
    pub images: Images,
    /// Where the kustomizations are, as typed: files or folders.
    pub kustomizations: Vec<String>,
    pub add: bool,
    /// `None`: the registry is not asked.
    pub registry: Option<RegistryRequest>,
    /// Whether the digest that the registry has is written beside the tag.
    pub pin_digest: bool,
    pub repository: Repository,
    pub branch: Option<BranchName>,
    pub create_branch: bool,
    pub message: CommitRequest,
    pub push_options: Vec<String>,
    pub attempts: u32,
    /// How long one request to the repository may take.
    pub timeout: Duration,
    pub ssh_command: Option<OsString>,
    pub git_logins: Vec<GitLogin>,
    pub home: Option<PathBuf>,
    pub effect: Effect,
    pub ci: Option<Ci>,
    /// Whether a CI system runs this, known to us or not.
    pub in_ci: bool,
}

/// The images to write, each name once.
pub struct Images {
    pub arguments: Vec<ImageArgument>,
    /// Names that were given more than once: kustomize lets the last one win, and so do we, aloud.
    pub repeated: Vec<String>,
}

impl Images {
    /// Returns the registry of each image, `None` where only its entry tells.
    fn registries(&self) -> Vec<Option<String>> {
        let registry = |argument: &ImageArgument| {
            let name = match &argument.change.new_name {
                Field::Set(name) => name.as_str(),
                Field::Remove => argument.name.as_str(),
                Field::Keep => return None,
            };
            Some(Reference::new(name, None, None).ok()?.registry().to_owned())
        };
        self.arguments.iter().map(registry).collect()
    }
}

/// Where the release branch is.
pub enum Repository {
    /// The remote of the checkout at or above this folder.
    Checkout {
        folder: PathBuf,
        remote: String,
    },
    Url(String),
}

/// What the commit says, as far as it does not depend on the edit.
pub struct CommitRequest {
    pub text: Option<MessageTemplate>,
    pub author: Option<Identity>,
    /// `GIT_AUTHOR_NAME` and `GIT_AUTHOR_EMAIL`.
    pub environment_author: Option<Identity>,
    /// `GIT_COMMITTER_NAME` and `GIT_COMMITTER_EMAIL`.
    pub environment_committer: Option<Identity>,
    pub trailers: Vec<Trailer>,
    /// What the title ends in to keep CI from starting again.
    pub marker: Option<String>,
    /// The time of the commit in seconds since 1970, where it is given (`GIT_COMMITTER_DATE=@SECONDS`).
    pub seconds: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    DryRun,
    Full,
}

pub struct CheckRequest {
    pub references: Vec<Reference>,
    pub registry: RegistryRequest,
}

pub struct SetRequest {
    pub images: Images,
    pub kustomizations: Vec<PathBuf>,
    pub add: bool,
    /// Where the digest that the registry has is to be written beside the tag.
    pub pin_digest: Option<RegistryRequest>,
    pub effect: Effect,
}

/// What to ask registries, and how.
pub struct RegistryRequest {
    pub requirements: Vec<Requirement>,
    /// How long an image may take to come.
    pub wait: Option<Duration>,
    pub plain_http: Vec<String>,
    pub trust: Trust,
    pub timeout: Duration,
    pub logins: LoginSources,
}

impl Request {
    pub fn new(command: &Command, environment: &Environment) -> Result<Self, Failure> {
        match command {
            Command::Release(arguments) => {
                release(arguments, environment).map(|request| Self::Release(Box::new(request)))
            }
            Command::Check(arguments) => check(arguments, environment).map(Self::Check),
            Command::Set(arguments) => set(arguments, environment).map(Self::Set),
        }
    }
}

fn release(arguments: &ReleaseArguments, environment: &Environment) -> Result<ReleaseRequest, Failure> {
    let images = images(&arguments.images.images)?;
    let asks = || registry(&arguments.registry, Some(&arguments.requirements), &images.registries(), environment);
    let registry = (!arguments.no_check).then(asks).transpose()?;
    let repository = match &arguments.repo {
        Some(repo) => repository(repo, &arguments.remote),
        None => Repository::Checkout { folder: PathBuf::from("."), remote: arguments.remote.clone() },
    };
    let ci = environment.ci();
    Ok(ReleaseRequest {
        images,
        kustomizations: listed("--kustomization", &arguments.kustomization.kustomizations)?,
        add: arguments.kustomization.add,
        registry,
        pin_digest: arguments.pin_digest,
        repository,
        branch: arguments.branch.as_deref().map(str::parse).transpose()?,
        create_branch: arguments.create_branch,
        message: commit(arguments, environment)?,
        push_options: push_options(&arguments.push_options)?,
        attempts: arguments.attempts,
        timeout: duration(&arguments.registry.timeout)?,
        ssh_command: environment.get("GIT_SSH_COMMAND").map(OsString::from),
        git_logins: environment.git_logins(),
        home: environment.path("HOME"),
        effect: effect(&arguments.kustomization),
        in_ci: ci.is_some() || environment.get("CI").is_some(),
        ci,
    })
}

/// A folder with a checkout in it stands for its remote; any other path, and any URL, is the repository itself.
fn repository(repo: &str, remote: &str) -> Repository {
    let folder = PathBuf::from(repo);
    if folder.join(".git").exists() {
        Repository::Checkout { folder, remote: remote.to_owned() }
    } else {
        Repository::Url(repo.to_owned())
    }
}

fn check(arguments: &CheckArguments, environment: &Environment) -> Result<CheckRequest, Failure> {
    let mut references = Vec::new();
    for text in &listed("REFERENCE", &arguments.references)? {
        let reference: Reference =
            text.parse().map_err(|error| Failure::usage(format!("`{text}` is not a reference: {error}")))?;
        if reference.tag().is_none() && reference.digest().is_none() {
            return Err(Failure::usage(format!("`{text}` has neither tag nor digest"))
                .hint(format!("write the tag that you mean, `{text}:latest` for the newest")));
        }
        if !references.contains(&reference) {
            references.push(reference);
        }
    }
    let registries: Vec<_> = references.iter().map(|reference| Some(reference.registry().to_owned())).collect();
    let registry = registry(&arguments.registry, Some(&arguments.requirements), &registries, environment)?;
    Ok(CheckRequest { references, registry })
}

fn set(arguments: &SetArguments, environment: &Environment) -> Result<SetRequest, Failure> {
    let images = images(&arguments.images.images)?;
    let asks = || registry(&arguments.registry, None, &images.registries(), environment);
    let pin_digest = arguments.pin_digest.then(asks).transpose()?;
    Ok(SetRequest {
        images,
        kustomizations: listed("--kustomization", &arguments.kustomization.kustomizations)?
            .iter()
            .map(PathBuf::from)
            .collect(),
        add: arguments.kustomization.add,
        pin_digest,
        effect: effect(&arguments.kustomization),
    })
}

fn effect(arguments: &KustomizationArguments) -> Effect {
    if arguments.dry_run { Effect::DryRun } else { Effect::Full }
}

fn images(texts: &[String]) -> Result<Images, Failure> {
    let mut images = Images { arguments: Vec::<ImageArgument>::new(), repeated: Vec::new() };
    for text in listed("IMAGE", texts)? {
        let argument: ImageArgument = text.parse().map_err(|error| {
            Failure::usage(format!("`{text}` is not an image to write: {error}")).hint(
                "write `NAME=NEWNAME:TAG`, `NAME:TAG`, or either with `@DIGEST`; is a variable empty that should not be?",
            )
        })?;
        match images.arguments.iter_mut().find(|earlier| earlier.name == argument.name) {
            Some(earlier) => {
                images.repeated.push(argument.name.to_string());
                *earlier = argument;
            }
            None => images.arguments.push(argument),
        }
    }
    Ok(images)
}

fn registry(
    arguments: &RegistryArguments,
    required: Option<&RequirementArguments>,
    registries: &[Option<String>],
    environment: &Environment,
) -> Result<RegistryRequest, Failure> {
    let wait = required.and_then(|required| required.wait.as_deref()).map(duration);
    Ok(RegistryRequest {
        requirements: required.map(requirements).transpose()?.unwrap_or_default(),
        wait: wait.transpose()?,
        plain_http: listed("--plain-http", &arguments.plain_http)?,
        trust: logins::trust(environment, arguments.ca_file.clone()),
        timeout: duration(&arguments.timeout)?,
        logins: logins::sources(environment, registries)?,
    })
}

fn requirements(arguments: &RequirementArguments) -> Result<Vec<Requirement>, Failure> {
    let mut requirements = Vec::new();
    for text in listed("--platform", &arguments.platforms)?.iter().flat_map(|text| text.split(',')) {
        let platform: Platform = text
            .trim()
            .parse()
            .map_err(|error| Failure::usage(format!("`{}` is not a platform: {error}", text.escape_debug())))?;
        let requirement = Requirement::Platform(platform);
        if !requirements.contains(&requirement) {
            requirements.push(requirement);
        }
    }
    if let Some(text) = &arguments.expect_revision {
        let revision = Revision::new(text.trim())
            .ok_or_else(|| Failure::usage(format!("`{}` is not a revision", text.escape_debug())))?;
        requirements.push(Requirement::Revision(revision));
    }
    Ok(requirements)
}

/// Reads `90s`, `2m`, `1h` or a number of seconds; at least one second, at most a day.
fn duration(text: &str) -> Result<Duration, Failure> {
    let (number, unit) = text.split_at(text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).len());
    let seconds = match unit {
        "s" | "" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        _ => 0,
    };
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(seconds)) {
        Some(seconds @ 1..=86_400) => Ok(Duration::from_secs(seconds)),
        _ => Err(Failure::usage(format!("`{text}` is not a duration between 1s and 24h"))
            .hint("write it as `90s`, `2m` or `1h`")),
    }
}

fn push_options(options: &[String]) -> Result<Vec<String>, Failure> {
    let options = listed("--push-option", options)?;
    match options.iter().find(|option| option.contains(char::is_control) || option.len() > 60_000) {
        Some(option) => Err(Failure::usage(format!("`{}` is not a push option", option.escape_debug()))),
        None => Ok(options),
    }
}

/// Returns the values of a list. Blank lines, as a CI system's block of text ends in one, are none; a list of nothing else
/// is a variable that was empty.
fn listed(flag: &str, values: &[String]) -> Result<Vec<String>, Failure> {
    let listed: Vec<_> = values.iter().filter(|value| !value.trim().is_empty()).cloned().collect();
    if listed.is_empty() && !values.is_empty() {
        return Err(Failure::usage(format!("`{flag}` is empty")).hint("is a variable empty that should not be?"));
    }
    Ok(listed)
}

fn commit(arguments: &ReleaseArguments, environment: &Environment) -> Result<CommitRequest, Failure> {
    let author = arguments
        .author
        .as_deref()
        .map(|text| text.parse().map_err(|error| Failure::usage(format!("`{text}` is not an author: {error}"))));
    let trailers = listed("--trailer", &arguments.trailers)?;
    let trailers = trailers.iter().map(|text| {
        let (token, value) = text.split_once('=').unwrap_or((text, ""));
        Trailer::new(token.trim(), value)
            .map_err(|error| Failure::usage(format!("`{}` is not a trailer: {error}", text.escape_debug())))
    });
    Ok(CommitRequest {
        text: arguments.message.as_deref().map(MessageTemplate::parse).transpose()?,
        author: author.transpose()?,
        environment_author: identity(environment, "AUTHOR"),
        environment_committer: identity(environment, "COMMITTER"),
        trailers: trailers.collect::<Result<_, _>>()?,
        marker: marker(&arguments.skip_ci)?,
        seconds: environment
            .get("GIT_COMMITTER_DATE")
            .and_then(|date| date.to_str()?.strip_prefix('@')?.split(' ').next()?.parse().ok()),
    })
}

fn identity(environment: &Environment, role: &str) -> Option<Identity> {
    let text = |part: &str| environment.get(format!("GIT_{role}_{part}"))?.to_str();
    format!("{} <{}>", text("NAME")?, text("EMAIL")?).parse().ok()
}

/// `auto` is on, because every release is a direct push. In the title and in lower case, `[skip ci]` is the one spelling
/// that nearly every CI system knows.
fn marker(text: &str) -> Result<Option<String>, Failure> {
    match text {
        "auto" | "always" => Ok(Some("[skip ci]".to_owned())),
        "never" => Ok(None),
        text if text.contains(char::is_control) => Err(Failure::usage("a marker is one line")),
        text => Ok(Some(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::{duration, images, marker};
    use std::time::Duration;

    #[test]
    fn durations() {
        for (text, expected) in [("30s", Some(30)), ("90", Some(90)), ("2m", Some(120)), ("1h", Some(3600))] {
            assert_eq!(duration(text).ok().map(|duration: Duration| duration.as_secs()), expected, "{text}");
        }
        for text in ["", "0s", "-1s", "1d", "25h", "s", "1.5m", "99999999999999999999s", "5 m"] {
            assert!(duration(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_last_of_one_name_wins() {
        let texts = ["a:1", "b:1", "a=x:2", ""].map(str::to_owned);
        let images = images(&texts).unwrap();
        assert_eq!(images.arguments.len(), 2);
        assert_eq!(images.arguments[0], "a=x:2".parse().unwrap());
        assert_eq!(images.repeated, ["a"]);
    }

    #[test]
    fn nothing_given_is_an_error() {
        assert!(images(&[" ".to_owned()]).is_err());
    }

    #[test]
    fn markers() {
        assert_eq!(marker("auto").unwrap().as_deref(), Some("[skip ci]"));
        assert_eq!(marker("never").unwrap(), None);
        assert_eq!(marker("[ci skip]").unwrap().as_deref(), Some("[ci skip]"));
        assert!(marker("a\nb").is_err());
    }
}
