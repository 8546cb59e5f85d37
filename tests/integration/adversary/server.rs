//! A server that does to everybody who connects what one function says: the body of an attacker.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// An SSH server's version, as an honest one says it.
pub const VERSION: &[u8] = b"SSH-2.0-OpenSSH_9.2\r\n";

/// What an attacker does to one connection.
pub type Attack = Arc<dyn Fn(&mut Victim) -> io::Result<()> + Send + Sync>;

/// The other end of an attack.
pub struct Victim {
    stream: TcpStream,
    sent: Arc<AtomicU64>,
}

/// A hostile server; it ends with the test's process.
pub struct Attacker {
    pub address: SocketAddr,
    sent: Arc<AtomicU64>,
}

impl Attacker {
    pub fn start(attack: Attack) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let sent = Arc::<AtomicU64>::default();
        let counted = sent.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (mut victim, attack) = (Victim { stream, sent: counted.clone() }, attack.clone());
                // The victim hangs up: that is what is hoped for.
                std::thread::spawn(move || attack(&mut victim));
            }
        });
        Self { address, sent }
    }

    /// How many bytes its victims have taken, or their kernel for them.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

impl Victim {
    pub fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    /// The same again and again, as fast as it is taken.
    pub fn flood(&mut self, bytes: &[u8]) -> io::Result<()> {
        loop {
            self.say(bytes)?;
        }
    }

    /// The same again and again, a byte a second.
    #[expect(clippy::disallowed_methods, reason = "it is what the attack is")]
    pub fn dribble(&mut self, bytes: &[u8]) -> io::Result<()> {
        for byte in bytes.iter().cycle() {
            self.say(&[*byte])?;
            std::thread::sleep(Duration::from_secs(1));
        }
        Ok(())
    }

    /// Says nothing, as long as the victim stays.
    pub fn hold(&mut self) -> io::Result<()> {
        io::copy(&mut self.stream, &mut io::sink()).map(drop)
    }

    /// Is a wire to an honest server, until that has said so many bytes, or all that it has to say.
    pub fn be_honest(&mut self, server: SocketAddr, bytes: u64) -> io::Result<()> {
        let honest = TcpStream::connect(server)?;
        let (mut from, mut to) = (self.stream.try_clone()?, honest.try_clone()?);
        std::thread::spawn(move || io::copy(&mut from, &mut to));
        let (mut rest, mut buffer) = (honest.take(bytes), [0; 4096]);
        loop {
            match rest.read(&mut buffer)? {
                0 => return Ok(()),
                count => self.say(&buffer[..count])?,
            }
        }
    }
}

/// A packet of SSH before there are keys (RFC 4253, section 6): a message that says nothing, which everybody has to
/// pass over.
pub fn ignored() -> Vec<u8> {
    let payload = [&[2_u8][..], &1000_u32.to_be_bytes(), &[0; 1000]].concat();
    let padding = 8 - (payload.len() + 5) % 8 + 8;
    let length = u32::try_from(payload.len() + padding + 1).unwrap();
    [&length.to_be_bytes()[..], &[u8::try_from(padding).unwrap()], &payload[..], &vec![0; padding][..]]
        .concat()
}
