//! A checkout as CI systems leave it: shallow, detached, a linked worktree, with credentials in its configuration.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use crate::support::command::Command;
use crate::support::login::Login;
use crate::support::temporary_folder::temporary_folder;

/// A work tree with its repository. It is deleted after its last user.
#[derive(Clone)]
pub struct Checkout {
    folder: Arc<TempDir>,
    path: PathBuf,
}

/// The file that actions/checkout leaves its credentials in.
const CREDENTIALS: &str = "git-credentials.config";

/// What stands for a container's `/github`.
const INSIDE: &str = "github";

impl Checkout {
    /// Clones the last commit of the default branch.
    #[track_caller]
    pub fn shallow(url: &str) -> Self {
        Self::clone_with(url, &["--depth", "1"])
    }

    /// Clones, with options of `git clone`.
    #[track_caller]
    pub fn clone_with(url: &str, options: &[&str]) -> Self {
        let folder = temporary_folder("checkout-");
        let path = folder.path().join("work");
        // Neither sample hooks nor a wait for the disk: both cost time, and neither is looked at.
        let clone = Command::git().args(["clone", "--quiet", "--template=", "--config=core.fsync=none"]);
        clone.args(options).args(["--", url]).arg(&path).run().success();
        Self { folder: Arc::new(folder), path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves the branch, as CI systems do that check out a commit.
    pub fn detach(&self) {
        self.run(["checkout", "--quiet", "--detach"]);
    }

    /// Returns a linked worktree, on a detached HEAD.
    pub fn worktree(&self, name: &str) -> Self {
        let path = self.folder.path().join(name);
        self.git(["worktree", "add", "--quiet", "--detach"]).arg(&path).run().success();
        Self { folder: Arc::clone(&self.folder), path }
    }

    /// Adds a submodule at `name`, and returns its checkout, on a detached HEAD.
    #[track_caller]
    pub fn submodule(&self, name: &str, url: &str) -> Self {
        let add = self.git(["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "--name", name]);
        add.args([url, name]).run().success();
        let submodule = self.below(name);
        submodule.detach();
        submodule
    }

    /// Leaves credentials for a server, `http://host:port/`, as actions/checkout did up to its version 5: in the
    /// repository's own configuration.
    pub fn credentials_in_config(&self, server: &str, login: &Login) {
        self.run(["config", &extra_header_key(server), &extra_header(login)]);
    }

    /// Leaves credentials for a server as actions/checkout does since its version 6: in a file elsewhere, included
    /// if the repository is this one, or one of its worktrees, or is where a container action sees it.
    pub fn credentials_included(&self, server: &str, login: &Login) {
        let file = self.folder.path().join(CREDENTIALS);
        let key = extra_header_key(server);
        self.git(["config", "--file"]).arg(&file).args([&key, &extra_header(login)]).run().success();
        let inside = self.folder.path().join(INSIDE);
        for (git_dir, credentials) in [
            (self.path.join(".git"), &file),
            (inside.join("workspace/.git"), &inside.join("runner_temp").join(CREDENTIALS)),
        ] {
            let (git_dir, credentials) = (git_dir.display(), credentials.display().to_string());
            for condition in [git_dir.to_string(), format!("{git_dir}/worktrees/*")] {
                self.run(["config", &format!("includeIf.gitdir:{condition}.path"), &credentials]);
            }
        }
    }

    /// Takes checkout and credentials to where a container action sees them, in place of a mount.
    #[must_use]
    pub fn inside_a_container(self) -> Self {
        let inside = self.folder.path().join(INSIDE);
        let path = inside.join("workspace");
        std::fs::create_dir_all(inside.join("runner_temp")).expect("the runner's folder for temporary files");
        std::fs::rename(&self.path, &path).expect("the checkout in another place");
        let from = self.folder.path().join(CREDENTIALS);
        std::fs::rename(from, inside.join("runner_temp").join(CREDENTIALS)).expect("the credentials in another place");
        Self { folder: self.folder, path }
    }

    /// Returns another checkout in a folder of this one.
    #[must_use]
    pub fn below(&self, folder: &str) -> Self {
        Self { folder: Arc::clone(&self.folder), path: self.path.join(folder) }
    }

    /// Returns what `git status` lists; nothing if the work tree is clean.
    pub fn status(&self) -> String {
        self.run(["status", "--porcelain"])
    }

    /// Returns the id of the commit that is checked out.
    pub fn head(&self) -> String {
        self.run(["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// Writes a file of the work tree, and nothing to the index.
    pub fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path.join(path);
        std::fs::write(&path, bytes).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    }

    /// Returns the bytes of a file of the work tree.
    pub fn read(&self, path: &str) -> Vec<u8> {
        let path = self.path.join(path);
        std::fs::read(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
    }

    /// Returns the git program in this work tree, to be run.
    pub fn git<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        Command::git().arg("-C").arg(&self.path).args(arguments)
    }

    #[track_caller]
    fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> String {
        self.git(arguments).run().success().stdout()
    }
}

fn extra_header_key(server: &str) -> String {
    format!("http.{}/.extraheader", server.trim_end_matches('/'))
}

fn extra_header(login: &Login) -> String {
    format!("AUTHORIZATION: basic {}", login.encoded())
}
