//! How things look to serde, where that is not simply their fields; and what is checked when they
//! are read, as it is when they are built.
//!
//! A name is a string, a fingerprint 16 hex digits, a version vector the newest dot of each replica,
//! a delta its updates. Whole states travel as [bytes](crate::ClaimMap::to_bytes).

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    Cancel, Delta, Dot, Fingerprint, InvertedRange, Key, KeyRange, NodeId, Operation, Payload,
    ReplicaId, Roster, Tightening, Update, VersionVector,
};

impl Serialize for NodeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for NodeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<str>::deserialize(deserializer)?;
        Self::new(&name).map_err(D::Error::custom)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A number of 64 bits is more than a number of JavaScript holds.
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = Cow::<str>::deserialize(deserializer)?;
        let is_hex = digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = is_hex.then(|| u64::from_str_radix(&digits, 16).ok()).flatten();
        let error = || D::Error::custom(format!("{digits:?} is not 16 hex digits"));
        number.map(Self::from_u64).ok_or_else(error)
    }
}

/// The fields of a [`KeyRange`], in any order of size.
#[derive(Deserialize)]
pub(crate) struct Ends {
    start: Key,
    end: Key,
}

impl TryFrom<Ends> for KeyRange {
    type Error = InvertedRange;

    fn try_from(Ends { start, end }: Ends) -> Result<Self, InvertedRange> {
        Self::new(start, end)
    }
}

impl Serialize for VersionVector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let newest =
            |(replica, counter): (&ReplicaId, _)| Dot { replica: replica.clone(), counter };
        serializer.collect_seq(self.iter().map(newest))
    }
}

impl<'de> Deserialize<'de> for VersionVector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let dots = Vec::<Dot>::deserialize(deserializer)?;
        Ok(dots.iter().map(|dot| (&dot.replica, dot.counter)).collect())
    }
}

/// The fields of an [`Update`], which may contradict each other.
#[derive(Deserialize)]
pub(crate) struct Unchecked {
    dot: Dot,
    operation: Operation,
    cancels: Vec<Cancel>,
    tightening: Option<Tightening>,
    payload: Option<Box<Payload>>,
}

impl TryFrom<Unchecked> for Update {
    type Error = &'static str;

    fn try_from(unchecked: Unchecked) -> Result<Self, &'static str> {
        let Unchecked { dot, operation, cancels, tightening, payload } = unchecked;
        let update = Self { dot, operation, cancels, tightening, payload };
        update.contradiction().map_or(Ok(update), Err)
    }
}

impl Serialize for Delta {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.updates())
    }
}

impl<'de> Deserialize<'de> for Delta {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let updates = Vec::<Update>::deserialize(deserializer)?;
        Ok(updates.into_iter().map(Into::into).collect())
    }
}

/// The two sets of a [`Roster`].
#[derive(Serialize, Deserialize)]
struct Sets<'a> {
    joined: Vec<Cow<'a, ReplicaId>>,
    retired: Vec<Cow<'a, ReplicaId>>,
}

impl Serialize for Roster {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let joined = self.joined().map(Cow::Borrowed).collect();
        let retired = self.retired().map(Cow::Borrowed).collect();
        Sets { joined, retired }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Roster {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Sets { joined, retired } = Sets::deserialize(deserializer)?;
        let mut roster = Self::new();
        joined.into_iter().for_each(|replica| roster.join(replica.into_owned()));
        retired.into_iter().for_each(|replica| roster.retire(replica.into_owned()));
        Ok(roster)
    }
}
