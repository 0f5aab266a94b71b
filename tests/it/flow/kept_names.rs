//! Values where a text under another key and the name that the file has make the name of the image. The image that the argument
//! names is the one that counts.

use crate::pipeline::{Pipeline, document};
use crate::support::repository::File;

const STAGE: &str = "values/stage.yaml";
const PROD: &str = "values/prod.yaml";

/// The first of these is of the registry itself in part, so that a wrong name is asked for there too.
const SHAPES: [&str; 6] = [
    "image: {registry: 'REGISTRY', organization: org, repository: web, tag: 'TAG', digest: ''}\n",
    "global: {dockerRegistry: 'REGISTRY'}\nimage: {repository: org/web, tag: 'TAG', digest: ''}\n",
    "global: {image: {registry: 'REGISTRY/org'}}\nimage: {repository: web, tag: 'TAG', digest: ''}\n",
    "registry: 'REGISTRY'\nimage: {registry: '', repository: org/web, tag: 'TAG', digest: ''}\n",
    "image: {registry: ~, defaultRegistry: 'REGISTRY', repository: org/web, tag: 'TAG', digest: ''}\n",
    "dockerRegistry: 'REGISTRY'\nimage: 'org/web:TAG'\n",
];

/// A registry of their own would be before the name here, and is empty.
const WITHOUT_ONE: [&str; 2] = [
    "images: {registry: 'REGISTRY'}\nimage: {registry: '', repository: org/web, tag: 'TAG'}\n",
    "global: {images: {registry: 'REGISTRY'}}\nimage: {registry: ~, repository: org/web, tag: 'TAG'}\n",
];

/// Many charts read this one.
const FOR_ALL: [&str; 2] = [
    "global: {imageRegistry: 'REGISTRY'}\nimage: {repository: org/web, tag: 'TAG', digest: ''}\n",
    "global: {imageRegistry: 'REGISTRY/org/'}\nimage: {registry: '', repository: web, tag: 'TAG', digest: ''}\n",
];

struct Charts {
    environments: Pipeline,
    shape: &'static str,
}

impl Charts {
    fn new(shape: &'static str) -> Self {
        let charts = Self { environments: Pipeline::with_environments(), shape };
        let files = [STAGE, PROD].map(|path| File::new(path, charts.values("v0.9.0")));
        charts.environments.stage.remote.commit("main", "Charts", &files);
        charts
    }

    fn values(&self, tag: &str) -> String {
        self.shape.replace("REGISTRY", &self.environments.stage.registry.address()).replace("TAG", tag)
    }

    fn file(&self, path: &str) -> String {
        String::from_utf8(self.environments.stage.remote.file("main", path)).unwrap()
    }

    /// Requires that the newest commit and all requests since the last call are of this image.
    #[track_caller]
    fn is_told(&self, image: &str) {
        let commit = &self.environments.stage.remote.log("main")[0];
        let told = commit.trailer("Tagship-Image")[0].to_owned();
        assert!(told.starts_with(&format!("image={image}@sha256:")), "{}: {told}", self.shape);
        self.is_asked();
    }

    #[track_caller]
    fn is_asked(&self) {
        let asked = self.environments.stage.registry.request_lines();
        let manifests: Vec<_> = asked.iter().filter(|line| line.contains("/manifests/")).collect();
        assert!(!manifests.is_empty(), "{}", self.shape);
        assert!(manifests.iter().all(|line| line.contains(" /v2/org/web/")), "{}: {asked:?}", self.shape);
    }
}

#[test]
fn the_image_that_is_named_is_checked_told_and_pinned() {
    for shape in SHAPES {
        let charts = Charts::new(shape);
        let Charts { environments, .. } = &charts;
        let image = environments.build("web", "v1.0.0");
        let argument = format!("image={image}");
        let release = |more: &[&str]| {
            environments.run("release", &["-f", STAGE, &argument, "--output", "json"]).args(more.iter().copied()).run()
        };
        let told = document(&release(&[]).success());
        charts.is_told(&image);
        assert_eq!(told["images"][0]["image"], image.strip_suffix(":v1.0.0").unwrap(), "{shape}");
        assert_eq!(charts.file(STAGE), charts.values("v1.0.0"), "{shape}");
        let digest = told["images"][0]["digest"].as_str().unwrap();
        release(&["--pin-digest"]).success();
        charts.is_told(&image);
        let pinned = match shape.contains("digest") {
            true => charts.values("v1.0.0").replace("digest: ''", &format!("digest: '{digest}'")),
            false => charts.values(&format!("v1.0.0@{digest}")),
        };
        assert_eq!(charts.file(STAGE), pinned, "{shape}");
        // What is pinned stays so.
        let newer = environments.build("web", "v1.1.0");
        environments.run("release", &["-f", STAGE, &format!("image={newer}")]).run().success();
        charts.is_told(&newer);
    }
}

