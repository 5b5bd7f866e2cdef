//! Refused requests of known keys, of an organization or one of its apps: the recorded ones, newest first.

mod folded;

use std::collections::{BTreeMap, HashMap};

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    app::App,
    decision::KeptDecision,
    id::{AppId, KeyId, OrgId},
    key::Verdict,
    usage::Span,
};
use serde::Deserialize;

use crate::{
    access::OrgAccess,
    components::{Badge, Card, Choice, DataTable, EmptyList, FilterBar, FilterSelect, Head, Tone, Views},
    context::Context,
    error::PageError,
    form::FormState,
    icons::Icon,
    pages::{requests::sentence, usage::card::HoursChart},
    words::{Ago, ago, count, digits, refusal},
};
use folded::{Repeats, folded};

/// The name of the view.
const REFUSED: &str = "Refused requests";

/// Rows of a page.
const SHOWN: usize = 100;

/// The view in the URL.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RefusedQuery {
    reason: String,
    key: String,
}

impl RefusedQuery {
    /// As a form, with the errors.
    fn form(&self) -> FormState {
        let mut form = FormState::typed([("reason", self.reason.as_str()), ("key", &self.key)]);
        if !self.reason.is_empty() && Verdict::parse(&self.reason).is_none() {
            form.refuse("reason", "Choose a reason from the list.");
        }
        if !self.key.is_empty() && KeyId::parse(&self.key).is_none() {
            form.refuse("key", "Choose a key from the list, or give its ID.");
        }
        form
    }
}

/// The content of the view.
pub struct Refused {
    path: String,
    query: RefusedQuery,
    form: FormState,
    kept: Vec<KeptDecision>,
    /// The names of the apps, in a list of several.
    apps: HashMap<AppId, String>,
    now: Timestamp,
}

impl Refused {
    /// Of the keys of an app.
    pub fn of_app(context: &Context, path: String, app: &App, query: RefusedQuery) -> Self {
        Self::of(context, path, &app.org_id, query, |of| of == Some(&app.id))
    }

    /// Of the keys of an organization that the person sees.
    pub async fn of_org(
        context: &Context,
        path: String,
        access: &OrgAccess,
        query: RefusedQuery,
    ) -> Result<Self, PageError> {
        let (org, seen) = (&access.org.id, access.seen());
        let mut refused = if seen.is_all() {
            Self::of(context, path, org, query, |_| true)
        } else {
            let apps = context.store.app_ids(org, &seen).await?;
            Self::of(context, path, org, query, |of| of.is_some_and(|app| apps.contains(app)))
        };
        let of = refused.kept.iter().filter_map(|kept| kept.decision.key.app_id());
        refused.apps = context.store.apps_of(org, of).await?.into_iter().map(|(id, app)| (id, app.name)).collect();
        Ok(refused)
    }

    fn of(
        context: &Context,
        path: String,
        org: &OrgId,
        query: RefusedQuery,
        is_shown: impl Fn(Option<&AppId>) -> bool,
    ) -> Self {
        let now = context.store.now();
        let mut kept = context.verifier.decisions().of_org(org, now);
        kept.retain(|kept| is_shown(kept.decision.key.app_id()));
        Self { form: query.form(), path, query, kept, apps: HashMap::new(), now }
    }

    /// Whether the query is invalid; then nothing is shown.
    pub fn is_refused(&self) -> bool {
        self.form.is_refused()
    }
}

/// The links to activity and to refused requests.
#[component]
pub fn ActivityViews(
    /// `/orgs/{org_id}/activity`
    #[prop(into)]
    path: String,
    current: &'static str,
) -> impl IntoView {
    let links = vec![("Events", path.clone()), (REFUSED, format!("{path}/refused"))];
    view! { <Views label="Activity" links current/> }
}

