//! The rate limit headers of clients.

use super::refusals::told;
use crate::{gateway::Kind, stage::Stage};

pub async fn too_many_requests_get_retry_after(stage: Stage) {
    let secret = stage.key("production", &["read"]);
    let id = stage.id(&secret).await;
    stage.restrict(&id, &[("address_mode", "monitor"), ("limit_per_minute", "2")]);
    let mut refused = None;
    // One may have been counted before, and another is refilled within half a minute.
    for _ in 0..4 {
        let answer = stage.send("GET /echo", &[("x-api-key", &secret)], "").await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        assert_eq!(answer.status, 200, "{answer:?}");
        let tells = !matches!(stage.kind, Kind::Caddy | Kind::Traefik);
        assert_eq!(answer.header("x-ratelimit-limit"), if tells { "2" } else { "" }, "{answer:?}");
        assert_eq!(answer.header("ratelimit-policy").contains("q=2;"), tells, "{answer:?}");
    }
    let refused = refused.expect("the limit holds");
    told(&refused, 429);
    let wait: u32 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{refused:?}");
    assert_eq!((refused.header("x-ratelimit-limit"), refused.header("x-ratelimit-remaining")), ("2", "0"));
    assert!(refused.header("ratelimit").contains("r=0;"), "{refused:?}");
    // Another key has its own.
    let other = stage.key("production", &["read"]);
    assert_eq!(stage.status("GET /echo", &other).await, 200);
}
