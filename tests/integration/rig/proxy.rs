//! A proxy in front of the cloud that sees every call and lets chosen ones go wrong; what can go
//! wrong stands in `tests/aws/faults.py`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::server::Server;

pub struct Proxy(Server);

/// At which call that changes something a program is killed.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// One of these, or any.
    pub action: Option<&'static str>,
    /// Which of them: the first is 1.
    pub at: usize,
    /// `before` it is executed, or `after` it was.
    pub when: &'static str,
}

impl Proxy {
    pub fn before(endpoint: &str) -> Self {
        Self(Server::start("proxy", &[endpoint]))
    }

    pub fn endpoint(&self) -> String {
        self.0.endpoint()
    }

    /// Adds a rule: `json!({ "action": "RunInstances", "fault": "throttle", "times": 2 })`.
    pub fn rule(&mut self, rule: Value) {
        self.0.ask(&json!({ "rule": rule }));
    }

    /// Lets all calls pass from now on. Says how many went wrong by the rules until now.
    pub fn calm(&mut self) -> usize {
        let met = self.0.ask(&json!({ "calm": true })).as_u64().unwrap();
        usize::try_from(met).unwrap()
    }

    /// Ends the process `pid` at a call that changes something.
    pub fn kill(&mut self, pid: u32, point: &Point) {
        let Point { action, at, when } = point;
        let mut rule = json!({ "pid": pid, "at": at, "when": when });
        if let Some(action) = action {
            rule["action"] = json!(action);
        }
        self.0.ask(&json!({ "kill": rule }));
    }

    /// Every call so far, in order, as a policy names it, with its region.
    pub fn calls(&mut self) -> Vec<(String, String)> {
        let seen = self.0.ask(&json!({ "seen": true }));
        let text = |call: &Value, key: &str| call[key].as_str().unwrap_or_default().to_owned();
        let name = |call| format!("{}:{}", text(call, "service"), text(call, "action"));
        seen.as_array().unwrap().iter().map(|call| (name(call), text(call, "region"))).collect()
    }

    /// How often an action was called.
    pub fn count(&mut self, action: &str) -> usize {
        self.calls().iter().filter(|(name, _)| name == action).count()
    }

    pub fn actions(&mut self) -> BTreeSet<String> {
        self.calls().into_iter().map(|(name, _)| name).collect()
    }
}
