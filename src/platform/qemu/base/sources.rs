//! Where a suite's packages come from: this computer's own apt sources, so that its mirror is used
//! and no other. A computer without sources for the suite gets mmdebstrap's default mirror.

use std::collections::BTreeMap;

use tokio::sync::OnceCell;

use super::super::process;

/// What apt said: it takes a moment each time, and a bake wants to know more than once.
static TARGETS: OnceCell<String> = OnceCell::const_new();

/// Lines of a `sources.list` for the suite and its updates; empty where apt knows none.
pub async fn of_suite(suite: &str) -> Vec<String> {
    lines(TARGETS.get_or_init(targets).await, suite)
}

async fn targets() -> String {
    let format = ["indextargets", "--format", "$(SITE) $(RELEASE) $(COMPONENT)", "Created-By: Packages"];
    // No apt at all is the same as an apt without sources.
    process::run("reading the apt sources", "apt-get", &format)
        .await
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default()
}

fn lines(targets: &str, suite: &str) -> Vec<String> {
    let wanted = [suite.to_owned(), format!("{suite}-updates"), format!("{suite}-security")];
    let mut sources: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for target in targets.lines() {
        let [site, release, component] = target.split_whitespace().collect::<Vec<_>>()[..] else { continue };
        if wanted.iter().any(|wanted| wanted == release) {
            let components = sources.entry((release.into(), site.into())).or_default();
            components.push(component.into());
            components.sort_unstable();
            components.dedup();
        }
    }
    // Updates alone are no system.
    if !sources.keys().any(|(release, _)| release == suite) {
        return Vec::new();
    }
    let line = |((release, site), components): ((String, String), Vec<String>)| {
        format!("deb {site} {release} {}", components.join(" "))
    };
    sources.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_and_its_updates_are_taken_and_no_other() {
        let targets = "http://mirror.test/debian bookworm main\n\
                       http://mirror.test/debian bookworm contrib\n\
                       http://mirror.test/debian bookworm main\n\
                       http://mirror.test/security bookworm-security main\n\
                       http://mirror.test/debian bookworm-backports main\n\
                       http://other.test/apt stable main\n";
        let expected = [
            "deb http://mirror.test/debian bookworm contrib main",
            "deb http://mirror.test/security bookworm-security main",
        ];
        assert_eq!(lines(targets, "bookworm"), expected);
    }

    #[test]
    fn a_computer_of_another_suite_has_no_sources() {
        assert!(lines("http://mirror.test/ubuntu noble main\n", "bookworm").is_empty());
        assert!(lines("http://mirror.test/debian bookworm-updates main\n", "bookworm").is_empty());
    }
}
