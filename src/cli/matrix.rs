use std::{path::PathBuf, process::ExitCode};

use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Context,
    anew::Anew,
    judge::{self, Judge, Judged},
    set::{self, Set},
    show,
};
use crate::{error::Error, ui::for_json};

/// Prints the bakes that are due as a job matrix for CI
///
/// Level by level: what is in one level needs only the levels before it. Each job then bakes one
/// template; locks keep two jobs of one image apart. Whether a job's own image is due is looked at again
/// when it bakes, for a base that was baked meanwhile changes that; give the jobs the same --max-age.
#[derive(Debug, Args)]
pub struct Matrix {
    /// Templates, or folders of templates
    #[arg(required = true)]
    templates: Vec<PathBuf>,
    #[command(flatten)]
    anew: Anew,
    /// For which CI
    #[arg(long, value_name = "CI", default_value = "json")]
    format: Format,
    /// Name of the job that bakes one template, in a CircleCI configuration
    #[arg(long, value_name = "NAME", default_value = "bake")]
    job: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// `level_N={"include":[...]}` lines for $GITHUB_OUTPUT
    Github,
    /// The workflow of a configuration that a setup workflow continues with
    Circleci,
    /// An array of levels
    Json,
}

/// One bake.
#[derive(Clone, Debug, Serialize)]
struct Job {
    template: String,
    image: String,
    platform: &'static str,
}

impl Matrix {
    pub async fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let set = Set::load(&self.templates, context)?;
        let judge = Judge::new(context, self.anew);
        let judged = judge::all(&set, &judge).await?;
        let levels = levels(&set, &judged);
        match self.format {
            Format::Github => show::stdout(&github(&levels))?,
            Format::Circleci => show::stdout_json(&circleci(&levels, &self.job))?,
            Format::Json => show::stdout_json(&levels)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What is due, level by level; a level of which nothing is due is left out.
fn levels(set: &Set, judged: &[Judged]) -> Vec<Vec<Job>> {
    let job = |number: &usize| Job {
        template: set::path(&set.templates[*number]).display().to_string(),
        image: judged[*number].plan.template.image.name.clone(),
        platform: judged[*number].plan.platform.name(),
    };
    let due = |level: Vec<usize>| level.into_iter().filter(|number| judged[*number].is_due()).collect();
    let levels = set.graph.levels().into_iter().map(due).filter(|level: &Vec<usize>| !level.is_empty());
    levels.map(|level| level.iter().map(job).collect()).collect()
}

/// An output for each level, and how many there are; a job of a level that is not there is skipped by its
/// `if`.
fn github(levels: &[Vec<Job>]) -> String {
    let line = |(number, jobs): (usize, &Vec<Job>)| {
        format!("level_{number}={}\n", for_json(&json!({ "include": jobs }).to_string()))
    };
    let lines: String = levels.iter().enumerate().map(line).collect();
    format!("levels={}\n{lines}", levels.len())
}

/// A matrix of each level that needs the one before it. JSON is YAML too.
fn circleci(levels: &[Vec<Job>], job: &str) -> Value {
    let matrix = |(number, jobs): (usize, &Vec<Job>)| {
        let templates: Vec<&str> = jobs.iter().map(|one| one.template.as_str()).collect();
        let platform = jobs.first().map(|one| one.platform);
        let mut entry = json!({
            "matrix": {
                "alias": format!("level-{number}"),
                "parameters": { "template": templates, "platform": [platform] },
            },
        });
        if number > 0 {
            entry["requires"] = json!([format!("level-{}", number - 1)]);
        }
        json!({ job: entry })
    };
    let jobs: Vec<Value> = levels.iter().enumerate().map(matrix).collect();
    match jobs.is_empty() {
        // A workflow without jobs is none that CircleCI takes.
        true => json!({ "workflows": {} }),
        false => json!({ "workflows": { "images": { "jobs": jobs } } }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_levels() -> Vec<Vec<Job>> {
        let job = |name: &str| Job { template: format!("{name}.toml"), image: name.into(), platform: "ec2" };
        vec![vec![job("base")], vec![job("web"), job("db")]]
    }

    #[test]
    fn github_gets_an_output_a_level() {
        let text = github(&two_levels());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "levels=2");
        let level: Value = serde_json::from_str(lines[2].strip_prefix("level_1=").unwrap()).unwrap();
        assert_eq!(level["include"][1]["template"], "db.toml");
        assert_eq!(github(&[]), "levels=0\n");
    }

    #[test]
    fn a_level_of_circleci_needs_the_one_before_it() {
        let config = circleci(&two_levels(), "bake");
        let jobs = &config["workflows"]["images"]["jobs"];
        assert_eq!(jobs[0]["bake"]["matrix"]["parameters"]["template"], json!(["base.toml"]));
        assert_eq!(jobs[0]["bake"].get("requires"), None);
        assert_eq!(jobs[1]["bake"]["requires"], json!(["level-0"]));
    }
}
