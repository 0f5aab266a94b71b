//! A merge that an earlier release armed, and that a later run does not mean: the forge must not merge by itself what a
//! person is to merge, or what was taken back or is held.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::pipeline::{document, tag_in};
use crate::stage::tagship;
use crate::support::command::{Command, Home};
use crate::support::forge::{ALWAYS, Armed, Fault, Forge, Kind, Merging, RequestState, Store, TOKEN};
use crate::support::http::Response;
use crate::support::repository::{File, Remote};

const THAT_MERGE: [(Kind, &str); 4] =
    [(Kind::GitHub, "github"), (Kind::GitLab, "gitlab"), (Kind::Gitea, "gitea"), (Kind::Azure, "azure")];

const STAGING: &str = "staging/kustomization.yaml";
const PRODUCTION: &str = "production/kustomization.yaml";

/// The branch that releases of `web` to production come from.
const HEAD: &str = "tagship/main/production-web";

const PROPOSE: [&str; 2] = ["--pull-request", "--auto-merge"];

/// What ends a merge that is armed, at GitHub.
const GRAPHQL: &str = "POST /api/graphql";

/// Each forge whose armed merges can be taken back, and the request that does it.
const DISARMING: [(Kind, &str, &str); 4] = [
    (Kind::GitHub, "github", GRAPHQL),
    (Kind::GitLab, "gitlab", "POST /api/v4/projects/org%2Fgitops/merge_requests/1/cancel"),
    (Kind::Gitea, "gitea", "DELETE /api/v1/repos/org/gitops/pulls/1/merge"),
    (Kind::Azure, "azure", "PATCH /org/project/_apis/git/repositories/gitops/pullrequests/1"),
];

/// Two environments at a forge where merges wait for checks. Production runs `v1.0.0`, by a release.
struct Environments {
    remote: Remote,
    forge: Forge,
    word: &'static str,
    home: Home,
}

impl Environments {
    fn new() -> Self {
        Self::at(Kind::GitHub, "github")
    }

    fn at(kind: Kind, word: &'static str) -> Self {
        let remote = Remote::create("gitops");
        let text = "images:\n- name: web\n  newName: ghcr.io/org/web\n  newTag: v0.9.0\n";
        remote.commit("main", "Add", &[File::new(STAGING, text), File::new(PRODUCTION, text)]);
        let forge = Forge::start(kind, &remote);
        forge.store().waits = true;
        let at = Self { remote, forge, word, home: Home::new() };
        at.run("release", &["-k", "staging", "-k", "production", "web=*:v1.0.0"]).run().success();
        at
    }

    fn run(&self, command: &str, arguments: &[&str]) -> Command {
        let shared = ["--branch", "main", "--forge", self.word, "--no-check", "--output", "json"];
        let run = tagship().home(&self.home).args([command, "--repo", &self.forge.url_with_token(TOKEN)]);
        run.args(shared).args(arguments.iter().copied())
    }

    fn release(&self, tag: &str, flags: &[&str]) -> Command {
        let image = format!("web=*:{tag}");
        self.run("release", &["-k", "production", &image]).args(flags.iter().copied())
    }

    fn promote(&self) -> Command {
        self.run("promote", &["--from", "staging", "--to", "production", "web"]).args(PROPOSE)
    }

    /// Proposes a tag, and lets the forge merge it once its checks pass. Forgets the calls until then.
    fn arm(&self, tag: &str) {
        self.release(tag, &PROPOSE).run().success();
        assert!(self.is_armed(), "{}", self.word);
        self.forge.calls();
    }

    fn is_armed(&self) -> bool {
        self.forge.store().requests[0].armed.is_some()
    }

    fn tag(&self, revision: &str) -> String {
        tag_in(self.remote.file(revision, PRODUCTION))
    }

