//! A release branch at a forge, a registry and a source repository behind a network that fails, and one release after the other.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::stage::tagship;
use crate::support::command::{Command, Home, Output};
use crate::support::failing_network::{Fault, Network};
use crate::support::forge::{Armed, Forge, Kind, Merging, Request, TOKEN};
use crate::support::git_server::{Access, GitServer};
use crate::support::registry::{Auth, Image, Registry};
use crate::support::repository::{File, Remote};

/// How a release gets to its branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Push,
    /// Pushed as a commit that the forge has signed.
    Signed,
    /// By a pull request that a person merges.
    Proposed(Kind),
    /// By a pull request that the forge merges.
    Merged(Kind),
    /// By a pull request because the push was refused.
    Refused,
}

/// Bitbucket has one address, which a test cannot have.
pub const WAYS: [Way; 11] = [
    Way::Push,
    Way::Signed,
    Way::Proposed(Kind::GitHub),
    Way::Proposed(Kind::GitLab),
    Way::Proposed(Kind::Gitea),
    Way::Proposed(Kind::Azure),
    Way::Merged(Kind::GitHub),
    Way::Merged(Kind::GitLab),
    Way::Merged(Kind::Gitea),
    Way::Merged(Kind::Azure),
    Way::Refused,
];

/// The program's `--timeout`: no fault costs more, its pauses before another try included.
const TIMEOUT: Duration = Duration::from_secs(1);

/// What a release without faults may take on a very busy machine.
const WITHOUT_FAULTS: Duration = Duration::from_secs(12);

/// Of a thousand messages so many meet a fault.
const PER_MILLE: u64 = 150;

const FILE: &str = "app/kustomization.yaml";

pub struct World {
    way: Way,
    seed: usize,
    pub remote: Remote,
    forge: Forge,
    registry: Registry,
    sources: Remote,
    network: Network,
    home: Home,
    /// Where the program finds the release branch, the registry and the source repository: at their relays.
    url: String,
    registry_address: String,
    sources_address: String,
    /// The newest build that was released, and the one before it: a tag and its source commit.
    newest: Option<(String, String)>,
    older: Option<(String, String)>,
    _sources_server: GitServer,
}

impl World {
    pub fn new(way: Way, seed: usize) -> Self {
        let kind = match way {
            Way::Proposed(kind) | Way::Merged(kind) => kind,
            Way::Push | Way::Signed | Way::Refused => Kind::GitHub,
        };
        let remote = Remote::create("gitops");
        remote.commit("main", "Begin", &[File::new(FILE, "images:\n- name: web\n  newTag: v0\n")]);
        if way == Way::Refused {
            remote.protect("main");
        }
        let sources = Remote::create("app");
        let (forge, registry) = (Forge::start(kind, &remote), Registry::start(Auth::None));
        let sources_server = GitServer::start(sources.folder(), Access::Open);
        let mut network = Network::new(format!("{seed} {way:?}"), TIMEOUT);
        let origin = forge.origin();
        let relayed = network.relay("forge", origin.trim_start_matches("http://"));
        let url = forge.url_with_token(TOKEN).replace(origin.trim_start_matches("http://"), &relayed);
        let registry_address = network.relay("registry", &registry.address());
        let sources_address = network.relay("sources", &sources_server.address());
        Self {
            way,
            seed,
            remote,
            forge,
            registry,
            sources,
            network,
            home: Home::new(),
            url,
            registry_address,
            sources_address,
            newest: None,
            older: None,
            _sources_server: sources_server,
        }
    }

    /// Returns the name of the way, such as `Proposed(GitLab)`.
    pub fn name(&self) -> String {
        format!("{:?}", self.way)
    }

    /// Makes a release, once more if a fault ended it. Returns how it ended first, and what it met.
    pub fn release(&mut self, number: usize) -> (i32, Vec<(Fault, String)>) {
        // Each fourth release is of an older build, which must not replace the newer one.
        let is_older = number.is_multiple_of(4) && self.older.is_some();
        let build = if is_older { self.older.clone().expect("an older build") } else { self.build(number) };
        let before = self.remote.tip("main").expect("the release branch");
        self.network.begin(number, PER_MILLE);
        let begun = Instant::now();
        let first = self.command(&build, TIMEOUT).run();
        let took = begun.elapsed();
        let met = self.network.met();
        let (code, told) = (first.code.unwrap_or(-1), shown(&first));
        let fail = |what: &str| -> ! {
            let (seed, way) = (self.seed, self.way);
            let again = format!("TAGSHIP_FAULTS_SEED={seed} 'TAGSHIP_FAULTS_ONLY={way:?}:{number}'");
            panic!("{way:?}, release {number} of seed {seed}: {what}\n{told}\nit met {met:#?}\nagain with {again}");
        };
        if took > WITHOUT_FAULTS + TIMEOUT * met.len() as u32 {
            fail(&format!("it took {took:?}"));
        }
        if ![0, 6, 7].contains(&code) {
            fail(&format!("exit code {code}, as if a person had to act"));
        }
        if told.contains(TOKEN) {
            fail("it told the token");
        }
        let expected = if is_older { Expected::Nothing } else { Expected::Release(&build.0) };
        if code == 0 {
            self.network.settle();
            if let Some(problem) = self.problem(&before, &expected, &first, opens_late(&met)) {
                fail(&format!("told as done, but {problem}"));
            }
        } else {
            // What comes too late may meet the same command given again.
            self.network.begin(number, 0);
            let second = self.command(&build, TIMEOUT * 60).run();
            self.network.settle();
            if second.code != Some(0) {
                fail(&format!("the same command without faults ends with {:?}\n{}", second.code, shown(&second)));
            }
            if let Some(problem) = self.problem(&before, &expected, &second, opens_late(&met)) {
                fail(&format!("given again, {problem}\n{}", shown(&second)));
            }
        }
        if !is_older {
            self.older = self.newest.replace(build);
        }
        // A person merges some proposals, and leaves the others to be replaced.
        if matches!(self.way, Way::Proposed(_) | Way::Refused) && number.is_multiple_of(3) {
            self.merge_by_hand();
        }
        (code, met)
    }

