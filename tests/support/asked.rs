//! The head of an HTTP request, for the servers that tests run.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;

pub struct Asked {
    pub method: String,
    /// With its query.
    pub path: String,
    /// What stands behind `Authorization:`; empty: nothing.
    pub credentials: String,
}

/// Reads as far as the empty line; none where the other side says less.
pub fn read(stream: &TcpStream) -> Option<Asked> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let mut words = first.split(' ').map(str::to_owned);
    let mut asked = Asked { method: words.next()?, path: words.next()?, credentials: String::new() };
    for line in lines {
        let line = line.ok()?;
        match line.split_once(':') {
            _ if line.is_empty() => break,
            Some((name, value)) if name.eq_ignore_ascii_case("authorization") => {
                asked.credentials = value.trim().to_owned();
            }
            _ => {}
        }
    }
    Some(asked)
}
