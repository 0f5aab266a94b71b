//! The HTTP clients, each made when it is first needed: reading the CA certificates takes longer than a whole check without
//! TLS. A host to which a registry led has a client of its own, so that no connection is shared with a host that the user
//! named, and its name is resolved by other rules.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use reqwest::Url;
use reqwest::blocking::Client;
use rustls::ClientConfig;

use super::address::{AddressScope, is_own};
use super::resolver::{AddressScopes, Reach, Resolver};
use super::trust::{Trust, names};
use crate::registry::endpoint::Endpoint;
use crate::registry::error::CheckError;
use crate::registry::limits::REQUEST_TIMEOUT;
use crate::system::lock::lock;
use crate::system::network::address_scope::is_same_host;
use crate::system::network::http::{Security, client, is_loopback, literal};
use crate::system::network::proxy::Proxies;
use crate::system::network::proxy_route::ProxyRoute;
use crate::system::network::tls::{Authorities, TlsError, client_config};

/// What a client is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Use {
    scope: TlsScope,
    route: ClientRoute,
}

/// Whether a client speaks TLS, whom it trusts, and what it shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum TlsScope {
    Plain,
    /// Any host without certificates of its own.
    AnyHost,
    /// The host with these names.
    Host(Vec<String>),
}

/// How a client comes to a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum ClientRoute {
    Direct(Reach),
    /// Through a proxy, which resolves the names.
    Proxied,
}

#[derive(Debug, Default)]
pub(super) struct Clients {
    trust: Trust,
    proxies: Proxies,
    scopes: AddressScopes,
    tls: Mutex<HashMap<TlsScope, ClientConfig>>,
    made: Mutex<HashMap<Use, Client>>,
}

impl Clients {
    pub(super) fn new(trust: Trust, proxies: Proxies) -> Self {
        Self { trust, proxies, ..Self::default() }
    }

    /// Returns the client for `url`, to which the check of an image at `endpoint` has come.
    pub(super) fn client(&self, url: &Url, endpoint: &Endpoint) -> Result<Client, CheckError> {
        let registry = &endpoint.base;
        let scope = self.scope(url, is_same_host(registry, url).then_some(endpoint.registry.as_str()));
        let route = match self.proxy(url) {
            Some(_) => ClientRoute::Proxied,
            None if is_own(registry, url) => ClientRoute::Direct(Reach::Named),
            None => ClientRoute::Direct(Reach::Led(self.address_scope(registry))),
        };
        let wanted = Use { scope, route };
        let mut made = lock(&self.made);
        if let Some(client) = made.get(&wanted) {
            return Ok(client.clone());
        }
        let client = self.make(&wanted)?;
        made.insert(wanted, client.clone());
        Ok(client)
    }

    /// Returns the way to `url` through its proxy. Behind a proxy, loopback would be the proxy's own: it is always gone to
    /// directly, as Go's programs do.
    pub(super) fn proxy(&self, url: &Url) -> Option<ProxyRoute> {
        if is_loopback(url) { None } else { self.proxies.route(url) }
    }

    fn make(&self, wanted: &Use) -> Result<Client, CheckError> {
        let security = if wanted.scope == TlsScope::Plain { Security::Plain } else { Security::Tls };
        let mut builder = client(security, REQUEST_TIMEOUT);
        if security == Security::Tls {
            builder = builder.tls_backend_preconfigured(self.tls_config(&wanted.scope)?);
        }
        builder = match wanted.route {
            ClientRoute::Direct(reach) => {
                let scopes = self.scopes.clone();
                builder.dns_resolver(Arc::new(Resolver { reach, scopes }))
            }
            ClientRoute::Proxied => self.proxies.used_by(builder),
        };
        builder.build().map_err(|error| CheckError::Setup(error.into()))
    }

    fn scope(&self, url: &Url, written: Option<&str>) -> TlsScope {
        let names = names(url, written);
        match url.scheme() {
            "https" if is_loopback(url) || self.trust.is_for(&names) => TlsScope::Host(names),
            "https" => TlsScope::AnyHost,
            _ => TlsScope::Plain,
        }
    }

    fn tls_config(&self, scope: &TlsScope) -> Result<ClientConfig, CheckError> {
        let mut known = lock(&self.tls);
        if let Some(config) = known.get(scope) {
            return Ok(config.clone());
        }
        let names = if let TlsScope::Host(names) = scope { names.as_slice() } else { &[] };
        let given = self.trust.certificates(names)?;
        let client = self.trust.client_certificate(names)?;
        let config = client_config(Authorities::SystemAndGiven(&self.trust.system), given, client.as_ref());
        let config = config.map_err(|error| match error {
            TlsError::Misnamed(misnamed) => CheckError::Misnamed(misnamed),
            error => CheckError::Setup(error.into()),
        })?;
        known.insert(scope.clone(), config.clone());
        Ok(config)
    }

    /// Returns where a registry is; public, if no connection was made to it, or a proxy made it.
    pub(super) fn address_scope(&self, registry: &Url) -> AddressScope {
        match literal(registry) {
            Some(address) => AddressScope::of([address]),
            None if is_loopback(registry) => AddressScope::Loopback,
            None => self.scopes.of(registry.host_str().unwrap_or_default()),
        }
    }
}
