//! An archive of Debian as of every moment: whatever the moment, it sends to what is there today.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

const TODAY: &str = "http://deb.debian.org";

pub struct Archive {
    pub url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Archive {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&asked);
        thread::spawn(move || {
            for line in listener.incoming() {
                let notes = Arc::clone(&notes);
                // A client that leaves in the middle comes again.
                thread::spawn(move || line.and_then(|line| answer(&line, &notes)).ok());
            }
        });
        Self { url, asked }
    }

    /// The paths that were asked for.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// `/debian/20261101T000000Z/pool/...` is at `/debian/pool/...` today.
fn answer(line: &TcpStream, asked: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let (mut reader, mut request, mut writer) = (BufReader::new(line), String::new(), line);
    reader.read_line(&mut request)?;
    let mut header = String::new();
    while reader.read_line(&mut header)? > 2 {
        header.clear();
    }
    let path = request.split(' ').nth(1).unwrap_or_default();
    asked.lock().unwrap().push(path.to_owned());
    let parts: Vec<&str> = path.splitn(4, '/').collect();
    let [_, name, _, rest] = parts[..] else {
        return writer.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    };
    let head = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\n";
    write!(writer, "{head}Location: {TODAY}/{name}/{rest}\r\n\r\n")
}
