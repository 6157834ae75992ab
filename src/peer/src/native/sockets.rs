//! The UDP sockets over which all connections run.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket as StdSocket};
use std::task::Poll;

use tokio::io::ReadBuf;
use tokio::net::UdpSocket;

use super::JoinError;

/// The most bytes of a datagram that is of use: what an Ethernet carries, and some.
pub(super) const DATAGRAM_BYTES_MAX: usize = 2_048;
/// Addresses that nobody has (RFC 5737, RFC 3849). What this machine would call them from is its own.
const ELSEWHERE: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
];

/// A socket for each of this machine's own addresses: that by which it calls itself, and those by which
/// it calls others.
pub(super) struct Sockets(Vec<(SocketAddr, UdpSocket)>);

impl Sockets {
    /// # Errors
    ///
    /// What the system says.
    pub(super) fn bind() -> Result<Self, JoinError> {
        let bound = own_addresses()
            .into_iter()
            .map(|address| bind(address).map_err(|error| JoinError::Socket { address, error }));
        bound.collect::<Result<_, _>>().map(Self)
    }

    /// The addresses, with their ports.
    pub(super) fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.0.iter().map(|&(address, _)| address)
    }

    /// The next datagram: to which address, from where, and of how many bytes.
    pub(super) async fn receive(
        &self,
        buffer: &mut [u8; DATAGRAM_BYTES_MAX],
    ) -> (SocketAddr, SocketAddr, usize) {
        poll_fn(|context| {
            for (own, socket) in &self.0 {
                // What a socket has to say of earlier datagrams is of no use.
                loop {
                    let mut datagram = ReadBuf::new(&mut buffer[..]);
                    match socket.poll_recv_from(context, &mut datagram) {
                        Poll::Ready(Ok(from)) => {
                            return Poll::Ready((*own, from, datagram.filled().len()));
                        }
                        Poll::Ready(Err(_)) => {}
                        Poll::Pending => break,
                    }
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Sends a datagram. What the system does not take is lost, as any may be.
    pub(super) fn send(&self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        if let Some((_, socket)) = self.0.iter().find(|&&(own, _)| own == from) {
            let _ = socket.try_send_to(bytes, to);
        }
    }
}

fn bind(address: IpAddr) -> io::Result<(SocketAddr, UdpSocket)> {
    let socket = StdSocket::bind((address, 0))?;
    socket.set_nonblocking(true)?;
    Ok((socket.local_addr()?, UdpSocket::from_std(socket)?))
}

fn own_addresses() -> Vec<IpAddr> {
    let outward = ELSEWHERE.into_iter().filter_map(|elsewhere| {
        let any: IpAddr = match elsewhere {
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = StdSocket::bind((any, 0)).ok()?;
        // Nothing is sent by that.
        socket.connect((elsewhere, 9)).ok()?;
        Some(socket.local_addr().ok()?.ip()).filter(|ip| !ip.is_unspecified() && !ip.is_loopback())
    });
    [Ipv4Addr::LOCALHOST.into()].into_iter().chain(outward).collect()
}
