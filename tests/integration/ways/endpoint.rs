//! A builder behind an EC2 Instance Connect Endpoint: a server that takes tunnels as AWS does, only
//! with a good signature, and carries them to a real sshd.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use futures::{SinkExt, StreamExt};
use hornero::remote::{
    Command, Exit, RemoteError,
    endpoint::Endpoint,
    purpose::Purpose,
    route::{Account, Route},
    ssh::SshRemote,
};
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_tungstenite::{
    accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use super::{BUILDER, carries_whole, run};
use crate::{ec2::Cloud, rig::sshd::Sshd};

const LONG: Duration = Duration::from_secs(60);
const SECRET: &str = "a secret access key";
const CLOSING: &str = "the tunnel has been open for too long";

/// How the server takes what it is asked.
#[derive(Clone, Copy)]
enum Manner {
    Carry,
    /// Gives an HTTP answer this many times, and carries after that.
    Answer(usize, u16, &'static str),
    /// Carries until the builder prints this.
    CloseAfter(&'static str),
}

struct Server {
    account: Account,
    asked: Arc<AtomicUsize>,
}

impl Server {
    async fn start(sshd: &Sshd, manner: Manner) -> Self {
        Self::asked_for(sshd.port, sshd, manner).await
    }

    /// Takes tunnels to this port of the builder.
    async fn asked_for(wanted: u16, sshd: &Sshd, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        let (asked, port) = (Arc::new(AtomicUsize::new(0)), sshd.port);
        let counted = asked.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let nth = counted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream, (wanted, port), manner, nth));
            }
        });
        let keys = Credentials::new("AKIDEXAMPLE", SECRET, Some("a/token+of==".into()), None, "test");
        let endpoint = Endpoint {
            id: "eice-0123456789abcdef0".into(),
            url,
            region: "eu-west-1".into(),
            credentials: SharedCredentialsProvider::new(keys),
        };
        Self { account: Account { route: Route::Endpoint(endpoint), ..sshd.account() }, asked }
    }

    async fn connect(&self) -> Result<SshRemote, RemoteError> {
        SshRemote::connect(self.account.clone(), LONG).await
    }
}

#[allow(clippy::result_large_err, reason = "the callback's type is the library's")]
async fn serve(stream: TcpStream, (wanted, port): (u16, u16), manner: Manner, nth: usize) {
    let judge = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let refuse = |status: u16, body: &str| {
            let mut response = ErrorResponse::new(Some(body.to_owned()));
            *response.status_mut() = status.try_into().unwrap();
            Err(response)
        };
        match (manner, signed(request, wanted)) {
            (Manner::Answer(times, status, body), _) if nth < times => refuse(status, body),
            (_, Err(why)) => refuse(403, &why),
            (_, Ok(())) => Ok(response),
        }
    };
    let Ok(socket) = accept_hdr_async(stream, judge).await else { return };
    let (mut to_caller, mut from_caller) = socket.split();
    let (mut from_builder, mut to_builder) = TcpStream::connect((BUILDER, port)).await.unwrap().into_split();
    let up = async {
        while let Some(Ok(message)) = from_caller.next().await {
            if to_builder.write_all(&message.into_data()).await.is_err() {
                return;
            }
        }
    };
    let down = async {
        let mut buffer = vec![0; 8192];
        while let Ok(count @ 1..) = from_builder.read(&mut buffer).await {
            if to_caller.send(Message::binary(buffer[..count].to_vec())).await.is_err() {
                return;
            }
            if let Manner::CloseAfter(file) = manner
                && std::path::Path::new(file).exists()
            {
                let frame = CloseFrame { code: CloseCode::Normal, reason: CLOSING.into() };
                to_caller.send(Message::Close(Some(frame))).await.ok();
                return;
            }
        }
    };
    tokio::join!(up, down);
}

