//! What kustomize builds from an edited file, if kubectl is installed: the images are those that were asked for, and
//! every other line is the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use tagship::targets::{Edit, Fields};

use super::Case;
use crate::support::temporary_folder::temporary_folder;

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

/// What kustomize is to build: the kustomization of a case, and a container for each image.
struct Source<'a> {
    /// Of the case. It is in the pod's name, so that many can be built at once.
    number: usize,
    kustomization: &'a [u8],
    images: &'a [String],
}

impl Source<'_> {
    fn pod(&self) -> String {
        format!("pod-{:06}", self.number)
    }

    fn write(&self, folder: &Path) {
        let mut pod = format!("apiVersion: v1\nkind: Pod\nmetadata:\n  name: {}\nspec:\n  containers:\n", self.pod());
        for (index, image) in self.images.iter().enumerate() {
            pod.push_str(&format!("  - name: c{index}\n    image: \"{image}:old\"\n"));
        }
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("deployment.yaml"), pod).unwrap();
        fs::write(folder.join("kustomization.yaml"), self.kustomization).unwrap();
    }
}

/// Returns what kustomize prints for each of `sources`, or what it says if it refuses one. Starting the program takes most of
/// the time, so that one run builds many. If it refuses them together, it names the first folder that it cannot build: the next
/// run has those behind that one, and the last run all that can be built.
fn build_all(sources: &[Source<'_>]) -> Vec<Result<String, String>> {
    let mut refused = BTreeMap::new();
    let mut first = 0;
    let manifests = loop {
        let asked: Vec<usize> = (first..sources.len()).filter(|index| !refused.contains_key(index)).collect();
        match build_together(asked.iter().map(|index| &sources[*index])) {
            Ok(manifests) if first == 0 => break manifests,
            Ok(_) => first = 0,
            Err(error) => {
                let named = asked.into_iter().find(|index| error.contains(&sources[*index].pod()));
                let named = named.unwrap_or_else(|| panic!("kustomize names no folder: {error}"));
                refused.insert(named, error);
                first = if named + 1 < sources.len() { named + 1 } else { 0 };
            }
        }
    };
    let manifest_of = |source: &Source<'_>| {
        let manifest = manifests.split("---\n").find(|manifest| manifest.contains(&source.pod()));
        manifest.unwrap_or_else(|| panic!("no {} in {manifests}", source.pod())).to_owned()
    };
    let numbered = sources.iter().enumerate();
    numbered.map(|(index, source)| refused.remove(&index).map_or_else(|| Ok(manifest_of(source)), Err)).collect()
}

/// Returns all manifests of one run.
fn build_together<'a>(sources: impl Iterator<Item = &'a Source<'a>>) -> Result<String, String> {
    let folder = temporary_folder("kustomize-");
    let mut root = "resources:\n".to_owned();
    for source in sources {
        source.write(&folder.path().join(source.pod()));
        root += &format!("- {}\n", source.pod());
    }
    fs::write(folder.path().join("kustomization.yaml"), root).unwrap();
    build(folder.path())
}

fn is_installed() -> bool {
    let is_installed = Command::new("kubectl").args(["version", "--client"]).output().is_ok();
    assert!(is_installed || std::env::var_os("TAGSHIP_REQUIRE_SERVERS").is_none(), "kubectl is not installed");
    is_installed
}

