//! Bakes that are killed at any moment, and bakes of which any calls go wrong in any way. Moments, calls and ways are
//! drawn. The suite draws few of them, always the same; with `HORNERO_TEST_KILLS` and `HORNERO_TEST_FAULTS` there are as
//! many bakes as these say, and each time others.

use std::{
    env,
    process::Stdio,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};

use super::{CHECK, Inventory, SETTINGS, There, clean};
use crate::{ec2::Cloud, rig::hornero::Ran};

/// Clouds side by side: a bake mostly waits.
const CLOUDS: usize = 3;

/// The AMI and its copy.
const IMAGES: usize = 2;

/// Calls of one bake that go wrong.
const FAULTS: usize = 14;

/// How many bakes there are, and the first of the numbers from which they are drawn.
#[derive(Clone, Copy)]
struct Draw {
    bakes: usize,
    seed: u64,
}

impl Draw {
    fn of(variable: &str, few: usize) -> Self {
        match env::var(variable) {
            Ok(many) => Self { bakes: many.parse().expect("a number of bakes"), seed: rand::random() },
            Err(_) => Self { bakes: few, seed: 1 },
        }
    }
}

/// Does it so often, in several clouds, each time with numbers of its own; what is wrong is returned.
fn often(
    Draw { bakes, seed }: Draw,
    one: impl Fn(&mut Cloud, &mut Inventory, &mut StdRng) -> Vec<String> + Sync,
) -> Vec<String> {
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..CLOUDS.min(bakes) {
            scope.spawn(|| {
                let mut cloud = Cloud::start();
                let mut inventory = Inventory::of(&cloud);
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= bakes {
                        return;
                    }
                    let mut random = StdRng::seed_from_u64(seed.wrapping_add(number as u64));
                    let found = one(&mut cloud, &mut inventory, &mut random);
                    let told = found.into_iter().map(|what| format!("seed {seed}, bake {number}: {what}"));
                    wrong.lock().unwrap().extend(told);
                }
            });
        }
    });
    wrong.into_inner().unwrap()
}

#[test]
fn a_bake_that_is_killed_at_any_moment_leaves_nothing_that_clean_does_not_remove() {
    let (draw, found) = (Draw::of("HORNERO_TEST_KILLS", 9), AtomicUsize::new(0));
    let longest = whole_bake();
    let left = often(draw, |cloud, inventory, random| {
        let moment = longest.mul_f64(random.random_range(0.0..1.0));
        killed_at(cloud, inventory, moment, &found)
    });
    println!(
        "{} bakes killed, {} things found then, {} left after clean",
        draw.bakes,
        found.into_inner(),
        left.len()
    );
    assert!(left.is_empty(), "{left:#?}");
}

