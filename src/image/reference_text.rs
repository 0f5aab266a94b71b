//! A reference as a text, which need not be a valid one: what a history, a file or an argument has in place of one.

/// The parts of `NAME[:TAG][@DIGEST]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReferenceText<'a> {
    pub name: &'a str,
    pub tag: Option<&'a str>,
    pub digest: Option<&'a str>,
}

impl<'a> ReferenceText<'a> {
    /// Splits a text as docker does, and checks none of its parts.
    pub fn split(text: &'a str) -> Self {
        let (rest, digest) = text.split_once('@').map_or((text, None), |(rest, digest)| (rest, Some(digest)));
        // A colon before the last slash belongs to the registry's port.
        let path = rest.rfind('/').map_or(0, |slash| slash + 1);
        match rest[path..].find(':') {
            Some(colon) => Self { name: &rest[..path + colon], tag: Some(&rest[path + colon + 1..]), digest },
            None => Self { name: rest, tag: None, digest },
        }
    }
}
