//! What an edit costs, proof included: a file as most are, one with 10,000 images, and one of long block scalars.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use tagship::image::ImageArgument;
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
    group.finish();
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