    /// Returns what says, after each push, whether the request was armed when the push came.
    fn armed_at_each_push(&self) -> Arc<AtomicBool> {
        let was_armed = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&was_armed);
        let look = move |store: &mut Store| {
            seen.store(store.requests[0].armed.is_some(), Ordering::Relaxed);
        };
        self.forge.inject("POST /org/", ALWAYS, Fault::meanwhile(look));
        was_armed
    }

    /// Asserts that the request is left to a person, and that the run says so with its page.
    #[track_caller]
    fn assert_left_to_a_person(&self, document: &Value) {
        assert!(!self.is_armed(), "{document}");
        let notes = document["notes"].to_string();
        let told = "auto-merge of pull request #1 was turned off";
        assert!(notes.contains(told) && notes.contains("/1"), "{document}");
        let (runs, requests) = (self.tag("main"), self.forge.store().open_requests().len());
        assert_eq!(requests, 1, "it is never closed");
        self.forge.store().pass_checks();
        assert_eq!(self.tag("main"), runs);
    }
}

/// The forge would merge the new commit with the message of the earlier release.
#[test]
fn a_release_that_a_person_merges_takes_back_the_merge_of_an_earlier_one() {
    for (kind, word) in THAT_MERGE {
        let at = Environments::at(kind, word);
        at.arm("v1.1.0");
        let was_armed = at.armed_at_each_push();
        let newer = document(&at.release("v1.2.0", &["--pull-request"]).run().success());
        assert_eq!((&newer["outcome"], &newer["pull_request"]["operation"]), (&"proposed".into(), &"updated".into()));
        assert!(!was_armed.load(Ordering::Relaxed), "{kind:?}: before the head moves");
        let calls = at.forge.calls().len();
        assert_eq!(calls, 3, "{kind:?}: found, taken back, changed");
        assert_eq!(at.tag(HEAD), "v1.2.0");
        at.assert_left_to_a_person(&newer);
    }
}

/// What ends between the push and the new merge leaves nothing armed with the message of the earlier release.
#[test]
fn a_release_that_arms_the_request_anew_takes_back_the_earlier_merge_first() {
    // What arms the merge, and how many requests of that line come before.
    for ((kind, word), (arming, before)) in THAT_MERGE.into_iter().zip([
        (GRAPHQL, 1),
        ("PUT /api/v4/projects/org%2Fgitops/merge_requests/1/merge", 0),
        ("POST /api/v1/repos/org/gitops/pulls/1/merge", 0),
        ("PATCH /org/project/_apis/git/repositories/gitops/pullrequests/1", 2),
    ]) {
        for is_refused in [false, true] {
            let at = Environments::at(kind, word);
            at.arm("v1.1.0");
            let was_armed = at.armed_at_each_push();
            if is_refused {
                for _ in 0..before {
                    at.forge.inject(arming, 1, Fault::meanwhile(|_| {}));
                }
                let refusal = Response::json(403, &json!({ "message": "No permission to merge" }));
                at.forge.inject(arming, ALWAYS, Fault::Answer(refusal));
            }
            let newer = document(&at.release("v1.2.0", &PROPOSE).run().exit(if is_refused { 5 } else { 0 }));
            assert!(!was_armed.load(Ordering::Relaxed), "{kind:?}: before the head moves");
            assert_eq!(at.tag(HEAD), "v1.2.0");
            let armed = at.forge.store().requests[0].armed.clone().map(|armed| armed.message);
            assert_eq!(armed.is_some(), !is_refused, "{kind:?}: {newer}");
            assert!(armed.is_none_or(|message| message.contains("v1.2.0")), "{kind:?}: {newer}");
        }
    }
}

/// A page of something before the forge, such as one to sign in at.
#[test]
fn an_answer_of_another_server_takes_nothing_back() {
    for (kind, word, line) in DISARMING {
        let at = Environments::at(kind, word);
        at.arm("v1.1.0");
        at.forge.inject(line, ALWAYS, Fault::Answer(Response::text(200, "<html>Sign in")));
        let error = document(&at.release("v1.2.0", &["--pull-request"]).run().exit(3))["error"].clone();
        assert!(error["details"].to_string().contains("nothing was pushed"), "{kind:?}: {error}");
        assert_eq!((at.tag(HEAD).as_str(), at.is_armed()), ("v1.1.0", true), "{kind:?}");
    }
}

