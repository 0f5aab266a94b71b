//! What can go wrong on the way to an answer, and what is made of it.

use std::net::TcpListener;
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha512};
use tagship::registry::{CheckError, CheckedImage, InvalidResponse, Outage, Requirement, Verdict};

use super::{anonymous, assert_check, check, check_error, check_for, client_in, show};
use crate::support::http::{Response, http_date};
use crate::support::registry::{ALWAYS, Auth, Fault, Image, Registry};

const HEAD: &str = "HEAD /v2/app/manifests/v1";
const GET: &str = "GET /v2/app/manifests/v1";

fn with_image() -> (Registry, String) {
    let registry = Registry::start(Auth::None);
    let digest = registry.put_image("app", "v1", &Image::new());
    (registry, digest)
}

fn digest(checked: &CheckedImage) -> &str {
    let Verdict::Present(found) = &checked.verdict else { panic!("{checked:?}") };
    found.digest.as_str()
}

#[test]
fn a_head_that_is_refused_is_asked_as_get() {
    for status in [400, 403, 404, 405, 501] {
        let (registry, expected) = with_image();
        registry.inject(HEAD, 1, Fault::status(status));
        let checked = check(&anonymous(), &registry, "app:v1");
        assert_eq!(digest(&checked), expected);
        assert_check(&checked, &registry, "present", &[&format!("HEAD app/v1 {status}"), "GET app/v1 200"]);
    }
}

#[test]
fn what_a_refused_get_means() {
    for (status, verdict) in [
        (400, "refused 400 UNKNOWN"),
        (401, "no access 401"),
        (403, "no access 403 DENIED"),
        (404, "absent 404 MANIFEST_UNKNOWN"),
        (405, "refused 405 UNSUPPORTED"),
        (412, "withheld 412"),
        (501, "unavailable 501 UNKNOWN"),
    ] {
        let (registry, _) = with_image();
        registry.inject("/v2/app", 2, Fault::status(status));
        let checked = check(&anonymous(), &registry, "app:v1");
        assert!(show(&checked).starts_with(verdict), "{checked:?}");
        // A 401 without a challenge is asked for one.
        assert_eq!(checked.requests, if status == 401 { 3 } else { 2 }, "{status}");
    }
}

#[test]
fn the_digest_is_computed_if_headers_do_not_tell() {
    let (registry, expected) = with_image();
    registry.inject(HEAD, 1, Fault::OmitDigest);
    registry.inject(GET, 1, Fault::WrongDigest);
    let checked = check(&anonymous(), &registry, "app:v1");
    assert_eq!(digest(&checked), expected);
    assert_check(&checked, &registry, "present", &["HEAD app/v1 200", "GET app/v1 200"]);
}

#[test]
fn a_wrong_header_is_not_believed_over_the_wanted_digest() {
    let (registry, expected) = with_image();
    registry.inject(HEAD, 1, Fault::WrongDigest);
    let checked = check(&anonymous(), &registry, &format!("app:v1@{expected}"));
    assert_eq!(digest(&checked), expected);
    assert_check(&checked, &registry, "present", &["HEAD app/v1 200", "GET app/v1 200"]);
}

/// The registry keeps manifests under SHA-256 alone: a cluster that pulls by the other digest finds nothing.
#[test]
fn a_digest_of_another_kind_must_be_one_that_the_registry_has() {
    let (registry, expected) = with_image();
    let (_, manifest) = registry.manifest("app", "v1").unwrap();
    let digest: String = Sha512::digest(&manifest).iter().map(|byte| format!("{byte:02x}")).collect();
    let name = format!("app:v1@sha512:{digest}");
    let platform = Requirement::Platform("linux/amd64".parse().unwrap());
    for requirements in [&[][..], &[platform]] {
        let checked = check_for(&anonymous(), &registry.address(), &name, requirements);
        let Verdict::Mismatch { found, .. } = &checked.verdict else { panic!("{checked:?}") };
        assert_eq!(found.digest.as_str(), expected);
        assert_eq!(checked.requests as usize, registry.request_lines().len());
    }
    // Asked for by it, it is there.
    let by_digest = format!("HEAD /v2/app/manifests/sha512:{digest}");
    registry.inject(
        &by_digest,
        1,
        Fault::Answer(Response::new(200).header("Docker-Content-Digest", &format!("sha512:{digest}"))),
    );
    assert_eq!(show(&check(&anonymous(), &registry, &name)), "present");
}

