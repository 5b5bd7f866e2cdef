//! `/admin/mail`: whether mail is on, and mails that wait or could not be sent.

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    mail::Mail,
    store::{ConsoleMail, MailFacts},
};

use super::{
    job_state::{JobState, RunNow, due},
    jobs::{self, run_now},
    list::{Edges, ListPages, ListQuery, ListSearch, NoRows},
};
use crate::{
    access::OperatorAccess,
    acts::{Caller, admin::mail::send_test_mail},
    components::{DataTable, DoneNotice, Head, Hidden, Notice, PageHead, Strip, StripItem, Tone},
    error::PageResult,
    icons::Icon,
    islands::SubmitOnce,
    portal::{AdminSection, Page},
    shell,
    ui::{Typed, Ui, UrlQuery, see_other},
    words::{Ago, digits},
};

const PATH: &str = "/admin/mail";

pub async fn get(ui: Ui, access: OperatorAccess, UrlQuery(query): UrlQuery<ListQuery>) -> PageResult {
    let (store, has_mail) = (&ui.context.store, ui.context.has_mail);
    let page = store.console_mails(&(&query).into()).await?;
    let facts = store.mail_facts().await?;
    let chrome = shell::at_last(shell::of_admin(&ui, &access.me, AdminSection::Mail).await?);
    let now = store.now();
    let page = Page::framed("Mail", chrome, move || {
        let (edges, list) = (Edges::from(&page), query.clone());
        let done = match query.done.as_str() {
            "test" => Some("Queued. It arrives in your mailbox within a minute, or is listed here with the reason."),
            what => jobs::done(what),
        };
        let body = if page.items.is_empty() {
            let text = "Each mail is listed here until it is sent, and for a week if it could not be.";
            view! { <NoRows path=PATH query=query.clone() icon=Icon::Check title="No mail waits or has failed" text/> }
                .into_any()
        } else {
            let rows = page.items.into_iter().map(|mail| view! { <MailRow mail now/> }).collect_view();
            let mut heads = ["Mail", "To"].map(Head::new).to_vec();
            heads.push(Head::new("Queued").less());
            heads.extend(["Due", "Attempts", "Last error", "Status", ""].map(Head::new));
            view! { <DataTable label="Mails" columns=heads>{rows}</DataTable> }.into_any()
        };
        view! {
            <PageHead
                title="Mail" sub=|| view! { <span>"Mails that wait or could not be sent"</span> }
                actions=move || has_mail.then(|| view! { <TestMail/> })
            />
            <DoneNotice text=done/>
            {(!has_mail).then(|| view! {
                <Notice tone=Tone::Warning>
                    <p>
                        <b>"Mail is off."</b>" The settings have no section "<code>"[mail]"</code>", so nothing is sent. Links to reset a password: "
                        <code>"sallyport user reset-link"</code>"."
                    </p>
                </Notice>
            })}
            <QueueFacts facts now/>
            <section class="section">
                <ListSearch path=PATH label="ID of a person or a mail" query/>
                {body}
                <ListPages path=PATH query=list noun="mail" edges/>
            </section>
        }
    });
    Ok(ui.ok(page))
}

pub async fn post(caller: Caller, _: OperatorAccess, Typed(form): Typed) -> PageResult {
    if form.has("do", "test") {
        caller.run(send_test_mail()).await?;
        return Ok(see_other(format!("{PATH}?done=test")));
    }
    run_now(&caller, &form, PATH).await
}

#[component]
fn TestMail() -> impl IntoView {
    view! {
        <form method="post" action=PATH>
            <Hidden name="do" value="test"/>
            <button class="btn">"Send a test mail"</button>
            <SubmitOnce/>
        </form>
    }
}

#[component]
fn QueueFacts(facts: MailFacts, now: Timestamp) -> impl IntoView {
    let MailFacts { waiting, failed, oldest } = facts;
    let oldest = match oldest {
        Some(at) => view! { <Ago at now/> }.into_any(),
        None => "–".into_any(),
    };
    view! {
        <Strip>
            <StripItem label="Waiting" value=move || digits(waiting) note=|| "to be sent"/>
            <StripItem label="Failed" value=move || digits(failed) note=|| "in the last week" warns={failed > 0}/>
            <StripItem label="Oldest" value=move || oldest note=|| "of those that wait"/>
        </Strip>
    }
}

#[component]
fn MailRow(mail: ConsoleMail, now: Timestamp) -> impl IntoView {
    let person = mail.person();
    let ConsoleMail { job, mail, to } = mail;
    let state = JobState::of(&job.status, now);
    let title = mail.as_ref().map_or("Of another version", Mail::title);
    let to = match person.zip(to) {
        Some((id, email)) => view! { <a href=format!("/admin/users?q={id}")>{email}</a> }.into_any(),
        None => {
            let to = match mail {
                Some(Mail::Invitation { .. }) => "The invited person",
                _ => "The person who asked",
            };
            view! { <span class="cell-muted">{to}</span> }.into_any()
        }
    };
    view! {
        <tr>
            <td class="cell-head">{title}</td>
            <td data-label="To">{to}</td>
            <td data-label="Queued" class="cell-muted cell-less"><Ago at=job.created_at now/></td>
            <td data-label="Due" class="cell-muted">{due(job.status.run_at, now)}</td>
            <td data-label="Attempts">{job.status.attempts}</td>
            <td data-label="Last error" class="cell-rest">{job.status.error}</td>
            <td data-label="Status">{state.view()}</td>
            <td class="cell-end">
                {state.may_run.then(|| view! { <RunNow path=PATH id=job.id name=title.to_owned() state/> })}
            </td>
        </tr>
    }
}
