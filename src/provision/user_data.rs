//! cloud-init's user-data: hornero's own part, rendered from `cloud-init/builder.yaml.j2`, and the
//! user's parts merged behind it as MIME multipart.

use std::time::Duration;

use mail_builder::mime::MimePart;
use serde::Serialize;
use serde_json::json;

use super::{
    BUILDER_ACCOUNT, ProvisionError, accounts, apt,
    machine::{self, Names},
    render::render as render_template,
    repositories, snapshot, time_to_live,
};
use crate::template::model::{Image, Packages, Template, User};

const BUILDER: &str = include_str!("../../cloud-init/builder.yaml.j2");

/// Run early in each boot, before the SSH server starts; with the time to live, for cloud-init looks at the
/// end of the last command alone.
const NO_PASSWORDS: &str = include_str!("../../cloud-init/no-passwords.sh");

/// Lists of the user's parts are appended to ours, and nothing of ours is replaced: a part must
/// not take the builder's key away by chance.
const MERGE: &str = "list(append)+dict(no_replace,recurse_list)+str()";

/// The keys of one run, in OpenSSH's text forms.
#[derive(Clone, Copy, Serialize)]
pub struct Keys<'a> {
    /// Logs in to the builder account.
    pub account_public: &'a str,
    pub host_private: &'a str,
    pub host_public: &'a str,
}

/// For a builder: accounts, repositories, packages, groups, disks and the user's own parts.
///
/// # Errors
/// When a declared value cannot be written into it.
pub fn for_builder(
    template: &Template,
    keys: Keys<'_>,
    disks_are_named: bool,
) -> Result<Vec<u8>, ProvisionError> {
    let early = early(template, disks_are_named)?;
    let time = template.image.builder_ttl.0;
    let own = render(keys, time, &template.users, &template.packages, Some(&early))?;
    match template.cloud_init.user_data.as_slice() {
        [] => Ok(own.into_bytes()),
        parts => multipart(own, parts),
    }
}

/// What is done early in each boot, as one script: cloud-init looks at the end of the last one alone.
fn early(template: &Template, disks_are_named: bool) -> Result<String, ProvisionError> {
    let machine = groups_and_disks(template, disks_are_named)?;
    let accounts = accounts::users_script(&template.users, &template.groups)?;
    let snapshot = template.packages.snapshot.as_ref().map(snapshot::begin).transpose()?;
    // Before the timers of apt: those of a base that was not started for a while are due at once.
    let hold = std::iter::once(apt::HOLD.to_owned());
    let scripts: Vec<String> = hold.chain(machine).chain(accounts).chain(snapshot).collect();
    Ok(scripts.concat())
}

/// `disks_are_named` says whether the guest knows its disks by their names. If not, they are made
/// over SSH, once their serials are known, and cloud-init waits for that.
fn groups_and_disks(template: &Template, disks_are_named: bool) -> Result<Option<String>, ProvisionError> {
    // Those without a number come after the base's login user.
    let groups: Vec<_> = template.groups.iter().filter(|group| group.gid.is_some()).cloned().collect();
    if disks_are_named || template.disks.is_empty() {
        return machine::early_script(&groups, &template.disks, Names::Own);
    }
    let groups = machine::early_script(&groups, &[], Names::Own)?.unwrap_or_default();
    Ok(Some(groups + machine::gate()))
}

/// For a machine started from a finished image: a way in and a time to live, nothing else.
///
/// # Errors
/// When a key cannot be written into it.
pub fn for_test(keys: Keys<'_>) -> Result<Vec<u8>, ProvisionError> {
    render(keys, Image::USUAL_TTL.0, &[], &Default::default(), None).map(String::into_bytes)
}

fn render(
    keys: Keys<'_>,
    time: Duration,
    users: &[User],
    packages: &Packages,
    early: Option<&str>,
) -> Result<String, ProvisionError> {
    let specs: Vec<String> = packages.install.iter().map(ToString::to_string).collect();
    let users: Vec<_> =
        users.iter().map(|user| accounts::user_entry(user, users)).collect::<Result<_, _>>()?;
    let apt_sources = repositories::apt_sources(&packages.repositories)?;
    let dnf_files = repositories::dnf_files(&packages.repositories)?;
    let first = accounts::builder_script() + &time_to_live::script(time) + NO_PASSWORDS;
    render_template(
        "builder.yaml.j2",
        BUILDER,
        json!({
            "keys": keys, "first": first, "users": users, "packages": packages, "specs": specs, "early": early,
            "account": BUILDER_ACCOUNT, "home": accounts::BUILDER_HOME,
            "apt_sources": apt_sources, "dnf_files": dnf_files,
        }),
    )
}

fn multipart(own: String, parts: &[(String, String)]) -> Result<Vec<u8>, ProvisionError> {
    let own = MimePart::new("text/cloud-config", own).attachment("hornero.yaml");
    let theirs = parts.iter().map(|(name, text)| {
        MimePart::new(content_type(text), text.clone())
            .attachment(name.clone())
            .header("Merge-Type", mail_builder::headers::raw::Raw::new(MERGE))
    });
    let all: Vec<MimePart<'_>> = std::iter::once(own).chain(theirs).collect();
    let mut bytes = b"MIME-Version: 1.0\r\n".to_vec();
    MimePart::new("multipart/mixed", all).write_part(&mut bytes);
    Ok(bytes)
}

