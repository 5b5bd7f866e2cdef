//! `/sign-out`: ends the session at once, also for slow requests in progress.

use crate::{
    acts::{Caller, sessions::sign_out},
    error::PageResult,
    ui::see_other,
};

pub async fn post(caller: Caller) -> PageResult {
    caller.run(sign_out()).await?;
    Ok(see_other("/sign-in"))
}
