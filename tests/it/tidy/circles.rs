//! No circle of files inside of a room: each file can be read after the files that it uses.
//!
//! A file uses another if it names something that the other defines, also through the re-exports of a `mod.rs`. A
//! `mod.rs` that only declares and re-exports uses nothing, and nothing uses it.

use std::collections::{BTreeMap, BTreeSet};

use super::{code_lines, program, room_of};

/// Rooms whose circles are known. A room leaves this list with its last circle; none may come in.
const UNFINISHED: [&str; 0] = [];

#[test]
fn rooms_have_no_circle_of_files() {
    let files = program();
    let found = circles(&uses(&files));
    let is_known = |circle: &Vec<String>| room_of(&circle[0]).is_some_and(|room| UNFINISHED.contains(&room));
    let (known, new): (Vec<_>, Vec<_>) = found.into_iter().partition(is_known);
    assert!(new.is_empty(), "circles of files: {new:#?}");
    for room in UNFINISHED {
        assert!(
            known.iter().any(|circle| room_of(&circle[0]) == Some(room)),
            "{room} has no circle: take it off the list"
        );
    }
}

/// Returns each largest set of names that all lead to each other by the arrows of `graph`.
pub(super) fn circles(graph: &BTreeMap<String, Vec<String>>) -> Vec<Vec<String>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        graph.keys().map(|name| (name.as_str(), reach(graph, name))).collect();
    let leads = |from: &str, to: &str| reached.get(from).is_some_and(|names| names.contains(to));
    let mut found: Vec<Vec<String>> = Vec::new();
    for name in graph.keys().filter(|name| leads(name, name)) {
        if !found.iter().flatten().any(|known| known == name) {
            found.push(graph.keys().filter(|other| leads(name, other) && leads(other, name)).cloned().collect());
        }
    }
    found
}

/// Returns all names that the arrows lead to from `start`.
fn reach<'a>(graph: &'a BTreeMap<String, Vec<String>>, start: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&String> = graph[start].iter().collect();
    while let Some(name) = next.pop() {
        if reached.insert(name.as_str()) {
            next.extend(graph.get(name).into_iter().flatten());
        }
    }
    reached
}

/// A path of names, from the crate's root.
type Names = Vec<String>;

/// A file as others see it.
struct Module {
    path: String,
    /// Where a name that it re-exports comes from.
    exports: BTreeMap<String, Names>,
    /// What it names, outside of its re-exports.
    named: Vec<Names>,
}

/// Returns for each file the files of its room that it uses.
fn uses(files: &BTreeMap<String, String>) -> BTreeMap<String, Vec<String>> {
    let modules: BTreeMap<Names, Module> =
        files.iter().map(|(path, code)| (module_path(path), Module::read(path, code))).collect();
    let used = |module: &Module| {
        let named = module.named.iter().filter_map(|names| definer(&modules, names));
        let inside = named.filter(|other| *other != module.path && room_of(other) == room_of(&module.path));
        inside.map(str::to_owned).collect::<BTreeSet<String>>().into_iter().collect()
    };
    modules.values().map(|module| (module.path.clone(), used(module))).collect()
}

/// Returns the path of the file that defines the item `names`.
fn definer<'a>(modules: &'a BTreeMap<Names, Module>, names: &[String]) -> Option<&'a str> {
    let depth = (1..=names.len()).rev().find(|depth| modules.contains_key(&names[..*depth]))?;
    let module = &modules[&names[..depth]];
    let source = names.get(depth).and_then(|name| module.exports.get(name));
    match source {
        Some(source) => definer(modules, &[source, &names[depth + 1..]].concat()),
        // A folder as such, as in `use crate::room;`: what is used of it is named elsewhere.
        None if names.len() == depth && ["mod.rs", "lib.rs"].iter().any(|door| module.path.ends_with(door)) => None,
        None => Some(&module.path),
    }
}

fn module_path(path: &str) -> Names {
    let names = path.trim_end_matches(".rs").split('/');
    names.filter(|name| !["crates", "src", "mod", "lib"].contains(name)).map(str::to_owned).collect()
}

impl Module {
    fn read(path: &str, code: &str) -> Self {
        let here = module_path(path);
        let children: Vec<&str> = code_lines(code).filter_map(declared).collect();
        let mut module = Self { path: path.to_owned(), exports: BTreeMap::new(), named: Vec::new() };
        let mut imported: BTreeMap<String, Names> = BTreeMap::new();
        let mut lines = code_lines(code);
        while let Some(line) = lines.next() {
            let Some(tree) = after_visibility(line).strip_prefix("use ") else {
                for names in paths(line) {
                    let through = imported.get(&names[0]).map(|start| [start, &names[1..]].concat());
                    module.named.extend(through.or_else(|| from_root(&here, &children, &names)));
                }
                continue;
            };
            let mut tree = tree.to_owned();
            while !tree.ends_with(';') {
                tree += lines.next().expect("the end of a `use`").trim();
            }
            for (name, names) in leaves(tree.trim_end_matches(';')) {
                let Some(names) = from_root(&here, &children, &names) else { continue };
                if line.trim_start().starts_with("pub") {
                    module.exports.insert(name, names);
                } else {
                    imported.insert(name, names.clone());
                    module.named.push(names);
                }
            }
        }
        module
    }
}