/// Judges a request as AWS does: every parameter, and the signature over them.
fn signed(request: &Request, port: u16) -> Result<(), String> {
    let uri = request.uri();
    let query = uri.query().unwrap_or_default();
    let pairs: BTreeMap<&str, &str> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let day = &pairs["X-Amz-Date"][..8];
    let scope = format!("{day}/eu-west-1/ec2-instance-connect/aws4_request");
    let expected = [
        ("instanceConnectEndpointId", "eice-0123456789abcdef0".to_owned()),
        ("privateIpAddress", BUILDER.to_string()),
        ("remotePort", port.to_string()),
        ("maxTunnelDuration", "3600".into()),
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256".into()),
        ("X-Amz-Credential", format!("AKIDEXAMPLE/{scope}").replace('/', "%2F")),
        ("X-Amz-Expires", "60".into()),
        ("X-Amz-SignedHeaders", "host".into()),
        ("X-Amz-Security-Token", "a%2Ftoken%2Bof%3D%3D".into()),
    ];
    for (key, value) in expected {
        match pairs.get(key) {
            Some(found) if **found == value => {}
            found => return Err(format!("{key} is {found:?}, not {value}")),
        }
    }
    let canonical: Vec<String> = pairs
        .iter()
        .filter(|(key, _)| **key != "X-Amz-Signature")
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let host = request.headers()["host"].to_str().unwrap();
    let canonical = format!(
        "GET\n{}\n{}\nhost:{host}\n\nhost\n{}",
        uri.path(),
        canonical.join("&"),
        hex::encode(Sha256::digest(""))
    );
    let sum = hex::encode(Sha256::digest(canonical));
    let text = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{sum}", pairs["X-Amz-Date"]);
    let time: jiff::Timestamp =
        jiff::fmt::strtime::parse("%Y%m%dT%H%M%S%z", pairs["X-Amz-Date"].replace('Z', "+0000"))
            .and_then(|time| time.to_timestamp())
            .unwrap();
    let key = generate_signing_key(SECRET, time.into(), "eu-west-1", "ec2-instance-connect");
    match pairs["X-Amz-Signature"] == calculate_signature(key, text.as_bytes()) && uri.path() == "/openTunnel"
    {
        true => Ok(()),
        false => Err("the signature does not match".into()),
    }
}

fn builder() -> Sshd {
    let mut sshd = Sshd::prepare_at(BUILDER, "");
    sshd.run();
    sshd
}

#[tokio::test]
async fn a_builder_is_reached_through_an_endpoint_with_a_signed_request() {
    let sshd = builder();
    let server = Server::start(&sshd, Manner::Carry).await;
    let remote = server.connect().await.unwrap();
    let (exit, lines) = run(&remote, Command::new(Purpose::Probe, "echo $SSH_CONNECTION; exit 3")).await;
    assert_eq!(exit.unwrap(), Exit::Code(3));
    assert!(lines[0].ends_with(&format!("{BUILDER} {}", sshd.port)), "{lines:?}");
    carries_whole(&remote).await;
}

#[tokio::test]
async fn an_endpoint_that_refuses_is_told_once_with_its_words_and_what_to_check() {
    let sshd = builder();
    let body = "User is not authorized to perform: ec2-instance-connect:OpenTunnel";
    let server = Server::start(&sshd, Manner::Answer(usize::MAX, 403, body)).await;
    let error = server.connect().await.err().unwrap();
    let RemoteError::Route { hint, .. } = &error else { panic!("{error}") };
    let told = error.to_string();
    assert!(told.contains("eice-0123456789abcdef0") && told.contains("403") && told.contains(body), "{told}");
    assert!(
        hint.contains("the permission `ec2-instance-connect:OpenTunnel`") && hint.contains("clock"),
        "{hint}"
    );
    assert_eq!(server.asked.load(Ordering::Relaxed), 1, "a refusal is not asked for again");
}

#[tokio::test]
async fn an_endpoint_that_does_not_find_the_builder_says_what_to_look_at() {
    let sshd = builder();
    let server = Server::start(&sshd, Manner::Answer(usize::MAX, 400, "Invalid private IP")).await;
    let error = SshRemote::connect(server.account.clone(), Duration::from_secs(8)).await.err().unwrap();
    let RemoteError::Route { why, hint, .. } = &error else { panic!("{error}") };
    assert!(why.contains("Invalid private IP") && hint.contains("security groups"), "{why}; {hint}");
    assert!(server.asked.load(Ordering::Relaxed) > 1, "the builder might have come up");
}

