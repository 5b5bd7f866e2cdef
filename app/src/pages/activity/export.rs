//! The events of a view as a file: all that match, a chunk at a time, so that a long history fits into little memory.
//!
//! It holds what was there when it was asked for. Whoever reads it slowly is judged again before each chunk, and is given
//! half an hour for all of it.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use sallyport::{
    Error, Timestamp,
    audit::{Act, Action, NewEvent, Target},
    id::{AppId, OrgId},
    store::{EventFilter, Store},
};
use serde_json::json;

use super::{ActivityQuery, format::Format};
use crate::access::{AppAccess, OrgAccess, SignedIn};

/// From the first byte to the last.
const AT_MOST: Duration = Duration::from_secs(30 * 60);

/// Where an export has got to.
struct Export {
    store: Store,
    org: OrgId,
    app: Option<AppId>,
    filter: EventFilter,
    format: Format,
    after: i64,
    /// Who reads it.
    reader: SignedIn,
    ends_at: Timestamp,
}

impl Export {
    /// The text of the next chunk; none after the last.
    async fn next(mut self) -> sallyport::Result<Option<(String, Self)>> {
        let (store, reader) = (&self.store, &self.reader);
        if store.now() > self.ends_at {
            return Err(Error::Busy("It was read too slowly."));
        }
        // Every member may read the log.
        let role = store.role_in_session(&reader.session, &reader.user.id, &self.org).await?;
        role.ok_or(Error::SignedOut)?;
        let chunk = self.store.export(&self.org, self.app.as_ref(), &self.filter, self.after).await?;
        let Some(last) = chunk.last() else { return Ok(None) };
        self.after = last.event.seq;
        let lines = chunk.iter().map(|event| self.format.line(event)).collect();
        Ok(Some((lines, self)))
    }
}

/// What has a view of events: an organization, or one of its apps.
pub trait Watched {
    fn org(&self) -> &OrgId;
    fn app(&self) -> Option<&AppId>;
    fn reader(&self) -> &SignedIn;
}

impl Watched for OrgAccess {
    fn org(&self) -> &OrgId {
        &self.org.id
    }

    fn app(&self) -> Option<&AppId> {
        None
    }

    fn reader(&self) -> &SignedIn {
        &self.me
    }
}

impl Watched for AppAccess {
    fn org(&self) -> &OrgId {
        &self.app.org_id
    }

    fn app(&self) -> Option<&AppId> {
        Some(&self.app.id)
    }

    fn reader(&self) -> &SignedIn {
        &self.org().me
    }
}

/// Who took which view along: for the activity log.
pub fn exported(of: &impl Watched, query: &ActivityQuery, format: Format) -> (Act, NewEvent) {
    let target = match of.app() {
        Some(app) => Target::new("app", app, app.as_str()).of_app(app),
        None => Target::new("organization", of.org(), of.org().as_str()),
    };
    let short = |value: &str| value.chars().take(100).collect::<String>();
    let filter: serde_json::Map<_, _> =
        query.pairs().map(|(name, value)| (name.to_owned(), short(value).into())).collect();
    let details = json!({ "format": format.extension(), "filter": filter });
    (of.reader().act(), NewEvent::of(of.org(), Action::ActivityExported, target).with(details))
}

/// The file. Where the database fails midway, or the reader is not let in any more, the download breaks off, so that half
/// of it is never taken for the whole.
pub async fn export(
    store: &Store,
    of: &impl Watched,
    query: &ActivityQuery,
    format: Format,
) -> sallyport::Result<Response> {
    let (org, app, reader) = (of.org(), of.app(), of.reader());
    // Once for all chunks: after the next event a name may be another's, or too long ago to be found.
    let filter = store.with_actor_known(org, app, query.filter()?).await?;
    let filter = EventFilter { until: Some(store.last_event(org).await?), ..filter };
    let of = app.map_or(org.as_str(), AppId::as_str);
    let day = store.now().to_chrono().format("%Y-%m-%d");
    let name = format!("attachment; filename=\"activity-{of}-{day}.{}\"", format.extension());
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Ids are plain letters.
    headers.extend(HeaderValue::from_str(&name).ok().map(|name| (header::CONTENT_DISPOSITION, name)));

    let start = Export {
        store: store.clone(),
        org: org.clone(),
        app: app.cloned(),
        filter,
        format,
        after: 0,
        reader: reader.clone(),
        ends_at: store.now() + AT_MOST,
    };
    // The first chunk is read before anything is answered: what fails at once has a page of its own.
    let (lines, rest) = match start.next().await? {
        Some((lines, rest)) => (lines, Some(rest)),
        None => (String::new(), None),
    };
    let begun = (Some(format!("{}{lines}", format.head())), rest);
    let body = stream::try_unfold(begun, async |(first, rest): (Option<String>, Option<Export>)| {
        if let Some(first) = first {
            return Ok(Some((first, (None, rest))));
        }
        let Some(rest) = rest else { return Ok(None) };
        let next = rest.next().await.inspect_err(|error| tracing::error!(%error, "an export broke off"))?;
        Ok::<_, sallyport::Error>(next.map(|(lines, rest)| (lines, (None, Some(rest)))))
    });
    Ok((headers, Body::from_stream(body)).into_response())
}
