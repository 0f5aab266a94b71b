//! An edit of any bytes ends in a result or a reason, never in a panic, and what it returns, a second run leaves alone.
//! A proof that fails is a reason too: it is what the proof is for. The quick proof, of files whose lines stand for themselves,
//! takes nothing that the whole one refuses.
//!
//! The input is a line of arguments, each as on the command line, after a `+` if new entries are to be appended;
//! the file follows. `cargo fuzz run edit fuzz/corpus/edit fuzz/seeds/edit` starts from some.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tagship::image::ImageArgument;
use tagship::targets::Absent;
use tagship::targets::kustomization::edit;

/// Returns a comment with a character that the line reader does not know, for a line before `file`: all of it is then read and
/// proved by both parsers.
fn comment_for(file: &[u8]) -> Vec<u8> {
    let first = file.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
    let end = if first.ends_with(b"\r\n") { "\r\n" } else { "\n" };
    format!("# \u{e000}{end}").into_bytes()
}

fuzz_target!(|data: &[u8]| {
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else {
        return;
    };
    let (line, file) = (&data[..end], &data[end + 1..]);
    let (line, absent) = match line.strip_prefix(b"+") {
        Some(line) => (line, Absent::Append),
        None => (line, Absent::Report),
    };
    let Ok(line) = std::str::from_utf8(line) else {
        return;
    };
    let arguments: Vec<ImageArgument> = line.split(' ').take(8).filter_map(|text| text.parse().ok()).collect();
    match edit(file, &arguments, absent) {
        Ok(first) => {
            assert_eq!(first.changed(), first.text != file);
            assert!(first.changed() || first.entries.iter().all(|entry| entry.fields.is_empty()));
            let second = edit(&first.text, &arguments, absent).expect("a result is a file that can be edited");
            assert!(!second.changed());
            assert_eq!(second.text, first.text);
            if absent == Absent::Report && !file.starts_with("\u{feff}".as_bytes()) {
                let comment = comment_for(file);
                let whole = edit(&[&comment[..], file].concat(), &arguments, absent)
                    .expect("the whole proof takes what the quick one took");
                assert_eq!(whole.text, [&comment[..], &first.text].concat());
            }
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            let hint = error.hint().unwrap_or_default();
            let proposed = hint.strip_prefix("write `").and_then(|rest| rest.strip_suffix('`'));
            if let Some(argument) = proposed.filter(|text| !text.contains('`')) {
                argument.parse::<ImageArgument>().expect("what is proposed is an argument");
            }
            let lines = file.iter().filter(|byte| **byte == b'\n').count() + 1;
            assert!(error.place().is_none_or(|place| (1..=lines).contains(&place.line) && place.column > 0));
        }
    }
});
