//! What peers say to each other before there is a link between them, and its bytes.

use super::MESSAGE_BYTES_MAX;
use crate::{Lane, PeerId};

/// Leads every signal; another version's are ignored.
const VERSION: u8 = 1;
/// The bytes before the body: version, kind, from, to, attempt.
const HEAD_BYTES: usize = 2 + 16 + 16 + 4;
/// The most bytes in a description of a connection, and in a candidate. Browsers' have about 600,
/// and 150.
const DESCRIPTION_BYTES_MAX: usize = 16 << 10;
const CANDIDATE_BYTES_MAX: usize = 1 << 10;
/// The most bytes in a signal.
#[cfg(any(feature = "web", test))]
pub(crate) const SIGNAL_BYTES_MAX: usize = HEAD_BYTES + MESSAGE_BYTES_MAX;

/// Something said to one peer, or to all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) from: PeerId,
    /// All, where it is nobody.
    pub(crate) to: Option<PeerId>,
    pub(crate) signal: Signal,
}

/// What is said. An attempt is a number drawn at random by who offers: what belongs to one that
/// has been given up is known by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// I am here. Who is there?
    Hello,
    /// I am, too.
    Here,
    /// I leave the room, or your company.
    Bye,
    /// Offer me a connection.
    Call,
    /// This is one.
    Offer { attempt: u32, description: String },
    /// I take it.
    Answer { attempt: u32, description: String },
    /// I may be reached there.
    Candidate { attempt: u32, candidate: String },
    /// As we cannot connect, let us talk by these signals. The answer is the same.
    Channel { attempt: u32 },
    /// A message over such a link.
    Message { lane: Lane, bytes: Vec<u8> },
}

impl Envelope {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let (kind, attempt, body): (u8, u32, &[u8]) = match &self.signal {
            Signal::Hello => (0, 0, &[]),
            Signal::Here => (1, 0, &[]),
            Signal::Bye => (2, 0, &[]),
            Signal::Call => (3, 0, &[]),
            Signal::Offer { attempt, description } => (4, *attempt, description.as_bytes()),
            Signal::Answer { attempt, description } => (5, *attempt, description.as_bytes()),
            Signal::Candidate { attempt, candidate } => (6, *attempt, candidate.as_bytes()),
            Signal::Channel { attempt } => (7, *attempt, &[]),
            Signal::Message { lane: Lane::Reliable, bytes } => (8, 0, bytes),
            Signal::Message { lane: Lane::Unreliable, bytes } => (9, 0, bytes),
        };
        let to = self.to.map_or(0, PeerId::bits);
        let mut encoded = Vec::with_capacity(HEAD_BYTES + body.len());
        encoded.extend([VERSION, kind]);
        encoded.extend(self.from.bits().to_be_bytes());
        encoded.extend(to.to_be_bytes());
        encoded.extend(attempt.to_be_bytes());
        encoded.extend(body);
        encoded
    }

    /// Nothing where the bytes are no signal.
    pub(crate) fn decode(encoded: &[u8]) -> Option<Self> {
        let (&[version, kind], rest) = encoded.split_first_chunk()?;
        let (from, rest) = rest.split_first_chunk()?;
        let (to, rest) = rest.split_first_chunk()?;
        let (attempt, body) = rest.split_first_chunk()?;
        let attempt = u32::from_be_bytes(*attempt);
        let text = |bytes_max| {
            let is_short = body.len() <= bytes_max;
            is_short.then(|| String::from_utf8(body.to_vec()).ok()).flatten()
        };
        let message = |lane| {
            let is_short = body.len() <= MESSAGE_BYTES_MAX;
            is_short.then(|| Signal::Message { lane, bytes: body.to_vec() })
        };
        let signal = match kind {
            0 => Signal::Hello,
            1 => Signal::Here,
            2 => Signal::Bye,
            3 => Signal::Call,
            4 => Signal::Offer { attempt, description: text(DESCRIPTION_BYTES_MAX)? },
            5 => Signal::Answer { attempt, description: text(DESCRIPTION_BYTES_MAX)? },
            6 => Signal::Candidate { attempt, candidate: text(CANDIDATE_BYTES_MAX)? },
            7 => Signal::Channel { attempt },
            8 => message(Lane::Reliable)?,
            9 => message(Lane::Unreliable)?,
            _ => return None,
        };
        let to = u128::from_be_bytes(*to);
        (version == VERSION).then(|| Self {
            from: PeerId::new(u128::from_be_bytes(*from)),
            to: (to != 0).then(|| PeerId::new(to)),
            signal,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn envelope(signal: Signal) -> Envelope {
        Envelope { from: PeerId::new(3), to: Some(PeerId::new(u128::MAX)), signal }
    }

    #[test]
    fn signals_are_read_as_they_are_written() {
        let attempt = 7;
        for signal in [
            Signal::Hello,
            Signal::Here,
            Signal::Bye,
            Signal::Call,
            Signal::Offer { attempt, description: "v=0 é".to_owned() },
            Signal::Answer { attempt, description: String::new() },
            Signal::Candidate { attempt, candidate: "candidate:1".to_owned() },
            Signal::Channel { attempt },
            Signal::Message { lane: Lane::Reliable, bytes: vec![0, 255] },
            Signal::Message { lane: Lane::Unreliable, bytes: vec![0; MESSAGE_BYTES_MAX] },
        ] {
            let written = envelope(signal);
            let encoded = written.encode();
            assert_eq!(Envelope::decode(&encoded).as_ref(), Some(&written));
            assert!(encoded.len() <= SIGNAL_BYTES_MAX);
            let to_all = Envelope { to: None, ..written };
            assert_eq!(Envelope::decode(&to_all.encode()), Some(to_all));
        }
    }

    #[test]
    fn what_is_no_signal_is_not_read() {
        let encoded = envelope(Signal::Hello).encode();
        for length in 0..encoded.len() {
            assert_eq!(Envelope::decode(&encoded[..length]), None, "{length} bytes");
        }
        let changed = |place: usize, byte| {
            let mut encoded = encoded.clone();
            encoded[place] = byte;
            Envelope::decode(&encoded)
        };
        assert_eq!(changed(0, VERSION + 1), None);
        assert_eq!(changed(1, 10), None);
        let candidate = "x".repeat(CANDIDATE_BYTES_MAX + 1);
        let candidate = envelope(Signal::Candidate { attempt: 1, candidate });
        assert_eq!(Envelope::decode(&candidate.encode()), None);
        let bytes = vec![0; MESSAGE_BYTES_MAX + 1];
        let message = envelope(Signal::Message { lane: Lane::Reliable, bytes });
        assert_eq!(Envelope::decode(&message.encode()), None);
        let mut offer =
            envelope(Signal::Offer { attempt: 1, description: "v".to_owned() }).encode();
        *offer.last_mut().unwrap() = 0xff;
        assert_eq!(Envelope::decode(&offer), None);
    }
}
