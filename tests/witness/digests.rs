//! Another client pushes images and tells their digests: ours must be the same.
//!
//! The registry of `tests/support` speaks to programs over pipes and signals, as Unix has them.
#![cfg(all(test, unix))]

/// The parts of `tests/support` that a registry needs.
#[allow(dead_code, unused_imports, unreachable_pub, reason = "a test takes a part, and exports nothing")]
#[allow(clippy::disallowed_methods, reason = "the product's rules are src's")]
#[path = "../support"]
mod support {
    pub mod certificate;
    pub mod command;
    pub mod http;
    pub mod json_schema;
    pub mod login;
    pub mod registry;
    pub mod servers;
    pub mod temporary_folder;
}

use std::time::Duration;

use oci_client::client::{ClientConfig, ClientProtocol, Config, ImageLayer};
use oci_client::manifest::OciImageManifest;
use oci_client::secrets::RegistryAuth;
use oci_client::{Client as Witness, Reference as Name};
use tagship::registry::{Client, ClientOptions, Credentials, Detail, LoginSources, Proxies, Trust, Verdict};

use support::command::Home;
use support::login::Login;
use support::registry::{Auth, Image, Registry};

fn witness() -> Witness {
    // An error means that a provider is installed already.
    drop(rustls::crypto::ring::default_provider().install_default());
    Witness::try_from(ClientConfig { protocol: ClientProtocol::Http, ..ClientConfig::default() }).expect("a client")
}

/// Returns our client, which is logged in at `registry`.
fn ours(registry: &Registry, login: &Login) -> (Client, Home) {
    let home = Home::new();
    let config = format!(r#"{{"auths":{{"{}":{{"auth":"{}"}}}}}}"#, registry.address(), login.encoded());
    home.write(".docker/config.json", &config);
    let credentials = Credentials::from(LoginSources { home: Some(home.path().to_owned()), ..LoginSources::default() });
    let (trust, proxies, timeout) = (Trust::default(), Proxies::default(), Duration::from_secs(20));
    (Client::new(ClientOptions { plain_http: Vec::new(), trust, proxies, timeout, credentials }), home)
}

#[test]
fn the_digests_of_two_clients_agree() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let ci = Login::new("ci", "s3cret");
    let login = RegistryAuth::Basic(ci.user.clone(), ci.password.clone());
    for auth in [Auth::Basic(ci.clone()), Auth::Bearer(ci.clone())] {
        let registry = Registry::start(auth);
        registry.put_image("app", "index", &Image::new().platforms(&["linux/amd64", "linux/arm64"]).with_attestation());
        let name = |tag: &str| format!("{}/app:{tag}", registry.address());
        let theirs = |tag: &str| name(tag).parse::<Name>().expect("a name");
        let layers = [ImageLayer::oci_v1(b"a layer".to_vec(), None)];
        let config = Config::oci_v1(b"{}".to_vec(), None);
        let manifest = OciImageManifest::build(&layers, &config, None);
        let push = runtime.block_on(witness().push(&theirs("pushed"), &layers, config, &login, Some(manifest)));
        push.expect("a push");
        for tag in ["pushed", "index"] {
            let digest = runtime.block_on(witness().fetch_manifest_digest(&theirs(tag), &login)).expect("a digest");
            let (client, _home) = ours(&registry, &ci);
            let checked = client.check(&name(tag).parse().expect("a reference"), &[], Detail::Full).expect("a check");
            let Verdict::Present(image) = checked.verdict else { panic!("{checked:?}") };
            assert_eq!(image.digest.as_str(), digest, "{tag}");
        }
    }
}
