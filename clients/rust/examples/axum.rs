//! Each request needs an API key that may read:
//!
//!     SALLYPORT_URL=https://keys.example.com SALLYPORT_TOKEN=sp_root_… PORT=8000 cargo run --features axum --example axum

use std::{env, error::Error, net::SocketAddr};

use axum::{Extension, Router, routing::get};
use sallyport_client::{Client, Valid, VerificationLayer};

async fn hello(Extension(valid): Extension<Valid>) -> String {
    format!("Hello, {}.\n", valid.label)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = Client::new(&env::var("SALLYPORT_URL")?, &env::var("SALLYPORT_TOKEN")?)?;
    let app = Router::new()
        .route("/hello", get(hello).post(hello))
        .layer(VerificationLayer::new(client).scopes(["read"]).signed(128 * 1024));
    let port = env::var("PORT").unwrap_or("8000".into());
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}
