//! The PROXY protocol header, versions 1 and 2 (client-protocol.md 19).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Longest version 1 line, CR LF included.
const V1_MAX_LINE: usize = 107;
/// Bytes needed to tell a header from a client that talks NATS directly.
pub const SNIFF_LEN: usize = 6;
const V1_PREFIX: &[u8] = b"PROXY ";
const V2_SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const V2_HEADER_LEN: usize = 16;

/// What the first bytes of a connection say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyHeader {
    /// More bytes are needed.
    Incomplete,
    /// No header: the bytes belong to the client.
    Absent,
    /// A header of `used` bytes; `client` is the address it names, `None` to
    /// keep that of the socket.
    Present {
        /// Bytes of the header.
        used: usize,
        /// Address of the real client.
        client: Option<SocketAddr>,
    },
}

/// Reads a header at the start of `input`.
///
/// # Errors
/// The text for the log; the connection is to be closed.
pub fn parse(input: &[u8]) -> Result<ProxyHeader, String> {
    let Some(start) = input.get(..SNIFF_LEN) else {
        return Ok(ProxyHeader::Incomplete);
    };
    if start == V1_PREFIX {
        parse_v1(input)
    } else if V2_SIGNATURE.starts_with(start) {
        parse_v2(input)
    } else {
        Ok(ProxyHeader::Absent)
    }
}

fn parse_v1(input: &[u8]) -> Result<ProxyHeader, String> {
    let window = input.get(..V1_MAX_LINE).unwrap_or(input);
    let Some(end) = memchr::memmem::find(window, b"\r\n") else {
        return if input.len() >= V1_MAX_LINE {
            Err("invalid PROXY protocol header: v1 line too long".into())
        } else {
            Ok(ProxyHeader::Incomplete)
        };
    };
    let used = end + 2;
    let line = String::from_utf8_lossy(window.get(V1_PREFIX.len()..end).unwrap_or_default());
    let fields: Vec<&str> = line.split(' ').filter(|f| !f.is_empty()).collect();
    if fields.first() == Some(&"UNKNOWN") {
        return Ok(ProxyHeader::Present { used, client: None });
    }
    let [protocol, source, target, source_port, target_port] = fields.as_slice() else {
        return Err("invalid PROXY protocol header: invalid v1 format".into());
    };
    let (Ok(ip), Ok(target_ip)) = (source.parse::<IpAddr>(), target.parse::<IpAddr>()) else {
        return Err("invalid PROXY protocol header: invalid address".into());
    };
    let port = v1_port(source_port).map_err(|e| format!("invalid source port: {e}"))?;
    v1_port(target_port).map_err(|e| format!("invalid dest port: {e}"))?;
    match *protocol {
        "TCP4" if !(ip.is_ipv4() && target_ip.is_ipv4()) => {
            return Err("invalid PROXY protocol header: TCP4 with IPv6 address".into());
        }
        "TCP6" if !(ip.is_ipv6() && target_ip.is_ipv6()) => {
            return Err("invalid PROXY protocol header: TCP6 with IPv4 address".into());
        }
        "TCP4" | "TCP6" => {}
        other => {
            return Err(format!(
                "invalid PROXY protocol header: invalid protocol {other}"
            ));
        }
    }
    let client = Some(SocketAddr::new(ip.to_canonical(), port));
    Ok(ProxyHeader::Present { used, client })
}

/// A port of the text form; errors are worded as clients of the peer know them.
fn v1_port(text: &str) -> Result<u16, String> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!(
            "strconv.ParseUint: parsing \"{text}\": invalid syntax"
        ));
    }
    text.parse()
        .map_err(|_| format!("strconv.ParseUint: parsing \"{text}\": value out of range"))
}

fn parse_v2(input: &[u8]) -> Result<ProxyHeader, String> {
    let Some(header) = input.get(..V2_HEADER_LEN) else {
        return Ok(ProxyHeader::Incomplete);
    };
    let (signature, rest) = header.split_at(V2_SIGNATURE.len());
    if signature != V2_SIGNATURE {
        return Err("invalid PROXY protocol header: invalid signature".into());
    }
    let &[version_command, family_protocol, len_high, len_low] = rest else {
        return Ok(ProxyHeader::Incomplete);
    };
    let version = version_command & 0xF0;
    if version != 0x20 {
        return Err(format!(
            "invalid PROXY protocol header: invalid version 0x{version:02x}"
        ));
    }
    let used = V2_HEADER_LEN + usize::from(u16::from_be_bytes([len_high, len_low]));
    let Some(block) = input.get(V2_HEADER_LEN..used) else {
        return Ok(ProxyHeader::Incomplete);
    };
    match version_command & 0x0F {
        0x00 => return Ok(ProxyHeader::Present { used, client: None }),
        0x01 => {}
        command => return Err(format!("unknown PROXY protocol command: 0x{command:02x}")),
    }
    if family_protocol & 0x0F != 0x01 {
        return Err("unsupported PROXY protocol feature: only STREAM protocol supported".into());
    }
    let client = match family_protocol & 0xF0 {
        0x00 => None,
        0x10 => Some(v2_ipv4(block)?),
        0x20 => Some(v2_ipv6(block)?),
        family => {
            let text = "unsupported PROXY protocol feature: unsupported address family";
            return Err(format!("{text} 0x{family:02x}"));
        }
    };
    Ok(ProxyHeader::Present { used, client })
}

