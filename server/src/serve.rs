//! Runs the server from the settings until its shutdown: connections are drained, pending writes completed.

mod accept;
mod activity;
mod bodies;
mod connection;
mod connections;
mod doubts;
mod greet;
mod journal;
mod limits;
mod listen;
mod lock;
mod measuring;
mod share;
mod shutdown;
mod socket;

use std::sync::Arc;

use sallyport::{
    audit::checkpoint::portal_name, breached_file::BreachedFile, clock::SystemClock, entropy::OsEntropy,
    verifier::freshness::elapsed,
};
use tokio::sync::watch;

use crate::{
    api::openapi,
    collector::Collector,
    config::{
        DataLocation, Serving,
        audit::{AuditSettings, ForwardSettings},
        traces::TracesSettings,
    },
    data_dir::{DataDir, Wanted},
    demo, forward_gate,
    jobs::{
        self,
        checkpoints::{self, Checkpoints},
        forwarding,
    },
    mail::{self, Mailer, Outbox},
    outside::Outside,
    page_pool,
    partner_keys::KeySource,
    server::Server,
    state::{AppState, Deployment, is_loopback_url},
    traces::Tracer,
    webhooks::Sender,
    worker,
};
use accept::accept;
use connection::{Protocol, Service};
use connections::{Bounds, Connections};
use greet::{greet, say};
use listen::{Inherited, bind, own_url};
use shutdown::{Shutdown, last_step};

