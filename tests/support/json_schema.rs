//! Holds documents to a JSON Schema, as far as our own schemas go. A keyword that is not known here is a problem, and so is a
//! key that the schema does not describe: readers need not expect it, and documentation must.

use std::sync::LazyLock;

use serde_json::Value;

/// The schema of what the program prints with `--output json`.
static OUTPUT: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../docs/src/reference/output.schema.json")).expect("the schema is JSON")
});

/// Returns what differs between the program's own object on stdout and its schema; nothing for any other text.
pub fn problems_of_output(stdout: &[u8]) -> Vec<String> {
    if !stdout.starts_with(br#"{"command":"#) {
        return Vec::new();
    }
    // A test that lets the program write into nothing gets half an object.
    serde_json::from_slice(stdout).map_or_else(|_| Vec::new(), |document| problems(&OUTPUT, &document))
}

/// Returns what differs between a document and a schema.
pub fn problems(schema: &Value, document: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    compare(schema, schema, document, "", &mut problems);
    problems
}

fn compare(root: &Value, schema: &Value, value: &Value, place: &str, problems: &mut Vec<String>) {
    let mut problem = |what: String| problems.push(format!("{}: {what}", if place.is_empty() { "/" } else { place }));
    let mut below = Vec::new();
    for (keyword, wanted) in schema.as_object().expect("a schema is an object") {
        match keyword.as_str() {
            "$schema" | "title" | "description" | "$defs" => {}
            "$ref" => below.push((resolved(root, wanted), value, place.to_owned())),
            "type" => {
                let mut kinds = wanted.as_array().map_or(std::slice::from_ref(wanted), Vec::as_slice).iter();
                if !kinds.any(|kind| is_of(value, kind.as_str().expect("a type is a text"))) {
                    problem(format!("{value} is not of the type {wanted}"));
                }
            }
            "enum" if !wanted.as_array().expect("a list").contains(value) => {
                problem(format!("{value} is none of {wanted}"));
            }
            "minimum" if value.as_i64().is_some_and(|value| Some(value) < wanted.as_i64()) => {
                problem(format!("{value} is less than {wanted}"));
            }
            "enum" | "minimum" => {}
            "anyOf" => {
                let matches = |schema: &Value| {
                    let mut problems = Vec::new();
                    compare(root, schema, value, place, &mut problems);
                    problems
                };
                let each: Vec<_> = wanted.as_array().expect("a list").iter().map(matches).collect();
                if each.iter().all(|problems| !problems.is_empty()) {
                    problem(format!("none of these holds: {:?}", each.concat()));
                }
            }
            "required" => {
                let names = wanted.as_array().expect("a list").iter().map(|name| name.as_str().expect("a name"));
                for name in names.filter(|name| value.is_object() && value.get(name).is_none()) {
                    problem(format!("`{name}` is missing"));
                }
            }
            "properties" => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    match wanted.get(name) {
                        Some(schema) => below.push((schema, value, format!("{place}/{name}"))),
                        None => problem(format!("`{name}` is not described")),
                    }
                }
            }
            "items" => {
                let items = value.as_array().into_iter().flatten().enumerate();
                below.extend(items.map(|(index, item)| (wanted, item, format!("{place}/{index}"))));
            }
            other => problem(format!("the keyword `{other}` is not known here")),
        }
    }
    for (schema, value, place) in below {
        compare(root, schema, value, &place, problems);
    }
}

fn resolved<'a>(root: &'a Value, reference: &Value) -> &'a Value {
    let pointer = reference.as_str().and_then(|text| text.strip_prefix('#')).expect("a reference into the schema");
    root.pointer(pointer).unwrap_or_else(|| panic!("{pointer} is not in the schema"))
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the type `{other}` is not known here"),
    }
}
