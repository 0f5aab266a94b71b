//! Images without tag and digest: what runs is told by no file then, or is `latest`. None of them passes unasked.

use crate::pipeline::{PRODUCTION, Pipeline, kustomization};
use crate::support::command::Command;
use crate::support::registry::Image;
use crate::support::repository::{Checkout, File};

const MANIFEST: &str = "apps/pod.yaml";

/// Returns a repository with this file.
fn with(path: &str, text: &str) -> Pipeline {
    let environments = Pipeline::with_environments();
    environments.stage.remote.commit("main", "By hand", &[File::new(path, text)]);
    environments
}

/// Returns the text of a pod with one container for each name and image.
fn pod(containers: &[(&str, &str)]) -> String {
    let container = |(name, image): &(&str, &str)| format!("  - name: {name}\n    image: {image}\n");
    let containers: String = containers.iter().map(container).collect();
    format!("apiVersion: v1\nkind: Pod\nmetadata:\n  name: all\nspec:\n  containers:\n{containers}")
}

/// Returns an image of the test's registry that is not in it, without a tag.
fn absent(environments: &Pipeline) -> String {
    format!("{}/org/absent", environments.stage.registry.address())
}

/// Has an entry without a version, which one release gave one.
fn released_once() -> Pipeline {
    let environments = Pipeline::with_environments();
    let entries = kustomization(&[("web", &format!("newName: {}", absent(&environments)))]);
    let file = File::new(&format!("{PRODUCTION}/kustomization.yaml"), entries);
    environments.stage.remote.commit("main", "Without a version", &[file]);
    environments.release(PRODUCTION, "web", "v1.0.0", 1).success();
    environments
}

fn rollback(environments: &Pipeline, arguments: &[&str]) -> Command {
    environments.run("rollback", &["-k", PRODUCTION, "web"]).args(arguments.iter().copied())
}

/// No registry can be asked for it, and no requirement be met by it.
#[test]
fn a_rollback_to_no_version_needs_no_check() {
    let environments = released_once();
    let tip = environments.tip();
    for arguments in [
        &[][..],
        &["--platform", "linux/s390x"],
        &["--expect-revision", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],
        &["--pin-digest"],
        &["--dry-run"],
        &["--wait", "1s"],
    ] {
        let output = rollback(&environments, arguments).run().exit(3);
        let output = output.stderr_has("`web` has neither tag nor digest in ");
        output.stderr_has("hint: name another release with `--to`, as `tagship log ");
    }
    let pinned = rollback(&environments, &["--pin-digest", "--no-check"]).run().exit(3);
    pinned.stderr_has("the history does not tell the digest of `web`");
    assert_eq!(environments.tip(), tip);
    let unchecked = rollback(&environments, &["--no-check"]).run().success();
    unchecked.stdout_has("`web` has neither tag nor digest in ").stdout_has("released");
    assert!(!environments.file(PRODUCTION).contains("newTag"), "{}", environments.file(PRODUCTION));
}

/// What was there before the last step counts, however many steps there are.
#[test]
fn steps_lead_over_a_state_without_a_version() {
    let environments = released_once();
    let path = format!("{PRODUCTION}/kustomization.yaml");
    let untagged: String = environments
        .file(PRODUCTION)
        .lines()
        .filter(|line| !line.contains("newTag"))
        .flat_map(|line| [line, "\n"])
        .collect();
    environments.stage.remote.commit("main", "Untag it", &[File::new(&path, untagged)]);
    environments.release(PRODUCTION, "web", "v1.1.0", 2).success();
    rollback(&environments, &[]).run().exit(3).stderr_has("`web` has neither tag nor digest in ");
    rollback(&environments, &["--steps", "2"]).run().success();
    assert!(environments.file(PRODUCTION).contains("v1.0.0"), "{}", environments.file(PRODUCTION));
}

/// A container without a tag is `latest`, and that is asked for.
#[test]
fn a_rollback_to_a_container_without_a_tag_asks_for_latest() {
    let environments = Pipeline::with_environments();
    let image = absent(&environments);
    environments.stage.remote.commit("main", "By hand", &[File::new(MANIFEST, pod(&[("web", &image)]))]);
    environments.build("absent", "v1.0.0");
    environments.run("release", &["-f", MANIFEST, "web=*:v1.0.0"]).run().success();
    let back = |arguments: &[&str]| {
        environments.run("rollback", &["-f", MANIFEST, "web"]).args(arguments.iter().copied()).run()
    };
    back(&[]).exit(4).stderr_has(&format!("{image}:latest"));
    environments.stage.registry.put_image("org/absent", "latest", &Image::new());
    back(&["--platform", "linux/s390x", "--dry-run"]).exit(4);
    back(&["--pin-digest", "--dry-run"]).success().stdout_has(&format!("+    image: {image}@sha256:"));
    back(&[]).success().stdout_has(&format!("{image}:latest"));
    let text = String::from_utf8(environments.stage.remote.file("main", MANIFEST)).unwrap();
    assert_eq!(text, pod(&[("web", &image)]));
    // What `latest` was then is known.
    environments.run("release", &["-f", MANIFEST, "web=*:v1.0.0"]).args(["--on-superseded", "allow"]).run().success();
    environments.stage.registry.put_image("org/absent", "latest", &Image::new().label("build", "2"));
    let ran = &environments.stage.remote.log("main")[1];
    let (_, digest) = ran.trailer("Tagship-Image")[0].split_once('@').unwrap();
    let back = |arguments: &[&str]| back(&[&["--to", &ran.id, "--dry-run"], arguments].concat());
    back(&[]).success().stdout_has("warn    the tag `latest` of `web` is ");
    back(&["--pin-digest"]).success().stdout_has(&format!("+    image: {image}@{digest}"));
}

