//! Which login the remote gets, where that comes from, and that no other server gets it.

use super::{checkout_without_login, login, release_in, serve};
use crate::stage::{FILE, Stage};
use crate::support::command::{Command, write_script};
use crate::support::git_server::{ALWAYS, Access, Fault, GitServer};
use crate::support::http::Response;
use crate::support::login::Login;
use crate::support::registry::Image;
use crate::support::repository::Remote;

#[test]
fn over_http_with_a_login_in_the_url() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let url = server.url_with(&login(), "gitops.git");
    let output = stage.release_to(&url).arg("-v").arg(stage.argument()).run().success();
    output.says_nowhere(&login().password).stdout_has(&format!("{}/gitops  main", server.address()));
    assert_eq!(stage.remote.file("main", FILE), stage.released().as_bytes());
}

#[test]
fn a_wrong_login_or_none() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let run = |url: &str| stage.release_to(url).arg(stage.argument()).run();
    run(&server.url("gitops.git")).exit(5).stderr_has("requires a login, and none was found");
    let wrong = Login::new("x-access-token", "wr0ng-s3cret");
    run(&server.url_with(&wrong, "gitops.git"))
        .exit(5)
        .stderr_has("does not accept the login")
        .says_nowhere(&wrong.password);
    stage.untouched();
}

/// Some servers take a cookie for a login.
#[test]
fn a_setting_for_logins_that_is_not_read_is_named() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let config = stage.home.write("gitconfig", "[http]\ncookieFile = ~/.gitcookies\n");
    let release = stage.release_to(&server.url("gitops.git")).env("GIT_CONFIG_GLOBAL", config).arg(stage.argument());
    let output = release.run().exit(5).stderr_has("requires a login, and none was found");
    output.stderr_has("git's `http.cookieFile` is not read");
}

/// No token is wrong there.
#[test]
fn a_server_that_takes_no_login_of_ours() {
    for (challenges, told) in [
        (&["Negotiate"][..], Some("`Negotiate`")),
        (&["Negotiate", "NTLM"], Some("`Negotiate` and `NTLM`")),
        (&["Negotiate, NTLM"], Some("`Negotiate` and `NTLM`")),
        (&["Digest realm=\"a, b\", nonce=\"n\""], Some("`Digest`")),
        (&["Negotiate", "Basic realm=\"git\""], None),
        (&["NTLM, basic realm=\"git\""], None),
        (&["Bearer realm=\"git\""], None),
        (&[], None),
    ] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Open);
        let refusal = Response::text(401, "no");
        let refusal = challenges.iter().fold(refusal, |refusal, value| refusal.header("WWW-Authenticate", value));
        server.inject("GET", ALWAYS, Fault::Answer(refusal));
        for url in [server.url("gitops.git"), server.url_with(&login(), "gitops.git")] {
            let output = stage.release_to(&url).arg(stage.argument()).run().exit(5);
            let words = "takes a login only by ";
            match told {
                Some(told) => drop(output.stderr_has(&format!("{words}{told}, which is not supported\n"))),
                None => assert!(!output.stderr().contains(words), "{}", output.stderr()),
            }
        }
    }
}

#[test]
fn who_may_read_and_not_write() {
    let stage = Stage::new();
    let server = serve(&stage, Access::LoginToPush(login()));
    let run = |url: &str| stage.release_to(url).arg(stage.argument()).run();
    run(&server.url("gitops.git")).exit(5).stderr_has("requires a login, and none was found");
    let server = serve(&stage, Access::PushForbidden(login(), "Write access to repository not granted.".to_owned()));
    run(&server.url_with(&login(), "gitops.git"))
        .exit(5)
        .stderr_has("takes no push with the login from the URL")
        .stderr_has("403 Forbidden: Write access to repository not granted.")
        .stderr_has("in a job of GitHub, `permissions: contents: write`");
    stage.untouched();
}

#[test]
fn a_user_in_the_url_asks_the_helpers() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let checkout = checkout_without_login(&stage, &server);
    let url = server.url("gitops.git").replace("http://", &format!("http://{}@", login().user));
    checkout.git(["remote", "set-url", "origin", &url]).run().success();
    checkout.git(["config", "credential.helper", &helper(&stage, &login().password)]).run().success();
    release_in(&checkout, &stage.home, &stage).run().success();
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

