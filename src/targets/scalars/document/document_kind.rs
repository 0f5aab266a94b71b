//! What a document is, by its content. The name of the file says little: most values files are not called `values.yaml`.

use std::fmt;

use super::nodes::{is_list, is_mapping, text_of, value_of};
use crate::targets::kustomization::{self, is_kustomization_name};
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::yaml::{NodeId, Pair, ParsedYaml, YamlError};

/// The group of the Kustomizations of Flux.
pub(in crate::targets) const FLUX_KUSTOMIZATIONS: &str = "kustomize.toolkit.fluxcd.io";

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::targets) enum DocumentKind {
    Kustomization,
    /// A `Kustomization` of Flux.
    FluxKustomization,
    HelmRelease,
    OciRepository,
    /// An `Application` of Argo CD.
    Application,
    ApplicationSet,
    /// A file `.argocd-source….yaml`: the source of an application.
    ApplicationSource,
    /// A `List` of objects.
    List,
    /// Any other object of Kubernetes.
    Manifest,
    /// It has no containers of its own, though its schema may look so.
    Definition,
    Compose,
    /// Anything else: the values of a chart, or settings.
    Values,
    /// Nothing at all between two `---`.
    Empty,
}

impl fmt::Display for DocumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kustomization => "a kustomization",
            Self::FluxKustomization => "a Kustomization of Flux",
            Self::HelmRelease => "a HelmRelease",
            Self::OciRepository => "an OCIRepository",
            Self::Application => "an Application of Argo CD",
            Self::ApplicationSet => "an ApplicationSet of Argo CD",
            Self::ApplicationSource => "a source of an Application of Argo CD",
            Self::List => "a List of Kubernetes",
            Self::Manifest => "a manifest",
            Self::Definition => "a CustomResourceDefinition",
            Self::Compose => "a compose file",
            Self::Values => "a file of values",
            Self::Empty => "empty",
        })
    }
}

/// Returns the last part of a path.
pub(in crate::targets) fn file_name(path: &str) -> &str {
    path.rsplit(['/', std::path::MAIN_SEPARATOR]).next().unwrap_or(path)
}

/// Returns what the document at `root` is.
pub(in crate::targets) fn document_kind(path: &str, yaml: &ParsedYaml<'_>, root: NodeId) -> DocumentKind {
    if yaml.tree.is_null(root) {
        return DocumentKind::Empty;
    }
    let version = text_of(yaml, root, "apiVersion").unwrap_or_default();
    let kind = text_of(yaml, root, "kind").unwrap_or_default();
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let name = file_name(path);
    if kustomization::says_so(yaml, root) {
        return DocumentKind::Kustomization;
    }
    // kustomize itself looks at no kind, and an `images` list says what is meant.
    if is_kustomization_name(path) && (version.is_empty() || has_images(yaml, root)) {
        return DocumentKind::Kustomization;
    }
    match (group, kind) {
        (FLUX_KUSTOMIZATIONS, "Kustomization") => DocumentKind::FluxKustomization,
        ("helm.toolkit.fluxcd.io", "HelmRelease") => DocumentKind::HelmRelease,
        ("source.toolkit.fluxcd.io", "OCIRepository") => DocumentKind::OciRepository,
        ("argoproj.io", "Application") => DocumentKind::Application,
        ("argoproj.io", "ApplicationSet") => DocumentKind::ApplicationSet,
        (_, "CustomResourceDefinition") => DocumentKind::Definition,
        (_, "List") if !version.is_empty() && has_items(yaml, root) => DocumentKind::List,
        _ if name.starts_with(".argocd-source") => DocumentKind::ApplicationSource,
        _ if !version.is_empty() && !kind.is_empty() => DocumentKind::Manifest,
        _ if version.is_empty() && has_services(yaml, root) => DocumentKind::Compose,
        _ => DocumentKind::Values,
    }
}

fn has_items(yaml: &ParsedYaml<'_>, root: NodeId) -> bool {
    value_of(yaml, root, "items").is_some_and(|items| is_list(yaml, items))
}

/// Returns the first object that would be a manifest if it had an `apiVersion`.
pub(in crate::targets) fn without_version(yaml: &ParsedYaml<'_>) -> Option<NodeId> {
    yaml.tree.documents.iter().copied().find(|root| lacks_version(yaml, *root))
}

/// Whether an object would be a manifest if it had an `apiVersion`.
pub(super) fn lacks_version(yaml: &ParsedYaml<'_>, root: NodeId) -> bool {
    let has = |key: &str| value_of(yaml, root, key).is_some();
    text_of(yaml, root, "kind").is_some() && has("metadata") && !has("apiVersion")
}

/// Whether a mapping has a list of images for kustomize, which matches keys in any case.
fn has_images(yaml: &ParsedYaml<'_>, root: NodeId) -> bool {
    let is_list = |key: &str| key.eq_ignore_ascii_case("images") || key.eq_ignore_ascii_case("imageTags");
    is_mapping(yaml, root) && yaml.tree.own(root, &is_list).is_some()
}