pub async fn serve(place: &DataLocation, serving: Serving) -> Result<(), String> {
    let mut inherited = Inherited::from_env();
    let listener = match inherited.http()? {
        Some(listener) => listener,
        None => lock::retry_during_shutdown(&place.data, async || bind(&serving.listen, "--listen").await).await?,
    };
    let grpc = match (inherited.grpc()?, &serving.grpc_listen) {
        (Some(listener), _) => Some(listener),
        (None, Some(listen)) => {
            Some(lock::retry_during_shutdown(&place.data, async || bind(listen, "--grpc-listen").await).await?)
        }
        (None, None) => None,
    };
    let metrics = match &serving.metrics_listen {
        Some(listen) => {
            Some(lock::retry_during_shutdown(&place.data, async || bind(listen, "--metrics-listen").await).await?)
        }
        None => None,
    };
    let address = listener.address()?;
    let public_url = serving.public_url.clone().unwrap_or_else(|| own_url(address));
    let is_local = address.ip().is_loopback() && is_loopback_url(&public_url);
    if serving.demo && !is_local {
        return Err("--demo has a sign-in that everybody knows: it is only for this machine, so listen on loopback \
                    and leave --public-url out."
            .to_owned());
    }
    if let (true, Some(profile)) = (serving.demo, &place.profile) {
        return Err(format!(
            "--demo shows keys of the profile inside; leave the profile {} out, or --demo.",
            profile.display()
        ));
    }
    if demo::is_in(&place.data) && !is_local {
        return Err(format!(
            "{} contains the demo, whose sign-in is public: it is only for this machine. Choose another folder \
             with --data.",
            place.data.display()
        ));
    }
    let public_host = url::Url::parse(&public_url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let public_host = public_host.unwrap_or_default();
    let AuditSettings { pace, file, receiver, key_age, retention, forward } = serving.audit.clone();
    let receiver = receiver.map(|receiver| Collector::new(receiver, &public_host, 0)).transpose()?;
    let refuse_after = forward.as_ref().and_then(|forward| forward.refuse_after);
    let collector = forward
        .map(|ForwardSettings { collector, max_message, .. }| Collector::new(collector, &public_host, max_message))
        .transpose()?;
    let tracer = match serving.traces.clone() {
        Some(TracesSettings { collector, ratio }) => Some((ratio, Collector::new(collector, &public_host, 0)?)),
        None => None,
    };
    let mailer = serving.mail.clone().map(Mailer::new).transpose()?;
    let clock = Arc::new(SystemClock);
    let entropy = Arc::new(OsEntropy);
    let data = DataDir::prepare(place, &*entropy, Wanted::Known).await?;
    let _lock = lock::take(&place.data).await?;
    let demo = if serving.demo { Some(demo::prepare(&data, &place.data, clock.clone()).await?) } else { None };
    let store = data.open_and_migrate(clock, entropy).await?;
    for (name, requirement) in &serving.requirements {
        requirement.check(name, store.profile())?;
    }
    let portal = portal_name(&public_url);
    let found = journal::compare(&store, place, &portal).await?;
    // Before it joins: a node that can't start would be waited for.
    let redis = share::over(&store, serving.redis.clone()).await?;
    let has_redis = redis.is_some();
    let at = format!("{}:{}", rustix::system::uname().nodename().to_string_lossy(), address.port());
    store.describe_node(env!("CARGO_PKG_VERSION"), at.clone());
    for sentence in &data.made {
        say(sentence);
    }

    let own = own_url(address);
    let outbox = mailer.map(|mailer| Outbox { mailer, public_url: public_url.clone() });
    let checkpoints = Checkpoints { portal: portal.clone(), pace, file, receiver };
    match &collector {
        Some(collector) => store.begin_forwarding(&collector.name(), refuse_after).await,
        None => store.end_forwarding().await,
    }
    .map_err(|error| error.to_string())?;
    if refuse_after.is_some() {
        store.check_forwarding().await.map_err(|error| error.to_string())?;
    }
    if outbox.is_some() && serving.public_url.is_none() {
        tracing::warn!(%public_url, "links in mails lead to this address, since public_url is not set");
    }
    if let Some(collector) = collector.as_ref().filter(|collector| collector.is_readable_on_the_way()) {
        tracing::warn!(collector = %collector.name(), "events are forwarded in plain text; syslog+tls:// encrypts them");
    }
    let breached = serving.breached_passwords.as_deref().map(BreachedFile::open).transpose();
    let breached = breached.map_err(|why| format!("`breached_passwords`: {why}."))?;
    let outside = Arc::new(Outside::new(serving.webhooks.clone()));
    let state = AppState::new(
        store.clone(),
        Deployment {
            public_url,
            describe: openapi::document,
            trusted_proxies: serving.trusted_proxies.clone(),
            requirements: serving.requirements.clone(),
            cache_keys: serving.cache_keys,
            partner_keys: serving.partner_keys.clone(),
            breached,
            elapsed: elapsed(),
            redis,
            demo: serving.demo.then_some(demo::SIGN_IN),
            has_mail: outbox.is_some(),
            webhook_targets: serving.webhooks.allowed.clone(),
            outside: Arc::clone(&outside),
            issuers: serving.issuers.clone(),
            listens_on_loopback: address.ip().is_loopback(),
        },
    )
    .await
    .map_err(|error| error.to_string())?;
    let (stop, stopped) = watch::channel(false);
    journal::keep(&store, place, &portal, found, stopped.clone()).await?;
    // Once it can judge: revocations wait for it from now on.
    store.join(state.verifier.lease().0).await.map_err(|error| error.to_string())?;
    share::say_if_alone(&store, has_redis).await?;
    // A node that has not heard of revocations judges nothing; this is not an error of the start.
    if let Err(error) = state.verifier.poll().await {
        tracing::warn!(%error, "revocations could not be polled");
    }
    if !serving.usage.counting {
        state.verifier.count_nothing();
    }
    let folder = place.data.clone();
    let shutdown = Shutdown::listen(move || lock::announce_shutdown(&folder))
        .map_err(|error| format!("Signals can't be listened for: {error}"))?;
    greet(&state, address, serving.public_url.is_some(), demo.map(|told| told.say(&own))).await?;
    if let Some(grpc) = &grpc {
        say(&format!("Envoy's ext_authz may ask over gRPC at {}", grpc.address()?));
    }

    match (&state.partner_keys, &serving.partner_keys) {
        (Some(keys), Some(KeySource::File(_))) => {
            keys.read().await.map_err(|why| format!("`partner_keys` in [leaks]: {why}."))?;
        }
        (Some(keys), Some(KeySource::Url(_))) => {
            // An address may answer later.
            let keys = Arc::clone(keys);
            tokio::spawn(async move { keys.read().await });
        }
        _ => {}
    }

    let webhooks = Arc::new(Sender::new(outside));
    let webhooks = [jobs::webhooks::events(), jobs::webhooks::deliveries(webhooks), jobs::imports::queue()];
    let of_keys = [jobs::keys::deadlines(&state.verifier), jobs::keys::cut_offs(&state.verifier)];
    let others = [mail::queue(outbox), checkpoints::queue(checkpoints)].into_iter().chain(of_keys).chain(webhooks);
    // A server without a collector leaves the job to those that have one.
    let forwarding = collector.map(forwarding::queue);
    let pruning = (!retention.is_for_ever()).then(|| jobs::pruning(portal, retention));
    let queues = jobs::queues(serving.usage.retention).into_iter().chain(others).chain(forwarding).chain(pruning);
    let queues = queues.chain(key_age.map(jobs::audit_keys));
    let queues = queues.collect();
    let mut workers = worker::start(&state.verifier, &state.context, queues, &stopped);
    if refuse_after.is_some() {
        workers.others.push(tokio::spawn(forward_gate::watch(store.clone(), stopped.clone())));
    }
    workers.others.push(tokio::spawn(doubts::watch(store.clone(), stopped.clone())));
    let context = state.context.clone();
    let pages = page_pool::start().map_err(|error| format!("The threads for pages can't be started: {error}"))?;
    let server = Server::new(state.clone()).with_page_pool(pages.handle().clone());
    let tracer = tracer.map(|(ratio, collector)| {
        let (tracer, exporter) = Tracer::new(ratio, &OsEntropy, collector, at);
        workers.others.push(tokio::spawn(exporter.run(stopped.clone())));
        tracer
    });
    let (server, requests) = measuring::measured(server, &state, metrics.as_ref(), tracer);
    let service = |protocol| Service::new(protocol, &server, &shutdown);
    let of_http = Connections::new(limits::bounds());
    let of_grpc = Connections::new(Bounds { most: limits::GRPC_CONNECTIONS, of_an_address: limits::GRPC_CONNECTIONS });
    if let (Some(listener), Some(requests)) = (metrics, requests) {
        let of_grpc = grpc.is_some().then(|| ("grpc", Arc::clone(&of_grpc)));
        let listeners = [("http", Arc::clone(&of_http))].into_iter().chain(of_grpc).collect();
        measuring::publish(listener, requests, (state, &server), &place.data, listeners)?;
    }
    let http = accept(listener, service(Protocol::Http), of_http);
    let grpc = async {
        if let Some(listener) = grpc {
            accept(listener, service(Protocol::Grpc), of_grpc).await;
        }
    };
    tokio::join!(http, grpc);

    last_step("reported leaks", context.leaks.settled()).await;
    // All requests are done; their pending data is written before the database closes.
    let _ = stop.send(true);
    let others = last_step("background work", async {
        for worker in workers.others {
            let _ = worker.await;
        }
    });
    // They end by themselves once nothing is written any more.
    let [uses, counts] = workers.flushes;
    let _ = tokio::join!(uses, counts, others);
    last_step("closing the database", store.close()).await;
    pages.shutdown_background();
    tracing::info!("ended");
    Ok(())
}
