//! A file that was moved or renamed keeps its past: what is older stays away, and the way back goes on.

use crate::pipeline::{PRODUCTION, Pipeline, STAGING, document, ends, tags};
use crate::support::command::Output;
use crate::support::repository::{Checkout, File, Mode};

/// How a kustomization of `overlays/production` was moved, as arguments of `git mv` each; to which
/// folder; and whether its text was changed by the same commit.
const MOVES: [(&[[&str; 2]], &str, bool); 3] = [
    (&[[PRODUCTION, "clusters/production"]], "clusters/production", false),
    (&[["overlays/production/kustomization.yaml", "overlays/production/kustomization.yml"]], PRODUCTION, true),
    (&[["overlays", "environments"]], "environments/production", true),
];

fn released(pipeline: &Pipeline, folder: &str, tag: &str) -> Output {
    pipeline.run("release", &["--no-check", "--output", "json", "-k", folder, &format!("web=*:{tag}")]).run()
}

/// Moves files on the branch, by hand; `edit` changes the moved kustomizations in the same commit.
fn move_files(pipeline: &Pipeline, moves: &[[&str; 2]], edit: impl Fn(&str) -> String) {
    let checkout = Checkout::clone_with(&pipeline.stage.remote.file_url(), &[]);
    for [from, to] in moves {
        std::fs::create_dir_all(checkout.path().join(to).parent().unwrap()).unwrap();
        checkout.git(["mv", from, to]).run().success();
    }
    let changed = checkout.git(["diff", "--cached", "--name-only", "--diff-filter=d", "-z"]).run().success().stdout();
    for path in changed.split_terminator('\0') {
        let text = String::from_utf8(checkout.read(path)).unwrap();
        checkout.write(path, edit(&text).as_bytes());
    }
    checkout.git(["commit", "--quiet", "--all", "--message", "Move"]).run().success();
    checkout.git(["push", "--quiet", "origin", "HEAD:main"]).run().success();
}

#[test]
fn a_moved_kustomization_keeps_its_order_and_its_past() {
    let past = Pipeline::with_environments();
    for tag in ["v1.0.0", "v1.1.0", "v1.2.0"] {
        ends(&released(&past, PRODUCTION, tag), "released");
    }
    ends(&released(&past, STAGING, "v1.9.0"), "released");
    past.run("rollback", &["--no-check", "-k", PRODUCTION, "web"]).run().success();
    let past = past.stage.remote.contents();
    for (moves, to, is_edited) in MOVES {
        let pipeline = Pipeline::copy(&past);
        let edit = |text: &str| if is_edited { text.replace("# the environment", "# moved") } else { text.to_owned() };
        move_files(&pipeline, moves, edit);
        pipeline.stage.remote.commits("main", 60);
        let because = format!("{moves:?}, edited: {is_edited}");
        assert_eq!(
            tags(&pipeline.log(&["-k", to, "web"])),
            ["v1.1.0", "v1.2.0", "v1.1.0", "v1.0.0", "v0.9.0"],
            "{because}"
        );
        ends(&released(&pipeline, to, "v1.2.0").success(), "superseded");
        ends(&released(&pipeline, to, "v1.0.5").success(), "superseded");
        pipeline.run("rollback", &["--no-check", "-k", to, "web"]).run().success();
        assert!(pipeline.log(&["-k", to, "web"])[0]["tag"] == "v1.0.0", "{because}");
        ends(&released(&pipeline, to, "v1.2.0").success(), "superseded");
        ends(&released(&pipeline, to, "v1.2.1"), "released");
        assert_eq!(pipeline.stage.remote.log("main")[0].trailer("Tagship-Still-Taken-Back"), Vec::<&str>::new());
    }
}

const VALUES: &str = "charts/web-values.yaml";

/// The values of a service, which are much alike for all of them.
fn values(service: &str, tag: &str) -> String {
    let service = format!("image:\n  repository: ghcr.io/org/{service}\n  tag: {tag}\n");
    service + "proxy:\n  image: ghcr.io/org/proxy:v3\nreplicas: 2\nports:\n- 8080\n- 8081\n"
}

/// What a commit makes of a text.
type TextEdit = fn(&str) -> String;

/// Where the values of a service were renamed to, and their text with the same commit.
const RENAMES: [(&str, TextEdit); 4] = [
    ("environments/production/web.yaml", str::to_owned),
    ("image-tags", str::to_owned),
    ("charts/web-values.yml", |text| text.lines().take(3).map(|line| format!("{line} # moved\n")).collect()),
    ("charts/web/production.yml", |text| text.replace("replicas: 2", "replicas: 3\nhost: web.example")),
];

