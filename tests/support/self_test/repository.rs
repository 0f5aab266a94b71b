use crate::support::login::Login;
use crate::support::repository::{Checkout, File, Mode, Remote};

fn seeded() -> Remote {
    let remote = Remote::create("config");
    remote.commit("main", "Begin\n\nWith words.\n\nSigned-off-by: A <a@b.c>", &[File::new("app/k.yaml", "a: 1\n")]);
    remote
}

#[test]
fn what_was_committed_is_read_back() {
    let remote = seeded();
    let files = [
        File::new("run me", [0, 159, b'\n']).mode(Mode::Executable),
        File::new("link", "app/k.yaml").mode(Mode::Symlink),
        File::new("module", "0123456789012345678901234567890123456789").mode(Mode::Submodule),
    ];
    let first = remote.tip("main").unwrap();
    let second = remote.commit("main", "Add", &files);
    assert_eq!(remote.file("main", "run me"), [0, 159, b'\n']);
    for (path, mode) in [("run me", "100755"), ("link", "120000"), ("module", "160000"), ("app/k.yaml", "100644")] {
        assert_eq!(remote.mode("main", path), mode, "{path}");
    }
    assert_eq!(remote.changed_paths(&first, &second), ["link", "module", "run me"]);
    remote.commit("main", "Remove", &[File::new("link", "").mode(Mode::Deleted)]);
    assert_eq!(remote.changed_paths(&second, "main"), ["link"]);
    let log = remote.log("main");
    assert_eq!(log.iter().map(|commit| commit.subject.as_str()).collect::<Vec<_>>(), ["Remove", "Add", "Begin"]);
    assert_eq!(log[1].parents, [first.as_str()]);
    assert_eq!(log[2].author, "Test <test@example.com>");
    assert_eq!(log[2].trailer("Signed-off-by"), ["A <a@b.c>"]);
    assert_eq!(remote.number_of_commits("main"), 3);
    assert_eq!(remote.tip("other"), None);
    remote.fsck();
}

#[test]
fn a_damaged_repository_does_not_pass() {
    let remote = seeded();
    let blob = remote.git(["hash-object", "-w", "--stdin"]).stdin("a: 2\n").run().success().stdout();
    let (folder, file) = blob.trim().split_at(2);
    let object = remote.path().join("objects").join(folder).join(file);
    let tree = remote.git(["mktree"]).stdin(format!("100644 blob {}\tk.yaml\n", blob.trim())).run().success().stdout();
    let commit = remote.git(["commit-tree", tree.trim(), "-m", "Change"]).run().success().stdout();
    remote.git(["update-ref", "refs/heads/main", commit.trim()]).run().success();
    remote.fsck();
    std::fs::remove_file(object).unwrap();
    assert!(std::panic::catch_unwind(|| remote.fsck()).is_err());
}

#[test]
fn many_files_are_there_in_seconds() {
    let remote = Remote::create("large");
    remote.fill(10_000, 50);
    assert_eq!(remote.number_of_commits("main"), 50);
    let last = String::from_utf8(remote.file("main", "clusters/99/apps/0099/kustomization.yaml")).unwrap();
    assert!(last.contains("newName: registry.example.com/team/app-9999\n  newTag: v0\n"), "{last}");
    let released = String::from_utf8(remote.file("main", "clusters/49/apps/0000/kustomization.yaml")).unwrap();
    assert!(released.contains("newTag: v49\n"), "{released}");
}

#[test]
fn a_checkout_is_shallow_detached_and_linked() {
    let remote = seeded();
    remote.commit("main", "Add", &[File::new("b", "b")]);
    let checkout = Checkout::shallow(&remote.file_url());
    assert_eq!(checkout.git(["rev-list", "--count", "HEAD"]).run().success().stdout().trim(), "1");
    assert_eq!(checkout.head(), remote.tip("main").unwrap());
    checkout.detach();
    checkout.git(["symbolic-ref", "--quiet", "HEAD"]).run().exit(1);
    let worktree = checkout.worktree("linked");
    assert_eq!(worktree.read("b"), b"b");
    worktree.write("b", b"c");
    assert_eq!(worktree.status(), " M b\n");
    assert_eq!(checkout.status(), "");
}

#[test]
fn both_layouts_of_credentials_are_found_in_place_only() {
    let remote = seeded();
    let login = Login::new("x-access-token", "secret");
    let header = format!("AUTHORIZATION: basic {}", login.encoded());
    let lookup = |checkout: &Checkout| {
        checkout.git(["config", "--get-urlmatch", "http.extraheader", "http://127.0.0.1:1/org/config.git"]).run()
    };
    let plain = Checkout::shallow(&remote.file_url());
    lookup(&plain).exit(1);
    plain.credentials_in_config("http://127.0.0.1:1/", &login);
    assert_eq!(lookup(&plain).success().stdout().trim(), header);
    let included = Checkout::shallow(&remote.file_url());
    included.credentials_included("http://127.0.0.1:1/", &login);
    assert_eq!(lookup(&included).success().stdout().trim(), header);
    assert_eq!(lookup(&included.worktree("linked")).success().stdout().trim(), header);
    let elsewhere = Checkout::clone_with(&format!("file://{}", included.path().display()), &[]);
    lookup(&elsewhere).exit(1);
}
