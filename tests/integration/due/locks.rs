//! Locks in Parameter Store, where AWS's clock is set: one holder at a time, also when several take over from a dead
//! one at once, and nothing is written by one that has lost its lock.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use hornero::{
    journal::{self, Effect, Header, Journal},
    store::{Confirmed, HeldLock, Holder, Locks, Store, StoreError, Taken, ssm::SsmStore},
};
use jiff::Timestamp;
use serde_json::json;
use tempfile::TempDir;

use crate::store_ssm::Cloud;

const NAME: &str = "/hornero/locks/ec2/web";
const LEASE: Duration = Duration::from_secs(60);

struct Locked {
    cloud: Cloud,
    store: SsmStore,
    folder: TempDir,
    journal: Journal,
    passed: u64,
}

impl Locked {
    async fn start() -> Self {
        let cloud = Cloud::start().await;
        let store = cloud.store.clone().with_lease(LEASE);
        let folder = tempfile::tempdir().unwrap();
        let text = |text: &str| text.to_owned();
        let header = Header {
            run: text("web-1"),
            image: text("web"),
            platform: text("ec2"),
            tool: text("0"),
            pid: 1,
            at: Timestamp::now(),
        };
        let journal = Journal::begin(folder.path(), header).unwrap();
        Self { cloud, store, folder, journal, passed: 0 }
    }

    /// AWS's clock shows that the lease is over; this computer's does not.
    fn let_lease_pass(&mut self) {
        self.passed += LEASE.as_secs() + 1;
        self.cloud.moto.set_ahead(self.passed);
    }

    /// The store as a holder has it.
    fn under(&self, token: &str) -> Arc<dyn Store> {
        let store = Arc::new(self.store.clone());
        let lock =
            HeldLock { store, name: NAME.into(), holder: holder(token), journal: self.journal.clone() };
        self.store.under(lock)
    }

    async fn take(&self, token: &str) -> Taken {
        self.store.take(NAME, &holder(token), &self.journal).await.unwrap()
    }

    /// The names of all parameters.
    fn parameters(&self) -> usize {
        let answer = self.cloud.aws(&["ssm", "describe-parameters"]);
        answer["Parameters"].as_array().unwrap().len()
    }
}

fn holder(token: &str) -> Holder {
    Holder { token: token.into(), who: format!("{token}@ci") }
}

#[tokio::test]
async fn one_holds_a_lock_until_it_gives_it_back_and_nothing_of_it_stays() {
    let cloud = Locked::start().await;
    assert_eq!(cloud.take("one").await, Taken::Ours);
    let Taken::Held(lease) = cloud.take("two").await else { panic!("two have it") };
    assert_eq!(lease.who, "one@ci");
    cloud.store.release(NAME, &holder("two")).await.unwrap();
    assert!(matches!(cloud.take("two").await, Taken::Held(_)), "it was not its to give back");
    cloud.store.release(NAME, &holder("one")).await.unwrap();
    assert_eq!(cloud.parameters(), 0);
    assert_eq!(cloud.take("two").await, Taken::Ours);
}

#[tokio::test]
async fn the_lock_of_a_dead_holder_is_taken_over_after_its_end_by_the_clock_of_aws_and_not_before() {
    let mut cloud = Locked::start().await;
    assert_eq!(cloud.take("dead").await, Taken::Ours);
    cloud.cloud.moto.set_ahead(LEASE.as_secs() - 5);
    let Taken::Held(lease) = cloud.take("next").await else { panic!("it is not over") };
    assert_eq!(lease.who, "dead@ci");
    cloud.let_lease_pass();
    assert_eq!(cloud.take("next").await, Taken::Ours);
    let history = cloud.cloud.aws(&["ssm", "get-parameter-history", "--name", NAME]);
    assert_eq!(history["Parameters"].as_array().unwrap().len(), 2, "nothing was written while it was held");
    let Taken::Held(lease) = cloud.take("dead").await else { panic!("the dead one has it again") };
    assert_eq!(lease.who, "next@ci");
}

