//! The form of a request to test.

use std::net::IpAddr;

use base64::{Engine, prelude::BASE64_STANDARD};
use leptos::prelude::*;
use sallyport::{
    Invalid,
    decision::Decision,
    key::{Ask, verdict::Via},
    profile::{Mode, Profile},
    scope::Request,
    signature::Signed,
};

use crate::{
    components::{CheckField, CheckboxGroup, Choice, ErrorSummary, SelectField, TextArea, TextField},
    form::FormState,
    islands::SubmitOnce,
};

/// The maximum size of a signed body in bytes.
const MOST_BODY: usize = 32 * 1024;
/// The maximum length of any other field in characters.
const MOST: usize = 2_000;
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// The parsed input.
pub struct TypedAsk {
    method: String,
    path: String,
    scopes: Vec<String>,
    mode: Option<Mode>,
    app_id: String,
    workspace: String,
    ingestion: bool,
    ip: Option<IpAddr>,
    /// Timestamp, signature and body, if it is signed.
    signed: Option<(String, String, Vec<u8>)>,
}

impl TypedAsk {
    pub fn check(form: &FormState) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        let text = |name: &str| form.value(name).trim().to_owned();
        for name in ["method", "path", "app_id", "workspace", "ip", "timestamp", "signature"] {
            if text(name).len() > MOST {
                invalid.push(field(name), format!("At most {MOST} characters."));
            }
        }
        let ip = match text("ip") {
            none if none.is_empty() => None,
            typed => {
                let ip = typed.parse().ok();
                if ip.is_none() {
                    invalid.push("ip", "Write an address like 203.0.113.7 or 2001:db8::7.");
                }
                ip
            }
        };
        let mode = match form.value("mode").as_str() {
            "" => None,
            word => {
                let mode = Mode::parse(word);
                if mode.is_none() {
                    invalid.push("mode", "Choose Live, Test or either.");
                }
                mode
            }
        };
        let body = invalid.take(body(form));
        let signed = (text("timestamp"), text("signature"), body);
        let is_signed = !(signed.0.is_empty() && signed.1.is_empty());
        invalid.or(Self {
            method: text("method"),
            path: text("path"),
            scopes: form.values_of("scopes").take(64).map(str::to_owned).collect(),
            mode,
            app_id: text("app_id"),
            workspace: text("workspace"),
            ingestion: form.has("ingestion", "on"),
            ip,
            signed: is_signed.then_some(signed),
        })
    }

    pub fn ask(&self) -> Ask<'_> {
        Ask {
            workspace: given(&self.workspace),
            app_id: given(&self.app_id),
            scopes: self.scopes.iter().map(String::as_str).collect(),
            mode: self.mode,
            ingestion: self.ingestion,
            request: Request::new(given(&self.method), given(&self.path)),
            ip: self.ip,
            signed: self.signed.as_ref().map(|(timestamp, signature, body)| Signed { timestamp, signature, body }),
            cost: 1,
            via: Via::Gateway,
            ..Ask::default()
        }
    }
}

fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn field(name: &str) -> &'static str {
    match name {
        "method" => "method",
        "path" => "path",
        "app_id" => "app_id",
        "workspace" => "workspace",
        "ip" => "ip",
        "timestamp" => "timestamp",
        _ => "signature",
    }
}

/// Browsers send line ends as CR LF; clients rarely do.
fn body(form: &FormState) -> Result<Vec<u8>, Invalid> {
    let typed = form.value("body");
    let body = if form.value("body_kind") == "base64" {
        let packed: String = typed.split_ascii_whitespace().collect();
        BASE64_STANDARD
            .decode(packed)
            .map_err(|_| Invalid::field("body", "This is not base64 (RFC 4648, with its padding)."))?
    } else {
        typed.replace("\r\n", "\n").into_bytes()
    };
    if body.len() > MOST_BODY {
        return Err(Invalid::field("body", "At most 32 KiB can be tried out here."));
    }
    Ok(body)
}

