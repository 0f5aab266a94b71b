//! Releases to other files than kustomizations: what the commands do with them is what they do with kustomizations.

use crate::pipeline::{PRODUCTION, Pipeline, STAGING, document};
use crate::support::repository::File;

const VALUES: &str = "values/prod.yaml";
const TAGS: &str = "image-tags/prod/web";

/// Returns a repository with the values of a chart, in two environments, and a file with a tag alone.
fn with_files() -> Pipeline {
    let environments = Pipeline::with_environments();
    let registry = environments.stage.registry.address();
    let values = format!("# values\nbackend:\n  image:\n    repository: {registry}/org/web\n    tag: v0.9.0 # by CI\n");
    let files = [
        File::new(VALUES, &values),
        File::new("values/stage.yaml", &values),
        File::new(TAGS, "image_tag: v0.9.0\npromote: true\n"),
    ];
    environments.stage.remote.commit("main", "Other files", &files);
    environments
}

fn file(environments: &Pipeline, path: &str) -> String {
    String::from_utf8(environments.stage.remote.file("main", path)).unwrap()
}

#[test]
fn values_and_a_kustomization_are_released_in_one_commit() {
    let environments = with_files();
    let image = environments.build("web", "v1.0.0");
    let (before, parent) = (file(&environments, VALUES), environments.tip());
    let arguments = ["-k", PRODUCTION, "-f", VALUES, "--output", "json"];
    let release = environments.run("release", &arguments).args(["backend.image=*:v1.0.0", &format!("web={image}")]);
    let output = release.run().success();
    assert_eq!(document(&output)["outcome"], "released");
    assert_eq!(file(&environments, VALUES), before.replace("v0.9.0", "v1.0.0"), "no other byte");
    let commit = &environments.stage.remote.log("main")[0];
    assert_eq!(commit.trailer("Tagship-File").len(), 2);
    let images = commit.trailer("Tagship-Image");
    assert!(images[1].starts_with(&format!("backend.image={image}@sha256:")), "{images:?}");
    assert_eq!(environments.stage.remote.log("main")[1].id, parent, "one commit");
    let again = environments.run("release", &["-f", VALUES, "--output", "json", "backend.image=*:v1.0.0"]);
    assert_eq!(document(&again.run().success())["outcome"], "unchanged");
}

/// A name may have any number of places.
#[test]
fn what_stays_is_told_once_for_a_name() {
    let environments = with_files();
    let image = environments.build("web", "v1.0.0");
    let pod = |name: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: c, image: {image}}}]}}\n"
        )
    };
    let pods = format!("{}---\n{}", pod("a"), pod("b"));
    environments.stage.remote.commit("main", "Pods", &[File::new("pods.yaml", &pods)]);
    let output = environments.run("release", &["-f", "pods.yaml", "c=*:v1.0.0"]).run().success();
    assert_eq!(output.stdout().matches("unchanged: ").count(), 1, "{}", output.stdout());
}

#[test]
fn an_image_that_is_not_there_is_not_released() {
    let environments = with_files();
    let tip = environments.tip();
    let release = |arguments: &[&str]| environments.run("release", arguments).run();
    release(&["-f", VALUES, "backend.image=*:v7.7.7"]).exit(4);
    let unknown = release(&["-f", TAGS, "image_tag=*:v1.0.0"]).exit(3);
    unknown.stderr_has("the file does not say which image `image_tag` is");
    release(&["-f", VALUES, "bakcend.image=*:v1.0.0"]).exit(3).stderr_has("did you mean `backend.image`?");
    release(&["-f", "values", "backend.image=*:v1.0.0"]).exit(3).stderr_has("`values` is a folder");
    release(&["-k", VALUES, "backend.image=*:v1.0.0"]).exit(3).stderr_has("is not a kustomization");
    assert_eq!(environments.tip(), tip);
}

