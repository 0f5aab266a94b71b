//! The editor against folders of cases, against properties of generated files, and against kustomize itself.
//!
//! A case is a folder in `tests/edit`: `kustomization.yaml`, `args` (one a line, `--add` first), and what is expected:
//! `expected.yaml` with `notes` where there are any, or `error`. `UPDATE_EXPECTED=1` writes what comes out, to be read
//! before it is believed.

#![allow(
    clippy::disallowed_methods,
    reason = "a test reads its switches, writes its expectations, and runs kubectl to compare with it"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
use tagship::image::ImageArgument;
use tagship::kustomization::{Absent, Edit, EditError, Fields, edit};

struct Case {
    name: String,
    folder: PathBuf,
    source: Vec<u8>,
    arguments: Vec<ImageArgument>,
    absent: Absent,
}

impl Case {
    fn all() -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/edit");
        let folders = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
        let mut cases: Vec<Self> = folders.map(Self::read).collect();
        cases.sort_by(|a, b| a.name.cmp(&b.name));
        cases
    }

    fn read(folder: PathBuf) -> Self {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(folder.join("args")).unwrap();
        let (absent, lines) = match text.strip_prefix("--add\n") {
            Some(lines) => (Absent::Append, lines),
            None => (Absent::Report, text.as_str()),
        };
        let parse = |line: &str| line.parse().unwrap_or_else(|error| panic!("{name}: {line}: {error}"));
        let arguments = lines.lines().map(parse).collect();
        let source = fs::read(folder.join("kustomization.yaml")).unwrap();
        Self { name, folder, source, arguments, absent }
    }

    fn edit(&self) -> Result<Edit, EditError> {
        edit(&self.source, &self.arguments, self.absent)
    }

    /// Returns what is expected, by file name.
    fn outcome(&self) -> BTreeMap<&'static str, Vec<u8>> {
        let mut files = BTreeMap::new();
        match self.edit() {
            Err(error) => {
                let hint = error.hint().map_or_else(String::new, |hint| format!("hint: {hint}\n"));
                files.insert("error", format!("{error}\n{hint}").into_bytes());
            }
            Ok(edit) if !edit.absent.is_empty() => {
                let absent = listed(edit.absent.iter().map(|name| name.as_str()));
                let names = listed(edit.names.iter().map(String::as_str));
                files.insert("error", format!("no entry is named {absent}; entries: {names}\n").into_bytes());
            }
            Ok(edit) => {
                let notes: String = edit.notes.iter().map(|note| format!("{}: {note}\n", note.place)).collect();
                if !notes.is_empty() {
                    files.insert("notes", notes.into_bytes());
                }
                files.insert("expected.yaml", edit.text);
            }
        }
        files
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

