//! What a step of a CI system is given in place of arguments: `INPUT_*` in a container action of GitHub, `PLUGIN_*` in a
//! plugin of Drone or Woodpecker. Both stand for the variables `TAGSHIP_*`, which beat them, and become the command line
//! that they mean, by the description of the command line itself.
//!
//! They count only if nothing at all is typed, as in such a step. A command line with arguments comes from something else,
//! whose inputs are not ours: an action that runs a command again and again has an input `command`, too.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use clap::builder::TypedValueParser as _;
use clap::{Arg, ArgAction, Command};

use super::ci::{Inputs, Lists};
use super::env::Environment;
use super::misplaced::{self, shown};
use super::settings::{GIVEN_TO_THE_ACTION, PREFIX, StepSetting, built, names_of_input, unknown_input};
use super::surface::Surface;
use super::white_space::Switch;

/// The command if none is given.
const DEFAULT_COMMAND: &str = "release";

/// Inputs of which tagship does not know one, or of which the command does not have one.
#[derive(Debug)]
pub struct RefusedInputs {
    pub error: clap::Error,
    /// The command line that the others mean, which names the result files.
    pub words: Vec<OsString>,
}

/// Returns the command line that was typed, or, if none was, the one that the CI system's inputs mean. The inputs are
/// in `environment` then as if they had been variables of ours, so that logins are found there.
///
/// # Errors
///
/// An input is none of ours: it was probably misspelt, or the action is newer than its program, and what the input asks for
/// would be left out. Or the command does not exist, or does not have an input.
pub fn or_inputs(typed: &[OsString], environment: &mut Environment) -> Result<Vec<OsString>, RefusedInputs> {
    if environment.surface() == Surface::Action
        && let Some(error) = refused_in_the_action(typed, environment)
    {
        return Err(RefusedInputs { error, words: typed.to_vec() });
    }
    if typed.len() != 1 {
        return Ok(typed.to_vec());
    }
    let inputs = take(environment);
    if inputs.is_empty() {
        return Ok(typed.to_vec());
    }
    let is_plugin = inputs.values().any(|inputs| inputs.surface == Surface::Plugin);
    environment.set_surface(if is_plugin { Surface::Plugin } else { Surface::Action });
    let name = environment.text("TAGSHIP_COMMAND").unwrap_or_else(|| DEFAULT_COMMAND.to_owned()).trim().to_owned();
    let command = built();
    let mut words = typed.to_vec();
    words.push(name.clone().into());
    let mut images = Vec::new();
    // If there is no such command, what is common to all says where the results go.
    let description = command.find_subcommand(&name).unwrap_or(&command);
    for argument in description.get_arguments() {
        let Some((value, lists)) = input_of(argument, &inputs, environment) else { continue };
        match argument.get_long() {
            Some(flag) => words.extend(flags(argument, flag, &value, lists)),
            None => images.extend(items(argument, &value, lists).into_iter().map(OsString::from)),
        }
    }
    if !images.is_empty() {
        words.push("--".into());
        words.append(&mut images);
    }
    let error = match unknown_input(inputs.keys()) {
        Some((unknown, near)) => {
            let meant = misplaced::instead_of(description, &unknown);
            Some(misspelt(inputs[&unknown].surface, &unknown, meant, near.as_deref()))
        }
        None => misplaced::error(&command, &name, &inputs.keys().map(String::as_str).collect(), environment.surface()),
    };
    match error {
        Some(error) => Err(RefusedInputs { error, words }),
        None => Ok(words),
    }
}

/// Returns the error for a step of the action with an input that is not known, or whose command does not exist or does not have
/// an input.
fn refused_in_the_action(typed: &[OsString], environment: &Environment) -> Option<clap::Error> {
    let given = environment.text(GIVEN_TO_THE_ACTION).unwrap_or_default();
    let variable = |input: &str| format!("{PREFIX}{}", input.to_ascii_uppercase().replace('-', "_"));
    let given: Vec<_> = given.split_whitespace().map(variable).collect();
    if let Some((unknown, _)) = unknown_input(given.iter()) {
        return Some(not_known_yet(&unknown));
    }
    let name = typed.get(1)?.to_string_lossy();
    misplaced::error(&built(), &name, &given.iter().map(String::as_str).collect(), Surface::Action)
}

/// Returns the error for an input of an action that is newer than its program.
fn not_known_yet(input: &str) -> clap::Error {
    let (version, input) = (env!("CARGO_PKG_VERSION"), shown(input, Surface::Action));
    misplaced::refused(format!(
        "tagship {version} has no input `{input}`\n\n  \
         tip: leave out `version` and `binary-path`, so that the program is of the action's version\n"
    ))
}