#[test]
fn a_rollback_that_a_person_merges_takes_back_the_merge_of_what_it_replaces() {
    let at = Environments::new();
    at.release("v1.1.0", &[]).run().success();
    at.arm("v1.2.0");
    let back = at.run("rollback", &["-k", "production", "--pull-request", "--auto-merge=never", "web"]);
    let back = document(&back.run().success());
    assert_eq!((&back["outcome"], at.tag(HEAD).as_str()), (&"proposed".into(), "v1.0.0"));
    at.assert_left_to_a_person(&back);
}

/// The answer to the change of the title tells it once more.
#[test]
fn a_merge_that_is_armed_right_before_the_push() {
    let at = Environments::new();
    at.release("v1.1.0", &["--pull-request"]).run().success();
    let arm = |store: &mut Store| {
        store.requests[0].armed = Some(Armed { merging: Merging::Squash, message: "Release web".to_owned() });
    };
    at.forge.inject("POST /org/gitops.git/git-receive-pack", 1, Fault::meanwhile(arm));
    let newer = document(&at.release("v1.2.0", &["--pull-request"]).run().success());
    at.assert_left_to_a_person(&newer);
}

/// Gitea refuses the new merge, and would keep the one that it has, with its message.
#[test]
fn a_merge_that_is_not_armed_leaves_no_earlier_one() {
    for is_draft in [true, false] {
        let at = Environments::at(Kind::Gitea, "gitea");
        at.arm("v1.1.0");
        match is_draft {
            true => at.forge.store().requests[0].title.insert_str(0, "WIP: "),
            false => at.forge.store().merging = Some(Merging::Merge),
        }
        let error = document(&at.release("v1.2.0", &PROPOSE).run().exit(8))["error"].clone();
        let told = error["message"].as_str().unwrap();
        assert!(told.starts_with("the pull request will not be merged by itself"), "{error}");
        assert_eq!((at.tag(HEAD).as_str(), at.is_armed()), ("v1.2.0", false), "{error}");
    }
}

/// A search is needed anyway, and tells whether a merge is armed; Gitea does not tell it.
#[test]
fn what_is_not_armed_costs_no_request() {
    for (kind, word) in THAT_MERGE {
        let at = Environments::at(kind, word);
        at.release("v1.1.0", &["--pull-request"]).run().success();
        at.forge.calls();
        let newer = document(&at.release("v1.2.0", &["--pull-request"]).run().success());
        assert_eq!(newer["notes"].to_string().matches("merged by itself").count(), 0, "{newer}");
        assert_eq!(at.forge.calls().len(), if kind == Kind::Gitea { 3 } else { 2 }, "{kind:?}");
    }
}

/// Older servers have no merge to cancel.
#[test]
fn a_gitea_that_schedules_no_merges() {
    let at = Environments::at(Kind::Gitea, "gitea");
    at.release("v1.1.0", &["--pull-request"]).run().success();
    at.forge.inject("DELETE /api/v1/", 1, Fault::Answer(Response::new(405)));
    at.release("v1.2.0", &["--pull-request"]).run().success();
    assert_eq!(at.tag(HEAD), "v1.2.0");
}

/// A person may have armed it.
#[test]
fn the_same_release_again_leaves_its_merge_armed() {
    let at = Environments::new();
    at.arm("v1.1.0");
    let again = document(&at.release("v1.1.0", &["--pull-request"]).run().success());
    assert_eq!((&again["pull_request"]["operation"], at.is_armed()), (&"unchanged".into(), true));
}

#[test]
fn a_merge_that_cannot_be_taken_back_is_told_before_anything_is_pushed() {
    for (kind, word, line) in DISARMING {
        let at = Environments::at(kind, word);
        at.arm("v1.1.0");
        let refusal = json!({ "message": "No permission to cancel" });
        at.forge.inject(line, ALWAYS, Fault::Answer(Response::json(403, &refusal)));
        let error = document(&at.release("v1.2.0", &["--pull-request"]).run().exit(5))["error"].clone();
        let details = error["details"].to_string();
        assert!(details.contains("pull request #1") && details.contains("nothing was pushed"), "{kind:?}: {error}");
        assert!(details.contains("No permission to cancel"), "{kind:?}: {error}");
        assert_eq!((at.tag(HEAD).as_str(), at.is_armed()), ("v1.1.0", true), "{kind:?}");
    }
}

