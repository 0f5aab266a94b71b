//! Files with thousands of images are read in a time that grows with their size. A search among all images for each of them
//! takes minutes.

use std::time::{Duration, Instant};

use tagship::targets::{Absent, Fields, ShownEntries, edit, read};

/// Many times what a file of this size takes.
const LIMIT: Duration = Duration::from_secs(20);

/// Returns the text that `line` makes of each number.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, number| {
        text.push_str(&line(number));
        text
    })
}

/// Returns what shows in a file, in time.
fn shown(path: &str, text: &str) -> ShownEntries {
    let start = Instant::now();
    let shown = read(path, text.as_bytes(), |file| file.shown_entries()).unwrap();
    assert!(start.elapsed() < LIMIT, "{path}: {:?}", start.elapsed());
    shown
}

#[test]
fn a_release_with_many_entries_and_patches_of_post_renderers() {
    let mut text = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec:\n  values:\n".to_owned();
    text += &lines(1_000, |n| format!("    s{n}: {{image: {{repository: r.example/s{n}, tag: v1}}}}\n"));
    text += "  postRenderers:\n  - kustomize:\n      images:\n";
    text += &lines(1_000, |n| format!("      - {{name: r.example/s{}, newTag: v2}}\n", n + 500));
    text += "      patches:\n";
    text += &lines(1_000, |n| format!("      - {{patch: 'image: r.example/s{n}:v3'}}\n"));
    let shown = shown("release.yaml", &text);
    assert_eq!(shown.entries.len(), 2_000);
    let doubts = |(_, fields): &(String, Fields)| fields.pulled.as_ref().map_or(0, |pulled| pulled.doubts().len());
    // Each value is set again, and so is each entry whose image a patch sets too.
    assert_eq!(shown.entries.iter().map(doubts).sum::<usize>(), 1_500);
}

#[test]
fn an_edit_of_many_entries_of_one_name() {
    const ENTRIES: usize = 2_000;
    let text =
        format!("images:\n{}", lines(ENTRIES, |n| format!("- {{name: web, newName: r.example/web, newTag: v{n}}}\n")));
    let start = Instant::now();
    let edit = edit("kustomization.yaml", text.as_bytes(), &["web=*:v2".parse().unwrap()], Absent::Report).unwrap();
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
    assert_eq!(edit.entries.iter().filter(|entry| entry.changed()).count(), ENTRIES - 1);
}

#[test]
fn values_with_many_images_in_one_mapping() {
    let text = lines(600, |n| format!("a{n}Image: acme/s{n}\na{n}Tag: v1\n"));
    let shown = shown("values.yaml", &format!("registry: r.example\n{text}"));
    assert_eq!(shown.entries.len(), 600);
    let made = |(_, fields): &(String, Fields)| fields.before_name.first().and_then(|before| before.made.clone());
    assert!(shown.entries.iter().all(|entry| made(entry).is_some_and(|made| made.starts_with("r.example/acme/s"))));
}

#[test]
fn a_name_that_parts_around_it_may_make_in_many_ways() {
    let owners = ["organization", "org", "project", "namespace", "owner"];
    let owners: String = owners.iter().map(|key| format!("    {key}: x\n")).collect();
    let text = format!("web:\n  image:\n    registry: r.test\n{owners}    repository: web\n    tag: v1\n");
    let argument = format!("web.image=r.test/{}z/web:v2", "x/".repeat(12));
    let start = Instant::now();
    let edit = edit("values.yaml", text.as_bytes(), &[argument.parse().unwrap()], Absent::Report).unwrap();
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
    assert!(edit.changed());
}

#[test]
fn values_with_many_whole_images_in_one_mapping() {
    const IMAGES: usize = 5_000;
    let text = lines(IMAGES, |n| format!("a{n}Image: r.example/web:v{n}\n"));
    let start = Instant::now();
    let entries = read("values.yaml", text.as_bytes(), |file| file.entries(None)).unwrap();
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
    assert_eq!(entries.len(), IMAGES);
    assert!(entries.iter().all(|(_, fields)| fields.new_name.as_deref() == Some("r.example/web")));
}

/// The second reader looks for the ends of what may be tags.
#[test]
fn a_comment_of_many_exclamation_marks() {
    for marks in ["!", "!<"] {
        let text = format!("images:\n- name: web\n  newTag: v1\n# {}\n", marks.repeat(200_000));
        let start = Instant::now();
        let edit = edit("kustomization.yaml", text.as_bytes(), &["web=*:v2".parse().unwrap()], Absent::Report).unwrap();
        assert!(start.elapsed() < LIMIT, "{marks}: {:?}", start.elapsed());
        assert_eq!(edit.text, text.replace("v1", "v2").as_bytes());
    }
}
