//! A mistake in hornero that shows as a panic, wherever in a bake: it ends as other failures do, and nothing is left.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use hornero::{
    aws::{Accounts, Options},
    engine::{BakeInputs, Interrupt, Made, OverSsh, Rooms, RunFolders, bake, due::Wanted},
    error::{Error, Kind},
    event::{Event, Events, Phase, Recorder},
    journal::{Header, Journal},
    load::{Inputs, load},
    plan::compile,
    platform::ec2::Ec2Platform,
    store::ssm::SsmStore,
    template::model::PlatformKind,
};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::{
    ec2::Cloud,
    rig::moto::{REGION, config},
};

const STEP: &str =
    "[[steps]]\nname = \"say\"\nrun = \"echo said\"\n[[checks]]\nfile = \"/nothing/here\"\nexists = false\n";

/// Where a part of hornero panics, once: the one that keeps the record hears of everything that is done.
type Place = fn(&Event) -> bool;

fn recorder(place: Place, panicked: Arc<AtomicBool>) -> Recorder {
    Box::new(move |event: &Event, _: Timestamp| {
        if place(event) && !panicked.swap(true, Ordering::SeqCst) {
            panic!("a mistake at {event:?}");
        }
        Ok(())
    })
}

async fn rooms(cloud: &Cloud) -> Rooms {
    let sdk = config(&cloud.endpoint(), REGION).await;
    let accounts = Accounts::new(Options { sdk: Some(sdk), ..Options::default() });
    let aws = accounts.open(None, None).await.unwrap();
    let store = SsmStore::new(aws, cloud.hornero.folder.path().join("images"));
    Rooms {
        platform: Arc::new(Ec2Platform::new(accounts)),
        connect: Arc::new(OverSsh),
        store: Arc::new(store),
    }
}

/// A run's folders, below the test's own.
fn folders(cloud: &Cloud, id: &str) -> RunFolders {
    let folder = cloud.hornero.folder.path();
    let run = folder.join("state/runs").join(id);
    std::fs::create_dir_all(&run).unwrap();
    let header = Header {
        run: id.into(),
        image: "web".into(),
        platform: "ec2".into(),
        tool: "0".into(),
        pid: std::process::id(),
        at: Timestamp::now(),
    };
    let journal = Journal::begin(&run, header).unwrap();
    RunFolders {
        id: id.into(),
        run,
        images: folder.join("images"),
        downloads: folder.join("downloads"),
        journal,
    }
}

fn inputs() -> Inputs {
    Inputs {
        vars: Vec::new(),
        platform_is_wanted: true,
        platform: PlatformKind::Ec2,
        stage: None,
        provisioner_folders: Vec::new(),
        allowed: Vec::new(),
        home: None,
        ansible: Default::default(),
    }
}

/// A bake in which something panics there; whether it did, too.
async fn baked(cloud: &Cloud, template: &str, number: usize, place: Place) -> (Result<Made, Error>, bool) {
    let plan = compile(load(Path::new(template), &inputs()).unwrap().template, PlatformKind::Ec2).unwrap();
    let (rooms, panicked) = (rooms(cloud).await, Arc::new(AtomicBool::new(false)));
    let events = Events::channel().0.recorded(recorder(place, panicked.clone()));
    let (_user, interrupt) = watch::channel(false);
    let folders = folders(cloud, &format!("web-{number:026}"));
    let inputs = BakeInputs { wanted: Wanted { anew: true, max_age: None }, ..BakeInputs::default() };
    let made = bake(&plan, &rooms, &folders, inputs, Interrupt::new(interrupt), &events).await;
    (made, panicked.load(Ordering::SeqCst))
}

/// A whole bake that is not optimised needs more than a test's thread has; the program's own has four times as much.
const STACK_BYTES: usize = 8 << 20;

#[test]
fn a_panic_anywhere_in_a_bake_leaves_nothing_and_says_what_to_do() {
    let test = || tokio::runtime::Runtime::new().unwrap().block_on(panic_everywhere());
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(test).unwrap().join().unwrap();
}

async fn panic_everywhere() {
    let cloud = Cloud::start();
    let template = cloud.template("", STEP);
    let places: [Place; 5] = [
        |event| matches!(event, Event::PhaseFinished { phase: Phase::Launch, .. }),
        |event| matches!(event, Event::PhaseStarted { phase: Phase::Connect }),
        |event| matches!(event, Event::Output { .. }),
        |event| matches!(event, Event::PhaseStarted { phase: Phase::Capture }),
        |event| matches!(event, Event::PhaseStarted { phase: Phase::Cleanup }),
    ];
    for (number, place) in places.into_iter().enumerate() {
        let (made, panicked) = baked(&cloud, &template, number, place).await;
        assert!(panicked, "{number}: nothing panicked: {made:?}");
        let error = made.unwrap_err();
        assert_eq!((error.kind, error.kind.exit_code()), (Kind::Internal, 101), "{number}: {error}");
        assert!(error.to_string().contains("a mistake at"), "{error}");
        assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("report it")), "{error:?}");
        assert_eq!(cloud.leftovers(), Vec::<String>::new(), "{number}: {error}");
    }
}
