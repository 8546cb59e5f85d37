//! The accounts of a builder, as its own cloud-init and the seal leave them: the temporary one shifts no other's
//! number, the base's login user is there, and nothing of the bake is left.

use hornero::{
    provision::{
        cloud_init::{Judgement, judge},
        seal, search,
    },
    template::model::Seal,
};

use crate::rig::rootfs::Rootfs;

/// What a machine launched from the base has, without any bake.
const LAUNCHED: &[u8] = b"#cloud-config\nusers: [default]\n";

/// Every file in which an account has a line.
const FILES: [&str; 12] = [
    "passwd", "passwd-", "group", "group-", "shadow", "shadow-", "gshadow", "gshadow-", "subuid", "subuid-",
    "subgid", "subgid-",
];

/// Accounts are made in cloud-init's first two stages; what follows them needs more of a machine than this has.
const NO_LATER_STAGES: &str =
    "printf 'cloud_config_modules: []\ncloud_final_modules: []\n' >/etc/cloud/cloud.cfg.d/99_rig.cfg";

/// One in which `setup` has been run as root.
fn base(setup: &str) -> Rootfs {
    Rootfs::with(&format!("{NO_LATER_STAGES}\n{setup}"), "")
}

fn sealed(builder: &Rootfs) {
    let all = Seal { enabled: true, keep: Vec::new() };
    let search = search::script(&[], "canary").unwrap();
    let script = seal::script(&all, &builder.user.public, "word", &search, false).unwrap();
    builder.write("/run/seal", script);
    assert_eq!(builder.sh("sh /run/seal 2>/dev/null"), "\u{1}word concluded remains= found= search=none");
}

/// `name uid` of every account that a person could log in to, in the order of the numbers.
fn users(builder: &Rootfs) -> String {
    builder.sh("getent passwd | awk -F: '$3 >= 1000 && $3 != 65534 {print $3, $1}' | sort -n | awk '{printf \"%s %s;\", $2, $1}'")
}

/// The lines of all accounts, of which no file has a trace of the bake.
fn lines(builder: &Rootfs) -> String {
    for file in FILES {
        assert_eq!(builder.run(&format!("grep -s hornero /etc/{file}")).stdout, "", "in /etc/{file}");
    }
    assert_eq!(builder.run("grep -rs hornero /etc/sudoers /etc/sudoers.d").stdout, "");
    assert_eq!(builder.run("ls -d /etc/hornero-builder /home/hornero /var/mail/hornero").stdout, "");
    builder.sh("cat /etc/passwd /etc/group /etc/gshadow /etc/subuid /etc/subgid; cut -d: -f1,2 /etc/shadow; stat -c '%n %u %g %a' /home/*")
}

#[test]
fn an_image_of_no_users_has_the_accounts_of_a_machine_launched_from_its_base() {
    let launched = base("");
    launched.boot_with("i-launched", LAUNCHED);
    let builder = base("");
    builder.boot_as_builder("");
    assert!(users(&builder).starts_with("debian 1000;hornero 655"), "{}", users(&builder));
    assert_eq!(
        builder.sh("stat -c '%U %a' /etc/hornero-builder /etc/hornero-builder/.ssh"),
        "hornero 700\nhornero 700"
    );
    assert!(builder.sh("cat /etc/hornero-builder/.ssh/authorized_keys").contains(builder.user.public.trim()));
    builder.sh("groupadd tools && usermod -aG tools debian && su debian -c 'echo theirs >~/notes'");
    sealed(&builder);
    builder.sh(
        "test \"$(id -nG debian | grep -c tools)\" = 1 && test \"$(stat -c %U /home/debian/notes)\" = debian",
    );
    builder.sh("groupdel tools && rm /home/debian/notes");
    assert_eq!(lines(&builder), lines(&launched));
    assert_eq!(builder.sh("cat /home/debian/.ssh/authorized_keys /root/.ssh/authorized_keys"), "");

    // cloud-init finds the account when a machine is launched from the image.
    builder.sh("groupadd tools && usermod -aG tools debian");
    let key = builder.host.public.trim();
    builder
        .boot_with("i-of-the-image", format!("#cloud-config\nssh_authorized_keys: ['{key}']\n").as_bytes());
    assert_eq!(builder.sh("cat /home/debian/.ssh/authorized_keys"), key);
    assert!(builder.sh("id debian").contains("uid=1000") && builder.sh("id -nG debian").contains("tools"));
}

#[test]
fn each_user_has_the_number_that_it_asks_for_or_the_next_after_the_login_user() {
    for (template, expected) in [
        ("[[users]]\nname = 'app'\n[[users]]\nname = 'web'\n", "debian 1000;app 1001;web 1002;"),
        ("[[users]]\nname = 'app'\nuid = 1000\n[[users]]\nname = 'web'\n", "app 1000;debian 1001;web 1002;"),
        ("[[users]]\nname = 'app'\nuid = 2101\n", "debian 1000;app 2101;"),
        ("[[users]]\nname = 'debian'\nuid = 1500\n", "debian 1500;"),
        ("[[users]]\nname = 'debian'\ngroups = ['app']\n[[users]]\nname = 'app'\n", "debian 1000;app 1001;"),
        (
            "[[groups]]\nname = 'audit'\n[[users]]\nname = 'debian'\ngroups = ['audit']\nshell = '/bin/sh'\n",
            "debian 1000;",
        ),
    ] {
        let builder = base("");
        builder.boot_as_builder(template);
        sealed(&builder);
        assert_eq!(users(&builder), expected, "{template}");
        lines(&builder);
        let rules = builder.sh("grep -c '^debian ' /etc/sudoers.d/90-cloud-init-users");
        assert_eq!(rules, "1", "{template}");
        if template.contains("audit") {
            assert_eq!(
                builder.sh("getent passwd debian | cut -d: -f7; id -nG debian | grep -o audit"),
                "/bin/sh\naudit"
            );
        }
    }
}

#[test]
fn what_the_base_has_already_is_held_to_the_template_and_a_clash_is_told() {
    let builder = base("useradd -m debian; useradd -m app; groupadd -g 65520 taken");
    builder.boot_as_builder("[[groups]]\nname = 'audit'\n[[users]]\nname = 'app'\ngroups = ['audit']\n");
    assert_eq!(users(&builder), "debian 1000;app 1001;hornero 65521;");
    assert!(builder.sh("id -nG app").contains("audit"));
    for (template, words) in [
        (
            "[[users]]\nname = 'web'\nuid = 1001\n",
            "web cannot have the uid 1001: it is that of app in the base",
        ),
        ("[[users]]\nname = 'app'\nuid = 1007\n", "the base has a user app with another number than 1007"),
        (
            "[[users]]\nname = 'app'\nhome = '/srv/app'\n",
            "the base has a user app with another home than /srv/app",
        ),
    ] {
        let builder = base("useradd -m debian; useradd -m app");
        // The rig may see the stage that fails, or wait for the end of the boot.
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| builder.boot_as_builder(template))).ok();
        let status = builder.sh("cat /run/cloud-init/status.json");
        assert!(matches!(judge(true, &status), Judgement::Failed(_)), "{template}: {status}");
        let said = builder.sh("cat /var/log/cloud-init-output.log");
        assert!(said.contains(words), "{template}: {said}");
    }
}
