//! `brand.logo`: a picture in the folder of the profile.

use std::{ffi::OsStr, io, path::Path, sync::Arc};

use super::{Findings, Text};
use crate::picture::Picture;

/// Reads a file beside the profile by its name; of a file that is too large, enough to see that.
pub type ReadBeside<'a> = &'a dyn Fn(&str) -> io::Result<Vec<u8>>;

pub(super) fn logo(name: &Text, read: ReadBeside<'_>, findings: &mut Findings) -> Option<Arc<Picture>> {
    let file = name.get_ref();
    // Whoever may write a profile chooses a picture with it, not any file that the server can read.
    if Path::new(file).file_name() != Some(OsStr::new(file)) {
        findings.refuse(name, "The logo is a file in the folder of the profile; write its name alone: logo.svg.");
        return None;
    }
    let read = read(file).map_err(|error| format!("The logo can't be read: {error}. Put it beside the profile."));
    let checked = read.and_then(|bytes| Picture::check(bytes, Picture::OF_PROFILES));
    checked.map(Arc::new).map_err(|message| findings.refuse(name, message)).ok()
}
