//! Bare repositories on disk, made and read back by the real git program, as strict as the strictest host: GitHub
//! checks every object that is pushed, and of the filters allows `blob:none` and `tree:0` only. So do these.

mod checkout;
mod contents;
mod history;
mod import;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use tempfile::TempDir;

use super::command::{Command, write_script};
use super::temporary_folder::temporary_folder;

pub use checkout::Checkout;
pub use contents::Contents;
pub use history::Commit;
pub use import::{File, Mode};

/// Nothing runs on after a push was answered. No test cuts the power, so nothing waits for the disk. As at GitLab, no
/// program lists what other repositories have: there are none. What is imported stays the pack that it is, and no program
/// takes it apart.
const CONFIGURATION: &str = "\
[core]
	alternateRefsCommand = true
	fsync = none
[fastimport]
	unpackLimit = 1
[gc]
	auto = 0
[http]
	receivepack = true
[receive]
	advertisePushOptions = true
	autogc = false
	fsckObjects = true
[uploadpack]
	allowFilter = true
[uploadpackfilter]
	allow = false
[uploadpackfilter \"blob:none\"]
	allow = true
[uploadpackfilter \"tree\"]
	allow = true
	maxDepth = 0
";

/// An empty repository, as git makes it.
static EMPTY: LazyLock<Contents> = LazyLock::new(|| {
    let folder = temporary_folder("empty-");
    let path = folder.path().join("empty.git");
    let options = ["--quiet", "--bare", "--initial-branch=main", "--template="];
    Command::git().arg("init").args(options).arg(&path).run().success();
    let append = std::fs::OpenOptions::new().append(true).open(path.join("config"));
    append.and_then(|mut file| file.write_all(CONFIGURATION.as_bytes())).expect("the configuration of a repository");
    Contents::read(&path)
});

/// A bare repository that others fetch from and push to. It is deleted after its last user.
#[derive(Clone)]
pub struct Remote {
    folder: Arc<TempDir>,
    path: PathBuf,
}

impl Remote {
    /// Makes an empty repository `name.git` in a folder of its own; its default branch is `main`.
    pub fn create(name: &str) -> Self {
        Self::copy(&EMPTY, name)
    }

    /// Makes a repository `name.git` in a folder of its own, which has what another one had.
    pub fn copy(contents: &Contents, name: &str) -> Self {
        Self::copy_into(Arc::new(temporary_folder("remote-")), contents, name)
    }

    /// Returns what is in the repository, to be copied.
    pub fn contents(&self) -> Contents {
        Contents::read(&self.path)
    }

    /// Makes another repository in the same folder, behind the same server.
    pub fn sibling(&self, name: &str) -> Self {
        Self::copy_into(Arc::clone(&self.folder), &EMPTY, name)
    }

    fn copy_into(folder: Arc<TempDir>, contents: &Contents, name: &str) -> Self {
        let path = folder.path().join(format!("{name}.git"));
        contents.write(&path);
        Self { folder, path }
    }

    /// Returns the folder in which the repository lies: what a server serves.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns its address without a server: `file:///…`.
    pub fn file_url(&self) -> String {
        format!("file://{}", self.path.display())
    }

    /// Sets a value of the repository's own configuration.
    pub fn configure(&self, key: &str, value: &str) {
        self.run(["config", key, value]);
    }

    /// Lets the server refuse these filters, although it says that it has some.
    pub fn refuse_filters(&self, names: &[&str]) {
        for name in names {
            self.run(["config", "--remove-section", &format!("uploadpackfilter.{name}")]);
        }
    }

    /// Adds a commit on top of a branch, which may be new. Returns its id.
    pub fn commit(&self, branch: &str, message: &str, files: &[File]) -> String {
        self.import(&import::commit(branch, self.tip(branch).as_deref(), message, files))
    }

    /// Adds many commits on top of a branch, each of which changes the file `noise` and nothing else.
    pub fn commits(&self, branch: &str, commits: usize) {
        let parent = self.tip(branch).unwrap_or_default();
        let noise = |number| File::new("noise", format!("{parent} {number}"));
        self.commit_each(branch, "Something else", (0..commits).map(noise));
    }

    /// Adds a commit for each of `files` on top of a branch, which changes it alone; all have one message.
    pub fn commit_each(&self, branch: &str, message: &str, files: impl IntoIterator<Item = File>) {
        let parent = self.tip(branch).expect("a branch to add to");
        self.import(&import::series(branch, &parent, message, files));
    }

    /// Gives a commit the tags `release-0`, `release-1` and so on, packed as they are on hosts. They are written as a file: git
    /// makes a file for each before it packs them, and the disk then needs a minute for 100,000.
    pub fn tag_often(&self, commit: &str, tags: usize) {
        let refs: String = (0..tags).map(|number| format!("{commit} refs/tags/release-{number}\n")).collect();
        std::fs::write(self.path.join("packed-refs"), refs).expect("the packed refs of a repository");
    }

    /// Fills `main` with `files` kustomizations, `clusters/NN/apps/NNNN/kustomization.yaml` (100 clusters), in one
    /// commit, and with `commits - 1` small ones after it.
    pub fn fill(&self, files: usize, commits: usize) -> String {
        self.fill_folders(files, 0, commits)
    }

    /// Does the same with so many more files beside each kustomization.
    pub fn fill_folders(&self, folders: usize, beside: usize, commits: usize) -> String {
        self.import(&import::large(folders, beside, commits))
    }

    /// Reads a stream, and returns the id of its last commit.
    fn import(&self, stream: &[u8]) -> String {
        self.git(["fast-import", "--quiet"]).stdin(stream).run().success().stdout().trim().to_owned()
    }

    /// Makes each commit of a branch again, by another id, and forgets the old ones, as a rebase does.
    pub fn rewrite(&self, branch: &str) {
        let mut tip: Option<String> = None;
        for commit in self.text(["rev-list", "--reverse", branch]).lines() {
            tip = Some(self.commit_again(commit, tip.as_deref()));
        }
        self.replace(branch, &tip.expect("a commit"));
    }

    /// Makes one commit of all that a branch was before its tip.
    pub fn squash_past(&self, branch: &str) {
        let root = self.git(["commit-tree", &format!("{branch}~^{{tree}}"), "-m", "Until now"]).run().success();
        self.replace(branch, &self.commit_again(branch, Some(root.stdout().trim())));
    }

    fn commit_again(&self, commit: &str, parent: Option<&str>) -> String {
        let message = self.text(["log", "-1", "--format=%B", commit]);
        let tree = format!("{commit}^{{tree}}");
        let mut arguments = vec!["commit-tree", &tree];
        arguments.extend(parent.iter().flat_map(|parent| ["-p", parent]));
        self.git(arguments).stdin(message).run().success().stdout().trim().to_owned()
    }

    fn replace(&self, branch: &str, commit: &str) {
        self.git(["update-ref", &format!("refs/heads/{branch}"), commit]).run().success();
        self.git(["gc", "--quiet", "--prune=now"]).run().success();
    }

    /// Installs a hook, such as `pre-receive`, from a shell script.
    pub fn hook(&self, name: &str, script: &str) {
        let hooks = self.path.join("hooks");
        std::fs::create_dir_all(&hooks).expect("the folder of the hooks");
        write_script(&hooks.join(name), &format!("#!/bin/sh\n{script}\n"));
    }

    /// Refuses every push to a branch in the words of GitHub's branch protection.
    pub fn protect(&self, branch: &str) {
        self.hook(
            "update",
            &format!(
                "[ \"$1\" = refs/heads/{branch} ] || exit 0\n\
                 echo 'error: GH006: Protected branch update failed for refs/heads/{branch}.' >&2\n\
                 echo 'error: Changes must be made through a pull request.' >&2\n\
                 exit 1"
            ),
        );
    }

    /// Returns the git program for this repository, to be run.
    pub fn git<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        Command::git().arg("--git-dir").arg(&self.path).args(arguments)
    }

    #[track_caller]
    fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
        self.git(arguments).run().success().stdout
    }
}
