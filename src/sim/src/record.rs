//! What is put on record of a run, one JSON object a line.
//!
//! ```json
//! { "t_us": 5000, "on": "n1", "dot": ["n1", 0, 2], "do": "increase", "claim": ["n1", 0, 99],
//!   "by": 3, "seen": { "n1:0": [[1, 1]] }, "cancels": [] }
//! { "t_us": 9000, "on": "n2", "state": { "seen": {}, "claims": [] } }
//! ```
//!
//! The first kind is an operation that took a dot: what its replica had seen before, as closed
//! intervals, and which contributions it cancels; where these were folded, `cancels_up_to` names
//! the latest of each replica's. The second kind is what a replica shows.
//!
//! Of another data type than the claim map, each line says its `type`, and an operation that is
//! stamped what the clock showed: `clock_us`. A split has the key before which it is, `at`, in the
//! place of the claim.

use std::collections::BTreeMap;
use std::sync::Arc;

use scalesmall_crdt::{
    Claim, DataType, Dot, KeyRange, NodeId, Operation, Payload, ReplicaId, Update, VersionVector,
};
use scalesmall_node::SimTime;
use serde::{Deserialize, Serialize};

use crate::outcome::ClaimOutcome;

/// A line of the record.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// An operation took a dot.
    Operation(OperationRecord),
    /// A replica shows this.
    State(StateRecord),
}

/// An operation that took a dot.
#[derive(Clone, Debug, PartialEq)]
pub struct OperationRecord {
    /// When.
    pub at: SimTime,
    /// What it is an operation on.
    pub data_type: DataType,
    /// Its name.
    pub dot: Dot,
    /// What was asked for.
    pub operation: Operation,
    /// What its replica had seen.
    pub seen: VersionVector,
    /// The contributions that it cancels.
    pub cancels: Vec<Dot>,
    /// The contributions that it cancels with all that the same replica has contributed to the
    /// claim before.
    pub cancels_up_to: Vec<Dot>,
    /// What the clock of its issuer's machine showed, in microseconds, where that matters.
    pub clock_us: Option<u64>,
}

/// What a replica shows.
#[derive(Clone, Debug, PartialEq)]
pub struct StateRecord {
    /// When.
    pub at: SimTime,
    /// What it is a replica of.
    pub data_type: DataType,
    /// The node that shows it.
    pub on: NodeId,
    /// What it has seen.
    pub seen: VersionVector,
    /// The live claims with their priorities.
    pub claims: BTreeMap<Claim, u64>,
}

impl OperationRecord {
    pub(crate) fn of(
        at: SimTime,
        data_type: DataType,
        update: &Arc<Update>,
        seen: VersionVector,
    ) -> Self {
        let cancels = update.claims().flat_map(|(_, cancels)| cancels.to_vec());
        let (whole, single): (Vec<_>, Vec<_>) = cancels.partition(|cancel| cancel.is_whole);
        let dots = |cancels: Vec<scalesmall_crdt::Cancel>| {
            cancels.into_iter().map(|cancel| cancel.dot).collect()
        };
        let clock_us = match update.payload.as_deref() {
            Some(&Payload::Clock(clock_us)) => Some(clock_us),
            _ => None,
        };
        Self {
            at,
            data_type,
            clock_us,
            dot: update.dot.clone(),
            operation: update.operation.clone(),
            seen,
            cancels: dots(single),
            cancels_up_to: dots(whole),
        }
    }
}

// --- As JSON ---

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    t_us: u64,
    on: NodeId,
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    data_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dot: Option<DotLine>,
    #[serde(default, rename = "do", skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claim: Option<(NodeId, u32, u32)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<std::num::NonZeroU32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<(u32, u32)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    clock_us: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seen: Option<Intervals>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cancels: Option<Vec<DotLine>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cancels_up_to: Vec<DotLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<StateLine>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StateLine {
    seen: Intervals,
    claims: Vec<ClaimOutcome>,
}

/// Node, incarnation, counter.
type DotLine = (NodeId, u32, u64);

/// By replica, as `node:incarnation`.
type Intervals = BTreeMap<String, Vec<(u64, u64)>>;

fn dot_line(dot: &Dot) -> DotLine {
    (dot.replica.node.clone(), dot.replica.incarnation, dot.counter)
}

fn dot((node, incarnation, counter): DotLine) -> Dot {
    Dot { replica: ReplicaId { node, incarnation }, counter }
}

fn intervals(seen: &VersionVector) -> Intervals {
    seen.iter().map(|(replica, counter)| (replica.to_string(), vec![(1, counter)])).collect()
}

fn seen(intervals: Intervals) -> Result<VersionVector, String> {
    let mut seen = VersionVector::new();
    for (name, intervals) in intervals {
        let wrong = || format!("seen: {name:?} is not node:incarnation");
        let (node, incarnation) = name.rsplit_once(':').ok_or_else(wrong)?;
        let node = NodeId::new(node).map_err(|_| wrong())?;
        let incarnation = incarnation.parse().map_err(|_| wrong())?;
        match intervals[..] {
            [(1, counter)] if counter > 0 => seen.raise(&ReplicaId { node, incarnation }, counter),
            _ => return Err(format!("seen: {name} is not one interval from 1: {intervals:?}")),
        }
    }
    Ok(seen)
}

