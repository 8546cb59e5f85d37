//! Hostile servers, as parts: who answers in the place of a builder, of a bastion or of an endpoint may lie, dribble
//! or never end. `server` is the body of every attacker, `attacks` says what is done in each exchange, `login` is a
//! real sshd whose account lies. A new exchange needs an arm in `attacks`, or this does not compile.

mod attacks;
pub mod login;
mod logins;
mod server;

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use hornero::remote::{
    bastion::Bastion,
    endpoint::Endpoint,
    exchange::Exchange,
    route::{Account, Route},
    ssh::SshRemote,
};

use self::{
    attacks::{Assault, Place, assaults, honesty},
    server::Attacker,
};
use crate::rig::sshd::Sshd;

/// `[ssh] timeout` of all of these.
const TIMEOUT: Duration = Duration::from_secs(3);

/// What a loaded computer may take beyond that.
const MARGIN: Duration = Duration::from_secs(12);

/// A core that is busy all the time comes to the whole of the timeout.
const MOST_CPU: Duration = Duration::from_secs(2);

/// It is tried again and again, and each time kernels take more than anybody reads. Who reads as fast as is sent takes
/// gigabytes.
const MOST_BYTES: u64 = 256 << 20;

/// The way to whoever is hostile; everybody else is honest.
fn account(place: Place, honest: &Sshd, attacker: SocketAddr) -> Account {
    let theirs = honest.account();
    let bastion = |address| {
        Route::Bastion(Bastion {
            address,
            name: "bastion.test".into(),
            user: theirs.user.clone(),
            private_key: theirs.private_key.clone(),
            pin: theirs.pin.clone(),
            builder: None,
        })
    };
    let keys = Credentials::new("AKIDEXAMPLE", "a secret access key", None, None, "test");
    let endpoint = Endpoint {
        id: "eice-0123456789abcdef0".into(),
        url: format!("ws://{attacker}"),
        region: "eu-west-1".into(),
        credentials: SharedCredentialsProvider::new(keys),
    };
    let (address, route) = match place {
        Place::Builder => (attacker, Route::Direct),
        Place::Bastion => (theirs.address, bastion(attacker)),
        Place::Behind => (attacker, bastion(theirs.address)),
        Place::Endpoint => (theirs.address, Route::Endpoint(endpoint)),
    };
    Account { address, route, ..theirs }
}

/// The processor time of all threads of this name, so far.
fn cpu_time(name: &str) -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().filter_map(Result::ok);
    let ours = tasks.filter(|task| {
        std::fs::read_to_string(task.path().join("comm")).is_ok_and(|text| text.trim() == name)
    });
    // One may end meanwhile.
    let stats = ours.filter_map(|task| std::fs::read_to_string(task.path().join("schedstat")).ok());
    stats.filter_map(|text| Some(Duration::from_nanos(text.split(' ').next()?.parse().ok()?))).sum()
}

/// Connects where somebody is hostile, and says what was wrong with how that went.
fn suffer(exchange: Exchange, assault: Assault, honest: &Sshd) -> Option<String> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let thread = format!("victim{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let Assault { name, place, attack } = assault;
    let attacker = Attacker::start(attack);
    let account = account(place, honest, attacker.address);
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).thread_name(&thread).enable_all().build().unwrap();
    let begun = Instant::now();
    let connecting = runtime.spawn(SshRemote::connect(account, TIMEOUT));
    let result = runtime.block_on(async { tokio::time::timeout(TIMEOUT + MARGIN, connecting).await });
    let (took, sent, cpu) = (begun.elapsed(), attacker.sent(), cpu_time(&thread));
    runtime.shutdown_background();
    let wrong = match result {
        Err(_) => format!("holds it for more than {took:?}"),
        Ok(Ok(Ok(_))) => "lets a bake begin".to_owned(),
        Ok(Err(panic)) => panic.to_string(),
        Ok(Ok(Err(_))) if cpu > MOST_CPU => format!("takes {cpu:?} of a processor"),
        Ok(Ok(Err(_))) if sent > MOST_BYTES => format!("gets rid of {sent} bytes"),
        Ok(Ok(Err(_))) => return None,
    };
    Some(format!("{exchange:?}: {name} of the {place:?} {wrong}"))
}

/// How many bytes an honest server says until a bake can begin.
fn whole(honest: &Sshd) -> u64 {
    let wire = Attacker::start(honesty(honest.account().address));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let account = account(Place::Builder, honest, wire.address);
    runtime.block_on(SshRemote::connect(account, TIMEOUT + MARGIN)).unwrap();
    wire.sent()
}

#[test]
fn no_server_holds_a_bake_longer_than_its_timeout_or_at_a_full_core_in_any_exchange() {
    // All of them come at once, and again and again.
    let mut honest = Sshd::prepare_at([127, 0, 0, 1].into(), "MaxStartups 500");
    honest.run();
    let (address, whole) = (honest.account().address, whole(&honest));
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let honest = &honest;
        let all = Exchange::ALL.iter().flat_map(|exchange| {
            assaults(*exchange, address, whole).into_iter().map(move |assault| (*exchange, assault))
        });
        let suffering: Vec<_> =
            all.map(|(exchange, assault)| scope.spawn(move || suffer(exchange, assault, honest))).collect();
        suffering.into_iter().filter_map(|one| one.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
