//! Images behind aliases and merge keys, at every level at which one can stand: a check does not pass over them, and an edit
//! says where they are.

use tagship::image::ImageArgument;
use tagship::targets::{Absent, edit, read};

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n";
const RELEASE: &str = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: r}\n";
const APPLICATION: &str = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\n";
const FLUX: &str = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: k}\n";
const CHART: &str = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: o}\n";

/// Returns what shows in a file: `NAME=IMAGE` of each image that can be told, and the place and text of what cannot.
fn shown(text: &str) -> Vec<String> {
    let shown = read("all.yaml", text.as_bytes(), |file| file.shown_entries()).unwrap();
    let entry = |(name, fields): (String, tagship::targets::Fields)| {
        let tag = fields.new_tag.unwrap_or_default();
        format!("{name}={}:{tag}", fields.new_name.unwrap_or_default())
    };
    let untold = shown.untold.iter().map(|refusal| format!("untold {refusal}"));
    shown.entries.into_iter().map(entry).chain(untold).collect()
}

#[test]
fn no_image_behind_an_alias_or_a_merge_key_is_passed_over() {
    for (text, expected) in [
        (format!("{POD}x: &x [{{name: web, image: 'a/web:v9'}}]\nspec:\n  containers: *x\n"), ".x[0].image=a/web:v9"),
        (format!("{POD}x: &x {{containers: [{{name: web, image: 'a/web:v9'}}]}}\nspec: *x\n"), "web=a/web:v9"),
        (format!("{POD}x: &x\n- name: web\n  image: a/web:v9\nspec:\n  <<: {{containers: *x}}\n"), ".x[0].image=a/web:v9"),
        (format!("{POD}x: &x {{name: web, image: 'a/web:v9'}}\nspec:\n  containers: [*x]\n"), ".x.image=a/web:v9"),
        (format!("{POD}x: &x {{image: 'a/web:v9'}}\nspec:\n  containers:\n  - name: web\n    <<: *x\n"), ".x.image=a/web:v9"),
        (format!("{POD}x: &x a/web:v9\nspec:\n  containers:\n  - name: web\n    image: *x\n"), ".x=a/web:v9"),
        (format!("{POD}x: &x a/web:v9\nspec:\n  containers: [{{name: web, image: 'a/web:v1', <<: {{image: *x}}}}]\n"), "untold 6:52"),
        (
            "apiVersion: v1\nkind: List\nx: &x\n- kind: Pod\n  apiVersion: v1\n  spec: {containers: [{name: web, image: 'a/web:v9'}]}\nitems: *x\n".to_owned(),
            ".x[0].spec.containers[0].image=a/web:v9",
        ),
        (
            "apiVersion: v1\nkind: List\nx: &x {apiVersion: v1, kind: Pod}\nitems:\n- <<: *x\n  spec: {containers: [{name: web, image: 'a/web:v9'}]}\n".to_owned(),
            "web=a/web:v9",
        ),
        ("x: &x\n  web: {image: 'a/web:v9'}\nservices:\n  <<: *x\n  job: {build: .}\n".to_owned(), ".x.web.image=a/web:v9"),
        ("x: &x {web: {image: 'a/web:v9'}}\nservices: *x\n".to_owned(), ".x.web.image=a/web:v9"),
        (format!("{RELEASE}x: &x {{image: 'a/web:v9'}}\nspec:\n  values: *x\n"), ".x.image=a/web:v9"),
        (format!("{RELEASE}x: &x {{values: {{image: 'a/web:v9'}}}}\nspec: *x\n"), ".x.values.image=a/web:v9"),
        (format!("{RELEASE}x: &x {{repository: a/web, tag: v9}}\nspec: {{values: {{api: *x}}}}\n"), ".x=a/web:v9"),
        (
            format!("{RELEASE}x: &x {{image: {{repository: web, tag: v9}}}}\nspec: {{values: {{global: {{imageRegistry: r.example}}, sub: *x}}}}\n"),
            "untold 5:",
        ),
        (format!("{APPLICATION}x: &x {{image: 'a/web:v9'}}\nspec: {{source: {{helm: {{valuesObject: *x}}}}}}\n"), ".x.image=a/web:v9"),
        (format!("{APPLICATION}x: &x {{helm: {{valuesObject: {{image: 'a/web:v9'}}}}}}\nspec: {{sources: [*x]}}\n"), ".x.helm.valuesObject.image=a/web:v9"),
        (
            format!("{APPLICATION}x: &x [{{name: image.tag, value: v9}}]\nspec: {{source: {{helm: {{parameters: *x}}}}}}\n"),
            "untold 5:",
        ),
        (format!("{APPLICATION}x: &x [web=a/web:v9]\nspec: {{source: {{kustomize: {{images: *x}}}}}}\n"), "untold 5:"),
        (format!("{APPLICATION}x: &x [a/web:v9]\nspec: {{source: {{kustomize: {{images: *x}}}}}}\n"), ".x[0]=a/web:v9"),
        (format!("{APPLICATION}x: &x |\n  image: a/web:v9\nspec: {{source: {{helm: {{values: *x}}}}}}\n"), "untold 6:"),
        (format!("{FLUX}x: &x [{{name: a/web, newTag: v9}}]\nspec: {{images: *x}}\n---\nimage: a/api:v1\n"), "untold 5:16"),
        (format!("{CHART}x: &x {{tag: v9}}\nspec: {{url: 'oci://a.example/web', ref: *x}}\n"), "untold 5:"),
        ("x: &x {repository: a/web}\nweb: {<<: *x, tag: v9}\n".to_owned(), "web=a/web:v9"),
        ("x: &x {registry: r.example, repository: a/web}\nweb: {<<: *x, tag: v9}\n".to_owned(), "web=r.example/a/web:v9"),
        ("x: &x {repository: a/web, tag: v9}\nweb: {<<: *x, digest: ''}\n".to_owned(), "x=a/web:v9"),
    ] {
        let shown = shown(&text);
        assert!(shown.iter().any(|line| line.contains(expected)), "{text}\n{expected}: {shown:?}");
    }
}

