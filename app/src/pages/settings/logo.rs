//! `/orgs/{org_id}/settings/logo`: the logo of an organization, a picture that is sent with the form.

pub mod remove;

use leptos::prelude::*;
use sallyport::{org::Org, picture, place::PlaceKind};

use crate::{
    access::OrgAccess,
    acts::{ActError, Caller, orgs::choose_logo},
    components::{FileField, OrgAvatar},
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    sent_file::SentFile,
    ui::{Ui, see_other},
};

const ACCEPTED: &str = "image/png,image/jpeg,image/webp";

pub async fn post(ui: Ui, caller: Caller, access: OrgAccess, file: Result<SentFile, PageError>) -> PageResult {
    // Before anything is said about the file.
    access.needs(PlaceKind::Org.to_edit())?;
    let id = access.org.id.clone();
    let chosen = match file {
        Ok(SentFile(bytes)) => caller.run(choose_logo(id.clone(), bytes)).await,
        Err(PageError::TooLarge) => Err(ActError::field("logo", picture::TOO_LARGE)),
        Err(error) => return Err(error),
    };
    match chosen {
        Ok(()) => Ok(see_other(format!("/orgs/{id}/settings?saved=1"))),
        Err(error) => {
            let form = error.beside(super::fields(&access))?;
            Ok(ui.refused(super::page(&ui, &ui.context, &access, Some(form), false).await?))
        }
    }
}

/// The forms, on the settings page.
#[component]
pub fn LogoForm(org: Org, form: FormState) -> impl IntoView {
    let action = format!("/orgs/{}/settings/logo", org.id);
    let remove = org.logo.is_some().then(|| {
        let remove = format!("{action}/remove");
        view! { <form method="post" action=remove><button class="btn btn-small">"Remove logo"</button><SubmitOnce/></form> }
    });
    view! {
        <form method="post" action=action enctype="multipart/form-data" class="logo-now">
            <OrgAvatar id=org.id.to_string() name=org.name.clone() colour=org.colour logo=org.logo.clone()/>
            <FileField
                form=&form
                name="logo"
                label="Upload logo"
                accept=ACCEPTED
                hint="PNG, JPEG or WebP, up to 64 KB, 16 to 1024 pixels wide and high. A square looks best."
            />
            <button class="btn">"Send logo"</button>
            <SubmitOnce/>
        </form>
        {remove}
    }
}
