//! What the parts of an image say of its name: which of `registry`, `repository`, `image` and `name` make it, and which of them
//! are the name of something else. The mappings of values and the parameters of Argo CD are read alike.

use super::image_text::ImageText;
use crate::image::{has_registry, split_registry};

/// The keys of what makes a name.
pub(in crate::targets::scalars) const NAME_PARTS: [&str; 4] = ["registry", "repository", "image", "name"];

/// The texts that may be a part of an image's name.
pub(in crate::targets::scalars) struct NameParts<'t> {
    registry: Option<&'t str>,
    repository: Option<&'t str>,
    image: Option<&'t str>,
    name: Option<&'t str>,
    /// Whether the mapping around them is called an image, so that `name` is that of the image.
    is_of_image: bool,
    /// Whether the repository is a text that the chart fills in: the name is only its end.
    is_below_default: bool,
}

/// Where the name is.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::targets::scalars) enum NameSource {
    /// Under one key, or under two with a `/` between them. An edit writes them.
    Written { before: Option<&'static str>, last: &'static str },
    /// In the file, and an edit does not write it.
    Known(String),
    /// Not in the file, or not for certain.
    Elsewhere,
}

/// Which names an argument may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::targets::scalars) enum NameLimit {
    EndsIn(String),
    /// Its registry shows that the text here is the name of an image.
    HasRegistry,
    IsOfRegistry(String),
    IsOneOf([String; 2]),
    /// What the parts may say too.
    IsNot(String),
}

impl NameLimit {
    pub(in crate::targets::scalars) fn ends_in(end: &str) -> Self {
        Self::EndsIn(end.to_owned())
    }
}

/// What the parts say.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::targets::scalars) struct SaidName {
    pub(in crate::targets::scalars) source: NameSource,
    pub(in crate::targets::scalars) limit: Option<NameLimit>,
}

impl SaidName {
    fn written(before: Option<&'static str>, last: &'static str) -> Self {
        Self { source: NameSource::Written { before, last }, limit: None }
    }

    fn with_registry(last: &'static str) -> Self {
        Self::written(None, last).limited(NameLimit::HasRegistry)
    }

    fn known(name: String) -> Self {
        Self { source: NameSource::Known(name), limit: None }
    }

    fn elsewhere(limit: Option<NameLimit>) -> Self {
        Self { source: NameSource::Elsewhere, limit }
    }

    fn limited(self, limit: NameLimit) -> Self {
        Self { limit: Some(limit), ..self }
    }
}

/// Whether what is called so is an image, or a list of them.
pub(in crate::targets::scalars) fn is_image_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.ends_with("image") || key.ends_with("images")
}

impl<'t> NameParts<'t> {
    /// Returns the parts among the texts of a mapping. `text` returns nothing for an empty one.
    pub(in crate::targets::scalars) fn of(text: &dyn Fn(&str) -> Option<&'t str>, is_of_image: bool) -> Self {
        let [registry, repository, image, name] = NAME_PARTS.map(text);
        let registry = registry.map(|registry| registry.trim_end_matches('/'));
        Self { registry, repository, image, name, is_of_image, is_below_default: false }
    }

    /// Takes `name` for the end of a name that the chart begins, if there is a key `repository` with no text.
    pub(in crate::targets::scalars) fn beside_repository_key(self, has_key: bool) -> Self {
        Self { is_below_default: has_key && self.repository.is_none(), ..self }
    }

    /// Whether a whole reference is beside the version of the parts.
    pub(in crate::targets::scalars) fn has_own_version(&self) -> bool {
        let image = self.image.filter(|_| self.repository.is_none());
        let image = image.and_then(|text| ImageText::parse(text, false).ok());
        image.is_some_and(|image| image.tag.is_some() || image.digest.is_some())
    }

    /// Returns what the parts say.
    pub(in crate::targets::scalars) fn said(&self) -> SaidName {
        let registry = self.registry.map(|_| "registry");
        let image = self.image.and_then(|text| ImageText::parse(text, false).ok());
        if let Some(repository) = self.repository {
            return self.beside_repository(repository);
        }
        match (image, self.name) {
            (Some(image), _) if image.tag.is_some() || image.digest.is_some() => match has_registry(&image.name) {
                true => SaidName::known(image.name),
                false => SaidName::elsewhere(Some(NameLimit::EndsIn(image.name))),
            },
            (Some(image), _) => match self.registry {
                Some(registry) if after_prefix(registry, &image.name).is_some() => SaidName::with_registry("image"),
                Some(_) => SaidName::written(registry, "image"),
                None if has_registry(&image.name) => SaidName::with_registry("image"),
                None => SaidName::elsewhere(Some(NameLimit::EndsIn(image.name))),
            },
            (None, Some(name)) if self.image.is_none() => {
                let is_word = !name.contains('/');
                match bare_name(name) {
                    Some(name) if self.is_below_default => SaidName::elsewhere(Some(NameLimit::EndsIn(name))),
                    _ if self.is_of_image || registry.is_some() => SaidName::written(registry, "name"),
                    Some(name) if is_word => SaidName::elsewhere(Some(NameLimit::EndsIn(name))),
                    Some(name) if has_registry(&name) => SaidName::with_registry("name"),
                    Some(_) => SaidName::written(None, "name"),
                    None => SaidName::elsewhere(None),
                }
            }
            _ => SaidName::elsewhere(self.registry.map(|registry| NameLimit::IsOfRegistry(registry.to_owned()))),
        }
    }

