//! The state of a job in words, and the button that runs it now.

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    id::JobId,
    job::{JobStatus, Outcome},
};

use crate::{
    components::{Badge, Hidden, Tone},
    islands::SubmitOnce,
    words::Ahead,
};

/// What a row says about its job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct JobState {
    pub(super) tone: Tone,
    pub(super) word: &'static str,
    /// Whether it can be run now: it waits for its next attempt, or was given up.
    pub(super) may_run: bool,
    /// Whether its last attempt failed.
    has_failed: bool,
}

impl JobState {
    pub(super) fn of(status: &JobStatus, now: Timestamp) -> Self {
        let runs = status.lease_until.is_some_and(|until| until > now);
        let failed = status.outcome == Some(Outcome::Failed);
        let (tone, word) = match (runs, status.run_at.is_none() || (failed && status.attempts == 0)) {
            (true, _) => (Tone::Accent, "Running"),
            (false, true) => (Tone::Danger, "Failed"),
            (false, false) if status.error.is_some() => (Tone::Warning, "Retrying"),
            (false, false) => (Tone::Neutral, "Waiting"),
        };
        Self { tone, word, may_run: !runs && status.run_at.is_none_or(|at| at > now), has_failed: failed }
    }

    /// Failures come first in a list, then retries.
    pub(super) fn rank(self) -> u8 {
        match self.tone {
            Tone::Danger => 0,
            Tone::Warning => 1,
            _ => 2,
        }
    }

    /// Whether there is something to see to, or to watch.
    pub(super) fn is_told(self) -> bool {
        self.tone != Tone::Neutral
    }

    /// A pill, unless there is nothing to see to.
    pub(super) fn view(self) -> AnyView {
        match self.tone {
            Tone::Neutral => view! { <span class="cell-muted">{self.word}</span> }.into_any(),
            tone => view! { <Badge tone text=self.word/> }.into_any(),
        }
    }
}

/// When a job runs next.
pub(super) fn due(run_at: Option<Timestamp>, now: Timestamp) -> AnyView {
    match run_at {
        Some(at) if at <= now => "Now".into_any(),
        Some(at) => view! { <Ahead at now/> }.into_any(),
        None => "Never again".into_any(),
    }
}

/// Runs a job before it is due.
#[component]
pub(super) fn RunNow(
    path: &'static str,
    id: JobId,
    name: String,
    state: JobState,
    /// In the menu of a row instead of the row.
    #[prop(optional)]
    in_menu: bool,
) -> impl IntoView {
    let class = if in_menu { "menu-item" } else { "btn btn-small" };
    view! {
        <form method="post" action=path>
            <Hidden name="job" value=id.to_string()/>
            <button class=class aria-label=format!("Run {name} now")>
                {if state.has_failed { "Retry" } else { "Run now" }}
            </button>
            <SubmitOnce/>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_in_words() {
        let now = Timestamp::from_seconds(100);
        let (past, later) = (Some(Timestamp::from_seconds(1)), Some(Timestamp::from_seconds(200)));
        let status = |run_at, lease_until, attempts, outcome, error: Option<&str>| JobStatus {
            run_at,
            lease_until,
            attempts,
            outcome,
            error: error.map(str::to_owned),
        };
        for (status, word, may_run) in [
            (status(past, None, 0, None, None), "Waiting", false),
            (status(later, None, 0, None, None), "Waiting", true),
            (status(past, later, 1, None, None), "Running", false),
            (status(later, None, 1, None, Some("refused")), "Retrying", true),
            (status(None, None, 5, Some(Outcome::Failed), Some("refused")), "Failed", true),
            // A recurring job whose last run was given up.
            (status(later, None, 0, Some(Outcome::Failed), Some("refused")), "Failed", true),
        ] {
            let state = JobState::of(&status, now);
            assert_eq!((state.word, state.may_run), (word, may_run), "{status:?}");
        }
    }
}
