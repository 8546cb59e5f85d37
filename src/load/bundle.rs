//! Gathers a template with its includes and provisioners into one bundle.

use std::{
    path::{Path, PathBuf},
    slice,
};

use super::{
    Inputs, boundary,
    disk::Disk,
    foreign,
    provisioners::{Provisioners, UsedProvisioner},
    text::trouble,
};
use crate::template::{
    check::{Bundle, Files, Part, Trouble, confined, outside},
    diagnose::{Fault, Mistake, Mistakes, visible},
    raw::{self, Text},
    sources::{Place, Sources},
};

/// More files than this in one template are a slip, not an intention.
const MOST_INCLUDES: usize = 64;

/// What a template and everything it includes and uses say.
pub struct Gathered {
    pub bundle: Bundle,
    pub provisioners: Vec<UsedProvisioner>,
}

/// Reads the template itself, then everything it includes and uses.
pub fn gather(path: &Path, inputs: &Inputs, disk: &Disk) -> Result<Gathered, Mistakes> {
    let cannot = |trouble: Trouble| {
        let mistake = Mistake::about(path, format!("cannot read the template: {}", trouble.why));
        Mistakes::one(Mistake { hint: trouble.hint, ..mistake })
    };
    let boundary = boundary::of_file(path).map_err(|error| cannot(trouble(&error)))?;
    let text = disk.template(slice::from_ref(&boundary), path).map_err(cannot)?;
    if !text.lines().map(str::trim).any(|line| !line.is_empty() && !line.starts_with('#')) {
        let mistake = Mistake::about(path, "the template is empty");
        return Err(Mistakes::one(
            mistake.hint(
                "it needs at least `[image]` with a name and `[base]`; `hornero init` writes a starter",
            ),
        ));
    }
    let root = path.parent().unwrap_or(Path::new("")).to_owned();
    let mut gathering =
        Gathering { disk, root, sources: Sources::default(), order: Vec::new(), faults: Vec::new() };
    let base = gathering.sources.add(path, &gathering.root, &text);
    gathering.follow(path, &text, base, &mut vec![path.to_owned()]);
    let texts: Vec<(String, usize)> = gathering.order;
    let read = raw::read(&texts.iter().map(|(text, base)| (text.as_str(), *base)).collect::<Vec<_>>());
    if let Some(mistake) = read.broken.then(|| foreign::by_content(path, &text)).flatten() {
        return Err(Mistakes::one(mistake));
    }
    let broken = read.broken || !gathering.faults.is_empty();
    let mut bundle = Bundle {
        sources: gathering.sources,
        parts: vec![Part { name: String::new(), read, uses: Vec::new() }],
        faults: gathering.faults,
        broken,
    };
    let mut provisioners = Provisioners::new(inputs, disk, boundary);
    provisioners.find_all(&mut bundle);
    Ok(Gathered { bundle, provisioners: provisioners.used })
}

struct Gathering<'a> {
    disk: &'a Disk,
    root: PathBuf,
    sources: Sources,
    /// Texts in the order in which they are merged: what is included comes before what includes it.
    order: Vec<(String, usize)>,
    faults: Vec<Fault>,
}

impl Gathering<'_> {
    fn follow(&mut self, path: &Path, text: &str, base: usize, chain: &mut Vec<PathBuf>) {
        for name in raw::includes(text, base) {
            if let Err(fault) = self.include(path, &name, chain) {
                self.faults.push(fault);
            }
        }
        self.order.push((text.to_owned(), base));
    }

    fn include(&mut self, from: &Path, name: &Text, chain: &mut Vec<PathBuf>) -> Result<(), Fault> {
        let place = name.span();
        let path = self.included_path(from, name)?;
        if chain.contains(&path) {
            let shown: Vec<String> =
                chain.iter().chain([&path]).map(|path| path.display().to_string()).collect();
            return Err(Fault::at(place, "files include each other in a circle")
                .label("closes the circle")
                .hint(format!("remove one of the includes of {}", shown.join(" -> "))));
        }
        if self.sources.iter().any(|known| known.path == path) {
            return Ok(());
        }
        if self.order.len() + chain.len() > MOST_INCLUDES {
            return Err(Fault::at(place, format!("more than {MOST_INCLUDES} files are included")));
        }
        let roots = slice::from_ref(&self.root);
        let text = self.disk.template(roots, &path).map_err(|trouble| unreadable(&place, &path, trouble))?;
        let base = self.sources.add(&path, &self.root, &text);
        chain.push(path.clone());
        self.follow(&path, &text, base, chain);
        chain.pop();
        Ok(())
    }

    fn included_path(&self, from: &Path, name: &Text) -> Result<PathBuf, Fault> {
        let (place, written) = (name.span(), name.get_ref());
        if written.contains("{{") || written.contains("{%") {
            return Err(Fault::at(place, "a template expression cannot be used here")
                .hint("includes are read before anything is rendered"));
        }
        let folder = from.parent().unwrap_or(Path::new(""));
        let path = confined(&self.root, folder, written).or_else(|why| {
            let path = folder.join(written);
            if self.disk.allows(&path) {
                return Ok(path);
            }
            Err(Fault::at(place.clone(), format!("`{}` {why}", visible(written)))
                .hint(outside("an included file lies in the template's folder or below it", &path)))
        })?;
        self.disk.inside(&self.root, &path).map_err(|trouble| unreadable(&place, &path, trouble))?;
        Ok(path)
    }
}

fn unreadable(place: &Place, path: &Path, trouble: Trouble) -> Fault {
    let message = format!("cannot include `{}`: {}", path.display(), trouble.why);
    Fault::at(place.clone(), message).maybe_hint(trouble.hint)
}
