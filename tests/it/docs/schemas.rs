//! The schema of the program's JSON. Each object that a test lets the program print is held to it (`support::command`); here
//! is what no run shows.

use serde_json::{Value, json};
use tagship::outcome::failure::FailureKind;

use super::read;
use crate::support::json_schema::{problems, problems_of_output};

fn schema() -> Value {
    serde_json::from_str(&read("docs/src/reference/output.schema.json")).unwrap()
}

#[test]
fn the_schema_has_every_kind_of_failure() {
    let names: Vec<_> = FailureKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(schema()["$defs"]["error"]["properties"]["kind"]["enum"], json!(names));
}

/// The words are in one place of the code, beside what they mean.
#[test]
fn every_outcome_is_described() {
    let code = read("src/outcome/mod.rs");
    let endings = code.lines().filter_map(|line| line.trim().strip_prefix("Self::")?.split_once(" => \""));
    let mut words: Vec<&str> = endings.map(|(_, rest)| rest.split('"').next().unwrap()).collect();
    words.push("failed");
    let schema = schema();
    let mut described: Vec<_> = schema["properties"]["outcome"]["enum"].as_array().unwrap().iter().collect();
    let results = read("docs/src/reference/results.md");
    for word in &words {
        assert!(described.contains(&&json!(word)), "the schema lacks the outcome `{word}`");
        assert!(results.contains(&format!("\n| `{word}` | ")), "results.md lacks the outcome `{word}`");
    }
    described.retain(|word| !words.iter().any(|other| **word == json!(other)));
    assert!(described.is_empty() && words.len() > 10, "{described:?} are no outcomes");
}

/// Returns each object of a schema that describes keys.
fn described(schema: &Value) -> Vec<&Value> {
    let below: Vec<_> = match schema {
        Value::Object(entries) => entries.values().flat_map(described).collect(),
        Value::Array(items) => items.iter().flat_map(described).collect(),
        _ => Vec::new(),
    };
    schema["properties"].is_object().then_some(schema).into_iter().chain(below).collect()
}

/// A key is never missing, so that a script need not ask whether it is there.
#[test]
fn every_key_is_required() {
    let schema = schema();
    let objects = described(&schema);
    assert!(objects.len() > 5, "{} objects", objects.len());
    for object in objects {
        let names: Vec<_> = object["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        let mut required: Vec<_> =
            object["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        required.sort_unstable();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        assert_eq!(required, sorted);
    }
}

#[test]
fn a_document_that_differs_is_found() {
    let schema = json!({
        "type": "object",
        "required": ["a", "b"],
        "properties": {
            "a": { "enum": ["x"] },
            "b": { "anyOf": [{ "$ref": "#/$defs/count" }, { "type": "null" }] },
            "c": { "type": "array", "items": { "type": ["string", "null"] } },
            "e": { "type": ["integer", "null"], "minimum": 1 },
        },
        "$defs": { "count": { "type": "integer", "minimum": 1 } },
    });
    for (document, expected) in [
        (json!({ "a": "x", "b": null, "c": ["y", null] }), [""; 0].as_slice()),
        (json!({ "a": "x", "b": null, "e": null }), &[]),
        (json!({ "a": "y", "b": 1 }), &["/a: \"y\" is none of [\"x\"]"]),
        (json!({ "a": "x" }), &["/: `b` is missing"]),
        (json!({ "a": "x", "b": 2, "d": 1 }), &["/: `d` is not described"]),
        (json!({ "a": "x", "b": 2, "c": [1] }), &["/c/0: 1 is not of the type [\"string\",\"null\"]"]),
        (json!([]), &["/: [] is not of the type \"object\""]),
    ] {
        assert_eq!(problems(&schema, &document), expected, "{document}");
    }
    let zero = problems(&schema, &json!({ "a": "x", "b": 0 }));
    assert!(zero[0].contains("0 is less than 1"), "{zero:?}");
    assert_eq!(problems(&json!({ "pattern": "x" }), &json!("x")), ["/: the keyword `pattern` is not known here"]);
    assert!(!problems_of_output(br#"{"command":"release"}"#).is_empty());
    assert_eq!(problems_of_output(b"released\n"), [""; 0]);
}
