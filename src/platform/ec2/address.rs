//! The address that EC2 sees when this computer connects: asked from a service on the web, because
//! behind a router no computer knows it. A temporary security group opens to this address alone.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use reqwest::{Client, redirect::Policy};

use crate::{causes, platform::PlatformError};

/// Each for itself is plenty for a service that answers with one line.
const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(10);

/// No address is longer; more than this is a page, such as that of a captive portal.
const LONGEST: usize = 128;

const HINT: &str = "set [ec2] ssh_cidrs = [\"203.0.113.7/32\"] to the addresses that may reach the builder, or \
                    [ec2] address_service to a service that answers with the caller's address";

/// Asks `service` which address this computer has on the internet.
///
/// # Errors
/// When the service does not answer, or with something else than one public address.
pub async fn caller_address(service: &str) -> Result<IpAddr, PlatformError> {
    let failed = |why: String| {
        PlatformError::new(format!("asking `{service}` for the address of this computer"), why).hint(HINT)
    };
    let answer = ask(service).await.map_err(failed)?;
    let shown: String = answer.trim().chars().take(60).collect();
    let address: IpAddr = answer
        .trim()
        .parse()
        .map_err(|_| failed(format!("its answer is no IP address: `{}`", shown.escape_debug())))?;
    if !is_public(address) {
        return Err(failed(format!("it answered {address}, which is no public address")));
    }
    Ok(address)
}

async fn ask(service: &str) -> Result<String, String> {
    // A service that has moved is told to the user: a redirect could lead to a plain-text one.
    let client = Client::builder()
        .connect_timeout(CONNECT)
        .timeout(ANSWER)
        .redirect(Policy::none())
        .build()
        .map_err(|error| chain(&error))?;
    let mut response = client.get(service).send().await.map_err(|error| chain(&error))?;
    if !response.status().is_success() {
        return Err(format!("it answered {}", response.status()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| chain(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST {
            return Err(format!("its answer has more than {LONGEST} bytes, so it is no IP address"));
        }
    }
    String::from_utf8(body).map_err(|_| "its answer is not text".into())
}

/// reqwest's own message names the address and not the reason, which is farther down.
fn chain(error: &reqwest::Error) -> String {
    match (error.is_timeout(), causes::of(error).last()) {
        (true, _) => "it did not answer in time".into(),
        (false, farthest) => farthest.map_or_else(|| error.to_string(), ToString::to_string),
    }
}

/// Whether packets from the internet come from such an address.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, ..] = v4.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let benchmarks = a == 198 && (b == 18 || b == 19);
    let special = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_documentation();
    !(special || shared || benchmarks || a == 0 || a >= 224)
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    let [a, b, ..] = v6.segments();
    let documentation = a == 0x2001 && b == 0x0db8;
    // 2000::/3 is all that has been given out.
    a & 0xe000 == 0x2000 && !documentation
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    /// Serves one request with this answer, and gives the address that it serves at.
    async fn service(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            assert!(stream.read(&mut request).await.unwrap() > 0);
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        format!("http://{address}")
    }

    fn ok(body: &str) -> &'static str {
        let length = body.len();
        format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}").leak()
    }

    #[tokio::test]
    async fn the_address_is_taken_with_or_without_a_line_break() {
        for (answer, expected) in
            [("54.1.2.3\n", "54.1.2.3"), ("9.9.9.9", "9.9.9.9"), (" 2a00:1450::5 \r\n", "2a00:1450::5")]
        {
            let found = caller_address(&service(ok(answer)).await).await.unwrap();
            assert_eq!(found.to_string(), expected);
        }
    }

    #[tokio::test]
    async fn anything_else_is_refused_with_what_to_set() {
        let long = format!("<html>{}</html>", "x".repeat(500));
        let redirect = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
        for (answer, why) in [
            (ok("10.0.0.7\n"), "10.0.0.7, which is no public address"),
            (ok("100.64.0.1"), "no public address"),
            (ok("fe80::1"), "no public address"),
            (ok("54.1.2.3, 54.1.2.4"), "no IP address: `54.1.2.3, 54.1.2.4`"),
            (ok("<p>Log in</p>"), "no IP address"),
            (ok(""), "no IP address"),
            (ok(&long), "more than 128 bytes"),
            (redirect, "302 Found"),
            ("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n", "503"),
        ] {
            let error = caller_address(&service(answer).await).await.unwrap_err();
            assert!(error.to_string().contains(why), "{error} does not tell `{why}`");
            assert!(error.hint.unwrap().contains("[ec2] ssh_cidrs"));
        }
    }

    #[tokio::test]
    async fn a_service_that_is_not_there_is_named_with_the_reason() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let error = caller_address(&service).await.unwrap_err().to_string();
        assert!(error.contains(&service) && error.contains("refused"), "{error}");
    }
}
