//! What a person can do: one server function for each act, one file for each noun.
//!
//! A few read something that an island polls.
//!
//! An act checks the permission and the input, calls one write method of the store, and returns what to show. Nothing
//! else in this crate calls a write method of the store.
//!
//! A page's form is sent to the page's own address; its handler runs the act in process ([`Caller::run`]) and
//! redirects, or shows the page again with the errors ([`ActError::beside`]). An island sends the same form to the
//! act's own address under `/act`, which has the same guards as pages.

mod answer;
mod caller;
mod code_attempts;
pub mod error;
mod in_page;
mod passkey_proof;
mod password;

pub mod account;
pub mod activity;
pub mod admin;
pub mod approvals;
pub mod apps;
pub mod capabilities;
pub mod chosen_keys;
pub mod device;
mod group_roles;
pub mod handovers;
pub mod imports;
pub mod invitations;
pub mod inviting;
pub mod key_rules;
pub mod keys;
pub mod leaks;
pub mod members;
pub mod orgs;
pub mod passkeys;
pub mod password_resets;
pub mod personal_tokens;
pub mod places;
pub mod projects;
pub mod required_sign_in;
pub mod restrictions;
pub mod rotation;
pub mod second_factor;
pub mod secrets;
pub mod service_accounts;
pub mod sessions;
pub mod setup;
pub mod single_sign_on;
pub mod tenants;
pub mod terms;
pub mod test_events;
pub mod trust_rules;
pub mod views;
pub mod webhooks;

use axum::{Router, routing::post};
use leptos::server_fn::ServerFn;

pub use self::{caller::Caller, error::ActError, in_page::InPage, passkey_proof::NO_PASSKEYS};
use crate::context::Context;

/// Acts with an address of their own.
pub const MOUNTED: &[&str] = &[
    account::EndOtherSessions::PATH,
    account::EndSession::PATH,
    account::Rename::PATH,
    activity::CountNewerEvents::PATH,
    admin::jobs::RetryJob::PATH,
    admin::keys::RevokeEveryKey::PATH,
    admin::mail::SendTestMail::PATH,
    admin::orgs::OpenOrg::PATH,
    admin::orgs::SuspendOrg::PATH,
    admin::root_tokens::RevokeToken::PATH,
    admin::users::DisableUser::PATH,
    admin::users::EnableUser::PATH,
    admin::users::EndAllSessions::PATH,
    admin::users::EndSessions::PATH,
    approvals::Approve::PATH,
    approvals::Refuse::PATH,
    approvals::Withdraw::PATH,
    apps::CreateApp::PATH,
    apps::LimitApp::PATH,
    apps::VerifyForIngestion::PATH,
    capabilities::RevokeCapabilities::PATH,
    chosen_keys::ExtendChosenKeys::PATH,
    chosen_keys::PauseChosenKeys::PATH,
    chosen_keys::RevokeChosenKeys::PATH,
    device::ApproveDevice::PATH,
    device::DenyDevice::PATH,
    handovers::WithdrawHandover::PATH,
    imports::StartImport::PATH,
    invitations::RevokeInvitation::PATH,
    keys::EditKey::PATH,
    keys::IsKeyUsed::PATH,
    keys::PauseKey::PATH,
    keys::ResumeKey::PATH,
    keys::RevokeKey::PATH,
    members::ChangeRole::PATH,
    members::HandOver::PATH,
    members::LeavePlace::PATH,
    members::RemoveMember::PATH,
    orgs::ChooseColour::PATH,
    orgs::CreateOrg::PATH,
    orgs::RemoveLogo::PATH,
    orgs::SetServiceUrls::PATH,
    personal_tokens::RevokePersonalToken::PATH,
    places::ArchivePlace::PATH,
    places::DeletePlace::PATH,
    places::EditPlace::PATH,
    places::RestorePlace::PATH,
    places::RevokeKeys::PATH,
    projects::CreateProject::PATH,
    restrictions::RestrictKey::PATH,
    rotation::EndPreviousSecret::PATH,
    rotation::ExtendPreviousSecret::PATH,
    rotation::IsNewSecretUsed::PATH,
    service_accounts::DisableServiceAccount::PATH,
    service_accounts::EnableServiceAccount::PATH,
    service_accounts::RemoveServiceAccount::PATH,
    service_accounts::RevokeServiceToken::PATH,
    tenants::CreateTenant::PATH,
    terms::ChangeKey::PATH,
    views::DeleteView::PATH,
    views::SaveView::PATH,
    trust_rules::DeleteTrustRule::PATH,
    trust_rules::PauseTrustRule::PATH,
    trust_rules::ResumeTrustRule::PATH,
    webhooks::DeleteWebhook::PATH,
    webhooks::ResendDelivery::PATH,
    webhooks::ResendFailedDeliveries::PATH,
    webhooks::SendTestEvent::PATH,
];

