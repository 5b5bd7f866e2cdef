//! The two bodies of an exchange: the request's, which has a time limit, and the response's, which is in progress
//! until its end.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{BoxError, body::Bytes};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Sleep, sleep};

use super::activity::{Activity, InFlight};

/// The time limit of a body that does not arrive with its head. Handlers have longer.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// A request's body. A small one arrives with its head and needs no timer.
pub struct Upload {
    body: Incoming,
    activity: Arc<Activity>,
    waits: bool,
    limit: Option<Pin<Box<Sleep>>>,
}

impl Upload {
    pub fn new(body: Incoming, activity: &Arc<Activity>) -> Self {
        Self { body, activity: Arc::clone(activity), waits: false, limit: None }
    }

    fn set_waits(&mut self, waits: bool) {
        match (self.waits, waits) {
            (false, true) => self.activity.body_waits(),
            (true, false) => self.activity.body_went_on(),
            _ => {}
        }
        self.waits = waits;
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.set_waits(false);
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.set_waits(false);
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        self.set_waits(true);
        let limit = self.limit.get_or_insert_with(|| Box::pin(sleep(BODY_TIMEOUT)));
        if limit.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        self.activity.body_is_late();
        Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::TimedOut).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A response's body: the request is in progress until all of it was sent.
pub struct Download<B> {
    body: B,
    _request: InFlight,
}

impl<B> Download<B> {
    pub fn new(body: B, request: InFlight) -> Self {
        Self { body, _request: request }
    }
}

impl<B: Body + Unpin> Body for Download<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