#[component]
pub fn RefusedView(
    refused: Refused,
    /// `/orgs/{org_id}/activity`
    activity: String,
) -> impl IntoView {
    let Refused { path, query, form, kept, apps, now } = refused;
    let mut reasons: Vec<Verdict> = Vec::new();
    let mut keys: Vec<(String, String)> = Vec::new();
    for one in &kept {
        let key = (one.decision.key.key_id.to_string(), one.decision.key.label.to_string());
        if !reasons.contains(&one.decision.verdict) {
            reasons.push(one.decision.verdict);
        }
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let reasons = reasons
        .into_iter()
        .map(|verdict| Choice::new(verdict.code(), sentence(&refusal(verdict.code())).trim_end_matches('.')));
    let keys = keys.into_iter().map(|(id, label)| Choice::new(id, label));
    let all = |text: &str| Choice::new("", text);
    let narrowed = !query.reason.is_empty() || !query.key.is_empty();
    let matching: Vec<_> = kept
        .into_iter()
        .filter(|_| !form.is_refused())
        .filter(|one| query.reason.is_empty() || one.decision.verdict.code() == query.reason)
        .filter(|one| query.key.is_empty() || one.decision.key.key_id.as_str() == query.key)
        .collect();
    let mut hours: BTreeMap<Timestamp, [u64; 2]> = BTreeMap::new();
    for one in &matching {
        hours.entry(Span::Hour.start(one.decision.at)).or_default()[1] += 1 + one.left_out;
    }
    let rows = folded(matching);
    let chart = (!rows.is_empty()).then(|| view! { <Card title="Refused, 24 h"><HoursChart hours now/></Card> });
    let foot = (!rows.is_empty()).then(|| {
        let text = foot(&rows);
        view! {
            <div class="table-foot">
                <p title="Kept in memory for 24 hours, until the server restarts.">{text}</p>
            </div>
        }
    });
    let body = if rows.is_empty() {
        let (icon, title, text) = if form.is_refused() {
            (Icon::Activity, "No results", "A filter is not valid. Correct it to see results.")
        } else if narrowed {
            (Icon::Activity, "No results", "Remove a filter to see more.")
        } else {
            (
                Icon::Check,
                "No request was refused in the last 24 hours",
                "Refused requests of known keys are listed here with the check that failed, since the server started. Older ones are among the events.",
            )
        };
        view! { <EmptyList icon title text clear=narrowed.then(|| path.clone())/> }.into_any()
    } else {
        let mut heads = ["Reason", "Status", "Key", "Request"].map(Head::new).to_vec();
        heads.extend([Head::new("Address").less(), Head::new("Last"), Head::new("")]);
        let rows = rows.into_iter().take(SHOWN).map(|repeats| {
            let app = repeats.newest.key.app_id().and_then(|id| apps.get(id).cloned());
            view! { <Row repeats app now/> }
        });
        let rows = rows.collect_view();
        view! {
            <DataTable label=REFUSED columns=heads compact=true>
                {rows}
            </DataTable>
        }
        .into_any()
    };
    view! {
        <FilterBar action=path fold=narrowed search=move || view! { <ActivityViews path=activity current=REFUSED/> }>
            <FilterSelect form=&form name="reason" label="Reason" options=std::iter::once(all("Any")).chain(reasons).collect()/>
            <FilterSelect form=&form name="key" label="Key" options=std::iter::once(all("Any")).chain(keys).collect()/>
        </FilterBar>
        <div class="columns">{chart}{body}</div>
        {foot}
    }
}

/// How many there are, and why not all.
fn foot(rows: &[Repeats]) -> String {
    let left_out: u64 = rows.iter().map(|row| row.left_out).sum();
    let newest = if rows.len() > SHOWN {
        format!("The newest {SHOWN} of {}. ", count(rows.len(), "row"))
    } else {
        String::new()
    };
    let total = count(rows.iter().map(|row| row.times).sum::<u64>(), "request");
    let left_out = match left_out {
        0 => String::new(),
        n => format!(" {} of them were only counted, by key and reason.", digits(n)),
    };
    format!("{newest}{total} in the last 24 hours; repeats share a row.{left_out}")
}

#[component]
fn Row(
    repeats: Repeats,
    /// The name of the key's app, in a list of several.
    app: Option<String>,
    now: Timestamp,
) -> impl IntoView {
    let Repeats { newest: decision, first, times, addresses, .. } = repeats;
    let (asked, key) = (&decision.asked, &decision.key);
    let line: Vec<_> = [&asked.method, &asked.path].into_iter().flatten().map(|part| &**part).collect();
    let line = line.join(" ");
    let line = if line.is_empty() { "—".to_owned() } else { line };
    let often = (times > 1).then(|| view! { <b>{format!("{}×", digits(times))}</b>" · " });
    let is_longer = times > 1 && ago(first, now) != ago(decision.at, now);
    let since = is_longer.then(|| view! { <span class="cell-sub">"since "<Ago at=first now/></span> });
    let address = match addresses.as_slice() {
        [] => None,
        [only] => Some(only.to_string()),
        [newest, others @ ..] => Some(format!("{newest} and {} more", others.len())),
    };
    let href = format!("/requests/{}", decision.request_id);
    view! {
        <tr>
            <td class="cell-main"><a href=href>{sentence(&refusal(decision.verdict.code())).trim_end_matches('.').to_owned()}</a></td>
            <td class="cell-least"><Badge tone=Tone::Danger text=decision.verdict.status().to_string()/></td>
            <td class="cell-cut">
                <a href=format!("/keys/{}", key.key_id)>{key.label.to_string()}</a>
                {app.map(|app| view! { <span class="cell-sub">{app}</span> })}
            </td>
            <td class="cell-cut cell-mono cell-line" title=line.clone()>{line.clone()}</td>
            <td class="cell-mono cell-muted cell-less cell-least">{address.unwrap_or_else(|| "—".to_owned())}</td>
            <td class="cell-muted cell-when">{often}<Ago at=decision.at now/>{since}</td>
            <td class="cell-go"></td>
        </tr>
    }
}
