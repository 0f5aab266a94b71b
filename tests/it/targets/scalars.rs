//! The editor of other files than kustomizations, against folders of cases.
//!
//! A case is a folder in `tests/files`: `case`, whose first line is the path of the file and each other one an argument, with
//! `--comment TEXT` before them if that is asked for; `input`; and `expected` with `notes` if there are any, or `error`.
//! `UPDATE_EXPECTED=1` writes what comes out, to be read before it is believed.

use std::fs;
use std::path::{Path, PathBuf};

use tagship::image::{ImageArgument, ImageName};
use tagship::targets::{Absent, Edit, EditOptions, Fields, TargetError, edit, entries};

use super::{comments, written_comment};

pub(super) struct FileCase {
    pub(super) name: String,
    folder: PathBuf,
    path: String,
    pub(super) input: Vec<u8>,
    arguments: Vec<ImageArgument>,
    comment: String,
}

impl FileCase {
    pub(super) fn all() -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files");
        let mut folders: Vec<PathBuf> = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
        folders.sort();
        folders.into_iter().map(Self::read).collect()
    }

    fn read(folder: PathBuf) -> Self {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(folder.join("case")).unwrap();
        let (path, lines) = text.split_once('\n').unwrap();
        let (comment, lines) = match lines.strip_prefix("--comment ").and_then(|lines| lines.split_once('\n')) {
            Some((comment, lines)) => (comment.to_owned(), lines),
            None => ("keep".to_owned(), lines),
        };
        let parse = |line: &str| line.parse().unwrap_or_else(|error| panic!("{name}: {line}: {error}"));
        let arguments = lines.lines().map(parse).collect();
        let input = fs::read(folder.join("input")).unwrap();
        Self { name, folder, path: path.to_owned(), input, arguments, comment }
    }

    pub(super) fn edit(&self, text: &[u8]) -> Result<Edit, TargetError> {
        let write = |name: &ImageName, fields: &Fields| written_comment(&self.comment, name, fields);
        let comments = comments(&self.comment, &write);
        let edit = edit(&self.path, text, &self.arguments, EditOptions { absent: Absent::Report, comments })?;
        // The commands tell what a name leads to if it is no image, and no file has one.
        let what_is_there = |name: &ImageName| entries(&self.path, text, Some(name.as_str())).err();
        match edit.absent.iter().find_map(what_is_there) {
            Some(error) => Err(error),
            None => Ok(edit),
        }
    }

    /// Whether the file has lists of images in a Kustomization of Flux, whose fields come and go.
    pub(super) fn is_of_flux(&self) -> bool {
        String::from_utf8_lossy(&self.input).contains("kustomize.toolkit.fluxcd.io")
    }

    /// Returns what the case has as `name`; nothing if there is no such file.
    fn expectation(&self, name: &str, got: &[u8]) -> Vec<u8> {
        let path = self.folder.join(name);
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            if got.is_empty() {
                fs::remove_file(&path).ok();
            } else {
                fs::write(&path, got).unwrap();
            }
        }
        fs::read(&path).unwrap_or_default()
    }
}

#[test]
fn every_file_is_edited_or_refused_as_its_case_says() {
    let cases = FileCase::all();
    assert!(cases.len() > 40, "the cases are gone");
    for case in cases {
        let name = &case.name;
        let (text, notes, error) = match case.edit(&case.input) {
            Err(error) => {
                let hint = error.hint().unwrap_or_default();
                (Vec::new(), String::new(), format!("{}\n{hint}\n", error.in_file(&case.path)))
            }
            Ok(edit) if !edit.absent.is_empty() => {
                let absent: Vec<&str> = edit.absent.iter().map(|name| name.as_str()).collect();
                (
                    Vec::new(),
                    String::new(),
                    format!("absent: {}\nimages: {}\n", absent.join(", "), edit.names.join(", ")),
                )
            }
            Ok(edit) => {
                let notes: String = edit.notes.iter().map(|note| format!("{}: {note}\n", note.place)).collect();
                assert_eq!(edit.changed(), edit.text != case.input, "{name}");
                (edit.text, notes, String::new())
            }
        };
        assert_eq!(
            String::from_utf8_lossy(&text),
            String::from_utf8_lossy(&case.expectation("expected", &text)),
            "{name}"
        );
        assert_eq!(notes, String::from_utf8_lossy(&case.expectation("notes", notes.as_bytes())), "{name}");
        assert_eq!(error, String::from_utf8_lossy(&case.expectation("error", error.as_bytes())), "{name}");
    }
}

