//! The editor against folders of cases; below, against generated files and against kustomize itself.
//!
//! A case is a folder in `tests/edit`: `kustomization.yaml`, `args` (one a line, `--add` and `--comment TEXT` first), and
//! what is expected: `expected.yaml` with `notes` if there are any, or `error`. `UPDATE_EXPECTED=1` writes what comes out,
//! to be read before it is believed.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test reads its switches, writes its expectations, runs kubectl, and fails if anything is amiss"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tagship::image::{ImageArgument, ImageName};
use tagship::message::line_comment::{CommentTemplate, CommentValues};
use tagship::targets::kustomization::{EditError, edit};
use tagship::targets::{Absent, Comments, Edit, EditOptions, Fields};

mod aliases;
mod all_kinds;
mod generated;
mod kustomize;
mod large_files;
mod other_readers;
mod replay;
mod scalars;
mod third_reader;

struct Case {
    name: String,
    folder: PathBuf,
    source: Vec<u8>,
    arguments: Vec<ImageArgument>,
    absent: Absent,
    comment: String,
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
        let (comment, lines) = match lines.strip_prefix("--comment ").and_then(|lines| lines.split_once('\n')) {
            Some((comment, lines)) => (comment.to_owned(), lines),
            None => ("keep".to_owned(), lines),
        };
        let parse = |line: &str| line.parse().unwrap_or_else(|error| panic!("{name}: {line}: {error}"));
        let arguments = lines.lines().map(parse).collect();
        let source = fs::read(folder.join("kustomization.yaml")).unwrap();
        Self { name, folder, source, arguments, absent, comment }
    }

    fn edit(&self) -> Result<Edit, EditError> {
        self.edit_again(&self.source)
    }

    /// Edits a text as the case edits its own.
    fn edit_again(&self, text: &[u8]) -> Result<Edit, EditError> {
        let write = |name: &ImageName, fields: &Fields| written_comment(&self.comment, name, fields);
        let comments = comments(&self.comment, &write);
        edit(text, &self.arguments, EditOptions { absent: self.absent, comments })
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

#[test]
fn entries_of_one_name_are_edited_as_one_image() {
    for (first, second) in
        [("newName: r.example/web\n  newTag: v1", "newTag: v0"), ("newTag: v1", "newName: r.example/web")]
    {
        let text = format!("images:\n- name: web\n  {first}\n- name: web\n  {second}\n");
        let edit = edit(text.as_bytes(), &["web=*:v2".parse().unwrap()], Absent::Report).unwrap();
        let images: Vec<_> =
            edit.entries.iter().map(|entry| (entry.image_name(), entry.after.new_tag.as_deref())).collect();
        assert_eq!(images, [(Some("r.example/web"), Some("v2")); 2], "{text}");
    }
}

/// Returns what `--comment` asks for.
fn comments<'a>(asked: &str, write: &'a dyn Fn(&ImageName, &Fields) -> String) -> Comments<'a> {
    match asked {
        "keep" => Comments::Keep,
        "drop" => Comments::Drop,
        _ => Comments::Write(write),
    }
}

/// Returns the comment that a template makes for an entry.
fn written_comment(template: &str, name: &ImageName, fields: &Fields) -> String {
    let (tag, digest) = (fields.new_tag.as_deref(), fields.digest.as_deref());
    let (tag, digest) = (tag.unwrap_or_default(), digest.unwrap_or_default());
    let values = CommentValues { entry: name.as_str(), tag, digest, source: "org/app@1" };
    CommentTemplate::parse(template).unwrap().fill(&values)
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
        let second = case.edit_again(&first.text).unwrap();
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

#[test]
fn placeholders_are_told_by_the_bytes_of_the_file() {
    let source = b"images:\n- name: web\n  newName: @REG@/web\n  newTag: @TAG@\n- name: @IMG@\n";
    let arguments: Vec<ImageArgument> = ["web=*:v2", "xIMG@=*:v2"].map(|text| text.parse().unwrap()).to_vec();
    let edit = edit(source, &arguments, Absent::Report).unwrap();
    assert_eq!(edit.text, b"images:\n- name: web\n  newName: @REG@/web\n  newTag: v2\n- name: @IMG@\n");
    assert_eq!(edit.entries[0].before.new_name.as_deref(), Some("@REG@/web"));
    assert_eq!(edit.entries[0].before.new_tag.as_deref(), Some("@TAG@"));
    assert_eq!(edit.names, ["web", "@IMG@"]);
    assert_eq!(edit.absent[0].as_str(), "xIMG@");
}

#[test]
fn what_is_called_nothing_is_no_image_with_a_name() {
    for (path, text) in [
        ("kustomization.yaml", "images:\n- name: ''\n  newTag: v1\n- name: web\n  newTag: v1\n"),
        ("kustomization.yaml", "images:\n- name: |\n\n  newTag: v1\n- &w\n  name: web\n  newTag: v1\n"),
        (
            "apps.yaml",
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec:\n  images:\n  - name: \"\"\n    newTag: v1\n  - name: web\n    newTag: v1\n",
        ),
        ("compose.yaml", "services:\n  '':\n    image: a/b:v1\n  web:\n    image: a/c:v1\n"),
    ] {
        let entries = tagship::targets::entries(path, text.as_bytes(), None).unwrap();
        let names: Vec<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["web"], "{path}");
        let edit = tagship::targets::edit(path, text.as_bytes(), &["x=y:v2".parse().unwrap()], Absent::Report).unwrap();
        assert_eq!(edit.names, ["web"], "{path}");
    }
    // It is checked all the same, by its path.
    let pod = b"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: ''\n    image: a/b:v1\n  - image: a/c:v1\n";
    let entries = tagship::targets::entries("web.yaml", pod, None).unwrap();
    let names: Vec<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, [".spec.containers[0].image", ".spec.containers[1].image"]);
}

#[test]
fn a_value_that_is_marked_as_a_tag_is_no_name() {
    let text = b"image:\n  label: v 1 # {\"$imagepolicy\": \"flux-system:web:tag\"}\n";
    let arguments = ["flux-system:web=*:v5".parse().unwrap()];
    let edit = tagship::targets::edit("values.yaml", text, &arguments, Absent::Report).unwrap();
    assert_eq!(edit.text, b"image:\n  label: v5 # {\"$imagepolicy\": \"flux-system:web:tag\"}\n");
    let said = tagship::targets::entries("values.yaml", &edit.text, Some("flux-system:web")).unwrap();
    assert_eq!(said, [("flux-system:web".to_owned(), edit.entries[0].after.clone())]);
}