    /// Beside `repository`, an `image` or a `name` is the end of the name, or says again what the repository says, or is the name
    /// of something else.
    fn beside_repository(&self, repository: &str) -> SaidName {
        let whole = SaidName::written(self.registry.map(|_| "registry"), "repository");
        let base = match self.registry {
            Some(registry) => format!("{registry}/{repository}"),
            None => repository.to_owned(),
        };
        let end =
            |text: Option<&str>| text.and_then(bare_name).filter(|end| !has_registry(end) && !ends_in(repository, end));
        let joined = |last: &'static str, end: &str| match self.registry {
            Some(_) => SaidName::known(format!("{base}/{end}")),
            None => SaidName::written(Some("repository"), last),
        };
        if let Some(image) = end(self.image) {
            return joined("image", &image).limited(NameLimit::IsNot(base));
        }
        if self.image.and_then(bare_name).is_some_and(|image| has_registry(&image)) && bare_name(repository).is_none() {
            // The address of sources.
            return SaidName::with_registry("image");
        }
        let Some(name) = end(self.name).filter(|_| self.image.is_none()) else { return whole };
        let full = format!("{base}/{name}");
        let has_owner_alone = !split_registry(&base).1.contains('/');
        match (self.is_of_image, has_owner_alone) {
            (true, true) if has_registry(&base) => joined("name", &name).limited(NameLimit::IsNot(base)),
            (false, false) => whole.limited(NameLimit::IsNot(full)),
            _ => SaidName::elsewhere(Some(NameLimit::IsOneOf([base, full]))),
        }
    }

    /// Returns the name, if it is in the parts.
    pub(in crate::targets::scalars) fn name(&self) -> Option<String> {
        match self.said().source {
            NameSource::Written { before, last } => {
                let last = self.text(last)?;
                Some(
                    before
                        .and_then(|key| self.text(key))
                        .map_or_else(|| last.to_owned(), |text| format!("{text}/{last}")),
                )
            }
            NameSource::Known(name) => Some(name),
            NameSource::Elsewhere => None,
        }
    }

    fn text(&self, key: &str) -> Option<&'t str> {
        match key {
            "registry" => self.registry,
            "repository" => self.repository,
            "image" => self.image,
            _ => self.name,
        }
    }

    /// Whether there is any text.
    pub(in crate::targets::scalars) fn is_said(&self) -> bool {
        [self.registry, self.repository, self.image, self.name].iter().any(Option::is_some)
    }

    /// Returns what the parts say in a chart. A registry for all of its images comes before a name, or in place of its registry.
    /// One under another key may come before a word.
    pub(in crate::targets::scalars) fn said_in_chart(
        &self,
        has_shared_registry: bool,
        is_below_registry: &dyn Fn() -> bool,
    ) -> SaidName {
        let said = self.said();
        if !has_shared_registry {
            let is_alone = said.source == NameSource::Written { before: None, last: "name" };
            let word = self.name.filter(|name| is_alone && !name.contains('/'));
            return match word.filter(|_| is_below_registry()) {
                Some(word) => SaidName::elsewhere(Some(NameLimit::EndsIn(word.to_owned()))),
                None => said,
            };
        }
        match (said.source, said.limit) {
            (NameSource::Written { before: Some("repository"), last }, _) => {
                SaidName::elsewhere(self.text(last).map(|end| NameLimit::EndsIn(end.to_owned())))
            }
            (source @ NameSource::Written { .. }, _) => SaidName { source, limit: None },
            (_, limit @ Some(NameLimit::EndsIn(_))) => SaidName::elsewhere(limit),
            _ => SaidName::elsewhere(None),
        }
    }
}

/// Returns a text that is a name without tag and digest.
pub(in crate::targets::scalars) fn bare_name(text: &str) -> Option<String> {
    let image = ImageText::parse(text, false).ok()?;
    (image.tag.is_none() && image.digest.is_none()).then_some(image.name)
}

