//! `/admin/apps`: every app of the portal, with the switch that lets it push data.

use leptos::prelude::*;
use sallyport::{id::AppId, store::ConsoleApp};

use super::list::{Edges, ListPages, ListQuery, ListSearch, NoRows};
use crate::{
    access::OperatorAccess,
    acts::{Caller, apps::verify_for_ingestion},
    components::{Badge, DataTable, DoneNotice, Hidden, IdChip, PageHead, Tone},
    error::{PageError, PageResult},
    icons::Icon,
    islands::SubmitOnce,
    portal::{AdminSection, Page},
    shell,
    ui::{Typed, Ui, UrlQuery, see_other},
};

const PATH: &str = "/admin/apps";

pub async fn get(ui: Ui, access: OperatorAccess, UrlQuery(query): UrlQuery<ListQuery>) -> PageResult {
    let page = ui.context.store.console_apps(&(&query).into()).await?;
    let chrome = shell::at_last(shell::of_admin(&ui, &access.me, AdminSection::Apps).await?);
    let page = Page::framed("Apps", chrome, move || {
        let (edges, list) = (Edges::from(&page), query.clone());
        let done = match query.done.as_str() {
            "verified" => Some("Verified. Its keys may push data."),
            "ended" => Some("Its keys may no longer push data."),
            _ => None,
        };
        let body = if page.items.is_empty() {
            let text = "Each app that somebody creates is listed here.";
            view! { <NoRows path=PATH query=query.clone() icon=Icon::App title="No app yet" text/> }.into_any()
        } else {
            let rows = page.items.into_iter().map(|listed| view! { <AppRow listed/> }).collect_view();
            view! { <DataTable label="Apps" columns=&["Name", "Organization", "ID", "Ingestion", ""]>{rows}</DataTable> }
                .into_any()
        };
        view! {
            <PageHead title="Apps" sub=|| view! { <span>"Only apps that are verified for ingestion may push data"</span> }/>
            <DoneNotice text=done/>
            <ListSearch path=PATH label="Name, organization or ID" query/>
            {body}
            <ListPages path=PATH query=list noun="app" edges/>
        }
    });
    Ok(ui.ok(page))
}

pub async fn post(caller: Caller, _: OperatorAccess, Typed(form): Typed) -> PageResult {
    let unknown = || PageError::BadRequest("This form does not belong to this page. Open the page again.".to_owned());
    let app = AppId::parse(&form.value("app")).ok_or_else(unknown)?;
    let verified = form.has("verified", "true");
    caller.run(verify_for_ingestion(app.clone(), verified)).await?;
    Ok(see_other(format!("{PATH}?done={}&q={app}", if verified { "verified" } else { "ended" })))
}

#[component]
fn AppRow(listed: ConsoleApp) -> impl IntoView {
    let ConsoleApp { app, org_name } = listed;
    let verified = app.ingestion_verified;
    let (badge, text) = if verified { (Tone::Good, "Verified") } else { (Tone::Neutral, "Not verified") };
    let org = format!("/admin/organizations/{}", app.org_id);
    view! {
        <tr>
            <td class="cell-head">{app.name.clone()}</td>
            <td data-label="Organization"><a href=org>{org_name}</a></td>
            <td data-label="ID"><IdChip id=app.id.to_string() name="Copy app id"/></td>
            <td data-label="Ingestion"><Badge tone=badge text=text/></td>
            <td class="cell-end">
                <form method="post" action=PATH>
                    <Hidden name="app" value=app.id.to_string()/>
                    <Hidden name="verified" value=(!verified).to_string()/>
                    <button
                        class="btn btn-small" role="switch" aria-checked=verified.to_string()
                        aria-label=format!("Verified for ingestion: {}", app.name)
                    >
                        {if verified { "End ingestion" } else { "Verify" }}
                    </button>
                    <SubmitOnce/>
                </form>
            </td>
        </tr>
    }
}
