//! What ran before what runs counts too, whatever tells the commit of the new build, and whatever took the place of it.

use crate::pipeline::{PRODUCTION, Pipeline, STAGING, document, ends};
use crate::stage::{FILE, FOLDER};
use crate::support::command::{Command, Output};
use crate::support::git_server::Fault;
use crate::support::http::Response;
use crate::support::registry::Image;
use crate::support::repository::File;

/// Releases a tag of the image, without asking the registry.
fn release(pipeline: &Pipeline, tag: &str) -> Command {
    let command = pipeline.run("release", &["--no-check", "--output", "json", "-k", FOLDER]);
    command.arg(format!("IMAGE_PLACEHOLDER=*:{tag}"))
}

fn by_ci(pipeline: &Pipeline, tag: &str, commit: &str) -> Output {
    pipeline.in_ci(release(pipeline, tag), commit).run()
}

/// Changes the file by hand.
fn by_hand(pipeline: &Pipeline, before: &str, after: &str) {
    let text = pipeline.file(FOLDER).replace(before, after);
    pipeline.stage.remote.commit("main", "By hand", &[File::new(FILE, text)]);
}

/// A hotfix took the place of a build of main. A person releases an older one of main, and its label alone tells the commit.
#[test]
fn a_label_tells_that_a_build_ran_before_a_hotfix() {
    let pipeline = Pipeline::with_sources("app").over_http();
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let three = pipeline.source("three", &[&two]);
    let four = pipeline.source("four", &[&three]);
    let fix = pipeline.source("fix", &[&one]);
    pipeline.sources.git(["update-ref", "refs/heads/main", &four]).run().success();
    ends(&by_ci(&pipeline, "red", &three), "released");
    let hotfix = pipeline.in_ci(release(&pipeline, "blue"), &fix).args(["--on-diverged", "release"]).run();
    ends(&hotfix, "released");
    let labelled = |tag: &str, commit: &str| {
        let source = pipeline.server.url("app.git");
        let image = Image::new().revision(commit).label("org.opencontainers.image.source", &source);
        pipeline.stage.registry.put_image("org/web", tag, &image);
        let image = format!("IMAGE_PLACEHOLDER={}/org/web:{tag}", pipeline.stage.registry.address());
        pipeline.run("release", &["--output", "json", "-k", FOLDER, &image]).run()
    };
    let again = labelled("green", &two).success();
    ends(&again, "superseded");
    again.stderr_has("main released `red` (app@");
    ends(&labelled("white", &four), "released");
}

/// Nothing but labels tells the commits, and that of the template below the first build is not known.
#[test]
fn the_first_build_is_known_by_its_label() {
    let pipeline = Pipeline::with_environments();
    let commits = commits::<3>();
    let run = |number: usize| {
        let (tag, registry) = (["red", "green", "blue"][number], &pipeline.stage.registry);
        let image = Image::new().revision(&commits[number]);
        registry.put_image(
            "org/web",
            tag,
            &image.label("org.opencontainers.image.source", "https://git.example/org/app"),
        );
        let image = format!("web={}/org/web:{tag}", registry.address());
        pipeline.run("release", &["--output", "json", "-k", PRODUCTION, &image]).run().success()
    };
    for (number, expected) in [(0, "released"), (1, "released"), (2, "released"), (0, "superseded"), (1, "superseded")]
    {
        ends(&run(number), expected);
    }
}

/// A person went back to a version that never ran here. What ran before it is taken back, until something newer is released.
#[test]
fn an_old_pipeline_does_not_undo_a_lower_version_by_hand() {
    let pipeline = Pipeline::with_sources("app");
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let three = pipeline.source("three", &[&two]);
    ends(&by_ci(&pipeline, "v1.1.0", &one), "released");
    ends(&by_ci(&pipeline, "v1.2.0", &two), "released");
    by_hand(&pipeline, "v1.2.0", "v1.0.5");
    for (tag, commit) in [("v1.2.0", &two), ("v1.1.0", &one)] {
        let again = by_ci(&pipeline, tag, commit).success();
        ends(&again, "superseded");
        again.stderr_has(&format!("`{tag}` was rolled back by "));
    }
    // Another version of that commit is a rebuild, and so is a fix of what runs.
    ends(&release(&pipeline, "v1.0.6").run(), "released");
    ends(&by_ci(&pipeline, "v1.2.0", &two).success(), "superseded");
    ends(&by_ci(&pipeline, "v1.2.1", &two), "released");
    by_hand(&pipeline, "v1.2.1", "v1.0.5");
    ends(&by_ci(&pipeline, "v1.3.0", &three), "released");
}

