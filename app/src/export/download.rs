//! Sends all matching rows as a file in chunks, so that a long list takes little memory.
//!
//! The reader's permission is checked again before each chunk, and a download may take at most half an hour.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use sallyport::{
    Error, Timestamp,
    audit::{Act, Action, NewEvent, SYSTEM, Target},
    export::ExportRow,
    id::{AppId, OrgId},
    member::{Held, Permission},
    store::{Sight, Store},
};
use serde_json::json;

use super::Format;
use crate::access::{AppAccess, OperatedOrg, OperatorAccess, OrgAccess, SignedIn};

/// The maximum duration.
const AT_MOST: Duration = Duration::from_secs(30 * 60);

/// Reads a list in chunks.
pub trait Rows: Send + 'static {
    type Row: ExportRow + Send;

    /// What comes before the rows, after the names of the columns.
    fn begin(&mut self, _store: &Store, _format: Format) -> impl Future<Output = sallyport::Result<String>> + Send {
        async { Ok(String::new()) }
    }

    /// The rows of the next chunk; empty after the last.
    fn next(&mut self, store: &Store) -> impl Future<Output = sallyport::Result<Vec<Self::Row>>> + Send;
}

/// An export: what, by whom, and in which format.
pub struct Download {
    /// Its name in the file and the event: `activity`.
    pub what: &'static str,
    /// Its name in the activity log.
    pub action: Action,
    /// `None` for what belongs to no organization.
    pub org: Option<OrgId>,
    /// Set for the list of one app.
    pub app: Option<AppId>,
    pub reader: SignedIn,
    /// The roles with which it began.
    pub role: Held,
    /// The permission that shows its rows.
    needs: Permission,
    /// An operator reads it in the console, whether or not they are a member.
    operated: bool,
    pub format: Format,
}

impl Download {
    pub fn of_org(what: &'static str, action: Action, access: &OrgAccess, format: Format) -> Self {
        let (org, reader, role) = (Some(access.org.id.clone()), access.me.clone(), access.role);
        Self { what, action, org, app: None, reader, role, needs: Permission::SeeKeys, operated: false, format }
    }

    /// The same for a list that also those see who see no keys.
    #[must_use]
    pub fn that_needs(self, needs: Permission) -> Self {
        Self { needs, ..self }
    }

    /// The part of the organization that it contains.
    pub fn seen(&self) -> Sight {
        if self.operated {
            return Sight::ALL;
        }
        Sight::of(&self.reader.user.id, self.role, self.needs)
    }

    pub fn of_app(what: &'static str, action: Action, access: &AppAccess, format: Format) -> Self {
        let app = Some(access.app.id.clone());
        Self { app, ..Self::of_org(what, action, access.org(), format) }
    }

    pub fn of_system(what: &'static str, action: Action, access: &OperatorAccess, format: Format) -> Self {
        let (reader, role) = (access.me.clone(), Held::default());
        Self { what, action, org: None, app: None, reader, role, needs: Permission::SeeKeys, operated: true, format }
    }

    /// Of an organization, for an operator.
    pub fn of_operated(what: &'static str, action: Action, access: &OperatedOrg, format: Format) -> Self {
        let operator = OperatorAccess { me: access.me.clone() };
        Self { org: Some(access.org.id.clone()), ..Self::of_system(what, action, &operator, format) }
    }

    /// The event of the export with its filters, for the activity log.
    pub fn event<'a>(&self, filters: impl Iterator<Item = (&'static str, &'a str)>) -> (Act, NewEvent) {
        let target = match (&self.app, &self.org) {
            (Some(app), _) => Target::new("app", app, app.as_str()).of_app(app),
            (None, Some(org)) => Target::new("organization", org, org.as_str()),
            (None, None) => Target::new("chain", SYSTEM, SYSTEM),
        };
        let short = |value: &str| value.chars().take(100).collect::<String>();
        let filter: serde_json::Map<_, _> =
            filters.map(|(name, value)| (name.to_owned(), short(value).into())).collect();
        let details = json!({ "format": self.format.extension(), "filter": filter });
        let event = NewEvent { org_id: self.org.clone(), ..NewEvent::of_system(self.action, target) };
        (self.reader.act(), event.with(details))
    }

    /// The response with the file. If the database fails or the reader loses access, the download is aborted, so that
    /// a partial file is never taken for the whole.
    pub async fn answer<R: Rows>(self, store: &Store, mut rows: R) -> sallyport::Result<Response> {
        let headers = self.headers(store.now());
        let head = self.format.head::<R::Row>() + &rows.begin(store, self.format).await?;
        let ends_at = store.now() + AT_MOST;
        let start = Sent { store: store.clone(), of: self, rows, ends_at };
        // The first chunk is read before the response starts, so that an immediate failure has an error page.
        let (lines, rest) = match start.next().await? {
            Some((lines, rest)) => (lines, Some(rest)),
            None => (String::new(), None),
        };
        let begun = (Some(format!("{head}{lines}")), rest);
        let body = stream::try_unfold(begun, async |(first, rest): (Option<String>, Option<Sent<R>>)| {
            if let Some(first) = first {
                return Ok(Some((first, (None, rest))));
            }
            let Some(rest) = rest else { return Ok(None) };
            let next = rest.next().await.inspect_err(|error| tracing::error!(%error, "an export broke off"))?;
            Ok::<_, Error>(next.map(|(lines, rest)| (lines, (None, Some(rest)))))
        });
        Ok((headers, Body::from_stream(body)).into_response())
    }

    fn headers(&self, now: Timestamp) -> HeaderMap {
        let of = self.app.as_ref().map(AppId::as_str).or(self.org.as_ref().map(OrgId::as_str)).unwrap_or(SYSTEM);
        let (day, extension) = (now.to_chrono().format("%Y-%m-%d"), self.format.extension());
        // Ids are plain letters.
        let name = format!("attachment; filename=\"{}-{of}-{day}.{extension}\"", self.what);
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.format.content_type()));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(HeaderValue::from_str(&name).ok().map(|name| (header::CONTENT_DISPOSITION, name)));
        headers
    }
}

/// The state of a download.
struct Sent<R> {
    store: Store,
    of: Download,
    rows: R,
    ends_at: Timestamp,
}

impl<R: Rows> Sent<R> {
    /// The text of the next chunk; `None` after the last.
    async fn next(mut self) -> sallyport::Result<Option<(String, Self)>> {
        if self.store.now() > self.ends_at {
            return Err(Error::Busy("It was read too slowly."));
        }
        still_allowed(&self.store, &self.of).await?;
        let rows = self.rows.next(&self.store).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let lines = rows.iter().map(|row| self.of.format.line(row)).collect();
        Ok(Some((lines, self)))
    }
}

/// Fails if the reader sees less of the organization than when the download began.
async fn still_allowed(store: &Store, of: &Download) -> sallyport::Result<()> {
    let Download { org, app, reader, role, needs, operated, .. } = of;
    let Some(org) = org.as_ref().filter(|_| !operated) else {
        let operator = store.person(&reader.session).await?.is_some_and(|person| person.operator);
        return if operator { Ok(()) } else { Err(Error::SignedOut) };
    };
    let now = store.roles_in_session(&reader.session, &reader.user.id, org).await?;
    if now.at_org.may(*needs) {
        return Ok(());
    }
    let same = (now.at_org, now.anywhere) == (role.at_org, role.anywhere) && !now.anywhere.is_empty();
    let sees_app = match app {
        Some(app) => store.find(&reader.user.id, app).await?.is_some(),
        None => true,
    };
    if same && sees_app { Ok(()) } else { Err(Error::SignedOut) }
}
