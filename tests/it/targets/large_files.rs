//! Files with thousands of images are read in a time that grows with their size. A search among all images for each of them
//! takes minutes.

use tagship::targets::{Absent, Edit, Fields, ShownEntries, edit, read};

use crate::support::growth::assert_grows_with_its_size;

/// Returns the text that `line` makes of each number.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, number| {
        text.push_str(&line(number));
        text
    })
}

/// Returns what shows in a file.
fn shown(path: &str, text: &str) -> ShownEntries {
    read(path, text.as_bytes(), |file| file.shown_entries()).unwrap()
}

fn edited(path: &str, text: &str, argument: &str) -> Edit {
    edit(path, text.as_bytes(), &[argument.parse().unwrap()], Absent::Report).unwrap()
}

#[test]
fn a_release_with_many_entries_and_patches_of_post_renderers() {
    assert_grows_with_its_size(1_600, |count| {
        let mut text = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec:\n  values:\n".to_owned();
        text += &lines(count, |n| format!("    s{n}: {{image: {{repository: r.example/s{n}, tag: v1}}}}\n"));
        text += "  postRenderers:\n  - kustomize:\n      images:\n";
        text += &lines(count, |n| format!("      - {{name: r.example/s{}, newTag: v2}}\n", n + count / 2));
        text += "      patches:\n";
        text += &lines(count, |n| format!("      - {{patch: 'image: r.example/s{n}:v3'}}\n"));
        let shown = shown("release.yaml", &text);
        assert_eq!(shown.entries.len(), 2 * count);
        let doubts = |(_, fields): &(String, Fields)| fields.pulled.as_ref().map_or(0, |pulled| pulled.doubts().len());
        // Each value is set again, and so is each entry whose image a patch sets too.
        assert_eq!(shown.entries.iter().map(doubts).sum::<usize>(), count + count / 2);
    });
}

#[test]
fn an_edit_of_many_entries_of_one_name() {
    assert_grows_with_its_size(3_200, |count| {
        let entries = lines(count, |n| format!("- {{name: web, newName: r.example/web, newTag: v{n}}}\n"));
        let edit = edited("kustomization.yaml", &format!("images:\n{entries}"), "web=*:v2");
        assert_eq!(edit.entries.iter().filter(|entry| entry.changed()).count(), count - 1);
    });
}

#[test]
fn values_with_many_images_in_one_mapping() {
    assert_grows_with_its_size(1_600, |count| {
        let images = lines(count, |n| format!("a{n}Image: acme/s{n}\nb{n}Tag: v1\n"));
        let shown = shown("values.yaml", &format!("registry: r.example\n{images}"));
        assert_eq!(shown.entries.len(), count);
        let made = |(_, fields): &(String, Fields)| fields.before_name.first().and_then(|before| before.made.clone());
        let is_below = |entry| made(entry).is_some_and(|made| made.starts_with("r.example/acme/s"));
        assert!(shown.entries.iter().all(is_below));
    });
}

#[test]
fn values_with_many_flat_tags_in_one_mapping() {
    assert_grows_with_its_size(6_400, |count| {
        let text = lines(count, |n| format!("a{n}Image: r.example/s{n}\na{n}Tag: v1\n"));
        let entries = read("values.yaml", text.as_bytes(), |file| file.entries(None)).unwrap();
        assert_eq!(entries.len(), count);
        assert!(entries.iter().all(|(name, fields)| name.ends_with("Tag") && fields.new_name.is_some()));
    });
}

/// `status` and `check` ask of each what stands beside it.
#[test]
fn flat_tags_as_they_are_pulled() {
    assert_grows_with_its_size(1_600, |count| {
        let text = lines(count, |n| format!("a{n}Image: r.example/s{n}\na{n}Tag: v1\na{n}Digest: ''\n"));
        let more = format!(
            "tagSuffix: -slim\na7Digest2: ''\nzImage: r.example/z\nzTag: v1\nzDigest: sha256:{}\n",
            "a".repeat(64)
        );
        let shown = shown("values.yaml", &(text + &more));
        assert_eq!((shown.entries.len(), shown.overruled.len()), (count + 1, 1));
        let doubts = |(_, fields): &(String, Fields)| fields.pulled.as_ref().map_or(0, |pulled| pulled.doubts().len());
        assert_eq!(shown.entries.iter().map(doubts).sum::<usize>(), count);
    });
}

#[test]
fn a_name_that_parts_around_it_may_make_in_many_ways() {
    let owners = ["organization", "org", "project", "namespace", "owner"];
    let owners: String = owners.iter().map(|key| format!("    {key}: x\n")).collect();
    let text = format!("web:\n  image:\n    registry: r.test\n{owners}    repository: web\n    tag: v1\n");
    assert_grows_with_its_size(16, |parts| {
        assert!(edited("values.yaml", &text, &format!("web.image=r.test/{}z/web:v2", "x/".repeat(parts))).changed());
    });
}

#[test]
fn values_with_many_whole_images_in_one_mapping() {
    assert_grows_with_its_size(6_400, |count| {
        let text = lines(count, |n| format!("a{n}Image: r.example/web:v{n}\n"));
        let entries = read("values.yaml", text.as_bytes(), |file| file.entries(None)).unwrap();
        assert_eq!(entries.len(), count);
        assert!(entries.iter().all(|(_, fields)| fields.new_name.as_deref() == Some("r.example/web")));
    });
}

/// The second reader looks for the ends of what may be tags.
#[test]
fn a_comment_of_many_exclamation_marks() {
    for marks in ["!", "!<"] {
        assert_grows_with_its_size(200_000, |count| {
            let text = format!("images:\n- name: web\n  newTag: v1\n# {}\n", marks.repeat(count));
            assert_eq!(edited("kustomization.yaml", &text, "web=*:v2").text, text.replace("v1", "v2").as_bytes());
        });
    }
}
