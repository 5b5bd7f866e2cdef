//! What belongs to one person alone. To others it does not exist.

use sallyport::{
    id::{PasskeyId, PersonalTokenId},
    passkey::Passkey,
    personal_token::PersonalToken,
    store::Store,
};

use super::{SessionCookie, SignedIn};
use crate::error::PageError;

/// A personal token of the person, or the sign-in of one of their command lines. It may have expired.
#[derive(Clone, Debug)]
pub struct OwnToken {
    pub me: SignedIn,
    pub token: PersonalToken,
}

impl OwnToken {
    pub(super) async fn found(cookie: &SessionCookie, store: &Store, id: &PersonalTokenId) -> Result<Self, PageError> {
        let me = cookie.settled(store).await?;
        let token = store.personal_tokens(&me.user.id).await?.into_iter().find(|token| token.id == *id);
        Ok(Self { me, token: token.ok_or(PageError::NotFound)? })
    }
}

/// A passkey of the person.
#[derive(Clone, Debug)]
pub struct OwnPasskey {
    pub me: SignedIn,
    pub passkey: Passkey,
}

impl OwnPasskey {
    pub(super) async fn found(cookie: &SessionCookie, store: &Store, id: &PasskeyId) -> Result<Self, PageError> {
        let me = cookie.settled(store).await?;
        let passkey = store.passkeys_of(&me.user.id).await?.into_iter().find(|passkey| passkey.id == *id);
        Ok(Self { me, passkey: passkey.ok_or(PageError::NotFound)? })
    }
}
