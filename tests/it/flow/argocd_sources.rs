//! Files of Argo CD beside a kustomization: they replace its images, whatever it says.

use crate::stage::{COMMIT, FILE, FOLDER, Stage};
use crate::support::git_server::{Access, GitServer};
use crate::support::repository::File;

fn images(argument: &str) -> String {
    format!("kustomize:\n  images:\n  - {argument}\n")
}

/// argocd-image-updater leaves such a file behind, so that a release changes the kustomization and nothing in the cluster.
#[test]
fn an_image_that_argo_cd_replaces_is_told() {
    let stage = Stage::new();
    let image = stage.image();
    let of_app = format!("{FOLDER}/.argocd-source-web.yaml");
    let of_all = format!("{FOLDER}/.argocd-source.yaml");
    let above = ".argocd-source-web.yaml".to_owned();
    let named = images("IMAGE_PLACEHOLDER=r.example/web:v0.5.0");
    for (path, text, is_told) in [
        (&of_app, named.clone(), true),
        (&of_all, named.clone(), true),
        (&of_app, images(&format!("{image}:v0.5.0")), true),
        (&of_app, images(&format!("IMAGE_PLACEHOLDER={image}:{COMMIT}")), false),
        (&of_app, images("r.example/other:v0.5.0"), false),
        (&of_app, "helm:\n  parameters:\n  - {name: image.tag, value: v0.5.0}\n".to_owned(), false),
        (&of_app, "kustomize: [".to_owned(), false),
        (&above, named, false),
    ] {
        stage.remote.commit("main", "For Argo CD", &[File::new(path, &text)]);
        let release = stage.release().args(["--dry-run", &stage.argument()]).run().success();
        let told = format!(
            " warn    `{path}` has `v0.5.0` for `IMAGE_PLACEHOLDER`, and Argo CD deploys that one: release to that file with \
             `-f`, or remove the image from it\n"
        );
        assert_eq!(release.stdout().contains(&told), is_told, "{path}: {text}\n{}", release.stdout());
        assert_eq!(release.stdout().contains("Argo CD"), is_told, "{path}: {text}\n{}", release.stdout());
        stage.remote.commit("main", "Without it", &[File::new(path, "{}\n")]);
    }
}

/// The file comes in the request that the kustomization comes in, whether that is named or its folder.
#[test]
fn what_it_costs() {
    let stage = Stage::new();
    let server = GitServer::start(stage.remote.folder(), Access::Open);
    let requests = |path: &str| {
        server.requests();
        let url = server.url("gitops.git");
        let release = ["release", "--repo", &url, "--branch", "main", "-k", path, "--dry-run", &stage.argument()];
        let output = stage.tagship().args(release).run().success();
        (server.requests().len(), output.stdout().contains("Argo CD"))
    };
    let (ordinary, _) = requests(FOLDER);
    let file = File::new(&format!("{FOLDER}/.argocd-source-web.yaml"), images("IMAGE_PLACEHOLDER=web:v0.5.0"));
    stage.remote.commit("main", "For Argo CD", &[file]);
    assert_eq!([FOLDER, FILE].map(requests), [(ordinary, true); 2]);
}

/// A file that the release writes too says what is released.
#[test]
fn one_that_is_released_too_replaces_nothing() {
    let stage = Stage::new();
    let path = format!("{FOLDER}/.argocd-source-web.yaml");
    let file = File::new(&path, images("IMAGE_PLACEHOLDER=r.example/web:v0.5.0"));
    stage.remote.commit("main", "For Argo CD", &[file]);
    let release = stage.release().args(["-f", &path, "--no-check", "--dry-run", "IMAGE_PLACEHOLDER=r.example/web:v3"]);
    let output = release.run().success();
    assert!(!output.stdout().contains("Argo CD"), "{}", output.stdout());
}

/// Argo CD takes `sources` alone, so what is in `source` is neither checked nor listed.
#[test]
fn what_argo_cd_ignores_is_told_and_not_checked() {
    let stage = Stage::new();
    let source = "  source:\n    helm:\n      valuesObject: {image: {repository: r.example/org/web, tag: v0.5.0}}\n";
    let head = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\nspec:\n";
    let sources = format!(
        "  sources:\n  - repoURL: a\n    helm:\n      valuesObject: {{image: {{repository: '{}', tag: {COMMIT}}}}}\n",
        stage.image()
    );
    stage.remote.commit("main", "For Argo CD", &[File::new("app.yaml", format!("{head}{source}{sources}"))]);
    let url = format!("file://{}/gitops.git", stage.remote.folder().display());
    let run = |command: &str| {
        stage.tagship().args([command, "--repo", &url, "--branch", "main", "-f", "app.yaml"]).run().success()
    };
    let told = "app.yaml:5:3: Argo CD ignores `source` beside `sources`, so its images are not deployed";
    for command in ["check", "status"] {
        let output = run(command);
        output.says_nowhere("r.example").stdout_has(told);
    }
}