/// The name of a file of another kind tells nothing of its content, so its text tells that it was renamed.
#[test]
fn renamed_values_keep_their_order_and_their_past() {
    let past = Pipeline::new();
    let other = File::new("charts/api-values.yaml", values("api", "v0.9.0"));
    past.stage.remote.commit("main", "Add values", &[File::new(VALUES, values("web", "v0.9.0")), other]);
    let run = |pipeline: &Pipeline, command: &str, file: &str, argument: &str| {
        pipeline.run(command, &["--no-check", "--output", "json", "-f", file, argument]).run().success()
    };
    for tag in ["v1.0.0", "v1.1.0", "v1.2.0"] {
        ends(&run(&past, "release", VALUES, &format!("image=*:{tag}")), "released");
    }
    run(&past, "rollback", VALUES, "image");
    let past = past.stage.remote.contents();
    for (to, edit) in RENAMES {
        let pipeline = Pipeline::copy(&past);
        move_files(&pipeline, &[[VALUES, to]], edit);
        pipeline.stage.remote.commits("main", 60);
        let log = pipeline.log(&["-f", to, "image"]);
        assert_eq!(tags(&log), ["v1.1.0", "v1.2.0", "v1.1.0", "v1.0.0", "v0.9.0"], "{to}");
        ends(&run(&pipeline, "release", to, "image=*:v1.2.0"), "superseded");
        run(&pipeline, "rollback", to, "image");
        assert_eq!(pipeline.log(&["-f", to, "image"])[0]["tag"], "v1.0.0", "{to}");
        ends(&run(&pipeline, "release", to, "image=*:v1.2.1"), "released");
    }
}

/// Values that are alike and say something else of an image are those of another service, or of another preview: one goes and
/// another one comes.
#[test]
fn values_of_another_image_were_not_renamed() {
    for other in [values("api", "v1.0.0"), values("web", "v2.0.0")] {
        let pipeline = Pipeline::new();
        pipeline.stage.remote.commit("main", "Add values", &[File::new(VALUES, values("web", "v1.0.0"))]);
        move_files(&pipeline, &[[VALUES, "charts/other.yaml"]], |_| other.clone());
        assert_eq!(pipeline.log(&["-f", "charts/other.yaml"]).len(), 2, "its own commit alone");
    }
}

/// However many files went with it, they are read at once.
#[test]
fn what_a_rename_costs() {
    let requests = [1, 40].map(|others| {
        let pipeline = Pipeline::new().over_http();
        let name = |number: usize| format!("charts/{number}.yaml");
        let other = |number: usize| File::new(&name(number), values("other", &format!("v{number}")));
        let files: Vec<File> = (0..others).map(other).chain([File::new(VALUES, values("web", "v1.0.0"))]).collect();
        pipeline.stage.remote.commit("main", "Add values", &files);
        let gone = (0..others).map(|number| File::new(&name(number), "").mode(Mode::Deleted));
        let renamed = [File::new(VALUES, "").mode(Mode::Deleted), File::new("web.yaml", values("web", "v1.0.0"))];
        pipeline.stage.remote.commit("main", "Rename", &gone.chain(renamed).collect::<Vec<_>>());
        pipeline.server.requests();
        assert_eq!(pipeline.log(&["-f", "web.yaml", "image"]).len(), 1);
        pipeline.server.requests().len()
    });
    assert_eq!(requests[0], requests[1]);
}

/// A file may have several names for an image: the past is found by each of them.
#[test]
fn a_moved_file_keeps_what_was_released_by_another_name() {
    let pipeline = Pipeline::new();
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: web\n    image: org/web:v0.1.0\n";
    pipeline.stage.remote.commit("main", "Add a pod", &[File::new("old/pod.yaml", pod)]);
    let run = |command: &str, file: &str, argument: &str| {
        pipeline.run(command, &["--no-check", "--output", "json", "-f", file, argument]).run().success()
    };
    for tag in ["v1.0.0", "v1.1.0"] {
        ends(&run("release", "old/pod.yaml", &format!("web=*:{tag}")), "released");
    }
    ends(&run("rollback", "old/pod.yaml", "web"), "released");
    move_files(&pipeline, &[["old", "new"]], str::to_owned);
    pipeline.stage.remote.commits("main", 60);
    ends(&run("release", "new/pod.yaml", "Pod/a/web=*:v1.1.0"), "superseded");
}

/// A new environment with the text of another one has no past of its own, for the other one is still there.
#[test]
fn a_copy_is_not_a_move() {
    let pipeline = Pipeline::with_environments();
    ends(&released(&pipeline, PRODUCTION, "v1.1.0"), "released");
    let copy = File::new("overlays/preview/kustomization.yaml", pipeline.file(PRODUCTION));
    pipeline.stage.remote.commit("main", "Copy", &[copy]);
    assert_eq!(tags(&pipeline.log(&["-k", "overlays/preview", "web"])), ["v1.1.0"]);
    assert_eq!(tags(&pipeline.log(&["-k", PRODUCTION, "web"])), ["v1.1.0", "v0.9.0"]);
}