/// Acts that only pages run: they return a secret, take a file or rows of fields, start, confirm or end a session, or are for people
/// who can't sign in.
pub const OF_PAGES: &[&str] = &[
    account::ChangePassword::PATH,
    second_factor::AddAuthenticator::PATH,
    second_factor::ConfirmSignIn::PATH,
    second_factor::OpenRecoveryCodes::PATH,
    second_factor::RemoveAuthenticator::PATH,
    second_factor::RenewRecoveryCodes::PATH,
    admin::root_tokens::CreateToken::PATH,
    approvals::Claim::PATH,
    capabilities::MintCapability::PATH,
    capabilities::OpenCapabilityFile::PATH,
    handovers::HandOver::PATH,
    handovers::OpenHandover::PATH,
    imports::UploadImport::PATH,
    invitations::AcceptInvitation::PATH,
    invitations::AcceptInvitationAsNew::PATH,
    invitations::Invite::PATH,
    invitations::ResendInvitation::PATH,
    key_rules::SetKeyRules::PATH,
    leaks::ReportLeak::PATH,
    orgs::ChooseLogo::PATH,
    passkeys::AddPasskey::PATH,
    passkeys::RemovePasskey::PATH,
    password_resets::RequestPasswordReset::PATH,
    password_resets::ResetPassword::PATH,
    personal_tokens::CreatePersonalToken::PATH,
    required_sign_in::BreakGlass::PATH,
    required_sign_in::RequireSignIn::PATH,
    rotation::RotateKey::PATH,
    secrets::GenerateKey::PATH,
    secrets::OpenCredentials::PATH,
    secrets::RotateSigningSecret::PATH,
    service_accounts::ChangeServiceAccount::PATH,
    service_accounts::CreateServiceAccount::PATH,
    service_accounts::CreateServiceToken::PATH,
    sessions::SignIn::PATH,
    sessions::SignInWithCode::PATH,
    sessions::SignInWithPasskey::PATH,
    sessions::SignOut::PATH,
    setup::CreateFirstAccount::PATH,
    single_sign_on::BeginWith::PATH,
    single_sign_on::SignInToLink::PATH,
    single_sign_on::LinkSignIn::PATH,
    single_sign_on::SignInWith::PATH,
    single_sign_on::UnlinkSignIn::PATH,
    trust_rules::ChangeTrustRule::PATH,
    trust_rules::CreateTrustRule::PATH,
    webhooks::ChangeWebhook::PATH,
    webhooks::ChangeWebhookSecret::PATH,
    webhooks::CreateWebhook::PATH,
];

/// Every server function of this crate, as registered with the framework.
pub fn registered() -> Vec<&'static str> {
    let mut paths: Vec<_> = leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path).collect();
    paths.sort_unstable();
    paths
}

/// The routes of the mounted acts.
pub(crate) fn routes() -> Router<Context> {
    MOUNTED.iter().fold(Router::new(), |router, path| router.route(path, post(answer::answer)))
}

#[cfg(test)]
mod tests;