/// Whether a name is `end`, or ends in it.
pub(in crate::targets::scalars) fn ends_in(name: &str, end: &str) -> bool {
    name.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

/// Returns the rest of a name that begins with `before` and a `/`.
pub(in crate::targets::scalars) fn after_prefix<'n>(before: &str, name: &'n str) -> Option<&'n str> {
    name.strip_prefix(before)?.strip_prefix('/')
}

/// Returns the rest of a name behind a registry, which may have a path, if the name is below it: `acme/web` is below `docker.io`,
/// and `nginx` below `docker.io/library` too.
pub(in crate::targets::scalars) fn below(registry: &str, name: &str) -> Option<String> {
    if has_registry(name) {
        return after_prefix(registry, name).map(str::to_owned);
    }
    let hub = split_registry(name).0;
    let official = (!name.contains('/')).then(|| format!("{hub}/library/{name}"));
    let spelled = [Some(name.to_owned()), Some(format!("{hub}/{name}")), official];
    spelled.into_iter().flatten().find_map(|name| after_prefix(registry, &name).map(str::to_owned))
}

/// Takes a name apart that is in two parts of which the second one was `last`.
pub(in crate::targets::scalars) fn split_name<'n>(name: &'n str, last: &'n str) -> (&'n str, &'n str) {
    match name.strip_suffix(last).and_then(|before| before.strip_suffix('/')) {
        Some(before) => (before, last),
        None => name.rsplit_once('/').unwrap_or_else(|| split_registry(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::{NameLimit, NameParts};

    /// Reads `KEY=TEXT` parts.
    fn parts(text: &'static str, is_of_image: bool) -> NameParts<'static> {
        let value = |key: &str| text.split(' ').find_map(|part| part.strip_prefix(key)?.strip_prefix('='));
        NameParts::of(&value, is_of_image)
    }

    #[test]
    fn the_name_is_where_the_parts_say() {
        for (text, is_of_image, name) in [
            ("repository=acme/web", false, Some("acme/web")),
            ("registry=ghcr.io repository=acme/web", false, Some("ghcr.io/acme/web")),
            ("registry=ghcr.io image=acme/web", true, Some("ghcr.io/acme/web")),
            ("registry=ghcr.io image=ghcr.io/acme/web", true, Some("ghcr.io/acme/web")),
            ("registry=ghcr.io repository=acme image=web", false, Some("ghcr.io/acme/web")),
            ("repository=nvcr.io/nvidia image=driver", false, Some("nvcr.io/nvidia/driver")),
            ("repository=ghcr.io/acme/web image=web", false, Some("ghcr.io/acme/web")),
            ("repository=https://github.com/acme/web image=ghcr.io/acme/web", false, Some("ghcr.io/acme/web")),
            ("repository=ghcr.io/acme name=web", true, Some("ghcr.io/acme/web")),
            ("repository=ghcr.io/acme name=web", false, None),
            ("repository=ghcr.io/acme/web name=frontend", false, Some("ghcr.io/acme/web")),
            ("repository=ghcr.io/acme/web name=frontend", true, None),
            ("repository=ghcr.io/acme/web name=web", true, Some("ghcr.io/acme/web")),
            ("name=web image=ghcr.io/acme/web", false, Some("ghcr.io/acme/web")),
            ("image=ghcr.io/acme/web:v1", false, Some("ghcr.io/acme/web")),
            ("image=acme/web", false, None),
            ("name=web", false, None),
            ("name=web", true, Some("web")),
            ("name=acme/web", false, Some("acme/web")),
            ("registry=ghcr.io name=web", false, Some("ghcr.io/web")),
            ("name=The&web", false, None),
            ("registry=ghcr.io", false, None),
        ] {
            assert_eq!(parts(text, is_of_image).name().as_deref(), name, "{text}");
        }
    }

    #[test]
    fn what_is_not_said_is_limited() {
        let ends_in = |text: &str| Some(NameLimit::EndsIn(text.to_owned()));
        for (text, limit) in [
            ("name=web", ends_in("web")),
            ("image=acme/web", ends_in("acme/web")),
            ("registry=ghcr.io", Some(NameLimit::IsOfRegistry("ghcr.io".to_owned()))),
            (
                "repository=ghcr.io/a name=b",
                Some(NameLimit::IsOneOf(["ghcr.io/a".to_owned(), "ghcr.io/a/b".to_owned()])),
            ),
            ("repository=ghcr.io/a image=b", Some(NameLimit::IsNot("ghcr.io/a".to_owned()))),
            ("image=ghcr.io/acme/web", Some(NameLimit::HasRegistry)),
            ("repository=acme/web", None),
        ] {
            assert_eq!(parts(text, false).said().limit, limit, "{text}");
        }
    }
}
