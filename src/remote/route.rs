//! Who logs in where, and which way leads there: straight, through a bastion, or through an EC2
//! Instance Connect Endpoint.

use std::net::SocketAddr;

use super::{bastion::Bastion, endpoint::Endpoint, key::HostKeyPin};

/// Who logs in where, and what the other side must prove.
#[derive(Clone)]
pub struct Account {
    pub address: SocketAddr,
    pub user: String,
    /// OpenSSH's text form.
    pub private_key: String,
    pub pin: HostKeyPin,
    pub route: Route,
    /// cloud-init makes the account: it may not be there from the beginning.
    pub by_cloud_init: bool,
}

/// The way to the builder's SSH port.
#[derive(Clone)]
pub enum Route {
    /// None: the builder is a machine on this computer.
    Here,
    Direct,
    Bastion(Bastion),
    Endpoint(Endpoint),
}

impl Account {
    /// Where it is, for messages.
    pub fn at(&self) -> String {
        match &self.route {
            Route::Here | Route::Direct => self.address.to_string(),
            Route::Bastion(bastion) => {
                format!("{} through {}", bastion.target(self.address), bastion.way())
            }
            Route::Endpoint(endpoint) => format!("{} through {}", self.address, endpoint.way()),
        }
    }
}
