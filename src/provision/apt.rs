//! apt on a builder: for the time of a bake nothing else installs packages, and whoever does waits for its turn.

/// Holds apt's timers and lets apt wait for locks, until `RELEASE`. Can be run again and costs no program
/// then; does nothing where there is no apt.
pub const HOLD: &str = include_str!("apt_hold.sh");

/// Takes back what `HOLD` has done: no image has it, however it is sealed.
pub const RELEASE: &str = "rm -f /etc/apt/apt.conf.d/zz-hornero-bake\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_released() {
        let file = RELEASE.trim_end().rsplit_once(' ').unwrap().1;
        assert_eq!(HOLD.matches(file).count(), 2, "{file}");
    }
}