/// The merge comes before it is taken back: the next attempt is at the new tip.
#[test]
fn a_merge_that_comes_first() {
    for (kind, word, line) in [
        (Kind::GitHub, "github", GRAPHQL),
        (Kind::GitLab, "gitlab", "POST /api/v4/projects/org%2Fgitops/merge_requests/1/cancel"),
        (Kind::Azure, "azure", "PATCH /org/project/_apis/git/repositories/gitops/pullrequests/1"),
    ] {
        let at = Environments::at(kind, word);
        at.arm("v1.1.0");
        at.forge.inject(line, 1, Fault::meanwhile(|store| store.pass_checks()));
        let newer = document(&at.release("v1.2.0", &["--pull-request"]).run().success());
        assert_eq!((&newer["attempts"], &newer["pull_request"]["number"]), (&2.into(), &2.into()), "{kind:?}: {newer}");
        assert_eq!((at.tag("main"), at.tag(HEAD)), ("v1.1.0".to_owned(), "v1.2.0".to_owned()), "{kind:?}");
    }
}

#[test]
fn a_lost_answer_is_looked_up() {
    for (kind, word, line) in DISARMING {
        let at = Environments::at(kind, word);
        at.arm("v1.1.0");
        at.forge.inject(line, 1, Fault::LoseAnswer);
        at.release("v1.2.0", &["--pull-request"]).run().success();
        assert_eq!((at.tag(HEAD).as_str(), at.is_armed()), ("v1.2.0", false), "{kind:?}");
    }
}

/// Staging takes back what is proposed for production, which runs what staging runs now.
#[test]
fn a_promotion_that_changes_nothing_any_more() {
    for (kind, word) in THAT_MERGE {
        let at = Environments::at(kind, word);
        at.run("release", &["-k", "staging", "web=*:v1.1.0"]).run().success();
        at.promote().run().success();
        at.run("rollback", &["-k", "staging", "web"]).run().success();
        at.forge.calls();
        let again = document(&at.promote().run().success());
        assert_eq!(again["outcome"], "unchanged", "{kind:?}");
        assert_eq!(at.forge.calls().len(), 2, "{kind:?}: found, taken back");
        at.assert_left_to_a_person(&again);
    }
}

/// After a rollback, the forge would bring it back.
#[test]
fn what_is_on_the_branch_already_is_not_merged_once_more() {
    for (kind, word) in THAT_MERGE {
        let at = Environments::at(kind, word);
        at.arm("v1.1.0");
        at.release("v1.1.0", &[]).run().success();
        let again = document(&at.release("v1.1.0", &PROPOSE).run().success());
        assert_eq!(again["outcome"], "unchanged", "{kind:?}");
        at.assert_left_to_a_person(&again);
    }
}

#[test]
fn a_release_that_is_pushed_takes_back_what_is_older() {
    const ELSE: [&str; 2] = ["--on-refused", "pull-request"];
    let at = Environments::new();
    at.arm("v1.1.0");
    let newer = document(&at.release("v1.2.0", &ELSE).run().success());
    assert_eq!(newer["outcome"], "released");
    at.assert_left_to_a_person(&newer);
    // What is newer stays armed, but for a rollback, which a person wants now.
    at.forge.store().waits = true;
    at.arm("v1.4.0");
    assert_eq!(document(&at.release("v1.3.0", &ELSE).run().success())["outcome"], "released");
    assert!(at.is_armed());
    let back = document(&at.run("rollback", &["-k", "production", "web"]).args(ELSE).run().success());
    assert_eq!((&back["outcome"], at.tag("main").as_str()), (&"released".into(), "v1.2.0"));
    at.assert_left_to_a_person(&back);
}

/// The branch moves to a newer release while the request is opened.
#[test]
fn a_request_that_this_run_opened_and_that_came_too_late_is_named() {
    let at = Environments::new();
    let newer = |store: &mut Store| {
        let text = "images:\n- name: web\n  newName: ghcr.io/org/web\n  newTag: v1.2.0\n";
        store.remote.commit("main", "Take v1.2.0", &[File::new(PRODUCTION, text)]);
    };
    at.forge.inject("POST /api/v3/repos/org/gitops/pulls", 1, Fault::meanwhile(newer));
    let late = document(&at.release("v1.1.0", &PROPOSE).run().success());
    assert_eq!(late["outcome"], "superseded");
    assert!(late["notes"].to_string().contains("pull request #1 is still open"), "{late}");
}

