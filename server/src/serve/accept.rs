//! The accept loop, the sweeper, and their shutdown.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::TcpStream,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};

use super::{
    activity::TICK,
    connection::{self, Service},
    connections::{Admission, Connections},
    limits,
    listen::Listener,
};

/// After a signal, connections are accepted until none has arrived for this long, so that nobody is in the middle of
/// connecting when the socket closes. Responses keep connections open, so that clients do not open new ones.
const QUIET: Duration = Duration::from_millis(50);
/// The maximum of that period.
const QUIET_WITHIN: Duration = Duration::from_millis(500);
/// Then responses contain `Connection: close`, and requests in progress get this long. Slow peers get less
/// ([`limits::is_over_at_end`]).
const DRAIN: Duration = Duration::from_secs(20);

/// Accepts connections until the shutdown, and returns when all have ended.
pub async fn accept(listener: Listener, service: Service, connections: Arc<Connections>) {
    let sweeper = tokio::spawn(sweep(Arc::clone(&connections), service.clone()));
    let Listener { socket, is_inherited } = listener;
    loop {
        tokio::select! {
            accepted = socket.accept() => admit(accepted, &service, &connections).await,
            () = service.shutdown.asked() => break,
        }
    }
    // Connections to a socket of systemd wait for the next process.
    if !is_inherited {
        let until = Instant::now() + QUIET_WITHIN;
        while Instant::now() < until
            && let Ok(accepted) = timeout(QUIET, socket.accept()).await
        {
            admit(accepted, &service, &connections).await;
        }
        while let Ok(accepted @ Ok(_)) = timeout(Duration::ZERO, socket.accept()).await {
            admit(accepted, &service, &connections).await;
        }
    }
    drop(socket);
    service.draining.begin();
    tracing::info!("ending: no new connections; requests in flight get {DRAIN:?}");
    if timeout(DRAIN, connections.all_ended()).await.is_err() {
        tracing::warn!("some requests were still running");
        connections.close(|_, _, _| true);
    }
    sweeper.abort();
}

async fn admit(accepted: std::io::Result<(TcpStream, SocketAddr)>, service: &Service, connections: &Arc<Connections>) {
    let (stream, peer) = match accepted {
        Ok(accepted) => accepted,
        Err(error) => {
            // Usually out of file descriptors: the next attempt would fail too, so wait for others to end.
            tracing::warn!(%error, "a connection could not be accepted");
            return sleep(Duration::from_millis(50)).await;
        }
    };
    let is_proxy = service.server.is_trusted(peer.ip());
    if service.is_grpc() && !is_proxy {
        return tracing::warn!(address = %peer.ip(), "refused on the gRPC listener: not in trusted_proxies");
    }
    let address = (!is_proxy).then(|| peer.ip());
    match connections.admit(address, service.is_grpc()) {
        Admission::Admitted(place) => {
            if place.is_reserved {
                tracing::warn!("all connections are taken: this one is answered /healthz and 503 alone");
            }
            let id = place.id();
            let task = tokio::spawn(connection::serve(stream, peer, service.clone(), place));
            connections.set_task(id, task.abort_handle());
        }
        Admission::TooManyOfAddress => {
            tracing::warn!(address = %peer.ip(), "refused: this address has as many connections as it may");
        }
        Admission::Full => tracing::warn!("refused: all connections are taken, the reserved ones too"),
    }
}

/// Closes connections that wait for their peer for too long.
async fn sweep(connections: Arc<Connections>, service: Service) {
    let is_over = if service.is_grpc() { limits::is_over_grpc } else { limits::is_over };
    let mut interval = interval(TICK);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // How many ticks ago draining began.
    let mut ending: Option<u32> = None;
    loop {
        interval.tick().await;
        connections.ticks.advance();
        connections.close_readers_beyond(limits::SLOW_READERS, limits::SLOW);
        match ending.as_mut() {
            None => {
                connections.close(is_over);
                ending = service.draining.is_begun().then_some(0);
            }
            Some(passed) => {
                *passed += 1;
                connections.close_where(|activity| limits::is_over_at_end(activity, *passed));
            }
        }
    }
}
