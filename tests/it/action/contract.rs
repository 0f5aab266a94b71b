//! `action.yml` against the command line: each flag has an input, and each input is used and explained.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use tagship::cli;

use yaml_rust2::{Yaml, YamlLoader};

use super::root;

/// What an action has no use for: a step's log is text, and programs read its outputs.
const FLAGS_WITHOUT_INPUT: [&str; 3] = ["TAGSHIP_OUTPUT", "TAGSHIP_QUIET", "TAGSHIP_COLOR"];

/// Inputs whose name is not the flag's: those that take several values, and what workflows call otherwise.
const NAMES: [(&str, &str); 9] = [
    ("TAGSHIP_IMAGE", "images"),
    ("TAGSHIP_REFERENCE", "images"),
    ("TAGSHIP_PLATFORM", "platforms"),
    ("TAGSHIP_FILE", "files"),
    ("TAGSHIP_TRAILER", "trailers"),
    ("TAGSHIP_PUSH_OPTION", "push-options"),
    ("TAGSHIP_NAME", "names"),
    ("TAGSHIP_REPO", "repository"),
    ("TAGSHIP_FROM_REPO", "from-repository"),
];

/// What the program reads without having a flag for it, as it is secret or goes with a secret.
const LOGINS: [(&str, &str); 6] = [
    ("TAGSHIP_REGISTRY_USERNAME", "registry-username"),
    ("TAGSHIP_REGISTRY_PASSWORD", "registry-password"),
    ("TAGSHIP_REGISTRY_HOST", "registry-host"),
    ("TAGSHIP_GIT_TOKEN", "token"),
    ("TAGSHIP_GIT_USERNAME", "git-username"),
    ("TAGSHIP_NOTIFY_SECRET", "notify-secret"),
];

/// What the action's own scripts read.
const SCRIPTS: [(&str, &str); 7] = [
    ("TAGSHIP_COMMAND", "${{ inputs.command }}"),
    ("TAGSHIP_VERSION", "${{ inputs.version }}"),
    ("TAGSHIP_BIN", "${{ inputs.binary-path || env.TAGSHIP_BIN }}"),
    ("TAGSHIP_DOWNLOAD_BASE_URL", "${{ inputs.download-base-url }}"),
    ("TAGSHIP_ACTION_REF", "${{ github.action_ref }}"),
    ("TAGSHIP_ACTION_REPOSITORY", "${{ github.action_repository }}"),
    (
        "GITHUB_TOKEN",
        "${{ (inputs.command != 'set' || inputs.pin-digest || env.TAGSHIP_PIN_DIGEST) && (env.GITHUB_TOKEN || github.token) || '' }}",
    ),
];

fn action() -> Yaml {
    let text = fs::read_to_string(root().join("action.yml")).unwrap();
    YamlLoader::load_from_str(&text).unwrap().remove(0)
}

/// Returns the keys of a mapping, in their order.
fn keys(mapping: &Yaml) -> Vec<&str> {
    mapping.as_hash().unwrap().keys().map(|key| key.as_str().unwrap()).collect()
}

/// Returns the variable of each input of a command, by the name of the input.
fn inputs_of(name: &str) -> Vec<(String, String)> {
    let mut command = cli::whole();
    // So that flags of all commands are seen by each.
    command.build();
    let arguments = command.find_subcommand(name).unwrap().get_arguments();
    let variables = arguments.filter_map(|argument| argument.get_env()).map(|name| name.to_str().unwrap());
    let variables = variables.filter(|variable| !FLAGS_WITHOUT_INPUT.contains(variable));
    let with_input = |variable: &str| {
        let flag = variable.strip_prefix("TAGSHIP_").unwrap().to_lowercase().replace('_', "-");
        let renamed = NAMES.iter().find(|(other, _)| *other == variable);
        (renamed.map_or(flag, |(_, input)| (*input).to_owned()), variable.to_owned())
    };
    variables.map(with_input).collect()
}

/// Returns the environment that the action should give the program.
fn expected_environment() -> BTreeMap<String, String> {
    let mut environment = BTreeMap::new();
    let mut of_commands = BTreeSet::new();
    for (input, variable) in cli::commands().iter().flat_map(|name| inputs_of(name)) {
        environment.insert(variable.clone(), format!("${{{{ inputs.{input} || env.{variable} }}}}"));
        of_commands.insert(input);
    }
    for (variable, input) in LOGINS {
        environment.insert(variable.to_owned(), format!("${{{{ inputs.{input} || env.{variable} }}}}"));
    }
    environment.extend(SCRIPTS.map(|(variable, value)| (variable.to_owned(), value.to_owned())));
    // Names alone: a value may be secret, and the runner prints the variables of a step.
    let action = action();
    let given = keys(&action["inputs"]).into_iter().filter(|input| of_commands.contains(*input));
    let given: Vec<_> = given.map(|input| format!("${{{{ inputs.{input} && '{input}' }}}}")).collect();
    environment.insert("TAGSHIP_ACTION_INPUTS".to_owned(), given.join(" "));
    environment
}

#[test]
fn the_commands_are_listed() {
    let action = action();
    let listed = action["inputs"]["command"]["description"].as_str().unwrap();
    for command in cli::commands() {
        assert!(listed.contains(&format!("`{command}` (")), "`command` does not tell of `{command}`");
    }
}

#[test]
fn every_flag_has_an_input() {
    let action = action();
    let step = &action["runs"]["steps"][0];
    let environment: BTreeMap<String, String> = keys(&step["env"])
        .into_iter()
        .map(|name| (name.to_owned(), step["env"][name].as_str().unwrap().to_owned()))
        .collect();
    let expected = expected_environment();
    for (name, value) in &expected {
        assert_eq!(environment.get(name), Some(value), "action.yml has no `{name}: {value}`");
    }
    for name in environment.keys() {
        assert!(expected.contains_key(name), "action.yml has `{name}`, which nothing reads");
    }
}

#[test]
fn every_input_is_used_and_explained() {
    let action = action();
    let environment = expected_environment();
    for input in keys(&action["inputs"]) {
        let words = [format!("inputs.{input} "), format!("inputs.{input}}}")];
        let is_used = environment.values().any(|value| words.iter().any(|word| value.contains(word)));
        assert!(is_used, "nothing reads the input `{input}`");
        assert!(action["inputs"][input]["description"].as_str().is_some_and(|text| text.len() > 20), "{input}");
    }
    for value in environment.values() {
        let input = value.split("inputs.").nth(1).and_then(|rest| rest.split([' ', '}']).next());
        assert!(input.is_none_or(|input| !action["inputs"][input].is_badvalue()), "`{value}` has no input");
    }
}

/// GitHub's marketplace refuses a longer one, and only after the tag of the release was made.
#[test]
fn the_description_is_short() {
    let action = action();
    let description = action["description"].as_str().unwrap();
    assert!(description.chars().count() < 125, "{} characters", description.chars().count());
}

#[test]
fn no_input_gets_into_a_script() {
    let action = action();
    let steps = action["runs"]["steps"].as_vec().unwrap();
    assert!(steps.iter().all(|step| !step["run"].as_str().unwrap().contains("${{")));
}

#[test]
fn outputs_are_those_of_the_step() {
    let action = action();
    let step = action["runs"]["steps"][0]["id"].as_str().unwrap();
    for output in keys(&action["outputs"]) {
        let value = action["outputs"][output]["value"].as_str().unwrap();
        assert_eq!(value, format!("${{{{ steps.{step}.outputs.{output} }}}}"));
    }
}
