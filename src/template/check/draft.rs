//! What has been checked so far, with the places it came from, until all parts are in.

use std::collections::HashMap;

use super::cx::Cx;
use crate::template::{
    diagnose::Fault,
    model::{Check, FileSpec, Group, PackageSpec, Repository, Step, User},
    sources::Place,
};

/// A checked thing and the place that tells it apart: its name, its destination.
#[derive(Debug)]
pub struct Placed<T> {
    pub value: T,
    pub place: Place,
}

/// A user's wish to be in a group; judged when all groups are known.
#[derive(Debug)]
pub struct Membership {
    pub group: String,
    pub place: Place,
}

/// A file that goes up after a step; judged when all steps are known.
#[derive(Debug)]
pub struct Waiting {
    /// Its place among the files.
    pub file: usize,
    pub step: String,
    pub place: Place,
    /// The provisioner that says so: its own steps come first.
    pub prefix: Option<String>,
}

/// What a step is called, also one that `when` leaves out.
#[derive(Debug)]
pub struct StepName {
    pub name: String,
    /// So many steps are done when it is.
    pub done: usize,
}

#[derive(Debug, Default)]
pub struct Draft {
    pub groups: Vec<Placed<Group>>,
    pub users: Vec<Placed<User>>,
    pub gids: Vec<(String, Place)>,
    pub uids: Vec<(String, Place)>,
    pub memberships: Vec<Membership>,
    pub upgrade: bool,
    /// Where it is asked for.
    pub upgrade_place: Option<Place>,
    pub install: Vec<Placed<PackageSpec>>,
    pub remove: Vec<Placed<String>>,
    pub repositories: Vec<Placed<Repository>>,
    /// Where the suite of each repository stands, in the same order.
    pub suite_places: Vec<Option<Place>>,
    pub files: Vec<Placed<FileSpec>>,
    pub waiting: Vec<Waiting>,
    pub steps: Vec<Step>,
    pub step_names: Vec<StepName>,
    pub checks: Vec<Check>,
    /// How many `[[use]]` were followed.
    pub uses: usize,
}

pub fn values<T>(placed: Vec<Placed<T>>) -> Vec<T> {
    placed.into_iter().map(|placed| placed.value).collect()
}

impl Cx<'_> {
    /// No two things of a kind may have the same key.
    pub fn unique<K: Into<String>>(&self, what: &str, keys: impl IntoIterator<Item = (K, Place)>) {
        let mut seen: HashMap<String, Place> = HashMap::new();
        for (key, place) in keys {
            let key = key.into();
            match seen.get(&key) {
                Some(first) => self.fault(
                    Fault::at(place, format!("{what} `{key}` is given twice"))
                        .label("given again here")
                        .also(first.clone(), "first given here"),
                ),
                None => {
                    seen.insert(key, place);
                }
            }
        }
    }
}
