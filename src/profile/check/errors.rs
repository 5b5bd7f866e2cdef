//! Error bodies: each is rendered once with sample ids, to check that it is JSON.

use serde::de::IgnoredAny;

use super::{
    super::{
        Brand, Credentials,
        errors::{Class, ClassErrors, Errors, Placeholder, Refusal, Template, sentences},
        file::{ClassEntry, ErrorsEntry, Text},
    },
    Findings,
};
use crate::verdict::Verdict;

/// Problem documents (RFC 9457).
const STANDARD: &str = r#"{"type":"about:blank","title":"{title}","status":{status},"code":"{code}","detail":"{message}","request_id":"{request_id}"}"#;
const STANDARD_TYPE: &str = "application/problem+json";
/// It has to fit into a header: nginx builds the response from one.
const LONGEST: usize = 2048;
const NO_ADDRESS: &str = "{doc_url} has no address; set doc_url in [errors], or docs_url in [brand].";

pub(super) fn errors(entry: &ErrorsEntry, brand: &Brand, credentials: &Credentials, findings: &mut Findings) -> Errors {
    let content_type = match (&entry.content_type, is_templated(entry)) {
        (Some(said), _) => content_type(said, findings),
        (None, true) => "application/json".to_owned(),
        (None, false) => STANDARD_TYPE.to_owned(),
    };
    let entries = [&entry.unauthorized, &entry.forbidden, &entry.rate_limited, &entry.bad_request, &entry.unavailable];
    let mut classes = <[ClassErrors; 5]>::default();
    for (class, said) in Class::ALL.into_iter().zip(entries) {
        classes[class as usize] = class_errors(class, said, entry, brand, findings);
    }
    for (name, text) in &entry.messages {
        let named = Verdict::parse(name).filter(|verdict| !matches!(verdict, Verdict::Valid | Verdict::NotFound));
        if named.is_none() {
            let names: Vec<_> = Verdict::ALL[2..].iter().map(|verdict| verdict.code()).collect();
            let names = names.join(", ").replace("not_found, ", "");
            let message =
                format!("{name} is not a verdict with a message; these are, malformed for unknown keys too: {names}.");
            findings.refuse(text, message);
        }
    }
    let refusals = Verdict::ALL.map(|verdict| {
        // An error in a template was already reported for its class, and a profile with errors is not used.
        let said = entry.messages.get(match verdict {
            Verdict::NotFound => Verdict::Malformed.code(),
            other => other.code(),
        });
        refusal(verdict, said, &classes[Class::of(verdict.status()) as usize], credentials, findings)
    });
    Errors { content_type, classes, refusals: refusals.into() }
}

fn is_templated(entry: &ErrorsEntry) -> bool {
    let classes = [&entry.unauthorized, &entry.forbidden, &entry.rate_limited, &entry.bad_request, &entry.unavailable];
    entry.template.is_some() || classes.iter().any(|class| class.template.is_some())
}

fn class_errors(
    class: Class,
    said: &ClassEntry,
    all: &ErrorsEntry,
    brand: &Brand,
    findings: &mut Findings,
) -> ClassErrors {
    let place = said.template.as_ref().or(all.template.as_ref());
    let text = place.map_or(STANDARD, |text| text.get_ref()).trim();
    let parsed = Template::body(text);
    if let (Err(message), Some(place)) = (&parsed, place) {
        findings.refuse(place, message);
    }
    let sound = place.filter(|_| parsed.is_ok());
    let body = parsed.unwrap_or_default();
    let doc_url = said.doc_url.as_ref().or(all.doc_url.as_ref()).map(|url| findings.url(url));
    let doc_url = doc_url.or_else(|| brand.docs_url.clone());
    if let (true, None, Some(place)) = (body.has(Placeholder::DocUrl), &doc_url, place) {
        findings.refuse(place, NO_ADDRESS);
    }
    let doc_url = doc_url.as_deref().map_or_else(Template::default, Template::text);
    let body = body.with(Placeholder::DocUrl, &doc_url);
    let code = said.code.as_ref().map(|code| findings.name(code, "._-"));
    let message = said.message.as_ref().map(|text| sentence(text, &doc_url, findings));
    let errors = ClassErrors { body, doc_url, code, message };
    if let Some(place) = sound {
        let code = errors.code.as_deref().unwrap_or(class.name());
        let status = class.status().to_string();
        let sample = errors.body.render(|placeholder| match placeholder {
            Placeholder::Status => &status,
            Placeholder::Title => class.title(),
            Placeholder::Code => code,
            Placeholder::Message => "a sentence",
            Placeholder::RequestId | Placeholder::AppId | Placeholder::DocUrl => "an id",
        });
        check_json(place, &sample, findings);
    }
    errors
}

fn sentence(text: &Text, doc_url: &Template, findings: &mut Findings) -> Template {
    if text.get_ref().chars().any(|character| character.is_control() && character != '\n') {
        findings.refuse(text, "A control character is in this message; leave it out.");
    }
    let sentence = Template::sentence(text.get_ref().trim()).unwrap_or_else(|message| {
        findings.refuse(text, message);
        Template::default()
    });
    if sentence.has(Placeholder::DocUrl) && *doc_url == Template::default() {
        findings.refuse(text, NO_ADDRESS);
    }
    sentence.with(Placeholder::DocUrl, doc_url)
}

fn refusal(
    verdict: Verdict,
    said: Option<&Text>,
    class: &ClassErrors,
    credentials: &Credentials,
    findings: &mut Findings,
) -> Refusal {
    let kind = Class::of(verdict.status());
    let own = said.map(|text| sentence(text, &class.doc_url, findings)).or_else(|| class.message.clone());
    let with_status = |body: Template| {
        let body = body.with(Placeholder::Code, &Template::text(class.code.as_deref().unwrap_or(kind.name())));
        let body = body.with(Placeholder::Title, &Template::text(kind.title()));
        body.with(Placeholder::Status, &Template::text(&kind.status().to_string()))
    };
    let filled = |message: &Template| with_status(class.body.with(Placeholder::Message, message));
    let open = own.is_none().then(|| with_status(class.body.clone()));
    let plain = |text: &str| Template::sentence(text).unwrap_or_default();
    let message = own.unwrap_or_else(|| plain(&sentences::of(verdict, credentials)));
    let without_app = if message.has(Placeholder::AppId) {
        filled(&plain(&sentences::without_app(verdict, credentials)))
    } else {
        filled(&message)
    };
    let refusal = Refusal { body: filled(&message), without_app, open };
    if let Some(said) = said {
        check_length(said, &refusal.body.render(|_| ""), findings);
    }
    refusal
}

fn check_json(place: &Text, sample: &str, findings: &mut Findings) {
    if let Err(error) = serde_json::from_str::<IgnoredAny>(sample) {
        let message =
            format!("This is not JSON once it is filled in ({error}); texts have to be in quotation marks: {sample}");
        findings.refuse(place, message);
    }
    check_length(place, sample, findings);
}

fn check_length(place: &Text, sample: &str, findings: &mut Findings) {
    if sample.len() > LONGEST {
        findings.refuse(place, format!("The body is longer than {LONGEST} bytes, too long for a header; shorten it."));
    }
}

fn content_type(said: &Text, findings: &mut Findings) -> String {
    let text = said.get_ref();
    let kind = text.split(';').next().unwrap_or_default().trim();
    let json = kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"));
    if !json || !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) || text.len() > 100 {
        findings.refuse(said, "Bodies are JSON; write application/json, or another type that ends with +json.");
    }
    text.clone()
}
