//! Kustomizations that are made to exhaust a parser, and names that would become structure.

use std::fs;

use yaml_rust2::YamlLoader;

use super::bounded;
use crate::stage::tagship;
use crate::support::command::Home;

const ENTRY: &str = "images:\n- name: web\n  newTag: v1\n";

#[test]
fn bombs() {
    let laughs: String = (1..30)
        .map(|level| format!("a{level}: &a{level} [{0}]\n", vec![format!("*a{}", level - 1); 10].join(",")))
        .collect();
    let merges: String =
        (1..30).map(|level| format!("m{level}: &m{level}\n  <<: [*m{0}, *m{0}]\n", level - 1)).collect();
    let block: String = (0..20_000).map(|depth| format!("{}-\n", " ".repeat(depth % 200))).collect();
    let images: String = (0..10_000).map(|number| format!("- name: i{number}\n  newTag: v1\n")).collect();
    for (name, text) in [
        ("billion laughs", format!("a0: &a0 [x]\n{laughs}{ENTRY}")),
        ("merge keys", format!("m0: &m0 {{x: 1}}\n{merges}{ENTRY}")),
        ("deep flow", format!("{ENTRY}a: {}", "[".repeat(100_000))),
        ("deep flow that ends", format!("{ENTRY}a: {}{}\n", "[".repeat(100_000), "]".repeat(100_000))),
        ("deep maps", format!("{ENTRY}a: {}", "{a: ".repeat(100_000))),
        ("deep block", format!("{ENTRY}a:\n{block}")),
        ("dashes", format!("{ENTRY}a: {}x\n", "- ".repeat(20_000))),
        ("own alias", format!("{ENTRY}a: &a [*a]\n")),
        ("tag", format!("%TAG !x! {}\n---\n{ENTRY}", "x".repeat(100_000))),
        ("open quote", format!("{ENTRY}a: \"{}", "x\n".repeat(150_000))),
        ("equal keys", format!("{ENTRY}{}", "a: 1\n".repeat(20_000))),
        ("anchors", format!("{ENTRY}{}", (0..20_000).map(|n| format!("k{n}: &x{n} 1\n")).collect::<String>())),
        ("images", format!("images:\n- name: web\n  newTag: v1\n{images}")),
        ("comment", format!("{ENTRY}# {}\n", "x".repeat(1 << 20))),
    ] {
        let home = Home::new();
        let file = home.write("kustomization.yaml", &text);
        let output = bounded(tagship().home(&home).current_dir(home.path()).args(["set", "web=*:v2"]));
        let after = fs::read_to_string(file).unwrap();
        match output.code {
            Some(0) => assert_eq!(after, text.replacen("newTag: v1", "newTag: v2", 1), "{name}"),
            Some(3) => assert_eq!(after, text, "{name}"),
            code => panic!("{name}: {code:?}: {}", output.stderr()),
        }
    }
}

/// A name is a name in the file, or none at all: it adds no key, no entry and no document.
#[test]
fn names_that_would_be_structure() {
    for name in [
        "we\"b",
        "we'b",
        "#web",
        "web #x",
        "&web",
        "*web",
        "!!web",
        "!web",
        "- web",
        "web: x",
        "web:",
        "{web}",
        "[web]",
        "web\n- name: x",
        "web\r",
        "web\t",
        "we\u{1b}[2Jb",
        "we\u{7}b",
        "we\u{2028}b",
        "we\u{85}b",
        "we\u{feff}b",
        "@web",
        "`web",
        "%web",
        "? web",
        "| web",
        "> web",
        "~",
        "null",
        "true",
        "1e3",
        "0x1f",
        "...",
        "---",
        "",
        " ",
        "we\\b",
    ] {
        let home = Home::new();
        let file = home.write("kustomization.yaml", ENTRY);
        let set = tagship().home(&home).current_dir(home.path()).args(["set", "--add", "--"]);
        let output = set.arg(format!("{name}=registry.example/web:v9")).run();
        let said = output.stdout() + &output.stderr();
        assert!(!said.contains(['\u{1b}', '\u{7}', '\u{2028}', '\u{85}', '\u{feff}', '\r']), "{name:?}: {said:?}");
        let after = fs::read_to_string(&file).unwrap();
        match output.code {
            Some(2 | 3) => assert_eq!(after, ENTRY, "{name:?}"),
            Some(0) => {
                let documents = YamlLoader::load_from_str(&after).unwrap();
                let keys: Vec<_> = documents[0].as_hash().unwrap().keys().map(|key| key.as_str().unwrap()).collect();
                assert_eq!((documents.len(), keys), (1, vec!["images"]), "{name:?}: {after}");
                let entries = documents[0]["images"].as_vec().unwrap();
                assert_eq!(entries.len(), 2, "{name:?}: {after}");
                assert_eq!(entries[1]["name"].as_str(), Some(name), "{after}");
                assert_eq!(entries[1].as_hash().unwrap().len(), 3, "{name:?}: {after}");
            }
            code => panic!("{name:?}: {code:?}: {said}"),
        }
    }
}
