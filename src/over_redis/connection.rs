//! Connections to Redis. Each belongs to one run of one server, except those of a cluster, whose scripts ask for the run.

use std::time::Duration;

use futures_util::future::try_join_all;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo, RedisError, RedisResult,
    Script, ScriptInvocation, TlsCertificates, TlsMode, Value,
    aio::MultiplexedConnection,
    cluster::ClusterClientBuilder,
    cluster_async::ClusterConnection,
    sentinel::{SentinelClientBuilder, SentinelServerType},
};

use super::{
    address::{Address, Kind},
    settings::RedisSettings,
};

/// How long connecting may take, with all of its steps.
pub(super) const CONNECTING: Duration = Duration::from_millis(1_500);

/// What is sent, and how many answers are waited for, is bounded by the client above.
#[derive(Clone)]
pub(super) enum Link {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Link {
    pub async fn open(settings: &RedisSettings) -> RedisResult<Self> {
        let RedisSettings { address, authorities, .. } = settings;
        let certificates =
            authorities.as_ref().map(|pem| TlsCertificates { client_tls: None, root_cert: Some(pem.clone()) });
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECTING))
            .set_response_timeout(Some(CONNECTING.max(settings.timeout * 2)));
        match &address.kind {
            Kind::One => {
                let info =
                    at(address, &address.hosts[0]).into_connection_info()?.set_redis_settings(credentials(address));
                let client = match certificates.filter(|_| address.is_encrypted) {
                    Some(certificates) => Client::build_with_tls(info, certificates)?,
                    None => Client::open(info)?,
                };
                Ok(Self::One(client.get_multiplexed_async_connection_with_config(&config).await?))
            }
            Kind::Sentinel(name) => {
                let hosts: Vec<_> = address.hosts.iter().map(|host| at(address, host)).collect();
                let mut builder = SentinelClientBuilder::new(hosts, name, SentinelServerType::Master)?
                    .set_client_to_redis_db(address.database);
                if let Some(user) = &address.user {
                    builder = builder.set_client_to_redis_username(user);
                }
                // Sentinels often have none; those that have one have the same.
                if let Some(password) = &address.password {
                    builder = builder.set_client_to_redis_password(password.as_str());
                }
                if address.is_encrypted {
                    builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
                    builder = builder.set_client_to_sentinel_tls_mode(TlsMode::Secure);
                    if let Some(certificates) = certificates {
                        builder = builder.set_client_to_redis_certificates(certificates.clone());
                        builder = builder.set_client_to_sentinel_certificates(certificates);
                    }
                }
                Ok(Self::One(builder.build()?.get_async_connection_with_config(&config).await?))
            }
            Kind::Cluster => {
                let hosts = address.hosts.iter().map(|host| at(address, host).into_connection_info());
                let mut builder = ClusterClientBuilder::new(hosts.collect::<RedisResult<Vec<_>>>()?)
                    .retries(2)
                    .min_retry_wait(1)
                    .max_retry_wait(10)
                    .connection_timeout(CONNECTING)
                    .response_timeout(CONNECTING.max(settings.timeout * 2));
                if let Some(user) = &address.user {
                    builder = builder.username(user);
                }
                if let Some(password) = &address.password {
                    builder = builder.password(password.as_str());
                }
                if address.is_encrypted {
                    builder = builder.tls(TlsMode::Secure);
                    if let Some(certificates) = certificates {
                        builder = builder.certs(certificates);
                    }
                }
                Ok(Self::Cluster(builder.build()?.get_async_connection().await?))
            }
        }
    }

    pub fn is_cluster(&self) -> bool {
        matches!(self, Self::Cluster(_))
    }

    pub async fn run(&self, script: &ScriptInvocation<'_>) -> RedisResult<Value> {
        match self.clone() {
            Self::One(mut connection) => script.invoke_async(&mut connection).await,
            Self::Cluster(mut connection) => script.invoke_async(&mut connection).await,
        }
    }

    /// So that the server knows these by their hashes.
    pub async fn load(&self, scripts: &[&Script]) -> RedisResult<()> {
        let mut loaded = Vec::new();
        for script in scripts {
            loaded.push(self.load_one(script));
        }
        try_join_all(loaded).await.map(drop)
    }

    async fn load_one(&self, script: &Script) -> RedisResult<String> {
        match self.clone() {
            Self::One(mut connection) => script.load_async(&mut connection).await,
            Self::Cluster(mut connection) => script.load_async(&mut connection).await,
        }
    }

    pub async fn ping(&self) -> RedisResult<()> {
        self.query("PING").await.map(drop)
    }

    async fn query(&self, command: &str) -> RedisResult<Value> {
        let command = redis::cmd(command);
        match self.clone() {
            Self::One(mut connection) => command.query_async(&mut connection).await,
            Self::Cluster(mut connection) => command.query_async(&mut connection).await,
        }
    }

    /// What the server says about itself; in a cluster, each server.
    pub async fn info(&self) -> RedisResult<Vec<String>> {
        let answer = self.query("INFO").await?;
        let texts: Vec<String> = match answer {
            Value::Map(servers) => {
                servers.into_iter().map(|(_, said)| redis::from_redis_value(said)).collect::<Result<_, _>>()
            }
            one => redis::from_redis_value(one).map(|said| vec![said]),
        }
        .map_err(RedisError::from)?;
        Ok(texts)
    }
}

fn at(address: &Address, (host, port): &(String, u16)) -> ConnectionAddr {
    if address.is_encrypted {
        ConnectionAddr::TcpTls { host: host.clone(), port: *port, insecure: false, tls_params: None }
    } else {
        ConnectionAddr::Tcp(host.clone(), *port)
    }
}

fn credentials(address: &Address) -> RedisConnectionInfo {
    let mut info = RedisConnectionInfo::default().set_db(address.database);
    if let Some(user) = &address.user {
        info = info.set_username(user);
    }
    if let Some(password) = &address.password {
        info = info.set_password(password.as_str());
    }
    info
}