impl Record {
    /// What it is a record of.
    #[must_use]
    pub fn data_type(&self) -> DataType {
        match self {
            Self::Operation(record) => record.data_type,
            Self::State(record) => record.data_type,
        }
    }

    /// The record as a line, without its end.
    ///
    /// # Panics
    ///
    /// Never: it is plain data.
    #[must_use]
    pub fn to_json(&self) -> String {
        let empty = |at: SimTime, data_type: DataType, on: &NodeId| Line {
            t_us: at.as_us(),
            on: on.clone(),
            data_type: (data_type != DataType::default()).then(|| data_type.name().to_owned()),
            dot: None,
            operation: None,
            claim: None,
            by: None,
            to: None,
            at: None,
            clock_us: None,
            seen: None,
            cancels: None,
            cancels_up_to: Vec::new(),
            state: None,
        };
        let line = match self {
            Self::Operation(record) => {
                let claim = record.operation.claim();
                let (start, end) = (claim.range.start(), claim.range.end());
                let (by, to) = match &record.operation {
                    Operation::Increase { by, .. } | Operation::Decrease { by, .. } => {
                        (Some(*by), None)
                    }
                    Operation::Tighten { to, .. } => (None, Some((to.start(), to.end()))),
                    _ => (None, None),
                };
                let is_split = matches!(record.operation, Operation::Split { .. });
                Line {
                    dot: Some(dot_line(&record.dot)),
                    operation: Some(record.operation.name().to_ascii_lowercase()),
                    claim: (!is_split).then(|| (claim.node.clone(), start, end)),
                    by,
                    to,
                    at: is_split.then_some(start),
                    clock_us: record.clock_us,
                    seen: Some(intervals(&record.seen)),
                    cancels: Some(record.cancels.iter().map(dot_line).collect()),
                    cancels_up_to: record.cancels_up_to.iter().map(dot_line).collect(),
                    ..empty(record.at, record.data_type, &record.dot.replica.node)
                }
            }
            Self::State(StateRecord { at, data_type, on, seen, claims }) => {
                let claims = claims.iter().map(ClaimOutcome::of).collect();
                let state = StateLine { seen: intervals(seen), claims };
                Line { state: Some(state), ..empty(*at, *data_type, on) }
            }
        };
        serde_json::to_string(&line).expect("a record is plain data")
    }

    /// The record that a line holds.
    ///
    /// # Errors
    ///
    /// What is wrong with the line.
    pub fn from_json(line: &str) -> Result<Self, String> {
        let line: Line = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let at = SimTime::from_us(line.t_us);
        let data_type = match &line.data_type {
            Some(name) => {
                DataType::named(name).ok_or_else(|| format!("type: {name:?} is not known"))?
            }
            None => DataType::default(),
        };
        if let Some(StateLine { seen: intervals, claims }) = line.state {
            let claims = claims.into_iter().map(ClaimOutcome::into_claim);
            let claims = claims.collect::<Result<_, _>>()?;
            let (on, seen) = (line.on, seen(intervals)?);
            return Ok(Self::State(StateRecord { at, data_type, on, seen, claims }));
        }
        let missing = |field: &str| format!("{field}: is missing");
        let operation = line.operation()?;
        let dots = |lines: Vec<DotLine>| lines.into_iter().map(dot).collect();
        let name = dot(line.dot.ok_or_else(|| missing("dot"))?);
        if name.replica.node != line.on {
            return Err(format!("dot: {name} is not of {}", line.on));
        }
        Ok(Self::Operation(OperationRecord {
            at,
            data_type,
            dot: name,
            operation,
            clock_us: line.clock_us,
            seen: seen(line.seen.ok_or_else(|| missing("seen"))?)?,
            cancels: dots(line.cancels.ok_or_else(|| missing("cancels"))?),
            cancels_up_to: dots(line.cancels_up_to),
        }))
    }
}

impl Line {
    fn operation(&self) -> Result<Operation, String> {
        let missing = |field: &str| format!("{field}: is missing");
        let name = self.operation.as_deref();
        if name == Some("split") {
            let at = self.at.ok_or_else(|| missing("at"))?;
            return Ok(Operation::split(self.on.clone(), at));
        }
        let (node, start, end) = self.claim.clone().ok_or_else(|| missing("claim"))?;
        let range = |start, end| KeyRange::new(start, end).map_err(|error| error.to_string());
        let claim = Claim::new(node, range(start, end)?);
        let by = || self.by.ok_or_else(|| missing("by"));
        Ok(match name.ok_or_else(|| missing("do"))? {
            "register" => Operation::Register { claim },
            "release" => Operation::Release { claim },
            "increase" => Operation::Increase { claim, by: by()? },
            "decrease" => Operation::Decrease { claim, by: by()? },
            "tighten" => {
                let (start, end) = self.to.ok_or_else(|| missing("to"))?;
                Operation::Tighten { claim, to: range(start, end)? }
            }
            "promote" => Operation::Promote { claim },
            "demote" => Operation::Demote { claim },
            other => return Err(format!("do: {other:?} is no operation")),
        })
    }
}
