//! `tagship set`: files on disk.

use std::fs;

use crate::stage::{COMMIT, SEED, tagship};
use crate::support::command::{Command, Home};

/// Returns a folder with the seed in it, and `set` to be run there.
fn seed() -> (Home, Command) {
    let home = Home::new();
    home.write("app/kustomization.yaml", SEED);
    let command = tagship().home(&home).current_dir(home.path().join("app")).arg("set");
    (home, command)
}

fn content(home: &Home) -> String {
    fs::read_to_string(home.path().join("app/kustomization.yaml")).unwrap()
}

#[test]
fn in_place_of_kustomize_edit_set_image() {
    let (home, set) = seed();
    let argument = format!("IMAGE_PLACEHOLDER=jakousa/dwk-4-gitops-app:{COMMIT}");
    let output = set.arg(&argument).run().success();
    assert_eq!(content(&home), SEED.replace("b15411f387bb2a2286676b92a87fd85aa9b682a5", COMMIT));
    assert_eq!(output.stdout(), " edit    kustomization.yaml:8  newTag  b15411f387bb… → fdafd7008d04…\nedited\n");
    let again = tagship().home(&home).current_dir(home.path().join("app")).args(["set", &argument]).run().success();
    assert_eq!(again.stdout(), "unchanged: `IMAGE_PLACEHOLDER` already is `jakousa/dwk-4-gitops-app:fdafd7008d04…`\n");
}

/// A limit for the size of files would kill the process. The write fails, as on a full disk.
#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_so_large() {
    let home = Home::new();
    let large = format!("{SEED}#{}\n", "x".repeat(64 << 10));
    home.write("app/kustomization.yaml", &large);
    let set = tagship().home(&home).current_dir(home.path().join("app")).args(["set", "IMAGE_PLACEHOLDER=*:v2"]);
    let output = set.behind(&["sh", "-c", "ulimit -f 64; exec \"$@\"", "sh"]).run().exit(1);
    output.stderr_has("`kustomization.yaml`").stderr_has("File too large");
    assert_eq!(content(&home), large);
    assert_eq!(fs::read_dir(home.path().join("app")).unwrap().count(), 1);
}

#[test]
fn a_dry_run_prints_a_diff_that_patch_applies() {
    let (home, set) = seed();
    let output =
        set.args(["--dry-run", "IMAGE_PLACEHOLDER=*:v2"]).run().success().stdout_has("dry run: nothing was written");
    assert_eq!(content(&home), SEED);
    let patch = Command::new("git").current_dir(home.path().join("app")).args(["apply", "-"]).stdin(output.stdout);
    patch.run().success();
    assert_eq!(content(&home), SEED.replace("b15411f387bb2a2286676b92a87fd85aa9b682a5", "v2"));
}

#[test]
fn an_entry_is_appended_when_asked() {
    let (home, set) = seed();
    set.arg("sidecar:v1")
        .run()
        .exit(3)
        .stderr_has("no `images` entry is named `sidecar`")
        .stderr_has("`--add` appends");
    assert_eq!(content(&home), SEED);
    let (home, set) = seed();
    set.args(["--add", "sidecar:v1"]).run().success();
    assert_eq!(content(&home), format!("{SEED}- name: sidecar\n  newTag: v1\n"));
}

#[test]
fn all_names_without_an_entry_are_told() {
    let (home, set) = seed();
    let output = set.args(["IMAGE_PLACEHODLER=*:v2", "IMAGE_PLACEHOLDER=*:v2", "sidecar:v1"]).run().exit(3);
    output.stderr_has("error: 2 problems").stderr_has("named `IMAGE_PLACEHODLER`").stderr_has("named `sidecar`");
    assert_eq!(content(&home), SEED);
}

/// A template can be edited, although it cannot be read as a whole.
#[test]
fn a_name_without_an_entry_in_a_template() {
    let home = Home::new();
    home.write("app/kustomization.yaml", "namePrefix: @(PREFIX)\nimages:\n- name: app\n  newTag: v1\n");
    let set = |argument: &str| tagship().home(&home).current_dir(home.path().join("app")).args(["set", argument]).run();
    set("nope=*:v2").exit(3).stderr_has("no `images` entry is named `nope`").stderr_has("entries: app");
    set("app=*:v2").success();
}

#[test]
fn an_entry_named_by_what_it_becomes_or_without_its_tag() {
    let home = Home::new();
    let entries = "images:\n- name: controller\n  newName: ghcr.io/a/op\n- name: nginx:1.25\n  newTag: v1\n";
    home.write("app/kustomization.yaml", entries);
    let set = |argument: &str| {
        tagship().home(&home).current_dir(home.path().join("app")).args(["set", argument]).run().exit(3)
    };
    set("ghcr.io/a/op:v2").stderr_has("hint: `controller` has this as its newName: write `controller=*:v2`\n");
    set("ghcr.io/a/op=x/op:v2").stderr_has("newName: write `controller=x/op:v2`\n");
    set("nginx:v2").stderr_has("hint: did you mean `nginx:1.25`? write `nginx:1.25=*:v2`\n");
    set("web:v2").stderr_has("hint: `--add` appends a new entry\n");
}

