//! The text format of Prometheus, version 0.0.4.

use std::fmt::{Display, Write};

use super::Snapshot;

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// Names and values. A value comes from a bounded set: never an id, an address or another text of a client.
pub type Labels<'a> = &'a [(&'static str, &'a str)];

/// A scrape that is being written.
#[derive(Default)]
pub struct Text {
    text: String,
    name: &'static str,
}

impl Text {
    pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

    /// Begins a metric; its samples follow.
    pub fn begin(&mut self, name: &'static str, kind: Kind, help: &str) -> &mut Self {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        self.name = name;
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        self
    }

    /// A sample of the metric that was begun.
    pub fn sample(&mut self, labels: Labels<'_>, value: impl Display) -> &mut Self {
        self.line("", labels, None, value);
        self
    }

    /// A metric with one sample and no labels.
    pub fn single(&mut self, name: &'static str, kind: Kind, help: &str, value: impl Display) {
        self.begin(name, kind, help).sample(&[], value);
    }

    /// All samples of a histogram.
    pub fn histogram(&mut self, labels: Labels<'_>, snapshot: &Snapshot) -> &mut Self {
        let mut up_to = 0;
        for (bound, count) in snapshot.bounds.iter().zip(&snapshot.counts) {
            up_to += count;
            self.line("_bucket", labels, Some(&seconds(*bound).to_string()), up_to);
        }
        let count = snapshot.count();
        self.line("_bucket", labels, Some("+Inf"), count);
        self.line("_sum", labels, None, snapshot.nanos as f64 / 1e9);
        self.line("_count", labels, None, count);
        self
    }

    fn line(&mut self, suffix: &str, labels: Labels<'_>, bound: Option<&str>, value: impl Display) {
        let Self { text, name } = self;
        text.push_str(name);
        text.push_str(suffix);
        let all = labels.iter().copied().chain(bound.map(|bound| ("le", bound)));
        for (n, (label, value)) in all.enumerate() {
            text.push(if n == 0 { '{' } else { ',' });
            let _ = write!(text, "{label}=\"");
            for letter in value.chars() {
                match letter {
                    '\\' => text.push_str("\\\\"),
                    '"' => text.push_str("\\\""),
                    '\n' => text.push_str("\\n"),
                    letter => text.push(letter),
                }
            }
            text.push('"');
        }
        if !labels.is_empty() || bound.is_some() {
            text.push('}');
        }
        let _ = writeln!(text, " {value}");
    }

    pub fn finish(self) -> String {
        self.text
    }
}

fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{super::Histogram, *};

    #[test]
    fn samples_are_written_as_prometheus_reads_them() {
        let histogram = Histogram::new(&[5, 1_000]);
        for micros in [2, 3, 500, 2_000] {
            histogram.observe(Duration::from_micros(micros));
        }
        let mut text = Text::default();
        text.single("up_seconds", Kind::Gauge, "How long.", 1.5);
        text.begin("asked_total", Kind::Counter, "How often.").sample(&[("route", "a\"b\\c\nd"), ("code", "1")], 7);
        text.begin("took_seconds", Kind::Histogram, "How long.").histogram(&[("code", "valid")], &histogram.snapshot());
        let expected = "\
# HELP up_seconds How long.
# TYPE up_seconds gauge
up_seconds 1.5
# HELP asked_total How often.
# TYPE asked_total counter
asked_total{route=\"a\\\"b\\\\c\\nd\",code=\"1\"} 7
# HELP took_seconds How long.
# TYPE took_seconds histogram
took_seconds_bucket{code=\"valid\",le=\"0.000005\"} 2
took_seconds_bucket{code=\"valid\",le=\"0.001\"} 3
took_seconds_bucket{code=\"valid\",le=\"+Inf\"} 4
took_seconds_sum{code=\"valid\"} 0.002505
took_seconds_count{code=\"valid\"} 4
";
        assert_eq!(text.finish(), expected);
    }
}
