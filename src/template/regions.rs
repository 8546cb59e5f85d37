//! Names of AWS regions, as far as they can be judged without asking AWS: what no region can be called, and
//! which one was probably meant.

use super::diagnose::closest;

/// How the middle of every region's name ends.
const DIRECTIONS: [&str; 9] =
    ["central", "east", "north", "northeast", "northwest", "south", "southeast", "southwest", "west"];

/// Those that there were when this was written. Only what is meant by a wrong name is looked up here: AWS
/// opens new ones.
const KNOWN: [&str; 40] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "me-west-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

/// What is to be said of a name that no region can have; `None` for one that a region has or may have.
pub fn doubt(name: &str) -> Option<String> {
    if is_possible(name) {
        return None;
    }
    Some(match meant(name) {
        Some(region) => format!("did you mean `{region}`?"),
        None => "a region is called like `eu-west-1`".to_owned(),
    })
}

/// Whether it was there when this was written.
pub fn is_known(name: &str) -> bool {
    KNOWN.contains(&name)
}

/// The region that is nearest to a wrong name.
pub fn meant(name: &str) -> Option<&'static str> {
    // us-east-1a is a zone of us-east-1.
    let zone = name.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
    KNOWN.into_iter().find(|region| *region == zone).or_else(|| closest(name, KNOWN))
}

/// Two or more words, the last of them a direction, and a number.
fn is_possible(name: &str) -> bool {
    let Some((words, number)) = name.rsplit_once('-') else { return false };
    let Some((area, direction)) = words.rsplit_once('-') else { return false };
    let is_number = matches!(number.as_bytes(), [b'1'..=b'9'] | [b'1'..=b'9', b'0'..=b'9']);
    let mut areas = area.split('-');
    is_number
        && DIRECTIONS.contains(&direction)
        && areas
            .all(|word| (2..=4).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_that_there_are_or_may_be_are_taken() {
        assert!(KNOWN.iter().all(|region| doubt(region).is_none()));
        for region in ["eu-west-4", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "sa-west-1"] {
            assert_eq!(doubt(region), None, "{region}");
        }
    }

    #[test]
    fn a_slip_is_told_with_what_was_meant() {
        for (given, meant) in [
            ("eu-wset-1", "eu-west-1"),
            ("eu-west1", "eu-west-1"),
            ("eu-west-1a", "eu-west-1"),
            ("us-esat-2", "us-east-2"),
            ("EU-WEST-1", "eu-west-1"),
            ("eu_west_1", "eu-west-1"),
            ("ap-souteast-2", "ap-southeast-2"),
            ("eu-central-1.", "eu-central-1"),
        ] {
            assert_eq!(doubt(given), Some(format!("did you mean `{meant}`?")), "{given}");
        }
        for given in ["Ireland", "", "moon", "eu", "-", "eu--1"] {
            assert!(doubt(given).is_some(), "{given}");
        }
    }
}