#[test]
fn what_was_taken_back_is_not_merged() {
    let at = Environments::new();
    at.arm("v1.1.0");
    at.release("v1.1.0", &[]).run().success();
    at.run("rollback", &["-k", "production", "web"]).run().success();
    for (flags, exit) in [(&[][..], 0), (&["--on-superseded", "fail"], 9)] {
        at.forge.store().requests[0].armed =
            Some(Armed { merging: Merging::Squash, message: "Release web".to_owned() });
        let again = document(&at.release("v1.1.0", &PROPOSE).args(flags.iter().copied()).run().exit(exit));
        assert_eq!(at.tag("main"), "v1.0.0");
        assert!(!at.is_armed(), "{again}");
        assert_eq!(at.forge.store().only().state, RequestState::Open);
    }
}

#[test]
fn nothing_is_merged_under_a_hold() {
    for (kind, word) in THAT_MERGE {
        let at = Environments::at(kind, word);
        at.arm("v1.1.0");
        at.remote.commit("main", "Hold", &[File::new(".tagship-hold", "Migration\n")]);
        // Also what is newer than the release that is held.
        let held = document(&at.release("v1.0.5", &PROPOSE).run().exit(9));
        assert_eq!(held["outcome"], "held", "{kind:?}");
        assert_eq!(at.forge.calls().len(), 2, "{kind:?}: found, taken back");
        at.assert_left_to_a_person(&held);
    }
}

#[test]
fn a_rule_about_now_is_for_what_is_proposed_too() {
    let rules = |demand: &str| File::new(".tagship.yaml", format!("rules:\n- paths: ['**']\n  {demand}\n"));
    let at = Environments::new();
    at.arm("v1.1.0");
    // A rule about an image judges the image that is released.
    at.remote.commit("main", "Rules", &[rules("tags: semver")]);
    assert_eq!(document(&at.release("latest", &PROPOSE).run().exit(9))["outcome"], "ruled");
    assert!(at.is_armed(), "what is proposed meets it");
    at.remote.commit("main", "Rules", &[rules("tags: v1.0.*")]);
    assert_eq!(document(&at.release("v1.1.0", &PROPOSE).run().exit(9))["outcome"], "ruled");
    assert!(!at.is_armed(), "what is proposed is what does not meet it");
    at.remote.commit("main", "Rules", &[rules("tags: semver")]);
    at.arm("v1.1.0");
    at.remote.commit("main", "Rules", &[rules("freeze: {from: 2001-01-01T00:00Z}")]);
    let frozen = document(&at.release("v1.2.0", &PROPOSE).run().exit(9));
    assert_eq!(frozen["outcome"], "ruled");
    at.assert_left_to_a_person(&frozen);
}

/// The request is what the rule asks for.
#[test]
fn a_rule_for_pull_requests_takes_none_back() {
    let at = Environments::new();
    at.arm("v1.1.0");
    let rules = "rules:\n- paths: ['**']\n  publish: pull-request\n";
    at.remote.commit("main", "Rules", &[File::new(".tagship.yaml", rules)]);
    for tag in ["v1.1.0", "v1.2.0"] {
        let ruled = document(&at.release(tag, &["--on-refused", "pull-request"]).run().exit(9));
        assert_eq!((&ruled["outcome"], at.is_armed()), (&"ruled".into(), true), "{ruled}");
    }
}

/// An old pipeline that runs again says nothing of what is newer.
#[test]
fn a_newer_proposal_stays_armed() {
    let at = Environments::new();
    at.arm("v1.2.0");
    for (tag, outcome) in [("v1.0.0", "unchanged"), ("v0.9.5", "superseded")] {
        let old = document(&at.release(tag, &PROPOSE).run().success());
        assert_eq!((&old["outcome"], at.is_armed()), (&outcome.into(), true), "{old}");
    }
    // What nothing can order is left as it is, too.
    at.release("nightly", &[]).run().success();
    let same = document(&at.release("nightly", &PROPOSE).run().success());
    assert_eq!((&same["outcome"], at.is_armed()), (&"unchanged".into(), true), "{same}");
}

