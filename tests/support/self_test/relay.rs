use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::connection::Connection;
use crate::support::http::{Reply, Response, Server};
use crate::support::relay::{Cut, Relay, Way};

/// What a client reads until its connection ends, after it sent a request.
fn read_all(relay: &Relay, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(relay.address()).unwrap();
    // What is cut off at once may end the connection before the request is out.
    drop(stream.write_all(request));
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    answer
}

#[test]
fn what_goes_each_way_is_remembered_and_cut_where_it_was_asked_for() {
    let server = Server::start(|_, _| Ok(Reply::Send(Response::text(200, "hello"))));
    let relay = Relay::start(server.address());
    let request = b"GET / HTTP/1.1\r\n\r\n";
    let mut connection = Connection::open(&relay.address().to_string());
    connection.send(request).unwrap();
    assert_eq!(connection.receive(false).unwrap().body, b"hello");
    drop(connection);
    let (turns, _) = relay.take();
    assert_eq!(turns.iter().map(|turn| turn.way).collect::<Vec<_>>(), [Way::Up, Way::Down]);
    assert_eq!(turns[0].bytes, request);
    let whole = &turns[1].bytes;
    for after in [0, 1, whole.len() - 1, whole.len()] {
        relay.cut(Cut { turn: 1, after });
        assert_eq!(read_all(&relay, request), whole[..after]);
        assert!(relay.take().1, "it was cut");
    }
}
