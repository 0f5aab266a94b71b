//! Every command and every step in the documentation means something to this version of the program and of the action.

use std::ffi::OsString;

use clap::CommandFactory as _;
use clap::error::ErrorKind;
use tagship::cli::{Arguments, Environment};
use tagship::request::Request;
use yaml_rust2::{Yaml, YamlLoader};

use super::fences::{Fence, apart};
use super::{pages, read};
use crate::support::command::Command;

/// Returns the words of a command line, as a shell makes them that takes a pattern without a match for a mistake: so do zsh and
/// fish, and bash with `failglob`.
fn words(line: &str) -> Vec<OsString> {
    let script = format!("words() {{ printf '%s\\0' \"$@\"; }}; words {line}");
    let output = Command::new("bash").args(["-O", "failglob", "-c", &script]).run().success().stdout();
    output.split_terminator('\0').map(OsString::from).collect()
}

/// Returns a line with a value in place of each variable.
fn filled(line: &str) -> String {
    let mut parts = line.split('$');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "_{}".contains(c));
        filled.push_str(&format!("fdafd70{rest}"));
    }
    filled
}

/// Checks that the program takes a command line.
fn check(place: &str, line: &str) {
    let words = words(&filled(line));
    let environment = Environment::capture();
    if Arguments::manual(&words, &environment, "").is_some() {
        return;
    }
    match Arguments::parse_from(&words, &environment, "") {
        Ok(arguments) => {
            Request::new(&arguments.command, &environment)
                .unwrap_or_else(|failure| panic!("{place}: {line}: {failure:?}"));
        }
        Err(error) => {
            let is_help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            assert!(is_help, "{place}: {line}: {error}");
        }
    }
}

/// Returns the command lines of a code block that run the program, by itself or in its image.
fn commands(fence: &Fence) -> Vec<String> {
    let text = fence.text.replace("\\\n", " ");
    let lines = text.lines().map(str::trim).filter_map(|line| match fence.language.as_str() {
        "console" => line.strip_prefix("$ "),
        "yaml" => Some(line.trim_start_matches("- ").trim_start_matches("run: ")),
        "groovy" => line.strip_prefix("sh '")?.strip_suffix('\''),
        _ => Some(line),
    });
    let alone =
        lines.map(|line| [" | ", " > ", "; ", " && "].iter().fold(line, |line, end| line.split(end).next().unwrap()));
    let own = alone.filter_map(|line| match line.split_once("/tagship:") {
        Some((_, in_image)) if line.starts_with("docker run ") => {
            Some(format!("tagship {}", in_image.split_once(' ')?.1))
        }
        _ => line.starts_with("tagship ").then(|| line.to_owned()),
    });
    own.collect()
}

#[test]
fn every_command_of_the_documentation_means_something() {
    let mut found = 0;
    for (path, page) in pages() {
        for fence in apart(&page).0 {
            for line in commands(&fence) {
                check(&path, &line);
                found += 1;
            }
        }
    }
    assert!(found >= 20, "{found} commands");
}

/// Help is not wrapped here, so that a line is a command.
#[test]
fn every_example_of_the_help_means_something() {
    let mut found = 0;
    for command in Arguments::command().get_subcommands() {
        let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples: Vec<_> = text.lines().map(str::trim).filter(|line| line.starts_with("tagship ")).collect();
        assert!(!examples.is_empty(), "`{}` has no example", command.get_name());
        for line in examples {
            check("--help", line);
            found += 1;
        }
    }
    assert!(found >= 13, "{found} examples");
}

/// Returns the steps of the action in a document, at any depth.
fn steps(document: &Yaml) -> Vec<&Yaml> {
    let below: Vec<&Yaml> = match document {
        Yaml::Array(items) => items.iter().flat_map(steps).collect(),
        Yaml::Hash(entries) => entries.values().flat_map(steps).collect(),
        _ => Vec::new(),
    };
    let is_ours = document["uses"].as_str().is_some_and(|uses| uses.contains("/tagship@"));
    is_ours.then_some(document).into_iter().chain(below).collect()
}

#[test]
fn every_step_of_the_documentation_has_inputs_that_exist() {
    let action = YamlLoader::load_from_str(&read("action.yml")).unwrap().remove(0);
    let mut found = 0;
    for (path, page) in pages() {
        for fence in apart(&page).0.iter().filter(|fence| fence.language == "yaml") {
            let documents = YamlLoader::load_from_str(&fence.text)
                .unwrap_or_else(|error| panic!("{path}: {error}\n{}", fence.text));
            for step in documents.iter().flat_map(steps) {
                for input in step["with"].as_hash().into_iter().flat_map(|with| with.keys()).filter_map(Yaml::as_str) {
                    assert!(!action["inputs"][input].is_badvalue(), "{path}: there is no input `{input}`");
                }
                found += 1;
            }
        }
    }
    assert!(found >= 3, "{found} steps");
}
