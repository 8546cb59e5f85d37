//! The EC2 Instance Connect Endpoint that leads to a builder: the one that the template names, or one
//! in the builder's VPC.

use super::{
    api::{Endpoints, Gate, Gates, Machines},
    error::failed,
};
use crate::platform::PlatformError;

/// The states of one that can be used: one that is changed goes on with its work.
const READY: [&str; 4] = ["create-complete", "update-in-progress", "update-complete", "update-failed"];

const MAKE: &str = "make one with `aws ec2 create-instance-connect-endpoint --subnet-id ...` in the builder's VPC, \
                    or choose another way in [ssh]";

/// What is needed to open a tunnel.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    pub id: String,
    pub url: String,
}

/// # Errors
/// When there is none that can be used.
pub async fn find(
    ec2: &(impl Endpoints + Machines),
    instance: &str,
    wanted: Option<&str>,
) -> Result<Found, PlatformError> {
    let doing = format!("looking for an EC2 Instance Connect Endpoint to the builder {instance}");
    let (gates, place) = match wanted {
        Some(id) => (ec2.gates(Gates::Id(id)).await, format!("called {id}")),
        None => {
            let vpc = ec2.instance(instance).await.map_err(failed(&doing))?.vpc;
            let vpc = vpc.ok_or_else(|| PlatformError::new(&doing, "it is in no VPC").hint(MAKE))?;
            (ec2.gates(Gates::InVpc(&vpc)).await, format!("in {vpc}"))
        }
    };
    choose(gates.map_err(failed(&doing))?, &place).map_err(|why| PlatformError::new(doing, why).hint(MAKE))
}

fn choose(gates: Vec<Gate>, place: &str) -> Result<Found, String> {
    let mut why = format!("there is none {place}");
    for gate in gates {
        match gate.dns {
            Some(dns) if READY.contains(&gate.state.as_str()) => {
                return Ok(Found { id: gate.id, url: url(&dns) });
            }
            Some(_) | None => {
                let reason = gate.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
                why = format!("{} is in state {}{reason}, not {}", gate.id, gate.state, READY[0]);
            }
        }
    }
    Err(why)
}

/// A stand-in for EC2 on this computer has no certificate; AWS gives no such names.
fn url(dns: &str) -> String {
    match dns.starts_with("127.0.0.") {
        true => format!("ws://{dns}"),
        false => format!("wss://{dns}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(id: &str, state: &str) -> Gate {
        Gate { id: id.into(), dns: Some(format!("{id}.example")), state: state.into(), reason: None }
    }

    #[test]
    fn the_first_that_is_ready_is_taken() {
        let found = choose(vec![gate("eice-1", "delete-in-progress"), gate("eice-2", READY[0])], "in vpc-1");
        assert_eq!(found, Ok(Found { id: "eice-2".into(), url: "wss://eice-2.example".into() }));
    }

    #[test]
    fn one_that_is_or_was_changed_is_taken_too() {
        for state in ["update-in-progress", "update-complete", "update-failed"] {
            assert_eq!(choose(vec![gate("eice-1", state)], "in vpc-1").unwrap().id, "eice-1", "{state}");
        }
    }

    #[test]
    fn one_that_is_not_ready_is_told_with_its_state() {
        let broken = Gate { reason: Some("no addresses left".into()), ..gate("eice-1", "create-failed") };
        let why = choose(vec![broken], "in vpc-1").unwrap_err();
        assert_eq!(why, "eice-1 is in state create-failed (no addresses left), not create-complete");
        assert_eq!(choose(Vec::new(), "in vpc-1").unwrap_err(), "there is none in vpc-1");
    }

    #[test]
    fn only_a_stand_in_on_this_computer_is_spoken_to_without_tls() {
        assert_eq!(url("127.0.0.1:8443"), "ws://127.0.0.1:8443");
        assert!(url("eice-1.ec2-instance-connect-endpoint.eu-west-1.amazonaws.com").starts_with("wss://"));
    }
}
