//! `/apps/{app_id}/trust-rules` and `/trust-rules/{trust_rule_id}/…`

use crate::portal::TestPortal;

crate::on_both_portals!(
    a_rule_is_made_changed_paused_and_deleted,
    what_is_wrong_is_said_and_nothing_typed_is_lost,
    a_form_that_is_sent_twice_makes_one,
);

const FORM: [(&str, &str); 9] = [
    ("name", "Deploy from main"),
    ("issuer", "https://token.actions.githubusercontent.com"),
    ("audience", "https://portal.example.com"),
    ("claims", "sub=repo:acme/shop:ref:refs/heads/main\r\n\r\nrepository_id = 746213908"),
    ("environment", "production"),
    ("scopes", "read"),
    ("scopes", "write"),
    ("lifetime_seconds", "300"),
    ("addresses", ""),
];

async fn form(portal: &TestPortal, new: &str) -> Vec<(&'static str, String)> {
    let token = portal.get(new).await.hidden("form_token");
    let fields = FORM.iter().map(|(name, value)| (*name, (*value).to_owned()));
    fields.chain([("form_token", token)]).collect()
}

async fn send(portal: &TestPortal, path: &str, form: &[(&'static str, String)]) -> crate::client::Answer {
    let fields: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    portal.post(path, &fields).await
}

async fn a_rule_is_made_changed_paused_and_deleted(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let list = format!("/apps/{app}/trust-rules");
    assert!(portal.get(&format!("/apps/{app}")).await.body.contains(&format!("href=\"{list}\"")));
    let empty = portal.get(&list).await.body;
    for text in ["No trust rules", "Trust GitHub Actions", "Trust GitLab"] {
        assert!(empty.contains(text), "{text}: {empty}");
    }
    let new = format!("{list}/new?for=github");
    let panel = portal.get(&new).await.body;
    assert!(panel.contains("https://token.actions.githubusercontent.com") && panel.contains("repo:OWNER/REPOSITORY"));
    let form = form(portal, &new).await;
    let made = send(portal, &format!("{list}/new"), &form).await;
    assert_eq!(
        (made.status.as_u16(), made.location()),
        (303, format!("{list}?done=created").as_str()),
        "{}",
        made.body
    );
    let page = portal.get(&list).await.body;
    for text in ["Deploy from main", "repository_id=746213908", "read, write", "300 s", "Never", "Active"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let rule = portal.store.trust_rules(&app).await.expect("read").remove(0);
    let at = format!("/trust-rules/{}", rule.id);

    let edit = portal.get(&format!("{at}/edit")).await.body;
    assert!(edit.contains("repository_id=746213908") && edit.contains("5 minutes"), "{edit}");
    let mut changed = form.clone();
    for (name, value) in &mut changed {
        if *name == "claims" {
            *value = "sub=repo:acme/shop:environment:production".to_owned();
        }
    }
    let saved = send(portal, &format!("{at}/edit"), &changed).await;
    assert_eq!(saved.location(), format!("{list}?done=saved"), "{}", saved.body);
    let now = portal.store.trust_rule(&rule.id).await.expect("read").expect("there");
    assert_eq!(now.claims.len(), 1);

    for (verb, question, done) in [
        ("pause", "Pause this trust rule?", "paused"),
        ("resume", "Resume this trust rule?", "resumed"),
        ("delete", "Delete this trust rule?", "deleted"),
    ] {
        let path = format!("{at}/{verb}");
        // Asking changes nothing.
        let before = portal.store.trust_rule(&rule.id).await.expect("read");
        let asked = portal.get(&path).await;
        assert!(asked.status == 200 && asked.body.contains(question), "{}", asked.body);
        assert_eq!(portal.store.trust_rule(&rule.id).await.expect("read"), before);
        if verb == "delete" {
            let refused = portal.post(&path, &[("typed_name", "Deploy")]).await;
            assert_eq!(refused.status, 422, "{}", refused.body);
        }
        let answer = portal.post(&path, &[("typed_name", "Deploy from main")]).await;
        assert_eq!(answer.location(), format!("{list}?done={done}"), "{}", answer.body);
        let is_paused = portal.store.trust_rule(&rule.id).await.expect("read").map(|rule| rule.is_paused());
        assert_eq!(
            is_paused,
            [("pause", Some(true)), ("resume", Some(false)), ("delete", None)]
                .into_iter()
                .find(|(it, _)| *it == verb)
                .expect("there")
                .1
        );
    }
    let activity = portal.get(&format!("/apps/{app}/activity")).await.body;
    for text in
        ["Trust rule created", "Trust rule changed", "Trust rule paused", "Trust rule resumed", "Trust rule deleted"]
    {
        assert!(activity.contains(text), "{text}");
    }
}

async fn what_is_wrong_is_said_and_nothing_typed_is_lost(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let new = format!("/apps/{app}/trust-rules/new");
    for (field, value, says) in [
        ("claims", "sub=repo:*", "begin with at least two whole parts"),
        ("claims", "repo:acme/shop", "Write a claim on each line"),
        ("claims", "ref=refs/heads/main", "Say whose tokens these are"),
        ("issuer", "https://10.0.0.1/typed", "not on the public internet"),
        ("audience", "typed too", "Write the audience"),
        ("lifetime_seconds", "86400", "Choose between 60 and 900 seconds"),
        ("name", "", "Give the rule a name"),
    ] {
        let mut form = form(portal, &new).await;
        form.iter_mut().find(|(name, _)| *name == field).expect("a field").1 = value.to_owned();
        let refused = send(portal, &new, &form).await;
        assert_eq!(refused.status, 422, "{field}: {}", refused.body);
        assert!(refused.body.contains(says) && refused.body.contains(value), "{field} {says}: {}", refused.body);
        assert!(refused.body.contains("https://portal.example.com") || field == "audience", "the rest is still there");
    }
    assert!(portal.store.trust_rules(&app).await.expect("read").is_empty());
}

async fn a_form_that_is_sent_twice_makes_one(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let new = format!("/apps/{app}/trust-rules/new");
    let form = form(portal, &new).await;
    assert_eq!(send(portal, &new, &form).await.status, 303);
    let again = send(portal, &new, &form).await;
    assert_eq!(again.status, 422, "{}", again.body);
    assert!(again.body.contains("sent already"), "{}", again.body);
    assert_eq!(portal.store.trust_rules(&app).await.expect("read").len(), 1);
}
