//! `/approvals/{approval_id}`: what somebody asked for. Those who may, approve or refuse it; who asked claims or withdraws it.

pub mod facts;

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    Timestamp,
    approval::{Approval, ApprovalStatus, Wish},
    id::ApprovalId,
    store::Claimed,
};

use self::facts::{ApprovalFacts, Decided, asker};
use crate::{
    access::{Addressed, ApprovalAccess},
    acts::{ActError, Caller, InPage, approvals},
    components::{Badge, Card, DoneNotice, ErrorSummary, Hidden, PageHead, TextField, Tone},
    context::Context,
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    pages::keys::once::{self, Once},
    portal::{Crumb, Page, Section},
    shell,
    ui::{Typed, Ui, UrlQuery, refuse, see_other},
    words::Ago,
};

#[derive(serde::Deserialize)]
pub struct DoneQuery {
    #[serde(default)]
    done: String,
}

impl DoneQuery {
    /// Only while it is so: the address may be opened again later.
    fn text(&self, status: ApprovalStatus) -> Option<&'static str> {
        match (self.done.as_str(), status) {
            ("asked", ApprovalStatus::Waiting) => Some("Asked. Owners and admins were told."),
            ("approve", ApprovalStatus::Approved) => Some("Approved."),
            ("refuse", ApprovalStatus::Refused) => Some("Refused."),
            ("withdraw", ApprovalStatus::Withdrawn) => Some("Withdrawn."),
            _ => None,
        }
    }
}

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    access: ApprovalAccess,
    UrlQuery(query): UrlQuery<DoneQuery>,
) -> PageResult {
    let done = query.text(access.approval.status(context.store.now()));
    Ok(ui.ok(page(&ui, &context, &access, FormState::new(), done).await?))
}

pub async fn post(ui: Ui, caller: Caller, Addressed(id): Addressed<ApprovalAccess>, Typed(form): Typed) -> PageResult {
    // Whoever may not see it learns nothing of what can be sent.
    let access: ApprovalAccess = caller.access(&id).await?;
    let done = form.value("do");
    let result = match done.as_str() {
        "approve" => caller.run(approvals::approve(id.clone())).await,
        "refuse" => caller.run(approvals::refuse(id.clone(), form.value("reason"))).await,
        "withdraw" => caller.run(approvals::withdraw(id.clone())).await,
        "claim" => match caller.run(approvals::claim(id.clone())).await {
            Ok(InPage(claimed)) => return claimed_page(&ui, &caller, access, claimed).await,
            Err(error) => Err(error),
        },
        _ => Err(ActError::field("", "Choose what to do with the request.")),
    };
    match result {
        Ok(()) => Ok(see_other(format!("/approvals/{id}?done={done}"))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access(&id).await?);
            Ok(ui.refused(page(&ui, &ui.context, &access, form, None).await?))
        }
    }
}

/// The secrets are only in this response: they are shown even if the page behind them can't be.
async fn claimed_page(ui: &Ui, caller: &Caller, access: ApprovalAccess, claimed: Claimed) -> PageResult {
    let issued = match claimed {
        Claimed::Issued(issued) => issued,
        Claimed::Changed(key) => return Ok(see_other(format!("/keys/{key}?done=changed"))),
    };
    // As it is now.
    let access = caller.access(&access.approval.id).await.unwrap_or(access);
    let page = page(ui, &ui.context, &access, FormState::new(), None).await;
    let page = page.unwrap_or_else(|_| Page::bare("API keys", || ()));
    let (profile, done) = (ui.context.store.profile().clone(), format!("/keys/{}", issued.key.id));
    let files = once::files(&ui.context, &access.within.me, &issued).await;
    let public_url = ui.context.public_url.clone();
    Ok(ui.secret(page.with_dialog(move || view! { <Once issued public_url files profile done/> })))
}

pub fn tone(status: ApprovalStatus) -> Tone {
    match status {
        ApprovalStatus::Waiting => Tone::Warning,
        ApprovalStatus::Approved | ApprovalStatus::Claimed => Tone::Good,
        ApprovalStatus::Refused => Tone::Danger,
        ApprovalStatus::Withdrawn | ApprovalStatus::Expired => Tone::Neutral,
    }
}

/// What it is about, in a few words.
pub fn title(approval: &Approval) -> &'static str {
    match approval.wish {
        Wish::Key(_) => "New key",
        Wish::Change(_) => "Change of a key",
    }
}

