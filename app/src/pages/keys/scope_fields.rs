//! The scopes in the panel: boxes, one choice, or nothing; and bundles that tick several boxes.

use std::sync::Arc;

use leptos::prelude::*;
use sallyport::{
    profile::{HowMany, Profile},
    scope::Scope,
};

use crate::{
    components::{CheckboxGroup, Choice, RadioGroup},
    form::FormState,
    islands::TickBundle,
};

/// "GET, POST", "GET on /reports/**": the requests that a scope allows by itself.
pub fn allows(scope: &Scope) -> Option<String> {
    let methods: Vec<_> = scope.method_names().collect();
    let paths: Vec<_> = scope.paths.iter().map(|path| path.as_str()).collect();
    match (methods.is_empty(), paths.is_empty()) {
        (true, true) => None,
        (false, true) => Some(methods.join(", ")),
        (true, false) => Some(format!("Every method on {}", paths.join(", "))),
        (false, false) => Some(format!("{} on {}", methods.join(", "), paths.join(", "))),
    }
}

/// A scope, with what it means; or, in place of that, that no request needed it.
fn choice(scope: &Scope, left_out: &[String]) -> Choice {
    let choice = Choice::new(&scope.name, &scope.title);
    match (scope.description.is_empty(), allows(scope)) {
        _ if left_out.contains(&scope.name) => choice.note("Left out: no request needed it"),
        (false, _) => choice.note(&scope.description),
        (true, Some(allows)) => choice.note(allows),
        (true, None) => choice,
    }
}

#[component]
pub fn ScopeFields(form: FormState, profile: Arc<Profile>, #[prop(optional)] autofocus: bool) -> impl IntoView {
    let left_out: Vec<_> = form.values_of("left_out").map(str::to_owned).collect();
    let options = profile.scopes.iter().map(|scope| choice(scope, &left_out)).collect();
    match profile.keys.scopes {
        HowMany::Many => view! { <CheckboxGroup form name="scopes" legend="Scopes" options autofocus/> }.into_any(),
        HowMany::One => view! { <RadioGroup form name="scopes" legend="Scope" options autofocus/> }.into_any(),
        HowMany::None => ().into_any(),
    }
}

pub fn has_bundles(profile: &Profile) -> bool {
    profile.keys.scopes == HowMany::Many && !profile.bundles.is_empty()
}

/// Each ticks exactly its scopes: at once with scripts, else through the server, which keeps the other input.
#[component]
pub fn BundleButtons(profile: Arc<Profile>, action: String) -> impl IntoView {
    let buttons = profile.bundles.iter().map(|bundle| {
        let about = (!bundle.description.is_empty()).then(|| format!("bundle-{}-about", bundle.name));
        view! {
            <li>
                <button
                    class="btn btn-small" name="bundle" value=bundle.name.clone() formaction=format!("{action}#scopes")
                    data-scopes=bundle.scopes.join(" ") aria-describedby=about.clone() title=about.is_some().then(|| bundle.description.clone())
                >{bundle.title.clone()}</button>
                {about.map(|id| view! { <span id=id hidden>{bundle.description.clone()}</span> })}
            </li>
        }
    });
    view! {
        <div class="field bundles" role="group" aria-labelledby="bundles-title">
            <p id="bundles-title" class="label">"Tick the scopes for"</p>
            <ul>{buttons.collect_view()}</ul>
            <TickBundle/>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use sallyport::{profile::path::PathPattern, scope::Method};

    use super::*;

    #[test]
    fn what_a_scope_allows_is_said() {
        let paths = |texts: &[&str]| texts.iter().map(|text| PathPattern::parse(text).expect("a pattern")).collect();
        let scope = |methods: &[Method], texts: &[&str]| Scope {
            methods: methods.to_vec(),
            paths: paths(texts),
            ..Scope::default()
        };
        for (scope, said) in [
            (scope(&[], &[]), None),
            (scope(&[Method::Get, Method::Post], &[]), Some("GET, POST")),
            (scope(&[Method::Post, Method::Patch], &[]), Some("POST, PUT, PATCH")),
            (scope(&[], &["/mcp/**", "/tools"]), Some("Every method on /mcp/**, /tools")),
            (scope(&[Method::Get], &["/hub/**"]), Some("GET on /hub/**")),
        ] {
            assert_eq!(allows(&scope).as_deref(), said);
        }
    }
}
