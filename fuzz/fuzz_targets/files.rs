//! An edit of a file of any kind ends in a result or a reason, never in a panic; what it returns, a second run leaves alone;
//! and what it says of an image is what the new file says. The quick proof takes nothing that the whole one refuses.
//!
//! The input is the path of the file, a line of arguments, and the file. `cargo fuzz run files fuzz/corpus/files
//! fuzz/seeds/files` starts from some.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tagship::image::ImageArgument;
use tagship::targets::{Absent, edit, entries};

/// Returns a comment with a character that the line reader does not know, for a line before `file`: all of it is then read and
/// proved by both parsers.
fn comment_for(file: &[u8]) -> Vec<u8> {
    let first = file.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
    let end = if first.ends_with(b"\r\n") { "\r\n" } else { "\n" };
    format!("# \u{e000}{end}").into_bytes()
}

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(3, |byte| *byte == b'\n');
    let (Some(path), Some(line), Some(file)) = (parts.next(), parts.next(), parts.next()) else {
        return;
    };
    let (Ok(path), Ok(line)) = (std::str::from_utf8(path), std::str::from_utf8(line)) else {
        return;
    };
    let arguments: Vec<ImageArgument> = line.split(' ').take(8).filter_map(|text| text.parse().ok()).collect();
    let edited = edit(path, file, &arguments, Absent::Report);
    if let Err(error) = &edited {
        let lines = file.iter().filter(|byte| **byte == b'\n').count() + 1;
        assert!(error.place().is_none_or(|place| (1..=lines).contains(&place.line) && place.column > 0), "{error}");
    }
    if let Ok(first) = edited {
        assert_eq!(first.changed(), first.text != file);
        assert!(first.changed() || first.entries.iter().all(|entry| entry.fields.is_empty()));
        // A name that meant nothing may mean what another argument has written.
        let found: Vec<ImageArgument> =
            arguments.iter().filter(|argument| !first.absent.contains(&argument.name)).cloned().collect();
        let second = edit(path, &first.text, &found, Absent::Report).expect("a result is a file that can be edited");
        assert!(!second.changed());
        if !file.starts_with("\u{feff}".as_bytes()) {
            let comment = comment_for(file);
            let whole = edit(path, &[&comment[..], file].concat(), &arguments, Absent::Report);
            let whole = whole.expect("the whole proof takes what the quick one took");
            assert_eq!(whole.text, [&comment[..], &first.text].concat());
        }
        // A list of images in a template can be edited, and is not read for what it says.
        let is_read = !first.is_kustomization && entries(path, file, None).is_ok();
        // Several entries of one name are told as one, as kustomize applies them.
        let has_own_name = |name| first.entries.iter().filter(|other| other.name == name).count() == 1;
        for entry in first.entries.iter().filter(|entry| is_read && has_own_name(entry.name.clone())) {
            let said =
                entries(path, &first.text, Some(entry.name.as_str())).expect("a result is a file that can be read");
            assert!(said.iter().any(|(_, fields)| *fields == entry.after));
        }
    }
    for (name, listed) in entries(path, file, None).unwrap_or_default() {
        assert!(!name.is_empty());
        let named = entries(path, file, Some(&name)).unwrap_or_default();
        assert!(named.iter().all(|(_, fields)| *fields == listed), "{name} says {named:?}, and is listed as {listed:?}");
    }
});
