//! One image of a file may have several names, and its history is one all the same.

use crate::pipeline::{Pipeline, document};
use crate::support::registry::Image;
use crate::support::repository::{File, Mode};

const VALUES: &str = "image:\n  repository: org/web\n  tag: old # {\"$imagepolicy\": \"ns:web:tag\"}\n";
const MANIFEST: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  containers:
  - name: side
    image: org/side:old
  - name: web
    image: org/web:old
";
const KUSTOMIZATION: &str = "images:\n- name: web\n  newName: org/web\n  newTag: old\n";
/// Values that are text in another file.
const APPLICATION: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: a}
spec:
  source:
    helm:
      values: |
        image:
          repository: org/web
          tag: old
";

const KINDS: [(&str, &str, &[&str]); 4] = [
    ("values.yaml", VALUES, &["image", ".image", "image.tag", "ns:web"]),
    ("pod.yaml", MANIFEST, &["web", "Pod/a/web", ".spec.containers[1].image"]),
    ("kustomization.yaml", KUSTOMIZATION, &["web", ".images[0].newTag"]),
    ("application.yaml", APPLICATION, &["image", "Application/a/image", "image.tag"]),
];

#[test]
fn the_order_is_that_of_the_image_whatever_it_is_called() {
    let pipeline = Pipeline::new();
    let sources: Vec<String> = (0..4).fold(Vec::new(), |mut sources, number| {
        let parents: Vec<String> = sources.last().cloned().into_iter().collect();
        let parents: Vec<&str> = parents.iter().map(String::as_str).collect();
        sources.push(pipeline.source(&format!("s{number}"), &parents));
        sources
    });
    for (file, text, names) in KINDS {
        for (at, first) in names.iter().enumerate() {
            let second = names[(at + 1) % names.len()];
            let file = &format!("{at}/{file}");
            let what = format!("{file}: {first}, then {second}");
            pipeline.stage.remote.commit("main", &what, &[File::new(file, text)]);
            let run = |command: &str, arguments: &[&str]| {
                let flags = [&["--no-check", "--output", "json", "-f", file], arguments].concat();
                pipeline.run(command, &flags)
            };
            let release = |name: &str, number: usize| {
                let image = if name.ends_with("ag") { "org/web" } else { "*" };
                let argument = format!("{name}={image}:build{}", ["-a", "-b", "-c", "-d"][number]);
                let output = pipeline.in_ci(run("release", &[&argument]), &sources[number]).run();
                document(&output)["outcome"].as_str().unwrap().to_owned()
            };
            assert_eq!(release(first, 0), "released", "{what}");
            assert_eq!(release(first, 2), "released", "{what}");
            assert_eq!(release(second, 1), "superseded", "{what}");
            let listed = pipeline.log(&["-f", file, second]);
            let by_hand: Vec<bool> = listed.iter().map(|release| release["by_hand"] == true).take(2).collect();
            assert_eq!(by_hand, [false, false], "{what}: {listed:?}");
            // What was rolled back by one name does not come back by another.
            assert_eq!(document(&run("rollback", &[second]).run().success())["outcome"], "released", "{what}");
            assert_eq!(release(first, 2), "superseded", "{what}");
            assert_eq!(release(first, 3), "released", "{what}");
            assert_eq!(release(second, 2), "superseded", "{what}");
        }
    }
}

/// Another image of the call was built from another commit, so that the commit is told by the name that was typed.
#[test]
fn the_source_of_one_of_several_images_is_known_by_each_name() {
    let pipeline = Pipeline::new();
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    for (at, (first, second)) in
        [("web", "Pod/a/web"), ("web", ".spec.containers[1].image"), ("Pod/a/web", "web")].into_iter().enumerate()
    {
        let file = &format!("{at}/pod.yaml");
        pipeline.stage.remote.commit("main", "Add a pod", &[File::new(file, MANIFEST)]);
        let release = |images: &[&str], source: &str| {
            let run = pipeline.run("release", &["--no-check", "--output", "json", "-f", file]);
            let output =
                pipeline.in_ci(run.args(images.iter().copied()), source).env("GITHUB_EVENT_NAME", "push").run();
            document(&output.success())["outcome"].as_str().unwrap().to_owned()
        };
        let argument = |name: &str, tag: &str| format!("{name}=*:{tag}");
        assert_eq!(release(&[&argument(first, "build-b"), "side=*:sha-abcdef1"], &two), "released");
        assert_eq!(release(&[&argument(second, "build-a")], &one), "superseded", "{first}, then {second}");
        let listed = pipeline.log(&["-f", file, second]);
        let (_, commit) = listed[0]["source"].as_str().unwrap_or_default().split_once('@').unwrap_or_default();
        assert_eq!(commit, two, "{first}, then {second}: {listed:?}");
    }
}

