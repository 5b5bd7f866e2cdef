//! Redis: whether it answers, keeps what it is given, and can be read on the way.

use sallyport::over_redis::{RedisSeen, RedisSettings};

use super::finding::Finding;

/// The first version with users that have rights of their own.
const OLDEST: (u32, u32) = (6, 0);

pub(super) async fn check(settings: Option<&RedisSettings>) -> Vec<Finding> {
    let Some(settings) = settings else {
        return vec![Finding::good("redis", "not set: one server needs none, several have their part of each limit")];
    };
    let mut all = match settings.examine().await {
        Ok(seen) => of_servers(&settings.shown_address(), &seen),
        Err(error) => vec![Finding::bad(
            "redis",
            format!("{} can't be used: {error}", settings.shown_address()),
            "Start it, or correct redis_url, its password or the rights of its user: docs/nodes.md#redis.",
        )],
    };
    all.push(encryption(settings));
    all
}

fn of_servers(address: &str, seen: &RedisSeen) -> Vec<Finding> {
    let mut names: Vec<_> = seen.servers.iter().map(|server| server.name.as_str()).collect();
    names.dedup();
    let names = names.join(", ");
    let answers = match seen.servers.as_slice() {
        [server] if server.is_replica => Finding::bad(
            "redis",
            format!("{address} is a replica, which takes no writes"),
            "Name the primary in redis_url, or its Sentinels: redis+sentinel://host:26379,host:26379/NAME.",
        ),
        _ => Finding::good("redis", format!("{address} answered within {} ms", seen.answered_in.as_millis())),
    };
    let version = match seen.servers.iter().find(|server| server.version < OLDEST) {
        Some(old) => Finding::bad(
            "redis_version",
            format!("{} is too old", old.name),
            format!("Update it to Redis {}.{} or later, or to Valkey.", OLDEST.0, OLDEST.1),
        ),
        None => Finding::good("redis_version", names),
    };
    let memory = match seen.servers.iter().find(|server| server.policy != "noeviction") {
        Some(server) => Finding::bad(
            "redis_memory",
            format!("maxmemory-policy is {}: it forgets used signatures when its memory is full", server.policy),
            "redis-cli CONFIG SET maxmemory-policy noeviction, and the same in redis.conf.",
        ),
        None => Finding::good("redis_memory", "maxmemory-policy is noeviction"),
    };
    vec![answers, version, memory]
}

fn encryption(settings: &RedisSettings) -> Finding {
    if settings.is_readable_on_the_way() {
        let detail = "what is sent to another machine, its password included, is not encrypted";
        return Finding::bad("redis_tls", detail, "Set tls-port in redis.conf, and rediss:// in redis_url.");
    }
    Finding::good("redis_tls", "encrypted, or on this machine")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sallyport::over_redis::ServerSeen;

    use super::*;

    fn seen(version: (u32, u32), is_replica: bool, policy: &str) -> Vec<(&'static str, bool)> {
        let name = format!("Redis {}.{}", version.0, version.1);
        let server = ServerSeen { name, version, is_replica, policy: policy.to_owned() };
        let seen = RedisSeen { servers: vec![server], answered_in: Duration::from_millis(1) };
        let found = of_servers("redis.internal:6379", &seen);
        for finding in &found {
            assert_eq!(finding.fix.is_none(), finding.ok, "{finding}");
        }
        found.iter().filter(|finding| !finding.ok).map(|finding| (finding.name, finding.ok)).collect()
    }

    #[test]
    fn what_is_wrong_with_a_server_is_found() {
        assert_eq!(seen((7, 0), false, "noeviction"), []);
        assert_eq!(seen((6, 0), false, "noeviction"), []);
        assert_eq!(seen((5, 0), false, "noeviction"), [("redis_version", false)]);
        assert_eq!(seen((7, 2), true, "noeviction"), [("redis", false)]);
        assert_eq!(seen((7, 2), false, "allkeys-lru"), [("redis_memory", false)]);
    }

    #[test]
    fn a_password_in_plain_text_is_found() {
        for (url, ok) in [
            ("redis://:pw@127.0.0.1", true),
            ("rediss://:pw@redis.internal", true),
            ("redis://:pw@redis.internal", false),
        ] {
            assert_eq!(encryption(&RedisSettings::new(url).expect("good")).ok, ok, "{url}");
        }
    }
}
