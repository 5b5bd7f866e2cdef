//! The scripts. Each is one call, and takes the time from Redis.

use redis::Script;

pub(super) struct Scripts {
    pub charge: Script,
    pub adjust: Script,
    pub claim: Script,
    pub release: Script,
    pub epoch: Script,
}

impl Scripts {
    pub fn all(&self) -> [&Script; 5] {
        [&self.charge, &self.adjust, &self.claim, &self.release, &self.epoch]
    }
}

const STATE: &str = include_str!("bucket_state.lua");
const ONCE: &str = include_str!("once.lua");

impl Default for Scripts {
    fn default() -> Self {
        let with_state = |script: &str| Script::new(&format!("{STATE}{script}"));
        Self {
            charge: with_state(&format!("{ONCE}{}", include_str!("charge.lua"))),
            adjust: with_state(&format!("{ONCE}{}", include_str!("adjust.lua"))),
            claim: with_state(include_str!("claim.lua")),
            release: Script::new(include_str!("release.lua")),
            epoch: Script::new(include_str!("epoch.lua")),
        }
    }
}
