//! What is said to somebody at the terminal once the server listens.

use std::{io::Write, net::SocketAddr};

use super::listen::{network_url, own_url};
use crate::state::AppState;

/// To the terminal; who started us may have stopped listening, which must not end the server.
pub fn say(sentence: &str) {
    let _ = writeln!(std::io::stdout(), "{sentence}");
}

/// Where the server is reached, and what to do next. `demo` is what the demo has to say instead.
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
        // With the token, which the page asks for: who can read this may make it.
        let path = format!("/setup?token={}", context.setup_token);
        say(&format!("Nobody has an account yet. Make the first one at {public}{path}"));
        if let Some(url) = &for_others {
            say(&format!("From another machine: {url}{path}"));
        }
    }
    Ok(())
}
