//! All interleavings of some nodes, a writer, a process that closes lapsed nodes, and the database: messages are late or
//! lost, every process may pause at any time, clocks are slow within the bound, and a standby may take the database's place.

use std::time::Duration;

use sallyport::{
    id::NodeId,
    node::{Confirmation, Lapsed, Next, NodeLease, NodeRow, Renewal, Terms},
};
use stateright::{Checker, Model, Property};

use crate::Variant;

/// In ticks of a second. A clock may be slow by one tick in all, which is the drift.
const TERMS: Terms = Terms { lease: Duration::from_secs(2), drift: Duration::from_secs(1) };
/// The revision of the one revocation.
const REVOKED: i64 = 1;

struct Protocol {
    variant: Variant,
    bounds: Bounds,
}

/// How much of it is gone through.
#[derive(Clone, Copy)]
struct Bounds {
    nodes: usize,
    ticks: u64,
    /// How often each node may send a renewal.
    sends: u8,
    /// Whether nodes that lapsed are closed.
    watched: bool,
    /// What a standby that takes the database's place has; without it, none does.
    standby: Option<Standby>,
}

#[derive(Clone, Copy, PartialEq)]
enum Standby {
    /// All that is visible: a commit waits for it.
    Synchronous,
    /// What it received until then.
    Asynchronous,
}

