//! What a run comes to, as other programs read it.

use std::collections::BTreeMap;

use scalesmall_crdt::{Claim, KeyRange, NodeId, Ownership, Segment};
use serde::{Deserialize, Serialize};

use crate::{Replica, Simulation};

/// The result of a run. Its JSON form is the documented output of `scalesmall run --json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Whether all live replicas show the same and nothing in flight could change that.
    pub converged: bool,
    /// The simulated time, in milliseconds.
    pub at_ms: u64,
    /// Each replica's state, by its name.
    pub replicas: BTreeMap<String, ReplicaOutcome>,
    /// What the run has cost.
    pub metrics: MetricsOutcome,
}

/// One replica's state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReplicaOutcome {
    /// `up`, `down` or `paused`.
    pub status: &'static str,
    /// 16 hex digits.
    pub fingerprint: String,
    /// The live claims, by (node, start, end).
    pub claims: Vec<ClaimOutcome>,
    /// The whole key space, in order.
    pub segments: Vec<SegmentOutcome>,
}

/// A live claim.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimOutcome {
    /// The server.
    pub node: String,
    /// The first key.
    pub start: u32,
    /// The last key.
    pub end: u32,
    /// Its priority.
    pub priority: u64,
}

/// A run of keys with the same owners.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SegmentOutcome {
    /// The first key.
    pub start: u32,
    /// The last key.
    pub end: u32,
    /// By priority descending, then by node.
    pub owners: Vec<OwnerOutcome>,
}

/// A node that serves a segment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OwnerOutcome {
    /// The server.
    pub node: String,
    /// Its priority there.
    pub priority: u64,
}

/// What a run has cost; the fields are those of [`Metrics`](crate::Metrics).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MetricsOutcome {
    /// Operations that took a dot.
    pub operations: u64,
    /// Messages sent.
    pub messages_sent: u64,
    /// Messages lost.
    pub messages_lost: u64,
    /// The size of all messages sent.
    pub bytes_sent: u64,
    /// The part of it that carries operations or states.
    pub payload_bytes: u64,
    /// The part of it that says what somebody has, or has got.
    pub digest_bytes: u64,
    /// The part of it that is about who is a member, and who is there.
    pub membership_bytes: u64,
    /// The least that could have been sent.
    pub payload_bytes_minimum: u64,
    /// Operations that came where they were known already.
    pub duplicates_received: u64,
    /// The most messages that were on their way at a time.
    pub queue_maximum: usize,
    /// How many operations the nodes' logs hold in the end, all together.
    pub history_kept: usize,
    /// Those of them that concern keys which their node serves or watches.
    pub history_kept_inside: usize,
    /// How long it took on average until all knew an operation who serve or watch its keys, in
    /// milliseconds; null where there is none.
    pub known_to_interested_after_ms: Option<u64>,
    /// The same for all replicas.
    pub known_to_all_after_ms: Option<u64>,
    /// How many gossip intervals it took to agree after the latest operation or heal; null where
    /// the replicas do not.
    pub rounds: Option<u64>,
    /// How long after the latest operation or heal all live replicas agreed, in milliseconds;
    /// null where they do not.
    pub converged_after_ms: Option<u64>,
}

impl Outcome {
    /// What `simulation` has come to by now.
    #[must_use]
    pub fn of(simulation: &Simulation) -> Self {
        let converged = simulation.has_converged();
        let metrics = simulation.metrics();
        let replica =
            |replica: &Replica| (replica.node().id().node.to_string(), ReplicaOutcome::of(replica));
        let after_us = simulation.converged_after_us().filter(|_| converged);
        let interval_us = u64::from(simulation.interval_us());
        let kept = simulation.replicas().iter().map(|replica| replica.node().kept());
        let (kept, inside) = kept.fold((0, 0), |(kept, inside), one| {
            (kept + one.operations, inside + one.operations_inside)
        });
        let ms = |us: u64| us / 1_000;
        Self {
            converged,
            at_ms: simulation.now().as_ms(),
            replicas: simulation.replicas().iter().map(replica).collect(),
            metrics: MetricsOutcome {
                operations: metrics.operations,
                messages_sent: metrics.messages_sent,
                messages_lost: metrics.messages_lost,
                bytes_sent: metrics.bytes_sent,
                payload_bytes: metrics.payload_bytes,
                digest_bytes: metrics.digest_bytes,
                membership_bytes: metrics.membership_bytes,
                payload_bytes_minimum: metrics.payload_bytes_minimum,
                duplicates_received: metrics.duplicates_received,
                queue_maximum: metrics.queue_maximum,
                history_kept: kept,
                history_kept_inside: inside,
                known_to_interested_after_ms: simulation.known_to_interested_after_us().map(ms),
                known_to_all_after_ms: simulation.known_to_all_after_us().map(ms),
                rounds: after_us.map(|after_us| after_us.div_ceil(interval_us)),
                converged_after_ms: after_us.map(ms),
            },
        }
    }
}

impl ReplicaOutcome {
    fn of(replica: &Replica) -> Self {
        let claims = replica.claims();
        Self {
            status: replica.status().name(),
            fingerprint: claims.fingerprint().to_string(),
            claims: claim_outcomes(claims.ownership()),
            segments: segment_outcomes(claims.ownership()),
        }
    }
}

impl ClaimOutcome {
    pub(crate) fn of((claim, &priority): (&Claim, &u64)) -> Self {
        let (start, end) = (claim.range.start(), claim.range.end());
        Self { node: claim.node.to_string(), start, end, priority }
    }

    pub(crate) fn into_claim(self) -> Result<(Claim, u64), String> {
        let node = NodeId::new(&self.node).map_err(|error| error.to_string())?;
        let range = KeyRange::new(self.start, self.end).map_err(|error| error.to_string())?;
        Ok((Claim::new(node, range), self.priority))
    }
}

fn claim_outcomes(ownership: &Ownership) -> Vec<ClaimOutcome> {
    let mut outcomes: Vec<ClaimOutcome> =
        ownership.claims().map(|(claim, priority)| ClaimOutcome::of((&claim, &priority))).collect();
    outcomes.sort();
    outcomes
}

fn segment_outcomes(ownership: &Ownership) -> Vec<SegmentOutcome> {
    let outcome = |segment: Segment| SegmentOutcome {
        start: segment.range.start(),
        end: segment.range.end(),
        owners: segment
            .owners
            .iter()
            .map(|owner| OwnerOutcome { node: owner.node.to_string(), priority: owner.priority })
            .collect(),
    };
    ownership.segments().map(outcome).collect()
}
