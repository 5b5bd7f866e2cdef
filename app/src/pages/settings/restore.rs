//! `…/settings/restore`: restores what was archived.

use super::placed::Placed;
use crate::{
    access::Addressed,
    acts::{Caller, places::restore_place},
    error::PageResult,
    ui::see_other,
};

pub async fn post<A: Placed>(caller: Caller, Addressed(id): Addressed<A>) -> PageResult {
    Ok(see_other(caller.run(restore_place(id.into())).await?))
}
