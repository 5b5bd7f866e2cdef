use leptos::prelude::*;

use super::html::{Html, written};

/// A time in words, with the full time as its title.
#[component]
pub fn When(
    /// RFC 3339.
    #[prop(into)]
    at: String,
    #[prop(into)] text: String,
    /// What the text is, if that depends on the reader's time zone: a date (`day`, or `year` if it includes the year), a time
    /// of the day (`time`), or both (`moment`).
    #[prop(optional_no_strip)]
    day: Option<&'static str>,
) -> impl IntoView {
    written(|html| put_when(html, &at, &text, day))
}

pub fn put_when(html: &mut Html, at: &str, text: &str, day: Option<&'static str>) {
    html.tags("<time").attribute("datetime", at).attribute("title", &readable(at));
    if let Some(day) = day {
        html.attribute("data-date", day);
    }
    html.tags(">").text(text).tags("</time>");
}

fn readable(at: &str) -> String {
    let (moment, zone) = match at.strip_suffix('Z').or_else(|| at.strip_suffix("+00:00")) {
        Some(moment) => (moment, " UTC"),
        None => (at, ""),
    };
    let moment = moment.split('.').next().unwrap_or(moment);
    let (day, time) = moment.split_once('T').unwrap_or((moment, ""));
    [day, " ", time, zone].concat()
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn full_times_read_well() {
        assert_eq!(readable("2026-11-22T06:24:13.123Z"), "2026-11-22 06:24:13 UTC");
        assert_eq!(readable("2026-11-22T06:24:13+00:00"), "2026-11-22 06:24:13 UTC");
        assert_eq!(readable("2026-11-22T06:24:13+02:00"), "2026-11-22 06:24:13+02:00");
    }
}
