//! A release from beginning to end, on this machine alone: `cargo run --example quickstart`.
//!
//! It starts a registry and a bare repository in a temporary folder, pushes a tiny image with an independent client,
//! and then runs the program as a pipeline would. Nothing is mocked: the registry speaks the OCI protocol over HTTP,
//! and git's own programs receive the push.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "it tells a story, and sets its own stage")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::error::Error;
use std::process::ExitCode;

use oci_client::client::{Client, ClientConfig, ClientProtocol, Config, ImageLayer};
use oci_client::secrets::RegistryAuth;

use support::command::{Command, Home, Output};
use support::registry::{Auth, Registry};
use support::repository::{File, Remote};

/// The commit that was built. A pipeline has it in `$GITHUB_SHA`.
const COMMIT: &str = "fdafd7008d04c2a2286676b92a87fd85aa9b682a";
const BUILD_BEFORE: &str = "b15411f387bb2a2286676b92a87fd85aa9b682a5";

const FOLDER: &str = "4-gitops/manifests";
const KUSTOMIZATION: &str = "\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- deployment.yaml
images:
- name: IMAGE_PLACEHOLDER
  newName: jakousa/dwk-4-gitops-app
  newTag: b15411f387bb2a2286676b92a87fd85aa9b682a5
";

fn main() -> ExitCode {
    // The story runs this very program as `tagship`, so that it needs nothing that `cargo run --example` does not build.
    let mut arguments = std::env::args_os();
    if arguments.nth(1).is_some_and(|argument| argument == "as-tagship") {
        return tagship::run(std::iter::once("tagship".into()).chain(arguments));
    }
    match tell() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("the story ended early: {error}");
            ExitCode::FAILURE
        }
    }
}

fn tell() -> Result<(), Box<dyn Error>> {
    let registry = Registry::start(Auth::None);
    let image = format!("{}/jakousa/dwk-4-gitops-app", registry.address());
    let remote = Remote::create("material-example");
    let file = format!("{FOLDER}/kustomization.yaml");
    remote.commit("main", "Add the application", &[File::new(&file, KUSTOMIZATION)]);
    let pipeline = Pipeline { home: Home::new(), repository: remote.path().display().to_string() };

    chapter("The release branch has this kustomization, and Flux or Argo CD deploys it");
    println!("{KUSTOMIZATION}");

    chapter("A pipeline releases an image that was never pushed: nothing happens");
    pipeline.releases(&format!("IMAGE_PLACEHOLDER={image}:{COMMIT}"), 4)?;

    chapter("Now the build pushes it (with oci-client, an independent implementation)");
    let digest = push(&format!("{image}:{COMMIT}"))?;
    println!("pushed {image}@{digest}\n");

    chapter("A dry run shows what would change");
    pipeline.runs(&["--dry-run", &format!("IMAGE_PLACEHOLDER={image}:{COMMIT}")], 0)?;

    chapter("The release: checked, edited, committed, pushed");
    pipeline.releases(&format!("IMAGE_PLACEHOLDER={image}:{COMMIT}"), 0)?;

    chapter("The commit says what it is and where it came from");
    println!("{}", remote.log("main")[0].message);

    chapter("And the file has lost nothing");
    let released = String::from_utf8(remote.file("main", &file))?;
    let expected = KUSTOMIZATION.replace("jakousa/dwk-4-gitops-app", &image).replace(BUILD_BEFORE, COMMIT);
    ensure(released == expected, "only newName and newTag changed")?;
    println!("{released}");

    chapter("The same pipeline again: it is released already, and that is fine");
    pipeline.releases(&format!("IMAGE_PLACEHOLDER={image}:{COMMIT}"), 0)?;
    ensure(remote.number_of_commits("main") == 2, "there is one release")?;

    chapter("A typo in the entry's name is caught");
    pipeline.releases(&format!("IMAGE_PLACEHOLDR={image}:{COMMIT}"), 3)
}

/// A CI job that has just built an image.
struct Pipeline {
    home: Home,
    repository: String,
}

impl Pipeline {
    fn releases(&self, image: &str, code: i32) -> Result<(), Box<dyn Error>> {
        self.runs(&[image], code)
    }

    /// Runs `tagship release`, shows it, and insists on how it ends.
    fn runs(&self, arguments: &[&str], code: i32) -> Result<(), Box<dyn Error>> {
        println!("$ tagship release -k {FOLDER} {}", arguments.join(" "));
        let release = Command::tagship(std::env::current_exe()?)
            .home(&self.home)
            .args(["as-tagship", "release", "--repo", &self.repository, "-k", FOLDER])
            .args(arguments.iter().copied())
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_REPOSITORY", "kubernetes-hy/material-example")
            .env("GITHUB_SHA", COMMIT);
        let output = release.run();
        show(&output);
        ensure(output.code == Some(code), &format!("it exits with {code}"))
    }
}

fn chapter(title: &str) {
    println!("━━ {title}\n");
}

fn show(output: &Output) {
    print!("{}{}", output.stdout(), output.stderr());
    println!("(exit {})\n", output.code.unwrap_or(-1));
}

fn ensure(holds: bool, what: &str) -> Result<(), Box<dyn Error>> {
    if holds { Ok(()) } else { Err(format!("it should be that {what}").into()) }
}

/// Pushes an image of one small layer, and returns the digest that the client computed.
fn push(reference: &str) -> Result<String, Box<dyn Error>> {
    // The client wants a TLS implementation, though it speaks plain HTTP here; an error says that there is one already.
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = Client::try_from(ClientConfig { protocol: ClientProtocol::Http, ..ClientConfig::default() })?;
    let reference = reference.parse()?;
    let layer = ImageLayer::oci_v1(b"a very small application".to_vec(), None);
    let config = Config::oci_v1(br#"{"architecture":"amd64","os":"linux","config":{}}"#.to_vec(), None);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        client.push(&reference, &[layer], config, &RegistryAuth::Anonymous, None).await?;
        Ok(client.fetch_manifest_digest(&reference, &RegistryAuth::Anonymous).await?)
    })
}
