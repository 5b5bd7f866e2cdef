//! One file for each page: `get` shows it, `post` handles its form.

pub mod account;
pub mod activity;
pub mod admin;
pub mod apps;
pub mod attention;
pub mod device;
pub mod docs;
pub mod home;
pub mod invitation;
pub mod keys;
mod link_token;
pub mod members;
pub mod name_form;
pub mod orgs;
pub mod place_overview;
pub mod projects;
pub mod refused;
pub mod requests;
pub mod reset;
pub mod search;
pub mod settings;
pub mod setup;
pub mod sign_in;
pub mod sign_out;
pub mod tenants;
pub mod theme;
pub mod totals;