fn misspelt(surface: Surface, unknown: &str, meant: Option<&str>, near: Option<&str>) -> clap::Error {
    let shown = |name: &str| shown(name, surface);
    let tip = meant.map(str::to_owned).or_else(|| near.map(|near| format!("did you mean `{}`?", shown(near))));
    let tip = tip.map(|tip| format!("\n\n  tip: {tip}\n")).unwrap_or_default();
    let message = format!("there is no {} `{}`{tip}", StepSetting::word_of(surface), shown(unknown));
    misplaced::refused(message)
}

/// Makes the inputs variables of ours, unless those are set, and returns which they are.
fn take(environment: &mut Environment) -> BTreeMap<String, Inputs> {
    let mut taken = BTreeMap::new();
    for inputs in environment.inputs() {
        for (name, value) in environment.beginning_with(inputs.prefix) {
            if inputs.of_the_system.contains(&name.as_str()) {
                continue;
            }
            let name = match name.to_ascii_uppercase().replace(['-', ' '], "_").as_str() {
                // The action calls it so, and so do hints.
                "TOKEN" => format!("{PREFIX}GIT_TOKEN"),
                name => format!("{PREFIX}{name}"),
            };
            if environment.get(&name).is_none() {
                let is_repository = REPOSITORIES.contains(&name.as_str());
                let by_name = is_repository.then(|| on_the_server(value.trim(), environment)).flatten();
                environment.set(&name, by_name.unwrap_or(value));
                taken.insert(name, inputs);
            }
        }
    }
    taken
}

/// What an input for a repository is called.
const REPOSITORIES: [&str; 4] = ["TAGSHIP_REPO", "TAGSHIP_REPOSITORY", "TAGSHIP_FROM_REPO", "TAGSHIP_FROM_REPOSITORY"];

/// Returns the URL of the repository `owner/name`, which is on the server of the one that the CI system builds. `None` if it is
/// given in another way: a path begins with `.` or `/`, as in the action.
fn on_the_server(name: &str, environment: &Environment) -> Option<String> {
    let is_plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let (owner, repository) = name.split_once('/')?;
    if owner.is_empty() || owner.starts_with('.') || repository.is_empty() || !is_plain(owner) || !is_plain(repository)
    {
        return None;
    }
    let ci = environment.ci()?;
    let built = ci.repository_url.as_deref()?;
    Some(format!("{}{name}", built.strip_suffix(".git").unwrap_or(built).strip_suffix(ci.repository.as_deref()?)?))
}

/// Returns the input for an argument.
fn input_of(argument: &Arg, inputs: &BTreeMap<String, Inputs>, environment: &Environment) -> Option<(String, Lists)> {
    let variable = argument.get_env()?.to_str()?;
    if environment.get(variable).is_some() && !inputs.contains_key(variable) {
        return None;
    }
    let name = names_of_input(argument).into_iter().find(|name| inputs.contains_key(name))?;
    Some((environment.text(&name)?, inputs[&name].lists))
}

/// Returns the words that give `flag` the value of an input.
fn flags(argument: &Arg, flag: &str, value: &str, lists: Lists) -> Vec<OsString> {
    let with = |value: &str| OsString::from(format!("--{flag}={value}"));
    match argument.get_action() {
        ArgAction::Append => items(argument, value, lists).iter().map(|item| with(item)).collect(),
        ArgAction::SetTrue => {
            match Switch.parse_ref(&Command::default(), None, OsStr::new(value)) {
                Ok(true) => vec![format!("--{flag}").into()],
                Ok(false) => Vec::new(),
                // It is neither, and the parser of the flags refuses it.
                Err(_) => vec![with(value)],
            }
        }
        _ => vec![with(value.trim())],
    }
}

/// The lists of images. A tag in them may come from outside, and must not become a second image by a comma.
const IMAGES: [&str; 2] = ["TAGSHIP_IMAGE", "TAGSHIP_REFERENCE"];