/// A path is no image, and a registry would be told of it.
#[test]
fn no_registry_is_asked_for_a_path() {
    let environments = with_files();
    let image = format!("{}/org/web", environments.stage.registry.address());
    let asked = |command: &str, argument: &str| environments.run(command, &["-f", VALUES, argument]).run().exit(3);
    for argument in ["backend.image:v1.1.0", "backend.image@sha256:DIGEST"] {
        let argument = argument.replace("DIGEST", &"1".repeat(64));
        let keeping = argument.replace("image", "image=*");
        let output = asked("release", &argument).stderr_has("the image's own name cannot be dropped here");
        output.stderr_has(&format!("write `{keeping}`"));
        let output =
            asked("check", &argument).stderr_has("`backend.image` is what an image is called in `values/prod.yaml`");
        output.stderr_has(&format!("write the image itself: `{}`", argument.replace("backend.image", &image)));
    }
    assert!(environments.stage.registry.request_lines().is_empty());
}

#[test]
fn a_tag_alone_is_checked_released_listed_and_rolled_back() {
    let environments = with_files();
    for tag in ["v1.0.0", "v1.1.0"] {
        let image = format!("image_tag={}", environments.build("web", tag));
        environments.run("release", &["-f", TAGS, &image]).run().success();
        assert_eq!(file(&environments, TAGS), format!("image_tag: {tag}\npromote: true\n"));
    }
    let listed = environments.log(&["-f", TAGS, "image_tag"]);
    assert_eq!(listed[0]["tag"], "v1.1.0");
    assert_eq!(listed[0]["by_hand"], false, "its trailers are believed");
    let older = format!("image_tag={}", environments.build("web", "v1.0.0"));
    let superseded = environments.run("release", &["-f", TAGS, "--output", "json", &older]).run();
    assert_eq!(document(&superseded)["outcome"], "superseded");
    environments.run("rollback", &["-f", TAGS, "image_tag"]).run().success();
    assert_eq!(file(&environments, TAGS), "image_tag: v1.0.0\npromote: true\n");
    let commit = &environments.stage.remote.log("main")[0];
    let image = environments.build("web", "v1.0.0");
    let released = commit.trailer("Tagship-Image");
    assert!(released[0].starts_with(&format!("image_tag={image}@sha256:")), "the name is of the release before");
}

/// A later release of another image says nothing of what ran before it.
#[test]
fn a_tag_alone_goes_back_to_the_image_that_it_was() {
    let environments = with_files();
    let release = |image: &str| {
        let argument = format!("image_tag={image}");
        environments.run("release", &["-f", TAGS, "--order", "none", &argument]).run().success();
    };
    let back =
        |more: &[&str]| environments.run("rollback", &["-f", TAGS, "image_tag"]).args(more.iter().copied()).run();
    let is_of = |image: &str| {
        let told = environments.stage.remote.log("main")[0].trailer("Tagship-Image")[0].to_owned();
        assert!(told.starts_with(&format!("image_tag={image}@sha256:")), "{told}");
    };
    let (web, other) = (environments.build("web", "v1.0.0"), environments.build("other", "v1.2.0"));
    environments.build("other", "v1.0.0");
    let first = environments.build("web", "v0.9.0");
    release(&web);
    release(&other);
    back(&[]).success();
    is_of(&web);
    assert_eq!(file(&environments, TAGS), "image_tag: v1.0.0\npromote: true\n");
    // The next release after it is the only one that tells the name of the first tag.
    back(&[]).success();
    is_of(&first);
    // What was written by hand between two images may be of either.
    release(&environments.build("web", "v2.0.0"));
    environments.stage.remote.commit("main", "By hand", &[File::new(TAGS, "image_tag: v2.1.0\npromote: true\n")]);
    release(&environments.build("other", "v2.2.0"));
    let before = environments.tip();
    back(&[]).exit(3).stderr_has("the file does not say which image `image_tag` is");
    assert_eq!(environments.tip(), before);
    back(&["--no-check"]).success();
    assert_eq!(file(&environments, TAGS), "image_tag: v2.1.0\npromote: true\n");
}

