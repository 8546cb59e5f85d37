//! Every call of a bake that changes something is one at which it may be killed: just before AWS
//! executes it, and just after.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::{CHECK, Inventory, OTHER, SETTINGS, changes, clean, killed, run_in};
use crate::{
    ec2::{Cloud, policy::changing_in_source},
    rig::{guests, proxy::Point},
};

/// Only made by a clean-up or for a spot request, which the cloud in memory does
/// not make.
const NOT_IN_A_BAKE: [&str; 4] =
    ["ec2:CancelSpotInstanceRequests", "ec2:DeleteSnapshot", "ec2:DeleteVolume", "ec2:DeregisterImage"];

/// Clouds side by side: a bake mostly waits.
const CLOUDS: usize = 4;

/// One point at which a bake is killed, and from where is cleaned up then.
#[derive(Clone, Debug)]
struct Try {
    point: Point,
    elsewhere: bool,
}

#[test]
fn a_bake_that_is_killed_at_any_call_leaves_nothing_that_clean_does_not_remove() {
    let _turn = guests::turn();
    let calls = calls_of_a_bake();
    let mut points = Vec::new();
    for at in 1..=calls.len() {
        for when in ["before", "after"] {
            let point = Point { action: None, at, when };
            points.extend([false, true].map(|elsewhere| Try { point, elsewhere }));
        }
    }
    let (next, found, left) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..CLOUDS {
            scope.spawn(|| {
                let mut cloud = Cloud::start();
                let mut inventory = Inventory::of(&cloud);
                while let Some(one) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let name = &calls[one.point.at - 1];
                    for what in survives(&mut cloud, &mut inventory, one, &found) {
                        left.lock().unwrap().push(format!("{one:?} {name}: {what}"));
                    }
                }
            });
        }
    });
    let left = left.into_inner().unwrap();
    let found = found.into_inner();
    println!("{} points killed, {found} resources found then, {} left after clean", points.len(), left.len());
    assert!(left.is_empty(), "{left:#?}");
    assert!(found > points.len(), "killed bakes left hardly anything, so nothing was tried");
}

/// A whole bake; its calls are all that the program can make that change something.
fn calls_of_a_bake() -> Vec<String> {
    let mut cloud = Cloud::start();
    let ran = cloud.run(&["bake", &cloud.template(SETTINGS, CHECK)]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let calls = changes(&mut cloud);
    let seen: BTreeSet<String> = calls.iter().cloned().collect();
    let mut wanted = changing_in_source();
    wanted.retain(|call| !NOT_IN_A_BAKE.contains(&call.as_str()));
    assert_eq!(seen, wanted, "a call that changes something is not in this bake, so it is not killed at");
    assert!(cloud.proxy.calls().iter().any(|(_, region)| region == OTHER), "nothing was copied");
    calls
}

/// Kills a bake at this point and cleans up; gives what is there then.
fn survives(cloud: &mut Cloud, inventory: &mut Inventory, one: &Try, found: &AtomicUsize) -> Vec<String> {
    let Point { at, when, .. } = one.point;
    let folder = cloud.hornero.folder.path().join(format!("{at}-{when}-{}", one.elsewhere));
    let state = folder.join("state").display().to_string();
    let template = cloud.template(SETTINGS, CHECK);
    let mut bake = cloud.command(&["bake", "--force", &template]);
    if let Err(said) = killed(bake.env("HORNERO_STATE_DIR", &state), &mut cloud.proxy, &one.point) {
        return vec![format!("the bake was not killed: {said}")];
    }
    found.fetch_add(inventory.left().len(), Ordering::Relaxed);
    let ran = match one.elsewhere {
        true => {
            let other = folder.join("other").display().to_string();
            let regions = ["--region", "eu-west-1", "--region", OTHER];
            clean(cloud, &other, &[&["--force", &run_in(Path::new(&state))], &regions[..]].concat())
        }
        false => clean(cloud, &state, &[]),
    };
    match ran.code {
        0 => inventory.left(),
        code => vec![format!("clean ended with {code}: {}", ran.stderr)],
    }
}