/// The release before this one is told, however many commits of others lie between.
#[test]
fn the_past_has_no_end_before_its_first_commit() {
    let pipeline = Pipeline::with_environments();
    ends(&released(&pipeline, PRODUCTION, "v1.0.0"), "released");
    pipeline.stage.remote.commits("main", 2_600);
    ends(&released(&pipeline, PRODUCTION, "v1.1.0"), "released");
    assert_eq!(tags(&pipeline.log(&["-k", PRODUCTION, "web"])), ["v1.1.0", "v1.0.0", "v0.9.0"]);
    pipeline.run("rollback", &["--no-check", "-k", PRODUCTION, "web"]).run().success();
    assert!(pipeline.file(PRODUCTION).contains("v1.0.0"));
    ends(&released(&pipeline, PRODUCTION, "v1.1.0").success(), "superseded");
}

/// One commit moves two environments that say the same: each keeps the past of its own name.
#[test]
fn names_tell_two_apart_that_say_the_same() {
    let pipeline = Pipeline::with_environments();
    for (folder, tag) in [(PRODUCTION, "v1.0.0"), (STAGING, "v1.1.0"), (PRODUCTION, "v1.2.0"), (STAGING, "v1.2.0")] {
        ends(&released(&pipeline, folder, tag), "released");
    }
    move_files(&pipeline, &[["overlays", "environments"]], str::to_owned);
    for (folder, before) in [("environments/production", "v1.0.0"), ("environments/staging", "v1.1.0")] {
        assert_eq!(tags(&pipeline.log(&["-k", folder, "web"])), ["v1.2.0", before, "v0.9.0"], "{folder}");
    }
}

/// Two environments that say the same become one of another name: the past is that of the file that comes first.
#[test]
fn of_two_files_that_are_alike_the_first_one_counts() {
    let pipeline = Pipeline::with_environments();
    for (folder, tag) in [(PRODUCTION, "v1.0.0"), (STAGING, "v1.1.0"), (PRODUCTION, "v1.2.0"), (STAGING, "v1.2.0")] {
        ends(&released(&pipeline, folder, tag), "released");
    }
    let gone = |folder: &str| File::new(&format!("{folder}/kustomization.yaml"), "").mode(Mode::Deleted);
    let merged = File::new("overlays/all/kustomization.yaml", pipeline.file(PRODUCTION));
    pipeline.stage.remote.commit("main", "Merge", &[gone(STAGING), gone(PRODUCTION), merged]);
    assert_eq!(tags(&pipeline.log(&["-k", "overlays/all", "web"])), ["v1.2.0", "v1.0.0", "v0.9.0"]);
}

/// A file that is gone, and had other images, is not the one that came.
#[test]
fn a_removal_is_not_a_move() {
    let pipeline = Pipeline::with_environments();
    ends(&released(&pipeline, STAGING, "v1.1.0"), "released");
    let edit = |text: &str| {
        let text = text.replace("v1.1.0", "v2.0.0\n  newName: org/shop");
        text.replace("v0.1.0", "v0.2.0\n  newName: org/shop-api")
    };
    move_files(&pipeline, &[[STAGING, "overlays/preview"]], edit);
    assert_eq!(tags(&pipeline.log(&["-k", "overlays/preview", "web"])), ["v2.0.0"]);
}