/// A pipeline for branches that are protected and for those that are not begins with a push. Without a head branch, that
/// costs no request more.
#[test]
fn a_run_that_would_propose_after_a_refusal_looks_too() {
    const ELSE: [&str; 3] = ["--on-refused", "pull-request", "--auto-merge"];
    let at = Environments::new();
    at.remote.protect("main");
    at.release("v1.1.0", &ELSE).run().success();
    assert!(at.is_armed());
    assert_eq!(document(&at.release("v1.0.0", &ELSE).run().success())["outcome"], "unchanged");
    assert!(at.is_armed(), "what is proposed is newer");
    at.remote.commit("main", "Hold", &[File::new(".tagship-hold", "Migration\n")]);
    let held = document(&at.release("v1.0.5", &ELSE).run().exit(9));
    assert_eq!(held["outcome"], "held");
    at.assert_left_to_a_person(&held);
    at.remote.git(["branch", "-D", HEAD]).run().success();
    at.forge.calls();
    at.forge.git_lines();
    assert_eq!(document(&at.release("v1.0.0", &ELSE).run().success())["outcome"], "unchanged");
    assert_eq!((at.forge.calls().len(), at.forge.git_lines().len()), (0, 4));
}

/// A head branch that the user names may propose another image, which no guard has stopped.
#[test]
fn another_release_on_the_same_head_branch_stays_armed() {
    let at = Environments::new();
    let (other, text) = ("other/kustomization.yaml", "images:\n- name: api\n  newTag: v1\n");
    at.remote.commit("main", "Add", &[File::new(other, text)]);
    let bump = ["--pull-request", "--auto-merge", "--head", "bump"];
    at.run("release", &["-k", "other", "api=*:v2"]).args(bump).run().success();
    at.remote.commit("main", "Hold", &[File::new("production/.tagship-hold", "Migration\n")]);
    assert_eq!(document(&at.release("v1.1.0", &bump).run().exit(9))["outcome"], "held");
    assert!(at.is_armed());
}

/// The token of a job does not open GitLab's API.
#[test]
fn a_job_of_gitlab_cannot_ask() {
    let at = Environments::at(Kind::GitLab, "gitlab");
    at.remote.configure("receive.advertisePushOptions", "true");
    let page = format!("{}/org/gitops/-/merge_requests", at.forge.origin());
    at.remote.hook("post-receive", &format!("cat >/dev/null; echo '  {page}/1'"));
    let url = at.forge.url().replace("http://", &format!("http://gitlab-ci-token:{TOKEN}@"));
    let release = |tag: &str| {
        let flags = ["--branch", "main", "--forge", "gitlab", "--no-check", "--output", "json", "-k", "production"];
        let release = tagship().home(&at.home).args(["release", "--repo", &url]).args(flags);
        release.args(PROPOSE).arg(format!("web=*:{tag}"))
    };
    release("v1.1.0").run().success();
    assert_eq!(document(&release("v0.9.5").run().success())["outcome"], "superseded");
    at.remote.commit("main", "Hold", &[File::new(".tagship-hold", "Migration\n")]);
    let held = document(&release("v1.2.0").run().exit(9));
    let notes = held["notes"].to_string();
    assert!(notes.contains("does not open GitLab's API") && notes.contains(&page), "{held}");
    assert!(at.forge.calls().is_empty());
}

