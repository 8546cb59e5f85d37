//! The signed address of a tunnel: AWS Signature Version 4 in the query, good for one minute.

use std::{
    error::Error,
    net::SocketAddr,
    time::{Duration, SystemTime},
};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign},
    sign::v4::SigningParams,
};
use tokio_tungstenite::tungstenite::http::Request;

/// How long the address can be used to open a tunnel.
const VALID: Duration = Duration::from_secs(60);

/// The longest that an endpoint keeps a tunnel open, in seconds.
pub(super) const LONGEST: u32 = 3600;

/// What a signature is made for.
pub(super) struct Tunnel<'a> {
    /// `wss://eice-....ec2-instance-connect-endpoint.eu-west-1.amazonaws.com`
    pub url: &'a str,
    pub id: &'a str,
    pub region: &'a str,
    pub builder: SocketAddr,
}

/// The address to open a WebSocket at.
pub(super) fn signed_url(
    tunnel: &Tunnel<'_>,
    credentials: Credentials,
    time: SystemTime,
) -> Result<String, Box<dyn Error + Send + Sync>> {
    let (ip, port) = (tunnel.builder.ip(), tunnel.builder.port());
    // All of these are letters, digits, `-` and `.`: nothing to be encoded.
    let url = format!(
        "{}/openTunnel?instanceConnectEndpointId={}&maxTunnelDuration={LONGEST}&privateIpAddress={ip}&remotePort={port}",
        tunnel.url, tunnel.id,
    );
    let identity = credentials.into();
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(VALID);
    let params = SigningParams::builder()
        .identity(&identity)
        .region(tunnel.region)
        .name("ec2-instance-connect")
        .time(time)
        .settings(settings)
        .build()?
        .into();
    let signable = SignableRequest::new("GET", &url, std::iter::empty(), SignableBody::Bytes(&[]))?;
    let (instructions, _) = sign(signable, &params)?.into_parts();
    let mut request = Request::get(&url).body(())?;
    instructions.apply_to_request_http1x(&mut request);
    Ok(request.uri().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(token: Option<&str>) -> String {
        let tunnel = Tunnel {
            url: "wss://eice-0123456789abcdef0.ec2-instance-connect-endpoint.eu-west-1.amazonaws.com",
            id: "eice-0123456789abcdef0",
            region: "eu-west-1",
            builder: "10.0.0.7:22".parse().unwrap(),
        };
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", token.map(Into::into), None, "test");
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        signed_url(&tunnel, credentials, time).unwrap()
    }

    #[test]
    fn the_address_names_builder_and_endpoint_and_is_signed_for_a_minute() {
        let url = signed(None);
        for part in [
            "wss://eice-0123456789abcdef0.ec2-instance-connect-endpoint.eu-west-1.amazonaws.com/openTunnel?",
            "instanceConnectEndpointId=eice-0123456789abcdef0",
            "privateIpAddress=10.0.0.7",
            "remotePort=22",
            "maxTunnelDuration=3600",
            "X-Amz-Algorithm=AWS4-HMAC-SHA256",
            "X-Amz-Credential=AKIDEXAMPLE%2F20231114%2Feu-west-1%2Fec2-instance-connect%2Faws4_request",
            "X-Amz-Date=20231114T221320Z",
            "X-Amz-Expires=60",
            "X-Amz-SignedHeaders=host",
        ] {
            assert!(url.contains(part), "{url} lacks {part}");
        }
        assert!(!url.contains("Security-Token") && !url.contains("secret"), "{url}");
    }

    #[test]
    fn a_session_token_is_part_of_what_is_signed() {
        let url = signed(Some("a/token+with=signs"));
        assert!(url.contains("X-Amz-Security-Token=a%2Ftoken%2Bwith%3Dsigns"), "{url}");
        let signature = |url: &str| url.split("X-Amz-Signature=").nth(1).map(|rest| rest[..64].to_owned());
        assert!(signature(&url).is_some() && signature(&url) != signature(&signed(None)));
    }
}
