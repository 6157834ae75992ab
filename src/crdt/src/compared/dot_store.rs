//! What survives of claims, by dot.
//!
//! What has been added under a dot stays until an update that has seen it cancels it. **Cancelled is
//! not seen**: an update may come before one that it cancels, and that is then remembered until it
//! comes, apart from what has been applied. So two replicas that have applied the same updates have
//! the same.
//!
//! Source: Almeida, Shoker, Baquero 2018, "Delta state replicated data types", §7, dot stores and
//! causal contexts.

use alloc::vec::Vec;

use super::{SortedMap, SortedSet};
use crate::codec::{DecodeError, Reader, Writer};
use crate::{Cancel, Claim, Dot, Update, VersionVector};

/// Of each claim what survives of it, with what is said under each dot.
#[derive(Clone, Debug)]
pub(super) struct DotStore<V> {
    claims: SortedMap<Claim, SortedMap<Dot, V>>,
    /// What is cancelled and has not been applied.
    cancelled: SortedSet<Dot>,
}

impl<V> Default for DotStore<V> {
    fn default() -> Self {
        Self { claims: SortedMap::default(), cancelled: SortedSet::default() }
    }
}

impl<V: Clone> DotStore<V> {
    /// What survives of a claim.
    pub(super) fn of(&self, claim: &Claim) -> impl Iterator<Item = (&Dot, &V)> {
        self.claims.get(claim).into_iter().flat_map(SortedMap::iter)
    }

    /// Every claim of which something survives.
    pub(super) fn claims(&self) -> Vec<Claim> {
        self.claims.keys().cloned().collect()
    }

    /// All that survives of a claim, to be cancelled.
    pub(super) fn cancels(&self, claim: &Claim) -> Vec<Cancel> {
        let cancel = |(dot, _): (&Dot, &V)| Cancel { dot: dot.clone(), is_whole: false };
        self.of(claim).map(cancel).collect()
    }

    /// Applies an update that adds `value` to the claim that it contributes to, if there is one.
    /// `seen` is what has been applied, this update included.
    pub(super) fn apply(&mut self, update: &Update, value: Option<V>, seen: &VersionVector) {
        for (claim, cancels) in update.claims() {
            for Cancel { dot, .. } in cancels {
                self.remove(&claim, dot);
                if !seen.contains(dot) {
                    self.cancelled.insert(dot.clone(), ());
                }
            }
        }
        let is_cancelled = self.cancelled.remove(&update.dot).is_some();
        if let (Some(claim), Some(value), false) = (update.contributes_to(), value, is_cancelled) {
            self.claims.or_default(&claim).insert(update.dot.clone(), value);
        }
    }

    fn remove(&mut self, claim: &Claim, dot: &Dot) {
        let Some(own) = self.claims.get_mut(claim) else { return };
        own.remove(dot);
        if own.is_empty() {
            self.claims.remove(claim);
        }
    }

    /// What is in one and not in the other lives on unless that has seen it, or has seen it
    /// cancelled. `seen` is what the two have applied, this one first.
    pub(super) fn merge(&mut self, other: &Self, [own_seen, their_seen]: [&VersionVector; 2]) {
        let is_gone = |dot: &Dot, store: &Self, seen: &VersionVector| {
            seen.contains(dot) || store.cancelled.contains(dot)
        };
        let mut added: Vec<(Claim, Dot, V)> = Vec::new();
        for (claim, theirs) in other.claims.iter() {
            let new = theirs.iter().filter(|(dot, _)| !is_gone(dot, self, own_seen));
            added.extend(new.map(|(dot, value)| (claim.clone(), dot.clone(), value.clone())));
        }
        self.claims.retain(|claim, own| {
            let theirs = other.claims.get(claim);
            own.retain(|dot, _| {
                theirs.is_some_and(|theirs| theirs.contains(dot))
                    || !is_gone(dot, other, their_seen)
            });
            !own.is_empty()
        });
        for (claim, dot, value) in added {
            self.claims.or_default(&claim).insert(dot, value);
        }
        other.cancelled.keys().for_each(|dot| self.cancelled.insert(dot.clone(), ()));
        self.cancelled.retain(|dot, ()| !own_seen.contains(dot) && !their_seen.contains(dot));
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>, write: impl Fn(&mut Writer<'_>, &V)) {
        writer.count(self.claims.len());
        for (claim, own) in self.claims.iter() {
            writer.claim(claim);
            writer.count(own.len());
            for (dot, value) in own.iter() {
                writer.dot(dot);
                write(writer, value);
            }
        }
        writer.count(self.cancelled.len());
        self.cancelled.keys().for_each(|dot| writer.dot(dot));
    }

    pub(super) fn read(
        reader: &mut Reader<'_>,
        seen: &VersionVector,
        read: impl Fn(&mut Reader<'_>) -> Result<V, DecodeError>,
    ) -> Result<Self, DecodeError> {
        // A claim takes three bytes, the count one, a dot two.
        let claims = reader.pairs(6, |reader| {
            let claim = reader.claim()?;
            let own = reader.pairs(2, |reader| Ok((reader.seen_dot(seen)?, read(reader)?)))?;
            if own.is_empty() {
                return Err(reader.contradiction("a claim without contributions"));
            }
            Ok((claim, own.into_iter().collect()))
        })?;
        let cancelled = reader.pairs(2, |reader| Ok((reader.dot()?, ())))?;
        let cancelled: SortedSet<Dot> = cancelled.into_iter().collect();
        if cancelled.keys().any(|dot| seen.contains(dot)) {
            return Err(reader.contradiction("seen, and cancelled before it is seen"));
        }
        Ok(Self { claims: claims.into_iter().collect(), cancelled })
    }

    pub(super) fn check_invariants(&self, seen: &VersionVector) {
        for (claim, own) in self.claims.iter() {
            assert!(!own.is_empty(), "{claim} is kept without contributions");
            for dot in own.keys() {
                assert!(seen.contains(dot), "{dot} contributes to {claim} and is not applied");
            }
        }
        for dot in self.cancelled.keys() {
            assert!(!seen.contains(dot), "{dot} is applied and remembered as cancelled");
        }
    }
}
