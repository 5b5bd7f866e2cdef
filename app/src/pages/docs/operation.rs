//! An endpoint with its parameters, fields, statuses and examples.

use leptos::prelude::*;
use sallyport::profile::Profile;
use serde_json::{Map, Value};

use super::{
    answer::examples,
    field::{Field, answers, fields, headers, own_fields, parameter, resolved},
    sample::Call,
};
use crate::components::{Badge, CodeTabs, CopyButton, DataTable, Tone};

/// Markdown of the OpenAPI document as plain text.
fn plain(markdown: &str) -> String {
    markdown.replace('\n', " ").replace('`', "")
}

pub struct Operation {
    pub id: String,
    pub tag: String,
    pub summary: String,
    method: String,
    path: String,
    says: String,
    parameters: Vec<Field>,
    body: Vec<Field>,
    /// Title and fields of each successful response.
    answers: Vec<(String, Vec<Field>)>,
    /// Each status with its meaning.
    statuses: Vec<(String, String)>,
    samples: Vec<(String, String)>,
    /// Status and body of the example responses.
    examples: Vec<(String, String)>,
}

/// The order of the groups on the page.
const TAGS: [&str; 17] = [
    "Verification",
    "Organizations",
    "Tenants",
    "Projects",
    "Apps",
    "Members",
    "Service accounts",
    "Keys",
    "Rules for keys",
    "Trust rules",
    "Rotation",
    "Capability tokens",
    "Leaks",
    "Webhooks",
    "Usage",
    "Activity",
    "Service",
];

impl Operation {
    /// All operations of the document.
    pub fn all(document: &Value, public_url: &str, profile: &Profile) -> Vec<Self> {
        let Some(paths) = document["paths"].as_object() else { return Vec::new() };
        let mut operations = Vec::new();
        for (path, item) in paths {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let any = operation["x-any-method"] == true;
                operations.push(Self::of(document, path, method, operation, any, public_url, profile));
            }
        }
        let place = |tag: &str| TAGS.iter().position(|known| *known == tag);
        operations.sort_by_key(|operation| (place(&operation.tag), operation.path.len(), operation.method.clone()));
        operations
    }

    fn of(
        document: &Value,
        path: &str,
        method: &str,
        operation: &Value,
        any: bool,
        public_url: &str,
        profile: &Profile,
    ) -> Self {
        let text = |name: &str| operation[name].as_str().unwrap_or_default().to_owned();
        let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        let parameters: Vec<_> = parameters.iter().map(|one| parameter(document, one)).collect();
        let body = fields(document, &operation["requestBody"]["content"]["application/json"]["schema"]);
        let method = if any { "ANY".to_owned() } else { method.to_uppercase() };
        let own = own_fields(document, &operation["requestBody"]["content"]["application/json"]["schema"]);
        let required = own.iter().filter(|field| field.required || path.ends_with("/verify") && field.name == "key");
        let sent: Map<_, _> = required.map(|field| (field.name.clone(), field.example.clone())).collect();
        // Without required fields the example would be an empty object, so the complete one is shown.
        let whole = &operation["requestBody"]["content"]["application/json"]["example"];
        let sent = if sent.is_empty() && whole.is_object() { whole.clone() } else { Value::Object(sent) };
        let credential = match operation["security"].as_array().map(Vec::len) {
            None | Some(0) => None,
            _ if any => Some((key_header(profile), "API_KEY")),
            _ => Some(("Authorization: Bearer {}".to_owned(), "SALLYPORT_TOKEN")),
        };
        let call = Call {
            method: if any { "GET".to_owned() } else { method.clone() },
            url: format!("{public_url}{path}"),
            credential,
            idempotency: parameters.iter().any(|parameter| parameter.name == "Idempotency-Key"),
            body: (!body.is_empty()).then_some(sent),
        };
        let responses = operation["responses"].as_object();
        let statuses = responses.into_iter().flatten().map(|(status, response)| {
            let says = resolved(document, response)["description"].as_str().unwrap_or_default();
            (status.clone(), says.to_owned())
        });
        Self {
            id: text("operationId"),
            tag: operation["tags"][0].as_str().unwrap_or_default().to_owned(),
            summary: text("summary"),
            says: text("description"),
            answers: good_answers(document, operation),
            examples: examples(document, operation),
            statuses: statuses.collect(),
            samples: call.samples().into(),
            method,
            path: path.to_owned(),
            parameters,
            body,
        }
    }
}

