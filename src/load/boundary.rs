//! How far a file that was named may lead: to its repository, or to its own folder where there is none. And which
//! folders beyond that are trusted: those that nobody else can write to.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Component, Path, PathBuf},
};

use rustix::process::geteuid;

use super::text::trouble;
use crate::template::{check::Trouble, path_name::tidy_path};

/// What makes a folder a repository's.
const REPOSITORY: &str = ".git";

const STICKY: u32 = 0o1000;
const GROUP_WRITES: u32 = 0o020;
const ALL_WRITE: u32 = 0o002;

/// The real folder that links of a file that was named on the command line may not leave.
pub fn of_file(file: &Path) -> io::Result<PathBuf> {
    let absolute = without_dots(file)?;
    let folder = absolute.parent().unwrap_or(Path::new("/"));
    let owner = fs::metadata(&absolute).map_or(geteuid().as_raw(), |file| file.uid());
    let repository = folder.ancestors().find(|above| is_repository(above, owner));
    fs::canonicalize(repository.unwrap_or(folder))
}

/// Everybody may make something in such a folder, as in `/tmp`: what lies in it is not all of one owner.
pub fn is_shared(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|found| found.mode() & (STICKY | ALL_WRITE) == STICKY | ALL_WRITE)
}

/// Whether nobody but this user and root can change what the path leads to, on its way and where it ends.
pub fn is_trusted(path: &Path) -> Result<(), Trouble> {
    let real = fs::canonicalize(path).map_err(|error| trouble(&error))?;
    let written = std::path::absolute(path).map_err(|error| trouble(&error))?;
    let way = written.ancestors().chain(real.ancestors());
    way.map(Path::to_owned).try_for_each(|part| is_ours(&part))
}

/// What makes `.git` a repository for the template: it belongs to whoever wrote that, or to whoever bakes. A
/// folder that is reached over a link is no repository of what the link lies in.
fn is_repository(folder: &Path, owner: u32) -> bool {
    let is_own = |path: &Path| {
        path.symlink_metadata()
            .is_ok_and(|found| !found.is_symlink() && [owner, geteuid().as_raw(), 0].contains(&found.uid()))
    };
    is_own(&folder.join(REPOSITORY)) && is_own(folder) && !is_shared(folder)
}

/// One part of a way. In a folder with a sticky bit others cannot move away what is not theirs.
fn is_ours(part: &Path) -> Result<(), Trouble> {
    let found = part.symlink_metadata().map_err(|error| trouble(&error))?;
    let (mode, uid) = (found.mode(), found.uid());
    let refuse = |why: String| {
        let shown = part.display();
        Err(Trouble { why: format!("`{shown}` {why}"), hint: Some(hint(part)) })
    };
    if uid != geteuid().as_raw() && uid != 0 {
        return refuse(format!("belongs to another user, with the number {uid}"));
    }
    // A user's private group has the number of its user.
    let group_writes = mode & GROUP_WRITES != 0 && found.gid() != uid;
    let is_open = (mode & ALL_WRITE != 0 || group_writes) && mode & STICKY == 0;
    match is_open && !found.is_symlink() {
        true => refuse("can be written to by others".into()),
        false => Ok(()),
    }
}

fn hint(part: &Path) -> String {
    let folder = if part.is_dir() { part } else { part.parent().unwrap_or(part) };
    format!(
        "whoever can write there decides what is done on this computer: put a copy into `provisioners/` beside the \
         template, or allow it with --allow-path {}",
        folder.display()
    )
}