/// The same if no commit is known: the tags tell that a person went back.
#[test]
fn a_lower_tag_by_hand_is_a_rollback() {
    let lists = [
        ["v1.1.0", "v1.3.0", "v1.2.0", "v1.2.1", "v1.4.0"],
        ["20261101", "20261110", "20261105", "20261106", "20261111"],
        ["1.1-alpine", "1.4-alpine", "1.2-alpine", "1.3-alpine", "1.5-alpine"],
    ];
    let pinned = [1, 5, 2, 3, 6].map(|number: usize| format!("v1.{number}.0@sha256:{}", number.to_string().repeat(64)));
    for [first, second, hand, fix, newer] in lists.map(|list| list.map(str::to_owned)).into_iter().chain([pinned]) {
        let has = |pipeline: &Pipeline, build: &str| build.split('@').all(|part| pipeline.file(FOLDER).contains(part));
        let pipeline = Pipeline::new();
        let run = |tag: &str| release(&pipeline, tag).run().success();
        let rollback = || pipeline.run("rollback", &["--no-check", "-k", FOLDER, "IMAGE_PLACEHOLDER"]).run().success();
        for tag in [&first, &second] {
            ends(&run(tag), "released");
        }
        let parts = second.split('@').zip(hand.split('@'));
        let text = parts.fold(pipeline.file(FOLDER), |text, (old, new)| text.replace(old, new));
        pipeline.stage.remote.commit("main", "By hand", &[File::new(FILE, text)]);
        let again = run(&second);
        ends(&again, "superseded");
        again.stderr_has("was rolled back by");
        // After a fix of what runs too.
        ends(&run(&fix), "released");
        ends(&run(&second), "superseded");
        rollback();
        assert!(has(&pipeline, &hand), "{}", pipeline.file(FOLDER));
        // Never forward to what was taken back.
        rollback();
        assert!(has(&pipeline, &first), "{}", pipeline.file(FOLDER));
        ends(&run(&second), "superseded");
        ends(&run(&newer), "released");
        ends(&run(&second), "superseded");
    }
}

/// Tags of commits tell no order. The title of the change does.
#[test]
fn a_revert_by_hand_to_what_never_ran_is_a_rollback() {
    let pipeline = Pipeline::new();
    let [one, two, three] = commits();
    for commit in [&one, &three] {
        ends(&of_private(&pipeline, commit, commit).run(), "released");
    }
    let rollback = || pipeline.run("rollback", &["--no-check", "-k", FOLDER, "IMAGE_PLACEHOLDER"]).run().success();
    let revert = |title: &str, text: &str| pipeline.stage.remote.commit("main", title, &[File::new(FILE, text)]);
    revert("Revert to two", &pipeline.file(FOLDER).replace(&three, &two));
    ends(&of_private(&pipeline, &three, &three).run().success(), "superseded");
    let before = pipeline.file(FOLDER);
    rollback();
    assert!(pipeline.file(FOLDER).contains(&one), "{}", pipeline.file(FOLDER));
    // To take a rollback back is no way back from what it went back to.
    revert("Revert \"Roll back\"", &before);
    rollback();
    assert!(pipeline.file(FOLDER).contains(&one), "{}", pipeline.file(FOLDER));
}

/// What no tag tells to be lower may be a step aside, after which the build may be wanted again.
#[test]
fn a_step_aside_or_forward_by_hand_is_no_rollback() {
    for (hand, expected) in [("v1.4.0", "superseded"), ("debug", "dry-run"), ("v1.3.0-patched", "dry-run")] {
        let pipeline = Pipeline::new();
        for tag in ["v1.1.0", "v1.3.0"] {
            ends(&release(&pipeline, tag).run(), "released");
        }
        by_hand(&pipeline, "v1.3.0", hand);
        let again = pipeline.run("release", &["--no-check", "--dry-run", "--output", "json", "-k", FOLDER]);
        let again = again.arg("IMAGE_PLACEHOLDER=*:v1.3.0").run().success();
        ends(&again, expected);
        pipeline.run("rollback", &["--no-check", "-k", FOLDER, "IMAGE_PLACEHOLDER"]).run().success();
        assert!(pipeline.file(FOLDER).contains("v1.3.0"), "{hand}");
    }
}