#[test]
fn no_part_of_a_url_that_may_be_secret_is_shown() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let login = Login::new("u", "s3cret");
    server.redirect("/old.git", "http://u:s3cret@127.0.0.1:1/other?token=s3cret");
    for url in [
        server.url_with(&login, "old.git"),
        "https://h:99999/x?private_token=s3cret".to_owned(),
        "x-access-token:s3cret@github.example/o/r.git".to_owned(),
        "s3cret@github.example/o/r.git".to_owned(),
        "https:/u:s3cret@github.example/o/r.git".to_owned(),
        "https//u:s3cret@github.example/o/r.git".to_owned(),
        "//u:s3cret@github.example/o/r.git".to_owned(),
        "file://u:s3cret@h/tmp".to_owned(),
        "https://127.0.0.1:1/x?token=s3cret#s3cret".to_owned(),
    ] {
        let output = stage.release_to(&url).arg(stage.argument()).run().says_nowhere("s3cret");
        assert_ne!(output.code, Some(0), "{url}");
    }
}

#[test]
fn a_credential_helper_is_asked_and_told() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let checkout = checkout_without_login(&stage, &server);
    checkout.git(["config", "credential.helper", &helper(&stage, &login().password)]).run().success();
    release_in(&checkout, &stage.home, &stage).run().success().says_nowhere(&login().password);
    assert_eq!(stage.remote.number_of_commits("main"), 2);
    let log = helper_log(&stage);
    assert!(log.starts_with("get\nstore\n") && log.contains("username=x-access-token"), "{log}");
    let anonymous = server.requests().iter().filter(|request| request.logged.status == Some(401)).count();
    assert_eq!(anonymous, 1, "the login is kept for the whole release");
}

#[test]
fn a_helper_with_a_wrong_login_forgets_it() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let checkout = checkout_without_login(&stage, &server);
    checkout.git(["config", "credential.helper", &helper(&stage, "wr0ng")]).run().success();
    let output = release_in(&checkout, &stage.home, &stage).run().exit(5);
    output.stderr_has("does not accept the login").says_nowhere("wr0ng");
    assert!(helper_log(&stage).starts_with("get\nerase\n"), "{}", helper_log(&stage));
    stage.untouched();
}

/// The users' own configuration counts without a checkout too.
#[test]
fn the_users_configuration_counts_without_a_checkout() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let helper = helper(&stage, &login().password);
    let config = format!("[credential]\n\thelper = {helper}\n[url \"{}\"]\n\tinsteadOf = config:\n", server.url(""));
    let config = stage.home.write("gitconfig", &config);
    stage.release_to("config:gitops.git").env("GIT_CONFIG_GLOBAL", config).arg(stage.argument()).run().success();
    assert_eq!(stage.remote.number_of_commits("main"), 2);
    let release = stage.release_to("config:gitops.git").env("GIT_CONFIG_COUNT", "2").arg(stage.argument());
    let release = release.env("GIT_CONFIG_KEY_0", "credential.helper").env("GIT_CONFIG_VALUE_0", helper);
    let rewritten = format!("url.{}.insteadOf", server.url(""));
    let release = release.env("GIT_CONFIG_KEY_1", rewritten).env("GIT_CONFIG_VALUE_1", "config:");
    release.run().success().stdout_has("unchanged: ");
}

/// The sources of logins, in the order in which they count. Each has a login of its own.
const SOURCES: [&str; 8] = ["typed", "variable", "configured", "header", "netrc", "ci", "helper", "askpass"];

/// Returns a dry run with a login from each of these sources.
fn with_sources(stage: &Stage, server: &GitServer, sources: &[&str]) -> Command {
    let has = |source: &str| sources.contains(&source);
    let (url, password) = (server.url(""), "s3cret");
    let mut config = String::new();
    if has("configured") {
        let with_login = server.url_with(&Login::new("configured", password), "");
        config += &format!("[url \"{with_login}\"]\n\tinsteadOf = {url}\n");
    }
    if has("header") {
        let login = Login::new("header", password).encoded();
        config += &format!("[http \"{url}\"]\n\textraHeader = AUTHORIZATION: basic {login}\n");
    }
    if has("helper") {
        let answer = format!("!f() {{ echo username=helper; echo password={password}; }}; f");
        config += &format!("[credential]\n\thelper = \"{answer}\"\n");
    }
    let netrc = format!("machine 127.0.0.1 login netrc password {password}\n");
    stage.home.write(".netrc", if has("netrc") { &netrc } else { "" });
    let askpass = stage.home.path().join("askpass");
    write_script(&askpass, &format!("#!/bin/sh\ncase $1 in User*) echo askpass;; *) echo {password};; esac\n"));
    let typed = if has("typed") { server.url_with(&Login::new("typed", password), "") } else { url.clone() };
    let config = stage.home.write("gitconfig", &config);
    let mut release = stage.release_to(&format!("{typed}gitops.git")).env("GIT_CONFIG_GLOBAL", config);
    if has("variable") {
        release = release.env("TAGSHIP_GIT_TOKEN", password).env("TAGSHIP_GIT_USERNAME", "variable");
    }
    if has("ci") {
        release = release.env("CI_SERVER_URL", &url).env("CI_JOB_TOKEN", password);
    }
    if has("askpass") {
        release = release.env("CI", "true").env("GIT_ASKPASS", askpass);
    }
    release.args(["--no-check", "--dry-run", "IMAGE_PLACEHOLDER=*:v2"])
}