#[tokio::test]
async fn a_holder_that_was_away_for_too_long_writes_no_parameter_in_any_region() {
    let mut cloud = Locked::start().await;
    assert_eq!(cloud.take("asleep").await, Taken::Ours);
    let late = cloud.under("asleep");
    let elsewhere = late.in_region("eu-south-2").await.unwrap().unwrap();
    late.put("/p", "first", "").await.unwrap();
    cloud.let_lease_pass();
    elsewhere.put("/p", "over, and nobody has come", "").await.unwrap();
    cloud.let_lease_pass();
    assert_eq!(cloud.take("other").await, Taken::Ours);
    cloud.under("other").put("/p", "new", "").await.unwrap();
    for store in [&late, &elsewhere] {
        let error = store.put("/p", "old", "").await.unwrap_err();
        let StoreError::LockLost { now: Some(now), .. } = &error else { panic!("{error}") };
        assert_eq!(now.who, "other@ci", "{error}");
    }
    cloud.store.release(NAME, &holder("other")).await.unwrap();
    for store in [&late, &elsewhere] {
        let error = store.put("/p", "old", "").await.unwrap_err();
        assert!(matches!(error, StoreError::LockLost { now: None, .. }), "it was given back: {error}");
    }
    let values = |history: Vec<hornero::store::Parameter>| -> Vec<String> {
        history.into_iter().map(|one| one.value).collect()
    };
    assert_eq!(values(late.history("/p").await.unwrap()), ["first", "new"]);
    assert_eq!(values(elsewhere.history("/p").await.unwrap()), ["over, and nobody has come"]);
    cloud.store.release(NAME, &holder("asleep")).await.unwrap();
    assert_eq!(cloud.parameters(), 1, "the lock was taken again");
}

#[tokio::test]
async fn a_claim_that_comes_after_the_lock_was_given_back_takes_nothing_and_is_removed() {
    let cloud = Locked::start().await;
    // Sent before, and stored when another had given the lock back.
    let claim = json!({
        "format": 1, "token": "asleep", "who": "asleep@ci", "since": Timestamp::now(), "renews": true,
        "until": Timestamp::now() + LEASE,
    });
    let put = ["ssm", "put-parameter", "--name", NAME, "--type", "String", "--value", &claim.to_string()];
    cloud.cloud.aws(&put);
    let confirmed = cloud.store.confirm(NAME, &holder("asleep"), &cloud.journal).await.unwrap();
    assert_eq!(confirmed, Confirmed::Lost { now: None });
    assert_eq!(cloud.take("other").await, Taken::Ours, "nobody had it");
    cloud.store.release(NAME, &holder("other")).await.unwrap();
    cloud.cloud.aws(&put);
    cloud.store.release(NAME, &holder("asleep")).await.unwrap();
    assert_eq!(cloud.parameters(), 0);
}

#[tokio::test]
async fn of_many_that_take_over_at_once_one_has_it() {
    let mut cloud = Locked::start().await;
    assert_eq!(cloud.take("dead").await, Taken::Ours);
    cloud.let_lease_pass();
    let names: Vec<String> = (0..12).map(|number| format!("taker-{number}")).collect();
    let taken = join_all(names.iter().map(|name| cloud.take(name))).await;
    let holders: Vec<&String> =
        names.iter().zip(&taken).filter(|(_, taken)| **taken == Taken::Ours).map(|(name, _)| name).collect();
    assert_eq!(holders.len(), 1, "{taken:?}");
    let Taken::Held(lease) = cloud.take("late").await else { panic!("another one has it") };
    assert_eq!(lease.who, format!("{}@ci", holders[0]));
}

#[tokio::test]
async fn a_claim_whose_answer_is_lost_is_ours_all_the_same_and_stands_in_the_journal() {
    let mut cloud = Locked::start().await;
    cloud.cloud.proxy.rule(json!({ "action": "PutParameter", "fault": "lose", "times": 1 }));
    assert_eq!(cloud.take("one").await, Taken::Ours);
    let history = journal::read(cloud.folder.path()).unwrap().unwrap();
    let told = |effect: &Effect| matches!(effect, Effect::Call { resource, .. } if resource == NAME);
    assert!(history.effects.iter().any(told), "{:?}", history.effects);
}

#[tokio::test]
async fn a_lock_that_is_over_can_be_given_back_and_not_when_another_has_it() {
    let mut cloud = Locked::start().await;
    assert_eq!(cloud.take("dead").await, Taken::Ours);
    cloud.let_lease_pass();
    cloud.store.release(NAME, &holder("dead")).await.unwrap();
    assert_eq!(cloud.parameters(), 0);
    assert_eq!(cloud.take("dead").await, Taken::Ours);
    cloud.let_lease_pass();
    assert_eq!(cloud.take("next").await, Taken::Ours);
    cloud.store.release(NAME, &holder("dead")).await.unwrap();
    assert!(matches!(cloud.take("late").await, Taken::Held(_)));
}