/// Two images of a file are two, also if a release of one says what the other one became.
#[test]
fn another_image_of_the_file_has_a_history_of_its_own() {
    let pipeline = Pipeline::new();
    let (one, two) = (pipeline.source("one", &[]), pipeline.source("two", &[]));
    let text = MANIFEST.replace("org/side", "org/web");
    pipeline.stage.remote.commit("main", "Add a pod", &[File::new("pod.yaml", &text)]);
    let release = |image: &str, source: &str| {
        let run = pipeline.run("release", &["--no-check", "--output", "json", "-f", "pod.yaml", image]);
        pipeline.in_ci(run, source).run().success()
    };
    release("Pod/a/side=*:build-a", &one);
    let output = release("web=*:build-b", &two);
    assert!(output.stdout().contains("the source commit of what runs is not known"), "{}", output.stdout());
    let listed = pipeline.log(&["-f", "pod.yaml", "Pod/a/side"]);
    assert_eq!((listed.len(), listed[0]["by_hand"] == true), (2, false), "{listed:?}");
}

/// The run builds the configuration: only the release before tells where the commits in the tags are, by another name.
#[test]
fn the_repository_of_an_earlier_release_by_another_name_is_asked() {
    let mut pipeline = Pipeline::new();
    pipeline.sources = pipeline.stage.remote.sibling("app");
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let three = pipeline.source("three", &[&two]);
    pipeline.stage.remote.commit("main", "Add a pod", &[File::new("pod.yaml", MANIFEST)]);
    let release = |image: &str| pipeline.run("release", &["--no-check", "--output", "json", "-f", "pod.yaml", image]);
    pipeline.in_ci(release(&format!("web=*:{one}")), &one).run().success();
    let by_hand = MANIFEST.replace("org/web:old", &format!("org/web:{three}"));
    pipeline.stage.remote.commit("main", "By hand", &[File::new("pod.yaml", by_hand)]);
    let run = pipeline.in_ci(release(&format!("Pod/a/web=*:{two}")), &pipeline.tip());
    let output = run.env("GITHUB_REPOSITORY", "gitops").env("GITHUB_EVENT_NAME", "workflow_dispatch").run().success();
    assert_eq!(document(&output)["outcome"], "superseded", "{}", output.stdout());
}

