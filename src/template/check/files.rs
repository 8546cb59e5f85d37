//! `[[files]]`: one source each, no two with the same destination.

use std::{collections::BTreeMap, path::Path};

use toml::Spanned;

use super::{
    cx::Cx,
    draft::{Draft, Placed, Waiting},
    names::{self, DESTINATION, LABEL},
};
use crate::template::{
    diagnose::{Fault, visible},
    model::{FileSource, FileSpec},
    raw::{self, Raw, Text},
};

/// Folders that every machine has, some of them as links.
const FOLDERS: [&str; 28] = [
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/lib64",
    "/media",
    "/mnt",
    "/opt",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/local",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/share",
    "/var",
    "/var/lib",
    "/var/log",
    "/var/tmp",
];

/// What a file is called where it comes from; text in the template has no name.
fn own_name(table: &raw::File, source: &FileSource) -> Option<String> {
    let name = match source {
        FileSource::Path(path) => path.file_name()?.to_str()?.to_owned(),
        FileSource::Url { url, .. } => {
            let path = url.split_once("://")?.1.split(['?', '#']).next()?;
            let name = path.rsplit_once('/')?.1;
            // Whoever means another name than the one that stands there says so.
            Some(name).filter(|name| !name.contains('%') && !name.starts_with('.'))?.to_owned()
        }
        FileSource::Content(_) => {
            let file = table.template.as_ref()?.get_ref();
            let name = file.rsplit('/').next()?;
            name.strip_suffix(".j2").unwrap_or(name).to_owned()
        }
    };
    Some(name).filter(|name| !name.is_empty() && !name.contains(['{', '}']))
}