/// The kustomization may give the container its tag.
#[test]
fn a_container_below_a_kustomization_may_be_of_any_tag() {
    let environments = with("apps/kustomization.yaml", "resources: [pods/web.yaml]\n");
    let (path, image) = ("apps/pods/web.yaml", absent(&environments));
    environments.stage.remote.commit("main", "By hand", &[File::new(path, pod(&[("web", &image)]))]);
    environments.build("absent", "v1.0.0");
    environments.run("release", &["-f", path, "web=*:v1.0.0"]).run().success();
    let output = environments.run("rollback", &["-f", path, "web"]).run().exit(3);
    output.stderr_has("`web` has neither tag nor digest in ");
    let known = environments.build("web", "v1.0.0");
    let both = pod(&[("web", &image), ("side", &known)]);
    environments.stage.remote.commit("main", "By hand", &[File::new(path, both)]);
    let output = environments.run("check", &["-f", path]).run().success();
    output.stdout_has(&format!(" warn    not checked: `web` in {path} has neither tag nor digest"));
}

/// Flux makes a kustomization of a folder that has none.
#[test]
fn a_container_may_have_its_tag_from_flux() {
    let environments = Pipeline::with_environments();
    let (known, image) = (environments.build("web", "v1.0.0"), absent(&environments));
    let flux = |path: &str, spec: &str| {
        let head = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: web}\n";
        format!("{head}spec:\n  path: {path}\n{spec}")
    };
    environments.build("absent", "v1.0.0");
    let entry = format!("  images:\n  - name: {image}\n    newTag: v1.0.0\n");
    let patch = format!("  patches:\n  - patch: |\n      spec: {{containers: [{{name: web, image: '{image}:v1'}}]}}\n");
    let check = |flux: &str, arguments: &[&str]| {
        let pod = File::new(MANIFEST, pod(&[("web", &image), ("side", &known)]));
        environments.stage.remote.commit("main", "Files", &[File::new("clusters/web.yaml", flux), pod]);
        environments.run("check", &[&["-f", MANIFEST], arguments].concat()).run()
    };
    let warning = format!(" warn    not checked: `web` in {MANIFEST} has neither tag nor digest");
    let several = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: web}}\n---\n{}", flux("./apps/", &entry));
    for flux in [flux("./apps", &entry), flux("''", &entry), flux("/", &patch), several] {
        check(&flux, &["-f", "clusters/web.yaml"]).success().stdout_has(&warning);
        let checkout = Checkout::shallow(&environments.stage.remote.file_url());
        let here = environments.stage.tagship().current_dir(checkout.path()).args(["check", "-f", MANIFEST]);
        here.run().success().stdout_has(&warning);
    }
    let other = entry.replace("absent", "other");
    for flux in [flux("./app", &entry), flux("./apps", &other), flux("apps", &entry.replace("newTag", "newName"))] {
        check(&flux, &["-f", "clusters/web.yaml"]).exit(4).stderr_has(&format!("{image}:latest"));
    }
}

/// Each file is read once for all images.
#[test]
fn many_containers_beside_many_files_of_flux() {
    let environments = Pipeline::with_environments();
    let data = "  key: value\n".repeat(200);
    let flux = format!(
        "apiVersion: v1\nkind: ConfigMap\ndata:\n{}---\napiVersion: kustomize.toolkit.fluxcd.io/v1\n\
         kind: Kustomization\nspec:\n  path: other\n",
        data.lines()
            .enumerate()
            .fold(String::new(), |text, (n, line)| text + &line.replace("key", &format!("k{n}")) + "\n")
    );
    let images: Vec<String> = (0..60).map(|n| format!("{}{n}", absent(&environments))).collect();
    let containers: Vec<(&str, &str)> =
        images.iter().map(|image| (image.rsplit('/').next().unwrap(), &**image)).collect();
    let mut files: Vec<File> = (0..300).map(|n| File::new(&format!("clusters/{n}.yaml"), &flux)).collect();
    files.extend([File::new(MANIFEST, pod(&containers)), File::new("one/pod.yaml", pod(&containers[..1]))]);
    environments.stage.remote.commit("main", "Files", &files);
    let checkout = Checkout::shallow(&environments.stage.remote.file_url());
    let check = |path: &str| {
        let check = environments.stage.tagship().current_dir(checkout.path()).args(["check", "-f", path]);
        check.run_with_processor_time()
    };
    let ((one, small), (all, large)) = (check("one/pod.yaml"), check(MANIFEST));
    one.exit(4).stderr_has("error: `");
    all.exit(4).stderr_has("error: 60 problems\n");
    assert!(large < 4 * small, "60 images took {large:?}, and one {small:?}");
}

