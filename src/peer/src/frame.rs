//! What peers say to each other over a link, as bytes.
//!
//! The first byte says which kind of frame it is. Numbers are written seven bits a byte, the low
//! ones first, but for those of the handshake, which are as long as they are; a text is its length
//! in bytes and itself. Nothing follows the end of a frame.
//!
//! | byte | frame | after it |
//! |---|---|---|
//! | 1 | [`Hello`](Frame::Hello) | the least and the greatest version in two bytes each, the peer and a number in 16 each |
//! | 2 | [`Proof`](Frame::Proof) | 32 bytes |
//! | 3 | [`Routes`](Frame::Routes) | count; each: node, incarnation, distance, epoch |
//! | 4 | [`Parcels`](Frame::Parcels) | epoch; then to the end: steps left, sender's node and incarnation, receiver's node, length, message |
//! | 5 | [`Part`](Frame::Part) | whether it is the last one, and a part of another frame |
//! | 6, 7 | [`Ping`](Frame::Ping), [`Pong`](Frame::Pong) | a number |
//! | 8 | [`Reports`](Frame::Reports) | count; each: slot, flags, node and incarnation if the slot is given out anew, number, fingerprint in 8 bytes, length, what it has seen |
//! | 9 | [`Bye`](Frame::Bye) | nothing |
//! | 10 | [`Spare`](Frame::Spare) | whether it is so, or no longer; count; each: node |
//!
//! Of the flags of a report, 1 is that the sender hosts the node, 2 that it is [hidden](Condition), and
//! 4 that the slot is given out anew.

use std::num::NonZeroU32;

use scalesmall_crdt::codec::DecodeError;
use scalesmall_crdt::{InvalidNodeId, NodeId, ReplicaId, VersionVector};
use scalesmall_node::MESSAGE_BYTES_MAX;

use crate::PeerId;
use crate::hearsay::{Condition, Shown, Told};
use crate::limits::{FRAME_BYTES_MAX, KNOWN_NODES_MAX, SLOTS_MAX};

/// What a peer says to another one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Frame {
    /// "This is who I am."
    Hello(Hello),
    /// "I know the room's secret."
    Proof([u8; 32]),
    /// "These nodes are reached through me", all of them.
    Routes(Vec<Route>),
    /// Messages between nodes of an epoch.
    Parcels(Epoch, Vec<Parcel>),
    /// A part of a frame that is too large; parts come one after the other.
    Part {
        /// Whether it is the last one.
        is_last: bool,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// "Are you there?"
    Ping(u64),
    /// "I am."
    Pong(u64),
    /// "This is what these nodes have last been heard to show."
    Reports(Vec<Told>),
    /// "Others tell me of these nodes", or no longer do.
    Spare(bool, Vec<NodeId>),
    /// "I go."
    Bye,
}

/// Which versions of the protocol somebody speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// The least.
    pub least: u16,
    /// The greatest.
    pub most: u16,
}

impl Versions {
    /// The greatest version that both speak.
    pub(crate) fn common(self, other: Self) -> Option<u16> {
        let most = self.most.min(other.most);
        (most >= self.least.max(other.least)).then_some(most)
    }
}

/// How a peer introduces itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) versions: Versions,
    pub(crate) peer: PeerId,
    /// Never used before.
    pub(crate) nonce: u128,
}

/// A node that is reached through the sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) replica: ReplicaId,
    /// Over how many links from the sender, which itself hosts those at 0.
    pub(crate) distance: u8,
    /// Where it is a member, if anywhere.
    pub(crate) epoch: Option<Epoch>,
}

/// One beginning of a room: by whoever found nobody there. The members who go back to it, and they
/// alone, may exchange updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Epoch(pub(crate) NonZeroU32);

/// A message from one node to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parcel {
    /// Over how many links it may still go.
    pub(crate) steps_left: u8,
    pub(crate) from: ReplicaId,
    pub(crate) to: NodeId,
    pub(crate) message: Vec<u8>,
}

/// Bytes that are no frame.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BadFrame {
    /// Empty, or longer than any frame.
    #[error("{0} bytes, and a frame has 1 to {FRAME_BYTES_MAX}")]
    Size(usize),
    /// No frame begins like that.
    #[error("a frame of the unknown kind {0}")]
    Kind(u8),
    /// It ends in the middle.
    #[error("it ends at byte {0}, in the middle of something")]
    Cut(usize),
    /// Something follows its end.
    #[error("it goes on after its end at byte {0}")]
    GoesOn(usize),
    /// A number that cannot stand there.
    #[error("{number} at byte {at}, where that cannot be")]
    Number {
        /// The number.
        number: u64,
        /// Where it ends.
        at: usize,
    },
    /// A name that is none.
    #[error("a name at byte {at}: {why}")]
    Name {
        /// Where it ends.
        at: usize,
        /// What is wrong.
        why: String,
    },
    /// What a node is said to have seen.
    #[error("what a node has seen, at byte {at}: {why}")]
    Seen {
        /// Where it ends.
        at: usize,
        /// What is wrong.
        why: DecodeError,
    },
    /// A report that goes beyond one that has not come.
    #[error("a report under {0}, which nobody has been given")]
    Slot(usize),
}