/// What a person wrote ran as well, so a lower tag takes it back too, and the way back never goes forward to it. Each change is
/// a release or one by hand; the last one lowers the tag.
#[test]
fn a_lower_tag_by_hand_takes_back_what_came_by_hand() {
    let (ours, hand) = (true, false);
    for (changes, back_to) in [
        (&[("v1.4.0", hand), ("v1.2.0", hand)][..], "b15411f"),
        (&[("v1.1.0", hand), ("v1.4.0", hand), ("v1.2.0", hand)], "v1.1.0"),
        (&[("v1.1.0", ours), ("v1.4.0", hand), ("v1.2.0", hand)], "v1.1.0"),
        (&[("v1.1.0", hand), ("v1.4.0", ours), ("v1.2.0", hand)], "v1.1.0"),
        (&[("v1.1.0", ours), ("v1.3.0", ours), ("v1.4.0", hand), ("v1.2.0", hand)], "v1.1.0"),
        (&[("v1.1.0", ours), ("v1.3.0", hand), ("v1.4.0", ours), ("v1.2.0", hand)], "v1.1.0"),
    ] {
        let pipeline = Pipeline::new();
        let mut now = "b15411f387bb2a2286676b92a87fd85aa9b682a5";
        for (tag, is_release) in changes {
            match is_release {
                true => ends(&release(&pipeline, tag).run(), "released"),
                false => by_hand(&pipeline, now, tag),
            }
            now = tag;
        }
        let again = release(&pipeline, "v1.4.0").run().success();
        ends(&again, "superseded");
        again.stderr_has("`v1.4.0` was rolled back by").stderr_has("`--on-superseded allow` releases it all the same");
        pipeline.run("rollback", &["--no-check", "-k", FOLDER, "IMAGE_PLACEHOLDER"]).run().success();
        assert!(pipeline.file(FOLDER).contains(back_to), "{changes:?}: {}", pipeline.file(FOLDER));
        ends(&release(&pipeline, "v1.4.0").run().success(), "superseded");
        ends(&release(&pipeline, "v1.5.0").run(), "released");
    }
}

/// However many builds are higher than a tag that a person lowers, none of them comes again.
#[test]
fn a_lower_tag_by_hand_takes_back_many_builds() {
    let pipeline = Pipeline::new();
    ends(&release(&pipeline, "v1.1.0").run(), "released");
    let mut now = "v1.1.0".to_owned();
    let tags = (1..=105).map(|number| format!("v1.2.{number}"));
    for tag in tags.chain(["v1.1.5".to_owned()]) {
        by_hand(&pipeline, &now, &tag);
        now = tag;
    }
    ends(&release(&pipeline, "v1.2.2").run().success(), "superseded");
    pipeline.run("rollback", &["--no-check", "-k", FOLDER, "IMAGE_PLACEHOLDER"]).run().success();
    assert!(pipeline.file(FOLDER).contains("v1.1.0"), "{}", pipeline.file(FOLDER));
}

/// A file may say from its beginning what is lowered later: nothing tells whether that ever ran.
#[test]
fn what_a_file_said_first_and_was_lowered() {
    let pipeline = Pipeline::new();
    let write = |tag: &str| File::new("new/kustomization.yaml", format!("images:\n- name: web\n  newTag: {tag}\n"));
    pipeline.stage.remote.commit("main", "From the template", &[write("v1.4.0")]);
    pipeline.stage.remote.commit("main", "By hand", &[write("v1.2.0")]);
    let rollback = pipeline.run("rollback", &["--no-check", "-k", "new", "web"]).run();
    rollback.exit(3).stderr_has("there is no earlier release of `web` in the history");
    let release = || pipeline.run("release", &["--no-check", "--output", "json", "-k", "new", "web=*:v1.4.0"]);
    ends(&release().run().success(), "superseded");
    ends(&release().args(["--on-superseded", "allow"]).run(), "released");
}

/// An old pipeline builds its image again: the digest is another one, and so is a time in the tag.
#[test]
fn a_rebuild_does_not_undo_a_change_by_hand() {
    let built = |digit: &str| format!("red@sha256:{}", digit.repeat(64));
    let pipeline = Pipeline::with_sources("app");
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    for [tag, again] in [[built("a"), built("b")], ["main-1700000000", "main-1700000200"].map(str::to_owned)] {
        pipeline.in_ci(release(&pipeline, &tag), &one).args(["--on-superseded", "allow"]).run().success();
        by_hand(&pipeline, tag.split('@').next().unwrap(), "by-hand");
        ends(&by_ci(&pipeline, &again, &one).success(), "superseded");
        let other = by_ci(&pipeline, "another-tag", &one).success();
        ends(&other, "released");
        ends(&by_ci(&pipeline, "blue", &two), "released");
    }
}

/// The same if the tags name commits.
#[test]
fn an_old_pipeline_does_not_undo_an_older_commit_by_hand() {
    let pipeline = Pipeline::with_sources("app");
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let three = pipeline.source("three", &[&two]);
    ends(&by_ci(&pipeline, &two, &two), "released");
    by_hand(&pipeline, &two, &one);
    ends(&by_ci(&pipeline, &two, &two).success(), "superseded");
    ends(&by_ci(&pipeline, &three, &three), "released");
}

