//! What a run has made, kept beside its plan, so that what follows the capture can be done again alone.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Kind},
    journal::{Effect, FIRST_FORMAT, History, Journal, Stamped, check_format},
    private,
};

/// Name of the file in the run's folder.
const FILE: &str = "image.json";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct Outcome {
    pub image: String,
    /// Where its manifest lies.
    pub folder: PathBuf,
    pub proof: Proof,
}

/// What is known of an image from a machine started from it. Only at one that passed may something
/// point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// Nothing: there was no such machine yet, or it was lost before it had answered.
    Untested,
    Passed,
    /// A check did not hold.
    Failed,
}

/// The file, also as earlier versions wrote it.
#[derive(Deserialize)]
struct Written {
    image: String,
    folder: PathBuf,
    proof: Option<Proof>,
    #[serde(default)]
    passed: bool,
}

impl From<Written> for Outcome {
    /// The earlier files do not say why an image had not passed: looking at it tells.
    fn from(Written { image, folder, proof, passed }: Written) -> Self {
        let earlier = if passed { Proof::Passed } else { Proof::Untested };
        Self { image, folder, proof: proof.unwrap_or(earlier) }
    }
}

impl Outcome {
    /// # Errors
    /// When the run's folder cannot be written.
    pub fn write(&self, run: &Path) -> Result<(), Error> {
        let path = run.join(FILE);
        let text =
            serde_json::to_vec_pretty(&Stamped::new(FIRST_FORMAT, self)).map_err(std::io::Error::other);
        text.and_then(|text| private::replace(&path, text))
            .map_err(|error| Error::new(Kind::Local, format!("writing `{}`", path.display())).because(&error))
    }

    /// # Errors
    /// When the run has made no image.
    pub fn read(run: &Path) -> Result<Self, Error> {
        let path = run.join(FILE);
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Error::new(Kind::Usage, format!("reading `{}`", path.display()))
                .because(&error)
                .hint("this run has made no image; bake the template again")
        })?;
        let reading = format!("reading `{}`", path.display());
        check_format(text.as_bytes(), FIRST_FORMAT).map_err(|newer| Error::newer(&reading, &newer))?;
        serde_json::from_str(&text).map_err(|error| Error::new(Kind::Local, reading).because(&error))
    }
}

/// The image that has its final name, and where: also when its run was killed before it could say so.
/// A folder gets that name when everything in it is complete.
pub fn complete(history: &History) -> Option<(String, PathBuf)> {
    let named = |effect: &Effect| {
        let Effect::Complete { image, folder } = effect else { return None };
        folder.is_dir().then(|| (image.clone(), folder.clone()))
    };
    history.kept.clone().or_else(|| history.effects.iter().find_map(named))
}

/// Writes down of a complete image what a killed run could not, so that `hornero publish` can go on
/// with it.
///
/// # Errors
/// When the run's folder cannot be written.
pub fn catch_up(run: &Path, (journal, history): (&Journal, &History)) -> Result<(), Error> {
    let Some((image, folder)) = complete(history) else { return Ok(()) };
    if history.kept.is_none() {
        journal.kept(&image, &folder)?;
    }
    match run.join(FILE).exists() {
        true => Ok(()),
        false => Outcome { image, folder, proof: Proof::Untested }.write(run),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn proof(text: &str) -> Proof {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), text).unwrap();
        Outcome::read(folder.path()).unwrap().proof
    }

    #[test]
    fn files_of_earlier_versions_are_read_and_one_that_had_not_passed_is_tested_again() {
        assert_eq!(proof(r#"{ "image": "ami-1", "folder": "/i", "passed": true }"#), Proof::Passed);
        assert_eq!(proof(r#"{ "image": "ami-1", "folder": "/i", "passed": false }"#), Proof::Untested);
    }

    #[test]
    fn an_image_that_its_killed_run_has_named_and_not_told_of_is_found() {
        let run = tempfile::tempdir().unwrap();
        let folder = run.path().join("img-1");
        let journal = Journal::of_a_test();
        let effects = vec![Effect::Complete { image: "img-1".into(), folder: folder.clone() }];
        let history = History { effects, ..History::default() };
        catch_up(run.path(), (&journal, &history)).unwrap();
        assert!(Outcome::read(run.path()).is_err(), "it has not got its name");
        fs::create_dir(&folder).unwrap();
        catch_up(run.path(), (&journal, &history)).unwrap();
        let found = Outcome::read(run.path()).unwrap();
        assert_eq!((found.image.as_str(), found.folder, found.proof), ("img-1", folder, Proof::Untested));
    }

    #[test]
    fn what_is_known_of_an_image_is_not_forgotten() {
        let run = tempfile::tempdir().unwrap();
        let outcome = Outcome { image: "img-1".into(), folder: "/i".into(), proof: Proof::Passed };
        outcome.write(run.path()).unwrap();
        let history = History { kept: Some(("img-1".into(), "/i".into())), ..History::default() };
        catch_up(run.path(), (&Journal::of_a_test(), &history)).unwrap();
        assert_eq!(Outcome::read(run.path()).unwrap(), outcome);
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let folder = tempfile::tempdir().unwrap();
        for proof in [Proof::Untested, Proof::Passed, Proof::Failed] {
            let outcome = Outcome { image: "ami-1".into(), folder: "/i".into(), proof };
            outcome.write(folder.path()).unwrap();
            assert_eq!(Outcome::read(folder.path()).unwrap(), outcome);
        }
    }
}