#[test]
fn a_rate_limit_is_waited_for_as_long_as_it_says() {
    let in_seconds = |ahead: Duration| ahead.as_secs().to_string();
    for write in [in_seconds, http_date] {
        let (registry, _) = with_image();
        let ahead = Duration::from_secs(2);
        let until = SystemTime::now() + ahead;
        let limit = Fault::Answer(Fault::error(429).header("Retry-After", &write(ahead)));
        registry.inject(HEAD, 1, limit);
        let checked = check(&anonymous(), &registry, "app:v1");
        assert_check(&checked, &registry, "present", &["HEAD app/v1 429", "HEAD app/v1 200"]);
        // A date has whole seconds: one that is 2 s ahead can be little more than 1 s away.
        assert!(SystemTime::now() + Duration::from_secs(1) >= until);
    }
}

/// Each time the registry says when to come again, so that these are no failed attempts.
#[test]
fn a_rate_limit_is_waited_for_as_often_as_it_says() {
    let (registry, _) = with_image();
    registry.inject(HEAD, 4, Fault::Answer(Fault::error(429).header("Retry-After", "1")));
    let checked = check(&anonymous(), &registry, "app:v1");
    let limited = "HEAD app/v1 429";
    assert_check(&checked, &registry, "present", &[limited, limited, limited, limited, "HEAD app/v1 200"]);
}

#[test]
fn a_rate_limit_past_the_deadline_is_told_at_once() {
    for retry_after in ["3600".to_owned(), "9999999999999999999".to_owned(), http_date(Duration::from_secs(3600))] {
        let (registry, _) = with_image();
        registry.inject("/v2/app", ALWAYS, Fault::Answer(Fault::error(429).header("Retry-After", &retry_after)));
        let checked = check(&anonymous(), &registry, "app:v1");
        assert_check(&checked, &registry, "rate limited 429", &["HEAD app/v1 429"]);
        let Verdict::RateLimited(answer) = &checked.verdict else { panic!("{checked:?}") };
        assert!(answer.retry_after >= Some(Duration::from_secs(3590)), "{retry_after}");
        assert!(checked.elapsed < Duration::from_secs(5), "{retry_after}");
    }
}

#[test]
fn what_may_pass_is_asked_three_times() {
    // At once, because each waits for its next try.
    thread::scope(|scope| {
        for (fault, status) in [
            (Fault::status(408), "408"),
            (Fault::status(421), "421"),
            (Fault::status(425), "425"),
            (Fault::status(500), "500"),
            (Fault::status(502), "502"),
            (Fault::status(503), "503"),
            (Fault::status(504), "504"),
            (Fault::Drop, "-"),
        ] {
            scope.spawn(move || {
                let (registry, _) = with_image();
                registry.inject(HEAD, 2, fault);
                let failed = format!("HEAD app/v1 {status}");
                let requests = [&failed, &failed, "GET app/v1 200"];
                assert_check(&check(&anonymous(), &registry, "app:v1"), &registry, "present", &requests);
            });
        }
    });
}

#[test]
fn what_does_not_pass_is_told_after_three_times() {
    let (registry, _) = with_image();
    registry.inject("/v2/app", ALWAYS, Fault::status(503));
    let requests = ["HEAD app/v1 503", "HEAD app/v1 503", "GET app/v1 503"];
    assert_check(&check(&anonymous(), &registry, "app:v1"), &registry, "unavailable 503 UNKNOWN", &requests);
}

#[test]
fn a_head_that_always_fails_is_asked_as_get_at_last() {
    // At once, because each waits for its next try.
    thread::scope(|scope| {
        for fault in [Fault::status(500), Fault::status(503), Fault::Drop] {
            scope.spawn(move || {
                let (registry, expected) = with_image();
                registry.inject(HEAD, ALWAYS, fault);
                let checked = check(&anonymous(), &registry, "app:v1");
                assert_eq!((digest(&checked), checked.requests), (expected.as_str(), 3));
            });
        }
    });
}

#[test]
fn the_last_attempt_brings_the_words() {
    let (registry, _) = with_image();
    registry.inject("/v2/app", ALWAYS, Fault::status(429));
    let checked = check(&anonymous(), &registry, "app:v1");
    let requests = ["HEAD app/v1 429", "HEAD app/v1 429", "GET app/v1 429"];
    assert_check(&checked, &registry, "rate limited 429 TOOMANYREQUESTS", &requests);
}

#[test]
fn a_body_that_breaks_off_is_read_again() {
    let (registry, expected) = with_image();
    registry.inject(HEAD, 1, Fault::OmitDigest);
    registry.inject(GET, 1, Fault::Cut(20));
    let checked = check(&anonymous(), &registry, "app:v1");
    assert_eq!(digest(&checked), expected);
    assert_check(&checked, &registry, "present", &["HEAD app/v1 200", "GET app/v1 200", "GET app/v1 200"]);
}

