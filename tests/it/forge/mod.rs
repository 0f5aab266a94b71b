//! The APIs of forges, by the library: each against a forge of its own, over a real repository.

mod auto_merge;
mod drafts;
mod elsewhere;
mod json_client;
mod merges_elsewhere;
mod pull_requests;
mod releases_elsewhere;
mod signed_commits;

use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;

use tagship::forge::{ApiToken, Forge, ForgeAddress, ForgeConnection, ForgeHints, ForgeKind, Heads, Known, Proposal};
use tagship::system::network::http::{Security, client};

use crate::support::forge::{self, Kind, TOKEN};
use crate::support::login::Login;
use crate::support::repository::{File, Remote};

/// The branch that is proposed.
const HEAD: &str = "tagship/main/web";

/// A forge whose repository has `main`, and one commit more on the branch to propose.
fn github() -> forge::Forge {
    forge_of(Kind::GitHub)
}

fn forge_of(kind: Kind) -> forge::Forge {
    let remote = Remote::create("gitops");
    let first = remote.commit("main", "Begin", &[File::new("web.yaml", "v1\n"), File::new("other.yaml", "v1\n")]);
    remote.git(["branch", HEAD, &first]).run().success();
    remote.commit(HEAD, "Release web:v2", &[File::new("web.yaml", "v2\n")]);
    forge::Forge::start(kind, &remote)
}

/// Returns the API's client.
fn api_of(forge: &forge::Forge) -> Forge {
    api_with(forge, TOKEN, Duration::from_secs(20))
}

fn api_with(forge: &forge::Forge, token: &str, timeout: Duration) -> Forge {
    let token = token_of(&Login::new("x-token-auth", token));
    Forge::new(address_of(forge), connection(token, timeout)).unwrap()
}

fn connection(token: ApiToken, timeout: Duration) -> ForgeConnection {
    let client = client(Security::Plain, timeout).redirect(Policy::none()).no_proxy().build().unwrap();
    ForgeConnection { client, token, timeout, proxy: None }
}

fn token_of(login: &Login) -> ApiToken {
    let authorization = HeaderValue::from_str(&format!("Basic {}", login.encoded())).unwrap();
    ApiToken::of_authorization(&authorization).unwrap()
}

fn address_of(forge: &forge::Forge) -> ForgeAddress {
    let kind = match forge.kind() {
        Kind::GitHub => ForgeKind::GitHub,
        Kind::GitLab => ForgeKind::GitLab,
        Kind::Gitea => ForgeKind::Gitea,
        Kind::Azure => ForgeKind::Azure,
        // Bitbucket Cloud has one address, which a test cannot have.
        Kind::Bitbucket => {
            let (kind, web, api) = (ForgeKind::Bitbucket, forge.origin(), forge.api_url());
            return ForgeAddress { kind, web, graphql: api.clone(), api, project: "org/gitops".to_owned() };
        }
    };
    let hints = ForgeHints { kind: Some(kind), ..ForgeHints::default() };
    ForgeAddress::of(&Url::parse(&forge.url()).unwrap(), &hints).unwrap()
}

const PROPOSAL: Proposal<'_> = Proposal {
    base: "main",
    head: HEAD,
    title: "Release web:v2",
    body: "| image | tag |\n|---|---|\n| web | v2 |\n",
    known: Known::Nothing,
    heads: Heads { pushed: "", before: "" },
};
