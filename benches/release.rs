//! What a release costs in requests and bytes, against `git clone --depth 1`, commit and push, on growing repositories:
//! `cargo bench --bench release [-- FILES[/IN_A_FOLDER]…]`. Requests and bytes are exact. Times are on loopback, without and with 50 ms of
//! latency a request: the middle of five runs of ours, and one run of git's. One line of a repository is a release over git's
//! TLS beside a check of three requests (a refusal, a token, the image), where both servers have the latency.
//! Then what a commit in a checkout of these files costs, which reads and writes their index.
#![allow(clippy::print_stdout, reason = "it prints a table")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use support::certificate::Certificate;
use support::command::{Command, Home};
use support::git_server::{Access, GitServer};
use support::login::Login;
use support::long_line::LongLine;
use support::registry::{ALWAYS, Auth, Fault, Image, Registry};
use support::repository::{Checkout, Remote};

const FOLDER: &str = "clusters/07/apps/0000";
const LATENCY: Duration = Duration::from_millis(50);
const RUNS: usize = 5;

fn main() {
    println!("{:<28}{:<52}{:>8}{:>12}", "way", "what it read and wrote", "time", "at 50 ms");
    let mut shapes: Vec<Shape> = std::env::args().filter_map(|argument| Shape::read(&argument)).collect();
    if shapes.is_empty() {
        shapes = [(100, 1), (10_000, 1), (100_000, 4), (100_000, 1)]
            .map(|(files, a_folder)| Shape { files, a_folder })
            .into();
    }
    for Shape { files, a_folder } in shapes {
        println!("{files} files, {a_folder} in a folder:");
        let remote = Remote::create("gitops");
        remote.fill_folders(files / a_folder, a_folder - 1, 20);
        remote.configure("uploadpackfilter.blob:limit.allow", "true");
        let server = GitServer::start(remote.folder(), Access::Open);
        server.use_http_backend();
        let url = server.url("gitops.git");
        // An entry's first release reads what was there before. From the third on, what changed since the last but one is asked
        // for, so that a long path costs no more.
        for tag in ["v98", "v99"] {
            with_tagship(&server, &url, tag);
        }
        let mut tags = (100..).map(|number| format!("v{number}"));
        let mut measure = |way: &str, runs: usize, release: fn(&GitServer, &str, &str) -> String| {
            let mut release = || release(&server, &url, &tags.next().unwrap_or_default());
            let (cost, time) = middle_of(runs, &mut release);
            server.set_latency(LATENCY);
            let (_, late) = middle_of(runs, &mut release);
            server.set_latency(Duration::ZERO);
            println!("{way:<28}{cost:<52}{time:>5} ms{late:>9} ms");
        };
        measure("tagship", RUNS, with_tagship);
        on_a_long_line(&server);
        over_tls(&remote);
        // At the end, because what was released last is not told by its commits.
        measure("git", 1, with_git);
        let checkout = Checkout::shallow(&remote.file_url());
        let mut tags = (1..).map(|number| format!("v{number}"));
        let (peak, time) = middle_of(RUNS, || in_a_checkout(&checkout, &tags.next().unwrap_or_default()));
        println!("{:<28}{peak:<52}{time:>5} ms", "a checkout that follows");
    }
}

/// How many files a repository has. A folder of few files is the dearest, because git reads each folder.
struct Shape {
    files: usize,
    a_folder: usize,
}

impl Shape {
    /// Reads `FILES` or `FILES/IN_A_FOLDER`.
    fn read(argument: &str) -> Option<Self> {
        let (files, a_folder) = argument.split_once('/').unwrap_or((argument, "1"));
        Some(Self { files: files.parse().ok()?, a_folder: a_folder.parse().ok().filter(|count| *count > 0)? })
    }
}

/// Measures what leaves the server of its answers: more than what is read of the one that is left.
fn on_a_long_line(server: &GitServer) {
    for delay in [10, 40].map(Duration::from_millis) {
        let line = LongLine::start(server.address().parse().expect("an address"), delay);
        let url = format!("http://{}/gitops.git", line.address());
        let (read, time) = middle_of(1, || with_tagship(server, &url, &format!("v3{}", delay.as_millis())));
        let way = format!("a line of {} ms", 2 * delay.as_millis());
        println!("{way:<28}{read:<52}{time:>5} ms; {} bytes left the server", line.take_down());
    }
}

