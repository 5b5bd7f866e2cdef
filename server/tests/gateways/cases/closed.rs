//! If the verifier is unavailable, requests are refused.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use crate::stage::Stage;

const REQUESTS: [&str; 4] = ["GET /echo", "GET /live/echo", "DELETE /admin/echo", "POST /notes"];

async fn closed(stage: &Stage, secret: &str) {
    for request in REQUESTS {
        let answer = stage.send(request, &[("x-api-key", secret)], "").await;
        assert_eq!(answer.status, 503, "{request}: {answer:?}");
        assert!(!answer.body.contains("\"path\""), "the upstream answered: {answer:?}");
    }
    assert_eq!(stage.send("GET /echo", &[], "").await.status, 503);
}

/// No earlier verdict is reused.
pub async fn without_the_verifier_it_is_closed(mut stage: Stage) {
    let secret = stage.key("production", &["admin"]);
    for request in REQUESTS {
        assert_ne!(stage.status(request, &secret).await, 503);
    }
    stage.server.take().expect("it runs").kill();
    closed(&stage, &secret).await;
}

/// It accepts connections, and does not respond.
pub async fn a_verifier_that_hangs_is_closed(stage: Stage) {
    let secret = stage.key("production", &["admin"]);
    assert_eq!(stage.status("GET /echo", &secret).await, 200);
    let pid = Pid::from_raw(stage.server().child.id().cast_signed()).expect("a process");
    kill_process(pid, Signal::STOP).expect("told to stop");
    // Its threads stop one by one.
    waitpid(Some(pid), WaitOptions::UNTRACED).expect("stopped");
    closed(&stage, &secret).await;

    kill_process(pid, Signal::CONT).expect("goes on");
    let until = Instant::now() + Duration::from_secs(20);
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    // It has not received revocations for a while: until then it accepts no key.
    while stage.status("GET /echo", &secret).await != 200 {
        assert!(Instant::now() < until, "it stays closed");
        ticks.tick().await;
    }
}
