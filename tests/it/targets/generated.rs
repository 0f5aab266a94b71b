//! Properties of edits of generated files: what must not change does not, and two readers find what was asked for.

use std::collections::BTreeMap;

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
use tagship::image::ImageArgument;
use tagship::targets::kustomization::edit;
use tagship::targets::{Absent, Fields};

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

/// Returns a file behind a comment with a character that the line reader does not know: all of it is read and proved by both
/// parsers.
fn behind_comment(file: &str) -> String {
    let end = if file.split_inclusive('\n').next().is_some_and(|line| line.ends_with("\r\n")) { "\r\n" } else { "\n" };
    format!("# \u{e000}{end}{file}")
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

    #[test]
    fn the_quick_proof_takes_what_the_whole_one_takes(
        file in files(),
        argument in prop::sample::select(&ARGUMENTS[..]),
        cut in 0_usize..400,
        cut_length in 0_usize..12,
    ) {
        // Without a block scalar every line stands for itself, as far as the cut leaves it so.
        let before = file.before.replace("patches:", "resources:").replace("- patch: |-", "- base");
        let before = before.replace("    images:\n", "").replace("    images:\r\n", "");
        let before = before.replace("    - name: app\n", "").replace("    - name: app\r\n", "");
        let source = format!("{before}{}{}", file.entry, file.after);
        let is_cut = |(index, _): &(usize, char)| (cut..cut + cut_length).contains(index);
        let source: String = source.chars().enumerate().filter(|at| !is_cut(at)).map(|(_, character)| character).collect();
        let source = source.trim_start_matches('\u{feff}');
        let edit = |text: &str| edit(text.as_bytes(), &[argument.parse().unwrap()], Absent::Report);
        match (edit(source), edit(&behind_comment(source))) {
            (Ok(quick), Ok(whole)) => {
                let text = std::str::from_utf8(&quick.text).unwrap();
                prop_assert_eq!(behind_comment(text).into_bytes(), whole.text);
            }
            (quick, whole) => prop_assert_eq!(quick.is_ok(), whole.is_ok(), "{}", source),
        }
    }
}