/// The file has no place for the name; the releases to the other environment tell it.
#[test]
fn a_tag_alone_is_promoted_as_the_image_that_was_released() {
    let environments = with_files();
    let other = "image-tags/stage/web";
    environments.stage.remote.commit("main", "Staging", &[File::new(other, "image_tag: v0.9.0\n")]);
    let image = environments.build("web", "v1.0.0");
    let promote = |more: &[&str]| {
        environments.run("promote", &["--from", other, "--to", TAGS, "image_tag"]).args(more.iter().copied()).run()
    };
    let first = |token: &str| environments.stage.remote.log("main")[0].trailer(token)[0].to_owned();
    environments.run("release", &["-f", other, &format!("image_tag={image}")]).run().success();
    promote(&["--platform", "linux/s390x"]).exit(4);
    promote(&["--dry-run", "--no-check"]).success();
    promote(&[]).success();
    assert_eq!(file(&environments, TAGS), "image_tag: v1.0.0\npromote: true\n");
    assert!(first("Tagship-Image").starts_with(&format!("image_tag={image}@sha256:")), "{}", first("Tagship-Image"));
    // What was changed by hand since is of the same image.
    environments.stage.remote.commit("main", "By hand", &[File::new(other, "image_tag: v1.1.0\n")]);
    promote(&[]).exit(4).stderr_has("org/web:v1.1.0");
    let newer = environments.build("web", "v1.1.0");
    promote(&["--no-check"]).success();
    assert_eq!(first("Tagship-Image"), format!("image_tag={newer}"));
}

/// The registry of an environment is its own.
#[test]
fn a_chart_with_another_registry_keeps_it() {
    let environments = with_files();
    let registry = environments.stage.registry.address();
    let values = |registry: &str, tag: &str| {
        format!("global: {{imageRegistry: '{registry}'}}\nimage: {{repository: org/web, tag: {tag}}}\n")
    };
    let files = [("a.yaml", &*registry), ("same.yaml", &*registry), ("other.yaml", "r.example")]
        .map(|(path, registry)| File::new(path, values(registry, "v0.9.0")));
    environments.stage.remote.commit("main", "Charts", &files);
    let image = format!("image={}", environments.build("web", "v1.0.0"));
    environments.run("release", &["-f", "a.yaml", &image]).run().success();
    let promote = |to: &str| environments.run("promote", &["--from", "a.yaml", "--to", to, "image"]);
    promote("same.yaml").run().success();
    assert_eq!(file(&environments, "same.yaml"), values(&registry, "v1.0.0"));
    promote("other.yaml")
        .run()
        .exit(3)
        .stderr_has("hint: name it once in a release, as in `image=r.example/org/web:TAG`");
    promote("other.yaml").arg("--no-check").run().success();
    assert_eq!(file(&environments, "other.yaml"), values("r.example", "v1.0.0"));
}

/// The image of an environment is the one that was released to it, and nothing else says what runs there.
#[test]
fn a_tag_alone_keeps_the_name_that_was_released_to_its_environment() {
    let environments = with_files();
    let registry = environments.stage.registry.address();
    let (from, to) = ("image-tags/stage/web", TAGS);
    environments.stage.remote.commit("main", "Staging", &[File::new(from, "image_tag: v0.9.0\n")]);
    let (image, mirrored) = (environments.build("web", "v1.0.0"), environments.build("mirror/web", "v0.9.5"));
    let release =
        |file: &str, image: &str| environments.run("release", &["-f", file, &format!("image_tag={image}")]).run();
    release(to, &mirrored).success();
    release(from, &image).success();
    let promote = |more: &[&str]| {
        environments.run("promote", &["--from", from, "--to", to, "image_tag"]).args(more.iter().copied()).run()
    };
    environments.stage.registry.request_lines();
    let refused = || {
        let told = format!("`{to}` was released as `{registry}/org/mirror/web`, and `{from}` as `{registry}/org/web`");
        let hint = format!("hint: release it by name, as in `image_tag={registry}/org/mirror/web:v1.0.0`");
        promote(&[]).exit(3).stderr_has(&told).stderr_has(&hint);
    };
    refused();
    assert!(environments.stage.registry.request_lines().is_empty(), "no other image is asked for");
    // A release that named none leaves the name as it was.
    environments.run("release", &["-f", to, "--no-check", "image_tag=*:v0.9.6"]).run().success();
    refused();
    promote(&["--no-check", "--dry-run"]).success();
    // Whoever follows the hint is at the end of the way.
    release(to, &environments.build("mirror/web", "v1.0.0")).success();
    let again = promote(&["--output", "json"]).success();
    assert_eq!(document(&again)["outcome"], "unchanged");
    // What the other environment was never released by is no name that differs.
    let other = "image-tags/test/web";
    environments.stage.remote.commit("main", "Test", &[File::new(other, "image_tag: v1.1.0\n")]);
    environments.build("mirror/web", "v1.1.0");
    environments.run("promote", &["--from", other, "--to", to, "image_tag"]).run().success();
    let released = environments.stage.remote.log("main")[0].trailer("Tagship-Image")[0].to_owned();
    assert!(released.starts_with(&format!("image_tag={registry}/org/mirror/web:v1.1.0@")), "{released}");
}

