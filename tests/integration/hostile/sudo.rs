//! Rules of sudo, as sudo itself reads them.

use hornero::quote::sudo_rule;
use serde_json::Value;

use crate::rig::rootfs::Rootfs;

/// Right-hand sides of a rule, with what sudo's language could mind in it.
const RULES: [&str; 16] = [
    "ALL=(ALL) NOPASSWD:ALL",
    "ALL=(ALL) ALL # Defaults !authenticate",
    "ALL=(ALL) /bin/a : ALL=(root) NOPASSWD:/bin/b",
    "ALL=(ALL) /bin/a, root ALL=(ALL) ALL",
    "ALL=(ALL) /bin/a\\, root ALL=ALL",
    "ALL=(ALL) \"/bin/a b\"",
    "ALL=(ALL) @include /etc/sudoers.d/other",
    "@include /etc/sudoers.d/other",
    "ALL=(ALL) /bin/a $(id) `id` ${HOME}",
    "ALL=(ALL) /bin/a %wheel ALL=(ALL) ALL",
    "ALL=(ALL) sha256:x /bin/a",
    "ALL=(ALL) /bin/a \\\\",
    "ALL=(ALL) /bin/ä",
    "= Defaults",
    "ALL=(ALL) !ALL, /bin/a *",
    ", root ALL=(ALL) NOPASSWD:ALL",
];

/// Tells of each rule whether sudo refuses it, and what it is if not.
const READ: &str = r#"for file in /run/rules/*; do
    if visudo -cqf "$file" 2>/dev/null; then cvtsudoers -f json "$file" | tr -d '\n'; else printf refused; fi
    echo
done"#;

#[test]
fn a_rule_that_sudo_takes_is_one_of_its_user_and_changes_nothing_else() {
    let builder = Rootfs::start();
    builder.sh("mkdir /run/rules");
    let taken: Vec<&str> = RULES.into_iter().filter(|rule| sudo_rule(rule).is_ok()).collect();
    for (number, rule) in taken.iter().enumerate() {
        builder.write(&format!("/run/rules/{number:02}"), format!("app {rule}\n"));
    }
    let read = builder.sh(READ);
    assert_eq!(read.lines().count(), taken.len(), "{read}");
    let rules = taken.iter().zip(read.lines()).filter(|(_, read)| *read != "refused");
    let users = rules.map(|(rule, read)| {
        let read: Value =
            serde_json::from_str(read).unwrap_or_else(|error| panic!("{rule}: {error}: {read}"));
        let parts: Vec<&String> = read.as_object().unwrap().keys().collect();
        assert_eq!(parts, ["User_Specs"], "{rule}: {read}");
        let specs = read["User_Specs"].as_array().unwrap();
        assert!(specs.iter().all(|spec| spec["User_List"][0]["username"] == "app"), "{rule}: {read}");
        specs.len()
    });
    assert!(users.count() >= 6, "{read}");
}
