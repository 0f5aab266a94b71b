//! What an edit costs, proof included: a file as most are, one with 10,000 images, one of long block scalars, and Helm values
//! of 5,000 lines; then the same as a whole process, `tagship set`, that changes the file on disk each time.
#![allow(clippy::disallowed_methods, reason = "it sets its own stage, and starts the program")]

use std::fs;
use std::hint::black_box;
use std::process::{Command, Stdio};

use criterion::{Criterion, criterion_group, criterion_main};
use tagship::image::ImageArgument;
use tagship::targets;
use tagship::targets::kustomization::{Absent, edit};

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

fn five_thousand_lines_of_values() -> String {
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

fn benchmark(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("edit");
    group.sample_size(30);
    for (name, text, count) in [
        ("1 kB", one_kilobyte(), 1),
        ("10,000 images, one edited", ten_thousand_images(), 1),
        ("10,000 images, all edited", ten_thousand_images(), 10_000),
        ("1 MB of block scalars", one_megabyte_of_block_scalars(), 1),
    ] {
        let arguments = arguments(count, "v2.0.0");
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let edit = edit(black_box(text.as_bytes()), &arguments, Absent::Report).expect("an edit");
                assert!(edit.changed());
                edit
            });
        });
    }
    let (text, arguments) = (ten_thousand_images(), arguments(10_000, "v1.2.3"));
    group.bench_function("10,000 images, nothing to do", |bencher| {
        bencher.iter(|| edit(black_box(text.as_bytes()), &arguments, Absent::Report).expect("an edit"));
    });
    let (text, argument) = (five_thousand_lines_of_values(), "service250.image=*:v2.0.0".parse().expect("an argument"));
    group.bench_function("5,000 lines of values", |bencher| {
        let edit = || {
            targets::edit("values.yaml", black_box(text.as_bytes()), std::slice::from_ref(&argument), Absent::Report)
        };
        bencher.iter(|| edit().expect("an edit"));
    });
    group.finish();
}

/// Runs `tagship set`, with another tag each time.
fn processes(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut group = criterion.benchmark_group("process");
    group.sample_size(50);
    for (name, file, text, image) in [
        ("1 kB", "kustomization.yaml", one_kilobyte(), "app-00005"),
        ("5,000 lines of values", "values.yaml", five_thousand_lines_of_values(), "service250.image"),
        ("10,000 images", "many.yaml", ten_thousand_images(), "app-05000"),
    ] {
        fs::write(folder.path().join(file), text).expect("a file");
        let mut count = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                count += 1;
                let mut command = Command::new(env!("CARGO_BIN_EXE_tagship"));
                command.args(["set", "-f", file, &format!("{image}=*:v{count}")]).current_dir(folder.path());
                let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("tagship");
                assert!(status.success());
            });
        });
    }
    group.finish();
}

criterion_group!(benches, benchmark, processes);
criterion_main!(benches);
