//! Sets the tag of an image in a kustomization with yamlpatch, as a careful user of that library writes it.
//!
//! `yamlpatch-set FILE NAME TAG` is what `benches/peers.py` runs beside `tagship set -k FILE NAME=*:TAG`. The file is read with
//! yamlpatch's own reader to find the entries, so that aliases and merged keys are seen, and each is changed by yamlpatch's
//! operations alone: replace `newTag` or add it, and remove `digest`. A file that says so already is not written.

use std::error::Error;
use std::fs;
use std::process::ExitCode;

use yaml_serde::Value;
use yamlpatch::{Op, Patch, apply_yaml_patches};
use yamlpath::{Component, Document, Route, route};

/// `images`, and its name in early versions of kustomize.
const LISTS: [&str; 2] = ["images", "imageTags"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, name, tag] = arguments.as_slice() else {
        eprintln!("usage: yamlpatch-set FILE NAME TAG");
        return ExitCode::from(2);
    };
    match set(file, name, tag) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Sets the tag of all entries with a name in a file.
fn set(file: &str, name: &str, tag: &str) -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(file)?;
    let mut content: Value = yaml_serde::from_str(&text)?;
    content.apply_merge()?;
    let entries = entries(&content, name);
    if entries.is_empty() {
        return Err(format!("no entry is named `{name}`").into());
    }
    let patches: Vec<Patch<'_>> = entries.iter().flat_map(|(route, entry)| patches(route, entry, tag)).collect();
    if patches.is_empty() {
        return Ok(());
    }
    let document = Document::new(text)?;
    let patched = apply_yaml_patches(&document, &patches)?;
    // yamlpatch ends each file with a line end, which this one may not have had.
    let written = if document.source().ends_with('\n') {
        patched.source()
    } else {
        patched.source().trim_end_matches(['\r', '\n'])
    };
    fs::write(file, written)?;
    Ok(())
}

/// Returns the entries with a name, with where they are.
fn entries<'a>(content: &'a Value, name: &str) -> Vec<(Route<'static>, &'a Value)> {
    let mut found = Vec::new();
    for list in LISTS {
        for (index, entry) in content.get(list).and_then(Value::as_sequence).into_iter().flatten().enumerate() {
            if entry.get("name").and_then(Value::as_str) == Some(name) {
                found.push((route!(list, index), entry));
            }
        }
    }
    found
}

/// Returns what has to change in an entry. The tag comes first, so that the entry is never left without a version.
fn patches<'a>(route: &Route<'a>, entry: &Value, tag: &str) -> Vec<Patch<'a>> {
    let mut patches = Vec::new();
    match entry.get("newTag") {
        Some(old) if old.as_str() == Some(tag) => {}
        Some(_) => patches.push(patch(route.with_key(Component::from("newTag")), Op::Replace(tag.into()))),
        None => patches.push(patch(route.clone(), Op::Add { key: "newTag".to_owned(), value: tag.into() })),
    }
    if entry.get("digest").is_some() {
        patches.push(patch(route.with_key(Component::from("digest")), Op::Remove));
    }
    patches
}

fn patch<'a>(route: Route<'a>, operation: Op<'a>) -> Patch<'a> {
    Patch { route, operation }
}
