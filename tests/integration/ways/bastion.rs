//! A builder behind a bastion: two real servers, of which the second is known to the first alone.

use std::time::{Duration, Instant};

use hornero::remote::{
    Command, Exit, RemoteError,
    bastion::Bastion,
    forward::Forward,
    key::KeyPair,
    purpose::Purpose,
    route::{Account, Route},
    ssh::SshRemote,
};
use tokio::{io::AsyncReadExt, net::TcpStream};

use super::{BUILDER, carries_whole, nowhere, run};
use crate::rig::sshd::Sshd;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

fn builder() -> Sshd {
    Sshd::prepare_at(BUILDER, "")
}

/// A bastion that lets connections through to this builder alone.
fn bastion_to(builder: &Sshd) -> Sshd {
    let mut bastion =
        Sshd::prepare_at([127, 0, 0, 1].into(), &format!("PermitOpen {BUILDER}:{}", builder.port));
    bastion.run();
    bastion
}

/// The builder's own address leads nowhere; only the bastion knows the name.
fn account(bastion: &Sshd, builder: &Sshd) -> Account {
    let theirs = bastion.account();
    let way = Bastion {
        address: theirs.address,
        name: "bastion.test".into(),
        user: theirs.user,
        private_key: theirs.private_key,
        pin: theirs.pin,
        builder: Some(BUILDER.to_string()),
    };
    Account { address: nowhere(builder.port), route: Route::Bastion(way), ..builder.account() }
}

fn change(account: &mut Account, how: impl FnOnce(&mut Bastion)) {
    match &mut account.route {
        Route::Bastion(bastion) => how(bastion),
        Route::Here | Route::Direct | Route::Endpoint(_) => panic!("the way goes through no bastion"),
    }
}

#[track_caller]
fn closed(result: Result<SshRemote, RemoteError>) -> (String, String) {
    match result {
        Err(RemoteError::Route { way, why, hint }) => (format!("{way}: {why}"), hint),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("the way was open"),
    }
}

#[tokio::test]
async fn a_builder_is_reached_through_a_bastion() {
    let mut builder = builder();
    builder.run();
    let bastion = bastion_to(&builder);
    let remote = SshRemote::connect(account(&bastion, &builder), LONG).await.unwrap();
    let (exit, lines) = run(&remote, Command::new(Purpose::Probe, "echo $SSH_CONNECTION; exit 3")).await;
    assert_eq!(exit.unwrap(), Exit::Code(3));
    assert!(lines[0].ends_with(&format!("{BUILDER} {}", builder.port)), "{lines:?}");
    carries_whole(&remote).await;
}

#[tokio::test]
async fn a_bastion_with_another_host_key_is_refused_at_once() {
    let builder = builder();
    let bastion = bastion_to(&builder);
    let mut account = account(&bastion, &builder);
    let pinned = KeyPair::generate("another").unwrap().pin();
    change(&mut account, |bastion| bastion.pin = pinned.clone());
    let (told, hint) = closed(SshRemote::connect(account, LONG).await);
    assert!(told.contains("bastion.test") && told.contains(&pinned.to_string()), "{told}");
    assert!(hint.contains("`host_key` of [ssh] bastion"), "{hint}");
}

#[tokio::test]
async fn a_bastion_that_lets_nobody_in_is_told_as_such() {
    let builder = builder();
    let bastion = bastion_to(&builder);
    let mut account = account(&bastion, &builder);
    change(&mut account, |bastion| bastion.private_key = KeyPair::generate("another").unwrap().private);
    let (told, hint) = closed(SshRemote::connect(account, LONG).await);
    assert!(told.contains("does not let") && hint.contains("`private_key` of [ssh] bastion"), "{told}");
}

