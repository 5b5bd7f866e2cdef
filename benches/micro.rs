//! `cargo bench`: how long each part of a verification takes.

mod subjects;

use divan::Bencher;

fn main() {
    divan::main();
}

#[divan::bench(args = subjects::NAMES)]
fn micro(bencher: Bencher<'_, '_>, name: &str) {
    let subject = subjects::subject(name);
    bencher.bench_local(subject);
}
