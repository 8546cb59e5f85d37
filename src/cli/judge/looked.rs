//! What is looked up once for all templates of a command: by whoever is first, and the others wait for it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::OnceCell;

use crate::{
    cli::{Context, wiring},
    engine::Rooms,
    error::Error,
    plan::Plan,
    platform::{BaseImage, Settings},
    template::model::Ec2,
};

type Once<T> = Arc<OnceCell<T>>;

/// The role and the region that a template names.
type Account = (Option<String>, Option<String>);

pub struct Looked<'a> {
    context: &'a Context,
    rooms: Mutex<BTreeMap<Account, Once<Rooms>>>,
    /// By what the templates say of them.
    bases: Mutex<BTreeMap<String, Once<Option<BaseImage>>>>,
}

impl<'a> Looked<'a> {
    pub fn new(context: &'a Context) -> Self {
        Self { context, rooms: Mutex::default(), bases: Mutex::default() }
    }

    /// # Errors
    /// When the platform or its store cannot be used.
    pub async fn rooms(&self, ec2: &Ec2) -> Result<Rooms, Error> {
        let cell = once(&self.rooms, (ec2.role_arn.clone(), ec2.region.clone()));
        Ok(cell.get_or_try_init(|| wiring::rooms(self.context, ec2)).await?.clone())
    }

    /// What a plan would start from, where that can be told without making it.
    ///
    /// # Errors
    /// When it cannot be looked up.
    pub async fn base(&self, plan: &Plan, rooms: &Rooms) -> Result<Option<BaseImage>, Error> {
        let (base, ec2) = (&plan.template.base, &plan.template.ec2);
        // A plain tree with texts as keys, which JSON always takes.
        let key = serde_json::to_string(&(base, &ec2.role_arn, &ec2.region)).unwrap_or_default();
        let settings = Settings::of(&plan.template, plan.platform);
        let cell = once(&self.bases, key);
        Ok(cell.get_or_try_init(|| rooms.platform.look_up_base(base, &settings)).await?.clone())
    }
}

fn once<K: Ord, T>(known: &Mutex<BTreeMap<K, Once<T>>>, key: K) -> Once<T> {
    known.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone()
}