/// Each place of a name may be released alone, so that they say different things. Each has its own source.
#[test]
fn the_places_of_a_name_have_a_history_each() {
    let pipeline = Pipeline::new();
    let image = format!("{}/org/web", pipeline.stage.registry.address());
    let zero = pipeline.source("zero", &[]);
    let one = pipeline.source("one", &[&zero]);
    let two = pipeline.source("two", &[&one]);
    let pod = |name: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  containers:\n  - name: web\n    image: {image}:old\n"
        )
    };
    let pods = format!("{}---\n{}", pod("a"), pod("b"));
    pipeline.stage.remote.commit("main", "Add pods", &[File::new("pods.yaml", pods)]);
    for (tag, commit) in [("red", &one), ("blue", &two)] {
        pipeline.stage.registry.put_image("org/web", tag, &Image::new().revision(commit));
    }
    let release = |image: &str, commit: &str| {
        let run = pipeline.run("release", &["--no-check", "--output", "json", "-f", "pods.yaml", image]);
        document(&pipeline.in_ci(run, commit).run().success())["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!(release("Pod/a/web=*:red", &one), "released");
    assert_eq!(release("Pod/b/web=*:blue", &two), "released");
    let rules = File::new(".tagship.yaml", "rules:\n- paths: ['**']\n  revision: true\n");
    pipeline.stage.remote.commit("main", "Rules", &[rules]);
    pipeline.run("check", &["-f", "pods.yaml"]).run().success();
    pipeline.stage.remote.commit("main", "No rules", &[File::new(".tagship.yaml", "").mode(Mode::Deleted)]);
    assert_eq!(release("web=*:green", &zero), "superseded");
}

/// A person takes one place of a name back: the release that made all places newer is not undone at that one.
#[test]
fn a_place_that_was_taken_back_by_hand() {
    let pipeline = Pipeline::new();
    let one = pipeline.source("one", &[]);
    let three = pipeline.source("three", &[&one]);
    let pod = |name: &str| MANIFEST.replace("{name: a}", &format!("{{name: {name}}}"));
    let pods = format!("{}---\n{}", pod("a"), pod("b"));
    pipeline.stage.remote.commit("main", "Add pods", &[File::new("pods.yaml", pods)]);
    let release = |image: &str, commit: &str| {
        let run = pipeline.run("release", &["--no-check", "--output", "json", "-f", "pods.yaml", image]);
        document(&pipeline.in_ci(run, commit).run().success())["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!(release("web=*:build-one", &one), "released");
    assert_eq!(release("web=*:build-three", &three), "released");
    let text = String::from_utf8(pipeline.stage.remote.file("main", "pods.yaml")).unwrap();
    let by_hand = text.replacen("build-three", "build-one", 1);
    pipeline.stage.remote.commit("main", "Three crashes here", &[File::new("pods.yaml", by_hand)]);
    assert_eq!(release("web=*:build-three", &three), "superseded");
}

/// One place of a name was rolled back by its own name: it stays away there, wherever the place is in the file, and also if
/// another place says the same, or all do.
#[test]
fn a_place_that_was_rolled_back_by_its_own_name() {
    let pipeline = Pipeline::new();
    let many =
        ["c", "b", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v", "a"];
    for order in [&["a", "b", "c"][..], &["b", "a", "c"], &["a", "b"], &["b", "a"], &many] {
        let pods: Vec<String> =
            order.iter().map(|name| MANIFEST.replace("{name: a}", &format!("{{name: {name}}}"))).collect();
        let file = &format!("{}.yaml", order.concat());
        pipeline.stage.remote.commit("main", "Add pods", &[File::new(file, pods.join("---\n"))]);
        let run = |command: &str, argument: &str| {
            let run = pipeline.run(command, &["--no-check", "--output", "json", "-f", file, argument]);
            document(&run.run().success())["outcome"].as_str().unwrap().to_owned()
        };
        assert_eq!(run("release", "web=*:v1.0.0"), "released");
        for name in ["a", "b"] {
            assert_eq!(run("release", &format!("Pod/{name}/web=*:v2.0.0")), "released", "{order:?}");
        }
        assert_eq!(run("release", "Pod/a/web=*:v3.0.0"), "released", "{order:?}");
        assert_eq!(run("rollback", "Pod/a/web"), "released", "{order:?}");
        assert_eq!(run("release", "web=*:v3.0.0"), "superseded", "{order:?}");
    }
}

/// What was rolled back at one place of a name stays away there after the next release of all of them, wherever the place is.
#[test]
fn what_was_rolled_back_at_one_place_stays_away_after_a_release_of_all() {
    let pipeline = Pipeline::new();
    for order in [["a", "b"], ["b", "a"]] {
        let pods = order.map(|name| MANIFEST.replace("{name: a}", &format!("{{name: {name}}}"))).join("---\n");
        let file = &format!("{}.yaml", order.concat());
        pipeline.stage.remote.commit("main", "Add pods", &[File::new(file, pods)]);
        let run = |command: &str, argument: &str| {
            let run = pipeline.run(command, &["--no-check", "--output", "json", "-f", file, argument]);
            document(&run.run().success())["outcome"].as_str().unwrap().to_owned()
        };
        assert_eq!(run("release", "web=*:v1.0.0"), "released");
        assert_eq!(run("release", "Pod/b/web=*:v1.3.0"), "released");
        assert_eq!(run("rollback", "Pod/b/web"), "released");
        assert_eq!(run("release", "web=*:v1.2.0"), "released");
        assert_eq!(run("release", "web=*:v1.3.0"), "superseded", "{order:?}");
        assert_eq!(run("release", "web=*:v1.4.0"), "released");
    }
}

/// The same of more places than are looked at one by one: those that no release named alone share one past.
#[test]
fn many_places_of_a_name_of_which_one_was_released_alone() {
    let pipeline = Pipeline::new();
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let three = pipeline.source("three", &[&two]);
    let pod = |number: usize| MANIFEST.replace("{name: a}", &format!("{{name: p{number}}}"));
    let pods: Vec<String> = (0..22).map(pod).collect();
    pipeline.stage.remote.commit("main", "Add pods", &[File::new("pods.yaml", pods.join("---\n"))]);
    let release = |image: &str, commit: &str, flags: &[&str]| {
        let run = pipeline.run("release", &["--no-check", "--output", "json", "-f", "pods.yaml", image]);
        let output = pipeline.in_ci(run, commit).args(flags.iter().copied()).run().success();
        document(&output)["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!(release("web=*:red", &two, &[]), "released");
    assert_eq!(release("Pod/p3/web=*:blue", &one, &["--on-superseded", "allow"]), "released");
    assert_eq!(release("web=*:green", &three, &["--on-unknown-order", "fail"]), "released");
}
