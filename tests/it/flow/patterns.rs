//! Patterns in place of paths: `-k 'apps/*'`.

use std::fs;

use serde_json::Value;

use crate::pipeline::{PRODUCTION, Pipeline, STAGING, document, kustomization, tags};
use crate::stage::tagship;
use crate::support::command::{Command, Home};
use crate::support::repository::{File, Mode};

/// Adds applications with an entry each, and what only looks like one.
fn applications() -> Pipeline {
    let applications = Pipeline::with_environments();
    let file = |app: &str| {
        let text = kustomization(&[(app, "newTag: v1"), ("shared", "newTag: v1")]);
        File::new(&format!("apps/{app}/overlays/prod/kustomization.yaml"), &text)
    };
    let others = [
        File::new("apps/README.md", "not a kustomization"),
        File::new("apps/none/deployment.yaml", "kind: Deployment"),
        File::new("apps/web/values.yaml", "image: {repository: org/web, tag: v1}"),
        File::new("apps/api/values.yaml", "image: {repository: org/api, tag: v1}"),
    ];
    let files: Vec<File> = [file("web"), file("api")].into_iter().chain(others).collect();
    applications.stage.remote.commit("main", "Applications", &files);
    applications
}

fn files(applications: &Pipeline, flags: &[&str]) -> Vec<String> {
    let output = applications.run("status", &[flags, &["--output", "json"]].concat()).run().success();
    let entries = document(&output)["entries"].as_array().unwrap().clone();
    let files = entries[0]["files"].as_array().unwrap();
    files.iter().map(|file| file["file"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_pattern_stands_for_what_it_matches() {
    let applications = applications();
    let of_app = |app: &str| format!("apps/{app}/overlays/prod/kustomization.yaml");
    let both = [of_app("api"), of_app("web")];
    for pattern in
        ["apps/*/overlays/prod", "apps/**", "apps/**/prod", "./apps/*/overlays/prod/*.yaml", "a??s/*/overlays/*/"]
    {
        assert_eq!(files(&applications, &["-k", pattern]), both, "{pattern}");
    }
    let overlays = [PRODUCTION, STAGING].map(|folder| format!("{folder}/kustomization.yaml"));
    assert_eq!(files(&applications, &["-k", "overlays/*"]), overlays);
    assert_eq!(files(&applications, &["-f", "apps/*/values.yaml"]), ["apps/api/values.yaml", "apps/web/values.yaml"]);
    // Each file once, whatever names it.
    let twice = ["-k", "apps/web/overlays/prod", "-k", "apps/**"];
    assert_eq!(files(&applications, &twice), [of_app("web"), of_app("api")]);
}

/// A server sends a large file that many folders share once.
#[test]
fn files_that_are_too_large_together() {
    let applications = applications();
    let text = format!("images:\n- name: web\n  newTag: v1\n# {}\n", "x".repeat(3 << 20));
    let files: Vec<File> =
        (0..6).map(|number| File::new(&format!("large/{number}/kustomization.yaml"), &text)).collect();
    let tip = applications.stage.remote.commit("main", "Large", &files);
    let release = |pattern: &str| applications.run("release", &["--no-check", "-k", pattern, "web=*:v2"]).run();
    let output = release("large/*").exit(3);
    output.stderr_has("the 6 files have more than 16 MiB together").stderr_has("match fewer files");
    assert_eq!(applications.stage.remote.tip("main"), Some(tip));
    release("large/0").success();
    for command in ["check", "status", "log"] {
        let output = applications.run(command, &["-k", "large/*"]).run().exit(3);
        output.stderr_has("the 6 files have more than 16 MiB together").stderr_has("match fewer files");
    }
}

#[test]
fn a_pattern_without_a_match_fails() {
    let applications = applications();
    for (flags, code, expected) in [
        (["-k", "apps/*"], 3, "no kustomization on main matches `apps/*`"),
        (["-f", "apps/*/values.yml"], 3, "no file on main matches `apps/*/values.yml`"),
        (["-k", "apps/**x"], 2, "`apps/**x` cannot be matched: `apps/**x` has `**` beside other characters"),
    ] {
        for command in ["check", "status", "log"] {
            applications.run(command, &flags).run().exit(code).stderr_has(expected);
        }
    }
}

/// A link to a kustomization is not passed over: what it leads to would stay unchecked.
#[test]
fn a_link_is_not_passed_over() {
    let applications = applications();
    let remote = &applications.stage.remote;
    remote.commit(
        "main",
        "A link",
        &[File::new("apps/linked/kustomization.yaml", "../web/overlays/prod/kustomization.yaml").mode(Mode::Symlink)],
    );
    let refused = applications.run("check", &["-k", "apps/**"]).run().exit(3);
    refused.stderr_has("apps/linked/kustomization.yaml` leads through a symbolic link");
}

#[test]
fn check_and_log_take_patterns() {
    let applications = applications();
    let reference = |app: &str| applications.build(app, "v1").rsplit_once(':').unwrap().0.to_owned();
    for app in ["web", "api"] {
        let text = kustomization(&[(app, &format!("newName: {}\n  newTag: v1", reference(app)))]);
        let path = format!("apps/{app}/overlays/prod/kustomization.yaml");
        applications.stage.remote.commit("main", app, &[File::new(&path, text)]);
    }
    let output = applications.run("check", &["-k", "apps/*/overlays/*"]).run().success().stdout();
    assert!(output.contains("/org/web:v1") && output.contains("/org/api:v1"), "{output}");
    let releases = applications.log(&["-k", "apps/*/overlays/*"]);
    let files: std::collections::BTreeSet<&str> = releases.iter().filter_map(|one| one["file"].as_str()).collect();
    assert_eq!(files.len(), 2, "{releases:?}");
    // What is named and never had the entry is told.
    let note = "no `images` entry is named `web` in `apps/api/overlays/prod/kustomization.yaml`";
    let log = |pattern: &str| {
        let flags = ["-k", "apps/web/overlays/prod", "-k", pattern, "web"];
        applications.run("log", &flags).run().success().stdout()
    };
    assert!(log("apps/api/overlays/prod").contains(note));
    assert!(!log("apps/*/overlays/prod").contains(note));
}

/// A release writes every match that has the entry, in one commit.
#[test]
fn a_release_writes_each_match_that_has_the_entry() {
    let applications = applications();
    applications.build("shared", "v2");
    let image = format!("shared={}/org/shared:v2", applications.stage.registry.address());
    let release = |image: &str, more: &[&str]| {
        applications.run("release", &[&["-k", "apps/**", image, "--output", "json"], more].concat()).run()
    };
    let before = applications.stage.remote.number_of_commits("main");
    release("none=*:v2", &[]).exit(3);
    release(&image, &["--add"]).exit(2).stderr_has("`--add` with a pattern");
    assert_eq!(applications.stage.remote.number_of_commits("main"), before);
    let files = document(&release(&image, &[]).success())["files"].clone();
    let expected = ["apps/api/overlays/prod/kustomization.yaml", "apps/web/overlays/prod/kustomization.yaml"];
    assert_eq!(files, Value::from(expected.to_vec()));
    assert_eq!(applications.stage.remote.number_of_commits("main"), before + 1);
    assert!(applications.file("apps/web/overlays/prod").contains("name: web\n  newTag: v1"));
}

/// A file that was named was meant: if it has none of the images, its entry is misspelt, or the file is the wrong one.
#[test]
fn a_file_that_is_named_has_one_of_the_images() {
    let applications = applications();
    applications.build("web", "v2");
    let remote = &applications.stage.remote;
    let misspelt = File::new("qa/kustomization.yaml", kustomization(&[("wbe", "newTag: v1"), ("db", "newTag: v1")]));
    remote.commit("main", "More", &[misspelt, File::new("qa/values.yaml", "imgae: org/web:v1\n")]);
    let release = |arguments: &[&str]| {
        applications.run("release", &[&["-k", STAGING], arguments].concat()).args(["--order", "none"]).run()
    };
    let image = format!("web={}/org/web:v2", applications.stage.registry.address());
    let before = remote.number_of_commits("main");
    let refused = release(&["-k", "qa", &image]).exit(3);
    let refused =
        refused.stderr_has("no `images` entry is named `web` in `qa/kustomization.yaml`\n  entries: db, wbe\n");
    refused.stderr_has("did you mean `wbe`? `--add` appends a new entry; leave `-k qa` out if the file needs none");
    release(&["-k", "qa", &image, "api=*:v2"]).exit(3).stderr_has("entry is named `web` or `api` in `qa/");
    let refused = release(&["-f", "qa/values.yaml", &image]).exit(3);
    refused.stderr_has("no image is called `web` in `qa/values.yaml`").stderr_has("leave `-f qa/values.yaml` out");
    assert_eq!(remote.number_of_commits("main"), before);
    // One of the images is enough, and what a pattern matches need have none.
    release(&["-k", "qa", &image, "db=*:v1", "--no-check"]).success();
    for tag in ["v3", "v4"] {
        applications.build("web", tag);
        let image = format!("web=*:{tag}");
        release(&["-k", "q?", "-f", "qa/v*.yaml", &image]).success();
        // It is refused if it had been named, whether or not another file changes.
        release(&["-k", "q?", "-k", "qa/kustomization.yaml", &image]).exit(3).stderr_has("`wbe`");
    }
}

#[test]
fn set_refuses_a_file_without_any_of_the_images() {
    let home = Home::new();
    for (folder, name) in [("a", "web"), ("b", "wbe")] {
        home.write(&format!("{folder}/kustomization.yaml"), &kustomization(&[(name, "newTag: v1")]));
    }
    home.write("c/values.yaml", "imgae: org/web:v1\n");
    let set = |arguments: &[&str]| {
        let set = tagship().home(&home).current_dir(home.path()).args(["set", "-k", "a"]);
        set.args(arguments.iter().copied()).arg("web=*:v2").run()
    };
    set(&["-k", "b"]).exit(3).stderr_has("did you mean `wbe`?");
    set(&["-k", "?", "-k", "b"]).exit(3).stderr_has("leave `-k b` out");
    set(&["-f", "c/values.yaml"]).exit(3).stderr_has("leave `-f c/values.yaml` out");
    set(&["-f", "c/values.yaml", "--add"]).exit(3).stderr_has("`--add` adds entries to the `images` of");
    assert!(fs::read_to_string(home.path().join("a/kustomization.yaml")).unwrap().contains("v1"));
    set(&["-k", "?", "-f", "c/*"]).success();
    set(&["-k", "b", "--add"]).success();
    assert!(fs::read_to_string(home.path().join("b/kustomization.yaml")).unwrap().contains("newTag: v2"));
}

/// A rollback and a promotion are about one file.
#[test]
fn one_file_is_named() {
    let applications = applications();
    for (command, flags) in [
        ("rollback", &["-k", "apps/*", "web"][..]),
        ("promote", &["--from", "overlays/*", "--to", PRODUCTION]),
        ("promote", &["--from", STAGING, "--to", "overlays/p*"]),
    ] {
        applications.run(command, flags).run().exit(2).stderr_has("is a pattern, and one file is expected");
    }
}

/// In an ordinary repository the first answer has all folders, so a pattern costs what a path costs.
#[test]
fn a_pattern_costs_no_request() {
    let applications = applications().over_http();
    let requests = |path: &str| {
        applications.server.requests();
        applications.run("status", &["-k", path]).run().success();
        applications.server.requests().len()
    };
    let of_a_path = requests("apps/web/overlays/prod");
    assert!(of_a_path > 0);
    assert_eq!(requests("apps/*/overlays/prod"), of_a_path);
}

#[test]
fn set_edits_what_a_pattern_matches_on_disk() {
    let home = Home::new();
    for app in ["web", "api"] {
        home.write(&format!("apps/{app}/kustomization.yaml"), &kustomization(&[("shared", "newTag: v1")]));
    }
    let other = home.write("base/kustomization.yaml", &kustomization(&[("shared", "newTag: v1")]));
    let set = |pattern: &str| {
        tagship().home(&home).current_dir(home.path()).args(["set", "-k", pattern, "shared=*:v2"]).run()
    };
    set("apps/*").success().stdout_has("apps/api/kustomization.yaml").stdout_has("apps/web/kustomization.yaml");
    assert!(fs::read_to_string(other).unwrap().contains("v1"));
    set("app/*").exit(3).stderr_has("no kustomization matches `app/*`");
}

/// A folder with two kustomizations is refused wherever a pattern finds it, also where the pattern begins.
#[test]
fn a_pattern_means_the_same_on_disk_and_on_the_branch() {
    let pipeline = Pipeline::with_environments();
    let home = Home::new();
    let text = kustomization(&[("shared", "newTag: v1")]);
    let paths = ["two/kustomization.yaml", "two/Kustomization", "two/below/kustomization.yaml"];
    let before = pipeline.stage.remote.commit("main", "Two in a folder", &paths.map(|path| File::new(path, &text)));
    for path in paths {
        home.write(path, &text);
    }
    let set = |folder: &str, pattern: &str| {
        let set = tagship().home(&home).current_dir(home.path().join(folder));
        set.args(["set", "-k", pattern, "shared=*:v2"]).run()
    };
    let refused = "there is more than one kustomization: `kustomization.yaml`, `Kustomization`";
    for (folder, pattern) in [("", "two/**"), ("", "**"), ("", "t*"), ("two", "**"), ("two/below", "../**")] {
        set(folder, pattern).exit(3).stderr_has(refused);
    }
    for pattern in ["two/**", "**", "t*"] {
        let image = ["-k", pattern, "shared=*:v2", "--no-check"];
        pipeline.run("release", &image).run().exit(3).stderr_has(refused);
    }
    assert!(paths.iter().all(|path| fs::read_to_string(home.path().join(path)).unwrap() == text));
    assert_eq!(pipeline.tip(), before);
    // Both are named by their names.
    set("", "two/?ustomization*").success().stdout_has("two/Kustomization").stdout_has("two/kustomization.yaml");
    pipeline.run("release", &["-k", "two/?ustomization*", "shared=*:v2", "--no-check"]).run().success();
    for path in paths {
        let is_named = path != "two/below/kustomization.yaml";
        let on_disk = fs::read_to_string(home.path().join(path)).unwrap();
        assert_eq!(on_disk.contains("newTag: v2"), is_named, "{path}");
        assert_eq!(pipeline.stage.remote.file("main", path), on_disk.as_bytes(), "{path}");
    }
}

#[test]
fn the_folder_that_a_pattern_begins_in_is_one_of_its_matches() {
    let home = Home::new();
    let path = home.write("app/kustomization.yaml", &kustomization(&[("shared", "newTag: v1")]));
    for (tag, folder, pattern, told) in [
        ("v2", "app", "**", " kustomization.yaml:"),
        ("v3", "app", "./**", " kustomization.yaml:"),
        ("v4", "", "app/**", " app/kustomization.yaml:"),
        ("v5", "app", "../app/**", " ../app/kustomization.yaml:"),
    ] {
        let set = tagship().home(&home).current_dir(home.path().join(folder));
        set.args(["set", "-k", pattern, &format!("shared=*:{tag}")]).run().success().stdout_has(told);
        assert!(fs::read_to_string(&path).unwrap().contains(tag), "{pattern}");
    }
}

/// No checkout has what is in a folder `.git` of a tree, so nothing deploys it.
#[test]
fn a_pattern_leads_into_no_folder_of_git() {
    let applications = applications();
    let remote = &applications.stage.remote;
    let id = |command: Command| command.run().success().stdout().trim().to_owned();
    let tree = |folders: &[(&str, &str)]| {
        let entry =
            |(name, tree): &(&str, &str)| format!("040000 tree {}\t{name}\n", id(remote.git(["rev-parse", *tree])));
        id(remote.git(["mktree"]).stdin(folders.iter().map(entry).collect::<String>()))
    };
    let apps = tree(&[("web", "main:apps/web"), ("api", "main:apps/api"), (".git", "main:apps/web")]);
    let commit = id(remote.git(["commit-tree", &tree(&[("apps", &apps)]), "-p", "main", "-m", "git's own"]));
    remote.git(["update-ref", "refs/heads/main", &commit]).run().success();
    assert_eq!(files(&applications, &["-f", "apps/**/values.yaml"]), ["apps/api/values.yaml", "apps/web/values.yaml"]);
}

/// git allows names that cannot be typed as a path, and a pattern finds them.
#[test]
fn a_folder_whose_name_cannot_be_typed() {
    for folder in ["apps/a\\b", "apps/a\tb"] {
        let applications = Pipeline::with_environments();
        let file = format!("{folder}/kustomization.yaml");
        let commit = |message: &str, file: File| applications.stage.remote.commit("main", message, &[file]);
        commit("An application", File::new(&file, kustomization(&[("web", "newTag: v1.0.0")])));
        let release = |tag: &str, source: u32| {
            let released = document(&applications.release("apps/*", "web", tag, source));
            released["outcome"].as_str().unwrap().to_owned()
        };
        assert_eq!(release("v1.1.0", 1), "released", "{folder:?}");
        assert_eq!(release("v1.2.0", 2), "released", "{folder:?}");
        assert_eq!(release("v1.1.0", 1), "superseded", "{folder:?}");
        // Its history is read after a change by hand.
        let by_hand = applications.file(folder).replace("v1.2.0", "v1.2.1");
        commit("Mend it quickly", File::new(&file, by_hand));
        assert_eq!(release("v1.1.0", 1), "superseded", "{folder:?}");
        assert_eq!(release("v1.3.0", 3), "released", "{folder:?}");
        commit("A rule", File::new(".tagship.yaml", "rules:\n- paths: ['**']\n  revision: true\n"));
        let checked = applications.run("check", &["-k", "apps/*"]).run();
        assert!(!checked.stderr().contains("write it relative"), "{}", checked.stderr());
        let releases = applications.log(&["-k", "apps/*", "web"]);
        assert_eq!(tags(&releases), ["v1.3.0", "v1.2.1", "v1.2.0", "v1.1.0", "v1.0.0"], "{folder:?}");
    }
}

const SECRET: &str = "password: ENC[AES256_GCM,data:x]\nsops:\n  mac: ENC[x]\n  version: 3.9.0\n";

/// What is encrypted or a template is no file of the images. It is left out and told, unless it is named by itself.
#[test]
fn what_is_never_edited_is_left_out_of_a_pattern() {
    let applications = applications();
    let secrets = ["a", "b", "c", "d"].map(|name| format!("apps/web/{name}.sops.yaml"));
    let mut files: Vec<File> = secrets.iter().map(|path| File::new(path, SECRET)).collect();
    files.push(File::new("apps/web/templates/pod.yaml", "image: {{ .Values.image }}\n"));
    files.push(File::new("apps/web/README.yaml", "\0GITCRYPT\0"));
    files.push(File::new("apps/web/k/kustomization.yaml", "\0GITCRYPT\0"));
    files.push(File::new("apps/web/.env", "PASSWORD=ENC[AES256_GCM,data:x]\nsops_mac=ENC[x]\n"));
    files.push(File::new("apps/web/.env.prod", "A=b\nC=d\n"));
    files.push(File::new("apps/web/secret.env", "A=[b\nC: \"\n"));
    applications.stage.remote.commit("main", "Secrets", &files);
    let pattern = ["-f", "apps/web/**"];
    let told = "left out 10 files that a pattern matches, because they are encrypted, templates or no YAML: `apps/web/.env`, \
                `apps/web/.env.prod`, `apps/web/README.yaml` and 7 more";
    for (command, more) in [
        ("status", &[][..]),
        ("log", &["image"]),
        ("release", &["image=*:v2", "--no-check", "--dry-run"]),
        ("release", &["image=*:v2", "--no-check"]),
    ] {
        let output = applications.run(command, &[&pattern, more].concat()).run().success();
        output.stdout_has(&format!(" warn    {told}\n"));
    }
    // The name may be in one of them.
    let absent = applications.run("release", &[&pattern[..], &["web.image=*:v2", "--no-check"]].concat()).run().exit(3);
    absent.stderr_has(" `web.image` in `apps/web/").stderr_has(told);
    let absent = applications.run("log", &[&pattern[..], &["web.image"]].concat()).run().exit(3);
    absent.stderr_has(" `web.image` in `apps/web/").stderr_has(told);
    // A file that is named was meant, and a pattern must match something else.
    for flags in
        [&["-f", &*secrets[0]][..], &["-f", &secrets[0], "-f", "apps/web/*.yaml"], &["-f", "apps/web/*.sops.yaml"]]
    {
        for (command, more) in [("status", &[][..]), ("check", &[]), ("release", &["image=*:v3", "--no-check"])] {
            let output = applications.run(command, &[flags, more].concat()).run().exit(3);
            output.stderr_has("a.sops.yaml:3:3: SOPS encrypts this file");
        }
    }
}

/// The checksum of SOPS covers the tag too.
#[test]
fn a_kustomization_that_is_encrypted_is_left_out() {
    let applications = applications();
    let text = format!("{}{}", kustomization(&[("web", "newTag: v1.0.0")]), &SECRET[SECRET.find("sops").unwrap()..]);
    let files = ["api", "web"].map(|name| File::new(&format!("secret/{name}/kustomization.yaml"), text.clone()));
    applications.stage.remote.commit("main", "Secrets", &files);
    applications.stage.remote.commit(
        "main",
        "Another",
        &[File::new("secret/a/kustomization.yaml", kustomization(&[("web", "newTag: v1.0.0")]))],
    );
    for (command, more) in [("status", &[][..]), ("release", &["web=*:v1.1.0", "--no-check"])] {
        let output = applications.run(command, &[&["-k", "secret/*"], more].concat()).run().success();
        output.stdout_has("left out 2 files that a pattern matches");
        let output = applications.run(command, &[&["-k", "secret/web"], more].concat()).run().exit(3);
        output.stderr_has("secret/web/kustomization.yaml:6:3: SOPS encrypts this file");
    }
}

#[test]
fn set_leaves_out_what_is_never_edited() {
    let home = Home::new();
    home.write("apps/secret.yaml", SECRET);
    home.write("other/secret.yaml", SECRET);
    home.write("apps/web.yaml", "image: {repository: org/web, tag: v1}\n");
    let set = |arguments: &[&str]| {
        let set = tagship().home(&home).current_dir(home.path());
        set.arg("set").args(arguments.iter().copied()).run()
    };
    let told =
        "left out 1 file that a pattern matches, because it is encrypted, a template or no YAML: `apps/secret.yaml`";
    set(&["-f", "apps/*", "image=*:v2"]).success().stdout_has(told).stdout_has("apps/web.yaml");
    set(&["-f", "apps/*", "web.image=*:v2"]).exit(3).stderr_has("no image is called").stderr_has(told);
    for flags in [&["-f", "apps/*", "-f", "apps/secret.yaml"][..], &["-f", "other/*"]] {
        set(&[flags, &["image=*:v3"]].concat()).exit(3).stderr_has("secret.yaml:3:3: SOPS encrypts this file");
    }
}

/// What cannot be read may be a file of the images, and all such files are told at once.
#[test]
fn all_matches_that_cannot_be_read_are_told() {
    let applications = applications();
    let home = Home::new();
    let files = [("a.yaml", "a: [\n"), ("b.yaml", "plain text\n"), ("c.yaml", "image: org/web:v1\n")];
    for (name, text) in files {
        home.write(&format!("broken/{name}"), text);
    }
    let on_branch = files.map(|(name, text)| File::new(&format!("broken/{name}"), text));
    applications.stage.remote.commit("main", "Broken", &on_branch);
    let set = tagship().home(&home).current_dir(home.path()).args(["set", "-f", "broken/*", "image=*:v2"]).run();
    let pattern = ["-f", "broken/*"];
    let release = applications.run("release", &[&pattern[..], &["image=*:v2", "--no-check"]].concat()).run();
    for output in [set, release, applications.run("status", &pattern).run(), applications.run("check", &pattern).run()]
    {
        output.exit(3).stderr_has("broken/a.yaml:").stderr_has("broken/b.yaml:1:1: ");
    }
}

/// It has no images, as any other file without them.
#[test]
fn a_kustomization_of_flux_without_a_spec_is_a_match_without_images() {
    let applications = applications();
    let text = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a}\n";
    let files = [File::new("flux/part.yaml", text), File::new("flux/values.yaml", "image: org/web:v1\n")];
    applications.stage.remote.commit("main", "Flux", &files);
    applications.run("status", &["-f", "flux/*"]).run().success();
    applications.run("release", &["-f", "flux/*", "image=*:v2", "--no-check"]).run().success();
    let add = ["-f", "flux/part.yaml", "org/web=*:v2", "--no-check", "--add"];
    applications.run("release", &add).run().exit(3).stderr_has("`spec`");
}