#[test]
fn the_name_of_the_release_is_what_a_rollback_and_a_promotion_ask_for() {
    for shape in SHAPES.into_iter().chain(FOR_ALL) {
        let charts = Charts::new(shape);
        let Charts { environments, .. } = &charts;
        let (first, second) = (environments.build("web", "v1.0.0"), environments.build("web", "v1.1.0"));
        for image in [&first, &second] {
            environments.run("release", &["-f", STAGE, &format!("image={image}")]).run().success();
            charts.is_told(image);
        }
        let log = environments.log(&["-f", STAGE, "image"]);
        assert!(log[..2].iter().all(|release| release["byHand"] == false || release["by_hand"] == false), "{log:?}");
        environments.run("promote", &["--from", STAGE, "--to", PROD, "image"]).run().success();
        charts.is_told(&second);
        assert_eq!(charts.file(PROD), charts.values("v1.1.0"), "{shape}");
        environments.run("rollback", &["-f", STAGE, "image"]).run().success();
        charts.is_told(&first);
        assert_eq!(charts.file(STAGE), charts.values("v1.0.0"), "{shape}");
    }
}

#[test]
fn a_rule_judges_the_name_that_is_made() {
    for shape in SHAPES[1..].iter().chain(&WITHOUT_ONE).chain(&FOR_ALL) {
        let charts = Charts::new(shape);
        let Charts { environments, .. } = &charts;
        let registry = environments.stage.registry.address();
        let image = environments.build("web", "v1.0.0");
        let rule = |images: &str| {
            let text = format!("rules:\n- paths: ['**']\n  images: '{images}'\n");
            environments.stage.remote.commit("main", "Rule", &[File::new(".tagship.yaml", text)]);
        };
        let release = || environments.run("release", &["-f", STAGE, &format!("image={image}")]).run();
        rule("org/*");
        release().exit(9).stderr_has(&format!("{registry}/org/web"));
        assert_eq!(charts.file(STAGE), charts.values("v0.9.0"), "{shape}");
        rule(&format!("{registry}/org/*"));
        release().success();
        if !shape.contains("'org/web:TAG'") {
            environments.run("check", &["-f", STAGE]).run().success();
        }
    }
}

/// Docker Hub may have another image of the name that the file has.
#[test]
fn a_name_below_a_registry_is_not_taken_for_the_image() {
    for shape in SHAPES[1..5].iter().chain(&WITHOUT_ONE).chain(&FOR_ALL) {
        let charts = Charts::new(shape);
        let Charts { environments, .. } = &charts;
        let registry = environments.stage.registry.address();
        let image = environments.build("web", "v1.0.0");
        let hint = |how: &str| format!("hint: {how}, as in `image={registry}/org/web:TAG`, or skip the registry");
        let refused = |arguments: &[&str], hint: &str| {
            let output = environments.run(arguments[0], &arguments[1..]).run().exit(3);
            let output = output.stderr_has("the file does not say which image `image` is").stderr_has(hint);
            output.stderr_has(&format!("and a chart that puts it into the name deploys `{registry}/org/web`"));
        };
        refused(&["release", "-f", STAGE, "image=*:v1.0.0"], &hint("name it"));
        refused(&["release", "-f", STAGE, "--dry-run", "image=*:v1.0.0"], &hint("name it"));
        refused(&["check", "-f", STAGE], "check the image by itself");
        let by_hand = [File::new(STAGE, charts.values("v1.0.0"))];
        environments.stage.remote.commit("main", "By hand", &by_hand);
        refused(&["promote", "--from", STAGE, "--to", PROD, "image"], &hint("name it once in a release"));
        refused(&["rollback", "-f", STAGE, "image"], &hint("name it once in a release"));
        assert!(environments.stage.registry.request_lines().is_empty(), "{shape}: nothing else is asked for");
        environments.run("promote", &["--from", STAGE, "--to", PROD, "--no-check", "image"]).run().success();
        assert_eq!(charts.file(PROD), charts.values("v1.0.0"), "{shape}");
        // Once a release has named the image, a check knows it.
        let newer = environments.build("web", "v1.1.0");
        environments.run("release", &["-f", STAGE, "--no-check", &format!("image={image}")]).run().success();
        environments.run("release", &["-f", STAGE, &format!("image={newer}")]).run().success();
        charts.is_told(&newer);
        if charts.file(STAGE) == charts.values("v1.1.0") {
            environments.run("check", &["-f", STAGE]).run().success();
            charts.is_asked();
        }
    }
}

