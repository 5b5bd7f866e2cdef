//! A connection's byte stream, which notes when a write waits for the peer.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::activity::{Activity, Waiting};

/// HTTP/2's preface (RFC 9113 §3.4), and the smallest SETTINGS frame that has to follow it.
const OPENING: usize = 24 + 9;

pub struct Socket {
    stream: TcpStream,
    activity: Arc<Activity>,
    /// Missing bytes of the opening.
    opening: usize,
}

impl Socket {
    pub fn new(stream: TcpStream, activity: Arc<Activity>, opens_with_preface: bool) -> Self {
        Self { stream, activity, opening: if opens_with_preface { OPENING } else { 0 } }
    }

    fn noted(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Pending => self.activity.write_waits(),
            Poll::Ready(written) => self.activity.write_went_on(written.as_ref().map_or(0, |bytes| *bytes)),
        }
        written
    }
}

/// Discards unread data when the connection is closed: the kernel would keep it for minutes.
impl Drop for Socket {
    fn drop(&mut self) {
        if self.activity.waiting().0 == Waiting::Reader {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        if self.opening > 0 {
            self.opening = self.opening.saturating_sub(into.filled().len() - before);
            if self.opening == 0 {
                self.activity.opened();
            }
        }
        read
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.noted(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.noted(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