/// Whether a build ran before is not guessed because the repository of the sources fails for a moment.
#[test]
fn what_ran_before_cannot_be_compared_now() {
    let pipeline = Pipeline::with_sources("app").over_http();
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let three = pipeline.source("three", &[&two]);
    ends(&by_ci(&pipeline, "v1.2.0", &two), "released");
    by_hand(&pipeline, "v1.2.0", "by-hand");
    // As often as a request is made.
    let fail = || pipeline.server.inject("/app.git/", 3, Fault::Answer(Response::text(500, "internal error")));
    let tip = pipeline.tip();
    fail();
    by_ci(&pipeline, "v1.1.0", &one).exit(6).stderr_has("cannot tell whether `IMAGE_PLACEHOLDER` would go back");
    assert_eq!(pipeline.tip(), tip);
    ends(&by_ci(&pipeline, "v1.1.0", &one).success(), "superseded");
    // Its version tells that it is newer than all of them.
    by_hand(&pipeline, "by-hand", "v1.2.5");
    fail();
    ends(&by_ci(&pipeline, "v1.3.0", &three), "released");
    by_hand(&pipeline, "v1.3.0", "by-hand-again");
    fail();
    let guessed = pipeline.in_ci(release(&pipeline, "v1.1.0"), &one).args(["--on-unknown-order", "release"]).run();
    ends(&guessed, "released");
}

/// A build of sources that the login may not read.
fn of_private(pipeline: &Pipeline, tag: &str, commit: &str) -> Command {
    pipeline.in_ci(release(pipeline, tag), commit).env("GITHUB_REPOSITORY", "org/private")
}

/// The commits of the sources, of which no repository tells the order.
fn commits<const N: usize>() -> [String; N] {
    std::array::from_fn(|number| format!("{:x}", number + 10).repeat(40))
}

/// The sources cannot be read, so that nothing tells the order of their commits. The branch knows which builds ran before.
#[test]
fn an_old_pipeline_of_private_sources_runs_again() {
    let [one, two, three, four] = commits();
    let pipeline = Pipeline::new();
    let by_ci = |tag: &str, commit: &str| of_private(&pipeline, tag, commit);
    for (tag, commit) in [("red", &one), ("green", &two), ("blue", &three)] {
        ends(&by_ci(tag, commit).run(), "released");
    }
    for (tag, commit, earlier) in [("red", &one, "red"), ("green", &two, "green"), ("red-again", &one, "red")] {
        let again = by_ci(tag, commit).run().success();
        ends(&again, "superseded");
        again
            .stderr_has(&format!("main released `{earlier}` (org/private@"))
            .stderr_has(&super::ran_before(tag, earlier));
        by_ci(tag, commit).args(["--on-superseded", "fail"]).run().exit(9);
    }
    // The image was built again.
    let rebuilt = format!("red@sha256:{}", "a".repeat(64));
    ends(&by_ci(&rebuilt, &one).run().success(), "superseded");
    for flags in [["--on-superseded", "allow"], ["--order", "none"]] {
        ends(&by_ci("red", &one).args(flags).arg("--dry-run").run().success(), "dry-run");
    }
    let new = by_ci("white", &four).run().success();
    ends(&new, "released");
    new.stderr_has("cannot tell whether `white` is newer than `blue`");
}

/// A commit of which a higher version is built is meant, and so is another build of what runs.
#[test]
fn what_goes_out_although_its_commit_ran_before() {
    let [one, two, ..] = commits::<3>();
    let pipeline = Pipeline::new();
    for (tag, commit) in [("v1.2.0", &one), ("hotfix", &two), ("hotfix-again", &two), ("v1.2.1", &one)] {
        ends(&of_private(&pipeline, tag, commit).run(), "released");
    }
    ends(&of_private(&pipeline, "v1.2.0", &one).run().success(), "superseded");
}

/// The tag names the commit, and nothing else does.
#[test]
fn an_old_tag_of_private_sources_is_released_again() {
    let [one, two, three] = commits();
    for flags in [&[][..], &["--source"]] {
        let pipeline = Pipeline::new();
        let run = |commit: &str| {
            let source = flags.iter().flat_map(|flag| [(*flag).to_owned(), format!("org/private@{commit}")]);
            release(&pipeline, commit).args(source).run().success()
        };
        for commit in [&one, &two, &three] {
            ends(&run(commit), "released");
        }
        ends(&run(&one), "superseded");
    }
}

/// An old pipeline that runs again writes a later time into its tag. The commit beside it tells that the build is old.
#[test]
fn a_later_time_makes_no_newer_build_of_a_commit_that_ran_before() {
    let [one, two, three] = commits();
    let short = |commit: &str| commit[..7].to_owned();
    let tag = |commit: &str, time: u32| format!("main-{commit}-17000000{time:02}");
    // Whose commit is whole in the tag; that CI tells, beside a short one; and that nothing tells but the tag.
    for (is_whole, is_by_ci) in [(true, false), (false, true), (false, false)] {
        let pipeline = Pipeline::new();
        let run = |commit: &String, time: u32| {
            let tag = tag(&if is_whole { commit.clone() } else { short(commit) }, time);
            let run = if is_by_ci { of_private(&pipeline, &tag, commit) } else { release(&pipeline, &tag) };
            run.run().success()
        };
        for (commit, time) in [(&one, 1), (&two, 2), (&two, 3)] {
            ends(&run(commit, time), "released");
        }
        let again = run(&one, 4);
        ends(&again, "superseded");
        again.stderr_has("before what it has now, and `main-aaaaaaa");
        // Another build of what runs is no step back.
        ends(&run(&two, 5), "released");
        ends(&run(&three, 6), "released");
        // What was rolled back stays away by the commit as well.
        let back = ["--no-check", "-k", FOLDER, "IMAGE_PLACEHOLDER"];
        pipeline.run("rollback", &back).run().success();
        ends(&run(&three, 7), "superseded");
    }
}

