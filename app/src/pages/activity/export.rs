//! The events of a view as a file: all that match, a chunk at a time, so that a long history fits into little memory.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use sallyport::{
    audit::{
        Act, Action, NewEvent, Target,
        export::{CSV_HEAD, Exported},
    },
    id::{AppId, OrgId},
    store::{EventFilter, Store},
};
use serde_json::json;

use super::ActivityQuery;
use crate::access::{AppAccess, OrgAccess, SignedIn};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Csv,
    Jsonl,
}

impl Format {
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Jsonl => "application/x-ndjson",
        }
    }

    fn head(self) -> &'static str {
        if self == Self::Csv { CSV_HEAD } else { "" }
    }

    fn line(self, event: &Exported) -> String {
        if self == Self::Csv { event.csv_line() } else { event.json_line() }
    }
}

/// Where an export has got to.
struct Export {
    store: Store,
    org: OrgId,
    app: Option<AppId>,
    filter: EventFilter,
    format: Format,
    after: i64,
}

impl Export {
    /// The text of the next chunk; none after the last.
    async fn next(mut self) -> sallyport::Result<Option<(String, Self)>> {
        let chunk = self.store.export(&self.org, self.app.as_ref(), &self.filter, self.after).await?;
        let Some(last) = chunk.last() else { return Ok(None) };
        self.after = last.event.seq;
        let lines = chunk.iter().map(|event| self.format.line(event)).collect();
        Ok(Some((lines, self)))
    }
}

/// What has a view of events: an organization, or one of its apps.
pub trait Watched {
    fn me(&self) -> &SignedIn;
    fn org(&self) -> &OrgId;
    fn app(&self) -> Option<&AppId>;
}

impl Watched for OrgAccess {
    fn me(&self) -> &SignedIn {
        &self.me
    }

    fn org(&self) -> &OrgId {
        &self.org.id
    }

    fn app(&self) -> Option<&AppId> {
        None
    }
}

impl Watched for AppAccess {
    fn me(&self) -> &SignedIn {
        &self.org().me
    }

    fn org(&self) -> &OrgId {
        &self.app.org_id
    }

    fn app(&self) -> Option<&AppId> {
        Some(&self.app.id)
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
    (of.me().act(), NewEvent::of(of.org(), Action::ActivityExported, target).with(details))
}

/// The file. Where the database fails midway the download breaks off, so that half of it is never taken for the whole.
pub async fn export(
    store: &Store,
    of: &impl Watched,
    query: &ActivityQuery,
    format: Format,
) -> sallyport::Result<Response> {
    let (org, app) = (of.org(), of.app());
    let of = app.map_or(org.as_str(), AppId::as_str);
    let day = store.now().to_chrono().format("%Y-%m-%d");
    let name = format!("attachment; filename=\"activity-{of}-{day}.{}\"", format.extension());
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Ids are plain letters.
    headers.extend(HeaderValue::from_str(&name).ok().map(|name| (header::CONTENT_DISPOSITION, name)));

    let start =
        Export { store: store.clone(), org: org.clone(), app: app.cloned(), filter: query.filter(), format, after: 0 };
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
