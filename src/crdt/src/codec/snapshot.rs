//! Whole states.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::num::NonZeroU64;

use super::reader::Reader;
use super::writer::Writer;
use super::{Body, DecodeError, Flaw, Kind};
use crate::claim_map::{Contributions, Survivor};
use crate::context::Place;
use crate::leb128::{unzigzag, zigzag};
use crate::limits::{COUNTER_MAX, SNAPSHOT_CLAIMS_MAX, WAITING_MAX};
use crate::sort::{sorted, sorted_once};
use crate::{Claim, ClaimMap, Contribution, Dot, Key, KeyRange, NodeId, VersionVector};

impl ClaimMap {
    /// The whole state as bytes: what survives, the context, what is cancelled and not seen, where
    /// something cancelled that not everybody is known to have seen, what waits.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new(Kind::Snapshot, None);
        writer.snapshot(self);
        writer.into_bytes()
    }

    /// The state that was written as `bytes`.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes, None);
        reader.header(&[Kind::Snapshot])?;
        let map = reader.snapshot()?;
        reader.finish()?;
        Ok(map)
    }
}

/// How many bits the position of a claim takes at least: so a contribution takes a byte, and its
/// count can be held against the bytes that are there.
const POSITION_BITS_MIN: u32 = 8;

const REGISTERS: u64 = 1;
const INCREASES: u64 = 2;
const DECREASES: u64 = 4;
const KINDS: u64 = 7;

impl Writer<'_> {
    fn snapshot(&mut self, map: &ClaimMap) {
        map.context.write(self);
        let claims = map.survivors();
        self.claims(&claims);
        self.contributions(&claims, &map.context);
        self.count(map.cancelled.len());
        for (dot, claims) in &map.cancelled {
            self.dot(dot);
            self.count(claims.len());
            for (claim, is_whole) in claims {
                self.claim(claim);
                self.byte((*is_whole).into());
            }
        }
        self.count(map.restless.len());
        for (claim, cancelling) in &map.restless {
            self.claim(claim);
            cancelling.write(self);
        }
        self.counted_delta(&map.waiting);
    }

    /// The claims by (start, end, node), in three columns.
    fn claims(&mut self, claims: &[(Claim, &Contributions)]) {
        let nodes = sorted_once(claims.iter().map(|(claim, _)| &claim.node).collect());
        self.count(claims.len());
        self.count(nodes.len());
        nodes.iter().for_each(|node| self.node(node));
        let mut from = 0;
        let gaps = claims.iter().map(|(claim, _)| {
            let start = u64::from(claim.range.start());
            start - core::mem::replace(&mut from, start)
        });
        self.column(gaps.collect(), 0);
        self.column(claims.iter().map(|(claim, _)| claim.range.keys() - 1).collect(), 0);
        let number = |node: &NodeId| nodes.partition_point(|&other| other < node) as u64;
        self.column(claims.iter().map(|(claim, _)| number(&claim.node)).collect(), 0);
    }

    /// The contributions of one replica after the other, by counter.
    fn contributions(&mut self, claims: &[(Claim, &Contributions)], context: &VersionVector) {
        let places = (0..context.places() as Place).filter(|&place| context.counter_at(place) > 0);
        let order = sorted(places.map(|place| (context.replica_at(place), place)).collect());
        let mut rank = alloc::vec![0; context.places()];
        order.iter().zip(0..).for_each(|(&(_, place), next)| rank[place as usize] = next);

        let mut survivors: Vec<(usize, u64, u64, Contribution)> = Vec::new();
        for ((_, own), position) in claims.iter().zip(0..) {
            survivors.extend(own.iter().map(|Survivor { place, counter, contribution }| {
                (rank[place as usize], counter, position, contribution)
            }));
        }
        let survivors = sorted(survivors);
        let mut counts = alloc::vec![0; order.len()];
        survivors.iter().for_each(|&(rank, ..)| counts[rank] += 1);
        self.count(survivors.len());
        self.column(counts, 0);

        let mut last = (0, 0);
        let mut gap = |rank, counter| {
            let (last_rank, last_counter) = core::mem::replace(&mut last, (rank, counter));
            if rank == last_rank { counter - last_counter } else { counter }
        };
        let gaps = survivors.iter().map(|&(rank, counter, ..)| gap(rank, counter));
        self.column(gaps.collect(), 0);
        let positions = survivors.iter().map(|&(_, _, position, _)| position);
        self.column(positions.collect(), POSITION_BITS_MIN);
        let columns: [fn(&Contribution) -> u64; 3] =
            [kinds, |it| zigzag(it.change), |it| it.stands_for.get() - 1];
        for of in columns {
            let numbers = survivors.iter().map(|(.., contribution)| of(contribution));
            self.column(numbers.collect(), 0);
        }
    }
}

