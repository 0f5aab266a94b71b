//! The APIs of forges, by the library: each against a forge of its own, over a real repository.

mod auto_merge;
mod json_client;
mod pull_requests;

use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;

use tagship::forge::{
    ApiToken, Forge, ForgeAddress, ForgeConnection, ForgeHints, ForgeKind, IfClosed, Known, Proposal,
};
use tagship::system::http::{Security, client};

use crate::support::forge::{self, Kind, TOKEN};
use crate::support::login::Login;
use crate::support::repository::{File, Remote};

/// The branch that is proposed.
const HEAD: &str = "tagship/main/web";

/// A GitHub whose repository has `main`, and one commit more on the branch to propose.
fn github() -> forge::Forge {
    let remote = Remote::create("gitops");
    let first = remote.commit("main", "Begin", &[File::new("web.yaml", "v1\n"), File::new("other.yaml", "v1\n")]);
    remote.git(["branch", HEAD, &first]).run().success();
    remote.commit(HEAD, "Release web:v2", &[File::new("web.yaml", "v2\n")]);
    forge::Forge::start(Kind::GitHub, &remote)
}

/// Returns the API's client.
fn api_of(github: &forge::Forge) -> Forge {
    api_with(github, TOKEN, Duration::from_secs(20))
}

fn api_with(github: &forge::Forge, token: &str, timeout: Duration) -> Forge {
    let hints = ForgeHints { kind: Some(ForgeKind::GitHub), ..ForgeHints::default() };
    let address = ForgeAddress::of(&Url::parse(&github.url()).unwrap(), &hints).unwrap();
    let login = Login::new("x-access-token", token).encoded();
    let authorization = HeaderValue::from_str(&format!("Basic {login}")).unwrap();
    let client = client(Security::Plain, timeout).redirect(Policy::none()).no_proxy().build().unwrap();
    let token = ApiToken::of_authorization(&authorization).unwrap();
    Forge::new(address, ForgeConnection { client, token, timeout, proxy: None }).unwrap()
}

const PROPOSAL: Proposal<'_> = Proposal {
    base: "main",
    head: HEAD,
    title: "Release web:v2",
    body: "| image | tag |\n|---|---|\n| web | v2 |\n",
    if_closed: IfClosed::OpenAnother,
    known: Known::Nothing,
};

/// Returns the API's requests since the last call, a line each, without the repository's path.
fn lines(github: &forge::Forge) -> Vec<String> {
    github.call_lines().iter().map(|line| line.replace("/api/v3/repos/org/gitops", "").replace("/api/", "/")).collect()
}