/// Each source against the next one, and all of those that may come with it: the first has a good login, and no other is shown.
#[test]
fn the_order_of_logins() {
    for (index, source) in SOURCES.iter().enumerate() {
        let user = if *source == "ci" { "gitlab-ci-token" } else { source };
        let stage = Stage::new();
        let server = serve(&stage, Access::Login(Login::new(user, "s3cret")));
        let next = SOURCES.get(index + 1).copied();
        for sources in [[Some(*source), next].into_iter().flatten().collect(), SOURCES[index..].to_vec()] {
            with_sources(&stage, &server, &sources).run().success().says_nowhere("s3cret");
            let requests = server.requests();
            let mut shown = requests.iter().filter_map(|request| request.logged.authorization_value());
            let good = Login::new(user, "s3cret").encoded();
            assert!(shown.all(|value| value.contains(&good)), "{sources:?}: another login was shown");
        }
    }
}

/// A server may guard the push itself and nothing before it.
#[test]
fn a_login_that_is_wanted_for_the_push_alone() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let refusal = Response::text(401, "log in").header("WWW-Authenticate", "Basic realm=\"git\"");
    server.inject("POST /gitops.git/git-receive-pack", 1, Fault::Answer(refusal));
    let config = format!("[credential]\nhelper = {}\n", helper(&stage, &login().password));
    let config = stage.home.write("gitconfig", &config);
    let release = stage.release_to(&server.url("gitops.git")).env("GIT_CONFIG_GLOBAL", config).arg(stage.argument());
    release.run().success();
    assert!(helper_log(&stage).starts_with("get\nstore\n"), "{}", helper_log(&stage));
    let pushes: Vec<_> = server
        .requests()
        .into_iter()
        .filter(|request| request.logged.line().contains("POST /gitops.git/git-receive"))
        .collect();
    assert_eq!(pushes.len(), 2);
    assert!(pushes[1].logged.authorization_value().is_some());
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

/// What a runner wrote into a checkout's URL is not what the user gave.
#[test]
fn a_token_that_was_given_beats_the_url_of_a_checkout() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let checkout = checkout_without_login(&stage, &server);
    let job = server.url_with(&Login::new("gitlab-ci-token", "j0b"), "gitops.git");
    checkout.git(["remote", "set-url", "origin", &job]).run().success();
    let refused = release_in(&checkout, &stage.home, &stage).run().exit(5);
    refused.stderr_has("does not accept the login from the URL in git's configuration").says_nowhere("j0b");
    let release = release_in(&checkout, &stage.home, &stage).env("TAGSHIP_GIT_TOKEN", login().password);
    release.run().success();
    assert_eq!(stage.remote.number_of_commits("main"), 2);
}

/// Each refusal says which login was shown.
#[test]
fn a_refused_login_is_named_by_its_source() {
    for (source, name) in [
        ("typed", "the URL"),
        ("variable", "`TAGSHIP_GIT_TOKEN`"),
        ("configured", "the URL in git's configuration"),
        ("header", "git's `http.extraHeader`"),
        ("netrc", "`.netrc`"),
        ("ci", "`CI_JOB_TOKEN`"),
        ("helper", "git's credential helper"),
        ("askpass", "the program of `GIT_ASKPASS`"),
    ] {
        let stage = Stage::new();
        let wrong = serve(&stage, Access::Login(login()));
        let output = with_sources(&stage, &wrong, &[source]).run().exit(5).says_nowhere("s3cret");
        output.stderr_has(&format!("does not accept the login from {name}\n"));
        for status in [403, 404, 410] {
            let refusing = serve(&stage, Access::Open);
            refusing.inject("GET", ALWAYS, Fault::Answer(Response::text(status, "no")));
            let expected = match source {
                // They are asked if a login is wanted.
                "helper" | "askpass" => "no login was sent".to_owned(),
                _ => format!("is not there, or the login from {name} may not use it"),
            };
            with_sources(&stage, &refusing, &[source]).run().exit(5).stderr_has(&expected);
        }
    }
}

