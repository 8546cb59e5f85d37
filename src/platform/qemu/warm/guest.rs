//! What hornero is inside a machine that is saved: a program that cloud-init starts in its first boot, and
//! that makes another machine of it when it is resumed (`guest.py`).

use serde_json::json;

/// Starts the program; says so over the port where it cannot run.
const START: &str = include_str!("guest.sh");
const PROGRAM: &str = include_str!("guest.py");

/// For the boot of a machine that is saved. It does nothing but start the program: what cloud-init does for
/// a template it does when the machine is resumed.
pub fn user_data() -> String {
    let start = START.replace("PROGRAM\n", PROGRAM);
    let config = json!({
        "users": [],
        "cloud_init_modules": ["bootcmd"],
        "cloud_config_modules": [],
        "cloud_final_modules": [],
        "bootcmd": [["sh", "-c", start]],
    });
    format!("#cloud-config\n{config}\n")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::platform::qemu::machine::PORT;

    #[test]
    fn the_program_is_in_it_and_a_shell_can_read_it() {
        let text = user_data();
        let config: serde_json::Value = serde_json::from_str(text.split_once('\n').unwrap().1).unwrap();
        let start = config["bootcmd"][0][2].as_str().unwrap();
        assert!(start.contains(PROGRAM) && start.contains(PORT));
        assert!(!PROGRAM.lines().any(|line| line == "HORNERO-END"));
        assert!(Command::new("sh").args(["-n", "-c", start]).status().unwrap().success());
    }
}