#[tokio::test]
async fn a_builder_that_is_not_up_yet_is_asked_for_again() {
    let sshd = builder();
    let server = Server::start(&sshd, Manner::Answer(1, 400, "Unable to connect to target")).await;
    let remote = server.connect().await.unwrap();
    assert_eq!(run(&remote, Command::new(Purpose::Probe, "true")).await.0.unwrap(), Exit::Code(0));
    assert_eq!(server.asked.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn an_endpoint_that_is_busy_is_asked_again() {
    let sshd = builder();
    let server = Server::start(&sshd, Manner::Answer(1, 503, "")).await;
    let remote = server.connect().await.unwrap();
    assert_eq!(run(&remote, Command::new(Purpose::Probe, "true")).await.0.unwrap(), Exit::Code(0));
    assert_eq!(server.asked.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_tunnel_that_is_closed_in_the_middle_is_told_with_the_reason() {
    let sshd = builder();
    let folder = tempfile::tempdir().unwrap();
    let mark: &'static str = folder.path().join("mark").display().to_string().leak();
    let server = Server::start(&sshd, Manner::CloseAfter(mark)).await;
    let remote = server.connect().await.unwrap();
    let (exit, _) =
        run(&remote, Command::new(Purpose::Probe, format!("touch {mark}; echo; exec sleep 600"))).await;
    match exit {
        Err(RemoteError::Lost { why, .. }) => {
            assert!(why.contains("eice-0123456789abcdef0") && why.contains(CLOSING), "{why}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_endpoint_that_speaks_no_tls_is_unreachable() {
    let sshd = builder();
    let mut account = sshd.account();
    let server = Server::start(&sshd, Manner::Carry).await;
    let Route::Endpoint(mut endpoint) = server.account.route else { panic!("the way is an endpoint") };
    endpoint.url = format!("wss://127.0.0.1:{}", sshd.port).replace("127.0.0.1", &BUILDER.to_string());
    account.route = Route::Endpoint(endpoint);
    let result = SshRemote::connect(account, Duration::from_secs(1)).await;
    assert!(matches!(result, Err(RemoteError::Unreachable { .. })), "{:?}", result.err());
}

/// What AWS says of the endpoint, as it says it.
fn known(server: &Server) -> serde_json::Value {
    let Route::Endpoint(endpoint) = &server.account.route else { panic!("it is an endpoint") };
    let (id, dns) = (&endpoint.id, endpoint.url.trim_start_matches("ws://"));
    let body = format!(
        "<DescribeInstanceConnectEndpointsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
         <instanceConnectEndpointSet><item><instanceConnectEndpointId>{id}</instanceConnectEndpointId>\
         <dnsName>{dns}</dnsName><state>create-complete</state></item></instanceConnectEndpointSet>\
         </DescribeInstanceConnectEndpointsResponse>"
    );
    serde_json::json!({ "action": "DescribeInstanceConnectEndpoints", "fault": "answer", "body": body })
}

/// The template of a builder that answers at the real sshd's address.
fn template(cloud: &Cloud, sshd: &Sshd) -> String {
    let account = sshd.account();
    let way = format!("[ssh]\nvia = \"instance-connect-endpoint\"\nhost = \"{BUILDER}\"\n");
    let template = cloud.edited(&[(&cloud.address(), ""), ("[ssh]\n", &way)]);
    let text = std::fs::read_to_string(&template).unwrap();
    let pin = regex::Regex::new("host_key = \"[^\"]*\"").unwrap();
    let text = pin.replace(&text, format!("host_key = \"{}\"", account.pin));
    std::fs::write(&template, text.as_bytes()).unwrap();
    std::fs::write(cloud.hornero.folder.path().join("key"), &account.private_key).unwrap();
    template
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_bake_goes_through_an_endpoint() {
    let sshd = builder();
    let server = Server::asked_for(22, &sshd, Manner::Carry).await;
    let mut cloud = Cloud::start();
    cloud.proxy.rule(known(&server));
    let mut bake = cloud.command(&["bake", &template(&cloud, &sshd)]);
    bake.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", SECRET);
    let ran = cloud.hornero.finish(bake.env("AWS_SESSION_TOKEN", "a/token+of=="));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.starts_with("ami-"), "{}", ran.stdout);
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}
