//! The name of an image that is promoted to a place that has its version alone: releases to that place say it first, and else
//! those to the environment that is promoted.

use crate::git::{RepositoryPath, Snapshot};
use crate::guards::history::claims::BranchClaims;
use crate::guards::history::entry_history::EntryHistory;
use crate::guards::history::file_entries::FileVersions;
use crate::guards::order::{EntryAtTip, HistoryDepth, LastRelease, Numbers, RunningEntry};
use crate::image::{Field, ImageArgument, ImageChange, ImageName, is_same_image};
use crate::message::LoggedRelease;
use crate::outcome::failure::Failure;
use crate::targets::{self, Absent, FieldName, Fields};

/// The environment that images are promoted to.
pub(in crate::flow) struct Destination<'p> {
    pub(in crate::flow) paths: &'p [RepositoryPath],
    pub(in crate::flow) entries: Vec<EntryThere>,
    /// Whether the registry is asked for the images.
    pub(in crate::flow) is_checked: bool,
}

/// An entry of that environment.
pub(in crate::flow) struct EntryThere {
    pub(in crate::flow) path: RepositoryPath,
    pub(in crate::flow) name: String,
    pub(in crate::flow) fields: Fields,
}

/// An entry of the environment that is promoted.
pub(in crate::flow) struct PromotedEntry<'e> {
    pub(in crate::flow) path: &'e RepositoryPath,
    pub(in crate::flow) name: &'e ImageName,
    pub(in crate::flow) fields: &'e Fields,
    /// The name of its image, as a release said.
    pub(in crate::flow) said_name: Option<&'e str>,
}

/// Whether files take the name of an image, for which they have no place.
enum NameTaken<'p> {
    /// One of them has such a place, or lacks the entry.
    No,
    Yes,
    /// They do, and the file at `path` names another registry than the image has.
    BesideRegistry {
        path: &'p RepositoryPath,
        registry: String,
    },
}

