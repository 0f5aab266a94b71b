//! To which addresses a server may lead: none that only this machine or its network can reach, unless the server is there itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

use super::http::{is_loopback, literal};

/// How far the network of a server reaches, by its addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AddressScope {
    #[default]
    Public,
    /// A network of its own, such as a company's.
    Private,
    /// This machine.
    Loopback,
}

impl AddressScope {
    /// Returns where a host with these addresses is; public, if they do not agree.
    pub fn of(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        let places = addresses.into_iter().map(|address| match address.to_canonical() {
            address if address.is_loopback() => Self::Loopback,
            address if is_private(address) => Self::Private,
            _ => Self::Public,
        });
        places.reduce(|one, other| if one == other { one } else { Self::Public }).unwrap_or_default()
    }

    /// Whether the server at `home`, which is here, may lead to `to`, as far as its URL tells.
    pub fn may_lead(self, home: &Url, to: &Url) -> bool {
        let is_reachable = match literal(to) {
            Some(address) => self.may_reach(address),
            None => !is_loopback(to) && !is_special_name(to),
        };
        is_reachable || is_own(home, to)
    }

    /// Whether a server here may lead to a name that is resolved to `address`. In a private network names lead to private
    /// addresses; from there, the server could reach them by itself.
    pub fn may_reach(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        match self {
            _ if !is_local(address) => true,
            Self::Public => false,
            Self::Private => is_private(address),
            Self::Loopback => address.is_loopback(),
        }
    }
}

/// Whether an address is of a private network: many machines have the same one, each in its own network.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || is_carrier_grade_nat(v4),
        IpAddr::V6(v6) => v6.is_unique_local(),
    }
}

fn is_carrier_grade_nat(v4: Ipv4Addr) -> bool {
    v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64
}

/// Whether `to` is a place of the server that the user named: its host and port, or another port of its own address.
pub fn is_own(home: &Url, to: &Url) -> bool {
    let is_same_address = literal(home).is_some_and(|address| literal(to) == Some(address));
    is_same_host(home, to) || is_same_address || (is_loopback(home) && is_loopback(to))
}

/// Whether two URLs lead to the same host and port.
pub fn is_same_host(one: &Url, other: &Url) -> bool {
    one.host_str() == other.host_str() && one.port_or_known_default() == other.port_or_known_default()
}

/// Whether the host is a name that systems and clouds give to the machine itself.
fn is_special_name(url: &Url) -> bool {
    let name = url.host_str().unwrap_or_default().trim_end_matches('.');
    ["localhost.localdomain", "ip6-localhost", "ip6-loopback", "metadata.google.internal"].contains(&name)
}

fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let this_network = v4.octets()[0] == 0;
            let reserved = v4.octets()[0] >= 240;
            let benchmarking = v4.octets()[0] == 198 && v4.octets()[1] & 0xfe == 18;
            let protocol_assignments = v4.octets()[..3] == [192, 0, 0];
            this_network
                || reserved
                || benchmarking
                || protocol_assignments
                || v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || is_carrier_grade_nat(v4)
        }
        IpAddr::V6(v6) => {
            let site_local = v6.segments()[0] & 0xffc0 == 0xfec0;
            let local_nat64 = v6.segments()[..3] == [0x64, 0xff9b, 1];
            v6.is_unspecified()
                || v6.is_loopback()
                || site_local
                || local_nat64
                || embedded(v6).is_some_and(|v4| is_local(IpAddr::V4(v4)))
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || v6.is_multicast()
        }
    }
}

/// Returns the address that an IPv6 address leads to by translation or by a tunnel: NAT64, 6to4, or IPv4-compatible.
fn embedded(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = v6.segments();
    let (high, low) = match (a, b, c, d, e, f) {
        (0x64, 0xff9b, 0, 0, 0, 0) | (0, 0, 0, 0, 0, 0) => (g, h),
        (0x2002, ..) => (b, c),
        _ => return None,
    };
    Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
}