#[test]
fn a_blank_that_is_no_space_is_shown() {
    let home = Home::new();
    home.write("app/kustomization.yaml", "images:\n- name: web\u{a0}\n");
    let set = tagship().home(&home).current_dir(home.path().join("app")).args(["set", "web:v2"]).run().exit(3);
    set.stderr_has("entries: web\\u{a0}\n").stderr_has("did you mean `web\\u{a0}`?");
}

#[test]
fn a_comment_is_kept_or_dropped_or_written() {
    let home = Home::new();
    let set = |flags: &[&str], entries: &str| {
        home.write("app/kustomization.yaml", entries);
        let set = tagship().home(&home).current_dir(home.path().join("app")).arg("set").args(flags.iter().copied());
        (set.arg("web=*:v2").run(), content(&home))
    };
    let entries = |tag: &str| format!("images:\n- name: web\n  newTag: {tag}\n");
    let (output, text) = set(&[], &entries("v1 # v1.0.0"));
    output.success().stdout_has("the comment `# v1.0.0` was kept: does it describe the old value?");
    assert_eq!(text, entries("v2 # v1.0.0"));
    let (output, text) = set(&["--comment", "drop"], &entries("v1 # v1.0.0"));
    output.success();
    assert_eq!(text, entries("v2"));
    let (output, text) = set(&["--comment", "# {entry} {tag}"], &entries("v1"));
    let output = output.success();
    assert_eq!(text, entries("v2 # web v2"));
    let unfilled = "no comment is written, because nothing fills its `{source}`";
    output.says_nowhere(unfilled);
    // What would be left of it says nothing, and the old one is about another commit.
    for (old, new) in [(entries("v1 # of abc1234"), entries("v2")), (entries("v1"), entries("v2"))] {
        let (output, text) = set(&["--comment", "# of {source}"], &old);
        output.success().stdout_has(unfilled);
        assert_eq!(text, new);
    }
    let (output, _) = set(&["--comment", "# of {source}"], &entries("v2"));
    output.success().says_nowhere(unfilled);
    let (output, _) = set(&["--comment", "# {images}"], &entries("v1"));
    output.exit(2).stderr_has("the comment has no placeholder `{images}`").stderr_has("use `{entry}`, `{tag}`");
}

#[test]
fn the_three_names_and_no_other() {
    for name in ["kustomization.yaml", "kustomization.yml", "Kustomization"] {
        let home = Home::new();
        home.write(&format!("app/{name}"), SEED);
        tagship()
            .home(&home)
            .args(["set", "-k"])
            .arg(home.path().join("app"))
            .arg("IMAGE_PLACEHOLDER=*:v2")
            .run()
            .success();
        assert!(fs::read_to_string(home.path().join("app").join(name)).unwrap().contains("newTag: v2"), "{name}");
    }
    let (home, set) = seed();
    home.write("app/Kustomization", SEED);
    set.arg("IMAGE_PLACEHOLDER=*:v2").run().exit(3).stderr_has("Kustomization");
    let home = Home::new();
    home.write("app/Kustomization.yaml", SEED);
    let set = tagship().home(&home).current_dir(home.path().join("app"));
    set.args(["set", "IMAGE_PLACEHOLDER=*:v2"]).run().exit(3).stderr_has("name the file or its folder with `-k`");
}

#[test]
fn all_files_or_none() {
    let home = Home::new();
    home.write("a/kustomization.yaml", SEED);
    home.write("b/kustomization.yaml", "images: [broken\n");
    let set =
        || tagship().home(&home).current_dir(home.path()).args(["set", "-k", "a", "-k", "b", "IMAGE_PLACEHOLDER=*:v2"]);
    set().run().exit(3).stderr_has("b/kustomization.yaml:");
    assert_eq!(fs::read_to_string(home.path().join("a/kustomization.yaml")).unwrap(), SEED);
    home.write("b/kustomization.yaml", "images:\n- name: IMAGE_PLACEHOLDER\n");
    set().run().success();
    assert!(fs::read_to_string(home.path().join("a/kustomization.yaml")).unwrap().contains("newTag: v2"));
}

#[test]
fn what_kustomize_drops_is_told() {
    let (home, set) = seed();
    let output = set.arg("IMAGE_PLACEHOLDER:v2").run().success();
    assert!(output.stdout().contains("newName  jakousa/dwk-4-gitops-app → none"), "{}", output.stdout());
    assert!(!content(&home).contains("newName"));
}

