//! Tables for a terminal: a head line and aligned columns.

use std::iter::once;

/// The lines of a table. The last column is not padded.
pub(super) fn table<const N: usize>(head: [&str; N], rows: Vec<[String; N]>) -> String {
    let rows: Vec<_> = once(head.map(str::to_owned)).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..N).map(width).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        let rows = vec![row(["tok_1", "active", "Gateway"]), row(["tok_22", "revoked", "Größe"])];
        let lines = ["ID      STATUS   NAME", "tok_1   active   Gateway", "tok_22  revoked  Größe"];
        assert_eq!(table(["ID", "STATUS", "NAME"], rows), lines.join("\n"));
        assert_eq!(table(["ID", "NAME"], Vec::new()), "ID  NAME");
    }
}
