//! Every call of a bake goes wrong once, in each way in which calls go wrong. The bake ends well or
//! ends clean, and nothing is made twice.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::{Value, json};

use super::{CHECK, Inventory, SETTINGS, There, changes, is_read};
use crate::{ec2::Cloud, rig::guests};

/// Side by side: a bake mostly waits.
const CLOUDS: usize = 4;

/// The same for bakes whose call is not answered, which do nothing for a minute. They wait beside all other tests.
const SILENT_CLOUDS: usize = 10;

/// The builder and the machine that tests the image.
const MACHINES: usize = 2;

/// The AMI and its copy.
const IMAGES: usize = 2;

struct Point {
    action: String,
    fault: Value,
}

#[test]
fn a_call_that_goes_wrong_once_ends_in_an_image_or_in_nothing_and_never_in_two() {
    let points = points();
    let (silent, quick): (Vec<&Point>, Vec<&Point>) = points.iter().partition(|point| point.is_silent());
    let (well, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        scope.spawn(|| bake_all(&silent, SILENT_CLOUDS, &well, &wrong));
        let _turn = guests::turn();
        bake_all(&quick, CLOUDS, &well, &wrong);
    });
    let (well, wrong) = (well.into_inner(), wrong.into_inner().unwrap());
    println!("{} calls went wrong, {well} bakes ended well, {} wrongly", points.len(), wrong.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(well * 4 > points.len() * 3, "only {well} of {} bakes got over one fault", points.len());
}

/// The first try makes it and its answer is lost; what the second one is told says nothing about that.
#[test]
fn what_a_try_has_made_whose_answer_was_lost_is_removed_although_a_later_try_is_refused() {
    let mut cloud = Cloud::start();
    let mut inventory = Inventory::of(&cloud);
    for action in ["CreateSecurityGroup", "RunInstances", "CreateImage", "CopyImage"] {
        let refusal = json!({ "fault": "error", "code": "InvalidParameterValue", "after": 1, "times": 1 });
        for mut rule in [json!({ "fault": "break", "times": 1 }), refusal] {
            rule["action"] = json!(action);
            cloud.proxy.rule(rule);
        }
        let ran = cloud.run(&["bake", "--force", &cloud.template(SETTINGS, CHECK)]);
        assert_eq!(inventory.left(), Vec::<String>::new(), "{action}: {}", ran.stderr);
        cloud.proxy.calm();
    }
}

/// A bake for each point, so many at once. Counts those that end well, and gathers what is wrong with others.
fn bake_all(points: &[&Point], clouds: usize, well: &AtomicUsize, wrong: &Mutex<Vec<String>>) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..clouds {
            scope.spawn(|| {
                let mut cloud = Cloud::start();
                let mut inventory = Inventory::of(&cloud);
                let mut before = inventory.all();
                while let Some(point) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (ended_well, faults) = baked(&mut cloud, &mut inventory, &mut before, point);
                    well.fetch_add(usize::from(ended_well), Ordering::Relaxed);
                    wrong.lock().unwrap().extend(faults);
                }
            });
        }
    });
}

impl Point {
    fn is_silent(&self) -> bool {
        self.fault["fault"] == "slow"
    }
}

/// Each call with each fault.
fn points() -> Vec<Point> {
    let mut cloud = Cloud::start();
    let ran = cloud.run(&["bake", "--force", &cloud.template(SETTINGS, CHECK)]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let changing: BTreeSet<String> = changes(&mut cloud).into_iter().collect();
    let all: BTreeSet<String> = cloud.proxy.calls().into_iter().map(|(name, _)| name).collect();
    assert!(all.iter().filter(|name| !is_read(name)).eq(changing.iter()));
    // Longer than a call is waited for; it is carried out then, and by that time the bake must not be over.
    let silent = json!({ "fault": "slow", "seconds": 61 });
    let others = [
        json!({ "fault": "throttle" }),
        json!({ "fault": "error", "code": "InternalError", "status": 500 }),
        // Executed; then the answer ends in its middle, or is none although its status is that of a success.
        json!({ "fault": "break" }),
        json!({ "fault": "garble" }),
    ];
    let slow = all.iter().map(|name| (name, &silent));
    let quick = all.iter().flat_map(|name| others.iter().map(move |fault| (name, fault)));
    let point = |(name, fault): (&String, &Value)| {
        let action = name.split(':').nth(1).unwrap().to_owned();
        let mut fault = fault.clone();
        fault["action"] = json!(action);
        fault["times"] = json!(1);
        Point { action, fault }
    };
    slow.chain(quick).map(point).collect()
}

/// Whether the bake made its image, and what is wrong with how it ended. `before` is what was there when it began, and
/// then what is there when it has ended.
fn baked(
    cloud: &mut Cloud,
    inventory: &mut Inventory,
    before: &mut There,
    point: &Point,
) -> (bool, Vec<String>) {
    cloud.proxy.rule(point.fault.clone());
    let ran = cloud.run(&["bake", "--force", &cloud.template(SETTINGS, CHECK)]);
    let after = inventory.all();
    let mut wrong = Vec::new();
    let name = format!("{} {}", point.fault["fault"], point.action);
    if !after.left.is_empty() {
        wrong.push(format!("{name}: left: {:?}: {}", after.left, ran.stderr));
    }
    let (machines, images) =
        (after.instances.saturating_sub(before.instances), after.complete.len() - before.complete.len());
    let twice = machines > MACHINES || images > IMAGES;
    let lacks = ran.code == 0 && images < IMAGES;
    if twice || lacks {
        wrong
            .push(format!("{name}: {machines} machines, {images} images, exit {}: {}", ran.code, ran.stderr));
    }
    *before = after;
    if ran.code != 0 && !ran.stderr.contains("error: ") {
        wrong.push(format!("{name}: no error was told: {}", ran.stderr));
    }
    (ran.code == 0, wrong)
}
