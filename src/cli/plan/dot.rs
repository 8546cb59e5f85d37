//! What is made from what, in Graphviz's language.

use crate::{
    cli::{judge::Judged, set::Set},
    engine::due::Verdict,
};

/// What is to be baked is drawn with a full line. Names of images need no quotes taken care of: they are
/// `[a-z0-9-]`.
pub fn graph(set: &Set, judged: &[Judged]) -> String {
    let mut text = "digraph images {\n  rankdir = LR;\n  node [shape = box];\n".to_owned();
    for (number, one) in judged.iter().enumerate() {
        let name = &one.plan.template.image.name;
        let (style, said) = match &one.verdict {
            Verdict::UpToDate { .. } => ("dashed", "up to date"),
            Verdict::Unpublished { .. } => ("bold", "to be published"),
            Verdict::Due { .. } => ("bold", "to be baked"),
        };
        text += &format!("  t{number} [label = \"{name}\\n{said}\", style = {style}];\n");
    }
    for number in 0..judged.len() {
        if let Some(base) = set.graph.base(number) {
            text += &format!("  t{base} -> t{number};\n");
        }
    }
    text + "}\n"
}
