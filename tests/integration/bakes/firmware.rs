//! A builder that UEFI starts, and a machine that UEFI starts from its image.

use crate::rig::{guests, hornero::Hornero, quick};

const SETTINGS: &str = "firmware = \"uefi\"\n[[checks]]\nfile = \"/sys/firmware/efi\"\n";

#[test]
fn a_builder_and_its_image_are_started_by_uefi_where_the_template_asks_for_it() {
    let _turn = guests::turn();
    // The guest of a few lines: under emulation the firmware alone takes most of a minute.
    let hornero = Hornero::alone();
    let (_, folder) = hornero.bake(&quick::template(&hornero, "uefi", SETTINGS));
    let manifest = crate::rig::image::manifest(&folder);
    let checks = manifest["checks"].as_array().unwrap();
    assert_eq!(checks.len(), 1, "{manifest}");
    assert_eq!(hornero.leftovers(), Vec::<String>::new());
}