/// A node joins again after it was closed, and goes on.
const ONE: Bounds = Bounds { nodes: 1, ticks: 5, sends: 3, watched: true, standby: None };
/// One of them hangs while the other renews.
const TWO: Bounds = Bounds { nodes: 2, ticks: 4, sends: 2, watched: false, standby: None };

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    time: u64,
    head: i64,
    rows: Vec<NodeRow>,
    nodes: Vec<Node>,
    writer: Writer,
    lapsed: Lapsed,
    /// Nodes that the watcher is about to close, with their renewals when it decided.
    closing: Vec<(NodeId, i64)>,
    timeline: i64,
    /// The revision and the rows that the standby has, if commits do not wait for it.
    received: Option<(i64, Vec<NodeRow>)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Node {
    lease: NodeLease,
    /// By how many ticks its clock is slow.
    behind: u64,
    sends: u8,
    message: Option<Message>,
    /// A renewal that it gave up on, which the database may yet execute.
    orphan: Option<i64>,
    catches_up: bool,
    /// Whether the key is in memory, as accepted.
    caches: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Message {
    Sent { sent_at: Duration, acknowledged: i64 },
    Answered(Option<Renewal>),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Writer {
    Idle,
    Committed,
    Waits(Confirmation),
    Answered,
    /// Its connection broke before the answer to the commit: nobody knows, and nothing is answered.
    Unknown,
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Tick,
    /// A tick that this node's clock misses.
    SlowTick(usize),
    Send(usize),
    Execute(usize),
    ExecuteOrphan(usize),
    Deliver(usize),
    Lose(usize),
    CatchUp(usize),
    Commit,
    Receive,
    ReadNodes,
    Answer,
    Watch,
    Close,
    /// The standby receives what was committed.
    Replicate,
    FailOver,
}

fn id(node: usize) -> NodeId {
    NodeId::parse(&format!("node_{node}")).expect("an id")
}

impl Node {
    fn clock(&self, time: u64) -> Duration {
        Duration::from_secs(time - self.behind)
    }
}

impl State {
    fn now(&self) -> Duration {
        Duration::from_secs(self.time)
    }

    fn renew(&mut self, node: usize, acknowledged: i64) -> bool {
        let row = &mut self.rows[node];
        if row.is_open {
            (row.renewals, row.applied) = (row.renewals + 1, acknowledged);
        }
        row.is_open
    }

    /// Whether a request with the key that begins now is accepted.
    fn accepts(&self, node: usize) -> bool {
        let node = &self.nodes[node];
        node.caches && node.lease.holds(node.clock(self.time), TERMS)
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Step;

    /// Both nodes have joined, and hold the key in memory.
    fn init_states(&self) -> Vec<State> {
        let row = |node| NodeRow { id: id(node), applied: 0, renewals: 1, is_open: true };
        let node = Node {
            lease: NodeLease::new(0),
            behind: 0,
            sends: 0,
            message: None,
            orphan: None,
            catches_up: false,
            caches: true,
        };
        vec![State {
            time: 1,
            head: 0,
            rows: (0..self.bounds.nodes).map(row).collect(),
            nodes: vec![node; self.bounds.nodes],
            writer: Writer::Idle,
            lapsed: Lapsed::default(),
            closing: Vec::new(),
            timeline: 1,
            received: (self.bounds.standby == Some(Standby::Asynchronous))
                .then(|| (0, (0..self.bounds.nodes).map(row).collect())),
        }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        if state.time < self.bounds.ticks {
            steps.push(Step::Tick);
            steps.extend((0..self.bounds.nodes).filter(|node| state.nodes[*node].behind == 0).map(Step::SlowTick));
        }
        for (n, node) in state.nodes.iter().enumerate() {
            match &node.message {
                None if node.sends < self.bounds.sends && !node.catches_up => steps.push(Step::Send(n)),
                None => {}
                Some(Message::Sent { .. }) => steps.extend([Step::Execute(n), Step::Lose(n)]),
                Some(Message::Answered(_)) => steps.extend([Step::Deliver(n), Step::Lose(n)]),
            }
            if node.orphan.is_some() {
                steps.push(Step::ExecuteOrphan(n));
            }
            if node.catches_up {
                steps.push(Step::CatchUp(n));
            }
        }
        match &state.writer {
            Writer::Idle => steps.push(Step::Commit),
            Writer::Committed => steps.push(Step::Receive),
            Writer::Waits(confirmation) => {
                steps.push(Step::ReadNodes);
                if confirmation.is_done(state.now()) || self.variant == Variant::AnswersBeforeAcknowledgements {
                    steps.push(Step::Answer);
                }
            }
            Writer::Answered | Writer::Unknown => {}
        }
        if self.bounds.standby.is_some() && state.timeline == 1 {
            steps.push(Step::FailOver);
            if state.received.is_some() {
                steps.push(Step::Replicate);
            }
        }
        if self.bounds.watched {
            steps.push(if state.closing.is_empty() { Step::Watch } else { Step::Close });
        }
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut state = last.clone();
        let (time, now) = (state.time, state.now());
        match step {
            Step::Tick => state.time += 1,
            Step::SlowTick(n) => (state.time, state.nodes[n].behind) = (time + 1, 1),
            Step::Send(n) => {
                let node = &mut state.nodes[n];
                node.sends += 1;
                node.message = Some(Message::Sent { sent_at: node.clock(time), acknowledged: node.lease.revision() });
            }
            Step::Execute(n) => {
                let Some(Message::Sent { sent_at, acknowledged }) = state.nodes[n].message.clone() else { return None };
                let renewal = Renewal { sent_at, acknowledged, head: state.head, timeline: state.timeline };
                let renewed = state.renew(n, acknowledged);
                state.nodes[n].message = Some(Message::Answered(renewed.then_some(renewal)));
            }
            Step::ExecuteOrphan(n) => {
                let acknowledged = state.nodes[n].orphan.take()?;
                state.renew(n, acknowledged);
            }
            Step::Lose(n) => {
                if let Some(Message::Sent { acknowledged, .. }) = state.nodes[n].message.take() {
                    state.nodes[n].orphan = Some(acknowledged);
                }
            }
            Step::Deliver(n) => {
                let Some(Message::Answered(answer)) = state.nodes[n].message.take() else { return None };
                match answer {
                    Some(renewal) => self.deliver(&mut state.nodes[n], time, renewal, last.head),
                    // Closed: it joins again.
                    None => {
                        let applied = state.nodes[n].lease.revision();
                        let row = &mut state.rows[n];
                        (row.renewals, row.applied, row.is_open) = (row.renewals + 1, applied, true);
                    }
                }
            }
            Step::CatchUp(n) => {
                let node = &mut state.nodes[n];
                (node.catches_up, node.caches) = (false, node.caches && state.head < REVOKED);
                node.lease.applied(state.head);
            }
            Step::Commit => (state.head, state.writer) = (REVOKED, Writer::Committed),
            Step::Receive => state.writer = Writer::Waits(Confirmation::new(REVOKED, now, TERMS)),
            Step::ReadNodes => {
                if let Writer::Waits(confirmation) = &mut state.writer {
                    confirmation.seen(&state.rows, now);
                }
            }
            Step::Answer => state.writer = Writer::Answered,
            Step::Watch => state.closing = state.lapsed.seen(&state.rows, now, TERMS),
            Step::Replicate => state.received = Some((state.head, state.rows.clone())),
            // Statements that were on their way are lost with the connections; the old one is fenced.
            Step::FailOver => {
                state.timeline += 1;
                if let Some((head, rows)) = state.received.take() {
                    (state.head, state.rows) = (head, rows);
                }
                for node in &mut state.nodes {
                    node.orphan = None;
                    node.message.take_if(|message| matches!(message, Message::Sent { .. }));
                }
                if state.writer == Writer::Committed {
                    state.writer = Writer::Unknown;
                }
            }
            Step::Close => {
                for (id, renewals) in std::mem::take(&mut state.closing) {
                    let row = state.rows.iter_mut().find(|row| row.id == id && row.renewals == renewals);
                    row.into_iter().for_each(|row| row.is_open = false);
                }
            }
        }
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(SAFE, |model: &Self, state: &State| {
                state.writer != Writer::Answered || (0..model.bounds.nodes).all(|node| !state.accepts(node))
            }),
            Property::sometimes("the key is accepted", |model, state: &State| {
                (0..model.bounds.nodes).all(|node| state.accepts(node))
            }),
            Property::sometimes("it is answered", |_, state: &State| state.writer == Writer::Answered),
        ]
    }
}

impl Protocol {
    fn deliver(&self, node: &mut Node, time: u64, mut renewal: Renewal, head: i64) {
        match self.variant {
            Variant::RevivesWithoutApplying => renewal.head = node.lease.revision(),
            Variant::CountsFromTheAnswer => renewal.sent_at = node.clock(time),
            Variant::AsBuilt | Variant::AnswersBeforeAcknowledgements => {}
        }
        match node.lease.renewed(renewal) {
            Next::Nothing => {}
            Next::CatchUp { .. } => node.catches_up = true,
            // What it looks up from now on is what the database has now.
            Next::ReadAll => {
                node.lease.read_all(renewal);
                node.caches = head < REVOKED;
            }
        }
    }
}

const SAFE: &str = "nothing revoked is accepted after the answer";

fn check(bounds: Bounds) {
    let checker = Protocol { variant: Variant::AsBuilt, bounds }.checker().threads(2).spawn_bfs().join();
    println!("{} states", checker.unique_state_count());
    assert!(checker.is_done());
    checker.assert_properties();
}

#[test]
fn nothing_revoked_is_accepted_after_the_answer_by_one() {
    check(ONE);
    // Not only because time passes.
    let at_once = Bounds { ticks: 1, ..ONE };
    check(at_once);
}

#[test]
fn nothing_revoked_is_accepted_after_the_answer_by_two() {
    check(TWO);
}

/// A node renews, and both can go on after the failover.
const FAILING_OVER: Bounds = Bounds { ticks: 3, sends: 2, watched: false, ..ONE };

#[test]
fn nothing_revoked_is_accepted_after_a_failover_to_a_synchronous_standby() {
    check(Bounds { standby: Some(Standby::Synchronous), ..FAILING_OVER });
}

/// What was answered may be lost with the primary: the nodes notice, but can't refuse what nobody knows any more.
#[test]
fn it_finds_what_is_accepted_after_a_failover_that_loses_commits() {
    let bounds = Bounds { standby: Some(Standby::Asynchronous), ..FAILING_OVER };
    let checker = Protocol { variant: Variant::AsBuilt, bounds }.checker().threads(2).spawn_bfs().join();
    let path = checker.discovery(SAFE).expect("found");
    assert!(path.into_actions().contains(&Step::FailOver), "only the failover loses it");
}

#[test]
fn it_finds_what_broken_variants_accept() {
    for variant in
        [Variant::AnswersBeforeAcknowledgements, Variant::RevivesWithoutApplying, Variant::CountsFromTheAnswer]
    {
        let checker = Protocol { variant, bounds: ONE }.checker().threads(2).spawn_bfs().join();
        let found = checker.discovery(SAFE);
        assert!(found.is_some(), "{variant:?} was not found out");
    }
}
