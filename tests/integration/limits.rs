//! What EC2 and Parameter Store would refuse, some of it after the whole bake: `validate` counts it.

use crate::rig::hornero::{Hornero, Ran};

fn tags(count: usize) -> String {
    (0..count).map(|n| format!("t{n} = \"x\"\n")).collect()
}

fn disks(count: usize) -> String {
    (0..count).map(|n| format!("[[disks]]\nname = \"d{n}\"\nsize = \"1GiB\"\nmount = \"/d{n}\"\n")).collect()
}

fn cidrs(count: usize) -> String {
    (0..count).map(|n| format!("\"10.0.{n}.0/24\",")).collect()
}

/// `validate` on EC2 of a template with lines of its image, and tables after its base.
fn validated(hornero: &Hornero, image: &str, rest: &str) -> Ran {
    let text = format!("[image]\nname = \"web\"\n{image}[base]\nos = \"debian-12\"\n{rest}");
    let path = hornero.template("t.toml", &text);
    hornero.finish(hornero.command(&["validate", &path]).env("HORNERO_PLATFORM", "ec2"))
}

/// What is just taken.
fn good() -> Vec<(String, String)> {
    vec![
        (format!("description = \"{}\"\n", "x".repeat(255)), String::new()),
        (format!("version = \"{}\"\n", "9".repeat(97)), String::new()),
        (format!("[image.tags]\nName = \"n\"\n{}", tags(38)), String::new()),
        (String::new(), disks(11)),
        (String::new(), format!("[ec2]\nssh_cidrs = [{}]\n", cidrs(60))),
        (
            String::new(),
            "[root_disk]\nsize = \"64TiB\"\nec2 = { type = \"gp3\", iops = 80000, throughput = 2000 }\n"
                .into(),
        ),
        (String::new(), format!("[publish]\nparameter = \"/{}\"\n", ["x"; 15].join("/"))),
    ]
}

/// What is not, with what is told.
fn bad() -> Vec<(String, String, &'static str)> {
    vec![
        (format!("description = \"{}\"\n", "x".repeat(256)), String::new(), "256 characters; at most 255"),
        ("description = \"Größe\"\n".into(), String::new(), "no `ö` in a description"),
        (format!("[image.tags]\n{}", tags(45)), String::new(), "45 tags; an AMI can have 38"),
        (
            format!("[image.tags]\n{} = \"x\"\n", "k".repeat(129)),
            String::new(),
            "129 characters; at most 128",
        ),
        (
            format!("[image.tags]\nk = \"{}\"\n", "v".repeat(257)),
            String::new(),
            "257 characters; at most 256",
        ),
        ("[image.tags]\n\"AWS:x\" = \"x\"\n".into(), String::new(), "is not the key of a tag"),
        (String::new(), disks(12), "12 disks; EC2 has device names for 11"),
        (String::new(), format!("[ec2]\nssh_cidrs = [{}]\n", cidrs(61)), "61 ranges"),
        (
            String::new(),
            "[root_disk]\nsize = \"2TiB\"\nec2 = { type = \"standard\" }\n".into(),
            "`standard` cannot have 2.0 TiB",
        ),
        (
            String::new(),
            "[root_disk]\nsize = \"20GiB\"\nec2 = { type = \"st1\" }\n".into(),
            "`st1` cannot have",
        ),
        (String::new(), "[root_disk]\nec2 = { type = \"gp2\", iops = 3000 }\n".into(), "no `iops` to set"),
        (
            String::new(),
            "[root_disk]\nec2 = { type = \"gp3\", iops = 100 }\n".into(),
            "between 3000 and 80000",
        ),
        (String::new(), "[root_disk]\nec2 = { type = \"io2\" }\n".into(), "needs `iops`"),
        (
            String::new(),
            "[root_disk]\nec2 = { type = \"io1\", iops = 100, throughput = 200 }\n".into(),
            "no `throughput` to set",
        ),
        (
            String::new(),
            format!("[publish]\nparameter = \"/{}\"\n", ["x"; 16].join("/")),
            "16 levels; at most 15",
        ),
        (
            String::new(),
            "[root_disk]\nsize = \"8GiB\"\nec2 = { type = \"gp3\", iops = 5000 }\n".into(),
            "5000 IOPS; a volume of type `gp3` with 8.0 GiB can have at most 4000",
        ),
        (
            String::new(),
            "[root_disk]\nec2 = { type = \"gp3\", throughput = 1000 }\n".into(),
            "1000 MiB/s; a volume of type `gp3` with 3000 IOPS can have at most 750",
        ),
        (String::new(), "[publish]\nparameter = \"/aws/x\"\n".into(), "parameter that can be written"),
    ]
}

