//! `/device`: a person approves the sign-in of a command line (RFC 8628, section 3.3). Opening it changes nothing, with or
//! without a code in its address.

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    device::{DeviceRequest, UserCode},
    user::User,
};
use serde::Deserialize;

use crate::{
    access::SignedIn,
    acts::{
        ActError, Caller,
        device::{approve_device, deny_device, waiting_device},
    },
    components::{ErrorSummary, Fact, Facts, Hidden, LeadIcon, Notice, TextField, Tone},
    error::{PageError, PageResult},
    form::FormState,
    icons::Icon,
    islands::SubmitOnce,
    portal::Page,
    ui::{Typed, Ui, UrlQuery, refuse, see_other},
    words::Ago,
};

#[derive(Deserialize)]
pub struct DeviceQuery {
    /// The command line prints an address with its code: it only fills in the field.
    #[serde(default)]
    user_code: String,
    /// How the person answered.
    #[serde(default)]
    done: String,
}

pub async fn get(ui: Ui, me: SignedIn, UrlQuery(query): UrlQuery<DeviceQuery>) -> PageResult {
    let page = match query.done.as_str() {
        "approve" => approved(),
        "deny" => denied(),
        _ => {
            let code = UserCode::parse(&query.user_code).map_or(query.user_code, |code| code.to_string());
            ask_code(FormState::new().with_default("code", code), me.user)
        }
    };
    Ok(ui.ok(page))
}

/// One address for the three buttons; the field `do` says which.
pub async fn post(ui: Ui, caller: Caller, me: SignedIn, Typed(form): Typed) -> PageResult {
    let code = form.value("code");
    let done = match form.value("do").as_str() {
        "continue" => match caller.run(waiting_device(code)).await {
            Ok((code, request)) => {
                let address = me.act().address;
                return Ok(ui.ok(ask_approval(code, request, me.user, address, ui.context.store.now())));
            }
            Err(error) => Err(error),
        },
        "approve" => caller.run(approve_device(code)).await.map(|()| "/device?done=approve"),
        "deny" => caller.run(deny_device(code)).await.map(|()| "/device?done=deny"),
        _ => {
            return Err(PageError::BadRequest(
                "This form does not belong to this page. Open the page again.".to_owned(),
            ));
        }
    };
    match done {
        Ok(shown_at) => Ok(see_other(shown_at)),
        // The code fills in the form again, as in the address that the command line prints.
        Err(ActError::Denied(PageError::Confirm)) => {
            let code = UserCode::parse(&form.value("code")).map_or_else(String::new, |code| code.to_string());
            let back = format!("/device?user_code={code}");
            let next: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
            Ok(see_other(format!("/account/confirm?next={next}")))
        }
        Err(error) => {
            let wait = error.wait();
            Ok(ui.refused_for(ask_code(refuse(form, error)?, me.user), wait))
        }
    }
}

fn ask_code(form: FormState, me: User) -> Page {
    Page::bare("Sign in a command line", move || {
        view! {
            <h1 class="card-title">"Sign in a command line"</h1>
            <p>"Enter the code that it shows. You see what asks before anything is approved."</p>
            <form method="post" action="/device" novalidate class="stack">
                <ErrorSummary form=&form/>
                <TextField
                    form=&form name="code" label="Code" placeholder="XXXX-XXXX" autocomplete="off" mono=true
                    autofocus=!form.is_refused()
                />
                <button class="btn btn-primary btn-wide" name="do" value="continue">"Continue"</button>
                <SubmitOnce/>
            </form>
            <form method="post" action="/sign-out" class="hint">
                "You are signed in as "{me.email}". "<button class="link">"Switch account"</button>
            </form>
        }
    })
}

/// Who asks, and for what. A person may have been sent the code of another person's command line (RFC 8628, section
/// 5.4): what it is called proves nothing.
fn ask_approval(code: UserCode, request: DeviceRequest, me: User, mine: Option<String>, now: Timestamp) -> Page {
    Page::bare("Approve this sign-in?", move || {
        let code = code.to_string();
        let elsewhere = (request.address != mine).then_some("It does not ask from the address of this browser. ");
        let may = request.scopes.iter().map(|scope| view! { <li>{scope.title()}</li> }).collect_view();
        view! {
            <h1 class="card-title">"Approve this sign-in?"</h1>
            <p>"A command line asks to act as "{me.name}" ("{me.email}"), within your roles."</p>
            <p class="user-code"><span class="sr-only">"Code: "</span><code>{code.clone()}</code></p>
            <Facts>
                <Fact label="It calls itself">{request.name}</Fact>
                <Fact label="Address">{request.address.unwrap_or_else(|| "Unknown".to_owned())}</Fact>
                <Fact label="Asked"><Ago at=request.created_at now/></Fact>
            </Facts>
            <section class="permissions"><h2>"It may"</h2><ul>{may}</ul></section>
            <Notice tone=Tone::Warning>
                {elsewhere}
                <b>"Approve only if you have just started this sign-in yourself."</b>
                " The same code has to be in your terminal."
            </Notice>
            <form method="post" action="/device" class="stack">
                <Hidden name="code" value=code/>
                <button class="btn btn-primary btn-wide" name="do" value="approve">"Approve"</button>
                <button class="btn btn-wide" name="do" value="deny">"Deny"</button>
                <SubmitOnce/>
            </form>
        }
    })
}

fn approved() -> Page {
    Page::bare("Approved", || {
        view! {
            <LeadIcon icon=Icon::Check/>
            <h1 class="card-title">"Approved"</h1>
            <p>"You can go back to your command line."</p>
            <p>"It is listed in "<a href="/account">"your account"</a>", where you can sign it out."</p>
        }
    })
}

fn denied() -> Page {
    Page::bare("Denied", || {
        view! {
            <h1 class="card-title">"Denied"</h1>
            <p>"Denied. The command line was not signed in, and the code has ended."</p>
            <p>"If you did not start this sign-in, there is nothing else to do."</p>
            <p><a href="/account">"Your account"</a></p>
        }
    })
}
