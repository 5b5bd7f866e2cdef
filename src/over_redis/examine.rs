//! Looks at Redis once and changes nothing, for `sallyport doctor`.

use std::time::{Duration, Instant};

use redis::Script;
use tokio::time::timeout;

use super::{
    client::said,
    connection::{CONNECTING, Link},
    settings::RedisSettings,
};

/// A server, as it describes itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSeen {
    /// Such as `Redis 7.0.15`.
    pub name: String,
    /// Of Redis, or the one that Valkey is compatible with.
    pub version: (u32, u32),
    pub is_replica: bool,
    /// What it does when its memory is full.
    pub policy: String,
}

/// What was seen: each server of a cluster, or one.
#[derive(Clone, Debug)]
pub struct RedisSeen {
    pub servers: Vec<ServerSeen>,
    /// How long an answer took.
    pub answered_in: Duration,
}

impl RedisSettings {
    /// Connects with the settings, and asks. An error is what the server, or the network, says.
    pub async fn examine(&self) -> Result<RedisSeen, String> {
        let asked = async {
            let link = Link::open(self).await?;
            let began = Instant::now();
            link.ping().await?;
            let answered_in = began.elapsed();
            // Whether this user may run scripts.
            link.run(&Script::new("return redis.call('TIME')[1]").prepare_invoke()).await?;
            let servers = link.info().await?.iter().map(|info| seen(info)).collect();
            Ok::<_, redis::RedisError>(RedisSeen { servers, answered_in })
        };
        match timeout(CONNECTING * 2, asked).await {
            Ok(answer) => answer.map_err(|error| said(&error)),
            Err(_) => Err("nothing is answered".to_owned()),
        }
    }

    /// Where it is, without the password.
    pub fn shown_address(&self) -> String {
        self.address.to_string()
    }
}

/// From the answer to `INFO`.
fn seen(info: &str) -> ServerSeen {
    let value = |name: &str| {
        let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.map(str::trim).unwrap_or_default()
    };
    let redis = value("redis_version");
    let mut numbers = redis.split('.').map(|part| part.parse().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let name = match value("valkey_version") {
        "" => format!("Redis {redis}"),
        valkey => format!("Valkey {valkey}"),
    };
    let (role, policy) = (value("role"), value("maxmemory_policy").to_owned());
    ServerSeen { name, version, is_replica: !role.is_empty() && role != "master", policy }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_about_itself() {
        let info = "# Server\r\nredis_version:7.0.15\r\nrole:master\r\nmaxmemory_policy:noeviction\r\n";
        let expected = ServerSeen {
            name: "Redis 7.0.15".to_owned(),
            version: (7, 0),
            is_replica: false,
            policy: "noeviction".to_owned(),
        };
        assert_eq!(seen(info), expected);
        let valkey = "redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.1\r\nrole:slave\r\n";
        let found = seen(valkey);
        assert_eq!((found.name.as_str(), found.version, found.is_replica), ("Valkey 8.1.1", (7, 2), true));
        assert_eq!(seen("").version, (0, 0), "it says nothing");
    }
}