/// One of the environments says the whole name in its releases alone, or has no place for a name.
#[test]
fn a_promotion_takes_no_name_below_a_registry_for_the_image() {
    let (tag_alone, shape) = ("image: {tag: 'TAG'}\n", SHAPES[1]);
    for (from, to) in [(shape, tag_alone), (tag_alone, shape)] {
        let environments = Pipeline::with_environments();
        let registry = environments.stage.registry.address();
        let values = |text: &str, tag: &str| text.replace("REGISTRY", &registry).replace("TAG", tag);
        let files = [File::new(STAGE, values(from, "v0.8.0")), File::new(PROD, values(to, "v0.9.0"))];
        environments.stage.remote.commit("main", "Charts", &files);
        let image = environments.build("web", "v1.0.0");
        let by_hand = [File::new(STAGE, values(from, "v1.0.0"))];
        environments.stage.remote.commit("main", "By hand", &by_hand);
        let promote = || environments.run("promote", &["--from", STAGE, "--to", PROD, "image"]).run();
        promote().exit(3).stderr_has("the file does not say which image `image` is");
        assert!(environments.stage.registry.request_lines().is_empty());
        environments.stage.remote.commit("main", "Back", &[File::new(STAGE, values(from, "v0.9.9"))]);
        let allowed = ["-f", STAGE, "--on-superseded", "allow", &format!("image={image}")];
        environments.run("release", &allowed).run().success();
        promote().success();
        let told = environments.stage.remote.log("main")[0].trailer("Tagship-Image")[0].to_owned();
        assert!(told.starts_with(&format!("image={image}@sha256:")), "{told}");
        let after = String::from_utf8(environments.stage.remote.file("main", PROD)).unwrap();
        assert_eq!(after, values(to, "v1.0.0"));
    }
}

#[test]
fn a_registry_that_is_written_makes_no_other_image_of_one() {
    for shape in SHAPES[1..5].iter().chain(&WITHOUT_ONE) {
        let charts = Charts::new(shape);
        let Charts { environments, .. } = &charts;
        let release = |version: &str| {
            let argument = format!("image={}", environments.build("web", version));
            environments.run("release", &["-f", STAGE, "--on-unknown-order", "fail", &argument]).run().success()
        };
        release("v0.8.0").stdout_has("superseded");
        assert_eq!(charts.file(STAGE), charts.values("v0.9.0"), "{shape}");
        for version in ["v1.0.0", "v1.1.0"] {
            let told = release(version).stdout();
            assert!(!told.contains("cannot tell"), "{told}");
            assert!(charts.file(STAGE).contains(version), "{told}");
        }
    }
}

