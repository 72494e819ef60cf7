//! The addresses of this machine's interfaces.

use std::io;
use std::net::IpAddr;

/// Every address of every interface that is up, interface by interface (the
/// loopback interface is usually first), IPv4 before IPv6 on each. This is the
/// order in which clients and the ports file are told of them.
///
/// # Errors
/// The system does not tell.
pub fn interface_addresses() -> io::Result<Vec<IpAddr>> {
    let mut interfaces = if_addrs::get_if_addrs()?;
    interfaces.sort_by_key(|interface| (interface.index, interface.ip().is_ipv6()));
    Ok(interfaces.iter().map(if_addrs::Interface::ip).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_address_is_first() {
        let addresses = interface_addresses().unwrap();
        assert_eq!(
            addresses.first().map(ToString::to_string).as_deref(),
            Some("127.0.0.1")
        );
    }
}