/// A login that no person gave for this run may be out of date. The places after it are tried, as git tries its helpers.
#[test]
fn a_login_of_netrc_that_is_refused_is_not_the_last() {
    for next in ["ci", "helper", "askpass"] {
        let user = if next == "ci" { "gitlab-ci-token" } else { next };
        for sources in [&["netrc", next][..], &["netrc", "ci", next]] {
            let stage = Stage::new();
            let server = serve(&stage, Access::Login(Login::new(user, "s3cret")));
            with_sources(&stage, &server, sources).run().success().says_nowhere("s3cret");
        }
    }
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let output = with_sources(&stage, &server, &["netrc", "ci", "helper"]).run().exit(5);
    output.stderr_has("does not accept the login from git's credential helper\n");
    let config = stage.home.write("gitconfig", "[credential]\nhelper = \"!echo >&2 the vault is sealed; exit 1\"\n");
    stage.home.write(".netrc", "machine 127.0.0.1 login netrc password s3cret\n");
    let release = stage.release_to(&server.url("gitops.git")).env("GIT_CONFIG_GLOBAL", config);
    let output = release.arg(stage.argument()).run().exit(5);
    output.stderr_has("does not accept the login from `.netrc`\n").stderr_has("the vault is sealed");
    stage.untouched();
}

/// What a person gave for this run is meant: no other login goes out in its place.
#[test]
fn a_login_that_was_given_is_the_last() {
    for given in ["typed", "variable", "configured", "header"] {
        let stage = Stage::new();
        let server = serve(&stage, Access::Login(Login::new("netrc", "s3cret")));
        with_sources(&stage, &server, &[given, "netrc", "ci", "helper"]).run().exit(5).says_nowhere("s3cret");
    }
}

/// A server that guards the push alone gets the login of `.netrc` all along.
#[test]
fn a_login_of_netrc_that_is_refused_for_the_push_alone() {
    for access in [Access::Open, Access::LoginToPush(login())] {
        let stage = Stage::new();
        let is_open = matches!(access, Access::Open);
        let server = serve(&stage, access);
        if is_open {
            let refusal = Response::text(401, "log in").header("WWW-Authenticate", "Basic realm=\"git\"");
            server.inject("POST /gitops.git/git-receive-pack", 1, Fault::Answer(refusal));
        }
        let config = format!("[credential]\nhelper = {}\n", helper(&stage, &login().password));
        let config = stage.home.write("gitconfig", &config);
        stage.home.write(".netrc", "machine 127.0.0.1 login netrc password stale\n");
        let release = stage.release_to(&server.url("gitops.git")).env("GIT_CONFIG_GLOBAL", config);
        release.arg(stage.argument()).run().success();
        assert!(helper_log(&stage).starts_with("get\nstore\n"), "{}", helper_log(&stage));
        let requests = server.requests();
        let mut pushes =
            requests.iter().filter(|request| request.logged.line().contains("POST /gitops.git/git-receive"));
        let last = pushes.next_back().and_then(|request| request.logged.authorization_value()).unwrap_or_default();
        assert!(last.contains(&login().encoded()), "{last}");
        assert_eq!(stage.remote.number_of_commits("main"), 2);
    }
}

/// The user in the URL says which of several logins for one host is meant.
#[test]
fn the_user_in_the_url_chooses_the_login_of_netrc() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(Login::new("bot", "b0t-s3cret")));
    let url = server.url("gitops.git").replace("http://", "http://bot@");
    let netrc = "machine 127.0.0.1 login alice password al1ce\nmachine 127.0.0.1 login bot password b0t-s3cret\n";
    stage.home.write(".netrc", netrc);
    stage.release_to(&url).arg(stage.argument()).run().success();
    let requests = server.requests();
    let alice = Login::new("alice", "al1ce").encoded();
    let mut shown = requests.iter().filter_map(|request| request.logged.authorization_value());
    assert!(!shown.any(|value| value.contains(&alice)), "the login of another user was shown");
    stage.home.write(".netrc", "machine 127.0.0.1 login alice password al1ce\n");
    stage.release_to(&url).arg(stage.argument()).run().exit(5);
    let requests = server.requests();
    let mut shown = requests.iter().filter_map(|request| request.logged.authorization_value());
    assert!(!shown.any(|value| value.contains(&alice)), "the login of another user was shown");
}