#[test]
fn a_path_from_the_root_wants_its_dot() {
    let (home, set) = seed();
    let custom = "apiVersion: example.com/v1\nkind: App\nmetadata: {name: web}\nspec:\n  image: acme/web:v1\n";
    home.write("app/custom.yaml", custom);
    let set = set.args(["-f", "custom.yaml"]);
    let output = set.clone().arg("spec.image=*:v2").run().exit(3);
    output.stderr_has("hint: a path from the root begins with a dot here: write `.spec.image=*:v2`");
    set.arg(".spec.image=*:v2").run().success();
}

#[test]
fn bad_arguments_and_files() {
    for (arguments, code, said) in [
        (&["IMAGE_PLACEHOLDER="][..], 2, "check that no variable in it is empty"),
        (&["IMAGE_PLACEHOLDER=*:$TAG"], 2, "a tag cannot contain `$`"),
        (&["a@sha256:xyz"], 2, "lower-case hexadecimal digits"),
        (&["-k", "nowhere", "a:v1"], 3, "cannot read `nowhere`"),
        (
            &["-f", "nowhere.yaml", "a=*:v1"],
            3,
            "cannot read `nowhere.yaml`: No such file or directory (os error 2)\n  hint: ",
        ),
        (&["-k", "..", "a:v1"], 3, "name the file or its folder with `-k`"),
        (&[], 2, "IMAGE"),
    ] {
        let (home, set) = seed();
        set.args(arguments.iter().copied()).run().exit(code).stderr_has(said);
        assert_eq!(content(&home), SEED, "{arguments:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_written() {
    use std::os::unix::fs::PermissionsExt as _;
    let (home, set) = seed();
    let folder = home.path().join("app");
    fs::set_permissions(folder.join("kustomization.yaml"), fs::Permissions::from_mode(0o444)).unwrap();
    let may_write = fs::OpenOptions::new().append(true).open(folder.join("kustomization.yaml")).is_ok();
    let output = set.arg("IMAGE_PLACEHOLDER=*:v2").run();
    if may_write {
        // The superuser may write anything.
        output.success();
    } else {
        output
            .exit(3)
            .stderr_has("cannot write `kustomization.yaml`: Permission denied")
            .stderr_has("hint: give this user the right to write the file and its folder");
        assert_eq!(content(&home), SEED);
    }
}

#[test]
fn a_file_that_is_named_twice_is_edited_and_told_once() {
    let home = Home::new();
    let path = home.write("kustomization.yaml", "images:\n- name: web\n  newTag: v1\n");
    std::os::unix::fs::symlink(&path, home.path().join("link.yaml")).unwrap();
    for (files, tag) in [
        (["-k", ".", "-k", "./kustomization.yaml"], "v2"),
        (["-f", "./kustomization.yaml", "-k", "."], "v3"),
        (["-k", "kustomization.yaml", "-f", "link.yaml"], "v4"),
    ] {
        let set = tagship().home(&home).current_dir(home.path()).arg("set").args(files);
        let told = set.arg(format!("web=*:{tag}")).run().success().stdout();
        assert_eq!(told.matches(&format!("→ {tag}")).count(), 1, "{told}");
    }
}

#[test]
fn a_name_is_told_where_it_is_written_alone() {
    let home = Home::new();
    let markers = [r#"# {"$imagepolicy": "flux:web"}"#, r#"# {"$imagepolicy": "flux:web:tag"}"#];
    home.write("values.yaml", &format!("image: a/b:v1 {}\ntag: v1 {}\n", markers[0], markers[1]));
    let set = tagship().home(&home).current_dir(home.path()).args(["set", "-f", "values.yaml", "flux:web=c/d:v2"]);
    let told = set.run().success().stdout();
    let edits: Vec<&str> = told.lines().filter(|line| line.contains('→')).map(|line| &line[9..]).collect();
    let expected = ["values.yaml:1  image  a/b → c/d", "values.yaml:1  image  v1 → v2", "values.yaml:2  tag  v1 → v2"];
    assert_eq!(edits, expected);
}

#[test]
fn files_that_are_too_large_together() {
    let home = Home::new();
    let text = format!("images:\n- name: web\n  newTag: v1\n# {}\n", "x".repeat(3 << 20));
    for number in 0..6 {
        home.write(&format!("{number}/kustomization.yaml"), &text);
    }
    let set =
        |pattern: &str| tagship().home(&home).current_dir(home.path()).args(["set", "-k", pattern, "web=*:v2"]).run();
    let output = set("*").exit(3).stderr_has("the 6 files have more than 16 MiB together");
    output.stderr_has("match fewer files");
    assert_eq!(fs::read_to_string(home.path().join("0/kustomization.yaml")).unwrap(), text);
    set("0").success();
}