/// Durations and sizes that nobody can mean, each at its place and with the range that is allowed.
fn out_of_range() -> Vec<(String, String, &'static str)> {
    let mut bad = Vec::new();
    for (table, key, range) in [
        ("", "timeout", "\"1s\" to \"7days\""),
        ("[ssh]\n", "timeout", "\"1s\" to \"7days\""),
        ("[[steps]]\nrun = \"x\"\n", "timeout", "\"1s\" to \"7days\""),
        ("[[checks]]\nport = 1\n", "timeout", "\"1s\" to \"7days\""),
        ("[ec2]\n", "deprecate_after", "\"1h\" to \"10years\""),
    ] {
        for (value, told) in
            [("500000000000y", "10years"), ("18446744073709551615s", "10years"), ("1ms", range)]
        {
            let line = format!("{key} = \"{value}\"\n");
            let (image, rest) = if table.is_empty() {
                (line, String::new())
            } else {
                (String::new(), format!("{table}{line}"))
            };
            bad.push((image, rest, told));
        }
    }
    bad.push(("timeout = \"8d\"\n".into(), String::new(), "\"1s\" to \"7days\""));
    bad.push((String::new(), "[qemu]\nmemory = \"5TiB\"\n".into(), "\"256MiB\" to \"4TiB\""));
    bad.push((String::new(), "[root_disk]\nsize = \"65TiB\"\n".into(), "at most \"64TiB\""));
    bad
}

/// Names that are too long, with what is told.
fn long_names() -> Vec<(String, String, &'static str)> {
    vec![
        (
            String::new(),
            format!("[publish]\nparameter = \"/{}\"\n", "x".repeat(1000)),
            "1001 characters; at most 967",
        ),
        (
            String::new(),
            format!("[[steps]]\nname = \"{}\"\nrun = \"x\"\n", "s".repeat(109)),
            "109 characters; at most 100",
        ),
        (
            String::new(),
            format!("[[checks]]\nname = \"{}\"\nport = 1\n", "s".repeat(101)),
            "101 characters; at most 100",
        ),
    ]
}

#[test]
fn a_version_that_leaves_no_room_in_the_name_of_an_ami_is_refused() {
    let hornero = Hornero::alone();
    let ran = validated(&hornero, &format!("version = \"{}\"\n", "9".repeat(98)), "");
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    let told = "the AMI's name would have 129 characters, and EC2 takes 128";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
}

#[test]
fn what_aws_would_refuse_after_the_bake_is_counted_before_it() {
    let hornero = Hornero::new();
    for (image, rest) in good() {
        let ran = validated(&hornero, &image, &rest);
        assert_eq!(ran.code, 0, "{image}{rest}: {}", ran.stderr);
    }
    for (image, rest, told) in bad().into_iter().chain(long_names()).chain(out_of_range()) {
        let ran = validated(&hornero, &image, &rest);
        assert_eq!(ran.code, 3, "{told}: {}", ran.stderr);
        assert!(ran.stderr.contains(told) && ran.stderr.contains("t.toml:"), "{told}: {}", ran.stderr);
    }
    // Rendered values are counted, not what is written.
    let ran =
        validated(&hornero, "description = \"{{ 'x' * 1 }}{% for i in range(300) %}y{% endfor %}\"\n", "");
    assert!(ran.code == 3 && ran.stderr.contains("301 characters"), "{}", ran.stderr);
}

#[test]
fn user_data_that_ec2_would_refuse_is_found_by_validate() {
    let hornero = Hornero::new();
    let text =
        "[image]\nname = \"web\"\n[base]\nos = \"debian-12\"\n[cloud_init]\nuser_data = [\"x.yaml\"]\n";
    let path = hornero.template("t.toml", text);
    let mut state = 1_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("{:016x}", state)
    };
    for (words, code) in [(1_000, 0), (3_000, 3)] {
        let lines: String = (0..words).map(|_| format!("# {}\n", noise())).collect();
        hornero.template("x.yaml", &format!("#cloud-config\n{lines}"));
        let ran = hornero.finish(hornero.command(&["validate", &path]).env("HORNERO_PLATFORM", "ec2"));
        assert_eq!(ran.code, code, "{words}: {}", ran.stderr);
        assert_eq!(ran.stderr.contains("EC2 takes 16384"), code == 3, "{}", ran.stderr);
        // On this computer it is handed over as a file.
        assert_eq!(hornero.run(&["validate", &path]).code, 0);
    }
}

#[test]
fn a_decimal_size_is_told_as_what_ec2_makes_of_it() {
    let hornero = Hornero::new();
    let with = |size: &str| {
        let text =
            format!("[image]\nname = \"web\"\n[base]\nos = \"debian-12\"\n[root_disk]\nsize = \"{size}\"\n");
        hornero.run(&["validate", &hornero.template("t.toml", &text)])
    };
    for size in ["20GB", "20G", "20gb"] {
        let ran = with(size);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert!(ran.stderr.contains("19.0 GiB") && ran.stderr.contains("\"20GiB\""), "{}", ran.stderr);
    }
    assert_eq!(with("20GiB").stderr, "1 template is valid.\n");
}