impl Cx<'_> {
    /// The files of one part; `prefix` names the provisioner they come from.
    pub fn files(&self, raw: &Raw, prefix: Option<&str>, draft: &mut Draft) {
        for file in &raw.files {
            let after = file.get_ref().after.as_ref();
            let step = after.and_then(|text| Some((self.name(text, &LABEL)?, text.span())));
            if let Some(value) = self.file_spec(file) {
                let place = file.get_ref().destination.as_ref().map_or(file.span(), Spanned::span);
                let prefix = prefix.map(Into::into);
                let waiting =
                    step.map(|(step, place)| Waiting { file: draft.files.len(), step, place, prefix });
                draft.waiting.extend(waiting);
                draft.files.push(Placed { value, place });
            }
        }
    }

    fn file_spec(&self, file: &Spanned<raw::File>) -> Option<FileSpec> {
        let (place, table) = (file.span(), file.get_ref());
        let exclude = self.excludes(table);
        let source = self.file_source(file, &exclude);
        let written = self.need(&table.destination, &place, "a file", "destination");
        let destination = written.and_then(|text| self.destination(text, table, source.as_ref()));
        let spec = FileSpec {
            source: FileSource::Content(String::new()),
            destination: destination.clone().unwrap_or_default(),
            owner: self.owner(&table.owner, &table.group),
            mode: self.unit(&table.mode),
            folder_mode: self.unit(&table.folder_mode),
            exclude,
            after: 0,
        };
        destination?;
        Some(FileSpec { source: source?, ..spec })
    }

    /// Where it goes. A single file that goes into a folder has its own name there.
    fn destination(&self, text: &Text, table: &raw::File, source: Option<&FileSource>) -> Option<String> {
        let path = self.path_on_builder(text, &DESTINATION)?;
        let source = source?;
        if self.is_folder(source) {
            return Some(path);
        }
        if !path.ends_with('/') {
            self.no_folder(text, &path, &own_name(table, source));
            return Some(path);
        }
        let name = own_name(table, source);
        if let (FileSource::Path(_) | FileSource::Url { .. }, Some(name)) = (source, &name) {
            return Some(format!("{}/{name}", path.trim_end_matches('/')));
        }
        let name = name.unwrap_or_else(|| "NAME".into());
        let folder = path.trim_end_matches('/');
        let message = format!("`{}` names a folder, and this is a single file", path.escape_debug());
        self.fault(
            Fault::at(text.span(), message)
                .hint(format!("write where the file itself goes: \"{folder}/{name}\"")),
        );
        None
    }

    fn is_folder(&self, source: &FileSource) -> bool {
        matches!(source, FileSource::Path(path) if self.shared.files.is_folder(path))
    }

    fn no_folder(&self, text: &Text, path: &str, name: &Option<String>) {
        if FOLDERS.contains(&path) {
            let name = name.as_deref().unwrap_or("NAME");
            let message = format!("`{path}` is a folder on every machine, and this is a single file");
            self.fault(
                Fault::at(text.span(), message)
                    .hint(format!("write where the file itself goes: \"{path}/{name}\"")),
            );
        }
    }

    fn file_source(&self, file: &Spanned<raw::File>, exclude: &[String]) -> Option<FileSource> {
        let table = file.get_ref();
        let given = [&table.source, &table.content, &table.template];
        if given.iter().filter(|key| key.is_some()).count() != 1 {
            let cut = |key: &&str| self.pruned.contains(&file.span(), key);
            if !self.shared.broken && !["source", "content", "template"].iter().any(cut) {
                self.fault(
                    Fault::at(file.span(), "a file needs exactly one of `source`, `content`, `template`")
                        .hint(
                            "`source` is a local file or folder or an https:// address, `content` is text, \
                     `template` is a local file to render",
                        ),
                );
            }
            return None;
        }
        if let Some(content) = &table.content {
            return self.text(content).map(FileSource::Content);
        }
        if let Some(template) = &table.template {
            return self.template_file(template).map(FileSource::Content);
        }
        self.source(file, table.source.as_ref()?, exclude)
    }

    fn source(&self, file: &Spanned<raw::File>, text: &Text, exclude: &[String]) -> Option<FileSource> {
        let table = file.get_ref();
        let written = self.text(text)?;
        if !written.contains("://") {
            if let Some(sum) = &table.sha256 {
                self.fault(Fault::at(sum.span(), "`sha256` is for files fetched from an address"));
            }
            return self.existing(text, exclude).map(FileSource::Path);
        }
        if !written.starts_with("https://") {
            let message = format!("`{}` is not an https:// address", visible(&written));
            self.fault(Fault::at(text.span(), message).hint("only https:// is fetched"));
            return None;
        }
        let url = self.ruled(written, &text.span(), &names::URI);
        let sha256 = self.need(&table.sha256, &file.span(), "a file fetched from an address", "sha256");
        let sha256 = sha256.and_then(|sum| self.name(sum, &names::SHA256));
        Some(FileSource::Url { url: url?, sha256: sha256?.to_ascii_lowercase() })
    }

    /// A file that is rendered; its mistakes point into it.
    fn template_file(&self, text: &Text) -> Option<String> {
        let (path, content) = self.file(text)?;
        let (root, _) = self.ground(&text.span());
        let base = self.shared.sources.borrow_mut().add(&path, &root, &content);
        self.rendered_file(&content, base)
    }

    fn excludes(&self, table: &raw::File) -> Vec<String> {
        let mut globs = Vec::new();
        for text in table.exclude.iter().flat_map(|list| list.get_ref()) {
            let Some(glob) = self.text(text) else { continue };
            if let Err(error) = globset::Glob::new(&glob) {
                self.fault(Fault::at(text.span(), format!("`{glob}` is not a pattern: {}", error.kind())));
            }
            globs.push(glob);
        }
        globs
    }

    pub fn files_agree(&self, draft: &Draft) {
        let tidy = |path: &str| path.trim_end_matches('/').to_owned();
        // Several folders may be laid over each other; files may not.
        let single = draft.files.iter().filter(|file| match &file.value.source {
            FileSource::Path(path) => !self.shared.files.is_folder(path),
            FileSource::Content(_) | FileSource::Url { .. } => true,
        });
        self.unique(
            "the destination",
            single.clone().map(|file| (tidy(&file.value.destination), file.place.clone())),
        );
        let files: BTreeMap<String, &Placed<FileSpec>> =
            single.map(|file| (tidy(&file.value.destination), file)).collect();
        for file in &draft.files {
            let above = Path::new(&file.value.destination).ancestors().skip(1).filter_map(Path::to_str);
            for folder in above.filter_map(|above| files.get(above)) {
                let message =
                    format!("`{}` is no folder: it is a file of this template", folder.value.destination);
                self.fault(
                    Fault::at(file.place.clone(), message).also(folder.place.clone(), "a single file here"),
                );
            }
        }
    }
}