fn kinds(contribution: &Contribution) -> u64 {
    let Contribution { registers, increases, decreases, .. } = *contribution;
    u64::from(registers) * REGISTERS
        + u64::from(increases) * INCREASES
        + u64::from(decreases) * DECREASES
}

impl Reader<'_> {
    fn snapshot(&mut self) -> Result<ClaimMap, DecodeError> {
        let context = VersionVector::read(self)?;
        let claims = self.claims()?;
        let contributions = self.contributions(claims.len(), &context)?;
        let cancelled = self.pairs(4, |reader| {
            let dot = reader.dot()?;
            if context.contains(&dot) {
                return Err(reader.contradiction("seen, and cancelled before it is seen"));
            }
            let mut claims: Vec<(Claim, bool)> = Vec::new();
            for _ in 0..reader.count(4)? {
                claims.push((reader.claim()?, reader.within(0, 1)? == 1));
            }
            if claims.is_empty() || !claims.is_sorted_by(|a, b| a.0 < b.0) {
                return Err(reader.flaw(Flaw::OutOfOrder));
            }
            Ok((dot, claims))
        })?;
        let restless = self.pairs(4, |reader| {
            let claim = reader.claim()?;
            let cancelling = VersionVector::read(reader)?;
            if cancelling.is_empty() || !context.includes(&cancelling) {
                return Err(reader.contradiction("it cancelled and is not seen"));
            }
            Ok((claim, cancelling))
        })?;
        let waiting = self.counted_delta()?;
        let is_early = |dot: &Dot| dot.counter > context.counter(&dot.replica) + 1;
        if waiting.len() > WAITING_MAX || !waiting.dots().all(is_early) {
            return Err(self.contradiction("something waits that need not"));
        }
        let claims = claims.into_iter().zip(contributions);
        Ok(ClaimMap::from_parts(context, claims, cancelled, restless, &waiting))
    }

    pub(crate) fn contradiction(&self, what: &'static str) -> DecodeError {
        self.flaw(Flaw::Contradiction(what))
    }

    /// Claims that ascend by (start, end, node).
    fn claims(&mut self) -> Result<Vec<Claim>, DecodeError> {
        // Each has a contribution, which takes a byte.
        let count = self.count(1)?;
        if count > SNAPSHOT_CLAIMS_MAX {
            return Err(self.flaw(Flaw::Count(count as u64)));
        }
        let mut last = None;
        let mut nodes: Vec<NodeId> = Vec::new();
        for _ in 0..self.count(1)? {
            let node = self.node()?;
            self.ascends(&mut last, node.clone())?;
            nodes.push(node);
        }
        let (gaps, lengths) = (self.column(count, 0)?, self.column(count, 0)?);
        let numbers = self.column(count, 0)?;
        let mut claims: Vec<Claim> = Vec::with_capacity(count);
        let mut start = 0_u64;
        for ((gap, length), number) in gaps.into_iter().zip(lengths).zip(numbers) {
            start = start.saturating_add(gap);
            let end = start.saturating_add(length);
            let (Ok(from), Ok(to)) = (Key::try_from(start), Key::try_from(end)) else {
                return Err(self.flaw(Flaw::OutOfBounds(end)));
            };
            let range = KeyRange::new(from, to).map_err(|error| self.flaw(error.into()))?;
            let node = usize::try_from(number).ok().and_then(|number| nodes.get(number));
            let node = node.ok_or_else(|| self.flaw(Flaw::OutOfBounds(number)))?;
            let claim = Claim::new(node.clone(), range);
            if claims.last().is_some_and(|last| *last >= claim) {
                return Err(self.flaw(Flaw::OutOfOrder));
            }
            claims.push(claim);
        }
        Ok(claims)
    }

    /// What survives of each of so many claims.
    fn contributions(
        &mut self,
        claims: usize,
        context: &VersionVector,
    ) -> Result<Vec<Contributions>, DecodeError> {
        let count = self.count(1)?;
        let counts = self.column(context.places(), 0)?;
        let gaps = self.column(count, 0)?;
        let positions = self.column(count, POSITION_BITS_MIN)?;
        let kinds = self.column(count, 0)?;
        let changes = self.column(count, 0)?;
        let others = self.column(count, 0)?;
        let sum = counts.iter().fold(0, |sum: u64, &count| sum.saturating_add(count));
        if sum != count as u64 {
            return Err(self.contradiction("the counts of contributions do not add up"));
        }
        let mut contributions = alloc::vec![Contributions::default(); claims];
        let mut next = 0;
        // The context has just been read in its order, so its places are in that order too.
        for (place, count) in (0..).zip(counts) {
            let mut counter = 0_u64;
            let first = next;
            next += count as usize;
            for at in first..next {
                counter = counter.saturating_add(gaps[at]);
                if gaps[at] == 0 || counter > context.counter_at(place) {
                    return Err(self.contradiction("it contributes and is not seen, or twice"));
                }
                let contribution = self.contribution(kinds[at], changes[at], others[at])?;
                let own = usize::try_from(positions[at]).ok();
                let own = own.and_then(|position| contributions.get_mut(position));
                let own = own.ok_or_else(|| self.flaw(Flaw::OutOfBounds(positions[at])))?;
                own.push(&Survivor { place, counter, contribution });
            }
        }
        if contributions.iter().any(Contributions::is_empty) {
            return Err(self.contradiction("a claim without contributions"));
        }
        contributions.iter_mut().for_each(Contributions::trim);
        Ok(contributions)
    }

    fn contribution(
        &self,
        kinds: u64,
        change: u64,
        others: u64,
    ) -> Result<Contribution, DecodeError> {
        if kinds > KINDS {
            return Err(self.flaw(Flaw::OutOfBounds(kinds)));
        }
        if others >= COUNTER_MAX {
            return Err(self.flaw(Flaw::OutOfBounds(others)));
        }
        let contribution = Contribution {
            change: unzigzag(change),
            registers: kinds & REGISTERS != 0,
            increases: kinds & INCREASES != 0,
            decreases: kinds & DECREASES != 0,
            stands_for: NonZeroU64::MIN.saturating_add(others),
        };
        match contribution.contradiction() {
            None => Ok(contribution),
            Some(contradiction) => Err(self.contradiction(contradiction)),
        }
    }

    /// Pairs whose first parts ascend, each of at least so many bytes.
    pub(crate) fn pairs<K: Ord + Clone, V>(
        &mut self,
        bytes: usize,
        mut read: impl FnMut(&mut Self) -> Result<(K, V), DecodeError>,
    ) -> Result<BTreeMap<K, V>, DecodeError> {
        let mut pairs = BTreeMap::new();
        let mut last = None;
        for _ in 0..self.count(bytes)? {
            let (key, value) = read(self)?;
            self.ascends(&mut last, key.clone())?;
            pairs.insert(key, value);
        }
        Ok(pairs)
    }
}