async fn page(
    ui: &Ui,
    context: &Context,
    access: &ApprovalAccess,
    form: FormState,
    done: Option<&'static str>,
) -> Result<Page, PageError> {
    let mut chrome = shell::of_org(ui, &access.within, Section::Keys).await?;
    let org = &access.within.org.id;
    chrome.crumbs.push(Crumb::link("Approvals", format!("/orgs/{org}/approvals")));
    chrome.crumbs.push(Crumb::here(&access.approval.label));
    let (approval, profile, now) = (access.approval.clone(), context.store.profile().clone(), context.store.now());
    let status = approval.status(now);
    let open = matches!(status, ApprovalStatus::Waiting | ApprovalStatus::Approved);
    let (decides, mine) = (access.may_decide() && open, access.is_mine() && open);
    Ok(Page::framed(format!("{} · {}", title(&approval), approval.label), chrome, move || {
        let (what, id, asked) = (title(&approval), approval.id.clone(), approval.clone());
        let (by, asked_at) = (asker(&approval), approval.asked_at);
        let decide = decides.then(|| view! { <Decide id=id.clone() form=form.clone() status/> });
        let own = mine.then(|| view! { <Own id approval=approval.clone() status now/> });
        view! {
            <PageHead
                title=approval.label.clone()
                sub=move || view! {
                    <span>{what}</span>
                    <span><Badge tone=tone(status) text=status.title()/></span>
                    <span>{by}" asked "<Ago at=asked_at now/></span>
                }
            />
            <DoneNotice text=done/>
            <ErrorSummary form=&form/>
            <div class="columns">
                {own}
                {decide}
                <Card title="What was asked for"><ApprovalFacts approval=asked profile now/></Card>
                <Decided approval now/>
            </div>
        }
    }))
}

/// A button that does something with the request.
#[component]
fn Act(id: ApprovalId, what: &'static str, class: &'static str, label: &'static str) -> impl IntoView {
    view! {
        <form method="post" action=format!("/approvals/{id}")>
            <Hidden name="do" value=what/>
            <button class=class>{label}</button>
            <SubmitOnce/>
        </form>
    }
}

#[component]
fn Decide(id: ApprovalId, form: FormState, status: ApprovalStatus) -> impl IntoView {
    let waits = status == ApprovalStatus::Waiting;
    let about = if waits {
        "Once it is approved, whoever asked can claim it for 7 days. Only then there is a secret."
    } else {
        "Until it is claimed, the approval can be taken back."
    };
    let action = format!("/approvals/{id}");
    view! {
        <Card title="Decide">
            <div class="stack">
                <p class="muted">{about}</p>
                {waits.then(|| view! {
                    <form id="approve" method="post" action=action.clone()>
                        <Hidden name="do" value="approve"/>
                        <SubmitOnce/>
                    </form>
                })}
                <form method="post" action=action novalidate class="form">
                    <Hidden name="do" value="refuse"/>
                    <TextField form=&form name="reason" label="Reason" hint="Of a refusal. Whoever asked reads it." maxlength=200/>
                    <div class="form-foot">
                        {waits.then(|| view! { <button class="btn btn-primary" form="approve">"Approve"</button> })}
                        <button class="btn btn-danger-quiet">"Refuse"</button>
                    </div>
                    <SubmitOnce/>
                </form>
            </div>
        </Card>
    }
}

/// What who asked can do.
#[component]
fn Own(id: ApprovalId, approval: Approval, status: ApprovalStatus, now: Timestamp) -> impl IntoView {
    let approved = status == ApprovalStatus::Approved;
    let until = crate::words::ahead(approval.expires_at, now);
    let about = match (approved, &approval.wish) {
        (false, _) => format!("Another owner or admin has to approve it. You get a mail then. It expires {until}."),
        (true, Wish::Key(_)) => {
            format!("Claim it to make the key: its secrets are shown once, to you alone. The approval expires {until}.")
        }
        (true, Wish::Change(_)) => format!("Claim it to change the key. The approval expires {until}."),
    };
    view! {
        <Card title="Your request">
            <div class="stack">
                <p class="muted">{about}</p>
                <div class="form-foot">
                    {approved.then(|| view! { <Act id=id.clone() what="claim" class="btn btn-primary" label="Claim"/> })}
                    <Act id what="withdraw" class="btn" label="Withdraw"/>
                </div>
            </div>
        </Card>
    }
}
