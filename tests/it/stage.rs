//! What most tests begin with: a release branch with a kustomization, a registry with an image, and the program.

use std::sync::LazyLock;

use crate::support::command::{Command, Home};
use crate::support::registry::{Auth, Image, Registry};
use crate::support::repository::{Contents, File, Remote};

/// A kustomization as it stands in a public repository.
pub const SEED: &str = "\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- deployment.yaml
images:
- name: IMAGE_PLACEHOLDER
  newName: jakousa/dwk-4-gitops-app
  newTag: b15411f387bb2a2286676b92a87fd85aa9b682a5
";

pub const FOLDER: &str = "4-gitops/manifests";
pub const FILE: &str = "4-gitops/manifests/kustomization.yaml";

/// The commit whose build is released.
pub const COMMIT: &str = "fdafd7008d04c2a2286676b92a87fd85aa9b682a";

/// The repository with the seed on `main`.
static SEEDED: LazyLock<Contents> = LazyLock::new(|| {
    let remote = Remote::create("gitops");
    let deployment = File::new("4-gitops/manifests/deployment.yaml", "kind: Deployment\n");
    remote.commit("main", "Add the application", &[File::new(FILE, SEED), deployment]);
    remote.contents()
});

/// A registry with one image, a bare repository with the seed on `main`, and a home of the program's own.
pub struct Stage {
    pub home: Home,
    pub registry: Registry,
    pub remote: Remote,
    /// The image's digest.
    pub digest: String,
}

impl Stage {
    pub fn new() -> Self {
        Self::with_auth(Auth::None)
    }

    pub fn with_auth(auth: Auth) -> Self {
        let registry = Registry::start(auth);
        let digest = registry.put_image("jakousa/dwk-4-gitops-app", COMMIT, &Image::new());
        Self { home: Home::new(), registry, remote: Remote::copy(&SEEDED, "gitops"), digest }
    }

    /// Returns the image's name in the registry.
    pub fn image(&self) -> String {
        format!("{}/jakousa/dwk-4-gitops-app", self.registry.address())
    }

    /// Returns the argument that releases the image.
    pub fn argument(&self) -> String {
        format!("IMAGE_PLACEHOLDER={}:{COMMIT}", self.image())
    }

    /// Returns the seed as it is after the release.
    pub fn released(&self) -> String {
        SEED.replace("jakousa/dwk-4-gitops-app", &self.image())
            .replace("b15411f387bb2a2286676b92a87fd85aa9b682a5", COMMIT)
    }

    pub fn tagship(&self) -> Command {
        tagship().home(&self.home)
    }

    /// Returns a release from the repository's own path, without a checkout.
    pub fn release(&self) -> Command {
        self.release_to(&self.remote.file_url())
    }

    pub fn release_to(&self, url: &str) -> Command {
        self.tagship().args(["release", "--repo", url, "-k", FOLDER])
    }

    /// Asserts that nothing was released.
    #[track_caller]
    pub fn untouched(&self) {
        assert_eq!(self.remote.number_of_commits("main"), 1, "the release branch has moved");
        assert_eq!(self.remote.file("main", FILE), SEED.as_bytes());
    }
}

/// Returns the program, to be run.
pub fn tagship() -> Command {
    Command::tagship(env!("CARGO_BIN_EXE_tagship"))
}
