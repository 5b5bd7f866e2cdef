//! Checks an export: a chain as lines of JSON, read one after another.

use std::io::{self, BufRead};

use super::{
    check::{ChainCheck, Checked, Fault, Wrong},
    checkpoint::Checkpoint,
    export_line,
    pruned::Pruned,
};

/// Checks the chain of an export against itself and those of the checkpoints that are of it. `first_format` is up to which
/// event the first format goes, for who knows it. `progress` is called with the number of bytes of each line.
pub fn check_export(
    mut lines: impl BufRead,
    checkpoints: &[Checkpoint],
    first_format: Option<i64>,
    mut progress: impl FnMut(usize),
) -> io::Result<Result<Checked, Fault>> {
    let mut check: Option<ChainCheck> = None;
    let mut line = String::new();
    loop {
        line.clear();
        let length = lines.read_line(&mut line)?;
        if length == 0 {
            break;
        }
        progress(length);
        if line.trim().is_empty() {
            continue;
        }
        if check.is_none()
            && let Some(pruned) = Pruned::parse(&line)
        {
            match pruned {
                Ok(pruned) => check.insert(begin(&pruned.chain, checkpoints, first_format)).begin_after(pruned),
                Err(why) => return Ok(Err(Fault { seq: 1, why: Wrong::Unreadable(why) })),
            }
            continue;
        }
        let seq = check.as_ref().map_or(1, |check| check.seq() + 1);
        let exported = match export_line::parse(&line) {
            Ok(exported) => exported,
            Err(why) => return Ok(Err(Fault { seq, why: Wrong::Unreadable(why) })),
        };
        let check = check.get_or_insert_with(|| begin(&exported.event.chain, checkpoints, first_format));
        if let Err(fault) = check.next(exported) {
            return Ok(Err(fault));
        }
    }
    Ok(match check {
        Some(check) => check.end(None),
        None => Err(Fault { seq: 1, why: Wrong::Unreadable("the export is empty".to_owned()) }),
    })
}

fn begin(chain: &str, checkpoints: &[Checkpoint], first_format: Option<i64>) -> ChainCheck {
    let of_chain: Vec<_> = checkpoints.iter().filter(|checkpoint| checkpoint.chain() == chain).cloned().collect();
    ChainCheck::new(chain, &of_chain, first_format)
}
