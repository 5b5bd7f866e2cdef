//! The response to the panel's form: the list, with the matching dialog over it.

use axum::http::StatusCode;
use leptos::prelude::*;
use sallyport::{app::App, key::Issued};

use super::{
    already::Already,
    generate::Generated,
    once::{self, Once},
    panel::{GeneratePanel, Panel},
};
use crate::{
    access::OrgAccess,
    error::{PageError, PageResult},
    portal::Page,
    ui::{Ui, see_other},
};

/// The address of the form, and its choices.
pub struct Sent<'a> {
    pub ui: &'a Ui,
    pub access: &'a OrgAccess,
    pub path: String,
    pub apps: Vec<App>,
}

impl Sent<'_> {
    /// `page` is the current list; `done` is where the one-time dialog leads.
    pub async fn answer(
        self,
        generated: Generated,
        page: Result<Page, PageError>,
        done: impl FnOnce(&Issued) -> String,
    ) -> PageResult {
        let Self { ui, access, path, apps } = self;
        match generated {
            Generated::Issued(issued) => {
                // The secrets are only in this response: they are shown even if the list behind them can't be.
                let page = page.unwrap_or_else(|_| Page::bare("API keys", || ()));
                let (profile, done) = (ui.context.store.profile().clone(), done(&issued));
                let files = once::files(&ui.context, &access.me, &issued).await;
                let public_url = ui.context.public_url.clone();
                Ok(ui.secret(page.with_dialog(move || view! { <Once issued public_url files profile done/> })))
            }
            Generated::Waits(approval) => Ok(see_other(format!("/approvals/{approval}?done=asked"))),
            Generated::Already(key) => {
                let page = page?.with_dialog(move || view! { <Already key close=path/> });
                Ok(ui.show(StatusCode::CONFLICT, page))
            }
            Generated::Ticked(form) => {
                let panel = Panel::new(&ui.context, access, &path, apps, form);
                Ok(ui.ok(page?.with_dialog(move || view! { <GeneratePanel panel/> })))
            }
            Generated::Refused(form) => {
                let panel = Panel::new(&ui.context, access, &path, apps, form);
                Ok(ui.refused(page?.with_dialog(move || view! { <GeneratePanel panel/> })))
            }
        }
    }
}