#[test]
fn cases() {
    let cases = Case::all();
    assert!(cases.len() >= 150, "there are {} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let outcome = case.outcome();
        for file in ["expected.yaml", "error", "notes"] {
            let path = case.folder.join(file);
            let expected = fs::read(&path).ok();
            if expected.as_ref() == outcome.get(file) {
                continue;
            }
            let show = |bytes: Option<&Vec<u8>>| bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
            wrong.push(format!(
                "{}/{file}: {:?}\nexpected {:?}",
                case.name,
                show(outcome.get(file)),
                show(expected.as_ref())
            ));
            match outcome.get(file) {
                _ if std::env::var_os("UPDATE_EXPECTED").is_none() => {}
                Some(bytes) => fs::write(&path, bytes).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn a_second_run_changes_nothing() {
    for case in Case::all() {
        let Ok(first) = case.edit() else {
            continue;
        };
        let second = edit(&first.text, &case.arguments, case.absent).unwrap();
        assert!(!second.changed(), "{}", case.name);
        assert_eq!(second.text, first.text, "{}", case.name);
        assert!(second.entries.iter().all(|entry| entry.before == entry.after && !entry.appended), "{}", case.name);
    }
}

#[test]
fn what_changed_is_said_with_its_lines() {
    let source = b"images:\n- name: app\n  newName: reg/app\n  newTag: v1\n- name: b\n";
    let arguments: Vec<ImageArgument> = ["app:v2", "zed:v3"].map(|text| text.parse().unwrap()).to_vec();
    let edit = edit(source, &arguments, Absent::Append).unwrap();
    let shown: Vec<String> = edit
        .entries
        .iter()
        .flat_map(|entry| {
            entry.fields.iter().map(move |field| {
                let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
                let (from, to) = (value(&field.from), value(&field.to));
                format!("{}:{} {}:{} {from} {to} {}", entry.name, entry.line, field.field, field.line, entry.appended)
            })
        })
        .collect();
    let expected = ["app:2 newName:3 reg/app - false", "app:2 newTag:3 v1 v2 false", "zed:5 newTag:6 - v3 true"];
    assert_eq!(shown, expected);
    assert_eq!(edit.names, ["app", "b", "zed"]);
}

#[test]
fn an_error_carries_its_file_place_and_hint() {
    let error = edit(b"x: &a\n- name: app\nimages: *a\n", &["app:v2".parse().unwrap()], Absent::Report).unwrap_err();
    assert_eq!(error.in_file("prod/kustomization.yaml"), "prod/kustomization.yaml:3:9: `images` is an alias");
    assert!(error.hint().unwrap().contains("1:4"));
    let error = edit(b"\xff\xfe", &[], Absent::Report).unwrap_err();
    assert_eq!(error.in_file("k"), "k: the file is UTF-16, which kustomize does not read");
}

/// A generated entry: its text, and what it says.
#[derive(Debug, Clone)]
struct Generated {
    before: String,
    entry: String,
    after: String,
}

fn quoted(value: &str, quote: usize) -> String {
    match quote {
        0 => value.to_owned(),
        1 => format!("'{value}'"),
        _ => format!("\"{value}\""),
    }
}

/// Generates a file around one entry `app`, in block or flow style, with the odd comment, blank line and quote.
fn files() -> impl Strategy<Value = Generated> {
    let fields = prop::sample::subsequence(vec!["newName", "newTag", "digest", "tagSuffix"], 0..=4).prop_shuffle();
    let layout = (0usize..5, 1usize..4, any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let digest = format!("sha256:{}", "0a".repeat(32));
    (fields, 0usize..5, prop::collection::vec((0usize..3, 0usize..4), 5), layout).prop_map(
        move |(fields, name_at, styles, (indent, gap, crlf, bom, flow, last))| {
            let mut pairs: Vec<(&str, &str)> = fields
                .into_iter()
                .map(|key| match key {
                    "newName" => (key, "reg.example/team/app"),
                    "newTag" => (key, "v1.2.3"),
                    "digest" => (key, digest.as_str()),
                    key => (key, "-alpine"),
                })
                .collect();
            pairs.insert(name_at.min(pairs.len()), ("name", "app"));
            let (pad, wide) = (" ".repeat(indent), " ".repeat(gap));
            let styled = pairs.iter().zip(&styles);
            let entry = if flow {
                let pairs: Vec<String> =
                    styled.map(|((key, value), (quote, _))| format!("{key}: {}", quoted(value, *quote))).collect();
                format!("{pad}-{wide}{{{}}} # flow\n", pairs.join(", "))
            } else {
                let mut text = String::new();
                for (index, ((key, value), (quote, comment))) in styled.enumerate() {
                    let lead = if index == 0 { format!("-{wide}") } else { format!(" {wide}") };
                    let tail = ["\n", "  # é 😀\n", "\n\n", "\n   # own line\n"][*comment];
                    text.push_str(&format!("{pad}{lead}{key}: {}{tail}", quoted(value, *quote)));
                }
                text
            };
            let mark = if bom { "\u{feff}" } else { "" };
            let mut generated = Generated {
                before: format!(
                    "{mark}# é — 日本\nkind: Kustomization\npatches:\n- patch: |-\n    images:\n    - name: app\nimages: # all\n{pad}-{wide}name: other\n{pad} {wide}newTag: 'v0'\n"
                ),
                entry,
                after: format!("{pad}-{wide}name: app-2\n{pad} {wide}newTag: v9\n\n# end\nnamespace: x\n"),
            };
            if last {
                generated.after.clear();
                generated.entry.truncate(generated.entry.trim_end().len());
            }
            if crlf {
                for text in [&mut generated.before, &mut generated.entry, &mut generated.after] {
                    *text = text.replace('\n', "\r\n");
                }
            }
            generated
        },
    )
}

const ARGUMENTS: [&str; 9] = [
    "app:v2",
    "app:1.10",
    "app=reg/new:0574186",
    "app=*:v2@*",
    "app=*:*@*",
    "app=reg/new",
    "app:*",
    "app@sha256:1111111111111111111111111111111111111111111111111111111111111111",
    "app=*:7e3@sha256:1111111111111111111111111111111111111111111111111111111111111111",
];

/// Reads the entries with yaml-rust2, by name, values as strings or not at all.
fn read_with_yaml_rust2(text: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let documents = yaml_rust2::YamlLoader::load_from_str(text).unwrap();
    let entries = documents[0]["images"].as_vec().unwrap().iter().map(|entry| {
        let pairs = entry.as_hash().unwrap().iter();
        let pairs = pairs.map(|(key, value)| (key.as_str().unwrap().to_owned(), value.as_str().unwrap().to_owned()));
        (entry["name"].as_str().unwrap().to_owned(), pairs.collect())
    });
    entries.collect()
}

/// Reads the entries with granit-parser: the flat mappings in the list that `images` has for a value.
fn read_with_granit(text: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    use granit_parser::{Event, Parser, ScalarStyle};
    let mut entries = BTreeMap::new();
    let (mut depth, mut in_images, mut key) = (0, false, None::<String>);
    let mut entry = BTreeMap::new();
    for event in Parser::new_from_str(text) {
        match event.unwrap().0 {
            Event::MappingStart(..) | Event::SequenceStart(..) => depth += 1,
            Event::SequenceEnd | Event::MappingEnd => {
                depth -= 1;
                if in_images && depth == 2 {
                    let entry: BTreeMap<String, String> = std::mem::take(&mut entry);
                    entries.insert(entry["name"].clone(), entry);
                }
                in_images &= depth > 1;
            }
            Event::Scalar(value, _, _, _) if depth == 1 => in_images = value == "images",
            Event::Scalar(value, style, _, _) if in_images && depth == 3 => match key.take() {
                None => key = Some(value.into_owned()),
                Some(key) => {
                    let is_number = style == ScalarStyle::Plain && value.parse::<f64>().is_ok();
                    assert!(!is_number, "{key}: {value} would be a number");
                    entry.insert(key, value.into_owned());
                }
            },
            _ => {}
        }
    }
    entries
}

fn read_back(fields: &Fields, entry: &BTreeMap<String, String>) -> bool {
    let value = |key: &str| entry.get(key).cloned();
    [(&fields.new_name, "newName"), (&fields.new_tag, "newTag"), (&fields.digest, "digest")]
        .into_iter()
        .all(|(field, key)| *field == value(key))
}

proptest! {
    // What is found becomes a case in `tests/edit`, not a seed that says nothing to its reader.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn only_the_entry_changes_and_both_readers_find_it(file in files(), argument in prop::sample::select(&ARGUMENTS[..])) {
        let source = format!("{}{}{}", file.before, file.entry, file.after);
        let arguments = [argument.parse::<ImageArgument>().unwrap()];
        let edit_once = edit(source.as_bytes(), &arguments, Absent::Report).unwrap();
        let text = std::str::from_utf8(&edit_once.text).unwrap();
        prop_assert!(text.starts_with(&file.before));
        prop_assert!(text.ends_with(&file.after));
        prop_assert!(text.ends_with('\n') || !source.ends_with('\n'));
        let (crlf, all) = (text.matches("\r\n").count(), text.matches('\n').count());
        prop_assert_eq!(crlf, if source.contains('\r') { all } else { 0 });
        let after = &edit_once.entries[0].after;
        for entries in [read_with_yaml_rust2(text), read_with_granit(text)] {
            prop_assert!(read_back(after, &entries["app"]), "{after:?} {text}");
            prop_assert_eq!(entries.len(), if file.after.is_empty() { 2 } else { 3 });
            prop_assert_eq!(entries["app"].contains_key("tagSuffix"), file.entry.contains("tagSuffix"));
        }
        let twice = edit(text.as_bytes(), &arguments, Absent::Report).unwrap();
        prop_assert!(!twice.changed());
        prop_assert_eq!(edit_once.changed(), text != source);
    }

    #[test]
    fn the_order_of_arguments_is_irrelevant(file in files(), argument in prop::sample::select(&ARGUMENTS[..])) {
        let source = format!("{}{}{}", file.before, file.entry, file.after);
        let mut arguments: Vec<ImageArgument> =
            [argument, "other=x/y:1", "app-2:v3"].map(|text| text.parse().unwrap()).to_vec();
        if file.after.is_empty() {
            arguments.pop();
        }
        let forth = edit(source.as_bytes(), &arguments, Absent::Report).unwrap();
        arguments.reverse();
        let back = edit(source.as_bytes(), &arguments, Absent::Report).unwrap();
        prop_assert_eq!(&forth.text, &back.text);
        let mut text = source.into_bytes();
        for argument in arguments {
            text = edit(&text, &[argument], Absent::Report).unwrap().text;
        }
        prop_assert_eq!(forth.text, text, "one by one is the same as at once");
    }

    #[test]
    fn new_entries_are_found_by_both_readers(file in files(), argument in prop::sample::select(&ARGUMENTS[..])) {
        let source = format!("{}{}{}", file.before, file.entry, file.after);
        let arguments = [argument.parse().unwrap(), "zed=reg/zed:7e3".parse().unwrap()];
        let edit = edit(source.as_bytes(), &arguments, Absent::Append).unwrap();
        let text = std::str::from_utf8(&edit.text).unwrap();
        for entries in [read_with_yaml_rust2(text), read_with_granit(text)] {
            for entry in &edit.entries {
                prop_assert!(read_back(&entry.after, &entries[entry.name.as_str()]));
            }
        }
        prop_assert!(edit.entries.last().unwrap().appended);
    }

    #[test]
    fn any_text_ends_in_a_result_or_a_reason(
        parts in prop::collection::vec(prop_oneof![
            Just("images:\n"), Just("- name: app\n"), Just("  newTag: v1\n"), Just("  digest:\n"), Just("- "), Just("  "),
            Just("newTag: |\n"), Just("    v1\n"), Just("&a "), Just("*a"), Just("<<: *a\n"), Just("{"), Just("}"),
            Just("["), Just("]"), Just(", "), Just("name: app"), Just("newTag: 'v1'"), Just("\n"), Just("# c\n"),
            Just("\t"), Just("? "), Just(": "), Just("---\n"), Just("...\n"), Just("\r\n"), Just("é"), Just("\u{feff}"),
            Just("imageTags:\n"), Just("!!str "), Just("\""), Just("~"), Just(">-\n"),
        ], 0..24),
        argument in prop::sample::select(&ARGUMENTS[..]),
        append in any::<bool>(),
    ) {
        let source = parts.concat();
        let absent = if append { Absent::Append } else { Absent::Report };
        match edit(source.as_bytes(), &[argument.parse().unwrap()], absent) {
            Ok(edit) => prop_assert_eq!(edit.changed(), edit.text != source.as_bytes()),
            Err(error) => prop_assert!(!error.in_file("k").is_empty()),
        }
    }
}

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
fn entries_in_order(text: &str) -> Vec<BTreeMap<String, String>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Ok(documents) = yaml_rust2::YamlLoader::load_from_str(text) else {
        return Vec::new();
    };
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
    entries.map(pairs).collect()
}

#[test]
fn kustomize_builds_what_was_asked_for() {
    if Command::new("kubectl").args(["version", "--client"]).output().is_err() {
        assert!(std::env::var_os("TAGSHIP_REQUIRE_SERVERS").is_none(), "kubectl is not installed");
        println!("skipped: kubectl is not installed");
        return;
    }
    let mut built = 0;
    for case in Case::all() {
        let Some(edit) = case.edit().ok().filter(|edit| edit.absent.is_empty()) else {
            continue;
        };
        let text = String::from_utf8_lossy(&edit.text).into_owned();
        // Names that are patterns or carry a tag, merge keys, and the older list match in ways not repeated here.
        let is_plain = |name: &String| !name.contains(['[', '@', '*', ' ']);
        let entries = entries_in_order(&text);
        let names: Vec<String> = edit.names.iter().filter(|name| is_plain(name)).cloned().collect();
        if !text.contains("deployment.yaml") || ["<<", "imageTags", "*", "x-"].iter().any(|odd| text.contains(odd)) {
            continue;
        }
        // A value with a line break in it would be printed on several lines before.
        let is_one_line = |fields: &Fields| !fields.new_tag.as_ref().is_some_and(|tag| tag.contains('\n'));
        if !edit.entries.iter().all(|entry| is_one_line(&entry.before)) {
            continue;
        }
        let Ok(before) = build(&case.source, &names) else {
            continue;
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
        if expected.iter().all(|image| image.is_ascii()) {
            assert_eq!(images, expected, "{}", case.name);
        }
        built += 1;
    }
    println!("{built} cases built before and after");
    assert!(built >= 100, "only {built} cases were built");
}