#[test]
fn a_second_edit_changes_nothing() {
    for case in FileCase::all() {
        let Ok(edit) = case.edit(&case.input) else { continue };
        let again = case.edit(&edit.text).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        assert!(!again.changed() && again.text == edit.text, "{}", case.name);
    }
}

/// What an edit says that an image became is what the new file says of it.
#[test]
fn what_became_of_an_image_is_what_the_file_says() {
    for case in FileCase::all() {
        let Ok(edit) = case.edit(&case.input) else { continue };
        for entry in &edit.entries {
            let said = entries(&case.path, &edit.text, Some(entry.name.as_str())).unwrap();
            assert!(said.iter().any(|(_, fields)| *fields == entry.after), "{}: {}", case.name, entry.name);
        }
    }
}

/// A name that a list shows means an image, or there is a reason why it does not.
#[test]
fn every_name_that_is_listed_is_known() {
    for case in FileCase::all() {
        for (name, _) in entries(&case.path, &case.input, None).unwrap_or_default() {
            let said = entries(&case.path, &case.input, Some(&name));
            assert!(said.is_err() || said.is_ok_and(|said| !said.is_empty()), "{}: {name}", case.name);
        }
    }
}

/// The name and the version of an image are shown as one, whatever the keys of the name.
#[test]
fn a_name_is_shown_with_the_version_beside_it() {
    let parameters = |text: &str| {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {{source: {{helm: {{parameters: [{text}]}}}}}}\n"
        )
    };
    for (text, shown) in [
        ("web: {image: r.example/acme/web, tag: v1}\n".to_owned(), "web r.example/acme/web v1"),
        ("web: {name: web, image: r.example/acme/web, version: v1}\n".to_owned(), "web r.example/acme/web v1"),
        (
            "driver: {repository: r.example/acme, image: driver, version: v1}\n".to_owned(),
            "driver r.example/acme/driver v1",
        ),
        ("a: {image: {registry: r.example, image: i/c, tag: v1}}\n".to_owned(), "a.image r.example/i/c v1"),
        ("a: {image: {repository: r.example/acme, name: web, tag: v1}}\n".to_owned(), "a.image r.example/acme/web v1"),
        (
            parameters("{name: web.image, value: r.example/acme/web}, {name: web.tag, value: v1}"),
            "web r.example/acme/web v1",
        ),
        (
            parameters("{name: web.image, value: r.example/acme/web:v1}, {name: web.replicas, value: '1'}"),
            "web.image r.example/acme/web v1",
        ),
    ] {
        let found = entries("values.yaml", text.as_bytes(), None).unwrap();
        let told: Vec<String> = found
            .iter()
            .map(|(name, fields)| {
                let [image, tag] = [&fields.new_name, &fields.new_tag].map(|part| part.clone().unwrap_or_default());
                format!("{name} {image} {tag}")
            })
            .collect();
        assert_eq!(told, [shown], "{text}");
    }
}

/// A dependency of a chart is no image.
#[test]
fn the_dependencies_of_a_chart_are_no_images() {
    let chart = "apiVersion: v2\nname: web\nversion: 0.1.0\nappVersion: \"1.0\"\ndependencies:\n- name: redis\n  version: 9.0.3\n  \
                 repository: https://charts.helm.sh/stable\n";
    assert_eq!(entries("Chart.yaml", chart.as_bytes(), None).unwrap(), []);
}
