//! A small upstream to put behind a gateway: it shows what arrives, and keeps live and test data apart.
//!
//! `cargo run -p sallyport-server --example upstream -- [ADDR]` (default 127.0.0.1:8080; port 0 takes a free one)

mod app;

use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), String> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&address).await.map_err(|error| format!("{address}: {error}"))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    println!("The upstream is listening on http://{address}");
    axum::serve(listener, app::router()).await.map_err(|error| error.to_string())
}
