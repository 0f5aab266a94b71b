//! Resolves the names of hosts at connect. A registry can lead to a name of its choice, and that name to an address inside
//! this machine or its network: so the addresses are judged that the connection is made to, and no others.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::AddressScope;
use crate::system::lock::lock;

/// By what a host came to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Reach {
    /// The user named the registry: it may be anywhere.
    Named,
    /// A registry that is here led to it.
    Led(AddressScope),
}

/// A name was resolved to addresses to which the registry may not lead.
#[derive(Debug, thiserror::Error)]
#[error("the name leads inside this machine or its network")]
pub(super) struct AddressRefused;

/// Where the hosts are that were resolved; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct AddressScopes(Arc<Mutex<HashMap<String, AddressScope>>>);

impl AddressScopes {
    /// Returns where a host is; public, if it was not resolved here.
    pub(super) fn of(&self, host: &str) -> AddressScope {
        lock(&self.0).get(host).copied().unwrap_or_default()
    }

    fn learn(&self, host: String, scope: AddressScope) {
        lock(&self.0).insert(host, scope);
    }
}

/// Resolves names for one [`Reach`].
#[derive(Debug)]
pub(super) struct Resolver {
    pub(super) reach: Reach,
    pub(super) scopes: AddressScopes,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (host, reach, scopes) = (name.as_str().to_owned(), self.reach, self.scopes.clone());
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let allowed = match reach {
                Reach::Named => {
                    scopes.learn(host, AddressScope::of(found.iter().map(SocketAddr::ip)));
                    found
                }
                Reach::Led(from) => {
                    let allowed: Vec<_> = found.into_iter().filter(|address| from.may_reach(address.ip())).collect();
                    if allowed.is_empty() {
                        return Err(AddressRefused.into());
                    }
                    allowed
                }
            };
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{AddressRefused, AddressScope, AddressScopes, Reach, Resolve as _, Resolver};

    /// Resolves `localhost`, and tells whether it was refused.
    fn is_refused(reach: Reach, scopes: &AddressScopes) -> bool {
        let resolver = Resolver { reach, scopes: scopes.clone() };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        match runtime.block_on(resolver.resolve("localhost".parse().unwrap())) {
            Ok(addresses) => {
                assert!(addresses.map(|address| address.ip()).all(|address| address.is_loopback()));
                false
            }
            Err(error) => error.is::<AddressRefused>(),
        }
    }

    #[test]
    fn a_name_is_judged_by_its_addresses() {
        let known = AddressScopes::default();
        assert!(is_refused(Reach::Led(known.of("localhost")), &known));
        assert!(is_refused(Reach::Led(AddressScope::Private), &known));
        assert!(!is_refused(Reach::Named, &known));
        assert_eq!(known.of("localhost"), AddressScope::Loopback);
        assert!(!is_refused(Reach::Led(known.of("localhost")), &known));
    }
}
