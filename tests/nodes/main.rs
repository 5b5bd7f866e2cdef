//! The protocol of nodes (docs/nodes.md), by the code that the server runs: checked exhaustively for two nodes, and simulated
//! for a hundred. Both have to find what is wrong with broken variants.

mod model;
mod simulation;

/// What a variant of the protocol does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Variant {
    AsBuilt,
    /// A revocation is answered before any node acknowledged it.
    AnswersBeforeAcknowledgements,
    /// A renewal revives a node that has not applied what it missed.
    RevivesWithoutApplying,
    /// A lease counts from when the answer arrived.
    CountsFromTheAnswer,
}