    /// Makes a commit of the sources and its image. Returns the tag and the commit.
    fn build(&self, number: usize) -> (String, String) {
        let commit = self.sources.commit("main", "Change", &[File::new("number", number.to_string())]);
        let tag = format!("build-{number}");
        self.registry.put_image("org/web", &tag, &Image::new());
        (tag, commit)
    }

    fn command(&self, (tag, commit): &(String, String), timeout: Duration) -> Command {
        let kind = match self.forge.kind() {
            Kind::GitHub => "github",
            Kind::GitLab => "gitlab",
            Kind::Gitea => "gitea",
            Kind::Bitbucket => "bitbucket",
            Kind::Azure => "azure",
        };
        let way: &[&str] = match self.way {
            Way::Push => &[],
            Way::Signed => &["--sign=forge"],
            Way::Proposed(_) => &["--pull-request"],
            Way::Merged(_) => &["--pull-request", "--auto-merge=squash"],
            Way::Refused => &["--on-refused=pull-request"],
        };
        let release = tagship().home(&self.home).args(["release", "--repo", &self.url, "--branch=main", "-k=app"]);
        let release = release.args(["--output=json", "--forge", kind]).args(way.iter().copied());
        let release = release.arg(format!("--timeout={}s", timeout.as_secs()));
        release
            .arg(format!("web={}/org/web:{tag}", self.registry_address))
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_SERVER_URL", format!("http://{}", self.sources_address))
            .env("GITHUB_REPOSITORY", "app")
            .env("GITHUB_SHA", commit)
    }

    /// Returns what is wrong with what a release that was told as done has left. A request that `opens_late` may be left open: the
    /// forge opened it after the same command, given again, had opened and merged another one. The next release takes it over.
    fn problem(&self, before: &str, expected: &Expected<'_>, output: &Output, opens_late: bool) -> Option<String> {
        let outcome = serde_json::from_slice::<Value>(&output.stdout).unwrap_or_default()["outcome"].clone();
        let commits = self.remote.number_of_commits(&format!("{before}..main"));
        let Expected::Release(tag) = expected else {
            // What a person has merged may be the older build, and then it is there already.
            return (!["superseded", "unchanged"].contains(&outcome.as_str().unwrap_or_default()) || commits != 0)
                .then(|| format!("an older build is {outcome}, with {commits} commits"));
        };
        let store = self.forge.store();
        let (open, place) = match self.way {
            Way::Push | Way::Signed | Way::Merged(_) if commits != 1 => {
                return Some(format!("there are {commits} commits for one release"));
            }
            Way::Push | Way::Signed | Way::Merged(_) => (0, "main".to_owned()),
            Way::Proposed(_) | Way::Refused if commits != 0 => return Some("main has moved".to_owned()),
            Way::Proposed(_) | Way::Refused => {
                let head = store.open_requests().first().map(|request| request.head.clone());
                (1, head.unwrap_or_default())
            }
        };
        let is_left = |request: &Request| opens_late && request.title.ends_with(&format!(":{tag}"));
        let left = matches!(store.open_requests()[..], [request] if open == 0 && is_left(request));
        if store.open_requests().len() != open && !left {
            return Some(format!("there are {} open requests: {:#?}", store.open_requests().len(), store.requests));
        }
        if open == 1 && !store.open_requests()[0].title.ends_with(&format!(":{tag}")) {
            return Some(format!("the request is of another release: {:#?}", store.open_requests()));
        }
        if open == 1 && self.remote.number_of_commits(&format!("main..{place}")) != 1 {
            return Some("the head branch has not one commit".to_owned());
        }
        let text = String::from_utf8(self.remote.file(&place, FILE)).unwrap();
        (!text.contains(&format!("newTag: {tag}\n"))).then(|| format!("`{place}` has\n{text}"))
    }

    fn merge_by_hand(&self) {
        let mut store = self.forge.store();
        let open = store.open_requests().first().map(|request| (request.number, request.head.clone()));
        if let Some((number, head)) = open {
            let message = self.remote.log(&head)[0].message.clone();
            store.merge(number, &Armed { merging: Merging::Squash, message }).unwrap();
        }
    }
}

/// What a release must leave.
enum Expected<'a> {
    /// Exactly one commit with this tag, on the branch or proposed.
    Release(&'a str),
    /// Nothing: the build is older than what is released.
    Nothing,
}

/// Returns whether the forge opened a request after the time limit of the program.
fn opens_late(met: &[(Fault, String)]) -> bool {
    let opens = |message: &str| {
        let path = message.strip_prefix("forge: POST ").and_then(|target| target.split('?').next());
        path.is_some_and(|path| ["/pulls", "/pullrequests", "/merge_requests"].iter().any(|end| path.ends_with(end)))
    };
    met.iter().any(|(fault, message)| *fault == Fault::TooLate && opens(message))
}

fn shown(output: &Output) -> String {
    format!("{}{}", output.stdout(), output.stderr())
}
