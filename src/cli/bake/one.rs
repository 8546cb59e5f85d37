//! One template: looked at, and baked in a run of its own when that is due.

use std::collections::BTreeMap;

use super::{end::TemplateEnd, keep_hint, many::Many};
use crate::{
    cli::{
        Context, clean, inputs,
        judge::{Below, Judged},
        local_programs,
        run::{Failure, Run},
        secrets, set, show,
    },
    engine::{self, BakeInputs, Made, Rooms, due::Verdict},
    error::{Error, Kind},
    journal::{FIRST_FORMAT, Stamped},
    plan::{Plan, compile},
    private,
    redact::Redact,
};

/// The values of a template's secrets, or why they are not known.
pub type Values = Result<BTreeMap<String, String>, Error>;

/// Of each template. Whether all that were named can be baked is known before the first one is.
///
/// # Errors
/// When a template cannot be baked on this platform, or a secret of one that was named has no value.
pub async fn secrets(set: &set::Set, context: &Context) -> Result<Vec<Values>, Error> {
    let mut all = Vec::new();
    for (number, loaded) in set.templates.iter().enumerate() {
        let template = &loaded.template;
        compile(template.clone(), context.global.platform)?;
        let values = secrets::resolve(&template.secrets, &template.ec2, context).await;
        let values = values.and_then(|values| secrets::kept_out(template, &values).map(|()| values));
        match values {
            Err(error) if number < set.named => return Err(error),
            values => all.push(values),
        }
    }
    Ok(all)
}

/// # Errors
/// When the bake cannot begin; whatever fails after that has been shown.
pub async fn one(many: &Many<'_>, number: usize, below: Below<'_>) -> Result<TemplateEnd, Error> {
    let named = number < many.set.named;
    let (loaded, values) = (&many.set.templates[number], &many.secrets[number]);
    let mut interrupt = many.interrupt.clone();
    let looked = async {
        let rooms = many.judge.rooms(&loaded.template.ec2).await?;
        let sums = match values {
            Ok(values) => Ok(secrets::sums(values, rooms.store.as_ref(), true).await?),
            Err(error) => Err(error.to_string()),
        };
        let judged = many.judge.judge(loaded, (below, named), sums.clone()).await?;
        Ok::<_, Error>((rooms, sums, judged))
    };
    let (rooms, sums, Judged { plan, verdict, inputs, .. }) = tokio::select! {
        looked = looked => looked?,
        why = interrupt.wanted("the bake") => {
            show::not_baked(&loaded.template.image.name, why.to_string(), many.context);
            return Ok(TemplateEnd::Interrupted);
        }
    };
    if let Verdict::UpToDate { image } = verdict {
        if let Err(why) = sums {
            show::stderr(&format!("note: {why}: {} is taken as it is\n", image.id));
        }
        show::up_to_date(&plan, &image, many.context)?;
        return Ok(TemplateEnd::UpToDate(*image));
    }
    local_programs::require(&plan.template.steps)?;
    let read = match inputs {
        Some(inputs) => inputs,
        None => inputs::contents(loaded, plan.platform, many.context)?,
    };
    let inputs = BakeInputs {
        secrets: values.clone()?,
        secret_sums: sums.unwrap_or_default(),
        on_error: many.how.on_error.clone(),
        wanted: many.how.anew.wanted(named),
        no_wait: many.how.no_wait,
        cold: many.how.cold,
        ..read
    };
    match run(&plan, inputs, &rooms, many).await? {
        Ok(Made { image, reused }) => {
            let image = rooms.store.find(&image).await?.ok_or_else(|| lost(&image))?;
            Ok(if reused { TemplateEnd::UpToDate(image) } else { TemplateEnd::Baked(image) })
        }
        Err(Failure { code, reason }) => Ok(TemplateEnd::Failed { code, reason }),
    }
}

/// One bake; `Err` inside is a failure that has been shown.
async fn run(
    plan: &Plan,
    inputs: BakeInputs,
    rooms: &Rooms,
    many: &Many<'_>,
) -> Result<Result<Made, Failure>, Error> {
    let (image, context) = (&plan.template.image, many.context);
    let run = Run::start(&image.name, Redact::new(inputs.secrets.values().cloned()), context)?;
    clean::tell_of_dead(&image.name, context, &run.events)?;
    run.announce(&image.name, image.version.clone(), plan.platform.name());
    secrets::exceptions(&plan.template.secrets).into_iter().for_each(|text| run.events.note(text));
    secrets::warnings(&inputs.secrets).into_iter().for_each(|text| run.events.warn(text));
    let result = match write_plan(plan, &run) {
        Ok(()) => {
            let interrupt = many.interrupt.clone();
            engine::bake(plan, rooms, &run.folders, inputs, interrupt, &run.events).await
        }
        Err(error) => Err(error),
    };
    let on_error = &many.how.on_error;
    let result =
        result.map_err(|error| keep_hint::add_keep_hint(error, on_error, many.arguments.iter().cloned()));
    Ok(run.finish(result).await)
}

fn lost(image: &str) -> Error {
    Error::new(Kind::Store, format!("looking up the image {image}, which was just there"))
        .hint("somebody removed it meanwhile: bake again")
}

/// Parts of the plan that a later command reads: they hold no secret, or the bake would not begin.
const READ_AGAIN: [&str; 3] = ["image", "platform", "publish"];

/// The plan lies beside the run's log.
///
/// # Errors
/// When it cannot be written.
pub fn write_plan(plan: &Plan, run: &Run) -> Result<(), Error> {
    let path = run.folders.run.join("plan.json");
    let stamped = Stamped::new(FIRST_FORMAT, plan);
    let text = run.events.redact().pretty(&stamped, &READ_AGAIN).map_err(std::io::Error::other);
    text.and_then(|text| private::write(&path, text)).map_err(|error| {
        Error::new(Kind::Local, format!("writing the plan `{}`", path.display())).because(&error)
    })
}
