//! One file for each page: `get` shows it, `post` handles its form.

pub mod account;
pub mod activity;
pub mod apps;
pub mod attention;
pub mod docs;
pub mod home;
pub mod keys;
pub mod name_form;
pub mod orgs;
pub mod projects;
pub mod refused;
pub mod requests;
pub mod search;
pub mod settings;
pub mod setup;
pub mod sign_in;
pub mod sign_out;
pub mod tenants;
pub mod theme;
pub mod totals;