#[tokio::test]
async fn a_bastion_that_forbids_the_connection_is_told_as_such() {
    let (builder, other) = (builder(), Sshd::prepare_at(BUILDER, ""));
    let bastion = bastion_to(&other);
    let (told, hint) = closed(SshRemote::connect(account(&bastion, &builder), LONG).await);
    assert!(told.contains(&format!("{BUILDER}:{}", builder.port)), "{told}");
    assert!(hint.contains("PermitOpen"), "{hint}");
}

#[tokio::test]
async fn a_builder_that_starts_later_is_found_behind_a_bastion() {
    let mut builder = builder();
    let bastion = bastion_to(&builder);
    let connecting = tokio::spawn(SshRemote::connect(account(&bastion, &builder), LONG));
    let begin = Instant::now();
    while !bastion.log().contains("connect_to") {
        assert!(begin.elapsed() < LONG, "the bastion was never asked:\n{}", bastion.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    builder.run();
    connecting.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_builder_that_never_answers_is_told_with_the_way_to_it() {
    let builder = builder();
    let bastion = bastion_to(&builder);
    let result = SshRemote::connect(account(&bastion, &builder), Duration::from_secs(8)).await;
    match result.err() {
        Some(RemoteError::Unreachable { address, last, .. }) => {
            assert!(address.contains(&BUILDER.to_string()) && address.contains("bastion.test"), "{address}");
            assert!(last.contains("connect failed"), "{last}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_bastion_that_goes_away_is_no_failing_command() {
    let mut builder = builder();
    builder.run();
    let bastion = bastion_to(&builder);
    let remote = SshRemote::connect(account(&bastion, &builder), LONG).await.unwrap();
    let cutting = async {
        let (exit, _) = run(&remote, Command::new(Purpose::Probe, "echo; exec sleep 600")).await;
        exit
    };
    bastion.cut();
    let exit = cutting.await;
    assert!(matches!(exit, Err(RemoteError::Lost { .. })), "{exit:?}");
}

#[tokio::test]
async fn other_programs_reach_the_builder_through_a_port_of_this_computer() {
    let mut builder = builder();
    builder.run();
    let bastion = bastion_to(&builder);
    let account = account(&bastion, &builder);
    let forward = Forward::start(&account).await.unwrap();
    let (one, two) = tokio::join!(greeting(&forward), greeting(&forward));
    assert_eq!((one.as_str(), two.as_str()), ("SSH-2.0-", "SSH-2.0-"));
    let through = Account { address: forward.address, route: Route::Direct, ..account };
    let remote = SshRemote::connect(through, LONG).await.unwrap();
    assert_eq!(run(&remote, Command::new(Purpose::Probe, "exit 4")).await.0.unwrap(), Exit::Code(4));
}

/// Most of the input is under way when nobody wants it any more, the last packet of it by half.
#[tokio::test]
async fn input_that_nobody_reads_to_its_end_does_not_block_the_way() {
    let mut builder = builder();
    builder.run();
    let bastion = bastion_to(&builder);
    let remote = SshRemote::connect(account(&bastion, &builder), LONG).await.unwrap();
    let with_input = |line: &str| Command::new(Purpose::Probe, line).stdin(vec![7; 6_000_000]);
    for _ in 0..12 {
        let (exit, _) = run(&remote, with_input("head -c 1000000 >/dev/null; exit 5")).await;
        assert_eq!(exit.unwrap(), Exit::Code(5));
        let endless = with_input("head -c 1000000 >/dev/null; exec sleep 0.3");
        let (exit, _) = run(&remote, endless.timeout(Some(Duration::from_millis(50)))).await;
        assert!(matches!(exit, Err(RemoteError::TimedOut(_) | RemoteError::NoAnswer(_))), "{exit:?}");
    }
}

async fn greeting(forward: &Forward) -> String {
    let mut first = [0; 8];
    let mut stream = TcpStream::connect(forward.address).await.unwrap();
    stream.read_exact(&mut first).await.unwrap();
    String::from_utf8(first.to_vec()).unwrap()
}
