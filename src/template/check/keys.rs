//! The KMS keys of an image's volumes: which one its copies in other regions have, and whether those
//! that it is shared with can use it.

use toml::Spanned;

use super::{
    cx::Cx,
    names::{REGION, WORD},
};
use crate::template::{
    diagnose::Fault,
    kms,
    raw::{self, Raw, Text},
    sources::Place,
};

/// What AWS calls its own keys, which cannot be shared.
const OF_AWS: &str = "alias/aws/";

type Key = (String, Place);

/// A volume, as far as its key goes.
struct Volume {
    /// Its own, or that of `[ec2]`.
    key: Option<Key>,
    /// Where it is said to be encrypted, if nothing says with which key.
    keyless: Option<Place>,
}

impl Cx<'_> {
    /// The key that all volumes with a key have; `None` where they have none or several.
    pub fn volume_key(&self, raw: &Raw, ec2: &Spanned<raw::Ec2>) -> Option<String> {
        let root = raw.root_disk.as_ref().and_then(|disk| disk.get_ref().ec2.as_ref());
        let disks = raw.disks.iter().map(|disk| disk.get_ref().ec2.as_ref());
        let volumes: Vec<Volume> =
            std::iter::once(root).chain(disks).map(|table| self.volume(table, ec2)).collect();
        let keys: Vec<Key> = volumes.iter().filter_map(|volume| volume.key.clone()).collect();
        let other = keys.iter().find(|(name, _)| keys.first().is_some_and(|(first, _)| first != name));
        self.keys_can_be_shared(&volumes, ec2.get_ref());
        self.keys_can_be_copied(&keys, other, ec2.get_ref());
        keys.first().filter(|_| other.is_none()).map(|(name, _)| name.clone())
    }

    fn volume(&self, disk: Option<&Spanned<raw::Ec2Disk>>, ec2: &Spanned<raw::Ec2>) -> Volume {
        let own = disk.and_then(|disk| disk.get_ref().kms_key.as_ref());
        let flag = disk.and_then(|disk| disk.get_ref().encrypted.as_ref());
        let encrypted = disk.and_then(|disk| self.flag(&disk.get_ref().encrypted));
        let text = own.or(ec2.get_ref().kms_key.as_ref());
        // One that was cut out is told already.
        let mut tables = disk.map(Spanned::span).into_iter().chain([ec2.span()]);
        let named = text.is_some() || tables.any(|table| self.pruned.contains(&table, "kms_key"));
        Volume {
            key: text.filter(|_| encrypted != Some(false)).and_then(|text| self.key(text)),
            keyless: flag.filter(|_| encrypted == Some(true) && !named).map(Spanned::span),
        }
    }

    fn key(&self, text: &Text) -> Option<Key> {
        Some((self.name(text, &WORD)?, text.span()))
    }

    /// AWS refuses it when the image is made already.
    fn keys_can_be_shared(&self, volumes: &[Volume], ec2: &raw::Ec2) {
        let Some(share) = ec2.share_with.as_ref().filter(|share| names_somebody(share.get_ref())) else {
            return;
        };
        let of_aws = |volume: &Volume| volume.key.clone().filter(|(name, _)| name.contains(OF_AWS));
        let places = volumes
            .iter()
            .filter_map(|volume| volume.keyless.clone().or(of_aws(volume).map(|(_, place)| place)));
        for place in places {
            let fault =
                Fault::at(place, "this volume is encrypted with AWS's own key, which cannot be shared");
            self.fault(fault.also(share.span(), "the image is to be shared here").hint(
                "name a key of your own, whose policy lets the others use it: `kms_key` beside `encrypted`, or in \
                 [ec2] for all volumes",
            ));
        }
    }

    /// A copy has one key for all its volumes, and it must be known in its region.
    fn keys_can_be_copied(&self, keys: &[Key], other: Option<&Key>, ec2: &raw::Ec2) {
        let home = self.maybe_name(&ec2.region, &REGION);
        let regions = self.names(&ec2.copy_to, &REGION);
        let regions: Vec<String> =
            regions.into_iter().filter(|region| Some(region) != home.as_ref()).collect();
        let of_all = ec2.kms_key.as_ref().and_then(|text| self.key(text));
        let key = match (keys.first(), other) {
            (Some((_, first)), Some((_, place))) if ec2.kms_key.is_none() && !regions.is_empty() => {
                let fault =
                    Fault::at(place.clone(), "a copy has one key for all its volumes, and this is another");
                let hint = "name the key of the copies as `kms_key` in [ec2], or give all volumes the same";
                return self.fault(fault.also(first.clone(), "than this").hint(hint));
            }
            (Some(key), None) => Some(key.clone()),
            (_, _) => of_all,
        };
        let Some((name, place)) = key else { return };
        if let Some(why) = regions.iter().find_map(|region| kms::in_region(&name, region).err()) {
            self.fault(Fault::at(place, why).hint("or leave out `copy_to`"));
        }
    }
}

fn names_somebody(share: &raw::Share) -> bool {
    let lists = [&share.accounts, &share.organizations, &share.organizational_units];
    lists.into_iter().flatten().any(|list| !list.get_ref().is_empty())
}
