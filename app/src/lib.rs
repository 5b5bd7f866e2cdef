//! The web portal: pages rendered on the server, and optional islands in the browser.

// The type of a view is nested as deeply as the view.
#![recursion_limit = "256"]

pub mod islands;

#[cfg(feature = "ssr")]
pub mod access;
#[cfg(feature = "ssr")]
pub mod acts;
#[cfg(feature = "ssr")]
pub mod attempts;
#[cfg(feature = "ssr")]
mod authenticator_setup;
#[cfg(feature = "ssr")]
pub mod components;
#[cfg(feature = "ssr")]
pub mod context;
#[cfg(feature = "ssr")]
mod cookies;
#[cfg(feature = "ssr")]
mod edit_conflict;
#[cfg(feature = "ssr")]
pub mod error;
#[cfg(feature = "ssr")]
pub mod error_page;
#[cfg(feature = "ssr")]
pub mod evidence;
#[cfg(feature = "ssr")]
pub mod export;
#[cfg(feature = "ssr")]
pub mod form;
#[cfg(feature = "ssr")]
pub mod form_token;
#[cfg(feature = "ssr")]
mod half_signed_in;
#[cfg(feature = "ssr")]
pub mod icons;
#[cfg(feature = "ssr")]
mod known_device;
#[cfg(feature = "ssr")]
pub mod mail;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
mod passkey_challenge;
#[cfg(feature = "ssr")]
pub mod pending_events;
#[cfg(feature = "ssr")]
pub mod picture;
#[cfg(feature = "ssr")]
pub mod portal;
#[cfg(feature = "ssr")]
mod recent;
#[cfg(feature = "ssr")]
mod render;
#[cfg(feature = "ssr")]
mod resumed;
#[cfg(feature = "ssr")]
pub mod routes;
#[cfg(feature = "ssr")]
mod sealed_file;
#[cfg(feature = "ssr")]
pub mod secret_path;
#[cfg(feature = "ssr")]
mod sent_file;
#[cfg(feature = "ssr")]
mod sent_form;
#[cfg(feature = "ssr")]
pub mod session;
#[cfg(feature = "ssr")]
pub mod shell;
#[cfg(feature = "ssr")]
mod sign_in_cookies;
#[cfg(feature = "ssr")]
pub mod single_sign_on;
#[cfg(feature = "ssr")]
pub mod sub_path;
#[cfg(feature = "ssr")]
mod theme;
#[cfg(feature = "ssr")]
pub mod ui;
#[cfg(feature = "ssr")]
pub mod words;

/// Called by `boot.js` before it hydrates the islands of the page.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
