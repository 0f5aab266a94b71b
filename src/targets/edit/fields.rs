//! The fields of an entry that an argument can change, and what an argument asks of each.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use super::before_name::BeforeName;
use super::pulled::Pulled;
use crate::image::{Digest, Field, ImageChange, Tag, is_same_image};

/// A field of an entry that an argument can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldName {
    NewName,
    NewTag,
    Digest,
}

impl FieldName {
    /// All of them, in the order in which kustomize documents them.
    pub const ALL: [Self; 3] = [Self::NewName, Self::NewTag, Self::Digest];

    /// Returns the field's key.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NewName => "newName",
            Self::NewTag => "newTag",
            Self::Digest => "digest",
        }
    }

    /// Returns what an argument asks of this field, as text.
    pub(in crate::targets) fn asked(self, change: &ImageChange) -> Field<&str> {
        match self {
            Self::NewName => text(&change.new_name, String::as_str),
            Self::NewTag => text(&change.new_tag, Tag::as_str),
            Self::Digest => text(&change.digest, Digest::as_str),
        }
    }
}

fn text<'a, T>(field: &'a Field<T>, text: impl Fn(&'a T) -> &'a str) -> Field<&'a str> {
    match field {
        Field::Keep => Field::Keep,
        Field::Remove => Field::Remove,
        Field::Set(value) => Field::Set(text(value)),
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A value of a file that is no name, tag or digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct UnusableValue {
    pub text: String,
    pub reason: String,
}

/// The values of an entry, its own or those of a merge key.
#[derive(Debug, Clone, Default, Eq)]
pub struct Fields {
    pub new_name: Option<String>,
    pub new_tag: Option<String>,
    pub digest: Option<String>,
    pub unnamed: Unnamed,
    /// It does not count for equality: it is of the kind of place, and not of what is said there.
    pub untagged: Untagged,
    /// Whether charts may make a longer name of `new_name`, with texts under other keys. It does not count for equality either.
    pub may_be_longer: bool,
    /// What charts may make of the name with such texts that name a host, or stand beside one. The file has no name of the image
    /// then, or all of these are beside it. It does not count for equality.
    pub before_name: Vec<BeforeName>,
    /// What each place of the name says, if several places of the image say different things: there is no tag and no digest
    /// of all of them then.
    pub several: Vec<PlaceVersion>,
    /// What the rest of the file does to the image, if that was asked. It does not count for equality: others say it.
    pub pulled: Option<Box<Pulled>>,
}

/// The version of an image at one of several places.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PlaceVersion {
    pub tag: Option<String>,
    pub digest: Option<String>,
}

/// What the image of an entry is called if the entry has no `new_name`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Unnamed {
    /// As the entry, in a kustomization.
    #[default]
    AsEntry,
    /// The file does not say it.
    Elsewhere,
}

/// What runs if an entry has neither tag nor digest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Untagged {
    /// The file does not say it.
    #[default]
    Elsewhere,
    /// The tag `latest`: what pulls the image knows no other.
    Latest,
}

/// What an entry says, wherever it stands.
type Said<'a> = (&'a Option<String>, &'a Option<String>, &'a Option<String>, Unnamed, &'a [PlaceVersion]);

impl Fields {
    fn said(&self) -> Said<'_> {
        let Self {
            new_name,
            new_tag,
            digest,
            unnamed,
            untagged: _,
            may_be_longer: _,
            before_name: _,
            several,
            pulled: _,
        } = self;
        (new_name, new_tag, digest, *unnamed, several)
    }
}

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        self.said() == other.said()
    }
}

impl Hash for Fields {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.said().hash(state);
    }
}

impl Fields {
    /// Returns the name under which the image of the entry `entry` is pulled, as far as the file says it.
    pub fn image_name<'a>(&'a self, entry: &'a str) -> Option<&'a str> {
        match (&self.new_name, self.unnamed) {
            (Some(name), _) => Some(name),
            (None, Unnamed::AsEntry) => Some(entry),
            (None, Unnamed::Elsewhere) => None,
        }
    }

    /// Returns the name under which the image is pulled, if no chart puts a registry before it.
    pub fn known_name<'a>(&'a self, entry: &'a str) -> Option<&'a str> {
        self.image_name(entry).filter(|_| !self.is_below_registry())
    }

    /// Whether charts put a registry before the name that the file says.
    pub fn is_below_registry(&self) -> bool {
        self.put_before().is_some()
    }

    /// Returns the registry that charts put before the name that the file says.
    pub fn put_before(&self) -> Option<&BeforeName> {
        self.before_name.first().filter(|before| before.is_certain)
    }

    /// Returns the name that charts make of it with a registry, if they put one before it.
    pub fn made_name(&self) -> Option<&str> {
        self.put_before()?.made.as_deref()
    }

    /// Returns whether the image of the entry `entry` may have the name `said`, as far as the file tells it.
    pub fn may_be(&self, entry: &str, said: &str) -> bool {
        self.image_name(entry).is_none_or(|own| own == said) || self.is_longer_name(said)
    }

    /// Returns whether texts under other keys may make the name `said` of the one that the file has.
    pub fn is_longer_name(&self, said: &str) -> bool {
        let may_be = self.may_be_longer && self.new_name.as_ref().is_some_and(|own| is_longer(said, own));
        may_be || self.made_name() == Some(said)
    }

