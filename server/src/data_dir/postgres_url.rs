//! The PostgreSQL URL: TLS is required for connections over a network.

use std::net::IpAddr;

use url::Url;

/// The URL to connect with. Errors do not repeat it, because it may contain a password.
pub(super) fn checked(text: &str) -> Result<String, String> {
    if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
        return Err("The database URL should begin with postgres://; leave it out for SQLite.".to_owned());
    }
    let mut url = Url::parse(text).map_err(|_| {
        "The database URL should look like postgres://USER:PASSWORD@HOST/DATABASE; write /, @, : and # in a password as \
         %2F, %40, %3A and %23."
            .to_owned()
    })?;
    drop_unknown(&mut url);
    let of_environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let says = url.query_pairs().any(|(name, _)| matches!(&*name, "sslmode" | "ssl-mode"));
    let host = host(&url).or_else(|| of_environment("PGHOSTADDR")).or_else(|| of_environment("PGHOST"));
    if !says && of_environment("PGSSLMODE").is_none() && host.is_some_and(|host| !is_local(&host)) {
        url.query_pairs_mut().append_pair("sslmode", "require");
    }
    Ok(url.into())
}

/// The URL parameters that sqlx reads.
const KNOWN: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// sqlx ignores unknown parameters, and logs them with their values: a mistyped `password` would be logged.
fn drop_unknown(url: &mut Url) {
    let is_known = |name: &str| KNOWN.contains(&name) || name.starts_with("options[");
    let (kept, unknown): (Vec<_>, Vec<_>) = url.query_pairs().into_owned().partition(|(name, _)| is_known(name));
    if unknown.is_empty() {
        return;
    }
    tracing::warn!(parameters = unknown.len(), "the database URL has parameters that are not known; they are left out");
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
    }
}

/// As sqlx reads it: parameters take precedence.
fn host(url: &Url) -> Option<String> {
    let parameters = url.query_pairs().filter(|(name, _)| matches!(&**name, "host" | "hostaddr"));
    let parameter = parameters.last().map(|(_, host)| host.into_owned());
    parameter.or_else(|| url.host_str().filter(|host| !host.is_empty()).map(str::to_owned))
}

/// A socket, or this machine by name or address.
fn is_local(host: &str) -> bool {
    let is_socket = host.starts_with('/') || host.to_ascii_lowercase().starts_with("%2f");
    let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
    is_socket || host == "localhost" || ip.is_ok_and(|ip| ip.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::checked;

    #[test]
    fn off_this_machine_tls_is_asked_for() {
        for (url, used) in [
            ("postgres://ada:pw@db.example.com/keys", "postgres://ada:pw@db.example.com/keys?sslmode=require"),
            ("postgresql://10.0.0.7:5433/keys", "postgresql://10.0.0.7:5433/keys?sslmode=require"),
            ("postgres://localhost/keys?pasword=s3cret", "postgres://localhost/keys"),
            ("postgres://localhost/keys?pasword=s3cret&user=ada", "postgres://localhost/keys?user=ada"),
            ("postgres:///keys?host=10.0.0.7", "postgres:///keys?host=10.0.0.7&sslmode=require"),
            (
                "postgres://ada@localhost/keys?host=10.0.0.7",
                "postgres://ada@localhost/keys?host=10.0.0.7&sslmode=require",
            ),
        ] {
            assert_eq!(checked(url).as_deref(), Ok(used));
        }
    }

    #[test]
    fn here_or_where_the_url_decides_it_is_left_as_it_is() {
        for url in [
            "postgres://ada:pw@localhost/keys",
            "postgres://127.0.0.1:5432/keys",
            "postgres://[::1]/keys",
            "postgres://%2Frun%2Fpostgresql/keys",
            "postgres:///keys?host=/run/postgresql",
            "postgres://db.example.com/keys?sslmode=disable&options[a]=b",
            "postgres://db.example.com/keys?sslmode=disable",
            "postgres://db.example.com/keys?sslmode=verify-full",
            "postgres://db.example.com/keys?ssl-mode=prefer",
        ] {
            assert_eq!(checked(url).as_deref(), Ok(url));
        }
    }

    #[test]
    fn a_wrong_one_is_not_repeated() {
        for url in
            ["mysql://ada:s3cret@db/keys", "postgres://ada:s3cret@db:port/keys", "postgres://ada:s3cret", "s3cret"]
        {
            let error = checked(url).expect_err("refused");
            assert!(error.contains("postgres://") && !error.contains("s3cret"), "{error}");
        }
    }
}
