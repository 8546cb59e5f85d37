//! `[packages]` and its repositories.

use toml::Spanned;

use super::{
    cx::Cx,
    draft::{Draft, Placed},
    names::{self, PACKAGE, VERSION},
};
use crate::template::{
    catalogue::PackageFormat,
    diagnose::{Fault, holds_private_key},
    model::{Base, PackageSpec, Repository},
    raw::{self, Raw, Text},
};

impl Cx<'_> {
    pub fn packages(&self, raw: &Raw, draft: &mut Draft) {
        let Some(packages) = raw.packages.as_ref().map(Spanned::get_ref) else { return };
        if self.flag(&packages.upgrade) == Some(true) {
            draft.upgrade = true;
            draft.upgrade_place = packages.upgrade.as_ref().map(Spanned::span);
        }
        for text in packages.install.iter().flat_map(|list| list.get_ref()) {
            if let Some(value) = self.package(text) {
                draft.install.push(Placed { value, place: text.span() });
            }
        }
        let remove = self.placed_names(&packages.remove, &PACKAGE);
        draft.remove.extend(remove.into_iter().map(|(value, place)| Placed { value, place }));
        for repository in &packages.repositories {
            if let Some(value) = self.repository(repository) {
                let place = repository.get_ref().name.as_ref().map_or(repository.span(), Spanned::span);
                draft.repositories.push(Placed { value, place });
                draft.suite_places.push(repository.get_ref().suite.as_ref().map(Spanned::span));
            }
        }
    }

    fn package(&self, text: &Text) -> Option<PackageSpec> {
        let written = self.text(text)?;
        let (name, version) = match written.split_once('=') {
            Some((name, version)) => (name, Some(version)),
            None => (written.as_str(), None),
        };
        let name = self.ruled(name.to_owned(), &text.span(), &PACKAGE)?;
        let version = match version {
            Some(version) => Some(self.ruled(version.to_owned(), &text.span(), &VERSION)?),
            None => None,
        };
        Some(PackageSpec { name, version })
    }

    fn repository(&self, repository: &Spanned<raw::Repository>) -> Option<Repository> {
        let (place, table) = (repository.span(), repository.get_ref());
        let name = self.need(&table.name, &place, "a repository", "name");
        let name = name.and_then(|name| self.name(name, &names::IMAGE));
        let uri = self.need(&table.uri, &place, "a repository", "uri");
        let rule = if table.suite.is_some() { &names::APT_URI } else { &names::URI };
        let uri = uri.and_then(|uri| self.name(uri, rule));
        let suite = self.maybe_name(&table.suite, &names::SUITE);
        let components = self.names(&table.components, &names::SUITE);
        self.fits_dnf(table, uri.as_deref());
        if let (None, Some(components)) = (&table.suite, &table.components) {
            let fault = Fault::at(components.span(), "`components` has a meaning only with a `suite`");
            self.fault(fault.hint("a repository of apt has a `suite`; one of RPM packages has neither"));
        }
        let key = table.key.as_ref().and_then(|key| self.signing_key(key));
        Some(Repository { name: name?, uri: uri?, suite, components, key })
    }

    /// dnf takes a `%` for the beginning of a reference, and what stands after a comma for another address.
    fn fits_dnf(&self, repository: &raw::Repository, uri: Option<&str>) {
        let wrong = uri
            .filter(|_| repository.suite.is_none())
            .and_then(|uri| uri.find(['%', ',']).map(|at| &uri[at..=at]));
        if let (Some(wrong), Some(text)) = (wrong, &repository.uri) {
            let fault =
                Fault::at(text.span(), format!("an address of a repository of dnf cannot have a `{wrong}`"));
            self.fault(fault.hint("use an address without it, or write the file with [[files]]"));
        }
    }

    fn signing_key(&self, text: &Text) -> Option<String> {
        let (path, key) = self.file(text)?;
        if holds_private_key(&key) {
            let fault = Fault::at(text.span(), format!("`{}` holds a PRIVATE key", path.display()));
            self.fault(fault.hint("give the public one: `gpg --export --armor KEY`"));
        } else if !key.contains("-----BEGIN PGP PUBLIC KEY BLOCK-----") {
            let message = format!("`{}` is not a signing key in ASCII armour", path.display());
            self.fault(
                Fault::at(text.span(), message)
                    .hint("convert it with `gpg --enarmor` or `gpg --export --armor`"),
            );
        }
        Some(key)
    }

    /// A distribution takes the repositories of its own packages alone. What another base is nobody knows
    /// before it runs: it takes those of its kind.
    pub fn repositories_fit(&self, draft: &Draft, base: &Base) {
        let Some(os) = self.distribution(base) else { return };
        for (repository, suite) in draft.repositories.iter().zip(&draft.suite_places) {
            let (name, place) = (&os.name, suite.clone().unwrap_or_else(|| repository.place.clone()));
            match (os.packages, &repository.value.suite) {
                (PackageFormat::Deb, None) => {
                    let fault = Fault::at(place, format!("a repository of `{name}` needs a `suite`"));
                    self.fault(
                        fault
                            .label("`suite` is missing")
                            .hint("write suite = \"...\" and components = [\"main\"]"),
                    );
                }
                (PackageFormat::Rpm, Some(_)) => {
                    let fault = Fault::at(place, format!("a repository of `{name}` has no `suite`"));
                    self.fault(fault.hint(
                        "remove `suite` and `components`; `uri` is the address of the folder that has `repodata`",
                    ));
                }
                (PackageFormat::Deb, Some(_)) | (PackageFormat::Rpm, None) => {}
            }
        }
    }

    pub fn packages_agree(&self, draft: &mut Draft) {
        let repositories = draft.repositories.iter().map(|r| (r.value.name.as_str(), r.place.clone()));
        self.unique("the repository", repositories);
        for removed in &draft.remove {
            if let Some(installed) = draft.install.iter().find(|i| i.value.name == removed.value) {
                self.fault(
                    Fault::at(
                        removed.place.clone(),
                        format!("the package `{}` is both installed and removed", removed.value),
                    )
                    .also(installed.place.clone(), "installed here"),
                );
            }
        }
        self.one_version_each(draft);
        // Two parts may ask for the same package: it is installed once.
        let mut seen = std::collections::HashSet::new();
        draft.install.retain(|package| seen.insert(package.value.clone().to_string()));
        let mut seen = std::collections::HashSet::new();
        draft.remove.retain(|package| seen.insert(package.value.clone()));
    }

    fn one_version_each(&self, draft: &Draft) {
        let mut seen: std::collections::HashMap<&str, &Placed<PackageSpec>> = Default::default();
        for package in draft.install.iter().filter(|package| package.value.version.is_some()) {
            match seen.get(package.value.name.as_str()) {
                Some(first) if first.value.version != package.value.version => self.fault(
                    Fault::at(
                        package.place.clone(),
                        format!("two versions of the package `{}`", package.value.name),
                    )
                    .also(first.place.clone(), "another version is asked for here"),
                ),
                Some(_) => {}
                None => {
                    seen.insert(&package.value.name, package);
                }
            }
        }
    }
}
