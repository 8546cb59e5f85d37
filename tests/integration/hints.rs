//! Every hint that says what to write is done, and the template is looked at again: it is right then, and
//! means what was meant.

use std::path::{Path, PathBuf};

use hornero::{
    load::{Inputs, Loaded, load, templates_in},
    template::{
        diagnose::{Mistake, Mistakes, apply_edits, render},
        model::PlatformKind,
    },
};

fn inputs() -> Inputs {
    Inputs { provisioner_folders: vec!["provisioners".into()], ..Inputs::for_platform(PlatformKind::Ec2) }
}

const IMAGE: &str = "[image]\nname = 'x'\n";
const BASE: &str = "[base]\nos = 'debian-12'\n";
const MODE: &str = "[[files]]\ncontent = 'x'\ndestination = '/a'\nmode = @\n";
const VERSION: &str = "[image]\nname = 'x'\nversion = @\n";
const OS: &str = "[base]\nos = @\n";
const ARCH: &str = "[base]\nos = 'debian-12'\narch = @\n";
const SHELL: &str = "[[steps]]\nrun = '''@'''\n";

/// Where a value stands, as `@`, what was written there, and what was meant. A template has an image and a
/// base of its own where it does not say so itself.
const VALUES: &[(&str, &str, &str)] = &[
    (MODE, "0o755", "'0755'"),
    (MODE, "0x1ED", "'0755'"),
    (MODE, "0b110_100_100", "'0644'"),
    (MODE, "644", "'644'"),
    (MODE, "0644", "'0644'"),
    (MODE, "493", "'0755'"),
    (OS, "22.04", "'ubuntu-22.04'"),
    (OS, "12", "'debian-12'"),
    ("[ec2]\nregion = @\n", "['eu-west-1']", "'eu-west-1'"),
    ("[[steps]]\n@\n", "run: 'x'", "run = 'x'"),
    ("[[steps]]\n@\n", "run = 'x',", "run = 'x'"),
    ("[[steps]]\nrun = @\n", "\u{201c}x y\u{201d}", "\"x y\""),
    ("[[steps]]\nrun = @\n", "\"sed s/\\./x/\"", "'sed s/\\./x/'"),
    ("[[steps]]\nrun = 'x'\nuser = @\n", "web", "'web'"),
    ("[[checks]]\nfile = '/a'\nmode = @\n", "0o644", "'0644'"),
    (VERSION, "1.10", "'1.10'"),
    (VERSION, "1_000", "'1_000'"),
    (VERSION, "22.04", "'22.04'"),
    (VERSION, "2026-11-01", "'2026-11-01'"),
    (VERSION, "true", "'true'"),
    (VERSION, "['1.2']", "'1.2'"),
    ("[image]\nname = 'x'\ntags = { built = @ }\n", "2026-11-01T07:30:00Z", "'2026-11-01T07:30:00Z'"),
    ("[image]\nname = 'x'\ntimeout = @\n", "5_400", "'5400s'"),
    ("[image]\nname = 'x'\nbuilder_ttl = @\n", "2", "'2h'"),
    ("[variables]\nv = @\n[[steps]]\nrun = '{{ v }}'\n", "1.10", "'1.10'"),
    ("[variables]\nv = { default = @ }\n[[steps]]\nrun = '{{ v }}'\n", "1e3", "'1e3'"),
    ("[root_disk]\nsize = @\n", "20", "'20GiB'"),
    ("[root_disk]\nsize = @\n", "20480", "'20480MiB'"),
    ("[root_disk]\nsize = @\n", "1.5", "'1.5GiB'"),
    ("[qemu]\nmemory = @\n", "2048", "'2048MiB'"),
    ("[qemu]\nmemory = @\n", "4", "'4GiB'"),
    ("[qemu]\ncpus = @\n", "2.0", "2"),
    ("[[users]]\nname = 'u'\nsudo = @\n", "true", "'ALL=(ALL) NOPASSWD:ALL'"),
    ("[[users]]\nname = 'u'\ngroups = @\n", "'sudo'", "['sudo']"),
    ("[packages]\ninstall = @\n", "'jq'", "['jq']"),
    ("[packages]\nsnapshot = @\n", "2026-11-01", "'2026-11-01'"),
    ("packages = @\n", "['nginx', 'jq']", "{ install = ['nginx', 'jq'] }"),
    ("packages = @\n", "'nginx'", "{ install = ['nginx'] }"),
    ("base = @\n", "'debian-12'", "{ os = 'debian-12' }"),
    ("base = @\n", "['debian-12']", "{ os = 'debian-12' }"),
    ("image = @\n", "['web']", "{ name = 'web' }"),
    ("[seal]\nkeep = @\n", "'logs'", "['logs']"),
    ("seal = @\n", "false", "{ enabled = false }"),
    ("[[steps]]\nrun = @\n", "['echo a', 'echo \"b\"']", "\"echo a\\necho \\\"b\\\"\\n\""),
    ("[[steps]]\nrun = @\n", "true", "'true'"),
    ("[[steps]]\nrun = 'x'\nenv = { A = @ }\n", "0x1F", "'0x1F'"),
    ("[[steps]]\nrun = 'x'\nallowed_exit_codes = [@]\n", "2.0", "2"),
    ("[[steps]]\nrun = 'x'\ntimeout = @\n", "90", "'90s'"),
    ("[ec2]\nshare_with = @\n", "['123456789012']", "{ accounts = ['123456789012'] }"),
    ("[ec2]\nshare_with = { accounts = [@] }\n", "123456789012", "'123456789012'"),
    ("[ec2]\nshare_with = { accounts = [@] }\n", "012345678901", "'012345678901'"),
    ("[ec2]\ndeprecate_after = @\n", "90", "'90d'"),
    ("[ec2]\ninstance_types = @\n", "\"t3.large\"", "['t3.large']"),
    (ARCH, "'amd64'", "'x86_64'"),
    (ARCH, "'aarch64'", "'arm64'"),
    (ARCH, "'arm'", "'arm64'"),
    (OS, "'bookworm'", "'debian-12'"),
    (OS, "'trixie'", "'debian-13'"),
    (OS, "'jammy'", "'ubuntu-22.04'"),
    (OS, "'noble'", "'ubuntu-24.04'"),
    (OS, "'ubuntu-24.04-lts'", "'ubuntu-24.04'"),
    (OS, "'al2023'", "'amazon-linux-2023'"),
    (OS, "'debain-12'", "'debian-12'"),
    (
        "[base]\nqemu = { bootstrap = @ }\nec2 = { ami = 'ami-0123456789abcdef0' }\n",
        "'debian-12'",
        "'bookworm'",
    ),
    ("[qemu]\nfirmware = @\n", "'efi'", "'uefi'"),
    ("[publish]\ndata_type = @\n", "'aws:ec2:image'", "'image'"),
    ("[[steps]]\nkind = @\nrun = 'x'\n", "'shell-local'", "'local'"),
    ("[[@]]\nrun = 'x'\n", "provisioner", "steps"),
    ("[@]\nsize = '20GiB'\n", "root_disc", "root_disk"),
    ("[[files]]\ncontent = 'x'\ndestination = '/a'\n@ = '0644'\n", "permissions", "mode"),
    ("[[files]]\ncontent = 'x'\n@ = '/a'\n", "dest", "destination"),
    ("[[steps]]\n@ = 'x'\n", "inline", "run"),
    ("[[steps]]\nrun = 'x'\n@ = { A = 'b' }\n", "environment_vars", "env"),
    ("[ec2]\n@\n", "subnet_id = 'subnet-0123456789abcdef0'", "subnets = ['subnet-0123456789abcdef0']"),
    ("[@]\nsize = '20GiB'\n", "[root_disk]", "root_disk"),
    ("@\nname = 'data'\nsize = '1GiB'\nmount = '/d'\n", "[disks]", "[[disks]]"),
    (
        "[[files]]\ndestination = '/a'\ncontent = '''@'''\n",
        "${{ github.ref }}",
        "{% raw %}${{ github.ref }}{% endraw %}",
    ),
    (
        "[[steps]]\nrun = \"\"\"@\"\"\"\n",
        "a \\\\ b\n\tdocker ps --format '{{.Names}}'\nc",
        "a \\\\ b\n\tdocker ps --format '{% raw %}{{.Names}}{% endraw %}'\nc",
    ),
    ("[[steps]]\nrun = 'x'\nwhen = @\n", "\"platform == 'ec2'\"", "\"{{ platform == 'ec2' }}\""),
    (SHELL, "x\n  {{.Id}}\nend", "x\n  {{ '{{' }}.Id}}\nend"),
    (SHELL, "x\n{# old #}\nend", "x\nend"),
];

