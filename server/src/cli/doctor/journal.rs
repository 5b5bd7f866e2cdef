//! The revocation journal: whether it can be read, and the database has everything that is in it.

use sallyport::store::Store;

use super::finding::Finding;
use crate::{config::DataLocation, journals};

const NAME: &str = "journal";

pub(super) async fn check(place: &DataLocation, store: &Store) -> Finding {
    let folders = journals::folders(place);
    if let Some(missing) = folders.iter().find(|folder| !folder.is_dir()) {
        let fix = "Mount its disk, or create it for the server's user with mode 700.";
        return Finding::bad(NAME, format!("there is no folder {}", missing.display()), fix);
    }
    let checked = async {
        let found = journals::read(folders.clone(), store).await?;
        let (settled, hole) = (journals::is_settled(store, &found).await?, found.hole(store).await?);
        Ok::<_, String>((settled, hole, found))
    };
    match checked.await {
        Err(error) => Finding::bad(NAME, error, "Look at the disk, and run this as the server's user."),
        Ok((false, ..)) => Finding::bad(
            NAME,
            "the database lacks changes that are in the revocation journal, or the journal can't be read",
            "sallyport journal check",
        ),
        Ok((true, Some(hole), _)) => Finding::bad(
            NAME,
            format!("no copy has the changes after {} and before {}", hole.after, hole.before),
            "Make a backup now, and keep none from before these changes; another node's journal may have them.",
        ),
        Ok((true, None, found)) => match found.warnings().next() {
            Some(warning) => Finding::bad(NAME, warning, "Restart the server: it goes on with another copy."),
            None if folders.len() == 1 => {
                Finding::good(NAME, "it is whole; there is no second copy (`journal.folder`)")
            }
            None => Finding::good(NAME, "it is whole"),
        },
    }
}
