//! Values of which a chart may make two names: the image has a registry of its own, and another one is for all images. Whichever
//! is named, nothing is known of the other.

use crate::pipeline::Pipeline;
use crate::support::repository::File;

const VALUES: &str = "values.yaml";

/// Each with the name that is made with the registry for all images.
const SHAPES: [(&str, &str); 6] = [
    ("global: {imageRegistry: other.example}\nimage: {repository: 'REGISTRY/org/web', tag: TAG}\n", "REGISTRY/org/web"),
    (
        "global: {dockerRegistry: other.example}\nimage: {repository: 'REGISTRY/org/web', tag: TAG}\n",
        "REGISTRY/org/web",
    ),
    ("registry: other.example\nimage: {repository: 'REGISTRY/org/web', tag: TAG}\n", "REGISTRY/org/web"),
    ("global: {registry: other.example}\nimageRepository: 'REGISTRY/org/web'\nimageTag: TAG\n", "REGISTRY/org/web"),
    (
        "global: {imageRegistry: other.example}\nimage: {registry: 'REGISTRY', repository: org/web, tag: TAG}\n",
        "org/web",
    ),
    (
        "global: {image: {registry: other.example}}\nimage: {registry: 'REGISTRY', repository: org/web, tag: TAG}\n",
        "org/web",
    ),
];

#[test]
fn the_other_name_is_told_and_no_requirement_holds() {
    for (shape, made) in SHAPES {
        let environments = Pipeline::with_environments();
        let registry = environments.stage.registry.address();
        let values = |tag: &str| shape.replace("REGISTRY", &registry).replace("TAG", tag);
        let commit =
            |path: &str, text: &str| environments.stage.remote.commit("main", "By hand", &[File::new(path, text)]);
        commit(VALUES, &values("v0.9.0"));
        let name = if shape.contains("imageTag") { "imageTag" } else { "image" };
        let image = environments.build("web", "v1.0.0");
        let release = |more: &[&str]| {
            environments.run("release", &["-f", VALUES, &format!("{name}={image}")]).args(more.iter().copied()).run()
        };
        let file = || String::from_utf8(environments.stage.remote.file("main", VALUES)).unwrap();
        let told = format!("deploys `other.example/{}`", made.replace("REGISTRY", &registry));
        release(&["--platform", "linux/amd64"]).exit(3).stderr_has(&told);
        commit(".tagship.yaml", &format!("rules:\n- paths: ['**']\n  images: '{registry}/org/*'\n"));
        release(&[]).exit(9).stderr_has(&told);
        assert_eq!(file(), values("v0.9.0"), "{shape}");
        commit(".tagship.yaml", "rules: [{paths: [none], tags: none}]\n");
        let output = release(&[]).success();
        assert!(output.stdout().contains(&format!("{told}, which was not checked")), "{shape}: {}", output.stdout());
        assert_eq!(file(), values("v1.0.0"), "{shape}");
        let check = |more: &[&str]| environments.run("check", &["-f", VALUES]).args(more.iter().copied()).run();
        let output = check(&[]).success();
        assert!(output.stdout().contains(&format!("{told}, which was not checked")), "{shape}: {}", output.stdout());
        check(&["--platform", "linux/amd64"]).exit(3).stderr_has(&told);
    }
}

/// It is the name that is made that is named here, and a chart may make none.
#[test]
fn the_own_name_is_told_too() {
    for text in [
        "global: {imageRegistry: 'REGISTRY'}\nimage: {registry: other.example, repository: org/web, tag: v0.9.0}\n",
        "global: {imageRegistry: 'REGISTRY'}\nimage: {repository: other.example/org/web, tag: v0.9.0}\n",
        "global: {dockerRegistry: 'REGISTRY'}\nimage: {repository: other.example/org/web, tag: v0.9.0}\n",
    ] {
        let environments = Pipeline::with_environments();
        let registry = environments.stage.registry.address();
        let values = File::new(VALUES, text.replace("REGISTRY", &registry));
        environments.stage.remote.commit("main", "Values", &[values]);
        let name = if text.contains("repository: org") { "org/web" } else { "other.example/org/web" };
        let argument = format!("image={registry}/{name}:v1.0.0");
        let release = |argument: &str| environments.run("release", &["-f", VALUES, "--no-check", argument]).run();
        let (own, is_kept) = ("deploys `other.example/org/web`", "so the name was kept");
        let output = release(&argument).success().stdout();
        assert!(output.contains(own) || output.contains(is_kept), "{text}: {output}");
        let rule = format!("rules:\n- paths: ['**']\n  images: '{registry}/**'\n");
        environments.stage.remote.commit("main", "Rule", &[File::new(".tagship.yaml", rule)]);
        release(&argument.replace("v1.0.0", "v1.1.0")).exit(9).stderr_has(own);
    }
}

