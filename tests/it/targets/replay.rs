//! Releases of public repositories, replayed: what their authors changed, given as arguments, makes the bytes that they
//! committed. `benches/replay.py` makes the files in `tests/replay`, and runs over any clone.

use std::fs;
use std::path::Path;

use tagship::image::ImageArgument;
use tagship::targets::Absent;
use tagship::targets::kustomization::edit;

/// One change of one file, reduced to its `images`.
struct Change {
    origin: String,
    arguments: Vec<ImageArgument>,
    before: String,
    after: String,
}

impl Change {
    fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replay");
        let files = fs::read_dir(folder).unwrap().map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
        files.flat_map(|text| Self::read(&text)).collect()
    }

    fn read(text: &str) -> Vec<Self> {
        let mut changes: Vec<Self> = Vec::new();
        for line in text.split_inclusive('\n').filter(|line| !line.starts_with('#')) {
            let (mark, content) = line.split_at(1);
            if mark == "@" {
                let (origin, arguments) = (content.trim().to_owned(), Vec::new());
                changes.push(Self { origin, arguments, before: String::new(), after: String::new() });
                continue;
            }
            let change = changes.last_mut().unwrap();
            match mark {
                "$" => change.arguments.push(content.trim().parse().unwrap()),
                "-" => change.before.push_str(content),
                "+" => change.after.push_str(content),
                _ => {
                    change.before.push_str(content);
                    change.after.push_str(content);
                }
            }
        }
        changes
    }
}

#[test]
fn releases_are_written_as_their_authors_wrote_them() {
    let changes = Change::all();
    assert!(changes.len() >= 200, "there are {} changes", changes.len());
    for change in changes {
        let edit = edit(change.before.as_bytes(), &change.arguments, Absent::Report)
            .unwrap_or_else(|error| panic!("{}: {error}", change.origin));
        assert_eq!(String::from_utf8_lossy(&edit.text), change.after, "{}", change.origin);
    }
}
