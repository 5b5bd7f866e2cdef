//! A token of an account that may do more afterwards: whoever has it was trusted with less.

use sallyport::journal::Entry;

use super::*;

sallyport::on_both_databases!(who_has_a_token_does_not_rise_with_it,);

async fn who_has_a_token_does_not_rise_with_it(store: &TestStore) {
    let Made { act, org, project, .. } = made(store).await;
    let tenant = store.find(Reader::All, &project.tenant_id).await.expect("asked").expect("there");
    let other = store.create_tenant(&act, &org.id, NewTenant { name: "Other".to_owned() }).await.expect("made");
    let places: [PlaceRef<'_>; 4] = [(&org.id).into(), (&tenant).into(), (&project).into(), (&other).into()];
    let [whole, above, here, beside] = places;
    for (from, to, more) in [
        ((Role::Viewer, here), (Role::Viewer, here), false),
        ((Role::Developer, here), (Role::Viewer, here), false),
        ((Role::Viewer, here), (Role::Developer, here), true),
        ((Role::Viewer, here), (Role::Viewer, above), true),
        ((Role::Viewer, above), (Role::Viewer, here), false),
        ((Role::Viewer, above), (Role::Viewer, beside), true),
        ((Role::Admin, whole), (Role::TenantAdmin, beside), false),
        ((Role::Viewer, whole), (Role::TenantAdmin, beside), true),
        ((Role::ProjectAdmin, here), (Role::Viewer, whole), true),
    ] {
        let account = store.create_service_account(&act, from.1, "Import", from.0).await.expect("made");
        let (_, token, secret) = acting(store, &act, &account, TokenScopes::ALL).await;
        assert_eq!(store.gives_account_more(&account, to.0, to.1).await.expect("asked"), more, "{from:?} {to:?}");
        let before = store.revision().await.expect("read");
        // Another name as well.
        let changed = store.change_service_account(&act, &account.id, "Export", Some(to)).await.expect("changed");
        assert_eq!((changed.tokens, calls(store, &secret).await), (i64::from(!more), !more), "{from:?} {to:?}");
        let lines = store.journal_lines(before).await.expect("read");
        let noted: Vec<_> = lines.iter().flat_map(|line| line.entries().expect("understood")).collect();
        let revoked = Entry::ServiceTokenRevoked { id: token.id.to_string() };
        assert_eq!(noted.contains(&revoked), more, "{from:?} {to:?}: {noted:?}");
        store.remove_service_account(&act, &account.id).await.expect("removed");
    }
}