/// The claims of many releases are read once, and not once more for each of the images.
#[test]
fn a_later_time_in_the_tags_of_many_images() {
    const IMAGES: usize = 100;
    const RELEASES: usize = 1_000;
    let pipeline = Pipeline::new();
    let tag = |number: usize| format!("main-{:07x}-{}", 0x1a2_b000 + number, 1_700_000_000 + number);
    let each = |line: &dyn Fn(usize) -> String| (0..IMAGES).map(line).collect::<String>();
    let mut stream = String::new();
    for (number, tag) in (0..RELEASES).map(tag).enumerate() {
        let from = if number == 0 { "from refs/heads/main^0\n" } else { "" };
        let images = each(&|image| format!("Tagship-Image: app{image}=r.example/app{image}:{tag}\n"));
        let message = format!(
            "Release {IMAGES} images\n\n{images}Tagship-File: many/kustomization.yaml\nTagship-Version: 0.1.0\n"
        );
        let entries = each(&|image| format!("- name: app{image}\n  newName: r.example/app{image}\n  newTag: {tag}\n"));
        let file = format!("images:\n{entries}");
        stream += &format!(
            "commit refs/heads/main\ncommitter A <a@example.test> 1700000000 +0000\ndata {}\n{message}\n{from}\
             M 100644 inline many/kustomization.yaml\ndata {}\n{file}\n",
            message.len(),
            file.len(),
        );
    }
    pipeline.stage.remote.git(["fast-import", "--quiet"]).stdin(stream).run().success();
    let [one, all] = [1, IMAGES].map(|images| {
        let command = pipeline.run("release", &["--no-check", "--dry-run", "-k", "many"]);
        let arguments = (0..images).map(|image| format!("app{image}=*:{}", tag(RELEASES)));
        let (output, time) = command.args(arguments).run_with_processor_time();
        output.success();
        time
    });
    assert!(all < 20 * one, "{IMAGES} images took {all:?}, and one {one:?}");
}

/// Versions and dates without a commit are what they say.
#[test]
fn a_later_date_without_a_commit_is_newer() {
    let pipeline = Pipeline::new();
    for tag in ["2026-01-01", "2026-01-03", "2026-01-04", "2026-02-01"] {
        ends(&release(&pipeline, tag).run(), "released");
    }
}

/// A hash of the content looks like the beginning of a commit id, and comes again with the content. Only `--source` tells it apart.
#[test]
fn a_hash_of_the_content_comes_again() {
    let pipeline = Pipeline::with_sources("org/app");
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let three = pipeline.source("three", &[&two]);
    let run = |tag: &str, commit: &str, is_named: bool| {
        let run = pipeline.in_ci(release(&pipeline, tag), commit);
        run.args(is_named.then(|| format!("--source=org/app@{commit}"))).run()
    };
    for (is_named, last) in [(false, "superseded"), (true, "released")] {
        for (tag, commit, expected) in [
            ("20261101-3f2a9bc", &one, "released"),
            ("20261102-7d1e0aa", &two, "released"),
            ("20261103-3f2a9bc", &three, last),
        ] {
            ends(&run(tag, commit, is_named), expected);
        }
        pipeline.stage.remote.git(["update-ref", "refs/heads/main", "main~2"]).run().success();
    }
}

/// A rollback, a change by hand, and a release after them.
#[test]
fn an_old_pipeline_of_private_sources_after_a_way_back() {
    let [one, two, three, four] = commits();
    for by_rollback in [true, false] {
        let pipeline = Pipeline::new();
        let by_ci = |tag: &str, commit: &str| of_private(&pipeline, tag, commit).run().success();
        ends(&by_ci("red", &one), "released");
        ends(&by_ci("green", &two), "released");
        match by_rollback {
            true => drop(pipeline.run("rollback", &["--no-check", "-k", FOLDER, "IMAGE_PLACEHOLDER"]).run().success()),
            false => by_hand(&pipeline, "green", "red"),
        }
        ends(&by_ci("red", &one), "unchanged");
        ends(&by_ci("green", &two), "superseded");
        ends(&by_ci("blue", &three), "released");
        for (tag, commit) in [("red", &one), ("green", &two)] {
            ends(&by_ci(tag, commit), "superseded");
        }
        ends(&by_ci("white", &four), "released");
        // A person may go back to any of them.
        let back = ["--no-check", "--to", "red", "-k", FOLDER, "IMAGE_PLACEHOLDER"];
        pipeline.run("rollback", &back).run().success();
        ends(&by_ci("blue", &three), "superseded");
    }
}