/// Measures a release over TLS beside a check that needs three requests; without openssl, nothing.
fn over_tls(remote: &Remote) {
    let Some(certificate) = Certificate::issue("IP:127.0.0.1") else { return };
    let server = GitServer::start_tls(remote.folder(), Access::Open, &certificate);
    server.use_http_backend();
    let login = Login::new("releaser", "s3cret");
    let registry = Registry::start(Auth::Bearer(login.clone()));
    let authority = certificate.authority().display().to_string();
    let mut tags = (200..).map(|number| format!("v{number}"));
    let mut release = || {
        let tag = tags.next().unwrap_or_default();
        registry.put_image("app", &tag, &Image::new());
        let url = server.url("gitops.git");
        let release = Command::tagship(env!("CARGO_BIN_EXE_tagship")).env("GIT_SSL_CAINFO", &authority);
        let release = release.env("TAGSHIP_REGISTRY_HOST", registry.address());
        let release = release.env("TAGSHIP_REGISTRY_USERNAME", &login.user);
        let release = release.env("TAGSHIP_REGISTRY_PASSWORD", &login.password);
        let release =
            release.args(["release", "-v", "--branch", "main", "--repo", &url, "-k", FOLDER]).args(["--order", "none"]);
        let output = release.arg(format!("app={}/app:{tag}", registry.address())).run().success().stdout();
        cost(&output)
    };
    let (cost, time) = middle_of(RUNS, &mut release);
    server.set_latency(LATENCY);
    registry.inject("/", ALWAYS, Fault::Delay(LATENCY));
    registry.requests();
    let (_, late) = middle_of(RUNS, &mut release);
    let way = format!("TLS and {} checks", registry.requests().len() / RUNS);
    println!("{way:<28}{cost:<52}{time:>5} ms{late:>9} ms");
}

/// Returns what the last of so many runs cost, and the time in milliseconds of the middle one.
fn middle_of(runs: usize, mut work: impl FnMut() -> String) -> (String, u128) {
    let mut cost = String::new();
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let begun = Instant::now();
            cost = work();
            begun.elapsed()
        })
        .collect();
    times.sort();
    (cost, times[runs / 2].as_millis())
}

/// Returns what the program says that it cost: of an answer that it leaves, what it read.
fn with_tagship(_: &GitServer, url: &str, tag: &str) -> String {
    let release = Command::tagship(env!("CARGO_BIN_EXE_tagship"));
    let release = release.args(["release", "--no-check", "-v", "--branch", "main", "--repo", url, "-k", FOLDER]);
    let output = release.arg(format!("app=*:{tag}")).run().success().stdout();
    cost(&output)
}

fn cost(output: &str) -> String {
    let cost = output.rsplit_once('(').and_then(|(_, rest)| rest.rsplit_once(", ")).map(|(cost, _)| cost);
    cost.expect("the push says what it cost").to_owned()
}

/// Returns the most memory that a commit took, which the checkout follows and which is not pushed.
fn in_a_checkout(checkout: &Checkout, tag: &str) -> String {
    let commit = Command::tagship(env!("CARGO_BIN_EXE_tagship")).current_dir(checkout.path());
    let commit = commit.args(["release", "--no-check", "--no-push", "-k", FOLDER]).arg(format!("app=*:{tag}"));
    let (output, peak) = commit.start().finish_with_peak();
    output.success();
    format!("{} kB at most", peak / 1000)
}

/// Returns what the server counts.
fn with_git(server: &GitServer, url: &str, tag: &str) -> String {
    let home = Home::new();
    let git = |arguments: &[&str]| {
        let git = Command::git().current_dir(home.path()).limit(Duration::from_secs(300));
        git.args(arguments.iter().copied()).run().success();
    };
    server.requests();
    git(&["clone", "--quiet", "--depth=1", url, "clone"]);
    let file = format!("clone/{FOLDER}/kustomization.yaml");
    let edit = format!("s/newTag: .*/newTag: {tag}/");
    Command::new("sed").current_dir(home.path()).args(["-i", &edit, &file]).run().success();
    git(&["-C", "clone", "commit", "--quiet", "--all", "--message=Release"]);
    git(&["-C", "clone", "push", "--quiet"]);
    let requests = server.requests();
    let up: usize = requests.iter().map(|request| request.logged.received).sum();
    let down: usize = requests.iter().map(|request| request.logged.sent).sum();
    format!("{} requests, {up} bytes up, {down} bytes down", requests.len())
}
