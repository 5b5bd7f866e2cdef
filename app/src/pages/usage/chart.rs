//! A chart of requests over time, stacked by kind, as SVG. It needs no script.

use std::fmt::Write;

use leptos::prelude::*;
use sallyport::Timestamp;

use super::{
    period::Period,
    report::{Bar, Kind, Report},
};
use crate::{
    components::When,
    words::{count, digits},
};

/// The room of a bar and the height of the drawing, in its own units: the browser stretches it.
const STEP: usize = 10;
const HEIGHT: u64 = 1000;
/// The height of the smallest bar that is not empty, and of the tick of an empty one.
const LEAST: u64 = 15;
const TICK: u64 = 8;
/// The number of bars below which they are drawn with more space between them, so that none gets too wide.
const FEW: usize = 40;

#[component]
pub fn Chart(
    report: Report,
    /// With less height, for a card beside others.
    #[prop(optional)]
    small: bool,
) -> impl IntoView {
    let most = top(report.bars.iter().map(Bar::total).max().unwrap_or(0));
    // A small one names only what it shows.
    let legend = Kind::ALL.into_iter().filter(|kind| !small || report.of_kind(*kind) > 0).map(|kind| {
        let n = report.of_kind(kind);
        view! {
            <li><span class=format!("chart-key {}", kind.class())></span>{kind.title()}" "<b>{digits(n)}</b></li>
        }
    });
    let legend: Vec<_> = legend.collect();
    let label = format!(
        "{} in {}: {}",
        count(report.total(), "request"),
        report.period.words(),
        Kind::ALL.map(|kind| format!("{} {}", digits(report.of_kind(kind)), kind.title().to_lowercase())).join(", ")
    );
    let size = format!("0 0 {} {HEIGHT}", report.bars.len() * STEP);
    let drawn = draw(&report.bars, most, report.period);
    let labels = labels(&report.bars, report.period);
    view! {
        <figure class="chart" class:chart-small=small>
            <ul class="chart-legend">{legend}</ul>
            <div class="chart-scale" aria-hidden="true">
                <span>{digits(most)}</span><span>{digits(most / 2)}</span><span>"0"</span>
            </div>
            <div class="chart-plot">
                <svg viewBox=size preserveAspectRatio="none" role="img" aria-label=label inner_html=drawn></svg>
            </div>
            <div class="chart-axis" aria-hidden="true">{labels}</div>
        </figure>
    }
}