    /// Returns whether charts may make the name `said` of what the file has as it is.
    pub fn is_made_name(&self, said: &str) -> bool {
        let mut made = self.before_name.iter().filter_map(|before| before.made.as_deref());
        self.is_longer_name(said) || made.any(|made| is_same_image(made, said))
    }

    /// Returns what each place of the name says, if that differs; else the one that there is.
    pub fn each(&self) -> Vec<Self> {
        let one = |place: &PlaceVersion| Self {
            new_name: self.new_name.clone(),
            new_tag: place.tag.clone(),
            digest: place.digest.clone(),
            unnamed: self.unnamed,
            untagged: self.untagged,
            may_be_longer: self.may_be_longer,
            before_name: self.before_name.clone(),
            several: Vec::new(),
            pulled: self.pulled.clone(),
        };
        if self.several.is_empty() { vec![self.clone()] } else { self.several.iter().map(one).collect() }
    }

    /// Returns whether this is what `place` says, or what one of several places does.
    pub fn has_place(&self, place: &Self) -> bool {
        self == place || self.each().contains(place)
    }

    /// Returns what makes an entry say exactly this.
    ///
    /// # Errors
    /// A value is none that could be written, or there are several.
    pub fn to_change(&self) -> Result<ImageChange, UnusableValue> {
        fn field<T: FromStr<Err: fmt::Display>>(text: Option<&str>) -> Result<Field<T>, UnusableValue> {
            let Some(text) = text else { return Ok(Field::Remove) };
            let unusable = |error: T::Err| UnusableValue { text: text.to_owned(), reason: error.to_string() };
            text.parse().map(Field::Set).map_err(unusable)
        }
        if let [first, ..] = self.several.as_slice() {
            let text = first.tag.clone().or_else(|| first.digest.clone()).unwrap_or_default();
            return Err(UnusableValue { text, reason: "other places of that name say something else".to_owned() });
        }
        Ok(ImageChange {
            new_name: match (&self.new_name, self.unnamed) {
                (None, Unnamed::Elsewhere) => Field::Keep,
                (name, _) => field(name.as_deref())?,
            },
            new_tag: field(self.new_tag.as_deref())?,
            digest: field(self.digest.as_deref())?,
        })
    }

    /// Becomes what the entry is together with a `later` one that is for the same image.
    pub(in crate::targets) fn follow(&mut self, later: Self) {
        if later.says_what_runs() {
            (self.new_tag, self.digest) = (later.new_tag, later.digest);
        }
        self.new_name = later.new_name.or_else(|| self.new_name.take());
    }

    /// Returns whether this sets something that `image` does not say.
    pub(in crate::targets) fn differs_from(&self, image: &Self) -> bool {
        FieldName::ALL.into_iter().any(|field| self.get(field).is_some_and(|set| image.get(field) != Some(set)))
    }

    /// Returns whether the entry says which version of its image runs.
    pub fn says_what_runs(&self) -> bool {
        self.new_tag.is_some() || self.digest.is_some() || !self.several.is_empty()
    }

    /// Returns the tag by which the image is pulled, as far as the file tells it.
    pub fn pulled_tag(&self) -> Option<&str> {
        self.new_tag.as_deref().or(self.is_latest().then_some("latest"))
    }

    /// Returns whether the tag `latest` is what runs, because there is no other.
    pub fn is_latest(&self) -> bool {
        self.untagged == Untagged::Latest && !self.says_what_runs()
    }

    /// Returns the same with the name of the image, if the file has no place that says it.
    #[must_use]
    pub fn with_name(self, name: Option<String>) -> Self {
        let is_elsewhere = self.unnamed == Unnamed::Elsewhere;
        Self { new_name: self.new_name.or(name.filter(|_| is_elsewhere)), ..self }
    }

    /// Returns the value of one field.
    pub fn get(&self, field: FieldName) -> Option<&str> {
        match field {
            FieldName::NewName => self.new_name.as_deref(),
            FieldName::NewTag => self.new_tag.as_deref(),
            FieldName::Digest => self.digest.as_deref(),
        }
    }
}

/// Whether a name is another one with more before it, or behind its first parts.
fn is_longer(name: &str, own: &str) -> bool {
    let is_within = |(at, _): (usize, &str)| name.starts_with(&own[..=at]) && name.ends_with(&own[at..]);
    name.strip_suffix(own).is_some_and(|before| before.ends_with('/'))
        || (name.len() > own.len() && own.match_indices('/').any(is_within))
}

#[cfg(test)]
mod tests {
    use super::Fields;

    #[test]
    fn a_longer_name_has_all_of_the_name() {
        let own =
            |may_be_longer| Fields { new_name: Some("quay.io/a/web".to_owned()), may_be_longer, ..Fields::default() };
        for (said, expected) in [
            ("quay.io/a/web", true),
            ("quay.io/org/a/web", true),
            ("quay.io/a/org/web", true),
            ("r.example/quay.io/a/web", true),
            ("quay.io/web", false),
            ("quay.io/a/b/api", false),
            ("r.example/a/web", false),
            ("xquay.io/a/web", false),
        ] {
            assert_eq!(own(true).may_be("web", said), expected, "{said}");
            assert_eq!(own(false).may_be("web", said), said == "quay.io/a/web", "{said}");
        }
        assert!(Fields { new_name: None, unnamed: super::Unnamed::Elsewhere, ..own(false) }.may_be("web", "x/y"));
    }
}