#[test]
fn white_space_is_no_part_of_a_token() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let url = server.url("gitops.git");
    let release = || stage.release_to(&url).args(["--no-check", "--dry-run", "IMAGE_PLACEHOLDER=*:v2"]);
    for token in [format!("{}\n", login().password), format!(" {}\r\n", login().password)] {
        release().env("TAGSHIP_GIT_TOKEN", &token).run().success();
        release().env("GITHUB_SERVER_URL", server.url("")).env("GITHUB_TOKEN", &token).run().success();
    }
    release().env("TAGSHIP_GIT_TOKEN", " \n").run().exit(5).stderr_has("none was found");
}

#[test]
fn logins_from_the_environment() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Login(login()));
    let url = server.url("gitops.git");
    let release = || stage.release_to(&url).args(["--no-check", "--dry-run", "IMAGE_PLACEHOLDER=*:v2"]);
    let token = login().password;
    release().env("TAGSHIP_GIT_TOKEN", &token).run().success();
    release().env("TAGSHIP_GIT_TOKEN", "wr0ng").run().exit(5);
    release().env("TAGSHIP_GIT_USERNAME", "x").env("TAGSHIP_GIT_TOKEN", &token).run().exit(5);
    let own = server.url("");
    release().env("GITHUB_SERVER_URL", &own).env("GITHUB_TOKEN", &token).run().success();
    let netrc = format!("machine 127.0.0.1 login {} password {token}\n", login().user);
    stage.home.write(".netrc", &netrc);
    release().run().success();
}

/// Another server, which has the sources, may be asked which build is newer. The login is for the server of the branch.
#[test]
fn the_login_does_not_go_to_the_sources() {
    let stage = Stage::new();
    let sources = Remote::create("app");
    let old = sources.commit("main", "Old", &[]);
    let new = sources.commit("main", "New", &[]);
    let configuration = serve(&stage, Access::Login(login()));
    let elsewhere = GitServer::start(sources.folder(), Access::Open);
    for (tag, commit) in [("build-a", &old), ("build-b", &new)] {
        stage.registry.put_image("org/web", tag, &Image::new());
        let release = stage.release_to(&configuration.url("gitops.git")).env("TAGSHIP_GIT_TOKEN", login().password);
        let release = release.env("GITHUB_ACTIONS", "true").env("GITHUB_SHA", commit).env("GITHUB_REPOSITORY", "app");
        let release = release.env("GITHUB_SERVER_URL", elsewhere.url("").trim_end_matches('/'));
        release.arg(format!("IMAGE_PLACEHOLDER={}/org/web:{tag}", stage.registry.address())).run().success();
    }
    let requests = elsewhere.requests();
    assert!(!requests.is_empty(), "no request asked which build is newer");
    assert!(requests.iter().all(|request| request.logged.authorization_value().is_none()), "the login went along");
}

/// The CI system's token is for its own server, whatever repository is released to.
#[test]
fn the_cis_token_goes_to_no_other_server() {
    let stage = Stage::new();
    let server = serve(&stage, Access::Open);
    let release = stage.release_to(&server.url("gitops.git")).arg(stage.argument());
    let release = release.env("GITHUB_SERVER_URL", "https://github.example").env("GITHUB_TOKEN", "s3cret");
    let release = release.env("CI_SERVER_URL", "http://127.0.0.1:1").env("CI_JOB_TOKEN", "s3cret");
    // The same name and port with TLS is another server: a token that is for it must not go about in clear text.
    let secure = server.url("").replace("http://", "https://");
    let release = release.env("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", secure).env("SYSTEM_ACCESSTOKEN", "s3cret");
    release.env("TF_BUILD", "True").run().success();
    assert!(server.requests().iter().all(|request| request.logged.authorization_value().is_none()));
}

/// The helper writes down what it is asked and told; it knows this password.
fn helper(stage: &Stage, password: &str) -> String {
    let path = stage.home.path().join("helper");
    let log = stage.home.path().join("helper.log");
    write_script(
        &path,
        &format!(
            "#!/bin/sh\necho \"$1\" >>'{log}'\n[ \"$1\" = get ] || exec cat >>'{log}'\n\
             cat >/dev/null\necho username={user}\necho password={password}\n",
            log = log.display(),
            user = login().user
        ),
    );
    path.display().to_string()
}

fn helper_log(stage: &Stage) -> String {
    std::fs::read_to_string(stage.home.path().join("helper.log")).unwrap_or_default()
}
