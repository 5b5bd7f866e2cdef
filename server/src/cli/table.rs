//! Tables for a terminal: a head line and aligned columns.

use std::iter::once;

use sallyport::text::hides;

/// The lines of a table. The last column is not padded.
pub(super) fn table<const N: usize>(head: [&str; N], rows: Vec<[String; N]>) -> String {
    let rows = rows.into_iter().map(|row| row.map(|cell| harmless(&cell)));
    let rows: Vec<_> = once(head.map(str::to_owned)).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..N).map(width).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A text that others wrote, on one line: without characters that command the terminal or hide the text around them.
pub(super) fn harmless(text: &str) -> String {
    text.chars().map(|character| if hides(character) { char::REPLACEMENT_CHARACTER } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn columns_line_up() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        let rows = vec![row(["tok_1", "active", "Gateway"]), row(["tok_22", "revoked", "Größe"])];
        let lines = ["ID      STATUS   NAME", "tok_1   active   Gateway", "tok_22  revoked  Größe"];
        assert_eq!(table(["ID", "STATUS", "NAME"], rows), lines.join("\n"));
        assert_eq!(table(["ID", "NAME"], Vec::new()), "ID  NAME");
    }

    #[test]
    fn a_name_does_not_command_the_terminal() {
        let rows = vec![["\u{1b}[2J\u{1b}]0;Ada\u{7}".to_owned(), "a\r\nb\u{9b}1mc\u{202e}d\u{7f}".to_owned()]];
        assert_eq!(table(["NAME", "NOTE"], rows), "NAME          NOTE\n�[2J�]0;Ada�  a��b�1mc�d�");
    }

    proptest! {
        #[test]
        fn a_cell_stays_on_its_line(cell in any::<String>()) {
            let lines = table(["NAME"], vec![[cell]]);
            prop_assert_eq!(lines.matches('\n').count(), 1);
            prop_assert!(lines.replacen('\n', "", 1).chars().all(|character| !hides(character)));
        }
    }
}
