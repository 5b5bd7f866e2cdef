//! Pages of lists that are read from one row on, in either direction (keyset pagination).

/// The rows of a page, in the order of the list.
pub(super) struct Paged<R> {
    pub(super) rows: Vec<R>,
    has_newer: bool,
    has_older: bool,
}

impl<R> Paged<R> {
    /// `rows` are those of the page and one more, if there is one. With `backwards` they were read towards the beginning of
    /// the list; `is_later` says whether it is another page than the first.
    pub(super) fn of(mut rows: Vec<R>, size: usize, is_later: bool, backwards: bool) -> Self {
        let more = rows.len() > size;
        rows.truncate(size);
        if backwards {
            rows.reverse();
        }
        let (has_newer, has_older) = if backwards { (more, true) } else { (is_later, more) };
        Self { rows, has_newer, has_older }
    }

    /// The row before which the previous page ends, and the row after which the next one begins.
    pub(super) fn edges(&self) -> [Option<&R>; 2] {
        [self.rows.first().filter(|_| self.has_newer), self.rows.last().filter(|_| self.has_older)]
    }
}
