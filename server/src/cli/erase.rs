//! `sallyport user erase`.

use sallyport::store::Store;

use super::{account, act, confirm::confirm, said};

/// Erases a person, after a confirmation that shows what is lost.
pub async fn erase(store: &Store, email: &str, yes: bool) -> Result<(), String> {
    let user = account(store, email).await?.user;
    let question = format!(
        "Erase {} <{}>? Their account, roles, sessions, tokens and personal keys end, and their name and addresses are taken \
         out of every log. This can't be undone.",
        user.name, user.email
    );
    confirm(&question, yes)?;
    let events = store.erase_user(&act(), &user).await.map_err(said)?;
    say!("Erased the account {}. Events that named the person: {events}. The logs can still be verified.", user.id);
    note!("Backups and exports made before still contain the person.");
    Ok(())
}
