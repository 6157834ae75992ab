//! How others see this machine's addresses: what STUN servers answer.
//!
//! Rosenberg et al. 2020, "Session Traversal Utilities for NAT", RFC 8489: a binding request without
//! attributes, and the one attribute of the answer that says where it came from.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;

use super::sockets::Sockets;
use super::{IceServers, JoinError, random_bits};
use crate::signalling::endpoint;

/// How long the name of a server may take to be found.
const FOUND_LIMIT: Duration = Duration::from_secs(5);
/// The most requests that are waiting to be answered; of more, the oldest are given up.
const REQUESTS_MAX: usize = 64;

const REQUEST: u16 = 0x0001;
const RESPONSE: u16 = 0x0101;
const COOKIE: u32 = 0x2112_a442;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const HEAD_BYTES: usize = 20;

/// The transaction that a request and its answer belong to.
type Transaction = [u8; 12];

/// The servers, and what they have been asked.
pub(super) struct Reflexive {
    servers: Vec<SocketAddr>,
    /// What has been asked, from which address.
    asked: VecDeque<(Transaction, SocketAddr)>,
}

impl Reflexive {
    /// Looks up where the servers are.
    ///
    /// # Errors
    ///
    /// One of them is not found, or is a relay.
    pub(super) async fn find(ice: &IceServers) -> Result<Self, JoinError> {
        let mut servers = Vec::new();
        for url in ice.urls() {
            if !url.starts_with("stun:") {
                return Err(JoinError::Relay { url: url.clone() });
            }
            let wrong = |reason| JoinError::Stun { url: url.clone(), reason };
            let place = endpoint(url).ok_or_else(|| wrong("no host".to_owned()))?;
            let found = timeout(FOUND_LIMIT, lookup_host(place)).await;
            let found = found.map_err(|_| wrong("its host is not found in time".to_owned()))?;
            servers.extend(found.map_err(|error| wrong(error.to_string()))?);
        }
        Ok(Self { servers, asked: VecDeque::new() })
    }

    /// Asks all servers how they see this machine.
    pub(super) fn ask(&mut self, sockets: &Sockets) {
        for own in sockets.addresses().filter(|own| !own.ip().is_loopback()) {
            for &server in self.servers.iter().filter(|server| server.is_ipv4() == own.is_ipv4()) {
                let mut transaction = Transaction::default();
                transaction.copy_from_slice(&random_bits().to_be_bytes()[..12]);
                sockets.send(own, server, &request(transaction));
                self.asked.truncate(REQUESTS_MAX - 1);
                self.asked.push_front((transaction, own));
            }
        }
    }

    /// The address that a datagram says this machine is seen at, if it answers a request: that at
    /// the server, and the machine's own.
    pub(super) fn hear(
        &mut self,
        own: SocketAddr,
        from: SocketAddr,
        bytes: &[u8],
    ) -> Option<(SocketAddr, SocketAddr)> {
        if !self.servers.contains(&from) {
            return None;
        }
        let (transaction, seen) = response(bytes)?;
        let asked = self.asked.iter().position(|asked| *asked == (transaction, own))?;
        self.asked.remove(asked);
        (seen.is_ipv4() == own.is_ipv4()).then_some((seen, own))
    }
}

fn request(transaction: Transaction) -> [u8; HEAD_BYTES] {
    let mut bytes = [0; HEAD_BYTES];
    bytes[..2].copy_from_slice(&REQUEST.to_be_bytes());
    bytes[4..8].copy_from_slice(&COOKIE.to_be_bytes());
    bytes[8..].copy_from_slice(&transaction);
    bytes
}

