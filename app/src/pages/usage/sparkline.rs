//! The requests of a key in the last seven days, as a small drawing beside its last use.

use std::fmt::Write;

use sallyport::key::{ListedKey, listed::DAYS};

use crate::{components::Html, words::count};

/// The width of a day with the space after it, and the height of the drawing.
const STEP: usize = 4;
const HEIGHT: u64 = 12;

/// The requests of each day (UTC), the last one today's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Days([u64; DAYS]);

impl Days {
    /// Of a key that was used in these days.
    pub fn of_key(key: &ListedKey) -> Option<Self> {
        key.days.map(Self)
    }

    /// A column for each day with requests, on a line.
    fn path(&self) -> String {
        let most = self.0.iter().copied().max().unwrap_or(0).max(1);
        let mut path = format!("M0 {HEIGHT}h{}v1h-{0}z", DAYS * STEP - 1);
        for (place, requests) in self.0.iter().enumerate().filter(|(_, requests)| **requests > 0) {
            let height = u128::from(*requests) * u128::from(HEIGHT) / u128::from(most);
            let _ = write!(path, "M{} {HEIGHT}v-{}h3v{1}z", place * STEP, height.max(1));
        }
        path
    }
}

pub fn put_sparkline(html: &mut Html, days: Days) {
    let label = format!("{} in 7 days", count(days.0.iter().sum::<u64>(), "request"));
    html.tags("<svg").attribute("viewBox", &format!("0 0 {} {}", DAYS * STEP - 1, HEIGHT + 1));
    html.tags(" role=\"img\"").attribute("aria-label", &label).tags(" class=\"spark\"><title>").text(&label);
    html.tags("</title><path").attribute("d", &days.path()).tags("></path></svg>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_day_has_its_column() {
        let days = Days([6, 0, 0, 0, 0, 0, 12]);
        assert_eq!(days.path(), "M0 12h27v1h-27zM0 12v-6h3v6zM24 12v-12h3v12z");
        assert_eq!(Days::default().path(), "M0 12h27v1h-27z");
    }
}
