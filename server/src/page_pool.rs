//! Separate threads for pages, with a limit on concurrency: rendering takes milliseconds, a verification
//! microseconds, and many pages must not delay verifications.

mod form;

use std::{io, panic::resume_unwind, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use http_body_util::BodyExt;
use sallyport::metrics::Counter;
use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
    time::timeout,
};
use tracing::Instrument;

pub use form::with_whole_body;

/// Concurrent pages; each may wait for the database.
const AT_ONCE: usize = 64;
/// Waiting requests; more are refused at once.
const QUEUE: usize = 256;
/// After this a request is refused.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Verifications have priority over pages.
const NICENESS: i32 = 5;

/// As many threads as the server has, so that pages can use an idle machine fully.
pub fn start() -> io::Result<Runtime> {
    let lower = || {
        // Applies to this thread only, on Linux. If it is not permitted, all threads have the same priority.
        let _ = rustix::process::nice(NICENESS);
    };
    Builder::new_multi_thread().thread_name("pages").enable_all().on_thread_start(lower).build()
}

/// Where pages are rendered.
#[derive(Clone)]
pub struct PagePool {
    threads: Handle,
    places: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    refused: Arc<Counter>,
}

/// How many pages there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageQueue {
    pub running: usize,
    pub waiting: usize,
    /// Since the start.
    pub refused: u64,
}

impl PagePool {
    pub fn new(threads: Handle) -> Self {
        Self {
            threads,
            places: Arc::new(Semaphore::new(AT_ONCE)),
            queue: Arc::new(Semaphore::new(QUEUE)),
            refused: Arc::default(),
        }
    }

    pub fn queue(&self) -> PageQueue {
        PageQueue {
            running: AT_ONCE - self.places.available_permits(),
            waiting: QUEUE - self.queue.available_permits(),
            refused: self.refused.get(),
        }
    }

    /// A slot, at once or after waiting.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Some(place);
        }
        let _queued = self.queue.try_acquire().ok()?;
        timeout(LONGEST_WAIT, Arc::clone(&self.places).acquire_owned()).await.ok()?.ok()
    }

    /// Runs a page's handler on these threads. It is cancelled when the client disconnects. The request has been read
    /// completely ([`with_whole_body`]), so that a slow sender never holds a slot.
    pub async fn run(&self, handler: impl Future<Output = Response> + Send + 'static) -> Response {
        let Some(place) = self.place().await else {
            self.refused.increment();
            return busy();
        };
        let page = async move {
            let _place = place;
            whole(handler.await).await
        };
        let mut page = Running(self.threads.spawn(page.in_current_span()));
        match (&mut page.0).await {
            Ok(response) => response,
            // Caught like a panic of any handler.
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            Err(_) => busy(),
        }
    }
}

struct Running(JoinHandle<Response>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Renders the whole body, so that it is compressed on these threads too. An export stays a stream.
async fn whole(response: Response) -> Response {
    let is_page = |kind: &HeaderValue| kind.as_bytes().starts_with(b"text/html");
    if !response.headers().get(header::CONTENT_TYPE).is_some_and(is_page) {
        return response;
    }
    let (parts, body) = response.into_parts();
    match body.collect().await {
        Ok(body) => Response::from_parts(parts, Body::from(body.to_bytes())),
        Err(error) => {
            tracing::warn!(%error, "a page could not be finished");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn busy() -> Response {
    // Pipelined requests on the same connection are not processed either.
    let headers = [(header::RETRY_AFTER, "1"), (header::CACHE_CONTROL, "no-store"), (header::CONNECTION, "close")];
    (StatusCode::SERVICE_UNAVAILABLE, headers, "Too many pages are requested; try again in a moment.\n").into_response()
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test]
    async fn the_queue_is_bounded() {
        let pool = PagePool::new(Handle::current());
        let pages: Vec<_> = (0..AT_ONCE + QUEUE)
            .map(|_| {
                let pool = pool.clone();
                tokio::spawn(async move { pool.run(pending()).await })
            })
            .collect();
        while pool.queue.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let refused = timeout(LONGEST_WAIT / 2, pool.run(pending())).await.expect("at once");
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(refused.headers().contains_key(header::RETRY_AFTER));
        assert_eq!(pool.queue(), PageQueue { running: AT_ONCE, waiting: QUEUE, refused: 1 });
        pages.iter().for_each(JoinHandle::abort);
    }
}