/// Returns the items of a list. Text behind `=` may come from outside, too, so a comma there never separates.
fn items(argument: &Arg, value: &str, lists: Lists) -> Vec<String> {
    if let Ok(items) = serde_json::from_str(value) {
        return items;
    }
    let is_of_images = argument.get_env().is_some_and(|variable| IMAGES.iter().any(|images| variable == *images));
    let separator = match lists {
        Lists::LinesOrCommas if !is_of_images && !value.contains(['\n', '=']) => ',',
        Lists::LinesOrCommas | Lists::Lines => '\n',
    };
    value.split(separator).map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::{Environment, or_inputs};

    /// Returns the words after the program's name.
    fn words(typed: &[&str], variables: &[(&str, &str)]) -> Vec<String> {
        let typed: Vec<_> = ["tagship"].iter().chain(typed).map(Into::into).collect();
        let words = or_inputs(&typed, &mut Environment::of(variables)).unwrap();
        words.into_iter().skip(1).map(|word| word.into_string().unwrap()).collect()
    }

    const GITHUB: (&str, &str) = ("GITHUB_ACTIONS", "true");
    const WOODPECKER: (&str, &str) = ("CI", "woodpecker");

    #[test]
    fn inputs_of_github() {
        let inputs = [
            GITHUB,
            ("INPUT_IMAGES", "a=x:1\n  b:2\n\n"),
            ("INPUT_DRY-RUN", "true"),
            ("INPUT_PIN-DIGEST", "false"),
            ("INPUT_KUSTOMIZATION", "apps/a, b\napps/c"),
            ("INPUT_MESSAGE", "-m\nx"),
            ("INPUT_BRANCH", ""),
            ("INPUT_ENTRYPOINT", "/tagship"),
            ("PLUGIN_BRANCH", "x"),
        ];
        let expected = [
            "release",
            "--kustomization=apps/a, b",
            "--kustomization=apps/c",
            "--dry-run",
            "--pin-digest=false",
            "--message=-m\nx",
            "--",
            "a=x:1",
            "b:2",
        ];
        assert_eq!(words(&[], &inputs), expected);
    }

    #[test]
    fn settings_of_drone_and_woodpecker() {
        for (platforms, expected) in [
            (r#"["linux/amd64","linux/arm64"]"#, ["--platform=linux/amd64", "--platform=linux/arm64"]),
            ("linux/amd64, linux/arm64", ["--platform=linux/amd64", "--platform=linux/arm64"]),
            ("a,b\nc", ["--platform=a,b", "--platform=c"]),
        ] {
            for system in [WOODPECKER, ("DRONE", "true")] {
                let inputs = [
                    system,
                    ("PLUGIN_COMMAND", "check"),
                    ("PLUGIN_REFERENCE", "a:1"),
                    ("PLUGIN_PLATFORMS", platforms),
                    ("PLUGIN_EXPECT_REVISION", "fdafd70"),
                    ("INPUT_WAIT", "5m"),
                ];
                let words = words(&[], &inputs);
                assert_eq!(words[..3], ["check", expected[0], expected[1]]);
                assert_eq!(words[3..], ["--expect-revision=fdafd70", "--", "a:1"]);
            }
        }
    }

    #[test]
    fn the_entry_of_a_rollback() {
        for name in ["PLUGIN_NAME", "PLUGIN_NAMES"] {
            let inputs = [WOODPECKER, ("PLUGIN_COMMAND", "rollback"), (name, "web"), ("PLUGIN_STEPS", "2")];
            assert_eq!(words(&[], &inputs), ["rollback", "--steps=2", "--", "web"], "{name}");
        }
    }

    #[test]
    fn the_entry_of_a_log() {
        let inputs = [WOODPECKER, ("PLUGIN_COMMAND", "log"), ("PLUGIN_NAME", "api"), ("PLUGIN_LIMIT", "5")];
        assert_eq!(words(&[], &inputs), ["log", "--limit=5", "--", "api"]);
    }

    #[test]
    fn what_beats_inputs() {
        let inputs = [GITHUB, ("INPUT_IMAGES", "a:1"), ("INPUT_PLATFORMS", "x"), ("TAGSHIP_PLATFORM", "y")];
        assert_eq!(words(&[], &inputs), ["release", "--", "a:1"], "a variable of ours");
        assert_eq!(words(&["check"], &inputs), ["check"], "anything that is typed");
        let both = [GITHUB, ("DRONE", "true"), ("INPUT_WAIT", "1m"), ("PLUGIN_WAIT", "2m")];
        assert_eq!(words(&[], &both), ["release", "--wait=1m"]);
        assert_eq!(words(&[], &inputs[1..]), [""; 0], "inputs of no known system");
        assert_eq!(words(&[], &[GITHUB]), [""; 0]);
        assert_eq!(words(&[], &[GITHUB, ("INPUT_DRY-RUN", "perhaps")]), ["release", "--dry-run=perhaps"]);
    }

    #[test]
    fn logins_are_found() {
        let mut environment = Environment::of(&[WOODPECKER, ("PLUGIN_GIT_TOKEN", "s3cret")]);
        let words = or_inputs(&["tagship".into()], &mut environment).unwrap();
        assert!(!format!("{words:?}").contains("s3cret"));
        assert_eq!(environment.git_logins()[0].password, "s3cret");
        // The action calls it so.
        let mut environment = Environment::of(&[GITHUB, ("INPUT_TOKEN", "s3cret")]);
        or_inputs(&["tagship".into()], &mut environment).unwrap();
        assert_eq!(environment.git_logins()[0].password, "s3cret");
    }
}
