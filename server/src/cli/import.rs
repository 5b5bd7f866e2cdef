//! `sallyport import FILE --app APP [--dry-run]`, on the machine itself.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use clap::Args;
use sallyport::{
    id::AppId,
    import::{self, Counts, ImportFile, LineOutcome, LineReport, MOST_BYTES, rule::RuleInput},
    store::{Reader, Store},
};
use serde_json::json;

use super::{ids, progress::Progress, said, table::table};

#[derive(Args)]
pub struct ImportArgs {
    /// CSV or JSON lines; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Id of the app whose keys they become
    #[arg(long, value_name = "APP", value_parser = ids::app)]
    app: AppId,
    /// Only say line by line what would happen
    #[arg(long)]
    dry_run: bool,
    /// What each key begins with
    #[arg(long)]
    prefix: Option<String>,
    /// How long each key is at least, from 12
    #[arg(long, value_name = "CHARACTERS")]
    min_length: Option<usize>,
    /// How long each key is at most, up to 255
    #[arg(long, value_name = "CHARACTERS")]
    max_length: Option<usize>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub async fn run(store: &Store, args: ImportArgs) -> Result<(), String> {
    let app = store.find(Reader::All, &args.app).await.map_err(said)?;
    let app = app.ok_or_else(|| format!("There is no app {}.", args.app))?;
    let bytes = zeroize::Zeroizing::new(read(&args.file)?);
    let rule = RuleInput { prefix: args.prefix, min_length: args.min_length, max_length: args.max_length };
    let file: ImportFile =
        import::read(&bytes, &rule, store.profile(), store.now()).map_err(|error| said(error.into()))?;
    drop(bytes);
    if args.dry_run {
        let run = store.dry_run_import(&super::act(), &app, file).await.map_err(said)?;
        return print(&run.lines, run.counts, true, args.json);
    }
    let id = store.create_import(&super::act(), &app, file, true).await.map_err(said)?;
    // A server may be at it, too: each part is imported once, whoever does it.
    let mut progress = Progress::new();
    loop {
        let more = store.import_part(&id).await;
        let import = store.import(&id).await.map_err(said)?;
        if let Some(import) = &import {
            let number = |n: i64| u64::try_from(n).unwrap_or_default();
            progress.show(number(import.counts.total()), number(import.lines));
        }
        match more {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                progress.end();
                return Err(format!("{} The import {id} goes on when a server runs.", said(error)));
            }
        }
    }
    progress.end();
    let import = store.import(&id).await.map_err(said)?.ok_or("The import was deleted meanwhile.")?;
    let (mut lines, mut part) = (Vec::new(), 1);
    while let Some(some) = store.import_lines(&id, part).await.map_err(said)? {
        lines.extend(some);
        part += 1;
    }
    print(&lines, import.counts, false, args.json)
}

/// Never more than an import may have.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let most = MOST_BYTES as u64 + 1;
    let read = if path.as_os_str() == "-" {
        io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    read.map_err(|error| format!("{} can't be read: {error}", path.display()))?;
    Ok(bytes)
}

/// Every line of a dry run; of an import those that were not imported.
fn print(lines: &[LineReport], counts: Counts, dry_run: bool, json: bool) -> Result<(), String> {
    let Counts { imported, repeated, refused } = counts;
    if json {
        let all = json!({
            "dry_run": dry_run, "imported": imported, "repeated": repeated, "refused": refused, "lines": lines,
        });
        let text = serde_json::to_string_pretty(&all).map_err(|error| error.to_string())?;
        say!("{text}");
    } else {
        let shown = lines.iter().filter(|line| dry_run || line.outcome != LineOutcome::Imported);
        let row = |line: &LineReport| {
            let outcome =
                if dry_run && line.outcome == LineOutcome::Imported { "import" } else { line.outcome.as_str() };
            let reason = line.reason.clone().unwrap_or_default();
            [line.line.to_string(), outcome.to_owned(), line.label.clone(), line.shown.clone(), reason]
        };
        let rows: Vec<_> = shown.map(row).collect();
        if !rows.is_empty() {
            say!("{}", table(["LINE", "OUTCOME", "LABEL", "KEY", "REASON"], rows));
        }
        let verb = if dry_run { "would be imported" } else { "imported" };
        say!("{imported} {verb}, {repeated} imported before, {refused} refused.");
    }
    if refused > 0 && imported + repeated == 0 {
        return Err("No line of the file can be imported.".to_owned());
    }
    Ok(())
}
