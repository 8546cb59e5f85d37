//! How a builder is powered off from inside: the platform's own way of stopping a machine takes the
//! power away from a guest that is slow to go down, and says nothing of it.

/// Run by root as the last thing that is done on a builder. It comes back at once; the machine goes
/// off when the line that the script came over is closed.
pub const SCRIPT: &str = include_str!("power_off.sh");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_script_that_a_shell_can_read() {
        let status = std::process::Command::new("sh").args(["-n", "-c", SCRIPT]).status().unwrap();
        assert!(status.success());
    }

    #[test]
    fn nothing_is_written_but_under_run() {
        let targets = SCRIPT.split('>').skip(1).filter_map(|rest| rest.split_whitespace().next());
        let elsewhere: Vec<&str> = targets
            .filter(|to| !to.starts_with("/run/hornero") && !["/dev/null", "&1", "&2"].contains(to))
            .collect();
        assert_eq!(elsewhere, Vec::<&str>::new());
    }
}