/// A name that is kept is that of one image only if there is one.
#[test]
fn a_name_that_is_kept_is_refused_with_the_key() {
    for (shape, made) in [SHAPES[0], SHAPES[4]] {
        let environments = Pipeline::with_environments();
        let registry = environments.stage.registry.address();
        let values = File::new(VALUES, shape.replace("REGISTRY", &registry).replace("TAG", "v0.9.0"));
        environments.stage.remote.commit("main", "Values", &[values]);
        let output = environments.run("release", &["-f", VALUES, "image=*:v1.0.0"]).run().exit(3);
        let made = made.replace("REGISTRY", &registry);
        output
            .stderr_has("the file does not say which image `image` is")
            .stderr_has(&format!("`global.imageRegistry` is `other.example`, and a chart that puts it into the name deploys `other.example/{made}`"));
    }
}

/// A variable of Flux, or a template, is filled in elsewhere.
#[test]
fn a_registry_that_is_filled_in_makes_another_name() {
    for text in ["${REGISTRY}", "{{ .Values.registry }}"] {
        let environments = Pipeline::with_environments();
        let values = format!("global: {{dockerRegistry: '{text}'}}\nimage: {{repository: org/web, tag: v0.9.0}}\n");
        environments.stage.remote.commit("main", "Values", &[File::new(VALUES, values)]);
        let told = format!(
            "`global.dockerRegistry` is `{text}`, and a chart that puts it into the name deploys another image"
        );
        environments.run("release", &["-f", VALUES, "image=*:v1.0.0"]).run().exit(3).stderr_has(&told);
        environments.run("check", &["-f", VALUES]).run().exit(3).stderr_has(&told);
    }
}

/// The file has no place for a name, or a place behind the registry for all images.
#[test]
fn a_name_of_another_registry_than_that_for_all_images() {
    for (name, text) in [
        ("web.imageTag", "global: {imageRegistry: 'SHARED'}\nweb: {imageRepository: org/web, imageTag: v0.9.0}\n"),
        ("web.imageTag", "global: {dockerRegistry: 'SHARED'}\nweb: {imageRepository: org/web, imageTag: v0.9.0}\n"),
        ("web", "global: {imageRegistry: 'SHARED'}\nweb: {image: org/web, version: v0.9.0}\n"),
        ("web", "global: {registry: 'SHARED'}\nweb: {image: org/web, tag: v0.9.0}\n"),
        ("web.image.tag", "global: {imageRegistry: 'SHARED'}\nweb: {image: {repository: org/web, tag: v0.9.0}}\n"),
        ("web.image.tag", "defaultRegistry: 'SHARED'\nweb: {image: {repository: org/web, tag: v0.9.0}}\n"),
        ("image", "global: {imageRegistry: 'SHARED'}\nimage: {tag: v0.9.0}\n"),
        ("image", "global: {image: {registry: 'SHARED'}}\nimage: {repository: org/web, tag: v0.9.0}\n"),
        ("image", "dockerRegistry: 'SHARED'\nimage: 'org/web:v0.9.0'\n"),
    ] {
        let environments = Pipeline::with_environments();
        let registry = environments.stage.registry.address();
        let commit = |shared: &str| {
            let values = File::new(VALUES, text.replace("SHARED", shared));
            environments.stage.remote.commit("main", "Values", &[values]);
        };
        let image = environments.build("web", "v1.0.0");
        let release = |more: &[&str]| {
            environments.run("release", &["-f", VALUES, &format!("{name}={image}")]).args(more.iter().copied()).run()
        };
        commit("other.example");
        release(&["--platform", "linux/amd64"])
            .exit(3)
            .stderr_has("cannot tell for certain")
            .stderr_has("is `other.example`");
        let told = release(&[]).success().stdout();
        let is_told = told.contains("which was not checked") || told.contains("a chart that puts it before the name");
        assert!(is_told && told.contains("is `other.example`"), "{text}: {told}");
        commit(&registry);
        let told = release(&["--dry-run"]).success().stdout();
        assert!(!told.contains("not checked"), "{text}: {told}");
    }
}
