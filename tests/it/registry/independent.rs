//! Another client pushes images and tells their digests: ours must be the same.

use oci_client::Reference;
use oci_client::client::{Client, ClientConfig, ClientProtocol, Config, ImageLayer};
use oci_client::manifest::OciImageManifest;
use oci_client::secrets::RegistryAuth;
use tagship::registry::Verdict;

use super::{PASSWORD, check, ci, logged_in};
use crate::support::registry::{Auth, Image, Registry};

fn client() -> Client {
    // An error means that a provider is installed already.
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::try_from(ClientConfig { protocol: ClientProtocol::Http, ..ClientConfig::default() }).expect("a client")
}

#[test]
fn the_digests_of_two_clients_agree() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let login = RegistryAuth::Basic("ci".to_owned(), PASSWORD.to_owned());
    for auth in [Auth::Basic(ci()), Auth::Bearer(ci())] {
        let registry = Registry::start(auth);
        registry.put_image("app", "index", &Image::new().platforms(&["linux/amd64", "linux/arm64"]).with_attestation());
        let pushed: Reference = format!("{}/app:pushed", registry.address()).parse().unwrap();
        let layers = [ImageLayer::oci_v1(b"a layer".to_vec(), None)];
        let config = Config::oci_v1(b"{}".to_vec(), None);
        let manifest = OciImageManifest::build(&layers, &config, None);
        runtime.block_on(client().push(&pushed, &layers, config, &login, Some(manifest))).unwrap();
        for tag in ["pushed", "index"] {
            let reference: Reference = format!("{}/app:{tag}", registry.address()).parse().unwrap();
            let theirs = runtime.block_on(client().fetch_manifest_digest(&reference, &login)).unwrap();
            let (client, _home) = logged_in(&registry, &ci());
            let checked = check(&client, &registry, &format!("app:{tag}"));
            let Verdict::Present(ours) = checked.verdict else { panic!("{checked:?}") };
            assert_eq!(ours.digest.as_str(), theirs, "{tag}");
        }
    }
}
