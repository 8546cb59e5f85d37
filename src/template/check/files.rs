//! `[[files]]`: one source each, no two with the same destination.

use toml::Spanned;

use super::{
    cx::Cx,
    draft::{Draft, Placed},
    names::{self, DESTINATION},
};
use crate::template::{
    diagnose::Fault,
    model::{FileSource, FileSpec},
    raw::{self, Raw, Text},
};

impl Cx<'_> {
    pub fn files(&self, raw: &Raw, draft: &mut Draft) {
        for file in &raw.files {
            if let Some(value) = self.file_spec(file) {
                let place = file.get_ref().destination.as_ref().map_or(file.span(), Spanned::span);
                draft.files.push(Placed { value, place });
            }
        }
    }

    fn file_spec(&self, file: &Spanned<raw::File>) -> Option<FileSpec> {
        let (place, table) = (file.span(), file.get_ref());
        let destination = self.need(&table.destination, &place, "a file", "destination");
        let destination = destination.and_then(|text| self.destination(text));
        let source = self.file_source(file);
        let spec = FileSpec {
            source: FileSource::Content(String::new()),
            destination: destination.clone().unwrap_or_default(),
            owner: self.owner(&table.owner, &table.group),
            mode: self.unit(&table.mode),
            folder_mode: self.unit(&table.folder_mode),
            exclude: self.excludes(table),
        };
        destination?;
        Some(FileSpec { source: source?, ..spec })
    }

    fn destination(&self, text: &Text) -> Option<String> {
        let path = self.name(text, &DESTINATION)?;
        if path == "/" {
            self.fault(Fault::at(text.span(), "a file cannot be put in the place of `/`"));
        }
        Some(path)
    }

    fn file_source(&self, file: &Spanned<raw::File>) -> Option<FileSource> {
        let table = file.get_ref();
        let given = [&table.source, &table.content, &table.template];
        if given.iter().filter(|key| key.is_some()).count() != 1 {
            if !["source", "content", "template"].iter().any(|key| self.pruned.contains(&file.span(), key)) {
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
        self.source(file, table.source.as_ref()?)
    }

    fn source(&self, file: &Spanned<raw::File>, text: &Text) -> Option<FileSource> {
        let table = file.get_ref();
        let written = self.text(text)?;
        if !written.contains("://") {
            if let Some(sum) = &table.sha256 {
                self.fault(Fault::at(sum.span(), "`sha256` is for files fetched from an address"));
            }
            return self.existing(text).map(FileSource::Path);
        }
        if !written.starts_with("https://") {
            let message = format!("`{}` is not an https:// address", written.escape_debug());
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
            single.map(|file| (tidy(&file.value.destination), file.place.clone())),
        );
    }
}
