//! Templates that are made from each other's images: which is baked before which, and what hangs on what.

use std::{collections::BTreeMap, path::PathBuf};

/// A forest: every template has one base, and that is another template or none of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    nodes: Vec<Node>,
}

/// One template, by its place in the list that the graph was made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Node {
    base: Option<usize>,
    /// In the order of the list.
    children: Vec<usize>,
    level: usize,
}

impl Graph {
    /// Of templates with the paths of those that they are made from; a base that is not in the list is
    /// none of the graph's. A template must not be made from itself, which loading has found out.
    pub fn of(templates: &[(PathBuf, Option<PathBuf>)]) -> Self {
        let places: BTreeMap<&PathBuf, usize> = templates.iter().map(|(path, _)| path).zip(0..).collect();
        let base = |(_, base): &(PathBuf, Option<PathBuf>)| places.get(base.as_ref()?).copied();
        let node = |template| Node { base: base(template), ..Node::default() };
        let mut nodes: Vec<Node> = templates.iter().map(node).collect();
        for number in 0..nodes.len() {
            if let Some(base) = nodes[number].base {
                nodes[base].children.push(number);
            }
            nodes[number].level = above(&nodes, number).count();
        }
        Self { nodes }
    }

    /// The template that this one is made from, if it is of the graph.
    pub fn base(&self, number: usize) -> Option<usize> {
        self.nodes[number].base
    }

    /// Those without a base in the graph, those made from them, and so on: whatever is in one level
    /// needs nothing but the levels before it.
    pub fn levels(&self) -> Vec<Vec<usize>> {
        let mut levels = Vec::new();
        for (number, node) in self.nodes.iter().enumerate() {
            levels.resize(levels.len().max(node.level + 1), Vec::new());
            levels[node.level].push(number);
        }
        levels
    }

    /// Those without a base in the graph.
    pub fn roots(&self) -> impl Iterator<Item = usize> {
        (0..self.nodes.len()).filter(|number| self.nodes[*number].base.is_none())
    }

    /// Those that are made from this one, straight.
    pub fn children(&self, number: usize) -> &[usize] {
        &self.nodes[number].children
    }

    /// As indented text: a line for each template, what is made from it below it.
    pub fn tree(&self, line: impl Fn(usize) -> String) -> String {
        let mut text = String::new();
        for root in self.roots() {
            text += &format!("{}\n", line(root));
            self.below(root, "", &line, &mut text);
        }
        text
    }

    fn below(&self, number: usize, indent: &str, line: &impl Fn(usize) -> String, text: &mut String) {
        let children = &self.nodes[number].children;
        for (place, child) in children.iter().enumerate() {
            let (branch, rest) =
                if place + 1 == children.len() { ("└── ", "    ") } else { ("├── ", "│   ") };
            *text += &format!("{indent}{branch}{}\n", line(*child));
            self.below(*child, &format!("{indent}{rest}"), line, text);
        }
    }
}

/// The bases of a template, the nearest first.
fn above(nodes: &[Node], number: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(nodes[number].base, |base| nodes[*base].base).take(nodes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(&str, Option<&str>)]) -> Graph {
        let edge = |(path, base): &(&str, Option<&str>)| (PathBuf::from(path), base.map(PathBuf::from));
        Graph::of(&edges.iter().map(edge).collect::<Vec<_>>())
    }

    /// Listed in no order that would help.
    fn forest() -> Graph {
        graph(&[
            ("web", Some("php")),
            ("php", Some("base")),
            ("db", Some("base")),
            ("alone", Some("elsewhere")),
            ("base", None),
            ("shop", Some("php")),
        ])
    }

    #[test]
    fn whatever_is_in_one_level_needs_only_the_levels_before() {
        assert_eq!(forest().levels(), [vec![3, 4], vec![1, 2], vec![0, 5]]);
        assert!(graph(&[]).levels().is_empty());
    }

    #[test]
    fn a_base_that_is_elsewhere_is_none_and_every_other_knows_what_is_made_from_it() {
        let forest = forest();
        assert_eq!(forest.roots().collect::<Vec<_>>(), [3, 4]);
        assert_eq!(
            (forest.children(4), forest.children(1), forest.children(3)),
            (&[1, 2][..], &[0, 5][..], &[][..])
        );
        assert_eq!((forest.base(0), forest.base(3)), (Some(1), None));
    }

    #[test]
    fn a_tree_shows_what_is_made_from_what() {
        let names = ["web", "php", "db", "alone", "base", "shop"];
        let tree = forest().tree(|number| names[number].to_owned());
        assert_eq!(tree, "alone\nbase\n├── php\n│   ├── web\n│   └── shop\n└── db\n");
    }
}