/// A template with what it needs besides.
fn whole(context: &str, value: &str) -> String {
    let text = context.replace('@', value);
    let has = |table: &str| text.contains(&format!("[{table}]")) || text.starts_with(&format!("{table} = "));
    let (image, base) = (if has("image") { "" } else { IMAGE }, if has("base") { "" } else { BASE });
    // What is no table of its own stands before the first one.
    if text.starts_with('[') { format!("{image}{base}{text}") } else { format!("{text}{image}{base}") }
}

fn written(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("t.toml");
    std::fs::write(&path, text).unwrap();
    path
}

fn model(loaded: &Loaded) -> serde_json::Value {
    let mut model = serde_json::to_value(&loaded.template).unwrap();
    // A step without a name is called by its first line, which `raw` may be a part of no more.
    for step in model["steps"].as_array_mut().unwrap() {
        step["name"] = "".into();
    }
    model
}

/// The template with what its hints say, done once.
fn mended(path: &Path, mistakes: &Mistakes) -> String {
    let edits = mistakes.list.iter().flat_map(|mistake| &mistake.edits);
    apply_edits(&std::fs::read_to_string(path).unwrap(), edits)
}

#[test]
fn a_hint_that_is_followed_gives_a_template_that_means_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for (context, given, meant) in VALUES {
        let right = load(&written(folder.path(), &whole(context, meant)), &inputs());
        let right = right.unwrap_or_else(|mistakes| panic!("{meant}: {}", render(&mistakes, false, 120)));
        let path = written(folder.path(), &whole(context, given));
        let Err(mistakes) = load(&path, &inputs()) else {
            wrong.push(format!("{given} in {context} is taken"));
            continue;
        };
        let text = mended(&path, &mistakes);
        match load(&written(folder.path(), &text), &inputs()) {
            Ok(loaded) if model(&loaded) == model(&right) => {}
            Ok(_) => wrong.push(format!("`{given}` becomes something else: {text}")),
            Err(still) => wrong.push(format!(
                "`{given}` becomes no template: {text}\n{}\nfirst it was\n{}",
                render(&still, false, 120),
                render(&mistakes, false, 120)
            )),
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), VALUES.len(), wrong.join("\n"));
}

