//! `[variables]`: which value each has, given or by default. A default may use other variables.

use std::collections::BTreeMap;

use toml::Spanned;

use super::{cx::Cx, names::VARIABLE};
use crate::template::{
    diagnose::{Fault, did_you_mean, listed},
    model::Variable,
    raw::{self, Given, Table, Text},
    render::{Secrets, is_global, names_used},
    sources::Place,
};

/// Names with a meaning of their own.
const RESERVED: [&str; 6] = ["image", "base", "platform", "stage", "secrets", "loop"];

/// Variables that double each other would fill any memory.
const LONGEST: usize = 64 << 10;

/// A value from outside of the part that declares its variable.
#[derive(Clone, Debug)]
pub struct Handed {
    pub value: String,
    pub origin: ValueOrigin,
}

/// Where a value stands: what is wrong with it is told of that.
#[derive(Clone, Debug, Default)]
pub struct ValueOrigin {
    place: Option<Place>,
    /// What gave it, where that is no text.
    name: Option<String>,
}

impl ValueOrigin {
    pub fn at(place: Place) -> Self {
        Self { place: Some(place), name: None }
    }

    /// Such as an option of the command line.
    pub fn named(name: String) -> Self {
        Self { place: None, name: Some(name) }
    }

    /// The fault of a value that comes from here.
    fn tell(self, fault: Fault) -> Fault {
        Fault { place: self.place, origin: self.name, ..fault }
    }
}

/// Who hands values in, for the words of its mistakes.
pub enum From<'a> {
    /// Options, the environment and files, which other templates are read with too.
    Outside,
    Use {
        provisioner: &'a str,
        place: Place,
    },
}

/// A default that waits for the variables it uses.
struct Waiting<'r> {
    name: &'r Text,
    text: String,
    place: Place,
    declared: &'r raw::Variable,
}

