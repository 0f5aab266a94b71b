//! What an edit costs, proof included: a file as most are, one with 10,000 images, one of long block scalars, and Helm values
//! of 5,000 lines; then the same as a whole process, `tagship set`, that changes the file on disk each time.
#![allow(clippy::disallowed_methods, reason = "it sets its own stage, and starts the program")]

use std::fs;
use std::hint::black_box;
use std::process::{Command, Stdio};

use divan::Bencher;
use tagship::image::ImageArgument;
use tagship::targets;
use tagship::targets::Absent;
use tagship::targets::kustomization::edit;

fn main() {
    divan::main();
}

const HEAD: &str = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";

fn entries(count: usize) -> String {
    let entry = |index| {
        format!("- name: app-{index:05}\n  newName: registry.example.com/team/app-{index:05}\n  newTag: v1.2.3\n")
    };
    (0..count).map(entry).collect()
}

fn one_kilobyte() -> String {
    format!("{HEAD}# keep in sync with the base\nresources:\n- deployment.yaml\nimages:\n{}", entries(10))
}

fn ten_thousand_images() -> String {
    format!("{HEAD}images:\n{}", entries(10_000))
}

fn one_megabyte_of_block_scalars() -> String {
    let line = "      some long line of an inline patch — with a dash and an é in it, as they are found in the wild\n";
    let patch = format!("- patch: |-\n{}  target:\n    kind: Deployment\n", line.repeat(100));
    format!("{HEAD}patches:\n{}images:\n{}", patch.repeat(100), entries(10))
}

fn values() -> String {
    let service = |index| {
        format!(
            "service{index:03}:\n  # the image\n  image:\n    repository: ghcr.io/acme/service{index:03}\n    tag: \"v1.2.3\"\n  \
             replicas: 3\n  resources:\n    limits: {{cpu: 500m, memory: 256Mi}}\n  env:\n    LOG_LEVEL: info\n"
        )
    };
    (0..500).map(service).collect()
}

fn arguments(count: usize, tag: &str) -> Vec<ImageArgument> {
    let argument = |index| format!("app-{index:05}=*:{tag}").parse().expect("an argument");
    (0..count).map(argument).collect()
}

/// What is edited: its name, its file, how many images, and their new tag.
type Edited = (&'static str, fn() -> String, usize, &'static str);

const EDITS: [Edited; 5] = [
    ("1 kB", one_kilobyte, 1, "v2.0.0"),
    ("10,000 images, one edited", ten_thousand_images, 1, "v2.0.0"),
    ("10,000 images, all edited", ten_thousand_images, 10_000, "v2.0.0"),
    ("10,000 images, nothing to do", ten_thousand_images, 10_000, "v1.2.3"),
    ("1 MB of block scalars", one_megabyte_of_block_scalars, 1, "v2.0.0"),
];

#[divan::bench(args = EDITS.map(|(name, ..)| name), sample_count = 30)]
fn kustomization(bencher: Bencher<'_, '_>, name: &str) {
    let (_, text, count, tag) = EDITS.into_iter().find(|(known, ..)| *known == name).expect("an edit");
    let (text, arguments) = (text(), arguments(count, tag));
    bencher.bench_local(|| {
        let edit = edit(black_box(text.as_bytes()), &arguments, Absent::Report).expect("an edit");
        assert_eq!(edit.changed(), tag == "v2.0.0");
        edit
    });
}

#[divan::bench(sample_count = 30)]
fn five_thousand_lines_of_values(bencher: Bencher<'_, '_>) {
    let (text, argument) = (values(), "service250.image=*:v2.0.0".parse().expect("an argument"));
    let edit =
        || targets::edit("values.yaml", black_box(text.as_bytes()), std::slice::from_ref(&argument), Absent::Report);
    bencher.bench_local(|| edit().expect("an edit"));
}

/// A file that `tagship set` changes, its text, and an image in it.
type FileOfImages = (&'static str, fn() -> String, &'static str);

const FILES: [FileOfImages; 3] = [
    ("kustomization.yaml", one_kilobyte, "app-00005"),
    ("values.yaml", values, "service250.image"),
    ("many.yaml", ten_thousand_images, "app-05000"),
];

/// Runs `tagship set`, with another tag each time.
#[divan::bench(args = FILES.map(|(file, ..)| file), sample_count = 50, sample_size = 1)]
fn process(bencher: Bencher<'_, '_>, file: &str) {
    let (_, text, image) = FILES.into_iter().find(|(known, ..)| *known == file).expect("a file");
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join(file), text()).expect("a file");
    let mut count = 0;
    bencher.bench_local(|| {
        count += 1;
        let mut command = Command::new(env!("CARGO_BIN_EXE_tagship"));
        command.args(["set", "-f", file, &format!("{image}=*:v{count}")]).current_dir(folder.path());
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("tagship");
        assert!(status.success());
    });
}