/// Returns the module that a line declares.
fn declared(line: &str) -> Option<&str> {
    after_visibility(line).strip_prefix("mod ")?.strip_suffix(';')
}

fn after_visibility(line: &str) -> &str {
    let line = line.trim();
    match line.strip_prefix("pub") {
        Some(rest) if rest.starts_with('(') => rest.split_once(") ").map_or(line, |(_, item)| item),
        Some(rest) => rest.trim_start(),
        None => line,
    }
}

/// Returns the names that a `use` brings, each with where it comes from.
fn leaves(tree: &str) -> Vec<(String, Names)> {
    let Some((start, group)) = tree.split_once('{') else {
        let (path, alias) = tree.split_once(" as ").map_or((tree, None), |(path, alias)| (path, Some(alias)));
        let names: Names = path.trim().trim_end_matches("::self").split("::").map(str::to_owned).collect();
        let name = alias.unwrap_or(&names[names.len() - 1]).to_owned();
        return vec![(name, names)];
    };
    let mut depth = 0;
    let in_group = |c: char| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        depth == 0 && c == ','
    };
    let group = group.trim().trim_end_matches(',').strip_suffix('}').expect("the end of a group");
    let parts = group.split(in_group).map(str::trim).filter(|part| !part.is_empty());
    parts.flat_map(|part| leaves(&format!("{start}{part}"))).collect()
}

/// Returns the paths of names in a line, such as `plan::decide`.
fn paths(line: &str) -> impl Iterator<Item = Names> {
    let words = line.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
    let paths = words.map(|word| word.trim_matches(':')).filter(|word| word.contains("::"));
    paths.map(|path| path.split("::").map(str::to_owned).collect())
}

/// Returns a path that is written in the module `here`, from the root; `None` for one that leads out of the crate.
fn from_root(here: &[String], children: &[&str], names: &[String]) -> Option<Names> {
    let up = names.iter().take_while(|name| *name == "super").count();
    match names[0].as_str() {
        "crate" => Some(names[1..].to_vec()),
        "self" => Some([here, &names[1..]].concat()),
        "super" => Some([&here[..here.len() - up], &names[up..]].concat()),
        child if children.contains(&child) => Some([here, names].concat()),
        _ => None,
    }
}

/// All ways in which a file can name another one: each row makes a circle with `b`, but for the last ones.
#[test]
fn a_circle_is_found_however_it_is_written() {
    let circle = ["src/room/a.rs", "src/room/b.rs"];
    for (room, a, expected) in [
        ("mod a;\nmod b;\n", "use super::b::B;\n", &circle[..]),
        ("mod a;\nmod b;\n", "use crate::room::b::{\n    C,\n    B as Other,\n};\n", &circle),
        ("mod a;\nmod b;\n", "use super::{b, c::{C, D}};\n", &circle),
        ("mod a;\nmod b;\n", "fn f() -> super::b::B {\n", &circle),
        ("mod a;\nmod b;\n", "fn f() -> Option<crate::room::b::B> {\n", &circle),
        ("mod a;\nmod b;\npub use b::B;\n", "use super::B;\n", &circle),
        ("mod a;\nmod b;\npub(crate) use b::{B as Other};\n", "use crate::room::Other;\n", &circle),
        ("mod a;\nmod b;\npub use b::B;\n", "use crate::room;\nfn f() -> room::B {\n", &circle),
        (
            "mod a;\nmod b;\nfn f() {\n    a::f();\n}\npub struct S;\n",
            "use super::S;\n",
            &["src/room/a.rs", "src/room/mod.rs"],
        ),
        ("mod a;\nmod b;\npub use b::B;\npub use a::A;\n", "// use super::b::B;\nuse std::fmt;\n", &[]),
        ("mod a;\nmod b;\npub use a::A;\npub struct S;\n", "use super::S;\n", &[]),
    ] {
        let files = [("src/room/mod.rs", room), ("src/room/a.rs", a), ("src/room/b.rs", "use super::a::A;\n")];
        let files = files.map(|(path, code)| (path.to_owned(), code.to_owned())).into();
        let found = circles(&uses(&files));
        assert_eq!(found.concat(), expected, "{room}{a}");
    }
}