/// The type of a user's part by its first line, as cloud-init itself tells them apart.
fn content_type(text: &str) -> &'static str {
    const TYPES: [(&str, &str); 7] = [
        ("#!", "text/x-shellscript"),
        ("#cloud-config-archive", "text/cloud-config-archive"),
        ("#cloud-config", "text/cloud-config"),
        ("#cloud-boothook", "text/cloud-boothook"),
        ("#include", "text/x-include-url"),
        ("#part-handler", "text/part-handler"),
        ("## template: jinja", "text/jinja2"),
    ];
    let known = TYPES.iter().find(|(start, _)| text.starts_with(start));
    // cloud-init looks at a plain text itself.
    known.map_or("text/plain", |(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::model::{Repository, Snapshot};

    #[test]
    fn the_first_thing_in_each_boot_is_the_time_to_live() {
        let keys = Keys { account_public: "ssh-ed25519 A", host_private: "B", host_public: "C" };
        let time = Duration::from_secs(900);
        for early in [None, Some("groupadd campus")] {
            let text = render(keys, time, &[], &Packages::default(), early).unwrap();
            let (_, commands) = text.split_once("bootcmd:\n").unwrap();
            let first = commands.lines().next().unwrap();
            assert!(first.contains("seconds=900") && first.contains("poweroff"), "{commands}");
            assert_eq!(commands.contains("groupadd campus"), early.is_some(), "{commands}");
            assert!(!text.contains("apt:"), "{text}");
        }
        let test = String::from_utf8(for_test(keys).unwrap()).unwrap();
        assert!(test.contains("seconds=7200"), "{test}");
    }

    #[test]
    fn a_repository_without_a_suite_is_one_of_rpm_packages() {
        let keys = Keys { account_public: "ssh-ed25519 A", host_private: "B", host_public: "C" };
        let of = |name: &str, suite: Option<&str>, key: Option<&str>| Repository {
            name: name.into(),
            uri: match suite {
                Some(_) => format!("https://packages.example.org/{name}/$(ARCH)"),
                None => format!("https://packages.example.org/{name}/$releasever/$basearch"),
            },
            suite: suite.map(str::to_owned),
            components: Vec::new(),
            key: key.map(str::to_owned),
        };
        let render = |repositories: Vec<Repository>| {
            let packages = Packages { repositories, ..Packages::default() };
            render(keys, Duration::from_secs(900), &[], &packages, None).unwrap()
        };
        let rpm = render(vec![of("tools", None, Some("-----BEGIN\nKEY\n")), of("plain", None, None)]);
        assert!(!rpm.contains("\napt:"), "{rpm}");
        let (_, tail) = rpm.split_once("\nwrite_files:\n").unwrap();
        assert_eq!(
            tail,
            "  - path: \"/etc/pki/rpm-gpg/RPM-GPG-KEY-tools\"\n    permissions: \"0644\"\n    \
             content: \"-----BEGIN\\nKEY\\n\"\n  \
             - path: \"/etc/yum.repos.d/tools.repo\"\n    permissions: \"0644\"\n    \
             content: \"[tools]\\nname=tools\\nbaseurl=https://packages.example.org/tools/$releasever/$basearch\\n\
             enabled=1\\ngpgcheck=1\\ngpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-tools\\n\"\n  \
             - path: \"/etc/yum.repos.d/plain.repo\"\n    permissions: \"0644\"\n    \
             content: \"[plain]\\nname=plain\\nbaseurl=https://packages.example.org/plain/$releasever/$basearch\\n\
             enabled=1\\ngpgcheck=1\\n\"\n"
        );
        // A base that nobody knows may have either, and each distribution takes its own.
        let both = render(vec![of("tools", None, None), of("extra", Some("stable"), None)]);
        assert!(both.contains("\napt:") && both.contains("\nwrite_files:"), "{both}");
        assert_eq!(both.matches("/extra/").count(), 1, "{both}");
        assert!(!render(vec![of("extra", Some("stable"), None)]).contains("yum.repos.d"));
    }

    #[test]
    fn cloud_init_leaves_the_sources_of_a_snapshot_alone() {
        let keys = Keys { account_public: "ssh-ed25519 A", host_private: "B", host_public: "C" };
        let moment = "2026-11-01T00:00:00Z".parse().unwrap();
        let repository = Repository {
            name: "extra".into(),
            uri: "https://packages.example.org".into(),
            suite: Some("x".into()),
            components: vec!["main".into()],
            key: None,
        };
        for repositories in [Vec::new(), vec![repository]] {
            let snapshot = Some(Snapshot { at: moment, archive: None });
            let packages = Packages { snapshot, repositories, ..Packages::default() };
            let text = render(keys, Duration::from_secs(900), &[], &packages, None).unwrap();
            let (_, apt) = text.split_once("\napt:\n  preserve_sources_list: true\n").unwrap();
            assert_eq!(apt.starts_with("  sources:\n"), !packages.repositories.is_empty(), "{text}");
        }
    }
}
