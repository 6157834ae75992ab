//! What a connection runs over, from the two addresses that it came to.

use std::net::{IpAddr, SocketAddr};

use crate::Path;

/// The ends at which the other one has said that it may be reached.
#[derive(Default)]
pub(super) struct Ends {
    named: Vec<(SocketAddr, Path)>,
    /// The ports of those whose addresses are hidden behind names, as browsers do with their own.
    hidden: Vec<u16>,
}

impl Ends {
    /// Takes note of a candidate, as RFC 8839, section 5.1, writes it.
    pub(super) fn add(&mut self, candidate: &str) {
        let mut words = candidate.split_ascii_whitespace().skip(4);
        let (Some(address), Some(port), Some("typ"), Some(kind)) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return;
        };
        let Ok(port) = port.parse() else { return };
        let path = match kind {
            "host" => Path::Host,
            "relay" => Path::Relay,
            _ => Path::Reflexive,
        };
        match address.parse::<IpAddr>() {
            Ok(address) => self.named.push((SocketAddr::new(address, port), path)),
            Err(_) if path == Path::Host => self.hidden.push(port),
            Err(_) => {}
        }
    }

    /// What a connection runs over from `own` to `other`. An end that has not been named, or not yet,
    /// is taken to be the other machine's own where its address is a private one, or its port that of
    /// a hidden one.
    pub(super) fn path(&self, own: SocketAddr, other: SocketAddr) -> Path {
        let named = self.named.iter().find(|(address, _)| *address == other);
        let is_own = is_private(other.ip()) || self.hidden.contains(&other.port());
        let path = match named {
            Some(&(_, path)) => path,
            None if is_own => Path::Host,
            None => Path::Reflexive,
        };
        let is_translated = is_private(own.ip()) && !is_private(other.ip());
        if path == Path::Host && is_translated { Path::Reflexive } else { path }
    }
}

/// Whether only machines nearby can call there.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_loopback() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_by_its_ends() {
        let mut ends = Ends::default();
        for candidate in [
            "candidate:1 1 udp 2113937151 192.168.0.7 5000 typ host generation 0",
            "candidate:2 1 udp 2113937151 9fd5fc10-7ac5.local 5001 typ host",
            "candidate:3 1 udp 1677729535 203.0.113.9 5002 typ srflx raddr 0.0.0.0 rport 0",
            "candidate:4 1 udp 33562367 198.51.100.3 5003 typ relay raddr 0.0.0.0 rport 0",
            "candidate:5 1 udp 1 203.0.113.10 5004 typ host",
            "candidate:6 1 udp",
            "candidate:7 1 udp 1 192.168.0.7 x typ host",
        ] {
            ends.add(candidate);
        }
        let check = |own: &str, other: &str, expected| {
            assert_eq!(
                ends.path(own.parse().unwrap(), other.parse().unwrap()),
                expected,
                "{other}"
            );
        };
        check("192.168.0.2:1", "192.168.0.7:5000", Path::Host);
        check("127.0.0.1:1", "127.0.0.1:5001", Path::Host);
        check("192.168.0.2:1", "203.0.113.9:5002", Path::Reflexive);
        check("192.168.0.2:1", "198.51.100.3:5003", Path::Relay);
        check("203.0.113.1:1", "203.0.113.10:5004", Path::Host);
        check("192.168.0.2:1", "203.0.113.10:5004", Path::Reflexive);
        check("192.168.0.2:1", "203.0.113.77:5001", Path::Reflexive);
        check("203.0.113.1:1", "203.0.113.77:5001", Path::Host);
        check("203.0.113.1:1", "203.0.113.77:9", Path::Reflexive);
        check("192.168.0.2:1", "192.168.0.7:9", Path::Host);
    }
}
