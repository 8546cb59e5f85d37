//! What is done to whoever connects, in each exchange. A new exchange needs its arm here; a new attack is a line.

use std::{io, net::SocketAddr, sync::Arc};

use hornero::remote::exchange::Exchange;

use super::server::{Attack, VERSION, Victim, ignored};

/// Who is hostile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Builder,
    Bastion,
    /// The builder behind an honest bastion.
    Behind,
    Endpoint,
}

/// One attack: its name, who makes it, and what it does.
pub struct Assault {
    pub name: &'static str,
    pub place: Place,
    pub attack: Attack,
}

/// Those of an exchange; `honest` is a real SSH server that lets the victim in, and says `whole` bytes until a bake
/// can begin.
pub fn assaults(exchange: Exchange, honest: SocketAddr, whole: u64) -> Vec<Assault> {
    // Before the first answer, whatever is said after it.
    let late = whole - 600;
    match exchange {
        Exchange::Connection => at(Place::Builder, vec![silence(), dribbled(b"S")]),
        Exchange::Login => at(Place::Builder, [before_the_key(), after_the_key(honest)].concat()),
        Exchange::FirstQuestion => at(Place::Builder, vec![answers_end(honest, late), noise(honest, late)]),
        Exchange::BastionLogin => at(Place::Bastion, [before_the_key(), after_the_key(honest)].concat()),
        Exchange::BastionTunnel => {
            let mut all = at(Place::Bastion, vec![answers_end(honest, late), noise(honest, late)]);
            all.extend(at(Place::Behind, before_the_key()));
            all
        }
        Exchange::EndpointTunnel => {
            let endless = of("endless headers", |victim| {
                victim.say(b"HTTP/1.1 101 Switching Protocols\r\n")?;
                victim.flood(b"x: y\r\n")
            });
            at(Place::Endpoint, vec![silence(), dribbled(b"HTTP/1.1 101 "), endless])
        }
    }
}

/// An honest server's whole answer, and nothing else.
pub fn honesty(honest: SocketAddr) -> Attack {
    of("honesty", move |victim| victim.be_honest(honest, u64::MAX)).1
}

type Named = (&'static str, Attack);

fn at(place: Place, attacks: Vec<Named>) -> Vec<Assault> {
    attacks.into_iter().map(|(name, attack)| Assault { name, place, attack }).collect()
}

fn of(name: &'static str, attack: impl Fn(&mut Victim) -> io::Result<()> + Send + Sync + 'static) -> Named {
    (name, Arc::new(attack))
}

fn silence() -> Named {
    of("silence", |victim| victim.hold())
}

fn dribbled(bytes: &'static [u8]) -> Named {
    of("a byte a second", move |victim| victim.dribble(bytes))
}

/// Before anything proves who it is.
fn before_the_key() -> Vec<Named> {
    vec![
        of("endless lines before the version", |victim| victim.flood(&b"hello, there\r\n".repeat(500))),
        of("endless blank lines", |victim| victim.flood(&b"\r\n".repeat(4_000))),
        of("an endless version", |victim| {
            victim.say(b"SSH-2.0-")?;
            victim.flood(&[b'x'; 8_000])
        }),
        of("endless packets", |victim| {
            victim.say(VERSION)?;
            victim.flood(&ignored())
        }),
        of("a version, and nothing more", |victim| {
            victim.say(VERSION)?;
            victim.hold()
        }),
        of("packets, a byte a second", |victim| {
            victim.say(VERSION)?;
            victim.dribble(&ignored())
        }),
    ]
}

/// In the midst of the exchange of keys, and of the login.
fn after_the_key(honest: SocketAddr) -> Vec<Named> {
    vec![answers_end(honest, 600), noise(honest, 600), answers_end(honest, 1_500)]
}

/// An honest server's first so many bytes, and nothing more.
fn answers_end(honest: SocketAddr, bytes: u64) -> Named {
    of("an answer that breaks off", move |victim| {
        victim.be_honest(honest, bytes)?;
        victim.hold()
    })
}

/// An honest server's first so many bytes, and then what nobody understands.
fn noise(honest: SocketAddr, bytes: u64) -> Named {
    of("an answer that becomes noise", move |victim| {
        victim.be_honest(honest, bytes)?;
        victim.flood(&[0x55; 8_000])
    })
}