/// Fields and headers of the successful responses.
fn good_answers(document: &Value, operation: &Value) -> Vec<(String, Vec<Field>)> {
    let responses = &operation["responses"];
    let good = if responses["201"].is_null() { &responses["200"] } else { &responses["201"] };
    let answers = answers(document, &good["content"]["application/json"]["schema"]).into_iter();
    let mut told: Vec<_> = answers.map(|(title, schema)| (title, fields(document, schema))).collect();
    told.push(("Headers of the answer".to_owned(), headers(document, &good["headers"])));
    told
}

/// The header with the key in examples.
pub fn key_header(profile: &Profile) -> String {
    match profile.credentials.headers.first() {
        Some(name) => format!("{name}: {{}}"),
        None => "Authorization: Bearer {}".to_owned(),
    }
}

#[component]
pub fn OperationCard(operation: Operation) -> impl IntoView {
    let Operation { id, summary, method, path, says, parameters, body, answers, statuses, samples, examples, .. } =
        operation;
    let says = says.split("\n\n").filter(|text| !text.is_empty()).map(|text| view! { <p>{plain(text)}</p> });
    let statuses = statuses.into_iter().map(|(status, says)| {
        view! { <tr><td class="cell-mono cell-head">{status}</td><td data-label="Means">{plain(&says)}</td></tr> }
    });
    let answers = answers.into_iter().map({
        let of = summary.clone();
        move |(title, fields)| view! { <Fields title of=of.clone() fields needed=false/> }
    });
    let answers = answers.collect_view();
    let label = format!("Statuses of {summary}");
    let (group, answer_group) = (format!("samples-{id}"), format!("answers-{id}"));
    let examples = (!examples.is_empty()).then(|| {
        view! {
            <div><h3>"Example answer"</h3><CodeTabs group=answer_group samples=examples/></div>
        }
    });
    view! {
        <section class="card" id=id>
            <div class="card-head"><h2>{summary.clone()}</h2></div>
            <p class="endpoint">
                <Badge tone=tone(&method) text=method/>
                <span class="id-chip"><code>{path.clone()}</code><CopyButton text=path name="Copy path"/></span>
            </p>
            {says.collect_view()}
            <div class="examples">
                <div><h3>"Example request"</h3><CodeTabs group samples/></div>
                {examples}
            </div>
            <Fields title="Parameters".to_owned() of=summary.clone() fields=parameters needed=true/>
            <Fields title="Body".to_owned() of=summary fields=body needed=true/>
            {answers}
            <h3>"Statuses"</h3>
            <DataTable label columns=&["Status", "Means"]>{statuses.collect_view()}</DataTable>
        </section>
    }
}

/// What a method does: reads, changes, or takes away.
fn tone(method: &str) -> Tone {
    match method {
        "GET" | "ANY" => Tone::Accent,
        "DELETE" => Tone::Danger,
        _ => Tone::Good,
    }
}

#[component]
fn Fields(title: String, of: String, fields: Vec<Field>, needed: bool) -> impl IntoView {
    if fields.is_empty() {
        return ().into_any();
    }
    let rows = fields.into_iter().map(move |field| {
        let says = if needed && field.required { format!("Required. {}", field.says) } else { field.says };
        view! {
            <tr>
                <td class="cell-mono cell-head">{field.name}</td>
                <td data-label="Type">{field.kind}</td>
                <td data-label=(!says.is_empty()).then_some("About")>{plain(&says)}</td>
            </tr>
        }
    });
    let label = format!("{title} of {of}");
    view! {
        <h3>{title}</h3>
        <DataTable label columns=&["Name", "Type", "About"]>{rows.collect_view()}</DataTable>
    }
    .into_any()
}
