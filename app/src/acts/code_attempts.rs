//! Codes of a second factor are counted, and wrong ones recorded.

use sallyport::{
    audit::Act,
    limit::whole_seconds,
    throttle::{Throttles, Who},
    user::User,
};

use super::{ActError, Caller};
use crate::attempts::in_words;

/// Runs what checks a code, unless there were too many wrong ones. Wrong ones are counted and recorded.
pub(super) async fn counted<T>(
    caller: &Caller,
    user: &User,
    act: &Act,
    who: Who,
    check: impl Future<Output = Result<T, ActError>>,
) -> Result<T, ActError> {
    let (attempts, store) = (&caller.context.attempts, caller.store());
    let attempt = match attempts.begin(who, user.id.as_str()).await? {
        Ok(attempt) => attempt,
        Err(refused) => {
            if refused.tell {
                store.record_refused_code(act, user, 429).await?;
            }
            let message =
                format!("Too many wrong codes. Try again in {}, or use a recovery code.", in_words(refused.wait));
            return Err(ActError::Throttled {
                field: "code".to_owned(),
                message,
                seconds: whole_seconds(refused.wait),
            });
        }
    };
    match check.await {
        Ok(done) => {
            attempts.succeeded(attempt).await;
            Ok(done)
        }
        Err(error @ ActError::Invalid(_)) => {
            store.record_refused_code(act, user, 401).await?;
            Err(error)
        }
        Err(error) => {
            attempts.take_back(attempt).await;
            Err(error)
        }
    }
}