#[test]
fn nothing_outlasts_the_deadline() {
    for fault in [Fault::Hang, Fault::Stall(Duration::from_secs(20)), Fault::Delay(Duration::from_secs(20))] {
        let (registry, _) = with_image();
        registry.inject(HEAD, 1, Fault::OmitDigest);
        registry.inject(GET, ALWAYS, fault);
        let client = client_in(Path::new("/nowhere"), Duration::from_secs(1));
        let checked = check(&client, &registry, "app:v1");
        assert_eq!(show(&checked), "silent");
        let Verdict::Unavailable(Outage::NoAnswer { cause, .. }) = &checked.verdict else { panic!("{checked:?}") };
        assert_eq!(cause.to_string(), "operation timed out");
        assert!(checked.elapsed < Duration::from_secs(10), "{checked:?}");
    }
}

#[test]
fn a_registry_that_is_down() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let checked = super::check_at(&anonymous(), &address, "app:v1");
    let Verdict::Unavailable(outage) = &checked.verdict else { panic!("{checked:?}") };
    assert!(outage.to_string().starts_with(&format!("{address} did not answer: ")), "{outage}");
    assert!(outage.to_string().contains("refused"), "{outage}");
    assert_eq!(checked.requests, 3);
}

#[test]
fn a_body_that_is_too_long_is_not_taken() {
    let (registry, _) = with_image();
    registry.inject(HEAD, 1, Fault::OmitDigest);
    registry.inject(GET, 1, Fault::Pad(5 << 20));
    assert_eq!(invalid_response(&registry), InvalidResponse::TooLong { limit: 4 << 20 });
}

#[test]
fn no_more_is_read_than_is_taken() {
    let (registry, _) = with_image();
    registry.put_manifest("app", "v1", "application/vnd.oci.image.index.v1+json", &vec![b' '; 12 << 20]);
    registry.inject(HEAD, 1, Fault::OmitDigest);
    // Half of it comes, which is more than enough to see that it is too long. The rest comes after the time for a check.
    registry.inject(GET, 1, Fault::Stall(Duration::from_secs(60)));
    assert_eq!(invalid_response(&registry), InvalidResponse::TooLong { limit: 4 << 20 });
}

#[test]
fn an_error_that_is_too_long_keeps_its_status() {
    let (registry, _) = with_image();
    registry.inject("/v2/app", 2, Fault::Answer(Response::text(403, &"x".repeat(1 << 20))));
    let checked = check(&anonymous(), &registry, "app:v1");
    assert_eq!(show(&checked), "no access 403");
}

#[test]
fn a_host_that_is_no_registry() {
    let (registry, _) = with_image();
    registry.inject("/v2/app", 2, Fault::Answer(Response::text(200, "welcome")));
    assert_eq!(invalid_response(&registry), InvalidResponse::NotAManifest);
}

#[test]
fn a_page_is_no_answer_of_a_registry() {
    for status in [200, 401, 403, 404, 412] {
        for text in ["<html>welcome</html>", "\n<!DOCTYPE html><title>Sign in</title>"] {
            let (registry, _) = with_image();
            registry.inject("/v2/", ALWAYS, Fault::Answer(Response::text(status, text)));
            let checked = check(&anonymous(), &registry, "app:v1");
            assert_eq!(show(&checked), format!("page {status}"), "{text}");
        }
        let (registry, _) = with_image();
        let page = Response::new(status).header("Content-Type", "text/html; charset=utf-8").body(b"<h1>No</h1>");
        registry.inject("/v2/", ALWAYS, Fault::Answer(page));
        assert_eq!(show(&check(&anonymous(), &registry, "app:v1")), format!("page {status}"));
    }
}

fn invalid_response(registry: &Registry) -> InvalidResponse {
    let error = check_error(&anonymous(), registry);
    let CheckError::InvalidResponse { source, .. } = error else { panic!("{error:?}") };
    source
}

/// What is compressed would have to be inflated before its digest is computed, so it is not asked for.
#[test]
fn bodies_are_asked_for_as_they_are() {
    let (registry, _) = with_image();
    check(&anonymous(), &registry, "app:v1");
    let requests = registry.requests();
    assert!(requests.iter().all(|request| request.head.header("accept-encoding") == Some("identity")));
    let compressed = Response::text(200, "compressed").header("Content-Encoding", "gzip");
    registry.inject("/v2/app", ALWAYS, Fault::Answer(compressed));
    let CheckError::InvalidResponse { source, .. } = check_error(&anonymous(), &registry) else { panic!() };
    assert_eq!(source, InvalidResponse::Encoded);
}
