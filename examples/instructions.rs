//! For scripts/bench-micro: does a part of a verification so many times, for callgrind to count.
//!
//! `instructions NAME COUNT`

#[path = "../benches/subjects.rs"]
mod subjects;

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, count] = arguments.as_slice() else {
        return Err(format!("usage: instructions NAME COUNT, where NAME is one of {:?}", subjects::NAMES));
    };
    let count: usize = count.parse().map_err(|_| format!("{count:?} is not a number."))?;
    let subject = subjects::subject(name);
    for _ in 0..count {
        subject();
    }
    Ok(())
}
