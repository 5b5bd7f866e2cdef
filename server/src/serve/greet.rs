//! The messages on the terminal once the server listens.

use std::{io::Write, net::SocketAddr};

use super::listen::{network_url, own_url};
use crate::state::AppState;

/// Prints to the terminal, ignoring errors: a closed pipe must not end the server.
pub fn say(sentence: &str) {
    let _ = writeln!(std::io::stdout(), "{sentence}");
}

/// Prints where the server is reachable, and what to do next. `demo` is the demo's message instead.
pub async fn greet(
    state: &AppState,
    address: SocketAddr,
    has_public_url: bool,
    demo: Option<String>,
) -> Result<(), String> {
    say(&format!("Sallyport {} is listening on {}", env!("CARGO_PKG_VERSION"), own_url(address)));
    let context = &state.context;
    let public = &context.public_url;
    let for_others = network_url(address).filter(|_| !has_public_url);
    if let Some(url) = &for_others {
        say(&format!(
            "It listens on every address of this machine. Others on its network may reach it at {url}; give the address \
             that they will use with --public-url."
        ));
    }
    if let Some(demo) = demo {
        say(&demo);
    } else if context.store.is_empty().await.map_err(|error| error.to_string())? {
        // With the token that the page requires: only a reader of this message may create the account.
        let path = format!("/setup?token={}", context.setup_token);
        say(&format!("Nobody has an account yet. Make the first one at {public}{path}"));
        if let Some(url) = &for_others {
            say(&format!("From another machine: {url}{path}"));
        }
    }
    Ok(())
}
