//! The object of a commit that the server made, if what it tells of the commit does not make that object: it is fetched.

use gix::objs::Kind;

use super::reader::Reader;
use crate::git::error::GitError;
use crate::git::objects::commit::CommitOnTip;
use crate::git::objects::pack::NewObject;
use crate::git::objects::store::Objects;
use crate::git::remotes::remote::Remote;

impl CommitOnTip {
    /// Fetches the commit's object, unless it is known. The branch must be at the commit, or have it below.
    pub fn fetch_object(&mut self, remote: &Remote) -> Result<(), GitError> {
        if self.new.is_known() {
            return Ok(());
        }
        let mut fetched = Objects::default();
        Reader::open(remote, Some(&self.lease.branch))?.fetch_commits(&[self.new.id], &mut fetched)?;
        if let Some((Kind::Commit, bytes)) = fetched.get(&self.new.id) {
            let object = NewObject { id: self.new.id, kind: Kind::Commit, bytes: bytes.to_vec(), delta: None };
            self.new.objects.push(object);
        }
        Ok(())
    }
}
