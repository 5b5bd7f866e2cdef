//! The accept loop: HTTP/1.1 with a header timeout, HTTP/2 for gRPC alone, and an end that drains.

mod head_timer;

use std::{
    convert::Infallible,
    io::{self, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::body::Body;
use hyper::{
    Request,
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sallyport::{clock::SystemClock, entropy::OsEntropy};
use tokio::{
    net::{TcpListener, TcpStream},
    signal::unix::{SignalKind, signal},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};

use crate::{
    config::{Place, Serving},
    data_dir::{DataDir, ServerLock},
    demo, grpc,
    middleware::client::Peer,
    server::Server,
    state::{AppState, Deployment, is_loopback_url},
    verifier::freshness::elapsed,
    worker,
};
use head_timer::HeadTimer;

/// Descriptors kept for the database, the logs and what else is open.
const RESERVED_FILES: u64 = 100;
/// Envoy opens one for each of its threads. Not taken from the others: whoever holds all of these stops nobody else.
const GRPC_CONNECTIONS: u16 = 256;
/// Enough for any gateway; each costs some memory.
const MOST_CONNECTIONS: u64 = 20_000;
/// A peer that sends nothing, or half a head, is let go after this long.
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// A gateway's connection stays open; a gateway that is gone is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Requests in flight get this long when the server ends.
const DRAIN: Duration = Duration::from_secs(20);

/// What is spoken on a listener.
#[derive(Clone, Copy)]
enum Protocol {
    Http,
    Grpc,
}

pub async fn serve(place: &Place, serving: Serving) -> Result<(), String> {
    let listener = bind(&serving.listen, "--listen").await?;
    let grpc = match &serving.grpc_listen {
        Some(listen) => Some(bind(listen, "--grpc-listen").await?),
        None => None,
    };
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let public_url = serving.public_url.clone().unwrap_or_else(|| own_url(address));
    let is_local = address.ip().is_loopback() && is_loopback_url(&public_url);
    if serving.demo && !is_local {
        return Err("--demo has a sign-in that everybody knows: it is for this machine alone, so listen on loopback \
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
            "{} holds the demo, whose sign-in everybody knows: it is for this machine alone. Choose another folder \
             with --data.",
            place.data.display()
        ));
    }
    let clock = Arc::new(SystemClock);
    let entropy = Arc::new(OsEntropy);
    let data = DataDir::prepare(place, &*entropy)?;
    let _lock = ServerLock::take(&place.data)?;
    let demo = if serving.demo { Some(demo::prepare(&data, &place.data, clock.clone()).await?) } else { None };
    let store = data.open_and_migrate(clock, entropy).await?;
    for (name, requirement) in &serving.requirements {
        requirement.check(name, store.profile())?;
    }
    store.hold_server_lock().await.map_err(|error| error.to_string())?;
    for sentence in &data.made {
        say(sentence);
    }

    let own = own_url(address);
    let state = AppState::new(
        store.clone(),
        Deployment {
            public_url,
            trusted_proxies: serving.trusted_proxies.clone(),
            requirements: serving.requirements.clone(),
            cache_keys: serving.cache_keys,
            elapsed: elapsed(),
            demo: serving.demo.then_some(demo::SIGN_IN),
        },
    )
    .await
    .map_err(|error| error.to_string())?;
    greet(&state, &own, address, demo.map(|told| told.say(&own))).await?;
    if let Some(grpc) = &grpc {
        say(&format!(
            "Envoy's ext_authz may ask over gRPC at {}",
            grpc.local_addr().map_err(|error| error.to_string())?
        ));
    }

    let (stop, stopped) = watch::channel(false);
    let workers = worker::start(&state.verifier, &stopped);
    let server = Server::new(state);
    // Others wait in the kernel's queue: running out of descriptors would stop the database too.
    let connections = [most_connections(), GRPC_CONNECTIONS.into()].map(|most| Arc::new(Semaphore::new(most)));
    let http = accept(listener, Protocol::Http, &server, &connections[0]);
    let grpc = async {
        if let Some(listener) = grpc {
            accept(listener, Protocol::Grpc, &server, &connections[1]).await;
        }
    };
    tokio::join!(http, grpc);

    // Requests are done; what they left in memory is written before the database closes.
    let _ = stop.send(true);
    for worker in workers {
        let _ = worker.await;
    }
    store.close().await;
    tracing::info!("ended");
    Ok(())
}

async fn bind(listen: &str, flag: &str) -> Result<TcpListener, String> {
    TcpListener::bind(listen).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!("The address {listen} is taken. End what uses it, or choose another with {flag}.")
        }
        _ => format!("The address {listen} can't be listened on: {error}. Write it like 127.0.0.1:3000."),
    })
}

