//! What a check of the registry costs in requests and time, for the whole process: `cargo bench --bench check`. Requests are
//! exact; times are the median of some runs on loopback, beside that of a process that does nothing.
#![allow(clippy::print_stdout, reason = "it prints a table")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use support::command::{Command, Home};
use support::login::Login;
use support::registry::{ALWAYS, Auth, Fault, Image, Registry};

const RUNS: usize = 25;
const IMAGES: usize = 20;
const COMMIT: &str = "fdafd7008d04c2a2286676b92a87fd85aa9b682a";

fn main() {
    println!("{:<44}{:>10}{:>12}", "check", "requests", "median");
    println!(
        "{:<44}{:>10}{:>9.1} ms",
        "(the process alone: --version)",
        0,
        milliseconds(median(|| time(&["--version"], &Home::new(), 0)))
    );
    let login = Login::new("ci", "s3cret");
    for (name, auth) in
        [("open", Auth::None), ("Basic", Auth::Basic(login.clone())), ("Bearer", Auth::Bearer(login.clone()))]
    {
        let registry = with_images(auth);
        let home = Home::new();
        let address = registry.address();
        let config = format!(r#"{{"auths":{{"{address}":{{"auth":"{}"}}}}}}"#, login.encoded());
        home.write(".docker/config.json", &config);
        let image = format!("{address}/team/app0:v1");
        let index = format!("{address}/team/index:v1");
        let all: Vec<_> = (0..IMAGES).map(|number| format!("{address}/team/app{number}:v1")).collect();
        let mut many: Vec<&str> = vec!["check"];
        many.extend(all.iter().map(String::as_str));
        let absent = format!("{address}/team/app0:v9");
        measure(&registry, &home, &format!("{name}: present"), &["check", &image], 0);
        measure(&registry, &home, &format!("{name}: absent"), &["check", &absent], 4);
        let platforms = ["check", "--platform", "linux/amd64,linux/arm64", &index];
        measure(&registry, &home, &format!("{name}: two platforms of an index"), &platforms, 0);
        let revision = ["check", "--expect-revision", COMMIT, &index];
        measure(&registry, &home, &format!("{name}: the revision of an index"), &revision, 0);
        measure(&registry, &home, &format!("{name}: {IMAGES} images in {IMAGES} repositories"), &many, 0);
        registry.inject("HEAD /v2/", ALWAYS, Fault::Delay(Duration::from_millis(50)));
        measure(&registry, &home, &format!("{name}: the same, 50 ms an answer"), &many, 0);
    }
}

fn with_images(auth: Auth) -> Registry {
    let registry = Registry::start(auth);
    for number in 0..IMAGES {
        registry.put_image(&format!("team/app{number}"), "v1", &Image::new());
    }
    registry.put_image("team/index", "v1", &Image::new().platforms(&["linux/amd64", "linux/arm64"]).revision(COMMIT));
    registry
}

fn measure(registry: &Registry, home: &Home, name: &str, arguments: &[&str], code: i32) {
    registry.requests();
    time(arguments, home, code);
    let requests = registry.requests().len();
    println!("{name:<44}{requests:>10}{:>9.1} ms", milliseconds(median(|| time(arguments, home, code))));
}

fn time(arguments: &[&str], home: &Home, code: i32) -> Duration {
    let tagship = Command::tagship(env!("CARGO_BIN_EXE_tagship")).home(home).args(arguments.iter().copied());
    let begun = Instant::now();
    tagship.run().exit(code);
    begun.elapsed()
}

fn median(run: impl Fn() -> Duration) -> Duration {
    let mut times: Vec<_> = (0..RUNS).map(|_| run()).collect();
    times.sort();
    times[RUNS / 2]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
