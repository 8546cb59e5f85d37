//! `[ssh]`: who logs in where, and which way leads there.

use std::net::IpAddr;

use toml::Spanned;

use super::{
    cx::Cx,
    names::{ENDPOINT, HOST, HOST_KEY, LOGIN},
};
use crate::template::{
    diagnose::Fault,
    model::{Bastion, Ssh, Way},
    raw::{self, Raw, Text},
};

/// What `via` can be.
const ENDPOINT_WORD: &str = "instance-connect-endpoint";

impl Cx<'_> {
    pub fn ssh(&self, raw: &Raw) -> Ssh {
        let Some(table) = raw.ssh.as_ref().map(Spanned::get_ref) else { return Ssh::default() };
        Ssh {
            timeout: self.unit(&table.timeout),
            user: self.maybe_name(&table.user, &LOGIN),
            private_key: table.private_key.as_ref().and_then(|path| self.any_path(path)),
            host_key: self.maybe_name(&table.host_key, &HOST_KEY),
            host: self.maybe_name(&table.host, &HOST),
            port: self.number(&table.port, 1..=65_535),
            way: self.way(table),
        }
    }

    fn way(&self, table: &raw::Ssh) -> Way {
        let bastion = table.bastion.as_ref().and_then(|bastion| self.bastion(bastion, table));
        let via = self.choice(&table.via, "way", &[(ENDPOINT_WORD, ())]);
        let id = self.maybe_name(&table.endpoint, &ENDPOINT);
        if let (Some(via), Some(_)) = (&table.via, &table.bastion) {
            let fault = Fault::at(via.span(), "`[ssh]` has both `via` and `bastion`");
            self.fault(fault.hint("one way leads to the builder: remove one of them"));
        }
        if let (None, Some(endpoint)) = (&table.via, &table.endpoint) {
            let fault = Fault::at(endpoint.span(), "`endpoint` has no meaning without `via`");
            self.fault(fault.hint(format!("add via = \"{ENDPOINT_WORD}\"")));
        }
        if via.is_some() {
            self.fits_an_endpoint(table);
        }
        match (bastion, via) {
            (_, Some(())) => Way::InstanceConnectEndpoint { id },
            (Some(bastion), None) => Way::Bastion(bastion),
            (None, None) => Way::Straight,
        }
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
        let private_key = table.private_key.as_ref().and_then(|path| self.any_path(path));
        // The key of a run is new: no bastion knows it.
        if ssh.private_key.is_none() {
            self.need(&table.private_key, &place, "the bastion", "private_key");
        }
        Some(Bastion { host: host?, port, user: user?, host_key: host_key?, private_key })
    }
}
