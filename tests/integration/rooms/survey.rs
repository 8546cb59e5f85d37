//! What a Rust file uses and how it is made, read with `syn`.

use proc_macro2::Span;
use syn::{
    Attribute, Block, ExprAsync, ImplItemFn, Item, ItemFn, ItemMod, ItemStruct, Macro, Path, Signature,
    TraitItemFn, UseTree,
    spanned::Spanned,
    visit::{self, Visit},
};

/// Everything that the rules ask about. Lines count from 1.
#[derive(Default)]
pub struct Survey {
    /// Starts with `//!`.
    pub documented: bool,
    /// Holds the arguments of a command.
    pub is_command: bool,
    /// Every path outside of test modules, from the crate's root where it is one of ours.
    pub paths: Vec<(usize, String)>,
    pub asyncs: Vec<usize>,
    pub macros: Vec<(usize, String)>,
    /// Line, name, length; those of test modules too.
    pub functions: Vec<(usize, String, usize)>,
    pub ignored: Vec<usize>,
    module: Vec<String>,
    in_tests: bool,
}

impl Survey {
    /// Of a file whose module is `module`.
    pub fn of(source: &str, module: &[String]) -> Self {
        let file = syn::parse_file(source).unwrap_or_else(|error| panic!("{module:?}: {error}"));
        let documented = source.starts_with("//!");
        let mut survey = Self { documented, module: module.to_vec(), ..Self::default() };
        survey.visit_file(&file);
        survey
    }

    fn path(&mut self, line: usize, segments: &[String]) {
        if !self.in_tests {
            self.paths.push((line, self.absolute(segments).join("::")));
        }
    }

    /// `self` and `super` made into a path from the crate's root.
    fn absolute(&self, segments: &[String]) -> Vec<String> {
        let ups = segments.iter().take_while(|segment| *segment == "super").count();
        let rest = match segments.first().map(String::as_str) {
            Some("super") => &segments[ups..],
            Some("self") => &segments[1..],
            _ => return segments.to_vec(),
        };
        let depth = self.module.len().saturating_sub(ups);
        let here = self.module[..depth].iter().chain(rest).cloned();
        ["crate".to_owned()].into_iter().chain(here).collect()
    }

    fn use_tree(&mut self, prefix: &[String], tree: &UseTree) {
        let with = |name: &syn::Ident| [prefix, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.use_tree(&with(&path.ident), &path.tree),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.use_tree(prefix, tree)),
            UseTree::Name(name) if name.ident == "self" => self.path(line(name.span()), prefix),
            UseTree::Name(name) => self.path(line(name.span()), &with(&name.ident)),
            UseTree::Rename(rename) => self.path(line(rename.span()), &with(&rename.ident)),
            _ => self.path(line(tree.span()), prefix),
        }
    }

    fn function(&mut self, signature: &Signature, block: &Block) {
        let (start, end) = (line(signature.span()), block.span().end().line);
        self.functions.push((start, signature.ident.to_string(), end + 1 - start));
    }

    fn signature(&mut self, signature: &Signature) {
        if signature.asyncness.is_some() && !self.in_tests {
            self.asyncs.push(line(signature.span()));
        }
    }
}

fn line(span: Span) -> usize {
    span.start().line
}

pub fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

impl<'ast> Visit<'ast> for Survey {
    fn visit_item(&mut self, item: &'ast Item) {
        if let Item::Use(item) = item {
            self.use_tree(&[], &item.tree);
        }
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        let outside = self.in_tests;
        self.in_tests |= is_test(&module.attrs);
        visit::visit_item_mod(self, module);
        self.in_tests = outside;
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.function(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.function(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(block) = &function.default {
            self.function(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_signature(&mut self, signature: &'ast Signature) {
        self.signature(signature);
        visit::visit_signature(self, signature);
    }

    fn visit_expr_async(&mut self, block: &'ast ExprAsync) {
        if !self.in_tests {
            self.asyncs.push(line(block.span()));
        }
        visit::visit_expr_async(self, block);
    }

    fn visit_item_struct(&mut self, item: &'ast ItemStruct) {
        let derives = item.attrs.iter().filter(|attribute| attribute.path().is_ident("derive"));
        let args = |attribute: &Attribute| {
            let paths = syn::punctuated::Punctuated::<Path, syn::Token![,]>::parse_terminated;
            attribute.parse_args_with(paths).is_ok_and(|list| list.iter().any(|path| path.is_ident("Args")))
        };
        self.is_command |= derives.into_iter().any(args);
        visit::visit_item_struct(self, item);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if attribute.path().is_ident("ignore") {
            self.ignored.push(line(attribute.span()));
        }
        visit::visit_attribute(self, attribute);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        if let Some(name) = call.path.segments.last().filter(|_| !self.in_tests) {
            self.macros.push((line(call.span()), name.ident.to_string()));
        }
        visit::visit_macro(self, call);
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let segments: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1 {
            self.path(line(path.span()), &segments);
        }
        visit::visit_path(self, path);
    }
}
