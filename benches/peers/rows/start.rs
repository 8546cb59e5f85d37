//! The program itself: how long it takes to start, and to look at many templates.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use crate::{
    measure::Series,
    outcome::{Fresh, Outcome, Target, Unit},
    rig::{bench::Bench, hornero::program, job},
};

const TEMPLATES: usize = 200;

pub async fn run(bench: &Bench<'_>) -> Result<Fresh> {
    let room = bench.room()?;
    let paths = templates(room.path())?;
    let mut arguments = vec!["validate"];
    arguments.extend(paths.iter().map(String::as_str));
    let times = bench.args.pairs(u32::MAX) * 4;
    let version = started(room.path(), &["--version"], times).await?;
    let validate = started(room.path(), &arguments, times).await?;
    let outcome = |work: &str, series, limit| {
        Outcome::new(work, Unit::Seconds, vec![series]).target(Target::Median { limit })
    };
    let outcomes = vec![
        outcome("hornero --version", version, 0.015),
        outcome("hornero validate of 200 templates", validate, 0.3),
    ];
    Ok(Fresh { outcomes, ..Fresh::default() })
}

async fn started(room: &Path, arguments: &[&str], times: u32) -> Result<Series> {
    // The first start reads the program from the disk, and is nobody's.
    job::run("hornero", program(room, arguments)).await?;
    let mut series = Series::new("hornero");
    for _ in 0..times {
        series.values.push(job::run("hornero", program(room, arguments)).await?.seconds);
    }
    Ok(series)
}

/// Each as people write them: variables, users, packages, files, steps, checks.
fn templates(room: &Path) -> Result<Vec<String>> {
    let write = |number: usize| {
        let path = room.join(format!("template-{number:03}.toml"));
        fs::write(&path, template(number)).with_context(|| format!("writing {}", path.display()))?;
        Ok(path.display().to_string())
    };
    (0..TEMPLATES).map(write).collect()
}

fn template(number: usize) -> String {
    format!(
        r#"
[image]
name = "web-{number:03}"
version = "{{{{ release }}}}"
tags = {{ team = "ops" }}
[variables]
release = "4.5.{number}"
php = {{ default = "8.2", allowed = ["8.2", "8.3"], description = "PHP branch" }}
[base]
os = "debian-12"
[[groups]]
name = "campus"
gid = 2000
[[users]]
name = "deploy"
uid = 2000
groups = ["campus"]
shell = "/bin/bash"
[packages]
upgrade = true
install = ["nginx", "php{{{{ php }}}}-fpm", "jq"]
[[files]]
content = "server_name {{{{ image.name }}}};"
destination = "/etc/nginx/conf.d/name.conf"
[[steps]]
name = "configure"
run = "install -d -o deploy /srv/www"
env = {{ RELEASE = "{{{{ release }}}}" }}
[[steps]]
name = "only for new branches"
run = "php --version"
when = "{{{{ php == '8.3' }}}}"
[[checks]]
service = "nginx"
running = true
[[checks]]
command = "php -v"
stdout_contains = "PHP {{{{ php }}}}"
"#
    )
}
