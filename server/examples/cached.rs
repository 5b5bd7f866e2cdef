//! For scripts/bench: the memory of a cached key. Verifies keys of a portal that `seed` filled, and prints by how many bytes
//! of resident memory the process grew for each key.
//!
//! `cached DATA_FOLDER FILE FIRST WARM COUNT`: the first secret in the file to use, how many to verify before measuring,
//! which fills the caches of the database, and how many to measure.

use std::{
    fs::{File, read_to_string},
    io::{BufRead, BufReader},
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use sallyport::{
    Entropy,
    clock::SystemClock,
    entropy::OsEntropy,
    id::RequestId,
    key::Ask,
    request::Client,
    verifier::{Verifier, freshness::elapsed},
};
use sallyport_server::{config::DataLocation, data_dir::DataDir};

/// The allocator of the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Uses are written after this many keys, as the server's worker does every two seconds.
const BATCH: usize = 2_000;
/// The database is polled after this many keys, as the server's worker does four times a second.
const POLL: usize = 100;

#[tokio::main]
async fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, file, first, warm, count] = arguments.as_slice() else {
        return Err("usage: cached DATA_FOLDER FILE FIRST WARM COUNT".to_owned());
    };
    let number = |text: &String| text.parse::<usize>().map_err(|_| format!("{text:?} is not a number."));
    let (first, warm, count) = (number(first)?, number(warm)?, number(count)?);
    let secrets = secrets(file, first, warm + count).map_err(|error| format!("{file}: {error}"))?;
    let place = DataLocation { data: data.into(), ..DataLocation::default() };
    let store = DataDir::find(&place).await?.open(Arc::new(SystemClock), Arc::new(OsEntropy)).await?;
    let said = |error: sallyport::Error| error.to_string();
    let verifier = Verifier::start(store.clone(), 2 * (warm + count), elapsed()).await.map_err(said)?;
    let (before, after) = secrets.split_at(warm);
    ask(&verifier, before).await.map_err(said)?;
    let before = resident().await?;
    ask(&verifier, after).await.map_err(said)?;
    println!("{}", (resident().await? - before) / count as f64);
    store.close().await;
    Ok(())
}

fn secrets(file: &str, first: usize, count: usize) -> std::io::Result<Vec<String>> {
    let secrets = BufReader::new(File::open(file)?).lines().skip(first).take(count);
    let secrets: Vec<_> = secrets.collect::<Result<_, _>>()?;
    if secrets.len() == count { Ok(secrets) } else { Err(std::io::Error::other("it has fewer secrets")) }
}

async fn ask(verifier: &Verifier, secrets: &[String]) -> sallyport::Result<()> {
    let entropy: &dyn Entropy = &OsEntropy;
    for batch in secrets.chunks(BATCH) {
        for (n, secret) in batch.iter().enumerate() {
            if n % POLL == 0 {
                verifier.poll().await?;
            }
            let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
            let client =
                Client { ip, peer: ip, proxied: false, user_agent: None, request_id: RequestId::mint(entropy) };
            let ask = Ask { scopes: vec!["read"], cost: 1, ..Ask::default() };
            let judged = verifier.judge(Some(secret), &ask, &client).await?;
            if !judged.verdict.is_valid() {
                let code = judged.verdict.code();
                return Err(sallyport::Error::Unavailable(format!("a key that was made for this is not good: {code}")));
            }
        }
        verifier.flush().await?;
    }
    Ok(())
}

/// Resident memory in bytes, after a pause in which the allocator returns free memory.
async fn resident() -> Result<f64, String> {
    tokio::time::sleep(Duration::from_secs(2)).await;
    let status = read_to_string("/proc/self/status").map_err(|error| error.to_string())?;
    let kilobytes =
        status.lines().find_map(|line| line.strip_prefix("RssAnon:")?.trim().strip_suffix(" kB")?.parse().ok());
    kilobytes
        .map(|kilobytes: f64| kilobytes * 1024.0)
        .ok_or_else(|| "/proc/self/status says nothing of RssAnon.".to_owned())
}
