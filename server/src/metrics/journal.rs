//! The revocation journal.

use sallyport::{
    Timestamp,
    metrics::{Kind, Text},
    store::Store,
};

pub(super) fn write(store: &Store, text: &mut Text) {
    let help = "1: no key is judged, since an operator has to decide about the revocation journal.";
    text.single("sallyport_quarantined", Kind::Gauge, help, u8::from(store.quarantine().is_some()));
    let Some(status) = store.journal_status() else { return };
    let since = status.lacks_since().map(Timestamp::from_micros);
    let late = since.map_or(0.0, |since| store.now().since(since).as_secs_f64());
    let help = "Since when changes could not be written to the revocation journal; 0: all are.";
    text.single("sallyport_journal_unwritten_seconds", Kind::Gauge, help, late);
    text.begin("sallyport_journal_revision", Kind::Gauge, "The newest change in each copy of the revocation journal.");
    for (copy, file) in (1..).zip(&status.files) {
        let copy = copy.to_string();
        text.sample(&[("copy", copy.as_str())], file.last_revision);
    }
}
