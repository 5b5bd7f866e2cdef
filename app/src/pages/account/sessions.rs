//! The sessions of the person, and buttons to end them.

use leptos::prelude::*;
use sallyport::{Timestamp, session::OpenSession};

use crate::{
    components::{Badge, DataTable, Hidden, Setting, Tone},
    words::Ago,
};

#[component]
pub(super) fn Sessions(open: Vec<OpenSession>, this: [u8; 32], now: Timestamp) -> impl IntoView {
    let others = open.iter().any(|session| session.digest != this);
    let rows = open.into_iter().map(move |session| {
        let own = session.digest == this;
        view! {
            <tr>
                <td class="cell-head">
                    {session.device()}
                    {own.then(|| view! { " "<Badge tone=Tone::Good text="This session"/> })}
                </td>
                <td data-label="Address" class="cell-mono">{session.address.clone()}</td>
                <td data-label="Signed in" class="cell-muted"><Ago at=session.created_at now/></td>
                <td data-label="Last seen" class="cell-muted"><Ago at=session.last_seen_at now/></td>
                <td class="cell-end">
                    {if own {
                        view! { <form method="post" action="/sign-out"><button class="btn btn-small">"Sign out"</button></form> }
                            .into_any()
                    } else {
                        view! {
                            <form method="post" action="/account">
                                <Hidden name="do" value="session"/>
                                <Hidden name="session" value=session.handle()/>
                                <button class="btn btn-small">"Sign out"</button>
                            </form>
                        }.into_any()
                    }}
                </td>
            </tr>
        }
    });
    view! {
        <Setting
            title="Where you are signed in"
            about=|| "Sign out what you do not recognize, and change your password then."
        >
            <DataTable label="Sessions" columns=&["Browser", "Address", "Signed in", "Last seen", ""]>
                {rows.collect_view()}
            </DataTable>
            {others.then(|| view! {
                <form method="post" action="/account">
                    <Hidden name="do" value="sessions"/>
                    <button class="btn btn-danger-quiet">"Sign out everywhere else"</button>
                </form>
            })}
        </Setting>
    }
}
