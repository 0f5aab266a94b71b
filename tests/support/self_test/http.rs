use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use super::connection::Connection;
use crate::support::http::{Authorization, Reply, Response, Server, http_date};

fn echo() -> Server {
    Server::start(|_, body| Ok(Reply::Send(Response::new(200).body(&body.read_all()?))))
}

#[test]
fn bodies_come_by_length_in_chunks_and_after_continue() {
    let server = echo();
    let mut connection = Connection::open(&server.address().to_string());
    assert_eq!(connection.ask("POST /length", &[], b"first").body, b"first");
    connection
        .send(
            b"POST /chunks HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nsec\r\n3;x=y\r\nond\r\n0\r\nT: t\r\n\r\n",
        )
        .unwrap();
    assert_eq!(connection.receive(false).unwrap().body, b"second");
    connection.send(b"POST /wait HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n").unwrap();
    assert_eq!(connection.receive(true).unwrap().status, 100);
    connection.send(b"third").unwrap();
    assert_eq!(connection.receive(false).unwrap().body, b"third");
    let log = server.requests();
    assert_eq!(
        log.iter().map(|request| (request.received, request.sent)).collect::<Vec<_>>(),
        [(5, 5), (6, 6), (5, 5)]
    );
    assert_eq!(log[1].line(), "POST /chunks 200");
    assert!(server.requests().is_empty(), "the log was taken");
}

#[test]
fn a_streamed_answer_leaves_as_it_comes() {
    let (output, mut program) = io::pipe().unwrap();
    let server = Server::start(move |_, _| Ok(Reply::Stream(Response::new(200), Box::new(output.try_clone()?))));
    let mut connection = TcpStream::connect(server.address()).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    connection.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut came = Vec::new();
    for (piece, chunk) in [("first", "5\r\nfirst\r\n"), ("second", "6\r\nsecond\r\n")] {
        program.write_all(piece.as_bytes()).unwrap();
        while !came.ends_with(chunk.as_bytes()) {
            let mut byte = [0];
            connection.read_exact(&mut byte).unwrap();
            came.extend(byte);
        }
        assert!(server.requests().is_empty(), "it has not ended");
    }
    drop(program);
    let mut end = [0; 5];
    connection.read_exact(&mut end).unwrap();
    assert_eq!(&end, b"0\r\n\r\n");
    assert_eq!(server.requests()[0].sent, "first".len() + "second".len());
}

#[test]
fn what_a_handler_leaves_unread_is_not_the_next_request() {
    let server = Server::start(|_, _| Ok(Reply::Send(Response::new(204))));
    let mut connection = Connection::open(&server.address().to_string());
    assert_eq!(connection.ask("POST /a", &[], &[b'x'; 100_000]).status, 204);
    assert_eq!(connection.ask("HEAD /b", &[], b"").status, 204);
}

#[test]
fn the_log_knows_the_kind_of_login_and_shows_no_secret() {
    let server = echo();
    let mut connection = Connection::open(&server.address().to_string());
    for value in ["Basic Y2k6c2VjcmV0", "bearer secret", "Negotiate secret"] {
        connection.ask("GET /", &[("Authorization", value)], b"");
    }
    connection.ask("GET /", &[], b"");
    let log = server.requests();
    let kinds: Vec<_> = log.iter().map(|request| request.authorization()).collect();
    assert_eq!(kinds, [Authorization::Basic, Authorization::Bearer, Authorization::Other, Authorization::None]);
    assert_eq!(log[1].authorization_value(), Some("bearer secret"));
    let shown = format!("{log:?}");
    assert!(!shown.contains("secret") && !shown.contains("Y2k6"), "{shown}");
}

#[test]
fn what_is_done_for_a_client_that_is_gone_can_be_waited_for() {
    let (begun, beginning) = mpsc::channel();
    let is_done = Arc::new(AtomicBool::new(false));
    let server = Server::start({
        let is_done = Arc::clone(&is_done);
        move |_, _| {
            begun.send(()).unwrap();
            thread::sleep(Duration::from_millis(100));
            is_done.store(true, Ordering::SeqCst);
            Ok(Reply::Send(Response::new(204)))
        }
    });
    let mut connection = Connection::open(&server.address().to_string());
    connection.send(b"POST /gone HTTP/1.1\r\n\r\n").unwrap();
    beginning.recv().unwrap();
    drop(connection);
    server.wait_until_idle();
    assert!(is_done.load(Ordering::SeqCst));
}

#[test]
fn an_ended_server_answers_nobody() {
    let server = Server::start(|_, _| Ok(Reply::Send(Response::text(418, "still here"))));
    let address = server.address().to_string();
    let mut open = Connection::open(&address);
    open.ask("GET /", &[], b"");
    drop(server);
    assert!(open.try_ask("GET /", &[], b"").is_err(), "the open connection is closed");
    // The server of another test may have got the port by now, and may end at any moment.
    let answer = Connection::try_open(&address).and_then(|mut other| other.try_ask("GET /", &[], b""));
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status != 418), "and no new one is taken");
}

#[test]
fn dates_are_as_the_calendar_has_them() {
    let now = UNIX_EPOCH.elapsed().unwrap();
    // 2032-02-29 and 2100-03-01: a leap day, and the day after one that there is not.
    for (moment, expected) in [(1_961_625_600, "Sun, 29 Feb 2032 00:00:0"), (4_107_542_400, "Mon, 01 Mar 2100 00:00:0")]
    {
        let date = http_date(Duration::from_secs(moment) - Duration::from_secs(now.as_secs()));
        assert!(date.starts_with(expected) && date.ends_with(" GMT"), "{date}");
    }
}