/// The absolute path, with `..` taken out where it leads in truth.
fn without_dots(path: &Path) -> io::Result<PathBuf> {
    let absolute = std::path::absolute(path)?;
    let parts: Vec<Component<'_>> = absolute.components().collect();
    let Some(last) = parts.iter().rposition(|part| *part == Component::ParentDir) else {
        return Ok(absolute);
    };
    let (up, rest) = parts.split_at(last + 1);
    let up = up.iter().collect::<PathBuf>();
    Ok(tidy_path(&fs::canonicalize(up)?.join(rest.iter().collect::<PathBuf>())))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use super::*;

    fn folder(path: &Path, mode: u32) -> PathBuf {
        fs::create_dir_all(path).unwrap();
        fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        path.to_owned()
    }

    #[test]
    fn a_file_leads_as_far_as_its_repository_and_no_further_over_links() {
        let temporary = tempfile::tempdir().unwrap();
        let top = temporary.path().canonicalize().unwrap();
        let (repository, sub) = (top.join("repo"), top.join("repo/images/web"));
        fs::create_dir_all(&sub).unwrap();
        assert_eq!(of_file(&sub.join("t.toml")).unwrap(), sub);
        folder(&repository.join(".git"), 0o755);
        assert_eq!(of_file(&sub.join("t.toml")).unwrap(), repository);
        assert!(of_file(&sub.join("../db/../web/t.toml")).is_err(), "there is no such folder");
        assert_eq!(of_file(&sub.join("../t.toml")).unwrap(), repository);
        let elsewhere = folder(&top.join("elsewhere"), 0o755);
        folder(&elsewhere.join(".git"), 0o755);
        symlink(&elsewhere, repository.join("link")).unwrap();
        assert_eq!(of_file(&repository.join("link/t.toml")).unwrap(), repository);
    }

    #[test]
    fn a_repository_of_somebody_else_is_none() {
        let temporary = tempfile::tempdir().unwrap();
        let top = temporary.path().canonicalize().unwrap();
        let sub = folder(&top.join("sub"), 0o755);
        let git = folder(&top.join(".git"), 0o755);
        fs::write(sub.join("t.toml"), "").unwrap();
        assert_eq!(of_file(&sub.join("t.toml")).unwrap(), top);
        if geteuid().is_root() {
            chown(&git, Some(12_345), None).unwrap();
            assert_eq!(of_file(&sub.join("t.toml")).unwrap(), sub);
            // A checkout of another user, baked by root: all of it is his.
            chown(sub.join("t.toml"), Some(12_345), None).unwrap();
            assert_eq!(of_file(&sub.join("t.toml")).unwrap(), top);
            chown(&git, Some(0), None).unwrap();
        }
        folder(&top, 0o1777);
        assert_eq!(of_file(&sub.join("t.toml")).unwrap(), sub);
        assert!(is_shared(&top) && !is_shared(&sub));
    }

    #[test]
    fn a_folder_is_trusted_when_only_this_user_and_root_can_write_on_the_way() {
        let temporary = tempfile::tempdir().unwrap();
        let top = temporary.path().canonicalize().unwrap();
        let (way, end) = (folder(&top.join("way"), 0o755), folder(&top.join("way/end"), 0o755));
        let trusted = |path: &Path| is_trusted(path).map_err(|trouble| trouble.why);
        assert_eq!(trusted(&end), Ok(()));
        for (mode, is_refused) in [(0o777, true), (0o757, true), (0o1777, false), (0o700, false)] {
            folder(&way, mode);
            assert_eq!(trusted(&end).is_err(), is_refused, "{mode:o}");
        }
        folder(&way, 0o755);
        symlink(&end, top.join("link")).unwrap();
        assert_eq!(trusted(&top.join("link")), Ok(()));
        if geteuid().is_root() {
            for part in [&end, &way] {
                chown(part, Some(12_345), None).unwrap();
                assert!(trusted(&end).is_err_and(|why| why.contains("12345")), "{}", part.display());
                assert!(trusted(&top.join("link")).is_err());
                chown(part, Some(0), None).unwrap();
            }
            folder(&way, 0o775);
            chown(&way, None, Some(100)).unwrap();
            assert!(trusted(&end).is_err_and(|why| why.contains("written to by others")));
        }
    }
}