/// How this machine reaches a listener that may listen on every address.
fn own_url(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

/// To the terminal; whoever started us may have stopped listening, which must not end the server.
fn say(sentence: &str) {
    let _ = writeln!(std::io::stdout(), "{sentence}");
}

/// What somebody at the terminal needs to know next.
async fn greet(state: &AppState, own: &str, address: SocketAddr, demo: Option<String>) -> Result<(), String> {
    say(&format!("Sallyport {} is listening on {own}", env!("CARGO_PKG_VERSION")));
    let context = &state.context;
    if let Some(demo) = demo {
        say(&demo);
    } else if context.store.is_empty().await.map_err(|error| error.to_string())? {
        let public = &context.public_url;
        say(&format!("Nobody has an account yet. Make the first one at {public}/setup"));
        if !address.ip().is_loopback() || !state.is_local() {
            say(&format!("From another machine: {public}/setup?token={}", context.setup_token));
        }
    }
    Ok(())
}

async fn accept(listener: TcpListener, protocol: Protocol, server: &Server, connections: &Arc<Semaphore>) {
    let graceful = GracefulShutdown::new();
    let mut asked_to_end = pin!(end_signal());
    loop {
        tokio::select! {
            (permit, accepted) = accept_one(&listener, connections) => match accepted {
                Ok((stream, peer)) => connection(stream, protocol, peer, server.clone(), &graceful, permit),
                Err(error) => {
                    // Out of file descriptors, mostly: the next one fails too, so leave the others some time.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            () = &mut asked_to_end => break,
        }
    }
    drop(listener);
    tracing::info!("ending: no new connections; requests in flight get {DRAIN:?}");
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(DRAIN) => tracing::warn!("some requests were still running"),
        () = end_signal() => tracing::warn!("a second signal: not waiting any longer"),
    }
}

/// As many as there are descriptors for, after taking what the system allows.
fn most_connections() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum.or(limit.current), ..limit };
    let files = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => raised.current,
        Err(_) => limit.current,
    };
    let connections = files
        .unwrap_or(u64::MAX)
        .saturating_sub(RESERVED_FILES + u64::from(GRPC_CONNECTIONS))
        .clamp(100, MOST_CONNECTIONS);
    usize::try_from(connections).unwrap_or(100)
}

async fn accept_one(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> (Option<OwnedSemaphorePermit>, io::Result<(TcpStream, SocketAddr)>) {
    let permit = Arc::clone(connections).acquire_owned().await.ok();
    (permit, listener.accept().await)
}

fn connection(
    stream: TcpStream,
    protocol: Protocol,
    peer: SocketAddr,
    server: Server,
    graceful: &GracefulShutdown,
    permit: Option<OwnedSemaphorePermit>,
) {
    // Answers are small: waiting to fill a packet only adds latency.
    let _ = stream.set_nodelay(true);
    let (stream, peer) = (TokioIo::new(stream), Peer(peer));
    match protocol {
        Protocol::Http => {
            let service = service_fn(move |request: Request<Incoming>| {
                let server = server.clone();
                async move { Ok::<_, Infallible>(server.answer(peer, request.map(Body::new)).await) }
            });
            let mut http = http1::Builder::new();
            http.timer(HeadTimer::new()).header_read_timeout(HEADER_TIMEOUT);
            run(graceful.watch(http.serve_connection(stream, service)), permit);
        }
        Protocol::Grpc => {
            let service = service_fn(move |request| grpc::answer(server.clone(), peer, request));
            let mut http = http2::Builder::new(TokioExecutor::new());
            http.timer(TokioTimer::new()).keep_alive_interval(KEEP_ALIVE);
            run(graceful.watch(http.serve_connection(stream, service)), permit);
        }
    }
}

fn run(connection: impl Future<Output = hyper::Result<()>> + Send + 'static, permit: Option<OwnedSemaphorePermit>) {
    tokio::spawn(async move {
        let _permit = permit;
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
    });
}

/// SIGINT or SIGTERM.
async fn end_signal() {
    let listen = |kind| signal(kind).expect("signals can be listened for");
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt()), listen(SignalKind::terminate()));
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
