//! `/docs`

use crate::portal::TestPortal;

crate::on_both_portals!(each_group_of_endpoints_has_a_page);

async fn each_group_of_endpoints_has_a_page(portal: &TestPortal) {
    let guide = portal.get("/docs").await;
    assert!(guide.body.contains("id=\"authenticate\""), "{}", guide.body);
    let links: Vec<_> =
        guide.body.split("href=\"/docs?group=").skip(1).filter_map(|link| link.split('"').next()).collect();
    let groups: Vec<_> = links.iter().filter(|link| !link.contains('#')).collect();
    assert!(groups.len() >= 4, "{groups:?}");
    let mut shown = 0;
    for group in &groups {
        let page = portal.get(&format!("/docs?group={group}")).await.body;
        assert!(page.len() < guide.body.len() * 10 && !page.contains("id=\"authenticate\""), "{group}");
        for link in links.iter().filter_map(|link| link.strip_prefix(&format!("{group}#"))) {
            assert!(page.contains(&format!(" id=\"{link}\"")), "{link}");
            shown += 1;
        }
        assert!(page.contains(&format!("href=\"/docs?group={group}\" aria-current=\"page\"")), "{group}");
        assert!(page.contains("Example request") && page.contains("Example answer"), "{group}");
    }
    let usage = portal.get("/docs?group=usage").await.body;
    assert!(usage.contains("at,code,scope,requests"), "the example of a file");
    assert_eq!(shown + groups.len(), links.len(), "every endpoint is on the page of its group");
    assert_eq!(portal.get("/docs?group=none").await.status, 404);
}
