//! The images of a file that show without being asked for: by their key and their form, by the name that such a file gives
//! them, or by a marker of Flux alone. What shows and cannot be told is said, so that a check does not take it for checked.

use std::collections::{HashMap, HashSet};

use super::entries_elsewhere::{flux_entries, post_renderer_entries};
use super::lookup::{FileImages, NamedPlace, image_of_container, oci_repository, require_one, values_of};
use super::through_alias::{ToldImages, Written};
use super::unknown_places::unknown_places;
use crate::image::ImageName;
use crate::targets::flux_marker::is_policy_name;
use crate::targets::scalars::document::document_kind::DocumentKind;
use crate::targets::scalars::document::object::Object;
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::targets::scalars::image_parts::place::{ImagePlace, ReferenceForm, Slots};
use crate::targets::scalars::kinds::argo::{image_names, kustomize_images, sources};
use crate::targets::scalars::kinds::container::is_filled_in;
use crate::targets::scalars::kinds::image_path::{ImageByPath, images_below};
use crate::targets::scalars::kinds::marked::{all_marked, policies};
use crate::targets::scalars::kinds::source_images::images_of_source;
use crate::yaml::{NodeId, ParsedYaml};

/// The images that show, in file order, and what is wrong with the others.
#[derive(Default)]
pub(in crate::targets::scalars) struct ShownImages {
    /// Each with all of its places.
    pub(in crate::targets::scalars) images: Vec<(String, Vec<ImagePlace>)>,
    /// Images of which the file does not tell what they are.
    pub(in crate::targets::scalars) untold: Vec<FileRefusal>,
    /// Values that may be no images at all, and images that are chosen elsewhere.
    pub(in crate::targets::scalars) doubtful: Vec<FileRefusal>,
}

/// An image that shows, or why it cannot be told.
struct Candidate {
    name: String,
    /// The label of its object.
    label: Option<String>,
    image: Result<Written, FileRefusal>,
    is_doubtful: bool,
}

impl Candidate {
    fn here(&self) -> Option<&ImagePlace> {
        match &self.image {
            Ok(Written::Here(found)) => Some(&found.place),
            _ => None,
        }
    }
}

/// Takes an image with its name.
type Show<'s> = dyn FnMut(String, Result<NamedPlace, FileRefusal>) + 's;

impl FileImages<'_, '_> {
    /// Returns each image that shows without being asked for. Of several with one name that are not the same image, each has the
    /// name of its object before its own.
    pub(in crate::targets::scalars) fn all(&self) -> ShownImages {
        let yaml = self.yaml;
        let mut all = ShownImages::default();
        let mut shown = match yaml.expanded() {
            Ok(Some(expanded)) => {
                let images = FileImages::new(self.origin, &expanded.yaml);
                images.shown(|found| images.refuse_repeated(&found.place).and_then(|()| Written::of(&expanded, found)))
            }
            Ok(None) => self.shown(|found| self.told_here(found)),
            Err(error) => {
                all.untold.push(error.into());
                Vec::new()
            }
        };
        self.add_marked(&mut shown);
        self.tell_behind(&mut shown);
        let covered = shown.iter().filter_map(Candidate::here).flat_map(ImagePlace::nodes).collect();
        all.doubtful.extend(unknown_places(yaml, &self.objects, &covered).into_iter().map(|unknown| unknown.refusal));
        let mut names: Vec<String> = Vec::new();
        let mut found: HashMap<String, Vec<(Option<String>, NamedPlace)>> = HashMap::new();
        for one in shown {
            match one.image {
                Ok(Written::Here(image)) => {
                    let of_name = found.entry(one.name.clone()).or_insert_with(|| {
                        names.push(one.name);
                        Vec::new()
                    });
                    of_name.push((one.label, image));
                }
                Ok(Written::ThroughAlias(_)) => {}
                Err(refusal) if one.is_doubtful => all.doubtful.push(refusal),
                Err(refusal) => all.untold.push(refusal),
            }
        }
        for name in names {
            let images = found.remove(&name).unwrap_or_default();
            all.add(yaml, name, images);
        }
        // What several aliases stand for is refused once.
        keep_first(&mut all.untold);
        keep_first(&mut all.doubtful);
        all
    }

