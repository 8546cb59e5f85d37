//! `snapshot` of `[packages]`: a moment, or a table that also names the archive.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::SnapshotTable;

/// The moment as a string, a template until it is rendered.
#[derive(Debug)]
pub enum Snapshot {
    Moment(String),
    Table(SnapshotTable),
}

impl<'de> Deserialize<'de> for Snapshot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MomentOrTable)
    }
}

struct MomentOrTable;

impl<'de> Visitor<'de> for MomentOrTable {
    type Value = Snapshot;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string such as \"2026-11-01\", or a table with `at` and `archive`")
    }

    fn visit_str<E>(self, text: &str) -> Result<Snapshot, E> {
        Ok(Snapshot::Moment(text.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Snapshot, A::Error> {
        SnapshotTable::deserialize(MapAccessDeserializer::new(map)).map(Snapshot::Table)
    }
}