/// Each entry has a past of its own, and a release of others is told of the one that stays.
#[test]
fn one_of_several_entries_ran_before() {
    let [one, two, three] = commits();
    let pipeline = Pipeline::with_environments();
    let run = |images: &[&str], commit: &str| {
        let command = pipeline.run("release", &["--no-check", "--output", "json", "-k", PRODUCTION]);
        let command = pipeline.in_ci(command, commit).env("GITHUB_REPOSITORY", "org/private");
        command.args(images.iter().copied()).run().success()
    };
    ends(&run(&["web=*:red"], &one), "released");
    ends(&run(&["web=*:green", "api=*:green"], &two), "released");
    let both = run(&["web=*:red", "api=*:red"], &one);
    ends(&both, "released");
    let left = &document(&both)["left_out"];
    assert_eq!((left[0]["name"].as_str(), left.as_array().unwrap().len()), (Some("web"), 1), "{left}");
    // Another environment has not had it.
    let staging = pipeline.run("release", &["--no-check", "--output", "json", "-k", STAGING, "web=*:red"]);
    ends(&pipeline.in_ci(staging, &one).run(), "released");
    ends(&run(&["web=*:blue", "api=*:blue"], &three), "released");
}

/// A promotion is of a build that production may have had.
#[test]
fn what_production_had_before_is_promoted() {
    let [one, two, three] = commits();
    let pipeline = Pipeline::with_environments();
    let run = |folder: &str, tag: &str, commit: &str| {
        let image = format!("web=*:{tag}");
        let command = pipeline.run("release", &["--no-check", "--output", "json", "-k", folder, &image]);
        ends(&pipeline.in_ci(command, commit).env("GITHUB_REPOSITORY", "org/private").run(), "released");
    };
    let promote = || {
        let arguments = ["--no-check", "--output", "json", "--from", STAGING, "--to", PRODUCTION, "web"];
        pipeline.run("promote", &arguments).run()
    };
    for (tag, commit) in [("red", &one), ("green", &two)] {
        run(STAGING, tag, commit);
        ends(&promote(), "released");
    }
    pipeline.run("rollback", &["--no-check", "-k", STAGING, "web"]).run().success();
    ends(&promote(), "released");
    assert!(pipeline.file(PRODUCTION).contains("red"));
    // What was released to production alone is newer, as far as the branch tells.
    run(PRODUCTION, "blue", &three);
    promote().exit(9).stderr_has("main released `red` (org/private@aaaaaaa) before what it has now");
}

/// Trailers that were copied are no release, whatever they name.
#[test]
fn a_copied_message_of_private_sources_blocks_nothing() {
    let [one, two] = commits();
    let pipeline = Pipeline::new();
    ends(&of_private(&pipeline, "red", &one).run(), "released");
    let message = pipeline.stage.remote.log("main")[0].message.replace("red", "green").replace(&one, &two);
    pipeline.stage.remote.commit("main", &message, &[File::new("noise", "1")]);
    by_hand(&pipeline, "red", "blue");
    ends(&of_private(&pipeline, "blue-again", &commits::<3>()[2]).run(), "released");
    ends(&of_private(&pipeline, "green", &two).run(), "released");
}

/// The messages tell whether there is anything to look at: they are one request. To read the history is one more, and one for
/// each level of folders.
#[test]
fn what_it_costs_to_look_for_an_earlier_build() {
    let [one, two, three, four] = commits();
    let pipeline = Pipeline::new().over_http();
    pipeline.stage.remote.commits("main", 2_000);
    ends(&of_private(&pipeline, "red", &one).run(), "released");
    pipeline.stage.remote.commits("main", 60);
    for (tag, commit) in [("green", &two), ("blue", &three)] {
        ends(&of_private(&pipeline, tag, commit).run(), "released");
    }
    for (tag, commit, expected, count) in
        [("green", &two, "superseded", 9), ("red", &one, "superseded", 9), ("white", &four, "released", 6)]
    {
        pipeline.server.requests();
        ends(&of_private(&pipeline, tag, commit).run().success(), expected);
        let requests = pipeline.server.requests();
        let of_the_branch = requests.iter().filter(|request| request.logged.line().contains("/gitops.git/"));
        assert_eq!(of_the_branch.count(), count, "{tag}");
    }
}

/// The commit that is named either took the build back, or says that it was taken back.
#[test]
fn what_took_a_build_back_is_told() {
    let pipeline = Pipeline::with_sources("app");
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let three = pipeline.source("three", &[&two]);
    ends(&by_ci(&pipeline, "first", &one), "released");
    ends(&by_ci(&pipeline, "third", &three), "released");
    pipeline.run("rollback", &["--no-check", "-k", FOLDER, "IMAGE_PLACEHOLDER"]).run().success();
    let rollback = pipeline.tip();
    let told = |commit: &str| by_ci(&pipeline, "third", &three).success().stderr_has(commit);
    told(&format!("`third` was rolled back by {}; only a newer build may follow", &rollback[..7]));
    ends(&by_ci(&pipeline, "second", &two), "released");
    let release = pipeline.tip();
    told(&format!("`third` was rolled back, as {} says; only a newer build may follow", &release[..7]));
}