    fn told_here(&self, found: NamedPlace) -> Result<Written, FileRefusal> {
        self.refuse_repeated(&found.place).and_then(|()| found.place.fields(self.yaml))?;
        Ok(Written::Here(found))
    }

    /// Returns the names of the images that show and that an argument can have, each once, or else the paths of what may be one;
    /// with the policies of Flux, if one of `absent` is written as a policy.
    pub(in crate::targets::scalars) fn names<'n>(&self, mut absent: impl Iterator<Item = &'n str>) -> Vec<String> {
        let mut names: Vec<String> =
            self.shown(|found| Ok(Written::Here(found))).into_iter().map(|shown| shown.name).collect();
        if names.is_empty() {
            // An argument can name them by their paths alone.
            names.extend(
                unknown_places(self.yaml, &self.objects, &HashSet::new()).into_iter().map(|unknown| unknown.path),
            );
        }
        if absent.any(is_policy_name) {
            names.extend(policies(self.yaml));
        }
        let mut seen = HashSet::new();
        names.retain(|name| name.parse::<ImageName>().is_ok() && seen.insert(name.clone()));
        names
    }

    fn shown(&self, written: impl Fn(NamedPlace) -> Result<Written, FileRefusal>) -> Vec<Candidate> {
        let mut shown = Vec::new();
        let in_parameters = self.origin.parameters.map(image_names).unwrap_or_default();
        for (object, named) in self.objects.iter().zip(&self.named) {
            self.in_object(object, &mut |name, image| {
                if in_parameters.contains(&name) {
                    return;
                }
                let image = image.and_then(|found| self.as_deployed(found));
                let is_doubtful = self.is_doubtful(object, &image);
                let image = image.and_then(&written);
                shown.push(Candidate { name, label: object.label.clone(), image, is_doubtful });
            });
            for named in named {
                if let Some(image) = image_of_container(self.yaml, object, named).transpose() {
                    let by = if named.is_by_path() { NamedPlace::by_path } else { NamedPlace::by_name };
                    let (name, label) = (named.name.clone(), object.label.clone());
                    shown.push(Candidate {
                        name,
                        label,
                        image: image.map(by).and_then(&written),
                        is_doubtful: is_filled_in(self.yaml, named),
                    });
                }
            }
        }
        shown
    }

    fn as_deployed(&self, mut found: NamedPlace) -> Result<NamedPlace, FileRefusal> {
        self.lay_parameters_over(&mut found.place).map(|()| found)
    }

    /// Calls `show` with each image of an object that is no container.
    fn in_object(&self, object: &Object, show: &mut Show<'_>) {
        let yaml = self.yaml;
        match values_of(yaml, object) {
            Ok(Some(values)) => show_by_path(images_below(yaml, &self.known, values), show),
            Ok(None) => {}
            Err(refusal) => return show(String::new(), Err(refusal)),
        }
        for source in sources(yaml, object) {
            show_by_path(images_of_source(yaml, source), show);
            for (name, image) in kustomize_images(yaml, source) {
                show(name, image.map(NamedPlace::by_name));
            }
        }
        match object.kind {
            DocumentKind::HelmRelease => show_by_path(post_renderer_entries(yaml, object.root), show),
            // A Kustomization that is alone has an editor of its own.
            DocumentKind::FluxKustomization if yaml.tree.documents.len() > 1 => {
                show_by_path(flux_entries(yaml, object.root), show);
            }
            DocumentKind::OciRepository => {
                let name = object.label.clone().unwrap_or_else(|| ".spec.ref".to_owned());
                show(name, oci_repository(yaml, object.root).map(NamedPlace::by_name));
            }
            _ => {}
        }
    }

    /// Whether what cannot be told may be no image, as `heroImage: "a photo"`, or is chosen by Flux.
    fn is_doubtful(&self, object: &Object, image: &Result<NamedPlace, FileRefusal>) -> bool {
        match image {
            Ok(NamedPlace { place, .. }) => match &place.slots {
                Slots::Reference { slot, form: ReferenceForm::Uncertain } => {
                    !slot.key_text(self.yaml).eq_ignore_ascii_case("image")
                }
                _ => false,
            },
            Err(_) => object.kind == DocumentKind::OciRepository,
        }
    }

    /// Adds the images that only markers of Flux show.
    fn add_marked(&self, shown: &mut Vec<Candidate>) {
        let covered: HashSet<NodeId> = shown.iter().filter_map(Candidate::here).flat_map(ImagePlace::nodes).collect();
        for marked in all_marked(self.yaml, &self.objects) {
            if marked.nodes.iter().all(|node| covered.contains(node)) {
                continue;
            }
            let show = |image: Result<Written, FileRefusal>| Candidate {
                name: marked.policy.clone(),
                label: None,
                image,
                is_doubtful: false,
            };
            match marked.images {
                Ok(images) => {
                    let images = images.into_iter().map(NamedPlace::by_name);
                    let told = |found| self.as_deployed(found).and_then(|found| self.told_here(found));
                    shown.extend(images.map(|found| show(told(found))));
                }
                Err(refusal) => shown.push(show(Err(refusal))),
            }
        }
    }

    /// Takes what an alias stands for in its place: by its path, if it does not show by itself.
    fn tell_behind(&self, shown: &mut [Candidate]) {
        let through_aliases = shown.iter().filter_map(|one| match &one.image {
            Ok(Written::ThroughAlias(image)) => Some(image),
            _ => None,
        });
        let mut told = ToldImages::new(self.yaml, shown.iter().filter_map(Candidate::here), through_aliases);
        for one in shown {
            let Ok(Written::ThroughAlias(image)) = &one.image else { continue };
            match told.tell(self, image) {
                Ok(Some((name, found))) => (one.name, one.image) = (name, Ok(Written::Here(found))),
                Ok(None) => {}
                Err(refusal) => one.image = Err(refusal),
            }
        }
    }
}

