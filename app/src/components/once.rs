use leptos::prelude::*;

use super::{
    badge::{Badge, Notice, Tone},
    code::CopyButton,
    hand_over::HandOver,
};
use crate::islands::{OnceGuard, SaveAsFile};

/// The secrets as a file. With scripts the browser builds it from the template; without, a form requests it.
#[derive(Clone, Debug)]
pub struct SecretFile {
    /// The form's address.
    pub action: String,
    /// The whole file, encrypted by the server.
    pub sealed: String,
    pub name: String,
    /// The text with `{secret-key}` and `{signing-secret}` in place of the secrets.
    pub template: String,
}

/// Shows the secrets of a new key once. It is left by ticking the box and pressing *Done*, which the browser's
/// validation requires with or without scripts.
#[component]
pub fn OnceDialog(
    #[prop(default = "Save your key")] title: &'static str,
    #[prop(into)] label: String,
    /// The holder of the key.
    #[prop(into)]
    owner: String,
    #[prop(into)] environment: String,
    #[prop(default = Tone::Neutral)] environment_tone: Tone,
    /// `None` for a new signing secret alone.
    #[prop(optional, into)]
    secret_key: Option<String>,
    signing_secret: Option<String>,
    /// The header in which the key is sent.
    #[prop(optional, into)]
    header_name: String,
    /// The text before the key in the header: `Bearer `.
    #[prop(optional, into)]
    scheme: String,
    file: SecretFile,
    /// The file that the app of the key reads.
    #[prop(optional_no_strip)]
    runtime_file: Option<SecretFile>,
    /// Where the file is handed over by a link.
    #[prop(optional, into)]
    handover: String,
    /// Other forms in which a script copies the secrets: their names, and texts like that of the file.
    #[prop(optional)]
    forms: Vec<(&'static str, String)>,
    #[prop(into)] done_href: String,
) -> impl IntoView {
    let first = if secret_key.is_some() { "secret-key" } else { "signing-secret" };
    let copied_as = (!forms.is_empty()).then(|| {
        let buttons = forms.into_iter().map(|(name, text)| {
            view! { <CopyButton name=format!("Copy as {name}") text target=first label=name/> }
        });
        view! { <p class="actions copy-as"><span>"Copy as"</span>{buttons.collect_view()}</p> }
    });
    let handed_over = (!handover.is_empty()).then(|| view! { <HandOver action=handover sealed=file.sealed.clone()/> });
    let two = secret_key.is_some() && signing_secret.is_some();
    let both = if two { "Copy both" } else { "Copy it" };
    let these = if two { "see these." } else { "see it." };
    let saved = if secret_key.is_some() { "I have saved these secrets" } else { "I have saved this secret" };
    let about = [label, owner].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
    let as_bearer =
        (!scheme.is_empty()).then(|| view! { ", after "<code>{scheme.trim_end().to_owned()}</code>" and a space" });

    view! {
        <div class="backdrop backdrop-center">
            <dialog open class="modal modal-wide" aria-modal="true" aria-labelledby="dialog-title">
                <div class="dialog-head">
                    <h2 id="dialog-title">{title}</h2>
                    <p>{about}" "<Badge tone=environment_tone text=environment/></p>
                </div>
                <div class="dialog-body">
                    <Notice tone=Tone::Warning>
                        <b>"This is the only time you’ll "{these}</b>
                        " "{both}" into your secret manager, or download the file."
                    </Notice>
                    {secret_key.map(|secret| view! {
                        <Secret id="secret-key" label="Secret key" copy="Copy secret key" value=secret focused=true>
                            "Every request, in the "<code>{header_name}</code>" header"{as_bearer}"."
                        </Secret>
                    })}
                    {signing_secret.map(|secret| view! {
                        <Secret
                            id="signing-secret" label="Signing secret" copy="Copy signing secret" value=secret
                            focused={first == "signing-secret"}
                        >
                            "Only for servers that sign requests (HMAC-SHA256)."
                        </Secret>
                    })}
                </div>
                <form class="dialog-foot once-foot" method="get" action=done_href>
                    <label class="check"><input type="checkbox" required/>{saved}</label>
                    // Becomes a link to a file built in the browser, with scripts.
                    <button class="btn" form="credentials" data-name=file.name data-text=file.template>
                        "Download credentials JSON"<SaveAsFile/>
                    </button>
                    {runtime_file.as_ref().map(|file| view! { <FileButton file=file.clone()/> })}
                    <button class="btn btn-primary">"Done"</button>
                    <OnceGuard/>
                </form>
                <div class="actions other-ways">{copied_as}{handed_over}</div>
                <form id="credentials" method="post" action=file.action autocomplete="off" hidden>
                    <input type="hidden" name="sealed" value=file.sealed autocomplete="off"/>
                </form>
                {runtime_file.map(|file| view! { <FileForm file/> })}
            </dialog>
            <p class="print-only">"Secrets are not printed. Save them in your secret manager, or download the file."</p>
        </div>
    }
}

/// Becomes a link to the file that the app reads, built in the browser, with scripts.
#[component]
fn FileButton(file: SecretFile) -> impl IntoView {
    view! {
        <button class="btn" form="runtime-file" data-name=file.name.clone() data-text=file.template>
            {format!("Download {}", file.name)}<SaveAsFile/>
        </button>
    }
}

/// Requests the file, without scripts.
#[component]
fn FileForm(file: SecretFile) -> impl IntoView {
    view! {
        <form id="runtime-file" method="post" action=file.action autocomplete="off" hidden>
            <input type="hidden" name="sealed" value=file.sealed autocomplete="off"/>
        </form>
    }
}

/// Shows a new token, or the secret of a webhook, once. It is left like the dialog of a new key.
#[component]
pub fn OnceTokenDialog(
    #[prop(default = "Save your token")] title: &'static str,
    #[prop(default = "I have saved this token")] saved: &'static str,
    #[prop(into)] name: String,
    id: &'static str,
    label: &'static str,
    copy: &'static str,
    #[prop(into)] secret: String,
    /// The file that contains it.
    #[prop(optional_no_strip)]
    runtime_file: Option<SecretFile>,
    #[prop(into)] done_href: String,
    /// How it is sent.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="backdrop backdrop-center">
            <dialog open class="modal modal-wide" aria-modal="true" aria-labelledby="dialog-title">
                <div class="dialog-head">
                    <h2 id="dialog-title">{title}</h2>
                    <p>{name}</p>
                </div>
                <div class="dialog-body">
                    <Notice tone=Tone::Warning>
                        <b>"This is the only time you’ll see it."</b>" Copy it into your secret manager."
                    </Notice>
                    <Secret id label copy value=secret focused=true>{children()}</Secret>
                </div>
                <form class="dialog-foot once-foot" method="get" action=done_href>
                    <label class="check"><input type="checkbox" required/>{saved}</label>
                    {runtime_file.as_ref().map(|file| view! { <FileButton file=file.clone()/> })}
                    <button class="btn btn-primary">"Done"</button>
                    <OnceGuard/>
                </form>
                {runtime_file.map(|file| view! { <FileForm file/> })}
            </dialog>
            <p class="print-only">"Secrets are not printed. Save this one in your secret manager."</p>
        </div>
    }
}

/// A secret that can be read and copied.
#[component]
pub fn Secret(
    id: &'static str,
    label: &'static str,
    copy: &'static str,
    value: String,
    focused: bool,
    /// What it is for.
    children: Children,
) -> impl IntoView {
    let hint = format!("{id}-hint");
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <div class="secret-row">
                <input
                    id=id
                    class="input mono"
                    readonly
                    autocomplete="off"
                    spellcheck="false"
                    value=value
                    aria-describedby=hint.clone()
                    autofocus=focused
                />
                <CopyButton name=copy target=id label="Copy"/>
            </div>
            <p id=hint class="hint">{children()}</p>
        </div>
    }
}
