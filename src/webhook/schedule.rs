//! When a delivery is tried again.

use std::time::Duration;

use crate::Entropy;

/// Seconds until the next attempt, after the first, the second, …: three days in all.
const DELAYS: [u64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 72_000];

/// An endpoint of which every attempt failed for so long is stopped.
pub const STOPPED_AFTER: Duration = Duration::from_secs(5 * 24 * 60 * 60);

/// How long to wait after so many attempts, with a random part, so that endpoints that failed together are not asked together;
/// `None` if it is given up.
pub fn delay(attempts: i64, entropy: &dyn Entropy) -> Option<Duration> {
    let at = usize::try_from(attempts).ok()?.checked_sub(1)?;
    let delay = Duration::from_secs(*DELAYS.get(at)?);
    Some(delay + (delay / 5).mul_f64(f64::from(u32::from_be_bytes(entropy.array())) / f64::from(u32::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededEntropy;

    #[test]
    fn it_is_tried_for_three_days() {
        let entropy = SeededEntropy::new(1);
        let delays: Vec<_> = (1..).map_while(|attempts| delay(attempts, &entropy)).collect();
        let all: Duration = delays.iter().sum();
        assert_eq!(delays.len(), 9);
        assert!(all > Duration::from_secs(71 * 60 * 60) && all < Duration::from_secs(90 * 60 * 60), "{all:?}");
        assert!(delays.is_sorted() || delays[7] > delays[6]);
        assert_ne!(delay(3, &entropy), delay(3, &entropy));
        assert_eq!((delay(0, &entropy), delay(-1, &entropy)), (None, None));
    }
}
