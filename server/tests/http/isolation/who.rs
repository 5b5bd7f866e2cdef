//! Who may use an address or an act.

/// Who may use an address. Others are refused: redirected to the sign-in, told that it does not exist, or, where they see
/// the place, that their role does not suffice. `isolation/people.rs` derives from the table of roles who that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Signed in or not, with this status.
    Everybody(u16),
    /// People who are not signed in; others are redirected.
    Guests,
    /// Anyone with an account.
    SignedIn,
    /// People with this permission at the place of the address.
    May(sallyport::member::Permission),
    /// The same, or at a place below: the address shows or changes only what is theirs.
    Somewhere(sallyport::member::Permission),
    /// People with this permission at the project, although the address is of the organization: it shows what is in the
    /// project. For others of the organization that does not exist.
    WithinProject(sallyport::member::Permission),
    /// People with a role there, above it or below it.
    Passing,
    /// Those who manage the organization; or who see a part of it, which they get.
    WholeLog,
    /// People who were given a role at the place or below it. For others there is none to give up.
    Leaving,
    /// Operators of the portal, members or not. For others the page does not exist.
    Operators,
    /// The person whose it is: the owner of the organization. For others it does not exist.
    Holder,
    /// The person whose it is, who is none of these. For them it does not exist.
    SomebodyElse,
}
