//! What is read in descriptions of connections (SDP).

/// Leads the digest of a certificate, by the one function that browsers use.
const FINGERPRINT: &str = "a=fingerprint:sha-256 ";
/// Leads any digest.
const ANY_FINGERPRINT: &str = "a=fingerprint:";

/// The digest of the certificate of whoever the description is by. Nothing where it has none, or
/// several: the connection would be good with any of them.
pub(crate) fn fingerprint(description: &str) -> Option<[u8; 32]> {
    let mut lines = description.lines().filter(|line| line.starts_with(ANY_FINGERPRINT));
    let line = lines.next()?;
    if lines.any(|other| other != line) {
        return None;
    }
    let mut digest = [0; 32];
    let mut pairs = line.strip_prefix(FINGERPRINT)?.trim_end().split(':');
    for byte in &mut digest {
        let pair = pairs.next().filter(|pair| pair.len() == 2 && !pair.starts_with('+'))?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    pairs.next().is_none().then_some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_one_fingerprint_is_read() {
        let digest = |byte: &str| [byte; 32].join(":");
        let check = |lines: &[String], expected: Option<u8>| {
            let description = format!("v=0\r\n{}\r\na=mid:0\r\n", lines.join("\r\n"));
            assert_eq!(fingerprint(&description), expected.map(|byte| [byte; 32]), "{lines:?}");
        };
        let line = |digest: String| format!("{FINGERPRINT}{digest}");
        check(&[line(digest("AB"))], Some(0xab));
        check(&[line(digest("ab")), "a=setup:actpass".to_owned()], Some(0xab));
        check(&[line(digest("0F")), line(digest("0F"))], Some(0x0f));
        check(&[], None);
        check(&[line(digest("0F")), line(digest("0E"))], None);
        check(&[line(digest("0F")), format!("{ANY_FINGERPRINT}sha-1 00")], None);
        check(&[format!("{ANY_FINGERPRINT}sha-1 {}", digest("0F"))], None);
        check(&[line(digest("+F"))], None);
        check(&[line(digest("0Fé"))], None);
        check(&[line(format!("{}:00", digest("0F")))], None);
        check(&[line("00:01".to_owned())], None);
    }
}
