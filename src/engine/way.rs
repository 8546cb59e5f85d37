//! Which way leads to a builder: what the template says in `[ssh]`, and what the platform knows.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::Path,
};

use crate::{
    error::{Error, Kind},
    open_file::{self, Confinement, LARGEST_KEY_BYTES},
    platform::Builder,
    remote::{bastion, key::HostKeyPin, route::Route},
    template::model::{Bastion, Ssh, Via},
};

/// The builder's address, and the way to it.
pub async fn to(builder: &dyn Builder, ssh: &Ssh) -> Result<(SocketAddr, Route), Error> {
    let found = builder.address();
    if builder.is_local() {
        // A template for both platforms: what stands before builders elsewhere is not on this computer.
        return Ok((host(ssh, found).await?, Route::Here));
    }
    let found = SocketAddr::new(found.ip(), ssh.port.unwrap_or(found.port()));
    match (&ssh.bastion, ssh.via) {
        (Some(bastion), _) => through(bastion, ssh, found).await,
        (None, Some(Via::InstanceConnectEndpoint)) => {
            let endpoint = builder.endpoint(ssh.endpoint.as_deref()).await?;
            Ok((host(ssh, found).await?, Route::Endpoint(endpoint)))
        }
        (None, Some(Via::PublicIp | Via::PrivateIp) | None) => Ok((host(ssh, found).await?, Route::Direct)),
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
    let failed = || Error::new(Kind::Template, format!("reading {what} `{}`", path.display()));
    let read = open_file::read(path, Confinement::Anywhere, LARGEST_KEY_BYTES);
    let read = read.map_err(|error| failed().because(&error))?;
    // The error of a key that is no text would show it.
    String::from_utf8(read.bytes).map_err(|_| failed().because(&io::Error::other("it is no text")))
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, time::Duration};

    use async_trait::async_trait;

    use super::*;
    use crate::{
        event::Events,
        platform::{CaptureSpec, Captured, PlatformError, PowerOff},
        template::model::DiskName,
    };

    /// A builder of which only the address counts.
    struct At(Ipv4Addr, bool);

    #[async_trait]
    impl Builder for At {
        fn id(&self) -> String {
            "i-1".into()
        }

        fn address(&self) -> SocketAddr {
            (self.0, 22).into()
        }

        fn is_local(&self) -> bool {
            self.1
        }

        fn disks(&self) -> Vec<DiskName> {
            Vec::new()
        }

        async fn gone(&self) -> Option<String> {
            None
        }

        async fn console_tail(&self, _: usize) -> Vec<String> {
            Vec::new()
        }

        async fn stop(&mut self, _: PowerOff, _: Duration) -> Result<(), PlatformError> {
            Ok(())
        }

        async fn capture(&mut self, _: &CaptureSpec<'_>, _: &Events) -> Result<Captured, PlatformError> {
            Err(PlatformError::new("capturing", "not here"))
        }

        async fn destroy(&mut self) -> Result<(), PlatformError> {
            Ok(())
        }
    }

    const AWAY: At = At(Ipv4Addr::new(10, 0, 0, 7), false);
    const HERE: At = At(Ipv4Addr::LOCALHOST, true);

    fn behind_a_bastion(key: &Path) -> Ssh {
        let bastion = Bastion {
            host: "127.0.0.1".into(),
            port: 2222,
            user: "ops".into(),
            host_key: "SHA256:x".into(),
            private_key: Some(key.to_owned()),
        };
        Ssh { bastion: Some(bastion), ..Ssh::default() }
    }

    #[tokio::test]
    async fn a_bastion_is_told_the_builders_private_address_or_its_name() {
        let key = tempfile::NamedTempFile::new().unwrap();
        let ssh = behind_a_bastion(key.path());
        let (address, Route::Bastion(bastion)) = to(&AWAY, &ssh).await.unwrap() else {
            panic!("the way goes through no bastion")
        };
        assert_eq!(bastion.target(address), "10.0.0.7:22");
        assert_eq!(bastion.address.to_string(), "127.0.0.1:2222");
        let named = Ssh { host: Some("builder.internal".into()), port: Some(2200), ..ssh };
        let (address, Route::Bastion(bastion)) = to(&AWAY, &named).await.unwrap() else {
            panic!("the way goes through no bastion")
        };
        assert_eq!(bastion.target(address), "builder.internal:2200");
    }

    #[tokio::test]
    async fn a_builder_on_this_computer_is_reached_straight_whatever_stands_before_others() {
        let ssh = behind_a_bastion(Path::new("/nowhere"));
        let endpoint = Ssh { via: Some(Via::InstanceConnectEndpoint), ..Ssh::default() };
        for ssh in [ssh, endpoint] {
            let (address, route) = to(&HERE, &ssh).await.unwrap();
            assert!(matches!(route, Route::Here));
            assert_eq!(address, HERE.address());
        }
    }

    #[tokio::test]
    async fn a_platform_without_endpoints_says_what_to_remove() {
        let ssh = Ssh { via: Some(Via::InstanceConnectEndpoint), ..Ssh::default() };
        let Err(error) = to(&AWAY, &ssh).await else { panic!("there is a way") };
        assert!(error.hint.is_some_and(|hint| hint.contains("`via`")), "no hint");
    }

    #[tokio::test]
    async fn a_key_of_the_bastion_that_cannot_be_read_is_named() {
        let Err(error) = to(&AWAY, &behind_a_bastion(Path::new("/nowhere/key"))).await else {
            panic!("there is a way")
        };
        assert!(error.to_string().contains("`private_key` of [ssh] bastion `/nowhere/key`"), "{error}");
    }
}