/// What the values of a chart say of a name counts, and a promotion leaves it as it is.
#[test]
fn a_tag_alone_takes_no_name_that_the_other_environment_has_not() {
    for (values, told) in [
        ("image: {tag: v0.9.0, repository: ''}\n", "the file does not say which image `image` is"),
        ("image: {tag: v0.9.0, repository: }\n", "the file does not say which image `image` is"),
        (
            "global: {imageRegistry: r.example}\nimage: {tag: v0.9.0}\n",
            "`prod.yaml` has the registry `r.example` for all images, and `stage.yaml` was released as `REGISTRY/org/web`",
        ),
        (
            "global: {imageRegistry: r.example}\nimage: {registry: 'REGISTRY', repository: org/web, tag: v0.9.0}\n",
            "`prod.yaml` has the registry `r.example` for all images, and `stage.yaml` was released as `REGISTRY/org/web`",
        ),
        (
            "global: {imageRegistry: 'REGISTRY'}\nimage: {repository: org/other, tag: v0.9.0}\n",
            "the file does not say which image `image` is",
        ),
    ] {
        let environments = with_files();
        let registry = environments.stage.registry.address();
        let (values, told) = (values.replace("REGISTRY", &registry), told.replace("REGISTRY", &registry));
        let files = [File::new("stage.yaml", "image: {tag: v0.9.0}\n"), File::new("prod.yaml", &values)];
        environments.stage.remote.commit("main", "Charts", &files);
        let image = format!("image={}", environments.build("web", "v1.0.0"));
        environments.run("release", &["-f", "stage.yaml", &image]).run().success();
        let promote = environments.run("promote", &["--from", "stage.yaml", "--to", "prod.yaml", "image"]);
        promote.run().exit(3).stderr_has(&told);
        assert_eq!(file(&environments, "prod.yaml"), values);
        if !values.contains("r.example") {
            continue;
        }
        // A release that names it says that the chart does not count its registry.
        let newer = environments.build("web", "v1.1.0");
        environments.run("release", &["-f", "prod.yaml", &image]).run().success();
        environments.run("release", &["-f", "stage.yaml", &format!("image={newer}")]).run().success();
        environments.run("promote", &["--from", "stage.yaml", "--to", "prod.yaml", "image"]).run().success();
    }
}

/// A later release may have named another image, which was never released with that tag.
#[test]
fn a_rollback_of_a_tag_alone_goes_back_to_the_image_of_that_release() {
    let environments = with_files();
    let (first, second) = (environments.build("web", "v1.0.0"), environments.build("api", "v1.1.0"));
    for image in [&first, &second] {
        environments.run("release", &["-f", TAGS, "--order", "none", &format!("image_tag={image}")]).run().success();
    }
    environments.run("rollback", &["-f", TAGS, "image_tag"]).run().success();
    let told = environments.stage.remote.log("main")[0].trailer("Tagship-Image")[0].to_owned();
    assert!(told.starts_with(&format!("image_tag={first}@sha256:")), "{told}");
}

/// A release does not take the name of an earlier one, so to have named it once is no remedy.
#[test]
fn a_release_that_keeps_an_unknown_name_is_told_to_name_it() {
    let environments = with_files();
    let image = environments.build("web", "v1.0.0");
    environments.build("web", "v1.1.0");
    let hint = "hint: name it, as in `image_tag=NEWNAME:TAG`, or skip the registry with `--no-check`";
    for arguments in [&["-f", TAGS][..], &["-f", TAGS, "--dry-run"]] {
        environments.run("release", arguments).arg("image_tag=*:v1.1.0").run().exit(3).stderr_has(hint);
    }
    environments.run("release", &["-f", TAGS, &format!("image_tag={image}")]).run().success();
    environments.run("release", &["-f", TAGS, "image_tag=*:v1.1.0"]).run().exit(3).stderr_has(hint);
}