/// The form, filled in with a refused request.
pub fn of_decision(decision: &Decision) -> FormState {
    let asked = &decision.asked;
    let text = |text: &Option<Box<str>>| text.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut pairs = vec![
        ("method", text(&asked.method)),
        ("path", text(&asked.path)),
        ("app_id", text(&asked.app_id)),
        ("workspace", text(&asked.workspace)),
        ("mode", asked.mode.map_or("", |mode| mode.as_str()).to_owned()),
        ("ip", asked.ip.map(|ip| ip.to_string()).unwrap_or_default()),
    ];
    pairs.extend(asked.scopes.iter().map(|scope| ("scopes", scope.to_string())));
    if asked.ingestion {
        pairs.push(("ingestion", "on".to_owned()));
    }
    FormState::typed(pairs)
}

#[component]
pub fn TestForm(form: FormState, profile: std::sync::Arc<Profile>) -> impl IntoView {
    let mut methods = vec![Choice::new("", "Not specified")];
    let typed = form.value("method");
    let other = Some(typed.as_str()).filter(|typed| !typed.is_empty() && !METHODS.contains(typed));
    methods.extend(METHODS.into_iter().chain(other).map(|method| Choice::new(method, method)));
    let modes = vec![Choice::new("", "Either"), Choice::new("live", "Live"), Choice::new("test", "Test")];
    let kinds = vec![Choice::new("text", "Text, its lines ended by LF"), Choice::new("base64", "Base64")];
    let scopes: Vec<_> =
        profile.scopes.iter().map(|scope| Choice::new(&scope.name, &scope.title).note(&scope.description)).collect();
    let has_scopes = !scopes.is_empty();
    let signed = ["timestamp", "signature", "body"].iter().any(|name| !form.value(name).is_empty());
    let more = ["mode", "ip", "app_id", "workspace", "ingestion"].iter().any(|name| !form.value(name).is_empty());
    view! {
        <form class="form" method="post" novalidate>
            <ErrorSummary form=&form/>
            <div class="pair">
                <SelectField form=&form name="method" label="Method" options=methods/>
                <TextField form=&form name="path" label="Path" mono=true placeholder="/v1/things" hint="Empty: the path is not checked."/>
            </div>
            {has_scopes.then(|| view! {
                <CheckboxGroup
                    form=&form name="scopes" legend="Required scopes" options=scopes
                />
            })}
            <details class="disclosure" open=more>
                <summary>"More conditions"</summary>
                <div class="stack">
                    <div class="pair">
                        <SelectField form=&form name="mode" label="Required mode" options=modes/>
                        <TextField form=&form name="ip" label="Client address" mono=true placeholder="203.0.113.7"/>
                    </div>
                    <div class="pair">
                        <TextField form=&form name="app_id" label="Required app" mono=true hint="An app ID; empty for any."/>
                        <TextField
                            form=&form name="workspace" label="Required organization" mono=true
                            hint="An organization ID; empty for any."
                        />
                    </div>
                    <CheckField form=&form name="ingestion" label="Pushes data (ingestion)"/>
                </div>
            </details>
            <details class="disclosure" open=signed>
                <summary>"Signature"</summary>
                <div class="stack">
                    <TextField
                        form=&form name="timestamp" label="Timestamp" mono=true
                        hint=format!("As in the header {}.", profile.signatures.timestamp)
                    />
                    <TextField
                        form=&form name="signature" label="Signature" mono=true
                        hint=format!("As in the header {}. Testing does not use it up.", profile.signatures.signature)
                    />
                    <SelectField form=&form name="body_kind" label="The body is written as" options=kinds/>
                    <TextArea form=&form name="body" label="Body" mono=true rows=5/>
                </div>
            </details>
            <div class="form-foot"><button class="btn btn-primary">"Test it"</button></div>
            <SubmitOnce/>
        </form>
    }
}
