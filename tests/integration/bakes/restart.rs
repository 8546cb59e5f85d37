//! Steps that restart the builder by themselves, without warning: allowed, and not.

use crate::rig::{guests, hornero::Hornero, quick};

/// The first is allowed to, and the second runs in the boot after it; the third is not.
const STEPS: &str = r#"
[[steps]]
name = "first"
run = "echo boot $(cat /proc/sys/kernel/random/boot_id); sleep 3; echo b >/proc/sysrq-trigger; sleep 600"
may_reboot = true
[[steps]]
name = "second"
run = "echo boot $(cat /proc/sys/kernel/random/boot_id)"
[[steps]]
name = "third"
run = "echo last words; sleep 3; echo b >/proc/sysrq-trigger; sleep 600"
[[steps]]
name = "fourth"
run = "echo reached"
"#;

#[test]
fn a_step_that_restarts_the_builder_is_told_as_such_and_may_do_so_where_it_is_allowed() {
    let _turn = guests::turn();
    let hornero = Hornero::new();
    let ran = hornero.run(&["bake", &quick::template(&hornero, "restarts", STEPS)]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    let boot = |step: &str| {
        let begin = format!("{step}: boot ");
        let line = ran.stderr.lines().find_map(|line| Some(line.split_once(&begin)?.1.to_owned()));
        line.unwrap_or_else(|| panic!("{step} told no boot: {}", ran.stderr))
    };
    assert_ne!(boot("first"), boot("second"), "{}", ran.stderr);
    let (_, end) = ran.stderr.split_once("error:").unwrap();
    assert!(end.contains("the builder restarted while step `third` ran"), "{end}");
    assert!(end.contains("last words") && end.contains("may_reboot = true"), "{end}");
    assert!(!ran.stderr.contains("reached"), "{}", ran.stderr);
    assert_eq!(hornero.leftovers(), Vec::<String>::new());
}
