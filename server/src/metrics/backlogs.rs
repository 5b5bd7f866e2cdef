//! What waits in the database: jobs, mail, webhooks, events for the collector.

use sallyport::{
    Timestamp,
    metrics::{Kind, Text},
    store::Backlogs,
};

/// How long ago a moment was; 0 if there is none, or if it is still to come.
fn age(since: Option<Timestamp>, now: Timestamp) -> f64 {
    since.map_or(0.0, |since| now.since(since).as_secs_f64())
}

pub(super) fn write(backlogs: &Backlogs, now: Timestamp, text: &mut Text) {
    let Backlogs { queues, mail, forwarding, .. } = backlogs;
    text.begin("sallyport_jobs", Kind::Gauge, "Background work; failed: for good, within the last week.");
    for queue in queues {
        let states =
            [("due", queue.due), ("running", queue.running), ("scheduled", queue.scheduled), ("failed", queue.failed)];
        for (state, n) in states {
            text.sample(&[("queue", &queue.queue), ("state", state)], n);
        }
    }
    let help = "For how long the oldest job that could run waits.";
    text.begin("sallyport_jobs_lag_seconds", Kind::Gauge, help);
    for queue in queues {
        text.sample(&[("queue", &queue.queue)], age(queue.due_since, now));
    }
    text.begin("sallyport_mails", Kind::Gauge, "Mails that wait; failed: given up within the last week.");
    text.sample(&[("state", "waiting")], mail.waiting).sample(&[("state", "failed")], mail.failed);
    let help = "For how long the oldest mail waits.";
    text.single("sallyport_mail_lag_seconds", Kind::Gauge, help, age(mail.oldest, now));

    let help = "Deliveries to endpoints that are not complete.";
    text.single("sallyport_webhook_deliveries_pending", Kind::Gauge, help, backlogs.deliveries);
    let help = "For how long the delivery that is due first is overdue.";
    text.single("sallyport_webhook_lag_seconds", Kind::Gauge, help, age(backlogs.next_delivery, now));
    let help = "Events that are not yet deliveries.";
    text.single("sallyport_webhook_events_pending", Kind::Gauge, help, backlogs.events_to_deliver);
    let help = "Endpoints; failing: of which the last attempt failed; stopped: by the portal.";
    text.begin("sallyport_webhook_endpoints", Kind::Gauge, help);
    text.sample(&[("state", "failing")], backlogs.failing_endpoints);
    text.sample(&[("state", "stopped")], backlogs.stopped_endpoints);

    let is_failing = forwarding.as_ref().is_some_and(sallyport::store::Forwarding::is_failing);
    let help = "Events of the audit log that the collector does not have; 0 without a collector.";
    let waiting = forwarding.as_ref().map_or(0, |forwarding| forwarding.waiting);
    text.single("sallyport_audit_forward_events_pending", Kind::Gauge, help, waiting);
    let help = "Age of the oldest of them.";
    let oldest = forwarding.as_ref().and_then(|forwarding| Some(forwarding.oldest?.max(forwarding.since)));
    text.single("sallyport_audit_forward_lag_seconds", Kind::Gauge, help, age(oldest, now));
    let help = "Whether the collector took nothing at the last attempt.";
    text.single("sallyport_audit_forward_failing", Kind::Gauge, help, u8::from(is_failing));
}
