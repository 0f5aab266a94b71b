//! A SOCKS5 proxy (RFC 1928), with or without a login (RFC 1929). All names lead to the address that it is given.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::http::lock;
use super::login::Login;

/// A running proxy. Its thread ends with the process, as it holds nothing but a port.
pub struct SocksProxy {
    address: SocketAddr,
    destinations: Arc<Mutex<Vec<String>>>,
}

impl SocksProxy {
    /// Starts one that requires `login`, if there is one, and connects each client to `target`.
    pub fn start(login: Option<Login>, target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("its address");
        let destinations = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&destinations);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (login, log) = (login.clone(), Arc::clone(&log));
                // A client that breaks off has seen what it had to see.
                thread::spawn(move || drop(serve(client, login.as_ref(), target, &log)));
            }
        });
        Self { address, destinations }
    }

    /// Returns its `host:port`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns where clients wanted to go since the last call, as `name:port` or `address:port`.
    pub fn destinations(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.destinations))
    }
}

fn serve(mut client: TcpStream, login: Option<&Login>, target: SocketAddr, log: &Mutex<Vec<String>>) -> io::Result<()> {
    let [_version, methods] = read(&mut client)?;
    let mut offered = vec![0; methods.into()];
    client.read_exact(&mut offered)?;
    let method = if login.is_some() { 2 } else { 0 };
    if !offered.contains(&method) {
        return client.write_all(&[5, 0xff]);
    }
    client.write_all(&[5, method])?;
    if let Some(login) = login {
        let [_version] = read(&mut client)?;
        let brought = [text(&mut client)?, text(&mut client)?];
        let is_right = brought == [login.user.as_str(), login.password.as_str()];
        client.write_all(&[1, u8::from(!is_right)])?;
        if !is_right {
            return Ok(());
        }
    }
    let [_version, _connect, _reserved, kind] = read(&mut client)?;
    let host = match kind {
        1 => Ipv4Addr::from(read::<4>(&mut client)?).to_string(),
        _ => text(&mut client)?,
    };
    let port = u16::from_be_bytes(read(&mut client)?);
    lock(log).push(format!("{host}:{port}"));
    let server = TcpStream::connect(target)?;
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    let upward = thread::spawn(move || drop(io::copy(&mut from_client, &mut to_server)));
    let (mut from_server, mut to_client) = (server, client);
    drop(io::copy(&mut from_server, &mut to_client));
    drop(to_client.shutdown(std::net::Shutdown::Both));
    drop(upward.join());
    Ok(())
}

fn read<const N: usize>(client: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Reads a text that its length stands before.
fn text(client: &mut TcpStream) -> io::Result<String> {
    let [length] = read(client)?;
    let mut bytes = vec![0; length.into()];
    client.read_exact(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
