//! Acts of operators on jobs.

use leptos::prelude::*;
use sallyport::id::JobId;

use super::super::{ActError, Caller};

/// Makes a job due now that waits for its next attempt or has failed.
#[server(prefix = "/act", endpoint = "admin/retry-job")]
pub async fn retry_job(job: JobId) -> Result<(), ActError> {
    let caller = Caller::current();
    let me = caller.operator().await?.me;
    Ok(caller.store().retry_job(&me.act(), &job).await?)
}