/// How long a bake takes that nothing happens to.
fn whole_bake() -> Duration {
    let cloud = Cloud::start();
    let begun = Instant::now();
    let ran = cloud.run(&["bake", &cloud.template(SETTINGS, CHECK)]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    begun.elapsed()
}

#[expect(clippy::disallowed_methods, reason = "the moment is the point, and there is no runtime here")]
fn killed_at(
    cloud: &mut Cloud,
    inventory: &mut Inventory,
    moment: Duration,
    found: &AtomicUsize,
) -> Vec<String> {
    let state = tempfile::tempdir().unwrap();
    let state_folder = state.path().display().to_string();
    let template = cloud.template(SETTINGS, CHECK);
    let mut bake = cloud.command(&["bake", "--force", &template]);
    bake.env("HORNERO_STATE_DIR", &state_folder).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = bake.spawn().unwrap();
    std::thread::sleep(moment);
    // It may be over.
    child.kill().ok();
    child.wait().unwrap();
    found.fetch_add(inventory.left().len(), Ordering::Relaxed);
    let ran = clean(cloud, &state_folder, &[]);
    match ran.code {
        0 => inventory.left().into_iter().map(|left| format!("killed after {moment:?}: {left}")).collect(),
        code => vec![format!("killed after {moment:?}: clean ended with {code}: {}", ran.stderr)],
    }
}

#[test]
fn calls_that_go_wrong_in_any_way_end_in_an_image_or_in_nothing() {
    let (draw, met, well) = (Draw::of("HORNERO_TEST_FAULTS", 6), AtomicUsize::new(0), AtomicUsize::new(0));
    let calls = calls_of_a_bake();
    let wrong = often(draw, |cloud, inventory, random| {
        let faults: Vec<Value> = (0..FAULTS).map(|_| fault(&calls, random)).collect();
        faults.iter().for_each(|fault| cloud.proxy.rule(fault.clone()));
        let before = inventory.all();
        let ran = cloud.run(&["bake", "--force", &cloud.template(SETTINGS, CHECK)]);
        met.fetch_add(cloud.proxy.calm(), Ordering::Relaxed);
        well.fetch_add(usize::from(ran.code == 0), Ordering::Relaxed);
        let wrong = what_is_wrong(cloud, inventory, &ran, &before);
        wrong.into_iter().map(|what| format!("{what}: {faults:?}: {}", ran.stderr)).collect()
    });
    println!(
        "{} calls of {} bakes went wrong, {} bakes ended well, {} wrongly",
        met.into_inner(),
        draw.bakes,
        well.into_inner(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The actions of a bake, each as often as it is called.
fn calls_of_a_bake() -> Vec<String> {
    let mut cloud = Cloud::start();
    let ran = cloud.run(&["bake", &cloud.template(SETTINGS, CHECK)]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    cloud.proxy.calls().into_iter().map(|(name, _)| name.split(':').nth(1).unwrap().to_owned()).collect()
}

/// One call goes wrong, in one way.
fn fault(calls: &[String], random: &mut StdRng) -> Value {
    let kinds = [
        json!({ "fault": "throttle" }),
        json!({ "fault": "error", "code": "InternalError", "status": 500 }),
        json!({ "fault": "error", "code": "ServiceUnavailable", "status": 503 }),
        json!({ "fault": "drop" }),
        json!({ "fault": "lose" }),
        json!({ "fault": "garble" }),
        json!({ "fault": "garble", "body": "<html>a proxy's own page</html>" }),
        json!({ "fault": "cut" }),
        json!({ "fault": "break" }),
        json!({ "fault": "slow", "seconds": 2 }),
        json!({ "fault": "hide", "calls": 3 }),
        json!({ "fault": "pend" }),
        json!({ "fault": "capacity" }),
    ];
    let mut fault = kinds.choose(random).unwrap().clone();
    // Machines alone can be lacking.
    let is_lacking = fault["fault"] == "capacity";
    fault["action"] = json!(if is_lacking { "RunInstances" } else { calls.choose(random).unwrap() });
    fault["after"] = json!(random.random_range(0..3));
    fault["times"] = json!(random.random_range(1..3));
    fault
}

/// However the bake ended: an image that stays can be published when all is well again, and nothing else stays.
fn what_is_wrong(cloud: &Cloud, inventory: &mut Inventory, ran: &Ran, before: &There) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut expect = |is_so: bool, what: &dyn Fn() -> String| {
        if !is_so {
            wrong.push(what());
        }
    };
    let offered = ran.stderr.split_once("`hornero publish ").and_then(|(_, rest)| rest.split_once('`'));
    let published = offered.map(|(run, _)| cloud.run(&["publish", run]));
    let cleaned = cloud.run(&["clean"]);
    let there = inventory.all();
    let images = there.complete.len() - before.complete.len();
    if let Some(published) = &published {
        expect(published.code == 0, &|| {
            format!("publish ended with {}: {}", published.code, published.stderr)
        });
    }
    let is_complete = ran.code == 0 || published.is_some();
    expect(cleaned.code == 0, &|| format!("clean ended with {}: {}", cleaned.code, cleaned.stderr));
    expect(there.left.is_empty(), &|| format!("left after clean: {:?}", there.left));
    expect(images == if is_complete { IMAGES } else { 0 }, &|| format!("{images} images"));
    expect(ran.code == 0 || ran.stderr.contains("error: "), &|| format!("{} without an error", ran.code));
    wrong
}
