//! Which way leads to a builder: what the template says in `[ssh]`, and what the platform knows.

use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
};

use crate::{
    error::{Error, Kind},
    platform::Builder,
    remote::{bastion, key::HostKeyPin, route::Route},
    template::model::{Bastion, Ssh, Way},
};

/// The builder's address, and the way to it.
pub async fn to(builder: &dyn Builder, ssh: &Ssh) -> Result<(SocketAddr, Route), Error> {
    let found = builder.address();
    if builder.is_local() {
        // A template for both platforms: what stands before builders elsewhere is not on this computer.
        return Ok((host(ssh, found).await?, Route::Direct));
    }
    let found = SocketAddr::new(found.ip(), ssh.port.unwrap_or(found.port()));
    match &ssh.way {
        Way::Straight => Ok((host(ssh, found).await?, Route::Direct)),
        Way::InstanceConnectEndpoint { id } => {
            let endpoint = builder.endpoint(id.as_deref()).await?;
            Ok((host(ssh, found).await?, Route::Endpoint(endpoint)))
        }
        Way::Bastion(bastion) => through(bastion, ssh, found).await,
    }
}

/// A name of the builder is the bastion's to look up: it may be known only there.
async fn through(bastion: &Bastion, ssh: &Ssh, found: SocketAddr) -> Result<(SocketAddr, Route), Error> {
    let (mut builder, mut address) = (None, found);
    match ssh.host.as_ref().map(|host| (host, host.parse::<IpAddr>())) {
        Some((_, Ok(ip))) => address.set_ip(ip),
        Some((name, Err(_))) => builder = Some(name.clone()),
        None => {}
    }
    let key = bastion.private_key.as_deref().or(ssh.private_key.as_deref());
    let route = bastion::Bastion {
        address: look_up(&bastion.host, bastion.port, "[ssh] bastion").await?,
        name: bastion.host.clone(),
        user: bastion.user.clone(),
        private_key: match key {
            Some(path) => private_key(path, "`private_key` of [ssh] bastion")?,
            None => return Err(no_key(bastion)),
        },
        pin: HostKeyPin::Fingerprint(bastion.host_key.clone()),
        builder,
    };
    Ok((address, Route::Bastion(route)))
}

/// A template without one is refused when it is checked.
fn no_key(bastion: &Bastion) -> Error {
    Error::new(Kind::Template, format!("there is no key for the bastion `{}`", bastion.host))
        .hint("give `private_key` in [ssh] bastion")
}

async fn host(ssh: &Ssh, found: SocketAddr) -> Result<SocketAddr, Error> {
    match &ssh.host {
        Some(host) => look_up(host, ssh.port.unwrap_or(22), "[ssh] host").await,
        None => Ok(found),
    }
}

async fn look_up(host: &str, port: u16, what: &str) -> Result<SocketAddr, Error> {
    let failed = || Error::new(Kind::Remote, format!("looking up the address of {what} `{host}`"));
    let mut found = tokio::net::lookup_host((host, port)).await.map_err(|error| failed().because(&error))?;
    found.next().ok_or_else(|| failed().hint("the name is known and has no address"))
}

/// # Errors
/// When the file cannot be read.
pub fn private_key(path: &Path, what: &str) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|error| {
        Error::new(Kind::Template, format!("reading {what} `{}`", path.display())).because(&error)
    })
}
