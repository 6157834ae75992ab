//! Servers that help to connect through translations of addresses, where somebody names some.

use super::server_address::is_port;

/// The most servers that may be named.
pub const ICE_SERVERS_MAX: usize = 8;
/// The most characters of an address, a user's name and a password.
const CHARS_MAX: usize = 256;

/// STUN and TURN servers; by default there are none.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct IceServers {
    urls: Vec<String>,
    user: String,
    password: String,
}

/// Not servers of this kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoIceServer {
    /// Something in an address is not as it has to be.
    #[error("{url:?} is no STUN or TURN server: it is to be stun:HOST:PORT or turn:HOST:PORT")]
    Url {
        /// The address.
        url: String,
    },
    /// There are too many.
    #[error("there are at most {ICE_SERVERS_MAX} STUN and TURN servers, not {0}")]
    TooMany(usize),
    /// A relay is for those who have an account there.
    #[error("{url:?} needs a user and a password")]
    NoAccount {
        /// The address.
        url: String,
    },
    /// An account without a relay, or too long a name or password.
    #[error("a user and a password, of at most 256 characters, are for a turn: server")]
    Account,
}

impl IceServers {
    /// The servers at these addresses, `stun:HOST:PORT` or `turn:HOST:PORT`, with an account for
    /// those that have accounts.
    ///
    /// # Errors
    ///
    /// [`NoIceServer`] for whatever is something else.
    pub fn new(urls: Vec<String>, user: &str, password: &str) -> Result<Self, NoIceServer> {
        if urls.len() > ICE_SERVERS_MAX {
            return Err(NoIceServer::TooMany(urls.len()));
        }
        let shown = |url: &String| url.chars().take(CHARS_MAX).collect();
        if let Some(url) = urls.iter().find(|url| endpoint(url).is_none()) {
            return Err(NoIceServer::Url { url: shown(url) });
        }
        let relay = urls.iter().find(|url| url.starts_with("turn"));
        let is_long = [user, password].iter().any(|text| text.chars().count() > CHARS_MAX);
        match relay {
            Some(url) if user.is_empty() || password.is_empty() => {
                Err(NoIceServer::NoAccount { url: shown(url) })
            }
            None if !user.is_empty() || !password.is_empty() => Err(NoIceServer::Account),
            _ if is_long => Err(NoIceServer::Account),
            _ => Ok(Self { urls, user: user.into(), password: password.into() }),
        }
    }

    /// Their addresses.
    #[must_use]
    pub fn urls(&self) -> &[String] {
        &self.urls
    }

    /// User and password, where there is a relay.
    #[cfg(any(feature = "web", test))]
    pub(crate) fn account(&self) -> Option<[&str; 2]> {
        (!self.user.is_empty()).then_some([&self.user, &self.password])
    }
}

impl std::fmt::Debug for IceServers {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.urls).finish()
    }
}

/// Host and port in an address, as RFC 7064 and RFC 7065 have it.
pub(crate) fn endpoint(url: &str) -> Option<(&str, u16)> {
    const PORT: u16 = 3478;
    let (kind, rest) = url.split_once(':').filter(|_| url.len() <= CHARS_MAX)?;
    let place = match kind {
        "stun" => rest,
        "turn" | "turns" => {
            let (place, transport) = rest.split_once("?transport=").unwrap_or((rest, "udp"));
            matches!(transport, "udp" | "tcp").then_some(place)?
        }
        _ => return None,
    };
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => {
            (host, is_port(port).then(|| port.parse().ok()).flatten()?)
        }
        _ => (place, PORT),
    };
    let is_of_ipv6 = |byte: u8| byte.is_ascii_hexdigit() || b":.".contains(&byte);
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = match bare {
        // Whether it is one is for whoever calls there to find out.
        Some(address) => address.contains(':') && address.bytes().all(is_of_ipv6),
        None => {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
            !host.is_empty() && host.bytes().all(is_plain)
        }
    };
    is_host.then_some((bare.unwrap_or(host), port))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn servers(urls: &[&str], user: &str, password: &str) -> Result<IceServers, NoIceServer> {
        IceServers::new(urls.iter().map(ToString::to_string).collect(), user, password)
    }

    #[test]
    fn servers_are_hosts_with_ports_and_relays_have_accounts() {
        assert_eq!(endpoint("stun:a.example:19302"), Some(("a.example", 19_302)));
        assert_eq!(endpoint("stun:[::1]"), Some(("::1", 3_478)));
        assert_eq!(endpoint("turns:a:443?transport=tcp"), Some(("a", 443)));
        assert_eq!(servers(&[], "", "").unwrap(), IceServers::default());
        let relay = servers(&["stun:a", "turn:b:3478"], "me", "hush").unwrap();
        assert_eq!((relay.urls().len(), relay.account()), (2, Some(["me", "hush"])));
        assert!(!format!("{relay:?}").contains("hush"));
    }

    #[test]
    fn what_is_none_is_named() {
        for url in [
            "",
            "a",
            "stun:",
            "stun:a:0",
            "stun:a:x",
            "stun:a b",
            "stun:[::x]",
            "stun:[",
            "stun::1",
            "http://a",
            "stun:a?transport=udp",
            "turn:a?transport=sctp",
            "stun://a",
        ] {
            let expected = NoIceServer::Url { url: url.to_owned() };
            assert_eq!(servers(&[url], "", ""), Err(expected));
        }
        assert_eq!(servers(&["stun:a"; 9], "", ""), Err(NoIceServer::TooMany(9)));
        let url = "turn:a".to_owned();
        assert_eq!(servers(&["turn:a"], "me", ""), Err(NoIceServer::NoAccount { url }));
        assert_eq!(servers(&["stun:a"], "me", "hush"), Err(NoIceServer::Account));
        assert_eq!(servers(&["turn:a"], &"é".repeat(257), "x"), Err(NoIceServer::Account));
    }
}
