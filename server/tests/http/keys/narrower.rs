//! What a key was used for, on its page, and the panel that begins with it.

use crate::portal::{TestPortal, find};

crate::on_both_portals!(
    the_page_says_what_a_key_was_used_for,
    a_narrower_key_begins_with_what_was_used,
    what_can_not_be_told_is_said,
);

/// A key with all scopes that was used from one network, and the organization and app it is in.
async fn used(portal: &TestPortal, query: &str) -> (String, String, String) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let app = portal.app_in(&org, "Focus and calm").await;
    let secret = portal.generate(&app, "CI", &["read", "write", "delete", "admin"], false).await.secret;
    for _ in 0..2 {
        assert_eq!(portal.auth(query, &[("x-api-key", &secret)]).await.status, 200);
    }
    portal.state.verifier.flush().await.expect("written");
    let key = portal.get(&format!("/apps/{app}/keys")).await.after("href=\"/keys/", '"');
    (org, app.to_string(), key)
}

async fn the_page_says_what_a_key_was_used_for(portal: &TestPortal) {
    let (org, app, key) = used(portal, "?scope=read").await;
    let page = portal.get(&format!("/keys/{key}")).await.body;
    let network = "127.0.0.0/24";
    let said = "This key used 1 of 4 scopes in 1 day. It was never used from outside ";
    assert!(page.contains(&format!("{said}{network}.")), "{page}");
    assert!(page.contains(&format!("/apps/{app}/keys?panel=generate&amp;like={key}&amp;narrower=1")), "{page}");
    for (path, who) in [(format!("/apps/{app}"), "The keys of this app"), (format!("/orgs/{org}"), "The keys here")] {
        let page = portal.get(&path).await.body;
        let said = format!("{who} used 1 of 4 scopes in 1 day. They were never used from outside {network}.");
        assert!(page.contains(&said) && page.contains(&format!("href=\"/orgs/{org}/hygiene\"")), "{path}: {page}");
    }
}

async fn a_narrower_key_begins_with_what_was_used(portal: &TestPortal) {
    let (_, app, key) = used(portal, "?scope=read").await;
    let panel = portal.get(&format!("/apps/{app}/keys?panel=generate&like={key}&narrower=1")).await;
    let form = panel.body.split_once("Make a narrower key</h2>").map(|(_, form)| form).expect("a panel");
    let ticked: Vec<_> = ["read", "write", "delete", "admin"]
        .into_iter()
        .filter(|scope| {
            let at = form.find(&format!("value=\"{scope}\"")).expect("a box");
            form[at..].split('>').next().is_some_and(|tag| tag.contains("checked"))
        })
        .collect();
    assert_eq!(ticked, ["read"]);
    for text in ["value=\"CI (narrower)\"", "127.0.0.0/24", "Monitor only"] {
        assert!(form.contains(text), "{text}: {form}");
    }
    let token = panel.hidden("form_token");
    let fields = [
        ("form_token", token.as_str()),
        ("app_id", &app),
        ("label", "CI (narrower)"),
        ("environment", "production"),
        ("scopes", "read"),
        ("expires", "never"),
        ("addresses", "127.0.0.0/24\nnonsense"),
        ("address_mode", "monitor"),
    ];
    let refused = portal.post(&format!("/apps/{app}/keys"), &fields).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("Line 2, nonsense") && refused.body.contains("Monitor only"), "{}", refused.body);
    let fields = fields.map(|(name, value)| (name, if name == "addresses" { "127.0.0.0/24" } else { value }));
    let issued = portal.post(&format!("/apps/{app}/keys"), &fields).await;
    let secret = find(&issued.body, "sk_live_", 44).expect("a secret");
    let narrower = portal.get(&format!("/apps/{app}/keys?label=narrower")).await.after("href=\"/keys/", '"');
    let page = portal.get(&format!("/keys/{narrower}")).await.body;
    assert!(page.contains("127.0.0.0/24") && page.contains("others are noted, and pass"), "{page}");
    // What was accepted before is, and what was not used is refused.
    assert_eq!(portal.auth("?scope=read", &[("x-api-key", &secret)]).await.status, 200);
    assert_eq!(portal.auth("?scope=write", &[("x-api-key", &secret)]).await.status, 403);
    let elsewhere = portal.from("198.51.100.7");
    assert_eq!(elsewhere.auth("?scope=read", &[("x-api-key", &secret)]).await.status, 200, "monitored at first");
}

async fn what_can_not_be_told_is_said(portal: &TestPortal) {
    let (_, app, key) = used(portal, "").await;
    let page = portal.get(&format!("/keys/{key}")).await.body;
    let said = "2 requests named neither a scope nor a method, so what they needed is not known.";
    assert!(page.contains(said), "{page}");
    // The addresses are known, and the scopes stay as they are.
    let panel = portal.get(&format!("/apps/{app}/keys?panel=generate&like={key}&narrower=1")).await.body;
    assert!(panel.contains("127.0.0.0/24"), "{panel}");
}