impl Destination<'_> {
    /// Returns the name by which the image of an entry is checked here and told; `None` if what the files say is all that counts.
    /// `claims` are those of the branch, as far as they were read for other entries.
    ///
    /// # Errors
    ///
    /// The environments are known to have two images, or a chart makes another name here.
    pub(in crate::flow) fn name(
        &self,
        snapshot: &mut Snapshot<'_>,
        claims: &mut BranchClaims,
        promoted: &PromotedEntry<'_>,
    ) -> Result<Option<String>, Failure> {
        let PromotedEntry { path: from, name, fields, said_name } = *promoted;
        let there = || self.entries.iter().filter(|entry| entry.name == name.as_str());
        if there().any(|entry| entry.fields.image_name(&entry.name).is_some()) {
            return Ok(None);
        }
        let mut said = Vec::new();
        for entry in there() {
            said.extend(entry.said_name(snapshot, claims)?.map(|name| (&entry.path, name)));
        }
        let known_name = fields.known_name(name.as_str());
        let is_guess = said.is_empty() && known_name.is_none();
        let said_name = said_name.filter(|said| !fields.is_below_registry() || fields.is_longer_name(said));
        said.extend(known_name.or(said_name).map(|name| (from, name.to_owned())));
        let Some((first, image)) = said.first() else { return Ok(None) };
        let another_image = said.iter().find(|(_, another)| !is_same_image(image, another));
        let refused = match (self.takes(snapshot, name, image)?, another_image) {
            (NameTaken::No, _) => return Ok(None),
            (_, Some((other, another))) => {
                let change = Fields { new_name: Some(image.clone()), ..fields.clone() }.to_change();
                let meant = change.map(|change| ImageArgument { name: name.clone(), change }.to_string());
                let meant = meant.unwrap_or_else(|_| format!("{name}={image}:TAG"));
                Failure::target(format!("`{first}` was released as `{image}`, and `{other}` as `{another}`"))
                    .hint(format!("release it by name, as in `{meant}`"))
            }
            (NameTaken::BesideRegistry { path, registry }, None) if is_guess => {
                let is = format!("`{path}` has the registry `{registry}` for all images");
                Failure::target(format!("{is}, and `{from}` was released as `{image}`"))
                    .hint(format!("release it by name, as in `{name}=NEWNAME:TAG`"))
            }
            (NameTaken::Yes | NameTaken::BesideRegistry { .. }, None) => return Ok(Some(image.clone())),
        };
        let version = |fields: &Fields| (fields.new_tag.clone(), fields.digest.clone());
        let is_there = there().all(|entry| version(&entry.fields) == version(fields));
        if self.is_checked && !is_there { Err(refused) } else { Ok(None) }
    }

    /// Whether charts put a registry before the name that an entry has, or before the only one that there is.
    pub(in crate::flow) fn is_below_registry(&self, PromotedEntry { name, fields, .. }: &PromotedEntry<'_>) -> bool {
        let mut there = self.entries.iter().filter(|entry| entry.name == name.as_str());
        there.any(|entry| match entry.fields.image_name(&entry.name) {
            Some(_) => entry.fields.is_below_registry(),
            None => fields.is_below_registry(),
        })
    }

    /// Returns the names that releases to these entries have said, and then that of the promoted one, as far as texts under other
    /// keys may make them of the name that an entry has.
    pub(in crate::flow) fn said_names(
        &self,
        snapshot: &mut Snapshot<'_>,
        claims: &mut BranchClaims,
        promoted: &PromotedEntry<'_>,
    ) -> Result<Vec<String>, Failure> {
        let name = promoted.name.as_str();
        let mut said = Vec::new();
        let has_part = |entry: &&EntryThere| {
            let is_named = entry.fields.image_name(name).is_some();
            entry.name == name
                && if is_named { entry.fields.may_be_longer } else { promoted.fields.is_below_registry() }
        };
        for entry in self.entries.iter().filter(has_part) {
            said.extend(entry.said_name(snapshot, claims)?);
            said.extend(promoted.said_name.map(str::to_owned));
        }
        Ok(said)
    }

    /// Returns whether all files take the name of an image. A place for a name that is empty, or has another one, says something
    /// too.
    fn takes(&self, snapshot: &Snapshot<'_>, name: &ImageName, image: &str) -> Result<NameTaken<'_>, Failure> {
        let new_name = Field::Set(image.to_owned());
        let change = ImageChange { new_name, new_tag: Field::Keep, digest: Field::Keep };
        let argument = [ImageArgument { name: name.clone(), change }];
        let mut taken = NameTaken::Yes;
        for path in self.paths {
            let edit = targets::edit(path.as_str(), snapshot.file(path)?, &argument, Absent::Report);
            let Ok(edit) = edit else { return Ok(NameTaken::No) };
            let mut fields = edit.entries.iter().flat_map(|entry| &entry.fields);
            if fields.any(|field| field.field == FieldName::NewName) {
                return Ok(NameTaken::No);
            }
            if matches!(taken, NameTaken::Yes)
                && let Some(registry) = edit.entries.into_iter().find_map(|entry| entry.other_registry)
            {
                taken = NameTaken::BesideRegistry { path, registry };
            }
        }
        Ok(taken)
    }
}

impl EntryThere {
    /// Returns the newest name of the image that a release to this entry said.
    fn said_name(&self, snapshot: &mut Snapshot<'_>, claims: &mut BranchClaims) -> Result<Option<String>, Failure> {
        let Self { path, name, fields } = self;
        let is_of_one_version = fields.several.is_empty();
        let numbers = Numbers::InVersions;
        let versions = FileVersions::default();
        let entry =
            EntryAtTip { path: path.clone(), name, now: fields, is_of_one_version, numbers, versions: &versions };
        // The guards tell what is to be told of its history.
        let running = RunningEntry::read(snapshot, claims, &entry, HistoryDepth::Loaded, &mut |_| {})?;
        if running.said_name.is_some() || running.last_release == LastRelease::Unknown {
            return Ok(running.said_name);
        }
        let is_said = |read: &EntryHistory| read.changes.iter().any(|change| change.said_name().is_some());
        let history = EntryHistory::read(snapshot, path, Some(name), &versions, numbers, &is_said)?;
        Ok(history.changes.iter().find_map(LoggedRelease::said_name).map(str::to_owned))
    }
}
