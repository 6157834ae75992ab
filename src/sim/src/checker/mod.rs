//! Whether a run obeyed the semantics.
//!
//! Deliberately naive, and independent of the replicas: it knows each operation that took a dot,
//! with what its replica had seen, and computes by the definition what follows.
//!
//! | file | |
//! |---|---|
//! | `mod.rs` | what holds whatever is replicated: dots, and what has been seen |
//! | `claim_map.rs` | the claim map |
//! | `compared.rs` | those that it is compared with |
//!
//! An ordered list cannot be checked: what it shows follows from the order in which messages came,
//! and from how often they did, and no definition says what it should be. The checker says so.

mod claim_map;
mod compared;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use scalesmall_crdt::{Claim, DataType, Dot, ReplicaId, VersionVector};

use crate::record::{OperationRecord, Record, StateRecord};
use claim_map::ClaimMapModel;
use compared::ComparedModel;

/// What is known of a run so far.
#[derive(Debug, Default)]
pub struct Checker {
    /// What is replicated, once a record has said so, and what follows from its definition.
    model: Option<(DataType, Box<dyn Model>)>,
    /// How many operations each replica has issued.
    issued: BTreeMap<ReplicaId, u64>,
}

/// The definition of a data type.
trait Model: std::fmt::Debug {
    /// Checks an operation of which the dot is the next one, and remembers it.
    fn check_operation(&mut self, record: &OperationRecord) -> Result<(), String>;

    /// The claims that are live, with their priorities, for who has seen this much.
    fn live(&self, seen: &VersionVector) -> BTreeMap<Claim, i128>;
}

impl Checker {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether a data type has a definition that its runs can be held against.
    ///
    /// # Errors
    ///
    /// Why it has none.
    pub fn can_check(data_type: DataType) -> Result<(), String> {
        match data_type.converges() {
            true => Ok(()),
            false => Err(format!(
                "what an {data_type} shows follows from the order in which messages came, not from \
                 what has been seen: it cannot be checked"
            )),
        }
    }

    /// Checks the next record, and remembers it. Naive: O(operations on its claims).
    ///
    /// # Errors
    ///
    /// How it breaks the semantics, or that there are none that it could break.
    pub fn check(&mut self, record: &Record) -> Result<(), String> {
        let data_type = record.data_type();
        Self::can_check(data_type)?;
        let (known, model) = self.model.get_or_insert_with(|| (data_type, model_of(data_type)));
        if *known != data_type {
            return Err(format!("a {data_type} is not the {known} that this is a record of"));
        }
        match record {
            Record::Operation(record) => {
                check_issue(&mut self.issued, record)?;
                model.check_operation(record)
            }
            Record::State(record) => {
                check_seen(&self.issued, &record.seen)?;
                check_state(record, &model.live(&record.seen))
            }
        }
    }
}

fn model_of(data_type: DataType) -> Box<dyn Model> {
    match data_type {
        DataType::AwMap => Box::new(ClaimMapModel::default()),
        compared => Box::new(ComparedModel::new(compared)),
    }
}

/// An operation is the next one of its replica, which has seen those before.
fn check_issue(
    issued: &mut BTreeMap<ReplicaId, u64>,
    OperationRecord { dot, seen, operation, data_type, .. }: &OperationRecord,
) -> Result<(), String> {
    check_seen(issued, seen)?;
    let own = issued.entry(dot.replica.clone()).or_default();
    if dot.counter != *own + 1 {
        return Err(format!("{dot} is issued, and {own} operations of it came before"));
    }
    if seen.counter(&dot.replica) != *own {
        return Err(format!("{dot} has not seen what its own replica did before"));
    }
    if !data_type.offers(operation) {
        return Err(format!("{dot} is a {}, and {data_type} has none", operation.name()));
    }
    *own += 1;
    Ok(())
}

/// Whatever has been seen has been issued.
fn check_seen(issued: &BTreeMap<ReplicaId, u64>, seen: &VersionVector) -> Result<(), String> {
    for (replica, counter) in seen.iter() {
        let issued = issued.get(replica).copied().unwrap_or_default();
        if counter > issued {
            return Err(format!("{replica}#{counter} is seen, and {issued} have been issued"));
        }
    }
    Ok(())
}

fn check_state(record: &StateRecord, expected: &BTreeMap<Claim, i128>) -> Result<(), String> {
    let StateRecord { on, claims: shown, .. } = record;
    let shown: BTreeMap<Claim, i128> =
        shown.iter().map(|(claim, &priority)| (claim.clone(), priority.into())).collect();
    let claims: BTreeSet<&Claim> = expected.keys().chain(shown.keys()).collect();
    for claim in claims {
        let (is, should) = (shown.get(claim), expected.get(claim));
        if is != should {
            let word = |priority: Option<&i128>| match priority {
                Some(priority) => format!("live with priority {priority}"),
                None => "not live".to_owned(),
            };
            return Err(format!(
                "{on} shows {claim} as {}; by what it has seen it is {}",
                word(is),
                word(should)
            ));
        }
    }
    Ok(())
}

/// An operation says that it cancels exactly what it does; of what is folded, the latest of each
/// replica stands for those before it.
fn check_cancels<'a>(
    record: &OperationRecord,
    expected: &BTreeSet<Dot>,
    claim_of: impl Fn(&Dot) -> Option<&'a Claim>,
) -> Result<(), String> {
    let dot = &record.dot;
    let list = |dots: &mut dyn Iterator<Item = &dyn Display>| {
        dots.map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let said = || record.cancels.iter().chain(&record.cancels_up_to);
    let wrong: Vec<&Dot> = said().filter(|cancelled| !expected.contains(cancelled)).collect();
    if !wrong.is_empty() {
        let wrong = list(&mut wrong.iter().map(|dot| dot as &dyn Display));
        return Err(format!("{dot} cancels {wrong}, which did not survive there"));
    }
    let is_said = |cancelled: &&Dot| {
        record.cancels.contains(cancelled)
            || record.cancels_up_to.iter().any(|latest| {
                latest.replica == cancelled.replica
                    && latest.counter >= cancelled.counter
                    && claim_of(latest) == claim_of(cancelled)
            })
    };
    let spared: Vec<&Dot> = expected.iter().filter(|dot| !is_said(dot)).collect();
    if !spared.is_empty() {
        let spared = list(&mut spared.iter().map(|dot| dot as &dyn Display));
        return Err(format!("{dot} does not cancel {spared}, which survived there"));
    }
    Ok(())
}