/// What was rolled back stays away, also if the entry was removed and comes again.
#[test]
fn an_entry_that_is_added_again_keeps_its_past() {
    let pipeline = Pipeline::new();
    let text = pipeline.file(FOLDER);
    let release = |tag: &str| {
        let image = format!("web=org/web:{tag}");
        let arguments = ["--no-check", "--output", "json", "--add", "-k", FOLDER, &image];
        pipeline.run("release", &arguments).run().success()
    };
    for tag in ["one", "two"] {
        ends(&release(tag), "released");
    }
    pipeline.run("rollback", &["--no-check", "-k", FOLDER, "web"]).run().success();
    pipeline.stage.remote.commit("main", "By hand", &[File::new(FILE, text)]);
    ends(&release("two"), "superseded");
    ends(&release("three"), "released");
}

/// A rebase gives each commit another name, and the server forgets the old ones, which trailers still name.
#[test]
fn what_was_rolled_back_stays_away_after_a_rebase() {
    let pipeline = Pipeline::with_sources("app");
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let three = pipeline.source("three", &[&two]);
    let four = pipeline.source("four", &[&three]);
    ends(&by_ci(&pipeline, "first", &one), "released");
    ends(&by_ci(&pipeline, "third", &three), "released");
    pipeline.run("rollback", &["--no-check", "-k", FOLDER, "IMAGE_PLACEHOLDER"]).run().success();
    ends(&by_ci(&pipeline, "second", &two), "released");
    pipeline.stage.remote.rewrite("main");
    ends(&by_ci(&pipeline, "third", &three).success(), "superseded");
    ends(&by_ci(&pipeline, "fourth", &four), "released");
}

/// However many builds ran since.
#[test]
fn an_old_pipeline_of_private_sources_after_many_builds() {
    let commits = commits::<6>();
    let builds: Vec<(String, String)> =
        (0..12).map(|at| (format!("build-{}", char::from(b'a' + at)), format!("{:02x}", at + 16).repeat(20))).collect();
    for by_hand_at_last in [false, true] {
        let pipeline = Pipeline::new();
        let run = |tag: &str, commit: &str| of_private(&pipeline, tag, commit).run().success();
        for (tag, commit) in &builds {
            ends(&run(tag, commit), "released");
        }
        if by_hand_at_last {
            by_hand(&pipeline, "build-l", "by-hand");
        }
        ends(&run("build-a", &builds[0].1), "superseded");
        ends(&run("white", &commits[5]), "released");
    }
}

/// Whether the sources can be read or not, a person rolled the build back.
#[test]
fn an_old_pipeline_of_what_was_rolled_back_where_sources_became_private() {
    let pipeline = Pipeline::with_sources("app");
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let three = pipeline.source("three", &[&two]);
    ends(&by_ci(&pipeline, "red", &one), "released");
    ends(&by_ci(&pipeline, "green", &two), "released");
    pipeline.run("rollback", &["--no-check", "-k", FOLDER, "IMAGE_PLACEHOLDER"]).run().success();
    let rollback = pipeline.tip();
    ends(&by_ci(&pipeline, "blue", &three), "released");
    std::fs::remove_dir_all(pipeline.sources.path()).unwrap();
    ends(&by_ci(&pipeline, "red", &one).success(), "superseded");
    for tag in ["green", "green-again"] {
        let again = by_ci(&pipeline, tag, &two).success();
        ends(&again, "superseded");
        again.stderr_has(&format!("`green` was rolled back by {}; only a newer build may follow", &rollback[..7]));
    }
}

/// What was released where the file was before is its past.
#[test]
fn an_old_pipeline_of_private_sources_after_a_move() {
    let [one, two, three, four] = commits();
    let pipeline = Pipeline::new();
    let run = |folder: &str, tag: &str, commit: &str| {
        let image = format!("IMAGE_PLACEHOLDER=*:{tag}");
        let command = pipeline.run("release", &["--no-check", "--output", "json", "-k", folder, &image]);
        pipeline.in_ci(command, commit).env("GITHUB_REPOSITORY", "org/private").run().success()
    };
    for (tag, commit) in [("red", &one), ("green", &two)] {
        ends(&run(FOLDER, tag, commit), "released");
    }
    let text = pipeline.file(FOLDER);
    pipeline.stage.remote.git(["update-ref", "refs/heads/main", &moved(&pipeline, &text)]).run().success();
    for (tag, commit) in [("blue", &three), ("white", &four)] {
        ends(&run("moved", tag, commit), "released");
    }
    ends(&run("moved", "red", &one), "superseded");
}

