//! `[image]`, and the names that every other string may use because of it.

use std::time::Duration;

use super::{
    cx::Cx,
    names::{self, DESCRIPTION, IMAGE, TAG, VALUE},
};
use crate::template::{
    diagnose::Fault,
    model::{DataType, Image, PlatformKind, Publish, Secret, SecretSource},
    raw::{self, Raw, Text},
    sources::Place,
    units::Span,
};

/// How long a builder can live that nobody works on: it must have the time to answer once, and a typing
/// mistake must not make it immortal.
const LEAST_TTL: Duration = Duration::from_secs(2 * 60);
const MOST_TTL: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl Cx<'_> {
    /// `platform` and `stage`: known before anything else is rendered.
    pub fn declare_run(&mut self, platform: PlatformKind, stage: Option<&str>, raw: &Raw) -> String {
        let stage = stage.map(str::to_owned).or_else(|| self.default_stage(raw)).unwrap_or("dev".into());
        self.scope.set("platform", platform.name());
        self.scope.set("stage", stage.as_str());
        stage
    }

    fn default_stage(&self, raw: &Raw) -> Option<String> {
        let stage = raw.publish.as_ref()?.get_ref().stage.as_ref()?;
        let plain =
            self.plain(stage, "the stage is part of what templates are rendered with; use `--stage`")?;
        self.ruled(plain.into(), &stage.span(), &names::STAGE)
    }

    /// Each field may use those before it.
    pub fn image(&mut self, raw: &Raw, root: &Place) -> Image {
        let empty = raw::Image::default();
        let spanned = self.need(&raw.image, root, "the template", "image");
        let (image, place) = spanned.map_or((&empty, None), |image| (image.get_ref(), Some(image.span())));
        let name = place.and_then(|place| {
            let name = self.need(&image.name, &place, "`[image]`", "name")?;
            self.name(name, &IMAGE)
        });
        self.declare_image("name", true, name.as_deref());
        let version = self.maybe_name(&image.version, &VALUE);
        self.declare_image("version", image.version.is_some(), version.as_deref());
        let description = self.maybe_name(&image.description, &DESCRIPTION);
        self.declare_image("description", image.description.is_some(), description.as_deref());
        let tags = self.table(Some(&image.tags), &TAG, |text| {
            let value = self.text(text)?;
            if value.is_empty() { Some(value) } else { self.ruled(value, &text.span(), &VALUE) }
        });
        let timeout = self.timeout(&image.timeout);
        let builder_ttl = self.builder_ttl(&image.builder_ttl);
        Image { name: name.unwrap_or_default(), version, description, tags, timeout, builder_ttl }
    }

    fn builder_ttl(&self, text: &Option<Text>) -> Span {
        let given: Option<Span> = self.unit(text);
        if let (Some(text), Some(span)) = (text, given)
            && !(LEAST_TTL..=MOST_TTL).contains(&span.0)
        {
            let (least, most) = (Span(LEAST_TTL), Span(MOST_TTL));
            let message = format!("a builder cannot be left alone for {span}");
            let hint =
                format!("write a time from {least} to {most}; a bake that takes longer puts the end off");
            self.fault(Fault::at(text.span(), message).hint(hint));
        }
        given.unwrap_or(Image::USUAL_TTL)
    }

    fn declare_image(&mut self, field: &str, given: bool, value: Option<&str>) {
        match value {
            Some(value) => self.scope.set_in("image", field, value),
            None if given => self.scope.poison(&format!("image.{field}")),
            None => {}
        }
    }

    pub fn publish(&self, raw: &Raw, stage: &str, image: &Image) -> Publish {
        let parameter = raw.publish.as_ref().and_then(|publish| {
            let text = publish.get_ref().parameter.as_ref()?;
            let name = self.name(text, &names::PUBLISHED)?;
            let region = raw.ec2.as_ref().and_then(|ec2| self.maybe_text(&ec2.get_ref().region));
            self.parameter_fits(text, &name, region.as_deref());
            Some(name)
        });
        let parameter = parameter.unwrap_or_else(|| format!("/images/{}/{stage}", image.name));
        let kinds = [("image", DataType::Image), ("text", DataType::Text)];
        let data_type = raw
            .publish
            .as_ref()
            .and_then(|publish| self.choice(&publish.get_ref().data_type, "data type", &kinds));
        Publish { parameter, stage: stage.into(), data_type: data_type.unwrap_or_default() }
    }

    /// Declares every secret by name; the sources are checked with the rest.
    pub fn declare_secrets(&mut self, raw: &Raw) {
        for name in raw.secrets.keys() {
            self.scope.declare_secret(name.get_ref());
        }
    }

    pub fn secrets(&self, raw: &Raw) -> Vec<Secret> {
        let secret = |(name, secret): (&Text, &toml::Spanned<raw::Secret>)| {
            let checked = self.ruled(name.get_ref().clone(), &name.span(), &names::VARIABLE);
            let source = self.secret_source(name, secret.get_ref());
            let in_image = self.maybe_name(&secret.get_ref().in_image, &names::REASON);
            Some(Secret { name: checked?, source: source?, in_image })
        };
        raw.secrets.iter().filter_map(secret).collect()
    }

    fn secret_source(&self, name: &Text, secret: &raw::Secret) -> Option<SecretSource> {
        let given = [&secret.env, &secret.file, &secret.parameter, &secret.secret];
        if given.iter().filter(|key| key.is_some()).count() != 1
            || (secret.key.is_some() && secret.secret.is_none())
        {
            let message = format!("the secret `{}` needs exactly one source", name.get_ref());
            self.fault(Fault::at(name.span(), message).hint(
                "write one of { env = \"NAME\" }, { file = \"path\" }, { parameter = \"/name\" }, \
                 { secret = \"name\", key = \"field\" }",
            ));
            return None;
        }
        if let Some(env) = &secret.env {
            return self.name(env, &names::ENV).map(SecretSource::Env);
        }
        if let Some(file) = &secret.file {
            let path = self.own_path(file)?;
            // It may be made just before the bake.
            if self.shared.files.exists(&path) {
                self.ordinary(&path, file.span());
            }
            return Some(SecretSource::File(path));
        }
        if let Some(parameter) = &secret.parameter {
            return self.name(parameter, &names::PARAMETER).map(SecretSource::Parameter);
        }
        let key = self.maybe_name(&secret.key, &VALUE);
        let secret = self.maybe_name(&secret.secret, &names::WORD)?;
        Some(SecretSource::SecretsManager { secret, key })
    }
}
