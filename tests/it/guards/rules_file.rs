//! The rules file as data: what `tests/rules/good` has is read, what `tests/rules/refused` has is refused at the place and for
//! the reason in its first line, and the schema agrees with the reader as far as a shape can tell.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use tagship::guards::rules::RulesFile;
use yaml_rust2::{Yaml, YamlLoader};

fn files(folder: &str) -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules").join(folder);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src/reference/rules.schema.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn what_is_read() {
    let schema = schema();
    for (path, text) in files("good") {
        let file = RulesFile::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(!file.rules.is_empty());
        assert!(fits(&schema, &schema, &json(&text)), "the schema refuses {}", path.display());
    }
}

#[test]
fn what_is_refused() {
    let schema = schema();
    let mut wrong = Vec::new();
    for (path, text) in files("refused") {
        let name = path.display();
        let (expected, rest) = text.strip_prefix("# ").unwrap().split_once('\n').unwrap();
        let error = RulesFile::parse(text.as_bytes()).expect_err(&name.to_string()).to_string();
        if !error.starts_with(expected) {
            wrong.push(format!("{name}: {error}"));
        }
        match rest.lines().next() {
            Some("# shape") => assert!(!fits(&schema, &schema, &json(&text)), "the schema allows {name}"),
            Some("# value") => assert!(fits(&schema, &schema, &json(&text)), "the schema refuses {name}"),
            // What no document of a schema has.
            Some("# YAML") => {}
            other => panic!("{name}: {other:?}"),
        }
    }
    assert_eq!(wrong, [""; 0]);
}

/// Returns the first document of a text.
fn json(text: &str) -> Value {
    let documents = YamlLoader::load_from_str(text).unwrap();
    documents.first().map_or(Value::Null, value)
}

fn value(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::String(text) | Yaml::Real(text) => Value::from(text.as_str()),
        Yaml::Integer(number) => Value::from(*number),
        Yaml::Boolean(is) => Value::from(*is),
        Yaml::Array(items) => items.iter().map(value).collect(),
        Yaml::Hash(pairs) => pairs.iter().map(|(key, item)| (key.as_str().unwrap().to_owned(), value(item))).collect(),
        Yaml::Null => Value::Null,
        other => panic!("{other:?}"),
    }
}

/// Returns whether a value fits a schema of the keywords that ours has; any other keyword fails the test.
fn fits(root: &Value, schema: &Value, value: &Value) -> bool {
    let empty = Map::new();
    let object = value.as_object().unwrap_or(&empty);
    let names =
        |names: &Value| names.as_array().unwrap().iter().all(|name| object.contains_key(name.as_str().unwrap()));
    let count = |schemas: &Value| schemas.as_array().unwrap().iter().filter(|one| fits(root, one, value)).count();
    schema.as_object().unwrap().iter().all(|(keyword, said)| match keyword.as_str() {
        "$schema" | "$defs" | "title" | "description" => true,
        "$ref" => fits(root, root.pointer(said.as_str().unwrap().strip_prefix('#').unwrap()).unwrap(), value),
        "type" => match said.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            other => panic!("type {other}"),
        },
        "const" => value == said,
        "enum" => said.as_array().unwrap().contains(value),
        "pattern" => {
            assert_eq!(said, "\\S");
            value.as_str().is_none_or(|text| !text.trim().is_empty())
        }
        "anyOf" => count(said) > 0,
        "oneOf" => count(said) == 1,
        "required" => !value.is_object() || names(said),
        "dependentRequired" => {
            said.as_object().unwrap().iter().all(|(key, needed)| !object.contains_key(key) || names(needed))
        }
        "maxProperties" => object.len() as u64 <= said.as_u64().unwrap(),
        "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= said.as_u64().unwrap()),
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| fits(root, said, item))),
        "properties" => object.iter().all(|(key, item)| said.get(key).is_none_or(|schema| fits(root, schema, item))),
        "additionalProperties" => {
            assert_eq!(said, &Value::Bool(false));
            object.keys().all(|key| schema["properties"].get(key).is_some())
        }
        other => panic!("keyword {other}"),
    })
}

#[test]
fn the_guide_has_rules_that_are_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src/guides/rules.md");
    let guide = fs::read_to_string(path).unwrap();
    let blocks: Vec<&str> = guide.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        assert!(RulesFile::parse(block.as_bytes()).is_ok_and(|file| !file.rules.is_empty()), "{block}");
        assert!(fits(&schema(), &schema(), &json(block)), "the schema refuses {block}");
    }
}