/// The transaction that is answered, and the address that is in the answer.
fn response(bytes: &[u8]) -> Option<(Transaction, SocketAddr)> {
    let (head, mut attributes) = bytes.split_at_checked(HEAD_BYTES)?;
    let number = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
    let is_response = number(0) == RESPONSE
        && usize::from(number(2)) == attributes.len()
        && head[4..8] == COOKIE.to_be_bytes();
    let transaction: Transaction = head[8..].try_into().ok().filter(|_| is_response)?;
    // What the address is made unlike itself by, so that nobody on the way translates it.
    let mask: [u8; 16] = head[4..].try_into().ok()?;
    while let Some((&[kind_1, kind_0, length_1, length_0], rest)) = attributes.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes([length_1, length_0]));
        let value = rest.get(..length)?;
        if u16::from_be_bytes([kind_1, kind_0]) == XOR_MAPPED_ADDRESS {
            return Some((transaction, address(value, &mask)?));
        }
        attributes = rest.get(length.next_multiple_of(4)..)?;
    }
    None
}

fn address(value: &[u8], mask: &[u8; 16]) -> Option<SocketAddr> {
    let (&[_, family, port_1, port_0], address) = value.split_first_chunk()?;
    let port = u16::from_be_bytes([port_1 ^ mask[0], port_0 ^ mask[1]]);
    let ip: IpAddr = match family {
        1 => {
            let masked: [u8; 4] = address.try_into().ok()?;
            Ipv4Addr::from(std::array::from_fn(|at| masked[at] ^ mask[at])).into()
        }
        2 => {
            let masked: [u8; 16] = address.try_into().ok()?;
            Ipv6Addr::from(std::array::from_fn::<u8, 16, _>(|at| masked[at] ^ mask[at])).into()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5769, section 2.2 and 2.3, less the attributes that follow the address.
    const TRANSACTION: Transaction =
        [0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae];

    fn answer(attributes: &[u8]) -> Vec<u8> {
        let mut bytes = request(TRANSACTION).to_vec();
        bytes[..2].copy_from_slice(&RESPONSE.to_be_bytes());
        bytes[2..4].copy_from_slice(&(attributes.len() as u16).to_be_bytes());
        bytes.extend(attributes);
        bytes
    }

    const SOFTWARE: [u8; 16] = *b"\x80\x22\x00\x0btest vector ";
    const V4: [u8; 12] = [0, 0x20, 0, 8, 0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43];
    const V6: [u8; 24] = [
        0, 0x20, 0, 20, 0, 2, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc,
        0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9,
    ];

    #[test]
    fn answers_are_read_as_the_standard_has_them() {
        let check = |attributes: &[u8], expected: &str| {
            let expected = Some((TRANSACTION, expected.parse().unwrap()));
            assert_eq!(response(&answer(attributes)), expected);
        };
        check(&[&SOFTWARE[..], &V4[..]].concat(), "192.0.2.1:32853");
        check(&V6, "[2001:db8:1234:5678:11:2233:4455:6677]:32853");
    }

    #[test]
    fn whatever_is_no_answer_is_ignored() {
        let whole = answer(&[&SOFTWARE[..], &V4[..]].concat());
        for length in 0..whole.len() {
            assert_eq!(response(&whole[..length]), None, "{length} bytes");
        }
        assert_eq!(response(&request(TRANSACTION)), None);
        assert_eq!(response(&answer(&SOFTWARE)), None);
        assert_eq!(response(&answer(&[0, 0x20, 0xff, 0xff])), None);
        let mut other = V4;
        other[5] = 3;
        assert_eq!(response(&answer(&other)), None);
    }

    #[test]
    fn only_what_was_asked_is_answered() {
        let [own, server, other]: [SocketAddr; 3] =
            ["10.0.0.1:5", "10.0.0.2:6", "10.0.0.3:7"].map(|text| text.parse().unwrap());
        let asked = VecDeque::from([(TRANSACTION, own)]);
        let mut reflexive = Reflexive { servers: vec![server], asked };
        let answer = answer(&V4);
        assert_eq!(reflexive.hear(own, other, &answer), None);
        assert_eq!(reflexive.hear(other, server, &answer), None);
        let seen = "192.0.2.1:32853".parse().unwrap();
        assert_eq!(reflexive.hear(own, server, &answer), Some((seen, own)));
        assert_eq!(reflexive.hear(own, server, &answer), None, "once");
    }
}