const HELLO: u8 = 1;
const PROOF: u8 = 2;
const ROUTES: u8 = 3;
const PARCELS: u8 = 4;
const PART: u8 = 5;
const PING: u8 = 6;
const PONG: u8 = 7;
const REPORTS: u8 = 8;
const BYE: u8 = 9;
const SPARE: u8 = 10;

/// What may be said of a report.
const IS_HOSTED: u64 = 1;
const IS_HIDDEN: u64 = 2;
const IS_ANEW: u64 = 4;

impl Frame {
    /// How a frame of parcels begins.
    pub(crate) const PARCELS: u8 = PARCELS;

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self {
            Self::Hello(Hello { versions, peer, nonce }) => {
                bytes.push(HELLO);
                bytes.extend(versions.least.to_be_bytes());
                bytes.extend(versions.most.to_be_bytes());
                bytes.extend(peer.bits().to_be_bytes());
                bytes.extend(nonce.to_be_bytes());
            }
            Self::Proof(tag) => {
                bytes.push(PROOF);
                bytes.extend(tag);
            }
            Self::Routes(routes) => {
                bytes.push(ROUTES);
                number(&mut bytes, routes.len() as u64);
                for Route { replica, distance, epoch } in routes {
                    write_replica(&mut bytes, replica);
                    bytes.push(*distance);
                    number(&mut bytes, epoch.map_or(0, |epoch| epoch.0.get().into()));
                }
            }
            Self::Parcels(epoch, parcels) => {
                bytes.push(PARCELS);
                number(&mut bytes, epoch.0.get().into());
                parcels.iter().for_each(|parcel| parcel.write(&mut bytes));
            }
            Self::Part { is_last, bytes: part } => {
                bytes.extend([PART, u8::from(*is_last)]);
                bytes.extend(part);
            }
            Self::Ping(of) => {
                bytes.push(PING);
                number(&mut bytes, *of);
            }
            Self::Pong(of) => {
                bytes.push(PONG);
                number(&mut bytes, *of);
            }
            Self::Reports(reports) => {
                bytes.push(REPORTS);
                number(&mut bytes, reports.len() as u64);
                reports.iter().for_each(|report| report.write(&mut bytes));
            }
            Self::Spare(is_spared, nodes) => {
                bytes.extend([SPARE, u8::from(*is_spared)]);
                number(&mut bytes, nodes.len() as u64);
                nodes.iter().for_each(|node| write_text(&mut bytes, node.as_str()));
            }
            Self::Bye => bytes.push(BYE),
        }
        bytes
    }

    /// The frame that came as it is.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, BadFrame> {
        if bytes.is_empty() || bytes.len() > FRAME_BYTES_MAX {
            return Err(BadFrame::Size(bytes.len()));
        }
        Self::from_whole(bytes)
    }

    /// The frame that came as it is, or in parts.
    pub(crate) fn from_whole(bytes: &[u8]) -> Result<Self, BadFrame> {
        let mut reader = Reader { bytes, at: 0 };
        let frame = match reader.byte()? {
            HELLO => Self::Hello(Hello {
                versions: Versions {
                    least: u16::from_be_bytes(reader.array()?),
                    most: u16::from_be_bytes(reader.array()?),
                },
                peer: PeerId::new(u128::from_be_bytes(reader.array()?)),
                nonce: u128::from_be_bytes(reader.array()?),
            }),
            PROOF => Self::Proof(reader.array()?),
            ROUTES => Self::Routes(reader.list(KNOWN_NODES_MAX, Route::read)?),
            PARCELS => {
                let epoch = reader.epoch()?;
                let epoch = epoch.ok_or(BadFrame::Number { number: 0, at: reader.at })?;
                Self::Parcels(epoch, reader.rest(Parcel::read)?)
            }
            PART => {
                let is_last = reader.below(2)? == 1;
                Self::Part { is_last, bytes: reader.take(bytes.len() - 2)?.to_vec() }
            }
            PING => Self::Ping(reader.number()?),
            PONG => Self::Pong(reader.number()?),
            REPORTS => Self::Reports(reader.list(SLOTS_MAX, Told::read)?),
            SPARE => Self::Spare(reader.below(2)? == 1, reader.list(SLOTS_MAX, Reader::name)?),
            BYE => Self::Bye,
            kind => return Err(BadFrame::Kind(kind)),
        };
        reader.end()?;
        Ok(frame)
    }
}