/// The merge was asked for by a release all the same. The commits stay.
#[test]
fn a_commit_by_a_person_keeps_nothing_armed() {
    for (kind, word) in THAT_MERGE {
        for outcome in ["held", "superseded", "failed"] {
            let at = Environments::at(kind, word);
            at.arm("v1.1.0");
            at.remote.commit(HEAD, "Say why", &[File::new("README.md", "Hello\n")]);
            let there = at.remote.tip(HEAD);
            let (tag, exit) = match outcome {
                "held" => {
                    at.remote.commit("main", "Hold", &[File::new(".tagship-hold", "Migration\n")]);
                    ("v1.2.0", 9)
                }
                "superseded" => {
                    at.release("v1.3.0", &[]).run().success();
                    ("v1.2.0", 0)
                }
                _ => ("v1.2.0", 8),
            };
            let ended = document(&at.release(tag, &PROPOSE).run().exit(exit));
            assert_eq!((&ended["outcome"], at.remote.tip(HEAD)), (&outcome.into(), there), "{kind:?}");
            if outcome == "failed" {
                let details = ended["error"]["details"].to_string();
                assert!(details.contains("pull request #1 may be merged by itself"), "{kind:?}: {ended}");
            } else {
                at.assert_left_to_a_person(&ended);
            }
        }
    }
}

/// Nothing tells what it is about.
#[test]
fn a_commit_by_a_person_on_a_branch_that_the_user_names() {
    let at = Environments::new();
    let bump = ["--pull-request", "--auto-merge", "--head", "bump"];
    at.release("v1.1.0", &bump).run().success();
    at.remote.commit("bump", "Say why", &[File::new("README.md", "Hello\n")]);
    at.remote.commit("main", "Hold", &[File::new(".tagship-hold", "Migration\n")]);
    let held = document(&at.release("v1.2.0", &bump).run().exit(9));
    let told = "cannot tell whether the forge will merge what is proposed on `bump` by itself";
    assert!(at.is_armed() && held["notes"].to_string().contains(told), "{held}");
}

/// A newer one that comes after the head branch was read stays armed.
#[test]
fn what_is_older_than_what_runs() {
    let at = Environments::new();
    at.arm("v1.1.0");
    at.release("v1.2.0", &[]).run().success();
    let newer = |store: &mut Store| {
        store.remote.commit(HEAD, "Release web:v1.3.0", &[File::new("README.md", "Hello\n")]);
    };
    let tip = at.remote.tip(HEAD).unwrap();
    at.forge.inject("GET /api/v3/repos/org/gitops/pulls", 1, Fault::meanwhile(newer));
    assert_eq!(document(&at.release("v1.2.0", &PROPOSE).run().success())["outcome"], "unchanged");
    assert!(at.is_armed());
    at.remote.git(["branch", "--force", HEAD, &tip]).run().success();
    let unchanged = document(&at.release("v1.2.0", &PROPOSE).run().success());
    assert!(!at.is_armed(), "{unchanged}");
}

/// The run ends as it does without a request.
#[test]
fn a_forge_that_cannot_be_asked_is_a_warning() {
    let at = Environments::new();
    at.arm("v1.1.0");
    at.remote.commit("main", "Hold", &[File::new(".tagship-hold", "Migration\n")]);
    let refusal = || Fault::Answer(Response::json(403, &json!({ "message": "No" })));
    at.forge.inject("GET /api/v3/repos/org/gitops/pulls", 1, refusal());
    let held = document(&at.release("v1.2.0", &PROPOSE).run().exit(9));
    assert_eq!(held["outcome"], "held");
    let notes = held["notes"].to_string();
    assert!(
        notes.contains("cannot tell whether the forge will merge what is proposed on `tagship/main/production-web`")
    );
    at.forge.inject(GRAPHQL, ALWAYS, refusal());
    let held = document(&at.release("v1.2.0", &PROPOSE).run().exit(9));
    let notes = held["notes"].to_string();
    assert!(notes.contains("may still merge pull request #1 by itself") && notes.contains("/pull/1"), "{held}");
}

/// Nothing but the forge tells a merge from a push of the same.
#[test]
fn what_is_left_after_a_merge_costs_one_request() {
    let at = Environments::new();
    at.arm("v1.1.0");
    at.forge.store().pass_checks();
    assert_eq!(document(&at.release("v1.1.0", &PROPOSE).run().success())["outcome"], "unchanged");
    assert_eq!(at.forge.calls().len(), 1);
    assert_eq!(document(&at.release("v1.0.5", &PROPOSE).run().success())["outcome"], "superseded");
    assert!(at.forge.calls().len() <= 1);
}
