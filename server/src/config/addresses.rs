//! Addresses to listen on, and blocks of addresses.

use std::net::IpAddr;

use ipnet::IpNet;

pub(super) fn check_listen(text: &str) -> Result<(), String> {
    let is_address = text
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && !host.contains(['/', '@', ' ']) && port.parse::<u16>().is_ok());
    if is_address {
        return Ok(());
    }
    Err(format!("The address {text:?} can't be listened on: write it like 127.0.0.1:3000."))
}

pub(super) fn check_cidr(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| format!("The trusted proxy {text:?} should be an address or a block like 10.0.0.0/8."))
}