impl Route {
    fn read(reader: &mut Reader<'_>) -> Result<Self, BadFrame> {
        let (replica, distance) = (reader.replica()?, reader.byte()?);
        Ok(Self { replica, distance, epoch: reader.epoch()? })
    }
}

impl Parcel {
    /// How many bytes it takes, or some fewer.
    pub(crate) fn len(&self) -> usize {
        // Lengths and numbers are estimated from above.
        self.message.len() + self.from.node.as_str().len() + self.to.as_str().len() + 16
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.steps_left);
        write_replica(bytes, &self.from);
        write_text(bytes, self.to.as_str());
        number(bytes, self.message.len() as u64);
        bytes.extend(&self.message);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, BadFrame> {
        let steps_left = reader.byte()?;
        let (from, to) = (reader.replica()?, reader.name()?);
        let length = reader.below(MESSAGE_BYTES_MAX as u64 + 1)? as usize;
        Ok(Self { steps_left, from, to, message: reader.take(length)?.to_vec() })
    }
}

impl Told {
    fn write(&self, bytes: &mut Vec<u8>) {
        let Self { slot, is_hosted, replica, state } = self;
        number(bytes, *slot as u64);
        let flag = |is_so: bool, flag: u64| if is_so { flag } else { 0 };
        let hidden = flag(state.condition == Condition::Hidden, IS_HIDDEN);
        number(bytes, flag(*is_hosted, IS_HOSTED) + hidden + flag(replica.is_some(), IS_ANEW));
        replica.iter().for_each(|replica| write_replica(bytes, replica));
        number(bytes, state.number);
        bytes.extend(state.fingerprint.to_be_bytes());
        let seen = state.seen.to_bytes();
        number(bytes, seen.len() as u64);
        bytes.extend(seen);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, BadFrame> {
        let slot = reader.below(SLOTS_MAX as u64)? as usize;
        let flags = reader.below(IS_HOSTED + IS_HIDDEN + IS_ANEW + 1)?;
        let replica = if flags & IS_ANEW > 0 { Some(reader.replica()?) } else { None };
        let number = reader.number()?;
        let condition = if flags & IS_HIDDEN > 0 { Condition::Hidden } else { Condition::Awake };
        let fingerprint = u64::from_be_bytes(reader.array()?);
        let length = reader.below(FRAME_BYTES_MAX as u64)? as usize;
        let seen = VersionVector::from_bytes(reader.take(length)?);
        let seen = seen.map_err(|why| BadFrame::Seen { at: reader.at, why })?;
        let state = Shown { number, condition, fingerprint, seen };
        Ok(Self { slot, is_hosted: flags & IS_HOSTED > 0, replica, state })
    }
}

fn write_replica(bytes: &mut Vec<u8>, replica: &ReplicaId) {
    write_text(bytes, replica.node.as_str());
    number(bytes, replica.incarnation.into());
}

fn write_text(bytes: &mut Vec<u8>, text: &str) {
    number(bytes, text.len() as u64);
    bytes.extend(text.as_bytes());
}

fn number(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// What is left of the bytes of a frame.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], BadFrame> {
        let taken = self.bytes.get(self.at..self.at.saturating_add(count));
        let taken = taken.ok_or(BadFrame::Cut(self.bytes.len()))?;
        self.at += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], BadFrame> {
        Ok(self.take(N)?.try_into().expect("as many as were asked for"))
    }

    fn byte(&mut self) -> Result<u8, BadFrame> {
        Ok(self.array::<1>()?[0])
    }

