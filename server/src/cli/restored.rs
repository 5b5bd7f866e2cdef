//! What commands say about a restore, and under which name they sign.

use sallyport::{
    audit::checkpoint::portal_name,
    store::{Restored, Store},
};

use super::said;
use crate::config::{ServeArgs, Where};

/// Says what was done.
pub(super) fn tell(restored: &Restored) -> Result<(), String> {
    say!("The backup has changes up to {}, the journals have them up to {}.", restored.common, restored.last);
    for (action, count) in &restored.applied {
        say!("    {action}: {count}");
    }
    let ended = restored.ended;
    say!(
        "Ended: sessions {}, invitations {}, password resets {}, hand-overs {}, device codes {}, command lines {}.",
        ended.sessions,
        ended.invitations,
        ended.password_resets,
        ended.handovers,
        ended.device_codes,
        ended.command_lines
    );
    Ok(())
}

/// The name under which checkpoints are signed.
pub(super) async fn portal(settings: &Where, store: &Store) -> Result<String, String> {
    let serving = settings.serving(&ServeArgs::default())?;
    Ok(match &serving.public_url {
        Some(url) => portal_name(url),
        None => {
            let last = store.last_portal().await.map_err(said)?;
            last.unwrap_or_else(|| portal_name(&format!("http://{}", serving.listen)))
        }
    })
}
