//! Which templates of a set are to be baked, and why: each is judged when what it is made from is known.
//! Reads only.

mod judged;
mod looked;

use std::collections::BTreeMap;

use judged::below;
pub use judged::{Below, Judged};
use looked::Looked;

use super::{Context, anew::Anew, chain, inputs, secrets, set};
use crate::{
    engine::{
        BakeInputs, Rooms,
        due::{self, Names, Verdict, Why},
        manifest::BaseEntry,
        settle,
    },
    error::Error,
    load::Loaded,
    plan::{MadeOf, Plan, compile, fingerprint},
    platform::{BaseImage, Settings},
    store::{ImageRecord, Store},
    template::model::{Ec2, Template, Variable},
};

/// Judges the templates of one command.
pub struct Judge<'a> {
    context: &'a Context,
    anew: Anew,
    looked: Looked<'a>,
}

impl<'a> Judge<'a> {
    pub fn new(context: &'a Context, anew: Anew) -> Self {
        Self { context, anew, looked: Looked::new(context) }
    }

    /// # Errors
    /// When the platform or its store cannot be used.
    pub async fn rooms(&self, ec2: &Ec2) -> Result<Rooms, Error> {
        self.looked.rooms(ec2).await
    }

    /// # Errors
    /// When it cannot be baked on this platform, or something cannot be read.
    pub async fn judge(
        &self,
        loaded: &Loaded,
        below: (Below<'_>, bool),
        secret_sums: Result<BTreeMap<String, String>, String>,
    ) -> Result<Judged, Error> {
        let judged = self.by_plan(loaded, below, secret_sums).await?;
        Ok(Judged { provisioners: loaded.provisioners.clone(), ..judged })
    }

    async fn by_plan(
        &self,
        loaded: &Loaded,
        (below, named): (Below<'_>, bool),
        secret_sums: Result<BTreeMap<String, String>, String>,
    ) -> Result<Judged, Error> {
        let platform = self.context.global.platform;
        let mut template = loaded.template.clone();
        let rooms = self.rooms(&template.ec2).await?;
        if let Below::Image(image) = below {
            chain::put(&mut template, platform, &chain::near(image, &rooms).await?)?;
        }
        let plan = compile(template, platform)?;
        let due = |plan, base, why| Ok(Judged::new(plan, base, Verdict::Due { why }));
        if let Below::Due(template) = below {
            return due(plan, None, Why::Base { template: template.to_owned() });
        }
        let Some(base) = self.looked.base(&plan, &rooms).await? else {
            return due(plan, None, Why::NoBase);
        };
        match secret_sums {
            Ok(sums) => self.by_fingerprint(loaded, named, plan, base, (sums, &rooms)).await,
            // Who bakes what is made from it need not know its secrets.
            Err(why) => match published(&plan, &rooms).await?.filter(|_| !named) {
                Some(image) => {
                    let verdict = Verdict::UpToDate { image: Box::new(image) };
                    Ok(Judged::new(plan, Some(base), verdict))
                }
                None => due(plan, Some(base), Why::Secret { why }),
            },
        }
    }

    async fn by_fingerprint(
        &self,
        loaded: &Loaded,
        named: bool,
        plan: Plan,
        base: BaseImage,
        (secret_sums, rooms): (BTreeMap<String, String>, &Rooms),
    ) -> Result<Judged, Error> {
        let inputs = BakeInputs { secret_sums, ..inputs::contents(loaded, plan.platform, self.context)? };
        let fingerprint = fingerprint(&plan, inputs.given(&base.id));
        let (shown, variables) = (BaseEntry::of(&base).shown(), Variable::used(&plan.template.variables));
        let made_of = MadeOf { parts: &fingerprint.parts, base: &shown, variables: &variables };
        let (store, wanted) = (rooms.store.as_ref(), self.anew.wanted(named));
        let verdict = due::judge(store, names(&plan), (&fingerprint, &made_of), &wanted).await?;
        let verdict = match verdict {
            Verdict::UpToDate { image } if named && !is_settled(&plan, store, &image).await? => {
                Verdict::Unpublished { image }
            }
            verdict => verdict,
        };
        Ok(Judged {
            fingerprint: Some(fingerprint.sum),
            inputs: Some(inputs),
            ..Judged::new(plan, Some(base), verdict)
        })
    }

    /// For a template of which nothing is baked now; as a text, why they are not known.
    async fn secret_sums(
        &self,
        template: &Template,
    ) -> Result<Result<BTreeMap<String, String>, String>, Error> {
        let rooms = self.rooms(&template.ec2).await?;
        Ok(match secrets::resolve(&template.secrets, &template.ec2, self.context).await {
            Ok(values) => {
                secrets::warn(&values);
                Ok(secrets::sums(&values, rooms.store.as_ref(), false).await?)
            }
            Err(error) => Err(error.to_string()),
        })
    }
}

async fn is_settled(plan: &Plan, store: &dyn Store, image: &ImageRecord) -> Result<bool, Error> {
    let settings = Settings::of(&plan.template, plan.platform);
    settle::is_settled(store, image, &plan.template.publish, &settings).await
}

/// The image that a template's stage points at.
async fn published(plan: &Plan, rooms: &Rooms) -> Result<Option<ImageRecord>, Error> {
    match rooms.store.get(&plan.template.publish.parameter).await? {
        Some(pointer) => Ok(rooms.store.find(&pointer.value).await?),
        None => Ok(None),
    }
}

pub fn names(plan: &Plan) -> Names<'_> {
    let template = &plan.template;
    Names { image: &template.image.name, publish: &template.publish, platform: plan.platform }
}

/// Judges all templates of a set; where one is made from another, that one first.
///
/// # Errors
/// As for one template; the first error ends it.
pub async fn all(set: &set::Set, judge: &Judge<'_>) -> Result<Vec<Judged>, Error> {
    let mut judged: BTreeMap<usize, Judged> = BTreeMap::new();
    for level in set.graph.levels() {
        let known = &judged;
        let each = level.iter().map(|number| async move {
            let loaded = &set.templates[*number];
            let base = set.graph.base(*number).and_then(|base| known.get(&base));
            let below = (below(base), *number < set.named);
            judge.judge(loaded, below, judge.secret_sums(&loaded.template).await?).await
        });
        let done = futures::future::try_join_all(each).await?;
        judged.extend(level.iter().copied().zip(done));
    }
    Ok(judged.into_values().collect())
}
