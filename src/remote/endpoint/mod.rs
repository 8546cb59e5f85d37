//! The way through an EC2 Instance Connect Endpoint: one signed WebSocket, whose binary frames are
//! the TCP connection to the builder. No other program is needed.

mod carry;
mod sign;

use std::{
    net::SocketAddr,
    time::{Duration, Instant, SystemTime},
};

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use tokio::{net::TcpStream, time};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async_tls_with_config,
    tungstenite::{
        Error,
        http::{Response, StatusCode, Uri},
        protocol::WebSocketConfig,
    },
};

use super::{RemoteError, exchange::Exchange, line::Line};
use crate::time::Moment;

/// Between tries: an endpoint takes few connections, and one that is asked too often refuses.
const EVERY: Duration = Duration::from_secs(1);

/// As much of a refusal as is told.
const BODY: usize = 300;

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// An endpoint in the builder's network.
#[derive(Clone)]
pub struct Endpoint {
    /// `eice-...`
    pub id: String,
    /// `wss://` and its DNS name.
    pub url: String,
    pub region: String,
    /// Asked for each tunnel anew: what a role gives expires.
    pub credentials: SharedCredentialsProvider,
}

impl Endpoint {
    /// For messages.
    pub fn way(&self) -> String {
        format!("the EC2 Instance Connect Endpoint {}", self.id)
    }

    fn closed(&self, why: impl Into<String>, hint: impl Into<String>) -> RemoteError {
        RemoteError::Route { way: self.way(), why: why.into(), hint: hint.into() }
    }
}

/// Opens a way to `builder`, trying until `deadline` while the endpoint does not answer or does not
/// get through. What the last try said is the inner error.
///
/// # Errors
/// When the endpoint refuses the caller, for waiting does not help then; or when it never got through.
pub(super) async fn open(
    endpoint: &Endpoint,
    builder: SocketAddr,
    deadline: Instant,
    said: &(dyn Fn(&str) + Sync),
) -> Result<Result<Line, String>, RemoteError> {
    let limit = Exchange::EndpointTunnel.limit();
    loop {
        let until = deadline.min(Instant::now().later(limit.time));
        let tried = time::timeout_at(until.into(), connect(endpoint, builder)).await;
        let last: Result<String, RemoteError> = match tried {
            Ok(Ok(socket)) => return Ok(Ok(carry::over(socket, endpoint.way())?)),
            Ok(Err(Failed::Refused(error))) => return Err(error),
            Ok(Err(Failed::Answered(error))) => Err(error),
            Ok(Err(Failed::Passing(why))) => Ok(why),
            Err(_) => Ok(format!("no answer within {} s", limit.time.as_secs())),
        };
        if Instant::now().later(EVERY) >= deadline {
            return last.map(Err);
        }
        said(&last.unwrap_or_else(|error| error.to_string()));
        time::sleep(EVERY).await;
    }
}

/// Why a try came to nothing: for good, or for now.
enum Failed {
    Refused(RemoteError),
    /// The builder may not be up yet; told when the time is over.
    Answered(RemoteError),
    Passing(String),
}

async fn connect(endpoint: &Endpoint, builder: SocketAddr) -> Result<Socket, Failed> {
    let url = address(endpoint, builder).await.map_err(Failed::Refused)?;
    let stream = tcp(&endpoint.url).await.map_err(Failed::Passing)?;
    let most = usize::try_from(Exchange::EndpointTunnel.limit().bytes).ok();
    let config = WebSocketConfig::default().max_message_size(most).max_frame_size(most);
    match client_async_tls_with_config(url, stream, Some(config), None).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => Err(refused(endpoint, builder, &response)),
        Err(error) => Err(Failed::Passing(error.to_string())),
    }
}

async fn address(endpoint: &Endpoint, builder: SocketAddr) -> Result<String, RemoteError> {
    let credentials = endpoint.credentials.provide_credentials().await.map_err(|error| {
        let why = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        endpoint.closed(format!("there are no AWS credentials to sign with: {why}"), "log in to AWS again")
    })?;
    let tunnel = sign::Tunnel { url: &endpoint.url, id: &endpoint.id, region: &endpoint.region, builder };
    sign::signed_url(&tunnel, credentials, SystemTime::now())
        .map_err(|error| endpoint.closed(format!("signing the request failed: {error}"), "report this"))
}

async fn tcp(url: &str) -> Result<TcpStream, String> {
    let uri: Uri = url.parse().map_err(|error| format!("`{url}` is no address: {error}"))?;
    let host = uri.host().unwrap_or_default();
    let port = uri.port_u16().unwrap_or(443);
    let failed = |error: std::io::Error| format!("connecting to {host}: {error}");
    let stream = TcpStream::connect((host, port)).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    // As with a builder that is reached straight.
    rustix::net::sockopt::set_tcp_user_timeout(&stream, 30_000).map_err(|error| failed(error.into()))?;
    Ok(stream)
}

/// What an answer that is no tunnel means.
fn refused(endpoint: &Endpoint, builder: SocketAddr, response: &Response<Option<Vec<u8>>>) -> Failed {
    let status = response.status();
    let body = response.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
    let said: String = body.trim().chars().filter(|c| !c.is_control()).take(BODY).collect();
    let why = match said.as_str() {
        "" => format!("it answered {status}"),
        said => format!("it answered {status}: {said}"),
    };
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return Failed::Passing(why);
    }
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        let hint = format!(
            "look whether these credentials have the permission `ec2-instance-connect:OpenTunnel` on {}, whether \
             they have expired, and whether this computer's clock is right",
            endpoint.id
        );
        return Failed::Refused(endpoint.closed(why, hint));
    }
    let hint = format!(
        "look whether {} is in the builder's network, and whether its security groups and the builder's let it reach \
         {builder}",
        endpoint.id
    );
    Failed::Answered(endpoint.closed(why, hint))
}