/// The keys of an image in parts, which no service of a compose file has.
const PARTS_OF_AN_IMAGE: [&str; 7] = ["repository", "registry", "tag", "version", "digest", "imageTag", "image_tag"];

/// Whether `services` is a mapping of mappings of which one has an image or is built, as in a compose file. The values of a chart
/// may have `services` too, with images in parts.
fn has_services(yaml: &ParsedYaml<'_>, root: NodeId) -> bool {
    let Some(services) = value_of(yaml, root, "services").filter(|services| is_mapping(yaml, *services)) else {
        return false;
    };
    let service = |pair: Pair| yaml.tree.resolve(pair.value);
    let is_run = |service: NodeId| ["image", "build"].into_iter().any(|key| value_of(yaml, service, key).is_some());
    let has_parts = |service: NodeId| PARTS_OF_AN_IMAGE.into_iter().any(|key| value_of(yaml, service, key).is_some());
    yaml.tree.pairs(services).map(service).all(|service| is_mapping(yaml, service) && !has_parts(service))
        && yaml.tree.pairs(services).map(service).any(is_run)
}

/// Refuses files that must not be edited, whatever they are.
pub(in crate::targets) fn refuse_file(path: &str, yaml: &ParsedYaml<'_>) -> Result<(), FileRefusal> {
    for root in yaml.tree.documents.iter().copied() {
        if is_mapping(yaml, root) || is_list(yaml, root) || yaml.tree.is_null(root) {
            continue;
        }
        let message = format!("`{path}` is neither a mapping nor a list in YAML or JSON");
        let other = FileRefusal::at(yaml, root, message, "keep the tag in a YAML or JSON file");
        return Err(if is_called_dotenv(path) { dotenv() } else { other });
    }
    Ok(())
}

/// Returns why a file that is no YAML cannot be edited.
pub(in crate::targets) fn no_yaml(path: &str, source: &[u8], error: YamlError) -> FileRefusal {
    match refuse_text(path, source) {
        Err(refusal) => refusal,
        Ok(()) if is_called_dotenv(path) => dotenv(),
        Ok(()) => error.into(),
    }
}

/// Whether a file has the name of one of variables, which may be YAML all the same.
pub(in crate::targets) fn is_called_dotenv(path: &str) -> bool {
    let name = file_name(path);
    name.ends_with(".env") || name.starts_with(".env.")
}

fn dotenv() -> FileRefusal {
    FileRefusal::never_edited("dotenv is not edited", "keep the tag in a YAML or JSON file that the program can read")
}

const NOT_ENCRYPTED: &str = "keep the image in a file of its own that is not encrypted";

/// Refuses, before it is read as text, what is encrypted as a whole.
pub(in crate::targets) fn refuse_encrypted(source: &[u8]) -> Result<(), FileRefusal> {
    match source.starts_with(b"\0GITCRYPT") {
        true => Err(FileRefusal::never_edited("git-crypt encrypts this file", NOT_ENCRYPTED)),
        false => Ok(()),
    }
}

/// Refuses what SOPS has encrypted, in part or as a whole.
pub(in crate::targets) fn refuse_sops(yaml: &ParsedYaml<'_>) -> Result<(), FileRefusal> {
    let of_document = |root: &NodeId| {
        let sops = value_of(yaml, *root, "sops")?;
        value_of(yaml, sops, "mac").and(Some(sops))
    };
    let Some(sops) = yaml.tree.documents.iter().find_map(of_document) else { return Ok(()) };
    let message = "SOPS encrypts this file, and its checksum covers all values";
    Err(FileRefusal { place: Some(yaml.place(sops)), ..FileRefusal::never_edited(message, NOT_ENCRYPTED) })
}

/// Refuses, before it is parsed, what is known not to be YAML.
pub(in crate::targets) fn refuse_text(path: &str, source: &[u8]) -> Result<(), FileRefusal> {
    refuse_encrypted(source)?;
    let name = file_name(path);
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    match extension {
        Some("tf" | "tfvars" | "hcl") => {
            return Err(FileRefusal::never_edited(
                "HCL is not edited",
                "keep the tag in a file `*.auto.tfvars.json`, or in a YAML file that is read with `yamldecode`",
            ));
        }
        Some("toml" | "ini" | "properties") => {
            return Err(FileRefusal::never_edited(
                format!("`{name}` is not a YAML or JSON file"),
                "keep the tag in a YAML or JSON file",
            ));
        }
        _ => {}
    }
    let is_template = path.split(['/', std::path::MAIN_SEPARATOR]).rev().skip(1).any(|part| part == "templates");
    if is_template && source.windows(2).any(|two| two == b"{{") {
        return Err(FileRefusal::never_edited(
            "this looks like a template of a chart",
            "name the values file that the template is filled from",
        ));
    }
    Ok(())
}
