//! How long a connection may take to send the head of a request.
//!
//! hyper wants a sleep for each head and drops it once the head is there. With a sleep of tokio's each, every request
//! would take the lock of the timer wheel twice, against all the others. One for each connection stays in the wheel
//! instead and is moved further off, which is a single atomic write.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use hyper::rt::{Sleep, Timer};

/// One connection's. It times one thing after the other, never two at once: hyper 1.12 drops a sleep before it asks for
/// the next.
#[derive(Clone)]
pub struct HeadTimer(Arc<Mutex<Pin<Box<tokio::time::Sleep>>>>);

impl HeadTimer {
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Box::pin(tokio::time::sleep(Duration::ZERO)))))
    }

    fn kept(&self) -> MutexGuard<'_, Pin<Box<tokio::time::Sleep>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.kept().as_mut().reset(deadline.into());
        Box::pin(self.clone())
    }
}

impl Future for HeadTimer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.kept().as_mut().poll(context)
    }
}

impl Sleep for HeadTimer {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    async fn is_over(sleep: &mut Pin<Box<dyn Sleep>>) -> bool {
        poll_fn(|context| Poll::Ready(sleep.as_mut().poll(context).is_ready())).await
    }

    #[tokio::test]
    async fn each_sleep_has_a_deadline_of_its_own() {
        let timer = HeadTimer::new();
        let far = Duration::from_secs(3_600);
        let mut first = timer.sleep(far);
        assert!(!is_over(&mut first).await);
        drop(first);
        // What comes after a dropped sleep is not over with it, nor as late as it.
        timer.sleep_until(timer.now()).await;
        assert!(!is_over(&mut timer.sleep(far)).await);
        timer.sleep(Duration::from_millis(1)).await;
    }
}
