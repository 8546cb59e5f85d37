//! `[ssh]`: who logs in where, and which way leads there.

use std::{net::IpAddr, path::PathBuf};

use toml::Spanned;

use super::{
    cx::Cx,
    names::{ENDPOINT, HOST, HOST_KEY, LOGIN},
};
use crate::template::{
    diagnose::Fault,
    model::{Bastion, Ssh, Via},
    raw::{self, Raw, Text},
};

/// What `via` can be.
const VIAS: [(&str, Via); 3] = [
    ("public-ip", Via::PublicIp),
    ("private-ip", Via::PrivateIp),
    (ENDPOINT_WORD, Via::InstanceConnectEndpoint),
];
const ENDPOINT_WORD: &str = "instance-connect-endpoint";

impl Cx<'_> {
    pub fn ssh(&self, raw: &Raw) -> Ssh {
        let Some(table) = raw.ssh.as_ref().map(Spanned::get_ref) else { return Ssh::default() };
        Ssh {
            timeout: self.timeout(&table.timeout),
            user: self.maybe_account_name(&table.user, &LOGIN),
            private_key: table.private_key.as_ref().and_then(|path| self.key_file(path)),
            host_key: self.maybe_name(&table.host_key, &HOST_KEY),
            host: self.maybe_name(&table.host, &HOST),
            port: self.number(&table.port, 1..=65_535),
            via: self.via(table),
            endpoint: self.maybe_name(&table.endpoint, &ENDPOINT),
            bastion: table.bastion.as_ref().and_then(|bastion| self.bastion(bastion, table)),
        }
    }

    /// A key to log in with.
    fn key_file(&self, text: &Text) -> Option<PathBuf> {
        let path = self.any_path(text)?;
        if !self.shared.files.exists(&path) {
            let fault = Fault::at(text.span(), format!("there is no key file `{}`", path.display()));
            self.fault(fault.hint("paths are relative to this file; `~/` is your home"));
            return Some(path);
        }
        self.login_key(text)
    }

    /// One way leads to the builder.
    fn via(&self, table: &raw::Ssh) -> Option<Via> {
        let via = self.choice(&table.via, "way", &VIAS);
        let endpoint = via == Some(Via::InstanceConnectEndpoint);
        if let (Some(text), Some(_), Some(Via::PublicIp | Via::InstanceConnectEndpoint)) =
            (&table.via, &table.bastion, via)
        {
            let word = text.get_ref();
            let fault = Fault::at(text.span(), format!("`[ssh]` has both `bastion` and via = \"{word}\""));
            self.fault(fault.hint("a bastion leads to the private address: remove one of them"));
        }
        if let (false, Some(text)) = (endpoint || table.via.is_some() && via.is_none(), &table.endpoint) {
            let fault = Fault::at(text.span(), "`endpoint` has a meaning only with `via`");
            self.fault(fault.hint(format!("write via = \"{ENDPOINT_WORD}\"")));
        }
        if endpoint {
            self.fits_an_endpoint(table);
        }
        via
    }

    /// It leads to private addresses, and there to the ports of SSH and of remote desktops alone.
    fn fits_an_endpoint(&self, table: &raw::Ssh) {
        if let Some(port) = &table.port
            && self.one_number::<u16>(port, 1..=65_535).is_some_and(|number| number != 22)
        {
            let fault = Fault::at(port.span(), "an EC2 Instance Connect Endpoint leads to port 22 only");
            self.fault(fault.hint("remove `port`, or reach the builder through a `bastion`"));
        }
        if let Some(host) = &table.host
            && self.text(host).is_some_and(|host| host.parse::<IpAddr>().is_err())
        {
            let fault = Fault::at(host.span(), "an EC2 Instance Connect Endpoint takes no names");
            self.fault(fault.hint("write the builder's private address, or remove `host`: it is found"));
        }
    }

    fn bastion(&self, bastion: &Spanned<raw::Bastion>, ssh: &raw::Ssh) -> Option<Bastion> {
        let (place, table) = (bastion.span(), bastion.get_ref());
        let needed = |value, key, rule| {
            self.need(value, &place, "the bastion", key).and_then(|text: &Text| self.name(text, rule))
        };
        let host = needed(&table.host, "host", &HOST);
        let user = needed(&table.user, "user", &LOGIN);
        let host_key = needed(&table.host_key, "host_key", &HOST_KEY);
        let port = self.number(&table.port, 1..=65_535).unwrap_or(22);
        let private_key = table.private_key.as_ref().and_then(|path| self.key_file(path));
        // The key of a run is new: no bastion knows it.
        if ssh.private_key.is_none() {
            self.need(&table.private_key, &place, "the bastion", "private_key");
        }
        Some(Bastion { host: host?, port, user: user?, host_key: host_key?, private_key })
    }
}