/// The top of the scale: a round number whose half is one, too, with room above the highest bar.
fn top(most: u64) -> u64 {
    let mut unit: u64 = 1;
    loop {
        for step in [2, 3, 4, 5, 6, 8, 10, 12, 16] {
            let top = unit.saturating_mul(step);
            if top == u64::MAX || (top % 2 == 0 && top - top.div_ceil(10) >= most) {
                return top;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

/// The bars, each with its numbers as a title, which a pointer shows.
fn draw(bars: &[Bar], most: u64, period: Period) -> String {
    let mut svg = String::new();
    let space = if bars.len() < FEW { 2 } else { 1 };
    let (mut ticks, wide) = (String::new(), STEP - 2 * space);
    for (n, _) in bars.iter().enumerate().filter(|(_, bar)| bar.total() == 0) {
        let _ = write!(ticks, "M{} {HEIGHT}v-{TICK}h{wide}v{TICK}z", n * STEP + space);
    }
    let _ = write!(svg, "<path class=\"chart-ticks\" d=\"{ticks}\"/>");
    for (n, bar) in bars.iter().enumerate() {
        let x = n * STEP;
        let _ = write!(
            svg,
            "<g><title>{}</title><rect fill=\"none\" pointer-events=\"all\" x=\"{x}\" y=\"0\" width=\"{STEP}\" height=\"{HEIGHT}\"/>",
            title(bar, period)
        );
        let mut y = HEIGHT;
        for kind in Kind::ALL {
            let requests = bar.of_kind(kind);
            if requests == 0 {
                continue;
            }
            let height = height(requests, most).min(y);
            y -= height;
            let _ = write!(
                svg,
                "<rect class=\"{}\" x=\"{}\" y=\"{y}\" width=\"{wide}\" height=\"{height}\"/>",
                kind.class(),
                x + space
            );
        }
        svg.push_str("</g>");
    }
    svg
}

fn height(requests: u64, most: u64) -> u64 {
    let height = u128::from(requests) * u128::from(HEIGHT) / u128::from(most.max(1));
    u64::try_from(height).unwrap_or(HEIGHT).clamp(LEAST, HEIGHT)
}

/// "22 Nov 06:00 UTC: 12 accepted, 1 refused".
fn title(bar: &Bar, period: Period) -> String {
    let kinds = Kind::ALL.map(|kind| (bar.of_kind(kind), kind.title().to_lowercase()));
    let parts: Vec<_> =
        kinds.iter().filter(|(n, _)| *n > 0).map(|(n, kind)| format!("{} {kind}", digits(*n))).collect();
    let numbers = if parts.is_empty() { "no requests".to_owned() } else { parts.join(", ") };
    format!("{} UTC: {numbers}", clock(bar.at, period))
}

/// The time of a bar: with its hour, unless the bar is of a whole day or more.
pub fn clock(at: Timestamp, period: Period) -> String {
    let format = match period {
        Period::Hour | Period::Day | Period::Week => "%-d %b %H:%M",
        Period::Month | Period::Year => "%-d %b %Y",
    };
    at.to_chrono().format(format).to_string()
}

/// Some of the times, each below its bar.
fn labels(bars: &[Bar], period: Period) -> Vec<impl IntoView + use<>> {
    let (format, of) = match period {
        Period::Hour | Period::Day => ("%H:%M", Some("time")),
        Period::Week => ("%-d %b", Some("day")),
        // Days are counted in UTC: another time zone has other days.
        Period::Month | Period::Year => ("%-d %b", None),
    };
    let shown = bars
        .iter()
        .step_by(period.label_every())
        .map(|bar| (bar.at.to_rfc3339(), bar.at.to_chrono().format(format).to_string()));
    shown.map(|(at, text)| view! { <When at text day=of/> }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_ends_at_a_round_number_above_the_highest_bar() {
        for (most, end) in
            [(0, 2), (1, 2), (2, 4), (3, 4), (7, 8), (9, 10), (10, 12), (18, 20), (27, 30), (4_999, 6_000)]
        {
            assert_eq!(top(most), end, "{most}");
        }
        assert!(top(u64::MAX) == u64::MAX);
    }

    #[test]
    fn bars_stack_up_within_the_drawing() {
        let at = Timestamp::parse_rfc3339("2026-11-22T06:00:00Z").expect("a time");
        let bars =
            [Bar { at, requests: [500, 300, 200] }, Bar { at, requests: [0, 0, 1] }, Bar { at, requests: [0; 3] }];
        let svg = draw(&bars, 1_000, Period::Day);
        for part in [
            "<title>22 Nov 06:00 UTC: 500 accepted, 300 limited, 200 refused</title>",
            "<rect class=\"accepted\" x=\"2\" y=\"500\" width=\"6\" height=\"500\"/>",
            "<rect class=\"limited\" x=\"2\" y=\"200\" width=\"6\" height=\"300\"/>",
            "<rect class=\"refused\" x=\"2\" y=\"0\" width=\"6\" height=\"200\"/>",
            "<rect class=\"refused\" x=\"12\" y=\"985\" width=\"6\" height=\"15\"/>",
            "<path class=\"chart-ticks\" d=\"M22 1000v-8h6v8z\"/>",
            "UTC: no requests</title>",
        ] {
            assert!(svg.contains(part), "{part}: {svg}");
        }
    }
}