fn show_by_path(images: Vec<ImageByPath>, show: &mut Show<'_>) {
    for (name, image) in images {
        if let Some(image) = image.transpose() {
            show(name, image.map(NamedPlace::by_path));
        }
    }
}

impl ShownImages {
    /// Adds the images of one name. If they are not one image, each is called by its object.
    fn add(&mut self, yaml: &ParsedYaml<'_>, name: String, images: Vec<(Option<String>, NamedPlace)>) {
        let (labels, images): (Vec<Option<String>>, Vec<NamedPlace>) = images.into_iter().unzip();
        let Err(refusal) = require_one(yaml, &name, &images) else { return self.list(name, images) };
        if all_say_the_same(yaml, &images) {
            return self.list(name, images);
        }
        let mut qualified: Vec<(String, Vec<NamedPlace>)> = Vec::new();
        for (label, found) in labels.into_iter().zip(images) {
            let Some(label) = label.filter(|label| *label != name) else { return self.untold.push(refusal) };
            let full = format!("{label}/{name}");
            match qualified.last_mut().filter(|(other, _)| *other == full) {
                Some((_, of_name)) => of_name.push(found),
                None => qualified.push((full, vec![found])),
            }
        }
        for (name, images) in qualified {
            match require_one(yaml, &name, &images) {
                Err(refusal) if !all_say_the_same(yaml, &images) => self.untold.push(refusal),
                _ => self.list(name, images),
            }
        }
    }

    fn list(&mut self, name: String, images: Vec<NamedPlace>) {
        self.images.push((name, images.into_iter().map(|found| found.place).collect()));
    }
}

fn all_say_the_same(yaml: &ParsedYaml<'_>, images: &[NamedPlace]) -> bool {
    let mut said = images.iter().map(|found| found.place.fields(yaml).ok());
    said.next().is_none_or(|first| said.all(|other| other == first))
}

fn keep_first(refusals: &mut Vec<FileRefusal>) {
    let mut seen = HashSet::new();
    refusals.retain(|refusal| seen.insert(refusal.to_string()));
}
