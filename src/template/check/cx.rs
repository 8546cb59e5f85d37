//! The hands of the checking code: each takes a raw value, renders it, judges it, notes what is wrong
//! at its exact place, and gives the value back only when it is good.

use std::{ops::RangeInclusive, str::FromStr};

use toml::Spanned;

use super::{Shared, names::Rule};
use crate::template::{
    diagnose::{Edit, Fault, visible},
    literal::offset_in_source,
    raw::{Flag, List, Number, Pruned, Text},
    render::{Flaw, Scope, Secrets, render},
    sources::Place,
    units::BadUnit,
};

/// One part as it is being checked: what it may refer to and where its mistakes go.
pub struct Cx<'a> {
    pub shared: &'a Shared<'a>,
    pub scope: Scope,
    pub pruned: &'a Pruned,
}

impl Cx<'_> {
    pub fn fault(&self, fault: Fault) {
        self.shared.faults.borrow_mut().push(fault);
    }

    pub fn warn(&self, warning: Fault) {
        self.shared.warnings.borrow_mut().push(warning);
    }

    /// The value of a key that must be there.
    pub fn need<'v, V>(&self, value: &'v Option<V>, table: &Place, of: &str, key: &str) -> Option<&'v V> {
        if value.is_none() && !self.shared.broken && !self.pruned.contains(table, key) {
            self.fault(
                Fault::at(table.clone(), format!("{of} has no `{key}`")).label(format!("`{key}` is missing")),
            );
        }
        value.as_ref()
    }

    pub fn text(&self, text: &Text) -> Option<String> {
        self.rendered(text.get_ref(), &text.span(), Secrets::Refused)
    }

    pub fn maybe_text(&self, text: &Option<Text>) -> Option<String> {
        text.as_ref().and_then(|text| self.text(text))
    }

    /// A string that may hold secrets.
    pub fn secret_text(&self, text: &Text) -> Option<String> {
        self.rendered(text.get_ref(), &text.span(), Secrets::Allowed)
    }

    pub fn rendered(&self, text: &str, place: &Place, secrets: Secrets) -> Option<String> {
        match render(text, &self.scope, secrets) {
            Ok(rendered) => rendered,
            Err(flaws) => {
                flaws.into_iter().for_each(|flaw| self.fault(fault_of(flaw, self.inside(place))));
                None
            }
        }
    }

    /// Renders the text of a whole file, which begins at `base` on the common line.
    pub fn rendered_file(&self, text: &str, base: usize) -> Option<String> {
        let place = |range: std::ops::Range<usize>| base + range.start..base + range.end;
        match render(text, &self.scope, Secrets::Refused) {
            Ok(rendered) => rendered,
            Err(flaws) => {
                flaws.into_iter().for_each(|flaw| self.fault(fault_of(flaw, place)));
                None
            }
        }
    }

    /// From bytes of a decoded string to the place they were written at; the whole string when that
    /// cannot be told.
    fn inside(&self, place: &Place) -> impl Fn(std::ops::Range<usize>) -> Place {
        let written = self.shared.sources.borrow().text(place).map(str::to_owned);
        let place = place.clone();
        move |range| {
            let at = |offset| offset_in_source(written.as_deref()?, offset).map(|at| place.start + at);
            at(range.start).zip(at(range.end)).map_or_else(|| place.clone(), |(start, end)| start..end)
        }
    }

    pub fn unit<T: FromStr<Err = BadUnit>>(&self, text: &Option<Text>) -> Option<T> {
        let text = text.as_ref()?;
        let parsed = self.text(text)?.parse();
        parsed.map_err(|bad| self.fault(unit_fault(text.span(), &bad))).ok()
    }

    pub fn name(&self, text: &Text, rule: &Rule) -> Option<String> {
        let name = self.text(text)?;
        if name.trim().is_empty() && !text.get_ref().trim().is_empty() {
            let fault =
                Fault::at(text.span(), format!("this renders to nothing, which is not {}", rule.what));
            self.fault(fault.hint("leave the key out, or give the variable a value"));
            return None;
        }
        self.ruled(name, &text.span(), rule)
    }

    pub fn maybe_name(&self, text: &Option<Text>, rule: &Rule) -> Option<String> {
        text.as_ref().and_then(|text| self.name(text, rule))
    }

    pub fn ruled(&self, name: String, place: &Place, rule: &Rule) -> Option<String> {
        if (rule.fits)(&name) {
            return Some(name);
        }
        let length = name.chars().count();
        if length > rule.most_chars {
            let message = format!(
                "this has {length} characters; at most {} are allowed for {}",
                rule.most_chars, rule.what
            );
            self.fault(Fault::at(place.clone(), message).hint(rule.hint));
            return None;
        }
        let shown: String = name.chars().take(80).collect();
        let message = format!("`{}` is not {}", visible(&shown), rule.what);
        let meant = (rule.meant)(&name).map(|meant| format!("did you mean `{meant}`?"));
        self.fault(Fault::at(place.clone(), message).hint(meant.unwrap_or_else(|| rule.hint.to_owned())));
        None
    }

    pub fn names(&self, list: &Option<Spanned<List>>, rule: &Rule) -> Vec<String> {
        self.placed_names(list, rule).into_iter().map(|(name, _)| name).collect()
    }

    pub fn placed_names(&self, list: &Option<Spanned<List>>, rule: &Rule) -> Vec<(String, Place)> {
        let items = list.iter().flat_map(|list| list.get_ref());
        items.filter_map(|item| Some((self.name(item, rule)?, item.span()))).collect()
    }

    pub fn number<T: TryFrom<i64>>(
        &self,
        number: &Option<Spanned<Number>>,
        range: RangeInclusive<i64>,
    ) -> Option<T> {
        number.as_ref().and_then(|number| self.one_number(number, range))
    }

    pub fn one_number<T: TryFrom<i64>>(
        &self,
        number: &Spanned<Number>,
        range: RangeInclusive<i64>,
    ) -> Option<T> {
        let text = self.rendered(&number.get_ref().0, &number.span(), Secrets::Refused)?;
        let value = text.trim().parse::<i64>().ok().filter(|value| range.contains(value));
        let value = value.and_then(|value| T::try_from(value).ok());
        if value.is_none() {
            let message = format!("`{text}` is not a number between {} and {}", range.start(), range.end());
            self.fault(Fault::at(number.span(), message));
        }
        value
    }

    pub fn flag(&self, flag: &Option<Spanned<Flag>>) -> Option<bool> {
        let flag = flag.as_ref()?;
        let text = self.rendered(&flag.get_ref().0, &flag.span(), Secrets::Refused)?;
        match text.trim() {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.fault(Fault::at(flag.span(), format!("`{text}` is neither `true` nor `false`")));
                None
            }
        }
    }
}

pub fn unit_fault(place: Place, bad: &BadUnit) -> Fault {
    match bad.0.split_once("; ") {
        Some((message, hint)) => Fault::at(place, message).hint(hint),
        None => Fault::at(place, bad.0.as_str()),
    }
}

fn fault_of(flaw: Flaw, place: impl Fn(std::ops::Range<usize>) -> Place) -> Fault {
    let edits = flaw.edits.into_iter().map(|edit| Edit::new(place(edit.place), edit.replacement)).collect();
    let fault = Fault::at(place(flaw.range), flaw.message).maybe_hint(flaw.hint);
    Fault { label: flaw.label, edits, ..fault }
}
