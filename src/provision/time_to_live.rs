//! A builder's time to live: it ends itself when nobody has put its end off, whatever became of
//! hornero, the computer that it ran on and the network between them.

use std::time::Duration;

const SCRIPT: &str = include_str!("time_to_live.sh");

/// Puts the end off until `time` from now. cloud-init runs it early in each boot, and a live run as
/// root over SSH; it is nowhere but under `/run`, so that no image has anything of it.
pub fn script(time: Duration) -> String {
    format!("seconds={}\n{SCRIPT}", time.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_script_that_a_shell_can_read() {
        let script = script(Duration::from_secs(7200));
        let status = std::process::Command::new("sh").args(["-n", "-c", &script]).status().unwrap();
        assert!(status.success());
        assert!(script.starts_with("seconds=7200\n"), "{script}");
    }

    #[test]
    fn what_ends_a_builder_is_ended_before_it_is_powered_off_for_its_capture() {
        let unit = "hornero-watch.service";
        let off = super::super::power_off::SCRIPT;
        assert!(SCRIPT.contains(unit));
        assert!(off.find(&format!("systemctl stop {unit}")).unwrap() < off.find("poweroff.target").unwrap());
    }
}