/// What an alias stands for is told once.
#[test]
fn an_alias_of_what_shows_says_nothing_new() {
    for (text, expected) in [
        (
            "base: &x {image: {repository: a/web, tag: v1}}\nprod: *x\ntest: {<<: *x, replicas: 1}\n".to_owned(),
            "base.image=a/web:v1",
        ),
        (
            format!("{APPLICATION}spec: {{sources: [&x {{kustomize: {{images: [web=a/web:v1]}}}}, *x]}}\n"),
            "web=a/web:v1",
        ),
        (
            format!(
                "{APPLICATION}spec: {{sources: [{{helm: {{parameters: &x [{{name: image, value: 'a/web:v1'}}]}}}}, {{helm: {{parameters: *x}}}}]}}\n"
            ),
            "image=a/web:v1",
        ),
        (
            format!("{POD}spec:\n  containers: &x\n  - name: web\n    image: a/web:v1\n  initContainers: *x\n"),
            "web=a/web:v1",
        ),
    ] {
        assert_eq!(shown(&text), [expected], "{text}");
    }
}

#[test]
fn an_edit_names_the_place_behind_the_alias() {
    let pod = format!("{POD}x: &x [{{name: web, image: 'a/web:v9'}}]\nspec:\n  containers: *x\n");
    let other = format!("{POD}spec: {{containers: [{{name: web, image: 'a/web:v1'}}]}}\n---\n{pod}");
    let release = format!("{RELEASE}x: &x {{values: {{web: 'a/web:v9'}}}}\nspec: *x\n");
    let text = format!("{APPLICATION}x: &x |\n  web: a/web:v9\nspec: {{source: {{helm: {{values: *x}}}}}}\n");
    for (text, expected, hint) in [
        (&pod, "6:15: this is an alias", "edit `.x[0].image` at 4:27, "),
        (&other, "11:15: this is an alias", "edit `.x[0].image` at 9:27, "),
        (&release, "5:7: this is an alias", "edit `.x.values.web` at 4:22, "),
        (&text, "6:32: this is an alias", "edit `.x` at 4:4, "),
    ] {
        let arguments: [ImageArgument; 1] = ["web=*:v2".parse().unwrap()];
        let edited = edit("all.yaml", text.as_bytes(), &arguments, Absent::Report);
        let error =
            edited.and_then(|_| tagship::targets::entries("all.yaml", text.as_bytes(), Some("web"))).unwrap_err();
        assert!(error.to_string().contains(expected), "{text}\n{error}");
        assert!(error.hint().unwrap().starts_with(hint), "{text}\n{:?}", error.hint());
    }
}