/// What ran was an image of another registry than Docker Hub.
#[test]
fn a_rollback_to_a_name_below_a_registry_writes_no_other_one() {
    for shape in WITHOUT_ONE {
        let charts = Charts::new(shape);
        let Charts { environments, .. } = &charts;
        let registry = environments.stage.registry.address();
        let whole = |tag: &str| {
            let own = format!("image: {{registry: '{registry}'");
            charts.values(tag).replace("image: {registry: ''", &own).replace("image: {registry: ~", &own)
        };
        environments.stage.remote.commit("main", "By hand", &[File::new(STAGE, whole("v1.0.0"))]);
        let output = environments.run("rollback", &["-f", STAGE, "image"]).run().exit(3);
        let output = output.stderr_has("the file does not say which image `image` is");
        output.stderr_has(&format!("name it once in a release, as in `image={registry}/org/web:TAG`"));
        assert_eq!(charts.file(STAGE), whole("v1.0.0"));
        assert!(environments.stage.registry.request_lines().is_empty(), "{shape}");
        environments.build("web", "v0.9.0");
        let image = environments.build("web", "v1.1.0");
        environments.run("release", &["-f", STAGE, &format!("image={image}")]).run().success();
        charts.is_told(&image);
        environments.run("rollback", &["-f", STAGE, "--to", "v0.9.0", "image"]).run().success();
        charts.is_told(&image.replace("v1.1.0", "v0.9.0"));
        let file = charts.file(STAGE);
        assert!(file == whole("v0.9.0") || file == charts.values("v0.9.0"), "{file}");
    }
}

#[test]
fn a_promotion_of_a_name_below_a_registry_writes_no_other_one() {
    let charts = Charts::new(SHAPES[3]);
    let Charts { environments, .. } = &charts;
    let registry = environments.stage.registry.address();
    let prod = |registry: &str, tag: &str| {
        format!("image: {{registry: {registry}, repository: org/web, tag: '{tag}', digest: ''}}\n")
    };
    environments.stage.remote.commit("main", "Whole", &[File::new(PROD, prod("other.example", "v0.8.0"))]);
    let promote = || environments.run("promote", &["--from", STAGE, "--to", PROD, "image"]).run();
    promote().exit(3).stderr_has("the file does not say which image `image` is");
    assert_eq!(charts.file(PROD), prod("other.example", "v0.8.0"));
    let image = environments.build("web", "v1.0.0");
    environments.run("release", &["-f", STAGE, &format!("image={image}")]).run().success();
    charts.is_told(&image);
    promote().success();
    charts.is_told(&image);
    assert_eq!(charts.file(PROD).replace(['\'', '"'], ""), prod(&registry, "v1.0.0").replace('\'', ""));
}

/// A release of the image from another registry says nothing of what ran before it.
#[test]
fn a_rollback_takes_no_registry_of_a_later_release() {
    for text in [
        "global: {dockerRegistry: other.example}\nimage: {repository: org/web, tag: v0.9.0}\n",
        "image: {registry: ~, defaultRegistry: other.example, repository: org/web, tag: v0.9.0}\n",
        "images: {registry: other.example}\nimage: {registry: '', repository: org/web, tag: v0.9.0}\n",
    ] {
        let environments = Pipeline::with_environments();
        environments.stage.remote.commit("main", "Charts", &[File::new(STAGE, text)]);
        environments.build("web", "v0.9.0");
        let image = environments.build("web", "v1.0.0");
        environments.run("release", &["-f", STAGE, &format!("image={image}")]).run().success();
        environments.stage.registry.request_lines();
        let released = environments.stage.remote.file("main", STAGE);
        let output = environments.run("rollback", &["-f", STAGE, "image"]).run().exit(3);
        output.stderr_has("as in `image=other.example/org/web:TAG`");
        assert_eq!(environments.stage.remote.file("main", STAGE), released, "{text}");
        assert!(environments.stage.registry.request_lines().is_empty(), "{text}");
    }
}

/// A chart would put its registry before the whole name, too.
#[test]
fn a_rollback_writes_no_whole_name_behind_a_registry() {
    let environments = Pipeline::with_environments();
    let registry = environments.stage.registry.address();
    let text = format!("global: {{dockerRegistry: '{registry}'}}\nimage: {{repository: org/web, tag: v0.9.0}}\n");
    environments.stage.remote.commit("main", "Charts", &[File::new(STAGE, text)]);
    let release = |image: &str| environments.run("release", &["-f", STAGE, &format!("image={image}")]).run().success();
    release(&environments.build("web", "v1.0.0"));
    let elsewhere = "image=other.example/org/web:v1.1.0";
    environments.run("release", &["-f", STAGE, "--no-check", elsewhere]).run().success();
    let released = environments.stage.remote.file("main", STAGE);
    environments.run("rollback", &["-f", STAGE, "image"]).run().exit(3);
    assert_eq!(environments.stage.remote.file("main", STAGE), released);
}