fn build(folder: &Path) -> Result<String, String> {
    let output = Command::new("kubectl").arg("kustomize").arg(folder).output().unwrap();
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
    if !is_installed() {
        println!("skipped: kubectl is not installed");
        return;
    }
    let cases = Case::all();
    let comparable: Vec<_> = cases.iter().filter_map(Comparable::new).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let built: usize = std::thread::scope(|scope| {
        let chunks = comparable.chunks(comparable.len().div_ceil(threads));
        let running: Vec<_> = chunks.map(|chunk| scope.spawn(move || compare(chunk))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    println!("{built} cases built before and after");
    assert!(built >= 100, "only {built} cases were built");
}

/// Of several entries with one name, what they say together is what kustomize makes of an image.
#[test]
fn kustomize_applies_the_entries_of_one_name_as_they_are_read() {
    if !is_installed() {
        println!("skipped: kubectl is not installed");
        return;
    }
    let digest = format!("digest: sha256:{}", "a".repeat(64));
    let says = ["newTag: v1", "newTag: v2", "newName: org/web", "newName: web", &digest, "newName: org/b, newTag: v3"];
    let pairs = says.iter().flat_map(|one| says.iter().map(move |other| [*one, *other]));
    let texts: Vec<String> = pairs
        .map(|pair| {
            let entries = pair.map(|said| format!("- {{name: web, {said}}}\n"));
            format!("resources: [deployment.yaml]\nimages:\n{}", entries.concat())
        })
        .collect();
    let images = ["web".to_owned()];
    let sources = texts.iter().enumerate();
    let sources: Vec<_> =
        sources.map(|(number, text)| Source { number, kustomization: text.as_bytes(), images: &images }).collect();
    for (text, built) in texts.iter().zip(build_all(&sources)) {
        let entries = tagship::targets::entries("kustomization.yaml", text.as_bytes(), None).unwrap();
        let [(name, fields)] = entries.as_slice() else { panic!("{entries:?}") };
        let tag =
            if fields.new_tag.is_none() && fields.digest.is_none() { Some("old") } else { fields.new_tag.as_deref() };
        let image = Image {
            name: fields.image_name(name).unwrap().to_owned(),
            tag: tag.map(str::to_owned),
            digest: fields.digest.clone(),
        };
        assert_eq!(image_lines(&built.unwrap()).0, [image.show()], "{text}");
    }
}

/// A case whose builds before and after the edit can be compared.
struct Comparable<'a> {
    case: &'a Case,
    edit: Edit,
    /// The entries after the edit.
    entries: Vec<BTreeMap<String, String>>,
    names: Vec<String>,
}

impl<'a> Comparable<'a> {
    /// Returns the case with its edit; `None` if it is refused, or if its matching is not repeated here (names that are
    /// patterns or carry a tag, merge keys, `imageTags`).
    fn new(case: &'a Case) -> Option<Self> {
        let edit = case.edit().ok().filter(|edit| edit.absent.is_empty())?;
        let text = String::from_utf8_lossy(&edit.text);
        let is_odd = ["<<", "imageTags", "*", "x-"].iter().any(|odd| text.contains(odd));
        // A value with a line break in it is printed on several lines.
        let is_one_line = |fields: &Fields| !fields.new_tag.as_ref().is_some_and(|tag| tag.contains('\n'));
        let entries = entries_in_order(&text)?;
        let are_lines = entries.iter().flat_map(BTreeMap::values).all(|value| !value.contains('\n'));
        let is_comparable = !is_odd
            && are_lines
            && text.contains("deployment.yaml")
            && edit.entries.iter().all(|entry| is_one_line(&entry.before));
        let names = edit.names.iter().filter(|name| !name.contains(['[', '@', '*', ' '])).cloned().collect();
        is_comparable.then_some(Self { case, edit, entries, names })
    }

    /// Returns the images that kustomize should make of the containers.
    fn expected(&self) -> Vec<String> {
        let image = |name: &String| {
            let mut image = Image { name: name.clone(), tag: Some("old".to_owned()), digest: None };
            for entry in &self.entries {
                image.apply(entry.get("name").map_or("", String::as_str), entry);
            }
            image.show()
        };
        self.names.iter().map(image).collect()
    }
}

/// Compares what kustomize builds before and after the edits. Returns how many could be compared: those that kustomize read
/// before.
fn compare(cases: &[Comparable<'_>]) -> usize {
    let numbered = || cases.iter().enumerate();
    let before: Vec<Source<'_>> = numbered()
        .map(|(number, case)| Source { number, kustomization: &case.case.source, images: &case.names })
        .collect();
    let before = build_all(&before);
    let read: Vec<_> = numbered().zip(before).filter_map(|(case, built)| Some((case, built.ok()?))).collect();
    let after: Vec<Source<'_>> = read
        .iter()
        .map(|((number, case), _)| Source { number: *number, kustomization: &case.edit.text, images: &case.names })
        .collect();
    for (((_, case), before), after) in read.iter().zip(build_all(&after)) {
        let name = &case.case.name;
        let after = after.unwrap_or_else(|error| panic!("{name}: {error}"));
        let (images, others) = image_lines(&after);
        assert_eq!(others, image_lines(before).1, "{name}: something else changed");
        // Other characters are printed as escapes.
        let expected = case.expected();
        if expected.iter().all(|image| image.is_ascii()) {
            assert_eq!(images, expected, "{name}");
        }
    }
    read.len()
}