/// If nothing tells the image, a release can, and no commit invents one.
#[test]
fn a_tag_alone_of_an_unknown_image_is_told_as_that() {
    let environments = with_files();
    let other = "image-tags/stage/web";
    for tag in ["v1.0.0", "v1.1.0"] {
        let file = File::new(other, format!("image_tag: {tag}\n"));
        environments.stage.remote.commit("main", "By hand", &[file]);
    }
    let promote = ["--from", other, "--to", TAGS];
    let hint = "hint: name it once in a release, as in `image_tag=NEWNAME:TAG`";
    environments.run("promote", &promote).arg("image_tag").run().exit(3).stderr_has(hint);
    environments.run("rollback", &["-f", other, "image_tag"]).run().exit(3).stderr_has(hint);
    for (command, arguments, title, tag) in [
        ("promote", &promote[..], "Promote image_tag v1.1.0", "v1.1.0"),
        ("rollback", &["-f", other], "Roll back to image_tag v1.0.0", "v1.0.0"),
        ("release", &["-f", TAGS, "image_tag=*:v1.2.0"], "Release image_tag v1.2.0", "v1.2.0"),
    ] {
        let name = if command == "release" { &[][..] } else { &["image_tag"] };
        environments.run(command, arguments).arg("--no-check").args(name.iter().copied()).run().success();
        let commit = &environments.stage.remote.log("main")[0];
        assert_eq!(commit.trailer("Tagship-Image"), [&format!("image_tag=:{tag}")]);
        assert!(commit.subject.starts_with(title), "{}", commit.subject);
        let listed = environments.log(&["-f", if command == "rollback" { other } else { TAGS }, "image_tag"]);
        assert_eq!(
            (&listed[0]["tag"], &listed[0]["by_hand"]),
            (&tag.into(), &false.into()),
            "its trailers are believed"
        );
    }
    environments.run("rollback", &["-f", TAGS, "image_tag"]).run().exit(3).stderr_has(hint);
}

#[test]
fn values_are_promoted_by_name() {
    let environments = with_files();
    environments.build("web", "v1.0.0");
    environments.run("release", &["-f", "values/stage.yaml", "backend.image=*:v1.0.0"]).run().success();
    let on = ["--from", "values/stage.yaml", "--to", VALUES];
    environments.run("promote", &on).run().exit(2).stderr_has("promoted by name");
    let absent = environments.run("promote", &on).arg("backend.imag").run().exit(3);
    absent.stderr_has("no image is called `backend.imag` in").stderr_has("did you mean `backend.image`?");
    environments.run("promote", &on).arg("backend.image").run().success();
    assert_eq!(file(&environments, VALUES), file(&environments, "values/stage.yaml"));
    assert!(environments.file(STAGING).contains("v0.9.0"));
}

#[test]
fn a_hold_stops_other_files_too() {
    let environments = with_files();
    environments.build("web", "v1.0.0");
    let hold = File::new("values/.tagship-hold", "names: [backend.image]\nreason: incident\n");
    environments.stage.remote.commit("main", "Hold", &[hold]);
    let held = environments.run("release", &["-f", VALUES, "--output", "json", "backend.image=*:v1.0.0"]).run();
    assert_eq!(document(&held)["outcome"], "held");
}

/// A chart puts its registry for all images before the name, so the name that counts is the whole one.
#[test]
fn an_image_of_a_chart_with_a_registry_for_all_is_told_by_its_whole_name() {
    let environments = with_files();
    let registry = environments.stage.registry.address();
    let values = |name: &str, tag: &str| {
        format!("global:\n  imageRegistry: {registry}\nimage:\n  repository: org/{name}\n  tag: {tag}\n")
    };
    let rules = format!("rules:\n- paths: ['**']\n  images: ['{registry}/org/*']\n");
    let files = [File::new(VALUES, values("web", "v0.9.0")), File::new("values/.tagship.yaml", &rules)];
    environments.stage.remote.commit("main", "A chart", &files);
    let image = environments.build("api", "v1.0.0");
    let release = |more: &[&str]| {
        let image = format!("image={image}");
        environments.run("release", &["-f", VALUES, &image]).args(more.iter().copied()).run().success()
    };
    release(&["--dry-run"]).stdout_has("org/web → org/api");
    let told = document(&release(&["--output", "json"]));
    assert_eq!(file(&environments, VALUES), values("api", "v1.0.0"));
    assert_eq!(told["images"][0]["image"], format!("{registry}/org/api"));
}
