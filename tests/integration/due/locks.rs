//! Locks in Parameter Store, with a lease of seconds: one holder at a time, also when several take over
//! from a dead one at once.

use std::time::Duration;

use futures::future::join_all;
use hornero::{
    journal::{self, Effect, Header, Journal},
    store::{Holder, Locks, Taken, ssm::SsmStore},
};
use jiff::Timestamp;
use serde_json::json;
use tempfile::TempDir;

use crate::store_ssm::Cloud;

const NAME: &str = "/hornero/locks/ec2/web";
const LEASE: Duration = Duration::from_secs(3);

struct Locked {
    cloud: Cloud,
    store: SsmStore,
    folder: TempDir,
    journal: Journal,
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
        Self { cloud, store, folder, journal }
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
async fn the_lock_of_a_dead_holder_is_taken_over_after_its_end_and_not_before() {
    let cloud = Locked::start().await;
    assert_eq!(cloud.take("dead").await, Taken::Ours);
    let until = loop {
        match cloud.take("next").await {
            Taken::Held(lease) => {
                assert_eq!(lease.who, "dead@ci");
                tokio::time::sleep(Duration::from_millis(100)).await;
                if Timestamp::now() > lease.until + Duration::from_secs(2) {
                    panic!("it is over and still held");
                }
            }
            Taken::Ours => break Timestamp::now(),
        }
    };
    let history = cloud.cloud.aws(&["ssm", "get-parameter-history", "--name", NAME]);
    let first = history["Parameters"][0]["LastModifiedDate"].as_f64().unwrap();
    let first = Timestamp::from_millisecond((first * 1000.0) as i64).unwrap();
    assert!(until >= first + LEASE, "taken over at {until}, held from {first}");
    assert_eq!(history["Parameters"].as_array().unwrap().len(), 2, "nothing was written while it was held");
    let Taken::Held(lease) = cloud.take("dead").await else { panic!("the dead one has it again") };
    assert_eq!(lease.who, "next@ci");
}

#[tokio::test]
async fn of_many_that_take_over_at_once_one_has_it() {
    let cloud = Locked::start().await;
    assert_eq!(cloud.take("dead").await, Taken::Ours);
    tokio::time::sleep(LEASE + Duration::from_millis(200)).await;
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
    let cloud = Locked::start().await;
    assert_eq!(cloud.take("dead").await, Taken::Ours);
    tokio::time::sleep(LEASE + Duration::from_millis(200)).await;
    cloud.store.release(NAME, &holder("dead")).await.unwrap();
    assert_eq!(cloud.parameters(), 0);
    assert_eq!(cloud.take("dead").await, Taken::Ours);
    tokio::time::sleep(LEASE + Duration::from_millis(200)).await;
    assert_eq!(cloud.take("next").await, Taken::Ours);
    cloud.store.release(NAME, &holder("dead")).await.unwrap();
    assert!(matches!(cloud.take("late").await, Taken::Held(_)));
}
