//! `[[use]]`: a provisioner is checked like a small template with variables of its own, and what it
//! says is added in front of what its user says.

use std::collections::BTreeMap;

use toml::Spanned;

use super::{
    Bundle,
    cx::Cx,
    draft::Draft,
    variables::{From, Handed, ValueOrigin},
};
use crate::template::{
    diagnose::Fault,
    raw::{self, Given, Raw},
    render::{Scope, Secrets},
};

/// Provisioners that use provisioners twice over multiply; this many is no mistake any more.
const MOST_USES: usize = 200;

impl Cx<'_> {
    /// Checks what a part uses, then the part itself.
    pub fn part(&self, bundle: &Bundle, at: usize, prefix: Option<&str>, shared: &Scope, draft: &mut Draft) {
        let Some(part) = bundle.parts.get(at) else { return };
        for (used, target) in part.read.raw.uses.iter().zip(&part.uses) {
            draft.uses += 1;
            if draft.uses == MOST_USES {
                self.fault(Fault::at(used.span(), format!("more than {MOST_USES} provisioners are used")));
            }
            if let (Some(target), true) = (target, draft.uses < MOST_USES) {
                self.provisioner(bundle, *target, used, shared, draft);
            }
        }
        self.own(&part.read.raw, prefix, draft);
    }

    fn own(&self, raw: &Raw, prefix: Option<&str>, draft: &mut Draft) {
        self.accounts(raw, draft);
        self.packages(raw, draft);
        if prefix.is_some() {
            self.no_snapshot(raw);
        }
        self.files(raw, prefix, draft);
        self.steps(raw, prefix, draft);
        self.checks(raw, draft);
    }

    fn provisioner(
        &self,
        bundle: &Bundle,
        at: usize,
        used: &Spanned<raw::Use>,
        shared: &Scope,
        draft: &mut Draft,
    ) {
        let Some(part) = bundle.parts.get(at) else { return };
        let handed = self.handed(used.get_ref());
        let mut inner = Cx { shared: self.shared, scope: shared.clone(), pruned: &part.read.pruned };
        if part.read.broken || part.read.pruned.contains(&part.read.root, "variables") {
            inner.scope.open();
        }
        let from = From::Use { provisioner: &part.name, place: used.span() };
        inner.variables(&part.read.raw.variables, &handed, &from);
        inner.part(bundle, at, Some(&part.name), shared, draft);
    }

    /// The values of `with`, rendered with the names of the user.
    fn handed(&self, used: &raw::Use) -> BTreeMap<String, Handed> {
        let handed = used.with.iter().filter_map(|(name, given)| {
            let value = match given.get_ref() {
                Given::Text(text) => self.rendered(text, &given.span(), Secrets::Refused)?,
                Given::Number(_) | Given::Flag(_) => given.get_ref().to_string(),
            };
            Some((name.get_ref().clone(), Handed { value, origin: ValueOrigin::at(given.span()) }))
        });
        handed.collect()
    }
}