/// One commit may move a file and change the versions of all its images. Its name, and the names of the images, tell that it is
/// the same one.
#[test]
fn a_file_that_is_moved_with_a_new_version_keeps_its_past() {
    let past = Pipeline::new();
    let kustomization = "namespace: shop\nimages:\n- name: image\n  newName: org/web\n  newTag: v1.0.0\n";
    let values = "image:\n  repository: org/web\n  tag: v1.0.0\n  digest: \"\"\n";
    let files = [File::new("old/kustomization.yaml", kustomization), File::new("old/values.yaml", values)];
    past.stage.remote.commit("main", "Add files", &files);
    let run = |pipeline: &Pipeline, command: &str, file: &str, argument: &str| {
        pipeline.run(command, &["--no-check", "--output", "json", "-f", file, argument]).run().success()
    };
    let names = ["kustomization.yaml", "values.yaml"];
    for name in names {
        for tag in ["v1.1.0", "v1.2.0"] {
            ends(&run(&past, "release", &format!("old/{name}"), &format!("image=*:{tag}")), "released");
        }
        run(&past, "rollback", &format!("old/{name}"), "image");
    }
    let past = past.stage.remote.contents();
    let pinned = format!("v1.1.0\n  digest: sha256:{}", "1".repeat(64));
    for (version, tag, back_to) in
        [("v1.0.5", "v1.0.5", "v1.0.0"), ("v1.1.5", "v1.1.5", "v1.1.0"), (&pinned, "v1.1.0", "v1.0.0")]
    {
        let pipeline = Pipeline::copy(&past);
        let edit = |text: &str| text.replace("\n  digest: \"\"", "").replace("v1.1.0", version);
        move_files(&pipeline, &[["old", "new/here"]], edit);
        for name in names {
            let file = &format!("new/here/{name}");
            let log = pipeline.log(&["-f", file, "image"]);
            assert_eq!(tags(&log), [tag, "v1.1.0", "v1.2.0", "v1.1.0", "v1.0.0"], "{file} {version}");
            ends(&run(&pipeline, "release", file, "image=*:v1.2.0"), "superseded");
            run(&pipeline, "rollback", file, "image");
            assert_eq!(pipeline.log(&["-f", file, "image"])[0]["tag"], back_to, "{file} {version}");
            ends(&run(&pipeline, "release", file, "image=*:v1.2.0"), "superseded");
        }
    }
}

/// Of several files that are as near, the one counts whose text is the most alike.
#[test]
fn texts_tell_two_apart_that_have_new_names_and_versions() {
    let pipeline = Pipeline::new();
    let text = |region: &str, tag: &str| format!("namespace: {region}\nimages:\n- name: web\n  newTag: {tag}\n");
    let path = |folder: &str| format!("{folder}/kustomization.yaml");
    let of = |region: &str, tag: &str| File::new(&path(&format!("prod-{region}")), text(region, tag));
    pipeline.stage.remote.commit("main", "Add regions", &[of("eu", "v1.0.0"), of("us", "v1.1.0")]);
    let gone = |region: &str| File::new(&path(&format!("prod-{region}")), "").mode(Mode::Deleted);
    let moved = |region: &str| File::new(&path(region), text(region, "v1.2.0"));
    pipeline.stage.remote.commit("main", "Move", &[gone("eu"), gone("us"), moved("eu"), moved("us")]);
    for (region, before) in [("eu", "v1.0.0"), ("us", "v1.1.0")] {
        assert_eq!(tags(&pipeline.log(&["-k", region, "web"])), ["v1.2.0", before]);
    }
}

/// Another entry tells that the file was moved, also if one alone is asked for.
#[test]
fn an_entry_that_changes_with_the_move_keeps_its_past() {
    let pipeline = Pipeline::with_environments();
    for tag in ["v1.0.0", "v1.2.0"] {
        ends(&released(&pipeline, STAGING, tag), "released");
    }
    move_files(&pipeline, &[[STAGING, "overlays/preview"]], |text| text.replace("v1.2.0", "v1.0.0"));
    assert_eq!(tags(&pipeline.log(&["-k", "overlays/preview", "web"])), ["v1.0.0", "v1.2.0", "v1.0.0", "v0.9.0"]);
    ends(&released(&pipeline, "overlays/preview", "v1.2.0").success(), "superseded");
    ends(&released(&pipeline, "overlays/preview", "v1.2.1"), "released");
}

/// What came by hand and was rolled back is known by its commit, which had the file elsewhere. The history of the file tells it.
#[test]
fn a_move_makes_no_rollback_of_a_change_by_hand_forgotten() {
    let pipeline = Pipeline::with_environments();
    ends(&released(&pipeline, PRODUCTION, "v1.1.0"), "released");
    let by_hand =
        File::new(&format!("{PRODUCTION}/kustomization.yaml"), pipeline.file(PRODUCTION).replace("v1.1", "v1.3"));
    pipeline.stage.remote.commit("main", "By hand", &[by_hand]);
    pipeline.run("rollback", &["--no-check", "-k", PRODUCTION, "web"]).run().success();
    ends(&released(&pipeline, PRODUCTION, "v1.2.0"), "released");
    ends(&released(&pipeline, PRODUCTION, "v1.3.0").success(), "superseded");
    move_files(&pipeline, &[[PRODUCTION, "production"]], str::to_owned);
    ends(&released(&pipeline, "production", "v1.3.0").success(), "superseded");
    ends(&released(&pipeline, "production", "v1.2.1"), "released");
    ends(&released(&pipeline, "production", "v1.3.0").success(), "superseded");
    let output = released(&pipeline, "production", "v1.2.2");
    ends(&output, "released");
    assert!(!document(&output)["notes"].to_string().contains("cannot tell which build"), "{}", output.stdout());
}