/// A mistake whose hint has been followed is not told a second time, in no fixture.
#[test]
fn no_hint_of_a_fixture_leads_to_the_same_mistake() {
    for path in templates_in(Path::new("tests/fixtures/invalid")).unwrap() {
        let Err(mistakes) = load(&path, &inputs()) else { continue };
        for mistake in mistakes.iter().filter(|mistake| mistake.file == path && !mistake.edits.is_empty()) {
            let text = apply_edits(&std::fs::read_to_string(&path).unwrap(), &mistake.edits);
            // Beside the others, whose parts it names.
            let beside =
                tempfile::Builder::new().suffix(".tmp").tempfile_in("tests/fixtures/invalid").unwrap();
            std::fs::write(beside.path(), text).unwrap();
            let start = |mistake: &Mistake| mistake.span.as_ref().map(|span| span.start);
            if let Err(again) = load(beside.path(), &inputs()) {
                let same =
                    |other: &&Mistake| other.message == mistake.message && start(other) == start(mistake);
                let still = again.iter().find(same);
                assert!(still.is_none(), "{}: {} -> {:?}", path.display(), mistake.message, mistake.hint);
            }
        }
    }
}

#[test]
fn a_list_is_never_taken_for_a_table() {
    let folder = tempfile::tempdir().unwrap();
    for (context, value) in [
        ("image = @\n", "['x', '9']"),
        ("base = @\n", "['debian-12', 'arm64']"),
        ("packages = @\n", "[true, ['nginx']]"),
        ("root_disk = @\n", "['20GiB']"),
        ("disks = @\n", "[['data', '1GiB', 'ext4', '/d']]"),
        ("users = @\n", "[['u', 1000]]"),
        ("files = @\n", "[['a']]"),
        ("steps = @\n", "[['name', 'shell', 'true']]"),
        ("checks = @\n", "[['name', '1s', 'nginx']]"),
        ("use = @\n", "[['nginx']]"),
        ("ssh = @\n", "['5m', 'u']"),
        ("seal = @\n", "[false]"),
        ("qemu = @\n", "['2GiB', 2]"),
        ("ec2 = @\n", "['eu-west-1']"),
        ("publish = @\n", "['/x']"),
        ("notify = @\n", "[['X']]"),
        ("cloud_init = @\n", "[false]"),
        ("secrets = { x = @ }\n", "['X']"),
        ("variables = { x = @ }\n", "['X']"),
        ("[base]\nec2 = @\n", "['ami-0123456789abcdef0']"),
        ("[ec2]\nshare_with = @\n", "[['123456789012']]"),
        ("[root_disk]\nec2 = @\n", "['gp3']"),
        ("[ssh]\nbastion = @\n", "['h', 22, 'u']"),
        ("[packages]\nrepositories = @\n", "[['n', 'https://x', 's']]"),
        ("[packages]\nsnapshot = @\n", "['2026-11-01']"),
        ("[@]\nname = 'x'\n", "[image]"),
        ("[@]\nregion = 'eu-west-1'\n", "[ec2]"),
    ] {
        let path = written(folder.path(), &whole(context, value));
        let Err(mistakes) = load(&path, &inputs()) else { panic!("{value} in {context} is taken") };
        let labels: Vec<&str> = mistakes.iter().filter_map(|mistake| mistake.label.as_deref()).collect();
        assert!(
            labels.iter().any(|label| label.contains("a table") && label.contains("found a list")),
            "{context} {value}: {}",
            render(&mistakes, false, 120)
        );
    }
}
