//! What kustomize builds from an edited file, if kubectl is installed: the images are those that were asked for, and
//! every other line is the same.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use tagship::targets::kustomization::Fields;

use super::Case;

/// An image as a container has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Image {
    name: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl Image {
    /// What kustomize makes of an image, entry by entry in file order.
    fn apply(&mut self, name: &str, entry: &BTreeMap<String, String>) {
        if self.name != name {
            return;
        }
        let get = |key: &str| entry.get(key).filter(|value| !value.is_empty()).cloned();
        if let Some(new_name) = get("newname") {
            self.name = new_name;
        }
        match (get("newtag"), get("digest"), get("tagsuffix")) {
            (None, None, None) => {}
            (None, None, Some(suffix)) => {
                self.tag = Some(format!("{}{suffix}", self.tag.take().unwrap_or_default()));
                self.digest = None;
            }
            (tag, digest, _) => (self.tag, self.digest) = (tag, digest),
        }
    }

    fn show(&self) -> String {
        let part = |mark: &str, value: &Option<String>| {
            value.as_ref().map_or_else(String::new, |value| format!("{mark}{value}"))
        };
        format!("{}{}{}", self.name, part(":", &self.tag), part("@", &self.digest))
    }
}

/// Writes a deployment with a container for each image, builds the folder, and returns what kustomize prints.
fn build(kustomization: &[u8], images: &[String]) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let mut deployment = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: pod\nspec:\n  containers:\n".to_owned();
    for (index, image) in images.iter().enumerate() {
        deployment.push_str(&format!("  - name: c{index}\n    image: \"{image}:old\"\n"));
    }
    fs::write(folder.path().join("deployment.yaml"), deployment).unwrap();
    fs::write(folder.path().join("kustomization.yaml"), kustomization).unwrap();
    let output = Command::new("kubectl").arg("kustomize").arg(folder.path()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn image_lines(manifest: &str) -> (Vec<String>, Vec<String>) {
    let lines = manifest.lines().map(str::to_owned);
    let (images, others): (Vec<_>, Vec<_>) =
        lines.partition(|line| line.trim().trim_start_matches("- ").starts_with("image: "));
    let value = |line: &String| line.split_once("image: ").unwrap().1.trim_matches(['"', '\'']).to_owned();
    (images.iter().map(value).collect(), others)
}

/// Reads all entries with yaml-rust2, in file order, keys in lower case and every value as its text.
fn entries_in_order(text: &str) -> Option<Vec<BTreeMap<String, String>>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let documents = yaml_rust2::YamlLoader::load_from_str(text).ok()?;
    let show = |value: &yaml_rust2::Yaml| match value {
        yaml_rust2::Yaml::String(text) | yaml_rust2::Yaml::Real(text) => Some(text.clone()),
        yaml_rust2::Yaml::Integer(number) => Some(number.to_string()),
        _ => None,
    };
    let lists = documents.first().and_then(|document| document.as_hash()).into_iter().flatten();
    let images = lists.filter(|(key, _)| key.as_str().is_some_and(|key| key.eq_ignore_ascii_case("images")));
    let entries = images.flat_map(|(_, list)| list.as_vec().cloned().unwrap_or_default());
    let pairs = |entry: yaml_rust2::Yaml| {
        let pairs = entry.into_hash().into_iter().flatten();
        pairs.filter_map(|(key, value)| Some((key.as_str()?.to_ascii_lowercase(), show(&value)?))).collect()
    };
    Some(entries.map(pairs).collect())
}

#[test]
fn kustomize_builds_what_was_asked_for() {
    if Command::new("kubectl").args(["version", "--client"]).output().is_err() {
        assert!(std::env::var_os("TAGSHIP_REQUIRE_SERVERS").is_none(), "kubectl is not installed");
        println!("skipped: kubectl is not installed");
        return;
    }
    let cases = Case::all();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let built: usize = std::thread::scope(|scope| {
        let chunks = cases.chunks(cases.len().div_ceil(threads));
        let count = |chunk: &[Case]| chunk.iter().filter(|case| is_built_as_asked_for(case)).count();
        let running: Vec<_> = chunks.map(|chunk| scope.spawn(move || count(chunk))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    println!("{built} cases built before and after");
    assert!(built >= 100, "only {built} cases were built");
}

/// Compares what kustomize builds before and after an edit. Returns `false` for a case that cannot be compared: one
/// that is refused, or that kustomize did not read before, or whose matching is not repeated here (names that are
/// patterns or carry a tag, merge keys, `imageTags`).
fn is_built_as_asked_for(case: &Case) -> bool {
    let Some(edit) = case.edit().ok().filter(|edit| edit.absent.is_empty()) else {
        return false;
    };
    let text = String::from_utf8_lossy(&edit.text);
    let is_odd = ["<<", "imageTags", "*", "x-"].iter().any(|odd| text.contains(odd));
    // A value with a line break in it is printed on several lines.
    let is_one_line = |fields: &Fields| !fields.new_tag.as_ref().is_some_and(|tag| tag.contains('\n'));
    let Some(entries) = entries_in_order(&text) else {
        return false;
    };
    let are_lines = entries.iter().flat_map(BTreeMap::values).all(|value| !value.contains('\n'));
    if is_odd
        || !are_lines
        || !text.contains("deployment.yaml")
        || !edit.entries.iter().all(|entry| is_one_line(&entry.before))
    {
        return false;
    }
    let names: Vec<String> = edit.names.iter().filter(|name| !name.contains(['[', '@', '*', ' '])).cloned().collect();
    let Ok(before) = build(&case.source, &names) else {
        return false;
    };
    let after = build(&edit.text, &names).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    let (images, others) = image_lines(&after);
    assert_eq!(others, image_lines(&before).1, "{}: something else changed", case.name);
    let expected: Vec<String> = names
        .iter()
        .map(|name| {
            let mut image = Image { name: name.clone(), tag: Some("old".to_owned()), digest: None };
            for entry in &entries {
                image.apply(entry.get("name").map_or("", String::as_str), entry);
            }
            image.show()
        })
        .collect();
    // Other characters are printed as escapes.
    if expected.iter().all(|image| image.is_ascii()) {
        assert_eq!(images, expected, "{}", case.name);
    }
    true
}