/// `present` is said of what was asked for, and all else is named.
#[test]
fn a_check_names_what_it_cannot_ask_for() {
    let environments = Pipeline::with_environments();
    let (known, image) = (environments.build("web", "v1.0.0"), absent(&environments));
    let web = known.replace(":v1.0.0", "\n  newTag: v1.0.0");
    let beside = |line: &str| format!("services:\n  a:\n    image: {known}\n  b:\n    {line}\n    image: {image}\n");
    let entries = kustomization(&[("web", &format!("newName: {web}")), ("api", &format!("newName: {image}"))]);
    for (flag, path, text, name) in [
        ("-k", "all/kustomization.yaml", entries, "api"),
        ("-f", "values.yaml", format!("a:\n  image: {known}\nb:\n  image: {image}\n"), "b.image"),
        (
            "-f",
            "values.yaml",
            format!("a:\n  image: {known}\nb:\n  image:\n    repository: {image}\n    tag: ''\n"),
            "b.image",
        ),
        (
            "-f",
            "compose.yaml",
            format!("services:\n  a:\n    image: {known}\n  b:\n    build: .\n    image: {image}\n"),
            "b",
        ),
        ("-f", "compose.yaml", beside("extends: {service: base}"), "b"),
        ("-f", "compose.yaml", beside("pull_policy: never"), "b"),
        ("-f", "compose.yaml", beside("pull_policy: build"), "b"),
        ("-f", "compose.yaml", format!("{}  c:\n    build: .\n    image: {image}\n", beside("restart: always")), "b"),
    ] {
        environments.stage.remote.commit("main", "A file", &[File::new(path, text)]);
        let output = environments.run("check", &[flag, path]).run().success();
        output.stdout_has(&format!(" warn    not checked: `{name}` in {path} has neither tag nor digest"));
    }
    let report = environments.stage.home.path().join("junit.xml");
    environments.run("check", &["-k", "all", &format!("--result-file=junit={}", report.display())]).run().success();
    let report = std::fs::read_to_string(report).unwrap();
    assert!(report.contains("name=\"web in all/kustomization.yaml\"/>"), "{report}");
    let skipped =
        "name=\"api in all/kustomization.yaml\"><skipped message=\"not checked: it has neither tag nor digest\"/>";
    assert!(report.contains(skipped), "{report}");
    let alone = kustomization(&[("api", &format!("newName: {image}"))]);
    environments.stage.remote.commit("main", "A file", &[File::new("all/kustomization.yaml", alone)]);
    environments.run("check", &["-k", "all"]).run().exit(3).stderr_has("there is no image to check");
}

/// What pulls the image knows no other tag.
#[test]
fn a_check_asks_for_latest_in_containers_and_services() {
    let environments = Pipeline::with_environments();
    let (known, image) = (environments.build("web", "v1.0.0"), absent(&environments));
    let check = |path: &str| environments.run("check", &["-f", path]).run();
    let other = format!("  other:\n    build: .\n    image: {known}\n");
    let compose =
        format!("services:\n  web:\n    image: {known}\n  side:\n    pull_policy: always\n    image: {image}\n{other}");
    for (path, text) in [(MANIFEST, pod(&[("web", &known), ("side", &image)])), ("compose.yaml", compose)] {
        environments.stage.remote.commit("main", "A file", &[File::new(path, text)]);
        let output = check(path).exit(4).stderr_has(&format!("{image}:latest"));
        let output = output.stderr_has(&format!("named by `side` in {path}, without a tag"));
        let output =
            output.stderr_has("  hint: write the tag into the file; if a Kustomization of Flux sets it, name its ");
        output.says_nowhere("rollback");
    }
    environments.stage.registry.put_image("org/absent", "latest", &Image::new());
    for path in [MANIFEST, "compose.yaml"] {
        check(path).success().stdout_has(&format!("{image}:latest")).says_nowhere("neither tag nor digest");
    }
    // One of two containers of one name.
    let two = pod(&[("web", &image), ("web", &format!("{image}:v1.0.0"))]);
    environments.stage.remote.commit("main", "A file", &[File::new(MANIFEST, two)]);
    check(MANIFEST).exit(4).stderr_has(&format!("{image}:v1.0.0"));
}