impl Cx<'_> {
    /// Gives every variable its value and puts it into the scope.
    pub fn variables(
        &mut self,
        declared: &Table<raw::Variable>,
        handed: &BTreeMap<String, Handed>,
        from: &From<'_>,
    ) -> Vec<Variable> {
        self.refuse_unknown(declared, handed, from);
        let mut waiting = Vec::new();
        let mut values = BTreeMap::new();
        for (name, variable) in declared {
            if !self.good_name(name) {
                self.scope.poison(name.get_ref());
                continue;
            }
            let variable = variable.get_ref();
            match (handed.get(name.get_ref()), &variable.default) {
                (Some(handed), _) => {
                    self.settle(name, variable, handed.clone(), &mut values);
                }
                (None, Some((given, place))) => waiting.push(Waiting {
                    name,
                    text: given.to_string(),
                    place: place.clone().unwrap_or_else(|| declared[name.get_ref().as_str()].span()),
                    declared: variable,
                }),
                (None, None) => self.no_value(name, from),
            }
        }
        self.settle_waiting(waiting, &mut values);
        self.model_of(declared, values)
    }

    fn model_of(
        &self,
        declared: &Table<raw::Variable>,
        mut values: BTreeMap<String, String>,
    ) -> Vec<Variable> {
        let model = |(name, variable): (&Text, &Spanned<raw::Variable>)| {
            let value = values.remove(name.get_ref())?;
            let description = self.maybe_text(&variable.get_ref().description);
            Some(Variable { name: name.get_ref().clone(), value, description, used: false })
        };
        declared.iter().filter_map(model).collect()
    }

    fn good_name(&self, name: &Text) -> bool {
        let text = name.get_ref();
        if RESERVED.contains(&text.as_str()) || is_global(text) {
            self.fault(
                Fault::at(name.span(), format!("`{text}` cannot be the name of a variable"))
                    .hint("this name has a meaning of its own in templates; choose another"),
            );
            return false;
        }
        self.ruled(text.clone(), &name.span(), &VARIABLE).is_some()
    }

    /// Renders defaults in the order in which they become possible.
    fn settle_waiting(&mut self, mut waiting: Vec<Waiting<'_>>, values: &mut BTreeMap<String, String>) {
        while !waiting.is_empty() {
            let names: Vec<&str> = waiting.iter().map(|w| w.name.get_ref().as_str()).collect();
            let blocked =
                |w: &Waiting<'_>| names_used(&w.text).iter().any(|used| names.contains(&used.as_str()));
            let stuck: Vec<bool> = waiting.iter().map(blocked).collect();
            if stuck.iter().all(|stuck| *stuck) {
                return self.tell_circle(&waiting);
            }
            let mut stuck = stuck.into_iter();
            let (rest, ready): (Vec<_>, Vec<_>) =
                waiting.into_iter().partition(|_| stuck.next() == Some(true));
            waiting = rest;
            for one in ready {
                match self.rendered(&one.text, &one.place, Secrets::Refused) {
                    Some(value) => {
                        let origin = ValueOrigin::at(one.place);
                        self.settle(one.name, one.declared, Handed { value, origin }, values);
                    }
                    None => self.scope.poison(one.name.get_ref()),
                }
            }
        }
    }

    fn tell_circle(&mut self, waiting: &[Waiting<'_>]) {
        let names = listed(waiting.iter().map(|w| w.name.get_ref().as_str()));
        let fault = Fault::at(waiting[0].place.clone(), format!("the values of {names} wait for each other"));
        self.fault(fault.hint("give one of them a value that does not use the others"));
        waiting.iter().for_each(|w| self.scope.poison(w.name.get_ref()));
    }

    /// Judges a value and declares it, as what its default is: text, a number or true/false.
    fn settle(
        &mut self,
        name: &Text,
        declared: &raw::Variable,
        Handed { value, origin }: Handed,
        values: &mut BTreeMap<String, String>,
    ) {
        let name = name.get_ref();
        if value.len() > LONGEST {
            let fault = Fault::whole(format!("the value of `{name}` is longer than {LONGEST} bytes"));
            self.fault(origin.tell(fault));
            return self.scope.poison(name);
        }
        if let Some(fault) = refused(name, declared, &value) {
            self.fault(origin.tell(fault));
            return self.scope.poison(name);
        }
        let kind = declared.default.as_ref().map(|(given, _)| given);
        let typed = match kind {
            Some(Given::Number(_)) => value.parse::<i64>().map(minijinja::Value::from).ok(),
            Some(Given::Flag(_)) => value.parse::<bool>().map(minijinja::Value::from).ok(),
            Some(Given::Text(_)) | None => Some(value.as_str().into()),
        };
        match typed {
            Some(typed) => {
                self.scope.set(name, typed);
                values.insert(name.clone(), value);
            }
            None => {
                let what =
                    if matches!(kind, Some(Given::Flag(_))) { "`true` or `false`" } else { "a whole number" };
                let message = format!("the variable `{name}` must be {what}, not `{value}`");
                let fault = Fault::whole(message).hint("its default is one, so its value has to be");
                self.fault(origin.tell(fault));
                self.scope.poison(name);
            }
        }
    }

    fn no_value(&mut self, name: &Text, from: &From<'_>) {
        let text = name.get_ref();
        self.scope.poison(text);
        self.fault(match from {
            From::Outside => Fault::at(name.span(), format!("the variable `{text}` has no value"))
                .label("has no default")
                .hint(format!(
                    "give it one with `--var {text}=...` or HORNERO_VAR_{text}, or write a default"
                )),
            From::Use { provisioner, place } => {
                let message = format!("the provisioner `{provisioner}` needs a value for `{text}`");
                Fault::at(place.clone(), message)
                    .hint(format!("add it to this table: with = {{ {text} = \"...\" }}"))
                    .also(name.span(), "declared here, without a default")
            }
        });
    }

    fn refuse_unknown(
        &self,
        declared: &Table<raw::Variable>,
        handed: &BTreeMap<String, Handed>,
        from: &From<'_>,
    ) {
        // What comes from outside may be another template's.
        let From::Use { provisioner, .. } = from else { return };
        if self.shared.broken {
            return;
        }
        let known = || declared.keys().map(|name| name.get_ref().as_str());
        for (name, handed) in handed.iter().filter(|(name, _)| !declared.contains_key(name.as_str())) {
            let message = format!("the provisioner `{provisioner}` has no variable `{name}`");
            let none = "nothing is declared under `[variables]`".to_owned();
            let fault = handed.origin.clone().tell(Fault::whole(message));
            self.fault(fault.hint(none).maybe_hint(did_you_mean(name, known())));
        }
    }
}

fn refused(name: &str, declared: &raw::Variable, value: &str) -> Option<Fault> {
    let allowed: Vec<String> =
        declared.allowed.as_ref()?.get_ref().iter().map(|given| given.get_ref().to_string()).collect();
    let fits = allowed.iter().any(|allowed| allowed == value);
    (!fits).then(|| {
        let place = declared.allowed.as_ref().map(|allowed| (allowed.span(), "allowed values".to_owned()));
        let mut fault = Fault::whole(format!("`{value}` is not an allowed value of the variable `{name}`"))
            .hint(format!("allowed: {}", listed(allowed.iter().map(String::as_str))));
        fault.also.extend(place);
        fault
    })
}