/// Makes a commit on top of main that has the kustomization in the folder `moved` alone. Returns its id.
fn moved(pipeline: &Pipeline, text: &str) -> String {
    let remote = &pipeline.stage.remote;
    let made = |arguments: &[&str], input: String| {
        remote.git(arguments.iter().copied()).stdin(input).run().success().stdout().trim().to_owned()
    };
    let file = made(&["hash-object", "-w", "--stdin"], text.to_owned());
    let folder = made(&["mktree"], format!("100644 blob {file}\tkustomization.yaml\n"));
    let root = made(&["mktree"], format!("040000 tree {folder}\tmoved\n"));
    made(&["commit-tree", &root, "-p", "main", "-m", "Move"], String::new())
}

/// The pipeline of a hotfix line says that it wants to replace another line. A build of main has replaced its own since.
#[test]
fn an_old_pipeline_of_a_hotfix_line() {
    let pipeline = Pipeline::with_sources("app");
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let fix = pipeline.source("fix", &[&one]);
    let another = pipeline.source("another", &[&fix]);
    let three = pipeline.source("three", &[&two]);
    pipeline.sources.git(["update-ref", "refs/heads/main", &three]).run().success();
    let hotfix = |tag: &str, commit: &str| {
        pipeline.in_ci(release(&pipeline, tag), commit).args(["--on-diverged", "release"]).run().success()
    };
    ends(&by_ci(&pipeline, "red", &two), "released");
    ends(&hotfix("green", &fix), "released");
    ends(&by_ci(&pipeline, "blue", &three), "released");
    let again = hotfix("green", &fix);
    ends(&again, "superseded");
    again.stderr_has(&super::ran_before("green", "green"));
    ends(&by_ci(&pipeline, "green", &fix).exit(9), "failed");
    ends(&hotfix("white", &another), "released");
}

/// A person names another registry. What ran from the one before is the past all the same.
#[test]
fn an_old_pipeline_after_the_image_has_another_name() {
    let pipeline = Pipeline::with_sources("app");
    let one = pipeline.source("one", &[]);
    let two = pipeline.source("two", &[&one]);
    let rename = || {
        let text = pipeline.file(FOLDER).replace("newName: ", "newName: mirror.example/");
        pipeline.stage.remote.commit("main", "Another registry", &[File::new(FILE, text)]);
    };
    ends(&by_ci(&pipeline, "red", &one), "released");
    ends(&by_ci(&pipeline, "green", &two), "released");
    pipeline.run("rollback", &["--no-check", "-k", FOLDER, "IMAGE_PLACEHOLDER"]).run().success();
    rename();
    ends(&by_ci(&pipeline, "green", &two).success(), "superseded");
    // A release that itself names another image is another build of the commit.
    let other = pipeline.run("release", &["--no-check", "--output", "json", "-k", FOLDER]);
    let other = other.arg("IMAGE_PLACEHOLDER=right.example/web:green");
    ends(&pipeline.in_ci(other, &two).run().success(), "released");
    // The same without a rollback, where nothing tells the order of commits.
    let [.., three, four, five] = commits::<6>();
    for (tag, commit) in [("blue", &three), ("white", &four)] {
        ends(&of_private(&pipeline, tag, commit).run().success(), "released");
    }
    rename();
    ends(&of_private(&pipeline, "black", &five).run().success(), "released");
    ends(&of_private(&pipeline, "blue", &three).run().success(), "superseded");
}

/// One of two places goes back by its own name. What it ran stays away from it, and is still what the other one runs.
#[test]
fn an_old_tag_after_one_of_two_places_went_back() {
    let pod = |name: &str, tag: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\nspec:\n  containers:\n  - name: web\n    image: r.example/web:{tag}\n"
        )
    };
    let pods = |one: &str, two: &str| File::new("pods.yaml", format!("{}---\n{}", pod("one", one), pod("two", two)));
    for is_by_rollback in [true, false] {
        let pipeline = Pipeline::new();
        pipeline.stage.remote.commit("main", "Pods", &[pods("v1.0.0", "v1.0.0")]);
        let run = |command: &str, arguments: &[&str]| {
            let common = ["--no-check", "--output", "json", "-f", "pods.yaml"];
            pipeline.run(command, &common).args(arguments.iter().copied()).run().success()
        };
        for tag in ["web=*:v2.0.0", "web=*:v3.0.0"] {
            ends(&run("release", &[tag]), "released");
        }
        match is_by_rollback {
            true => ends(&run("rollback", &["Pod/one/web"]), "released"),
            false => drop(pipeline.stage.remote.commit("main", "By hand", &[pods("v2.0.0", "v3.0.0")])),
        }
        ends(&run("release", &["web=*:v3.0.0"]), "superseded");
        ends(&run("release", &["web=*:v4.0.0"]), "released");
    }
}