    fn number(&mut self) -> Result<u64, BadFrame> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(BadFrame::Number { number, at: self.at })
    }

    /// A number less than `bound`.
    fn below(&mut self, bound: u64) -> Result<u64, BadFrame> {
        let number = self.number()?;
        if number < bound { Ok(number) } else { Err(BadFrame::Number { number, at: self.at }) }
    }

    fn name(&mut self) -> Result<NodeId, BadFrame> {
        let length = self.number()?;
        let bytes = self.take(usize::try_from(length).unwrap_or(usize::MAX))?;
        let bad = |why: String| BadFrame::Name { at: self.at, why };
        let text = str::from_utf8(bytes).map_err(|error| bad(error.to_string()))?;
        NodeId::new(text).map_err(|error: InvalidNodeId| bad(error.to_string()))
    }

    fn replica(&mut self) -> Result<ReplicaId, BadFrame> {
        let node = self.name()?;
        let incarnation = self.below(1 << 32)? as u32;
        Ok(ReplicaId { node, incarnation })
    }

    fn epoch(&mut self) -> Result<Option<Epoch>, BadFrame> {
        Ok(NonZeroU32::new(self.below(1 << 32)? as u32).map(Epoch))
    }

    fn list<T>(
        &mut self,
        most: usize,
        read: impl Fn(&mut Self) -> Result<T, BadFrame>,
    ) -> Result<Vec<T>, BadFrame> {
        // A count is not believed: what it promises has to be there.
        let count = self.below(most as u64 + 1)?;
        (0..count).map(|_| read(self)).collect()
    }

    fn rest<T>(
        &mut self,
        read: impl Fn(&mut Self) -> Result<T, BadFrame>,
    ) -> Result<Vec<T>, BadFrame> {
        let mut all = Vec::new();
        while self.at < self.bytes.len() {
            all.push(read(self)?);
        }
        Ok(all)
    }

    fn end(&self) -> Result<(), BadFrame> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(BadFrame::GoesOn(self.at)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scalesmall_crdt::{Claim, ClaimMap, KeyRange, Operation};

    const EPOCH: Epoch = Epoch(NonZeroU32::MAX);

    fn frames() -> Vec<Frame> {
        let node = |name| NodeId::new(name).unwrap();
        let replica = ReplicaId { node: node("ünï-1"), incarnation: 300 };
        let mut claims = ClaimMap::new();
        let claim = Claim::new(node("a"), KeyRange::ALL);
        claims.issue(&replica, Operation::Register { claim }).unwrap();
        let parcel = |length| Parcel {
            steps_left: 7,
            from: replica.clone(),
            to: node("b"),
            message: vec![9; length],
        };
        let told = |condition, is_anew: bool| Told {
            slot: 300,
            is_hosted: !is_anew,
            replica: is_anew.then(|| replica.clone()),
            state: Shown {
                number: 1 << 40,
                condition,
                fingerprint: u64::MAX,
                seen: claims.context().clone(),
            },
        };
        vec![
            Frame::Hello(Hello {
                versions: Versions { least: 1, most: 0x203 },
                peer: PeerId::new(u128::MAX),
                nonce: 5,
            }),
            Frame::Proof([7; 32]),
            Frame::Routes(vec![
                Route { replica: replica.clone(), distance: 127, epoch: Some(EPOCH) },
                Route { replica: replica.clone(), distance: 0, epoch: None },
            ]),
            Frame::Parcels(EPOCH, vec![parcel(0), parcel(200)]),
            Frame::Part { is_last: false, bytes: vec![1, 2, 3] },
            Frame::Part { is_last: true, bytes: vec![] },
            Frame::Ping(0),
            Frame::Pong(u64::MAX),
            Frame::Reports(vec![told(Condition::Awake, true), told(Condition::Hidden, false)]),
            Frame::Spare(true, vec![node("a"), node("b")]),
            Frame::Spare(false, vec![]),
            Frame::Bye,
        ]
    }

    #[test]
    fn frames_are_read_as_they_are_written() {
        for frame in frames() {
            let bytes = frame.to_bytes();
            assert_eq!(Frame::from_bytes(&bytes), Ok(frame));
            let goes_on = [&bytes[..], &[0]].concat();
            let is_open = matches!(bytes[0], PARCELS | PART);
            assert_eq!(Frame::from_bytes(&goes_on).is_ok(), bytes[0] == PART, "{bytes:?}");
            for end in 0..bytes.len() {
                let is_whole = Frame::from_bytes(&bytes[..end]).is_ok();
                assert!(!is_whole || is_open, "{:?}", &bytes[..end]);
            }
        }
    }

    #[test]
    fn what_is_damaged_is_refused_or_is_another_frame() {
        for frame in frames() {
            let bytes = frame.to_bytes();
            for at in 0..bytes.len() {
                for value in 0..=u8::MAX {
                    let mut damaged = bytes.clone();
                    damaged[at] = value;
                    if let Ok(read) = Frame::from_bytes(&damaged) {
                        assert_eq!(Frame::from_bytes(&read.to_bytes()), Ok(read));
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |bytes: &[u8]| Frame::from_bytes(bytes).unwrap_err().to_string();
        assert_eq!(error(&[]), "0 bytes, and a frame has 1 to 16384");
        assert_eq!(error(&[99; 20_000]), "20000 bytes, and a frame has 1 to 16384");
        assert_eq!(error(&[99]), "a frame of the unknown kind 99");
        assert_eq!(error(&[ROUTES, 1, 1]), "it ends at byte 3, in the middle of something");
        assert_eq!(error(&[BYE, 1]), "it goes on after its end at byte 1");
        assert_eq!(error(&[ROUTES, 0xff, 0x7f]), "16383 at byte 3, where that cannot be");
        assert_eq!(
            error(&[PARCELS, 1, 1, 0, 0]),
            "a name at byte 4: a name has 1 to 64 characters, this one has 0"
        );
        let seen = [REPORTS, 1, 0, 4, 1, b'a', 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 99];
        assert!(error(&seen).starts_with("what a node has seen, at byte 18: "));
    }
}
