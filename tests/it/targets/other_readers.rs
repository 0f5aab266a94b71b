//! What other readers make of an edited file, if they are installed: kubectl of manifests, and PyYAML of every case.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;
use tagship::targets::edit;
use tagship::targets::{Absent, EntryEdit};

use super::scalars::FileCase;
use crate::support::servers::installed;

/// Runs a program with `input`; returns what it printed, or nothing if it is not installed.
///
/// # Panics
///
/// It fails, or the run insists on it and it is missing.
fn run(program: &str, arguments: &[&str], input: &str) -> Option<String> {
    let mut command = Command::new(installed(program)?);
    let spawned = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

const APP: [&str; 2] = ["app=reg.example:5000/team/web:1.10", "app=z:z"];
const INIT: [&str; 2] = ["init=reg.example:5000/team/web:1.10", "init=z:z"];

/// Manifests, with the image to set and another one, in the grammar that kubectl has too.
const MANIFESTS: [(&str, [&str; 2]); 3] = [
    (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    \
         metadata: {labels: {app: web}}\n    spec:\n      containers:\n      - name: app # é\n        image: 'acme/web:v1' # v1\n      - \
         {name: proxy, image: acme/proxy:v1}\n",
        APP,
    ),
    (
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: report}\nspec:\n  schedule: \"* * * * *\"\n  jobTemplate:\n    spec:\n      \
         template:\n        spec:\n          restartPolicy: Never\n          containers:\n          - image: acme/web\n            name: app\n",
        APP,
    ),
    (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  initContainers:\n  - {name: init, image: \"acme/web:v1\"}\n  containers:\n  - \
         name: app\n    image: acme/app:v1@sha256:1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c\n",
        INIT,
    ),
];

#[test]
fn kubectl_sets_the_same_image() {
    for (manifest, [asked, third]) in MANIFESTS {
        let edited = edit("m.yaml", manifest.as_bytes(), &[asked.parse().unwrap()], Absent::Report).unwrap();
        let edited = String::from_utf8(edited.text).unwrap();
        let set = |argument: &'static str| ["set", "image", "--local", "-f", "-", "-o", "json", argument];
        // It makes kubectl print what it reads.
        let read = ["annotate", "--local", "-f", "-", "-o", "json", "read=yes"];
        let runs = [
            (&set(asked)[..], manifest),
            (&read[..], &edited),
            (&set(third)[..], manifest),
            (&set(third)[..], &edited),
        ];
        let printed: Option<Vec<_>> = runs.iter().map(|(arguments, input)| run("kubectl", arguments, input)).collect();
        let Some(printed) = printed else { return };
        let printed: Vec<Value> = printed.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
        assert_eq!(images(&printed[1]), images(&printed[0]), "{manifest}");
        assert_eq!(printed[2], printed[3], "{manifest}: something else changed");
    }
}

/// Returns the images of a document, in the order of its containers.
fn images(document: &Value) -> Vec<String> {
    match document {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| match value {
                Value::String(image) if key == "image" => vec![image.clone()],
                value => images(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(images).collect(),
        _ => Vec::new(),
    }
}

/// Prints for each pair of texts how many scalars differ, or why there is nothing to compare.
const COMPARE: &str = r#"
import json, sys
pairs = json.load(sys.stdin)
try:
    import yaml
except ImportError:
    sys.exit(print("missing"))

def scalars(text):
    return [event.value for event in yaml.parse(text, yaml.SafeLoader) if isinstance(event, yaml.ScalarEvent)]

def shape(text):
    return [type(event).__name__ for event in yaml.parse(text, yaml.SafeLoader)]

def compare(old, new):
    try:
        before = scalars(old)
    except yaml.YAMLError:
        return "unread"
    if shape(old) != shape(new):
        return "another shape"
    return sum(one != two for one, two in zip(before, scalars(new)))

print(json.dumps([compare(*pair) for pair in pairs]))
"#;

#[test]
fn pyyaml_sees_no_other_scalar_change() {
    let edited = |case: FileCase| {
        let edit = case.edit(&case.input).ok().filter(|edit| edit.absent.is_empty())?;
        // Kustomizations get new lines, and values that are text are one scalar.
        let is_exchange = !edit.is_kustomization && !case.is_of_flux();
        let texts = [case.input.clone(), edit.text.clone()].map(|text| String::from_utf8(text).unwrap());
        is_exchange.then_some((case.name, texts, edit))
    };
    let cases: Vec<_> = FileCase::all().into_iter().filter_map(edited).collect();
    let texts: Vec<_> = cases.iter().map(|(_, texts, _)| texts).collect();
    let Some(printed) = run("python3", &["-c", COMPARE], &serde_json::to_string(&texts).unwrap()) else { return };
    if printed.trim() == "missing" {
        println!("skipped: PyYAML is not installed");
        return;
    }
    let counts: Vec<Value> = serde_json::from_str(&printed).unwrap();
    for ((name, [old, new], edit), count) in cases.iter().zip(&counts) {
        if count == "unread" {
            continue;
        }
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let changed = lines(old).iter().zip(lines(new)).filter(|(old, new)| **old != *new).count();
        let count = count.as_u64().unwrap_or_else(|| panic!("{name}: {count}"));
        // A name may be in two scalars.
        let scalars =
            |entry: &EntryEdit| entry.fields.len() + usize::from(entry.before.new_name != entry.after.new_name);
        let most: usize = edit.entries.iter().map(scalars).sum();
        assert!(count <= most as u64, "{name}: {count} scalars");
        assert_eq!(count > 0, edit.entries.iter().any(|entry| entry.before != entry.after), "{name}");
        assert_eq!(changed > 0, edit.changed(), "{name}");
    }
    let read = counts.iter().filter(|count| count.is_u64()).count();
    assert!(read > 40, "only {read} cases were read");
}