fn v2_ipv4(block: &[u8]) -> Result<SocketAddr, String> {
    match block.first_chunk::<12>() {
        Some(&[a, b, c, d, _, _, _, _, high, low, _, _]) => {
            let port = u16::from_be_bytes([high, low]);
            Ok(SocketAddr::new(Ipv4Addr::new(a, b, c, d).into(), port))
        }
        None => Err(format!(
            "IPv4 address data too short: {} bytes",
            block.len()
        )),
    }
}

fn v2_ipv6(block: &[u8]) -> Result<SocketAddr, String> {
    let short = || format!("IPv6 address data too short: {} bytes", block.len());
    let block = block.first_chunk::<36>().ok_or_else(short)?;
    let ip = block.first_chunk::<16>().ok_or_else(short)?;
    let port = u16::from_be_bytes([block[32], block[33]]);
    Ok(SocketAddr::new(
        IpAddr::from(Ipv6Addr::from(*ip)).to_canonical(),
        port,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(input: &[u8]) -> Option<String> {
        match parse(input) {
            Ok(ProxyHeader::Present { used, client }) => {
                assert_eq!(used, input.len());
                client.map(|c| c.to_string())
            }
            other => panic!("{other:?}"),
        }
    }

    fn v2(version_command: u8, family: u8, block: &[u8]) -> Vec<u8> {
        let len = (block.len() as u16).to_be_bytes();
        [V2_SIGNATURE, &[version_command, family], &len, block].concat()
    }

    // client-protocol 99
    #[test]
    fn version_1_lines() {
        let line = b"PROXY TCP4 10.1.2.3 10.0.0.1 5555 4222\r\n";
        assert_eq!(client(line).as_deref(), Some("10.1.2.3:5555"));
        let line = b"PROXY TCP6 2001:db8::1 ::1 5555 4222\r\n";
        assert_eq!(client(line).as_deref(), Some("[2001:db8::1]:5555"));
        assert_eq!(client(b"PROXY UNKNOWN whatever\r\n"), None);
        for (line, text) in [
            (
                "PROXY TCP4 1.2.3.4 1.1.1.1 1\r\n",
                "invalid PROXY protocol header: invalid v1 format",
            ),
            (
                "PROXY TCP4 x 1.1.1.1 1 2\r\n",
                "invalid PROXY protocol header: invalid address",
            ),
            (
                "PROXY TCP4 ::1 1.1.1.1 1 2\r\n",
                "invalid PROXY protocol header: TCP4 with IPv6 address",
            ),
            (
                "PROXY TCP6 1.2.3.4 1.1.1.1 1 2\r\n",
                "invalid PROXY protocol header: TCP6 with IPv4 address",
            ),
            (
                "PROXY UDP4 1.2.3.4 1.1.1.1 1 2\r\n",
                "invalid PROXY protocol header: invalid protocol UDP4",
            ),
        ] {
            assert_eq!(parse(line.as_bytes()), Err(text.to_string()), "{line}");
        }
        let long = [b"PROXY TCP4 ".as_slice(), &[b'1'; 120], b"\r\n"].concat();
        let text = "invalid PROXY protocol header: v1 line too long";
        assert_eq!(parse(&long), Err(text.to_string()));
    }

    // client-protocol 99
    #[test]
    fn version_2_blocks() {
        let v4 = [10, 1, 2, 3, 10, 0, 0, 1, 0x15, 0xB3, 0x10, 0x7E];
        assert_eq!(
            client(&v2(0x21, 0x11, &v4)).as_deref(),
            Some("10.1.2.3:5555")
        );
        let with_tlv = [&v4[..], &[4, 0, 1, 9]].concat();
        assert_eq!(
            client(&v2(0x21, 0x11, &with_tlv)).as_deref(),
            Some("10.1.2.3:5555")
        );
        assert_eq!(client(&v2(0x20, 0x00, &[])), None);
        assert_eq!(client(&v2(0x21, 0x01, &[])), None);
        let text = "IPv4 address data too short: 4 bytes";
        assert_eq!(parse(&v2(0x21, 0x11, &[0; 4])), Err(text.to_string()));
        let text = "IPv6 address data too short: 12 bytes";
        assert_eq!(parse(&v2(0x21, 0x21, &v4)), Err(text.to_string()));
        let text = "unsupported PROXY protocol feature: only STREAM protocol supported";
        assert_eq!(parse(&v2(0x21, 0x12, &v4)), Err(text.to_string()));
        let text = "unsupported PROXY protocol feature: unsupported address family 0x30";
        assert_eq!(parse(&v2(0x21, 0x31, &v4)), Err(text.to_string()));
        let text = "invalid PROXY protocol header: invalid version 0x30";
        assert_eq!(parse(&v2(0x31, 0x11, &v4)), Err(text.to_string()));
        assert_eq!(
            parse(&v2(0x22, 0x11, &v4)),
            Err("unknown PROXY protocol command: 0x02".into())
        );
    }

    #[test]
    fn other_bytes_belong_to_the_client() {
        assert_eq!(parse(b"CONNECT {}\r\n"), Ok(ProxyHeader::Absent));
        assert_eq!(parse(b"PING"), Ok(ProxyHeader::Incomplete));
        assert_eq!(parse(b"PROXY TCP4 1."), Ok(ProxyHeader::Incomplete));
    }
}
